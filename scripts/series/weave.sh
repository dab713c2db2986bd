#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: weave.sh
#
# Commits each patch with the new files that it names, and writes the mails of
# each group.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

GIT=$WORK/git
ADDED=()

added_by() {
	sed -n '/^---$/q; s/^Adds: *//p' "$1"
}

# A new file comes whole, once, and nothing changes it afterwards.
add_file() {
	local file=$1 patch=$2

	[[ -f $REPO/$file ]] || die "${patch##*/} adds $file, which is not there"
	[[ ! -e $GIT/$file ]] || die "${patch##*/} adds $file, which exists already"
	mkdir -p "$GIT/$(dirname "$file")"
	cp "$REPO/$file" "$GIT/$file"
	plain_git -C "$GIT" add -f "$file"
	ADDED+=("$file")
}

leaves_new_files_alone() {
	local patch=$1 file

	for file in "${ADDED[@]}"; do
		! grep -q "^+++ b/$file\$" "$patch" ||
			die "${patch##*/} changes $file, which is kept as a whole"
	done
}

weave() {
	local patch=$1 file

	leaves_new_files_alone "$patch"
	apply_mails "$GIT" "$patch"
	while read -r file; do
		add_file "$file" "$patch"
	done < <(added_by "$patch")
	plain_git -C "$GIT" log -1 --format=%B | sed '/^Adds: /d' |
		plain_git -C "$GIT" commit -q --amend -F -
}

all_files_added() {
	local missing

	missing=$(comm -23 <(kernel_new_files) \
		<(printf '%s\n' "${ADDED[@]}" | LC_ALL=C sort))
	[[ -z $missing ]] || die "no patch adds"$'\n'"$missing"
}

write_group() {
	local group=$1 from=$2

	check_length "$GIT" "$from..HEAD" "group $group"
	write_mails "$GIT" "$from..HEAD" "$(cover_of "$group")" \
		"$SERIES/kernel-$(group_name "$group")"
	plain_git -C "$GIT" tag "group-$group"
}

main() {
	local patch group='' from=base

	new_repository "$GIT" "$WORK/pristine"
	for patch in $(kernel_patches); do
		if [[ -n $group && $(group_of "$patch") != "$group" ]]; then
			write_group "$group" "$from"
			from=group-$group
		fi
		group=$(group_of "$patch")
		echo "${patch##*/}"
		weave "$patch"
	done
	write_group "$group" "$from"
	all_files_added
}

main
