// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: unit tests of what software does to ECN of tunnels, against
 * the tables of RFC 6040.
 */

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <net/inet_ecn.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define XFRM_FULL_TEST_DROP	0xff
#define XFRM_FULL_TEST_DSCP	0xb8

/**
 * struct xfrm_full_ecn_test - what every test has
 * @x: an inbound SA, tunnel mode
 * @full: its full offload
 */
struct xfrm_full_ecn_test {
	struct xfrm_state	*x;
	struct xfrm_full	full;
};

static int xfrm_full_ecn_test_init(struct kunit *test)
{
	struct xfrm_full_ecn_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->x = kunit_kzalloc(test, sizeof(*t->x), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->x);

	write_pnet(&t->x->xs_net, &init_net);
	t->x->props.mode = XFRM_MODE_TUNNEL;
	t->x->full = &t->full;
	t->full.x = t->x;
	t->full.dir = XFRM_SA_DIR_IN;
	t->full.entered = true;
	spin_lock_init(&t->full.stats_lock);
	test->priv = t;
	return 0;
}

/* A packet that is a header only, with this traffic class. */
static struct sk_buff *xfrm_full_test_header(struct kunit *test, int family,
					     u8 tos)
{
	struct sk_buff *skb = alloc_skb(sizeof(struct ipv6hdr), GFP_KERNEL);
	struct iphdr *iph;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reset_network_header(skb);
	if (family == AF_INET6) {
		skb->protocol = htons(ETH_P_IPV6);
		ip6_flow_hdr(skb_put_zero(skb, sizeof(struct ipv6hdr)), tos, 0);
	} else {
		skb->protocol = htons(ETH_P_IP);
		iph = skb_put_zero(skb, sizeof(*iph));
		iph->version = 4;
		iph->ihl = 5;
		iph->tos = tos;
		ip_send_check(iph);
	}

	return skb;
}

/* The inner ECN that comes out, XFRM_FULL_TEST_DROP if nothing does. */
static u8 xfrm_full_test_in(struct kunit *test, int family, u8 inner, u8 outer)
{
	struct xfrm_full_ecn_test *t = test->priv;
	struct sk_buff *skb;
	u8 tos;
	int err;

	skb = xfrm_full_test_header(test, family, XFRM_FULL_TEST_DSCP | inner);
	XFRM_MODE_SKB_CB(skb)->tos = outer;
	err = xfrm_full_ecn_in(t->x, skb);
	tos = skb_get_dsfield(skb);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_TEST_DSCP, tos & ~INET_ECN_MASK);
	if (family == AF_INET)
		KUNIT_EXPECT_TRUE(test, !ip_fast_csum(ip_hdr(skb), 5));
	kfree_skb(skb);

	return err ? XFRM_FULL_TEST_DROP : tos & INET_ECN_MASK;
}

/* RFC 6040, figure 4 */
static void xfrm_full_test_ecn_in(struct kunit *test)
{
	static const u8 table[4][4] = {
		/* outer: Not-ECT, ECT(1), ECT(0), CE */
		[INET_ECN_NOT_ECT] = { 0, 0, 0, XFRM_FULL_TEST_DROP },
		[INET_ECN_ECT_1] = { 1, 1, 1, 3 },
		[INET_ECN_ECT_0] = { 2, 1, 2, 3 },
		[INET_ECN_CE] = { 3, 3, 3, 3 },
	};
	struct xfrm_full_ecn_test *t = test->priv;
	u8 inner, outer;

	for (inner = 0; inner < 4; inner++)
		for (outer = 0; outer < 4; outer++) {
			KUNIT_EXPECT_EQ(test, table[inner][outer],
					xfrm_full_test_in(test, AF_INET, inner,
							  outer));
			KUNIT_EXPECT_EQ(test, table[inner][outer],
					xfrm_full_test_in(test, AF_INET6, inner,
							  outer));
		}
	KUNIT_EXPECT_EQ(test, 2, t->full.drops[XFRM_FULL_DROP_ECN]);
	KUNIT_EXPECT_EQ(test, 2, t->full.drops_before[XFRM_FULL_DROP_ECN]);
}

static void xfrm_full_test_ecn_in_unused(struct kunit *test)
{
	struct xfrm_full_ecn_test *t = test->priv;

	t->x->props.flags = XFRM_STATE_NOECN;
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_test_in(test, AF_INET, 0, 3));
	KUNIT_EXPECT_EQ(test, 2, xfrm_full_test_in(test, AF_INET6, 2, 1));
	t->x->props.flags = 0;
	t->x->props.mode = XFRM_MODE_TRANSPORT;
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_test_in(test, AF_INET, 0, 3));
}

/* No device ever took it. */
static void xfrm_full_test_ecn_never_in(struct kunit *test)
{
	struct xfrm_full_ecn_test *t = test->priv;

	t->full.entered = false;
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_test_in(test, AF_INET, 0, 3));
	KUNIT_EXPECT_EQ(test, 2, xfrm_full_test_in(test, AF_INET6, 2, 1));
	KUNIT_EXPECT_EQ(test, 0, t->full.drops[XFRM_FULL_DROP_ECN]);
}

/* What becomes of an outer header that XFRM has made after RFC 3168. */
static u8 xfrm_full_test_out(struct kunit *test, int family, u8 inner)
{
	struct xfrm_full_ecn_test *t = test->priv;
	struct sk_buff *skb;
	u8 tos = XFRM_FULL_TEST_DSCP;

	t->x->props.family = family;
	if (!(t->x->props.flags & XFRM_STATE_NOECN))
		tos = INET_ECN_encapsulate(tos, inner);
	skb = xfrm_full_test_header(test, family, tos);
	XFRM_MODE_SKB_CB(skb)->tos = inner;
	xfrm_full_ecn_out(t->x, skb);
	tos = skb_get_dsfield(skb);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_TEST_DSCP, tos & ~INET_ECN_MASK);
	kfree_skb(skb);

	return tos & INET_ECN_MASK;
}

static void xfrm_full_test_ecn_out(struct kunit *test)
{
	struct xfrm_full_ecn_test *t = test->priv;
	u8 inner;

	for (inner = 0; inner < 4; inner++) {
		t->x->props.flags = 0;
		KUNIT_EXPECT_EQ(test, inner,
				xfrm_full_test_out(test, AF_INET, inner));
		KUNIT_EXPECT_EQ(test, inner,
				xfrm_full_test_out(test, AF_INET6, inner));
		t->x->props.flags = XFRM_STATE_NOECN;
		KUNIT_EXPECT_EQ(test, 0,
				xfrm_full_test_out(test, AF_INET, inner));
		KUNIT_EXPECT_EQ(test, 0,
				xfrm_full_test_out(test, AF_INET6, inner));
	}
}

static struct kunit_case xfrm_full_ecn_cases[] = {
	KUNIT_CASE(xfrm_full_test_ecn_in),
	KUNIT_CASE(xfrm_full_test_ecn_in_unused),
	KUNIT_CASE(xfrm_full_test_ecn_never_in),
	KUNIT_CASE(xfrm_full_test_ecn_out),
	{}
};

static struct kunit_suite xfrm_full_ecn_suite = {
	.name = "xfrm_full_ecn",
	.init = xfrm_full_ecn_test_init,
	.test_cases = xfrm_full_ecn_cases,
};

kunit_test_suite(xfrm_full_ecn_suite);

MODULE_DESCRIPTION("Unit tests of IPsec full offload: ECN");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_LICENSE("GPL");
