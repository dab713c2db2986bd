#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What full offload can't do is refused, with words that say what to change, and
# leaves nothing behind: no state or policy in the kernel, no SA in the NIC, no
# reference to the driver. What can be done works afterwards.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
KEY=$(random_key 128)
ID="src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x28001"
GCM="aead rfc4106(gcm(aes)) $KEY 128"
CBC_96="enc cbc(aes) $(printf '0x%032d' 1)
	auth-trunc hmac(sha256) $(printf '0x%064d' 1) 96"
OUT_SA="$ID mode tunnel $GCM"
IN_SA="src 10.0.0.2 dst 10.0.0.1 proto esp spi 0x28002 mode tunnel $GCM"
POLICY="src 10.1.40.0/24 dst 10.2.40.0/24 dir out"
TMPL="tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel"

references() {
	cat /sys/module/acme/refcnt
}

nothing_left() {
	no_states && no_device_sas && [[ $(references) == "$REFERENCES" ]]
}

# xfrm WORDS...: by ip, or by newsa.py what ip can't say.
xfrm() {
	if [[ $1 == raw ]]; then
		"$SCRIPTS/newsa.py" "${@:2}"
	else
		ip xfrm "$@"
	fi
}

# refused TEXT WORDS...: "xfrm WORDS" fails with TEXT, and nothing is left.
refused() {
	local text=$1 output

	shift
	# shellcheck disable=SC2086,SC2048  # words
	if output=$(xfrm $* 2>&1); then
		echo "accepted: $*"
		ip xfrm state flush
		ip xfrm policy flush
		return 1
	fi
	echo "$output"
	[[ $output =~ $text ]] && nothing_left
}

# in_software WORDS...: "xfrm WORDS" adds an SA, but not to the NIC.
in_software() {
	# shellcheck disable=SC2048,SC2086  # words
	xfrm $* && ip xfrm state | grep -q "proto esp" &&
		! ip xfrm state | grep -q offload && no_device_sas || return
	ip xfrm state flush && nothing_left
}

# state TEXT WORDS...: an outbound SA with these words is refused.
state() {
	local text=$1

	shift
	refused "$text" state add "$OUT_SA" "$*" offload full dev acme0 dir out
}

devices() {
	check "device unknown to ip" \
		refused "no such device to offload to" \
		state add "$OUT_SA" offload full dev nosuch0 dir out
	check "device unknown to the kernel" \
		refused "No device has this ifindex" \
		state add "$OUT_SA" offload full dev if4242 dir out
	check "device without full offload: lo" \
		refused "Device doesn't support full offload: name another" \
		state add "$OUT_SA" offload full dev lo dir out
	check "device without full offload: dummy" \
		refused "Device doesn't support full offload: name another" \
		state add "$OUT_SA" offload full dev dummy9 dir out
	check "device without full offload: policy" \
		refused "Device doesn't support full offload: name another" \
		policy add "$POLICY" offload full dev lo "$TMPL"
}

algorithms() {
	check "integrity key of another length than its hash" \
		refused "integrity key of 128 bits is unsupported; use 256" \
		state add "$ID" mode tunnel \
		enc "cbc(aes)" 0x000102030405060708090a0b0c0d0e0f \
		auth-trunc "hmac(sha256)" 0x000102030405060708090a0b0c0d0e0f 128 \
		offload full dev acme0 dir out
}

modes() {
	check "mode beet" \
		refused "doesn't support BEET mode" \
		state add "$ID" mode beet "$GCM" offload full dev acme0 dir out
	check "replay window that XFRM can't do" \
		refused "replay-window \(4128\) > XFRMA_REPLAY_ESN_MAX" \
		state add "$IN_SA" replay-window 4128 offload full dev acme0 dir in
	check "replay window that is no multiple of 32" \
		refused "replay window 33 is unsupported; use a multiple of 32" \
		state add "$IN_SA" replay-window 33 offload full dev acme0 dir in
	check "two directions" \
		refused "it differs from the other \"dir\"" \
		state add "$OUT_SA" dir in offload full dev acme0 dir out
	check "a replay window out" \
		refused "Replay window.*output SA" \
		state add "$OUT_SA" replay-window 64 offload full dev acme0 dir out
}

# Bits of struct xfrm_user_offload: 1 IPv6, 2 inbound, 4 packet, 8 full.
flags() {
	check "inbound offload, outbound SA" \
		refused "Mismatched SA and offload direction" raw acme0 10 out
	check "outbound offload, inbound SA" \
		refused "Mismatched SA and offload direction" raw acme0 8 in
	check "full and packet" \
		refused "Full and packet offload exclude each other" raw acme0 12 out
	check "a move of an SA that is not there yet" \
		refused "Only an update can move an SA" raw acme0 0x28 out
	check "crypto offload with an ICV that this NIC has not" \
		in_software state add "$ID" mode tunnel "$CBC_96" \
		offload crypto dev acme0 dir out
	check "packet offload with such a one" \
		refused "an ICV of 96 bits is unsupported; use 128" \
		state add "$ID" mode tunnel "$CBC_96" \
		offload packet dev acme0 dir out
}

words() {
	check "oseq-may-wrap" \
		state "doesn't support oseq-may-wrap" extra-flag oseq-may-wrap
	check "mark" state "doesn't support marks" mark 7
	check "output mark" state "doesn't support output marks" output-mark 7
	check "interface id" state "doesn't support interface ids" if_id 7
	check "TFC padding" state "doesn't support TFC padding" tfcpad 100
	check "wildcard receive" \
		refused "doesn't support wildcard receive" \
		state add "$IN_SA" flag wildrecv offload full dev acme0 dir in
	check "flag icmp" \
		refused "flag icmp is unsupported; leave it out" \
		state add "$IN_SA" flag icmp offload full dev acme0 dir in
	check "selector with an interface" \
		state "a selector with an interface is not supported" \
		sel dev acme0
	check "selector of another family, transport" \
		refused "Only tunnel modes can accommodate a change of family" \
		state add "$ID" mode transport "$GCM" \
		sel src fd00::1 dst fd00::2 offload full dev acme0 dir out
	check "tunnel from nowhere" \
		refused "needs a source address" \
		state add "${OUT_SA/10.0.0.1/0.0.0.0}" \
		offload full dev acme0 dir out
}

policies() {
	check "policy without a template" \
		refused "doesn't support policies without a template" \
		policy add "$POLICY" offload full dev acme0
	check "policy with two templates" \
		refused "doesn't support policies with several templates" \
		policy add "$POLICY" offload full dev acme0 \
		"${TMPL/tunnel/transport}" "$TMPL"
	check "policy with an optional template" \
		refused "doesn't support optional templates" \
		policy add "${POLICY/out/in}" offload full dev acme0 "$TMPL" \
		level use
	check "policy for AH" \
		refused "doesn't support AH" \
		policy add "$POLICY" offload full dev acme0 "${TMPL/esp/ah}"
	check "policy of mode beet" \
		refused "doesn't support BEET mode" \
		policy add "$POLICY" offload full dev acme0 "${TMPL/tunnel/beet}"
	check "policy with an interface id" \
		refused "doesn't support interface ids" \
		policy add "$POLICY" if_id 7 offload full dev acme0 "$TMPL"
}

# with_sa COMMAND...: the SA is there; afterwards it still is, unchanged.
with_sa() {
	local before status=0

	# shellcheck disable=SC2086  # words
	ip xfrm state add $OUT_SA offload full dev acme0 dir out || return
	before=$(ip xfrm state)
	"$@" || status=1
	[[ $(ip xfrm state) == "$before" ]] || status=1
	device_has 1 || status=1
	ip xfrm state flush
	nothing_left && return "$status"
}

# says TEXT WORDS...: "ip xfrm WORDS" fails with TEXT.
says() {
	local text=$1 output

	shift
	# shellcheck disable=SC2086,SC2048  # words
	! output=$(ip xfrm $* 2>&1) && echo "$output" && [[ $output =~ $text ]]
}

live_sa() {
	local other="${OUT_SA/0x28001/0x28003} offload full dev acme0 dir out"

	check "the same SPI again" \
		with_sa says "this SPI and destination exists: use another" \
		state add "$OUT_SA" offload full dev acme0 dir out
	check "the same SPI again, in software" \
		with_sa says "File exists" state add "$OUT_SA"
	check "update without the offload moves the SA to software" \
		moved_by_update
	check "update to the other direction" \
		with_sa says "The SA has another direction" \
		state update "$OUT_SA" offload full dev acme0 dir in
	check "update that changes nothing" \
		with_sa update "$OUT_SA" \
		offload full dev acme0 dir out
	check "an SA that the NIC refuses, besides one" \
		with_sa refused_by_nic "device refuses the SA: status 10" \
		"admin-error 10 0x20" state add "$other"
	check "an SA that the NIC can't start, besides one" \
		with_sa refused_by_nic "failed to start the SA" \
		"admin-error 10 0x21" state add "$other"
}

MOVED="can't be moved: delete the SA and add it"

# with_offload TYPE COMMAND...: an SA with offload of another kind is there, and stays.
with_offload() {
	local before status=0

	# shellcheck disable=SC2086  # words
	ip xfrm state add $OUT_SA offload "$1" dev acme0 dir out || return
	before=$(ip xfrm state)
	"${@:2}" || status=1
	[[ $(ip xfrm state) == "$before" ]] || status=1
	ip xfrm state flush
	nothing_left && return "$status"
}

# A driver may have said no to the second SA before.
ANOTHER_KIND="can't have another kind of offload|the device has SPI 0x00028001 to"

other_offloads() {
	local type

	for type in crypto packet; do
		check "an SA with $type offload: a move into the NIC" \
			with_offload $type says "$MOVED" state update "$ID" \
			offload full dev acme0 dir out
		check "likewise, to software" with_offload $type says "$MOVED" \
			state update "$ID" offload none
		check "likewise, an update with full" \
			with_offload $type says "$MOVED" state update "$OUT_SA" \
			offload full dev acme0 dir out
		check "an update with $type of an SA with full" \
			with_sa says "$ANOTHER_KIND" state update \
			"$OUT_SA" offload $type dev acme0 dir out
	done
}

moved_by_update() {
	# shellcheck disable=SC2086  # words
	ip xfrm state add $OUT_SA offload full dev acme0 dir out &&
		device_has 1 && update "$OUT_SA" dir out && device_has 0 || return
	ip xfrm state | grep -q "place software wanted software" || return
	ip xfrm state flush
	nothing_left
}

update() {
	# shellcheck disable=SC2086,SC2048  # words
	ip xfrm state update $*
}

# refused_by_nic TEXT FAULT WORDS...: with this fault in the NIC.
refused_by_nic() {
	local text=$1 status=0

	# shellcheck disable=SC2086  # words
	acmectl fault $2 || return
	shift 2
	says "$text" "$@" || status=1
	acmectl fault clear && busywait 5000 device_has 1 && return "$status"
}

all_checks() {
	check "nothing there to begin with" nothing_left
	devices
	algorithms
	modes
	flags
	words
	policies
	live_sa
	other_offloads
	check "SAs carry packets" carries 41
	check "nothing is left of them" nothing_left
}

pair 41 tunnel 4 4 onlink 128 64
set_up ip link add dummy9 type dummy
at_end ip link del dummy9
REFERENCES=$(references)
plan_for all_checks
all_checks
finish
