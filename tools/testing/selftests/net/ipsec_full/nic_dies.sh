#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The process that is the NIC is killed, while packets flow and nobody asks it for
# anything. The driver finds out by itself, in time; SAs expire, policies block, no
# packet leaves in clear, and the driver can be removed. It can't come back: nothing
# of this boot can use the NIC afterwards, so this is its last test.
#
# topology: FOREIGN=1 PROFILE=few-sas
# timeout: 240
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/losses.sh"

# Seconds: 5 for a command, 2 for a reset, and 10 until the driver asks by itself.
BOUND=8
PERIOD=10
IO_ERROR="Input/output error"
LOST="the device is lost; bind its driver anew"

pair 7460 tunnel    4 4 onlink 128 64
pair 7461 transport 6 6 routed 256 64
ALL=(7460 7461) FALLING=()
# Before all that
pair 7462 tunnel    4 4 onlink 128 64

bounded() {
	local status=0

	timeout $((BOUND * PATIENCE_FACTOR)) "$@" || status=$?
	echo "$*: status $status"
	((status != 124))
}

# Nobody is there to say that it has been done.
killed() {
	timeout 10 acmectl fault die
	! timeout 10 acmectl version
}

found_out() {
	local start=$SECONDS

	busywait $(((PERIOD + BOUND) * 1000)) is_lost || return
	echo "after $((SECONDS - start)) s"
	dmesg | grep 'acme .*: device lost: a command was not answered in time'
	carrier_is 0
}

sas_expired() {
	expired "${ALL[@]}" && [[ -z $(ip xfrm state) ]]
}

policies_block() {
	blocks && nothing_in_clear
}

# at_once TEXT COMMAND...: fails with TEXT, without waiting for the NIC once more.
at_once() {
	local start=$SECONDS output

	! output=$("${@:2}" 2>&1) || return
	echo "$output"
	[[ $output == *"$1"* ]] && ((SECONDS - start <= PATIENCE_FACTOR))
}

add_sa() {
	near_states 7462 | near_batch
}

mtu() {
	ip link set acme0 mtu 1400
}

goes_down() {
	bounded ip link set acme0 down
}

up() {
	ip link set acme0 up
}

removed() {
	bounded modprobe -r acme && ! [[ -e /sys/class/net/acme0 ]] &&
		policies_block
}

# The reset is not answered: no interface, and the driver can be removed.
not_found() {
	bounded modprobe acme && ! [[ -e /sys/class/net/acme0 ]] &&
		dmesg | tail -20 | grep 'does not answer a reset' &&
		bounded modprobe -r acme && policies_block
}

nothing_left() {
	run_cleanup
	ip xfrm policy flush && peer ip xfrm state flush &&
		peer ip xfrm policy flush && no_states
}

all_checks() {
	check "as long as it lives, counters equal the wire" carries 7462
	check "SAs in the NIC, packets of all of them" loss_setup
	check "its process is killed" killed
	check "the driver finds out by itself" found_out
	check "all SAs have expired, which is told of each, once" sas_expired
	check "policies block, and nothing leaves in clear" policies_block
	check "another SA is refused at once" at_once "$LOST" add_sa
	check "so is another MTU" at_once "$IO_ERROR" mtu
	check "the interface goes down" goes_down
	check "it can't go up" at_once "$IO_ERROR" up
	check "the driver is removed" removed
	check "loaded again it finds no NIC that answers" not_found
	check "nothing is left" nothing_left
}

plan_for all_checks
all_checks
finish
