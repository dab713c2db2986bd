#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A command of the NIC fails while an SA moves, or while software takes part in
# one: refused, late, lost, or the NIC dies or starts anew, before or after it was
# executed. The request ends in time. The SA moves, or stays and goes on, or has
# expired; never is it resumed from a guess. Nothing is left in the NIC, and no
# cleartext gets out.
#
# By default it is a sample, of what costs the NIC a small one, as that takes long:
# SEED= chooses another, FULL=1 takes all.
#
# timeout: 1200
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

PAIR=6150
# enum acme_status
INTERNAL=10
# A polled command has 90 ms.
LATE=300
# Five seconds for a command, two for the reset of a NIC that is lost, and much
# time for a slow machine.
PATIENCE=30
SAMPLE=6
COSTLY_SAMPLE=1
: "${SEED:=$RANDOM}"

pair $PAIR transport 4 4 onlink 128 64

# direction, place it moves to, command, fault, "+" more of them, what may come of it
#   moves    the request succeeds
#   stays    it fails, the SA is where it was
#   expires  it fails, the SA is gone
# and "lost" if the NIC is gone then, too.
rows() {
	local dir late="SA_STOP late-before $LATE 1"

	for dir in out in; do
		cat <<-END
			$dir device SA_ADD refuse $INTERNAL: stays
			$dir device SA_ADD late-before $LATE: moves
			$dir device SA_ADD late-after $LATE: moves
			$dir device SA_RUN refuse $INTERNAL: stays
			$dir device SA_RUN late-before $LATE: stays
			$dir device SA_RUN late-after $LATE: stays
			$dir software SA_STOP refuse $INTERNAL: stays
			$dir software SA_STOP late-before $LATE 1: moves
			$dir software SA_STOP late-after $LATE 1: moves
			$dir software SA_STOP late-before $LATE: expires
			$dir software SA_STOP late-after $LATE: expires
			$dir software $late + SA_QUERY refuse $INTERNAL: expires
			$dir software $late + SA_QUERY late-before $LATE: moves
			$dir software SA_DEL late-before $LATE: moves
			$dir software SA_DEL late-after $LATE: moves
		END
	done
	# What it has decrypted is through when the NIC has answered this.
	cat <<-END
		in software SA_QUERY refuse $INTERNAL: moves
		in software SA_QUERY late-before $LATE: moves
		in software SA_QUERY late-after $LATE: moves
	END
}

costly_rows() {
	local dir when late="SA_STOP late-before $LATE 1"

	for dir in out in; do
		echo "$dir software $late + SA_QUERY lose-before: expires lost"
		echo "$dir software SA_DEL refuse $INTERNAL: moves lost"
		for when in lose-before lose-after kill-before kill-after \
			reset-before reset-after; do
			cat <<-END
				$dir device SA_ADD $when: stays lost
				$dir device SA_RUN $when: stays lost
				$dir software SA_STOP $when: expires lost
				$dir software SA_DEL $when: moves lost
			END
		done
	done
	for when in before after; do
		echo "in software SA_QUERY lose-$when: moves lost"
	done
}

# Commands of software that takes part: the packet is lost, the SA is not.
exceptions() {
	local command

	for command in SEQ_ALLOC REPLAY_TEST_SET; do
		cat <<-END
			$command refuse $INTERNAL
			$command late-before $LATE
			$command late-after $LATE
		END
	done
}

deletions() {
	local dir

	for dir in out in; do
		cat <<-END
			$dir refuse $INTERNAL
			$dir late-before $LATE
			$dir late-after $LATE
		END
	done
}

# sample_or_all COUNT
sample_or_all() {
	case ${FULL:-0} in
	0) chosen "$1" "$SEED" ;;
	*) cat ;;
	esac
}

setup() {
	pairs_up $PAIR && slowwait 10 works >/dev/null
}

# Both directions, and what is too big for the NIC.
works() {
	ping -q -c 3 -i 0.1 -W 2 -I "${NEAR[$PAIR]}" "${FAR[$PAIR]}"
}

big_works() {
	ping -q -c 1 -W 1 -s 3000 -M dont -I "${NEAR[$PAIR]}" "${FAR[$PAIR]}"
}

# words DIR: the SA's identity
words() {
	local src=${NEAR_END[$PAIR]} dst=${FAR_END[$PAIR]} spi=${SPI_OUT[$PAIR]}

	if [[ $1 == in ]]; then
		src=${FAR_END[$PAIR]} dst=${NEAR_END[$PAIR]}
		spi=${SPI_IN[$PAIR]}
	fi
	echo "src $src dst $dst proto esp spi $spi"
}

# Finds out where both SAs are: PLACE[out] and PLACE[in], not set if it is gone.
declare -A PLACE
look() {
	local line dir=

	PLACE=()
	while read -r line; do
		case $line in
		"src ${NEAR_END[$PAIR]} "*) dir=out ;;
		"src ${FAR_END[$PAIR]} "*) dir=in ;;
		esac
		[[ ! $line =~ ^place\ ([a-z]*) ]] ||
			PLACE[$dir]=${BASH_REMATCH[1]}
	done < <(ip xfrm state)
}

# shellcheck disable=SC2046  # words
move() {
	local dir=$1 to=$2

	if [[ $to == device ]]; then
		timeout $PATIENCE ip xfrm state update $(words "$dir") \
			offload full dev acme0 dir "$dir"
	else
		timeout $PATIENCE ip xfrm state update $(words "$dir") \
			offload none
	fi
}

in_place() {
	look
	[[ ${PLACE[$1]:-} == "$2" ]]
}

other() {
	[[ $1 == device ]] && echo software || echo device
}

# prepared DIR PLACE: there it works, and the other SA is in the NIC.
prepared() {
	local dir
	local -A wanted=([out]=device [in]=device)

	wanted[$1]=$2
	look
	((${#PLACE[@]} == 2)) || { anew && look; } || return
	for dir in out in; do
		[[ ${PLACE[$dir]} == "${wanted[$dir]}" ]] ||
			move $dir "${wanted[$dir]}" || return
	done
	works
}

# New SAs in the place of those that have expired.
anew() {
	ip xfrm state flush && peer ip xfrm state flush && renew $PAIR &&
		states_add $PAIR
}

# what_came STATUS DIR TO
what_came() {
	local status=$1 at

	look
	at=${PLACE[$2]:-}
	if [[ -z $at ]]; then
		echo expires
	elif [[ $status == 0 && $at == "$3" ]]; then
		echo moves
	elif [[ $status != 0 && $at == "$(other "$3")" ]]; then
		echo stays
	else
		echo "status $status, place $at"
	fi
}

sas_in_device() {
	local n=0 place

	look
	for place in "${PLACE[@]}"; do
		[[ $place != device ]] || n=$((n + 1))
	done
	device_has $n
}

# faults COMMAND FAULT... [+ COMMAND FAULT...]
faults() {
	local one

	while read -r one; do
		# shellcheck disable=SC2086  # words
		acmectl fault $one || return
	done <<<"${*//+/$'\n'}"
}

# survives DIR TO COMMAND FAULT...: OUTCOME...
survives() {
	local dir to these outcome start=$SECONDS status=0 got

	read -r dir to these <<<"${*%%:*}"
	outcome="${*#*:} "
	prepared "$dir" "$(other "$to")" && faults "$these" || return
	start=$SECONDS
	move "$dir" "$to" || status=$?
	echo "status $status after $((SECONDS - start)) s"
	((status != 124)) || return
	if [[ $outcome == *" lost "* ]]; then
		lost_in_time || return
	else
		acmectl fault clear && busywait 5000 sas_in_device || return
	fi
	got=$(what_came $status "$dir" "$to")
	echo "got: $got"
	[[ $outcome == *" $got "* ]] || return
	if [[ $outcome == *" lost "* ]]; then
		recovered
	else
		[[ $got == expires ]] || works
	fi
}

lost_in_time() {
	busywait $((PATIENCE * 1000)) is_lost && busywait 5000 no_device_places
}

# SAs that the NIC had have expired.
no_device_places() {
	! in_place out device && ! in_place in device
}

not_states() {
	grep -v '^xfrm state'
}

# shellcheck disable=SC2119  # setup needs no words
recovered() {
	ip xfrm state flush && peer ip xfrm state flush &&
		near_lines $PAIR | not_states | undo | near_batch &&
		far_lines $PAIR | not_states | undo | far_batch &&
		timeout $PATIENCE modprobe -r acme && acmectl fault clear &&
		modprobe acme && nic-up && near_batch <<-END || return
		route add 10.0.9.2 via 10.0.0.2 src 10.0.0.1
		route add fd00:9::2 via fd00::2 src fd00::1
	END
	no_states && no_device_sas && renew $PAIR && setup
}

# A packet that is an exception meets the fault; the next one does not.
costs_a_packet() {
	local command=$1 start=$SECONDS

	prepared out device && slowwait 10 big_works || return
	acmectl fault "$@" 1 || return
	! big_works || { echo "no exception met $command"; return 1; }
	acmectl fault clear && slowwait 10 big_works && works &&
		in_place out device && in_place in device
}

# A packet that does not leave the NIC may have a number: the SA must not go.
stays_with_its_packet() {
	local said status=0

	prepared out device && acmectl fault tx-stall 1 || return
	! works || { echo "packets leave"; return 1; }
	said=$(move out software 2>&1) || status=$?
	acmectl fault clear
	echo "$said"
	((status)) && [[ $said == *"don't leave the device: it stays there"* ]] &&
		in_place out device && works
}

# A delete asks the NIC for the SA's last counters, but does not depend on them.
# deleted DIR FAULT...
deleted() {
	local start=$SECONDS

	prepared "$1" device && acmectl fault SA_STOP "${@:2}" || return
	# shellcheck disable=SC2046  # words
	timeout $PATIENCE ip xfrm state delete $(words "$1") || return
	echo "deleted after $((SECONDS - start)) s"
	acmectl fault clear && look && [[ -z ${PLACE[$1]:-} ]] &&
		busywait 5000 sas_in_device
}

# An update that moves the SA, too, but whose limits the NIC refuses: the SA is where
# it was, with its limits.
moved_back() {
	local said status=0

	prepared out software && acmectl fault SA_UPDATE refuse $INTERNAL ||
		return
	said=$(sa $PAIR out limit packet-hard 777777 "$OFFLOAD_OUT" |
		sed 's/ add / update /' | near_batch 2>&1) || status=$?
	acmectl fault clear
	echo "$said"
	((status)) && [[ $said == *"refuses the SA"* ]] &&
		in_place out software && works && ! ip xfrm state | grep 777777
}

# A NIC that never answers in time costs each packet a wait: in the end, the SA.
late_for_good() {
	prepared out device && slowwait 10 big_works &&
		acmectl fault SEQ_ALLOC late-before $LATE || return
	! ping -q -c 5 -i 0.3 -W 1 -s 3000 -M dont -I "${NEAR[$PAIR]}" \
		"${FAR[$PAIR]}" && busywait 5000 out_is_gone || return
	acmectl fault clear && in_place in device
}

out_is_gone() {
	look
	[[ -z ${PLACE[out]:-} ]]
}

# A limit is met when the NIC has the SA, but XFRM has not heard of that yet.
met_while_starting() {
	local log=$OUT/$TEST_NAME.met line pid

	anew || return
	line=$(near_states $PAIR | grep "spi ${SPI_IN[$PAIR]} ")
	undo <<<"$line" | near_batch || return
	ip xfrm monitor expire >"$log" &
	pid=$!
	at_end stop_server $pid
	slowwait 10 monitors $pid || return
	peer ping -q -i 0.01 -I "${FAR[$PAIR]}" "${NEAR[$PAIR]}" >/dev/null &
	at_end stop_server $!
	acmectl fault SA_RUN late-after 80 1 &&
		near_batch <<<"${line/ offload / limit packet-soft 1 offload }"
	busywait 5000 grep -q 'hard 0' "$log"
	local status=$?
	stop_server $!
	stop_server $pid
	cat "$log"
	return $status
}

# What has cost packets has spoilt the counters of SAs.
counted() {
	anew && works && keep_evidence final
}

removed() {
	pairs_down $PAIR && no_states && no_device_sas
}

all_checks() {
	local row

	while read -r row; do
		check "$row" survives "$row"
	done < <(rows | sample_or_all $SAMPLE
		costly_rows | sample_or_all $COSTLY_SAMPLE)
	check "its packets don't leave the NIC: it stays" stays_with_its_packet
	check "a limit, met while the NIC starts it: told" met_while_starting
	check "moved, and then not updated: it goes back" moved_back
	while read -r row; do
		# shellcheck disable=SC2086  # words
		check "deleted, SA_STOP: $row" deleted $row
	done < <(deletions)
	while read -r row; do
		# shellcheck disable=SC2086  # words
		check "an exception: $row" costs_a_packet $row
	done < <(exceptions)
	check "an exception: SEQ_ALLOC late for good: it expires" late_for_good
	check "new SAs count what the wire carries" counted
	check "all can be removed" removed
}

expect_log 'acme .*: device lost'
at_end acmectl fault clear
plan_for all_checks
echo "# SEED=$SEED"
set_up setup
all_checks
finish
