#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC whose replay windows end at 64 packets says so, and has those.
#
# topology: PROFILE=small-window
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

add_sa() {
	ip xfrm state add src 10.0.0.2 dst 10.0.0.1 proto esp spi 0x1001 \
		mode tunnel aead "rfc4106(gcm(aes))" "$(random_key 128)" 128 \
		replay-window "$1" offload full dev acme0 dir in
}

all_checks() {
	check_fails "a window of 96 is refused, and why" \
		"Replay window 96 is too large; use at most 64" add_sa 96
	refusals <<-END
		window-96 REPLAY_ESN_VAL Replay window 96 is too large; use at most 64
	END
	check "nothing is left" nothing_left
	check "a window of 64 is not, and its SA works" the_rest_works 70
}

pair 70 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
