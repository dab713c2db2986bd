#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
"""Cross-check of the device's ESP with scapy's, in both directions."""

import itertools
import os
import random
import struct
import subprocess
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import (AUTH_ALGOS, ESP, AuthAlgo, CryptAlgo,
                                IPSecIntegrityError, SecurityAssociation)
from scapy.packet import Raw

SEED = 4303
SPI = 0x1234
OUTER = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}
INNER = {4: ("10.0.0.1", "10.0.0.2"), 6: ("fd00::1", "fd00::2")}
SIZES = [*range(0, 21), 64, 500, 1300]
SIZES_PER_CASE = 3
SEQUENCES = [(0, 1), (0, 0x7ffffffe), (1, 0xfffffffe), (1, 0x500000005)]
PORTS = [(0, 0), (4500, 61234)]


def salted(sa, iv, **_):
    return sa.crypt_salt + iv


class Gcm(CryptAlgo):
    """Scapy's own takes ICVs of 16 bytes only."""

    def __init__(self):
        super().__init__("AES-GCM", cipher=algorithms.AES, mode=modes.GCM,
                         block_size=1, iv_size=8, salt_size=4, icv_size=16,
                         format_mode_iv=salted)

    def new_cipher(self, key, mode_iv, digest=None):
        length = len(digest) if digest else 16
        return Cipher(algorithms.AES(key),
                      modes.GCM(mode_iv, digest, length))


class Gmac(CryptAlgo):
    """RFC 4543, which scapy lacks: all is additional data, also the IV."""

    def __init__(self):
        super().__init__("AES-GMAC", cipher=None, mode=None, block_size=1,
                         iv_size=8, salt_size=4, icv_size=16,
                         key_size=(16, 24, 32))

    @staticmethod
    def aad(esp, text, esn_en, esn):
        upper = struct.pack("!L", esn) if esn_en else b""
        return (struct.pack("!L", esp.spi) + upper +
                struct.pack("!L", esp.seq) + text)

    def encrypt(self, sa, esp, key, icv_size=None, esn_en=False, esn=0):
        text = esp.iv + esp.data_for_encryption()
        tag = AESGCM(key).encrypt(sa.crypt_salt + esp.iv, b"",
                                  self.aad(esp, text, esn_en, esn))
        return ESP(spi=esp.spi, seq=esp.seq, data=text + tag)

    def decrypt(self, sa, esp, key, icv_size=None, esn_en=False, esn=0):
        text, tag = esp.data[:-16], esp.data[-16:]
        try:
            AESGCM(key).decrypt(sa.crypt_salt + text[:8], tag,
                                self.aad(esp, text, esn_en, esn))
        except InvalidTag as err:
            raise IPSecIntegrityError(err) from err
        return super().decrypt(sa, esp, key, 16)


class EsnMac:
    """A MAC that takes the upper half of the sequence number last."""

    def __init__(self, mac, esn):
        self.mac, self.esn = mac, esn

    def update(self, data):
        self.mac.update(data)

    def finalize(self):
        self.mac.update(struct.pack("!L", self.esn))
        return self.mac.finalize()


class EsnAuth(AuthAlgo):
    """Scapy's HMAC with the ESN at the end (RFC 4303, 2.8). Before 2.6 Scapy
    leaves it out of ESP; from then on it must not add it once more."""

    def __init__(self, algo, esn):
        super().__init__(algo.name, algo.mac, algo.digestmod, algo.icv_size,
                         algo.key_size)
        self.esn = esn

    def sign(self, pkt, key, esn_en=False, esn=0):
        return super().sign(pkt, key)

    def verify(self, pkt, key, esn_en=False, esn=0):
        return super().verify(pkt, key)

    def new_mac(self, key):
        return EsnMac(super().new_mac(key), self.esn)


class Algorithm:
    """One of enum acme_alg; those with a salt are AEADs."""

    def __init__(self, number, icv, crypt, auth=None, auth_key=0,
                 keys=(16, 24, 32)):
        self.number, self.icv, self.crypt, self.keys = number, icv, crypt, keys
        self.auth, self.auth_key = auth, auth_key
        self.salt = 0 if auth else 4

    def association(self, key, salt, auth_key, esn_en, esn, **more):
        named = isinstance(self.crypt, str)
        sa = SecurityAssociation(
            ESP, spi=SPI, crypt_algo=self.crypt if named else "AES-CBC",
            crypt_key=key + salt if named else None,
            crypt_icv_size=None if self.auth else self.icv,
            auth_algo=self.auth, auth_key=auth_key or None,
            esn_en=bool(esn_en), esn=esn, **more)
        if not named:
            sa.crypt_algo, sa.crypt_key, sa.crypt_salt = self.crypt, key, salt
        if self.auth and esn_en:
            sa.auth_algo = EsnAuth(AUTH_ALGOS[self.auth], esn)
        return sa


ALGORITHMS = [
    Algorithm(1, 8, Gcm()), Algorithm(1, 12, Gcm()), Algorithm(1, 16, Gcm()),
    Algorithm(2, 16, Gmac()),
    Algorithm(3, 16, "CHACHA20-POLY1305", keys=(32,)),
    Algorithm(4, 16, "AES-CBC", "SHA2-256-128", 32),
    Algorithm(5, 24, "AES-CBC", "SHA2-384-192", 48),
    Algorithm(6, 32, "AES-CBC", "SHA2-512-256", 64),
]


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
              IPv6(src=src, dst=dst, fl=0x12345))
    l4 = UDP(sport=5, dport=6) if size % 2 else TCP(sport=5, dport=6)
    return parse(family, bytes(header / l4 / Raw(random.randbytes(size))))


class Case:
    """One SA, known to both sides."""

    def __init__(self, device, algorithm, mode, inner, outer, seq, ports):
        self.device, self.algorithm, self.ports = device, algorithm, ports
        self.mode, self.inner, self.outer = mode, inner, outer
        self.esn, self.seq = seq
        self.key = random.randbytes(random.choice(algorithm.keys))
        self.salt = random.randbytes(algorithm.salt)
        self.auth_key = random.randbytes(algorithm.auth_key)
        src, dst = OUTER[outer]
        header = nat_t = None
        if mode == "tunnel":
            header = (IP if outer == 4 else IPv6)(src=src, dst=dst)
        if ports[0]:
            nat_t = UDP(sport=ports[0], dport=ports[1])
        self.scapy = algorithm.association(
            self.key, self.salt, self.auth_key, self.esn,
            (self.seq + 1) >> 32, tunnel_header=header, nat_t_header=nat_t)

    def __str__(self):
        return (f"alg {self.algorithm.number} icv {self.algorithm.icv} "
                f"{self.mode} {self.inner} in {self.outer} esn {self.esn} "
                f"seq {self.seq:#x} ports {self.ports}")

    def ask(self, direction, data):
        return self.device.ask(direction, self.mode, self.outer, self.esn,
                               self.seq, self.algorithm.number,
                               self.algorithm.icv, self.key.hex(),
                               self.auth_key.hex() or "-",
                               self.salt.hex() or "-", *self.ports,
                               *OUTER[self.outer], data.hex())

    def packet(self, size):
        addresses = INNER if self.mode == "tunnel" else OUTER
        return packet(self.inner, addresses, size)

    def outside_ok(self, sent):
        """What an observer sees of a packet that the device made."""
        if sent[ESP].spi != SPI or sent[ESP].seq != (self.seq + 1) % 2**32:
            return False
        if not self.ports[0]:
            return UDP not in sent
        checksum = sent[UDP].chksum
        del sent[UDP].chksum
        right = parse(self.outer, bytes(sent))[UDP].chksum
        return (sent[UDP].sport, sent[UDP].dport) == self.ports and \
            sent[UDP].len == len(sent[UDP]) and \
            checksum == (0 if self.outer == 4 else right)

    def device_to_scapy(self, size):
        plain = self.packet(size)
        answer = self.ask("out", bytes(plain))
        if answer == "dropped":
            return False
        sent = parse(self.outer, bytes.fromhex(answer))
        if self.ports[0]:
            data = bytes(sent[UDP].payload)
            sent[UDP].remove_payload()
            sent[UDP].add_payload(ESP(data))
        if not self.outside_ok(sent):
            return False
        if self.ports[0]:
            sent = self.without_udp(sent)
        return bytes(self.scapy.decrypt(sent)) == bytes(plain)

    def without_udp(self, sent):
        """Scapy decrypts no ESP in UDP in transport mode."""
        esp = sent[ESP]
        sent.remove_payload()
        sent = sent / ESP(bytes(esp))
        if self.outer == 4:
            sent.proto = 50
            del sent.len, sent.chksum
        else:
            sent.nh = 50
            del sent.plen
        return parse(self.outer, bytes(sent))

    def encrypted(self, plain):
        sent = self.scapy.encrypt(plain, seq_num=(self.seq + 1) % 2**32)
        if self.ports[0]:
            # Scapy fixes the length before there is a payload.
            sent[UDP].len = len(sent[UDP])
        return bytes(sent)

    def scapy_to_device(self, size):
        plain = self.packet(size)
        return self.ask("in", self.encrypted(plain)) == bytes(plain).hex()

    def tampered(self, size):
        sent = bytearray(self.encrypted(self.packet(size)))
        sent[-1 - random.randrange(self.algorithm.icv)] ^= 1
        return self.ask("in", bytes(sent)) == "dropped"


def cases(device):
    for algorithm, inner, outer, seq, ports in itertools.product(
            ALGORITHMS, (4, 6), (4, 6), SEQUENCES, PORTS):
        yield Case(device, algorithm, "tunnel", inner, outer, seq, ports)
        if inner == outer:
            yield Case(device, algorithm, "transport", inner, outer, seq,
                       ports)


def main():
    random.seed(SEED)
    device = Device()
    print("1..3")
    print(f"# seed {SEED}")
    failed = 0
    for nr, check in enumerate((Case.device_to_scapy, Case.scapy_to_device,
                                Case.tampered), 1):
        bad = [f"{case} size {size}" for case in cases(device)
               for size in random.sample(SIZES, SIZES_PER_CASE)
               if not check(case, size)]
        for line in bad[:5]:
            print("#", line)
        print("not ok" if bad else "ok", nr, "-", check.__name__)
        failed += bool(bad)
    if device.close():
        print("# esp_lines failed")
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
