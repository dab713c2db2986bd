#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm on a NIC with transport mode over IPv6 only; a short one.
#
# topology: PROFILE=transport-ipv6
# timeout: 900
FEW=60 source "$(dirname "$0")/storm.sh"
