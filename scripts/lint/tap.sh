# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Results in the test anything protocol.

TAP_COUNT=0
TAP_FAILED=0

# tap STATUS TEXT
tap() {
	TAP_COUNT=$((TAP_COUNT + 1))
	if (($1 == 0)); then
		echo "ok $TAP_COUNT - $2"
	else
		echo "not ok $TAP_COUNT - $2"
		TAP_FAILED=$((TAP_FAILED + 1))
	fi
}

tap_end() {
	echo "1..$TAP_COUNT"
	exit "$((TAP_FAILED > 0))"
}
