#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Selectors of SAs in the NIC beyond addresses: protocol, ports, type and code of
# ICMP. What is not in them is dropped, and counted by the SA and in the MIB; the
# rest passes. Outbound, the kernel chooses the SA, so the NIC only sees what the
# kernel did not look at: later fragments, which have no ports.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
INJECT_PORT=4268
source "$(dirname "$0")/inject.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
# inject.py's
SPORT=40001
HONEST=6290
PLAYED=({6200..6211})
TO=(6220 6221)

# selects N FAMILY WORDS...: the inbound SA's selector.
selects() {
	local n=$1

	WORDS_IN[$n]="sel ${*:3}"
	pair "$n" tunnel "$2" "$2" routed 128 64
}

describe() {
	selects 6200 4 proto udp dport $INJECT_PORT
	selects 6201 4 proto udp dport $((INJECT_PORT + 1))
	selects 6202 4 proto udp sport $SPORT
	selects 6203 6 proto udp sport $((SPORT + 1))
	selects 6204 6 proto udp sport $SPORT dport $INJECT_PORT
	selects 6205 6 proto udp sport $SPORT dport 1
	selects 6206 4 proto tcp
	selects 6207 6 proto udp
	selects 6208 4 proto icmp type 8 code 0
	selects 6209 6 proto ipv6-icmp type 128 code 0
	selects 6210 4 proto icmp type 8
	selects 6211 4 proto udp
	WORDS_OUT[6220]="sel proto udp dport $INJECT_PORT"
	WORDS_OUT[6221]="sel proto icmp type 8 code 0"
	pair 6220 tunnel 4 4 routed 128 64
	pair 6221 tunnel 4 4 routed 128 64
	pair $HONEST tunnel 4 4 onlink 128 64
}

# Outbound pairs have no honest far end: what counts is what leaves the NIC.
setup() {
	inject_up "${PLAYED[@]}" && protect "${TO[@]}" &&
		near_lines "${TO[@]}" | near_batch && keep_evidence foreign
}

# dropped out|in N: what the SA has dropped for its selector.
dropped() {
	local id="src ${FAR_END[$2]} dst ${NEAR_END[$2]} proto esp" drops

	id+=" spi ${SPI_IN[$2]}"
	[[ $1 == in ]] || id="src ${NEAR_END[$2]} dst ${FAR_END[$2]} proto esp \
		spi ${SPI_OUT[$2]}"
	# shellcheck disable=SC2086  # words
	drops=$(ip -s xfrm state get $id |
		sed -n 's/^	 drops:.* selector \([0-9]*\).*/\1/p')
	echo "${drops:-0}"
}

# takes N COMMAND...: what inject.py sends is in the selector.
takes() {
	local n=$1 before packets

	before=$(mib near XfrmInStateMismatch) packets=$(received "$1")
	inject "$@" && busywait 3000 received_is "$n" $((packets + 1)) || return
	[[ $(dropped in "$n") == "${DROPPED[$n]:-0}" &&
		$(mib near XfrmInStateMismatch) == "$before" ]]
}

received_is() {
	[[ $(received "$1") == "$2" ]]
}

# rejects N COMMAND...: it is not; the SA, the namespace and the NIC count it.
declare -A DROPPED
rejects() {
	local n=$1 before nic

	before=$(mib near XfrmInStateMismatch) nic=$(nic_counts)
	DROPPED[$n]=$((${DROPPED[$n]:-0} + 1))
	inject "$@" && busywait 3000 mismatches_are $((before + 1)) || return
	echo "SA: $(dropped in "$n"), NIC: $(nic_counts) after $nic"
	[[ $(dropped in "$n") == "${DROPPED[$n]}" ]] &&
		(($(nic_counts) == nic + 1)) && arrived "$n" goodno 0
}

mismatches_are() {
	[[ $(mib near XfrmInStateMismatch) == "$1" ]]
}

nic_counts() {
	ethtool -S acme0 | sed -n 's/^ *hw_esp_rx_selector: //p'
}

# udp N PORT SIZE
udp() {
	"$SCRIPTS/udp_echo.py" send "$2" 1 "$3" "${NEAR[$1]}>${FAR[$1]}"
}

# With another port the kernel has no SA for it.
goes_out() {
	udp 6220 $INJECT_PORT 100 && busywait 3000 sent_is 6220 1 || return
	udp 6220 $((INJECT_PORT + 1)) 100
	sent_is 6220 1 && [[ $(dropped out 6220) == 0 ]]
}

sent_is() {
	[[ $(sent "$1") == "$2" ]]
}

ping_goes_out() {
	ping -q -c 2 -i 0.1 -W 1 -I "${NEAR[6221]}" "${FAR[6221]}"
	sent_is 6221 2 && ! udp_leaves 6221
}

udp_leaves() {
	udp "$1" $INJECT_PORT 100
	sent_is "$1" 3
}

# A datagram of three fragments: the first has ports, the others have not.
later_fragments() {
	local before

	before=$(mib near XfrmFullOutSelector)
	udp 6220 $INJECT_PORT 3500 && busywait 3000 sent_is 6220 2 &&
		busywait 3000 out_mismatches_are $((before + 2)) || return
	[[ $(dropped out 6220) == 2 ]]
}

out_mismatches_are() {
	[[ $(mib near XfrmFullOutSelector) == "$1" ]]
}

all_removed() {
	inject_down "${PLAYED[@]}" "${TO[@]}" && pairs_down $HONEST || return
	run_cleanup
	no_states && no_device_sas
}

all_checks() {
	check "destination port" takes 6200 good yes
	check "another destination port" rejects 6201 good no
	check "source port" takes 6202 good yes
	check "another source port, IPv6" rejects 6203 good no
	check "both ports, IPv6" takes 6204 good yes
	check "one port is another, IPv6" rejects 6205 good no
	check "another protocol" rejects 6206 good no
	check "protocol only, IPv6" takes 6207 good yes
	check "ICMP type and code" takes 6208 icmp 8 0
	check "another ICMP code" rejects 6208 icmp 8 1
	check "another ICMP type" rejects 6208 icmp 13 0
	check "UDP instead of ICMP" rejects 6208 good no
	check "ICMPv6 type and code" takes 6209 icmp 128 0
	check "another ICMPv6 code" rejects 6209 icmp 128 1
	check "another ICMPv6 type" rejects 6209 icmp 129 0
	check "ICMP type, any code" takes 6210 icmp 8 7
	check "ICMP instead of UDP" rejects 6211 icmp 8 0
	check "out: ports" goes_out
	check "out: ICMP" ping_goes_out
	check "out: later fragments have no ports" later_fragments
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

describe
plan_for all_checks
set_up setup
all_checks
finish
