// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The Internet checksum (RFC 1071). */
#include "ip.h"

u64 acme_csum(const void *data, u32 len, u64 sum)
{
	const u8 *p = data;
	u16 half = 0;
	u32 word;

	for (; len >= 4; len -= 4, p += 4) {
		memcpy(&word, p, 4);
		sum += word;
	}
	if (len >= 2) {
		memcpy(&half, p, 2);
		sum += half;
		p += 2;
		half = 0;
	}
	if (len & 1) {
		memcpy(&half, p, 1);
		sum += half;
	}
	return sum;
}

u16 acme_csum_fold(u64 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

void acme_csum_ipv4(u8 *hdr)
{
	u16 sum;

	memset(hdr + 10, 0, 2);
	sum = acme_csum_fold(acme_csum(hdr, (hdr[0] & 0xf) * 4, 0));
	memcpy(hdr + 10, &sum, 2);
}

bool acme_csum_ipv4_ok(const u8 *hdr)
{
	return !acme_csum_fold(acme_csum(hdr, (hdr[0] & 0xf) * 4, 0));
}

u64 acme_csum_pseudo(const struct acme_ip *ip, u32 len, u8 proto)
{
	u8 tail[8] = { [7] = proto };

	put_be32(tail, len);
	return acme_csum(acme_ip_saddr(ip), 2 * acme_ip_alen(ip),
			 acme_csum(tail, sizeof(tail), 0));
}

bool acme_csum_fill(u8 *pkt, u32 len, u32 start, u32 offset)
{
	u16 sum;

	if (start > len || len - start < 2 || offset > len - start - 2)
		return false;
	sum = acme_csum_fold(acme_csum(pkt + start, len - start, 0));
	if (!sum)
		sum = 0xffff;
	memcpy(pkt + start + offset, &sum, 2);
	return true;
}

bool acme_csum_l4_ok(const struct acme_ip *ip)
{
	u32 len = ip->len - ip->hlen;
	const u8 *l4 = ip->hdr + ip->hlen;
	u64 sum;

	if (ip->frag)
		return false;
	if (ip->proto == PROTO_UDP) {
		if (len < 8 || get_be16(l4 + 4) != len || !get_be16(l4 + 6))
			return false;
	} else if (ip->proto != PROTO_TCP || len < 20) {
		return false;
	}
	sum = acme_csum(l4, len, acme_csum_pseudo(ip, len, ip->proto));
	return !acme_csum_fold(sum);
}
