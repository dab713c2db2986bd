#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC whose SAs can't leave or come in midway, nor change while they live.
#
# topology: PROFILE=drop-only
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"
source "$(dirname "$0")/moves.sh"

NO_UPDATE="Device can't change limits, ports or selector of a live SA"
# refusals.py's
ID_UPDATE="${ID_OUT/0x28001/0x28009}"

move_out() {
	echo "xfrm state update $ID_OUT offload none" | near_batch
}

move_in() {
	echo "xfrm state update $ID_OUT offload full dev acme0 dir out" |
		near_batch
}

migrate() {
	near_policies 70 | grep ' dir out ' | near_batch &&
		"$PROFILE_DIR/saops.py" migrate out "${NEAR_NET[70]}" \
			"${FAR_NET[70]}" 10.0.0.1 10.0.0.2 tunnel 0 \
			10.0.0.1 10.0.9.2
}

removed() {
	ip xfrm state flush && ip xfrm policy flush
}

software() {
	echo "xfrm state add $ID_OUT mode tunnel replay-oseq 7" \
		"aead rfc4106(gcm(aes)) $GCM_KEY 128" | near_batch
}

# limited add|update WORDS...
limited() {
	local ID_OUT=$ID_UPDATE

	request "$1" out limit packet-hard "${@:2}"
}

# The limit and the selector that it had, and nobody has asked the NIC.
unchanged() {
	# shellcheck disable=SC2086  # words
	ip -s xfrm state get $ID_UPDATE | tee /dev/stderr |
		grep -q 'limit.*hard 100(packets)' &&
		[[ $(nic_commands UPDATE) == "UPDATE 0" ]]
}

# What the NIC need not know.
other_time() {
	limited update 100 limit time-soft 1000 && unchanged
}

# An SA that has carried packets, as XFRM knows, stays where it is: it need not
# start there.
in_use() {
	pairs_up 70 && ping -q -c 5 -i 0.1 -W 2 -I "${NEAR[70]}" "${FAR[70]}" &&
		ip -s xfrm state | grep -q ' 5(packets)' &&
		sa 70 out limit time-soft 1000 "offload full dev acme0 dir out" |
		sed 's/^xfrm state add/xfrm state update/' | near_batch &&
		ping -q -c 5 -i 0.1 -W 2 -I "${NEAR[70]}" "${FAR[70]}" &&
		keep_evidence final && pairs_down 70 && nothing_left
}

all_checks() {
	check "it says so" offers_no "handover.* start.*"
	check "in JSON, too" offers_json '"start" not in c["handover"]'
	check "an SA with a limit" limited add 100
	check "it says that this is for ever" offers_no "handover.* update.*"
	refusals <<<"update OFFLOAD_DEV $NO_UPDATE"
	check_fails "nor can there be another selector" "$NO_UPDATE" \
		limited update 100 sel src 10.1.0.0/24
	check "it is as before" unchanged
	check "but for limits that are not the NIC's" other_time
	check "it is removed" ip xfrm state flush
	refused "Device can't take an SA that doesn't start at sequence number 0" \
		out replay-oseq 7
	refused "Device can't take an SA that doesn't start at sequence number 0" \
		in replay-seq 7
	refusals <<-END
		midway REPLAY_ESN_VAL doesn't start at sequence number 0
		fallback OFFLOAD_DEV Device can't give an SA back: leave out fallback
	END
	check "nothing is left" nothing_left
	check "an SA in the NIC" add out
	check_fails "it can't leave" \
		"Device can't give an SA back: delete the SA and add it" \
		move_out
	check_fails "nor get other addresses" \
		"Device can't give an SA back: delete the SA and add it" \
		migrate
	check "it is still there" device_has 1
	check "it is removed" removed
	check "an SA in software, used" software
	check_fails "it can't move in" \
		"Device can't take an SA that doesn't start at sequence number 0" \
		move_in
	check "it is removed" ip xfrm state flush
	check "the rest works, as do limits that are not the NIC's" in_use
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
