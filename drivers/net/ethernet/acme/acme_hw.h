/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Interface between the acme NIC and its driver.
 *
 * The only description of the device in code: the driver and the device
 * include this file. Documentation/device-programming.rst explains it.
 *
 * All fields are little endian unless they are __be or byte arrays; addresses,
 * ports, SPIs and packet contents are in network order. IPv4 addresses stand in
 * the first four bytes of a 16-byte field, the rest is zero. Reserved fields
 * are written as zero and ignored when read.
 */
#ifndef _ACME_HW_H
#define _ACME_HW_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#else
#include <assert.h>
#endif
#include <linux/types.h>

#define ACME_ASSERT_SIZE(type, size) \
	static_assert(sizeof(struct type) == (size), #type)

#define ACME_PCI_VENDOR			0x1af4
#define ACME_PCI_DEVICE			0x1110

#define ACME_BAR_DOORBELL		0
#define ACME_BAR_REGS			2
#define ACME_REGS_SIZE			0x10000

/* BAR 0. Doorbell register: ACME_REG_DB_ID << 16 | doorbell number. */
#define ACME_DB				0x0c
#define ACME_DB_MGMT			0
#define ACME_DB_QUEUE(q)		(1 + (q))

/*
 * BAR 2. RO: written by the device, RW: written by the driver. What the driver
 * writes takes effect when a doorbell is rung: ACME_DB_MGMT for this page,
 * ACME_DB_QUEUE(q) for the queue registers.
 */
#define ACME_REG_MAGIC			0x000	/* RO */
#define  ACME_MAGIC			0x454d4341
#define ACME_REG_VERSION		0x004	/* RO, major << 16 | minor */
#define  ACME_VERSION_MAJOR		1
#define  ACME_VERSION_MINOR		1
#define  ACME_VERSION			(ACME_VERSION_MAJOR << 16 | \
					 ACME_VERSION_MINOR)
#define ACME_REG_STATUS			0x008	/* RO */
#define  ACME_STATUS_READY		0x01
#define  ACME_STATUS_BAD_VERSION	0x02	/* ACME_REG_DRV_VERSION */
#define  ACME_STATUS_BAD_QUEUE		0x04	/* admin or event queue */
#define ACME_REG_RESET			0x010	/* RW, any new number */
#define ACME_REG_RESET_ACK		0x014	/* RO, that number when done */
#define ACME_REG_DRV_VERSION		0x018	/* RW */
#define ACME_REG_DB_ID			0x01c	/* RO */
#define ACME_REG_NUM_VECTORS		0x020	/* RO, MSI-X vectors */
#define ACME_REG_NUM_QUEUES		0x024	/* RO, queue pairs */
#define ACME_REG_MAX_RING_LOG2		0x028	/* RO */
#define ACME_REG_MAX_MTU		0x02c	/* RO */
#define ACME_REG_MAC_LO			0x030	/* RO, bytes 0 to 3 */
#define ACME_REG_MAC_HI			0x034	/* RO, bytes 4 and 5 */
#define ACME_REG_FEATURES		0x038	/* RO */
#define  ACME_FEATURE_TX_CSUM		0x01
#define  ACME_FEATURE_RX_CSUM		0x02
#define  ACME_FEATURE_TSO		0x04
#define  ACME_FEATURE_RSS		0x08
#define  ACME_FEATURE_IPSEC		0x10
#define ACME_REG_LINK			0x040	/* RO */
#define  ACME_LINK_UP			0x01
#define ACME_REG_LINK_SPEED		0x044	/* RO, Mbit/s */
#define ACME_REG_FW_VERSION		0x060	/* RO, ASCII, NUL-padded */
#define ACME_REG_SERIAL			0x080	/* RO, ASCII, NUL-padded */
#define ACME_REG_STRING_LEN		32

/* Test registers. A command is taken when TEST_CMD differs from TEST_DONE. */
#define ACME_REG_TEST_SCRATCH		0x0c0	/* RW */
#define ACME_REG_TEST_INVERT		0x0c4	/* RO, ~TEST_SCRATCH */
#define ACME_REG_TEST_CMD		0x0c8	/* RW, number << 8 | operation */
#define  ACME_TEST_OP			0xff
#define  ACME_TEST_OP_INVERT		1	/* update TEST_INVERT */
#define  ACME_TEST_OP_IRQ		2	/* raise vector TEST_ARG */
#define  ACME_TEST_OP_DMA		3	/* invert TEST_ARG bytes */
#define ACME_REG_TEST_DONE		0x0cc	/* RO, copy of TEST_CMD */
#define ACME_REG_TEST_STATUS		0x0d0	/* RO, enum acme_status */
#define ACME_REG_TEST_ARG		0x0d4	/* RW */
#define ACME_REG_TEST_ADDR_LO		0x0d8	/* RW */
#define ACME_REG_TEST_ADDR_HI		0x0dc	/* RW */
#define ACME_TEST_DMA_MAX		4096

/* Admin and event queue. Bases and sizes are latched by a reset. */
#define ACME_REG_AQ_BASE_LO		0x100	/* RW */
#define ACME_REG_AQ_BASE_HI		0x104	/* RW */
#define ACME_REG_AQ_LOG2		0x108	/* RW, 0: no queues */
#define ACME_REG_AQ_TAIL		0x10c	/* RW, commands posted */
#define ACME_REG_AQ_HEAD		0x110	/* RO, commands answered */
#define ACME_REG_EQ_BASE_LO		0x120	/* RW */
#define ACME_REG_EQ_BASE_HI		0x124	/* RW */
#define ACME_REG_EQ_LOG2		0x128	/* RW */
#define ACME_REG_EQ_HEAD		0x12c	/* RW, events consumed */
#define ACME_REG_EQ_LOST		0x130	/* RO, events dropped */
#define ACME_AQ_MAX_LOG2		8
#define ACME_EQ_MAX_LOG2		12

/*
 * Registers of queue pair q, counts run freely from 0 at creation. ARM needs no
 * doorbell: the device reads it after it has written completions, and raises
 * the interrupt if it differs from its value at the last interrupt (from 0
 * after creation). The driver, done with all completions, writes a new number
 * and then looks for completions once more.
 */
#define ACME_REG_QUEUE(q)		(0x1000 + 0x40 * (q))
#define  ACME_QREG_TX_TAIL		0x00	/* RW, descriptors posted */
#define  ACME_QREG_RX_TAIL		0x04	/* RW, buffers posted */
#define  ACME_QREG_ARM			0x08	/* RW, any new number */
#define ACME_MAX_QUEUES			15
#define ACME_MIN_RING_LOG2		3

/* MSI-X vector of admin completions and events. */
#define ACME_VEC_MGMT			0

/**
 * enum acme_status - answer to a command
 * @ACME_ST_PENDING: not answered yet
 * @ACME_ST_OK: done
 * @ACME_ST_BAD_OPCODE: unknown command
 * @ACME_ST_BAD_PARAM: a field is invalid; its offset in the slot is in detail
 * @ACME_ST_UNSUPPORTED: valid, but this device can't; offset in detail
 * @ACME_ST_NO_SPACE: the table is full
 * @ACME_ST_EXISTS: there is such an object
 * @ACME_ST_NOT_FOUND: there is no such object, or its handle is stale
 * @ACME_ST_BUSY: not in this state of the object
 * @ACME_ST_DMA_FAULT: an address is outside the host's memory
 * @ACME_ST_INTERNAL: the device failed
 * @ACME_ST_SEEN: the sequence number was accepted before
 * @ACME_ST_LEFT: the sequence number is left of the window
 * @ACME_ST_QUOTA: a hard limit is reached
 * @ACME_ST_SEQ_END: not as many sequence numbers are left
 */
enum acme_status {
	ACME_ST_PENDING = 0,
	ACME_ST_OK = 1,
	ACME_ST_BAD_OPCODE = 2,
	ACME_ST_BAD_PARAM = 3,
	ACME_ST_UNSUPPORTED = 4,
	ACME_ST_NO_SPACE = 5,
	ACME_ST_EXISTS = 6,
	ACME_ST_NOT_FOUND = 7,
	ACME_ST_BUSY = 8,
	ACME_ST_DMA_FAULT = 9,
	ACME_ST_INTERNAL = 10,
	ACME_ST_SEEN = 11,
	ACME_ST_LEFT = 12,
	ACME_ST_QUOTA = 13,
	ACME_ST_SEQ_END = 14,
};

enum acme_opcode {
	ACME_OP_GET_CAPS = 0x01,
	ACME_OP_TIME_SET = 0x02,
	ACME_OP_VPORT_SET = 0x03,
	ACME_OP_RSS_SET = 0x04,
	ACME_OP_STATS_GET = 0x05,
	ACME_OP_AUDIT_SET = 0x06,
	ACME_OP_QUEUE_CREATE = 0x10,
	ACME_OP_QUEUE_DESTROY = 0x11,
	ACME_OP_QUEUE_COALESCE = 0x12,
	ACME_OP_SA_ADD = 0x20,
	ACME_OP_SA_RUN = 0x21,
	ACME_OP_SA_DEL = 0x22,
	ACME_OP_SA_QUERY = 0x23,
	ACME_OP_SA_UPDATE = 0x24,
	ACME_OP_SA_STOP = 0x25,
	ACME_OP_SA_RESUME = 0x26,
	ACME_OP_SEQ_ALLOC = 0x27,
	ACME_OP_REPLAY_TEST_SET = 0x28,
};

/**
 * struct acme_cmd_hdr - head of an admin queue slot
 * @opcode: enum acme_opcode
 * @rsvd: reserved
 * @status: enum acme_status, ACME_ST_PENDING when posted
 * @detail: offset in the slot of the field that @status is about, or 0
 * @rsvd2: reserved
 */
struct acme_cmd_hdr {
	__le16 opcode;
	__le16 rsvd;
	__le32 status;
	__le32 detail;
	__le32 rsvd2;
};

ACME_ASSERT_SIZE(acme_cmd_hdr, 16);

/* What IPsec the device does, see &struct acme_rsp_caps. */
#define ACME_IPSEC_TUNNEL		0x0001
#define ACME_IPSEC_TRANSPORT		0x0002
#define ACME_IPSEC_IPV4			0x0004	/* outer addresses */
#define ACME_IPSEC_IPV6			0x0008	/* outer addresses */
#define ACME_IPSEC_ESN			0x0010
#define ACME_IPSEC_UDP_ENCAP		0x0020	/* RFC 3948 */
#define ACME_IPSEC_CRYPTO		0x0040	/* ACME_SA_CRYPTO */
#define ACME_IPSEC_EXC_RAW		0x0080	/* exceptions to the host */
#define ACME_IPSEC_EXC_DROP		0x0100	/* ACME_SA_DROP_EXC */
#define ACME_IPSEC_BOND			0x0200	/* ports share SAs */
#define ACME_IPSEC_MIXED		0x0400	/* IPv4 in IPv6 and reverse */

/* How an SA moves, and what the host may do on its behalf. */
#define ACME_HANDOVER_SNAPSHOT		0x01	/* SA_STOP, RUN from any state */
#define ACME_HANDOVER_TEST_SET		0x02	/* REPLAY_TEST_SET */
#define ACME_HANDOVER_SEQ_ALLOC		0x04	/* SEQ_ALLOC */

/* Limits of an SA, also in events. */
#define ACME_LIMIT_SOFT_PACKETS		0x01
#define ACME_LIMIT_HARD_PACKETS		0x02
#define ACME_LIMIT_SOFT_BYTES		0x04
#define ACME_LIMIT_HARD_BYTES		0x08

/**
 * enum acme_alg - algorithms of an SA
 * @ACME_ALG_AES_GCM: RFC 4106
 * @ACME_ALG_AES_GMAC: RFC 4543, integrity only
 * @ACME_ALG_CHACHA20_POLY1305: RFC 7634
 * @ACME_ALG_AES_CBC_SHA256: AES-CBC (RFC 3602), HMAC-SHA-256-128 (RFC 4868)
 * @ACME_ALG_AES_CBC_SHA384: the same with HMAC-SHA-384-192
 * @ACME_ALG_AES_CBC_SHA512: the same with HMAC-SHA-512-256
 */
enum acme_alg {
	ACME_ALG_AES_GCM = 1,
	ACME_ALG_AES_GMAC = 2,
	ACME_ALG_CHACHA20_POLY1305 = 3,
	ACME_ALG_AES_CBC_SHA256 = 4,
	ACME_ALG_AES_CBC_SHA384 = 5,
	ACME_ALG_AES_CBC_SHA512 = 6,
};

#define ACME_MAX_ALGS			8

/**
 * struct acme_alg_caps - an algorithm
 * @alg: enum acme_alg, 0: end of the list
 * @salt_len: bytes of salt, 0 if it has none
 * @auth_key_len: bytes of the integrity key, 0 if it has none
 * @iv_len: bytes of IV in the packet
 * @key_lens: bit n: cipher key of 8 * n bytes
 * @icv_lens: bit n: ICV of 4 * n bytes
 * @block_len: the plaintext with its trailer is a multiple of so many bytes
 * @rsvd: reserved
 */
struct acme_alg_caps {
	__u8 alg;
	__u8 salt_len;
	__u8 auth_key_len;
	__u8 iv_len;
	__le32 key_lens;
	__le32 icv_lens;
	__u8 block_len;
	__u8 rsvd[3];
};

ACME_ASSERT_SIZE(acme_alg_caps, 16);

/**
 * struct acme_rsp_caps - answer to ACME_OP_GET_CAPS
 * @max_sas: SAs that fit into the device
 * @max_window: largest replay window, in packets
 * @ipsec: ACME_IPSEC_*
 * @algs: bit n: enum acme_alg n
 * @icv_lens: of AES-GCM, bit n: ICV of n bytes
 * @key_lens: of AES-GCM, bit n: key of 8 * n bytes
 * @min_window: smallest replay window but 0, in packets
 * @num_sas: SAs installed
 * @max_policies: policies that fit into the device
 * @num_policies: policies installed
 * @limits_out: ACME_LIMIT_* that outbound SAs can have
 * @limits_in: likewise inbound
 * @handover: ACME_HANDOVER_*
 * @audit: ACME_AUDIT_*
 * @max_capture: bytes of a packet in an audit event
 * @rsvd: reserved
 * @alg: each of @algs
 * @rsvd2: reserved
 */
struct acme_rsp_caps {
	__le32 max_sas;
	__le32 max_window;
	__le32 ipsec;
	__le32 algs;
	__le32 icv_lens;
	__le32 key_lens;
	__le32 min_window;
	__le32 num_sas;
	__le32 max_policies;
	__le32 num_policies;
	__le32 limits_out;
	__le32 limits_in;
	__le32 handover;
	__le32 audit;
	__le32 max_capture;
	__le32 rsvd;
	struct acme_alg_caps alg[ACME_MAX_ALGS];
	__le32 rsvd2[16];
};

ACME_ASSERT_SIZE(acme_rsp_caps, 256);

/**
 * struct acme_cmd_time_set - ACME_OP_TIME_SET
 * @now_ns: the host's real time, ns since 1970; the device goes on from it
 */
struct acme_cmd_time_set {
	__le64 now_ns;
};

ACME_ASSERT_SIZE(acme_cmd_time_set, 8);

/**
 * struct acme_cmd_vport_set - ACME_OP_VPORT_SET
 * @flags: ACME_VPORT_*
 * @mtu: largest L3 packet on the wire, outer headers included, in bytes
 * @mac: station address
 * @rsvd: reserved
 */
struct acme_cmd_vport_set {
	__le32 flags;
#define ACME_VPORT_ENABLE		0x01	/* receive frames */
#define ACME_VPORT_PROMISC		0x02	/* of any station */
	__le32 mtu;
	__u8 mac[6];
	__u8 rsvd[2];
};

ACME_ASSERT_SIZE(acme_cmd_vport_set, 16);

#define ACME_RSS_KEY_LEN		40
#define ACME_RSS_TABLE_LEN		128

/**
 * struct acme_cmd_rss_set - ACME_OP_RSS_SET
 * @key: Toeplitz key
 * @table: queue pair by the low 7 bits of the hash
 *
 * Hashed are addresses and, for TCP and UDP that are no fragments, ports of the
 * packet as the host gets it, the decrypted one included.
 */
struct acme_cmd_rss_set {
	__u8 key[ACME_RSS_KEY_LEN];
	__u8 table[ACME_RSS_TABLE_LEN];
};

ACME_ASSERT_SIZE(acme_cmd_rss_set, 168);

/**
 * struct acme_cmd_stats_get - ACME_OP_STATS_GET
 * @addr: where to write struct acme_stats
 * @len: bytes there; fewer than the structure has are filled that far
 * @rsvd: reserved
 */
struct acme_cmd_stats_get {
	__le64 addr;
	__le32 len;
	__le32 rsvd;
};

ACME_ASSERT_SIZE(acme_cmd_stats_get, 16);

/**
 * struct acme_stats - counters of a vport since the device started
 * @tx_frames: frames put on the wire; after segmentation and encapsulation
 * @tx_bytes: their bytes, Ethernet header included, FCS not
 * @tx_bad_desc: packets dropped for an invalid descriptor or address
 * @tx_too_long: packets dropped because they exceed the MTU
 * @tx_no_link: packets dropped while the link was down
 * @tx_bad_sa: packets dropped for a stale, stopped or inbound SA handle
 * @rx_frames: frames of the wire
 * @rx_bytes: their bytes
 * @rx_filtered: frames for other stations
 * @rx_disabled: frames dropped while the vport was disabled
 * @rx_no_buffer: frames dropped for want of a buffer
 * @rx_bad_desc: frames dropped for an invalid buffer address
 * @rx_malformed: frames dropped as too short or too long
 * @esp_tx_packets: packets encrypted
 * @esp_tx_bytes: their bytes as counted by SAs
 * @esp_tx_selector: packets dropped, not in the SA's selector
 * @esp_tx_malformed: packets dropped, not IP or inconsistent lengths
 * @esp_tx_seq: packets dropped, sequence numbers used up
 * @esp_rx_packets: packets decrypted
 * @esp_rx_bytes: their bytes as counted by SAs
 * @esp_rx_no_sa: ESP packets given to the host as they came, no SA
 * @esp_rx_exception: ESP packets of an SA given to the host as they came
 * @esp_rx_replay: packets dropped, sequence number seen or left of the window
 * @esp_rx_icv: packets dropped, integrity check failed
 * @esp_rx_selector: packets dropped, not in the SA's selector
 * @esp_rx_malformed: packets dropped, inconsistent lengths, padding or headers
 * @irqs: interrupts raised
 * @esp_rx_dummy: dummy packets dropped (RFC 4303, 2.6), decrypted and in order
 * @esp_tx_limit: packets dropped, a hard limit is reached
 * @esp_rx_limit: likewise inbound
 * @esp_rx_exc_dropped: exceptions dropped, as the SA has it
 * @esp_rx_encap: packets dropped, in UDP or not otherwise than the SA
 * @esp_tx_crypto: packets that the host built and the device encrypted
 * @esp_rx_crypto: packets decrypted in place for the host
 * @esp_rx_crypto_icv: likewise, but the integrity check failed
 * @esp_tx_seq_alloc: sequence numbers given to the host
 * @esp_rx_test_set: sequence numbers accepted for the host
 * @audit_suppressed: audit events not raised, to keep to the rate
 * @esp_rx_ecn: packets dropped, not ECN-capable but marked outside (RFC 6040)
 * @rsvd: reserved
 */
struct acme_stats {
	__le64 tx_frames;
	__le64 tx_bytes;
	__le64 tx_bad_desc;
	__le64 tx_too_long;
	__le64 tx_no_link;
	__le64 tx_bad_sa;
	__le64 rx_frames;
	__le64 rx_bytes;
	__le64 rx_filtered;
	__le64 rx_disabled;
	__le64 rx_no_buffer;
	__le64 rx_bad_desc;
	__le64 rx_malformed;
	__le64 esp_tx_packets;
	__le64 esp_tx_bytes;
	__le64 esp_tx_selector;
	__le64 esp_tx_malformed;
	__le64 esp_tx_seq;
	__le64 esp_rx_packets;
	__le64 esp_rx_bytes;
	__le64 esp_rx_no_sa;
	__le64 esp_rx_exception;
	__le64 esp_rx_replay;
	__le64 esp_rx_icv;
	__le64 esp_rx_selector;
	__le64 esp_rx_malformed;
	__le64 irqs;
	__le64 esp_rx_dummy;
	__le64 esp_tx_limit;
	__le64 esp_rx_limit;
	__le64 esp_rx_exc_dropped;
	__le64 esp_rx_encap;
	__le64 esp_tx_crypto;
	__le64 esp_rx_crypto;
	__le64 esp_rx_crypto_icv;
	__le64 esp_tx_seq_alloc;
	__le64 esp_rx_test_set;
	__le64 audit_suppressed;
	__le64 esp_rx_ecn;
	__le64 rsvd[9];
};

ACME_ASSERT_SIZE(acme_stats, 384);

#define ACME_AUDIT_MAX_RATE		1000000
#define ACME_CAPTURE_MAX		128

/**
 * struct acme_cmd_audit_set - ACME_OP_AUDIT_SET
 * @events: ACME_AUDIT_*, the others are not raised
 * @capture: bytes of the packet in each event, at most ACME_CAPTURE_MAX
 * @sa_rate: events of an SA in a second, on average
 * @sa_burst: events of an SA at once
 * @no_sa_rate: likewise of packets without an SA
 * @no_sa_burst: likewise
 * @rsvd: reserved
 *
 * Rates and bursts are 1 to ACME_AUDIT_MAX_RATE unless @events is 0.
 */
struct acme_cmd_audit_set {
	__le32 events;
#define ACME_AUDIT_NO_SA		0x01
#define ACME_AUDIT_ICV			0x02
#define ACME_AUDIT_REPLAY		0x04
#define ACME_AUDIT_SEQ			0x08
#define ACME_AUDIT_SELECTOR		0x10
#define ACME_AUDIT_MALFORMED		0x20
	__le32 capture;
	__le32 sa_rate;
	__le32 sa_burst;
	__le32 no_sa_rate;
	__le32 no_sa_burst;
	__le32 rsvd[2];
};

ACME_ASSERT_SIZE(acme_cmd_audit_set, 32);

/**
 * struct acme_cmd_queue_create - ACME_OP_QUEUE_CREATE
 * @qid: queue pair
 * @vector: MSI-X vector of its interrupt
 * @tx_log2: Tx ring entries
 * @rx_log2: Rx ring and Rx completion ring entries
 * @rsvd: reserved
 * @tx_base: array of struct acme_tx_desc
 * @tx_head_addr: __le32, the device writes the count of descriptors that it is
 *	done with
 * @rx_base: array of struct acme_rx_desc
 * @rx_comp_base: array of struct acme_rx_comp, zeroed by the driver
 * @tx_usecs: longest delay of an interrupt for Tx, in microseconds
 * @rx_usecs: longest delay of an interrupt for Rx, in microseconds
 *
 * Bases are aligned to 64 bytes, @tx_head_addr to 4. The queue registers are
 * zeroed by the driver before the command.
 */
struct acme_cmd_queue_create {
	__le16 qid;
	__le16 vector;
	__u8 tx_log2;
	__u8 rx_log2;
	__u8 rsvd[2];
	__le64 tx_base;
	__le64 tx_head_addr;
	__le64 rx_base;
	__le64 rx_comp_base;
	__le32 tx_usecs;
	__le32 rx_usecs;
};

ACME_ASSERT_SIZE(acme_cmd_queue_create, 48);

/**
 * struct acme_cmd_queue - ACME_OP_QUEUE_DESTROY, ACME_OP_QUEUE_COALESCE
 * @qid: queue pair
 * @rsvd: reserved
 * @tx_usecs: as in &struct acme_cmd_queue_create, for COALESCE only
 * @rx_usecs: likewise
 * @rsvd2: reserved
 *
 * After the answer to DESTROY the device does not touch the rings again.
 */
struct acme_cmd_queue {
	__le16 qid;
	__le16 rsvd;
	__le32 tx_usecs;
	__le32 rx_usecs;
	__le32 rsvd2;
};

ACME_ASSERT_SIZE(acme_cmd_queue, 16);

#define ACME_COALESCE_MAX_USECS		100000

/*
 * SA handles: index and generation. The generation changes when an index is
 * used again, so that a handle in a late descriptor is found to be stale.
 * 0 is no handle.
 */
#define ACME_SA_INDEX			0x003fffff
#define ACME_SA_GENERATION		0xffc00000

/**
 * struct acme_selector - which packets an SA protects
 * @saddr: source, inner header
 * @daddr: destination, inner header
 * @prefixlen_s: bits of @saddr that count
 * @prefixlen_d: bits of @daddr that count
 * @family: 4, 6, or 0 for both with both prefix lengths 0
 * @proto: transport protocol, 0 for any
 * @sport: source port, or ICMP type
 * @sport_mask: bits of @sport that count
 * @dport: destination port, or ICMP code
 * @dport_mask: bits of @dport that count
 * @rsvd: reserved
 */
struct acme_selector {
	__u8 saddr[16];
	__u8 daddr[16];
	__u8 prefixlen_s;
	__u8 prefixlen_d;
	__u8 family;
	__u8 proto;
	__be16 sport;
	__be16 sport_mask;
	__be16 dport;
	__be16 dport_mask;
	__u8 rsvd[4];
};

ACME_ASSERT_SIZE(acme_selector, 48);

/**
 * struct acme_limits - how much an SA may protect, 0: no such limit
 * @soft_packets: told by an event
 * @hard_packets: no packet is let through any more
 * @soft_bytes: likewise
 * @hard_bytes: likewise
 *
 * A limit is met by the packet that finds the counter at or above it. So
 * a hard limit of n packets lets n packets through.
 */
struct acme_limits {
	__le64 soft_packets;
	__le64 hard_packets;
	__le64 soft_bytes;
	__le64 hard_bytes;
};

ACME_ASSERT_SIZE(acme_limits, 32);

#define ACME_KEY_MAX			32
#define ACME_AUTH_KEY_MAX		64

/**
 * struct acme_cmd_sa_add - ACME_OP_SA_ADD, installs an SA, stopped
 * @spi: SPI; with @daddr and the direction unique in the device
 * @flags: ACME_SA_*
 * @saddr: outer source
 * @daddr: outer destination
 * @family: of the outer addresses, 4 or 6
 * @alg: enum acme_alg
 * @key_len: bytes in @key, the salt not counted
 * @icv_len: bytes of ICV
 * @ttl: of the outer header in tunnel mode, outbound
 * @rsvd: reserved
 * @window: replay window in packets, a multiple of 32 or 0 for none, inbound
 * @key: cipher key
 * @salt: of the nonce, for algorithms that have one
 * @auth_key_len: bytes in @auth_key
 * @rsvd2: reserved
 * @iv_salt: IV = iv_salt ^ (epoch << 48 | sequence), sent as big endian;
 *	AES-CBC has random IVs instead
 * @sel: traffic selector
 * @stats_addr: &struct acme_sa_stats, aligned to 64 bytes
 * @limits: compared with the counters of the snapshot and what came since
 * @encap_sport: source port of ESP in UDP, 0: not in UDP
 * @encap_dport: destination port, 0 if and only if @encap_sport is
 * @rsvd3: reserved
 * @auth_key: integrity key
 * @rsvd4: reserved
 *
 * Answered with &struct acme_rsp_sa.
 */
struct acme_cmd_sa_add {
	__be32 spi;
	__le32 flags;
#define ACME_SA_INBOUND			0x01
#define ACME_SA_TUNNEL			0x02
#define ACME_SA_ESN			0x04
#define ACME_SA_NO_ECN			0x08	/* ECN is not carried over */
#define ACME_SA_NO_ENCAP_DSCP		0x10	/* DSCP of the outer is 0 */
#define ACME_SA_DECAP_DSCP		0x20	/* DSCP outer to inner */
#define ACME_SA_NO_DF			0x40	/* DF of the outer is 0 */
#define ACME_SA_DROP_EXC		0x80	/* drop exceptions, inbound */
#define ACME_SA_CRYPTO			0x100	/* the host builds ESP */
	__u8 saddr[16];
	__u8 daddr[16];
	__u8 family;
	__u8 alg;
	__u8 key_len;
	__u8 icv_len;
	__u8 ttl;
	__u8 rsvd[3];
	__le32 window;
	__u8 key[ACME_KEY_MAX];
	__u8 salt[4];
	__u8 auth_key_len;
	__u8 rsvd2[7];
	__le64 iv_salt;
	struct acme_selector sel;
	__le64 stats_addr;
	struct acme_limits limits;
	__be16 encap_sport;
	__be16 encap_dport;
	__u8 rsvd3[28];
	__u8 auth_key[ACME_AUTH_KEY_MAX];
	__u8 rsvd4[32];
};

ACME_ASSERT_SIZE(acme_cmd_sa_add, 320);

struct acme_rsp_sa {
	__le32 handle;
	__le32 rsvd;
};

ACME_ASSERT_SIZE(acme_rsp_sa, 8);

#define ACME_WINDOW_MAX			4096

/**
 * struct acme_sa_snapshot - what moves with an SA
 * @seq: outbound: last number used; inbound: top of the window; 64 bits
 * @packets: packets counted so far
 * @bytes: bytes counted so far: tunnel mode the inner packet, transport mode
 *	the payload of the IP packet
 * @epoch: of the IVs, outbound
 * @rsvd: reserved
 * @bitmap: inbound: bit n % 8 of byte n / 8 is set when @seq - n was received
 */
struct acme_sa_snapshot {
	__le64 seq;
	__le64 packets;
	__le64 bytes;
	__le16 epoch;
	__u8 rsvd[6];
	__u8 bitmap[ACME_WINDOW_MAX / 8];
};

ACME_ASSERT_SIZE(acme_sa_snapshot, 544);

/**
 * struct acme_cmd_sa - ACME_OP_SA_RUN, _DEL, _QUERY, _STOP and _RESUME
 * @handle: SA
 * @rsvd: reserved
 * @snap: RUN: where to go on; QUERY, STOP: filled in the answer, exact
 *
 * RUN starts a stopped SA from a snapshot, RESUME from where it was stopped.
 * After the answer to DEL no packet is sent with the SA and its stats_addr is
 * not written again.
 */
struct acme_cmd_sa {
	__le32 handle;
	__le32 rsvd;
	struct acme_sa_snapshot snap;
};

ACME_ASSERT_SIZE(acme_cmd_sa, 552);

/**
 * struct acme_cmd_sa_update - ACME_OP_SA_UPDATE, changes an SA at once
 * @handle: SA
 * @what: ACME_UPDATE_*, what of the following counts
 * @limits: as in &struct acme_cmd_sa_add; events may be raised anew
 * @sel: likewise
 * @encap_sport: likewise; an SA stays in UDP, or out of it
 * @encap_dport: likewise
 * @ttl: likewise
 * @rsvd: reserved
 */
struct acme_cmd_sa_update {
	__le32 handle;
	__le32 what;
#define ACME_UPDATE_LIMITS		0x01
#define ACME_UPDATE_SELECTOR		0x02
#define ACME_UPDATE_ENCAP		0x04
#define ACME_UPDATE_TTL			0x08
	struct acme_limits limits;
	struct acme_selector sel;
	__be16 encap_sport;
	__be16 encap_dport;
	__u8 ttl;
	__u8 rsvd[3];
};

ACME_ASSERT_SIZE(acme_cmd_sa_update, 96);

/**
 * struct acme_cmd_seq_alloc - ACME_OP_SEQ_ALLOC
 * @handle: outbound SA, running
 * @count: sequence numbers, at least 1
 * @bytes: of all packets together, as an SA counts them
 *
 * The packets are counted as if the SA had sent them. Answered with
 * &struct acme_rsp_seq_alloc.
 */
struct acme_cmd_seq_alloc {
	__le32 handle;
	__le32 count;
	__le64 bytes;
};

ACME_ASSERT_SIZE(acme_cmd_seq_alloc, 16);

/**
 * struct acme_rsp_seq_alloc - sequence numbers for the host
 * @first: the first; the others follow
 * @epoch: of the IVs that go with them
 * @rsvd: reserved
 */
struct acme_rsp_seq_alloc {
	__le64 first;
	__le16 epoch;
	__u8 rsvd[6];
};

ACME_ASSERT_SIZE(acme_rsp_seq_alloc, 16);

/**
 * struct acme_cmd_replay_test_set - ACME_OP_REPLAY_TEST_SET
 * @handle: inbound SA, running
 * @rsvd: reserved
 * @seq: sequence number whose ICV the host found right, 64 bits
 * @bytes: of the packet, as an SA counts them
 *
 * Accepts the number and counts the packet, or answers ACME_ST_SEEN,
 * ACME_ST_LEFT or ACME_ST_QUOTA.
 */
struct acme_cmd_replay_test_set {
	__le32 handle;
	__le32 rsvd;
	__le64 seq;
	__le64 bytes;
};

ACME_ASSERT_SIZE(acme_cmd_replay_test_set, 24);

/**
 * struct acme_sa_stats - counters of an SA, written by the device to memory
 * @begin: changed before the rest
 * @rsvd: reserved
 * @packets: as in &struct acme_sa_snapshot
 * @bytes: likewise
 * @seq: likewise
 * @last_used: real time in seconds of the last packet, 0 for never
 * @drop_replay: sequence number seen or left of the window
 * @drop_icv: integrity check failed
 * @drop_selector: not in the selector
 * @drop_malformed: inconsistent lengths, padding or headers
 * @drop_seq: sequence numbers used up
 * @drop_too_long: exceeds the MTU
 * @exceptions: given to the host undecrypted
 * @drop_limit: a hard limit is reached
 * @drop_exc: exceptions dropped, ACME_SA_DROP_EXC
 * @drop_encap: in UDP or not, otherwise than the SA
 * @audit_suppressed: audit events not raised, to keep to the rate
 * @drop_ecn: not ECN-capable but marked outside (RFC 6040)
 * @first_used: real time in seconds of the first packet, 0 for never
 * @rsvd2: reserved
 * @rsvd3: reserved
 * @end: equal to @begin after the rest; else the reader tries again
 *
 * Up to date before the packet that it counts is sent or completed.
 */
struct acme_sa_stats {
	__le32 begin;
	__le32 rsvd;
	__le64 packets;
	__le64 bytes;
	__le64 seq;
	__le64 last_used;
	__le64 drop_replay;
	__le64 drop_icv;
	__le64 drop_selector;
	__le64 drop_malformed;
	__le64 drop_seq;
	__le64 drop_too_long;
	__le64 exceptions;
	__le64 drop_limit;
	__le64 drop_exc;
	__le64 drop_encap;
	__le64 audit_suppressed;
	__le64 drop_ecn;
	__le64 first_used;
	__le64 rsvd2[13];
	__le32 rsvd3;
	__le32 end;
};

ACME_ASSERT_SIZE(acme_sa_stats, 256);

/**
 * struct acme_cmd - admin queue slot
 * @hdr: head
 * @time_set: parameters, by opcode
 * @vport_set: likewise
 * @rss_set: likewise
 * @stats_get: likewise
 * @queue_create: likewise
 * @queue: likewise
 * @sa_add: likewise
 * @sa: likewise, and answer
 * @sa_update: likewise
 * @seq_alloc: likewise
 * @replay_test_set: likewise
 * @audit_set: likewise
 * @caps: answer
 * @sa_rsp: answer
 * @seq_rsp: answer
 * @raw: all
 *
 * The device overwrites the parameters with the answer, or with zeros: keys do
 * not stay in memory.
 */
struct acme_cmd {
	struct acme_cmd_hdr hdr;
	union {
		struct acme_cmd_time_set time_set;
		struct acme_cmd_vport_set vport_set;
		struct acme_cmd_rss_set rss_set;
		struct acme_cmd_stats_get stats_get;
		struct acme_cmd_queue_create queue_create;
		struct acme_cmd_queue queue;
		struct acme_cmd_sa_add sa_add;
		struct acme_cmd_sa sa;
		struct acme_cmd_sa_update sa_update;
		struct acme_cmd_seq_alloc seq_alloc;
		struct acme_cmd_replay_test_set replay_test_set;
		struct acme_cmd_audit_set audit_set;
		struct acme_rsp_caps caps;
		struct acme_rsp_sa sa_rsp;
		struct acme_rsp_seq_alloc seq_rsp;
		__u8 raw[1008];
	};
};

ACME_ASSERT_SIZE(acme_cmd, 1024);

/**
 * enum acme_event_type - what an event tells
 * @ACME_EV_LINK: arg: ACME_LINK_*, Mbit/s
 * @ACME_EV_QUEUE_ERROR: arg: queue pair, enum acme_status
 * @ACME_EV_SA_SOFT: soft limits were met; arg: ACME_LIMIT_*
 * @ACME_EV_SA_HARD: hard limits were met; arg: ACME_LIMIT_*
 * @ACME_EV_SA_SEQ_END: a packet found no sequence number left
 * @ACME_EV_SA_MAPPING: an authentic packet came from another address or port
 * @ACME_EV_AUDIT_NO_SA: ESP packet without an SA
 * @ACME_EV_AUDIT_ICV: integrity check failed
 * @ACME_EV_AUDIT_REPLAY: sequence number seen or left of the window
 * @ACME_EV_AUDIT_SEQ: a packet was dropped as no sequence number was left
 * @ACME_EV_AUDIT_SELECTOR: a packet was dropped as not in the selector
 * @ACME_EV_AUDIT_MALFORMED: lengths, padding, headers or encapsulation
 *
 * Events about limits, sequence end and mapping are raised once and are not
 * lost while the SA exists. The others are lost when the ring is full.
 */
enum acme_event_type {
	ACME_EV_LINK = 1,
	ACME_EV_QUEUE_ERROR = 2,
	ACME_EV_SA_SOFT = 3,
	ACME_EV_SA_HARD = 4,
	ACME_EV_SA_SEQ_END = 5,
	ACME_EV_SA_MAPPING = 6,
	ACME_EV_AUDIT_NO_SA = 16,
	ACME_EV_AUDIT_ICV = 17,
	ACME_EV_AUDIT_REPLAY = 18,
	ACME_EV_AUDIT_SEQ = 19,
	ACME_EV_AUDIT_SELECTOR = 20,
	ACME_EV_AUDIT_MALFORMED = 21,
};

/**
 * struct acme_event - event queue entry
 * @type: enum acme_event_type
 * @vport: of the event
 * @sa: handle, or 0
 * @arg: by type
 * @time_ns: real time
 * @packets: of the SA at that time
 * @bytes: likewise
 * @seq: sequence number of the packet; limits, sequence end: of the SA
 * @spi: SPI
 * @family: of @saddr and @daddr, 4 or 6; 0: no addresses
 * @flags: ACME_EVF_*
 * @data_len: bytes in @data
 * @rsvd: reserved
 * @saddr: source of the outer header
 * @daddr: destination of the outer header
 * @sport: source port of ESP in UDP, else 0
 * @dport: destination port, likewise
 * @flow_label: of an outer IPv6 header
 * @suppressed: audit events left out since the last of this SA, or without SA
 * @rsvd2: reserved
 * @data: first bytes of the IP packet, from the outer header; outbound, of the
 *	inner packet
 * @rsvd3: reserved
 * @phase: 1 in the first round of the ring, 0 in the second, and so on; written
 *	last
 *
 * All from @time_ns on is for SA and audit events only.
 */
struct acme_event {
	__le16 type;
	__le16 vport;
	__le32 sa;
	__le32 arg[4];
	__le64 time_ns;
	__le64 packets;
	__le64 bytes;
	__le64 seq;
	__be32 spi;
	__u8 family;
	__u8 flags;
#define ACME_EVF_INBOUND		0x01
#define ACME_EVF_SEQ			0x02	/* @seq is known */
	__u8 data_len;
	__u8 rsvd;
	__u8 saddr[16];
	__u8 daddr[16];
	__be16 sport;
	__be16 dport;
	__be32 flow_label;
	__le32 suppressed;
	__le32 rsvd2;
	__u8 data[ACME_CAPTURE_MAX];
	__u8 rsvd3[12];
	__le32 phase;
};

ACME_ASSERT_SIZE(acme_event, 256);

/**
 * struct acme_tx_desc - a piece of a packet to send
 * @addr: address of the piece
 * @len: its bytes
 * @flags: ACME_TXD_*
 * @csum_start: offset in the packet at which the checksum begins
 * @csum_offset: of the checksum field, from @csum_start
 * @mss: TCP payload per segment, at least ACME_TSO_MIN_MSS
 * @hdr_len: bytes of Ethernet, IP and TCP header that every segment repeats
 * @sa: handle of the outbound SA
 * @esp_start: with ACME_TXD_ESP: offset in the packet of the ESP header
 * @rsvd: reserved
 * @seq_hi: with ACME_TXD_ESP and ESN: upper half of the sequence number
 *
 * All but @addr, @len and ACME_TXD_EOP count in the first descriptor of a
 * packet only. With an SA the packet is Ethernet with the addresses of the outer
 * next hop, then the inner IP packet; the device encapsulates and sets the
 * EtherType. With ACME_TXD_ESP it is the ESP packet as it goes out: the device
 * writes the IV, encrypts, and writes the ICV.
 */
struct acme_tx_desc {
	__le64 addr;
	__le16 len;
	__le16 flags;
#define ACME_TXD_EOP			0x01	/* last of the packet */
#define ACME_TXD_CSUM			0x02	/* fill in the L4 checksum */
#define ACME_TXD_TSO			0x04	/* segment, implies CSUM */
#define ACME_TXD_SA			0x08	/* encrypt with @sa */
#define ACME_TXD_ESP			0x10	/* in place, implies SA */
	__le16 csum_start;
	__le16 csum_offset;
	__le16 mss;
	__le16 hdr_len;
	__le32 sa;
	__le16 esp_start;
	__le16 rsvd;
	__le32 seq_hi;
};

ACME_ASSERT_SIZE(acme_tx_desc, 32);

#define ACME_TX_MAX_DESCS		32	/* of one packet */
#define ACME_TX_MAX_PACKET		(65536 + 256)
#define ACME_TSO_MAX_HDR		256	/* of each segment */
#define ACME_TSO_MIN_MSS		8

/**
 * struct acme_rx_desc - a receive buffer
 * @addr: of the buffer
 * @len: its bytes
 * @rsvd: reserved
 */
struct acme_rx_desc {
	__le64 addr;
	__le32 len;
	__le32 rsvd;
};

ACME_ASSERT_SIZE(acme_rx_desc, 16);

/**
 * enum acme_exc - why an ESP packet of an SA comes as it is
 * @ACME_EXC_NONE: it does not
 * @ACME_EXC_STOPPED: the SA is stopped
 * @ACME_EXC_FRAGMENT: first fragment of an IP packet
 * @ACME_EXC_OPTIONS: IPv4 options or IPv6 extension headers
 * @ACME_EXC_LONG: the same, longer than the device looks at
 * @ACME_EXC_CSUM: wrong IPv4 header checksum
 */
enum acme_exc {
	ACME_EXC_NONE = 0,
	ACME_EXC_STOPPED = 1,
	ACME_EXC_FRAGMENT = 2,
	ACME_EXC_OPTIONS = 3,
	ACME_EXC_LONG = 4,
	ACME_EXC_CSUM = 5,
};

/**
 * struct acme_rx_comp - receive completion; entry n is about descriptor n
 * @sa: handle of the inbound SA, with ACME_RXC_SA, _CRYPTO or _EXC
 * @hash: RSS hash
 * @len: bytes written to this buffer
 * @flags: ACME_RXC_*
 * @exc: enum acme_exc, with ACME_RXC_EXC
 * @rsvd: reserved
 * @phase: 1 in the first round of the ring, 0 in the second, and so on; written
 *	last
 *
 * A frame longer than a buffer goes on in the next; all but @len and
 * ACME_RXC_EOP count in its last completion only. A decrypted packet has the
 * Ethernet addresses of the ESP frame and the EtherType of the inner packet.
 */
struct acme_rx_comp {
	__le32 sa;
	__le32 hash;
	__le16 len;
	__le16 flags;
#define ACME_RXC_EOP			0x01	/* last of the frame */
#define ACME_RXC_CSUM_OK		0x02	/* L4 checksum was right */
#define ACME_RXC_SA			0x04	/* decrypted, @sa is valid */
#define ACME_RXC_HASH			0x08	/* @hash is valid */
#define ACME_RXC_HASH_L4		0x10	/* @hash includes ports */
#define ACME_RXC_EXC			0x20	/* ESP as it came, see @exc */
#define ACME_RXC_CRYPTO			0x40	/* decrypted in place */
#define ACME_RXC_CRYPTO_ICV		0x80	/* tried so, but ICV is wrong */
	__u8 exc;
	__u8 rsvd[15];
	__le32 phase;
};

ACME_ASSERT_SIZE(acme_rx_comp, 32);

#endif /* _ACME_HW_H */
