#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""A BPF program that redirects all that leaves by a device to another one.

usage: redirect.py FROM TO

Prints "ready", and ends on SIGTERM, the program with it.
"""

import ctypes
import os
import signal
import socket
import struct
import sys

# linux/bpf.h
NR_BPF = 321
BPF_PROG_LOAD, BPF_LINK_CREATE = 5, 28
BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_EGRESS = 3, 47
BPF_FUNC_REDIRECT = 23

LIBC = ctypes.CDLL(None, use_errno=True)


def bpf(command, data):
    attr = ctypes.create_string_buffer(data.ljust(144, b'\0'))
    result = LIBC.syscall(NR_BPF, command, attr, len(attr.raw) - 1)
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return result


def instruction(code, dst=0, imm=0):
    return struct.pack('=BBhi', code, dst, 0, imm)


def program(ifindex):
    """return bpf_redirect(ifindex, 0);"""
    return (instruction(0xb7, 1, ifindex) + instruction(0xb7, 2, 0) +
            instruction(0x85, 0, BPF_FUNC_REDIRECT) + instruction(0x95))


def load(code):
    text = ctypes.create_string_buffer(code)
    name = ctypes.create_string_buffer(b'GPL')
    return bpf(BPF_PROG_LOAD, struct.pack(
        '=IIQQ', BPF_PROG_TYPE_SCHED_CLS, len(code) // 8,
        ctypes.addressof(text), ctypes.addressof(name)))


def main():
    source, target = map(socket.if_nametoindex, sys.argv[1:])
    prog = load(program(target))
    bpf(BPF_LINK_CREATE, struct.pack('=IIII', prog, source, BPF_TCX_EGRESS, 0))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print('ready', flush=True)
    signal.pause()


if __name__ == '__main__':
    main()
