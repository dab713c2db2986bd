// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Checksums, segmentation and RSS against plain models and known answers. */
#include "mock.h"
#include "core/rss.h"

/* RFC 1071 word by word, in big endian. */
static u32 plain_sum(const u8 *p, u32 len)
{
	u32 sum = 0;
	u32 i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	return sum;
}

static u16 plain_fold(u32 sum)
{
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	return sum;
}

/* Sum over the L4 packet and its pseudo header: 0xffff when right. */
static u16 plain_l4(const u8 *l3, u32 hlen, u32 len, u8 proto)
{
	bool v4 = l3[0] >> 4 == 4;

	return plain_fold(plain_sum(l3 + (v4 ? 12 : 8), v4 ? 8 : 32) + proto +
			  len + plain_sum(l3 + hlen, len));
}

static void test_csum_rfc1071(void **state)
{
	/* RFC 1071, section 3. */
	static const u8 data[] = { 0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7 };
	u16 sum = ~acme_csum_fold(acme_csum(data, sizeof(data), 0));

	(void)state;
	assert_int_equal(be16toh(sum), 0xddf2);
}

static void test_csum_random(void **state)
{
	u64 rng = 77;
	u8 buf[512];
	u32 i, j, len;
	u16 sum;

	(void)state;
	for (i = 0; i < 20000; i++) {
		len = mock_random(&rng) % sizeof(buf);
		for (j = 0; j < len; j++)
			buf[j] = mock_random(&rng);
		sum = ~acme_csum_fold(acme_csum(buf, len, 0));
		assert_int_equal(be16toh(sum), plain_fold(plain_sum(buf, len)));
	}
}

static void test_csum_fill(void **state)
{
	u8 pkt[64] = { [20] = 0xab, [21] = 0xcd };

	(void)state;
	assert_true(acme_csum_fill(pkt, 64, 20, 6));
	assert_int_equal(plain_fold(plain_sum(pkt + 20, 44)), 0xffff);
	assert_true(acme_csum_fill(pkt, 64, 20, 42));
	assert_false(acme_csum_fill(pkt, 64, 20, 43));
	assert_false(acme_csum_fill(pkt, 64, 63, 0));
	assert_false(acme_csum_fill(pkt, 64, 65, 0));
	assert_false(acme_csum_fill(pkt, 64, 20, 0xffffffff));
	/* A sum of zero is written as its other form (RFC 768). */
	memset(pkt, 0, sizeof(pkt));
	put_be16(pkt + 20, 0xffff);
	assert_true(acme_csum_fill(pkt, 22, 20, 0));
	assert_int_equal(get_be16(pkt + 20), 0xffff);
}

static bool l4_ok(const u8 *pkt, u32 len)
{
	struct acme_ip ip;

	return acme_ip_parse(&ip, pkt + 14, len - 14, get_be16(pkt + 12)) &&
	       acme_csum_l4_ok(&ip);
}

static void test_l4_ok(void **state)
{
	static const u8 protos[] = { PROTO_UDP, PROTO_TCP };
	u8 pkt[256];
	u32 i, len;

	(void)state;
	for (i = 0; i < 4; i++) {
		len = mock_packet(pkt, i & 1 ? 6 : 4, protos[i / 2], 33);
		memset(pkt + len, 0xee, 20);
		assert_true(l4_ok(pkt, len));
		assert_true(l4_ok(pkt, len + 20));
		assert_false(l4_ok(pkt, len - 1));
		pkt[len - 5] ^= 1;
		assert_false(l4_ok(pkt, len));
	}
	len = mock_packet(pkt, 4, PROTO_UDP, 33);
	put_be16(pkt + 14 + 6, 0x2000);
	assert_false(l4_ok(pkt, len));
	len = mock_packet(pkt, 4, PROTO_UDP, 33);
	put_be16(pkt + 14 + 20 + 6, 0);
	assert_false(l4_ok(pkt, len));
}

/* What segment @n of @pkt must look like, written down field by field. */
static void check_segment(const u8 *pkt, u32 hdr_len, u32 mss, u32 n, bool last,
			  const u8 *seg, u32 len)
{
	bool v4 = pkt[14] >> 4 == 4;
	u32 hlen = v4 ? 20 : 40;
	const u8 *l3 = seg + 14, *tcp = l3 + hlen;
	const u8 *tcp0 = pkt + 14 + hlen;
	u8 flags = tcp0[13];

	assert_memory_equal(seg + hdr_len, pkt + hdr_len + n * mss,
			    len - hdr_len);
	assert_memory_equal(seg, pkt, 14);
	if (v4) {
		assert_int_equal(get_be16(l3 + 2), len - 14);
		assert_int_equal(get_be16(l3 + 4),
				 (get_be16(pkt + 18) + n) & 0xffff);
		assert_int_equal(plain_fold(plain_sum(l3, 20)), 0xffff);
	} else {
		assert_int_equal(get_be16(l3 + 4), len - 54);
	}
	assert_int_equal(get_be32(tcp + 4), get_be32(tcp0 + 4) + n * mss);
	if (n)
		flags &= 0x7f;
	if (!last)
		flags &= ~0x09;
	assert_int_equal(tcp[13], flags);
	assert_int_equal(plain_l4(l3, hlen, len - 14 - hlen, 6), 0xffff);
}

static void tso_case(u8 family, u32 payload, u32 mss)
{
	static u8 pkt[70000], seg[70000];
	u32 len = mock_packet(pkt, family, PROTO_TCP, payload);
	u32 hdr_len = len - payload;
	u32 want = (payload + mss - 1) / mss;
	struct acme_tso t;
	u32 n = 0, got;

	assert_true(acme_tso_init(&t, pkt, len, hdr_len, hdr_len - 20, mss));
	while ((got = acme_tso_next(&t, seg))) {
		assert_int_equal(got, hdr_len + (n + 1 < want ? mss :
						 payload - n * mss));
		check_segment(pkt, hdr_len, mss, n, n + 1 == want, seg, got);
		n++;
	}
	assert_int_equal(n, want);
}

static void test_tso(void **state)
{
	u64 rng = 5;
	u32 i;

	(void)state;
	tso_case(4, 1, 1460);
	tso_case(4, 1460, 1460);
	tso_case(6, 2881, 1440);
	tso_case(4, 65000, 536);
	for (i = 0; i < 300; i++)
		tso_case(i & 1 ? 4 : 6, 1 + mock_random(&rng) % 8000,
			 8 + mock_random(&rng) % 1500);
}

static void test_tso_refused(void **state)
{
	struct acme_tso t;
	u8 pkt[512];
	u32 len = mock_packet(pkt, 4, PROTO_TCP, 100);

	(void)state;
	assert_true(acme_tso_init(&t, pkt, len, 54, 34, 50));
	assert_false(acme_tso_init(&t, pkt, len, 54, 34, 7));
	assert_false(acme_tso_init(&t, pkt, len, 53, 34, 50));
	assert_false(acme_tso_init(&t, pkt, len, 58, 34, 50));
	assert_false(acme_tso_init(&t, pkt, len, 54, 33, 50));
	assert_false(acme_tso_init(&t, pkt, len, len, 34, 50));
	assert_false(acme_tso_init(&t, pkt, 20, 54, 34, 50));
	put_be16(pkt + 20, 0x2000);
	assert_false(acme_tso_init(&t, pkt, len, 54, 34, 50));
	len = mock_packet(pkt, 4, PROTO_UDP, 100);
	assert_false(acme_tso_init(&t, pkt, len, 54, 34, 50));
}

/* From port 2794 of @src to port 1766 of @dst. */
static void hash_case(const struct acme_rss *rss, const char *src,
		      const char *dst, u32 with_ports, u32 without)
{
	struct acme_ip ip = { .proto = PROTO_TCP };
	u8 pkt[80] = {};
	u32 hash, alen;

	/* Addresses and ports stand one after the other in the packet too. */
	ip.hdr = pkt;
	ip.family = strlen(src) == 8 ? 4 : 6;
	ip.hlen = ip.family == 4 ? 12 : 8;
	alen = mock_hex(src, pkt + ip.hlen);
	mock_hex(dst, pkt + ip.hlen + alen);
	ip.hlen += 2 * alen;
	ip.len = ip.hlen + 20;
	put_be16(pkt + ip.hlen, 2794);
	put_be16(pkt + ip.hlen + 2, 1766);
	assert_int_equal(acme_rss_hash(rss, &ip, &hash),
			 ACME_RXC_HASH | ACME_RXC_HASH_L4);
	assert_int_equal(hash, with_ports);
	ip.proto = PROTO_ICMP;
	assert_int_equal(acme_rss_hash(rss, &ip, &hash), ACME_RXC_HASH);
	assert_int_equal(hash, without);
}

/* Microsoft, "Verifying the RSS Hash Calculation". */
static void test_toeplitz(void **state)
{
	static struct acme_rss rss;
	u8 key[ACME_RSS_KEY_LEN], table[ACME_RSS_TABLE_LEN] = {};

	(void)state;
	mock_hex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcb", key);
	mock_hex("ae7b30b477cb2da38030f20c6a42b73bbeac01fa", key + 20);
	acme_rss_init(&rss);
	acme_rss_set(&rss, key, table);
	hash_case(&rss, "420995bb", "a18e6450", 0x51ccc178, 0x323e8fc2);
	hash_case(&rss, "3ffe250102001fff0000000000000007",
		  "3ffe2501020000030000000000000001", 0x40207d3d, 0x2cc18cd5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csum_rfc1071),
		cmocka_unit_test(test_csum_random),
		cmocka_unit_test(test_csum_fill),
		cmocka_unit_test(test_l4_ok),
		cmocka_unit_test(test_tso),
		cmocka_unit_test(test_tso_refused),
		cmocka_unit_test(test_toeplitz),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}
