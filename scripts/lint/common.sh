# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # for who sources it
#
# What the checks share. A check prints a finding a line and fails if there
# was any.
#
# Usage: source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

LINT_DIR=$REPO/scripts/lint
LINT_BUILD=$BUILD/lint
FINDINGS=0

# files PATTERN...: the checkout's files, relative to it, that match a git
# pathspec. Files that are not committed yet count, ignored ones don't.
files() {
	git -C "$REPO" ls-files -z -co --exclude-standard --deduplicate -- "$@" |
		while IFS= read -rd '' file; do
			[[ ! -f $REPO/$file || -L $REPO/$file ]] || echo "$file"
		done
}

# Callers read files() by process substitution, which keeps its status to itself: a
# check that is told of none would be content.
[[ $(files Makefile) == Makefile ]] ||
	die "$REPO is no git checkout, or git does not trust it"

finding() {
	printf '%s\n' "$*"
	FINDINGS=$((FINDINGS + 1))
}

# findings: counts each line of the standard input as one.
findings() {
	local line

	while IFS= read -r line; do
		finding "$line"
	done
}

# The last command of a check: its status.
finish() {
	((FINDINGS == 0))
}

need() {
	command -v "$1" >/dev/null || die "$1 is missing: install the package $2"
}

# The built kernel, against which modules are built; nothing is written there.
extmod() {
	[[ -e $BUILD/kernel-${KERNEL:-normal}/extmod ]] || die "no kernel: run make kernel"
	realpath "$BUILD/kernel-${KERNEL:-normal}/extmod"
}

# module_make DIR ARGUMENT...: with gcc's W=1 and sparse, and all of what it has to say:
# by itself it stops at a hundred.
module_make() {
	local sparse="-D__CHECK_ENDIAN__ -fmax-warnings=unlimited -fmax-errors=unlimited"

	clean_env CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$BUILD" \
		make -C "$(extmod)" M="$1" CC="ccache gcc" -j"$JOBS" -k \
		W=1 C=2 CF="$sparse" "${@:2}" 2>&1
}

# A kernel source tree, for its scripts and what they look up.
kernel_tree() {
	source "$REPO/scripts/kernel/common.sh"
	local tree

	tree=$KERNEL_CACHE/src-$(kernel_source_id "$(kernel_source)")/linux
	[[ -d $tree ]] || die "no kernel source in the cache: run make kernel"
	echo "$tree"
}

# C that runs in a kernel, and C that runs on the host or in a VM's user space.
KERNEL_C=('net/*.[ch]' 'include/*.h' 'drivers/*.[ch]')
USER_C=('tools/*.[ch]' 'scripts/*.[ch]')
