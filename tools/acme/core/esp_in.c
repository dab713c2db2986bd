// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* ESP decapsulation. The order of checks is part of the interface. */
#include "esp.h"
#include "internal.h"

/* Longer headers have their own name among exceptions. */
#define OUTER_HDR_MAX	128

/**
 * struct esp_in - one packet on its way in
 * @dev: device
 * @rx: its frame
 * @ip: outer packet
 * @sa: SA
 * @udp: the UDP header in front, NULL without
 * @esp: ESP header in @rx
 * @len: bytes from there to the end of the ICV
 * @seq: sequence number
 * @payload: plaintext
 * @payload_len: its bytes without the trailer
 * @next: its protocol
 * @suspect: the packet as it came, for audit events
 */
struct esp_in {
	struct acme_dev *dev;
	struct acme_rx *rx;
	const struct acme_ip *ip;
	struct acme_sa *sa;
	const u8 *udp;
	u8 *esp;
	u32 len;
	u64 seq;
	u8 *payload;
	u32 payload_len;
	u8 next;
	struct acme_suspect suspect;
};

static bool malformed(struct esp_in *e)
{
	acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_malformed,
		     &e->sa->drop_malformed);
	acme_audit(e->dev, e->sa, ACME_EV_AUDIT_MALFORMED, &e->suspect);
	return false;
}

static bool has_spi(const struct esp_in *e)
{
	return !e->ip->later && e->len >= ESP_HDR_LEN;
}

/*
 * Finds ESP in UDP (RFC 3948, 2.2): neither IKE nor a keepalive, to a port
 * that an SA has. Of a first fragment only the beginning is there.
 */
static bool in_udp(struct esp_in *e)
{
	u32 len;

	if (e->ip->later || e->len < UDP_HDR_LEN)
		return false;
	len = get_be16(e->udp + 4);
	if (e->ip->frag)
		len = e->len;
	if (len > e->len || len <= UDP_HDR_LEN + ESP_HDR_LEN)
		return false;
	e->esp += UDP_HDR_LEN;
	e->len = len - UDP_HDR_LEN;
	return get_be32(e->esp) &&
	       e->dev->sas.encap_ports[get_be16(e->udp + 2)];
}

static bool is_esp(struct esp_in *e)
{
	if (e->ip->proto == PROTO_ESP)
		return true;
	if (e->ip->proto != PROTO_UDP)
		return false;
	e->udp = e->esp;
	return in_udp(e);
}

/* An SA in UDP is found without as well: what it is then is checked later. */
static bool ports_fit(const struct esp_in *e, const struct acme_sa *sa)
{
	return !e->udp || (acme_sa_in_udp(sa) &&
			   get_be16(e->udp + 2) == sa->encap_dport);
}

static struct acme_sa *lookup(const struct esp_in *e)
{
	const struct acme_ip *ip = e->ip;
	struct acme_sa *sa;

	if (!has_spi(e))
		return NULL;
	sa = acme_sa_lookup(&e->dev->sas, true, ip->family, acme_ip_daddr(ip),
			    get_be32(e->esp));
	return sa && ports_fit(e, sa) ? sa : NULL;
}

/* RFC 3948, 2.1: 0, but another sender's may be there, and then is right. */
static bool udp_csum_ok(const struct esp_in *e)
{
	u32 len = get_be16(e->udp + 4);

	return !get_be16(e->udp + 6) ||
	       !acme_csum_fold(acme_csum(e->udp, len,
					 acme_csum_pseudo(e->ip, len,
							  PROTO_UDP)));
}

/* Packets of an SA that the device leaves to the host. */
static enum acme_exc exception(const struct esp_in *e)
{
	const struct acme_ip *ip = e->ip;

	if (!e->sa->running)
		return ACME_EXC_STOPPED;
	if (ip->frag)
		return ACME_EXC_FRAGMENT;
	if (ip->options)
		return ip->hlen > OUTER_HDR_MAX ? ACME_EXC_LONG :
						  ACME_EXC_OPTIONS;
	if (ip->family == 4 && !acme_csum_ipv4_ok(ip->hdr))
		return ACME_EXC_CSUM;
	if (e->udp && !udp_csum_ok(e))
		return ACME_EXC_CSUM;
	return ACME_EXC_NONE;
}

/* Return: does the frame go to the host? */
static bool leave_to_host(struct esp_in *e, enum acme_exc exc)
{
	struct acme_counters *count = &e->dev->count;
	struct acme_sa *sa = e->sa;

	if (sa->flags & ACME_SA_DROP_EXC && exc != ACME_EXC_STOPPED) {
		if (e->ip->frag)
			acme_frag_drop(&e->dev->frags, e->ip, e->dev->now);
		acme_sa_drop(e->dev, sa, &count->esp_rx_exc_dropped,
			     &sa->drop_exc);
		return false;
	}
	acme_sa_drop(e->dev, sa, &count->esp_rx_exception, &sa->exceptions);
	e->rx->flags |= ACME_RXC_EXC;
	e->rx->exc = exc;
	e->rx->sa = sa->handle;
	return true;
}

static bool length_ok(const struct esp_in *e)
{
	u32 block = e->sa->alg->block_len;
	u32 least = acme_esp_hdr_len(e->sa) + block + e->sa->icv_len;

	return e->len >= least && !((e->len - least) % block);
}

static bool check_encap(struct esp_in *e)
{
	if (e->udp || !acme_sa_in_udp(e->sa))
		return true;
	acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_encap,
		     &e->sa->drop_encap);
	acme_audit(e->dev, e->sa, ACME_EV_AUDIT_MALFORMED, &e->suspect);
	return false;
}

static bool check_quota(struct esp_in *e)
{
	if (acme_sa_quota_ok(e->dev, e->sa, 1, 0))
		return true;
	acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_limit,
		     &e->sa->drop_limit);
	return false;
}

static bool check_replay(struct esp_in *e)
{
	struct acme_replay *r = &e->sa->replay;

	e->seq = acme_replay_guess(r, get_be32(e->esp + 4));
	e->suspect.seq = e->seq;
	if (acme_replay_check(r, e->seq))
		return true;
	acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_replay,
		     &e->sa->drop_replay);
	acme_audit(e->dev, e->sa, ACME_EV_AUDIT_REPLAY, &e->suspect);
	return false;
}

/* Decrypts in place; only a right ICV moves the window. */
static bool decrypt(struct esp_in *e)
{
	u32 hdr_len = acme_esp_hdr_len(e->sa);
	u8 aad[ESP_AAD_MAX];
	struct acme_aead_req req = {
		.iv = e->esp + ESP_HDR_LEN,
		.aad = aad,
		.aad_len = acme_esp_aad(e->sa, e->seq, aad),
		.src = e->esp + hdr_len,
		.dst = e->esp + hdr_len,
		.len = e->len - hdr_len - e->sa->icv_len,
	};

	req.icv = req.dst + req.len;
	if (!acme_aead_decrypt(e->sa->aead, &req)) {
		acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_icv,
			     &e->sa->drop_icv);
		acme_audit(e->dev, e->sa, ACME_EV_AUDIT_ICV, &e->suspect);
		return false;
	}
	acme_replay_commit(&e->sa->replay, e->seq);
	e->payload = req.dst;
	e->payload_len = req.len;
	return true;
}

/* Tells of a peer behind a NAT that appears at another place. */
static void check_mapping(struct esp_in *e)
{
	u32 alen = acme_ip_alen(e->ip);
	struct acme_sa *sa = e->sa;
	u16 sport;

	if (!e->udp)
		return;
	sport = get_be16(e->udp);
	if (sport == sa->map_sport &&
	    !memcmp(sa->map_saddr, acme_ip_saddr(e->ip), alen))
		return;
	sa->map_sport = sport;
	memcpy(sa->map_saddr, acme_ip_saddr(e->ip), alen);
	acme_sa_raise(e->dev, sa, ACME_SA_EV_MAPPING, 0);
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

/* RFC 6040, 4.2, but for the one combination that check_ecn() drops. */
static u8 inner_ecn(u8 inner, u8 outer)
{
	inner &= ECN_MASK;
	outer &= ECN_MASK;
	if (inner != ECN_NOT_ECT && outer == ECN_CE)
		return ECN_CE;
	return inner == ECN_ECT0 && outer == ECN_ECT1 ? ECN_ECT1 : inner;
}

/* Who is not told of congestion by a mark is told by the loss. */
static bool check_ecn(struct esp_in *e, const struct acme_ip *inner)
{
	if (!(e->sa->flags & ACME_SA_TUNNEL) || e->sa->flags & ACME_SA_NO_ECN ||
	    (inner->tos & ECN_MASK) != ECN_NOT_ECT ||
	    (e->ip->tos & ECN_MASK) != ECN_CE)
		return true;
	acme_sa_drop(e->dev, e->sa, &e->dev->count.esp_rx_ecn,
		     &e->sa->drop_ecn);
	return false;
}

static void decap_tos(const struct esp_in *e, const struct acme_ip *inner)
{
	u32 flags = e->sa->flags;
	u8 tos = inner->tos;
	u8 ecn = tos & ECN_MASK;

	if (!(flags & ACME_SA_NO_ECN))
		ecn = inner_ecn(tos, e->ip->tos);
	if (flags & ACME_SA_DECAP_DSCP)
		tos = e->ip->tos;
	tos = (tos & ~ECN_MASK) | ecn;
	if (tos != inner->tos)
		set_tos(e->payload, tos);
}

static bool decap_tunnel(struct esp_in *e, struct acme_ip *inner)
{
	u16 type = e->next == PROTO_IPIP ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
	u8 *frame = e->payload - ETH_HDR_LEN;

	if (e->next != PROTO_IPIP && e->next != PROTO_IPV6)
		return false;
	if (!acme_ip_parse(inner, e->payload, e->payload_len, type))
		return false;
	decap_tos(e, inner);
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
	if (e->udp)
		e->rx->flags |= ACME_RXC_CSUM_OK;
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
	if (!check_replay(e) || !check_quota(e) || !decrypt(e))
		return false;
	check_mapping(e);
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
	if (!check_ecn(e, &inner))
		return false;
	if (!acme_selector_match(&e->sa->sel, &inner)) {
		acme_sa_drop(e->dev, e->sa, &count->esp_rx_selector,
			     &e->sa->drop_selector);
		acme_audit(e->dev, e->sa, ACME_EV_AUDIT_SELECTOR,
			   &e->suspect);
		return false;
	}
	e->rx->flags |= ACME_RXC_SA;
	e->rx->sa = e->sa->handle;
	return true;
}

static void no_sa(struct esp_in *e)
{
	e->dev->count.esp_rx_no_sa++;
	if (has_spi(e))
		acme_audit(e->dev, NULL, ACME_EV_AUDIT_NO_SA, &e->suspect);
}

bool acme_esp_in(struct acme_dev *dev, struct acme_rx *rx,
		 const struct acme_ip *ip)
{
	struct esp_in e = {
		.dev = dev,
		.rx = rx,
		.ip = ip,
		.esp = rx->data + (ip->hdr - rx->data) + ip->hlen,
		.len = ip->len - ip->hlen,
	};
	enum acme_exc exc;

	if (ip->later && acme_frag_dropped(&dev->frags, ip, dev->now)) {
		dev->count.esp_rx_exc_dropped++;
		return false;
	}
	if (!is_esp(&e))
		return true;
	acme_suspect_in(dev, &e.suspect, ip);
	e.sa = lookup(&e);
	if (!e.sa) {
		no_sa(&e);
		return true;
	}
	exc = exception(&e);
	if (exc != ACME_EXC_NONE)
		return leave_to_host(&e, exc);
	if (!check_encap(&e))
		return false;
	if (e.sa->flags & ACME_SA_CRYPTO) {
		acme_esp_crypto_in(dev, e.sa, rx, e.esp, e.len);
		return true;
	}
	return open_packet(&e);
}
