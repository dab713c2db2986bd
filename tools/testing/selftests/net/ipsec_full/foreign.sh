#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An ivshmem device that is no acme NIC, though its PCI ids are the same, is left
# alone, and said so in the log.
#
# topology: FOREIGN=1 PROFILE=few-sas
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

# PCI addresses of all ivshmem devices with this driver, or with none.
devices_with() {
	local dir

	for dir in /sys/bus/pci/devices/*; do
		[[ $(cat "$dir/vendor" "$dir/device") == $'0x1af4\n0x1110' ]] &&
			[[ $(basename "$(readlink "$dir/driver")") == "$1" ]] &&
			echo "${dir##*/}"
	done
}

one_has_driver() {
	[[ $(devices_with acme | wc -l) == 1 ]]
}

other_has_none() {
	[[ $(devices_with "" | wc -l) == 1 ]]
}

log_says() {
	dmesg | grep "$1" | grep "$2"
}

can_be_left() {
	! echo "$FOREIGN" >/sys/bus/pci/drivers/acme/bind &&
		other_has_none && one_has_driver
}

pair 49 tunnel 4 4 onlink 128 64
FOREIGN=$(devices_with "")
plan 5
check "the NIC has its driver" one_has_driver
check "the other device has none" other_has_none
check "the log says why" \
	log_says "acme $FOREIGN: not an acme NIC" "leave it to others"
check "it can't be bound by hand" can_be_left
check "the NIC works, and SAs in it" carries 49
finish
