#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SAs and policies come and go under traffic: echoes, and a thousand datagrams a
# second. A policy whose SA is gone blocks, and when its NIC is down too, though
# there is another way, which SAs are told not to take: no packet leaves in clear,
# nor by another interface. The wire is judged after the VM.
#
# timeout: 900
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/losses.sh"

ROUNDS=${ROUNDS:-4}
[[ -z $OFFLOAD_OUT ]] || OFFLOAD_OUT+=" exceptions drop"

pair 20 tunnel    4 4 onlink 128 64
pair 21 transport 4 4 routed 256 128
pair 22 tunnel    4 6 onlink 128 64
ALL=("${PAIRS[@]}")
PORT=4299

# Below the policies that come and go, another blocks: what passes is a leak. On
# the far side an XFRM interface does it for tunnels. The selector is a bit
# wider, as XFRM has no two policies with the same.
block() {
	local near far

	near=$(wider "${NEAR_NET[$1]}") far=$(wider "${FAR_NET[$1]}")
	printf 'xfrm policy add src %s dst %s dir out action block priority %d\n' \
		"$near" "$far" 1000 "$far" "$near" 1000
}

wider() {
	echo "${1%/*}/$((${1#*/} - 1))"
}

flood() {
	"$@" >/dev/null 2>&1 &
	at_end stop_server $!
}

setup() {
	local n ways=()

	each block "${PAIRS[@]}" | near_batch && block 21 | far_batch &&
		pairs_up "${PAIRS[@]}" && escape_up && capture_sees || return
	for n in "${PAIRS[@]}"; do
		flood ping -q -i "$(pace 20)" -s 600 -I "${NEAR[$n]}" \
			"${FAR[$n]}"
		flood peer ping -q -i "$(pace 20)" -s 900 -I "${FAR[$n]}" \
			"${NEAR[$n]}"
		ways+=("${NEAR[$n]}>${FAR[$n]}")
	done
	flood "$(dirname "$0")/udp_echo.py" pour $PORT "$(pace 3)" 200 \
		"${ways[@]}"
	BY_SOFTWARE=$(mib near XfrmFullOutSoftware)
}

# Packets that had no SA to go by, or no policy but the one that blocks.
refused() {
	echo $(($(mib near XfrmOutNoStates) + $(mib near XfrmOutPolBlock) +
		$(mib near XfrmFullOutState) +
		$(mib near XfrmFullOutException)))
}

blocks() {
	busywait_for_counter 10000 20 refused >/dev/null && return
	echo "no packet was refused"
	return 1
}

policies_del() {
	each near_policies "${PAIRS[@]}" | undo | near_batch
}

policies_add() {
	each near_policies "${PAIRS[@]}" | near_batch
}

# Old SAs go, new ones come: between, the policies block.
round_break_before_make() {
	states_del "${PAIRS[@]}" && blocks && renew "${PAIRS[@]}" &&
		states_add "${PAIRS[@]}" && flows "${PAIRS[@]}"
}

# New SAs come, old ones go.
round_make_before_break() {
	local old_near old_far

	old_near=$(each near_states "${PAIRS[@]}" | undo)
	old_far=$(each far_states "${PAIRS[@]}" | undo)
	renew "${PAIRS[@]}" && states_add "${PAIRS[@]}" &&
		near_batch <<<"$old_near" && far_batch <<<"$old_far" &&
		flows "${PAIRS[@]}"
}

round_policies() {
	policies_del && blocks && policies_add && flows "${PAIRS[@]}"
}

round_flush() {
	ip xfrm state flush && blocks &&
		each far_states "${PAIRS[@]}" | undo | far_batch &&
		renew "${PAIRS[@]}" && states_add "${PAIRS[@]}" &&
		flows "${PAIRS[@]}"
}

# repeat FUNCTION
repeat() {
	local i

	for ((i = 0; i < ROUNDS; i++)); do
		"$1" && continue
		echo "round $i"
		return 1
	done
}

# The routes of acme0 go with it, those of escape0 stay.
link_down() {
	ip link set acme0 down && blocks && device_has $((2 * ${#PAIRS[@]}))
}

link_up() {
	ip link set acme0 up && routes_back && flows "${PAIRS[@]}"
}

# Nor in ESP.
nothing_escaped() {
	nothing_in_clear &&
		[[ $(mib near XfrmFullOutSoftware) == "$BY_SOFTWARE" ]]
}

# The last SAs come and go without traffic but a few packets, all counted.
counters_agree() {
	local n

	run_cleanup
	states_del "${PAIRS[@]}" && renew "${PAIRS[@]}" &&
		states_add "${PAIRS[@]}" || return
	for n in "${PAIRS[@]}"; do
		ping -q -c 5 -i 0.05 -W 2 -I "${NEAR[$n]}" "${FAR[$n]}" || return
	done
	keep_evidence final
}

all_removed() {
	pairs_down "${PAIRS[@]}" || return
	each block "${PAIRS[@]}" | undo_block | near_batch
	block 21 | undo_block | far_batch
	no_states && no_device_sas
}

undo_block() {
	sed 's/ add / delete /; s/ action.*//'
}

all_checks() {
	check "traffic flows" flows "${PAIRS[@]}"
	check "SAs removed, then new ones added" repeat round_break_before_make
	check "new SAs added, then the old removed" repeat round_make_before_break
	check "policies removed and added" repeat round_policies
	check "SAs flushed and added" repeat round_flush
	check "acme0 down: blocked, though there is another way" link_down
	check "acme0 up: the SAs go on" link_up
	check "no packet left by the other interface" nothing_escaped
	check "new SAs, without other traffic" counters_agree
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
