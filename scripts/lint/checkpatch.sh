#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: checkpatch.sh [MAIL...]
#
# The kernel's checkpatch, strict and with codespell: on our files as they are,
# and on the mails in patches/ and tools/iproute2/patches, or those named here.
#
# checkpatch.except lists what does not apply, with the reason. An entry that
# matches nothing is a finding too.
#
# inputs: .
# programs: codespell perl
# kernels: normal
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need codespell codespell
need perl perl

TREE=$(kernel_tree)
EXCEPT=$LINT_DIR/checkpatch.except
# codespell's own dictionary, less what occurs nowhere: checkpatch looks for each
# of its 30,000 words in every line, for minutes.
DICTIONARY=dictionary.txt

# It leaves a cache of names where it runs. With a tree it would also look up
# each file's maintainers, for a second; the names in the tree's headers remain.
run_checkpatch() {
	(cd "$OUT" && perl "$TREE/scripts/checkpatch.pl" --no-tree \
		--root="$TREE" --strict --codespell --codespellfile="$DICTIONARY" \
		--terse --show-types --no-summary --color=never "$@" 2>&1) || true
}

codespell_dictionary() {
	/usr/bin/python3 -c 'import codespell_lib, os
print(os.path.dirname(codespell_lib.__file__) + "/data/dictionary.txt")'
}

# words FILE...: all words, as checkpatch delimits them.
words() {
	cat -- "$@" | tr '[:upper:]' '[:lower:]' | tr -cs "a-z0-9_'\`\n-" '\n' |
		LC_ALL=C sort -u
}

write_dictionary() {
	awk -F '->' 'FNR == NR { used[$0]; next } $1 in used' \
		<(words "$@") "$(codespell_dictionary)" >"$OUT/$DICTIONARY"
}

check() {
	write_dictionary "${SOURCES[@]}" "${MAILS[@]}"
	printf '%s\n' "${SOURCES[@]}" | sed '/^$/d' |
		xargs -r -d '\n' -P "$JOBS" -n 16 "$0" --run -f
	printf '%s\n' "${MAILS[@]}" | sed '/^$/d' |
		xargs -r -d '\n' -P "$JOBS" -n 8 "$0" --run
}

list_sources() {
	files "${KERNEL_C[@]}" "${USER_C[@]}" '*.sh' '*.py' '*.rst' '*Makefile' \
		'*Kconfig' | sed "s,^,$REPO/,"
}

list_mails() {
	files 'patches/*.patch' 'tools/iproute2/patches/*.patch' |
		sed "s,^,$REPO/,"
}

# Drops what an entry of the list excuses, and notes which entries did.
excuse() {
	awk -v used="$OUT/used" '
		FNR == NR {
			if (!/^(#|$)/) {
				type[++n] = ":" $1 ": "
				path[n] = "^" $2 ":"
				text[n] = $3
			}
			next
		}
		{
			for (i = 1; i <= n; i++)
				if (index($0, type[i]) && $0 ~ path[i] &&
				    $0 ~ text[i]) {
					print i >used
					next
				}
			print
		}' "$EXCEPT" -
}

# Those that are only for the mails of series are left to whoever checks these.
stale_entries() {
	grep -vE '^(#|$)' "$EXCEPT" | awk -v used="$OUT/used" '
		BEGIN { while ((getline i <used) > 0) seen[i] = 1 }
		!(NR in seen) && $2 !~ /^build\/series\// {
			print "checkpatch.except: matches nothing: " $1 " " $2
		}'
}

if [[ ${1:-} == --run ]]; then
	run_checkpatch "${@:2}"
	exit
fi
# This run's alone: "make series" may check its mails beside lint.
mkdir -p "$LINT_BUILD"
OUT=$(mktemp -d "$LINT_BUILD/checkpatch.XXXXXX")
export OUT
trap 'rm -rf "$OUT"' EXIT
SOURCES=()
if (($#)); then
	mapfile -t MAILS < <(realpath -- "$@")
else
	mapfile -t SOURCES < <(list_sources)
	mapfile -t MAILS < <(list_mails)
fi
check | sed "s,^$REPO/,," | excuse >"$OUT/found"
findings <"$OUT/found"
(($#)) || findings < <(stale_entries)
finish
