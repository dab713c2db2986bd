#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Asks XFRM for an SA with offload in ways that ip does not.

usage: newsa.py DEV FLAGS DIR

FLAGS are those of struct xfrm_user_offload, DIR the SA's own direction: in, out
or none. What the kernel answers is printed as ip prints it; exit status 0 when
the SA was added.
"""

import os
import socket
import struct
import sys

NETLINK_XFRM, SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 6, 270, 10, 11
NLMSG_ERROR, NLMSGERR_ATTR_MSG = 2, 1
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
XFRM_MSG_NEWSA = 0x10
XFRMA_ALG_AEAD, XFRMA_OFFLOAD_DEV, XFRMA_SA_DIR = 18, 28, 33
XFRM_MODE_TUNNEL = 1
ESP, SPI = 50, 0x28009
DIRECTIONS = {'none': None, 'in': 1, 'out': 2}
INF = 2 ** 64 - 1


def attribute(kind, data):
    head = struct.pack('=HH', len(data) + 4, kind)
    return head + data + bytes(-len(data) % 4)


def address(text):
    return socket.inet_aton(text) + bytes(12)


def usersa_info():
    """struct xfrm_usersa_info of a tunnel from 10.0.0.1 to 10.0.0.2."""
    selector = bytes(32 + 8) + struct.pack('=H', socket.AF_INET) + bytes(14)
    ident = address('10.0.0.2') + struct.pack('!IB', SPI, ESP) + bytes(3)
    limits = struct.pack('=8Q', *[INF] * 4, *[0] * 4)
    rest = struct.pack('=IIHBBB', 0, 0, socket.AF_INET, XFRM_MODE_TUNNEL, 0,
                       0)
    return (selector + ident + address('10.0.0.1') + limits + bytes(32) +
            bytes(12) + rest).ljust(224, b'\0')


def aead():
    key = os.urandom(20)
    name = b'rfc4106(gcm(aes))'.ljust(64, b'\0')
    return attribute(XFRMA_ALG_AEAD,
                     name + struct.pack('=II', 8 * len(key), 128) + key)


def request(dev, flags, direction):
    body = usersa_info() + aead() + attribute(
        XFRMA_OFFLOAD_DEV,
        struct.pack('=iB3x', socket.if_nametoindex(dev), flags))
    if direction:
        body += attribute(XFRMA_SA_DIR, struct.pack('=B', direction))
    return struct.pack('=IHHII', 16 + len(body), XFRM_MSG_NEWSA,
                       NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE,
                       1, 0) + body


def words(attributes):
    """The kernel's explanation."""
    while len(attributes) >= 4:
        size, kind = struct.unpack_from('=HH', attributes)
        if kind == NLMSGERR_ATTR_MSG:
            return attributes[4:size].rstrip(b'\0').decode()
        attributes = attributes[(size + 3) & ~3:]
    return ''


def ask(message):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                       NETLINK_XFRM) as sock:
        sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        sock.send(message)
        answer = sock.recv(65536)
    kind, = struct.unpack_from('=H', answer, 4)
    error, = struct.unpack_from('=i', answer, 16)
    if kind != NLMSG_ERROR:
        raise ConnectionError('no answer but message %d' % kind)
    return -error, words(answer[20 + 16:])


def main():
    dev, flags, direction = sys.argv[1:]
    error, text = ask(request(dev, int(flags, 0), DIRECTIONS[direction]))
    if error:
        print('Error: %s (%s)' % (text, os.strerror(error)))
    return 1 if error else 0


if __name__ == '__main__':
    sys.exit(main())
