#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC that stops and starts SAs, but lets the host take no part in a running one.
#
# topology: PROFILE=dump-only
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	check "it says so" offers "handover update start stop"
	check "in JSON, too" offers_json "c['handover'] == ['update', 'start', 'stop']"
	check "an SA comes in midway" add out replay-oseq 7
	check "inbound, too" add in replay-seq 7
	check "removed" ip xfrm state flush
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
