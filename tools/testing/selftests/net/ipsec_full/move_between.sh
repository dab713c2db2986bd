#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Live SAs move from one NIC to another, back, and by way of software, in both
# directions and modes, under datagrams and TCP of which none is lost. Routes follow
# sooner or later: until they do, software encrypts with numbers of the NIC that has
# the SA. ESP may come from this NIC alone, so inbound SAs wait in software for their
# traffic to change over; if they don't, what still comes by the other NIC is
# dropped, and each packet of it is counted. Both wires are judged together.
# two_nics.sh has a drawing of them.
#
# topology: NICS=2 PEER=ns
# timeout: 500
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
source "$(dirname "$0")/two_nics.sh"

# enum acme_status
NO_SPACE=5
INTERNAL=10
RATE=${RATE:-10}
REPLAYED=60
# Nothing of the traffic is an exception in itself.
export STREAM_LARGE=1100
ESN[7441]=esn ALG[7443]=sha256 ESN[7443]=esn
# With ESN a number left of the window passes for one of the next 2^32.
pair 7440 transport 4 4 routed 128 64
pair 7441 transport 6 6 routed 256 2048
pair 7442 tunnel    4 6 onlink 128 256
pair 7443 tunnel    6 4 routed 256 4096
# This one does not wait for its traffic.
pair 7444 tunnel    4 4 routed 128 64
LIVE=(7440 7441 7442 7443)
HASTY=7444

setup() {
	router_up && software_pairs_up 7440 7442 &&
		pairs_up 7441 7443 $HASTY && trace_moves && hear_moves &&
		stream_up "$RATE" "${LIVE[@]}"
}

# go out|in none|DEVICE: the SAs of this direction move.
go() {
	local n

	for n in "${LIVE[@]}"; do
		move_line "$n" "$1" "$2"
	done | near_batch
}

# all_at out|in none|DEVICE: where the SAs of this direction are, by one look.
all_at() {
	local -n spi=SPI_${1^^}
	local n spis=() wanted="place device wanted device reason request"
	local dev="dev $2 dir $1 mode full"

	for n in "${LIVE[@]}"; do
		spis+=("$(printf '0x%08x' "${spi[$n]}")")
	done
	[[ $2 != none ]] || wanted=${wanted//device/software} dev="mode none"
	ip -s xfrm state | awk -v spis="${spis[*]}" -v wanted="$wanted" \
		-v dev="$dev" '
		$2 == "esp" && $3 == "spi" { spi = substr($4, 1, 10) }
		/offload parameters/ { device[spi] = $0 }
		$1 == "place" { place[spi] = $0 }
		END {
			for (n = split(spis, list, " "); n; n--) {
				spi = list[n]
				print spi, place[spi], device[spi]
				if (!index(place[spi], wanted " ") ||
				    !index(device[spi], dev))
					wrong = 1
			}
			exit wrong
		}'
}

# went out|in none|DEVICE: they are there.
went() {
	go "$@" && all_at "$@"
}

# all_went none|DEVICE: in both directions, and packets pass.
all_went() {
	move_pairs "$1" "${LIVE[@]}" && flows "${LIVE[@]}" &&
		all_at out "$1" && all_at in "$1"
}

# all_straight DEVICE: likewise, and the traffic comes and goes by this NIC.
all_straight() {
	move_pairs "$1" "${LIVE[@]}" && straight "$1" && all_at out "$1" &&
		all_at in "$1"
}

# by_software COMMAND...: of the packets meanwhile each pair has some whose number
# software had from a NIC.
by_software() {
	local before

	before=$(mib near XfrmFullOutSoftware)
	"$@" || return
	echo "$(($(mib near XfrmFullOutSoftware) - before)) by software"
	(($(mib near XfrmFullOutSoftware) >= before + ${#LIVE[@]}))
}

rx_bytes() {
	cat "/sys/class/net/$1/statistics/rx_bytes"
}

# straight DEVICE: what the far side sends comes by this NIC, and next to nothing by
# the other one; what the near side sends is the NIC's own.
straight() {
	local other=acme$((1 - ${1#acme})) soft here there

	soft=$(mib near XfrmFullOutSoftware)
	here=$(rx_bytes "$1") there=$(rx_bytes "$other")
	flows "${LIVE[@]}" || return
	soft=$(($(mib near XfrmFullOutSoftware) - soft))
	here=$(($(rx_bytes "$1") - here))
	there=$(($(rx_bytes "$other") - there))
	echo "$soft by software; bytes: $here by $1, $there by $other"
	((soft == 0 && here > 20 * there))
}

made() {
	echo "out: $(transitions 7441 out)"
	echo "in:  $(transitions 7441 in)"
	[[ " $(transitions 7441 "$1") " == *" ${*:2} "* ]]
}

# takes N out|in FROM TO COMMANDS: one move, and what it has the former NIC do; the
# other one has two commands. Inbound, a query tells that the NIC has given up all that
# it had decrypted.
takes() {
	local from to

	from=$(nic_count "$3") to=$(nic_count "$4")
	move "$1" "$2" "acme$4" || return
	from=$(times "$from" "$(nic_count "$3")")
	to=$(times "$to" "$(nic_count "$4")")
	echo "acme$3: $from; acme$4: $to"
	[[ $from == "$5" && $to == "ADD 1, RUN 1" ]] &&
		is_on "$1" "$2" "acme$4"
}

epoch_of() {
	show "$1" "$2" | sed -n 's/.* epoch \([0-9]*\).*/\1/p'
}

# Each time that a NIC gets the SA.
next_epoch() {
	local before

	before=$(epoch_of 7440 out)
	move 7440 out acme1 && move 7440 out acme0 || return
	echo "$before, then $(epoch_of 7440 out)"
	(($(epoch_of 7440 out) == before + 2))
}

# refused NIC COMMAND STATUS out|in: so no SA of this direction gets to acme1, and
# each goes on in acme0.
refused() {
	local n moved=0

	acmectl --nic "$1" fault "$2" refuse "$3" || return
	for n in "${LIVE[@]}"; do
		! move "$n" "$4" acme1 2>"$OUT/move.error" || moved=1
		cat "$OUT/move.error"
	done
	acmectl --nic "$1" fault clear
	all_at "$4" acme0 && flows "${LIVE[@]}" && return $moved
}

# refused_for TEXT NIC COMMAND STATUS out|in: and that is what is said.
refused_for() {
	refused "${@:2}" && grep -q "$1" "$OUT/move.error"
}

# Not even asked to come out.
refused_before() {
	local before

	before=$(transitions "$1" "$2")
	! move "$1" "$2" "$3" 2>"$OUT/move.error" || return
	cat "$OUT/move.error"
	is_on "$1" "$2" acme0 && [[ $(transitions "$1" "$2") == "$before" ]]
}

# The one refuses, and the other does not take it back: software goes on.
homeless() {
	local status=0

	acmectl --nic 1 fault SA_ADD refuse $INTERNAL &&
		acmectl fault SA_ADD refuse $INTERNAL && listen_anew || return
	! move "$1" "$2" acme1 && is_at "$1" "$2" software device refused &&
		busywait 5000 move_told "$1" "$2" software || status=1
	acmectl --nic 1 fault clear && acmectl fault clear &&
		flows "$1" && move "$1" "$2" acme0 &&
		is_on "$1" "$2" acme0 && return $status
}

# The usual update, keys and all, which names another NIC.
update_elsewhere() {
	sa 7440 out limit packet-hard 300000 offload full dev "$1" dir out |
		sed 's/^xfrm state add/xfrm state update/' | near_batch &&
		is_on 7440 out "$1" &&
		show 7440 out | grep -q 'hard 300000(packets)' && flows 7440
}

nothing_lost() {
	stream_down && stream_whole
}

# ESP that comes by acme0.
record() {
	peer timeout 60 tcpdump -U -s 0 -Q out -c $REPLAYED -i peer0 \
		-w "$OUT/$TEST_NAME.pcap" "ip proto 50 or ip6 proto 50"
}

rejections() {
	local n

	for n in "${LIVE[@]}"; do
		show "$n" in
	done | awk '/replay-window [0-9]+ replay / { sum += $2 + $4 }
		END { print sum }'
}

rejected() {
	(($(rejections) == $1))
}

# What acme0 has accepted, acme1 does not.
replayed() {
	local before count

	before=$(rejections)
	count=$(peer2 "$MOVES_DIR/resend.py" "$OUT/$TEST_NAME.pcap" peer1 \
		"$(<"/sys/class/net/acme1/address")") || return
	busywait 5000 rejected $((before + count))
	echo "$count replayed, $(($(rejections) - before)) rejected"
	((count == REPLAYED)) && rejected $((before + count))
}

# kept DEVICE: what was counted goes along, also what was rejected.
kept() {
	local before

	before=$(rejections)
	carried "$1" "${LIVE[@]}" && rejected "$before"
}

hasty_stream() {
	STREAM_TCP=0 stream_up 50 $HASTY
}

# hasty out|in DEVICE: it moves at once, wherever its traffic is.
hasty() {
	move $HASTY "$1" "$2" && is_on $HASTY "$1" "$2"
}

wrong_way() {
	local before

	before=$(mib near XfrmFullInDev)
	"$@" && busywait 10000 until_counter_is ">= $((before + 10))" \
		mib near XfrmFullInDev >/dev/null
}

# lost SOURCE: datagrams of the stream that ended; all else about them is right.
lost() {
	local right="0 not sent, 0 twice, 0 damaged"

	stream_whole | sed -nE "s/^$1 > .* ([0-9]+) lost, $right.*/\1/p"
}

# All that was lost was dropped for the NIC by which it came.
lost_by_rule() {
	local in_dev

	# Without TCP nothing tells that the last datagram has arrived.
	kill -USR1 "$STREAM_NEAR" "$STREAM_FAR" &&
		busywait 20000 settled && stream_down || return
	stream_whole
	in_dev=$(($(mib near XfrmFullInDev) - IN_DEV))
	echo "$in_dev dropped, $(lost "${FAR[$HASTY]}") lost"
	echo "${NEAR_END[$HASTY]} ${SPI_IN[$HASTY]} $in_dev" \
		>>"$EVIDENCE/losses"
	[[ $(lost "${FAR[$HASTY]}") == "$in_dev" &&
		$(lost "${NEAR[$HASTY]}") == 0 ]]
}

counters_agree() {
	keep_evidence final
}

all_removed() {
	pairs_down "${PAIRS[@]}" && no_states && nics_empty
}

there_and_back() {
	check "into acme0" all_straight acme0
	check "outbound, on to acme1" went out acme1
	check "by software, with its numbers" by_software flows "${LIVE[@]}"
	check "a record of what comes by acme0" record
	check "inbound, to software" went in none
	check "the way by acme1" ways 1
	check "inbound, into acme1" went in acme1
	check "replayed to acme1: rejected" replayed
	check "all goes by acme1" straight acme1
	check "inbound, to software again" went in none
	check "the way by acme0" ways 0
	check "outbound, in acme1 yet: by software" \
		by_software flows "${LIVE[@]}"
	check "outbound, back to acme0" went out acme0
	check "inbound, back to acme0" went in acme0
	check "all goes by acme0" straight acme0
}

by_software_way() {
	check "to software" all_went none
	check "the way by acme1" ways 1
	check "from software into acme1" all_straight acme1
	check "to software, of acme1" all_went none
	check "the way by acme0" ways 0
	check "from software into acme0" all_straight acme0
	check "trace: outbound, NIC to NIC" made out \
		"device>draining draining>software software>arming" \
		"arming>device"
	check "trace: inbound, by software" made in \
		"device>software software>arming arming>device"
}

failures() {
	local dir

	check "acme1 is full: outbound" refused_for "is full" \
		1 SA_ADD $NO_SPACE out
	check "acme1 refuses SA_RUN: outbound" refused 1 SA_RUN $INTERNAL out
	check "acme0 refuses SA_STOP: outbound" refused 0 SA_STOP $INTERNAL out
	check "no NIC: outbound" refused_before 7441 out lo
	check "no NIC: inbound" refused_before 7441 in lo
	check "neither acme1 nor acme0 take it: software goes on" \
		homeless 7442 out
	check "an update that names acme1" update_elsewhere acme1
	check "an update that names acme0" update_elsewhere acme0
}

# Inbound, a failed move has been in software, too, but never in acme1.
inbound_failures() {
	check "acme1 refuses SA_ADD: inbound" refused 1 SA_ADD $INTERNAL in
	check "acme1 refuses SA_RUN: inbound" refused 1 SA_RUN $INTERNAL in
	check "acme0 refuses SA_STOP: inbound" refused 0 SA_STOP $INTERNAL in
	check "neither takes it, inbound: software goes on" homeless 7443 in
}

quiet_moves() {
	local out="DEL 1, STOP 1" in="DEL 1, QUERY 1, STOP 1"

	check "commands, at most three to a NIC: outbound" \
		takes 7441 out 0 1 "$out"
	check "likewise, inbound" takes 7441 in 0 1 "$in"
	check "likewise, outbound, back" takes 7441 out 1 0 "$out"
	check "likewise, inbound, back" takes 7441 in 1 0 "$in"
	check "each move into a NIC has its epoch" next_epoch
	check "all goes along to acme1" kept acme1
	check "and to acme0" kept acme0
}

hasty_moves() {
	check "traffic that does not wait" hasty_stream
	check "outbound, to acme1" hasty out acme1
	check "inbound, to acme1: what comes by acme0 is dropped" \
		wrong_way hasty in acme1
	check "the way by acme1" ways 1
	check "packets pass" flows $HASTY
	check "the way by acme0: dropped" wrong_way ways 0
	check "inbound, to acme0" hasty in acme0
	check "outbound, to acme0" hasty out acme0
	check "packets pass again" flows $HASTY
	check "what was lost was dropped for the way it came, and counted" \
		lost_by_rule
}

all_checks() {
	there_and_back
	by_software_way
	failures
	inbound_failures
	check "nothing was lost, or came twice" nothing_lost
	quiet_moves
	hasty_moves
	check "counters have settled" counters_agree
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
at_end acmectl fault clear
at_end acmectl --nic 1 fault clear
IN_DEV=$(mib near XfrmFullInDev)
all_checks
finish
