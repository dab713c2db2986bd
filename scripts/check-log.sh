#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: check-log.sh [--by-test] LOG...
#
# Fails if a kernel log has a line of log-patterns in it that no test announced,
# and prints these lines, each with the name of the test that ran. With
# --by-test it prints only those names, each once.
#
# Tests are told by marks in the log:
#   ipsec_full: begin NAME     ipsec_full: end NAME
#   ipsec_full: expect REGEX   from here to the end of the test
# What virtme-ng writes into the log is not the kernel's.
set -euo pipefail

PATTERNS=$(dirname "${BASH_SOURCE[0]}")/log-patterns
BY_TEST=0

# Input: the patterns, then a log. Output: test, tab, line.
scan() {
	grep -v -e '^#' -e '^$' "$PATTERNS" |
		awk -v log_name="$1" '
		FILENAME == "-" { bad[++patterns] = $0; next }
		{ sub(/\r$/, "") }
		/ipsec_full: begin / { test = $NF; expected = 0; next }
		/ipsec_full: end / { test = ""; expected = 0; next }
		match($0, /ipsec_full: expect /) {
			allow[++expected] = substr($0, RSTART + RLENGTH)
			next
		}
		/\] virtme-ng-init: / { next }
		{
			for (i = 1; i <= expected; i++)
				if ($0 ~ allow[i])
					next
			for (i = 1; i <= patterns; i++)
				if ($0 ~ bad[i]) {
					print (test ? test : "no test") "\t" $0
					next
				}
		}' - "$1"
}

report() {
	local log=$1 found

	found=$(scan "$log") || die "$log can't be judged"
	[[ -n $found ]] || return 0
	if ((BY_TEST)); then
		cut -f1 <<<"$found" | sort -u
	else
		echo "Warnings in $log:"
		head -n 40 <<<"$found" | sed 's/^/    /'
	fi
	return 1
}

# A log that nobody can read has not been found clean.
die() {
	echo "${0##*/}: $*" >&2
	exit 2
}

main() {
	local log status=0

	if [[ ${1:-} == --by-test ]]; then
		BY_TEST=1
		shift
	fi
	(($#)) || die "no log"
	for log; do
		[[ -s $log ]] || die "$log is missing, or empty"
		report "$log" || status=1
	done
	return "$status"
}

main "$@"
