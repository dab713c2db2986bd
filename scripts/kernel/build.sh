#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: build.sh [--print]
#
# Makes sure that the kernel of this checkout is built, and leaves the link
# build/kernel-FLAVOUR to it. With --print, prints that link's target.
#
# A finished build holds bzImage, vmlinux, System.map, config, modules/ (as
# modules_install leaves them), extmod/ (what out-of-tree modules build
# against) and selftests/ (the kernel's helpers for tests).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$REPO/scripts/kernel/common.sh"

KEEP_BUILDS=8
LINK=$BUILD/kernel-$KERNEL_FLAVOUR

tree_make() {
	clean_env KBUILD_BUILD_USER=ipsec-full KBUILD_BUILD_HOST=ipsec-full \
		KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' \
		CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$CACHE" \
		CCACHE_MAXSIZE=4G CCACHE_SLOPPINESS=time_macros \
		nice make -C "$TREE" O="$OBJ" CC="ccache gcc" HOSTCC="ccache gcc" \
		-j"$JOBS" "$@"
}

configure() {
	local fragment=$OBJ/requested.config

	mkdir -p "$OBJ"
	cat "${KERNEL_FRAGMENTS[@]}" >"$fragment.new"
	if ! cmp -s "$fragment" "$fragment.new" || [[ ! -e $OBJ/.config ]]; then
		cp "$fragment.new" "$fragment.tmp"
		tree_make KCONFIG_ALLCONFIG="$fragment.tmp" allnoconfig
		mv "$fragment.new" "$fragment"
	fi
	tree_make olddefconfig
	check_config
}

# Every option asked for must have taken effect; the last word counts.
check_config() {
	local missing

	missing=$(awk '
		/^CONFIG_/ {
			split($0, part, "=")
			value = substr($0, length(part[1]) + 2)
			if (FILENAME == ARGV[1])
				want[part[1]] = value
			else
				have[part[1]] = value
		}
		END {
			for (name in want) {
				is = (name in have) ? have[name] : "n"
				if (is != want[name])
					print "  " name "=" want[name] ", is " is
			}
		}' "$OBJ/requested.config" "$OBJ/.config" | LC_ALL=C sort)
	[[ -z $missing ]] || die "options that did not take effect:"$'\n'"$missing"
}

# Half of the debug kernel's instructions were KASAN's checks of lockdep, at each
# lock several, and of the unwinder, at each allocation. Neither is what we test.
UNCHECKED=(KASAN_SANITIZE_lockdep.o=n KASAN_SANITIZE_unwind_frame.o=n)

compile() {
	tree_make "${UNCHECKED[@]}" bzImage modules
}

# Collects the result next to its final name, then renames.
collect() {
	local new=$OUT.new

	rm -rf "$new"
	mkdir -p "$new/selftests/net"
	cp "$OBJ/arch/x86/boot/bzImage" "$OBJ/vmlinux" "$OBJ/System.map" "$new/"
	cp "$OBJ/.config" "$new/config"
	cp "$OBJ/include/config/kernel.release" "$new/release"
	tree_make INSTALL_MOD_PATH="$new/modules" modules_install
	(cd "$OBJ" && clean_env srctree="$TREE" SRCARCH=x86 CC=gcc HOSTCC=gcc \
		"$TREE/scripts/package/install-extmod-build" "$new/extmod")
	cp "$OBJ/.config" "$new/extmod/.config"
	cp -r "$TREE/tools/testing/selftests/kselftest" "$new/selftests/"
	cp "$TREE/tools/testing/selftests/net/lib.sh" "$new/selftests/net/"
	mv "$new" "$OUT"
}

# Removes all but the newest builds, sparing those that a VM runs.
prune() {
	local dir

	find "$KERNEL_CACHE" -maxdepth 1 -name 'out-*' -printf '%T@ %p\n' |
		sort -rn | tail -n "+$((KEEP_BUILDS + 1))" | cut -d' ' -f2- |
		while read -r dir; do
			flock --nonblock "$dir" rm -rf "$dir" || true
		done
}

build() {
	[[ ! -e $OUT ]] || return 0
	TREE_DIR=$KERNEL_CACHE/src-$SOURCE_ID
	TREE=$TREE_DIR/linux
	OBJ=$TREE/build-$KERNEL_FLAVOUR
	mkdir -p "$TREE_DIR"
	step "Kernel: unpack, patch" \
		"$REPO/scripts/kernel/assemble.sh" "$SOURCE" "$TREE_DIR"
	step "Kernel: configure ($KERNEL_FLAVOUR)" configure
	step "Kernel: compile ($KERNEL_FLAVOUR)" compile
	step "Kernel: collect ($KERNEL_FLAVOUR)" collect
	prune
}

SOURCE=$(kernel_source)
SOURCE_ID=$(kernel_source_id "$SOURCE")
OUT=$KERNEL_CACHE/out-$(kernel_key "$SOURCE_ID")
mkdir -p "$KERNEL_CACHE" "$BUILD"
[[ -e $OUT ]] || with_lock kernel build
touch -c "$OUT"
ln -sfn "$OUT" "$LINK"
[[ ${1:-} != --print ]] || echo "$OUT"
