#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm on a NIC with replay windows of 64 packets; a short one.
#
# topology: PROFILE=small-window
# timeout: 900
FEW=60 source "$(dirname "$0")/storm.sh"
