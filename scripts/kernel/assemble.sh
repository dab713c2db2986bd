#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: assemble.sh SOURCE TREE_DIR
#
# Makes TREE_DIR/linux the kernel of SOURCE (a directory or a tarball) with
# patches/ applied and the new files laid in. Run again, it touches only files
# whose content differs, so that make rebuilds only what depends on them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$REPO/scripts/kernel/common.sh"

SOURCE=$1
TREE=$2/linux
PRISTINE=$2/pristine
STAGE=$2/stage
TOUCHED=$2/touched

unpack() {
	local new=$TREE.new

	rm -rf "$new"
	mkdir -p "$new"
	if [[ -d $SOURCE ]]; then
		check_version "$SOURCE"
		rsync -a --exclude=.git --exclude='/build-*' "$SOURCE/" "$new/"
	else
		tar -xf "$SOURCE" -C "$new" --strip-components=1 ||
			unfit "is neither a directory nor a tarball"
		check_version "$new"
	fi
	rm -rf "$PRISTINE" "$TOUCHED"
	mkdir -p "$PRISTINE"
	mv "$new" "$TREE"
}

check_version() {
	local version

	[[ -e $1/Kbuild ]] || unfit "is not a Linux tree"
	version=$(sed -n 's/^\(VERSION\|PATCHLEVEL\) = //p' "$1/Makefile" | paste -sd.)
	[[ $version == 6.12 ]] || unfit "is Linux $version; 6.12.y is needed"
	[[ ! -e $1/.config ]] ||
		unfit "was configured in place; run make mrproper in it"
}

# unfit WHY: nothing of it stays in the cache.
unfit() {
	rm -rf "$TREE.new"
	rmdir "$(dirname "$TREE")"
	die "$SOURCE $1"
}

# Names of the files that patches change or create.
patched_files() {
	local patches=()

	mapfile -t patches < <(kernel_patches)
	((${#patches[@]})) || return 0
	sed -n 's,^\(---\|+++\) [ab]/\([^\t]*\).*,\2,p' "${patches[@]}" |
		LC_ALL=C sort -u
}

# Keeps the original of each file before its first change.
save_pristine() {
	local file

	while read -r file; do
		[[ -e $TREE/$file && ! -e $PRISTINE/$file ]] || continue
		! grep -qxF -- "$file" "$TOUCHED" 2>/dev/null || continue
		mkdir -p "$PRISTINE/$(dirname "$file")"
		cp -p "$TREE/$file" "$PRISTINE/$file"
	done
}

stage_patches() {
	local patch

	kernel_patches | while read -r patch; do
		echo "applying ${patch##*/}"
		patch -d "$STAGE" -p1 --batch --no-backup-if-mismatch \
			--fuzz=0 <"$patch" || die "${patch##*/} does not apply"
	done
}

stage_new_files() {
	local file

	kernel_new_files | while read -r file; do
		[[ ! -e $STAGE/$file && ! -e $PRISTINE/$file ]] ||
			die "$file exists in the kernel: it needs a patch"
		mkdir -p "$STAGE/$(dirname "$file")"
		cp "$REPO/$file" "$STAGE/$file"
	done
}

list_files() {
	(cd "$1" && find . -type f -printf '%P\n')
}

# Files that an earlier assembly brought, or the kernel has, and this one not.
drop_stale() {
	local file

	{
		cat "$TOUCHED" 2>/dev/null || true
		list_files "$PRISTINE"
	} | while read -r file; do
		[[ -e $STAGE/$file ]] || rm -f "$TREE/$file"
	done
}

# Known before the tree changes, or an interrupted run would later take one of
# our files for the kernel's own.
note_touched() {
	{
		cat "$TOUCHED" 2>/dev/null || true
		list_files "$STAGE"
	} | LC_ALL=C sort -u >"$TOUCHED.new"
	mv "$TOUCHED.new" "$TOUCHED"
}

main() {
	[[ -d $TREE ]] || unpack
	kernel_new_files | cat - <(patched_files) | save_pristine
	rm -rf "$STAGE"
	cp -a "$PRISTINE" "$STAGE"
	stage_patches
	stage_new_files
	drop_stale
	note_touched
	rsync -r --links --perms --checksum --itemize-changes "$STAGE/" "$TREE/"
	rm -rf "$STAGE"
}

main
