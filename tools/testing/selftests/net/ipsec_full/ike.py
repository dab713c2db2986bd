#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""What an IKE daemon sends and receives: by sockets that bypass policies.

usage: ike.py serve ADDRESS
       ike.py check bypass|plain udp PORT SOURCE DESTINATION
       ike.py check bypass|plain raw PROTOCOL SOURCE DESTINATION

"serve" answers UDP on ports 500 and 4500, and raw IP of protocol 253, and says
"ready" when it can. "check" sends a packet, with a policy of its own on the socket
or without, and wants it back; exit status 1 if it does not come.
"""

import select
import socket
import sys

from udp_echo import bypass
from xfrm_nl import family_of

PORTS, PROTOCOL = (500, 4500), 253
TIMEOUT = 2
# On port 4500 what is not ESP begins with four zeros, RFC 3948, section 2.2.
MESSAGE = bytes(4) + b'this is not ESP'
IPV4_HEADER = 20


def udp(address, port):
    sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    sock.bind((address, port))
    return sock


def raw(address, protocol):
    sock = socket.socket(family_of(address), socket.SOCK_RAW, protocol)
    sock.bind((address, 0))
    return sock


def serve(address):
    datagrams = [udp(address, port) for port in PORTS]
    packets = raw(address, PROTOCOL)
    print('ready', flush=True)
    while True:
        for sock in select.select(datagrams + [packets], [], [])[0]:
            data, sender = sock.recvfrom(65536)
            if sock is packets and sock.family == socket.AF_INET:
                data = data[IPV4_HEADER:]
            sock.sendto(data, sender)


def check(policy, kind, number, source, destination):
    sock = (udp if kind == 'udp' else raw)(source, int(number))
    if policy == 'bypass':
        bypass(sock, sock.family)
    sock.settimeout(TIMEOUT)
    port = int(number) if kind == 'udp' else 0
    sock.sendto(MESSAGE, (destination, port))
    try:
        data = sock.recv(65536)
    except socket.timeout:
        print('no answer')
        return 1
    return 0 if data.endswith(MESSAGE) else 1


def main():
    command, *words = sys.argv[1:]
    return {'serve': serve, 'check': check}[command](*words)


if __name__ == '__main__':
    sys.exit(main())
