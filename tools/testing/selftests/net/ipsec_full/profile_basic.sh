#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC that does IPv4 in IPv4 tunnels with AES-GCM-128 and nothing else, by full offload and
# by the stock kernel's packet offload.
#
# topology: PROFILE=basic
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

ALGORITHM="aead rfc4106(gcm(aes)) key 128 icv 128"

only_algorithm() {
	offers "$ALGORITHM" && [[ $(offered | grep -Ec '^ *(aead|enc) ') == 1 ]]
}

no_limits() {
	offers "limits out none" && offers "limits in none"
}

# by_packet TEXT WORDS...: packet offload of an outbound SA is refused.
by_packet() {
	check_fails "packet offload, refused: $2" "$1" packet "${@:2}"
}

packet() {
	echo "xfrm state add $* offload packet dev acme0 dir out" | near_batch
}

packet_offload() {
	local v6="src fd00::1 dst fd00::2 proto esp spi 0x28001"
	local gcm="aead rfc4106(gcm(aes)) $GCM_KEY 128"
	local long

	long=$(random_key 256)
	by_packet "this device can't do transport mode" "$ID_OUT $gcm"
	by_packet "this device can't do IPsec over IPv6" "$v6 mode tunnel $gcm"
	by_packet "this device can't tunnel the other family" \
		"$ID_OUT mode tunnel $gcm sel src fd01::1 dst fd01::2"
	by_packet "rfc4543(gcm(aes)) is unsupported; use aead rfc4106" \
		"$ID_OUT mode tunnel aead rfc4543(gcm(aes)) $GCM_KEY 128"
	by_packet "a key of 288 bits is unsupported; use 160, with salt" \
		"$ID_OUT mode tunnel aead rfc4106(gcm(aes)) $long 128"
	by_packet "an ICV of 64 bits is unsupported; use 128" \
		"$ID_OUT mode tunnel aead rfc4106(gcm(aes)) $GCM_KEY 64"
	by_packet "this device can't do ESN; leave out flag esn" \
		"$ID_OUT mode tunnel $gcm flag esn"
	by_packet "this device can't do UDP encapsulation; leave out encap" \
		"$ID_OUT mode tunnel $gcm encap espinudp 4500 4500 0.0.0.0"
}

drop_exceptions() {
	echo "xfrm state add $ID_IN mode tunnel" \
		"aead rfc4106(gcm(aes)) $GCM_KEY 128" \
		"offload full dev acme0 dir in exceptions drop" | near_batch
}

all_checks() {
	check "it says so: mode" offers "modes tunnel"
	check "it says so: family" offers "families ipv4"
	check "it says so: algorithm" only_algorithm
	check "in JSON, too" offers_json "len(c['algorithms']) == 1 and
		c['algorithms'][0]['key'] == [128] and
		c['algorithms'][0]['icv'] == [128]"
	check "it says so: limits" no_limits
	refusals <<-END
		transport OFFLOAD_DEV Device can't do transport mode; see ip xfrm offload
		ipv6 OFFLOAD_DEV Device can't do IPsec over IPv6; see ip xfrm offload
		mixed OFFLOAD_DEV Device can't tunnel the other family; the selector must be IPv4
		gmac ALG_AEAD Device can't do rfc4543(gcm(aes)); see ip xfrm offload
		chacha ALG_AEAD Device can't do rfc7539esp(chacha20,poly1305)
		cbc ALG_CRYPT Device can't do cbc(aes) with hmac(sha256)
		key-256 ALG_AEAD A key of 288 bits is unsupported; use 160
		icv-64 ALG_AEAD An ICV of 64 bits is unsupported; use 128
		esn REPLAY_ESN_VAL Device can't do ESN; leave out flag esn
		encap ENCAP Device can't do UDP encapsulation
		soft-packets OFFLOAD_DEV soft packet limit of outbound
		hard-bytes-in OFFLOAD_DEV hard byte limit of inbound
	END
	packet_offload
	check_fails "exceptions that the host would get" \
		"Device can't drop exceptions by itself: leave out exceptions drop" \
		drop_exceptions
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
