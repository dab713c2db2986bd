#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""UDP between many pairs of addresses by one process on each side.

usage: udp_echo.py serve PORT ADDRESS...
       udp_echo.py check PORT SIZES SOURCE>DESTINATION...

"serve" returns every datagram to its sender and says "ready" when it can.
"check" sends a datagram of each size (comma-separated, in bytes) on each pair
and wants it back unchanged; what does not come in time is told.
"""

import os
import select
import socket
import sys

TIMEOUT = 5


def open_socket(address, port):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((address, port))
    return sock


def serve(port, addresses):
    socks = [open_socket(address, port) for address in addresses]
    print('ready', flush=True)
    while True:
        for sock in select.select(socks, [], [])[0]:
            data, sender = sock.recvfrom(65536)
            sock.sendto(data, sender)


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
        source, destination = pair.split('>')
        with open_socket(source, 0) as sock:
            sock.settimeout(TIMEOUT)
            sock.connect((destination, port))
            for size in sizes:
                if not echoes(sock, os.urandom(size)):
                    print('%s: %d bytes: no answer' % (pair, size))
                    lost += 1
    return lost


def main():
    command, port = sys.argv[1], int(sys.argv[2])
    if command == 'serve':
        serve(port, sys.argv[3:])
    sizes = [int(size) for size in sys.argv[3].split(',')]
    return 1 if check(port, sizes, sys.argv[4:]) else 0


if __name__ == '__main__':
    sys.exit(main())
