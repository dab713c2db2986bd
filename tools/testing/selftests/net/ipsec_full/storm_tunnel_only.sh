#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm on a NIC without transport mode; a short one.
#
# topology: PROFILE=tunnel-only
# timeout: 900
FEW=60 source "$(dirname "$0")/storm.sh"
