#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A short way through all of an SA's life, for kernels that check themselves:
# added, used both ways, dumped, monitored, moved to software and back, with exceptions,
# refused, replaced, deleted, lost with the driver.
#
# also: KERNEL=debug
# timeout: 120
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"

TCP_PORT=4260
TCP_BYTES=524288
MONITOR=$OUT/$TEST_NAME.monitor

pair 660 tunnel    4 4 onlink 128 64
pair 661 transport 6 6 onlink 256 32
pair 662 tunnel    6 4 onlink 256 128

setup() {
	listen && pairs_up "${PAIRS[@]}"
}

listen() {
	ip xfrm monitor >"$MONITOR" 2>&1 &
	at_end stop_server $!
	slowwait 10 monitors $!
}

traffic() {
	local n

	for n in "${PAIRS[@]}"; do
		slowwait 10 ping -q -c 1 -W 2 -I "${NEAR[$n]}" "${FAR[$n]}" \
			>/dev/null || return
		ping -q -c 5 -i 0.02 -W 5 -s 1000 -I "${NEAR[$n]}" "${FAR[$n]}" ||
			return
	done
}

# Large segments, for the device to cut and the driver to merge.
tcp() {
	local got

	peer sh -c "nc -l ${FAR[660]} $TCP_PORT | wc -c" >"$OUT/lifecycle.tcp" &
	slowwait 20 listening || return
	head -c "$TCP_BYTES" /dev/zero | timeout 60 nc -N -s "${NEAR[660]}" \
		"${FAR[660]}" "$TCP_PORT" || return
	wait $!
	got=$(<"$OUT/lifecycle.tcp")
	rm "$OUT/lifecycle.tcp"
	echo "$got bytes of $TCP_BYTES arrived"
	((got == TCP_BYTES))
}

listening() {
	peer ss -Hltn "sport = :$TCP_PORT" | grep -q .
}

dumps() {
	[[ $(ip -s xfrm state | grep -c 'mode full') == $((2 * ${#PAIRS[@]})) ]] &&
		[[ $(ip -j xfrm policy | grep -o '"full"' | wc -l) -ge 3 ]]
}

# told COUNT WORDS: by the monitor, of so many; a basic regular expression.
told() {
	[[ $(grep -c "offload parameters: dev acme0 $2" "$MONITOR") == "$1" ]]
}

# Each pair has two states, and policies out, in and fwd.
monitored() {
	busywait 5000 told $((2 * ${#PAIRS[@]})) 'dir .* mode full' &&
		busywait 5000 told $((3 * ${#PAIRS[@]})) 'mode full' && return
	cat "$MONITOR"
	return 1
}

# Out and in again, until the traffic has ended, of which nothing is lost.
moved() {
	local status=0 pid

	ping -q -i 0.1 -c 30 -W 5 -I "${NEAR[660]}" "${FAR[660]}" \
		>"$OUT/lifecycle.ping" &
	pid=$!
	while ((!status)) && kill -0 $pid 2>/dev/null; do
		move_pairs none "${PAIRS[@]}" && in_software 660 &&
			move_pairs acme0 "${PAIRS[@]}" && in_device 660 || status=1
	done
	wait $pid || status=1
	grep loss "$OUT/lifecycle.ping" &&
		grep -q ' 0% packet loss' "$OUT/lifecycle.ping" || status=1
	rm "$OUT/lifecycle.ping"
	return $status
}

# Too large for the NIC: software sends and receives fragments of ESP, with numbers and
# replay checks by the NIC.
exceptions() {
	local out in

	out=$(mib near XfrmFullOutSoftware) in=$(mib near XfrmFullInSoftware)
	ping -q -c 3 -i 0.1 -W 5 -s 3000 -I "${NEAR[661]}" "${FAR[661]}" || return
	(($(mib near XfrmFullOutSoftware) >= out + 3 &&
		$(mib near XfrmFullInSoftware) >= in + 3))
}

refusals() {
	local i

	for ((i = 0; i < 5; i++)); do
		! near_batch <<<"$(sa 660 out flag wildrecv "$OFFLOAD_OUT" |
			sed 's/spi [^ ]*/spi 0x7000/')" || return
		! near_batch <<<"$(sa 660 out "$OFFLOAD_OUT")" || return
	done
	device_has $((2 * ${#PAIRS[@]}))
}

replaced() {
	states_del "${PAIRS[@]}" && renew "${PAIRS[@]}" &&
		states_add "${PAIRS[@]}" && traffic && keep_evidence final
}

policies() {
	each near_policies "${PAIRS[@]}" | undo | near_batch &&
		each near_policies "${PAIRS[@]}" | near_batch && traffic &&
		keep_evidence final
}

all_removed() {
	pairs_down "${PAIRS[@]}" && no_states && no_device_sas
}

# SAs that nobody deleted go with their NIC.
driver_out() {
	renew 660 662
	each near_states 660 662 | near_batch && device_has 4 &&
		timeout 60 modprobe -r acme && busywait 5000 no_near_states &&
		device_has 0
}

no_near_states() {
	[[ -z $(ip xfrm state) ]]
}

driver_in() {
	modprobe acme && nic-up && near_routes | near_batch
}

all_checks() {
	check "packets pass both ways" traffic
	check "a TCP stream passes" tcp
	check "dumps show full offload" dumps
	check "a monitor has shown full offload" monitored
	check "moved to software and back under traffic" moved
	check "exceptions both ways" exceptions
	check "refused SAs leave nothing" refusals
	check "SAs replaced" replaced
	check "policies replaced" policies
	check "all can be removed" all_removed
	check "SAs go with the driver" driver_out
	check "the driver comes back" driver_in
}

plan_for all_checks
set_up setup
all_checks
finish
