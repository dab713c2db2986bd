#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Fields of outer and inner headers that a tunnel copies, or does not.

usage: outer.py send PORT SOURCE>DESTINATION...
       outer.py watch DEV
       outer.py log PORT ADDRESS...
       outer.py compare WATCH LOG NAME,SPI,SPI,ADDRESS,ADDRESS...
       outer.py ecn WATCH LOG NAME,RULE,RULE,SPI,ADDRESS...

"send" sends a datagram on each pair for each combination of traffic class, DF
or flow label, and size. "watch" prints of each ESP packet that arrives: SPI,
sequence number, and what the outer header has. "log" prints of each datagram
the local address, traffic class and text. Both say "ready" when they can.

"compare" takes what these two printed and says for each two pairs of SAs
whether the packets of both went out and came in alike, how many there were, and
a checksum of what they had. "ecn" says for a pair of SAs whether ECN of its packets
out, and of those in, follows a rule: 6040, stock or none.
"""

import collections
import itertools
import os
import select
import socket
import struct
import sys
import zlib

SO_RCVBUFFORCE = 33
ETH_P_ALL, ETH_IPV4, ETH_IPV6 = 3, 0x0800, 0x86dd
PACKET_OUTGOING = 4
ESP = 50
# linux/in.h, linux/in6.h
IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IP_PMTUDISC_DO = 10, 0, 2
IPV6_FLOWINFO_SEND, IPV6_AUTOFLOWLABEL = 33, 70
CLASSES = (0, 1, 2, 3, 0xb8, 0xb9, 0xba, 0xbb)
# The larger one is above the minimum MTU of IPv6, the other is not.
SIZES = (100, 1300)
LABELS = (0, 0x54321)
# Packets of a class that "send" sends.
PER_CLASS = 2 * len(SIZES)
NOT_ECT, ECT1, ECT0, CE = range(4)


def send_ipv4(sock, target):
    for tos, df, size in itertools.product(
            CLASSES, (IP_PMTUDISC_DONT, IP_PMTUDISC_DO), SIZES):
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, df)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        sock.sendto(bytes(size), target)


def send_ipv6(sock, target):
    sock.setsockopt(socket.IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0)
    sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1)
    for tclass, label, size in itertools.product(CLASSES, LABELS, SIZES):
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tclass)
        sock.sendto(bytes(size), (*target, label, 0))


def send(port, pairs):
    # All take the queue of this CPU, see outer.sh: packets keep their order.
    os.sched_setaffinity(0, {0})
    for pair in pairs:
        source, destination = pair.split('>')
        family = socket.AF_INET6 if ':' in source else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((source, 0))
            if family == socket.AF_INET6:
                send_ipv6(sock, (destination, port))
            else:
                send_ipv4(sock, (destination, port))


def esp_ipv4(packet):
    tos, frag, ttl, proto = struct.unpack_from('!xB4xHBB', packet)
    if proto == ESP:
        yield packet[20:], 'tos %#04x frag %#06x ttl %d' % (tos, frag, ttl)


def esp_ipv6(packet):
    first, proto, hops = struct.unpack_from('!I2xBB', packet)
    if proto == ESP:
        yield packet[40:], 'class %#04x label %#07x hops %d' % (
            first >> 20 & 0xff, first & 0xfffff, hops)


def watch(dev):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                         socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sock.bind((dev, ETH_P_ALL))
    print('ready', flush=True)
    parsers = {ETH_IPV4: esp_ipv4, ETH_IPV6: esp_ipv6}
    while True:
        packet, address = sock.recvfrom(65536)
        if address[2] == PACKET_OUTGOING or address[1] not in parsers:
            continue
        for payload, text in parsers[address[1]](packet):
            print('%#x %d %s' % (*struct.unpack_from('!II', payload), text),
                  flush=True)


def open_log(address, port):
    if ':' in address:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
    else:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    sock.bind((address, port))
    return sock


def log(port, addresses):
    socks = [open_log(address, port) for address in addresses]
    print('ready', flush=True)
    while True:
        for sock in select.select(socks, [], [])[0]:
            data, ancillary, _, _ = sock.recvmsg(65536, 64)
            tclass = ancillary[0][2][0] if ancillary else -1
            print(sock.getsockname()[0], '%#04x' % tclass, data.decode(),
                  flush=True)


def by_first(lines):
    """What lines say about each first word, in their order."""
    told = collections.defaultdict(list)
    for line in lines:
        first, _, rest = line.strip().partition(' ')
        told[first].append(rest)
    return told


def outer_headers(path):
    """By SPI, in the order of sequence numbers."""
    with open(path, encoding='ascii') as file:
        told = by_first(line for line in file if line.startswith('0x'))
    for spi, packets in told.items():
        packets = sorted((line.split(' ', 1) for line in packets),
                         key=lambda packet: int(packet[0]))
        told[spi] = [fields for _, fields in packets]
    return told


def read_both(watched, logged):
    """What went out, by SPI, and what came in, by address."""
    with open(logged, encoding='ascii') as file:
        return outer_headers(watched), by_first(file)


def verdict(software, nic):
    if len(software) != len(nic):
        return 'differ: %d packets by software, %d by the NIC' % (
            len(software), len(nic))
    for number, (one, other) in enumerate(zip(software, nic)):
        if one != other:
            return 'differ: packet %d: "%s" by software, "%s" by the NIC' % (
                number, one, other)
    return 'alike, %d packets, %08x' % (
        len(nic), zlib.crc32('\n'.join(nic).encode()))


def compare(watched, logged, items):
    out, came = read_both(watched, logged)
    for item in items:
        name, spi, spi_soft, address, address_soft = item.split(',')
        print(name, 'out:', verdict(out[spi_soft], out[spi]))
        print(name, 'in:', verdict(came[address_soft], came[address]))


def ecn_out(rule, inner):
    """ECN of the outer header: RFC 6040, 4.1; stock: RFC 3168, 9.1.1."""
    if rule == 'none':
        return NOT_ECT
    return ECT0 if rule == 'stock' and inner == CE else inner


def ecn_in(rule, inner, outer):
    """ECN of the inner header, None for a drop: RFC 6040, 4.2.

    Stock: RFC 4301, 5.1.2.1.
    """
    if rule == 'none':
        return inner
    if rule == '6040' and (inner, outer) == (NOT_ECT, CE):
        return None
    if rule == '6040' and (inner, outer) == (ECT0, ECT1):
        return ECT1
    return CE if inner != NOT_ECT and outer == CE else inner


def ecn_sent(rule, headers):
    """What was sent otherwise than by the rule."""
    if len(headers) != PER_CLASS * len(CLASSES):
        yield '%d packets' % len(headers)
    for number, header in enumerate(headers):
        inner = CLASSES[number // PER_CLASS] & CE
        outer = int(header.split()[1], 0) & CE
        if outer != ecn_out(rule, inner):
            yield '%d became %d outside' % (inner, outer)


def ecn_received(rule, lines):
    """What came otherwise than by the rule."""
    came = {}
    for line in lines:
        tclass, inner, _, outer = line.split()
        fields = (int(inner, 0) & CE, int(outer, 0) & CE)
        came[fields] = int(tclass, 0) & CE
    for inner, outer in itertools.product(range(4), range(4)):
        want = ecn_in(rule, inner, outer)
        if came.get((inner, outer)) != want:
            yield '%d in %d became %s' % (inner, outer,
                                          came.get((inner, outer)))


def ecn(watched, logged, items):
    out, came = read_both(watched, logged)
    for item in items:
        name, rule_out, rule_in, spi, address = item.split(',')
        for way, rule, wrong in (
                ('out', rule_out, ecn_sent(rule_out, out[spi])),
                ('in', rule_in, ecn_received(rule_in, came[address]))):
            print(name, 'ecn', way + ':',
                  ', '.join(wrong) or 'follows ' + rule)


def main():
    command, rest = sys.argv[1], sys.argv[2:]
    if command == 'send':
        send(int(rest[0]), rest[1:])
    elif command == 'watch':
        watch(rest[0])
    elif command == 'compare':
        compare(rest[0], rest[1], rest[2:])
    elif command == 'ecn':
        ecn(rest[0], rest[1], rest[2:])
    else:
        log(int(rest[0]), rest[1:])


if __name__ == '__main__':
    main()
