// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "replay.h"

static bool seen(const struct acme_replay *r, u64 seq)
{
	u32 bit = seq % ACME_WINDOW_MAX;

	return r->seen[bit / 64] >> (bit % 64) & 1;
}

static void set_seen(struct acme_replay *r, u64 seq, bool value)
{
	u32 bit = seq % ACME_WINDOW_MAX;
	u64 mask = 1ULL << (bit % 64);

	if (value)
		r->seen[bit / 64] |= mask;
	else
		r->seen[bit / 64] &= ~mask;
}

void acme_replay_load(struct acme_replay *r, u64 top, const u8 *bitmap)
{
	u32 n;

	r->top = top;
	memset(r->seen, 0, sizeof(r->seen));
	for (n = 0; n < r->window && n < top; n++)
		if (bitmap[n / 8] & BIT(n % 8))
			set_seen(r, top - n, true);
}

void acme_replay_save(const struct acme_replay *r, u8 *bitmap)
{
	u32 n;

	memset(bitmap, 0, ACME_WINDOW_MAX / 8);
	for (n = 0; n < r->window && n < r->top; n++)
		if (seen(r, r->top - n))
			bitmap[n / 8] |= BIT(n % 8);
}

u64 acme_replay_guess(const struct acme_replay *r, u32 low)
{
	u32 top_low = r->top;
	u32 high = r->top >> 32;
	u32 bottom = top_low - r->window + 1;

	if (!r->esn)
		return low;
	if (top_low >= r->window - 1) {
		if (low < bottom)
			high++;
	} else if (low >= bottom) {
		/* The window reaches back into the subspace before. */
		if (!high)
			return 0;
		high--;
	}
	return (u64)high << 32 | low;
}

bool acme_replay_left(const struct acme_replay *r, u64 seq)
{
	return !seq || (seq < r->top && r->top - seq >= r->window);
}

bool acme_replay_check(const struct acme_replay *r, u64 seq)
{
	if (!r->window)
		return true;
	if (!seq)
		return false;
	if (seq > r->top)
		return true;
	return r->top - seq < r->window && !seen(r, seq);
}

void acme_replay_commit(struct acme_replay *r, u64 seq)
{
	u64 n;

	if (seq > r->top) {
		if (seq - r->top >= ACME_WINDOW_MAX)
			memset(r->seen, 0, sizeof(r->seen));
		else
			for (n = r->top + 1; n < seq; n++)
				set_seen(r, n, false);
		r->top = seq;
	}
	set_seen(r, seq, true);
}
