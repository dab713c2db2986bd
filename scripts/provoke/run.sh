#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: run.sh MODULE SAMPLES NAME...
#
# In the test VM: does what provoke.c calls NAME, one after the other, and writes
# each line of SAMPLES into the kernel's log, all of it marked as tests are. What
# is found by the scan for leaks comes when the VM ends.
set -u

mark() {
	echo "ipsec_full: $*" >/dev/kmsg
}

# An oops takes the process that writes with it.
provoke() {
	mark "begin provoke_$1"
	(echo "$1" >/sys/kernel/debug/provoke)
	mark "end provoke_$1"
}

sample() {
	mark "begin sample_$1"
	echo "$2" >/dev/kmsg
	mark "end sample_$1"
}

# What a test announces is no finding.
announced() {
	mark "begin announced"
	mark "expect WARNING: an announced"
	echo "WARNING: an announced one" >/dev/kmsg
	mark "end announced"
}

insmod "$1" || exit 1
samples=$2
shift 2
for name; do
	provoke "$name"
done
number=0
while read -r line; do
	sample $((++number)) "$line"
done < <(grep -v "^#" "$samples")
announced
