// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* ESP out and in: against each other, and against packets made by hand. */
#include "ends.h"

/* What the sender's frame must look like from outside. */
static void check_outside(const struct setup *s, const u8 *frame, u32 len,
			  u64 seq)
{
	u32 hlen = s->outer == 4 ? 20 : 40;
	const u8 *l3 = frame + 14, *esp = l3 + hlen;
	u8 iv[8];

	assert_int_equal(get_be16(frame + 12), s->outer == 4 ? 0x800 : 0x86dd);
	if (s->outer == 4) {
		assert_int_equal(get_be16(l3 + 2), len - 14);
		assert_int_equal(l3[9], PROTO_ESP);
		assert_true(acme_csum_ipv4_ok(l3));
	} else {
		assert_int_equal(get_be16(l3 + 4), len - 54);
		assert_int_equal(l3[6], PROTO_ESP);
	}
	assert_int_equal(get_be32(esp), SPI);
	assert_int_equal(get_be32(esp + 4), (u32)seq);
	put_be64(iv, IV_SALT ^ ((u64)s->epoch << 48 | seq));
	assert_memory_equal(esp + 8, iv, 8);
	assert_int_equal((len - 14 - hlen - 16 - 16) % 4, 0);
}

static u32 counted(const struct setup *s, u32 len)
{
	u32 hlen = s->inner == 4 ? 20 : 40;

	return s->flags & ACME_SA_TUNNEL ? len - 14 : len - 14 - hlen;
}

static void round_trip(const struct setup *s)
{
	struct end a = end_open(s, 0), b = end_open(s, ACME_SA_INBOUND);
	static struct rx_frame f;
	u8 pkt[2048];
	u64 bytes = 0;
	u32 i, len;

	for (i = 0; i < 120; i++) {
		len = mock_packet(pkt, s->inner, i & 1 ? PROTO_TCP : PROTO_UDP,
				  i < 100 ? i : 10 * i);
		bytes += counted(s, len);
		end_send(&a, pkt, len, 0, 0);
		assert_int_equal(a.m->num_frames, 1);
		check_outside(s, a.m->frames[0].data, a.m->frames[0].len,
			      s->seq + i + 1);
		end_check_stats(&a, i + 1, bytes, s->seq + i + 1);
		assert_true(end_receive(&b, a.m->frames[0].data,
					a.m->frames[0].len, &f));
		assert_int_equal(f.len, len);
		assert_memory_equal(f.data, pkt, len);
		assert_int_equal(f.flags, ACME_RXC_EOP | ACME_RXC_SA |
					  ACME_RXC_CSUM_OK);
		assert_int_equal(f.sa, b.handle);
		end_check_stats(&b, i + 1, bytes, s->seq + i + 1);
		mock_forget_frames(a.m);
	}
	assert_int_equal(a.m->dev->count.esp_tx_packets, 120);
	assert_int_equal(b.m->dev->count.esp_rx_bytes, bytes);
	mock_free(a.m);
	mock_free(b.m);
}

static void test_round_trip(void **state)
{
	static const u8 families[] = { 4, 6 };
	struct setup s = { .epoch = 0x8001 };
	u32 i;

	(void)state;
	for (i = 0; i < 16; i++) {
		s.key_len = i & 1 ? 16 : 32;
		s.seq = i & 2 ? 0xfffffff0 : 7;
		s.flags = i & 2 ? ACME_SA_ESN : 0;
		s.inner = families[i / 4 & 1];
		s.outer = families[i / 8];
		if (s.inner == s.outer)
			round_trip(&s);
		s.flags |= ACME_SA_TUNNEL;
		round_trip(&s);
	}
}

static void test_replay(void **state)
{
	struct end a = end_open(&tunnel4, 0);
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	struct acme_sa_stats st;
	static struct rx_frame f;
	u8 pkt[256];
	u32 i, len = mock_packet(pkt, 4, PROTO_UDP, 30);

	(void)state;
	for (i = 0; i < 70; i++)
		end_send(&a, pkt, len, 0, 0);
	for (i = 70; i-- > 0; )
		assert_int_equal(end_receive(&b, a.m->frames[i].data,
					     a.m->frames[i].len, &f), i >= 6);
	for (i = 0; i < 70; i++)
		assert_false(end_receive(&b, a.m->frames[i].data,
					 a.m->frames[i].len, &f));
	assert_int_equal(b.m->dev->count.esp_rx_replay, 76);
	host_sa_stats(&b.m->host, b.stats, &st);
	assert_int_equal(le64_to_cpu(st.drop_replay), 76);
	assert_int_equal(le64_to_cpu(st.seq), 70);
	mock_free(a.m);
	mock_free(b.m);
}

/* A changed bit anywhere in ESP drops the packet and moves no window. */
static void test_tampered(void **state)
{
	struct end a = end_open(&tunnel4, 0);
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	static struct rx_frame f;
	u8 pkt[256];
	u32 i, len = mock_packet(pkt, 4, PROTO_UDP, 30);
	u8 *frame;

	(void)state;
	end_send(&a, pkt, len, 0, 0);
	frame = a.m->frames[0].data;
	for (i = 14 + 20 + 4; i < a.m->frames[0].len; i++) {
		frame[i] ^= 1 << i % 8;
		assert_false(end_receive(&b, frame, a.m->frames[0].len, &f));
		frame[i] ^= 1 << i % 8;
	}
	assert_int_equal(b.m->dev->count.esp_rx_icv +
			 b.m->dev->count.esp_rx_replay, i - 38);
	end_check_stats(&b, 0, 0, 0);
	assert_true(end_receive(&b, frame, a.m->frames[0].len, &f));
	mock_free(a.m);
	mock_free(b.m);
}

static void test_seq_end(void **state)
{
	struct setup s = tunnel4;
	struct acme_sa_stats st;
	struct end a;
	u8 pkt[256];
	u32 i, len = mock_packet(pkt, 4, PROTO_UDP, 30);

	(void)state;
	for (i = 0; i < 2; i++) {
		s.flags |= i ? ACME_SA_ESN : 0;
		s.seq = (i ? 1ULL << 48 : 1ULL << 32) - 2;
		a = end_open(&s, 0);
		end_send(&a, pkt, len, 0, 0);
		end_send(&a, pkt, len, 0, 0);
		assert_int_equal(a.m->num_frames, 1);
		assert_int_equal(a.m->dev->count.esp_tx_seq, 1);
		host_sa_stats(&a.m->host, a.stats, &st);
		assert_int_equal(le64_to_cpu(st.drop_seq), 1);
		assert_true(le64_to_cpu(st.seq) == s.seq + 1);
		mock_free(a.m);
	}
}

static void test_tso(void **state)
{
	struct end a = end_open(&tunnel4, 0);
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	static struct rx_frame f;
	static u8 pkt[70000];
	u32 len = mock_packet(pkt, 4, PROTO_TCP, 30100);
	u32 i;

	(void)state;
	end_send(&a, pkt, len, ACME_TXD_TSO, 1000);
	assert_int_equal(a.m->num_frames, 31);
	for (i = 0; i < 31; i++) {
		check_outside(&tunnel4, a.m->frames[i].data,
			      a.m->frames[i].len, i + 1);
		assert_true(end_receive(&b, a.m->frames[i].data,
					a.m->frames[i].len, &f));
		assert_int_equal(f.flags, ACME_RXC_EOP | ACME_RXC_SA |
					  ACME_RXC_CSUM_OK);
		assert_memory_equal(f.data + 54, pkt + 54 + 1000 * i,
				    f.len - 54);
	}
	end_check_stats(&a, 31, 30100 + 31 * 40, 31);
	mock_free(a.m);
	mock_free(b.m);
}

static void test_mtu(void **state)
{
	struct end a = end_open(&tunnel4, 0);
	struct acme_sa_stats st;
	u8 pkt[2048];
	/* 20 outer, 16 ESP and IV, 2 trailer, 16 ICV: 1446 are left. */
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 1446 - 28);

	(void)state;
	end_send(&a, pkt, len, 0, 0);
	assert_int_equal(a.m->num_frames, 1);
	assert_int_equal(a.m->frames[0].len, 1514);
	len = mock_packet(pkt, 4, PROTO_UDP, 1447 - 28);
	end_send(&a, pkt, len, 0, 0);
	assert_int_equal(a.m->dev->count.tx_too_long, 1);
	host_sa_stats(&a.m->host, a.stats, &st);
	assert_int_equal(le64_to_cpu(st.drop_too_long), 1);
	end_check_stats(&a, 1, 1446, 1);
	assert_int_equal(host_vport(&a.m->host, ACME_VPORT_ENABLE, 1499,
				    mock_mac), ACME_ST_OK);
	len = mock_packet(pkt, 4, PROTO_UDP, 1446 - 28);
	end_send(&a, pkt, len, 0, 0);
	assert_int_equal(a.m->dev->count.tx_too_long, 2);
	mock_free(a.m);
}

static void test_bad_handle(void **state)
{
	struct end a = end_open(&tunnel4, 0);
	struct acme_cmd cmd;
	u8 pkt[256];
	u32 good = a.handle, len = mock_packet(pkt, 4, PROTO_UDP, 30);

	(void)state;
	a.handle = 0;
	end_send(&a, pkt, len, 0, 0);
	a.handle = good + 1;
	end_send(&a, pkt, len, 0, 0);
	a.handle = UINT32_MAX;
	end_send(&a, pkt, len, 0, 0);
	host_fill_sa(&a.m->host, &cmd, ACME_SA_TUNNEL, 4, 5);
	a.handle = host_sa_add(&a.m->host, &cmd);
	end_send(&a, pkt, len, 0, 0);
	host_fill_sa(&a.m->host, &cmd, ACME_SA_INBOUND, 4, 5);
	a.handle = host_sa_add(&a.m->host, &cmd);
	assert_int_equal(host_sa_run(&a.m->host, a.handle, 0, 0), ACME_ST_OK);
	end_send(&a, pkt, len, 0, 0);
	cmd.sa.handle = cpu_to_le32(good);
	assert_int_equal(host_admin(&a.m->host, ACME_OP_SA_DEL, &cmd),
			 ACME_ST_OK);
	a.handle = good;
	end_send(&a, pkt, len, 0, 0);
	assert_int_equal(a.m->dev->count.tx_bad_sa, 6);
	assert_int_equal(a.m->num_frames, 0);
	mock_free(a.m);
}

static void test_selector(void **state)
{
	struct end a = { .m = mock_ready(&mock_config) };
	struct end b = { .m = mock_ready(&mock_config) };
	struct acme_sa_stats st;
	static struct rx_frame f;
	struct acme_cmd cmd;
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 30);

	(void)state;
	end_fill(&a, &cmd, &tunnel4, 0);
	cmd.sa_add.sel.proto = PROTO_UDP;
	end_install(&a, &cmd, &tunnel4);
	end_fill(&b, &cmd, &tunnel4, ACME_SA_INBOUND);
	cmd.sa_add.sel.dport = htobe16(2223);
	cmd.sa_add.sel.dport_mask = htobe16(0xffff);
	end_install(&b, &cmd, &tunnel4);
	end_send(&a, pkt, len, 0, 0);
	assert_int_equal(a.m->num_frames, 1);
	assert_false(end_receive(&b, a.m->frames[0].data, a.m->frames[0].len, &f));
	assert_int_equal(b.m->dev->count.esp_rx_selector, 1);
	host_sa_stats(&b.m->host, b.stats, &st);
	assert_int_equal(le64_to_cpu(st.drop_selector), 1);
	end_check_stats(&b, 1, len - 14, 1);
	len = mock_packet(pkt, 4, PROTO_TCP, 30);
	end_send(&a, pkt, len, 0, 0);
	assert_int_equal(a.m->num_frames, 1);
	assert_int_equal(a.m->dev->count.esp_tx_selector, 1);
	end_check_stats(&a, 1, 58, 1);
	mock_free(a.m);
	mock_free(b.m);
}

/* The field may be any two bytes of the packet: here, its port. */
static void test_selector_after_csum(void **state)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;
	struct acme_tx_desc d = {
		.flags = cpu_to_le16(ACME_TXD_SA | ACME_TXD_CSUM),
		.csum_start = cpu_to_le16(36),
	};
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 30);

	(void)state;
	end_fill(&e, &cmd, &tunnel4, 0);
	cmd.sa_add.sel.dport = htobe16(2222);
	cmd.sa_add.sel.dport_mask = htobe16(0xffff);
	end_install(&e, &cmd, &tunnel4);
	d.sa = cpu_to_le32(e.handle);
	host_tx(&e.m->host, 0, pkt, len, &d);
	assert_int_equal(e.m->num_frames, 0);
	assert_int_equal(e.m->dev->count.esp_tx_selector, 1);
	end_check_stats(&e, 0, 0, 0);
	d.csum_offset = cpu_to_le16(4);
	host_tx(&e.m->host, 0, pkt, len, &d);
	assert_int_equal(e.m->num_frames, 1);
	mock_free(e.m);
}

static void test_out_malformed(void **state)
{
	struct end a = end_open(&transport4, 0);
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 30);

	(void)state;
	end_send(&a, pkt, len - 1, 0, 0);
	put_be16(pkt + 20, 0x2000);
	end_send(&a, pkt, len, 0, 0);
	put_be16(pkt + 20, 0x0001);
	end_send(&a, pkt, len, 0, 0);
	put_be16(pkt + 12, 0x0806);
	end_send(&a, pkt, len, 0, 0);
	len = mock_packet(pkt, 6, PROTO_UDP, 30);
	end_send(&a, pkt, len, 0, 0);
	assert_int_equal(a.m->dev->count.esp_tx_malformed, 5);
	assert_int_equal(a.m->num_frames, 0);
	/* Ethernet padding is no part of the packet. */
	len = mock_packet(pkt, 4, PROTO_UDP, 4);
	end_send(&a, pkt, len + 9, 0, 0);
	end_check_stats(&a, 1, 12, 1);
	mock_free(a.m);
}

/* Sends one packet and shows its outer header. */
static const u8 *outer_of(struct end *a, u8 inner, u8 tos, u16 df, u32 payload)
{
	static u8 pkt[2048];
	u32 len = mock_packet(pkt, inner, PROTO_UDP, payload);

	if (inner == 4) {
		pkt[15] = tos;
		put_be16(pkt + 20, df);
		acme_csum_ipv4(pkt + 14);
	} else {
		put_be16(pkt + 14, 6 << 12 | tos << 4);
	}
	mock_forget_frames(a->m);
	end_send(a, pkt, len, 0, 0);
	assert_int_equal(a->m->num_frames, 1);
	return a->m->frames[0].data + 14;
}

static void tos_case(u32 flags, u8 tos, u8 want)
{
	struct setup s = tunnel4;
	const u8 *l3;
	struct end a;

	s.flags |= flags;
	a = end_open(&s, 0);
	assert_int_equal(outer_of(&a, 4, tos, 0, 8)[1], want);
	assert_int_equal(outer_of(&a, 6, tos, 0, 8)[1], want);
	mock_free(a.m);
	s.outer = 6;
	a = end_open(&s, 0);
	l3 = outer_of(&a, 4, tos, 0, 8);
	assert_int_equal(get_be32(l3), 6U << 28 | (u32)want << 20);
	mock_free(a.m);
}

static void test_outer_tos(void **state)
{
	(void)state;
	tos_case(0, 0xb8, 0xb8);
	tos_case(0, 0xb9, 0xb9);
	tos_case(0, 0xba, 0xba);
	tos_case(0, 0xbb, 0xbb);
	tos_case(ACME_SA_NO_ECN, 0xb9, 0xb8);
	tos_case(ACME_SA_NO_ECN, 0xbb, 0xb8);
	tos_case(ACME_SA_NO_ENCAP_DSCP, 0xb9, 0x01);
	tos_case(ACME_SA_NO_ENCAP_DSCP, 0xbb, 0x03);
	tos_case(ACME_SA_NO_ENCAP_DSCP | ACME_SA_NO_ECN, 0xbb, 0);
}

static u16 frag_of(struct end *a, u8 inner, u16 df, u32 payload)
{
	return get_be16(outer_of(a, inner, 0, df, payload) + 6);
}

static void test_outer_df(void **state)
{
	struct setup s = tunnel4;
	struct end a = end_open(&s, 0);

	(void)state;
	assert_int_equal(outer_of(&a, 4, 0, 0, 8)[8], 64);
	assert_int_equal(frag_of(&a, 4, 0, 8), 0);
	assert_int_equal(frag_of(&a, 4, 0x4000, 8), 0x4000);
	assert_int_equal(frag_of(&a, 4, 0x2000, 8), 0);
	assert_int_equal(frag_of(&a, 6, 0, 1280 - 48), 0);
	assert_int_equal(frag_of(&a, 6, 0, 1281 - 48), 0x4000);
	mock_free(a.m);
	s.flags |= ACME_SA_NO_DF;
	a = end_open(&s, 0);
	assert_int_equal(frag_of(&a, 4, 0x4000, 8), 0);
	assert_int_equal(frag_of(&a, 6, 0, 1281 - 48), 0);
	mock_free(a.m);
}

/* The inner packet of the cases below: 48 bytes. */
static u32 inner_packet(u8 *plain)
{
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20);

	memcpy(plain, pkt + 14, len - 14);
	return len - 14;
}

static bool receive_plain(struct end *b, u32 seq, const u8 *plain, u32 len)
{
	static struct rx_frame f;
	u8 frame[1024];
	u32 n = end_craft(b, frame, seq, plain, len);

	if (!end_receive(b, frame, n, &f))
		return false;
	assert_true(f.flags & ACME_RXC_SA);
	return true;
}

static void test_trailer(void **state)
{
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	u8 plain[512] = {};
	u32 i, n = inner_packet(plain);

	(void)state;
	/* Without room for a trailer the window does not move. */
	assert_false(receive_plain(&b, 9, plain, 0));
	end_check_stats(&b, 0, 0, 0);
	memcpy(plain + n, "\x01\x02\x02\x04", 4);
	assert_true(receive_plain(&b, 1, plain, n + 4));
	memcpy(plain + n, "\x02\x01\x02\x04", 4);
	assert_false(receive_plain(&b, 2, plain, n + 4));
	memcpy(plain + n, "\x01\x02\x02\x05", 4);
	assert_false(receive_plain(&b, 3, plain, n + 4));
	memcpy(plain + n, "\x01\x02\xff\x04", 4);
	assert_false(receive_plain(&b, 4, plain, n + 4));
	/* More padding than needed is allowed. */
	for (i = 0; i < 254; i++)
		plain[n + i] = i + 1;
	plain[n + 254] = 254;
	plain[n + 255] = 4;
	assert_true(receive_plain(&b, 5, plain, n + 256));
	/* 6 in the trailer, but 4 in the packet. */
	memcpy(plain + n, "\x01\x02\x02\x29", 4);
	assert_false(receive_plain(&b, 6, plain, n + 4));
	assert_int_equal(b.m->dev->count.esp_rx_malformed, 5);
	/* The window moved all the same. */
	assert_false(receive_plain(&b, 2, plain, n + 4));
	assert_int_equal(b.m->dev->count.esp_rx_replay, 1);
	mock_free(b.m);
}

static void test_dummy(void **state)
{
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	u8 plain[64] = {};

	(void)state;
	memcpy(plain + 16, "\x01\x02\x02\x3b", 4);
	assert_false(receive_plain(&b, 1, plain, 20));
	assert_int_equal(b.m->dev->count.esp_rx_dummy, 1);
	assert_int_equal(b.m->dev->count.esp_rx_malformed, 0);
	end_check_stats(&b, 0, 0, 1);
	mock_free(b.m);
}

/* Bytes behind the inner packet hide its length (RFC 4303, 2.7). */
static void test_flow_confidentiality(void **state)
{
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	static struct rx_frame f;
	u8 plain[512] = {}, frame[1024];
	u32 n = inner_packet(plain), len;

	(void)state;
	memcpy(plain + n + 100, "\x01\x02\x02\x04", 4);
	len = end_craft(&b, frame, 1, plain, n + 104);
	assert_true(end_receive(&b, frame, len, &f));
	assert_int_equal(f.len, 14 + n);
	assert_memory_equal(f.data + 14, plain, n);
	end_check_stats(&b, 1, n + 100, 1);
	/* An inner packet longer than what was sent is none. */
	put_be16(plain + 2, n + 101);
	assert_false(receive_plain(&b, 2, plain, n + 104));
	assert_int_equal(b.m->dev->count.esp_rx_malformed, 1);
	mock_free(b.m);
}

#define ECN_DROP	0xff

/* RFC 6040, figure 4. */
static const u8 ecn_table[4][4] = {
	/* inner \ outer  Not-ECT, ECT(1), ECT(0), CE */
	[0] = { 0, 0, 0, ECN_DROP },
	[1] = { 1, 1, 1, 3 },
	[2] = { 2, 1, 2, 3 },
	[3] = { 3, 3, 3, 3 },
};

static void ecn_case(u32 flags, u8 inner, u8 outer, u8 want)
{
	struct setup s = tunnel4;
	u8 plain[128], frame[1024];
	static struct rx_frame f;
	struct end b;
	u32 n, len;

	s.flags |= flags;
	b = end_open(&s, ACME_SA_INBOUND);
	n = inner_packet(plain);
	plain[1] = inner;
	acme_csum_ipv4(plain);
	memcpy(plain + n, "\x01\x02\x02\x04", 4);
	len = end_craft(&b, frame, 1, plain, n + 4);
	frame[15] = outer;
	acme_csum_ipv4(frame + 14);
	if (want == ECN_DROP) {
		assert_false(end_receive(&b, frame, len, &f));
		assert_int_equal(b.m->dev->count.esp_rx_ecn, 1);
		assert_int_equal(end_stats(&b).drop_ecn, 1);
	} else {
		assert_true(end_receive(&b, frame, len, &f));
		assert_int_equal(f.data[15], want);
		assert_true(acme_csum_ipv4_ok(f.data + 14));
		assert_true(f.flags & ACME_RXC_CSUM_OK);
		assert_int_equal(b.m->dev->count.esp_rx_ecn, 0);
	}
	mock_free(b.m);
}

static u8 with_dscp(u8 ecn, u8 dscp)
{
	return ecn == ECN_DROP ? ECN_DROP : dscp | ecn;
}

static void test_inner_ecn(void **state)
{
	u8 in, out, want;

	(void)state;
	for (in = 0; in < 4; in++)
		for (out = 0; out < 4; out++) {
			want = ecn_table[in][out];
			ecn_case(0, 0xb8 | in, 0x20 | out,
				 with_dscp(want, 0xb8));
			ecn_case(ACME_SA_DECAP_DSCP, 0xb8 | in, 0x20 | out,
				 with_dscp(want, 0x20));
			ecn_case(ACME_SA_NO_ECN, 0xb8 | in, 0x20 | out,
				 0xb8 | in);
		}
}

/* A wrong inner header checksum must not be made right. */
static void test_bad_inner_checksum(void **state)
{
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	u8 plain[128], frame[1024];
	static struct rx_frame f;
	u32 n = inner_packet(plain), len;

	(void)state;
	plain[1] = 2;
	acme_csum_ipv4(plain);
	plain[10] ^= 0x55;
	memcpy(plain + n, "\x01\x02\x02\x04", 4);
	len = end_craft(&b, frame, 1, plain, n + 4);
	frame[15] = 3;
	acme_csum_ipv4(frame + 14);
	assert_true(end_receive(&b, frame, len, &f));
	assert_int_equal(f.data[15], 3);
	assert_false(acme_csum_ipv4_ok(f.data + 14));
	mock_free(b.m);
}

static void expect_as_it_came(struct end *b, const u8 *frame, u32 len)
{
	static struct rx_frame f;

	assert_true(end_receive(b, frame, len, &f));
	assert_int_equal(f.len, len);
	assert_memory_equal(f.data, frame, len);
	assert_false(f.flags & ACME_RXC_SA);
}

static void test_exceptions(void **state)
{
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	u8 plain[128], frame[1024], changed[1024];
	struct acme_sa_stats st;
	u32 n = inner_packet(plain), len;

	(void)state;
	memcpy(plain + n, "\x01\x02\x02\x04", 4);
	len = end_craft(&b, frame, 1, plain, n + 4);
	/* The first fragment; a bad header checksum; options. */
	memcpy(changed, frame, len);
	put_be16(changed + 20, 0x2000);
	acme_csum_ipv4(changed + 14);
	expect_as_it_came(&b, changed, len);
	memcpy(changed, frame, len);
	changed[24] ^= 1;
	expect_as_it_came(&b, changed, len);
	memcpy(changed, frame, 34);
	memset(changed + 34, 1, 4);
	memcpy(changed + 38, frame + 34, len - 34);
	changed[14] = 0x46;
	put_be16(changed + 16, len - 14 + 4);
	acme_csum_ipv4(changed + 14);
	expect_as_it_came(&b, changed, len + 4);
	assert_int_equal(b.m->dev->count.esp_rx_exception, 3);
	host_sa_stats(&b.m->host, b.stats, &st);
	assert_int_equal(le64_to_cpu(st.exceptions), 3);
	/* Without an SA: another SPI, a later fragment, no room for an SPI. */
	memcpy(changed, frame, len);
	changed[35] ^= 1;
	expect_as_it_came(&b, changed, len);
	memcpy(changed, frame, len);
	put_be16(changed + 20, 0x0010);
	acme_csum_ipv4(changed + 14);
	expect_as_it_came(&b, changed, len);
	memcpy(changed, frame, len);
	put_be16(changed + 16, 27);
	acme_csum_ipv4(changed + 14);
	expect_as_it_came(&b, changed, 41);
	assert_int_equal(b.m->dev->count.esp_rx_no_sa, 3);
	end_check_stats(&b, 0, 0, 0);
	mock_free(b.m);
}

static void test_stopped(void **state)
{
	struct end a = end_open(&tunnel4, 0);
	struct end b = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 30);

	(void)state;
	end_fill(&b, &cmd, &tunnel4, ACME_SA_INBOUND);
	b.handle = host_sa_add(&b.m->host, &cmd);
	end_send(&a, pkt, len, 0, 0);
	expect_as_it_came(&b, a.m->frames[0].data, a.m->frames[0].len);
	assert_int_equal(b.m->dev->count.esp_rx_exception, 1);
	mock_free(a.m);
	mock_free(b.m);
}

/* Comes up as it came, and is not the SA's. */
static void check_untouched(struct end *e, const u8 *frame, u32 len)
{
	const struct acme_counters *count = &e->m->dev->count;
	static struct rx_frame f;

	assert_true(end_receive(e, frame, len, &f));
	assert_int_equal(f.len, len);
	assert_memory_equal(f.data, frame, len);
	assert_int_equal(f.flags, ACME_RXC_EOP);
	assert_int_equal(count->esp_rx_no_sa, 0);
	assert_int_equal(count->esp_rx_exception, 0);
	end_check_stats(e, 0, 0, 0);
}

static void not_for_station(const struct setup *s)
{
	static const u8 macs[][6] = {
		{ 0x02, 0x99, 0x99, 0x99, 0x99, 0x99 },
		{ 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	struct end a = end_open(s, 0), b = end_open(s, ACME_SA_INBOUND);
	u32 i, j, frame_len, len;
	static struct rx_frame f;
	u8 pkt[256], *frame;

	assert_int_equal(host_vport(&b.m->host, ACME_VPORT_ENABLE |
				    ACME_VPORT_PROMISC, 1500, mock_mac),
			 ACME_ST_OK);
	len = mock_packet(pkt, 4, PROTO_UDP, 50);
	end_send(&a, pkt, len, 0, 0);
	frame = a.m->frames[0].data;
	frame_len = a.m->frames[0].len;
	for (i = 0; i < ARRAY_SIZE(macs); i++) {
		memcpy(frame, macs[i], 6);
		for (j = 0; j < 2; j++)
			check_untouched(&b, frame, frame_len);
	}
	memcpy(frame, mock_mac, 6);
	assert_true(end_receive(&b, frame, frame_len, &f));
	assert_int_equal(f.len, len);
	assert_true(f.flags & ACME_RXC_SA);
	mock_free(a.m);
	mock_free(b.m);
}

/* No SA is for the frames of groups and other stations. */
static void test_not_for_station(void **state)
{
	struct setup s = tunnel4;

	(void)state;
	not_for_station(&s);
	not_for_station(&transport4);
	s.flags |= ACME_SA_DROP_EXC;
	not_for_station(&s);
}

/* Every length from none to all of a good packet. */
static void test_truncated(void **state)
{
	struct end a = end_open(&tunnel4, 0);
	struct end b = end_open(&tunnel4, ACME_SA_INBOUND);
	static struct rx_frame f;
	u8 pkt[256], cut[512];
	u32 i, whole, len = mock_packet(pkt, 4, PROTO_UDP, 30);

	(void)state;
	end_send(&a, pkt, len, 0, 0);
	whole = a.m->frames[0].len;
	for (i = 20; i < whole - 14; i++) {
		memcpy(cut, a.m->frames[0].data, whole);
		put_be16(cut + 16, i);
		acme_csum_ipv4(cut + 14);
		if (end_receive(&b, cut, 14 + i, &f))
			assert_true(i < 28);
	}
	assert_int_equal(b.m->dev->count.esp_rx_no_sa, 8);
	assert_int_equal(b.m->dev->count.esp_rx_malformed +
			 b.m->dev->count.esp_rx_icv, whole - 14 - 28);
	/* Longer than it says: Ethernet padding. */
	memcpy(cut, a.m->frames[0].data, whole);
	memset(cut + whole, 0, 30);
	assert_true(end_receive(&b, cut, whole + 30, &f));
	assert_int_equal(f.len, len);
	mock_free(a.m);
	mock_free(b.m);
}

/* Extension headers that every router reads stay outside of ESP. */
static void test_transport_ext(void **state)
{
	struct setup s = {
		.inner = 6, .outer = 6, .key_len = 16, .epoch = 1,
	};
	struct end a = end_open(&s, 0);
	u8 pkt[256];
	const u8 *l3;
	u32 len;

	(void)state;
	len = mock_packet(pkt, 6, PROTO_UDP, 8);
	memmove(pkt + 62, pkt + 54, len - 54);
	memset(pkt + 54, 0, 8);
	pkt[20] = PROTO_HOPOPTS;
	pkt[54] = PROTO_UDP;
	put_be16(pkt + 18, get_be16(pkt + 18) + 8);
	end_send(&a, pkt, len + 8, 0, 0);
	assert_int_equal(a.m->num_frames, 1);
	l3 = a.m->frames[0].data + 14;
	assert_int_equal(l3[6], PROTO_HOPOPTS);
	assert_int_equal(l3[40], PROTO_ESP);
	assert_int_equal(get_be32(l3 + 48), SPI);
	assert_int_equal(get_be16(l3 + 4), a.m->frames[0].len - 54);
	end_check_stats(&a, 1, 16, 1);
	mock_free(a.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_tampered),
		cmocka_unit_test(test_seq_end),
		cmocka_unit_test(test_tso),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_bad_handle),
		cmocka_unit_test(test_selector),
		cmocka_unit_test(test_selector_after_csum),
		cmocka_unit_test(test_out_malformed),
		cmocka_unit_test(test_outer_tos),
		cmocka_unit_test(test_outer_df),
		cmocka_unit_test(test_trailer),
		cmocka_unit_test(test_dummy),
		cmocka_unit_test(test_flow_confidentiality),
		cmocka_unit_test(test_inner_ecn),
		cmocka_unit_test(test_bad_inner_checksum),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_not_for_station),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_transport_ext),
	};

	return cmocka_run_group_tests_name("esp", tests, NULL, NULL);
}
