// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A wire that cuts packets: what comes out of it makes the packet again. */
#include <stdio.h>
#include <stdlib.h>

#include "mock.h"
#include "nic.h"

#define L3	ETH_HDR_LEN
#define ROOM	70000
#define MF4	0x2000
#define DF4	0x4000

static struct wire_cut cut;
static u8 frame[ROOM];

static u32 hdr_len(u8 family)
{
	return family == 4 ? IPV4_HDR_LEN : IPV6_HDR_LEN;
}

/* ESP of so many bytes, behind @port if that is not 0 in UDP. */
static u32 esp_packet(u8 family, u16 port, u32 bytes)
{
	u32 len = mock_packet(frame, family, PROTO_UDP, bytes);

	if (port) {
		put_be16(frame + L3 + hdr_len(family) + 2, port);
		return len;
	}
	frame[L3 + (family == 4 ? 9 : 6)] = PROTO_ESP;
	if (family == 4)
		acme_csum_ipv4(frame + L3);
	return len;
}

static bool begin(u32 len)
{
	u8 *copy = malloc(len ? len : 1);
	bool is_cut;

	memcpy(copy, frame, len);
	is_cut = wire_cut_begin(&cut, copy, len);
	free(copy);
	return is_cut;
}

/* The fields of one piece; returns what it has of the packet. */
static u32 fields4(const u8 *l3, u32 at, u32 *id, bool *more)
{
	u16 flags = get_be16(l3 + 6);

	assert_true(acme_csum_ipv4_ok(l3));
	assert_int_equal(flags & DF4, get_be16(frame + L3 + 6) & DF4);
	assert_int_equal(flags & 0x1fff, at / 8);
	assert_memory_equal(l3, frame + L3, 2);
	assert_memory_equal(l3 + 8, frame + L3 + 8, 2);
	assert_memory_equal(l3 + 12, frame + L3 + 12, 8);
	*more = flags & MF4;
	*id = get_be16(l3 + 4);
	return get_be16(l3 + 2) - IPV4_HDR_LEN;
}

static u32 fields6(const u8 *l3, u32 at, u32 *id, bool *more)
{
	const u8 *frag = l3 + IPV6_HDR_LEN;

	assert_memory_equal(l3, frame + L3, 4);
	assert_int_equal(l3[6], PROTO_FRAGMENT);
	assert_memory_equal(l3 + 7, frame + L3 + 7, 33);
	assert_int_equal(frag[0], frame[L3 + 6]);
	assert_int_equal(frag[1], 0);
	assert_int_equal(get_be16(frag + 2) & 0xfffe, at);
	*more = get_be16(frag + 2) & 1;
	*id = get_be32(frag + 4);
	return get_be16(l3 + 4) - 8;
}

/* Takes all pieces of the frame; returns how many, and their identification. */
static u32 make_whole(u32 len, u32 *ident)
{
	u8 family = frame[L3] >> 4;
	u32 hdr = L3 + hdr_len(family);
	u32 n, id, size, bytes, at = 0;
	bool more = true;

	for (n = 0; more; n++) {
		size = wire_cut_next(&cut);
		assert_in_range(size, hdr + 1, len);
		assert_memory_equal(cut.piece, frame, L3);
		bytes = (family == 4 ? fields4 : fields6)(cut.piece + L3, at,
							  &id, &more);
		assert_int_equal(size, hdr + bytes + (family == 4 ? 0 : 8));
		assert_memory_equal(cut.piece + size - bytes, frame + hdr + at,
				    bytes);
		assert_true(!more || !(bytes % 8));
		assert_true(!n || id == *ident);
		*ident = id;
		at += bytes;
	}
	assert_int_equal(at, len - hdr);
	assert_int_equal(wire_cut_next(&cut), 0);
	return n;
}

static void pieces(u8 family, u16 port, bool df)
{
	u32 bytes, len, n, ident, last = 0;
	u32 count[WIRE_CUT_PIECES + 1] = {};

	wire_cut_set(&cut, 100, family + port);
	for (bytes = port ? 9 : 8; bytes < 1440; bytes++) {
		len = esp_packet(family, port, bytes);
		if (df && family == 4) {
			put_be16(frame + L3 + 6, DF4);
			acme_csum_ipv4(frame + L3);
		}
		/* bytes behind the packet */
		assert_true(begin(len + bytes % 3));
		n = make_whole(len, &ident);
		assert_in_range(n, 2, WIRE_CUT_PIECES);
		assert_true(ident != last);
		last = ident;
		count[n]++;
	}
	assert_true(count[2] > 500 && count[3] > 100);
}

/* Behind a NAT only one of the ports is the known one. */
static void from_port(u8 family)
{
	u32 id, len = esp_packet(family, 2222, 100);

	put_be16(frame + L3 + hdr_len(family), WIRE_CUT_PORT);
	assert_true(begin(len));
	make_whole(len, &id);
}

static void test_pieces(void **state)
{
	u64 before = cut.frames;

	(void)state;
	pieces(4, 0, false);
	pieces(4, 0, true);
	pieces(6, 0, false);
	pieces(4, WIRE_CUT_PORT, true);
	pieces(6, WIRE_CUT_PORT, false);
	from_port(4);
	from_port(6);
	assert_int_equal(cut.frames - before, 3 * 1432 + 2 * 1431 + 2);
}

static void passes(u32 len)
{
	u64 before = cut.frames;

	assert_false(begin(len));
	assert_int_equal(wire_cut_next(&cut), 0);
	assert_int_equal(cut.frames, before);
}

/* The largest frame of a wire, and what is larger. */
static void test_largest(void **state)
{
	u32 family, id, len, bytes;

	(void)state;
	wire_cut_set(&cut, 100, 1);
	for (family = 4; family <= 6; family += 2) {
		bytes = WIRE_FRAME_MAX - L3 - hdr_len(family) - 8;
		len = esp_packet(family, 0, bytes);
		assert_int_equal(len, WIRE_FRAME_MAX);
		assert_true(begin(len));
		make_whole(len, &id);
		passes(esp_packet(family, 0, bytes + 1));
	}
}

static void set4(u32 at, u16 value)
{
	put_be16(frame + L3 + at, value);
	acme_csum_ipv4(frame + L3);
}

static void test_passes(void **state)
{
	static const u8 forger[6] = { 0x02, 0x66, 0x6f, 0x72, 0x67, 0x65 };
	u32 len;

	(void)state;
	wire_cut_set(&cut, 100, 1);
	passes(mock_packet(frame, 4, PROTO_UDP, 100));
	passes(mock_packet(frame, 6, PROTO_TCP, 100));
	passes(esp_packet(4, 0, 7));
	passes(esp_packet(6, 0, 7));
	/* to the same port: a keepalive, no ESP header, IKE */
	passes(esp_packet(4, WIRE_CUT_PORT, 1));
	passes(esp_packet(4, WIRE_CUT_PORT, 8));
	len = esp_packet(4, WIRE_CUT_PORT, 100);
	memset(frame + L3 + IPV4_HDR_LEN + 8, 0, 4);
	passes(len);
	/* fragments already, and options */
	len = esp_packet(4, 0, 100);
	set4(6, MF4);
	passes(len);
	set4(6, 1);
	passes(len);
	set4(6, 0);
	frame[L3] = 0x46;
	acme_csum_ipv4(frame + L3);
	passes(len);
	len = esp_packet(6, 0, 100);
	frame[L3 + 6] = PROTO_HOPOPTS;
	memset(frame + L3 + IPV6_HDR_LEN, 0, 8);
	frame[L3 + IPV6_HDR_LEN] = PROTO_ESP;
	passes(len);
	frame[L3 + 6] = PROTO_FRAGMENT;
	passes(len);
	/* damaged */
	len = esp_packet(4, 0, 100);
	frame[L3 + 10] ^= 1;
	passes(len);
	/* another EtherType */
	len = esp_packet(4, 0, 100);
	put_be16(frame + 12, ETHERTYPE_VLAN);
	passes(len);
	put_be16(frame + 12, ETHERTYPE_IPV6);
	passes(len);
	/* the attacker's */
	len = esp_packet(4, 0, 100);
	memcpy(frame + 6, forger, 6);
	passes(len);
	memcpy(frame, forger, 6);
	frame[6] ^= 4;
	assert_true(begin(len));
	wire_cut_forget(&cut);
	assert_int_equal(wire_cut_next(&cut), 0);
}

/* Which of so many packets are cut, and where first, as a hash. */
static u64 choice(u32 percent, u32 seed, u32 packets, u32 *chosen)
{
	u64 hash = 0;
	u32 i, len;

	*chosen = 0;
	wire_cut_set(&cut, percent, seed);
	for (i = 0; i < packets; i++) {
		len = esp_packet(4, 0, 200);
		hash *= 31;
		if (!begin(len))
			continue;
		hash += wire_cut_next(&cut);
		++*chosen;
		wire_cut_forget(&cut);
	}
	return hash;
}

static void test_choice(void **state)
{
	u32 n, other;
	u64 hash;

	(void)state;
	hash = choice(10, 7, 10000, &n);
	assert_in_range(n, 800, 1200);
	assert_true(hash == choice(10, 7, 10000, &other));
	assert_int_equal(n, other);
	assert_true(hash != choice(10, 8, 10000, &other));
	choice(0, 7, 10000, &n);
	assert_int_equal(n, 0);
	choice(1, 0, 10000, &n);
	assert_in_range(n, 50, 150);
	choice(100, 0, 100, &n);
	assert_int_equal(n, 100);
}

/* Frames that end anywhere: AddressSanitizer sees what is read or written. */
static void test_cut_off(void **state)
{
	static const u16 ports[] = { 0, WIRE_CUT_PORT };
	u32 i, family, len, all;

	(void)state;
	wire_cut_set(&cut, 100, 1);
	for (family = 4; family <= 6; family += 2)
		for (i = 0; i < ARRAY_SIZE(ports); i++) {
			all = esp_packet(family, ports[i], 300);
			for (len = 0; len < all; len++)
				passes(len);
		}
}

static void scribble(u64 *rng, u32 len)
{
	u32 n;

	for (n = mock_random(rng) % 8; n; n--)
		frame[12 + mock_random(rng) % (len < 80 ? len : 80)] =
			mock_random(rng);
	if (frame[L3] >> 4 == 4 && mock_random(rng) % 2)
		acme_csum_ipv4(frame + L3);
}

static void test_fuzz(void **state)
{
	const char *given = getenv("ACME_FUZZ_SEED");
	u64 rng = given ? strtoull(given, NULL, 0) : 3602;
	u32 i, len, size, total, packets = 0;

	(void)state;
	printf("# seed %llu\n", (unsigned long long)rng);
	wire_cut_set(&cut, 100, 1);
	for (i = 0; i < 200000; i++) {
		len = esp_packet(mock_random(&rng) % 2 ? 4 : 6,
				 mock_random(&rng) % 2 ? WIRE_CUT_PORT : 0,
				 mock_random(&rng) % 200);
		scribble(&rng, len);
		len -= mock_random(&rng) % 4 ? 0 : mock_random(&rng) % len;
		if (!begin(len))
			continue;
		packets++;
		for (total = 0; (size = wire_cut_next(&cut)); total += size)
			assert_in_range(size, L3 + IPV4_HDR_LEN + 1, len);
		assert_in_range(total, L3, len + 2 * (L3 + IPV6_HDR_LEN + 24));
	}
	assert_in_range(packets, 10000, 190000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests_name("wire_cut", tests, NULL, NULL);
}
