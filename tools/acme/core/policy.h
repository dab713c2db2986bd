/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The security policy database, and the SAs that its policies lead to.
 *
 * A scope is what a policy holds for, a port of the device; scopes know nothing
 * of each other. A policy is identified by scope, direction and selector. Of
 * those that a packet is in, the one with the smallest priority counts; if
 * there are several, the oldest, as in XFRM.
 */
#ifndef _ACME_POLICY_H
#define _ACME_POLICY_H

#include "acme_hw.h"
#include "compat.h"
#include "policy_match.h"

enum acme_policy_dir {
	ACME_POLICY_IN,
	ACME_POLICY_OUT,
	ACME_POLICY_DIRS
};

/**
 * enum acme_policy_action - what becomes of a packet
 * @ACME_POLICY_PROTECT: an SA that fits the policy's template protects it
 * @ACME_POLICY_BYPASS: it passes as it is
 * @ACME_POLICY_BLOCK: it is dropped
 * @ACME_POLICY_ACTIONS: number of actions
 */
enum acme_policy_action {
	ACME_POLICY_PROTECT,
	ACME_POLICY_BYPASS,
	ACME_POLICY_BLOCK,
	ACME_POLICY_ACTIONS
};

/**
 * struct acme_policy_tmpl - which SAs protect the packets of a policy
 * @saddr: tunnel mode: outer source
 * @daddr: likewise, destination
 * @family: of these
 * @tunnel: tunnel mode; in transport mode addresses and family are the packet's
 * @reqid: of the SAs
 */
struct acme_policy_tmpl {
	u8 saddr[16];
	u8 daddr[16];
	u8 family;
	bool tunnel;
	u32 reqid;
};

/**
 * struct acme_policy_rule - a policy
 * @sel: selector, compared as it was given: bits that don't count make another
 *	policy, as in XFRM
 * @scope: what it holds for
 * @dir: enum acme_policy_dir
 * @action: enum acme_policy_action
 * @priority: the smaller the earlier
 * @tmpl: of its SAs
 */
struct acme_policy_rule {
	struct acme_selector sel;
	u16 scope;
	u8 dir;
	u8 action;
	u32 priority;
	struct acme_policy_tmpl tmpl;
};

/**
 * struct acme_policy - a policy in the table
 * @rule: what it says
 * @age: order of installation
 * @next: in the chain of the hash table, or of free ones; an index plus 1
 */
struct acme_policy {
	struct acme_policy_rule rule;
	u64 age;
	u32 next;
};

/**
 * struct acme_policy_table - all policies
 * @policies: by index
 * @size: how many fit
 * @count: how many are installed
 * @free: first that was freed, an index plus 1
 * @fresh: first index never used
 * @mask: buckets of @hash - 1
 * @hash: chains by identity, an index plus 1
 * @next_age: of the next policy
 * @match: their selectors
 * @sas: selectors of SAs, by index of the SA
 * @next_sa_age: of the next SA
 */
struct acme_policy_table {
	struct acme_policy *policies;
	u32 size;
	u32 count;
	u32 free;
	u32 fresh;
	u32 mask;
	u32 *hash;
	u64 next_age;
	struct acme_match match;
	struct acme_match sas;
	u64 next_sa_age;
};

/**
 * acme_policy_table_init() - take all memory that the table will ever use
 * @t: initialised
 * @max_policies: how many fit, at least 1
 * @max_sas: size of the table of SAs
 *
 * Return: false without memory.
 */
bool acme_policy_table_init(struct acme_policy_table *t, u32 max_policies,
			    u32 max_sas);
void acme_policy_table_free(struct acme_policy_table *t);

/**
 * acme_policy_add() - install a policy
 * @t: table
 * @rule: policy
 *
 * Return: ACME_ST_OK; ACME_ST_BAD_PARAM when a field is out of range;
 * ACME_ST_EXISTS when there is one with this identity; ACME_ST_NO_SPACE.
 */
u32 acme_policy_add(struct acme_policy_table *t,
		    const struct acme_policy_rule *rule);

/**
 * acme_policy_replace() - change a policy's action, priority or template
 * @t: table
 * @rule: policy; identity as installed
 *
 * No packet sees the table without either. The policy keeps its age.
 *
 * Return: ACME_ST_OK; ACME_ST_BAD_PARAM; ACME_ST_NOT_FOUND.
 */
u32 acme_policy_replace(struct acme_policy_table *t,
			const struct acme_policy_rule *rule);

/* Return: the policy of this identity, or NULL. */
struct acme_policy *acme_policy_get(const struct acme_policy_table *t,
				    u16 scope, u8 dir,
				    const struct acme_selector *sel);

void acme_policy_del(struct acme_policy_table *t, struct acme_policy *policy);

/* Removes all policies of a scope; SAs stay bound. */
void acme_policy_flush_scope(struct acme_policy_table *t, u16 scope);

/**
 * acme_policy_next() - go through the table
 * @t: table
 * @cursor: 0 to begin with, then left alone
 *
 * The table may change in between: what is there from the first call to the
 * last comes exactly once.
 *
 * Return: the next policy, NULL after the last.
 */
const struct acme_policy *
acme_policy_next(const struct acme_policy_table *t, u32 *cursor);

/**
 * acme_policy_lookup() - find the policy that counts for a packet
 * @t: table
 * @scope: where the packet comes from or goes to
 * @dir: enum acme_policy_dir
 * @flow: packet
 *
 * Return: the policy, or NULL.
 */
const struct acme_policy *
acme_policy_lookup(const struct acme_policy_table *t, u16 scope, u8 dir,
		   const struct acme_flow *flow);

/**
 * acme_policy_bind() - make an SA one that policies lead to
 * @t: table
 * @sa: index of the SA, not bound yet
 * @rule: scope and direction of the policies; the SA's own selector, and its
 *	addresses, mode and reqid as template
 */
void acme_policy_bind(struct acme_policy_table *t, u32 sa,
		      const struct acme_policy_rule *rule);

/* Reverts acme_policy_bind(), if the SA is bound. */
void acme_policy_unbind(struct acme_policy_table *t, u32 sa);

/**
 * acme_policy_sa() - choose the SA for a packet
 * @t: table
 * @rule: policy with ACME_POLICY_PROTECT that the packet is in
 * @flow: packet
 *
 * Return: the index of the SA that was bound last, of those with the policy's
 * scope and direction that fit its template and have the packet in their
 * selector; or -1.
 */
int acme_policy_sa(const struct acme_policy_table *t,
		   const struct acme_policy_rule *rule,
		   const struct acme_flow *flow);

#endif /* _ACME_POLICY_H */
