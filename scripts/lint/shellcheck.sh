#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every shell script must pass shellcheck. Scripts are told by its name or its first line.
#
# inputs: . :!*.[ch] :!*.py :!*.rst :!*.patch
# programs: shellcheck
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need shellcheck shellcheck
cd "$REPO"

shell_scripts() {
	files '*.sh'
	files ':!*.sh' ':!*.patch' | xargs -r -d '\n' awk '
		FNR == 1 && /^#!.*[\/ ](ba|da)?sh( |$)/ { print FILENAME }
		{ nextfile }'
}

shell_scripts | xargs -r -d '\n' -P "$JOBS" -n 4 \
	shellcheck --format=gcc || finding "shellcheck failed"
finish
