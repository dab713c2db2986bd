#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC that can stop SAs, but not decide about packets of the host. For a fragment
# of ESP, the SA is taken from it, and given back soon after. No packet is lost by
# that, none is taken twice, limits are exact; forged fragments don't stop the NIC.
#
# topology: PROFILE=dump-only
# timeout: 600
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/profile.sh"
INJECT_PORT=4268
source "$(dirname "$0")/inject.sh"
source "$(dirname "$0")/exceptions.sh"

# enum acme_status and enum acme_opcode
INTERNAL=10
SA_RUN=0x21
# XFRM_FULL_BURST
BURST=8

ESN[6054]=esn
WORDS_IN[6055]="limit packet-hard 10"
WORDS_IN[6056]="limit byte-hard 291"
pair 6050 tunnel    4 4 routed 128 64
pair 6051 tunnel    6 6 routed 256 64
pair 6052 transport 4 4 routed 128 64
pair 6053 transport 6 6 routed 128 64
pair 6054 tunnel    4 4 routed 128 64
pair 6055 tunnel    4 4 routed 128 64
pair 6056 tunnel    4 4 routed 128 64
pair 6057 tunnel    4 4 routed 128 1024
pair 6058 tunnel    6 6 routed 128 1024
pair 6060 tunnel    4 4 onlink 128 64
PLAYED=({6050..6058})

# One fragmented packet suspends the SA, and it goes back soon.
suspended() {
	local n=$1 trace=/sys/kernel/tracing

	fresh "$n" && takes "$n" 1 && in_place "$n" device || return
	echo >$trace/trace
	echo 1 >$trace/events/xfrm_full/xfrm_full_move/enable
	takes "$n" f2 && in_place "$n" device
	echo 0 >$trace/events/xfrm_full/xfrm_full_move/enable
	grep "spi=$(printf '0x%08x' "${SPI_IN[$n]}")" $trace/trace |
		sed 's/.*from=/from=/' | tee /dev/stderr |
		diff - <(printf '%s\n' 'from=device to=suspended' \
			'from=suspended to=device') &&
		in_order "$n" 3 2! f2! f3! 4
}

# finished N CASE: options or extension headers suspend the SA, too.
finished() {
	local before

	in_place "$1" device || return
	before=$(nic_commands STOP)
	decrypted "$@" && in_place "$1" device && still_works "$1" || return
	echo "$before, then $(nic_commands STOP)"
	[[ $(nic_commands STOP) == "STOP $((${before#STOP } + 1))" ]]
}

# While packets keep coming, most of them whole, the NIC gets the SA back.
goes_back() {
	local n=$1 before numbers

	fresh "$n" || return
	mapfile -t numbers < <(seq 2 1000)
	before=$(hw_count esp_rx_packets)
	takes "$n" f1 "${numbers[@]}" || return
	echo "$(($(hw_count esp_rx_packets) - before)) of 1000 by the NIC"
	(($(hw_count esp_rx_packets) > before + 300))
}

# stops: how often the NIC has stopped an SA.
stops() {
	local name count

	read -r name count < <(nic_commands STOP)
	echo "${name:+$count}"
}

# However many fragments come, one SA is suspended BURST times, and then ten times a
# second.
seldom_suspended() {
	local n=$1 before start i most

	fresh "$n" && takes "$n" 1 && in_place "$n" device || return
	before=$(stops) start=$(timestamp_ms)
	for ((i = 2; i < 2 + 2 * BURST; i++)); do
		in_turn "$n" "f$i" || return
	done
	most=$((BURST + ($(timestamp_ms) - start) / 100 + 1))
	echo "suspended $(($(stops) - before)) times, $most at most"
	(($(stops) - before >= BURST && $(stops) - before <= most))
}

# Deleted while it is suspended: neither SA nor reference is left.
deleted() {
	local n=$1 i

	for ((i = 0; i < 5; i++)); do
		fresh "$n" && inject "$n seq f1 2 f3" || return
	done
	still_works "$n"
}

# deleted_meanwhile N: packets come while the NIC stops the SA for good. Nobody takes
# that for an SA whose state is lost.
deleted_meanwhile() {
	local n=$1 pid status=0

	fresh "$n" && still_works "$n" &&
		acmectl fault SA_STOP late-after 60 1 || return
	near_states "$n" | grep "dir in" | undo | near_batch &
	pid=$!
	inject "$n seq $(seq -s ' ' 10 150)" || status=1
	wait $pid || status=1
	! expired_by_itself "$n" && again "$n" || status=1
	return $status
}

expired_by_itself() {
	awk '$1 == "proto" { spi = $4 } $1 == "hard" && $2 == 1 { print spi }' \
		"$GONE" | grep -xF "${SPI_IN[$1]}"
}

# It takes some luck to have packets in that moment.
deleted_in_traffic() {
	local before dropped=0 i

	before=$(mib near XfrmFullInState)
	for ((i = 0; i < 5 && dropped == 0; i++)); do
		deleted_meanwhile "$1" || return
		dropped=$(($(mib near XfrmFullInState) - before))
	done
	echo "$dropped packets in that moment"
	((dropped > 0)) && still_works "$1"
}

# The NIC stops, but does not start again: the host goes on until it does.
fails_to_run() {
	local n=$1

	fresh "$n" && takes "$n" 1 &&
		acmectl fault admin-error "$INTERNAL" "$SA_RUN" &&
		in_order "$n" f2 3 f4 5 3! && in_place "$n" suspended &&
		is_at "$n" in suspended device exception &&
		acmectl fault clear && in_place "$n" device &&
		is_at "$n" in device device request &&
		in_order "$n" 6 f7 4! f5!
}

# One that stops too late does not say where: the SA expires. To ask where the SA
# is takes a command, whose answer comes after those of the slow ones.
stops_late() {
	local n=$1

	fresh "$n" && takes "$n" 1 && slow_nic && all_dropped "$n" f2 &&
		acmectl fault clear && in_place "$n" device &&
		inject "$n seq f3" && expired "$n" && again "$n" &&
		still_works "$n"
}

# The same, but user space asks for the SA before an exception does: the NIC is asked
# where it stopped, and no number is taken twice.
leaves_late() {
	local n=$1

	fresh "$n" && takes "$n" 1 && slow_nic && all_dropped "$n" f2 &&
		acmectl fault clear && in_place "$n" device &&
		move "$n" in none && is_at "$n" in software software request &&
		in_order "$n" 1! 3 f4 2 3! 2! && move "$n" in acme0 &&
		is_at "$n" in device device request && in_order "$n" 5 4! f6
}

all_checks() {
	local n case

	check "it says so" offers "handover update start stop"
	check "suspended for a packet, and no longer" suspended 6050
	for n in {6050..6053}; do
		check "fragments are taken once ($n)" accepted_once "$n"
	done
	check "ESN is guessed across 2^32" guessed 6054
	for case in ipv4-options ipv4-record-route; do
		check "IPv4, $case" finished 6050 $case
	done
	for case in ipv6-options ipv6-destination ipv6-options-long; do
		check "IPv6, $case" finished 6051 $case
	done
	check "it goes back while packets come, IPv4" goes_back 6057
	check "it goes back while packets come, IPv6" goes_back 6058
	check "it is not suspended again and again" seldom_suspended 6057
	check "NIC and host at once, IPv4" raced 6050
	check "NIC and host at once, IPv6" raced 6051
	check "none is lost" none_lost 6057
	check "forged fragments, IPv4" forged 6050
	check "forged fragments, IPv6" forged 6051
	check "ten packets, then a whole one" exact 6055 ''
	check "ten packets, then a fragmented one" exact 6055 f
	check "as many bytes, then a whole packet" exact 6056 ''
	check "as many bytes, then a fragmented packet" exact 6056 f
	check "another interface" elsewhere_up
	check "ESP from there" from_elsewhere 6050
	check "deleted while suspended" deleted 6050
	check "deleted while packets come" deleted_in_traffic 6052
	check "a NIC that does not start again" fails_to_run 6050
	check "a NIC that stops late" stops_late 6050
	check "likewise, then the SA is moved" leaves_late 6050
	check "nothing is left" nothing_else
	check "the rest works" the_rest_works 6060
}

at_end acmectl fault clear
plan_for all_checks
set_up inject_up "${PLAYED[@]}"
all_checks
finish
