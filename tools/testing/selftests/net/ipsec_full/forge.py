#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Frames that no honest peer sends. Runs on the far side, as root.

usage: forge.py replay DEV SRC COUNT   sends the next COUNT ESP frames from SRC
                                       that leave by DEV a second time
       forge.py number DEV SRC COUNT   the same, with sequence numbers that are
                                       ahead and an ICV that therefore is wrong
       forge.py merge ORDER            TCP segments in ESP and in clear, of one
                                       flow and next to each other; the flow's
                                       parameters come as JSON by stdin

What is sent a second time has a source address by which verify_wire.py knows it.
"""

import json
import socket
import struct
import sys
import time

from packets import checksum
from verify_wire import FORGER_RAW

ETH_P_ALL, ETH_P_IP = 3, 0x0800
ESP, TCP, IPIP = 50, 6, 4
ICV_LEN = 16
AHEAD = 1000
FIN, SYN, PSH, ACK = 1, 2, 8, 16
TIMEOUT = 10
SEGMENT = 1000


def packet_socket(dev):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(ETH_P_ALL))
    sock.bind((dev, 0))
    sock.settimeout(TIMEOUT)
    return sock


def is_esp(frame, src):
    return (frame[12:14] == b'\x08\x00' and frame[23] == ESP and
            frame[26:30] == socket.inet_aton(src))


def outgoing_esp(sock, src, count):
    """The next ESP frames that this machine sends."""
    frames = []
    while len(frames) < count:
        frame, meta = sock.recvfrom(65536)
        if meta[2] == socket.PACKET_OUTGOING and is_esp(frame, src):
            frames.append(frame)
    return frames


def ahead(frame):
    """A frame that claims a sequence number beyond the window."""
    seq, = struct.unpack_from('!I', frame, 38)
    return frame[:38] + struct.pack('!I', seq + AHEAD) + frame[42:]


def resend(dev, src, count, change):
    sock = packet_socket(dev)
    print('ready', flush=True)
    for frame in outgoing_esp(sock, src, count):
        sock.send(frame[:6] + FORGER_RAW + change(frame)[12:])
    print('sent', flush=True)


def ipv4(src, dst, proto, payload):
    head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 0, 0x4000,
                       64, proto, 0, socket.inet_aton(src),
                       socket.inet_aton(dst))
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


class Flow:
    """A TCP connection from an address that no kernel has, in ESP."""

    def __init__(self, spec):
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        self.spec = spec
        self.sock = packet_socket(spec['dev'])
        self.ciphers = {}
        for name in ('to', 'from'):
            key = bytes.fromhex(spec['key_' + name][2:])
            self.ciphers[name] = (AESGCM(key[:-4]), key[-4:])
        self.esp_seq = 0
        self.seq, self.ack = 1000, 0

    def segment(self, flags, data=b'', seq=None):
        """The inner packet."""
        spec = self.spec
        src, dst = spec['inner_src'], spec['inner_dst']
        head = struct.pack('!HHIIBBHHH', spec['sport'], spec['dport'],
                           self.seq if seq is None else seq, self.ack, 5 << 4,
                           flags, 65535, 0, 0)
        pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack(
            '!BBH', 0, TCP, len(head) + len(data))
        value = struct.pack('!H', checksum(pseudo + head + data))
        return ipv4(src, dst, TCP, head[:16] + value + head[18:] + data)

    def in_clear(self, packet):
        return self.frame(packet)

    def in_esp(self, packet):
        self.esp_seq += 1
        cipher, salt = self.ciphers['to']
        head = struct.pack('!II', int(self.spec['spi_to'], 0), self.esp_seq)
        init = struct.pack('!Q', self.esp_seq)
        pad = -(len(packet) + 2) % 4
        plain = packet + bytes(range(1, pad + 1)) + bytes([pad, IPIP])
        body = head + init + cipher.encrypt(salt + init, plain, head)
        return self.frame(ipv4(self.spec['outer_src'], self.spec['outer_dst'],
                               ESP, body))

    def frame(self, packet):
        macs = bytes.fromhex((self.spec['mac_dst'] +
                              self.spec['mac_src']).replace(':', ''))
        return macs + struct.pack('!H', ETH_P_IP) + packet

    def send(self, *frames):
        for frame in frames:
            self.sock.send(frame)

    def answer(self):
        """Sequence number, acknowledgment and flags of the next answer."""
        cipher, salt = self.ciphers['from']
        while True:
            frame = self.sock.recv(65536)
            if not is_esp(frame, self.spec['outer_dst']):
                continue
            esp = frame[34:]
            if struct.unpack('!I', esp[:4])[0] != int(self.spec['spi_from'],
                                                      0):
                continue
            plain = cipher.decrypt(salt + esp[8:16], esp[16:], esp[:8])
            if plain[9] != TCP:
                continue
            sport, dport, seq, ack, _, flags = struct.unpack_from(
                '!HHIIBB', plain, 20)
            # Of an earlier connection the host may still repeat its FIN.
            if (sport, dport) == (self.spec['dport'], self.spec['sport']):
                return seq, ack, flags

    def connect(self):
        self.send(self.in_esp(self.segment(SYN)))
        seq, ack, flags = self.answer()
        if flags != SYN | ACK or ack != self.seq + 1:
            raise ConnectionError('no SYN and ACK but flags %#x' % flags)
        self.seq, self.ack = ack, seq + 1
        self.send(self.in_esp(self.segment(ACK)))

    def acknowledged(self, seq):
        """Wait until all before SEQ has arrived."""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            if self.answer()[1] == seq:
                return
        raise ConnectionError('sequence number %d was not reached' % seq)

    def finish(self, seq):
        self.send(self.in_esp(self.segment(FIN | ACK, seq=seq)))
        self.acknowledged(seq + 1)


def data(letter):
    return letter.encode() * SEGMENT


def merge(flow, order):
    """Whatever the order, the receiver must get A and B, and nothing clear."""
    first, second = flow.seq, flow.seq + SEGMENT

    def esp(letter, seq):
        return flow.in_esp(flow.segment(ACK | PSH * (letter == 'B'),
                                        data(letter), seq))

    def clear(letter, seq):
        return flow.in_clear(flow.segment(ACK, data(letter), seq))

    if order == 'esp-esp':
        flow.send(esp('A', first), esp('B', second))
    elif order == 'esp-clear':
        flow.send(esp('A', first), clear('X', second), esp('B', second))
    elif order == 'clear-esp':
        flow.send(clear('X', first), esp('B', second))
        time.sleep(0.5)
        flow.send(esp('A', first))
    elif order == 'all-esp':
        flow.send(esp('A', first), esp('X', second), esp('B', second))
    flow.acknowledged(second + SEGMENT)
    flow.finish(second + SEGMENT)


def main():
    command, args = sys.argv[1], sys.argv[2:]
    if command == 'merge':
        flow = Flow(json.load(sys.stdin))
        flow.connect()
        merge(flow, args[0])
    else:
        change = {'replay': bytes, 'number': ahead}[command]
        resend(args[0], args[1], int(args[2]), change)


if __name__ == '__main__':
    main()
