#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: check-wire.sh OUT CAPTURE [TEST]
#
# Judges what the wires of a VM carried, as "make check" does, by the evidence in
# OUT/wire and the captures in the directory CAPTURE, and prints the verdict. Fails if
# they are not clean, or if TEST, a kselftest, has left no evidence but should have.
# Of what another script has not left nothing is said.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/proofs.sh"
source "$REPO/scripts/verdict.sh"

verdict() {
	[[ -z $3 ]] || evidence_left "$1" "$3"
	wire_result "$1" "$3" "$2"
}

main() {
	local told

	told=$(verdict "$1" "$2" "${3:-}")
	if [[ -n $told ]]; then
		echo "$told"
	elif [[ -n ${3:-} ]]; then
		echo "# $3 has no evidence by which the wire could be judged"
	fi
	! grep -q '^not ok' <<<"$told"
}

main "$@"
