#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# All semantic patches of the kernel, in report mode, on our kernel C. User space
# gets those that don't recommend or judge functions of the kernel.
#
# spatch gets a directory, as "make coccicheck" gives it one: then it looks at one
# file at a time, and only at those that have a word of what the patch is about.
#
# A file in which nothing was found is remembered in the cache, by what it says and
# all that could change the verdict, and left out the next time.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need spatch coccinelle

TREE=$(kernel_tree)
EXTMOD=$(extmod)
OUT=$LINT_BUILD/cocci
CLEAN=$CACHE/lint/cocci
CLEAN_DAYS=60

# Semantic patches about what only a kernel has.
KERNEL_ONLY='/(api|locks)/|/(array_size|boolconv|call_kern|do_div|irqf_oneshot|'
KERNEL_ONLY+='kmerr|minmax|newline_in_nl_msg|noderef|of_table|struct_size|swap|'
KERNEL_ONLY+='unsigned_lesser_than_zero|warn)'

# Run by xargs: one semantic patch over all files.
report() {
	local rule=$1 dir=$OUT/all options=() name status=0

	[[ ! $rule =~ $KERNEL_ONLY ]] || dir=$OUT/kernel
	name=$(basename "$rule")
	read -ra options < <(sed -n 's,^// Options:,,p' "$rule" | paste -sd' ')
	spatch -D report --very-quiet --no-show-diff "${options[@]}" -I "$EXTMOD/include" \
		-I "$REPO/include" --use-coccigrep --cocci-file "$rule" \
		--dir "$dir" >"$OUT/$name.out" 2>"$OUT/$name.err" || status=$?
	sed -i "s,$dir/,,g" "$OUT/$name.out"
	((status == 0)) || echo "$name: spatch ended with status $status" \
		>>"$OUT/$name.out"
}

# What a verdict depends on beside the file itself.
surroundings() {
	{
		spatch --version
		basename "$(dirname "$EXTMOD")"
		cat "$LINT_DIR/cocci.sh"
		find "$TREE/scripts/coccinelle" -name '*.cocci' | LC_ALL=C sort |
			xargs cat
		files '*.h' | xargs -d '\n' sha256sum
	} | sha256sum | cut -c1-16
}

# to_check FILE...: "file, tab, stamp" of those that are not known to be clean.
to_check() {
	local around file stamp

	around=$(surroundings)
	for file; do
		stamp=$CLEAN/$around-$(sha256sum "$file" | sha256sum | cut -c1-32)
		touch -c "$stamp"
		[[ -e $stamp ]] || printf '%s\t%s\n' "$file" "$stamp"
	done
}

sources() {
	files "$@" | grep '\.c$'
}

# copy_to DIRECTORY PATTERN...: of the files that match, those to be checked, and all
# headers.
copy_to() {
	local dir=$1

	shift
	mkdir -p "$dir"
	{
		files "$@" | grep '\.h$'
		files "$@" | grep -Fxf <(cut -f 1 "$OUT/files") || true
	} | xargs -d '\n' cp --parents -t "$dir"
}

check() {
	copy_to "$OUT/kernel" "${KERNEL_C[@]}"
	copy_to "$OUT/all" "${KERNEL_C[@]}" "${USER_C[@]}"
	find "$TREE/scripts/coccinelle" -name '*.cocci' | LC_ALL=C sort |
		xargs -P "$JOBS" -I{} "$LINT_DIR/cocci.sh" --report {}
}

cd "$REPO"
if [[ ${1:-} == --report ]]; then
	report "$2"
	exit
fi
rm -rf "$OUT"
mkdir -p "$OUT" "$CLEAN"
find "$CLEAN" -type f -mtime +$CLEAN_DAYS -delete
mapfile -t SOURCES < <(sources "${KERNEL_C[@]}" "${USER_C[@]}")
to_check "${SOURCES[@]}" >"$OUT/files"
[[ ! -s $OUT/files ]] || check
findings < <(cat "$OUT"/*.out 2>/dev/null)
((FINDINGS)) || cut -f 2 "$OUT/files" | xargs -r -d '\n' touch
finish
