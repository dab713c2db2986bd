#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: check-selftest.sh
#
# Does "make check" notice what goes wrong? Suites that fail in any way must be counted,
# and so must what a VM leaves behind: a kernel that complains, no log, no evidence, a
# wire that is not clean. "make vm" says the same of one test. Prints TAP.
#
# inputs: scripts tools/testing/selftests/net/ipsec_full/*.py
# inputs: tools/testing/selftests/net/ipsec_full/basic.sh
# inputs: tools/testing/selftests/net/ipsec_full/kunit.sh
# programs: python3 tshark
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$REPO/scripts/lint/tap.sh"
source "$REPO/scripts/suites.sh"
source "$REPO/scripts/proofs.sh"
source "$REPO/scripts/verdict.sh"
unset CI FULL

WORK=$BUILD/check-selftest
RESULTS=$WORK/results

# counts SUMS STATUS WHAT SCRIPT: of a suite that prints what SCRIPT does, next to a
# good one.
counts() {
	local told status=0

	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"
	enqueue good echo "ok 1 - good"
	enqueue planted bash -c "$4"
	run_queue >"$WORK/output" 2>&1
	told=$("$KTAP" "$RESULTS"/*.ktap) || status=$?
	[[ $told == "$1" && $status == "$2" ]] && status=0 || status=1
	((status == 0)) || sed 's/^/# /' "$WORK/output" - <<<"$told"
	tap "$status" "$3"
}

suites() {
	counts "2 passed, 0 failed, 0 skipped" 0 "a good one" \
		"echo 'ok 1 - planted'"
	counts "1 passed, 1 failed, 0 skipped" 1 "a failure" \
		"echo 'not ok 1 - planted'; exit 1"
	counts "1 passed, 1 failed, 0 skipped" 1 "a failure, status 0" \
		"echo 'not ok 1 - planted'"
	counts "2 passed, 1 failed, 0 skipped" 1 "a status without a failure" \
		"echo 'ok 1 - planted'; exit 3"
	counts "1 passed, 1 failed, 0 skipped" 1 "nothing" "true"
	counts "2 passed, 1 failed, 0 skipped" 1 "its end by a signal" \
		"echo 'ok 1 - planted'; kill -KILL \$\$"
	counts "3 passed, 1 failed, 0 skipped" 1 "fewer results than planned" \
		"printf '1..3\\nok 1 - planted\\nok 2 - planted\\n'"
	counts "2 passed, 1 failed, 0 skipped" 1 "bailing out" \
		"printf 'ok 1 - planted\\nBail out! planted\\n'"
	counts "2 passed, 1 failed, 0 skipped" 1 "a failure of one inside" \
		"printf '  ok 1 - a\\n  not ok 2 - b\\nok 1 - planted\\n'"
	counts "1 passed, 0 failed, 1 skipped" 0 "a skip" \
		"echo 'ok 1 - planted # SKIP no device'"
	CI=1 counts "1 passed, 0 failed, 1 skipped" 1 "a skip where none may be" \
		"echo 'ok 1 - planted # SKIP no device'"
}

# A VM's output directory without a complaint.
fresh_out() {
	rm -rf "$WORK/out"
	mkdir -p "$WORK/out/wire"
	cat >"$WORK/out/console.log" <<-END
		[    1.0] ipsec_full: begin basic.sh
		[    2.0] all is well
		[    3.0] ipsec_full: end basic.sh
	END
	touch "$WORK/out/wire/near-basic-0.final"
}

# says REGEX WHAT COMMAND...: a line of its results; "" is silence.
says() {
	local told status=0

	told=$("${@:3}")
	if [[ -z $1 ]]; then
		[[ -z $told ]] || status=1
	else
		grep -qE -- "$1" <<<"$told" || status=1
	fi
	((status == 0)) || echo "# ${told//$'\n'/$'\n# '}"
	tap "$status" "$2"
}

left_behind() {
	fresh_out
	says "" "a log without a complaint" log_results "$WORK/out"
	says "" "evidence" evidence_left "$WORK/out" basic.sh
	sed -i '2s/all is well/BUG: planted/' "$WORK/out/console.log"
	says "^not ok warnings in console.log: basic.sh" "a complaint" \
		log_results "$WORK/out"
	fresh_out
	cp "$WORK/out/console.log" "$WORK/out/peer-console.log"
	sed -i '2s/all is well/BUG: planted/' "$WORK/out/peer-console.log"
	says "^not ok warnings in peer-console.log: basic.sh" \
		"a complaint of the peer's" log_results "$WORK/out"
	rm "$WORK/out/console.log"
	says "^not ok warnings in console.log" "no log" log_results "$WORK/out"
	: >"$WORK/out/console.log"
	says "^not ok warnings in console.log" "an empty log" \
		log_results "$WORK/out"
	rm "$WORK/out/wire/near-basic-0.final"
	says "^not ok basic.sh: no evidence" "no evidence" \
		evidence_left "$WORK/out" basic.sh
	says "^not ok the wire" "evidence that can't be judged" \
		wire_result "$WORK/out" basic.sh
	rm -r "$WORK/out/wire"
	says "^not ok the wire" "no wire" wire_result "$WORK/out" basic.sh
}

# wired [PYTHON]: a wire that is clean, which PYTHON changes, and its evidence.
wired() {
	fresh_out
	mkdir "$WORK/out/capture" "$WORK/made"
	PYTHONPATH=$SELFTESTS /usr/bin/python3 -B - "$WORK/made" "${1:-}" <<-'END'
		import sys
		from test_verify_wire import Wire
		wire = Wire()
		exec(sys.argv[2])
		wire.write(sys.argv[1])
	END
	mv "$WORK"/made/evidence/* "$WORK/out/wire/"
	mv "$WORK"/made/*.pcap "$WORK/out/capture/"
	rm -r "$WORK/made"
}

# judges STATUS REGEX WHAT [TEST]: what "make vm" says of this one; "" is silence.
judges() {
	local told status=0

	told=$("$REPO/scripts/check-wire.sh" "$WORK/out" "$WORK/out/capture" \
		"${@:4}" 2>&1) || status=$?
	if [[ $status == "$1" && ( -n $2 || -z $told ) ]] &&
		grep -qE -- "$2" <<<"$told"; then
		tap 0 "make vm: $3"
	else
		echo "# status $status: ${told//$'\n'/$'\n# '}"
		tap 1 "make vm: $3"
	fi
}

LEAK="wire.add(wire.inner(b'leak'))"

by_hand() {
	wired
	judges 0 "^ok the wire" "a clean wire" basic.sh
	judges 0 "^ok the wire" "a clean wire, of another script"
	rm "$WORK"/out/wire/near-basic-0.final
	judges 1 "^not ok basic.sh: no evidence" "no evidence" basic.sh
	wired "$LEAK"
	judges 1 "^# cleartext: 1$" "cleartext" basic.sh
	judges 1 "^not ok the wire" "cleartext, of another script"
	rm "$WORK"/out/capture/*.pcap
	judges 1 "^not ok the wire" "no capture" basic.sh
	rm -r "$WORK/out/wire"
	judges 1 "^not ok the wire" "nothing" basic.sh
	judges 0 "no evidence by which" "nothing, of a test that sends nothing" \
		kunit.sh
	judges 0 "" "nothing, of another script"
}

mkdir -p "$WORK"
suites
left_behind
by_hand
rm -rf "$WORK"
tap_end
