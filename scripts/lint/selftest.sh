#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: selftest.sh
#
# Does lint find what it is for? In a copy of the checkout each check gets
# defects, and must name them all. Prints TAP.
#
# What the rest of the checkout has does not decide whether they are found.
# inputs: scripts Makefile patches .shellcheckrc
# programs: codespell gcc patch python3 shellcheck sparse spatch
# kernels: normal
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$LINT_DIR/tap.sh"

COPY=$LINT_BUILD/selftest
OUT=$LINT_BUILD/selftest.out
TESTS=${SELFTESTS#"$REPO/"}
DRIVER=drivers/net/ethernet/acme
SLOW=(shellcheck checkpatch cocci)
EXPECTED=()

# plant FILE: appends the standard input to it.
plant() {
	mkdir -p "$(dirname "$COPY/$1")"
	cat >>"$COPY/$1"
}

# expect CHECK REGEX WHAT: a line of the check's findings.
expect() {
	EXPECTED+=("$1"$'\t'"$2"$'\t'"$3")
}

copy_checkout() {
	rm -rf "$COPY" "$OUT"
	mkdir -p "$COPY/build" "$OUT"
	(cd "$REPO" && files . | xargs -d '\n' cp -P --parents -t "$COPY")
	cp -P "$BUILD"/kernel-* "$COPY/build/"
	git -C "$COPY" init -q
}

plant_wording() {
	local i

	echo 'no licence' | plant scripts/planted.txt
	expect wording '^scripts/planted.txt: no SPDX' 'a file without SPDX'
	{
		printf '#!/bin/sh\nplanted() {\n'
		for ((i = 0; i < 95; i++)); do echo '	:'; done
		printf '}\n# TOD%s: more\ncd /hom%s/me\n' O e
	} | plant scripts/planted.sh
	expect wording 'planted.sh:2: function of' 'a function of 95 lines'
	expect wording 'planted.sh:.*left for later' 'something left for later'
	printf '+/* FIXM%s */\n' E | plant patches/0998-planted.patch
	expect wording '0998-planted.patch:.*left for later' 'the same in a patch'
	expect wording 'planted.sh:.*path of one machine' 'a path of a machine'
	plant Makefile <<<'export PLANTED'
	expect wording 'does not explain PLANTED=' 'a variable without help'
}

plant_selftests() {
	printf 'CONFIG_ZZZ=y\nCONFIG_AAA=y\nCONFIG_AAA=m\n' | plant "$TESTS/config"
	expect selftests 'CONFIG_AAA=y belongs before' 'an unsorted config'
	expect selftests 'twice: CONFIG_AAA' 'an option that is set twice'
	plant "$TESTS/planted_test.sh" <<<'#!/bin/sh'
	chmod +x "$COPY/$TESTS/planted_test.sh"
	expect selftests 'planted_test.sh is in no list' 'a test that is not listed'
	plant "$TESTS/Makefile" <<<'TEST_PROGS += aaa_missing.sh'
	expect selftests 'there is no aaa_missing.sh' 'a listed test that is missing'
	expect selftests 'aaa_missing.sh belongs before' 'an unsorted list of tests'
	plant tools/verification/ipsec_full/handover.pml \
		<<<'inline xfrm_full_nowhere() { skip }'
	expect selftests 'no xfrm_full_nowhere' 'a step of the model by no name'
}

plant_documents() {
	plant include/net/xfrm_full.h <<-'END'

	/**
	 * xfrm_full_planted() - a function
	 * @x: the SA
	 */
	int xfrm_full_planted(struct xfrm_state *x, int flags);
	END
	expect kernel-doc "xfrm_full.h.*'flags' not described" 'a parameter without kernel-doc'
	printf '\nPlanted heading\n======\n\n*open\n' | plant Documentation/driver-api.rst
	expect rst 'driver-api.rst.*underline too short' 'a short underline'
	expect rst 'driver-api.rst.*start-string without' 'open emphasis'
}

plant_scripts() {
	local i

	plant scripts/planted.py <<-'END'
	#!/usr/bin/python3
	# SPDX-License-Identifier: GPL-2.0
	import planted_too
	print(undefined, planted_too.one(1, 2))
	def long():
	END
	plant scripts/planted_too.py <<-'END'
	# SPDX-License-Identifier: GPL-2.0
	def one(number):
	    return number
	END
	for ((i = 0; i < 95; i++)); do echo '    pass'; done | plant scripts/planted.py
	expect python "planted.py:4.*undefined name" 'an undefined name'
	expect python 'planted.py:5: long: 95 lines' 'a long function of Python'
	expect python 'planted.py:4: Too many positional' 'an argument too many'
	# shellcheck disable=SC2016  # the defect
	printf '#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0\nrm $1\n%s\nrm $2\n%s\nrm $3\n' \
		"# shellcheck disable"=SC2086 "#shellcheck disable"=all |
		plant scripts/planted_quote.sh
	expect shellcheck 'planted_quote.sh:3.*SC2086' 'an unquoted variable'
	expect shellcheck 'planted_quote.sh:4.*without a reason' \
		'a suppression without a reason'
	expect shellcheck 'planted_quote.sh:6.*without a reason' \
		'another way to write one'
}

# Of a file that no other patch changes.
planted_mail() {
	local file=net/xfrm/xfrm_hash.c tree

	tree=$(kernel_tree)
	cat <<-END
	From: A <a@example.org>
	Subject: [PATCH] planted: the change of a file

	It has a body.
	---
	diff --git a/$file b/$file
	END
	sed -e '1a int planted = 0;' -e '/^struct .*xfrm_hash_alloc/,/^{/{
		/^{/a \	rcu_read_lock();
		}' "$tree/$file" |
		cat - <(cat <<-'END'

		__le32 xfrm_hash_planted(u32 host)
		{
			__le32 wire = host;

			return wire;
		}
		END
		) | diff -u --label "a/$file" --label "b/$file" "$tree/$file" - || true
}

plant_style() {
	plant net/xfrm/xfrm_full_iv.c <<-'END'

	/* recieve nothing */
	void xfrm_full_planted_style(int a){
		a=1;
	}
	END
	expect checkpatch 'xfrm_full_iv.c.*SPACING' 'missing spaces'
	expect checkpatch 'xfrm_full_iv.c.*TYPO_SPELLING' 'a misspelled word'
	planted_mail | plant patches/0998-planted.patch
	expect checkpatch '0998-planted.patch.*MISSING_SIGN_OFF' 'a mail that nobody signed'
	expect checkpatch '0998-planted.patch.*GLOBAL_INITIALISERS' 'a patch against the style'
	expect stock 'xfrm_hash.c:2: .*planted.*not declared' \
		'a global variable that a patch brings'
	expect stock 'xfrm_hash.c:.*no previous prototype' \
		'a missing prototype in a patch (W=1)'
	expect stock 'xfrm_hash.c:.*different base types' \
		'host order in a wire field, in a patch'
	expect stock 'xfrm_hash.c:.*context imbalance in .xfrm_hash_alloc' \
		'a lock that a patch leaves taken, in a function of the kernel'
	plant scripts/lint/checkpatch.except <<<'LONG_LINE nowhere/.*'
	expect checkpatch 'matches nothing: LONG_LINE' 'an exception that excuses nothing'
}

plant_c() {
	plant tools/acme/core/csum.c <<-'END'

	int acme_planted(int n);
	int acme_planted(int n)
	{
		char *copy = __builtin_malloc(n);

		if (!copy)
			return -1;
		copy[0] = n;
		return copy[0] == 3;
	}
	END
	expect analyzer 'csum.c.*leak of .copy' 'a memory leak'
	plant "$DRIVER/acme_stats.c" <<-'END'

	__le32 acme_planted(u32 host)
	{
		__le32 wire = host;

		return wire;
	}
	END
	expect sparse 'acme_stats.c.*different base types' 'host order in a wire field'
	expect sparse "acme_stats.c.*no previous prototype" 'a missing prototype (W=1)'
	plant net/xfrm/xfrm_full_iv.c <<-'END'

	static void xfrm_full_planted_free(void *p, spinlock_t *lock)
	{
		if (p)
			kfree(p);
		spin_lock(lock);
		spin_lock(lock);
	}
	END
	expect sparse "xfrm_full_iv.c.*defined but not used" 'an unused function'
	expect cocci 'xfrm_full_iv.c.*NULL check before' 'a test before kfree'
	expect cocci 'xfrm_full_iv.c.*second lock' 'a lock that is taken twice'
}

# What is slow need not see the files that have no defect.
thin_out() {
	local keep=(-name 'planted*' -o -path '*/scripts/lint/*' -o
		-name lib.sh -o -name common.sh -o -name xfrm_full_iv.c)

	find "$COPY/scripts" "$COPY/net" "$COPY/drivers" "$COPY/tools" -type f \
		\( -name '*.sh' -o -name '*.[ch]' -o -name '*.py' \) \
		! \( "${keep[@]}" \) -delete
	find "$COPY/patches" "$COPY/tools" -name '*.patch' \
		! -name '*planted*' -delete
}

run_checks() {
	local check

	for check; do
		"$COPY/scripts/lint/$check.sh" >"$OUT/$check" 2>&1 </dev/null &&
			echo passed >"$OUT/$check.passed"
	done
	true
}

judge() {
	local line check regex what

	for line in "${EXPECTED[@]}"; do
		IFS=$'\t' read -r check regex what <<<"$line"
		[[ ! -e $OUT/$check.passed ]] && grep -Eq -- "$regex" "$OUT/$check"
		tap $? "$check finds $what"
	done
}

mapfile -t CHECKS < <(sed -n '/^ALL=(/,/)/p' "$REPO/scripts/lint.sh" |
	sed 's/ALL=(//; s/)//' | tr -s ' \t' '\n' | sed '/^$/d')
copy_checkout
plant_wording
plant_selftests
plant_documents
plant_scripts
plant_style
plant_c
mapfile -t quick < <(printf '%s\n' "${CHECKS[@]}" | grep -vxF "${SLOW[@]/#/-e}")
run_checks "${quick[@]}"
thin_out
run_checks "${SLOW[@]}"
set +e
judge
for check in "${CHECKS[@]}"; do
	grep -q "^$check"$'\t' <<<"$(printf '%s\n' "${EXPECTED[@]}")"
	tap $? "$check is tested"
done
tap_end
