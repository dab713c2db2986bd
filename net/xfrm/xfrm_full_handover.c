// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: how an SA gets into a device, and out of it again.
 *
 * The device runs, or stops, under x->lock, and in the same critical section
 * the SA's place changes.  No packet that software numbers or checks comes in
 * between, so no number is missing and none is used twice.  What has been given
 * to the device before an SA leaves is not lost:
 *
 * - Outbound packets that the driver has posted are sent, while software
 *   already encrypts new ones with numbers from the device.  That is what
 *   XFRM_FULL_DRAINING is for.  Packets between xfrm_output() and the driver are
 *   taken back, see xfrm_full_soft.c.
 * - Inbound packets that the device has decrypted are accepted until the driver
 *   has freed the SA.  Their numbers are in the snapshot, so software accepts
 *   none of them again.
 *
 * A device that can't number packets for software makes them wait on both ways.
 */

#include <kunit/visibility.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define XFRM_FULL_STOP_TRIES	10

static bool xfrm_full_is_outbound(const struct xfrm_full *full)
{
	return full->dir == XFRM_SA_DIR_OUT;
}

/**
 * xfrm_full_check_alive() - is there an SA to be moved or changed?
 * @full: its full offload
 * @extack: says that there is none
 *
 * Once an SA is dead its device may go. If it dies later, the driver frees it when
 * the mutex is released.
 *
 * Context: process, xfrm_full.mutex held.
 * Return: 0, or -ESRCH.
 */
int xfrm_full_check_alive(const struct xfrm_full *full,
			  struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&full->mutex);

	if (READ_ONCE(full->place) != XFRM_FULL_DEAD)
		return 0;

	NL_SET_ERR_MSG(extack, "SA has expired, or was deleted");
	return -ESRCH;
}

/* Those who saw the SA in its former place, or without full offload, are through
 * with their packets.
 */
static void xfrm_full_wait_for_senders(const struct xfrm_full *full)
{
	if (full->parking)
		synchronize_rcu_expedited();
	else
		synchronize_net();
}

/* The deletion is posted: have the driver free the SA. */
static void xfrm_full_leave(struct xfrm_full *full)
{
	synchronize_net();
	full->dev->xfrmdev_ops->xdo_dev_full_state_free(full->dev, full->x);
	xfrm_full_detach(full);
}

/*
 * Into the device
 */

static int xfrm_full_add(struct xfrm_full *full, struct netlink_ext_ack *extack)
{
	int err;

	err = xfrm_full_next_epoch(full, extack);
	if (err)
		return err;

	spin_lock_bh(&full->stats_lock);
	memcpy(full->drops_before, full->drops, sizeof(full->drops));
	spin_unlock_bh(&full->stats_lock);
	if (!xfrm_full_is_outbound(full)) {
		full->ext = xfrm_full_ext_alloc(full->x);
		if (!full->ext)
			return -ENOMEM;
	}

	err = full->dev->xfrmdev_ops->xdo_dev_full_state_add(full->dev,
							     full->x, extack);
	if (err)
		NL_SET_ERR_MSG_WEAK(extack, "Device refused the SA");
	return err;
}

static int xfrm_full_run(struct xfrm_full *full,
			 struct xfrm_full_snapshot *snap,
			 struct netlink_ext_ack *extack)
{
	struct net_device *dev = full->dev;
	struct xfrm_state *x = full->x;
	int err;

	xfrm_full_to_snapshot(x, snap);
	if (snap->seq >= XFRM_FULL_SEQ_MAX) {
		NL_SET_ERR_MSG(extack, "The SA's sequence numbers are used up");
		return -EOVERFLOW;
	}
	/* It may have carried packets since that was checked. */
	if (!xfrm_full_can_start(full->can, x)) {
		NL_SET_ERR_MSG(extack, XFRM_FULL_NO_START);
		return -EOPNOTSUPP;
	}

	err = dev->xfrmdev_ops->xdo_dev_full_state_run(dev, x, snap);
	if (err) {
		NL_SET_ERR_MSG_WEAK(extack, "Device failed to start the SA");
		return err;
	}

	full->sw_seq = max(full->sw_seq, snap->seq);
	xfrm_full_move(full, XFRM_FULL_DEVICE);
	return 0;
}

/* The moment in which the device gets the SA. If it doesn't, it has to forget
 * it: after -ETIMEDOUT it may start yet.  Outbound that does no harm, as no
 * packet has its handle, and inbound xfrm_full_rx() accepts nothing of it.
 */
static int xfrm_full_switch_in(struct xfrm_full *full,
			       struct xfrm_full_snapshot *snap,
			       struct netlink_ext_ack *extack)
{
	struct xfrm_state *x = full->x;
	int err;

	spin_lock_bh(&x->lock);
	if (full->place == XFRM_FULL_ARMING &&
	    x->km.state == XFRM_STATE_VALID) {
		err = xfrm_full_run(full, snap, extack);
	} else {
		NL_SET_ERR_MSG(extack, "SA was deleted while being added");
		err = -ESRCH;
	}
	if (err)
		full->dev->xfrmdev_ops->xdo_dev_full_state_del(full->dev, x);
	spin_unlock_bh(&x->lock);

	return err;
}

/* Packets that software is about to number are waited for, if the device can't
 * number them.
 */
static int xfrm_full_start(struct xfrm_full *full,
			   struct xfrm_full_snapshot *snap,
			   struct netlink_ext_ack *extack)
{
	bool park;
	int err;

	err = xfrm_full_add(full, extack);
	if (err) {
		xfrm_full_detach(full);
		return err;
	}

	park = full->live && xfrm_full_is_outbound(full) &&
	       !(full->can & XFRM_OFFLOAD_CAP_SEQ_ALLOC);
	if (park) {
		xfrm_full_set_parking(full, true);
		xfrm_full_wait_for_senders(full);
	}
	err = xfrm_full_switch_in(full, snap, extack);
	/* If it failed they are software's, which need not wait for the device. */
	if (park)
		xfrm_full_set_parking(full, false);
	if (err)
		xfrm_full_leave(full);

	return err;
}

/* What a live SA was before, it is again. */
static void xfrm_full_turn_back(struct xfrm_full *full)
{
	if (!full->live)
		return;

	spin_lock_bh(&full->x->lock);
	xfrm_full_move(full, XFRM_FULL_SOFTWARE);
	spin_unlock_bh(&full->x->lock);
}

/**
 * xfrm_full_to_device() - a device gets an SA
 * @full: the SA's full offload, in XFRM_FULL_ARMING, with the device's ifindex
 * @extack: says what is wrong
 *
 * Context: process, xfrm_full.mutex held, x->lock not held.
 * Return: 0, or a negative errno: a live SA is in software, the device knows
 * nothing of the SA.
 */
int xfrm_full_to_device(struct xfrm_full *full, struct netlink_ext_ack *extack)
{
	struct xfrm_full_snapshot *snap;
	int err = -ENOMEM;

	snap = kzalloc(sizeof(*snap), GFP_KERNEL);
	if (snap)
		err = xfrm_full_attach(full, extack);
	if (!err)
		err = xfrm_full_start(full, snap, extack);
	if (err)
		xfrm_full_turn_back(full);

	kfree(snap);
	return err;
}

/*
 * Out of the device
 */

static bool xfrm_full_move_locked(struct xfrm_full *full,
				  enum xfrm_full_place to)
{
	bool moved;

	spin_lock_bh(&full->x->lock);
	moved = xfrm_full_move(full, to);
	spin_unlock_bh(&full->x->lock);

	return moved;
}

/* Software encrypts from here on, and the ring gets empty. */
static int xfrm_full_drain(struct xfrm_full *full, bool lossy,
			   struct netlink_ext_ack *extack)
{
	const struct xfrmdev_ops *ops = full->dev->xfrmdev_ops;
	int err;

	if (!(full->can & XFRM_OFFLOAD_CAP_SEQ_ALLOC))
		xfrm_full_set_parking(full, true);
	if (!xfrm_full_move_locked(full, XFRM_FULL_DRAINING)) {
		NL_SET_ERR_MSG(extack, "SA was deleted while being moved");
		return -ESRCH;
	}

	/* Nobody gives the driver a packet of the SA any more. */
	xfrm_full_wait_for_senders(full);
	if (!ops->xdo_dev_full_state_drain)
		return 0;

	err = ops->xdo_dev_full_state_drain(full->dev, full->x);
	if (!err || lossy)
		return 0;

	xfrm_full_move_locked(full, XFRM_FULL_DEVICE);
	NL_SET_ERR_MSG(extack,
		       "Packets of the SA don't leave the device: it stays there");
	return err;
}

/* The moment in which software gets the SA.  With @stopped, @snap is from a query
 * after the device has said that it runs the SA no more.
 */
static int xfrm_full_switch_out(struct xfrm_full *full,
				struct xfrm_full_snapshot *snap, bool stopped,
				enum xfrm_full_reason reason)
{
	struct net_device *dev = full->dev;
	struct xfrm_state *x = full->x;
	int err = -ESRCH;

	spin_lock_bh(&x->lock);
	if (full->place == XFRM_FULL_DEAD)
		goto out;

	err = 0;
	if (xfrm_full_owner(full)) {
		err = dev->xfrmdev_ops->xdo_dev_full_state_stop(dev, x, snap);
		if (stopped && err == -EBUSY)
			err = 0;
		if (err)
			goto out;
		xfrm_full_account_snapshot(x, snap);
	}

	WRITE_ONCE(full->leaving, true);
	WRITE_ONCE(full->reason, reason);
	xfrm_full_move(full, XFRM_FULL_SOFTWARE);
	dev->xfrmdev_ops->xdo_dev_full_state_del(dev, x);
out:
	spin_unlock_bh(&x->lock);
	return err;
}

/* A device that was too slow, not dead, is asked again, with more patience: the
 * sleeping operation comes back when all commands before it are through, or
 * fails if the device is dead.  If it turns out, now or then, that the device has
 * stopped, that was by a command for an exception that came late, and may have been
 * after the query: only another query tells where.
 */
static int xfrm_full_try_stop(struct xfrm_full *full,
			      struct xfrm_full_snapshot *snap,
			      enum xfrm_full_reason reason)
{
	const struct xfrmdev_ops *ops = full->dev->xfrmdev_ops;
	bool stopped;
	int err, tries;

	err = xfrm_full_switch_out(full, snap, false, reason);
	stopped = err == -EBUSY;
	for (tries = 0; (err == -ETIMEDOUT || stopped) &&
	     tries < XFRM_FULL_STOP_TRIES; tries++) {
		if (ops->xdo_dev_full_stats_sync(full->dev, full->x, snap))
			break;
		err = xfrm_full_switch_out(full, snap, stopped, reason);
		stopped = err == -EBUSY;
	}

	return err;
}

/* After these nobody knows what the device does. */
static bool xfrm_full_is_unknown(int err)
{
	return err == -ETIMEDOUT || err == -EIO || err == -EBUSY;
}

static int xfrm_full_stop(struct xfrm_full *full,
			  struct xfrm_full_snapshot *snap,
			  enum xfrm_full_reason reason,
			  struct netlink_ext_ack *extack)
{
	int err;

	err = xfrm_full_try_stop(full, snap, reason);
	if (err == -ESRCH) {
		NL_SET_ERR_MSG(extack, "SA was deleted while being moved");
	} else if (xfrm_full_is_unknown(err)) {
		NL_SET_ERR_MSG(extack,
			       "Device doesn't tell where the SA stands: the SA has expired");
		xfrm_full_expire(full->x);
	} else if (err) {
		NL_SET_ERR_MSG(extack,
			       "Device refused to give the SA back: it stays there");
		xfrm_full_move_locked(full, XFRM_FULL_DEVICE);
	}
	return err;
}

/**
 * xfrm_full_to_software() - software gets an SA back
 * @full: the SA's full offload, in its device or dead
 * @lossy: it has to leave even if packets remain in the device
 * @reason: why
 * @extack: says what is wrong
 *
 * If the device does not tell where the SA stands, the SA expires; if it refuses to
 * stop, the SA stays.
 *
 * Context: process, may sleep; xfrm_full.mutex held, x->lock not held.
 * Return: 0, or a negative errno: the SA is where it was, or has expired.
 */
int xfrm_full_to_software(struct xfrm_full *full, bool lossy,
			  enum xfrm_full_reason reason,
			  struct netlink_ext_ack *extack)
{
	struct xfrm_full_snapshot *snap;
	int err;

	err = xfrm_full_check_alive(full, extack);
	if (err)
		return err;
	if (!(full->can & XFRM_OFFLOAD_CAP_STOP)) {
		NL_SET_ERR_MSG(extack,
			       "Device can't give an SA back: delete the SA and add it");
		return -EOPNOTSUPP;
	}

	snap = kzalloc(sizeof(*snap), GFP_KERNEL);
	if (!snap)
		return -ENOMEM;

	if (xfrm_full_is_outbound(full))
		err = xfrm_full_drain(full, lossy, extack);
	if (!err)
		err = xfrm_full_stop(full, snap, reason, extack);
	xfrm_full_set_parking(full, false);
	if (!err)
		xfrm_full_leave(full);

	kfree(snap);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_to_software);

/*
 * Where user space wants the SA
 */

/**
 * xfrm_full_adopt() - an SA that was in software alone is to move
 * @x: the SA
 * @xuo: where to
 * @extack: says what is wrong
 *
 * An SA that has full offload already keeps it, and its direction.
 *
 * Context: process, may sleep; net->xfrm.xfrm_cfg_mutex held.
 * Return: 0, or a negative errno.
 */
int xfrm_full_adopt(struct xfrm_state *x, const struct xfrm_user_offload *xuo,
		    struct netlink_ext_ack *extack)
{
	u8 dir = xuo->flags & XFRM_OFFLOAD_INBOUND ? XFRM_SA_DIR_IN :
						     XFRM_SA_DIR_OUT;
	struct xfrm_full *full = x->full;

	if (full && full->dir == dir)
		return 0;
	if (full) {
		NL_SET_ERR_MSG(extack, "The SA has another direction");
		return -EINVAL;
	}

	full = xfrm_full_alloc(x, xuo);
	if (!full)
		return -ENOMEM;

	full->place = XFRM_FULL_SOFTWARE;
	full->wanted = XFRM_FULL_SOFTWARE;
	full->live = true;

	return xfrm_full_publish(full, extack);
}

static int xfrm_full_move_in(struct xfrm_full *full, int ifindex, u8 flags,
			     struct netlink_ext_ack *extack)
{
	int err, old_ifindex = full->ifindex;
	u8 old_flags = full->flags;

	if (!xfrm_full_move_locked(full, XFRM_FULL_ARMING)) {
		NL_SET_ERR_MSG(extack, "SA was deleted while being moved");
		return -ESRCH;
	}

	full->ifindex = ifindex;
	full->flags = flags;
	err = xfrm_full_to_device(full, extack);
	if (!err) {
		WRITE_ONCE(full->reason, XFRM_FULL_REASON_REQUEST);
		return 0;
	}

	full->ifindex = old_ifindex;
	full->flags = old_flags;
	WRITE_ONCE(full->reason, err == -ETIMEDOUT ? XFRM_FULL_REASON_TIMEOUT :
						     XFRM_FULL_REASON_REFUSED);
	return err;
}

/* From a device to another, or to the same with other flags.  In between the SA
 * is software's.  If the other device refuses, the SA goes back where it was: that
 * takes an epoch, too.
 */
static int xfrm_full_move_on(struct xfrm_full *full, int ifindex, u8 flags,
			     struct netlink_ext_ack *extack)
{
	int err;

	err = xfrm_full_check_epochs(full, 2, extack);
	if (!err)
		err = xfrm_full_to_software(full, false,
					    XFRM_FULL_REASON_REQUEST, extack);
	if (err)
		return err;

	err = xfrm_full_move_in(full, ifindex, flags, extack);
	if (err)
		xfrm_full_move_in(full, full->ifindex, full->flags, NULL);

	return err;
}

/* Exceptions of an outbound SA never get to its device: that they are to be dropped
 * is between user space and software.
 */
static bool xfrm_full_has_to_move(const struct xfrm_full *full, int ifindex,
				  u8 flags)
{
	if (ifindex != full->ifindex)
		return true;

	return !xfrm_full_is_outbound(full) &&
	       (flags ^ full->flags) & XFRM_OFFLOAD_DROP;
}

/**
 * xfrm_full_stays() - is what user space wants of an SA so already?
 * @full: the SA's full offload
 * @ifindex: the device
 * @flags: XFRM_OFFLOAD_*
 *
 * Context: any; lasts under xfrm_full.mutex.
 * Return: true if the SA is in the device, or suspended, and need not start there
 * again.
 */
bool xfrm_full_stays(const struct xfrm_full *full, int ifindex, u8 flags)
{
	switch (READ_ONCE(full->place)) {
	case XFRM_FULL_DEVICE:
	case XFRM_FULL_SUSPENDED:
		return !xfrm_full_has_to_move(full, ifindex,
					      flags & XFRM_FULL_FLAGS);
	default:
		return false;
	}
}

/**
 * xfrm_full_enter() - user space wants an SA in a device
 * @full: the SA's full offload
 * @ifindex: the device
 * @flags: XFRM_OFFLOAD_*
 * @extack: says what is wrong
 *
 * Context: process, may sleep; xfrm_full.mutex held.
 * Return: 0, or a negative errno: the SA is where it was; or in software, if it left
 * a device that did not take it back. xfrm_full_tell_left() tells of that.
 */
int xfrm_full_enter(struct xfrm_full *full, int ifindex, u8 flags,
		    struct netlink_ext_ack *extack)
{
	int err;

	err = xfrm_full_check_alive(full, extack);
	if (err)
		return err;

	flags &= XFRM_FULL_FLAGS;
	if (READ_ONCE(full->place) == XFRM_FULL_SOFTWARE)
		err = xfrm_full_move_in(full, ifindex, flags, extack);
	else if (xfrm_full_has_to_move(full, ifindex, flags))
		err = xfrm_full_move_on(full, ifindex, flags, extack);
	if (err)
		return err;

	WRITE_ONCE(full->flags, flags);
	WRITE_ONCE(full->wanted, XFRM_FULL_DEVICE);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_enter);

/**
 * xfrm_full_tell_left() - a move failed, or an update
 * @x: the SA, with full offload
 * @was: where it was before
 *
 * The one who asked knows that it failed, but not that the SA is elsewhere now.
 *
 * Context: process, may sleep; xfrm_full.mutex not held.
 */
void xfrm_full_tell_left(struct xfrm_state *x, enum xfrm_full_place was)
{
	enum xfrm_full_place is = READ_ONCE(x->full->place);

	if (was != XFRM_FULL_SOFTWARE && is == XFRM_FULL_SOFTWARE)
		xfrm_full_tell_moved(x);
}

/**
 * xfrm_full_exit() - user space wants an SA in software
 * @full: the SA's full offload
 * @extack: says what is wrong
 *
 * Context: process, may sleep; xfrm_full.mutex held.
 * Return: 0, or a negative errno: the SA is where it was, or has expired.
 */
int xfrm_full_exit(struct xfrm_full *full, struct netlink_ext_ack *extack)
{
	int err = 0;

	if (READ_ONCE(full->place) != XFRM_FULL_SOFTWARE)
		err = xfrm_full_to_software(full, false,
					    XFRM_FULL_REASON_REQUEST, extack);
	if (err)
		return err;

	WRITE_ONCE(full->wanted, XFRM_FULL_SOFTWARE);
	WRITE_ONCE(full->reason, XFRM_FULL_REASON_REQUEST);
	return 0;
}
