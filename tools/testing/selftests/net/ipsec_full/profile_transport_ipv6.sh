#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC without tunnel mode, and without IPsec over IPv4.
#
# topology: PROFILE=transport-ipv6
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	check "it says so: mode" offers "modes transport"
	check "it says so: family" offers "families ipv6"
	check "in JSON, too" offers_json 'c["modes"] == ["transport"] and
		c["families"] == ["ipv6"]'
	refusals <<-END
		usual OFFLOAD_DEV Device can't do tunnel mode; see ip xfrm offload
		ipv6 OFFLOAD_DEV Device can't do tunnel mode; see ip xfrm offload
		transport OFFLOAD_DEV Device can't do IPsec over IPv4; see ip xfrm offload
	END
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 70
}

pair 70 transport 6 6 onlink 128 64
plan_for all_checks
all_checks
finish
