#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: nic-up
#
# Gives the NICs' interfaces their names and addresses, after the driver was loaded.
set -u
source "$VM_REPO/scripts/vm/guest-lib.sh"

# By its address, and ours by its driver as well: what is stacked on an interface may
# have its address.
find_nic() {
	local dev

	for dev in /sys/class/net/*/; do
		dev=${dev%/}
		[[ $(<"$dev/address") == "$1" ]] || continue
		[[ $NIC != acme || $(readlink "$dev/device/driver") == */acme ]] ||
			continue
		echo "${dev##*/}"
		return 0
	done
	return 1
}

# setup_nic MAC NAME ADDRESS...
setup_nic() {
	local dev name=$2

	dev=$(wait_until 10 find_nic "$1") ||
		die "there is no interface to be $name"
	{
		[[ $dev == "$name" ]] || echo "link set dev $dev name $name"
		echo "link set dev $name up"
		echo "addr add $3/24 dev $name"
		echo "addr add $4/64 dev $name nodad"
	} | ip -batch - || die "cannot set up $name"
	wait_until 15 carrier "$name" || die "$name has no carrier"
}

carrier() {
	[[ $(cat "/sys/class/net/$1/carrier" 2>/dev/null) == 1 ]]
}

die() {
	echo "${0##*/}: $*"
	exit 1
}

setup_nic "$NIC_MAC" acme0 10.0.0.1 fd00::1
((NICS < 2)) || setup_nic "$NIC_MAC_1" acme1 10.0.1.1 fd00:1::1
