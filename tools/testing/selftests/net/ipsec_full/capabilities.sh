#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "ip xfrm offload show" tells what the NIC can do, in text and JSON, and it is
# true: each algorithm with each key and ICV length can be added, and what is not
# listed is refused with words that name it.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

# Commands that must be accepted, of what the JSON form lists; an SA each.
listed() {
	ip -j xfrm offload show dev acme0 | /usr/bin/python3 -S -c '
import json, sys
caps, = json.load(sys.stdin)
spi = 0x29000
for alg in caps["algorithms"]:
    for bits in alg["key"]:
        for icv in alg["icv"]:
            for ends, way in (("src 10.0.0.1 dst 10.0.0.2", "out"),
                              ("src 10.0.0.2 dst 10.0.0.1", "in")):
                spi += 1
                if "aead" in alg:
                    words = "aead %s 0x%s %d" % (
                        alg["aead"], "5a" * (bits // 8 + 4), icv)
                else:
                    size = int(alg["auth-trunc"][8:11])
                    words = "enc %s 0x%s auth-trunc %s 0x%s %d" % (
                        alg["enc"], "5a" * (bits // 8), alg["auth-trunc"],
                        "a5" * (size // 8), icv)
                print("xfrm state add %s proto esp spi %#x mode tunnel %s "
                      "offload full dev acme0 dir %s" % (ends, spi, words,
                                                         way))
'
}

# What is there by its own account was added, and counted as used.
all_listed_work() {
	local lines

	lines=$(listed)
	echo "$lines"
	(($(wc -l <<<"$lines") >= 2)) && near_batch <<<"$lines" &&
		device_has "$(wc -l <<<"$lines")" &&
		offers_json "c['states']['used'] == $(wc -l <<<"$lines")" &&
		offers "states $(wc -l <<<"$lines") of [0-9]*"
}

removed() {
	ip xfrm state flush && busywait 5000 device_has 0 &&
		offers_json "c['states']['used'] == 0"
}

# All that the hardware is meant to do.
complete() {
	offers "modes tunnel transport" && offers "families ipv4 ipv6 mixed" &&
		offers "features .*esn.*" && offers "features .*espinudp.*" &&
		offers "features .*events.*" &&
		offers "limits out packet-soft packet-hard byte-soft byte-hard" &&
		offers "limits in packet-soft packet-hard byte-soft byte-hard" &&
		offers "replay-window 32 to 4096"
}

algorithms() {
	local name

	for name in 'aead rfc4106(gcm(aes)) key 128 192 256 icv 64 96 128' \
		'aead rfc4543(gcm(aes)) key 128 192 256 icv 128' \
		'aead rfc7539esp(chacha20,poly1305) key 256 icv 128' \
		'enc cbc(aes) auth-trunc hmac(sha256) key 128 192 256 icv 128' \
		'enc cbc(aes) auth-trunc hmac(sha384) key 128 192 256 icv 192' \
		'enc cbc(aes) auth-trunc hmac(sha512) key 128 192 256 icv 256'
	do
		offers "$name" || return
	done
}

# What text and JSON say is the same.
json_is_text() {
	offers_json "len(c['algorithms']) == $(offered | grep -Ec '^ *(aead|enc) ')" &&
		offers_json "c['states']['max'] == $(offered |
			sed -n 's/^ *states [0-9]* of //p')" &&
		offers_json "c['dev'] == 'acme0'"
}

dump_has_all() {
	[[ $(ip xfrm offload show | grep -c '^dev ') == 1 ]] &&
		[[ $(ip xfrm offload | head -n 1) == "dev acme0" ]]
}

none_of_lo() {
	local text

	text=$(ip xfrm offload show dev lo 2>&1)
	echo "$text"
	! grep '^dev lo' <<<"$text"
}

# other CRYPTO TEXT: refused, and named.
other() {
	check_fails "refused: $3" "$2" add_other "$1"
}

add_other() {
	echo "xfrm state add $ID_OUT mode tunnel $1" \
		"offload full dev acme0 dir out" | near_batch
}

all_checks() {
	check "all that the NIC is meant to do" complete
	check "all algorithms" algorithms
	check "JSON says the same" json_is_text
	check "a dump has the NIC, and no other device" dump_has_all
	check "lo offers nothing" none_of_lo
	check "all algorithms, keys and ICVs that are listed work" all_listed_work
	check "removed" removed
	other "enc rfc3686(ctr(aes)) $(random_bytes 20) auth-trunc hmac(sha256) \
		$(random_bytes 32) 128" "can't do\|doesn't support" "AES-CTR"
	other "enc cbc(aes) $(random_bytes 16) auth-trunc hmac(sha256) \
		$(random_bytes 32) 96" "An ICV of 96 bits is unsupported; use 128" \
		"HMAC-SHA256-96"
	other "enc cbc(aes) $(random_bytes 16)" \
		"needs both cipher and integrity; add the other" "no integrity"
	other "aead rfc4309(ccm(aes)) $(random_bytes 16)a1b2c3 128" \
		"Device can't do rfc4309(ccm(aes)); see ip xfrm offload show" "AES-CCM"
	check "nothing is left" nothing_left
	check "SAs carry packets" the_rest_works 42
}

pair 42 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
