#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# From the core to the NIC a packet is cleartext. Whatever would lead it elsewhere
# meanwhile costs the packet: tc redirects and mirrors, a bridge behind them, a
# changed dst, an interface stacked on the NIC, SAs deleted while packets wait in a
# qdisc, packets too large, SAs on top of each other.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

# What software could send as ESP is dropped as well.
[[ -z $OFFLOAD_OUT ]] || OFFLOAD_OUT+=" exceptions drop"

N=5
pair 760 tunnel    4 4 onlink 128 64
pair 761 transport 4 4 routed 128 64
pair 762 tunnel    6 4 onlink 256 64
PAIRS=(760 761 762)

# Quiet but for what is led there.
quiet() {
	sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	at_end sysctl -qw net.ipv6.conf.default.disable_ipv6=0
}

setup() {
	quiet
	pairs_up "${PAIRS[@]}" &&
		ip link add leak0 type dummy && ip link set leak0 up &&
		ip link add leak1 type dummy && ip link set leak1 up &&
		ip link add leakbr type bridge && ip link set leakbr up &&
		ip link set leak0 master leakbr && ip link set leak1 master leakbr &&
		tc qdisc add dev acme0 clsact
}

teardown() {
	tc qdisc del dev acme0 clsact
	tc qdisc del dev acme0 root netem
	ip link del leakbr
	ip link del leak0
	ip link del leak1
	ip link del acme0.60
} 2>/dev/null

# probe N...: what is to be lost, N packets for each pair, none answered.
probe() {
	local n

	for n; do
		! ping -q -c "$N" -i 0.05 -W 1 -I "${NEAR[$n]}" "${FAR[$n]}" || return
	done
}

answers() {
	local n

	for n; do
		ping -q -c "$N" -i 0.05 -W 2 -I "${NEAR[$n]}" "${FAR[$n]}" || return
	done
}

leaked() {
	local dev sum=0

	for dev in leak0 leak1; do
		((sum += $(</sys/class/net/$dev/statistics/tx_packets)))
	done
	echo "$sum"
}

# egress ACTION...: what tc does with IP packets that leave by acme0.
egress() {
	tc filter add dev acme0 egress protocol ip matchall action "$@"
}

clear_egress() {
	tc filter del dev acme0 egress
}

# lost COUNTER COUNT COMMAND...: so many packets are counted there, and the
# dummies send none.
lost() {
	local counter=$1 count=$2 before after clear

	shift 2
	before=$(mib near "$counter")
	clear=$(leaked)
	"$@" || return
	after=$(mib near "$counter")
	echo "$counter: $before, then $after; $(($(leaked) - clear)) leaked"
	((after - before == count && $(leaked) == clear))
}

redirected() {
	egress mirred egress redirect dev leak1 &&
		lost XfrmFullOutStray $((3 * N)) probe "${PAIRS[@]}" &&
		clear_egress && answers "${PAIRS[@]}"
}

mirrored() {
	egress mirred egress mirror dev leak1 &&
		lost XfrmFullOutStray $((3 * N)) answers "${PAIRS[@]}" &&
		clear_egress
}

# As if it had been received: the bridge floods it to its other ports.
bridged() {
	egress mirred ingress redirect dev leak0 &&
		lost XfrmFullOutStray "$N" probe 760 &&
		clear_egress && answers 760
}

# It takes the place of the dst that has the SA.
tunnel_key() {
	egress tunnel_key set src_ip 10.0.0.1 dst_ip 10.0.0.2 id 7 &&
		lost XfrmFullOutStray "$N" probe 760 &&
		clear_egress && answers 760
}

stacked() {
	ip link add link acme0 name acme0.60 type vlan id 60 &&
		ip link set acme0.60 up &&
		ip route replace "${FAR_NET[761]}" dev acme0.60 \
			src "${NEAR[761]}" &&
		lost XfrmFullOutException "$N" probe 761 &&
		ip route replace "${FAR_NET[761]}" via 10.0.0.2 \
			src "${NEAR[761]}" &&
		ip link del acme0.60 && answers 761
}

too_big() {
	lost XfrmFullOutException "$N" ping_big
}

ping_big() {
	! ping -q -c "$N" -i 0.05 -W 1 -s 3000 -M dont -I "${NEAR[761]}" \
		"${FAR[761]}"
}

state_lost() {
	echo "$(($(mib near XfrmFullOutState) - $1)) of $N counted"
	(($(mib near XfrmFullOutState) == $1 + N))
}

# They left the core as packets of an SA, and find none at the NIC.
deleted_meanwhile() {
	local before clear

	before=$(mib near XfrmFullOutState)
	clear=$(leaked)
	tc qdisc add dev acme0 root netem delay 5s || return
	ping -q -c "$N" -i 0.05 -W 1 -I "${NEAR[760]}" "${FAR[760]}" &
	sleep 0.8
	each near_states 760 | undo | near_batch || return
	wait $!
	slowwait 20 state_lost "$before" || return
	tc qdisc del dev acme0 root netem
	(($(leaked) == clear))
}

anew() {
	each far_states 760 | undo | far_batch && renew 760 && states_add 760 &&
		answers 760
}

last_words() {
	answers "${PAIRS[@]}" && keep_evidence final
}

all_removed() {
	run_cleanup
	pairs_down "${PAIRS[@]}"
	no_states && no_device_sas
}

all_checks() {
	check "redirected by tc: lost" redirected
	check "mirrored by tc: the copies are lost" mirrored
	check "sent back into a bridge: lost" bridged
	check "given a tunnel's key: lost" tunnel_key
	check "routed by a VLAN on the NIC: lost" stacked
	check "too large in transport mode: lost" too_big
	check "their SA goes while they wait: lost" deleted_meanwhile
	check "another SA takes its place" anew
	check "what remains works" last_words
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
at_end teardown
all_checks
finish
