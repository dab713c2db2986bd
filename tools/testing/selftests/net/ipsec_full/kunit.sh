#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The unit tests of the kernel's code: each module's results as KUnit wrote them.
#
# also: KERNEL=debug
# evidence: none, it sends nothing
source "$(dirname "$0")/lib.sh"

RESULTS=/sys/kernel/debug/kunit
SUITES=(xfrm_full_caps xfrm_full_check xfrm_full_ecn xfrm_full_event xfrm_full_iv
	xfrm_full_move xfrm_full_replay)

# A suite's own lines, one level down from this test's plan.
show() {
	local number=$1 suite=$2

	if ! modprobe "${suite}_test" || [[ ! -e $RESULTS/$suite/results ]]; then
		echo "not ok $number $suite # no results"
		return 1
	fi
	at_end modprobe -r "${suite}_test"
	sed -E -e '/^(KTAP version 1|1\.\.1)$/d' \
		-e "s/^(not )?ok 1 /\1ok $number /" "$RESULTS/$suite/results"
	grep -q "^ok 1 $suite" "$RESULTS/$suite/results"
}

# Those that the kernel has, and no others.
all_listed() {
	diff <(printf '%s\n' "${SUITES[@]}") \
		<(find "/lib/modules/$(uname -r)/" -name 'xfrm_full_*_test.ko*' |
			sed 's,.*/,,; s/_test\.ko.*//' | sort) >&2
}

modprobe kunit enable=1 || skip_all "the kernel has no KUnit"
plan $((${#SUITES[@]} + 1))
status=0
for ((i = 0; i < ${#SUITES[@]}; i++)); do
	show $((i + 1)) "${SUITES[i]}" || status=1
done
if all_listed; then
	echo "ok $((i + 1)) all suites are listed"
else
	echo "not ok $((i + 1)) all suites are listed"
	status=1
fi
exit "$status"
