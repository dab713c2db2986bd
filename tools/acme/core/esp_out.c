// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* ESP encapsulation. */
#include "esp.h"
#include "internal.h"

#define IPV4_DF		0x4000

/**
 * struct esp_out - one packet on its way out
 * @sa: SA
 * @ip: the packet as given
 * @hdr_len: bytes of IP header in front of ESP or UDP
 * @udp: bytes of UDP header
 * @nexthdr: transport mode: offset of the field that becomes ESP
 * @payload: what is encrypted
 * @payload_len: its bytes
 * @next: its protocol
 * @pad: bytes of padding
 * @l3_len: bytes of the result without the Ethernet header
 */
struct esp_out {
	const struct acme_sa *sa;
	struct acme_ip ip;
	u32 hdr_len;
	u32 udp;
	u32 nexthdr;
	u8 *payload;
	u32 payload_len;
	u8 next;
	u32 pad;
	u32 l3_len;
};

static bool parse(struct acme_ip *ip, const u8 *pkt, u32 len)
{
	return acme_ip_parse(ip, pkt + ETH_HDR_LEN, len - ETH_HDR_LEN,
			     get_be16(pkt + 12));
}

/* Fragments can't be protected in transport mode (RFC 4303, 3.3.4). */
static bool well_formed(const struct acme_sa *sa, const struct acme_ip *ip)
{
	u32 nexthdr;

	if (sa->flags & ACME_SA_TUNNEL)
		return true;
	return ip->family == sa->family && !ip->frag &&
	       acme_ip_esp_offset(ip->hdr, ip->len, &nexthdr);
}

static void audit(struct acme_dev *dev, struct acme_sa *sa, u16 type,
		  const u8 *pkt, u32 len)
{
	struct acme_suspect s;

	acme_suspect_out(dev, &s, sa, pkt + ETH_HDR_LEN, len);
	acme_audit(dev, sa, type, &s);
}

bool acme_esp_out_check(struct acme_dev *dev, struct acme_sa *sa,
			const u8 *pkt, u32 len)
{
	struct acme_ip ip;

	if (!parse(&ip, pkt, len) || !well_formed(sa, &ip)) {
		acme_sa_drop(dev, sa, &dev->count.esp_tx_malformed,
			     &sa->drop_malformed);
		audit(dev, sa, ACME_EV_AUDIT_MALFORMED, pkt, len);
		return false;
	}
	if (!acme_selector_match(&sa->sel, &ip)) {
		acme_sa_drop(dev, sa, &dev->count.esp_tx_selector,
			     &sa->drop_selector);
		audit(dev, sa, ACME_EV_AUDIT_SELECTOR, pkt, len);
		return false;
	}
	return true;
}

static void plan_tunnel(struct esp_out *o, u8 *l3)
{
	o->hdr_len = o->sa->family == 4 ? IPV4_HDR_LEN : IPV6_HDR_LEN;
	o->next = o->ip.family == 4 ? PROTO_IPIP : PROTO_IPV6;
	o->payload = l3;
	o->payload_len = o->ip.len;
}

static void plan_transport(struct esp_out *o, u8 *l3)
{
	o->hdr_len = acme_ip_esp_offset(l3, o->ip.len, &o->nexthdr);
	o->next = l3[o->nexthdr];
	o->payload = l3 + o->hdr_len;
	o->payload_len = o->ip.len - o->hdr_len;
}

static void plan(struct esp_out *o, u8 *l3)
{
	if (o->sa->flags & ACME_SA_TUNNEL)
		plan_tunnel(o, l3);
	else
		plan_transport(o, l3);
	o->udp = acme_sa_in_udp(o->sa) ? UDP_HDR_LEN : 0;
	o->pad = -(o->payload_len + ESP_TRAILER_LEN) &
		 (o->sa->alg->block_len - 1);
	o->l3_len = o->hdr_len + o->udp + acme_esp_hdr_len(o->sa) +
		    o->payload_len + o->pad + ESP_TRAILER_LEN +
		    o->sa->icv_len;
}

/* Fills in the trailer behind the payload: 1, 2, ..., length, protocol. */
static u32 add_trailer(const struct esp_out *o)
{
	u8 *p = o->payload + o->payload_len;
	u32 i;

	for (i = 0; i < o->pad; i++)
		*p++ = i + 1;
	*p++ = o->pad;
	*p++ = o->next;
	return o->payload_len + o->pad + ESP_TRAILER_LEN;
}

/* DSCP (RFC 4301, 5.1.2) and ECN (RFC 6040, 4.1) of the outer header. */
static u8 outer_tos(const struct esp_out *o)
{
	u32 flags = o->sa->flags;
	u8 tos = o->ip.tos;

	if (flags & ACME_SA_NO_ENCAP_DSCP)
		tos &= ECN_MASK;
	if (flags & ACME_SA_NO_ECN)
		tos &= ~ECN_MASK;
	return tos;
}

/* An inner IPv6 packet of the minimum MTU must get through. */
static u16 outer_df(const struct esp_out *o)
{
	if (o->sa->flags & ACME_SA_NO_DF)
		return 0;
	if (o->ip.family == 6)
		return o->ip.len <= IPV6_MIN_MTU ? 0 : IPV4_DF;
	return get_be16(o->ip.hdr + 6) & IPV4_DF;
}

static u8 outer_proto(const struct esp_out *o)
{
	return o->udp ? PROTO_UDP : PROTO_ESP;
}

static void tunnel_ipv4(const struct esp_out *o, u8 *l3, u16 id)
{
	memset(l3, 0, IPV4_HDR_LEN);
	l3[0] = 0x45;
	l3[1] = outer_tos(o);
	put_be16(l3 + 2, o->l3_len);
	put_be16(l3 + 4, id);
	put_be16(l3 + 6, outer_df(o));
	l3[8] = o->sa->ttl;
	l3[9] = outer_proto(o);
	memcpy(l3 + 12, o->sa->saddr, 4);
	memcpy(l3 + 16, o->sa->daddr, 4);
	acme_csum_ipv4(l3);
}

static void tunnel_ipv6(const struct esp_out *o, u8 *l3)
{
	u32 label = 0;

	if (o->ip.family == 6)
		label = get_be32(o->ip.hdr) & IPV6_LABEL_MASK;
	put_be32(l3, 6U << 28 | (u32)outer_tos(o) << 20 | label);
	put_be16(l3 + 4, o->l3_len - IPV6_HDR_LEN);
	l3[6] = outer_proto(o);
	l3[7] = o->sa->ttl;
	memcpy(l3 + 8, o->sa->saddr, 16);
	memcpy(l3 + 24, o->sa->daddr, 16);
}

static void transport(const struct esp_out *o, u8 *l3)
{
	memcpy(l3, o->ip.hdr, o->hdr_len);
	l3[o->nexthdr] = outer_proto(o);
	if (o->ip.family == 4) {
		put_be16(l3 + 2, o->l3_len);
		acme_csum_ipv4(l3);
	} else {
		put_be16(l3 + 4, o->l3_len - IPV6_HDR_LEN);
	}
}

static void write_headers(struct acme_dev *dev, const struct esp_out *o,
			  const u8 *pkt, u8 *out)
{
	u8 *l3 = out + ETH_HDR_LEN;

	memcpy(out, pkt, 12);
	put_be16(out + 12, o->sa->family == 4 ? ETHERTYPE_IPV4 :
						ETHERTYPE_IPV6);
	if (!(o->sa->flags & ACME_SA_TUNNEL))
		transport(o, l3);
	else if (o->sa->family == 4)
		tunnel_ipv4(o, l3, dev->ip_id++);
	else
		tunnel_ipv6(o, l3);
}

/* RFC 3948, 2.1; over IPv6 there must be a checksum (RFC 8200, 8.1). */
static void write_udp(const struct esp_out *o, u8 *l3)
{
	struct acme_ip ip = { .hdr = l3, .family = o->sa->family };
	u32 len = o->l3_len - o->hdr_len;
	u8 *udp = l3 + o->hdr_len;
	u16 sum;

	put_be16(udp, o->sa->encap_sport);
	put_be16(udp + 2, o->sa->encap_dport);
	put_be16(udp + 4, len);
	put_be16(udp + 6, 0);
	if (ip.family == 4)
		return;
	sum = acme_csum_fold(acme_csum(udp, len,
				       acme_csum_pseudo(&ip, len,
							PROTO_UDP)));
	if (!sum)
		sum = 0xffff;
	memcpy(udp + 6, &sum, 2);
}

static void encrypt(struct acme_dev *dev, const struct esp_out *o, u64 seq,
		    u8 *esp)
{
	const struct acme_sa *sa = o->sa;
	u8 aad[ESP_AAD_MAX];
	struct acme_aead_req req = {
		.iv = esp + ESP_HDR_LEN,
		.aad = aad,
		.aad_len = acme_esp_aad(sa, seq, aad),
		.src = o->payload,
		.dst = esp + acme_esp_hdr_len(sa),
		.len = add_trailer(o),
	};

	put_be32(esp, sa->spi);
	put_be32(esp + 4, seq);
	if (sa->alg->random_iv)
		dev->ops->random(dev->ctx, esp + ESP_HDR_LEN,
				 sa->alg->iv_len);
	else
		acme_esp_iv(sa, seq, esp + ESP_HDR_LEN);
	req.icv = req.dst + req.len;
	acme_aead_encrypt(sa->aead, &req);
}

/* Nothing takes a sequence number that is not sent. */
static bool may_send(struct acme_dev *dev, struct acme_sa *sa,
		     const struct esp_out *o, const u8 *pkt, u32 len)
{
	if (o->l3_len > dev->mtu) {
		acme_sa_drop(dev, sa, &dev->count.tx_too_long,
			     &sa->drop_too_long);
		return false;
	}
	if (!acme_sa_quota_ok(dev, sa, 1, o->payload_len)) {
		acme_sa_drop(dev, sa, &dev->count.esp_tx_limit,
			     &sa->drop_limit);
		return false;
	}
	if (sa->seq >= acme_sa_seq_max(sa)) {
		acme_sa_drop(dev, sa, &dev->count.esp_tx_seq, &sa->drop_seq);
		acme_sa_raise_once(dev, sa, ACME_SA_EV_SEQ_END, 0);
		audit(dev, sa, ACME_EV_AUDIT_SEQ, pkt, len);
		return false;
	}
	return true;
}

u32 acme_esp_out(struct acme_dev *dev, struct acme_sa *sa, u8 *pkt, u32 len,
		 u8 *out)
{
	struct esp_out o = { .sa = sa };
	u8 *l3 = out + ETH_HDR_LEN;

	if (!parse(&o.ip, pkt, len)) {
		acme_sa_drop(dev, sa, &dev->count.esp_tx_malformed,
			     &sa->drop_malformed);
		return 0;
	}
	plan(&o, pkt + ETH_HDR_LEN);
	if (!may_send(dev, sa, &o, pkt, len))
		return 0;
	sa->seq++;
	write_headers(dev, &o, pkt, out);
	encrypt(dev, &o, sa->seq, l3 + o.hdr_len + o.udp);
	if (o.udp)
		write_udp(&o, l3);
	dev->count.esp_tx_packets++;
	dev->count.esp_tx_bytes += o.payload_len;
	acme_sa_account(dev, sa, o.payload_len);
	return ETH_HDR_LEN + o.l3_len;
}
