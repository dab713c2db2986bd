/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handover and fallback of one SA between software and a device, for spin.
 *
 * The protocol is that of net/xfrm/xfrm_full.c and its neighbours: places,
 * locks, operations and functions have the names that they have there.  Claims,
 * for every interleaving, late answer and deletion:
 *
 *   issued once     no sequence number is issued twice, by whomever
 *   IV once         no (epoch, number) is used twice, not even when the device
 *                   told a wrong last number (WRONG_DUMP)
 *   accepted once   no sequence number is accepted twice, by whomever
 *   nothing lost    a packet is dropped only if the SA is gone, an answer of
 *                   the device was late, or the device lacks an operation
 *   usable          in the end an SA that was not deleted sends and receives;
 *                   it expires only when its numbers are unknown
 *   no leak         the device has the SA only while the host thinks so
 *   no deadlock     each process comes to its end
 *
 * handover_model.sh of the selftests runs it, and broken copies of it, of which
 * each must violate a claim.  These macros make a variant:
 *
 *   OUT             the SA is outbound, else inbound
 *   ALLOC           outbound, the device lends sequence numbers; without it
 *                   packets wait while the SA is DRAINING
 *   TEST            inbound, the device tests and sets its window for the host;
 *                   without it the host suspends the device
 *   TIMEOUTS=n      so many answers come too late
 *   DIES            from some moment on the device does nothing
 *   NEWSA           the SA is new and was never software's
 *   WRONG_DUMP      the device may tell too low a number
 *   MOVES, PACKETS, SUSPENDS, INPUTS
 *                   how many there are, and CPUs that run xfrm_input()
 *
 * Left out: keys and ICVs (what arrives is genuine, perhaps a copy), the width
 * of windows, ESN, limits, and a second device.  Sequence numbers are small.
 */

#ifndef MOVES
#define MOVES	3
#endif
#ifndef PACKETS
#ifdef OUT
#define PACKETS	3
#else
#define PACKETS	2
#endif
#endif
#ifndef INPUTS
#define INPUTS	1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 0
#endif
#ifndef SUSPENDS
#define SUSPENDS 2
#endif
#define CPUS	2

#ifdef WRONG_DUMP
#define WRONG	true
#else
#define WRONG	false
#endif

#ifdef OUT
#define NUMBERS	(PACKETS + TIMEOUTS + 1)
#else
#define NUMBERS	3		/* the last one for the end */
#endif
#define IV(e, n) ((e) * (NUMBERS + 1) + (n))

mtype = { SOFTWARE, ARMING, DEVICE, DRAINING, SUSPENDED, DEAD }
mtype = { ADD, RUN, STOP, DEL, SEQ_ALLOC, TEST_SET }
mtype = { OK, EALREADY, EBUSY, ETIMEDOUT }

/* struct xfrm_state, struct xfrm_full */
bool x_lock;			/* x->lock */
bool full_mutex;		/* full->mutex */
mtype place = SOFTWARE;
bool live = true;		/* ARMING: software handles its packets */
byte epoch;			/* of the last arming; software has 0 */
byte seq;			/* outbound, the last number used */
byte map;			/* inbound, bit n: n was accepted */
byte sw_seq;			/* highest number used in epoch 0 */
byte snap;			/* struct xfrm_full_snapshot, for RUN */
bool rx_ok;			/* what the device decrypted counts */
bool rcu[CPUS];			/* read sides, one for each CPU */

/* The device, with one SA, an admin queue, and a ring each way. */
bool dev_added, dev_running, dev_dead, dev_deleted;
byte dev_epoch, dev_seq, dev_map;
chan adminq = [4] of { mtype, byte, byte, byte, byte, byte };
chan txring = [2] of { byte };
chan rxring = [1] of { byte };
chan raw = [1] of { byte };	/* ESP that comes up as it is */

/*
 * There is one command at a time under x->lock, and one under the mutex.  A
 * late answer has an old tag.
 */
#define LOCKED	0
#define SLEEPING 1
byte tag[2];
bool answered[2];
mtype status[2];
byte told[2];			/* a number or a map */

/* What is to happen, and what has. */
byte packets = PACKETS, moves = MOVES, timeouts = TIMEOUTS;
byte suspends = SUSPENDS, busy;
bool deleted, faulted, lost;
bool issued[NUMBERS + 1], accepted[NUMBERS + 1], arrived[NUMBERS + 1];
bool iv_used[IV(MOVES + 1, NUMBERS) + 1];
byte sent;

#define owner	(place == DEVICE || place == DRAINING)
#define in_device (owner || place == SUSPENDED)
#define gone	(place == DEAD && (deleted || lost))

inline lock(l)
{
	atomic { !l -> l = true }
}

inline unlock(l)
{
	l = false
}

/* xfrm_full_next[] */
inline xfrm_full_move(to)
{
	d_step {
		assert((place == SOFTWARE && to == ARMING) ||
		       (place == ARMING && (to == DEVICE || to == SOFTWARE)) ||
		       (place == DEVICE && (to == DRAINING || to == SOFTWARE ||
					    to == SUSPENDED)) ||
		       ((place == DRAINING || place == SUSPENDED) &&
			(to == DEVICE || to == SOFTWARE)) ||
		       (place != DEAD && to == DEAD));
		place = to
	}
}

inline issue(e, n)
{
	d_step {
#ifndef WRONG_DUMP
		assert(!issued[n]);
		issued[n] = true;
#endif
		assert(!iv_used[IV(e, n)]);
		iv_used[IV(e, n)] = true;
		sent++
	}
}

inline accept(n)
{
	d_step {
		assert(!accepted[n]);
		accepted[n] = true
	}
}

/*
 * The driver: posts a command, waits for its answer, but not forever.
 */

inline exec(slot, op, e, arg)
{
	atomic {
		if
		:: !dev_dead -> adminq ! op, e, arg, 0, slot, tag[slot]
		:: dev_dead
		fi
	}
	if
	:: atomic { answered[slot] ->
		answered[slot] = false;
		err = status[slot];
		status[slot] = 0 }
	:: atomic { timeouts > 0 ->
		timeouts--;
		give_up(slot) }
	:: atomic { dev_dead ->
		give_up(slot) }
	fi
}

inline give_up(slot)
{
	tag[slot]++;
	answered[slot] = false;
	status[slot] = 0;
	told[slot] = 0;
	faulted = true;
	err = ETIMEDOUT
}

inline xdo_dev_full_state_del()
{
	atomic {
		dev_deleted = false;
		if
		:: !dev_dead -> adminq ! DEL, 0, 0, 0, 0, 0
		:: dev_dead
		fi
	}
}

/*
 * When it returns, nothing of the SA is left in the device or in a ring.  A
 * device that does not answer is reset.
 */
inline xdo_dev_full_state_free()
{
	if
	:: atomic { dev_deleted && empty(txring) && empty(rxring) && !rcu[0] ->
		dev_deleted = false }
	:: atomic { timeouts > 0 ->
		timeouts--;
		reset() }
	:: atomic { dev_dead ->
		reset() }
	fi;
	!rcu[0]
}

inline reset()
{
	faulted = true;
	do
	:: adminq ? _, _, _, _, _, _
	:: txring ? _
	:: rxring ? _
	:: empty(adminq) && empty(txring) && empty(rxring) -> break
	od;
	dev_deleted = false;
	dev_forgets()
}

inline xdo_dev_full_state_drain()
{
	if
	:: empty(txring) -> err = OK
	:: atomic { timeouts > 0 ->
		timeouts--;
		faulted = true;
		err = ETIMEDOUT }
	:: atomic { dev_dead ->
		faulted = true;
		err = ETIMEDOUT }
	fi
}

/*
 * The device.  Commands are executed in their order.
 */

inline dev_forgets()
{
	dev_added = false;
	dev_running = false;
	dev_epoch = 0;
	dev_seq = 0;
	dev_map = 0
}

inline answer(what, number)
{
	if
	:: tag[slot] == t ->
		status[slot] = what;
		told[slot] = number;
		answered[slot] = true
	:: tag[slot] != t
	fi
}

inline dev_lend()
{
	if
	:: dev_seq++;
		answer(OK, dev_seq)
#ifdef WRONG_DUMP
	:: answer(OK, dev_seq)
#endif
	fi
}

inline dev_stop()
{
	dev_running = false;
#ifdef OUT
	if
	:: answer(OK, dev_seq)
#ifdef WRONG_DUMP
	:: dev_seq > 0 -> answer(OK, dev_seq - 1)
#endif
	fi
#else
	answer(OK, dev_map)
#endif
}

/* Replay test and set: of the device's own packets, and for the host. */
inline dev_test_set(n, result)
{
	if
	:: (dev_map >> n) & 1 -> result = EALREADY
	:: else ->
		dev_map = dev_map | (1 << n);
		result = OK
	fi
}

inline dev_execute()
{
	if
	:: op == ADD ->
		dev_added = true;
		answer(OK, 0)
	:: op == RUN && dev_added ->
		dev_running = true;
		dev_epoch = e;
		dev_seq = arg;
		dev_map = arg;
		answer(OK, 0)
	:: op == STOP && dev_added ->
		dev_stop()
	:: op == DEL ->
		dev_forgets();
		dev_deleted = true
#ifdef OUT
	:: op == SEQ_ALLOC && dev_running ->
		dev_lend()
#else
	:: op == TEST_SET && dev_running ->
		dev_test_set(arg, result);
		answer(result, 0)
#endif
	:: else ->
		answer(EBUSY, 0)
	fi
}

inline dev_transmit()
{
	if
	:: dev_running && dev_epoch == e ->
		dev_seq++;
		issue(e, dev_seq)
	:: else ->
		assert(faulted || gone)
	fi
}

proctype device()
{
	byte e, arg, slot, t;
	mtype op, result;

end:	do
	:: atomic { adminq ? op, e, arg, _, slot, t ->
		dev_execute();
		op = 0; e = 0; arg = 0; slot = 0; t = 0; result = 0 }
#ifdef OUT
	:: atomic { txring ? e ->
		dev_transmit();
		e = 0 }
#endif
#ifdef DIES
	:: atomic { dev_dead = true; break }
#endif
	od
}

/*
 * Moves, each under full->mutex.
 */

#ifdef OUT
#define owned	seq
#else
#define owned	map
#endif

inline xfrm_full_to_snapshot()
{
	snap = owned
}

inline xfrm_full_from_snapshot()
{
	d_step {
		owned = told[LOCKED];
		told[LOCKED] = 0;
		if
		:: seq < sw_seq -> seq = sw_seq
		:: else
		fi
	}
}

/*
 * A snapshot of software starts the device, x->lock held.  A device that did
 * not answer may run, now or later: it will be told to delete the SA, and what
 * it decrypts until then does not count.
 */
inline xfrm_full_run()
{
	xfrm_full_to_snapshot();
	exec(LOCKED, RUN, epoch, snap);
	snap = 0;
	if
	:: err == OK ->
		rx_ok = true;
		live = true;
		xfrm_full_move(DEVICE)
	:: err != OK ->
		xfrm_full_undo()
	fi
}

/* It stays where it was: in software, or nowhere. */
inline xfrm_full_undo()
{
	rx_ok = false;
	if
	:: live -> xfrm_full_move(SOFTWARE)
	:: !live ->
		lost = true;
		xfrm_full_move(DEAD)
	fi
}

/* The place is ARMING, unless the SA was deleted. */
inline xfrm_full_to_device()
{
	exec(SLEEPING, ADD, 0, 0);
	lock(x_lock);
	if
	:: place == DEAD -> err = EBUSY
	:: place == ARMING && err == OK -> xfrm_full_run()
	:: place == ARMING && err != OK -> xfrm_full_undo()
	fi;
	xfrm_full_put()
}

/* If the device is not to have the SA, it loses it.  Releases x->lock. */
inline xfrm_full_put()
{
	if
	:: err == OK ->
		unlock(x_lock)
	:: err != OK ->
		xdo_dev_full_state_del();
		unlock(x_lock);
		xdo_dev_full_state_free()
	fi;
	err = 0
}

/* A device that twice does not say where it stopped costs the SA. */
inline xfrm_full_stop()
{
	exec(LOCKED, STOP, 0, 0);
	if
	:: err == ETIMEDOUT -> exec(LOCKED, STOP, 0, 0)
	:: err != ETIMEDOUT
	fi;
	if
	:: err == OK ->
		xfrm_full_from_snapshot();
		xfrm_full_move(SOFTWARE)
	:: err != OK ->
		lost = true;
		xfrm_full_move(DEAD)
	fi
}

inline xfrm_full_to_software()
{
	lock(x_lock);
	if
	:: place == DEAD -> err = OK
	:: place != DEAD ->
		if
		:: owner -> xfrm_full_stop()
		:: place == SUSPENDED -> xfrm_full_move(SOFTWARE)
		fi;
		err = EBUSY
	fi;
	xfrm_full_put()
}

inline synchronize_net()
{
	!rcu[0];
	!rcu[1]
}

/*
 * xfrm_output() finds the SA out of the device from now on; what has passed
 * ndo_start_xmit() before is the device's.
 */
inline xfrm_full_drain()
{
	lock(x_lock);
	if
	:: place == DEVICE -> xfrm_full_move(DRAINING)
	:: place == DEAD
	fi;
	unlock(x_lock);
	synchronize_net();
	xdo_dev_full_state_drain();
	lock(x_lock);
	if
	:: err != OK && place == DRAINING -> xfrm_full_move(DEVICE)
	:: err == OK || place == DEAD
	fi;
	unlock(x_lock)
}

inline xfrm_full_leave()
{
	err = OK;
#ifdef OUT
	xfrm_full_drain();
#endif
	if
	:: err == OK -> xfrm_full_to_software()
	:: err != OK -> err = 0
	fi
}

inline xfrm_full_arm()
{
	lock(x_lock);
	if
	:: place == SOFTWARE ->
		epoch++;
		xfrm_full_move(ARMING)
	:: place == ARMING ->
		epoch++
	:: place == DEAD
	fi;
	unlock(x_lock);
	xfrm_full_to_device()
}

/* XFRM_OFFLOAD_MOVE, or the first arming of a NEWSA. */
proctype mover()
{
	mtype err;

	do
	:: moves > 0 ->
		moves--;
		lock(full_mutex);
		if
		:: place == SOFTWARE || place == ARMING -> xfrm_full_arm()
		:: in_device -> xfrm_full_leave()
		:: place == DEAD
		fi;
		unlock(full_mutex)
	:: live || place == DEAD -> break
	od;
	moves = 0;
	busy--
}

/* __xfrm_state_delete() at any moment, or never; then xfrm_full_free(). */
proctype deleter()
{
	bool armed;

	if
	:: lock(x_lock);
		deleted = true;
		armed = in_device;
		if
		:: place != DEAD -> xfrm_full_move(DEAD)
		:: place == DEAD
		fi;
		if
		:: armed -> xdo_dev_full_state_del()
		:: !armed
		fi;
		unlock(x_lock);
		if
		:: armed ->
			synchronize_net();
			lock(full_mutex);
			xdo_dev_full_state_free();
			unlock(full_mutex)
		:: !armed
		fi
	:: skip
	fi;
	busy--
}

#ifdef OUT
/* The SA's number for a packet of software, x->lock held. */
inline xfrm_full_number()
{
	exec(LOCKED, SEQ_ALLOC, 0, 0);
	n = told[LOCKED];
	told[LOCKED] = 0;
	if
	:: err == OK && n > sw_seq ->
		sw_seq = n;
		issue(0, n)
	:: err == OK && n <= sw_seq ->
		assert(faulted || WRONG)
	:: err != OK ->
		assert(faulted)
	fi;
	err = 0;
	n = 0
}

#ifdef ALLOC
#define waits	(place == ARMING && !live)
#define exception (place == DEVICE)
#else
#define waits	(place == DRAINING || (place == ARMING && !live))
#define exception false
#endif

/*
 * Packets on their way out.  DEVICE: a packet waits in a qdisc for
 * ndo_start_xmit(), or is one for software: its route leaves by another device,
 * or it is too big.
 */
proctype xfrm_output(byte cpu)
{
	byte n;
	mtype err;

next:	atomic {
		if
		:: packets > 0 -> packets--
		:: packets == 0 ->
			busy--;
			goto out
		fi
	}
again:	!waits;
	if
	:: place == DEVICE -> goto start_xmit
	:: exception -> goto one
	:: place != DEVICE -> goto one
	fi;

start_xmit:
	/* xfrm_full_tx() takes back what it meets out of the device. */
	rcu[cpu] = true;
	if
	:: place == DEVICE -> n = epoch
	:: place == DEAD ->
		assert(gone);
		rcu[cpu] = false;
		goto next
	:: place != DEVICE && place != DEAD ->
		rcu[cpu] = false;
		goto again
	fi;
	if
	:: txring ! n
	:: dev_dead		/* NETDEV_TX_BUSY, for ever */
	fi;
	n = 0;
	rcu[cpu] = false;
	goto next;

one:	/* xfrm_output_one() */
	lock(x_lock);
	if
	:: place == DEAD -> assert(gone)
#ifdef ALLOC
	:: owner -> xfrm_full_number()
#else
	:: owner ->
		unlock(x_lock);
		goto again
#endif
	:: place == SOFTWARE || (place == ARMING && live) ->
		seq++;
		sw_seq = seq;
		issue(0, seq)
	:: place == ARMING && !live ->
		unlock(x_lock);
		goto again
	fi;
	unlock(x_lock);
	goto next;
out:	skip
}

#define still	(busy == 0 && empty(adminq) && empty(txring))

inline probe()
{
	sent = 0;
	packets = 1;
	busy = 1;
	run xfrm_output(0);
	(still || dev_dead) && busy == 0;
	assert(sent == 1 || gone || dev_dead || WRONG);
	assert(dev_added == in_device || dev_dead)
}

init
{
	atomic {
#ifdef NEWSA
		place = ARMING;
		live = false;
#endif
		busy = 4;
		run device();
		run mover();
		run deleter();
		run xfrm_output(0);
		run xfrm_output(1)
	}
	busy == 0 && (dev_dead || still);
	atomic {
		timeouts = 0;
		probe()
	}
}
#else /* inbound */

byte receiving;			/* packets in xfrm_input() */

/*
 * Packets on their way in: any number, any copy of it, whole or as fragments.
 * The device decrypts what is whole, if its SA runs.
 */
inline arrive(n)
{
	atomic {
		mtype result = 0;

		arrived[n] = true;
		if
		:: dev_dead -> faulted = true
		:: !dev_dead && dev_running && nfull(rxring) ->
			dev_test_set(n, result);
			if
			:: result == OK -> rxring ! n
			:: result != OK
			fi
		:: !dev_running && nfull(raw) -> raw ! n
		fi;
		result = 0
	}
}

proctype wire()
{
	byte n;

	do
	:: packets > 0 ->
		packets--;
		if
		:: n = 1
		:: arrived[1] -> n = 2
		fi;
		if
		:: arrive(n)
		:: atomic { nfull(raw) -> arrived[n] = true; raw ! n }
		fi
	:: packets == 0 -> break
	od;
	busy--
}

/*
 * xfrm_full_rx(): the device may have decrypted a packet before the host has
 * seen that it runs, and the host may never see it.
 */
proctype napi()
{
	byte n;

end:	do
	:: atomic { rxring ? n -> rcu[0] = true }
		if
		:: place == ARMING || place == SUSPENDED ->
			lock(x_lock);
			unlock(x_lock)
		:: place != ARMING && place != SUSPENDED
		fi;
		if
		:: rx_ok && place != DEAD -> accept(n)
		:: !rx_ok || place == DEAD -> assert(faulted || gone)
		fi;
		atomic {
			n = 0;
			rcu[0] = false
		}
	od
}

/* xfrm_replay_recheck() and xfrm_replay_advance(), x->lock held. */
inline xfrm_replay_software()
{
	if
	:: (map >> n) & 1
	:: else ->
		map = map | (1 << n);
		accept(n)
	fi
}

inline xfrm_full_test_set()
{
	exec(LOCKED, TEST_SET, 0, n);
	if
	:: err == OK -> accept(n)
	:: err == EALREADY
	:: err != OK && err != EALREADY -> assert(faulted)
	fi;
	err = 0
}

/* Without a token the packet is dropped, which is no loss to complain of. */
inline xfrm_full_suspend()
{
	if
	:: suspends > 0 ->
		suspends--;
		exec(LOCKED, STOP, 0, 0);
		if
		:: err == OK ->
			xfrm_full_from_snapshot();
			xfrm_full_move(SUSPENDED);
			xfrm_replay_software()
		:: err != OK -> assert(faulted)
		fi;
		err = 0
	:: suspends == 0 -> arrived[n] = false
	fi
}

/* The ICV was right; whoever has the SA under x->lock decides. */
inline xfrm_full_input()
{
	lock(x_lock);
	if
	:: place == DEAD -> assert(gone)
	:: owner ->
#ifdef TEST
		xfrm_full_test_set()
#else
		xfrm_full_suspend()
#endif
	:: place == ARMING && !live -> arrived[n] = false
	:: place == SOFTWARE || place == SUSPENDED ||
	   (place == ARMING && live) -> xfrm_replay_software()
	fi;
	unlock(x_lock)
}

proctype xfrm_input()
{
	byte n;
	mtype err;

end:	do
	:: atomic { raw ? n -> receiving++ }
		xfrm_full_input();
		atomic {
			n = 0;
			receiving--
		}
	od
}

/* The delayed work of a suspended SA. */
proctype resume()
{
	mtype err;

end:	do
	:: place == SUSPENDED ->
		lock(full_mutex);
		lock(x_lock);
		if
		:: place == SUSPENDED -> xfrm_full_run()
		:: place != SUSPENDED -> err = OK
		fi;
		xfrm_full_put();
		unlock(full_mutex)
	od
}

#define still	(busy == 0 && place != SUSPENDED && !full_mutex && \
		 !x_lock && empty(raw) && empty(rxring) && !rcu[0] && \
		 !receiving && (dev_dead || empty(adminq)))

inline probe()
{
	suspends = 1;
	arrive(NUMBERS);
	still;
	assert(accepted[NUMBERS] || gone || dev_dead);
	assert(dev_added == in_device || dev_dead);
	n = 1;
	do
	:: n < NUMBERS ->
		assert(!arrived[n] || accepted[n] || faulted || gone);
		n++
	:: n == NUMBERS -> break
	od
}

init
{
	byte n;

	atomic {
#ifdef NEWSA
		place = ARMING;
		live = false;
#endif
		busy = 3;
		run device();
		run mover();
		run deleter();
		run wire();
		run napi();
		run xfrm_input();
#if INPUTS > 1
		run xfrm_input();
#endif
#ifndef TEST
		run resume();
#endif
	}
	still;
	timeouts = 0;
	probe()
}
#endif
