#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of "ip xfrm": usage: xfrm_test.py IP FAKEXFRM_SO SCRATCH_DIR

Requests are what the stand-in for the kernel recorded, dumps are what it was
given to answer, so every byte is known on both sides.
"""

import json
import os
import struct
import subprocess
import sys

import netlink as nl

IP, SHIM, SCRATCH = sys.argv[1:4]
SENT, REPLY = os.path.join(SCRATCH, "sent"), os.path.join(SCRATCH, "reply")
LO = int(open("/sys/class/net/lo/ifindex").read())
STATE = "src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x100"
AEAD = "aead rfc4106(gcm(aes)) 0x" + "11" * 20 + " 128"
TMPL = "tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel"
TESTS = []


def test(func):
    TESTS.append(func)
    return func


def same(got, want, what=""):
    if got != want:
        raise AssertionError("%s: got %r, want %r" % (what, got, want))


def ip(args, reply=(), extack=None, options=()):
    """Run ip; return (exit status, stdout, stderr, requests)."""
    with open(REPLY, "wb") as f:
        f.write(b"".join(reply))
    if os.path.exists(SENT):
        os.unlink(SENT)
    env = dict(os.environ, LD_PRELOAD=SHIM, FAKEXFRM_SENT=SENT,
               FAKEXFRM_REPLY=REPLY, TZ="UTC", LC_ALL="C")
    if extack:
        env["FAKEXFRM_EXTACK"] = extack
    p = subprocess.run([IP, *options, "xfrm", *args.split()], env=env,
                       capture_output=True, text=True, timeout=20)
    sent = open(SENT, "rb").read() if os.path.exists(SENT) else b""
    return p.returncode, p.stdout, p.stderr, list(nl.split(sent))


def request(args):
    status, _, err, sent = ip(args)
    same((status, err), (0, ""), args)
    same(len(sent), 1, "requests of " + args)
    return sent[0]


def refused(args, want):
    status, _, err, sent = ip(args)
    if not status or sent:
        raise AssertionError(args + ": not refused")
    if want not in err:
        raise AssertionError("%s: says %r, not %r" % (args, err, want))


def shown(args, *reply, options=()):
    status, out, err, _ = ip(args, reply, options=options)
    same((status, err), (0, ""), args)
    return out


def as_json(args, *reply, options=()):
    return json.loads(shown(args, *reply, options=("-j", *options)))


def dumped(kind, fixed, *attrs, options=()):
    args = "state" if kind == nl.NEWSA else "policy"
    objs = as_json(args, nl.message(kind, fixed, *attrs), options=options)
    same(len(objs), 1, "objects")
    return objs[0]


@test
def state_offload_is_sent_with_mode_and_direction():
    modes = {"": 0, "crypto": 0, "packet": nl.PACKET, "full": nl.FULL}
    dirs = {"in": (nl.INBOUND, 1), "out": (0, 2)}
    for mode, flag in modes.items():
        for word, (inbound, sa_dir) in dirs.items():
            kind, _, attrs = request("state add %s %s offload %s dev lo dir %s"
                                     % (STATE, AEAD, mode, word))
            same(kind, nl.NEWSA, "message")
            same(attrs[nl.A_OFFLOAD],
                 struct.pack("=iB3x", LO, flag | inbound), mode + word)
            same(attrs[nl.A_SA_DIR], bytes([sa_dir]), mode + word)


@test
def state_update_takes_the_same_syntax():
    kind, _, attrs = request("state update %s %s offload full dev lo dir out"
                             % (STATE, AEAD))
    same(kind, nl.UPDSA, "message")
    same(attrs[nl.A_OFFLOAD], struct.pack("=iB3x", LO, nl.FULL), "offload")


@test
def words_after_offload_are_not_lost():
    _, _, attrs = request("state add %s %s offload full dev lo dir in "
                          "if_id 0x7 tfcpad 9 dir in" % (STATE, AEAD))
    same(attrs[nl.A_IF_ID], struct.pack("=I", 7), "if_id")
    same(attrs[nl.A_TFCPAD], struct.pack("=I", 9), "tfcpad")
    same(attrs[nl.A_SA_DIR], b"\1", "dir")


@test
def policy_offload_is_sent_with_mode():
    for mode, flag in {"packet": nl.PACKET, "full": nl.FULL}.items():
        for verb, want in {"add": nl.NEWPOLICY, "update": nl.UPDPOLICY}.items():
            for form in ("%s offload %s dev lo", "offload %s dev lo %s"):
                words = (TMPL, mode) if form[0] == "%" else (mode, TMPL)
                kind, _, attrs = request(
                    "policy %s src 10.0.1.0/24 dst 10.0.2.0/24 dir out %s"
                    % (verb, form % words))
                same(kind, want, "message")
                same(attrs[nl.A_OFFLOAD], struct.pack("=iB3x", LO, flag), mode)
                same(len(attrs[nl.A_TMPL]), 64, "template")


@test
def nothing_is_sent_unless_asked_for():
    _, _, attrs = request("state add %s %s" % (STATE, AEAD))
    same((nl.A_OFFLOAD in attrs, nl.A_SA_DIR in attrs), (False, False), "state")
    _, _, attrs = request("policy add src 10.0.1.0/24 dir in " + TMPL)
    same(nl.A_OFFLOAD in attrs, False, "policy")


@test
def direction_of_a_state_alone():
    for word, value in {"in": b"\1", "out": b"\2"}.items():
        _, _, attrs = request("state add %s %s dir %s" % (STATE, AEAD, word))
        same(attrs[nl.A_SA_DIR], value, word)
        same(nl.A_OFFLOAD in attrs, False, "offload")


@test
def allocspi_takes_a_direction():
    reply = nl.message(nl.NEWSA, nl.sa())
    status, _, _, sent = ip("state allocspi src 10.0.0.1 dst 10.0.0.2 "
                            "proto esp dir in", [reply])
    same(status, 0, "status")
    same(sent[0][2][nl.A_SA_DIR], b"\1", "dir")


@test
def outbound_esn_needs_no_window():
    _, _, attrs = request("state add %s %s flag esn dir out" % (STATE, AEAD))
    same(attrs[nl.A_REPLAY_ESN], bytes(24), "window of an outbound state")
    refused("state add %s %s flag esn dir in" % (STATE, AEAD),
            "esn flag set without replay-window")


@test
def bad_offload_of_a_state_is_refused():
    add = "state add %s %s offload " % (STATE, AEAD)
    refused(add, 'argument "offload dev" is required')
    refused(add + "most dev lo dir in", '"most" is wrong: an offload mode')
    refused(add + "Full dev lo dir in", '"Full" is wrong: an offload mode')
    refused(add + "full", 'argument "offload dev" is required')
    refused(add + "full dir in", '"dir" is wrong: "dev" is expected')
    refused(add + "full lo dir in", '"lo" is wrong: "dev" is expected')
    refused(add + "full dev", 'argument "offload dev DEV" is required')
    refused(add + "full dev nosuch0 dir in", '"nosuch0" is wrong: there is no')
    refused(add + "full dev lo", 'argument "offload dir" is required')
    refused(add + "full dev lo mode tunnel", '"mode" is wrong: "dir" is exp')
    refused(add + "full dev lo dir", 'argument "offload dir DIR" is required')
    refused(add + "full dev lo dir fwd", '"fwd" is wrong: DIR is neither')
    refused(add + "full packet dev lo dir in", '"packet" is wrong: "dev" is')
    refused(add + "full dev lo dir in offload full dev lo dir in",
            'duplicate "offload"')
    refused(add + "full dev lo dir in dir out", '"out" is wrong: it differs')


@test
def idle_time_is_sent():
    for verb in "add", "update":
        _, _, attrs = request("state %s %s %s offload full dev lo dir in "
                              "idle 300 if_id 0x7" % (verb, STATE, AEAD))
        same(attrs[nl.A_FULL | nl.NESTED], nl.u32(1, 300), "idle")
        same(attrs[nl.A_IF_ID], struct.pack("=I", 7), "if_id")
    _, _, attrs = request("state add %s %s offload full dev lo dir in idle 0"
                          % (STATE, AEAD))
    same(nl.A_FULL | nl.NESTED in attrs, False, "idle 0")


@test
def bad_idle_time_is_refused():
    add = "state add %s %s offload " % (STATE, AEAD)
    refused(add + "packet dev lo dir in idle 3", '"idle" is wrong: only "off')
    refused(add + "full dev lo dir in idle", '"offload idle SECONDS" is req')
    refused(add + "full dev lo dir in idle x", '"x" is wrong: SECONDS is inv')
    refused(add + "full dev lo dir in idle -1", '"-1" is wrong: SECONDS is')


@test
def exceptions_and_fallback_are_flags():
    for verb in "add", "update":
        for words, flags in {
                "": 0, "exceptions software": 0, "exceptions drop": nl.DROP,
                "fallback": nl.FALLBACK,
                "exceptions drop fallback": nl.DROP | nl.FALLBACK,
                "idle 9 fallback exceptions drop": nl.DROP | nl.FALLBACK,
                "fallback exceptions software": nl.FALLBACK}.items():
            _, _, attrs = request("state %s %s %s offload full dev lo dir in "
                                  "%s if_id 0x7" % (verb, STATE, AEAD, words))
            same(attrs[nl.A_OFFLOAD], struct.pack(
                "=iB3x", LO, nl.FULL | nl.INBOUND | flags), words)
            same(attrs[nl.A_IF_ID], struct.pack("=I", 7), words)


@test
def bad_options_of_full_offload_are_refused():
    for verb in "add", "update":
        start = "state %s %s %s offload " % (verb, STATE, AEAD)
        for word in "exceptions drop", "fallback":
            want = '"%s" is wrong: only "offload full"' % word.split()[0]
            for mode in "", "crypto", "packet":
                refused("%s%s dev lo dir in %s" % (start, mode, word), want)
        start += "full dev lo dir in "
        refused(start + "exceptions", '"offload exceptions" is required')
        refused(start + "exceptions lost", '"lost" is wrong: exceptions are')
        refused(start + "exceptions drop fallback exceptions software",
                'duplicate "exceptions"')
        refused(start + "idle 1 idle 2", 'duplicate "idle"')
        refused(start + "fallbeck", '"fallbeck" is wrong: unknown')
    refused("policy add dir out offload full dev lo fallback " + TMPL, "fallback")


@test
def update_without_algorithms_moves_a_state():
    for word, inbound in {"in": nl.INBOUND, "out": 0}.items():
        for more, flags in {"": 0, " exceptions drop": nl.DROP,
                            " fallback": nl.FALLBACK}.items():
            kind, fixed, attrs = request(
                "state update %s offload full dev lo dir %s%s"
                % (STATE, word, more))
            same(kind, nl.UPDSA, "message")
            same(fixed, nl.sa(reqid=0, mode=0), "state")
            same(attrs, {nl.A_OFFLOAD: struct.pack(
                "=iB3x", LO, nl.MOVE | nl.FULL | inbound | flags)}, "to lo")


@test
def offload_none_moves_a_state_to_the_kernel():
    kind, fixed, attrs = request("state update %s offload none" % STATE)
    same(kind, nl.UPDSA, "message")
    same(fixed, nl.sa(reqid=0, mode=0), "state")
    back = struct.pack("=iB3x", 0, nl.MOVE | nl.SOFTWARE)
    same(attrs, {nl.A_OFFLOAD: back}, "back")
    for word in "in", "out":
        _, _, attrs = request("state update %s offload none dir %s"
                              % (STATE, word))
        same(attrs[nl.A_OFFLOAD], back, word)


@test
def a_moving_state_has_its_whole_identity():
    ident = "mark 0x5 mask 0xff dir out if_id 0x7"
    for offload in "none", "full dev lo dir out":
        for form in ("%s offload %s" % (ident, offload),
                     "offload %s %s" % (offload, ident)):
            _, fixed, attrs = request(
                "state update src fd00::1 dst fd00::2 proto esp spi 7 " + form)
            same(fixed, nl.sa("fd00::1", "fd00::2", 7, reqid=0, mode=0,
                                   family=10), "state")
            del attrs[nl.A_OFFLOAD]
            same(attrs, {nl.A_MARK: struct.pack("=II", 5, 0xff),
                         nl.A_IF_ID: struct.pack("=I", 7),
                         nl.A_SA_DIR: b"\2"}, form)


@test
def an_update_with_algorithms_is_no_move():
    for algs in (AEAD, "enc cbc(aes) 0x" + "11" * 16 +
                 " auth-trunc hmac(sha256) 0x" + "11" * 32 + " 128"):
        _, _, attrs = request("state update %s mode tunnel reqid 7 %s offload "
                              "full dev lo dir out" % (STATE, algs))
        same(attrs[nl.A_OFFLOAD], struct.pack("=iB3x", LO, nl.FULL), algs)
        same(attrs[nl.A_SA_DIR], b"\2", algs)


@test
def a_move_changes_nothing_else():
    full = '"%s" is wrong: without algorithms, "offload" moves a state and ch'
    none = '"%s" is wrong: "offload none" moves a state and changes nothing'
    update = "state update %s " % STATE
    for words in ("mode tunnel", "reqid 1", "seq 1", "replay-window 32",
                  "replay-seq 1", "replay-oseq 1", "replay-seq-hi 1",
                  "replay-oseq-hi 1", "flag esn", "extra-flag oseq-may-wrap",
                  "sel src 10.1.0.0/16", "limit packet-hard 9",
                  "encap espinudp 4500 4500 0.0.0.0", "coa 10.9.9.9",
                  "output-mark 1", "tfcpad 0"):
        word = words.split()[0]
        for form in "offload %s " + words, words + " offload %s":
            refused(update + form % "full dev lo dir in", full % word)
            refused(update + form % "none", none % word)
    refused(update + "offload full dev lo dir in idle 0", full % "idle")
    refused(update + AEAD + " offload none", none % "aead")


@test
def bad_moves_are_refused():
    refused("state add %s %s offload none" % (STATE, AEAD),
            '"none" is wrong: a state is added to software without "offload"')
    refused("state add %s offload none" % STATE, '"none" is wrong: a state is')
    update = "state update %s offload " % STATE
    for word in "dev", "exceptions", "fallback", "idle":
        refused(update + "none %s lo" % word, '"%s" is wrong: "offload none" '
                "takes no device and no options" % word)
    refused(update + "none full dev lo dir in", '"full" is wrong: unknown')
    refused(update + "none offload full dev lo dir in", 'duplicate "offload"')
    refused(update + "none offload none", 'duplicate "offload"')
    refused(update + "full dev lo dir in offload none", 'duplicate "offload"')
    refused(update + "nome", '"nome" is wrong: an offload mode')
    refused(update + "full dev lo dir in dir out", '"out" is wrong: it differs')
    refused("state update offload none", "ID is required")
    refused("state update offload full dev lo dir in", "ID is required")
    for mode in "", "crypto", "packet":
        refused(update + mode + " dev lo dir in", 'ALGO-TYPE value "enc" or')
    refused("state update " + STATE, 'ALGO-TYPE value "enc" or "aead" is req')
    refused("state add %s offload full dev lo dir in" % STATE, "ALGO-TYPE")
    refused("policy update dir out offload none " + TMPL,
            '"none" is wrong: an offload mode')


@test
def bad_offload_of_a_policy_is_refused():
    add = "policy add src 10.0.1.0/24 dst 10.0.2.0/24 dir out offload "
    refused(add, 'argument "offload dev" is required')
    refused(add + "dev lo", '"dev" is wrong: a policy needs an offload mode')
    refused(add + "crypto dev lo", '"crypto" is wrong: this offload mode is')
    refused(add + "most dev lo", '"most" is wrong: an offload mode')
    refused(add + "full", 'argument "offload dev" is required')
    refused(add + "full dev", 'argument "offload dev DEV" is required')
    refused(add + "full dev nosuch0", '"nosuch0" is wrong: there is no')
    refused(add + "full dev lo offload full dev lo", 'duplicate "offload"')


@test
def the_kernels_reason_reaches_the_user():
    status, _, err, _ = ip("state add %s %s offload full dev lo dir in"
                           % (STATE, AEAD), extack="lo can't do full offload")
    same(status, 2, "status")
    if "lo can't do full offload" not in err:
        raise AssertionError("said: " + err)


@test
def usage_names_the_modes():
    _, _, err, _ = ip("state help")
    for words in ("offload [ crypto | packet | full ] dev DEV dir DIR",
                  "offload { full dev DEV dir DIR [ FULL-OPTIONS ] | none }",
                  "[ exceptions { software | drop } ] [ fallback ]"):
        same(words in err, True, err)
    _, _, err, _ = ip("policy help")
    same("offload { packet | full } dev DEV" in err, True, err)


@test
def text_shows_the_mode():
    modes = {0: "crypto", nl.PACKET: "packet", nl.FULL: "full",
             nl.FULL | nl.PACKET: "0xc"}
    for flag, word in modes.items():
        out = shown("state", nl.message(nl.NEWSA, nl.sa(),
                                        nl.offload(LO, flag | nl.INBOUND)))
        line = "\n\tcrypto offload parameters: dev lo dir in mode %s\n" % word
        same(line in out, True, out)
        out = shown("policy", nl.message(nl.NEWPOLICY, nl.policy(nl.selector()),
                                         nl.offload(LO, flag)))
        line = "\n\tcrypto offload parameters: dev lo mode %s\n" % word
        same(line in out, True, out)


@test
def text_of_a_whole_state():
    same(shown("state", full_state(), options=("-s",)), """\
src 10.0.0.1 dst 10.0.0.2
	proto esp spi 0x00000100(256) reqid 5(0x00000005) mode tunnel
	replay-window 0 seq 0x117440512 flag icmp esnextra_flag oseq-may-wrap (0x10010000)
	mark 0x1/0xff output-mark 0x2/0xf
	aead rfc4106(gcm(aes)) 0x0102030405060708090a0b0c0d0e0f1011121314 (160 bits) 128
	encap type espinudp sport 4500 dport 4501 addr 0.0.0.0
	lastused 2001-09-09 01:46:40
	anti-replay esn context:
	 seq-hi 0x1, seq 0x2a, oseq-hi 0x0, oseq 0x0
	 replay_window 64, bitmap-length 2
	 00000002 00000001 
	crypto offload parameters: dev lo dir in mode full
	if_id 0x2a
	tfcpad 64
	dir in
	sel src 10.1.0.0/16 dst 10.2.0.0/24 proto tcp sport 80 dport 443 dev lo uid 7
	lifetime config:
	  limit: soft 1000(bytes), hard (INF)(bytes)
	  limit: soft (INF)(packets), hard 18446744073709551614(packets)
	  expire add: soft 10(sec), hard 20(sec)
	  expire use: soft 30(sec), hard 40(sec)
	lifetime current:
	  1234(bytes), 5(packets)
	  add 2001-09-09 01:46:40 use -
	stats:
	  replay-window 1 replay 2 failed 3
""", "text")


def full_state():
    return nl.message(
        nl.NEWSA,
        nl.sa(reqid=5, flags=0x90, seq=7,
              sel=nl.selector("10.1.0.0", "10.2.0.0", 16, 24, 6, 80, 443, LO,
                              user=7),
              lft=(1000, nl.INF, nl.INF, nl.INF - 1, 10, 20, 30, 40),
              cur=(1234, 5, 1000000000, 0), stats=(1, 2, 3)),
        nl.attr(nl.A_MARK, struct.pack("=II", 1, 0xff)),
        nl.u32(nl.A_OUTPUT_MARK, 2), nl.u32(nl.A_MARK_MASK, 0xf),
        nl.algo(nl.A_AEAD, "rfc4106(gcm(aes))", bytes(range(1, 21)), 128),
        nl.attr(nl.A_ENCAP, struct.pack("=H", 2) +
                struct.pack("!HH2x", 4500, 4501) + nl.addr("0.0.0.0")),
        nl.attr(nl.A_LASTUSED, struct.pack("=Q", 1000000000)),
        nl.replay_esn([1, 2], seq=42, seq_hi=1, window=64),
        nl.u32(nl.A_EXTRA_FLAGS, 2), nl.offload(LO, nl.FULL | nl.INBOUND),
        nl.u32(nl.A_IF_ID, 42), nl.u32(nl.A_TFCPAD, 64),
        nl.attr(nl.A_SA_DIR, b"\1"))


@test
def json_of_a_whole_state():
    same(as_json("state", full_state(), options=("-s",)), [{
        "src": "10.0.0.1", "dst": "10.0.0.2", "proto": "esp", "spi": 0x100,
        "reqid": 5, "mode": "tunnel", "replay-window": 0, "seq": 7,
        "flag": ["icmp", "esn"], "extra-flag": ["oseq-may-wrap"],
        "mark": {"value": "0x1", "mask": "0xff"},
        "output-mark": {"value": "0x2", "mask": "0xf"},
        "aead": {"name": "rfc4106(gcm(aes))", "key-bits": 160,
                 "key": "0x" + bytes(range(1, 21)).hex(), "icv-bits": 128},
        "encap": {"type": "espinudp", "sport": 4500, "dport": 4501,
                  "addr": "0.0.0.0"},
        "lastused": 1000000000,
        "replay-esn": {"seq-hi": 1, "seq": 42, "oseq-hi": 0, "oseq": 0,
                       "replay-window": 64, "bitmap-length": 2,
                       "bitmap": [1, 2]},
        "offload": {"dev": "lo", "dir": "in", "mode": "full"},
        "if_id": "0x2a", "tfcpad": 64, "dir": "in",
        "sel": {"src": "10.1.0.0/16", "dst": "10.2.0.0/24", "proto": "tcp",
                "sport": 80, "dport": 443, "dev": "lo", "uid": 7},
        "limit": {"byte-soft": 1000, "byte-hard": None, "packet-soft": None,
                  "packet-hard": nl.INF - 1, "time-soft": 10, "time-hard": 20,
                  "time-use-soft": 30, "time-use-hard": 40},
        "current": {"bytes": 1234, "packets": 5, "add": 1000000000, "use": 0},
        "stats": {"replay-window": 1, "replay": 2, "failed": 3},
    }], "state")


@test
def json_without_statistics():
    obj = as_json("state", full_state())[0]
    for key in ("seq", "extra-flag", "limit", "current", "stats"):
        same(key in obj, False, key)
    same(obj["offload"]["mode"], "full", "mode")


@test
def json_of_the_other_attributes():
    obj = dumped(nl.NEWSA, nl.sa(proto=50, mode=0),
                 nl.algo(nl.A_AUTH, "hmac(sha256)", b"\xab" * 4),
                 nl.algo(nl.A_AUTH_TRUNC, "hmac(sha256)", b"\xab" * 4, 96),
                 nl.algo(nl.A_CRYPT, "ecb(cipher_null)", b""),
                 nl.attr(nl.A_REPLAY_VAL, struct.pack("=III", 1, 2, 3)),
                 nl.attr(nl.A_COADDR, nl.addr("10.9.9.9")),
                 nl.attr(nl.A_SEC_CTX, struct.pack("=HHBBH", 16, 8, 1, 1, 8) +
                         b'a"b\\c:d\0'),
                 nl.attr(nl.A_SA_DIR, b"\2"))
    want = {
        "mode": "transport", "dir": "out", "coa": "10.9.9.9",
        "auth-trunc": {"name": "hmac(sha256)", "key-bits": 32,
                       "key": "0xabababab", "trunc-bits": 96},
        "enc": {"name": "ecb(cipher_null)", "key-bits": 0},
        "replay": {"oseq": 1, "seq": 2, "bitmap": 3},
        "ctx": 'a"b\\c:d',
    }
    same({k: obj.get(k) for k in want}, want, "attributes")
    same("auth" in obj, False, "auth beside auth-trunc")


@test
def hidden_keys_stay_hidden():
    for options in ((), ("-j",), ("-s",), ("-j", "-s")):
        out = shown("state list nokeys", full_state(), options=options)
        same("01020304" in out, False, "key shown")
        same("rfc4106" in out, True, "name shown")


def full_policy():
    return nl.message(
        nl.NEWPOLICY,
        nl.policy(nl.selector("2001:db8:1::", "2001:db8:2::", 48, 64, 17,
                              family=10),
                  action=1, priority=77, flags=3, share=3,
                  cur=(0, 0, 1000000000, 1000000001)),
        nl.attr(nl.A_POLICY_TYPE, bytes(6)),
        nl.attr(nl.A_TMPL, nl.template() + nl.template(
            "fd00::1", "fd00::2", 7, 51, 10, 3, 0, 1)),
        nl.offload(LO, nl.FULL), nl.u32(nl.A_IF_ID, 1),
        nl.attr(nl.A_MARK, struct.pack("=II", 0, 0xffffffff)))


@test
def text_of_a_whole_policy():
    same(shown("policy", full_policy(), options=("-s",)), """\
src 2001:db8:1::/48 dst 2001:db8:2::/64 proto udp uid 0
	dir out action block index 9 priority 77 ptype main share unique flag localok icmp (0x00000011)
	lifetime config:
	  limit: soft (INF)(bytes), hard (INF)(bytes)
	  limit: soft (INF)(packets), hard (INF)(packets)
	  expire add: soft 0(sec), hard 0(sec)
	  expire use: soft 0(sec), hard 0(sec)
	lifetime current:
	  0(bytes), 0(packets)
	  add 2001-09-09 01:46:40 use 2001-09-09 01:46:41
	mark 0/0xffffffff 
	tmpl src 10.0.0.1 dst 10.0.0.2
		proto esp spi 0x00000000(0) reqid 1(0x00000001) mode tunnel
		level required share any 
		enc-mask ffffffff auth-mask ffffffff comp-mask ffffffff
	tmpl src fd00::1 dst fd00::2
		proto ah spi 0x00000007(7) reqid 3(0x00000003) mode transport
		level use share any 
		enc-mask ffffffff auth-mask ffffffff comp-mask ffffffff
	crypto offload parameters: dev lo mode full
	if_id 0x1
""", "text")


@test
def json_of_a_whole_policy():
    masks = {"enc-mask": "0xffffffff", "auth-mask": "0xffffffff",
             "comp-mask": "0xffffffff", "share": "any"}
    same(as_json("policy", full_policy(), options=("-s",)), [{
        "sel": {"src": "2001:db8:1::/48", "dst": "2001:db8:2::/64",
                "proto": "udp", "uid": 0},
        "dir": "out", "action": "block", "index": 9, "priority": 77,
        "ptype": "main", "share": "unique", "flag": ["localok", "icmp"],
        "limit": {"byte-soft": None, "byte-hard": None, "packet-soft": None,
                  "packet-hard": None, "time-soft": 0, "time-hard": 0,
                  "time-use-soft": 0, "time-use-hard": 0},
        "current": {"bytes": 0, "packets": 0, "add": 1000000000,
                    "use": 1000000001},
        "mark": {"value": "0", "mask": "0xffffffff"},
        "tmpl": [
            dict(masks, src="10.0.0.1", dst="10.0.0.2", proto="esp", spi=0,
                 reqid=1, mode="tunnel", level="required"),
            dict(masks, src="fd00::1", dst="fd00::2", proto="ah", spi=7,
                 reqid=3, mode="transport", level="use")],
        "offload": {"dev": "lo", "mode": "full"}, "if_id": "0x1",
    }], "policy")


@test
def json_defaults_of_a_policy():
    obj = dumped(nl.NEWPOLICY, nl.policy(nl.selector(), direction=3),
                 nl.attr(nl.A_TMPL, nl.template()))
    same((obj["dir"], obj["socket"], obj["action"]), ("in", True, "allow"), "")
    same(obj["tmpl"][0]["level"], "required", "level")
    obj = dumped(nl.NEWPOLICY, nl.policy(nl.selector(), direction=2))
    same((obj["dir"], "socket" in obj), ("fwd", False), "")


@test
def json_of_protocol_selectors():
    for proto, want in {1: {"type": 8, "code": 3}, 58: {"type": 8, "code": 3},
                        47: {"key": 8 << 16 | 3}, 135: {"type": 8, "dport": 3},
                        132: {"sport": 8, "dport": 3}}.items():
        sel = dumped(nl.NEWPOLICY, nl.policy(nl.selector(
            proto=proto, sport=8, dport=3)))["sel"]
        same({k: v for k, v in sel.items()
              if k not in ("src", "dst", "proto")}, want, proto)


@test
def json_of_many_one_and_none():
    states = [nl.message(nl.NEWSA, nl.sa(spi=i)) for i in range(1, 21)]
    objs = as_json("state", *states)
    same([o["spi"] for o in objs], list(range(1, 21)), "list")
    objs = as_json("state list spi 7", *states)
    same([o["spi"] for o in objs], [7], "filtered list")
    same(as_json("state"), [], "empty list of states")
    same(as_json("policy"), [], "empty list of policies")
    objs = as_json("state get src 10.0.0.1 dst 10.0.0.2 proto esp spi 1",
                   *states)
    same([o["spi"] for o in objs], [1], "get")
    objs = as_json("policy get src 10.0.0.0/8 dir out", full_policy())
    same([o["index"] for o in as_json("policy get index 9 dir out",
                                      full_policy(), options=("-s",))], [9],
         "get policy")
    same(len(objs), 1, "get policy")
    objs = as_json("state allocspi src 10.0.0.1 dst 10.0.0.2 proto esp",
                   *states)
    same([o["spi"] for o in objs], [1], "allocspi")


@test
def json_with_other_output_options():
    for options in (("-p",), ("-o",), ("-d",), ("-s", "-s"), ("-o", "-s")):
        same(len(as_json("state", full_state(), full_state(),
                         options=options)), 2, options)
        same(len(as_json("policy", full_policy(), full_policy(),
                         options=options)), 2, options)


@test
def one_line_each_with_o():
    same(shown("state", full_state(), full_state(),
               options=("-o", "-s")).count("\n"), 2, "states")
    same(shown("policy", full_policy(), full_policy(),
               options=("-o", "-s")).count("\n"), 2, "policies")


@test
def truncated_attributes_do_no_harm():
    key = nl.algo(nl.A_AEAD, "x", bytes(16), 128)
    bad = {nl.A_OFFLOAD: b"\1", nl.A_ENCAP: b"\1", nl.A_COADDR: b"\1",
           nl.A_LASTUSED: b"\1", nl.A_REPLAY_VAL: b"\1",
           nl.A_REPLAY_ESN: struct.pack("=6I", 100, 0, 0, 0, 0, 32),
           nl.A_AEAD: key[4:-4], nl.A_CRYPT: b"x", nl.A_AUTH_TRUNC: b"x",
           nl.A_TMPL: b"\1",
           nl.A_SEC_CTX: struct.pack("=HHBBH", 17, 8, 1, 1, 900)}
    for kind, data in bad.items():
        state = nl.message(nl.NEWSA, nl.sa(), nl.attr(kind, data))
        pol = nl.message(nl.NEWPOLICY, nl.policy(nl.selector()),
                         nl.attr(kind, data))
        same(len(as_json("state", state)), 1, kind)
        same(len(as_json("policy", pol)), 1, kind)
        out = shown("state", state) + shown("policy", pol)
        same("truncated)" in out, True, "attribute %d: %s" % (kind, out))


@test
def monitor_shows_offload():
    attrs = (nl.offload(LO, nl.FULL), nl.attr(nl.A_SA_DIR, b"\2"))
    pol = nl.policy(nl.selector())
    events = {
        "": nl.message(nl.NEWSA, nl.sa(), *attrs),
        "Updated ": nl.message(nl.UPDSA, nl.sa(), *attrs),
        "Deleted ": nl.message(nl.DELSA, nl.sa_id(),
                               nl.attr(nl.A_SA, nl.sa()), *attrs),
        "Expired ": nl.message(nl.EXPIRE, nl.sa() + b"\1".ljust(8, b"\0"),
                               *attrs),
    }
    for title, event in events.items():
        for options in ((), ("-j",)):
            out = shown("monitor file " + REPLY, event, options=options)
            same(out.startswith(title + "src 10.0.0.1 dst "), True, out)
            same("dev lo dir out mode full\n" in out, True, out)
    out = shown("monitor file " + REPLY,
                nl.message(nl.UPDPOLICY, pol, nl.offload(LO, nl.FULL)))
    same(out.startswith("Updated src 0.0.0.0/0 "), True, out)
    same("dev lo mode full\n" in out, True, out)


def full_attr(idle, place=2, wanted=2, reason=0):
    drops = struct.pack("=9Q", 1, 2, 3, 4, 5, 6, 7, 2**40, 9)
    return nl.nest(nl.A_FULL, nl.u32(1, idle), nl.attr(2, bytes([place])),
                   nl.u16s(3, 258), nl.attr(4, drops),
                   nl.attr(5, bytes([wanted])), nl.attr(6, bytes([reason])))


@test
def text_of_a_state_in_a_device():
    state = nl.message(nl.NEWSA, nl.sa(), nl.offload(LO, nl.FULL),
                       full_attr(60))
    line = "\tcrypto offload parameters: dev lo dir out mode full"
    place = "\t place device wanted device reason request"
    same(shown("state", state).splitlines()[-2:], [line + " idle 60", place],
         "text")
    same(line + " idle 60\n" + place + " epoch 258\n"
         "\t drops: replay 1 icv 2 selector 3 seq 4 malformed 5 limit 6 "
         "too-big 7 exception 1099511627776 ecn 9\n"
         in shown("state", state, options=("-s",)), True, "text with -s")
    state = nl.message(nl.NEWSA, nl.sa(), nl.offload(LO, nl.FULL),
                       full_attr(0))
    same(shown("state", state).splitlines()[-2:], [line, place], "never idle")


@test
def json_of_a_state_in_a_device():
    state = nl.message(nl.NEWSA, nl.sa(), nl.offload(LO, nl.FULL),
                       full_attr(60))
    want = {"dev": "lo", "dir": "out", "mode": "full", "idle": 60,
            "place": "device", "wanted": "device", "reason": "request"}
    same(as_json("state", state)[0]["offload"], want, "offload")
    want.update(epoch=258, drops={
        "replay": 1, "icv": 2, "selector": 3, "seq": 4, "malformed": 5,
        "limit": 6, "too-big": 7, "exception": 2**40, "ecn": 9})
    same(as_json("state", state, options=("-s",))[0]["offload"], want, "-s")


@test
def exceptions_and_fallback_are_shown():
    for flags, text, obj in (
            (nl.DROP, " exceptions drop", {"exceptions": "drop"}),
            (nl.FALLBACK, " fallback", {"fallback": True}),
            (nl.DROP | nl.FALLBACK, " exceptions drop fallback",
             {"exceptions": "drop", "fallback": True})):
        state = nl.message(nl.NEWSA, nl.sa(),
                           nl.offload(LO, nl.FULL | nl.INBOUND | flags),
                           full_attr(60))
        line = "\tcrypto offload parameters: dev lo dir in mode full%s idle 60\n"
        out = shown("state", state)
        same(line % text in out, True, out)
        got = as_json("state", state)[0]["offload"]
        same({k: got[k] for k in got if k in ("exceptions", "fallback")}, obj,
             text)


@test
def places_and_reasons_have_names():
    places = ["software", "arming", "device", "draining", "suspended", "dead",
              "unknown"]
    reasons = ["request", "refused", "timeout", "down", "exception", "migrate",
               "unknown"]
    for place, word in enumerate(places):
        for reason, why in enumerate(reasons):
            state = nl.message(nl.NEWSA, nl.sa(), nl.offload(LO, nl.FULL),
                               full_attr(0, place, 2, reason))
            same(shown("state", state).splitlines()[-1],
                 "\t place %s wanted device reason %s" % (word, why), "text")
            got = as_json("state", state)[0]["offload"]
            same((got["place"], got["wanted"], got["reason"]),
                 (word, "device", why), "json")


@test
def a_state_back_in_software_shows_it():
    for reason, why in {0: "request", 3: "down"}.items():
        state = nl.message(nl.NEWSA, nl.sa(), full_attr(0, 0, 0, reason))
        lines = ["\tcrypto offload parameters: mode none",
                 "\t place software wanted software reason " + why]
        same(shown("state", state).splitlines()[-2:], lines, "text")
        same(shown("monitor file " + REPLY, state).splitlines()[-2:], lines,
             "monitor")
        want = {"mode": "none", "place": "software", "wanted": "software",
                "reason": why}
        same(as_json("state", state)[0]["offload"], want, "json")
        same(as_json("state", state, options=("-s",))[0]["offload"]["epoch"],
             258, "json with -s")
    same("offload" in as_json("state", nl.message(nl.NEWSA, nl.sa()))[0],
         False, "never offloaded")


def alg(*names):
    return nl.nest(2, *(nl.attr(kind, name.encode() + b"\0")
                        for kind, name in names),
                   nl.u16s(4, 128, 256), nl.u16s(5, 64, 96, 128))


def capable(ifindex=LO, caps=0x00f7ff7f):
    return nl.message(
        nl.NEWOFFLOAD, struct.pack("=i", ifindex), nl.u32(1, caps),
        nl.u32(3, 32), nl.u32(4, 4096), nl.u32(5, 3), nl.u32(6, 65536),
        nl.u32(7, 0), nl.u32(8, 100000),
        alg((1, "rfc4106(gcm(aes))")),
        alg((2, "cbc(aes)"), (3, "hmac(sha256)")))


@test
def text_of_what_a_device_can_do():
    same(shown("offload show", capable()), """\
dev lo
    modes tunnel transport
    families ipv4 ipv6 mixed
    features esn espinudp events drop-only bond
    limits out packet-soft packet-hard byte-soft byte-hard
    limits in packet-soft packet-hard byte-soft byte-hard
    handover update start replay-test seq-alloc
    replay-window 32 to 4096
    states 3 of 65536
    policies 0 of 100000
    aead rfc4106(gcm(aes)) key 128 256 icv 64 96 128
    enc cbc(aes) auth-trunc hmac(sha256) key 128 256 icv 64 96 128
""", "text")
    out = shown("offload", capable(caps=0x5))
    same("    modes tunnel\n    families ipv4\n    features none\n" in out,
         True, out)
    same(shown("offload", capable(), capable(), options=("-o",)).count("\n"),
         2, "lines")


@test
def json_of_what_a_device_can_do():
    limits = ["packet-soft", "packet-hard", "byte-soft", "byte-hard"]
    lens = {"key": [128, 256], "icv": [64, 96, 128]}
    want = {
        "dev": "lo", "modes": ["tunnel", "transport"],
        "families": ["ipv4", "ipv6", "mixed"],
        "features": ["esn", "espinudp", "events", "drop-only", "bond"],
        "limits-out": limits, "limits-in": limits,
        "handover": ["update", "start", "replay-test", "seq-alloc"],
        "replay-window": {"min": 32, "max": 4096},
        "states": {"used": 3, "max": 65536},
        "policies": {"used": 0, "max": 100000},
        "algorithms": [
            dict(lens, aead="rfc4106(gcm(aes))"),
            {"enc": "cbc(aes)", "auth-trunc": "hmac(sha256)", **lens}],
    }
    same(as_json("offload show", capable()), [want], "offload")
    same(as_json("offload", capable(), capable()), [want, want], "two")
    same(as_json("offload show dev lo", capable()), [want], "one")
    same(as_json("offload"), [], "none")


@test
def what_a_device_can_do_is_asked():
    for args, flags, ifindex in (("offload", 0x301, 0),
                                 ("offload list", 0x301, 0),
                                 ("offload show dev lo", 0x1, LO)):
        _, _, _, sent = ip(args, [capable()])
        same([(k, f) for k, f, _ in sent],
             [(nl.GETOFFLOAD, struct.pack("=i", ifindex))], args)
        raw = open(SENT, "rb").read()
        same(struct.unpack_from("=H", raw, 6)[0] & ~4, flags, args)
    refused("offload show eth7", '"eth7" is wrong: "dev" is expected')
    refused("offload show dev nosuch0", '"nosuch0" is wrong: there is no')
    refused("offload shew", 'Command "shew" is unknown')
    _, _, err, _ = ip("offload help")
    same("ip xfrm offload [ show [ dev DEV ] ]" in err, True, err)


def event(kind, *attrs, family=2, src="10.0.0.2", dst="10.0.0.1"):
    return nl.message(nl.OFFLOADEVENT, nl.addr(src) + nl.addr(dst) +
                      struct.pack("!I", 0x1002) +
                      struct.pack("=iHBB", LO, family, 50, kind), *attrs)


@test
def monitor_shows_events_of_devices():
    words = ["no-sa", "icv", "replay", "overflow", "selector", "policy",
             "malformed", "idle", "lost"]
    for kind, word in enumerate(words, 1):
        same(shown("monitor file " + REPLY, event(kind)),
             "Offload event %s dev lo\n\tsrc 10.0.0.2 dst 10.0.0.1 proto esp "
             "spi 0x00001002\n" % word, word)
    same(shown("monitor file " + REPLY, event(99, family=0)),
         "Offload event 99 dev lo\n\tproto esp spi 0x00001002\n", "unknown")
    same(shown("monitor file " + REPLY, event(
        3, nl.attr(1, struct.pack("=Q", 1000000000000000007)),
        nl.attr(2, struct.pack("=Q", 2**32 + 5)),
        nl.attr(3, b"\0\1\2\3"), nl.u32(4, 17), nl.attr(5, b"E\0\0\x14"),
        nl.attr(6, b"\1"), family=10, src="fd00::2", dst="fd00::1")), """\
Offload event replay dev lo
	src fd00::2 dst fd00::1 proto esp spi 0x00001002 dir in seq 4294967301 flowlabel 0x10203 suppressed 17
	time 2001-09-09 01:46:40.000000007
	data 45000014
""", "all attributes")


def main():
    failed = 0

    print("KTAP version 1\n1..%d" % len(TESTS))
    for i, func in enumerate(TESTS, 1):
        try:
            func()
            print("ok %d %s" % (i, func.__name__))
        except (AssertionError, ValueError, KeyError, IndexError,
                struct.error, subprocess.TimeoutExpired) as err:
            failed += 1
            for line in str(err).splitlines():
                print("# " + line)
            print("not ok %d %s" % (i, func.__name__))
    print("# Totals: pass:%d fail:%d" % (len(TESTS) - failed, failed))
    return 1 if failed else 0


sys.exit(main())
