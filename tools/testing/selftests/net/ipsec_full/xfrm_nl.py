# SPDX-License-Identifier: GPL-2.0
"""XFRM by netlink: questions in the kernel's own structures, and its answers.

    ask(message(XFRM_MSG.NEWSA, usersa_info(dst, spi, src) + aead(key)))

Addresses are text, networks ADDRESS/LENGTH. Names without an explanation are those
of linux/xfrm.h and linux/netlink.h.
"""

import enum
import os
import socket
import struct

NETLINK_XFRM = 6
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
NLMSG_HDRLEN, NLMSG_ERROR = 16, 2
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE = 0x1, 0x4, 0x100
NLA_HDRLEN, NLA_F_NESTED, NLA_TYPE_MASK = 4, 0x8000, 0x3fff
INF = 2 ** 64 - 1


class XFRM_MSG(enum.IntEnum):
    NEWSA = 0x10
    DELSA = 0x11
    GETSA = 0x12
    NEWPOLICY = 0x13
    UPDSA = 0x1a
    NEWAE = 0x1e
    GETAE = 0x1f
    MIGRATE = 0x21


class XFRMA(enum.IntEnum):
    ALG_CRYPT = 2
    ENCAP = 4
    TMPL = 5
    LTIME_VAL = 9
    REPLAY_VAL = 10
    MIGRATE = 17
    ALG_AEAD = 18
    ALG_AUTH_TRUNC = 20
    MARK = 21
    TFCPAD = 22
    REPLAY_ESN_VAL = 23
    SA_EXTRA_FLAGS = 24
    OFFLOAD_DEV = 28
    SET_MARK = 29
    IF_ID = 31
    SA_DIR = 33
    SA_PCPU = 35
    FULL = 42


class XFRMA_FULL(enum.IntEnum):
    IDLE = 1
    PLACE = 2


class OFFLOAD(enum.IntEnum):
    """XFRM_OFFLOAD_*, flags."""
    INBOUND = 2
    PACKET = 4
    FULL = 8
    MOVE = 32
    SOFTWARE = 64
    FALLBACK = 128


class MODE(enum.IntEnum):
    """XFRM_MODE_*"""
    TRANSPORT = 0
    TUNNEL = 1
    BEET = 4


class SA_DIR(enum.IntEnum):
    """XFRM_SA_DIR_*"""
    IN = 1
    OUT = 2


class POLICY(enum.IntEnum):
    """XFRM_POLICY_*, directions."""
    IN = 0
    OUT = 1
    FWD = 2


class Refused(OSError):
    """The kernel has not done what was asked.

    words is its explanation, blamed where in the question is what it complains
    about, or None.
    """

    def __init__(self, number, found):
        super().__init__(number, os.strerror(number))
        self.words = found.get(NLMSGERR_ATTR_MSG, b'').rstrip(b'\0').decode()
        offset = found.get(NLMSGERR_ATTR_OFFS)
        self.blamed = offset and struct.unpack('=I', offset)[0]

    def __str__(self):
        """As ip says it."""
        return 'Error: %s (%s)' % (self.words, self.strerror)


def family_of(text):
    return socket.AF_INET6 if ':' in text else socket.AF_INET


def address(text):
    """xfrm_address_t"""
    return socket.inet_pton(family_of(text), text).ljust(16, b'\0')


def network(text):
    """Address and length."""
    addr, length = text.split('/')
    return address(addr), int(length)


def selector(family, src=None, dst=None):
    """struct xfrm_selector; None is any."""
    (saddr, slen), (daddr, dlen) = [network(net) if net else (bytes(16), 0)
                                    for net in (src, dst)]
    return daddr + saddr + struct.pack('=8xHBB12x', family, dlen, slen)


def xfrm_id(dst, spi):
    return address(dst) + struct.pack('!IB3x', spi, socket.IPPROTO_ESP)


def usersa_id(dst, spi):
    return address(dst) + struct.pack('!I', spi) + struct.pack(
        '=HBx', family_of(dst), socket.IPPROTO_ESP)


def lifetime(limits):
    """struct xfrm_lifetime_cfg: soft and hard bytes, soft and hard packets."""
    return struct.pack('=4Q32x', *limits)


def usersa_info(dst, spi, src=None, limits=(INF,) * 4, reqid=0,
                mode=MODE.TUNNEL, flags=0, inner=None):
    """The selector is of all packets of a family, that of dst or inner."""
    saddr = address(src) if src else bytes(16)
    family = family_of(dst)
    return (selector(inner or family) + xfrm_id(dst, spi) + saddr + lifetime(limits) +
            struct.pack('=48xIHBxB7x', reqid, family, mode, flags))


def userpolicy_info(family, direction):
    """Of any packets, to be allowed."""
    return (selector(family) + lifetime((INF,) * 4) +
            struct.pack('=40xB7x', direction))


def user_tmpl(src, dst, mode=MODE.TUNNEL, optional=0):
    """Of ESP by any algorithms."""
    return (xfrm_id(dst, 0) + struct.pack('=H2x', family_of(dst)) +
            address(src) + struct.pack('=4xBxBx3I', mode, optional,
                                       *[2 ** 32 - 1] * 3))


def attribute(kind, data):
    head = struct.pack('=HH', NLA_HDRLEN + len(data), kind)
    return head + data + bytes(-len(data) % 4)


def u32(kind, *values):
    return attribute(kind, struct.pack('=%dI' % len(values), *values))


def algorithm(kind, name, key, *icv):
    """struct xfrm_algo, xfrm_algo_auth or xfrm_algo_aead; icv in bits."""
    return attribute(kind, name.encode().ljust(64, b'\0') + struct.pack(
        '=%dI' % (1 + len(icv)), 8 * len(key), *icv) + key)


def aead(key, name='rfc4106(gcm(aes))', icv=128):
    return algorithm(XFRMA.ALG_AEAD, name, key, icv)


def replay_esn(window, oseq=0):
    count = (window + 31) // 32
    return attribute(XFRMA.REPLAY_ESN_VAL, struct.pack(
        '=6I', count, oseq, 0, 0, 0, window) + bytes(4 * count))


def offload(ifindex, flags):
    return attribute(XFRMA.OFFLOAD_DEV, struct.pack('=iB3x', ifindex, flags))


def sa_dir(direction):
    return attribute(XFRMA.SA_DIR, struct.pack('=B', direction))


def message(kind, body, flags=NLM_F_ACK):
    return struct.pack('=IHHII', NLMSG_HDRLEN + len(body), kind,
                       NLM_F_REQUEST | flags, 1, 0) + body


def walk(data, at=0):
    """Offset, type and content of the attributes from an offset on."""
    while at + NLA_HDRLEN <= len(data):
        size, kind = struct.unpack_from('=HH', data, at)
        yield at, kind & NLA_TYPE_MASK, data[at + NLA_HDRLEN:at + size]
        at += (size + 3) & ~3


def attributes(data):
    return {kind: content for _, kind, content in walk(data)}


def open_socket(protocol=NETLINK_XFRM):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
    sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
    return sock


def answer(sock):
    """The data of the kernel's answer, none if that is a mere success."""
    data = sock.recv(65536)
    kind, = struct.unpack_from('=H', data, 4)
    data = data[NLMSG_HDRLEN:]
    if kind != NLMSG_ERROR:
        return data
    error, = struct.unpack_from('=i', data)
    if error:
        raise Refused(-error, attributes(data[4 + NLMSG_HDRLEN:]))
    return b''


def exchange(sock, question):
    sock.send(question)
    return answer(sock)


def ask(question, protocol=NETLINK_XFRM):
    with open_socket(protocol) as sock:
        return exchange(sock, question)


def move(dst, spi, flags, ifindex, extra=b''):
    """Moves an SA, with further attributes."""
    body = usersa_info(dst, spi, limits=(0,) * 4, mode=MODE.TRANSPORT)
    return ask(message(XFRM_MSG.UPDSA, body + offload(ifindex, flags) + extra))
