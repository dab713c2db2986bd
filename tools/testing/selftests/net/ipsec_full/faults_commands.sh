#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The NIC dies, starts anew or does not answer, at each command that the driver
# sends, before or after it was executed: whoever asked for something gets an answer
# in time, and the NIC is known to be lost. Nobody knows which numbers it has used,
# so all SAs in it expire, and that is told of each, once. Policies stay and block,
# nothing leaves in clear, though there is another way, and the driver loaded again
# works.
#
# A command without a case here fails the test. By default it is a sample of all
# cases and failures, as one takes ten seconds: SEED= chooses another, FULL=1 takes
# all, an argument those that it matches:
#
#	make vm RUN=path/to/faults_commands.sh ARGS="'SA_RUN .* kill'"
#
# timeout: 900
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/losses.sh"

ACME=$(dirname "$0")/../../../../../drivers/net/ethernet/acme
# Seconds: 5 for a command, 2 for the reset of a NIC that is lost.
BOUND=8
# The driver has something to ask by itself.
PERIOD=10
: "${SAMPLE:=3}"
: "${SEED:=$RANDOM}"
ONLY=${1:-}

pair 7450 transport 4 4 routed 128 64
pair 7451 tunnel    6 6 onlink 256 64
ALL=(7450 7451) FALLING=()
# For the end
pair 7452 tunnel    4 4 onlink 128 64

# Another SA, and one of these for each case: no SPI is used twice.
EXTRA_SPI=$((0x3a000))
EXTRA_KEY=$(random_key 128)

# enum acme_opcode, and what makes the driver send it: a function by_*
cases() {
	if [[ ${PROFILE:-} == dump-only ]]; then
		cases_of_suspension
		return
	fi
	cat <<-END
		GET_CAPS probe
		GET_CAPS service
		TIME_SET probe
		TIME_SET service
		AUDIT_SET probe
		STATS_GET statistics
		STATS_GET service
		VPORT_SET mtu
		VPORT_SET mac
		VPORT_SET promisc
		VPORT_SET up
		VPORT_SET down
		VPORT_SET remove
		RSS_SET up
		RSS_SET hash
		QUEUE_CREATE up
		QUEUE_CREATE channels
		QUEUE_CREATE rings
		QUEUE_CREATE selftest
		QUEUE_DESTROY down
		QUEUE_DESTROY channels
		QUEUE_DESTROY rings
		QUEUE_DESTROY selftest
		QUEUE_DESTROY remove
		QUEUE_COALESCE moderation
		SA_ADD add
		SA_ADD enter
		SA_RUN add
		SA_RUN enter
		SA_UPDATE update
		SA_QUERY get
		SA_STOP leave
		SA_STOP delete
		SA_DEL leave
		SA_DEL delete
		SA_DEL flush
		SA_DEL remove
		SEQ_ALLOC too_big
		REPLAY_TEST_SET fragments
	END
}

# An SA is stopped for a fragment of ESP, and runs again soon after.
cases_of_suspension() {
	cat <<-END
		SA_STOP fragments
		SA_RUN fragments
	END
}

# Commands that this driver never sends, and why.
never_sent() {
	echo "SA_RESUME SA_RUN with the snapshot of the stop does the same"
}

failures() {
	local what when

	for what in kill reset lose; do
		for when in before after; do
			echo "$what-$when"
		done
	done
}

rows() {
	local case failure

	while read -r case; do
		while read -r failure; do
			echo "$case $failure"
		done < <(failures)
	done < <(cases)
}

opcodes() {
	sed -n 's/^\tACME_OP_\([A-Z0-9_]*\) = .*/\1/p' "$ACME/acme_hw.h"
}

names() {
	cut -d ' ' -f 1 | sort -u
}

sent_by_driver() {
	cat "$ACME"/*.c | tr -c 'A-Z0-9_' '\n' | sed -n 's/^ACME_OP_//p' |
		grep . | sort -u
}

every_command_has_a_case() {
	(($(opcodes | wc -l) > 10)) &&
		diff <(opcodes | sort) <({ cases; never_sent; } | names) &&
		diff <(opcodes | grep -vxF "$(never_sent | names)" | sort) \
			<(sent_by_driver)
}

# bounded COMMAND...: may fail, but not hang.
SLOWEST=0
bounded() {
	local start status=0 took

	start=$(timestamp_ms)
	timeout $((BOUND * PATIENCE_FACTOR)) "$@" || status=$?
	took=$(($(timestamp_ms) - start))
	((took < SLOWEST)) || SLOWEST=$took
	echo "$*: status $status after $took ms"
	((status != 124))
}

extra_id() {
	echo "src 10.0.0.1 dst 10.0.0.2 proto esp spi $EXTRA_SPI"
}

# extra add|update WORDS...
# shellcheck disable=SC2046  # words
extra() {
	bounded ip xfrm state "$1" $(extra_id) mode transport \
		aead "rfc4106(gcm(aes))" "$EXTRA_KEY" 128 "${@:2}"
}

# shellcheck disable=SC2086  # words
in_nic() {
	extra add $OFFLOAD_OUT && device_has $((2 * ${#ALL[@]} + 1))
}

# before_HOW: what must be so for by_HOW to send the command.
before_probe() {
	bounded modprobe -r acme
}

by_probe() {
	bounded modprobe acme
}

by_service() {
	:
}

by_statistics() {
	bounded ethtool -S acme0
}

by_mtu() {
	bounded ip link set acme0 mtu 1400
}

by_mac() {
	bounded ip link set acme0 address 52:54:00:ac:00:99
}

by_promisc() {
	bounded ip link set acme0 promisc on
}

before_up() {
	by_down
}

by_up() {
	bounded ip link set acme0 up
}

by_down() {
	bounded ip link set acme0 down
}

by_remove() {
	bounded modprobe -r acme
}

by_hash() {
	bounded ethtool -X acme0 equal 1
}

by_channels() {
	bounded ethtool -L acme0 combined 3
}

by_rings() {
	bounded ethtool -G acme0 rx 128
}

by_selftest() {
	bounded ethtool -t acme0 offline
}

by_moderation() {
	bounded ethtool -C acme0 rx-usecs 33
}

# shellcheck disable=SC2086  # words
by_add() {
	extra add $OFFLOAD_OUT
}

before_enter() {
	extra add
}

# shellcheck disable=SC2046,SC2086  # words
by_enter() {
	bounded ip xfrm state update $(extra_id) $OFFLOAD_OUT
}

before_update() {
	in_nic
}

# shellcheck disable=SC2086  # words
by_update() {
	extra update limit packet-hard 1000 $OFFLOAD_OUT
}

before_get() {
	in_nic
}

# shellcheck disable=SC2046  # words
by_get() {
	bounded ip -s xfrm state get $(extra_id)
}

before_leave() {
	in_nic
}

# shellcheck disable=SC2046  # words
by_leave() {
	bounded ip xfrm state update $(extra_id) offload none
}

before_delete() {
	in_nic
}

# shellcheck disable=SC2046  # words
by_delete() {
	bounded ip xfrm state delete $(extra_id)
}

before_flush() {
	in_nic
}

by_flush() {
	bounded ip xfrm state flush
}

# The packet itself is an exception. The NIC may give it a number and not say which.
by_too_big() {
	echo "${FAR_END[7450]} ${SPI_OUT[7450]} 1" >>"$EVIDENCE/losses"
	bounded ping -q -c 1 -W 1 -s 3000 -M dont -I "${NEAR[7450]}" \
		"${FAR[7450]}"
}

# The far end sends one, of ESP in fragments.
by_fragments() {
	bounded peer ping -q -c 1 -W 1 -s 3000 -M dont -I "${FAR[7450]}" \
		"${NEAR[7450]}"
}

# met COMMAND: the failure waits for it no longer.
met() {
	local list

	list=$(acmectl fault list) || return
	! grep "^$1 " <<<"$list"
}

has_interface() {
	[[ -e /sys/class/net/acme0 ]]
}

# known_as_lost HOW: by who has asked; else whoever asks next finds out.
known_as_lost() {
	case $1 in
	probe | remove)
		! has_interface
		;;
	*)
		bounded ethtool -S acme0 >/dev/null &&
			busywait $((BOUND * 1000)) is_lost
		;;
	esac
}

all_told() {
	local told

	told=$(reported)
	! uniq -d <<<"$told" | grep . &&
		[[ $(grep -cxF "$(spis "${ALL[@]}")" <<<"$told") == \
			$((2 * ${#ALL[@]})) ]]
}

# Who flushes SAs needs not be told.
all_expired() {
	if [[ $1 != flush ]] && ! busywait 5000 all_told; then
		echo "told of: $(reported)"
		echo "SAs: $(spis "${ALL[@]}")"
		return 1
	fi
	busywait 5000 none_in_device
}

# What has left it in time may go on.
none_in_device() {
	local left

	left=$(ip xfrm state)
	! grep 'place device' <<<"$left" &&
		! grep -F "$(spis "${ALL[@]}")" <<<"$left"
}

# survives COMMAND HOW FAILURE
survives() {
	local how=$2 start

	EXTRA_SPI=$((EXTRA_SPI + 1))
	! declare -F "before_$how" >/dev/null || "before_$how" || return
	acmectl fault "$1" "$3" 1 || return
	start=$SECONDS
	"by_$how" && busywait $(((PERIOD + BOUND) * 1000)) met "$1" || return
	echo "met after $((SECONDS - start)) s"
	known_as_lost "$how" || return
	echo "lost after $((SECONDS - start)) s"
	all_expired "$how" && blocks && nothing_in_clear
}

# The driver loaded again; its interface goes while packets meet the policies.
works_again() {
	bounded modprobe -r acme && acmectl fault clear && blocks &&
		ip xfrm state flush && modprobe acme && nic_back &&
		device_has 0 && renewed "${ALL[@]}" && all_flow &&
		nothing_in_clear
}

survives_and_works_again() {
	local status=0

	survives "$@" || status=$?
	works_again && return "$status"
}

wanted_rows() {
	if [[ -n $ONLY ]]; then
		rows | grep -e "$ONLY"
	elif [[ ${FULL:-0} == 0 ]]; then
		rows | chosen "$SAMPLE" "$SEED"
	else
		rows
	fi
}

all_checks() {
	local command how failure

	[[ ${PROFILE:-} == dump-only ]] ||
		check "every command has a case" every_command_has_a_case
	while read -r -u 9 command how failure; do
		check "$command by $how: $failure" survives_and_works_again \
			"$command" "$how" "$failure"
	done 9< <(wanted_rows)
	check "all is removed" loss_teardown
	check "a new pair counts what the wire carries" carries 7452
}

at_end acmectl fault clear
plan_for all_checks
echo "# SEED=$SEED"
set_up loss_setup
all_checks
echo "# slowest command: $SLOWEST ms"
finish
