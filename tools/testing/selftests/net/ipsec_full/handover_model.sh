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
LEAK='assertion violated (*dev_added'
ORDER='assertion violated (*place=='
STUCK='invalid end state'

trap 'rm -rf "$WORK"' EXIT

# build OPTIMISATION MODEL MACROS...: makes pan.
build() {
	local level=$1 model=$2

	shift 2
	rm -f "$WORK"/*.trail
	(cd "$WORK" && spin "$@" -a "$model" &&
		gcc "-O$level" -w -DSAFETY -DCOLLAPSE -DVECTORSZ=512 \
			-DMEMLIM=1500 -o pan pan.c) >"$WORK/log" 2>&1 || return
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
	{ build 1 "$MODEL" "$@" && search && holds; } || status=1
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
	elif build 0 "$mutant" $macros && search; then
		! grep -q "$claim" "$WORK/log" || status=0
	fi
	[[ -z $WORD ]] || steps "$mutant" $macros
	result "$status" "is noticed: $name"
}

variants_out() {
	holds_for "out, numbers lent" -DOUT -DALLOC
	holds_for "out, numbers lent, late answers" -DOUT -DALLOC -DTIMEOUTS=2 \
		-DPACKETS=2 -DMOVES=2
	holds_for "out, numbers lent, device dies" -DOUT -DALLOC -DDIES \
		-DPACKETS=2 -DMOVES=2
	holds_for "out, numbers lent, wrong ones" -DOUT -DALLOC -DWRONG_DUMP \
		-DPACKETS=2 -DMOVES=4
	holds_for "out, new SA" -DOUT -DALLOC -DNEWSA -DTIMEOUTS=1 -DPACKETS=2 \
		-DMOVES=2
	holds_for "out, dump only" -DOUT
	holds_for "out, dump only, late answers" -DOUT -DTIMEOUTS=1 -DPACKETS=2
}

variants_in() {
	holds_for "in, test and set" -DTEST
	holds_for "in, test and set, late answers" -DTEST -DTIMEOUTS=2 -DMOVES=2
	holds_for "in, test and set, device dies" -DTEST -DDIES -DMOVES=2
	holds_for "in, new SA" -DTEST -DNEWSA -DTIMEOUTS=1
	holds_for "in, dump only"
	holds_for "in, dump only, two CPUs" -DINPUTS=2 -DMOVES=2
	holds_for "in, dump only, late answers" -DTIMEOUTS=2 -DMOVES=2 \
		-DSUSPENDS=1
}

broken_moves() {
	broken "outbound snapshot before x->lock" "$ISSUED" "-DOUT -DALLOC" '
	s/\txfrm_full_to_snapshot\(\);\n//
	s/(exec\(SLEEPING, ADD, 0, 0\);\n)/\1\txfrm_full_to_snapshot();\n/'
	broken "inbound snapshot before x->lock" "$ACCEPTED" "-DTEST" '
	s/\txfrm_full_to_snapshot\(\);\n//
	s/(exec\(SLEEPING, ADD, 0, 0\);\n)/\1\txfrm_full_to_snapshot();\n/'
	broken "outbound, nothing taken back" "$ISSUED" "-DOUT -DALLOC" '
	s/owned = told\[LOCKED\];\n//'
	broken "inbound, nothing taken back" "$ACCEPTED" "-DTEST" '
	s/owned = told\[LOCKED\];\n//'
	broken "a number guessed after a time-out" "$ISSUED" \
		"-DOUT -DALLOC -DTIMEOUTS=2" '
	s/err == OK ->(\n\t\txfrm_full_from_snapshot\(\);\n\t\txf)/true ->\1/'
	broken "a late answer taken for the next one" "$ISSUED\|$USABLE" \
		"-DOUT -DALLOC -DTIMEOUTS=1" '
	s/:: tag\[slot\] == t ->/:: true ->/; s/:: tag\[slot\] != t/:: false/'
	broken "a failed move kills the SA" "$LOST\|$USABLE" \
		"-DOUT -DALLOC -DTIMEOUTS=1" '
	s/:: live -> xfrm_full_move\(SOFTWARE\)/:: live -> xfrm_full_move(DEAD)/'
	broken "SA stays in a device that did not start it" "$LEAK" \
		"-DTEST -DTIMEOUTS=1" '
	s/(:: err != OK ->\n)\t\txdo_dev_full_state_del\(\);/\1/
	s/\tunlock\(x_lock\);\n\t\txdo_dev_full_state_free\(\)/\tunlock(x_lock)/'
	broken "deletion while arming unseen" "$ORDER" "-DOUT -DALLOC" '
	s/:: place == DEAD -> err = EBUSY/:: place == DEAD -> xfrm_full_run()/'
	broken "deletion forgets the suspended" "$LEAK" "" '
	s/armed = in_device/armed = owner/'
	broken "mutex taken with x->lock held" "$STUCK" "-DTEST" '
	s/(:: !armed\n\t\tfi;\n)\t\tunlock\(x_lock\);\n/\1/
	s/(lock\(full_mutex\);\n)(\t\t\txdo_dev_full_state_free)/\1unlock(x_lock);\2/'
}

broken_out() {
	broken "number from the wrong side" "$ISSUED" "-DOUT -DALLOC" '
	s/:: owner -> xfrm_full_number\(\)/:: owner -> seq++; issue(0, seq)/'
	broken "number taken without x->lock" "$ISSUED" "-DOUT -DALLOC" '
	s/seq\+\+;\n\t\tsw_seq = seq/n = seq + 1;\n unlock(x_lock);\n seq = n/
	s/issue\(0, seq\)/issue(0, n);\n n = 0;\n goto next/'
	broken "epoch not advanced" "$IV" "-DOUT -DALLOC -DWRONG_DUMP" '
	s/:: place == SOFTWARE ->\n\t\tepoch\+\+;/:: place == SOFTWARE ->/'
	broken "software forgets its highest number" "$IV" \
		"-DOUT -DALLOC -DWRONG_DUMP" '
	s/:: seq < sw_seq -> seq = sw_seq/:: false/'
	broken "a lent number believed" "$IV" "-DOUT -DALLOC -DWRONG_DUMP" '
	s/err == OK \&\& n > sw_seq/err == OK/
	s/err == OK \&\& n <= sw_seq/false/'
	broken "software uses the device's epoch" "$IV" \
		"-DOUT -DALLOC -DWRONG_DUMP" '
	s/(sw_seq = n;\n\t\tissue\()0/\1epoch/'
	broken "ring not drained" "$LOST" "-DOUT -DALLOC" '
	s/(state_drain\(\)\n\{\n\tif\n\t:: )empty\(txring\)/\1true/'
	broken "senders not waited for" "$LOST" "-DOUT -DALLOC" '
	s/(unlock\(x_lock\);\n)\tsynchronize_net\(\);\n/\1/'
	broken "cleartext in a qdisc not taken back" "$LOST" "-DOUT -DALLOC" '
	s/(rcu\[cpu\] = true;\n\tif\n\t:: place) == DEVICE/\1 != DEAD/
	s/:: place != DEVICE && place != DEAD ->/:: false ->/'
	broken "draining never ends" "$STUCK" "-DOUT -DTIMEOUTS=1" '
	s/(err != OK && place == DRAINING ->) xfrm_full_move\(DEVICE\)/\1 skip/'
}

broken_in() {
	broken "software window checked while armed" "$ACCEPTED" "-DTEST" '
	s/xfrm_full_test_set\(\)\n#else/xfrm_replay_software()\n#else/'
	broken "place not asked again after the ICV" "$ACCEPTED\|$LOST" \
		"-DTEST" '
	s/(full_input\(\)\n\{\n)\tlock\(x_lock\);/\1/
	s/(DEAD ->)( assert\(gone\)\n\t:: owner)/\1 lock(x_lock);\2/
	s/(owner ->)(\n#ifdef TEST\n)/\1 lock(x_lock);\2/
	s/(!live ->)( arrived)/\1 lock(x_lock);\2/
	s/(live\) ->)( xfrm_replay_software)/\1 lock(x_lock);\2/'
	broken "a test without an answer believed" "$ACCEPTED" \
		"-DTEST -DTIMEOUTS=1" '
	s/(:: err != OK && err != EALREADY ->) assert\(faulted\)/\1 accept(n)/'
	broken "resumed with the old snapshot" "$ACCEPTED" "" '
	s/snap = owned/snap = (place == SUSPENDED -> snap : owned)/
	s/(RUN, epoch, snap\);\n)\tsnap = 0;\n/\1/
	s/(owned = told\[LOCKED\];\n)/\1\t\tsnap = owned;\n/'
	broken "suspended without a dump" "$ACCEPTED" "" '
	s/xfrm_full_from_snapshot\(\);\n(\t*xfrm_full_move\(SUSPENDED\))/\1/'
	broken "never resumed" "$STUCK" "" '
	s/(end:\tdo\n\t:: )place == SUSPENDED/\1false/'
	broken "decrypted before the device is known to run" "$LOST" "-DTEST" '
	s/:: place == ARMING \|\| place == SUSPENDED( ->\n)/:: false\1/
	s/:: place != ARMING && place != SUSPENDED/:: true/'
	broken "decrypted by a device that may not run" "$ACCEPTED" \
		"-DTEST -DTIMEOUTS=1" '
	s/(inline xfrm_full_undo\(\)\n\{\n)\trx_ok = false;/\1/'
	broken "decrypted, but its SA is in software" "$LOST" "-DTEST" '
	s/:: rx_ok && place != DEAD/:: place == DEVICE/
	s/:: !rx_ok \|\| place == DEAD/:: place != DEVICE/'
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
broken_moves
broken_out
broken_in
echo "1..$NUMBER"
echo "# Totals: pass:$((NUMBER - FAILED)) fail:$FAILED"
((FAILED == 0 && NUMBER > 0))
