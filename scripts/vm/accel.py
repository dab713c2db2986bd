# SPDX-License-Identifier: GPL-2.0
"""Decides between KVM and TCG by booting something.

/dev/kvm may exist, open, even create a VM, and still hang every guest. So a
kernel with a tiny initramfs is booted once; the answer is kept until the host
or its QEMU changes.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

TRIAL_SECONDS = 8
HELLO = "ipsec-full: user space works"
INIT = f"#!/bin/busybox sh\n/bin/busybox echo '{HELLO}'\n/bin/busybox poweroff -f\n"


def cpio_entry(name, mode, data):
    """One member of an archive in the newc format."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields)
    head += name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def initramfs():
    with open(shutil.which("busybox") or "/bin/busybox", "rb") as file:
        busybox = file.read()
    return (cpio_entry("bin", 0o040755, b"")
            + cpio_entry("bin/busybox", 0o100755, busybox)
            + cpio_entry("init", 0o100755, INIT.encode())
            + cpio_entry("TRAILER!!!", 0, b""))


def trial_boot(bzimage, accel):
    """True when a guest reaches user space within seconds."""
    with tempfile.NamedTemporaryFile(prefix="ipsec-full-") as initrd:
        initrd.write(initramfs())
        initrd.flush()
        argv = ["qemu-system-x86_64", "-machine", f"q35,accel={accel}",
                "-cpu", "max", "-m", "256M", "-smp", "2", "-nodefaults",
                "-display", "none", "-no-reboot", "-serial", "stdio",
                "-kernel", bzimage, "-initrd", initrd.name,
                "-append", "console=ttyS0 panic=-1 quiet"]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL,
                                  timeout=TRIAL_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return HELLO.encode() in done.stdout


def host_id():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    version = subprocess.run(["qemu-system-x86_64", "--version"], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    return f"{boot} {version.splitlines()[0]} {os.getuid()}"


def choose(bzimage, cache):
    """`kvm` or `tcg`; asks the cache first."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    answer_file = os.path.join(cache, "accel")
    identity = host_id()
    with contextlib.suppress(OSError, ValueError):
        with open(answer_file, encoding="utf-8") as file:
            known, answer = file.read().rsplit("\t", 1)
        if known == identity and answer in ("kvm", "tcg"):
            return answer
    answer = "kvm" if trial_boot(bzimage, "kvm") else "tcg"
    print(f"vm: using {answer}"
          + ("" if answer == "kvm" else ": /dev/kvm exists but no guest boots with it"),
          file=sys.stderr, flush=True)
    with contextlib.suppress(OSError):
        os.makedirs(cache, exist_ok=True)
        with open(answer_file + ".new", "w", encoding="utf-8") as file:
            file.write(f"{identity}\t{answer}")
        os.replace(answer_file + ".new", answer_file)
    return answer
