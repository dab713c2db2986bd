// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: packets to be sent by software although, or before, or
 * after, a device has their SA.
 *
 * While the device owns the numbers, software asks it for one, in
 * xfrm_output_one() and under x->lock.  The IV that software makes of it is of
 * epoch 0, so software never takes a number twice, nor one below, whatever the
 * device answers.
 *
 * An SA may leave its device while packets wait in a qdisc or for a neighbour.
 * They are cleartext with a MAC header.  xfrm_full_tx() finds out when they come
 * to the driver, and takes them back: they go through xfrm_output() again.
 *
 * A device that can't give numbers makes packets wait for the end of a move.
 */

#include <kunit/visibility.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/dst.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define XFRM_FULL_PARKED_MAX	256
#define XFRM_FULL_BACK_MAX	4096

/*
 * Numbers
 */

static bool xfrm_full_numbers_ok(const struct xfrm_full *full, u64 first,
				 u64 last)
{
	u64 max = full->x->props.flags & XFRM_STATE_ESN ? XFRM_FULL_SEQ_MAX :
							  U32_MAX;

	return first > full->sw_seq && first <= last && last <= max;
}

/* A packet that came when the SA had nothing to do with devices yet may have
 * been left to ESP's offload code, which cuts it later.
 */
static u32 xfrm_full_numbers(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
}

static int xfrm_full_alloc_numbers(struct xfrm_full *full,
				   const struct sk_buff *skb, u64 *seq)
{
	const struct xfrmdev_ops *ops = full->dev->xfrmdev_ops;
	u32 n = xfrm_full_numbers(skb);
	int err;

	if (!(full->can & XFRM_OFFLOAD_CAP_SEQ_ALLOC))
		return -EOPNOTSUPP;

	err = ops->xdo_dev_full_seq_alloc(full->dev, full->x, n, skb->len, seq);
	/* While the SA leaves, whoever moves it waits for the device, too. */
	if (full->place == XFRM_FULL_DEVICE)
		xfrm_full_answered(full, err);
	if (err)
		return err;
	if (!xfrm_full_numbers_ok(full, *seq, *seq + n - 1))
		return -EPROTO;

	full->sw_seq = *seq + n - 1;
	return 0;
}

static int xfrm_full_number_mib(int err)
{
	switch (err) {
	case -EOVERFLOW:
		return LINUX_MIB_XFRMOUTSTATESEQERROR;
	case -EDQUOT:
		return LINUX_MIB_XFRMOUTSTATEEXPIRED;
	case -EOPNOTSUPP:
		return LINUX_MIB_XFRMFULLOUTEXCEPTION;
	default:
		return LINUX_MIB_XFRMFULLOUTERROR;
	}
}

static int xfrm_full_device_number(struct xfrm_full *full, struct sk_buff *skb)
{
	struct xfrm_offload *xo = xfrm_offload(skb);
	struct net *net = xs_net(full->x);
	u64 seq;
	int err;

	err = xfrm_full_alloc_numbers(full, skb, &seq);
	if (err) {
		XFRM_INC_STATS(net, xfrm_full_number_mib(err));
		return err;
	}

	XFRM_SKB_CB(skb)->seq.output.low = lower_32_bits(seq);
	XFRM_SKB_CB(skb)->seq.output.hi = upper_32_bits(seq);
	if (xo) {
		xo->seq.low = lower_32_bits(seq);
		xo->seq.hi = upper_32_bits(seq);
	}
	XFRM_ADD_STATS(net, LINUX_MIB_XFRMFULLOUTSOFTWARE,
		       xfrm_full_numbers(skb));
	return 0;
}

/* Slow path of xfrm_full_number(). */
int __xfrm_full_number(struct xfrm_state *x, struct sk_buff *skb)
{
	struct xfrm_full *full = x->full;

	if (xfrm_full_owner(full))
		return xfrm_full_device_number(full, skb);

	if (!xfrm_full_by_software(full) || full->cloned) {
		XFRM_INC_STATS(xs_net(x), LINUX_MIB_XFRMFULLOUTSTATE);
		return -ENOENT;
	}
	if (xfrm_full_seq(x) >= XFRM_FULL_SEQ_MAX) {
		xfrm_audit_state_replay_overflow(x, skb);
		XFRM_INC_STATS(xs_net(x), LINUX_MIB_XFRMOUTSTATESEQERROR);
		return -EOVERFLOW;
	}
	return 1;
}
EXPORT_SYMBOL_IF_KUNIT(__xfrm_full_number);

/*
 * Packets that wait for the end of a move
 */

/**
 * xfrm_full_park() - have a packet wait for the end of a move
 * @full: full offload of its SA
 * @skb: the packet, with a reference to its dst
 *
 * Context: process or softirq.
 * Return: false if there is nothing to wait for. Otherwise the packet is
 * consumed.
 */
bool xfrm_full_park(struct xfrm_full *full, struct sk_buff *skb)
{
	struct sk_buff_head *parked = &full->parked;
	bool parking, room;

	if (likely(!READ_ONCE(full->parking)))
		return false;

	spin_lock_bh(&parked->lock);
	parking = full->parking;
	room = skb_queue_len(parked) < XFRM_FULL_PARKED_MAX;
	if (parking && room)
		__skb_queue_tail(parked, skb);
	spin_unlock_bh(&parked->lock);

	if (parking && !room) {
		XFRM_INC_STATS(xs_net(full->x), LINUX_MIB_XFRMFULLOUTSTATE);
		kfree_skb(skb);
	}
	return parking;
}

/* A tap may have cloned what came back, and sees its MAC header yet. */
static void xfrm_full_resend(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	local_bh_disable();
	while ((skb = __skb_dequeue(list))) {
		if (skb_cow_head(skb, 0)) {
			XFRM_INC_STATS(xs_net(skb_dst(skb)->xfrm),
				       LINUX_MIB_XFRMFULLOUTERROR);
			kfree_skb(skb);
			continue;
		}
		xfrm_output(skb->sk, skb);
	}
	local_bh_enable();
}

/**
 * xfrm_full_set_parking() - begin or end to have packets wait
 * @full: full offload of their SA
 * @parking: begin
 *
 * At the end those that wait are sent.
 *
 * Context: process, xfrm_full.mutex held.
 */
void xfrm_full_set_parking(struct xfrm_full *full, bool parking)
{
	struct sk_buff_head *parked = &full->parked;
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	spin_lock_bh(&parked->lock);
	WRITE_ONCE(full->parking, parking);
	if (!parking)
		skb_queue_splice_init(parked, &list);
	spin_unlock_bh(&parked->lock);

	xfrm_full_resend(&list);
}

/*
 * Packets that come back
 */

static struct sk_buff_head xfrm_full_back;

static void xfrm_full_back_fn(struct work_struct *work)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	spin_lock_bh(&xfrm_full_back.lock);
	skb_queue_splice_init(&xfrm_full_back, &list);
	spin_unlock_bh(&xfrm_full_back.lock);

	xfrm_full_resend(&list);
}

static DECLARE_WORK(xfrm_full_back_work, xfrm_full_back_fn);

/* As it came to xfrm_output(), when it has its dst alone. */
static void xfrm_full_strip(struct sk_buff *skb)
{
	__skb_pull(skb, skb_network_offset(skb));
	skb_unset_mac_header(skb);
	skb_mark_not_on_list(skb);
	memset(skb->cb, 0, sizeof(skb->cb));
	skb->xfrm_full = 0;
}

/**
 * xfrm_full_take_back() - a packet for a device that has its SA no more
 * @skb: the packet, with a MAC header, as ndo_start_xmit() has it
 *
 * It is sent by whoever has the SA now, soon: not from here, as a lock of the
 * device's queue is held.
 *
 * Context: ndo_start_xmit().
 * Return: false if there are too many of them.
 */
bool xfrm_full_take_back(struct sk_buff *skb)
{
	bool room;

	spin_lock_bh(&xfrm_full_back.lock);
	room = skb_queue_len(&xfrm_full_back) < XFRM_FULL_BACK_MAX;
	if (room) {
		xfrm_full_strip(skb);
		__skb_queue_tail(&xfrm_full_back, skb);
	}
	spin_unlock_bh(&xfrm_full_back.lock);

	if (room)
		queue_work(system_bh_wq, &xfrm_full_back_work);
	return room;
}

static int __init xfrm_full_soft_init(void)
{
	skb_queue_head_init(&xfrm_full_back);
	return 0;
}
subsys_initcall(xfrm_full_soft_init);
