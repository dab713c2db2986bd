#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC without extended sequence numbers.
#
# topology: PROFILE=no-esn
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	check "it says so" offers_no "features.* esn.*"
	check "in JSON, too" offers_json '"esn" not in c["features"]'
	refused "Device can't do ESN; leave out flag esn" out flag esn
	refused "Device can't do ESN" in replay-window 64 flag esn
	refusals <<-END
		esn REPLAY_ESN_VAL Device can't do ESN; leave out flag esn
	END
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
