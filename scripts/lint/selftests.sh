#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The rules of kernel selftests: every test is listed, every listed file is
# there, lists and config are sorted and free of duplicates, what is generated
# is ignored by git. The same order for the configs of scripts/kernel. And the model's
# steps have the names of the code's functions.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$REPO"

DIR=${SELFTESTS#"$REPO/"}
LISTS=(TEST_PROGS TEST_PROGS_EXTENDED TEST_PROGS_HOST TEST_FILES TEST_GEN_FILES
	TEST_GEN_PROGS)
EXECUTABLE=(TEST_PROGS TEST_PROGS_EXTENDED TEST_PROGS_HOST)
GENERATED=(TEST_GEN_FILES TEST_GEN_PROGS)
MODEL=tools/verification/ipsec_full/handover.pml

# unsorted FILE: reads lines, names the first that is out of order or twice.
unsorted() {
	awk -v file="$1" '
		NR > 1 && $0 == last { print file ": " $0 " stands there twice" }
		NR > 1 && $0 < last { print file ": " $0 " belongs before " last }
		{ last = $0 }'
}

configs() {
	files "$DIR/config" 'scripts/kernel/*.config' | while read -r file; do
		sed -E '/^(#|$)/d' "$file" | unsorted "$file"
		sed -n 's/^\(CONFIG_[^=]*\)=.*/\1/p' "$file" | sort | uniq -d |
			sed "s,^,$file: twice: ,"
		sed -E '/^(CONFIG_[A-Z0-9_]+=.*|#.*|)$/d' "$file" |
			sed "s,^,$file: no option: ,"
	done
}

# listed NAME: the words of a variable of the selftests' Makefile.
listed() {
	sed -e ':more' -e '/\\$/{N;s/\\\n/ /;b more' -e '}' "$DIR/Makefile" |
		sed -n "s/^$1[[:space:]]*[:+]\?=//p" | tr -s ' \t' '\n' | sed '/^$/d'
}

is_listed() {
	local list

	for list in "${@:2}"; do
		! listed "$list" | grep -qxF -- "$1" || return 0
	done
	return 1
}

lists_are_sorted() {
	local list

	for list in "${LISTS[@]}"; do
		listed "$list" | unsorted "$DIR/Makefile: $list"
	done
}

listed_files_exist() {
	local list file

	for list in "${EXECUTABLE[@]}" TEST_FILES; do
		while read -r file; do
			[[ -e $DIR/$file ]] ||
				echo "$DIR/Makefile: $list: there is no $file"
			[[ $list == TEST_FILES || -x $DIR/$file ]] ||
				echo "$DIR/Makefile: $list: $file is not executable"
		done < <(listed "$list")
	done
}

files_are_listed() {
	local file name

	files "$DIR/*.sh" "$DIR/*.py" "$DIR/*.c" | while read -r file; do
		name=${file#"$DIR/"}
		if [[ $name == *.c ]]; then
			is_listed "${name%.c}" "${GENERATED[@]}"
		elif [[ -x $file ]]; then
			is_listed "$name" "${EXECUTABLE[@]}"
		else
			is_listed "$name" TEST_FILES
		fi || echo "$DIR/Makefile: $name is in no list"
	done
}

generated_are_ignored() {
	local list file

	for list in "${GENERATED[@]}"; do
		while read -r file; do
			git check-ignore -q --no-index "$DIR/$file" ||
				echo "$DIR/.gitignore: $file is missing"
		done < <(listed "$list")
	done
	[[ ! -e $DIR/.gitignore ]] ||
		sed '/^#/d' "$DIR/.gitignore" | unsorted "$DIR/.gitignore"
}

steps_are_functions() {
	local name

	sed -nE 's/^inline (xfrm_full_[a-z_]+)\(.*/\1/p' "$MODEL" |
		while read -r name; do
			grep -qE "^[a-z].*\<$name\(" net/xfrm/*.c include/net/*.h ||
				echo "$MODEL: the kernel has no $name()"
		done
}

export LC_ALL=C
findings < <(steps_are_functions)
findings < <(configs)
if [[ -e $DIR/Makefile ]]; then
	findings < <(lists_are_sorted)
	findings < <(listed_files_exist)
	findings < <(files_are_listed)
	findings < <(generated_are_ignored)
else
	finding "$DIR/Makefile: missing"
fi
finish
