// SPDX-License-Identifier: GPL-2.0-only
/* IPsec: commands about an SA, and the SA as the device wants it. */

#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/addrconf.h>

#include "acme.h"
#include "acme_ipsec_sa.h"

/* Above them is the epoch in an IV. */
#define ACME_SEQ_BITS			48

static void acme_fill_addr(u8 *to, const xfrm_address_t *from, u16 family)
{
	memcpy(to, from, family == AF_INET6 ? 16 : 4);
}

static u8 acme_family(u16 family)
{
	switch (family) {
	case AF_INET:
		return 4;
	case AF_INET6:
		return 6;
	default:
		return 0;
	}
}

static void acme_fill_selector(const struct xfrm_selector *from,
			       struct acme_selector *to)
{
	acme_fill_addr(to->saddr, &from->saddr, from->family);
	acme_fill_addr(to->daddr, &from->daddr, from->family);
	to->prefixlen_s = from->prefixlen_s;
	to->prefixlen_d = from->prefixlen_d;
	to->family = acme_family(from->family);
	to->proto = from->proto;
	to->sport = from->sport;
	to->sport_mask = from->sport_mask;
	to->dport = from->dport;
	to->dport_mask = from->dport_mask;
}

static u64 acme_limit(u64 limit)
{
	return limit == XFRM_INF ? 0 : limit;
}

static void acme_fill_limits(const struct xfrm_lifetime_cfg *from,
			     struct acme_limits *to)
{
	to->soft_packets = cpu_to_le64(acme_limit(from->soft_packet_limit));
	to->hard_packets = cpu_to_le64(acme_limit(from->hard_packet_limit));
	to->soft_bytes = cpu_to_le64(acme_limit(from->soft_byte_limit));
	to->hard_bytes = cpu_to_le64(acme_limit(from->hard_byte_limit));
}

/* By the wish of the user, or because the device can do nothing else. */
static bool acme_sa_drops_exc(struct acme_dev *adev, const struct acme_sa *sa)
{
	u32 can = adev->ipsec.ipsec;

	if (!sa->inbound || !(can & ACME_IPSEC_EXC_DROP))
		return false;
	if (!(can & ACME_IPSEC_EXC_RAW))
		return true;
	return sa->mode == ACME_MODE_FULL &&
	       sa->x->full->flags & XFRM_OFFLOAD_DROP;
}

static u32 acme_sa_mode_flags(struct acme_dev *adev, const struct acme_sa *sa)
{
	u32 flags = 0;

	if (sa->inbound)
		flags |= ACME_SA_INBOUND;
	if (acme_sa_tunnel(sa))
		flags |= ACME_SA_TUNNEL;
	if (sa->mode == ACME_MODE_CRYPTO)
		flags |= ACME_SA_CRYPTO;
	if (acme_sa_drops_exc(adev, sa))
		flags |= ACME_SA_DROP_EXC;
	return flags;
}

/* XFRM's flags about ESP and the outer header. */
static u32 acme_sa_props_flags(const struct xfrm_state *x)
{
	u32 flags = 0;

	if (x->props.flags & XFRM_STATE_ESN)
		flags |= ACME_SA_ESN;
	if (x->props.flags & XFRM_STATE_NOECN)
		flags |= ACME_SA_NO_ECN;
	if (x->props.flags & XFRM_STATE_DECAP_DSCP)
		flags |= ACME_SA_DECAP_DSCP;
	if (x->props.flags & XFRM_STATE_NOPMTUDISC)
		flags |= ACME_SA_NO_DF;
	if (x->props.extra_flags & XFRM_SA_XFLAG_DONT_ENCAP_DSCP)
		flags |= ACME_SA_NO_ENCAP_DSCP;
	return flags;
}

#if IS_ENABLED(CONFIG_IPV6)
/* As ip6_dst_hoplimit() has it, but for routes with a limit of their own. */
static u8 acme_sa_hop_limit(const struct net_device *netdev, struct net *net)
{
	const struct ipv6_devconf *conf = net->ipv6.devconf_all;
	const struct inet6_dev *idev;
	int limit;

	rcu_read_lock();
	idev = __in6_dev_get(netdev);
	if (idev)
		conf = &idev->cnf;
	limit = READ_ONCE(conf->hop_limit);
	rcu_read_unlock();
	return limit;
}
#endif

static u8 acme_sa_ttl(struct acme_dev *adev, const struct xfrm_state *x)
{
	struct net *net = read_pnet(&x->xs_net);

#if IS_ENABLED(CONFIG_IPV6)
	if (x->props.family == AF_INET6)
		return acme_sa_hop_limit(adev->netdev, net);
#endif
	return READ_ONCE(net->ipv4.sysctl_ip_default_ttl);
}

static void acme_fill_keys(const struct acme_sa *sa,
			   struct acme_cmd_sa_add *cmd)
{
	const struct acme_cipher *cipher = acme_cipher(sa->alg);
	u32 key_len = acme_sa_key_len(sa);

	cmd->alg = cipher->hw;
	cmd->key_len = key_len;
	cmd->icv_len = acme_sa_icv_len(sa);
	if (cipher->aead) {
		memcpy(cmd->key, sa->x->aead->alg_key, key_len);
		memcpy(cmd->salt, sa->x->aead->alg_key + key_len,
		       cipher->salt_len);
		return;
	}
	memcpy(cmd->key, sa->x->ealg->alg_key, key_len);
	memcpy(cmd->auth_key, sa->x->aalg->alg_key, cipher->auth_key_len);
	cmd->auth_key_len = cipher->auth_key_len;
}

static void acme_fill_sa(struct acme_dev *adev, const struct acme_sa *sa,
			 struct acme_cmd_sa_add *cmd)
{
	const struct xfrm_state *x = sa->x;

	cmd->spi = x->id.spi;
	cmd->flags = cpu_to_le32(acme_sa_mode_flags(adev, sa) |
				 acme_sa_props_flags(x));
	acme_fill_addr(cmd->saddr, &x->props.saddr, x->props.family);
	acme_fill_addr(cmd->daddr, &x->id.daddr, x->props.family);
	cmd->family = acme_family(x->props.family);
	acme_fill_keys(sa, cmd);
	cmd->stats_addr = cpu_to_le64(sa->hw_dma);
	if (sa->inbound) {
		cmd->window = cpu_to_le32(acme_sa_window(sa));
	} else {
		cmd->iv_salt = cpu_to_le64(sa->iv_salt);
		cmd->ttl = acme_sa_tunnel(sa) ? acme_sa_ttl(adev, x) : 0;
	}
	if (sa->mode == ACME_MODE_CRYPTO)
		return;
	acme_fill_selector(&x->sel, &cmd->sel);
	acme_fill_limits(&x->lft, &cmd->limits);
	if (x->encap) {
		cmd->encap_sport = x->encap->encap_sport;
		cmd->encap_dport = x->encap->encap_dport;
	}
}

static void acme_sa_explain(struct acme_dev *adev, const struct xfrm_state *x,
			    const struct acme_aq_req *req,
			    struct netlink_ext_ack *extack)
{
	switch (req->err) {
	case -EIO:
		NL_SET_ERR_MSG_MOD(extack,
				   "the device is lost; bind its driver anew");
		break;
	case -ENOSPC:
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "the device is full; delete one of its %u SAs",
				       adev->ipsec.caps.states_max);
		break;
	case -EEXIST:
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "the device has SPI 0x%08x to this address; use another",
				       ntohl(x->id.spi));
		break;
	default:
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "device refuses the SA: status %u, field %s",
				       req->status, acme_adminq_field(req));
	}
}

/**
 * acme_sa_install() - add an SA to the device, stopped
 * @adev: device
 * @sa: the SA; its handle is set
 * @extack: says why not
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int acme_sa_install(struct acme_dev *adev, struct acme_sa *sa,
		    struct netlink_ext_ack *extack)
{
	struct acme_cmd_sa_add *params;
	struct acme_rsp_sa rsp = {};
	struct acme_aq_req req = {
		.opcode = ACME_OP_SA_ADD,
		.params_len = sizeof(*params),
		.rsp = &rsp,
		.rsp_len = sizeof(rsp),
	};
	int err;

	params = kzalloc(sizeof(*params), GFP_KERNEL);
	if (!params)
		return -ENOMEM;
	acme_fill_sa(adev, sa, params);
	req.params = params;
	err = acme_adminq_exec(adev, &req);
	kfree_sensitive(params);
	if (err) {
		acme_sa_explain(adev, sa->x, &req, extack);
		return err;
	}
	sa->handle = le32_to_cpu(rsp.handle);
	return 0;
}

/*
 * The device's bitmap has bytes where XFRM's has words. What @snap does not
 * tell about counts as received.
 */
static void acme_fill_bitmap(const struct xfrm_full_snapshot *snap, u8 *to)
{
	u32 n;

	for (n = 0; n < ARRAY_SIZE(snap->bitmap); n++)
		put_unaligned_le32(snap->bitmap[n], to + n * sizeof(u32));
	for (n = snap->window; n < XFRM_FULL_WINDOW_MAX; n++)
		to[n / 8] |= BIT(n % 8);
}

/**
 * acme_sa_run() - let an SA handle packets
 * @adev: device
 * @sa: the SA, stopped
 * @snap: where it goes on
 *
 * Context: process or softirq, waits no longer than 100 ms.
 * Return: 0 or a negative errno. After -ETIMEDOUT the device may start yet.
 */
int acme_sa_run(struct acme_dev *adev, const struct acme_sa *sa,
		const struct xfrm_full_snapshot *snap)
{
	struct acme_cmd_sa params = {
		.handle = cpu_to_le32(sa->handle),
		.snap.seq = cpu_to_le64(snap->seq),
		.snap.packets = cpu_to_le64(snap->packets),
		.snap.bytes = cpu_to_le64(snap->bytes),
	};
	struct acme_aq_req req = {
		.opcode = ACME_OP_SA_RUN,
		.params = &params,
		.params_len = sizeof(params),
	};
	int err;

	BUILD_BUG_ON(XFRM_FULL_WINDOW_MAX != ACME_WINDOW_MAX);

	if (sa->inbound)
		acme_fill_bitmap(snap, params.snap.bitmap);
	else
		params.snap.epoch = cpu_to_le16(sa->epoch);
	err = acme_adminq_exec_poll(adev, &req);
	if (err && err != -ETIMEDOUT)
		acme_adminq_complain(adev, &req);
	return err;
}

static void acme_take_snapshot(const struct acme_sa *sa,
			       const struct acme_sa_snapshot *from,
			       struct xfrm_full_snapshot *snap)
{
	u32 n;

	snap->seq = le64_to_cpu(from->seq);
	snap->packets = le64_to_cpu(from->packets);
	snap->bytes = le64_to_cpu(from->bytes);
	snap->window = 0;
	if (!sa->inbound)
		return;
	snap->window = min_t(u32, acme_sa_window(sa), XFRM_FULL_WINDOW_MAX);
	for (n = 0; n < ARRAY_SIZE(snap->bitmap); n++)
		snap->bitmap[n] = get_unaligned_le32(from->bitmap +
						     n * sizeof(u32));
}

/* A command that is answered with a snapshot. */
static int acme_sa_snapshot(struct acme_dev *adev, const struct acme_sa *sa,
			    enum acme_opcode opcode,
			    int (*exec)(struct acme_dev *adev,
					struct acme_aq_req *req),
			    struct xfrm_full_snapshot *snap)
{
	__le32 params = cpu_to_le32(sa->handle);
	struct acme_cmd_sa rsp;
	struct acme_aq_req req = {
		.opcode = opcode,
		.params = &params,
		.params_len = sizeof(params),
		.rsp = &rsp,
		.rsp_len = sizeof(rsp),
	};
	int err;

	err = exec(adev, &req);
	if (!err)
		acme_take_snapshot(sa, &rsp.snap, snap);
	return err;
}

/**
 * acme_sa_stop() - make the device stop handling packets of an SA
 * @adev: device
 * @sa: the SA, running
 * @snap: where it stopped
 *
 * Context: process or softirq, waits no longer than 100 ms.
 * Return: 0 or a negative errno.
 */
int acme_sa_stop(struct acme_dev *adev, const struct acme_sa *sa,
		 struct xfrm_full_snapshot *snap)
{
	return acme_sa_snapshot(adev, sa, ACME_OP_SA_STOP,
				acme_adminq_exec_poll, snap);
}

/**
 * acme_sa_query() - where is an SA now?
 * @adev: device
 * @sa: the SA
 * @snap: there
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int acme_sa_query(struct acme_dev *adev, const struct acme_sa *sa,
		  struct xfrm_full_snapshot *snap)
{
	return acme_sa_snapshot(adev, sa, ACME_OP_SA_QUERY, acme_adminq_exec,
				snap);
}

static u32 acme_fill_update(const struct xfrm_full_update *upd,
			    struct acme_cmd_sa_update *params)
{
	u32 what = ACME_UPDATE_LIMITS;

	acme_fill_limits(upd->lft, &params->limits);
	if (upd->sel) {
		what |= ACME_UPDATE_SELECTOR;
		acme_fill_selector(upd->sel, &params->sel);
	}
	if (upd->encap) {
		what |= ACME_UPDATE_ENCAP;
		params->encap_sport = upd->encap->encap_sport;
		params->encap_dport = upd->encap->encap_dport;
	}
	return what;
}

/**
 * acme_sa_update() - change limits, selector and ports of an SA
 * @adev: device
 * @sa: the SA
 * @upd: what to change to
 * @extack: says why not
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno: then nothing has changed.
 */
int acme_sa_update(struct acme_dev *adev, const struct acme_sa *sa,
		   const struct xfrm_full_update *upd,
		   struct netlink_ext_ack *extack)
{
	struct acme_cmd_sa_update params = {
		.handle = cpu_to_le32(sa->handle),
	};
	struct acme_aq_req req = {
		.opcode = ACME_OP_SA_UPDATE,
		.params = &params,
		.params_len = sizeof(params),
	};
	int err;

	err = acme_limits_check(upd->lft, extack);
	if (!err && upd->sel)
		err = acme_selector_check(adev, sa, upd->sel, extack);
	if (err)
		return err;
	params.what = cpu_to_le32(acme_fill_update(upd, &params));
	err = acme_adminq_exec(adev, &req);
	if (err)
		acme_sa_explain(adev, sa->x, &req, extack);
	return err;
}

/**
 * acme_sa_replay_test_set() - accept a sequence number for the host
 * @adev: device
 * @sa: the SA, inbound and running
 * @seq: sequence number
 * @bytes: of the packet
 *
 * Context: process or softirq, waits no longer than 100 ms.
 * Return: 0, -EALREADY, -ERANGE, -EDQUOT or another negative errno.
 */
int acme_sa_replay_test_set(struct acme_dev *adev, const struct acme_sa *sa,
			    u64 seq, u32 bytes)
{
	struct acme_cmd_replay_test_set params = {
		.handle = cpu_to_le32(sa->handle),
		.seq = cpu_to_le64(seq),
		.bytes = cpu_to_le64(bytes),
	};
	struct acme_aq_req req = {
		.opcode = ACME_OP_REPLAY_TEST_SET,
		.params = &params,
		.params_len = sizeof(params),
	};

	return acme_adminq_exec_poll(adev, &req);
}

/**
 * acme_sa_seq_alloc() - get sequence numbers for packets of the host
 * @adev: device
 * @sa: the SA, outbound and running
 * @count: how many
 * @bytes: of all packets
 * @first: set to the first number
 *
 * Numbers of another epoch, or such as can't be, are not believed.
 *
 * Context: process or softirq, waits no longer than 100 ms.
 * Return: 0, -EOVERFLOW, -EDQUOT or another negative errno.
 */
int acme_sa_seq_alloc(struct acme_dev *adev, const struct acme_sa *sa,
		      u32 count, u64 bytes, u64 *first)
{
	struct acme_cmd_seq_alloc params = {
		.handle = cpu_to_le32(sa->handle),
		.count = cpu_to_le32(count),
		.bytes = cpu_to_le64(bytes),
	};
	struct acme_rsp_seq_alloc rsp;
	struct acme_aq_req req = {
		.opcode = ACME_OP_SEQ_ALLOC,
		.params = &params,
		.params_len = sizeof(params),
		.rsp = &rsp,
		.rsp_len = sizeof(rsp),
	};
	u64 seq;
	int err;

	err = acme_adminq_exec_poll(adev, &req);
	if (err)
		return err;
	seq = le64_to_cpu(rsp.first);
	if (!seq || seq >> ACME_SEQ_BITS ||
	    (acme_cipher(sa->alg)->aead && le16_to_cpu(rsp.epoch) != sa->epoch))
		return -EPROTO;
	*first = seq;
	return 0;
}

/**
 * acme_sa_post_del() - start the deletion of an SA
 * @adev: device
 * @sa: the SA
 *
 * Context: any but hard interrupts; never waits.
 */
void acme_sa_post_del(struct acme_dev *adev, struct acme_sa *sa)
{
	sa->del_params = cpu_to_le32(sa->handle);
	sa->del.opcode = ACME_OP_SA_DEL;
	sa->del.params = &sa->del_params;
	sa->del.params_len = sizeof(sa->del_params);
	acme_adminq_post(adev, &sa->del);
}

/**
 * acme_sa_wait_del() - wait for the end of the deletion of an SA
 * @adev: device
 * @sa: the SA
 *
 * Afterwards the device does not know the SA's memory any more.
 *
 * Context: process, may sleep.
 */
void acme_sa_wait_del(struct acme_dev *adev, struct acme_sa *sa)
{
	int err = acme_adminq_wait(adev, &sa->del);

	if (err && err != -ENOENT)
		acme_dev_lost(adev, "an SA can't be deleted");
}
