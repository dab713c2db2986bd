#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC that can't share an SA with the host drops what it does not decrypt itself,
# though nobody asked for that, and counts it.
#
# topology: PROFILE=drop-only
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/profile.sh"
INJECT_PORT=4268
source "$(dirname "$0")/inject.sh"
source "$(dirname "$0")/exceptions.sh"

pair 6070 tunnel    4 4 routed 128 64
pair 6071 tunnel    6 6 routed 256 64
pair 6072 transport 4 4 routed 128 64
pair 6073 tunnel    4 4 onlink 128 64
PLAYED=({6070..6072})

# header_dropped N CASE: options or extension headers.
header_dropped() {
	local n=$1 before

	fresh "$n" && in_order "$n" 1 || return
	before=$(mib near XfrmFullInException)
	inject mark && inject "$n bad $2" &&
		busywait 3000 counts XfrmFullInException $((before + 1)) &&
		nothing_by "$n"
}

all_checks() {
	local n case

	for n in "${PLAYED[@]}"; do
		check "fragments are dropped ($n)" dropped_by_nic "$n"
	done
	for case in ipv4-options ipv4-record-route; do
		check "IPv4, $case" header_dropped 6070 $case
	done
	for case in ipv6-options ipv6-destination ipv6-options-long; do
		check "IPv6, $case" header_dropped 6071 $case
	done
	check "nothing is left" nothing_else
	check "the rest works" the_rest_works 6073
}

plan_for all_checks
set_up inject_up "${PLAYED[@]}"
all_checks
finish
