#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whatever becomes of an SA, the NIC gets it once and loses it once, in this order:
# the NIC counts the commands by which it does, the driver tells how many SAs it has
# not freed, and the tracepoint tells of the SA's life. States without keys, which
# wait for a key manager, get nowhere near.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/losses.sh"

ROUNDS=${ROUNDS:-30}
MOVING_ROUNDS=${MOVING_ROUNDS:-8}
: "${SEED:=$RANDOM}"
# Milliseconds, less than a polled command has
SLOW_COMMAND=20
BORN="arming>device"

pair 7420 tunnel 4 4 onlink 128 64
ALL=(7420)

commands() {
	nic_commands 'ADD|RUN|STOP|DEL'
}

since() {
	join <(echo "$1") <(commands) | awk '{ print $1 "+" $3 - $2 }' |
		paste -sd' '
}

# driver_has N: so many SAs were added and not freed.
driver_has() {
	ip xfrm offload show dev acme0 | grep -q " states $1 of "
}

nothing_left() {
	driver_has 0 && device_has 0 && [[ -z $(ip xfrm state) ]]
}

# once ADD DEL RUN STOP COMMAND...: that is what the NIC was asked for.
once() {
	local before want="ADD+$1 DEL+$2 RUN+$3 STOP+$4" got

	before=$(commands)
	: >/sys/kernel/tracing/trace
	"${@:5}" || return
	if ! busywait 5000 nothing_left; then
		echo "SAs are left"
		ip xfrm offload show dev acme0
		ip xfrm state
		return 1
	fi
	got=$(since "$before")
	echo "got $got, not $want"
	[[ $got == "$want" ]]
}

# lived DIR TRANSITION...: all of the SA's.
lived() {
	echo "$1: $(transitions 7420 "$1")"
	[[ $(transitions 7420 "$1") == "${*:2}" ]]
}

added() {
	near_states 7420 | near_batch && device_has 2 && driver_has 2
}

flushed() {
	ip xfrm state flush
}

both_lived() {
	lived out "$@" && lived in "$@"
}

# Who deletes an SA is told its last counters, so it is stopped first.
deleted() {
	added && near_states 7420 | undo | near_batch &&
		both_lived $BORN "device>dead"
}

added_again() {
	added && ! near_states 7420 | near_batch && flushed &&
		both_lived $BORN "device>dead"
}

in_and_out() {
	added && move_pairs none 7420 && driver_has 0 &&
		move_pairs acme0 7420 && flushed &&
		lived out $BORN "device>draining" "draining>software" \
			"software>arming" $BORN "device>dead" &&
		lived in $BORN "device>software" "software>arming" $BORN \
			"device>dead"
}

expired() {
	near_states 7420 | sed 's/ offload / limit time-hard 1&/' | near_batch &&
		busywait 10000 no_near_states && both_lived $BORN "device>dead"
}

no_near_states() {
	[[ -z $(ip xfrm state) ]]
}

# larval SPI: there is one without keys, of which the driver has not heard.
larval() {
	[[ $(ip xfrm state) == *"spi $1"* ]] && driver_has 0
}

allocspi() {
	ip xfrm state allocspi src 10.0.0.2 dst 10.0.0.1 proto esp mode tunnel \
		reqid 7420 "$@" min "${SPI_IN[7420]}" max "${SPI_IN[7420]}" &&
		larval "$(printf 0x%08x "${SPI_IN[7420]}")"
}

updated() {
	sa 7420 in replay-window 64 "$OFFLOAD_IN" | sed 's/ add / update /' |
		near_batch
}

# As IKE daemons do for inbound SAs.
spi_then_keys() {
	allocspi dir in && updated && device_has 1 && flushed &&
		lived in $BORN "device>dead"
}

spi_only() {
	allocspi dir in && flushed && lived in
}

# A packet meets a policy, and the daemon comes with SAs.
acquired() {
	ip xfrm monitor acquire >"$OUT/$TEST_NAME.acquire" &
	at_end stop_server $!
	slowwait 10 monitors $!
	! ping -q -c 1 -W 1 -I "${NEAR[7420]}" "${FAR[7420]}" &&
		larval 0x00000000 && added && flushed &&
		both_lived $BORN "device>dead"
}

outbound_numbers() {
	"$MOVES_DIR/saops.py" getae "$1" "${SPI_OUT[7420]}" |
		grep -o 'seq .*'
}

# migrate TO: the outbound SA's far end, with its numbers.
migrated() {
	local before

	added && keep_evidence live || return
	ping -q -c 3 -i 0.1 -W 1 -I "${NEAR[7420]}" "${FAR[7420]}"
	before=$(outbound_numbers 10.0.0.2)
	"$MOVES_DIR/saops.py" migrate out "${NEAR_NET[7420]}" \
		"${FAR_NET[7420]}" 10.0.0.1 10.0.0.2 tunnel 7420 \
		10.0.0.1 10.0.9.2 || return
	echo "$before, then $(outbound_numbers 10.0.9.2)"
	[[ $(outbound_numbers 10.0.9.2) == "$before" ]] && device_has 1 &&
		! show 7420 out && flushed &&
		lived out $BORN "device>draining" "draining>software" \
			"software>dead"
}

policies_again() {
	ip xfrm policy flush && near_policies 7420 | near_batch
}

no_namespace() {
	[[ ! -e /run/netns/$1 ]] || ip netns del "$1"
}

# The NIC comes back when its namespace ends, and its SAs do not.
netns_exit() {
	ip netns add own && at_end no_namespace own &&
		ip link set acme0 netns own &&
		ip -n own -batch - <<-END || return
			link set acme0 up
			address add 10.0.0.1/24 dev acme0
			$(near_states 7420)
		END
	device_has 2 && ip netns del own &&
		slowwait 20 test -e /sys/class/net/acme0 &&
		both_lived $BORN "device>dead"
}

# Whoever comes first deletes it: once.
race() {
	local i before got

	before=$(commands)
	for ((i = 0; i < ROUNDS; i++)); do
		near_states 7420
		near_states 7420 | undo
	done | ip -force -batch - >/dev/null 2>&1 &
	while kill -0 $! 2>/dev/null; do
		ip xfrm state flush
	done
	wait $!
	busywait 5000 nothing_left || return
	got=$(since "$before")
	echo "$got"
	[[ $got =~ ^ADD\+([1-9][0-9]*)\ DEL\+([0-9]+) ]] &&
		((BASH_REMATCH[1] == BASH_REMATCH[2]))
}

# Both SAs, out and in again; the first one that is gone ends it.
moves_on() {
	local i

	for ((i = 0; i < 40; i++)); do
		move_line 7420 out none
		move_line 7420 in none
		move_line 7420 out acme0
		move_line 7420 in acme0
	done | near_batch
}

# deleted_while_moving FLUSH MS: after so long. Nobody stops the moves but that.
deleted_while_moving() {
	local status=0 mover

	near_states 7420 | near_batch || return
	moves_on >>"$OUT/$TEST_NAME.moves" 2>&1 &
	mover=$!
	sleep "$(printf '0.%03d' "$2")"
	if (($1)); then
		ip xfrm state flush
	else
		near_states 7420 | undo | near_batch
	fi || status=$?
	! wait $mover && return $status
}

slow_moves() {
	acmectl fault SA_RUN late-after $SLOW_COMMAND &&
		acmectl fault SA_STOP late-after $SLOW_COMMAND
}

# Whatever place an SA is on its way to when it is deleted.
moving_race() {
	local i before got

	RANDOM=$SEED
	echo "SEED=$SEED"
	before=$(commands)
	slow_moves || return
	for ((i = 0; i < MOVING_ROUNDS; i++)); do
		deleted_while_moving $((i % 2)) $((100 + RANDOM % 400)) || return
	done
	acmectl fault clear
	if ! busywait 5000 nothing_left; then
		ip xfrm offload show dev acme0
		ip xfrm state
		return 1
	fi
	got=$(since "$before")
	echo "$got"
	[[ $got =~ ^ADD\+([0-9]+)\ DEL\+([0-9]+) ]] &&
		((BASH_REMATCH[1] == BASH_REMATCH[2] &&
			BASH_REMATCH[1] > 2 * MOVING_ROUNDS))
}

counters_agree() {
	policies_gone && renew 7420 && pairs_up 7420 && ping -q -c 5 -i 0.1 -W 2 \
		-I "${NEAR[7420]}" "${FAR[7420]}" && keep_evidence final
}

setup() {
	topology_up && protect 7420 && policies_again && trace_moves && near_lines 7420 |
		grep -v '^xfrm' | near_batch
}

policies_gone() {
	near_lines 7420 | grep -v '^xfrm state' | undo | near_batch
}

all_removed() {
	pairs_down 7420 && no_states && no_device_sas
}

all_checks() {
	check "added, deleted" once 2 2 2 2 deleted
	check "added, added again, flushed" once 2 2 2 0 added_again
	check "moved out and in again, flushed" once 4 4 4 2 in_and_out
	check "expired" once 2 2 2 0 expired
	check "an SPI allocated, nothing else" once 0 0 0 0 spi_only
	check "an SPI allocated, then an update with keys" \
		once 1 1 1 0 spi_then_keys
	check_fails "likewise, the SPI without a direction" \
		"allocated without this direction" no_direction
	check "it goes" flushed
	check "acquired, then added" once 2 2 2 0 acquired
	check "migrated" once 2 2 2 1 migrated
	check "policies" policies_again
	check "the end of a network namespace" once 2 2 2 0 netns_exit
	check "the NIC is here again" nic_back
	check "added, deleted and flushed at the same time" race
	check "deleted and flushed while they move" moving_race
	check "a pair counts what the wire carries" counters_agree
	check "all can be removed" all_removed
}

no_direction() {
	allocspi && updated
}

plan_for all_checks
set_up setup
at_end acmectl fault clear
all_checks
finish
