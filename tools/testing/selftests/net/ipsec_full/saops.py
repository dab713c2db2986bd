#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Asks XFRM about one SA what ip can't ask.

usage: saops.py getae {DST SPI}...
       saops.py setae DST SPI [OSEQ]
       saops.py move DST SPI FLAGS DEV [ATTRIBUTE]
       saops.py migrate DIR SELSRC SELDST {SRC DST MODE REQID NEWSRC NEWDST}...

"getae" prints a line for each SA, as XFRM_MSG_GETAE tells it: packets, bytes, times
of adding and of first use, the highest sequence numbers in and out, and the bitmap
of the replay window. "setae" sets a replay state, OSEQ being the last number sent.
"move" sends XFRM_MSG_UPDSA with the identity and XFRMA_OFFLOAD_DEV, DEV "-" for
none, and an attribute of zeros of this number, if given. "migrate" gives SAs and
policy other ends. Selectors are ADDRESS/LENGTH.

What the kernel answers is printed as ip prints it; exit status 0 if it did what
was asked.
"""

import socket
import struct
import sys

import xfrm_nl
from xfrm_nl import MODE, POLICY, XFRM_MSG, XFRMA, Refused, address, ask, \
    attribute, attributes, family_of, message, selector, usersa_id

XFRM_AE_RVAL, XFRM_AE_LVAL = 2, 4


def aevent_id(dst, spi):
    return usersa_id(dst, int(spi, 0)) + struct.pack(
        '=16xII', XFRM_AE_RVAL | XFRM_AE_LVAL, 0)


def replay_of(found):
    """Highest numbers in and out, and the bitmap."""
    if XFRMA.REPLAY_VAL in found:
        oseq, seq, bitmap = struct.unpack('=3I', found[XFRMA.REPLAY_VAL])
        return seq, oseq, [bitmap]
    state = found[XFRMA.REPLAY_ESN_VAL]
    _, oseq, seq, oseq_hi, seq_hi, _, *bitmap = struct.unpack(
        '=%dI' % (len(state) // 4), state)
    return seq_hi << 32 | seq, oseq_hi << 32 | oseq, bitmap


def getae(*identities):
    for dst, spi in zip(identities[::2], identities[1::2]):
        request = aevent_id(dst, spi)
        found = attributes(ask(message(XFRM_MSG.GETAE, request, 0))
                           [len(request):])
        size, packets, added, used = struct.unpack('=4Q',
                                                   found[XFRMA.LTIME_VAL])
        print('packets %d bytes %d add %d use %d' % (packets, size, added,
                                                     used), end=' ')
        seq, oseq, bitmap = replay_of(found)
        print('seq %d oseq %d bitmap' % (seq, oseq),
              ' '.join('%08x' % word for word in bitmap))


def setae(dst, spi, oseq=0):
    replay = attribute(XFRMA.REPLAY_VAL, struct.pack('=3I', int(oseq), 7, 0))
    ask(message(XFRM_MSG.NEWAE, aevent_id(dst, spi) + replay,
                xfrm_nl.NLM_F_ACK | xfrm_nl.NLM_F_REPLACE))


def move(dst, spi, flags, dev, extra=None):
    xfrm_nl.move(dst, int(spi, 0), int(flags, 0),
                 0 if dev == '-' else socket.if_nametoindex(dev),
                 attribute(int(extra), bytes(80)) if extra else b'')


def migrated(src, dst, mode, reqid, new_src, new_dst):
    ends = b''.join(map(address, (dst, src, new_dst, new_src)))
    return ends + struct.pack('=BBHIHH', socket.IPPROTO_ESP, MODE[mode.upper()],
                              0, int(reqid), family_of(dst), family_of(new_dst))


def migrate(direction, sel_src, sel_dst, *entries):
    body = selector(family_of(sel_src), sel_src, sel_dst) + struct.pack(
        '=IB3x', 0, POLICY[direction.upper()])
    body += attribute(XFRMA.MIGRATE, b''.join(
        migrated(*entries[i:i + 6]) for i in range(0, len(entries), 6)))
    ask(message(XFRM_MSG.MIGRATE, body))


def main():
    commands = {'getae': getae, 'setae': setae, 'move': move,
                'migrate': migrate}
    try:
        commands[sys.argv[1]](*sys.argv[2:])
    except Refused as refusal:
        print(refusal)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
