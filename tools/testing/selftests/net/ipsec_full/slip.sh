#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Nothing slips by: packets that wait in a qdisc while their SA moves, packets that
# tc or BPF send elsewhere behind XFRM, devices stacked on the NIC, nested ESP,
# cleartext from another interface. And IKE's own sockets pass a policy for all.
#
#      near                                       far
#   10.0.0.1  acme0 ======== wire ======== peer0  10.0.0.2
#   10.0.77.1 on acme0 ------------------- peer0  10.0.77.2
#   10.0.88.1 slip0 -------- veth -------- slip1  10.0.88.2
#             sink0, a dummy: what tc or BPF would like to see there
#
# timeout: 400
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"

PORT=4271
# Longer than a move takes.
DELAY=${DELAY:-200}

pair 7200 tunnel    4 4 onlink 128 256
pair 7201 transport 6 6 onlink 256 256
pair 7202 transport 4 4 routed 128 64
pair 7203 tunnel    4 4 routed 256 64
# Of these the far side has nothing.
pair 7204 transport 4 4 routed 128 64
pair 7205 transport 6 6 routed 128 64
NEGOTIATED=(7204 7205)
FLOWING=(7200 7201 7202)

other_links_up() {
	ip link add slip0 type veth peer name slip1 netns peer ||
		return
	at_end ip link del slip0
	ip link add sink0 type dummy || return
	at_end ip link del sink0
	sysctl -qw net.ipv6.conf.sink0.disable_ipv6=1
	near_batch <<-END || return
		link set slip0 up
		address add 10.0.88.1/24 dev slip0
		link set sink0 up
	END
	far_batch <<-END || return
		link set slip1 up
		address add 10.0.88.2/24 dev slip1
		address add 10.0.77.2/24 dev peer0
	END
	at_end peer ip address del 10.0.77.2/24 dev peer0
	server "$OUT/$TEST_NAME-sink0.log" listening tcpdump -l -n -i sink0 \
		"(ip or ip6) and not (icmp6 and ip6[40] >= 133)"
}

setup() {
	other_links_up && pairs_up "${FLOWING[@]}" 7203 && keep_evidence live
}

# ARP and neighbour discovery of acme0 are sent there, too, and don't count.
sunk() {
	grep -cE ' IP6? ' "$OUT/$TEST_NAME-sink0.log"
}

# Packets that wait in the qdisc.
waiting() {
	tc -s qdisc show dev acme0 root |
		sed -n 's/.*backlog [^ ]* \([0-9]*\)p.*/\1/p'
}

some_wait() {
	(($(waiting) > 0))
}

# A few moves of all, in and out, with packets in the qdisc each time.
move_under_delay() {
	local i

	for i in 1 2 3; do
		busywait 5000 some_wait && move_pairs none "${FLOWING[@]}" &&
			busywait 5000 some_wait &&
			move_pairs acme0 "${FLOWING[@]}" || return
	done
}

delayed() {
	tc qdisc replace dev acme0 root netem delay "${DELAY}ms" limit 4000 ||
		return
	STREAM_TCP=0 stream_up 25 "${FLOWING[@]}" && flows "${FLOWING[@]}" &&
		move_under_delay && stream_down || return
	tc -s qdisc show dev acme0 root
	mib_all near
	stream_whole
}

delay_ends() {
	tc qdisc del dev acme0 root && ping_pair 7200 && keep_neighbours
}

ping_pair() {
	ping -q -c 3 -i 0.1 -W 1 -I "${NEAR[$1]}" "${FAR[$1]}"
}

# What sends packets elsewhere does so with ARP and neighbour discovery, too: nobody
# has to be found again.
keep_neighbours() {
	at_end ip neighbour flush dev acme0 nud permanent
	ip neighbour show dev acme0 | awk '$2 == "lladdr" {
		print "neighbour replace", $1, "lladdr", $3, \
			"dev acme0 nud permanent"
	}' | near_batch
}

# strays COMMAND...: what sends packets of pairs elsewhere; they are dropped and
# counted, and sink0 sees nothing.
strays() {
	local before sunk_before n

	before=$(mib near XfrmFullOutStray) sunk_before=$(sunk)
	"$@" || return
	for n in "${FLOWING[@]}"; do
		! ping_pair "$n" || return
	done
	echo "$(mib near XfrmFullOutStray) strays, before $before;" \
		"$(($(sunk) - sunk_before)) packets on sink0"
	(($(mib near XfrmFullOutStray) >= before + 3 * ${#FLOWING[@]})) &&
		(($(sunk) == sunk_before))
}

mirred() {
	tc qdisc add dev acme0 clsact &&
		tc filter add dev acme0 egress matchall \
			action mirred egress "$1" dev sink0
}

clsact_ends() {
	tc qdisc del dev acme0 clsact
}

# A copy goes nowhere, the packet itself where it should.
mirrored() {
	local before n

	before=$(sunk)
	mirred mirror || return
	for n in "${FLOWING[@]}"; do
		ping_pair "$n" || return
	done
	clsact_ends && (($(sunk) == before))
}

bpf_up() {
	server "$OUT/redirect" ready "$MOVES_DIR/redirect.py" acme0 sink0
	BPF=$!
}

bpf_ends() {
	stop_server "$BPF"
	ping_pair 7200
}

# on_top NAME: pair 7202's packets leave by a device stacked on the NIC: encrypted by
# software, with numbers of the NIC.
on_top() {
	local software

	near_batch <<-END || return
		link set $1 up
		address add 10.0.77.1/24 dev $1
		route replace ${FAR_NET[7202]} via 10.0.77.2 dev $1 src ${NEAR[7202]}
	END
	software=$(mib near XfrmFullOutSoftware)
	slowwait 5 ping_pair 7202 || { mib_all near; return 1; }
	echo "$(($(mib near XfrmFullOutSoftware) - software)) by software"
	(($(mib near XfrmFullOutSoftware) >= software + 3))
}

off_top() {
	near_batch <<-END
		route replace ${FAR_NET[7202]} via 10.0.0.2 src ${NEAR[7202]}
		link del $1
	END
}

# stacked NAME WORDS...: likewise, the device being made and removed.
stacked() {
	local status=0

	ip link add link acme0 name "$1" "${@:2}" || return
	on_top "$1" || status=1
	off_top "$1" && slowwait 5 ping_pair 7202 || status=1
	return $status
}

vlan() {
	local status=0

	far_batch <<-END || return
		link add link peer0 name slip5 type vlan id 5
		link set slip5 up
		address del 10.0.77.2/24 dev peer0
		address add 10.0.77.2/24 dev slip5
	END
	stacked slip4 type vlan id 5 || status=1
	far_batch <<-END
		link del slip5
		address add 10.0.77.2/24 dev peer0
	END
	return $status
}

# The NIC's addresses go to the bridge and come back.
bridge() {
	local status=0

	near_batch <<-END || return
		link add slip4 type bridge
		link set slip4 address $(</sys/class/net/acme0/address)
		link set acme0 master slip4
	END
	on_top slip4 || status=1
	off_top slip4 && slowwait 5 ping_pair 7202 || status=1
	return $status
}

# All of pair 7203, the inner addresses too, is in the VRF's table. The NIC encrypts
# and decrypts, no software does.
in_vrf() {
	local out in software

	near_batch <<-END || return
		link add slip4 type vrf table 77
		link set slip4 up
		link set acme0 master slip4
		address add ${NEAR[7203]}/32 dev slip4
		route add 10.0.9.2 table 77 via 10.0.0.2
		route add ${FAR_NET[7203]} table 77 via 10.0.0.2 src ${NEAR[7203]}
	END
	out=$(sent 7203) in=$(received 7203)
	software=$(mib near XfrmFullOutSoftware)
	ping -q -c 3 -i 0.1 -W 2 -I slip4 "${FAR[7203]}" || return
	echo "$(($(sent 7203) - out)) sent, $(($(received 7203) - in)) received"
	(($(sent 7203) == out + 3 && $(received 7203) == in + 3 &&
		$(mib near XfrmFullOutSoftware) == software))
}

vrf() {
	local status=0

	in_vrf || { mib_all near; status=1; }
	ip link del slip4
	nic_again || status=1
	return $status
}

# What acme0 has lost by a change of its master.
nic_again() {
	ip address replace fd00::1/64 dev acme0 nodad
	near_lines "${FLOWING[@]}" 7203 | grep -e '^route' -e 'dev acme0' |
		grep -v '^xfrm' | sed 's/ add / replace /' | near_batch &&
		near_routes | near_batch && slowwait 5 ping_pair 7203
}

# nested INNER OUTER: packets for two SAs, one of them in the NIC.
nested() {
	local before tmpl="proto esp reqid"

	before=$(mib near XfrmFullOutNested)
	echo "xfrm policy add src 10.9.9.1 dst 10.9.9.2 dir out" \
		"tmpl $(ends "$1") $tmpl $1 mode ${MODE[$1]}" \
		"tmpl $(ends "$2") $tmpl $2 mode ${MODE[$2]}" | near_batch ||
		return
	near_batch <<-END
		address add 10.9.9.1/32 dev lo
		route add 10.9.9.2 via 10.0.0.2 src 10.9.9.1
	END
	! ping -q -c 2 -i 0.1 -W 1 -I 10.9.9.1 10.9.9.2
	near_batch <<-END
		xfrm policy delete src 10.9.9.1 dst 10.9.9.2 dir out
		route del 10.9.9.2
		address del 10.9.9.1/32 dev lo
	END
	mib_all near
	(($(mib near XfrmFullOutNested) > before))
}

ends() {
	echo "src ${NEAR_END[$1]} dst ${FAR_END[$1]}"
}

# A tunnel of software's around, or within, the one that is in the NIC.
software_tunnel() {
	echo "xfrm state add $(ends 7203) proto esp spi 0x1b5f2 reqid 7299" \
		"mode tunnel $(crypto_words 7203 "${KEY_IN[7203]}" '')" |
		near_batch
}

nested_both() {
	MODE[7299]=tunnel NEAR_END[7299]=${NEAR_END[7203]}
	FAR_END[7299]=${FAR_END[7203]}
	software_tunnel && nested 7203 7299 && nested 7299 7203
	local status=$?

	ip xfrm state delete src "${NEAR_END[7203]}" dst "${FAR_END[7203]}" \
		proto esp spi 0x1b5f2
	return $status
}

refused_cleartext() {
	echo $(($(mib near XfrmInTmplMismatch) + $(mib near XfrmInNoPols) +
		$(mib near XfrmInPolBlock)))
}

# clear_from_veth N DESTINATION: cleartext of the far side's address by the other
# link; no socket gets it and it is not forwarded.
clear_from_veth() {
	local before dst=${2:-${NEAR[$1]}} sunk_before heard listener

	server "$OUT/slip.udp" ready "$MOVES_DIR/udp_echo.py" log $PORT \
		"${NEAR[$1]}" || return
	listener=$!
	before=$(refused_cleartext) sunk_before=$(sunk)
	peer ip route replace "$dst" via 10.0.88.1 dev slip1 src "${FAR[$1]}"
	peer "$MOVES_DIR/udp_echo.py" send $PORT 5 100 "${FAR[$1]}>$dst"
	busywait 3000 refused_at_least $((before + 5))
	peer ip route del "$dst" via 10.0.88.1 dev slip1
	stop_server "$listener"
	heard=$(grep -c "^${NEAR[$1]} " "$OUT/slip.udp")
	echo "$(refused_cleartext) refused, before $before; $heard heard;" \
		"$(($(sunk) - sunk_before)) forwarded"
	(($(refused_cleartext) >= before + 5 && heard == 0 &&
		$(sunk) == sunk_before))
}

refused_at_least() {
	(($(refused_cleartext) >= $1))
}

# A host behind this machine, of the network that pair 7203 protects.
forwarded() {
	local status=0 host=${NEAR_NET[7203]%.0/24}.7

	sysctl -qw net.ipv4.ip_forward=1
	ip route add "$host" dev sink0 || return
	ip neighbour add "$host" lladdr 02:00:00:00:00:07 dev sink0
	clear_from_veth 7203 "$host" || status=1
	ip route del "$host" dev sink0
	sysctl -qw net.ipv4.ip_forward=0
	return $status
}

all_go_on() {
	local n

	for n in "${FLOWING[@]}"; do
		ping_pair "$n" || return
	done
}

# Pairs that are for IKE to negotiate about: the far side has cleartext.
ike_up() {
	local n

	near_lines "${NEGOTIATED[@]}" | near_batch && keep_evidence foreign &&
		ike_far | far_batch || return
	for n in "${NEGOTIATED[@]}"; do
		server "$OUT/ike$n" ready \
			peer "$MOVES_DIR/ike.py" serve "${FAR[$n]}" || return
		IKE+=($!)
	done
}

ike_far() {
	far_lines "${NEGOTIATED[@]}" | grep -v '^xfrm'
}

# ike N bypass|plain udp|raw NUMBER
ike() {
	"$MOVES_DIR/ike.py" check "${@:2}" "${NEAR[$1]}" "${FAR[$1]}"
}

ike_down() {
	local pid

	for pid in "${IKE[@]}"; do
		stop_server "$pid"
	done
	near_lines "${NEGOTIATED[@]}" | undo | near_batch &&
		ike_far | undo | far_batch
}

counters_agree() {
	keep_evidence final
}

all_removed() {
	run_cleanup
	pairs_down "${FLOWING[@]}" 7203 && no_states && no_device_sas
}

qdisc_and_redirects() {
	check "packets in a qdisc while their SA moves" delayed
	check "the qdisc goes" delay_ends
	check "tc redirects packets for the NIC: dropped" \
		strays mirred redirect
	check "the filter goes" clsact_ends
	check "tc mirrors packets for the NIC: copies are dropped" mirrored
	check "BPF redirects packets for the NIC: dropped" strays bpf_up
	check "the program goes" bpf_ends
}

stacked_devices() {
	check "a VLAN on the NIC" vlan
	check "a macvlan on the NIC" stacked slip4 type macvlan mode bridge
	check "a bridge with the NIC" bridge
	check "a VRF with the NIC" vrf
	check "an SA in the NIC and one in software on a packet" nested_both
}

inbound() {
	check "cleartext for a host from another interface" \
		clear_from_veth 7200
	check "likewise to be forwarded" forwarded
}

ike_passes() {
	local n

	check "policies for all, the far side knows nothing of it" ike_up
	for n in "${NEGOTIATED[@]}"; do
		check "UDP 500 of a socket with a bypass policy ($n)" \
			ike "$n" bypass udp 500
		check "UDP 4500 likewise ($n)" ike "$n" bypass udp 4500
		check "raw IP likewise ($n)" ike "$n" bypass raw 253
		check_fails "without, it does not pass ($n)" "no answer" \
			ike "$n" plain udp 500
		check_fails "nor 4500 ($n)" "no answer" ike "$n" plain udp 4500
		check_fails "nor raw ($n)" "no answer" ike "$n" plain raw 253
	done
	check "the pairs go" ike_down
}

all_checks() {
	ike_passes
	check "pairs" setup
	qdisc_and_redirects
	stacked_devices
	inbound
	check "all goes on" all_go_on
	check "counters have settled" counters_agree
	check "all can be removed" all_removed
}

IKE=()
plan_for all_checks
set_up topology_up
all_checks
finish
