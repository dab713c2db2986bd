#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""Adds or moves an SA while one memory allocation after the other fails.

usage: failing_allocs.py DEV out|in
       failing_allocs.py move DEV out|in

In each round the kernel's next allocation on behalf of this process fails, the
next but one, and so on, until a request gets along without meeting the failure.
Needs a kernel with fault injection. Exit status 0 when that point was reached
and SAs were both refused and added on the way; with "move", when a live SA went
into the NIC and out again, each both refused and done, and was always where the
kernel's answer said.
"""

import errno
import os
import socket
import sys

from watch import INFO_SIZE, place_of
from xfrm_nl import MODE, OFFLOAD, SA_DIR, XFRM_MSG, aead, answer, ask, message, \
    offload, open_socket, sa_dir, usersa_id, usersa_info

SRC, DST, SPI = '10.0.0.1', '10.0.0.2', 0x28009
FAULT = '/proc/thread-self/fail-nth'
DEBUGFS = '/sys/kernel/debug'
MAX_ROUNDS = 500
PATIENCE = 10


def prepare():
    """Allocations that may sleep shall fail too, and without a word."""
    for kind in 'failslab', 'fail_page_alloc':
        for name, value in ('ignore-gfp-wait', 'N'), ('verbose', '0'):
            with open(f'{DEBUGFS}/{kind}/{name}', 'w') as file:
                file.write(value)


def add_request(dev, direction):
    flags = OFFLOAD.FULL | (OFFLOAD.INBOUND if direction == 'in' else 0)
    return message(XFRM_MSG.NEWSA, usersa_info(DST, SPI, SRC) +
                   aead(os.urandom(20)) +
                   offload(socket.if_nametoindex(dev), flags) +
                   sa_dir(SA_DIR[direction.upper()]))


def errno_of(sock):
    """What the kernel answered; also when the answer got lost."""
    try:
        answer(sock)
    except OSError as error:
        return error.errno
    return 0


def ask_with_fault(question, nth):
    """The answer's errno, and whether an allocation has failed."""
    with open_socket() as sock:
        sock.settimeout(PATIENCE)
        fault = os.open(FAULT, os.O_RDWR)
        os.write(fault, b'%d' % nth)
        try:
            sock.send(question)
            error = None
        except OSError as failure:
            error = failure.errno
        left = int(os.pread(fault, 20, 0))
        os.write(fault, b'0')
        os.close(fault)
        return errno_of(sock) if error is None else error, left == 0


def exists():
    """Deletes the SA; whether it was there."""
    with open_socket() as sock:
        sock.settimeout(PATIENCE)
        sock.send(message(XFRM_MSG.DELSA, usersa_id(DST, SPI)))
        return errno_of(sock) == 0


def rounds(dev, direction):
    """How often the SA was refused, and added."""
    refused = added = 0
    for nth in range(1, MAX_ROUNDS):
        error, failed = ask_with_fault(add_request(dev, direction), nth)
        there = exists()
        if there != (error == 0) and error != errno.ENOBUFS:
            sys.exit(f'allocation {nth} failed: the answer was '
                     f'{os.strerror(error)}, the SA is '
                     + ('there' if there else 'not there'))
        refused += not there
        added += there
        if not failed:
            return refused, added
    sys.exit(f'no end after {MAX_ROUNDS} rounds')


def add_in_software(direction):
    ask(message(XFRM_MSG.NEWSA, usersa_info(DST, SPI, SRC) +
                aead(os.urandom(20)) + sa_dir(SA_DIR[direction.upper()])))


def move_request(place, dev, direction):
    body = usersa_info(DST, SPI, limits=(0,) * 4, mode=MODE.TRANSPORT)
    if place == 'software':
        return message(XFRM_MSG.UPDSA, body +
                       offload(0, OFFLOAD.MOVE | OFFLOAD.SOFTWARE))
    flags = OFFLOAD.FULL | (OFFLOAD.INBOUND if direction == 'in' else 0)
    return message(XFRM_MSG.UPDSA, body + offload(
        socket.if_nametoindex(dev), OFFLOAD.MOVE | flags))


def place():
    """An SA that was never asked to leave software has no place."""
    info = ask(message(XFRM_MSG.GETSA, usersa_id(DST, SPI), 0))
    return place_of(info[INFO_SIZE:]) or 'software'


def move_rounds(request, home, there):
    """How often the SA refused to go, and went."""
    stayed = moved = 0
    for nth in range(1, MAX_ROUNDS):
        error, failed = ask_with_fault(request[there], nth)
        now = place()
        if now not in (home, there) or error != errno.ENOBUFS and \
                (now == there) != (error == 0):
            sys.exit(f'allocation {nth} failed: the answer was '
                     f'{os.strerror(error)}, the SA is at {now}')
        if now == there:
            ask(request[home])
        stayed += now == home
        moved += now == there
        if not failed:
            return stayed, moved
    sys.exit(f'no end after {MAX_ROUNDS} rounds')


def move(dev, direction):
    """Into the NIC and home; then the other way."""
    request = {at: move_request(at, dev, direction)
               for at in ('software', 'device')}
    done = True
    add_in_software(direction)
    for home, there in ('software', 'device'), ('device', 'software'):
        ask(request[home])
        stayed, moved = move_rounds(request, home, there)
        print(f'to {there}: stayed {stayed} times, moved {moved} times')
        done = done and stayed and moved
    return done and exists()


def add(dev, direction):
    refused, added = rounds(dev, direction)
    print(f'refused {refused} times, added {added} times')
    return refused and added


def main():
    prepare()
    if sys.argv[1] == 'move':
        return 0 if move(*sys.argv[2:]) else 1
    return 0 if add(*sys.argv[1:]) else 1


if __name__ == '__main__':
    sys.exit(main())
