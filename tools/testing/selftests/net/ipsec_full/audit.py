#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Switches the kernel's audit on or off. Without a daemon, what it says goes to
the kernel's log.

usage: audit.py on|off
"""

import os
import socket
import struct
import sys

NETLINK_AUDIT, AUDIT_SET = 9, 1001
AUDIT_STATUS_ENABLED = 1
NLM_F_REQUEST, NLM_F_ACK = 1, 4


def main():
    enabled = {'on': 1, 'off': 0}[sys.argv[1]]
    status = struct.pack('=11I', AUDIT_STATUS_ENABLED, enabled, *[0] * 9)
    head = struct.pack('=IHHII', 16 + len(status), AUDIT_SET,
                       NLM_F_REQUEST | NLM_F_ACK, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                       NETLINK_AUDIT) as sock:
        sock.send(head + status)
        error, = struct.unpack_from('=i', sock.recv(4096), 16)
    if error:
        print('audit: %s' % os.strerror(-error))
    return 1 if error else 0


if __name__ == '__main__':
    sys.exit(main())
