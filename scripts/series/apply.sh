#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: apply.sh
#
# Applies the mails, as somebody who gets them would, and compares the result
# with the tree that the build uses.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

RESULT=$WORK/applied

new_repository "$RESULT" "$WORK/pristine"
plain_git -C "$WORK/git" tag -l 'group-*' | while read -r group; do
	mapfile -t mails < <(mails_in "$SERIES/kernel-$(group_name "${group#group-}")")
	apply_mails "$RESULT" "${mails[@]}"
done
rm -rf "$RESULT/.git"
diff -r "$RESULT" "$WORK/assembled" ||
	die "the series does not make the tree that the build uses"
find "$WORK/assembled" -type f -printf '%P\n' | LC_ALL=C sort
