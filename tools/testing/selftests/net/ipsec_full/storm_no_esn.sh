#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm on a NIC without extended sequence numbers; a short one.
#
# topology: PROFILE=no-esn
# timeout: 900
FEW=60 source "$(dirname "$0")/storm.sh"
