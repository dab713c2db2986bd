// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "rss.h"

void acme_rss_init(struct acme_rss *rss)
{
	memset(rss, 0, sizeof(*rss));
}

/* 32 bits of the key from bit @pos on. */
static u32 key_bits(const u8 *key, u32 pos)
{
	u64 bits = (u64)get_be32(key + pos / 8) << 8 | key[pos / 8 + 4];

	return bits >> (8 - pos % 8);
}

void acme_rss_set(struct acme_rss *rss, const u8 *key, const u8 *table)
{
	u32 pos, val, bit;

	memset(rss->lookup, 0, sizeof(rss->lookup));
	for (pos = 0; pos < ACME_RSS_INPUT_MAX; pos++)
		for (val = 0; val < 256; val++)
			for (bit = 0; bit < 8; bit++)
				if (val & (0x80 >> bit))
					rss->lookup[pos][val] ^=
						key_bits(key, pos * 8 + bit);
	memcpy(rss->table, table, sizeof(rss->table));
	rss->set = true;
}

u16 acme_rss_hash(const struct acme_rss *rss, const struct acme_ip *ip,
		  u32 *hash)
{
	u32 len = 2 * acme_ip_alen(ip);
	u16 flags = ACME_RXC_HASH;
	u8 in[ACME_RSS_INPUT_MAX];
	u32 h = 0;
	u32 i;

	if (!rss->set)
		return 0;
	memcpy(in, acme_ip_saddr(ip), len);
	if ((ip->proto == PROTO_TCP || ip->proto == PROTO_UDP) && !ip->frag &&
	    ip->len - ip->hlen >= 4) {
		memcpy(in + len, ip->hdr + ip->hlen, 4);
		len += 4;
		flags |= ACME_RXC_HASH_L4;
	}
	for (i = 0; i < len; i++)
		h ^= rss->lookup[i][in[i]];
	*hash = h;
	return flags;
}
