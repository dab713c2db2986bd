# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # for who sources it
#
# What the test VM's and the peer VM's first programs share.

BIN=/run/vm-bin

# wait_until SECONDS COMMAND...
wait_until() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

# The device file of a virtio-serial port.
find_port() {
	local name

	for name in /sys/class/virtio-ports/*/name; do
		[[ -e $name && $(<"$name") == "$1" ]] || continue
		name=${name%/name}
		echo "/dev/${name##*/}"
		return 0
	done
	return 1
}

wait_for_port() {
	wait_until 10 find_port "$1"
}

find_by_mac() {
	local dev

	for dev in /sys/class/net/*/; do
		dev=${dev%/}
		[[ $(<"$dev/address") == "$1" ]] || continue
		echo "${dev##*/}"
		return 0
	done
	return 1
}

# Duplicate address detection would keep IPv6 silent for seconds.
disable_dad() {
	local conf=/proc/sys/net/ipv6/conf

	echo 0 >$conf/all/accept_dad
	echo 0 >$conf/default/accept_dad
}
