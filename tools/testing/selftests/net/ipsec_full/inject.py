#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""ESP as no honest peer sends it. Runs on the far side, as root.

usage: inject.py DEV

The first line of the standard input is JSON: mac_dst, and sas, by name: crypto
(the words of "ip xfrm state"), esn, spi, mode, outer_src, outer_dst, inner_src,
inner_dst, port, udp_port. Then come lines:

  { ... }              the same again, for new SAs
  NAME seq NUMBER...   a datagram each, with these sequence numbers (of 64 bits);
                       it says which. "f" before a number: in two IP fragments
  NAME again whole     the last packet of "seq" once more, to the last bit
  NAME again fragments the same in two IP fragments
  NAME good NUMBER     a right one with the text "goodNUMBER" and the next sequence
                       number
  NAME icmp TYPE CODE  a right one of ICMP
  NAME class PORT OUTER INNER...
                       a right one to this port for each two traffic classes
  NAME carries OTHER   a right one, with cleartext between OTHER's addresses in a
                       tunnel that is no IPsec
  NAME bad CASE [N]    a packet that is wrong, or N of them, CASE tells how; its
                       sequence number is the highest so far plus 1. "bad" alone
                       lists the cases
  NAME cut CASE [N]    the same in two IP fragments
  dev DEV MAC          from here on frames leave by this device, to MAC

Each line is answered with "sent". A datagram goes to port PORT. Frames come from
a source address that verify_wire.py passes over.
"""

import json
import socket
import struct
import sys

import esp
from packets import (
    DEST_OPTIONS, ESP, ETH_IPV4, ETH_IPV6, EXPERIMENT, FRAGMENT, HOP_BY_HOP,
    IPIP, IPV6, NO_NEXT, TCP, UDP, datagram, fragments, icmp, ip_packet, ipv6)
from verify_wire import FORGER

class Sa:
    """An inbound SA of the other side, and its next sequence number."""

    def __init__(self, spec):
        self.spec = spec
        self.esp = esp.of_state('\t' + spec['crypto'].replace(' enc', '\n\tenc')
                                .replace(' auth-trunc', '\n\tauth-trunc'),
                                bool(spec['esn']))
        self.spi = int(spec['spi'], 0)
        self.top = 0
        self.last = None
        self.tunnel = spec['mode'] == 'tunnel'
        self.family = 6 if ':' in spec['outer_src'] else 4
        self.inner_proto = IPV6 if ':' in spec['inner_src'] else IPIP

    def next_seq(self):
        self.top += 1
        return self.top

    def udp(self, data):
        return datagram(self.spec['inner_src'], self.spec['inner_dst'],
                        self.spec['port'], data)

    def inner(self, data=b'bad', **fields):
        return ip_packet(self.spec['inner_src'], self.spec['inner_dst'], UDP,
                         self.udp(data), **fields)

    def content(self, data):
        """What ESP carries, and its next header."""
        if self.tunnel:
            return self.inner(data), self.inner_proto
        return self.udp(data), UDP

    def seal(self, content, proto, seq=None):
        if seq is None:
            seq = self.next_seq()
        return self.esp.seal(self.spi, seq, content, proto)

    def seal_plain(self, plain):
        return self.esp.seal_plain(self.spi, self.next_seq(), plain)

    def outer(self, packet, **fields):
        """In an IP packet, in UDP if the SA is."""
        proto = ESP
        if self.spec['udp_port']:
            port = int(self.spec['udp_port'])
            packet = struct.pack('!HHHH', port, port, 8 + len(packet),
                                 0) + packet
            proto = UDP
        return self.ip_header(proto, packet, **fields)

    def ip_header(self, proto, packet, **fields):
        return ip_packet(self.spec['outer_src'], self.spec['outer_dst'], proto,
                         packet, **fields)

    def numbered(self, seq):
        self.top = max(self.top, seq)
        content, proto = self.content(b'%d' % seq)
        self.last = self.outer(self.seal(content, proto, seq))
        return self.last

    def icmp(self, kind, code):
        inner = icmp(self.spec['inner_src'], self.spec['inner_dst'], int(kind),
                     int(code))
        return self.outer(self.seal(inner, self.inner_proto))

    def classes(self, port, outer, inner):
        """With these traffic classes, which are its text, too."""
        spec = self.spec
        udp = datagram(spec['inner_src'], spec['inner_dst'], int(port),
                       b'%s in %s' % (inner.encode(), outer.encode()))
        packet = ip_packet(spec['inner_src'], spec['inner_dst'], UDP, udp,
                           tclass=int(inner, 0))
        return self.outer(self.seal(packet, self.inner_proto),
                          tclass=int(outer, 0))

    def carries(self, other):
        spec = self.spec
        inner = ip_packet(spec['inner_src'], spec['inner_dst'],
                          other.inner_proto, other.inner())
        return self.outer(self.seal(inner, self.inner_proto))

    def good(self):
        """A right ESP packet, to be spoilt."""
        return self.seal(*self.content(b'bad'))


CASES = {}


def case(function):
    CASES[function.__name__.replace('_', '-')] = function
    return function


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at:][1:]


# Cases for any SA: each takes the SA and returns an IP packet.

@case
def header_only(sa):
    return sa.outer(sa.good()[:8])


@case
def half_spi(sa):
    return sa.outer(sa.good()[:4])


@case
def no_ciphertext(sa):
    packet = sa.good()
    return sa.outer(packet[:8 + sa.esp.iv_len])


@case
def no_block(sa):
    packet = sa.good()
    return sa.outer(packet[:8 + sa.esp.iv_len + sa.esp.icv_len])


@case
def odd_length(sa):
    return sa.outer(sa.good()[:-1])


@case
def wrong_icv(sa):
    return sa.outer(flipped(sa.good(), -1))


@case
def wrong_iv(sa):
    return sa.outer(flipped(sa.good(), 9))


@case
def wrong_spi(sa):
    return sa.outer(struct.pack('!I', 0x7ffffff1) + sa.good()[4:])


@case
def zero_spi(sa):
    return sa.outer(bytes(4) + sa.good()[4:])


@case
def sequence_zero(sa):
    content, proto = sa.content(b'bad')
    return sa.outer(sa.esp.seal(sa.spi, 0, content, proto))


@case
def padding_zeros(sa):
    content, proto = sa.content(b'bad')
    size = -(len(content) + 2) % sa.esp.block + sa.esp.block
    return sa.outer(sa.seal_plain(esp.padded(content, sa.esp.block, proto,
                                             bytes(size))))


@case
def padding_too_long(sa):
    content, proto = sa.content(b'bad')
    plain = esp.padded(content, sa.esp.block, proto)
    return sa.outer(sa.seal_plain(plain[:-2] + bytes([255, proto])))


@case
def only_trailer(sa):
    _, proto = sa.content(b'')
    return sa.outer(sa.seal(b'', proto))


@case
def cleartext(sa):
    """What would have been right in ESP."""
    return sa.inner()


@case
def dummy(sa):
    return sa.outer(sa.seal(b'whatever', NO_NEXT))


# Cases of tunnel mode.

@case
def next_header_tcp(sa):
    return sa.outer(sa.seal(sa.content(b'bad')[0], TCP))


@case
def next_header_other_family(sa):
    return sa.outer(sa.seal(sa.content(b'bad')[0],
                            IPIP + IPV6 - sa.inner_proto))


@case
def inner_version(sa):
    inner = sa.inner()
    return sa.outer(sa.seal(bytes([0x55]) + inner[1:], sa.inner_proto))


@case
def inner_length_long(sa):
    inner = sa.inner(length=1000)
    return sa.outer(sa.seal(inner, sa.inner_proto))


@case
def inner_length_short(sa):
    inner = sa.inner(length=10)
    return sa.outer(sa.seal(inner, sa.inner_proto))


@case
def inner_ihl_short(sa):
    return sa.outer(sa.seal(sa.inner(ihl=4), sa.inner_proto))


@case
def inner_ihl_long(sa):
    return sa.outer(sa.seal(sa.inner(ihl=15), sa.inner_proto))


@case
def inner_cut(sa):
    return sa.outer(sa.seal(sa.inner()[:19], sa.inner_proto))


@case
def inner_byte(sa):
    return sa.outer(sa.seal(sa.inner()[:1], sa.inner_proto))


@case
def inner_elsewhere(sa):
    inner = ip_packet(sa.spec['outside'], sa.spec['inner_dst'], UDP,
                      sa.udp(b'bad'))
    return sa.outer(sa.seal(inner, sa.inner_proto))


@case
def nested(sa):
    """ESP of the same SA inside, between the ends of the tunnel."""
    return sa.outer(sa.seal(sa.outer(sa.good()), IPIP if sa.family == 4
                            else IPV6))


# Outer headers.

@case
def ipv4_options(sa):
    return sa.outer(sa.good(), options=b'\x01\x01\x01\x00')


@case
def ipv4_record_route(sa):
    return sa.outer(sa.good(), options=b'\x07\x07\x04' + bytes(5))


@case
def ipv4_checksum(sa):
    return sa.outer(sa.good(), csum=0x1234)


@case
def ipv4_length_long(sa):
    return sa.outer(sa.good(), length=1400)


@case
def ipv4_length_short(sa):
    return sa.outer(sa.good(), length=19)


@case
def ipv4_ihl_short(sa):
    return sa.outer(sa.good(), ihl=4)


@case
def ipv4_later_fragment(sa):
    return sa.outer(sa.good(), frag=100)


@case
def ipv6_options(sa, kind=HOP_BY_HOP):
    options = bytes([ESP, 0, 1, 4]) + bytes(4)
    return ipv6(sa.spec['outer_src'], sa.spec['outer_dst'], kind,
                options + sa.good())


@case
def ipv6_destination(sa):
    return ipv6_options(sa, DEST_OPTIONS)


@case
def ipv6_options_long(sa):
    """A header of 256 bytes, of an option that means nothing to anybody."""
    header = bytes([ESP, 256 // 8 - 1, EXPERIMENT, 252]) + bytes(252)
    return ipv6(sa.spec['outer_src'], sa.spec['outer_dst'], DEST_OPTIONS,
                header + sa.good())


@case
def ipv6_fragment_whole(sa):
    head = bytes([ESP, 0]) + bytes(2) + struct.pack('!I', 7)
    return ipv6(sa.spec['outer_src'], sa.spec['outer_dst'], FRAGMENT,
                head + sa.good())


@case
def ipv6_options_endless(sa):
    """Longer than the packet."""
    return ipv6(sa.spec['outer_src'], sa.spec['outer_dst'], HOP_BY_HOP,
                bytes([ESP, 255, 1, 4]) + bytes(4) + sa.good())


@case
def ipv6_jumbo(sa):
    packet = sa.good()
    option = bytes([ESP, 0, 0xc2, 4]) + struct.pack('!I', 8 + len(packet))
    return ipv6(sa.spec['outer_src'], sa.spec['outer_dst'], HOP_BY_HOP,
                option + packet, length=0)


@case
def too_large(sa):
    return sa.outer(sa.seal(*sa.content(bytes(4000))))


# ESP in UDP.

@case
def not_in_udp(sa):
    return sa.ip_header(ESP, sa.good())


@case
def udp_source_port(sa):
    """Right, but from another port: of NATs, one that has been restarted."""
    port = int(sa.spec['udp_port']) + 1
    packet = sa.outer(sa.good())
    return packet[:20] + struct.pack('!H', port) + packet[22:]


@case
def udp_checksum(sa):
    packet = bytearray(sa.outer(sa.good()))
    packet[20 + 6:20 + 8] = b'\x12\x34'
    return bytes(packet)


@case
def udp_length_long(sa):
    packet = bytearray(sa.outer(sa.good()))
    packet[20 + 4:20 + 6] = b'\x20\x00'
    return bytes(packet)


@case
def udp_length_short(sa):
    packet = bytearray(sa.outer(sa.good()))
    packet[20 + 4:20 + 6] = b'\x00\x07'
    return bytes(packet)


@case
def udp_short_esp(sa):
    return sa.outer(sa.good()[:7])


@case
def keepalive(sa):
    return sa.outer(b'\xff')


@case
def ike(sa):
    return sa.outer(bytes(4) + b'not ESP but IKE')


class Wire:
    def __init__(self, dev, mac_dst):
        self.leave_by(dev, mac_dst)

    def leave_by(self, dev, mac_dst):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.sock.bind((dev, 0))
        self.macs = bytes.fromhex((mac_dst + FORGER).replace(':', ''))

    def send(self, packet, family):
        kind = ETH_IPV4 if family == 4 else ETH_IPV6
        self.sock.send(self.macs + struct.pack('!H', kind) + packet)

    def send_cut(self, packet, family):
        for fragment in fragments(packet, family):
            self.send(fragment, family)


def execute(wire, sas, words):
    if words == ['bad']:
        print('\n'.join(sorted(CASES)))
        return
    if words[0] == 'dev':
        wire.leave_by(*words[1:])
        return
    sa, command = sas[words[0]], words[1]
    if command == 'seq':
        for number in words[2:]:
            send = wire.send_cut if number[0] == 'f' else wire.send
            send(sa.numbered(int(number.strip('f!'), 0)), sa.family)
    elif command == 'again':
        send = wire.send if words[2] == 'whole' else wire.send_cut
        send(sa.last, sa.family)
    elif command == 'icmp':
        wire.send(sa.icmp(*words[2:]), sa.family)
    elif command == 'class':
        for outer, inner in zip(words[3::2], words[4::2]):
            wire.send(sa.classes(words[2], outer, inner), sa.family)
    elif command == 'carries':
        wire.send(sa.carries(sas[words[2]]), sa.family)
    elif command == 'good':
        content, proto = sa.content(b'good' + words[2].encode())
        wire.send(sa.outer(sa.seal(content, proto)), sa.family)
    else:
        send = wire.send_cut if command == 'cut' else wire.send
        for _ in range(int((words[3:] or [1])[0])):
            send(CASES[words[2]](sa), sa.family)


def main():
    spec = json.loads(sys.stdin.readline())
    wire = Wire(sys.argv[1], spec['mac_dst'])
    sas = {name: Sa(sa) for name, sa in spec['sas'].items()}
    print('sent', flush=True)
    for line in sys.stdin:
        if line.startswith('{'):
            sas.update((name, Sa(sa)) for name, sa in
                       json.loads(line)['sas'].items())
        else:
            execute(wire, sas, line.split())
        print('sent', flush=True)


if __name__ == '__main__':
    main()
