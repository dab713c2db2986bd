#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Adds and deletes an SA while one memory allocation after the other fails.

usage: failing_allocs.py DEV out|in

In each round the kernel's next allocation on behalf of this process fails, the
next but one, and so on, until a request gets along without meeting the failure.
Needs a kernel with fault injection. Exit status 0 when that point was reached
and SAs were both refused and added on the way.
"""

import errno
import os
import socket
import struct
import sys

import newsa

XFRM_MSG_DELSA = 0x11
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


def delete_request():
    return newsa.message(XFRM_MSG_DELSA, newsa.NLM_F_ACK,
                         newsa.address('10.0.0.2') +
                         struct.pack('!I', newsa.SPI) +
                         struct.pack('=HBx', socket.AF_INET, newsa.ESP))


def answer_of(sock):
    """The errno that the kernel answered; also when the answer got lost."""
    try:
        data = sock.recv(65536)
    except OSError as error:
        return error.errno
    return -struct.unpack_from('=i', data, 16)[0]


def ask_with_fault(message, nth):
    """The answer's errno, and whether an allocation has failed."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                       newsa.NETLINK_XFRM) as sock:
        sock.settimeout(PATIENCE)
        fault = os.open(FAULT, os.O_RDWR)
        os.write(fault, b'%d' % nth)
        try:
            sock.send(message)
            error = None
        except OSError as failure:
            error = failure.errno
        left = int(os.pread(fault, 20, 0))
        os.write(fault, b'0')
        os.close(fault)
        return answer_of(sock) if error is None else error, left == 0


def exists():
    """Deletes the SA; whether it was there."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                       newsa.NETLINK_XFRM) as sock:
        sock.settimeout(PATIENCE)
        sock.send(delete_request())
        return answer_of(sock) == 0


def rounds(dev, flags, direction):
    """How often the SA was refused, and added."""
    refused = added = 0
    for nth in range(1, MAX_ROUNDS):
        message = newsa.flagged(dev, flags, direction)
        error, failed = ask_with_fault(message, nth)
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


def main():
    dev, direction = sys.argv[1:]
    prepare()
    flags = newsa.XFRM_OFFLOAD_FULL
    if direction == 'in':
        flags |= newsa.XFRM_OFFLOAD_INBOUND
    refused, added = rounds(dev, flags, direction)
    print(f'refused {refused} times, added {added} times')
    return 0 if refused and added else 1


if __name__ == '__main__':
    sys.exit(main())
