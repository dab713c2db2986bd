#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A plain NIC.
#
# topology: PROFILE=no-ipsec
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

nothing_offered() {
	[[ -z $(ip xfrm offload show dev acme0) ]]
}

nothing_in_json() {
	[[ $(ip -j xfrm offload show) == "[ ]" ||
		$(ip -j xfrm offload show) == "[]" ]]
}

software_works() {
	OFFLOAD_OUT='' OFFLOAD_IN='' OFFLOAD_POLICY=''
	the_rest_works 70
}

all_checks() {
	check "it offers nothing" nothing_offered
	check "in JSON, too" nothing_in_json
	refused "Device doesn't support full offload" out
	refused "Device doesn't support full offload" in
	check "nothing is left" no_states
	check "software works" software_works
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
