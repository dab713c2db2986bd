# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # for who sources it
#
# Private apt lists: what the user's sources may lack, without touching them.
# Needs lib.sh.

APT_DIR=$CACHE/apt
APT_OPTIONS=(
	-o "Dir::Etc::sourcelist=$APT_DIR/sources.list"
	-o Dir::Etc::sourceparts=-
	-o "Dir::State::lists=$APT_DIR/lists"
	-o APT::Sandbox::User=root
)
# The source of iproute2 comes from here, whatever Debian this is.
SOURCE_SUITE=bookworm

get_root() {
	((EUID)) || return 0
	command -v sudo >/dev/null ||
		die "installing packages needs root: run as root, or install sudo"
	sudo -v || die "installing packages needs root"
}

as_root() {
	if ((EUID)); then
		sudo "$@"
	else
		"$@"
	fi
}

# apt_uri SUITE: the mirror that the user's own sources name.
apt_uri() {
	# shellcheck disable=SC2016  # apt's variables
	apt-get indextargets 'Created-By: Packages' --format \
		'$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)' 2>/dev/null |
		awk -v suite="$1" '($2 == suite || $3 == suite) &&
			$NF == "main" && !done++ { print $1 }'
}

apt_suite() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

apt_write_sources() {
	local suite main security key=

	suite=$(apt_suite)
	main=$(apt_uri "$suite")
	main=${main:-http://deb.debian.org/debian/}
	security=$(apt_uri "$suite-security")
	security=${security:-${main/%\/debian\//\/debian-security\/}}
	[[ $security != "$main" ]] ||
		security=http://deb.debian.org/debian-security/
	[[ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ]] ||
		key="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
	cat <<-END
		deb $key$main $suite main
		deb $key$main $suite-updates main
		deb $key$security $suite-security main
		deb-src $key$main $SOURCE_SUITE main
	END
}

apt_update() {
	mkdir -p "$APT_DIR/lists/partial"
	apt_write_sources >"$APT_DIR/sources.list"
	cat "$APT_DIR/sources.list"
	apt-get "${APT_OPTIONS[@]}" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= update
}
