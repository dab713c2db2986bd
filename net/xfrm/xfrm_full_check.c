// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: what user space asks for, and what it is told.
 *
 * Everything is refused by name before anything is touched.  What remains is
 * the driver's to accept or to refuse.
 */

#include <kunit/visibility.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/string.h>
#include <net/netlink.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/* Mode of later kernels */
#define XFRM_FULL_MODE_IPTFS	5

/**
 * xfrm_full_capable() - can a device do full offload?
 * @dev: the device
 *
 * Return: true if its driver has all operations that it must have.
 */
bool xfrm_full_capable(const struct net_device *dev)
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
		NL_SET_ERR_MSG(extack,
			       "No device has this ifindex: name another, or leave out offload");
		return ERR_PTR(-ENODEV);
	}
	if (!xfrm_full_capable(dev)) {
		NL_SET_ERR_MSG(extack,
			       "Device doesn't support full offload: name another, or leave out offload");
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
	/* and what to use instead */
	NL_SET_ERR_MSG_FMT(extack, "Full offload doesn't support %s", what);
	return -EOPNOTSUPP;
}

static int xfrm_full_check_flags(u8 flags, u8 known,
				 struct netlink_ext_ack *extack)
{
	if (flags & XFRM_OFFLOAD_PACKET) {
		NL_SET_ERR_MSG(extack,
			       "Full and packet offload exclude each other: leave out one");
		return -EINVAL;
	}
	if (flags & ~known) {
		NL_SET_ERR_MSG(extack,
			       "Unrecognized flags in offload request");
		return -EINVAL;
	}

	return 0;
}

static const char *xfrm_full_proto_unsupported(u8 proto)
{
	switch (proto) {
	case IPPROTO_ESP:
		return NULL;
	case IPPROTO_AH:
		return "AH; use ESP";
	case IPPROTO_COMP:
		return "IPComp; use ESP";
	default:
		return "this protocol; use ESP";
	}
}

static const char *xfrm_full_mode_unsupported(u8 mode)
{
	switch (mode) {
	case XFRM_MODE_TUNNEL:
	case XFRM_MODE_TRANSPORT:
		return NULL;
	case XFRM_MODE_BEET:
		return "BEET mode; use tunnel or transport";
	case XFRM_FULL_MODE_IPTFS:
		return "IP-TFS; use mode tunnel";
	default:
		return "this mode; use tunnel or transport";
	}
}

/* What can't be said of any device; @type is set to the attribute to blame. */
static const char *xfrm_full_state_unsupported(const struct xfrm_state *x,
					       int *type)
{
	const char *what;

	*type = XFRMA_OFFLOAD_DEV;
	what = xfrm_full_proto_unsupported(x->id.proto);
	if (what)
		return what;
	what = xfrm_full_mode_unsupported(x->props.mode);
	if (what)
		return what;
	if (x->props.flags & XFRM_STATE_WILDRECV)
		return "wildcard receive; leave out wildrecv";

	*type = XFRMA_TFCPAD;
	if (x->tfcpad)
		return "TFC padding; leave it out";
	*type = XFRMA_SA_EXTRA_FLAGS;
	if (x->props.extra_flags & XFRM_SA_XFLAG_OSEQ_MAY_WRAP)
		return "oseq-may-wrap; leave it out";
	*type = XFRMA_MARK;
	if (x->mark.v | x->mark.m)
		return "marks; leave them out";
	*type = XFRMA_SET_MARK;
	if (x->props.smark.v | x->props.smark.m)
		return "output marks; leave them out";
	*type = XFRMA_IF_ID;
	if (x->if_id)
		return "interface ids; leave them out";
	*type = XFRMA_SA_PCPU;
	if (x->pcpu_num != UINT_MAX)
		return "per-CPU SAs; leave out the CPU";
	*type = XFRMA_SEC_CTX;
	if (x->security)
		return "security contexts; leave them out";

	return NULL;
}

#define XFRM_FULL_READ_ONLY {						\
	.type = NLA_REJECT,						\
	.reject_message = "Only the kernel tells this; leave it out",	\
}

static const struct nla_policy xfrm_full_policy[XFRMA_FULL_MAX + 1] = {
	[XFRMA_FULL_IDLE]	= { .type = NLA_U32 },
	[XFRMA_FULL_PLACE]	= XFRM_FULL_READ_ONLY,
	[XFRMA_FULL_EPOCH]	= XFRM_FULL_READ_ONLY,
	[XFRMA_FULL_DROPS]	= XFRM_FULL_READ_ONLY,
	[XFRMA_FULL_WANTED]	= XFRM_FULL_READ_ONLY,
	[XFRMA_FULL_REASON]	= XFRM_FULL_READ_ONLY,
};

static int xfrm_full_parse(struct nlattr *attr, u32 *idle,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[XFRMA_FULL_MAX + 1];
	int err;

	*idle = 0;
	if (!attr)
		return 0;

	err = nla_parse_nested(tb, XFRMA_FULL_MAX, attr, xfrm_full_policy,
			       extack);
	if (!err && tb[XFRMA_FULL_IDLE])
		*idle = nla_get_u32(tb[XFRMA_FULL_IDLE]);

	return err;
}

static int xfrm_full_check_fallback(const struct xfrm_full_request *rq)
{
	const struct xfrm_user_offload *xuo;

	xuo = nla_data(rq->attrs[XFRMA_OFFLOAD_DEV]);
	if (!(xuo->flags & XFRM_OFFLOAD_FALLBACK) ||
	    rq->caps->flags & XFRM_OFFLOAD_CAP_STOP)
		return 0;

	NL_SET_ERR_MSG_ATTR(rq->extack, rq->attrs[XFRMA_OFFLOAD_DEV],
			    "Device can't give an SA back: leave out fallback");
	return -EOPNOTSUPP;
}

/* The host is to be spared what comes in, not only to drop it. */
static int xfrm_full_check_drop(const struct xfrm_full_request *rq)
{
	const struct xfrm_user_offload *xuo;

	xuo = nla_data(rq->attrs[XFRMA_OFFLOAD_DEV]);
	if (!(xuo->flags & XFRM_OFFLOAD_DROP) || rq->dir != XFRM_SA_DIR_IN ||
	    rq->caps->flags & XFRM_OFFLOAD_CAP_DROP_ONLY)
		return 0;

	NL_SET_ERR_MSG_ATTR(rq->extack, rq->attrs[XFRMA_OFFLOAD_DEV],
			    "Device can't drop exceptions by itself: leave out exceptions drop");
	return -EOPNOTSUPP;
}

static int xfrm_full_check_all(const struct xfrm_full_request *rq)
{
	return xfrm_full_check_caps(rq) ? :
	       xfrm_full_check_fallback(rq) ? : xfrm_full_check_drop(rq);
}

static int xfrm_full_check_updates(const struct xfrm_full_request *rq)
{
	if (rq->caps->flags & XFRM_OFFLOAD_CAP_UPDATE)
		return 0;

	NL_SET_ERR_MSG_ATTR(rq->extack, rq->attrs[XFRMA_OFFLOAD_DEV],
			    "Device can't change limits, ports or selector of a live SA: delete the SA and add it");
	return -EOPNOTSUPP;
}

static int xfrm_full_check_changed(const struct xfrm_full_request *rq)
{
	return xfrm_full_check_updates(rq) ? : xfrm_full_check_changes(rq);
}

static u8 xfrm_full_asked_dir(const struct xfrm_user_offload *xuo)
{
	return xuo->flags & XFRM_OFFLOAD_INBOUND ? XFRM_SA_DIR_IN :
						   XFRM_SA_DIR_OUT;
}

static int xfrm_full_caps_of(struct net *net, int ifindex,
			     struct xfrm_full_caps *caps,
			     struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = xfrm_full_dev_rcu(net, ifindex, extack);
	if (!IS_ERR(dev))
		xfrm_full_dev_caps(dev, caps);
	rcu_read_unlock();

	return PTR_ERR_OR_ZERO(dev);
}

static int xfrm_full_check_by(int (*check)(const struct xfrm_full_request *rq),
			      struct net *net, const struct xfrm_state *x,
			      struct nlattr **attrs,
			      struct netlink_ext_ack *extack)
{
	const struct xfrm_user_offload *xuo;
	struct xfrm_full_caps caps;
	struct xfrm_full_request rq = {
		.x = x,
		.attrs = attrs,
		.extack = extack,
		.caps = &caps,
	};

	xuo = nla_data(attrs[XFRMA_OFFLOAD_DEV]);
	rq.dir = xfrm_full_asked_dir(xuo);

	return xfrm_full_caps_of(net, xuo->ifindex, &caps, extack) ? :
	       check(&rq);
}

/**
 * xfrm_full_check_new() - can a live SA become what an update wants?
 * @net: namespace of the request
 * @x: the SA as it is to be
 * @changed: the device has to learn of it
 * @attrs: attributes of the request, by XFRMA_*; XFRMA_OFFLOAD_DEV is there
 * @extack: says what is wrong
 *
 * Context: process.
 * Return: 0, or a negative errno.
 */
int xfrm_full_check_new(struct net *net, const struct xfrm_state *x,
			bool changed, struct nlattr **attrs,
			struct netlink_ext_ack *extack)
{
	return xfrm_full_check_by(changed ? xfrm_full_check_changed :
					    xfrm_full_check_changes,
				  net, x, attrs, extack);
}

/**
 * xfrm_full_check_state() - can an SA have full offload?
 * @net: namespace of the request
 * @x: the SA
 * @attrs: attributes of the request, by XFRMA_*
 * @idle: set to the seconds that it may be idle
 * @extack: says what is wrong
 *
 * Context: process.
 * Return: 0, or a negative errno.
 */
int xfrm_full_check_state(struct net *net, const struct xfrm_state *x,
			  struct nlattr **attrs, u32 *idle,
			  struct netlink_ext_ack *extack)
{
	const struct xfrm_user_offload *xuo;
	const char *what;
	int err, type;
	u8 dir;

	xuo = nla_data(attrs[XFRMA_OFFLOAD_DEV]);
	dir = xfrm_full_asked_dir(xuo);

	err = xfrm_full_check_flags(xuo->flags, XFRM_OFFLOAD_FULL |
				    XFRM_OFFLOAD_INBOUND | XFRM_OFFLOAD_IPV6 |
				    XFRM_OFFLOAD_MOVE | XFRM_FULL_FLAGS,
				    extack);
	if (!err)
		err = xfrm_full_check_dev(net, xuo->ifindex, extack);
	if (err) {
		NL_SET_BAD_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV]);
		return err;
	}

	err = xfrm_full_parse(attrs[XFRMA_FULL], idle, extack);
	if (err)
		return err;

	if (x->dir && x->dir != dir) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_SA_DIR],
				    "Mismatched SA and offload direction: use the same");
		return -EINVAL;
	}

	what = xfrm_full_state_unsupported(x, &type);
	if (what) {
		NL_SET_BAD_ATTR(extack, attrs[type]);
		return xfrm_full_refuse(extack, what);
	}

	return xfrm_full_check_by(xfrm_full_check_all, net, x, attrs, extack);
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_check_state);

/* Likewise; @type is set to the attribute to blame. */
static const char *xfrm_full_policy_unsupported(const struct xfrm_policy *xp,
						int *type)
{
	const struct xfrm_tmpl *tmpl = &xp->xfrm_vec[0];
	const char *what;

	*type = XFRMA_POLICY_TYPE;
	if (xp->type != XFRM_POLICY_TYPE_MAIN)
		return "sub-policies; use type main";

	*type = XFRMA_OFFLOAD_DEV;
	if (!xp->xfrm_nr)
		return "policies without a template; add one";

	*type = XFRMA_TMPL;
	if (xp->xfrm_nr > 1)
		return "policies with several templates; use one";
	what = xfrm_full_proto_unsupported(tmpl->id.proto);
	if (what)
		return what;
	what = xfrm_full_mode_unsupported(tmpl->mode);
	if (what)
		return what;
	if (tmpl->optional)
		return "optional templates; use level required";

	*type = XFRMA_IF_ID;
	if (xp->if_id)
		return "interface ids; leave them out";
	*type = XFRMA_SEC_CTX;
	if (xp->security)
		return "security contexts; leave them out";

	return NULL;
}

/**
 * xfrm_full_policy_init() - prepare a policy for full offload
 * @net: namespace of the request
 * @xp: the policy, complete but not inserted
 * @attrs: attributes of the request, by XFRMA_*; XFRMA_OFFLOAD_DEV is there
 * @extack: says what is wrong
 *
 * The host enforces the policy, whatever becomes of the device: a policy whose
 * SAs went with their device blocks.
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno.
 */
int xfrm_full_policy_init(struct net *net, struct xfrm_policy *xp,
			  struct nlattr **attrs,
			  struct netlink_ext_ack *extack)
{
	const struct xfrm_user_offload *xuo;
	const char *what;
	int err, type;

	xuo = nla_data(attrs[XFRMA_OFFLOAD_DEV]);
	err = xfrm_full_check_flags(xuo->flags, XFRM_OFFLOAD_FULL, extack);
	if (!err)
		err = xfrm_full_check_dev(net, xuo->ifindex, extack);
	if (err) {
		NL_SET_BAD_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV]);
		return err;
	}

	what = xfrm_full_policy_unsupported(xp, &type);
	if (what) {
		NL_SET_BAD_ATTR(extack, attrs[type]);
		return xfrm_full_refuse(extack, what);
	}

	xp->full = kzalloc(sizeof(*xp->full), GFP_KERNEL);
	if (!xp->full)
		return -ENOMEM;

	xp->full->ifindex = xuo->ifindex;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_policy_init);

static int xfrm_full_put(struct sk_buff *skb, int ifindex, u8 flags)
{
	struct xfrm_user_offload xuo;

	/* It has a hole, which user space gets to see. */
	memset(&xuo, 0, sizeof(xuo));
	xuo.ifindex = ifindex;
	xuo.flags = XFRM_OFFLOAD_FULL | flags;

	return nla_put(skb, XFRMA_OFFLOAD_DEV, sizeof(xuo), &xuo);
}

static int xfrm_full_put_wish(struct sk_buff *skb,
			      const struct xfrm_full *full)
{
	return nla_put_u32(skb, XFRMA_FULL_IDLE, READ_ONCE(full->idle)) ? :
	       nla_put_u8(skb, XFRMA_FULL_WANTED, READ_ONCE(full->wanted));
}

static int xfrm_full_put_fact(struct sk_buff *skb,
			      const struct xfrm_full *full)
{
	return nla_put_u8(skb, XFRMA_FULL_PLACE, READ_ONCE(full->place)) ? :
	       nla_put_u16(skb, XFRMA_FULL_EPOCH, READ_ONCE(full->epoch)) ? :
	       nla_put(skb, XFRMA_FULL_DROPS, sizeof(full->drops),
		       full->drops) ? :
	       nla_put_u8(skb, XFRMA_FULL_REASON, READ_ONCE(full->reason));
}

/* The state that an update was made of is told in place of the SA: it has wishes. */
static bool xfrm_full_is_request(const struct xfrm_full *full)
{
	return full->x->km.state == XFRM_STATE_DEAD && !full->live &&
	       !full->epoch;
}

static int xfrm_full_put_extra(struct sk_buff *skb,
			       const struct xfrm_full *full)
{
	struct nlattr *nest;
	int err;

	nest = nla_nest_start(skb, XFRMA_FULL);
	if (!nest)
		return -EMSGSIZE;

	err = xfrm_full_put_wish(skb, full);
	if (!err && !xfrm_full_is_request(full))
		err = xfrm_full_put_fact(skb, full);
	if (err) {
		nla_nest_cancel(skb, nest);
		return err;
	}

	nla_nest_end(skb, nest);
	return 0;
}

/**
 * xfrm_full_put_state() - tell user space about an SA's full offload
 * @skb: the message
 * @x: the SA
 *
 * The device is named as long as user space wants the SA to be in it.
 *
 * Return: 0, or -EMSGSIZE.
 */
int xfrm_full_put_state(struct sk_buff *skb, const struct xfrm_state *x)
{
	const struct xfrm_full *full = xfrm_full_get(x);
	int err = 0;
	u8 flags;

	if (!full)
		return 0;

	flags = READ_ONCE(full->flags);
	if (full->dir == XFRM_SA_DIR_IN)
		flags |= XFRM_OFFLOAD_INBOUND;
	if (READ_ONCE(full->wanted) == XFRM_FULL_DEVICE)
		err = xfrm_full_put(skb, full->ifindex, flags);

	return err ? : xfrm_full_put_extra(skb, full);
}

/**
 * xfrm_full_state_size() - room that xfrm_full_put_state() needs
 * @x: the SA
 *
 * Return: bytes.
 */
unsigned int xfrm_full_state_size(const struct xfrm_state *x)
{
	const struct xfrm_full *full = xfrm_full_get(x);

	if (!full)
		return 0;

	return nla_total_size(sizeof(struct xfrm_user_offload)) +
	       nla_total_size(0) +
	       nla_total_size(sizeof(u32)) +	/* XFRMA_FULL_IDLE */
	       nla_total_size(sizeof(u8)) +	/* XFRMA_FULL_PLACE */
	       nla_total_size(sizeof(u16)) +	/* XFRMA_FULL_EPOCH */
	       nla_total_size(sizeof(full->drops)) +
	       nla_total_size(sizeof(u8)) +	/* XFRMA_FULL_WANTED */
	       nla_total_size(sizeof(u8));	/* XFRMA_FULL_REASON */
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
