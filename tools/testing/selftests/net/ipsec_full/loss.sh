#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The interface of the NIC goes down or away. As long as the NIC answers, it tells
# where its SAs stand: those that may fall back go on in software. The others, and
# those that it refuses to give back, stay in it while the interface is down, and
# expire when it goes. Policies stay and block, and no packet leaves in clear, though
# there is another way.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/losses.sh"

# enum acme_status
INTERNAL=10
# A polled command has 90 ms.
LATE=300

pair 7400 tunnel    4 4 onlink 128 64
pair 7401 transport 6 6 routed 256 256
pair 7402 transport 4 4 routed 128 64
# The SAs of some go with the NIC, those of others may fall back.
STAYING=(7400 7401) FALLING=(7402) ALL=(7400 7401 7402)
# For the end
pair 7403 tunnel    4 4 routed 128 64

stayed() {
	local n

	for n; do
		in_device "$n" || return
	done
}

# Nothing happens to SAs. Packets come back from the other way when the neighbour
# answers again.
link_lost() {
	acmectl link down && slowwait 10 carrier_is 0 && sleep 0.5 &&
		stayed "${ALL[@]}" || return
	acmectl link up && slowwait 10 carrier_is 1 &&
		slowwait 10 ping -q -c 1 -W 1 fd00::2 && all_flow &&
		stayed "${ALL[@]}" && nothing_in_clear
}

renamed() {
	local status=0

	ip link set acme0 name acme7 || return
	all_flow && [[ $(ip xfrm state | grep -c 'dev acme7 ') == \
		$((2 * ${#ALL[@]})) ]] || status=1
	ip link set acme7 name acme0 && stayed "${ALL[@]}" && return $status
}

# What the SAs send then is ESP, on the other way.
interface_down() {
	hear_moves && ip link set acme0 down && fell_back &&
		moves_told software "${FALLING[@]}" && stayed "${STAYING[@]}" &&
		device_has $((2 * ${#STAYING[@]})) &&
		busywait_for_counter 5000 5 mib near XfrmFullOutSoftware \
			>/dev/null &&
		nothing_in_clear
}

# updated_in_vain N: an update that takes the outbound SA into the NIC, and that the
# NIC refuses then, leaves it where it was.
updated_in_vain() {
	local status=0

	acmectl fault SA_UPDATE refuse $INTERNAL || return
	sa "$1" out limit packet-hard 777777 \
		offload full dev acme0 dir out fallback |
		sed 's/^xfrm state add/xfrm state update/' | near_batch && status=1
	acmectl fault clear && ! ip xfrm state | grep 777777 && return $status
}

# Nobody moves an SA but the user.
interface_up() {
	ip link set acme0 up && routes_back && all_flow && fell_back &&
		updated_in_vain "${FALLING[0]}" && fell_back &&
		stayed "${STAYING[@]}" && fall_back && stayed "${FALLING[@]}"
}

# blackhole add|del: a route that nothing gets past
blackhole() {
	ip rule "$1" pref 1 blackhole 2>/dev/null &&
		ip -6 rule "$1" pref 1 blackhole
}

# What was to fall back is where it was, like the others.
stop_refused() {
	local status=0

	acmectl fault SA_STOP refuse $INTERNAL && ip link set acme0 down &&
		stayed "${ALL[@]}" && nothing_in_clear || status=1
	acmectl fault clear && ip link set acme0 up && routes_back &&
		all_flow && stayed "${ALL[@]}" && return $status
}

# Where an SA stands is unknown when it is to fall back: it expires.
stop_late() {
	local status=0

	acmectl fault SA_STOP late-after $LATE && ip link set acme0 down &&
		expired "${FALLING[@]}" && stayed "${STAYING[@]}" &&
		nothing_in_clear || status=1
	blackhole del
	acmectl fault clear && ip link set acme0 up && routes_back &&
		renewed "${FALLING[@]}" && fall_back && all_flow &&
		stayed "${ALL[@]}" && return $status
}

# without_packets COMMAND...: no way out meanwhile. For what leaves by another way, the
# NIC is asked for numbers; if it is late, that costs the SA.
without_packets() {
	blackhole add && at_end blackhole del || return
	"$@"
}

gone() {
	expired "${STAYING[@]}" && fell_back && blocks && device_has 0 &&
		nothing_in_clear
}

# As before it went
all_back() {
	nic_back && fell_back && renewed "${STAYING[@]}" && fall_back &&
		all_flow && nothing_in_clear
}

to_netns() {
	ip netns add loss || return
	at_end ip netns del loss
	ip link set acme0 netns loss && gone
}

from_netns() {
	ip -n loss link set acme0 netns 1 && all_back
}

# There is no NIC in which they could stay.
stop_refused_as_it_goes() {
	local status=0

	acmectl fault SA_STOP refuse $INTERNAL &&
		ip link set acme0 netns loss && expired "${ALL[@]}" &&
		blocks && device_has 0 && nothing_in_clear || status=1
	acmectl fault clear && ip -n loss link set acme0 netns 1 &&
		nic_back && renewed "${ALL[@]}" && fall_back && all_flow &&
		return $status
}

unbound() {
	PCI=$(basename "$(readlink /sys/class/net/acme0/device)")
	echo "$PCI" >/sys/bus/pci/drivers/acme/unbind && gone
}

bound() {
	echo "$PCI" >/sys/bus/pci/drivers/acme/bind && all_back
}

all_checks() {
	check "the link is lost and comes back: SAs stay" link_lost
	check "another name: SAs stay" renamed
	check "interface down: SAs stay, or fall back" interface_down
	check "interface up: all go on" interface_up
	check "interface down, SA_STOP refused: SAs stay" stop_refused
	check "likewise, not answered in time: what would fall back expires" \
		without_packets stop_late
	check "to another network namespace: SAs expire, or fall back" to_netns
	check "the NIC comes back: new SAs, and old ones move in" from_netns
	check "to another one, SA_STOP refused: SAs expire" \
		stop_refused_as_it_goes
	check "the driver unbound: SAs expire, or fall back" unbound
	check "the driver bound: new SAs, and old ones move in" bound
	check "all is removed" loss_teardown
	check "a new pair counts what the wire carries" carries 7403
}

plan_for all_checks
at_end acmectl fault clear
set_up loss_setup
all_checks
finish
