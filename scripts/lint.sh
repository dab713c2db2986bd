#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: lint.sh [--tap] [CHECK...]
#
# Runs the checks of scripts/lint/, or those named here or in LINT=, over the
# files of the checkout, committed or not. Fails if one of them finds something.
# Each prints its findings; build/log keeps them. With --tap, each check is a
# test whose result is printed in the test anything protocol.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/proofs.sh"
source "$REPO/scripts/lint/tap.sh"

STEP_LOG_LINES=200
# From cheap to expensive.
ALL=(wording selftests kernel-doc rst python shellcheck checkpatch analyzer
	sparse stock cocci)
FAILED=()
REMEMBERED=0
TAP=0

run_check() {
	run_proof "lint-$1" "$REPO/scripts/lint/$1.sh"
}

run_as_tests() {
	local check status start

	for check; do
		start=$SECONDS status=0
		run_check "$check" 2>&1 | sed 's/^/# /' || status=$?
		tap "$status" "$check # $((SECONDS - start)) s"
	done
	tap_end
}

run_as_steps() {
	local check start log

	for check; do
		start=$SECONDS log=$LOG_DIR/lint-$check.log
		watch "Lint: $check" "$log" run_check "$check"
		step_end "Lint: $check" "$start" "$STEP_STATUS" "$log" ||
			FAILED+=("$check")
		! was_remembered "$log" || ((++REMEMBERED))
	done
	if ((${#FAILED[@]})); then
		note "lint: findings by ${FAILED[*]} ($SECONDS s)"
		exit 1
	fi
	note "lint: $# checks, nothing found, $REMEMBERED of them remembered" \
		"($SECONDS s); FULL=1 runs all"
}

if [[ ${1:-} == --tap ]]; then
	TAP=1
	shift
fi
read -ra CHECKS <<<"${*:-${LINT:-${ALL[*]}}}"
for check in "${CHECKS[@]}"; do
	[[ -x $REPO/scripts/lint/$check.sh && " ${ALL[*]} " == *" $check "* ]] ||
		die "no check $check; there are: ${ALL[*]}"
done
if ((TAP)); then
	run_as_tests "${CHECKS[@]}"
else
	run_as_steps "${CHECKS[@]}"
fi
