// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Registers, reset, admin and event queue: what is refused, and how. */
#include <stdlib.h>

#include "mock.h"

#define OFF(field)	offsetof(struct acme_cmd, field)

static void expect(struct mock *m, u16 opcode, struct acme_cmd *cmd,
		   u32 status, u32 detail)
{
	static const struct acme_cmd zero;

	assert_int_equal(host_admin(&m->host, opcode, cmd), status);
	assert_int_equal(le32_to_cpu(cmd->hdr.detail), detail);
	if (status != ACME_ST_OK)
		assert_memory_equal(cmd->raw, zero.raw, sizeof(zero.raw));
}

static void test_identity(void **state)
{
	struct mock *m = mock_new(&mock_config);
	struct host *h = &m->host;

	(void)state;
	assert_int_equal(host_reg(h, ACME_REG_MAGIC), ACME_MAGIC);
	assert_int_equal(host_reg(h, ACME_REG_VERSION), ACME_VERSION);
	assert_int_equal(host_reg(h, ACME_REG_STATUS), 0);
	assert_int_equal(host_reg(h, ACME_REG_NUM_QUEUES), HOST_QUEUES);
	assert_int_equal(host_reg(h, ACME_REG_NUM_VECTORS), HOST_QUEUES + 1);
	assert_int_equal(host_reg(h, ACME_REG_LINK), ACME_LINK_UP);
	assert_int_equal(host_reg(h, ACME_REG_MAC_LO), 0x003eac02);
	assert_int_equal(host_reg(h, ACME_REG_MAC_HI), 0x0100);
	mock_free(m);
}

/* A host that scribbles over all registers harms itself only. */
static void test_scribble(void **state)
{
	struct mock *m = mock_new(&mock_config);

	(void)state;
	memset(m->regs, 0x5a, sizeof(m->regs));
	acme_dev_doorbell(m->dev, 0);
	acme_dev_doorbell(m->dev, 77);
	mock_run(m);
	assert_int_equal(host_reg(&m->host, ACME_REG_STATUS),
			 ACME_STATUS_BAD_VERSION);
	assert_int_equal(host_reset(&m->host), ACME_STATUS_READY);
	assert_int_equal(host_reg(&m->host, ACME_REG_MAGIC), ACME_MAGIC);
	mock_free(m);
}

static void test_version(void **state)
{
	struct mock *m = mock_new(&mock_config);
	struct host *h = &m->host;

	(void)state;
	host_reg_write(h, ACME_REG_DRV_VERSION, 2 << 16);
	host_reg_write(h, ACME_REG_RESET, 9);
	h->ring(h->ctx, 0);
	assert_int_equal(host_reg(h, ACME_REG_RESET_ACK), 9);
	assert_int_equal(host_reg(h, ACME_REG_STATUS), ACME_STATUS_BAD_VERSION);
	h->resets = 9;
	assert_int_equal(host_reset(h), ACME_STATUS_READY);
	mock_free(m);
}

static void bad_base(u32 reg, u32 value)
{
	struct mock *m = mock_new(&mock_config);
	struct host *h = &m->host;

	assert_int_equal(host_reset(h), ACME_STATUS_READY);
	host_reg_write(h, reg, value);
	host_reg_write(h, ACME_REG_RESET, 1000);
	h->ring(h->ctx, 0);
	assert_int_equal(host_reg(h, ACME_REG_STATUS), ACME_STATUS_BAD_QUEUE);
	host_reg_write(h, ACME_REG_AQ_TAIL, 1);
	h->ring(h->ctx, 0);
	mock_free(m);
}

static void test_bad_queues(void **state)
{
	(void)state;
	bad_base(ACME_REG_AQ_BASE_LO, 8);
	bad_base(ACME_REG_AQ_BASE_LO, MOCK_MEM - 1024);
	bad_base(ACME_REG_AQ_BASE_HI, 0xffffffff);
	bad_base(ACME_REG_AQ_LOG2, 9);
	bad_base(ACME_REG_AQ_LOG2, 2);
	bad_base(ACME_REG_AQ_LOG2, 0x80000003);
	bad_base(ACME_REG_EQ_BASE_LO, MOCK_MEM);
	bad_base(ACME_REG_EQ_LOG2, 13);
	bad_base(ACME_REG_EQ_LOG2, 0);
}

static void test_admin_tail(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct host *h = &m->host;

	(void)state;
	host_reg_write(h, ACME_REG_AQ_TAIL, h->aq_tail + 17);
	h->ring(h->ctx, 0);
	assert_int_equal(host_reg(h, ACME_REG_STATUS),
			 ACME_STATUS_READY | ACME_STATUS_BAD_QUEUE);
	assert_int_equal(host_reset(h), ACME_STATUS_READY);
	mock_free(m);
}

static u32 selftest(struct mock *m, u32 op, u32 arg, u64 addr)
{
	static u32 nr = 1;
	struct host *h = &m->host;
	u32 cmd = nr++ << 8 | op;

	host_reg_write(h, ACME_REG_TEST_ARG, arg);
	host_reg_write(h, ACME_REG_TEST_ADDR_LO, addr);
	host_reg_write(h, ACME_REG_TEST_ADDR_HI, addr >> 32);
	host_reg_write(h, ACME_REG_TEST_CMD, cmd);
	h->ring(h->ctx, 0);
	assert_int_equal(host_reg(h, ACME_REG_TEST_DONE), cmd);
	return host_reg(h, ACME_REG_TEST_STATUS);
}

static void test_selftest(void **state)
{
	struct mock *m = mock_new(&mock_config);
	struct host *h = &m->host;

	(void)state;
	host_reg_write(h, ACME_REG_TEST_SCRATCH, 0x12345678);
	assert_int_equal(selftest(m, ACME_TEST_OP_INVERT, 0, 0), ACME_ST_OK);
	assert_int_equal(host_reg(h, ACME_REG_TEST_INVERT), ~0x12345678U);
	assert_int_equal(selftest(m, ACME_TEST_OP_IRQ, 2, 0), ACME_ST_OK);
	assert_int_equal(m->irqs[2], 1);
	assert_int_equal(selftest(m, ACME_TEST_OP_IRQ, 5, 0),
			 ACME_ST_BAD_PARAM);
	m->mem[100] = 0x0f;
	assert_int_equal(selftest(m, ACME_TEST_OP_DMA, 1, 100), ACME_ST_OK);
	assert_int_equal(m->mem[100], 0xf0);
	assert_int_equal(selftest(m, ACME_TEST_OP_DMA, 4097, 0),
			 ACME_ST_BAD_PARAM);
	assert_int_equal(selftest(m, ACME_TEST_OP_DMA, 0, 0),
			 ACME_ST_BAD_PARAM);
	assert_int_equal(selftest(m, ACME_TEST_OP_DMA, 2, MOCK_MEM - 1),
			 ACME_ST_DMA_FAULT);
	assert_int_equal(selftest(m, ACME_TEST_OP_DMA, 16, UINT64_MAX - 7),
			 ACME_ST_DMA_FAULT);
	assert_int_equal(selftest(m, 99, 0, 0), ACME_ST_BAD_OPCODE);
	mock_free(m);
}

static void test_caps(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd = {};
	u32 i;

	(void)state;
	host_fill_sa(&m->host, &cmd, 0, 4, 5);
	host_sa_add(&m->host, &cmd);
	expect(m, ACME_OP_GET_CAPS, &cmd, ACME_ST_OK, 0);
	assert_int_equal(le32_to_cpu(cmd.caps.max_sas), 16);
	assert_int_equal(le32_to_cpu(cmd.caps.ipsec), mock_config.ipsec);
	assert_int_equal(le32_to_cpu(cmd.caps.algs), 0x7e);
	assert_int_equal(le32_to_cpu(cmd.caps.icv_lens),
			 BIT(8) | BIT(12) | BIT(16));
	assert_int_equal(le32_to_cpu(cmd.caps.key_lens),
			 BIT(2) | BIT(3) | BIT(4));
	for (i = 0; i < ACME_MAX_ALGS; i++)
		assert_int_equal(cmd.caps.alg[i].alg, i < 6 ? i + 1 : 0);
	assert_int_equal(cmd.caps.alg[5].auth_key_len, 64);
	assert_int_equal(le32_to_cpu(cmd.caps.alg[5].icv_lens), BIT(8));
	assert_int_equal(le32_to_cpu(cmd.caps.handover), ACME_HANDOVER_ALL);
	assert_int_equal(le32_to_cpu(cmd.caps.limits_in), ACME_LIMITS_ALL);
	assert_int_equal(le32_to_cpu(cmd.caps.num_sas), 1);
	expect(m, 0x7777, &cmd, ACME_ST_BAD_OPCODE, 0);
	mock_free(m);
}

static void test_vport(void **state)
{
	static const u8 multicast[6] = { 1 }, zero[6];
	struct mock *m = mock_ready(&mock_config);
	struct host *h = &m->host;

	(void)state;
	assert_int_equal(host_vport(h, 4, 1500, mock_mac), ACME_ST_BAD_PARAM);
	assert_int_equal(host_vport(h, 1, 67, mock_mac), ACME_ST_BAD_PARAM);
	assert_int_equal(host_vport(h, 1, 9001, mock_mac),
			 ACME_ST_UNSUPPORTED);
	assert_int_equal(host_vport(h, 1, 1500, multicast), ACME_ST_BAD_PARAM);
	assert_int_equal(host_vport(h, 1, 1500, zero), ACME_ST_BAD_PARAM);
	assert_int_equal(host_vport(h, 3, 9000, mock_mac), ACME_ST_OK);
	mock_free(m);
}

static void test_rss_stats(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd = {};
	u64 addr = host_alloc(&m->host, 512);

	(void)state;
	cmd.rss_set.table[77] = HOST_QUEUES;
	expect(m, ACME_OP_RSS_SET, &cmd, ACME_ST_BAD_PARAM,
	       OFF(rss_set.table) + 77);
	m->dev->count.esp_rx_dummy = 0x55;
	m->dev->count.tx_frames = 0x66;
	cmd.stats_get.addr = cpu_to_le64(addr);
	cmd.stats_get.len = cpu_to_le32(8);
	memset(m->mem + addr, 0xee, 512);
	expect(m, ACME_OP_STATS_GET, &cmd, ACME_ST_OK, 0);
	assert_int_equal(m->mem[addr], 0x66);
	assert_int_equal(m->mem[addr + 8], 0xee);
	cmd.stats_get.addr = cpu_to_le64(addr);
	cmd.stats_get.len = cpu_to_le32(UINT32_MAX);
	expect(m, ACME_OP_STATS_GET, &cmd, ACME_ST_OK, 0);
	assert_int_equal(m->mem[addr + offsetof(struct acme_stats,
						esp_rx_dummy)], 0x55);
	assert_int_equal(m->mem[addr + sizeof(struct acme_stats)], 0xee);
	cmd.stats_get.addr = cpu_to_le64(MOCK_MEM - 4);
	cmd.stats_get.len = cpu_to_le32(8);
	expect(m, ACME_OP_STATS_GET, &cmd, ACME_ST_DMA_FAULT,
	       OFF(stats_get.addr));
	mock_free(m);
}

#define CREATE_CASE(field, value, status) \
	do { \
		host_fill_create(&m->host, 1, &cmd); \
		cmd.queue_create.field = (value); \
		expect(m, ACME_OP_QUEUE_CREATE, &cmd, status, \
		       OFF(queue_create.field)); \
	} while (0)

static void test_queue_create(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd;

	(void)state;
	CREATE_CASE(qid, HOST_QUEUES, ACME_ST_BAD_PARAM);
	CREATE_CASE(qid, 0, ACME_ST_EXISTS);
	CREATE_CASE(vector, HOST_QUEUES + 1, ACME_ST_BAD_PARAM);
	CREATE_CASE(tx_log2, 2, ACME_ST_BAD_PARAM);
	CREATE_CASE(tx_log2, 255, ACME_ST_UNSUPPORTED);
	CREATE_CASE(rx_log2, 0, ACME_ST_BAD_PARAM);
	CREATE_CASE(rx_log2, 13, ACME_ST_UNSUPPORTED);
	CREATE_CASE(tx_base, 32, ACME_ST_BAD_PARAM);
	CREATE_CASE(tx_base, MOCK_MEM - 64, ACME_ST_DMA_FAULT);
	CREATE_CASE(tx_base, 0ULL - 64, ACME_ST_DMA_FAULT);
	CREATE_CASE(tx_head_addr, 2, ACME_ST_BAD_PARAM);
	CREATE_CASE(tx_head_addr, MOCK_MEM, ACME_ST_DMA_FAULT);
	CREATE_CASE(rx_base, 1, ACME_ST_BAD_PARAM);
	CREATE_CASE(rx_base, 1ULL << 40, ACME_ST_DMA_FAULT);
	CREATE_CASE(rx_comp_base, 4, ACME_ST_BAD_PARAM);
	CREATE_CASE(rx_comp_base, MOCK_MEM - 128, ACME_ST_DMA_FAULT);
	CREATE_CASE(tx_usecs, 100001, ACME_ST_BAD_PARAM);
	CREATE_CASE(rx_usecs, 0xffffffff, ACME_ST_BAD_PARAM);
	host_fill_create(&m->host, 1, &cmd);
	expect(m, ACME_OP_QUEUE_CREATE, &cmd, ACME_ST_OK, 0);
	mock_free(m);
}

static void test_queue_commands(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd = { .queue.qid = 1 };

	(void)state;
	expect(m, ACME_OP_QUEUE_DESTROY, &cmd, ACME_ST_NOT_FOUND,
	       OFF(queue.qid));
	cmd.queue.qid = 99;
	expect(m, ACME_OP_QUEUE_DESTROY, &cmd, ACME_ST_BAD_PARAM,
	       OFF(queue.qid));
	cmd.queue.rx_usecs = 100001;
	expect(m, ACME_OP_QUEUE_COALESCE, &cmd, ACME_ST_BAD_PARAM,
	       OFF(queue.rx_usecs));
	cmd.queue.tx_usecs = 50;
	expect(m, ACME_OP_QUEUE_COALESCE, &cmd, ACME_ST_OK, 0);
	assert_int_equal(m->dev->queues[0].usecs[ACME_TX], 50);
	expect(m, ACME_OP_QUEUE_DESTROY, &cmd, ACME_ST_OK, 0);
	expect(m, ACME_OP_QUEUE_DESTROY, &cmd, ACME_ST_NOT_FOUND,
	       OFF(queue.qid));
	mock_free(m);
}

#define SA_CASE(field, value, status) \
	do { \
		host_fill_sa(&m->host, &cmd, \
			     ACME_SA_INBOUND | ACME_SA_TUNNEL, 4, 7); \
		cmd.sa_add.field = (value); \
		expect(m, ACME_OP_SA_ADD, &cmd, status, OFF(sa_add.field)); \
	} while (0)

static void test_sa_add(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd;

	(void)state;
	SA_CASE(spi, 0, ACME_ST_BAD_PARAM);
	SA_CASE(flags, 0x200 | ACME_SA_INBOUND, ACME_ST_BAD_PARAM);
	SA_CASE(family, 5, ACME_ST_BAD_PARAM);
	SA_CASE(alg, 7, ACME_ST_UNSUPPORTED);
	SA_CASE(key_len, 33, ACME_ST_BAD_PARAM);
	SA_CASE(key_len, 20, ACME_ST_UNSUPPORTED);
	SA_CASE(icv_len, 13, ACME_ST_UNSUPPORTED);
	SA_CASE(auth_key_len, 32, ACME_ST_BAD_PARAM);
	SA_CASE(window, 33, ACME_ST_BAD_PARAM);
	SA_CASE(window, 8192, ACME_ST_UNSUPPORTED);
	SA_CASE(sel.family, 3, ACME_ST_BAD_PARAM);
	SA_CASE(sel.prefixlen_s, 1, ACME_ST_BAD_PARAM);
	SA_CASE(sel.prefixlen_d, 129, ACME_ST_BAD_PARAM);
	SA_CASE(stats_addr, 32, ACME_ST_BAD_PARAM);
	SA_CASE(stats_addr, MOCK_MEM - 64, ACME_ST_DMA_FAULT);
	host_fill_sa(&m->host, &cmd, ACME_SA_INBOUND | ACME_SA_ESN, 4, 7);
	cmd.sa_add.window = 0;
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_BAD_PARAM, OFF(sa_add.window));
	host_fill_sa(&m->host, &cmd, 0, 4, 7);
	cmd.sa_add.sel.family = 6;
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_BAD_PARAM,
	       OFF(sa_add.sel.family));
	host_fill_sa(&m->host, &cmd, ACME_SA_TUNNEL, 4, 7);
	cmd.sa_add.ttl = 0;
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_BAD_PARAM, OFF(sa_add.ttl));
	host_fill_sa(&m->host, &cmd, ACME_SA_INBOUND, 4, 7);
	cmd.sa_add.window = 0;
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_OK, 0);
	assert_int_equal(m->dev->sas.count, 1);
	mock_free(m);
}

static void test_profiles(void **state)
{
	struct acme_config cfg = mock_config;
	struct acme_cmd cmd;
	struct mock *m;

	(void)state;
	cfg.ipsec = ACME_IPSEC_TUNNEL | ACME_IPSEC_IPV4 | ACME_IPSEC_EXC_RAW;
	cfg.max_window = 64;
	m = mock_ready(&cfg);
	SA_CASE(flags, ACME_SA_INBOUND, ACME_ST_UNSUPPORTED);
	SA_CASE(flags, ACME_SA_INBOUND | ACME_SA_TUNNEL | ACME_SA_ESN,
		ACME_ST_UNSUPPORTED);
	SA_CASE(family, 6, ACME_ST_UNSUPPORTED);
	SA_CASE(window, 96, ACME_ST_UNSUPPORTED);
	mock_free(m);
}

/* Tunnels of their own family only: a selector must say so. */
static void test_no_mixed(void **state)
{
	struct acme_config cfg = mock_config;
	struct acme_cmd cmd, update = {};
	struct mock *m;

	(void)state;
	cfg.ipsec &= ~ACME_IPSEC_MIXED;
	m = mock_ready(&cfg);
	host_fill_sa(&m->host, &cmd, ACME_SA_TUNNEL, 4, 7);
	cmd.sa_add.sel.family = 6;
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_UNSUPPORTED,
	       OFF(sa_add.sel.family));
	host_fill_sa(&m->host, &cmd, ACME_SA_TUNNEL, 4, 7);
	cmd.sa_add.sel.family = 0;
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_UNSUPPORTED,
	       OFF(sa_add.sel.family));
	host_fill_sa(&m->host, &cmd, ACME_SA_TUNNEL, 4, 7);
	cmd.sa_add.sel.family = 4;
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_OK, 0);
	update.sa_update.handle = cmd.sa_rsp.handle;
	update.sa_update.what = cpu_to_le32(ACME_UPDATE_SELECTOR);
	update.sa_update.sel.family = 6;
	expect(m, ACME_OP_SA_UPDATE, &update, ACME_ST_UNSUPPORTED,
	       OFF(sa_update.sel.family));
	host_fill_sa(&m->host, &cmd, 0, 6, 8);
	cmd.sa_add.sel.family = 0;
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_OK, 0);
	mock_free(m);
}

static void test_basic_crypto(void **state)
{
	struct acme_config cfg = mock_config;
	struct acme_cmd cmd = {};
	struct mock *m;

	(void)state;
	cfg.basic_crypto = true;
	m = mock_ready(&cfg);
	expect(m, ACME_OP_GET_CAPS, &cmd, ACME_ST_OK, 0);
	assert_int_equal(le32_to_cpu(cmd.caps.algs), BIT(ACME_ALG_AES_GCM));
	assert_int_equal(le32_to_cpu(cmd.caps.key_lens), BIT(2));
	assert_int_equal(le32_to_cpu(cmd.caps.icv_lens), BIT(16));
	assert_int_equal(le32_to_cpu(cmd.caps.alg[0].key_lens), BIT(2));
	assert_int_equal(le32_to_cpu(cmd.caps.alg[0].icv_lens), BIT(4));
	assert_int_equal(cmd.caps.alg[1].alg, 0);
	SA_CASE(alg, ACME_ALG_AES_GMAC, ACME_ST_UNSUPPORTED);
	SA_CASE(key_len, 32, ACME_ST_UNSUPPORTED);
	SA_CASE(icv_len, 8, ACME_ST_UNSUPPORTED);
	host_fill_sa(&m->host, &cmd, 0, 4, 5);
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_OK, 0);
	mock_free(m);
}

static void test_sa_table(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct host *h = &m->host;
	struct acme_cmd cmd;
	u32 handles[16];
	u32 i, stale;

	(void)state;
	for (i = 0; i < 16; i++) {
		host_fill_sa(h, &cmd, i & 1, 4, 100 + i / 2);
		handles[i] = host_sa_add(h, &cmd);
		assert_true(handles[i] & ACME_SA_GENERATION);
	}
	host_fill_sa(h, &cmd, 0, 4, 100);
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_EXISTS, OFF(sa_add.spi));
	host_fill_sa(h, &cmd, 0, 4, 999);
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_NO_SPACE, 0);
	stale = handles[3];
	cmd.sa.handle = cpu_to_le32(stale);
	expect(m, ACME_OP_SA_DEL, &cmd, ACME_ST_OK, 0);
	cmd.sa.handle = cpu_to_le32(stale);
	expect(m, ACME_OP_SA_DEL, &cmd, ACME_ST_NOT_FOUND, OFF(sa.handle));
	host_fill_sa(h, &cmd, 1, 4, 101);
	handles[3] = host_sa_add(h, &cmd);
	assert_int_equal(handles[3] & ACME_SA_INDEX, stale & ACME_SA_INDEX);
	assert_int_not_equal(handles[3], stale);
	cmd.sa.handle = cpu_to_le32(stale);
	expect(m, ACME_OP_SA_QUERY, &cmd, ACME_ST_NOT_FOUND, OFF(sa.handle));
	cmd.sa.handle = 0;
	expect(m, ACME_OP_SA_RUN, &cmd, ACME_ST_NOT_FOUND, OFF(sa.handle));
	assert_int_equal(host_reset(h), ACME_STATUS_READY);
	assert_int_equal(m->dev->sas.count, 0);
	cmd.sa.handle = cpu_to_le32(handles[0]);
	expect(m, ACME_OP_SA_QUERY, &cmd, ACME_ST_NOT_FOUND, OFF(sa.handle));
	mock_free(m);
}

/* After as many uses of an index as there are generations none is 0. */
static void test_generations(void **state)
{
	struct acme_config cfg = mock_config;
	struct acme_cmd cmd, model;
	struct mock *m;
	u32 handle, i;

	(void)state;
	cfg.max_sas = 1;
	m = mock_ready(&cfg);
	host_fill_sa(&m->host, &model, 0, 4, 5);
	for (i = 0; i < 2100; i++) {
		cmd = model;
		handle = host_sa_add(&m->host, &cmd);
		assert_int_not_equal(handle, 0);
		cmd.sa.handle = cpu_to_le32(handle);
		expect(m, ACME_OP_SA_DEL, &cmd, ACME_ST_OK, 0);
	}
	mock_free(m);
}

static void run_case(struct mock *m, u32 flags, u64 seq, u32 status)
{
	struct acme_cmd cmd;
	u32 handle;

	host_fill_sa(&m->host, &cmd, flags, 4, 50 + flags);
	handle = host_sa_add(&m->host, &cmd);
	assert_int_equal(host_sa_run(&m->host, handle, seq, 1), status);
	cmd.sa.handle = cpu_to_le32(handle);
	expect(m, ACME_OP_SA_DEL, &cmd, ACME_ST_OK, 0);
}

static void test_sa_run(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd;
	u32 handle;

	(void)state;
	run_case(m, 0, 0xffffffff, ACME_ST_OK);
	run_case(m, 0, 0x100000000, ACME_ST_BAD_PARAM);
	run_case(m, ACME_SA_ESN, (1ULL << 48) - 1, ACME_ST_OK);
	run_case(m, ACME_SA_ESN, 1ULL << 48, ACME_ST_BAD_PARAM);
	run_case(m, ACME_SA_INBOUND, 0x100000000, ACME_ST_BAD_PARAM);
	run_case(m, ACME_SA_INBOUND | ACME_SA_ESN, UINT64_MAX, ACME_ST_OK);
	host_fill_sa(&m->host, &cmd, ACME_SA_INBOUND, 6, 9);
	handle = host_sa_add(&m->host, &cmd);
	cmd = (struct acme_cmd) { .sa.handle = cpu_to_le32(handle) };
	cmd.sa.snap.seq = cpu_to_le64(1000);
	cmd.sa.snap.packets = cpu_to_le64(7);
	cmd.sa.snap.bytes = cpu_to_le64(77);
	cmd.sa.snap.bitmap[0] = 0x81;
	expect(m, ACME_OP_SA_RUN, &cmd, ACME_ST_OK, 0);
	assert_int_equal(host_sa_run(&m->host, handle, 0, 0), ACME_ST_BUSY);
	cmd.sa.handle = cpu_to_le32(handle);
	expect(m, ACME_OP_SA_QUERY, &cmd, ACME_ST_OK, 0);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.seq), 1000);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.packets), 7);
	assert_int_equal(le64_to_cpu(cmd.sa.snap.bytes), 77);
	assert_int_equal(cmd.sa.snap.bitmap[0], 0x81);
	mock_free(m);
}

/* Keys stay neither in the slot nor, after deletion, in the device. */
static void test_keys_cleared(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd;
	u32 i;

	(void)state;
	host_fill_sa(&m->host, &cmd, 0, 4, 5);
	host_sa_add(&m->host, &cmd);
	for (i = 0; i + 16 < MOCK_MEM - 131072; i++)
		assert_false(m->mem[i] == 1 && m->mem[i + 1] == 2 &&
			     m->mem[i + 2] == 3 && m->mem[i + 15] == 16);
	mock_free(m);
}

static void test_events(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct host *h = &m->host;
	struct acme_event ev;
	u32 i;

	(void)state;
	assert_false(host_event(h, &ev));
	acme_dev_force_down(m->dev, true);
	assert_true(host_event(h, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_LINK);
	assert_int_equal(le32_to_cpu(ev.arg[0]), 0);
	assert_int_equal(host_reg(h, ACME_REG_LINK), 0);
	for (i = 0; i < 100; i++) {
		acme_dev_force_down(m->dev, i & 1);
		assert_true(host_event(h, &ev));
		assert_int_equal(le32_to_cpu(ev.arg[0]), !(i & 1));
		assert_int_equal(le32_to_cpu(ev.arg[1]), i & 1 ? 0 : ACME_SPEED);
	}
	for (i = 0; i < 20; i++)
		acme_dev_force_down(m->dev, i & 1);
	assert_int_equal(host_reg(h, ACME_REG_EQ_LOST), 4);
	for (i = 0; i < 16; i++)
		assert_true(host_event(h, &ev));
	assert_false(host_event(h, &ev));
	host_reg_write(h, ACME_REG_EQ_HEAD, 12345);
	acme_dev_force_down(m->dev, acme_dev_link(m->dev));
	assert_int_equal(host_reg(h, ACME_REG_STATUS),
			 ACME_STATUS_READY | ACME_STATUS_BAD_QUEUE);
	mock_free(m);
}

static void test_faults(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_faults f = { .admin_drop = 1 };
	struct acme_cmd cmd = {};
	u32 irqs;

	(void)state;
	acme_dev_set_faults(m->dev, &f);
	expect(m, ACME_OP_GET_CAPS, &cmd, ACME_ST_PENDING, 0);
	expect(m, ACME_OP_GET_CAPS, &cmd, ACME_ST_OK, 0);
	f = (struct acme_faults) { .admin_error = ACME_ST_BUSY,
				   .admin_error_op = ACME_OP_SA_ADD };
	acme_dev_set_faults(m->dev, &f);
	expect(m, ACME_OP_GET_CAPS, &cmd, ACME_ST_OK, 0);
	expect(m, ACME_OP_SA_ADD, &cmd, ACME_ST_BUSY, 0);
	f = (struct acme_faults) { .irq_drop = 1 };
	acme_dev_set_faults(m->dev, &f);
	irqs = m->irqs[0];
	expect(m, ACME_OP_GET_CAPS, &cmd, ACME_ST_OK, 0);
	assert_int_equal(m->irqs[0], irqs);
	expect(m, ACME_OP_GET_CAPS, &cmd, ACME_ST_OK, 0);
	assert_int_equal(m->irqs[0], irqs + 1);
	f = (struct acme_faults) { .dead = true };
	acme_dev_set_faults(m->dev, &f);
	assert_int_equal(host_reset(&m->host), 0);
	f.dead = false;
	acme_dev_set_faults(m->dev, &f);
	assert_int_equal(host_reset(&m->host), ACME_STATUS_READY);
	mock_free(m);
}

static void test_delay(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_faults f = { .admin_delay_ms = 5 };
	struct acme_cmd *slot, cmd = {};

	(void)state;
	acme_dev_set_faults(m->dev, &f);
	slot = (struct acme_cmd *)(m->mem + m->host.aq +
				   m->host.aq_tail * sizeof(cmd));
	expect(m, ACME_OP_GET_CAPS, &cmd, ACME_ST_PENDING, 0);
	assert_true(acme_dev_next(m->dev) == m->now + 5 * NSEC_PER_MSEC);
	m->now += 5 * NSEC_PER_MSEC - 1;
	mock_run(m);
	assert_int_equal(slot->hdr.status, ACME_ST_PENDING);
	m->now += 1;
	mock_run(m);
	assert_int_equal(slot->hdr.status, ACME_ST_OK);
	assert_true(acme_dev_next(m->dev) == ACME_NEVER);
	mock_free(m);
}

static void test_dump(void **state)
{
	const struct acme_number wire[] = { { "one", 1 }, { "two", 22 }, { } };
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd;
	char *text = NULL;
	size_t len;
	FILE *out;

	(void)state;
	host_fill_sa(&m->host, &cmd, 0, 6, 0xabcd);
	host_sa_add(&m->host, &cmd);
	out = open_memstream(&text, &len);
	acme_dev_dump(m->dev, wire, out, false);
	fclose(out);
	assert_non_null(strstr(text, "spi: 0x0000abcd"));
	assert_non_null(strstr(text, "num_sas: 1"));
	assert_non_null(strstr(text, "SA_ADD: 1\n"));
	assert_non_null(strstr(text, "SA_DEL: 0\n"));
	assert_non_null(strstr(text, "wire:\n  one: 1\n  two: 22\n"));
	free(text);
	mock_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_scribble),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_bad_queues),
		cmocka_unit_test(test_admin_tail),
		cmocka_unit_test(test_selftest),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_vport),
		cmocka_unit_test(test_rss_stats),
		cmocka_unit_test(test_queue_create),
		cmocka_unit_test(test_queue_commands),
		cmocka_unit_test(test_sa_add),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_no_mixed),
		cmocka_unit_test(test_basic_crypto),
		cmocka_unit_test(test_sa_table),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_sa_run),
		cmocka_unit_test(test_keys_cleared),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
