#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Limits in packets and bytes, soft and hard, out and in, at 1, 2, more, and 2^32,
# all in the NIC: exactly so many packets pass, and every listener is told once, with
# the counters of that moment.
# Limits that change under a live SA. The end of the sequence numbers at 2^32, and the way
# past it with ESN.
#
# timeout: 600
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
WORK=$(mktemp -d)
PORT=4263
# Datagrams, with what XFRM counts of each: 28 bytes of headers in a tunnel, of UDP
# those 8 in transport mode.
SENT=12
SIZE=100
COUNTED=128
TRANSPORT_COUNTED=108
NATT_PORT=4500
SEQ_START=$((0xfffffffc))

declare -A NAMES PASS SOFT HARD
# Bytes of each packet; packets of which a soft limit tells, at least.
declare -A BYTES SOFT_AT
LIMITED=() LIVE=() AGED=()

# limited N NAME PASS SOFT HARD WORDS...: so many packets pass either way; it is
# told, or not, that a soft and a hard limit were reached.
limited() {
	limits_of "$@"
	pair "$1" tunnel 4 4 routed 128 64
}

limits_of() {
	local n=$1

	NAMES[$n]=$2 PASS[$n]=$3 SOFT[$n]=$4 HARD[$n]=$5
	shift 5
	WORDS_OUT[$n]=$* WORDS_IN[$n]=$*
	BYTES[$n]=$COUNTED
}

# kind N NAME MODE OUTER INNER BITS packet|byte: soft 3, hard 6, of other SAs.
kind() {
	local n=$1 unit=1

	limits_of "$n" "$2: soft 3, hard 6, by $7" 6 1 1
	SOFT_AT[$n]=3
	[[ $3 == tunnel ]] || BYTES[$n]=$TRANSPORT_COUNTED
	[[ $7 == packet ]] || unit=${BYTES[$n]}
	WORDS_OUT[$n]="limit $7-soft $((3 * unit)) limit $7-hard $((6 * unit))"
	WORDS_IN[$n]=${WORDS_OUT[$n]}
	pair "$n" "$3" "$4" "$5" routed "$6" 64
}

describe_kinds() {
	ALG[2402]=chacha ALG[2403]=sha256
	ENCAP[2404]=$NATT_PORT
	kind 2400 "transport IPv4" transport 4 4 128 packet
	kind 2401 "transport IPv6" transport 6 6 128 byte
	kind 2402 "ChaCha20-Poly1305" tunnel 4 4 256 byte
	kind 2403 "AES-CBC with HMAC" tunnel 4 4 128 packet
	kind 2404 "in UDP" tunnel 4 4 128 byte
	kind 2405 "tunnel over IPv6" tunnel 6 4 256 packet
}

describe() {
	local n=2000 count

	for count in 1 2 7 $SENT; do
		limited $((n++)) "packet-hard $count" "$count" 0 \
			$((count < SENT)) limit packet-hard "$count"
		SOFT_AT[$n]=$count
		limited $((n++)) "packet-soft $count" $SENT \
			$((count < SENT)) 0 limit packet-soft "$count"
		limited $((n++)) "bytes of $count packets, hard" "$count" 0 \
			$((count < SENT)) limit byte-hard $((count * COUNTED))
		SOFT_AT[$n]=$count
		limited $((n++)) "bytes of $count packets, soft" $SENT \
			$((count < SENT)) 0 limit byte-soft $((count * COUNTED))
	done
	limited $((n++)) "byte-hard 1" 1 0 1 limit byte-hard 1
	limited $((n++)) "a byte less than 3 packets" 3 0 1 \
		limit byte-hard $((3 * COUNTED - 1))
	limited $((n++)) "a byte more than 3 packets" 4 0 1 \
		limit byte-hard $((3 * COUNTED + 1))
	SOFT_AT[$n]=3
	limited $((n++)) "soft 3, hard 6" 6 1 1 \
		limit packet-soft 3 limit packet-hard 6
	limited $((n++)) "packets before bytes" 2 0 1 \
		limit packet-hard 2 limit byte-hard $((5 * COUNTED))
	limited $((n++)) "bytes before packets" 2 0 1 \
		limit packet-hard 5 limit byte-hard $((2 * COUNTED))
	limited $((n++)) "2^32 bytes" $SENT 0 0 \
		limit byte-hard $((1 << 32)) limit packet-soft $((1 << 32))
	describe_kinds
	LIMITED=("${PAIRS[@]}")
}

# Each with the words of its update. Four packets have passed before.
describe_live() {
	limited 2100 "lowered to 6" 6 0 1 limit packet-hard 100
	limited 2101 "raised to 6" 6 0 1 limit packet-hard 5
	limited 2102 "lowered below what has passed" 4 0 1 limit packet-hard 100
	limited 2103 "removed" $((SENT + 4)) 0 0 limit packet-hard 5
	limited 2104 "a soft limit anew" $((SENT + 4)) 2 0 limit packet-soft 3
	limited 2105 "from bytes to packets" 7 0 1 limit byte-hard 1000
	SOFT_AT[2104]=3
	LIVE=({2100..2105})
	declare -gA UPDATE=(
		[2100]="limit packet-hard 6" [2101]="limit packet-hard 6"
		[2102]="limit packet-hard 2" [2103]=""
		[2104]="limit packet-soft 9" [2105]="limit packet-hard 7"
	)
}

# near_update N: the near side's SAs again, with the new limits.
near_update() {
	WORDS_OUT[$1]=${UPDATE[$1]} WORDS_IN[$1]=${UPDATE[$1]}
	near_states "$1" | sed 's/^xfrm state add/xfrm state update/'
}

# aged N NAME PASS SOFT HARD PACKETS BYTES LIMITS: an SA that has had so many
# packets and bytes. LIMITS are those of newsa.py: soft and hard bytes, packets.
declare -A AGE
aged() {
	limits_of "$1" "$2" "$3" "$4" "$5"
	AGE[$1]="$6 $7 $8"
	AGED+=("$1")
	pair "$1" tunnel 4 4 routed 128 64
}

describe_aged() {
	local u32=$((1 << 32)) size=$COUNTED

	aged 2300 "packet-hard 2^32" 3 0 1 $((u32 - 3)) 0 0,0,0,$u32
	aged 2301 "packet-hard 2^32 + 1" 3 0 1 $((u32 - 2)) 0 0,0,0,$((u32 + 1))
	aged 2302 "packet-hard 2^32 - 1" 2 0 1 $((u32 - 3)) 0 0,0,0,$((u32 - 1))
	aged 2303 "byte-hard 2^32" 2 0 1 0 $((u32 - 2 * size)) 0,$u32,0,0
	aged 2304 "byte-hard 2^32 + 1" 3 0 1 0 $((u32 - 2 * size)) \
		0,$((u32 + 1)),0,0
	aged 2305 "packet-soft 2^32 - 1, hard 2^32 + 1" 4 1 1 $((u32 - 3)) 0 \
		0,0,$((u32 - 1)),$((u32 + 1))
	SOFT_AT[2305]=2
	aged 2306 "byte-soft 2^32, byte-hard 2^33" 4 1 1 0 \
		$((2 * u32 - 4 * size)) "$u32,$((2 * u32)),0,0"
}

# What newsa.py needs to know of the near side's SAs.
aged_states() {
	local near=${NEAR_END[$1]} far=${FAR_END[$1]}

	echo "out $near $far ${SPI_OUT[$1]} $1 ${KEY_OUT[$1]} ${AGE[$1]}"
	echo "in $far $near ${SPI_IN[$1]} $1 ${KEY_IN[$1]} ${AGE[$1]}"
}

aged_up() {
	local n packets octets

	protect "${AGED[@]}"
	for n in "${AGED[@]}"; do
		read -r packets octets _ <<<"${AGE[$n]}"
		echo "near ${FAR_END[$n]} ${SPI_OUT[$n]} $packets $octets"
		echo "near ${NEAR_END[$n]} ${SPI_IN[$n]} $packets $octets"
	done >>"$EVIDENCE/ages"
	far_lines "${AGED[@]}" | far_batch &&
		near_lines "${AGED[@]}" | grep -v '^xfrm state' | near_batch &&
		each aged_states "${AGED[@]}" |
		"$SCRIPTS/newsa.py" aged acme0 && keep_evidence live
}

# SAs that start at the end of the 32-bit numbers.
describe_numbers() {
	ESN[2201]=esn START[2200]=$SEQ_START START[2201]=$SEQ_START
	limited 2200 "the last sequence number" 3 0 1
	limited 2201 "past 2^32 with ESN" $SENT 0 0
	NUMBERS=(2200 2201)
}

setup() {
	local near far

	mapfile -t near < <(addresses NEAR "${PAIRS[@]}")
	mapfile -t far < <(addresses FAR "${PAIRS[@]}")
	pairs_up "${LIMITED[@]}" "${LIVE[@]}" "${NUMBERS[@]}" && aged_up &&
		server "$WORK/near" ready \
			"$SCRIPTS/udp_echo.py" log $PORT "${near[@]}" &&
		server "$WORK/far" ready \
			peer "$SCRIPTS/udp_echo.py" log $PORT "${far[@]}" &&
		server "$WORK/encap" ready \
			peer "$SCRIPTS/udp_echo.py" encap $NATT_PORT &&
		hear_gone && listen
}

# The second listener, of limits only.
listen() {
	LISTENERS=("$GONE" "$WORK/expired")
	ip -s xfrm monitor expire >"$WORK/expired" 2>&1 &
	at_end stop_server $!
	slowwait 10 monitors $!
}

# send_all COUNT N...: both ways.
send_all() {
	send_both $PORT "$1" $SIZE "${@:2}"
}

# passed LOG ADDRESS: datagrams that arrived there.
passed() {
	grep -c "^$2 " "$WORK/$1"
}

# told_is N LISTENER SPI: each limit once, with the counters that the SA had: all it
# will ever have at the hard limit, and some at the soft one.
told_is() {
	local packets=0 octets=0

	read -r packets octets _ <<<"${AGE[$1]:-0 0}"
	ends_told "$2" "$3" | awk -v soft="${SOFT[$1]}" -v hard="${HARD[$1]}" \
		-v least="${SOFT_AT[$1]:-0}" -v most="${PASS[$1]}" \
		-v size="${BYTES[$1]}" -v packets="$packets" -v octets="$octets" '
		{ n = $2 - packets
		  good = $3 - octets == n * size && n <= most }
		$1 == "soft" { soft--; bad += !good || n < least }
		$1 == "hard" { hard--; bad += !good || n != most }
		END { exit soft || hard || bad }'
}

# late N in GOT: the NIC let them pass, but the host had been told of the limit, and
# had no SA any more, before it took them out of the ring: lost, and counted.
LATE=0
late() {
	[[ $2 == in ]] && ((HARD[$1] && $3 < PASS[$1])) || return
	LATE=$((LATE + PASS[$1] - $3))
}

late_are_counted() {
	echo "$LATE were late, $(($(dead) - DEAD)) counted"
	(($(dead) - DEAD == LATE))
}

# passes N out|in: exactly as many as are meant to, and all listeners hear it.
passes() {
	local n=$1 log=far address=${FAR[$1]} spi=${SPI_OUT[$1]} listener got

	[[ $2 == out ]] || { log=near address=${NEAR[$n]} spi=${SPI_IN[$n]}; }
	got=$(passed $log "$address")
	echo "$got of ${PASS[$n]} packets"
	[[ $got == "${PASS[$n]}" ]] || late "$n" "$2" "$got" || return
	for listener in "${LISTENERS[@]}"; do
		busywait 5000 told_is "$n" "$listener" "$spi" && continue
		echo "of ${SOFT[$n]} soft, ${HARD[$n]} hard, told:"
		ends_told "$listener" "$spi"
		return 1
	done
}

update_live() {
	each near_update "${LIVE[@]}" | near_batch && keep_evidence live
}

# What was to expire is gone from the NIC, the rest is there.
rest_is_in_nic() {
	local n left=0

	for n in "${PAIRS[@]}"; do
		((HARD[$n])) || left=$((left + 2))
	done
	# Inbound, there is no last number of ours.
	busywait 5000 device_has $((left + 1))
}

# Their packets are counted on the far side, and there equal the wire.
counters_agree() {
	keep_evidence final
}

# SAs that have expired can't be deleted.
all_removed() {
	run_cleanup
	ip xfrm state flush && peer ip xfrm state flush || return
	far_lines "${PAIRS[@]}" | grep -v '^xfrm state' | undo | far_batch &&
		near_lines "${PAIRS[@]}" | grep -v '^xfrm state' | undo |
		near_batch && no_states && no_device_sas
}

both_ways() {
	local n

	for n; do
		check "out: ${NAMES[$n]}" passes "$n" out
		check "in: ${NAMES[$n]}" passes "$n" in
	done
}

all_checks() {
	check "$SENT packets each way through all SAs" \
		send_all $SENT "${LIMITED[@]}"
	both_ways "${LIMITED[@]}"
	check "4 packets before limits change" send_all 4 "${LIVE[@]}"
	check "limits change" update_live
	check "$SENT packets each way" send_all $SENT "${LIVE[@]}"
	both_ways "${LIVE[@]}"
	check "$SENT packets each way, counters about 2^32" \
		send_all $SENT "${AGED[@]}"
	both_ways "${AGED[@]}"
	check "packets to the end of 32 bits" send_all $SENT "${NUMBERS[@]}"
	check "out: ${NAMES[2200]}" passes 2200 out
	check "out: ${NAMES[2201]}" passes 2201 out
	check "in: ${NAMES[2201]}" passes 2201 in
	check "what came too late for its SA is counted" late_are_counted
	check "other SAs stay in the NIC" rest_is_in_nic
	check "counters have settled" counters_agree
	check "all can be removed" all_removed
}

describe
describe_live
describe_aged
describe_numbers
DEAD=$(dead)
plan_for all_checks
set_up setup
all_checks
rm -rf "$WORK"
finish
