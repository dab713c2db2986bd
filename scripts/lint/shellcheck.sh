#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every shell script must pass shellcheck, and say beside each suppression why it is
# there. Scripts are told by their name or their first line.
#
# inputs: . :!*.[ch] :!*.py :!*.rst :!*.patch
# programs: shellcheck
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need shellcheck shellcheck
cd "$REPO"
mkdir -p "$LINT_BUILD"

shell_scripts() {
	files '*.sh'
	files ':!*.sh' ':!*.patch' | xargs -r -d '\n' awk '
		FNR == 1 && /^#!.*[\/ ](ba|da)?sh( |$)/ { print FILENAME }
		{ nextfile }'
}

shell_scripts | xargs -r -d '\n' awk '
	/^[ \t]*#[ \t]*shellcheck[ \t]([^#]*[ \t])?disable=[^#]*$/ {
		print FILENAME ":" FNR ": suppressed without a reason beside it"
	}' >"$LINT_BUILD/suppressed"
findings <"$LINT_BUILD/suppressed"
shell_scripts | xargs -r -d '\n' -P "$JOBS" -n 4 \
	shellcheck --format=gcc || finding "shellcheck failed"
finish
