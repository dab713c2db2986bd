// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: what user space asks for, and what it is told.
 *
 * Everything is refused by name before anything is touched.  What remains is
 * the driver's to accept or to refuse.
 */

#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/string.h>
#include <net/netlink.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

static bool xfrm_full_capable(const struct net_device *dev)
{
	const struct xfrmdev_ops *ops = dev->xfrmdev_ops;

	return ops && ops->xdo_dev_full_state_add &&
	       ops->xdo_dev_full_state_run && ops->xdo_dev_full_state_del &&
	       ops->xdo_dev_full_state_free && ops->xdo_dev_full_stats &&
	       ops->xdo_dev_full_stats_sync;
}

/**
 * xfrm_full_dev_rcu() - find a device that can do full offload
 * @net: namespace to look in
 * @ifindex: the device
 * @extack: says what is wrong
 *
 * Context: RCU read side.
 * Return: the device without a reference, or an ERR_PTR.
 */
struct net_device *xfrm_full_dev_rcu(struct net *net, int ifindex,
				     struct netlink_ext_ack *extack)
{
	struct net_device *dev = dev_get_by_index_rcu(net, ifindex);

	if (!dev) {
		NL_SET_ERR_MSG(extack, "No device has this ifindex");
		return ERR_PTR(-ENODEV);
	}
	if (!xfrm_full_capable(dev)) {
		NL_SET_ERR_MSG(extack, "Device doesn't support full offload");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (dev->priv_flags & IFF_XMIT_DST_RELEASE) {
		NL_SET_ERR_MSG(extack,
			       "Device's driver doesn't keep the dst of a packet, full offload needs it");
		return ERR_PTR(-EOPNOTSUPP);
	}

	return dev;
}

static int xfrm_full_check_dev(struct net *net, int ifindex,
			       struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = xfrm_full_dev_rcu(net, ifindex, extack);
	rcu_read_unlock();

	return PTR_ERR_OR_ZERO(dev);
}

static int xfrm_full_refuse(struct netlink_ext_ack *extack, const char *what)
{
	NL_SET_ERR_MSG_FMT(extack, "Full offload doesn't support %s", what);
	return -EOPNOTSUPP;
}

static int xfrm_full_check_flags(u8 flags, u8 known,
				 struct netlink_ext_ack *extack)
{
	if (flags & XFRM_OFFLOAD_PACKET) {
		NL_SET_ERR_MSG(extack,
			       "Full and packet offload exclude each other");
		return -EINVAL;
	}
	if (flags & ~known) {
		NL_SET_ERR_MSG(extack,
			       "Unrecognized flags in offload request");
		return -EINVAL;
	}

	return 0;
}

static bool xfrm_full_is_counter_aead(const struct xfrm_state *x)
{
	return x->aead && x->geniv && !strcmp(x->geniv, "seqiv");
}

static bool xfrm_full_starts_fresh(const struct xfrm_state *x)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;

	if (!esn)
		return !x->replay.seq && !x->replay.oseq && !x->replay.bitmap;

	return !esn->seq && !esn->seq_hi && !esn->oseq && !esn->oseq_hi &&
	       !memchr_inv(esn->bmp, 0, esn->bmp_len * sizeof(__u32));
}

static bool xfrm_full_has_volume_limit(const struct xfrm_lifetime_cfg *lft)
{
	return lft->soft_byte_limit != XFRM_INF ||
	       lft->hard_byte_limit != XFRM_INF ||
	       lft->soft_packet_limit != XFRM_INF ||
	       lft->hard_packet_limit != XFRM_INF;
}

static const char *xfrm_full_state_unsupported(const struct xfrm_state *x)
{
	if (x->id.proto != IPPROTO_ESP)
		return "protocols other than ESP";
	if (x->props.mode != XFRM_MODE_TUNNEL &&
	    x->props.mode != XFRM_MODE_TRANSPORT)
		return "modes other than tunnel and transport";
	if (!xfrm_full_is_counter_aead(x))
		return "algorithms other than AEAD";
	if (x->encap)
		return "UDP or TCP encapsulation";
	if (x->tfcpad)
		return "TFC padding";
	if (x->props.extra_flags & XFRM_SA_XFLAG_OSEQ_MAY_WRAP)
		return "oseq-may-wrap";
	if (x->props.flags & XFRM_STATE_WILDRECV)
		return "wildcard receive";
	if (x->mark.v | x->mark.m)
		return "marks";
	if (x->props.smark.v | x->props.smark.m)
		return "output marks";
	if (x->if_id)
		return "interface ids";
	if (x->pcpu_num != UINT_MAX)
		return "per-CPU SAs";
	if (x->security)
		return "security contexts";
	if (xfrm_full_has_volume_limit(&x->lft))
		return "packet and byte limits";
	if (!xfrm_full_starts_fresh(x))
		return "an SA that doesn't start at sequence number 0";

	return NULL;
}

/**
 * xfrm_full_check_state() - can an SA have full offload?
 * @net: namespace of the request
 * @x: the SA
 * @xuo: what user space asked for
 * @extack: says what is wrong
 *
 * Context: process.
 * Return: 0, or a negative errno.
 */
int xfrm_full_check_state(struct net *net, const struct xfrm_state *x,
			  const struct xfrm_user_offload *xuo,
			  struct netlink_ext_ack *extack)
{
	u8 dir = xuo->flags & XFRM_OFFLOAD_INBOUND ? XFRM_SA_DIR_IN :
						     XFRM_SA_DIR_OUT;
	const char *what;
	int err;

	err = xfrm_full_check_flags(xuo->flags, XFRM_OFFLOAD_FULL |
				    XFRM_OFFLOAD_INBOUND | XFRM_OFFLOAD_IPV6,
				    extack);
	if (err)
		return err;

	err = xfrm_full_check_dev(net, xuo->ifindex, extack);
	if (err)
		return err;

	if (x->dir && x->dir != dir) {
		NL_SET_ERR_MSG(extack, "Mismatched SA and offload direction");
		return -EINVAL;
	}

	what = xfrm_full_state_unsupported(x);
	return what ? xfrm_full_refuse(extack, what) : 0;
}

static const char *xfrm_full_policy_unsupported(const struct xfrm_policy *xp)
{
	const struct xfrm_tmpl *tmpl = &xp->xfrm_vec[0];

	if (xp->type != XFRM_POLICY_TYPE_MAIN)
		return "sub-policies";
	if (!xp->xfrm_nr)
		return "policies without a template";
	if (xp->xfrm_nr > 1)
		return "policies with several templates";
	if (tmpl->id.proto != IPPROTO_ESP)
		return "protocols other than ESP";
	if (tmpl->mode != XFRM_MODE_TUNNEL && tmpl->mode != XFRM_MODE_TRANSPORT)
		return "modes other than tunnel and transport";
	if (tmpl->optional)
		return "optional templates";
	if (xp->if_id)
		return "interface ids";
	if (xp->security)
		return "security contexts";

	return NULL;
}

/**
 * xfrm_full_policy_init() - prepare a policy for full offload
 * @net: namespace of the request
 * @xp: the policy, complete but not inserted
 * @xuo: what user space asked for
 * @extack: says what is wrong
 *
 * The host enforces the policy, whatever becomes of the device: a policy whose
 * SAs went with their device blocks.
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno.
 */
int xfrm_full_policy_init(struct net *net, struct xfrm_policy *xp,
			  const struct xfrm_user_offload *xuo,
			  struct netlink_ext_ack *extack)
{
	const char *what;
	int err;

	err = xfrm_full_check_flags(xuo->flags, XFRM_OFFLOAD_FULL, extack);
	if (err)
		return err;

	err = xfrm_full_check_dev(net, xuo->ifindex, extack);
	if (err)
		return err;

	what = xfrm_full_policy_unsupported(xp);
	if (what)
		return xfrm_full_refuse(extack, what);

	xp->full = kzalloc(sizeof(*xp->full), GFP_KERNEL);
	if (!xp->full)
		return -ENOMEM;

	xp->full->ifindex = xuo->ifindex;
	return 0;
}

static int xfrm_full_put(struct sk_buff *skb, int ifindex, u8 flags)
{
	struct xfrm_user_offload xuo = {
		.ifindex = ifindex,
		.flags = XFRM_OFFLOAD_FULL | flags,
	};

	return nla_put(skb, XFRMA_OFFLOAD_DEV, sizeof(xuo), &xuo);
}

/**
 * xfrm_full_put_state() - tell user space about an SA's full offload
 * @skb: the message
 * @x: the SA
 *
 * Return: 0, or -EMSGSIZE.
 */
int xfrm_full_put_state(struct sk_buff *skb, const struct xfrm_state *x)
{
	const struct xfrm_full *full = xfrm_full_get(x);

	if (!full)
		return 0;

	return xfrm_full_put(skb, full->ifindex, full->dir == XFRM_SA_DIR_IN ?
						 XFRM_OFFLOAD_INBOUND : 0);
}

/**
 * xfrm_full_put_policy() - tell user space about a policy's full offload
 * @skb: the message
 * @xp: the policy
 *
 * Return: 0, or -EMSGSIZE.
 */
int xfrm_full_put_policy(struct sk_buff *skb, const struct xfrm_policy *xp)
{
	return xp->full ? xfrm_full_put(skb, xp->full->ifindex, 0) : 0;
}
