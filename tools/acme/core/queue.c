// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Queue pairs: creation, registers, errors. */
#include "internal.h"

#define CREATE(field)	offsetof(struct acme_cmd, queue_create.field)
#define QUEUE(field)	offsetof(struct acme_cmd, queue.field)

static bool ring_fits(struct acme_dev *dev, __le64 base, u8 log2, u32 entry)
{
	return log2 <= ACME_RING_LOG2_MAX &&
	       acme_dma_ok(dev, le64_to_cpu(base), (u64)entry << log2);
}

static u32 check_numbers(struct acme_dev *dev,
			 const struct acme_cmd_queue_create *c,
			 struct acme_cmd *rsp)
{
	const struct acme_check checks[] = {
		{ le16_to_cpu(c->qid) >= dev->cfg.num_queues,
		  ACME_ST_BAD_PARAM, CREATE(qid) },
		{ le16_to_cpu(c->vector) > dev->cfg.num_queues,
		  ACME_ST_BAD_PARAM, CREATE(vector) },
		{ c->tx_log2 < ACME_MIN_RING_LOG2,
		  ACME_ST_BAD_PARAM, CREATE(tx_log2) },
		{ c->tx_log2 > ACME_RING_LOG2_MAX,
		  ACME_ST_UNSUPPORTED, CREATE(tx_log2) },
		{ c->rx_log2 < ACME_MIN_RING_LOG2,
		  ACME_ST_BAD_PARAM, CREATE(rx_log2) },
		{ c->rx_log2 > ACME_RING_LOG2_MAX,
		  ACME_ST_UNSUPPORTED, CREATE(rx_log2) },
		{ le32_to_cpu(c->tx_usecs) > ACME_COALESCE_MAX_USECS,
		  ACME_ST_BAD_PARAM, CREATE(tx_usecs) },
		{ le32_to_cpu(c->rx_usecs) > ACME_COALESCE_MAX_USECS,
		  ACME_ST_BAD_PARAM, CREATE(rx_usecs) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

static u32 check_rings(struct acme_dev *dev,
		       const struct acme_cmd_queue_create *c,
		       struct acme_cmd *rsp)
{
	const struct acme_check checks[] = {
		{ le64_to_cpu(c->tx_base) % 64,
		  ACME_ST_BAD_PARAM, CREATE(tx_base) },
		{ le64_to_cpu(c->tx_head_addr) % 4,
		  ACME_ST_BAD_PARAM, CREATE(tx_head_addr) },
		{ le64_to_cpu(c->rx_base) % 64,
		  ACME_ST_BAD_PARAM, CREATE(rx_base) },
		{ le64_to_cpu(c->rx_comp_base) % 64,
		  ACME_ST_BAD_PARAM, CREATE(rx_comp_base) },
		{ !ring_fits(dev, c->tx_base, c->tx_log2,
			     sizeof(struct acme_tx_desc)),
		  ACME_ST_DMA_FAULT, CREATE(tx_base) },
		{ !acme_dma_ok(dev, le64_to_cpu(c->tx_head_addr), 4),
		  ACME_ST_DMA_FAULT, CREATE(tx_head_addr) },
		{ !ring_fits(dev, c->rx_base, c->rx_log2,
			     sizeof(struct acme_rx_desc)),
		  ACME_ST_DMA_FAULT, CREATE(rx_base) },
		{ !ring_fits(dev, c->rx_comp_base, c->rx_log2,
			     sizeof(struct acme_rx_comp)),
		  ACME_ST_DMA_FAULT, CREATE(rx_comp_base) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

u32 acme_cmd_queue_create(struct acme_dev *dev, const struct acme_cmd *cmd,
			  struct acme_cmd *rsp)
{
	const struct acme_cmd_queue_create *c = &cmd->queue_create;
	struct acme_queue *q;
	u32 status;

	status = check_numbers(dev, c, rsp);
	if (status == ACME_ST_OK)
		status = check_rings(dev, c, rsp);
	if (status != ACME_ST_OK)
		return status;
	q = &dev->queues[le16_to_cpu(c->qid)];
	if (q->used)
		return acme_refuse(rsp, ACME_ST_EXISTS, CREATE(qid));
	*q = (struct acme_queue) {
		.used = true,
		.vector = le16_to_cpu(c->vector),
		.log2 = { c->tx_log2, c->rx_log2 },
		.tx_base = le64_to_cpu(c->tx_base),
		.tx_head_addr = le64_to_cpu(c->tx_head_addr),
		.rx_base = le64_to_cpu(c->rx_base),
		.rx_comp_base = le64_to_cpu(c->rx_comp_base),
		.usecs = { le32_to_cpu(c->tx_usecs),
			   le32_to_cpu(c->rx_usecs) },
		.since = { ACME_NEVER, ACME_NEVER },
	};
	acme_dma_publish(dev, q->tx_head_addr, 0);
	return ACME_ST_OK;
}

/* Finds the queue pair of a command; NULL with @rsp and @status filled in. */
static struct acme_queue *find(struct acme_dev *dev,
			       const struct acme_cmd *cmd,
			       struct acme_cmd *rsp, u32 *status)
{
	u16 qid = le16_to_cpu(cmd->queue.qid);

	if (qid >= dev->cfg.num_queues) {
		*status = acme_refuse(rsp, ACME_ST_BAD_PARAM, QUEUE(qid));
		return NULL;
	}
	if (!dev->queues[qid].used) {
		*status = acme_refuse(rsp, ACME_ST_NOT_FOUND, QUEUE(qid));
		return NULL;
	}
	return &dev->queues[qid];
}

u32 acme_cmd_queue_destroy(struct acme_dev *dev, const struct acme_cmd *cmd,
			   struct acme_cmd *rsp)
{
	struct acme_queue *q;
	u32 status;

	q = find(dev, cmd, rsp, &status);
	if (!q)
		return status;
	q->used = false;
	return ACME_ST_OK;
}

u32 acme_cmd_queue_coalesce(struct acme_dev *dev, const struct acme_cmd *cmd,
			    struct acme_cmd *rsp)
{
	u32 tx = le32_to_cpu(cmd->queue.tx_usecs);
	u32 rx = le32_to_cpu(cmd->queue.rx_usecs);
	struct acme_queue *q;
	u32 status;

	q = find(dev, cmd, rsp, &status);
	if (!q)
		return status;
	if (tx > ACME_COALESCE_MAX_USECS)
		return acme_refuse(rsp, ACME_ST_BAD_PARAM, QUEUE(tx_usecs));
	if (rx > ACME_COALESCE_MAX_USECS)
		return acme_refuse(rsp, ACME_ST_BAD_PARAM, QUEUE(rx_usecs));
	q->usecs[ACME_TX] = tx;
	q->usecs[ACME_RX] = rx;
	return ACME_ST_OK;
}

void acme_queue_error(struct acme_dev *dev, struct acme_queue *q, u32 status)
{
	u32 qid = q - dev->queues;

	q->halted = true;
	acme_log(dev, "queue %u halted: status %u", qid, status);
	acme_event(dev, ACME_EV_QUEUE_ERROR, qid, status);
}

/* Is @tail no farther ahead than the ring is long, and not behind? */
static bool tail_ok(const struct acme_queue *q, enum acme_dir dir, u32 tail)
{
	u32 posted = tail - q->head[dir];

	return posted <= BIT(q->log2[dir]) &&
	       posted >= q->tail[dir] - q->head[dir];
}

void acme_queue_update(struct acme_dev *dev, struct acme_queue *q)
{
	u32 base = ACME_REG_QUEUE(q - dev->queues);
	u32 tx = acme_reg_read(dev, base + ACME_QREG_TX_TAIL);
	u32 rx = acme_reg_read(dev, base + ACME_QREG_RX_TAIL);

	if (!tail_ok(q, ACME_TX, tx) || !tail_ok(q, ACME_RX, rx)) {
		acme_queue_error(dev, q, ACME_ST_BAD_PARAM);
		return;
	}
	if (rx != q->tail[ACME_RX])
		q->stalled = false;
	q->tail[ACME_TX] = tx;
	q->tail[ACME_RX] = rx;
}

void acme_queues_reset(struct acme_dev *dev)
{
	memset(dev->queues, 0, sizeof(dev->queues));
	if (dev->rx.waiting)
		dev->count.rx_no_buffer++;
	dev->rx.waiting = false;
}
