// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: transmit.
 *
 * xfrm_output() hands the inner packet over to xfrm_full_output(), after the
 * inner POSTROUTING hook.  The packet keeps its xfrm dst, gets the MAC header
 * of the outer next hop and goes to the device, whose driver takes the SA from
 * the dst.  There is no sec_path, no allocation and no SA lock.  Netfilter
 * sees the inner packet once in LOCAL_OUT or FORWARD and once in POSTROUTING,
 * and never the outer one, which only exists in the device.
 *
 * Between this file and the device the packet is cleartext.  The path must
 * therefore end at the SA's device itself, not at one stacked on it.  The bit
 * skb->xfrm_full says so wherever the packet goes: xfrm_full_stray() guards all
 * devices, and xfrm_full_tx() the SA's own, against a packet that has the bit
 * but, by a redirect or a change of its dst, no such SA any more.
 *
 * What the device can't do goes on to software, as do all packets of an SA that
 * is not in a device, see xfrm_full_soft.c.
 */

#include <linux/bpf-cgroup.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/neighbour.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

static int xfrm_full_drop(struct net *net, struct sk_buff *skb, int mib,
			  int err)
{
	XFRM_INC_STATS(net, mib);
	kfree_skb(skb);
	return err;
}

/**
 * xfrm_full_bundle_ok() - may these SAs be applied to a packet together?
 * @net: namespace to count in
 * @xfrm: the SAs, innermost first
 * @nx: their number
 *
 * Return: false if one of several is in a device; this has been counted, and
 * the references to all of them have been dropped.
 */
bool xfrm_full_bundle_ok(struct net *net, struct xfrm_state **xfrm, int nx)
{
	bool full = false;
	int i;

	for (i = 0; i < nx; i++)
		full |= xfrm_full_taken(xfrm[i]);
	if (likely(nx == 1 || !full))
		return true;

	XFRM_INC_STATS(net, LINUX_MIB_XFRMFULLOUTNESTED);
	for (i = 0; i < nx; i++)
		xfrm_state_put(xfrm[i]);
	return false;
}

static bool xfrm_full_is_fragment(const struct sk_buff *skb)
{
	__be16 frag_off = 0;
	u8 nexthdr;

	if (skb->protocol == htons(ETH_P_IP))
		return ip_is_fragment(ip_hdr(skb));

	if (!IS_ENABLED(CONFIG_IPV6))
		return false;

	nexthdr = ipv6_hdr(skb)->nexthdr;
	ipv6_skip_exthdr(skb, skb_network_offset(skb) + sizeof(struct ipv6hdr),
			 &nexthdr, &frag_off);
	return frag_off;
}

/* The device sends to the neighbour, and nothing else gets hold of its packets. */
static bool xfrm_full_leaves_by(const struct dst_entry *path,
				const struct net_device *dev)
{
	return path->dev == dev && !path->lwtstate;
}

/* The counter of the reason for which a packet can't be sent, or 0. */
static int xfrm_full_blocked(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct xfrm_state *x = dst->xfrm;
	const struct xfrm_full *full = x->full;

	if (x->km.state != XFRM_STATE_VALID)
		return LINUX_MIB_XFRMFULLOUTSTATE;
	if (full->dir != XFRM_SA_DIR_OUT)
		return LINUX_MIB_XFRMOUTSTATEDIRERROR;
	if (xfrm_dst_child(dst)->xfrm)
		return LINUX_MIB_XFRMFULLOUTNESTED;
	/* Neither device nor software may send it, whatever its way. */
	if (x->props.mode == XFRM_MODE_TRANSPORT && xfrm_full_is_fragment(skb))
		return LINUX_MIB_XFRMFULLOUTFRAGMENT;
	if (!xfrm_full_leaves_by(xfrm_dst_path(dst), full->dev))
		return LINUX_MIB_XFRMFULLOUTDEV;

	return 0;
}

/* Of such a reason, software can send the packet with the device's number. */
static bool xfrm_full_is_exception(int mib)
{
	return mib == LINUX_MIB_XFRMFULLOUTDEV;
}

/* Only software can send the packet. */
static int xfrm_full_exception(struct net *net, struct sock *sk,
			       struct sk_buff *skb, int mib, int err)
{
	const struct xfrm_full *full = skb_dst(skb)->xfrm->full;

	if (READ_ONCE(full->flags) & XFRM_OFFLOAD_DROP)
		return xfrm_full_drop(net, skb, LINUX_MIB_XFRMFULLOUTEXCEPTION,
				      err);
	if (!(full->can & XFRM_OFFLOAD_CAP_SEQ_ALLOC))
		return xfrm_full_drop(net, skb, mib, err);

	return __xfrm_output(sk, skb);
}

static struct neighbour *xfrm_full_neigh(const struct dst_entry *path,
					 const struct xfrm_state *x)
{
	const struct rtable *rt;

	if (x->props.family == AF_INET6)
		return ip_neigh_gw6(path->dev,
				    rt6_nexthop(dst_rt6_info(path),
						&x->id.daddr.in6));

	rt = dst_rtable(path);
	if (rt->rt_gw_family == AF_INET)
		return ip_neigh_gw4(path->dev, rt->rt_gw4);
	if (rt->rt_gw_family == AF_INET6)
		return ip_neigh_gw6(path->dev, &rt->rt_gw6);
	return ip_neigh_gw4(path->dev, x->id.daddr.a4);
}

static int xfrm_full_send(struct net *net, struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);
	struct net_device *dev = xfrm_dst_path(dst)->dev;
	unsigned int hh_len = LL_RESERVED_SPACE(dev);
	struct neighbour *neigh;

	if (unlikely(skb_headroom(skb) < hh_len && dev->header_ops)) {
		skb = skb_expand_head(skb, hh_len);
		if (!skb) {
			XFRM_INC_STATS(net, LINUX_MIB_XFRMFULLOUTERROR);
			return -ENOMEM;
		}
	}

	neigh = xfrm_full_neigh(xfrm_dst_path(dst), dst->xfrm);
	if (IS_ERR(neigh))
		return xfrm_full_drop(net, skb, LINUX_MIB_XFRMFULLOUTERROR,
				      PTR_ERR(neigh));

	skb->dev = dev;
	skb->xfrm_full = 1;
	sock_confirm_neigh(skb, neigh);

	/* The cached header has the outer family's ethertype. */
	return neigh_output(neigh, skb,
			    skb->protocol != neigh->tbl->protocol);
}

static bool xfrm_full_fits(const struct sk_buff *skb, unsigned int mtu)
{
	if (skb_is_gso(skb))
		return skb_gso_validate_network_len(skb, mtu);
	return skb->len <= mtu;
}

static int xfrm_full_send_fragment(struct net *net, struct sock *sk,
				   struct sk_buff *skb)
{
	if (!xfrm_full_fits(skb, dst_mtu(skb_dst(skb))))
		return xfrm_full_drop(net, skb, LINUX_MIB_XFRMFULLOUTTOOBIG,
				      -EMSGSIZE);

	return xfrm_full_send(net, skb);
}

/* An IPv4 packet that may be fragmented, in tunnel mode. */
static int xfrm_full_send_fragments(struct net *net, struct sk_buff *skb)
{
	struct sk_buff *segs, *next;
	int err = 0;

	if (!skb_is_gso(skb))
		return ip_do_fragment(net, NULL, skb, xfrm_full_send_fragment);

	segs = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segs))
		return xfrm_full_drop(net, skb, LINUX_MIB_XFRMFULLOUTERROR,
				      -ENOMEM);
	consume_skb(skb);

	skb_list_walk_safe(segs, segs, next) {
		int ret;

		skb_mark_not_on_list(segs);
		ret = ip_do_fragment(net, NULL, segs, xfrm_full_send_fragment);
		if (ret && !err)
			err = ret;
	}

	return err;
}

/* In transport mode ESP comes first and fragments afterwards, which the device
 * can't do.
 */
static int xfrm_full_send_big(struct net *net, struct sock *sk,
			      struct sk_buff *skb)
{
	const struct xfrm_state *x = skb_dst(skb)->xfrm;
	bool ipv4 = skb->protocol == htons(ETH_P_IP);
	int err;

	/* IPv6 is told no MTU below this, and never cut inside a tunnel. */
	if (!ipv4 && xfrm_full_fits(skb, IPV6_MIN_MTU))
		return xfrm_full_exception(net, sk, skb,
					   LINUX_MIB_XFRMFULLOUTTOOBIG,
					   -EMSGSIZE);

	if (ipv4)
		err = xfrm4_tunnel_check_size(skb);
	else if (IS_ENABLED(CONFIG_IPV6))
		err = xfrm6_tunnel_check_size(skb);
	else
		err = -EAFNOSUPPORT;

	if (!err && ipv4 && x->props.mode == XFRM_MODE_TUNNEL)
		return xfrm_full_send_fragments(net, skb);
	if (!err && x->props.mode == XFRM_MODE_TRANSPORT)
		return xfrm_full_exception(net, sk, skb,
					   LINUX_MIB_XFRMFULLOUTTOOBIG,
					   -EMSGSIZE);

	return xfrm_full_drop(net, skb, LINUX_MIB_XFRMFULLOUTTOOBIG, -EMSGSIZE);
}

static int xfrm_full_finish(struct net *net, struct sock *sk,
			    struct sk_buff *skb)
{
	if (likely(xfrm_full_fits(skb, dst_mtu(skb_dst(skb)))))
		return xfrm_full_send(net, skb);

	return xfrm_full_send_big(net, sk, skb);
}

static int xfrm_full_to_driver(struct net *net, struct sock *sk,
			       struct sk_buff *skb)
{
	int mib, ret;

	mib = xfrm_full_blocked(skb);
	if (unlikely(xfrm_full_is_exception(mib)))
		return xfrm_full_exception(net, sk, skb, mib, -EHOSTUNREACH);
	if (unlikely(mib))
		return xfrm_full_drop(net, skb, mib, -EHOSTUNREACH);

	/* A forwarded packet may come from another SA. */
	secpath_reset(skb);

	ret = BPF_CGROUP_RUN_PROG_INET_EGRESS(sk, skb);
	switch (ret) {
	case NET_XMIT_SUCCESS:
	case NET_XMIT_CN:
		return xfrm_full_finish(net, sk, skb) ?: ret;
	default:
		kfree_skb_reason(skb, SKB_DROP_REASON_BPF_CGROUP_EGRESS);
		return ret;
	}
}

/**
 * xfrm_full_output() - send a packet of an SA that has full offload
 * @net: the packet's namespace
 * @sk: socket that sends, or NULL
 * @skb: the packet, its network header first; its dst has the SA
 *
 * The packet goes where its SA is. Programs of a cgroup see the inner packet if a
 * device sends it: there is no outer one to be seen.
 *
 * Software numbers the packet before this returns, so after an RCU grace period
 * a move knows of each packet that set out before.
 *
 * Context: process or softirq, RCU read lock held.
 * Return: 0, or a negative errno or NET_XMIT_*; the packet is consumed.
 */
int xfrm_full_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct xfrm_full *full = skb_dst(skb)->xfrm->full;
	u8 place;

	/* The dst is what has the packet encrypted: it must not go away. */
	if (!skb_dst_force(skb))
		return xfrm_full_drop(net, skb, LINUX_MIB_XFRMFULLOUTERROR,
				      -EHOSTUNREACH);

	if (xfrm_full_park(full, skb))
		return 0;

	/* Once, or an SA that arrives in its device in between is nowhere; pairs
	 * with xfrm_full_move().
	 */
	place = smp_load_acquire(&full->place);
	if (likely(place == XFRM_FULL_DEVICE))
		return xfrm_full_to_driver(net, sk, skb);
	/* A move that began in between waits for this sender. */
	if (place == XFRM_FULL_DRAINING && xfrm_full_park(full, skb))
		return 0;
	if (xfrm_full_software_at(full, place))
		return __xfrm_output(sk, skb);

	return xfrm_full_drop(net, skb, LINUX_MIB_XFRMFULLOUTSTATE,
			      -EHOSTUNREACH);
}

/* An ARP request has the dst of the packet that waits for the answer. */
static const struct xfrm_full *xfrm_full_of_skb(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (!dst || skb->protocol == htons(ETH_P_ARP))
		return NULL;
	return xfrm_full_get(dst->xfrm);
}

/* The SA is not in the device, which xfrm_full_output() has believed. */
static int xfrm_full_missed(struct sk_buff *skb, const struct net_device *dev,
			    const struct xfrm_full *full)
{
	int mib = LINUX_MIB_XFRMFULLOUTSTATE;

	if (READ_ONCE(full->place) != XFRM_FULL_DEAD) {
		if (xfrm_full_take_back(skb))
			return -EINPROGRESS;
		mib = LINUX_MIB_XFRMFULLOUTSTRAY;
	}

	XFRM_INC_STATS(dev_net(dev), mib);
	return -ENOENT;
}

/* Slow path of xfrm_full_tx(). */
int __xfrm_full_tx(struct sk_buff *skb, const struct net_device *dev,
		   u32 *handle)
{
	const struct xfrm_full *full = xfrm_full_of_skb(skb);

	if (__xfrm_full_stray(skb, dev))
		return -EXDEV;
	if (!full)
		return 0;
	if (unlikely(!xfrm_full_in_device(full) ||
		     READ_ONCE(full->dev) != dev))
		return xfrm_full_missed(skb, dev, full);

	*handle = full->handle;
	return 1;
}
EXPORT_SYMBOL_GPL(__xfrm_full_tx);

/* Slow path of xfrm_full_stray(). The SA may have left the device meanwhile, but
 * the packet must not: it would never come to xfrm_full_tx().
 */
bool __xfrm_full_stray(const struct sk_buff *skb, const struct net_device *dev)
{
	const struct xfrm_full *full = xfrm_full_of_skb(skb);

	if (full ? xfrm_dst_path(skb_dst(skb))->dev == dev : !skb->xfrm_full)
		return false;

	XFRM_INC_STATS(dev_net(dev), LINUX_MIB_XFRMFULLOUTSTRAY);
	return true;
}
