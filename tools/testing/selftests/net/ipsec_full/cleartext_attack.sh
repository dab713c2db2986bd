#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An attack: cleartext that looks as if it came out of an SA. With "offload packet"
# XFRM takes what has no sec_path, and matches the policy, for a packet that the NIC
# has decrypted, whatever interface it comes from. So does each later check: one in
# a tunnel that is no IPsec passes, too, if the tunnel is in an SA of its own. With
# "offload full" they are dropped and counted.
#
#  near                                                             far
#       acme0 <-- 10.2.M.1 > 10.1.M.1 in clear, on the wire
#  elsewhere0 <-- the same, by a veth
#       acme0 <-- ESP of pair 6511 [ IPv6 [ the same of pair 6510 ] ]
#        tnl0 <----------------------------'
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
INJECT_PORT=4281
source "$(dirname "$0")/inject.sh"

HONEST=6520
pair 6510 tunnel    4 4 routed 128 64
pair 6511 tunnel    6 6 routed 128 64
pair 6512 transport 4 4 routed 128 64
pair $HONEST tunnel 4 4 onlink 128 64
PLAYED=({6510..6512})

# The tunnel has nothing to say by itself: solicitations would leave in clear while
# policies are replaced.
setup() {
	inject_up "${PLAYED[@]}" && elsewhere_up &&
		ip link add tnl0 type ip6tnl mode any local "${NEAR[6511]}" \
			remote "${FAR[6511]}" &&
		at_end ip link del tnl0 &&
		sysctl -qw net.ipv6.conf.tnl0.disable_ipv6=1 &&
		ip link set tnl0 up
}

# with FILTER: policies and SAs of all pairs, their lines changed by FILTER; and
# packets in ESP pass.
with() {
	local n

	for n in "${PLAYED[@]}"; do
		renewed "$n" "$1" && still_works "$n" || return
	done
}

# accepted N LINE: what inject.py sends by LINE is delivered to pair N's socket.
accepted() {
	delivered "$1" bad "$2"
}

# dropped N LINE: it is not.
dropped() {
	refuses "$1" XfrmInTmplMismatch "$2"
}

# elsewhere COMMAND...: what is sent meanwhile comes by another interface.
elsewhere() {
	local status=0

	inject "dev far0 $(</sys/class/net/elsewhere0/address)" || return
	"$@" || status=$?
	inject "dev peer0 $(</sys/class/net/acme0/address)" && return $status
}

# fate MODE accepted|dropped: what becomes of it.
fate() {
	local n

	for n in "${PLAYED[@]}"; do
		check "$1: cleartext is $2 ($n)" "$2" "$n" "$n bad cleartext"
		check "$1: from another interface, too ($n)" \
			elsewhere "$2" "$n" "$n bad cleartext"
	done
	check "$1: at a later check, too" "$2" 6510 "6511 carries 6510"
}

all_checks() {
	check "offload packet" with as_packet
	fate "offload packet" accepted
	check "offload full" with cat
	fate "offload full" dropped
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
