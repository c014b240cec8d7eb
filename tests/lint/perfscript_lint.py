#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Strict linter of perf-script text, as `adder script` prints it.

    perfscript_lint.py [--exact] FILE...   a line for each breach; status 1
    perfscript_lint.py --self-test         breaks every rule, expects to hear it

The grammar:

    file    = { sample }
    sample  = header { frame } ""              one blank line ends each sample
    header  = comm " " [pid "/"] tid " " ["[" cpu "] "] sec "." usec ": "
              period " " event ": "
    frame   = TAB address16 " " symbol "+0x" hex " (" dso ")"
            | TAB address16 " [unknown] (" dso ")"
            | TAB address16 " " symbol "+0x" hex " (inlined)"

The format escapes nothing and its readers guess. Each rule below names the
reader that goes wrong without it: stackcollapse-perf.pl (FlameGraph), inferno,
speedscope, the Firefox profiler, flamescope, Perfetto, gprof2dot. With --exact
(perf's own layout) only what breaks lines and samples is a breach.
"""

import re
import sys

HEADER = re.compile(
    r"(?P<comm>.*?) +(?:(?P<pid>\d+)/)?(?P<tid>\d+) +(?:\[\d{3,}\] )?"
    r" *(?P<sec>\d+)\.(?P<frac>\d+): +(?:(?P<period>\d+) )?"
    r"(?P<pad> *)(?P<event>\S.*?): ?(?P<rest>.*)$")
FRAME = re.compile(r"\t(?P<address> *[0-9a-f]+) (?P<rest>.*)$")
NAMED = re.compile(r"(?P<symbol>.+)\+0x[0-9a-f]+ \((?P<dso>.*)\)$")
UNNAMED = re.compile(r"\[unknown\] \((?P<dso>.*)\)$")
SIDE_BAND = re.compile(r": PERF_RECORD_[A-Z]")
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e"
    "\u2066-\u2069\ufeff]")

RULES = {
    "grammar": "not a line of this format",
    "utf8": "Firefox refuses the file, flamescope cannot decode it",
    "control": "a control character reaches the terminal",
    "comment": "Perfetto does not recognise the file",
    "side-band": "gprof2dot stops, Perfetto and inferno lose a sample",
    "trace-text": "inferno loses the stack",
    "end": "FlameGraph and Perfetto drop the last sample",
    "blank-lines": "Perfetto stops, gprof2dot crashes",
    "empty-stack": "counted by some, dropped by others",
    "comm-blank": "FlameGraph, inferno and speedscope cut the name",
    "comm-short": "FlameGraph takes the period for the pid",
    "comm-number": "FlameGraph, inferno and speedscope take it for the pid",
    "comm-hash": "read as a comment",
    "time-digits": "Perfetto wants six decimals",
    "time-order": "speedscope refuses the file",
    "no-period": "FlameGraph and inferno count 1",
    "event-padding": "inferno counts 1 for every sample",
    "event-blank": "FlameGraph and inferno lose the filter",
    "events": "only the first is counted by some, all are mixed by others",
    "address": "not 16 columns wide",
    "no-offset": "readers split the symbol elsewhere",
    "symbol-round": "FlameGraph, inferno and Firefox drop the frame",
    "symbol-blank": "readers take the rest for the file",
    "symbol-arrow": "FlameGraph takes the frame apart",
    "semicolon": "the folded form separates by it",
    "dso-blank": "speedscope and inferno drop the frame",
    "dso-round": "Firefox and gprof2dot cut the name",
}
# What perf itself may print.
PORTABLE_ONLY = set(RULES) - {"grammar", "utf8", "control", "end",
                              "time-order"}


class Lint:
    def __init__(self, exact):
        self.exact = exact
        self.breaches = []
        self.line_number = 0
        self.last_ns = None
        self.event = None
        self.samples = 0

    def say(self, rule, line=None):
        if not (self.exact and rule in PORTABLE_ONLY):
            self.breaches.append((self.line_number, rule, line))

    def check_comm(self, comm):
        if re.search(r"\s", comm):
            self.say("comm-blank", comm)
        if len(comm) < 2:
            self.say("comm-short", comm)
        if re.search(r"(^|\s)[\d/]+(\s|$)", comm):
            self.say("comm-number", comm)
        if comm.startswith("#"):
            self.say("comm-hash", comm)
        if ";" in comm:
            self.say("semicolon", comm)

    def check_event(self, match):
        event = match["event"]
        if match["pad"]:
            self.say("event-padding", event)
        if re.search(r"\s", event):
            self.say("event-blank", event)
        if self.event is None:
            self.event = event
        elif self.event != event:
            self.say("events", event)

    def check_time(self, match):
        if len(match["frac"]) != 6:
            self.say("time-digits", match["frac"])
        now = int(match["sec"]) * 10**9 + int(match["frac"].ljust(9, "0")[:9])
        if self.last_ns is not None and now < self.last_ns:
            self.say("time-order", match["sec"] + "." + match["frac"])
        self.last_ns = now

    def header(self, line):
        """Whether a sample begins here."""
        match = HEADER.match(line)
        if line.startswith("# ") and not (self.exact and match) or line == "#":
            self.say("comment", line)
            return False
        if SIDE_BAND.search(line):
            self.say("side-band", line)
            return False
        if not match:
            self.say("grammar", line)
            return False
        if match["rest"]:
            self.say("trace-text", match["rest"])
        if match["period"] is None:
            self.say("no-period", line)
        self.check_comm(match["comm"])
        self.check_event(match)
        self.check_time(match)
        self.samples += 1
        return True

    def check_symbol(self, symbol):
        if symbol.startswith("("):
            self.say("symbol-round", symbol)
        if symbol != symbol.strip() or re.search(r"[^\S ]| \(", symbol):
            self.say("symbol-blank", symbol)
        if "->" in symbol:
            self.say("symbol-arrow", symbol)
        if ";" in symbol:
            self.say("semicolon", symbol)

    def check_dso(self, dso):
        if not dso:
            self.say("grammar", "empty file name")
        if re.search(r"\s", dso):
            self.say("dso-blank", dso)
        if "(" in dso or ")" in dso:
            self.say("dso-round", dso)
        if ";" in dso:
            self.say("semicolon", dso)

    def frame(self, line):
        match = FRAME.match(line)
        if not match:
            self.say("grammar", line)
            return
        if len(match["address"]) != 16:
            self.say("address", line)
        rest = match["rest"]
        unnamed = UNNAMED.match(rest)
        if unnamed:
            self.check_dso(unnamed["dso"])
            return
        named = NAMED.match(rest)
        if not named:
            self.say("no-offset" if " (" in rest and rest.endswith(")")
                     else "grammar", line)
            return
        self.check_symbol(named["symbol"])
        self.check_dso(named["dso"])

    def text(self, text):
        lines = text.split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        in_sample, frames = False, 0
        for self.line_number, line in enumerate(lines, 1):
            if CONTROL.search(line):
                self.say("control", line)
            if not in_sample:
                if line == "":
                    self.say("blank-lines")
                else:
                    in_sample, frames = self.header(line), 0
            elif line == "":
                if not frames:
                    self.say("empty-stack")
                in_sample = False
            else:
                self.frame(line)
                frames += 1
        if in_sample or (text and not text.endswith("\n")):
            self.say("end")

    def data(self, data):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            self.line_number = data[:error.start].count(b"\n") + 1
            self.say("utf8", str(error))
            text = data.decode("utf-8", "replace")
        self.text(text)


def lint(data, exact=False):
    checker = Lint(exact)
    checker.data(data)
    return checker


GOOD = (b"py  4242 86400.001002:    1001001 cpu-clock: \n"
        b"\t          42104d f(int, char)+0x10 (/usr/bin/python3.13)\n"
        b"\t          42104d g (h::x<int, char>)+0x0 (inlined)\n"
        b"\t    7f3a00001000 <module>+0x0 (/srv/app/service.py)\n"
        b"\t               0 [unknown] ([cut])\n"
        b"\n").replace(b"g (h::", b"g(h::")

# rule, what is replaced in GOOD (or put behind it: None), by what
BROKEN = [
    ("grammar", b"py  4242 86400.001002", b"py x"),
    ("grammar", b"\t          42104d f", b"          42104d f"),
    ("grammar", b"(/srv/app/service.py)", b"()"),
    ("grammar", b" (/srv/app/service.py)", b""),
    ("utf8", b"<module>", b"<mod\xffule>"),
    ("control", b"<module>", b"<mod\x1b[31mule>"),
    ("control", b"<module>", "<mod\u202eule>".encode()),
    ("control", b"py ", "p\u009by ".encode()),
    ("comment", b"py  4242", b"# ========\n#\npy  4242"),
    ("side-band", None, b"py  4242 86400.5: PERF_RECORD_EXIT(1:1):(1:1)\n"),
    ("trace-text", b"cpu-clock: ", b"sched:sched_switch: prev_comm=a"),
    ("end", b"([cut])\n\n", b"([cut])\n"),
    ("end", b"([cut])\n\n", b"([cut])"),
    ("blank-lines", b"([cut])\n\n", b"([cut])\n\n\n"),
    ("empty-stack", None, b"py  4242 86400.5: 1 cpu-clock: \n\n"),
    ("comm-blank", b"py  4242", b"p y  4242"),
    ("comm-blank", b"py  4242", "p\u00a0y  4242".encode()),
    ("comm-short", b"py  4242", b"p  4242"),
    ("comm-number", b"py  4242", b"77  4242"),
    ("comm-number", b"py  4242", b"worker 7 x  4242"),
    ("comm-hash", b"py  4242", b"#x  4242"),
    ("time-digits", b"001002:", b"001002345:"),
    ("time-order", None, GOOD.replace(b"86400.", b"86399.")),
    ("no-period", b"   1001001 cpu-clock", b"cpu-clock"),
    ("event-padding", b"1001001 cpu-clock", b"1001001     cpu-clock"),
    ("event-blank", b"cpu-clock", b"cpu clock"),
    ("events", None, GOOD.replace(b"cpu-clock", b"cycles")),
    ("address", b"\t          42104d f", b"\t42104d f"),
    ("no-offset", b"<module>+0x0", b"<module>"),
    ("symbol-round", b"<module>", b"(anonymous namespace)::f"),
    ("symbol-blank", b"<module>", b"f (x)"),
    ("symbol-blank", b"<module>", b" f"),
    ("symbol-blank", b"<module>", "f\u3000x".encode()),
    ("symbol-arrow", b"<module>", b"operator->"),
    ("semicolon", b"<module>", b"f;g"),
    ("semicolon", b"service.py", b"service;.py"),
    ("semicolon", b"py  4242", b"p;y  4242"),
    ("dso-blank", b"service.py", b"my service.py"),
    ("dso-blank", b"python3.13)", b"python3.13 (deleted))"),
    ("dso-round", b"service.py", b"service(1).py"),
]


def self_test():
    failed = 0
    heard = set()
    checker = lint(GOOD + GOOD)
    if checker.breaches or checker.samples != 2:
        print("good text is refused: %r" % checker.breaches)
        failed += 1
    for rule, old, new in BROKEN:
        assert old is None or old in GOOD, old
        data = GOOD + new if old is None else GOOD.replace(old, new, 1)
        said = {breach[1] for breach in lint(data).breaches}
        heard |= {rule}
        if rule not in said:
            print("rule '%s' did not hear %r (but %s)"
                  % (rule, new, sorted(said)))
            failed += 1
        said = {breach[1] for breach in lint(data, exact=True).breaches}
        if said & PORTABLE_ONLY:
            print("--exact says %s of %r" % (sorted(said), new))
            failed += 1
    for rule in sorted(set(RULES) - heard):
        print("rule '%s' is not tested" % rule)
        failed += 1
    print("%d broken texts, %d failures" % (len(BROKEN), failed))
    return 1 if failed else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    exact = arguments[:1] == ["--exact"]
    paths = arguments[1:] if exact else arguments
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    status = 0
    for path in paths:
        with open(path, "rb") as file:
            checker = lint(file.read(), exact)
        for number, rule, what in checker.breaches[:20]:
            print("%s:%d: %s: %s%s" % (path, number, rule, RULES[rule],
                                       "" if what is None else ": %r" % what))
        if checker.breaches:
            status = 1
            print("%s: %d breaches" % (path, len(checker.breaches)))
        else:
            print("%s: ok, %d samples of %s" % (path, checker.samples,
                                                checker.event))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
