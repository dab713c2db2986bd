// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: exceptions, if the device can only stop.
 *
 * Such a device does not tell whether a number is new, so for a packet that it
 * gave up and whose ICV is right the SA is suspended: the device stops and says
 * where it stands, under x->lock, and software goes on with window, counters and
 * limits.  All packets of the SA come up raw meanwhile.  A work item lets the
 * device run again, when the last exception is some time ago.
 *
 * Only a right ICV suspends, so a forger can't.  Who is on the path can, by
 * cutting packets, so an SA that is suspended often stays suspended the longer:
 * it is given back only as often as it may be taken.  No packet is lost by that.
 *
 * When the device runs again, packets that came up raw may be in its rings yet.
 * Taking the SA away again for these would mean to never give it back while there
 * is traffic.  The device stops for a moment only, while software decides about
 * such a packet.  If there are too many, the SA is suspended after all.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/ip.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/* Time without exceptions before the device runs again */
#define XFRM_FULL_QUIET		msecs_to_jiffies(10)

/* An SA is suspended once per interval on average, and so often at once. */
#define XFRM_FULL_INTERVAL	msecs_to_jiffies(100)
#define XFRM_FULL_BURST		8

/* Packets that may have been in the rings when the device ran again */
#define XFRM_FULL_STRAGGLERS	64

/* A device that failed to run is tried again after */
#define XFRM_FULL_RETRY		HZ

/* How long the device has to wait yet. */
static unsigned long xfrm_full_rest(const struct xfrm_full *full)
{
	unsigned long quiet = full->last_exception + XFRM_FULL_QUIET;
	unsigned long quota = full->paid_until -
			      (XFRM_FULL_BURST - 1) * XFRM_FULL_INTERVAL;
	long rest;

	rest = max((long)(quiet - jiffies), (long)(quota - jiffies));
	return max(rest, 0L);
}

static void xfrm_full_resume_in(struct xfrm_full *full, unsigned long delay)
{
	xfrm_state_hold(full->x);
	if (!queue_delayed_work(xfrm_full_wq, &full->resume_work, delay))
		__xfrm_state_put(full->x);
}

/* Let the device run again.  If it fails to, software goes on; if it may run or
 * not, nobody can.
 */
static void xfrm_full_resume(struct xfrm_full *full,
			     struct xfrm_full_snapshot *snap)
{
	struct net_device *dev = full->dev;
	struct xfrm_state *x = full->x;
	int err;

	xfrm_full_to_snapshot(x, snap);
	err = dev->xfrmdev_ops->xdo_dev_full_state_run(dev, x, snap);
	if (!err) {
		full->resumed = jiffies;
		WRITE_ONCE(full->reason, XFRM_FULL_REASON_REQUEST);
		xfrm_full_move(full, XFRM_FULL_DEVICE);
	} else if (err == -ETIMEDOUT) {
		xfrm_full_expire_soon(x);
	} else {
		xfrm_full_resume_in(full, XFRM_FULL_RETRY);
	}
}

static void xfrm_full_resume_work(struct work_struct *work)
{
	struct xfrm_full *full = container_of(to_delayed_work(work),
					      struct xfrm_full, resume_work);
	struct xfrm_full_snapshot *snap;
	struct xfrm_state *x = full->x;
	unsigned long rest;

	snap = kzalloc(sizeof(*snap), GFP_KERNEL);

	mutex_lock(&full->mutex);
	spin_lock_bh(&x->lock);
	if (full->place == XFRM_FULL_SUSPENDED &&
	    x->km.state == XFRM_STATE_VALID) {
		rest = snap ? xfrm_full_rest(full) : XFRM_FULL_RETRY;
		full->stragglers = XFRM_FULL_STRAGGLERS;
		if (rest)
			xfrm_full_resume_in(full, rest);
		else
			xfrm_full_resume(full, snap);
	}
	spin_unlock_bh(&x->lock);
	mutex_unlock(&full->mutex);

	kfree(snap);
	xfrm_state_put(x);
}

/**
 * xfrm_full_fallback_init() - an SA gets its full offload
 * @full: that
 */
void xfrm_full_fallback_init(struct xfrm_full *full)
{
	full->paid_until = jiffies;
	INIT_DELAYED_WORK(&full->resume_work, xfrm_full_resume_work);
}

/**
 * xfrm_full_fallback_cancel() - an SA leaves its device
 * @full: its full offload
 *
 * Context: x->lock held. The work item may be about to take it, and then finds
 * that the SA is suspended no more.
 */
void xfrm_full_fallback_cancel(struct xfrm_full *full)
{
	if (cancel_delayed_work(&full->resume_work))
		__xfrm_state_put(full->x);
}

/* Afterwards the SA is software's, or it stays where it is. */
static int xfrm_full_stop_device(struct xfrm_state *x,
				 struct xfrm_full_snapshot *snap)
{
	struct xfrm_full *full = x->full;
	struct net_device *dev = full->dev;
	int err;

	err = dev->xfrmdev_ops->xdo_dev_full_state_stop(dev, x, snap);
	xfrm_full_answered(full, err);
	if (!err) {
		xfrm_full_account_snapshot(x, snap);
		WRITE_ONCE(full->reason, XFRM_FULL_REASON_EXCEPTION);
		xfrm_full_move(full, XFRM_FULL_SUSPENDED);
	} else if (err == -EBUSY) {
		/* It stopped, and where is not known. */
		xfrm_full_expire_soon(x);
	}

	return err;
}

/* Would a device that runs have given up this packet as well?  GRO takes none of
 * these, and its control block has other contents.  A reassembled IPv6 packet
 * has its fragment header no more.
 */
static bool xfrm_full_is_exception(const struct sk_buff *skb, u16 family)
{
	const struct xfrm_offload *xo = xfrm_offload((struct sk_buff *)skb);
	u8 nexthdr;

	if (xo && xo->flags & XFRM_GRO)
		return false;
	if (family == AF_INET)
		return IPCB(skb)->frag_max_size || ip_hdr(skb)->ihl > 5;

	nexthdr = ipv6_hdr(skb)->nexthdr;
	return IP6CB(skb)->frag_max_size ||
	       (nexthdr != IPPROTO_ESP && nexthdr != IPPROTO_UDP);
}

/**
 * xfrm_full_input_suspended() - a packet while an SA is suspended
 * @x: the SA
 * @skb: the packet, decrypted
 * @seq: sequence number in the packet
 *
 * Context: softirq, x->lock held.
 * Return: 0 if the packet can be accepted, or a negative errno if it must be
 * dropped: it has been counted.
 */
int xfrm_full_input_suspended(struct xfrm_state *x, struct sk_buff *skb,
			      __be32 seq)
{
	struct net *net = xs_net(x);

	if (xfrm_state_check_expire(x)) {
		XFRM_INC_STATS(net, LINUX_MIB_XFRMINSTATEEXPIRED);
		return -EPERM;
	}
	if (xfrm_replay_recheck(x, skb, seq)) {
		XFRM_INC_STATS(net, LINUX_MIB_XFRMINSTATESEQERROR);
		return -EPERM;
	}
	if (xfrm_full_is_exception(skb, x->props.family))
		x->full->last_exception = jiffies;
	XFRM_INC_STATS(net, LINUX_MIB_XFRMFULLINSOFTWARE);
	return 0;
}

/* A packet that was on its way up when the device ran again. */
static bool xfrm_full_is_straggler(struct xfrm_full *full,
				   const struct sk_buff *skb)
{
	if (!full->stragglers ||
	    xfrm_full_is_exception(skb, full->x->props.family) ||
	    time_after(jiffies, full->resumed + XFRM_FULL_QUIET))
		return false;

	full->stragglers--;
	return true;
}

static int xfrm_full_input_straggler(struct xfrm_state *x, struct sk_buff *skb,
				     __be32 seq,
				     struct xfrm_full_snapshot *snap)
{
	int err;

	err = xfrm_full_input_suspended(x, skb, seq);
	if (!err) {
		xfrm_replay_advance(x, seq);
		x->curlft.bytes += skb->len;
		x->curlft.packets++;
		x->lastused = ktime_get_real_seconds();
	}
	if (x->km.state == XFRM_STATE_VALID) {
		memset(snap, 0, sizeof(*snap));
		xfrm_full_resume(x->full, snap);
	}

	return err ? : 1;
}

static int xfrm_full_input_suspend(struct xfrm_state *x, struct sk_buff *skb,
				   __be32 seq)
{
	struct xfrm_full *full = x->full;

	if (time_before(full->paid_until, jiffies))
		full->paid_until = jiffies;
	full->paid_until += XFRM_FULL_INTERVAL;
	xfrm_full_resume_in(full, XFRM_FULL_QUIET);

	return xfrm_full_input_suspended(x, skb, seq);
}

/**
 * xfrm_full_input_stop() - stop the device for a packet
 * @x: an SA in a device that can stop
 * @skb: the packet, decrypted
 * @seq: sequence number in the packet
 *
 * Context: softirq, x->lock held; waits for the device, see
 * xdo_dev_full_state_stop().
 * Return: 1 if the packet has been accepted, 0 if software can accept it, or a
 * negative errno if it must be dropped: it has been counted.
 */
int xfrm_full_input_stop(struct xfrm_state *x, struct sk_buff *skb, __be32 seq)
{
	struct xfrm_full_snapshot *snap;
	int err = -ENOMEM;

	snap = kzalloc(sizeof(*snap), GFP_ATOMIC);
	if (snap)
		err = xfrm_full_stop_device(x, snap);

	if (err)
		XFRM_INC_STATS(xs_net(x), LINUX_MIB_XFRMFULLINEXCEPTION);
	else if (xfrm_full_is_straggler(x->full, skb))
		err = xfrm_full_input_straggler(x, skb, seq, snap);
	else
		err = xfrm_full_input_suspend(x, skb, seq);

	kfree(snap);
	return err;
}
