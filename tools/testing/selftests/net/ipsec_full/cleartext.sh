#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What must not pass an inbound policy, though its SA is in the NIC: cleartext,
# packets of another SA, packets outside of the SA's selector, replays, forged
# numbers, and cleartext that GRO would merge with what was decrypted.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
WORK=$(mktemp -d)
PORT=4250

pair 30 tunnel    4 4 onlink 128 64
pair 31 transport 4 4 routed 256 64
pair 32 tunnel    6 6 onlink 256 64
pair 33 tunnel    4 4 routed 128 64
# Of this one the far side has nothing: forge.py plays it.
pair 34 tunnel    4 4 onlink 256 1024
HONEST=(30 31 32 33)
# And this one is as it should be, so that the wire's judge has what to judge.
pair 35 tunnel    4 4 onlink 128 64

# The far side without IPsec.
far_clear_lines() {
	far_lines "$@" | sed -n -e '/^address/p' \
		-e '/:.* dev ipsec0/s/dev ipsec0/via fd00::1/' \
		-e 's/dev ipsec0/via 10.0.0.1/; /^route/p'
}

# Its SAs carry whatever its policies say.
far_ipsec_lines() {
	far_lines "$@" | sed -e '/^address/d' -e '/^route .*via/d' \
		-e 's/^route add/route replace/' \
		-e 's/ sel src [^ ]* dst [^ ]*//'
}

setup() {
	topology_up && near_lines "${HONEST[@]}" 34 | near_batch &&
		far_clear_lines "${HONEST[@]}" | far_batch &&
		keep_evidence foreign
}

mismatches() {
	mib near XfrmInTmplMismatch
}

# A UDP socket of the near side, which hears what passes.
udp_listener() {
	local n addrs=()

	for n in "${HONEST[@]}"; do
		addrs+=("${NEAR[$n]}")
	done
	server "$WORK/udp" ready "$SCRIPTS/udp_echo.py" serve "$PORT" \
		"${addrs[@]}"
}

cleartext_dropped() {
	local n=$1 before

	before=$(mismatches)
	! peer ping -q -c 3 -i 0.2 -W 1 -I "${FAR[$n]}" "${NEAR[$n]}" || return
	(($(mismatches) >= before + 3))
}

# Another interface than the NIC, by which the far side reaches some addresses.
elsewhere_up() {
	local n mac

	ip link add elsewhere0 type veth peer name far0 &&
		ip link set elsewhere0 up && ip link set far0 netns peer &&
		peer ip link set far0 up &&
		mac=$(</sys/class/net/elsewhere0/address) || return
	for n; do
		peer ip neigh add "${NEAR[$n]}" lladdr "$mac" dev far0 &&
			peer ip route add "${NEAR[$n]}" dev far0 \
				src "${FAR[$n]}" || return
	done
}

elsewhere_dropped() {
	local before

	before=$(</sys/class/net/elsewhere0/statistics/rx_packets)
	cleartext_dropped "$1" || return
	(($(</sys/class/net/elsewhere0/statistics/rx_packets) >= before + 3))
}

elsewhere_down() {
	ip link del elsewhere0
}

# To an address behind the near side, out of a protected network.
forwarded_dropped() {
	local before behind=${NEAR[30]%.*}.77

	ip link add behind0 type dummy && at_end ip link del behind0 &&
		sysctl -qw net.ipv6.conf.behind0.disable_ipv6=1 &&
		ip link set behind0 up && ip route add "$behind" dev behind0 &&
		sysctl -qw net.ipv4.ip_forward=1 &&
		at_end sysctl -qw net.ipv4.ip_forward=0 || return
	before=$(mismatches)
	! peer ping -q -c 3 -i 0.2 -W 1 -I "${FAR[30]}" "$behind" || return
	cat /sys/class/net/behind0/statistics/tx_packets
	(($(mismatches) >= before + 3)) &&
		[[ $(</sys/class/net/behind0/statistics/tx_packets) == 0 ]]
}

cleartext_udp_dropped() {
	local before

	before=$(mismatches)
	! peer timeout "$PATIENCE_FACTOR" "$SCRIPTS/udp_echo.py" check "$PORT" 20 \
		"${FAR[30]}>${NEAR[30]}" || return
	(($(mismatches) > before))
}

far_ipsec_up() {
	far_ipsec_lines "${HONEST[@]}" | far_batch && keep_evidence foreign
}

accepted() {
	local n=$1 before

	before=$(mismatches)
	peer ping -q -c 3 -i 0.2 -W 1 -I "${FAR[$n]}" "${NEAR[$n]}" &&
		peer "$SCRIPTS/udp_echo.py" check "$PORT" 20,1200 \
			"${FAR[$n]}>${NEAR[$n]}" &&
		[[ $(mismatches) == "$before" ]]
}

# via N M: the far side sends packets of pair N by the SA of pair M.
via() {
	policy "$1" out inward "${FAR_IF_ID[$1]}" |
		sed "s/ add / update /; s/ tmpl .*//"
	policy "$2" out inward | sed 's/.* tmpl/tmpl/'
}

send_by() {
	via "$1" "$2" | paste -sd' ' | far_batch &&
		! peer ping -q -c 3 -i 0.2 -W 1 -I "${FAR[$1]}" "${NEAR[$1]}"
}

other_sa() {
	local before arrived

	before=$(mismatches) arrived=$(received 33)
	send_by 30 33 || return
	echo "$(received 33) packets, $(mismatches) mismatches"
	(($(received 33) == arrived + 3 && $(mismatches) == before + 3)) &&
		via 30 30 | paste -sd' ' | far_batch && accepted 30
}

outside_selector() {
	local before arrived

	before=$(hw_count esp_rx_selector) arrived=$(received 30)
	send_by 33 30 || return
	echo "$(hw_count esp_rx_selector) dropped, $(received 30) received"
	(($(hw_count esp_rx_selector) == before + 3)) &&
		(($(received 30) == arrived + 3)) &&
		via 33 33 | paste -sd' ' | far_batch && accepted 33
}

# An error that the SA of pair 30 has counted: "replay" or "failed".
errors() {
	ip -s xfrm state get src "${FAR_END[30]}" dst "${NEAR_END[30]}" \
		proto esp spi "${SPI_IN[30]}" |
		sed -n "s/.*replay-window.* $1 \([0-9]*\).*/\1/p"
}

# forged HOW COUNTER: five frames too many are sent and counted, and no more
# packets than the honest ones arrive; traffic goes on.
forged() {
	local how=$1 counter=$2 before arrived

	before=$(errors "$counter") arrived=$(received 30)
	server "$WORK/forge" ready \
		peer "$SCRIPTS/forge.py" "$how" peer0 "${FAR_END[30]}" 5 || return
	peer ping -q -c 5 -i 0.2 -W 2 -I "${FAR[30]}" "${NEAR[30]}" || return
	slowwait 10 grep -q sent "$WORK/forge" || return
	busywait 2000 errors_are "$counter" $((before + 5)) &&
		[[ $(received 30) == $((arrived + 5)) ]] && accepted 30
}

errors_are() {
	echo "$1: $(errors "$1")"
	[[ $(errors "$1") == "$2" ]]
}

# Fragments of ESP come up as they are. The host decrypts them, and the NIC counts
# them; whether the answers fit is not the question here.
fragments() {
	local before arrived

	before=$(mib near XfrmFullInSoftware) arrived=$(received 31)
	peer ping -q -c 2 -i 0.2 -W 1 -s 3000 -I "${FAR[31]}" "${NEAR[31]}"
	echo "$(mib near XfrmFullInSoftware) counted, $(received 31) received"
	(($(mib near XfrmFullInSoftware) == before + 2)) &&
		(($(received 31) == arrived + 2)) && accepted 31
}

flow_spec() {
	cat <<-END
	{ "dev": "peer0", "mac_src": "$(peer cat /sys/class/net/peer0/address)",
	  "mac_dst": "$(</sys/class/net/acme0/address)",
	  "outer_src": "${FAR_END[34]}", "outer_dst": "${NEAR_END[34]}",
	  "inner_src": "${FAR[34]}", "inner_dst": "${NEAR[34]}",
	  "sport": $((RANDOM + 20000)), "dport": $PORT,
	  "spi_to": "${SPI_IN[34]}", "key_to": "${KEY_IN[34]}",
	  "spi_from": "${SPI_OUT[34]}", "key_from": "${KEY_OUT[34]}" }
	END
}

listens() {
	ss -Hltn "sport = :$PORT" | grep -q "${NEAR[34]}"
}

# A forged flow starts from sequence number 1 again: other SAs.
new_flow() {
	each near_states 34 | undo | near_batch && renew 34 &&
		each near_states 34 | near_batch && keep_evidence foreign
}

# merged ORDER: what the receiver of a forged flow gets, in $WORK/got.
merged() {
	local listener tap status=0

	new_flow || return
	nc -l "${NEAR[34]}" "$PORT" </dev/null >"$WORK/got" &
	listener=$!
	tcpdump -n -l -i acme0 "tcp and src ${FAR[34]}" >"$WORK/tap" 2>&1 &
	tap=$!
	slowwait 10 listens && slowwait 10 grep -q listening "$WORK/tap" ||
		status=1
	flow_spec | peer "$SCRIPTS/forge.py" merge "$1" || status=1
	kill "$tap"
	((status == 0)) || kill "$listener"
	wait "$listener" "$tap"
	return "$status"
}

got() {
	tr -s ABX <"$WORK/got"
	[[ $(tr -s ABX <"$WORK/got") == "$1" && $(wc -c <"$WORK/got") == 2000 ]]
}

# The premise: so close together, GRO does merge segments.
gro_merges() {
	merged esp-esp && got AB && cat "$WORK/tap" &&
		grep -q 'length 2000' "$WORK/tap"
}

gro_keeps_apart() {
	local before

	before=$(mismatches)
	merged "$1" || return
	cat "$WORK/tap"
	echo "$(mismatches) mismatches"
	got AB && (($(mismatches) == before + 1))
}

after_all() {
	pairs_up 35 && ping -q -c 5 -i 0.1 -I "${NEAR[35]}" "${FAR[35]}" &&
		keep_evidence final
}

all_removed() {
	run_cleanup
	near_lines "${HONEST[@]}" 34 | undo | near_batch
	far_lines "${HONEST[@]}" | undo | far_batch
	pairs_down 35
	no_states && no_device_sas
}

all_checks() {
	local n

	for n in "${HONEST[@]}"; do
		check "cleartext is dropped: pair $n" cleartext_dropped "$n"
	done
	check "cleartext does not reach a socket" cleartext_udp_dropped
	check "cleartext is not forwarded" forwarded_dropped
	check "another interface" elsewhere_up 30 32
	check "cleartext from there is dropped: IPv4" elsewhere_dropped 30
	check "cleartext from there is dropped: IPv6" elsewhere_dropped 32
	check "that interface goes" elsewhere_down
	check "the far side gets its SAs" far_ipsec_up
	for n in "${HONEST[@]}"; do
		check "ESP is accepted: pair $n" accepted "$n"
	done
	check "a packet of another SA is dropped" other_sa
	check "a packet outside of the SA's selector is dropped" outside_selector
	check "replays are dropped" forged replay replay
	check "forged numbers are dropped, and don't move the window" \
		forged number failed
	check "fragments of ESP are decrypted by the host" fragments
	check "segments in ESP merge" gro_merges
	check "cleartext after ESP does not merge" gro_keeps_apart esp-clear
	check "cleartext before ESP does not merge" gro_keeps_apart clear-esp
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

at_end rm -rf "$WORK"
RX_USECS=$(ethtool -c acme0 | sed -n 's/^rx-usecs:[[:space:]]*//p')
plan_for all_checks
set_up setup
set_up udp_listener
ethtool -C acme0 rx-usecs 100000
at_end ethtool -C acme0 rx-usecs "$RX_USECS"
all_checks
finish
