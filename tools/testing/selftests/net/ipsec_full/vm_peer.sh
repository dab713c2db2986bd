#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands in the peer's own VM behave as local ones do.
#
# topology: PEER=vm
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

MEGABYTES=4

sum_there() {
	head -c $((MEGABYTES << 20)) /dev/urandom >"$OUT/vm_peer.data"
	test "$(peer sha256sum <"$OUT/vm_peer.data")" = \
		"$(sha256sum <"$OUT/vm_peer.data")"
}

sum_here() {
	test "$(peer cat <"$OUT/vm_peer.data" | sha256sum)" = \
		"$(sha256sum <"$OUT/vm_peer.data")"
}

streams_are_apart() {
	test "$(peer sh -c 'echo out; echo err >&2' 2>/dev/null)" = out
}

sleepers() {
	peer pgrep -x sleep
}

no_sleeper() {
	! sleepers
}

# A stopped client takes its command with it; nothing reads the input.
stops_with_client() {
	yes | timeout 2 peer sleep 1000
	busywait 5000 no_sleeper
}

killed_client_leaves_nothing() {
	local pid

	peer sleep 1000 &
	pid=$!
	busywait 5000 sleepers >/dev/null || return 1
	kill -KILL "$pid"
	busywait 5000 no_sleeper
}

# More than one at a time.
several_at_once() {
	local pids=() i

	for ((i = 0; i < 6; i++)); do
		peer sh -c "sleep 1; exit $i" &
		pids+=($!)
	done
	for ((i = 0; i < 6; i++)); do
		wait "${pids[i]}"
		(($? == i)) || return 1
	done
}

server_in_background() {
	peer sh -c 'sleep 30 >/dev/null 2>&1 & exit 3'
	(($? == 3))
	peer pkill -x sleep
}

other_machine() {
	test "$(</proc/sys/kernel/random/boot_id)" != \
		"$(peer cat /proc/sys/kernel/random/boot_id)"
}

pair 47 transport 6 6 onlink 128 64
plan 10
check "the peer is another machine" other_machine
check "standard input arrives whole" sum_there
check "standard output arrives whole" sum_here
check "output and error stay apart" streams_are_apart
check "an unknown command has status 127" \
	bash -c 'peer nosuch; test $? = 127'
check "six commands at once" several_at_once
check "a program in the background is not waited for" server_in_background
check "a stopped client takes its command along" stops_with_client
check "a killed client leaves nothing" killed_client_leaves_nothing
check "SAs carry packets to it" carries 47
rm -f "$OUT/vm_peer.data"
finish
