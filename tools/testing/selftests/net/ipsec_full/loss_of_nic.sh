#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The NIC itself is lost: it starts anew, dies, or does not answer. Nobody knows
# which numbers it has used, so all of its SAs expire, even those that might fall
# back; none is resumed from a guess. That is told of each, once. Policies stay and
# block, and no packet leaves in clear, though there is another way.
#
# timeout: 400
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/losses.sh"

# For a command that is not answered, and the reset of a NIC that is lost.
PATIENCE=60

pair 7410 tunnel    4 4 onlink 128 64
pair 7411 transport 6 6 routed 256 256
pair 7412 transport 4 4 routed 128 64
FALLING=(7412) ALL=(7410 7411 7412)
# For the end
pair 7413 tunnel    4 4 routed 128 64

# lost FAULT...: somebody asks the NIC something.
lost() {
	acmectl fault "$@" || return
	timeout $PATIENCE ethtool -S acme0 >/dev/null
	# shellcheck disable=SC2046  # words
	timeout $PATIENCE ip -s xfrm state get $(sa_id 7410 out) >/dev/null 2>&1
	expired "${ALL[@]}" && blocks && nothing_in_clear &&
		[[ -z $(ip xfrm state) ]]
}

# Its interface goes while packets meet the policies.
recovered() {
	timeout $PATIENCE modprobe -r acme && acmectl fault clear &&
		blocks && modprobe acme && nic_back && device_has 0 &&
		renewed "${ALL[@]}" && fall_back && all_flow &&
		nothing_in_clear
}

all_checks() {
	check "it starts anew: all SAs expire" lost STATS_GET reset-before 1
	check "the driver loaded again: new SAs work" recovered
	check "it dies: all SAs expire" lost kill
	check "the driver loaded again: new SAs work" recovered
	check "a command is not answered: all SAs expire" lost admin-drop 1
	check "the driver loaded again: new SAs work" recovered
	check "all is removed" loss_teardown
	check "a new pair counts what the wire carries" carries 7413
}

expect_log 'acme .*: device lost'
at_end acmectl fault clear
plan_for all_checks
set_up loss_setup
all_checks
finish
