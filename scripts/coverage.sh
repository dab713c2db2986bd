#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: coverage.sh
#
# Which lines and functions of the device's core the host tests run: a table with
# the total, from a build of its own in build/coverage. The page
# build/coverage/html/index.html shows the lines. Fails if there is a function that no
# test runs.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

OUT=$BUILD/coverage
INFO=$OUT/core.info

run_tests() {
	rm -rf "$OUT"
	mkdir -p "$OUT"
	make -C "$REPO/tools/acme" O="$OUT" -j"$JOBS" \
		CFLAGS="-Og -g --coverage -fprofile-update=atomic" check
}

collect() {
	lcov --quiet --capture --directory "$OUT/san/core" \
		--base-directory "$REPO/tools/acme" --no-external \
		--output-file "$INFO.raw"
	# One record for each file, headers too, with its sums.
	lcov --quiet --add-tracefile "$INFO.raw" --output-file "$INFO"
	genhtml --quiet --prefix "$REPO" --output-directory "$OUT/html" "$INFO"
}

# lcov's own list has no room for names; what is covered least comes first.
table() {
	printf '%-24s %15s %19s\n' file lines functions
	awk -F '[:,]' '
		function percent(hit, all) { return all ? 100 * hit / all : 100 }
		/^SF/ { name = $2; sub(/.*\//, "", name) }
		/^LF/ { lines = $2 }
		/^LH/ { lines_hit = $2 }
		/^FNF/ { functions = $2 }
		/^FNH/ { functions_hit = $2 }
		/^end_of_record/ {
			show(name, lines_hit, lines, functions_hit, functions)
			sum[1] += lines_hit; sum[2] += lines
			sum[3] += functions_hit; sum[4] += functions
		}
		function show(name, lh, l, fh, f) {
			printf "%-24s %5d of %5d %5.1f %% %4d of %4d %5.1f %%\n",
				name, lh, l, percent(lh, l), fh, f, percent(fh, f)
		}
		END { show("total", sum[1], sum[2], sum[3], sum[4]) }' "$INFO" |
		awk '$1 == "total" { last = $0; next } { print | "sort -n -k5" }
			END { close("sort -n -k5"); print last }'
}

never_run() {
	awk -F '[:,]' '/^SF/ { name = $2; sub(/.*\//, "", name) }
		/^FNDA:0,/ { print "  " name ": " $3 "()" }' "$INFO" | sort -u
}

step "Coverage: run the host tests" run_tests
step "Coverage: collect" collect
[[ -s $INFO ]] || die "no line was counted"
table
unused=$(never_run)
[[ -z $unused ]] || die "functions that no test runs:"$'\n'"$unused"
