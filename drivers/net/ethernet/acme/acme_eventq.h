/* SPDX-License-Identifier: GPL-2.0-only */
/* Event queue: what the device reports by itself. */
#ifndef _ACME_EVENTQ_H
#define _ACME_EVENTQ_H

#include <linux/types.h>

#include "acme_hw.h"

struct acme_dev;

#define ACME_EQ_LOG2			7

/**
 * struct acme_eventq - event queue
 * @ring: entries
 * @dma: address of @ring
 * @head: events consumed
 * @hw_lost: the device's count of events that did not fit, when last seen
 * @events: counter of events
 * @bad: counter of events that make no sense
 * @stale: counter of events about SAs that are gone or unknown
 * @lost: counter of events that did not fit
 *
 * Touched by the handler of vector 0 only; others may read the counters.
 */
struct acme_eventq {
	struct acme_event *ring;
	dma_addr_t dma;
	u32 head;
	u32 hw_lost;
	u64 events;
	u64 bad;
	u64 stale;
	u64 lost;
};

int acme_eventq_alloc(struct acme_dev *adev);
void acme_eventq_free(struct acme_dev *adev);
void acme_eventq_process(struct acme_dev *adev);

#endif /* _ACME_EVENTQ_H */
