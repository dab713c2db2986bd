#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counters of SAs in the NIC while everything happens at once: dumps, single
# reads, /proc/net/xfrm_stat and ethtool -S go on, under traffic, while SAs are
# deleted, expire and come anew. No counter ever goes back; what a deleted SA had
# dropped is not forgotten; and what is left equals the wire, as do the counters that
# are told of each SA that goes.
#
# timeout: 600
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
INJECT_PORT=4265
source "$(dirname "$0")/inject.sh"

WORK=$(mktemp -d)
: "${ROUNDS:=$((${FULL:-0} ? 12 : 4))}"
DROPS=20
# Other SAs expire under the dumps, by packets.
EXPIRES="limit packet-hard 10"

WORDS_OUT[5002]=$EXPIRES WORDS_IN[5002]=$EXPIRES
pair 5000 tunnel    4 4 onlink 128 1024
pair 5001 transport 4 4 routed 128 1024
pair 5002 tunnel    4 6 routed 128 1024
pair 5003 tunnel    4 4 routed 128 64
BUSY=(5000 5001 5002)

flood() {
	"$@" >/dev/null 2>&1 &
	at_end stop_server $!
}

forever() {
	while :; do
		"$@" || :
	done 2>/dev/null &
	at_end stop_server $!
}

# Two readers at a time: one for each CPU.
read_text() {
	ip -s xfrm state >>"$WORK/dumps"
	ip -s xfrm state get src "${FAR_END[5000]}" dst "${NEAR_END[5000]}" \
		proto esp spi "${SPI_IN[5000]}" >/dev/null
	cat /proc/net/xfrm_stat >>"$WORK/mib"
}

read_others() {
	ip -s -j xfrm state >>"$WORK/json"
	ethtool -S acme0 >>"$WORK/nic"
}

setup() {
	local n

	pairs_up "${BUSY[@]}" && hear_gone || return
	for n in "${BUSY[@]}"; do
		flood ping -q -i "$(pace 20)" -s 300 -I "${NEAR[$n]}" \
			"${FAR[$n]}"
		flood peer ping -q -i "$(pace 20)" -s 500 -I "${FAR[$n]}" \
			"${NEAR[$n]}"
	done
	forever read_text
	forever read_others
}

# Those that have expired are gone already; a batch would end there.
delete_near() {
	local line

	while read -r line; do
		# shellcheck disable=SC2086  # words
		ip $line 2>/dev/null
	done < <(each near_states "${BUSY[@]}" | undo)
}

round() {
	delete_near
	each far_states "${BUSY[@]}" | undo | far_batch || return
	renew "${BUSY[@]}" && states_add "${BUSY[@]}" && flows 5000 5001
}

rounds() {
	local i

	for ((i = 0; i < ROUNDS; i++)); do
		round || { echo "round $i"; return 1; }
	done
}

expired() {
	! ip xfrm state get src 10.0.0.1 dst "${FAR_END[5002]}" proto esp \
		spi "${SPI_OUT[5002]}"
}

# never_back FILE: "key value" lines, whose values must not become less.
never_back() {
	awk '($1 in last) && $2 + 0 < last[$1] {
		print $1 ": " $2 " after " last[$1]
		bad = 1
	     }
	     { last[$1] = $2 + 0; n++ }
	     END { print n " values"; exit bad || n < 10 }' "$1"
}

dumps_grow() {
	awk '$2 == "esp" && $3 == "spi" { spi = $4 }
	     $1 == "lifetime" && $2 == "current:" {
		getline
		gsub(/[^0-9]+/, " ")
		print spi ".bytes", $1
		print spi ".packets", $2
	     }
	     $1 == "replay-window" && $3 == "replay" {
		print spi ".replay", $4
	     }' "$WORK/dumps" >"$WORK/values" && never_back "$WORK/values"
}

mib_grows() {
	never_back "$WORK/mib"
}

nic_grows() {
	sed -n 's/^ *\(hw_[^:]*\): /\1 /p' "$WORK/nic" >"$WORK/values"
	never_back "$WORK/values"
}

json_is_json() {
	/usr/bin/python3 -S - "$WORK/json" <<-'END'
	import json, sys
	text, at, n = open(sys.argv[1]).read(), 0, 0
	while True:
	    start = text.find('[{', at)
	    try:
	        _, at = json.JSONDecoder().raw_decode(text, start)
	    except ValueError:
	        break
	    n += 1
	print(n, 'dumps')
	sys.exit(n < 3 or len(text) - at > 100000)
	END
}

# Deleted at once, the SA's drops are in the namespace's counter.
drops_survive() {
	local before

	inject_up 5003 && still_works 5003 || return
	before=$(mib near XfrmInStateProtoError)
	inject "5003 bad wrong-icv $DROPS" || return
	each near_states 5003 | undo | near_batch || return
	busywait 5000 mib_is XfrmInStateProtoError $((before + DROPS))
}

mib_is() {
	echo "$1: $(mib near "$1")"
	[[ $(mib near "$1") == "$2" ]]
}

# New SAs, so many packets and nothing else.
exact() {
	run_cleanup
	hear_gone && delete_near
	each far_states "${BUSY[@]}" | undo | far_batch || return
	WORDS_OUT[5002]='' WORDS_IN[5002]=''
	renew "${BUSY[@]}" && states_add "${BUSY[@]}" || return
	for n in "${BUSY[@]}"; do
		ping -q -c 25 -i 0.02 -s 100 -I "${NEAR[$n]}" "${FAR[$n]}" ||
			return
	done
	keep_evidence final && for n in "${BUSY[@]}"; do
		echo "$(sent "$n") sent, $(received "$n") received"
		[[ $(sent "$n") == 25 && $(received "$n") == 25 ]] || return
	done
}

# getae N out|in: as XFRM_MSG_GETAE tells.
getae() {
	if [[ $2 == out ]]; then
		"$INJECT_DIR/saops.py" getae "${FAR_END[$1]}" "${SPI_OUT[$1]}"
	else
		"$INJECT_DIR/saops.py" getae "${NEAR_END[$1]}" "${SPI_IN[$1]}"
	fi
}

# 25 packets of 128 bytes: bits 0 to 24 of the window are set, and no other.
getae_exact() {
	getae 5000 out && getae 5000 in &&
		getae 5000 out | grep -q "packets 25 bytes 3200 .* oseq 25 " &&
		getae 5000 in | grep -Eqx "packets 25 bytes 3200 add [0-9]+ \
use [0-9]+ seq 25 oseq 0 bitmap 01ffffff( 00000000){31}"
}

use_times() {
	local state

	state=$(ip -s xfrm state get src 10.0.0.1 dst "${FAR_END[5000]}" \
		proto esp spi "${SPI_OUT[5000]}")
	echo "$state"
	[[ $state =~ "add "$(date +%Y)-.*" use "$(date +%Y)- ]]
}

# Of each SA that was replaced, and of both of pair 5003.
told_of_each() {
	local sets=$((ROUNDS + 1)) gone

	gone=$(grep -Ec '^Deleted|^	hard 1$' "$GONE")
	echo "$gone told, $(grep -c '^Deleted' "$GONE") deleted"
	((gone == sets * 2 * ${#BUSY[@]} + 2))
}

# As they were when nothing was sent any more: echo requests of 108 bytes.
deletion_tells() {
	delete_near && deleted_with 5000 128 && deleted_with 5001 108 &&
		deleted_with 5002 148
}

# deleted_with N BYTES: both SAs, after 25 packets.
deleted_with() {
	local spi

	for spi in "${SPI_OUT[$1]}" "${SPI_IN[$1]}"; do
		busywait 3000 told_is "$spi" "deleted 25 $((25 * $2))" || return
	done
}

told_is() {
	ends_told "$GONE" "$1"
	[[ $(ends_told "$GONE" "$1") == "$2" ]]
}

# What has expired can't be deleted.
all_removed() {
	near_lines 5003 | grep -v '^xfrm state' | undo | near_batch
	ip xfrm state flush && peer ip xfrm state flush || return
	far_lines "${BUSY[@]}" | grep -v '^xfrm state' | undo | far_batch &&
		near_lines "${BUSY[@]}" | grep -v '^xfrm state' | undo |
		near_batch && no_states && no_device_sas
}

all_checks() {
	check "SAs come and go under traffic and dumps" rounds
	check "SAs expire meanwhile" slowwait 10 expired
	check "no counter of an SA went back" dumps_grow
	check "nor one of the namespace" mib_grows
	check "nor one of the NIC" nic_grows
	check "each dump in JSON is one" json_is_json
	check "drops of an SA survive it" drops_survive
	check "new SAs: exact" exact
	check "XFRM_MSG_GETAE: exact, with the window" getae_exact
	check "time of use" use_times
	check "each SA that went was told of, once" told_of_each
	check "a deletion tells the counters: exact" deletion_tells
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
rm -rf "$WORK"
finish
