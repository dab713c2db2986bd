#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: clean-cache.sh
#
# Removes what the project keeps outside of the checkout.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

remove() {
	local part

	for part in accel apt ccache iproute2 kernel lint proofs; do
		rm -rf "${CACHE:?}/$part"
	done
	rm -rf --one-file-system "$CACHE"/venv-* "$CACHE"/fresh-*
	rm -f "$CACHE"/.lock-*
	rmdir "$CACHE" 2>/dev/null || note "left what is not ours in $CACHE"
}

[[ ! -d $CACHE ]] || with_lock kernel remove
