// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Times the tables of policies and SAs. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/policy.h"
#include "core/sa.h"

#define LOOKUPS	2000000U
#define MASKS	1024U

/* What is found, so that no lookup is optimised away. */
static u64 found;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static u32 scatter(u32 i)
{
	return i * 2654435761U;
}

/**
 * struct result - what was measured
 * @entries: in the table
 * @masks: combinations of masks among them
 * @lookups: made
 * @hits: found
 * @add: seconds for adding the entries
 * @find: seconds for the lookups
 */
struct result {
	u32 entries;
	u32 masks;
	u32 lookups;
	u32 hits;
	double add;
	double find;
};

static void report(const char *what, const struct result *r)
{
	printf("%-28s %8u %6u %9.2f %9.2f %6.1f%%\n", what, r->entries,
	       r->masks, r->entries / r->add / 1e6,
	       r->lookups / r->find / 1e6, 100.0 * r->hits / r->lookups);
	found += r->hits;
}

static void make_flow(struct acme_flow *flow, u32 saddr, u32 daddr)
{
	u8 hdr[64] = { 0x45 };
	struct acme_ip ip;

	put_be16(hdr + 2, sizeof(hdr));
	hdr[9] = PROTO_UDP;
	put_be32(hdr + 12, saddr);
	put_be32(hdr + 16, daddr);
	put_be16(hdr + 20, 1000);
	put_be16(hdr + 22, 4500);
	acme_ip_parse(&ip, hdr, sizeof(hdr), ETHERTYPE_IPV4);
	acme_flow_init(flow, &ip);
}

/* Combination n of masks out of up to MASKS; the first are usual ones. */
static void set_masks(struct acme_selector *sel, u32 n)
{
	static const u8 usual[][2] = {
		{ 32, 32 }, { 24, 24 }, { 24, 32 }, { 16, 24 },
	};

	if (n < ARRAY_SIZE(usual)) {
		sel->prefixlen_s = usual[n][0];
		sel->prefixlen_d = usual[n][1];
	} else {
		sel->prefixlen_s = 1 + n % 32;
		sel->prefixlen_d = 1 + n / 32;
	}
}

static struct acme_policy_rule make_rule(u32 i, u32 masks)
{
	struct acme_policy_rule rule = {
		.sel = { .family = 4 }, .dir = ACME_POLICY_OUT,
		.priority = scatter(i) % 1000,
		.tmpl = { .family = 4, .tunnel = true, .reqid = i },
	};

	put_be32(rule.sel.saddr, scatter(i));
	put_be32(rule.sel.daddr, scatter(i) ^ 0x5a5a5a5a);
	set_masks(&rule.sel, i % masks);
	return rule;
}

/* Packets of which half are in a policy. */
static void bench_policies(u32 n, u32 masks)
{
	struct acme_flow *flows = calloc(4096, sizeof(*flows));
	struct result r = { .entries = n, .masks = masks };
	struct acme_policy_rule rule;
	struct acme_policy_table t;
	double start;
	u32 i;

	r.lookups = masks < MASKS ? LOOKUPS : LOOKUPS / 50;
	if (!flows || !acme_policy_table_init(&t, n, 1))
		exit(1);
	for (i = 0; i < 4096; i++)
		make_flow(&flows[i], scatter(scatter(i) % (2 * n)),
			  scatter(scatter(i) % (2 * n)) ^ 0x5a5a5a5a);
	start = now();
	for (i = 0; i < n; i++) {
		rule = make_rule(i, masks);
		acme_policy_add(&t, &rule);
	}
	r.add = now() - start;
	start = now();
	for (i = 0; i < r.lookups; i++)
		r.hits += !!acme_policy_lookup(&t, 0, ACME_POLICY_OUT,
					       &flows[i % 4096]);
	r.find = now() - start;
	report("policies", &r);
	acme_policy_table_free(&t);
	free(flows);
}

static void bench_sa_by_spi(u32 n)
{
	struct acme_sa model = { .flags = ACME_SA_INBOUND, .family = 4 };
	struct result r = { .entries = n, .masks = 1, .lookups = LOOKUPS };
	struct acme_sa_table t;
	double start = now();
	u32 i, spi;

	if (!acme_sa_table_init(&t, n))
		exit(1);
	for (i = 0; i < n; i++) {
		model.spi = 256 + scatter(i);
		put_be32(model.daddr, 0x0a000000 + i % 1000);
		acme_sa_new(&t, &model);
	}
	r.add = now() - start;
	start = now();
	for (i = 0; i < LOOKUPS; i++) {
		spi = scatter(i) % n;
		put_be32(model.daddr, 0x0a000000 + spi % 1000);
		r.hits += !!acme_sa_lookup(&t, true, 4, model.daddr,
					 256 + scatter(spi));
	}
	r.find = now() - start;
	report("SAs by destination and SPI", &r);
	acme_sa_table_free(&t);
}

/* Ten SAs with selectors of their own in each reqid. */
static void bench_sa_by_reqid(u32 n)
{
	struct result r = { .entries = n, .masks = 4, .lookups = LOOKUPS };
	struct acme_policy_rule rule;
	struct acme_policy_table t;
	struct acme_flow flow;
	double start = now();
	u32 i, sa;

	if (!acme_policy_table_init(&t, 1, n))
		exit(1);
	for (i = 0; i < n; i++) {
		rule = make_rule(i, 4);
		rule.tmpl.reqid = i / 10;
		acme_policy_bind(&t, i, &rule);
	}
	r.add = now() - start;
	start = now();
	for (i = 0; i < LOOKUPS; i++) {
		sa = scatter(i) % n;
		rule.tmpl.reqid = sa / 10;
		make_flow(&flow, scatter(sa), scatter(sa) ^ 0x5a5a5a5a);
		r.hits += acme_policy_sa(&t, &rule, &flow) >= 0;
	}
	r.find = now() - start;
	report("SAs by reqid and selector", &r);
	acme_policy_table_free(&t);
}

int main(void)
{
	printf("%-28s %8s %6s %9s %9s %7s\n", "table", "entries", "masks",
	       "add M/s", "find M/s", "found");
	bench_policies(1000, 1);
	bench_policies(1000, 4);
	bench_policies(100000, 1);
	bench_policies(100000, 4);
	bench_policies(100000, 64);
	bench_policies(100000, MASKS);
	bench_sa_by_spi(1000);
	bench_sa_by_spi(1000000);
	bench_sa_by_reqid(1000);
	bench_sa_by_reqid(1000000);
	return !found;
}
