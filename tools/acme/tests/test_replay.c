// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Replay window and ESN against a table made by hand, and against a model that
 * shares nothing with them: the set of all numbers accepted, and arithmetic
 * that can't overflow.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "mock.h"
#include "core/replay.h"

#define RUNS		150
#define STEPS		20000
#define SLOTS		BIT(16)
#define TWO_32		((__int128)1 << 32)

static const u8 empty[ACME_WINDOW_MAX / 8];

/**
 * struct row - a packet and what becomes of it
 * @why: what the row is about
 * @window: size
 * @esn: 64-bit numbers
 * @top: of the window
 * @seen: a number accepted before, beside @top; 0: none
 * @low: in the packet
 * @seq: number that this is taken for, 0: none
 * @ok: it is accepted
 */
struct row {
	const char *why;
	u32 window;
	bool esn;
	u64 top;
	u64 seen;
	u32 low;
	u64 seq;
	bool ok;
};

static const struct row rows[] = {
	/* 32-bit numbers */
	{ "the first packet", 32, 0, 0, 0, 1, 1, 1 },
	{ "0 is no number", 32, 0, 0, 0, 0, 0, 0 },
	{ "0 never is, inside the window either", 32, 0, 5, 0, 0, 0, 0 },
	{ "far ahead at the start", 32, 0, 0, 0, 0xffffffff, 0xffffffff, 1 },
	{ "the next", 64, 0, 1000, 0, 1001, 1001, 1 },
	{ "the top again", 64, 0, 1000, 0, 1000, 1000, 0 },
	{ "right behind the top", 64, 0, 1000, 0, 999, 999, 1 },
	{ "behind the top, seen", 64, 0, 1000, 999, 999, 999, 0 },
	{ "left edge", 64, 0, 1000, 0, 937, 937, 1 },
	{ "left edge, seen", 64, 0, 1000, 937, 937, 937, 0 },
	{ "left of the edge", 64, 0, 1000, 0, 936, 936, 0 },
	{ "left edge of 32", 32, 0, 1000, 0, 969, 969, 1 },
	{ "left of 32", 32, 0, 1000, 0, 968, 968, 0 },
	{ "left edge of 4096", 4096, 0, 9000, 0, 4905, 4905, 1 },
	{ "left of 4096", 4096, 0, 9000, 0, 4904, 4904, 0 },
	{ "1 in a window that is not full", 64, 0, 20, 0, 1, 1, 1 },
	{ "1 on the left edge", 64, 0, 64, 0, 1, 1, 1 },
	{ "1 left of the edge", 64, 0, 65, 0, 1, 1, 0 },
	{ "the last number", 64, 0, 0xfffffffe, 0, 0xffffffff, 0xffffffff, 1 },
	{ "the last again", 64, 0, 0xffffffff, 0, 0xffffffff, 0xffffffff, 0 },
	{ "before the last", 64, 0, 0xffffffff, 0, 0xfffffffe, 0xfffffffe, 1 },
	{ "no wrap", 64, 0, 0xffffffff, 0, 1, 1, 0 },
	{ "no wrap to 0", 64, 0, 0xffffffff, 0, 0, 0, 0 },
	/* 64-bit numbers: RFC 4303, A2.1, case A: the window in one subspace */
	{ "the first packet", 64, 1, 0, 0, 1, 1, 1 },
	{ "0 is no number", 64, 1, 0, 0, 0, 0, 0 },
	{ "A: in the window", 64, 1, 0x500000100, 0, 0xff, 0x5000000ff, 1 },
	{ "A: left edge", 64, 1, 0x500000100, 0, 0xc1, 0x5000000c1, 1 },
	{ "A: left of it is the next subspace", 64, 1, 0x500000100, 0, 0xc0,
	  0x6000000c0, 1 },
	{ "A: ahead", 64, 1, 0x500000100, 0, 0xfffffff0, 0x5fffffff0, 1 },
	{ "A: 0 of the next subspace", 64, 1, 0x5ffffffff, 0, 0,
	  0x600000000, 1 },
	{ "A: the top again", 64, 1, 0x5ffffffff, 0, 0xffffffff,
	  0x5ffffffff, 0 },
	{ "A: seen", 64, 1, 0x500000100, 0x5000000d0, 0xd0, 0x5000000d0, 0 },
	{ "A: the lower half is the window - 1", 64, 1, 0x50000003f, 0, 0,
	  0x500000000, 1 },
	{ "A: the same, ahead", 64, 1, 0x50000003f, 0, 0xffffffff,
	  0x5ffffffff, 1 },
	/* Case B: it reaches back into the subspace before */
	{ "B: in the subspace before", 64, 1, 0x50000003e, 0, 0xffffffff,
	  0x4ffffffff, 1 },
	{ "B: seen there", 64, 1, 0x50000003e, 0x4ffffffff, 0xffffffff,
	  0x4ffffffff, 0 },
	{ "B: left edge there", 64, 1, 0x500000000, 0, 0xffffffc1,
	  0x4ffffffc1, 1 },
	{ "B: left of it is ahead", 64, 1, 0x500000000, 0, 0xffffffc0,
	  0x5ffffffc0, 1 },
	{ "B: in the same subspace", 64, 1, 0x500000010, 0, 0xf,
	  0x50000000f, 1 },
	{ "B: 0 of the subspace", 64, 1, 0x500000010, 0, 0, 0x500000000, 1 },
	{ "B: ahead", 64, 1, 0x500000010, 0, 0x11, 0x500000011, 1 },
	{ "B: there is no subspace before the first", 64, 1, 0x10, 0,
	  0xfffffff0, 0, 0 },
	{ "B: ahead in the first", 64, 1, 0x10, 0, 0xffffff00, 0xffffff00, 1 },
	{ "B: 4096 back", 4096, 1, 0x100000000, 0, 0xfffff001, 0xfffff001, 1 },
	{ "B: 4097 back is ahead", 4096, 1, 0x100000000, 0, 0xfffff000,
	  0x1fffff000, 1 },
	{ "the first wrap", 64, 1, 0xffffffff, 0, 0, 0x100000000, 1 },
	{ "before the first wrap", 64, 1, 0x100000000, 0, 0xffffffff,
	  0xffffffff, 1 },
	{ "jump by almost 2^32", 64, 1, 0x500000100, 0, 0xc0, 0x6000000c0, 1 },
	/* Where our own numbers end, and all numbers */
	{ "2^48 - 1", 64, 1, 0xfffffffffffe, 0, 0xffffffff,
	  0xffffffffffff, 1 },
	{ "a peer may go on at 2^48", 64, 1, 0xffffffffffff, 0, 0,
	  0x1000000000000, 1 },
	{ "2^64 - 1", 64, 1, 0xfffffffffffffffe, 0, 0xffffffff,
	  0xffffffffffffffff, 1 },
	{ "the last again", 64, 1, 0xffffffffffffffff, 0, 0xffffffff,
	  0xffffffffffffffff, 0 },
	{ "nothing comes after it", 64, 1, 0xffffffffffffffff, 0, 5, 5, 0 },
	/* No protection */
	{ "window 0 checks nothing", 0, 0, 1000, 0, 7, 7, 1 },
	{ "window 0, again", 0, 0, 1000, 0, 1000, 1000, 1 },
};

static void check_row(const struct row *row)
{
	struct acme_replay r = { .window = row->window, .esn = row->esn };
	u8 map[ACME_WINDOW_MAX / 8] = { 1 };
	u64 back = row->top - row->seen;
	u64 seq;

	if (row->seen)
		map[back / 8] |= 1 << back % 8;
	acme_replay_load(&r, row->top, map);
	seq = acme_replay_guess(&r, row->low);
	if (seq != row->seq || acme_replay_check(&r, seq) != row->ok)
		fail_msg("%s: window %u top %llx low %x: %llx", row->why,
			 row->window, (unsigned long long)row->top, row->low,
			 (unsigned long long)seq);
	if (!row->ok)
		return;
	acme_replay_commit(&r, seq);
	if (row->window)
		assert_false(acme_replay_check(&r, seq));
	assert_true(r.top == (seq > row->top ? seq : row->top));
}

static void test_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

/* A jump forgets what it leaves behind, and nothing else. */
static void test_jumps(void **state)
{
	static const u32 jumps[] = {
		1, 31, 32, 63, 64, 65, 127, 128, 4095, 4096, 4097, 8192,
		0x7fffffff, 0xfffff000,
	};
	struct acme_replay r = { .window = 64 };
	u64 seq, top;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		acme_replay_load(&r, 0, empty);
		for (seq = 1; seq <= 100; seq += 1 + seq % 3)
			acme_replay_commit(&r, seq);
		top = r.top;
		acme_replay_commit(&r, top + jumps[i]);
		for (seq = top + 1; seq < r.top && seq < top + 10000; seq++)
			assert_int_equal(acme_replay_check(&r, seq),
					 r.top - seq < 64);
		for (seq = 1; seq <= top; seq++)
			assert_int_equal(acme_replay_check(&r, seq),
					 r.top - seq < 64 && seq % 3 == 2);
		assert_false(acme_replay_check(&r, r.top));
	}
}

/**
 * struct model - independent replay protection
 * @window: size
 * @esn: 64-bit numbers
 * @top: highest accepted
 * @slot: hash table of all accepted, 0 is free
 * @list: the same in order
 * @n: how many
 */
struct model {
	u32 window;
	bool esn;
	u64 top;
	u64 slot[SLOTS];
	u64 list[STEPS];
	u32 n;
};

static u64 *model_slot(struct model *m, u64 seq)
{
	u32 i = (seq * 0x9e3779b97f4a7c15) >> 48;

	while (m->slot[i % SLOTS] && m->slot[i % SLOTS] != seq)
		i++;
	return &m->slot[i % SLOTS];
}

/* The smallest number with this lower half that is not left of the window. */
static __int128 model_guess(const struct model *m, u32 low)
{
	__int128 bottom = (__int128)m->top - m->window + 1;
	__int128 seq = (__int128)low - TWO_32;

	if (!m->esn)
		return low;
	if (bottom > 0)
		seq += bottom / TWO_32 * TWO_32;
	while (seq < bottom)
		seq += TWO_32;
	return seq;
}

/* Otherwise it was seen, or it is accepted. */
static bool model_left(const struct model *m, __int128 seq)
{
	return seq < 1 || seq > UINT64_MAX ||
	       seq <= (__int128)m->top - m->window;
}

static bool model_accepts(struct model *m, __int128 seq)
{
	return !model_left(m, seq) && *model_slot(m, seq) != seq;
}

static void model_accept(struct model *m, u64 seq)
{
	*model_slot(m, seq) = seq;
	m->list[m->n++] = seq;
	if (seq > m->top)
		m->top = seq;
}

/* Mostly near the window's ends; also far away, and repetitions. */
static u32 pick(const struct model *m, u64 *rng)
{
	u32 how = mock_random(rng) % 16;
	u32 r = mock_random(rng);

	/* 32 bits are soon used up. */
	if (!m->esn && how < 2 && mock_random(rng) % 2048)
		how = 15;
	switch (how) {
	case 0:
		return r;
	case 1:
		return m->top + (1ULL << r % 32) + r / 32 % 8;
	case 2:
		return m->top + 1 + r % (2 * ACME_WINDOW_MAX);
	case 3:
	case 4:
		return m->top - m->window + r % 5 - 2;
	case 5:
	case 6:
		return m->n ? m->list[r % m->n] : r;
	case 7:
		return m->n ? m->list[m->n - 1 - r % min(m->n, 64U)] : 0;
	case 8:
		return r % 8 - 4;
	case 9:
	case 10:
		return m->top - r % (2 * m->window);
	default:
		return m->top + 2 - r % 8;
	}
}

/* Takes a snapshot, compares all of it, and goes on from it. */
static void reload(struct acme_replay *r, struct model *m)
{
	u8 map[ACME_WINDOW_MAX / 8];
	struct acme_replay copy;
	u32 i;

	memset(map, 0xff, sizeof(map));
	acme_replay_save(r, map);
	for (i = 0; i < ACME_WINDOW_MAX; i++)
		assert_int_equal(map[i / 8] >> i % 8 & 1,
				 i < m->window && i < m->top &&
				 *model_slot(m, m->top - i) == m->top - i);
	memset(&copy, 0xff, sizeof(copy));
	copy.window = r->window;
	copy.esn = r->esn;
	acme_replay_load(&copy, r->top, map);
	*r = copy;
}

static void step(struct acme_replay *r, struct model *m, u64 *rng)
{
	u32 low = pick(m, rng);
	u64 seq = acme_replay_guess(r, low);
	bool got = acme_replay_check(r, seq);
	__int128 want = model_guess(m, low);
	bool ok = model_accepts(m, want);

	if (got != ok || (ok && seq != (u64)want))
		fail_msg("window %u esn %d top %llx low %x: %llx %d",
			 m->window, m->esn, (unsigned long long)m->top, low,
			 (unsigned long long)seq, got);
	assert_int_equal(acme_replay_left(r, seq), model_left(m, want));
	/* One in four has a wrong ICV. */
	if (ok && mock_random(rng) % 4) {
		acme_replay_commit(r, seq);
		model_accept(m, seq);
	}
	assert_true(r->top == m->top);
}

static u64 pick_start(bool esn, u64 *rng)
{
	static const u64 starts[] = {
		0, 0, 31, 4095, 0xfffff000, 0xffffff00, 0xffffffff,
		0x100000000, 0x1fffff000, 0xfffffffff000, 0xffffffffffff,
		UINT64_MAX - (1ULL << 33), UINT64_MAX - 5000,
	};
	u64 start = starts[mock_random(rng) % ARRAY_SIZE(starts)];

	return esn ? start : (u32)start;
}

static void random_runs(u64 seed, u32 runs)
{
	struct model *m = malloc(sizeof(*m));
	u32 steps = runs * STEPS, accepted = 0;
	struct acme_replay r;
	u64 rng = seed;
	u32 i;

	assert_non_null(m);
	print_message("# seed 0x%llx (ACME_FUZZ_SEED)\n",
		      (unsigned long long)seed);
	while (runs--) {
		memset(m, 0, sizeof(*m));
		m->window = 32 << mock_random(&rng) % 8;
		if (runs % 2)
			m->window = 32 + mock_random(&rng) % 128 * 32;
		m->esn = mock_random(&rng) % 4;
		m->top = pick_start(m->esn, &rng);
		r = (struct acme_replay) {
			.window = m->window, .esn = m->esn,
		};
		acme_replay_load(&r, m->top, empty);
		for (i = 0; i < STEPS; i++) {
			step(&r, m, &rng);
			if (mock_random(&rng) % 1000 == 0)
				reload(&r, m);
		}
		accepted += m->n;
	}
	free(m);
	print_message("# %u packets, %u accepted\n", steps, accepted);
	/* Otherwise the numbers were used up too early. */
	assert_true(accepted > steps / 5);
}

static void test_random(void **state)
{
	const char *seed = getenv("ACME_FUZZ_SEED");

	(void)state;
	random_runs(seed ? strtoull(seed, NULL, 0) : 0x1234567, RUNS);
	if (!seed)
		random_runs((u64)time(NULL) << 20 ^ getpid(), RUNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
