/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Replay protection with 32 and 64-bit sequence numbers (RFC 4303, 3.4.3). */
#ifndef _ACME_REPLAY_H
#define _ACME_REPLAY_H

#include "acme_hw.h"
#include "compat.h"

/**
 * struct acme_replay - replay window
 * @top: highest sequence number accepted
 * @window: its size in packets, 0 for no protection
 * @esn: sequence numbers have 64 bits, of which packets carry the lower half
 * @seen: bit @seq % ACME_WINDOW_MAX: @seq was accepted, for those in reach
 */
struct acme_replay {
	u64 top;
	u32 window;
	bool esn;
	u64 seen[ACME_WINDOW_MAX / 64];
};

/**
 * acme_replay_load() - start from a snapshot
 * @r: window; @window and @esn are set
 * @top: highest sequence number accepted
 * @bitmap: bit n: @top - n was accepted
 */
void acme_replay_load(struct acme_replay *r, u64 top, const u8 *bitmap);

/* The reverse; bits left of the window are 0. */
void acme_replay_save(const struct acme_replay *r, u8 *bitmap);

/**
 * acme_replay_guess() - sequence number of a received packet
 * @r: window
 * @low: its lower half
 *
 * RFC 4303, appendix A2.1.
 *
 * Return: the sequence number, 0 if there can be none.
 */
u64 acme_replay_guess(const struct acme_replay *r, u32 low);

/* May @seq still be accepted? */
bool acme_replay_check(const struct acme_replay *r, u64 seq);

/* Is @seq 0 or left of the window? */
bool acme_replay_left(const struct acme_replay *r, u64 seq);

/* Accept @seq: only after its ICV was found right. */
void acme_replay_commit(struct acme_replay *r, u64 seq);

#endif /* _ACME_REPLAY_H */
