#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# XFRM_MSG_MIGRATE gives inbound SAs in the NIC other ends: numbers and window go
# along, by way of software, and into the NIC again. When it fails, the SA has
# changed to software, or has not left the NIC, and goes on with its old ends;
# unless the NIC does not tell where the SA stands, or the SA had a successor for a
# moment: nobody knows then which numbers that one used.
#
# timeout: 300
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/moves.sh"
INJECT_PORT=4282
source "$(dirname "$0")/inject.sh"

# enum acme_status
INTERNAL=10
# A polled command has 90 ms.
LATE=300
# The other end, as seen from that which sends, that SAs of IPv4 don't get in vain
# attempts.
ELSEWHERE=10.0.9.2

WORK=$(mktemp -d)
# Times there and back.
FLOODED=3
BOTH=6620
HONEST=6621
OTHER=6602
ESN[6601]=esn
pair 6600   tunnel 4 4 onlink 128 64
pair 6601   tunnel 6 6 onlink 256 256
pair $OTHER tunnel 4 4 onlink 128 64
pair $BOTH tunnel 4 4 onlink 128 64
pair $HONEST tunnel 4 4 onlink 128 64
PLAYED=(6600 6601 "$OTHER")

setup() {
	inject_up "${PLAYED[@]}" && pairs_up $BOTH && hear_moves
}

in_order() {
	inject "$1 in_order ${*:2}"
}

pings() {
	ping -q -c 3 -i 0.1 -W 2 -I "${NEAR[$BOTH]}" "${FAR[$BOTH]}"
}

# migrate N out|in NEAR FAR WORDS...: new ends, for the policy of this direction and
# its SA, and for the SAs of WORDS.
migrate() {
	local n=$1 nets="${NEAR_NET[$1]} ${FAR_NET[$1]}"

	[[ $2 == out ]] || nets="${FAR_NET[$n]} ${NEAR_NET[$n]}"
	# shellcheck disable=SC2046,SC2086  # words
	"$MOVES_DIR/saops.py" migrate "$2" $nets $(new_ends "${@:1:4}") "${@:5}"
}

new_ends() {
	if [[ $2 == out ]]; then
		echo "${NEAR_END[$1]} ${FAR_END[$1]} tunnel $1 $3 $4"
	else
		echo "${FAR_END[$1]} ${NEAR_END[$1]} tunnel $1 $4 $3"
	fi
}

# far_moves N ADDRESS: the far end of both SAs is there now.
far_moves() {
	migrate "$1" in "${NEAR_END[$1]}" "$2" &&
		migrate "$1" out "${NEAR_END[$1]}" "$2" || return
	FAR_END[$1]=$2
	inject "$(inject_spec "$1")"
}

# software_only N: the inbound SA never was in a NIC.
software_only() {
	show "$1" in && ! show "$1" in | grep -q 'place\|offload'
}

# migrated N ADDRESS: what came before is not taken again, neither by software nor
# by the NIC, and what did not is.
migrated() {
	local n=$1

	fresh "$n" && in_order "$n" 1 f2 5 2! &&
		is_at "$n" in device device request && far_moves "$n" "$2" &&
		software_only "$n" &&
		in_order "$n" 3 5! f2! f4 1! 9 && move "$n" in acme0 &&
		is_at "$n" in device device request &&
		in_order "$n" 8 f9! 5! f3! 2! f7 10 f11
}

# both_migrate N M ADDRESS: two SAs with the same ends, by one request, which is that of
# N's policy; then M's policy, and what goes the other way.
both_migrate() {
	local n=$1 m=$2 here=${NEAR_END[$1]} second

	second=$(new_ends "$m" in "$here" "$3")
	# shellcheck disable=SC2086  # words
	fresh "$n" && fresh "$m" && in_order "$n" 1 f2 5 2! &&
		in_order "$m" 3 f7 3! &&
		migrate "$n" in "$here" "$3" $second && is_there "$m" "$3" &&
		migrate "$m" in "$here" "$3" && migrate "$m" out "$here" "$3" &&
		migrate "$n" out "$here" "$3" || return
	FAR_END[$n]=$3 FAR_END[$m]=$3
	inject "$(inject_spec "$n" "$m")" && software_only "$n" &&
		software_only "$m" && in_order "$n" 3 5! f2! f4 9 &&
		in_order "$m" 4 7! f3! 9 && move "$n" in acme0 &&
		move "$m" in acme0 && in_order "$n" 8 f9! 5! 10 &&
		in_order "$m" 8 f9! 7! f4! 10 && fresh "$m"
}

# is_there N ADDRESS: the inbound SA has this other end.
is_there() {
	ip xfrm state get src "$2" dst "${NEAR_END[$1]}" proto esp \
		spi "${SPI_IN[$1]}"
}

# fails N out|in TEXT WORDS...: the SA does not migrate, and TEXT says why.
fails() {
	local n=$1 ends=("${NEAR_END[$1]}" "$ELSEWHERE") said

	[[ $2 == out ]] || ends=("$ELSEWHERE" "${FAR_END[$n]}")
	said=$(migrate "$n" "$2" "${ends[@]}" "${@:4}") &&
		{ echo "migrated"; return 1; }
	echo "$said"
	[[ $said == *"$3"* ]]
}

# stays N: in the NIC, with its window, 5 being the top.
stays() {
	is_at "$1" in device device request && in_order "$1" 5! f7 8 f4 7!
}

no_template() {
	local n=$1

	fresh "$n" && in_order "$n" 5 && names_another_policy "$n" && stays "$n"
}

names_another_policy() {
	local n=$1 NEAR_NET=([$1]=${NEAR_NET[$OTHER]})
	local FAR_NET=([$1]=${FAR_NET[$OTHER]})

	fails "$n" in "No template of the policy has these addresses"
}

# stand_in_the_way N out|in: another SA has the identity that this one is to get.
stand_in_the_way() {
	near_batch <<-END
		xfrm state add $(in_the_way "$@") mode tunnel \
			aead rfc4106(gcm(aes)) $(random_key 128) 128
	END
}

in_the_way() {
	if [[ $2 == out ]]; then
		echo "src ${NEAR_END[$1]} dst $ELSEWHERE" \
			"proto esp spi ${SPI_OUT[$1]}"
	else
		echo "src ${FAR_END[$1]} dst $ELSEWHERE" \
			"proto esp spi ${SPI_IN[$1]}"
	fi
}

get_out_of_the_way() {
	echo "xfrm state delete $(in_the_way "$@")" | near_batch
}

# another_is_there N out|in: this one goes on in software, and listeners hear of it.
another_is_there() {
	listen_anew
	stand_in_the_way "$@" &&
		fails "$@" "or one with the new addresses is there" &&
		get_out_of_the_way "$@" && is_at "$@" software device migrate &&
		busywait 5000 move_told "$@" software
}

traffic_goes_on() {
	pings && another_is_there $BOTH out && pings &&
		move $BOTH out acme0 && in_device $BOTH && pings
}

window_kept() {
	local n=$1

	fresh "$n" && in_order "$n" 1 f2 5 && another_is_there "$n" in &&
		in_order "$n" 3 5! f2! 9 && move "$n" in acme0 &&
		is_at "$n" in device device request && in_order "$n" 8 9! 3! f4
}

# The first of two SAs had a successor when the second could not get one.
second_fails() {
	local n=$1 second

	second=$(new_ends "$OTHER" out "${NEAR_END[$OTHER]}" $ELSEWHERE)
	# shellcheck disable=SC2086  # words
	fresh "$n" && in_order "$n" 5 && stand_in_the_way "$OTHER" out &&
		fails "$n" in "or one with the new addresses is there" $second &&
		get_out_of_the_way "$OTHER" out && told_hard "$n" &&
		is_at "$OTHER" out software device migrate &&
		move "$OTHER" out acme0 &&
		is_at "$OTHER" out device device request
}

# told_hard N: its inbound SA is gone, and why.
told_hard() {
	inject "$1 expired" && busywait 5000 hard_told "$1"
}

hard_told() {
	ends_told "$GONE" "${SPI_IN[$1]}" | grep -q '^hard '
}

refused_by_nic() {
	local n=$1

	fresh "$n" && in_order "$n" 5 && acmectl fault SA_STOP refuse $INTERNAL &&
		fails "$n" in "Device refused to give the SA back: it stays there" &&
		acmectl fault clear && stays "$n"
}

no_policy() {
	local n=$1 status=0

	fresh "$n" && in_order "$n" 5 || return
	near_policies "$n" | grep ' dir in ' | undo | near_batch
	fails "$n" in "Target policy not found" || status=1
	near_policies "$n" | grep ' dir in ' | near_batch && stays "$n" &&
		return $status
}

no_answer() {
	local n=$1

	fresh "$n" && in_order "$n" 5 &&
		acmectl fault SA_STOP late-after $LATE &&
		fails "$n" in "Device doesn't tell where the SA stands" &&
		acmectl fault clear && inject "$n expired"
}

listens() {
	server "$WORK/log" "listening on" peer tcpdump -n -U -i peer0 \
		-w "$WORK/pcap" "esp and src ${NEAR_END[$1]}"
}

# there N ADDRESS: the far end is there, and the outbound SA in the NIC. Its numbers
# begin where those of its predecessor end.
there() {
	far_moves "$@" || return
	GENERATION=$((GENERATION + 1))
	show "$1" out >"$EVIDENCE/near-$TEST_NAME-$GENERATION.elsewhere" &&
		move "$1" out acme0
}

sends_all_the_time() {
	exec /usr/bin/python3 -S - "${NEAR[$1]}" "${FAR[$1]}" <<-'END'
	import socket, sys, time
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
	    sock.bind((sys.argv[1], 0))
	    while True:
	        try:
	            sock.sendto(b'', (sys.argv[2], 9))
	        except OSError:
	            pass
	        time.sleep(0.0001)
	END
}

# What the outbound SA of pair N sends while it migrates has no number of what its
# successor sends.
under_flood() {
	local n=$1 i sent

	fresh "$n" && listens "$n" || return
	sends_all_the_time "$n" &
	at_end stop_server $!
	for ((i = 0; i < FLOODED; i++)); do
		there "$n" 10.0.9.2 && there "$n" 10.0.0.2 || return
	done
	stop_server $!
	sent=$(tcpdump -n -r "$WORK/pcap" 2>/dev/null | grep -o 'spi=.*seq=[^)]*' |
		sort | uniq -c | awk '{ n++; twice += $1 > 1 }
			END { print n + 0, twice + 0 }')
	echo "$sent (numbers, used twice)"
	((${sent% *} > 20 * FLOODED && ${sent#* } == 0))
}

# The last SA of pair N, and the policy, have the ends that they got.
again() {
	near_states "$1" | grep "spi ${SPI_IN[$1]} " | near_batch
}

removed() {
	pairs_down $BOTH && all_removed
}

all_checks() {
	check "the far end moves, IPv4" migrated 6600 10.0.9.2
	check "back again" migrated 6600 10.0.0.2
	check "likewise, IPv6" migrated 6601 fd00:9::2
	check "back again" migrated 6601 fd00::2
	check "two SAs with the same ends" both_migrate 6600 $OTHER 10.0.9.2
	check "back again" both_migrate 6600 $OTHER 10.0.0.2
	check "another policy: it stays in the NIC" no_template 6600
	check "another SA is in the way: in software, inbound" window_kept 6600
	check "likewise, outbound" traffic_goes_on
	check "no number is used twice" under_flood 6600
	check "the NIC refuses: it stays there" refused_by_nic 6600
	check "no policy: it stays there" no_policy 6600
	check "the NIC doesn't tell: it has expired" no_answer 6600
	check "another one" again 6600
	check "a second SA can't: the first has expired" second_fails 6600
	check "another one" again 6600
	check "other SAs are not disturbed" after_all
	check "all can be removed" removed
}

at_end acmectl fault clear
plan_for all_checks
set_up setup
all_checks
rm -rf "$WORK"
finish
