// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The device and the host decide on packets of the same SA in turn, while the
 * SA stops, goes on, and moves between devices: a number is accepted once,
 * whoever is asked, and handed out once. Judged by a set of all numbers.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ends.h"

#define STEPS	20000
#define MARGIN	(2 * ACME_WINDOW_MAX)
#define SPAN	(STEPS * 8 + 2 * MARGIN)

/**
 * struct storm - an SA and what is known of it
 * @e: end that has it
 * @other: end to which it moves
 * @s: what it is
 * @window: of it
 * @first: number of the first entry in @seen
 * @top: highest number accepted, or handed out
 * @packets: accepted, or sent
 * @bytes: of them
 * @accepted: by the device and by the host
 * @rng: random state
 * @seen: accepted, or used, by number
 */
struct storm {
	struct end e;
	struct end other;
	struct setup s;
	u32 window;
	u64 first;
	u64 top;
	u64 packets;
	u64 bytes;
	u32 accepted[2];
	u64 rng;
	bool seen[SPAN];
};

static u64 new_seed(void)
{
	const char *text = getenv("ACME_FUZZ_SEED");
	u64 seed = text ? strtoull(text, NULL, 0) :
			  (u64)time(NULL) << 20 ^ getpid();

	print_message("# seed 0x%llx (ACME_FUZZ_SEED)\n",
		      (unsigned long long)seed);
	return seed;
}

static void add_end(struct storm *t, struct end *e, u32 dir)
{
	struct acme_cmd cmd;

	if (!e->m)
		e->m = mock_ready(&mock_config);
	end_fill(e, &cmd, &t->s, dir);
	cmd.sa_add.window = cpu_to_le32(t->window);
	e->handle = host_sa_add(&e->m->host, &cmd);
	assert_int_not_equal(e->handle, 0);
}

static struct storm *storm_new(u32 window, u32 flags, u64 start, u32 dir)
{
	struct storm *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->s = tunnel4;
	t->s.flags |= flags;
	t->window = window;
	t->top = start;
	t->first = start > MARGIN ? start - MARGIN : 0;
	t->rng = new_seed();
	add_end(t, &t->e, dir);
	assert_int_equal(host_sa_run(&t->e.m->host, t->e.handle, start, 1),
			 ACME_ST_OK);
	return t;
}

static void storm_free(struct storm *t)
{
	mock_free(t->e.m);
	if (t->other.m)
		mock_free(t->other.m);
	free(t);
}

static bool *slot(struct storm *t, u64 seq)
{
	assert_true(seq >= t->first && seq - t->first < SPAN);
	return &t->seen[seq - t->first];
}

/* Around both ends of the window, sometimes inside or a jump ahead. */
static u64 pick(struct storm *t)
{
	u32 r = mock_random(&t->rng);
	u64 left = t->top > t->window ? t->top - t->window : 0;
	u64 seq;

	switch (r % 8) {
	case 0:
	case 1:
		seq = left + r / 8 % 5;
		seq = seq > 2 ? seq - 2 : seq;
		break;
	case 2:
		seq = t->top - r / 8 % min(t->window, t->top - t->first + 1);
		break;
	case 3:
		seq = t->top + 1 + r / 8 % 40;
		break;
	default:
		seq = t->top + 2 - min(r / 8 % 6, t->top + 2);
	}
	return seq < t->first ? t->first : seq;
}

static bool fits(struct storm *t, u64 seq)
{
	return seq && seq + t->window > t->top && !*slot(t, seq);
}

static void accept(struct storm *t, u64 seq, u32 bytes)
{
	*slot(t, seq) = true;
	if (seq > t->top)
		t->top = seq;
	t->packets++;
	t->bytes += bytes;
}

static void by_device(struct storm *t, u64 seq)
{
	static struct rx_frame f;
	u8 plain[256], frame[512];
	u32 len = end_plain(plain);
	bool wrong = mock_random(&t->rng) % 8 == 0;
	bool ok = fits(t, seq) && !wrong;

	/* To the left of the window it would be taken for a later one. */
	if (t->s.flags & ACME_SA_ESN && seq + t->window <= t->top)
		return;
	len = end_craft(&t->e, frame, seq, plain, len);
	frame[len - 1] ^= wrong;
	assert_int_equal(end_receive(&t->e, frame, len, &f), ok);
	if (!ok)
		return;
	assert_int_equal(f.sa, t->e.handle);
	accept(t, seq, 48);
	t->accepted[0]++;
}

static void by_host(struct storm *t, u64 seq)
{
	struct acme_cmd cmd = {
		.replay_test_set = {
			.seq = cpu_to_le64(seq),
			.bytes = cpu_to_le64(100),
		},
	};
	u32 want = fits(t, seq) ? ACME_ST_OK :
		   seq && seq + t->window > t->top ? ACME_ST_SEEN :
						     ACME_ST_LEFT;

	assert_int_equal(end_cmd(&t->e, ACME_OP_REPLAY_TEST_SET, &cmd), want);
	if (want != ACME_ST_OK)
		return;
	accept(t, seq, 100);
	t->accepted[1]++;
}

static u32 bits_set(const u8 *map, u32 from, u32 to)
{
	u32 n = 0;

	for (; from < to; from++)
		n += map[from / 8] >> from % 8 & 1;
	return n;
}

/* Stops the SA; the snapshot is exact. */
static void stop(struct storm *t, struct acme_cmd *cmd)
{
	u8 *map = cmd->sa.snap.bitmap;
	u32 n;

	assert_int_equal(end_cmd(&t->e, ACME_OP_SA_STOP, cmd), ACME_ST_OK);
	assert_true(le64_to_cpu(cmd->sa.snap.seq) == t->top);
	assert_true(le64_to_cpu(cmd->sa.snap.packets) == t->packets);
	assert_true(le64_to_cpu(cmd->sa.snap.bytes) == t->bytes);
	for (n = 0; n < t->window && n < t->top - t->first; n++)
		assert_int_equal(map[n / 8] >> n % 8 & 1,
				 *slot(t, t->top - n));
	assert_int_equal(bits_set(map, t->window, ACME_WINDOW_MAX), 0);
}

/* What the host accepts while the SA is its own. */
static void host_alone(struct storm *t, struct acme_cmd *cmd)
{
	u32 i, n;
	u64 seq;

	for (i = mock_random(&t->rng) % 5; i; i--) {
		seq = pick(t);
		if (fits(t, seq))
			accept(t, seq, 48);
	}
	memset(&cmd->sa.snap, 0, sizeof(cmd->sa.snap));
	cmd->sa.snap.seq = cpu_to_le64(t->top);
	cmd->sa.snap.packets = cpu_to_le64(t->packets);
	cmd->sa.snap.bytes = cpu_to_le64(t->bytes);
	for (n = 0; n < t->window && n < t->top - t->first; n++)
		if (*slot(t, t->top - n))
			cmd->sa.snap.bitmap[n / 8] |= BIT(n % 8);
}

/* Deletes the SA and adds it to the other device. */
static void swap_ends(struct storm *t, u32 dir)
{
	struct acme_cmd cmd = { };
	struct end e = t->e;

	assert_int_equal(end_cmd(&e, ACME_OP_SA_DEL, &cmd), ACME_ST_OK);
	t->e = t->other;
	t->other = e;
	add_end(t, &t->e, dir);
}

static void move_in(struct storm *t)
{
	struct acme_cmd cmd = { };

	stop(t, &cmd);
	switch (mock_random(&t->rng) % 3) {
	case 0:
		assert_int_equal(end_cmd(&t->e, ACME_OP_SA_RESUME, &cmd),
				 ACME_ST_OK);
		return;
	case 1:
		host_alone(t, &cmd);
		break;
	default:
		host_alone(t, &cmd);
		swap_ends(t, ACME_SA_INBOUND);
		break;
	}
	assert_int_equal(end_cmd(&t->e, ACME_OP_SA_RUN, &cmd), ACME_ST_OK);
}

static void in_case(u32 window, u32 flags, u64 start)
{
	struct storm *t = storm_new(window, flags, start, ACME_SA_INBOUND);
	u32 i;

	for (i = 0; i < STEPS; i++) {
		if (mock_random(&t->rng) % 2)
			by_device(t, pick(t));
		else
			by_host(t, pick(t));
		if (mock_random(&t->rng) % 200 == 0)
			move_in(t);
	}
	end_check_stats(&t->e, t->packets, t->bytes, t->top);
	print_message("# window %u: %u by the device, %u by the host\n", window,
		      t->accepted[0], t->accepted[1]);
	assert_true(t->accepted[0] > STEPS / 8);
	assert_true(t->accepted[1] > STEPS / 8);
	storm_free(t);
}

static void test_in(void **state)
{
	(void)state;
	in_case(32, 0, 0);
	in_case(64, 0, 0xfff00000);
	in_case(4096, 0, 5000);
}

static void test_in_esn(void **state)
{
	(void)state;
	in_case(32, ACME_SA_ESN, 0);
	in_case(64, ACME_SA_ESN, 0xfffff000);
	in_case(4096, ACME_SA_ESN, 0x1fffff000);
	/* Beyond where our own numbers end. */
	in_case(128, ACME_SA_ESN, 0xfffffffff000);
}

/* Each number once, without a gap: on the wire or to the host. */
static void use(struct storm *t, u64 first, u32 n, u32 bytes)
{
	assert_true(first == t->top + 1);
	t->top += n;
	t->packets += n;
	t->bytes += bytes;
}

static void send_some(struct storm *t)
{
	static u8 pkt[8192];
	u32 n = mock_random(&t->rng) % 4;
	u32 len = mock_packet(pkt, 4, n ? PROTO_TCP : PROTO_UDP, 100 * n + 20);
	const u8 *esp;
	u32 i;

	mock_forget_frames(t->e.m);
	end_send(&t->e, pkt, len, n ? ACME_TXD_TSO : 0, 100);
	assert_int_equal(t->e.m->num_frames, n + 1);
	for (i = 0; i <= n; i++) {
		esp = t->e.m->frames[i].data + 34;
		assert_int_equal(get_be32(esp + 4), (u32)(t->top + 1 + i));
	}
	/* TCP: 40 bytes of headers for each segment. */
	use(t, t->top + 1, n + 1, n ? 140 * n + 60 : 48);
}

static void alloc_some(struct storm *t, u16 epoch)
{
	u32 n = 1 + mock_random(&t->rng) % 5;
	struct acme_cmd cmd = {
		.seq_alloc = {
			.count = cpu_to_le32(n),
			.bytes = cpu_to_le64(10 * n),
		},
	};

	assert_int_equal(end_cmd(&t->e, ACME_OP_SEQ_ALLOC, &cmd), ACME_ST_OK);
	assert_int_equal(le16_to_cpu(cmd.seq_rsp.epoch), epoch);
	use(t, le64_to_cpu(cmd.seq_rsp.first), n, 10 * n);
}

/* Out, the host sends a few, and in again: here or elsewhere. */
static void move_out(struct storm *t, u16 *epoch)
{
	struct acme_cmd cmd = { };
	u32 n = mock_random(&t->rng) % 5;

	assert_int_equal(end_cmd(&t->e, ACME_OP_SA_STOP, &cmd), ACME_ST_OK);
	assert_true(le64_to_cpu(cmd.sa.snap.seq) == t->top);
	assert_true(le64_to_cpu(cmd.sa.snap.packets) == t->packets);
	assert_true(le64_to_cpu(cmd.sa.snap.bytes) == t->bytes);
	assert_int_equal(le16_to_cpu(cmd.sa.snap.epoch), *epoch);
	use(t, t->top + 1, n, 48 * n);
	cmd.sa.snap.seq = cpu_to_le64(t->top);
	cmd.sa.snap.packets = cpu_to_le64(t->packets);
	cmd.sa.snap.bytes = cpu_to_le64(t->bytes);
	cmd.sa.snap.epoch = cpu_to_le16(++*epoch);
	if (mock_random(&t->rng) % 2)
		swap_ends(t, 0);
	assert_int_equal(end_cmd(&t->e, ACME_OP_SA_RUN, &cmd), ACME_ST_OK);
}

static void out_case(u32 flags, u64 start)
{
	struct storm *t = storm_new(0, flags, start, 0);
	u16 epoch = 1;
	u32 i;

	for (i = 0; i < STEPS / 4; i++) {
		if (mock_random(&t->rng) % 2)
			send_some(t);
		else
			alloc_some(t, epoch);
		if (mock_random(&t->rng) % 50 == 0)
			move_out(t, &epoch);
	}
	end_check_stats(&t->e, t->packets, t->bytes, t->top);
	assert_true(epoch > STEPS / 400);
	storm_free(t);
}

static void test_out(void **state)
{
	(void)state;
	out_case(0, 0);
	out_case(0, 0xfff00000);
	out_case(ACME_SA_ESN, 0xfffff000);
	out_case(ACME_SA_ESN, 0xfffffff00000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in),
		cmocka_unit_test(test_in_esn),
		cmocka_unit_test(test_out),
	};

	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
