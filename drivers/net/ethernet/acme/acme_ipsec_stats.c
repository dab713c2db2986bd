// SPDX-License-Identifier: GPL-2.0-only
/* IPsec: counters of an SA, from the record that the device writes. */

#include "acme.h"
#include "acme_ipsec_sa.h"

#define ACME_STATS_TRIES		64

static u64 acme_stat(const __le64 *field)
{
	return le64_to_cpu(READ_ONCE(*field));
}

static void acme_stats_read(const struct acme_sa_stats *hw,
			    struct xfrm_full_stats *stats)
{
	u64 *drops = stats->drops;

	stats->packets = acme_stat(&hw->packets);
	stats->bytes = acme_stat(&hw->bytes);
	stats->seq = acme_stat(&hw->seq);
	stats->firstused = acme_stat(&hw->first_used);
	stats->lastused = acme_stat(&hw->last_used);
	drops[XFRM_FULL_DROP_REPLAY] = acme_stat(&hw->drop_replay);
	drops[XFRM_FULL_DROP_ICV] = acme_stat(&hw->drop_icv);
	drops[XFRM_FULL_DROP_SELECTOR] = acme_stat(&hw->drop_selector);
	drops[XFRM_FULL_DROP_SEQ] = acme_stat(&hw->drop_seq);
	drops[XFRM_FULL_DROP_MALFORMED] = acme_stat(&hw->drop_malformed) +
					  acme_stat(&hw->drop_encap);
	drops[XFRM_FULL_DROP_LIMIT] = acme_stat(&hw->drop_limit);
	drops[XFRM_FULL_DROP_TOOBIG] = acme_stat(&hw->drop_too_long);
	drops[XFRM_FULL_DROP_EXCEPTION] = acme_stat(&hw->drop_exc);
	drops[XFRM_FULL_DROP_ECN] = acme_stat(&hw->drop_ecn);
}

/*
 * The device changes @begin, writes the record, and makes @end equal to @begin.
 * Read in the reverse order, equal values mean that nothing was written.
 */
static bool acme_stats_try(const struct acme_sa_stats *hw,
			   struct xfrm_full_stats *stats)
{
	__le32 end = READ_ONCE(hw->end);

	dma_rmb();
	acme_stats_read(hw, stats);
	dma_rmb();
	return READ_ONCE(hw->begin) == end;
}

/**
 * acme_sa_stats() - counters of an SA in one moment
 * @sa: the SA
 * @stats: filled in; with those of the last time if the device is too busy
 *
 * Context: any but hard interrupts.
 */
void acme_sa_stats(struct acme_sa *sa, struct xfrm_full_stats *stats)
{
	int i;

	spin_lock_bh(&sa->lock);
	for (i = 0; i < ACME_STATS_TRIES; i++) {
		if (acme_stats_try(sa->hw, stats)) {
			sa->last = *stats;
			break;
		}
		cpu_relax();
	}
	*stats = sa->last;
	spin_unlock_bh(&sa->lock);
}
