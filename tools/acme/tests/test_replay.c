// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Replay window and ESN against a model that shares nothing with them: it
 * keeps every number accepted, and finds the upper half by trying all.
 */
#include "mock.h"
#include "core/replay.h"

#define SEQUENCES	1000000
#define HISTORY		16384

/**
 * struct model - independent replay protection
 * @top: highest accepted
 * @window: size
 * @accepted: the last HISTORY numbers accepted
 * @n: how many were
 */
struct model {
	u64 top;
	u32 window;
	u64 accepted[HISTORY];
	u32 n;
};

static bool was_accepted(const struct model *m, u64 seq)
{
	u32 i;

	for (i = 0; i < HISTORY && i < m->n; i++)
		if (m->accepted[(m->n - 1 - i) % HISTORY] == seq)
			return true;
	return false;
}

static bool model_accepts(struct model *m, u64 seq)
{
	if (!seq)
		return false;
	if (seq <= m->top && (m->top - seq >= m->window ||
			      was_accepted(m, seq)))
		return false;
	m->accepted[m->n++ % HISTORY] = seq;
	if (seq > m->top)
		m->top = seq;
	return true;
}

/* The number with this lower half that is inside the window, or else the
 * smallest that is beyond its top.
 */
static u64 model_guess(const struct model *m, u32 low)
{
	u64 bottom = m->top >= m->window ? m->top - m->window + 1 : 0;
	u64 seq = (bottom >> 32 << 32) | low;

	return seq < bottom ? seq + (1ULL << 32) : seq;
}

/* Mostly near the top; sometimes far ahead, behind, or a repetition. */
static u64 pick(const struct model *m, u64 *rng)
{
	u32 r = mock_random(rng);
	u64 seq;

	switch (r % 8) {
	case 0:
		seq = m->top + 1 + r / 8 % (3 * ACME_WINDOW_MAX);
		break;
	case 1:
	case 2:
		seq = m->top - r / 8 % (2 * m->window);
		break;
	case 3:
		seq = m->n ? m->accepted[r / 8 % min(m->n, (u32)HISTORY)] : 1;
		break;
	default:
		seq = m->top + 1 - r / 8 % (m->window / 2);
	}
	return seq > m->top + (1ULL << 31) ? m->top + 1 : seq;
}

static void compare(u32 window, bool esn, u64 start, u32 count, u64 *rng)
{
	static const u8 empty[ACME_WINDOW_MAX / 8];
	struct acme_replay r = { .window = window, .esn = esn };
	struct model m = { .top = start, .window = window };
	bool got, want;
	u64 seq, guess;

	acme_replay_load(&r, start, empty);
	while (count--) {
		seq = pick(&m, rng);
		if (!esn)
			seq = (u32)seq;
		guess = acme_replay_guess(&r, seq);
		if (esn && seq + window > m.top && seq)
			assert_true(guess == model_guess(&m, seq));
		got = acme_replay_check(&r, guess);
		want = model_accepts(&m, esn && guess ? model_guess(&m, seq) :
							guess);
		if (got != want)
			fail_msg("window %u esn %d top %llx seq %llx: %d", window,
				 esn, (unsigned long long)m.top,
				 (unsigned long long)seq, got);
		if (got)
			acme_replay_commit(&r, guess);
		assert_true(r.top == m.top);
	}
}

static void test_random(void **state)
{
	static const u32 windows[] = { 32, 64, 96, 1024, 4096 };
	static const u64 starts[] = {
		0, 31, 0xffffff00, 0x100000000, 0x1fffff000, 0xfffffffff000,
	};
	u64 rng = 0x1234567;
	size_t w, s;

	(void)state;
	print_message("# seed 0x%llx\n", (unsigned long long)rng);
	for (w = 0; w < ARRAY_SIZE(windows); w++)
		for (s = 0; s < ARRAY_SIZE(starts); s++)
			compare(windows[w], true, starts[s],
				SEQUENCES / 30 + 1, &rng);
	for (w = 0; w < ARRAY_SIZE(windows); w++)
		compare(windows[w], false, 0, SEQUENCES / 20, &rng);
}

static void test_edges(void **state)
{
	static const u8 empty[ACME_WINDOW_MAX / 8];
	struct acme_replay r = { .window = 64, .esn = true };

	(void)state;
	acme_replay_load(&r, 0, empty);
	assert_false(acme_replay_check(&r, 0));
	/* The window reaches below 0: there is no upper half. */
	assert_int_equal(acme_replay_guess(&r, 0xfffffff0), 0);
	acme_replay_load(&r, 0x100000005, empty);
	assert_true(acme_replay_guess(&r, 0xfffffff0) == 0xfffffff0);
	assert_true(acme_replay_guess(&r, 6) == 0x100000006);
	assert_true(acme_replay_check(&r, 0x100000005 - 63));
	assert_false(acme_replay_check(&r, 0x100000005 - 64));
	r = (struct acme_replay) { .window = 0 };
	acme_replay_commit(&r, 7);
	assert_true(acme_replay_check(&r, 7));
}

static void test_snapshot(void **state)
{
	struct acme_replay a = { .window = 4096 }, b = { .window = 4096 };
	u8 map[ACME_WINDOW_MAX / 8], again[ACME_WINDOW_MAX / 8];
	u64 rng = 99;
	u32 i;

	(void)state;
	for (i = 0; i < 3000; i++)
		acme_replay_commit(&a, 1 + mock_random(&rng) % 9000);
	acme_replay_save(&a, map);
	acme_replay_load(&b, a.top, map);
	acme_replay_save(&b, again);
	assert_memory_equal(map, again, sizeof(map));
	assert_true(map[0] & 1);
	for (i = 1; i < 9100; i++)
		assert_int_equal(acme_replay_check(&a, i),
				 acme_replay_check(&b, i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_snapshot),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
