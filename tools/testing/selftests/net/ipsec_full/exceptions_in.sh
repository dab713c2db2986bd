#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fragments of ESP and other packets that the NIC does not decrypt, of SAs that it
# has: the host decrypts them and has the NIC decide, so each number is taken
# once, whichever way it comes, and limits are exact. Forged ones change nothing,
# those from another interface are dropped, be it one stacked on the NIC, as are all
# if the user wants that.
#
# timeout: 700
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
INJECT_PORT=4266
source "$(dirname "$0")/inject.sh"
source "$(dirname "$0")/exceptions.sh"

HONEST=6020
ALG[6005]=sha256
ENCAP[6004]=4500
ESN[6007]=esn
ESN[6008]=esn
WORDS_IN[6009]="limit packet-hard 10"
WORDS_IN[6010]="limit byte-hard 291"
pair 6000 tunnel    4 4 routed 128 64
pair 6001 tunnel    6 6 routed 256 64
pair 6002 transport 4 4 routed 128 64
pair 6003 transport 6 6 routed 128 64
pair 6004 tunnel    4 4 routed 128 64
pair 6005 tunnel    4 6 onlink 128 64
pair 6007 tunnel    4 4 routed 128 64
pair 6008 tunnel    6 4 onlink 128 64
pair 6009 tunnel    4 4 routed 128 64
pair 6010 tunnel    4 4 routed 128 64
pair 6011 tunnel    4 4 routed 128 1024
pair $HONEST tunnel 4 4 onlink 128 64
PLAYED=({6000..6005} {6007..6011})

# Without IKE, somebody has to take ESP out of UDP for the host.
setup() {
	local log

	log=$(mktemp)
	at_end rm -f "$log"
	inject_up "${PLAYED[@]}" && server "$log" ready \
		"$INJECT_DIR/udp_echo.py" encap "${ENCAP[6004]}"
}

# upper_up TYPE: a device on top of the NIC, upper0, brings what comes by it.
upper_up() {
	local words

	case $1 in
	vlan) words="link acme0 name upper0 type vlan id 5" ;;
	macvlan) words="link acme0 name upper0 type macvlan mode bridge" ;;
	vrf) words="name upper0 type vrf table 77" ;;
	bridge) words="name upper0 address $ACME_MAC type bridge" ;;
	esac
	# shellcheck disable=SC2086  # words
	ip link add $words && ip link set upper0 up || return
	case $1 in
	vrf | bridge) ip link set acme0 master upper0 && nic_address ;;
	esac
}

# acme0 loses it by a change of its master, as it loses routes.
nic_address() {
	ip address replace fd00::1/64 dev acme0 nodad
}

upper_down() {
	ip link del upper0 && inject "dev peer0 $ACME_MAC" && nic_address ||
		return
	{
		near_routes
		near_lines "${PLAYED[@]}" | grep '^route' |
			sed 's/ add / replace /'
	} | near_batch
}

# Frames that the far side sends get to upper0.
towards_upper() {
	case $1 in
	vlan) inject "dev tagged0 $ACME_MAC" ;;
	macvlan) inject "dev peer0 $(</sys/class/net/upper0/address)" ;;
	*) inject "dev peer0 $ACME_MAC" ;;
	esac
}

# What is whole the NIC decrypts before, unless it has a VLAN's tag.
dropped_above() {
	local n=$1 before passed=4 dropped=1

	[[ $2 != vlan ]] || passed=2 dropped=3
	before=$(mib near XfrmFullInDev)
	towards_upper "$2" && inject "$n seq 3 f4 5" &&
		busywait 2000 counts XfrmFullInDev $((before + dropped)) &&
		inject "$n handled $passed 0"
}

# from_upper N TYPE: what is dropped leaves no trace in the window.
from_upper() {
	local n=$1 status=0 again="3! f4 5!"

	[[ $2 != vlan ]] || again="3 f4 5"
	fresh "$n" && takes "$n" 1 f2 && upper_up "$2" || return
	dropped_above "$n" "$2" || status=1
	# shellcheck disable=SC2086  # words
	upper_down && in_order "$n" $again f6 2! || status=1
	return $status
}

tagged_up() {
	peer ip link add link peer0 name tagged0 type vlan id 5 &&
		at_end peer ip link del tagged0 && peer ip link set tagged0 up
}

# The user wants no exceptions.
drop_mode() {
	local OFFLOAD_IN="$OFFLOAD_IN exceptions drop"

	dropped_by_nic "$1"
}

# A NIC that is late costs packets, and in the end the SA; what is late is never
# taken twice.
late() {
	local n=$1

	fresh "$n" && takes "$n" 1 && slow_nic && all_dropped "$n" f2 f3 &&
		acmectl fault clear && inject "$n handled 3 0" &&
		in_order "$n" f4 5 2! 3! || return
	slow_nic && all_dropped "$n" f6 f7 f8 && acmectl fault clear &&
		expired "$n" && again "$n" && still_works "$n"
}

all_checks() {
	local n type

	for n in {6000..6005}; do
		check "fragments are taken once ($n)" accepted_once "$n"
	done
	for n in 6007 6008; do
		check "ESN is guessed across 2^32 ($n)" guessed "$n"
	done
	check "NIC and host at once, IPv4" raced 6000
	check "NIC and host at once, IPv6" raced 6001
	check "none is lost" none_lost 6011
	check "IPv4 options" decrypted 6000 ipv4-options
	check "IPv6 destination options" decrypted 6001 ipv6-destination
	check "forged fragments, IPv4" forged 6000
	check "forged fragments, IPv6" forged 6001
	check "ten packets, then a whole one" exact 6009 ''
	check "ten packets, then a fragmented one" exact 6009 f
	check "as many bytes, then a whole packet" exact 6010 ''
	check "as many bytes, then a fragmented packet" exact 6010 f
	check "another interface" elsewhere_up
	check "ESP from there, IPv4" from_elsewhere 6000
	check "ESP from there, IPv6" from_elsewhere 6001
	check "ESP from there, in UDP" from_elsewhere 6004
	check "VLANs on the far side" tagged_up
	for type in vlan macvlan bridge vrf; do
		check "ESP from a $type on the NIC, IPv4" from_upper 6000 $type
		check "ESP from a $type on the NIC, IPv6" from_upper 6001 $type
	done
	check "exceptions are dropped if so wanted, IPv4" drop_mode 6000
	check "exceptions are dropped if so wanted, IPv6" drop_mode 6001
	check "a NIC that is late" late 6011
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

ACME_MAC=$(</sys/class/net/acme0/address)
at_end acmectl fault clear
plan_for all_checks
set_up setup
all_checks
finish
