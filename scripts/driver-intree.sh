#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: driver-intree.sh
#
# Does the driver build as part of a kernel, too? Lays it into a tree of its own
# in the cache, as Documentation/driver.rst says, and builds its folder there: as
# a module, built in, and without full offload. Prints TAP.
#
# inputs: Kconfig drivers net include patches scripts
# programs: gcc
# kernels: normal
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/kernel/common.sh"
source "$REPO/scripts/lint/tap.sh"

ETHERNET=drivers/net/ethernet
DRIVER=$ETHERNET/acme
CONFIG=$BUILD/kernel-$KERNEL_FLAVOUR/config
OUTPUT=$LOG_DIR/driver-intree.log

# The kernel with patches/ and the new files, as the build has it.
assemble() {
	mkdir -p "$TREE_DIR/pristine"
	if [[ ! -d $TREE && -d $KERNEL_CACHE/src-$ID ]]; then
		with_lock kernel link_tree "$ID" "$TREE"
	fi
	"$REPO/scripts/kernel/assemble.sh" "$SOURCE" "$TREE_DIR"
}

# replace FILE: by the standard input, if that differs.
replace() {
	cat >"$1.new"
	if cmp -s "$1" "$1.new"; then
		rm "$1.new"
	else
		mv "$1.new" "$1"
	fi
}

lay_in() {
	local line

	rsync -r --checksum --delete --include='*.[ch]' --include=Makefile \
		--include=Kconfig --exclude='*' "$REPO/$DRIVER/" "$TREE/$DRIVER/"
	line=$(grep ^source "$REPO/Kconfig")
	sed -e '/acme/d' -e "/^endif # ETHERNET/i $line" \
		"$TREE/$ETHERNET/Kconfig" | replace "$TREE/$ETHERNET/Kconfig"
	{
		sed '/acme/d' "$TREE/$ETHERNET/Makefile"
		# shellcheck disable=SC2016  # make's variable
		echo 'obj-$(CONFIG_ACME) += acme/'
	} | replace "$TREE/$ETHERNET/Makefile"
}

# judge WHAT COMMAND...
judge() {
	watch "$1" "$OUTPUT" "${@:2}"
	((STEP_STATUS == 0)) || sed 's/^/# /' "$OUTPUT"
	tap "$STEP_STATUS" "$1"
}

# configure OPTION=VALUE...: the kernel of the tests with these options, which
# kconfig must keep, and find no fault with. That kernel has no Ethernet drivers.
configure() {
	local option

	{
		cat "$CONFIG"
		printf '%s\n' CONFIG_ETHERNET=y "$@"
	} >"$OBJ/.config"
	tree_make olddefconfig 2>&1 | tee "$OBJ/kconfig.log"
	! grep 'unmet\|Kconfig.*warning' "$OBJ/kconfig.log" || return
	for option; do
		grep -x "$option\|# ${option%=n} is not set" "$OBJ/.config"
	done
}

# Compiles all of it, with the help of ccache when it is not for the first time.
compile() {
	rm -rf "${OBJ:?}/$DRIVER"
	tree_make "$DRIVER/" 2>&1 | tee "$OBJ/build.log"
	! grep warning: "$OBJ/build.log"
}

# defines FILE SYMBOL, and lacks FILE SYMBOL
defines() {
	nm "$OBJ/$DRIVER/$1" >"$OBJ/symbols"
	grep " T $2$" "$OBJ/symbols"
}

lacks() {
	nm "$OBJ/$DRIVER/$1" >"$OBJ/symbols"
	! grep " T $2$" "$OBJ/symbols"
}

prepare() {
	assemble
	lay_in
	mkdir -p "$OBJ"
}

main() {
	judge "it is laid into a kernel tree" prepare

	judge "kconfig keeps CONFIG_ACME=m" configure CONFIG_ACME=m
	judge "it compiles as a module" compile
	judge "the module is a driver" defines acme.o init_module
	judge "the module has full offload" defines acme.o acme_ipsec_init

	judge "kconfig keeps CONFIG_ACME=y" configure CONFIG_ACME=y
	judge "it compiles into the kernel" compile
	judge "the kernel has full offload" defines built-in.a acme_ipsec_init

	judge "kconfig keeps it without full offload" \
		configure CONFIG_ACME=m CONFIG_XFRM_FULL=n
	judge "it compiles without full offload" compile
	judge "it then has no IPsec" lacks acme.o acme_ipsec_init
	tap_end
}

SOURCE=$(kernel_source)
ID=$(kernel_source_id "$SOURCE")
TREE_DIR=$KERNEL_CACHE/intree-$ID
TREE=$TREE_DIR/linux
OBJ=$TREE/build-$KERNEL_FLAVOUR
mkdir -p "$LOG_DIR" "$TREE_DIR"
with_lock intree main
