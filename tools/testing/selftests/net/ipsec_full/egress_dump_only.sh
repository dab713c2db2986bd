#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets that the NIC can't send, of a NIC that gives software no numbers.
#
# topology: PROFILE=dump-only
# timeout: 400
source "$(dirname "$0")/egress.sh"
