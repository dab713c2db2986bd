#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Crypto and packet offload of the stock kernel, which the NIC does for comparison:
# tunnel and transport, families, ESN, UDP encapsulation where they have it, both
# directions, in the NIC and nowhere else. Limits and removal.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

WORK=$(mktemp -d)
SIZES=0,1,20,100,1300
PORT=4269
SCRIPTS=$(realpath "$(dirname "$0")")
COUNT=5

CRYPTO=({6300..6305}) PACKET=({6310..6316})
declare -A NAMES

# shape N MODE OUTER INNER HOPS ALGORITHM ESN
shape() {
	ALG[$1]=$6 ESN[$1]=${7:-}
	pair "$1" "$2" "$3" "$4" "$5" 128 64
	NAMES[$1]="$2 IPv$4 in IPv$3, $6${7:+, ESN}"
}

describe() {
	local n

	for n in 6300 6310; do
		shape $n tunnel 4 4 routed gcm16
		shape $((n + 1)) tunnel 6 6 routed gcm16 esn
		shape $((n + 2)) transport 4 4 routed gcm16 esn
		shape $((n + 3)) transport 6 6 routed gcm16
		shape $((n + 4)) tunnel 4 6 routed sha256
		shape $((n + 5)) tunnel 6 4 routed chacha
	done
	ENCAP[6316]=4500
	shape 6316 tunnel 4 4 routed gcm16
	NAMES[6316]+=", UDP"
}

# by crypto|packet: what the near side says from here on.
by() {
	OFFLOAD_OUT="offload $1 dev $IPSEC_DEV dir out"
	OFFLOAD_IN="offload $1 dev $IPSEC_DEV dir in"
	OFFLOAD_POLICY=
	[[ $1 != packet ]] || OFFLOAD_POLICY="offload packet dev $IPSEC_DEV"
}

# Forward policies are not for the NIC, and nothing here is forwarded.
near_policies() {
	policy "$1" out outward "$OFFLOAD_POLICY"
	policy "$1" in inward "$OFFLOAD_POLICY"
}

setup() {
	local n far=()

	for n in "${CRYPTO[@]}" "${PACKET[@]}"; do
		far+=("${FAR[$n]}")
	done
	by crypto
	pairs_up "${CRYPTO[@]}" || return
	by packet
	pairs_up "${PACKET[@]}" &&
		server "$WORK/encap" ready \
			peer "$SCRIPTS/udp_echo.py" encap 4500 &&
		server "$WORK/far" ready \
			peer "$SCRIPTS/udp_echo.py" serve $PORT "${far[@]}"
}

# in_nic MODE N...: the SAs say so, the NIC has them.
in_nic() {
	local mode=$1 states

	shift
	states=$(ip xfrm state | grep -c "offload parameters: .* mode $mode")
	echo "$states SAs of mode $mode"
	((states == 2 * $#))
}

all_in_nic() {
	device_has $((2 * (${#CRYPTO[@]} + ${#PACKET[@]})))
}

nic_count() {
	ethtool -S acme0 | sed -n "s/^ *hw_esp_$1: //p"
}

# exchanges N COUNTER: datagrams and their echoes, all by the NIC.
exchanges() {
	local n=$1 counter=$2 tx rx

	tx=$(nic_count "tx_$counter") rx=$(nic_count "rx_$counter")
	"$SCRIPTS/udp_echo.py" check $PORT $SIZES "${NEAR[$n]}>${FAR[$n]}" ||
		return
	echo "NIC: $(nic_count "tx_$counter") after $tx out," \
		"$(nic_count "rx_$counter") after $rx in"
	(($(nic_count "tx_$counter") == tx + COUNT &&
		$(nic_count "rx_$counter") == rx + COUNT))
}

counts() {
	local n

	for n; do
		echo "pair $n: $(sent "$n") sent, $(received "$n") received"
		[[ $(sent "$n") == "$COUNT" && $(received "$n") == "$COUNT" ]] ||
			return
	done
}

# A policy for packet offload whose SA is gone blocks.
blocks() {
	near_states 6310 | undo | near_batch || return
	! ping -q -c 2 -i 0.1 -W 1 -I "${NEAR[6310]}" "${FAR[6310]}"
}

# Hard limits of packet offload are the NIC's as well.
limit() {
	renew 6310
	WORDS_OUT[6310]="limit packet-hard 3"
	each far_states 6310 | far_batch && each near_states 6310 | near_batch &&
		keep_evidence live || return
	ping -q -c 6 -i 0.1 -W 1 -I "${NEAR[6310]}" "${FAR[6310]}" |
		tee "$WORK/ping"
	grep -q ' 3 received' "$WORK/ping"
}

all_removed() {
	run_cleanup
	ip xfrm state flush && peer ip xfrm state flush
	ip xfrm policy flush && peer ip xfrm policy flush
	far_lines "${PAIRS[@]}" | grep -v '^xfrm' | undo | far_batch &&
		near_lines "${PAIRS[@]}" | grep -v '^xfrm' | undo | near_batch &&
		no_states && no_device_sas
}

all_checks() {
	local n

	check "SAs with crypto offload" in_nic crypto "${CRYPTO[@]}"
	check "SAs with packet offload" in_nic packet "${PACKET[@]}"
	check "all are in the NIC" all_in_nic
	for n in "${CRYPTO[@]}"; do
		check "crypto: ${NAMES[$n]}" exchanges "$n" crypto
	done
	for n in "${PACKET[@]}"; do
		check "packet: ${NAMES[$n]}" exchanges "$n" packets
	done
	check "counters" counts "${CRYPTO[@]}" "${PACKET[@]}"
	check "both ends count the same" keep_evidence final
	check "packet: a policy without its SA blocks" blocks
	check "packet: a hard limit" limit
	check "all can be removed" all_removed
}

describe
plan_for all_checks
set_up setup
all_checks
rm -rf "$WORK"
finish
