#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets that wait in a qdisc when their SA leaves the NIC are sent by software, up to
# a bound; of more than that the rest is dropped and counted, and none leaves in
# clear, which the wire's judge looks for. Whoever empties the qdisc has to do it in
# one go, or software sends them in between.
#
# timeout: 200
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"

PORT=4287
# XFRM_FULL_BACK_MAX
BOUND=4096
# Sockets, and packets of each, for which its buffer is large enough.
SOCKETS=25
EACH=200
# Of net.core.dev_weight, 64: more than there are packets.
ONE_GO=200

pair 7550 tunnel    4 4 onlink 128 256
pair 7551 transport 6 6 routed 256 256
PAIRS=(7550 7551)

setup() {
	pairs_up "${PAIRS[@]}" && each works "${PAIRS[@]}" &&
		sysctl -qw net.core.dev_weight_tx_bias=$ONE_GO &&
		at_end sysctl -qw net.core.dev_weight_tx_bias=1 &&
		at_end tc qdisc del dev acme0 root
}

works() {
	slowwait 10 ping -q -c 2 -i 0.1 -W 1 -I "${NEAR[$1]}" "${FAR[$1]}"
}

# The next slot in which packets may leave is far away, or now.
hold() {
	tc qdisc replace dev acme0 root netem limit 20000 slot 1000s 1000s
}

release() {
	tc qdisc change dev acme0 root netem limit 20000 slot 0 0
}

waiting() {
	tc -s qdisc show dev acme0 root |
		sed -n 's/.*backlog [^ ]* \([0-9]*\)p.*/\1/p'
}

# fill N SOCKETS
fill() {
	local i ways=()

	for ((i = 0; i < $2; i++)); do
		ways+=("${NEAR[$1]}>${FAR[$1]}")
	done
	"$MOVES_DIR/udp_echo.py" send $PORT $EACH 8 "${ways[@]}"
	echo "$(waiting) wait"
}

all_counted() {
	echo "$(($(sent "$1") - $2)) sent, $(($(mib near XfrmFullOutStray) - $3)) dropped"
	(($(sent "$1") + $(mib near XfrmFullOutStray) - $2 - $3 == $4))
}

# taken_back N SOCKETS DROPPED: so many of the packets are dropped.
taken_back() {
	local n=$1 count=$(($2 * EACH)) went dropped

	went=$(sent "$n") dropped=$(mib near XfrmFullOutStray)
	hold && fill "$n" "$2" && (($(waiting) >= count)) &&
		move "$n" out none && [[ $(sent "$n") == "$went" ]] &&
		release || return
	# Whatever comes next empties the qdisc.
	ping -q -c 1 -W 1 10.0.0.2
	slowwait 20 all_counted "$n" "$went" "$dropped" "$count" || {
		mib_all near
		tc -s qdisc show dev acme0
		return 1
	}
	(($(mib near XfrmFullOutStray) == dropped + $3)) &&
		move "$n" out acme0 && works "$n"
}

all_removed() {
	run_cleanup
	pairs_down "${PAIRS[@]}" && no_states && no_device_sas
}

all_checks() {
	local n

	for n in "${PAIRS[@]}"; do
		check "a qdisc with fewer packets: all are sent ($n)" \
			taken_back "$n" $((SOCKETS * 3 / 4)) 0
		check "with more: the rest is dropped ($n)" \
			taken_back "$n" $SOCKETS $((SOCKETS * EACH - BOUND))
	done
	check "counters agree" keep_evidence final
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
