#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: run-tests.sh TEST...
#
# Runs kselftests in the test VM, one after the other. Prints KTAP, with each
# test's own results one level down, and marks the kernel's log, so that what
# is found there can be told to belong to a test.
set -u

TESTS=$VM_REPO/tools/testing/selftests/net/ipsec_full
KSFT_SKIP=4
# The debug kernel is slower by so much; tests wait longer, too.
export SLOW=1
[[ $VM_KERNEL != debug ]] || SLOW=6
# Who asks for more than a sample, or for many moves, has the time.
MORE=1
[[ -z ${FULL:-}${STORM:-} ]] || MORE=4

# What tests call all the time: busybox is linked statically, and starts in 10 ms
# under TCG, where programs that need the dynamic linker take 60.
FAST=/run/fast
BUSYBOX=(awk cat cut grep head mkdir mktemp od paste rm sed seq sleep sort tac tail tee
	tr wc)

fast_programs() {
	local program busybox

	busybox=$(command -v busybox) || return 0
	mkdir -p "$FAST"
	for program in "${BUSYBOX[@]}"; do
		ln -sf "$busybox" "$FAST/$program"
	done
	PATH=$FAST:$PATH
}

time_limit() {
	local seconds

	seconds=$(sed -n 's/^# timeout: //p' "$TESTS/$1" | head -n 1)
	[[ -n $seconds ]] ||
		seconds=$(sed -n 's/^timeout=//p' "$TESTS/settings")
	echo $((seconds * SLOW * MORE))
}

# A test starts without SAs and policies, whatever the one before it left.
reset_xfrm() {
	ip xfrm state flush
	ip xfrm policy flush
	[[ $NIC != none ]] || return 0
	peer sh -c 'ip xfrm state flush; ip xfrm policy flush'
}

run_test() {
	local number=$1 test=$2 start=$SECONDS status=0 limit text

	limit=$(time_limit "$test")
	echo "# $test"
	echo "ipsec_full: begin $test" >/dev/kmsg
	(cd "$TESTS" && timeout -k 10 "$limit" "./$test") \
		</dev/null 2>&1 | /usr/bin/sed -u 's/^/  /'
	status=${PIPESTATUS[0]}
	reset_xfrm
	echo "ipsec_full: end $test" >/dev/kmsg
	text="$number $test # $((SECONDS - start)) s"
	case $status in
	0) echo "ok $text" ;;
	"$KSFT_SKIP") echo "ok $number $test # SKIP" ;;
	124 | 137) echo "not ok $text, no end within $limit s" ;;
	*) echo "not ok $text, status $status" ;;
	esac
	((status == 0 || status == KSFT_SKIP))
}

main() {
	local number=0 failed=0 test

	fast_programs
	echo "KTAP version 1"
	echo "1..$#"
	for test; do
		run_test $((++number)) "$test" || failed=1
	done
	return "$failed"
}

main "$@"
