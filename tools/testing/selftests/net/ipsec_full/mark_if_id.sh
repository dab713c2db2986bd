#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mark and interface id of what the NIC has decrypted. SAs in the NIC have neither,
# policies may: a packet for which they leave no policy is dropped, as is one that
# they lead to the policy of another SA, each counted under its name.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
INJECT_PORT=4280
source "$(dirname "$0")/inject.sh"

IF_ID=7
MARK=5
HONEST=6505
pair 6500 tunnel 4 4 routed 128 64
pair 6501 tunnel 6 6 routed 128 64
pair $HONEST tunnel 4 4 onlink 128 64
PLAYED=(6500 6501)
# The words of each pair's inbound policy.
declare -A WORDS_POLICY

setup() {
	local n

	for n in "${PLAYED[@]}"; do
		WORDS_POLICY[$n]=$OFFLOAD_POLICY
	done
	at_end unmark
	inject_up "${PLAYED[@]}" && ip link add ipsec7 type xfrm dev acme0 \
		if_id $IF_ID && at_end ip link del ipsec7 &&
		ip link set ipsec7 up && tc qdisc add dev acme0 clsact &&
		at_end tc qdisc del dev acme0 clsact
}

# policy_is N WORDS...: the inbound policy of pair N from here on.
policy_is() {
	local n=$1

	policy "$n" in inward "${WORDS_POLICY[$n]}" | undo | near_batch
	WORDS_POLICY[$n]=${*:2}
	policy "$n" in inward "${WORDS_POLICY[$n]}" | near_batch
}

# The next packet arrives.
passes() {
	LAST_GOOD=$((LAST_GOOD + 1))
	delivered "$1" "good$LAST_GOOD" "$1 good $LAST_GOOD"
}

# dropped N COUNTER: it does not.
dropped() {
	LAST_GOOD=$((LAST_GOOD + 1))
	refuses "$1" "$2" "$1 good $LAST_GOOD"
}

# Packets that the NIC has decrypted come by ipsec7 from here on.
redirect() {
	local n=$1 family=ipv6

	((${INNER[$n]} == 6)) || family=ip
	tc filter add dev acme0 ingress protocol $family flower \
		dst_ip "${NEAR[$n]}" action mirred ingress redirect dev ipsec7
}

no_redirect() {
	tc filter del dev acme0 ingress
}

other_if_id() {
	policy_is "$1" if_id $IF_ID && dropped "$1" XfrmInNoPols
}

# The policy is there for that interface, but wants an SA that is its own, too.
of_interface() {
	redirect "$1" && dropped "$1" XfrmInTmplMismatch
}

not_of_interface() {
	policy_is "$1" "$OFFLOAD_POLICY" && dropped "$1" XfrmInNoPols &&
		no_redirect && passes "$1"
}

# mark VALUE: of all datagrams that come.
mark() {
	unmark
	nft -f - <<-END
		table inet mark_if_id {
			chain in {
				type filter hook prerouting priority mangle
				udp dport $INJECT_PORT meta mark set $1
			}
		}
	END
}

unmark() {
	nft delete table inet mark_if_id 2>/dev/null
}

# marked N WORDS...: a policy for one mark only.
marked() {
	unmark
	policy_is "$1" mark $MARK mask 0xff "${@:2}" &&
		dropped "$1" XfrmInNoPols &&
		mark $((MARK + 1)) && dropped "$1" XfrmInNoPols &&
		mark $((MARK + 0x100)) && passes "$1"
}

# That of the mark comes first, and wants the SA of another pair.
policy_of_other() {
	policy "$1" in inward mark $MARK |
		sed "s/ priority [0-9]*/ priority 10/; s/ reqid $1 / reqid 1 /"
}

chosen() {
	unmark
	policy_is "$1" "$OFFLOAD_POLICY" &&
		policy_of_other "$1" | near_batch && passes "$1" &&
		mark $MARK && dropped "$1" XfrmInTmplMismatch &&
		mark $((MARK + 1)) && passes "$1" &&
		policy_of_other "$1" | undo | near_batch
}

all_checks() {
	local n

	for n in "${PLAYED[@]}"; do
		check "all is well ($n)" passes "$n"
		check "a policy with an interface id ($n)" other_if_id "$n"
		check "an interface with that id ($n)" of_interface "$n"
		check "it has no policy ($n)" not_of_interface "$n"
		check "a policy with a mark ($n)" marked "$n"
		check "likewise with full offload ($n)" \
			marked "$n" "$OFFLOAD_POLICY"
		check "a mark chooses the policy ($n)" chosen "$n"
	done
	check "other SAs are not disturbed" after_all
	check "all can be removed" all_removed
}

plan_for all_checks
set_up setup
all_checks
finish
