#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Replays ESP that leaves by a device. Runs on the far side, as root.

usage: replayer.py DEV PERCENT SEED

Of every hundred ESP packets that leave, PERCENT are followed by an old one, sent
again as it was, and PERCENT by an old one in IP fragments: cut in two, or as it
was cut before. On SIGTERM it prints how many, "whole" and "cut". Frames come from
a source address that verify_wire.py passes over.
"""

import random
import signal
import socket
import struct
import sys

from packets import ESP, ETH_IPV4, ETH_IPV6, FRAGMENT, fragments
from verify_wire import FORGER

ETH_P_ALL, PACKET_OUTGOING = 3, 4
SO_RCVBUFFORCE, RCVBUF = 33, 8 << 20
KEPT = 2000
MACS = 12


class Packet:
    """What an Ethernet frame says of ESP in it."""

    def __init__(self, frame):
        kind, = struct.unpack_from('!H', frame, MACS)
        self.frame, self.data = frame, frame[MACS + 2:]
        self.family = {ETH_IPV4: 4, ETH_IPV6: 6}.get(kind)
        self.is_esp = self.is_piece = self.is_first = self.more = False
        if self.family == 4:
            self.is_esp = self.data[9] == ESP
            off, = struct.unpack_from('!H', self.data, 6)
            self.is_piece, self.more = bool(off & 0x3fff), bool(off & 0x2000)
            self.is_first = not off & 0x1fff
            self.key = self.data[12:20] + self.data[4:6]
        elif self.family == 6:
            self.is_piece = self.data[6] == FRAGMENT
            self.is_esp = self.data[40 if self.is_piece else 6] == ESP
            if self.is_piece:
                off, = struct.unpack_from('!H', self.data, 42)
                self.is_first, self.more = not off & ~7, bool(off & 1)
                self.key = self.data[8:40] + self.data[44:48]


class Replayer:
    def __init__(self, dev, percent, seed):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                  socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RCVBUF)
        self.sock.bind((dev, ETH_P_ALL))
        self.share = percent / 100
        self.rng = random.Random(seed)
        self.forger = bytes.fromhex(FORGER.replace(':', ''))
        self.kept, self.pieces = [], {}
        self.whole = self.cut = 0
        self.over = False

    def end(self, *_):
        self.over = True

    def keep(self, packets):
        if len(self.kept) < KEPT:
            self.kept.append(packets)
        else:
            self.kept[self.rng.randrange(KEPT)] = packets

    def seen(self, packet):
        """A packet of two pieces is kept when the second has left. One that was
        not seen, as the socket was full, makes the other worthless."""
        if not packet.is_piece:
            self.keep([packet])
        elif packet.is_first:
            self.pieces[packet.key] = packet
        else:
            first = self.pieces.pop(packet.key, None)
            if first and not packet.more:
                self.keep([first, packet])

    def send(self, packet, data):
        self.sock.send(packet.frame[:6] + self.forger +
                       packet.frame[MACS:MACS + 2] + data)

    def replay(self):
        old = self.rng.choice(self.kept)
        chance = self.rng.random()
        if chance >= 2 * self.share:
            return
        if len(old) == 1 and chance < self.share:
            self.send(old[0], old[0].data)
            self.whole += 1
            return
        pieces = [one.data for one in old] if len(old) > 1 else \
            list(fragments(old[0].data, old[0].family))
        for piece in pieces:
            self.send(old[0], piece)
        self.cut += 1

    def run(self):
        self.sock.settimeout(0.2)
        print('ready', flush=True)
        while not self.over:
            try:
                frame, sender = self.sock.recvfrom(65536)
            except socket.timeout:
                continue
            if sender[2] != PACKET_OUTGOING or frame[6:MACS] == self.forger:
                continue
            packet = Packet(frame)
            if packet.is_esp:
                self.seen(packet)
                if self.kept:
                    self.replay()
        print('whole %d cut %d' % (self.whole, self.cut), flush=True)


def main():
    replayer = Replayer(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
    signal.signal(signal.SIGTERM, replayer.end)
    replayer.run()


if __name__ == '__main__':
    main()
