#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ESP within ESP that comes in: the NIC decrypts the outer tunnel, software what is
# inside, on its way through GRO. A policy sees both SAs: it lets a packet pass when
# it asks for these two, and for no others, fewer or more.
#
#   near: NIC --- tunnel of a pair, 10.0.0.1 - 10.0.9.2 --- far
#   near: XFRM ---- tunnel within, 10.N.N.1 - 10.M.N.1 ---- far
#
# timeout: 200
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
PORT=4285
COUNT=20
HONEST=7526

pair 7520 tunnel 4 4 routed 128 64
pair 7521 tunnel 6 6 routed 128 64
pair $HONEST tunnel 4 4 onlink 128 64
OUTER_PAIRS=(7520 7521)
# Within 7520 and 7521: their ends are in the networks that these protect.
pair 7522 tunnel 4 4 routed 128 64
pair 7523 tunnel 6 6 routed 128 64
declare -A WITHIN=([7522]=7520 [7523]=7521)
for n in 7522 7523; do
	NEAR_END[$n]=${NEAR[${WITHIN[$n]}]} FAR_END[$n]=${FAR[${WITHIN[$n]}]}
done

template() {
	echo "tmpl src ${FAR_END[$1]} dst ${NEAR_END[$1]}" \
		"proto esp reqid ${2:-$1} mode tunnel"
}

far_nested() {
	far_lines "$1" |
		sed "/ dir out /s/\$/ $(template "${WITHIN[$1]}" | sed 's,/,\\/,g')/"
}

near_nested() (
	OFFLOAD_OUT='' OFFLOAD_IN='' OFFLOAD_POLICY=''
	near_lines "$1"
)

nested_up() {
	local n

	pairs_up "${OUTER_PAIRS[@]}" || return
	for n in "${!WITHIN[@]}"; do
		far_nested "$n" | far_batch && near_nested "$n" | near_batch ||
			return
	done
	keep_evidence elsewhere
}

nested_down() {
	local n

	for n in "${!WITHIN[@]}"; do
		near_nested "$n" | undo | near_batch &&
			far_nested "$n" | undo | far_batch || return
	done
}

setup() {
	nested_up && server "$OUT/$TEST_NAME.udp" ready "$SCRIPTS/udp_echo.py" \
		log $PORT "${NEAR[7522]}" "${NEAR[7523]}"
}

# asks_for N passes|dropped TEMPLATES: when the inbound policy of N has these.
asks_for() {
	policy "$1" in inward |
		sed -e 's/ add / update /' -e "s,tmpl .*,$3," | near_batch &&
		"$2" "$1"
}

# sends N: so many datagrams, which come by both SAs.
sends() {
	local inside outside

	inside=$(received "$1") outside=$(received "${WITHIN[$1]}")
	peer "$SCRIPTS/udp_echo.py" send $PORT $COUNT 100 "${FAR[$1]}>${NEAR[$1]}"
	busywait 5000 have_come "$1" $((inside + COUNT)) $((outside + COUNT))
}

have_come() {
	echo "$(received "$1") inside, $(received "${WITHIN[$1]}") outside"
	[[ $(received "$1") == "$2" && $(received "${WITHIN[$1]}") == "$3" ]]
}

heard() {
	grep -c "^${NEAR[$1]} " "$OUT/$TEST_NAME.udp"
}

heard_are() {
	[[ $(heard "$1") == "$2" ]]
}

passes() {
	local before all

	before=$(heard "$1") all=$(mib_all near)
	sends "$1" && busywait 5000 heard_are "$1" $((before + COUNT)) &&
		[[ $(mib_all near) == "$all" ]]
}

mismatches() {
	mib near XfrmInTmplMismatch
}

mismatches_are() {
	echo "$(mismatches) mismatches, expected $1"
	[[ $(mismatches) == "$1" ]]
}

dropped() {
	local before mismatches

	before=$(heard "$1") mismatches=$(mismatches)
	sends "$1" && busywait 5000 mismatches_are $((mismatches + COUNT)) &&
		heard_are "$1" "$before"
}

# Of the wire this test says nothing, but that the outer tunnels are a pair's.
after_all() {
	nested_down && pairs_down "${OUTER_PAIRS[@]}" && carries $HONEST
}

all_removed() {
	run_cleanup
	no_states && no_device_sas
}

gro() {
	ethtool -K acme0 gro "$1" &&
		ethtool -k acme0 | grep "^generic-receive-offload: $1"
}

# policies N: for what is within a pair.
policies() {
	local n=$1 name="IPv${INNER[$1]}" inside outside other

	inside=$(template "$n") outside=$(template "${WITHIN[$n]}")
	other=$(template "$n" $HONEST)
	check "$name: both SAs: accepted" asks_for "$n" passes "$inside $outside"
	check "$name: the inner SA only: dropped" \
		asks_for "$n" dropped "$inside"
	check "$name: the outer SA only: dropped" \
		asks_for "$n" dropped "$outside"
	check "$name: the other way round: dropped" \
		asks_for "$n" dropped "$outside $inside"
	check "$name: another inner SA: dropped" \
		asks_for "$n" dropped "$other $outside"
	other=$(template "${WITHIN[$n]}" $HONEST)
	check "$name: another outer SA: dropped" \
		asks_for "$n" dropped "$inside $other"
	check "$name: a third SA: dropped" \
		asks_for "$n" dropped "$inside $outside $outside"
	check "$name: both SAs: accepted as before" \
		asks_for "$n" passes "$inside $outside"
}

all_checks() {
	check "with GRO" gro on
	policies 7522
	policies 7523
	check "without GRO" gro off
	policies 7522
	check "with GRO again" gro on
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
