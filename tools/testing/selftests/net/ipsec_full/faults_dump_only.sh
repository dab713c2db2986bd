#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A NIC that stops an SA for each exception of the host, and starts it soon after,
# fails at either.
#
# topology: PROFILE=dump-only
# timeout: 900
SAMPLE=2
source "$(dirname "$0")/faults_commands.sh"
