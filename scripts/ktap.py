#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Counts results in TAP and KTAP files.

usage: ktap.py FILE...         the sums: "N passed, N failed, N skipped"
       ktap.py --failed FILE   what failed, with what was said before it

Nested results count, and not their parents; a parent counts when it has none,
or when it failed though all of its children passed. A plan that was not
fulfilled is a failure; results without a number may come on top of it. Exit
status 1 when something failed, or nothing was there; with CI set, a skipped
test is a failure.
"""

import os
import re
import sys

RESULT = re.compile(r"^(?P<indent> *)(?P<bad>not )?ok\b *(?P<number>\d*)"
                    r" *-? *(?P<text>.*)$")
PLAN = re.compile(r"^(?P<indent> *)1\.\.(?P<count>\d+)(?P<text>.*)$")
BAIL = re.compile(r"^ *Bail out!(?P<text>.*)$")
CONTEXT = 20


class Counter:
    """Sums over files, and the failures with their context."""

    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.failures = []

    def fail(self, text, context=()):
        self.failures.append((text, list(context)))

    def read(self, path):
        reader = Reader(self)
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                reader.line(line.rstrip("\r\n"))
        reader.end(os.path.basename(path))

    def __str__(self):
        return (f"{self.passed} passed, {len(self.failures)} failed, "
                f"{self.skipped} skipped")


class Reader:
    """One file: a stack of levels, told by indentation."""

    def __init__(self, counter):
        self.counter = counter
        self.levels = {}
        self.context = []
        self.seen = False

    def level(self, indent):
        return self.levels.setdefault(indent, {"results": 0, "failed": 0,
                                               "plan": None, "skip": False})

    def line(self, line):
        match = PLAN.match(line)
        if match:
            level = self.level(len(match["indent"]))
            level["plan"] = int(match["count"])
            level["skip"] = "SKIP" in match["text"].upper()
            return
        match = BAIL.match(line)
        if match:
            self.counter.fail("bailed out:" + match["text"], self.context)
            return
        match = RESULT.match(line)
        if match:
            self.result(match)
            self.context = []
        else:
            self.context = (self.context + [line])[-CONTEXT:]

    def result(self, match):
        indent = len(match["indent"])
        children = [self.close(i) for i in sorted(self.levels) if i > indent]
        level = self.level(indent)
        if match["number"] or level["results"] != level["plan"]:
            level["results"] += 1
        self.seen = True
        inside = sum(c["results"] for c in children)
        failed_inside = sum(c["failed"] for c in children)
        if match["bad"]:
            level["failed"] += 1
            if not failed_inside:
                self.counter.fail(match["text"], self.context)
        elif not inside:
            if re.search(r"# *SKIP", match["text"], re.IGNORECASE):
                self.counter.skipped += 1
            else:
                self.counter.passed += 1

    def close(self, indent):
        """Ends a level: what it planned must have come."""
        level = self.levels.pop(indent)
        plan = level["plan"]
        if plan is not None and level["results"] != plan and not level["skip"]:
            level["failed"] += 1
            self.counter.fail(f"{level['results']} results of {plan} planned",
                              self.context)
        return level

    def end(self, name):
        before = len(self.counter.failures)
        for indent in sorted(self.levels):
            self.close(indent)
        if not self.seen and before == len(self.counter.failures):
            self.counter.fail(f"{name}: no results", self.context)


def show(failures):
    for text, context in failures:
        print("    not ok: " + text)
        for line in context:
            print("        " + line)


def main():
    args = sys.argv[1:]
    counter = Counter()
    for path in [a for a in args if not a.startswith("--")]:
        counter.read(path)
    if "--failed" in args:
        show(counter.failures)
    else:
        print(counter)
    nothing = not counter.passed and not counter.skipped
    skip_fails = counter.skipped and os.environ.get("CI")
    return 1 if counter.failures or nothing or skip_fails else 0


if __name__ == "__main__":
    sys.exit(main())
