#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm on a NIC that stops and starts SAs, but lets the host take no
# part in a running one.
#
# topology: PROFILE=dump-only
# timeout: 900
source "$(dirname "$0")/storm.sh"
