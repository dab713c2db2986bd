#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# XFRM_MSG_MIGRATE gives inbound SAs in the NIC other ends: numbers and window go
# along, by way of software, and into the NIC again. When it fails, the SA has
# changed to software, or has not left the NIC, and goes on with its old ends;
# unless the NIC does not tell where the SA stands.
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
# A far end that SAs of IPv4 don't get in vain attempts.
ELSEWHERE=10.0.9.2

HONEST=6620
OTHER=6602
ESN[6601]=esn
pair 6600   tunnel 4 4 onlink 128 64
pair 6601   tunnel 6 6 onlink 256 256
pair $OTHER tunnel 4 4 onlink 128 64
pair $HONEST tunnel 4 4 onlink 128 64
PLAYED=(6600 6601 $OTHER)

setup() {
	inject_up "${PLAYED[@]}" && pairs_up $HONEST
}

in_order() {
	inject "$1 in_order ${*:2}"
}

pings() {
	ping -q -c 3 -i 0.1 -W 2 -I "${NEAR[$HONEST]}" "${FAR[$HONEST]}"
}

# migrate N out|in NEAR FAR: new ends, for the policy of this direction and its SA.
migrate() {
	local n=$1

	if [[ $2 == out ]]; then
		migrate_line "${NEAR_END[$n]}" "${FAR_END[$n]}" "$n" out \
			"${NEAR_NET[$n]}" "${FAR_NET[$n]}" "$3" "$4"
	else
		migrate_line "${FAR_END[$n]}" "${NEAR_END[$n]}" "$n" in \
			"${FAR_NET[$n]}" "${NEAR_NET[$n]}" "$4" "$3"
	fi
}

migrate_line() {
	"$MOVES_DIR/saops.py" migrate "$1" "$2" tunnel "${@:3}"
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

# no_template N out|in: the policy that is named is for another SA. This one goes on
# in software.
no_template() {
	local n=$1 NEAR_NET=([$1]=${NEAR_NET[$OTHER]})
	local FAR_NET=([$1]=${FAR_NET[$OTHER]})

	! migrate "$n" "$2" "${NEAR_END[$n]}" $ELSEWHERE &&
		is_at "$n" "$2" software device migrate
}

window_kept() {
	local n=$1

	fresh "$n" && in_order "$n" 1 f2 5 && no_template "$n" in &&
		in_order "$n" 3 5! f2! 9 && move "$n" in acme0 &&
		is_at "$n" in device device request && in_order "$n" 8 9! 3! f4
}

traffic_goes_on() {
	pings && no_template $HONEST "$1" && pings &&
		move $HONEST "$1" acme0 && in_device $HONEST && pings
}

# fails N TEXT: the inbound SA does not migrate, and TEXT says why.
fails() {
	local n=$1 said

	said=$(migrate "$n" in "${NEAR_END[$n]}" $ELSEWHERE) &&
		{ echo "migrated"; return 1; }
	echo "$said"
	[[ $said == *"$2"* ]]
}

# stays N: in the NIC, with its window, 5 being the top.
stays() {
	is_at "$1" in device device request && in_order "$1" 5! f7 8 f4 7!
}

refused_by_nic() {
	local n=$1

	fresh "$n" && in_order "$n" 5 && acmectl fault SA_STOP refuse $INTERNAL &&
		fails "$n" "Device refused to give the SA back: it stays there" &&
		acmectl fault clear && stays "$n"
}

no_policy() {
	local n=$1 status=0

	fresh "$n" && in_order "$n" 5 || return
	near_policies "$n" | grep ' dir in ' | undo | near_batch
	fails "$n" "Target policy not found" || status=1
	near_policies "$n" | grep ' dir in ' | near_batch && stays "$n" &&
		return $status
}

no_answer() {
	local n=$1

	fresh "$n" && in_order "$n" 5 &&
		acmectl fault SA_STOP late-after $LATE &&
		fails "$n" "Device doesn't tell where the SA stands" &&
		acmectl fault clear && inject "$n expired"
}

# The last SA of pair N, and the policy, have the ends that they got.
again() {
	near_states "$1" | grep "spi ${SPI_IN[$1]} " | near_batch
}

all_checks() {
	check "the far end moves, IPv4" migrated 6600 10.0.9.2
	check "back again" migrated 6600 10.0.0.2
	check "likewise, IPv6" migrated 6601 fd00:9::2
	check "back again" migrated 6601 fd00::2
	check "another policy: in software, with its window" window_kept 6600
	check "likewise, packets both ways" traffic_goes_on in
	check "likewise, outbound" traffic_goes_on out
	check "the NIC refuses: it stays there" refused_by_nic 6600
	check "no policy: it stays there" no_policy 6600
	check "the NIC doesn't tell: it has expired" no_answer 6600
	check "another one" again 6600
	check "counters have settled" keep_evidence final
	check "all can be removed" all_removed
}

at_end acmectl fault clear
plan_for all_checks
set_up setup
all_checks
finish
