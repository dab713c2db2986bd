#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The benchmark's part about SAs that move, in the test VM: how long it takes to move
# a live one into the NIC and out of it, and how long the slowest datagram is on its
# way, with and without moves.
#
# usage: moves.sh COUNT
#
# Leaves in $OUT: moves (what storm.py says), quiet and moving (what stream.py says of
# the datagrams meanwhile).
TESTS=$VM_REPO/tools/testing/selftests/net/ipsec_full
# shellcheck source=tools/testing/selftests/net/ipsec_full/lib.sh
source "$TESTS/lib.sh"
# shellcheck source=tools/testing/selftests/net/ipsec_full/ipsec.sh
source "$TESTS/ipsec.sh"
# shellcheck source=tools/testing/selftests/net/ipsec_full/moves.sh
source "$TESTS/moves.sh"
MOVES_DIR=$TESTS
COUNT=$1
# Datagrams a second and pair, each way.
RATE=50
QUIET_SECONDS=10
SEED=1

pair 7190 tunnel 4 4 routed 128 1024
pair 7191 tunnel 6 6 routed 256 1024

die() {
	echo "bench: $*"
	exit 1
}

moves() {
	storm_sas "${PAIRS[@]}" |
		"$MOVES_DIR/storm.py" "$SEED" "$COUNT" "$IPSEC_DEV" >"$OUT/moves"
}

# under_traffic NAME COMMAND...: nothing may be lost.
under_traffic() {
	local name=$1

	shift
	stream_up $RATE "${PAIRS[@]}" || die "no traffic"
	"$@" || die "$* failed: $(<"$OUT/moves")"
	stream_down || die "the traffic does not end"
	stream_whole >"$OUT/$name" || die "$name: $(<"$OUT/$name")"
}

pairs_up "${PAIRS[@]}" || die "no SAs"
under_traffic quiet sleep $QUIET_SECONDS
under_traffic moving moves
