// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <stdlib.h>

#include "policy_match.h"

bool acme_match_init(struct acme_match *m, u32 size)
{
	size_t buckets;

	*m = (struct acme_match) {
		.size = size, .fresh_tuple = 1, .fresh_space = 1,
	};
	for (buckets = 1; buckets < size; buckets *= 2)
		;
	m->mask = buckets - 1;
	m->entries = calloc(size, sizeof(*m->entries));
	m->tuples = calloc((size_t)size + 1, sizeof(*m->tuples));
	m->spaces = calloc((size_t)size + 1, sizeof(*m->spaces));
	m->entry_hash = calloc(buckets, sizeof(*m->entry_hash));
	m->tuple_hash = calloc(buckets, sizeof(*m->tuple_hash));
	m->space_hash = calloc(buckets, sizeof(*m->space_hash));
	if (m->entries && m->tuples && m->spaces && m->entry_hash &&
	    m->tuple_hash && m->space_hash)
		return true;
	acme_match_free(m);
	return false;
}

void acme_match_free(struct acme_match *m)
{
	free(m->entries);
	free(m->tuples);
	free(m->spaces);
	free(m->entry_hash);
	free(m->tuple_hash);
	free(m->space_hash);
	memset(m, 0, sizeof(*m));
}

/* Ports in network order, as selectors have them. */
static u64 last_word(u16 sport, u16 dport, u8 proto, u8 family)
{
	return (u64)sport << 48 | (u64)dport << 32 | proto << 8 | family;
}

void acme_flow_init(struct acme_flow *flow, const struct acme_ip *ip)
{
	u16 sport = 0, dport = 0;

	*flow = (struct acme_flow) {};
	memcpy(&flow->w[0], acme_ip_saddr(ip), acme_ip_alen(ip));
	memcpy(&flow->w[2], acme_ip_daddr(ip), acme_ip_alen(ip));
	acme_ip_ports(ip, &sport, &dport);
	flow->w[4] = last_word(htobe16(sport), htobe16(dport), ip->proto,
			       ip->family);
}

static void prefix_mask(u64 *w, u8 bits)
{
	u8 mask[16] = {};
	u8 bytes = bits / 8;

	memset(mask, 0xff, bytes);
	if (bits % 8)
		mask[bytes] = 0xff << (8 - bits % 8);
	memcpy(w, mask, sizeof(mask));
}

static void selector_mask(struct acme_flow *mask,
			  const struct acme_selector *sel)
{
	prefix_mask(&mask->w[0], sel->prefixlen_s);
	prefix_mask(&mask->w[2], sel->prefixlen_d);
	mask->w[4] = last_word(sel->sport_mask, sel->dport_mask,
			       sel->proto ? 0xff : 0, sel->family ? 0xff : 0);
}

static void selector_value(struct acme_flow *value,
			   const struct acme_selector *sel)
{
	memcpy(&value->w[0], sel->saddr, sizeof(sel->saddr));
	memcpy(&value->w[2], sel->daddr, sizeof(sel->daddr));
	value->w[4] = last_word(sel->sport, sel->dport, sel->proto,
				sel->family);
}

/* The seed is spread first, or it would cancel out against addresses. */
static u32 hash_flow(u64 seed, const struct acme_flow *flow,
		     const struct acme_flow *mask)
{
	u64 h = seed * GOLDEN_RATIO_64;
	int i;

	for (i = 0; i < ACME_FLOW_WORDS; i++) {
		h = (h ^ (flow->w[i] & mask->w[i])) * GOLDEN_RATIO_64;
		h ^= h >> 32;
	}
	return h;
}

static bool same_flow(const struct acme_flow *a, const struct acme_flow *b,
		      const struct acme_flow *mask)
{
	u64 diff = 0;
	int i;

	for (i = 0; i < ACME_FLOW_WORDS; i++)
		diff |= (a->w[i] ^ b->w[i]) & mask->w[i];
	return !diff;
}

static bool before(struct acme_order a, struct acme_order b)
{
	return a.priority != b.priority ? a.priority < b.priority :
					  a.age < b.age;
}

/* Spaces */

static u32 *space_chain(const struct acme_match *m, const struct acme_flow *id)
{
	return &m->space_hash[hash_flow(0, id, id) & m->mask];
}

static u32 find_space(const struct acme_match *m, const struct acme_flow *id)
{
	u32 i;

	for (i = *space_chain(m, id); i; i = m->spaces[i].next)
		if (!memcmp(&m->spaces[i].id, id, sizeof(*id)))
			break;
	return i;
}

static u32 new_space(struct acme_match *m, const struct acme_flow *id)
{
	u32 *head = space_chain(m, id);
	u32 i = m->free_space;

	if (i)
		m->free_space = m->spaces[i].next;
	else
		i = m->fresh_space++;
	m->spaces[i] = (struct acme_match_space) { .id = *id, .next = *head };
	*head = i;
	return i;
}

static void free_space(struct acme_match *m, u32 i)
{
	u32 *link = space_chain(m, &m->spaces[i].id);

	while (*link != i)
		link = &m->spaces[*link].next;
	*link = m->spaces[i].next;
	m->spaces[i].next = m->free_space;
	m->free_space = i;
}

/* Tuples */

static void unlink_tuple(struct acme_match *m, u32 i)
{
	struct acme_match_tuple *t = &m->tuples[i];

	if (t->later)
		m->tuples[t->later].earlier = t->earlier;
	if (t->earlier)
		m->tuples[t->earlier].later = t->later;
	else
		m->spaces[t->space].first = t->later;
}

/* Puts a tuple into its place by its bound. */
static void link_tuple(struct acme_match *m, u32 i)
{
	struct acme_match_tuple *t = &m->tuples[i];
	u32 *link = &m->spaces[t->space].first;

	t->earlier = 0;
	while (*link && before(m->tuples[*link].bound, t->bound)) {
		t->earlier = *link;
		link = &m->tuples[*link].later;
	}
	t->later = *link;
	if (t->later)
		m->tuples[t->later].earlier = i;
	*link = i;
}

static void set_bound(struct acme_match *m, u32 i, struct acme_order bound)
{
	unlink_tuple(m, i);
	m->tuples[i].bound = bound;
	m->tuples[i].stale = 0;
	link_tuple(m, i);
}

static u32 find_tuple(const struct acme_match *m, u32 space,
		      const struct acme_flow *mask, u32 hash)
{
	const struct acme_match_tuple *t;
	u32 i;

	for (i = m->tuple_hash[hash & m->mask]; i; i = t->next) {
		t = &m->tuples[i];
		if (t->space == space &&
		    !memcmp(&t->mask, mask, sizeof(*mask)))
			break;
	}
	return i;
}

static u32 new_tuple(struct acme_match *m, u32 space,
		     const struct acme_flow *mask, u32 hash,
		     struct acme_order bound)
{
	u32 *head = &m->tuple_hash[hash & m->mask];
	u32 i = m->free_tuple;

	if (i)
		m->free_tuple = m->tuples[i].next;
	else
		i = m->fresh_tuple++;
	m->tuples[i] = (struct acme_match_tuple) {
		.mask = *mask, .space = space, .bound = bound, .hash = hash,
		.next = *head,
	};
	*head = i;
	link_tuple(m, i);
	return i;
}

static void free_tuple(struct acme_match *m, u32 i)
{
	struct acme_match_tuple *t = &m->tuples[i];
	u32 *link = &m->tuple_hash[t->hash & m->mask];

	unlink_tuple(m, i);
	if (!m->spaces[t->space].first)
		free_space(m, t->space);
	while (*link != i)
		link = &m->tuples[*link].next;
	*link = t->next;
	t->next = m->free_tuple;
	m->free_tuple = i;
}

/*
 * A bound that became too low makes searches look in vain, but not wrong. It
 * is computed anew when half of the selectors are gone: each removal pays for
 * two steps.
 */
static void tighten(struct acme_match *m, u32 i)
{
	struct acme_match_tuple *t = &m->tuples[i];
	struct acme_order bound;
	u32 e = t->peers;

	if (t->stale <= t->count)
		return;
	bound = m->entries[e - 1].order;
	for (; e; e = m->entries[e - 1].next_peer)
		if (before(m->entries[e - 1].order, bound))
			bound = m->entries[e - 1].order;
	set_bound(m, i, bound);
}

/* Entries */

static void join_tuple(struct acme_match *m, u32 index)
{
	struct acme_match_entry *e = &m->entries[index];
	struct acme_match_tuple *t = &m->tuples[e->tuple];

	e->prev_peer = 0;
	e->next_peer = t->peers;
	if (t->peers)
		m->entries[t->peers - 1].prev_peer = index + 1;
	t->peers = index + 1;
	t->count++;
	if (before(e->order, t->bound))
		set_bound(m, e->tuple, e->order);
}

static void leave_tuple(struct acme_match *m, u32 index)
{
	struct acme_match_entry *e = &m->entries[index];
	struct acme_match_tuple *t = &m->tuples[e->tuple];

	if (e->next_peer)
		m->entries[e->next_peer - 1].prev_peer = e->prev_peer;
	if (e->prev_peer)
		m->entries[e->prev_peer - 1].next_peer = e->next_peer;
	else
		t->peers = e->next_peer;
	t->stale++;
	if (--t->count)
		tighten(m, e->tuple);
	else
		free_tuple(m, e->tuple);
}

/* Those with equal values stand in order, so that the first found is first. */
static void chain_entry(struct acme_match *m, u32 index)
{
	struct acme_match_entry *e = &m->entries[index];
	u32 *link = &m->entry_hash[e->hash & m->mask];

	while (*link && before(m->entries[*link - 1].order, e->order))
		link = &m->entries[*link - 1].next;
	e->next = *link;
	*link = index + 1;
}

void acme_match_add(struct acme_match *m, u32 index,
		    const struct acme_flow *id, struct acme_order order,
		    const struct acme_selector *sel)
{
	struct acme_match_entry *e = &m->entries[index];
	u32 space = find_space(m, id);
	struct acme_flow mask;
	u32 hash;

	if (!space)
		space = new_space(m, id);
	selector_mask(&mask, sel);
	hash = hash_flow(space, &mask, &mask);
	*e = (struct acme_match_entry) { .order = order };
	e->tuple = find_tuple(m, space, &mask, hash);
	if (!e->tuple)
		e->tuple = new_tuple(m, space, &mask, hash, order);
	selector_value(&e->value, sel);
	e->hash = hash_flow(e->tuple, &e->value, &mask);
	chain_entry(m, index);
	join_tuple(m, index);
}

void acme_match_del(struct acme_match *m, u32 index)
{
	struct acme_match_entry *e = &m->entries[index];
	u32 *link = &m->entry_hash[e->hash & m->mask];

	while (*link != index + 1)
		link = &m->entries[*link - 1].next;
	*link = e->next;
	leave_tuple(m, index);
	e->tuple = 0;
}

static const struct acme_match_entry *probe(const struct acme_match *m, u32 i,
					    const struct acme_flow *flow)
{
	const struct acme_flow *mask = &m->tuples[i].mask;
	u32 hash = hash_flow(i, flow, mask);
	const struct acme_match_entry *e;
	u32 n;

	for (n = m->entry_hash[hash & m->mask]; n; n = e->next) {
		e = &m->entries[n - 1];
		if (e->hash == hash && e->tuple == i &&
		    same_flow(&e->value, flow, mask))
			return e;
	}
	return NULL;
}

int acme_match_find(const struct acme_match *m, const struct acme_flow *space,
		    const struct acme_flow *flow)
{
	const struct acme_match_entry *e, *best = NULL;
	u32 i;

	for (i = m->spaces[find_space(m, space)].first; i;
	     i = m->tuples[i].later) {
		if (best && before(best->order, m->tuples[i].bound))
			break;
		e = probe(m, i, flow);
		if (e && (!best || before(e->order, best->order)))
			best = e;
	}
	return best ? best - m->entries : -1;
}
