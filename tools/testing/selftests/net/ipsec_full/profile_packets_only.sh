#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC with limits in packets only.
#
# topology: PROFILE=packets-only
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	local dir

	for dir in out in; do
		check "it says so: $dir" \
			offers "limits $dir packet-soft packet-hard"
		check "in JSON, too: $dir" offers_json \
			"c['limits-$dir'] == ['packet-soft', 'packet-hard']"
	done
	refused "Device can't enforce a soft byte limit of outbound SAs" \
		out limit byte-soft 1000
	refused "Device can't enforce a hard byte limit of outbound SAs" \
		out limit byte-hard 1000
	refused "Device can't enforce a soft byte limit of inbound SAs" \
		in limit byte-soft 1000
	refused "Device can't enforce a hard byte limit of inbound SAs" \
		in limit packet-hard 9 limit byte-hard 1000
	refusals <<-END
		soft-bytes OFFLOAD_DEV soft byte limit of outbound
		hard-bytes OFFLOAD_DEV hard byte limit of outbound
		soft-bytes-in OFFLOAD_DEV soft byte limit of inbound
		hard-bytes-in OFFLOAD_DEV hard byte limit of inbound
	END
	check "packets are not refused" \
		add out limit packet-soft 5 limit packet-hard 10
	check "nor inbound" add in limit packet-soft 5 limit packet-hard 10
	update_refused "Device can't enforce a hard byte limit of outbound SAs" \
		out limit byte-hard 1000
	update_refused "Device can't enforce a soft byte limit of inbound SAs" \
		in limit byte-soft 1000
	check "removed" ip xfrm state flush
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
