#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: lint.sh [CHECK...]
#
# Runs the checks of scripts/lint/, or those named here or in LINT=, over the
# files of the checkout, committed or not. Fails if one of them finds something.
# Each prints its findings; build/log keeps them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STEP_LOG_LINES=200
# From cheap to expensive.
ALL=(wording selftests kernel-doc rst python shellcheck checkpatch analyzer
	sparse cocci)
FAILED=()

read -ra CHECKS <<<"${*:-${LINT:-${ALL[*]}}}"
for check in "${CHECKS[@]}"; do
	[[ -x $REPO/scripts/lint/$check.sh && " ${ALL[*]} " == *" $check "* ]] ||
		die "no check $check; there are: ${ALL[*]}"
done
for check in "${CHECKS[@]}"; do
	step "Lint: $check" "$REPO/scripts/lint/$check.sh" || FAILED+=("$check")
done
if ((${#FAILED[@]})); then
	note "lint: findings by ${FAILED[*]} ($SECONDS s)"
	exit 1
fi
note "lint: ${#CHECKS[@]} checks, nothing found ($SECONDS s)"
