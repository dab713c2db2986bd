// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* SAs that stop, move and change, and the host that takes part in them. */
#include "ends.h"

#define OFF(field)	offsetof(struct acme_cmd, field)

static bool send_one(struct end *e)
{
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	mock_forget_frames(e->m);
	end_send(e, pkt, len, 0, 0);
	return e->m->num_frames;
}

static bool receive_one(struct end *e, u64 seq)
{
	static struct rx_frame f;
	u8 plain[256], frame[512];
	u32 len = end_plain(plain);

	return end_receive(e, frame, end_craft(e, frame, seq, plain, len),
			   &f) && f.flags & ACME_RXC_SA;
}

static void expect(struct end *e, u16 opcode, struct acme_cmd *cmd, u32 status,
		   size_t detail)
{
	assert_int_equal(end_cmd(e, opcode, cmd), status);
	assert_int_equal(le32_to_cpu(cmd->hdr.detail), detail);
}

static void test_stop_out(void **state)
{
	struct end e = end_open(&tunnel4, 0);
	struct acme_cmd cmd = {};

	(void)state;
	expect(&e, ACME_OP_SA_RESUME, &cmd, ACME_ST_BUSY, OFF(sa.handle));
	assert_true(send_one(&e));
	assert_true(send_one(&e));
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(le32_to_cpu(cmd.sa.handle), e.handle);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.seq), 2);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.packets), 2);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.bytes), 96);
	assert_int_equal(le16_to_cpu(cmd.sa.snap.epoch), 1);
	assert_false(send_one(&e));
	assert_int_equal(e.m->dev->count.tx_bad_sa, 1);
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_BUSY, OFF(sa.handle));
	expect(&e, ACME_OP_SA_RESUME, &cmd, ACME_ST_OK, 0);
	assert_true(send_one(&e));
	end_check_stats(&e, 3, 144, 3);
	mock_free(e.m);
}

/* An IV must not come again: not with epoch 0, not from an earlier number. */
static void test_epoch(void **state)
{
	struct end e = end_open(&tunnel4, 0);
	struct acme_cmd cmd = {};

	(void)state;
	assert_true(send_one(&e));
	assert_true(send_one(&e));
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, 2, 0),
			 ACME_ST_BAD_PARAM);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, 1, 1),
			 ACME_ST_BAD_PARAM);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, 1, 2), ACME_ST_OK);
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, 1, 2), ACME_ST_OK);
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, 0, 1),
			 ACME_ST_BAD_PARAM);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, 2, 1),
			 ACME_ST_BAD_PARAM);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, 0, 0xffff),
			 ACME_ST_OK);
	mock_free(e.m);
}

/* Packets that find the SA stopped come up as they are, with the reason. */
static void test_stop_in(void **state)
{
	struct setup s = tunnel4;
	static struct rx_frame f;
	struct acme_cmd cmd = {};
	u8 plain[256], frame[512];
	u32 len = end_plain(plain);
	struct end e;

	(void)state;
	s.flags |= ACME_SA_DROP_EXC;
	e = end_open(&s, ACME_SA_INBOUND);
	assert_true(receive_one(&e, 5));
	assert_true(receive_one(&e, 7));
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.seq), 7);
	assert_int_equal(cmd.sa.snap.bitmap[0], 5);
	len = end_craft(&e, frame, 6, plain, len);
	assert_true(end_receive(&e, frame, len, &f));
	assert_int_equal(f.flags, ACME_RXC_EOP | ACME_RXC_EXC);
	assert_int_equal(f.exc, ACME_EXC_STOPPED);
	assert_int_equal(f.sa, e.handle);
	assert_memory_equal(f.data, frame, len);
	/* The host accepted 6 meanwhile, and says so. */
	cmd.sa.snap.bitmap[0] = 7;
	expect(&e, ACME_OP_SA_RUN, &cmd, ACME_ST_OK, 0);
	assert_false(receive_one(&e, 6));
	assert_true(receive_one(&e, 4));
	assert_int_equal(end_stats(&e).drop_replay, 1);
	mock_free(e.m);
}

static u32 alloc(struct end *e, u32 count, u64 bytes, u64 *first)
{
	struct acme_cmd cmd = {
		.seq_alloc = {
			.count = cpu_to_le32(count),
			.bytes = cpu_to_le64(bytes),
		},
	};
	u32 status = end_cmd(e, ACME_OP_SEQ_ALLOC, &cmd);

	*first = le64_to_cpu(cmd.seq_rsp.first);
	if (status == ACME_ST_OK)
		assert_int_equal(le16_to_cpu(cmd.seq_rsp.epoch), 1);
	return status;
}

static void test_seq_alloc(void **state)
{
	struct end e = end_open(&tunnel4, 0);
	u64 first;

	(void)state;
	assert_true(send_one(&e));
	assert_int_equal(alloc(&e, 1, 100, &first), ACME_ST_OK);
	assert_int_equal(first, 2);
	assert_int_equal(alloc(&e, 10, 1000, &first), ACME_ST_OK);
	assert_int_equal(first, 3);
	assert_true(send_one(&e));
	end_check_stats(&e, 13, 1196, 13);
	assert_int_equal(get_be32(e.m->frames[0].data + 14 + 20 + 4), 13);
	assert_int_equal(e.m->dev->count.esp_tx_seq_alloc, 11);
	assert_int_equal(alloc(&e, 0, 0, &first), ACME_ST_BAD_PARAM);
	mock_free(e.m);
}

static void test_seq_alloc_end(void **state)
{
	struct setup s = tunnel4;
	struct acme_event ev;
	struct end e;
	u64 first;

	(void)state;
	s.seq = 0xfffffff0;
	e = end_open(&s, 0);
	assert_int_equal(alloc(&e, 16, 16, &first), ACME_ST_SEQ_END);
	assert_int_equal(alloc(&e, UINT32_MAX, 1, &first), ACME_ST_SEQ_END);
	assert_false(host_event(&e.m->host, &ev));
	assert_int_equal(alloc(&e, 15, 15, &first), ACME_ST_OK);
	assert_int_equal(first, 0xfffffff1);
	assert_int_equal(alloc(&e, 1, 1, &first), ACME_ST_SEQ_END);
	assert_true(host_event(&e.m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_SA_SEQ_END);
	assert_int_equal(end_stats(&e).drop_seq, 3);
	end_check_stats(&e, 15, 15, 0xffffffff);
	mock_free(e.m);
}

/* The host's packets are within the same limits, to the packet and byte. */
static void test_seq_alloc_quota(void **state)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_event ev;
	struct acme_cmd cmd;
	u64 first;

	(void)state;
	end_fill(&e, &cmd, &tunnel4, 0);
	cmd.sa_add.limits.hard_packets = cpu_to_le64(10);
	cmd.sa_add.limits.hard_bytes = cpu_to_le64(1000);
	end_install(&e, &cmd, &tunnel4);
	assert_int_equal(alloc(&e, 11, 0, &first), ACME_ST_QUOTA);
	/* Ten of 112 bytes: the tenth would find 1008 of 1000. */
	assert_int_equal(alloc(&e, 10, 1120, &first), ACME_ST_QUOTA);
	assert_int_equal(alloc(&e, 2, 65536 * 2, &first), ACME_ST_BAD_PARAM);
	assert_false(host_event(&e.m->host, &ev));
	assert_int_equal(alloc(&e, 10, 1110, &first), ACME_ST_OK);
	assert_int_equal(alloc(&e, 1, 0, &first), ACME_ST_QUOTA);
	assert_true(host_event(&e.m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_SA_HARD);
	assert_int_equal(le32_to_cpu(ev.arg[0]), ACME_LIMIT_HARD_PACKETS |
						 ACME_LIMIT_HARD_BYTES);
	assert_false(send_one(&e));
	assert_int_equal(end_stats(&e).drop_limit, 4);
	mock_free(e.m);
}

/* A counter at its end meets every limit, rather than begin anew. */
static void test_quota_overflow(void **state)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;
	u64 first;

	(void)state;
	end_fill(&e, &cmd, &tunnel4, 0);
	cmd.sa_add.limits.hard_bytes = cpu_to_le64(UINT64_MAX);
	e.handle = host_sa_add(&e.m->host, &cmd);
	cmd = (struct acme_cmd) { };
	cmd.sa.snap.bytes = cpu_to_le64(UINT64_MAX - 5);
	cmd.sa.snap.epoch = cpu_to_le16(1);
	assert_int_equal(end_cmd(&e, ACME_OP_SA_RUN, &cmd), ACME_ST_OK);
	assert_int_equal(alloc(&e, 2, 100, &first), ACME_ST_QUOTA);
	assert_int_equal(alloc(&e, 2, 8, &first), ACME_ST_OK);
	mock_free(e.m);
}

static u32 test_set(struct end *e, u64 seq)
{
	struct acme_cmd cmd = {
		.replay_test_set = {
			.seq = cpu_to_le64(seq),
			.bytes = cpu_to_le64(100),
		},
	};

	return end_cmd(e, ACME_OP_REPLAY_TEST_SET, &cmd);
}

static void test_test_set_bytes(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	struct acme_cmd cmd = {
		.replay_test_set = {
			.seq = cpu_to_le64(1),
			.bytes = cpu_to_le64(65536),
		},
	};

	(void)state;
	expect(&e, ACME_OP_REPLAY_TEST_SET, &cmd, ACME_ST_BAD_PARAM,
	       OFF(replay_test_set.bytes));
	assert_int_equal(test_set(&e, 1), ACME_ST_OK);
	mock_free(e.m);
}

static void test_test_set(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);

	(void)state;
	assert_int_equal(test_set(&e, 0), ACME_ST_LEFT);
	assert_true(receive_one(&e, 100));
	assert_int_equal(test_set(&e, 100), ACME_ST_SEEN);
	assert_int_equal(test_set(&e, 99), ACME_ST_OK);
	assert_int_equal(test_set(&e, 99), ACME_ST_SEEN);
	assert_false(receive_one(&e, 99));
	assert_int_equal(test_set(&e, 100 - 63), ACME_ST_OK);
	assert_int_equal(test_set(&e, 100 - 64), ACME_ST_LEFT);
	assert_int_equal(test_set(&e, 200), ACME_ST_OK);
	assert_false(receive_one(&e, 200));
	assert_false(receive_one(&e, 136));
	assert_true(receive_one(&e, 137));
	assert_int_equal(test_set(&e, 1ULL << 32), ACME_ST_BAD_PARAM);
	end_check_stats(&e, 5, 2 * 48 + 300, 200);
	assert_int_equal(end_stats(&e).drop_replay, 7);
	assert_int_equal(e.m->dev->count.esp_rx_test_set, 3);
	assert_int_equal(e.m->dev->count.esp_rx_replay, 3);
	mock_free(e.m);
}

static void test_test_set_esn(void **state)
{
	struct setup s = tunnel4;
	struct end e;

	(void)state;
	s.flags |= ACME_SA_ESN;
	s.seq = 0xfffffff0;
	e = end_open(&s, ACME_SA_INBOUND);
	assert_int_equal(test_set(&e, 0x100000005), ACME_ST_OK);
	assert_true(receive_one(&e, 0x100000004));
	assert_false(receive_one(&e, 0x100000005));
	assert_true(receive_one(&e, 0xfffffff9));
	assert_int_equal(test_set(&e, 0xfffffff9), ACME_ST_SEEN);
	end_check_stats(&e, 3, 196, 0x100000005);
	mock_free(e.m);
}

static void test_test_set_quota(void **state)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;

	(void)state;
	end_fill(&e, &cmd, &tunnel4, ACME_SA_INBOUND);
	cmd.sa_add.limits.hard_packets = cpu_to_le64(2);
	end_install(&e, &cmd, &tunnel4);
	assert_int_equal(test_set(&e, 1), ACME_ST_OK);
	assert_true(receive_one(&e, 2));
	assert_int_equal(test_set(&e, 3), ACME_ST_QUOTA);
	end_check_stats(&e, 2, 148, 2);
	mock_free(e.m);
}

static void test_wrong_sa(void **state)
{
	struct end out = end_open(&tunnel4, 0);
	struct end in = end_open(&tunnel4, ACME_SA_INBOUND);
	struct acme_cmd cmd = {};
	u64 first;

	(void)state;
	assert_int_equal(test_set(&out, 1), ACME_ST_BAD_PARAM);
	assert_int_equal(alloc(&in, 1, 1, &first), ACME_ST_BAD_PARAM);
	expect(&out, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	expect(&in, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(test_set(&in, 1), ACME_ST_BUSY);
	assert_int_equal(alloc(&out, 1, 1, &first), ACME_ST_BUSY);
	expect(&out, ACME_OP_SA_DEL, &cmd, ACME_ST_OK, 0);
	assert_int_equal(alloc(&out, 1, 1, &first), ACME_ST_NOT_FOUND);
	expect(&out, ACME_OP_SA_STOP, &cmd, ACME_ST_NOT_FOUND, OFF(sa.handle));
	expect(&out, ACME_OP_SA_RESUME, &cmd, ACME_ST_NOT_FOUND,
	       OFF(sa.handle));
	expect(&out, ACME_OP_SA_UPDATE, &cmd, ACME_ST_NOT_FOUND,
	       OFF(sa.handle));
	mock_free(out.m);
	mock_free(in.m);
}

static struct end open_unable(u32 ipsec, u32 handover, u32 dir)
{
	struct acme_config cfg = mock_config;
	struct setup s = tunnel4;
	struct end e = { };
	struct acme_cmd cmd;

	cfg.ipsec = ipsec;
	cfg.handover = handover;
	if (!(ipsec & ACME_IPSEC_EXC_RAW))
		s.flags |= ACME_SA_DROP_EXC;
	e.m = mock_ready(&cfg);
	end_fill(&e, &cmd, &s, dir);
	end_install(&e, &cmd, &s);
	return e;
}

/* As the profile dump-only: the host can stop SAs, no more. */
static void test_dump_only(void **state)
{
	struct end out = open_unable(ACME_IPSEC_ALL, ACME_HANDOVER_SNAPSHOT, 0);
	struct end in = open_unable(ACME_IPSEC_ALL, ACME_HANDOVER_SNAPSHOT,
				    ACME_SA_INBOUND);
	struct acme_cmd cmd = {};
	u64 first;

	(void)state;
	assert_int_equal(alloc(&out, 1, 1, &first), ACME_ST_UNSUPPORTED);
	assert_int_equal(test_set(&in, 1), ACME_ST_UNSUPPORTED);
	expect(&out, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(host_sa_run(&out.m->host, out.handle, 77, 2),
			 ACME_ST_OK);
	mock_free(out.m);
	mock_free(in.m);
}

/* As the profile drop-only: SAs neither leave nor come in midway. */
static void test_drop_only(void **state)
{
	u32 ipsec = ACME_IPSEC_ALL & ~ACME_IPSEC_EXC_RAW;
	struct end in = open_unable(ipsec, 0, ACME_SA_INBOUND);
	struct acme_cmd cmd = {};

	(void)state;
	expect(&in, ACME_OP_SA_STOP, &cmd, ACME_ST_UNSUPPORTED,
	       OFF(sa.handle));
	expect(&in, ACME_OP_SA_QUERY, &cmd, ACME_ST_OK, 0);
	expect(&in, ACME_OP_SA_DEL, &cmd, ACME_ST_OK, 0);
	end_fill(&in, &cmd, &tunnel4, ACME_SA_INBOUND);
	assert_int_equal(host_admin(&in.m->host, ACME_OP_SA_ADD, &cmd),
			 ACME_ST_UNSUPPORTED);
	assert_int_equal(le32_to_cpu(cmd.hdr.detail), OFF(sa_add.flags));
	end_fill(&in, &cmd, &tunnel4, ACME_SA_INBOUND | ACME_SA_DROP_EXC);
	in.handle = host_sa_add(&in.m->host, &cmd);
	assert_int_equal(host_sa_run(&in.m->host, in.handle, 5, 0),
			 ACME_ST_UNSUPPORTED);
	assert_int_equal(host_sa_run(&in.m->host, in.handle, 0, 0),
			 ACME_ST_OK);
	mock_free(in.m);
}

/* Interface 1.0: SAs can't be changed. */
static void test_no_update(void **state)
{
	struct acme_config cfg = mock_config;
	struct acme_cmd cmd = {};
	struct end e = {};

	(void)state;
	cfg.minor = 0;
	e.m = mock_ready(&cfg);
	assert_int_equal(host_reg(&e.m->host, ACME_REG_VERSION),
			 ACME_VERSION_MAJOR << 16);
	end_fill(&e, &cmd, &tunnel4, 0);
	end_install(&e, &cmd, &tunnel4);
	cmd = (struct acme_cmd) { };
	cmd.sa_update.what = cpu_to_le32(ACME_UPDATE_LIMITS);
	expect(&e, ACME_OP_SA_UPDATE, &cmd, ACME_ST_BAD_OPCODE,
	       OFF(hdr.opcode));
	mock_free(e.m);
}

#define UPDATE_CASE(flag, field, value, status) \
	do { \
		cmd = (struct acme_cmd) { }; \
		cmd.sa_update.what = cpu_to_le32(flag); \
		cmd.sa_update.field = (value); \
		expect(&e, ACME_OP_SA_UPDATE, &cmd, status, \
		       OFF(sa_update.field)); \
	} while (0)

static void test_update_refused(void **state)
{
	struct end e = end_open(&transport4, 0);
	struct acme_cmd cmd;

	(void)state;
	UPDATE_CASE(0, what, 0, ACME_ST_BAD_PARAM);
	UPDATE_CASE(0, what, cpu_to_le32(0x10), ACME_ST_BAD_PARAM);
	UPDATE_CASE(ACME_UPDATE_ENCAP, encap_sport, 0, ACME_ST_BAD_PARAM);
	UPDATE_CASE(ACME_UPDATE_ENCAP, encap_sport, 1, ACME_ST_UNSUPPORTED);
	UPDATE_CASE(ACME_UPDATE_TTL, ttl, 0, ACME_ST_BAD_PARAM);
	UPDATE_CASE(ACME_UPDATE_SELECTOR, sel.family, 7, ACME_ST_BAD_PARAM);
	UPDATE_CASE(ACME_UPDATE_SELECTOR, sel.family, 6, ACME_ST_BAD_PARAM);
	UPDATE_CASE(ACME_UPDATE_SELECTOR, sel.prefixlen_d, 1,
		    ACME_ST_BAD_PARAM);
	assert_true(send_one(&e));
	mock_free(e.m);
}

static void test_update_selector(void **state)
{
	struct end e = end_open(&tunnel4, 0);
	struct acme_cmd cmd = {
		.sa_update = {
			.what = cpu_to_le32(ACME_UPDATE_SELECTOR |
					    ACME_UPDATE_TTL),
			.sel.proto = PROTO_TCP,
			.ttl = 7,
		},
	};

	(void)state;
	assert_true(send_one(&e));
	assert_int_equal(e.m->frames[0].data[14 + 8], 64);
	expect(&e, ACME_OP_SA_UPDATE, &cmd, ACME_ST_OK, 0);
	assert_false(send_one(&e));
	assert_int_equal(end_stats(&e).drop_selector, 1);
	cmd.sa_update.what = cpu_to_le32(ACME_UPDATE_SELECTOR);
	expect(&e, ACME_OP_SA_UPDATE, &cmd, ACME_ST_OK, 0);
	assert_true(send_one(&e));
	assert_int_equal(e.m->frames[0].data[14 + 8], 7);
	mock_free(e.m);
}

/* What comes in after the update has to be in the new selector. */
static void test_update_selector_in(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	struct acme_cmd cmd = {
		.sa_update = {
			.what = cpu_to_le32(ACME_UPDATE_SELECTOR),
			.sel.family = 4,
			.sel.proto = PROTO_TCP,
		},
	};

	(void)state;
	assert_true(receive_one(&e, 1));
	expect(&e, ACME_OP_SA_UPDATE, &cmd, ACME_ST_OK, 0);
	assert_false(receive_one(&e, 2));
	assert_int_equal(end_stats(&e).drop_selector, 1);
	assert_int_equal(e.m->dev->count.esp_rx_selector, 1);
	/* Its number is used up all the same. */
	assert_int_equal(test_set(&e, 2), ACME_ST_SEEN);
	cmd.sa_update.what = cpu_to_le32(ACME_UPDATE_SELECTOR);
	cmd.sa_update.sel.proto = PROTO_UDP;
	expect(&e, ACME_OP_SA_UPDATE, &cmd, ACME_ST_OK, 0);
	assert_false(receive_one(&e, 2));
	assert_true(receive_one(&e, 3));
	mock_free(e.m);
}

/* One update of everything; a refused one changes nothing. */
static void test_update_all_or_nothing(void **state)
{
	struct end e = end_open(&tunnel4, 0);
	struct acme_cmd good = {
		.sa_update = {
			.what = cpu_to_le32(ACME_UPDATE_LIMITS |
					    ACME_UPDATE_SELECTOR |
					    ACME_UPDATE_TTL),
			.limits.hard_packets = cpu_to_le64(2),
			.sel.proto = PROTO_UDP,
			.ttl = 7,
		},
	};
	struct acme_cmd bad = good;

	(void)state;
	bad.sa_update.sel.family = 5;
	expect(&e, ACME_OP_SA_UPDATE, &bad, ACME_ST_BAD_PARAM,
	       OFF(sa_update.sel.family));
	assert_true(send_one(&e));
	assert_int_equal(e.m->frames[0].data[14 + 8], 64);
	expect(&e, ACME_OP_SA_UPDATE, &good, ACME_ST_OK, 0);
	assert_true(send_one(&e));
	assert_int_equal(e.m->frames[0].data[14 + 8], 7);
	assert_false(send_one(&e));
	assert_int_equal(end_stats(&e).drop_limit, 1);
	mock_free(e.m);
}

/* A stopped SA may be updated, and goes on with that. */
static void test_update_stopped(void **state)
{
	struct end e = end_open(&tunnel4, 0);
	struct acme_cmd cmd = {};
	struct acme_cmd upd = {
		.sa_update = {
			.what = cpu_to_le32(ACME_UPDATE_SELECTOR),
			.sel.proto = PROTO_TCP,
		},
	};

	(void)state;
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	expect(&e, ACME_OP_SA_UPDATE, &upd, ACME_ST_OK, 0);
	expect(&e, ACME_OP_SA_RESUME, &cmd, ACME_ST_OK, 0);
	assert_false(send_one(&e));
	assert_int_equal(end_stats(&e).drop_selector, 1);
	mock_free(e.m);
}

/* The window is what it was; nothing that came meanwhile is in it. */
static void test_resume_in(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	struct acme_cmd cmd = {};

	(void)state;
	assert_true(receive_one(&e, 5));
	assert_true(receive_one(&e, 9));
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_false(receive_one(&e, 7));
	assert_false(receive_one(&e, 9));
	assert_int_equal(end_stats(&e).exceptions, 2);
	assert_int_equal(end_stats(&e).drop_replay, 0);
	expect(&e, ACME_OP_SA_RESUME, &cmd, ACME_ST_OK, 0);
	assert_false(receive_one(&e, 5));
	assert_false(receive_one(&e, 9));
	assert_true(receive_one(&e, 7));
	end_check_stats(&e, 3, 3 * 48, 9);
	mock_free(e.m);
}

/* Nothing happens in the device after this command. */
static void kill_at(struct mock *m, u16 opcode)
{
	struct acme_faults f = m->dev->faults;

	f.cmds[opcode].action = ACME_CMD_KILL_BEFORE;
	acme_dev_set_faults(m->dev, &f);
}

/* What was decrypted and waits for a buffer comes before later commands. */
static void test_stop_while_waiting(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	u32 tail = ACME_REG_QUEUE(0) + ACME_QREG_RX_TAIL;
	struct host *h = &e.m->host;
	static struct rx_frame f;
	u8 plain[256], frame[512];
	u32 len = end_plain(plain);
	struct acme_cmd cmd = {};
	u32 i;

	(void)state;
	for (i = 1; i <= RING_SIZE + 1; i++)
		mock_wire(e.m, frame, end_craft(&e, frame, i, plain, len));
	assert_false(acme_dev_rx_ready(e.m->dev));
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.packets), RING_SIZE + 1);
	for (i = 1; i <= RING_SIZE; i++)
		assert_true(host_rx(h, 0, &f));
	assert_false(host_rx(h, 0, &f));
	/* A buffer, then a command, and the device sees both at once. */
	host_reg_write(h, tail, ++h->q[0].rx_tail);
	acme_dev_doorbell(e.m->dev, ACME_DB_QUEUE(0));
	kill_at(e.m, ACME_OP_SA_QUERY);
	expect(&e, ACME_OP_SA_QUERY, &cmd, ACME_ST_PENDING, 0);
	assert_true(host_rx(h, 0, &f));
	assert_int_equal(f.sa, e.handle);
	assert_true(f.flags & ACME_RXC_SA);
	mock_free(e.m);
}

/* Of a bitmap only the window counts, and nothing before number 1. */
static void test_run_bitmap(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	struct acme_cmd cmd = {};
	u32 i;

	(void)state;
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	memset(cmd.sa.snap.bitmap, 0xff, sizeof(cmd.sa.snap.bitmap));
	cmd.sa.snap.seq = cpu_to_le64(1000);
	expect(&e, ACME_OP_SA_RUN, &cmd, ACME_ST_OK, 0);
	for (i = 0; i < 64; i++)
		assert_int_equal(test_set(&e, 1000 - i), ACME_ST_SEEN);
	assert_int_equal(test_set(&e, 1000 - 64), ACME_ST_LEFT);
	assert_true(receive_one(&e, 1001));
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	for (i = 0; i < sizeof(cmd.sa.snap.bitmap); i++)
		assert_int_equal(cmd.sa.snap.bitmap[i], i < 8 ? 0xff : 0);
	memset(cmd.sa.snap.bitmap, 0xff, sizeof(cmd.sa.snap.bitmap));
	cmd.sa.snap.seq = cpu_to_le64(3);
	expect(&e, ACME_OP_SA_RUN, &cmd, ACME_ST_OK, 0);
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(cmd.sa.snap.bitmap[0], 7);
	mock_free(e.m);
}

/* Counters that come along meet limits at once, and tell of it again. */
static void test_run_at_limit(void **state)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_event ev;
	struct acme_cmd cmd;
	u32 i;

	(void)state;
	end_fill(&e, &cmd, &tunnel4, 0);
	cmd.sa_add.limits.soft_packets = cpu_to_le64(2);
	cmd.sa_add.limits.hard_packets = cpu_to_le64(4);
	end_install(&e, &cmd, &tunnel4);
	for (i = 0; i < 3; i++)
		assert_true(send_one(&e));
	assert_true(host_event(&e.m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_SA_SOFT);
	cmd = (struct acme_cmd) { };
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.packets), 3);
	expect(&e, ACME_OP_SA_RUN, &cmd, ACME_ST_OK, 0);
	assert_true(send_one(&e));
	assert_true(host_event(&e.m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_SA_SOFT);
	assert_false(send_one(&e));
	assert_true(host_event(&e.m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_SA_HARD);
	end_check_stats(&e, 4, 4 * 48, 4);
	mock_free(e.m);
}

/* The last number of an SA is 2^48 - 1, in all that is asked of it. */
static void test_esn_end(void **state)
{
	const u64 end = (1ULL << 48) - 1;
	struct setup s = tunnel4;
	struct acme_event ev;
	struct acme_cmd cmd = {};
	struct end e;
	u64 first;

	(void)state;
	s.flags |= ACME_SA_ESN;
	s.seq = end - 3;
	e = end_open(&s, 0);
	assert_int_equal(alloc(&e, 4, 4, &first), ACME_ST_SEQ_END);
	assert_int_equal(alloc(&e, 2, 2, &first), ACME_ST_OK);
	assert_true(first == end - 2);
	assert_true(send_one(&e));
	assert_false(host_event(&e.m->host, &ev));
	assert_false(send_one(&e));
	assert_int_equal(alloc(&e, 1, 1, &first), ACME_ST_SEQ_END);
	assert_true(host_event(&e.m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_SA_SEQ_END);
	assert_false(host_event(&e.m->host, &ev));
	expect(&e, ACME_OP_SA_STOP, &cmd, ACME_ST_OK, 0);
	assert_true(le64_to_cpu(cmd.sa.snap.seq) == end);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, end + 1, 2),
			 ACME_ST_BAD_PARAM);
	assert_int_equal(host_sa_run(&e.m->host, e.handle, end, 2),
			 ACME_ST_OK);
	assert_int_equal(alloc(&e, 1, 1, &first), ACME_ST_SEQ_END);
	mock_free(e.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stop_out),
		cmocka_unit_test(test_epoch),
		cmocka_unit_test(test_stop_in),
		cmocka_unit_test(test_seq_alloc),
		cmocka_unit_test(test_seq_alloc_end),
		cmocka_unit_test(test_seq_alloc_quota),
		cmocka_unit_test(test_quota_overflow),
		cmocka_unit_test(test_test_set),
		cmocka_unit_test(test_test_set_bytes),
		cmocka_unit_test(test_test_set_esn),
		cmocka_unit_test(test_test_set_quota),
		cmocka_unit_test(test_wrong_sa),
		cmocka_unit_test(test_dump_only),
		cmocka_unit_test(test_drop_only),
		cmocka_unit_test(test_no_update),
		cmocka_unit_test(test_update_refused),
		cmocka_unit_test(test_update_selector),
		cmocka_unit_test(test_update_selector_in),
		cmocka_unit_test(test_update_all_or_nothing),
		cmocka_unit_test(test_update_stopped),
		cmocka_unit_test(test_resume_in),
		cmocka_unit_test(test_stop_while_waiting),
		cmocka_unit_test(test_run_bitmap),
		cmocka_unit_test(test_run_at_limit),
		cmocka_unit_test(test_esn_end),
	};

	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
