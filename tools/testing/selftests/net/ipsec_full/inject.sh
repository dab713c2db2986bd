# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2153,SC2154  # from who sources it
#
# Inbound SAs of the near side whose far end is inject.py: numbers and packets of
# any kind, and who got what. To be sourced after ipsec.sh.

INJECT_DIR=$(realpath "$(dirname "$0")")
# Seconds; watch.py gives up before.
INJECT_TIMEOUT=$((20 * PATIENCE_FACTOR))
# Once an answer is missing, each later one would be that of another question.
INJECT_LOST=

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
# and watch.py here, which starts it.
inject_up() {
	topology_up && protect "$@" && near_lines "$@" | near_batch &&
		keep_evidence foreign && hear_gone || return
	coproc INJECT {
		"$INJECT_DIR/watch.py" peer "$INJECT_DIR/inject.py" peer0 2>&1
	}
	at_end stop_server "$INJECT_PID"
	exec {INJECT_TO}>&"${INJECT[1]}" {INJECT_FROM}<&"${INJECT[0]}"
	inject "$(inject_spec "$@")"
}

# inject LINE: does what it says, or finds that it is so; see watch.py.
inject() {
	local answer

	if [[ -n $INJECT_LOST ]]; then
		echo "no answer since: $INJECT_LOST"
		return 1
	fi
	echo "$*" >&"$INJECT_TO"
	while read -r -t $INJECT_TIMEOUT answer <&"$INJECT_FROM"; do
		case $answer in
		yes) return 0 ;;
		no) return 1 ;;
		*) echo "$answer" ;;
		esac
	done
	INJECT_LOST="$*"
	echo "no answer to: $*"
	return 1
}

# fresh N: new SAs of pair N.
fresh() {
	local old

	old=$(near_states "$1" | undo)
	renew "$1" && { echo "$old" && near_states "$1"; } | near_batch &&
		keep_evidence foreign && inject "$(inject_spec "$1")"
}

# Lines of the near side with packet offload; the NIC has no forward policies.
as_packet() {
	sed -e "/ dir fwd /s/ $OFFLOAD_POLICY//" \
		-e 's/offload full/offload packet/'
}

# renewed N FILTER: policies and SAs are others, their lines changed by FILTER.
renewed() {
	{ each near_states "$1"; each near_policies "$1"; } | undo | near_batch &&
		renew "$1" &&
		{ each near_policies "$1"; each near_states "$1"; } | "$2" |
		near_batch && keep_evidence foreign && inject "$(inject_spec "$1")"
}

# Another interface than the NIC: elsewhere0, far0 on the far side.
elsewhere_up() {
	ip link add elsewhere0 type veth peer name far0 &&
		at_end ip link del elsewhere0 && ip link set elsewhere0 up &&
		ip link set far0 netns peer && peer ip link set far0 up
}

# arrived N TEXT [TIMES]: a datagram with this text came by pair N.
arrived() {
	inject "$1 arrived $2 ${3:-1}"
}

# takes N NUMBER...: those with a "!" must be rejected, the others arrive once,
# whichever way they come: "f" sends a packet in two IP fragments.
takes() {
	inject "$1 takes ${*:2}" && return
	echo "SEED=${SEED:-}, of: ${*:2}"
	return 1
}

# Another right packet of pair N, and it arrives.
LAST_GOOD=0
still_works() {
	LAST_GOOD=$((LAST_GOOD + 1))
	inject "$1 good $LAST_GOOD" && arrived "$1" "good$LAST_GOOD"
}

# Without a daemon, audit goes to the kernel's log, as fast as that lets it.
audit_to_log() {
	sysctl -qw kernel.printk_ratelimit=0 &&
		at_end sysctl -qw kernel.printk_ratelimit=5 &&
		"$INJECT_DIR/audit.py" on && at_end "$INJECT_DIR/audit.py" off
}

# audit_log OP: what XFRM has audited by this name.
audit_log() {
	dmesg | grep -E 'audit.*type=1415' | grep "op=$1"
}

# refused [NAME]: packets that XFRM has dropped on their way in, all or as NAME.
refused() {
	awk -v name="${1:-}" '/^Xfrm(Full)?In/ && (name == "" || $1 == name) {
		sum += $2
	} END { print sum }' /proc/net/xfrm_stat
}

refused_are() {
	echo "$1: $(refused "$1"), expected $2; all: $(refused), expected $3"
	[[ $(refused "$1") == "$2" && $(refused) == "$3" ]]
}

# delivered N TEXT LINE: what inject.py sends by LINE arrives by pair N, and XFRM
# drops nothing.
delivered() {
	local all

	all=$(refused)
	inject mark && inject "$3" && inject "$1 got $2" &&
		[[ $(refused) == "$all" ]]
}

# refuses N NAME LINE: it does not arrive, and XFRM drops one packet, as NAME.
refuses() {
	local all named

	all=$(refused) named=$(refused "$2")
	inject mark && inject "$3" && busywait 5000 refused_are "$2" \
		$((named + 1)) $((all + 1)) && inject "$1 got"
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

# The ends of tests that name their pairs so.
after_all() {
	honest_traffic "$HONEST"
}

all_removed() {
	inject_down "${PLAYED[@]}" && pairs_down "$HONEST" || return
	run_cleanup
	no_states && no_device_sas
}
