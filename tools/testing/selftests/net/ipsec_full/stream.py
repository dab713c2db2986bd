#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Traffic that tells what became of each datagram and each byte.

usage: stream.py serve|connect PORT RATE SOURCE>DESTINATION...
       stream.py compare NEAR FAR [LOST]

Between each pair of addresses RATE datagrams a second go from SOURCE to
DESTINATION, numbered and with a checksum, every tenth larger than an MTU, and a
TCP connection both ways, which "connect" opens, as it sends the first datagram.
"ready" is printed when both can. On SIGUSR1 it stops to send, says "stopped" when
TCP has come to its end and no datagram arrives any more, and on SIGTERM prints what
it has sent and received, as lines of JSON. A RATE that is more than it can send makes
it send as fast as it can.

"compare" reads what two ends have printed, says what was lost, came twice or was
damaged, how long the slowest datagram took, and how many were on their way at a
time. Exit status 1 unless all came once, and whole, but for LOST datagrams at most.

The environment may say otherwise: STREAM_LARGE, bytes of the larger datagrams;
STREAM_EVERY, one of how many is larger; STREAM_CHUNK, bytes that TCP sends at a time;
STREAM_TCP=0, no TCP.
"""

import hashlib
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time
import zlib

from xfrm_nl import family_of

# socket.h, for 64-bit machines
SO_TIMESTAMPNS = 35
HEAD = struct.Struct('!QQI')
SMALL = range(HEAD.size, 500)
CHUNK = int(os.environ.get('STREAM_CHUNK', 2048))
LARGE = int(os.environ.get('STREAM_LARGE', 2000))
EVERY = int(os.environ.get('STREAM_EVERY', 10))
# A chunk of TCP for so many datagrams.
TCP_EVERY = 8
# Seconds by which who is late catches up; more would be a flood.
CATCH_UP = 0.1
# Seconds without a datagram after which none is on its way: some wait in a qdisc.
QUIET = 1
# Seconds between looks at what signals have said.
PAUSE = 0.2
BUFFER = 1 << 20
CONNECT_TIMEOUT = 20


class Datagrams:
    """Both directions of UDP between two addresses."""

    def __init__(self, source, destination, port):
        self.name, self.peer = source, destination
        self.to = (destination, port)
        self.sock = socket.socket(family_of(source), socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.sock.setblocking(False)
        self.sock.bind((source, port))
        self.sent = self.failed = self.twice = self.damaged = 0
        self.seen = set()
        self.slowest = self.longest_gap = self.first = self.last = 0
        self.waited = 0

    def fileno(self):
        return self.sock.fileno()

    def send(self):
        number = self.sent
        size = random.choice(SMALL) if number % EVERY else LARGE
        text = struct.pack('!Q', number) * (size // 8)
        head = HEAD.pack(number, time.time_ns(), zlib.crc32(text))
        try:
            self.sock.sendto(head + text, self.to)
            self.sent += 1
        except BlockingIOError:
            pass                        # as many as may wait are waiting
        except OSError as err:
            self.failed += 1
            print('# %s: %s' % (self.name, err), flush=True)

    def receive(self):
        while True:
            try:
                data, extra, _, _ = self.sock.recvmsg(65536, 64)
            except BlockingIOError:
                return
            when = struct.unpack('=qq', extra[0][2][:16])
            self.take(data, when[0] * 10**9 + when[1])

    def take(self, data, now):
        try:
            number, then, checksum = HEAD.unpack_from(data)
        except struct.error:
            self.damaged += 1
            return
        if checksum != zlib.crc32(data[HEAD.size:]):
            self.damaged += 1
        elif number in self.seen:
            self.twice += 1
        else:
            self.seen.add(number)
            self.slowest = max(self.slowest, now - then)
            self.waited += now - then
            self.first = self.first or then
            if self.last:
                self.longest_gap = max(self.longest_gap, now - self.last)
            self.last = now

    def report(self):
        return {'udp': self.name, 'peer': self.peer, 'sent': self.sent,
                'failed': self.failed, 'received': len(self.seen),
                'twice': self.twice, 'damaged': self.damaged,
                'slowest': self.slowest, 'gap': self.longest_gap,
                'waited': self.waited, 'took': self.last - self.first,
                'highest': max(self.seen, default=-1)}


class Bytes:
    """Both directions of a TCP connection."""

    def __init__(self, sock, name, peer):
        self.sock, self.name, self.peer = sock, name, peer
        self.sock.setblocking(False)
        self.waiting = b''
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        self.sent_bytes = self.received_bytes = 0
        self.closing = self.shut = self.ended = False

    def fileno(self):
        return self.sock.fileno()

    def send(self):
        if not self.waiting and not self.closing:
            self.waiting = random.randbytes(CHUNK)
        self.push()

    def push(self):
        try:
            while self.waiting:
                count = self.sock.send(self.waiting)
                self.sent.update(self.waiting[:count])
                self.sent_bytes += count
                self.waiting = self.waiting[count:]
        except BlockingIOError:
            return
        if self.closing and not self.shut:
            self.sock.shutdown(socket.SHUT_WR)
            self.shut = True

    def receive(self):
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        if not data:
            self.ended = True
        self.received.update(data)
        self.received_bytes += len(data)

    def report(self):
        return {'tcp': self.name, 'peer': self.peer,
                'sent': [self.sent_bytes, self.sent.hexdigest()],
                'received': [self.received_bytes, self.received.hexdigest()]}


def listen(pairs, port):
    socks = []
    for source, _ in pairs:
        sock = socket.socket(family_of(source), socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((source, port))
        sock.listen()
        socks.append(sock)
    return socks


def connect(pairs, port):
    return [Bytes(socket.create_connection(
        (destination, port), CONNECT_TIMEOUT, (source, 0)), source,
                  destination) for source, destination in pairs]


class End:
    def __init__(self, role, port, rate, pairs):
        self.interval = 1 / rate
        self.serves = role == 'serve'
        self.flows = [Datagrams(source, destination, port)
                      for source, destination in pairs]
        self.streams, self.listeners = [], []
        self.sending, self.over = True, False
        self.last_heard = time.monotonic()
        self.rounds = 0
        if int(os.environ.get('STREAM_TCP', 1)):
            if role == 'serve':
                self.listeners = listen(pairs, port)
            else:
                self.streams = connect(pairs, port)
        signal.signal(signal.SIGUSR1, self.stop)
        signal.signal(signal.SIGTERM, self.end)

    def stop(self, *_):
        self.sending, self.last_heard = False, time.monotonic()
        for stream in self.streams:
            stream.closing = True

    def end(self, *_):
        self.over = True

    def send(self):
        self.rounds += 1
        for flow in self.flows:
            if flow.seen or not self.serves:
                flow.send()
        if self.rounds % TCP_EVERY == 0:
            for stream in self.streams:
                stream.send()

    def accept(self, listener):
        sock, sender = listener.accept()
        self.streams.append(Bytes(sock, sock.getsockname()[0], sender[0]))

    def receive(self, timeout):
        open_streams = [s for s in self.streams if not s.ended]
        ready = select.select(self.flows + open_streams + self.listeners,
                              [], [], timeout)[0]
        for one in ready:
            if one in self.listeners:
                self.accept(one)
            else:
                one.receive()
        if ready:
            self.last_heard = time.monotonic()

    def is_quiet(self):
        return all(s.shut and s.ended for s in self.streams) and \
            time.monotonic() > self.last_heard + QUIET

    def run(self):
        print('ready', flush=True)
        due, stopped = time.monotonic(), False
        while not self.over:
            wait = due - time.monotonic() if self.sending else PAUSE
            self.receive(max(0, min(wait, PAUSE)))
            if self.sending and time.monotonic() >= due:
                self.send()
                due = max(due + self.interval, time.monotonic() - CATCH_UP)
            if self.sending or stopped:
                continue
            for stream in self.streams:
                stream.push()
            if self.is_quiet():
                stopped = True
                print('stopped', flush=True)
        self.receive(0)
        for one in self.flows + self.streams:
            print(json.dumps(one.report()), flush=True)


def reports(path):
    with open(path, encoding='ascii') as lines:
        found = [json.loads(line) for line in lines if line[0] == '{']
    return {(kind, one[kind]): one for one in found
            for kind in ('udp', 'tcp') if kind in one}


def compare_udp(sender, receiver):
    lost = sender['sent'] - receiver['received']
    bad = receiver['twice'] or receiver['damaged']
    print('%s > %s: %d sent, %d lost, %d not sent, %d twice, %d damaged; slowest '
          '%.1f ms, longest gap %.1f ms' % (
              sender['udp'], sender['peer'], sender['sent'], lost,
              sender['failed'], receiver['twice'], receiver['damaged'],
              receiver['slowest'] / 1e6, receiver['gap'] / 1e6))
    return not bad and sender['sent'] > 0, lost + sender['failed']


def compare_tcp(sender, receiver):
    same = sender['sent'] == receiver['received']
    print('%s > %s: TCP %d bytes, %s' % (
        sender['tcp'], sender['peer'], sender['sent'][0],
        'intact' if same else 'of which arrived %d' % receiver['received'][0]))
    return same and sender['sent'][0] > 0, 0


def tell_total(found):
    """How much, how fast, and how many were between sender and receiver."""
    took = max(one['took'] for one in found)
    if took:
        print('%d datagrams, %d a second, %.1f on their way at a time' % (
            sum(one['received'] for one in found),
            sum(one['received'] for one in found) * 1e9 / took,
            sum(one['waited'] for one in found) / took))


def compare(near, far, may_be_lost):
    good, all_lost = bool(near) and len(near) == len(far), 0
    for mine, theirs in ((near, far), (far, near)):
        for (kind, _), sender in mine.items():
            judge = compare_udp if kind == 'udp' else compare_tcp
            receiver = theirs.get((kind, sender['peer']))
            if receiver is None:
                good = False
                continue
            fine, lost = judge(sender, receiver)
            good, all_lost = good and fine, all_lost + lost
    tell_total([one for end in (near, far) for (kind, _), one in end.items()
                if kind == 'udp'])
    return good and all_lost <= may_be_lost


def main():
    command = sys.argv[1]
    if command == 'compare':
        near, far = map(reports, sys.argv[2:4])
        may_be_lost = int(sys.argv[4]) if len(sys.argv) > 4 else 0
        return 0 if compare(near, far, may_be_lost) else 1
    pairs = [pair.split('>') for pair in sys.argv[4:]]
    End(command, int(sys.argv[2]), float(sys.argv[3]), pairs).run()
    return 0


if __name__ == '__main__':
    sys.exit(main())
