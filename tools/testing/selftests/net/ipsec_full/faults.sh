#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC whose commands fail, are late or are never answered: what was asked for
# fails with a reason, nothing is left of it, and what is not concerned goes on.
#
# timeout: 600
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

# enum acme_status and enum acme_opcode
BAD_PARAM=3
NO_SPACE=5
INTERNAL=10
UNKNOWN_STATUS=99
VPORT_SET=3
STATS_GET=5
AUDIT_SET=6
SA_ADD=0x20
SA_RUN=0x21
SA_QUERY=0x23
SA_UPDATE=0x24

# A command that is not answered must come to an end in time.
PATIENCE=30

KEY=$(random_key 128)
ID="src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x2a001"
GCM="aead rfc4106(gcm(aes)) $KEY 128"

# shellcheck disable=SC2086  # words
add_sa() {
	ip xfrm state add $ID mode transport $GCM \
		limit packet-hard 1000 offload full dev acme0 dir out
}

# shellcheck disable=SC2086  # words
update_sa() {
	ip xfrm state update $ID mode transport $GCM \
		limit packet-hard "$1" offload full dev acme0 dir out
}

hard_limit() {
	ip -s xfrm state | sed -n 's/.*hard \([0-9]*\)(packets)/\1/p'
}

nothing_left() {
	acmectl fault clear && no_states && no_device_sas
}

# refused STATUS OPCODE TEXT: the SA is refused with TEXT and nothing is left.
refused() {
	local output

	acmectl fault admin-error "$1" "$2" || return
	if output=$(add_sa 2>&1); then
		echo "accepted"
		return 1
	fi
	echo "$output"
	[[ $output =~ $3 ]] && busywait 5000 nothing_left
}

# A device may refuse what it should not: the old limit stays.
update_refused() {
	local output

	acmectl fault admin-error "$INTERNAL" "$SA_UPDATE" || return
	! output=$(update_sa 2000 2>&1) || return
	echo "$output"
	acmectl fault clear && hard_limit && [[ $(hard_limit) == 1000 ]]
}

update_works() {
	update_sa 2000 && [[ $(hard_limit) == 2000 ]]
}

# Counters are those in memory then.
shown_anyway() {
	acmectl fault admin-error "$INTERNAL" "$SA_QUERY" || return
	ip -s xfrm state get "${ID_WORDS[@]}" | grep -q 'lifetime current' &&
		acmectl fault clear
}

late_answers() {
	acmectl fault admin-delay 200 && update_sa 3000 &&
		[[ $(hard_limit) == 3000 ]] && acmectl fault clear
}

lost_interrupt() {
	acmectl fault irq-drop 1 && timeout "$PATIENCE" ethtool -S acme0 \
		>/dev/null && acmectl fault clear
}

removed() {
	ip xfrm state flush && busywait 5000 nothing_left
}

statistics_fail() {
	acmectl fault admin-error "$INTERNAL" "$STATS_GET" || return
	ethtool -S acme0 | grep -q hw_tx_frames && acmectl fault clear
}

mtu_stays() {
	acmectl fault admin-error "$BAD_PARAM" "$VPORT_SET" || return
	! ip link set acme0 mtu 1400 || return
	acmectl fault clear && [[ $(</sys/class/net/acme0/mtu) == 1500 ]]
}

# The driver, which is not loaded, finds a NIC that works.
found_again() {
	modprobe acme && nic-up && ping -q -c 1 -W 5 10.0.0.2
}

# A probe that fails leaves nothing behind, and the next one works.
probe_fails() {
	timeout "$PATIENCE" modprobe -r acme || return
	acmectl fault admin-error "$INTERNAL" "$AUDIT_SET" || return
	modprobe acme
	! [[ -e /sys/class/net/acme0 ]] || return
	acmectl fault clear && timeout "$PATIENCE" modprobe -r acme &&
		found_again
}

# The NIC does what it was told too late: it must not get hold of queues whose memory
# is free again.
late_reset() {
	timeout "$PATIENCE" modprobe -r acme && acmectl fault dead || return
	timeout "$PATIENCE" modprobe acme
	! [[ -e /sys/class/net/acme0 ]] &&
		dmesg | tail -20 | grep 'does not answer a reset' &&
		acmectl fault clear && busywait 5000 reset_is_done || return
	acmectl dump
	acmectl dump json | tr -d ' \n' | grep -q '"admin":{"status":[0-9]*,"size":0,'
	local status=$?
	timeout "$PATIENCE" modprobe -r acme && found_again && return $status
}

reset_is_done() {
	acmectl dump json | awk -F '"' '$2 == "reset" { asked = $4 }
		$2 == "reset_ack" { done = $4 } END { exit asked != done }'
}

# A device without interrupts: no interface, and the reason in log and devlink.
self_test_fails() {
	timeout "$PATIENCE" modprobe -r acme || return
	acmectl fault irq-drop 1000 && timeout "$PATIENCE" modprobe acme || return
	dmesg | tail -20 | grep 'self-test failed: interrupts; no network interface'
	devlink health show
	! [[ -e /sys/class/net/acme0 ]] &&
		devlink health diagnose "pci/$PCI" reporter fw | tee "$WORK/fw" &&
		grep -q interrupts "$WORK/fw" || return
	acmectl fault clear && timeout "$PATIENCE" modprobe -r acme &&
		found_again
}

# Not executed, not answered: nobody knows what the device did, so it is lost.
command_dropped() {
	local start=$SECONDS

	expect_log 'acme .*: device lost'
	acmectl fault admin-drop 1 || return
	! add_sa || return
	((SECONDS - start < PATIENCE)) && no_states
}

recovers() {
	timeout "$PATIENCE" modprobe -r acme && acmectl fault clear &&
		found_again &&
		add_sa && device_has 1 && removed
}

all_checks() {
	check "SA_ADD answered with no space" \
		refused "$NO_SPACE" "$SA_ADD" "the device is full"
	check "SA_ADD answered with an internal error" \
		refused "$INTERNAL" "$SA_ADD" "status $INTERNAL"
	check "SA_ADD answered with what nobody knows" \
		refused "$UNKNOWN_STATUS" "$SA_ADD" "status $UNKNOWN_STATUS"
	check "SA_RUN refused: the SA is taken back" \
		refused "$INTERNAL" "$SA_RUN" "."
	check "an SA that works" add_sa
	check "SA_UPDATE refused: the old limit stays" update_refused
	check "SA_UPDATE accepted" update_works
	check "SA_QUERY refused: counters are shown" shown_anyway
	check "late answers" late_answers
	check "a lost interrupt" lost_interrupt
	check "the SA is removed" removed
	check "STATS_GET refused: counters are shown" statistics_fail
	check "VPORT_SET refused: the MTU stays" mtu_stays
	check "AUDIT_SET refused: the probe fails, the next works" probe_fails
	check "no answer to a reset in time: it has no memory of ours" late_reset
	check "no interrupts: the self-test fails, the next does not" \
		self_test_fails
	check "a command dropped: the device is lost in time" command_dropped
	check "the driver loaded again: all works" recovers
	check "SAs carry packets" carries 43
	check "they are removed" removed
}

read -ra ID_WORDS <<<"$ID"
PCI=$(basename "$(readlink /sys/class/net/acme0/device)")
WORK=$(mktemp -d)
at_end rm -rf "$WORK"
at_end acmectl fault clear
pair 43 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
