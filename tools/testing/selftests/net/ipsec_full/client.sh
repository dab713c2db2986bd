# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154  # from who sources it
#
# A host behind near, in the networks that tunnels protect. To be sourced after
# ipsec.sh.
#
#   in namespace $CLIENT                    near
#   cl1 10.0.89.2, fd89::2 -- veth -- cl0  10.0.89.1, fd89::1

# The client's address in the network of pair N.
client() {
	echo "${NEAR[$1]%1}7"
}

client_near() {
	echo "route add $(client "$1") dev cl0"
}

client_itself() {
	local nodad=

	((${INNER[$1]} == 4)) || nodad=nodad
	echo "address add $(client "$1") dev cl1 $nodad"
}

# client_up N...: it has an address in the network of each of these pairs.
client_up() {
	setup_ns CLIENT || return
	at_end ip netns del "$CLIENT"
	ip link add cl0 type veth peer name cl1 netns "$CLIENT" || return
	near_batch <<-END || return
		link set cl0 up
		address add 10.0.89.1/24 dev cl0
		address add fd89::1/64 dev cl0 nodad
		$(each client_near "$@")
	END
	ip -n "$CLIENT" -batch - <<-END || return
		link set cl1 up
		address add fd89::2/64 dev cl1 nodad
		route add 10.0.89.1 dev cl1
		$(each client_itself "$@")
		route add default via 10.0.89.1
		route add default via fd89::1
	END
	sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	at_end sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
}
