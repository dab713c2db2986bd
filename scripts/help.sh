#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: help.sh MAKEFILE
#
# Prints the targets of the Makefile with their descriptions, and the variables.
set -euo pipefail

printf 'IPsec full offload for Linux. Usage: make TARGET [VARIABLE=value]...\n'
awk -F ':.*## ' '
	/^##@ / { printf "\n%s\n", substr($0, 5) }
	/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $1, $2 }' "$1"
cat <<'END'

Variables of check, vm, shell
  RUN=script     what to run, relative to the caller (vm)
  ARGS="a b"     its arguments, quoted as for a shell (vm)
  TEST="a b"     tests to run, by name; default: all (check)
  LANES=n        suites of tests, VMs among them, that run side by side; default:
                 2, with one CPU 1 (check)
  SEED=n         the same random choices as a run that printed it (check)
  RATE=n         datagrams a second of each pair of SAs, in tests that move them
                 (check)
  STORM=n        moves and updates of the test storm; default: 300 (check)
  CUT=n          so many of a hundred new frames to the NIC come in fragments there;
                 default: 10 (check)
  FULL=1         all instead of a sample: tests matrix, faults_commands,
                 faults_dump_only and faults_move; 10000 moves and updates: test
                 storm (check)
  PEER=ns|vm     the peer: a namespace of the VM, or a VM of its own
  NIC=acme|virtio|none
                 the NIC: our model, a stock one in its place, or a VM
                 without network
  NICS=2         a second NIC, acme1; its wire ends in namespace peer2
  PROFILE=name   capabilities of the NIC (acme-nic --help); with NICS=2
                 "name,name" are those of each
  FOREIGN=1      plug an ivshmem device that is no NIC, too
  KERNEL=normal|debug
  TIMEOUT=s      time limit; exit status 124 when it is over
  MEM=1G SMP=2   memory (at most 2G) and CPUs of the VM
  CAPTURE=dir    leave a pcap of each wire there: wire0.pcap; a kselftest
                 has one in any case, in $OUT/capture, and its wires are
                 judged as in check (vm)
  OUT=dir        console.log, dmesg and what the script leaves in $OUT;
                 default: a new directory in build/out
  ACCEL=kvm|tcg  default: KVM if a trial boot passes
  NO_BUILD=1     take build/ as it is (vm, shell)
  V=1            show the VM's console

Variables of bench
  MODES="a b"    of cleartext software crypto packet full; default: all
  REPEATS=n      measurements of each, for the spread; default: 7
  MOVES=n        moves of live SAs, to be timed; default: 200, 0 for none

Variables of lint, series, check-fresh
  LINT="a b"     checks to run, by name; default: all
  COMPILE=no     only apply and look, neither compile nor boot (series)
  COMPILE=yes    plant what a compiler finds, too (check TEST=series_selftest)
  IPROUTE2_UPSTREAM=path
                 the tree of iproute2's series to be mailed (series)
  SUITE=bookworm|trixie
                 the Debian to make (check-fresh)
  FRESH="make check ..."
                 what to run there; default: what README.md says
  FRESH_CACHE=dir
                 a cache to lend it; default: none, all from nothing

Variables of the build
  KERNEL_SRC=path        Linux 6.12.y, tree or tarball; default: Debian's
  IPROUTE2_SRC=path      iproute2 6.1.0, tree or tarball; default: Debian's
  IPSEC_FULL_CACHE=dir   default: ~/.cache/ipsec-full
  JOBS=n                 default: the number of CPUs
  SKIP_DEPS=1            install no packages

Logs of the steps are in build/log.
END
