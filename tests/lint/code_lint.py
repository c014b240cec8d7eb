#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of docs/HACKING.md that a program can check.

    code_lint.py TREE          prints each breach as file:line: what; status 1
    code_lint.py --self-test   breaks every rule once and expects to hear it

The layers are read from Makefile.am (LAYER0 ...), so that there is one list.
"""

import os
import re
import sys
import tempfile

# Contracts without code; the rest of what include/adder/ holds is named like
# its room or like the file that keeps it.
CONTRACT_ROOMS = {"types": "base", "sink": "base", "cfi_rule": "arch"}
# Rooms that may know a sibling of their own layer; ARCHITECTURE.md says why.
SIBLINGS = {("space", "decode"), ("python", "unwind")}
# Headers of other people's libraries stay in the one or two files of a room
# that wrap them.
WRAPPED = {
    "curses": r"n?cursesw?(/.*)?\.h|panel\.h",
    "libelf": r"(g|lib)elf\.h",
    "libdwelf": r"elfutils/libdwelf\.h",
    "libdw": r"elfutils/(?!libdwelf).*|dwarf\.h|libdw\.h",
    "capstone": r"capstone/.*",
    "libpfm": r"perfmon/.*",
    "zstd": r"zstd.*\.h",
    "libseccomp": r"seccomp\.h",
    "libiberty": r"(libiberty/)?demangle\.h",
}
WRAPPED_FILES = 2
BANNED = re.compile(
    r"\b(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|strtok|atoi|atol|gets"
    r"|localtime|gmtime|alloca)\s*\(")
RAW_ALLOC = re.compile(r"(?<![\w.>])(malloc|calloc|realloc|reallocarray)\s*\(")
PROCESS = re.compile(
    r"(?<![\w.>])(exit|_exit|quick_exit|getenv|secure_getenv|setenv|putenv)"
    r"\s*\(|\benviron\b")
ERRNO = re.compile(r"(?<!\w)errno\b(?!\.h)")
ARCH_IF = re.compile(r"^\s*#\s*(if|elif|ifdef|ifndef)\b.*"
                     r"__(x86_64|i386|aarch64|arm)__")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
FILE_LINES_MAX, FILE_LINES_AIM = 900, 600
FUNCTION_LINES_MAX, COLUMNS_MAX = 80, 100


def blank_out(text):
    """The text with comments and the insides of literals blanked."""
    pattern = re.compile(
        r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
        re.DOTALL)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


class Lint:
    def __init__(self, tree):
        self.tree = tree
        self.breaches = []
        self.warnings = []
        self.wrapped_in = {}
        self.layer_of = self.read_layers()

    def say(self, path, line, what):
        self.breaches.append("%s:%d: %s" % (path, line, what))

    def read_layers(self):
        with open(os.path.join(self.tree, "Makefile.am")) as file:
            text = file.read().replace("\\\n", " ")
        layers = {}
        for number, rooms in re.findall(r"^LAYER(\d+) *= *(.*)$", text,
                                        re.MULTILINE):
            for room in re.findall(r"src/(\w+)/lib", rooms):
                layers[room] = int(number)
        # Not libraries: they stand above all of them.
        top = max(layers.values(), default=0)
        layers.setdefault("tui", top + 1)
        layers.setdefault("cmd", top + 2)
        return layers

    def room_of_contract(self, name):
        if name in self.layer_of:
            return name
        if name in CONTRACT_ROOMS:
            return CONTRACT_ROOMS[name]
        for room in self.layer_of:
            if os.path.exists(os.path.join(self.tree, "src", room,
                                           name + ".c")):
                return room
        return None

    def files(self, *tops, suffixes):
        for top in tops:
            for folder, folders, names in os.walk(
                    os.path.join(self.tree, top)):
                folders.sort()
                for name in sorted(names):
                    if name.endswith(suffixes):
                        path = os.path.join(folder, name)
                        yield os.path.relpath(path, self.tree)

    def read(self, path):
        with open(os.path.join(self.tree, path), encoding="utf-8",
                  errors="replace") as file:
            return file.read()

    def check_include(self, path, room, number, quote, name):
        if quote == "<":
            for library, pattern in WRAPPED.items():
                if re.fullmatch(pattern, name):
                    self.wrapped_in.setdefault((library, room), set()).add(
                        path[:-2])
            return
        if name == "config.h":
            if path.endswith(".h"):
                self.say(path, number, "config.h belongs into .c files only")
            return
        if name.startswith("adder/"):
            other = self.room_of_contract(name[len("adder/"):-2])
            if other is None:
                self.say(path, number, "no room known for '%s': name it in "
                         "tests/lint/code_lint.py" % name)
                return
        elif "/" in name:
            other = name.split("/")[0]
            if other != room:
                self.say(path, number, "'%s' is private to src/%s" %
                         (name, other))
                return
        else:
            other = room
        if other == room or (room, other) in SIBLINGS:
            return
        if self.layer_of.get(other, 99) >= self.layer_of.get(room, 99):
            self.say(path, number, "src/%s (layer %d) may not include '%s' "
                     "(layer %d)" % (room, self.layer_of.get(room, 99), name,
                                     self.layer_of.get(other, 99)))

    def check_lines(self, path, room, text):
        bare = blank_out(text).split("\n")
        for number, (line, code) in enumerate(zip(text.split("\n"), bare), 1):
            match = INCLUDE.match(line)
            if match:
                self.check_include(path, room, number, *match.groups())
            if len(line.expandtabs(8)) > COLUMNS_MAX:
                self.say(path, number, "longer than %d columns" % COLUMNS_MAX)
            if line != line.rstrip():
                self.say(path, number, "blank at the end of the line")
            match = BANNED.search(code)
            if match:
                self.say(path, number, "'%s' is banned" % match.group(1))
            if RAW_ALLOC.search(code) and path != "src/base/mem.c":
                self.say(path, number, "raw allocation: use mem.h")
            if re.match(r"\s*typedef\s+struct\b", code):
                self.say(path, number, "typedef of a struct")
            if room != "sys" and ERRNO.search(code):
                self.say(path, number, "errno outside src/sys")
            if room not in ("cmd", "sys") and PROCESS.search(code):
                self.say(path, number, "exit or environment below src/cmd")
            if room not in ("arch", "sys") and ARCH_IF.match(line):
                self.say(path, number, "architecture outside src/arch")
        self.check_functions(path, bare)

    def check_functions(self, path, bare):
        start = None
        for number, line in enumerate(bare, 1):
            if line.startswith("{"):
                start = number
            elif line.startswith("}") and start is not None:
                length = number - start - 1
                if length > FUNCTION_LINES_MAX and not self.flat_switch(
                        bare[start:number]):
                    self.say(path, start, "function of %d lines" % length)
                start = None

    @staticmethod
    def flat_switch(lines):
        cases = sum(1 for line in lines if re.match(r"\s*(case\b|default:)",
                                                    line))
        return cases * 6 >= len(lines)

    def check_length(self, path, text):
        length = text.count("\n")
        if length > FILE_LINES_MAX:
            self.say(path, length, "file of %d lines" % length)
        elif length > FILE_LINES_AIM:
            self.warnings.append("%s: %d lines, the aim is %d" %
                                 (path, length, FILE_LINES_AIM))

    def check_spdx(self, path, text):
        if SPDX not in "\n".join(text.split("\n")[:3]):
            self.say(path, 1, "no line '%s'" % SPDX)

    def run(self):
        for path in self.files("src", "include", suffixes=(".c", ".h")):
            text = self.read(path)
            parts = path.split("/")
            if parts[0] == "src":
                room = parts[1]
            else:
                room = self.room_of_contract(parts[-1][:-2])
            if room is None or room not in self.layer_of:
                self.say(path, 1, "no room known for this file")
                continue
            self.check_lines(path, room, text)
            self.check_length(path, text)
        for path in self.files("src", "include", "tests", "example",
                               suffixes=(".c", ".h", ".py", ".sh")):
            if "/corpus/" not in path and "/golden/" not in path:
                self.check_spdx(path, self.read(path))
        for (library, room), paths in sorted(self.wrapped_in.items()):
            if len(paths) > WRAPPED_FILES:
                self.say("src/" + room, 1, "%s's headers stand in %d files: "
                         "%s" % (library, len(paths),
                                 ", ".join(sorted(paths))))
        return self.breaches


MAKEFILE = ("LAYER0 = src/base/libbase.a\n"
            "LAYER1 = src/sys/libsys.a $(LAYER0)\n"
            "LAYER2 = src/space/libspace.a \\\n"
            "\tsrc/decode/libdecode.a $(LAYER1)\n")
HEAD = "/* " + SPDX + " */\n"
# Each breach: files of a small tree, and what must be heard of it.
BROKEN = [
    ({"src/base/a.c": '#include "adder/sys.h"\n'}, "may not include"),
    ({"src/decode/a.c": '#include "adder/space.h"\n'}, "may not include"),
    ({"src/decode/a.c": '#include "space/x.h"\n'}, "is private to"),
    ({"src/base/a.c": '#include "adder/nosuch.h"\n'}, "no room known"),
    ({"src/base/%s.c" % n: "#include <zstd.h>\n" for n in "abc"},
     "zstd's headers"),
    ({"src/base/a.c": "void f(void)\n{\n\tstrcpy(a, b);\n}\n"}, "is banned"),
    ({"src/base/a.c": "void *p = malloc(3);\n"}, "raw allocation"),
    ({"src/base/a.c": "typedef struct x y;\n"}, "typedef of a struct"),
    ({"src/base/a.c": "int e = errno;\n"}, "errno outside"),
    ({"src/base/a.c": "void f(void)\n{\n\texit(1);\n}\n"}, "exit or"),
    ({"src/space/a.c": "#ifdef __x86_64__\n#endif\n"}, "architecture"),
    ({"src/base/a.c": "int x; \n"}, "blank at the end"),
    ({"src/base/a.c": "int x" + " " * 100 + ";\n"}, "longer than"),
    ({"src/base/a.c": "void f(void)\n{\n" + "\tg();\n" * 81 + "}\n"},
     "function of 81"),
    ({"src/base/a.c": "int x;\n" * 901}, "file of 902"),
    ({"src/base/a.h": '#include "config.h"\n'}, "config.h belongs"),
]
FINE = {
    "src/space/a.c": '#include "adder/decode.h"\n#include "b.h"\n'
                     '/* errno, malloc(1) */\nconst char *s = "exit(1)";\n'
                     "int a = free_errno_count;\n",
    "src/sys/a.c": "int e = errno;\n",
}


def breaches_of(files):
    with tempfile.TemporaryDirectory() as tree:
        for path, text in dict(files, **{"Makefile.am": MAKEFILE}).items():
            path = os.path.join(tree, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        return Lint(tree).run()


def self_test():
    failures = 0
    for files, expected in BROKEN:
        headed = {path: HEAD + text for path, text in files.items()}
        heard = breaches_of(headed)
        if len(heard) != 1 or expected not in heard[0]:
            print("expected one '%s' for %r, heard %r" %
                  (expected, sorted(files), heard))
            failures += 1
    heard = breaches_of({p: HEAD + t for p, t in FINE.items()})
    if heard:
        print("expected nothing, heard %r" % heard)
        failures += 1
    heard = breaches_of({"src/base/a.c": "int x;\n"})
    if len(heard) != 1 or "no line" not in heard[0]:
        print("expected a missing SPDX line, heard %r" % heard)
        failures += 1
    return failures


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    if len(sys.argv) != 2:
        print("usage: code_lint.py TREE | --self-test", file=sys.stderr)
        return 2
    if self_test():
        print("code_lint: its own rules do not hold")
        return 1
    lint = Lint(sys.argv[1])
    breaches = lint.run()
    for line in lint.warnings:
        print("warning: " + line)
    for line in breaches:
        print(line)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
