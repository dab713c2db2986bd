#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What every file owes: an SPDX line, functions of at most 90 lines (Python's
# are python.sh's), nothing left for later, no path of somebody's machine. And
# what make owes its user: each variable is in "make help".
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$REPO"

# Written so that this file does not match.
LATER='\b(TOD[O]|FIXM[E]|XX[X])\b|^[[:space:]]*#[[:space:]]*if[[:space:]]+[0]\b'
MACHINE='(^|[^[:alnum:]_.])/(wor[k]|hom[e])/'
# Mails and their covers have a form of their own; licences speak for
# themselves; JSON has no comments.
NO_SPDX=(':!*.patch' ':!*/cover-*.txt' ':!patches/cover-*.txt' ':!LICENSES/*'
	':!*.json')

without_spdx() {
	files "${NO_SPDX[@]}" | while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-Licens[e]-Identifier: ' ||
			echo "$file: no SPDX line at the top"
	done
}

# A function begins at a brace in the first column, or NAME() { in shell.
long_functions() {
	files '*.c' '*.h' '*.sh' | xargs -r -d '\n' awk '
		FNR == 1 { start = 0 }
		/^\{/ || /^[a-z_0-9]+\(\) \{/ { start = FNR }
		/^\}/ && start {
			if (FNR - start > 90)
				printf "%s:%d: function of %d lines\n",
					FILENAME, start, FNR - start
			start = 0
		}'
}

# matches REGEX WHY: reads names of files.
matches() {
	{ xargs -r -d '\n' grep -HnIE -- "$1" || true; } | sed "s/\$/   <- $2/"
}

# Of a patch, only what it adds is ours.
left_over() {
	files ':!LICENSES/*' ':!*.patch' | matches "$LATER" 'left for later'
	files '*.patch' | matches "^\\+.*($LATER)" 'left for later'
}

of_a_machine() {
	files ':!LICENSES/*' | matches "$MACHINE" 'a path of one machine'
}

# Every variable that the Makefile hands to the scripts.
unexplained() {
	local name help

	help=$(scripts/help.sh Makefile)
	sed -n '/^export CALLER/d; s/^export //p' Makefile | xargs -n 1 |
		while read -r name; do
			grep -qE "(^|[^A-Z_])$name=" <<<"$help" ||
				echo "scripts/help.sh: does not explain $name="
		done
}

findings < <(without_spdx)
findings < <(unexplained)
findings < <(long_functions)
findings < <(left_over)
findings < <(of_a_machine)
finish
