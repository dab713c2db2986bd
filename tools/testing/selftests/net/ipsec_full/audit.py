#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Switches the kernel's audit on or off. Without a daemon, what it says goes to
the kernel's log.

usage: audit.py on|off
"""

import struct
import sys

from xfrm_nl import Refused, ask, message

NETLINK_AUDIT, AUDIT_SET = 9, 1001
AUDIT_STATUS_ENABLED = 1


def main():
    enabled = {'on': 1, 'off': 0}[sys.argv[1]]
    status = struct.pack('=11I', AUDIT_STATUS_ENABLED, enabled, *[0] * 9)
    try:
        ask(message(AUDIT_SET, status), NETLINK_AUDIT)
    except Refused as refusal:
        print('audit: %s' % refusal.strerror)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
