#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Real traffic through SAs that live in the NIC, to a peer with software ESP:
# every mode, family and way to the peer that there is. On the wire there is
# only ESP (verify_wire.py judges the capture, after the VM), counters agree, and
# the CPU of this machine has computed none of it.
#
# topology: PEER=vm
# timeout: 1200
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
SMALL_SIZES=({0..20} 56 100 1000 1300)
UDP_PORT=4242
FILE_PORT=4243
# Less in the debug kernel, where they would take many minutes.
FILE_MIB=${FILE_MIB:-$((64 / ${SLOW:-1}))}
SMALL_MIB=${SMALL_MIB:-$((16 / ${SLOW:-1}))}
IPERF_SECONDS=${IPERF_SECONDS:-2}
# Function counts can tell the two sides apart only when these are two machines.
COUNT_CALLS=$([[ ${PEER:-ns} == vm ]] && echo yes)

#    N  mode      outer inner hops   bits window
pair 1  tunnel    4     4     onlink 128  32
pair 2  tunnel    4     4     routed 256  64
pair 3  tunnel    4     6     onlink 256  128
pair 4  tunnel    4     6     routed 128  256
pair 5  tunnel    6     4     onlink 128  512
pair 6  tunnel    6     4     routed 256  1024
pair 7  tunnel    6     6     onlink 256  96
pair 8  tunnel    6     6     routed 128  1024
pair 9  transport 4     4     onlink 256  64
pair 10 transport 4     4     routed 128  32
pair 11 transport 6     6     onlink 128  1024
pair 12 transport 6     6     routed 256  512
# Their near networks are behind this machine, in a namespace.
pair 13 tunnel    4     4     onlink 128  256
pair 14 tunnel    4     6     onlink 256  64
FORWARDED=(13 14)
LOCAL=({1..12})

name_of() {
	local n=$1

	echo "${MODE[$n]} IPv${INNER[$n]} in IPv${OUTER[$n]} ${HOPS[$n]}" \
		"AES-${BITS[$n]} window ${WINDOW[$n]}"
}

# A machine behind the gateway that the near side is.
client_up() {
	setup_ns CLIENT || return
	at_end cleanup_ns "$CLIENT"
	ip link add gw0 type veth peer name client0 netns "$CLIENT"
	ip -batch - <<-END
		link set gw0 up
		address add 10.1.13.254/24 dev gw0
		address add fd01:14::fe/64 dev gw0 nodad
	END
	ip -n "$CLIENT" -batch - <<-END
		link set client0 up
		address add 10.1.13.1/24 dev client0
		address add fd01:14::1/64 dev client0 nodad
		route add default via 10.1.13.254
		route add default via fd01:14::fe
	END
	[[ -n $OFFLOAD_OUT ]] || ip -n "$CLIENT" link set client0 gso_max_segs 1
	sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# As pairs_up, but the near addresses are the client's.
forwarded_up() {
	protect "${FORWARDED[@]}"
	far_lines "${FORWARDED[@]}" | far_batch &&
		forwarded_lines | near_batch
}

forwarded_lines() {
	near_lines "${FORWARDED[@]}" |
		sed -E -e '/^address/d' -e 's/^(route .*) src .*/\1/'
}

setup() {
	local n far=()

	pairs_up "${LOCAL[@]}" && client_up && forwarded_up || return
	for n in "${PAIRS[@]}"; do
		far+=("${FAR[$n]}")
	done
	server "$WORK/udp" ready \
		peer "$SCRIPTS/udp_echo.py" serve "$UDP_PORT" "${far[@]}" &&
		server "$WORK/iperf3" listening peer iperf3 -s --forceflush &&
		start_counting
}

start_counting() {
	[[ -n $COUNT_CALLS ]] || return 0
	"$SCRIPTS/count_calls.sh" start &&
		peer "$SCRIPTS/count_calls.sh" start
}

# pings N SIZE...: one echo of each size from the near side.
pings() {
	local n=$1 size status=0

	shift
	for size; do
		ping -q -c 1 -W 3 -I "${NEAR[$n]}" -s "$size" "${FAR[$n]}" && continue
		echo "no echo of $size bytes"
		status=1
	done >"$WORK/ping"
	((status == 0)) || cat "$WORK/ping"
	return "$status"
}

# Larger than fits: fragmented before encryption, where that is allowed.
pings_large() {
	pings "$1" 1473 3000 9000
}

# With DF, the sender learns what fits, and that then passes.
ping_df() {
	local n=$1 answer mtu headers=28

	answer=$(ping -c 1 -W 3 -M "do" -s 1472 -I "${NEAR[$n]}" "${FAR[$n]}" 2>&1)
	echo "$answer"
	[[ $answer =~ "message too long, mtu="([0-9]+) ]] ||
		[[ $answer =~ "too long, mtu: "([0-9]+) ]] || return
	mtu=${BASH_REMATCH[1]}
	((${INNER[$n]} == 4)) || headers=48
	((mtu >= 1400 && mtu < 1500)) &&
		ping -c 1 -W 3 -M "do" -s $((mtu - headers)) \
			-I "${NEAR[$n]}" "${FAR[$n]}"
}

udp() {
	local n pairs=()

	for n in "${LOCAL[@]}"; do
		pairs+=("${NEAR[$n]}>${FAR[$n]}")
	done
	"$SCRIPTS/udp_echo.py" check "$UDP_PORT" 0,1,7,8,20,512,1372 "${pairs[@]}"
}

udp_large() {
	local n pairs=()

	for n in {1..8}; do
		pairs+=("${NEAR[$n]}>${FAR[$n]}")
	done
	"$SCRIPTS/udp_echo.py" check "$UDP_PORT" 1473,4000 "${pairs[@]}"
}

# tcp N WORDS...: iperf3 must move data and both ends must say so; how fast is no
# matter of this test.
tcp() {
	local n=$1 text

	shift
	text=$(iperf3 -c "${FAR[$n]}" -B "${NEAR[$n]}" -t "$IPERF_SECONDS" \
		-f m "$@" 2>&1) || { echo "$text"; return 1; }
	echo "$text"
	received_something <<<"$text"
}

# The summary of iperf3's receiver tells of a transfer that is not zero.
received_something() {
	awk '/ receiver$/ { for (i = 2; i <= NF; i++)
				if ($i ~ /^[KMGT]?Bytes$/) got = $(i - 1) }
	     END { exit !(got > 0) }'
}

# file_out N, file_in N: a file, and the hash of what arrived.
file_out() {
	peer sh -c "nc -l ${FAR[$1]} $FILE_PORT | sha256sum" >"$WORK/sum" &
	slowwait 10 listens peer || return
	nc -N -s "${NEAR[$1]}" "${FAR[$1]}" "$FILE_PORT" <"$WORK/file" || return
	wait $!
	diff "$WORK/sum" "$WORK/file.sum"
}

file_in() {
	sh -c "nc -l ${NEAR[$1]} $FILE_PORT | sha256sum" >"$WORK/sum" &
	slowwait 10 listens || return
	peer nc -N "${NEAR[$1]}" "$FILE_PORT" <"$WORK/file" || return
	wait $!
	diff "$WORK/sum" "$WORK/file.sum"
}

listens() {
	"$@" ss -Hltn "sport = :$FILE_PORT" | grep -q .
}

# make_file MIB
make_file() {
	head -c $(($1 << 20)) /dev/urandom >"$WORK/file" &&
		sha256sum <"$WORK/file" >"$WORK/file.sum"
}

# Forwarded packets that are too big: the gateway says so to the client.
forward_df() {
	local n=$1 answer expected="Frag needed and DF set (mtu = "

	((${INNER[$n]} == 4)) || expected="Packet too big: mtu="
	answer=$(ip netns exec "$CLIENT" ping -c 1 -W 3 -M "do" -s 1432 \
		"${FAR[$n]}" 2>&1)
	echo "$answer"
	[[ $answer == *"$expected"* ]]
}

forward_pings() {
	local size

	for size in 0 13 1300 3000; do
		ip netns exec "$CLIENT" ping -q -c 1 -W 3 -s "$size" "${FAR[$1]}" ||
			return
	done
}

forward_tcp() {
	ip netns exec "$CLIENT" iperf3 -c "${FAR[$1]}" -t 2 -f m "${@:2}"
}

no_esp_here() {
	local calls

	calls=$("$SCRIPTS/count_calls.sh" show) || return
	echo "$calls"
	[[ -z $calls ]]
}

esp_at_peer() {
	peer "$SCRIPTS/count_calls.sh" show | tee "$OUT/peer-calls"
	grep -Eq '^[0-9]{4,} esp_input$' "$OUT/peer-calls" &&
		grep -Eq '^[0-9]{4,} esp6_input$' "$OUT/peer-calls" &&
		grep -Eq '^[0-9]{4,} crypto_aead_decrypt$' "$OUT/peer-calls"
}

# Both ends count what went from one to the other, and it was not nothing.
counters_agree() {
	keep_evidence final || return
	sums <"$EVIDENCE/near-basic-0.final" >"$WORK/near"
	sums <"$EVIDENCE/far-basic-0.final" >"$WORK/far"
	diff "$WORK/near" "$WORK/far" || return
	[[ $(wc -l <"$WORK/near") == $((2 * ${#PAIRS[@]})) ]] &&
		! grep -w ' 0' "$WORK/near"
}

no_drops() {
	mib_all near | tee "$WORK/mib"
	[[ ! -s $WORK/mib ]] || return
	mib_all far | tee "$WORK/mib"
	[[ ! -s $WORK/mib ]]
}

nothing_left() {
	forwarded_lines | undo | near_batch &&
		far_lines "${FORWARDED[@]}" | undo | far_batch &&
		pairs_down "${LOCAL[@]}" && no_states
}

all_checks() {
	local n

	for n in "${LOCAL[@]}"; do
		check "ping, small: $(name_of "$n")" pings "$n" "${SMALL_SIZES[@]}"
	done
	for n in {1..8}; do
		check "ping, larger than the MTU: $(name_of "$n")" pings_large "$n"
		check "ping with DF: $(name_of "$n")" ping_df "$n"
	done
	for n in "${FORWARDED[@]}"; do
		check "forwarded, DF: $(name_of "$n")" forward_df "$n"
		check "forwarded, ping: $(name_of "$n")" forward_pings "$n"
		check "forwarded, TCP out: $(name_of "$n")" forward_tcp "$n"
		check "forwarded, TCP in: $(name_of "$n")" forward_tcp "$n" -R
	done
	check "UDP" udp
	check "UDP, larger than the MTU" udp_large
	for n in 1 6 9 11; do
		check "iperf3 out: $(name_of "$n")" tcp "$n"
		check "iperf3 in: $(name_of "$n")" tcp "$n" -R
	done
	check "a file of $FILE_MIB MiB" make_file "$FILE_MIB"
	check "file out: $(name_of 1)" file_out 1
	check "file in: $(name_of 8)" file_in 8
	check "a file of $SMALL_MIB MiB" make_file "$SMALL_MIB"
	check "file out: $(name_of 12)" file_out 12
	check "file in: $(name_of 9)" file_in 9
	check "both ends count the same" counters_agree
	if [[ -n $COUNT_CALLS ]]; then
		check "this machine's CPU computed no ESP" no_esp_here
		check "the peer's did" esp_at_peer
	fi
	check "no packet was dropped in XFRM" no_drops
	check "all can be removed" nothing_left
}

WORK=$(mktemp -d)
at_end rm -rf "$WORK"
plan_for all_checks
set_up setup
all_checks
finish
