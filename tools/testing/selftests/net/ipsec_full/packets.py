# SPDX-License-Identifier: GPL-2.0
"""IP packets, whole and in fragments, right and wrong. Needs no cryptography, which
takes long to load.
"""

import ipaddress
import random
import struct

from verify_wire import ones_sum

ETH_IPV4, ETH_IPV6 = 0x0800, 0x86dd
HOP_BY_HOP, ICMP, TCP, UDP, IPIP, IPV6, FRAGMENT = 0, 1, 6, 17, 4, 41, 44
ESP, ICMPV6, NO_NEXT, DEST_OPTIONS = 50, 58, 59, 60
# RFC 4727, 5
EXPERIMENT = 0x1e
SPORT = 40001
FLOW_LABEL = 0x12345


def packed(addr):
    return ipaddress.ip_address(addr).packed


def checksum(*parts):
    return ones_sum(*parts) ^ 0xffff


def ipv4(src, dst, proto, payload, options=b'', **fields):
    """An IPv4 packet; fields: length, ihl, version, tclass, frag, csum."""
    size = 20 + len(options)
    first = fields.get('version', 4) << 4 | fields.get('ihl', size // 4)
    head = struct.pack('!BBHHHBB', first, fields.get('tclass', 0),
                       fields.get('length', size + len(payload)), 0x1234,
                       fields.get('frag', 0), 64, proto)
    rest = packed(src) + packed(dst) + options
    csum = fields.get('csum', checksum(head, rest))
    return head + struct.pack('!H', csum) + rest + payload


def ipv6(src, dst, proto, payload, length=None, tclass=0):
    return struct.pack('!IHBB', 6 << 28 | tclass << 20 | FLOW_LABEL,
                       len(payload) if length is None else length, proto,
                       64) + packed(src) + packed(dst) + payload


def ip_packet(src, dst, proto, payload, **fields):
    return (ipv6 if ':' in src else ipv4)(src, dst, proto, payload, **fields)


def datagram(src, dst, port, data):
    length = 8 + len(data)
    pseudo = packed(src) + packed(dst) + struct.pack('!II', length, UDP)
    head = struct.pack('!HHH', SPORT, port, length)
    csum = checksum(pseudo, head, data) or 0xffff
    return head + struct.pack('!H', csum) + data


def fragments4(packet, ident):
    ihl = (packet[0] & 15) * 4
    payload = packet[ihl:]
    half = (len(payload) // 2 + 7) & ~7
    for more, at in ((True, 0), (False, half)):
        piece = payload[at:at + half] if more else payload[at:]
        head = bytearray(packet[:ihl])
        struct.pack_into('!HHH', head, 2, ihl + len(piece), ident,
                         more << 13 | at // 8)
        head[10:12] = bytes(2)
        struct.pack_into('!H', head, 10, checksum(bytes(head)))
        yield bytes(head) + piece


def fragments6(packet, ident):
    payload = packet[40:]
    half = (len(payload) // 2 + 7) & ~7
    for more, at in ((True, 0), (False, half)):
        piece = payload[at:at + half] if more else payload[at:]
        head = packet[:4] + struct.pack('!HB', 8 + len(piece), FRAGMENT) + \
            packet[7:40]
        yield head + struct.pack('!BBHI', packet[6], 0, at | more,
                                 ident) + piece


def fragments(packet, family):
    """The packet in two pieces, as a router or its sender would cut it. The wire of
    the NIC, which also cuts, takes odd numbers for it.
    """
    cut = fragments6 if family == 6 else fragments4
    return cut(packet, random.randrange(2, 1 << 16, 2))


def icmp(src, dst, kind, code):
    proto, pseudo = ICMP, b''
    if ':' in src:
        proto = ICMPV6
        pseudo = packed(src) + packed(dst) + struct.pack('!II', 8, ICMPV6)
    rest = bytes.fromhex('00070001')
    head = struct.pack('!BB', kind, code)
    csum = checksum(pseudo, head, rest)
    return ip_packet(src, dst, proto, head + struct.pack('!H', csum) + rest)
