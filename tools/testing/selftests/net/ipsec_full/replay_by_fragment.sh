#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An attack: a frame of ESP is caught and sent again, cut into two IP fragments.
# The NIC passes fragments on, and the host decrypts them. With "offload packet" it
# goes by a window of its own, which never moves: the datagram is delivered again.
# With "offload full" it asks the NIC: the replay is dropped, counted and audited.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
INJECT_PORT=4267
source "$(dirname "$0")/inject.sh"

HONEST=6040
pair 6030 tunnel    4 4 routed 128 64
pair 6031 tunnel    6 6 routed 128 64
pair 6032 transport 4 4 routed 128 64
pair $HONEST tunnel 4 4 onlink 128 64
PLAYED=({6030..6032})

setup() {
	inject_up "${PLAYED[@]}" && audit_to_log
}

hw_replays() {
	ethtool -S acme0 | sed -n 's/^ *hw_esp_rx_replay: //p'
}

nic_dropped() {
	(($(hw_replays) == $1))
}

# catch N NUMBER: a frame that the NIC has decrypted, and that it drops when it
# comes again as it was.
catch() {
	local replays

	replays=$(hw_replays)
	inject "$1 seq $2" && arrived "$1" "$2" &&
		inject "$1 again whole" &&
		busywait 3000 nic_dropped $((replays + 1)) &&
		arrived "$1" "$2"
}

packet_accepts() {
	renewed "$1" as_packet && catch "$1" 7 &&
		inject "$1 again fragments" && arrived "$1" 7 2
}

audited() {
	audit_log SA-replayed-pkt | grep -q "spi=$((SPI_IN[$1])).* seqno=8"
}

full_drops() {
	local n=$1 before

	renewed "$n" cat && catch "$n" 8 || return
	dmesg -C
	before=$(mib near XfrmInStateSeqError)
	inject "$n again fragments" && busywait 3000 audited "$n" || return
	echo "$((before + 1)) expected, $(mib near XfrmInStateSeqError) counted"
	inject "$n handled 1 2" && arrived "$n" 8 &&
		(($(mib near XfrmInStateSeqError) == before + 1)) &&
		still_works "$n" && arrived "$n" 8
}

all_checks() {
	local n

	for n in "${PLAYED[@]}"; do
		check "offload packet delivers it again ($n)" packet_accepts "$n"
		check "offload full drops and audits it ($n)" full_drops "$n"
	done
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
