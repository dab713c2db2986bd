# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # for who sources it
#
# A NIC that lacks something says so before it is asked, refuses it with words
# that name it, keeps nothing of what it has refused, and does the rest. To be
# sourced after ipsec.sh.

PROFILE_DIR=$(realpath "$(dirname "$0")")
TOLD=$(mktemp)
at_end rm -f "$TOLD"
ID_OUT="src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x28001"
ID_IN="src 10.0.0.2 dst 10.0.0.1 proto esp spi 0x28002"
GCM_KEY=$(random_key 128)

offered() {
	ip xfrm offload show dev acme0
}

# offers LINE: "ip xfrm offload show" has it; a basic regular expression.
offers() {
	offered
	offered | grep -q -e "^ *$1\$"
}

offers_no() {
	! offers "$@"
}

# offers_json PYTHON: an expression about c, what the JSON form says.
offers_json() {
	ip -j xfrm offload show dev acme0 | tee /dev/stderr |
		/usr/bin/python3 -S -c "import json, sys; c, = json.load(sys.stdin)
sys.exit(not ($1))"
}

# request add|update out|in WORDS...: with full offload.
request() {
	local -n id=ID_${2^^}
	local what=$1 dir=$2 mode=tunnel

	shift 2
	[[ $* != *"mode transport"* ]] || mode=
	echo "xfrm state $what $id ${mode:+mode $mode}" \
		"aead rfc4106(gcm(aes)) $GCM_KEY 128 $*" \
		"offload full dev acme0 dir $dir" | near_batch
}

add() {
	request add "$@"
}

# refused TEXT out|in WORDS...
refused() {
	check_fails "refused: ${*:2}" "$1" add "${@:2}"
}

# update_refused TEXT out|in WORDS...: of the SA that add has made.
update_refused() {
	check_fails "refused in an update: ${*:2}" "$1" request update "${@:2}"
}

# refusals: reads lines "CASE ATTRIBUTE TEXT", cases of refusals.py. Each is refused
# with TEXT, a basic regular expression, and ATTRIBUTE is held responsible.
refusals() {
	local lines name attribute text

	lines=$(cat)
	check "what can't be done is asked for" \
		ask "$(cut -d' ' -f1 <<<"$lines")"
	while read -r name attribute text; do
		check "refused: $name, for $attribute" \
			blames "$name" "$attribute" "$text"
	done <<<"$lines"
}

ask() {
	# shellcheck disable=SC2086  # words
	"$PROFILE_DIR/refusals.py" acme0 $1 >"$TOLD"
}

blames() {
	grep "^$1: " "$TOLD"
	grep -q -e "^$1: $2: .*$3" "$TOLD"
}

nothing_left() {
	no_states && no_device_sas
}

# A pair of SAs with nothing that could be lacking, with traffic.
the_rest_works() {
	carries "$1" && nothing_left
}
