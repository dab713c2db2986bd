#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: series.sh
#
# Makes mail-ready series of patches/ and tools/iproute2/patches in build/series,
# one directory for each group with its cover letter, and checks them: they
# apply to a pristine tree, the result is what the build uses, byte for byte,
# each patch compiles, checkpatch is silent, and the last tree boots.
# patches/README says how a patch brings new files.
#
# COMPILE=no leaves out what takes long: compiling and booting.
# IPROUTE2_UPSTREAM= names a tree for iproute2's second series.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/series/common.sh"
# The options that each patch is compiled with, and the kernel that is booted.
export KERNEL=normal

PARTS=$REPO/scripts/series

checkpatch() {
	local mails=()

	mapfile -t mails < <(for dir in "$SERIES"/*/; do mails_in "$dir"; done)
	"$REPO/scripts/lint/checkpatch.sh" "${mails[@]}"
}

# The last tree is the build's, so that is the kernel to boot.
boot() {
	NIC=none RUN=$PARTS/hello.sh "$REPO/scripts/vm.sh" run
}

report() {
	local dir

	for dir in "$SERIES"/*/; do
		note "  ${dir#"$REPO/"}: $(mails_in "$dir" | wc -l) patches"
	done
}

rm -rf "$SERIES"
mkdir -p "$SERIES"
with_lock kernel step "Series: the build's tree" "$PARTS/snapshot.sh"
step "Series: weave the kernel's" "$PARTS/weave.sh"
step "Series: apply the mails to a pristine tree" "$PARTS/apply.sh"
"$REPO/scripts/iproute2.sh"
"$PARTS/iproute2.sh"
step "Series: checkpatch" checkpatch
if [[ ${COMPILE:-} != no ]]; then
	"$REPO/scripts/kernel/build.sh"
	"$PARTS/compile.sh"
	step "Series: boot the last tree" boot
fi
note "series:"
report
