#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Tells the sender of an SA's packets, by ICMP, that one was too big for the path.

usage: path_mtu.py SOURCE DESTINATION SPI MTU

SOURCE and DESTINATION are those of the ESP packet that was too big; RFC 1191, 3, and
RFC 4443, 3.2.
"""

import socket
import struct
import sys

from xfrm_nl import family_of

ESP = 50
UNREACHABLE, FRAGMENTATION_NEEDED, PACKET_TOO_BIG = 3, 4, 2
TOO_BIG = 1500
ICMP_CHECKSUM = 2


def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def message4(source, destination, esp, mtu):
    quoted = struct.pack('!BBHHHBBH', 0x45, 0, TOO_BIG, 7, 0x4000, 63, ESP, 0) + \
        source + destination + esp
    text = bytearray(struct.pack('!BBHHH', UNREACHABLE, FRAGMENTATION_NEEDED, 0, 0,
                                 mtu) + quoted)
    struct.pack_into('!H', text, ICMP_CHECKSUM, checksum(text))
    return text, socket.IPPROTO_ICMP


def message6(source, destination, esp, mtu):
    """The kernel fills in the checksum."""
    quoted = struct.pack('!IHBB', 6 << 28, TOO_BIG, ESP, 63) + source + \
        destination + esp
    return struct.pack('!BBHI', PACKET_TOO_BIG, 0, 0, mtu) + quoted, \
        socket.IPPROTO_ICMPV6


def main():
    source, destination, spi, mtu = sys.argv[1:]
    family = family_of(source)
    message = {socket.AF_INET: message4, socket.AF_INET6: message6}[family]
    text, protocol = message(
        *(socket.inet_pton(family, one) for one in (source, destination)),
        struct.pack('!II', int(spi, 0), 1), int(mtu))
    with socket.socket(family, socket.SOCK_RAW, protocol) as sock:
        sock.sendto(text, (source, 0))


if __name__ == '__main__':
    main()
