#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Replay windows in the NIC: edges, far jumps, the wrap at 2^32 with ESN and the
# end at 2^32 without, by packets with any sequence number and a right ICV. What a
# socket gets is compared with a table, and with an independent model over random
# numbers.
#
# timeout: 600
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
# shellcheck disable=SC2034  # for what it sources
INJECT_PORT=4261
source "$(dirname "$0")/inject.sh"

WIDTHS=(32 64 96 1024 4096)
RANDOM_NUMBERS=${RANDOM_NUMBERS:-150}
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
HONEST=1020
U32=$((1 << 32))

PLAYED=()
declare -A NAMES

describe() {
	local n=1000 width esn alg

	for width in "${WIDTHS[@]}"; do
		for esn in '' esn; do
			alg=gcm16
			[[ $width != 96 ]] || alg=sha256
			ALG[$n]=$alg ESN[$n]=$esn
			pair $n tunnel 4 4 routed 128 "$width"
			NAMES[$n]="window $width${esn:+, ESN}"
			PLAYED+=("$n")
			n=$((n + 1))
		done
	done
	pair $HONEST tunnel 4 4 onlink 128 64
}

# What both kinds of numbers have in common, window W; all below 2^31.
common() {
	local w=$1 far=1000000 half=$((1 << 31))

	echo "1 1! 0! 2 3 3! $w $w! 1!" \
		"$((w + 4)) 4! 5 5! $((w + 3)) $((w + 3))!" \
		"$((2 * w + 4)) $((w + 4))! $((w + 2))! $((w + 5))" \
		"$((3 * w + 4)) $((2 * w + 3))! $((2 * w + 5))" \
		"$far $((far - w))! $((far - w + 1)) $((far - w + 1))!" \
		"$half $((half - w))! $((half - w + 1)) $((half - 1)) $half!"
}

# Without ESN there is nothing behind 2^32 - 1.
at_the_end() {
	local w=$1

	echo "$((U32 - 2)) $((U32 - 1)) $((U32 - 1))! $((U32 - 2))!" \
		"$((U32 - 1 - w))! $((U32 - w)) $((U32 - w))! 1! 0! $w!"
}

# With ESN 2^32 follows, and what came before stays in the window.
wrap() {
	local w=$1

	echo "$((U32 - 2)) $((U32 + 1)) $U32 $((U32 - 1)) $U32! $((U32 + 1))!" \
		"$((U32 - 1))! $((U32 - w + 3)) $((U32 + w / 2))" \
		"$((U32 - w / 2))! $((U32 - w / 2 + 1))" \
		"$((U32 + w + 10)) $((U32 + 11)) $((U32 + 11))!" \
		"$((U32 + (1 << 31))) $((2 * U32 - 1)) $((2 * U32))" \
		"$((2 * U32 - 1))! $((2 * U32 + 5)) $((2 * U32 - 2))"
}

table() {
	local n=$1 numbers

	numbers=$(common "${WINDOW[$n]}")
	if [[ -n ${ESN[$n]} ]]; then
		numbers+=" $(wrap "${WINDOW[$n]}")"
	else
		numbers+=" $(at_the_end "${WINDOW[$n]}")"
	fi
	# shellcheck disable=SC2086  # words
	fresh "$n" && takes "$n" $numbers
}

# As many as the window has, backwards, then each once more.
backwards() {
	local n=$1 w=${WINDOW[$1]} numbers=()

	((w <= 96)) || w=96
	mapfile -t numbers < <(seq $((WINDOW[$n] + 100)) -1 \
		$((WINDOW[$n] + 101 - w)))
	fresh "$n" && takes "$n" "${numbers[@]}" "${numbers[@]/%/!}"
}

random_numbers() {
	local n=$1 numbers extended=1

	[[ -n ${ESN[$n]} ]] || extended=0
	numbers=$("$INJECT_DIR/replay_model.py" $((SEED + $1)) "${WINDOW[$n]}" \
		"$RANDOM_NUMBERS" $extended)
	# shellcheck disable=SC2086  # words
	fresh "$n" && takes "$n" $numbers
}

all_checks() {
	local n

	for n in "${PLAYED[@]}"; do
		check "edges, jumps: ${NAMES[$n]}" table "$n"
		check "backwards: ${NAMES[$n]}" backwards "$n"
		check "random numbers: ${NAMES[$n]}" random_numbers "$n"
	done
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

describe
plan_for all_checks
echo "# SEED=$SEED"
set_up inject_up "${PLAYED[@]}"
all_checks
finish
