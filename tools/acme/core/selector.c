// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "sa.h"

static bool prefix_match(const u8 *a, const u8 *b, u8 bits)
{
	u8 bytes = bits / 8;

	if (memcmp(a, b, bytes))
		return false;
	bits %= 8;
	return !bits || !((a[bytes] ^ b[bytes]) >> (8 - bits));
}

static bool ports_match(const struct acme_selector *sel,
			const struct acme_ip *ip)
{
	u16 sport = 0, dport = 0;

	if (!sel->sport_mask && !sel->dport_mask)
		return true;
	acme_ip_ports(ip, &sport, &dport);
	return !((htobe16(sport) ^ sel->sport) & sel->sport_mask) &&
	       !((htobe16(dport) ^ sel->dport) & sel->dport_mask);
}

bool acme_selector_match(const struct acme_selector *sel,
			 const struct acme_ip *ip)
{
	if (sel->family && sel->family != ip->family)
		return false;
	if (sel->proto && sel->proto != ip->proto)
		return false;
	return prefix_match(sel->saddr, acme_ip_saddr(ip), sel->prefixlen_s) &&
	       prefix_match(sel->daddr, acme_ip_daddr(ip), sel->prefixlen_d) &&
	       ports_match(sel, ip);
}
