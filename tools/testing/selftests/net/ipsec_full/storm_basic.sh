#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm on a NIC that can do the least: no ESN, no limits, one
# kind of tunnel; a short one.
#
# topology: PROFILE=basic
# timeout: 900
FEW=60 source "$(dirname "$0")/storm.sh"
