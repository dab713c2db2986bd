#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: nic-up
#
# Gives the NIC's interface its name and addresses, after the driver was loaded.
set -u
source "$VM_REPO/scripts/vm/guest-lib.sh"

# By its driver (acme) or its address (a stock NIC).
find_nic() {
	local dev

	for dev in /sys/class/net/*/; do
		dev=${dev%/}
		case $NIC in
		acme)
			[[ $(readlink "$dev/device/driver") == */acme ]] || continue
			;;
		*)
			[[ $(<"$dev/address") == "$NIC_MAC" ]] || continue
			;;
		esac
		echo "${dev##*/}"
		return 0
	done
	return 1
}

setup_nic() {
	local dev=$1

	{
		[[ $dev == acme0 ]] || echo "link set dev $dev name acme0"
		echo "link set dev acme0 up"
		echo "addr add 10.0.0.1/24 dev acme0"
		echo "addr add fd00::1/64 dev acme0 nodad"
	} | ip -batch -
}

carrier() {
	[[ $(cat /sys/class/net/acme0/carrier 2>/dev/null) == 1 ]]
}

die() {
	echo "${0##*/}: $*"
	exit 1
}

dev=$(wait_until 10 find_nic) || die "there is no interface of the NIC"
setup_nic "$dev" || die "cannot set up $dev"
wait_until 15 carrier || die "acme0 has no carrier"
