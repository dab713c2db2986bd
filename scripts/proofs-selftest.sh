#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: proofs-selftest.sh
#
# Is a verdict told again when, and only when, all that it depends on is the same? With
# a test and its inputs in a repository of their own. Prints TAP.
# shellcheck disable=SC2317  # again() calls them
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/lint/tap.sh"
source "$REPO/scripts/proofs.sh"

LISTS=("$REPO"/scripts/{,lint/}packages.list)
unset FULL TEST LINT "${PROOF_VARIABLES[@]}"
REPO=$BUILD/proofs-selftest BUILD=$REPO/build PROOFS=$REPO/proofs
RUNS=$REPO.runs PATH=$REPO/bin:$PATH
FILE=$REPO/test.sh

renew() {
	rm -rf "$REPO" "$RUNS"
	mkdir -p "$REPO/in" "$REPO/scripts/lint" "$BUILD/kernel-normal" "$REPO/bin"
	printf '/build\n/bin\n' >"$REPO/.gitignore"
	echo one >"$REPO/in/one"
	echo other >"$REPO/in/other"
	printf '#!/bin/sh\n' >"$REPO/bin/planted"
	chmod +x "$REPO/bin/planted"
	cp "${LISTS[0]}" "$REPO/scripts/"
	cp "${LISTS[1]}" "$REPO/scripts/lint/"
	cat >"$FILE" <<-END
		#!/bin/bash
		# inputs: in
		# programs: planted
		# kernels: normal
		echo run >>$RUNS
		echo "ok 1 - \$(cat $REPO/in/one)"
		[[ ! -e $REPO/fail ]]
	END
	chmod +x "$FILE"
	git -C "$REPO" init -q
	git -C "$REPO" add -A
}

# runs NUMBER: the test is asked for, and has then been run so often.
runs() {
	local output status=0

	output=$(run_proof test "$FILE" 2>&1) || status=$?
	if [[ $(wc -l <"$RUNS") != "$1" || $output != *"ok 1 - "* ]]; then
		printf '# %s\n' "$(wc -l <"$RUNS") runs, not $1:" \
			"${output//$'\n'/$'\n# '}"
		return 1
	fi
	return "$status"
}

# again WHAT COMMAND...: after it, the test is run again.
again() {
	renew
	runs 1 && runs 1 && "${@:2}" && runs 2
	tap $? "run again: $1"
}

content() {
	echo two >"$REPO/in/one"
}

added() {
	echo two >"$REPO/in/two"
}

shared() {
	mkdir -p "$REPO/scripts"
	echo >"$REPO/scripts/lib.sh"
}

kernel() {
	mkdir "$BUILD/other"
	rmdir "$BUILD/kernel-normal"
	ln -s other "$BUILD/kernel-normal"
}

# Of those in the lists, the versions that are installed count.
packages() {
	echo base-files >"$REPO/scripts/packages.list"
}

the_same() {
	renew
	runs 1 && runs 1 && echo >"$REPO/elsewhere" && touch "$REPO/in/one" && runs 1
	tap $? "told again: all is the same"
}

a_failure() {
	renew
	touch "$REPO/fail"
	! runs 1 && ! runs 2 && rm "$REPO/fail" && runs 3 && runs 3
	tap $? "run again: it failed"
}

# Nobody knows what it looked at, also when all is as it was.
meanwhile() {
	renew
	echo "echo two >$REPO/in/one" >>"$FILE"
	runs 1 && echo one >"$REPO/in/one" && runs 2
	tap $? "run again: an input was changed meanwhile"
}

# Only to be run: nothing says what it depends on.
no_inputs() {
	renew
	sed -i '/inputs/d' "$FILE"
	runs 1 && runs 2
	tap $? "run again: nothing says what it depends on"
}

asked_for() {
	renew
	runs 1 && FULL=1 runs 2 && TEST=one runs 3 && LINT=one runs 4 && runs 4
	tap $? "run again: it was asked for"
}

variables() {
	local name

	for name in "${PROOF_VARIABLES[@]}"; do
		renew
		runs 1
		export "$name=planted"
		runs 2 && runs 2
		tap $? "run again: another $name"
		unset "$name"
	done
}

set +e
the_same
again "another content" content
again "another mode" chmod u+x "$REPO/in/one"
again "another input" added
again "an input is gone" rm "$REPO/in/other"
again "another test" sed -i "\$a # more" "$FILE"
again "what all share" shared
again "another program" sed -i '1a # more' "$REPO/bin/planted"
again "another build of the kernel" kernel
again "another package" packages
a_failure
meanwhile
no_inputs
asked_for
variables
rm -rf "$REPO" "$RUNS"
tap_end
