// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: receive.
 *
 * A packet that a device has decrypted differs from one that software has
 * decrypted in nothing: it has a sec_path of length 1, and the ordinary policy
 * check compares the SA with the templates.  olen stays 0: there is no
 * struct xfrm_offload, with which __xfrm_policy_check2() would skip the check
 * and esp4_offload would take an ESP packet inside for one decrypted already.
 *
 * All packets of an SA share one sec_path, which is read-only from the moment
 * that the device runs.
 *
 * ESP that a device gives up (fragments, options, whatever it does not know)
 * comes to xfrm_input(), as ESP of any SA.  Software decrypts it, but has neither
 * the window nor the counters: after a good ICV it is the device that accepts the
 * number and charges the packet, in one step, under x->lock.  So a number is
 * accepted once, whoever has decrypted the packet.  Where the SA is, is asked
 * twice, as it may move while the ICV is checked; the second answer counts.
 * If the device can't do this, xfrm_full_fallback.c takes the SA from it.
 */

#include <linux/hrtimer.h>
#include <linux/lockdep.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/**
 * xfrm_full_ext_alloc() - prepare the sec_path of an SA's packets
 * @x: the SA
 *
 * The sec_path holds a reference to the SA.
 *
 * Return: the extension with one reference, or NULL.
 */
struct skb_ext *xfrm_full_ext_alloc(struct xfrm_state *x)
{
	struct skb_ext *ext = NULL;
	struct sec_path *sp;
	struct sk_buff *skb;

	skb = alloc_skb(0, GFP_KERNEL);
	if (!skb)
		return NULL;

	sp = secpath_set(skb);
	if (sp) {
		xfrm_state_hold(x);
		sp->xvec[sp->len++] = x;

		ext = skb->extensions;
		skb->extensions = NULL;
		skb->active_extensions = 0;
	}

	kfree_skb(skb);
	return ext;
}

/* While the device starts, the place is about to change: the first packets are
 * faster than the answer to the command.
 */
static u8 xfrm_full_rx_place(struct xfrm_state *x)
{
	/* pairs with xfrm_full_move() */
	u8 place = smp_load_acquire(&x->full->place);

	if (likely(place != XFRM_FULL_ARMING))
		return place;

	spin_lock_bh(&x->lock);
	place = x->full->place;
	spin_unlock_bh(&x->lock);

	return place;
}

/* Does what the device has accepted count? After a start that failed it does
 * not, as software has accepted the same numbers.
 */
static bool xfrm_full_rx_ok(struct xfrm_state *x)
{
	switch (xfrm_full_rx_place(x)) {
	case XFRM_FULL_DEVICE:
	case XFRM_FULL_DRAINING:
	case XFRM_FULL_SUSPENDED:
		return true;
	case XFRM_FULL_SOFTWARE:
		return READ_ONCE(x->full->leaving);
	default:
		return false;
	}
}

/**
 * xfrm_full_rx() - a device has decrypted a packet
 * @skb: the packet, not seen by the stack yet, behind eth_type_trans()
 * @x: the SA, from the driver's own table
 *
 * Attaches the SA's sec_path.  A frame for another station, or for many, is
 * not for this SA, whatever the device thinks.  The driver keeps @x in its table until its
 * xdo_dev_full_state_free(), and looks it up under RCU.
 *
 * Context: softirq, RCU read side; no locks that an operation of the driver
 * takes.
 * Return: false if the device does not have the SA, or the frame is not for this
 * host: the packet must be dropped, and has been counted.
 */
bool xfrm_full_rx(struct sk_buff *skb, struct xfrm_state *x)
{
	struct xfrm_full *full = x->full;

	if (unlikely(!xfrm_full_rx_ok(x) || !full->ext)) {
		XFRM_INC_STATS(dev_net(skb->dev), LINUX_MIB_XFRMFULLINSTATE);
		return false;
	}
	/* A bridge would pass it on in the clear, as would a macvlan. */
	if (unlikely(skb->pkt_type != PACKET_HOST)) {
		XFRM_INC_STATS(dev_net(skb->dev), LINUX_MIB_XFRMFULLINDEV);
		return false;
	}

	skb_ext_reset(skb);
	refcount_inc(&full->ext->refcnt);
	skb->extensions = full->ext;
	skb->active_extensions = BIT(SKB_EXT_SEC_PATH);

	/* Without it GRO would neither compare nor release the sec_path. */
	skb->slow_gro = 1;

	/* A NAT has changed addresses that the inner checksum covers, RFC 3948,
	 * section 3.1.2.  The ICV vouches for the packet.
	 */
	if (x->encap && x->props.mode == XFRM_MODE_TRANSPORT)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}
EXPORT_SYMBOL_GPL(xfrm_full_rx);

/* Times in a row that a device may fail to answer */
#define XFRM_FULL_LATE_MAX	3

/**
 * xfrm_full_expire_soon() - an SA can't go on
 * @x: the SA
 *
 * Its timer has it deleted, which can't be done under x->lock.
 *
 * Context: softirq or process, x->lock held.
 */
void xfrm_full_expire_soon(struct xfrm_state *x)
{
	lockdep_assert_held(&x->lock);

	x->km.state = XFRM_STATE_EXPIRED;
	hrtimer_start(&x->mtimer, 0, HRTIMER_MODE_REL_SOFT);
}

/**
 * xfrm_full_answered() - an operation on an exception has returned
 * @full: full offload of the SA
 * @err: what it returned
 *
 * A device that doesn't answer in time costs a packet, and the SA if that goes
 * on: nobody knows what the device has accepted, or which numbers it has given.
 *
 * Context: x->lock held.
 */
void xfrm_full_answered(struct xfrm_full *full, int err)
{
	full->late = err == -ETIMEDOUT ? full->late + 1 : 0;
	if (full->late >= XFRM_FULL_LATE_MAX)
		xfrm_full_expire_soon(full->x);
}

/* Can the device decide about packets that software has decrypted? */
static bool xfrm_full_can_ask(const struct xfrm_full *full)
{
	return full->can & XFRM_OFFLOAD_CAP_REPLAY_TEST;
}

/* Can the device let go of an SA, and take it back? */
static bool xfrm_full_can_suspend(const struct xfrm_full *full)
{
	const u32 both = XFRM_OFFLOAD_CAP_STOP | XFRM_OFFLOAD_CAP_START;

	return (full->can & both) == both;
}

static int xfrm_full_input_drop(struct xfrm_state *x, int mib)
{
	XFRM_INC_STATS(xs_net(x), mib);
	return -EPERM;
}

/* The counter of the reason for which an exception of an SA that is in a device
 * can't be handled, or 0.
 */
static int xfrm_full_input_blocked(const struct xfrm_full *full,
				   const struct sk_buff *skb)
{
	if (skb->dev != full->dev)
		return LINUX_MIB_XFRMFULLINDEV;
	if (full->finishing)
		return LINUX_MIB_XFRMFULLINSTATE;
	if (full->flags & XFRM_OFFLOAD_DROP)
		return LINUX_MIB_XFRMFULLINEXCEPTION;
	if (!xfrm_full_can_ask(full) && !xfrm_full_can_suspend(full))
		return LINUX_MIB_XFRMFULLINRAW;

	return 0;
}

static int xfrm_full_input_place(const struct xfrm_full *full,
				 const struct sk_buff *skb)
{
	switch (full->place) {
	case XFRM_FULL_SOFTWARE:
		return full->cloned ? LINUX_MIB_XFRMFULLINSTATE : 0;
	case XFRM_FULL_ARMING:
		return full->live ? 0 : LINUX_MIB_XFRMFULLINRAW;
	case XFRM_FULL_DEAD:
		return LINUX_MIB_XFRMFULLINSTATE;
	default:
		return xfrm_full_input_blocked(full, skb);
	}
}

/**
 * xfrm_full_input() - may software handle an ESP packet of this SA?
 * @x: an SA with full offload
 * @skb: the packet, its ICV not checked yet
 * @seq: sequence number in the packet
 *
 * If the device owns the SA, XFRM's copy of the window has the device's top
 * afterwards, which tells the high half of @seq.
 *
 * Context: softirq, x->lock held.
 * Return: 0, or a negative errno if not: the packet has been counted.
 */
int xfrm_full_input(struct xfrm_state *x, struct sk_buff *skb, __be32 seq)
{
	struct xfrm_full *full = x->full;
	int mib;

	lockdep_assert_held(&x->lock);

	mib = xfrm_full_input_place(full, skb);
	if (mib)
		return xfrm_full_input_drop(x, mib);
	if (!xfrm_full_owner(full))
		return 0;

	xfrm_full_state_stats(x);
	if (xfrm_full_is_left(x, ntohl(seq))) {
		xfrm_audit_state_replay(x, skb, seq);
		x->stats.replay_window++;
		return xfrm_full_input_drop(x, LINUX_MIB_XFRMINSTATESEQERROR);
	}
	return 0;
}

/* Have the device accept and charge the packet.  It counts what it refuses. */
static int xfrm_full_ask(struct xfrm_state *x, struct sk_buff *skb, __be32 seq)
{
	u64 high = be32_to_cpu(XFRM_SKB_CB(skb)->seq.input.hi);
	struct xfrm_full *full = x->full;
	struct net_device *dev = full->dev;
	int err;

	err = dev->xfrmdev_ops->xdo_dev_full_replay_test_set(dev, x,
							     high << 32 | ntohl(seq),
							     skb->len);
	xfrm_full_answered(full, err);
	xfrm_full_state_stats(x);

	switch (err) {
	case 0:
		XFRM_INC_STATS(xs_net(x), LINUX_MIB_XFRMFULLINSOFTWARE);
		return 1;
	case -EALREADY:
	case -ERANGE:
		xfrm_audit_state_replay(x, skb, seq);
		return err;
	case -EDQUOT:
		return err;
	default:
		return xfrm_full_input_drop(x, LINUX_MIB_XFRMFULLINEXCEPTION);
	}
}

/**
 * xfrm_full_input_accept() - may a packet pass whose ICV is right?
 * @x: an SA with full offload
 * @skb: the packet, decrypted
 * @seq: sequence number in the packet
 *
 * The SA may have moved since xfrm_full_input().  A limit that software owns is
 * looked at here, in one step with the counting.
 *
 * Context: softirq, x->lock held.  May wait for the device, see
 * xdo_dev_full_replay_test_set().
 * Return: 1 if the device has accepted the packet, 0 if that is software's to
 * decide, or a negative errno if it must be dropped: it has been counted.
 */
int xfrm_full_input_accept(struct xfrm_state *x, struct sk_buff *skb,
			   __be32 seq)
{
	struct xfrm_full *full = x->full;
	int mib;

	lockdep_assert_held(&x->lock);

	/* A device that was lost sight of may accept the same number. */
	if (x->km.state != XFRM_STATE_VALID)
		return xfrm_full_input_drop(x, LINUX_MIB_XFRMINSTATEINVALID);

	mib = xfrm_full_input_place(full, skb);
	if (mib)
		return xfrm_full_input_drop(x, mib);
	if (full->place == XFRM_FULL_SUSPENDED)
		return xfrm_full_input_suspended(x, skb, seq);
	if (xfrm_full_owner(full))
		return xfrm_full_can_ask(full) ?
		       xfrm_full_ask(x, skb, seq) :
		       xfrm_full_input_stop(x, skb, seq);

	if (xfrm_state_check_expire(x))
		return xfrm_full_input_drop(x, LINUX_MIB_XFRMINSTATEEXPIRED);
	return 0;
}
