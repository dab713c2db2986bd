#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""What full offload refuses, and which attribute the kernel holds responsible.

usage: refusals.py DEV CASE...

Asks for an SA or a policy by each case, and prints "CASE: ATTRIBUTE: what the
kernel says", with "-" if it points at no attribute, or "CASE: accepted". Without
cases, lists them. The SA is from 10.0.0.1 to 10.0.0.2 with SPI 0x28009; "move"
wants an outbound one of these, which is in software, in DEV, and "update" gives one
that is there another limit.
"""

import os
import socket
import struct
import sys

from xfrm_nl import INF, MODE, NLA_F_NESTED, NLA_HDRLEN, NLMSG_HDRLEN, \
    OFFLOAD, POLICY, SA_DIR, XFRM_MSG, XFRMA, XFRMA_FULL, Refused, algorithm, \
    ask, attribute, family_of, message, offload, replay_esn, sa_dir, u32, \
    user_tmpl, userpolicy_info, usersa_info, walk

SRC, DST, SPI = '10.0.0.1', '10.0.0.2', 0x28009
# XFRM_STATE_*, XFRM_SA_XFLAG_*
WILDRECV, ESN = 8, 128
OSEQ_MAY_WRAP = 2
# linux/udp.h
ESPINUDP = 2


def full(nested):
    return attribute(XFRMA.FULL | NLA_F_NESTED, nested)


def aead(name='rfc4106(gcm(aes))', key=16, icv=128):
    return algorithm(XFRMA.ALG_AEAD, name, os.urandom(key + 4), icv)


def cipher(name='cbc(aes)', key=16):
    return algorithm(XFRMA.ALG_CRYPT, name, os.urandom(key))


def integrity(key=32, icv=128):
    return algorithm(XFRMA.ALG_AUTH_TRUNC, 'hmac(sha256)', os.urandom(key), icv)


def limits(*values):
    """Soft and hard ones of bytes, then of packets."""
    return [value or INF for value in values]


def state(dev, **words):
    """Kind, structure and attributes of a usual SA, but for the words."""
    inbound = words.get('inbound')
    flags = words.get('offload', OFFLOAD.FULL)
    flags |= OFFLOAD.INBOUND if inbound else 0
    info = usersa_info(
        words.get('dst', DST), SPI, words.get('src', SRC),
        limits=words.get('limits', (INF,) * 4), flags=words.get('flags', 0),
        mode=words.get('mode', MODE.TUNNEL), inner=words.get('inner'))
    extra = words.get('crypto', aead()) + words.get('extra', b'')
    if flags:
        extra += offload(words.get('ifindex', socket.if_nametoindex(dev)),
                         flags)
    direction = SA_DIR.IN if inbound else SA_DIR.OUT
    return (words.get('kind', XFRM_MSG.NEWSA), info,
            extra + sa_dir(words.get('direction', direction)))


def policy(dev, **words):
    """The same of a policy."""
    templates = words.get('templates', user_tmpl(SRC, DST))
    return (XFRM_MSG.NEWPOLICY,
            userpolicy_info(family_of(DST), words.get('direction', POLICY.OUT)),
            (attribute(XFRMA.TMPL, templates) if templates else b'') +
            words.get('extra', b'') +
            offload(words.get('ifindex', socket.if_nametoindex(dev)),
                    words.get('offload', OFFLOAD.FULL)))


STATES = {
    'usual': {},
    'move': {'kind': XFRM_MSG.UPDSA, 'offload': OFFLOAD.FULL | OFFLOAD.MOVE,
             'crypto': b''},
    'update': {'kind': XFRM_MSG.UPDSA, 'limits': limits(0, 0, 0, 50)},
    'transport': {'mode': MODE.TRANSPORT},
    'beet': {'mode': MODE.BEET},
    'ipv6': {'src': 'fd00::1', 'dst': 'fd00::2'},
    'mixed': {'inner': socket.AF_INET6},
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
    'encap': {'extra': attribute(XFRMA.ENCAP, struct.pack(
        '=H', ESPINUDP) + struct.pack('!HH', 4500, 4500) + bytes(18))},
    'soft-bytes': {'limits': limits(100, 0, 0, 0)},
    'hard-bytes': {'limits': limits(0, 100, 0, 0)},
    'soft-packets': {'limits': limits(0, 0, 100, 0)},
    'hard-packets': {'limits': limits(0, 0, 0, 100)},
    'soft-bytes-in': {'limits': limits(100, 0, 0, 0), 'inbound': True},
    'hard-bytes-in': {'limits': limits(0, 100, 0, 0), 'inbound': True},
    'soft-packets-in': {'limits': limits(0, 0, 100, 0), 'inbound': True},
    'hard-packets-in': {'limits': limits(0, 0, 0, 100), 'inbound': True},
    'fallback': {'offload': OFFLOAD.FULL | OFFLOAD.FALLBACK},
    'tfc': {'extra': u32(XFRMA.TFCPAD, 100)},
    'may-wrap': {'extra': u32(XFRMA.SA_EXTRA_FLAGS, OSEQ_MAY_WRAP)},
    'mark': {'extra': u32(XFRMA.MARK, 7, 7)},
    'output-mark': {'extra': u32(XFRMA.SET_MARK, 7)},
    'if-id': {'extra': u32(XFRMA.IF_ID, 7)},
    'per-cpu': {'extra': u32(XFRMA.SA_PCPU, 0)},
    'wildcard': {'flags': WILDRECV, 'inbound': True},
    'no-device': {'ifindex': 4242},
    'other-device': {'ifindex': 1},
    'both': {'offload': OFFLOAD.FULL | OFFLOAD.PACKET},
    'flags': {'offload': OFFLOAD.FULL | OFFLOAD.SOFTWARE},
    'direction': {'inbound': True, 'direction': SA_DIR.OUT},
    'read-only': {'extra': full(attribute(XFRMA_FULL.PLACE, b'\1'))},
    'idle-only': {'extra': full(u32(XFRMA_FULL.IDLE, 9)), 'offload': 0},
}
POLICIES = {
    'policy-no-device': {'ifindex': 4242},
    'policy-other-device': {'ifindex': 1},
    'policy-both': {'offload': OFFLOAD.FULL | OFFLOAD.PACKET},
    'policy-flags': {'offload': OFFLOAD.FULL | OFFLOAD.INBOUND},
    'policy-no-template': {'templates': b''},
    'policy-templates': {'templates': 2 * user_tmpl(SRC, DST)},
    'policy-optional': {'templates': user_tmpl(DST, SRC, optional=1),
                        'direction': POLICY.IN},
    'policy-beet': {'templates': user_tmpl(SRC, DST, MODE.BEET)},
    'policy-if-id': {'extra': u32(XFRMA.IF_ID, 7)},
}


def request(dev, name):
    if name in POLICIES:
        return policy(dev, **POLICIES[name])
    return state(dev, **STATES[name])


def blamed_name(question, start, offset):
    """Of the attribute that holds this offset; the first is at start."""
    for at, kind, content in walk(question, start):
        if offset and at <= offset < at + NLA_HDRLEN + len(content):
            return XFRMA(kind).name
    return '-'


def verdict(kind, info, extra):
    question = message(kind, info + extra)
    try:
        ask(question)
    except Refused as refusal:
        name = blamed_name(question, NLMSG_HDRLEN + len(info), refusal.blamed)
        return '%s: %s' % (name, refusal.words or refusal.strerror)
    return 'accepted'


def main():
    if len(sys.argv) < 3:
        print('\n'.join([*STATES, *POLICIES]))
        return 2
    dev, *names = sys.argv[1:]
    for name in names:
        print('%s: %s' % (name, verdict(*request(dev, name))))
    return 0


if __name__ == '__main__':
    sys.exit(main())
