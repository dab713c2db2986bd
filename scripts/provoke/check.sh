#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: check.sh
#
# Is a VM judged failed when its kernel complains? Provokes what log-patterns
# lists in a VM with the debug kernel, and looks whether check-log.sh names each
# provocation, and whether each pattern has met a line. Prints TAP.
#
# inputs: scripts
# programs: gcc qemu-system-x86_64
# kernels: debug
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$REPO/scripts/lint/tap.sh"

HERE=$REPO/scripts/provoke
MODULE=$BUILD/provoke
OUT=$BUILD/out/provoke
LOG=$OUT/console.log
# In this order: after a lock inversion lockdep is off, and an oops is the end.
PROVOCATIONS=(warn rcu atomic lock shift bounds list refcount holder dma object alloc
	leak free oops)

compile() {
	local extmod

	extmod=$(realpath "$BUILD/kernel-debug")/extmod
	mkdir -p "$MODULE"
	rsync -t "$HERE/provoke.c" "$HERE/Kbuild" "$MODULE/"
	clean_env make -s -C "$extmod" M="$MODULE" modules
}

run_vm() {
	local status=0

	rm -rf "$OUT"
	KERNEL=debug NIC=none PEER=ns RUN=$HERE/run.sh OUT=$OUT NO_BUILD=1 \
		ARGS="'$MODULE/provoke.ko' '$HERE/samples' ${PROVOCATIONS[*]}" \
		"$REPO/scripts/vm.sh" run >"$MODULE/output" 2>&1 || status=$?
	sed 's/^/# /' "$MODULE/output"
	((status == 1))
}

judge_names() {
	local name found

	found=$("$REPO/scripts/check-log.sh" --by-test "$LOG" || true)
	for name in "${PROVOCATIONS[@]}"; do
		# kmemleak tells at the end, when no test runs any more.
		[[ $name != leak ]] || continue
		tap "$(is_in "provoke_$name" "$found")" "$name is noticed"
	done
	tap "$(is_in "no test" "$found")" "the leak is noticed, outside of any test"
	for name in $(seq "$(grep -vc '^#' "$HERE/samples")"); do
		tap "$(is_in "sample_$name" "$found")" \
			"sample $name is noticed: $(grep -v '^#' "$HERE/samples" |
				sed -n "${name}p" | tr '#' ' ')"
	done
	tap "$((1 - $(is_in announced "$found")))" \
		"what a test announces is no finding"
}

# is_in LINE TEXT: 0 or 1, as a status.
is_in() {
	grep -qxF -- "$1" <<<"$2" && echo 0 || echo 1
}

judge_patterns() {
	local pattern status lines

	lines=$(grep -v 'ipsec_full: \(begin\|end\|expect\)' "$LOG")
	while IFS= read -r pattern; do
		status=0
		grep -qE -- "$pattern" <<<"$lines" || status=1
		tap "$status" "a line was met by: $(tr '#' ' ' <<<"$pattern")"
	done < <(grep -vE '^(#|$)' "$REPO/scripts/log-patterns")
}

compile
status=0
run_vm || status=$?
tap "$status" "the VM's run has failed"
judge_names
judge_patterns
tap_end
