#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counts the calls of the kernel's functions that do ESP and AES-GCM, with
# ftrace's function profiler, on the machine where it runs.
#
# usage: count_calls.sh start	from now on, from zero
#	 count_calls.sh show	"calls function" of each that was called
#
# xfrm_output() sends all packets of IPsec, whoever encrypts: if it was not called,
# there is nothing to show, and show fails.
set -o pipefail

TRACING=/sys/kernel/tracing
FUNCTIONS=(
	'esp_input*' 'esp_output*' 'esp_xmit'
	'esp6_input*' 'esp6_output*' 'esp6_xmit'
	'crypto_aead_encrypt' 'crypto_aead_decrypt'
	'*rfc4106*crypt*' '*gcm*crypt*' 'seqiv_aead_*crypt'
	'xfrm_output'
)

start() {
	local function

	echo 0 >function_profile_enabled
	: >set_ftrace_filter
	for function in "${FUNCTIONS[@]}"; do
		echo "$function" >>set_ftrace_filter 2>/dev/null
	done
	grep -qx 'esp_input' set_ftrace_filter || {
		echo "${0##*/}: the kernel has no esp_input to count" >&2
		return 1
	}
	echo 1 >function_profile_enabled
}

show() {
	awk 'FNR > 2 { calls[$1] += $2 }
	     END {
		if (!calls["xfrm_output"])
			exit 1
		delete calls["xfrm_output"]
		for (name in calls)
			print calls[name], name
	     }' trace_stat/function* | sort -k 2
}

cd "$TRACING" || exit 1
case $1 in
start | show) "$1" ;;
*) exit 2 ;;
esac
