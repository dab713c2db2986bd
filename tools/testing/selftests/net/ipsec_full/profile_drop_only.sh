#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC whose SAs can't leave or come in midway.
#
# topology: PROFILE=drop-only
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	check "it says so" offers_no "handover.* start.*"
	check "in JSON, too" offers_json '"start" not in c["handover"]'
	refused "Device can't take an SA that doesn't start at sequence number 0" \
		out replay-oseq 7
	refused "Device can't take an SA that doesn't start at sequence number 0" \
		in replay-seq 7
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
