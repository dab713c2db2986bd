#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse with endianness, and gcc with W=1, on the kernel's own C files that
# patches/ changes: copies in build/lint, with and without the patches, are compiled
# for the kernel of this checkout. What only the patched ones are told counts,
# whichever line it is about.
#
# inputs: net include patches scripts/lint scripts/lib.sh scripts/kernel
# programs: gcc sparse patch
# kernels: normal
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$REPO/scripts/kernel/common.sh"
need sparse sparse
need patch patch

PRISTINE=$LINT_BUILD/stock-pristine
PATCHED=$LINT_BUILD/stock-patched
# Its headers are made in a build's tree, and the patch brings a line of a table.
EXCEPT=security/selinux/nlmsgtab.c

# The files as they come, and what the C files among them include beside them.
lay_out() {
	local tree pristine file

	tree=$(kernel_tree)
	pristine=${tree%/linux}/pristine
	rm -rf "$PRISTINE" "$PATCHED"
	kernel_changed_files | while read -r file; do
		mkdir -p "$PRISTINE/${file%/*}"
		cp "$pristine/$file" "$PRISTINE/$file" 2>/dev/null ||
			cp "$tree/$file" "$PRISTINE/$file"
	done
	stock_files | sed 's,/[^/]*$,,' | sort -u | while read -r file; do
		cp -n "$tree/$file"/*.h "$PRISTINE/$file/" 2>/dev/null || true
	done
	cp "$REPO"/net/xfrm/*.h "$PRISTINE/net/xfrm/"
	cp -r "$PRISTINE" "$PATCHED"
}

apply() {
	local patch

	kernel_patches | while read -r patch; do
		patch -d "$PATCHED" -s -p1 --batch --no-backup-if-mismatch <"$patch" ||
			die "${patch##*/} does not apply"
	done
}

stock_files() {
	(cd "$PRISTINE" && find . -name '*.c' -printf '%P\n') |
		grep -vxF "$EXCEPT" | LC_ALL=C sort
}

# compile DIR: as modules, which have no early parameters, with the headers of DIR. One is
# of an option that our kernel does not have.
compile() {
	local objects

	mapfile -t objects < <(stock_files | sed 's/c$/o/')
	{
		echo "obj-m := ${objects[*]}"
		echo "CFLAGS_net/core/dev.o := '-Dearly_param(name, function)='"
		echo "CFLAGS_net/xfrm/xfrm_compat.o := -DCONFIG_XFRM_USER_COMPAT=1"
	} >"$1/Kbuild"
	module_make "$1" NOSTDINC_FLAGS="-nostdinc -I$1/include -I$1/include/uapi" \
		"${objects[@]}" >"$1.log" || true
}

# told DIR: of which file, and what; a line for each time.
told() {
	local place="^.*${1##*/}/([^ :]*\.[ch]):[0-9:]+"

	sed -nE "s,$place *(warning|error): (.*),\1: \3,p" "$1.log" | LC_ALL=C sort
}

# Where it was told the first time.
where() {
	grep -F -m 1 "${1#*: }" "$PATCHED.log" |
		sed -nE "s,^.*${PATCHED##*/}/([^ :]*:[0-9]+):.*,\1,p"
}

judge() {
	local dir file what

	for dir in "$PRISTINE" "$PATCHED"; do
		while read -r file; do
			[[ -e $dir/${file%c}o ]] ||
				echo "$file: not compiled, see $dir.log"
		done < <(stock_files)
	done
	comm -13 <(told "$PRISTINE") <(told "$PATCHED") | while read -r what; do
		echo "$(where "$what"): ${what#*: }"
	done
}

lay_out
apply
compile "$PRISTINE"
compile "$PATCHED"
judge >"$LINT_BUILD/stock.found"
findings <"$LINT_BUILD/stock.found"
finish
