#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Asks XFRM about one SA what ip can't ask.

usage: saops.py getae {DST SPI}...
       saops.py setae DST SPI [OSEQ]
       saops.py move DST SPI FLAGS DEV [ATTRIBUTE]
       saops.py migrate SRC DST MODE REQID DIR SELSRC SELDST NEWSRC NEWDST

"getae" prints replay state and lifetimes as XFRM_MSG_GETAE tells them, "setae"
sets a replay state, OSEQ being the last number sent. "move" sends XFRM_MSG_UPDSA
with the identity and XFRMA_OFFLOAD_DEV, DEV "-" for none, and an attribute of zeros
of this number, if given. "migrate" gives SAs and policy other ends. Selectors are
ADDRESS/LENGTH.

What the kernel answers is printed as ip prints it; exit status 0 if it did what
was asked.
"""

import ipaddress
import os
import socket
import struct
import sys

from newsa import ESP, NLM_F_ACK, NLM_F_REQUEST, NETLINK_XFRM, NLMSG_ERROR, \
    XFRMA_OFFLOAD_DEV, ask, attribute

NLM_F_REPLACE = 0x100
XFRM_MSG_UPDSA, XFRM_MSG_NEWAE, XFRM_MSG_GETAE = 0x1a, 0x1e, 0x1f
XFRM_MSG_MIGRATE = 0x21
XFRMA_LTIME_VAL, XFRMA_REPLAY_VAL, XFRMA_MIGRATE = 9, 10, 17
XFRMA_REPLAY_ESN_VAL = 23
XFRM_AE_RVAL, XFRM_AE_LVAL = 2, 4
MODES = {'transport': 0, 'tunnel': 1}
DIRECTIONS = {'in': 0, 'out': 1, 'fwd': 2}


def family(text):
    return socket.AF_INET6 if ':' in text else socket.AF_INET


def address(text):
    return ipaddress.ip_address(text).packed.ljust(16, b'\0')


def message(kind, body, flags=NLM_F_ACK):
    return struct.pack('=IHHII', 16 + len(body), kind, NLM_F_REQUEST | flags, 1,
                       0) + body


def ae_request(kind, dst, spi, attributes=b'', flags=NLM_F_ACK):
    ident = address(dst) + struct.pack('!I', spi) + struct.pack(
        '=HBx', family(dst), ESP)
    return message(kind, ident + bytes(16) + struct.pack(
        '=II', XFRM_AE_RVAL | XFRM_AE_LVAL, 0) + attributes, flags)


def attributes_of(data):
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from('=HH', data)
        found[kind] = data[4:size]
        data = data[(size + 3) & ~3:]
    return found


def getae(*identities):
    for dst, spi in zip(identities[::2], identities[1::2]):
        error = getae_of(dst, spi)
        if error:
            return error, ''
    return 0, ''


def getae_of(dst, spi):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                       NETLINK_XFRM) as sock:
        sock.send(ae_request(XFRM_MSG_GETAE, dst, int(spi, 0), flags=0))
        answer = sock.recv(65536)
    kind, = struct.unpack_from('=H', answer, 4)
    if kind == NLMSG_ERROR:
        return -struct.unpack_from('=i', answer, 16)[0]
    found = attributes_of(answer[16 + 48:])
    for number in (XFRMA_REPLAY_VAL, XFRMA_REPLAY_ESN_VAL):
        if number in found:
            print('replay', *struct.unpack(
                '=%dI' % (len(found[number]) // 4), found[number]))
    print('bytes %d packets %d add %d use %d'
          % struct.unpack('=4Q', found[XFRMA_LTIME_VAL]))
    return 0


def setae(dst, spi, oseq=0):
    replay = attribute(XFRMA_REPLAY_VAL, struct.pack('=3I', int(oseq), 7, 0))
    return ask(ae_request(XFRM_MSG_NEWAE, dst, int(spi, 0), replay,
                          NLM_F_ACK | NLM_F_REPLACE))


def move(dst, spi, flags, dev, extra=None):
    ident = address(dst) + struct.pack('!IB3x', int(spi, 0), ESP)
    rest = struct.pack('=IIHBBB', 0, 0, family(dst), 0, 0, 0)
    body = (bytes(56) + ident + bytes(16 + 64 + 32 + 12) + rest).ljust(224,
                                                                      b'\0')
    ifindex = 0 if dev == '-' else socket.if_nametoindex(dev)
    body += attribute(XFRMA_OFFLOAD_DEV,
                      struct.pack('=iB3x', ifindex, int(flags, 0)))
    if extra:
        body += attribute(int(extra), bytes(80))
    return ask(message(XFRM_MSG_UPDSA, body))


def selector(src, dst):
    ends = [end.split('/') for end in (src, dst)]
    return address(ends[1][0]) + address(ends[0][0]) + struct.pack(
        '=8xHBB12x', family(src), int(ends[1][1]), int(ends[0][1]))


def migrate(src, dst, mode, reqid, direction, *rest):
    sel_src, sel_dst, new_src, new_dst = rest
    body = selector(sel_src, sel_dst) + struct.pack(
        '=IB3x', 0, DIRECTIONS[direction])
    ends = b''.join(map(address, (dst, src, new_dst, new_src)))
    body += attribute(XFRMA_MIGRATE, ends + struct.pack(
        '=BBHIHH', ESP, MODES[mode], 0, int(reqid), family(dst),
        family(new_dst)))
    return ask(message(XFRM_MSG_MIGRATE, body))


def main():
    commands = {'getae': getae, 'setae': setae, 'move': move,
                'migrate': migrate}
    error, text = commands[sys.argv[1]](*sys.argv[2:])
    if error:
        print('Error: %s (%s)' % (text, os.strerror(error)))
    return 1 if error else 0


if __name__ == '__main__':
    sys.exit(main())
