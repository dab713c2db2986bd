#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Outer headers that the NIC makes, and inner ones that it gives out, are those of
# the kernel's software for SAs that were in the NIC before: for each pair of SAs in
# the NIC there is one that has moved to software and gets the same packets. Traffic
# class (DSCP, ECN), DF, TTL, flow label, with the flags of XFRM that govern them, in
# all combinations of families. ECN follows RFC 6040; that of SAs without full offload
# is the stock kernel's: RFC 3168 out, RFC 4301 in.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
# shellcheck disable=SC2034  # for what it sources
INJECT_PORT=4266
source "$(dirname "$0")/inject.sh"
source "$(dirname "$0")/moves.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
WORK=$(mktemp -d)
PORT=4267
HONEST=6490
# By pair in the NIC: that in software is the next one.
IN_NIC=() SOFTWARE=()
# Pairs that never had to do with a NIC.
STOCK=(6470 6472)
# By pair: names, and the rules of ECN.
declare -A NAMES_OUT NAMES_IN RULE_OUT RULE_IN
FLAGS_OUT=("" "flag noecn" "flag nopmtudisc" "extra-flag dont-encap-dscp"
	"flag noecn extra-flag dont-encap-dscp")
FLAGS_IN=("" "flag noecn" "flag decap-dscp" "flag noecn flag decap-dscp" "")
SENT=32

describe() {
	local n=6400 outer inner i

	while read -r outer inner flags; do
		for i in $flags; do
			both $n "$outer" "$inner" "$i"
			n=$((n + 2))
		done
	done <<-END
		4 4 0 1 2 3 4
		6 4 0 3
		4 6 0 1 2 4
		6 6 0 1 3 4
	END
	pair "${STOCK[0]}" tunnel 4 4 onlink 128 64
	pair "${STOCK[1]}" tunnel 6 6 onlink 128 64
	for n in "${STOCK[@]}"; do
		RULE_OUT[$n]=stock RULE_IN[$n]=stock
	done
	pair $HONEST tunnel 4 4 onlink 128 64
}

# rule FLAGS: of ECN, for SAs with full offload.
rule() {
	if [[ $1 == *noecn* ]]; then echo none; else echo 6040; fi
}

# both N OUTER INNER FLAGS
both() {
	local n

	for n in "$1" $(($1 + 1)); do
		WORDS_OUT[$n]=${FLAGS_OUT[$4]} WORDS_IN[$n]=${FLAGS_IN[$4]}
		RULE_OUT[$n]=$(rule "${FLAGS_OUT[$4]}")
		RULE_IN[$n]=$(rule "${FLAGS_IN[$4]}")
		pair "$n" tunnel "$2" "$3" onlink 128 64
	done
	IN_NIC+=("$1") SOFTWARE+=("$n")
	NAMES_OUT[$1]="IPv$3 in IPv$2 ($1)${FLAGS_OUT[$4]:+, ${FLAGS_OUT[$4]}}"
	NAMES_IN[$1]="IPv$3 in IPv$2 ($1)${FLAGS_IN[$4]:+, ${FLAGS_IN[$4]}}"
}

# received N: datagrams that are not dropped for what ECN says.
received() {
	if [[ ${RULE_IN[$1]} == 6040 ]]; then echo 15; else echo 16; fi
}

stock_lines() {
	# shellcheck disable=SC2034  # for what it sources
	local OFFLOAD_OUT='' OFFLOAD_IN='' OFFLOAD_POLICY=''

	near_lines "$@"
}

# The hop limits of outer headers are not the usual ones.
hop_limits() {
	at_end sysctl -qw net.ipv4.ip_default_ttl=64 \
		net.ipv6.conf.acme0.hop_limit=64
	sysctl -qw net.ipv4.ip_default_ttl=77 net.ipv6.conf.acme0.hop_limit=55
}

# What CPU 0 sends takes one queue of the NIC, whatever the flow.
one_queue() {
	local queue=/sys/class/net/acme0/queues/tx-0/xps_cpus

	at_end eval "echo 0 >$queue"
	echo 1 >$queue
}

setup() {
	local n near=()

	for n in "${PLAYED[@]}"; do
		near+=("${NEAR[$n]}")
	done
	hop_limits && one_queue && inject_up "${IN_NIC[@]}" "${SOFTWARE[@]}" &&
		move_pairs none "${SOFTWARE[@]}" && protect "${STOCK[@]}" &&
		stock_lines "${STOCK[@]}" | near_batch &&
		keep_evidence foreign &&
		inject "$(inject_spec "${PLAYED[@]}")" &&
		server "$WORK/watch" ready \
			peer "$SCRIPTS/outer.py" watch peer0 &&
		server "$WORK/log" ready \
			"$SCRIPTS/outer.py" log $PORT "${near[@]}"
}

# has_lines FILE COUNT PATTERN
has_lines() {
	[[ $(grep -c "$3" "$1") == "$2" ]]
}

# All packets of all pairs, those in software too.
all_out() {
	local n flows=()

	for n in "${PLAYED[@]}"; do
		flows+=("${NEAR[$n]}>${FAR[$n]}")
	done
	"$SCRIPTS/outer.py" send $PORT "${flows[@]}" &&
		busywait 20000 has_lines "$WORK/watch" \
			$((SENT * ${#PLAYED[@]})) '^0x' && return
	echo "$(grep -c '^0x' "$WORK/watch") of $((SENT * ${#PLAYED[@]})) seen"
	return 1
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

all_in() {
	local n pairs total=0

	pairs=$(classes | paste -sd' ')
	for n in "${PLAYED[@]}"; do
		inject "$n class $PORT $pairs" || return
		total=$((total + $(received "$n")))
	done
	busywait 5000 has_lines "$WORK/log" $total 0x && return
	echo "$(grep -c 0x "$WORK/log") have arrived"
	return 1
}

compared() {
	local n soft items=()

	for n in "${IN_NIC[@]}"; do
		soft=$((n + 1))
		items+=("$n,${SPI_OUT[$n]},${SPI_OUT[$soft]},${NEAR[$n]},${NEAR[$soft]}")
	done
	"$SCRIPTS/outer.py" compare "$WORK/watch" "$WORK/log" "${items[@]}" \
		>"$WORK/verdicts"
	cat "$WORK/verdicts"
}

# alike N out|in COUNT
alike() {
	grep "^$1 $2:" "$WORK/verdicts"
	grep -q "^$1 $2: alike, $3 packets" "$WORK/verdicts"
}

# ecn N...: what is said of it.
ecn() {
	local n items=()

	for n; do
		items+=("$n,${RULE_OUT[$n]},${RULE_IN[$n]},${SPI_OUT[$n]},${NEAR[$n]}")
	done
	"$SCRIPTS/outer.py" ecn "$WORK/watch" "$WORK/log" "${items[@]}"
}

# ecn_follows_rules N...
ecn_follows_rules() {
	local said

	said=$(ecn "$@") || return
	echo "$said"
	[[ $(grep -c ': follows' <<<"$said") == $((2 * $#)) ]]
}

# ecn_drops N: of its inbound SA, whoever has dropped.
ecn_drops() {
	show "$1" in | sed -n 's/^	 drops:.* ecn \([0-9]*\).*/\1/p'
}

# By whom, too: XFRM counts those of both, the NIC its own, and each SA knows.
ecn_drops_counted() {
	local n want=0 nic xfrm

	for n in "${IN_NIC[@]}" "${SOFTWARE[@]}"; do
		[[ $(ecn_drops "$n") == $((16 - $(received "$n"))) ]] && continue
		echo "pair $n: $(ecn_drops "$n")"
		return 1
	done

	for n in "${IN_NIC[@]}"; do
		want=$((want + 16 - $(received "$n")))
	done
	nic=$(hw_count esp_rx_ecn) xfrm=$(mib near XfrmFullInEcn)
	nic=$((nic - BEFORE_NIC)) xfrm=$((xfrm - BEFORE_XFRM))
	echo "$want by each: $nic by the NIC, $xfrm by both"
	((nic == want && xfrm == 2 * want))
}

# They do differ: what is compared is not one and the same.
flags_matter() {
	local kinds

	kinds=$(head -n $((2 * ${#FLAGS_OUT[@]})) "$WORK/verdicts" |
		sed -n 's/.* out: .*, //p' | sort -u | wc -l)
	echo "$kinds kinds"
	((kinds == ${#FLAGS_OUT[@]}))
}

all_removed() {
	inject_down "${IN_NIC[@]}" "${SOFTWARE[@]}" &&
		stock_lines "${STOCK[@]}" | undo | near_batch &&
		pairs_down $HONEST || return
	run_cleanup
	no_states && no_device_sas
}

all_checks() {
	local n

	check "packets out, of all pairs" all_out
	check "packets in, of all pairs" all_in
	check "they are compared" compared
	for n in "${IN_NIC[@]}"; do
		check "out: ${NAMES_OUT[$n]}" alike "$n" out $SENT
		check "in: ${NAMES_IN[$n]}" alike "$n" in "$(received "$n")"
	done
	check "ECN in the NIC: RFC 6040" ecn_follows_rules "${IN_NIC[@]}"
	check "ECN of SAs that were in the NIC: RFC 6040" \
		ecn_follows_rules "${SOFTWARE[@]}"
	check "ECN of other SAs: the stock kernel's" ecn_follows_rules "${STOCK[@]}"
	check "what must not come in is counted" ecn_drops_counted
	check "flags matter" flags_matter
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

describe
PLAYED=("${IN_NIC[@]}" "${SOFTWARE[@]}" "${STOCK[@]}")
plan_for all_checks
set_up setup
BEFORE_NIC=$(hw_count esp_rx_ecn) BEFORE_XFRM=$(mib near XfrmFullInEcn)
all_checks
rm -rf "$WORK"
finish
