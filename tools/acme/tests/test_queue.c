// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Rings: frames through them, and every way in which they can be wrong. */
#include "mock.h"

static void test_tx(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct host *h = &m->host;
	u32 i, len;
	u8 pkt[2048];

	(void)state;
	for (i = 0; i < 3 * RING_SIZE; i++) {
		len = mock_packet(pkt, 4, PROTO_UDP, i);
		host_tx(h, 0, pkt, len, NULL);
		assert_int_equal(m->num_frames, 1);
		assert_int_equal(m->frames[0].len, len);
		assert_memory_equal(m->frames[0].data, pkt, len);
		mock_forget_frames(m);
		assert_int_equal(m->mem[h->q[0].tx_head], (i + 1) & 0xff);
	}
	assert_int_equal(m->dev->count.tx_frames, 3 * RING_SIZE);
	mock_free(m);
}

static void test_tx_pieces(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_tx_desc d = { .len = cpu_to_le16(10) };
	u64 addr = host_alloc(&m->host, 1000);
	u32 i;

	(void)state;
	for (i = 0; i < 1000; i++)
		m->mem[addr + i] = i;
	for (i = 0; i < 32; i++) {
		d.addr = cpu_to_le64(addr + 10 * i);
		d.flags = i == 31 ? cpu_to_le16(ACME_TXD_EOP) : 0;
		host_tx_desc(&m->host, 0, &d);
		if (i == 15) {
			/* Half a packet waits for the rest. */
			host_tx_ring(&m->host, 0);
			assert_int_equal(m->num_frames, 0);
		}
	}
	host_tx_ring(&m->host, 0);
	assert_int_equal(m->num_frames, 1);
	assert_memory_equal(m->frames[0].data, m->mem + addr, 320);
	mock_free(m);
}

static void test_tx_too_many_pieces(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_tx_desc d = { .addr = cpu_to_le64(4096),
				  .len = cpu_to_le16(10) };
	u8 pkt[200];
	u32 i, len;

	(void)state;
	for (i = 0; i < 40; i++)
		host_tx_desc(&m->host, 0, &d);
	d.flags = cpu_to_le16(ACME_TXD_EOP);
	host_tx_desc(&m->host, 0, &d);
	len = mock_packet(pkt, 4, PROTO_UDP, 10);
	host_tx(&m->host, 0, pkt, len, NULL);
	assert_int_equal(m->num_frames, 1);
	assert_int_equal(m->dev->count.tx_bad_desc, 1);
	mock_free(m);
}

static void bad_desc(u64 addr, u16 len, u16 flags, u16 start, u16 mss)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_tx_desc d = {
		.addr = cpu_to_le64(addr),
		.len = cpu_to_le16(len),
		.flags = cpu_to_le16(flags | ACME_TXD_EOP),
		.csum_start = cpu_to_le16(start),
		.mss = cpu_to_le16(mss),
		.hdr_len = cpu_to_le16(54),
	};

	host_tx_desc(&m->host, 0, &d);
	host_tx_ring(&m->host, 0);
	assert_int_equal(m->num_frames, 0);
	assert_int_equal(m->dev->count.tx_bad_desc, 1);
	assert_int_equal(m->mem[m->host.q[0].tx_head], 1);
	mock_free(m);
}

static void test_tx_bad(void **state)
{
	(void)state;
	bad_desc(MOCK_MEM - 10, 60, 0, 0, 0);
	bad_desc(UINT64_MAX - 10, 60, 0, 0, 0);
	bad_desc(1ULL << 63, 60, 0, 0, 0);
	bad_desc(4096, 0, 0, 0, 0);
	bad_desc(4096, 13, 0, 0, 0);
	bad_desc(4096, 60, ACME_TXD_CSUM, 60, 0);
	bad_desc(4096, 60, ACME_TXD_TSO, 34, 1000);
}

static void test_tx_too_big(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_tx_desc d = { .addr = cpu_to_le64(4096),
				  .len = cpu_to_le16(65535) };
	u8 pkt[2048] = {};

	(void)state;
	host_tx_desc(&m->host, 0, &d);
	d.flags = cpu_to_le16(ACME_TXD_EOP);
	host_tx_desc(&m->host, 0, &d);
	host_tx_ring(&m->host, 0);
	assert_int_equal(m->dev->count.tx_bad_desc, 1);
	host_tx(&m->host, 0, pkt, 1515, NULL);
	assert_int_equal(m->dev->count.tx_too_long, 1);
	put_be16(pkt + 12, ETHERTYPE_VLAN);
	host_tx(&m->host, 0, pkt, 1518, NULL);
	assert_int_equal(m->num_frames, 1);
	host_tx(&m->host, 0, pkt, 1519, NULL);
	assert_int_equal(m->dev->count.tx_too_long, 2);
	mock_free(m);
}

static void expect_halt(struct mock *m)
{
	struct acme_event ev;
	u8 pkt[100] = {};

	m->host.ring(m->host.ctx, ACME_DB_QUEUE(0));
	assert_true(host_event(&m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_QUEUE_ERROR);
	assert_int_equal(le32_to_cpu(ev.arg[0]), 0);
	assert_int_equal(le32_to_cpu(ev.arg[1]), ACME_ST_BAD_PARAM);
	host_tx(&m->host, 0, pkt, 100, NULL);
	assert_int_equal(m->num_frames, 0);
	assert_false(host_event(&m->host, &ev));
	mock_wire(m, mock_mac, 6);
	mock_free(m);
}

static void test_bad_index(void **state)
{
	u32 reg = ACME_REG_QUEUE(0) + ACME_QREG_TX_TAIL;
	u32 rx = ACME_REG_QUEUE(0) + ACME_QREG_RX_TAIL;
	struct mock *m;

	(void)state;
	m = mock_ready(&mock_config);
	host_reg_write(&m->host, reg, RING_SIZE + 1);
	expect_halt(m);
	m = mock_ready(&mock_config);
	host_reg_write(&m->host, reg, UINT32_MAX);
	expect_halt(m);
	m = mock_ready(&mock_config);
	host_reg_write(&m->host, rx, RING_SIZE + 1);
	expect_halt(m);
	/* Buffers once posted can't be taken back. */
	m = mock_ready(&mock_config);
	host_reg_write(&m->host, rx, RING_SIZE - 1);
	expect_halt(m);
}

static void test_rx(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	static struct rx_frame f;
	u8 pkt[2048];
	u32 i, len;

	(void)state;
	for (i = 0; i < 3 * RING_SIZE; i++) {
		len = mock_packet(pkt, i & 1 ? 4 : 6, PROTO_TCP, i);
		mock_wire(m, pkt, len);
		assert_true(host_rx(&m->host, 0, &f));
		assert_int_equal(f.len, len);
		assert_memory_equal(f.data, pkt, len);
		assert_int_equal(f.flags, ACME_RXC_EOP | ACME_RXC_CSUM_OK);
		host_rx_post(&m->host, 0, 1);
	}
	assert_false(host_rx(&m->host, 0, &f));
	assert_int_equal(m->dev->count.rx_frames, 3 * RING_SIZE);
	mock_free(m);
}

static void test_rx_long(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	static struct rx_frame f;
	static u8 pkt[9100];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 8900);

	(void)state;
	mock_wire(m, pkt, len);
	assert_int_equal(m->dev->count.rx_malformed, 1);
	assert_int_equal(host_vport(&m->host, ACME_VPORT_ENABLE, 9000,
				    mock_mac), ACME_ST_OK);
	mock_wire(m, pkt, len);
	assert_true(host_rx(&m->host, 0, &f));
	assert_int_equal(f.len, len);
	assert_memory_equal(f.data, pkt, len);
	assert_int_equal(f.flags, ACME_RXC_EOP | ACME_RXC_CSUM_OK);
	assert_int_equal(m->host.q[0].rx_head, 5);
	mock_free(m);
}

static void test_rx_filter(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	static struct rx_frame f;
	u8 pkt[200];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	pkt[5] ^= 1;
	mock_wire(m, pkt, len);
	assert_int_equal(m->dev->count.rx_filtered, 1);
	host_vport(&m->host, ACME_VPORT_ENABLE | ACME_VPORT_PROMISC, 1500,
		   mock_mac);
	mock_wire(m, pkt, len);
	assert_true(host_rx(&m->host, 0, &f));
	host_vport(&m->host, 0, 1500, mock_mac);
	mock_wire(m, pkt, len);
	assert_int_equal(m->dev->count.rx_disabled, 1);
	host_vport(&m->host, ACME_VPORT_ENABLE, 1500, mock_mac);
	pkt[0] |= 1;
	mock_wire(m, pkt, len);
	assert_true(host_rx(&m->host, 0, &f));
	mock_wire(m, pkt, 13);
	mock_wire(m, pkt, 0);
	assert_int_equal(m->dev->count.rx_malformed, 2);
	mock_free(m);
}

static void bad_buffer(u64 addr, u32 len)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_rx_desc d = { .addr = cpu_to_le64(addr),
				  .len = cpu_to_le32(len) };
	static struct rx_frame f;
	u8 pkt[200];
	u32 n = mock_packet(pkt, 4, PROTO_UDP, 20);

	memcpy(m->mem + m->host.q[0].rx, &d, sizeof(d));
	mock_wire(m, pkt, n);
	assert_int_equal(m->dev->count.rx_bad_desc, 1);
	assert_true(host_rx(&m->host, 0, &f));
	assert_int_equal(f.len, 0);
	assert_int_equal(f.flags, ACME_RXC_EOP);
	mock_wire(m, pkt, n);
	assert_true(host_rx(&m->host, 0, &f));
	assert_int_equal(f.len, n);
	mock_free(m);
}

static void test_rx_bad_buffer(void **state)
{
	(void)state;
	bad_buffer(MOCK_MEM - 10, 2048);
	bad_buffer(UINT64_MAX - 20, 2048);
	bad_buffer(4096, 0);
}

static void use_up_buffers(struct mock *m, const u8 *pkt, u32 len)
{
	static struct rx_frame f;
	u32 i;

	for (i = 0; i < RING_SIZE; i++) {
		mock_wire(m, pkt, len);
		assert_true(host_rx(&m->host, 0, &f));
	}
}

static void test_back_pressure(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	static struct rx_frame f;
	u8 pkt[200];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	use_up_buffers(m, pkt, len);
	mock_wire(m, pkt, len);
	assert_false(acme_dev_rx_ready(m->dev));
	m->now += 50 * NSEC_PER_MSEC;
	mock_run(m);
	assert_false(acme_dev_rx_ready(m->dev));
	host_rx_post(&m->host, 0, 1);
	assert_true(acme_dev_rx_ready(m->dev));
	assert_true(host_rx(&m->host, 0, &f));
	assert_int_equal(m->dev->count.rx_no_buffer, 0);
	/* In vain: dropped after 100 ms, the next at once. */
	mock_wire(m, pkt, len);
	assert_true(acme_dev_next(m->dev) == m->now + 100 * NSEC_PER_MSEC);
	m->now += 100 * NSEC_PER_MSEC;
	mock_run(m);
	assert_true(acme_dev_rx_ready(m->dev));
	mock_wire(m, pkt, len);
	assert_true(acme_dev_rx_ready(m->dev));
	assert_int_equal(m->dev->count.rx_no_buffer, 2);
	host_rx_post(&m->host, 0, 1);
	mock_wire(m, pkt, len);
	assert_true(host_rx(&m->host, 0, &f));
	mock_free(m);
}

static void test_destroy_while_waiting(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd = {};
	u8 pkt[200];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	use_up_buffers(m, pkt, len);
	mock_wire(m, pkt, len);
	assert_int_equal(host_admin(&m->host, ACME_OP_QUEUE_DESTROY, &cmd),
			 ACME_ST_OK);
	assert_true(acme_dev_rx_ready(m->dev));
	assert_int_equal(m->dev->count.rx_no_buffer, 1);
	mock_wire(m, pkt, len);
	assert_int_equal(m->dev->count.rx_disabled, 1);
	mock_free(m);
}

static void test_reset_while_waiting(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	u8 pkt[200];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	use_up_buffers(m, pkt, len);
	mock_wire(m, pkt, len);
	assert_int_equal(host_reset(&m->host), ACME_STATUS_READY);
	assert_true(acme_dev_rx_ready(m->dev));
	assert_int_equal(m->dev->count.rx_no_buffer, 1);
	mock_free(m);
}

static void test_wire_full(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	u8 pkt[200];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	m->wire_full = true;
	host_tx(&m->host, 0, pkt, len, NULL);
	assert_int_equal(m->num_frames, 0);
	m->wire_full = false;
	mock_run(m);
	assert_int_equal(m->num_frames, 1);
	acme_dev_force_down(m->dev, true);
	host_tx(&m->host, 0, pkt, len, NULL);
	assert_int_equal(m->dev->count.tx_no_link, 1);
	mock_free(m);
}

static void test_tx_stall(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_faults f = { .tx_stall = 1 };
	u8 pkt[200];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	acme_dev_set_faults(m->dev, &f);
	host_tx(&m->host, 0, pkt, len, NULL);
	mock_run(m);
	assert_int_equal(m->num_frames, 0);
	f.tx_stall = 0;
	acme_dev_set_faults(m->dev, &f);
	mock_run(m);
	assert_int_equal(m->num_frames, 1);
	mock_free(m);
}

static void arm(struct mock *m, u32 nr)
{
	host_reg_write(&m->host, ACME_REG_QUEUE(0) + ACME_QREG_ARM, nr);
}

static void test_arming(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	u8 pkt[200];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	mock_wire(m, pkt, len);
	assert_int_equal(m->irqs[1], 0);
	/* What came before, the driver looks for after arming. */
	arm(m, 1);
	mock_run(m);
	assert_int_equal(m->irqs[1], 0);
	mock_wire(m, pkt, len);
	assert_int_equal(m->irqs[1], 1);
	mock_wire(m, pkt, len);
	assert_int_equal(m->irqs[1], 1);
	arm(m, 2);
	host_tx(&m->host, 0, pkt, len, NULL);
	assert_int_equal(m->irqs[1], 2);
	host_tx(&m->host, 0, pkt, len, NULL);
	assert_int_equal(m->irqs[1], 2);
	assert_int_equal(m->dev->count.irqs, 2 + m->irqs[0]);
	mock_free(m);
}

static void test_moderation(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd = { .queue = { .rx_usecs = cpu_to_le32(100) } };
	u8 pkt[200];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	assert_int_equal(host_admin(&m->host, ACME_OP_QUEUE_COALESCE, &cmd),
			 ACME_ST_OK);
	arm(m, 1);
	mock_wire(m, pkt, len);
	m->now += 99 * NSEC_PER_USEC;
	mock_run(m);
	mock_wire(m, pkt, len);
	assert_int_equal(m->irqs[1], 0);
	assert_true(acme_dev_next(m->dev) == m->now + NSEC_PER_USEC);
	m->now += NSEC_PER_USEC;
	mock_run(m);
	assert_int_equal(m->irqs[1], 1);
	assert_true(acme_dev_next(m->dev) == ACME_NEVER);
	/* Tx does not wait for as long as Rx may. */
	arm(m, 2);
	mock_wire(m, pkt, len);
	host_tx(&m->host, 0, pkt, len, NULL);
	assert_int_equal(m->irqs[1], 2);
	assert_true(acme_dev_next(m->dev) == ACME_NEVER);
	mock_free(m);
}

static void test_rss_spreads(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_cmd cmd = {};
	static struct rx_frame f;
	u32 i, len, other = 0;
	u8 pkt[200];

	(void)state;
	assert_int_equal(host_queue_create(&m->host, 2), ACME_ST_OK);
	host_rx_post(&m->host, 2, RING_SIZE);
	for (i = 0; i < ACME_RSS_KEY_LEN; i++)
		cmd.rss_set.key[i] = 0x6d + 17 * i;
	for (i = 0; i < ACME_RSS_TABLE_LEN; i++)
		cmd.rss_set.table[i] = i & 1 ? 2 : 0;
	assert_int_equal(host_admin(&m->host, ACME_OP_RSS_SET, &cmd),
			 ACME_ST_OK);
	for (i = 0; i < 60; i++) {
		len = mock_packet(pkt, 4, PROTO_UDP, 20);
		put_be16(pkt + 34, 5000 + i);
		mock_wire(m, pkt, len);
		if (host_rx(&m->host, 2, &f)) {
			other++;
			assert_int_equal(f.hash & 1, 1);
		} else {
			assert_true(host_rx(&m->host, 0, &f));
			assert_int_equal(f.hash & 1, 0);
		}
		assert_true(f.flags & ACME_RXC_HASH_L4);
	}
	assert_in_range(other, 15, 45);
	mock_free(m);
}

static void test_tso_to_wire(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_tx_desc d = {
		.flags = cpu_to_le16(ACME_TXD_TSO),
		.mss = cpu_to_le16(1000),
		.hdr_len = cpu_to_le16(54),
		.csum_start = cpu_to_le16(34),
	};
	static u8 pkt[70000];
	u32 len = mock_packet(pkt, 4, PROTO_TCP, 20500);

	(void)state;
	host_tx(&m->host, 0, pkt, len, &d);
	assert_int_equal(m->num_frames, 21);
	assert_int_equal(m->frames[20].len, 54 + 500);
	assert_int_equal(m->dev->count.tx_bytes, 20500 + 21 * 54);
	mock_free(m);
}

/* Headers are repeated in each segment, so long ones would multiply. */
static void test_tso_long_header(void **state)
{
	struct mock *m = mock_ready(&mock_config);
	struct acme_tx_desc d = {
		.flags = cpu_to_le16(ACME_TXD_TSO),
		.mss = cpu_to_le16(8),
	};
	u32 option, len, sent = 0;
	static u8 pkt[4096];

	(void)state;
	for (option = 8; option <= 512; option += 8) {
		len = mock_packet(pkt, 6, PROTO_TCP, 100);
		memmove(pkt + 54 + option, pkt + 54, len - 54);
		memset(pkt + 54, 0, option);
		pkt[20] = 60;
		pkt[54] = PROTO_TCP;
		pkt[55] = option / 8 - 1;
		put_be16(pkt + 18, len - 54 + option);
		d.csum_start = cpu_to_le16(54 + option);
		d.hdr_len = cpu_to_le16(74 + option);
		host_tx(&m->host, 0, pkt, len + option, &d);
		sent += 74 + option <= ACME_TSO_MAX_HDR;
	}
	assert_int_equal(m->num_frames, sent * 13);
	assert_int_equal(m->dev->count.tx_bad_desc, 64 - sent);
	mock_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tx),
		cmocka_unit_test(test_tx_pieces),
		cmocka_unit_test(test_tx_too_many_pieces),
		cmocka_unit_test(test_tx_bad),
		cmocka_unit_test(test_tx_too_big),
		cmocka_unit_test(test_bad_index),
		cmocka_unit_test(test_rx),
		cmocka_unit_test(test_rx_long),
		cmocka_unit_test(test_rx_filter),
		cmocka_unit_test(test_rx_bad_buffer),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_destroy_while_waiting),
		cmocka_unit_test(test_reset_while_waiting),
		cmocka_unit_test(test_wire_full),
		cmocka_unit_test(test_tx_stall),
		cmocka_unit_test(test_arming),
		cmocka_unit_test(test_moderation),
		cmocka_unit_test(test_rss_spreads),
		cmocka_unit_test(test_tso_to_wire),
		cmocka_unit_test(test_tso_long_header),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
