#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC with limits in bytes only.
#
# topology: PROFILE=bytes-only
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	local dir

	for dir in out in; do
		check "it says so: $dir" offers "limits $dir byte-soft byte-hard"
		check "in JSON, too: $dir" offers_json \
			"c['limits-$dir'] == ['byte-soft', 'byte-hard']"
	done
	refused "Device can't enforce a soft packet limit of outbound SAs" \
		out limit packet-soft 1000
	refused "Device can't enforce a hard packet limit of inbound SAs" \
		in limit packet-hard 1000
	refusals <<-END
		soft-packets OFFLOAD_DEV soft packet limit of outbound
		hard-packets OFFLOAD_DEV hard packet limit of outbound
		soft-packets-in OFFLOAD_DEV soft packet limit of inbound
		hard-packets-in OFFLOAD_DEV hard packet limit of inbound
	END
	check "bytes are not refused" \
		add out limit byte-soft 500 limit byte-hard 1000
	check "nor inbound" add in limit byte-soft 500 limit byte-hard 1000
	update_refused "Device can't enforce a hard packet limit of outbound SAs" \
		out limit packet-hard 1000
	update_refused "Device can't enforce a soft packet limit of inbound SAs" \
		in limit packet-soft 1000
	check "removed" ip xfrm state flush
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
