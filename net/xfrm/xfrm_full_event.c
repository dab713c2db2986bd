// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: what devices report.
 *
 * Limits become XFRM_MSG_EXPIRE, a peer's new address XFRM_MSG_MAPPING.  What
 * RFC 4301 and RFC 4303 call auditable events reaches the audit log and
 * XFRMNLGRP_OFFLOAD.  Drops of an SA are counted from its counters; an event
 * stands for drops that no SA has counted only if there is none.
 *
 * A device may be faulty or hostile, so nothing that it says is taken on trust.
 */

#include <linux/audit.h>
#include <linux/init.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/ratelimit.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/netlink.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/xfrm.h>

#include <trace/events/xfrm_full.h>

#include "xfrm_full_core.h"

enum xfrm_full_event_sa {
	XFRM_FULL_SA_NONE,
	XFRM_FULL_SA_MAYBE,
	XFRM_FULL_SA_ANY,
	XFRM_FULL_SA_IN,
	XFRM_FULL_SA_OUT,
};

/**
 * struct xfrm_full_event_kind - what to do about a type of event
 * @sa: is there an SA, and which?
 * @told: enum xfrm_offload_event_type, or 0 if XFRMNLGRP_OFFLOAD isn't told
 * @audit: audits the packet, or NULL
 * @act: does the rest, or NULL
 */
struct xfrm_full_event_kind {
	u8	sa;
	u8	told;
	void	(*audit)(const struct xfrm_full_event *ev, struct sk_buff *skb);
	void	(*act)(struct net *net, const struct xfrm_full_event *ev);
};

static void xfrm_full_audit_no_sa(const struct xfrm_full_event *ev,
				  struct sk_buff *skb)
{
	xfrm_audit_state_notfound(skb, ev->family, ev->spi,
				  htonl(lower_32_bits(ev->seq)));
}

static void xfrm_full_audit_icv(const struct xfrm_full_event *ev,
				struct sk_buff *skb)
{
	xfrm_audit_state_icvfail(ev->x, skb, IPPROTO_ESP);
}

static void xfrm_full_audit_replay(const struct xfrm_full_event *ev,
				   struct sk_buff *skb)
{
	xfrm_audit_state_replay(ev->x, skb, htonl(lower_32_bits(ev->seq)));
}

static void xfrm_full_audit_overflow(const struct xfrm_full_event *ev,
				     struct sk_buff *skb)
{
	xfrm_audit_state_replay_overflow(ev->x, skb);
}

#ifdef CONFIG_AUDITSYSCALL
static void xfrm_full_audit_packet(struct audit_buffer *ab,
				   const struct xfrm_full_event *ev)
{
	u32 spi = ntohl(ev->spi);

	if (ev->family == AF_INET6)
		audit_log_format(ab, " src=%pI6 dst=%pI6 flowlbl=0x%x",
				 &ev->saddr.in6, &ev->daddr.in6,
				 ntohl(ev->flowlabel & IPV6_FLOWLABEL_MASK));
	else
		audit_log_format(ab, " src=%pI4 dst=%pI4", &ev->saddr.a4,
				 &ev->daddr.a4);
	if (spi)
		audit_log_format(ab, " spi=%u(0x%x) seqno=%u", spi, spi,
				 lower_32_bits(ev->seq));
}

/* Auditable by RFC 4301, and nothing that software has a function for. */
static void xfrm_full_audit_drop(const char *op,
				 const struct xfrm_full_event *ev)
{
	struct audit_buffer *ab = xfrm_audit_start(op);

	if (!ab)
		return;
	xfrm_full_audit_packet(ab, ev);
	audit_log_end(ab);
}
#else
static void xfrm_full_audit_drop(const char *op,
				 const struct xfrm_full_event *ev)
{
}
#endif

/* RFC 4301, section 5.2 */
static void xfrm_full_audit_selector(const struct xfrm_full_event *ev,
				     struct sk_buff *skb)
{
	xfrm_full_audit_drop("SA-selector-mismatch", ev);
}

/* RFC 4301, section 4.4.1 */
static void xfrm_full_audit_policy(const struct xfrm_full_event *ev,
				   struct sk_buff *skb)
{
	xfrm_full_audit_drop("SPD-discard", ev);
}

/* Events that were suppressed stand for packets as well. */
static int xfrm_full_event_packets(const struct xfrm_full_event *ev)
{
	return 1 + min_t(u64, ev->suppressed, INT_MAX - 1);
}

static void xfrm_full_act_no_sa(struct net *net,
				const struct xfrm_full_event *ev)
{
	XFRM_ADD_STATS(net, LINUX_MIB_XFRMINNOSTATES,
		       xfrm_full_event_packets(ev));
}

static void xfrm_full_act_policy(struct net *net,
				 const struct xfrm_full_event *ev)
{
	XFRM_ADD_STATS(net, ev->dir == XFRM_SA_DIR_OUT ?
			    LINUX_MIB_XFRMOUTPOLBLOCK :
			    LINUX_MIB_XFRMINPOLBLOCK,
		       xfrm_full_event_packets(ev));
}

static bool xfrm_full_has_soft(const struct xfrm_lifetime_cfg *lft)
{
	return lft->soft_packet_limit != XFRM_INF ||
	       lft->soft_byte_limit != XFRM_INF;
}

static bool xfrm_full_has_hard(const struct xfrm_lifetime_cfg *lft)
{
	return lft->hard_packet_limit != XFRM_INF ||
	       lft->hard_byte_limit != XFRM_INF;
}

/* An event may be older than the limits: it is the counters that tell. */
static bool xfrm_full_met_soft(const struct xfrm_state *x)
{
	return x->curlft.packets >= x->lft.soft_packet_limit ||
	       x->curlft.bytes >= x->lft.soft_byte_limit;
}

static bool xfrm_full_met_hard(const struct xfrm_state *x)
{
	return x->curlft.packets >= x->lft.hard_packet_limit ||
	       x->curlft.bytes >= x->lft.hard_byte_limit;
}

/* An event that came while the SA was about to be the device's has waited for
 * x->lock: its counters were nobody's until now.
 */
static void xfrm_full_count_again(const struct xfrm_full_event *ev)
{
	if (ev->stats)
		xfrm_full_account(ev->x, ev->stats);
	xfrm_full_state_stats(ev->x);
}

static void xfrm_full_act_soft(struct net *net,
			       const struct xfrm_full_event *ev)
{
	struct xfrm_state *x = ev->x;

	spin_lock_bh(&x->lock);
	xfrm_full_count_again(ev);
	if (x->full->updating)
		goto out;
	if (!xfrm_full_has_soft(&x->lft)) {
		XFRM_INC_STATS(net, LINUX_MIB_XFRMFULLEVENTERROR);
		goto out;
	}
	if (x->km.state == XFRM_STATE_VALID && !x->km.dying &&
	    xfrm_full_met_soft(x)) {
		x->km.dying = 1;
		km_state_expired(x, 0, 0);
	}
out:
	spin_unlock_bh(&x->lock);
}

static void xfrm_full_act_hard(struct net *net,
			       const struct xfrm_full_event *ev)
{
	struct xfrm_state *x = ev->x;
	bool known, met;

	spin_lock_bh(&x->lock);
	xfrm_full_count_again(ev);
	known = x->full->updating || xfrm_full_has_hard(&x->lft);
	met = x->full->updating || xfrm_full_met_hard(x);
	spin_unlock_bh(&x->lock);

	if (!known)
		XFRM_INC_STATS(net, LINUX_MIB_XFRMFULLEVENTERROR);
	else if (met)
		xfrm_full_expire(x);
}

static void xfrm_full_act_overflow(struct net *net,
				   const struct xfrm_full_event *ev)
{
	xfrm_full_expire(ev->x);
}

static void xfrm_full_act_mapping(struct net *net,
				  const struct xfrm_full_event *ev)
{
	xfrm_address_t saddr = ev->saddr;

	km_new_mapping(ev->x, &saddr, ev->sport);
}

static const struct xfrm_full_event_kind
xfrm_full_event_kinds[XFRM_FULL_EVENT_MAX] = {
	[XFRM_FULL_EVENT_NO_SA] = {
		.sa = XFRM_FULL_SA_NONE,
		.told = XFRM_OFFLOAD_EVENT_NO_SA,
		.audit = xfrm_full_audit_no_sa,
		.act = xfrm_full_act_no_sa,
	},
	[XFRM_FULL_EVENT_ICV] = {
		.sa = XFRM_FULL_SA_IN,
		.told = XFRM_OFFLOAD_EVENT_ICV,
		.audit = xfrm_full_audit_icv,
	},
	[XFRM_FULL_EVENT_REPLAY] = {
		.sa = XFRM_FULL_SA_IN,
		.told = XFRM_OFFLOAD_EVENT_REPLAY,
		.audit = xfrm_full_audit_replay,
	},
	[XFRM_FULL_EVENT_OVERFLOW] = {
		.sa = XFRM_FULL_SA_OUT,
		.told = XFRM_OFFLOAD_EVENT_OVERFLOW,
		.audit = xfrm_full_audit_overflow,
		.act = xfrm_full_act_overflow,
	},
	[XFRM_FULL_EVENT_SELECTOR] = {
		.sa = XFRM_FULL_SA_ANY,
		.told = XFRM_OFFLOAD_EVENT_SELECTOR,
		.audit = xfrm_full_audit_selector,
	},
	[XFRM_FULL_EVENT_POLICY] = {
		.sa = XFRM_FULL_SA_MAYBE,
		.told = XFRM_OFFLOAD_EVENT_POLICY,
		.audit = xfrm_full_audit_policy,
		.act = xfrm_full_act_policy,
	},
	[XFRM_FULL_EVENT_MALFORMED] = {
		.sa = XFRM_FULL_SA_ANY,
		.told = XFRM_OFFLOAD_EVENT_MALFORMED,
	},
	[XFRM_FULL_EVENT_LOST] = {
		.sa = XFRM_FULL_SA_NONE,
		.told = XFRM_OFFLOAD_EVENT_LOST,
	},
	[XFRM_FULL_EVENT_SOFT] = {
		.sa = XFRM_FULL_SA_ANY,
		.act = xfrm_full_act_soft,
	},
	[XFRM_FULL_EVENT_HARD] = {
		.sa = XFRM_FULL_SA_ANY,
		.act = xfrm_full_act_hard,
	},
	[XFRM_FULL_EVENT_MAPPING] = {
		.sa = XFRM_FULL_SA_IN,
		.act = xfrm_full_act_mapping,
	},
};

/*
 * What can be believed
 */

static bool xfrm_full_event_sa_ok(const struct net_device *dev,
				  const struct xfrm_full_event *ev)
{
	u8 sa = xfrm_full_event_kinds[ev->type].sa;
	const struct xfrm_full *full;

	if (!ev->x)
		return sa == XFRM_FULL_SA_NONE || sa == XFRM_FULL_SA_MAYBE;

	full = xfrm_full_get(ev->x);
	if (sa == XFRM_FULL_SA_NONE || !full || READ_ONCE(full->dev) != dev)
		return false;
	if (ev->family && ev->family != ev->x->props.family)
		return false;
	if (ev->spi && ev->spi != ev->x->id.spi)
		return false;
	if (ev->dir && ev->dir != full->dir)
		return false;

	return (sa != XFRM_FULL_SA_IN || full->dir == XFRM_SA_DIR_IN) &&
	       (sa != XFRM_FULL_SA_OUT || full->dir == XFRM_SA_DIR_OUT);
}

static bool xfrm_full_event_ok(const struct net_device *dev,
			       const struct xfrm_full_event *ev)
{
	if (ev->type >= XFRM_FULL_EVENT_MAX || ev->dir > XFRM_SA_DIR_OUT)
		return false;
	if (ev->family && ev->family != AF_INET && ev->family != AF_INET6)
		return false;
	if (ev->data ? ev->data_len > XFRM_FULL_EVENT_DATA_MAX : ev->data_len)
		return false;
	if (!xfrm_full_event_sa_ok(dev, ev))
		return false;
	if (ev->type == XFRM_FULL_EVENT_MAPPING)
		return ev->family && ev->sport && ev->x->encap;

	return true;
}

/* Not about an SA that is gone, or whose start in the device has failed. */
static bool xfrm_full_event_wanted(const struct xfrm_full *full)
{
	switch (READ_ONCE(full->place)) {
	case XFRM_FULL_SOFTWARE:
		return READ_ONCE(full->leaving);
	case XFRM_FULL_DEAD:
		return false;
	default:
		return true;
	}
}

/* The event as it is told: what the driver left out, the SA knows. */
static void xfrm_full_event_complete(struct xfrm_full_event *ev)
{
	const struct xfrm_state *x = ev->x;

	if (!ev->time)
		ev->time = ktime_get_real_ns();
	if (!x)
		return;

	ev->spi = x->id.spi;
	ev->dir = x->full->dir;
	if (!ev->family) {
		ev->family = x->props.family;
		ev->saddr = x->props.saddr;
		ev->daddr = x->id.daddr;
	}
}

/*
 * Audit
 */

static void xfrm_full_event_ipv4(struct sk_buff *skb,
				 const struct xfrm_full_event *ev)
{
	struct iphdr *iph = skb_put_zero(skb, sizeof(*iph));

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->protocol = IPPROTO_ESP;
	iph->saddr = ev->saddr.a4;
	iph->daddr = ev->daddr.a4;
}

static void xfrm_full_event_ipv6(struct sk_buff *skb,
				 const struct xfrm_full_event *ev)
{
	struct ipv6hdr *ip6h = skb_put_zero(skb, sizeof(*ip6h));

	ip6_flow_hdr(ip6h, 0, ev->flowlabel & IPV6_FLOWLABEL_MASK);
	ip6h->nexthdr = IPPROTO_ESP;
	ip6h->saddr = ev->saddr.in6;
	ip6h->daddr = ev->daddr.in6;
}

/* The audit functions want the packet: its head is all that they look at. */
static struct sk_buff *xfrm_full_event_skb(const struct xfrm_full_event *ev)
{
	struct ip_esp_hdr *esph;
	struct sk_buff *skb;

	skb = alloc_skb(sizeof(struct ipv6hdr) + sizeof(*esph), GFP_ATOMIC);
	if (!skb)
		return NULL;

	skb_reset_network_header(skb);
	if (ev->family == AF_INET6)
		xfrm_full_event_ipv6(skb, ev);
	else
		xfrm_full_event_ipv4(skb, ev);

	skb_set_transport_header(skb, skb->len);
	esph = skb_put_zero(skb, sizeof(*esph));
	esph->spi = ev->spi;
	esph->seq_no = htonl(lower_32_bits(ev->seq));
	__skb_pull(skb, skb_transport_offset(skb));

	return skb;
}

static void xfrm_full_event_audit(const struct xfrm_full_event_kind *kind,
				  const struct xfrm_full_event *ev)
{
	struct sk_buff *skb;

	if (!kind->audit || !ev->family || audit_enabled == AUDIT_OFF)
		return;

	skb = xfrm_full_event_skb(ev);
	if (!skb)
		return;
	kind->audit(ev, skb);
	kfree_skb(skb);
}

/*
 * Netlink
 */

static int xfrm_full_event_put_attrs(struct sk_buff *skb,
				     const struct xfrm_full_event *ev)
{
	if (nla_put_uint(skb, XFRM_OFFLOAD_EVENTA_TIME, ev->time))
		return -EMSGSIZE;
	if (ev->seq && nla_put_uint(skb, XFRM_OFFLOAD_EVENTA_SEQ, ev->seq))
		return -EMSGSIZE;
	if (ev->flowlabel && nla_put_be32(skb, XFRM_OFFLOAD_EVENTA_FLOWLABEL,
					  ev->flowlabel & IPV6_FLOWLABEL_MASK))
		return -EMSGSIZE;
	if (ev->suppressed && nla_put_uint(skb, XFRM_OFFLOAD_EVENTA_SUPPRESSED,
					   ev->suppressed))
		return -EMSGSIZE;
	if (ev->data_len && nla_put(skb, XFRM_OFFLOAD_EVENTA_DATA, ev->data_len,
				    ev->data))
		return -EMSGSIZE;
	if (ev->dir && nla_put_u8(skb, XFRM_OFFLOAD_EVENTA_DIR, ev->dir))
		return -EMSGSIZE;

	return 0;
}

static int xfrm_full_event_put(struct sk_buff *skb, int ifindex, u8 told,
			       const struct xfrm_full_event *ev)
{
	struct xfrm_user_offload_event *head;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(skb, 0, 0, XFRM_MSG_OFFLOADEVENT, sizeof(*head), 0);
	if (!nlh)
		return -EMSGSIZE;

	head = nlmsg_data(nlh);
	memset(head, 0, sizeof(*head));
	if (ev->family) {
		head->saddr = ev->saddr;
		head->daddr = ev->daddr;
	}
	head->spi = ev->spi;
	head->ifindex = ifindex;
	head->family = ev->family;
	head->proto = IPPROTO_ESP;
	head->type = told;

	if (xfrm_full_event_put_attrs(skb, ev))
		return -EMSGSIZE;

	nlmsg_end(skb, nlh);
	return 0;
}

static unsigned int xfrm_full_event_size(void)
{
	return NLMSG_ALIGN(sizeof(struct xfrm_user_offload_event)) +
	       3 * nla_total_size(sizeof(u64)) + /* TIME, SEQ, SUPPRESSED */
	       nla_total_size(sizeof(__be32)) +	 /* FLOWLABEL */
	       nla_total_size(XFRM_FULL_EVENT_DATA_MAX) +
	       nla_total_size(sizeof(u8));	 /* DIR */
}

/* False if there was no memory; a listener that is too slow is told so. */
static bool xfrm_full_event_tell(struct net *net, int ifindex, u8 told,
				 const struct xfrm_full_event *ev)
{
	struct sock *nlsk = rcu_dereference(net->xfrm.nlsk);
	struct sk_buff *skb;

	if (!told || !nlsk || !netlink_has_listeners(nlsk, XFRMNLGRP_OFFLOAD))
		return true;

	skb = nlmsg_new(xfrm_full_event_size(), GFP_ATOMIC);
	if (!skb)
		return false;
	if (xfrm_full_event_put(skb, ifindex, told, ev) ||
	    xfrm_full_compat(skb, nlmsg_hdr(skb))) {
		kfree_skb(skb);
		return false;
	}
	nlmsg_multicast(nlsk, skb, 0, XFRMNLGRP_OFFLOAD, GFP_ATOMIC);
	return true;
}

/**
 * xfrm_full_notify_idle() - an SA has been idle for too long
 * @x: the SA
 *
 * Context: softirq.
 * Return: false if there was no memory to tell.
 */
bool xfrm_full_notify_idle(struct xfrm_state *x)
{
	struct xfrm_full_event ev = {
		.x = x,
	};
	bool told;

	rcu_read_lock();
	xfrm_full_event_complete(&ev);
	told = xfrm_full_event_tell(xs_net(x), x->full->ifindex,
				    XFRM_OFFLOAD_EVENT_IDLE, &ev);
	rcu_read_unlock();
	return told;
}

/*
 * What the kernel itself discards, and is the one to tell, as often as a device
 * might: only it knows all SAs, and the policies for native traffic.  Each
 * namespace has limits of its own, so that none is told of another's packets, nor
 * kept from being told of its own.
 */

#define XFRM_FULL_DISCARD_BURST	20

/**
 * struct xfrm_full_discards - packets that were discarded for one reason
 * @limit: how many are told
 * @suppressed: those that were not, since the last that was
 */
struct xfrm_full_discards {
	struct ratelimit_state	limit;
	atomic64_t		suppressed;
};

/**
 * struct xfrm_full_event_net - what a namespace discards
 * @no_sa: ESP without an SA
 * @policy: what an inbound policy with full offload forbids
 */
struct xfrm_full_event_net {
	struct xfrm_full_discards no_sa;
	struct xfrm_full_discards policy;
};

static unsigned int xfrm_full_event_net_id;

static void __net_init xfrm_full_discards_init(struct xfrm_full_discards *d)
{
	ratelimit_state_init(&d->limit, 2 * HZ, XFRM_FULL_DISCARD_BURST);
	/* events tell what was suppressed, the log need not */
	ratelimit_set_flags(&d->limit, RATELIMIT_MSG_ON_RELEASE);
	atomic64_set(&d->suppressed, 0);
}

static int __net_init xfrm_full_event_net_init(struct net *net)
{
	struct xfrm_full_event_net *en;

	en = net_generic(net, xfrm_full_event_net_id);
	xfrm_full_discards_init(&en->no_sa);
	xfrm_full_discards_init(&en->policy);
	return 0;
}

static struct pernet_operations xfrm_full_event_net_ops = {
	.init = xfrm_full_event_net_init,
	.id = &xfrm_full_event_net_id,
	.size = sizeof(struct xfrm_full_event_net),
};

static int __init xfrm_full_event_init(void)
{
	return register_pernet_subsys(&xfrm_full_event_net_ops);
}
subsys_initcall(xfrm_full_event_init);

static void xfrm_full_discard_packet(struct xfrm_full_event *ev,
				     const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);

	if (ev->family == AF_INET6) {
		ev->saddr.in6 = ip6h->saddr;
		ev->daddr.in6 = ip6h->daddr;
		ev->flowlabel = ip6_flowlabel(ip6h);
	} else {
		ev->saddr.a4 = iph->saddr;
		ev->daddr.a4 = iph->daddr;
	}
	ev->data = skb_network_header(skb);
	ev->data_len = min_t(u32, skb_tail_pointer(skb) - ev->data,
			     XFRM_FULL_EVENT_DATA_MAX);
}

static bool xfrm_full_discard_allowed(struct xfrm_full_discards *d)
{
	if (__ratelimit(&d->limit))
		return true;
	atomic64_inc(&d->suppressed);
	return false;
}

/* The counters of the namespace have the packet already. */
static void xfrm_full_discard(struct net *net, struct xfrm_full_discards *d,
			      struct xfrm_full_event *ev,
			      const struct sk_buff *skb)
{
	u8 type = xfrm_full_event_kinds[ev->type].told;
	struct net_device *dev = skb->dev;
	bool told;

	ev->suppressed = atomic64_xchg(&d->suppressed, 0);
	xfrm_full_discard_packet(ev, skb);
	xfrm_full_event_complete(ev);
	trace_xfrm_full_event(dev, ev);

	rcu_read_lock();
	told = xfrm_full_event_tell(net, dev->ifindex, type, ev);
	rcu_read_unlock();

	if (!told)
		atomic64_add(ev->suppressed + 1, &d->suppressed);
}

/* XFRM has audited it as ever. */
void __xfrm_full_no_sa(const struct sk_buff *skb, u16 family, __be32 spi,
		       __be32 seq)
{
	struct net *net = dev_net(skb->dev);
	struct xfrm_full_event_net *en;
	struct xfrm_full_event ev = {
		.type = XFRM_FULL_EVENT_NO_SA,
		.dir = XFRM_SA_DIR_IN,
		.family = family,
		.spi = spi,
		.seq = ntohl(seq),
	};

	if (!xfrm_full_capable(skb->dev))
		return;

	en = net_generic(net, xfrm_full_event_net_id);
	if (xfrm_full_discard_allowed(&en->no_sa))
		xfrm_full_discard(net, &en->no_sa, &ev, skb);
}

/* icmp_rcv() and icmpv6_rcv() look at the packet inside before they drop it. */
static bool xfrm_full_discard_doubtful(const struct sk_buff *skb)
{
	const struct sec_path *sp = skb_sec_path(skb);

	return sp && sp->len &&
	       sp->xvec[sp->len - 1]->props.flags & XFRM_STATE_ICMP;
}

void __xfrm_full_policy_discard(const struct xfrm_policy *xp,
				const struct sk_buff *skb, u16 family)
{
	struct net *net = xp_net(xp);
	struct xfrm_full_event_net *en;
	struct xfrm_full_event ev = {
		.type = XFRM_FULL_EVENT_POLICY,
		.dir = XFRM_SA_DIR_IN,
		.family = family,
	};

	if (xfrm_full_discard_doubtful(skb))
		return;

	en = net_generic(net, xfrm_full_event_net_id);
	if (!xfrm_full_discard_allowed(&en->policy))
		return;
	xfrm_full_discard(net, &en->policy, &ev, skb);
	xfrm_full_event_audit(&xfrm_full_event_kinds[ev.type], &ev);
}

static void xfrm_full_event_handle(struct net_device *dev,
				   const struct xfrm_full_event *ev)
{
	const struct xfrm_full_event_kind *kind;
	struct net *net = dev_net(dev);

	kind = &xfrm_full_event_kinds[ev->type];
	if (ev->x && ev->stats)
		xfrm_full_account(ev->x, ev->stats);

	xfrm_full_event_audit(kind, ev);
	xfrm_full_event_tell(net, dev->ifindex, kind->told, ev);
	if (kind->act)
		kind->act(net, ev);
}

/**
 * xfrm_full_event() - a device reports something
 * @dev: the device
 * @ev: what it has seen
 *
 * An event that makes no sense is counted and forgotten, one about an SA that
 * is on its way out is forgotten.
 *
 * Context: process or softirq, RCU read side; no locks that an operation of the
 * driver takes.
 */
void xfrm_full_event(struct net_device *dev, const struct xfrm_full_event *ev)
{
	struct xfrm_full_event full_ev = *ev;

	if (!xfrm_full_event_ok(dev, ev)) {
		XFRM_INC_STATS(dev_net(dev), LINUX_MIB_XFRMFULLEVENTERROR);
		return;
	}
	if (ev->x && !xfrm_full_event_wanted(ev->x->full))
		return;

	xfrm_full_event_complete(&full_ev);
	trace_xfrm_full_event(dev, &full_ev);
	xfrm_full_event_handle(dev, &full_ev);
}
EXPORT_SYMBOL_GPL(xfrm_full_event);
