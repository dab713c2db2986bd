#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse with endianness, and gcc with W=1, on the kernel's own C files that
# patches/ changes: copies in build/lint/stock are compiled for the kernel of this
# checkout. Of what they say, only that of lines that a patch brings counts.
#
# inputs: net include patches scripts/lint scripts/lib.sh scripts/kernel
# programs: gcc sparse patch
# kernels: normal
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$REPO/scripts/kernel/common.sh"
need sparse sparse
need patch patch

DIR=$LINT_BUILD/stock
BEFORE=$LINT_BUILD/stock-before
LOG=$LINT_BUILD/stock.log
# Its headers are made in a build's tree, and the patch brings a line of a table.
EXCEPT=security/selinux/nlmsgtab.c

changed_files() {
	local patches

	mapfile -t patches < <(kernel_patches)
	sed -n 's,^--- a/\([^\t]*\).*,\1,p' "${patches[@]}" | LC_ALL=C sort -u
}

# The files as they come, and what the C files among them include beside them.
lay_out() {
	local tree pristine file

	tree=$(kernel_tree)
	pristine=${tree%/linux}/pristine
	rm -rf "$DIR" "$BEFORE"
	changed_files | while read -r file; do
		mkdir -p "$BEFORE/${file%/*}"
		cp "$pristine/$file" "$BEFORE/$file" 2>/dev/null ||
			cp "$tree/$file" "$BEFORE/$file"
	done
	cp -r "$BEFORE" "$DIR"
	(cd "$BEFORE" && find net -name '*.c' -printf '%h\n') | sort -u |
		while read -r file; do
			cp -n "$tree/$file"/*.h "$DIR/$file/" 2>/dev/null || true
		done
	cp "$REPO"/net/xfrm/*.h "$DIR/net/xfrm/"
}

apply() {
	local patch

	kernel_patches | while read -r patch; do
		patch -d "$DIR" -s -p1 --batch --no-backup-if-mismatch <"$patch" ||
			die "${patch##*/} does not apply"
	done
}

stock_files() {
	(cd "$BEFORE" && find . -name '*.c' -printf '%P\n') |
		grep -vxF "$EXCEPT" | LC_ALL=C sort
}

# As modules, which have no early parameters. One is of an option that our kernel does
# not have.
compile() {
	local objects extmod object

	mapfile -t objects < <(stock_files | sed 's/c$/o/')
	{
		echo "obj-m := ${objects[*]}"
		echo "CFLAGS_net/core/dev.o := '-Dearly_param(name, function)='"
		echo "CFLAGS_net/xfrm/xfrm_compat.o := -DCONFIG_XFRM_USER_COMPAT=1"
	} >"$DIR/Kbuild"
	extmod=$(extmod)
	clean_env CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$BUILD" \
		make -C "$extmod" M="$DIR" CC="ccache gcc" -j"$JOBS" -k \
		W=1 C=2 CF=-D__CHECK_ENDIAN__ \
		"${objects[@]}" >"$LOG" 2>&1 || true
	for object in "${objects[@]}"; do
		[[ -e $DIR/$object ]] ||
			finding "${object%o}c: not compiled, see $LOG"
	done
}

# new_lines FILE: the numbers of those that patches bring.
new_lines() {
	diff --unchanged-line-format= --old-line-format= --new-line-format=$'%dn\n' \
		"$BEFORE/$1" "$DIR/$1" || true
}

# said_of FILE: what was said of its lines.
said_of() {
	sed -nE "s,^.*stock/$1:([0-9]+):.*(warning|error): (.*),\1 \3,p" "$LOG" |
		sort -u
}

judge() {
	local file line what

	stock_files | while read -r file; do
		said_of "$file" | while read -r line what; do
			! grep -qx "$line" <(new_lines "$file") ||
				echo "$file:$line: $what"
		done
	done
}

lay_out
apply
compile
findings < <(judge)
finish
