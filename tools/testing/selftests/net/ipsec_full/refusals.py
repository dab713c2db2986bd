#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What full offload refuses, and which attribute the kernel holds responsible.

usage: refusals.py DEV CASE...

Asks for an SA by each case, and prints "CASE: ATTRIBUTE: what the kernel says",
with "-" if it points at no attribute, or "CASE: accepted". Without cases, lists
them.
"""

import os
import struct
import sys

import newsa
from newsa import INF, attribute

(ALG_CRYPT, ENCAP, REPLAY_VAL, ALG_AEAD, ALG_AUTH_TRUNC, MARK, TFCPAD,
 REPLAY_ESN_VAL, SA_EXTRA_FLAGS, OFFLOAD_DEV, SET_MARK, IF_ID, SA_DIR, SA_PCPU,
 FULL) = (2, 4, 10, 18, 20, 21, 22, 23, 24, 28, 29, 31, 33, 35, 42)
NAMES = {
    ALG_CRYPT: 'ALG_CRYPT', ENCAP: 'ENCAP', REPLAY_VAL: 'REPLAY_VAL',
    ALG_AEAD: 'ALG_AEAD', ALG_AUTH_TRUNC: 'ALG_AUTH_TRUNC', MARK: 'MARK',
    TFCPAD: 'TFCPAD', REPLAY_ESN_VAL: 'REPLAY_ESN_VAL',
    SA_EXTRA_FLAGS: 'SA_EXTRA_FLAGS', OFFLOAD_DEV: 'OFFLOAD_DEV',
    SET_MARK: 'SET_MARK', IF_ID: 'IF_ID', SA_DIR: 'SA_DIR',
    SA_PCPU: 'SA_PCPU', FULL: 'FULL'}
# linux/xfrm.h
TRANSPORT, BEET = 0, 4
WILDRECV, ESN = 8, 128
OSEQ_MAY_WRAP = 2
NLA_F_NESTED, NLA_TYPE_MASK = 0x8000, 0x3fff
INBOUND, PACKET, FULLY, SOFTWARE, FALLBACK = 2, 4, 8, 64, 128
IN, OUT = 1, 2
FULL_IDLE, FULL_PLACE = 1, 2
# linux/udp.h
ESPINUDP = 2
BODY = 16 + 224


def u32(kind, *values):
    return attribute(kind, struct.pack('=%dI' % len(values), *values))


def full(nested):
    return attribute(FULL | NLA_F_NESTED, nested)


def algorithm(kind, name, key, *icv):
    return attribute(kind, name.encode().ljust(64, b'\0') + struct.pack(
        '=%dI' % (1 + len(icv)), 8 * key, *icv) + os.urandom(key))


def aead(name='rfc4106(gcm(aes))', key=16, icv=128):
    return algorithm(ALG_AEAD, name, key + 4, icv)


def cipher(name='cbc(aes)', key=16):
    return algorithm(ALG_CRYPT, name, key)


def integrity(key=32, icv=128):
    return algorithm(ALG_AUTH_TRUNC, 'hmac(sha256)', key, icv)


def replay_esn(window, seq=0, oseq=0):
    count = (window + 31) // 32
    return attribute(REPLAY_ESN_VAL, struct.pack(
        '=6I', count, oseq, seq, 0, 0, window) + bytes(4 * count))


def limits(*values):
    """Soft and hard ones of bytes, then of packets."""
    return [value or INF for value in values]


def state(dev, **words):
    """A request for an SA that is as usual, but for the words given."""
    inbound = words.get('inbound')
    flags = words.get('offload', FULLY) | (INBOUND if inbound else 0)
    body = newsa.usersa_info(
        words.get('src', '10.0.0.1'), words.get('dst', '10.0.0.2'),
        limits=words.get('limits', ()), mode=words.get('mode', 1),
        flags=words.get('flags', 0))
    body += words.get('crypto', aead()) + words.get('extra', b'')
    if flags:
        ifindex = words.get('ifindex')
        body += newsa.offload(dev, flags) if ifindex is None else attribute(
            OFFLOAD_DEV, struct.pack('=iB3x', ifindex, flags))
    direction = words.get('direction', IN if inbound else OUT)
    return newsa.request(body + newsa.sa_dir(direction))


CASES = {
    'transport': {'mode': TRANSPORT},
    'beet': {'mode': BEET},
    'ipv6': {'src': 'fd00::1', 'dst': 'fd00::2'},
    'gmac': {'crypto': aead('rfc4543(gcm(aes))')},
    'chacha': {'crypto': aead('rfc7539esp(chacha20,poly1305)', 32)},
    'cbc': {'crypto': cipher() + integrity()},
    'ctr': {'crypto': cipher('rfc3686(ctr(aes))', 20) + integrity()},
    'cipher-only': {'crypto': cipher()},
    'key-256': {'crypto': aead(key=32)},
    'icv-64': {'crypto': aead(icv=64)},
    'hmac-96': {'crypto': cipher() + integrity(icv=96)},
    'hmac-key': {'crypto': cipher() + integrity(key=16)},
    'esn': {'flags': ESN, 'extra': replay_esn(0)},
    'window-16': {'inbound': True, 'extra': replay_esn(16)},
    'window-96': {'inbound': True, 'extra': replay_esn(96)},
    'midway': {'extra': replay_esn(0, oseq=7)},
    'encap': {'extra': attribute(ENCAP, struct.pack(
        '=H', ESPINUDP) + struct.pack('!HH', 4500, 4500) + bytes(18))},
    'soft-bytes': {'limits': limits(100, 0, 0, 0)},
    'hard-bytes': {'limits': limits(0, 100, 0, 0)},
    'soft-packets': {'limits': limits(0, 0, 100, 0)},
    'hard-packets': {'limits': limits(0, 0, 0, 100)},
    'soft-bytes-in': {'limits': limits(100, 0, 0, 0), 'inbound': True},
    'hard-bytes-in': {'limits': limits(0, 100, 0, 0), 'inbound': True},
    'soft-packets-in': {'limits': limits(0, 0, 100, 0), 'inbound': True},
    'hard-packets-in': {'limits': limits(0, 0, 0, 100), 'inbound': True},
    'fallback': {'offload': FULLY | FALLBACK},
    'tfc': {'extra': u32(TFCPAD, 100)},
    'may-wrap': {'extra': u32(SA_EXTRA_FLAGS, OSEQ_MAY_WRAP)},
    'mark': {'extra': u32(MARK, 7, 7)},
    'output-mark': {'extra': u32(SET_MARK, 7)},
    'if-id': {'extra': u32(IF_ID, 7)},
    'per-cpu': {'extra': u32(SA_PCPU, 0)},
    'wildcard': {'flags': WILDRECV, 'inbound': True},
    'no-device': {'ifindex': 4242},
    'other-device': {'ifindex': 1},
    'both': {'offload': FULLY | PACKET},
    'flags': {'offload': FULLY | SOFTWARE},
    'direction': {'inbound': True, 'direction': OUT},
    'read-only': {'extra': full(attribute(FULL_PLACE, b'\1'))},
    'idle-only': {'extra': full(u32(FULL_IDLE, 9)), 'offload': 0},
}


def blamed_name(question, offset):
    """Of the attribute that holds this offset."""
    at = BODY
    while offset and at < len(question):
        size, kind = struct.unpack_from('=HH', question, at)
        if at <= offset < at + size:
            kind &= NLA_TYPE_MASK
            return NAMES.get(kind, '%d' % kind)
        at += (size + 3) & ~3
    return '-'


def refusal(question):
    answer = newsa.exchange(question)
    error, = struct.unpack_from('=i', answer, 16)
    if not error:
        return 'accepted'
    tail = answer[20 + 16:]
    return '%s: %s' % (blamed_name(question, newsa.blamed(tail)),
                       newsa.words(tail) or os.strerror(-error))


def main():
    if len(sys.argv) < 3:
        print('\n'.join(CASES))
        return 2
    dev, *names = sys.argv[1:]
    for name in names:
        print('%s: %s' % (name, refusal(state(dev, **CASES[name]))))
    return 0


if __name__ == '__main__':
    sys.exit(main())
