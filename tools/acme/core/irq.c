// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Interrupts and their moderation. */
#include "internal.h"

void acme_irq(struct acme_dev *dev, unsigned int vector)
{
	if (dev->faults.irq_drop) {
		dev->faults.irq_drop--;
		return;
	}
	dev->count.irqs++;
	dev->ops->irq(dev->ctx, vector);
}

/*
 * Completions are written, then ARM is read; the driver writes ARM, then looks
 * for completions. One of the two sees what the other did. So work that finds
 * the interrupt not armed needs none.
 */
void acme_queue_work_done(struct acme_dev *dev, struct acme_queue *q,
			  enum acme_dir dir)
{
	u32 base = ACME_REG_QUEUE(q - dev->queues);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->arm = acme_reg_read(dev, base + ACME_QREG_ARM);
	if (q->arm == q->raised)
		return;
	if (q->since[dir] == ACME_NEVER)
		q->since[dir] = dev->now;
}

static u64 due(const struct acme_queue *q, enum acme_dir dir)
{
	if (q->since[dir] == ACME_NEVER)
		return ACME_NEVER;
	return q->since[dir] + q->usecs[dir] * NSEC_PER_USEC;
}

u64 acme_queue_irq_at(const struct acme_queue *q)
{
	if (!q->used || q->halted)
		return ACME_NEVER;
	return min(due(q, ACME_TX), due(q, ACME_RX));
}

static void queue_irq(struct acme_dev *dev, struct acme_queue *q)
{
	if (acme_queue_irq_at(q) > dev->now)
		return;
	q->raised = q->arm;
	q->since[ACME_TX] = ACME_NEVER;
	q->since[ACME_RX] = ACME_NEVER;
	acme_irq(dev, q->vector);
}

void acme_dev_irqs(struct acme_dev *dev)
{
	u32 i;

	if (dev->faults.dead)
		return;
	if (dev->admin.irq) {
		dev->admin.irq = false;
		acme_irq(dev, ACME_VEC_MGMT);
	}
	for (i = 0; i < dev->cfg.num_queues; i++)
		queue_irq(dev, &dev->queues[i]);
}
