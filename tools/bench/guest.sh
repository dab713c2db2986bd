#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The benchmark's part in the test VM (one CPU, PEER=vm): sends and receives UDP
# through one pair of SAs in each mode, and notes what it did, in the order in
# which the counting plugin wrote down its numbers.
#
# usage: guest.sh MODES SMALL LARGE REPEATS
#
# Leaves in $OUT: runs ("mode direction size count" of each measurement) and
# refused ("mode: reason" of each mode that is not offered).
#
#   10.1.0.1 --- acme0 ======= wire ======= peer0 --- 10.2.0.1
#            10.0.0.1                      10.0.0.2
set -u

read -ra MODES <<<"$1"
SMALL=$2 LARGE=$3 REPEATS=$4
SIZES=(64 1400)
NEAR=10.1.0.1 FAR=10.2.0.1
LOAD=$VM_REPO/build/bench/udp_load
# So many packets that an interrupt finds more than one, whatever the mode: how
# fast this machine emulates the peer must not decide how many interrupts come.
MODERATION_USECS=1000
ALGORITHM="rfc4106(gcm(aes))"
KEY_OUT=0x$(od -An -v -tx1 -N20 /dev/urandom | tr -d ' \n')
KEY_IN=0x$(od -An -v -tx1 -N20 /dev/urandom | tr -d ' \n')

die() {
	echo "bench: $*"
	exit 1
}

addresses() {
	ip -batch - <<-END || return
		address add $NEAR/32 dev lo
		route add $FAR/32 via 10.0.0.2 src $NEAR
	END
	peer ip -batch - <<-END
		address add $FAR/32 dev lo
		route add $NEAR/32 via 10.0.0.1 src $FAR
	END
}

sa() {
	local ends=$1 spi=$2 key=$3

	shift 3
	echo "xfrm state add $ends proto esp spi $spi reqid 1 mode tunnel" \
		"aead $ALGORITHM $key 128 $*"
}

policy() {
	echo "xfrm policy add src $1 dst $2 dir $3 $5" \
		"tmpl $4 proto esp reqid 1 mode tunnel"
}

# sas_up OUT IN POLICY: the words that offload the near side's.
sas_up() {
	local out="src 10.0.0.1 dst 10.0.0.2" in="src 10.0.0.2 dst 10.0.0.1"

	{
		sa "$out" 0x1001 "$KEY_OUT" replay-window 64
		sa "$in" 0x1002 "$KEY_IN"
		policy $FAR $NEAR out "$in" ""
		policy $NEAR $FAR in "$out" ""
	} | peer ip -batch - || return
	{
		sa "$out" 0x1001 "$KEY_OUT" "$1"
		sa "$in" 0x1002 "$KEY_IN" replay-window 64 "$2"
		policy $NEAR $FAR out "$out" "$3"
		policy $FAR $NEAR in "$in" "$3"
	} | ip -batch -
}

sas_down() {
	ip xfrm state flush
	ip xfrm policy flush
	peer sh -c 'ip xfrm state flush; ip xfrm policy flush'
}

# What does not do as it was told is not offered: crypto offload falls back.
offloaded() {
	local states

	states=$(ip xfrm state | grep -c "offload parameters: .* mode $1")
	((states == 2)) && return
	echo "$states of 2 SAs are in the NIC"
	return 1
}

mode_up() {
	case $1 in
	cleartext) return ;;
	software) sas_up "" "" "" ;;
	*)
		local words="offload $1 dev acme0" policy=

		[[ $1 == crypto ]] || policy=$words
		sas_up "$words dir out" "$words dir in" "$policy" &&
			offloaded "$1"
		;;
	esac
}

# ESP packets that the NIC has handled.
nic_esp() {
	ethtool -S acme0 | awk '/ hw_esp_[rt]x_(packets|crypto):/ { n += $2 }
				END { print n + 0 }'
}

counts() {
	local i

	for ((i = 0; i < REPEATS; i++)); do
		echo "$SMALL" "$LARGE"
	done
}

# measure MODE DIRECTION SIZE
measure() {
	local list count

	read -ra list <<<"$(counts | paste -sd' ')"
	# What is cold the first time is not what is to be measured.
	"$LOAD" "$2" $NEAR $FAR "$3" "$SMALL" "${list[@]}" ||
		die "$1, $2, $3 bytes: failed"
	echo "warm-up $2 $3 $SMALL" >>"$OUT/runs"
	for count in "${list[@]}"; do
		echo "$1 $2 $3 $count" >>"$OUT/runs"
	done
}

# The SAs were where they should have been.
check_path() {
	local esp=$1

	case $2 in
	cleartext | software) ((esp == 0)) ;;
	*) ((esp >= REPEATS * (SMALL + LARGE) * 2 * ${#SIZES[@]})) ;;
	esac || die "$2: the NIC has handled $esp ESP packets"
}

run_mode() {
	local mode=$1 before size direction reason

	if ! reason=$(mode_up "$mode" 2>&1); then
		reason=$(grep -m 1 -e Error -e 'of 2' <<<"$reason")
		echo "$mode: ${reason:-refused}" >>"$OUT/refused"
		echo "  $mode: not offered: ${reason:-refused}"
		sas_down
		return
	fi
	before=$(nic_esp)
	for direction in transmit receive; do
		for size in "${SIZES[@]}"; do
			measure "$mode" "$direction" "$size"
			printf '  %-10s %-9s %5d bytes: measured, %d s\n' \
				"$mode" "$direction" "$size" "$SECONDS"
		done
	done
	check_path $(($(nic_esp) - before)) "$mode"
	sas_down
}

: >"$OUT/runs"
: >"$OUT/refused"
addresses || die "cannot set addresses"
ethtool -C acme0 rx-usecs $MODERATION_USECS tx-usecs $MODERATION_USECS ||
	die "cannot moderate interrupts"
peer "$LOAD" serve $FAR >"$OUT/serve" 2>&1 &
for ((i = 0; i < 100; i++)); do
	grep -q ready "$OUT/serve" && break
	sleep 0.1
done
for mode in "${MODES[@]}"; do
	run_mode "$mode"
done
kill %1
