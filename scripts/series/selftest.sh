#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: selftest.sh
#
# Is "make series" content with what there is, and does it find what would embarrass
# its sender? Each round plants a defect in a copy of the checkout; with COMPILE=no,
# only those that are found without a compiler. Prints TAP.
#
# inputs: net include patches scripts tools/testing tools/iproute2
# programs: gcc git
# kernels: normal
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$REPO/scripts/lint/tap.sh"

COPY=$BUILD/series-selftest
OUTPUT=$BUILD/series-selftest.out
FIRST=patches/0000-planted.patch
SECOND=patches/0000-planted2.patch

# Without a defect. It leaves what copy_checkout() copies.
clean() {
	local status=0

	"$REPO/scripts/series.sh" >"$OUTPUT" 2>&1 </dev/null || status=$?
	((status == 0)) || sed 's/^/# /' "$OUTPUT"
	tap "$status" "the series as it is"
}

# With what the stock files of the kernel were before any patch.
copy_checkout() {
	rm -rf "$COPY"
	mkdir -p "$COPY/build/series-work"
	git -C "$REPO" ls-files -z -co --exclude-standard \
		net include patches scripts tools/iproute2 tools/testing |
		(cd "$REPO" && xargs -0 cp -P --parents -t "$COPY")
	cp -P "$BUILD"/kernel-* "$COPY/build/"
	cp -r "$WORK/pristine" "$COPY/build/series-work/"
	[[ ! -d $BUILD/iproute2.src ]] || cp -r "$BUILD/iproute2.src" "$COPY/build/"
}

# mail SUBJECT FILE HUNK-HEAD: the lines of a hunk come by standard input.
mail() {
	cat <<-END
	From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
	From: A <a@example.org>
	Date: Thu, 1 Jan 1970 00:00:00 +0000
	Subject: [PATCH] $1

	It has a body.

	Signed-off-by: A <a@example.org>
	---
	diff --git a/$2 b/$2
	--- a/$2
	+++ b/$2
	$3
	END
	cat
}

# finds WHAT REGEX PART...: the parts of series.sh that lead to the finding.
finds() {
	local what=$1 regex=$2 part status=0

	shift 2
	for part; do
		"$COPY/scripts/series/$part.sh" >"$OUTPUT" 2>&1 </dev/null ||
			{ status=1; break; }
	done
	((status)) && grep -Eq -- "$regex" "$OUTPUT" && status=0 || status=1
	((status == 0)) || sed 's/^/# /' "$OUTPUT"
	tap "$status" "$what"
}

test_weaving() {
	copy_checkout
	echo '/* new */' >"$COPY/net/xfrm/xfrm_full_planted.c"
	finds "a new file that no patch adds" "no patch adds" weave
	copy_checkout
	sed -i '0,/^Adds: /s//Adds: net\/nothing.c\n&/' "$COPY"/patches/0*add-the-core*
	finds "a patch that adds what is not there" "not there" weave
	copy_checkout
	sed -i '/^@@ /{n;s/$/ and more/}' "$COPY"/patches/0002-*
	finds "a patch that does not apply" "does not apply" weave
	copy_checkout
	too_many net/xfrm/xfrm_user.c \
		'// SPDX-License-Identifier: GPL-2.0-only' patches/00
	finds "a group that is too long" "patches in group 00; at most 15" weave
	copy_checkout
	mkdir -p "$COPY/build/series"
	cp -r "$WORK/assembled" "$COPY/build/series-work/"
	echo >>"$COPY/build/series-work/assembled/net/xfrm/xfrm_user.c"
	finds "a build that uses another tree" "not make the tree that the build" \
		weave apply
}

test_iproute2() {
	local mails=tools/iproute2/patches/6.1

	copy_checkout
	sed -i '/^@@ /{n;s/$/ and more/}' "$COPY/$mails"/0002-*
	COMPILE=no finds "a patch of iproute2 that does not apply" \
		"does not apply" iproute2
	copy_checkout
	cp -r "$BUILD/iproute2" "$COPY/build/"
	echo >>"$COPY/build/iproute2/src/ip/xfrm_state.c"
	COMPILE=no finds "a build of iproute2 that uses another tree" \
		"another tree of iproute2's patches" iproute2
	copy_checkout
	too_many ip/xfrm.h "/* \$USAGI: \$ */" "$mails/01"
	COMPILE=no finds "a series of iproute2 that is too long" \
		"patches in iproute2's series 6.1; at most 15" iproute2
}

# too_many FILE FIRST-LINE PREFIX: each puts a line on top of the same file.
too_many() {
	local i top=$2

	for i in {10..25}; do
		mail "planted: comment $i" "$1" "@@ -1,1 +1,2 @@" \
			>"$COPY/$3$i-planted.patch" <<-END
		+/* $i */
		 $top
		END
		top="/* $i */"
	done
}

# Declared and called by the first, defined by the second only.
test_compiling() {
	copy_checkout
	mail "planted: a call" net/xfrm/xfrm_user.c "@@ -1,1 +1,3 @@" \
		>"$COPY/$FIRST" <<-'END'
	+int xfrm_planted(void);
	+int xfrm_planted_call(void) { return xfrm_planted(); }
	 // SPDX-License-Identifier: GPL-2.0-only
	END
	mail "planted: what it calls" net/xfrm/xfrm_user.c "@@ -1,3 +1,4 @@" \
		>"$COPY/$SECOND" <<-'END'
	 int xfrm_planted(void);
	 int xfrm_planted_call(void) { return xfrm_planted(); }
	+int xfrm_planted(void) { return 0; }
	 // SPDX-License-Identifier: GPL-2.0-only
	END
	finds "a patch that does not build alone" "after patch 1 .*failed" \
		weave compile
}

# A mail that already says what it adds, as format-patch has just written it.
test_writing_back() {
	local git=$COPY/build/series-work/git last status=0

	copy_checkout
	"$COPY/scripts/series/weave.sh" >"$OUTPUT" 2>&1 || status=$?
	last=$(compgen -G "$COPY/patches/0*.patch" | tail -n 1)
	sed -i '0,/^Signed-off-by: /s//Adds: net\/xfrm\/planted.c\n&/' "$last"
	((status)) || plain_git -C "$git" commit -q --amend \
		--trailer "Adds: net/xfrm/planted.c" --no-edit >>"$OUTPUT" 2>&1 &&
		"$COPY/scripts/series/unweave.sh" >>"$OUTPUT" 2>&1 || status=$?
	[[ $(grep -c '^Adds: net/xfrm/planted.c' "$last") == 1 ]] || status=1
	((status == 0)) || sed 's/^/# /' "$OUTPUT"
	tap "$status" "a file that commit and mail name is named once"
}

clean
test_weaving
test_writing_back
test_iproute2
[[ ${COMPILE:-} == no ]] || test_compiling
rm -rf "$COPY"
tap_end
