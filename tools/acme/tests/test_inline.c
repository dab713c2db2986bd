// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Crypto offload: ESP that the host builds and takes apart. */
#include "ends.h"

#define ESP_AT	(14 + 20)
#define TEXT	64

static const struct setup crypto4 = {
	.flags = ACME_SA_TUNNEL | ACME_SA_CRYPTO, .inner = 4, .outer = 4,
	.key_len = 16, .epoch = 1,
};

static struct end open_alg(const struct setup *s, u32 dir, u8 alg)
{
	const struct acme_alg_info *info = acme_alg_find(alg);
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;
	u32 i;

	end_fill(&e, &cmd, s, dir);
	cmd.sa_add.alg = alg;
	cmd.sa_add.key_len = 32;
	cmd.sa_add.auth_key_len = info->auth_key_len;
	for (i = 0; i <= ACME_ICV_MAX; i++)
		if (acme_aead_supports_icv(alg, i))
			cmd.sa_add.icv_len = i;
	end_install(&e, &cmd, s);
	return e;
}

static const struct acme_sa *sa_of(const struct end *e)
{
	return acme_sa_by_handle(&e->m->dev->sas, e->handle);
}

/* What the stack leaves of an ESP packet: IV and ICV are missing. */
static u32 build(const struct end *e, u8 *frame, u32 seq)
{
	u32 len = acme_esp_hdr_len(sa_of(e)) + TEXT + sa_of(e)->icv_len;
	u32 i;

	mock_packet(frame, 4, PROTO_UDP, 0);
	memset(frame + ESP_AT, 0xcc, len);
	put_be16(frame + 16, 20 + len);
	frame[23] = PROTO_ESP;
	acme_csum_ipv4(frame + 14);
	put_be32(frame + ESP_AT, SPI);
	put_be32(frame + ESP_AT + 4, seq);
	for (i = 0; i < TEXT; i++)
		frame[ESP_AT + acme_esp_hdr_len(sa_of(e)) + i] = i;
	return ESP_AT + len;
}

static void send(struct end *e, const u8 *frame, u32 len, u16 start,
		 u32 seq_hi, u16 flags)
{
	struct acme_tx_desc d = {
		.flags = cpu_to_le16(ACME_TXD_ESP | flags),
		.sa = cpu_to_le32(e->handle),
		.esp_start = cpu_to_le16(start),
		.seq_hi = cpu_to_le32(seq_hi),
		.csum_start = cpu_to_le16(ESP_AT),
	};

	mock_forget_frames(e->m);
	host_tx(&e->m->host, 0, frame, len, &d);
}

static void round_trip(u8 alg, u32 esn)
{
	struct setup s = crypto4;
	static struct rx_frame f;
	u8 frame[512], bad[512];
	u32 len, hdr, seq = 5;
	struct end a, b;

	s.flags |= esn;
	s.seq = esn ? 0xfffffff0 : 0;
	a = open_alg(&s, 0, alg);
	b = open_alg(&s, ACME_SA_INBOUND, alg);
	hdr = acme_esp_hdr_len(sa_of(&a));
	len = build(&a, frame, seq);
	send(&a, frame, len, ESP_AT, esn ? 1 : 0, 0);
	assert_int_equal(a.m->num_frames, 1);
	assert_int_equal(a.m->frames[0].len, len);
	assert_memory_equal(a.m->frames[0].data, frame, ESP_AT + 8);
	end_check_stats(&a, 1, TEXT, esn ? 0x100000005 : 5);
	memcpy(bad, a.m->frames[0].data, len);
	assert_true(end_receive(&b, bad, len, &f));
	assert_int_equal(f.flags, ACME_RXC_EOP | ACME_RXC_CRYPTO);
	assert_int_equal(f.sa, b.handle);
	assert_int_equal(f.len, len);
	assert_memory_equal(f.data, bad, ESP_AT + hdr);
	assert_memory_equal(f.data + ESP_AT + hdr, frame + ESP_AT + hdr, TEXT);
	/* The window is the host's: again, and it decides. */
	assert_true(end_receive(&b, bad, len, &f));
	assert_int_equal(f.flags, ACME_RXC_EOP | ACME_RXC_CRYPTO);
	end_check_stats(&b, 2, 2 * TEXT, esn ? 0x100000005 : 5);
	bad[ESP_AT + hdr] ^= 1;
	assert_true(end_receive(&b, bad, len, &f));
	assert_int_equal(f.flags, ACME_RXC_EOP | ACME_RXC_CRYPTO |
				  ACME_RXC_CRYPTO_ICV);
	assert_int_equal(b.m->dev->count.esp_rx_crypto_icv, 1);
	assert_int_equal(b.m->dev->count.esp_rx_crypto, 2);
	assert_int_equal(a.m->dev->count.esp_tx_crypto, 1);
	mock_free(a.m);
	mock_free(b.m);
}

static void test_round_trip(void **state)
{
	u8 alg;

	(void)state;
	for (alg = ACME_ALG_AES_GCM; alg <= ACME_ALG_AES_CBC_SHA512; alg++) {
		round_trip(alg, 0);
		round_trip(alg, ACME_SA_ESN);
	}
}

/* What one does by itself, the other does in place. */
static void test_against_full(void **state)
{
	struct end full = end_open(&tunnel4, 0);
	struct end crypto = end_open(&crypto4, 0);
	u8 pkt[256], frame[512], plain[256];
	u32 hdr = acme_esp_hdr_len(sa_of(&full));
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20), n = end_plain(plain);

	(void)state;
	end_send(&full, pkt, len, 0, 0);
	memcpy(frame, full.m->frames[0].data, full.m->frames[0].len);
	len = full.m->frames[0].len;
	memcpy(frame + ESP_AT + hdr, plain, n);
	memset(frame + ESP_AT + 8, 0, 8);
	memset(frame + len - 16, 0, 16);
	send(&crypto, frame, len, ESP_AT, 0, 0);
	assert_int_equal(crypto.m->frames[0].len, len);
	assert_memory_equal(crypto.m->frames[0].data, full.m->frames[0].data,
			    len);
	mock_free(full.m);
	mock_free(crypto.m);
}

static void test_malformed(void **state)
{
	struct end e = end_open(&crypto4, 0);
	u8 frame[512];
	u32 len = build(&e, frame, 1);

	(void)state;
	send(&e, frame, len, ESP_AT - 1, 0, 0);
	send(&e, frame, len, 0, 0, 0);
	send(&e, frame, len, len, 0, 0);
	send(&e, frame, len, UINT16_MAX, 0, 0);
	send(&e, frame, len, len - 35, 0, 0);
	send(&e, frame, len, ESP_AT + 4, 0, 0);
	send(&e, frame, len - 1, ESP_AT, 0, 0);
	/* A text of 61 bytes; another SPI. */
	put_be16(frame + 16, len - 14 - 3);
	acme_csum_ipv4(frame + 14);
	send(&e, frame, len, ESP_AT, 0, 0);
	len = build(&e, frame, 1);
	frame[ESP_AT] ^= 1;
	send(&e, frame, len, ESP_AT, 0, 0);
	/* The SPI in the IP header. */
	len = build(&e, frame, 1);
	put_be32(frame + 26, SPI);
	acme_csum_ipv4(frame + 14);
	send(&e, frame, len, 26, 0, 0);
	assert_int_equal(e.m->dev->count.esp_tx_malformed, 10);
	assert_int_equal(end_stats(&e).drop_malformed, 10);
	len = build(&e, frame, 1);
	send(&e, frame, len, ESP_AT, 0, ACME_TXD_CSUM);
	send(&e, frame, len, ESP_AT, 0, ACME_TXD_TSO);
	assert_int_equal(e.m->dev->count.tx_bad_desc, 2);
	/* Ethernet padding is cut off. */
	send(&e, frame, len + 9, ESP_AT, 0, 0);
	assert_int_equal(e.m->frames[0].len, len);
	mock_free(e.m);
}

static void test_seq(void **state)
{
	struct setup s = crypto4;
	struct end e = end_open(&s, 0);
	u8 frame[512];
	u32 len = build(&e, frame, 0);

	(void)state;
	send(&e, frame, len, ESP_AT, 0, 0);
	assert_int_equal(end_stats(&e).drop_seq, 1);
	/* Without ESN the upper half is nothing. */
	len = build(&e, frame, UINT32_MAX);
	send(&e, frame, len, ESP_AT, UINT32_MAX, 0);
	end_check_stats(&e, 1, TEXT, UINT32_MAX);
	mock_free(e.m);
	s.flags |= ACME_SA_ESN;
	e = end_open(&s, 0);
	send(&e, frame, len, ESP_AT, 0xffff, 0);
	send(&e, frame, len, ESP_AT, 0x10000, 0);
	end_check_stats(&e, 1, TEXT, (1ULL << 48) - 1);
	assert_int_equal(end_stats(&e).drop_seq, 1);
	mock_free(e.m);
}

/* A handle is of one kind, and a stopped SA of none. */
static void test_wrong_sa(void **state)
{
	struct end full = end_open(&tunnel4, 0);
	struct end crypto = end_open(&crypto4, 0);
	struct acme_cmd cmd = {};
	u8 frame[512], pkt[256];
	u32 len = build(&full, frame, 1);
	u32 n = mock_packet(pkt, 4, PROTO_UDP, 20);

	(void)state;
	send(&full, frame, len, ESP_AT, 0, 0);
	assert_int_equal(full.m->dev->count.tx_bad_sa, 1);
	end_send(&crypto, pkt, n, 0, 0);
	assert_int_equal(crypto.m->dev->count.tx_bad_sa, 1);
	assert_int_equal(end_cmd(&crypto, ACME_OP_SA_STOP, &cmd), ACME_ST_OK);
	send(&crypto, frame, len, ESP_AT, 0, 0);
	assert_int_equal(crypto.m->dev->count.tx_bad_sa, 2);
	assert_int_equal(full.m->num_frames + crypto.m->num_frames, 0);
	mock_free(full.m);
	mock_free(crypto.m);
}

static void test_short(void **state)
{
	struct end e = end_open(&crypto4, ACME_SA_INBOUND);
	static struct rx_frame f;
	u8 frame[512];
	u32 len;

	(void)state;
	build(&e, frame, 1);
	for (len = 8; len < 16 + 16 + TEXT; len++) {
		put_be16(frame + 16, 20 + len);
		acme_csum_ipv4(frame + 14);
		assert_true(end_receive(&e, frame, ESP_AT + len, &f));
		assert_int_equal(!!(f.flags & ACME_RXC_CRYPTO),
				 len >= 36 && len % 4 == 0);
	}
	end_check_stats(&e, 0, 0, 0);
	mock_free(e.m);
}

static void test_unable(void **state)
{
	struct acme_config cfg = mock_config;
	struct end e = { };
	struct acme_cmd cmd;

	(void)state;
	cfg.ipsec &= ~ACME_IPSEC_CRYPTO;
	e.m = mock_ready(&cfg);
	end_fill(&e, &cmd, &crypto4, 0);
	assert_int_equal(host_admin(&e.m->host, ACME_OP_SA_ADD, &cmd),
			 ACME_ST_UNSUPPORTED);
	mock_free(e.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_against_full),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_seq),
		cmocka_unit_test(test_wrong_sa),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_unable),
	};

	return cmocka_run_group_tests_name("inline", tests, NULL, NULL);
}
