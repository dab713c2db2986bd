# SPDX-License-Identifier: GPL-2.0
"""ESP as a packet and a key have it: all algorithms that the tests use.

By python3-cryptography, which has nothing in common with the kernel, ipsec-mb or
scapy's ESP.
"""

import hashlib
import hmac
import re
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import (AESGCM,
                                                         ChaCha20Poly1305)

HEADER_LEN, SALT_LEN = 8, 4
GCM, GMAC = 'rfc4106(gcm(aes))', 'rfc4543(gcm(aes))'
CHACHA = 'rfc7539esp(chacha20,poly1305)'
CBC = 'cbc(aes)'
HASHES = {'hmac(sha256)': 'sha256', 'hmac(sha384)': 'sha384',
          'hmac(sha512)': 'sha512'}
NAMES = {GCM: 'AES-GCM', GMAC: 'AES-GMAC', CHACHA: 'ChaCha20-Poly1305',
         CBC: 'AES-CBC'}


class Unknown(Exception):
    """There is no such algorithm here."""


def padded(content, block, proto, pad=None):
    """Plaintext: content, padding, trailer; PAD is the padding if given."""
    if pad is None:
        pad = bytes(range(1, -(len(content) + 2) % block + 1))
    return content + pad + bytes([len(pad), proto])


class AesGcm:
    """RFC 4106; ICVs of 8, 12 or 16 bytes."""

    iv_len, block = 8, 4

    def __init__(self, key, icv_len):
        self.key, self.salt = key[:-SALT_LEN], key[-SALT_LEN:]
        self.icv_len = icv_len
        self.gcm = AESGCM(self.key)

    def seal(self, aad, _high, init, plain):
        body = self.gcm.encrypt(self.salt + init, plain, aad)
        return body[:len(plain) + self.icv_len]

    def open(self, aad, _high, init, body):
        if self.icv_len == 16:
            return self.gcm.decrypt(self.salt + init, body, aad)
        mode = modes.GCM(self.salt + init, body[-self.icv_len:],
                         min_tag_length=self.icv_len)
        gcm = Cipher(algorithms.AES(self.key), mode).decryptor()
        gcm.authenticate_additional_data(aad)
        return gcm.update(body[:-self.icv_len]) + gcm.finalize()


class AesGmac(AesGcm):
    """RFC 4543: what would be ciphertext is authenticated, as is the IV."""

    def seal(self, aad, _high, init, plain):
        return plain + self.gcm.encrypt(self.salt + init, b'',
                                        aad + init + plain)

    def open(self, aad, _high, init, body):
        plain, icv = body[:-self.icv_len], body[-self.icv_len:]
        self.gcm.decrypt(self.salt + init, icv, aad + init + plain)
        return plain


class ChaCha(AesGcm):
    """RFC 7634."""

    def __init__(self, key, icv_len):
        self.salt, self.icv_len = key[-SALT_LEN:], icv_len
        self.gcm = ChaCha20Poly1305(key[:-SALT_LEN])


class AesCbcHmac:
    """RFC 3602 with RFC 4868; the upper half of an ESN comes last."""

    iv_len, block = 16, 16

    def __init__(self, key, icv_len, auth_key, digest):
        self.key, self.icv_len = key, icv_len
        self.auth_key, self.digest = auth_key, digest

    def icv(self, aad, high, init, body):
        data = aad[:4] + aad[-4:] + init + body + high
        mac = hmac.new(self.auth_key, data, getattr(hashlib, self.digest))
        return mac.digest()[:self.icv_len]

    def seal(self, aad, high, init, plain):
        cbc = Cipher(algorithms.AES(self.key), modes.CBC(init)).encryptor()
        body = cbc.update(plain) + cbc.finalize()
        return body + self.icv(aad, high, init, body)

    def open(self, aad, high, init, body):
        body, icv = body[:-self.icv_len], body[-self.icv_len:]
        if icv != self.icv(aad, high, init, body):
            raise InvalidTag
        cbc = Cipher(algorithms.AES(self.key), modes.CBC(init)).decryptor()
        return cbc.update(body) + cbc.finalize()


class Esp:
    """One SA's cryptography; AUTH and AUTH_KEY only if CIPHER is not an AEAD."""

    aeads = {GCM: AesGcm, GMAC: AesGmac, CHACHA: ChaCha}

    def __init__(self, cipher, key, icv_bits, esn=False, auth=None,
                 auth_key=b''):
        self.name, self.auth, self.esn = cipher, auth, esn
        self.key, self.auth_key = key, auth_key
        if cipher in self.aeads:
            self.algorithm = self.aeads[cipher](key, icv_bits // 8)
        elif cipher == CBC and auth in HASHES:
            self.algorithm = AesCbcHmac(key, icv_bits // 8, auth_key,
                                        HASHES[auth])
        else:
            raise Unknown('%s %s' % (cipher, auth or ''))
        self.iv_len = self.algorithm.iv_len
        self.icv_len = self.algorithm.icv_len
        self.block = self.algorithm.block

    @property
    def shortest(self):
        """Bytes of the shortest packet, from the SPI on."""
        return HEADER_LEN + self.iv_len + self.block + self.icv_len

    def halves(self, spi, seq):
        """What is authenticated in front, and behind."""
        low, high = seq & 0xffffffff, struct.pack('!I', seq >> 32)
        if self.esn:
            return struct.pack('!I', spi) + high + struct.pack('!I', low), high
        return struct.pack('!II', spi, low), b''

    def seal_plain(self, spi, seq, plain, init=None):
        """An ESP packet whose plaintext has its trailer already."""
        if init is None:
            init = (seq + spi).to_bytes(self.iv_len, 'big')
        aad, high = self.halves(spi, seq)
        return struct.pack('!II', spi, seq & 0xffffffff) + init + \
            self.algorithm.seal(aad, high, init, plain)

    def seal(self, spi, seq, content, proto, init=None):
        return self.seal_plain(spi, seq, padded(content, self.block, proto),
                               init)

    def open(self, packet, seq=None):
        """The plaintext of an ESP packet, None if its ICV is wrong."""
        spi, low = struct.unpack_from('!II', packet)
        body = HEADER_LEN + self.iv_len
        if len(packet) < self.shortest or \
                (len(packet) - body - self.icv_len) % self.block:
            return None
        aad, high = self.halves(spi, low if seq is None else seq)
        try:
            return self.algorithm.open(aad, high, packet[HEADER_LEN:body],
                                       packet[body:])
        except InvalidTag:
            return None


def of_state(block, esn):
    """The Esp of one SA in the text of "ip xfrm state"."""
    match = re.search(r'^\s+aead (\S+) 0x(\w+)(?: \(\d+ bits\))? (\d+)$',
                      block, re.M)
    if match:
        return Esp(match[1], bytes.fromhex(match[2]), int(match[3]), esn)
    enc = re.search(r'^\s+enc (\S+) 0x(\w+)', block, re.M)
    auth = re.search(r'^\s+auth-trunc (\S+) 0x(\w+)(?: \(\d+ bits\))? (\d+)$',
                     block, re.M)
    if not enc or not auth:
        raise Unknown('neither an AEAD nor cipher and authenticator')
    return Esp(enc[1], bytes.fromhex(enc[2]), int(auth[3]), esn, auth[1],
               bytes.fromhex(auth[2]))
