// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <stdlib.h>

#include "policy.h"

/* Reserved bytes of a selector don't make it another one. */
#define IDENTITY_LEN	offsetof(struct acme_selector, rsvd)

bool acme_policy_table_init(struct acme_policy_table *t, u32 max_policies,
			    u32 max_sas)
{
	size_t buckets;

	*t = (struct acme_policy_table) { .size = max_policies };
	for (buckets = 1; buckets < max_policies; buckets *= 2)
		;
	t->mask = buckets - 1;
	t->policies = calloc(max_policies, sizeof(*t->policies));
	t->hash = calloc(buckets, sizeof(*t->hash));
	if (t->policies && t->hash &&
	    acme_match_init(&t->match, max_policies) &&
	    acme_match_init(&t->sas, max_sas))
		return true;
	acme_policy_table_free(t);
	return false;
}

void acme_policy_table_free(struct acme_policy_table *t)
{
	acme_match_free(&t->sas);
	acme_match_free(&t->match);
	free(t->hash);
	free(t->policies);
	memset(t, 0, sizeof(*t));
}

static u64 scope_dir(u16 scope, u8 dir)
{
	return scope << 8 | dir;
}

static struct acme_flow policy_space(u16 scope, u8 dir)
{
	return (struct acme_flow) { .w[4] = scope_dir(scope, dir) };
}

/* The SAs of a template, whose addresses are at @saddr and @daddr. */
static struct acme_flow sa_space(const struct acme_policy_rule *rule,
				 const void *saddr, const void *daddr,
				 u8 family)
{
	u32 alen = family == 4 ? 4 : 16;
	struct acme_flow space = {};

	memcpy(&space.w[0], saddr, alen);
	memcpy(&space.w[2], daddr, alen);
	space.w[4] = (u64)rule->tmpl.reqid << 32 |
		     scope_dir(rule->scope, rule->dir) << 8 |
		     rule->tmpl.tunnel << 7 | family;
	return space;
}

static u32 *chain_of(const struct acme_policy_table *t, u16 scope, u8 dir,
		     const struct acme_selector *sel)
{
	u64 h = scope_dir(scope, dir) * GOLDEN_RATIO_64;
	u32 w[IDENTITY_LEN / sizeof(u32)];
	u32 i;

	memcpy(w, sel, IDENTITY_LEN);
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		h = (h ^ w[i]) * GOLDEN_RATIO_64;
		h ^= h >> 32;
	}
	return &t->hash[h & t->mask];
}

struct acme_policy *acme_policy_get(const struct acme_policy_table *t,
				    u16 scope, u8 dir,
				    const struct acme_selector *sel)
{
	struct acme_policy *p;
	u32 i;

	for (i = *chain_of(t, scope, dir, sel); i; i = p->next) {
		p = &t->policies[i - 1];
		if (p->rule.scope == scope && p->rule.dir == dir &&
		    !memcmp(&p->rule.sel, sel, IDENTITY_LEN))
			return p;
	}
	return NULL;
}

static bool rule_ok(const struct acme_policy_rule *rule)
{
	const struct acme_selector *sel = &rule->sel;
	u8 bits = sel->family == 4 ? 32 : sel->family == 6 ? 128 : 0;

	return rule->dir < ACME_POLICY_DIRS &&
	       rule->action < ACME_POLICY_ACTIONS &&
	       (bits || !sel->family) &&
	       sel->prefixlen_s <= bits && sel->prefixlen_d <= bits;
}

static void match(struct acme_policy_table *t, const struct acme_policy *p)
{
	struct acme_flow space = policy_space(p->rule.scope, p->rule.dir);
	struct acme_order order = { p->rule.priority, p->age };

	acme_match_add(&t->match, p - t->policies, &space, order,
		       &p->rule.sel);
}

static struct acme_policy *take(struct acme_policy_table *t)
{
	struct acme_policy *p;

	t->count++;
	if (!t->free)
		return &t->policies[t->fresh++];
	p = &t->policies[t->free - 1];
	t->free = p->next;
	return p;
}

u32 acme_policy_add(struct acme_policy_table *t,
		    const struct acme_policy_rule *rule)
{
	u32 *head = chain_of(t, rule->scope, rule->dir, &rule->sel);
	struct acme_policy *p;

	if (!rule_ok(rule))
		return ACME_ST_BAD_PARAM;
	if (acme_policy_get(t, rule->scope, rule->dir, &rule->sel))
		return ACME_ST_EXISTS;
	if (t->count == t->size)
		return ACME_ST_NO_SPACE;
	p = take(t);
	*p = (struct acme_policy) {
		.rule = *rule, .age = t->next_age++, .next = *head,
	};
	*head = p - t->policies + 1;
	match(t, p);
	return ACME_ST_OK;
}

u32 acme_policy_replace(struct acme_policy_table *t,
			const struct acme_policy_rule *rule)
{
	struct acme_policy *p;

	if (!rule_ok(rule))
		return ACME_ST_BAD_PARAM;
	p = acme_policy_get(t, rule->scope, rule->dir, &rule->sel);
	if (!p)
		return ACME_ST_NOT_FOUND;
	acme_match_del(&t->match, p - t->policies);
	p->rule = *rule;
	match(t, p);
	return ACME_ST_OK;
}

void acme_policy_del(struct acme_policy_table *t, struct acme_policy *p)
{
	u32 *link = chain_of(t, p->rule.scope, p->rule.dir, &p->rule.sel);
	u32 i = p - t->policies + 1;

	acme_match_del(&t->match, i - 1);
	while (*link != i)
		link = &t->policies[*link - 1].next;
	*link = p->next;
	p->next = t->free;
	t->free = i;
	t->count--;
}

void acme_policy_flush_scope(struct acme_policy_table *t, u16 scope)
{
	u32 i;

	for (i = 0; i < t->fresh; i++)
		if (acme_match_used(&t->match, i) &&
		    t->policies[i].rule.scope == scope)
			acme_policy_del(t, &t->policies[i]);
}

const struct acme_policy *
acme_policy_next(const struct acme_policy_table *t, u32 *cursor)
{
	while (*cursor < t->fresh)
		if (acme_match_used(&t->match, (*cursor)++))
			return &t->policies[*cursor - 1];
	return NULL;
}

const struct acme_policy *
acme_policy_lookup(const struct acme_policy_table *t, u16 scope, u8 dir,
		   const struct acme_flow *flow)
{
	struct acme_flow space = policy_space(scope, dir);
	int i = acme_match_find(&t->match, &space, flow);

	return i < 0 ? NULL : &t->policies[i];
}

void acme_policy_bind(struct acme_policy_table *t, u32 sa,
		      const struct acme_policy_rule *rule)
{
	const struct acme_policy_tmpl *tmpl = &rule->tmpl;
	struct acme_flow space = sa_space(rule, tmpl->saddr, tmpl->daddr,
					  tmpl->family);
	/* The youngest comes first. */
	struct acme_order order = { .age = UINT64_MAX - t->next_sa_age++ };

	acme_match_add(&t->sas, sa, &space, order, &rule->sel);
}

void acme_policy_unbind(struct acme_policy_table *t, u32 sa)
{
	if (acme_match_used(&t->sas, sa))
		acme_match_del(&t->sas, sa);
}

int acme_policy_sa(const struct acme_policy_table *t,
		   const struct acme_policy_rule *rule,
		   const struct acme_flow *flow)
{
	const struct acme_policy_tmpl *tmpl = &rule->tmpl;
	struct acme_flow space;

	if (tmpl->tunnel)
		space = sa_space(rule, tmpl->saddr, tmpl->daddr, tmpl->family);
	else
		space = sa_space(rule, &flow->w[0], &flow->w[2],
				 acme_flow_family(flow));
	return acme_match_find(&t->sas, &space, flow);
}
