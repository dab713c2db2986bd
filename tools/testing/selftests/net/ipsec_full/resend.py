#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Sends captured frames again, by whatever wire. Runs as root.

usage: resend.py PCAP DEV MAC

The frames of PCAP leave by DEV for MAC, as they were, one by one. They come from a
source address that verify_wire.py passes over. Prints how many.
"""

import socket
import sys

from verify_wire import FORGER_RAW, read_pcap


def main():
    path, dev, mac = sys.argv[1:]
    count = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((dev, 0))
        head = bytes.fromhex(mac.replace(':', '')) + FORGER_RAW
        for _, frame in read_pcap(path):
            sock.send(head + frame[12:])
            count += 1
    print(count)


if __name__ == '__main__':
    main()
