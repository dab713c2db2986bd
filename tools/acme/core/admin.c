// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The admin queue. */
#include "internal.h"

#define ADMIN_BUDGET	32

typedef u32 (*acme_cmd_fn)(struct acme_dev *dev, const struct acme_cmd *cmd,
			   struct acme_cmd *rsp);

u32 acme_refuse(struct acme_cmd *rsp, u32 status, size_t detail)
{
	rsp->hdr.detail = cpu_to_le32(detail);
	return status;
}

u32 acme_checks(struct acme_cmd *rsp, const struct acme_check *checks,
		size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (checks[i].bad)
			return acme_refuse(rsp, checks[i].status,
					   checks[i].detail);
	return ACME_ST_OK;
}

static u32 cmd_get_caps(struct acme_dev *dev, const struct acme_cmd *cmd,
			struct acme_cmd *rsp)
{
	(void)cmd;
	rsp->caps.max_sas = cpu_to_le32(dev->cfg.max_sas);
	rsp->caps.max_window = cpu_to_le32(dev->cfg.max_window);
	rsp->caps.ipsec = cpu_to_le32(dev->cfg.ipsec);
	rsp->caps.num_sas = cpu_to_le32(dev->sas.count);
	rsp->caps.max_policies = cpu_to_le32(dev->cfg.max_policies);
	if (!dev->cfg.ipsec)
		return ACME_ST_OK;
	rsp->caps.min_window = cpu_to_le32(ACME_MIN_WINDOW);
	rsp->caps.limits_out = cpu_to_le32(dev->cfg.limits_out);
	rsp->caps.limits_in = cpu_to_le32(dev->cfg.limits_in);
	rsp->caps.handover = cpu_to_le32(dev->cfg.handover);
	rsp->caps.audit = cpu_to_le32(ACME_AUDIT_ALL);
	rsp->caps.max_capture = cpu_to_le32(ACME_CAPTURE_MAX);
	acme_aead_caps(&rsp->caps);
	return ACME_ST_OK;
}

static u32 cmd_time_set(struct acme_dev *dev, const struct acme_cmd *cmd,
			struct acme_cmd *rsp)
{
	(void)rsp;
	dev->real_offset = le64_to_cpu(cmd->time_set.now_ns) - dev->now;
	return ACME_ST_OK;
}

static const struct {
	u16 opcode;
	acme_cmd_fn fn;
} commands[] = {
	{ ACME_OP_GET_CAPS, cmd_get_caps },
	{ ACME_OP_TIME_SET, cmd_time_set },
	{ ACME_OP_VPORT_SET, acme_cmd_vport_set },
	{ ACME_OP_RSS_SET, acme_cmd_rss_set },
	{ ACME_OP_STATS_GET, acme_cmd_stats_get },
	{ ACME_OP_AUDIT_SET, acme_cmd_audit_set },
	{ ACME_OP_QUEUE_CREATE, acme_cmd_queue_create },
	{ ACME_OP_QUEUE_DESTROY, acme_cmd_queue_destroy },
	{ ACME_OP_QUEUE_COALESCE, acme_cmd_queue_coalesce },
	{ ACME_OP_SA_ADD, acme_cmd_sa_add },
	{ ACME_OP_SA_RUN, acme_cmd_sa_run },
	{ ACME_OP_SA_DEL, acme_cmd_sa_del },
	{ ACME_OP_SA_QUERY, acme_cmd_sa_query },
	{ ACME_OP_SA_UPDATE, acme_cmd_sa_update },
	{ ACME_OP_SA_STOP, acme_cmd_sa_stop },
	{ ACME_OP_SA_RESUME, acme_cmd_sa_resume },
	{ ACME_OP_SEQ_ALLOC, acme_cmd_seq_alloc },
	{ ACME_OP_REPLAY_TEST_SET, acme_cmd_replay_test_set },
};

static u32 execute(struct acme_dev *dev, const struct acme_cmd *cmd,
		   struct acme_cmd *rsp)
{
	u16 opcode = le16_to_cpu(cmd->hdr.opcode);
	u32 op = dev->faults.admin_error_op;
	size_t i;

	if (dev->faults.admin_error && (!op || op == opcode))
		return dev->faults.admin_error;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return commands[i].fn(dev, cmd, rsp);
	return acme_refuse(rsp, ACME_ST_BAD_OPCODE,
			   offsetof(struct acme_cmd, hdr.opcode));
}

static void log_refusal(struct acme_dev *dev, const struct acme_cmd *rsp,
			u32 status)
{
	if (status != ACME_ST_OK)
		acme_log(dev, "admin: opcode 0x%02x: status %u, detail %u",
			 le16_to_cpu(rsp->hdr.opcode), status,
			 le32_to_cpu(rsp->hdr.detail));
}

static void answer(struct acme_dev *dev, u64 addr)
{
	struct acme_cmd cmd, rsp = {};
	u32 status;

	if (!acme_dma_read(dev, addr, &cmd, sizeof(cmd)))
		return;
	rsp.hdr.opcode = cmd.hdr.opcode;
	status = execute(dev, &cmd, &rsp);
	explicit_bzero(&cmd, sizeof(cmd));
	acme_dma_write(dev, addr, &rsp, sizeof(rsp));
	acme_dma_publish(dev, addr + offsetof(struct acme_cmd, hdr.status),
			 status);
	log_refusal(dev, &rsp, status);
}

/* Does the command at the head wait for a time to come? */
static bool delayed(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;

	if (a->answer_at == ACME_NEVER && dev->faults.admin_delay_ms) {
		a->answer_at = dev->now +
			       dev->faults.admin_delay_ms * NSEC_PER_MSEC;
		return true;
	}
	if (a->answer_at != ACME_NEVER && a->answer_at > dev->now)
		return true;
	a->answer_at = ACME_NEVER;
	return false;
}

static void next_command(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;
	u32 index = a->head % BIT(a->log2);

	a->head++;
	if (dev->faults.admin_drop) {
		dev->faults.admin_drop--;
		return;
	}
	answer(dev, a->base + (u64)index * sizeof(struct acme_cmd));
	a->irq = true;
}

static void halt(struct acme_dev *dev)
{
	dev->admin.halted = true;
	dev->status |= ACME_STATUS_BAD_QUEUE;
	acme_reg_write(dev, ACME_REG_STATUS, dev->status);
	acme_log(dev, "admin queue: tail is inconsistent");
}

/* Return: are there more commands? */
bool acme_admin_run(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;
	u32 budget = ADMIN_BUDGET;
	u32 tail;

	if (!a->log2 || a->halted)
		return false;
	tail = acme_reg_read(dev, ACME_REG_AQ_TAIL);
	if (tail - a->head > BIT(a->log2)) {
		halt(dev);
		return false;
	}
	while (a->head != tail && budget-- && !delayed(dev))
		next_command(dev);
	acme_reg_write(dev, ACME_REG_AQ_HEAD, a->head);
	return a->head != tail && a->answer_at == ACME_NEVER;
}

void acme_admin_reset(struct acme_dev *dev)
{
	dev->admin = (struct acme_admin) {
		.answer_at = ACME_NEVER,
		.retry_at = ACME_NEVER,
	};
}
