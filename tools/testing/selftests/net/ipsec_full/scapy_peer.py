#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Plays the far end of SAs with scapy's IPsec layer. Runs there, as root.

usage: scapy_peer.py DEV <SPEC

SPEC is JSON: mac_src, mac_dst, port, and pairs, each with name, mode, algorithm
(gcm16, chacha, sha256, sha384, sha512), esn and udp_port (may be empty),
outer_src, outer_dst, inner_src, inner_dst, and for either direction (_to, _from)
spi, key and auth. UDP to PORT must come back. Prints "NAME: good", or what is
wrong, for each, and "done".
"""

import json
import os
import socket
import sys
import time

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, IPSecIntegrityError, SecurityAssociation
from scapy.layers.l2 import Ether
from scapy.packet import Raw, raw

ETH_P_ALL = 3
SIZES = (1, 13, 64, 900)
SPORT = 40000
TIMEOUT = 5
CIPHERS = {'gcm16': 'AES-GCM', 'chacha': 'CHACHA20-POLY1305'}
AUTHS = {'sha256': 'SHA2-256-128', 'sha384': 'SHA2-384-192',
         'sha512': 'SHA2-512-256'}


class Wrong(Exception):
    """The other end did not do as it should."""


def octets(text):
    return bytes.fromhex(text[2:])


def ip_class(addr):
    return IPv6 if ':' in addr else IP


def association(pair, way, src, dst):
    """One direction's SA: "to" the other end or "from" it."""
    words = {'crypt_algo': CIPHERS.get(pair['algorithm'], 'AES-CBC'),
             'crypt_key': octets(pair['key_' + way])}
    if pair['algorithm'] in AUTHS:
        words.update(auth_algo=AUTHS[pair['algorithm']],
                     auth_key=octets(pair['auth_' + way]))
    if pair['mode'] == 'tunnel':
        words['tunnel_header'] = ip_class(src)(src=src, dst=dst)
    if pair['udp_port']:
        port = int(pair['udp_port'])
        words['nat_t_header'] = UDP(sport=port, dport=port)
    return SecurityAssociation(ESP, spi=int(pair['spi_' + way], 0),
                               esn_en=bool(pair['esn']), **words)


class Pair:
    """Two SAs, and traffic through them."""

    def __init__(self, spec, pair, sock):
        self.spec, self.pair, self.sock = spec, pair, sock
        src, dst = pair['outer_src'], pair['outer_dst']
        self.out = association(pair, 'to', src, dst)
        self.back = association(pair, 'from', dst, src)

    def send(self, data):
        src, dst = self.pair['inner_src'], self.pair['inner_dst']
        inner = ip_class(src)(src=src, dst=dst) / \
            UDP(sport=SPORT, dport=self.spec['port']) / Raw(data)
        packet = self.out.encrypt(ip_class(src)(raw(inner)))
        packet = type(packet)(raw(packet))
        if UDP in packet and isinstance(packet, IPv6):
            del packet[UDP].chksum      # scapy's 0 is for IPv4
        self.sock.send(raw(Ether(src=self.spec['mac_src'],
                                 dst=self.spec['mac_dst']) / packet))

    def esp_frames(self):
        """ESP of the other direction, as IP packets."""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            try:
                frame = Ether(self.sock.recv(65536))
            except socket.timeout:
                break
            if ESP in frame and frame[ESP].spi == self.back.spi and \
                    frame.payload.src == self.pair['outer_dst']:
                yield frame.payload
        raise Wrong('no answer')

    def receive(self):
        """The next answer, decrypted: source, destination, data."""
        packet = next(self.esp_frames())
        if (UDP in packet) != bool(self.pair['udp_port']):
            raise Wrong('UDP encapsulation')
        if UDP in packet and ESP in packet:
            ports = (packet[UDP].sport, packet[UDP].dport)
            if ports != 2 * (int(self.pair['udp_port']),):
                raise Wrong('UDP ports %d %d' % ports)
        try:
            inner = self.back.decrypt(packet)
        except IPSecIntegrityError as err:
            raise Wrong('ICV') from err
        inner = type(inner)(raw(inner))
        if UDP not in inner:
            raise Wrong('carries %s' % inner.summary())
        return inner.src, inner.dst, raw(inner[UDP].payload)

    def exchange(self, size):
        data = os.urandom(size)
        self.send(data)
        expected = (self.pair['inner_dst'], self.pair['inner_src'], data)
        if self.receive() != expected:
            raise Wrong('%d bytes came back otherwise' % size)


def main():
    spec = json.load(sys.stdin)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(ETH_P_ALL))
    sock.bind((sys.argv[1], 0))
    sock.settimeout(TIMEOUT)
    for pair in spec['pairs']:
        verdict = 'good'
        try:
            end = Pair(spec, pair, sock)
            for size in SIZES:
                end.exchange(size)
        except Wrong as err:
            verdict = str(err)
        print('%s: %s' % (pair['name'], verdict), flush=True)
    print('done')


if __name__ == '__main__':
    main()
