#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Sends the first fragment of a UDP packet, as a program may.

usage: raw_fragment.py SOURCE DESTINATION
"""

import socket
import struct
import sys

from xfrm_nl import family_of

PAYLOAD = bytes(64)
MORE_FRAGMENTS, MORE_FRAGMENTS6 = 0x2000, 1
FRAGMENT_HEADER = 44


def ipv4(source, destination):
    """The kernel fills in length and checksum."""
    return struct.pack('!BBHHHBBH', 0x45, 0, 0, 7, MORE_FRAGMENTS, 64,
                       socket.IPPROTO_UDP, 0) + source + destination


def ipv6(source, destination):
    fragment = struct.pack('!BBHI', socket.IPPROTO_UDP, 0, MORE_FRAGMENTS6, 7)
    return struct.pack('!IHBB', 6 << 28, len(fragment) + len(PAYLOAD),
                       FRAGMENT_HEADER, 64) + source + destination + fragment


def main():
    source, destination = sys.argv[1:]
    family = family_of(source)
    head = {socket.AF_INET: ipv4, socket.AF_INET6: ipv6}[family](
        *(socket.inet_pton(family, one) for one in (source, destination)))
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        try:
            sock.sendto(head + PAYLOAD, (destination, 0))
        except OSError as error:
            print(error)
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
