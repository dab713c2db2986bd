#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: vm.sh run|shell
#
# Builds what the VM needs, then runs RUN= with ARGS=, or a shell, in it. All
# variables come by the environment: see "make help". CALLER is the directory
# to which RUN, OUT and CAPTURE are relative.
#
# A kselftest is judged as "make check" does it, by its wires, too, and so is any
# script that leaves evidence and has CAPTURE. NO_LOG_CHECK=1 and NO_WIRE_CHECK=1 are
# for those who judge by themselves.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/proofs.sh"
source "$REPO/scripts/verdict.sh"

KEEP_OUTPUTS=20
NIC=${NIC:-acme}
export NIC

build_all() {
	"$REPO/scripts/deps.sh"
	"$REPO/scripts/kernel/build.sh"
	"$REPO/scripts/device.sh"
	"$REPO/scripts/iproute2.sh"
	[[ $NIC != acme ]] || "$REPO/scripts/driver.sh"
}

# A directory of its own for each run; old ones go, but for those of "make check",
# which may be running.
default_out() {
	local name

	name=$(basename "${1:-shell}")
	mkdir -p "$BUILD/out"
	find "$BUILD/out" -mindepth 1 -maxdepth 1 ! -name 'check-*' -printf '%T@ %p\n' | sort -rn |
		tail -n "+$KEEP_OUTPUTS" | cut -d' ' -f2- | xargs -r -d '\n' rm -rf
	mktemp -d "$BUILD/out/${name%.*}.$(date +%H%M%S).XXXX"
}

# is_kselftest SCRIPT
is_kselftest() {
	[[ $(realpath "$(dirname "$1")") == $(realpath "$SELFTESTS") ]] &&
		list_tests TEST_PROGS | grep -xF -- "${1##*/}" >/dev/null
}

# What a run before this one has left, in the same directory, is not about this one.
wire_options() {
	[[ -z ${NO_WIRE_CHECK:-} ]] || return 0
	OPTIONS+=(--wire-check)
	[[ ! -e $OUT_DIR/wire/protect ]] || rm -r "$OUT_DIR/wire"
	rm -f "$OUT_DIR"/capture/wire*.pcap
	if is_kselftest "$1"; then
		OPTIONS+=(--test "${1##*/}")
		CAPTURE=${CAPTURE:-$OUT_DIR/capture}
	fi
	[[ -z ${CAPTURE:-} ]] || rm -f "$(from_caller "$CAPTURE")"/wire*.pcap
}

vm_options() {
	local arg

	OPTIONS=(--vng "$BUILD/venv/bin/vng" --cache "$CACHE" --nic "$NIC"
		--kernel "${KERNEL:-normal}" --peer "${PEER:-ns}"
		--accel "${ACCEL:-}" --timeout "${TIMEOUT:-0}")
	[[ -z ${MEM:-} ]] || OPTIONS+=(--mem "$MEM")
	[[ -z ${SMP:-} ]] || OPTIONS+=(--smp "$SMP")
	[[ -z ${NICS:-} ]] || OPTIONS+=(--nics "$NICS")
	[[ -z ${FOREIGN:-} ]] || OPTIONS+=(--foreign)
	[[ -z ${PROFILE:-} ]] || OPTIONS+=(--profile "$PROFILE")
	[[ -z ${TCG_PLUGIN:-} ]] || OPTIONS+=(--tcg-plugin "$TCG_PLUGIN")
	for arg in ${KERNEL_ARGS:-}; do
		OPTIONS+=(--append "$arg")
	done
	[[ ${FULL:-0} == 0 ]] || OPTIONS+=(--env "FULL=$FULL")
	[[ -z ${CUT:-} ]] || OPTIONS+=(--env "CUT=$CUT")
	[[ -z ${RATE:-} ]] || OPTIONS+=(--env "RATE=$RATE")
	[[ -z ${SEED:-} ]] || OPTIONS+=(--env "SEED=$SEED")
	[[ -z ${STORM:-} ]] || OPTIONS+=(--env "STORM=$STORM")
	[[ -z ${NO_LOG_CHECK:-} ]] || OPTIONS+=(--no-log-check)
	[[ -z ${V:-} ]] || OPTIONS+=(--verbose)
}

# The VM must not lose its kernel to the pruning of the cache.
run_vm() {
	local kernel

	exec {kernel}<"$(realpath "$BUILD/kernel-${KERNEL:-normal}")"
	flock --shared "$kernel"
	trap - INT TERM HUP
	exec "$REPO/scripts/vm/vm.py" "${OPTIONS[@]}" --out "$OUT_DIR" \
		--status-file "$BUILD/vm/status-$PPID"
}

main() {
	local script=

	if [[ $1 == run ]]; then
		[[ -n ${RUN:-} ]] || die "say what to run: make vm RUN=script"
		script=$(from_caller "$RUN")
		[[ -f $script ]] || die "there is no script $script"
	fi
	[[ -n ${NO_BUILD:-} ]] || build_all
	OUT_DIR=$(from_caller "${OUT:-$(default_out "$script")}")
	mkdir -p "$OUT_DIR"
	vm_options
	if [[ -n $script ]]; then
		OPTIONS+=(--run "$script" --args "${ARGS:-}")
		wire_options "$script"
	fi
	[[ -z ${CAPTURE:-} ]] || OPTIONS+=(--capture "$(from_caller "$CAPTURE")")
	note "VM: output in $OUT_DIR" >&2
	run_vm
}

main "$@"
