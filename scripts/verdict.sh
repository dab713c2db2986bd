# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a VM has left behind, as results of the tests that ran in it: lines of TAP. To
# be sourced after lib.sh and proofs.sh.

# list_tests VARIABLE: the tests that the selftests' Makefile lists.
list_tests() {
	sed -e ':join' -e '/\\$/N; s/\\\n//; tjoin' "$SELFTESTS/Makefile" |
		sed -n "s/^$1 *:\?+\?= *//p" | xargs -n 1
}

# log_results OUT: what its kernels' logs complain about.
log_results() {
	local log names name status

	for log in "$1"/console.log "$1"/peer-console.log; do
		[[ -e $log || $log != */peer-* ]] || continue
		status=0
		names=$("$REPO/scripts/check-log.sh" --by-test "$log" 2>&1) ||
			status=$?
		if ((status > 1)); then
			echo "not ok warnings in ${log##*/}: $names"
			continue
		fi
		[[ -z $names ]] || while read -r name; do
			"$REPO/scripts/check-log.sh" "$log" |
				grep -F "    $name" || true
			echo "not ok warnings in ${log##*/}: $name"
		done <<<"$names"
	done
}

# Every test leaves evidence of its traffic, unless its header says why there is none.
leaves_evidence() {
	[[ -z $(header "$SELFTESTS/$1" evidence) ]]
}

# evidence_left OUT TESTS
evidence_left() {
	local name

	for name in $2; do
		leaves_evidence "$name" || continue
		compgen -G "$1/wire/near-${name%.*}-*.final" >/dev/null ||
			echo "not ok $name: no evidence of its traffic was left"
	done
}

# captures OUT CAPTURE
captures() {
	compgen -G "$1/capture/wire*.pcap"
	[[ $2 -ef $1/capture ]] || compgen -G "$2/wire*.pcap"
}

# wire_result OUT TESTS [CAPTURE]: what the wires carried, judged by the evidence that
# tests have left. Those that tests have captured themselves are in OUT/capture.
wire_result() {
	local what="the wire is clean, counters equal it" name captures=()

	if [[ ! -d $1/wire ]]; then
		for name in $2; do
			leaves_evidence "$name" || continue
			echo "not ok $what"
			return
		done
		return
	fi
	mapfile -t captures < <(captures "$1" "${3:-$1/capture}")
	if ((${#captures[@]})) && "$SELFTESTS/verify_wire.py" ${FULL:+--all} \
		"$1/wire" "${captures[@]}" 2>&1 | sed 's/^/# /'; then
		echo "ok $what"
	else
		echo "not ok $what"
	fi
}
