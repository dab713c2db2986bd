#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets of an SA in the NIC that the NIC can't send: their route leaves by another
# interface, or they are too big. Software encrypts them with numbers of the NIC, or
# they are dropped and counted, and who sent them is told the right MTU. Both wires
# are judged here, together: no number and no IV twice, counters equal.
#
#      near                                        far
#   10.0.0.1, fd00::1   acme0 == wire == peer0  10.0.0.2, fd00::2
#   10.0.88.1, fd88::1  esc0  -- veth -- esc1   10.0.88.2, fd88::2
#
# Behind near there is a host, in namespace $CLIENT, in the networks of the tunnels.
#
# timeout: 400
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/client.sh"

WIRE_EVIDENCE=$EVIDENCE
EVIDENCE=$OUT/$TEST_NAME.wire
TCP_PORT=4272
TCP_BYTES=200000
UDP_PORT=4273
MTU=1500
# ESP's header, IV and ICV
ESP_OVERHEAD=32
CBC_OVERHEAD=40

pair 7300 transport 4 4 routed 128 64
pair 7301 transport 6 6 routed 256 64
pair 7302 tunnel    4 4 onlink 128 64
pair 7303 tunnel    6 6 onlink 128 64
# Only to look at sizes.
ALG[7304]=sha256 ENCAP[7305]=4500
pair 7304 tunnel    6 4 routed 128 64
pair 7305 tunnel    4 4 routed 128 64
ROUTED=(7300 7301 7302 7303)

links_up() {
	mkdir -p "$EVIDENCE" "$WIRE_EVIDENCE"
	ip link add esc0 type veth peer name esc1 netns peer || return
	at_end ip link del esc0
	near_batch <<-END || return
		link set esc0 up
		address add 10.0.88.1/24 dev esc0
		address add fd88::1/64 dev esc0 nodad
	END
	far_batch <<-END || return
		link set esc1 up
		address add 10.0.88.2/24 dev esc1
		address add fd88::2/64 dev esc1 nodad
	END
}

# By GRO, ESP would be decrypted before tcpdump sees it.
capture() {
	local dev

	peer ethtool -K peer0 gro off || return
	at_end peer ethtool -K peer0 gro on
	for dev in peer0 esc1; do
		server "$OUT/$dev.log" listening peer tcpdump -U -s 0 -i $dev \
			-w "$OUT/$TEST_NAME-$dev.pcap" || return
		TAPS+=($!)
	done
}

setup() {
	links_up && pairs_up "${PAIRS[@]}" && capture && client_up 7302 7303 &&
		server "$OUT/$TEST_NAME.udp" ready peer \
			"$MOVES_DIR/udp_echo.py" serve $UDP_PORT \
			"${FAR[7302]}" "${FAR[7303]}" &&
		server "$OUT/$TEST_NAME.natt" ready peer \
			"$MOVES_DIR/udp_echo.py" encap "${ENCAP[7305]}"
}

# Tunnels go where their far end is.
detour() {
	local to=${FAR_NET[$1]} via=10.0.88.2 src=${NEAR[$1]}

	if [[ ${MODE[$1]} == tunnel ]]; then
		to=${FAR_END[$1]} src=${NEAR_END[$1]}
	fi
	((${OUTER[$1]} == 4)) || via=fd88::2
	ip route replace "$to" via "$via" dev esc0 src "$src"
}

detour_ends() {
	local via="via 10.0.0.2"

	if [[ ${MODE[$1]} == tunnel ]]; then
		ip route del "${FAR_END[$1]}" dev esc0
		return
	fi
	((${OUTER[$1]} == 4)) || via="via fd00::2"
	# shellcheck disable=SC2086  # words
	ip route replace "${FAR_NET[$1]}" $via dev acme0 src "${NEAR[$1]}"
}

# answered N WORDS...: five pings
answered() {
	ping -q -c 5 -i 0.1 -W 2 -I "${NEAR[$1]}" "${@:2}" "${FAR[$1]}"
}

# asks N: who looks for the next hop does it with an address of the link, not one of
# the inner packet's.
asks() {
	local log=$OUT/$TEST_NAME.asks pid

	server "$log" listening peer tcpdump -n -l -i peer0 \
		'arp or (icmp6 and ip6[40] == 135)' || return
	pid=$!
	ip neigh flush dev acme0
	answered "$1" && busywait 5000 grep -q 'who.has' "$log" || return
	stop_server $pid
	cat "$log"
	! grep -F "${NEAR[$1]} " "$log" && ! grep "tell ${NEAR[$1]}" "$log"
}

# by_software COUNT COMMAND...: so many packets at least are software's.
by_software() {
	local before least=$1

	before=$(mib near XfrmFullOutSoftware)
	"${@:2}" || return
	echo "$(($(mib near XfrmFullOutSoftware) - before)) by software"
	(($(mib near XfrmFullOutSoftware) >= before + least))
}

# None of them.
by_nic() {
	local before

	before=$(mib near XfrmFullOutSoftware)
	"$@" || return
	[[ $(mib near XfrmFullOutSoftware) == "$before" ]]
}

counts() {
	local before

	before=$(sent "$1")
	"${@:3}" || return
	echo "$(($(sent "$1") - before)) counted by the SA, of $2"
	(($(sent "$1") == before + $2))
}

rerouted() {
	local status=0

	detour "$1" || return
	by_software 5 counts "$1" 5 answered "$1" || status=1
	detour_ends "$1" && slowwait 5 ping_one "$1" && by_nic answered "$1" &&
		return $status
}

# The NIC can't put on the headers that the route asks for, if its device has any.
encapsulated() {
	local status=0 ip=ip via=10.0.0.2

	((${OUTER[$1]} == 4)) || ip=ip6 via=fd00::2
	ip route replace "${FAR_NET[$1]}" encap $ip id 7 dst $via via $via \
		dev acme0 src "${NEAR[$1]}" || return
	by_software 5 counts "$1" 5 answered "$1" || status=1
	detour_ends "$1" && by_nic answered "$1" && return $status
}

ping_one() {
	ping -q -c 1 -W 1 -I "${NEAR[$1]}" "${FAR[$1]}"
}

listening() {
	peer ss -Hltn "sport = :$TCP_PORT" | grep -q .
}

tcp() {
	local got

	peer sh -c "nc -l ${FAR[$1]} $TCP_PORT | sha256sum" >"$OUT/egress.tcp" &
	slowwait 20 listening || return
	head -c $TCP_BYTES /dev/urandom >"$OUT/egress.data"
	timeout 60 nc -N -s "${NEAR[$1]}" "${FAR[$1]}" $TCP_PORT \
		<"$OUT/egress.data" || return
	wait $!
	got=$(<"$OUT/egress.tcp")
	[[ $got == "$(sha256sum <"$OUT/egress.data")" ]]
}

tcp_rerouted() {
	local status=0

	detour "$1" || return
	by_software $((TCP_BYTES / MTU)) tcp "$1" || status=1
	detour_ends "$1"
	return $status
}

# not_sent N MIB COMMAND...: the command fails, and MIB tells of it.
not_sent() {
	local before

	before=$(mib near "$2")
	! "${@:3}" || return
	echo "$2: $(($(mib near "$2") - before))"
	(($(mib near "$2") > before))
}

# ESP of transport mode is for whole packets only (RFC 4303, 3.1.1), whatever may be
# done about exceptions.
fragment_not_sent() {
	local before

	before=$(mib near XfrmFullOutFragment)
	"$MOVES_DIR/raw_fragment.py" "${NEAR[$1]}" "${FAR[$1]}"
	echo "$(($(mib near XfrmFullOutFragment) - before)) dropped"
	(($(mib near XfrmFullOutFragment) == before + 1))
}

fragment_not_rerouted() {
	local status=0

	detour "$1" || return
	fragment_not_sent "$1" || status=1
	detour_ends "$1"
	return $status
}

rerouted_dropped() {
	local status=0

	detour "$1" || return
	not_sent "$1" "$2" answered "$1" || status=1
	detour_ends "$1"
	ip -s link show dev esc0
	return $status
}

# The largest packet that fits, with ESP, of which the padding goes to 4 bytes, or with
# AES-CBC to a block.
right_mtu() {
	local header=20 room overhead=$ESP_OVERHEAD align=4

	((${OUTER[$1]} == 4)) || header=40
	[[ ${ALG[$1]:-} != sha256 ]] || overhead=$CBC_OVERHEAD align=16
	[[ -z ${ENCAP[$1]:-} ]] || overhead=$((overhead + 8))
	room=$(((MTU - header - overhead) / align * align - 2))
	[[ ${MODE[$1]} == tunnel ]] || room=$((room + header))
	echo $room
}

icmp_headers() {
	echo $((${INNER[$1]} == 4 ? 28 : 48))
}

# mtu_told N COMMAND...: a ping, with DF, of a size that only fits without ESP is told
# the MTU, one of that size passes, and one of a byte more does not.
mtu_told() {
	local n=$1 headers mtu size output

	shift
	headers=$(icmp_headers "$n") mtu=$(right_mtu "$n") size=$((mtu - headers))
	output=$("$@" -c 2 -i 0.2 -W 1 -M "do" -s $((MTU - 12 - headers)) \
		"${FAR[$n]}" 2>&1)
	echo "$output"
	grep -q "mtu[ =:]*$mtu\b" <<<"$output" || {
		echo "the right MTU is $mtu"
		return 1
	}
	"$@" -q -c 2 -i 0.2 -W 2 -M "do" -s $size "${FAR[$n]}" || return
	! "$@" -q -c 1 -W 1 -M "do" -s $((size + 1)) "${FAR[$n]}"
}

near_told() {
	mtu_told "$1" ping -I "${NEAR[$1]}"
}

# Somewhere behind the link, ESP of 1400 bytes is the largest.
path_narrows() {
	local MTU=1400 status=0

	peer "$MOVES_DIR/path_mtu.py" "${NEAR_END[$1]}" "${FAR_END[$1]}" \
		"${SPI_OUT[$1]}" $MTU || return
	near_told "$1" || status=1
	ip -"${OUTER[$1]}" route flush cache
	return $status
}

link_narrows() {
	local MTU=1450 status=0

	ip link set acme0 mtu $MTU || return
	near_told "$1" || status=1
	ip link set acme0 mtu 1500
	return $status
}

client_told() {
	mtu_told "$1" ip netns exec "$CLIENT" ping
}

esp_fragments() {
	tcpdump -n -r "$OUT/$TEST_NAME-peer0.pcap" 2>/dev/null \
		"src host ${NEAR_END[$1]} and ((ip[6:2] & 0x3fff != 0 and
		ip proto 50) or (ip6[6] == 44 and ip6[40] == 50))" | wc -l
}

# Each inner fragment is a packet of the SA; the wire sees no other.
fragmented_inside() {
	local before

	before=$(esp_fragments "$1")
	by_nic counts "$1" 15 answered "$1" -M dont -s 3000 || return
	[[ $(esp_fragments "$1") == "$before" ]]
}

# One packet of the SA, in three pieces.
fragmented_outside() {
	local before

	before=$(esp_fragments "$1")
	by_software 5 counts "$1" 5 answered "$1" -M dont -s 3000 || return
	busywait 5000 until_counter_is ">= $((before + 15))" esp_fragments "$1" \
		>/dev/null
	echo "$(($(esp_fragments "$1") - before)) fragments"
	(($(esp_fragments "$1") == before + 15))
}

# segmented N SIZE COUNT: ten datagrams of SIZE bytes come from behind near as one
# packet, and are COUNT packets of the SA.
segmented() {
	local before

	before=$(client_packets)
	by_nic counts "$1" "$3" ip netns exec "$CLIENT" \
		"$MOVES_DIR/udp_echo.py" segments $UDP_PORT 10 "$2" \
		"${NEAR[$1]%1}7>${FAR[$1]}" || return
	echo "$(($(client_packets) - before)) packets of the client"
	(($(client_packets) < before + 5))
}

# It looks for neighbours, routers and groups, too, and these don't count.
# shellcheck disable=SC2016  # awk's words
client_packets() {
	ip netns exec "$CLIENT" awk '/^Ip: [0-9]/ { n += $11 }
		$1 == "Ip6OutRequests" { n += $2 }
		$1 == "Icmp6OutMsgs" { n -= $2 }
		END { print n }' /proc/net/snmp /proc/net/snmp6
}

drop_exceptions() {
	move "$1" out acme0 exceptions drop && answered "$1"
}

# Not left for later: nobody but this test has both wires.
judged_here() {
	keep_evidence "$1"
}

both_wires() {
	local tap

	judged_here final || return
	for tap in "${TAPS[@]}"; do
		stop_server "$tap"
	done
	"$MOVES_DIR/verify_wire.py" --backend fast "$EVIDENCE" \
		"$OUT/$TEST_NAME"-{peer0,esc1}.pcap
}

# On the one wire alone, numbers are missing.
evidence_for_one_wire() {
	cat "$EVIDENCE/protect" >>"$WIRE_EVIDENCE/protect" &&
		EVIDENCE=$WIRE_EVIDENCE && keep_evidence elsewhere
}

# The judge of the one wire wants something that is complete.
new_sas() {
	states_del 7302 && renew 7302 && states_add 7302 && answered 7302 &&
		keep_evidence final
}

all_removed() {
	run_cleanup
	pairs_down "${PAIRS[@]}" && no_states && no_device_sas
}

name_of() {
	local name="${MODE[$1]} IPv${OUTER[$1]}"

	((${OUTER[$1]} == ${INNER[$1]})) || name+=", IPv${INNER[$1]} inside"
	echo "$name${ALG[$1]:+, ${ALG[$1]}}${ENCAP[$1]:+, in UDP}"
}

all_told() {
	local n

	for n in "${PAIRS[@]}"; do
		check "too big, with DF: $(name_of "$n")" near_told "$n"
	done
	check "likewise, forwarded: IPv4" client_told 7302
	check "likewise, forwarded: IPv6" client_told 7303
	for n in "${ROUTED[@]}"; do
		check "by ICMP, a narrower path: $(name_of "$n")" path_narrows "$n"
		check "a smaller MTU of the NIC: $(name_of "$n")" link_narrows "$n"
	done
	check "both as before: too big, with DF" near_told 7302
}

# A packet that is to be cut, of which no piece is too big, or each.
all_segmented() {
	check "GSO, forwarded, a tunnel IPv4" segmented 7302 1200 10
	check "GSO, forwarded, a tunnel IPv6" segmented 7303 1200 10
	check "GSO without DF, too big: fragments inside" segmented 7302 1460 20
}

software_checks() {
	local n

	for n in "${ROUTED[@]}"; do
		check "rerouted: ${MODE[$n]} IPv${OUTER[$n]}" rerouted "$n"
	done
	check "a route with encapsulation: IPv4" encapsulated 7300
	check "a route with encapsulation: IPv6" encapsulated 7301
	check "TCP, rerouted: transport" tcp_rerouted 7300
	check "TCP, rerouted: transport IPv6" tcp_rerouted 7301
	check "TCP, rerouted: tunnel" tcp_rerouted 7302
	check "TCP, rerouted: tunnel IPv6" tcp_rerouted 7303
	check "TCP by the NIC" by_nic tcp 7300
	all_told
	check "a tunnel without DF: fragments inside" fragmented_inside 7302
	all_segmented
	check "transport IPv4, too big: fragments of ESP" fragmented_outside 7300
	check "transport IPv6, too big: fragments of ESP" fragmented_outside 7301
	check "a fragment, transport: dropped" fragment_not_sent 7300
	check "a fragment, transport IPv6: dropped" fragment_not_sent 7301
	check "a fragment, rerouted: dropped, too" fragment_not_rerouted 7300
	check "a fragment, rerouted, IPv6: dropped, too" \
		fragment_not_rerouted 7301
	check "exceptions are to be dropped" drop_exceptions 7300
	check "a fragment, transport: dropped, too" fragment_not_sent 7300
	check "rerouted: dropped" rerouted_dropped 7300 XfrmFullOutException
	check "too big: dropped" not_sent 7300 XfrmFullOutException \
		answered 7300 -M dont -s 3000
}

no_numbers_checks() {
	check "rerouted: dropped, transport" rerouted_dropped 7300 XfrmFullOutDev
	check "rerouted: dropped, tunnel" rerouted_dropped 7302 XfrmFullOutDev
	all_told
	check "a tunnel without DF: fragments inside" fragmented_inside 7302
	all_segmented
	check "a fragment, transport: dropped" fragment_not_sent 7300
	check "a fragment, transport IPv6: dropped" fragment_not_sent 7301
	check "transport, too big: dropped" not_sent 7300 XfrmFullOutTooBig \
		answered 7300 -M dont -s 3000
}

all_checks() {
	check "how the next hop is looked for: IPv4" asks 7302
	check "likewise, IPv6" asks 7303
	if [[ ${PROFILE:-default} == dump-only ]]; then
		no_numbers_checks
	else
		software_checks
	fi
	check "both wires are clean, counters equal them" both_wires
	check "evidence for the one wire" evidence_for_one_wire
	check "new SAs use the one wire" new_sas
	check "all can be removed" all_removed
}

TAPS=()
plan_for all_checks
set_up setup
all_checks
finish
