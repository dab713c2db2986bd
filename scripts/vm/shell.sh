#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The login shell of "make shell": sets the VM up as for a script, then stays.
mkdir -p /run/vm
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 run /run/vm
exec bash /run/vm/boot shell
