#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: bench.sh
#
# What a packet costs the guest's CPU: instructions per packet for cleartext,
# ESP in software, and offloads crypto, packet and full, all on acme0, to send
# and to receive UDP of 64 and 1400 bytes; and how long moves of live SAs take, and
# the slowest datagram meanwhile. Prints tables, leaves build/bench/*.json.
# Variables: MODES, REPEATS, MOVES.
#
# QEMU's TCG counts by a plugin (tools/bench/insns.c). The guest has one CPU and
# the peer is another VM, so that nothing else is counted.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SOURCE=$REPO/tools/bench
RESULT=$BUILD/bench
WORK=$RESULT/work
ALL_MODES="cleartext software crypto packet full"
MODES=${MODES:-$ALL_MODES}
REPEATS=${REPEATS:-7}
MOVES=${MOVES:-200}
SMALL=500
LARGE=4500
# TCG counts each step of "rep movsb" as an instruction, which would make a copy
# dear. Without these features the kernel copies by ordinary instructions.
KERNEL_ARGS=clearcpuid=erms,fsrm
CFLAGS=(-std=gnu11 -O2 -Wall -Wextra -Werror)

build_all() {
	"$REPO/scripts/deps.sh"
	"$REPO/scripts/kernel/build.sh"
	"$REPO/scripts/device.sh"
	"$REPO/scripts/iproute2.sh"
	"$REPO/scripts/driver.sh"
	step "Benchmark: compile" compile
}

# Renamed into place: a running VM keeps the old one.
compile() {
	mkdir -p "$RESULT"
	gcc "${CFLAGS[@]}" -shared -fPIC -fvisibility=hidden \
		-o "$RESULT/insns.new" "$SOURCE/insns.c"
	mv "$RESULT/insns.new" "$RESULT/insns.so"
	gcc "${CFLAGS[@]}" -o "$RESULT/udp_load.new" "$SOURCE/udp_load.c"
	mv "$RESULT/udp_load.new" "$RESULT/udp_load"
}

check_modes() {
	local mode

	for mode in $MODES; do
		[[ " $ALL_MODES " == *" $mode "* ]] ||
			die "MODES: there is no $mode, only $ALL_MODES"
	done
	[[ $REPEATS =~ ^[1-9][0-9]*$ ]] || die "REPEATS: not a number"
	[[ $MOVES =~ ^[0-9]+$ ]] || die "MOVES: not a number"
}

run_guest() {
	local status=0

	rm -rf "$WORK"
	mkdir -p "$WORK"
	PEER=vm NIC=acme SMP=1 KERNEL=normal ACCEL=tcg OUT=$WORK NO_BUILD=1 \
		NO_WIRE_CHECK=1 CAPTURE='' PROFILE='' FOREIGN='' TIMEOUT=${TIMEOUT:-1500} \
		KERNEL_ARGS=$KERNEL_ARGS TCG_PLUGIN=$RESULT/insns.so,log=$WORK/counts \
		RUN=$SOURCE/guest.sh ARGS="'$MODES' $SMALL $LARGE $REPEATS" \
		"$REPO/scripts/vm.sh" run || status=$?
	((status == 0)) || die "the VM ended with status $status, see $WORK"
}

# Times, not instructions: nothing is counted here, and there are two CPUs.
run_moves() {
	local status=0

	MOVED=
	((MOVES > 0)) || return 0
	MOVED=$RESULT/moves
	rm -rf "$MOVED"
	mkdir -p "$MOVED"
	PEER=ns NIC=acme SMP=2 KERNEL=normal OUT=$MOVED NO_BUILD=1 \
		NO_WIRE_CHECK=1 CAPTURE='' PROFILE='' FOREIGN='' TIMEOUT=${TIMEOUT:-600} \
		RUN=$SOURCE/moves.sh ARGS=$MOVES \
		"$REPO/scripts/vm.sh" run || status=$?
	((status == 0)) || die "the VM ended with status $status, see $MOVED"
}

write_report() {
	local json

	json=$RESULT/$(date -u +%Y%m%dT%H%M%SZ).json
	printf '\nGuest instructions per UDP packet, tunnel mode, AES-GCM-128, IPv4'
	printf '\n(median of %d, half the range)\n\n' "$REPEATS"
	"$SOURCE/report.py" "$WORK" "$MOVED" "$json" \
		"kernel=$(<"$BUILD/kernel-normal/release")" \
		"revision=$(git -C "$REPO" describe --always --dirty 2>/dev/null)" \
		"qemu=$(qemu-system-x86_64 --version | head -n 1)" \
		"packets=$SMALL, $LARGE"
	note ""
	note "All figures: $json"
}

main() {
	local start

	check_modes
	KERNEL=normal build_all
	start=$SECONDS
	note "Measuring: $MODES"
	run_guest
	note "Moving SAs: $MOVES times"
	run_moves
	write_report
	note "Measured in $((SECONDS - start)) s"
}

main "$@"
