// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What an SA counts, and its record in the host's memory. */
#include "internal.h"

#define BEGIN	offsetof(struct acme_sa_stats, begin)
#define END	offsetof(struct acme_sa_stats, end)
#define BODY	offsetof(struct acme_sa_stats, rsvd)

void acme_sa_stats_write(struct acme_dev *dev, struct acme_sa *sa)
{
	struct acme_sa_stats stats = {
		.packets = cpu_to_le64(sa->packets),
		.bytes = cpu_to_le64(sa->bytes),
		.seq = cpu_to_le64(acme_sa_seq(sa)),
		.first_used = cpu_to_le64(sa->first_used),
		.last_used = cpu_to_le64(sa->last_used),
	};

#define ACME_FILL(name) stats.name = cpu_to_le64(sa->name);
	ACME_SA_DROPS(ACME_FILL)
#undef ACME_FILL
	acme_dma_publish(dev, sa->stats_addr + BEGIN, ++sa->stats_seq);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	acme_dma_write(dev, sa->stats_addr + BODY, &stats.rsvd, END - BODY);
	acme_dma_publish(dev, sa->stats_addr + END, sa->stats_seq);
}

void acme_sa_account(struct acme_dev *dev, struct acme_sa *sa, u64 bytes)
{
	sa->packets++;
	sa->bytes += bytes;
	sa->last_used = (dev->now + dev->real_offset) / NSEC_PER_SEC;
	if (!sa->first_used)
		sa->first_used = sa->last_used;
	acme_sa_stats_write(dev, sa);
}

void acme_sa_drop(struct acme_dev *dev, struct acme_sa *sa, u64 *dev_counter,
		  u64 *sa_counter)
{
	++*dev_counter;
	++*sa_counter;
	acme_sa_stats_write(dev, sa);
}
