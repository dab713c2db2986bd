#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# XFRM_MSG_UPDSA in its usual form, with keys and all, changes a live SA where it
# is: limits, selector and UDP ports of one that is in the NIC are changed there,
# and packets go by them from then on. What it can't change is refused, and an SA
# that has left the NIC can be given numbers like any other.
#
# timeout: 200
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"

# Added without a direction, and moved into the NIC later.
pair 7430 tunnel    4 4 onlink 128 64
ENCAP[7431]=4500
pair 7431 tunnel    4 4 routed 256 64
PORTS=(4500 4501)
# Another host of the network that pair 7430 protects.
OTHER=${FAR[7430]%.1}.9

setup() {
	local port

	for port in "${PORTS[@]}"; do
		server "$OUT/$TEST_NAME.$port" ready peer \
			"$MOVES_DIR/udp_echo.py" encap "$port" || return
		ENCAP_SERVER[port]=$!
	done
	software_pairs_up 7430 && pairs_up 7431 &&
		peer ip address add "$OTHER/32" dev lo &&
		at_end peer ip address del "$OTHER/32" dev lo &&
		move_pairs acme0 7430 && pings "${FAR[7430]}" 7430 &&
		pings "${FAR[7431]}" 7431
}

# pings TO N
pings() {
	ping -q -c 2 -i 0.1 -W 1 -I "${NEAR[$2]}" "$1"
}

# place_words N out|in
place_words() {
	[[ $2 == out ]] || echo "replay-window ${WINDOW[$1]} $OFFLOAD_IN"
	[[ $2 == in ]] || echo "$OFFLOAD_OUT"
}

# update N out|in WORDS...: keys, place and all else are those of the SA.
update() {
	sa "$1" "$2" "${*:3}" "$(place_words "$1" "$2")" |
		sed 's/ add / update /' | near_batch
}

# How often the NIC has executed ADD, DEL and UPDATE.
commands() {
	nic_commands 'ADD|DEL|UPDATE' | cut -d ' ' -f 2 | paste -sd' '
}

# in_place COUNT COMMAND...: SAs in the NIC are changed so often, and nothing else.
in_place() {
	local add del update before

	before=$(commands)
	"${@:2}" || return
	echo "commands: $before, then $(commands)"
	read -r add del update <<<"$before"
	[[ $(commands) == "$add $del $((update + $1))" ]]
}

limit_is() {
	show "$1" "$2" | grep -q "hard $3(packets)"
}

limits() {
	update 7430 out limit packet-hard 100000 &&
		limit_is 7430 out 100000 &&
		update 7430 in limit packet-hard 200000 &&
		limit_is 7430 in 200000 && in_device 7430 &&
		pings "${FAR[7430]}" 7430
}

# narrowed DIR SRC DST: the SA of pair 7430 is for these now.
narrowed() {
	sa 7430 "$1" "$(place_words 7430 "$1")" |
		sed "s, add , update ,; s, sel src [^ ]* dst [^ ]*, sel src $2 \
dst $3," | near_batch
}

# One host of the far network, not the other.
narrow_out() {
	local before

	narrowed out "${NEAR_NET[7430]}" "${FAR[7430]}/32" &&
		pings "${FAR[7430]}" 7430 || return
	before=$(mib near XfrmOutNoStates)
	! pings "$OTHER" 7430 && (($(mib near XfrmOutNoStates) > before))
}

narrow_in() {
	local before

	narrowed in "${FAR[7430]}/32" "${NEAR_NET[7430]}" &&
		pings "${FAR[7430]}" 7430 || return
	before=$(mib near XfrmInStateMismatch)
	! pings "$OTHER" 7430 &&
		busywait 3000 until_counter_is "== $((before + 2))" \
			mib near XfrmInStateMismatch >/dev/null
}

wide_again() {
	update 7430 "$1" && pings "$OTHER" 7430 && pings "${FAR[7430]}" 7430
}

# The far end has nothing that takes ESP from the old port.
other_ports() {
	ENCAP[7431]=${PORTS[1]}
	far_states 7431 | sed 's/ add / update /' | far_batch &&
		in_place 2 near_ports && keep_evidence live || return
	stop_server "${ENCAP_SERVER[${PORTS[0]}]}"
	pings "${FAR[7431]}" 7431 && in_device 7431
}

near_ports() {
	update 7431 out && update 7431 in &&
		show 7431 out | grep -q "sport ${PORTS[1]} dport ${PORTS[1]}"
}

no_ports() {
	local ENCAP=()

	update 7431 out
}

# Nobody has moved it, and it works.
as_before() {
	in_device "$1" && pings "${FAR[$1]}" "$1"
}

other_direction() {
	sa 7430 out replay-window 64 "$OFFLOAD_IN" | sed 's/ add / update /' |
		near_batch
}

# XFRM takes the modes of inner packets from it once.
other_family() {
	sa 7431 out "$OFFLOAD_OUT" |
		sed 's, add , update ,; s/$/ sel src fd07::\/64 dst fd08::\/64/' |
		near_batch
}

# An update is told as it was asked for: of where the SA is, there is no word.
told_right() {
	local log=$OUT/$TEST_NAME.told

	ip xfrm monitor SA >"$log" &
	local pid=$!
	at_end stop_server $pid
	slowwait 10 monitors $pid && update 7430 out &&
		busywait 5000 grep -q "spi ${SPI_OUT[7430]}\|offload" "$log" ||
		return
	stop_server $pid
	cat "$log"
	grep -q 'mode full' "$log" && ! grep 'arming\|epoch 0' "$log"
}

numbers() {
	"$MOVES_DIR/saops.py" getae "${FAR_END[7430]}" "${SPI_OUT[7430]}" |
		sed 's/.* oseq \([0-9]*\) .*/\1/'
}

# The SA goes on from there, in software and in the NIC.
numbers_set() {
	local start

	move 7430 out none || return
	start=$(($(numbers) + 1000))
	"$MOVES_DIR/saops.py" setae "${FAR_END[7430]}" "${SPI_OUT[7430]}" \
		$start && pings "${FAR[7430]}" 7430 &&
		(($(numbers) == start + 2)) && move 7430 out acme0 &&
		pings "${FAR[7430]}" 7430 && echo "$(numbers), from $start" &&
		(($(numbers) == start + 4))
}

# Two more, and no third.
limit_met() {
	local count

	count=$(sent 7431)
	update 7431 out limit packet-hard $((count + 2)) &&
		keep_evidence live || return
	ping -q -c 4 -i 0.1 -W 1 -I "${NEAR[7431]}" "${FAR[7431]}"
	! show 7431 out 2>/dev/null && (($(far_received) == count + 2))
}

far_received() {
	peer ip -s xfrm state get src "${NEAR_END[7431]}" \
		dst "${FAR_END[7431]}" proto esp spi "${SPI_OUT[7431]}" |
		sed -n 's/.*(bytes), \([0-9]*\)(packets)$/\1/p'
}

counters_agree() {
	keep_evidence final
}

all_removed() {
	run_cleanup
	pairs_down 7430 && far_lines 7431 | undo | far_batch &&
		near_lines 7431 | grep -v "spi ${SPI_OUT[7431]}" | undo |
		near_batch && no_states && no_device_sas
}

all_checks() {
	check "limits" in_place 2 limits
	check "the selector, outbound" in_place 1 narrow_out
	check "to what it was" in_place 1 wide_again out
	check "the selector, inbound" in_place 1 narrow_in
	check "to what it was" in_place 1 wide_again in
	check "UDP ports" other_ports
	check_fails "UDP encapsulation can't be turned off" \
		"can't turn UDP encapsulation on or off" no_ports
	check_fails "nor can the direction be turned round" \
		"The SA has another direction" other_direction
	check_fails "nor the family of the selector" "has another family" other_family
	check "what listeners are told of an update" told_right
	check "both are as before" as_before 7430
	check "numbers of an SA that has left the NIC" numbers_set
	check "a limit that is near, in packets" limit_met
	check "counters have settled" counters_agree
	check "all can be removed" all_removed
}

ENCAP_SERVER=()
plan_for all_checks
set_up setup
all_checks
finish
