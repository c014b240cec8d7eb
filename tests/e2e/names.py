#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile names: what is printed stays well formed and safe to look at."""

import os
import re
import subprocess
import sys

from harness import SRCDIR, adder, expect, record, run, script_text, target

LINT = os.path.join(SRCDIR, "tests/lint/perfscript_lint.py")
# All control characters but newline and tab, in both ranges, and what turns
# the direction of writing.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def expect_safe(what, data):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as why:
        expect(False, "%s: %s" % (what, why))
    found = UNSAFE.search(text)
    if found:
        expect(False, "%s: %r at ...%r" % (
            what, found.group(), text[max(found.start() - 60, 0):
                                      found.start() + 20]))


def lint(path, text):
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    done = subprocess.run([sys.executable, LINT, path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL)
    expect(done.returncode == 0, "the linter says: %s" %
           done.stdout.decode(errors="replace")[:1500])


def hostile_names_are_tamed(folder, python):
    recording = record(folder, [python.path] + target("hostile.py", "names"),
                       seconds=0.02, options=["-F", "1999"])
    lint(folder("text"), script_text(recording.path))
    expect_safe("what record said", recording.run.err)
    shown = [("report",), ("report", "--by", "tree"),
             ("report", "--by", "thread"), ("report", "--format", "json"),
             ("script",), ("script", "--exact")]
    for args in shown:
        done = adder(*args, recording.path)
        expect(done.status == 0, "%s: %s" % (args, done.err))
        expect_safe(" ".join(args), done.out)
        expect_safe(" ".join(args) + " (said)", done.err)
    # The names that harm nobody arrive as they are.
    names = {f["name"] for f in recording.report()["functions"]
             if f["kind"] == "python"}
    for name in ("two words", "semi;colon", "\u4e2d\u6587", "%s%n%d"):
        expect(name in names, "no %r in %s" % (name, sorted(names)))


def text_of_every_target_is_portable(folder, python):
    for name, *args in (("nested.py",), ("shapes.py",),
                        ("tasks.py", "threads"), ("tasks.py", "fork"),
                        ("tasks.py", "spawn"), ("deep.py", "recursion"),
                        ("spent.py", "c"), ("churn.py", "exec")):
        recording = record(folder, [python.path] + target(name, *args),
                           seconds=0.1)
        lint(folder("text"), script_text(recording.path))


if __name__ == "__main__":
    sys.exit(run([hostile_names_are_tamed,
                  text_of_every_target_is_portable]))
