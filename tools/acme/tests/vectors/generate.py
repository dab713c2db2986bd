#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
"""Writes wycheproof.txt and nist.txt next to this script; see README.rst."""

import argparse
import hashlib
import json
import os
import re
import zipfile
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "# SPDX-License-Identifier: "

WYCHEPROOF = {
    "aes_gcm_test.json": "gcm",
    "aes_gmac_test.json": "gmac",
    "chacha20_poly1305_test.json": "chacha",
    "aes_cbc_pkcs5_test.json": "cbc",
    "hmac_sha256_test.json": "hmac256",
    "hmac_sha384_test.json": "hmac384",
    "hmac_sha512_test.json": "hmac512",
}
NIST = "cryptography_vectors/ciphers/AES/"
NIST_TAGS = (64, 96, 128)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def line(kind, name, valid, *fields):
    words = [kind, name, "+" if valid else "-"]
    return " ".join(words + [field or "." for field in fields])


def pad(text):
    """PKCS #5, which makes whole blocks of any text."""
    missing = 16 - len(text) // 2 % 16
    return text + f"{missing:02x}" * missing


def wycheproof_case(kind, test):
    text = test["msg"]
    if kind == "cbc" and test["result"] == "valid":
        text = pad(text)
    return line(kind, f"w{test['tcId']}", test["result"] == "valid",
                test["key"], test.get("iv"), test.get("aad"), text,
                test.get("ct"), test.get("tag"))


def wycheproof(directory):
    yield SPDX + "Apache-2.0"
    for name, kind in WYCHEPROOF.items():
        with open(os.path.join(directory, name), "rb") as file:
            data = file.read()
        yield f"# {name} sha256 {digest(data)}"
        for group in json.loads(data)["testGroups"]:
            for test in group["tests"]:
                yield wycheproof_case(kind, test)


def records(text):
    """Parameters and fields of each case of a CAVP response file."""
    params, fields = {}, {}
    for row in text.splitlines() + [""]:
        group = re.match(r"\[(\w+)(?: = (\d+))?\]", row)
        field = re.match(r"(\w+)(?: = ?(.*))?$", row)
        if group:
            params[group[1]] = int(group[2] or 0)
            params["last"] = group[1]
        elif field:
            fields[field[1].upper()] = field[2] or ""
        elif fields:
            yield params, fields
            fields = {}


def nist_gcm(text):
    skipped = Counter()
    for params, case in records(text):
        if params["IVlen"] != 96:
            skipped["IV is not 96 bits"] += 1
        elif params["Taglen"] not in NIST_TAGS:
            skipped["ICV is not 64, 96 or 128 bits"] += 1
        else:
            yield line("gcm", f"n{case['COUNT']}", "FAIL" not in case,
                       case["KEY"], case["IV"], case["AAD"],
                       case.get("PT"), case["CT"], case["TAG"])
    for reason, count in sorted(skipped.items()):
        yield f"skip {count} gcm {reason}"


def nist_cbc(text):
    for params, case in records(text):
        yield line("cbc", f"n{params['last'][0]}{case['COUNT']}", True,
                   case["KEY"], case["IV"], None, case["PLAINTEXT"],
                   case["CIPHERTEXT"], None)


def nist(wheel):
    yield SPDX + "Apache-2.0 OR BSD-3-Clause"
    files = [(f"GCM/gcm{kind}{bits}.rsp", nist_gcm)
             for kind in ("Decrypt", "EncryptExtIV")
             for bits in (128, 192, 256)]
    files += [(f"CBC/CBC{kind}{bits}.rsp", nist_cbc)
              for kind in ("MMT", "GFSbox", "KeySbox")
              for bits in (128, 192, 256)]
    with zipfile.ZipFile(wheel) as archive:
        for name, convert in files:
            data = archive.read(NIST + name)
            yield f"# {name} sha256 {digest(data)}"
            yield from convert(data.decode())


def write(name, lines):
    with open(os.path.join(HERE, name), "w", encoding="ascii") as out:
        out.writelines(row + "\n" for row in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wycheproof", help="its folder testvectors_v1")
    parser.add_argument("wheel", help="wheel of cryptography-vectors")
    args = parser.parse_args()
    write("wycheproof.txt", wycheproof(args.wycheproof))
    write("nist.txt", nist(args.wheel))


if __name__ == "__main__":
    main()
