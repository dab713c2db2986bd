#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's kernel-doc on our C: every comment that begins with /** must be
# complete.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

TREE=$(kernel_tree)
cd "$REPO"
findings < <(files "${KERNEL_C[@]}" "${USER_C[@]}" | xargs -r -d '\n' \
	perl "$TREE/scripts/kernel-doc" -Wall -none 2>&1)
finish
