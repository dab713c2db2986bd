// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Audit events: what they tell, and how many come. */
#include "ends.h"

#define OFF(field)	offsetof(struct acme_cmd, audit_set.field)

static void audit_cmd(struct acme_cmd *cmd, u32 events, u32 capture)
{
	*cmd = (struct acme_cmd) {
		.audit_set = {
			.events = cpu_to_le32(events),
			.capture = cpu_to_le32(capture),
			.sa_rate = cpu_to_le32(2),
			.sa_burst = cpu_to_le32(5),
			.no_sa_rate = cpu_to_le32(1),
			.no_sa_burst = cpu_to_le32(3),
		},
	};
}

static void audit_set(struct end *e, u32 events, u32 capture)
{
	struct acme_cmd cmd;

	audit_cmd(&cmd, events, capture);
	assert_int_equal(host_admin(&e->m->host, ACME_OP_AUDIT_SET, &cmd),
			 ACME_ST_OK);
}

#define SET_CASE(field, value) \
	do { \
		audit_cmd(&cmd, ACME_AUDIT_ICV, 8); \
		cmd.audit_set.field = cpu_to_le32(value); \
		assert_int_equal(host_admin(&m->host, ACME_OP_AUDIT_SET, \
					    &cmd), ACME_ST_BAD_PARAM); \
		assert_int_equal(le32_to_cpu(cmd.hdr.detail), OFF(field)); \
	} while (0)

static void test_refused(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd;

	(void)state;
	SET_CASE(events, 0x40);
	SET_CASE(capture, ACME_CAPTURE_MAX + 1);
	SET_CASE(sa_rate, 0);
	SET_CASE(sa_burst, ACME_AUDIT_MAX_RATE + 1);
	SET_CASE(no_sa_rate, UINT32_MAX);
	SET_CASE(no_sa_burst, 0);
	cmd = (struct acme_cmd) { };
	assert_int_equal(host_admin(&m->host, ACME_OP_AUDIT_SET, &cmd),
			 ACME_ST_OK);
	mock_free(m);
}

static struct acme_event next_event(struct end *e)
{
	struct acme_event ev;

	assert_true(host_event(&e->m->host, &ev));
	return ev;
}

static void expect_none(struct end *e)
{
	struct acme_event ev;

	assert_false(host_event(&e->m->host, &ev));
}

/* An event about @frame, which came from the wire, with its first bytes. */
static void check_in(struct end *e, u16 type, u32 sa, u64 seq, const u8 *frame,
		     u32 capture)
{
	struct acme_event ev = next_event(e);
	u64 now = e->m->now;

	assert_int_equal(le16_to_cpu(ev.type), type);
	assert_int_equal(le32_to_cpu(ev.sa), sa);
	assert_int_equal(ev.flags, ACME_EVF_INBOUND | ACME_EVF_SEQ);
	assert_true(le64_to_cpu(ev.seq) == seq);
	assert_true(le64_to_cpu(ev.time_ns) == now);
	assert_int_equal(ev.family, 4);
	assert_memory_equal(ev.saddr, frame + 26, 4);
	assert_memory_equal(ev.daddr, frame + 30, 4);
	assert_memory_equal(&ev.spi, frame + 34, 4);
	assert_int_equal(ev.data_len, capture);
	assert_memory_equal(ev.data, frame + 14, capture);
}

static u32 make(struct end *e, u8 *frame, u64 seq)
{
	u8 plain[256];
	u32 len = end_plain(plain);

	return end_craft(e, frame, seq, plain, len);
}

static void drop(struct end *e, const u8 *frame, u32 len)
{
	static struct rx_frame f;

	assert_false(end_receive(e, frame, len, &f));
}

static void test_in(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	u8 frame[512], plain[256];
	static struct rx_frame f;
	u32 len;

	(void)state;
	audit_set(&e, ACME_AUDIT_ALL, 60);
	len = make(&e, frame, 5);
	assert_true(end_receive(&e, frame, len, &f));
	drop(&e, frame, len);
	check_in(&e, ACME_EV_AUDIT_REPLAY, e.handle, 5, frame, 60);
	len = make(&e, frame, 6);
	frame[len - 1] ^= 1;
	drop(&e, frame, len);
	check_in(&e, ACME_EV_AUDIT_ICV, e.handle, 6, frame, 60);
	len = end_plain(plain);
	plain[len - 1] = 41;
	len = end_craft(&e, frame, 7, plain, len);
	drop(&e, frame, len);
	check_in(&e, ACME_EV_AUDIT_MALFORMED, e.handle, 7, frame, 60);
	len = make(&e, frame, 8);
	frame[37] ^= 1;
	assert_true(end_receive(&e, frame, len, &f));
	check_in(&e, ACME_EV_AUDIT_NO_SA, 0, 8, frame, 60);
	expect_none(&e);
	mock_free(e.m);
}

/* The number is the whole one that was inferred. */
static void test_esn(void **state)
{
	struct setup s = tunnel4;
	static struct rx_frame f;
	struct end e;
	u8 frame[512];
	u32 len;

	(void)state;
	s.flags |= ACME_SA_ESN;
	s.seq = 0xfffffff0;
	e = end_open(&s, ACME_SA_INBOUND);
	audit_set(&e, ACME_AUDIT_ALL, 20);
	len = make(&e, frame, 0x100000005);
	assert_true(end_receive(&e, frame, len, &f));
	drop(&e, frame, len);
	check_in(&e, ACME_EV_AUDIT_REPLAY, e.handle, 0x100000005, frame, 20);
	mock_free(e.m);
}

static void test_selector_in(void **state)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;
	u8 frame[512];
	u32 len;

	(void)state;
	end_fill(&e, &cmd, &transport4, ACME_SA_INBOUND);
	cmd.sa_add.sel.proto = PROTO_TCP;
	end_install(&e, &cmd, &transport4);
	audit_set(&e, ACME_AUDIT_SELECTOR, ACME_CAPTURE_MAX);
	len = make(&e, frame, 3);
	drop(&e, frame, len);
	/* The packet as it came, although its header was moved since. */
	check_in(&e, ACME_EV_AUDIT_SELECTOR, e.handle, 3, frame,
		 len - 14 < ACME_CAPTURE_MAX ? len - 14 : ACME_CAPTURE_MAX);
	mock_free(e.m);
}

static void test_out(void **state)
{
	struct setup s = tunnel4;
	struct acme_event ev;
	struct acme_cmd cmd;
	struct end e;
	u8 pkt[256];
	u32 len;

	(void)state;
	s.seq = UINT32_MAX;
	e = (struct end) { .m = mock_ready(&mock_config) };
	end_fill(&e, &cmd, &s, 0);
	cmd.sa_add.sel.proto = PROTO_UDP;
	end_install(&e, &cmd, &s);
	audit_set(&e, ACME_AUDIT_ALL, 20);
	len = mock_packet(pkt, 4, PROTO_TCP, 20);
	end_send(&e, pkt, len, 0, 0);
	ev = next_event(&e);
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_AUDIT_SELECTOR);
	assert_int_equal(ev.flags, ACME_EVF_SEQ);
	assert_int_equal(be32toh(ev.spi), SPI);
	assert_memory_equal(ev.data, pkt + 14, 20);
	assert_memory_equal(ev.daddr, "\x68\x69\x6a\x6b", 4);
	len = mock_packet(pkt, 4, PROTO_UDP, 20);
	end_send(&e, pkt, len, 0, 0);
	ev = next_event(&e);
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_SA_SEQ_END);
	ev = next_event(&e);
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_AUDIT_SEQ);
	assert_true(le64_to_cpu(ev.seq) == UINT32_MAX);
	end_send(&e, pkt, len - 1, 0, 0);
	ev = next_event(&e);
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_AUDIT_MALFORMED);
	assert_int_equal(le32_to_cpu(ev.sa), e.handle);
	expect_none(&e);
	mock_free(e.m);
}

/* Nothing is told that nobody asked for. */
static void test_unwanted(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	u8 frame[512];
	u32 len = make(&e, frame, 6);

	(void)state;
	frame[len - 1] ^= 1;
	drop(&e, frame, len);
	audit_set(&e, ACME_AUDIT_ALL & ~ACME_AUDIT_ICV, 0);
	drop(&e, frame, len);
	expect_none(&e);
	audit_set(&e, ACME_AUDIT_ICV, 0);
	drop(&e, frame, len);
	assert_int_equal(next_event(&e).data_len, 0);
	assert_int_equal(host_reset(&e.m->host), ACME_STATUS_READY);
	assert_int_equal(e.m->dev->audit.events, 0);
	mock_free(e.m);
}

static u32 count_events(struct end *e, u32 *suppressed)
{
	struct acme_event ev;
	u32 n = 0;

	while (host_event(&e->m->host, &ev)) {
		if (!n++)
			*suppressed = le32_to_cpu(ev.suppressed);
		else
			assert_int_equal(le32_to_cpu(ev.suppressed), 0);
	}
	return n;
}

static void test_rate(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	u32 i, suppressed, len;
	u8 frame[512];

	(void)state;
	audit_set(&e, ACME_AUDIT_ICV, 0);
	len = make(&e, frame, 6);
	frame[len - 1] ^= 1;
	/* A burst of 5, then 2 a second. */
	for (i = 0; i < 25; i++)
		drop(&e, frame, len);
	assert_int_equal(count_events(&e, &suppressed), 5);
	assert_int_equal(suppressed, 0);
	e.m->now += NSEC_PER_SEC / 2 - 1;
	mock_run(e.m);
	drop(&e, frame, len);
	assert_int_equal(count_events(&e, &suppressed), 0);
	e.m->now += 1;
	mock_run(e.m);
	drop(&e, frame, len);
	assert_int_equal(count_events(&e, &suppressed), 1);
	assert_int_equal(suppressed, 21);
	e.m->now += 3600 * NSEC_PER_SEC;
	mock_run(e.m);
	for (i = 0; i < 10; i++)
		drop(&e, frame, len);
	assert_int_equal(count_events(&e, &suppressed), 5);
	assert_int_equal(suppressed, 0);
	assert_int_equal(end_stats(&e).audit_suppressed, 26);
	assert_int_equal(e.m->dev->count.audit_suppressed, 26);
	mock_free(e.m);
}

/* The buckets of SAs and of packets without SA know nothing of each other. */
static void test_buckets(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	u32 i, suppressed, len;
	static struct rx_frame f;
	u8 frame[512];

	(void)state;
	audit_set(&e, ACME_AUDIT_ALL, 0);
	len = make(&e, frame, 6);
	frame[37] ^= 1;
	for (i = 0; i < 10; i++)
		assert_true(end_receive(&e, frame, len, &f));
	assert_int_equal(count_events(&e, &suppressed), 3);
	assert_int_equal(e.m->dev->count.audit_suppressed, 7);
	frame[37] ^= 1;
	frame[len - 1] ^= 1;
	for (i = 0; i < 5; i++)
		drop(&e, frame, len);
	assert_int_equal(count_events(&e, &suppressed), 5);
	assert_int_equal(end_stats(&e).audit_suppressed, 0);
	mock_free(e.m);
}

/* Lost for want of room, counted; what was suppressed is told later. */
static void test_full_ring(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	u32 i, suppressed, len;
	u8 frame[512];

	(void)state;
	audit_set(&e, ACME_AUDIT_ICV, 0);
	for (i = 0; i < 16; i++)
		acme_dev_force_down(e.m->dev, !(i & 1));
	len = make(&e, frame, 6);
	frame[len - 1] ^= 1;
	for (i = 0; i < 9; i++)
		drop(&e, frame, len);
	assert_int_equal(host_reg(&e.m->host, ACME_REG_EQ_LOST), 5);
	e.m->now += NSEC_PER_SEC;
	mock_run(e.m);
	drop(&e, frame, len);
	assert_int_equal(host_reg(&e.m->host, ACME_REG_EQ_LOST), 6);
	assert_int_equal(count_events(&e, &suppressed), 16);
	e.m->now += NSEC_PER_SEC;
	mock_run(e.m);
	drop(&e, frame, len);
	assert_int_equal(count_events(&e, &suppressed), 1);
	assert_int_equal(suppressed, 4);
	mock_free(e.m);
}

static void test_ipv6_label(void **state)
{
	struct setup s = tunnel4;
	struct acme_event ev;
	static struct rx_frame f;
	struct end e;
	u8 pkt[256];
	u32 len;

	(void)state;
	s.outer = 6;
	e = end_open(&s, ACME_SA_INBOUND);
	audit_set(&e, ACME_AUDIT_NO_SA, 0);
	len = mock_packet(pkt, 6, PROTO_UDP, 30);
	pkt[20] = PROTO_ESP;
	put_be32(pkt + 14, 6U << 28 | 0xab00000 | 0x54321);
	assert_true(end_receive(&e, pkt, len, &f));
	ev = next_event(&e);
	assert_int_equal(be32toh(ev.flow_label), 0x54321);
	assert_int_equal(ev.family, 6);
	assert_memory_equal(ev.saddr, pkt + 22, 16);
	assert_memory_equal(ev.daddr, pkt + 38, 16);
	mock_free(e.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_in),
		cmocka_unit_test(test_esn),
		cmocka_unit_test(test_selector_in),
		cmocka_unit_test(test_out),
		cmocka_unit_test(test_unwanted),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_full_ring),
		cmocka_unit_test(test_ipv6_label),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
