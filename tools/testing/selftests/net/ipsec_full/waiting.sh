#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# While an SA moves, packets wait, if the NIC gives software no numbers. So many and
# no more: the rest is dropped and counted, and those that waited are sent, each once.
# Here the NIC is late with what a move needs, and more are sent than may wait.
#
# topology: PROFILE=dump-only
# timeout: 200
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"

# Milliseconds. A polled command has 90, and is late once.
LATE=$((${SLOW:-1} > 1 ? 2000 : 600))
PORT=4274

pair 7500 transport 4 4 routed 128 64
pair 7501 tunnel    6 6 onlink 128 64
PAIRS=(7500 7501)

setup() {
	pairs_up "${PAIRS[@]}" && each works "${PAIRS[@]}"
}

works() {
	slowwait 10 ping -q -c 2 -i 0.1 -W 1 -I "${NEAR[$1]}" "${FAR[$1]}"
}

# Two sockets, as the buffer of one is full before there are too many.
pour() {
	local way="${NEAR[$1]}>${FAR[$1]}"

	"$MOVES_DIR/udp_echo.py" pour $PORT 0.001 8 "$way" "$way" \
		>"$OUT/waiting.poured" &
}

# accounted_while N MOVE: every datagram has a number of the SA, or is counted as
# dropped.
accounted_while() {
	local n=$1 went dropped poured pid status=0

	went=$(sent "$n") dropped=$(mib near XfrmFullOutState)
	pour "$n"
	pid=$!
	busywait 5000 has_sent "$n" "$went" && "$2" "$n" || status=1
	stop_server $pid
	poured=$(sed 's/ sent$//' "$OUT/waiting.poured")
	went=$(($(sent "$n") - went))
	dropped=$(($(mib near XfrmFullOutState) - dropped))
	echo "$poured poured, $went went, $dropped dropped"
	DROPPED=$dropped
	((status == 0 && poured > 0 && went + dropped == poured))
}

# has_sent N BEFORE
has_sent() {
	(($(sent "$1") > $2))
}

late_out() {
	acmectl fault SA_STOP late-before "$LATE" 1 && move "$1" out none &&
		is_at "$1" out software software request
}

# Not in time: the SA stays in software.
late_in() {
	acmectl fault SA_RUN late-before "$LATE" 1 || return
	! move "$1" out acme0
	is_at "$1" out software software timeout
}

# How fast packets come is chance: one of a few moves must be too slow for them.
overflows() {
	local i

	for i in 1 2 3 4 5; do
		accounted_while "$1" late_out && move "$1" out acme0 || return
		((DROPPED == 0)) || break
	done
	((DROPPED > 0)) && works "$1"
}

stays_out() {
	move "$1" out none && accounted_while "$1" late_in &&
		move "$1" out acme0 && works "$1"
}

# What was sent has arrived: the far side took each number once.
all_arrived() {
	keep_evidence final
}

all_removed() {
	run_cleanup
	pairs_down "${PAIRS[@]}" && no_states && no_device_sas
}

all_checks() {
	local n

	for n in "${PAIRS[@]}"; do
		check "too many wait for an SA that leaves the NIC ($n)" \
			overflows "$n"
		check "packets wait for a NIC that starts no SA ($n)" \
			stays_out "$n"
	done
	check "counters agree" all_arrived
	check "all can be removed" all_removed
}

DROPPED=0
at_end acmectl fault clear
plan_for all_checks
set_up setup
all_checks
finish
