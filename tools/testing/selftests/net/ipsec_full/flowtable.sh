#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A flow that leaves through an SA with full offload is not taken into a flowtable,
# which would take its answers, too, and have them pass by the inbound policy. That
# happens to SAs that never had to do with a NIC, which is how the test knows that it
# would see it.
#
#   $CLIENT             near                        far
#   10.N.N.7 cl1 -- cl0      acme0 == wire == peer0      10.N.N.1
#              `---- flowtable ----'
#
# What the far side answers in clear is on purpose: these networks are not protected
# as others are.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"

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

# The client's address, of the network that pair N protects.
client() {
	echo "${NEAR[$1]%1}7"
}

sas_up() {
	topology_up && no_gso acme0 && far_lines "${PAIRS[@]}" | far_batch &&
		near_lines "${FULL[@]}" | near_batch || return
	(OFFLOAD_OUT='' OFFLOAD_IN='' OFFLOAD_POLICY=''
		near_lines "${SOFTWARE[@]}" | near_batch) &&
		keep_evidence foreign
}

client_lines() {
	each "$1" "${PAIRS[@]}"
}

client_near() {
	echo "route add $(client "$1") dev cl0"
}

client_itself() {
	local nodad=

	((${INNER[$1]} == 4)) || nodad=nodad
	echo "address add $(client "$1") dev cl1 $nodad"
}

client_up() {

	setup_ns CLIENT || return
	at_end ip netns del "$CLIENT"
	ip link add cl0 type veth peer name cl1 netns "$CLIENT" || return
	near_batch <<-END || return
		link set cl0 up
		address add 10.0.89.1/24 dev cl0
		address add fd89::1/64 dev cl0 nodad
	END
	ip -n "$CLIENT" -batch - <<-END || return
		link set cl1 up
		address add fd89::2/64 dev cl1 nodad
		route add 10.0.89.1 dev cl1
	END
	client_lines client_near | near_batch &&
		{ client_lines client_itself
		echo "route add default via 10.0.89.1"
		echo "route add default via fd89::1"; } |
		ip -n "$CLIENT" -batch - || return
	sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	at_end sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
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
	sas_up && client_up && flowtable_up &&
		server "$OUT/$TEST_NAME.echo" ready peer \
			"$MOVES_DIR/udp_echo.py" serve $PORT "${addresses[@]}"
}

# asks_on N: the client asks without end, and writes each answer down.
asks_on() {
	server "$OUT/$TEST_NAME.answers" ready ip netns exec "$CLIENT" \
		"$MOVES_DIR/udp_echo.py" ask $PORT "$(pace 20)" \
		"$(client "$1")>${FAR[$1]}"
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

# The flowtable has them pass by the policy; no SA has counted them.
passes() {
	local before

	answered && before=$(received "$1") && answered || return
	echo "$(($(received "$1") - before)) by the SA"
	(($(received "$1") == before))
}

mismatches() {
	mib near XfrmInTmplMismatch
}

more_mismatches() {
	(($(mismatches) >= $1 + ENOUGH))
}

# Those that were on their way as ESP have arrived.
is_dropped() {
	local before

	slowwait 10 more_mismatches "$(mismatches)" || return
	before=$(answers)
	slowwait 10 more_mismatches "$(mismatches)" || return
	echo "$(mismatches) dropped, $(($(answers) - before)) arrived"
	(($(answers) == before))
}

# taken N: by the flowtable. With its answers, which nothing asks for ESP.
taken() {
	local status=0

	asks_on "$1" && by_flowtable && in_clear "$1" passes "$1" || status=1
	stop_server "$CLIENT_PID"
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

# moved_in N: a flow that the flowtable has, when its SAs get into the NIC.
moved_in() {
	local status=0

	asks_on "$1" && by_flowtable && move_pairs acme0 "$1" &&
		in_device "$1" && by_stack && in_clear "$1" is_dropped ||
		status=1
	stop_server "$CLIENT_PID"
	return $status
}

after_all() {
	pairs_up $HONEST &&
		ping -q -c 5 -i 0.1 -W 2 -I "${NEAR[$HONEST]}" "${FAR[$HONEST]}" &&
		keep_evidence final
}

all_removed() {
	run_cleanup
	pairs_down "${PAIRS[@]}" $HONEST && no_states && no_device_sas
}

all_checks() {
	local n

	for n in "${SOFTWARE[@]}"; do
		check "software alone: a flowtable takes it, IPv${INNER[$n]}" \
			taken "$n"
	done
	check "SAs get into the NIC: the flowtable loses it" moved_in 7510
	for n in "${FULL[@]}"; do
		check "full offload: none does, IPv${INNER[$n]}" not_taken "$n"
		check "nor when the SAs are back in software" moved_out "$n"
	done
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
