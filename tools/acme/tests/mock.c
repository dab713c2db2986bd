// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <stdlib.h>

#include "mock.h"

const u8 mock_mac[6] = { 0x02, 0xac, 0x3e, 0, 0, 1 };

const struct acme_config mock_config = {
	.profile = "default",
	.minor = ACME_VERSION_MINOR,
	.mac = { 0x02, 0xac, 0x3e, 0, 0, 1 },
	.num_queues = HOST_QUEUES,
	.max_sas = 16,
	.max_window = ACME_WINDOW_MAX,
	.ipsec = ACME_IPSEC_ALL,
	.limits_out = ACME_LIMITS_ALL,
	.limits_in = ACME_LIMITS_ALL,
	.handover = ACME_HANDOVER_ALL,
};

/* Nothing but the bytes asked for may be touched: AddressSanitizer sees. */
static void *op_dma(void *ctx, u64 addr, u64 len)
{
	struct mock *m = ctx;

	if (len > MOCK_MEM || addr > MOCK_MEM - len)
		return NULL;
	return m->mem + addr;
}

static void op_irq(void *ctx, unsigned int vector)
{
	struct mock *m = ctx;

	assert_true(vector <= HOST_QUEUES);
	m->irqs[vector]++;
}

static bool op_tx_ready(void *ctx)
{
	struct mock *m = ctx;

	return !m->wire_full;
}

static void op_tx(void *ctx, const u8 *frame, size_t len)
{
	struct mock *m = ctx;
	u32 i = m->num_frames;

	assert_true(i < MOCK_FRAMES);
	m->frames[i].data = malloc(len);
	memcpy(m->frames[i].data, frame, len);
	m->frames[i].len = len;
	m->num_frames++;
}

static u64 op_now(void *ctx)
{
	struct mock *m = ctx;

	return m->now;
}

/* Reproducible, but never the same twice. */
static void op_random(void *ctx, void *buf, size_t len)
{
	struct mock *m = ctx;
	u8 *p = buf;

	while (len--)
		*p++ = mock_random(&m->rng);
}

static void op_log(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

static const struct acme_ops mock_ops = {
	.dma = op_dma,
	.irq = op_irq,
	.tx_ready = op_tx_ready,
	.tx = op_tx,
	.now = op_now,
	.random = op_random,
	.log = op_log,
};

void mock_run(struct mock *m)
{
	while (acme_dev_run(m->dev))
		;
	acme_dev_irqs(m->dev);
}

static void ring(void *ctx, unsigned int doorbell)
{
	struct mock *m = ctx;

	acme_dev_doorbell(m->dev, doorbell);
	mock_run(m);
}

/* The mock is synchronous: what is not done now never is. */
static bool no_wait(void *ctx)
{
	(void)ctx;
	return false;
}

struct mock *mock_new(const struct acme_config *cfg)
{
	struct mock *m = aligned_alloc(64, sizeof(*m));

	assert_non_null(m);
	memset(m, 0, sizeof(*m));
	m->mem = calloc(1, MOCK_MEM);
	assert_non_null(m->mem);
	m->now = NSEC_PER_SEC;
	m->rng = 3602;
	m->dev = acme_dev_new(cfg, &mock_ops, m, m->regs);
	assert_non_null(m->dev);
	m->host = (struct host) {
		.mem = m->mem, .size = MOCK_MEM, .next = 4096,
		.regs = m->regs, .ring = ring, .wait = no_wait, .ctx = m,
	};
	acme_dev_carrier(m->dev, true);
	return m;
}

struct mock *mock_ready(const struct acme_config *cfg)
{
	struct mock *m = mock_new(cfg);

	assert_int_equal(host_reset(&m->host), ACME_STATUS_READY);
	assert_int_equal(host_vport(&m->host, ACME_VPORT_ENABLE, 1500,
				    mock_mac), ACME_ST_OK);
	assert_int_equal(host_queue_create(&m->host, 0), ACME_ST_OK);
	host_rx_post(&m->host, 0, RING_SIZE);
	return m;
}

void mock_forget_frames(struct mock *m)
{
	while (m->num_frames)
		free(m->frames[--m->num_frames].data);
}

void mock_free(struct mock *m)
{
	mock_forget_frames(m);
	acme_dev_free(m->dev);
	free(m->mem);
	free(m);
}

void mock_wire(struct mock *m, const u8 *frame, u32 len)
{
	u8 *copy = malloc(len ? len : 1);

	memcpy(copy, frame, len);
	assert_true(acme_dev_rx_ready(m->dev));
	acme_dev_rx(m->dev, copy, len);
	acme_dev_irqs(m->dev);
	free(copy);
}

/* Writes an IP header with lengths and checksum; returns its bytes. */
static u32 ip_header(u8 *l3, u8 family, u8 proto, u32 len)
{
	u32 hlen = family == 4 ? IPV4_HDR_LEN : IPV6_HDR_LEN;
	u32 i;

	memset(l3, 0, hlen);
	if (family == 4) {
		l3[0] = 0x45;
		put_be16(l3 + 2, hlen + len);
		put_be16(l3 + 4, 0x1234);
		l3[8] = 63;
		l3[9] = proto;
		for (i = 0; i < 8; i++)
			l3[12 + i] = 100 + i;
		acme_csum_ipv4(l3);
	} else {
		l3[0] = 0x60;
		put_be16(l3 + 4, len);
		l3[6] = proto;
		l3[7] = 63;
		for (i = 0; i < 32; i++)
			l3[8 + i] = 0x20 + i;
	}
	return hlen;
}

static void l4_checksum(u8 *l3, u32 hlen, u32 len, u8 proto)
{
	struct acme_ip ip = { .hdr = l3, .family = l3[0] >> 4 };
	u32 offset = proto == PROTO_UDP ? 6 : 16;
	u16 sum;

	sum = acme_csum_fold(acme_csum(l3 + hlen, len,
				       acme_csum_pseudo(&ip, len, proto)));
	memcpy(l3 + hlen + offset, &sum, 2);
}

u32 mock_packet(u8 *buf, u8 family, u8 proto, u32 payload)
{
	u32 l4 = proto == PROTO_UDP ? 8 : 20;
	u32 hlen, i;
	u8 *p;

	memcpy(buf, mock_mac, 6);
	memcpy(buf + 6, "\x02\x11\x22\x33\x44\x55", 6);
	put_be16(buf + 12, family == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	hlen = ip_header(buf + ETH_HDR_LEN, family, proto, l4 + payload);
	p = buf + ETH_HDR_LEN + hlen;
	memset(p, 0, l4);
	put_be16(p, 1111);
	put_be16(p + 2, 2222);
	if (proto == PROTO_UDP) {
		put_be16(p + 4, 8 + payload);
	} else {
		put_be32(p + 4, 0xfffffff0);
		p[12] = 5 << 4;
		p[13] = 0x99;
	}
	for (i = 0; i < payload; i++)
		p[l4 + i] = i * 7 + 3;
	l4_checksum(buf + ETH_HDR_LEN, hlen, l4 + payload, proto);
	return ETH_HDR_LEN + hlen + l4 + payload;
}

u32 mock_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 32;
}

static u8 digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	assert_non_null(at);
	return at - digits;
}

u32 mock_hex(const char *hex, u8 *out)
{
	u32 n;

	for (n = 0; *hex; hex += 2)
		out[n++] = digit(hex[0]) << 4 | digit(hex[1]);
	return n;
}
