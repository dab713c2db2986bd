# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # for who sources it
#
# What the parts of series.sh share.
#
#   $WORK/pristine    the kernel's files that patches/ changes, as they come
#   $WORK/assembled   the same and our new ones, as the build uses them
#   $WORK/git         the series on them: a repository of these files only,
#                     since importing a whole kernel would take minutes
#   $SERIES/GROUP     its mails
#
# Usage: source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$REPO/scripts/kernel/common.sh"

SERIES=$BUILD/series
WORK=$BUILD/series-work
MAX_PATCHES=15

# git without anybody's configuration; commits are the same on every run.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_COMMITTER_NAME=series GIT_COMMITTER_EMAIL=series@localhost
export GIT_COMMITTER_DATE='1970-01-01T00:00:00Z'
plain_git() {
	GIT_AUTHOR_NAME=series GIT_AUTHOR_EMAIL=series@localhost \
		GIT_AUTHOR_DATE=$GIT_COMMITTER_DATE \
		git -c core.abbrev=12 -c core.fileMode=false "$@"
}

# as_author DIR COMMAND...: a cover letter comes from its last patch's author.
as_author() {
	local name email date

	IFS=$'\t' read -r name email date < <(
		plain_git -C "$1" log -1 --format='%an%x09%ae%x09%aI')
	GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email \
		GIT_COMMITTER_DATE=$date plain_git -C "$@"
}

# new_repository DIR SOURCE: SOURCE's files as its first commit, "base". Heads of
# hunks name functions, as the kernel's own attributes have it. Who works there does not
# commit modes that the files happen to have.
new_repository() {
	rm -rf "$1"
	mkdir -p "$1"
	cp -r "$2/." "$1/"
	plain_git -C "$1" init -q -b series
	plain_git -C "$1" config core.fileMode false
	mkdir -p "$1/.git/info"
	echo '*.[ch] diff=cpp' >"$1/.git/info/attributes"
	plain_git -C "$1" add -A -f
	plain_git -C "$1" commit -q --allow-empty -m base
	plain_git -C "$1" tag base
}

# apply_mails DIR MAIL...: their authors stay the authors.
apply_mails() {
	plain_git -C "$1" am -q --no-3way "${@:2}" ||
		die "does not apply to what comes before it: ${*:2}"
}

# mails_in DIR: without the cover letter.
mails_in() {
	find "$1" -name '[0-9]*.patch' ! -name '0000-*' | LC_ALL=C sort
}

# group_of PATCH: the hundreds of its number.
group_of() {
	basename "$1" | cut -c1-2
}

# cover_of GROUP: the text of its cover letter; its name names the group.
cover_of() {
	local covers

	covers=$(compgen -G "$REPO/patches/cover-$1-*.txt") ||
		die "patches/cover-$1-NAME.txt is missing"
	[[ $(wc -l <<<"$covers") == 1 ]] || die "group $1 has several covers"
	echo "$covers"
}

group_name() {
	basename "$(cover_of "$1")" .txt | cut -d- -f3-
}

# check_length REPOSITORY RANGE WHAT: what reviewers take in one series.
check_length() {
	local count

	count=$(plain_git -C "$1" rev-list --count "$2")
	((count <= MAX_PATCHES)) ||
		die "$count patches in $3; at most $MAX_PATCHES"
}

# write_mails REPOSITORY RANGE COVER DIR: the mails of a group. The cover's text
# begins with "Subject: [PREFIX] subject".
write_mails() {
	local subject prefix blurb

	subject=$(sed -n '1s/^Subject: \[[^]]*\] //p' "$3")
	prefix=$(sed -n '1s/^Subject: \[\([^]]*\)\].*/\1/p' "$3" |
		sed 's, [0-9/]*$,,')
	[[ -n $subject && -n $prefix ]] ||
		die "$3 does not begin with Subject: [PREFIX] subject"
	mkdir -p "$4"
	as_author "$1" format-patch -q --cover-letter --zero-commit \
		--no-signature --subject-prefix="$prefix" -o "$4" "$2"
	blurb=$(tail -n +3 "$3")
	SUBJECT=$subject BLURB=$blurb perl -pi -e '
		s/\*\*\* SUBJECT HERE \*\*\*/$ENV{SUBJECT}/;
		s/\*\*\* BLURB HERE \*\*\*/$ENV{BLURB}/' "$4/0000-cover-letter.patch"
}
