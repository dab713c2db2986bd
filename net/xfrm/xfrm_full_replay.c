// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: sequence numbers and replay windows, here and there.
 *
 * While a device has the SA, its window is the only one.  XFRM's own is a copy
 * for those who ask: exact after a snapshot.  Between two snapshots only the
 * top is known, and numbers that it has passed are taken for received, which
 * errs on the safe side.
 *
 * A snapshot counts back from the top.  XFRM's bitmaps, but for the one of
 * struct xfrm_replay_state, are circular: number n is bit (n - 1) modulo the
 * window's size.
 */

#include <kunit/visibility.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

static bool xfrm_full_is_out(const struct xfrm_state *x)
{
	return x->full->dir == XFRM_SA_DIR_OUT;
}

static u32 xfrm_full_window(const struct xfrm_state *x)
{
	u32 window = x->replay_esn ? x->replay_esn->replay_window :
				     x->props.replay_window;

	return min_t(u32, window, XFRM_FULL_WINDOW_MAX);
}

/* Bit of the number that is @back below @top, the low half of the top. */
static u32 xfrm_full_circular(u32 top, u32 back, u32 window)
{
	return ((top - 1) % window + window - back) % window;
}

static void xfrm_full_assign(u32 *bitmap, u32 bit, bool set)
{
	if (set)
		bitmap[bit / 32] |= BIT(bit % 32);
	else
		bitmap[bit / 32] &= ~BIT(bit % 32);
}

static u64 xfrm_full_u64(u32 high, u32 low)
{
	return (u64)high << 32 | low;
}

/**
 * xfrm_full_seq() - the last sequence number that XFRM knows of
 * @x: an SA with full offload
 *
 * Return: outbound the last one used, inbound the window's top; 64 bits.
 */
u64 xfrm_full_seq(const struct xfrm_state *x)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;
	bool out = xfrm_full_is_out(x);

	if (!esn)
		return out ? x->replay.oseq : x->replay.seq;
	if (!(x->props.flags & XFRM_STATE_ESN))
		return out ? esn->oseq : esn->seq;
	return out ? xfrm_full_u64(esn->oseq_hi, esn->oseq) :
		     xfrm_full_u64(esn->seq_hi, esn->seq);
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_seq);

/**
 * xfrm_full_is_left() - is a number left of the window, wherever that is now?
 * @x: an inbound SA with full offload
 * @seq: low half of the number
 *
 * The window has only moved on since its top was read.  With ESN, the high half is
 * that which puts the number into the window or to the right of it.
 *
 * Return: true if it is.
 */
bool xfrm_full_is_left(const struct xfrm_state *x, u32 seq)
{
	u32 window = xfrm_full_window(x);

	if (!window || x->props.flags & XFRM_STATE_ESN)
		return false;
	return !seq || (u64)seq + window <= xfrm_full_seq(x);
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_is_left);

static void xfrm_full_put_seq(struct xfrm_state *x, u64 seq)
{
	struct xfrm_replay_state_esn *esn = x->replay_esn;
	bool out = xfrm_full_is_out(x);

	if (!esn) {
		WRITE_ONCE(*(out ? &x->replay.oseq : &x->replay.seq),
			   lower_32_bits(seq));
		return;
	}

	WRITE_ONCE(*(out ? &esn->oseq : &esn->seq), lower_32_bits(seq));
	if (x->props.flags & XFRM_STATE_ESN)
		WRITE_ONCE(*(out ? &esn->oseq_hi : &esn->seq_hi),
			   upper_32_bits(seq));
}

/* A device may tell what it likes: without ESN numbers end at 2^32 - 1, and don't
 * begin again.
 */
static u64 xfrm_full_possible(const struct xfrm_state *x, u64 seq)
{
	return x->props.flags & XFRM_STATE_ESN ? seq : min_t(u64, seq, U32_MAX);
}

/**
 * xfrm_full_advance() - the device's sequence number has advanced
 * @x: an SA with full offload
 * @seq: the last sequence number, as in struct xfrm_full_stats
 *
 * Context: x->full->stats_lock held.
 */
void xfrm_full_advance(struct xfrm_state *x, u64 seq)
{
	struct xfrm_replay_state_esn *esn = x->replay_esn;
	u64 old = xfrm_full_seq(x);
	u32 i, n, window;

	seq = xfrm_full_possible(x, seq);
	if (seq <= old)
		return;
	xfrm_full_put_seq(x, seq);

	window = xfrm_full_window(x);
	if (xfrm_full_is_out(x) || !window)
		return;

	n = min_t(u64, seq - old, window);
	if (!esn) {
		x->replay.bitmap = n < 32 ? x->replay.bitmap << n |
					    GENMASK(n - 1, 0) : ~0U;
		return;
	}
	for (i = 0; i < n; i++)
		xfrm_full_assign(esn->bmp, xfrm_full_circular(seq, i, window),
				 true);
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_advance);

/**
 * xfrm_full_to_snapshot() - what a device needs to go on with an SA
 * @x: an SA with full offload that nobody uses at the moment
 * @snap: to be filled in, zeroed
 */
void xfrm_full_to_snapshot(const struct xfrm_state *x,
			   struct xfrm_full_snapshot *snap)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;
	u32 i, bit, window = xfrm_full_window(x);

	snap->seq = xfrm_full_seq(x);
	snap->packets = x->curlft.packets;
	snap->bytes = x->curlft.bytes;
	if (xfrm_full_is_out(x))
		return;

	snap->window = window;
	if (!esn) {
		snap->bitmap[0] = x->replay.bitmap;
		return;
	}
	for (i = 0; i < window; i++) {
		bit = xfrm_full_circular(esn->seq, i, window);
		xfrm_full_assign(snap->bitmap, i,
				 esn->bmp[bit / 32] & BIT(bit % 32));
	}
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_to_snapshot);

/* Of a bitmap of 32 numbers: those of which the device says nothing. */
static u32 xfrm_full_unknown(u32 known, u32 window)
{
	return known < window ? ~0U << known : 0;
}

/**
 * xfrm_full_from_snapshot() - take over what a device knows of an SA
 * @x: an SA with full offload
 * @snap: from the device
 *
 * A snapshot that is older than what is known already changes nothing.  What its
 * bitmap leaves open is taken as received: late packets are lost, replays, too.
 *
 * Context: x->full->stats_lock held.
 */
void xfrm_full_from_snapshot(struct xfrm_state *x,
			     const struct xfrm_full_snapshot *snap)
{
	struct xfrm_replay_state_esn *esn = x->replay_esn;
	u32 i, window = xfrm_full_window(x);
	u64 seq = xfrm_full_possible(x, snap->seq);

	/* A number that was lent is used, whatever the device says now. */
	if (xfrm_full_is_out(x)) {
		xfrm_full_advance(x, max(snap->seq, x->full->sw_seq));
		return;
	}
	if (seq < xfrm_full_seq(x))
		return;

	xfrm_full_put_seq(x, seq);
	if (!esn) {
		x->replay.bitmap = snap->bitmap[0] |
				   xfrm_full_unknown(snap->window,
						     window);
		return;
	}
	for (i = 0; i < window; i++)
		xfrm_full_assign(esn->bmp,
				 xfrm_full_circular(seq, i, window),
				 i >= snap->window ||
				 snap->bitmap[i / 32] & BIT(i % 32));
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_from_snapshot);
