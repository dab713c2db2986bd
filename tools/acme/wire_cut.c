// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * A hostile wire: it cuts ESP packets in IP fragments, whether the sender allows
 * that or not. The choice and the places of the cuts follow from a seed.
 */
#include "nic.h"

#define UNIT		8	/* of offsets of fragments */
#define FRAG_HDR_LEN	8
#define UDP_HDR_LEN	8
#define ETH_SOURCE_AT	6
#define ETHERTYPE_AT	12
#define IPV4_FLAGS	0xc000
#define IPV4_MF		0x2000
#define IPV6_MF		0x0001

/* An attacker's frames, FORGER of verify_wire.py: he cuts them himself. */
static const u8 forger[6] = { 0x02, 0x66, 0x6f, 0x72, 0x67, 0x65 };

/* SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", 2014.
 */
static u64 next_random(struct wire_cut *c)
{
	u64 z = c->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void wire_cut_set(struct wire_cut *c, u32 percent, u32 seed)
{
	c->percent = percent;
	c->seed = seed;
	c->state = seed;
	c->ident = next_random(c) | 1;
}

void wire_cut_forget(struct wire_cut *c)
{
	c->pos = c->ends[WIRE_CUT_PIECES - 1];
}

/* ESP in UDP begins with an SPI; 0 is IKE's (RFC 3948, 2.2). */
static bool esp_in_udp(const struct acme_ip *ip)
{
	const u8 *udp = ip->hdr + ip->hlen;

	return ip->len - ip->hlen > 2 * UDP_HDR_LEN &&
	       (get_be16(udp) == WIRE_CUT_PORT ||
		get_be16(udp + 2) == WIRE_CUT_PORT) &&
	       get_be32(udp + UDP_HDR_LEN);
}

/*
 * Is this a whole ESP packet? Those with options are no headers to repeat, and
 * a wrong checksum must not become a right one.
 */
static bool is_esp(struct acme_ip *ip, const u8 *frame, size_t len)
{
	if (len < ETH_HDR_LEN || len > WIRE_FRAME_MAX ||
	    !memcmp(frame + ETH_SOURCE_AT, forger, sizeof(forger)) ||
	    !acme_ip_parse(ip, frame + ETH_HDR_LEN, len - ETH_HDR_LEN,
			   get_be16(frame + ETHERTYPE_AT)) ||
	    ip->frag || ip->options ||
	    (ip->family == 4 && !acme_csum_ipv4_ok(ip->hdr)))
		return false;
	return ip->proto == PROTO_ESP ||
	       (ip->proto == PROTO_UDP && esp_in_udp(ip));
}

/* No piece is longer than the frame. Two cuts at the same place are one. */
static void choose_ends(struct wire_cut *c, u32 len)
{
	u32 places = (len - UNIT) / UNIT;
	u32 *ends = c->ends;
	u32 end;

	ends[0] = UNIT * (1 + next_random(c) % places);
	ends[1] = len;
	ends[2] = len;
	if (next_random(c) % 4)
		return;
	end = UNIT * (1 + next_random(c) % places);
	ends[1] = end < ends[0] ? ends[0] : end;
	ends[0] = min(end, ends[0]);
}

bool wire_cut_begin(struct wire_cut *c, const u8 *frame, size_t len)
{
	struct acme_ip ip;

	if (!c->percent || !is_esp(&ip, frame, len) ||
	    ip.len - ip.hlen < 2 * UNIT || next_random(c) % 100 >= c->percent)
		return false;
	choose_ends(c, ip.len - ip.hlen);
	c->hdr_len = ETH_HDR_LEN + ip.hlen;
	c->pos = 0;
	c->ident += 2;
	c->frames++;
	memcpy(c->frame, frame, ETH_HDR_LEN + ip.len);
	return true;
}

static void fragment_ipv4(struct wire_cut *c, u32 len, bool more)
{
	u8 *l3 = c->piece + ETH_HDR_LEN;
	u16 flags = get_be16(l3 + 6) & IPV4_FLAGS;

	put_be16(l3 + 2, IPV4_HDR_LEN + len);
	put_be16(l3 + 4, c->ident);
	put_be16(l3 + 6, flags | (more ? IPV4_MF : 0) | c->pos / UNIT);
	acme_csum_ipv4(l3);
}

/* The fragment header, RFC 8200, 4.5. */
static void fragment_ipv6(struct wire_cut *c, u32 len, bool more)
{
	u8 *l3 = c->piece + ETH_HDR_LEN;
	u8 *frag = l3 + IPV6_HDR_LEN;

	put_be16(l3 + 4, FRAG_HDR_LEN + len);
	frag[0] = l3[6];
	frag[1] = 0;
	put_be16(frag + 2, c->pos | (more ? IPV6_MF : 0));
	put_be32(frag + 4, c->ident);
	l3[6] = PROTO_FRAGMENT;
}

size_t wire_cut_next(struct wire_cut *c)
{
	u32 len, data = c->hdr_len, *end = c->ends;
	bool more;

	while (end < c->ends + WIRE_CUT_PIECES && *end <= c->pos)
		end++;
	if (end == c->ends + WIRE_CUT_PIECES)
		return 0;
	len = *end - c->pos;
	more = *end != c->ends[WIRE_CUT_PIECES - 1];
	memcpy(c->piece, c->frame, c->hdr_len);
	if (c->frame[ETH_HDR_LEN] >> 4 == 4) {
		fragment_ipv4(c, len, more);
	} else {
		fragment_ipv6(c, len, more);
		data += FRAG_HDR_LEN;
	}
	memcpy(c->piece + data, c->frame + c->hdr_len + c->pos, len);
	c->pos = *end;
	return data + len;
}
