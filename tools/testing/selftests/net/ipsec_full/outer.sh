#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Outer headers that the NIC makes, and inner ones that it gives out, are those of
# the kernel's software: for each pair of SAs in the NIC there is one in software
# that gets the same packets. Traffic class (DSCP, ECN), DF, TTL, flow label, with
# the flags of XFRM that govern them, in all combinations of families.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
# shellcheck disable=SC2034
INJECT_PORT=4266
source "$(dirname "$0")/inject.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
WORK=$(mktemp -d)
PORT=4267
HONEST=6190
# By pair in the NIC: that in software is the next one.
IN_NIC=()
declare -A NAMES
FLAGS_OUT=("" "flag noecn" "flag nopmtudisc" "extra-flag dont-encap-dscp"
	"flag noecn extra-flag dont-encap-dscp")
FLAGS_IN=("" "flag noecn" "flag decap-dscp" "flag noecn flag decap-dscp" "")
SENT=32

describe() {
	local n=6000 i outer inner

	for outer in 4 6; do
		for inner in 4 6; do
			for i in "${!FLAGS_OUT[@]}"; do
				both $n $outer $inner "$i"
				n=$((n + 2))
			done
		done
	done
	pair $HONEST tunnel 4 4 onlink 128 64
}

# both N OUTER INNER FLAGS
both() {
	local n

	for n in "$1" $(($1 + 1)); do
		WORDS_OUT[$n]=${FLAGS_OUT[$4]} WORDS_IN[$n]=${FLAGS_IN[$4]}
		pair "$n" tunnel "$2" "$3" onlink 128 64
	done
	IN_NIC+=("$1")
	NAMES[$1]="IPv$3 in IPv$2 ($1)"
}

in_software() {
	local n

	for n in "${IN_NIC[@]}"; do
		echo $((n + 1))
	done
}

software_lines() {
	# shellcheck disable=SC2034
	local OFFLOAD_OUT='' OFFLOAD_IN='' OFFLOAD_POLICY=''

	near_lines "$@"
}

addresses() {
	local n

	for n in "${IN_NIC[@]}" $(in_software); do
		echo "${NEAR[$n]}"
	done
}

# The hop limits of outer headers are not the usual ones.
hop_limits() {
	at_end sysctl -qw net.ipv4.ip_default_ttl=64 \
		net.ipv6.conf.acme0.hop_limit=64
	sysctl -qw net.ipv4.ip_default_ttl=77 net.ipv6.conf.acme0.hop_limit=55
}

setup() {
	local software near

	mapfile -t software < <(in_software)
	mapfile -t near < <(addresses)
	hop_limits && inject_up "${IN_NIC[@]}" && protect "${software[@]}" &&
		software_lines "${software[@]}" | near_batch &&
		keep_evidence foreign &&
		inject "$(inject_spec "${IN_NIC[@]}" "${software[@]}")" &&
		server "$WORK/watch" ready \
			peer "$SCRIPTS/outer.py" watch peer0 &&
		server "$WORK/log" ready \
			"$SCRIPTS/outer.py" log $PORT "${near[@]}"
}

# outer N: what the outer headers of pair N had, in the order of the packets.
outer() {
	grep "^${SPI_OUT[$1]} " "$WORK/watch" | sort -n -k 2 | cut -d' ' -f3-
}

all_seen() {
	[[ $(outer "$1" | wc -l) == "$SENT" &&
		$(outer $(($1 + 1)) | wc -l) == "$SENT" ]]
}

goes_out_alike() {
	local n=$1 m=$(($1 + 1))

	"$SCRIPTS/outer.py" send $PORT "${NEAR[$n]}>${FAR[$n]}" \
		"${NEAR[$m]}>${FAR[$m]}" && busywait 5000 all_seen "$n" || return
	diff <(outer "$m") <(outer "$n")
}

# Of every ECN in every ECN, with different DSCPs.
classes() {
	local outer inner

	for outer in 0x20 0x21 0x22 0x23; do
		for inner in 0xb8 0xb9 0xba 0xbb; do
			echo "$outer $inner"
		done
	done
}

# inner N: the datagrams that came by pair N, in the order in which they were sent.
inner() {
	grep "^${NEAR[$1]} " "$WORK/log" | cut -d' ' -f2-
}

all_logged() {
	[[ $(inner "$1" | wc -l) == 16 && $(inner $(($1 + 1)) | wc -l) == 16 ]]
}

comes_in_alike() {
	local n=$1 m=$(($1 + 1)) pairs

	pairs=$(classes | paste -sd' ')
	inject "$n class $PORT $pairs" && inject "$m class $PORT $pairs" || return
	busywait 3000 all_logged "$n" || true
	inner "$n"
	all_logged "$n" && diff <(inner "$m") <(inner "$n")
}

# They do differ: what is compared is not one and the same.
flags_matter() {
	local kinds

	kinds=$(for n in "${IN_NIC[@]:0:5}"; do outer "$n" | cksum; done |
		sort -u | wc -l)
	echo "$kinds kinds"
	((kinds == ${#FLAGS_OUT[@]}))
}

after_all() {
	honest_traffic $HONEST
}

all_removed() {
	local software

	mapfile -t software < <(in_software)
	inject_down "${IN_NIC[@]}" &&
		software_lines "${software[@]}" | undo | near_batch &&
		pairs_down $HONEST || return
	run_cleanup
	no_states && no_device_sas
}

all_checks() {
	local n i=0

	for n in "${IN_NIC[@]}"; do
		check "out: ${NAMES[$n]} ${FLAGS_OUT[i % 5]}" goes_out_alike "$n"
		check "in: ${NAMES[$n]} ${FLAGS_IN[i % 5]}" comes_in_alike "$n"
		i=$((i + 1))
	done
	check "flags matter" flags_matter
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

describe
plan_for all_checks
set_up setup
all_checks
rm -rf "$WORK"
finish
