#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the NIC reports: auditable events of RFC 4303 and 4301 reach the netlink
# group, with what they are about, the kernel's audit, and a tracepoint. Their rate
# is limited, and what was held back is counted to the packet. A peer that has
# moved to another UDP port is told of once, as is an SA that has been idle for
# long enough; and each SA tells when it was last used.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
INJECT_PORT=4264
source "$(dirname "$0")/inject.sh"

WORK=$(mktemp -d)
EVENT_TRACE=/sys/kernel/tracing/events/xfrm_full/xfrm_full_event
FLOOD=500
IDLE=2
# inject.py's
NO_SPI=0x7ffffff1
LABEL=0x12345
HONEST=4020
ENCAP[4005]=4500
WORDS_OUT[4003]="replay-oseq $((0xfffffffe))"

pair 4000 tunnel    4 4 onlink 128 64
pair 4001 tunnel    6 6 routed 128 64
pair 4002 transport 4 4 routed 128 64
pair 4003 tunnel    4 4 routed 128 64
pair 4004 tunnel    4 4 routed 128 64
pair 4005 tunnel    4 4 routed 128 64
pair $HONEST tunnel 4 4 onlink 128 64
PLAYED=({4000..4005})

setup() {
	inject_up "${PLAYED[@]}" && audit_to_log && listen
}

# It hears an event before anything is tried.
listen() {
	ip xfrm monitor offload >"$WORK/events" 2>&1 &
	at_end stop_server $!
	slowwait 10 hears
}

hears() {
	inject "4002 bad wrong-icv" && grep -q 'Offload event icv' "$WORK/events"
}

# events KIND [SPI]: one a line.
events() {
	local spi=

	[[ -z ${2:-} ]] || printf -v spi '0x%08x' "$2"
	sed -e ':join' -e 'N; s/\n\t/ /; tjoin' -e 'P; D' "$WORK/events" |
		grep "^Offload event $1 dev acme0 .*$spi"
}

reported() {
	events "$@" | grep -q .
}

# has KIND N TEXT...: an event says all this.
has() {
	local kind=$1 n=$2 text event

	shift 2
	busywait 5000 reported "$kind" "${SPI_IN[$n]}" || return
	event=$(events "$kind" "${SPI_IN[$n]}" | tail -n 1)
	echo "$event"
	for text; do
		grep -q -e "$text" <<<"$event" || { echo "no $text"; return 1; }
	done
}

ends() {
	echo "src ${FAR_END[$1]} dst ${NEAR_END[$1]} proto esp spi"
}

# event KIND N CASE TEXT...: a bad packet is reported, with its number and time.
event() {
	local kind=$1 n=$2 case=$3

	shift 3
	still_works "$n" && inject "$n bad $case" &&
		has "$kind" "$n" "$(ends "$n")" "dir in" \
			"time $(date -u +%Y)" "$@"
}

replayed() {
	inject "4000 seq 50 50" &&
		has replay 4000 "$(ends 4000)" "dir in" "seq 50"
}

# audited OP [SPI]: by the kernel's log, with the flow label if there was one.
audited() {
	local text=

	[[ -z ${2:-} ]] || text=" spi=$(($2))("
	[[ ${2:-} != "${SPI_IN[4001]}" ]] || text=" flowlbl=$LABEL$text"
	busywait 5000 in_log "$1" "$text"
}

in_log() {
	audit_log "$1" | grep -q "$2"
}

traced() {
	local status=0

	echo 1 >"$EVENT_TRACE/enable" || return
	inject "4002 bad wrong-icv" && busywait 3000 in_trace icv 4002 ||
		status=1
	echo 0 >"$EVENT_TRACE/enable"
	grep xfrm_full_event: /sys/kernel/tracing/trace
	: >/sys/kernel/tracing/trace
	return $status
}

# in_trace TYPE N
in_trace() {
	grep "xfrm_full_event: dev=acme0 type=$1 " /sys/kernel/tracing/trace |
		grep -q " spi=$(printf '0x%08x' "${SPI_IN[$2]}") seq=[1-9]"
}

# The number 2^32 - 1 is used, the next packet finds none.
overflow() {
	local spi

	spi=$(printf '0x%08x' "${SPI_OUT[4003]}")
	ping -q -c 3 -i 0.1 -W 1 -I "${NEAR[4003]}" "${FAR[4003]}"
	busywait 5000 reported overflow "$spi" || return
	events overflow "$spi"
	! ip xfrm state get src 10.0.0.1 dst "${FAR_END[4003]}" proto esp \
		spi "$spi"
}

audits() {
	dmesg | grep -c "op=$1 "
}

no_sa_heard() {
	inject "4001 bad wrong-spi" && busywait 2000 any_no_sa
}

any_no_sa() {
	(($(packets no-sa $NO_SPI) > 0))
}

no_sa_told() {
	(($(packets no-sa $NO_SPI) == $1))
}

# Counted and audited by software, once, and told.
no_sa() {
	local before audited told

	# What other tests left to be told comes with the first.
	slowwait 30 no_sa_heard || return
	before=$(mib near XfrmInNoStates) audited=$(audits SA-notfound)
	told=$(packets no-sa $NO_SPI)
	inject "4001 bad wrong-spi" &&
		busywait 5000 no_sa_told $((told + 1)) || return
	events no-sa $NO_SPI
	events no-sa $NO_SPI |
		grep "$(ends 4001) $NO_SPI.* dir in seq [0-9].* flowlabel $LABEL" |
		grep -q "data 60012345" || return
	echo "$(($(audits SA-notfound) - audited)) audited"
	(($(mib near XfrmInNoStates) == before + 1 &&
		$(audits SA-notfound) == audited + 1))
}

# What an inbound policy forbids is told by the kernel, which has counted it. There is
# no SA, so it says which packet it was.
discards() {
	refuses "$1" XfrmInTmplMismatch "$1 bad cleartext" &&
		busywait 5000 policy_told "$@"
}

policy_told() {
	events policy
	events policy | grep "src ${FAR[$1]} dst ${NEAR[$1]} .* dir in" |
		grep -q "data $2"
}

in_software() {
	sed -e "s/ $OFFLOAD_OUT//; s/ $OFFLOAD_IN//; s/ $OFFLOAD_POLICY//"
}

# Dropped by a stock policy, a packet is not told of, that of the next one is.
stock_policy() {
	local told

	told=$(events policy | wc -l)
	renewed 4004 in_software &&
		refuses 4004 XfrmInTmplMismatch "4004 bad cleartext" &&
		renewed 4004 cat && discards 4004 45 || return
	(($(events policy | wc -l) == told + 1))
}

# packets KIND [SPI]: those reported and those held back.
packets() {
	events "$1" "${2:-}" | awk '{
		n++
		for (i = 1; i < NF; i++)
			if ($i == "suppressed")
				n += $(i + 1)
	} END { print n + 0 }'
}

# A packet more brings what was held back, when there is room for it.
no_sa_summed() {
	inject "4001 bad wrong-spi" && busywait 1000 no_sa_agrees "$@"
}

no_sa_agrees() {
	local told=$(($(packets no-sa) - $1))
	local counted=$(($(mib near XfrmInNoStates) - $2))

	echo "$told told of $counted"
	((told == counted && counted > FLOOD))
}

# Most are left out of the events, none of the sum.
no_sa_flood() {
	local told counted lines

	told=$(packets no-sa) counted=$(mib near XfrmInNoStates)
	lines=$(events no-sa | wc -l)
	inject "4001 bad wrong-spi $FLOOD" &&
		slowwait 20 no_sa_summed "$told" "$counted" || return
	lines=$(($(events no-sa | wc -l) - lines))
	echo "$lines events of $FLOOD packets"
	((lines > 1 && lines < FLOOD / 2))
}

# A packet more brings what was held back, when there is room for it.
all_accounted() {
	inject "4004 bad wrong-icv" && busywait 500 icv_agrees
}

icv_agrees() {
	local told counted

	told=$(packets icv "${SPI_IN[4004]}") counted=$(icv_failures 4004)
	echo "$told told of $counted"
	((told == counted && counted > FLOOD))
}

# Far fewer are told than there were; then one brings the sum of all.
rate_limited() {
	local told

	inject "4004 bad wrong-icv $FLOOD" || return
	busywait 10000 icv_failures_are 4004 $FLOOD || return
	told=$(events icv "${SPI_IN[4004]}" | wc -l)
	echo "$told events of $FLOOD packets"
	((told > 0 && told < FLOOD / 2)) && slowwait 60 all_accounted &&
		still_works 4004
}

icv_failures() {
	ip -s xfrm state get src "${FAR_END[$1]}" dst "${NEAR_END[$1]}" \
		proto esp spi "${SPI_IN[$1]}" | sed -n 's/.*failed //p'
}

icv_failures_are() {
	[[ $(icv_failures "$1") == "$2" ]]
}

# What was held back is counted by the NIC, too.
suppressed_counter() {
	local held

	held=$(hw_count audit_suppressed)
	echo "$held held back"
	((held >= FLOOD / 2))
}

# idle_told COUNT
idle_told() {
	[[ $(events idle "${SPI_IN[4001]}" | wc -l) == "$1" ]]
}

# An update brings the time; told once, and again after traffic.
idle() {
	near_states 4001 | grep "dir in" |
		sed "s/ add / update /; s/dir in/& idle $IDLE/" | near_batch &&
		still_works 4001 && slowwait 15 idle_told 1 || return
	sleep $((IDLE * 2))
	idle_told 1 && still_works 4001 && slowwait 15 idle_told 2
}

monitor_hears() {
	near_states 4005 | grep "dir in" | sed 's/ add / update /' |
		near_batch && grep -q . "$WORK/monitor"
}

# The port that a peer behind a NAT has now is told once, and so is the way back.
mapping() {
	local end=${FAR_END[4005]} port=${ENCAP[4005]}

	ip xfrm monitor >"$WORK/monitor" 2>&1 &
	at_end stop_server $!
	slowwait 10 monitor_hears && still_works 4005 &&
		inject "4005 bad udp-source-port 2" && arrived 4005 bad 2 &&
		still_works 4005 && busywait 5000 mappings_are \
		"$end:$port -> $end:$((port + 1))" "$end:$port -> $end:$port"
}

mappings_are() {
	sed -n 's/^Mapping change //p' "$WORK/monitor"
	diff <(sed -n 's/^Mapping change //p' "$WORK/monitor") \
		<(printf '%s\n' "$@") >/dev/null
}

# last_used N out|in: in seconds, by XFRMA_LASTUSED.
last_used() {
	local ends=("${FAR_END[$1]}" "${NEAR_END[$1]}" "${SPI_IN[$1]}")

	[[ $2 == in ]] ||
		ends=("${NEAR_END[$1]}" "${FAR_END[$1]}" "${SPI_OUT[$1]}")
	ip -j -s xfrm state get src "${ends[0]}" dst "${ends[1]}" proto esp \
		spi "${ends[2]}" | sed -n 's/.*"lastused":\([0-9]*\).*/\1/p'
}

seconds_after() {
	((EPOCHSECONDS > $1 + $2))
}

# used N out|in COMMAND...: the time is that of the command, and stays so. The NIC
# tells it by its own clock, which may be a second off.
used() {
	local n=$1 dir=$2 before start after

	before=$(last_used "$n" "$dir")
	slowwait 10 seconds_after "${before:-0}" 3
	start=$EPOCHSECONDS
	"${@:3}"
	after=$(last_used "$n" "$dir")
	echo "before ${before:-never}, start $start, then $after"
	((after >= start - 1 && after <= EPOCHSECONDS + 1)) &&
		slowwait 10 seconds_after "$after" 3 &&
		[[ $(last_used "$n" "$dir") == "$after" ]]
}

# Nobody answers.
goes_out() {
	! ping -q -c 1 -W 1 -I "${NEAR[$1]}" "${FAR[$1]}"
}

all_removed() {
	run_cleanup
	ip xfrm state flush
	near_lines "${PLAYED[@]}" | grep -v '^xfrm state' | undo | near_batch
	far_lines $HONEST | undo | far_batch
	near_lines $HONEST | grep -v '^xfrm state' | undo | near_batch
	no_states && no_device_sas
}

all_checks() {
	check "wrong ICV" event icv 4000 wrong-icv "seq [0-9]"
	check "wrong ICV, IPv6" event icv 4001 wrong-icv "seq [0-9]" \
		"flowlabel $LABEL" "data 60012345"
	check "audit: wrong ICV" audited SA-icv-failure "${SPI_IN[4000]}"
	check "audit: wrong ICV, IPv6" audited SA-icv-failure \
		"${SPI_IN[4001]}"
	check "tracepoint: wrong ICV" traced
	check "replay" replayed
	check "audit: replay" audited SA-replayed-pkt "${SPI_IN[4000]}"
	check "malformed" event malformed 4000 padding-zeros \
		"seq [0-9]"
	check "malformed, cut" event malformed 4002 header-only
	check "outside of the selector" event selector 4000 inner-elsewhere
	check "audit: outside of the selector" audited SA-selector-mismatch \
		"${SPI_IN[4000]}"
	check "sequence numbers used up" overflow
	check "audit: sequence numbers used up" audited SA-replay-overflow
	check "discarded by policy" discards 4000 45
	check "discarded by policy, IPv6" discards 4001 6
	check "audit: discarded by policy" audited SPD-discard
	check "discarded by a policy without offload: as ever" stock_policy
	check "no SA" no_sa
	check "no SA: rate limit, and the sum of what was held back" no_sa_flood
	check "rate limit, and the sum of what was held back" rate_limited
	check "the NIC counts what it held back" suppressed_counter
	check "another UDP port of the peer" mapping
	check "idle: told once" idle
	check "time of last use, inbound" used 4001 in still_works 4001
	check "time of last use, outbound" used 4000 out goes_out 4000
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
rm -rf "$WORK"
finish
