/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* IP headers, checksums, segmentation: functions on bytes, no state. */
#ifndef _ACME_IP_H
#define _ACME_IP_H

#include "compat.h"

#define ETH_HDR_LEN	14
#define VLAN_TAG_LEN	4
#define IPV4_HDR_LEN	20
#define IPV6_HDR_LEN	40
#define IPV6_MIN_MTU	1280
#define IPV6_LABEL_MASK	0x000fffff

#define ETHERTYPE_IPV4	0x0800
#define ETHERTYPE_VLAN	0x8100
#define ETHERTYPE_IPV6	0x86dd

#define PROTO_HOPOPTS	0
#define PROTO_ICMP	1
#define PROTO_IPIP	4
#define PROTO_TCP	6
#define PROTO_UDP	17
#define PROTO_IPV6	41
#define PROTO_ROUTING	43
#define PROTO_FRAGMENT	44
#define PROTO_GRE	47
#define PROTO_ESP	50
#define PROTO_ICMPV6	58
#define PROTO_NONE	59
#define PROTO_DSTOPTS	60
#define PROTO_SCTP	132
#define PROTO_MH	135
#define PROTO_UDPLITE	136

#define ECN_MASK	0x03
#define ECN_NOT_ECT	0x00
#define ECN_ECT1	0x01
#define ECN_ECT0	0x02
#define ECN_CE		0x03

/**
 * struct acme_ip - what the headers of an IP packet say
 * @hdr: the packet
 * @len: its bytes, as its length field says
 * @id: identification of a fragment
 * @hlen: bytes before the header of @proto
 * @family: 4 or 6
 * @proto: protocol after all extension headers that the device knows
 * @tos: DSCP and ECN
 * @frag: a fragment, the first included
 * @later: a fragment other than the first: there is no header of @proto
 * @options: IPv4 options or IPv6 extension headers are present
 */
struct acme_ip {
	const u8 *hdr;
	u32 len;
	u32 id;
	u32 hlen;
	u8 family;
	u8 proto;
	u8 tos;
	bool frag;
	bool later;
	bool options;
};

/**
 * acme_ip_parse() - read the headers of an IP packet
 * @ip: filled in
 * @p: packet
 * @avail: bytes at @p; more than the packet has are ignored
 * @ethertype: ETHERTYPE_IPV4 or ETHERTYPE_IPV6
 *
 * Return: false when it is no IP packet or a length is inconsistent.
 */
bool acme_ip_parse(struct acme_ip *ip, const u8 *p, u32 avail, u16 ethertype);

const u8 *acme_ip_saddr(const struct acme_ip *ip);
const u8 *acme_ip_daddr(const struct acme_ip *ip);

static inline u32 acme_ip_alen(const struct acme_ip *ip)
{
	return ip->family == 4 ? 4 : 16;
}

/**
 * acme_ip_ports() - what stands for the ports of a packet, as XFRM has it
 * @ip: packet
 * @sport: source port, type of ICMP or Mobility Header, or upper half of a GRE
 *	key, host order
 * @dport: destination port, ICMP code, or its lower half, host order
 *
 * Return: false when the packet has none.
 */
bool acme_ip_ports(const struct acme_ip *ip, u16 *sport, u16 *dport);

/**
 * acme_ip_esp_offset() - where ESP goes in transport mode
 * @hdr: IP packet
 * @len: its bytes
 * @nexthdr: offset of the field that names the next protocol
 *
 * IPv6: after hop-by-hop and routing headers, and after destination options
 * in front of a routing header (RFC 4303, 3.1.1).
 *
 * Return: offset, 0 when the headers are inconsistent.
 */
u32 acme_ip_esp_offset(const u8 *hdr, u32 len, u32 *nexthdr);

/* One's complement sums are kept in memory order: store them with memcpy(). */
u64 acme_csum(const void *data, u32 len, u64 sum);
u16 acme_csum_fold(u64 sum);
void acme_csum_ipv4(u8 *hdr);
bool acme_csum_ipv4_ok(const u8 *hdr);

/**
 * acme_csum_pseudo() - sum of a pseudo header
 * @ip: packet
 * @len: bytes of the upper-layer packet
 * @proto: its protocol
 *
 * Return: the sum, to go on from.
 */
u64 acme_csum_pseudo(const struct acme_ip *ip, u32 len, u8 proto);

/**
 * acme_csum_fill() - complete a partial checksum
 * @pkt: frame
 * @len: its bytes
 * @start: first byte summed up
 * @offset: of the checksum field from @start; it holds the pseudo header's sum
 *
 * Return: false when the field is outside the frame.
 */
bool acme_csum_fill(u8 *pkt, u32 len, u32 start, u32 offset);

/* Is the TCP or UDP checksum present and right? */
bool acme_csum_l4_ok(const struct acme_ip *ip);

/**
 * struct acme_tso - segmentation of a TCP packet in progress
 * @pkt: Ethernet frame
 * @len: its bytes
 * @hdr_len: bytes of headers that every segment repeats
 * @mss: payload of a segment
 * @l4: offset of the TCP header
 * @pos: next byte of payload
 * @family: 4 or 6
 * @id: of the next IPv4 header
 * @seq: TCP sequence number of the first segment
 */
struct acme_tso {
	const u8 *pkt;
	u32 len;
	u32 hdr_len;
	u32 mss;
	u32 l4;
	u32 pos;
	u8 family;
	u16 id;
	u32 seq;
};

/**
 * acme_tso_init() - check a packet for segmentation
 * @t: initialised
 * @pkt: Ethernet frame with a TCP packet
 * @len: its bytes
 * @hdr_len: bytes of Ethernet, IP and TCP header
 * @l4: offset of the TCP header
 * @mss: payload of a segment, at least ACME_TSO_MIN_MSS
 *
 * Return: false when these contradict each other.
 */
bool acme_tso_init(struct acme_tso *t, const u8 *pkt, u32 len, u32 hdr_len,
		   u32 l4, u32 mss);

/**
 * acme_tso_next() - build the next segment
 * @t: state
 * @out: room for @hdr_len + @mss bytes
 *
 * Return: bytes of the frame, 0 after the last.
 */
u32 acme_tso_next(struct acme_tso *t, u8 *out);

#endif /* _ACME_IP_H */
