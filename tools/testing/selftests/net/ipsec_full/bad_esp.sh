#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ESP that is wrong, from a peer that has the keys and from one that has not: cut,
# with padding, trailers and inner packets that make no sense, with options and
# extension headers, nested, in UDP where it should not be and the reverse. None
# arrives but what is only unusual, each is counted under the right name and no
# other, and what is right arrives before and after.
#
# timeout: 600
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
INJECT_PORT=4262
source "$(dirname "$0")/inject.sh"

HONEST=3020
ENCAP[3004]=4500
ENCAP[3005]=4500
ALG[3005]=sha256
ALG[3001]=sha256
pair 3000 tunnel    4 4 routed 128 64
pair 3001 tunnel    4 4 routed 128 64
pair 3002 tunnel    6 6 routed 256 64
pair 3003 transport 4 4 routed 128 64
pair 3004 tunnel    4 4 routed 128 64
pair 3005 transport 4 4 routed 256 64
pair 3006 tunnel    6 4 onlink 128 64
pair 3007 tunnel    4 4 onlink 128 64
pair $HONEST tunnel 4 4 onlink 128 64
PLAYED=({3000..3007})

# bad N CASE COUNTER...: exactly these have counted it, and it did not arrive; nor
# when a packet after it has.
bad() {
	spoilt "$1" "$2" 0 "${@:3}"
}

# unusual N CASE COUNTER...: it does arrive, and exactly these have counted it.
unusual() {
	spoilt "$1" "$2" 1 "${@:3}"
}

# spoilt N CASE TIMES COUNTER...: it arrives so often.
spoilt() {
	local n=$1 case=$2 texts=("good$((LAST_GOOD + 2))") counted=

	(($# < 4)) || printf -v counted ' %s+1' "${@:4}"
	((!$3)) || texts+=(bad)
	still_works "$n" || { echo "not even before"; return 1; }
	inject mark && inject "$n bad $case" && inject "counted$counted" &&
		still_works "$n" && inject "$n got ${texts[*]}" &&
		inject "counted$counted"
}

# harmless N CASE: it is no error, but does not arrive as a datagram either. In
# transport mode the SA's policy is for its addresses, so nobody may send it there
# in clear.
harmless() {
	if [[ ${MODE[$1]} == transport ]]; then
		bad "$1" "$2" UdpInErrors XfrmInTmplMismatch
	else
		bad "$1" "$2"
	fi
}

dropped() {
	check "$2 ($1): $3" bad "$1" "$2" "${@:3}"
}

taken() {
	check "$2 ($1): $3" unusual "$1" "$2" "${@:3}"
}

# Of an SA in the NIC, whatever it is.
any_sa() {
	local n=$1 case

	[[ -n ${ENCAP[$n]:-} ]] || dropped "$n" header-only hw_esp_rx_malformed \
		XfrmFullInMalformed
	for case in no-ciphertext no-block odd-length padding-zeros \
		padding-too-long; do
		dropped "$n" $case hw_esp_rx_malformed XfrmFullInMalformed
	done
	dropped "$n" wrong-icv hw_esp_rx_icv XfrmInStateProtoError
	dropped "$n" wrong-iv hw_esp_rx_icv XfrmInStateProtoError
	dropped "$n" sequence-zero hw_esp_rx_replay XfrmInStateSeqError
	dropped "$n" dummy hw_esp_rx_dummy
}

tunnel() {
	local n=$1 case

	for case in only-trailer next-header-tcp next-header-other-family \
		inner-version inner-length-long inner-cut inner-byte; do
		dropped "$n" $case hw_esp_rx_malformed XfrmFullInMalformed
	done
}

outer4() {
	local n=$1

	dropped "$n" half-spi hw_esp_rx_no_sa XfrmInHdrError
	dropped "$n" wrong-spi hw_esp_rx_no_sa XfrmInNoStates
	dropped "$n" zero-spi hw_esp_rx_no_sa XfrmInNoStates
	taken "$n" ipv4-options hw_esp_rx_exception XfrmFullInSoftware
	taken "$n" ipv4-record-route hw_esp_rx_exception XfrmFullInSoftware
	dropped "$n" ipv4-checksum hw_esp_rx_exception IpExtInCsumErrors \
		IpInHdrErrors
	taken "$n" ipv4-length-long XfrmFullInSoftware
	taken "$n" ipv4-length-short XfrmFullInSoftware
	dropped "$n" ipv4-ihl-short IpInHdrErrors
}

outer6() {
	local n=$1

	dropped "$n" wrong-spi hw_esp_rx_no_sa XfrmInNoStates
	taken "$n" ipv6-options hw_esp_rx_exception XfrmFullInSoftware
	taken "$n" ipv6-destination hw_esp_rx_exception XfrmFullInSoftware
	taken "$n" ipv6-options-long hw_esp_rx_exception XfrmFullInSoftware
	taken "$n" ipv6-fragment-whole hw_esp_rx_exception XfrmFullInSoftware
	dropped "$n" ipv6-options-endless Ip6InHdrErrors
	taken "$n" ipv6-jumbo XfrmFullInSoftware
}

in_udp() {
	local n=$1

	dropped "$n" not-in-udp hw_esp_rx_encap XfrmFullInMalformed
	dropped "$n" udp-checksum hw_esp_rx_exception UdpInCsumErrors UdpInErrors
	dropped "$n" udp-length-short UdpInErrors
	dropped "$n" udp-length-long UdpInErrors
	check "keepalive ($n)" harmless "$n" keepalive
	check "IKE ($n)" harmless "$n" ike
	check "header only ($n)" harmless "$n" header-only
	check "less than a header ($n)" harmless "$n" udp-short-esp
}

# Its MTU is the interface's; the NIC's is smaller.
jumbo_frame() {
	local status=0

	peer ip link set peer0 mtu 9000
	bad "$1" too-large hw_rx_malformed || status=1
	peer ip link set peer0 mtu 1500
	return $status
}

all_checks() {
	local n

	for n in 3000 3001 3002 3003 3004 3005; do
		any_sa "$n"
	done
	for n in 3000 3001 3002; do
		tunnel "$n"
	done
	dropped 3000 inner-ihl-short hw_esp_rx_malformed XfrmFullInMalformed
	dropped 3000 inner-ihl-long hw_esp_rx_malformed XfrmFullInMalformed
	dropped 3000 inner-length-short hw_esp_rx_malformed XfrmFullInMalformed
	dropped 3006 inner-elsewhere hw_esp_rx_selector XfrmInStateMismatch
	dropped 3007 nested hw_esp_rx_selector XfrmInStateMismatch
	# XFRM interfaces take ESP first, and check a packet that is out of one SA
	# already against policies, before the next: none is for the ends of the
	# tunnel themselves, and out of a tunnel one must be.
	dropped 3000 nested XfrmInNoPols
	outer4 3000
	outer6 3002
	in_udp 3004
	in_udp 3005
	check "a frame larger than the MTU" jumbo_frame 3000
	# The last, as reassembly fails a while later.
	dropped 3000 ipv4-later-fragment hw_esp_rx_no_sa
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

# A device may limit the rate of what it reports, not that of its counters.
plan_for all_checks
set_up inject_up "${PLAYED[@]}"
all_checks
finish
