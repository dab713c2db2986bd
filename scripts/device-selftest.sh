#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: device-selftest.sh
#
# Do the host tests of the device notice what they are compiled and run for? Each
# round plants a defect in a copy of its core, and they must fail and name it.
# Prints TAP.
#
# inputs: tools/acme drivers/net/ethernet/acme/acme_hw.h scripts/lib.sh
# programs: gcc make
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/lint/tap.sh"

COPY=$BUILD/device-selftest
OUTPUT=$BUILD/device-selftest.out
FILE=tools/acme/core/replay.c
# One test is enough, and this one runs what FILE has.
TEST=tests/test_replay

copy_sources() {
	rm -rf "$COPY"
	mkdir -p "$COPY"
	(cd "$REPO" && cp -r --parents -t "$COPY" tools/acme \
		drivers/net/ethernet/acme/acme_hw.h)
	sed -i '2i #include <stdlib.h>' "$COPY/$FILE"
	cp "$COPY/$FILE" "$COPY/sound.c"
}

device_make() {
	make -s -C "$COPY/tools/acme" O="$COPY/out" -j"$JOBS" "$@"
}

run_test() {
	device_make "$COPY/out/$TEST" && "$COPY/out/$TEST"
} >"$OUTPUT" 2>&1 </dev/null

# finds WHAT REGEX STATEMENTS: as the first of a function that the test calls.
finds() {
	local status=0

	awk -v what="$3" '{ print }
		/^void acme_replay_load/ { here = 1 }
		here && /^{/ { print what; here = 0 }' \
		"$COPY/sound.c" >"$COPY/$FILE"
	! run_test && grep -Eq -- "$2" "$OUTPUT" || status=1
	((status == 0)) || sed 's/^/# /' "$OUTPUT"
	tap "$status" "$1"
}

copy_sources
run_test && status=0 || status=1
tap "$status" "without a defect they pass"
finds "a leak" "LeakSanitizer: detected memory leaks" \
	'{ void *volatile p = malloc(8); p = p ? NULL : p; }'
finds "a use after free" "heap-use-after-free" \
	'{ char *volatile p = malloc(8); free(p); p[0] = 1; }'
finds "a write past the end" "stack-buffer-overflow|index 4 out of bounds" \
	'{ char a[4]; volatile int i = 4; *(volatile char *)&a[i] = 1; }'
finds "an undefined shift" "shift exponent 40 is too large" \
	'{ volatile int i = 40; if (1 << i) top++; }'
finds "a wrong result" "[1-9] FAILED TEST" 'top++;'
device_make TESTS="$TEST.c" check >"$OUTPUT" 2>&1 </dev/null && status=1 || status=0
tap "$status" "then \"make check\" of the device fails"
rm -rf "$COPY"
tap_end
