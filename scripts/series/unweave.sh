#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: unweave.sh
#
# The way back from weave.sh: writes the commits of the woven repository into the
# mails of patches/ that they came from, in their order, where they differ. New
# files stay where they are, in this repository: changes to them are left out.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

GIT=$WORK/git

# What the patch brings stands before the first sign-off, as it did, unless the
# commit says it: its author has just written that.
with_added() {
	awk -v added="$(sed '/^---$/q' "$1" | grep '^Adds: ')" '
		/^Adds: / || /^---$/ { added = "" }
		/^Signed-off-by: / && added { print added; added = "" }
		{ print }'
}

mail_of() {
	local commit=$1 patch=$2

	plain_git -C "$GIT" -c core.abbrev=9 format-patch -1 --stdout -N \
		--zero-commit --no-signature "$commit" \
		-- "${STOCK[@]}" | with_added "$patch"
}

write_back() {
	local commit=$1 patch=$2 new=$WORK/unwoven

	mail_of "$commit" "$patch" >"$new"
	[[ -s $new ]] || die "${patch##*/} would be empty: remove it by hand"
	if ! diff -q -I '^index ' "$new" "$patch" >/dev/null; then
		note "${patch##*/}"
		cp "$new" "$patch"
	fi
	rm "$new"
}

mapfile -t STOCK < <(plain_git -C "$GIT" ls-tree -r --name-only base)
mapfile -t COMMITS < <(plain_git -C "$GIT" rev-list --reverse base..HEAD)
mapfile -t PATCHES < <(kernel_patches)
((${#COMMITS[@]} == ${#PATCHES[@]})) ||
	die "${#COMMITS[@]} commits and ${#PATCHES[@]} patches:" \
		"write new ones by git format-patch first"
for ((i = 0; i < ${#COMMITS[@]}; i++)); do
	write_back "${COMMITS[i]}" "${PATCHES[i]}"
done
