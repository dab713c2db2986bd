#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse with endianness, and gcc with W=1, on our kernel code: copies in
# build/lint are compiled as modules for the kernel of this checkout.
#
# inputs: net include drivers scripts/lint scripts/lib.sh
# programs: gcc sparse
# kernels: normal
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need sparse sparse

EXTMOD=$(extmod)

# copy_sources NAME FILE...: only what changed is compiled again.
copy_sources() {
	local dir=$LINT_BUILD/$1 kernel

	kernel=$(cat "$dir/.kernel" 2>/dev/null || true)
	[[ $kernel == "$EXTMOD" ]] || rm -rf "$dir"
	mkdir -p "$dir"
	echo "$EXTMOD" >"$dir/.kernel"
	rsync -t "${@:2}" "$dir/"
}

# Objects only: together they are part of the kernel, not a module.
check_xfrm() {
	local objects=() file

	for file in "$REPO"/net/xfrm/*.c; do
		objects+=("$(basename "${file%.c}").o")
	done
	copy_sources xfrm "$REPO"/net/xfrm/*.[ch]
	printf 'obj-m := %s\n' "${objects[*]}" >"$LINT_BUILD/xfrm/Kbuild"
	module_make "$LINT_BUILD/xfrm" "${objects[@]}"
}

check_driver() {
	copy_sources driver "$REPO"/drivers/net/ethernet/acme/*.[ch] \
		"$REPO/drivers/net/ethernet/acme/Makefile"
	module_make "$LINT_BUILD/driver" modules
}

# Warnings come on lines of their own; the rest tells what was done.
judge() {
	local log=$LINT_BUILD/$1.log

	"${@:2}" >"$log" || finding "$1: compilation failed"
	grep -vE '^(make|  [A-Z]+ )' "$log" || true
	findings < <(sed -nE 's/.*(warning|error): .*/&/p' "$log" |
		awk 'END { if (NR) print NR " warnings or errors above" }')
	# An object that is there is not compiled, and not complained of, again.
	((FINDINGS == 0)) || rm -rf "${LINT_BUILD:?}/$1"
}

mkdir -p "$LINT_BUILD"
judge xfrm check_xfrm
judge driver check_driver
finish
