# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Verdicts that depend on nothing but what a test's header names are remembered in
# the cache when they were good, and told again. To be sourced after lib.sh.
#
#   # inputs: git pathspecs of the checkout's files, committed or not
#   # programs: what it calls
#   # kernels: flavours that it builds for or boots
#
# Each counts for the verdict, and so do the test itself, lib.sh and what lint's checks
# share, the versions of the packages that packages.list and lint's list name, and
# variables by which one chooses sources, kernels and tools. FULL=1, and naming a
# test, runs it in any case.

PROOFS=$CACHE/proofs
PROOF_DAYS=60
REMEMBERED_LINE="# remembered: the same has passed before"
PROOF_VARIABLES=(ACCEL CFLAGS IPROUTE2_SRC IPROUTE2_UPSTREAM KERNEL KERNEL_SRC MEM NICS
	PROFILE SMP)
PROOF_SHARED=(scripts/lib.sh scripts/lint/common.sh scripts/lint/tap.sh)

# header FILE NAME: what a test's header says.
header() {
	sed -n "1,30s/^# $2: *//p" "$1" | tr ' ' '\n' | sort | paste -sd' '
}

# run_proof NAME FILE: runs it, or tells what it said when the same has passed.
# Without inputs in its header, it is run.
run_proof() {
	local name=$1 file=$2 told fresh

	if [[ -z $(header "$file" inputs) ]]; then
		"$file"
		return
	fi
	told=$PROOFS/$name-$(proof_key "$file")
	if [[ -e $told && -z ${FULL:-}${TEST:-}${LINT:-} ]]; then
		echo "$REMEMBERED_LINE"
		cat "$told"
		return
	fi
	mkdir -p "$PROOFS"
	find "$PROOFS" -type f -mtime +$PROOF_DAYS -delete
	# Two runs may prove the same.
	fresh=$told.$BASHPID
	if ! "$file" | tee "$fresh"; then
		rm "$fresh"
		return 1
	fi
	# What was changed meanwhile has not been looked at as a whole.
	if [[ $told == "$PROOFS/$name-$(proof_key "$file")" ]]; then
		mv "$fresh" "$told"
	else
		rm "$fresh"
	fi
}

# was_remembered OUTPUT: whether run_proof told what it knew.
was_remembered() {
	grep -qxF -- "$REMEMBERED_LINE" "$1"
}

proof_key() {
	local words

	{
		cat "$1"
		proof_inputs "${PROOF_SHARED[@]}"
		read -ra words < <(header "$1" inputs)
		proof_inputs "${words[@]}"
		read -ra words < <(header "$1" programs)
		proof_programs "${words[@]}"
		read -ra words < <(header "$1" kernels)
		proof_kernels "${words[@]}"
		proof_packages
		proof_variables
	} | sha256sum | cut -c1-16
}

# Modes and contents; of a file that is gone, that it is.
proof_inputs() {
	(cd "$REPO" && git ls-files -z -co --exclude-standard --deduplicate -- "$@" |
		xargs -0 -r sh -c 'stat -c "%A %n" -- "$@"; sha256sum -- "$@"' sh 2>&1) ||
		true
}

proof_programs() {
	local program

	for program; do
		sha256sum "$(command -v "$program")" 2>&1 || true
	done
}

# The name of a kernel in the cache is a hash of all that it is made of.
proof_kernels() {
	local flavour

	for flavour; do
		realpath -e "$BUILD/kernel-$flavour" 2>&1 || echo "$RANDOM"
	done
}

proof_packages() {
	sed 's/ *#.*//; /^$/d' "$REPO/scripts/packages.list" \
		"$REPO/scripts/lint/packages.list" |
		xargs dpkg-query -W 2>/dev/null || true
}

proof_variables() {
	local name

	for name in "${PROOF_VARIABLES[@]}"; do
		echo "$name=${!name:-}"
	done
	[[ -w /dev/kvm ]] && echo KVM || echo TCG
}
