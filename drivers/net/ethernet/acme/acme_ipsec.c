// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPsec full offload: SAs in the device.
 *
 * An SA is known to the device from SA_ADD to the answer to SA_DEL, and to the
 * receive path from SA_ADD to the posting of SA_DEL: XFRM frees the xfrm_state
 * an RCU grace period after that. Queue pairs come and go without SAs noticing.
 */

#include <linux/dmapool.h>
#include <linux/slab.h>
#include <net/xfrm.h>
#include <net/xfrm_full.h>

#include "acme.h"

#define ACME_GCM_NAME			"rfc4106(gcm(aes))"
#define ACME_GCM_SALT_LEN		4
#define ACME_STATS_TRIES		64

#define ACME_XFRM_FLAGS \
	(XFRM_STATE_NOECN | XFRM_STATE_DECAP_DSCP | XFRM_STATE_NOPMTUDISC | \
	 XFRM_STATE_AF_UNSPEC | XFRM_STATE_ESN)

/**
 * struct acme_sa - an SA in the device
 * @x: XFRM's view of it
 * @handle: of the device
 * @inbound: direction
 * @hw: counters that the device writes
 * @hw_dma: address of @hw
 * @lock: protects @last
 * @last: counters as last read
 * @del: its deletion
 * @del_params: parameters of that
 * @rcu: for freeing
 */
struct acme_sa {
	struct xfrm_state *x;
	u32 handle;
	bool inbound;
	struct acme_sa_stats *hw;
	dma_addr_t hw_dma;
	spinlock_t lock;	/* last */
	struct xfrm_full_stats last;
	struct acme_aq_req del;
	__le32 del_params;
	struct rcu_head rcu;
};

static struct acme_dev *acme_ipsec_adev(const struct net_device *netdev)
{
	return pci_get_drvdata(to_pci_dev(netdev->dev.parent));
}

static bool acme_sa_inbound(const struct xfrm_state *x)
{
	return x->full->dir == XFRM_SA_DIR_IN;
}

static bool acme_sa_tunnel(const struct xfrm_state *x)
{
	return x->props.mode == XFRM_MODE_TUNNEL;
}

static u32 acme_sa_window(const struct xfrm_state *x)
{
	return x->replay_esn ? x->replay_esn->replay_window :
			       x->props.replay_window;
}

static u32 acme_sa_key_len(const struct xfrm_state *x)
{
	return x->aead->alg_key_len / BITS_PER_BYTE - ACME_GCM_SALT_LEN;
}

static bool acme_bit_set(__le32 bits, u32 bit)
{
	return bit < 32 && le32_to_cpu(bits) & BIT(bit);
}

/*
 * Checks of an SA that is to be added. Each says what to change.
 */

static int acme_check_device(struct acme_dev *adev, const struct xfrm_state *x,
			     struct netlink_ext_ack *extack)
{
	if (!acme_dev_is_lost(adev))
		return 0;
	NL_SET_ERR_MSG_MOD(extack, "the device is lost; bind its driver anew");
	return -EIO;
}

static int acme_check_mode(struct acme_dev *adev, const struct xfrm_state *x,
			   struct netlink_ext_ack *extack)
{
	u32 bit = acme_sa_tunnel(x) ? ACME_IPSEC_TUNNEL : ACME_IPSEC_TRANSPORT;

	if (le32_to_cpu(adev->ipsec.caps.ipsec) & bit)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "this device can't do %s mode",
			       acme_sa_tunnel(x) ? "tunnel" : "transport");
	return -EOPNOTSUPP;
}

static int acme_check_family(struct acme_dev *adev, const struct xfrm_state *x,
			     struct netlink_ext_ack *extack)
{
	bool v6 = x->props.family == AF_INET6;
	u32 bit = v6 ? ACME_IPSEC_IPV6 : ACME_IPSEC_IPV4;

	if (le32_to_cpu(adev->ipsec.caps.ipsec) & bit)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "this device can't do IPsec over IPv%d",
			       v6 ? 6 : 4);
	return -EOPNOTSUPP;
}

static int acme_check_alg(struct acme_dev *adev, const struct xfrm_state *x,
			  struct netlink_ext_ack *extack)
{
	if (x->aead && !strcmp(x->aead->alg_name, ACME_GCM_NAME) &&
	    acme_bit_set(adev->ipsec.caps.algs, ACME_ALG_AES_GCM))
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "%.30s is unsupported; use aead %s",
			       x->aead ? x->aead->alg_name : "no aead",
			       ACME_GCM_NAME);
	return -EOPNOTSUPP;
}

static int acme_check_icv(struct acme_dev *adev, const struct xfrm_state *x,
			  struct netlink_ext_ack *extack)
{
	u32 lens = le32_to_cpu(adev->ipsec.caps.icv_lens);

	if (acme_bit_set(adev->ipsec.caps.icv_lens,
			 x->aead->alg_icv_len / BITS_PER_BYTE))
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack,
			       "an ICV of %u bits is unsupported; use %u",
			       x->aead->alg_icv_len,
			       (fls(lens) - 1) * BITS_PER_BYTE);
	return -EOPNOTSUPP;
}

static int acme_check_key(struct acme_dev *adev, const struct xfrm_state *x,
			  struct netlink_ext_ack *extack)
{
	u32 lens = le32_to_cpu(adev->ipsec.caps.key_lens);
	u32 len = acme_sa_key_len(x);

	if (len <= ACME_KEY_MAX && !(len % 8) &&
	    acme_bit_set(adev->ipsec.caps.key_lens, len / 8))
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack,
			       "a key of %u bits is unsupported; use %u, with salt",
			       x->aead->alg_key_len,
			       ((fls(lens) - 1) * 8 + ACME_GCM_SALT_LEN) *
			       BITS_PER_BYTE);
	return -EOPNOTSUPP;
}

static int acme_check_window(struct acme_dev *adev, const struct xfrm_state *x,
			     struct netlink_ext_ack *extack)
{
	u32 max = min_t(u32, le32_to_cpu(adev->ipsec.caps.max_window),
			ACME_WINDOW_MAX);
	u32 window = acme_sa_window(x);

	if (!acme_sa_inbound(x))
		return 0;
	if (window > max) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "replay window %u is too large; use at most %u",
				       window, max);
		return -EINVAL;
	}
	if (window % 32) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "replay window %u is unsupported; use a multiple of 32",
				       window);
		return -EINVAL;
	}
	return 0;
}

static int acme_check_esn(struct acme_dev *adev, const struct xfrm_state *x,
			  struct netlink_ext_ack *extack)
{
	if (!(x->props.flags & XFRM_STATE_ESN))
		return 0;
	if (!(le32_to_cpu(adev->ipsec.caps.ipsec) & ACME_IPSEC_ESN)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this device can't do ESN; leave out flag esn");
		return -EOPNOTSUPP;
	}
	if (acme_sa_inbound(x) && !acme_sa_window(x)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "ESN needs a replay window; give replay-window");
		return -EINVAL;
	}
	return 0;
}

static const char *acme_flag_name(u32 flags)
{
	if (flags & XFRM_STATE_ICMP)
		return "icmp";
	if (flags & XFRM_STATE_ALIGN4)
		return "align4";
	if (flags & XFRM_STATE_WILDRECV)
		return "wildrecv";
	return "that is unknown";
}

static int acme_check_flags(struct acme_dev *adev, const struct xfrm_state *x,
			    struct netlink_ext_ack *extack)
{
	u32 flags = x->props.flags & ~ACME_XFRM_FLAGS;
	u32 extra = x->props.extra_flags & ~XFRM_SA_XFLAG_DONT_ENCAP_DSCP;

	if (flags) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "flag %s is unsupported; leave it out",
				       acme_flag_name(flags));
		return -EOPNOTSUPP;
	}
	if (extra) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "extra flags 0x%x are unsupported; leave them out",
				       extra);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int acme_check_selector(struct acme_dev *adev,
			       const struct xfrm_state *x,
			       struct netlink_ext_ack *extack)
{
	const struct xfrm_selector *sel = &x->sel;

	if (sel->ifindex) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a selector with an interface is not supported; leave out dev");
		return -EOPNOTSUPP;
	}
	if (sel->family == AF_UNSPEC &&
	    (sel->prefixlen_s || sel->prefixlen_d)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a selector for both families can't have addresses; leave out flag af-unspec");
		return -EINVAL;
	}
	if (!acme_sa_tunnel(x) && sel->family != AF_UNSPEC &&
	    sel->family != x->props.family) {
		NL_SET_ERR_MSG_MOD(extack,
				   "in transport mode the selector must have the SA's family");
		return -EINVAL;
	}
	return 0;
}

static int acme_check_addrs(struct acme_dev *adev, const struct xfrm_state *x,
			    struct netlink_ext_ack *extack)
{
	if (acme_sa_inbound(x) || !acme_sa_tunnel(x) ||
	    !xfrm_addr_any(&x->props.saddr, x->props.family))
		return 0;
	NL_SET_ERR_MSG_MOD(extack,
			   "an outbound tunnel needs a source address; give src");
	return -EINVAL;
}

typedef int (*acme_check_fn)(struct acme_dev *adev, const struct xfrm_state *x,
			     struct netlink_ext_ack *extack);

static const acme_check_fn acme_checks[] = {
	acme_check_device,
	acme_check_mode,
	acme_check_family,
	acme_check_alg,
	acme_check_icv,
	acme_check_key,
	acme_check_window,
	acme_check_esn,
	acme_check_flags,
	acme_check_selector,
	acme_check_addrs,
};

static int acme_sa_check(struct acme_dev *adev, const struct xfrm_state *x,
			 struct netlink_ext_ack *extack)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(acme_checks) && !err; i++)
		err = acme_checks[i](adev, x, extack);
	return err;
}

/*
 * The SA as the device wants it.
 */

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

static u32 acme_sa_flags(const struct xfrm_state *x)
{
	u32 flags = 0;

	if (acme_sa_inbound(x))
		flags |= ACME_SA_INBOUND;
	if (acme_sa_tunnel(x))
		flags |= ACME_SA_TUNNEL;
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

static u8 acme_sa_ttl(const struct xfrm_state *x)
{
	struct net *net = read_pnet(&x->xs_net);

#if IS_ENABLED(CONFIG_IPV6)
	if (x->props.family == AF_INET6)
		return READ_ONCE(net->ipv6.devconf_all->hop_limit);
#endif
	return READ_ONCE(net->ipv4.sysctl_ip_default_ttl);
}

static void acme_fill_sa(const struct xfrm_state *x, const struct acme_sa *sa,
			 struct acme_cmd_sa_add *cmd)
{
	u32 key_len = acme_sa_key_len(x);

	cmd->spi = x->id.spi;
	cmd->flags = cpu_to_le32(acme_sa_flags(x));
	acme_fill_addr(cmd->saddr, &x->props.saddr, x->props.family);
	acme_fill_addr(cmd->daddr, &x->id.daddr, x->props.family);
	cmd->family = acme_family(x->props.family);
	cmd->alg = ACME_ALG_AES_GCM;
	cmd->key_len = key_len;
	cmd->icv_len = x->aead->alg_icv_len / BITS_PER_BYTE;
	memcpy(cmd->key, x->aead->alg_key, key_len);
	memcpy(cmd->salt, x->aead->alg_key + key_len, ACME_GCM_SALT_LEN);
	acme_fill_selector(&x->sel, &cmd->sel);
	cmd->stats_addr = cpu_to_le64(sa->hw_dma);
	if (sa->inbound) {
		cmd->window = cpu_to_le32(acme_sa_window(x));
	} else {
		cmd->iv_salt = cpu_to_le64(be64_to_cpu(x->full->iv_salt));
		cmd->ttl = acme_sa_tunnel(x) ? acme_sa_ttl(x) : 0;
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
				       le32_to_cpu(adev->ipsec.caps.max_sas));
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

static int acme_sa_install(struct acme_dev *adev, struct acme_sa *sa,
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
	acme_fill_sa(sa->x, sa, params);
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

static void acme_sa_post_del(struct acme_dev *adev, struct acme_sa *sa)
{
	sa->del_params = cpu_to_le32(sa->handle);
	sa->del.opcode = ACME_OP_SA_DEL;
	sa->del.params = &sa->del_params;
	sa->del.params_len = sizeof(sa->del_params);
	acme_adminq_post(adev, &sa->del);
}

/* Afterwards the device does not know the SA's memory any more. */
static void acme_sa_wait_del(struct acme_dev *adev, struct acme_sa *sa)
{
	int err = acme_adminq_wait(adev, &sa->del);

	if (err && err != -ENOENT)
		acme_dev_lost(adev, "an SA can't be deleted");
}

/* Make the SA known to the receive path. */
static int acme_sa_publish(struct acme_dev *adev, struct acme_sa *sa,
			   struct netlink_ext_ack *extack)
{
	int err = -EBUSY;

	if (sa->handle)
		err = xa_insert_bh(&adev->ipsec.sas,
				   sa->handle & ACME_SA_INDEX, sa, GFP_KERNEL);
	if (!err)
		return 0;
	if (err == -EBUSY)
		dev_err_ratelimited(adev->dev, "SA handle 0x%08x is invalid or in use\n",
				    sa->handle);
	NL_SET_ERR_MSG_FMT_MOD(extack, "the SA can't be entered as 0x%08x",
			       sa->handle);
	acme_sa_post_del(adev, sa);
	acme_sa_wait_del(adev, sa);
	return err;
}

static struct acme_sa *acme_sa_alloc(struct acme_dev *adev,
				     struct xfrm_state *x)
{
	struct acme_sa *sa;

	sa = kzalloc(sizeof(*sa), GFP_KERNEL);
	if (!sa)
		return NULL;
	sa->hw = dma_pool_zalloc(adev->ipsec.stats_pool, GFP_KERNEL,
				 &sa->hw_dma);
	if (!sa->hw) {
		kfree(sa);
		return NULL;
	}
	sa->x = x;
	sa->inbound = acme_sa_inbound(x);
	spin_lock_init(&sa->lock);
	return sa;
}

static void acme_sa_free(struct acme_dev *adev, struct acme_sa *sa)
{
	dma_pool_free(adev->ipsec.stats_pool, sa->hw, sa->hw_dma);
	kfree_rcu(sa, rcu);
}

static int acme_full_state_add(struct net_device *netdev, struct xfrm_state *x,
			       struct netlink_ext_ack *extack)
{
	struct acme_dev *adev = acme_ipsec_adev(netdev);
	struct acme_sa *sa;
	int err;

	err = acme_sa_check(adev, x, extack);
	if (err)
		return err;
	sa = acme_sa_alloc(adev, x);
	if (!sa)
		return -ENOMEM;
	err = acme_sa_install(adev, sa, extack);
	if (err)
		goto free_sa;
	err = acme_sa_publish(adev, sa, extack);
	if (err)
		goto free_sa;

	x->full->handle = sa->handle;
	x->full->priv = sa;
	return 0;

free_sa:
	/* the device may have learnt of the memory before it was lost */
	if (err == -EIO)
		acme_dev_lost(adev, "an SA can't be added");
	acme_sa_free(adev, sa);
	return err;
}

static int acme_full_state_run(struct net_device *netdev, struct xfrm_state *x,
			       const struct xfrm_full_snapshot *snap)
{
	struct acme_dev *adev = acme_ipsec_adev(netdev);
	struct acme_cmd_sa *params;
	int err;

	params = kzalloc(sizeof(*params), GFP_KERNEL);
	if (!params)
		return -ENOMEM;
	params->handle = cpu_to_le32(x->full->handle);
	params->snap.epoch = cpu_to_le16(x->full->epoch);
	err = acme_adminq_cmd(adev, ACME_OP_SA_RUN, params, sizeof(*params));
	kfree(params);
	return err;
}

static void acme_full_state_del(struct net_device *netdev,
				struct xfrm_state *x)
{
	struct acme_dev *adev = acme_ipsec_adev(netdev);
	struct acme_sa *sa = x->full->priv;

	xa_erase_bh(&adev->ipsec.sas, sa->handle & ACME_SA_INDEX);
	acme_sa_post_del(adev, sa);
}

static void acme_full_state_free(struct net_device *netdev,
				 struct xfrm_state *x)
{
	struct acme_dev *adev = acme_ipsec_adev(netdev);
	struct acme_sa *sa = x->full->priv;

	acme_sa_wait_del(adev, sa);
	x->full->priv = NULL;
	acme_sa_free(adev, sa);
}

static void acme_stats_read(const struct acme_sa_stats *hw,
			    struct xfrm_full_stats *stats)
{
	u64 *drops = stats->drops;

	stats->packets = le64_to_cpu(READ_ONCE(hw->packets));
	stats->bytes = le64_to_cpu(READ_ONCE(hw->bytes));
	stats->seq = le64_to_cpu(READ_ONCE(hw->seq));
	stats->lastused = le64_to_cpu(READ_ONCE(hw->last_used));
	drops[XFRM_FULL_DROP_REPLAY] = le64_to_cpu(READ_ONCE(hw->drop_replay));
	drops[XFRM_FULL_DROP_ICV] = le64_to_cpu(READ_ONCE(hw->drop_icv));
	drops[XFRM_FULL_DROP_SELECTOR] =
		le64_to_cpu(READ_ONCE(hw->drop_selector));
	drops[XFRM_FULL_DROP_SEQ] = le64_to_cpu(READ_ONCE(hw->drop_seq));
	drops[XFRM_FULL_DROP_MALFORMED] =
		le64_to_cpu(READ_ONCE(hw->drop_malformed)) +
		le64_to_cpu(READ_ONCE(hw->drop_too_long));
}

/*
 * The device changes @begin, writes the record, and makes @end equal to @begin.
 * Read in the reverse order, equal values mean that nothing was written.
 */
static bool acme_stats_try(const struct acme_sa_stats *hw,
			   struct xfrm_full_stats *stats)
{
	__le32 end = READ_ONCE(hw->end);

	dma_rmb();
	acme_stats_read(hw, stats);
	dma_rmb();
	return READ_ONCE(hw->begin) == end;
}

/* Counters in one moment; those of the last time if the device is too busy. */
static void acme_full_stats(struct net_device *netdev, struct xfrm_state *x,
			    struct xfrm_full_stats *stats)
{
	struct acme_sa *sa = x->full->priv;
	int i;

	spin_lock_bh(&sa->lock);
	for (i = 0; i < ACME_STATS_TRIES; i++) {
		if (acme_stats_try(sa->hw, stats)) {
			sa->last = *stats;
			break;
		}
		cpu_relax();
	}
	*stats = sa->last;
	spin_unlock_bh(&sa->lock);
}

static int acme_full_stats_sync(struct net_device *netdev,
				struct xfrm_state *x,
				struct xfrm_full_snapshot *snap)
{
	__le32 params = cpu_to_le32(x->full->handle);

	return acme_adminq_cmd(acme_ipsec_adev(netdev), ACME_OP_SA_QUERY,
			       &params, sizeof(params));
}

static const struct xfrmdev_ops acme_xfrmdev_ops = {
	.xdo_dev_full_state_add = acme_full_state_add,
	.xdo_dev_full_state_run = acme_full_state_run,
	.xdo_dev_full_state_del = acme_full_state_del,
	.xdo_dev_full_state_free = acme_full_state_free,
	.xdo_dev_full_stats = acme_full_stats,
	.xdo_dev_full_stats_sync = acme_full_stats_sync,
};

/**
 * acme_ipsec_set_ops() - offer full offload, if the device has it
 * @adev: device
 * @netdev: its interface, not registered yet
 */
void acme_ipsec_set_ops(struct acme_dev *adev, struct net_device *netdev)
{
	if (adev->features & ACME_FEATURE_IPSEC)
		netdev->xfrmdev_ops = &acme_xfrmdev_ops;
}

/**
 * acme_ipsec_rx() - tell the stack that the device has decrypted a packet
 * @adev: device
 * @skb: packet
 * @handle: of the SA, as the device says
 *
 * Context: NAPI poll.
 * Return: 0, -ENOENT if there is no such SA any more, -EPERM if the stack does
 * not want the packet. It must not be delivered in both cases.
 */
int acme_ipsec_rx(struct acme_dev *adev, struct sk_buff *skb, u32 handle)
{
	struct acme_sa *sa;
	int err = -ENOENT;

	rcu_read_lock();
	sa = xa_load(&adev->ipsec.sas, handle & ACME_SA_INDEX);
	if (sa && sa->handle == handle && sa->inbound)
		err = xfrm_full_rx(skb, sa->x) ? 0 : -EPERM;
	rcu_read_unlock();
	return err;
}

static int acme_ipsec_get_caps(struct acme_dev *adev)
{
	struct acme_aq_req req = {
		.opcode = ACME_OP_GET_CAPS,
		.rsp = &adev->ipsec.caps,
		.rsp_len = sizeof(adev->ipsec.caps),
	};

	return acme_adminq_exec(adev, &req);
}

/**
 * acme_ipsec_init() - learn what the device can do, prepare for SAs
 * @adev: device
 *
 * Return: 0 or a negative errno.
 */
int acme_ipsec_init(struct acme_dev *adev)
{
	struct acme_ipsec *ipsec = &adev->ipsec;
	int err;

	xa_init_flags(&ipsec->sas, XA_FLAGS_LOCK_BH);
	if (!(adev->features & ACME_FEATURE_IPSEC))
		return 0;

	err = acme_ipsec_get_caps(adev);
	if (err)
		return err;
	ipsec->stats_pool = dma_pool_create("acme SA stats", adev->dev,
					    sizeof(struct acme_sa_stats),
					    sizeof(struct acme_sa_stats), 0);
	return ipsec->stats_pool ? 0 : -ENOMEM;
}

void acme_ipsec_cleanup(struct acme_dev *adev)
{
	WARN_ON(!xa_empty(&adev->ipsec.sas));
	xa_destroy(&adev->ipsec.sas);
	dma_pool_destroy(adev->ipsec.stats_pool);
}
