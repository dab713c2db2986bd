// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Fragments that follow one which the device has dropped. Only the first has an
 * SPI, so the others could not be told from those of other packets.
 */
#include "internal.h"

/* Receivers wait for 60 seconds (RFC 8200, 4.5), Linux for 30 with IPv4. */
#define FRAG_SECONDS	60

static bool belongs_to(const struct acme_ip *ip, const struct acme_frag *frag)
{
	return frag->id == ip->id && frag->family == ip->family &&
	       frag->proto == ip->proto &&
	       !memcmp(frag->saddr, acme_ip_saddr(ip), acme_ip_alen(ip)) &&
	       !memcmp(frag->daddr, acme_ip_daddr(ip), acme_ip_alen(ip));
}

void acme_frag_drop(struct acme_frags *frags, const struct acme_ip *ip,
		    u64 now)
{
	struct acme_frag *slot = &frags->slots[frags->next++ % ACME_FRAGS];

	*slot = (struct acme_frag) {
		.until = now + FRAG_SECONDS * NSEC_PER_SEC,
		.id = ip->id,
		.family = ip->family,
		.proto = ip->proto,
	};
	memcpy(slot->saddr, acme_ip_saddr(ip), acme_ip_alen(ip));
	memcpy(slot->daddr, acme_ip_daddr(ip), acme_ip_alen(ip));
}

bool acme_frag_dropped(const struct acme_frags *frags,
		       const struct acme_ip *ip, u64 now)
{
	u32 i;

	for (i = 0; i < ACME_FRAGS; i++)
		if (now < frags->slots[i].until &&
		    belongs_to(ip, &frags->slots[i]))
			return true;
	return false;
}
