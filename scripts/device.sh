#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: device.sh [check]
#
# Builds the NIC model (build/acme) and the VMs' helper (build/vm); with check,
# runs the model's unit tests, which print TAP.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

compile_model() {
	mkdir -p "$BUILD/acme"
	make -C "$REPO/tools/acme" O="$BUILD/acme" -j"$JOBS"
}

compile_helper() {
	mkdir -p "$BUILD/vm"
	gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o "$BUILD/vm/vmexec.new" \
		"$REPO/scripts/vm/vmexec.c"
	mv "$BUILD/vm/vmexec.new" "$BUILD/vm/vmexec"
}

if [[ ${1:-} == check ]]; then
	exec make -s -C "$REPO/tools/acme" O="$BUILD/acme" check
fi
if [[ ! $BUILD/vm/vmexec -nt $REPO/scripts/vm/vmexec.c ]]; then
	step "VM helper: compile" compile_helper
fi
if [[ ${NIC:-acme} == acme ]]; then
	step "Device: compile" compile_model
fi
