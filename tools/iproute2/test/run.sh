#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Test parser, requests, text and JSON of "ip xfrm" with a stand-in for the
# kernel: needs neither root nor XFRM, only a C compiler and Python 3.
#
# usage: run.sh PATH_TO_IP

set -eu

[ $# -eq 1 ] || { echo "usage: ${0##*/} PATH_TO_IP" >&2; exit 2; }
[ -x "$1" ] || { echo "${0##*/}: $1 is no program" >&2; exit 2; }

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"${CC:-cc}" -Wall -Wextra -O2 -shared -fPIC -o "$tmp/fakexfrm.so" \
	"$here/fakexfrm.c" -ldl
/usr/bin/python3 -B "$here/xfrm_test.py" "$1" "$tmp/fakexfrm.so" "$tmp"
