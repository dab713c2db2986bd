// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: the life of an SA between software and device.
 *
 *      UPDSA with MOVE                  NEWSA, or UPDSA of a larval SA
 *             |                                        |
 *             v           to a device                  v
 *      +--------------+ ----------------------> +--------------+
 *      |   SOFTWARE   |                         |    ARMING    |
 *      +--------------+ <---------------------- +--------------+
 *        ^    ^    ^       the device refuses          |
 *        |    |    |       a live SA                   | added and running
 *        |    |    |                                   v
 *        |    |    +------------------------ +------------------+
 *        |    |         inbound, stopped     |      DEVICE      |
 *        |    |                              +------------------+
 *        |    | stopped                        |   ^    ^     |
 *        |    |            outbound, to leave  |   |    |     | inbound, an
 *        |    |         +----------------------+   |    |     | exception:
 *        |    |         v           ring doesn't   |    |     | stopped
 *        |  +--------------+        empty          |    |     v
 *        |  |   DRAINING   | ----------------------+  +--------------+
 *        |  +--------------+               runs again |  SUSPENDED   |
 *        |                                            +--------------+
 *        |               to leave                            |
 *        +---------------------------------------------------+
 *
 * From each of them an SA gets to DEAD, and never back: by delete, flush and
 * expiry, and from ARMING if a device refuses a new SA.
 *
 * xfrm_full_move() is the only one that changes xfrm_full.place, which begins as
 * ARMING, or as SOFTWARE if the SA was usable before; and each transition passes the
 * tracepoint xfrm_full:xfrm_full_move.
 *
 *              packets are handled by     numbers, window and counters are
 *   SOFTWARE   software                   software's
 *   ARMING     nobody, a live SA's by     software's
 *              software
 *   DEVICE     the device, exceptions     the device's
 *              by software
 *   DRAINING   software; the device       the device's
 *              empties its ring
 *   SUSPENDED  software                   software's
 *   DEAD       nobody                     nobody's
 *
 * Software takes x->lock for each number and for each replay check, and so does
 * whoever moves the SA: the place, the owner of the numbers and the numbers
 * change together.  A packet that set out in one place and gets the lock in
 * another goes by the latter: it is numbered by, or accepted by, the owner.
 *
 * An SA is inserted into the SAD before it is armed, so a packet can meet it in
 * any place.  A live SA is one that has been usable, from software or in a
 * device, before; its packets never wait for a device.
 *
 * The driver sees add, run, del and free, in this order and each at most once
 * each time that a device gets the SA, but run again whenever a suspended SA
 * resumes; an SA that was added is always deleted and freed.  Delete comes with
 * x->lock held, so it only posts to the device.  Whoever moved the SA out lets
 * the driver free it, or else a work item of the SA, when no reader can still
 * see the SA in the device.  Nothing else keeps the SA in the device: a socket
 * that caches a stale dst holds the xfrm_state, not the device's resources.
 *
 * Locks, outermost first:
 *
 *   net->xfrm.xfrm_cfg_mutex   netlink requests; x->full comes into being
 *   RTNL                       on NETDEV_DOWN and NETDEV_UNREGISTER
 *   xfrm_full.mutex            moves: whatever takes an SA into a device or out
 *                              of it, but delete; the driver's sleeping
 *                              operations on one SA
 *   x->lock                    xfrm_full.place and the numbers that go with it;
 *                              held in the driver's run and stop, and when
 *                              software gets a number from the device, or has it
 *                              accept one: the driver waits, but not for long
 *   xfrm_full_lock             the lists of armed and of dying SAs, and
 *                              between a device's lookup and its SA's entry
 *                              into the list
 *   xfrm_full.stats_lock       what has been taken over from the device
 *   xfrm_full.parked.lock      whether packets wait for the end of a move
 *
 * A move takes no RTNL, so those who hold it may wait for a move.  Readers in
 * the data path take none of these while the SA is in the device or in software.
 * To a reader under RCU that has seen the place DEVICE, xfrm_full.dev and
 * xfrm_full.ext stay what they are.
 */

#include <kunit/visibility.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define CREATE_TRACE_POINTS
#include <trace/events/xfrm_full.h>

static DEFINE_SPINLOCK(xfrm_full_lock);
static LIST_HEAD(xfrm_full_armed);
static LIST_HEAD(xfrm_full_dying);

/* On for good with the first SA: a packet may outlive its SA. */
DEFINE_STATIC_KEY_FALSE(xfrm_full_key);
EXPORT_SYMBOL_GPL(xfrm_full_key);

struct workqueue_struct *xfrm_full_wq;

static const u8 xfrm_full_next[] = {
	[XFRM_FULL_SOFTWARE] = BIT(XFRM_FULL_ARMING) | BIT(XFRM_FULL_DEAD),
	[XFRM_FULL_ARMING] = BIT(XFRM_FULL_DEVICE) | BIT(XFRM_FULL_SOFTWARE) |
			     BIT(XFRM_FULL_DEAD),
	[XFRM_FULL_DEVICE] = BIT(XFRM_FULL_DRAINING) |
			     BIT(XFRM_FULL_SUSPENDED) |
			     BIT(XFRM_FULL_SOFTWARE) | BIT(XFRM_FULL_DEAD),
	[XFRM_FULL_DRAINING] = BIT(XFRM_FULL_SOFTWARE) | BIT(XFRM_FULL_DEVICE) |
			       BIT(XFRM_FULL_DEAD),
	[XFRM_FULL_SUSPENDED] = BIT(XFRM_FULL_DEVICE) |
				BIT(XFRM_FULL_SOFTWARE) | BIT(XFRM_FULL_DEAD),
	[XFRM_FULL_DEAD] = 0,
};

/**
 * xfrm_full_move() - an SA gets to another place
 * @full: its full offload
 * @to: the place
 *
 * Context: x->lock held.
 * Return: false if there is no way from where the SA is.
 */
bool xfrm_full_move(struct xfrm_full *full, enum xfrm_full_place to)
{
	u8 from = full->place;

	lockdep_assert_held(&full->x->lock);

	if (!(xfrm_full_next[from] & BIT(to)))
		return false;
	if (to == XFRM_FULL_DEVICE) {
		full->live = true;
		WRITE_ONCE(full->entered, true);
	}
	spin_lock(&full->stats_lock);
	/* pairs with xfrm_full_in_device() and xfrm_full_by_software() */
	smp_store_release(&full->place, to);
	spin_unlock(&full->stats_lock);
	trace_xfrm_full_move(full, from);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_move);

/**
 * xfrm_full_detach() - the driver knows nothing of an SA, or nothing any more
 * @full: the SA's full offload
 *
 * The prepared sec_path holds a reference to the SA, so it goes with the device.
 *
 * Context: process, xfrm_full.mutex held.
 */
void xfrm_full_detach(struct xfrm_full *full)
{
	struct net_device *dev = full->dev;
	struct skb_ext *ext = full->ext;

	spin_lock_bh(&xfrm_full_lock);
	list_del_init(&full->list);
	spin_unlock_bh(&xfrm_full_lock);

	WRITE_ONCE(full->dev, NULL);
	netdev_put(dev, &full->dev_tracker);

	WRITE_ONCE(full->leaving, false);
	WRITE_ONCE(full->ext, NULL);
	if (ext)
		__skb_ext_put(ext);
}

static void xfrm_full_free(struct work_struct *work)
{
	struct xfrm_full *full = container_of(to_rcu_work(work),
					      struct xfrm_full, free_work);
	struct xfrm_state *x = full->x;

	mutex_lock(&full->mutex);
	full->dev->xfrmdev_ops->xdo_dev_full_state_free(full->dev, x);
	xfrm_full_detach(full);
	mutex_unlock(&full->mutex);

	xfrm_state_put(x);
}

/**
 * xfrm_full_alloc() - give an SA its full offload
 * @x: the SA
 * @xuo: what user space asked for
 *
 * Context: process, may sleep.
 * Return: the full offload in XFRM_FULL_ARMING, not yet the SA's; or NULL.
 */
struct xfrm_full *xfrm_full_alloc(struct xfrm_state *x,
				  const struct xfrm_user_offload *xuo)
{
	bool in = xuo->flags & XFRM_OFFLOAD_INBOUND;
	struct xfrm_full *full;

	full = kzalloc(sizeof(*full), GFP_KERNEL);
	if (!full)
		return NULL;

	full->place = XFRM_FULL_ARMING;
	full->wanted = XFRM_FULL_DEVICE;
	full->reason = XFRM_FULL_REASON_REQUEST;
	full->dir = in ? XFRM_SA_DIR_IN : XFRM_SA_DIR_OUT;
	full->flags = xuo->flags & XFRM_FULL_FLAGS;
	full->alg = xfrm_full_alg_of(x);
	full->counter_iv = !in && x->aead;
	full->ifindex = xuo->ifindex;
	full->x = x;
	spin_lock_init(&full->stats_lock);
	mutex_init(&full->mutex);
	skb_queue_head_init(&full->parked);
	INIT_LIST_HEAD(&full->list);
	INIT_RCU_WORK(&full->free_work, xfrm_full_free);
	xfrm_full_fallback_init(full);

	return full;
}

/**
 * xfrm_full_publish() - the full offload becomes the SA's
 * @full: from xfrm_full_alloc()
 * @extack: says what is wrong
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno: @full is freed.
 */
int xfrm_full_publish(struct xfrm_full *full, struct netlink_ext_ack *extack)
{
	int err;

	if (full->counter_iv) {
		err = xfrm_full_read_salt(full->x, &full->iv_salt);
		if (err) {
			NL_SET_ERR_MSG(extack, "Can't learn the SA's IV salt");
			kfree(full);
			return err;
		}
	}

	static_branch_enable(&xfrm_full_key);
	/* pairs with xfrm_full_get() */
	smp_store_release(&full->x->full, full);
	return 0;
}

/**
 * xfrm_full_state_init() - prepare an SA for full offload
 * @net: namespace of the request
 * @x: the SA, complete but not inserted
 * @attrs: attributes of the request, by XFRMA_*
 * @extack: says what is wrong
 *
 * Checks everything that can be checked without the driver.
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno.
 */
int xfrm_full_state_init(struct net *net, struct xfrm_state *x,
			 struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	struct xfrm_full *full;
	u32 idle;
	int err;

	if (!xfrm_full_flagged(attrs)) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_FULL],
				    "Only an SA with full offload can have this attribute");
		return -EINVAL;
	}

	err = xfrm_full_check_state(net, x, attrs, &idle, extack);
	if (err)
		return err;

	full = xfrm_full_alloc(x, nla_data(attrs[XFRMA_OFFLOAD_DEV]));
	if (!full)
		return -ENOMEM;
	full->idle = idle;

	return xfrm_full_publish(full, extack);
}

/**
 * xfrm_full_attach() - an SA is about to be added to its device
 * @full: the SA's full offload, with the device's ifindex
 * @extack: says what is wrong
 *
 * From here on NETDEV_UNREGISTER finds the SA: the device can't be gone yet, as
 * it leaves the namespace's tables before the list is searched for it.
 *
 * Context: process, xfrm_full.mutex held.
 * Return: 0, or a negative errno.
 */
int xfrm_full_attach(struct xfrm_full *full, struct netlink_ext_ack *extack)
{
	struct xfrm_full_caps caps;
	struct net_device *dev;

	spin_lock_bh(&xfrm_full_lock);
	rcu_read_lock();
	dev = xfrm_full_dev_rcu(xs_net(full->x), full->ifindex, extack);
	if (!IS_ERR(dev)) {
		netdev_hold(dev, &full->dev_tracker, GFP_ATOMIC);
		xfrm_full_dev_caps(dev, &caps);
		full->can = caps.flags;
		WRITE_ONCE(full->dev, dev);
		list_add_tail(&full->list, &xfrm_full_armed);
	}
	rcu_read_unlock();
	spin_unlock_bh(&xfrm_full_lock);

	return PTR_ERR_OR_ZERO(dev);
}

/* The driver knows the SA: have it removed, now and completely soon. */
static void xfrm_full_retire(struct xfrm_full *full)
{
	struct net_device *dev = full->dev;

	lockdep_assert_held(&full->x->lock);

	dev->xfrmdev_ops->xdo_dev_full_state_del(dev, full->x);

	xfrm_state_hold(full->x);
	spin_lock_bh(&xfrm_full_lock);
	list_move_tail(&full->list, &xfrm_full_dying);
	queue_rcu_work(xfrm_full_wq, &full->free_work);
	spin_unlock_bh(&xfrm_full_lock);
}

/**
 * xfrm_full_state_arm() - hand an SA over to its device
 * @x: the SA, inserted
 * @attrs: attributes of the request, by XFRMA_*
 * @extack: says what is wrong
 *
 * Does nothing for an SA without full offload.
 *
 * Context: process, may sleep; x->lock not held.
 * Return: 0, or a negative errno; the caller then deletes the SA.
 */
int xfrm_full_state_arm(struct xfrm_state *x, struct nlattr **attrs,
			struct netlink_ext_ack *extack)
{
	struct xfrm_full *full = x->full;
	int err = 0;

	if (!full)
		return 0;

	mutex_lock(&full->mutex);
	err = xfrm_full_to_device(full, extack);
	mutex_unlock(&full->mutex);

	if (err) {
		NL_SET_BAD_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV]);
		return err;
	}

	/* Until now bundles were made with an older SA, if there is one. */
	xfrm_state_bump_genids(x);
	return 0;
}

/**
 * xfrm_full_state_delete() - an SA leaves the SAD
 * @x: the SA
 *
 * Context: any but hard interrupt, x->lock held.
 */
void xfrm_full_state_delete(struct xfrm_state *x)
{
	struct xfrm_full *full = xfrm_full_get(x);
	bool added;

	if (!full)
		return;

	xfrm_full_state_stats(x);
	xfrm_full_fallback_cancel(full);

	/* While it is on its way in, it is for xfrm_full_to_device() to turn. */
	added = xfrm_full_owner(full) || full->place == XFRM_FULL_SUSPENDED;
	if (xfrm_full_move(full, XFRM_FULL_DEAD) && added)
		xfrm_full_retire(full);
}

/**
 * xfrm_full_state_destroy() - nobody knows the SA any more
 * @x: the SA
 *
 * Context: process, may sleep.
 */
void xfrm_full_state_destroy(struct xfrm_state *x)
{
	if (!x->full)
		return;

	skb_queue_purge(&x->full->parked);
	mutex_destroy(&x->full->mutex);
	kfree(x->full);
	x->full = NULL;
}

static bool xfrm_full_is_of(const struct xfrm_full *full,
			    const struct net_device *dev, u8 flags)
{
	return full->dev == dev && (full->flags & flags) == flags;
}

static unsigned int xfrm_full_count_of(const struct net_device *dev, u8 flags)
{
	const struct xfrm_full *full;
	unsigned int n = 0;

	spin_lock_bh(&xfrm_full_lock);
	list_for_each_entry(full, &xfrm_full_armed, list)
		n += xfrm_full_is_of(full, dev, flags);
	spin_unlock_bh(&xfrm_full_lock);

	return n;
}

/* An SA of a device in a list that has all @flags, referenced; the other ones come
 * before it gets its turn again.
 */
static struct xfrm_full *xfrm_full_next_of(struct list_head *list,
					   const struct net_device *dev,
					   u8 flags)
{
	struct xfrm_full *full, *found = NULL;

	spin_lock_bh(&xfrm_full_lock);
	list_for_each_entry(full, list, list) {
		if (!xfrm_full_is_of(full, dev, flags))
			continue;
		xfrm_state_hold(full->x);
		list_move_tail(&full->list, list);
		found = full;
		break;
	}
	spin_unlock_bh(&xfrm_full_lock);

	return found;
}

/**
 * xfrm_full_expire() - an SA can't go on
 * @x: the SA
 *
 * Deletes it and tells all listeners, unless it is deleted already.
 *
 * Context: process or softirq.
 */
void xfrm_full_expire(struct xfrm_state *x)
{
	int err;

	spin_lock_bh(&x->lock);
	err = __xfrm_state_delete(x);
	if (!err)
		km_state_expired(x, 1, 0);
	spin_unlock_bh(&x->lock);

	xfrm_audit_state_delete(x, err ? 0 : 1, true);
}

/**
 * xfrm_full_tell_moved() - an SA moved, and nobody asked for it
 * @x: the SA
 *
 * Listeners are told by XFRM_MSG_UPDSA; routes look their SA up anew.
 *
 * Context: process.
 */
void xfrm_full_tell_moved(struct xfrm_state *x)
{
	struct km_event c = {
		.event = XFRM_MSG_UPDSA,
	};

	xfrm_state_bump_genids(x);
	km_state_notify(x, &c);
}

/**
 * enum xfrm_full_end - how a device ends
 * @XFRM_FULL_END_DOWN: its interface is down, it keeps what it has
 * @XFRM_FULL_END_GONE: it goes, but still says where its SAs stand
 * @XFRM_FULL_END_LOST: it says nothing any more
 */
enum xfrm_full_end {
	XFRM_FULL_END_DOWN,
	XFRM_FULL_END_GONE,
	XFRM_FULL_END_LOST,
};

/* An SA that may not fall back, or can't, expires with its device; it stays in one
 * that is only down.
 */
static void xfrm_full_evict(struct xfrm_full *full, struct net_device *dev,
			    enum xfrm_full_end end)
{
	int err = -ENODEV;

	/* Let a move come to its end, it may be in the driver. */
	mutex_lock(&full->mutex);
	if (full->dev == dev) {
		if (end != XFRM_FULL_END_LOST &&
		    full->flags & XFRM_OFFLOAD_FALLBACK)
			err = xfrm_full_to_software(full, true,
						    XFRM_FULL_REASON_DOWN,
						    NULL);
		if (err && end != XFRM_FULL_END_DOWN)
			xfrm_full_expire(full->x);
	}
	mutex_unlock(&full->mutex);

	if (!err)
		xfrm_full_tell_moved(full->x);
}

static void xfrm_full_evict_all(struct net_device *dev, enum xfrm_full_end end)
{
	struct xfrm_full *full;
	struct xfrm_state *x;

	while ((full = xfrm_full_next_of(&xfrm_full_armed, dev, 0))) {
		x = full->x;
		xfrm_full_evict(full, dev, end);
		xfrm_state_put(x);
	}
}

/* Each once: those that the device refuses to give back remain. */
static void xfrm_full_evict_falling(struct net_device *dev)
{
	unsigned int n = xfrm_full_count_of(dev, XFRM_OFFLOAD_FALLBACK);
	struct xfrm_full *full;
	struct xfrm_state *x;

	while (n-- && (full = xfrm_full_next_of(&xfrm_full_armed, dev,
						XFRM_OFFLOAD_FALLBACK))) {
		x = full->x;
		xfrm_full_evict(full, dev, XFRM_FULL_END_DOWN);
		xfrm_state_put(x);
	}
}

/**
 * xfrm_full_dev_lost() - a device has lost its SAs
 * @dev: the device
 *
 * A driver calls this when a reset or a failure has taken the sequence numbers
 * away. The SAs of the device expire; the driver frees them soon.
 *
 * Context: process, may sleep; of the driver's operations only those are waited
 * for that are being executed.
 */
void xfrm_full_dev_lost(struct net_device *dev)
{
	xfrm_full_evict_all(dev, XFRM_FULL_END_LOST);
}
EXPORT_SYMBOL_GPL(xfrm_full_dev_lost);

/**
 * xfrm_full_dev_down() - an interface is down
 * @dev: its device
 *
 * SAs that are to fall back go on in software. The others stay, and so do those
 * that the device does not give back: it still has them.
 *
 * Context: process, RTNL held.
 */
void xfrm_full_dev_down(struct net_device *dev)
{
	if (xfrm_full_used())
		xfrm_full_evict_falling(dev);
}

/**
 * xfrm_full_dev_unregister() - a device goes, or moves to another namespace
 * @dev: the device
 *
 * Its SAs fall back to software or expire.  On return the driver has freed all
 * of them.
 *
 * Context: process, RTNL held.
 */
void xfrm_full_dev_unregister(struct net_device *dev)
{
	struct xfrm_full *full;
	struct xfrm_state *x;

	xfrm_full_evict_all(dev, XFRM_FULL_END_GONE);

	while ((full = xfrm_full_next_of(&xfrm_full_dying, dev, 0))) {
		x = full->x;
		flush_rcu_work(&full->free_work);
		xfrm_state_put(x);
	}
}

/**
 * xfrm_full_state_update_ok() - may an ordinary update change an SA?
 * @old: the SA
 * @new: what it is to become
 *
 * Return: false if @new is wanted elsewhere than @old, which an update doesn't
 * change: the move comes before it.
 */
bool xfrm_full_state_update_ok(const struct xfrm_state *old,
			       const struct xfrm_state *new)
{
	bool device = old->full && old->full->wanted == XFRM_FULL_DEVICE;

	if (!device || !new->full)
		return device == !!new->full;

	return old->full->ifindex == new->full->ifindex &&
	       old->full->dir == new->full->dir;
}

static int __init xfrm_full_init(void)
{
	xfrm_full_wq = alloc_workqueue("xfrm_full", WQ_UNBOUND, 0);

	return xfrm_full_wq ? 0 : -ENOMEM;
}
subsys_initcall(xfrm_full_init);
