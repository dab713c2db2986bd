#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Fields of outer and inner headers that a tunnel copies, or does not.

usage: outer.py send PORT SOURCE>DESTINATION...
       outer.py watch DEV
       outer.py log PORT ADDRESS...

"send" sends a datagram on each pair for each combination of traffic class, DF or
flow label, and size. "watch" prints of each ESP packet that arrives: SPI,
sequence number, and what the outer header has. "log" prints of each datagram the
local address, traffic class and text. Both say "ready" when they can.
"""

import itertools
import select
import socket
import struct
import sys

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


def send_ipv4(source, target):
    for tos, df, size in itertools.product(
            CLASSES, (IP_PMTUDISC_DONT, IP_PMTUDISC_DO), SIZES):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((source, 0))
            sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, df)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
            sock.sendto(bytes(size), target)


def send_ipv6(source, target):
    for tclass, label, size in itertools.product(CLASSES, LABELS, SIZES):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind((source, 0))
            for option, value in ((IPV6_AUTOFLOWLABEL, 0),
                                  (IPV6_FLOWINFO_SEND, 1),
                                  (socket.IPV6_TCLASS, tclass)):
                sock.setsockopt(socket.IPPROTO_IPV6, option, value)
            sock.sendto(bytes(size), (*target, label))


def send(port, pairs):
    for pair in pairs:
        source, destination = pair.split('>')
        if ':' in source:
            send_ipv6(source, (destination, port))
        else:
            send_ipv4(source, (destination, port))


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


def main():
    command, rest = sys.argv[1], sys.argv[2:]
    if command == 'send':
        send(int(rest[0]), rest[1:])
    elif command == 'watch':
        watch(rest[0])
    else:
        log(int(rest[0]), rest[1:])


if __name__ == '__main__':
    main()
