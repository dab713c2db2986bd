#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC with room for four SAs, as it says: the fifth is refused, whatever offload it
# asks for, by the attribute that asks for the NIC, and leaves nothing, and a place
# that becomes free can be used again. Four SAs carry packets.
#
# topology: FOREIGN=1 PROFILE=few-sas
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

NO_ROOM="the device is full; delete one of its 4 SAs"
# refusals.py moves this one.
LIVE=0x28009

# add_sa SPI [full|packet|crypto]
add_sa() {
	local kind="${2:-full}"

	[[ $kind != crypto ]] || kind=
	# shellcheck disable=SC2086  # no word for crypto
	ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi "$1" \
		mode tunnel aead "rfc4106(gcm(aes))" "$KEY" 128 \
		offload $kind dev acme0 dir out
}

del_sa() {
	ip xfrm state delete src 10.0.0.1 dst 10.0.0.2 proto esp spi "$1"
}

states() {
	[[ $(ip xfrm state | grep -c '^src') == "$1" ]]
}

# What the NIC holds, by its own account and by that of "ip xfrm offload show".
holds() {
	device_has "$1" && offers "states $1 of 4" &&
		offers_json "c['states'] == { 'used': $1, 'max': 4 }"
}

# So many as there is room for.
fill() {
	local spi max

	max=$(offered | sed -n 's/^ *states 0 of //p')
	for ((spi = 1001; spi < 1001 + max; spi++)); do
		add_sa "$spi" || return
	done
	holds "$max" && states "$max"
}

full_is_full() {
	local i

	for i in {1..20}; do
		! add_sa 1005 || return
	done
	holds 4 && states 4
}

reuse() {
	local i

	for i in {1..20}; do
		del_sa 1002 && busywait 5000 device_has 3 && add_sa 1002 ||
			return
	done
	holds 4 && states 4
}

# One that lives in software wants to get in.
live_sa() {
	ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi $LIVE \
		mode tunnel aead "rfc4106(gcm(aes))" "$KEY" 128
}

move_in() {
	ip xfrm state update src 10.0.0.1 dst 10.0.0.2 proto esp spi $LIVE \
		offload full dev acme0 dir out
}

stays() {
	ip xfrm state get src 10.0.0.1 dst 10.0.0.2 proto esp spi $LIVE |
		grep 'place software wanted software reason refused' &&
		holds 4
}

moves_into_free_place() {
	del_sa 1002 && busywait 5000 device_has 3 && move_in && holds 4
}

full_of_pairs() {
	carries 70 71 && nothing_left
}

empty() {
	ip xfrm state flush
	busywait 5000 holds 0 && states 0
}

all_checks() {
	check "as many SAs fit as the NIC says: four" fill
	check_fails "the fifth is refused, and why" "$NO_ROOM" add_sa 1005
	refusals <<<"usual OFFLOAD_DEV $NO_ROOM"
	check_fails "likewise with packet offload" "$NO_ROOM" add_sa 1005 packet
	check_fails "likewise with crypto offload" "$NO_ROOM" add_sa 1005 crypto
	check "and leaves nothing, as often as it is tried" full_is_full
	check "a free place is used again" reuse
	check "an SA in software" live_sa
	check_fails "it is refused, too" "$NO_ROOM" move_in
	refusals <<<"move OFFLOAD_DEV $NO_ROOM"
	check "and stays in software" stays
	check "until there is a place" moves_into_free_place
	check "all are removed" empty
	check "two pairs of SAs, which is all, carry packets" full_of_pairs
}

KEY=$(random_key 256)
pair 70 tunnel    4 4 onlink 128 64
pair 71 transport 4 4 routed 256 64
plan_for all_checks
all_checks
finish
