#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: compile.sh
#
# Compiles and links the kernel after each patch, in a tree of its own. What has
# once been compiled is remembered in the cache.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ID=$(kernel_source_id "$(kernel_source)")
FROM=$KERNEL_CACHE/src-$ID
TREE_DIR=$KERNEL_CACHE/series-$ID
TREE=$TREE_DIR/linux
OBJ=$TREE/build-normal
KNOWN=$TREE_DIR/compiled
CONFIG=$(realpath "$BUILD/kernel-normal")/config
GIT=$WORK/git

# The key of a commit: its files, the rest of the source, the options.
key() {
	{
		plain_git -C "$GIT" rev-parse "$1^{tree}"
		echo "$ID"
		gcc --version
		cat "$CONFIG"
	} | sha256sum | cut -c1-16
}

# The tree at a commit; only what differs is written.
set_tree() {
	local stage=$TREE_DIR/stage

	rm -rf "$stage"
	cp -a "$FROM/pristine" "$stage"
	plain_git -C "$GIT" archive "$1" | tar -x -C "$stage"
	touch "$TREE_DIR/ours"
	while read -r file; do
		[[ -e $stage/$file ]] || rm -f "$TREE/$file"
	done <"$TREE_DIR/ours"
	(cd "$stage" && find . -type f -printf '%P\n') >>"$TREE_DIR/ours"
	rsync -r --links --perms --checksum "$stage/" "$TREE/"
	rm -rf "$stage"
}

# Options that the patches so far don't know yet are dropped.
compile() {
	set_tree "$1"
	mkdir -p "$OBJ"
	cp "$CONFIG" "$OBJ/.config"
	tree_make olddefconfig
	tree_make vmlinux modules
}

# Minutes of work for every CPU, beside which others want to go on.
compile_all() {
	local commit number=0 stamp

	renice -n 10 "$BASHPID" >/dev/null
	mkdir -p "$KNOWN"
	[[ -d $TREE ]] ||
		with_lock kernel step "Series: a tree to compile in" \
			link_tree "$ID" "$TREE"
	for commit in $COMMITS; do
		number=$((number + 1))
		stamp=$KNOWN/$(key "$commit")
		[[ ! -e $stamp ]] || continue
		step "Series: compile after patch $number of $COUNT" compile "$commit"
		touch "$stamp"
	done
}

COMMITS=$(plain_git -C "$GIT" rev-list --reverse base..HEAD)
COUNT=$(wc -l <<<"$COMMITS")
for commit in $COMMITS; do
	if [[ ! -e $KNOWN/$(key "$commit") ]]; then
		with_lock series compile_all
		break
	fi
done
note "series: each of the kernel's $COUNT patches compiles"
