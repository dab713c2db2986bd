#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: demo.sh
#
# From nothing to real traffic that the NIC encrypts: builds what is missing, runs
# demo-guest.sh in the test VM with the peer in another, then judges what QEMU
# has captured on the wire. The last line is the verdict, the exit status is 0
# if all was proved.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

RESULT=$BUILD/demo
START=$SECONDS

introduction() {
	cat <<-'END'

	IPsec full offload: the NIC does ESP, the CPU sees plain packets.

	    this VM                                  the peer, another VM
	   +--------------------+                   +--------------------+
	   | ping, iperf3, nc   |                   | iperf3, nc         |
	   | XFRM: policies     |                   | XFRM: software ESP |
	   | driver acme        |                   | driver virtio-net  |
	   +---------+----------+                   +---------+----------+
	        plain packets                                 |
	   +---------+----------+       ESP only              |
	   | acme-nic, the NIC  +-----------------------------+
	   +--------------------+   captured by QEMU

	No acme card exists: the NIC is a model, a process beside the VM, with rings,
	interrupts and DMA as a card has them. What follows is real traffic, and
	every claim marked [ok] was checked just now.
	END
}

build_all() {
	note "Building what is not built yet. Logs are in $LOG_DIR."
	"$REPO/scripts/deps.sh"
	"$REPO/scripts/kernel/build.sh"
	"$REPO/scripts/device.sh"
	"$REPO/scripts/iproute2.sh"
	"$REPO/scripts/driver.sh"
}

run_guest() {
	rm -rf "$RESULT"
	PEER=vm NIC=acme OUT=$RESULT CAPTURE=$RESULT/capture NO_BUILD=1 \
		NO_WIRE_CHECK=1 RUN=$REPO/scripts/demo-guest.sh "$REPO/scripts/vm.sh" run
}

# What anybody on the wire sees, once for each SA.
frames() {
	tcpdump -n -r "$RESULT/capture/wire0.pcap" \
		"esp or ip6 proto 50" 2>/dev/null |
		awk '{ match($0, /spi=0x[0-9a-f]+/)
			spi = substr($0, RSTART, RLENGTH) }
		     !seen[spi]++ && n++ < 4 {
			sub(/^[^ ]+ /, "")
			print "      " $0
		}'
}

judge_wire() {
	local status=0

	printf '\n9. What was on the wire, by QEMU\x27s capture\n\n'
	frames
	printf '\n   With the keys of the SAs, a decoder of our own reads all of it,'
	printf ' and tshark all ESP:\n\n'
	"$SELFTESTS/verify_wire.py" --all "$RESULT/wire" \
		"$RESULT/capture/wire0.pcap" >"$RESULT/wire.txt" 2>&1 || status=$?
	sed 's/^/      /' "$RESULT/wire.txt"
	((status == 0)) || return "$status"
	cat <<-'END'

	   [ok]  nothing but ESP between the protected addresses, no cleartext
	   [ok]  every frame decrypts, every ICV is right
	   [ok]  no IV and no sequence number twice, none is missing
	   [ok]  packets and bytes equal what "ip -s xfrm state" says at both ends
	END
}

value() {
	sed -n "s/^$1 //p" "$RESULT/figures"
}

row() {
	printf '   %-34s %12s %12s\n' "$@"
}

figures() {
	local boot

	boot=$(sed -n 's/^\[ *\([0-9]*\.[0-9]\).*ipsec_full: ready.*/\1/p' \
		"$RESULT/console.log" | head -n 1)
	printf '\nFigures of this run: two VMs and the NIC on %d CPUs' "$(nproc)"
	printf '; with full, the limit\nis the software ESP of the peer\n\n'
	row '' clear full
	row 'TCP out, Mbit/s' "$(value clear-tcp_rate-out)" \
		"$(value full-tcp_rate-out)"
	row 'TCP in, Mbit/s' "$(value clear-tcp_rate-in)" \
		"$(value full-tcp_rate-in)"
	row 'UDP out, 64 bytes, frames/s' "$(value clear-packet_rate-out)" \
		"$(value full-packet_rate-out)"
	row 'UDP in, 64 bytes, frames/s' "$(value clear-packet_rate-in)" \
		"$(value full-packet_rate-in)"
	printf '\n   guest boot %s s; building %d s, demo %d s, all %d s\n' \
		"${boot:-?}" $((GUEST_START - START)) \
		$((SECONDS - GUEST_START)) $((SECONDS - START))
}

main() {
	local status=0

	build_all
	introduction
	GUEST_START=$SECONDS
	run_guest || status=$?
	if [[ ! -d $RESULT/wire ]]; then
		die "the VM did not get to the end (status $status), see $RESULT"
	fi
	judge_wire || status=1
	figures
	if ((status)); then
		printf '\nNOT PROVED: see [NO] and the text under 9. Logs: %s\n' \
			"$RESULT"
		return 1
	fi
	printf '\nPROVED: real traffic was encrypted by the NIC, and only by it.\n'
}

main "$@"
