// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reception: from a frame to buffers and completions. */
#include "internal.h"

/* A frame of ACME_MTU_MAX in the smallest buffers worth having. */
#define RX_MAX_BUFS	64

static bool read_desc(struct acme_dev *dev, const struct acme_queue *q, u32 n,
		      struct acme_rx_desc *d)
{
	u32 index = n % BIT(q->log2[ACME_RX]);

	return acme_dma_read(dev, q->rx_base + (u64)index * sizeof(*d), d,
			     sizeof(*d));
}

static void complete(struct acme_dev *dev, struct acme_queue *q,
		     const struct acme_rx_comp *comp)
{
	u32 size = offsetof(struct acme_rx_comp, phase);
	u32 n = q->head[ACME_RX]++;
	u32 log2 = q->log2[ACME_RX];
	u64 addr;

	addr = q->rx_comp_base + (u64)(n % BIT(log2)) * sizeof(*comp);
	acme_dma_write(dev, addr, comp, size);
	acme_dma_publish(dev, addr + size, ~(n >> log2) & 1);
	acme_queue_work_done(dev, q, ACME_RX);
}

/* Gives @n buffers back unused. */
static void give_back(struct acme_dev *dev, struct acme_queue *q, u32 n)
{
	struct acme_rx_comp comp = { .flags = cpu_to_le16(ACME_RXC_EOP) };

	while (n--)
		complete(dev, q, &comp);
}

static u32 part_len(const struct acme_rx_desc *d, u32 left)
{
	u32 len = min(le32_to_cpu(d->len), left);

	return min(len, 0xffffU);
}

enum gather { GATHERED, TOO_FEW, BAD };

/* Reads the descriptors that the frame needs. */
static enum gather gather(struct acme_dev *dev, const struct acme_queue *q,
			  struct acme_rx_desc *d, u32 *count)
{
	u32 posted = q->tail[ACME_RX] - q->head[ACME_RX];
	u32 left = dev->rx.len;
	u32 len, n;

	for (n = 0; left; n++) {
		*count = n;
		if (n == posted)
			return TOO_FEW;
		if (n == RX_MAX_BUFS ||
		    !read_desc(dev, q, q->head[ACME_RX] + n, &d[n]))
			return BAD;
		*count = n + 1;
		len = part_len(&d[n], left);
		if (!len || !acme_dma_ok(dev, le64_to_cpu(d[n].addr), len))
			return BAD;
		left -= len;
	}
	return GATHERED;
}

static void scatter(struct acme_dev *dev, struct acme_queue *q,
		    const struct acme_rx_desc *d, u32 count)
{
	struct acme_rx *rx = &dev->rx;
	struct acme_rx_comp comp = {};
	u32 pos = 0;
	u32 i, len;

	for (i = 0; i < count; i++) {
		len = part_len(&d[i], rx->len - pos);
		acme_dma_write(dev, le64_to_cpu(d[i].addr), rx->data + pos,
			       len);
		pos += len;
		comp.len = cpu_to_le16(len);
		if (i + 1 == count) {
			comp.flags = cpu_to_le16(rx->flags | ACME_RXC_EOP);
			comp.sa = cpu_to_le32(rx->sa);
			comp.exc = rx->exc;
			comp.hash = cpu_to_le32(rx->hash);
		}
		complete(dev, q, &comp);
	}
	q->packets[ACME_RX]++;
}

/* Tries to deliver; false when buffers are missing. */
static bool try_deliver(struct acme_dev *dev, struct acme_queue *q)
{
	struct acme_rx_desc d[RX_MAX_BUFS];
	u32 count = 0;

	switch (gather(dev, q, d, &count)) {
	case GATHERED:
		scatter(dev, q, d, count);
		return true;
	case BAD:
		dev->count.rx_bad_desc++;
		give_back(dev, q, count);
		return true;
	case TOO_FEW:
		break;
	}
	return false;
}

/* The queue pair that gets the frame: any, rather than one that is not. */
static struct acme_queue *pick_queue(struct acme_dev *dev)
{
	struct acme_queue *q = &dev->queues[dev->rx.qid];
	u32 i;

	if (q->used)
		return q;
	for (i = 0; i < dev->cfg.num_queues; i++)
		if (dev->queues[i].used)
			return &dev->queues[i];
	return NULL;
}

void acme_rx_deliver(struct acme_dev *dev)
{
	struct acme_queue *q = pick_queue(dev);
	struct acme_rx *rx = &dev->rx;

	if (!q) {
		dev->count.rx_disabled++;
		return;
	}
	if (!q->halted && try_deliver(dev, q))
		return;
	if (q->halted || q->stalled) {
		dev->count.rx_no_buffer++;
		return;
	}
	rx->qid = q - dev->queues;
	rx->waiting = true;
	rx->until = dev->now + ACME_RX_PAUSE_NS;
}

void acme_rx_retry(struct acme_dev *dev)
{
	struct acme_rx *rx = &dev->rx;
	struct acme_queue *q = &dev->queues[rx->qid];

	if (!rx->waiting)
		return;
	if (q->used && !q->halted && try_deliver(dev, q)) {
		rx->waiting = false;
		return;
	}
	if (q->used && !q->halted && dev->now < rx->until)
		return;
	rx->waiting = false;
	q->stalled = true;
	dev->count.rx_no_buffer++;
}
