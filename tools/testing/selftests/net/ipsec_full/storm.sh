#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm: SAs move between software and NIC at random, and are updated,
# while datagrams and TCP go through them both ways, the wire cuts some of the ESP to
# the NIC in fragments, and an attacker on it sends old frames again, whole and in
# fragments. Nothing is lost, damaged, or accepted twice.
#
# STORM= chooses how many moves, SEED= which; FEW= is how many by default. RATE= is
# datagrams a second, of each pair and each way; by default more than can be sent, so
# that there are packets in all queues when an SA moves. CUT= is how many of a hundred
# new frames are cut.
#
# storm_PROFILE.sh are the storms of other profiles. There is none where no SA moves:
# drop-only, whose SAs can't leave, nor come in when they have been used, and no-ipsec.
# And none for test-and-set and no-policies, which are as the default in what is done
# here.
#
# timeout: 900
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"

STORM=${STORM:-$([[ -n ${FULL:-} ]] && echo 10000 || echo "${FEW:-300}")}
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
RATE=${RATE:-$((250 / ${SLOW:-1}))}
export STREAM_CHUNK=32768
PERCENT=10
# Few enough for every profile. On dump-only, SAs are suspended for these and for the
# attacker's, and the NIC, when it has them, still takes half of their packets. A window
# of 32 was enough for what is overtaken while it is made whole, on a busy machine, too.
CUT=${CUT:-10}
# Of packets that cost a machine's being too busy.
LATE_MAX=3
LIMIT=packet-soft
KINDS=("transport 4 4 routed 128" "transport 6 6 onlink 256"
	"tunnel 6 4 onlink 128" "tunnel 4 4 routed 256")
WINDOWS=(1024 512 256 2048)
ESN[7101]=esn ESN[7103]=esn
ALG[7102]=sha256
case ${PROFILE:-default} in
# Without numbers and replay checks for the host, a NIC has to drop what is too
# large, and stop for what comes in fragments: the wire's are enough.
dump-only)
	export STREAM_LARGE=1200
	STREAM_FAR_ENV=(STREAM_LARGE=2000 STREAM_EVERY=100)
	;;
bytes-only) LIMIT=byte-soft ;;
no-esn) ESN=() ;;
# A packet that came in fragments takes longer, and is too old when 64 have overtaken
# it: on a busy machine, two large chunks of TCP did.
small-window)
	export STREAM_CHUNK=8192
	WINDOWS=(64 64 64 64)
	;;
tunnel-only) KINDS=("${KINDS[@]/transport/tunnel}") ;;
transport-ipv6) KINDS=("transport 6 6 "{routed,onlink}" "{128,256}) ;;
# Limits in seconds are the kernel's.
basic)
	KINDS=("tunnel 4 4 "{routed,onlink}" 128"{,})
	LIMIT=time-soft
	ESN=() ALG=()
	;;
# All begin in software, and when half of them have left it, the others are refused.
few-sas) ROOM=4 ;;
esac

for i in "${!KINDS[@]}"; do
	# shellcheck disable=SC2086  # words
	pair $((7100 + i)) ${KINDS[i]} "${WINDOWS[i]}"
done

# Those in software have a direction, which updates name.
begin() {
	if [[ -z ${ROOM:-} ]]; then
		pairs_up "${PAIRS[@]}"
	else
		topology_up && no_gso "$IPSEC_DEV" &&
			OFFLOAD_OUT="dir out" OFFLOAD_IN="dir in" \
				pairs_up "${PAIRS[@]}"
	fi
}

setup() {
	begin && trace_moves || return
	server "$OUT/$TEST_NAME.replayer" ready \
		peer "$MOVES_DIR/replayer.py" peer0 $PERCENT "$SEED" || return
	REPLAYER=$!
	REJECTED_BEFORE=$(rejections)
	LATE_BEFORE=$(mib near XfrmFullOutError)
	UNANSWERED_BEFORE=$(unanswered)
	REASSEMBLED_BEFORE=$(reassembled)
	BROKEN_BEFORE=$(not_reassembled)
	OPENED_BEFORE=$(mib near XfrmFullInSoftware)
	CUT_BEFORE=$(cut_frames)
	at_end acmectl fault wire-cut 0
	acmectl fault wire-cut "$CUT" "$SEED" || return
	stream_up "$RATE" "${PAIRS[@]}"
}

storm() {
	storm_sas "${PAIRS[@]}" | "$MOVES_DIR/storm.py" "$SEED" "$STORM" acme0 \
		"$LIMIT" ${ROOM:+"$ROOM"} >"$OUT/$TEST_NAME.moves" 2>&1
}

# What it printed is of interest, also when all is well.
told() {
	as_comment "$(<"$OUT/$TEST_NAME.moves")"
	as_comment "$("$MOVES_DIR/stream.py" compare "$OUT/stream-near" \
		"$OUT/stream-far")"
	as_comment "seed $SEED: $STORM steps in $((SECONDS - BEGAN)) s"
	as_comment "$(grep -c xfrm_full_move /sys/kernel/tracing/trace) transitions"
	as_comment "$(stopped) stops for fragments"
	as_comment "the wire has cut: $(newly_cut), CUT=$CUT"
	as_comment "the attacker sent again: $(attacks)"
	as_comment "$(mib_all near)"
}

stream_ends() {
	stream_down && stream_lost_at_most "$(excused)" && return
	mib_all near
	mib_all far
	return 1
}

attacks() {
	tail -n 1 "$OUT/$TEST_NAME.replayer"
}

replayed() {
	attacks | awk '{ print $2 + $4 }'
}

replayer_ends() {
	stop_server "$REPLAYER"
	attacks
	(($(replayed) > 0))
}

# With ESN what is older than the window is taken for a number that is yet to come,
# and then its ICV is wrong: RFC 4303, appendix A2.2.
rejections() {
	echo $(($(mib near XfrmInStateSeqError) +
		$(mib near XfrmInStateProtoError) +
		$(mib near XfrmFullInException) + $(mib near XfrmFullInRaw)))
}

rejected() {
	echo $(($(rejections) - REJECTED_BEFORE))
}

all_rejected() {
	busywait 3000 rejected_is "$(replayed)" && return
	echo "$(replayed) replayed, $(rejected) rejected, $(excused) answers late"
	return 1
}

# A replay that the NIC has judged, but too late for software, is counted by both.
rejected_is() {
	(($(rejected) >= $1 && $(rejected) <= $1 + $(excused)))
}

# The far side's window suffers no gap and no repetition.
far_side_content() {
	peer grep -v '[[:space:]]0$' /proc/net/xfrm_stat
	(($(mib far XfrmInStateSeqError) + $(mib far XfrmInStateProtoError) == 0))
}

# So many SAs were stopped for what came in fragments.
stopped() {
	grep -c ' to=suspended' /sys/kernel/tracing/trace
}

# Packets that came in fragments, of both families.
reassembled() {
	awk '/^Ip: [0-9]/ { n += $16 } $1 == "Ip6ReasmOKs" { n += $2 }
	     END { print n }' /proc/net/snmp /proc/net/snmp6
}

# New frames that the wire has cut.
cut_frames() {
	acmectl dump json | sed -n 's/^ *"cut_frames": \([0-9]*\).*/\1/p'
}

newly_cut() {
	echo $(($(cut_frames) - CUT_BEFORE))
}

# All that was cut became whole again, and some of it was new. Software has opened for
# the NIC what came of SAs that are there; a NIC that can't be asked let go of them.
cut_are_handled() {
	local new all broken

	new=$(newly_cut)
	all=$((new + $(attacks | awk '{ print $4 }')))
	busywait 3000 whole_again "$all"
	broken=$(($(not_reassembled) - BROKEN_BEFORE))
	echo "$new new frames cut, attacker: $(attacks); $(newly_whole) whole again," \
		"$broken not, $(opened) opened by software, $(stopped) stops"
	((CUT == 0 || new > 0)) && (($(opened) > 0 && broken == 0)) &&
		whole_again "$all" || return
	[[ ${PROFILE:-} != dump-only ]] || (($(stopped) > 0))
}

# Whose pieces did not fit, or did not all come.
not_reassembled() {
	awk '/^Ip: [0-9]/ { n += $17 } $1 == "Ip6ReasmFails" { n += $2 }
	     END { print n }' /proc/net/snmp /proc/net/snmp6
}

whole_again() {
	(($(newly_whole) >= $1))
}

newly_whole() {
	echo $(($(reassembled) - REASSEMBLED_BEFORE))
}

# By software, of SAs that the NIC has.
opened() {
	echo $(($(mib near XfrmFullInSoftware) - OPENED_BEFORE))
}

# A machine that is too busy for the NIC to give software a number in time costs a
# packet, which has been told to its sender, and that the NIC may have counted.
late() {
	local late=$(($(mib near XfrmFullOutError) - LATE_BEFORE)) most

	most=$(excused)
	echo $((late < most ? late : most))
}

# Answers that came too late, as far as a busy machine is an excuse.
excused() {
	local n=$(($(unanswered) - UNANSWERED_BEFORE))

	echo $((n < LATE_MAX ? n : LATE_MAX))
}

unanswered() {
	dmesg | grep -c 'acme .* command .* was not answered in time'
}

counters_agree() {
	local n

	if (($(late))); then
		for n in "${PAIRS[@]}"; do
			echo "${FAR_END[$n]} ${SPI_OUT[$n]} $(late)"
		done >>"$EVIDENCE/losses"
	fi
	keep_evidence final
}

all_removed() {
	pairs_down "${PAIRS[@]}" && no_states && no_device_sas
}

all_checks() {
	check "$STORM random moves and updates, seed $SEED" storm
	check "nothing is lost, damaged, or came twice" stream_ends
	check "the attacker ends" replayer_ends
	check "what the wire has cut is handled, new frames, too" cut_are_handled
	check "all that was replayed was rejected" all_rejected
	check "the far side has seen no replay and no wrong ICV" far_side_content
	check "counters have settled" counters_agree
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
BEGAN=$SECONDS
all_checks
told
finish
