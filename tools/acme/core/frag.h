/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Fragments that follow one which the device has dropped. */
#ifndef _ACME_FRAG_H
#define _ACME_FRAG_H

#include "ip.h"

#define ACME_FRAGS	16

/**
 * struct acme_frag - a packet whose first fragment was dropped
 * @until: monotonic time in ns when it is forgotten, 0 for none
 * @id: identification
 * @family: 4 or 6
 * @proto: what its first fragment has behind the IP headers
 * @saddr: source
 * @daddr: destination
 */
struct acme_frag {
	u64 until;
	u32 id;
	u8 family;
	u8 proto;
	u8 saddr[16];
	u8 daddr[16];
};

/**
 * struct acme_frags - the last of them
 * @slots: packets
 * @next: slot to be used next
 */
struct acme_frags {
	struct acme_frag slots[ACME_FRAGS];
	u32 next;
};

/**
 * acme_frag_drop() - the rest of this packet is not wanted
 * @frags: memory
 * @ip: its first fragment
 * @now: monotonic time in ns
 */
void acme_frag_drop(struct acme_frags *frags, const struct acme_ip *ip,
		    u64 now);

/**
 * acme_frag_dropped() - does a fragment follow one that was dropped?
 * @frags: memory
 * @ip: a fragment other than the first
 * @now: monotonic time in ns
 *
 * Return: true until the time is over in which a receiver would wait for it.
 */
bool acme_frag_dropped(const struct acme_frags *frags,
		       const struct acme_ip *ip, u64 now);

#endif /* _ACME_FRAG_H */
