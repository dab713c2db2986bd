// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: user space moves a live SA, or changes it otherwise.
 *
 * XFRM_MSG_UPDSA with XFRM_OFFLOAD_MOVE has the identity of an SA and a place,
 * and nothing else: no keys, limits or selector to be taken over by mistake.
 * What would change an SA behind its device's back has it moved to software
 * before, or is refused.
 */

#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

static const char *xfrm_full_move_excess(struct nlattr **attrs, int *type)
{
	for (*type = 1; *type <= XFRMA_MAX; (*type)++) {
		if (!attrs[*type])
			continue;

		switch (*type) {
		case XFRMA_OFFLOAD_DEV:
		case XFRMA_MARK:
		case XFRMA_SA_DIR:
		case XFRMA_IF_ID:
			continue;
		case XFRMA_ALG_AEAD:
		case XFRMA_ALG_AUTH:
		case XFRMA_ALG_AUTH_TRUNC:
		case XFRMA_ALG_CRYPT:
		case XFRMA_ALG_COMP:
			return "algorithms";
		case XFRMA_ENCAP:
			return "encapsulation";
		case XFRMA_LTIME_VAL:
			return "lifetimes";
		case XFRMA_REPLAY_VAL:
		case XFRMA_REPLAY_ESN_VAL:
			return "replay state";
		case XFRMA_FULL:
			return "other properties of full offload";
		default:
			return "this attribute";
		}
	}

	return NULL;
}

static int xfrm_full_check_move(const struct nlmsghdr *nlh,
				struct nlattr **attrs,
				struct netlink_ext_ack *extack)
{
	const struct xfrm_user_offload *xuo;
	const char *excess;
	int type;
	u8 flags;

	xuo = nla_data(attrs[XFRMA_OFFLOAD_DEV]);
	flags = xuo->flags & ~XFRM_OFFLOAD_MOVE;

	if (nlh->nlmsg_type != XFRM_MSG_UPDSA) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV],
				    "Only an update can move an SA");
		return -EINVAL;
	}
	excess = xfrm_full_move_excess(attrs, &type);
	if (excess) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attrs[type],
					"A move leaves the SA as it is: leave out %s",
					excess);
		return -EINVAL;
	}
	if (flags & XFRM_OFFLOAD_FULL && !(flags & XFRM_OFFLOAD_SOFTWARE))
		return 0;
	if (flags == XFRM_OFFLOAD_SOFTWARE && !xuo->ifindex)
		return 0;

	NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV],
			    "A move is either full, to a device, or to software, without one");
	return -EINVAL;
}

/* An SA that was added without a direction has that of its full offload. */
static u8 xfrm_full_dir_of(const struct xfrm_state *x,
			   const struct xfrm_user_offload *xuo)
{
	if (x->dir)
		return x->dir;
	if (x->full)
		return x->full->dir;
	return xuo->flags & XFRM_OFFLOAD_INBOUND ? XFRM_SA_DIR_IN :
						   XFRM_SA_DIR_OUT;
}

static int xfrm_full_check_moved(const struct xfrm_state *x,
				 struct nlattr **attrs,
				 struct netlink_ext_ack *extack)
{
	if (x->km.state != XFRM_STATE_VALID) {
		NL_SET_ERR_MSG(extack, "Only an SA that is valid can be moved");
		return -EINVAL;
	}
	if (xfrm_state_kern(x)) {
		NL_SET_ERR_MSG(extack, "SA is in use by tunnels");
		return -EPERM;
	}
	if (x->xso.type != XFRM_DEV_OFFLOAD_UNSPECIFIED) {
		NL_SET_ERR_MSG(extack,
			       "An SA with crypto or packet offload can't be moved: delete the SA and add it");
		return -EOPNOTSUPP;
	}
	if (attrs[XFRMA_SA_DIR] &&
	    nla_get_u8(attrs[XFRMA_SA_DIR]) !=
	    xfrm_full_dir_of(x, nla_data(attrs[XFRMA_OFFLOAD_DEV]))) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_SA_DIR],
				    "The SA has another direction");
		return -EINVAL;
	}
	if (attrs[XFRMA_IF_ID] && nla_get_u32(attrs[XFRMA_IF_ID]) != x->if_id) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_IF_ID],
				    "The SA has another interface id");
		return -EINVAL;
	}

	return 0;
}

/* An SA without limits in seconds had no use for its timer in software. */
static void xfrm_full_start_timer(struct xfrm_state *x)
{
	spin_lock_bh(&x->lock);
	if (x->km.state == XFRM_STATE_VALID && !hrtimer_is_queued(&x->mtimer))
		hrtimer_start(&x->mtimer, ktime_set(1, 0),
			      HRTIMER_MODE_REL_SOFT);
	spin_unlock_bh(&x->lock);
}

static int xfrm_full_place_device(struct xfrm_state *x, struct nlattr **attrs,
				  struct netlink_ext_ack *extack)
{
	const struct xfrm_user_offload *xuo;
	enum xfrm_full_place was;
	struct xfrm_full *full;
	u32 idle;
	int err;

	xuo = nla_data(attrs[XFRMA_OFFLOAD_DEV]);
	err = xfrm_full_check_state(xs_net(x), x, attrs, &idle, extack);
	if (!err)
		err = xfrm_full_adopt(x, xuo, extack);
	if (err)
		return err;

	full = x->full;
	mutex_lock(&full->mutex);
	was = full->place;
	err = xfrm_full_enter(full, xuo->ifindex, xuo->flags, extack);
	mutex_unlock(&full->mutex);
	if (err)
		xfrm_full_tell_left(x, was);
	else
		xfrm_full_start_timer(x);

	return err;
}

static int xfrm_full_place_software(struct xfrm_state *x,
				    struct netlink_ext_ack *extack)
{
	struct xfrm_full *full = x->full;
	int err;

	if (!full)
		return 0;

	mutex_lock(&full->mutex);
	err = xfrm_full_exit(full, extack);
	mutex_unlock(&full->mutex);

	return err;
}

static int xfrm_full_place(struct xfrm_state *x, struct nlattr **attrs,
			   struct netlink_ext_ack *extack)
{
	const struct xfrm_user_offload *xuo;
	int err;

	err = xfrm_full_check_moved(x, attrs, extack);
	if (err)
		return err;

	xuo = nla_data(attrs[XFRMA_OFFLOAD_DEV]);
	if (xuo->flags & XFRM_OFFLOAD_SOFTWARE)
		err = xfrm_full_place_software(x, extack);
	else
		err = xfrm_full_place_device(x, attrs, extack);
	if (err) {
		if (extack && !extack->bad_attr)
			NL_SET_BAD_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV]);
		return err;
	}

	/* What was derived from the SA's place is made anew. */
	xfrm_state_bump_genids(x);
	return 0;
}

/**
 * xfrm_full_request_move() - UPDSA that only moves an SA
 * @net: namespace of the request
 * @nlh: the request
 * @attrs: its attributes, by XFRMA_*
 * @portid: who asks
 * @extack: says what is wrong
 *
 * Context: process, may sleep, net->xfrm.xfrm_cfg_mutex held.
 * Return: 0, or a negative errno: the SA is as it was.
 */
int xfrm_full_request_move(struct net *net, const struct nlmsghdr *nlh,
			   struct nlattr **attrs, u32 portid,
			   struct netlink_ext_ack *extack)
{
	const struct xfrm_usersa_info *p = nlmsg_data(nlh);
	struct km_event c = {
		.seq = nlh->nlmsg_seq,
		.portid = portid,
		.event = nlh->nlmsg_type,
	};
	struct xfrm_state *x;
	struct xfrm_mark m;
	int err;

	err = xfrm_full_check_move(nlh, attrs, extack);
	if (err)
		return err;

	x = xfrm_state_lookup(net, xfrm_mark_get(attrs, &m), &p->id.daddr,
			      p->id.spi, p->id.proto, p->family);
	if (!x) {
		NL_SET_ERR_MSG(extack, "No SA has this identity");
		return -ESRCH;
	}

	err = xfrm_full_place(x, attrs, extack);
	xfrm_audit_state_add(x, !err, true);
	if (!err)
		km_state_notify(x, &c);
	xfrm_state_put(x);

	return err;
}

static int xfrm_full_leave_to_migrate(struct xfrm_full *full,
				      struct netlink_ext_ack *extack)
{
	int err = 0;

	mutex_lock(&full->mutex);
	if (READ_ONCE(full->place) != XFRM_FULL_SOFTWARE)
		err = xfrm_full_to_software(full, false,
					    XFRM_FULL_REASON_MIGRATE, extack);
	mutex_unlock(&full->mutex);

	return err;
}

static int xfrm_full_set_cloned(struct xfrm_full *full,
				struct netlink_ext_ack *extack)
{
	struct xfrm_state *x = full->x;
	int err = 0;

	spin_lock_bh(&x->lock);
	if (full->place == XFRM_FULL_DEAD ||
	    x->km.state != XFRM_STATE_VALID) {
		NL_SET_ERR_MSG(extack, "SA has expired, or was deleted");
		err = -ESRCH;
	} else if (full->cloned) {
		NL_SET_ERR_MSG(extack, "An SA migrates once in a request");
		err = -EEXIST;
	} else {
		full->cloned = true;
	}
	spin_unlock_bh(&x->lock);

	return err;
}

/* Whether the SA is where nobody has been told of. */
static bool xfrm_full_clear_cloned(struct xfrm_full *full)
{
	struct xfrm_state *x = full->x;
	bool moved;

	spin_lock_bh(&x->lock);
	full->cloned = false;
	moved = full->place == XFRM_FULL_SOFTWARE &&
		full->reason == XFRM_FULL_REASON_MIGRATE &&
		x->km.state == XFRM_STATE_VALID;
	spin_unlock_bh(&x->lock);

	return moved;
}

/**
 * xfrm_full_may_clone() - may MIGRATE make a successor of an SA?
 * @x: the SA
 *
 * Return: false if it goes on by itself, as xfrm_full_migrate_begin() did not have
 * it, or has come to its end meanwhile.
 */
bool xfrm_full_may_clone(const struct xfrm_state *x)
{
	const struct xfrm_full *full = xfrm_full_get(x);

	return READ_ONCE(x->km.state) != XFRM_STATE_DEAD &&
	       (!full || READ_ONCE(full->cloned));
}

/**
 * xfrm_full_migrate_begin() - SAs are about to get other addresses
 * @x: the SAs, referenced, with full offload or not
 * @n: their number
 * @extack: says what is wrong
 *
 * Only the device knows the numbers and the window with which a successor has to go
 * on, so it gives its SAs back.  When all are there their packets are dropped, or
 * the successors would issue and accept their numbers once more.
 *
 * Context: process, may sleep; net->xfrm.xfrm_cfg_mutex held.
 * Return: 0, or a negative errno. After either, xfrm_full_migrate_failed() lets
 * the SAs go on.
 */
int xfrm_full_migrate_begin(struct xfrm_state **x, int n,
			    struct netlink_ext_ack *extack)
{
	struct xfrm_full *full;
	int i, err = 0;

	for (i = 0; i < n && !err; i++) {
		full = xfrm_full_get(x[i]);
		if (full)
			err = xfrm_full_leave_to_migrate(full, extack);
	}
	for (i = 0; i < n && !err; i++) {
		full = xfrm_full_get(x[i]);
		if (full)
			err = xfrm_full_set_cloned(full, extack);
	}

	return err;
}

/**
 * xfrm_full_migrate_failed() - a request to migrate SAs has failed
 * @x: the SAs of xfrm_full_migrate_begin()
 * @n: their number
 * @cloned: those of them that had a successor, which is gone
 * @n_cloned: their number
 *
 * What a successor sent and took while it was there is not known any more, so its
 * SA expires. The others go on, with their addresses, and listeners are told where.
 *
 * Context: process.
 */
void xfrm_full_migrate_failed(struct xfrm_state **x, int n,
			      struct xfrm_state **cloned, int n_cloned)
{
	struct xfrm_full *full;
	int i;

	for (i = 0; i < n_cloned; i++)
		if (xfrm_full_get(cloned[i]))
			xfrm_full_expire(cloned[i]);
	for (i = 0; i < n; i++) {
		full = xfrm_full_get(x[i]);
		if (full && xfrm_full_clear_cloned(full))
			xfrm_full_tell_moved(x[i]);
	}
}

/**
 * xfrm_full_check_ae() - may user space set replay state and lifetimes of an SA?
 * @x: the SA
 * @extack: says what is wrong
 *
 * Return: 0, or a negative errno.
 */
int xfrm_full_check_ae(const struct xfrm_state *x,
		       struct netlink_ext_ack *extack)
{
	const struct xfrm_full *full = xfrm_full_get(x);

	if (!full || READ_ONCE(full->place) == XFRM_FULL_SOFTWARE)
		return 0;

	NL_SET_ERR_MSG(extack,
		       "Replay state and lifetime of an SA in a device belong to the device: move the SA to software first");
	return -EOPNOTSUPP;
}
