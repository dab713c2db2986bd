#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# First program in the peer VM: a stock machine with peer0, whose commands come
# from the test VM.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
NINE=trans=virtio,version=9p2000.L,msize=512000
REPO=$(dirname "$(dirname "$(dirname "$0")")")
export HOME=/tmp LC_ALL=C.UTF-8

mount_system() {
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t debugfs debugfs /sys/kernel/debug
	mount -t tracefs tracefs /sys/kernel/tracing
	mount -t tmpfs -o mode=1777 tmpfs /tmp
	mount -t tmpfs -o mode=1777 tmpfs /var/tmp
	mount -t tmpfs tmpfs /run
	mkdir -p /run/vm /dev/pts /dev/shm
	mount -t devpts devpts /dev/pts
	mount -t tmpfs tmpfs /dev/shm
	mount -t 9p -o "ro,$NINE" run /run/vm
	mkdir -p "$REPO"
	mount -t 9p -o "ro,cache=loose,$NINE" repo "$REPO"
}

setup_network() {
	local dev

	disable_dad
	dev=$(find_by_mac "$PEER_MAC") || return
	ip -batch - <<-END
		link set dev lo up
		link set dev $dev name peer0
		link set dev peer0 up
		addr add 10.0.0.2/24 dev peer0
		addr add fd00::2/64 dev peer0 nodad
	END
}

mount_system
source "$REPO/scripts/vm/guest-lib.sh"
source /run/vm/env
setup_network
wait_for_port "peer.$((PEER_PORTS - 1))" >/dev/null
cd /tmp || exit
exec "$REPO/build/vm/vmexec" serve peer "$PEER_PORTS"
