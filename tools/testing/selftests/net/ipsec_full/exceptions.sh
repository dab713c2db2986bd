# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2153,SC2154  # from who sources it
#
# ESP that the NIC does not decrypt, of SAs that it has: fragments above all. What
# holds whatever the NIC is able to. To be sourced after inject.sh and moves.sh.

U32=$((1 << 32))

# in_order N NUMBER...: one after the other, each when that before was handled:
# the NIC decides at once, the host a little later.
in_order() {
	inject "$1 in_order ${*:2}"
}

# in_turn N NUMBER...: likewise, and the NIC has the SA before each.
in_turn() {
	inject "$1 in_turn ${*:2}"
}

# Whole and in fragments, so that NIC and host decide in turn; for a window of 64.
mixed() {
	echo "1 f2 2! f2! f3 3! 5 f4 4! f4! f0! f70 f6! f7 7! 70! f70! 71 f71!" \
		"f7! f8 8! 200 f136! f137 137! f200! f201 201!"
}

# With ESN: the high half is guessed by the host, too.
across_wrap() {
	echo "1 f$((1 << 31)) $((U32 - 2)) f$((U32 + 1)) $U32 f$U32!" \
		"f$((U32 - 1)) $((U32 - 1))! f$((U32 + 1))! f$((U32 - 60))" \
		"$((U32 - 60))! f$((U32 + 100)) $((U32 + 99)) f$((U32 + 99))!" \
		"f$((2 * U32 - 1)) $((2 * U32 + 5)) f$((2 * U32 - 2))" \
		"f$((2 * U32 + 4)) $((2 * U32 + 4))!"
}

# accepted_once N: the numbers of "mixed", and what was counted.
accepted_once() {
	local n=$1 before numbers

	read -ra numbers < <(mixed)
	fresh "$n" || return
	before=$(mib near XfrmFullInSoftware)
	in_turn "$n" "${numbers[@]}" || return
	counted XfrmFullInSoftware "$before" \
		"$(mixed | tr ' ' '\n' | grep -c '^f.*[0-9]$')"
}

# counted NAME BEFORE N: at least N more, exactly N if host and NIC take turns.
counted() {
	local now

	now=$(mib near "$1")
	echo "$1: $2, now $now"
	((now == $2 + $3)) || [[ ${PROFILE:-} == dump-only ]] && ((now >= $2 + $3))
}

guessed() {
	local numbers

	read -ra numbers < <(across_wrap)
	fresh "$1" && in_turn "$1" "${numbers[@]}"
}

# Each number whole and in fragments, all at once: who comes first is chance, but
# one of the two is taken, and one is not.
raced() {
	local n=$1 numbers=() i

	for ((i = 1; i <= 60; i += 2)); do
		numbers+=("f$i" "$i" "$((i + 1))" "f$((i + 1))")
	done
	fresh "$n" && inject mark && inject "$n seq ${numbers[*]}" &&
		inject "$n handled 60 60" && inject "$n got $(seq -s ' ' 60)"
}

# Many, one of ten in fragments: none is lost.
none_lost() {
	local n=$1 numbers i

	mapfile -t numbers < <(seq 300)
	for ((i = 9; i < 300; i += 10)); do
		numbers[i]=f$((i + 1))
	done
	fresh "$n" && takes "$n" "${numbers[@]}"
}

# A packet of pair N with options or extension headers arrives.
decrypted() {
	local n=$1 case=$2 before

	still_works "$n" || return
	before=$(mib near XfrmFullInSoftware)
	inject mark && inject "$n bad $case" && inject "$n got bad" &&
		counts XfrmFullInSoftware $((before + 1))
}

# A forger's fragments cost him more than the host, and never stop the NIC.
forged() {
	local n=$1 before stops

	fresh "$n" && still_works "$n" || return
	before=$(mib near XfrmFullInSoftware) stops=$(nic_commands STOP)
	inject "$n cut wrong-icv 50" && inject "$n handled 1 50" &&
		failed_icvs "$n" 50 && in_place "$n" device &&
		still_works "$n" || return
	echo "XfrmFullInSoftware: $before, now $(mib near XfrmFullInSoftware)"
	echo "$stops, now $(nic_commands STOP)"
	[[ $(mib near XfrmFullInSoftware) == "$before" &&
		$(nic_commands STOP) == "$stops" ]]
}

# failed_icvs N COUNT
failed_icvs() {
	ip -s xfrm state get src "${FAR_END[$1]}" dst "${NEAR_END[$1]}" \
		proto esp spi "${SPI_IN[$1]}" | grep -q "failed $2\$"
}

# in_place N PLACE: it gets there, if it is not there.
in_place() {
	inject "$1 place $2"
}

expired() {
	inject "$1 expired"
}

# nothing_by N: no datagram came by it since the mark.
nothing_by() {
	inject "$1 got"
}

# exact N LAST: the SA's limit is ten packets. Half of them are the host's, and so
# are the eleventh and twelfth, LAST being "f". The SA is added again.
exact() {
	local n=$1 last=$2

	fresh "$n" && in_order "$n" 1 f2 3 f4 5 f6 7 f8 9 f10 || return
	inject mark && inject "$n seq ${last}11 ${last}12" && expired "$n" &&
		nothing_by "$n" && again "$n"
}

# The inbound SA of pair N has expired: another one with its keys.
again() {
	near_states "$1" | grep "spi ${SPI_IN[$1]} " | near_batch &&
		inject "$(inject_spec "$1")"
}

# from_elsewhere N: another interface than the NIC brings whole packets and
# fragments.
from_elsewhere() {
	local n=$1 before

	fresh "$n" && takes "$n" 1 f2 || return
	before=$(mib near XfrmFullInDev)
	inject mark && inject "dev far0 $(</sys/class/net/elsewhere0/address)" &&
		inject "$n seq 3 f4 5" || return
	inject "dev peer0 $(</sys/class/net/acme0/address)" || return
	busywait 2000 counts XfrmFullInDev $((before + 3)) || return
	nothing_by "$n" && in_order "$n" 3 f4 f5
}

# Commands take longer than the host waits for them in softirq.
slow_nic() {
	acmectl fault admin-delay 200
}

# all_dropped N NUMBER...: they don't arrive.
all_dropped() {
	local n=$1 before

	shift
	before=$(mib near XfrmFullInException)
	inject mark && inject "$n seq $*" &&
		busywait 5000 counts XfrmFullInException $((before + $#)) &&
		nothing_by "$n"
}

# Fragments that came to the host, of both families.
fragments_seen() {
	awk '/^Ip: [0-9]/ { n += $15 } $1 == "Ip6ReasmReqds" { n += $2 }
	     END { print n }' /proc/net/snmp /proc/net/snmp6
}

# dropped_by_nic N: the host sees no exception, neither the first fragment, which says
# what the packet is, nor the second; what it was is taken when it comes whole.
dropped_by_nic() {
	local n=$1 before nic seen

	fresh "$n" && in_order "$n" 1 2 || return
	before=$(mib near XfrmFullInException) nic=$(hw_count esp_rx_exc_dropped)
	seen=$(fragments_seen)
	inject mark && inject "$n seq f3 f4 f5" &&
		busywait 3000 counts XfrmFullInException $((before + 3)) || return
	echo "NIC: $nic, now $(hw_count esp_rx_exc_dropped); $seen fragments seen," \
		"now $(fragments_seen)"
	(($(hw_count esp_rx_exc_dropped) == nic + 6)) &&
		[[ $(fragments_seen) == "$seen" ]] && nothing_by "$n" &&
		in_order "$n" 3 4 5 2!
}

# PLAYED go, and nothing is left, of anybody's. Needs profile.sh.
nothing_else() {
	inject_down "${PLAYED[@]}" && run_cleanup && nothing_left
}

counts() {
	echo "$1: $(mib near "$1"), expected $2"
	[[ $(mib near "$1") == "$2" ]]
}
