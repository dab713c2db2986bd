#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two NICs that can do different things: acme0 hands out no sequence numbers, so
# packets wait for the end of a move; acme1 does little but IPv4 tunnels. An SA that
# acme1 can't have is not even asked to leave acme0, and who asks is told why.
#
# topology: NICS=2 PEER=ns PROFILE=dump-only,basic
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/two_nics.sh"

RATE=${RATE:-20}
export STREAM_LARGE=1100

# acme1 can have the first.
ESN[7474]=esn
pair 7470 tunnel    4 4 onlink 128 64
pair 7471 transport 4 4 routed 128 64
pair 7472 tunnel    6 6 onlink 128 64
pair 7473 tunnel    4 4 routed 256 64
pair 7474 tunnel    4 4 routed 128 64
WORDS_OUT[7475]="limit packet-hard 1000000"
pair 7475 tunnel    4 4 routed 128 64

setup() {
	router_up && pairs_up "${PAIRS[@]}" && trace_moves &&
		stream_up "$RATE" 7470
}

# stays N out|in TEXT: acme1 can't have it, and nothing happens.
stays() {
	local before from to

	before=$(transitions "$1" "$2")
	from=$(sa_commands 0) to=$(sa_commands 1)
	! move "$1" "$2" acme1 2>"$OUT/move.error" || return
	cat "$OUT/move.error"
	grep -q "$3" "$OUT/move.error" && is_on "$1" "$2" acme0 &&
		[[ $(transitions "$1" "$2") == "$before" ]] &&
		[[ $(sa_commands 0) == "$from" && $(sa_commands 1) == "$to" ]]
}

# But for queries: to show an SA asks for it.
sa_commands() {
	nic_count "$1" | grep -v QUERY
}

# goes out|in none|DEVICE
goes() {
	move 7470 "$@" && flows 7470 || return
	if [[ $2 == none ]]; then
		is_at 7470 "$1" software software request
	else
		is_on 7470 "$1" "$2"
	fi
}

nothing_lost() {
	stream_down && stream_whole
}

counters_agree() {
	keep_evidence final
}

all_removed() {
	pairs_down "${PAIRS[@]}" && no_states && nics_empty
}

all_checks() {
	check "transport mode" stays 7471 out "can't do transport mode"
	check "likewise, inbound" stays 7471 in "can't do transport mode"
	check "IPv6" stays 7472 out "can't do IPsec over IPv6"
	check "a key of 256 bits" stays 7473 in "key of 288 bits"
	check "ESN" stays 7474 in "can't do ESN"
	check "a limit" stays 7475 out "hard packet limit of outbound"
	check "outbound, to acme1: software has its numbers" goes out acme1
	check "inbound, to software" goes in none
	check "the way by acme1" ways 1
	check "inbound, to acme1" goes in acme1
	check "both, in acme1" flows 7470
	check "inbound, to software again" goes in none
	check "the way by acme0" ways 0
	check "outbound, back to acme0" goes out acme0
	check "inbound, back to acme0" goes in acme0
	check "to software and back" goes out none
	check "into acme0" goes out acme0
	check "nothing was lost, or came twice" nothing_lost
	check "counters have settled" counters_agree
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
