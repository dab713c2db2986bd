// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <stdlib.h>

#include "sa.h"

#define GENERATION_STEP	(ACME_SA_INDEX + 1U)

bool acme_sa_table_init(struct acme_sa_table *t, u32 size)
{
	u32 i;

	t->sas = calloc(size, sizeof(*t->sas));
	if (!t->sas)
		return false;
	t->size = size;
	t->count = 0;
	t->free = -1;
	for (i = size; i-- > 0; ) {
		t->sas[i].handle = i;
		t->sas[i].next = t->free;
		t->free = i;
	}
	memset(t->hash, -1, sizeof(t->hash));
	return true;
}

void acme_sa_table_flush(struct acme_sa_table *t)
{
	u32 i;

	for (i = 0; t->count && i < t->size; i++)
		if (t->sas[i].used)
			acme_sa_del(t, &t->sas[i]);
}

void acme_sa_table_free(struct acme_sa_table *t)
{
	acme_sa_table_flush(t);
	free(t->sas);
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

static u32 hash(bool inbound, const u8 *daddr, u32 spi)
{
	u32 h = spi ^ inbound;
	u32 i;

	for (i = 0; i < 16; i += 4)
		h = (h ^ get_be32(daddr + i)) * 0x9e3779b1;
	return (h ^ h >> 16) % ACME_SA_HASH_SIZE;
}

struct acme_sa *acme_sa_lookup(struct acme_sa_table *t, bool inbound,
			       u8 family, const u8 *daddr, u32 spi)
{
	struct acme_sa *sa;
	u8 addr[16] = {};
	int i;

	memcpy(addr, daddr, family == 4 ? 4 : 16);
	for (i = t->hash[hash(inbound, addr, spi)]; i >= 0; i = sa->next) {
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
	return &t->hash[hash(acme_sa_inbound(sa), sa->daddr, sa->spi)];
}

/* 0 is never a generation, so that no handle is 0. */
static u32 next_generation(u32 handle)
{
	u32 next = handle + GENERATION_STEP;

	return next & ACME_SA_GENERATION ? next : next + GENERATION_STEP;
}

struct acme_sa *acme_sa_new(struct acme_sa_table *t,
			    const struct acme_sa *model)
{
	struct acme_sa *sa = &t->sas[t->free];
	u32 handle = next_generation(sa->handle);
	int *chain;

	t->free = sa->next;
	t->count++;
	*sa = *model;
	sa->handle = handle;
	sa->used = true;
	chain = chain_of(t, sa);
	sa->next = *chain;
	*chain = sa - t->sas;
	return sa;
}

void acme_sa_del(struct acme_sa_table *t, struct acme_sa *sa)
{
	u32 handle = sa->handle;
	int *link = chain_of(t, sa);
	int index = sa - t->sas;

	while (*link != index)
		link = &t->sas[*link].next;
	*link = sa->next;
	acme_aead_free(sa->aead);
	memset(sa, 0, sizeof(*sa));
	sa->handle = handle;
	sa->next = t->free;
	t->free = index;
	t->count--;
}
