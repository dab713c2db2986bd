#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: iproute2.sh (after scripts/iproute2.sh)
#
# The same for iproute2: the series on 6.1.0, which the tests use, and the one to
# be mailed, if IPROUTE2_UPSTREAM= names the tree that it is made on. "git am"
# applies each patch, and ip compiles after it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PATCHES=$REPO/tools/iproute2/patches
KNOWN=$CACHE/iproute2/compiled

apply() {
	local git=$WORK/iproute2-$1 mails=()

	new_repository "$git" "$2"
	mapfile -t mails < <(mails_in "$PATCHES/$1")
	apply_mails "$git" "${mails[@]}"
}

# What build.sh has made with patch(1), for the tests, is what git makes of the mails.
same_as_build() {
	plain_git -C "$WORK/iproute2-6.1" --work-tree="$BUILD/iproute2/src" \
		diff --stat --exit-code HEAD -- ||
		die "build.sh makes another tree of iproute2's patches than git"
}

compile() {
	local git=$WORK/iproute2-$1 out=$WORK/iproute2-$1-build

	rm -rf "$out"
	mkdir -p "$out/none"
	: >"$out/none/0.patch"
	plain_git -C "$git" archive --prefix=tree/ "$2" | tar -x -C "$out"
	PATCHES=$out/none CC="ccache gcc" JOBS=$JOBS CCACHE_DIR=$CACHE/ccache \
		CCACHE_BASEDIR=$WORK \
		"$REPO/tools/iproute2/build.sh" "$out/tree" "$out/ip"
}

# The key of a commit: its files, the compiler, how it is compiled.
key() {
	{
		plain_git -C "$WORK/iproute2-$1" rev-parse "$2^{tree}"
		gcc --version
		cat "$REPO/tools/iproute2/build.sh"
	} | sha256sum | cut -c1-16
}

compile_all() {
	local git=$WORK/iproute2-$1 commit stamp number=0

	mkdir -p "$KNOWN"
	for commit in $(plain_git -C "$git" rev-list --reverse base..HEAD); do
		number=$((number + 1))
		stamp=$KNOWN/$(key "$1" "$commit")
		[[ ! -e $stamp ]] || continue
		echo "after patch $number"
		compile "$1" "$commit"
		touch "$stamp"
	done
}

series() {
	step "Series: apply iproute2 $1" apply "$1" "$2"
	check_length "$WORK/iproute2-$1" base..HEAD "iproute2's series $1"
	[[ ${COMPILE:-} == no ]] ||
		step "Series: compile iproute2 $1 after each patch" compile_all "$1"
}

# What scripts/iproute2.sh has found, or unpacked.
source_tree() {
	local source=${IPROUTE2_SRC:-$CACHE/iproute2/iproute2-6.1.0}

	[[ -d $source ]] || source=$BUILD/iproute2.src
	[[ -d $source ]] || die "no source of iproute2: run make iproute2"
	echo "$source"
}

series 6.1 "$(source_tree)"
[[ -d $BUILD/iproute2/src ]] || die "no patched iproute2: run make iproute2"
step "Series: iproute2's tree is the build's" same_as_build
if [[ -z ${IPROUTE2_UPSTREAM:-} ]]; then
	note "series: iproute2's upstream series is not checked without IPROUTE2_UPSTREAM="
	exit 0
fi
series upstream "$IPROUTE2_UPSTREAM"
write_mails "$WORK/iproute2-upstream" base..HEAD \
	"$PATCHES/upstream/cover-letter.txt" "$SERIES/iproute2"
