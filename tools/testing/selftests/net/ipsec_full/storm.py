#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Moves SAs at random, and changes them in place, and says how long it took.

usage: storm.py SEED COUNT DEV [LIMIT [ROOM]]

The standard input has a line for each SA: its destination, its SPI, "in" or "out",
"|", and the words of "ip" for an ordinary update of it, without offload. All are
in DEV, or in software if DEV has ROOM for so many only; then in the end all others
want in. An update changes the limit, byte-soft or packet-soft, which is the default.
Of moves it says also how many packets DEV has sent and received meanwhile.
Exit status 1 when something was refused, for want of room excepted, or something got
in where there is none.
"""

import errno
import random
import socket
import statistics
import subprocess
import sys
import time

from xfrm_nl import OFFLOAD, Refused, move

# Of so many steps one is an ordinary update.
UPDATE_EVERY = 12


def packets(dev):
    total = 0
    for way in ('tx', 'rx'):
        path = '/sys/class/net/%s/statistics/%s_packets' % (dev, way)
        with open(path, encoding='ascii') as counter:
            total += int(counter.read())
    return total


class Sa:
    def __init__(self, line, in_device):
        ident, self.words = line.split('|')
        self.dst, self.spi, self.dir = ident.split()
        self.in_device = in_device

    def toggle(self, dev, full):
        flags, ifindex = OFFLOAD.MOVE | OFFLOAD.SOFTWARE, 0
        if not self.in_device:
            flags = OFFLOAD.MOVE | OFFLOAD.FULL
            flags |= OFFLOAD.INBOUND if self.dir == 'in' else 0
            ifindex = socket.if_nametoindex(dev)
        try:
            move(self.dst, int(self.spi, 0), flags, ifindex)
        except Refused as refusal:
            no_room = full and not self.in_device
            if no_room and refusal.errno == errno.ENOSPC:
                return ''
            return str(refusal)
        self.in_device = not self.in_device
        return 'got in without room' if full and self.in_device else ''

    def update(self, dev, rng, limit):
        words = ['ip'] + self.words.split()
        words += ['limit', limit, str(rng.randrange(10**9, 10**10))]
        if self.in_device:
            words += ['offload', 'full', 'dev', dev, 'dir', self.dir]
        done = subprocess.run(words, capture_output=True, text=True,
                              check=False)
        return done.stderr if done.returncode else ''


class Storm:
    def __init__(self, sas, dev, limit, room):
        self.sas, self.dev, self.limit, self.room = sas, dev, limit, room
        self.times, self.failed = {}, 0
        self.meanwhile = []

    def full(self):
        return sum(sa.in_device for sa in self.sas) >= self.room

    def kind_of(self, sa, rng):
        if rng:
            return 'update'
        if sa.in_device:
            return '%s, to software' % sa.dir
        return '%s, %s' % (sa.dir, 'no room' if self.full() else 'to the NIC')

    def step(self, sa, rng=None):
        """Moves the SA, or updates it if there are random numbers for that."""
        kind, before = self.kind_of(sa, rng), packets(self.dev)
        start = time.monotonic()
        error = (sa.update(self.dev, rng, self.limit) if rng else
                 sa.toggle(self.dev, self.full()))
        self.times.setdefault(kind, []).append(time.monotonic() - start)
        if not rng:
            self.meanwhile.append(packets(self.dev) - before)
        if error:
            self.failed += 1
            print('%s %s: %s: %s' % (sa.dst, sa.spi, kind, error))

    def crowd(self):
        """All want in."""
        for sa in self.sas:
            if not sa.in_device:
                self.step(sa)

    def tell(self):
        for kind, took in sorted(self.times.items()):
            print('%-18s %5d times, median %.1f ms, longest %.1f ms' % (
                kind, len(took), 1e3 * statistics.median(took),
                1e3 * max(took)))
        print('packets during a move: median %d, most %d, none in %d of %d' % (
            statistics.median(self.meanwhile), max(self.meanwhile),
            self.meanwhile.count(0), len(self.meanwhile)))


def main():
    rng, count = random.Random(int(sys.argv[1])), int(sys.argv[2])
    dev, *options = sys.argv[3:]
    limit, room = options + ['packet-soft', ''][len(options):]
    sas = [Sa(line, not room) for line in sys.stdin]
    storm = Storm(sas, dev, limit, int(room or len(sas)))
    for _ in range(count):
        sa = rng.choice(sas)
        storm.step(sa, rng if rng.randrange(UPDATE_EVERY) == 0 else None)
    if room:
        storm.crowd()
    storm.tell()
    return 1 if storm.failed else 0


if __name__ == '__main__':
    sys.exit(main())
