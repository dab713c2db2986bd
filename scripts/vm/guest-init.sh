#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# First program in the test VM: makes the promises of Documentation/testing.rst
# true (paths, modules, interfaces, peer, $OUT), runs the script, and leaves
# its status and the kernel's log behind.
#
# Usage: guest-init.sh [shell]
set -u
source "$VM_REPO/scripts/vm/guest-lib.sh"

SETUP_FAILED=125

mount_shares() {
	local nine=trans=virtio,version=9p2000.L,msize=512000

	mkdir -p "$OUT" /run/vm-kernel
	mount -t 9p -o "$nine" out "$OUT" || fail "cannot mount $OUT"
	mount -t 9p -o "ro,cache=loose,$nine" kernel /run/vm-kernel ||
		fail "cannot mount the kernel's directory"
}

# All programs that a script may call by name, before those of the system.
link_programs() {
	local program

	mkdir -p "$BIN"
	for program in iproute2/ip acme/acmectl vm/vmexec; do
		[[ ! -x $VM_REPO/build/$program ]] ||
			ln -s "$VM_REPO/build/$program" "$BIN/"
	done
	if [[ $PEER == ns ]]; then
		ln -s "$VM_REPO/build/vm/peer-ns" "$BIN/peer"
		((NICS < 2)) || ln -s "$VM_REPO/build/vm/peer-ns" "$BIN/peer2"
	else
		ln -s "$VM_REPO/scripts/vm/peer-$PEER.sh" "$BIN/peer"
	fi
	ln -s "$VM_REPO/scripts/vm/nic-up.sh" "$BIN/nic-up"
	export PYTHONPYCACHEPREFIX=/run/pycache
	export PATH=$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
}

# The kernel's own modules and the driver, so that modprobe finds them.
mount_modules() {
	local release source

	release=$(uname -r)
	source=$VM_REPO/build/modules-$VM_KERNEL/lib/modules/$release
	[[ -d $source ]] || return 0
	mkdir -p "/lib/modules/$release"
	mount --bind "$source" "/lib/modules/$release"
}

load_driver() {
	[[ $NIC == acme ]] || return 0
	modprobe acme || fail "cannot load the acme driver"
}

setup_peer_ns() {
	peer_in_ns peer peer0 "$PEER_MAC" 10.0.0.2 fd00::2
	((NICS < 2)) ||
		peer_in_ns peer2 peer1 "$PEER_MAC_1" 10.0.1.2 fd00:1::2
}

# peer_in_ns NAMESPACE INTERFACE MAC ADDRESS...: the namespace first, as its default
# for duplicate address detection must be in place when the interface arrives.
peer_in_ns() {
	local ns=$1 name=$2 dev

	dev=$(find_by_mac "$3") || fail "no interface to be $name"
	ip netns add "$ns"
	ip netns exec "$ns" bash -c "$(declare -f disable_dad); disable_dad"
	ip link set dev "$dev" netns "$ns" name "$name" ||
		fail "cannot move $name"
	ip -n "$ns" -batch - <<-END || fail "cannot set up $name"
		link set dev lo up
		link set dev $name up
		addr add $4/24 dev $name
		addr add $5/64 dev $name nodad
	END
}

setup_peer_vm() {
	peer true || fail "the peer VM does not answer"
}

reaches() {
	ping -q -c 1 -W 1 "$1" >/dev/null 2>&1
}

check_network() {
	local address far=(10.0.0.2 fd00::2)

	((NICS < 2)) || far+=(10.0.1.2 fd00:1::2)
	for address in "${far[@]}"; do
		wait_until 15 reaches "$address" ||
			fail "no answer from $address"
	done
}

setup_network() {
	local text

	ip link set dev lo up
	[[ $NIC != none ]] || return 0
	disable_dad
	load_driver
	text=$(nic-up 2>&1) || fail "$text"
	"setup_peer_$PEER"
	check_network
}

fail() {
	echo "vm: set-up failed: $*"
	ip -s address
	ip neighbour
	[[ $NIC == none ]] || peer ip -s address
	echo "ipsec_full: set-up failed: $*" >/dev/kmsg
	finish "$SETUP_FAILED"
}

# Two scans, apart: what was in flight at the first is not reported.
scan_for_leaks() {
	local file=/sys/kernel/debug/kmemleak

	[[ -e $file || $VM_KERNEL == debug ]] || return 0
	if ! { echo scan >"$file" && sleep 5 && echo scan >"$file"; }; then
		echo "ipsec_full: kmemleak: the scan failed" >/dev/kmsg
		return
	fi
	sed 's/^/ipsec_full: kmemleak: /' "$file" | while read -r line; do
		echo "$line" >/dev/kmsg
	done
}

finish() {
	if [[ $VM_KERNEL == debug ]]; then
		scan_for_leaks
	fi
	dmesg >"$OUT/dmesg" 2>/dev/null
	echo "$1" >/run/vm/status
	sync
	exit 0
}

# The script's standard output and error reach the host in one stream.
run_script() {
	local status=0 args=()

	cd "$(dirname "$VM_RUN")" || fail "cannot enter $(dirname "$VM_RUN")"
	eval "args=($VM_ARGS)"
	if [[ -x $VM_RUN ]]; then
		"$VM_RUN" "${args[@]}" </dev/null || status=$?
	else
		bash "$VM_RUN" "${args[@]}" </dev/null || status=$?
	fi
	finish "$status"
}

main() {
	local port

	if [[ ${1:-} != shell ]]; then
		port=$(wait_for_port vm.out) && exec >"$port" 2>&1
	fi
	mount_shares
	link_programs
	mount_modules
	setup_network
	echo "ipsec_full: ready" >/dev/kmsg
	[[ ${1:-} == shell ]] || run_script
	cd "$VM_REPO" || exit
	export PS1='vm:\w# '
	exec bash --norc -i
}

main "$@"
