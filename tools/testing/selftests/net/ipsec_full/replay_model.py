#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""A model of a replay window, and what it says of random numbers.

usage: replay_model.py SEED WINDOW COUNT ESN

Prints numbers about the edges of a replay window, in an order that SEED tells, those
that must be rejected with a "!"; ESN is 0 or 1.
"""

import random
import sys


class Window:
    """Replay window as RFC 4303, 3.4.3 and appendix A2, have it; a set."""

    def __init__(self, size, extended):
        self.size, self.extended = size, extended
        self.top = 0
        self.seen = set()

    def inferred(self, low):
        """The number that a receiver takes these 32 bits for."""
        if not self.extended:
            return low
        high, top = self.top >> 32, self.top & 0xffffffff
        bottom = (top - self.size + 1) & 0xffffffff
        if top >= self.size - 1:
            high += low < bottom
        else:
            high -= low >= bottom
        return high << 32 | low

    def accepts(self, seq):
        if self.inferred(seq & 0xffffffff) != seq or seq == 0 or \
                seq in self.seen or seq <= self.top - self.size:
            return False
        self.seen.add(seq)
        self.top = max(self.top, seq)
        return True


def step(rng, window):
    """A number near an edge, or far ahead."""
    size = window.size
    offset = rng.choice((1, 1, 2, -rng.randrange(size), 0, -size, 1 - size,
                         -1 - size, size, size - 1, size + 1,
                         rng.randrange(1, 3 * size)))
    if rng.random() < 0.03:
        offset = rng.randrange(1, 1 << 30)
    last = (1 << 48) - 1 if window.extended else (1 << 32) - 1
    return min(max(window.top + offset, 0), last)


def model(seed, size, count, extended):
    rng = random.Random(seed)
    window = Window(size, extended)
    for number in range(count):
        seq = step(rng, window)
        if extended and number in (count // 4, count // 2):
            seq = (window.top | 0xffffffff) - size // 2     # about to wrap
        yield '%d%s' % (seq, '' if window.accepts(seq) else '!')


def main():
    seed, size, count, extended = map(int, sys.argv[1:])
    print(' '.join(model(seed, size, count, bool(extended))))


if __name__ == '__main__':
    main()
