// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: unit tests of the places of an SA, and of the numbers that
 * software gets in each of them.
 */

#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define XFRM_FULL_TEST_BYTES	100

/**
 * struct xfrm_full_move_test - what every test has
 * @ops: of @dev
 * @dev: the device
 * @x: an outbound SA
 * @full: its full offload
 * @skb: a packet
 * @next: what the device answers as the next number
 * @err: or this, if it is not 0
 * @count: numbers that the device was asked for
 * @bytes: bytes that it was told of
 */
struct xfrm_full_move_test {
	struct xfrmdev_ops	ops;
	struct net_device	*dev;
	struct xfrm_state	*x;
	struct xfrm_full	full;
	struct sk_buff		*skb;
	u64			next;
	int			err;
	u32			count;
	u64			bytes;
};

static int xfrm_full_test_seq_alloc(struct net_device *dev,
				    struct xfrm_state *x, u32 count,
				    u64 bytes, u64 *first)
{
	struct xfrm_full_move_test *t = x->full->priv;

	t->count += count;
	t->bytes += bytes;
	*first = t->next;
	return t->err;
}

static int xfrm_full_move_test_init(struct kunit *test)
{
	struct xfrm_full_move_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->x = kunit_kzalloc(test, sizeof(*t->x), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->x);
	t->dev = kunit_kzalloc(test, sizeof(*t->dev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->dev);
	t->skb = kunit_kzalloc(test, sizeof(*t->skb), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->skb);
	t->skb->head = kunit_kzalloc(test, SKB_WITH_OVERHEAD(PAGE_SIZE),
				     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->skb->head);
	t->skb->len = XFRM_FULL_TEST_BYTES;

	t->ops.xdo_dev_full_seq_alloc = xfrm_full_test_seq_alloc;
	t->dev->xfrmdev_ops = &t->ops;

	write_pnet(&t->x->xs_net, &init_net);
	spin_lock_init(&t->x->lock);
	t->x->full = &t->full;
	t->full.x = t->x;
	t->full.dir = XFRM_SA_DIR_OUT;
	t->full.dev = t->dev;
	t->full.priv = t;
	t->full.can = XFRM_OFFLOAD_CAP_SEQ_ALLOC;
	spin_lock_init(&t->full.stats_lock);
	t->full.place = XFRM_FULL_DEVICE;

	test->priv = t;
	return 0;
}

static bool xfrm_full_test_goes(struct xfrm_full_move_test *t, u8 from, u8 to)
{
	bool moved;

	spin_lock_bh(&t->x->lock);
	t->full.place = from;
	moved = xfrm_full_move(&t->full, to);
	spin_unlock_bh(&t->x->lock);

	return moved && t->full.place == to;
}

/* A frame for another station is not the SA's, even if a device decrypts it. */
static void xfrm_full_test_other_host(struct kunit *test)
{
	struct xfrm_full_move_test *t = test->priv;
	struct skb_ext *ext;

	ext = kunit_kzalloc(test, sizeof(*ext), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ext);
	refcount_set(&ext->refcnt, 1);
	dev_net_set(t->dev, &init_net);
	t->skb->dev = t->dev;
	t->full.ext = ext;

	t->skb->pkt_type = PACKET_OTHERHOST;
	KUNIT_EXPECT_FALSE(test, xfrm_full_rx(t->skb, t->x));
	t->skb->pkt_type = PACKET_BROADCAST;
	KUNIT_EXPECT_FALSE(test, xfrm_full_rx(t->skb, t->x));
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&ext->refcnt));

	t->skb->pkt_type = PACKET_HOST;
	KUNIT_EXPECT_TRUE(test, xfrm_full_rx(t->skb, t->x));
	KUNIT_EXPECT_EQ(test, 2, refcount_read(&ext->refcnt));
}

/* The ways in the drawing of xfrm_full.c, and no others. */
static void xfrm_full_test_ways(struct kunit *test)
{
	static const u8 ways[] = {
		[XFRM_FULL_SOFTWARE] = BIT(XFRM_FULL_ARMING) |
				       BIT(XFRM_FULL_DEAD),
		[XFRM_FULL_ARMING] = BIT(XFRM_FULL_SOFTWARE) |
				     BIT(XFRM_FULL_DEVICE) |
				     BIT(XFRM_FULL_DEAD),
		[XFRM_FULL_DEVICE] = BIT(XFRM_FULL_SOFTWARE) |
				     BIT(XFRM_FULL_DRAINING) |
				     BIT(XFRM_FULL_SUSPENDED) |
				     BIT(XFRM_FULL_DEAD),
		[XFRM_FULL_DRAINING] = BIT(XFRM_FULL_SOFTWARE) |
				       BIT(XFRM_FULL_DEVICE) |
				       BIT(XFRM_FULL_DEAD),
		[XFRM_FULL_SUSPENDED] = BIT(XFRM_FULL_SOFTWARE) |
					BIT(XFRM_FULL_DEVICE) |
					BIT(XFRM_FULL_DEAD),
		[XFRM_FULL_DEAD] = 0,
	};
	struct xfrm_full_move_test *t = test->priv;
	u8 from, to;

	for (from = 0; from < ARRAY_SIZE(ways); from++)
		for (to = 0; to < ARRAY_SIZE(ways); to++)
			KUNIT_EXPECT_EQ_MSG(test, !!(ways[from] & BIT(to)),
					    xfrm_full_test_goes(t, from, to),
					    "from %u to %u", from, to);
}

struct xfrm_full_place_case {
	u8	place;
	bool	live;
	bool	software;
	bool	owner;
};

static const struct xfrm_full_place_case xfrm_full_places[] = {
	{ XFRM_FULL_SOFTWARE,	true,	true,	false },
	{ XFRM_FULL_ARMING,	true,	true,	false },
	{ XFRM_FULL_ARMING,	false,	false,	false },
	{ XFRM_FULL_DEVICE,	true,	false,	true },
	{ XFRM_FULL_DRAINING,	true,	true,	true },
	{ XFRM_FULL_SUSPENDED,	true,	true,	false },
	{ XFRM_FULL_DEAD,	true,	false,	false },
};

static void xfrm_full_place_name(const struct xfrm_full_place_case *c,
				 char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%u, %s", c->place,
		 c->live ? "live" : "new");
}

KUNIT_ARRAY_PARAM(xfrm_full_places, xfrm_full_places, xfrm_full_place_name);

/* Who handles the packets, who owns the numbers, and who gives them. */
static void xfrm_full_test_place(struct kunit *test)
{
	const struct xfrm_full_place_case *c = test->param_value;
	struct xfrm_full_move_test *t = test->priv;
	int expected;

	t->full.place = c->place;
	t->full.live = c->live;
	t->next = 5;
	expected = c->owner ? 0 : c->software ? 1 : -ENOENT;

	KUNIT_EXPECT_EQ(test, c->software, xfrm_full_by_software(&t->full));
	KUNIT_EXPECT_EQ(test, c->owner, xfrm_full_owner(&t->full));
	KUNIT_EXPECT_EQ(test, expected, __xfrm_full_number(t->x, t->skb));
	KUNIT_EXPECT_EQ(test, c->owner, t->count);
}

/* No number twice, none below, whatever the device says. */
static void xfrm_full_test_numbers(struct kunit *test)
{
	struct xfrm_full_move_test *t = test->priv;

	t->full.sw_seq = 7;
	t->next = 7;
	KUNIT_EXPECT_EQ(test, -EPROTO, __xfrm_full_number(t->x, t->skb));
	t->next = 8;
	KUNIT_EXPECT_EQ(test, 0, __xfrm_full_number(t->x, t->skb));
	KUNIT_EXPECT_EQ(test, 8, XFRM_SKB_CB(t->skb)->seq.output.low);
	KUNIT_EXPECT_EQ(test, 0, XFRM_SKB_CB(t->skb)->seq.output.hi);
	KUNIT_EXPECT_EQ(test, -EPROTO, __xfrm_full_number(t->x, t->skb));
	t->next = 3;
	KUNIT_EXPECT_EQ(test, -EPROTO, __xfrm_full_number(t->x, t->skb));
	t->next = 100;
	KUNIT_EXPECT_EQ(test, 0, __xfrm_full_number(t->x, t->skb));
	KUNIT_EXPECT_EQ(test, 100, t->full.sw_seq);
	KUNIT_EXPECT_EQ(test, 5, t->count);
	KUNIT_EXPECT_EQ(test, 5 * XFRM_FULL_TEST_BYTES, t->bytes);
}

/* A device that forgets what it has lent does not bring the number back. */
static void xfrm_full_test_numbers_kept(struct kunit *test)
{
	struct xfrm_full_move_test *t = test->priv;
	struct xfrm_full_snapshot *snap;

	snap = kunit_kzalloc(test, sizeof(*snap), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, snap);

	t->full.sw_seq = 100;
	snap->seq = 90;
	xfrm_full_from_snapshot(t->x, snap);
	KUNIT_EXPECT_EQ(test, 100, xfrm_full_seq(t->x));
	snap->seq = 120;
	xfrm_full_from_snapshot(t->x, snap);
	KUNIT_EXPECT_EQ(test, 120, xfrm_full_seq(t->x));
}

static void xfrm_full_test_last_numbers(struct kunit *test)
{
	struct xfrm_full_move_test *t = test->priv;

	t->next = U32_MAX;
	KUNIT_EXPECT_EQ(test, 0, __xfrm_full_number(t->x, t->skb));
	t->next++;
	KUNIT_EXPECT_EQ(test, -EPROTO, __xfrm_full_number(t->x, t->skb));

	t->x->props.flags = XFRM_STATE_ESN;
	KUNIT_EXPECT_EQ(test, 0, __xfrm_full_number(t->x, t->skb));
	KUNIT_EXPECT_EQ(test, 0, XFRM_SKB_CB(t->skb)->seq.output.low);
	KUNIT_EXPECT_EQ(test, 1, XFRM_SKB_CB(t->skb)->seq.output.hi);
	t->next = XFRM_FULL_SEQ_MAX;
	KUNIT_EXPECT_EQ(test, 0, __xfrm_full_number(t->x, t->skb));
	t->next++;
	KUNIT_EXPECT_EQ(test, -EPROTO, __xfrm_full_number(t->x, t->skb));
}

static void xfrm_full_test_no_number(struct kunit *test)
{
	struct xfrm_full_move_test *t = test->priv;

	t->next = 1;
	t->err = -EDQUOT;
	KUNIT_EXPECT_EQ(test, -EDQUOT, __xfrm_full_number(t->x, t->skb));
	t->err = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, __xfrm_full_number(t->x, t->skb));
	KUNIT_EXPECT_EQ(test, 0, t->full.sw_seq);

	t->err = 0;
	t->full.can = 0;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, __xfrm_full_number(t->x, t->skb));
	KUNIT_EXPECT_EQ(test, 2, t->count);
}

/* Above 2^48 the epoch of another arming would begin. */
static void xfrm_full_test_software_end(struct kunit *test)
{
	struct xfrm_full_move_test *t = test->priv;
	struct xfrm_replay_state_esn esn = {
		.oseq = U32_MAX - 1,
		.oseq_hi = U16_MAX,
	};

	t->x->props.flags = XFRM_STATE_ESN;
	t->x->replay_esn = &esn;
	t->full.place = XFRM_FULL_SOFTWARE;
	KUNIT_EXPECT_EQ(test, 1, __xfrm_full_number(t->x, t->skb));
	esn.oseq++;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, __xfrm_full_number(t->x, t->skb));
	KUNIT_EXPECT_EQ(test, 0, t->count);
}

/* Its device may be gone, so nobody is asked. */
static void xfrm_full_test_dead_stays(struct kunit *test)
{
	struct xfrm_full_move_test *t = test->priv;
	int err;

	t->full.place = XFRM_FULL_DEAD;
	t->full.dev = NULL;
	t->full.can = XFRM_OFFLOAD_CAP_STOP;
	mutex_init(&t->full.mutex);
	mutex_lock(&t->full.mutex);
	err = xfrm_full_to_software(&t->full, false, XFRM_FULL_REASON_REQUEST,
				    NULL);
	KUNIT_EXPECT_EQ(test, -ESRCH, err);
	err = xfrm_full_enter(&t->full, t->full.ifindex, 0, NULL);
	KUNIT_EXPECT_EQ(test, -ESRCH, err);
	mutex_unlock(&t->full.mutex);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_DEAD, t->full.place);
}

static struct kunit_case xfrm_full_move_cases[] = {
	KUNIT_CASE(xfrm_full_test_ways),
	KUNIT_CASE_PARAM(xfrm_full_test_place, xfrm_full_places_gen_params),
	KUNIT_CASE(xfrm_full_test_numbers),
	KUNIT_CASE(xfrm_full_test_numbers_kept),
	KUNIT_CASE(xfrm_full_test_last_numbers),
	KUNIT_CASE(xfrm_full_test_no_number),
	KUNIT_CASE(xfrm_full_test_software_end),
	KUNIT_CASE(xfrm_full_test_dead_stays),
	KUNIT_CASE(xfrm_full_test_other_host),
	{}
};

static struct kunit_suite xfrm_full_move_suite = {
	.name = "xfrm_full_move",
	.init = xfrm_full_move_test_init,
	.test_cases = xfrm_full_move_cases,
};

kunit_test_suite(xfrm_full_move_suite);

MODULE_DESCRIPTION("KUnit tests of SAs that move with full offload");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
