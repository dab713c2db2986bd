// SPDX-License-Identifier: GPL-2.0-only
/*
 * Admin queue: commands to the device and their answers.
 *
 * Commands are answered in the order in which the device gets them. A command
 * that finds all slots taken waits in a backlog, so that posting can't fail. The device has
 * ACME_AQ_TIMEOUT to answer any of the commands that it has, and ACME_AQ_LIMIT for all
 * that are before one and for that one; then it is lost.
 *
 * Who can sleep waits for the completion of his request, which the interrupt
 * thread or whoever else takes the answers completes. Who can't takes them
 * himself, under the same lock, until his own is among them. After
 * ACME_AQ_POLL_TIMEOUT he gives up: his command keeps its slot, and the next
 * who sleeps finds out whether the device is lost. His commands, which are about
 * an SA that is in the device and whose deletion is not posted, go to the front
 * of the backlog: deleting thousands of SAs must not make him late.
 */

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "acme.h"

#define ACME_AQ_TIMEOUT			(5 * HZ)
#define ACME_AQ_LIMIT			(60 * HZ)
#define ACME_AQ_POLL_TIMEOUT		(90 * NSEC_PER_MSEC)
#define ACME_AQ_POLL_US			2
#define ACME_AQ_MASK			(ACME_AQ_SLOTS - 1)

int acme_adminq_alloc(struct acme_dev *adev)
{
	struct acme_adminq *aq = &adev->adminq;

	spin_lock_init(&aq->lock);
	INIT_LIST_HEAD(&aq->backlog);
	aq->ring = dma_alloc_coherent(adev->dev,
				      ACME_AQ_SLOTS * sizeof(*aq->ring),
				      &aq->dma, GFP_KERNEL);
	return aq->ring ? 0 : -ENOMEM;
}

void acme_adminq_free(struct acme_dev *adev)
{
	struct acme_adminq *aq = &adev->adminq;

	dma_free_coherent(adev->dev, ACME_AQ_SLOTS * sizeof(*aq->ring),
			  aq->ring, aq->dma);
}

static int acme_adminq_errno(u32 status)
{
	switch (status) {
	case ACME_ST_OK:
		return 0;
	case ACME_ST_BAD_OPCODE:
	case ACME_ST_UNSUPPORTED:
		return -EOPNOTSUPP;
	case ACME_ST_BAD_PARAM:
		return -EINVAL;
	case ACME_ST_NO_SPACE:
		return -ENOSPC;
	case ACME_ST_EXISTS:
		return -EEXIST;
	case ACME_ST_NOT_FOUND:
		return -ENOENT;
	case ACME_ST_BUSY:
		return -EBUSY;
	case ACME_ST_DMA_FAULT:
		return -EFAULT;
	case ACME_ST_INTERNAL:
		return -EREMOTEIO;
	case ACME_ST_SEEN:
		return -EALREADY;
	case ACME_ST_LEFT:
		return -ERANGE;
	case ACME_ST_QUOTA:
		return -EDQUOT;
	case ACME_ST_SEQ_END:
		return -EOVERFLOW;
	default:
		return -EPROTO;
	}
}

static void acme_adminq_place(struct acme_adminq *aq, struct acme_aq_req *req)
{
	u32 slot = aq->tail++ & ACME_AQ_MASK;
	struct acme_cmd *cmd = &aq->ring[slot];

	memset(cmd, 0, sizeof(*cmd));
	cmd->hdr.opcode = cpu_to_le16(req->opcode);
	memcpy(cmd->raw, req->params, req->params_len);
	aq->slots[slot] = req;
}

static void acme_adminq_kick(struct acme_dev *adev)
{
	/* the device sees the slots before it sees the tail */
	dma_wmb();
	writel(adev->adminq.tail, adev->regs + ACME_REG_AQ_TAIL);
	acme_ring_doorbell(adev, ACME_DB_MGMT);
}

static bool acme_adminq_full(const struct acme_adminq *aq)
{
	return aq->tail - aq->head == ACME_AQ_SLOTS;
}

static void acme_adminq_answer(struct acme_aq_req *req, int err)
{
	req->err = err;
	complete(&req->done);
}

/* An urgent command waits for those that the device has, not for others. */
static void acme_adminq_submit(struct acme_dev *adev, struct acme_aq_req *req,
			       bool urgent)
{
	struct acme_adminq *aq = &adev->adminq;

	init_completion(&req->done);
	INIT_LIST_HEAD(&req->node);
	spin_lock_bh(&aq->lock);
	if (aq->dead) {
		acme_adminq_answer(req, -EIO);
	} else if (!acme_adminq_full(aq) && list_empty(&aq->backlog)) {
		acme_adminq_place(aq, req);
		acme_adminq_kick(adev);
	} else if (urgent) {
		list_add(&req->node, &aq->backlog);
	} else {
		list_add_tail(&req->node, &aq->backlog);
	}
	spin_unlock_bh(&aq->lock);
}

/**
 * acme_adminq_post() - post a command
 * @adev: device
 * @req: the command; acme_adminq_wait() must be called for it
 *
 * Context: any but hard interrupts; never waits, can't fail.
 */
void acme_adminq_post(struct acme_dev *adev, struct acme_aq_req *req)
{
	acme_adminq_submit(adev, req, false);
}

static void acme_adminq_deliver(struct acme_aq_req *req,
				const struct acme_cmd *cmd, u32 status)
{
	req->status = status;
	req->detail = le32_to_cpu(READ_ONCE(cmd->hdr.detail));
	if (status == ACME_ST_OK)
		memcpy(req->rsp, cmd->raw, req->rsp_len);
	acme_adminq_answer(req, acme_adminq_errno(status));
}

static void acme_adminq_finish(struct acme_adminq *aq, u32 slot, u32 status)
{
	struct acme_cmd *cmd = &aq->ring[slot];

	aq->commands++;
	if (status != ACME_ST_OK)
		aq->failures++;
	if (aq->slots[slot])
		acme_adminq_deliver(aq->slots[slot], cmd, status);
	aq->slots[slot] = NULL;
	/* keys may be in it if the device did not do its part */
	memzero_explicit(cmd->raw, sizeof(cmd->raw));
}

static void acme_adminq_reap(struct acme_adminq *aq)
{
	u32 slot, status;

	while (aq->head != aq->tail) {
		slot = aq->head & ACME_AQ_MASK;
		status = le32_to_cpu(READ_ONCE(aq->ring[slot].hdr.status));
		if (status == ACME_ST_PENDING)
			break;
		/* the rest of the answer was written before the status */
		dma_rmb();
		acme_adminq_finish(aq, slot, status);
		aq->head++;
	}
}

static void acme_adminq_feed(struct acme_dev *adev)
{
	struct acme_adminq *aq = &adev->adminq;
	struct acme_aq_req *req, *next;

	if (list_empty(&aq->backlog))
		return;

	list_for_each_entry_safe(req, next, &aq->backlog, node) {
		if (acme_adminq_full(aq))
			break;
		list_del_init(&req->node);
		acme_adminq_place(aq, req);
	}
	acme_adminq_kick(adev);
}

/**
 * acme_adminq_process() - take the answers that the device has written
 * @adev: device
 *
 * Context: any but hard interrupts.
 */
void acme_adminq_process(struct acme_dev *adev)
{
	struct acme_adminq *aq = &adev->adminq;

	spin_lock_bh(&aq->lock);
	if (!aq->dead) {
		acme_adminq_reap(aq);
		acme_adminq_feed(adev);
	}
	spin_unlock_bh(&aq->lock);
}

/**
 * acme_adminq_abort() - answer all commands with -EIO, now and in future
 * @adev: device
 *
 * Context: any but hard interrupts.
 */
void acme_adminq_abort(struct acme_dev *adev)
{
	struct acme_adminq *aq = &adev->adminq;
	struct acme_aq_req *req, *next;

	spin_lock_bh(&aq->lock);
	aq->dead = true;
	for (; aq->head != aq->tail; aq->head++) {
		req = aq->slots[aq->head & ACME_AQ_MASK];
		if (req)
			acme_adminq_answer(req, -EIO);
	}
	list_for_each_entry_safe(req, next, &aq->backlog, node) {
		list_del_init(&req->node);
		acme_adminq_answer(req, -EIO);
	}
	memzero_explicit(aq->ring, ACME_AQ_SLOTS * sizeof(*aq->ring));
	spin_unlock_bh(&aq->lock);
}

/* Wait until it is done, nothing is answered for ACME_AQ_TIMEOUT, or too little for
 * ACME_AQ_LIMIT.
 */
static bool acme_adminq_wait_done(struct acme_dev *adev,
				  struct acme_aq_req *req)
{
	unsigned long until = jiffies + ACME_AQ_LIMIT;
	struct acme_adminq *aq = &adev->adminq;
	u32 head;

	do {
		head = READ_ONCE(aq->head);
		if (wait_for_completion_timeout(&req->done, ACME_AQ_TIMEOUT))
			return true;
		/* perhaps it was the interrupt that was lost */
		acme_adminq_process(adev);
	} while (READ_ONCE(aq->head) != head && time_before(jiffies, until));

	return false;
}

/**
 * acme_adminq_wait() - wait for the answer to a command
 * @adev: device
 * @req: the command, posted before
 *
 * Context: process, may sleep. Holds for a bounded time: a device that does not
 * answer is declared lost.
 * Return: 0, -EIO if the device is lost, or the answer's errno.
 */
int acme_adminq_wait(struct acme_dev *adev, struct acme_aq_req *req)
{
	struct acme_adminq *aq = &adev->adminq;

	if (!acme_adminq_wait_done(adev, req)) {
		spin_lock_bh(&aq->lock);
		aq->timeouts++;
		spin_unlock_bh(&aq->lock);
		acme_dev_lost(adev, "a command was not answered in time");
		wait_for_completion(&req->done);
	}
	return req->err;
}

/**
 * acme_adminq_exec() - execute a command
 * @adev: device
 * @req: the command
 *
 * Context: process, may sleep.
 * Return: as acme_adminq_wait().
 */
int acme_adminq_exec(struct acme_dev *adev, struct acme_aq_req *req)
{
	acme_adminq_post(adev, req);
	return acme_adminq_wait(adev, req);
}

/* Nobody waits for it any more. False if it has been answered meanwhile. */
static bool acme_adminq_abandon(struct acme_adminq *aq,
				struct acme_aq_req *req)
{
	bool abandoned;
	int i;

	spin_lock_bh(&aq->lock);
	abandoned = !completion_done(&req->done);
	if (abandoned) {
		aq->timeouts++;
		if (!list_empty(&req->node))
			list_del(&req->node);
		for (i = 0; i < ACME_AQ_SLOTS; i++)
			if (aq->slots[i] == req)
				aq->slots[i] = NULL;
	}
	spin_unlock_bh(&aq->lock);
	return abandoned;
}

/**
 * acme_adminq_exec_poll() - execute a command without sleeping
 * @adev: device
 * @req: the command; its parameters hold no key
 *
 * Context: process or softirq. Spins until the answer, but not for longer than
 * 100 milliseconds. The command goes ahead of all that the device has not got yet,
 * so no sleeper's commands, however many, make it late.
 * Return: 0, -ETIMEDOUT if there was no answer in time: the device may execute
 * the command yet; -EIO if the device is lost, or the answer's errno.
 */
int acme_adminq_exec_poll(struct acme_dev *adev, struct acme_aq_req *req)
{
	u64 end = ktime_get_mono_fast_ns() + ACME_AQ_POLL_TIMEOUT;

	acme_adminq_submit(adev, req, true);
	do {
		acme_adminq_process(adev);
		if (completion_done(&req->done))
			return req->err;
		udelay(ACME_AQ_POLL_US);
	} while (ktime_get_mono_fast_ns() < end);

	if (!acme_adminq_abandon(&adev->adminq, req))
		return req->err;
	dev_warn_ratelimited(adev->dev,
			     "command 0x%02x was not answered in time\n",
			     req->opcode);
	return -ETIMEDOUT;
}

/**
 * acme_adminq_complain() - log that a command failed
 * @adev: device
 * @req: the command, answered
 *
 * That the device is lost, or is late, has been logged already.
 *
 * Context: any.
 */
void acme_adminq_complain(struct acme_dev *adev, const struct acme_aq_req *req)
{
	if (req->err == -EIO)
		return;
	dev_err_ratelimited(adev->dev,
			    "command 0x%02x failed: status %u, field %s\n",
			    req->opcode, req->status, acme_adminq_field(req));
}

/**
 * acme_adminq_cmd() - execute a command without an answer, log its failure
 * @adev: device
 * @opcode: command
 * @params: parameters
 * @params_len: their bytes
 *
 * Context: process, may sleep.
 * Return: as acme_adminq_wait().
 */
int acme_adminq_cmd(struct acme_dev *adev, enum acme_opcode opcode,
		    const void *params, size_t params_len)
{
	struct acme_aq_req req = {
		.opcode = opcode,
		.params = params,
		.params_len = params_len,
	};
	int err;

	err = acme_adminq_exec(adev, &req);
	if (err)
		acme_adminq_complain(adev, &req);
	return err;
}

static const struct acme_aq_field {
	u16 opcode;
	u16 offset;
	const char *name;
} acme_aq_fields[] = {
#define ACME_AQ_FIELD(op, params, field) { \
	ACME_OP_##op, offsetof(struct acme_cmd, params.field), #field }
	ACME_AQ_FIELD(TIME_SET, time_set, now_ns),
	ACME_AQ_FIELD(VPORT_SET, vport_set, flags),
	ACME_AQ_FIELD(VPORT_SET, vport_set, mtu),
	ACME_AQ_FIELD(VPORT_SET, vport_set, mac),
	ACME_AQ_FIELD(RSS_SET, rss_set, key),
	ACME_AQ_FIELD(RSS_SET, rss_set, table),
	ACME_AQ_FIELD(STATS_GET, stats_get, addr),
	ACME_AQ_FIELD(STATS_GET, stats_get, len),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, qid),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, vector),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, tx_log2),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, rx_log2),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, tx_base),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, tx_head_addr),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, rx_base),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, rx_comp_base),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, tx_usecs),
	ACME_AQ_FIELD(QUEUE_CREATE, queue_create, rx_usecs),
	ACME_AQ_FIELD(QUEUE_DESTROY, queue, qid),
	ACME_AQ_FIELD(QUEUE_COALESCE, queue, qid),
	ACME_AQ_FIELD(QUEUE_COALESCE, queue, tx_usecs),
	ACME_AQ_FIELD(QUEUE_COALESCE, queue, rx_usecs),
	ACME_AQ_FIELD(SA_ADD, sa_add, spi),
	ACME_AQ_FIELD(SA_ADD, sa_add, flags),
	ACME_AQ_FIELD(SA_ADD, sa_add, saddr),
	ACME_AQ_FIELD(SA_ADD, sa_add, daddr),
	ACME_AQ_FIELD(SA_ADD, sa_add, family),
	ACME_AQ_FIELD(SA_ADD, sa_add, alg),
	ACME_AQ_FIELD(SA_ADD, sa_add, key_len),
	ACME_AQ_FIELD(SA_ADD, sa_add, icv_len),
	ACME_AQ_FIELD(SA_ADD, sa_add, ttl),
	ACME_AQ_FIELD(SA_ADD, sa_add, window),
	ACME_AQ_FIELD(SA_ADD, sa_add, iv_salt),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.daddr),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.prefixlen_s),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.prefixlen_d),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.family),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.proto),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.sport),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.sport_mask),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.dport),
	ACME_AQ_FIELD(SA_ADD, sa_add, sel.dport_mask),
	ACME_AQ_FIELD(SA_ADD, sa_add, stats_addr),
	ACME_AQ_FIELD(SA_ADD, sa_add, auth_key_len),
	ACME_AQ_FIELD(SA_ADD, sa_add, limits.soft_packets),
	ACME_AQ_FIELD(SA_ADD, sa_add, limits.hard_packets),
	ACME_AQ_FIELD(SA_ADD, sa_add, limits.soft_bytes),
	ACME_AQ_FIELD(SA_ADD, sa_add, limits.hard_bytes),
	ACME_AQ_FIELD(SA_ADD, sa_add, encap_sport),
	ACME_AQ_FIELD(SA_ADD, sa_add, encap_dport),
	ACME_AQ_FIELD(SA_RUN, sa, handle),
	ACME_AQ_FIELD(SA_RUN, sa, snap.seq),
	ACME_AQ_FIELD(SA_RUN, sa, snap.packets),
	ACME_AQ_FIELD(SA_RUN, sa, snap.bytes),
	ACME_AQ_FIELD(SA_RUN, sa, snap.epoch),
	ACME_AQ_FIELD(SA_RUN, sa, snap.bitmap),
	ACME_AQ_FIELD(SA_DEL, sa, handle),
	ACME_AQ_FIELD(SA_QUERY, sa, handle),
	ACME_AQ_FIELD(SA_STOP, sa, handle),
	ACME_AQ_FIELD(SA_RESUME, sa, handle),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, handle),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, what),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, limits.soft_packets),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, limits.hard_packets),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, limits.soft_bytes),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, limits.hard_bytes),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, sel.prefixlen_s),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, sel.prefixlen_d),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, sel.family),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, encap_sport),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, encap_dport),
	ACME_AQ_FIELD(SA_UPDATE, sa_update, ttl),
	ACME_AQ_FIELD(SEQ_ALLOC, seq_alloc, handle),
	ACME_AQ_FIELD(SEQ_ALLOC, seq_alloc, count),
	ACME_AQ_FIELD(REPLAY_TEST_SET, replay_test_set, handle),
	ACME_AQ_FIELD(REPLAY_TEST_SET, replay_test_set, seq),
	ACME_AQ_FIELD(AUDIT_SET, audit_set, events),
	ACME_AQ_FIELD(AUDIT_SET, audit_set, capture),
	ACME_AQ_FIELD(AUDIT_SET, audit_set, sa_rate),
	ACME_AQ_FIELD(AUDIT_SET, audit_set, sa_burst),
	ACME_AQ_FIELD(AUDIT_SET, audit_set, no_sa_rate),
	ACME_AQ_FIELD(AUDIT_SET, audit_set, no_sa_burst),
#undef ACME_AQ_FIELD
};

/**
 * acme_adminq_field() - name of the field that an answer is about
 * @req: an answered command
 *
 * Return: the name, "none" or "unknown".
 */
const char *acme_adminq_field(const struct acme_aq_req *req)
{
	const struct acme_aq_field *field;

	if (!req->detail)
		return "none";

	for (field = acme_aq_fields;
	     field < acme_aq_fields + ARRAY_SIZE(acme_aq_fields); field++)
		if (field->opcode == req->opcode &&
		    field->offset == req->detail)
			return field->name;

	return "unknown";
}
