#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC without transport mode.
#
# topology: PROFILE=tunnel-only
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	check "it says so" offers "modes tunnel"
	check "in JSON, too" offers_json 'c["modes"] == ["tunnel"]'
	refused "Device can't do transport mode" out mode transport
	refused "Device can't do transport mode" in mode transport
	refusals <<-END
		transport OFFLOAD_DEV Device can't do transport mode; see ip xfrm offload
	END
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
