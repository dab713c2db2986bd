#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Judge what wires carried, given the SAs of both ends.

usage: verify_wire.py [--backend both|tshark|fast] [--all] EVIDENCE PCAP...

EVIDENCE is a folder that tests write (ipsec.sh):

  protect     lines of two prefixes and, perhaps, a reqid: between them nothing
              but ESP may be seen; packets in ESP may be nothing else, and those
              in an SA with this reqid must be of its prefixes
  ends        lines of "near" or "far" and an outer address of that end
  *.final     "ip -s xfrm state" of an end before its SAs went, when their
              traffic had ended. The name begins with the end and "-"
  *.live      the same, but of SAs that went or changed under traffic: keys and
              limits count, counters do not
  *.foreign   the same, of SAs whose frames a test has forged: what is missing
              tells nothing
  *.elsewhere SAs whose packets other wires had as well, or that went on for others,
              with later numbers and a salt of their own: what is missing here,
              and counters, are not judged
  *.gone      "ip -s xfrm monitor" of an end: the counters of SAs that were
              deleted or have expired, as it was told
  ages        lines of end, destination, SPI, packets and bytes: what that end
              had counted of an SA before its first packet
  *.mib       /proc/net/xfrm_stat of an end, for the *.final of the same name
  starts      lines of destination, SPI and number: SAs whose first sequence
              number is that one plus 1
  losses      lines of destination, SPI and number: so many packets of this SA
              may be lost behind the wire or numbered and never sent, as the
              test made a device fail

What must be true, whichever software or device has the SAs, and wherever they
move meanwhile:

  cleartext   between protected prefixes there is none
  IV          none twice with a key; with a counter for IV, it is a salt of the
              SA and an epoch in front of the sequence number
  sequence    an honest sender uses no number twice. Gaps only when the SA
              moved, or packets of software had numbers of the device
  sender      has counted what it sent, packets and bytes
  receiver    has accepted each number that reached it once: not more, which
              is a replay, and not less, unless the number was left of the
              window. It has counted the others as replays, or dropped them
              as exceptions; or as wrong ICVs, with ESN, where a number left of
              the window is taken for one to come (RFC 4303, A2.2)
  limits      no packet of an SA past a hard limit
  the end     an SA's last message has these counters, too; but not all that
              reached a receiver which was deleted did so in time

Of an SA with forged frames, that of its sender which are not forged are held to
this, and its receiver to having accepted no number twice.

PCAP is a capture of a wire, with Ethernet headers, as QEMU's filter-dump and
tcpdump write them; each is a wire of its own. Frames from 02:66:6f:72:67:65 are
an attacker's: they say nothing of the sender. Those that are good ESP, copies or
intercepted ones, whole or in fragments, reach the receiver.

Two independent decoders read a capture, tshark and this file (by
python3-cryptography); what they find must be the same. Of a large capture tshark
reads the beginning, and packets of each SA from all of the rest, or, with --all,
every packet in ESP that is not in fragments; how many, is told. tshark 4.0 knows
neither ESN nor ChaCha20-Poly1305 and AES-GMAC, and for the sake of what ESP carries
it is told not to look into UDP: such SAs are left to the other.

Exit status: 0 the wire was clean, 1 it was not, 2 could not tell.
"""

import argparse
import collections
import glob
import ipaddress
import itertools
import mmap
import os
import re
import struct
import subprocess
import sys
import tempfile

import esp

ETH_IPV4, ETH_IPV6, ETH_VLAN = 0x0800, 0x86dd, 0x8100
ETH_ARP, ETH_RARP = 0x0806, 0x8035
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
IPIP, IPV6, ESP, FRAGMENT, GRE = 4, 41, 50, 44, 47
IPV6_EXTENSIONS = {0: 'hop-by-hop', 43: 'routing', 60: 'destination'}
ND_TYPES = range(133, 138)
UDP_LEN = 8
FORGER = '02:66:6f:72:67:65'
FORGER_RAW = bytes.fromhex(FORGER.replace(':', ''))
MAX_TOLD = 10
# tshark says no more of a packet whose content it could not dissect.
UNTOLD = 'untold'
EXCEPTIONS = ('XfrmFullInException', 'XfrmFullInRaw', 'XfrmFullInDev')
# What tshark reads of a large capture: its first frames, and so many of the others.
FIRST_FRAMES, OTHER_FRAMES = 20000, 20000
# How long IP waits for a fragment, and how far a receiver's queues may mix what
# the wire had in order.
FRAGMENT_SECONDS = 30
DISORDER = 32

# One frame outside ESP between two IP addresses.
Clear = collections.namedtuple('Clear', 'frame src dst proto nd')

# One frame that is nothing a wire of these tests should carry.
Strange = collections.namedtuple('Strange', 'frame what')

# One ESP packet; length is what XFRM counts as its bytes. In fragments or not,
# from the attacker or not, in UDP or not.
Esp = collections.namedtuple(
    'Esp', 'frame src dst spi seq iv good length proto inner parts forged udp',
    defaults=(False, False, False))


class Unreadable(Exception):
    """The evidence or a capture can't be used."""


class Sa:
    """An SA and what each end says it carried."""

    def __init__(self, src, dst, spi):
        self.src, self.dst, self.spi = src, dst, spi
        self.mode = ''
        self.esp = None
        self.foreign = self.elsewhere = False
        self.reqid = 0
        self.window = 0             # the receiver's
        self.full = False           # its sender can have it in a device
        self.moved = False          # and it was, or may have been, in two places
        self.drops = False          # its receiver handles no fragments of ESP
        self.ports = set()          # of UDP encapsulation: source, destination
        self.start = self.losses = 0
        self.ages = {}              # end: packets and bytes of before
        self.counts = {}            # end: Count
        self.last = []              # end and Count, when it went
        self.limits = {}            # end: hard limits, packets and bytes

    @property
    def name(self):
        return '%s > %s spi %#x' % (self.src, self.dst, self.spi)

    @property
    def esn(self):
        return self.esp.esn

    def age(self, end):
        return self.ages.get(end.partition('-')[0], (0, 0))

    @property
    def keys(self):
        return self.esp.key, self.esp.auth_key


# What an end says that an SA has carried, and has rejected as replays.
Count = collections.namedtuple('Count', 'packets bytes replays')

HEAD = re.compile(r'src (\S+) dst (\S+)\s+proto esp spi (0x\w+)')


def hard_limit(block, unit):
    """A hard limit, infinite if there is none."""
    text = re.search(r'hard (\S+?)\(%s\)' % unit, block)
    return int(text[1]) if text and text[1].isdigit() else float('inf')


def parse_count(sa, end, block):
    count = re.search(r'lifetime current:\s+(\d+)\(bytes\), '
                      r'(\d+)\(packets\)', block)
    late = re.search(r'replay-window (\d+) replay (\d+) failed (\d+)', block)
    if not count or not late:
        raise Unreadable('%s: no counters, was it "ip -s"?' % sa.name)
    packets, octets = sa.age(end)
    rejected = late.groups() if sa.esn else late.groups()[:2]
    return Count(int(count[2]) - packets, int(count[1]) - octets,
                 sum(map(int, rejected)))


def find_place(block):
    """Where an SA is, and how often it has got into a device."""
    return re.search(r'^\s*place (\w+)(?:.* epoch (\d+))?', block, re.M)


def has_stayed(place):
    """It is in the device, for the first time."""
    return place and place.groups() == ('device', '1')


def parse_place(sa, block):
    """What is known of an SA's offload."""
    full = re.search(r'^\s*crypto offload parameters:.*\bmode full\b(.*)',
                     block, re.M)
    place = find_place(block)
    inward = re.search(r'\bdir in\b', block)
    sa.full = bool(full or place) and not inward
    sa.moved = sa.full and not has_stayed(place)
    sa.drops = bool(full and 'exceptions drop' in full[1])


def parse_state(block):
    """An SA in the text of "ip -s xfrm state", or None."""
    head = HEAD.match(block)
    if not head:
        return None
    sa = Sa(head[1], head[2], int(head[3], 16))
    mode = re.search(r'\bmode (\w+)', block)
    ports = re.search(r'encap type espinudp sport (\d+) dport (\d+)', block)
    reqid = re.search(r'\breqid (\d+)', block)
    windows = re.findall(r'replay[-_]window (\d+)', block.split('stats:')[0])
    try:
        sa.esp = esp.of_state(block, bool(re.search(r'flag .*\besn\b', block)))
    except esp.Unknown as err:
        raise Unreadable('%s: %s' % (sa.name, err)) from err
    sa.mode = mode[1] if mode else ''
    sa.reqid = int(reqid[1]) if reqid else 0
    sa.window = max(map(int, windows), default=0)
    if ports:
        sa.ports = {(int(ports[1]), int(ports[2]))}
    parse_place(sa, block)
    return sa


def parse_states(text):
    """Sa and text of each SA in the text of "ip -s xfrm state"."""
    for block in re.split(r'^(?=src )', text, flags=re.M):
        sa = parse_state(block)
        if sa:
            yield sa, block


def parse_gone(text):
    """Destination, SPI and text of each SA that "ip -s xfrm monitor" saw go.

    The last may be cut, as the monitor was stopped.
    """
    for block in re.split(r'^(?=\S)', text, flags=re.M):
        gone = block.startswith('Deleted ') or \
            re.search(r'^\thard 1$', block, re.M)
        head = HEAD.search(block)
        if gone and head and ' failed ' in block:
            yield head[2], int(head[3], 16), block


def lines_of(folder, name):
    """The words of each line of a file that may be missing."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return
    with open(path, encoding='ascii') as lines:
        for line in lines:
            if line.strip():
                yield line.split()


class Evidence:
    """What the tests left: SAs by (destination, SPI), protected prefixes."""

    def __init__(self, folder):
        self.sas = {}
        self.pairs = collections.defaultdict(list)
        self.known = {}
        self.exceptions = collections.Counter()
        self.ages = collections.defaultdict(dict)
        for end, dst, spi, *age in lines_of(folder, 'ages'):
            self.ages[(dst, int(spi, 0))][end] = tuple(map(int, age))
        self.ends = {str(ipaddress.ip_address(addr)): end
                     for end, addr in lines_of(folder, 'ends')}
        for path in sorted(glob.glob(os.path.join(folder, '*.*'))):
            end, kind = os.path.splitext(os.path.basename(path))
            if kind in ('.final', '.live', '.foreign', '.elsewhere'):
                self.add_states(path, end, kind)
            if kind == '.mib':
                self.exceptions[end] = sum(
                    int(words[1]) for words in lines_of(folder, end + kind)
                    if words[0] in EXCEPTIONS)
        for path in sorted(glob.glob(os.path.join(folder, '*.gone'))):
            self.add_gone(path)
        for one, two, *reqid in lines_of(folder, 'protect'):
            self.pairs[int(reqid[0]) if reqid else 0].append(
                (ipaddress.ip_network(one), ipaddress.ip_network(two)))
        for dst, spi, number in lines_of(folder, 'starts'):
            self.named('starts', dst, spi).start = int(number, 0)
        for dst, spi, number in lines_of(folder, 'losses'):
            self.named('losses', dst, spi).losses += int(number, 0)
        self.udp = {ports for sa in self.sas.values() for ports in sa.ports}
        self.udp_ends = {addr for sa in self.sas.values() if sa.ports
                         for addr in (sa.src, sa.dst)}

    def named(self, file, dst, spi):
        key = (dst, int(spi, 0))
        if key not in self.sas:
            raise Unreadable('%s: %s spi %s: there is no such SA'
                             % (file, dst, spi))
        return self.sas[key]

    def add_states(self, path, end, kind):
        with open(path, encoding='ascii') as text:
            states = list(parse_states(text.read()))
        for new, block in states:
            sa = self.sas.setdefault((new.dst, new.spi), new)
            sa.ages = self.ages[(sa.dst, sa.spi)]
            if sa is new and self.role(sa, end) == 'sender':
                sa.window = 0
            if sa.keys != new.keys:
                raise Unreadable('%s: two keys, one in %s' % (sa.name, path))
            sa.full |= new.full
            sa.moved |= new.moved or sa.full != new.full and \
                self.role(sa, end) == 'sender'
            sa.drops |= new.drops
            sa.ports |= new.ports
            if self.role(sa, end) != 'sender':
                sa.window = max(sa.window, new.window)
            self.add_limits(sa, end.partition('-')[0], block)
            sa.foreign |= kind == '.foreign'
            sa.elsewhere |= kind == '.elsewhere'
            if kind == '.final':
                sa.counts[end] = parse_count(sa, end, block)

    def add_gone(self, path):
        """SAs of which nothing else is known carried nothing."""
        end = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding='ascii') as text:
            gone = list(parse_gone(text.read()))
        for dst, spi, block in gone:
            sa = self.sas.get((dst, spi))
            if sa:
                sa.last.append((end, parse_count(sa, end, block)))
                sa.moved |= sa.full and not has_stayed(find_place(block))
                self.add_limits(sa, end.partition('-')[0], block)

    @staticmethod
    def add_limits(sa, end, block):
        """A limit that was changed has had its highest value."""
        old = sa.limits.get(end, (0, 0))
        limits = [hard_limit(block, unit) - age for unit, age in
                  zip(('packets', 'bytes'), sa.age(end))]
        sa.limits[end] = tuple(map(max, old, limits))

    def role(self, sa, end):
        """Of an end, by the name of its evidence; None if it is not told."""
        name = end.partition('-')[0]
        if self.ends.get(sa.src) == name:
            return 'sender'
        return 'receiver' if self.ends.get(sa.dst) == name else None

    def encapsulated(self, src, dst):
        """May UDP between the two be ESP?"""
        return src in self.udp_ends or dst in self.udp_ends

    def protected(self, src, dst, reqid=0):
        """Is a packet from src to dst covered by a pair, either way?"""
        pair = (src, dst, reqid)
        if pair not in self.known:
            one, two = ipaddress.ip_address(src), ipaddress.ip_address(dst)
            pairs = self.pairs[reqid] if reqid else itertools.chain(
                *self.pairs.values())
            self.known[pair] = any(
                (one in a and two in b) or (one in b and two in a)
                for a, b in pairs)
        return self.known[pair]


PCAP_MAGIC = {b'\xd4\xc3\xb2\xa1': '<', b'\xa1\xb2\xc3\xd4': '>',
              b'\x4d\x3c\xb2\xa1': '<', b'\xa1\xb2\x3c\x4d': '>'}


def read_pcap(path):
    """Yield second and frame from a classic pcap of Ethernet."""
    with open(path, 'rb') as pcap:
        head = pcap.read(24)
        if len(head) < 24:
            raise Unreadable('%s: no capture' % path)
        order = PCAP_MAGIC.get(head[:4])
        if not order:
            raise Unreadable('%s: not a pcap' % path)
        if struct.unpack(order + 'I', head[20:])[0] != 1:
            raise Unreadable('%s: not Ethernet' % path)
        record = struct.Struct(order + '4I')
        with mmap.mmap(pcap.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield from frames_in(data, record, path)


def frames_in(data, record, path):
    at, end = 24, len(data)
    while at + record.size <= end:
        second, _, caplen, length = record.unpack_from(data, at)
        at += record.size
        if at + caplen > end:
            return                  # still being written
        if caplen < length:
            raise Unreadable('%s: frames are cut' % path)
        yield second, data[at:at + caplen]
        at += caplen


def ones_sum(*parts):
    """Sum as of RFC 1071, folded; 0xffff when it verifies."""
    total = 0
    for part in parts:
        total += int.from_bytes(part + bytes(len(part) & 1), 'big')
    return total % 0xffff or (0xffff if total else 0)


class Ip:
    """One IP packet: addresses, upper protocol and its payload."""

    def __init__(self, data):
        self.fragment = None
        if not data or data[0] >> 4 not in (4, 6):
            raise ValueError('neither IPv4 nor IPv6')
        if data[0] >> 4 == 4:
            self.parse4(data)
        else:
            self.parse6(data)

    def parse4(self, data):
        size = (data[0] & 15) * 4
        length, self.ident, off = struct.unpack_from('!HHH', data, 2)
        if length > len(data) or size < 20 or length < size:
            raise ValueError('bad length')
        self.header, self.length = data[:size], length
        self.version = 4
        self.proto = self.first = data[9]
        self.raw_src, self.raw_dst = data[12:16], data[16:20]
        self.payload = data[size:length]
        if off & 0x3fff:
            self.fragment = ((off & 0x1fff) * 8, bool(off & 0x2000))

    def parse6(self, data):
        length = struct.unpack_from('!H', data, 4)[0] + 40
        if length > len(data):
            raise ValueError('bad length')
        self.header, self.length = b'', length
        self.version = 6
        self.proto, at = data[6], 40
        self.first = self.proto
        self.raw_src, self.raw_dst = data[8:24], data[24:40]
        while self.proto in IPV6_EXTENSIONS:
            self.proto, at = data[at], at + 8 * (data[at + 1] + 1)
        if self.proto == FRAGMENT:
            self.proto = self.first = data[at]
            off, self.ident = struct.unpack_from('!HI', data, at + 2)
            if off & 0xfff9:
                self.fragment = (off & 0xfff8, bool(off & 1))
            at += 8
        self.payload = data[at:length]

    @property
    def src(self):
        return address(self.raw_src)

    @property
    def dst(self):
        return address(self.raw_dst)

    def header_right(self):
        return self.version == 6 or ones_sum(self.header) == 0xffff

    def payload_right(self):
        """Is the checksum right, if it is TCP, UDP or ICMP?"""
        if self.fragment or self.proto not in (TCP, UDP, ICMP, ICMPV6):
            return True
        if self.proto == UDP and self.payload[6:8] == b'\0\0':
            return self.version == 4
        if self.proto == ICMP:
            return ones_sum(self.payload) == 0xffff
        pseudo = self.raw_src + self.raw_dst + struct.pack(
            '!II', len(self.payload), self.proto)
        return ones_sum(pseudo, self.payload) == 0xffff

    def is_nd(self):
        return self.proto == ICMPV6 and self.payload[:1] and \
            self.payload[0] in ND_TYPES


class Nested(Clear):
    """What an IP packet outside ESP has inside."""


def nested(number, packet):
    """Yield the IP packets that tunnels without ESP carry."""
    while not packet.fragment and packet.proto in (IPIP, IPV6, GRE):
        try:
            packet = Ip(packet.payload[4 * (packet.proto == GRE):])
        except (ValueError, IndexError, struct.error):
            return
        yield Nested(number, packet.src, packet.dst, packet.first,
                     bool(packet.is_nd()))


KNOWN_ADDRESSES = {}


def address(raw):
    """Text of a raw IP address."""
    if raw not in KNOWN_ADDRESSES:
        KNOWN_ADDRESSES[raw] = str(ipaddress.ip_address(raw))
    return KNOWN_ADDRESSES[raw]


class Fast:
    """Decodes captures with python3-cryptography."""

    name = 'fast'

    def __init__(self, evidence):
        self.evidence = evidence
        self.parts = {}
        self.lonely = []            # fragments whose others never came
        self.tops = {}

    def decode(self, path):
        for number, (second, frame) in enumerate(read_pcap(path), 1):
            forged = frame[6:12] == FORGER_RAW
            kind = frame[12] << 8 | frame[13]
            at = 14
            while kind == ETH_VLAN:
                kind, = struct.unpack_from('!H', frame, at + 2)
                at += 4
            if kind in (ETH_IPV4, ETH_IPV6):
                for record in self.decode_ip(number, kind, frame[at:], second,
                                             forged):
                    if not forged or isinstance(record, Esp):
                        yield record
            elif kind not in (ETH_ARP, ETH_RARP) and not forged:
                yield Strange(number, 'EtherType %#06x' % kind)
        for key in list(self.parts):
            self.give_up(key)
        for number in self.lonely:
            yield Strange(number, 'fragment without the others')

    def decode_ip(self, number, kind, data, second, forged):
        try:
            packet = Ip(data)
        except (ValueError, IndexError, struct.error) as err:
            yield Strange(number, 'IP: %s' % err)
            return
        if packet.version != (4 if kind == ETH_IPV4 else 6):
            yield Strange(number, 'IPv%d, EtherType %#06x'
                          % (packet.version, kind))
            return
        if any(data[packet.length:]):
            yield Strange(number, 'bytes behind the packet')
        parts = bool(packet.fragment)
        if parts and self.may_be_esp(packet) and \
                not self.reassemble(packet, number, second, forged):
            return
        if packet.proto == ESP:
            yield self.decode_esp(number, packet, None, parts, forged)
        elif self.in_udp(packet):
            ports = struct.unpack_from('!HH', packet.payload)
            if not packet.payload_right():
                yield Strange(number, 'checksum of UDP around ESP')
            packet.payload = packet.payload[UDP_LEN:]
            yield self.decode_esp(number, packet, ports, parts, forged)
        else:
            yield Clear(number, packet.src, packet.dst, packet.first,
                        bool(packet.is_nd()))
            yield from nested(number, packet)

    def may_be_esp(self, packet):
        return packet.proto == ESP or packet.proto == UDP and \
            self.evidence.encapsulated(packet.src, packet.dst)

    def in_udp(self, packet):
        """RFC 3948: neither IKE nor a keepalive, and for an SA in UDP."""
        if packet.proto != UDP or packet.fragment or \
                len(packet.payload) <= UDP_LEN + 4:
            return False
        sport, dport, _, _, spi = struct.unpack_from('!HHHHI', packet.payload)
        sa = self.evidence.sas.get((packet.dst, spi))
        return bool(sa and sa.ports) or \
            spi and (sport, dport) in self.evidence.udp

    def give_up(self, key):
        """The other fragments will not come; the attacker may do that."""
        number, *_ = self.parts.pop(key)
        if key[-1] is False:
            self.lonely.append(number)

    def reassemble(self, packet, number, second, forged):
        """Collect a fragment; True when packet.payload became whole."""
        key = (packet.raw_src, packet.raw_dst, packet.proto, packet.ident,
               forged)
        if key in self.parts and \
                second - self.parts[key][1] > FRAGMENT_SECONDS:
            self.give_up(key)
        *_, parts = self.parts.setdefault(key, (number, second, {}))
        offset, more = packet.fragment
        parts[offset] = (packet.payload, more)
        whole = b''
        while len(whole) in parts:
            payload, more = parts[len(whole)]
            whole += payload
            if not more:
                packet.payload = whole
                packet.fragment = None
                del self.parts[key]
                return True
            if not payload:
                break
        return False

    def numbers(self, sa, low, forged):
        """The 64-bit sequence number that is nearest to the last; an attacker's
        may be another."""
        if not sa.esn:
            return [low]
        top = self.tops.get(sa, sa.start)
        near = [high << 32 | low for high in
                (max((top >> 32) - 1, 0), top >> 32, (top >> 32) + 1)]
        near.sort(key=lambda seq: abs(seq - top))
        return near if forged else near[:1]

    def decode_esp(self, number, packet, ports, parts, forged):
        data = packet.payload
        if len(data) < esp.HEADER_LEN:
            return Strange(number, 'ESP too short')
        spi, seq = struct.unpack_from('!II', data)
        sa = self.evidence.sas.get((packet.dst, spi))
        found = Esp(number, packet.src, packet.dst, spi, seq, b'', False, 0,
                    0, 'undecrypted', parts, forged, bool(ports))
        if not sa:
            return found
        if not sa.foreign and ports not in (sa.ports or {None}):
            return Strange(number, '%s: UDP ports %s' % (sa.name, ports))
        if len(data) < sa.esp.shortest:
            return found if sa.foreign else Strange(number, 'ESP too short')
        found = found._replace(
            iv=data[esp.HEADER_LEN:esp.HEADER_LEN + sa.esp.iv_len])
        for seq in self.numbers(sa, seq, forged):
            plain = sa.esp.open(data, seq)
            if plain is not None:
                break
        else:
            return found
        self.tops[sa] = max(seq, self.tops.get(sa, 0))
        pad, proto = plain[-2:]
        padding = plain[len(plain) - 2 - pad:-2]
        content = plain[:len(plain) - 2 - pad]
        inner = 'padding' if padding != bytes(range(1, pad + 1)) else \
            self.inner(sa, packet, proto, content)
        return found._replace(seq=seq, good=True, length=len(content),
                              proto=proto, inner=inner)

    @staticmethod
    def inner(sa, outer, proto, content):
        """What the decrypted packet is: "source > destination" or a fault."""
        packet = outer
        if sa.mode == 'tunnel':
            try:
                packet = Ip(content)
            except (ValueError, IndexError, struct.error):
                return 'header'
            if proto != {4: IPIP, 6: IPV6}[packet.version]:
                return 'next header'
            if packet.length != len(content):
                return 'length'
        else:
            packet.proto, packet.payload = proto, content
        if not packet.header_right() or not packet.payload_right():
            return 'checksum'
        return '%s > %s' % (packet.src, packet.dst)


def whole_esp(frame):
    """The SA of a frame that is an ESP packet, as raw bytes, or None."""
    at = 14
    if frame[12:14] == ETH_VLAN.to_bytes(2, 'big'):
        at += 4
    if frame[6:12] == FORGER_RAW or len(frame) < at + 44:
        return None
    kind = int.from_bytes(frame[at - 2:at], 'big')
    if kind == ETH_IPV6 and frame[at + 6] == ESP:
        return frame[at + 24:at + 44]
    if kind == ETH_IPV4 and frame[at + 9] == ESP and \
            not int.from_bytes(frame[at + 6:at + 8], 'big') & 0x3fff:
        end = at + 4 * (frame[at] & 15)
        return frame[at + 16:at + 20] + frame[end:end + 4]
    return None


class Sample:
    """The frames of a capture that tshark reads.

    numbers has theirs in the capture. Those behind the first ones are ESP packets
    of all SAs, each SA's in equal distances, the first of all among them.
    """

    def __init__(self, path, everything):
        self.path = path
        count = collections.Counter(
            whole_esp(frame) for number, (_, frame) in
            enumerate(read_pcap(path), 1) if number > FIRST_FRAMES)
        del count[None]
        each = max(1, OTHER_FRAMES // max(1, len(count)))
        self.steps = {sa: 1 if everything else -(-total // each)
                      for sa, total in count.items()}
        self.seen = collections.Counter()
        self.numbers = []

    def has(self, number, frame):
        if number <= FIRST_FRAMES:
            return True
        sa = whole_esp(frame)
        if not sa:
            return False
        self.seen[sa] += 1
        return (self.seen[sa] - 1) % self.steps[sa] == 0

    def write(self, pcap):
        """As a capture of its own."""
        pcap.write(struct.pack('=IHH4I', 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 1))
        for number, (second, frame) in enumerate(read_pcap(self.path), 1):
            if not self.has(number, frame):
                continue
            self.numbers.append(number)
            pcap.write(struct.pack('=4I', second, 0, len(frame), len(frame)))
            pcap.write(frame)
        pcap.flush()


def known_to_tshark(sa):
    return not sa.esn and not sa.ports and sa.esp.name in (esp.GCM, esp.CBC)


class Tshark:
    """Decodes captures with tshark."""

    name = 'tshark'
    fields = ('frame.number', 'eth.src', 'eth.type', 'frame.protocols', 'ip.src',
              'ip.dst', 'ip.proto', 'ipv6.src', 'ipv6.dst', 'ipv6.nxt',
              'ipv6.fraghdr.nxt', 'icmpv6.type', 'esp.spi', 'esp.sequence',
              'esp.iv', 'esp.icv_good', 'esp.protocol', 'esp.contained_data')
    auths = {'hmac(sha256)': 'HMAC-SHA-256-128 [RFC4868]',
             'hmac(sha384)': 'HMAC-SHA-384-192 [RFC4868]',
             'hmac(sha512)': 'HMAC-SHA-512-256 [RFC4868]'}

    def __init__(self, evidence, everything=False):
        self.evidence = evidence
        self.everything = everything
        self.numbers = []           # see Sample

    def sad(self):
        """The SAs in the form of tshark's esp_sa table."""
        for sa in self.evidence.sas.values():
            if not known_to_tshark(sa):
                continue
            family = 'IPv6' if ':' in sa.dst else 'IPv4'
            yield '"%s","*","%s","%#010x","%s","0x%s","%s","%s"\n' % (
                (family, sa.dst, sa.spi) + self.algorithms(sa.esp))

    def algorithms(self, crypto):
        """Names and keys of cipher and authenticator."""
        key = crypto.key.hex()
        if crypto.name == esp.GCM:
            return ('AES-GCM with %d octet ICV [RFC4106]' % crypto.icv_len,
                    key, 'NULL', '')
        return ('AES-CBC [RFC3602]', key, self.auths[crypto.auth],
                '0x' + crypto.auth_key.hex())

    def command(self, path):
        command = ['tshark', '-n', '-r', path, '-T', 'fields',
                   '-E', 'separator=|', '-E', 'occurrence=a',
                   '-o', 'esp.enable_encryption_decode:TRUE',
                   '-o', 'esp.enable_authentication_check:TRUE',
                   '-o', 'esp.do_esp_sequence_analysis:FALSE']
        # What ESP carries must not trip a dissector: it would hide the ICV's
        # verdict, which tshark gives after the content.
        for layer in ('tcp', 'udp', 'icmp', 'sctp'):
            command += ['--disable-protocol', layer]
        for field in self.fields:
            command += ['-e', field]
        return command

    def decode(self, path):
        sample = Sample(path, self.everything)
        with tempfile.NamedTemporaryFile() as pcap:
            sample.write(pcap)
            self.numbers = sample.numbers
            yield from self.decode_sample(pcap.name)

    def decode_sample(self, path):
        with tempfile.TemporaryDirectory() as config, \
                tempfile.TemporaryFile('w+') as errors:
            with open(os.path.join(config, 'esp_sa'), 'w',
                      encoding='ascii') as table:
                table.writelines(self.sad())
            env = dict(os.environ, WIRESHARK_CONFIG_DIR=config, LC_ALL='C')
            with subprocess.Popen(self.command(path), env=env, text=True,
                                  stdout=subprocess.PIPE,
                                  stderr=errors) as tshark:
                for line in tshark.stdout:
                    yield from self.decode_line(line)
            if tshark.returncode:
                errors.seek(0)
                raise Unreadable('tshark: ' + errors.read().strip())

    def decode_line(self, line):
        row = {name: value.split(',') for name, value in
               zip(self.fields, line.rstrip('\n').split('|'))}
        layers = row['frame.protocols'][0].split(':')
        number = self.numbers[int(row['frame.number'][0]) - 1]
        if row['eth.src'][0] == FORGER:
            return
        outer = next((la for la in layers if la in ('ip', 'ipv6')), None)
        if not outer:
            kind = int(row['eth.type'][0] or '0', 0)
            if kind not in (ETH_ARP, ETH_RARP):
                yield Strange(number, 'EtherType %#06x' % kind)
        elif self.is_esp(layers):
            yield self.decode_esp(row, number, outer)
        elif self.protocol(row, outer) != ESP:
            kind = row['icmpv6.type'][0]
            yield Clear(number, row[outer + '.src'][0],
                        row[outer + '.dst'][0], self.protocol(row, outer),
                        bool(kind) and int(kind) in ND_TYPES)

    @staticmethod
    def is_esp(layers):
        """ESP, and not only quoted in an ICMP error."""
        return next((la for la in layers if la in ('esp', 'icmpv6')),
                    None) == 'esp'

    @staticmethod
    def protocol(row, outer):
        if outer == 'ip':
            return int(row['ip.proto'][0])
        return int(row['ipv6.fraghdr.nxt'][0] or row['ipv6.nxt'][0])

    def decode_esp(self, row, number, outer):
        src, dst = row[outer + '.src'][0], row[outer + '.dst'][0]
        spi = int(row['esp.spi'][0], 16)
        found = Esp(number, src, dst, spi, int(row['esp.sequence'][0]),
                    bytes.fromhex(row['esp.iv'][0]), False, 0, 0,
                    'undecrypted')
        if row['esp.icv_good'][0] != '1':
            return found
        if not row['esp.protocol'][0]:
            return found._replace(inner=UNTOLD)
        inner = '%s > %s' % (src, dst)
        if self.evidence.sas[(dst, spi)].mode == 'tunnel':
            other = 'ipv6' if outer == 'ip' else 'ip'
            inner = ' > '.join((row[outer + end][1:] + row[other + end])[0]
                               for end in ('.src', '.dst'))
        return found._replace(good=True, inner=inner,
                              length=len(row['esp.contained_data'][0]) // 2,
                              proto=int(row['esp.protocol'][0], 0))


class Seen:
    """What the wires carried of one SA."""

    def __init__(self):
        self.packets = self.bytes = self.last = 0   # by the sender
        self.seqs = set()
        self.wires = set()
        self.epochs = set()
        self.salt = None
        # To the receiver came, with window or without, so many that it can
        # have accepted at most, these that it must have accepted, and these
        # that it must have accepted or rejected
        self.most = self.most_bytes = self.least = self.arrived = 0
        self.largest = 0
        self.reached = set()
        self.doubtful = set()
        self.top = 0

    def sent(self, packet, wire):
        self.packets += 1
        self.bytes += packet.length
        self.last = packet.length
        self.seqs.add(packet.seq)
        self.wires.add(wire)

    def arrive(self, sa, packet, wire):
        """A good packet, from whomever, reaches the receiver."""
        seq, window = packet.seq, sa.window
        certain = wire in self.wires and not (packet.parts and sa.drops)
        self.arrived += certain and not packet.parts
        new = seq not in self.reached
        if new or not window:
            self.most += 1
            self.most_bytes += packet.length
            self.largest = max(self.largest, packet.length)
        if new:
            self.reached.add(seq)
            self.doubtful.add(seq)
        late = window and seq <= min(self.top, self.top - window + DISORDER)
        if certain and not late and seq in self.doubtful:
            self.least += 1
            self.doubtful.discard(seq)
        self.top = max(self.top, seq)


class Judge:
    """Collects violations over the captures of one set of evidence."""

    def __init__(self, evidence):
        self.evidence = evidence
        self.seen = collections.defaultdict(Seen)
        self.ivs = collections.defaultdict(dict)
        self.faults = []
        self.clear = self.esp = 0
        self.both = Both()
        self.wires = []

    def fault(self, kind, text, *args):
        self.faults.append((kind, text % args))

    def where(self, frame, wire=-1):
        """Words for a frame, of the current capture unless told."""
        if len(self.wires) == 1:
            return 'frame %d' % frame
        return '%s frame %d' % (self.wires[wire], frame)

    def judge(self, path, records):
        """All of one capture."""
        self.wires.append(os.path.basename(path))
        for record in records:
            self.take(record)

    def take(self, record):
        if isinstance(record, Strange):
            self.fault('strange frame', '%s: %s', self.where(record.frame),
                       record.what)
        elif isinstance(record, Clear):
            self.take_clear(record)
        else:
            self.take_esp(record)

    def take_clear(self, frame):
        self.clear += not isinstance(frame, Nested)
        if self.evidence.protected(frame.src, frame.dst) and not frame.nd:
            self.fault('cleartext', '%s: %s > %s protocol %d',
                       self.where(frame.frame), frame.src, frame.dst,
                       frame.proto)

    def take_esp(self, packet):
        sa = self.evidence.sas.get((packet.dst, packet.spi))
        wire = len(self.wires) - 1
        if packet.forged:
            if sa and packet.good:
                self.seen[sa].arrive(sa, packet, wire)
            return
        if not sa:
            self.fault('unknown SA', '%s: %s > %s spi %#x',
                       self.where(packet.frame), packet.src, packet.dst,
                       packet.spi)
            return
        self.esp += 1
        if not packet.good:
            self.fault('ICV', '%s: %s seq %d', self.where(packet.frame),
                       sa.name, packet.seq)
            return
        self.check_number(sa, packet)
        self.check_iv(sa, packet, wire)
        self.check_inner(sa, packet)
        self.seen[sa].sent(packet, wire)
        self.seen[sa].arrive(sa, packet, wire)

    def check_number(self, sa, packet):
        if packet.seq in self.seen[sa].seqs:
            self.fault('repeated sequence number', '%s: %s seq %d',
                       self.where(packet.frame), sa.name, packet.seq)

    def check_iv(self, sa, packet, wire):
        place = (wire, packet.frame)
        first = self.ivs[sa.keys].setdefault(packet.iv, place)
        if first != place:
            self.fault('repeated IV', '%s and %s: %s IV %s',
                       self.where(first[1], first[0]),
                       self.where(packet.frame), sa.name, packet.iv.hex())
        # An SA that goes on for another one has a salt of its own.
        if sa.full and len(packet.iv) == 8 and not sa.elsewhere:
            self.check_epoch(sa, packet)

    def check_epoch(self, sa, packet):
        """Is it a salt XOR (epoch << 48 | sequence)?"""
        seen = self.seen[sa]
        salt = int.from_bytes(packet.iv, 'big') ^ packet.seq
        seen.epochs.add(salt >> 48)
        if seen.salt is None:
            seen.salt = salt
        if (salt ^ seen.salt) & (1 << 48) - 1:
            self.fault('IV form', '%s: %s seq %d IV %s',
                       self.where(packet.frame), sa.name, packet.seq,
                       packet.iv.hex())

    def check_inner(self, sa, packet):
        if packet.src != sa.src:
            self.fault('outer source', '%s: %s from %s',
                       self.where(packet.frame), sa.name, packet.src)
        pairs = self.evidence.pairs
        ends = packet.inner.split(' > ')
        if len(ends) != 2:
            self.fault('inner packet', '%s: %s: wrong %s',
                       self.where(packet.frame), sa.name, packet.inner)
        elif pairs and not sa.foreign and not self.evidence.protected(
                *ends, sa.reqid if sa.reqid in pairs else 0):
            self.fault('inner packet', '%s: %s carries %s',
                       self.where(packet.frame), sa.name, packet.inner)

    def finish(self):
        if not self.esp:
            self.fault('no ESP', 'the captures hold nothing to judge')
        if not any(sa.counts for sa in self.evidence.sas.values()):
            self.fault('no counts', 'no end told what it had counted')
        if self.both.esp and not self.both.agreed.total():
            self.fault('tshark', 'it has read no packet in ESP')
        for sa in self.evidence.sas.values():
            if not sa.elsewhere:
                self.check_sa(sa, self.seen[sa])

    def check_sa(self, sa, seen):
        self.check_limits(sa, seen)
        if not sa.foreign:
            self.check_gaps(sa, seen)
        for end, count in [*sa.counts.items(), *sa.last]:
            if self.evidence.role(sa, end) == 'receiver':
                self.check_accepted(sa, seen, end, count)
            elif not sa.foreign:
                self.check_sender(sa, seen, end, count)
        for end, count in sa.counts.items():
            if self.evidence.role(sa, end) == 'receiver' and not sa.foreign:
                self.check_lost(sa, seen, end, count)

    def check_gaps(self, sa, seen):
        if 0 in seen.seqs:
            self.fault('sequence number 0', '%s', sa.name)
            return
        missing = max(seen.seqs, default=sa.start) - sa.start - len(seen.seqs)
        if missing < 0 or missing > sa.losses and not self.has_moved(sa):
            self.fault('missing frame', '%s: %d of the first %d are missing',
                       sa.name, missing, max(seen.seqs) - sa.start)

    def has_moved(self, sa):
        """The counter in the IV tells, and without, what its sender says of it."""
        if not sa.full:
            return False
        if self.seen[sa].epochs:
            return len(self.seen[sa].epochs) != 1
        return sa.moved or not self.told_by_sender(sa)

    def told_by_sender(self, sa):
        """To the end, be that the test's or its own."""
        return any(self.evidence.role(sa, end) != 'receiver'
                   for end in [*sa.counts, *(end for end, _ in sa.last)])

    def check_limits(self, sa, seen):
        for end, (packets, octets) in sa.limits.items():
            if self.evidence.role(sa, end) == 'sender':
                self.check_limit(sa, end, seen.packets > packets or
                                 seen.packets and
                                 seen.bytes - seen.last >= octets)
        for end, count in [*sa.counts.items(), *sa.last]:
            packets, octets = sa.limits[end.partition('-')[0]]
            if self.evidence.role(sa, end) == 'receiver':
                self.check_limit(sa, end, count.packets > packets or
                                 count.bytes - seen.largest >= octets)

    def check_limit(self, sa, end, passed):
        if passed:
            self.fault('hard limit', '%s: packets past that of %s', sa.name,
                       end)

    def check_sender(self, sa, seen, end, count):
        if not self.sent_by(count, seen, sa.losses):
            self.fault('count', '%s: %s says %d packets %d bytes, the '
                       'wire %d packets %d bytes', sa.name, end, count.packets,
                       count.bytes, seen.packets, seen.bytes)

    @staticmethod
    def sent_by(count, seen, losses):
        if count.packets == seen.packets:
            return count.bytes == seen.bytes
        return 0 < count.packets - seen.packets <= losses and \
            count.bytes > seen.bytes

    def check_accepted(self, sa, seen, end, count):
        if count.packets > seen.most:
            self.fault('replay accepted', '%s: %s accepted %d packets, %d '
                       'numbers reached it', sa.name, end, count.packets,
                       seen.most)
        elif count.bytes > seen.most_bytes or count.packets == seen.most and \
                count.bytes != seen.most_bytes:
            self.fault('count', '%s: %s says %d bytes, %d reached it', sa.name,
                       end, count.bytes, seen.most_bytes)

    def check_lost(self, sa, seen, end, count):
        packets, octets = sa.limits[end.partition('-')[0]]
        least = min(seen.least - sa.losses, packets)
        if count.bytes >= octets:
            least = 0
        if count.packets < least:
            self.fault('lost packet', '%s: %s accepted %d packets, %d '
                       'must have reached it', sa.name, end, count.packets,
                       least)
        elif sa.window and seen.arrived > count.packets + count.replays + \
                sa.losses + self.evidence.exceptions[end]:
            self.fault('replay not counted', '%s: %s accepted %d and rejected '
                       '%d packets, but %d reached it', sa.name, end,
                       count.packets, count.replays, seen.arrived)

    def table(self):
        yield '%-42s %9s %12s %6s %s' % ('SA', 'packets', 'bytes', 'epochs',
                                         'counted by')
        for sa in sorted(self.seen, key=lambda sa: sa.spi):
            seen = self.seen[sa]
            if seen.packets:
                yield '%-42s %9d %12d %6s %s' % (
                    sa.name, seen.packets, seen.bytes,
                    len(seen.epochs) or '-',
                    ', '.join(sorted({end.partition('-')[0]
                                      for end in sa.counts})) or '-')

    def report(self):
        kinds = collections.Counter(kind for kind, _ in self.faults)
        for kind, count in kinds.items():
            print('%s: %d' % (kind, count))
            texts = [text for which, text in self.faults if which == kind]
            for text in texts[:MAX_TOLD]:
                print('  ' + text)
            if count > MAX_TOLD:
                print('  ...')


def comparable(records, evidence):
    """What both decoders must agree on."""
    for record in records:
        if isinstance(record, Esp):
            sa = evidence.sas.get((record.dst, record.spi))
            if record.forged or record.udp or sa and not known_to_tshark(sa):
                continue
            record = record._replace(parts=False)
        if isinstance(record, Clear) and record.proto == UDP and \
                evidence.encapsulated(record.src, record.dst):
            continue
        if not isinstance(record, (Strange, Nested)):
            yield record


def agree(one, two):
    """Is this the same, but for what only the closer look tells?"""
    if isinstance(one, Esp) and isinstance(two, Esp) and two.inner == UNTOLD:
        return one[:6] == two[:6]
    if isinstance(one, Esp) and one.good and ' > ' not in one.inner:
        return two and one == two._replace(inner=one.inner)
    return one == two


def remember(records, taken):
    for record in records:
        taken.append(record)
        yield record


def drained(taken):
    while taken:
        yield taken.popleft()


def compare(judge, evidence, path, everything):
    """Decode with both, yield what the one says that looks closer."""
    taken = collections.deque()
    tshark = Tshark(evidence, everything)
    mine = comparable(remember(Fast(evidence).decode(path), taken), evidence)
    other = comparable(tshark.decode(path), evidence)
    two = next(other, None)
    chosen = frozenset(tshark.numbers)
    same = True
    for one in mine:
        yield from drained(taken)
        judge.both.count(one, one.frame in chosen and same)
        if not same or one.frame not in chosen:
            continue
        same = agree(one, two)
        if not same:
            judge.fault('decoders differ', '%s, tshark: %s', one, two)
            other.close()
        two = next(other, None)
    if two:
        judge.fault('decoders differ', 'nothing, tshark: %s', two)
    yield from drained(taken)


class Both:
    """What both decoders have read."""

    def __init__(self):
        self.esp, self.agreed = collections.Counter(), collections.Counter()

    def count(self, record, agreed):
        if isinstance(record, Esp):
            self.esp[record.dst, record.spi] += 1
            self.agreed[record.dst, record.spi] += agreed

    def report(self):
        return '%d of %d ESP packets, of %d of %d SAs, by tshark as well' % (
            self.agreed.total(), self.esp.total(),
            sum(map(bool, self.agreed.values())), len(self.esp))


def decoded(judge, evidence, path, args):
    if args.backend == 'both':
        return compare(judge, evidence, path, args.all)
    return {'fast': Fast, 'tshark': Tshark}[args.backend](evidence).decode(path)


def main():
    parser = argparse.ArgumentParser(
        description='Judge what a wire carried, given the SAs of both ends.')
    parser.add_argument('--backend', default='both',
                        choices=('both', 'tshark', 'fast'))
    parser.add_argument('--all', action='store_true',
                        help='tshark reads all of a large capture')
    parser.add_argument('evidence', metavar='EVIDENCE')
    parser.add_argument('pcap', nargs='+', metavar='PCAP')
    args = parser.parse_args()
    try:
        evidence = Evidence(args.evidence)
        judge = Judge(evidence)
        for path in args.pcap:
            judge.judge(path, decoded(judge, evidence, path, args))
    except (Unreadable, OSError) as err:
        print('verify_wire: %s' % err, file=sys.stderr)
        return 2
    judge.finish()
    print('\n'.join(judge.table()))
    print('%d ESP packets of %d SAs judged, %d other IP frames seen'
          % (judge.esp, len(evidence.sas), judge.clear))
    if args.backend == 'both':
        print(judge.both.report())
    judge.report()
    print('wire: %s' % ('NOT CLEAN' if judge.faults else 'clean'))
    return 1 if judge.faults else 0


if __name__ == '__main__':
    sys.exit(main())
