/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of the device. */
#ifndef _ACME_STATS_H
#define _ACME_STATS_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "acme_hw.h"

struct acme_dev;

#define ACME_HW_STATS \
	(offsetof(struct acme_stats, rsvd) / sizeof(__le64))

/**
 * struct acme_hw_stats - the device's counters
 * @lock: serialises reading
 * @buf: where the device writes them
 * @dma: address of @buf
 * @values: as last read, in the order of struct acme_stats
 */
struct acme_hw_stats {
	struct mutex lock;		/* one reading at a time */
	struct acme_stats *buf;
	dma_addr_t dma;
	u64 values[ACME_HW_STATS];
};

#define acme_hw_stat(adev, field) \
	READ_ONCE((adev)->hw_stats.values[offsetof(struct acme_stats, field) / \
					  sizeof(__le64)])

int acme_stats_alloc(struct acme_dev *adev);
void acme_stats_free(struct acme_dev *adev);
int acme_stats_refresh(struct acme_dev *adev);

#endif /* _ACME_STATS_H */
