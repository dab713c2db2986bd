#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: demo.sh
#
# Builds everything, runs the demonstration in the test VM with the peer in a VM
# of its own, and then judges, on the host, what QEMU saw on the wire.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DEMO_OUT=$BUILD/demo
CAPTURE_DIR=$DEMO_OUT/capture
EVIDENCE=$DEMO_OUT/wire

run_demo() {
	env RUN="$SELFTESTS/demo.sh" PEER=vm CAPTURE="$CAPTURE_DIR" \
		OUT="$DEMO_OUT" "$REPO/scripts/vm.sh" run
}

judge_wire() {
	note ""
	note "What was on the wire, captured by QEMU: $CAPTURE_DIR/wire0.pcap"
	"$SELFTESTS/verify_wire.py" "$EVIDENCE" "$CAPTURE_DIR/wire0.pcap"
}

start=$SECONDS
rm -rf "$DEMO_OUT"
run_demo
judge_wire
note ""
note "Done in $((SECONDS - start)) s. Logs and captures: $DEMO_OUT"
