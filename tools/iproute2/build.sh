#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Build "ip" with full offload from an iproute2 source tree.
#
# usage: build.sh SRC OUT
#
# SRC is an unpacked iproute2 6.1.0 and stays as it is: its copy in OUT/src
# gets the patches. The result is OUT/ip. It needs libmnl, which carries the
# kernel's error messages, and leaves out what the tests don't use: libbpf,
# libelf, libcap, libbsd, libtirpc, libselinux, and every tool but ip.
#
# PATCHES=DIR applies another series, CC= and JOBS= choose compiler and make -j.

set -eu

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

write_config() {
	cat > "$1" <<- END
		PKG_CONFIG := pkg-config
		AR := ar
		CC := ${CC:-gcc}
		LIBDIR := /usr/lib
		TC_CONFIG_NO_XT := y
		IP_CONFIG_SETNS := y
		HAVE_MNL := y
		CFLAGS += -DHAVE_SETNS -DHAVE_HANDLE_AT -DHAVE_LIBMNL -DNEED_STRLCPY
		LDLIBS += -lmnl
		%.o: %.c ; \$(CC) \$(CFLAGS) -c -o \$@ \$<
	END
}

apply_patches() {
	for p in "$patches"/[0-9]*.patch; do
		[ -e "$p" ] || die "no patches in $patches"
		patch -d "$tree" -p1 -s -f --no-backup-if-mismatch < "$p" ||
			die "${p##*/} does not apply; is $src iproute2 6.1.0?"
	done
}

[ $# -eq 2 ] || die "usage: ${0##*/} SRC OUT"
[ -f "$1/ip/ipxfrm.c" ] || die "$1 is no iproute2 source tree"

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
src=$(CDPATH='' cd "$1" && pwd)
mkdir -p "$2"
out=$(CDPATH='' cd "$2" && pwd)
patches=${PATCHES:-$here/patches/6.1}
tree=$out/src

case $out/ in
"$src"/*) die "OUT must be outside of SRC" ;;
esac

rm -rf "$tree"
mkdir "$tree"
cp -R "$src/." "$tree"
apply_patches
write_config "$tree/config.mk"
make -C "$tree" -j"${JOBS:-$(nproc)}" SUBDIRS="lib ip"
install -m 0755 "$tree/ip/ip" "$out/ip"
