#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Usage: peer COMMAND... (PEER=vm: the peer is another machine)
exec vmexec run peer "$@"
