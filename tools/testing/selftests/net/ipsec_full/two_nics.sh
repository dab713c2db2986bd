# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # from and for who sources it
#
# Two NICs on the near side, and two ways to the far ends of all pairs, for tests
# with NICS=2. To be sourced after moves.sh.
#
#      near                                                 far
#   10.0.0.1, fd00::1    acme0 === wire === peer0  10.0.0.2, fd00::2
#                                           hop0   10.0.2.1, fd00:2::1
#                                            ||
#                                           hop1   10.0.2.2, fd00:2::2
#   10.0.1.1, fd00:1::1  acme1 === wire === peer1  10.0.1.2, fd00:1::2
#
# hop1 and peer1 are those of a router, namespace peer2.

# Tunnels of the far side take either way, too.
FAR_LINK=

# lines FUNCTION WORDS...: what it says of all pairs, once, as they share ends.
lines() {
	local function=$1 n

	for n in "${PAIRS[@]}"; do
		"$function" "$n" "${@:2}"
	done | sort -u
}

# by_family N IPV4 IPV6: the one of the pair's outer header.
by_family() {
	((${OUTER[$1]} == 4)) && echo "$2" || echo "$3"
}

router_routes() {
	echo "route replace ${NEAR_END[$1]} dev peer1" \
		"via $(by_family "$1" 10.0.1.1 fd00:1::1)"
	echo "route replace ${FAR_END[$1]} dev hop1" \
		"via $(by_family "$1" 10.0.2.1 fd00:2::1)"
}

# router_up: the second way.
router_up() {
	at_end routes_back
	no_gso acme0 acme1 || return
	ip -n peer link add hop0 type veth peer name hop1 netns peer2 || return
	at_end ip -n peer link del hop0
	far_batch <<-END || return
		link set hop0 up gso_max_segs 1
		address add 10.0.2.1/24 dev hop0
		address add fd00:2::1/64 dev hop0 nodad
	END
	{
		echo "link set hop1 up"
		echo "address add 10.0.2.2/24 dev hop1"
		echo "address add fd00:2::2/64 dev hop1 nodad"
		lines router_routes
	} | peer2 ip -batch - || return
	peer2 sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# near_way N 0|1: what leads to the far end by acme0, or by acme1.
near_way() {
	local end=${FAR_END[$1]} from=${NEAR_END[$1]}

	case $2${HOPS[$1]} in
	1*)
		echo "route replace $end dev acme1 src $from" \
			"via $(by_family "$1" 10.0.1.2 fd00:1::2)"
		;;
	0routed)
		echo "route replace $end dev acme0 src $from" \
			"via $(by_family "$1" 10.0.0.2 fd00::2)"
		;;
	0onlink) echo "route del $end dev acme1" ;;
	esac
}

# far_way N 0|1: a tunnel's near end is on-link to peer0.
far_way() {
	local end=${NEAR_END[$1]} src=

	[[ ${MODE[$1]} == tunnel ]] || src="src ${FAR[$1]}"
	case $2${MODE[$1]} in
	1*)
		echo "route replace $end dev hop0 $src" \
			"via $(by_family "$1" 10.0.2.2 fd00:2::2)"
		;;
	0transport)
		echo "route replace $end dev peer0 $src" \
			"via $(by_family "$1" 10.0.0.1 fd00::1)"
		;;
	0tunnel) echo "route del $end dev hop0" ;;
	esac
}

# way_out 0|1, way_in 0|1, ways 0|1: outbound, inbound, and all packets go by this
# NIC. What is on its way in by the other one arrives first.
way_out() {
	lines near_way "$1" | near_batch
}

way_in() {
	lines far_way "$1" | far_batch && wire_empty $((1 - $1))
}

ways() {
	way_out "$1" && way_in "$1"
}

# The answer comes behind all else.
wire_empty() {
	local side=peer address

	[[ $1 == 0 ]] || side=peer2
	address=$($side ip -6 -o address show dev "peer$1" scope link |
		sed 's/.*inet6 \([^/]*\).*/\1/')
	ping -q -c 3 -i 0.1 -W 2 "$address%acme$1"
}

routes_back() {
	way_out 0
	way_in 0
} 2>/dev/null

# is_on N out|in DEVICE
is_on() {
	is_at "$1" "$2" device device request &&
		show "$1" "$2" | grep -q "dev $3 dir $2 mode full"
}

# No SA is left in either NIC.
nics_empty() {
	no_device_sas && busywait 5000 nic1_empty
}

nic1_empty() {
	acmectl --nic 1 dump json | grep -Eq '"num_sas": 0,?$'
}
