#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every combination of algorithm, mode, family, ESN and UDP encapsulation, SAs of
# all side by side, both directions, against two implementations of ESP that are
# not ours: the kernel's software in the peer, and scapy's. What the wire carried
# is judged after the VM.
#
# It is a sample, which SEED= chooses; FULL=1 takes all. In the debug kernel it is
# smaller yet, without scapy.
#
# also: KERNEL=debug
# timeout: 1200
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"

SCRIPTS=$(realpath "$(dirname "$0")")
WORK=$(mktemp -d)
PORT=4260
NATT_PORT=4500
SIZES=0,1,7,8,9,20,100,1300
# The far side's kernel drops ESP in UDP over IPv6 of less than 40 bytes, however
# well-formed (the length in __xfrm6_udp_encap_rcv() lacks the IPv6 header).
NOT_TINY=7,8,9,20,100,1300
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
WINDOWS=(32 64 96 128 256 512 1024 2048 4096)

# name:bits; AES-CBC goes by its HMAC
ALGORITHMS=({gcm8,gcm12,gcm16,gmac,sha256,sha384,sha512}:{128,192,256}
	chacha:256)
# mode:outer:inner
SHAPES=(tunnel:{4,6}:{4,6} transport:4:4 transport:6:6)
# ESN:UDP
VARIANTS=({,esn}:{,udp})
# scapy knows no GMAC, cuts no ICV, and has ESN for AEADs only; ESP in UDP is between
# device and scapy in the device's own tests.
BY_SCAPY=(
	"gcm16:128 tunnel:4:4 :"
	"gcm16:256 tunnel:6:4 esn:"
	"gcm16:192 transport:4:4 :"
	"chacha:256 tunnel:4:6 esn:"
	"sha256:128 transport:6:6 :"
	"sha384:256 tunnel:4:4 :"
	"sha512:192 tunnel:6:6 :"
)

# In a slow kernel one of so many algorithms.
SOME_OF=8

NEXT=60
declare -A NAMES
SOFTWARE=() SCAPY=()

# combine ALGORITHM SHAPE VARIANT: one more pair of SAs, its number in $PAIR.
combine() {
	local mode outer inner hops=routed

	PAIR=$((NEXT++))
	IFS=: read -r mode outer inner <<<"$2"
	[[ $mode == transport ]] || ((PAIR / 6 % 2)) || hops=onlink
	ALG[$PAIR]=${1%:*}
	ESN[$PAIR]=${3%:*}
	ENCAP[$PAIR]=${3#*:}
	[[ -z ${ENCAP[$PAIR]} ]] || ENCAP[$PAIR]=$NATT_PORT
	pair "$PAIR" "$mode" "$outer" "$inner" "$hops" "${1#*:}" \
		"${WINDOWS[PAIR % ${#WINDOWS[@]}]}"
	NAMES[$PAIR]="${1/:/-} $mode IPv$inner in IPv$outer"
	NAMES[$PAIR]+="${ESN[$PAIR]:+ ESN}${ENCAP[$PAIR]:+ UDP} pair $PAIR"
}

# sample ALGORITHM...: each of them, and all shapes and variants about as often.
sample() {
	local shift=$RANDOM algorithm

	for algorithm; do
		combine "$algorithm" \
			"${SHAPES[(NEXT + shift) % ${#SHAPES[@]}]}" \
			"${VARIANTS[RANDOM % ${#VARIANTS[@]}]}"
		SOFTWARE+=("$PAIR")
	done
}

everything() {
	local algorithm shape variant

	for algorithm in "${ALGORITHMS[@]}"; do
		for shape in "${SHAPES[@]}"; do
			for variant in "${VARIANTS[@]}"; do
				combine "$algorithm" "$shape" "$variant"
				SOFTWARE+=("$PAIR")
			done
		done
	done
}

# Of all algorithms some, for a kernel that is slow.
some() {
	local i

	for ((i = RANDOM % SOME_OF; i < ${#ALGORITHMS[@]}; i += SOME_OF)); do
		echo "${ALGORITHMS[i]}"
	done
}

played_by_scapy() {
	local item algorithm shape variant

	for item in "${BY_SCAPY[@]}"; do
		read -r algorithm shape variant <<<"$item"
		combine "$algorithm" "$shape" "$variant"
		SCAPY+=("$PAIR")
	done
}

addresses_of() {
	local -n address=$1
	local n

	shift
	for n; do
		echo "${address[$n]}"
	done
}

setup() {
	local far

	mapfile -t far < <(addresses_of FAR "${SOFTWARE[@]}")
	scapy_ready && pairs_up "${SOFTWARE[@]}" &&
		server "$WORK/encap" ready \
			peer "$SCRIPTS/udp_echo.py" encap $NATT_PORT &&
		server "$WORK/far" ready \
			peer "$SCRIPTS/udp_echo.py" serve $PORT "${far[@]}" &&
		server "$WORK/iperf3" listening peer iperf3 -s --forceflush
}

# What scapy plays the far side of.
scapy_ready() {
	local near

	((${#SCAPY[@]})) || return 0
	mapfile -t near < <(addresses_of NEAR "${SCAPY[@]}")
	scapy_up && topology_up && protect "${SCAPY[@]}" &&
		near_lines "${SCAPY[@]}" | near_batch &&
		server "$WORK/near" ready \
			"$SCRIPTS/udp_echo.py" serve $PORT "${near[@]}"
}

drops_tiny() {
	[[ ${MODE[$1]}${OUTER[$1]}${ALG[$1]}${ENCAP[$1]:+udp} == \
		transport6gcm8udp ]]
}

# A datagram of each size and its echo, by each pair.
exchange() {
	local n flows=() others=()

	for n in "${SOFTWARE[@]}"; do
		if drops_tiny "$n"; then
			others+=("${NEAR[$n]}>${FAR[$n]}")
		else
			flows+=("${NEAR[$n]}>${FAR[$n]}")
		fi
	done
	{
		"$SCRIPTS/udp_echo.py" check $PORT $SIZES "${flows[@]}"
		"$SCRIPTS/udp_echo.py" check $PORT $NOT_TINY "${others[@]}"
	} >"$WORK/lost"
	! grep -v ': no answer$' "$WORK/lost"
}

# echoed N: nothing of pair N was lost.
echoed() {
	! grep -F "${NEAR[$1]}>${FAR[$1]}:" "$WORK/lost"
}

# moves_tcp N WORDS...: a megabyte, by segments that the NIC cuts.
moves_tcp() {
	local n=$1

	shift
	iperf3 -c "${FAR[$n]}" -B "${NEAR[$n]}" -n 1M -f m "$@" |
		tee "$WORK/tcp"
	grep -q receiver "$WORK/tcp"
}

# One pair of each kind of algorithm.
tcp_pairs() {
	local n kind seen=

	for n in "${SOFTWARE[@]}"; do
		kind=${ALG[$n]//[0-9]/}${ENCAP[$n]}
		[[ " $seen " == *" $kind "* ]] && continue
		seen+=" $kind"
		echo "$n"
	done
}

scapy_spec() {
	local n sep=

	printf '{ "mac_src": "%s", "mac_dst": "%s", "port": %d, "pairs": [' \
		"$(peer cat /sys/class/net/peer0/address)" \
		"$(</sys/class/net/acme0/address)" $PORT
	for n in "${SCAPY[@]}"; do
		cat <<-END
		$sep{ "name": "${NAMES[$n]}", "mode": "${MODE[$n]}",
		  "algorithm": "${ALG[$n]}", "esn": "${ESN[$n]}",
		  "udp_port": "${ENCAP[$n]}",
		  "outer_src": "${FAR_END[$n]}", "outer_dst": "${NEAR_END[$n]}",
		  "inner_src": "${FAR[$n]}", "inner_dst": "${NEAR[$n]}",
		  "spi_to": "${SPI_IN[$n]}", "spi_from": "${SPI_OUT[$n]}",
		  "key_to": "${KEY_IN[$n]}", "key_from": "${KEY_OUT[$n]}",
		  "auth_to": "${AUTH_IN[$n]:-}", "auth_from": "${AUTH_OUT[$n]:-}" }
		END
		sep=,
	done
	echo "] }"
}

# It takes seconds to start, and then waits for what it has to do.
scapy_up() {
	coproc SCAPY_PEER { peer "$SCRIPTS/scapy_peer.py" peer0 >"$WORK/scapy"; }
	at_end stop_server "$SCAPY_PEER_PID"
}

# scapy sends, the near side answers, scapy reads the answers.
scapy_exchange() {
	local pid=$SCAPY_PEER_PID

	scapy_spec >&"${SCAPY_PEER[1]}" || return
	eval "exec ${SCAPY_PEER[1]}>&-"
	wait "$pid"
	cat "$WORK/scapy"
	grep -q '^done$' "$WORK/scapy"
}

scapy_agrees() {
	grep -F "${NAMES[$1]}:" "$WORK/scapy" | grep ': good$'
}

# Both ends count the same, and each SA has carried something.
counters_agree() {
	keep_evidence final || return
	sums <"$EVIDENCE/near-matrix-0.final" >"$WORK/near-sums"
	sums <"$EVIDENCE/far-matrix-0.final" >"$WORK/far-sums"
	diff <(known_there "$WORK/near-sums") "$WORK/far-sums" || return
	[[ $(wc -l <"$WORK/near-sums") == $((2 * ${#PAIRS[@]})) ]] &&
		! grep ' 0$' "$WORK/near-sums"
}

# What the far side's kernel knows, too.
known_there() {
	awk 'FNR == NR { known[$1, $2]; next } ($1, $2) in known' \
		"$WORK/far-sums" "$1"
}

no_drops() {
	diff <(printf '%s' "${MIB_BEFORE:+$MIB_BEFORE$'\n'}") <(mib_all near)
}

nothing_left() {
	run_cleanup
	near_lines "${SCAPY[@]}" | undo | near_batch &&
		pairs_down "${SOFTWARE[@]}" && no_states && no_device_sas
}

all_checks() {
	local n

	check "UDP between all pairs" exchange
	for n in "${SOFTWARE[@]}"; do
		check "${NAMES[$n]}" echoed "$n"
	done
	for n in $(tcp_pairs); do
		check "TCP out: ${NAMES[$n]}" moves_tcp "$n"
		check "TCP in: ${NAMES[$n]}" moves_tcp "$n" -R
	done
	((${#SCAPY[@]} == 0)) || check "scapy plays the peer" scapy_exchange
	for n in "${SCAPY[@]}"; do
		check "scapy: ${NAMES[$n]}" scapy_agrees "$n"
	done
	check "both ends count the same" counters_agree
	check "no packet was dropped in XFRM" no_drops
	check "all can be removed" nothing_left
}

RANDOM=$SEED
if [[ -n ${FULL:-} ]]; then
	everything
elif ((${SLOW:-1} > 1)); then
	BY_SCAPY=()
	mapfile -t SOME < <(some)
	sample "${SOME[@]}"
else
	sample "${ALGORITHMS[@]}"
fi
played_by_scapy
plan_for all_checks
echo "# ${#SOFTWARE[@]} pairs, SEED=$SEED"
MIB_BEFORE=$(mib_all near)
set_up setup
all_checks
rm -rf "$WORK"
finish
