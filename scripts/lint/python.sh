#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# pyflakes on every Python script, which includes its syntax; calls whose arguments
# do not fit the function, by pylint; and functions of at most 90 lines.
#
# inputs: . :!*.[ch] :!*.sh :!*.rst :!*.patch
# programs: pyflakes3 pylint python3
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need pyflakes3 pyflakes3
need pylint pylint
cd "$REPO"

CALLS=too-many-function-args,no-value-for-parameter,unexpected-keyword-arg
CALLS+=,redundant-keyword-arg
TEMPLATE='{path}:{line}: {msg} ({symbol})'

python_scripts() {
	files '*.py'
	files ':!*.py' ':!*.patch' | xargs -r -d '\n' awk '
		FNR == 1 && /^#!.*python/ { print FILENAME }
		{ nextfile }'
}

# Scripts find what they import beside them. pylint takes its own arguments for those
# of the script, if it can.
PYLINT='import sys; from pylint.lint import Run
arguments, sys.argv = sys.argv[1:], None
Run(arguments)'

wrong_calls() {
	/usr/bin/python3 -c "$PYLINT" --jobs="$JOBS" --score=n --disable=all \
		--msg-template="$TEMPLATE" --enable="$CALLS" "$@" 2>&1 |
		grep -v '^\*\*\*'
}

mapfile -t scripts < <(python_scripts)
((${#scripts[@]})) || exit 0
findings < <(pyflakes3 "${scripts[@]}" 2>&1)
findings < <(wrong_calls "${scripts[@]}")
findings < <(/usr/bin/python3 "$LINT_DIR/long_functions.py" "${scripts[@]}")
finish
