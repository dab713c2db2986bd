#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Sends the first fragment of a UDP packet over IPv4, as a program may.

usage: raw_fragment.py SOURCE DESTINATION
"""

import socket
import struct
import sys

MORE_FRAGMENTS = 0x2000


def main():
    source, destination = sys.argv[1:]
    # The kernel fills in length and checksum.
    head = struct.pack('!BBHHHBBH', 0x45, 0, 0, 7, MORE_FRAGMENTS, 64,
                       socket.IPPROTO_UDP, 0)
    head += socket.inet_aton(source) + socket.inet_aton(destination)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW,
                       socket.IPPROTO_RAW) as sock:
        try:
            sock.sendto(head + bytes(64), (destination, 0))
        except OSError as error:
            print(error)
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
