# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Suites of tests that run side by side: each writes TAP or KTAP, and is told of
# with its sums when it has ended. To be sourced after lib.sh.
#
#   enqueue NAME COMMAND...
#   trap abort_suites EXIT
#   run_queue

# What is left in it: NAME.ktap of each suite.
RESULTS=$BUILD/results
# A VM of two CPUs waits more than it works.
LANES=${LANES:-$((JOBS > 1 ? 2 : 1))}
[[ $LANES =~ ^[1-9][0-9]*$ ]] || die "LANES=$LANES is no number of suites"
KTAP=$REPO/scripts/ktap.py
TICK=60

QUEUE=()
# By process: name, and when it was started.
declare -A SUITE=() STARTED=()
# By name: the seconds that it took.
declare -A TOOK=()

# enqueue NAME COMMAND...: first come, first served.
enqueue() {
	QUEUE+=("$(printf '%q ' "$@")")
}

run_queue() {
	local next=0

	mkdir -p "$RESULTS"
	trap 'interrupted 130' INT
	trap 'interrupted 143' TERM HUP
	while ((next < ${#QUEUE[@]} || ${#SUITE[@]})); do
		while ((next < ${#QUEUE[@]} && ${#SUITE[@]} < LANES)); do
			start_suite "${QUEUE[next++]}"
		done
		sleep 0.2
		show_running
		reap_suites
	done
	QUEUE=()
	trap 'step_abort 130' INT
	trap 'step_abort 143' TERM HUP
}

start_suite() {
	local name

	eval "set -- $1"
	name=$1
	shift
	# A process group of its own, so that all of it can be ended.
	set -m
	"$@" >"$RESULTS/$name.ktap" 2>&1 </dev/null &
	set +m
	SUITE[$!]=$name STARTED[$!]=$SECONDS
}

reap_suites() {
	local pid status

	for pid in "${!SUITE[@]}"; do
		! kill -0 "$pid" 2>/dev/null || continue
		status=0
		wait "$pid" || status=$?
		end_suite "$pid" "$status"
	done
}

end_suite() {
	local pid=$1 status=$2 name=${SUITE[$1]} file

	file=$RESULTS/$name.ktap
	if ((status)) && "$KTAP" "$file" >/dev/null; then
		printf '\nnot ok %s: exit status %d\n' "$name" "$status" >>"$file"
	fi
	TOOK[$name]=$((SECONDS - STARTED[$pid]))
	show_suite "$name" "$file" "${TOOK[$name]}"
	unset "SUITE[$pid]" "STARTED[$pid]"
}

show_suite() {
	local sums lead=

	[[ ! -t 1 ]] || lead=$'\r\e[K'
	sums=$("$KTAP" "$2") || true
	printf '%s%-42s %4d s  %s\n' "$lead" "$1" "$3" "$sums"
	"$KTAP" --failed "$2" || true
}

# On a terminal one line that stays in place; elsewhere one each minute.
SHOWN=0
show_running() {
	local pid text=

	for pid in "${!SUITE[@]}"; do
		text+="  ${SUITE[$pid]} $((SECONDS - STARTED[$pid])) s"
	done
	if [[ -t 1 ]]; then
		printf '\r\e[K%.*s' "$((${COLUMNS:-80} - 1))" "running:$text"
	elif ((SECONDS >= SHOWN + TICK)); then
		printf 'running:%s\n' "$text"
		SHOWN=$SECONDS
	fi
}

interrupted() {
	trap - INT TERM HUP
	printf '\ninterrupted\n' >&2
	exit "$1"
}

# Ends what runs, with all that it has started. For the caller's EXIT trap.
abort_suites() {
	local pid

	for pid in "${!SUITE[@]}"; do
		kill -TERM -- "-$pid" 2>/dev/null || true
	done
	for pid in "${!SUITE[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
}
