#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm on a NIC with limits in bytes only; a short one.
#
# topology: PROFILE=bytes-only
# timeout: 900
FEW=60 source "$(dirname "$0")/storm.sh"
