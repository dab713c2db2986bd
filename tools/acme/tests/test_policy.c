// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The policy table against a model that shares nothing with it: a list that
 * is searched from end to end, matching bit by bit. Selectors and packets are
 * drawn from few values, so that they meet often.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "mock.h"
#include "core/policy.h"
#include "core/sa.h"

#define POLICIES	200
#define SAS		60
#define STEPS		60000
#define SCOPES		3
#define PACKET_LEN	80

/**
 * struct packet - what the model knows of a packet
 * @family: 4 or 6
 * @proto: protocol
 * @addr: source and destination
 * @port: ports, or type and code, or 0
 */
struct packet {
	u8 family;
	u8 proto;
	u8 addr[2][16];
	u16 port[2];
};

/**
 * struct item - a policy or an SA of the model
 * @rule: what it says
 * @age: when it came
 * @used: it is there
 */
struct item {
	struct acme_policy_rule rule;
	u64 age;
	bool used;
};

/**
 * struct world - the table and its model
 * @t: table
 * @policies: model
 * @sas: model, by index of the SA
 * @clock: for ages
 * @rng: state
 * @hits: lookups that found a policy
 * @sa_hits: and an SA for it, in transport and tunnel mode
 */
struct world {
	struct acme_policy_table t;
	struct item policies[POLICIES];
	struct item sas[SAS];
	u64 clock;
	u64 rng;
	u32 hits;
	u32 sa_hits[2];
};

static u32 rnd(struct world *w, u32 n)
{
	return mock_random(&w->rng) % n;
}

static bool bit(const u8 *p, u32 i)
{
	return p[i / 8] >> (7 - i % 8) & 1;
}

static bool prefix_ok(const u8 *a, const u8 *b, u32 bits)
{
	u32 i;

	for (i = 0; i < bits; i++)
		if (bit(a, i) != bit(b, i))
			return false;
	return true;
}

static bool port_ok(u16 want, u16 mask, u16 port)
{
	u32 i;

	for (i = 0; i < 16; i++)
		if (be16toh(mask) >> i & 1 &&
		    (be16toh(want) >> i & 1) != (port >> i & 1))
			return false;
	return true;
}

static bool model_match(const struct acme_selector *s, const struct packet *p)
{
	return (!s->family || s->family == p->family) &&
	       (!s->proto || s->proto == p->proto) &&
	       prefix_ok(s->saddr, p->addr[0], s->prefixlen_s) &&
	       prefix_ok(s->daddr, p->addr[1], s->prefixlen_d) &&
	       port_ok(s->sport, s->sport_mask, p->port[0]) &&
	       port_ok(s->dport, s->dport_mask, p->port[1]);
}

static struct item *model_lookup(struct world *w, u16 scope, u8 dir,
				 const struct packet *p)
{
	struct item *best = NULL, *i;

	for (i = w->policies; i < w->policies + POLICIES; i++) {
		if (!i->used || i->rule.scope != scope || i->rule.dir != dir ||
		    !model_match(&i->rule.sel, p))
			continue;
		if (!best || i->rule.priority < best->rule.priority ||
		    (i->rule.priority == best->rule.priority &&
		     i->age < best->age))
			best = i;
	}
	return best;
}

/* Do the addresses of an SA fit a template? */
static bool model_fits(const struct acme_policy_tmpl *sa,
		       const struct acme_policy_tmpl *tmpl,
		       const struct packet *p)
{
	u8 family = tmpl->tunnel ? tmpl->family : p->family;
	u32 bits = family == 4 ? 32 : 128;

	return sa->reqid == tmpl->reqid && sa->tunnel == tmpl->tunnel &&
	       sa->family == family &&
	       prefix_ok(sa->saddr, tmpl->tunnel ? tmpl->saddr : p->addr[0],
			 bits) &&
	       prefix_ok(sa->daddr, tmpl->tunnel ? tmpl->daddr : p->addr[1],
			 bits);
}

static int model_sa(struct world *w, const struct acme_policy_rule *rule,
		    const struct packet *p)
{
	int best = -1, i;

	for (i = 0; i < SAS; i++)
		if (w->sas[i].used && w->sas[i].rule.scope == rule->scope &&
		    w->sas[i].rule.dir == rule->dir &&
		    model_fits(&w->sas[i].rule.tmpl, &rule->tmpl, p) &&
		    model_match(&w->sas[i].rule.sel, p) &&
		    (best < 0 || w->sas[i].age > w->sas[best].age))
			best = i;
	return best;
}

static struct item *model_find(struct world *w,
			       const struct acme_policy_rule *rule)
{
	struct item *i;

	for (i = w->policies; i < w->policies + POLICIES; i++)
		if (i->used && i->rule.scope == rule->scope &&
		    i->rule.dir == rule->dir &&
		    !memcmp(&i->rule.sel, &rule->sel,
			    sizeof(rule->sel) - sizeof(rule->sel.rsvd)))
			return i;
	return NULL;
}

/* Few addresses, which differ in any of their bits. */
static void pick_addr(struct world *w, u8 family, u8 *addr)
{
	u32 bits = family == 4 ? 32 : 128;
	u32 n = rnd(w, 3);

	memset(addr, 0, 16);
	memset(addr, 0xa5, bits / 8);
	while (n--) {
		u32 i = rnd(w, 4) ? rnd(w, 8) * (bits / 8) : rnd(w, bits);

		addr[i / 8] ^= 0x80 >> i % 8;
	}
}

static u8 pick_len(struct world *w, u8 family)
{
	u32 bits = family == 4 ? 32 : 128;

	switch (rnd(w, 4)) {
	case 0:
		return 0;
	case 1:
		return bits;
	case 2:
		return rnd(w, 8) * (bits / 8);
	default:
		return rnd(w, bits + 1);
	}
}

static u16 pick_mask(struct world *w)
{
	static const u16 masks[] = { 0, 0, 0xffff, 0xfff0, 0x0001 };

	return masks[rnd(w, ARRAY_SIZE(masks))];
}

static u8 pick_proto(struct world *w)
{
	static const u8 protos[] = {
		PROTO_TCP, PROTO_UDP, PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, 47,
	};

	return protos[rnd(w, ARRAY_SIZE(protos))];
}

static struct acme_selector pick_selector(struct world *w)
{
	static const u8 families[] = { 4, 4, 6, 6, 0 };
	struct acme_selector s = {
		.family = families[rnd(w, ARRAY_SIZE(families))],
	};

	if (s.family) {
		pick_addr(w, s.family, s.saddr);
		pick_addr(w, s.family, s.daddr);
		s.prefixlen_s = pick_len(w, s.family);
		s.prefixlen_d = pick_len(w, s.family);
	}
	s.proto = rnd(w, 2) ? pick_proto(w) : 0;
	s.sport_mask = htobe16(pick_mask(w));
	s.dport_mask = htobe16(pick_mask(w));
	s.sport = htobe16(rnd(w, 4) << (4 * rnd(w, 2)));
	s.dport = htobe16(rnd(w, 4) << (4 * rnd(w, 2)));
	s.rsvd[0] = rnd(w, 2);
	return s;
}

/* Few, so that SAs and policies fit; with dirt behind IPv4 addresses. */
static struct acme_policy_tmpl pick_tmpl(struct world *w)
{
	struct acme_policy_tmpl tmpl = {
		.family = rnd(w, 4) ? 4 : 6, .tunnel = rnd(w, 2),
		.reqid = rnd(w, 3),
	};
	u32 end = tmpl.family == 4 ? 3 : 15;

	if (!tmpl.tunnel && rnd(w, 4)) {
		memset(tmpl.saddr, 0xa5, end + 1);
		pick_addr(w, tmpl.family, tmpl.daddr);
		return tmpl;
	}
	tmpl.saddr[end] = rnd(w, 2);
	tmpl.daddr[end] = rnd(w, 2);
	tmpl.daddr[15] |= rnd(w, 2);
	return tmpl;
}

static struct acme_policy_rule pick_rule(struct world *w)
{
	struct acme_policy_rule rule = {
		.sel = pick_selector(w),
		.scope = rnd(w, SCOPES),
		.dir = rnd(w, ACME_POLICY_DIRS),
		.action = rnd(w, ACME_POLICY_ACTIONS),
		.priority = rnd(w, 3) ? rnd(w, 4) : UINT32_MAX - rnd(w, 2),
		.tmpl = pick_tmpl(w),
	};
	struct item *old = &w->policies[rnd(w, POLICIES)];

	/* Often one that is there, in its own scope or another. */
	if (rnd(w, 3) == 0 && old->used) {
		rule.sel = old->rule.sel;
		if (rnd(w, 2))
			rule.dir = old->rule.dir;
		else
			rule.scope = old->rule.scope;
	}
	return rule;
}

/* Writes a packet of 64 bytes of IP and payload, and parses it. */
static void build(struct world *w, struct packet *p, u8 *buf,
		  struct acme_ip *ip)
{
	u32 hlen, i, len = 64;

	memset(buf, 0, PACKET_LEN);
	*p = (struct packet) {
		.family = rnd(w, 2) ? 4 : 6, .proto = pick_proto(w),
	};
	hlen = p->family == 4 ? IPV4_HDR_LEN : IPV6_HDR_LEN;
	pick_addr(w, p->family, p->addr[0]);
	pick_addr(w, p->family, p->addr[1]);
	for (i = 0; i < 4; i++)
		buf[hlen + i] = i % 2 ? rnd(w, 4) << (4 * rnd(w, 2)) : 0;
	if (p->family == 4) {
		buf[0] = 0x45;
		put_be16(buf + 2, len);
		buf[9] = p->proto;
		memcpy(buf + 12, p->addr[0], 4);
		memcpy(buf + 16, p->addr[1], 4);
		if (!rnd(w, 8))
			put_be16(buf + 6, 1);
	} else {
		buf[0] = 0x60;
		put_be16(buf + 4, len - hlen);
		buf[6] = p->proto;
		memcpy(buf + 8, p->addr[0], 16);
		memcpy(buf + 24, p->addr[1], 16);
	}
	if (p->proto == PROTO_ICMP || p->proto == PROTO_ICMPV6) {
		buf[hlen] = buf[hlen + 1];
		buf[hlen + 1] = buf[hlen + 3];
		p->port[0] = buf[hlen];
		p->port[1] = buf[hlen + 1];
	} else if (p->proto != 47) {
		p->port[0] = get_be16(buf + hlen);
		p->port[1] = get_be16(buf + hlen + 2);
	}
	if (p->family == 4 && get_be16(buf + 6))
		memset(p->port, 0, sizeof(p->port));
	assert_true(acme_ip_parse(ip, buf, len, p->family == 4 ?
				  ETHERTYPE_IPV4 : ETHERTYPE_IPV6));
}

static void step_add(struct world *w)
{
	struct acme_policy_rule rule = pick_rule(w);
	struct item *i = model_find(w, &rule);
	u32 n, want = ACME_ST_OK;

	for (n = 0; n < POLICIES && w->policies[n].used; n++)
		;
	if (i)
		want = ACME_ST_EXISTS;
	else if (n == POLICIES)
		want = ACME_ST_NO_SPACE;
	assert_int_equal(acme_policy_add(&w->t, &rule), want);
	if (want == ACME_ST_OK)
		w->policies[n] = (struct item) { rule, w->clock++, true };
}

static void step_replace(struct world *w)
{
	struct acme_policy_rule rule = pick_rule(w);
	struct item *i = model_find(w, &rule);

	assert_int_equal(acme_policy_replace(&w->t, &rule),
			 i ? ACME_ST_OK : ACME_ST_NOT_FOUND);
	if (i)
		i->rule = rule;
}

static void step_del(struct world *w)
{
	struct acme_policy_rule rule = pick_rule(w);
	struct item *i = model_find(w, &rule);
	struct acme_policy *p;

	p = acme_policy_get(&w->t, rule.scope, rule.dir, &rule.sel);
	assert_int_equal(!!p, !!i);
	if (!p)
		return;
	acme_policy_del(&w->t, p);
	i->used = false;
}

static void step_flush(struct world *w)
{
	u16 scope = rnd(w, SCOPES);
	u32 n;

	if (rnd(w, 60))
		return;
	acme_policy_flush_scope(&w->t, scope);
	for (n = 0; n < POLICIES; n++)
		if (w->policies[n].rule.scope == scope)
			w->policies[n].used = false;
}

static void step_bind(struct world *w)
{
	u32 sa = rnd(w, SAS);

	if (w->sas[sa].used || !rnd(w, 4))
		acme_policy_unbind(&w->t, sa);
	w->sas[sa].used = !w->sas[sa].used;
	if (!w->sas[sa].used)
		return;
	w->sas[sa].rule = pick_rule(w);
	if (rnd(w, 2))
		memset(&w->sas[sa].rule.sel, 0, sizeof(struct acme_selector));
	w->sas[sa].age = w->clock++;
	acme_policy_bind(&w->t, sa, &w->sas[sa].rule);
}

static void step_lookup(struct world *w)
{
	u8 dir = rnd(w, ACME_POLICY_DIRS);
	u16 scope = rnd(w, SCOPES);
	const struct acme_policy *got;
	struct acme_flow flow;
	u8 buf[PACKET_LEN];
	struct item *want;
	struct acme_ip ip;
	struct packet p;
	int sa;

	build(w, &p, buf, &ip);
	acme_flow_init(&flow, &ip);
	want = model_lookup(w, scope, dir, &p);
	got = acme_policy_lookup(&w->t, scope, dir, &flow);
	assert_int_equal(!!got, !!want);
	if (!got)
		return;
	w->hits++;
	assert_memory_equal(&got->rule, &want->rule, sizeof(got->rule));
	sa = acme_policy_sa(&w->t, &got->rule, &flow);
	assert_int_equal(sa, model_sa(w, &got->rule, &p));
	if (sa >= 0)
		w->sa_hits[got->rule.tmpl.tunnel]++;
}

/* Every policy once, and no other. */
static void step_dump(struct world *w)
{
	u32 i, n = 0, seen = 0, cursor = 0;
	const struct acme_policy *p;
	struct item *item;

	if (rnd(w, 20))
		return;
	for (i = 0; i < POLICIES; i++)
		n += w->policies[i].used;
	assert_int_equal(w->t.count, n);
	while ((p = acme_policy_next(&w->t, &cursor))) {
		item = model_find(w, &p->rule);
		assert_non_null(item);
		assert_memory_equal(&p->rule, &item->rule, sizeof(p->rule));
		seen++;
	}
	assert_int_equal(seen, n);
}

static void random_steps(u64 seed)
{
	static void (*const steps[])(struct world *) = {
		step_add, step_add, step_add, step_replace, step_del,
		step_flush, step_bind, step_bind, step_dump,
		step_lookup, step_lookup, step_lookup, step_lookup,
	};
	struct world *w = calloc(1, sizeof(*w));
	u32 i;

	assert_non_null(w);
	w->rng = seed;
	print_message("# seed 0x%llx (ACME_FUZZ_SEED)\n",
		      (unsigned long long)seed);
	assert_true(acme_policy_table_init(&w->t, POLICIES, SAS));
	for (i = 0; i < STEPS; i++)
		steps[rnd(w, ARRAY_SIZE(steps))](w);
	/* Otherwise nothing was compared. */
	print_message("# found: %u policies, %u and %u SAs\n", w->hits,
		      w->sa_hits[0], w->sa_hits[1]);
	assert_true(w->hits > STEPS / 30);
	assert_true(w->sa_hits[0] > 20 && w->sa_hits[1] > 100);
	acme_policy_table_free(&w->t);
	free(w);
}

static void test_random(void **state)
{
	const char *seed = getenv("ACME_FUZZ_SEED");

	(void)state;
	random_steps(seed ? strtoull(seed, NULL, 0) : 0x5eed1);
	if (!seed)
		random_steps((u64)time(NULL) << 20 ^ getpid());
}

static void test_refusals(void **state)
{
	struct acme_policy_rule good = { .sel = { .family = 4 } }, bad;
	struct acme_policy_table t;

	(void)state;
#define REFUSED(field, value) do {					\
	bad = good;							\
	bad.field = value;						\
	assert_int_equal(acme_policy_add(&t, &bad), ACME_ST_BAD_PARAM);	\
	assert_int_equal(acme_policy_replace(&t, &bad),			\
			 ACME_ST_BAD_PARAM);				\
} while (0)
	assert_true(acme_policy_table_init(&t, 2, 1));
	REFUSED(dir, ACME_POLICY_DIRS);
	REFUSED(action, ACME_POLICY_ACTIONS);
	REFUSED(sel.family, 5);
	REFUSED(sel.prefixlen_s, 33);
	REFUSED(sel.prefixlen_d, 33);
	good.sel.family = 6;
	REFUSED(sel.prefixlen_s, 129);
	REFUSED(sel.prefixlen_d, 129);
	good.sel.family = 0;
	REFUSED(sel.prefixlen_s, 1);
	REFUSED(sel.prefixlen_d, 1);
#undef REFUSED
	assert_int_equal(t.count, 0);
	assert_int_equal(acme_policy_add(&t, &good), ACME_ST_OK);
	acme_policy_table_free(&t);
}

/* Adds and removes while a dump goes on. */
static void test_dump(void **state)
{
	struct acme_policy_rule rule = { .sel = { .family = 4 } };
	u32 i, cursor = 0, seen[64] = {};
	const struct acme_policy *p;
	struct acme_policy_table t;

	(void)state;
	assert_true(acme_policy_table_init(&t, 64, 1));
	for (i = 0; i < 40; i++) {
		rule.sel.sport = i;
		assert_int_equal(acme_policy_add(&t, &rule), ACME_ST_OK);
	}
	for (i = 0; (p = acme_policy_next(&t, &cursor)); i++) {
		seen[p->rule.sel.sport]++;
		rule.sel.sport = i % 20 * 2 + 1;
		if (acme_policy_get(&t, 0, 0, &rule.sel))
			acme_policy_del(&t, acme_policy_get(&t, 0, 0,
							    &rule.sel));
		rule.sel.sport = 40 + i % 20;
		acme_policy_add(&t, &rule);
	}
	for (i = 0; i < 40; i += 2)
		assert_int_equal(seen[i], 1);
	for (i = 0; i < 64; i++)
		assert_true(seen[i] <= 1);
	acme_policy_table_free(&t);
}

static u32 chain_len(const struct acme_match *m, u32 bucket)
{
	u32 i, n = 0;

	for (i = m->entry_hash[bucket]; i; i = m->entries[i - 1].next)
		n++;
	return n;
}

static u32 longest_chain(const struct acme_match *m)
{
	u32 i, longest = 0;

	for (i = 0; i <= m->mask; i++)
		if (chain_len(m, i) > longest)
			longest = chain_len(m, i);
	return longest;
}

/*
 * The worst that a search must go through is short: neighbouring networks,
 * one policy in each of many scopes.
 */
static void test_spread(void **state)
{
	struct acme_policy_rule rule = {
		.sel = { .family = 4, .prefixlen_s = 24, .prefixlen_d = 32 },
	};
	struct acme_policy_table t;
	u32 i, n = 100000;

	(void)state;
	assert_true(acme_policy_table_init(&t, n, n));
	for (i = 0; i < n; i++) {
		put_be32(rule.sel.saddr, i << 8);
		put_be32(rule.sel.daddr, 0x0a000000 + i % 16);
		rule.priority = n - i;
		assert_int_equal(acme_policy_add(&t, &rule), ACME_ST_OK);
		rule.tmpl.reqid = i;
		acme_policy_bind(&t, i, &rule);
	}
	assert_true(longest_chain(&t.match) <= 12);
	assert_true(longest_chain(&t.sas) <= 12);
	assert_int_equal(t.match.fresh_tuple, 2);
	acme_policy_flush_scope(&t, 0);
	assert_int_equal(t.count, 0);
	for (i = 0; i < n; i++) {
		memset(rule.sel.saddr, 0, 16);
		rule.scope = i;
		rule.dir = i >> 16;
		assert_int_equal(acme_policy_add(&t, &rule), ACME_ST_OK);
	}
	assert_true(longest_chain(&t.match) <= 12);
	acme_policy_table_free(&t);
}

/* What was removed no longer makes searches look for it, before long. */
static void test_bound(void **state)
{
	struct acme_policy_rule rule = { .sel = { .family = 4 } };
	struct acme_policy_table t;
	u32 i;

	(void)state;
	assert_true(acme_policy_table_init(&t, 100, 1));
	for (i = 0; i < 100; i++) {
		rule.sel.saddr[0] = i;
		rule.priority = i;
		assert_int_equal(acme_policy_add(&t, &rule), ACME_ST_OK);
	}
	for (i = 0; i < 60; i++) {
		rule.sel.saddr[0] = i;
		acme_policy_del(&t, acme_policy_get(&t, 0, 0, &rule.sel));
	}
	assert_true(t.match.tuples[1].bound.priority >= 50);
	acme_policy_table_free(&t);
}

/* What was freed is used again: the table never grows. */
static void test_reuse(void **state)
{
	struct acme_policy_rule rule = { .sel = { .family = 6 } };
	struct acme_policy_table t;
	u32 i;

	(void)state;
	assert_true(acme_policy_table_init(&t, 1, 1));
	for (i = 0; i < 100; i++) {
		rule.scope = i;
		rule.sel.prefixlen_s = i;
		assert_int_equal(acme_policy_add(&t, &rule), ACME_ST_OK);
		acme_policy_bind(&t, 0, &rule);
		rule.sel.prefixlen_d = 1;
		assert_int_equal(acme_policy_add(&t, &rule), ACME_ST_NO_SPACE);
		rule.sel.prefixlen_d = 0;
		acme_policy_del(&t, acme_policy_get(&t, i, 0, &rule.sel));
		acme_policy_unbind(&t, 0);
	}
	acme_policy_table_free(&t);
}

static int by_hash(const void *a, const void *b)
{
	const struct acme_match_entry *const *x = a, *const *y = b;

	return (*x)->hash < (*y)->hash ? -1 : (*x)->hash > (*y)->hash;
}

/* Of two selectors with the same hash, a packet finds its own or none. */
static void test_collision(void **state)
{
	struct acme_selector sel = {
		.family = 4, .prefixlen_s = 32, .prefixlen_d = 32,
	};
	static const struct acme_flow space;
	struct acme_match_entry **sorted;
	u32 i, n = 300000, pairs = 0;
	struct acme_flow flow;
	struct acme_match m;

	(void)state;
	assert_true(acme_match_init(&m, n));
	sorted = calloc(n, sizeof(*sorted));
	assert_non_null(sorted);
	for (i = 0; i < n; i++) {
		put_be32(sel.saddr, i);
		acme_match_add(&m, i, &space,
			       (struct acme_order) { .age = i }, &sel);
		sorted[i] = &m.entries[i];
	}
	qsort(sorted, n, sizeof(*sorted), by_hash);
	for (i = 1; i < n; i++) {
		if (sorted[i]->hash != sorted[i - 1]->hash)
			continue;
		flow = sorted[i]->value;
		acme_match_del(&m, sorted[i] - m.entries);
		assert_int_equal(acme_match_find(&m, &space, &flow), -1);
		pairs++;
	}
	print_message("# %u pairs\n", pairs);
	assert_true(pairs);
	free(sorted);
	acme_match_free(&m);
}

/* Of a full table of SAs each is found, at once, and none after its end. */
static void test_sa_table(void **state)
{
	struct acme_sa model = { .flags = ACME_SA_INBOUND, .family = 4 };
	struct acme_sa_table t;
	struct acme_sa *sa;
	u32 i, n = 20000;
	int chain;

	(void)state;
	assert_true(acme_sa_table_init(&t, n));
	for (i = 0; i < n; i++) {
		assert_false(acme_sa_table_full(&t));
		model.spi = 256 + i;
		put_be32(model.daddr, 0x0a000000 + i % 4);
		acme_sa_new(&t, &model);
	}
	assert_true(acme_sa_table_full(&t));
	for (i = 0; i < n; i++) {
		put_be32(model.daddr, 0x0a000000 + i % 4);
		sa = acme_sa_lookup(&t, true, 4, model.daddr, 256 + i);
		assert_ptr_equal(sa, &t.sas[i]);
		assert_ptr_equal(acme_sa_by_handle(&t, sa->handle), sa);
	}
	for (i = 0; i <= t.mask; i++) {
		u32 len = 0;

		for (chain = t.hash[i]; chain >= 0; chain = t.sas[chain].next)
			len++;
		assert_true(len <= 12);
	}
	acme_sa_table_flush(&t);
	assert_int_equal(t.count, 0);
	acme_sa_table_free(&t);
}

/* Entries are used again, under handles that are new and never 0. */
static void test_sa_reuse(void **state)
{
	struct acme_sa model = { .family = 4 };
	struct acme_sa_table t;
	u32 i, handle = 0;

	(void)state;
	assert_true(acme_sa_table_init(&t, 3));
	for (i = 0; i < 3; i++)
		acme_sa_new(&t, &model);
	for (i = 0; i < 1100; i++) {
		acme_sa_del(&t, &t.sas[2]);
		acme_sa_del(&t, &t.sas[0]);
		assert_null(acme_sa_by_handle(&t, handle));
		assert_ptr_equal(acme_sa_new(&t, &model), &t.sas[0]);
		assert_ptr_equal(acme_sa_new(&t, &model), &t.sas[2]);
		assert_true(acme_sa_table_full(&t));
		assert_int_not_equal(t.sas[0].handle, 0);
		assert_int_not_equal(t.sas[0].handle, handle);
		handle = t.sas[0].handle;
	}
	acme_sa_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_collision),
		cmocka_unit_test(test_sa_table),
		cmocka_unit_test(test_sa_reuse),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
