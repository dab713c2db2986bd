// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Faults that befall chosen commands: each of them, before and after. */
#include <stdlib.h>

#include "ends.h"

static const u16 opcodes[] = {
	ACME_OP_GET_CAPS, ACME_OP_TIME_SET, ACME_OP_VPORT_SET, ACME_OP_RSS_SET,
	ACME_OP_STATS_GET, ACME_OP_AUDIT_SET, ACME_OP_QUEUE_CREATE,
	ACME_OP_QUEUE_DESTROY, ACME_OP_QUEUE_COALESCE, ACME_OP_SA_ADD,
	ACME_OP_SA_RUN, ACME_OP_SA_DEL, ACME_OP_SA_QUERY, ACME_OP_SA_UPDATE,
	ACME_OP_SA_STOP, ACME_OP_SA_RESUME, ACME_OP_SEQ_ALLOC,
	ACME_OP_REPLAY_TEST_SET,
};

static void set_fault(struct mock *m, u16 op, enum acme_cmd_action action,
		      u32 arg, u32 left)
{
	struct acme_faults f = m->dev->faults;

	f.cmds[op] = (struct acme_cmd_fault) {
		.action = action, .arg = arg, .left = left,
	};
	acme_dev_set_faults(m->dev, &f);
}

static void clear_faults(struct mock *m)
{
	const struct acme_faults none = { };

	acme_dev_set_faults(m->dev, &none);
}

static u32 command(struct end *e, u16 opcode)
{
	struct acme_cmd cmd = { };

	return end_cmd(e, opcode, &cmd);
}

static u32 run_sa(struct end *e, u16 epoch)
{
	return host_sa_run(&e->m->host, e->handle, 0, epoch);
}

static const struct acme_sa *sa_of(const struct end *e)
{
	return acme_sa_by_handle(&e->m->dev->sas, e->handle);
}

static struct end open_stopped(void)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;

	end_fill(&e, &cmd, &tunnel4, 0);
	e.handle = host_sa_add(&e.m->host, &cmd);
	assert_int_not_equal(e.handle, 0);
	return e;
}

/* What the slot of the latest command says. */
static u32 slot_status(const struct mock *m)
{
	const struct host *h = &m->host;
	const struct acme_cmd *slot = (const struct acme_cmd *)
		(m->mem + h->aq + (h->aq_tail - 1) % 16 * sizeof(*slot));

	return le32_to_cpu(slot->hdr.status);
}

static void wait_ms(struct mock *m, u32 ms)
{
	m->now += ms * NSEC_PER_MSEC;
	mock_run(m);
}

static void test_names(void **state)
{
	const char *name;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		assert_true(opcodes[i] < ACME_OP_LIMIT);
		name = acme_cmd_name(opcodes[i]);
		assert_non_null(name);
		assert_int_equal(acme_cmd_opcode(name), opcodes[i]);
	}
	assert_int_equal(acme_cmd_opcode("sa_run"), ACME_OP_SA_RUN);
	assert_int_equal(acme_cmd_opcode("SA"), 0);
	assert_null(acme_cmd_name(0));
}

/* Each command, so many times, and no other. */
static void test_refuse(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd = { };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		set_fault(m, opcodes[i], ACME_CMD_REFUSE, 77, 2);
		assert_int_equal(host_admin(&m->host, opcodes[i], &cmd), 77);
		assert_int_equal(le32_to_cpu(cmd.hdr.detail), 0);
		assert_int_not_equal(host_admin(&m->host,
						opcodes[(i + 1) % ARRAY_SIZE(opcodes)], &cmd),
				     77);
		assert_int_equal(host_admin(&m->host, opcodes[i], &cmd), 77);
		assert_int_not_equal(host_admin(&m->host, opcodes[i], &cmd),
				     77);
	}
	mock_free(m);
}

static void test_refused_is_not_executed(void **state)
{
	struct end e = open_stopped();

	(void)state;
	set_fault(e.m, ACME_OP_SA_RUN, ACME_CMD_REFUSE, ACME_ST_INTERNAL, 0);
	set_fault(e.m, ACME_OP_SA_DEL, ACME_CMD_REFUSE, ACME_ST_INTERNAL, 0);
	assert_int_equal(run_sa(&e, 1), ACME_ST_INTERNAL);
	assert_int_equal(run_sa(&e, 1), ACME_ST_INTERNAL);
	assert_false(sa_of(&e)->running);
	assert_int_equal(command(&e, ACME_OP_SA_DEL), ACME_ST_INTERNAL);
	assert_non_null(sa_of(&e));
	clear_faults(e.m);
	assert_int_equal(run_sa(&e, 1), ACME_ST_OK);
	mock_free(e.m);
}

/* Commands behind a late one are late, too: they are answered in order. */
static void test_late_before(void **state)
{
	struct end e = open_stopped();

	(void)state;
	set_fault(e.m, ACME_OP_SA_RUN, ACME_CMD_LATE_BEFORE, 5, 1);
	assert_int_equal(run_sa(&e, 1), ACME_ST_PENDING);
	assert_false(sa_of(&e)->running);
	assert_true(acme_dev_next(e.m->dev) == e.m->now + 5 * NSEC_PER_MSEC);
	assert_int_equal(command(&e, ACME_OP_SA_QUERY), ACME_ST_PENDING);
	wait_ms(e.m, 4);
	assert_false(sa_of(&e)->running);
	wait_ms(e.m, 1);
	assert_true(sa_of(&e)->running);
	assert_int_equal(slot_status(e.m), ACME_ST_OK);
	assert_true(acme_dev_next(e.m->dev) == ACME_NEVER);
	mock_free(e.m);
}

static void test_late_after(void **state)
{
	struct end e = open_stopped();

	(void)state;
	set_fault(e.m, ACME_OP_SA_RUN, ACME_CMD_LATE_AFTER, 5, 1);
	assert_int_equal(run_sa(&e, 1), ACME_ST_PENDING);
	assert_true(sa_of(&e)->running);
	wait_ms(e.m, 4);
	assert_int_equal(slot_status(e.m), ACME_ST_PENDING);
	wait_ms(e.m, 1);
	assert_int_equal(slot_status(e.m), ACME_ST_OK);
	assert_int_equal(run_sa(&e, 1), ACME_ST_BUSY);
	mock_free(e.m);
}

static void test_lose(void **state)
{
	struct end e = open_stopped();

	(void)state;
	set_fault(e.m, ACME_OP_SA_RUN, ACME_CMD_LOSE_BEFORE, 0, 1);
	assert_int_equal(run_sa(&e, 1), ACME_ST_PENDING);
	assert_false(sa_of(&e)->running);
	assert_int_equal(command(&e, ACME_OP_SA_QUERY), ACME_ST_OK);
	set_fault(e.m, ACME_OP_SA_RUN, ACME_CMD_LOSE_AFTER, 0, 1);
	assert_int_equal(run_sa(&e, 1), ACME_ST_PENDING);
	assert_true(sa_of(&e)->running);
	set_fault(e.m, ACME_OP_SA_DEL, ACME_CMD_LOSE_AFTER, 0, 1);
	assert_int_equal(command(&e, ACME_OP_SA_DEL), ACME_ST_PENDING);
	assert_null(sa_of(&e));
	assert_int_equal(command(&e, ACME_OP_SA_DEL), ACME_ST_NOT_FOUND);
	mock_free(e.m);
}

/* The device does nothing then, and knows nothing when it is back. */
static void expect_killed(struct end *e)
{
	u32 status = host_reg(&e->m->host, ACME_REG_STATUS);
	struct acme_cmd cmd = { };

	assert_int_equal(status, ACME_STATUS_READY);
	assert_int_equal(e->m->dev->sas.count, 0);
	assert_int_equal(host_admin(&e->m->host, ACME_OP_GET_CAPS, &cmd),
			 ACME_ST_PENDING);
	assert_int_equal(host_reset(&e->m->host), 0);
	assert_true(acme_dev_next(e->m->dev) == ACME_NEVER);
	clear_faults(e->m);
	assert_int_equal(host_reg(&e->m->host, ACME_REG_STATUS), 0);
	assert_int_equal(host_reg(&e->m->host, ACME_REG_MAGIC), ACME_MAGIC);
	assert_int_equal(host_reg(&e->m->host, ACME_REG_LINK), ACME_LINK_UP);
	assert_int_equal(host_reset(&e->m->host), ACME_STATUS_READY);
	assert_int_equal(host_admin(&e->m->host, ACME_OP_GET_CAPS, &cmd),
			 ACME_ST_OK);
	assert_int_equal(le32_to_cpu(cmd.caps.num_sas), 0);
}

static void kill_case(u16 opcode, enum acme_cmd_action action)
{
	struct end e = end_open(&tunnel4, 0);

	set_fault(e.m, opcode, action, 0, 0);
	assert_int_equal(command(&e, opcode), ACME_ST_PENDING);
	expect_killed(&e);
	mock_free(e.m);
}

static void test_kill(void **state)
{
	struct end e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		kill_case(opcodes[i], ACME_CMD_KILL_BEFORE);
		kill_case(opcodes[i], ACME_CMD_KILL_AFTER);
	}
	/* By the operator. */
	e = end_open(&tunnel4, 0);
	acme_dev_kill(e.m->dev);
	expect_killed(&e);
	mock_free(e.m);
}

/* What was executed before is in the host's memory. */
static void test_kill_after_execution(void **state)
{
	struct end e = end_open(&tunnel4, 0);
	struct acme_cmd cmd = {
		.seq_alloc = {
			.count = cpu_to_le32(3), .bytes = cpu_to_le64(300),
		},
	};

	(void)state;
	set_fault(e.m, ACME_OP_SEQ_ALLOC, ACME_CMD_KILL_BEFORE, 0, 0);
	assert_int_equal(end_cmd(&e, ACME_OP_SEQ_ALLOC, &cmd),
			 ACME_ST_PENDING);
	end_check_stats(&e, 0, 0, 0);
	mock_free(e.m);
	e = end_open(&tunnel4, 0);
	set_fault(e.m, ACME_OP_SEQ_ALLOC, ACME_CMD_KILL_AFTER, 0, 0);
	cmd.seq_alloc.count = cpu_to_le32(3);
	cmd.seq_alloc.bytes = cpu_to_le64(300);
	assert_int_equal(end_cmd(&e, ACME_OP_SEQ_ALLOC, &cmd),
			 ACME_ST_PENDING);
	end_check_stats(&e, 3, 300, 3);
	mock_free(e.m);
}

static void set_dead(struct mock *m, bool dead)
{
	struct acme_faults f = m->dev->faults;

	f.dead = dead;
	acme_dev_set_faults(m->dev, &f);
}

/* Whatever the operator and the wire do. */
static void test_dead_writes_nothing(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	u8 *before = malloc(MOCK_MEM), pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);
	struct acme_event ev;

	(void)state;
	while (host_event(&m->host, &ev))
		;
	set_dead(m, true);
	memcpy(before, m->mem, MOCK_MEM);
	acme_dev_carrier(m->dev, false);
	acme_dev_carrier(m->dev, true);
	acme_dev_force_down(m->dev, true);
	mock_wire(m, pkt, len);
	mock_run(m);
	assert_memory_equal(m->mem, before, MOCK_MEM);
	set_dead(m, false);
	acme_dev_force_down(m->dev, false);
	assert_true(host_event(&m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_LINK);
	free(before);
	mock_free(m);
}

/* A host that gave the device up has its memory for itself. */
static void test_reset_comes_first(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	u8 *before = malloc(MOCK_MEM), pkt[256];
	u32 i, len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	for (i = 0; i < RING_SIZE + 1; i++)
		mock_wire(m, pkt, len);
	assert_false(acme_dev_rx_ready(m->dev));
	set_dead(m, true);
	host_rx_post(&m->host, 0, 1);
	memcpy(before, m->mem, MOCK_MEM);
	host_reg_write(&m->host, ACME_REG_AQ_LOG2, 0);
	host_reg_write(&m->host, ACME_REG_RESET, m->dev->reset_ack + 1);
	acme_dev_doorbell(m->dev, ACME_DB_MGMT);
	set_dead(m, false);
	mock_run(m);
	assert_int_equal(host_reg(&m->host, ACME_REG_STATUS),
			 ACME_STATUS_READY);
	assert_memory_equal(m->mem, before, MOCK_MEM);
	free(before);
	mock_free(m);
}

static void test_reset(void **state)
{
	struct acme_cmd cmd = { };
	struct end e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		e = end_open(&tunnel4, 0);
		set_fault(e.m, opcodes[i], i & 1 ? ACME_CMD_RESET_BEFORE :
						   ACME_CMD_RESET_AFTER, 0, 1);
		assert_int_equal(command(&e, opcodes[i]), ACME_ST_PENDING);
		assert_int_equal(e.m->dev->sas.count, 0);
		assert_int_equal(host_reg(&e.m->host, ACME_REG_STATUS), 0);
		assert_int_equal(host_admin(&e.m->host, opcodes[i], &cmd),
				 ACME_ST_PENDING);
		assert_int_equal(host_reset(&e.m->host), ACME_STATUS_READY);
		assert_int_equal(host_admin(&e.m->host, ACME_OP_GET_CAPS,
					    &cmd), ACME_ST_OK);
		mock_free(e.m);
	}
}

/* A command that waits is forgotten by a reset; keys are not kept. */
static void test_reset_while_late(void **state)
{
	static const struct acme_cmd zero;
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;

	(void)state;
	set_fault(e.m, ACME_OP_SA_ADD, ACME_CMD_LATE_BEFORE, 5, 1);
	end_fill(&e, &cmd, &tunnel4, 0);
	assert_int_equal(host_sa_add(&e.m->host, &cmd), 0);
	assert_memory_not_equal(&e.m->dev->admin.cmd, &zero, sizeof(zero));
	assert_int_equal(host_reset(&e.m->host), ACME_STATUS_READY);
	assert_memory_equal(&e.m->dev->admin.cmd, &zero, sizeof(zero));
	wait_ms(e.m, 5);
	assert_int_equal(e.m->dev->sas.count, 0);
	set_fault(e.m, ACME_OP_SA_ADD, ACME_CMD_LATE_AFTER, 5, 1);
	end_fill(&e, &cmd, &tunnel4, 0);
	assert_int_equal(host_sa_add(&e.m->host, &cmd), 0);
	assert_memory_equal(&e.m->dev->admin.cmd, &zero, sizeof(zero));
	wait_ms(e.m, 5);
	assert_int_equal(slot_status(e.m), ACME_ST_OK);
	assert_int_equal(e.m->dev->sas.count, 1);
	mock_free(e.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_refused_is_not_executed),
		cmocka_unit_test(test_late_before),
		cmocka_unit_test(test_late_after),
		cmocka_unit_test(test_lose),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_kill_after_execution),
		cmocka_unit_test(test_dead_writes_nothing),
		cmocka_unit_test(test_reset_comes_first),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_reset_while_late),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
