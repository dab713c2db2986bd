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

# A copy that shares unchanged files with the build's tree, which replaces files
# and never writes into them.
make_tree() {
	local new=$TREE.new

	rm -rf "$new"
	mkdir -p "$new"
	rsync -a --link-dest="$FROM/linux/" --exclude='/build-*' \
		"$FROM/linux/" "$new/"
	(cd "$new" && xargs -r -d '\n' rm -f <"$FROM/touched")
	rsync -a "$FROM/pristine/" "$new/"
	mv "$new" "$TREE"
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

tree_make() {
	clean_env KBUILD_BUILD_USER=ipsec-full KBUILD_BUILD_HOST=ipsec-full \
		KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' \
		CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$CACHE" \
		CCACHE_MAXSIZE=4G CCACHE_SLOPPINESS=time_macros \
		nice make -C "$TREE" O="$OBJ" CC="ccache gcc" HOSTCC="ccache gcc" \
		-j"$JOBS" "$@"
}

# Options that the patches so far don't know yet are dropped.
compile() {
	set_tree "$1"
	mkdir -p "$OBJ"
	cp "$CONFIG" "$OBJ/.config"
	tree_make olddefconfig
	tree_make vmlinux modules
}

compile_all() {
	local commit number=0 stamp

	mkdir -p "$KNOWN"
	[[ -d $TREE ]] ||
		with_lock kernel step "Series: a tree to compile in" make_tree
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
