// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Random input from wire and host. The sanitizers judge; the invariants below
 * say that nothing was lost without a counter.
 */
#include <stdlib.h>

#include "mock.h"

#define ROUNDS	30000

static u64 seed(void)
{
	const char *text = getenv("ACME_FUZZ_SEED");
	u64 s = text ? strtoull(text, NULL, 0) : 0x5eed5eed;

	print_message("# seed 0x%llx (ACME_FUZZ_SEED)\n",
		      (unsigned long long)s);
	return s ? s : 1;
}

static void randomize(u8 *p, u32 len, u64 *rng)
{
	u32 i;

	for (i = 0; i < len; i++)
		p[i] = mock_random(rng);
}

/* Changes a few bytes, to keep most of the structure. */
static void damage(u8 *p, u32 len, u32 times, u64 *rng)
{
	while (times-- && len)
		p[mock_random(rng) % len] = mock_random(rng);
}

static u64 lost_rx(const struct acme_counters *c)
{
	return c->rx_filtered + c->rx_disabled + c->rx_no_buffer +
	       c->rx_bad_desc + c->rx_malformed + c->esp_rx_replay +
	       c->esp_rx_icv + c->esp_rx_selector + c->esp_rx_malformed +
	       c->esp_rx_dummy + c->esp_rx_limit + c->esp_rx_exc_dropped +
	       c->esp_rx_encap + c->esp_rx_ecn;
}

static void random_alg(struct acme_cmd_sa_add *c, u32 i)
{
	static const struct {
		u8 alg;
		u8 key_len;
		u8 icv_len;
		u8 auth_key_len;
	} algs[] = {
		{ ACME_ALG_AES_GCM, 16, 8, 0 },
		{ ACME_ALG_AES_GMAC, 24, 16, 0 },
		{ ACME_ALG_CHACHA20_POLY1305, 32, 16, 0 },
		{ ACME_ALG_AES_CBC_SHA256, 16, 16, 32 },
		{ ACME_ALG_AES_CBC_SHA384, 24, 24, 48 },
		{ ACME_ALG_AES_CBC_SHA512, 32, 32, 64 },
	};

	i %= ARRAY_SIZE(algs);
	c->alg = algs[i].alg;
	c->key_len = algs[i].key_len;
	c->icv_len = algs[i].icv_len;
	c->auth_key_len = algs[i].auth_key_len;
}

static void audit_all(struct mock *m)
{
	struct acme_cmd cmd = {
		.audit_set = {
			.events = cpu_to_le32(ACME_AUDIT_ALL),
			.capture = cpu_to_le32(ACME_CAPTURE_MAX),
			.sa_rate = cpu_to_le32(1000),
			.sa_burst = cpu_to_le32(10),
			.no_sa_rate = cpu_to_le32(1000),
			.no_sa_burst = cpu_to_le32(10),
		},
	};

	assert_int_equal(host_admin(&m->host, ACME_OP_AUDIT_SET, &cmd),
			 ACME_ST_OK);
}

/* The inbound SA number @i: one of each kind. */
static void special(struct acme_cmd_sa_add *c, u32 i)
{
	static const u32 flags[] = {
		ACME_SA_CRYPTO, ACME_SA_ESN, ACME_SA_DROP_EXC, 0,
	};

	c->flags |= cpu_to_le32(flags[i]);
	random_alg(c, i);
	if (i != 3)
		return;
	c->encap_sport = htobe16(1111);
	c->encap_dport = htobe16(2222);
}

static struct mock *with_sas(u32 *out)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd;
	u32 i, handle;

	for (i = 0; i < 4; i++) {
		host_fill_sa(&m->host, &cmd, i & 1 ? ACME_SA_TUNNEL : 0,
			     i & 2 ? 4 : 6, 0x1000 + i);
		out[i] = host_sa_add(&m->host, &cmd);
		host_sa_run(&m->host, out[i], 0, 1);
		host_fill_sa(&m->host, &cmd, ACME_SA_INBOUND |
			     (i & 1 ? ACME_SA_TUNNEL : 0), i & 2 ? 4 : 6,
			     0x1000 + i);
		/* Packets that mock_packet() makes are to this address. */
		memset(cmd.sa_add.daddr, 0, 16);
		memcpy(cmd.sa_add.daddr, i & 2 ? "\x68\x69\x6a\x6b" :
		       "\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\x3a\x3b\x3c\x3d\x3e\x3f",
		       i & 2 ? 4 : 16);
		special(&cmd.sa_add, i);
		handle = host_sa_add(&m->host, &cmd);
		assert_int_equal(host_sa_run(&m->host, handle, 0, 1),
				 ACME_ST_OK);
	}
	audit_all(m);
	return m;
}

/* Turns a UDP packet into one that looks like ESP, in UDP or not. */
static void make_esp(u8 *pkt, bool v4, bool in_udp, u64 *rng)
{
	u32 l4 = v4 ? 34 : 54;

	if (!in_udp)
		pkt[v4 ? 23 : 20] = PROTO_ESP;
	put_be32(pkt + l4 + (in_udp ? 8 : 0), 0x1000 + mock_random(rng) % 4);
	if (v4)
		acme_csum_ipv4(pkt + 14);
}

static void test_wire_fuzz(void **state)
{
	u64 rng = seed(), frames = 0, got = 0;
	static struct rx_frame f;
	struct mock *m;
	u8 pkt[2048];
	u32 out[4];
	u32 i, len;

	(void)state;
	m = with_sas(out);
	for (i = 0; i < ROUNDS; i++) {
		len = mock_packet(pkt, i & 1 ? 4 : 6, PROTO_UDP,
				  mock_random(&rng) % 200);
		if (i % 3)
			make_esp(pkt, i & 1, i % 5 == 0, &rng);
		damage(pkt + 12, len - 12, mock_random(&rng) % 4, &rng);
		if (i % 7 == 0)
			len = mock_random(&rng) % (len + 1);
		mock_wire(m, pkt, len);
		frames++;
		while (host_rx(&m->host, 0, &f)) {
			got++;
			host_rx_post(&m->host, 0, 1);
		}
	}
	assert_int_equal(m->dev->count.rx_frames, frames);
	assert_int_equal(got + lost_rx(&m->dev->count), frames);
	assert_true(m->dev->count.esp_rx_icv > 300);
	assert_true(m->dev->count.esp_rx_crypto_icv > 100);
	assert_true(m->dev->count.esp_rx_encap > 100);
	assert_true(m->dev->count.esp_rx_exc_dropped > 100);
	assert_true(m->dev->count.audit_suppressed > 100);
	assert_int_equal(m->dev->count.esp_rx_packets, 0);
	assert_int_equal(m->dev->count.esp_rx_crypto, 0);
	mock_free(m);
}

static void random_desc(struct acme_tx_desc *d, const u32 *out, u64 *rng)
{
	u8 pkt[4];

	randomize(pkt, sizeof(pkt), rng);
	*d = (struct acme_tx_desc) {
		.addr = cpu_to_le64(0x100000 + pkt[0] * 256),
		.len = cpu_to_le16(mock_random(rng) % 4096),
		.flags = cpu_to_le16(mock_random(rng) & 0x1f),
		.esp_start = cpu_to_le16(pkt[1] & 1 ? 34 : 54),
		.csum_start = cpu_to_le16(14 + (pkt[1] & 1 ? 20 : 40)),
		.csum_offset = cpu_to_le16(pkt[1] & 2 ? 6 : 16),
		.mss = cpu_to_le16(mock_random(rng) % 2000),
		.hdr_len = cpu_to_le16(54 + (pkt[1] & 1 ? 0 : 20)),
		.sa = cpu_to_le32(out[pkt[2] & 3]),
	};
	if (pkt[3] < 64)
		damage((u8 *)d, sizeof(*d), 1 + pkt[3] % 4, rng);
}

static void test_tx_fuzz(void **state)
{
	u64 rng = seed(), ended = 0;
	struct acme_tx_desc d;
	u32 i, out[4], n;
	struct mock *m;

	(void)state;
	m = with_sas(out);
	for (i = 0; i < ROUNDS; i++) {
		n = mock_packet(m->mem + 0x100000 + mock_random(&rng) % 256 *
				256, i & 1 ? 4 : 6,
				i & 2 ? PROTO_TCP : PROTO_UDP,
				mock_random(&rng) % 3000);
		damage(m->mem + 0x100000, n, mock_random(&rng) % 4, &rng);
		random_desc(&d, out, &rng);
		ended += le16_to_cpu(d.flags) & ACME_TXD_EOP;
		host_tx_desc(&m->host, 0, &d);
		host_tx_ring(&m->host, 0);
		mock_forget_frames(m);
	}
	assert_false(m->dev->queues[0].halted);
	assert_true(m->dev->count.tx_bad_desc > 100);
	assert_true(m->dev->count.esp_tx_packets > 100);
	assert_true(m->dev->queues[0].packets[ACME_TX] >= ended);
	mock_free(m);
}

/* Random registers: queues halt, a reset heals. */
static void test_register_fuzz(void **state)
{
	u64 rng = seed();
	struct mock *m = mock_ready(&mock_config);
	u32 i, reg;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		reg = mock_random(&rng) % 0x120;
		if (mock_random(&rng) & 1)
			reg = 0x1000 + reg;
		host_reg_write(&m->host, reg & ~3U, mock_random(&rng) >>
			       mock_random(&rng) % 32);
		m->host.ring(m->host.ctx, mock_random(&rng) % 6);
		mock_forget_frames(m);
		m->now += NSEC_PER_MSEC;
	}
	m->host.resets = 0x70000000;
	assert_int_equal(host_reset(&m->host), ACME_STATUS_READY);
	mock_free(m);
}

static const u16 opcodes[] = {
	ACME_OP_GET_CAPS, ACME_OP_TIME_SET, ACME_OP_VPORT_SET, ACME_OP_RSS_SET,
	ACME_OP_STATS_GET, ACME_OP_QUEUE_CREATE, ACME_OP_QUEUE_DESTROY,
	ACME_OP_QUEUE_COALESCE, ACME_OP_SA_ADD, ACME_OP_SA_RUN, ACME_OP_SA_DEL,
	ACME_OP_SA_QUERY, ACME_OP_SA_UPDATE, ACME_OP_SA_STOP,
	ACME_OP_SA_RESUME, ACME_OP_SEQ_ALLOC, ACME_OP_REPLAY_TEST_SET,
	ACME_OP_AUDIT_SET, 0x99,
};

static u64 small(u64 *rng)
{
	return mock_random(rng) % 64;
}

static void random_add(struct mock *m, struct acme_cmd *cmd, u64 *rng)
{
	struct acme_cmd_sa_add *c = &cmd->sa_add;

	host_fill_sa(&m->host, cmd, mock_random(rng) & 0x17f,
		     mock_random(rng) & 1 ? 4 : 6, mock_random(rng) % 16);
	random_alg(c, mock_random(rng));
	if (mock_random(rng) & 1)
		c->limits.hard_packets = cpu_to_le64(small(rng) / 8);
	if (mock_random(rng) & 1)
		c->limits.soft_bytes = cpu_to_le64(small(rng));
	if (mock_random(rng) & 1) {
		c->encap_sport = htobe16(1 + small(rng));
		c->encap_dport = htobe16(1 + small(rng));
	}
}

/* Parameters of commands on SAs that are there, now and then. */
static void random_sa_command(struct mock *m, u16 op, struct acme_cmd *cmd,
			      u64 *rng)
{
	u32 i = mock_random(rng) % mock_config.max_sas;

	cmd->sa.handle = cpu_to_le32(m->dev->sas.sas[i].handle);
	if (op == ACME_OP_SA_RUN) {
		cmd->sa.snap.seq = cpu_to_le64(0xffffffff - small(rng) * 4);
		cmd->sa.snap.epoch = cpu_to_le16(1 + small(rng));
	} else if (op == ACME_OP_SA_UPDATE) {
		cmd->sa_update.what = cpu_to_le32(mock_random(rng) & 0xf);
		cmd->sa_update.encap_sport = htobe16(1 + small(rng));
		cmd->sa_update.encap_dport = htobe16(1 + small(rng));
		cmd->sa_update.limits.soft_packets = cpu_to_le64(small(rng));
		cmd->sa_update.ttl = small(rng);
	} else if (op == ACME_OP_SEQ_ALLOC) {
		cmd->seq_alloc.count = cpu_to_le32(small(rng) / 4);
		cmd->seq_alloc.bytes = cpu_to_le64(small(rng) * small(rng));
	} else if (op == ACME_OP_REPLAY_TEST_SET) {
		cmd->replay_test_set.seq = cpu_to_le64(0xffffffff -
						       small(rng) % 4);
	} else if (op == ACME_OP_AUDIT_SET) {
		memset(cmd->raw, 0, 32);
		cmd->audit_set.events = cpu_to_le32(mock_random(rng) & 0x3f);
		cmd->audit_set.sa_rate = cpu_to_le32(small(rng));
		cmd->audit_set.sa_burst = cpu_to_le32(small(rng));
		cmd->audit_set.no_sa_rate = cpu_to_le32(small(rng));
		cmd->audit_set.no_sa_burst = cpu_to_le32(small(rng));
	}
}

/* A valid command of the kind, then damaged. */
static void random_command(struct mock *m, u16 op, struct acme_cmd *cmd,
			   u64 *rng)
{
	u64 next = m->host.next;

	*cmd = (struct acme_cmd) { };
	if (op == ACME_OP_QUEUE_CREATE)
		host_fill_create(&m->host, mock_random(rng) % HOST_QUEUES, cmd);
	else if (op == ACME_OP_SA_ADD)
		random_add(m, cmd, rng);
	else
		random_sa_command(m, op, cmd, rng);
	m->host.next = next;
	damage(cmd->raw, 200, mock_random(rng) % 3, rng);
}

static void test_admin_fuzz(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	u64 rng = seed(), status;
	u32 i, seen[ACME_ST_SEQ_END + 1] = {};
	struct acme_event ev;
	struct acme_cmd cmd;
	u16 op;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		op = opcodes[mock_random(&rng) % ARRAY_SIZE(opcodes)];
		random_command(m, op, &cmd, &rng);
		status = host_admin(&m->host, op, &cmd);
		assert_in_range(status, ACME_ST_OK, ACME_ST_SEQ_END);
		seen[status]++;
		if (mock_random(&rng) & 1)
			host_event(&m->host, &ev);
		m->now += NSEC_PER_MSEC;
	}
	assert_int_equal(seen[ACME_ST_INTERNAL], 0);
	for (i = ACME_ST_OK; i <= ACME_ST_DMA_FAULT; i++)
		if (i != ACME_ST_NO_SPACE)
			assert_int_not_equal(seen[i], 0);
	assert_true(seen[ACME_ST_SEEN] + seen[ACME_ST_LEFT] +
		    seen[ACME_ST_QUOTA] + seen[ACME_ST_SEQ_END] > 10);
	mock_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wire_fuzz),
		cmocka_unit_test(test_tx_fuzz),
		cmocka_unit_test(test_register_fuzz),
		cmocka_unit_test(test_admin_fuzz),
	};

	return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
