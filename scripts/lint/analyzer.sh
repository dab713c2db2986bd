#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# gcc's static analyzer on the device: its core and its transport, compiled as
# its Makefile does.
#
# inputs: tools/acme drivers/net/ethernet/acme/acme_hw.h scripts/lint scripts/lib.sh
# programs: gcc
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

OUT=$LINT_BUILD/analyzer

rm -rf "$OUT"
mkdir -p "$OUT"
clean_env CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$REPO" \
	make -C "$REPO/tools/acme" O="$OUT" -j"$JOBS" -k \
	CC="ccache gcc" CFLAGS="-O2 -fanalyzer" || finding "the analyzer found something"
finish
