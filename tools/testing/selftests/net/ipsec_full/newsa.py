#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Asks XFRM about SAs with offload in ways that ip does not.

usage: newsa.py DEV FLAGS DIR
       newsa.py aged DEV
       newsa.py ae SRC DST SPI

FLAGS are those of struct xfrm_user_offload, DIR the SA's own direction: in, out
or none. "aged" adds a tunnel with full offload, by AES-GCM, for each line of the
standard input:

  DIR SRC DST SPI REQID KEY PACKETS BYTES LIMITS

It has had PACKETS and BYTES; LIMITS are soft and hard ones of bytes, then of
packets, separated by commas, 0 for none. What the kernel answers is printed as ip
prints it; exit status 0 when the SAs were added.

"ae" asks with XFRM_MSG_GETAE and prints packets, bytes, the highest sequence
numbers in and out, and the bitmap of the replay window.
"""

import os
import socket
import struct
import sys
import time

NETLINK_XFRM, SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 6, 270, 10, 11
NLMSG_ERROR, NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 2, 1, 2
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
XFRM_MSG_NEWSA, XFRM_MSG_NEWAE, XFRM_MSG_GETAE = 0x10, 0x1e, 0x1f
XFRMA_LTIME_VAL, XFRMA_REPLAY_VAL, XFRMA_REPLAY_ESN_VAL = 9, 10, 23
XFRMA_ALG_AEAD = 18
XFRMA_OFFLOAD_DEV, XFRMA_SA_DIR = 28, 33
XFRM_AE_RVAL, XFRM_AE_LVAL = 2, 4
XFRM_OFFLOAD_INBOUND, XFRM_OFFLOAD_FULL = 2, 8
XFRM_MODE_TUNNEL = 1
ESP, SPI = 50, 0x28009
DIRECTIONS = {'none': None, 'in': 1, 'out': 2}
INF = 2 ** 64 - 1


def attribute(kind, data):
    head = struct.pack('=HH', len(data) + 4, kind)
    return head + data + bytes(-len(data) % 4)


def family_of(text):
    return socket.AF_INET6 if ':' in text else socket.AF_INET


def address(text):
    return socket.inet_pton(family_of(text), text).ljust(16, b'\0')


def usersa_info(src='10.0.0.1', dst='10.0.0.2', spi=SPI, reqid=0, limits=(),
                mode=XFRM_MODE_TUNNEL, flags=0):
    """struct xfrm_usersa_info of a tunnel, or another mode."""
    family = family_of(src)
    selector = bytes(32 + 8) + struct.pack('=H', family) + bytes(14)
    ident = address(dst) + struct.pack('!IB', spi, ESP) + bytes(3)
    limits = struct.pack('=8Q', *(limits or [INF] * 4), *[0] * 4)
    rest = struct.pack('=IIHBBB', 0, reqid, family, mode, 0, flags)
    return (selector + ident + address(src) + limits + bytes(32) +
            bytes(12) + rest).ljust(224, b'\0')


def aead(key=None):
    key = key or os.urandom(20)
    name = b'rfc4106(gcm(aes))'.ljust(64, b'\0')
    return attribute(XFRMA_ALG_AEAD,
                     name + struct.pack('=II', 8 * len(key), 128) + key)


def offload(dev, flags):
    return attribute(XFRMA_OFFLOAD_DEV, struct.pack(
        '=iB3x', socket.if_nametoindex(dev), flags))


def sa_dir(direction):
    return attribute(XFRMA_SA_DIR, struct.pack('=B', direction))


def message(kind, flags, body):
    return struct.pack('=IHHII', 16 + len(body), kind, NLM_F_REQUEST | flags,
                       1, 0) + body


def request(body):
    return message(XFRM_MSG_NEWSA, NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE, body)


def flagged(dev, flags, direction):
    body = usersa_info() + aead() + offload(dev, flags)
    if DIRECTIONS[direction]:
        body += sa_dir(DIRECTIONS[direction])
    return request(body)


def aged(dev, direction, src, dst, *rest):
    spi, reqid, key, packets, size, limits = rest
    flags, window = XFRM_OFFLOAD_FULL, b''
    if direction == 'in':
        flags |= XFRM_OFFLOAD_INBOUND
        window = attribute(XFRMA_REPLAY_ESN_VAL, struct.pack(
            '=6I2I', 2, 0, 0, 0, 0, 64, 0, 0))
    limits = [int(limit, 0) or INF for limit in limits.split(',')]
    used = struct.pack('=4Q', int(size, 0), int(packets, 0),
                       int(time.time()), 0)
    return request(
        usersa_info(src, dst, int(spi, 0), int(reqid), limits) +
        aead(bytes.fromhex(key[2:])) + attribute(XFRMA_LTIME_VAL, used) +
        window + offload(dev, flags) + sa_dir(DIRECTIONS[direction]))


def ae(src, dst, spi):
    ident = address(dst) + struct.pack('!IHB', int(spi, 0), 0, ESP) + bytes(1)
    ident = ident[:20] + struct.pack('=H', socket.AF_INET) + ident[22:]
    return message(XFRM_MSG_GETAE, 0, ident + address(src) + struct.pack(
        '=II', XFRM_AE_RVAL | XFRM_AE_LVAL, 0))


def attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack_from('=HH', data)
        yield kind, data[4:size]
        data = data[(size + 3) & ~3:]


def show_ae(data):
    got = dict(attributes(data))
    size, packets = struct.unpack_from('=2Q', got[XFRMA_LTIME_VAL])
    if XFRMA_REPLAY_VAL in got:
        oseq, seq, *bitmap = struct.unpack('=3I', got[XFRMA_REPLAY_VAL])
        oseq_hi = seq_hi = 0
    else:
        replay = got[XFRMA_REPLAY_ESN_VAL]
        count, oseq, seq, oseq_hi, seq_hi, _ = struct.unpack_from('=6I',
                                                                  replay)
        bitmap = struct.unpack_from('=%dI' % count, replay, 24)
    print('packets %d bytes %d seq %d oseq %d bitmap' % (
        packets, size, seq_hi << 32 | seq, oseq_hi << 32 | oseq),
          ' '.join('%08x' % word for word in bitmap))


def words(data):
    """The kernel's explanation."""
    text = dict(attributes(data)).get(NLMSGERR_ATTR_MSG, b'')
    return text.rstrip(b'\0').decode()


def blamed(data):
    """Where in the question is what the kernel complains about? Or None."""
    offset = dict(attributes(data)).get(NLMSGERR_ATTR_OFFS)
    return offset and struct.unpack('=I', offset)[0]


def exchange(question):
    """The answer to a question."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                       NETLINK_XFRM) as sock:
        sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        sock.send(question)
        return sock.recv(65536)


def ask(question):
    answer = exchange(question)
    kind, = struct.unpack_from('=H', answer, 4)
    if kind == XFRM_MSG_NEWAE:
        show_ae(answer[16 + 48:])
        return 0, ''
    error, = struct.unpack_from('=i', answer, 16)
    if kind != NLMSG_ERROR:
        raise ConnectionError('no answer but message %d' % kind)
    return -error, words(answer[20 + 16:])


def main():
    if sys.argv[1] == 'aged':
        questions = [aged(sys.argv[2], *line.split()) for line in sys.stdin]
    elif sys.argv[1] == 'ae':
        questions = [ae(*sys.argv[2:])]
    else:
        dev, flags, direction = sys.argv[1:]
        questions = [flagged(dev, int(flags, 0), direction)]
    for question in questions:
        error, text = ask(question)
        if error:
            print('Error: %s (%s)' % (text, os.strerror(error)))
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
