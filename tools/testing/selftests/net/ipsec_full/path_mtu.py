#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Tells the sender of an SA's packets, by ICMP, that one was too big for the path.

usage: path_mtu.py SOURCE DESTINATION SPI MTU

SOURCE and DESTINATION are those of the ESP packet that was too big; RFC 1191, 3, and
RFC 4443, 3.2.
"""

import socket
import struct
import sys

from packets import ESP, checksum, ipv4, ipv6
from xfrm_nl import family_of

UNREACHABLE, FRAGMENTATION_NEEDED, PACKET_TOO_BIG = 3, 4, 2
TOO_BIG, DF = 1500, 0x4000


def message4(source, destination, esp, mtu):
    quoted = ipv4(source, destination, ESP, esp, length=TOO_BIG, frag=DF)
    head = struct.pack('!BB', UNREACHABLE, FRAGMENTATION_NEEDED)
    rest = struct.pack('!HH', 0, mtu) + quoted
    return head + struct.pack('!H', checksum(head, rest)) + rest, \
        socket.IPPROTO_ICMP


def message6(source, destination, esp, mtu):
    """The kernel fills in the checksum."""
    quoted = ipv6(source, destination, ESP, esp, length=TOO_BIG)
    return struct.pack('!BBHI', PACKET_TOO_BIG, 0, 0, mtu) + quoted, \
        socket.IPPROTO_ICMPV6


def main():
    source, destination, spi, mtu = sys.argv[1:]
    family = family_of(source)
    message = {socket.AF_INET: message4, socket.AF_INET6: message6}[family]
    text, protocol = message(source, destination,
                             struct.pack('!II', int(spi, 0), 1), int(mtu))
    with socket.socket(family, socket.SOCK_RAW, protocol) as sock:
        sock.sendto(text, (source, 0))


if __name__ == '__main__':
    main()
