// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <stdlib.h>

#include "sa.h"

#define GENERATION_STEP	(ACME_SA_INDEX + 1U)

bool acme_sa_table_init(struct acme_sa_table *t, u32 size)
{
	size_t buckets;

	*t = (struct acme_sa_table) {
		.size = size, .free = -1, .pending = -1,
	};
	for (buckets = 1; buckets < size; buckets *= 2)
		;
	t->mask = buckets - 1;
	t->sas = calloc(size, sizeof(*t->sas));
	t->hash = malloc(buckets * sizeof(*t->hash));
	t->encap_ports = calloc(BIT(16), sizeof(*t->encap_ports));
	if (!t->sas || !t->hash || !t->encap_ports) {
		acme_sa_table_free(t);
		return false;
	}
	memset(t->hash, -1, buckets * sizeof(*t->hash));
	return true;
}

void acme_sa_table_flush(struct acme_sa_table *t)
{
	u32 i;

	for (i = 0; t->count && i < t->fresh; i++)
		if (t->sas[i].used)
			acme_sa_del(t, &t->sas[i]);
}

void acme_sa_table_free(struct acme_sa_table *t)
{
	acme_sa_table_flush(t);
	free(t->encap_ports);
	free(t->hash);
	free(t->sas);
	t->encap_ports = NULL;
	t->hash = NULL;
	t->sas = NULL;
}

struct acme_sa *acme_sa_by_handle(struct acme_sa_table *t, u32 handle)
{
	u32 index = handle & ACME_SA_INDEX;
	struct acme_sa *sa;

	if (index >= t->size)
		return NULL;
	sa = &t->sas[index];
	return sa->used && sa->handle == handle ? sa : NULL;
}

static int *chain(const struct acme_sa_table *t, bool inbound,
		  const u8 *daddr, u32 spi)
{
	u64 h = (u64)spi << 1 | inbound;
	u32 i;

	for (i = 0; i < 16; i += 4)
		h = (h ^ get_be32(daddr + i)) * GOLDEN_RATIO_64;
	return &t->hash[h >> 32 & t->mask];
}

struct acme_sa *acme_sa_lookup(struct acme_sa_table *t, bool inbound,
			       u8 family, const u8 *daddr, u32 spi)
{
	struct acme_sa *sa;
	u8 addr[16] = {};
	int i;

	memcpy(addr, daddr, family == 4 ? 4 : 16);
	for (i = *chain(t, inbound, addr, spi); i >= 0; i = sa->next) {
		sa = &t->sas[i];
		if (sa->spi == spi && sa->family == family &&
		    acme_sa_inbound(sa) == inbound &&
		    !memcmp(sa->daddr, addr, sizeof(addr)))
			return sa;
	}
	return NULL;
}

static int *chain_of(struct acme_sa_table *t, const struct acme_sa *sa)
{
	return chain(t, acme_sa_inbound(sa), sa->daddr, sa->spi);
}

/* 0 is never a generation, so that no handle is 0. */
static u32 next_generation(u32 handle)
{
	u32 next = handle + GENERATION_STEP;

	return next & ACME_SA_GENERATION ? next : next + GENERATION_STEP;
}

/* The entry that was freed last, or else one that was never used. */
static struct acme_sa *take(struct acme_sa_table *t)
{
	struct acme_sa *sa;

	if (t->free < 0) {
		sa = &t->sas[t->fresh];
		sa->handle = t->fresh++;
		return sa;
	}
	sa = &t->sas[t->free];
	t->free = sa->next;
	return sa;
}

static void count_port(struct acme_sa_table *t, const struct acme_sa *sa,
		       int by)
{
	if (acme_sa_inbound(sa) && sa->encap_sport)
		t->encap_ports[sa->encap_dport] += by;
}

struct acme_sa *acme_sa_new(struct acme_sa_table *t,
			    const struct acme_sa *model)
{
	struct acme_sa *sa = take(t);
	u32 handle = next_generation(sa->handle);
	int *head;

	t->count++;
	*sa = *model;
	sa->handle = handle;
	sa->used = true;
	head = chain_of(t, sa);
	sa->next = *head;
	*head = sa - t->sas;
	count_port(t, sa, 1);
	return sa;
}

void acme_sa_set_ports(struct acme_sa_table *t, struct acme_sa *sa, u16 sport,
		       u16 dport)
{
	count_port(t, sa, -1);
	sa->encap_sport = sport;
	sa->encap_dport = dport;
	sa->map_sport = sport;
	count_port(t, sa, 1);
}

void acme_sa_pend(struct acme_sa_table *t, struct acme_sa *sa)
{
	int index = sa - t->sas;

	sa->pending_next = -1;
	if (t->pending < 0)
		t->pending = index;
	else
		t->sas[t->pending_last].pending_next = index;
	t->pending_last = index;
}

void acme_sa_unpend(struct acme_sa_table *t, struct acme_sa *sa)
{
	int index = sa - t->sas;
	int *link = &t->pending;
	int before = -1;

	while (*link != index) {
		before = *link;
		link = &t->sas[before].pending_next;
	}
	*link = sa->pending_next;
	if (t->pending_last == index)
		t->pending_last = before;
	sa->pending = 0;
}

void acme_sa_del(struct acme_sa_table *t, struct acme_sa *sa)
{
	u32 handle = sa->handle;
	int *link = chain_of(t, sa);
	int index = sa - t->sas;

	while (*link != index)
		link = &t->sas[*link].next;
	*link = sa->next;
	count_port(t, sa, -1);
	if (sa->pending)
		acme_sa_unpend(t, sa);
	acme_aead_free(sa->aead);
	memset(sa, 0, sizeof(*sa));
	sa->handle = handle;
	sa->next = t->free;
	t->free = index;
	t->count--;
}
