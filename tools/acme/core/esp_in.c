// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* ESP decapsulation. The order of checks is part of the interface. */
#include "esp.h"
#include "internal.h"

/**
 * struct esp_in - one packet on its way in
 * @dev: device
 * @rx: its frame
 * @ip: outer packet
 * @sa: SA
 * @esp: ESP header in @rx
 * @len: bytes from there to the end of the ICV
 * @seq: sequence number
 * @payload: plaintext
 * @payload_len: its bytes without the trailer
 * @next: its protocol
 */
struct esp_in {
	struct acme_dev *dev;
	struct acme_rx *rx;
	const struct acme_ip *ip;
	struct acme_sa *sa;
	u8 *esp;
	u32 len;
	u64 seq;
	u8 *payload;
	u32 payload_len;
	u8 next;
};

static bool malformed(struct esp_in *e)
{
	acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_malformed,
		     &e->sa->drop_malformed);
	return false;
}

static struct acme_sa *lookup(struct acme_dev *dev, const struct acme_ip *ip)
{
	if (ip->later || ip->len - ip->hlen < ESP_HDR_LEN)
		return NULL;
	return acme_sa_lookup(&dev->sas, true, ip->family, acme_ip_daddr(ip),
			      get_be32(ip->hdr + ip->hlen));
}

/* Packets of an SA that the device leaves to the host. */
static bool is_exception(const struct acme_sa *sa, const struct acme_ip *ip)
{
	return !sa->running || ip->frag || ip->options ||
	       (ip->family == 4 && !acme_csum_ipv4_ok(ip->hdr));
}

static bool length_ok(const struct esp_in *e)
{
	u32 least = ESP_IV_HDR_LEN + 4 + e->sa->icv_len;

	return e->len >= least && !((e->len - least) % 4);
}

static bool check_replay(struct esp_in *e)
{
	struct acme_replay *r = &e->sa->replay;

	e->seq = acme_replay_guess(r, get_be32(e->esp + 4));
	if (acme_replay_check(r, e->seq))
		return true;
	acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_replay,
		     &e->sa->drop_replay);
	return false;
}

/* Decrypts in place; only a right ICV moves the window. */
static bool decrypt(struct esp_in *e)
{
	u8 aad[ESP_AAD_MAX];
	struct acme_aead_req req = {
		.iv = e->esp + ESP_HDR_LEN,
		.aad = aad,
		.aad_len = acme_esp_aad(e->sa, e->seq, aad),
		.src = e->esp + ESP_IV_HDR_LEN,
		.dst = e->esp + ESP_IV_HDR_LEN,
		.len = e->len - ESP_IV_HDR_LEN - e->sa->icv_len,
	};

	req.icv = req.dst + req.len;
	if (!acme_aead_decrypt(e->sa->aead, &req)) {
		acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_icv,
			     &e->sa->drop_icv);
		return false;
	}
	acme_replay_commit(&e->sa->replay, e->seq);
	e->payload = req.dst;
	e->payload_len = req.len;
	return true;
}

/* RFC 4303, 2.4: padding is 1, 2, 3 and so on. */
static bool strip_trailer(struct esp_in *e)
{
	u8 *end = e->payload + e->payload_len;
	u8 pad = end[-2];
	u8 i;

	e->next = end[-1];
	if (e->payload_len < (u32)pad + ESP_TRAILER_LEN)
		return false;
	e->payload_len -= pad + ESP_TRAILER_LEN;
	for (i = 0; i < pad; i++)
		if (e->payload[e->payload_len + i] != i + 1)
			return false;
	return true;
}

/* Changes the traffic class; a wrong header checksum stays wrong. */
static void set_tos(u8 *l3, u8 tos)
{
	u16 was, is, sum;

	if (l3[0] >> 4 == 6) {
		put_be16(l3, 6 << 12 | tos << 4 | (l3[1] & 0xf));
		return;
	}
	memcpy(&was, l3, 2);
	l3[1] = tos;
	memcpy(&is, l3, 2);
	memcpy(&sum, l3 + 10, 2);
	sum = acme_csum_fold((u64)(u16)~sum + (u16)~was + is);
	memcpy(l3 + 10, &sum, 2);
}

/* ECN of the inner header (RFC 6040, 4.2); -1: to be dropped. */
static int inner_ecn(u8 inner, u8 outer)
{
	inner &= ECN_MASK;
	outer &= ECN_MASK;
	if (!inner)
		return outer == ECN_CE ? -1 : 0;
	if (outer == ECN_CE || inner == ECN_CE)
		return ECN_CE;
	return outer == ECN_ECT1 ? ECN_ECT1 : inner;
}

static bool decap_tos(const struct esp_in *e, const struct acme_ip *inner)
{
	u32 flags = e->sa->flags;
	u8 tos = inner->tos;
	int ecn = tos & ECN_MASK;

	if (!(flags & ACME_SA_NO_ECN))
		ecn = inner_ecn(tos, e->ip->tos);
	if (ecn < 0)
		return false;
	if (flags & ACME_SA_DECAP_DSCP)
		tos = e->ip->tos;
	tos = (tos & ~ECN_MASK) | ecn;
	if (tos != inner->tos)
		set_tos(e->payload, tos);
	return true;
}

static bool decap_tunnel(struct esp_in *e, struct acme_ip *inner)
{
	u16 type = e->next == PROTO_IPIP ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
	u8 *frame = e->payload - ETH_HDR_LEN;

	if (e->next != PROTO_IPIP && e->next != PROTO_IPV6)
		return false;
	if (!acme_ip_parse(inner, e->payload, e->payload_len, type) ||
	    !decap_tos(e, inner))
		return false;
	memmove(frame, e->rx->data, 12);
	put_be16(frame + 12, type);
	e->rx->data = frame;
	e->rx->len = ETH_HDR_LEN + inner->len;
	return true;
}

static bool decap_transport(struct esp_in *e, struct acme_ip *inner)
{
	u32 hdr_len = e->ip->hlen;
	u8 *l3 = e->payload - hdr_len;
	u16 type = e->ip->family == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;

	memmove(l3 - ETH_HDR_LEN, e->rx->data, ETH_HDR_LEN + hdr_len);
	if (type == ETHERTYPE_IPV4) {
		put_be16(l3 + 2, hdr_len + e->payload_len);
		l3[9] = e->next;
		acme_csum_ipv4(l3);
	} else {
		put_be16(l3 + 4, e->payload_len);
		l3[6] = e->next;
	}
	e->rx->data = l3 - ETH_HDR_LEN;
	e->rx->len = ETH_HDR_LEN + hdr_len + e->payload_len;
	return acme_ip_parse(inner, l3, hdr_len + e->payload_len, type);
}

static bool decap(struct esp_in *e, struct acme_ip *inner)
{
	return e->sa->flags & ACME_SA_TUNNEL ? decap_tunnel(e, inner) :
					       decap_transport(e, inner);
}

static void dummy(struct esp_in *e)
{
	e->dev->count.esp_rx_dummy++;
	acme_sa_stats_write(e->dev, e->sa);
}

static bool open_packet(struct esp_in *e)
{
	struct acme_counters *count = &e->dev->count;
	struct acme_ip inner;

	if (!length_ok(e))
		return malformed(e);
	if (!check_replay(e) || !decrypt(e))
		return false;
	if (!strip_trailer(e))
		return malformed(e);
	if (e->next == PROTO_NONE) {
		dummy(e);
		return false;
	}
	count->esp_rx_packets++;
	count->esp_rx_bytes += e->payload_len;
	acme_sa_account(e->dev, e->sa, e->payload_len);
	if (!decap(e, &inner))
		return malformed(e);
	if (!acme_selector_match(&e->sa->sel, &inner)) {
		acme_sa_drop(e->dev, e->sa, &count->esp_rx_selector,
			     &e->sa->drop_selector);
		return false;
	}
	e->rx->flags |= ACME_RXC_SA;
	e->rx->sa = e->sa->handle;
	return true;
}

bool acme_esp_in(struct acme_dev *dev, struct acme_rx *rx,
		 const struct acme_ip *ip)
{
	struct esp_in e = {
		.dev = dev,
		.rx = rx,
		.ip = ip,
		.sa = lookup(dev, ip),
		.esp = rx->data + (ip->hdr - rx->data) + ip->hlen,
		.len = ip->len - ip->hlen,
	};

	if (!e.sa) {
		dev->count.esp_rx_no_sa++;
		return true;
	}
	if (is_exception(e.sa, ip)) {
		acme_sa_drop(dev, e.sa, &dev->count.esp_rx_exception,
			     &e.sa->exceptions);
		return true;
	}
	return open_packet(&e);
}
