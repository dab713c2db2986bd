#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: iproute2.sh
#
# Builds the patched ip: build/iproute2/ip, from Debian's iproute2 6.1.0 or
# IPROUTE2_SRC= (a directory or a tarball).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/apt.sh"

VERSION=6.1.0
DEBIAN_VERSION=6.1.0-3
SHA256=5ce12a0fec6b212725ef218735941b2dab76244db7e72646a76021b0537b43ab
OUT=$BUILD/iproute2
KEPT=$CACHE/iproute2/iproute2-$VERSION
ORIG=iproute2_$VERSION.orig.tar.xz

download() {
	local new=$KEPT.new

	rm -rf "$new"
	mkdir -p "$new"
	apt_update
	(cd "$new" && apt-get "${APT_OPTIONS[@]}" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		source --download-only "iproute2=$DEBIAN_VERSION")
	echo "$SHA256  $new/$ORIG" | sha256sum -c
	tar -xf "$new/$ORIG" -C "$new" --strip-components=1
	rm -f "$new"/iproute2_*
	mv "$new" "$KEPT"
}

fetch() {
	command -v apt-get >/dev/null ||
		die "no apt-get: set IPROUTE2_SRC= to an iproute2 $VERSION tree or tarball"
	[[ -d $KEPT ]] || step "iproute2: fetch $VERSION" download
}

unpack() {
	rm -rf "$OUT.src"
	mkdir -p "$OUT.src"
	tar -xf "$1" -C "$OUT.src" --strip-components=1
}

find_source() {
	SOURCE=$KEPT
	if [[ -z ${IPROUTE2_SRC:-} ]]; then
		[[ -d $KEPT ]] || with_lock apt fetch
	elif [[ -d $IPROUTE2_SRC ]]; then
		SOURCE=$(realpath "$IPROUTE2_SRC")
	elif [[ ! -e $IPROUTE2_SRC ]]; then
		die "there is no $IPROUTE2_SRC: IPROUTE2_SRC= is a $VERSION tree or tarball"
	else
		step "iproute2: unpack" unpack "$IPROUTE2_SRC"
		SOURCE=$OUT.src
	fi
}

# Of a tree that somebody works on, when each file was changed.
inputs() {
	{
		echo "$SOURCE"
		find "$SOURCE" -type f -printf '%P %s %T@\n' | sort
		gcc --version
		find "$REPO/tools/iproute2/patches/6.1" -name '*.patch' | sort |
			xargs -r cat
		cat "$REPO/tools/iproute2/build.sh"
	} | sha256sum
}

compile() {
	rm -rf "$OUT"
	JOBS=$JOBS "$REPO/tools/iproute2/build.sh" "$SOURCE" "$OUT"
	inputs >"$OUT/.inputs"
}

if ! compgen -G "$REPO/tools/iproute2/patches/6.1/*.patch" >/dev/null; then
	note "iproute2: no patches, using the system's ip"
	exit 0
fi
find_source
if [[ $(inputs) != "$(cat "$OUT/.inputs" 2>/dev/null)" ]]; then
	step "iproute2: compile" compile
fi
