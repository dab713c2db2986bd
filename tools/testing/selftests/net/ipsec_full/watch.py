#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""The near side of inject.py: has it send, and tells what became of it.

usage: watch.py COMMAND...

COMMAND starts inject.py on the far side. The standard input is what inject.py
reads: first JSON, by which SAs, addresses and ports are known here, too, then
lines. They go to inject.py, but for these:

  mark                    from here on, datagrams and counters are new
  counted [COUNTER+N]...  all counters that are new, and how much; those of
                          WATCHED
  NAME got TEXT...        all datagrams by this SA that are new, in any order
  NAME arrived TEXT TIMES datagrams by this SA with this text, new or not
  NAME handled PASSED DROPPED
                          packets that the SA has let pass, and those that it
                          has dropped: replays, wrong ICVs
  NAME takes NUMBER...    a datagram for each number, as by "seq" of inject.py; no
                          number passes that has a "!" behind it, all others do
  NAME in_order NUMBER... the same, each when that before was handled
  NAME in_turn NUMBER...  the same, each when the NIC has the SA
  NAME place PLACE        where the SA is
  NAME expired            the SA is gone

What is said so becomes true within seconds; the answer is "yes" then, and if not,
"no", after lines that tell what came instead.
"""

import array
import collections
import fcntl
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time

from udp_echo import open_socket
from xfrm_nl import XFRM_MSG, XFRMA, XFRMA_FULL, Refused, attributes, exchange, \
    message, open_socket as open_xfrm, usersa_id

DEV = b'acme0'
# Bytes for datagrams that come before anybody looks.
ROOM = 1 << 22
# Seconds for each line, on a quiet machine.
PATIENCE = 15 * int(os.environ.get('PATIENCE_FACTOR', 1))
PAUSE = 0.002

# What can count a packet: the NIC's reasons, XFRM's, and IP's.
WATCHED = re.compile(
    'hw_esp_rx_(replay|icv|selector|malformed|dummy|limit|encap|exception)|'
    'hw_esp_rx_exc_dropped|hw_esp_rx_no_sa|hw_rx_malformed|'
    'XfrmIn.*|XfrmFullIn.*|Ip6?In(HdrErrors|TruncatedPkts)|'
    'Ip6?ReasmFails|UdpInErrors|UdpInCsumErrors|IpExtInCsumErrors|'
    'IpExtInTruncatedPkts')

# asm/socket.h
SO_RCVBUFFORCE = 33
# enum xfrm_full_place
PLACES = ('software', 'arming', 'device', 'draining', 'suspended', 'dead')
# struct xfrm_usersa_info: its size; packets in curlft; stats
INFO_SIZE, CURLFT_PACKETS, STATS = 224, 168, 192
# linux/ethtool.h, linux/sockios.h
SIOCETHTOOL, ETH_SS_STATS, ETH_GSTRING_LEN = 0x8946, 1, 32
ETHTOOL_GSTRINGS, ETHTOOL_GSTATS, ETHTOOL_GSSET_INFO = 0x1b, 0x1d, 0x37


class Failed(Exception):
    """Something is not as was said."""


class Nic:
    """The counters of "ethtool -S"."""

    def __init__(self, dev):
        self.dev = dev
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        info = self.ask(struct.pack('=IIQI', ETHTOOL_GSSET_INFO, 0,
                                    1 << ETH_SS_STATS, 0))
        self.count, = struct.unpack_from('=I', info, 16)
        names = self.ask(struct.pack('=III', ETHTOOL_GSTRINGS, ETH_SS_STATS,
                                     self.count)
                         .ljust(12 + self.count * ETH_GSTRING_LEN, b'\0'))
        self.names = [names[at:at + ETH_GSTRING_LEN].split(b'\0')[0].decode()
                      for at in range(12, len(names), ETH_GSTRING_LEN)]

    def ask(self, question):
        data = array.array('B', question)
        fcntl.ioctl(self.sock, SIOCETHTOOL,
                    struct.pack('16sP16x', self.dev, data.buffer_info()[0]))
        return data.tobytes()

    def counters(self):
        stats = self.ask(struct.pack('=II', ETHTOOL_GSTATS, self.count)
                         .ljust(8 + self.count * 8, b'\0'))
        return zip(self.names, struct.unpack_from('=%dQ' % self.count, stats, 8))


def by_name(path):
    """A counter a line."""
    with open(path, encoding='ascii') as lines:
        for line in lines:
            name, value = line.split()
            yield name, int(value)


def by_group(path):
    """Two lines for each group: names, values."""
    with open(path, encoding='ascii') as lines:
        for head, values in zip(lines, lines):
            group, *names = head.split()
            for name, value in zip(names, values.split()[1:]):
                yield group[:-1] + name, int(value)


class Sa:
    def __init__(self, spec):
        self.near = spec['inner_dst']
        self.port = spec['port']
        self.question = message(XFRM_MSG.GETSA, usersa_id(
            spec['outer_dst'], int(spec['spi'], 0)), 0)

    def ask(self, sock):
        """Packets that passed, those dropped, and where it is; or None."""
        try:
            info = exchange(sock, self.question)
        except Refused:
            return None
        passed, = struct.unpack_from('=Q', info, CURLFT_PACKETS)
        dropped = sum(struct.unpack_from('=3I', info, STATS))
        return passed, dropped, place_of(info[INFO_SIZE:])


def place_of(data):
    full = attributes(data).get(XFRMA.FULL)
    return PLACES[attributes(full)[XFRMA_FULL.PLACE][0]] if full else ''


def is_rejected(number):
    return number.endswith('!')


def texts_of(numbers):
    """What datagrams with these numbers say."""
    return [str(int(number.lstrip('f'), 0)) for number in numbers
            if not is_rejected(number)]


class Near:
    def __init__(self, command):
        self.far = subprocess.Popen(command, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True)
        self.xfrm = open_xfrm()
        self.nic = Nic(DEV)
        self.sas = {}
        self.socks = {}
        self.datagrams = []
        self.old = 0
        self.before = {}
        self.end = 0

    def send(self, line):
        print(line, file=self.far.stdin, flush=True)
        answer = self.far.stdout.readline()
        if answer != 'sent\n':
            raise Failed('inject.py: ' + answer + self.last_words())

    def last_words(self):
        self.far.terminate()
        return self.far.stdout.read()

    def learn(self, line):
        for name, spec in json.loads(line)['sas'].items():
            sa = self.sas[name] = Sa(spec)
            if sa.near not in self.socks:
                self.socks[sa.near] = open_socket(sa.near, sa.port)
                self.socks[sa.near].setsockopt(socket.SOL_SOCKET,
                                               SO_RCVBUFFORCE, ROOM)
        self.send(line)

    def listen(self, seconds):
        """What has arrived, or arrives in this time."""
        while True:
            ready = select.select(self.socks.values(), [], [], seconds)[0]
            for sock in ready:
                self.datagrams.append((
                    sock.getsockname()[0],
                    sock.recv(65536).decode(errors='replace')))
            if not ready:
                return
            seconds = 0

    def becomes_true(self, condition):
        while not condition():
            if time.monotonic() > self.end:
                return False
            self.listen(PAUSE)
        return True

    def counters(self):
        found = dict(self.nic.counters())
        found.update(by_name('/proc/net/xfrm_stat'))
        found.update(by_name('/proc/net/snmp6'))
        found.update(by_group('/proc/net/snmp'))
        found.update(by_group('/proc/net/netstat'))
        return {name: value for name, value in found.items()
                if WATCHED.fullmatch(name)}

    def mark(self):
        self.listen(0)
        self.old = len(self.datagrams)
        self.before = self.counters()

    def changes(self):
        return sorted('%s+%d' % (name, value - self.before[name])
                      for name, value in self.counters().items()
                      if value != self.before[name])

    def counted(self, *expected):
        if not self.becomes_true(lambda: self.changes() == sorted(expected)):
            raise Failed('expected %s, counted %s'
                         % (' '.join(expected), ' '.join(self.changes())))

    def got(self, name, *texts):
        near = self.sas[name].near
        expected = collections.Counter((near, text) for text in texts)
        self.listen(0)
        self.becomes_true(lambda: len(self.datagrams) - self.old >= len(texts))
        got = collections.Counter(self.datagrams[self.old:])
        if got != expected:
            raise Failed('missing: %s, not expected: %s'
                         % (list((expected - got).elements()),
                            list((got - expected).elements())))

    def arrived(self, name, text, times):
        datagram = (self.sas[name].near, text)
        self.listen(0)
        self.becomes_true(lambda: self.datagrams.count(datagram) >= int(times))
        if self.datagrams.count(datagram) != int(times):
            raise Failed('"%s" arrived %d times'
                         % (text, self.datagrams.count(datagram)))

    def ask(self, name):
        return self.sas[name].ask(self.xfrm)

    def handled(self, name, passed, dropped):
        expected = (int(passed), int(dropped))
        if not self.becomes_true(
                lambda: (self.ask(name) or ())[:2] == expected):
            raise Failed('expected %d passed, %d dropped; the SA: %s'
                         % (*expected, self.ask(name)))

    def decides(self, name, numbers):
        state = self.ask(name)
        if not state:
            raise Failed('no SA')
        rejected = sum(map(is_rejected, numbers))
        self.send('%s seq %s' % (name, ' '.join(numbers)))
        try:
            self.handled(name, state[0] + len(numbers) - rejected,
                         state[1] + rejected)
        except Failed as failure:
            raise Failed('%s: %s' % (' '.join(numbers), failure)) from failure

    def takes(self, name, *numbers):
        self.mark()
        self.decides(name, numbers)
        self.got(name, *texts_of(numbers))

    def in_order(self, name, *numbers):
        self.mark()
        for number in numbers:
            self.decides(name, [number])
        self.got(name, *texts_of(numbers))

    def in_turn(self, name, *numbers):
        self.mark()
        for number in numbers:
            self.place(name, 'device')
            self.decides(name, [number])
        self.got(name, *texts_of(numbers))

    def place(self, name, place):
        if not self.becomes_true(
                lambda: (self.ask(name) or [''])[-1] == place):
            raise Failed('the SA: %s' % (self.ask(name),))

    def expired(self, name):
        if not self.becomes_true(lambda: not self.ask(name)):
            raise Failed('the SA: %s' % (self.ask(name),))

    def execute(self, line):
        self.end = time.monotonic() + PATIENCE
        first, *words = line.split()
        about_sa = {'got', 'arrived', 'handled', 'takes', 'in_order',
                    'in_turn', 'place', 'expired'}
        if line[0] == '{':
            self.learn(line)
        elif first in ('mark', 'counted'):
            getattr(self, first)(*words)
        elif words and words[0] in about_sa:
            getattr(self, words[0])(first, *words[1:])
        else:
            self.send(line)


def main():
    near = Near(sys.argv[1:])
    for line in sys.stdin:
        answer = 'yes'
        try:
            near.execute(line.rstrip('\n'))
        except Failed as failure:
            print(failure)
            answer = 'no'
        print(answer, flush=True)


if __name__ == '__main__':
    main()
