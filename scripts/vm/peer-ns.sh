#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Usage: peer COMMAND... (PEER=ns: the peer is a namespace of this machine)
exec ip netns exec peer "$@"
