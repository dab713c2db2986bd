#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
"""Cross-check of the device's ESP with scapy's, in both directions."""

import itertools
import os
import random
import subprocess
import sys

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import Raw

SEED = 4303
SPI = 0x1234
OUTER = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}
INNER = {4: ("10.0.0.1", "10.0.0.2"), 6: ("fd00::1", "fd00::2")}
PAYLOADS = [*range(0, 21), 64, 500, 1300]
SEQUENCES = [(0, 1), (0, 0x7ffffffe), (1, 0xfffffffe), (1, 0x500000005)]


class Device:
    """The device's core: a line in, a line out."""

    def __init__(self):
        path = os.path.join(os.environ["ACME_DIR"], "tests", "esp_lines")
        self.child = subprocess.Popen([path], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.child.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def close(self):
        self.child.stdin.close()
        return self.child.wait()


def parse(family, data):
    return (IP if family == 4 else IPv6)(data)


def packet(family, addresses, size):
    src, dst = addresses[family]
    header = (IP(src=src, dst=dst, id=7) if family == 4 else
              IPv6(src=src, dst=dst))
    l4 = UDP(sport=5, dport=6) if size % 2 else TCP(sport=5, dport=6)
    return parse(family, bytes(header / l4 / Raw(random.randbytes(size))))


class Case:
    """One SA, known to both sides."""

    def __init__(self, device, mode, inner, outer, esn, seq):
        self.device = device
        self.mode, self.inner, self.outer = mode, inner, outer
        self.esn, self.seq = esn, seq
        self.key = random.randbytes(random.choice([16, 32]))
        self.salt = random.randbytes(4)
        src, dst = OUTER[outer]
        header = None
        if mode == "tunnel":
            header = (IP if outer == 4 else IPv6)(src=src, dst=dst)
        self.scapy = SecurityAssociation(
            ESP, spi=SPI, crypt_algo="AES-GCM",
            crypt_key=self.key + self.salt, tunnel_header=header,
            esn_en=bool(esn), esn=(seq + 1) >> 32)

    def ask(self, direction, data):
        return self.device.ask(direction, self.mode, self.outer, self.esn,
                               self.seq, self.key.hex(), self.salt.hex(),
                               *OUTER[self.outer], data.hex())

    def packet(self, size):
        addresses = INNER if self.mode == "tunnel" else OUTER
        return packet(self.inner, addresses, size)

    def device_to_scapy(self, size):
        plain = self.packet(size)
        answer = self.ask("out", bytes(plain))
        if answer == "dropped":
            return False
        sent = parse(self.outer, bytes.fromhex(answer))
        if sent[ESP].spi != SPI or sent[ESP].seq != (self.seq + 1) % 2**32:
            return False
        return bytes(self.scapy.decrypt(sent)) == bytes(plain)

    def scapy_to_device(self, size):
        plain = self.packet(size)
        sent = self.scapy.encrypt(plain, seq_num=(self.seq + 1) % 2**32)
        return self.ask("in", bytes(sent)) == bytes(plain).hex()

    def tampered(self, size):
        plain = self.packet(size)
        sent = bytearray(bytes(self.scapy.encrypt(
            plain, seq_num=(self.seq + 1) % 2**32)))
        sent[-1 - random.randrange(16)] ^= 1
        return self.ask("in", bytes(sent)) == "dropped"


def cases(device):
    for inner, outer, (esn, seq) in itertools.product((4, 6), (4, 6),
                                                      SEQUENCES):
        yield Case(device, "tunnel", inner, outer, esn, seq)
        if inner == outer:
            yield Case(device, "transport", inner, outer, esn, seq)


def main():
    random.seed(SEED)
    device = Device()
    print("1..3")
    print(f"# seed {SEED}")
    failed = 0
    for nr, check in enumerate((Case.device_to_scapy, Case.scapy_to_device,
                                Case.tampered), 1):
        bad = [(case.mode, case.inner, case.outer, case.esn, hex(case.seq),
                size)
               for case in cases(device) for size in PAYLOADS
               if not check(case, size)]
        for line in bad[:5]:
            print("#", *line)
        print("not ok" if bad else "ok", nr, "-", check.__name__)
        failed += bool(bad)
    if device.close():
        print("# esp_lines failed")
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
