#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Judge what a wire carried, given the SAs of both ends.

usage: verify_wire.py [--backend both|tshark|fast] EVIDENCE PCAP...

EVIDENCE is a folder that tests write (wire.sh):

  protect     lines of two prefixes: between them nothing but ESP may be seen,
              and packets in ESP may be nothing else
  *.final     "ip -s xfrm state" of either end before its SAs went, when their
              traffic had ended: counters must equal what the captures hold
  *.live      the same, but of SAs that went or changed under traffic: keys
              count, counters do not
  *.foreign   SAs whose frames were forged by a test and prove nothing
  starts      lines of destination, SPI and number: SAs whose first sequence
              number is that one plus 1

PCAP is a capture of a wire, with Ethernet headers, as QEMU's filter-dump and
tcpdump write them. Two independent decoders read it, tshark and this file (by
python3-cryptography); what they find must be the same. tshark 4.0 knows neither
ESN nor ChaCha20-Poly1305 and AES-GMAC, and for the sake of what ESP carries it is
told not to look into UDP: such SAs are left to the other. Frames from 02:66:6f:72:67:65 were forged by a
test, prove nothing, and are passed over.

Exit status: 0 the wire was clean, 1 it was not, 2 could not tell.
"""

import argparse
import collections
import glob
import ipaddress
import itertools
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
IPIP, IPV6, ESP, FRAGMENT = 4, 41, 50, 44
IPV6_EXTENSIONS = {0: 'hop-by-hop', 43: 'routing', 60: 'destination'}
ND_TYPES = range(133, 138)
UDP_LEN = 8
FORGER = '02:66:6f:72:67:65'
MAX_TOLD = 10

# One frame outside ESP between two IP addresses.
Clear = collections.namedtuple('Clear', 'frame src dst proto nd')

# One frame that is nothing a wire of these tests should carry.
Strange = collections.namedtuple('Strange', 'frame what')

# One ESP packet; length is what XFRM counts as its bytes.
Esp = collections.namedtuple(
    'Esp', 'frame src dst spi seq iv good length proto inner')


class Unreadable(Exception):
    """The evidence or a capture can't be used."""


class Sa:
    """An SA and what each end says it carried."""

    def __init__(self, src, dst, spi):
        self.src, self.dst, self.spi = src, dst, spi
        self.mode = ''
        self.esp = None
        self.foreign = False
        self.ports = None           # of UDP encapsulation: source, destination
        self.start = 0
        self.counts = {}            # end: (packets, bytes)

    @property
    def name(self):
        return '%s > %s spi %#x' % (self.src, self.dst, self.spi)

    @property
    def esn(self):
        return self.esp.esn

    @property
    def keys(self):
        return self.esp.key, self.esp.auth_key


def parse_states(text):
    """Yield (Sa, packets, bytes) of the text of "ip -s xfrm state"."""
    for block in re.split(r'^(?=src )', text, flags=re.M):
        head = re.match(r'src (\S+) dst (\S+)\s+proto esp spi (0x\w+)', block)
        if not head:
            continue
        sa = Sa(head[1], head[2], int(head[3], 16))
        mode = re.search(r'\bmode (\w+)', block)
        ports = re.search(r'encap type espinudp sport (\d+) dport (\d+)', block)
        count = re.search(r'lifetime current:\s+(\d+)\(bytes\), '
                          r'(\d+)\(packets\)', block)
        if not mode or not count:
            raise Unreadable('%s: no counters, was it "ip -s"?' % sa.name)
        try:
            sa.esp = esp.of_state(block,
                                  bool(re.search(r'flag .*\besn\b', block)))
        except esp.Unknown as err:
            raise Unreadable('%s: %s' % (sa.name, err)) from err
        sa.mode = mode[1]
        sa.ports = ports and (int(ports[1]), int(ports[2]))
        yield sa, int(count[2]), int(count[1])


class Evidence:
    """What the tests left: SAs by (destination, SPI), protected prefixes."""

    def __init__(self, folder):
        self.sas = {}
        self.pairs = []
        self.known = {}
        for path in sorted(glob.glob(os.path.join(folder, '*.*'))):
            end, kind = os.path.splitext(os.path.basename(path))
            if kind in ('.final', '.live', '.foreign'):
                self.add_states(path, end, kind)
        path = os.path.join(folder, 'protect')
        if os.path.exists(path):
            with open(path, encoding='ascii') as lines:
                self.pairs = [tuple(map(ipaddress.ip_network, line.split()))
                              for line in lines if line.strip()]
        path = os.path.join(folder, 'starts')
        if os.path.exists(path):
            with open(path, encoding='ascii') as lines:
                for line in lines:
                    self.add_start(*line.split())

    def add_start(self, dst, spi, number):
        key = (dst, int(spi, 0))
        if key not in self.sas:
            raise Unreadable('starts: %s spi %s: there is no such SA'
                             % (dst, spi))
        self.sas[key].start = int(number, 0)

    def add_states(self, path, end, kind):
        with open(path, encoding='ascii') as text:
            states = list(parse_states(text.read()))
        for new, packets, octets in states:
            sa = self.sas.setdefault((new.dst, new.spi), new)
            if sa.keys != new.keys:
                raise Unreadable('%s: two keys, one in %s' % (sa.name, path))
            if kind == '.foreign':
                sa.foreign = True
            if kind == '.final':
                sa.counts[end] = (packets, octets)

    def encapsulated(self, src, dst):
        """May UDP between the two be ESP?"""
        return any(sa.ports and (sa.dst == dst or sa.dst == src)
                   for sa in self.sas.values())

    def protected(self, src, dst):
        """Is a packet from src to dst covered by a pair, either way?"""
        pair = (src, dst)
        if pair not in self.known:
            one, two = map(ipaddress.ip_address, pair)
            self.known[pair] = any(
                (one in a and two in b) or (one in b and two in a)
                for a, b in self.pairs)
        return self.known[pair]


def read_pcap(path):
    """Yield the frames of a classic pcap of Ethernet."""
    with open(path, 'rb') as pcap:
        head = pcap.read(24)
        if len(head) < 24:
            raise Unreadable('%s: no capture' % path)
        order = {b'\xd4\xc3\xb2\xa1': '<', b'\xa1\xb2\xc3\xd4': '>',
                 b'\x4d\x3c\xb2\xa1': '<', b'\xa1\xb2\x3c\x4d': '>'}
        if head[:4] not in order:
            raise Unreadable('%s: not a pcap' % path)
        record = struct.Struct(order[head[:4]] + '4I')
        if struct.unpack(order[head[:4]] + 'I', head[20:])[0] != 1:
            raise Unreadable('%s: not Ethernet' % path)
        while True:
            head = pcap.read(record.size)
            if len(head) < record.size:
                return
            _, _, caplen, length = record.unpack(head)
            frame = pcap.read(caplen)
            if len(frame) < caplen:
                return              # still being written
            if caplen < length:
                raise Unreadable('%s: frames are cut' % path)
            yield frame


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
        self.tops = {}

    def decode(self, path):
        forger = bytes.fromhex(FORGER.replace(':', ''))
        for number, frame in enumerate(read_pcap(path), 1):
            if frame[6:12] == forger:
                continue
            kind, = struct.unpack_from('!H', frame, 12)
            at = 14
            while kind == ETH_VLAN:
                kind, = struct.unpack_from('!H', frame, at + 2)
                at += 4
            if kind in (ETH_IPV4, ETH_IPV6):
                yield from self.decode_ip(number, kind, frame[at:])
            elif kind not in (ETH_ARP, ETH_RARP):
                yield Strange(number, 'EtherType %#06x' % kind)

    def decode_ip(self, number, kind, data):
        try:
            packet = Ip(data)
        except (ValueError, IndexError, struct.error) as err:
            yield Strange(number, 'IP: %s' % err)
            return
        if packet.version != (4 if kind == ETH_IPV4 else 6):
            yield Strange(number, 'IPv%d, EtherType %#06x'
                          % (packet.version, kind))
        elif packet.proto == ESP:
            if not packet.fragment or self.reassemble(packet):
                yield self.decode_esp(number, packet, None)
        elif self.in_udp(packet):
            ports = struct.unpack_from('!HH', packet.payload)
            if not packet.payload_right():
                yield Strange(number, 'checksum of UDP around ESP')
            packet.payload = packet.payload[UDP_LEN:]
            yield self.decode_esp(number, packet, ports)
        else:
            yield Clear(number, packet.src, packet.dst, packet.first,
                        bool(packet.is_nd()))

    def in_udp(self, packet):
        """RFC 3948: neither IKE nor a keepalive, and for an SA in UDP."""
        if packet.proto != UDP or packet.fragment or \
                len(packet.payload) <= UDP_LEN + 4:
            return False
        spi, = struct.unpack_from('!I', packet.payload, UDP_LEN)
        sa = self.evidence.sas.get((packet.dst, spi))
        return bool(sa and sa.ports)

    def reassemble(self, packet):
        """Collect a fragment; True when packet.payload became whole."""
        key = (packet.raw_src, packet.raw_dst, packet.ident)
        parts = self.parts.setdefault(key, {})
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
        return False

    def sequence(self, sa, low):
        """The 64-bit sequence number that is nearest to the last."""
        top = self.tops.get(sa, sa.start)
        near = [high << 32 | low for high in
                (max((top >> 32) - 1, 0), top >> 32, (top >> 32) + 1)]
        return min(near, key=lambda seq: abs(seq - top))

    def decode_esp(self, number, packet, ports):
        data = packet.payload
        if len(data) < esp.HEADER_LEN:
            return Strange(number, 'ESP too short')
        spi, seq = struct.unpack_from('!II', data)
        sa = self.evidence.sas.get((packet.dst, spi))
        found = Esp(number, packet.src, packet.dst, spi, seq, b'', False, 0,
                    0, 'undecrypted')
        if not sa:
            return found
        if not sa.foreign and ports != sa.ports:
            return Strange(number, '%s: UDP ports %s' % (sa.name, ports))
        if len(data) < sa.esp.shortest:
            return found if sa.foreign else Strange(number, 'ESP too short')
        found = found._replace(
            iv=data[esp.HEADER_LEN:esp.HEADER_LEN + sa.esp.iv_len])
        if sa.esn:
            seq = self.sequence(sa, seq)
        plain = sa.esp.open(data, seq)
        if plain is None:
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

    def __init__(self, evidence):
        self.evidence = evidence

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
            errors.seek(0)
            if tshark.returncode and 'cut short' not in errors.read():
                errors.seek(0)
                raise Unreadable('tshark: ' + errors.read().strip())

    def decode_line(self, line):
        row = {name: value.split(',') for name, value in
               zip(self.fields, line.rstrip('\n').split('|'))}
        layers = row['frame.protocols'][0].split(':')
        number = int(row['frame.number'][0])
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
        inner = '%s > %s' % (src, dst)
        if self.evidence.sas[(dst, spi)].mode == 'tunnel':
            other = 'ipv6' if outer == 'ip' else 'ip'
            inner = ' > '.join((row[outer + end][1:] + row[other + end])[0]
                               for end in ('.src', '.dst'))
        return found._replace(good=True, inner=inner,
                              length=len(row['esp.contained_data'][0]) // 2,
                              proto=int(row['esp.protocol'][0], 0))


class Seen:
    """What the wire carried of one SA."""

    def __init__(self):
        self.packets = self.bytes = 0
        self.seqs = set()


class Judge:
    """Collects violations over the captures of one set of evidence."""

    def __init__(self, evidence):
        self.evidence = evidence
        self.seen = collections.defaultdict(Seen)
        self.ivs = {}
        self.faults = []
        self.clear = self.esp = 0

    def fault(self, kind, text, *args):
        self.faults.append((kind, text % args))

    def take(self, record):
        if isinstance(record, Strange):
            self.fault('strange frame', 'frame %d: %s', *record)
        elif isinstance(record, Clear):
            self.take_clear(record)
        else:
            self.take_esp(record)

    def take_clear(self, frame):
        self.clear += 1
        if self.evidence.protected(frame.src, frame.dst) and not frame.nd:
            self.fault('cleartext', 'frame %d: %s > %s protocol %d',
                       frame.frame, frame.src, frame.dst, frame.proto)

    def take_esp(self, packet):
        sa = self.evidence.sas.get((packet.dst, packet.spi))
        if not sa:
            self.fault('unknown SA', 'frame %d: %s > %s spi %#x', packet.frame,
                       packet.src, packet.dst, packet.spi)
            return
        if sa.foreign:
            return
        self.esp += 1
        if not packet.good:
            self.fault('ICV', 'frame %d: %s seq %d', packet.frame, sa.name,
                       packet.seq)
            return
        self.check_numbers(sa, packet)
        self.check_inner(sa, packet)
        seen = self.seen[sa]
        seen.packets += 1
        seen.bytes += packet.length

    def check_numbers(self, sa, packet):
        seqs = self.seen[sa].seqs
        if packet.seq in seqs:
            self.fault('repeated sequence number', 'frame %d: %s seq %d',
                       packet.frame, sa.name, packet.seq)
        seqs.add(packet.seq)
        first = self.ivs.setdefault((sa.keys, packet.iv), packet.frame)
        if first != packet.frame:
            self.fault('repeated IV', 'frames %d and %d: %s IV %s', first,
                       packet.frame, sa.name, packet.iv.hex())

    def check_inner(self, sa, packet):
        if packet.src != sa.src:
            self.fault('outer source', 'frame %d: %s from %s', packet.frame,
                       sa.name, packet.src)
        ends = packet.inner.split(' > ')
        if len(ends) != 2:
            self.fault('inner packet', 'frame %d: %s: wrong %s', packet.frame,
                       sa.name, packet.inner)
        elif self.evidence.pairs and not self.evidence.protected(*ends):
            self.fault('inner packet', 'frame %d: %s carries %s', packet.frame,
                       sa.name, packet.inner)

    def finish(self):
        if not self.esp:
            self.fault('no ESP', 'the captures hold nothing to judge')
        if not any(sa.counts for sa in self.evidence.sas.values()):
            self.fault('no counts', 'no end told what it had counted')
        for sa in self.evidence.sas.values():
            if not sa.foreign:
                self.check_gaps(sa, self.seen[sa].seqs)
                self.check_counts(sa, self.seen[sa])

    def check_gaps(self, sa, seqs):
        if 0 in seqs:
            self.fault('sequence number 0', '%s', sa.name)
        elif seqs and max(seqs) - sa.start != len(seqs):
            self.fault('missing frame', '%s: %d of the first %d are missing',
                       sa.name, max(seqs) - sa.start - len(seqs),
                       max(seqs) - sa.start)

    def check_counts(self, sa, seen):
        for end, (packets, octets) in sa.counts.items():
            if (packets, octets) != (seen.packets, seen.bytes):
                self.fault('count', '%s: %s says %d packets %d bytes, the '
                           'wire %d packets %d bytes', sa.name, end, packets,
                           octets, seen.packets, seen.bytes)

    def table(self):
        yield '%-42s %9s %12s %s' % ('SA', 'packets', 'bytes', 'counted by')
        for sa in sorted(self.seen, key=lambda sa: sa.spi):
            seen = self.seen[sa]
            if seen.packets:
                yield '%-42s %9d %12d %s' % (
                    sa.name, seen.packets, seen.bytes,
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
            if sa and not known_to_tshark(sa):
                continue
        if isinstance(record, Clear) and record.proto == UDP and \
                evidence.encapsulated(record.src, record.dst):
            continue
        if not isinstance(record, Strange):
            yield record


def agree(one, two):
    """Is this the same, but for what only the closer look tells?"""
    if isinstance(one, Esp) and one.good and ' > ' not in one.inner:
        return two and one[:-1] == two[:-1]
    return one == two


def remember(records, taken):
    for record in records:
        taken.append(record)
        yield record


def compare(judge, evidence, path):
    """Decode with both, yield what the one says that looks closer."""
    taken = collections.deque()
    mine = comparable(remember(Fast(evidence).decode(path), taken), evidence)
    other = comparable(Tshark(evidence).decode(path), evidence)
    for one, two in itertools.zip_longest(mine, other):
        yield from taken
        taken.clear()
        if not agree(one, two):
            judge.fault('decoders differ', '%s, tshark: %s', one, two)
            other.close()
            break
    for _ in mine:
        pass
    yield from taken


def decoded(judge, evidence, path, backend):
    if backend == 'both':
        return compare(judge, evidence, path)
    return {'fast': Fast, 'tshark': Tshark}[backend](evidence).decode(path)


def main():
    parser = argparse.ArgumentParser(
        description='Judge what a wire carried, given the SAs of both ends.')
    parser.add_argument('--backend', default='both',
                        choices=('both', 'tshark', 'fast'))
    parser.add_argument('evidence', metavar='EVIDENCE')
    parser.add_argument('pcap', nargs='+', metavar='PCAP')
    args = parser.parse_args()
    try:
        evidence = Evidence(args.evidence)
        judge = Judge(evidence)
        for path in args.pcap:
            for record in decoded(judge, evidence, path, args.backend):
                judge.take(record)
    except (Unreadable, OSError) as err:
        print('verify_wire: %s' % err, file=sys.stderr)
        return 2
    judge.finish()
    print('\n'.join(judge.table()))
    print('%d ESP packets of %d SAs judged, %d other IP frames seen'
          % (judge.esp, len(evidence.sas), judge.clear))
    judge.report()
    print('wire: %s' % ('NOT CLEAN' if judge.faults else 'clean'))
    return 1 if judge.faults else 0


if __name__ == '__main__':
    sys.exit(main())
