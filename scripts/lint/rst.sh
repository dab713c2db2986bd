#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# reStructuredText that docutils can read. Sphinx's own roles and directives
# are taken as they come.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
/usr/bin/python3 -c 'import docutils' 2>/dev/null ||
	die "docutils is missing: install the package python3-docutils"
cd "$REPO"

findings < <(files '*.rst' | xargs -r -d '\n' \
	/usr/bin/python3 "$LINT_DIR/rst.py" 2>&1)
finish
