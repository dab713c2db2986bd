#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The handover storm on a NIC with room for four SAs of eight; a short one.
#
# topology: PROFILE=few-sas
# timeout: 900
FEW=60 source "$(dirname "$0")/storm.sh"
