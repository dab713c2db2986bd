#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: snapshot.sh (with the lock of the kernel's tree)
#
# Assembles the tree as the build does, and keeps what the series is about.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

SOURCE=$(kernel_source)
TREE_DIR=$KERNEL_CACHE/src-$(kernel_source_id "$SOURCE")

# copy FROM TO: the files named on the standard input.
copy() {
	mkdir -p "$2"
	(cd "$1" && xargs -r -d '\n' cp --parents -t "$2")
}

[[ -n $(kernel_patches) ]] || die "there are no patches"
"$REPO/scripts/kernel/assemble.sh" "$SOURCE" "$TREE_DIR"
rm -rf "$WORK/pristine" "$WORK/assembled"
kernel_changed_files | copy "$TREE_DIR/pristine" "$WORK/pristine"
LC_ALL=C sort -u "$TREE_DIR/touched" | while read -r file; do
	[[ ! -e $TREE_DIR/linux/$file ]] || echo "$file"
done | copy "$TREE_DIR/linux" "$WORK/assembled"
