# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # from and for who sources it
#
# SAs that move between software and the NIC, traffic that goes on meanwhile and
# tells of each datagram that is lost, and what the kernel's tracepoint tells of
# the moves. To be sourced after ipsec.sh.

MOVES_DIR=$(realpath "$(dirname "$0")")
MOVES_TRACE=/sys/kernel/tracing/events/xfrm_full/xfrm_full_move
STREAM_PORT=4270

# sa_id N out|in: the words by which ip knows an SA.
sa_id() {
	local ends="src ${NEAR_END[$1]} dst ${FAR_END[$1]}" spi=${SPI_OUT[$1]}

	if [[ $2 == in ]]; then
		ends="src ${FAR_END[$1]} dst ${NEAR_END[$1]}" spi=${SPI_IN[$1]}
	fi
	echo "$ends proto esp spi $spi"
}

# move N out|in none|DEVICE WORDS...: an SA gets there.
move() {
	move_line "$@" | near_batch
}

move_line() {
	local offload="full dev $3 dir $2"

	[[ $3 != none ]] || offload=none
	echo "xfrm state update $(sa_id "$1" "$2") offload $offload ${*:4}"
}

# move_pairs none|DEVICE N...: both SAs of each pair.
move_pairs() {
	local to=$1 n

	shift
	for n; do
		move_line "$n" out "$to"
		move_line "$n" in "$to"
	done | near_batch
}

# show N out|in: the SA, with statistics.
show() {
	# shellcheck disable=SC2046  # words
	ip -s xfrm state get $(sa_id "$1" "$2")
}

# is_at N out|in PLACE WANTED REASON
is_at() {
	local line

	line=$(show "$1" "$2" | grep '^	 place ')
	echo "pair $1 $2:$line"
	[[ $line == *" place $3 wanted $4 reason $5 "* ]]
}

# pair_is_at N PLACE WANTED REASON: both of its SAs.
pair_is_at() {
	is_at "$1" out "${@:2}" && is_at "$1" in "${@:2}"
}

in_device() {
	pair_is_at "$1" device device request
}

in_software() {
	pair_is_at "$1" software software request
}

# no_gso DEVICE...: software counts a GSO packet as one, as long as the SA was never
# in a NIC.
no_gso() {
	local dev

	for dev; do
		ip link set "$dev" gso_max_segs 1 || return
		at_end ip link set "$dev" gso_max_segs 65535
	done
}

# In software since they were added: no word of offload.
software_pairs_up() {
	topology_up && no_gso "$IPSEC_DEV" || return
	OFFLOAD_OUT='' OFFLOAD_IN='' pairs_up "$@"
}

# essence N...: what must be the same wherever SAs are.
essence() {
	local n ids=()

	for n; do
		ids+=("${FAR_END[$n]}" "${SPI_OUT[$n]}")
		ids+=("${NEAR_END[$n]}" "${SPI_IN[$n]}")
	done
	ip -s xfrm state |
		sed '/^	 *place /d; /^	 *drops:/d; /offload parameters/d'
	"$MOVES_DIR/saops.py" getae "${ids[@]}"
}

# carried none|DEVICE N...: pairs without traffic move, and that is all.
carried() {
	local before after

	before=$(essence "${@:2}")
	move_pairs "$@" || return
	after=$(essence "${@:2}")
	grep -q '^packets' <<<"$before" && diff <(echo "$before") <(echo "$after")
}

# stream_up RATE N...: datagrams both ways through the pairs, so many a second, and
# TCP, until stream_down. The far end's may be others, by STREAM_FAR_ENV.
STREAM_FAR_ENV=()
stream_up() {
	local rate=$1 n near=() far=()

	shift
	for n; do
		near+=("${NEAR[$n]}>${FAR[$n]}")
		far+=("${FAR[$n]}>${NEAR[$n]}")
	done
	server "$OUT/stream-far" ready peer env "${STREAM_FAR_ENV[@]}" \
		"$MOVES_DIR/stream.py" serve $STREAM_PORT "$rate" \
		"${far[@]}" || return
	STREAM_FAR=$!
	server "$OUT/stream-near" ready "$MOVES_DIR/stream.py" connect \
		$STREAM_PORT "$rate" "${near[@]}" || return
	STREAM_NEAR=$!
}

# Both ends stop sending, and when all has arrived, tell what did.
stream_down() {
	kill -USR1 "$STREAM_NEAR" "$STREAM_FAR" || return
	slowwait 20 grep -q '^stopped' "$OUT/stream-near" &&
		slowwait 20 grep -q '^stopped' "$OUT/stream-far" || return
	kill -TERM "$STREAM_NEAR" "$STREAM_FAR"
	wait "$STREAM_NEAR" "$STREAM_FAR"
}

# What one end has sent is what the other has received.
stream_whole() {
	stream_lost_at_most 0
}

# stream_lost_at_most N: likewise, but for so many datagrams.
stream_lost_at_most() {
	"$MOVES_DIR/stream.py" compare "$OUT/stream-near" "$OUT/stream-far" "$1"
}

# The SAs as storm.py wants them.
storm_sas() {
	local n

	for n; do
		echo "${FAR_END[$n]} ${SPI_OUT[$n]} out |$(update_of "$n" out)"
		echo "${NEAR_END[$n]} ${SPI_IN[$n]} in |" \
			"$(update_of "$n" in replay-window "${WINDOW[$n]}")"
	done
}

update_of() {
	sa "$1" "$2" dir "$2" "${@:3}" |
		sed 's/^xfrm state add/xfrm state update/'
}

# nic_commands NAME|NAME... WORDS...: "NAME times" of commands about SAs that the NIC
# has executed, sorted; WORDS are acmectl's and choose the NIC.
nic_commands() {
	acmectl "${@:2}" dump json |
		sed -nE "s/^ *\"(SA_)?($1)\": ([0-9]+),?\$/\2 \3/p" | sort
}

# nic_count 0|1: all commands about SAs that a NIC has executed.
nic_count() {
	nic_commands 'ADD|RUN|STOP|DEL|QUERY|UPDATE|RESUME|SEQ_ALLOC|REPLAY_TEST_SET' \
		--nic "$1"
}

# times BEFORE AFTER: "NAME times" of each command that was executed since.
times() {
	join -a 2 <(echo "$1") <(echo "$2") | awk '
		{ n = NF == 3 ? $3 - $2 : $2 }
		n { printf "%s%s %d", sep, $1, n; sep = ", " }'
}

# From here on, what the kernel tells of SAs is heard.
hear_moves() {
	MOVES_TOLD=$OUT/$TEST_NAME.moves-told
	ip -s xfrm monitor SA >"$MOVES_TOLD" 2>&1 &
	at_end stop_server $!
	TOLD_BEFORE=0
	slowwait 10 monitors $!
}

# told_places: "spi place" of each message since the last look that an SA was changed.
told_places() {
	tail -n +$((TOLD_BEFORE + 1)) "$MOVES_TOLD" | awk '
		/^[^\t]/ { updated = $1 == "Updated" }
		/^\tproto/ { spi = $4 }
		/^\t *place / && updated { print substr(spi, 1, 10), $2 }' | sort
}

places_are() {
	[[ $(told_places) == "$1" ]]
}

listen_anew() {
	TOLD_BEFORE=$(wc -l <"$MOVES_TOLD")
}

# move_told N out|in PLACE: of this SA, too, since the last look.
move_told() {
	local spi=${SPI_OUT[$1]}

	[[ $2 == out ]] || spi=${SPI_IN[$1]}
	told_places | grep -qx "$(printf "0x%08x $3" "$spi")"
}

# moves_told PLACE N...: of both SAs of these pairs that they are there, once each,
# and of no other one since the last look.
moves_told() {
	local n want

	want=$(for n in "${@:2}"; do
		printf "0x%08x $1\n" "${SPI_OUT[$n]}" "${SPI_IN[$n]}"
	done | sort)
	if ! busywait 5000 places_are "$want"; then
		diff <(echo "$want") <(told_places)
		return 1
	fi
	listen_anew
}

trace_moves() {
	echo 1 >"$MOVES_TRACE/enable" || return
	at_end forget_moves
	: >/sys/kernel/tracing/trace
}

forget_moves() {
	echo 0 >"$MOVES_TRACE/enable"
	: >/sys/kernel/tracing/trace
}

# transitions N out|in: those that the SA has made, in one line.
transitions() {
	local -n spi=SPI_${2^^}

	grep "spi=$(printf '0x%08x' "${spi[$1]}") .* dir=$2 " \
		/sys/kernel/tracing/trace |
		sed 's/.* from=\([^ ]*\) to=\([^ ]*\).*/\1>\2/' | paste -sd' '
}

