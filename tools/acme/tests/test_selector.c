// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "mock.h"

static struct acme_ip packet(u8 *buf, u8 family, u8 proto)
{
	u32 len = mock_packet(buf, family, proto, 40);
	struct acme_ip ip;

	assert_true(acme_ip_parse(&ip, buf + 14, len - 14,
				  get_be16(buf + 12)));
	return ip;
}

static void test_any(void **state)
{
	struct acme_selector any = {};
	struct acme_ip ip;
	u8 buf[256];

	(void)state;
	ip = packet(buf, 4, PROTO_UDP);
	assert_true(acme_selector_match(&any, &ip));
	ip = packet(buf, 6, PROTO_TCP);
	assert_true(acme_selector_match(&any, &ip));
	any.family = 4;
	assert_false(acme_selector_match(&any, &ip));
}

/* Every prefix length, with a difference in every bit. */
static void prefix_case(u8 family, bool dst)
{
	struct acme_selector sel = { .family = family };
	u32 bits = family == 4 ? 32 : 128;
	u8 *addr = dst ? sel.daddr : sel.saddr;
	u32 len, bit;
	struct acme_ip ip;
	u8 buf[256];

	ip = packet(buf, family, PROTO_UDP);
	for (len = 0; len <= bits; len++)
		for (bit = 0; bit < bits; bit++) {
			memcpy(addr, dst ? acme_ip_daddr(&ip) :
					   acme_ip_saddr(&ip), bits / 8);
			*(dst ? &sel.prefixlen_d : &sel.prefixlen_s) = len;
			assert_true(acme_selector_match(&sel, &ip));
			addr[bit / 8] ^= 0x80 >> bit % 8;
			assert_int_equal(acme_selector_match(&sel, &ip),
					 bit >= len);
		}
}

static void test_prefixes(void **state)
{
	(void)state;
	prefix_case(4, false);
	prefix_case(4, true);
	prefix_case(6, false);
	prefix_case(6, true);
}

static void test_ports(void **state)
{
	struct acme_selector sel = { .proto = PROTO_UDP };
	struct acme_ip ip;
	u8 buf[256];

	(void)state;
	ip = packet(buf, 4, PROTO_UDP);
	sel.sport = htobe16(1111);
	sel.sport_mask = htobe16(0xffff);
	assert_true(acme_selector_match(&sel, &ip));
	sel.dport = htobe16(2220);
	sel.dport_mask = htobe16(0xffff);
	assert_false(acme_selector_match(&sel, &ip));
	sel.dport_mask = htobe16(0xfff0);
	sel.dport = htobe16(2222 & 0xfff0);
	assert_true(acme_selector_match(&sel, &ip));
	sel.sport = htobe16(1110);
	assert_false(acme_selector_match(&sel, &ip));
	sel.sport = htobe16(1111);
	ip.later = true;
	assert_false(acme_selector_match(&sel, &ip));
	ip.later = false;
	sel.proto = PROTO_TCP;
	assert_false(acme_selector_match(&sel, &ip));
}

static void icmp_case(u8 family, u8 proto)
{
	struct acme_selector sel = {
		.proto = proto, .sport = htobe16(8),
		.sport_mask = htobe16(0xffff), .dport_mask = htobe16(0xffff),
	};
	struct acme_ip ip;
	u8 buf[256];

	ip = packet(buf, family, PROTO_UDP);
	ip.proto = proto;
	buf[14 + ip.hlen] = 8;
	buf[14 + ip.hlen + 1] = 0;
	assert_true(acme_selector_match(&sel, &ip));
	buf[14 + ip.hlen + 1] = 1;
	assert_false(acme_selector_match(&sel, &ip));
	buf[14 + ip.hlen + 1] = 0;
	buf[14 + ip.hlen] = 9;
	assert_false(acme_selector_match(&sel, &ip));
}

static bool gre_match(const struct acme_selector *sel, const u8 *gre, u32 len)
{
	struct acme_ip ip;
	u8 buf[256];

	ip = packet(buf, 4, PROTO_UDP);
	memcpy(buf + 14 + ip.hlen, gre, len);
	ip.proto = PROTO_GRE;
	ip.len = ip.hlen + len;
	return acme_selector_match(sel, &ip);
}

/* XFRM takes the key for ports; without one they are 0. */
static void test_gre(void **state)
{
	static const u8 key[] = { 0x20, 0, 8, 0, 0x12, 0x34, 0x56, 0x78 };
	static const u8 both[] = {
		0xa0, 0, 8, 0, 9, 9, 9, 9, 0x12, 0x34, 0x56, 0x78,
	};
	static const u8 other[] = { 0x20, 0, 8, 0, 0x12, 0x34, 0x56, 0x79 };
	static const u8 pptp[] = { 0x20, 1, 8, 0, 0x12, 0x34, 0x56, 0x78 };
	static const u8 none[] = { 0, 0, 8, 0, 0x12, 0x34, 0x56, 0x78 };
	struct acme_selector sel = {
		.proto = PROTO_GRE, .sport = htobe16(0x1234),
		.dport = htobe16(0x5678), .sport_mask = htobe16(0xffff),
		.dport_mask = htobe16(0xffff),
	};

	(void)state;
	assert_true(gre_match(&sel, key, sizeof(key)));
	assert_true(gre_match(&sel, both, sizeof(both)));
	assert_false(gre_match(&sel, both, sizeof(both) - 1));
	assert_false(gre_match(&sel, other, sizeof(other)));
	assert_false(gre_match(&sel, pptp, sizeof(pptp)));
	assert_false(gre_match(&sel, none, sizeof(none)));
	sel.sport = 0;
	sel.dport = 0;
	assert_true(gre_match(&sel, none, sizeof(none)));
}

/* XFRM knows no ports of DCCP. */
static void test_dccp(void **state)
{
	struct acme_selector sel = {
		.sport = htobe16(1111), .sport_mask = htobe16(0xffff),
	};
	struct acme_ip ip;
	u8 buf[256];

	(void)state;
	ip = packet(buf, 4, PROTO_UDP);
	assert_true(acme_selector_match(&sel, &ip));
	ip.proto = 33;
	assert_false(acme_selector_match(&sel, &ip));
}

/* The Mobility Header has its type in the third byte, and no code. */
static void test_mh(void **state)
{
	struct acme_selector sel = {
		.proto = PROTO_MH, .sport = htobe16(5),
		.sport_mask = htobe16(0xffff), .dport_mask = htobe16(0xffff),
	};
	struct acme_ip ip;
	u8 buf[256];

	(void)state;
	ip = packet(buf, 6, PROTO_UDP);
	ip.proto = PROTO_MH;
	buf[14 + ip.hlen + 2] = 5;
	assert_true(acme_selector_match(&sel, &ip));
	buf[14 + ip.hlen + 2] = 6;
	assert_false(acme_selector_match(&sel, &ip));
}

static void test_icmp(void **state)
{
	(void)state;
	icmp_case(4, PROTO_ICMP);
	icmp_case(6, PROTO_ICMPV6);
}

/* The protocol of an IPv6 packet stands behind its extension headers. */
static void test_ext_headers(void **state)
{
	struct acme_selector sel = {
		.proto = PROTO_UDP, .dport = htobe16(2222),
		.dport_mask = htobe16(0xffff),
	};
	u32 len, nexthdr;
	struct acme_ip ip;
	u8 buf[256];

	(void)state;
	len = mock_packet(buf, 6, PROTO_UDP, 8);
	memmove(buf + 54 + 24, buf + 54, len - 54);
	memset(buf + 54, 0, 24);
	buf[14 + 6] = PROTO_HOPOPTS;
	buf[54] = PROTO_DSTOPTS;
	buf[62] = PROTO_UDP;
	buf[63] = 1;
	put_be16(buf + 18, get_be16(buf + 18) + 24);
	len += 24;
	assert_true(acme_ip_parse(&ip, buf + 14, len - 14, ETHERTYPE_IPV6));
	assert_int_equal(ip.hlen, 64);
	assert_true(ip.options);
	assert_true(acme_selector_match(&sel, &ip));
	/* Destination options in front of no routing header stay outside. */
	assert_int_equal(acme_ip_esp_offset(buf + 14, ip.len, &nexthdr), 64);
	buf[54] = PROTO_ROUTING;
	buf[62] = PROTO_DSTOPTS;
	assert_int_equal(acme_ip_esp_offset(buf + 14, ip.len, &nexthdr), 78 - 14);
	assert_int_equal(nexthdr, 48);
	buf[63] = 200;
	assert_false(acme_ip_parse(&ip, buf + 14, len - 14, ETHERTYPE_IPV6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_gre),
		cmocka_unit_test(test_mh),
		cmocka_unit_test(test_dccp),
		cmocka_unit_test(test_ext_headers),
	};

	return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
