// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* TCP segmentation. */
#include "acme_hw.h"
#include "ip.h"

#define TCP_HDR_LEN	20
#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80

bool acme_tso_init(struct acme_tso *t, const u8 *pkt, u32 len, u32 hdr_len,
		   u32 l4, u32 mss)
{
	struct acme_ip ip;

	if (len < ETH_HDR_LEN || hdr_len >= len ||
	    hdr_len > ACME_TSO_MAX_HDR || mss < ACME_TSO_MIN_MSS)
		return false;
	if (!acme_ip_parse(&ip, pkt + ETH_HDR_LEN, len - ETH_HDR_LEN,
			   get_be16(pkt + 12)))
		return false;
	if (ip.proto != PROTO_TCP || ip.frag || l4 != ETH_HDR_LEN + ip.hlen ||
	    hdr_len < l4 + TCP_HDR_LEN ||
	    hdr_len - l4 != (u32)(pkt[l4 + 12] >> 4) * 4)
		return false;
	*t = (struct acme_tso) {
		.pkt = pkt, .len = len, .hdr_len = hdr_len, .mss = mss,
		.l4 = l4, .pos = hdr_len, .family = ip.family,
		.id = get_be16(pkt + ETH_HDR_LEN + 4),
		.seq = get_be32(pkt + l4 + 4),
	};
	return true;
}

static void fix_tcp(const struct acme_tso *t, u8 *tcp, bool last)
{
	bool first = t->pos == t->hdr_len;

	put_be32(tcp + 4, t->seq + (t->pos - t->hdr_len));
	if (!first)
		tcp[13] &= ~TCP_CWR;
	if (!last)
		tcp[13] &= ~(TCP_FIN | TCP_PSH);
	memset(tcp + 16, 0, 2);
}

static void fix_ip(struct acme_tso *t, u8 *l3, u32 len)
{
	if (t->family == 4) {
		put_be16(l3 + 2, len);
		put_be16(l3 + 4, t->id++);
		acme_csum_ipv4(l3);
	} else {
		put_be16(l3 + 4, len - IPV6_HDR_LEN);
	}
}

u32 acme_tso_next(struct acme_tso *t, u8 *out)
{
	struct acme_ip ip = { .hdr = out + ETH_HDR_LEN, .family = t->family };
	u32 n = min(t->mss, t->len - t->pos);
	u32 l4_len = t->hdr_len - t->l4 + n;
	u16 sum;

	if (!n)
		return 0;
	memcpy(out, t->pkt, t->hdr_len);
	memcpy(out + t->hdr_len, t->pkt + t->pos, n);
	fix_ip(t, out + ETH_HDR_LEN, t->hdr_len - ETH_HDR_LEN + n);
	fix_tcp(t, out + t->l4, t->pos + n == t->len);
	sum = acme_csum_fold(acme_csum(out + t->l4, l4_len,
				       acme_csum_pseudo(&ip, l4_len,
							PROTO_TCP)));
	memcpy(out + t->l4 + 16, &sum, 2);
	t->pos += n;
	return t->hdr_len + n;
}
