#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Moves SAs at random, and changes them in place, and says how long it took.

usage: storm.py SEED COUNT DEV [LIMIT [ROOM]]

The standard input has a line for each SA: its destination, its SPI, "in" or "out",
"|", and the words of "ip" for an ordinary update of it, without offload. All are
in DEV, or in software if DEV has ROOM for so many only. An update changes the limit,
byte-soft or packet-soft, which is the default. Exit status 1 when something was
refused, for want of room excepted, or something got in where there is none.
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


def kind_of(sa, updates, full):
    if updates:
        return 'update'
    if full and not sa.in_device:
        return '%s, no room' % sa.dir
    return '%s, %s' % (sa.dir, 'to software' if sa.in_device else 'to the NIC')


def main():
    rng, count = random.Random(int(sys.argv[1])), int(sys.argv[2])
    dev, limit, room = (sys.argv[3:] + ['packet-soft', ''])[:3]
    sas = [Sa(line, not room) for line in sys.stdin]
    room = int(room or len(sas))
    times, failed = {}, 0
    for _ in range(count):
        sa = rng.choice(sas)
        updates = rng.randrange(UPDATE_EVERY) == 0
        full = sum(other.in_device for other in sas) >= room
        kind, start = kind_of(sa, updates, full), time.monotonic()
        error = (sa.update(dev, rng, limit) if updates else
                 sa.toggle(dev, full))
        times.setdefault(kind, []).append(time.monotonic() - start)
        if error:
            failed += 1
            print('%s %s: %s: %s' % (sa.dst, sa.spi, kind, error))
    for kind, took in sorted(times.items()):
        print('%-18s %5d times, median %.1f ms, longest %.1f ms' % (
            kind, len(took), 1e3 * statistics.median(took), 1e3 * max(took)))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
