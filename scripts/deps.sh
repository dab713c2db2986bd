#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: deps.sh [LIST...]
#
# Installs the Debian packages of packages.list, and of the lists named, that are
# missing, and virtme-ng into a virtual environment in the cache. The user's apt
# sources stay as they are: where they lack something (security updates,
# sources), private lists in the cache have it, from the mirror that the user's
# sources name.
#
# SKIP_DEPS=1 skips the packages.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/apt.sh"

VIRTME_NG_VERSION=1.42
VENV=
LISTS=("$REPO/scripts/packages.list" "$@")
PACKAGES=()

missing_packages() {
	local wanted=()

	mapfile -t wanted < <(sed 's/ *#.*//; /^$/d' "${LISTS[@]}")
	for package in "${wanted[@]}"; do
		package_installed "$package" || echo "$package"
	done
}

# With KERNEL_SRC= nobody needs Debian's kernel source.
package_installed() {
	[[ $1 != linux-source-6.12 || -z ${KERNEL_SRC:-} ]] || return 0
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
		grep -qx installed
}

is_debian() {
	[[ -e /etc/debian_version ]] && command -v apt-get dpkg-query >/dev/null &&
		grep -qx 'ID=debian' /etc/os-release
}

other_system() {
	cat >&2 <<-END
	This is not Debian: install the counterparts of these packages, then run
	again with SKIP_DEPS=1 and with KERNEL_SRC= and IPROUTE2_SRC= set to a Linux
	6.12.y and an iproute2 6.1.0 source tree:

	$(sed 's/ *#.*//; /^$/d; /^linux-source/d' "${LISTS[@]}" | paste -sd' ' |
		fold -s -w 72)
	END
	exit 1
}

install_packages() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get "${APT_OPTIONS[@]}" \
		-o DPkg::Lock::Timeout=600 -y --no-install-recommends \
		install "${PACKAGES[@]}"
}

# Of another Python's environment, an upgraded system could use nothing.
find_venv() {
	VENV=$CACHE/venv-$VIRTME_NG_VERSION-$(/usr/bin/python3 -c \
		'import sys; print("py%d.%d" % sys.version_info[:2])')
}

install_venv() {
	rm -rf "$VENV"
	/usr/bin/python3 -m venv "$VENV"
	"$VENV/bin/pip" install --disable-pip-version-check \
		"virtme-ng==$VIRTME_NG_VERSION"
	"$VENV/bin/vng" --version
	touch "$VENV/.complete"
}

debian_packages() {
	mapfile -t PACKAGES < <(missing_packages)
	((${#PACKAGES[@]})) || return 0
	note "Debian packages to install: ${PACKAGES[*]}"
	get_root
	step "Packages: read the lists" apt_update
	step "Packages: install ${#PACKAGES[@]}" install_packages
}

virtme_ng() {
	[[ -e $VENV/.complete ]] || step "virtme-ng $VIRTME_NG_VERSION: install" install_venv
}

if [[ -z ${SKIP_DEPS:-} ]]; then
	is_debian || other_system
	[[ -z $(missing_packages) ]] || with_lock apt debian_packages
fi
find_venv
[[ -e $VENV/.complete ]] || with_lock venv virtme_ng
mkdir -p "$BUILD"
ln -sfn "$VENV" "$BUILD/venv"
