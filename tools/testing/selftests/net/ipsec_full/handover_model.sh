#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: handover_model.sh [WORD]
#
# The model of handover and fallback, tools/verification/ipsec_full, keeps its
# claims in all variants, by spin.  Copies of it with one step broken violate
# the claim that is named with each.  With WORD, only tests whose name has it;
# violations are shown step by step.  Runs on the host.
#
# inputs: tools/verification/ipsec_full/handover.pml
# programs: spin gcc

MODEL=$(readlink -e "$(dirname "$0")/../../../..")
MODEL+=/verification/ipsec_full/handover.pml
WORK=$(mktemp -d)
WORD=${1:-}
NUMBER=0
FAILED=0

# What pan says when a claim is violated.
ISSUED='assertion violated  *!(*issued'
IV='assertion violated  *!(*iv_used'
ACCEPTED='assertion violated  *!(*accepted'
LOST='assertion violated .*\(faulted\|lost\)'
USABLE='assertion violated (*\(sent==1\|accepted\[3\)'
EXPIRED='assertion violated  *(*err==[0-9]*)||(deleted'
MOVED='assertion violated  *(*place==.*faulted'
LEAK='assertion violated (*dev_added'
KEPT='assertion violated .*!(*place=='
GIVEN_UP='assertion violated .*deleted'
ATTACHED='assertion violated  *!(*attached'
WASTED='assertion violated  *(*err==[0-9]*)||(err=='
STUCK='invalid end state'

# An SA of which the device says nothing goes on from what the host knows.
GUESS='
	s/xfrm_full_expire\(err == ENODEV [^)]*\)/xfrm_full_move_locked(SOFTWARE); \
		xdo_dev_full_state_del(); xfrm_full_leave()/
	s/assert\(stays[^;]*!valid\)/skip/'

trap 'rm -rf "$WORK"' EXIT

# build MODEL MACROS...: makes pan.  To optimise it takes longer than it saves.
build() {
	local model=$1

	shift
	rm -f "$WORK"/*.trail
	(cd "$WORK" && spin "$@" -a "$model" &&
		gcc -O0 -w -DSAFETY -DVECTORSZ=512 -DMEMLIM=1500 \
			-o pan pan.c) >"$WORK/log" 2>&1 || return
	! grep -q '[Ee]rror' "$WORK/log"
}

search() {
	(cd "$WORK" && ./pan -m10000 -w22 -n) >"$WORK/log" 2>&1
}

# A complete search that found nothing.
holds() {
	grep -q 'errors: 0$' "$WORK/log" &&
		! grep -q 'not completed\|max search depth' "$WORK/log"
}

result() {
	NUMBER=$((NUMBER + 1))
	if (($1 == 0)); then
		echo "ok $NUMBER $2"
	else
		FAILED=$((FAILED + 1))
		sed 's/^/# /' "$WORK/log"
		echo "not ok $NUMBER $2"
	fi
}

# How it came to that.
steps() {
	local trail

	trail=$(compgen -G "$WORK/*.trail") || return
	spin "${@:2}" -k "$trail" -p "$1" | grep 'proc .*\[' |
		sed 's/^.*proc *[0-9]* (:*\([^:]*\):*:1) [^ ]*:\([0-9]*\)/# \2 \1/'
}

chosen() {
	[[ $1 == *"$WORD"* ]]
}

# holds_for NAME MACROS...
holds_for() {
	local name=$1 status=0

	shift
	chosen "$name" || return 0
	{ build "$MODEL" "$@" && search && holds; } || status=1
	((status == 0)) || steps "$MODEL" "$@"
	result "$status" "$name ($(states) states)"
}

states() {
	sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$WORK/log"
}

# broken NAME CLAIM MACROS SED: sed's script changes the model, which it sees as
# one line.
# shellcheck disable=SC2086  # MACROS is a list
broken() {
	local name=$1 claim=$2 macros=$3 status=1 mutant=$WORK/mutant.pml

	chosen "$name" || return 0
	sed -zE "$4" "$MODEL" >"$mutant"
	if cmp -s "$MODEL" "$mutant"; then
		echo "nothing was changed" >"$WORK/log"
	elif build "$mutant" $macros && search; then
		! grep -q "$claim" "$WORK/log" || status=0
	fi
	[[ -z $WORD ]] || steps "$mutant" $macros
	result "$status" "is noticed: $name"
}

variants_out() {
	holds_for "out, numbers lent" -DOUT -DALLOC
	holds_for "out, numbers lent, late answers" -DOUT -DALLOC -DTIMEOUTS=2 \
		-DPACKETS=2 -DMOVES=2
	holds_for "out, numbers lent, refusals" -DOUT -DALLOC -DREFUSALS=1 \
		-DMOVE_ON -DPACKETS=2 -DMOVES=2
	holds_for "out, numbers lent, device dies" -DOUT -DALLOC -DDIES \
		-DPACKETS=2 -DMOVES=2
	holds_for "out, numbers lent, wrong ones" -DOUT -DALLOC -DWRONG \
		-DPACKETS=2 -DMOVES=4
	holds_for "out, new SA" -DOUT -DALLOC -DNEWSA -DTIMEOUTS=1 \
		-DREFUSALS=1 -DPACKETS=2 -DMOVES=1
	holds_for "out, numbers lent, requests" -DOUT -DALLOC -DREQUESTS \
		-DTIMEOUTS=1 -DPACKETS=2 -DMOVES=2
	holds_for "out, dump only" -DOUT
	holds_for "out, dump only, late answers" -DOUT -DTIMEOUTS=2 \
		-DPACKETS=2 -DMOVES=2
	holds_for "out, dump only, refusals" -DOUT -DREFUSALS=1 -DMOVE_ON \
		-DPACKETS=2 -DMOVES=2
}

variants_in() {
	holds_for "in, test and set" -DTEST
	holds_for "in, test and set, late answers" -DTEST -DTIMEOUTS=2 -DMOVES=2
	holds_for "in, test and set, refusals" -DTEST -DREFUSALS=1 -DMOVE_ON \
		-DMOVES=2
	holds_for "in, test and set, device dies" -DTEST -DDIES -DMOVES=2
	holds_for "in, test and set, requests" -DTEST -DREQUESTS -DTIMEOUTS=1 \
		-DMOVES=2
	holds_for "in, new SA" -DTEST -DNEWSA -DTIMEOUTS=1 -DREFUSALS=1 \
		-DMOVES=1
	holds_for "in, dump only"
	holds_for "in, dump only, two CPUs" -DINPUTS=2 -DMOVES=2
	holds_for "in, dump only, stragglers" -DNEWSA -DPACKETS=3 -DMOVES=1
	holds_for "in, dump only, late answers" -DTIMEOUTS=2 -DMOVES=2
	holds_for "in, dump only, late starts" -DNEWSA -DTIMEOUTS=1 \
		-DPACKETS=3 -DMOVES=0
	holds_for "in, dump only, refusals" -DREFUSALS=1 -DMOVES=2
	holds_for "in, dump only, requests" -DREQUESTS -DTIMEOUTS=1 -DMOVES=2
	holds_for "in, dump only, device dies" -DDIES -DMOVES=1
}

variants_migrate() {
	holds_for "out, numbers lent, successor" -DOUT -DALLOC -DMIGRATE \
		-DTIMEOUTS=1 -DPACKETS=2 -DMOVES=2
	holds_for "out, dump only, successor" -DOUT -DMIGRATE -DPACKETS=2 \
		-DMOVES=2
	holds_for "in, test and set, successor" -DTEST -DMIGRATE -DMOVES=2
	holds_for "in, dump only, successor" -DMIGRATE -DMOVES=2
}

variants_evict() {
	holds_for "out, numbers lent, interface goes" -DOUT -DALLOC -DEVICT \
		-DTIMEOUTS=1 -DPACKETS=1 -DMOVES=1
	holds_for "out, dump only, interface goes" -DOUT -DEVICT \
		-DREFUSALS=1 -DPACKETS=1 -DMOVES=1
	holds_for "out, numbers lent, device lost" -DOUT -DALLOC -DEVICT \
		-DDIES -DPACKETS=1 -DMOVES=1
	holds_for "in, test and set, interface goes" -DTEST -DEVICT \
		-DTIMEOUTS=1 -DPACKETS=1 -DMOVES=1
	holds_for "in, dump only, interface goes" -DEVICT -DMOVES=1
	holds_for "in, dump only, interface goes, late answers" -DEVICT \
		-DTIMEOUTS=1 -DPACKETS=1 -DMOVES=1
	holds_for "in, dump only, interface goes, refusals" -DEVICT \
		-DREFUSALS=1 -DPACKETS=1 -DMOVES=1
	holds_for "in, dump only, device lost" -DEVICT -DDIES -DPACKETS=1 \
		-DMOVES=1
}

broken_moves() {
	broken "outbound snapshot before x->lock" "$ISSUED" "-DOUT -DALLOC" '
	s/(_run\(\)\n\{\n)\txfrm_full_to_snapshot\(\);\n/\1/
	s/(_switch_in\(\)\n\{\n)/\1\txfrm_full_to_snapshot();\n/'
	broken "inbound snapshot before x->lock" "$ACCEPTED" "-DTEST" '
	s/(_run\(\)\n\{\n)\txfrm_full_to_snapshot\(\);\n/\1/
	s/(_switch_in\(\)\n\{\n)/\1\txfrm_full_to_snapshot();\n/'
	broken "outbound, nothing taken back" "$ISSUED" "-DOUT -DALLOC" '
	s/told\[slot\] > seq -> told\[slot\]/false -> 0/'
	broken "inbound, nothing taken back" "$ACCEPTED" "-DTEST" '
	s/map = told\[slot\];//'
	broken "a number guessed after a time-out" "$ISSUED" \
		"-DOUT -DALLOC -DTIMEOUTS=1" '
	s/atomic \{ stopped && err == EBUSY ->/atomic { err == ETIMEDOUT ->/
	s/!\(stopped && err == EBUSY\)/err != ETIMEDOUT/'
	broken "no query after a late stop" "$EXPIRED" "-DTEST -DTIMEOUTS=1" '
	s/(xfrm_full_switch_out\(false\));\n\tstopped =[^;]*;/\1; \
		err = (err == ETIMEDOUT -> EBUSY : err);/'
	broken "stopped for an exception before, and not asked" "$EXPIRED" \
		"-DTIMEOUTS=1 -DMOVES=2" '
	s/(xfrm_full_switch_out\(false\));\n\tstopped =[^;]*;/\1;/'
	broken "a query before the last stop believed" "$ACCEPTED" \
		"-DTIMEOUTS=2 -DMOVES=2" '
	s/(:: err == OK -> xfrm_full_switch_out\()stopped/\1true/'
	broken "outbound, answer to the query forgotten" "$ISSUED" \
		"-DOUT -DALLOC -DTIMEOUTS=1" '
	s/xfrm_full_account_snapshot\(SLEEPING\);\n//'
	broken "inbound, answer to the query forgotten" "$ACCEPTED" \
		"-DTEST -DTIMEOUTS=1" '
	s/xfrm_full_account_snapshot\(SLEEPING\);\n//'
	broken "stopped by a late stop, and not believed" "$EXPIRED" \
		"-DTEST -DTIMEOUTS=1" '
	s/stopped && err == EBUSY/false/g'
	broken "a late answer taken for the next one" "$ISSUED\|$USABLE" \
		"-DOUT -DALLOC -DTIMEOUTS=1" '
	s/:: tag\[slot\] == t ->/:: true ->/; s/:: tag\[slot\] != t/:: false/'
	broken "a failed move kills the SA" "$LOST\|$USABLE" \
		"-DOUT -DALLOC -DTIMEOUTS=1" '
	s/(:: atomic \{ live ->\n\t*lock\(x_lock\);\n\t*xfrm_full_move\()[A-Z]*/\1DEAD/'
	broken "no turning back" "$MOVED" \
		"-DOUT -DALLOC -DREFUSALS=1 -DMOVE_ON" '
	s/:: err != OK -> xfrm_full_move_in\(\)/:: err != OK/'
	broken "SA stays in a device that did not start it" "$LEAK\|$USABLE" \
		"-DTEST -DTIMEOUTS=1" '
	s/:: err != OK -> xdo_dev_full_state_del\(\)/:: err != OK/
	s/:: err != OK -> xfrm_full_leave\(\)/:: err != OK/'
	broken "deletion while arming unseen" "$LEAK" "-DOUT -DALLOC" '
	s/:: place == ARMING && valid ->/:: true ->/
	s/:: place != ARMING \|\| !valid ->/:: false ->/'
	broken "deletion forgets the suspended" "$LEAK" "-DMOVES=1" '
	s/:: in_device ->(\n\t*xfrm_full_move\(DEAD)/:: xfrm_full_owner ->\1/
	s/:: !in_device ->/:: !xfrm_full_owner ->/'
	broken "mutex taken with x->lock held" "$STUCK" "-DTEST" '
	s/(lock\(full_mutex\));\n(\txdo_dev_full_state_free)/lock(x_lock); \
		\1; unlock(x_lock); \2/'
}

broken_out() {
	broken "number from the wrong side" "$ISSUED" "-DOUT -DALLOC" '
	s/(:: xfrm_full_owner ->) xfrm_full_number\(\)/\1 seq++; issue(0, seq)/'
	broken "number taken without x->lock" "$ISSUED" "-DOUT -DALLOC" '
	s/seq\+\+;\n\t\tissue\(0, seq\)/n = seq + 1; unlock(x_lock); seq = n; \
		issue(0, n); n = 0; rcu[cpu] = false; goto next/'
	broken "epoch not advanced" "$IV" "-DOUT -DALLOC -DWRONG" '
	s/epoch\+\+/epoch = 1/'
	broken "software forgets its highest number" "$IV" \
		"-DOUT -DALLOC -DWRONG" '
	s/\t\tseq = \(sw_seq > seq -> [^\n]*\n//'
	broken "a number of before the move lent" "$IV" \
		"-DOUT -DALLOC -DWRONG" '
	s/\t\tsw_seq = \(sw_seq > seq -> [^\n]*\n//'
	broken "a lent number believed" "$IV" "-DOUT -DALLOC -DWRONG" '
	s/err == OK && n > sw_seq/err == OK/
	s/err == OK && n <= sw_seq/false/'
	broken "software uses the device's epoch" "$IV" \
		"-DOUT -DALLOC -DWRONG" '
	s/(sw_seq = n;\n\t\t\tissue\()0/\1epoch/'
	broken "ring not drained" "$LOST" "-DOUT -DALLOC" '
	s/(state_drain\(\)\n\{\n\tif\n\t:: )empty\(txring\)/\1true/'
	broken "senders not waited for" "$LOST" "-DOUT -DALLOC" '
	s/xfrm_full_wait_for_senders\(\);\n(\t\txdo_dev_full_state_drain)/\1/'
	broken "cleartext in a qdisc not taken back" "$LOST" "-DOUT -DALLOC" '
	s/place == DEVICE( ->\n\t\trcu\[cpu\] = true)/place != DEAD\1/
	s/:: place != DEVICE && place != DEAD ->/:: false ->/'
	broken "draining never ends" "$LOST" "-DOUT -DTIMEOUTS=1" '
	s/xfrm_full_move_locked\(DEVICE\);\n(\t\t\terr = ETIMEDOUT)/\1/'
	broken "a refused stop leaves the SA draining" "$LOST" \
		"-DOUT -DREFUSALS=1" '
	s/xfrm_full_move_locked\(DEVICE\);\n(\t\terr = EINVAL)/\1/'
	broken "packets do not wait for the end of a move" "$LOST" "-DOUT" '
	s/parking = park/parking = false/'
	broken "who saw the move begin does not wait" "$LOST" "-DOUT" '
	s/place == DRAINING && parking/false/g'
	broken "place read twice on the way out" "$LOST" "-DOUT -DALLOC" '
	s/:: exception \|\| \(by_software[^\n]*/:: place != DEVICE -> \
		if :: by_software :: !by_software -> assert(gone) fi/'
	broken "software numbers while the device starts" "$LOST" "-DOUT" '
	s/(xfrm_full_set_parking\(true\));\n\t*xfrm_full_wait_for_senders\(\)/\1/'
	broken "packets wait after the move" "$STUCK" "-DOUT" '
	s/(xfrm_full_stop\(\)\n[^\n]*\n\tfi;\n)\txfrm_full_set_parking\(false\);/\1/'
}

broken_in() {
	broken "software window checked while armed" "$ACCEPTED" "-DTEST" '
	s/xfrm_full_ask\(\)\n#else/xfrm_replay()\n#else/'
	broken "place not asked again after the ICV" "$ACCEPTED" "-DTEST" '
	s/(:: xfrm_full_input -> receiving\+\+)/\1; err = place/
	s/\t(xfrm_full_input_accept\(\));/if \
		:: err == SOFTWARE -> xfrm_replay(); err = 0 \
		:: else -> \1 fi;/'
	broken "a test without an answer believed" "$ACCEPTED" \
		"-DTEST -DTIMEOUTS=1" '
	s/(:: err != OK && err != EALREADY ->) [^\n]*/\1 accept(n)/'
	broken "late answers without end" "$USABLE" "-DTEST -DDIES -DMOVES=1" '
	s/:: late >= XFRM_FULL_LATE_MAX ->[^\n]*/:: late >= XFRM_FULL_LATE_MAX/'
	broken "late stops without end" "$USABLE" "-DDIES -DMOVES=1" '
	s/:: late >= XFRM_FULL_LATE_MAX ->[^\n]*/:: late >= XFRM_FULL_LATE_MAX/'
	broken "stopped where nobody knows, and kept" "$USABLE" \
		"-DTIMEOUTS=1 -DMOVES=1" '
	s/:: err == EBUSY -> xfrm_full_expire_soon\(\)/:: err == EBUSY/'
	broken "resumed with the old snapshot" "$ACCEPTED" "-DMOVES=1" '
	s/(_resume\(\)\n\{\n)\txfrm_full_to_snapshot\(\);\n/\1/
	s/\tsnap = 0\n/\tskip\n/
	s/(map = told\[slot\];\n)/\1\t\tsnap = map;\n/'
	broken "suspended without a dump" "$ACCEPTED" "-DMOVES=1" '
	s/xfrm_full_account_snapshot\(LOCKED\);(\n\t*xfrm_full_move\(SUSP)/\1/'
	broken "an old answer taken while suspended" "$ACCEPTED" \
		"-DREQUESTS -DMOVES=2" '
	s/:: place == DEVICE (-> xfrm_full_account_snapshot)/:: true \1/
	s/:: place != DEVICE -> told/:: false -> told/'
	broken "never resumed" "$STUCK" "-DMOVES=1" '
	s/:: atomic \{ resume_work ->/:: atomic { false ->/'
	broken "a refused start not tried again" "$STUCK" \
		"-DREFUSALS=1 -DMOVES=1" '
	s/(:: err != OK && err != ETIMEDOUT) -> xfrm_full_resume_in\(\)/\1/'
	broken "a late start tried again" "$ACCEPTED" \
		"-DNEWSA -DMOVES=0 -DPACKETS=3 -DTIMEOUTS=1" '
	s/(xfrm_full_move\(DEVICE\)\n)[^\n]*(\n\t*:: err != OK) && [^\n]*/\1\2 -> \
		xfrm_full_resume_in()/'
	broken "accepted after the SA has expired" "$ACCEPTED" \
		"-DNEWSA -DMOVES=0 -DPACKETS=3 -DTIMEOUTS=1" '
	s/:: !valid \|\| place == DEAD/:: place == DEAD/
	s/:: valid && (\(?place|xfrm_full_owner)/:: \1/g'
	broken "a straggler accepted after the start" "$ACCEPTED" \
		"-DNEWSA -DMOVES=0 -DPACKETS=3" '
	s/(stragglers--;\n)\t(xfrm_full_input_suspended\(\));/\1/
	s/:: valid -> xfrm_full_resume\(\)/&; xfrm_full_input_suspended()/'
	broken "a straggler leaves the SA suspended" "$STUCK" \
		"-DNEWSA -DMOVES=0 -DPACKETS=3" '
	s/(:: valid) -> xfrm_full_resume\(\)\n/\1\n/'
	broken "decrypted before the device is known to run" "$LOST" "-DTEST" '
	s/place != ARMING \|\| !x_lock;/true;/'
	broken "decrypted by a device that may not run" "$ACCEPTED" \
		"-DTEST -DTIMEOUTS=1" '
	s/(define xfrm_full_rx_ok\t\()where == DEVICE/\1where != DEAD/'
	broken "decrypted, but its SA is in software" "$LOST" "-DTEST" '
	s/\(where == SOFTWARE && leaving\)/false/'
	broken "freed while its packets are in the ring" "$LOST" "-DTEST" '
	s/ && empty\(rxring\) && !rcu\[0\]( ->\n\t\tdev_deleted)/\1/'
}

broken_migrate() {
	broken "a successor while the device has the SA" "$ISSUED" \
		"-DOUT -DALLOC -DMIGRATE -DPACKETS=2 -DMOVES=2" '
	s/(_migrate_begin\(\)\n\{\n)\txfrm_full_leave_to_migrate\(\)/\1\terr = OK/'
	broken "a successor while the device has the window" "$ACCEPTED" \
		"-DTEST -DMIGRATE -DMOVES=2" '
	s/(_migrate_begin\(\)\n\{\n)\txfrm_full_leave_to_migrate\(\)/\1\terr = OK/'
	broken "an SA with a successor sends" "$ISSUED" \
		"-DOUT -DALLOC -DMIGRATE -DPACKETS=2 -DMOVES=2" '
	s/(place == ARMING\)) && !cloned ->\n\t\tseq/\1 ->\n\t\tseq/'
	broken "an SA with a successor receives" "$ACCEPTED" \
		"-DTEST -DMIGRATE -DMOVES=2" '
	s/ && !cloned\)/)/; s/ &&\n\t *!cloned ->/ ->/'
	broken "an SA with a successor receives what it had decrypted" \
		"$ACCEPTED" "-DMIGRATE -DMOVES=2" '
	s/ &&\n\t *!cloned ->/ ->/'
	broken "numbers copied before the SA stops" "$ISSUED" \
		"-DOUT -DALLOC -DMIGRATE -DPACKETS=2 -DMOVES=2" '
	s/\t\txc_seq = seq;\n//
	s/(err == OK) -> xfrm_full_set_cloned\(\)/\1 -> xc_seq = seq; \
		xfrm_full_set_cloned()/'
	broken "window copied before the SA stops" "$ACCEPTED" \
		"-DTEST -DMIGRATE -DMOVES=2" '
	s/\t\txc_map = map;\n//
	s/(err == OK) -> xfrm_full_set_cloned\(\)/\1 -> xc_map = map; \
		xfrm_full_set_cloned()/'
	broken "the SA of a successor that failed sends" "$ISSUED" \
		"-DOUT -DALLOC -DMIGRATE -DPACKETS=2 -DMOVES=2" '
	s/:: succeeded -> xfrm_full_expire\(true\)/:: succeeded/'
	broken "the SA of a successor that failed receives" "$ACCEPTED" \
		"-DTEST -DMIGRATE -DMOVES=2" '
	s/:: succeeded -> xfrm_full_expire\(true\)/:: succeeded/'
	broken "an SA stays stopped without a successor" "$USABLE" \
		"-DOUT -DALLOC -DMIGRATE -DPACKETS=2 -DMOVES=2" '
	s/\tcloned = false;//'
}

broken_evict() {
	broken "an SA that its device has lost goes on in software" "$ISSUED" \
		"-DOUT -DALLOC -DEVICT -DDIES -DPACKETS=1 -DMOVES=1" "$GUESS"
	broken "a window that its device has lost goes on in software" \
		"$ACCEPTED" "-DTEST -DEVICT -DDIES -DPACKETS=1 -DMOVES=1" "$GUESS"
	broken "an SA that its device has lost stays there" "$KEPT" \
		"-DTEST -DEVICT -DDIES -DPACKETS=1 -DMOVES=1" '
	s/(:: err != OK && end != DOWN) ->\n\t*xfrm_full_expire\(err == ENODEV [^)]*\)/\1/'
	broken "an SA that a device gives up for nobody stays there" "$KEPT" \
		"-DOUT -DALLOC -DEVICT -DREFUSALS=1 -DPACKETS=1 -DMOVES=1" '
	s/(:: err != OK && end != DOWN) ->\n\t*xfrm_full_expire\(err == ENODEV [^)]*\)/\1/'
	broken "an SA that a device which is down keeps expires" "$GIVEN_UP" \
		"-DOUT -DALLOC -DEVICT -DREFUSALS=1 -DPACKETS=1 -DMOVES=1" '
	s/ && end != DOWN ->/ ->/; s/:: err == OK \|\| end == DOWN/:: err == OK/'
	broken "a ring that does not get empty costs the SA" "$WASTED\|$KEPT" \
		"-DOUT -DALLOC -DEVICT -DTIMEOUTS=1 -DPACKETS=1 -DMOVES=1" '
	s/xfrm_full_to_software\(true\)/xfrm_full_to_software(false)/'
	broken "an interface goes in the middle of a move" "$WASTED\|$KEPT" \
		"-DOUT -DALLOC -DEVICT -DPACKETS=1 -DMOVES=1" '
	s/(_evict\(end\)\n\{\n)\tlock\(full_mutex\);\n/\1/
	s/(deleted\)\n\t:: !attached\n\tfi;\n[^}]*)unlock\(full_mutex\)/\1skip/'
	broken "an SA gets into a device that has gone" "$ATTACHED" \
		"-DOUT -DALLOC -DEVICT -DPACKETS=1 -DMOVES=1" '
	s/:: listed -> attached = true/:: true -> attached = true/
	s/:: !listed -> err = ENODEV/:: false/'
	broken "an interface goes before its driver has freed all SAs" \
		"$ATTACHED" "-DOUT -DALLOC -DEVICT -DPACKETS=1 -DMOVES=1" '
	s/\t!free_work;\n//'
}

for program in spin gcc; do
	if ! command -v "$program" >/dev/null; then
		echo "Bail out! $program is not installed"
		exit 1
	fi
done
echo "TAP version 13"
variants_out
variants_in
variants_migrate
variants_evict
broken_moves
broken_out
broken_in
broken_migrate
broken_evict
echo "1..$NUMBER"
echo "# Totals: pass:$((NUMBER - FAILED)) fail:$FAILED"
((FAILED == 0 && NUMBER > 0))
