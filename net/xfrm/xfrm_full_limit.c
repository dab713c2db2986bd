// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: limits of an SA's life.
 *
 * Limits in packets and bytes are the device's: it enforces them and tells by
 * event, see xfrm_full_event.c.  Limits in seconds are XFRM's timer's, which
 * reads when an SA was used from the device.
 */

#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/string.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/* Seconds between two looks at an SA whose first use starts a limit. */
#define XFRM_FULL_POLL_SECONDS	1

/* Seconds between two looks at any other SA: nothing waits for its counters,
 * but what a device knows is lost with it.
 */
#define XFRM_FULL_STATS_SECONDS	60

static bool xfrm_full_same_volume(const struct xfrm_lifetime_cfg *a,
				  const struct xfrm_lifetime_cfg *b)
{
	return a->soft_packet_limit == b->soft_packet_limit &&
	       a->hard_packet_limit == b->hard_packet_limit &&
	       a->soft_byte_limit == b->soft_byte_limit &&
	       a->hard_byte_limit == b->hard_byte_limit;
}

static bool xfrm_full_same_ports(const struct xfrm_encap_tmpl *a,
				 const struct xfrm_encap_tmpl *b)
{
	if (!a || !b)
		return a == b;
	return a->encap_sport == b->encap_sport &&
	       a->encap_dport == b->encap_dport;
}

/* What xfrm_state_update() would refuse when the SA has moved already. */
static bool xfrm_full_same_encap(const struct xfrm_state *old,
				 const struct xfrm_state *new)
{
	if (!old->encap || !new->encap)
		return !old->encap && !new->encap;
	return old->encap->encap_type == new->encap->encap_type;
}

/* What xfrm_state_update() would refuse, or do without the device. */
static int xfrm_full_check_update(const struct xfrm_state *old,
				  const struct xfrm_state *new,
				  struct nlattr **attrs,
				  struct netlink_ext_ack *extack)
{
	if (new->full &&
	    old->xso.type != XFRM_DEV_OFFLOAD_UNSPECIFIED) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV],
				    "An SA with crypto or packet offload can't be moved: delete the SA and add it");
		return -EOPNOTSUPP;
	}
	if (new->xso.type != XFRM_DEV_OFFLOAD_UNSPECIFIED) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV],
				    "An SA with full offload can't have another kind of offload: delete the SA and add it");
		return -EOPNOTSUPP;
	}
	if (!xfrm_full_same_encap(old, new)) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_ENCAP],
				    "An update can't turn UDP encapsulation on or off");
		return -EINVAL;
	}
	/* What XFRM has derived from it is not derived again. */
	if (!old->sel.family && new->sel.family) {
		NL_SET_ERR_MSG(extack,
			       "The SA is for both families: the update needs the flag af-unspec, too");
		return -EINVAL;
	}
	if (old->sel.family != new->sel.family) {
		NL_SET_ERR_MSG(extack,
			       "The SA's selector has another family: name the selector in the update");
		return -EINVAL;
	}

	return 0;
}

/* Soft limits met from here on are left to xfrm_full_state_updated(). */
static void xfrm_full_hold_events(struct xfrm_state *x, bool hold)
{
	spin_lock_bh(&x->lock);
	x->full->updating = hold;
	spin_unlock_bh(&x->lock);
}

/* Soft limits that the device has met meanwhile show in the counters. */
static void xfrm_full_end_update(struct xfrm_state *x)
{
	xfrm_full_state_stats(x);
	x->full->updating = false;
}

static void xfrm_full_release_events(struct xfrm_state *x)
{
	spin_lock_bh(&x->lock);
	xfrm_full_end_update(x);
	if (x->km.state == XFRM_STATE_VALID && x->curlft.use_time)
		xfrm_state_check_expire(x);
	spin_unlock_bh(&x->lock);
}

static bool xfrm_full_same_selector(const struct xfrm_state *a,
				    const struct xfrm_state *b)
{
	return !memcmp(&a->sel, &b->sel, sizeof(a->sel));
}

static bool xfrm_full_is_changed(const struct xfrm_state *old,
				 const struct xfrm_state *new)
{
	return !xfrm_full_same_selector(old, new) ||
	       !xfrm_full_same_volume(&old->lft, &new->lft) ||
	       !xfrm_full_same_ports(old->encap, new->encap);
}

static int xfrm_full_update_device(struct xfrm_state *old,
				   const struct xfrm_state *new,
				   struct netlink_ext_ack *extack)
{
	struct xfrm_full_update upd = {
		.lft = &new->lft,
		.encap = new->encap,
	};
	struct net_device *dev = old->full->dev;
	int err;

	if (!xfrm_full_is_changed(old, new))
		return 0;
	if (!xfrm_full_same_selector(old, new))
		upd.sel = &new->sel;

	xfrm_full_hold_events(old, true);
	err = dev->xfrmdev_ops->xdo_dev_full_state_update(dev, old, &upd,
							  extack);
	if (err) {
		NL_SET_ERR_MSG_WEAK(extack, "Device refused the update");
		xfrm_full_release_events(old);
	}

	return err;
}

/* A device, or software */
struct xfrm_full_spot {
	bool	device;
	int	ifindex;
	u8	flags;
};

static struct xfrm_full_spot xfrm_full_spot_of(const struct xfrm_full *full,
					       bool device)
{
	struct xfrm_full_spot spot = {};

	if (full) {
		spot.device = device;
		spot.ifindex = full->ifindex;
		spot.flags = full->flags;
	}

	return spot;
}

static int xfrm_full_go(struct xfrm_full *full,
			const struct xfrm_full_spot *spot,
			struct netlink_ext_ack *extack)
{
	if (spot->device)
		return xfrm_full_enter(full, spot->ifindex, spot->flags,
				       extack);
	return xfrm_full_exit(full, extack);
}

/* Back to where it was, which may not have been where it was wanted. */
static void xfrm_full_go_back(struct xfrm_full *full,
			      const struct xfrm_full_spot *from, u8 wanted,
			      u8 reason)
{
	if (xfrm_full_go(full, from, NULL))
		return;

	full->ifindex = from->ifindex;
	WRITE_ONCE(full->flags, from->flags);
	WRITE_ONCE(full->wanted, wanted);
	WRITE_ONCE(full->reason, reason);
}

/* The SA goes where @new wants it, and the device learns what is new. */
static int xfrm_full_update_moved(struct xfrm_state *old,
				  const struct xfrm_state *new,
				  struct netlink_ext_ack *extack)
{
	const struct xfrm_full *next = new->full;
	struct xfrm_full *full = old->full;
	u8 wanted = full->wanted, reason = full->reason;
	struct xfrm_full_spot from, to;
	int err;

	from = xfrm_full_spot_of(full, full->place != XFRM_FULL_SOFTWARE);
	to = xfrm_full_spot_of(next, next && next->wanted == XFRM_FULL_DEVICE);
	err = xfrm_full_go(full, &to, extack);
	if (!err)
		err = xfrm_full_check_alive(full, extack);
	if (err || full->place == XFRM_FULL_SOFTWARE)
		return err;

	err = xfrm_full_update_device(old, new, extack);
	if (err)
		xfrm_full_go_back(full, &from, wanted, reason);
	return err;
}

static int xfrm_full_update_live(struct xfrm_state *old,
				 const struct xfrm_state *new,
				 struct nlattr **attrs,
				 struct netlink_ext_ack *extack)
{
	enum xfrm_full_place was;
	u32 idle = 0;
	int err;

	if (!old->full && !new->full)
		return 0;
	err = xfrm_full_check_update(old, new, attrs, extack);
	/* The numbers and counters of the SA are not those of the request. */
	if (!err && new->full)
		err = xfrm_full_check_state(xs_net(old), old, attrs, &idle,
					    extack) ? :
		      xfrm_full_check_new(xs_net(old), new,
					  xfrm_full_is_changed(old, new),
					  attrs, extack);
	if (!err && new->full)
		err = xfrm_full_adopt(old, nla_data(attrs[XFRMA_OFFLOAD_DEV]),
				      extack);
	if (err)
		return err;

	mutex_lock(&old->full->mutex);
	was = old->full->place;
	err = xfrm_full_update_moved(old, new, extack);
	if (!err)
		WRITE_ONCE(old->full->idle, idle);
	mutex_unlock(&old->full->mutex);
	if (err)
		xfrm_full_tell_left(old, was);

	if (err && extack && !extack->bad_attr)
		NL_SET_BAD_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV]);
	return err;
}

/* Does the update name the direction of the SA?  One that was added without has
 * that of its full offload, which xfrm_state_update() doesn't know: to it, both
 * have none.
 */
static int xfrm_full_match_dir(const struct xfrm_state *old,
			       struct xfrm_state *new, struct nlattr **attrs,
			       struct netlink_ext_ack *extack)
{
	if (old->dir == new->dir || (!old->full && !new->full))
		return 0;

	if (!old->dir && (!old->full || old->full->dir == new->dir)) {
		new->dir = 0;
		return 0;
	}

	if (new->dir)
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_SA_DIR],
				    "The SA has another direction");
	else
		NL_SET_ERR_MSG(extack,
			       "The SA has a direction: name it in the update");
	return -EINVAL;
}

/* What xfrm_state_update() would refuse without a word. */
static int xfrm_full_match_larval(const struct xfrm_state *old,
				  const struct xfrm_state *new,
				  struct nlattr **attrs,
				  struct netlink_ext_ack *extack)
{
	if (!new->full || !new->dir || old->dir == new->dir)
		return 0;

	NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_SA_DIR],
			    "The SPI was allocated without this direction");
	return -EINVAL;
}

/**
 * xfrm_full_state_update() - a live SA is about to be updated
 * @new: what it is to become
 * @attrs: attributes of the request, by XFRMA_*
 * @extack: says what is wrong
 *
 * Moves the SA if the offload attribute is not that of the SA, and changes the
 * device.  xfrm_state_update() follows, which can then fail only if the SA is
 * deleted meanwhile.
 *
 * Context: process, may sleep, net->xfrm.xfrm_cfg_mutex held.
 * Return: 0, or a negative errno: nothing has changed.
 */
int xfrm_full_state_update(struct xfrm_state *new, struct nlattr **attrs,
			   struct netlink_ext_ack *extack)
{
	struct xfrm_state *old;
	int err = 0;

	if (!xfrm_full_used())
		return 0;

	old = xfrm_state_lookup(xs_net(new), new->mark.v & new->mark.m,
				&new->id.daddr, new->id.spi, new->id.proto,
				new->props.family);
	if (!old)
		return 0;

	if (old->km.state == XFRM_STATE_ACQ)
		err = xfrm_full_match_larval(old, new, attrs, extack);
	else if (old->km.state == XFRM_STATE_VALID && !xfrm_state_kern(old))
		err = xfrm_full_match_dir(old, new, attrs, extack) ?:
		      xfrm_full_update_live(old, new, attrs, extack);

	xfrm_state_put(old);
	return err;
}

/**
 * xfrm_full_state_updated() - an SA has its new limits
 * @x: the SA
 * @new: what it is to become: of a selector, only an SA with full offload learns
 *
 * Whether it has reached them already is for xfrm_state_check_expire() to see,
 * which goes by the counters that are read here.
 *
 * Context: x->lock held.
 */
void xfrm_full_state_updated(struct xfrm_state *x,
			     const struct xfrm_state *new)
{
	if (!xfrm_full_get(x))
		return;

	if (!xfrm_full_same_selector(x, new)) {
		memcpy(&x->sel, &new->sel, sizeof(x->sel));
		/* Who has the SA in a bundle may have to look for another. */
		xfrm_state_bump_genids(x);
	}
	xfrm_full_end_update(x);
}

static bool xfrm_full_awaits_use(const struct xfrm_state *x)
{
	return !x->curlft.use_time && (x->lft.soft_use_expires_seconds ||
				       x->lft.hard_use_expires_seconds);
}

/* Seconds until the SA has been idle for too long, from the next time on if it
 * is by now.
 */
static time64_t xfrm_full_check_idle(struct xfrm_state *x, time64_t now)
{
	struct xfrm_full *full = x->full;
	time64_t idle = full->idle;
	time64_t left;

	left = max_t(time64_t, x->lastused, x->curlft.add_time) + idle - now;
	if (left > 0) {
		full->idle_told = false;
		return min(left, idle);
	}

	if (!full->idle_told)
		full->idle_told = xfrm_full_notify_idle(x);
	return idle;
}

/**
 * xfrm_full_state_timer() - XFRM's timer looks at an SA
 * @x: the SA, its counters just read
 * @now: seconds of CLOCK_REALTIME
 * @next: seconds until the timer has to look again
 *
 * Context: softirq, x->lock held.
 * Return: seconds until the timer has to look again.
 */
time64_t xfrm_full_state_timer(struct xfrm_state *x, time64_t now,
			       time64_t next)
{
	const struct xfrm_full *full = xfrm_full_get(x);

	if (!full || READ_ONCE(full->place) == XFRM_FULL_DEAD)
		return next;

	next = min_t(time64_t, next, XFRM_FULL_STATS_SECONDS);
	if (xfrm_full_awaits_use(x))
		next = min_t(time64_t, next, XFRM_FULL_POLL_SECONDS);
	if (full->idle)
		next = min(next, xfrm_full_check_idle(x, now));

	return next;
}
