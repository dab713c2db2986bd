#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: selftest.sh
#
# Does "make vm" keep what Documentation/testing.rst promises of it? Runs small
# scripts in VMs and looks at exit status, output and what is left. Prints TAP.
#
# inputs: scripts Makefile drivers net include tools
# programs: qemu-system-x86_64
# kernels: normal
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$REPO/scripts/lint/tap.sh"

WORK=$BUILD/out/vm-selftest
OUTPUT=$WORK/output
PANIC='echo c >/proc/sysrq-trigger; sleep 60'
WARN='echo "WARNING: planted" >/dev/kmsg'

# script NAME TEXT: one that the VM can run.
script() {
	printf '#!/bin/bash\n%s\n' "$2" \
		>"$WORK/$1"
	chmod +x "$WORK/$1"
}

# vm VARIABLE=VALUE...: "make vm" from another directory, with a relative path.
vm() {
	(cd "$WORK" && env -u TIMEOUT -u ARGS NIC=none NO_BUILD=1 OUT=out "$@" \
		make -C "$REPO" vm)
} >"$OUTPUT" 2>&1 </dev/null

# ends STATUS WHAT VARIABLE=VALUE...
ends() {
	local expected=$1 what=$2 status=0

	shift 2
	vm "$@" || status=$?
	((status == expected)) && status=0 || status=1
	judged "$status" "$what"
}

judged() {
	(($1 == 0)) || sed 's/^/# /' "$OUTPUT"
	tap "$1" "$2"
}

# Lines of a script that leaves evidence.
traffic() {
	cat <<-END
		source "$SELFTESTS/lib.sh"
		source "$SELFTESTS/ipsec.sh"
		pair 1 tunnel 4 4 onlink 128 64
		carries 1 || exit
	END
}

# Between addresses that the evidence calls protected.
cleartext() {
	# shellcheck disable=SC2016  # for the VM
	echo 'ip address add "${NEAR[1]}/32" dev lo
		ip route add "${FAR_NET[1]}" via 10.0.0.2 src "${NEAR[1]}"
		ping -q -c 1 -W 1 "${FAR[1]}"
		exit 0'
}

# says REGEX WHAT: the last VM did.
says() {
	local status=0

	grep -Eq -- "$1" "$OUTPUT" || status=1
	judged "$status" "$2"
}

processes() {
	pgrep -af "$WORK/out" || true
}

# none_left: soon, there is no process.
none_left() {
	local i

	for ((i = 0; i < 50; i++)); do
		[[ -n $(processes) ]] || return 0
		sleep 0.1
	done
	processes >>"$OUTPUT"
	return 1
}

# interrupted SCRIPT: ^C, when it has said that it is there.
interrupted() {
	local pid memory status=0

	set -m
	vm NIC=acme RUN="$1" TIMEOUT=60 &
	pid=$!
	set +m
	until grep -q '^there$' "$OUTPUT"; do
		kill -0 "$pid" 2>/dev/null || return
		sleep 0.2
	done
	memory=$(processes | grep -o '/dev/shm/ipsec-full-[^ ,]*' | head -n 1)
	kill -INT -- "-$pid"
	wait "$pid" || status=$?
	echo "status $status, memory $memory" >>"$OUTPUT"
	[[ -n $memory && ! -e $memory ]] && ((status != 0)) &&
		! grep -q 'after 60 s' "$OUTPUT"
}

# tries ACCEL CONSOLE PEER-CONSOLE: does a VM that died with these logs get another try?
tries() {
	mkdir -p "$WORK/logs"
	printf '%s\n' "$2" >"$WORK/logs/console.log"
	printf '%s\n' "${3:-}" >"$WORK/logs/peer-console.log"
	PYTHONPATH=$REPO/scripts/vm python3 -B - "$1" "$WORK/logs" >"$OUTPUT" 2>&1 <<-'END'
		import sys, types, vm
		opts = types.SimpleNamespace(accel=sys.argv[1], out=sys.argv[2])
		print(vm.spoilt_by_tcg(opts))
	END
	grep -qx True "$OUTPUT"
}

boots_again() {
	tries "${@:2}"
	judged $? "another try: $1"
}

ends_there() {
	! tries "${@:2}" && grep -qx False "$OUTPUT"
	judged $? "no other try: $1"
}

judge_deaths() {
	local boots='[ 0.0] Linux version 6.12' init='[ 2.0] Run /init as init process'
	local complaint

	boots_again "QEMU died while devices were found" tcg "$boots"
	boots_again "code that was executed while it was patched" tcg \
		"$boots"$'\n'"$init"$'\n''Oops: int3: 0000'
	boots_again "the same in the peer" tcg "$boots"$'\n'"$init" 'Oops: int3: 0000'
	ends_there "with KVM" kvm "$boots"
	ends_there "no kernel was started" tcg ''
	for complaint in "BUG: planted" "WARNING: planted" "Oops: 0000" \
		"Kernel panic - not syncing" "reboot: System halted"; do
		ends_there "a kernel that says $complaint" tcg "$boots"$'\n'"$complaint"
	done
	ends_there "after the first process" tcg "$boots"$'\n'"$init"
	ends_there "once a script may run" tcg \
		"$boots"$'\n''ipsec_full: ready'$'\n''Oops: int3: 0000'
}

rm -rf "$WORK"
mkdir -p "$WORK"
set +e
judge_deaths
set -e
# shellcheck disable=SC2016  # for the VM
script status.sh 'echo "got $# $2"; echo left >"$OUT/left"; exit "$1"'
script panic.sh "$PANIC"
script warn.sh "$WARN"
script honest.sh "$(traffic)"
script leaks.sh "$(traffic; cleartext)"
script hang.sh 'sleep 1000'
script there.sh 'echo there; sleep 1000'

ends 37 "the script's exit status" RUN=status.sh ARGS="37 'two words'"
says 'got 2 two words' "its arguments, and its output"
judged "$([[ $(cat "$WORK/out/left") == left ]]; echo $?)" "what it leaves in OUT"
ends 0 "none for success" RUN=status.sh ARGS="0 x"
ends 124 "TIMEOUT: 124" RUN=hang.sh TIMEOUT=15
judged "$(none_left; echo $?)" "and no process is left"
status=0
interrupted there.sh || status=1
judged "$status" "interrupted: it fails, and gives its memory back"
judged "$(none_left; echo $?)" "no process is left"
ends 0 "and the next one works" RUN=status.sh ARGS="0 x"
ends 125 "a kernel that dies: 125" RUN=panic.sh
ends 1 "a kernel that complains" RUN=warn.sh
says 'WARNING: planted' "and what of"
ends 0 "a wire that is clean" RUN=honest.sh NIC=acme CAPTURE=capture
says '^ok the wire is clean' "the verdict"
ends 0 "evidence without a capture" RUN=honest.sh NIC=acme
says 'not judged without CAPTURE=' "what it lacks"
ends 1 "cleartext on the wire" RUN=leaks.sh NIC=acme CAPTURE=capture
says '^# cleartext: 1$' "which is counted"
says '^not ok the wire is clean' "the verdict"
ends 1 "a kselftest without network" RUN="$SELFTESTS/vm_conventions.sh"
says '^not ok vm_conventions.sh: no evidence' "and without evidence"
ends 2 "a script that does not exist" RUN=nosuch.sh
says 'there is no script .*nosuch.sh' "which one"
ends 2 "a value that makes no sense" RUN=status.sh MEM=7
says 'memory must be' "which would"
ends 2 "more NICs than there are" RUN=status.sh NIC=acme NICS=3
says "invalid choice: '?3" "how many there are"
ends 2 "no number of NICs" RUN=status.sh NIC=acme NICS=2x
ends 2 "a second NIC with a peer in a VM" RUN=status.sh NIC=acme NICS=2 PEER=vm
says 'NICS=2 needs PEER=ns' "what it needs"
ends 2 "two stock NICs" RUN=status.sh NIC=virtio NICS=2
says 'NICS=2 needs NIC=acme' "what it needs"
ends 2 "two profiles for one NIC" RUN=status.sh NIC=acme PROFILE=basic,basic
says 'one for all NICs' "how many there may be"
rm -rf "$WORK"
tap_end
