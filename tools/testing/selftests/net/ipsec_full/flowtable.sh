#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A flow that leaves through an SA with full offload is not taken into a flowtable,
# which would take its answers, too, and have them pass by the inbound policy; nor is
# one whose SA is in software, while full offload is in use, as a NIC may have the other
# one. That happens to flows without IPsec, which is how the test knows that it would
# see it.
#
#   $CLIENT             near                        far
#   10.N.N.7 cl1 -- cl0      acme0 == wire == peer0      10.N.N.1
#                    `- flowtable -'
#
# What the far side answers in clear is on purpose: these networks are not protected
# as others are.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/client.sh"

PORT=4284
# Each of them needs so many packets.
ENOUGH=5

pair 7510 tunnel 4 4 onlink 128 64
pair 7511 tunnel 6 6 routed 128 64
pair 7512 tunnel 4 4 onlink 128 64
pair 7513 tunnel 6 6 routed 128 64
HONEST=7514
pair $HONEST tunnel 4 4 onlink 128 64
SOFTWARE=(7510 7511)
FULL=(7512 7513)
PAIRS=("${SOFTWARE[@]}" "${FULL[@]}")

sas_up() {
	topology_up && no_gso acme0 && far_lines "${PAIRS[@]}" | far_batch &&
		near_lines "${FULL[@]}" | near_batch || return
	(OFFLOAD_OUT='' OFFLOAD_IN='' OFFLOAD_POLICY=''
		near_lines "${SOFTWARE[@]}" | near_batch) &&
		keep_evidence foreign
}

# Whatever is forwarded is counted here, unless the flowtable has done it before.
flowtable_up() {
	at_end nft delete table inet taken
	nft -f - <<-END
		table inet taken {
			flowtable f {
				hook ingress priority 0
				devices = { acme0, cl0 }
			}
			counter questions { packets 0 bytes 0 }
			chain forward {
				type filter hook forward priority 0
				oifname acme0 udp dport $PORT counter name questions
				udp dport $PORT flow add @f
				udp sport $PORT flow add @f
			}
		}
	END
}

setup() {
	local n addresses=()

	for n in "${PAIRS[@]}"; do
		addresses+=("${FAR[$n]}")
	done
	addresses+=(10.0.0.2 fd00::2)
	sas_up && client_up "${PAIRS[@]}" && flowtable_up &&
		server "$OUT/$TEST_NAME.echo" ready peer \
			"$MOVES_DIR/udp_echo.py" serve $PORT "${addresses[@]}"
}

# asks_on N [ADDRESS]: the client asks without end, and writes each answer down.
asks_on() {
	server "$OUT/$TEST_NAME.answers" ready ip netns exec "$CLIENT" \
		"$MOVES_DIR/udp_echo.py" ask $PORT "$(pace 20)" \
		"$(client "$1")>${2:-${FAR[$1]}}"
	CLIENT_PID=$!
}

answers() {
	wc -l <"$OUT/$TEST_NAME.answers"
}

more_answers() {
	(($(answers) >= $1 + ENOUGH))
}

# Packets of questions that passed the forward chain.
forwarded() {
	nft list counter inet taken questions |
		sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

more_forwarded() {
	(($(forwarded) >= $1 + ENOUGH))
}

answered() {
	slowwait 10 more_answers "$(answers)"
}

# by_flowtable: questions are answered and none of them passes the forward chain.
by_flowtable() {
	local before

	answered && before=$(forwarded) && answered || return
	echo "$(($(forwarded) - before)) forwarded beside the flowtable"
	(($(forwarded) == before))
}

# by_stack: they all pass it, and are answered.
by_stack() {
	answered && slowwait 10 more_forwarded "$(forwarded)" && answered
}

# The far side has no policy for what leaves by this device.
clear_route() {
	local via="via 10.0.0.1"

	((${INNER[$2]} == 4)) || via="via fd00::1"
	# shellcheck disable=SC2086  # words
	peer ip route "$1" "$(client "$2")" $via dev peer0 src "${FAR[$2]}"
}

# in_clear N COMMAND...: while the far side answers in clear
in_clear() {
	local status=0

	clear_route add "$1" || return
	"${@:2}" || status=1
	clear_route del "$1"
	return $status
}

mismatches() {
	mib near XfrmInTmplMismatch
}

more_mismatches() {
	(($(mismatches) >= $1 + ENOUGH))
}

# Those that were on their way as ESP have arrived, and have been written down.
is_dropped() {
	local before

	slowwait 10 more_mismatches "$(mismatches)" || return
	sleep "$(pace 1000)"
	before=$(answers)
	slowwait 10 more_mismatches "$(mismatches)" || return
	echo "$(mismatches) dropped, $(($(answers) - before)) arrived"
	(($(answers) == before))
}

# plain N: without IPsec, in the same network as pair N
plain() {
	local status=0 to=10.0.0.2 via=10.0.0.1

	((${INNER[$1]} == 4)) || to=fd00::2 via=fd00::1
	peer ip route add "$(client "$1")" via $via dev peer0 || return
	asks_on "$1" $to && by_flowtable || status=1
	stop_server "$CLIENT_PID"
	peer ip route del "$(client "$1")" dev peer0
	return $status
}

not_taken() {
	local status=0

	asks_on "$1" && by_stack && in_clear "$1" is_dropped && by_stack ||
		status=1
	stop_server "$CLIENT_PID"
	return $status
}

# moved_out N: SAs that the NIC gave back.
moved_out() {
	move_pairs none "$1" && in_software "$1" && not_taken "$1"
}

# half_in N: software sends, the NIC receives.
half_in() {
	move "$1" in acme0 && not_taken "$1"
}

# moved_in N: while there is a flow.
moved_in() {
	local status=0

	asks_on "$1" && by_stack && move_pairs acme0 "$1" && in_device "$1" &&
		by_stack && in_clear "$1" is_dropped || status=1
	stop_server "$CLIENT_PID"
	return $status
}

all_removed() {
	run_cleanup
	pairs_down "${PAIRS[@]}" && no_states && no_device_sas
}

all_checks() {
	local n

	for n in "${SOFTWARE[@]}"; do
		check "without IPsec: a flowtable takes it, IPv${INNER[$n]}" \
			plain "$n"
		check "SAs in software: none does, IPv${INNER[$n]}" \
			not_taken "$n"
	done
	check "nor when they get into the NIC" moved_in 7510
	check "nor when the inbound one does" half_in 7511
	for n in "${FULL[@]}"; do
		check "full offload: none does, IPv${INNER[$n]}" not_taken "$n"
		check "nor when the SAs are back in software" moved_out "$n"
	done
	check "other SAs are not disturbed" carries $HONEST
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
