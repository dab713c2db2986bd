#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The test VM is as Documentation/testing.rst promises.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

out_is_writable() {
	echo hello >"$OUT/vm_conventions.txt" && rm "$OUT/vm_conventions.txt"
}

programs_exist() {
	local program

	for program in bridge ethtool devlink iperf3 nft tc tcpdump peer; do
		type "$program" || return 1
	done
	/usr/bin/python3 -c 'import scapy'
}

pair 45 transport 4 4 onlink 128 64
plan 13
check "acme0 has its IPv4 address" has_address acme0 10.0.0.1/24
check "acme0 has its IPv6 address" has_address acme0 fd00::1/64
check "peer0 has its IPv4 address" has_address peer0 10.0.0.2/24 peer
check "peer0 has its IPv6 address" has_address peer0 fd00::2/64 peer
check "the peer answers, IPv4" large_ping 10.0.0.2
check "the peer answers, IPv6" large_ping fd00::2
check "peer passes the exit status on" \
	bash -c 'peer sh -c "exit 42"; test $? = 42'
check "peer passes standard input and output on" \
	test "$(echo hello | peer cat)" = hello
check "\$OUT is writable" out_is_writable
check "debugfs and tracefs are mounted" \
	test -d /sys/kernel/debug/kprobes -a -e /sys/kernel/tracing/trace
check "the programs that tests use are there" programs_exist
check "the repository is readable" test -r "$VM_REPO/Makefile"
check "SAs carry packets between the two" carries 45
finish
