#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that the documentation matches the tree.

    docs_lint.py TREE          prints each breach; status 1

Every subcommand (src/cmd/cmd_NAME.c) has a page docs/man/adder-NAME.1 that is
installed and named in adder(1), and no page is about something else; every
page passes the formatter's own lint; every room has its row in
docs/ARCHITECTURE.md; files that the documents name exist.
"""

import os
import re
import shutil
import subprocess
import sys


def read(tree, path):
    with open(os.path.join(tree, path), encoding="utf-8") as file:
        return file.read()


def subcommands(tree):
    return {match.group(1).replace("_", "-")
            for name in os.listdir(os.path.join(tree, "src/cmd"))
            for match in [re.match(r"cmd_(\w+)\.c$", name)] if match}


def pages(tree):
    return {match.group(1)
            for name in os.listdir(os.path.join(tree, "docs/man"))
            for match in [re.match(r"adder-(\w+)\.1$", name)] if match}


def check_pages(tree, say):
    commands, known = subcommands(tree), pages(tree)
    index = read(tree, "docs/man/adder.1").replace("\\-", "-")
    makefiles = "".join(
        read(tree, os.path.join(folder, name))
        for top in ("docs", "src") for folder, _, names in
        os.walk(os.path.join(tree, top)) for name in names
        if name == "local.mk")
    for name in sorted(commands - known):
        say("subcommand '%s' has no page docs/man/adder-%s.1" % (name, name))
    for name in sorted(known):
        if "docs/man/adder-%s.1" % name not in makefiles:
            say("docs/man/adder-%s.1 is not installed" % name)
        if name in commands and ".BR adder-%s (1)" % name not in index:
            say("docs/man/adder.1 does not name adder-%s(1)" % name)


def check_format(tree, say):
    folder = os.path.join(tree, "docs/man")
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if shutil.which("mandoc"):
            command = ["mandoc", "-Tlint", "-Wwarning", path]
        elif shutil.which("man"):
            command = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8",
                       "-Z", path]
        else:
            print("note: neither mandoc nor man is here: the pages' markup "
                  "was not checked")
            return
        run = subprocess.run(command, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        heard = run.stdout.decode(errors="replace")
        if command[0] == "man":
            heard = "".join(line for line in heard.splitlines(True)
                            if "warning:" in line)
        if heard or run.returncode:
            say("%s: %s" % (name, heard.strip() or
                            "status %d" % run.returncode))


def check_rooms(tree, say):
    table = read(tree, "docs/ARCHITECTURE.md")
    for room in sorted(os.listdir(os.path.join(tree, "src"))):
        if os.path.isdir(os.path.join(tree, "src", room)):
            if not re.search(r"^\|[^|]*\| `%s/`" % room, table, re.MULTILINE):
                say("docs/ARCHITECTURE.md has no row for src/%s" % room)


def check_names(tree, say):
    for document in ("README.md", "docs/ARCHITECTURE.md", "docs/HACKING.md"):
        for name in re.findall(r"`((?:docs|tests|src|include)/[\w./-]*\w)`",
                               read(tree, document)):
            if not os.path.exists(os.path.join(tree, name)):
                say("%s names '%s', which is not there" % (document, name))


def main():
    if len(sys.argv) != 2:
        print("usage: docs_lint.py TREE", file=sys.stderr)
        return 2
    breaches = []
    for check in (check_pages, check_format, check_rooms, check_names):
        check(sys.argv[1], breaches.append)
    for line in breaches:
        print(line)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
