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

/* What xfrm_state_update() would refuse, or do without the device. */
static int xfrm_full_check_update(const struct xfrm_state *old,
				  const struct xfrm_state *new,
				  struct nlattr **attrs,
				  struct netlink_ext_ack *extack)
{
	if (!xfrm_full_state_update_ok(old, new)) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV],
				    "An update can't change an SA's full offload: delete the SA and add it");
		return -EOPNOTSUPP;
	}
	if (!old->encap != !new->encap) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_ENCAP],
				    "An update can't turn UDP encapsulation on or off");
		return -EINVAL;
	}
	if (memcmp(&old->sel, &new->sel, sizeof(old->sel))) {
		NL_SET_ERR_MSG(extack,
			       "An update can't change the selector of an SA with full offload");
		return -EOPNOTSUPP;
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

static void xfrm_full_release_events(struct xfrm_state *x)
{
	spin_lock_bh(&x->lock);
	xfrm_full_state_updated(x);
	if (x->km.state == XFRM_STATE_VALID && x->curlft.use_time)
		xfrm_state_check_expire(x);
	spin_unlock_bh(&x->lock);
}

static int xfrm_full_update_device(struct xfrm_state *old,
				   const struct xfrm_state *new,
				   struct netlink_ext_ack *extack)
{
	const struct xfrm_full_update upd = {
		.lft = &new->lft,
		.encap = new->encap,
	};
	struct net_device *dev = old->full->dev;
	int err;

	if (xfrm_full_same_volume(&old->lft, &new->lft) &&
	    xfrm_full_same_ports(old->encap, new->encap))
		return 0;

	if (!dev->xfrmdev_ops->xdo_dev_full_state_update) {
		NL_SET_ERR_MSG(extack,
			       "Device can't change limits or ports of a live SA");
		return -EOPNOTSUPP;
	}

	xfrm_full_hold_events(old, true);
	err = dev->xfrmdev_ops->xdo_dev_full_state_update(dev, old, &upd,
							  extack);
	if (err) {
		NL_SET_ERR_MSG_WEAK(extack, "Device refused the update");
		xfrm_full_release_events(old);
	}

	return err;
}

static int xfrm_full_update_live(struct xfrm_state *old,
				 const struct xfrm_state *new,
				 struct nlattr **attrs,
				 struct netlink_ext_ack *extack)
{
	struct xfrm_full *full = old->full;
	int err;

	if (!full && !new->full)
		return 0;
	err = xfrm_full_check_update(old, new, attrs, extack);
	if (err)
		return err;

	mutex_lock(&full->mutex);
	err = -ESRCH;
	if (xfrm_full_in_device(full))
		err = xfrm_full_update_device(old, new, extack);
	if (!err)
		WRITE_ONCE(full->idle, new->full->idle);
	mutex_unlock(&full->mutex);

	return err;
}

/**
 * xfrm_full_state_update() - a live SA is about to be updated
 * @new: what it is to become
 * @attrs: attributes of the request, by XFRMA_*
 * @extack: says what is wrong
 *
 * Changes the device.  xfrm_state_update() follows, which can then fail only if
 * the SA is deleted meanwhile.
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

	if (old->km.state == XFRM_STATE_VALID && !xfrm_state_kern(old) &&
	    old->dir == new->dir)
		err = xfrm_full_update_live(old, new, attrs, extack);

	xfrm_state_put(old);
	return err;
}

/**
 * xfrm_full_state_updated() - an SA has its new limits
 * @x: the SA
 *
 * Whether it has reached them already is for xfrm_state_check_expire() to see,
 * which goes by the counters that are read here.
 *
 * Context: x->lock held.
 */
void xfrm_full_state_updated(struct xfrm_state *x)
{
	if (!xfrm_full_get(x))
		return;

	xfrm_full_state_stats(x);
	x->full->updating = false;
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
	if (left > 0)
		return min(left, idle);

	if (!full->idle_told) {
		full->idle_told = true;
		xfrm_full_notify_idle(x);
	}
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

	if (xfrm_full_awaits_use(x))
		next = min_t(time64_t, next, XFRM_FULL_POLL_SECONDS);
	if (full->idle)
		next = min(next, xfrm_full_check_idle(x, now));

	return next;
}
