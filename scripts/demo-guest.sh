#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo's part in the test VM (PEER=vm): shows real traffic that the NIC
# encrypts, and what can be known about it here. demo.sh judges the wire, after.
# Leaves in $OUT: figures ("name value"), wire/ for verify_wire.py.
TESTS=$VM_REPO/tools/testing/selftests/net/ipsec_full
source "$TESTS/lib.sh"
source "$TESTS/ipsec.sh"

SECONDS_TCP=4
SECONDS_UDP=2
FILE_MIB=${FILE_MIB:-64}
FILE_PORT=4243
SIZES=({0..20} 56 1000 1300)
WORK=$(mktemp -d)
at_end rm -rf "$WORK"
FAILED=0
STEP=0

#    N  mode      outer inner hops   bits window
pair 1  tunnel    4     4     onlink 256  1024
pair 2  tunnel    4     6     routed 128  64
pair 3  tunnel    6     4     onlink 128  256
pair 4  transport 4     4     routed 256  32
pair 5  transport 6     6     onlink 128  512

title() {
	STEP=$((STEP + 1))
	printf '\n%d. %s\n\n' "$STEP" "$*"
}

say() {
	fold -s -w 74 <<<"$*" | sed 's/^/   /; s/ *$//'
}

indent() {
	sed 's/^/      /'
}

# show COMMAND...: as one would type it, and what it prints.
show() {
	printf '      # %s\n' "$*"
	"$@" 2>&1 | indent
}

# prove TEXT COMMAND...: the command must succeed.
prove() {
	local what=$1

	shift
	if "$@" >"$WORK/proof" 2>&1; then
		printf '   [ok]  %s\n' "$what"
		return
	fi
	printf '   [NO]  %s\n' "$what"
	indent <"$WORK/proof"
	FAILED=1
}

figure() {
	echo "$1 $2" >>"$OUT/figures"
}

name_of() {
	local n=$1

	if [[ ${MODE[$n]} == tunnel ]]; then
		printf '%-9s IPv%d in IPv%d, AES-GCM-%d' tunnel "${INNER[$n]}" \
			"${OUTER[$n]}" "${BITS[$n]}"
	else
		printf '%-9s IPv%d,         AES-GCM-%d' transport \
			"${OUTER[$n]}" "${BITS[$n]}"
	fi
}

# Mbit/s that the receiver saw.
tcp_rate() {
	iperf3 -c "$1" -B "$2" -t "$SECONDS_TCP" -f m "${@:3}" |
		awk '/receiver/ { print $7; found = 1 } END { exit !found }'
}

# Frames a second that the NIC put on the wire, or took from it.
packet_rate() {
	local counter=hw_tx_frames before

	[[ ${3:-} != -R ]] || counter=hw_rx_frames
	before=$(statistic "$counter")
	iperf3 -c "$1" -B "$2" -u -b 0 -l 64 -t "$SECONDS_UDP" "${@:3}" \
		>/dev/null || return
	echo $((($(statistic "$counter") - before) / SECONDS_UDP))
}

statistic() {
	ethtool -S acme0 | sed -n "s/^ *$1: //p"
}

# measure NAME FAR NEAR
measure() {
	local name=$1 far=$2 near=$3 value what

	for what in tcp_rate packet_rate; do
		value=$("$what" "$far" "$near") || value=0
		figure "$name-$what-out" "$value"
		value=$("$what" "$far" "$near" -R) || value=0
		figure "$name-$what-in" "$value"
	done
	prove "TCP $(rate "$name-tcp_rate") Mbit/s out and in" moved "$name-tcp_rate"
	prove "UDP, 64 bytes: $(rate "$name-packet_rate") packets/s out and in" \
		moved "$name-packet_rate"
}

rate() {
	sed -n "s/^$1-[a-z]* //p" "$OUT/figures" | paste -sd/ | sed 's,/, / ,'
}

moved() {
	sed -n "s/^$1-[a-z]* //p" "$OUT/figures" |
		awk '$1 > 0 { n++ } END { exit n != 2 }'
}

pings() {
	local n=$1 size

	# shellcheck disable=SC2153  # not a misspelt size
	for size in "${SIZES[@]}"; do
		ping -q -c 1 -W 3 -I "${NEAR[$n]}" -s "$size" "${FAR[$n]}" ||
			return
	done
}

file_out() {
	peer sh -c "nc -l ${FAR[$1]} $FILE_PORT | sha256sum" >"$WORK/sum" &
	slowwait 10 peer_listens || return
	nc -N -s "${NEAR[$1]}" "${FAR[$1]}" "$FILE_PORT" <"$WORK/file" || return
	wait $!
	diff "$WORK/sum" "$WORK/file.sum"
}

peer_listens() {
	peer ss -Hltn "sport = :$FILE_PORT" | grep -q .
}

clear_traffic() {
	title "Two machines and a wire, no IPsec yet"
	say "This VM has the NIC under test, acme0. The peer is another VM with a" \
		"stock virtio-net card."
	prove "the peer answers on IPv4 and IPv6" \
		eval "ping -q -c 2 -i 0.2 10.0.0.2 && ping -q -c 2 -i 0.2 fd00::2"
	measure clear 10.0.0.2 10.0.0.1
}

masked() {
	sed -E 's/(0x[0-9a-f]{6})[0-9a-f]{30,}/\1.../; s/  +/ /g; s/ *$//'
}

# The first pair's, in lines that fit.
commands() {
	near_lines 1 | grep "^$1" | grep -v 'dir fwd' | masked |
		sed -E -e 's/^/      ip /' \
			-e 's/ (mode|aead|sel|tmpl|offload|dir (in|out) offload) /\n         &/g'
}

offload() {
	title "SAs and policies, with the words \"offload full dev acme0\""
	say "Five pairs of SAs: tunnel and transport mode, IPv4 and IPv6 in each" \
		"other, to a peer on the link and to one behind a router. The first:"
	commands 'xfrm state'
	commands 'xfrm policy'
	echo
	prove "XFRM accepts them all, and the peer's software has the same SAs" \
		pairs_up "${PAIRS[@]}"
	prove "the NIC says that it has ten SAs" device_has 10
	prove "functions that do ESP and AES-GCM are counted from now on, here" \
		"$TESTS/count_calls.sh" start
	prove "and in the peer" peer "$TESTS/count_calls.sh" start
}

traffic() {
	local n

	title "Traffic"
	for n in "${PAIRS[@]}"; do
		prove "ping, 0 to 20 bytes and more: $(name_of "$n")" pings "$n"
	done
	prove "ping with 4000 bytes: fragmented, then encrypted" \
		ping -q -c 1 -W 3 -s 4000 -I "${NEAR[1]}" "${FAR[1]}"
	measure full "${FAR[1]}" "${NEAR[1]}"
	head -c "${FILE_MIB}M" /dev/urandom >"$WORK/file"
	sha256sum <"$WORK/file" >"$WORK/file.sum"
	prove "a file of $FILE_MIB MiB arrives with equal sha256, tunnel" file_out 1
	prove "and in transport mode, IPv6" file_out 5
}

what_tcpdump_sees() {
	title "What tcpdump sees on acme0"
	say "The packet before the NIC encrypts it, and the answer after the NIC" \
		"has decrypted it. ESP is on the wire only."
	tcpdump -n -l -c 2 -i acme0 icmp >"$WORK/tcpdump" 2>/dev/null &
	slowwait 10 capturing
	ping -q -c 3 -i 0.2 -I "${NEAR[1]}" "${FAR[1]}" >/dev/null
	wait $!
	cut -c 17-90 "$WORK/tcpdump" | indent
	prove "the inner packets, no ESP" inner_packets
}

capturing() {
	grep -q acme0 /proc/net/ptype
}

inner_packets() {
	[[ $(wc -l <"$WORK/tcpdump") == 2 ]] && ! grep ESP "$WORK/tcpdump"
}

calls() {
	awk '{ n += $1 } END { print n + 0 }' "$1"
}

# into FILE COMMAND...
into() {
	"${@:2}" >"$1"
}

who_encrypted() {
	title "Who encrypted?"
	prove "what IPsec called has been counted, here" \
		into "$WORK/calls" "$TESTS/count_calls.sh" show
	prove "and in the peer" \
		into "$WORK/peer-calls" peer "$TESTS/count_calls.sh" show
	say "Calls of esp_input, esp_output, crypto_aead_encrypt and their like:" \
		"$(calls "$WORK/calls") here, $(calls "$WORK/peer-calls") in the" \
		"peer, which did the same work in software:"
	grep -E ' (esp6?_(input|output_head)|crypto_aead_(en|de)crypt)$' \
		"$WORK/peer-calls" | awk '{ printf "%9d %s\n", $1, $2 }' | indent
	prove "this machine's CPU has computed no ESP" test ! -s "$WORK/calls"
	prove "the peer's has" grep -Eq '^[0-9]{4,} esp_input$' "$WORK/peer-calls"
}

sa_table() {
	awk '$1 == "src" && $3 == "dst" { src = $2; dst = $4 }
	     $2 == "esp" && $3 == "spi" { sub(/\(.*/, "", $4); spi = $4 }
	     $1 == "lifetime" && $2 == "current:" {
		getline
		gsub(/[^0-9]+/, " ")
		printf "%-12s > %-12s %s %9d packets %11d bytes\n",
		       src, dst, spi, $2, $1
	     }' "$1" | sort -b -k 4,4
}

counters_of_both() {
	title "What both ends have counted"
	prove "the traffic has ended" keep_evidence final
	sa_table "$EVIDENCE/near-demo-guest-0.final" >"$WORK/near"
	sa_table "$EVIDENCE/far-demo-guest-0.final" >"$WORK/far"
	indent <"$WORK/near"
	prove "the peer counts the same, to the packet and byte" \
		diff "$WORK/near" "$WORK/far"
}

no_sa() {
	title "Without its SA, a policy blocks"
	states_del "${PAIRS[@]}"
	prove "SAs deleted: gone from the NIC" no_device_sas
	prove "no answer any more, and (see below) no cleartext on the wire" \
		eval "! ping -q -c 3 -i 0.2 -W 1 -I ${NEAR[1]} ${FAR[1]}"
	prove "counted as XfrmOutNoStates" test "$(mib near XfrmOutNoStates)" -ge 3
}

# Deleted, packets that found none, and new ones.
another_round() {
	states_del "${PAIRS[@]}" &&
		busywait_for_counter 10000 10 mib near XfrmOutNoStates \
			>/dev/null &&
		new_states && flows "${PAIRS[@]}"
}

new_states() {
	renew "${PAIRS[@]}" && states_add "${PAIRS[@]}"
}

under_traffic() {
	local n round pings=()

	title "SAs come and go under traffic"
	prove "new SAs" new_states
	for n in "${PAIRS[@]}"; do
		ping -q -i 0.02 -I "${NEAR[$n]}" "${FAR[$n]}" >/dev/null 2>&1 &
		pings+=($!)
		at_end stop_server $!
	done
	for round in 1 2 3; do
		prove "all deleted, and new ones added, while packets flow ($round)" \
			another_round
	done
	for n in "${pings[@]}"; do
		stop_server "$n"
	done
	prove "the last ones, for a few packets" last_states
}

# What is on its way when the others end, nobody can tell.
last_states() {
	local n

	states_del "${PAIRS[@]}" && new_states || return
	for n in "${PAIRS[@]}"; do
		ping -q -c 3 -i 0.05 -W 5 -I "${NEAR[$n]}" "${FAR[$n]}" || return
	done
	keep_evidence final
}

main() {
	rm -f "$OUT/figures"
	server "$WORK/iperf3" listening peer iperf3 -s --forceflush
	clear_traffic
	offload
	traffic
	what_tcpdump_sees
	who_encrypted
	counters_of_both
	no_sa
	under_traffic
	return "$FAILED"
}

main
