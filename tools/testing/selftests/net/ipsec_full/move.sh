#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Live SAs move from software into the NIC, back, and in again, in both
# directions and modes, while datagrams and TCP go through them, of which none is
# lost. Numbers, windows, counters and times go along. What can't be moved is
# refused and goes on.
#
# timeout: 400
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"

# enum acme_status
NO_SPACE=5
INTERNAL=10
# A polled command has 90 ms.
LATE=300
# struct xfrm_user_offload
INBOUND=2 FULL=8 MOVE=32 SOFTWARE=64
# enum xfrm_attr_type_t
ATTR_AEAD=18 ATTR_LIFETIME=9 ATTR_ENCAP=4
RATE=${RATE:-10}

NATT_PORT=4500
ESN[7001]=esn ALG[7002]=sha256 ESN[7003]=esn ALG[7004]=sha512 ESN[7004]=esn
ALG[7006]=chacha ENCAP[7006]=$NATT_PORT ALG[7007]=gmac
pair 7000 tunnel    4 4 onlink 128 32
pair 7001 transport 6 6 onlink 256 64
pair 7002 tunnel    6 4 routed 256 128
pair 7003 transport 4 4 routed 128 1024
pair 7004 tunnel    4 6 onlink 128 256
pair 7006 tunnel    4 4 routed 256 64
pair 7007 transport 6 6 routed 128 64
# Of this one no traffic is wanted.
pair 7005 tunnel    4 4 onlink 128 64
LIVE=(7000 7001 7002 7003 7004 7006 7007)

# Ten datagrams of 100 bytes, 128 with their headers, may pass each way.
PASS=10 SIZE=100 LIMIT_PORT=4274
limited() {
	WORDS_OUT[$1]="limit $2" WORDS_IN[$1]="limit $2"
	pair "$1" tunnel 4 4 onlink 128 64
	LIMITED+=("$1")
}
limited 7010 "packet-hard $PASS"
limited 7011 "byte-hard $((PASS * 128))"
# These end in software.
limited 7012 "packet-hard $PASS"
limited 7013 "byte-hard $((PASS * 128))"

# Beyond 2^32, or soon to be: in software, in the NIC.
START[7020]=$((5 << 32 | 3)) START[7021]=$((0xfffffffd)) START[7022]=$((0xfffffffa))
HIGH=(7020 7021 7022)
for n in "${HIGH[@]}"; do
	ESN[$n]=esn
	pair "$n" tunnel 4 4 onlink 128 64
done

setup() {
	software_pairs_up 7000 7001 7002 7006 7007 &&
		pairs_up 7003 7004 7005 && out_of_udp && trace_moves &&
		stream_up "$RATE" "${LIVE[@]}"
}

# What takes ESP out of UDP, when software has the SAs.
out_of_udp() {
	local log=$OUT/move.natt

	server "$log-near" ready "$MOVES_DIR/udp_echo.py" encap $NATT_PORT &&
		server "$log-far" ready \
			peer "$MOVES_DIR/udp_echo.py" encap $NATT_PORT
}

# all_move none|DEVICE: and packets pass.
all_move() {
	local n there=in_device

	[[ $1 != none ]] || there=in_software
	move_pairs "$1" "${LIVE[@]}" && flows "${LIVE[@]}" || return
	for n in "${LIVE[@]}"; do
		$there "$n" || return
	done
}

# To where it is already: done, and no move.
again() {
	local before

	before=$(grep -c xfrm_full_move /sys/kernel/tracing/trace)
	move 7000 out "$1" && move 7000 in "$1" || return
	[[ $(grep -c xfrm_full_move /sys/kernel/tracing/trace) == "$before" ]]
}

nothing_lost() {
	stream_down && stream_whole
}

# passes FROM>TO...: the trace of pair 7000 has these in a row.
made() {
	echo "out: $(transitions 7000 out)"
	echo "in:  $(transitions 7000 in)"
	[[ " $(transitions 7000 "$1") " == *" ${*:2} "* ]]
}

# told PLACE none|DEVICE: each move is told, once; a move to where it is already, too.
told() {
	move_pairs "$2" "${LIVE[@]}" && moves_told "$1" "${LIVE[@]}" &&
		move_pairs "$2" 7000 && moves_told "$1" 7000
}

# Evidence of the last counters, which later checks change no more.
pings() {
	local n

	for n; do
		ping -q -c 3 -i 0.05 -W 2 -I "${NEAR[$n]}" "${FAR[$n]}" || return
	done
}

# moving WORDS...: pair 7000's outbound SA, by words of any kind.
raw_move() {
	"$MOVES_DIR/saops.py" move "${FAR_END[7000]}" "${SPI_OUT[7000]}" "$@"
}

unknown_spi() {
	echo "xfrm state update src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x777" \
		"offload $1" | near_batch
}

# larval WORDS...: an SA that has an SPI yet, and no keys.
larval() {
	at_end ip xfrm state flush
	ip xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel \
		min 0x1b5f0 max 0x1b5f0 >/dev/null || return
	echo "xfrm state update src 10.0.0.1 dst 10.0.0.2 proto esp" \
		"spi 0x1b5f0 offload $1" | near_batch
}

larval_delete() {
	ip xfrm state delete src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x1b5f0
}

# refused_by_nic COMMAND PLACE REASON DIRECTION DEVICE: the NIC refuses a command,
# and the SA goes on where it was.
refused_by_nic() {
	fault_of_nic "$1 refuse $INTERNAL" "${@:2}"
}

# fault_of_nic FAULT PLACE REASON DIRECTION DEVICE: likewise, by any fault. Nothing
# else of the SA changes.
fault_of_nic() {
	local output before

	before=$(essence 7000)
	# shellcheck disable=SC2086  # words
	acmectl fault $1 || return
	if output=$(move 7000 "$4" "$5" 2>&1); then
		echo "moved"
		acmectl fault clear
		return 1
	fi
	acmectl fault clear && echo "$output" && is_at 7000 "$4" "$2" "$2" "$3" &&
		diff <(echo "$before") <(essence 7000) && pings 7000
}

full_nic() {
	acmectl fault SA_ADD refuse "$NO_SPACE" || return
	! move 7000 out acme0 2>"$OUT/move.error" || return
	cat "$OUT/move.error"
	acmectl fault clear && grep -q 'is full' "$OUT/move.error" && pings 7000
}

# update N WORDS...: the usual update of the outbound SA, keys and all.
update() {
	sa "$1" out "$(outbound_window "$1")" "${*:2}" |
		sed 's/^xfrm state add/xfrm state update/' | near_batch
}

limit_is() {
	show 7000 out | grep -q "hard $1(packets)"
}

# update_elsewhere LIMIT PLACE WORDS...: the SA gets the limit, and there.
update_elsewhere() {
	update 7000 limit packet-hard "$1" "${@:3}" && limit_is "$1" &&
		is_at 7000 out "$2" "$2" request && pings 7000
}

setae() {
	"$MOVES_DIR/saops.py" setae "${FAR_END[7005]}" "${SPI_OUT[7005]}"
}

# options_kept out|in ADDED: the NIC gets the SA so often when they are set, and
# again when they are not.
options_kept() {
	local added

	added=$(sas_added)
	move 7005 "$1" acme0 exceptions drop fallback &&
		show 7005 "$1" | grep -q 'mode full exceptions drop fallback' &&
		(($(sas_added) == added + $2)) && move 7005 "$1" acme0 &&
		! show 7005 "$1" | grep -q 'exceptions\|fallback' &&
		(($(sas_added) == added + 2 * $2))
}

# takes out|in none|DEVICE COMMANDS: that a move needs.
takes() {
	local before took

	before=$(nic_count 0)
	move 7005 "$1" "$2" || return
	took=$(times "$before" "$(nic_count 0)")
	echo "$took"
	[[ $took == "$3" ]]
}

sas_added() {
	nic_commands ADD | cut -d ' ' -f 2
}

json() {
	# shellcheck disable=SC2046  # words
	ip -j -s xfrm state get $(sa_id 7005 out) | tee /dev/stderr |
		/usr/bin/python3 -S -c "import json, sys; s, = json.load(sys.stdin)
o = s['offload']
sys.exit([o[k] for k in ('place', 'wanted', 'reason')] !=
         ['device', 'device', 'request'] or o['epoch'] < 1)"
}

# What arrives by pairs that have limits, at both ends.
limits_up() {
	local near far

	mapfile -t near < <(addresses NEAR "${LIMITED[@]}")
	mapfile -t far < <(addresses FAR "${LIMITED[@]}")
	pairs_up "${LIMITED[@]}" && hear_gone &&
		server "$OUT/move.limits-near" ready "$MOVES_DIR/udp_echo.py" \
			log $LIMIT_PORT "${near[@]}" &&
		server "$OUT/move.limits-far" ready peer \
			"$MOVES_DIR/udp_echo.py" log $LIMIT_PORT "${far[@]}"
}

# send_limited COUNT: datagrams both ways by each pair.
send_limited() {
	send_both $LIMIT_PORT "$1" $SIZE "${LIMITED[@]}"
}

# passed near|far ADDRESS: datagrams that arrived there.
passed() {
	grep -c "^$2 " "$OUT/move.limits-$1"
}

# all_passed COUNT: by each pair, both ways.
all_passed() {
	local n

	for n in "${LIMITED[@]}"; do
		echo "$n: $(passed far "${FAR[$n]}") out," \
			"$(passed near "${NEAR[$n]}") in"
		[[ $(passed far "${FAR[$n]}") == "$1" &&
			$(passed near "${NEAR[$n]}") == "$1" ]] || return
	done
}

# Four in the NIC, three in software, and one more in the NIC: nothing is forgotten.
limits_move() {
	send_limited 4 && move_pairs none "${LIMITED[@]}" && send_limited 3 &&
		move_pairs acme0 "${LIMITED[@]}" && send_limited 1 &&
		move_pairs none 7012 7013 && all_passed 8
}

# Not one more than may pass, and each SA tells of its end once.
limits_end() {
	local n before missing=0 arrived

	before=$(dead)
	send_limited 6
	for n in "${LIMITED[@]}"; do
		arrived=$(passed near "${NEAR[$n]}")
		echo "$n: $(passed far "${FAR[$n]}") out, $arrived in"
		[[ $(passed far "${FAR[$n]}") == "$PASS" ]] || return
		missing=$((missing + PASS - arrived))
		((arrived <= PASS)) && busywait 5000 ended "$n" || return
	done
	echo "$missing came late, $(($(dead) - before)) counted"
	((missing == $(dead) - before))
}

ended() {
	local spi end="hard $PASS $((PASS * 128))"

	for spi in "${SPI_OUT[$1]}" "${SPI_IN[$1]}"; do
		ends_told "$GONE" "$spi"
		[[ $(ends_told "$GONE" "$spi" | grep hard) == "$end" ]] || return
	done
}

# The upper half of what was sent and received last.
highs() {
	local n

	for n; do
		show "$n" out | grep "seq-hi 0x0.* oseq-hi $(high "$n")," &&
			show "$n" in | grep "seq-hi $(high "$n")," || return
	done
}

# Nine packets have passed, or are to.
high() {
	printf '%#x' $(((START[$1] + 9) >> 32))
}

high_numbers() {
	software_pairs_up "${HIGH[@]}" && pings "${HIGH[@]}" &&
		move_pairs acme0 "${HIGH[@]}" && pings "${HIGH[@]}" &&
		move_pairs none "${HIGH[@]}" && pings "${HIGH[@]}" &&
		highs "${HIGH[@]}"
}

counters_agree() {
	keep_evidence final
}

# SAs that have expired can't be deleted.
limited_down() {
	near_lines "${LIMITED[@]}" | grep -v '^xfrm state' | undo | near_batch &&
		far_lines "${LIMITED[@]}" | undo | far_batch
}

# Sockets that take ESP out of UDP have policies, too.
all_removed() {
	run_cleanup
	pairs_down "${LIVE[@]}" 7005 "${HIGH[@]}" && limited_down && no_states && no_device_sas
}

moves_under_traffic() {
	check "from software into the NIC" all_move acme0
	check "where it is already" again acme0
	check "back to software" all_move none
	check "there already" again none
	check "into the NIC again" all_move acme0
	check "nothing was lost, or came twice" nothing_lost
	check "trace: outbound, in" made out "software>arming arming>device"
	check "trace: outbound, out" made out \
		"device>draining draining>software software>arming"
	check "trace: inbound, in" made in "software>arming arming>device"
	check "trace: inbound, out" made in \
		"arming>device device>software software>arming"
}

what_goes_along() {
	check "all goes along to software" carried none "${LIVE[@]}"
	check "and to the NIC" carried acme0 "${LIVE[@]}"
	check "packets pass" pings "${LIVE[@]}"
	check "commands, at most three: outbound, to software" \
		takes out none "DEL 1, STOP 1"
	check "likewise, inbound" takes in none "DEL 1, QUERY 1, STOP 1"
	check "likewise, outbound, to the NIC" takes out acme0 "ADD 1, RUN 1"
	check "likewise, inbound" takes in acme0 "ADD 1, RUN 1"
	check "exceptions and fallback: outbound, it stays in the NIC" \
		options_kept out 0
	check "likewise, inbound: the NIC gets it anew" options_kept in 1
	check "JSON tells where it is and why" json
	check "who listens is told of moves" hear_moves
	check "likewise, to software" told software none
	check "likewise, into the NIC" told device acme0
}

refusals() {
	check_fails "keys" "leave out algorithms" \
		raw_move $((MOVE | FULL)) acme0 $ATTR_AEAD
	check_fails "lifetimes" "leave out lifetimes" \
		raw_move $((MOVE | SOFTWARE)) - $ATTR_LIFETIME
	check_fails "encapsulation" "leave out encapsulation" \
		raw_move $((MOVE | SOFTWARE)) - $ATTR_ENCAP
	check_fails "to software and to a device" "A move is either" \
		raw_move $((MOVE | FULL | SOFTWARE)) acme0
	check_fails "to software, with a device" "A move is either" \
		raw_move $((MOVE | SOFTWARE)) acme0
	check_fails "to nowhere" "A move is either" raw_move $MOVE acme0
	check_fails "an unknown SA" "No SA has this identity" \
		unknown_spi "full dev acme0 dir out"
	check_fails "likewise, to software" "No SA has this identity" \
		unknown_spi none
	check_fails "an outbound SA as an inbound one" "another direction" \
		raw_move $((MOVE | FULL | INBOUND)) acme0
	check_fails "a device without full offload" \
		"Device doesn't support full offload" move 7000 out lo
	check_fails "a larval SA" "Only an SA that is valid can be moved" \
		larval "full dev acme0 dir out"
	check "it goes" larval_delete
	check_fails "replay state of an SA in the NIC can't be set" \
		"belong to the device: move the SA to software first" setae
	check "all that left the SA in the NIC" in_device 7000
	check "and working" pings 7000
}

failures() {
	check "SA_STOP refused: stays in the NIC" \
		refused_by_nic SA_STOP device request out none
	check "likewise, inbound" \
		refused_by_nic SA_STOP device request in none
	check "to software" move_pairs none 7000
	check "a full NIC: stays in software" full_nic
	check "SA_ADD refused: stays in software" \
		refused_by_nic SA_ADD software refused out acme0
	check "SA_RUN refused: stays in software" \
		refused_by_nic SA_RUN software refused out acme0
	check "likewise, inbound" \
		refused_by_nic SA_RUN software refused in acme0
	check "SA_RUN not answered in time: stays in software" \
		fault_of_nic "SA_RUN late-before $LATE" software timeout out acme0
	check "likewise, inbound" \
		fault_of_nic "SA_RUN late-after $LATE" software timeout in acme0
	check "then into the NIC" move_pairs acme0 7000
}

updates() {
	check "an update without offload" update_elsewhere 200000 software
	check "into the NIC" move 7000 out acme0
	check "to software" move 7000 out none
	check "an update with offload" update_elsewhere 300000 device \
		offload full dev acme0 dir out
	check "an update without, of an SA in software" \
		update_elsewhere 400000 software
}

numbers() {
	check "beyond 2^32, or past it in software, or in the NIC" high_numbers
	check "and to the NIC" carried acme0 "${HIGH[@]}"
	check "packets pass" pings "${HIGH[@]}"
}

limits() {
	check "SAs with limits" limits_up
	check "they are counted where the SA is" limits_move
	check "and no packet passes them" limits_end
}

all_checks() {
	moves_under_traffic
	what_goes_along
	refusals
	failures
	updates
	numbers
	limits
	check "counters have settled" counters_agree
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
at_end acmectl fault clear
all_checks
finish
