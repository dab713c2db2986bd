/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The table of security associations. */
#ifndef _ACME_SA_H
#define _ACME_SA_H

#include "acme_hw.h"
#include "compat.h"
#include "crypto.h"
#include "ip.h"
#include "replay.h"

/* Sequence numbers end where the epoch begins in the IV. */
#define ACME_SEQ_MAX_ESN	((1ULL << 48) - 1)
#define ACME_SEQ_MAX		0xffffffffULL

#define ACME_SA_DROPS(X) \
	X(drop_replay) X(drop_icv) X(drop_selector) X(drop_malformed) \
	X(drop_seq) X(drop_too_long) X(exceptions) X(drop_limit) \
	X(drop_exc) X(drop_encap) X(audit_suppressed) \
	X(drop_ecn)

/* Events that are never lost, from ACME_EV_SA_SOFT on. */
enum acme_sa_event {
	ACME_SA_EV_SOFT,
	ACME_SA_EV_HARD,
	ACME_SA_EV_SEQ_END,
	ACME_SA_EV_MAPPING,
	ACME_SA_EVENTS
};

/**
 * struct acme_sa_note - an event that waits for room in the ring
 * @arg: of the event
 * @time: real time in ns
 * @packets: counter at that time
 * @bytes: likewise
 * @seq: likewise
 */
struct acme_sa_note {
	u32 arg;
	u64 time;
	u64 packets;
	u64 bytes;
	u64 seq;
};

/**
 * struct acme_bucket - token bucket
 * @tokens: in billionths of an event
 * @at: when that was right, ns
 * @suppressed: events held back since the last that was not
 */
struct acme_bucket {
	u64 tokens;
	u64 at;
	u32 suppressed;
};

/**
 * struct acme_quota - &struct acme_limits as the device keeps it
 * @soft_packets: 0: none
 * @hard_packets: likewise
 * @soft_bytes: likewise
 * @hard_bytes: likewise
 */
struct acme_quota {
	u64 soft_packets;
	u64 hard_packets;
	u64 soft_bytes;
	u64 hard_bytes;
};

/**
 * struct acme_sa - a security association
 * @next: in the chain of the hash table or of free entries, by index, -1: end
 * @handle: with the present generation
 * @used: installed
 * @running: packets may use it
 * @has_run: SA_RUN was answered
 * @spi: SPI, host order
 * @flags: ACME_SA_*
 * @saddr: outer source
 * @daddr: outer destination
 * @family: of these
 * @icv_len: bytes of ICV
 * @ttl: of outer headers
 * @alg: algorithm
 * @encap_sport: source port of ESP in UDP, 0: not in UDP
 * @encap_dport: destination port
 * @map_saddr: address of the peer as last told, inbound
 * @map_sport: its port
 * @epoch: of IVs
 * @iv_salt: of IVs
 * @seq: outbound: last number used
 * @replay: inbound
 * @sel: which packets it protects
 * @aead: key
 * @stats_addr: of &struct acme_sa_stats in the host's memory
 * @stats_seq: begin and end of that
 * @packets: counted so far
 * @bytes: likewise
 * @first_used: real time in seconds
 * @last_used: likewise
 * @quota: limits
 * @told: bit n: enum acme_sa_event n was raised
 * @pending: bit n: it waits for room in the ring
 * @pending_next: in the list of SAs with such, by index, -1: end
 * @notes: what waits
 * @bucket: of audit events
 */
struct acme_sa {
	/* private: counters, in the order of ACME_SA_DROPS */
#define ACME_SA_COUNTER(name) u64 name;
	ACME_SA_DROPS(ACME_SA_COUNTER)
#undef ACME_SA_COUNTER
	/* public: */
	int next;
	u32 handle;
	bool used;
	bool running;
	bool has_run;
	u32 spi;
	u32 flags;
	u8 saddr[16];
	u8 daddr[16];
	u8 family;
	u8 icv_len;
	u8 ttl;
	const struct acme_alg_info *alg;
	u16 encap_sport;
	u16 encap_dport;
	u8 map_saddr[16];
	u16 map_sport;
	u16 epoch;
	u64 iv_salt;
	u64 seq;
	struct acme_replay replay;
	struct acme_selector sel;
	struct acme_aead *aead;
	u64 stats_addr;
	u32 stats_seq;
	u64 packets;
	u64 bytes;
	u64 first_used;
	u64 last_used;
	struct acme_quota quota;
	u32 told;
	u32 pending;
	int pending_next;
	struct acme_sa_note notes[ACME_SA_EVENTS];
	struct acme_bucket bucket;
};

/**
 * struct acme_sa_table - all SAs
 * @sas: by index
 * @size: how many fit
 * @count: how many are installed
 * @free: first index that was freed, -1: none
 * @fresh: first index never used; memory from there on is untouched
 * @mask: buckets of @hash - 1
 * @hash: chains by direction, destination and SPI
 * @encap_ports: inbound SAs in UDP by destination port
 * @pending: first SA with an event that waits, by index, -1: none
 * @pending_last: the last of them
 */
struct acme_sa_table {
	struct acme_sa *sas;
	u32 size;
	u32 count;
	int free;
	u32 fresh;
	u32 mask;
	int *hash;
	u32 *encap_ports;
	int pending;
	int pending_last;
};

static inline bool acme_sa_table_full(const struct acme_sa_table *t)
{
	return t->count == t->size;
}

/* Return: false without memory. */
bool acme_sa_table_init(struct acme_sa_table *t, u32 size);
void acme_sa_table_free(struct acme_sa_table *t);

/* Removes every SA. Handles stay stale. */
void acme_sa_table_flush(struct acme_sa_table *t);

/* Return: the SA, NULL when the handle is stale or was never given out. */
struct acme_sa *acme_sa_by_handle(struct acme_sa_table *t, u32 handle);

/**
 * acme_sa_lookup() - find an SA by what a packet shows
 * @t: table
 * @inbound: direction
 * @family: of @daddr
 * @daddr: destination of the outer header
 * @spi: SPI, host order
 *
 * Return: the SA, or NULL.
 */
struct acme_sa *acme_sa_lookup(struct acme_sa_table *t, bool inbound,
			       u8 family, const u8 *daddr, u32 spi);

/**
 * acme_sa_new() - take a free entry
 * @t: table with room
 * @model: copied, but for @next, @handle and @used
 *
 * Return: the SA.
 */
struct acme_sa *acme_sa_new(struct acme_sa_table *t,
			    const struct acme_sa *model);

/* Removes an SA and clears its key. */
void acme_sa_del(struct acme_sa_table *t, struct acme_sa *sa);

/* Changes the ports of an SA in UDP. */
void acme_sa_set_ports(struct acme_sa_table *t, struct acme_sa *sa, u16 sport,
		       u16 dport);

/* Notes that an event of the SA waits, or that none does any more. */
void acme_sa_pend(struct acme_sa_table *t, struct acme_sa *sa);
void acme_sa_unpend(struct acme_sa_table *t, struct acme_sa *sa);

static inline bool acme_sa_inbound(const struct acme_sa *sa)
{
	return sa->flags & ACME_SA_INBOUND;
}

/* Last number used, or top of the window. */
static inline u64 acme_sa_seq(const struct acme_sa *sa)
{
	return acme_sa_inbound(sa) ? sa->replay.top : sa->seq;
}

/* Largest number that an SA may send; a peer's numbers know no epochs. */
static inline u64 acme_sa_seq_max(const struct acme_sa *sa)
{
	if (!(sa->flags & ACME_SA_ESN))
		return ACME_SEQ_MAX;
	return acme_sa_inbound(sa) ? UINT64_MAX : ACME_SEQ_MAX_ESN;
}

/**
 * acme_selector_match() - is a packet in a selector?
 * @sel: selector
 * @ip: inner packet
 *
 * Ports of a packet without ports, such as a later fragment, count as 0.
 *
 * Return: is it?
 */
bool acme_selector_match(const struct acme_selector *sel,
			 const struct acme_ip *ip);

#endif /* _ACME_SA_H */
