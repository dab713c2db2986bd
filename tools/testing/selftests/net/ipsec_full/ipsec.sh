# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # for who sources it
#
# SAs and policies between the test machine ("near", acme0) and its peer
# ("far", peer0), the traffic through them, and the evidence for verify_wire.py.
# To be sourced after lib.sh.
#
#      near                                                  far
#   10.1.N.1 ---.                                       .--- 10.2.N.1
#   fd01:N::1    \  10.0.0.1                 10.0.0.2  /    fd02:N::1
#                 acme0 ===== wire ========== peer0
#   10.3.N.1 ----/  fd00::1                  fd00::2   \---- 10.3.N.2 on-link
#   fd03:N::1                                           `--- 10.4.N.2 routed
#
# Each pair of SAs has a number N. In tunnel mode it protects 10.1.N.0/24 with
# 10.2.N.0/24, or fd01:N::/64 with fd02:N::/64, between 10.0.0.1 and 10.0.0.2 or
# fd00::1 and fd00::2, or with a far end that is one hop away: 10.0.9.2 or
# fd00:9::2. In transport mode it protects 10.3.N.1 and 10.3.N.2, or 10.4.N.2,
# and likewise with IPv6. From N 256 on, 10 is added to the second byte of IPv4
# addresses for each 256; from 6656 on, it starts again with 5 more. No test uses
# these addresses for cleartext, so none of it may be seen on the wire.
#
# Tunnels end in XFRM interface ipsec0 on the far side. It fragments what is
# too big before ESP: fragments of ESP are not what these tests are about.
# Software ESP sends without GSO, as it counts a GSO packet as one packet, and
# over IPv6 uses the IV of its last segment for the next packet again.

EVIDENCE=$OUT/wire
TEST_NAME=$(basename "$0" .sh)
IPSEC_DEV=acme0
FAR_MTU=1400
# By this the far side's tunnels leave, whatever its routes say; none: by routes.
FAR_LINK="dev peer0"

# What the near side says to offload a state or a policy. The same tests run
# without on a stock NIC, in its place.
if [[ ${NIC:-acme} == acme ]]; then
	OFFLOAD_OUT="offload full dev $IPSEC_DEV dir out"
	OFFLOAD_IN="offload full dev $IPSEC_DEV dir in"
	OFFLOAD_POLICY="offload full dev $IPSEC_DEV"
fi

# plan_for FUNCTION: as many results as FUNCTION has checks.
plan_for() {
	plan "$(count_checks "$1")"
}

# The subshell has checks that only say that they are one.
count_checks() (
	# shellcheck disable=SC2317  # tests call it
	check() { echo; }
	# shellcheck disable=SC2317  # tests call it
	check_fails() { echo; }
	"$1" | wc -l
)

# set_up COMMAND...: what all checks need; without it there is nothing to check.
set_up() {
	local output

	output=$(mktemp)
	at_end rm -f "$output"
	"$@" >"$output" 2>&1 && return
	sed 's/^/# /' "$output"
	ktap_exit_fail_msg "$1 failed"
}

# server LOG TEXT COMMAND...: starts a program that runs until the test ends, and
# waits until TEXT is in what it prints, not in what one before it has printed.
server() {
	local log=$1 text=$2

	shift 2
	: >"$log"
	"$@" >"$log" 2>&1 &
	at_end stop_server $!
	slowwait 20 grep -q "$text" "$log"
}

stop_server() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# monitors PID: "ip xfrm monitor" has subscribed, by what the kernel says of its
# sockets.
monitors() {
	awk -v pid="$1" '$2 == 6 && $3 == pid && $4 != "00000000" { n++ }
		END { exit !n }' /proc/net/netlink
}

near_batch() {
	ip -batch -
}

far_batch() {
	peer ip -batch -
}

# Pairs by number: mode (tunnel, transport), families of outer and inner header
# (4, 6), far end (onlink, routed), bits of the AES key, replay window.
PAIRS=()
declare -A MODE OUTER INNER HOPS BITS WINDOW
# Set before "pair" by those who want another: algorithm, see crypto_words; ESN
# (yes); the port at both ends of ESP in UDP; the sequence number after which it
# starts. And words for the near side's SAs: out, in.
declare -A ALG ESN ENCAP START WORDS_OUT WORDS_IN
# Derived: keys and SPIs out and in, outer addresses, addresses and networks
# that are protected, the far side's XFRM interface.
declare -A KEY_OUT KEY_IN AUTH_OUT AUTH_IN SPI_OUT SPI_IN NEAR_END FAR_END
declare -A NEAR FAR NEAR_NET FAR_NET FAR_IF_ID

# random_bytes N: a multiple of four.
random_bytes() {
	local hex=0x i

	for ((i = 0; i < $1; i += 4)); do
		printf -v hex '%s%08x' "$hex" "$SRANDOM"
	done
	echo "$hex"
}

# random_key BITS: of an AEAD, with its salt.
random_key() {
	random_bytes $(($1 / 8 + 4))
}

# pair N MODE OUTER INNER HOPS BITS WINDOW: describes a pair of SAs.
pair() {
	local n=$1

	PAIRS+=("$n")
	MODE[$n]=$2 OUTER[$n]=$3 INNER[$n]=$4 HOPS[$n]=$5 BITS[$n]=$6
	WINDOW[$n]=$7
	printf -v "SPI_OUT[$n]" '%#x' $((0x10000 + n))
	printf -v "SPI_IN[$n]" '%#x' $((0x20000 + n))
	new_keys "$n"
	"describe_$2" "$n"
}

new_keys() {
	case ${ALG[$1]:-gcm16} in
	sha*)
		KEY_OUT[$1]=$(random_bytes $((BITS[$1] / 8)))
		KEY_IN[$1]=$(random_bytes $((BITS[$1] / 8)))
		AUTH_OUT[$1]=$(random_bytes $((${ALG[$1]#sha} / 8)))
		AUTH_IN[$1]=$(random_bytes $((${ALG[$1]#sha} / 8)))
		;;
	*)
		KEY_OUT[$1]=$(random_key "${BITS[$1]}")
		KEY_IN[$1]=$(random_key "${BITS[$1]}")
		;;
	esac
}

# crypto_words N KEY AUTH: an AEAD, gcm with the ICV's length in bytes, or
# AES-CBC, named by its HMAC.
crypto_words() {
	local algorithm=${ALG[$1]:-gcm16}

	case $algorithm in
	gcm*) echo "aead rfc4106(gcm(aes)) $2 $((${algorithm#gcm} * 8))" ;;
	gmac) echo "aead rfc4543(gcm(aes)) $2 128" ;;
	chacha) echo "aead rfc7539esp(chacha20,poly1305) $2 128" ;;
	sha*)
		echo "enc cbc(aes) $2" "auth-trunc hmac($algorithm) $3" \
			"$((${algorithm#sha} / 2))"
		;;
	esac
}

# What a pair has beyond that, but for replay windows.
other_words() {
	local oa=0.0.0.0

	((${OUTER[$1]} == 4)) || oa=::
	[[ -z ${ESN[$1]:-} ]] || printf 'flag esn '
	[[ -z ${ENCAP[$1]:-} ]] ||
		printf 'encap espinudp %d %d %s' "${ENCAP[$1]}" "${ENCAP[$1]}" $oa
}

# second_byte N: where the second bytes of IPv4 addresses start.
second_byte() {
	echo $((10 * ($1 / 256 % 26) + 5 * ($1 / 6656)))
}

describe_tunnel() {
	local n=$1 tens low=$(($1 % 256))

	tens=$(second_byte "$n")

	FAR_IF_ID[$n]="if_id 0x1"
	if ((${INNER[$n]} == 4)); then
		NEAR[$n]=10.$((tens + 1)).$low.1
		NEAR_NET[$n]=10.$((tens + 1)).$low.0/24
		FAR[$n]=10.$((tens + 2)).$low.1
		FAR_NET[$n]=10.$((tens + 2)).$low.0/24
	else
		NEAR[$n]=fd01:$n::1 NEAR_NET[$n]=fd01:$n::/64
		FAR[$n]=fd02:$n::1 FAR_NET[$n]=fd02:$n::/64
	fi
	case ${OUTER[$n]}${HOPS[$n]} in
	4*) NEAR_END[$n]=10.0.0.1 ;;&
	4onlink) FAR_END[$n]=10.0.0.2 ;;
	4routed) FAR_END[$n]=10.0.9.2 ;;
	6*) NEAR_END[$n]=fd00::1 ;;&
	6onlink) FAR_END[$n]=fd00::2 ;;
	6routed) FAR_END[$n]=fd00:9::2 ;;
	esac
}

describe_transport() {
	local n=$1 bits=128 tens low=$(($1 % 256))

	tens=$(second_byte "$n")

	case ${OUTER[$n]}${HOPS[$n]} in
	4*) NEAR[$n]=10.$((tens + 3)).$low.1 bits=32 ;;&
	4onlink) FAR[$n]=10.$((tens + 3)).$low.2 ;;
	4routed) FAR[$n]=10.$((tens + 4)).$low.2 ;;
	6*) NEAR[$n]=fd03:$n::1 ;;&
	6onlink) FAR[$n]=fd03:$n::2 ;;
	6routed) FAR[$n]=fd04:$n::2 ;;
	esac
	NEAR_END[$n]=${NEAR[$n]} FAR_END[$n]=${FAR[$n]}
	NEAR_NET[$n]=${NEAR[$n]}/$bits FAR_NET[$n]=${FAR[$n]}/$bits
}

# addresses NEAR|FAR N...: of pairs, a line each.
addresses() {
	local -n address=$1
	local n

	for n in "${@:2}"; do
		echo "${address[$n]}"
	done
}

# send_both PORT COUNT SIZE N...: datagrams both ways, until all are counted.
send_both() {
	local load=("${@:1:3}") echo n outward=() inward=()

	echo=$(dirname "$0")/udp_echo.py
	for n in "${@:4}"; do
		outward+=("${NEAR[$n]}>${FAR[$n]}")
		inward+=("${FAR[$n]}>${NEAR[$n]}")
	done
	"$echo" send "${load[@]}" "${outward[@]}" &&
		peer "$echo" send "${load[@]}" "${inward[@]}" &&
		busywait 20000 settled
}

# dead: datagrams that the NIC let pass when the host had no SA any more. XFRM
# counts them, or the driver if that doesn't know the SA any more either.
dead() {
	local stale

	stale=$(ethtool -S "$IPSEC_DEV" |
		awk '/sa_stale/ { n += $2 } END { print n + 0 }')
	echo $(($(mib near XfrmFullInState) + stale))
}

# sa N out|in WORDS...: an SA takes the selector of its policy when the far end
# is on-link, and any packet of either family when it is routed.
sa() {
	local n=$1 src=${NEAR_END[$1]} dst=${FAR_END[$1]} spi=${SPI_OUT[$1]}
	local key=${KEY_OUT[$1]} auth=${AUTH_OUT[$1]:-}
	local sel="src ${NEAR_NET[$1]} dst ${FAR_NET[$1]}"

	if [[ $2 == in ]]; then
		src=${FAR_END[$n]} dst=${NEAR_END[$n]} spi=${SPI_IN[$n]}
		key=${KEY_IN[$n]} auth=${AUTH_IN[$n]:-}
		sel="src ${FAR_NET[$n]} dst ${NEAR_NET[$n]}"
	fi
	shift 2
	case ${HOPS[$n]}${OUTER[$n]}${INNER[$n]} in
	onlink*) sel="sel $sel" ;;
	*46 | *64) sel="flag af-unspec" ;;
	*) sel= ;;
	esac
	echo "xfrm state add src $src dst $dst proto esp spi $spi reqid $n" \
		"mode ${MODE[$n]} $(crypto_words "$n" "$key" "$auth")" \
		"$(other_words "$n") $sel $*"
}

# ip wants a replay window for ESN, unless the direction is given.
outbound_window() {
	[[ -z ${ESN[$1]:-} ]] || echo "replay-window 32"
}

# starts N oseq|seq: with a number like this.
starts() {
	local start=${START[$1]:-0} high=

	((!(start >> 32))) || high="replay-$2-hi $((start >> 32))"
	((!start)) || echo "replay-$2 $((start & 0xffffffff)) $high"
}

near_states() {
	sa "$1" out "${WORDS_OUT[$1]:-}" "$(starts "$1" oseq)" \
		"${OFFLOAD_OUT:-$(outbound_window "$1")}"
	sa "$1" in replay-window "${WINDOW[$1]}" "${WORDS_IN[$1]:-}" \
		"$(starts "$1" seq)" "$OFFLOAD_IN"
}

far_states() {
	sa "$1" out replay-window 128 "$(starts "$1" seq)" "${FAR_IF_ID[$1]}"
	sa "$1" in "$(outbound_window "$1")" "$(starts "$1" oseq)" \
		"${FAR_IF_ID[$1]}"
}

# policy N DIRECTION inward|outward WORDS...: outward is from near to far.
policy() {
	local n=$1 dir=$2
	local sel="src ${FAR_NET[$1]} dst ${NEAR_NET[$1]}"
	local ends="src ${FAR_END[$1]} dst ${NEAR_END[$1]}"

	if [[ $3 == outward ]]; then
		sel="src ${NEAR_NET[$n]} dst ${FAR_NET[$n]}"
		ends="src ${NEAR_END[$n]} dst ${FAR_END[$n]}"
	fi
	shift 3
	echo "xfrm policy add $sel dir $dir $* priority 100" \
		"tmpl $ends proto esp reqid $n mode ${MODE[$n]}"
}

near_policies() {
	policy "$1" out outward "$OFFLOAD_POLICY"
	policy "$1" in inward "$OFFLOAD_POLICY"
	policy "$1" fwd inward "$OFFLOAD_POLICY"
}

far_policies() {
	policy "$1" in outward "${FAR_IF_ID[$1]}"
	policy "$1" out inward "${FAR_IF_ID[$1]}"
}

# Under a policy, neighbours of an IPv6 subnet still have to find each other.
nd_policies() {
	local n=$1 type dir

	[[ ${MODE[$n]}${INNER[$n]}${HOPS[$n]} == transport6onlink ]] || return 0
	for type in 135 136; do
		for dir in in out; do
			echo "xfrm policy add src fd03:$n::/64 dst fd03:$n::/64" \
				"proto ipv6-icmp type $type dir $dir priority 1"
		done
	done
}

# What there is on a side, in the order in which it is made.
near_lines() {
	local n via

	for n; do
		nd_policies "$n"
		near_policies "$n"
		near_states "$n"
		via="via 10.0.0.2"
		((${INNER[$n]} == 4)) || via="via fd00::2"
		address_lines "$n" "${NEAR[$n]}" "$IPSEC_DEV" "${FAR_NET[$n]}" \
			"$via"
	done
}

far_lines() {
	local n via

	for n; do
		nd_policies "$n"
		far_policies "$n"
		far_states "$n"
		via="via 10.0.0.1"
		((${INNER[$n]} == 4)) || via="via fd00::1"
		[[ ${MODE[$n]} == transport ]] || via="dev ipsec0"
		address_lines "$n" "${FAR[$n]}" peer0 "${NEAR_NET[$n]}" "$via"
	done
}

# address_lines N ADDRESS DEVICE DESTINATION VIA: an address on the device when
# the other end is on-link, else on lo with a route to the other end.
address_lines() {
	local host=32 subnet=24 nodad=

	if ((${INNER[$1]} == 6)); then
		host=128 subnet=64 nodad=nodad
	fi
	if [[ ${MODE[$1]}${HOPS[$1]} == transportonlink ]]; then
		echo "address add $2/$subnet dev $3 $nodad"
	else
		echo "address add $2/$host dev lo $nodad"
		echo "route add $4 $5 src $2"
	fi
}

# The commands that undo those of the standard input, the last first.
undo() {
	tac | sed -E -e 's/^(address|route) add/\1 del/' -e 's/ nodad$//' \
		-e 's/^xfrm state add (src .* spi [^ ]*) .*/xfrm state delete \1/' \
		-e 's/^xfrm policy add (.*) priority .*/xfrm policy delete \1/' \
		-e '/^xfrm policy/s/ offload [a-z]+ dev [^ ]+//'
}

# each FUNCTION N...: what FUNCTION says of every pair.
each() {
	local function=$1 n

	shift
	for n; do
		"$function" "$n"
	done
}

# To the far ends that are a hop away: these routes go with the interface.
near_routes() {
	echo "route replace 10.0.9.2 via 10.0.0.2 src 10.0.0.1"
	echo "route replace fd00:9::2 via fd00::2 src fd00::1"
}

# Once a boot: the far ends that are a hop away, and the tunnels' interface.
topology_up() {
	mkdir -p "$EVIDENCE"
	near_routes | near_batch || return
	if peer ip link show dev ipsec0 >/dev/null 2>&1; then
		return
	fi
	[[ -n $OFFLOAD_OUT ]] || ip link set "$IPSEC_DEV" gso_max_segs 1
	far_batch <<-END || return
		address add 10.0.9.2 dev lo
		address add fd00:9::2 dev lo
		link add ipsec0 type xfrm $FAR_LINK if_id 0x1
		link set ipsec0 up mtu $FAR_MTU
		link set ipsec0 gso_max_segs 1
		link set peer0 gso_max_segs 1
	END
}

protect() {
	local n

	for n; do
		echo "${NEAR_NET[$n]} ${FAR_NET[$n]} $n" >>"$EVIDENCE/protect"
		printf 'near %s\nfar %s\n' "${NEAR_END[$n]}" "${FAR_END[$n]}" \
			>>"$EVIDENCE/ends"
		[[ -z ${START[$n]:-} ]] || started "$n" >>"$EVIDENCE/starts"
	done
}

started() {
	echo "${FAR_END[$1]} ${SPI_OUT[$1]} ${START[$1]}"
	echo "${NEAR_END[$1]} ${SPI_IN[$1]} ${START[$1]}"
}

# pairs_up N...: policies, SAs, then addresses on both sides; the far side
# first, so that whatever comes is understood there.
pairs_up() {
	topology_up && protect "$@" && far_lines "$@" | far_batch &&
		near_lines "$@" | near_batch && keep_evidence live
}

# Takes away what pairs_up made, the policies last: they block what comes late.
pairs_down() {
	near_lines "$@" | undo | near_batch && far_lines "$@" | undo | far_batch
}

# carries N...: pairs that come and go, and carry packets in between, which both ends
# and the wire count alike.
carries() {
	local n

	pairs_up "$@" || return
	for n; do
		ping -q -c 5 -i 0.1 -W 2 -I "${NEAR[$n]}" "${FAR[$n]}" || return
	done
	keep_evidence final && pairs_down "$@"
}

states_add() {
	each far_states "$@" | far_batch && each near_states "$@" | near_batch &&
		keep_evidence live
}

states_del() {
	each near_states "$@" | undo | near_batch &&
		each far_states "$@" | undo | far_batch
}

# renew N...: other keys and SPIs, which no other pair has or will have, for SAs to
# come.
GENERATION=0
renew() {
	local n base

	GENERATION=$((GENERATION + 1))
	base=$((GENERATION * 0x20000))
	for n; do
		new_keys "$n"
		printf -v "SPI_OUT[$n]" '%#x' $((base + 0x10000 + n))
		printf -v "SPI_IN[$n]" '%#x' $((base + 0x20000 + n))
	done
}

# sent N, received N: packets that the near side's SA has counted.
sent() {
	packets_of src "${NEAR_END[$1]}" dst "${FAR_END[$1]}" spi "${SPI_OUT[$1]}"
}

received() {
	packets_of src "${FAR_END[$1]}" dst "${NEAR_END[$1]}" spi "${SPI_IN[$1]}"
}

packets_of() {
	local pattern='\(bytes\), ([0-9]+)\(packets\)'

	[[ $(ip -s xfrm state get "$@" proto esp) =~ $pattern ]] || return
	echo "${BASH_REMATCH[1]}"
}

# flows N...: traffic goes both ways through the current SAs.
flows() {
	local before

	before=$(sent_and_received "$@")
	slowwait 20 more_than "$before" "$@"
}

# A line for each pair: packets that the near side's SAs have counted.
sent_and_received() {
	local n dst spi bytes packets
	local -A by_sa

	while read -r dst spi bytes packets; do
		spi=${spi%\(*}
		by_sa[$dst,$((spi))]=$packets
	done < <(ip -s xfrm state | sums)
	for n; do
		echo "${by_sa[${FAR_END[$n]},$((SPI_OUT[$n]))]:-0}" \
			"${by_sa[${NEAR_END[$n]},$((SPI_IN[$n]))]:-0} $n"
	done
}

# more_than BEFORE N...: ten packets at least by each SA since. Tells which has not.
more_than() {
	local before=$1

	shift
	paste -d ' ' - <(sent_and_received "$@") <<<"$before" | awk '
		$4 < $1 + 10 { print "pair " $3 ": nothing goes out" }
		$5 < $2 + 10 { print "pair " $3 ": nothing comes in" }' |
		grep . && return 1
	return 0
}

counters() {
	{ ip -s xfrm state; peer ip -s xfrm state; } |
		grep -A 1 'lifetime current:'
}

# Two looks in a row that are the same.
settled() {
	local before after

	before=$(counters)
	sleep 0.3
	after=$(counters)
	[[ $before == "$after" ]]
}

# keep_evidence KIND: final when all traffic has ended, live while it goes on or
# is yet to come, and whenever limits, ports or keys have changed, foreign when it
# is forged, elsewhere when other wires have it, too.
LIVES=0
keep_evidence() {
	local name=$TEST_NAME-$GENERATION

	[[ $1 != live ]] || name+=-$((LIVES++))
	if [[ $1 == final ]]; then
		busywait 20000 settled || return
		cat /proc/net/xfrm_stat >"$EVIDENCE/near-$name.mib" &&
			peer cat /proc/net/xfrm_stat \
				>"$EVIDENCE/far-$name.mib" || return
	fi
	ip -s xfrm state >"$EVIDENCE/near-$name.$1" &&
		peer ip -s xfrm state >"$EVIDENCE/far-$name.$1"
}

# What the kernel says of near SAs that go is evidence from here on, with their
# counters. Those that go under traffic have counted exactly that, too.
HEARING=
hear_gone() {
	GONE=$EVIDENCE/near-$TEST_NAME.gone
	[[ -z $HEARING ]] || return 0
	ip -s xfrm monitor SA expire nokeys >>"$GONE" 2>&1 &
	HEARING=$!
	at_end hear_no_more
	slowwait 10 monitors "$HEARING"
}

hear_no_more() {
	stop_server "$HEARING"
	HEARING=
}

# ends_told FILE SPI: "soft|hard|deleted packets bytes" of each message in what "ip -s
# xfrm monitor" has written that this SA expires or is gone.
ends_told() {
	awk -v spi="spi $(printf '0x%08x' "$2")" '
		/^[^\t]/ { kind = $1 }
		/^\tproto/ { mine = index($0, spi) }
		/^\tlifetime current/ {
			getline
			gsub(/[^0-9]+/, " ")
			bytes = $1
			packets = $2
			if (mine && kind == "Deleted")
				print "deleted", packets, bytes
		}
		/^\thard [01]$/ && mine && kind == "Expired" {
			print ($2 ? "hard" : "soft"), packets, bytes
		}' "$1"
}

# "destination spi bytes packets" of each SA in the text of "ip -s xfrm state"
sums() {
	awk '$1 == "src" && $3 == "dst" { dst = $4 }
	     $2 == "esp" && $3 == "spi" { spi = $4 }
	     $1 == "lifetime" && $2 == "current:" {
		getline
		gsub(/[^0-9]+/, " ")
		print dst, spi, $1, $2
	     }' | sort
}

# mib SIDE NAME: a counter of /proc/net/xfrm_stat.
mib() {
	local all name value

	if [[ $1 == near ]]; then
		all=$(</proc/net/xfrm_stat)
	else
		all=$(peer cat /proc/net/xfrm_stat)
	fi
	while read -r name value; do
		[[ $name != "$2" ]] || break
	done <<<"$all"
	echo "${value:-0}"
}

# hw_count NAME: a counter of the NIC.
hw_count() {
	ethtool -S "$IPSEC_DEV" | sed -n "s/^ *hw_$1: //p"
}

# All counters of it that are not zero.
mib_all() {
	local side=

	[[ $1 == near ]] || side=peer
	$side grep -v '[[:space:]]0$' /proc/net/xfrm_stat
}

# Neither side has a state or a policy of these tests left.
no_states() {
	local left

	left=$(ip xfrm state; ip xfrm policy list | grep -v '^src .* socket'
		peer ip xfrm state; peer ip xfrm policy)
	echo "$left"
	[[ -z $left ]]
}

# device_has N: so many SAs are in the NIC, by its own account.
device_has() {
	[[ -n $OFFLOAD_OUT ]] || return 0
	acmectl dump json | grep -Eq "\"num_sas\": $1,?\$"
}

# The driver has declared the NIC lost.
is_lost() {
	devlink health show | grep -A 2 'reporter fw' | grep -q 'state error'
}

# The NIC forgets an SA some time after it was deleted.
no_device_sas() {
	busywait 5000 device_has 0 && return
	echo "SAs left in the NIC:"
	acmectl dump
	return 1
}
