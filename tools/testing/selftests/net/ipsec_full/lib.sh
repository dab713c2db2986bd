# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Helpers of the ipsec_full tests. Results are KTAP, by the kernel's own
# helpers; loopy_wait, busywait_for_counter and setup_ns are those of
# selftests/net/lib.sh.
#
#   source lib.sh
#   plan 2
#   check "the peer answers" ping -c 1 10.0.0.2
#   check "no SA is left" test -z "$(ip xfrm state)"
#   finish

: "${KSELFTEST:=$(readlink -e "$(dirname "${BASH_SOURCE[0]}")/../..")}"
: "${OUT:=$(mktemp -d)}"

# shellcheck disable=SC1091  # comes with the kernel
source "$KSELFTEST/kselftest/ktap_helpers.sh"
# shellcheck disable=SC1091  # comes with the kernel
source "$KSELFTEST/net/lib.sh"

# The same without a program for each look at the clock: many tests wait often.
timestamp_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# Waits are those of a quiet machine: other VMs may run beside this one, and the
# debug kernel is slower by as much as the tests' time limits are longer.
export PATIENCE_FACTOR=$((2 * ${SLOW:-1}))

busywait() {
	loopy_wait : $(($1 * PATIENCE_FACTOR)) "${@:2}"
}

slowwait() {
	loopy_wait "sleep 0.1" $(($1 * 1000 * PATIENCE_FACTOR)) "${@:2}"
}

# pace MS: seconds between packets of traffic without end, so that a slow kernel has
# time for the rest: in its network stack it is slowest.
pace() {
	local ms=$(($1 * (2 * ${SLOW:-1} - 1)))

	printf '%d.%03d\n' $((ms / 1000)) $((ms % 1000))
}

# Commands that undo what the test did, the last one first.
CLEANUP=()

run_cleanup() {
	local i

	for ((i = ${#CLEANUP[@]} - 1; i >= 0; i--)); do
		eval "${CLEANUP[i]}"
	done
	CLEANUP=()
}

# at_end COMMAND...: runs it when the test ends, however it ends.
at_end() {
	CLEANUP+=("$(printf '%q ' "$@")")
}

# chosen COUNT SEED: so many of the lines, the same ones for the same SEED.
chosen() {
	awk -v seed="$2" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' |
		sort | cut -f 2 | head -n "$1"
}

# What the current check prints.
CHECK_OUTPUT=$(mktemp)
trap 'run_cleanup; rm -f "$CHECK_OUTPUT"' EXIT

# carrier_is 0|1 [DEV]
carrier_is() {
	[[ $(<"/sys/class/net/${2:-acme0}/carrier") == "$1" ]]
}

# has_address DEV ADDRESS [COMMAND]: COMMAND, peer for one, leads to its namespace.
has_address() {
	${3:-} ip -o address show dev "$1" | grep -qF "$2"
}

large_ping() {
	ping -q -c 2 -i 0.2 -W 2 -s 1400 "$1"
}

# plan N: how many results there will be.
plan() {
	ktap_print_header
	ktap_set_plan "$1"
}

# result STATUS DESCRIPTION
result() {
	if (($1 == 0)); then
		ktap_test_pass "$2"
	else
		ktap_test_fail "$2"
	fi
}

# as_comment TEXT: what a command printed, as KTAP's comments.
as_comment() {
	local line

	while IFS= read -r line; do
		echo "#   $line"
	done <<<"$1"
}

# check DESCRIPTION COMMAND...: passes if the command succeeds; what it printed
# is shown if not. A function may change the test's variables.
check() {
	local what=$1 status=0

	shift
	"$@" >"$CHECK_OUTPUT" 2>&1 || status=$?
	if ((status)); then
		printf '# %s: status %d\n' "$*" "$status"
		as_comment "$(<"$CHECK_OUTPUT")"
	fi
	result "$status" "$what"
}

# check_fails DESCRIPTION TEXT COMMAND...: passes if the command fails and says
# TEXT, a basic regular expression.
check_fails() {
	local what=$1 text=$2 output status=0

	shift 2
	if output=$("$@" 2>&1); then
		echo "# succeeded: $*"
		status=1
	elif ! grep -q -e "$text" <<<"$output"; then
		echo "# expected \"$text\", got:"
		as_comment "$output"
		status=1
	fi
	result "$status" "$what"
}

# skip DESCRIPTION REASON: only when the user's kernel lacks a feature.
skip() {
	echo "# $2"
	ktap_test_skip "$1"
}

# skip_all REASON
skip_all() {
	ktap_print_header
	ktap_skip_all "$1"
	exit "$KSFT_SKIP"
}

# finish: prints the totals and ends with the right status.
finish() {
	ktap_finished
}

# expect_log REGEX: from here to the end of this test, kernel log lines that
# match (extended regular expression) are expected and do not fail it.
expect_log() {
	echo "ipsec_full: expect $1" >/dev/kmsg
}
