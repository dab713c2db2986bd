// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The device as a whole. */
#include <stdlib.h>

#include "internal.h"

struct acme_dev *acme_dev_new(const struct acme_config *cfg,
			      const struct acme_ops *ops, void *ctx, u8 *regs)
{
	struct acme_dev *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->ops = ops;
	dev->ctx = ctx;
	dev->regs = regs;
	dev->cfg = *cfg;
	dev->now = ops->now(ctx);
	if (!acme_sa_table_init(&dev->sas, cfg->max_sas)) {
		free(dev);
		return NULL;
	}
	acme_reset(dev);
	memset(regs, 0, ACME_REGS_SIZE);
	acme_regs_rewrite(dev);
	return dev;
}

void acme_dev_free(struct acme_dev *dev)
{
	acme_sa_table_free(&dev->sas);
	free(dev);
}

void acme_dev_unplug(struct acme_dev *dev)
{
	acme_reset(dev);
	dev->doorbells = 0;
	dev->reset_ack = 0;
	dev->test_done = 0;
	memset(dev->regs, 0, ACME_REGS_SIZE);
	acme_regs_rewrite(dev);
}

void acme_dev_doorbell(struct acme_dev *dev, unsigned int n)
{
	if (n <= dev->cfg.num_queues)
		dev->doorbells |= BIT(n);
}

/*
 * A frame that waits goes before commands: it may have been counted, and the
 * host may be about to forget its SA.
 */
static void waiting_first(struct acme_dev *dev, u32 rang)
{
	struct acme_queue *q = &dev->queues[dev->rx.qid];

	if (!dev->rx.waiting)
		return;
	if (q->used && !q->halted && rang & BIT(ACME_DB_QUEUE(dev->rx.qid)))
		acme_queue_update(dev, q);
	acme_rx_retry(dev);
}

static bool mgmt_run(struct acme_dev *dev)
{
	acme_selftest_run(dev);
	return acme_admin_run(dev);
}

static bool queue_run(struct acme_dev *dev, u32 qid, bool rang)
{
	struct acme_queue *q = &dev->queues[qid];

	if (!q->used || q->halted)
		return false;
	if (rang)
		acme_queue_update(dev, q);
	return acme_txq_run(dev, q);
}

bool acme_dev_run(struct acme_dev *dev)
{
	bool more = false;
	bool mgmt;
	u32 rang;
	u32 i;

	dev->now = dev->ops->now(dev->ctx);
	if (dev->faults.dead)
		return false;
	rang = dev->doorbells;
	dev->doorbells = 0;
	mgmt = rang & BIT(ACME_DB_MGMT) || dev->admin.answer_at <= dev->now;
	/* the host may have freed all that the device could write to */
	if (mgmt && acme_reset_run(dev))
		mgmt = false;
	acme_sa_events_flush(dev);
	waiting_first(dev, rang);
	if (mgmt)
		more = mgmt_run(dev);
	if (more)
		acme_dev_doorbell(dev, ACME_DB_MGMT);
	for (i = 0; i < dev->cfg.num_queues; i++)
		more |= queue_run(dev, i, rang & BIT(ACME_DB_QUEUE(i)));
	acme_rx_retry(dev);
	return more;
}

u64 acme_dev_next(const struct acme_dev *dev)
{
	u64 next = min(dev->admin.answer_at, dev->admin.retry_at);
	u32 i;

	if (dev->faults.dead)
		return ACME_NEVER;
	if (dev->rx.waiting)
		next = min(next, dev->rx.until);
	for (i = 0; i < dev->cfg.num_queues; i++)
		next = min(next, acme_queue_irq_at(&dev->queues[i]));
	return next;
}

void acme_dev_set_faults(struct acme_dev *dev,
			 const struct acme_faults *faults)
{
	bool revived = dev->faults.killed && !faults->killed;

	dev->faults = *faults;
	if (revived)
		acme_dev_unplug(dev);
}
