# SPDX-License-Identifier: GPL-2.0
"""Build and take apart XFRM netlink messages (include/uapi/linux/xfrm.h)."""

import ipaddress
import struct

NEWSA, DELSA, GETSA, NEWPOLICY, DELPOLICY, GETPOLICY, ALLOCSPI = range(16, 23)
EXPIRE, UPDPOLICY, UPDSA = 24, 25, 26
NEWOFFLOAD, GETOFFLOAD, OFFLOADEVENT = 42, 43, 44

A_AUTH, A_CRYPT, A_COMP, A_ENCAP, A_TMPL, A_SA = 1, 2, 3, 4, 5, 6
A_SEC_CTX, A_REPLAY_VAL, A_COADDR, A_LASTUSED = 8, 10, 14, 15
A_POLICY_TYPE, A_AEAD, A_AUTH_TRUNC, A_MARK = 16, 18, 20, 21
A_TFCPAD, A_REPLAY_ESN, A_EXTRA_FLAGS, A_OFFLOAD = 22, 23, 24, 28
A_OUTPUT_MARK, A_MARK_MASK, A_IF_ID, A_SA_DIR = 29, 30, 31, 33
A_FULL = 42
NESTED = 0x8000

IPV6, INBOUND, PACKET, FULL = 1, 2, 4, 8
DROP, MOVE, SOFTWARE, FALLBACK = 16, 32, 64, 128
INF = 2**64 - 1
NO_LIMITS = (INF, INF, INF, INF, 0, 0, 0, 0)

SA_SIZE, POLICY_SIZE, SA_ID_SIZE, SPI_SIZE = 224, 168, 24, 232
FIXED = {NEWSA: SA_SIZE, UPDSA: SA_SIZE, NEWPOLICY: POLICY_SIZE,
         UPDPOLICY: POLICY_SIZE, ALLOCSPI: SPI_SIZE, GETOFFLOAD: 4}


def addr(text):
    return ipaddress.ip_address(text).packed.ljust(16, b"\0")


def attr(kind, data):
    head = struct.pack("=HH", 4 + len(data), kind)
    return head + data + bytes(-len(data) % 4)


def nest(kind, *attrs):
    return attr(kind | NESTED, b"".join(attrs))


def u16s(kind, *values):
    return attr(kind, struct.pack("=%dH" % len(values), *values))


def u32(kind, value):
    return attr(kind, struct.pack("=I", value))


def message(kind, fixed, *attrs):
    body = fixed.ljust(-(-len(fixed) // 4) * 4, b"\0") + b"".join(attrs)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def selector(src="0.0.0.0", dst="0.0.0.0", slen=0, dlen=0, proto=0,
             sport=None, dport=None, ifindex=0, family=2, user=0):
    return addr(dst) + addr(src) + struct.pack(
        "!HHHH", dport or 0, 0xffff if dport else 0,
        sport or 0, 0xffff if sport else 0) + struct.pack(
        "=HBBB3xiI", family, dlen, slen, proto, ifindex, user)


def sa(src="10.0.0.1", dst="10.0.0.2", spi=0x100, proto=50, mode=1, reqid=1,
       family=2, window=0, flags=0, seq=0, sel=bytes(56), lft=NO_LIMITS,
       cur=(0, 0, 0, 0), stats=(0, 0, 0)):
    return (sel + addr(dst) + struct.pack("!IB3x", spi, proto) + addr(src) +
            struct.pack("=8Q4Q3I", *lft, *cur, *stats) +
            struct.pack("!I", seq) +
            struct.pack("=IHBBB7x", reqid, family, mode, window, flags))


def sa_id(dst="10.0.0.2", spi=0x100, family=2, proto=50):
    return addr(dst) + struct.pack("!I", spi) + struct.pack(
        "=HBx", family, proto)


def policy(sel, direction=1, action=0, priority=0, index=9, flags=0,
           lft=NO_LIMITS, cur=(0, 0, 0, 0), share=0):
    return sel + struct.pack("=8Q4QIIBBBB4x", *lft, *cur, priority, index,
                             direction, action, flags, share)


def template(src="10.0.0.1", dst="10.0.0.2", spi=0, proto=50, family=2,
             reqid=1, mode=1, optional=0):
    return (addr(dst) + struct.pack("!IB3x", spi, proto) +
            struct.pack("=H2x", family) + addr(src) +
            struct.pack("=IBBBx3I", reqid, mode, 0, optional,
                        0xffffffff, 0xffffffff, 0xffffffff))


def offload(ifindex, flags):
    return attr(A_OFFLOAD, struct.pack("=iB3x", ifindex, flags))


def algo(kind, name, key, extra=None):
    head = name.encode().ljust(64, b"\0") + struct.pack("=I", len(key) * 8)
    if extra is not None:
        head += struct.pack("=I", extra)
    return attr(kind, head + key)


def replay_esn(bitmap, oseq=0, seq=0, oseq_hi=0, seq_hi=0, window=0):
    return attr(A_REPLAY_ESN, struct.pack(
        "=6I", len(bitmap), oseq, seq, oseq_hi, seq_hi, window) +
        struct.pack("=%dI" % len(bitmap), *bitmap))


def split(data):
    """Yield (type, fixed part, {attribute: payload}) of each request."""
    while data:
        length, kind = struct.unpack_from("=IH", data)
        body, data = data[16:length], data[length:]
        size = FIXED.get(kind, 0)
        attrs, rest = {}, body[size:]
        while size and rest:
            alen, akind = struct.unpack_from("=HH", rest)
            attrs[akind] = rest[4:alen]
            rest = rest[-(-alen // 4) * 4:]
        yield kind, body[:size], attrs
