#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A second NIC in the test VM is as Documentation/testing.rst promises.
#
# topology: NICS=2 PEER=ns
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

driver_of() {
	basename "$(readlink "/sys/class/net/$1/device/driver")"
}

# Each has a wire of its own: no answer from the other one's end.
apart() {
	! ping -q -c 1 -W 1 -I acme1 10.0.0.2 &&
		! ping -q -c 1 -W 1 -I acme0 10.0.1.2
}

mac_of() {
	cat "/sys/class/net/$1/address"
}

# speaks_to N WORDS...: the adapter is acmeN.
speaks_to() {
	acmectl "${@:2}" dump | grep -qF "mac: $(mac_of "acme$1")"
}

# What befalls the one does not befall the other.
link_down() {
	acmectl --nic 1 link down && busywait 5000 carrier_is 0 acme1 &&
		carrier_is 1 acme0
}

link_up() {
	acmectl --nic 1 link up && slowwait 20 large_ping 10.0.1.2
}

again() {
	modprobe -r acme && modprobe acme && nic-up || return
	slowwait 20 large_ping 10.0.0.2 && slowwait 20 large_ping 10.0.1.2
}

pair 46 transport 4 4 onlink 128 64
plan 19
check "acme1 has its IPv4 address" has_address acme1 10.0.1.1/24
check "acme1 has its IPv6 address" has_address acme1 fd00:1::1/64
check "peer1 has its IPv4 address" has_address peer1 10.0.1.2/24 peer2
check "peer1 has its IPv6 address" has_address peer1 fd00:1::2/64 peer2
check "the driver of acme1 is acme" test "$(driver_of acme1)" = acme
check "acme0 is there as well" has_address acme0 10.0.0.1/24
check "its peer answers, IPv4" large_ping 10.0.1.2
check "its peer answers, IPv6" large_ping fd00:1::2
check "the first one's peer answers" large_ping 10.0.0.2
check "wires are apart" apart
check "acmectl --nic 0 is the first NIC" speaks_to 0 --nic 0
check "acmectl --nic 1 is the second" speaks_to 1 --nic 1
check "acmectl without is the first" speaks_to 0
check_fails "there is no third" "no virtio port named acmectl2" \
	acmectl --nic 2 version
check_fails "nor one without a number" "0 to 7" acmectl --nic 1x version
check "the link of the second alone goes down" link_down
check "and up" link_up
check "both come back when the driver was loaded again" again
check "SAs carry packets by the first one's wire, and only by that" carries 46
finish
