// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: unit tests of what XFRM and a device tell each other of
 * sequence numbers and replay windows, against XFRM's own replay check.
 */

#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define XFRM_FULL_TEST_STEPS	600
#define XFRM_FULL_TEST_SPAN	65536

/**
 * struct xfrm_full_replay_test - what every test has
 * @x: an inbound SA
 * @full: its full offload
 * @snap: to and from the device
 * @rnd: random numbers, the same each time
 * @seen: numbers that were received, less those before the first
 */
struct xfrm_full_replay_test {
	struct xfrm_state		*x;
	struct xfrm_full		full;
	struct xfrm_full_snapshot	snap;
	struct rnd_state		rnd;
	DECLARE_BITMAP(seen, XFRM_FULL_TEST_SPAN);
};

static int xfrm_full_replay_test_init(struct kunit *test)
{
	struct xfrm_full_replay_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->x = kunit_kzalloc(test, sizeof(*t->x), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->x);
	write_pnet(&t->x->xs_net, &init_net);
	t->x->full = &t->full;
	t->full.dir = XFRM_SA_DIR_IN;
	prandom_seed_state(&t->rnd, 4303);
	test->priv = t;
	return 0;
}

struct xfrm_full_window {
	u32 size;
	u64 first;
};

/* Other sizes than powers of two break where the lower half wraps. */
static const struct xfrm_full_window xfrm_full_windows[] = {
	{ 32, 0 }, { 33, 0 }, { 64, 0 }, { 96, 0 }, { 1024, 0 }, { 4096, 0 },
	{ 32, (1ULL << 32) - 300 }, { 64, (1ULL << 32) - 300 },
	{ 4096, (1ULL << 32) - 300 }, { 4096, (7ULL << 32) - 9000 },
};

static void xfrm_full_window_name(const struct xfrm_full_window *window,
				  char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%u from %llu", window->size,
		 window->first);
}

KUNIT_ARRAY_PARAM(xfrm_full_windows, xfrm_full_windows, xfrm_full_window_name);

static struct xfrm_replay_state_esn *
xfrm_full_test_esn(struct kunit *test, const struct xfrm_full_window *window)
{
	struct xfrm_replay_state_esn *esn;
	u32 words = DIV_ROUND_UP(window->size, 32);

	esn = kunit_kzalloc(test, struct_size(esn, bmp, words), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, esn);
	esn->bmp_len = words;
	esn->replay_window = window->size;
	esn->seq = lower_32_bits(window->first);
	esn->seq_hi = upper_32_bits(window->first);
	return esn;
}

/* Let XFRM receive packets, in and out of order. */
static u64 xfrm_full_test_receive(struct kunit *test,
				  const struct xfrm_full_window *window)
{
	struct xfrm_full_replay_test *t = test->priv;
	u64 seq, top = window->first;
	int i;

	t->x->repl_mode = XFRM_REPLAY_MODE_ESN;
	t->x->props.flags = XFRM_STATE_ESN;
	t->x->replay_esn = xfrm_full_test_esn(test, window);
	for (i = 0; i < XFRM_FULL_TEST_STEPS; i++) {
		u32 back = prandom_u32_state(&t->rnd) % window->size;

		seq = top + 1 + prandom_u32_state(&t->rnd) % 9;
		if (i % 3 && back < top - window->first)
			seq = top - back;
		xfrm_replay_advance(t->x, htonl(lower_32_bits(seq)));
		__set_bit(seq - window->first, t->seen);
		top = max(top, seq);
	}

	return top;
}

static void xfrm_full_expect_window(struct kunit *test, u64 top,
				    const struct xfrm_full_window *window)
{
	struct xfrm_full_replay_test *t = test->priv;
	u32 i, n = min_t(u64, window->size, top - window->first);

	KUNIT_EXPECT_EQ(test, top, t->snap.seq);
	KUNIT_EXPECT_EQ(test, window->size, t->snap.window);
	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ_MSG(test, !!(t->snap.bitmap[i / 32] &
					     BIT(i % 32)),
				    test_bit(top - i - window->first, t->seen),
				    "number %llu", top - i);
}

static void xfrm_full_test_to_device(struct kunit *test)
{
	const struct xfrm_full_window *window = test->param_value;
	struct xfrm_full_replay_test *t = test->priv;
	u64 top = xfrm_full_test_receive(test, window);

	t->x->curlft.packets = 5;
	t->x->curlft.bytes = 500;
	xfrm_full_to_snapshot(t->x, &t->snap);
	xfrm_full_expect_window(test, top, window);
	KUNIT_EXPECT_EQ(test, 5, t->snap.packets);
	KUNIT_EXPECT_EQ(test, 500, t->snap.bytes);
}

static void xfrm_full_test_there_and_back(struct kunit *test)
{
	const struct xfrm_full_window *window = test->param_value;
	struct xfrm_full_replay_test *t = test->priv;
	u64 top = xfrm_full_test_receive(test, window);

	xfrm_full_to_snapshot(t->x, &t->snap);
	t->x->replay_esn = xfrm_full_test_esn(test, window);
	xfrm_full_from_snapshot(t->x, &t->snap);
	KUNIT_EXPECT_EQ(test, top, xfrm_full_seq(t->x));
	memset(&t->snap, 0, sizeof(t->snap));
	xfrm_full_to_snapshot(t->x, &t->snap);
	xfrm_full_expect_window(test, top, window);
}

/* Only the top is known: what it has passed counts as received. */
static void xfrm_full_test_advance(struct kunit *test)
{
	const struct xfrm_full_window *window = test->param_value;
	struct xfrm_full_replay_test *t = test->priv;
	u64 top = xfrm_full_test_receive(test, window);
	u32 ahead = window->size / 2 + 1;

	xfrm_full_advance(t->x, top - 1);
	KUNIT_EXPECT_EQ(test, top, xfrm_full_seq(t->x));
	xfrm_full_advance(t->x, top + ahead);
	bitmap_set(t->seen, top + 1 - window->first, ahead);
	xfrm_full_to_snapshot(t->x, &t->snap);
	xfrm_full_expect_window(test, top + ahead, window);
}

/* When more is known of the same top, numbers that never came are open again. */
static void xfrm_full_test_after_advance(struct kunit *test)
{
	const struct xfrm_full_window *window = test->param_value;
	struct xfrm_full_replay_test *t = test->priv;
	u64 top = xfrm_full_test_receive(test, window);

	xfrm_full_to_snapshot(t->x, &t->snap);
	t->x->replay_esn = xfrm_full_test_esn(test, window);
	xfrm_full_advance(t->x, top);
	xfrm_full_from_snapshot(t->x, &t->snap);
	memset(&t->snap, 0, sizeof(t->snap));
	xfrm_full_to_snapshot(t->x, &t->snap);
	xfrm_full_expect_window(test, top, window);
}

static void xfrm_full_test_old_snapshot(struct kunit *test)
{
	static const struct xfrm_full_window window = { 64, 0 };
	struct xfrm_full_replay_test *t = test->priv;
	u64 top = xfrm_full_test_receive(test, &window);

	t->snap.seq = top - 1;
	t->snap.window = 64;
	xfrm_full_from_snapshot(t->x, &t->snap);
	memset(&t->snap, 0, sizeof(t->snap));
	xfrm_full_to_snapshot(t->x, &t->snap);
	xfrm_full_expect_window(test, top, &window);
}

/* A device that tells the top alone: what was missing below may have come since. */
static void xfrm_full_test_only_top(struct kunit *test)
{
	static const struct xfrm_full_window window = { 64, 0 };
	struct xfrm_full_replay_test *t = test->priv;
	u64 top = xfrm_full_test_receive(test, &window);
	u32 i;

	t->snap.seq = top;
	t->snap.window = 32;
	xfrm_full_from_snapshot(t->x, &t->snap);
	memset(&t->snap, 0, sizeof(t->snap));
	xfrm_full_to_snapshot(t->x, &t->snap);
	KUNIT_EXPECT_EQ(test, top, t->snap.seq);
	for (i = 0; i < window.size; i++)
		KUNIT_EXPECT_EQ_MSG(test, i >= 32,
				    !!(t->snap.bitmap[i / 32] & BIT(i % 32)),
				    "%u below the top", i);
}

/* Without ESN there is nothing behind 2^32 - 1, whatever the device says. */
static void xfrm_full_test_beyond(struct kunit *test)
{
	struct xfrm_full_replay_test *t = test->priv;
	struct xfrm_state *x = t->x;

	x->props.replay_window = 32;
	x->replay.seq = 100;
	xfrm_full_advance(x, (1ULL << 32) + 5);
	KUNIT_EXPECT_EQ(test, U32_MAX, x->replay.seq);

	x->replay.seq = 100;
	t->snap.seq = (1ULL << 32) + 5;
	t->snap.window = 32;
	xfrm_full_from_snapshot(x, &t->snap);
	KUNIT_EXPECT_EQ(test, U32_MAX, x->replay.seq);

	t->full.dir = XFRM_SA_DIR_OUT;
	x->replay.oseq = 100;
	xfrm_full_from_snapshot(x, &t->snap);
	KUNIT_EXPECT_EQ(test, U32_MAX, x->replay.oseq);
}

static void xfrm_full_test_short_window(struct kunit *test)
{
	struct xfrm_full_replay_test *t = test->priv;
	struct xfrm_state *x = t->x;

	x->props.replay_window = 32;
	x->replay.seq = 100;
	x->replay.bitmap = 0x80000005;
	xfrm_full_to_snapshot(x, &t->snap);
	KUNIT_EXPECT_EQ(test, 100, t->snap.seq);
	KUNIT_EXPECT_EQ(test, 0x80000005, t->snap.bitmap[0]);
	xfrm_full_advance(x, 102);
	KUNIT_EXPECT_EQ(test, 0x17, x->replay.bitmap);
	xfrm_full_advance(x, 134);
	KUNIT_EXPECT_EQ(test, ~0U, x->replay.bitmap);
	t->snap.seq = 140;
	xfrm_full_from_snapshot(x, &t->snap);
	KUNIT_EXPECT_EQ(test, 140, x->replay.seq);
	KUNIT_EXPECT_EQ(test, 0x80000005, x->replay.bitmap);
}

static void xfrm_full_test_outbound(struct kunit *test)
{
	static const struct xfrm_full_window none = {};
	struct xfrm_full_replay_test *t = test->priv;
	struct xfrm_state *x = t->x;

	t->full.dir = XFRM_SA_DIR_OUT;
	x->props.flags = XFRM_STATE_ESN;
	x->replay_esn = xfrm_full_test_esn(test, &none);
	xfrm_full_advance(x, (1ULL << 40) + 3);
	KUNIT_EXPECT_EQ(test, 3, x->replay_esn->oseq);
	KUNIT_EXPECT_EQ(test, 256, x->replay_esn->oseq_hi);
	KUNIT_EXPECT_EQ(test, 0, x->replay_esn->seq);
	xfrm_full_to_snapshot(x, &t->snap);
	KUNIT_EXPECT_EQ(test, (1ULL << 40) + 3, t->snap.seq);
	KUNIT_EXPECT_EQ(test, 0, t->snap.window);
}

static struct kunit_case xfrm_full_replay_cases[] = {
	KUNIT_CASE_PARAM(xfrm_full_test_to_device,
			 xfrm_full_windows_gen_params),
	KUNIT_CASE_PARAM(xfrm_full_test_there_and_back,
			 xfrm_full_windows_gen_params),
	KUNIT_CASE_PARAM(xfrm_full_test_advance, xfrm_full_windows_gen_params),
	KUNIT_CASE_PARAM(xfrm_full_test_after_advance,
			 xfrm_full_windows_gen_params),
	KUNIT_CASE(xfrm_full_test_old_snapshot),
	KUNIT_CASE(xfrm_full_test_only_top),
	KUNIT_CASE(xfrm_full_test_beyond),
	KUNIT_CASE(xfrm_full_test_short_window),
	KUNIT_CASE(xfrm_full_test_outbound),
	{}
};

static struct kunit_suite xfrm_full_replay_suite = {
	.name = "xfrm_full_replay",
	.init = xfrm_full_replay_test_init,
	.test_cases = xfrm_full_replay_cases,
};

kunit_test_suite(xfrm_full_replay_suite);

MODULE_DESCRIPTION("KUnit tests of replay windows that move with full offload");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
