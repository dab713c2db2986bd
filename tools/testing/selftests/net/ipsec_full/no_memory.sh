#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every memory allocation on the way of an SA into the NIC fails once: the SA is
# refused and leaves nothing, in the kernel (which looks for leaks when the VM
# ends) and in the NIC. A live one that is to move, either way, does or stays. Those
# that come later work. Needs a kernel with fault injection.
#
# topology: KERNEL=debug
# timeout: 120
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

nothing_left() {
	[[ -z $(ip xfrm state) ]] && no_device_sas
}

all_checks() {
	check "outbound SA" ./failing_allocs.py acme0 out
	check "inbound SA" ./failing_allocs.py acme0 in
	check "a move of an outbound SA" ./failing_allocs.py move acme0 out
	check "a move of an inbound SA" ./failing_allocs.py move acme0 in
	check "nothing is left" nothing_left
	check "SAs carry packets" carries 48
}

pair 48 tunnel 4 4 onlink 128 64
[[ -e /proc/self/fail-nth ]] || skip_all "the kernel has no fault injection"
plan_for all_checks
all_checks
finish
