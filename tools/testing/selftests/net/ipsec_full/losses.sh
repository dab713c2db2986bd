# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # from and for who sources it
#
# What must be true when SAs lose their NIC, whatever has happened to it. To be
# sourced after moves.sh.
#
#   ALL       all pairs
#   FALLING   those whose SAs may fall back to software
#
# While acme0 is away, there is another way out, escape0, a dummy. SAs may use it,
# with numbers of the NIC or in software, but no packet in clear may. It is one more
# wire for the judge.

ESCAPED=$OUT/$TEST_NAME.escaped
EXPIRED=$OUT/$TEST_NAME.expired
# SPIs that have expired, and must have been reported, once each.
GONE=()

escape_up() {
	local n

	ip link add escape0 type dummy || return
	at_end ip link del escape0
	{
		echo "link set escape0 up"
		echo "address add fd99::1/64 dev escape0 nodad"
		echo "route add 10.0.0.0/24 dev escape0 metric 5000"
		echo "route add 10.0.9.2 dev escape0 metric 5000"
		for n in "${ALL[@]}"; do
			echo "route add ${FAR_NET[$n]} dev escape0 metric 5000"
		done
	} | near_batch && mkdir -p "$OUT/capture" &&
		server "$OUT/$TEST_NAME.escape" listening tcpdump -U -s 0 \
			-i escape0 -w "$OUT/capture/wire-$TEST_NAME.pcap" &&
		server "$OUT/$TEST_NAME.tcpdump" listening sh -c \
			"exec tcpdump -n -l -i escape0 '(ip or ip6) and
			not esp and not ether multicast' 2>&1 >>'$ESCAPED'"
}

listen() {
	ip xfrm monitor expire >"$EXPIRED" 2>&1 &
	at_end stop_server $!
	slowwait 10 monitors $!
}

# Packets of all pairs without end, whatever becomes of them.
pings_of_all() {
	local n

	for n in "${ALL[@]}"; do
		ping -q -i 0.1 -I "${NEAR[$n]}" "${FAR[$n]}" >/dev/null 2>&1 &
		at_end stop_server $!
	done
}

# Those that may fall back are in the NIC, and are told to.
fall_back() {
	local n dir

	for n in "${FALLING[@]}"; do
		for dir in out in; do
			echo "xfrm state update $(sa_id "$n" $dir) offload" \
				"full dev acme0 dir $dir fallback"
		done
	done | near_batch
}

loss_setup() {
	pairs_up "${ALL[@]}" && fall_back && escape_up && capture_sees &&
		listen || return
	POLICIES=$(policies)
	pings_of_all
	all_flow
}

# Packets of all SAs that there are pass.
all_flow() {
	COUNTED=$(ip -s xfrm state | sums)
	(($(wc -l <<<"$COUNTED") == 2 * ${#ALL[@]})) &&
		slowwait 20 all_counted && return
	echo "$COUNTED"
	ip -s xfrm state | sums
	return 1
}

all_counted() {
	! join <(awk '{ print $1 $2, $4 }' <<<"$COUNTED" | sort) \
		<(ip -s xfrm state | sums | awk '{ print $1 $2, $4 }' | sort) |
		awk '{ print $3 - $2 }' | grep -qx '[012]'
}

policies() {
	ip xfrm policy | grep -c '^src'
}

# spis N...: as ip prints them.
spis() {
	local n

	for n; do
		printf '0x%08x\n' "${SPI_OUT[$n]}" "${SPI_IN[$n]}"
	done
}

reported() {
	awk '$2 == "esp" || $1 == "proto" { spi = $4 }
	     $1 == "hard" && $2 == 1 { print spi }' "$EXPIRED" | sort
}

reported_all() {
	[[ $(reported) == "$(printf '%s\n' "${GONE[@]}" | sort)" ]]
}

# expired N...: their SAs are gone, and it was told of each, once.
expired() {
	local states

	mapfile -t -O ${#GONE[@]} GONE < <(spis "$@")
	if ! busywait 5000 reported_all; then
		diff <(printf '%s\n' "${GONE[@]}" | sort) <(reported)
		return 1
	fi
	states=$(ip xfrm state | grep -F "$(spis "$@")")
	echo "$states"
	[[ -z $states ]]
}

fell_back() {
	local n

	for n in "${FALLING[@]}"; do
		pair_is_at "$n" software device down || return
	done
}

# Packets that XFRM did not let out.
refused() {
	awk '/^Xfrm(Full)?Out/ && !/OutSoftware/ { n += $2 } END { print n }' \
		/proc/net/xfrm_stat
}

# Policies are all there, and packets meet them.
blocks() {
	[[ $(policies) == "$POLICIES" ]] || {
		echo "$(policies) policies of $POLICIES"
		return 1
	}
	busywait_for_counter 10000 3 refused >/dev/null && return
	echo "no packet was refused"
	return 1
}

nothing_in_clear() {
	head "$ESCAPED"
	[[ ! -s $ESCAPED ]]
}

# Does the capture see what leaves there?
capture_sees() {
	ping -q -c 1 -W 1 -I escape0 fd99::2
	busywait 5000 test -s "$ESCAPED" || return
	: >"$ESCAPED"
}

# What acme0 has lost with its addresses.
routes_back() {
	{
		echo "address replace fd00::1/64 dev acme0 nodad"
		near_routes
		near_lines "${ALL[@]}" | sed -n 's/^route add/route replace/p'
	} | near_batch
}

nic_back() {
	nic-up && routes_back
}

# renewed N...: new SAs for pairs whose SAs are gone on the near side.
renewed() {
	each far_states "$@" | undo | far_batch && renew "$@" && states_add "$@"
}

# The rest of all pairs; not even a listener hears of these SAs.
loss_teardown() {
	run_cleanup
	ip xfrm state flush
	near_lines "${ALL[@]}" | grep -v '^xfrm state' | undo | near_batch &&
		far_lines "${ALL[@]}" | undo | far_batch && no_states &&
		no_device_sas
}
