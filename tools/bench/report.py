#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Instructions per packet, from what the guest and the counting plugin left.

usage: report.py DIRECTORY MOVES JSON [NAME=VALUE...]

DIRECTORY holds runs and refused (guest.sh) and counts (insns.c): line n of
counts belongs to line n of runs. Each pair of a small and a large count, one
after the other, gives one sample: their difference, divided by that of the
packets. So what does not depend on the number of packets drops out.

MOVES, a directory or "", holds moves, quiet and moving (moves.sh).

Tables go to the standard output, everything to JSON, with the names and values as
they are.
"""

import collections
import json
import os
import re
import statistics
import sys

MODES = ('cleartext', 'software', 'crypto', 'packet', 'full')
DIRECTIONS = ('transmit', 'receive')


class Unusable(Exception):
    """The numbers can't be told apart."""


def lines(*path):
    with open(os.path.join(*path), encoding='ascii') as file:
        return file.read().splitlines()


def samples(runs, counts):
    """By (mode, direction, size): instructions per packet, one a pair."""
    if len(runs) != len(counts):
        raise Unusable('%d measurements, %d counts' % (len(runs), len(counts)))
    measured = collections.defaultdict(list)
    for run, count in zip(runs, counts):
        mode, direction, size, packets = run.split()
        if mode in MODES:
            measured[mode, direction, int(size)].append(
                (int(packets), int(count)))
    return {key: [(large[1] - small[1]) / (large[0] - small[0])
                  for small, large in zip(pairs[::2], pairs[1::2])]
            for key, pairs in measured.items()}


def summary(values):
    return {'median': round(statistics.median(values), 1),
            'mean': round(statistics.fmean(values), 1),
            'stdev': round(statistics.pstdev(values), 1),
            'min': round(min(values), 1),
            'max': round(max(values), 1),
            'samples': [round(value, 1) for value in values]}


def spread(result):
    """Half the way from smallest to largest, in percent of the median."""
    return 50 * (result['max'] - result['min']) / result['median']


def cells(results, mode, columns, text):
    for column in columns:
        result = results.get((mode,) + column)
        yield text(result, column) if result else 'not offered'


def table(results, title, text):
    columns = sorted({key[1:] for key in results},
                     key=lambda key: (DIRECTIONS.index(key[0]), key[1]))
    yield '%-11s' % title + ''.join(
        '%20s' % ('%s %d' % column) for column in columns)
    for mode in MODES:
        yield '%-11s' % mode + ''.join(
            '%20s' % cell for cell in cells(results, mode, columns, text))


def report(results):
    clear = {key[1:]: result['median'] for key, result in results.items()
             if key[0] == 'cleartext'}
    yield from table(results, '', lambda result, column: '{:,.0f} ±{:.1f}%'
                     .format(result['median'], spread(result)))
    if clear:
        yield ''
        yield from table(results, 'x cleartext', lambda result, column:
                         '{:.2f}'.format(result['median'] / clear[column]))


def moved(folder):
    """By kind of move: times, median and longest, in ms."""
    found = {}
    for line in lines(folder, 'moves'):
        match = re.fullmatch(r'(.*?) +(\d+) times, median ([\d.]+) ms, '
                             r'longest ([\d.]+) ms', line)
        if match:
            found[match[1]] = {'times': int(match[2]),
                               'median_ms': float(match[3]),
                               'longest_ms': float(match[4])}
    return found


def pauses(*path):
    """The slowest datagram and the longest gap of all streams, in ms."""
    text = '\n'.join(lines(*path))
    return {name: max(map(float, re.findall(name + r' ([\d.]+) ms', text)))
            for name in ('slowest', 'longest gap')}


def about_moves(folder):
    if not folder:
        return {}
    return {'moves': moved(folder), 'pause_ms': {
        name: pauses(folder, name) for name in ('quiet', 'moving')}}


def move_table(told):
    yield 'Moves of live SAs'
    for kind, one in told['moves'].items():
        yield '%-20s%5d times, median %6.1f ms, longest %6.1f ms' % (
            kind, one['times'], one['median_ms'], one['longest_ms'])
    for name, text in (('slowest', 'slowest datagram'),
                       ('longest gap', 'longest gap in a stream')):
        yield '%-25s%6.1f ms; without moves %6.1f ms' % (
            text, told['pause_ms']['moving'][name],
            told['pause_ms']['quiet'][name])


def main():
    folder, moves, path = sys.argv[1:4]
    try:
        values = samples(lines(folder, 'runs'), lines(folder, 'counts'))
    except (Unusable, OSError) as err:
        print('report: %s' % err, file=sys.stderr)
        return 1
    results = {key: summary(value) for key, value in values.items()}
    refused = dict(line.split(': ', 1) for line in lines(folder, 'refused'))
    facts = dict(item.split('=', 1) for item in sys.argv[4:])
    about = about_moves(moves)
    with open(path, 'w', encoding='ascii') as file:
        json.dump({**facts, **about, 'unit': 'guest instructions per packet',
                   'results': [dict(zip(('mode', 'direction', 'size'), key),
                                    **result)
                               for key, result in results.items()],
                   'not_offered': refused}, file, indent=1)
        file.write('\n')
    print('\n'.join(report(results)))
    for mode, reason in refused.items():
        print('%s is not offered: %s' % (mode, reason))
    if about:
        print('\n' + '\n'.join(move_table(about)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
