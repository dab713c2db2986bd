#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: check.sh
#
# Runs all tests, or those that TEST= names: kselftests in VMs, one boot per
# topology, and beside them unit tests on the host. Results are left in build/results
# as KTAP. The last line is "N passed, N failed, N skipped"; the exit status is
# 0 if none failed.
#
# Without TEST= there is one boot of the debug kernel among them, and one that
# provokes what the kernel's log must not contain; KERNEL=debug runs all tests in
# the debug kernel. With CI set, lint, the tests of lint, of series, of the device's
# tests, of "make vm", of "make check" and of what proofs.sh remembers, and the
# driver's build in a kernel tree are among them, and a skip is a failure.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/suites.sh"
source "$REPO/scripts/proofs.sh"
source "$REPO/scripts/verdict.sh"

PHASES=()
FINISHED=0

phase() {
	local name=$1 start=$SECONDS

	shift
	"$@"
	PHASES+=("$(minutes "$name" $((SECONDS - start)))")
}

minutes() {
	printf '%-28s %3d min %2d s' "$1" $(($2 / 60)) $(($2 % 60))
}

build_all() {
	if lint_wanted; then
		"$REPO/scripts/deps.sh" "$REPO/scripts/lint/packages.list"
	else
		"$REPO/scripts/deps.sh"
	fi
	"$REPO/scripts/device.sh"
	"$REPO/scripts/iproute2.sh"
	if topologies | grep -qv KERNEL=debug || lint_wanted; then
		build_kernel "${KERNEL:-normal}"
	fi
	if topologies | grep -q KERNEL=debug || wanted log_patterns; then
		build_kernel debug
	fi
}

build_kernel() {
	KERNEL=$1 "$REPO/scripts/kernel/build.sh"
	[[ ${NIC:-acme} != acme ]] || KERNEL=$1 "$REPO/scripts/driver.sh"
}

# wanted NAME: whether TEST= asks for it; without TEST=, for all.
wanted() {
	local name

	[[ -n ${TEST:-} ]] || return 0
	for name in $TEST; do
		[[ $1 != "$name" && ${1%.*} != "${name%.*}" ]] || return 0
	done
	return 1
}

# What says something about the checkout rather than about what it builds.
lint_wanted() {
	[[ -n ${TEST:-}${CI:-} ]] || return
	wanted lint || wanted lint_selftest || wanted series_selftest ||
		wanted device_selftest || wanted vm_selftest ||
		wanted proofs_selftest || wanted check_selftest ||
		wanted driver_intree
}

# Every name in TEST= must mean something.
check_names() {
	local name known

	known=$(printf '%s\n' device iproute2 lint lint_selftest series_selftest \
		device_selftest vm_selftest proofs_selftest check_selftest \
		driver_intree log_patterns \
		"$(list_tests TEST_PROGS_HOST)" "$(list_tests TEST_PROGS)")
	for name in ${TEST:-}; do
		grep -qx -e "${name%.*}" -e "${name%.*}\.[a-z]*" <<<"$known" ||
			die "TEST: there is no test $name, only:"$'\n'"$known"
	done
}

lint_suites() {
	! wanted lint || enqueue lint "$REPO/scripts/lint.sh" --tap
	enqueue_proof lint_selftest "$REPO/scripts/lint/selftest.sh"
	! wanted series_selftest || enqueue series_selftest series_selftest
	enqueue_proof device_selftest "$REPO/scripts/device-selftest.sh"
	enqueue_proof vm_selftest "$REPO/scripts/vm/selftest.sh"
	enqueue_proof proofs_selftest "$REPO/scripts/proofs-selftest.sh"
	enqueue_proof check_selftest "$REPO/scripts/check-selftest.sh"
	enqueue_proof driver_intree "$REPO/scripts/driver-intree.sh"
}

# What needs a kernel compiled anew is left out without COMPILE=yes.
series_selftest() {
	local compile=${COMPILE:-no}

	COMPILE=$compile run_proof "series_selftest-compile-$compile" \
		"$REPO/scripts/series/selftest.sh"
}

# enqueue_proof NAME FILE: if it is wanted.
enqueue_proof() {
	! wanted "$1" || enqueue "$1" run_proof "$1" "$2"
}

host_suites() {
	local test

	if wanted device && [[ ${NIC:-acme} == acme ]]; then
		enqueue device "$REPO/scripts/device.sh" check
	fi
	if wanted iproute2; then
		enqueue iproute2 "$REPO/tools/iproute2/test/run.sh" \
			"$BUILD/iproute2/ip"
	fi
	for test in $(list_tests TEST_PROGS_HOST); do
		enqueue_proof "$test" "$SELFTESTS/$test"
	done
}

# Output: topology, tab, test: the VM that a test asks for, and another that it
# is also run in when all are.
tests_in_vms() {
	local test also

	for test in $(list_tests TEST_PROGS); do
		wanted "$test" || continue
		printf '%s\t%s\n' "$(header "$SELFTESTS/$test" topology)" "$test"
		also=$(header "$SELFTESTS/$test" also)
		[[ -z $also || -n ${TEST:-} || ${KERNEL:-normal} != normal ]] ||
			printf '%s\t%s\n' "$also" "$test"
	done
}

# Output: topology, tab, its tests.
topologies() {
	tests_in_vms | awk -F '\t' '
		!($1 in tests) { order[++n] = $1 }
		{ tests[$1] = tests[$1] " " $2 }
		END { for (i = 1; i <= n; i++) print order[i] "\t" tests[order[i]] }'
}

vm_name() {
	local name

	name=$(tr -cs 'A-Za-z0-9\n' - <<<"${1:-PEER=ns}")
	echo "vm-${name,,}"
}

# One boot. What the log check finds becomes a result of the test that ran.
run_topology() {
	local topology=$1 tests=$2 out=$3 status=0 name

	rm -rf "$out"
	# shellcheck disable=SC2086  # a list of assignments
	env ${PEER:+"PEER=$PEER"} $topology RUN="$REPO/scripts/vm/run-tests.sh" \
		ARGS="$tests" OUT="$out" CAPTURE="$out/capture" \
		NO_BUILD=1 NO_LOG_CHECK=1 NO_WIRE_CHECK=1 \
		"$REPO/scripts/vm.sh" run || status=$?
	for name in $tests; do
		grep -q "^\(not \)\?ok [0-9]* $name" "$RESULTS/$(vm_name "$topology").ktap" ||
			echo "not ok $name: no result, the VM ended with status $status"
	done
	log_results "$out"
	evidence_left "$out" "$tests"
	wire_result "$out" "$tests"
	return "$status"
}

vm_suites() {
	local topology tests

	while IFS=$'\t' read -r -u 9 topology tests; do
		enqueue "$(vm_name "$topology")" run_topology "$topology" "$tests" \
			"$BUILD/out/check-$(vm_name "$topology")"
	done 9< <(topologies | sed 's/^\t/PEER=ns\t/')
	enqueue_proof log_patterns "$REPO/scripts/provoke/check.sh"
}

# The last line is promised, also when something before the tests failed.
on_exit() {
	abort_suites
	((FINISHED)) || echo "0 passed, 1 failed, 0 skipped"
}

main() {
	trap on_exit EXIT
	check_names
	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"
	phase "build" build_all
	# The VM with most tests takes longest, and is the first; short suites are the last.
	vm_suites
	host_suites
	! lint_wanted || lint_suites
	phase "tests" run_queue
	[[ -z ${TOOK[lint]:-} ]] ||
		PHASES+=("$(minutes "  lint, beside others" "${TOOK[lint]}")")
	printf '\nTime by phase\n'
	printf '  %s\n' "${PHASES[@]}" "$(minutes "all" "$SECONDS")"
	FINISHED=1
	"$KTAP" "$RESULTS"/*.ktap
}

main "$@"
