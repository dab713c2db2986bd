#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC without a table of policies: the host's policies are the host's to judge, so
# nothing is lacking.
#
# topology: PROFILE=no-policies
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	check "it says so" offers "policies 0 of 0"
	check "in JSON, too" offers_json "c['policies']['max'] == 0"
	check "nothing is left" nothing_left
	check "all works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
