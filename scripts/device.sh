#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: device.sh [check]
#
# Builds the NIC model (build/acme) and the VMs' helpers (build/vm); with check,
# runs the model's unit tests, which print TAP.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HELPERS=$REPO/scripts/vm
CFLAGS=(-std=gnu11 -O2 -Wall -Wextra -Werror)

compile_model() {
	mkdir -p "$BUILD/acme"
	make -C "$REPO/tools/acme" O="$BUILD/acme" -j"$JOBS"
}

# Renamed into place: a running make or VM keeps the old one.
compile_helpers() {
	mkdir -p "$BUILD/vm"
	gcc "${CFLAGS[@]}" -o "$BUILD/vm/vmexec.new" "$HELPERS/vmexec.c"
	mv "$BUILD/vm/vmexec.new" "$BUILD/vm/vmexec"
	gcc "${CFLAGS[@]}" -static -o "$BUILD/vm/peer-ns.new" \
		"$HELPERS/peer-ns.c"
	mv "$BUILD/vm/peer-ns.new" "$BUILD/vm/peer-ns"
	gcc "${CFLAGS[@]}" -shared -fPIC -o "$BUILD/vm/exit_status.new" \
		"$HELPERS/exit_status.c"
	mv "$BUILD/vm/exit_status.new" "$BUILD/vm/exit_status.so"
}

helpers_are_current() {
	[[ $BUILD/vm/exit_status.so -nt $HELPERS/exit_status.c &&
		$BUILD/vm/vmexec -nt $HELPERS/vmexec.c &&
		$BUILD/vm/peer-ns -nt $HELPERS/peer-ns.c ]]
}

if [[ ${1:-} == check ]]; then
	exec make -s -C "$REPO/tools/acme" O="$BUILD/acme" check
fi
helpers_are_current || step "VM helpers: compile" compile_helpers
if [[ ${NIC:-acme} == acme ]]; then
	step "Device: compile" compile_model
fi
