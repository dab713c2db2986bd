#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#
# Runs the host tests that were built in $1/tests and prints KTAP.
#
# Usage: run.sh DIR

set -u
dir=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=abort_on_error=0:detect_leaks=1
export UBSAN_OPTIONS=print_stacktrace=1
export ACME_DIR=$dir
export ACME_VECTORS=$here/vectors

programs=("$dir"/tests/test_*)
tests=()
for program in "${programs[@]}"; do
	[[ $program == *.d || ! -x $program ]] || tests+=("$program")
done
tests+=("$here/scapy_esp.py")

failed=0
nr=0
echo "KTAP version 1"
echo "1..${#tests[@]}"
for test in "${tests[@]}"; do
	nr=$((nr + 1))
	name=${test##*/}
	"$test" 2>&1 | sed 's/^/  /'
	if [[ ${PIPESTATUS[0]} -eq 0 ]]; then
		echo "ok $nr $name"
	else
		echo "not ok $nr $name"
		failed=1
	fi
done
exit "$failed"
