#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""UDP between many pairs of addresses by one process on each side.

usage: udp_echo.py serve PORT ADDRESS...
       udp_echo.py encap PORT
       udp_echo.py log PORT ADDRESS...
       udp_echo.py send PORT COUNT SIZE SOURCE>DESTINATION...
       udp_echo.py pour PORT SECONDS SIZE SOURCE>DESTINATION...
       udp_echo.py ask PORT SECONDS SOURCE>DESTINATION
       udp_echo.py check PORT SIZES SOURCE>DESTINATION...
       udp_echo.py segments PORT COUNT SIZE SOURCE>DESTINATION...
       udp_echo.py cut PORT COUNT SIZE SOURCE>DESTINATION

"serve" returns every datagram to its sender and says "ready" when it can.
"encap" has the kernel take ESP out of UDP that comes to the port, and prints
what is not ESP.
"log" prints the local address and the text of every datagram. "send" sends COUNT
datagrams of SIZE bytes on each pair, and does not care whether they can be sent.
"pour" sends one on each pair every so many seconds until SIGTERM, and says how many
it has sent.
"ask" sends one every so many seconds by one socket, and prints a line for each that
comes back.
"check" sends a datagram of each size (comma-separated, in bytes) on each pair
and wants it back unchanged; what does not come in time is told. "segments" sends
COUNT datagrams of SIZE bytes as one packet that is to be cut, without DF, and wants
all of them back. "cut" sends such a packet with DF, and tells the MTU if it was too
big.
"""

import os
import select
import signal
import socket
import sys
import time

from xfrm_nl import POLICY, family_of, userpolicy_info

TIMEOUT = 5
# A pair that has lost so many is dead.
GIVE_UP = 2
# linux/udp.h
UDP_ENCAP, UDP_ENCAP_ESPINUDP = 100, 2
UDP_SEGMENT = 103
# linux/in.h, linux/in6.h
IP_XFRM_POLICY, IPV6_XFRM_POLICY = 17, 35
MTU_DISCOVER = {socket.AF_INET: (socket.IPPROTO_IP, 10),
                socket.AF_INET6: (socket.IPPROTO_IPV6, 23)}
MTU = {socket.AF_INET: (socket.IPPROTO_IP, 14),
       socket.AF_INET6: (socket.IPPROTO_IPV6, 24)}
PMTUDISC_DO = 2
# Whatever was told about the path's MTU
PMTUDISC_OMIT = 5


def open_socket(address, port):
    sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    sock.bind((address, port))
    return sock


def serve(port, addresses):
    socks = [open_socket(address, port) for address in addresses]
    print('ready', flush=True)
    while True:
        for sock in select.select(socks, [], [])[0]:
            data, sender = sock.recvfrom(65536)
            sock.sendto(data, sender)


def log(port, addresses):
    socks = [open_socket(address, port) for address in addresses]
    print('ready', flush=True)
    while True:
        for sock in select.select(socks, [], [])[0]:
            data = sock.recv(65536)
            print(sock.getsockname()[0],
                  data.rstrip(b'.').decode(errors='replace'), flush=True)


def send(port, count, size, pairs):
    for pair in pairs:
        source, destination = pair.split('>')
        with open_socket(source, 0) as sock:
            for number in range(count):
                data = (b'%d' % number).ljust(size, b'.')
                try:
                    sock.sendto(data, (destination, port))
                except OSError:
                    pass                # its SA has expired


def pour(port, seconds, size, pairs):
    ways = []
    for pair in pairs:
        source, destination = pair.split('>')
        ways.append((open_socket(source, 0), (destination, port)))
    over, sent = [], 0
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    while not over:
        for sock, destination in ways:
            try:
                sock.sendto(bytes(size), destination)
                sent += 1
            except OSError:
                pass                    # a policy blocks
        time.sleep(seconds)
    print('%d sent' % sent, flush=True)


def bypass(sock, family):
    """As IKE daemons do: policies for the inner packets don't see the outer."""
    level, option = ((socket.IPPROTO_IP, IP_XFRM_POLICY)
                     if family == socket.AF_INET else
                     (socket.IPPROTO_IPV6, IPV6_XFRM_POLICY))
    for direction in (POLICY.IN, POLICY.OUT):
        sock.setsockopt(level, option, userpolicy_info(family, direction))


def encap(port):
    socks = []
    for family, address in ((socket.AF_INET, '0.0.0.0'),
                            (socket.AF_INET6, '::')):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
        bypass(sock, family)
        sock.bind((address, port))
        socks.append(sock)
    print('ready', flush=True)
    while True:
        for sock in select.select(socks, [], [])[0]:
            print(sock.recv(65536).hex(), flush=True)


def connected(port, pair):
    source, destination = pair.split('>')
    sock = open_socket(source, 0)
    sock.settimeout(TIMEOUT)
    sock.connect((destination, port))
    return sock


def echoes(sock, data):
    """Does the datagram come back? Late ones of before are ignored."""
    sock.send(data)
    while True:
        try:
            if sock.recv(65536) == data:
                return True
        except socket.timeout:
            return False


def check(port, sizes, pairs):
    lost = 0
    for pair in pairs:
        with connected(port, pair) as sock:
            missed = 0
            for size in sizes:
                if echoes(sock, os.urandom(size)):
                    continue
                print('%s: %d bytes: no answer' % (pair, size))
                lost += 1
                missed += 1
                if missed == GIVE_UP:
                    break
    return lost


def ask(port, seconds, pair):
    with connected(port, pair) as sock:
        print('ready', flush=True)
        while True:
            sock.send(b'%f' % time.time())
            time.sleep(seconds)
            while select.select([sock], [], [], 0)[0]:
                print(sock.recv(65536).decode(), flush=True)


def segments(port, count, size, pairs):
    lost = 0
    for pair in pairs:
        with connected(port, pair) as sock:
            sock.setsockopt(*MTU_DISCOVER[sock.family], PMTUDISC_OMIT)
            sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
            data = os.urandom(count * size)
            sock.send(data)
            missing = {data[i:i + size] for i in range(0, len(data), size)}
            try:
                while missing:
                    missing.remove(sock.recv(65536))
            except (socket.timeout, KeyError) as error:
                print('%s: %d of %d are missing: %r' % (
                    pair, len(missing), count, error))
                lost += len(missing)
    return lost


def cut(port, count, size, pair):
    with connected(port, pair) as sock:
        sock.settimeout(0.3)
        sock.setsockopt(*MTU_DISCOVER[sock.family], PMTUDISC_DO)
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
        try:
            sock.send(bytes(count * size))
            sock.recv(65536)
        except socket.timeout:
            pass
        except ConnectionRefusedError:
            pass                        # nobody listens there
        except OSError as error:
            print('%s, mtu: %d' % (error, sock.getsockopt(*MTU[sock.family])))


def main():
    command, port = sys.argv[1], int(sys.argv[2])
    if command == 'serve':
        serve(port, sys.argv[3:])
    if command == 'log':
        log(port, sys.argv[3:])
    if command == 'send':
        send(port, int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
        return 0
    if command == 'pour':
        pour(port, float(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
    if command == 'ask':
        ask(port, float(sys.argv[3]), sys.argv[4])
    if command == 'encap':
        encap(port)
    if command == 'cut':
        cut(port, int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
        return 0
    if command == 'segments':
        return 1 if segments(port, int(sys.argv[3]), int(sys.argv[4]),
                             sys.argv[5:]) else 0
    sizes = [int(size) for size in sys.argv[3].split(',')]
    return 1 if check(port, sizes, sys.argv[4:]) else 0


if __name__ == '__main__':
    sys.exit(main())
