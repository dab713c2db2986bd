/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handover and fallback of one SA between software and a device, for spin.
 *
 * Places, locks, variables and inlines are those of the same name in net/xfrm,
 * and do what these do:
 *
 *   xfrm_full.c           xfrm_full_move, _attach, _detach, _free, _retire,
 *                         _state_arm, _state_delete, _expire, _evict, _dev_lost,
 *                         _dev_down, _dev_unregister
 *   xfrm_full_handover.c  all but xfrm_full_adopt
 *   xfrm_full_fallback.c  xfrm_full_resume_in, _resume, _resume_work,
 *                         _fallback_cancel, _stop_device, _input_suspended,
 *                         _input_straggler, _input_suspend, _input_stop
 *   xfrm_full_input.c     xfrm_full_rx_ok, _expire_soon, _answered, _input,
 *                         _ask, _input_accept
 *   xfrm_full_soft.c      xfrm_full_number, _park, _set_parking
 *   xfrm_full_output.c    xfrm_full_output, xfrm_full_tx
 *   xfrm_full_replay.c    xfrm_full_to_snapshot
 *   xfrm_full_stats.c     xfrm_full_account_snapshot, _take_answer,
 *                         _state_sync, _state_finish
 *   xfrm_full_update.c    xfrm_full_leave_to_migrate, _set_cloned, _may_clone,
 *                         _migrate_begin, _migrate_failed, _clear_cloned
 *
 * xfrm_migrate() is XFRM's own, and calls the last ones.
 *
 * Operations of the driver are xdo_dev_full_*; what begins with dev_ is the
 * device.  issue() and accept() only keep account.  Claims, for every
 * interleaving, late answer, refusal and deletion:
 *
 *   issued once     no sequence number is issued twice, by whomever: device,
 *                   software, or the SA with other addresses that MIGRATE made
 *   IV once         no (epoch, number) is used twice, not even when the device
 *                   tells wrong numbers (WRONG)
 *   accepted once   no sequence number is accepted twice, by whomever
 *   nothing lost    a packet is dropped only if the SA is gone, or has a
 *                   successor, an answer of the device was late, it refused to
 *                   stop, or it lacks an operation
 *   usable          in the end an SA that was not deleted sends and receives;
 *                   it expires only when its numbers are unknown, and then it
 *                   does
 *   evicted         an SA whose interface goes is in software then, if the device
 *                   said where it stands, or else has expired and is never
 *                   resumed; the device has it no more, nor gets it again.  Only
 *                   one that is down keeps what it refuses to give back
 *   where it was    a move on that another device refuses changes nothing
 *   no leak         the device has the SA only while the host thinks so
 *   no deadlock     each process comes to its end
 *
 * handover_model.sh of the selftests runs it, and broken copies of it, of which
 * each must violate a claim.  These macros make a variant:
 *
 *   OUT             the SA is outbound, else inbound
 *   ALLOC           outbound, the device lends sequence numbers; without it
 *                   packets wait for the end of a move
 *   TEST            inbound, the device tests and sets its window for the host;
 *                   without it the host suspends the device
 *   TIMEOUTS=n      so many answers come too late
 *   REFUSALS=n      so many commands to add, run or stop are refused
 *   DIES            from some moment on the device does nothing
 *   NEWSA           the SA is new and was never software's
 *   MOVE_ON         an SA in a device may move on
 *   REQUESTS        a request may also ask for the SA, or delete it
 *   WRONG           the device may lend a number twice, or forget all when it
 *                   is asked where it stands
 *   MIGRATE         a request may also give the SA a successor with other
 *                   addresses, or try to
 *   EVICT           the interface goes down, or goes for good, or its driver says
 *                   that a dead device has lost its SAs
 *   MOVES, PACKETS, INPUTS
 *                   how many there are, and CPUs that run xfrm_input()
 *
 * Bounds are those macros, which handover_model.sh sets: at most four moves and
 * three packets (and one or two at the end), two late answers or one refusal,
 * two CPUs that send or receive.
 *
 * Simpler than the code: numbers and windows are small.  An operation that
 * does not sleep fails by refusal or by -ETIMEDOUT, also when the device is
 * dead, and one that sleeps fails if the device is dead.  A command that came
 * too late is executed yet, or was taken back.  The device to which an SA moves
 * on is the same, with a new epoch.  Work is delayed for any time, so rests,
 * intervals and the time that makes a straggler are any; there is one
 * straggler, LATE_MAX is 2 and STOP_TRIES 4.  A parked packet waits where it
 * is.  A successor is in software, and stays there; its IVs have a salt of their
 * own.  Attackers may send packets to its addresses that are the SA's, and the
 * other way round, as addresses are not authenticated.
 *
 * Left out: keys and ICVs (what arrives is genuine, perhaps a copy), ESN, packets
 * that set out before the SA had full offload, counters and limits, updates, a full queue of packets that wait or come back,
 * lack of memory, and windows that a device tells wrongly.
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
#ifndef REFUSALS
#define REFUSALS 0
#endif
#define CPUS	2
#define XFRM_FULL_STOP_TRIES	4
#define XFRM_FULL_LATE_MAX	2
#define XFRM_FULL_STRAGGLERS	1

#ifdef WRONG
#define wrong	true
#else
#define wrong	false
#endif

#ifdef OUT
#define NUMBERS	(PACKETS + TIMEOUTS + 1)
#else
#define NUMBERS	3		/* the last one for the end */
#endif
#define IV(e, n) ((e) * (NUMBERS + 1) + (n))
#ifdef MIGRATE
#define SUCCESSOR (2 * MOVES + 2)	/* the epoch of another salt */
#define EPOCHS	SUCCESSOR
#else
#define EPOCHS	(2 * MOVES + 1)
#endif

mtype = { SOFTWARE, ARMING, DEVICE, DRAINING, SUSPENDED, DEAD }
mtype = { ADD, RUN, STOP, QUERY, DEL, SEQ_ALLOC, TEST_SET }
mtype = { OK, EALREADY, EBUSY, EINVAL, ENODEV, ESRCH, ETIMEDOUT }

/* struct xfrm_state, struct xfrm_full */
bool x_lock;			/* x->lock */
bool full_mutex;		/* full->mutex */
bool valid = true;		/* x->km.state is XFRM_STATE_VALID */
mtype place = SOFTWARE;
bool live = true;		/* ARMING: software handles its packets */
bool leaving;			/* what the device decrypted counts yet */
bool parking;			/* packets wait for the end of a move */
bool free_work, resume_work;	/* queued */
byte late;			/* answers, in a row */
byte stragglers;
byte epoch;			/* of the last arming; software has 0 */
byte seq;			/* outbound, the last number used */
byte map;			/* inbound, bit n: n was accepted */
byte sw_seq;			/* highest number that software got */
byte snap;			/* struct xfrm_full_snapshot, for RUN */
#ifdef MIGRATE
bool cloned;			/* the SA has, or gets, a successor */
#else
#define cloned	false
#endif
#ifdef EVICT
bool attached;			/* full->dev is the device */
bool listed = true;		/* the namespace has the device */
bool fallback;			/* XFRM_OFFLOAD_FALLBACK */
bool told_lost;			/* and the device is dead */
#else
#define told_lost false
#endif
bool rcu[CPUS];			/* read sides, one for each CPU */

/* The device, with one SA, an admin queue, and a ring each way. */
bool dev_added, dev_running, dev_dead, dev_deleted;
byte dev_epoch, dev_seq, dev_map;
chan adminq = [4] of { mtype, byte, byte, byte, byte };
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
byte refusals = REFUSALS, busy;
bool deleted, faulted, lost;
bool issued[NUMBERS + 1], accepted[NUMBERS + 1], arrived[NUMBERS + 1];
bool iv_used[IV(EPOCHS, NUMBERS) + 1];
byte sent;

/* The SA with other addresses. */
#ifdef MIGRATE
bool xc_valid;			/* XFRM has it */
byte xc_seq, xc_map;
bool succeeded;			/* it was there */
#else
#define succeeded false
#endif

#define xfrm_full_owner	(place == DEVICE || place == DRAINING)
#define by_software	(place == SOFTWARE || place == DRAINING || \
			 place == SUSPENDED || (place == ARMING && live))
#define in_device	(xfrm_full_owner || place == SUSPENDED)
#define gone		(deleted || lost)

inline lock(l)
{
	atomic { !l -> l = true }
}

inline unlock(l)
{
	l = false
}

inline synchronize_rcu()
{
	!rcu[0];
	!rcu[1]
}

/* By xfrm_full_next[]; under x->lock. */
inline xfrm_full_move(to)
{
	d_step {
		if
		:: (place == SOFTWARE && to == ARMING) ||
		   (place == ARMING && (to == DEVICE || to == SOFTWARE)) ||
		   (place == DEVICE && (to == DRAINING || to == SOFTWARE ||
					to == SUSPENDED)) ||
		   ((place == DRAINING || place == SUSPENDED) &&
		    (to == DEVICE || to == SOFTWARE)) ||
		   (place != DEAD && to == DEAD) ->
			place = to;
			if
			:: to == DEVICE -> live = true
			:: else
			fi
		:: else
		fi
	}
}

inline issue(e, n)
{
	d_step {
#ifndef WRONG
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
 * The driver: posts a command, waits for its answer, but not forever.  Not to
 * be called in an atomic, as it would give up at once.
 */

inline exec(slot, op, e, arg)
{
	atomic {
		if
		:: !dev_dead -> adminq ! op, e, arg, slot, tag[slot]
		:: dev_dead
		fi
	}
	if
	:: atomic { answered[slot] ->
		answered[slot] = false;
		err = status[slot];
		status[slot] = 0 }
	:: atomic { slot == LOCKED && timeouts > 0 ->
		timeouts--;
		take_back(op);
		give_up(slot) }
	:: atomic { dev_dead ->
		give_up(slot) }
	fi
}

/* The device may not have seen it yet. */
inline take_back(op)
{
	if
	:: adminq ?? op, _, _, LOCKED, eval(tag[LOCKED])
	:: true
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

inline xdo_dev_full_state_add()
{
	exec(SLEEPING, ADD, 0, 0)
}

inline xdo_dev_full_state_run()
{
	exec(LOCKED, RUN, epoch, snap);
	snap = 0
}

inline xdo_dev_full_state_stop()
{
	exec(LOCKED, STOP, 0, 0)
}

inline xdo_dev_full_seq_alloc()
{
	exec(LOCKED, SEQ_ALLOC, 0, 0)
}

inline xdo_dev_full_replay_test_set(n)
{
	exec(LOCKED, TEST_SET, 0, n)
}

inline xdo_dev_full_stats_sync()
{
	exec(SLEEPING, QUERY, 0, 0)
}

inline xdo_dev_full_state_del()
{
	atomic {
		dev_deleted = false;
		if
		:: !dev_dead -> adminq ! DEL, 0, 0, 0, 0
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
	:: adminq ? _, _, _, _, _
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
#ifdef WRONG
	:: answer(OK, dev_seq)
#endif
	fi
}

inline dev_tell()
{
#ifdef OUT
	if
	:: answer(OK, dev_seq)
#ifdef WRONG
	:: answer(OK, 0)
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
	:: op == RUN && dev_added && !dev_running ->
		dev_running = true;
		dev_epoch = e;
		dev_seq = arg;
		dev_map = arg;
		answer(OK, 0)
	:: op == STOP && dev_running ->
		dev_running = false;
		dev_tell()
	:: op == QUERY && dev_added ->
		dev_tell()
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
#if REFUSALS
	:: refusals > 0 && (op == ADD || op == RUN ||
			    (op == STOP && dev_running)) ->
		refusals--;
		if
		:: op == STOP -> faulted = true
		:: else
		fi;
		answer(EINVAL, 0)
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
	:: atomic { adminq ? op, e, arg, slot, t ->
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
 * What moves with the SA
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

/*
 * The snapshot is that of a stop or that of a query.  A number that was lent is
 * used, whatever the device says now.
 */
inline xfrm_full_account_snapshot(slot)
{
	d_step {
#ifdef OUT
		seq = (told[slot] > seq -> told[slot] : seq);
		seq = (sw_seq > seq -> sw_seq : seq);
#else
		map = told[slot];
#endif
		told[slot] = 0
	}
}

/*
 * The end of an SA
 */

inline xfrm_full_detach()
{
	d_step {
#ifdef EVICT
		attached = false;
#endif
		leaving = false
	}
}

inline xfrm_full_retire()
{
	xdo_dev_full_state_del();
	free_work = true
}

inline xfrm_full_fallback_cancel()
{
	resume_work = false
}

/* Under x->lock. */
inline xfrm_full_state_delete()
{
	valid = false;
	xfrm_full_fallback_cancel();
	if
	:: in_device ->
		xfrm_full_move(DEAD);
		xfrm_full_retire()
	:: !in_device ->
		xfrm_full_move(DEAD)
	fi
}

inline __xfrm_state_delete()
{
	if
	:: place != DEAD -> xfrm_full_state_delete()
	:: place == DEAD
	fi
}

/* Its timer does the rest. */
inline xfrm_full_expire_soon()
{
	d_step {
		assert(faulted || gone);
		lost = true;
		valid = false
	}
}

/* Only if nobody knows where the SA stands, which the caller has seen. */
inline xfrm_full_expire(unknown)
{
	atomic {
		lock(x_lock);
		assert(unknown || gone);
		lost = true;
		__xfrm_state_delete();
		unlock(x_lock)
	}
}

inline xfrm_full_free()
{
	synchronize_rcu();
	lock(full_mutex);
	xdo_dev_full_state_free();
	atomic {
		xfrm_full_detach();
		free_work = false;
		unlock(full_mutex)
	}
}

/* Of XFRM's timer and of the workqueue, what comes after a deletion. */
proctype later()
{
end:	do
	:: atomic { !valid && place != DEAD ->
		lock(x_lock);
		__xfrm_state_delete();	/* xfrm_timer_handler() */
		unlock(x_lock) }
	:: free_work ->
		xfrm_full_free()
	od
}

/* A deletion at any moment, or never. */
proctype deleter()
{
	if
	:: atomic { lock(x_lock);
		deleted = true;
		__xfrm_state_delete();
		unlock(x_lock);
		busy-- }
	:: busy--
	fi
}

/*
 * Moves, each under full->mutex.
 */

inline xfrm_full_set_parking(park)
{
	parking = park
}

inline xfrm_full_wait_for_senders()
{
	synchronize_rcu()
}

/* The deletion is posted. */
inline xfrm_full_leave()
{
	synchronize_rcu();
	xdo_dev_full_state_free();
	xfrm_full_detach()
}

inline xfrm_full_move_locked(to)
{
	atomic {
		lock(x_lock);
		err = ESRCH;
		if
		:: place != to ->
			xfrm_full_move(to);
			err = (place == to -> OK : ESRCH)
		:: place == to
		fi;
		unlock(x_lock)
	}
}

inline xfrm_full_next_epoch()
{
	epoch++
}

inline xfrm_full_add()
{
	xfrm_full_next_epoch();
	xdo_dev_full_state_add()
}

inline xfrm_full_run()
{
	xfrm_full_to_snapshot();
	xdo_dev_full_state_run();
	if
	:: atomic { err == OK ->
#ifdef OUT
		sw_seq = (sw_seq > seq -> sw_seq : seq);
#endif
		xfrm_full_move(DEVICE) }
	:: err != OK
	fi
}

/*
 * A device that did not answer may run, now or later: it is told to delete the
 * SA, and what it decrypts until then does not count.
 */
inline xfrm_full_switch_in()
{
	lock(x_lock);
	if
	:: place == ARMING && valid -> xfrm_full_run()
	:: place != ARMING || !valid -> err = ESRCH
	fi;
	atomic {
		if
		:: err != OK -> xdo_dev_full_state_del()
		:: err == OK
		fi;
		unlock(x_lock)
	}
}

/* From here on a device that goes is found to have the SA. */
inline xfrm_full_attach()
{
#ifdef EVICT
	atomic {
		if
		:: listed -> attached = true; err = OK
		:: !listed -> err = ENODEV
		fi
	}
#else
	err = OK
#endif
}

inline xfrm_full_start()
{
	xfrm_full_add();
	if
	:: err == OK ->
#if defined(OUT) && !defined(ALLOC)
		if
		:: live ->
			xfrm_full_set_parking(true);
			xfrm_full_wait_for_senders()
		:: !live
		fi;
#endif
		xfrm_full_switch_in();
		if
		:: err != OK -> xfrm_full_leave()
		:: err == OK
		fi;
		xfrm_full_set_parking(false)
	:: err != OK ->
		xfrm_full_detach()
	fi
}

inline xfrm_full_turn_back()
{
	if
	:: atomic { live ->
		lock(x_lock);
		xfrm_full_move(SOFTWARE);
		unlock(x_lock) }
	:: !live
	fi
}

/* The place is ARMING, unless the SA was deleted. */
inline xfrm_full_to_device()
{
	xfrm_full_attach();
	if
	:: err == OK -> xfrm_full_start()
	:: err != OK
	fi;
	if
	:: err != OK -> xfrm_full_turn_back()
	:: err == OK
	fi
}

/*
 * xfrm_output() finds the SA out of the device from now on; what has passed
 * ndo_start_xmit() before is the device's.
 */
inline xfrm_full_drain(lossy)
{
#ifndef ALLOC
	xfrm_full_set_parking(true);
#endif
	xfrm_full_move_locked(DRAINING);
	if
	:: err == OK ->
		xfrm_full_wait_for_senders();
		xdo_dev_full_state_drain();
		if
		:: err == OK
		:: err != OK && lossy -> err = OK
		:: err != OK && !lossy ->
			xfrm_full_move_locked(DEVICE);
			err = ETIMEDOUT
		fi
	:: err != OK
	fi
}

/*
 * With stopped, there is an answer to a query after the device has said that it
 * runs the SA no more.
 */
inline xfrm_full_switch_out(stopped)
{
	lock(x_lock);
	if
	:: place == DEAD -> err = ESRCH
	:: place != DEAD && !xfrm_full_owner -> err = OK
	:: xfrm_full_owner ->
		xdo_dev_full_state_stop();
		if
		:: err == OK ->
			xfrm_full_account_snapshot(LOCKED)
		:: atomic { stopped && err == EBUSY ->
			xfrm_full_account_snapshot(SLEEPING);
			err = OK }
		:: err != OK && !(stopped && err == EBUSY)
		fi
	fi;
	if
	:: err == OK -> leaving = true
	:: err != OK
	fi;
	atomic {
		told[SLEEPING] = 0;
		if
		:: err == OK ->
			xfrm_full_move(SOFTWARE);
			xdo_dev_full_state_del()
		:: err != OK
		fi;
		unlock(x_lock)
	}
}

inline xfrm_full_try_stop()
{
	xfrm_full_switch_out(false);
	stopped = (err == EBUSY);
	do
	:: (err == ETIMEDOUT || stopped) && tries < XFRM_FULL_STOP_TRIES ->
		tries++;
		xdo_dev_full_stats_sync();
		if
		:: atomic { err != OK ->
			err = ETIMEDOUT;
			break }
		:: err == OK -> xfrm_full_switch_out(stopped)
		fi;
		stopped = (err == EBUSY)
	:: (err != ETIMEDOUT && !stopped) || tries == XFRM_FULL_STOP_TRIES ->
		break
	od;
	atomic {
		stopped = false;
		tries = 0
	}
}

/* A device that is asked again and tells nothing costs the SA. */
inline xfrm_full_stop()
{
	xfrm_full_try_stop();
	if
	:: err == OK || err == ESRCH
	:: err == ETIMEDOUT || err == EBUSY ->
		/* Here, a query fails for nothing else. */
		xfrm_full_expire(err == ETIMEDOUT)
	:: err == EINVAL ->
		xfrm_full_move_locked(DEVICE);
		err = EINVAL
	fi
}

inline xfrm_full_to_software(lossy)
{
	err = OK;
#ifdef OUT
	xfrm_full_drain(lossy);
#endif
	if
	:: err == OK -> xfrm_full_stop()
	:: err != OK
	fi;
	xfrm_full_set_parking(false);
	if
	:: err == OK -> xfrm_full_leave()
	:: err != OK
	fi
}

inline xfrm_full_move_in()
{
	xfrm_full_move_locked(ARMING);
	if
	:: err == OK -> xfrm_full_to_device()
	:: err != OK
	fi
}

inline xfrm_full_move_on()
{
	xfrm_full_to_software(false);
	if
	:: err == OK ->
		xfrm_full_move_in();
		if
		:: err != OK -> xfrm_full_move_in()
		:: err == OK
		fi
	:: err != OK
	fi;
	assert(in_device || faulted || gone)
}

inline xfrm_full_enter()
{
	if
	:: place == SOFTWARE -> xfrm_full_move_in()
#ifdef MOVE_ON
	:: place != SOFTWARE -> xfrm_full_move_on()
#else
	:: place == DEAD
#endif
	fi
}

inline xfrm_full_exit()
{
	xfrm_full_to_software(false)
}

/* If it fails, a new SA is deleted. */
inline xfrm_full_state_arm()
{
	lock(full_mutex);
	xfrm_full_to_device();
	unlock(full_mutex);
	if
	:: atomic { err != OK ->
		lock(x_lock);
		lost = true;
		__xfrm_state_delete();
		unlock(x_lock) }
	:: err == OK
	fi;
	err = 0
}

/* While the device was asked, an exception may have suspended the SA. */
inline xfrm_full_take_answer()
{
	atomic {
		lock(x_lock);
		if
		:: place == DEVICE -> xfrm_full_account_snapshot(SLEEPING)
		:: place != DEVICE -> told[SLEEPING] = 0
		fi;
		unlock(x_lock)
	}
}

inline xfrm_full_state_sync()
{
	xdo_dev_full_stats_sync();
	if
	:: err == OK -> xfrm_full_take_answer()
	:: err != OK
	fi
}

/* A deletion follows. */
inline xfrm_full_state_finish()
{
	deleted = true;
	exec(SLEEPING, STOP, 0, 0);	/* without x->lock */
	if
	:: err == OK -> xfrm_full_take_answer()
	:: err != OK
	fi;
	atomic {
		lock(x_lock);
		__xfrm_state_delete();
		unlock(x_lock)
	}
}

#ifdef MIGRATE
/*
 * The successor goes on from the SA's numbers and window, so the SA must be in
 * software and use them no more.
 */

inline xfrm_full_leave_to_migrate()
{
	lock(full_mutex);
	err = OK;
	if
	:: place != SOFTWARE -> xfrm_full_to_software(false)
	:: place == SOFTWARE
	fi;
	unlock(full_mutex)
}

inline xfrm_full_set_cloned()
{
	atomic {
		lock(x_lock);
		if
		:: place == DEAD || !valid -> err = ESRCH
		:: place != DEAD && valid -> cloned = true
		fi;
		unlock(x_lock)
	}
}

inline xfrm_full_clear_cloned()
{
	atomic {
		lock(x_lock);
		cloned = false;
		unlock(x_lock)
	}
}

inline xfrm_full_migrate_begin()
{
	xfrm_full_leave_to_migrate();
	if
	:: err == OK -> xfrm_full_set_cloned()
	:: err != OK
	fi
}

/* Nobody knows what a successor that was there has sent and accepted. */
inline xfrm_full_migrate_failed()
{
	if
	:: succeeded -> xfrm_full_expire(true)
	:: !succeeded
	fi;
	xfrm_full_clear_cloned()
}

#define xfrm_full_may_clone	(place != DEAD && cloned)

inline xfrm_state_migrate()
{
	if
	:: xfrm_full_may_clone ->
		xc_seq = seq;
		xc_map = map;
		atomic {
			if
			:: xc_valid = true;
				succeeded = true
			:: err = ESRCH		/* no memory */
			fi
		}
	:: !xfrm_full_may_clone -> err = ESRCH
	fi
}

inline xfrm_migrate()
{
	xfrm_full_migrate_begin();
	if
	:: err == OK -> xfrm_state_migrate()
	:: err != OK
	fi;
	if
	:: err == OK ->
		/* It succeeds, or another SA's successor fails. */
		if
		:: atomic { lock(x_lock);
			deleted = true;
			__xfrm_state_delete();
			unlock(x_lock) }
		:: atomic { xc_valid = false;
			err = ESRCH }
		fi
	:: err != OK
	fi;
	if
	:: err != OK -> xfrm_full_migrate_failed()
	:: err == OK
	fi
}
#endif /* MIGRATE */

#ifdef EVICT
/*
 * The interface goes; RTNL held.  Moves go on meanwhile.
 */

/* enum xfrm_full_end */
mtype = { DOWN, GONE, LOST }

/* It does so, too, in a device that is only down and refuses to give it back. */
#define stays(end) (end == DOWN && err == EINVAL)

inline xfrm_full_evict(end)
{
	lock(full_mutex);
	if
	:: attached ->
		if
		:: end != LOST && fallback -> xfrm_full_to_software(true)
		:: end == LOST || !fallback -> err = ENODEV
		fi;
		if
		:: err != OK && end != DOWN ->
			xfrm_full_expire(err == ENODEV || err == EINVAL)
		:: err == OK || end == DOWN
		fi;
		assert(stays(end) || !in_device);
		assert(stays(end) || err == OK || !valid);
		assert(!stays(end) || in_device || deleted)
	:: !attached
	fi;
	atomic {
		err = 0;
		unlock(full_mutex)
	}
}

inline xfrm_full_dev_lost()
{
	told_lost = true;
	xfrm_full_evict(LOST)
}

/* Others stay in the device. */
inline xfrm_full_dev_down()
{
	if
	:: fallback -> xfrm_full_evict(DOWN)
	:: !fallback
	fi
}

/* Then the driver has freed all SAs, and gets none again. */
inline xfrm_full_dev_unregister()
{
	listed = false;
	xfrm_full_evict(GONE);
	!free_work;
	assert(!attached)
}

proctype netdev()
{
	byte tries;
	bool stopped;
	mtype err;

	if
	:: fallback = true
	:: true
	fi;
	if
	:: xfrm_full_dev_down()
	:: xfrm_full_dev_unregister()
	:: dev_dead -> xfrm_full_dev_lost()
	fi;
	busy--
}
#endif /* EVICT */

/* Requests, with net->xfrm.xfrm_cfg_mutex held, first of all moves. */
proctype mover()
{
	byte tries;
	bool stopped;
	mtype err;

#ifdef NEWSA
	xfrm_full_state_arm();
#endif
	do
	:: atomic { moves > 0 ->
		moves--;
		lock(full_mutex) }
		if
		:: place == SOFTWARE -> xfrm_full_enter()
		:: in_device -> xfrm_full_exit()
#ifdef MOVE_ON
		:: in_device -> xfrm_full_enter()
#endif
#ifdef REQUESTS
		:: place == DEVICE -> xfrm_full_state_sync()
		:: place == DEVICE -> xfrm_full_state_finish()
#endif
		:: place == DEAD
		fi;
		atomic {
			err = 0;
			unlock(full_mutex)
		}
#ifdef MIGRATE
	:: atomic { moves > 0 && !succeeded -> moves-- }
		xfrm_migrate();
		err = 0
#endif
	:: atomic { moves = 0;
		busy--;
		break }
	od
}

#ifdef OUT
/*
 * The SA's number for a packet of software, x->lock held.  Without ALLOC none
 * comes here while the device owns the numbers.
 */
inline xfrm_full_number()
{
	xdo_dev_full_seq_alloc();
	atomic {
		n = told[LOCKED];
		told[LOCKED] = 0;
		if
		:: err == OK && n > sw_seq ->
			sw_seq = n;
			issue(0, n)
		:: err == OK && n <= sw_seq ->
			assert(faulted || wrong)
		:: err != OK ->
			assert(faulted || gone)
		fi;
		err = 0;
		n = 0
	}
}

#ifdef ALLOC
#define exception (place == DEVICE)
#else
#define exception false
#endif

/*
 * Packets on their way out.  DEVICE: a packet waits in a qdisc for
 * ndo_start_xmit(), or is one for software: its route leaves by another device,
 * or it is too big.  The policy has no bundle with an SA that is new yet.
 */
proctype xfrm_output(byte cpu)
{
	byte n;
	mtype err;

next:	atomic {
		if
		:: packets > 0 -> packets--
#ifdef MIGRATE
		:: packets > 0 && xc_valid ->
			packets--;
			xc_seq++;
			issue(SUCCESSOR, xc_seq);
			goto next
#endif
		:: packets == 0 ->
			busy--;
			goto out
		fi
	}
again:	place != ARMING || live;
	/* xfrm_full_output() */
	if
	:: atomic { parking -> goto parked }
	:: atomic { !parking -> rcu[cpu] = true }
	fi;
	if
	:: atomic { place == DEVICE ->
		rcu[cpu] = false;
		goto start_xmit }
	:: exception || (by_software && !(place == DRAINING && parking))
	:: atomic { place == DRAINING && parking ->
		rcu[cpu] = false;
		goto parked }
	:: atomic { place == DEAD ->
		assert(gone);
		rcu[cpu] = false;
		goto next }
	fi;

	/* xfrm_output_one() */
	lock(x_lock);
	if
	:: place == DEAD -> assert(gone)
#ifdef ALLOC
	:: xfrm_full_owner -> xfrm_full_number()
#else
	:: xfrm_full_owner -> assert(gone)
#endif
	:: (place == SOFTWARE || place == ARMING) && !cloned ->
		seq++;
		issue(0, seq)
	:: cloned		/* it drops the packet */
	fi;
	atomic {
		unlock(x_lock);
		rcu[cpu] = false;
		goto next
	}

parked:	atomic { !parking -> goto again }

start_xmit:
	/* xfrm_full_tx() takes back what it meets out of the device. */
	if
	:: atomic { place == DEVICE ->
		rcu[cpu] = true }
	:: atomic { place == DEAD ->
		assert(gone);
		goto next }
	:: place != DEVICE && place != DEAD -> goto again
	fi;
	n = epoch;
	atomic {
		if
		:: txring ! n
		:: dev_dead	/* NETDEV_TX_BUSY, for ever */
		fi;
		n = 0;
		rcu[cpu] = false;
		goto next
	}
out:	skip
}

#define still	(busy == 0 && !free_work && empty(adminq) && empty(txring))

inline probe()
{
	sent = 0;
	packets = 1;
	busy = 1;
	run xfrm_output(0);
	(still || dev_dead) && busy == 0;
	assert(sent == 1 || gone || (dev_dead && !told_lost) || wrong);
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
#ifdef EVICT
		busy++;
		run netdev();
#endif
		run device();
		run mover();
		run deleter();
		run later();
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
	:: atomic { packets > 0 ->
		packets--;
		if
		:: n = 1
		:: arrived[1] -> n = 2
		fi;
		if
		:: arrive(n)
		:: nfull(raw) -> arrived[n] = true; raw ! n
		fi;
		n = 0 }
	:: atomic { packets == 0 ->
		busy--;
		break }
	od
}

#define xfrm_full_rx_ok	(where == DEVICE || where == DRAINING || \
			 where == SUSPENDED || \
			 (where == SOFTWARE && leaving))

/*
 * xfrm_full_rx(): the device may have decrypted a packet before the host has
 * seen that it runs, and the host may never see it.
 */
proctype napi()
{
	byte n;
	mtype where;

end:	do
	:: atomic { rxring ? n -> rcu[0] = true }
		atomic {
			place != ARMING || !x_lock;
			where = place		/* xfrm_full_rx_place() */
		}
		atomic {
			if
			:: xfrm_full_rx_ok -> accept(n)
			:: !xfrm_full_rx_ok -> assert(faulted || gone)
			fi;
			where = 0;
			n = 0;
			rcu[0] = false
		}
	od
}

/* xfrm_replay_recheck() and xfrm_replay_advance() */
inline xfrm_replay()
{
	atomic {
		if
		:: (map >> n) & 1
		:: else ->
			map = map | (1 << n);
			accept(n)
		fi
	}
}

inline xfrm_full_input_suspended()
{
	xfrm_replay()
}

inline xfrm_full_answered()
{
	if
	:: err == ETIMEDOUT -> late++
	:: err != ETIMEDOUT -> late = 0
	fi;
	if
	:: late >= XFRM_FULL_LATE_MAX -> xfrm_full_expire_soon()
	:: late < XFRM_FULL_LATE_MAX
	fi
}

inline xfrm_full_ask()
{
	xdo_dev_full_replay_test_set(n);
	atomic {
		xfrm_full_answered();
		if
		:: err == OK -> accept(n)
		:: err == EALREADY
		:: err != OK && err != EALREADY -> assert(faulted || gone)
		fi
	}
}

inline xfrm_full_resume_in()
{
	resume_work = true
}

inline xfrm_full_resume()
{
	xfrm_full_to_snapshot();
	xdo_dev_full_state_run();
	atomic {
		if
		:: err == OK -> xfrm_full_move(DEVICE)
		:: err == ETIMEDOUT -> xfrm_full_expire_soon()
		:: err != OK && err != ETIMEDOUT -> xfrm_full_resume_in()
		fi
	}
}

inline xfrm_full_stop_device()
{
	xdo_dev_full_state_stop();
	atomic {
		xfrm_full_answered();
		if
		:: err == OK ->
			xfrm_full_account_snapshot(LOCKED);
			xfrm_full_move(SUSPENDED)
		:: err == EBUSY -> xfrm_full_expire_soon()
		:: err != OK && err != EBUSY -> assert(faulted)
		fi
	}
}

inline xfrm_full_input_straggler()
{
	stragglers--;
	xfrm_full_input_suspended();
	if
	:: valid -> xfrm_full_resume()
	:: !valid
	fi
}

inline xfrm_full_input_suspend()
{
	xfrm_full_resume_in();
	xfrm_full_input_suspended()
}

inline xfrm_full_input_stop()
{
	xfrm_full_stop_device();
	if
	:: err != OK
	:: err == OK && stragglers > 0 -> xfrm_full_input_straggler()
	:: err == OK -> xfrm_full_input_suspend()
	fi
}

/* The ICV was right; whoever has the SA under x->lock decides. */
inline xfrm_full_input_accept()
{
	if
	:: !valid || place == DEAD -> assert(gone)
	:: valid && place == SUSPENDED -> xfrm_full_input_suspended()
	:: valid && xfrm_full_owner ->
#ifdef TEST
		xfrm_full_ask()
#else
		xfrm_full_input_stop()
#endif
	:: valid && place == ARMING && !live -> arrived[n] = false
	:: valid && (place == SOFTWARE || (place == ARMING && live)) &&
	   !cloned ->
		xfrm_replay()
	:: valid && cloned -> arrived[n] = false
	fi
}

#ifdef MIGRATE
/* A packet for the successor. */
inline xc_input()
{
	d_step {
		if
		:: (xc_map >> n) & 1
		:: else ->
			xc_map = xc_map | (1 << n);
			accept(n)
		fi
	}
}
#endif

#define xfrm_full_input	(valid && (in_device || by_software) && !cloned)

/* x->lock is not held while the ICV is checked. */
proctype xfrm_input()
{
	byte n;
	mtype err;

end:	do
	:: atomic { nempty(raw) && !x_lock ->
		raw ? n;
		if
#ifdef MIGRATE
		:: xc_valid ->
			xc_input();
			n = 0;
			goto end
#endif
		:: xfrm_full_input -> receiving++
		:: !xfrm_full_input && !cloned && (place != ARMING || live) ->
			assert(gone);
			n = 0;
			goto end
		:: !xfrm_full_input && (cloned || (place == ARMING && !live)) ->
			arrived[n] = false;
			n = 0;
			goto end
		fi }
		lock(x_lock);
		xfrm_full_input_accept();
		atomic {
			err = 0;
			n = 0;
			receiving--;
			unlock(x_lock)
		}
	od
}

proctype xfrm_full_resume_work()
{
	mtype err;

end:	do
	:: atomic { resume_work ->
		resume_work = false }
		lock(full_mutex);
		lock(x_lock);
		if
		:: place == SUSPENDED && valid ->
			stragglers = XFRM_FULL_STRAGGLERS;
			xfrm_full_resume()
		:: place != SUSPENDED || !valid
		fi;
		atomic {
			err = 0;
			unlock(x_lock);
			unlock(full_mutex)
		}
	od
}

#define still	(busy == 0 && place != SUSPENDED && !full_mutex && \
		 !x_lock && !free_work && (valid || place == DEAD) && \
		 empty(raw) && empty(rxring) && !rcu[0] && !receiving && \
		 (dev_dead || empty(adminq)))

/*
 * A new packet, and one that may have been before.  An SA of which a dead
 * device accepts nothing must not stay.
 */
inline probe()
{
	arrive(NUMBERS);
	if
	:: dev_dead ->
		n = XFRM_FULL_LATE_MAX;
		do
		:: n > 0 ->
			still;
			raw ! NUMBERS;
			n--
		:: n == 0 -> break
		od
	:: !dev_dead
	fi;
	still;
	assert(accepted[NUMBERS] || gone);
	arrive(1);
	still;
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
#ifdef EVICT
		busy++;
		run netdev();
#endif
		run device();
		run mover();
		run deleter();
		run later();
		run wire();
		run napi();
		run xfrm_input();
#if INPUTS > 1
		run xfrm_input();
#endif
#ifndef TEST
		run xfrm_full_resume_work();
#endif
	}
	still;
	timeouts = 0;
	probe()
}
#endif
