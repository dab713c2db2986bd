#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets too big for an SA in the NIC, where IPv6 makes it hard: links whose MTU is
# the smallest of IPv6, or a little more, and packets that are yet to be cut (GSO).
# Who sent them is told the same, and as many packets leave, as when software has the
# SA, and the sizes at which that changes are right.
#
# By default it is a sample of all tunnels and sizes, as one takes ten seconds: SEED=
# chooses another, FULL=1 takes all.
#
# timeout: 400
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/client.sh"

PORT=4286
SEGMENTS=10
TCP_BYTES=200000
IPV6_MIN_MTU=1280
# ESP's header, IV and ICV
ESP_OVERHEAD=32

pair 7530 transport 6 6 routed 128 64
pair 7531 tunnel    6 6 routed 128 64
pair 7532 tunnel    6 4 routed 128 64
pair 7533 tunnel    4 6 routed 128 64
pair 7534 tunnel    4 4 routed 128 64
PAIRS=({7530..7534})
TUNNELS=({7531..7534})
: "${SAMPLE:=5}"
: "${SEED:=$RANDOM}"

# Answers would be too big for the NIC.
no_answers() {
	local name

	for name in net.ipv4.icmp_echo_ignore_all net.ipv6.icmp.echo_ignore_all; do
		peer sysctl -qw $name=1 && at_end peer sysctl -qw $name=0 ||
			return
	done
}

# Nor does anybody say that nobody listens.
listener_up() {
	local n addresses=()

	for n in "${PAIRS[@]}"; do
		addresses+=("${FAR[$n]}")
	done
	server "$OUT/$TEST_NAME.udp" ready peer "$MOVES_DIR/udp_echo.py" log \
		$PORT "${addresses[@]}"
}

setup() {
	pairs_up "${PAIRS[@]}" && client_up "${TUNNELS[@]}" && no_answers &&
		listener_up && at_end nic_mtu 1500
}

nic_mtu() {
	MTU=$1
	ip link set acme0 mtu "$1"
}

# The largest packet that fits, with ESP, of which the padding goes to 4 bytes.
sa_mtu() {
	local header=20 room

	((${OUTER[$1]} == 4)) || header=40
	room=$(((MTU - header - ESP_OVERHEAD) / 4 * 4 - 2))
	[[ ${MODE[$1]} == tunnel ]] || room=$((room + header))
	echo $room
}

# near N COMMAND..., behind N COMMAND...: as the address of this side, or behind it.
near() {
	"${@:2}"
}

behind() {
	ip netns exec "$CLIENT" "${@:2}"
}

from() {
	if [[ $1 == near ]]; then
		echo "${NEAR[$2]}"
	else
		client "$2"
	fi
}

# Nothing is left of what was told before.
forget() {
	local family

	for family in 4 6; do
		ip -$family route flush cache
		ip -n "$CLIENT" -$family route flush cache
	done
}

# pinged WHO N SIZE do|dont: what is told about one packet of this size, and how many
# the SA has counted.
pinged() {
	local who=$1 n=$2 headers=48 before output

	((${INNER[$n]} == 6)) || headers=28
	forget
	before=$(sent "$n")
	output=$("$who" "$n" ping -c 1 -W "$(pace 300)" -M "$4" \
		-s $(($3 - headers)) -I "$(from "$who" "$n")" "${FAR[$n]}" 2>&1)
	told <<<"$output"
	echo "$(($(sent "$n") - before)) sent"
}

# The MTU that ping or udp_echo.py was told.
told() {
	sed -nE 's/.*mtu[ =:]*([0-9]+).*/told \1/p' | sort -u
}

# cut WHO N SIZE: likewise, of a packet that is to be cut into some of this size.
cut() {
	local who=$1 n=$2 headers=48 before output

	((${INNER[$n]} == 6)) || headers=28
	forget
	before=$(sent "$n")
	output=$("$who" "$n" "$MOVES_DIR/udp_echo.py" cut $PORT $SEGMENTS \
		$(($3 - headers)) "$(from "$who" "$n")>${FAR[$n]}" 2>&1)
	told <<<"$output"
	echo "$(($(sent "$n") - before)) sent"
}

# outcome WORDS... of pinged or cut, in a line.
outcome() {
	local lines

	mapfile -t lines < <("$@")
	echo "$1 $2 ${*:4}: ${lines[*]}"
}

# pings N: with DF, and IPv6 without, which is never cut on its way.
pings() {
	local n=$1 who size limit

	limit=$(sa_mtu "$n")
	for who in near behind; do
		for size in "$limit" $((limit + 1)) $IPV6_MIN_MTU \
			$((IPV6_MIN_MTU + 1)) 1500; do
			outcome pinged "$who" "$n" "$size" "do"
		done
		((${INNER[$n]} == 4)) ||
			outcome pinged "$who" "$n" $((limit + 1)) dont
	done
}

# cuts N: likewise, from behind: a socket's UDP with an SA is never left to be cut.
cuts() {
	local n=$1 size limit

	limit=$(sa_mtu "$n")
	for size in "$limit" $((limit + 1)) 1500; do
		outcome cut behind "$n" "$size"
	done
}

# same_in_software N OUTCOMES FILE
same_in_software() {
	move "$1" out none || return
	"$2" "$1" >"$3.software"
	move "$1" out acme0 && diff "$3" "$3.software"
}

# by_nic N MTU pings|cuts PACKETS: so many leave with one of the largest size, and
# none of a byte more, which is told.
by_nic() {
	local n=$1 got=$OUT/$TEST_NAME.$1.$2.$3 limit packets=$4 line

	nic_mtu "$2" || return
	limit=$(sa_mtu "$n")
	"$3" "$n" >"$got"
	cat "$got"
	while read -r line; do
		grep -q "^$line$" "$got" || { echo "no $line"; return 1; }
	done < <(wanted "$n" "$3" "$limit" "$packets")
	same_in_software "$n" "$3" "$got"
}

# wanted N pings|cuts LIMIT PACKETS
wanted() {
	local who end=" do" more=$(($3 + 1))

	[[ $2 == pings ]] || end=
	for who in near behind; do
		[[ $2 == pings || $who == behind ]] || continue
		echo "[a-z]* $who $3$end: $4 sent"
		if [[ $2 == cuts ]] && must_pass "$1" $more; then
			echo "[a-z]* $who $more$end: $4 sent"
		else
			echo "[a-z]* $who $more$end: told $3 0 sent"
		fi
	done
}

# must_pass N SIZE: what IPv6 need not cut any more, software does, outside.
must_pass() {
	((${INNER[$1]} == 6 && $2 <= IPV6_MIN_MTU))
}

# listening ADDRESS
listening() {
	peer ss -Hltn "sport = :$PORT" | grep -qF "$1"
}

# tcp_told N: TCP from behind has segments as large as the far side's MTU allows, which
# are too big, and comes down to what is told.
tcp_told() {
	local got listener

	nic_mtu 1380 && forget || return
	peer sh -c "timeout $((60 * PATIENCE_FACTOR)) nc -l ${FAR[$1]} $PORT |
		sha256sum" >"$OUT/$TEST_NAME.tcp" &
	listener=$!
	slowwait 20 listening "${FAR[$1]}" || return
	head -c $TCP_BYTES /dev/urandom >"$OUT/$TEST_NAME.data"
	behind "$1" timeout "$((30 * PATIENCE_FACTOR))" nc -N \
		-s "$(client "$1")" "${FAR[$1]}" $PORT \
		<"$OUT/$TEST_NAME.data" || return
	wait $listener
	ip -n "$CLIENT" route get "${FAR[$1]}"
	got=$(<"$OUT/$TEST_NAME.tcp")
	[[ $got == "$(sha256sum <"$OUT/$TEST_NAME.data")" ]] &&
		ip -n "$CLIENT" route get "${FAR[$1]}" |
		grep "mtu $(sa_mtu "$1")"
}

# esp_cut N MTU: what fits the NIC encrypts, and for one more software does, and cuts
# ESP, also where the SA's MTU is smaller than IPv6's smallest.
esp_cut() {
	local n=$1 limit before

	nic_mtu "$2" || return
	limit=$(sa_mtu "$n") before=$(mib near XfrmFullOutSoftware)
	[[ $(pinged near "$n" "$limit" dont) == "1 sent" ]] &&
		[[ $(mib near XfrmFullOutSoftware) == "$before" ]] &&
		[[ $(pinged near "$n" $((limit + 1)) dont) == "1 sent" ]] &&
		[[ $(mib near XfrmFullOutSoftware) == $((before + 1)) ]]
}

# Above IPv6's smallest MTU, who says DF is told.
transport_told() {
	local limit

	nic_mtu "$2" || return
	limit=$(sa_mtu "$1")
	[[ $(pinged near "$1" "$limit" "do") == "1 sent" ]] &&
		[[ $(pinged near "$1" $((limit + 1)) "do" | paste -sd' ') == \
			"told $limit 0 sent" ]]
}

name_of() {
	echo "${MODE[$1]} IPv${OUTER[$1]}, IPv${INNER[$1]} inside"
}

all_removed() {
	run_cleanup
	pairs_down "${PAIRS[@]}" && no_states && no_device_sas
}

# pair, what, MTU
rows() {
	local n mtu

	for n in "${TUNNELS[@]}"; do
		echo "$n tcp"
		for mtu in 1500 1300; do
			echo "$n cuts $mtu"
		done
		for mtu in $IPV6_MIN_MTU 1300 1360; do
			echo "$n pings $mtu"
		done
	done
}

wanted_rows() {
	if [[ ${FULL:-0} == 0 ]]; then
		rows | chosen "$SAMPLE" "$SEED"
	else
		rows
	fi
}

all_checks() {
	local n what mtu

	while read -r -u 9 n what mtu; do
		case $what in
		tcp) check "TCP: $(name_of "$n")" tcp_told "$n" ;;
		cuts) check "GSO, MTU $mtu: $(name_of "$n")" \
			by_nic "$n" "$mtu" cuts $SEGMENTS ;;
		pings) check "MTU $mtu: $(name_of "$n")" \
			by_nic "$n" "$mtu" pings 1 ;;
		esac
	done 9< <(wanted_rows)
	for mtu in $IPV6_MIN_MTU 1300 1360; do
		check "MTU $mtu: $(name_of 7530)" esp_cut 7530 "$mtu"
	done
	check "MTU 1360, DF: $(name_of 7530)" transport_told 7530 1360
	check "the MTU is as before" nic_mtu 1500
	check "counters agree" keep_evidence final
	check "all can be removed" all_removed
}

plan_for all_checks
echo "# SEED=$SEED"
set_up setup
all_checks
finish
