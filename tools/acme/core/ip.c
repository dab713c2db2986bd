// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reading IP headers. */
#include "ip.h"

#define IPV4_MF_OFFSET	0x3fff
#define IPV4_OFFSET	0x1fff
#define IPV6_OFFSET	0xfff8
#define IPV6_MF		0x0001
#define GRE_CSUM	0x8000
#define GRE_ROUTING	0x4000
#define GRE_KEY		0x2000
#define GRE_VERSION	0x0007

static bool parse_ipv4(struct acme_ip *ip, const u8 *p, u32 avail)
{
	u16 frag;

	if (avail < IPV4_HDR_LEN || p[0] >> 4 != 4)
		return false;
	ip->family = 4;
	ip->hlen = (p[0] & 0xf) * 4;
	ip->len = get_be16(p + 2);
	if (ip->hlen < IPV4_HDR_LEN || ip->len < ip->hlen || ip->len > avail)
		return false;
	frag = get_be16(p + 6);
	ip->id = get_be16(p + 4);
	ip->tos = p[1];
	ip->proto = p[9];
	ip->frag = frag & IPV4_MF_OFFSET;
	ip->later = frag & IPV4_OFFSET;
	ip->options = ip->hlen > IPV4_HDR_LEN;
	return true;
}

static bool is_ext_hdr(u8 proto)
{
	return proto == PROTO_HOPOPTS || proto == PROTO_ROUTING ||
	       proto == PROTO_FRAGMENT || proto == PROTO_DSTOPTS;
}

/* Steps over one extension header; false when it is cut off. */
static bool skip_ext_hdr(struct acme_ip *ip)
{
	const u8 *ext = ip->hdr + ip->hlen;
	u32 len = 8;
	u16 frag;

	if (ip->len - ip->hlen < 8)
		return false;
	if (ip->proto == PROTO_FRAGMENT) {
		frag = get_be16(ext + 2);
		ip->frag = frag & (IPV6_OFFSET | IPV6_MF);
		ip->later = frag & IPV6_OFFSET;
		ip->id = get_be32(ext + 4);
	} else {
		len = (ext[1] + 1) * 8;
	}
	if (ip->len - ip->hlen < len)
		return false;
	ip->options = true;
	ip->proto = ext[0];
	ip->hlen += len;
	return true;
}

static bool parse_ipv6(struct acme_ip *ip, const u8 *p, u32 avail)
{
	if (avail < IPV6_HDR_LEN || p[0] >> 4 != 6)
		return false;
	ip->family = 6;
	ip->hlen = IPV6_HDR_LEN;
	ip->len = IPV6_HDR_LEN + get_be16(p + 4);
	if (ip->len > avail)
		return false;
	ip->tos = get_be16(p) >> 4;
	ip->proto = p[6];
	while (is_ext_hdr(ip->proto) && !ip->later)
		if (!skip_ext_hdr(ip))
			return false;
	return true;
}

bool acme_ip_parse(struct acme_ip *ip, const u8 *p, u32 avail, u16 ethertype)
{
	*ip = (struct acme_ip) { .hdr = p };
	switch (ethertype) {
	case ETHERTYPE_IPV4:
		return parse_ipv4(ip, p, avail);
	case ETHERTYPE_IPV6:
		return parse_ipv6(ip, p, avail);
	default:
		return false;
	}
}

const u8 *acme_ip_saddr(const struct acme_ip *ip)
{
	return ip->hdr + (ip->family == 4 ? 12 : 8);
}

const u8 *acme_ip_daddr(const struct acme_ip *ip)
{
	return acme_ip_saddr(ip) + acme_ip_alen(ip);
}

/* The halves of the key (RFC 2890), if there is one. */
static bool gre_key(const u8 *gre, u32 len, u16 *high, u16 *low)
{
	u16 flags = get_be16(gre);
	u32 at = flags & GRE_CSUM ? 8 : 4;

	if (!(flags & GRE_KEY) || flags & (GRE_ROUTING | GRE_VERSION) ||
	    len < at + 4)
		return false;
	*high = get_be16(gre + at);
	*low = get_be16(gre + at + 2);
	return true;
}

bool acme_ip_ports(const struct acme_ip *ip, u16 *sport, u16 *dport)
{
	const u8 *l4 = ip->hdr + ip->hlen;

	if (ip->later || ip->len - ip->hlen < 4)
		return false;
	switch (ip->proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_SCTP:
	case PROTO_UDPLITE:
		*sport = get_be16(l4);
		*dport = get_be16(l4 + 2);
		return true;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		*sport = l4[0];
		*dport = l4[1];
		return true;
	case PROTO_MH:
		*sport = l4[2];
		*dport = 0;
		return true;
	case PROTO_GRE:
		return gre_key(l4, ip->len - ip->hlen, sport, dport);
	default:
		return false;
	}
}

static u32 esp_offset_ipv6(const u8 *hdr, u32 len, u32 *nexthdr)
{
	u32 off = IPV6_HDR_LEN;
	bool routing = false;
	u32 field = 6;
	u8 proto;

	for (;;) {
		proto = hdr[field];
		if (proto != PROTO_HOPOPTS && proto != PROTO_ROUTING &&
		    (proto != PROTO_DSTOPTS || routing))
			break;
		if (len - off < 8)
			return 0;
		routing |= proto == PROTO_ROUTING;
		field = off;
		off += (hdr[off + 1] + 1) * 8;
		if (off > len)
			return 0;
	}
	*nexthdr = field;
	return off;
}

u32 acme_ip_esp_offset(const u8 *hdr, u32 len, u32 *nexthdr)
{
	if (hdr[0] >> 4 == 6)
		return esp_offset_ipv6(hdr, len, nexthdr);
	*nexthdr = 9;
	return (hdr[0] & 0xf) * 4;
}
