#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Crypto and packet offload of the stock kernel, which the NIC does for comparison:
# tunnel and transport, families, ESN, UDP encapsulation where they have it, both
# directions, in the NIC and nowhere else. Limits and removal. One after the other:
# the stock kernel does not always find an SA with packet offload beside another of
# the same ends that has none. Nor can it tunnel IPv4 in IPv6 by packet offload.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

WORK=$(mktemp -d)
SIZES=0,1,20,100,1300
PORT=4269
NATT_PORT=4500
SCRIPTS=$(realpath "$(dirname "$0")")
COUNT=5

CRYPTO=({6300..6305}) PACKET=({6310..6316})
declare -A NAMES

# shape N MODE OUTER INNER HOPS ALGORITHM ESN
shape() {
	local bits=128

	[[ $6 != chacha ]] || bits=256
	ALG[$1]=$6 ESN[$1]=${7:-}
	pair "$1" "$2" "$3" "$4" "$5" $bits 64
	NAMES[$1]="$2 IPv$4 in IPv$3, $6${7:+, ESN}"
}

describe() {
	local n

	for n in 6300 6310; do
		shape $n tunnel 4 4 routed gcm16
		shape $((n + 1)) tunnel 6 6 routed gcm16 esn
		shape $((n + 2)) transport 4 4 routed gcm16 esn
		shape $((n + 3)) transport 6 6 routed gcm16
	done
	shape 6304 tunnel 4 6 routed sha256
	shape 6305 tunnel 6 4 routed chacha
	shape 6314 tunnel 4 4 routed sha256
	shape 6315 tunnel 6 6 routed chacha
	ENCAP[6316]=$NATT_PORT
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
	topology_up && server "$WORK/encap" ready \
		peer "$SCRIPTS/udp_echo.py" encap $NATT_PORT
}

# up MODE N...: pairs of this mode, and who answers at the far end.
up() {
	local mode=$1 n far=()

	shift
	for n; do
		far+=("${FAR[$n]}")
	done
	GENERATION=$((GENERATION + 1))
	by "$mode"
	pairs_up "$@" && server "$WORK/far-$mode" ready \
		peer "$SCRIPTS/udp_echo.py" serve $PORT "${far[@]}"
}

# in_nic MODE N...: the SAs say so, the NIC has them.
in_nic() {
	local mode=$1 states

	shift
	states=$(ip xfrm state | grep -c "offload parameters: .* mode $mode")
	echo "$states SAs of mode $mode"
	((states == 2 * $#)) && device_has $((2 * $#))
}

nic_count() {
	ethtool -S acme0 | sed -n "s/^ *hw_esp_[rt]x_$1: //p" | paste -sd' '
}

# exchange COUNTER N...: datagrams and their echoes; the NIC has counted each of them.
exchange() {
	local counter=$1 n flows=() tx rx sent received

	shift
	for n; do
		flows+=("${NEAR[$n]}>${FAR[$n]}")
	done
	read -r tx rx <<<"$(nic_count "$counter")"
	"$SCRIPTS/udp_echo.py" check $PORT $SIZES "${flows[@]}" >"$WORK/lost" 2>&1
	cat "$WORK/lost"
	read -r sent received <<<"$(nic_count "$counter")"
	echo "NIC: $((sent - tx)) out, $((received - rx)) in"
	((sent - tx == COUNT * $# && received - rx == COUNT * $#))
}

# echoed N: its datagrams and echoes have come, and its SAs have counted them.
echoed() {
	ip -s xfrm state | sums | grep -iE " (0x0*)?($(spi_of "$1"))" |
		tee "$WORK/sums"
	! grep -F "${NEAR[$1]}>${FAR[$1]}" "$WORK/lost" &&
		[[ $(grep -c " $COUNT\$" "$WORK/sums") == 2 ]]
}

spi_of() {
	printf '%x|%x' "${SPI_OUT[$1]}" "${SPI_IN[$1]}"
}

down() {
	pairs_down "$@" && [[ -z $(ip xfrm state; peer ip xfrm state) ]] &&
		no_device_sas
}

# mode MODE COUNTER N...
mode() {
	local mode=$1 counter=$2 n

	shift 2
	check "$mode: SAs are added" up "$mode" "$@"
	check "$mode: they are in the NIC" in_nic "$mode" "$@"
	check "$mode: datagrams and their echoes" exchange "$counter" "$@"
	for n; do
		check "$mode: ${NAMES[$n]}" echoed "$n"
	done
	check "$mode: both ends count the same" keep_evidence final
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

# Of an interface on top the NIC takes no SA. XFRM does crypto by itself then.
crypto_on_bond() {
	on_bond crypto && device_has 0 && ! ip xfrm state | grep offload &&
		ip xfrm state flush
}

# on_bond MODE
on_bond() {
	ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x6399 \
		mode transport aead "rfc4106(gcm(aes))" "$(random_key 128)" 128 \
		offload "$1" dev bond1 dir out
}

bond_up() {
	ip link add bond1 type bond mode active-backup miimon 100 &&
		at_end ip link del bond1 && ip link set acme0 down &&
		ip link set acme0 master bond1 &&
		ip link set bond1 up && ip link set acme0 up
}

bond_down() {
	ip link set acme0 nomaster && ip link set acme0 up &&
		ip address replace fd00::1/64 dev acme0 nodad && near_routes |
		near_batch && slowwait 10 ping -q -c 1 -W 1 10.0.0.2 &&
		device_has 0
}

# An SA that has expired is not there any more.
all_removed() {
	ip xfrm state flush && peer ip xfrm state flush || return
	near_lines "${PACKET[@]}" | grep -v '^xfrm state' | undo | near_batch &&
		far_lines "${PACKET[@]}" | grep -v '^xfrm state' | undo |
		far_batch && run_cleanup && no_states && no_device_sas
}

all_checks() {
	mode crypto crypto "${CRYPTO[@]}"
	check "crypto: all can be removed" down "${CRYPTO[@]}"
	check "a bond on the NIC" bond_up
	check "crypto, of the bond: by software" crypto_on_bond
	check_fails "packet, of the bond: refused" "for its own interface only" \
		on_bond packet
	check "the bond goes" bond_down
	mode packet packets "${PACKET[@]}"
	check "packet: a policy without its SA blocks" blocks
	check "packet: a hard limit" limit
	check "packet: all can be removed" all_removed
}

describe
plan_for all_checks
set_up setup
all_checks
rm -rf "$WORK"
finish
