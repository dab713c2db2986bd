#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# pyflakes on every Python script, which includes its syntax, and functions of
# at most 90 lines.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need pyflakes3 pyflakes3
cd "$REPO"

python_scripts() {
	files '*.py'
	files ':!*.py' ':!*.patch' | xargs -r -d '\n' awk '
		FNR == 1 && /^#!.*python/ { print FILENAME }
		{ nextfile }'
}

mapfile -t scripts < <(python_scripts)
((${#scripts[@]})) || exit 0
findings < <(pyflakes3 "${scripts[@]}" 2>&1)
findings < <(/usr/bin/python3 "$LINT_DIR/long_functions.py" "${scripts[@]}")
finish
