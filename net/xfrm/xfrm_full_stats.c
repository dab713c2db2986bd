// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: counters.
 *
 * The device counts, XFRM takes over: from memory that the device writes, from
 * snapshots and from events, whichever comes.  What user space sees are the
 * device's counters, never an estimate.
 */

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/unaligned.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/* The counter of the namespace for a reason why a device drops packets. */
static int xfrm_full_mib(u8 dir, enum xfrm_full_drop reason)
{
	static const int mib[XFRM_FULL_DROP_MAX][2] = {
		/* inbound, outbound */
		[XFRM_FULL_DROP_REPLAY] = {
			LINUX_MIB_XFRMINSTATESEQERROR,
			LINUX_MIB_XFRMFULLOUTERROR,
		},
		[XFRM_FULL_DROP_ICV] = {
			LINUX_MIB_XFRMINSTATEPROTOERROR,
			LINUX_MIB_XFRMFULLOUTERROR,
		},
		[XFRM_FULL_DROP_SELECTOR] = {
			LINUX_MIB_XFRMINSTATEMISMATCH,
			LINUX_MIB_XFRMFULLOUTSELECTOR,
		},
		[XFRM_FULL_DROP_SEQ] = {
			LINUX_MIB_XFRMINSTATESEQERROR,
			LINUX_MIB_XFRMOUTSTATESEQERROR,
		},
		[XFRM_FULL_DROP_MALFORMED] = {
			LINUX_MIB_XFRMFULLINMALFORMED,
			LINUX_MIB_XFRMFULLOUTERROR,
		},
		[XFRM_FULL_DROP_LIMIT] = {
			LINUX_MIB_XFRMINSTATEEXPIRED,
			LINUX_MIB_XFRMOUTSTATEEXPIRED,
		},
		[XFRM_FULL_DROP_TOOBIG] = {
			LINUX_MIB_XFRMFULLINMALFORMED,
			LINUX_MIB_XFRMFULLOUTTOOBIG,
		},
		[XFRM_FULL_DROP_EXCEPTION] = {
			LINUX_MIB_XFRMFULLINEXCEPTION,
			LINUX_MIB_XFRMFULLOUTEXCEPTION,
		},
		[XFRM_FULL_DROP_ECN] = {
			LINUX_MIB_XFRMFULLINECN,
			LINUX_MIB_XFRMFULLOUTERROR,
		},
	};

	return mib[reason][dir == XFRM_SA_DIR_OUT];
}

/* A counter that goes back is not believed. */
static void xfrm_full_account_drop(struct xfrm_full *full, int reason, u64 now)
{
	u64 new, old = full->drops[reason] - full->drops_before[reason];

	if (now <= old)
		return;
	new = now - old;
	full->drops[reason] += new;
	XFRM_ADD_STATS(xs_net(full->x), xfrm_full_mib(full->dir, reason), new);
}

static void xfrm_full_account_drops(struct xfrm_full *full, const u64 *drops)
{
	int i;

	for (i = 0; i < XFRM_FULL_DROP_MAX; i++)
		xfrm_full_account_drop(full, i, drops[i]);
}

static void xfrm_full_account_volume(struct xfrm_state *x, u64 packets,
				     u64 bytes)
{
	if (packets > x->curlft.packets)
		WRITE_ONCE(x->curlft.packets, packets);
	if (bytes > x->curlft.bytes)
		WRITE_ONCE(x->curlft.bytes, bytes);
}

static void xfrm_full_account_use(struct xfrm_state *x, time64_t first,
				  time64_t last)
{
	if (last > x->lastused) {
		WRITE_ONCE(x->lastused, last);
		x->full->idle_told = false;
	}
	if (last && !x->curlft.use_time)
		WRITE_ONCE(x->curlft.use_time, first ? : last);
}

/**
 * xfrm_full_account() - take over the device's counters
 * @x: an SA with full offload
 * @stats: from the device
 *
 * Several ways lead here at once, from counters of different age.  None goes
 * back, and each drop is counted once.  Of an SA that the device has not, or not any
 * more, only drops are news: its other counters are software's.
 *
 * Context: any but hard interrupt.
 */
void xfrm_full_account(struct xfrm_state *x,
		       const struct xfrm_full_stats *stats)
{
	struct xfrm_full *full = x->full;

	spin_lock_bh(&full->stats_lock);
	xfrm_full_account_drops(full, stats->drops);
	xfrm_full_account_use(x, stats->firstused, stats->lastused);
	if (xfrm_full_owner(full) || full->place == XFRM_FULL_DEAD) {
		xfrm_full_account_volume(x, stats->packets, stats->bytes);
		xfrm_full_advance(x, stats->seq);
	}
	spin_unlock_bh(&full->stats_lock);
}

/**
 * xfrm_full_soft_drop() - software drops a packet for a reason that devices have
 * @full: full offload of its SA
 * @reason: the reason
 *
 * It counts where the device's drops do, and is not taken for one of these.
 *
 * Context: any but hard interrupt.
 */
void xfrm_full_soft_drop(struct xfrm_full *full, enum xfrm_full_drop reason)
{
	spin_lock_bh(&full->stats_lock);
	full->drops[reason]++;
	full->drops_before[reason]++;
	spin_unlock_bh(&full->stats_lock);

	XFRM_INC_STATS(xs_net(full->x), xfrm_full_mib(full->dir, reason));
}

/**
 * xfrm_full_last_stats() - the last that a device has to say about an SA
 * @x: the SA
 * @stats: its counters
 *
 * For xdo_dev_full_state_free(), after the device has answered the deletion.
 *
 * Context: any but hard interrupt.
 */
void xfrm_full_last_stats(struct xfrm_state *x,
			  const struct xfrm_full_stats *stats)
{
	xfrm_full_account(x, stats);
}
EXPORT_SYMBOL_GPL(xfrm_full_last_stats);

/**
 * xfrm_full_state_stats() - read the device's counters
 * @x: the SA
 *
 * Context: any but hard interrupt; x->lock may be held.
 */
void xfrm_full_state_stats(struct xfrm_state *x)
{
	struct xfrm_full *full = xfrm_full_get(x);
	struct xfrm_full_stats stats = {};

	if (!full)
		return;

	rcu_read_lock();
	if (xfrm_full_owner(full)) {
		full->dev->xfrmdev_ops->xdo_dev_full_stats(full->dev, x,
							   &stats);
		xfrm_full_account(x, &stats);
	}
	rcu_read_unlock();
}

static void xfrm_full_add_to(u32 *stat, u64 n)
{
	put_unaligned(get_unaligned(stat) + (u32)n, stat);
}

/**
 * xfrm_full_add_drops() - add devices' drops to an SA's statistics
 * @x: the SA
 * @stats: a copy of x->stats, for user space, perhaps not aligned
 *
 * x->stats itself has what software drops. It is under x->lock, which those who take
 * over a device's counters need not hold.
 *
 * Context: any but hard interrupt.
 */
void xfrm_full_add_drops(const struct xfrm_state *x, struct xfrm_stats *stats)
{
	struct xfrm_full *full = xfrm_full_get(x);

	if (!full)
		return;

	spin_lock_bh(&full->stats_lock);
	xfrm_full_add_to(&stats->replay, full->drops[XFRM_FULL_DROP_REPLAY]);
	xfrm_full_add_to(&stats->integrity_failed,
			 full->drops[XFRM_FULL_DROP_ICV]);
	spin_unlock_bh(&full->stats_lock);
}

/**
 * xfrm_full_account_snapshot() - take over what moves with an SA
 * @x: an SA with full offload
 * @snap: from the device
 *
 * Context: any but hard interrupt.
 */
void xfrm_full_account_snapshot(struct xfrm_state *x,
				const struct xfrm_full_snapshot *snap)
{
	spin_lock_bh(&x->full->stats_lock);
	xfrm_full_account_volume(x, snap->packets, snap->bytes);
	xfrm_full_from_snapshot(x, snap);
	spin_unlock_bh(&x->full->stats_lock);
}

static int xfrm_full_sync(struct xfrm_full *full, bool stop,
			  struct xfrm_full_snapshot *snap)
{
	const struct xfrmdev_ops *ops = full->dev->xfrmdev_ops;

	if (stop && ops->xdo_dev_full_state_stop)
		return ops->xdo_dev_full_state_stop(full->dev, full->x, snap);
	return ops->xdo_dev_full_stats_sync(full->dev, full->x, snap);
}

/* While the device was asked, an exception may have suspended the SA, and software
 * have gone on from a later window.
 */
static void xfrm_full_take_answer(struct xfrm_state *x,
				  const struct xfrm_full_snapshot *snap)
{
	spin_lock_bh(&x->lock);
	if (xfrm_full_in_device(x->full))
		xfrm_full_account_snapshot(x, snap);
	spin_unlock_bh(&x->lock);
}

/* What the device gives up from here on is not handled any more. */
static void xfrm_full_set_finishing(struct xfrm_state *x)
{
	spin_lock_bh(&x->lock);
	x->full->finishing = true;
	spin_unlock_bh(&x->lock);
}

static void xfrm_full_state_exact(struct xfrm_state *x, bool stop)
{
	struct xfrm_full *full = xfrm_full_get(x);
	struct xfrm_full_snapshot *snap;
	int err = -ENODEV;

	if (!full)
		return;

	snap = kzalloc(sizeof(*snap), GFP_KERNEL);
	if (!snap)
		return;

	mutex_lock(&full->mutex);
	if (stop)
		xfrm_full_set_finishing(x);
	if (xfrm_full_in_device(full))
		err = xfrm_full_sync(full, stop, snap);
	if (!err)
		xfrm_full_take_answer(x, snap);
	mutex_unlock(&full->mutex);

	kfree(snap);
	xfrm_full_state_stats(x);
}

/**
 * xfrm_full_state_sync() - make counters and replay window exact
 * @x: the SA
 *
 * They include all packets up to now, unless the device doesn't answer.
 *
 * Context: process, may sleep.
 */
void xfrm_full_state_sync(struct xfrm_state *x)
{
	xfrm_full_state_exact(x, false);
}

/**
 * xfrm_full_state_finish() - an SA is about to be deleted
 * @x: the SA
 *
 * Makes counters and replay window exact, for good if the device can stop.
 *
 * Context: process, may sleep.
 */
void xfrm_full_state_finish(struct xfrm_state *x)
{
	xfrm_full_state_exact(x, true);
}
