#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Runs a script, or a shell, in the test VM.

Starts the NIC model, the peer (in its own VM if asked) and the test VM, relays
the script's output, enforces the time limit, and takes everything away again.
Exit status: the script's; 124 on time-out; 125 when the VM died or could not
be set up; 2 for a usage error.

  run directory   sockets, environment and status, removed at the end
  memory file     the guest's RAM, shared with the NIC model, removed at the end
  OUT             console.log, dmesg, acme-nic.log and what the script leaves

What there is of each adapter is named by its number, from 0; a name without a
number is that of the first, where it has been alone.
"""

import argparse
import contextlib
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# Beside this file, wherever that is called from.
import accel  # noqa: E402

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(REPO, "build")

STATUS_SKIPPED = 4
STATUS_TIMEOUT = 124
STATUS_DIED = 125
BOOT_RETRIES = 2
GUEST_BOOTS = b"Linux version"
GUEST_READY = b"ipsec_full: ready"
GUEST_STARTS = b" as init process"
GUEST_ENDED = re.compile(rb"BUG: |WARNING: |Oops: |Kernel panic|reboot: ")

# Of each adapter, and of the other end of its wire.
NIC_MACS = ["52:54:00:ac:00:01", "52:54:00:ac:00:02"]
PEER_MACS = ["52:54:00:ee:00:01", "52:54:00:ee:00:02"]
PEER_PORTS = 12
PEER_MEM = "512M"
KILL_GRACE = 5
READY_TIMEOUT = 20
MEM_LIMIT = 2 << 30

ROOT_FLAGS = "version=9p2000.L,trans=virtio,access=any,msize=512000,cache=loose"
# Several VMs share few CPUs: a late tick is no stall. Without KVM, QEMU translates a
# program anew for each address at which it is mapped.
KERNEL_ARGS = [
    "norandmaps",
    "rcupdate.rcu_cpu_stall_timeout=120",
    "rcupdate.rcu_exp_cpu_stall_timeout=120000",
    "hung_task_timeout_secs=240",
    "watchdog_thresh=60",
    "workqueue.watchdog_thresh=120",
    "bonding.max_bonds=0",
    "dummy.numdummies=0",
    "sysctl.net.core.fb_tunnels_only_for_init_net=2",
]
DEBUG_KERNEL_ARGS = ["kmemleak=on"]
# A serial bus has 64 queues; with an eventfd for each, QEMU's main loop spends more time
# on asking what it should do than on doing it.
FEW_EVENTFDS = ["-global", "virtio-serial-pci.ioeventfd=off"]
# To the PCI bus it looks as our NIC does.
FOREIGN_OPTIONS = ["-object",
                   "memory-backend-ram,id=foreign,size=1M,share=on",
                   "-device", "ivshmem-plain,memdev=foreign"]


class VmError(Exception):
    """The VM could not be set up or died; the text is for the user."""


def parse_size(text):
    """Bytes of a size such as 512M or 1G."""
    units = {"K": 10, "M": 20, "G": 30}
    if text and text[-1].upper() in units:
        return int(text[:-1]) << units[text[-1].upper()]
    return int(text)


def size_argument(text):
    try:
        size = parse_size(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text} is no size") from exc
    if not 128 << 20 <= size <= MEM_LIMIT:
        raise argparse.ArgumentTypeError("memory must be 128M to 2G")
    return size


class Workspace:
    """The run directory and the memory file; both go away at the end."""

    def __init__(self, mem_size):
        self.dir = tempfile.mkdtemp(prefix="ipsec-full-")
        self.mem_size = mem_size
        self.mem_file = None

    def create_memory(self):
        """Guest RAM, in /dev/shm where that has room."""
        where = BUILD
        with contextlib.suppress(OSError):
            if shutil.disk_usage("/dev/shm").free > self.mem_size * 3 // 2:
                where = "/dev/shm"
        fd, self.mem_file = tempfile.mkstemp(prefix="ipsec-full-", dir=where)
        os.ftruncate(fd, self.mem_size)
        os.close(fd)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read_status(self):
        """The script's exit status, None when it did not get to its end."""
        try:
            with open(self.path("status"), encoding="utf-8") as file:
                return int(file.read())
        except (OSError, ValueError):
            return None

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        if self.mem_file:
            with contextlib.suppress(OSError):
                os.unlink(self.mem_file)


class Children:
    """All processes started here, each a process group of its own."""

    def __init__(self):
        self.list = []

    def start(self, argv, own_group=True, **kwargs):
        child = subprocess.Popen(argv, start_new_session=own_group, **kwargs)
        child.own_group = own_group
        self.list.append(child)
        return child

    @staticmethod
    def signal(child, number):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if child.own_group:
                os.killpg(child.pid, number)
            else:
                child.send_signal(number)

    def stop(self, child):
        """Ends a child, politely at first; returns its status."""
        self.signal(child, signal.SIGTERM)
        try:
            child.wait(KILL_GRACE)
        except subprocess.TimeoutExpired:
            pass
        self.signal(child, signal.SIGKILL)
        return child.wait()

    def stop_all(self):
        for child in self.list:
            self.signal(child, signal.SIGTERM)
        for child in self.list:
            self.stop(child)


def pump(stream, *sinks):
    """Copies a stream to all sinks, in a thread of its own."""

    def run():
        while True:
            data = os.read(stream, 65536)
            if not data:
                break
            for sink in sinks:
                with contextlib.suppress(OSError, ValueError):
                    sink.write(data)
                    sink.flush()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


class ScriptOutput:
    """What the script prints, by a virtio-serial port of its own."""

    def __init__(self, path, sinks):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.path = path
        self.sinks = sinks
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            conn, _ = self.listener.accept()
            pump(conn.detach(), *self.sinks).join()

    def finish(self):
        """Call when the VM is gone: waits for the last of its output."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(KILL_GRACE)


def wait_for(condition, child, what):
    deadline = time.monotonic() + READY_TIMEOUT
    while not condition():
        if child.poll() is not None:
            raise VmError(f"{what} ended with status {child.returncode}")
        if time.monotonic() > deadline:
            raise VmError(f"{what} was not ready within {READY_TIMEOUT} s")
        time.sleep(0.02)


def read_ready_line(child):
    """True when the NIC model said `ready`."""
    deadline = time.monotonic() + READY_TIMEOUT
    line = b""
    while time.monotonic() < deadline and not line.endswith(b"\n"):
        if select.select([child.stdout], [], [], 0.1)[0]:
            data = os.read(child.stdout.fileno(), 1)
            if not data:
                break
            line += data
    return line == b"ready\n"


def numbered(name, index):
    """The name of what the first adapter has without a number."""
    return f"{name}{index}" if index else name


def profile_of(opts, index):
    """A profile is that of all adapters, unless there is one for each."""
    names = opts.profile.split(",")
    return names[index if len(names) > 1 else 0]


class Nic:
    """The NIC model, acme-nic, and the QEMU options that attach it."""

    VECTORS = 16

    def __init__(self, opts, space, children, index=0):
        self.children = children
        self.index = index
        self.ivshmem = space.path(numbered("ivshmem", index))
        self.ctl = space.path(numbered("ctl", index))
        self.log_path = os.path.join(opts.out,
                                     numbered("acme-nic", index) + ".log")
        self.stderr_path = os.path.splitext(self.log_path)[0] + ".stderr"
        self.child = self.start(opts, space)
        self.ctl_link = os.path.join(opts.out, numbered("ctl", index))
        self.remove_link()
        os.symlink(self.ctl, self.ctl_link)

    def command(self, opts, space):
        argv = [os.path.join(BUILD, "acme", "acme-nic"),
                "--mem", space.mem_file,
                "--ivshmem", self.ivshmem,
                "--wire", space.path(f"wire{self.index}"),
                "--ctl", self.ctl,
                "--mac", NIC_MACS[self.index],
                "--log", self.log_path]
        profile = profile_of(opts, self.index)
        if profile:
            argv += ["--profile", profile]
        if opts.capture:
            model_pcap = os.path.join(opts.capture,
                                      numbered("model", self.index))
            os.makedirs(model_pcap, exist_ok=True)
            argv += ["--pcap", model_pcap]
        return argv

    def start(self, opts, space):
        with open(self.stderr_path, "wb") as stderr:
            child = self.children.start(
                self.command(opts, space), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=stderr)
        if not read_ready_line(child):
            raise VmError(f"acme-nic did not start, see {self.log_path} and "
                          f"{self.stderr_path}")
        return child

    def remove_link(self):
        with contextlib.suppress(OSError):
            os.unlink(self.ctl_link)

    def qemu_options(self):
        acme, port = f"acme{self.index}", numbered("acmectl", self.index)
        return ["-chardev", f"socket,path={self.ivshmem},id={acme}",
                "-device", "ivshmem-doorbell,"
                f"vectors={self.VECTORS},chardev={acme}",
                "-chardev", f"socket,path={self.ctl},id={port}",
                "-device", f"virtserialport,bus=vmser.0,name={port},"
                f"chardev={port}"]

    def died_as_told(self):
        """By `acmectl fault die`, in a test."""
        return (self.child.returncode == -signal.SIGKILL and
                "dies as told" in tail(self.stderr_path, 1))

    def finish(self):
        """None, or what went wrong with the model while the VM ran."""
        self.remove_link()
        if self.child.poll() is None:
            status = self.children.stop(self.child)
        else:
            status = self.child.returncode
        if status == 0 or self.died_as_told():
            return None
        return f"acme-nic ended with status {status}, see {self.log_path}"


def wire_option(name, opts, space, index=0):
    """One end of a wire: frames over a unix stream. Two stock NICs in one
    QEMU meet at a hub instead: it can't reliably connect to itself."""
    stock = opts.nic == "virtio"
    if stock and opts.peer == "ns":
        return ["-netdev", f"hubport,id={name},hubid=0"]
    server = "on" if stock and name == "peer0" else "off"
    return ["-netdev", f"stream,id={name},server={server},addr.type=unix,"
            f"addr.path={space.path(f'wire{index}')}"]


class StockNic:
    """NIC=virtio: a stock NIC in place of ours, wired to the peer's end."""

    def __init__(self, opts, space):
        self.wire = wire_option("nic0", opts, space)

    def qemu_options(self):
        return self.wire + ["-device",
                            f"virtio-net-pci,netdev=nic0,mac={NIC_MACS[0]}"]

    def finish(self):
        return None


class NoNic:
    """NIC=none: a VM without network."""

    def qemu_options(self):
        return []

    def finish(self):
        return None


def peer_nic_options(opts, space, index=0):
    """The peer's end of a wire, with a capture made by QEMU if asked."""
    name = f"peer{index}"
    argv = wire_option(name, opts, space, index)
    argv += ["-device",
             f"virtio-net-pci,netdev={name},mac={PEER_MACS[index]}"]
    if opts.capture:
        pcap = os.path.join(opts.capture, f"wire{index}.pcap")
        argv += ["-object", f"filter-dump,id=dump{index},netdev={name},"
                 f"file={pcap},maxlen=262144"]
    return argv


def share_options(tag, path, readonly):
    mode = ",readonly=on" if readonly else ""
    return ["-fsdev", f"local,id=fs-{tag},path={path},security_model=none,"
            f"multidevs=remap{mode}",
            "-device", f"virtio-9p-pci,fsdev=fs-{tag},mount_tag={tag}"]


def serial_bus_options():
    return ["-device", "virtio-serial-pci,id=vmser,max_ports=31"] + \
        FEW_EVENTFDS


class PeerVm:
    """PEER=vm: the peer's own VM, booted from the host's root directory."""

    def __init__(self, opts, space, children):
        self.space = space
        self.children = children
        self.log_path = os.path.join(opts.out, "peer-console.log")
        # It lives as long as the VM.
        # pylint: disable-next=consider-using-with
        self.child = children.start(
            self.command(opts), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        wait_for(lambda: os.path.exists(space.path(f"peer.{PEER_PORTS - 1}")),
                 self.child, "the peer VM")

    def command(self, opts):
        init = os.path.join(REPO, "scripts/vm/peer-init.sh")
        args = KERNEL_ARGS + [
            "console=ttyS0", "loglevel=7", "panic=-1", "ro",
            "rootfstype=9p", "root=/dev/root", f"rootflags={ROOT_FLAGS}",
            f"init={init}"]
        argv = ["qemu-system-x86_64", "-name", "ipsec-full-peer",
                "-machine", f"q35,accel={opts.accel}", "-cpu", "max",
                "-m", PEER_MEM, "-smp", "1", "-nodefaults", "-no-reboot",
                "-display", "none", "-vga", "none",
                "-serial", f"file:{self.log_path}",
                "-kernel", opts.bzimage, "-append", " ".join(args)]
        argv += ["-fsdev", "local,id=root,path=/,security_model=none,"
                 "readonly=on,multidevs=remap",
                 "-device", "virtio-9p-pci,fsdev=root,mount_tag=/dev/root"]
        argv += share_options("run", self.space.dir, readonly=True)
        argv += share_options("repo", REPO, readonly=True)
        argv += serial_bus_options()
        for i in range(PEER_PORTS):
            argv += ["-chardev", f"socket,id=p{i},server=on,wait=off,"
                     f"path={self.space.path(f'peer.{i}')}",
                     "-device", "virtserialport,bus=vmser.0,"
                     f"name=peer.{i},chardev=p{i}"]
        return argv + peer_nic_options(opts, self.space)

    def qemu_options(self):
        argv = []
        for i in range(PEER_PORTS):
            argv += ["-chardev",
                     f"socket,id=p{i},path={self.space.path(f'peer.{i}')}",
                     "-device", "virtserialport,bus=vmser.0,"
                     f"name=peer.{i},chardev=p{i}"]
        return argv

    def finish(self):
        if self.child.poll() is not None:
            return f"the peer VM died, see {self.log_path}"
        self.children.stop(self.child)
        return None


class PeerNamespace:
    """PEER=ns: the peer is a namespace of the test VM."""

    def __init__(self, opts, space, index=0):
        self.options = peer_nic_options(opts, space, index)

    def qemu_options(self):
        return self.options

    def finish(self):
        return None


class TestVm:
    """The VM that runs the script, started by virtme-ng."""

    def __init__(self, opts, space, children):
        self.opts = opts
        self.space = space
        self.children = children
        self.console_path = os.path.join(opts.out, "console.log")
        self.child = None
        self.threads = []

    def write_environment(self):
        opts = self.opts
        env = {
            "VM_REPO": REPO, "VM_RUN": opts.run or "",
            "VM_ARGS": opts.args, "VM_KERNEL": opts.kernel,
            "OUT": opts.out, "NIC": opts.nic, "PEER": opts.peer,
            "NICS": str(opts.nics), "PROFILE": opts.profile,
            "NIC_MAC": NIC_MACS[0], "NIC_MAC_1": NIC_MACS[1],
            "PEER_MAC": PEER_MACS[0], "PEER_MAC_1": PEER_MACS[1],
            "PEER_PORTS": str(PEER_PORTS),
            "CAPTURE": opts.capture or "",
            "KSELFTEST": "/run/vm-kernel/selftests",
            "TERM": os.environ.get("TERM", "linux"),
        }
        env.update(item.split("=", 1) for item in opts.env)
        self.space.write("env", "".join(
            f"export {k}={shlex.quote(v)}\n" for k, v in env.items()))
        self.space.write("boot", BOOT_SCRIPT)

    def qemu_options(self, parts):
        space = self.space
        argv = ["-machine", "memory-backend=ram", "-object",
                f"memory-backend-file,id=ram,size={space.mem_size},"
                f"mem-path={space.mem_file},share=on"]
        argv += share_options("repo", REPO, readonly=True)
        argv += share_options("out", self.opts.out, readonly=False)
        argv += share_options("run", space.dir, readonly=False)
        argv += share_options("kernel", self.opts.kernel_dir, readonly=True)
        argv += serial_bus_options()
        if self.opts.run:
            argv += ["-chardev", f"socket,id=vmout,path={space.path('out')}",
                     "-device", "virtserialport,bus=vmser.0,name=vm.out,"
                     "chardev=vmout"]
        if self.opts.foreign:
            argv += FOREIGN_OPTIONS
        if self.opts.tcg_plugin:
            argv += ["-plugin", self.opts.tcg_plugin]
        for part in parts:
            argv += part.qemu_options()
        return argv

    def command(self, parts):
        opts = self.opts
        argv = [opts.vng, "--run", opts.bzimage, "--force-9p",
                "--disable-microvm", "--skip-modules",
                "--name", "ipsec-full", "--user", "root", "--cwd", "/",
                "--cpus", str(opts.smp),
                "--memory", f"{self.space.mem_size >> 20}M",
                "--append", "rootflags=" + ROOT_FLAGS]
        if opts.accel != "kvm":
            argv.append("--disable-kvm")
        args = KERNEL_ARGS + opts.append
        if opts.kernel == "debug":
            args = args + DEBUG_KERNEL_ARGS
        for arg in args:
            argv += ["--append", arg]
        argv.append("--qemu-opts=" + shlex.join(self.qemu_options(parts)))
        boot = ("mkdir -p /run/vm && mount -t 9p -o trans=virtio,"
                "version=9p2000.L,msize=512000 run /run/vm && "
                "exec bash /run/vm/boot")
        if opts.run:
            return argv + ["--verbose", "--exec", boot]
        return argv + ["--append", "loglevel=7",
                       "--shell", os.path.join(REPO, "scripts/vm/shell.sh")]

    def start(self, parts):
        env = dict(os.environ)
        env["PATH"] = os.path.dirname(self.opts.vng) + ":" + env["PATH"]
        console = open(self.console_path, "wb")
        kwargs = {"stderr": subprocess.PIPE, "env": env}
        if self.opts.run:
            kwargs.update(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.child = self.children.start(
            self.command(parts), own_group=bool(self.opts.run), **kwargs)
        sinks = [console]
        if self.opts.verbose:
            sinks.append(sys.stderr.buffer)
        for stream in (self.child.stdout, self.child.stderr):
            if stream:
                self.threads.append(pump(stream.fileno(), *sinks))

    def wait(self):
        """The script's status, or the one that tells what ended the VM."""
        try:
            self.child.wait(self.opts.timeout or None)
        except subprocess.TimeoutExpired:
            self.children.stop(self.child)
            say(f"no end within {self.opts.timeout} s: stopped")
            return STATUS_TIMEOUT
        for thread in self.threads:
            thread.join(1)
        status = self.space.read_status()
        if status is None and self.opts.run:
            raise VmError(f"the VM died, the end of {self.console_path}:\n"
                          + tail(self.console_path))
        return status or 0


BOOT_SCRIPT = """\
. /run/vm/env
nine=trans=virtio,version=9p2000.L,msize=512000
mkdir -p "$VM_REPO"
mount -t 9p -o "ro,cache=loose,$nine" repo "$VM_REPO"
exec bash "$VM_REPO/scripts/vm/guest-init.sh" "$@"
"""


def say(text):
    print(f"vm: {text}", file=sys.stderr, flush=True)


def tail(path, lines=25):
    with contextlib.suppress(OSError):
        with open(path, "rb") as file:
            text = file.read().decode(errors="replace")
        return "\n".join("    " + line for line in text.splitlines()[-lines:])
    return ""


def make_nics(opts, space, children):
    if opts.nic == "acme":
        return [Nic(opts, space, children, i) for i in range(opts.nics)]
    return [StockNic(opts, space) if opts.nic == "virtio" else NoNic()]


def make_peers(opts, space, children):
    if opts.nic == "none":
        return [NoNic()]
    if opts.peer == "vm":
        return [PeerVm(opts, space, children)]
    return [PeerNamespace(opts, space, i) for i in range(opts.nics)]


def run_vm(opts, space, children):
    """Starts everything in the order in which it depends on each other."""
    vm = TestVm(opts, space, children)
    output = None
    if opts.run:
        output = ScriptOutput(space.path("out"), [sys.stdout.buffer])
    vm.write_environment()
    nics = make_nics(opts, space, children)
    peers = make_peers(opts, space, children)
    vm.start(nics + peers)
    status = vm.wait()
    if output:
        output.finish()
    for problem in [part.finish() for part in peers + nics]:
        if problem:
            say(problem)
            status = status or STATUS_DIED
    return status


def check_log(opts, status):
    """Warnings and splats in a log fail a run that passed, and so does no log."""
    for name in ("console.log", "peer-console.log"):
        path = os.path.join(opts.out, name)
        needed = name == "console.log" and not status
        if not needed and not os.path.exists(path):
            continue
        script = os.path.join(REPO, "scripts/check-log.sh")
        if subprocess.run([script, path], check=False).returncode:
            status = status or 1
    return status


def check_wire(opts, status):
    """A wire that is not clean fails a run that passed, and so does a kselftest that
    has left no evidence of its traffic. One that was skipped had none.
    """
    if status == STATUS_SKIPPED:
        return status
    if not opts.capture:
        if os.path.exists(os.path.join(opts.out, "wire", "protect")):
            say("evidence was left, but is not judged without CAPTURE=")
        return status
    script = os.path.join(REPO, "scripts/check-wire.sh")
    children = Children()
    try:
        judge = children.start([script, opts.out, opts.capture, opts.test])
        found = judge.wait()
        return status or int(found != 0)
    finally:
        children.stop_all()


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--run", help="script to run; without it, a shell")
    parser.add_argument("--args", default="", help="its arguments")
    parser.add_argument("--nic", default="acme", choices=["acme", "virtio", "none"])
    parser.add_argument("--peer", default="ns", choices=["ns", "vm"])
    parser.add_argument("--nics", type=int, default=1, choices=[1, 2],
                        help="adapters, each with a wire and a peer")
    parser.add_argument("--profile", default="", help="capabilities of the NIC")
    parser.add_argument("--foreign", action="store_true",
                        help="plug another ivshmem device, too")
    parser.add_argument("--kernel", default="normal", choices=["normal", "debug"])
    parser.add_argument("--timeout", type=int, default=0, help="seconds")
    parser.add_argument("--mem", type=size_argument)
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--capture", help="directory for a pcap of the wire")
    parser.add_argument("--out", required=True, help="what survives the VM")
    parser.add_argument("--accel", default="", choices=["", "kvm", "tcg"])
    parser.add_argument("--tcg-plugin", help="QEMU's -plugin for the test VM")
    parser.add_argument("--vng", required=True, help="path of vng")
    parser.add_argument("--cache", required=True)
    parser.add_argument("--append", action="append", default=[])
    parser.add_argument("--env", action="append", default=[],
                        metavar="NAME=VALUE", help="set in the VM")
    parser.add_argument("--status-file", help="leave the exit status there")
    parser.add_argument("--no-log-check", action="store_true")
    parser.add_argument("--wire-check", action="store_true",
                        help="judge the wires, if the script leaves evidence")
    parser.add_argument("--test", default="",
                        help="the kselftest that the script is, for --wire-check")
    parser.add_argument("--verbose", action="store_true", help="show the console")
    opts = parser.parse_args()
    finish_options(parser, opts)
    return opts


def finish_options(parser, opts):
    if opts.run:
        opts.run = os.path.abspath(opts.run)
        if not os.path.isfile(opts.run):
            parser.error(f"no script {opts.run}")
    elif not sys.stdin.isatty():
        parser.error("a shell needs a terminal")
    if len(opts.profile.split(",")) not in (1, opts.nics):
        parser.error(f"PROFILE={opts.profile}: one for all NICs, or for each")
    if opts.nics > 1 and opts.nic != "acme":
        parser.error(f"NICS={opts.nics} needs NIC=acme: stock NICs come alone")
    if opts.nics > 1 and opts.peer != "ns":
        parser.error(f"NICS={opts.nics} needs PEER=ns: the second NIC's peer "
                     "is a namespace")
    if opts.mem is None:
        opts.mem = parse_size("2G" if opts.kernel == "debug" else "1G")
    opts.out = os.path.abspath(opts.out)
    os.makedirs(opts.out, exist_ok=True)
    if opts.capture:
        opts.capture = os.path.abspath(opts.capture)
        os.makedirs(opts.capture, exist_ok=True)
    opts.kernel_dir = os.path.realpath(os.path.join(BUILD, f"kernel-{opts.kernel}"))
    opts.bzimage = os.path.join(opts.kernel_dir, "bzImage")
    opts.accel = opts.accel or accel.choose(opts.bzimage, opts.cache)


def attempt(opts):
    """One boot, from nothing to nothing left."""
    space = Workspace(opts.mem)
    children = Children()
    try:
        space.create_memory()
        return run_vm(opts, space, children)
    except VmError as exc:
        say(exc)
        return STATUS_DIED
    finally:
        children.stop_all()
        space.remove()


def spoilt_by_tcg(opts):
    """Did a guest die of QEMU before any script ran?

    The kernel patches its code by way of an int3, and TCG may go on executing
    it on another CPU when it has been replaced. And QEMU 7.2 has been seen to
    dereference NULL while one of two CPUs gave PCI devices their addresses: a
    guest that ends there without a complaint has not ended itself. Once our driver
    may be there, only the first is excused, and once a script runs, nothing is.
    """
    if opts.accel != "tcg":
        return False
    logs = {}
    for name in ("console.log", "peer-console.log"):
        with contextlib.suppress(OSError):
            with open(os.path.join(opts.out, name), "rb") as file:
                logs[name] = file.read()
    boot = logs.get("console.log", b"")
    if GUEST_READY in boot:
        return False
    return (any(b"Oops: int3" in log for log in logs.values()) or
            GUEST_BOOTS in boot and GUEST_STARTS not in boot and
            not GUEST_ENDED.search(boot))


def on_signal(number, _frame):
    raise SystemExit(128 + number)


def main():
    opts = parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    status = attempt(opts)
    for _ in range(BOOT_RETRIES):
        if status != STATUS_DIED or not spoilt_by_tcg(opts):
            break
        say("QEMU's TCG spoilt the boot (see spoilt_by_tcg): once more")
        status = attempt(opts)
    if not opts.no_log_check:
        status = check_log(opts, status)
    if opts.wire_check:
        status = check_wire(opts, status)
    if opts.status_file:
        with open(opts.status_file, "w", encoding="utf-8") as file:
            file.write(f"{status}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
