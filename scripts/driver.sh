#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: driver.sh
#
# Builds acme.ko for the kernel of this checkout from a copy of the driver's
# folder, and puts it with the kernel's own modules where the VM looks for them:
# build/modules-FLAVOUR.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/kernel/common.sh"

KERNEL_OUT=$(realpath "$BUILD/kernel-$KERNEL_FLAVOUR")
SOURCE=$REPO/drivers/net/ethernet/acme
COPY=$BUILD/driver-$KERNEL_FLAVOUR
MODULES=$BUILD/modules-$KERNEL_FLAVOUR

# Only what changed is copied, so that only that is compiled; a new kernel
# compiles everything.
copy_source() {
	if [[ $(cat "$COPY/.kernel" 2>/dev/null) != "$KERNEL_OUT" ]]; then
		rm -rf "$COPY"
		mkdir -p "$COPY"
	fi
	rsync -rt --checksum --delete --include='*.[ch]' --include=Makefile \
		--include=Kconfig --exclude='*' "$SOURCE/" "$COPY/"
	echo "$KERNEL_OUT" >"$COPY/.kernel"
}

compile() {
	copy_source
	clean_env CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$BUILD" \
		make -C "$KERNEL_OUT/extmod" M="$COPY" CC="ccache gcc" \
		-j"$JOBS" modules
	install_modules
}

install_modules() {
	local new=$MODULES.new release

	release=$(<"$KERNEL_OUT/release")
	rm -rf "$new"
	cp -r "$KERNEL_OUT/modules" "$new"
	mkdir -p "$new/lib/modules/$release/updates"
	cp "$COPY"/*.ko "$new/lib/modules/$release/updates/"
	/sbin/depmod -b "$new" "$release"
	rm -rf "$MODULES"
	mv "$new" "$MODULES"
}

[[ -e $SOURCE/Makefile ]] || die "there is no driver in $SOURCE"
step "Driver: compile ($KERNEL_FLAVOUR)" compile
