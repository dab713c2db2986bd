#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Adds SAs with offload in ways that ip does not.

usage: newsa.py DEV FLAGS DIR
       newsa.py aged DEV

FLAGS are those of struct xfrm_user_offload, DIR the SA's own direction: in, out
or none. "aged" adds a tunnel with full offload, by AES-GCM, for each line of the
standard input:

  DIR SRC DST SPI REQID KEY PACKETS BYTES LIMITS

It has had PACKETS and BYTES; LIMITS are soft and hard ones of bytes, then of
packets, separated by commas, 0 for none. What the kernel answers is printed as ip
prints it; exit status 0 when the SAs were added.
"""

import os
import socket
import struct
import sys
import time

from xfrm_nl import INF, OFFLOAD, SA_DIR, XFRM_MSG, XFRMA, Refused, aead, ask, \
    attribute, message, offload, replay_esn, sa_dir, usersa_info


def flagged(dev, flags, direction):
    body = usersa_info('10.0.0.2', 0x28009, '10.0.0.1')
    body += aead(os.urandom(20))
    body += offload(socket.if_nametoindex(dev), int(flags, 0))
    if direction != 'none':
        body += sa_dir(SA_DIR[direction.upper()])
    return message(XFRM_MSG.NEWSA, body)


def aged(dev, direction, src, dst, *rest):
    spi, reqid, key, packets, size, limits = rest
    flags, window = OFFLOAD.FULL, b''
    if direction == 'in':
        flags |= OFFLOAD.INBOUND
        window = replay_esn(64)
    limits = [int(limit, 0) or INF for limit in limits.split(',')]
    used = struct.pack('=4Q', int(size, 0), int(packets, 0),
                       int(time.time()), 0)
    return message(
        XFRM_MSG.NEWSA,
        usersa_info(dst, int(spi, 0), src, limits, int(reqid)) +
        aead(bytes.fromhex(key[2:])) + attribute(XFRMA.LTIME_VAL, used) +
        window + offload(socket.if_nametoindex(dev), flags) +
        sa_dir(SA_DIR[direction.upper()]))


def main():
    if sys.argv[1] == 'aged':
        questions = [aged(sys.argv[2], *line.split()) for line in sys.stdin]
    else:
        questions = [flagged(*sys.argv[1:])]
    try:
        for question in questions:
            ask(question)
    except Refused as refusal:
        print(refusal)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
