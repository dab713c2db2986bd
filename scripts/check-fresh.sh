#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: check-fresh.sh
#
# What a newcomer sees: the commands of README.md, one after the other, in a clone
# of this checkout's last commit, on a Debian that has nothing but its minimal
# base, and certificates, for mirrors that want https. The system is made by
# debootstrap in a directory of the cache, has /proc and /dev of its own and the
# network of this machine, and goes away at the end. Mirror, proxies and certificates
# are those of this machine. Logs and results stay in build/fresh-SUITE. Needs root.
#
# SUITE=bookworm          the Debian release
# FRESH="make check ..."  other commands than README.md's
# FRESH_CACHE=DIR         a cache of earlier builds to use there, to save time;
#                         without it, everything comes from nothing
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/apt.sh"

SUITE=${SUITE:-bookworm}
ROOT=$CACHE/fresh-$SUITE
CLONE=ipsec-full
COMMANDS=$ROOT/root/commands.sh

mirror() {
	local uri

	uri=$(apt_uri "$SUITE")
	[[ -n $uri ]] || uri=$(apt_uri "$(apt_suite)")
	echo "${uri:-http://deb.debian.org/debian/}"
}

remove() {
	rm -rf --one-file-system "$ROOT"
}

# What explains a failure, when the rest is gone.
keep_results() {
	local part

	rm -rf "$BUILD/fresh-$SUITE"
	mkdir -p "$BUILD/fresh-$SUITE"
	for part in log results; do
		[[ ! -d $ROOT/root/$CLONE/build/$part ]] ||
			cp -r "$ROOT/root/$CLONE/build/$part" "$BUILD/fresh-$SUITE/"
	done
	[[ ! -d $ROOT/root/$CLONE/build/out ]] ||
		rsync -rm --include='*/' --include='*.log' --include='dmesg' \
			--exclude='*' "$ROOT/root/$CLONE/build/out" \
			"$BUILD/fresh-$SUITE/"
	remove
}

install_base() {
	remove
	mkdir -p "$(dirname "$ROOT")"
	debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$ROOT" \
		"$(mirror)"
}

# How this machine reaches the network; and no daemon starts, for want of an init.
configure() {
	local file security

	security=$(mirror)
	security=${security/%\/debian\//\/debian-security\/}
	cat >"$ROOT/etc/apt/sources.list" <<-END
		deb $(mirror) $SUITE main
		deb $security $SUITE-security main
	END
	apt-config dump | grep -E '^Acquire::[a-z]+::(Proxy|CaInfo)' \
		>"$ROOT/etc/apt/apt.conf.d/90network" || true
	for file in /etc/resolv.conf /etc/hosts /etc/pip.conf; do
		[[ ! -e $file ]] || cp -L "$file" "$ROOT$file"
	done
	find /usr/local/share/ca-certificates -name '*.crt' \
		-exec cp -t "$ROOT/usr/local/share/ca-certificates" {} + || true
	printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
	chmod +x "$ROOT/usr/sbin/policy-rc.d"
	chroot "$ROOT" update-ca-certificates
}

clone() {
	git clone -q --no-hardlinks "$REPO" "$ROOT/root/$CLONE"
}

# README.md's own: what to install, then the commands in their order.
readme_commands() {
	sed -n 's/^    \(apt-get install .*\)/apt-get update \&\& \1 -y/p' \
		"$REPO/README.md"
	echo "cd $CLONE"
	if [[ -n ${FRESH:-} ]]; then
		echo "$FRESH"
	else
		sed -n 's/^    \(make [a-z]*\) .*/\1/p' "$REPO/README.md"
	fi
}

write_commands() {
	{
		echo '#!/bin/sh'
		echo 'set -ex'
		readme_commands
	} >"$COMMANDS"
	[[ -n ${FRESH:-} ]] || grep -q '^make' "$COMMANDS" ||
		die "README.md has no commands to run"
	grep -q '^apt-get' "$COMMANDS" || die "README.md installs nothing"
}

# Run by unshare, in namespaces of its own for mounts and processes.
mount_all() {
	local node

	mount -t proc proc "$ROOT/proc"
	mount -t sysfs -o ro sysfs "$ROOT/sys"
	mount -t tmpfs -o mode=755 tmpfs "$ROOT/dev"
	for node in null zero full random urandom tty kvm; do
		[[ -e /dev/$node ]] || continue
		touch "$ROOT/dev/$node"
		mount --bind "/dev/$node" "$ROOT/dev/$node"
	done
	mkdir "$ROOT/dev/pts" "$ROOT/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666 devpts "$ROOT/dev/pts"
	ln -s pts/ptmx "$ROOT/dev/ptmx"
	ln -s /proc/self/fd "$ROOT/dev/fd"
	mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm"
	[[ -z ${FRESH_CACHE:-} ]] || mount_cache
}

mount_cache() {
	mkdir -p "$ROOT/root/.cache/ipsec-full"
	mount --bind "$FRESH_CACHE" "$ROOT/root/.cache/ipsec-full"
}

# Nothing of the caller's environment but how the network is reached.
enter() {
	local network=()

	mapfile -t network < <(env | grep -iE '^[a-z]*_proxy=' || true)
	mount_all
	exec env -i "${network[@]}" HOME=/root TERM="${TERM:-dumb}" \
		DEBIAN_FRONTEND=noninteractive \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		chroot "$ROOT" sh -c 'cd /root && exec sh ./commands.sh'
}

run_commands() {
	unshare --mount --pid --fork --kill-child "$0" --enter
}

if [[ ${1:-} == --enter ]]; then
	enter
fi
((EUID == 0)) || die "needs root, for chroot and mounts"
mkdir -p "$CACHE"
exec {LOCK}>"$CACHE/.lock-fresh-$SUITE"
flock --nonblock "$LOCK" || die "another run makes a fresh $SUITE"
trap keep_results EXIT
step "Fresh $SUITE: debootstrap" install_base
step "Fresh $SUITE: network" configure
step "Fresh $SUITE: clone" clone
write_commands
STEP_LOG_LINES=60
step "Fresh $SUITE: commands" run_commands
note "fresh $SUITE: done in $((SECONDS / 60)) minutes"
grep -E '^[0-9]+ passed, ' "$LOG_DIR/fresh-$SUITE-commands.log" || true
