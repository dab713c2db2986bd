// SPDX-License-Identifier: GPL-2.0-only
/* Event queue: what the device reports by itself. */

#include <linux/dma-mapping.h>

#include "acme.h"
#include "acme_netdev.h"

#define ACME_EQ_SIZE			BIT(ACME_EQ_LOG2)
#define ACME_EQ_BYTES \
	(ACME_EQ_SIZE * sizeof(struct acme_event))

int acme_eventq_alloc(struct acme_dev *adev)
{
	struct acme_eventq *eq = &adev->eventq;

	eq->ring = dma_alloc_coherent(adev->dev, ACME_EQ_BYTES, &eq->dma,
				      GFP_KERNEL);
	return eq->ring ? 0 : -ENOMEM;
}

void acme_eventq_free(struct acme_dev *adev)
{
	struct acme_eventq *eq = &adev->eventq;

	dma_free_coherent(adev->dev, ACME_EQ_BYTES, eq->ring, eq->dma);
}

/* Copy the next event: the device may write to the ring while it is handled. */
static bool acme_eventq_next(struct acme_eventq *eq, struct acme_event *ev)
{
	struct acme_event *slot = &eq->ring[eq->head & (ACME_EQ_SIZE - 1)];
	u32 phase = !(eq->head >> ACME_EQ_LOG2 & 1);

	if (le32_to_cpu(READ_ONCE(slot->phase)) != phase)
		return false;
	/* the rest of the event was written before the phase */
	dma_rmb();
	*ev = *slot;
	/* and is not read from there again */
	barrier();
	return true;
}

static bool acme_eventq_queue_error(struct acme_dev *adev,
				    const struct acme_event *ev)
{
	u32 qid = le32_to_cpu(ev->arg[0]);
	u32 status = le32_to_cpu(ev->arg[1]);

	if (qid >= adev->num_qps)
		return false;

	dev_warn_ratelimited(adev->dev, "queue %u failed with status %u\n",
			     qid, status);
	acme_netdev_schedule_reset(adev);
	return true;
}

static bool acme_eventq_dispatch(struct acme_dev *adev,
				 const struct acme_event *ev)
{
	switch (le16_to_cpu(ev->type)) {
	case ACME_EV_LINK:
		acme_netdev_link_update(adev);
		return true;
	case ACME_EV_QUEUE_ERROR:
		return acme_eventq_queue_error(adev, ev);
	default:
		return acme_ipsec_event(adev, ev);
	}
}

static void acme_eventq_check_lost(struct acme_dev *adev)
{
	u32 hw_lost = readl(adev->regs + ACME_REG_EQ_LOST);
	struct acme_eventq *eq = &adev->eventq;
	u32 lost = hw_lost - eq->hw_lost;

	if (!lost)
		return;

	eq->lost += lost;
	eq->hw_lost = hw_lost;
	dev_warn_ratelimited(adev->dev, "the device dropped events\n");
	acme_netdev_link_update(adev);
	acme_ipsec_events_lost(adev, lost);
}

/**
 * acme_eventq_process() - handle the events that the device has written
 * @adev: device
 *
 * One round of the ring at most: for more there is another interrupt.
 *
 * Context: interrupt thread of vector 0.
 */
void acme_eventq_process(struct acme_dev *adev)
{
	struct acme_eventq *eq = &adev->eventq;
	struct acme_event ev;
	unsigned int n;

	for (n = 0; n < ACME_EQ_SIZE; n++) {
		if (!acme_eventq_next(eq, &ev))
			break;
		eq->events++;
		if (!acme_eventq_dispatch(adev, &ev)) {
			eq->bad++;
			dev_warn_ratelimited(adev->dev, "invalid event\n");
		}
		eq->head++;
	}
	if (!n)
		return;

	writel(eq->head, adev->regs + ACME_REG_EQ_HEAD);
	acme_ring_doorbell(adev, ACME_DB_MGMT);
	acme_eventq_check_lost(adev);
}
