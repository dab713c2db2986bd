// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Limits and their events: exact, once, and never lost. */
#include "ends.h"

#define EVENTS	16	/* that fit into the ring */

static struct end open_limited(const struct setup *s, u32 dir,
			       const struct acme_limits *l)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;

	end_fill(&e, &cmd, s, dir);
	cmd.sa_add.limits = *l;
	end_install(&e, &cmd, s);
	return e;
}

static void expect_event(struct end *e, u16 type, u32 arg, u64 packets,
			 u64 bytes)
{
	struct acme_event ev;

	assert_true(host_event(&e->m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), type);
	assert_int_equal(le32_to_cpu(ev.sa), e->handle);
	assert_int_equal(le32_to_cpu(ev.arg[0]), arg);
	assert_true(le64_to_cpu(ev.packets) == packets);
	assert_true(le64_to_cpu(ev.bytes) == bytes);
}

static void expect_no_event(struct end *e)
{
	struct acme_event ev;

	assert_false(host_event(&e->m->host, &ev));
}

/* Sends or receives one packet of 48 bytes; true when it passed. */
static bool pass(struct end *e, bool in)
{
	static struct rx_frame f;
	u8 pkt[256], frame[512];
	u32 len;

	if (in) {
		len = end_plain(pkt);
		len = end_craft(e, frame, end_stats(e).seq + 1, pkt, len);
		return end_receive(e, frame, len, &f);
	}
	mock_forget_frames(e->m);
	len = mock_packet(pkt, 4, PROTO_UDP, 20);
	end_send(e, pkt, len, 0, 0);
	return e->m->num_frames;
}

static void hard_case(bool in, const struct acme_limits *l, u32 n, u32 which)
{
	struct end e = open_limited(&tunnel4, in ? ACME_SA_INBOUND : 0, l);
	u32 i;

	for (i = 0; i < n; i++) {
		assert_true(pass(&e, in));
		expect_no_event(&e);
	}
	for (i = 0; i < 3; i++)
		assert_false(pass(&e, in));
	expect_event(&e, ACME_EV_SA_HARD, which, n, 48 * n);
	expect_no_event(&e);
	end_check_stats(&e, n, 48 * n, n);
	assert_int_equal(end_stats(&e).drop_limit, 3);
	assert_int_equal(in ? e.m->dev->count.esp_rx_limit :
			      e.m->dev->count.esp_tx_limit, 3);
	mock_free(e.m);
}

static void test_hard(void **state)
{
	struct acme_limits l;
	u32 n, in;

	(void)state;
	for (in = 0; in < 2; in++) {
		for (n = 1; n < 5; n++) {
			l = (struct acme_limits) { .hard_packets = n };
			hard_case(in, &l, n, ACME_LIMIT_HARD_PACKETS);
			/* Reached by the nth packet, or passed by it. */
			l = (struct acme_limits) { .hard_bytes = 48 * n };
			hard_case(in, &l, n, ACME_LIMIT_HARD_BYTES);
			l = (struct acme_limits) { .hard_bytes = 48 * n - 47 };
			hard_case(in, &l, n, ACME_LIMIT_HARD_BYTES);
			l = (struct acme_limits) {
				.hard_packets = n, .hard_bytes = 48 * n,
			};
			hard_case(in, &l, n, ACME_LIMIT_HARD_PACKETS |
					     ACME_LIMIT_HARD_BYTES);
		}
	}
}

static void test_soft(void **state)
{
	const struct acme_limits l = {
		.soft_packets = 3, .soft_bytes = 5 * 48, .hard_packets = 7,
	};
	struct end e;
	u32 i, in;

	(void)state;
	for (in = 0; in < 2; in++) {
		e = open_limited(&tunnel4, in ? ACME_SA_INBOUND : 0, &l);
		for (i = 0; i < 3; i++)
			assert_true(pass(&e, in));
		expect_no_event(&e);
		assert_true(pass(&e, in));
		expect_event(&e, ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_PACKETS, 3,
			     3 * 48);
		/* Once: the soft limit in bytes is no second one. */
		for (i = 4; i < 7; i++)
			assert_true(pass(&e, in));
		expect_no_event(&e);
		assert_false(pass(&e, in));
		expect_event(&e, ACME_EV_SA_HARD, ACME_LIMIT_HARD_PACKETS, 7,
			     7 * 48);
		mock_free(e.m);
	}
}

/* Segments count one by one: the limit cuts through a TSO packet. */
static void test_tso(void **state)
{
	const struct acme_limits l = { .hard_packets = 5 };
	struct end e = open_limited(&tunnel4, 0, &l);
	static u8 pkt[16384];
	u32 len = mock_packet(pkt, 4, PROTO_TCP, 10000);

	(void)state;
	end_send(&e, pkt, len, ACME_TXD_TSO, 1000);
	assert_int_equal(e.m->num_frames, 5);
	assert_int_equal(e.m->dev->count.esp_tx_limit, 5);
	end_check_stats(&e, 5, 5 * 1040, 5);
	mock_free(e.m);
}

/* Counters of a snapshot count, also beyond 32 bits. */
static void test_large(void **state)
{
	const struct acme_limits l = {
		.hard_packets = cpu_to_le64((1ULL << 32) + 1),
		.soft_bytes = cpu_to_le64(1ULL << 63),
	};
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;

	(void)state;
	end_fill(&e, &cmd, &tunnel4, 0);
	cmd.sa_add.limits = l;
	e.handle = host_sa_add(&e.m->host, &cmd);
	cmd = (struct acme_cmd) { };
	cmd.sa.snap.packets = cpu_to_le64((1ULL << 32) - 1);
	cmd.sa.snap.bytes = cpu_to_le64((1ULL << 63) - 48);
	cmd.sa.snap.epoch = cpu_to_le16(1);
	assert_int_equal(end_cmd(&e, ACME_OP_SA_RUN, &cmd), ACME_ST_OK);
	assert_true(pass(&e, false));
	expect_no_event(&e);
	assert_true(pass(&e, false));
	expect_event(&e, ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_BYTES, 1ULL << 32,
		     1ULL << 63);
	assert_false(pass(&e, false));
	expect_event(&e, ACME_EV_SA_HARD, ACME_LIMIT_HARD_PACKETS,
		     (1ULL << 32) + 1, (1ULL << 63) + 48);
	mock_free(e.m);
}

static void set_limits(struct end *e, const struct acme_limits *l)
{
	struct acme_cmd cmd = {
		.sa_update = {
			.what = cpu_to_le32(ACME_UPDATE_LIMITS),
			.limits = *l,
		},
	};

	assert_int_equal(end_cmd(e, ACME_OP_SA_UPDATE, &cmd), ACME_ST_OK);
}

static void test_update(void **state)
{
	struct acme_limits l = { .soft_packets = 1, .hard_packets = 2 };
	struct end e = open_limited(&tunnel4, 0, &l);

	(void)state;
	assert_true(pass(&e, false));
	assert_true(pass(&e, false));
	expect_event(&e, ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_PACKETS, 1, 48);
	assert_false(pass(&e, false));
	expect_event(&e, ACME_EV_SA_HARD, ACME_LIMIT_HARD_PACKETS, 2, 96);
	l = (struct acme_limits) { .soft_packets = 2, .hard_packets = 3 };
	set_limits(&e, &l);
	assert_true(pass(&e, false));
	expect_event(&e, ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_PACKETS, 2, 96);
	assert_false(pass(&e, false));
	expect_event(&e, ACME_EV_SA_HARD, ACME_LIMIT_HARD_PACKETS, 3, 144);
	l = (struct acme_limits) { };
	set_limits(&e, &l);
	assert_true(pass(&e, false));
	expect_no_event(&e);
	mock_free(e.m);
}

static void fill_ring(struct end *e)
{
	u32 i;

	for (i = 0; i < EVENTS; i++)
		acme_dev_force_down(e->m->dev, !(i & 1));
}

static void empty_ring(struct end *e)
{
	struct acme_event ev;
	u32 i;

	for (i = 0; i < EVENTS; i++) {
		assert_true(host_event(&e->m->host, &ev));
		assert_int_equal(le16_to_cpu(ev.type), ACME_EV_LINK);
	}
	expect_no_event(e);
}

/* What finds the ring full comes as soon as the driver has made room. */
static void test_full_ring(void **state)
{
	const struct acme_limits l = { .soft_packets = 1, .hard_packets = 2 };
	struct end e = open_limited(&tunnel4, 0, &l);
	u32 i;

	(void)state;
	fill_ring(&e);
	for (i = 0; i < 5; i++)
		pass(&e, false);
	assert_int_equal(host_reg(&e.m->host, ACME_REG_EQ_LOST), 0);
	assert_true(acme_dev_next(e.m->dev) == e.m->now + NSEC_PER_MSEC);
	empty_ring(&e);
	e.m->now += NSEC_PER_MSEC;
	mock_run(e.m);
	expect_event(&e, ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_PACKETS, 1, 48);
	expect_event(&e, ACME_EV_SA_HARD, ACME_LIMIT_HARD_PACKETS, 2, 96);
	expect_no_event(&e);
	assert_true(acme_dev_next(e.m->dev) == ACME_NEVER);
	mock_free(e.m);
}

/* A ring that has halted is not looked at again and again. */
static void test_halted_ring(void **state)
{
	const struct acme_limits l = { .soft_packets = 1 };
	struct end e = open_limited(&tunnel4, 0, &l);

	(void)state;
	host_reg_write(&e.m->host, ACME_REG_EQ_HEAD, 12345);
	assert_true(pass(&e, false));
	assert_true(pass(&e, false));
	assert_true(acme_dev_next(e.m->dev) == ACME_NEVER);
	assert_int_equal(host_reset(&e.m->host), ACME_STATUS_READY);
	expect_no_event(&e);
	mock_free(e.m);
}

/* With room for one of two events none is written twice. */
static void test_little_room(void **state)
{
	const struct acme_limits l = { .soft_packets = 1, .hard_packets = 2 };
	struct end e = open_limited(&tunnel4, 0, &l);
	struct acme_event ev;
	u32 i;

	(void)state;
	fill_ring(&e);
	for (i = 0; i < 3; i++)
		pass(&e, false);
	assert_true(host_event(&e.m->host, &ev));
	mock_run(e.m);
	for (i = 1; i < EVENTS; i++)
		assert_true(host_event(&e.m->host, &ev));
	mock_run(e.m);
	expect_event(&e, ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_PACKETS, 1, 48);
	expect_event(&e, ACME_EV_SA_HARD, ACME_LIMIT_HARD_PACKETS, 2, 96);
	expect_no_event(&e);
	mock_free(e.m);
}

/* Several SAs wait; two are deleted, one gets new limits. */
static void test_full_ring_many(void **state)
{
	const struct acme_limits l = { .soft_packets = 1 };
	struct acme_cmd cmd;
	struct end e[5];
	u32 i;

	(void)state;
	e[0].m = mock_ready(&mock_config);
	for (i = 0; i < 5; i++) {
		e[i].m = e[0].m;
		end_fill(&e[i], &cmd, &tunnel4, 0);
		cmd.sa_add.spi = htobe32(100 + i);
		cmd.sa_add.limits = l;
		end_install(&e[i], &cmd, &tunnel4);
	}
	fill_ring(&e[0]);
	for (i = 0; i < 10; i++)
		assert_true(pass(&e[i % 5], false));
	assert_int_equal(end_cmd(&e[4], ACME_OP_SA_DEL, &cmd), ACME_ST_OK);
	set_limits(&e[1], &l);
	assert_true(pass(&e[1], false));
	assert_int_equal(end_cmd(&e[3], ACME_OP_SA_DEL, &cmd), ACME_ST_OK);
	empty_ring(&e[0]);
	e[0].m->now += NSEC_PER_MSEC;
	mock_run(e[0].m);
	expect_event(&e[0], ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_PACKETS, 1, 48);
	expect_event(&e[2], ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_PACKETS, 1, 48);
	expect_event(&e[1], ACME_EV_SA_SOFT, ACME_LIMIT_SOFT_PACKETS, 2, 96);
	expect_no_event(&e[0]);
	mock_free(e[0].m);
}

static void test_seq_end(void **state)
{
	struct setup s = tunnel4;
	struct end e;

	(void)state;
	s.seq = 0xfffffffe;
	e = end_open(&s, 0);
	assert_true(pass(&e, false));
	expect_no_event(&e);
	assert_false(pass(&e, false));
	assert_false(pass(&e, false));
	expect_event(&e, ACME_EV_SA_SEQ_END, 0, 1, 48);
	expect_no_event(&e);
	assert_int_equal(end_stats(&e).drop_seq, 2);
	mock_free(e.m);
}

static void unsupported(u32 dir, u32 can, const struct acme_limits *l,
			size_t field)
{
	struct acme_config cfg = mock_config;
	struct end e = { };
	struct acme_cmd cmd;

	if (dir)
		cfg.limits_in = can;
	else
		cfg.limits_out = can;
	e.m = mock_ready(&cfg);
	end_fill(&e, &cmd, &tunnel4, dir);
	cmd.sa_add.limits = *l;
	assert_int_equal(host_admin(&e.m->host, ACME_OP_SA_ADD, &cmd),
			 ACME_ST_UNSUPPORTED);
	assert_int_equal(le32_to_cpu(cmd.hdr.detail),
			 offsetof(struct acme_cmd, sa_add.limits) + field);
	end_fill(&e, &cmd, &tunnel4, dir ^ ACME_SA_INBOUND);
	cmd.sa_add.limits = *l;
	end_install(&e, &cmd, &tunnel4);
	end_fill(&e, &cmd, &tunnel4, dir);
	end_install(&e, &cmd, &tunnel4);
	cmd = (struct acme_cmd) {
		.sa_update.what = cpu_to_le32(ACME_UPDATE_LIMITS),
		.sa_update.limits = *l,
	};
	assert_int_equal(end_cmd(&e, ACME_OP_SA_UPDATE, &cmd),
			 ACME_ST_UNSUPPORTED);
	assert_int_equal(le32_to_cpu(cmd.hdr.detail),
			 offsetof(struct acme_cmd, sa_update.limits) + field);
	mock_free(e.m);
}

static void test_unsupported(void **state)
{
	struct acme_limits l = { .soft_bytes = 1 };

	(void)state;
	unsupported(0, ACME_LIMITS_PACKETS, &l,
		    offsetof(struct acme_limits, soft_bytes));
	l = (struct acme_limits) { .hard_bytes = 1 };
	unsupported(ACME_SA_INBOUND, ACME_LIMITS_PACKETS, &l,
		    offsetof(struct acme_limits, hard_bytes));
	l = (struct acme_limits) { .soft_packets = 1 };
	unsupported(ACME_SA_INBOUND, ACME_LIMITS_BYTES, &l,
		    offsetof(struct acme_limits, soft_packets));
	l = (struct acme_limits) { .hard_packets = 1 };
	unsupported(0, ACME_LIMITS_BYTES, &l,
		    offsetof(struct acme_limits, hard_packets));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hard),
		cmocka_unit_test(test_soft),
		cmocka_unit_test(test_tso),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_full_ring),
		cmocka_unit_test(test_halted_ring),
		cmocka_unit_test(test_little_room),
		cmocka_unit_test(test_full_ring_many),
		cmocka_unit_test(test_seq_end),
		cmocka_unit_test(test_unsupported),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
