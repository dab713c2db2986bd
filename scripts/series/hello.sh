#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the VM runs to show that the kernel boots.
uname -a
