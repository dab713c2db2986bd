#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
#
# inputs: tools/testing/selftests/net/ipsec_full/*.py
# programs: python3
"""verify_wire.py finds what is planted in captures, and nothing else.

Captures are made by scapy, with its own ESP. Runs on the host.
"""

import contextlib
import io
import os
import re
import struct
import sys
import tempfile
from unittest import mock

from scapy.all import (ARP, GRE, ICMP, IP, IPv6, TCP, UDP, Ether, fragment,
                       raw, wrpcap)
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NS,
                                IPv6ExtHdrFragment, fragment6)
from scapy.layers.ipsec import ESP, SecurityAssociation

import verify_wire

STATE = '''src {src} dst {dst}
\tproto esp spi {spi:#010x}({spi}) reqid 1(0x00000001) mode {mode}
\treplay-window 64 seq 0x00000000 flag af-unspec{esn} (0x00100000)
{algorithm}
\tanti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000
\tsel src 0.0.0.0/0 dst 0.0.0.0/0 uid 0
\tlifetime config:
\t  limit: soft (INF)(bytes), hard (INF)(bytes)
\t  limit: soft (INF)(packets), hard (INF)(packets)
\tlifetime current:
\t  {bytes}(bytes), {packets}(packets)
\t  add 2024-01-01 00:00:00 use 2024-01-01 00:00:01
\tstats:
\t  replay-window 0 replay 0 failed 0
'''

AEAD = '\taead {} 0x{} ({} bits) {}'
CBC = '\tauth-trunc hmac({}) 0x{} ({} bits) {}\n\tenc cbc(aes) 0x{} (128 bits)'
ENCAP = '\n\tencap type espinudp sport 4500 dport 4500 addr 0.0.0.0'

PROTECT = '''10.1.1.0/24 10.1.2.0/24
fd01:1::/32 fd01:2::/32
10.0.1.1/32 10.0.1.2/32
'''


def mac(packet, src='02:00:00:00:00:01'):
    return Ether(src=src, dst='02:00:00:00:00:02') / packet


class End:
    """One SA: encrypts by scapy and counts as XFRM does."""

    algorithm, kernel_name = 'AES-GCM', 'rfc4106(gcm(aes))'
    icv_len = 16

    def __init__(self, src, dst, spi, mode, key_len, esn=False, **words):
        self.src, self.dst, self.spi = src, dst, spi
        self.mode, self.esn = mode, esn
        self.key = bytes((spi + i) & 0xff for i in range(key_len + 4))
        self.packets = self.bytes = self.seq = 0
        self.encap = 'nat_t_header' in words
        outer = IPv6 if ':' in src else IP
        header = outer(src=src, dst=dst) if mode == 'tunnel' else None
        self.sa = SecurityAssociation(ESP, spi=spi, esn_en=esn,
                                      tunnel_header=header,
                                      **self.keys(), **words)

    def keys(self):
        return {'crypt_algo': self.algorithm, 'crypt_key': self.key}

    def init(self, seq):
        return struct.pack('!Q', self.salt ^ seq)

    def send(self, packet, seq=None, init=None, esn=0):
        """One ESP packet, with the next sequence number unless told."""
        packet = type(packet)(raw(packet))
        if seq is None:
            self.seq = seq = self.seq + 1
        self.sa.seq_num = seq
        out = self.sa.encrypt(packet, esn=esn, iv=init or self.init(seq))
        self.packets += 1
        self.bytes += len(packet) if self.mode == 'tunnel' \
            else len(packet.payload)
        return type(out)(raw(out))

    @property
    def salt(self):
        return 0x5a5a << 48 | self.spi

    def words(self):
        return AEAD.format(self.kernel_name, self.key.hex(),
                           8 * len(self.key), 8 * self.icv_len)

    def state(self):
        return STATE.format(src=self.src, dst=self.dst, spi=self.spi,
                            mode=self.mode, bytes=self.bytes,
                            algorithm=self.words() + ENCAP * self.encap,
                            packets=self.packets,
                            esn=' esn' if self.esn else '')


class ShortGcm(End):
    """scapy can't cut the ICV, which comes last."""

    icv_len = 8

    def send(self, packet, **words):
        out = super().send(packet, **words)
        out = IP(raw(out)[:self.icv_len - 16])
        out.len += self.icv_len - 16
        del out.chksum
        return IP(raw(out))


class ChaCha(End):
    algorithm = 'CHACHA20-POLY1305'
    kernel_name = 'rfc7539esp(chacha20,poly1305)'


class Cbc(End):
    """AES-CBC-128 with HMAC."""

    auth, hash_len, digest = 'SHA2-256-128', 32, 'sha256'

    def keys(self):
        self.key = self.key[:16]
        self.auth_key = bytes(range(self.hash_len))
        return {'crypt_algo': 'AES-CBC', 'crypt_key': self.key,
                'auth_algo': self.auth, 'auth_key': self.auth_key}

    def init(self, seq):
        return struct.pack('!QQ', self.salt, seq)

    def words(self):
        return CBC.format(self.digest, self.auth_key.hex(),
                          8 * self.hash_len, 4 * self.hash_len,
                          self.key.hex())


class InNic(Cbc):
    """In a device, or on its way."""

    place = 'device', 1

    def words(self):
        return super().words() + (
            '\n\tcrypto offload parameters: dev acme0 dir out mode full'
            '\n\t place %s wanted device reason request epoch %d' % self.place)


class Cbc384(Cbc):
    auth, hash_len, digest = 'SHA2-384-192', 48, 'sha384'


class Cbc512(Cbc):
    auth, hash_len, digest = 'SHA2-512-256', 64, 'sha512'


class Mover(End):
    """An SA that moves between software and a device: IVs by epoch.

    The receiver's account is kept, too, as a test lets it see packets.
    """

    offload = '\n\tcrypto offload parameters: dev acme0 dir %s mode full%s'

    def __init__(self, *args, **words):
        super().__init__(*args, **words)
        self.epoch = 0
        self.got = self.got_bytes = self.replays = self.failed = 0
        self.hard = {'near': {}, 'far': {}}
        self.window, self.drop, self.reqid = 64, False, 1

    def init(self, seq):
        return struct.pack('!Q', self.salt ^ (self.epoch << 48 | seq))

    def send(self, packet, lost=False, **words):
        out = super().send(packet, **words)
        if not lost:
            self.got += 1
            self.got_bytes += len(packet)
        return out

    def unsent(self, length):
        """The last packet was not the sender's."""
        self.packets -= 1
        self.bytes -= length

    def state_of(self, end):
        """What either end says, near sends, far receives."""
        text = self.state() if end == 'near' else self.far_state()
        for unit, limit in self.hard[end].items():
            text = text.replace('hard (INF)(%s)' % unit,
                                'hard %d(%s)' % (limit, unit))
        words = ('out', '') if end == 'near' else ('in', ' exceptions drop')
        if end == 'near' or self.drop:
            text = text.replace('\n\tanti', self.offload % words + '\n\tanti')
        return text.replace('reqid 1', 'reqid %d' % self.reqid)

    def far_state(self):
        text = self.state().replace('%d(bytes), %d(packets)' %
                                    (self.bytes, self.packets),
                                    '%d(bytes), %d(packets)' %
                                    (self.got_bytes, self.got))
        text = text.replace('replay-window 64', 'replay-window %d' %
                            self.window)
        return text.replace('replay 0 failed 0', 'replay %d failed %d' %
                            (self.replays, self.failed))


class Wire:
    """A clean wire, with two SAs each way or more, that a test may spoil."""

    def __init__(self, for_tshark=False):
        self.for_tshark = for_tshark
        self.out = End('10.0.0.1', '10.0.0.2', 0x1001, 'tunnel', 16)
        self.back = End('10.0.0.2', '10.0.0.1', 0x1002, 'tunnel', 16)
        self.six = End('fd00::1', 'fd00::2', 0x1003, 'tunnel', 32)
        self.trans = End('10.0.1.1', '10.0.1.2', 0x1004, 'transport', 32)
        self.ends = [self.out, self.back, self.six, self.trans]
        self.others()
        self.kinds = {}
        self.protect, self.starts = PROTECT, ''
        self.mover = None
        self.silent = ''            # an end that tells no counters of it
        self.files = {}
        self.second = []            # frames of another wire
        self.frames = [mac(ARP()), mac(self.nd()), mac(self.plain())]
        for size in (0, 1, 2, 3, 20, 1300):
            self.clean_round(b'x' * size)
        self.fragmented()

    def others(self):
        """SAs of other algorithms, and in UDP: packets come by clean_round."""
        udp = {'nat_t_header': UDP(sport=4500, dport=4500)}
        four, six = ('10.0.0.1', '10.0.0.2'), ('fd00::1', 'fd00::2')
        self.more = [
            ShortGcm(*four, 0x1010, 'tunnel', 24),
            ChaCha(*six, 0x1011, 'tunnel', 32),
            Cbc(*four, 0x1012, 'tunnel', 16),
            Cbc384(*six, 0x1013, 'tunnel', 16),
            Cbc512(*four, 0x1014, 'tunnel', 16),
            End(*four, 0x1015, 'tunnel', 16, **udp),
            Cbc(*four, 0x1016, 'tunnel', 16, **udp)]
        if self.for_tshark:
            self.more = [end for end in self.more if not end.encap and
                         not isinstance(end, ChaCha)]
        self.ends += self.more

    @staticmethod
    def nd():
        return IPv6(src='fd01:1::1', dst='fd01:2::1', hlim=255) / \
            ICMPv6ND_NS(tgt='fd01:2::1')

    @staticmethod
    def plain():
        return IP(src='10.9.0.1', dst='10.9.0.2') / UDP() / b'not protected'

    @staticmethod
    def inner(data=b'', dst='10.1.2.1'):
        return IP(src='10.1.1.1', dst=dst) / TCP(sport=1000) / data

    def add(self, packet):
        self.frames.append(mac(packet))

    def forge(self, packet, second=False):
        frames = self.second if second else self.frames
        frames.append(mac(packet, verify_wire.FORGER))

    def moving(self, **words):
        """An SA on its way through software, device, software, device.

        It skips a number. An attacker repeats packets, some in fragments.
        """
        self.mover = mover = Mover('10.0.0.1', '10.0.0.2', 0x2001, 'tunnel',
                                   16, **words)
        for mover.epoch in (0, 1, 0, 2):
            sent = [mover.send(self.inner(b'move' * 20)) for _ in range(4)]
            for packet in sent:
                self.add(packet)
            mover.seq += mover.epoch == 1
            for part in [sent[1]] + fragment(sent[2], 40):
                self.forge(part)
            mover.replays += 2
        return mover

    def clean_round(self, data):
        self.add(self.out.send(self.inner(data)))
        self.add(self.back.send(
            IP(src='10.1.2.1', dst='10.1.1.1') / ICMP() / data))
        self.add(self.six.send(
            IPv6(src='fd01:1::1', dst='fd01:2::1') / UDP() / data))
        self.add(self.six.send(self.inner(data)))
        self.add(self.out.send(
            IPv6(src='fd01:1::1', dst='fd01:2::1') / ICMPv6EchoRequest() /
            data))
        self.add(self.trans.send(
            IP(src='10.0.1.1', dst='10.0.1.2') / ICMP() / data))
        for end in self.more:
            self.add(end.send(self.inner(data)))

    def fragmented(self):
        """Fragments inside ESP, and ESP inside fragments of either family."""
        for part in fragment(self.inner(b'f' * 3000), 1400):
            self.add(self.out.send(part))
        for part in fragment(self.out.send(self.inner(b'g' * 3000)), 1400):
            self.add(part)
        whole = self.six.send(self.inner(b'h' * 3000))
        whole = IPv6(src=whole.src, dst=whole.dst) / \
            IPv6ExtHdrFragment(id=7) / raw(whole.payload)
        whole[IPv6ExtHdrFragment].nh = 50
        for part in fragment6(whole, 1400):
            self.add(part)

    def spoil(self, number, at, mask=1):
        """Flip bits of a byte of a frame, counted from the end."""
        frame = bytearray(raw(self.frames[number]))
        frame[at] ^= mask
        self.frames[number] = Ether(bytes(frame))

    def write(self, folder):
        evidence = os.path.join(folder, 'evidence')
        os.mkdir(evidence)
        self.files.update(protect=self.protect, starts=self.starts)
        for number, end in enumerate(self.ends):
            name = 'end%d.%s' % (number, self.kinds.get(end, 'final'))
            self.files[name] = end.state()
        if self.mover:
            self.files['ends'] = 'near 10.0.0.1\nfar 10.0.0.2\n'
            for end in ('near', 'far'):
                if end != self.silent:
                    self.files[end + '-move-0.final'] = self.mover.state_of(end)
        for name, text in self.files.items():
            with open(os.path.join(evidence, name), 'w',
                      encoding='ascii') as file:
                file.write(text)
        pcaps = [os.path.join(folder, 'wire%d.pcap' % n) for n in range(2)]
        wrpcap(pcaps[0], self.frames, linktype=1)
        if not self.second:
            return [evidence, pcaps[0]]
        wrpcap(pcaps[1], self.second, linktype=1)
        return [evidence] + pcaps

    def judge(self, backend):
        with tempfile.TemporaryDirectory() as folder:
            return verdict(['--backend', backend] + self.write(folder))


def verdict(args):
    """Exit status and text of verify_wire.py."""
    text = io.StringIO()
    with mock.patch.object(sys, 'argv', ['verify_wire.py'] + args), \
            contextlib.redirect_stdout(text), \
            contextlib.redirect_stderr(text):
        status = verify_wire.main()
    return status, text.getvalue()


# Each test spoils a clean wire and returns the only kinds of fault that must
# be found, each with how often.

def clean(_wire):
    return {}


def cleartext_frame(wire):
    wire.add(wire.inner(b'leak'))
    return {'cleartext': 1}


def cleartext_reverse(wire):
    wire.add(IPv6(src='fd01:2::1', dst='fd01:1::1') / UDP() / b'leak')
    return {'cleartext': 1}


def cleartext_transport(wire):
    wire.add(IP(src='10.0.1.1', dst='10.0.1.2') / ICMP())
    return {'cleartext': 1}


def cleartext_fragment(wire):
    for part in fragment(wire.inner(b'leak' * 1000), 1400):
        wire.add(part)
    return {'cleartext': 3}


def cleartext_fragment6(wire):
    packet = IPv6(src='fd01:1::1', dst='fd01:2::1') / \
        IPv6ExtHdrFragment(id=9) / UDP() / (b'leak' * 500)
    for part in fragment6(packet, 1400):
        wire.add(part)
    return {'cleartext': 2}


def cleartext_quoted_esp(wire):
    esp = raw(wire.out.sa.encrypt(wire.inner(), seq_num=99))
    wire.add(IP(src='10.1.1.1', dst='10.1.2.1') / ICMP(type=3) / esp)
    return {'cleartext': 1}


def flipped_icv(wire):
    wire.spoil(3, -1)
    return {'ICV': 1, 'count': 1, 'missing frame': 1}


def flipped_payload(wire):
    wire.spoil(5, -30)
    return {'ICV': 1, 'count': 1, 'missing frame': 1}


def flipped_sequence(wire):
    wire.spoil(3, 14 + 20 + 7, 0x40)
    return {'ICV': 1, 'count': 1, 'missing frame': 1}


def repeated_iv(wire):
    wire.add(wire.out.send(wire.inner(),
                           init=struct.pack('!Q', wire.out.salt ^ 1)))
    return {'repeated IV': 1}


def repeated_frame(wire):
    wire.frames.append(wire.frames[3])
    return {'repeated sequence number': 1, 'repeated IV': 1, 'count': 1}


def repeated_sequence(wire):
    wire.add(wire.out.send(wire.inner(), seq=1, init=b'otherIV!'))
    return {'repeated sequence number': 1}


def missing_frame(wire):
    del wire.frames[9]
    return {'missing frame': 1, 'count': 1}


def missing_last(wire):
    wire.out.send(wire.inner())
    return {'count': 1}


def sequence_skipped(wire):
    wire.add(wire.trans.send(IP(src='10.0.1.1', dst='10.0.1.2') / ICMP(),
                             seq=wire.trans.seq + 2))
    return {'missing frame': 1}


def sequence_skipped_in_device(wire):
    """AES-CBC's IV tells nothing; the SA says that it has not moved."""
    skip_number(wire, 'device', 1)
    return {'missing frame': 1}


def sequence_skipped_moving(wire):
    """It has been in the device before."""
    skip_number(wire, 'device', 2)
    return {}


def skip_number(wire, place, epoch):
    end = InNic('10.0.0.1', '10.0.0.2', 0x1020, 'tunnel', 16)
    end.place = place, epoch
    wire.ends.append(end)
    wire.add(end.send(wire.inner(b'one')))
    wire.add(end.send(wire.inner(b'three'), seq=3))


def sequence_zero(wire):
    wire.add(wire.trans.send(IP(src='10.0.1.1', dst='10.0.1.2') / ICMP(),
                             seq=0))
    return {'sequence number 0': 1}


def count_packets(wire):
    wire.back.packets += 1
    return {'count': 1}


def count_bytes(wire):
    wire.six.bytes -= 1
    return {'count': 1}


def count_live(wire):
    wire.six.bytes -= 1
    wire.kinds[wire.six] = 'live'
    return {}


def no_counts(wire):
    wire.kinds = dict.fromkeys(wire.ends, 'live')
    return {'no counts': 1}


def no_frames(wire):
    wire.frames = wire.frames[:3]
    return {'no ESP': 1, 'count': len(wire.ends)}


def unknown_sa(wire):
    wire.ends.remove(wire.trans)
    return {'unknown SA': 6}


def elsewhere_sa(wire):
    """Neither is a number missing, nor a packet of those that it has counted."""
    wire.kinds[wire.trans] = 'elsewhere'
    wire.add(wire.trans.send(IP(src='10.0.1.1', dst='10.0.1.2') / ICMP(),
                             seq=77))
    return {}


def elsewhere_twice(wire):
    """Whatever other wires had, no number is right twice on this one."""
    wire.kinds[wire.trans] = 'elsewhere'
    for _ in range(2):
        wire.add(wire.trans.send(IP(src='10.0.1.1', dst='10.0.1.2') / ICMP(),
                                 seq=77))
    return {'repeated sequence number': 1, 'repeated IV': 1}


def elsewhere_damaged(wire):
    wire.kinds[wire.trans] = 'elsewhere'
    wire.spoil(8, -1)
    return {'ICV': 1}


def foreign_sa(wire):
    """The attacker may do anything, and numbers of the sender are missing."""
    wire.kinds[wire.trans] = 'foreign'
    packet = IP(src='10.0.1.1', dst='10.0.1.2') / ICMP()
    wire.add(wire.trans.send(packet, seq=77))
    for _ in range(2):
        wire.forge(wire.trans.send(packet, seq=78))
    wire.forge(wire.trans.send(packet))
    wire.spoil(-1, -1)
    return {}


def foreign_sender(wire):
    """Of a sender, whose SA an attacker has too."""
    wire.kinds[wire.trans] = 'foreign'
    wire.spoil(8, -1)
    packet = IP(src='10.0.1.1', dst='10.0.1.2') / ICMP()
    for seq in (77, 77):
        wire.add(wire.trans.send(packet, seq=seq))
    return {'ICV': 1, 'repeated sequence number': 1, 'repeated IV': 1}


def inner_outside(wire):
    wire.add(wire.out.send(wire.inner(dst='10.7.0.1')))
    return {'inner packet': 1}


def inner_checksum(wire):
    packet = IP(src='10.1.1.1', dst='10.1.2.1') / TCP(chksum=0x1234) / b'x'
    wire.add(wire.out.send(packet))
    return {'inner packet': 1}


def inner_header_checksum(wire):
    packet = IP(src='10.1.1.1', dst='10.1.2.1', chksum=0x1234) / TCP()
    wire.add(wire.out.send(packet))
    return {'inner packet': 1}


def inner_trailing(wire):
    packet = wire.inner()
    packet = IP(raw(packet)) / b'zzzz'
    packet.len = len(packet) - 4
    wire.add(wire.out.send(packet))
    return {'inner packet': 1}


def flipped_icv_of_others(wire):
    for end in wire.more:
        wire.add(end.send(wire.inner()))
        wire.spoil(-1, -1)
    return {'ICV': len(wire.more), 'count': len(wire.more)}


def not_in_udp(wire):
    wire.more[-1].sa.nat_t_header = None
    wire.add(wire.more[-1].send(wire.inner()))
    return {'strange frame': 1, 'count': 1}


def other_udp_port(wire):
    wire.more[-1].sa.nat_t_header.sport = 4501
    wire.add(wire.more[-1].send(wire.inner()))
    return {'strange frame': 1, 'count': 1}


def ike_and_keepalive(wire):
    for data in (bytes(4) + b'IKE', b'\xff'):
        wire.add(IP(src='10.0.0.1', dst='10.0.0.2') /
                 UDP(sport=4500, dport=4500) / data)
    return {}


def starts_later(wire):
    end = End('10.0.0.1', '10.0.0.2', 0x1020, 'tunnel', 16, esn=True)
    wire.ends.append(end)
    wire.starts = '10.0.0.2 0x1020 0xfffffffe\n'
    wire.add(end.send(wire.inner(), seq=0xffffffff))
    wire.add(end.send(wire.inner(), seq=0, esn=1,
                      init=struct.pack('!Q', 1 << 32)))
    return {}


def forged_frames(wire):
    wire.add(wire.inner(b'leak'))
    wire.frames[-1].src = verify_wire.FORGER
    wire.frames.append(wire.frames[-1].copy())
    wire.frames[-1].type = 0x1234
    return {}


def outer_source(wire):
    packet = wire.out.send(wire.inner())
    packet.src = '10.0.0.9'
    wire.add(packet)
    return {'outer source': 1}


def strange_ethertype(wire):
    frame = mac(wire.inner(b'leak'))
    frame.type = 0x1234
    wire.frames.append(frame)
    return {'strange frame': 1}


def wrong_ethertype(wire):
    frame = mac(wire.inner(b'leak'))
    frame.type = 0x86dd
    wire.frames.append(frame)
    return {'strange frame': 1}


def esn_beyond_32_bits(wire):
    end = End('10.0.0.1', '10.0.0.2', 0x1005, 'tunnel', 16, esn=True)
    wire.ends.append(end)
    wire.add(end.send(wire.inner(), seq=1))
    for seq in (0xfffffffe, 0xffffffff):
        wire.add(end.send(wire.inner(), seq=seq))
    for seq in (0, 1):
        wire.add(end.send(wire.inner(), seq=seq, esn=1,
                          init=struct.pack('!Q', 1 << 32 | seq)))
    return {'missing frame': 1}


def moves(wire):
    wire.moving()
    return {}


def epoch_again(wire):
    """A device goes on in its old epoch, from too low a number."""
    mover = wire.moving()
    mover.epoch = 1
    wire.add(mover.send(wire.inner(b'other'), seq=6, lost=True))
    mover.replays += 1
    return {'repeated IV': 1, 'repeated sequence number': 1}


def number_again(wire):
    mover = wire.moving()
    mover.epoch = 3
    wire.add(mover.send(wire.inner(b'other'), seq=6, lost=True))
    mover.replays += 1
    return {'repeated sequence number': 1}


def no_epoch(wire):
    wire.add(wire.moving().send(wire.inner(), init=b'otherIV!'))
    return {'IV form': 1}


def gap_without_move(wire):
    wire.mover = mover = Mover('10.0.0.1', '10.0.0.2', 0x2001, 'tunnel', 16)
    for mover.seq in (0, 1, 3):
        wire.add(mover.send(wire.inner()))
    return {'missing frame': 1}


def replay_accepted(wire):
    mover = wire.moving()
    mover.got += 1
    mover.got_bytes += 120
    return {'replay accepted': 1}


def replay_accepted_instead(wire):
    """A replay was accepted, and a packet lost."""
    wire.moving().replays -= 5
    return {'replay not counted': 1}


def replays_as_exceptions(wire):
    """The receiver dropped some without a look at their numbers."""
    wire.moving().replays -= 6
    wire.files['far-move-0.mib'] = 'XfrmInError 9\nXfrmFullInException 2\n'
    return {}


def replays_as_failed(wire, **words):
    """The receiver has found that ICVs are wrong, which they are not."""
    mover = wire.moving(**words)
    mover.replays -= 6
    mover.failed += 6
    return {'replay not counted': 1}


def replays_as_failed_esn(wire):
    """With ESN they are for the numbers that it took them for."""
    replays_as_failed(wire, esn=True)
    return {}


def no_window(wire):
    """Without a window there is no protection from replay."""
    mover = wire.moving()
    mover.window = mover.replays = 0
    mover.got += 8
    mover.got_bytes += 8 * 120
    return {}


def packet_lost(wire):
    wire.add(wire.moving().send(wire.inner(), lost=True))
    return {'lost packet': 1}


def packet_lost_by_fault(wire):
    wire.add(wire.moving().send(wire.inner(), lost=True))
    wire.files['losses'] = '10.0.0.2 0x2001 1\n'
    return {}


def bytes_too_many(wire):
    packet_lost_by_fault(wire)
    wire.mover.got_bytes += 41
    return {'count': 1}


def sent_without_frame(wire):
    wire.moving().send(wire.inner(), lost=True)
    return {'count': 1}


def bytes_of_receiver(wire):
    wire.moving().got_bytes -= 1
    return {'count': 1}


def left_of_window(wire):
    mover = wire.moving()
    late = mover.send(wire.inner(), lost=True)
    for _ in range(80):
        wire.add(mover.send(wire.inner()))
    wire.add(late)
    mover.replays += 1
    return {}


def intercepted(wire):
    """The attacker takes a packet off the wire, and sends its fragments."""
    mover = wire.moving()
    for part in fragment(mover.send(wire.inner(b'x' * 60)), 40):
        wire.forge(part)
    mover.unsent(100)
    return {}


def exceptions_handled(wire):
    """Fragments are lost that should have been handled."""
    packet = wire.moving().send(wire.inner(b'x' * 60), lost=True)
    for part in fragment(packet, 40):
        wire.add(part)
    return {'lost packet': 1}


def exceptions_dropped(wire):
    mover = wire.moving()
    mover.drop = True
    mover.replays -= 4
    for part in fragment(mover.send(wire.inner(b'x' * 60), lost=True), 40):
        wire.add(part)
    return {}


def elsewhere(wire):
    """What comes by another wire may be dropped."""
    mover = wire.moving()
    wire.second = [mac(wire.plain())]
    wire.forge(mover.send(wire.inner(), lost=True), second=True)
    mover.unsent(40)
    return {}


def iv_on_two_wires(wire):
    """In frames of the same number in their captures."""
    mover = wire.moving()
    wire.second = [mac(wire.plain()) for _ in wire.frames]
    for frames in (wire.frames, wire.second):
        frames.append(mac(mover.send(wire.inner(), init=b'otherIV!')))
    return {'repeated IV': 1, 'IV form': 2}


def limit_reached(wire):
    limits = {'packets': 16, 'bytes': 15 * 120 + 1}
    wire.moving().hard = {'near': limits, 'far': limits}
    return {}


def packets_past_limit(wire):
    wire.moving().hard['near']['packets'] = 15
    return {'hard limit': 1}


def bytes_past_limit(wire):
    wire.moving().hard['near']['bytes'] = 15 * 120
    return {'hard limit': 1}


def received_past_limit(wire):
    wire.moving().hard['far']['packets'] = 15
    return {'hard limit': 1}


def received_bytes_past_limit(wire):
    wire.moving().hard['far']['bytes'] = 15 * 120
    return {'hard limit': 1}


def limit_drops(wire):
    """The receiver's limit, not a loss."""
    mover = wire.moving()
    mover.hard['far']['packets'] = 16
    wire.add(mover.send(wire.inner(), lost=True))
    mover.replays += 1
    return {}


def limit_in_bytes_drops(wire):
    mover = wire.moving()
    mover.hard['far']['bytes'] = 16 * 120
    wire.add(mover.send(wire.inner(), lost=True))
    mover.replays += 1
    return {}


def limit_raised(wire):
    mover = wire.moving()
    mover.hard['near']['packets'] = 10
    wire.files['near-move-0.live'] = mover.state_of('near')
    mover.hard['near']['packets'] = 20
    return {}


def gone(wire, end, how='Deleted'):
    """The SA is gone, which the end was told with its counters of now."""
    text = wire.mover.state_of(end)
    if how != 'Deleted':
        text += '\t%s\n' % how
        how = 'Expired'
    name = end + '-move.gone'
    wire.files[name] = wire.files.get(name, '') + how + ' ' + text


def deleted(wire):
    """Under traffic: the receiver was gone before the rest came."""
    mover = wire.moving()
    gone(wire, 'near')
    got = mover.got, mover.got_bytes
    mover.got, mover.got_bytes = 10, 10 * 120
    gone(wire, 'far')
    mover.got, mover.got_bytes = got
    return {}


def expired(wire):
    """What soft limits tell is not the last."""
    mover = wire.moving()
    mover.packets -= 1
    gone(wire, 'near', 'hard 0')
    mover.packets += 1
    gone(wire, 'near', 'hard 1')
    gone(wire, 'far', 'hard 1')
    return {}


def gone_with_old_counters(wire):
    mover = wire.moving()
    mover.packets -= 1
    gone(wire, 'near')
    mover.bytes -= 1
    gone(wire, 'near', 'hard 1')
    mover.packets += 1
    mover.bytes += 1
    return {'count': 2}


def gone_after_replay(wire):
    mover = wire.moving()
    mover.got += 1
    gone(wire, 'far')
    mover.got -= 1
    return {'replay accepted': 1}


def gone_past_limit(wire):
    mover = wire.moving()
    mover.hard['far'] = {'packets': 15}
    gone(wire, 'far', 'hard 1')
    wire.silent = 'far'
    return {'hard limit': 1}


def gone_unheard_of(wire):
    wire.moving()
    gone(wire, 'near')
    name = 'near-move.gone'
    wire.files[name] = wire.files[name].replace('0x00002001', '0x00002009')
    return {}


AGE = 1 << 32


def aged(wire):
    """Counters and limits go on from what was before."""
    mover = wire.moving()
    mover.packets += AGE
    mover.bytes += 7
    mover.got_bytes += 9
    mover.hard['near'] = {'packets': AGE + 16}
    mover.hard['far'] = {'bytes': 15 * 120 + 10}
    wire.files['ages'] = 'near 10.0.0.2 0x2001 %d 7\n' \
        'far 10.0.0.2 0x2001 0 9\n' % AGE
    return {}


def aged_past_limit(wire):
    aged(wire)
    wire.mover.hard['near'] = {'packets': AGE + 15}
    wire.mover.hard['far'] = {'bytes': 15 * 120 + 9}
    return {'hard limit': 2}


def foreign_mover(wire):
    """The SA is one that an attacker may use; none of its packets is missed."""
    mover = wire.moving()
    wire.forge(mover.send(wire.inner(b'forged' * 13 + b'xx')))
    mover.unsent(120)
    wire.add(mover.send(wire.inner(), seq=30, lost=True))
    wire.files['far-move-1.foreign'] = mover.state_of('far')
    return mover


def foreign_receiver(wire):
    foreign_mover(wire)
    return {}


def foreign_replay(wire):
    mover = foreign_mover(wire)
    mover.got += 2
    mover.got_bytes += 200
    return {'replay accepted': 1}


def foreign_past_limit(wire):
    mover = foreign_mover(wire)
    mover.hard['far']['packets'] = 16
    wire.files['far-move-1.foreign'] = mover.state_of('far')
    return {'hard limit': 1}


def foreign_high_half(wire):
    """The attacker goes on in the other half of the numbers."""
    wire.mover = mover = Mover('10.0.0.1', '10.0.0.2', 0x2001, 'tunnel', 16,
                               esn=True)
    wire.add(mover.send(wire.inner()))
    wire.forge(mover.send(wire.inner(), seq=3, esn=1,
                          init=struct.pack('!Q', 1 << 32 | 3)))
    wire.files['far-move-1.foreign'] = mover.state_of('far')
    return {}


def other_pair(wire):
    """A packet in the SA of another pair."""
    mover = wire.moving()
    mover.reqid = 7
    wire.protect += '10.1.1.0/24 10.1.2.0/24 7\n10.5.1.0/24 10.5.2.0/24 8\n'
    wire.add(mover.send(IP(src='10.5.1.1', dst='10.5.2.1') / UDP()))
    return {'inner packet': 1}


def nested_cleartext(wire):
    ends = IP(src='10.0.0.1', dst='10.0.0.2')
    wire.add(ends / wire.inner())
    wire.add(ends / GRE() / wire.inner())
    return {'cleartext': 2}


def ethernet_padding(wire):
    for padding in (bytes(8), b'secret\0\0'):
        wire.frames.append(Ether(raw(mac(wire.plain())) + padding))
    return {'strange frame': 1}


def lonely_fragment(wire):
    packet = wire.moving().send(wire.inner(b'x' * 60), lost=True)
    wire.add(fragment(packet, 40)[0])
    return {'strange frame': 1, 'count': 1}


def fragment_of_long_ago(wire):
    """The IP identification comes again, of a packet cut elsewhere."""
    mover = wire.moving()
    old = fragment(mover.send(wire.inner(b'x' * 60), lost=True), 48)
    new = fragment(mover.send(wire.inner(b'x' * 60)), 40)
    mover.unsent(100)
    for part, time in [(old[0], 1000)] + [(part, 1060) for part in new]:
        part.id = 77
        wire.add(part)
        wire.frames[-1].time = time
    return {'strange frame': 1}


def fragments_mixed(wire):
    """The attacker's fragments have the identification of the sender's."""
    mover = wire.moving()
    sent = [mover.send(wire.inner(b'x' * 60)) for _ in range(2)]
    wire.forge(fragment(sent[1], 48)[-1])
    for packet in sent:
        for part in fragment(packet, 48):
            wire.add(part)
    return {}


def of_udp(wire):
    """An SA in UDP."""
    return wire.more[-1]


def unknown_in_udp(wire):
    wire.ends.remove(of_udp(wire))
    return {'unknown SA': 6}


def fragments_of_udp(wire):
    for part in fragment(of_udp(wire).send(wire.inner(b'g' * 3000)), 1400):
        wire.add(part)
    return {}


def port_changed(wire):
    end = of_udp(wire)
    wire.files['end-late.live'] = end.state().replace('sport 4500',
                                                      'sport 4501')
    end.sa.nat_t_header.sport = 4501
    wire.add(end.send(wire.inner()))
    return {}


# By one decoder: tshark has no part in what they are about.
MOVES = [moves, epoch_again, number_again, no_epoch, gap_without_move,
         replay_accepted, replay_accepted_instead, replays_as_exceptions,
         replays_as_failed, replays_as_failed_esn,
         no_window, packet_lost, packet_lost_by_fault, bytes_too_many,
         sent_without_frame, bytes_of_receiver, left_of_window, intercepted,
         exceptions_handled, exceptions_dropped, elsewhere, iv_on_two_wires,
         limit_reached, packets_past_limit, bytes_past_limit,
         received_past_limit, received_bytes_past_limit, limit_drops,
         limit_in_bytes_drops, limit_raised, deleted, expired,
         gone_with_old_counters, gone_after_replay, gone_past_limit,
         gone_unheard_of, aged, aged_past_limit, foreign_receiver,
         foreign_replay, foreign_past_limit, foreign_high_half,
         other_pair, nested_cleartext, ethernet_padding, lonely_fragment,
         fragments_mixed, fragment_of_long_ago, unknown_in_udp,
         fragments_of_udp, port_changed]

TESTS = [clean, cleartext_frame, cleartext_reverse, cleartext_transport,
         cleartext_fragment, cleartext_fragment6, cleartext_quoted_esp,
         flipped_icv, flipped_payload, flipped_sequence, repeated_iv,
         repeated_frame, repeated_sequence, missing_frame, missing_last,
         sequence_skipped, sequence_skipped_in_device, sequence_skipped_moving,
         sequence_zero, count_packets, count_bytes,
         count_live, no_counts, no_frames, unknown_sa, elsewhere_sa,
         elsewhere_twice, elsewhere_damaged,
         foreign_sa, foreign_sender,
         inner_outside, inner_checksum, inner_header_checksum,
         inner_trailing, outer_source, strange_ethertype, wrong_ethertype,
         esn_beyond_32_bits, flipped_icv_of_others, not_in_udp,
         other_udp_port, ike_and_keepalive, starts_later, forged_frames]


# Each decoder must find these alone, too.
EITHER = [clean, cleartext_frame, flipped_icv, repeated_iv, missing_frame,
          count_bytes, inner_outside]


def found(text):
    """Kinds of fault in a report, with how often."""
    faults = {}
    for line in text.splitlines():
        kind, colon, count = line.partition(': ')
        if colon and count.isdigit():
            faults[kind] = int(count)
    return faults


def run(number, test, backend):
    wire = Wire(for_tshark=backend == 'tshark')
    expected = test(wire)
    status, text = wire.judge(backend)
    passed = found(text) == expected and status == (1 if expected else 0)
    print('%sok %d %s (%s)' % ('' if passed else 'not ', number,
                               test.__name__, backend))
    if not passed:
        print('# expected %s, status %d:' % (expected, status))
        print('# ' + text.replace('\n', '\n# '))
    return passed


def unusable(folder):
    """Evidence and captures that nothing can be said about."""
    evidence, pcap = Wire().write(folder)
    with open(pcap, 'rb') as file:
        capture = bytearray(file.read())
    capture[24 + 8] -= 1
    del capture[24 + 16]
    cut = os.path.join(folder, 'cut.pcap')
    with open(cut, 'wb') as file:
        file.write(capture)
    text = os.path.join(evidence, 'end.live')
    with open(text, 'w', encoding='ascii') as states:
        states.write(End('10.0.0.1', '10.0.0.3', 1, 'tunnel', 16).state()
                     .replace('rfc4106', 'rfc4309'))
    yield 'frames are cut', [folder, cut]
    yield 'not a pcap', [folder, __file__]
    yield 'No such file', [folder, pcap + '.gone']
    yield 'rfc4309(gcm(aes))', [evidence, pcap]


def refusals(number):
    """Exit status 2, and why."""
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        for reason, args in unusable(folder):
            status, text = verdict(args)
            if status != 2 or reason not in text:
                print('# %s: status %d: %s' % (reason, status, text))
                passed = False
    print('%sok %d refusals' % ('' if passed else 'not ', number))
    return passed


def read_by_both(text):
    """Numbers of packets and SAs that both decoders have read, and that there are."""
    return list(map(int, re.search(
        r'^(\d+) of (\d+) ESP packets, of (\d+) of (\d+) SAs', text,
        re.MULTILINE).groups()))


def samples():
    """Of a large capture tshark reads some of each SA, or all, and is believed."""
    with tempfile.TemporaryDirectory() as folder, \
            mock.patch.object(verify_wire, 'FIRST_FRAMES', 3), \
            mock.patch.object(verify_wire, 'OTHER_FRAMES', 16):
        args = Wire().write(folder)
        some, there, sas, all_sas = read_by_both(verdict(args)[1])
        yield 'some packets', 0 < some < there
        yield 'of all SAs', 1 < sas == all_sas
        whole = read_by_both(verdict(['--all'] + args)[1])
        yield 'all packets', some < whole[0] and whole[1:] == [there, sas, sas]
        with mock.patch.object(verify_wire.Tshark, 'auths', dict.fromkeys(
                verify_wire.Tshark.auths, 'HMAC-MD5-96 [RFC2403]')):
            yield 'of another mind', \
                'decoders differ' in found(verdict(args)[1])


def sampled(number):
    wrong = [what for what, right in samples() if not right]
    print('%sok %d samples' % ('not ' if wrong else '', number))
    print(''.join('# wrong: %s\n' % what for what in wrong), end='')
    return not wrong


def main():
    runs = [(test, 'both') for test in TESTS]
    runs += [(test, 'fast') for test in MOVES] + [(moves, 'both')]
    runs += [(test, end) for end in ('fast', 'tshark') for test in EITHER]
    print('TAP version 13')
    print('1..%d' % (len(runs) + 2))
    passed = [run(number, *args) for number, args in enumerate(runs, 1)]
    passed.append(refusals(len(runs) + 1))
    passed.append(sampled(len(runs) + 2))
    print('# Totals: pass:%d fail:%d' % (sum(passed),
                                         len(passed) - sum(passed)))
    return 0 if all(passed) else 1


if __name__ == '__main__':
    sys.exit(main())
