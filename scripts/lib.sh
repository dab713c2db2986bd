# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # for who sources it
#
# What every script of this project shares: where things are, how a long step
# is shown and logged, how two runs keep out of each other's way.
#
# Usage: source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$REPO/build
LOG_DIR=$BUILD/log
SELFTESTS=$REPO/tools/testing/selftests/net/ipsec_full
JOBS=${JOBS:-$(nproc)}
export LC_ALL=C.UTF-8

# A make started from here must not inherit the caller's options.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

STEP_PID=
STEP_STATUS=0
STEP_LOG_LINES=30

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# from_caller PATH: paths are relative to the one who called make.
from_caller() {
	[[ $1 == /* ]] && echo "$1" || echo "${CALLER:-$PWD}/$1"
}

note() {
	printf '%s\n' "$*"
}

# Before a script changes its directory.
for name in FRESH_CACHE KERNEL_SRC IPROUTE2_SRC IPROUTE2_UPSTREAM IPSEC_FULL_CACHE; do
	[[ -z ${!name:-} ]] || export "$name=$(from_caller "${!name}")"
done
CACHE=${IPSEC_FULL_CACHE:-$HOME/.cache/ipsec-full}

# Kills the running step with all it has started.
step_abort() {
	local status=$1

	trap - INT TERM HUP
	if [[ -n $STEP_PID ]]; then
		kill -TERM -- "-$STEP_PID" 2>/dev/null || true
		printf '\ninterrupted\n' >&2
	fi
	exit "$status"
}

trap 'step_abort 130' INT
trap 'step_abort 143' TERM HUP

# step_tick TEXT START: one line that stays in place on a terminal; elsewhere
# a line every minute shows that the step is alive.
step_tick() {
	local text=$1 elapsed=$((SECONDS - $2))

	if [[ -t 1 ]]; then
		printf '\r%-58s %4d s' "$text" "$elapsed"
	elif ((elapsed > 0 && elapsed % 60 == 0)); then
		printf '%-58s %4d s, still running\n' "$text" "$elapsed"
	fi
}

step_end() {
	local text=$1 start=$2 status=$3 log=$4
	local elapsed=$((SECONDS - start)) lead=

	[[ -t 1 ]] && lead=$'\r'
	if ((status == 0)); then
		printf '%s%-58s %4d s\n' "$lead" "$text" "$elapsed"
		return 0
	fi
	printf '%s%-58s %4d s  FAILED\n' "$lead" "$text" "$elapsed"
	{
		printf '\n"%s" failed with status %d. ' "$text" "$status"
		printf 'The end of its log, %s:\n\n' "$log"
		tail -n "$STEP_LOG_LINES" "$log"
	} >&2
	return "$status"
}

# watch TEXT LOG COMMAND...: runs a command (or function) with its output in LOG
# and shows that it runs and for how long. Its status is left in STEP_STATUS:
# after "watch ... ||" or in a condition, bash would let a function run on after
# a command in it failed. For the same reason, call neither this nor step there.
watch() {
	local text=$1 log=$2 start=$SECONDS

	shift 2
	mkdir -p "$(dirname "$log")"
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	STEP_PID=$!
	set +m
	while kill -0 "$STEP_PID" 2>/dev/null; do
		step_tick "$text" "$start"
		sleep_or_exit "$STEP_PID"
	done
	STEP_STATUS=0
	wait "$STEP_PID" || STEP_STATUS=$?
	STEP_PID=
}

# step TEXT COMMAND...: the same with a log in build/log, and on failure says
# what failed and where its log is.
step() {
	local text=$1 start=$SECONDS name log

	shift
	name=$(tr -cs 'a-z0-9\n' - <<<"${text,,}")
	log=$LOG_DIR/${name%-}.log
	watch "$text" "$log" "$@"
	step_end "$text" "$start" "$STEP_STATUS" "$log"
}

# Waits a second, or less when the process ends.
sleep_or_exit() {
	local i

	for ((i = 0; i < 10; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
}

# with_lock NAME COMMAND...: one run at a time in the cache.
with_lock() {
	local name=$1 fd

	shift
	mkdir -p "$CACHE"
	exec {fd}>"$CACHE/.lock-$name"
	if ! flock --nonblock "$fd"; then
		note "waiting for another run to finish ($name)"
		flock "$fd"
	fi
	"$@"
	exec {fd}>&-
}

# hash_of FILE...: one hash over names and contents.
hash_of() {
	sha256sum -- "$@" | sha256sum | cut -c1-16
}

# clean_env COMMAND...: nothing of the caller's environment decides a build.
clean_env() {
	env -i PATH="$PATH" HOME="$HOME" LC_ALL=C "$@"
}
