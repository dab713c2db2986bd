// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The admin queue. */
#include <strings.h>

#include "internal.h"

/* Each command takes three steps. */
#define ADMIN_BUDGET	(3 * 32)

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

static void basic_crypto(struct acme_rsp_caps *caps)
{
	caps->algs = cpu_to_le32(BIT(ACME_ALG_AES_GCM));
	caps->key_lens = cpu_to_le32(BIT(ACME_BASIC_KEY / 8));
	caps->icv_lens = cpu_to_le32(BIT(ACME_BASIC_ICV));
	caps->alg[0].key_lens = caps->key_lens;
	caps->alg[0].icv_lens = cpu_to_le32(BIT(ACME_BASIC_ICV / 4));
	memset(&caps->alg[1], 0, sizeof(caps->alg) - sizeof(caps->alg[0]));
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
	if (dev->cfg.basic_crypto)
		basic_crypto(&rsp->caps);
	return ACME_ST_OK;
}

static u32 cmd_time_set(struct acme_dev *dev, const struct acme_cmd *cmd,
			struct acme_cmd *rsp)
{
	(void)rsp;
	dev->real_offset = le64_to_cpu(cmd->time_set.now_ns) - dev->now;
	return ACME_ST_OK;
}

#define COMMAND(name, fn)	{ ACME_OP_##name, #name, fn }

static const struct {
	u16 opcode;
	const char *name;
	acme_cmd_fn fn;
} commands[] = {
	COMMAND(GET_CAPS, cmd_get_caps),
	COMMAND(TIME_SET, cmd_time_set),
	COMMAND(VPORT_SET, acme_cmd_vport_set),
	COMMAND(RSS_SET, acme_cmd_rss_set),
	COMMAND(STATS_GET, acme_cmd_stats_get),
	COMMAND(AUDIT_SET, acme_cmd_audit_set),
	COMMAND(QUEUE_CREATE, acme_cmd_queue_create),
	COMMAND(QUEUE_DESTROY, acme_cmd_queue_destroy),
	COMMAND(QUEUE_COALESCE, acme_cmd_queue_coalesce),
	COMMAND(SA_ADD, acme_cmd_sa_add),
	COMMAND(SA_RUN, acme_cmd_sa_run),
	COMMAND(SA_DEL, acme_cmd_sa_del),
	COMMAND(SA_QUERY, acme_cmd_sa_query),
	COMMAND(SA_UPDATE, acme_cmd_sa_update),
	COMMAND(SA_STOP, acme_cmd_sa_stop),
	COMMAND(SA_RESUME, acme_cmd_sa_resume),
	COMMAND(SEQ_ALLOC, acme_cmd_seq_alloc),
	COMMAND(REPLAY_TEST_SET, acme_cmd_replay_test_set),
};

u16 acme_cmd_opcode(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcasecmp(commands[i].name, name))
			return commands[i].opcode;
	return 0;
}

const char *acme_cmd_name(u16 opcode)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return commands[i].name;
	return NULL;
}

static u32 execute(struct acme_dev *dev, const struct acme_cmd *cmd,
		   struct acme_cmd *rsp)
{
	u16 opcode = le16_to_cpu(cmd->hdr.opcode);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode) {
			dev->executed[opcode]++;
			return commands[i].fn(dev, cmd, rsp);
		}
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

static struct acme_cmd_fault fault(enum acme_cmd_action action, u32 arg)
{
	return (struct acme_cmd_fault) { .action = action, .arg = arg };
}

/* Takes the fault that befalls a command, if one does. */
static struct acme_cmd_fault take_fault(struct acme_faults *f, u16 opcode)
{
	bool any = !f->admin_error_op || f->admin_error_op == opcode;
	struct acme_cmd_fault *own = &f->cmds[opcode % ACME_OP_LIMIT];
	struct acme_cmd_fault taken = *own;

	if (f->admin_drop) {
		f->admin_drop--;
		return fault(ACME_CMD_LOSE_BEFORE, 0);
	}
	if (opcode < ACME_OP_LIMIT && taken.action != ACME_CMD_FINE) {
		if (own->left && !--own->left)
			own->action = ACME_CMD_FINE;
		return taken;
	}
	if (f->admin_error && any)
		return fault(ACME_CMD_REFUSE, f->admin_error);
	if (f->admin_delay_ms)
		return fault(ACME_CMD_LATE_BEFORE, f->admin_delay_ms);
	return fault(ACME_CMD_FINE, 0);
}

static u64 slot_addr(const struct acme_admin *a)
{
	return a->base + (u64)(a->head % BIT(a->log2)) * sizeof(a->cmd);
}

static void wait_if(struct acme_dev *dev, enum acme_cmd_action action)
{
	struct acme_admin *a = &dev->admin;

	if (a->fault.action == action)
		a->answer_at = dev->now + a->fault.arg * NSEC_PER_MSEC;
}

static void fetch(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;

	if (!acme_dma_read(dev, slot_addr(a), &a->cmd, sizeof(a->cmd)))
		memset(&a->cmd, 0, sizeof(a->cmd));
	a->fault = take_fault(&dev->faults, le16_to_cpu(a->cmd.hdr.opcode));
	a->stage = ACME_STAGE_FETCHED;
	wait_if(dev, ACME_CMD_LATE_BEFORE);
}

static void run_command(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;

	memset(&a->answer, 0, sizeof(a->answer));
	a->answer.hdr.opcode = a->cmd.hdr.opcode;
	if (a->fault.action == ACME_CMD_REFUSE)
		a->status = a->fault.arg;
	else if (a->fault.action != ACME_CMD_LOSE_BEFORE)
		a->status = execute(dev, &a->cmd, &a->answer);
	memset(&a->cmd, 0, sizeof(a->cmd));
	a->stage = ACME_STAGE_EXECUTED;
	wait_if(dev, ACME_CMD_LATE_AFTER);
}

static void answer(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;
	u64 addr = slot_addr(a);

	a->head++;
	a->stage = ACME_STAGE_POSTED;
	if (a->fault.action == ACME_CMD_LOSE_BEFORE ||
	    a->fault.action == ACME_CMD_LOSE_AFTER)
		return;
	acme_dma_write(dev, addr, &a->answer, sizeof(a->answer));
	acme_dma_publish(dev, addr + offsetof(struct acme_cmd, hdr.status),
			 a->status);
	log_refusal(dev, &a->answer, a->status);
	a->irq = true;
}

/* Does the device get no farther than here? */
static bool fails(struct acme_dev *dev, enum acme_cmd_action kill,
		  enum acme_cmd_action reset)
{
	if (dev->admin.fault.action == kill)
		acme_dev_kill(dev);
	else if (dev->admin.fault.action == reset)
		acme_dev_unplug(dev);
	else
		return false;
	return true;
}

/* Brings the command at the head one stage on; false when it has to wait. */
static bool step(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;

	if (a->answer_at != ACME_NEVER && a->answer_at > dev->now)
		return false;
	a->answer_at = ACME_NEVER;
	switch (a->stage) {
	case ACME_STAGE_POSTED:
		fetch(dev);
		return true;
	case ACME_STAGE_FETCHED:
		if (fails(dev, ACME_CMD_KILL_BEFORE, ACME_CMD_RESET_BEFORE))
			return false;
		run_command(dev);
		return true;
	default:
		if (fails(dev, ACME_CMD_KILL_AFTER, ACME_CMD_RESET_AFTER))
			return false;
		answer(dev);
		return true;
	}
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
	while (a->head != tail && budget-- && step(dev))
		;
	/* It may have lost its queues on the way. */
	if (!a->log2)
		return false;
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
