/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Which of many selectors is the first that a packet is in?
 *
 * Tuple space search: the selectors of a space that ignore the same bits form a
 * tuple, and within a tuple those that match a packet are found by hash. So a
 * search costs one probe for each combination of masks in its space, however
 * many selectors there are; and tuples stand in the order of their first
 * selector, so that it ends early. Spaces don't cost each other anything.
 *
 * All memory is taken at the start, by the number of entries, and touched when
 * it is used first.
 */
#ifndef _ACME_POLICY_MATCH_H
#define _ACME_POLICY_MATCH_H

#include "acme_hw.h"
#include "compat.h"
#include "ip.h"

#define ACME_FLOW_WORDS	5

/**
 * struct acme_flow - what selectors look at
 * @w: source, destination, and in the last ports, protocol and family
 */
struct acme_flow {
	u64 w[ACME_FLOW_WORDS];
};

/**
 * struct acme_order - precedence, the smaller the earlier
 * @priority: compared first
 * @age: unique in its space
 */
struct acme_order {
	u32 priority;
	u64 age;
};

/**
 * struct acme_match_entry - a selector
 * @value: what a packet must have, where the tuple's mask is set
 * @order: precedence
 * @tuple: index, 0: the entry is not in use
 * @hash: of @tuple and @value under the mask
 * @next: in the chain of the hash table; an index plus 1, like the next two
 * @next_peer: in the tuple
 * @prev_peer: likewise
 */
struct acme_match_entry {
	struct acme_flow value;
	struct acme_order order;
	u32 tuple;
	u32 hash;
	u32 next;
	u32 next_peer;
	u32 prev_peer;
};

/**
 * struct acme_match_tuple - the selectors of a space with equal masks
 * @mask: bits that count
 * @bound: no selector comes before this
 * @space: index of its space
 * @count: selectors
 * @stale: selectors removed since @bound was right
 * @peers: list of selectors, an index plus 1
 * @hash: of @mask and @space
 * @next: in the chain of the hash table, or of free tuples
 * @later: next in the order of bounds; of the same space
 * @earlier: likewise, before
 */
struct acme_match_tuple {
	struct acme_flow mask;
	struct acme_order bound;
	u32 space;
	u32 count;
	u32 stale;
	u32 peers;
	u32 hash;
	u32 next;
	u32 later;
	u32 earlier;
};

/**
 * struct acme_match_space - the tuples of a space
 * @id: name of the space, any words
 * @first: tuple with the smallest bound, 0: the space is not in use
 * @next: in the chain of the hash table, or of free spaces
 */
struct acme_match_space {
	struct acme_flow id;
	u32 first;
	u32 next;
};

/**
 * struct acme_match - selectors by index
 * @entries: by index
 * @tuples: from index 1
 * @spaces: from index 1
 * @size: number of entries, and of tuples and spaces at most
 * @mask: buckets of each hash table - 1
 * @entry_hash: chains by tuple and value
 * @tuple_hash: chains by space and mask
 * @space_hash: chains by name
 * @free_tuple: list of tuples that were freed
 * @fresh_tuple: first never used
 * @free_space: likewise
 * @fresh_space: likewise
 */
struct acme_match {
	struct acme_match_entry *entries;
	struct acme_match_tuple *tuples;
	struct acme_match_space *spaces;
	u32 size;
	u32 mask;
	u32 *entry_hash;
	u32 *tuple_hash;
	u32 *space_hash;
	u32 free_tuple;
	u32 fresh_tuple;
	u32 free_space;
	u32 fresh_space;
};

/**
 * acme_match_init() - set up for a number of selectors
 * @m: initialised
 * @size: number of entries, at most 2^30
 *
 * Return: false without memory.
 */
bool acme_match_init(struct acme_match *m, u32 size);
void acme_match_free(struct acme_match *m);

/**
 * acme_flow_init() - what selectors look at in a packet
 * @flow: filled in
 * @ip: packet
 *
 * Type and code of ICMP stand in the place of ports, as in XFRM. A packet
 * without ports has ports 0.
 */
void acme_flow_init(struct acme_flow *flow, const struct acme_ip *ip);

static inline u8 acme_flow_family(const struct acme_flow *flow)
{
	return flow->w[4];
}

/**
 * acme_match_add() - add a selector
 * @m: selectors
 * @index: of a free entry
 * @space: where it counts, any words
 * @order: precedence
 * @sel: selector; prefix lengths are possible for the family
 */
void acme_match_add(struct acme_match *m, u32 index,
		    const struct acme_flow *space, struct acme_order order,
		    const struct acme_selector *sel);

/* Removes a selector. */
void acme_match_del(struct acme_match *m, u32 index);

static inline bool acme_match_used(const struct acme_match *m, u32 index)
{
	return m->entries[index].tuple;
}

/**
 * acme_match_find() - find the first selector that a packet is in
 * @m: selectors
 * @space: which count
 * @flow: packet
 *
 * Return: its index, or -1.
 */
int acme_match_find(const struct acme_match *m, const struct acme_flow *space,
		    const struct acme_flow *flow);

#endif /* _ACME_POLICY_MATCH_H */
