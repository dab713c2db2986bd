# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2153,SC2154
#
# Inbound SAs of the near side whose far end is inject.py: numbers and packets of
# any kind, and who got what. To be sourced after ipsec.sh.

INJECT_DIR=$(realpath "$(dirname "$0")")
INJECT_LOG=$(mktemp)
at_end rm -f "$INJECT_LOG"

# The SAs of the near side, and what is wanted to arrive there.
inject_spec() {
	local n sep=

	printf '{ "mac_dst": "%s", "sas": {' "$(</sys/class/net/acme0/address)"
	for n; do
		printf '%s "%d": { "crypto": "%s", "esn": "%s", "spi": "%s", ' \
			"$sep" "$n" \
			"$(crypto_words "$n" "${KEY_IN[$n]}" "${AUTH_IN[$n]:-}")" \
			"${ESN[$n]:-}" "${SPI_IN[$n]}"
		printf '"mode": "%s", "outer_src": "%s", "outer_dst": "%s", ' \
			"${MODE[$n]}" "${FAR_END[$n]}" "${NEAR_END[$n]}"
		printf '"inner_src": "%s", "inner_dst": "%s", "outside": "%s", ' \
			"${FAR[$n]}" "${NEAR[$n]}" "$(outside "$n")"
		printf '"port": %d, "udp_port": "%s" }' "$INJECT_PORT" \
			"${ENCAP[$n]:-}"
		sep=,
	done
	echo ' } }'
}

# An address that the selector of pair N does not cover.
outside() {
	if ((${INNER[$1]} == 4)); then
		echo 10.99.99.1
	else
		echo fd99::1
	fi
}

# inject_up N...: pairs of which the far side knows nothing, inject.py for them,
# and a listener here.
inject_up() {
	local n near=()

	for n; do
		near+=("${NEAR[$n]}")
	done
	topology_up && protect "$@" && near_lines "$@" | near_batch &&
		keep_evidence foreign &&
		server "$INJECT_LOG" ready \
			"$INJECT_DIR/udp_echo.py" log "$INJECT_PORT" \
			"${near[@]}" || return
	coproc INJECT { peer "$INJECT_DIR/inject.py" peer0 2>&1; }
	at_end stop_server "$INJECT_PID"
	exec {INJECT_TO}>&"${INJECT[1]}" {INJECT_FROM}<&"${INJECT[0]}"
	inject_spec "$@" >&"$INJECT_TO"
}

# inject LINE: does what it says.
inject() {
	local answer

	echo "$*" >&"$INJECT_TO"
	read -r -t 20 answer <&"$INJECT_FROM" || return
	[[ $answer == sent ]] && return
	echo "inject.py: $answer"
	timeout 1 cat <&"$INJECT_FROM"
	return 1
}

# fresh N: new SAs of pair N.
fresh() {
	each near_states "$1" | undo | near_batch && renew "$1" &&
		each near_states "$1" | near_batch && keep_evidence foreign &&
		inject "$(inject_spec "$1")"
}

# arrived N TEXT: a datagram with this text came by pair N.
arrived() {
	grep -qx "${NEAR[$1]} $2" "$INJECT_LOG"
}

# Packets of pair N that its SA has dropped: replays, wrong ICVs.
DROPS='.*replay-window ([0-9]+) replay ([0-9]+) failed ([0-9]+).*'

drops() {
	ip -s xfrm state get src "${FAR_END[$1]}" dst "${NEAR_END[$1]}" \
		proto esp spi "${SPI_IN[$1]}" | sed -nE "s/$DROPS/\1 \2 \3/p"
}

# Packets that have passed the SA of pair N, or were dropped by it.
seen() {
	ip -s xfrm state get src "${FAR_END[$1]}" dst "${NEAR_END[$1]}" \
		proto esp spi "${SPI_IN[$1]}" |
		sed -nE -e 's/.*\(bytes\), ([0-9]+)\(packets\)$/\1/p' \
			-e "s/$DROPS/+ \1 + \2 + \3/p" |
		paste -sd' '
}

handled() {
	(($(seen "$1") == $2))
}

# takes N NUMBER...: those with a "!" must be rejected, the others arrive once,
# whichever way they come: "f" sends a packet in two IP fragments.
takes() {
	local n=$1 before expected got

	shift
	before=$(($(seen "$n")))
	LOGGED=$(wc -l <"$INJECT_LOG")
	inject "$n seq $*" && busywait 10000 handled "$n" $((before + $#)) ||
		return
	expected=$(for number; do
		[[ $number == *! ]] || echo "${NEAR[$n]} $((${number#f}))"
	done)
	busywait 3000 logged "$(grep -c . <<<"$expected")"
	got=$(tail -n +$((LOGGED + 1)) "$INJECT_LOG")
	diff <(sort <<<"$expected") <(sort <<<"$got") && return
	echo "SEED=${SEED:-}, of: $*"
	return 1
}

logged() {
	(($(wc -l <"$INJECT_LOG") >= LOGGED + $1))
}

# Another right packet of pair N, and it arrives.
LAST_GOOD=0
still_works() {
	LAST_GOOD=$((LAST_GOOD + 1))
	inject "$1 good $LAST_GOOD" && busywait 3000 arrived "$1" "good$LAST_GOOD"
}

inject_down() {
	near_lines "$@" | undo | near_batch
}

# honest_traffic N: something for the wire's judge, who needs an SA whose packets
# are all counted.
honest_traffic() {
	pairs_up "$1" &&
		ping -q -c 5 -i 0.1 -W 2 -I "${NEAR[$1]}" "${FAR[$1]}" &&
		keep_evidence final
}

# The ends of the tests that name their pairs so.
after_all() {
	honest_traffic "$HONEST"
}

all_removed() {
	inject_down "${PLAYED[@]}" && pairs_down "$HONEST" || return
	run_cleanup
	no_states && no_device_sas
}
