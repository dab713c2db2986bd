/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Receive side scaling: the Toeplitz hash and the indirection table. */
#ifndef _ACME_RSS_H
#define _ACME_RSS_H

#include "acme_hw.h"
#include "ip.h"

#define ACME_RSS_INPUT_MAX	36	/* two IPv6 addresses and ports */

/**
 * struct acme_rss - distribution of frames over queue pairs
 * @set: the driver has given a key
 * @lookup: hash of one input byte, by its position and value
 * @table: queue pair by the low bits of the hash
 */
struct acme_rss {
	bool set;
	u32 lookup[ACME_RSS_INPUT_MAX][256];
	u8 table[ACME_RSS_TABLE_LEN];
};

void acme_rss_init(struct acme_rss *rss);
void acme_rss_set(struct acme_rss *rss, const u8 *key, const u8 *table);

/**
 * acme_rss_hash() - hash a packet
 * @rss: key
 * @ip: packet
 * @hash: filled in
 *
 * Return: ACME_RXC_HASH, with ACME_RXC_HASH_L4 when ports are part of it.
 */
u16 acme_rss_hash(const struct acme_rss *rss, const struct acme_ip *ip,
		  u32 *hash);

#endif /* _ACME_RSS_H */
