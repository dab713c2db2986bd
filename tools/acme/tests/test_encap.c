// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Outer headers: ESP in UDP, exceptions, flow labels; and IVs of CBC. */
#include "ends.h"

#define SPORT	4500
#define DPORT	61234
#define UDP_AT	(14 + 20)

static struct end open_udp(const struct setup *s, u32 dir)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;

	end_fill(&e, &cmd, s, dir);
	cmd.sa_add.encap_sport = htobe16(SPORT);
	cmd.sa_add.encap_dport = htobe16(DPORT);
	end_install(&e, &cmd, s);
	return e;
}

/* Puts a UDP header in front of ESP; returns the bytes of the frame. */
static u32 into_udp(u8 *frame, u32 len, u16 sport, u16 dport)
{
	memmove(frame + UDP_AT + 8, frame + UDP_AT, len - UDP_AT);
	put_be16(frame + UDP_AT, sport);
	put_be16(frame + UDP_AT + 2, dport);
	put_be16(frame + UDP_AT + 4, len - UDP_AT + 8);
	put_be16(frame + UDP_AT + 6, 0);
	put_be16(frame + 16, len - 14 + 8);
	frame[23] = PROTO_UDP;
	acme_csum_ipv4(frame + 14);
	return len + 8;
}

static u32 make_udp(struct end *e, u8 *frame, u64 seq)
{
	u8 plain[256];
	u32 len = end_plain(plain);

	return into_udp(frame, end_craft(e, frame, seq, plain, len), SPORT,
			DPORT);
}

static struct rx_frame *receive(struct end *e, const u8 *frame, u32 len)
{
	static struct rx_frame f;

	return end_receive(e, frame, len, &f) ? &f : NULL;
}

static void expect_decrypted(struct end *e, const u8 *frame, u32 len)
{
	struct rx_frame *f = receive(e, frame, len);

	assert_non_null(f);
	assert_true(f->flags & ACME_RXC_SA);
	assert_int_equal(f->sa, e->handle);
}

/* To the host without a word: no ESP for the device. */
static void expect_plain(struct end *e, const u8 *frame, u32 len)
{
	struct rx_frame *f = receive(e, frame, len);

	assert_non_null(f);
	assert_int_equal(f->flags & (ACME_RXC_SA | ACME_RXC_EXC), 0);
	assert_int_equal(f->len, len);
	assert_memory_equal(f->data, frame, len);
}

static void test_out(void **state)
{
	struct end e = open_udp(&tunnel4, 0);
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);
	const u8 *udp;

	(void)state;
	end_send(&e, pkt, len, 0, 0);
	assert_int_equal(e.m->num_frames, 1);
	udp = e.m->frames[0].data + UDP_AT;
	assert_int_equal(udp[-11], PROTO_UDP);
	assert_int_equal(get_be16(udp), SPORT);
	assert_int_equal(get_be16(udp + 2), DPORT);
	assert_int_equal(get_be16(udp + 4), e.m->frames[0].len - UDP_AT);
	assert_int_equal(get_be16(udp + 6), 0);
	assert_int_equal(get_be32(udp + 8), SPI);
	mock_free(e.m);
}

/* With UDP 8 bytes less fit into the MTU. */
static void test_mtu(void **state)
{
	struct end e = open_udp(&tunnel4, 0);
	u8 pkt[2048];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 1438 - 28);

	(void)state;
	end_send(&e, pkt, len, 0, 0);
	assert_int_equal(e.m->frames[0].len, 1514);
	len = mock_packet(pkt, 4, PROTO_UDP, 1439 - 28);
	end_send(&e, pkt, len, 0, 0);
	assert_int_equal(e.m->dev->count.tx_too_long, 1);
	mock_free(e.m);
}

static void test_in(void **state)
{
	struct end e = open_udp(&tunnel4, ACME_SA_INBOUND);
	struct acme_event ev;
	u8 frame[512];
	u32 len;

	(void)state;
	len = make_udp(&e, frame, 1);
	expect_decrypted(&e, frame, len);
	assert_false(host_event(&e.m->host, &ev));
	end_check_stats(&e, 1, 48, 1);
	/* Not to its port; shorter than it says; no more than the header. */
	len = make_udp(&e, frame, 3);
	put_be16(frame + UDP_AT + 2, DPORT + 1);
	expect_plain(&e, frame, len);
	len = make_udp(&e, frame, 3);
	put_be16(frame + UDP_AT + 4, len - UDP_AT + 1);
	expect_plain(&e, frame, len);
	put_be16(frame + UDP_AT + 4, 16);
	expect_plain(&e, frame, len);
	assert_int_equal(e.m->dev->count.esp_rx_no_sa, 0);
	/* Another SPI to its port. */
	len = make_udp(&e, frame, 3);
	frame[UDP_AT + 8] ^= 1;
	expect_plain(&e, frame, len);
	assert_int_equal(e.m->dev->count.esp_rx_no_sa, 1);
	mock_free(e.m);
}

static void test_keepalive(void **state)
{
	struct end e = open_udp(&tunnel4, ACME_SA_INBOUND);
	u8 frame[512];
	u32 len;

	(void)state;
	len = mock_packet(frame, 4, PROTO_UDP, 1);
	put_be16(frame + UDP_AT + 2, DPORT);
	frame[len - 1] = 0xff;
	expect_plain(&e, frame, len);
	/* IKE behind the non-ESP marker. */
	len = mock_packet(frame, 4, PROTO_UDP, 100);
	put_be16(frame + UDP_AT + 2, DPORT);
	put_be32(frame + UDP_AT + 8, 0);
	expect_plain(&e, frame, len);
	assert_int_equal(e.m->dev->count.esp_rx_no_sa, 0);
	mock_free(e.m);
}

static void test_wrong_encap(void **state)
{
	struct end udp = open_udp(&tunnel4, ACME_SA_INBOUND);
	struct end esp = end_open(&tunnel4, ACME_SA_INBOUND);
	u8 plain[256], frame[512];
	u32 len = end_plain(plain), n;

	(void)state;
	n = end_craft(&udp, frame, 1, plain, len);
	assert_null(receive(&udp, frame, n));
	assert_int_equal(udp.m->dev->count.esp_rx_encap, 1);
	assert_int_equal(end_stats(&udp).drop_encap, 1);
	n = make_udp(&esp, frame, 1);
	expect_plain(&esp, frame, n);
	mock_free(udp.m);
	mock_free(esp.m);
}

static void expect_mapping(struct end *e, const u8 *frame, u16 sport)
{
	struct acme_event ev;

	assert_true(host_event(&e->m->host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_SA_MAPPING);
	assert_int_equal(le32_to_cpu(ev.sa), e->handle);
	assert_memory_equal(ev.saddr, frame + 26, 4);
	assert_int_equal(be16toh(ev.sport), sport);
	assert_int_equal(be16toh(ev.dport), DPORT);
}

static u32 from(struct end *e, u8 *frame, u64 seq, u16 sport, u8 host)
{
	u32 len = make_udp(e, frame, seq);

	put_be16(frame + UDP_AT, sport);
	frame[29] = host;
	acme_csum_ipv4(frame + 14);
	return len;
}

static void test_mapping(void **state)
{
	struct end e = open_udp(&tunnel4, ACME_SA_INBOUND);
	struct acme_event ev;
	u8 frame[512];
	u32 len;

	(void)state;
	/* A forged or old packet maps nothing. */
	len = from(&e, frame, 1, 7777, 103);
	frame[len - 1] ^= 1;
	assert_null(receive(&e, frame, len));
	len = make_udp(&e, frame, 1);
	expect_decrypted(&e, frame, len);
	len = from(&e, frame, 1, 7777, 103);
	assert_null(receive(&e, frame, len));
	assert_false(host_event(&e.m->host, &ev));
	len = from(&e, frame, 2, 7777, 103);
	expect_decrypted(&e, frame, len);
	expect_mapping(&e, frame, 7777);
	/* Told once, until it changes again. */
	len = from(&e, frame, 3, 7777, 103);
	expect_decrypted(&e, frame, len);
	assert_false(host_event(&e.m->host, &ev));
	len = from(&e, frame, 4, 7777, 99);
	expect_decrypted(&e, frame, len);
	expect_mapping(&e, frame, 7777);
	mock_free(e.m);
}

/* New ports of a live SA; the old one is nobody's then. */
static void test_update(void **state)
{
	struct end e = open_udp(&tunnel4, ACME_SA_INBOUND);
	struct acme_cmd cmd = {
		.sa_update = {
			.what = cpu_to_le32(ACME_UPDATE_ENCAP),
			.encap_sport = htobe16(7777),
			.encap_dport = htobe16(8888),
		},
	};
	struct acme_event ev;
	u8 frame[512];
	u32 len;

	(void)state;
	assert_int_equal(end_cmd(&e, ACME_OP_SA_UPDATE, &cmd), ACME_ST_OK);
	len = make_udp(&e, frame, 1);
	expect_plain(&e, frame, len);
	put_be16(frame + UDP_AT, 7777);
	put_be16(frame + UDP_AT + 2, 8888);
	expect_decrypted(&e, frame, len);
	assert_false(host_event(&e.m->host, &ev));
	assert_int_equal(end_cmd(&e, ACME_OP_SA_DEL, &cmd), ACME_ST_OK);
	assert_int_equal(e.m->dev->sas.encap_ports[8888], 0);
	assert_int_equal(e.m->dev->sas.encap_ports[DPORT], 0);
	mock_free(e.m);
}

/* A NAT has spoilt the checksum inside (RFC 3948, 3.1.2). */
static void test_transport_checksum(void **state)
{
	struct end e = open_udp(&transport4, ACME_SA_INBOUND);
	u8 pkt[256], plain[256], frame[512];
	struct rx_frame *f;
	u32 len;

	(void)state;
	mock_packet(pkt, 4, PROTO_UDP, 18);
	pkt[UDP_AT + 6] ^= 0x55;
	memcpy(plain, pkt + UDP_AT, 26);
	memcpy(plain + 26, "\x00\x11", 2);
	len = into_udp(frame, end_craft(&e, frame, 1, plain, 28), SPORT,
		       DPORT);
	f = receive(&e, frame, len);
	assert_non_null(f);
	assert_true(f->flags & ACME_RXC_CSUM_OK);
	assert_int_equal(f->data[23], PROTO_UDP);
	assert_int_equal(f->len, 14 + 20 + 26);
	assert_memory_equal(f->data + UDP_AT, plain, 26);
	assert_true(acme_csum_ipv4_ok(f->data + 14));
	mock_free(e.m);
}

static void refused(u32 ipsec, u16 sport, u16 dport, u32 status, size_t detail)
{
	struct acme_config cfg = mock_config;
	struct end e = { };
	struct acme_cmd cmd;

	cfg.ipsec = ipsec;
	e.m = mock_ready(&cfg);
	end_fill(&e, &cmd, &tunnel4, 0);
	cmd.sa_add.encap_sport = htobe16(sport);
	cmd.sa_add.encap_dport = htobe16(dport);
	assert_int_equal(host_admin(&e.m->host, ACME_OP_SA_ADD, &cmd), status);
	assert_int_equal(le32_to_cpu(cmd.hdr.detail), detail);
	mock_free(e.m);
}

static void test_refused(void **state)
{
	size_t sport = offsetof(struct acme_cmd, sa_add.encap_sport);
	size_t dport = offsetof(struct acme_cmd, sa_add.encap_dport);

	(void)state;
	refused(ACME_IPSEC_ALL, 0, 5, ACME_ST_BAD_PARAM, sport);
	refused(ACME_IPSEC_ALL, 5, 0, ACME_ST_BAD_PARAM, dport);
	refused(ACME_IPSEC_ALL & ~ACME_IPSEC_UDP_ENCAP, 5, 5,
		ACME_ST_UNSUPPORTED, sport);
}

/* What the outer packet is, and why it is none for the device. */
static u32 make_exception(struct end *e, u8 *frame, enum acme_exc exc)
{
	u32 opt = exc == ACME_EXC_OPTIONS ? 8 : 0;
	u8 plain[256];
	u32 len = end_plain(plain);

	len = end_craft(e, frame, 1, plain, len);
	memmove(frame + UDP_AT + opt, frame + UDP_AT, len - UDP_AT);
	memset(frame + UDP_AT, 1, opt);
	frame[14] += opt / 4;
	put_be16(frame + 16, len - 14 + opt);
	if (exc == ACME_EXC_FRAGMENT)
		put_be16(frame + 20, 0x2000);
	acme_csum_ipv4(frame + 14);
	if (exc == ACME_EXC_CSUM)
		frame[24] ^= 1;
	return len + opt;
}

static void test_exceptions(void **state)
{
	static const u8 reasons[] = {
		ACME_EXC_FRAGMENT, ACME_EXC_OPTIONS, ACME_EXC_CSUM,
	};
	struct setup s = tunnel4;
	struct rx_frame *f;
	u8 frame[512];
	struct end e;
	u32 i, len;

	(void)state;
	e = end_open(&s, ACME_SA_INBOUND);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		len = make_exception(&e, frame, reasons[i]);
		f = receive(&e, frame, len);
		assert_non_null(f);
		assert_int_equal(f->flags, ACME_RXC_EOP | ACME_RXC_EXC);
		assert_int_equal(f->exc, reasons[i]);
		assert_int_equal(f->sa, e.handle);
		assert_memory_equal(f->data, frame, len);
	}
	assert_int_equal(end_stats(&e).exceptions, 3);
	mock_free(e.m);
	s.flags |= ACME_SA_DROP_EXC;
	e = end_open(&s, ACME_SA_INBOUND);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		len = make_exception(&e, frame, reasons[i]);
		assert_null(receive(&e, frame, len));
	}
	assert_int_equal(e.m->dev->count.esp_rx_exc_dropped, 3);
	assert_int_equal(end_stats(&e).drop_exc, 3);
	assert_int_equal(end_stats(&e).exceptions, 0);
	mock_free(e.m);
}

/* A fragment with this identification, the first or a later one. */
static u32 make_fragment(struct end *e, u8 *frame, u16 id, u16 where)
{
	u32 len = make_exception(e, frame, ACME_EXC_FRAGMENT);

	put_be16(frame + 18, id);
	put_be16(frame + 20, where);
	acme_csum_ipv4(frame + 14);
	return len;
}

/* Those that follow a dropped fragment are dropped, for a while. */
static void test_later_fragments(void **state)
{
	const struct acme_counters *count;
	struct setup s = tunnel4;
	u8 frame[512];
	struct end e;

	(void)state;
	s.flags |= ACME_SA_DROP_EXC;
	e = end_open(&s, ACME_SA_INBOUND);
	count = &e.m->dev->count;
	expect_plain(&e, frame, make_fragment(&e, frame, 7, 0x2010));
	assert_null(receive(&e, frame, make_fragment(&e, frame, 7, 0x2000)));
	assert_null(receive(&e, frame, make_fragment(&e, frame, 7, 0x2010)));
	assert_null(receive(&e, frame, make_fragment(&e, frame, 7, 0x0020)));
	assert_int_equal(count->esp_rx_exc_dropped, 3);
	assert_int_equal(end_stats(&e).drop_exc, 1);
	expect_plain(&e, frame, make_fragment(&e, frame, 8, 0x0020));
	e.m->now += 60 * NSEC_PER_SEC;
	mock_run(e.m);
	expect_plain(&e, frame, make_fragment(&e, frame, 7, 0x0020));
	mock_free(e.m);
}

/* Only the last of them are remembered. */
static void test_many_fragments(void **state)
{
	struct setup s = tunnel4;
	u8 frame[512];
	struct end e;
	u16 i;

	(void)state;
	s.flags |= ACME_SA_DROP_EXC;
	e = end_open(&s, ACME_SA_INBOUND);
	for (i = 0; i <= ACME_FRAGS; i++)
		assert_null(receive(&e, frame,
				    make_fragment(&e, frame, i, 0x2000)));
	expect_plain(&e, frame, make_fragment(&e, frame, 0, 0x0020));
	for (i = 1; i <= ACME_FRAGS; i++)
		assert_null(receive(&e, frame,
				    make_fragment(&e, frame, i, 0x0020)));
	mock_free(e.m);
}

/* Nobody has to set it, but a wrong one is wrong. */
static void test_udp_checksum(void **state)
{
	struct end e = open_udp(&tunnel4, ACME_SA_INBOUND);
	struct acme_ip ip;
	struct rx_frame *f;
	u8 frame[512];
	u64 sum;
	u32 len;

	(void)state;
	len = make_udp(&e, frame, 1);
	assert_true(acme_ip_parse(&ip, frame + 14, len - 14, ETHERTYPE_IPV4));
	sum = acme_csum_pseudo(&ip, len - UDP_AT, PROTO_UDP);
	sum = acme_csum_fold(acme_csum(frame + UDP_AT, len - UDP_AT, sum));
	memcpy(frame + UDP_AT + 6, &sum, 2);
	expect_decrypted(&e, frame, len);
	len = make_udp(&e, frame, 2);
	put_be16(frame + UDP_AT + 6, 0x1234);
	f = receive(&e, frame, len);
	assert_non_null(f);
	assert_int_equal(f->flags & (ACME_RXC_EXC | ACME_RXC_CSUM_OK),
			 ACME_RXC_EXC);
	assert_int_equal(f->exc, ACME_EXC_CSUM);
	mock_free(e.m);
}

/* IPv6 with extension headers, a few or too many, and the first fragment. */
static void ipv6_case(struct end *e, u8 proto, u8 ext_len, u8 exc)
{
	u32 ext = (ext_len + 1) * 8;
	u8 frame[1024] = {};
	struct rx_frame *f;
	u32 len;

	len = mock_packet(frame, 6, PROTO_UDP, 100);
	memset(frame + 54, 0, ext + 4);
	frame[20] = proto;
	frame[54] = PROTO_ESP;
	frame[55] = proto == PROTO_FRAGMENT ? 0 : ext_len;
	if (proto == PROTO_FRAGMENT)
		frame[57] = 1;
	put_be16(frame + 18, ext + 100);
	len = 54 + ext + 100;
	put_be32(frame + 54 + ext, SPI);
	f = receive(e, frame, len);
	if (exc == ACME_EXC_NONE) {
		assert_null(f);
		return;
	}
	assert_non_null(f);
	assert_true(f->flags & ACME_RXC_EXC);
	assert_int_equal(f->exc, exc);
	assert_int_equal(f->sa, e->handle);
	assert_int_equal(f->len, len);
	assert_memory_equal(f->data, frame, len);
}

static void test_exceptions_ipv6(void **state)
{
	struct setup s = tunnel4;
	struct end e;

	(void)state;
	s.outer = 6;
	e = end_open(&s, ACME_SA_INBOUND);
	ipv6_case(&e, PROTO_HOPOPTS, 0, ACME_EXC_OPTIONS);
	ipv6_case(&e, PROTO_DSTOPTS, 0, ACME_EXC_OPTIONS);
	ipv6_case(&e, PROTO_DSTOPTS, 10, ACME_EXC_OPTIONS);
	ipv6_case(&e, PROTO_DSTOPTS, 11, ACME_EXC_LONG);
	ipv6_case(&e, PROTO_FRAGMENT, 0, ACME_EXC_FRAGMENT);
	assert_int_equal(end_stats(&e).exceptions, 5);
	mock_free(e.m);
}

/* Dropped and counted; once the SA is stopped, it is the host's again. */
static void test_exceptions_ipv6_dropped(void **state)
{
	struct setup s = tunnel4;
	struct acme_cmd cmd = {};
	struct end e;

	(void)state;
	s.outer = 6;
	s.flags |= ACME_SA_DROP_EXC;
	e = end_open(&s, ACME_SA_INBOUND);
	ipv6_case(&e, PROTO_HOPOPTS, 0, ACME_EXC_NONE);
	ipv6_case(&e, PROTO_DSTOPTS, 10, ACME_EXC_NONE);
	ipv6_case(&e, PROTO_DSTOPTS, 11, ACME_EXC_NONE);
	ipv6_case(&e, PROTO_FRAGMENT, 0, ACME_EXC_NONE);
	assert_int_equal(end_stats(&e).exceptions, 0);
	assert_int_equal(end_stats(&e).drop_exc, 4);
	assert_int_equal(e.m->dev->count.esp_rx_exc_dropped, 4);
	assert_int_equal(end_cmd(&e, ACME_OP_SA_STOP, &cmd), ACME_ST_OK);
	ipv6_case(&e, PROTO_DSTOPTS, 11, ACME_EXC_STOPPED);
	ipv6_case(&e, PROTO_FRAGMENT, 0, ACME_EXC_STOPPED);
	assert_int_equal(end_stats(&e).exceptions, 2);
	assert_int_equal(end_stats(&e).drop_exc, 4);
	mock_free(e.m);
}

/* A later fragment names no SA: it is the host's, whatever the SA wants. */
static void test_later_fragment(void **state)
{
	struct setup s = tunnel4;
	u8 plain[256], frame[512];
	struct end e;
	u32 len;

	(void)state;
	s.flags |= ACME_SA_DROP_EXC;
	e = end_open(&s, ACME_SA_INBOUND);
	len = end_plain(plain);
	len = end_craft(&e, frame, 1, plain, len);
	put_be16(frame + 20, 0x2000 | 100);
	acme_csum_ipv4(frame + 14);
	expect_plain(&e, frame, len);
	assert_int_equal(end_stats(&e).drop_exc, 0);
	assert_int_equal(e.m->dev->count.esp_rx_no_sa, 1);
	mock_free(e.m);
}

/* Nothing of an exception is looked at: no window moves, no limit is met. */
static void test_exception_changes_nothing(void **state)
{
	struct end e = end_open(&tunnel4, ACME_SA_INBOUND);
	struct acme_event ev;
	u8 frame[512];
	u32 len;

	(void)state;
	len = make_exception(&e, frame, ACME_EXC_OPTIONS);
	assert_non_null(receive(&e, frame, len));
	frame[len - 1] ^= 1;
	assert_non_null(receive(&e, frame, len));
	put_be32(frame + UDP_AT + 8 + 4, 0x7fffffff);
	assert_non_null(receive(&e, frame, len));
	end_check_stats(&e, 0, 0, 0);
	assert_int_equal(end_stats(&e).exceptions, 3);
	assert_false(host_event(&e.m->host, &ev));
	mock_free(e.m);
}

/* The first fragment of ESP in UDP is one of an SA, too. */
static void test_fragment_udp(void **state)
{
	struct end e = open_udp(&tunnel4, ACME_SA_INBOUND);
	struct setup s = tunnel4;
	struct rx_frame *f;
	u8 frame[512];
	u32 len = make_udp(&e, frame, 1);

	(void)state;
	put_be16(frame + UDP_AT + 4, 2000);
	put_be16(frame + 20, 0x2000);
	acme_csum_ipv4(frame + 14);
	f = receive(&e, frame, len);
	assert_non_null(f);
	assert_true(f->flags & ACME_RXC_EXC);
	assert_int_equal(f->exc, ACME_EXC_FRAGMENT);
	mock_free(e.m);
	s.flags |= ACME_SA_DROP_EXC;
	e = open_udp(&s, ACME_SA_INBOUND);
	assert_null(receive(&e, frame, len));
	assert_int_equal(end_stats(&e).drop_exc, 1);
	mock_free(e.m);
}

static void test_flow_label(void **state)
{
	struct setup s = tunnel4;
	struct end e;
	u8 pkt[256];
	u32 len;

	(void)state;
	s.outer = 6;
	e = end_open(&s, 0);
	len = mock_packet(pkt, 6, PROTO_UDP, 20);
	put_be32(pkt + 14, 6U << 28 | 0xb8U << 20 | 0x54321);
	end_send(&e, pkt, len, 0, 0);
	assert_int_equal(get_be32(e.m->frames[0].data + 14),
			 6U << 28 | 0xb8U << 20 | 0x54321);
	mock_forget_frames(e.m);
	len = mock_packet(pkt, 4, PROTO_UDP, 20);
	end_send(&e, pkt, len, 0, 0);
	assert_int_equal(get_be32(e.m->frames[0].data + 14), 6U << 28);
	mock_free(e.m);
}

/* CBC: IVs are random, and so different for the same packet. */
static void test_random_iv(void **state)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);
	u32 i;

	(void)state;
	end_fill(&e, &cmd, &tunnel4, 0);
	cmd.sa_add.alg = ACME_ALG_AES_CBC_SHA256;
	cmd.sa_add.auth_key_len = 32;
	e.handle = host_sa_add(&e.m->host, &cmd);
	/* Epochs are for counters. */
	assert_int_equal(host_sa_run(&e.m->host, e.handle, 0, 0), ACME_ST_OK);
	for (i = 0; i < 2; i++)
		end_send(&e, pkt, len, 0, 0);
	assert_memory_not_equal(e.m->frames[0].data + UDP_AT + 8,
				e.m->frames[1].data + UDP_AT + 8, 8);
	assert_memory_not_equal(e.m->frames[0].data + UDP_AT + 16,
				e.m->frames[1].data + UDP_AT + 16, 8);
	mock_free(e.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_in),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_wrong_encap),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_transport_checksum),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_later_fragments),
		cmocka_unit_test(test_many_fragments),
		cmocka_unit_test(test_udp_checksum),
		cmocka_unit_test(test_exceptions_ipv6),
		cmocka_unit_test(test_exceptions_ipv6_dropped),
		cmocka_unit_test(test_later_fragment),
		cmocka_unit_test(test_exception_changes_nothing),
		cmocka_unit_test(test_fragment_udp),
		cmocka_unit_test(test_flow_label),
		cmocka_unit_test(test_random_iv),
	};

	return cmocka_run_group_tests_name("encap", tests, NULL, NULL);
}
