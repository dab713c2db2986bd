#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What an administrator does to a NIC, while traffic goes both ways through SAs
# that live in it: rings, channels, MTU, offloads, self-test, link, a lost
# interrupt, the driver's removal, a device that stops to answer. Traffic goes
# on, or is blocked, and is never seen in clear.
#
# timeout: 1200
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

# A removal, or a command that is not answered, must come to an end in time.
PATIENCE=30

pair 50 tunnel    4 4 onlink 256 1024
pair 51 transport 4 4 routed 128 1024
BUSY=(50 51)
# For the end: TCP may still try to close what was cut off above.
pair 52 tunnel    4 6 onlink 128 64

setup() {
	pairs_up "${BUSY[@]}" &&
		server "$OUT/nic.iperf3" listening peer iperf3 -s --forceflush &&
		traffic_up
}

# Slow enough that a busy machine has time for the rest.
traffic_up() {
	local n

	for n in "${BUSY[@]}"; do
		ping -q -i "$(pace 20)" -s 1200 -I "${NEAR[$n]}" "${FAR[$n]}" \
			>/dev/null 2>&1 &
		at_end stop_server $!
	done
	iperf3 -c "${FAR[50]}" -B "${NEAR[50]}" -t 3600 --bidir \
		-b $((5000 / ${SLOW:-1}))K >/dev/null 2>&1 &
	at_end stop_server $!
	traffic
}

traffic() {
	flows "${BUSY[@]}"
}

identity() {
	ethtool -i acme0
	ethtool -i acme0 | grep -qx 'driver: acme' &&
		ethtool -i acme0 | grep -q '^firmware-version: [^ ]' &&
		ethtool -i acme0 | grep -qx "bus-info: $PCI"
}

devlink_info() {
	devlink dev info "pci/$PCI"
	devlink dev info "pci/$PCI" | grep -q 'driver acme' &&
		devlink dev info "pci/$PCI" | grep -q 'serial_number' &&
		devlink dev info "pci/$PCI" | grep -q 'fw '
}

statistic() {
	ethtool -S acme0 | sed -n "s/^ *$1: //p"
}

# The NIC's own counters of ESP move as those of the SAs do.
statistics() {
	slowwait_for_counter 20 20 statistic hw_esp_tx_packets &&
		slowwait_for_counter 20 20 statistic hw_esp_rx_packets &&
		slowwait_for_counter 20 20 statistic hw_tx_frames
}

ring_is() {
	ethtool -g acme0 | sed '1,/Current/d' | grep -q "RX:[[:space:]]*$1$"
}

rings() {
	local size

	for size in 64 1024 256; do
		ethtool -G acme0 rx "$size" tx "$size" && ring_is "$size" &&
			traffic || return
	done
}

channels_now() {
	ethtool -l acme0 | sed -n '/Current/,$s/^Combined:[[:space:]]*//p'
}

channels() {
	local n

	for n in 1 "$QUEUES" 2; do
		ethtool -L acme0 combined "$n" &&
			[[ $(channels_now) == "$n" ]] &&
			traffic || return
	done
	ethtool -L acme0 combined "$QUEUES"
}

mtus() {
	local mtu

	for mtu in 1280 9000 1500; do
		ip link set acme0 mtu "$mtu" && traffic || return
	done
}

features() {
	local feature

	for feature in tso tx rx gro sg; do
		ethtool -K acme0 "$feature" off && traffic || return
	done
	for feature in sg gro rx tx tso; do
		ethtool -K acme0 "$feature" on || return
	done
	traffic
}

moderation() {
	ethtool -C acme0 rx-usecs 0 tx-usecs 0 && traffic &&
		ethtool -C acme0 rx-usecs 2000 tx-usecs 2000 && traffic &&
		ethtool -C acme0 rx-usecs 20 tx-usecs 50
}

self_test() {
	ethtool -t acme0 "$1" && traffic
}

link_down() {
	acmectl link down && busywait 5000 carrier_is 0 &&
		dmesg | tail -20 | grep 'link down, SAs stay' && device_has 4
}

# It goes into the NIC all the same, and out of it.
sa_without_link() {
	renew 52 && sa 52 out "$OFFLOAD_OUT" | near_batch && device_has 5 &&
		sa 52 out "$OFFLOAD_OUT" | undo | near_batch &&
		busywait 5000 device_has 4
}

link_up() {
	acmectl link up && busywait 5000 carrier_is 1 && traffic
}

# It costs its queue's traffic, until the queues are opened anew.
lost_interrupt() {
	acmectl fault irq-drop 1 && slowwait 20 interrupt_is_lost &&
		ethtool -t acme0 offline && traffic
}

interrupt_is_lost() {
	acmectl fault list | grep -qx 'irq-drop 0'
}

slow_answers() {
	acmectl fault admin-delay 300 && ethtool -S acme0 >/dev/null &&
		traffic && acmectl fault clear
}

no_near_states() {
	[[ -z $(ip xfrm state) ]]
}

# The SAs go with their NIC, the policies stay and block.
driver_out() {
	timeout "$PATIENCE" modprobe -r acme || return
	busywait 5000 no_near_states && device_has 0 &&
		dmesg | tail -20 | grep 'interface goes with 4 SAs in it' &&
		[[ $(ip xfrm policy | grep -c 'mode full') == 6 ]]
}

# What was lost with the interface.
nic_again() {
	local n

	nic-up || return
	{
		echo "route add 10.0.9.2 via 10.0.0.2 src 10.0.0.1"
		for n in "${BUSY[@]}"; do
			echo "route add ${FAR_NET[$n]} via 10.0.0.2 src ${NEAR[$n]}"
		done
	} | near_batch
}

no_state() {
	echo $(($(mib near XfrmOutNoStates) + $(mib near XfrmFullOutState) +
		$(mib near XfrmOutPolBlock)))
}

still_blocked() {
	slowwait_for_counter 10 5 no_state
}

# Other SAs: nobody knows where those that went with the NIC stood.
new_states() {
	each far_states "${BUSY[@]}" | undo | far_batch &&
		renew "${BUSY[@]}" && states_add "${BUSY[@]}"
}

driver_in() {
	modprobe acme && nic_again && still_blocked && new_states && traffic
}

# Loaded and removed, with SAs and without.
reload() {
	local i

	for i in 1 2 3; do
		timeout "$PATIENCE" modprobe -r acme && modprobe acme || return
	done
	nic_again && new_states && traffic
}

# A device that does not answer costs the command, and then is given up: within
# bounded time, with a word in the log, and without a hang. Its SAs expire.
device_dies() {
	local start=$SECONDS

	expect_log 'acme .*: device lost'
	acmectl fault dead || return
	! timeout "$PATIENCE" ethtool -L acme0 combined 1 || return
	echo "$((SECONDS - start)) s"
	((SECONDS - start < PATIENCE)) &&
		slowwait 10 log_says_lost && slowwait 10 no_near_states &&
		still_works_without
}

log_says_lost() {
	dmesg | grep 'device lost: .*bind the driver anew'
}

# Nothing of this may hang either.
still_works_without() {
	timeout "$PATIENCE" ip -s link show acme0 >/dev/null &&
		timeout "$PATIENCE" ip xfrm state >/dev/null &&
		timeout "$PATIENCE" ip link set acme0 down
}

sa_is_refused() {
	local output

	output=$(renew 50 && sa 50 out "$OFFLOAD_OUT" | near_batch 2>&1)
	echo "$output"
	[[ $output == *"the device is lost; bind its driver anew"* ]]
}

device_returns() {
	timeout "$PATIENCE" modprobe -r acme && acmectl fault clear &&
		modprobe acme && nic_again && new_states && traffic
}

# The last SAs carry a few packets, all counted.
counters_agree() {
	run_cleanup
	pairs_down "${BUSY[@]}" && renew 52 && pairs_up 52 &&
		ping -q -c 5 -i 0.05 -W 2 -I "${NEAR[52]}" "${FAR[52]}" &&
		keep_evidence final
}

all_removed() {
	pairs_down 52 && no_states && no_device_sas
}

references_gone() {
	[[ $(</sys/module/acme/refcnt) == "$REFERENCES" ]]
}

all_checks() {
	check "traffic flows" traffic
	check "ethtool -i" identity
	check "devlink dev info" devlink_info
	check "ethtool -S follows" statistics
	check "ring sizes" rings
	check_fails "a ring that is too small" "ring needs at least" \
		ethtool -G acme0 rx 1
	check "channels" channels
	check_fails "too many channels" "" ethtool -L acme0 combined 200
	check "MTU" mtus
	check_fails "an MTU that is too large" "mtu" \
		ip link set acme0 mtu 60000
	check "offloads switched off and on" features
	check "interrupt moderation" moderation
	check_fails "too much of it" "at most [0-9]* microseconds" \
		ethtool -C acme0 rx-usecs 1000000
	check "self-test, online" self_test online
	check "self-test, offline" self_test offline
	check "link down" link_down
	check "an SA comes and goes without a link" sa_without_link
	check "link up" link_up
	check "a lost interrupt" lost_interrupt
	check "slow answers" slow_answers
	check "driver removed with SAs: they expire, policies stay" driver_out
	check "driver loaded: blocked until there are SAs" driver_in
	check "driver reloaded several times" reload
	check "device dies: given up in time, and said so" device_dies
	check "an SA is refused then" sa_is_refused
	check "driver reloaded: the device works" device_returns
	check "other SAs, without other traffic" counters_agree
	check "all can be removed" all_removed
	check "no reference to the driver is left" references_gone
}

PCI=$(basename "$(readlink /sys/class/net/acme0/device)")
QUEUES=$(ethtool -l acme0 | sed -n 's/^Combined:[[:space:]]*//p' | head -1)
REFERENCES=$(</sys/module/acme/refcnt)
plan_for all_checks
set_up setup
all_checks
finish
