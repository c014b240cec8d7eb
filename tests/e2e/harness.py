# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the built adder on targets of known truth and compares.

A test is a function that takes a Python (or nothing) and raises Failure or
Skip. run() calls them, prints one line for each, and gives the exit status
that automake expects: 0, 1, or 77 where nothing could run.
"""

import collections
import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

SRCDIR = os.environ.get("ADDER_SRCDIR") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "../.."))
BUILDDIR = os.environ.get("ADDER_BUILDDIR") or os.path.join(SRCDIR, "build")
ADDER = os.environ.get("ADDER") or os.path.join(BUILDDIR, "adder")
TARGETS = os.path.join(SRCDIR, "tests/targets")
RATE_HZ = 999
TIME_LIMIT_S = 300

Frame = collections.namedtuple("Frame", "kind name module")
Sample = collections.namedtuple("Sample", "comm tid time_ns period event "
                                "frames complete")
Python = collections.namedtuple("Python", "name path version")
Run = collections.namedtuple("Run", "status out err")

# The pattern of a path 200 frames deep nests as deep.
sys.setrecursionlimit(20000)


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failure(what)


def wait_until(condition, what, limit_s=30):
    """Polls until the condition gives something; gives that."""
    until = time.monotonic() + limit_s
    while True:
        found = condition()
        if found:
            return found
        expect(time.monotonic() < until, "%s did not come within %d s" %
               (what, limit_s))
        time.sleep(0.02)


def perf_works():
    probe = os.path.join(BUILDDIR, "tests/support/perf_probe")
    if not os.path.exists(probe):
        return True
    return subprocess.call([probe], stderr=subprocess.DEVNULL) == 0


def find_pythons():
    """Each Python with a trampoline: ADDER_PYTHONS, or what is here."""
    named = os.environ.get("ADDER_PYTHONS")
    if named:
        paths = named.split(":")
    else:
        paths = sorted(glob.glob(os.path.join(BUILDDIR, "python/*/python")))
        paths += sorted(glob.glob(os.path.expanduser(
            "~/.pyenv/versions/3.1[2-9]*/bin/python3")))
        paths += ["/usr/bin/python3"]
    found = []
    for path in paths:
        try:
            text = subprocess.check_output(
                [path, "-c", "import sys; print(sys.is_stack_trampoline_active"
                 "() or '%d.%d.%d' % sys.version_info[:3])"],
                stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                timeout=60).decode().strip()
        except (OSError, subprocess.SubprocessError):
            continue
        name = "%s(%s)" % (text, os.path.basename(os.path.dirname(
            path if path.endswith("/python") else os.path.dirname(path))))
        found.append(Python(name, path,
                            tuple(int(n) for n in text.split("."))))
    return found


def target(name, *args):
    return [os.path.join(TARGETS, name)] + [str(arg) for arg in args]


class Folder:
    """A folder for one test's files, that other users may write into."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="adder-e2e.")
        os.chmod(self.path, 0o1777)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def __call__(self, name):
        return os.path.join(self.path, name)


def call(command, env=None, timeout=TIME_LIMIT_S, **more):
    """Runs a command to its end, its output kept as bytes."""
    full = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **(env or {}))
    process = subprocess.Popen(command, env=full, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               **more)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Failure("did not end within %d s: %s" %
                      (timeout, " ".join(map(str, command))))
    return Run(process.returncode, out, err)


def adder(*args, **more):
    return call([ADDER] + [str(arg) for arg in args], **more)


class Recording:
    """What came of one `adder record`."""

    def __init__(self, path, run, truth):
        self.path, self.run, self.truth = path, run, truth

    def script(self):
        return read_script(script_text(self.path))

    def report(self, *args):
        run = adder("report", "--format", "json", *args, self.path)
        expect(run.status == 0, "report failed: %s" % run.err.decode(
            errors="replace"))
        return json.loads(run.out)


def read_truth(path):
    try:
        with open(path) as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def record(folder, command, seconds=None, options=(), check=True, **more):
    """Records a command; its truth and the recording are in the folder."""
    path, truth = folder("rec"), folder("truth")
    for old in (path, truth):
        if os.path.exists(old):
            os.unlink(old)
    env = dict(more.pop("env", {}), ADDER_TRUTH=truth)
    if seconds is not None:
        env["ADDER_TARGET_SECONDS"] = str(seconds)
    run = adder("record", "-o", path, *options, "--", *command, env=env,
                **more)
    if check:
        expect(run.status == 0, "record ended with status %d: %s" %
               (run.status, run.err.decode(errors="replace")))
        expect(os.path.exists(path), "no recording was written")
    return Recording(path, run, read_truth(truth))


def script_text(path, *args):
    run = adder("script", *args, path)
    expect(run.status == 0, "script failed: %s" %
           run.err.decode(errors="replace"))
    return run.out.decode("utf-8", "surrogateescape")


HEADER = re.compile(r"^(\S.*?) +(?:\d+/)?(\d+) +(?:\[\d+\] +)?(\d+)\.(\d{6,9})"
                    r": +(\d+) +(\S.*?): *$")
FRAME = re.compile(r"^\t *[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \((.*)\)$")
CUT = "[cut]"


def parse_frame(line):
    match = FRAME.match(line)
    expect(match, "not a frame line: %r" % line)
    name, module = match.groups()
    if name.startswith("py::"):
        # A perf map's own form, as perf itself prints it.
        name, module = name[len("py::"):].split(":", 1)
        return Frame("python", name, module)
    if module == CUT:
        return Frame("cut", name, module)
    if module.endswith(".py") or module.startswith("<"):
        return Frame("python", name, module)
    if module.startswith("["):
        return Frame("kernel" if "vdso" not in module else "native", name,
                     module)
    return Frame("native", name, module)


def read_script(text):
    """The samples, each with its frames leaf first."""
    cache, frames, head = {}, [], None
    for line in text.split("\n"):
        if line.startswith("\t"):
            frame = cache.get(line)
            if frame is None:
                frame = cache[line] = parse_frame(line)
            frames.append(frame)
        elif line:
            match = HEADER.match(line)
            expect(match, "not a header line: %r" % line)
            head, frames = match.groups(), []
        elif head:
            comm, tid, sec, fraction, period, event = head
            complete = bool(frames) and frames[-1].kind != "cut"
            yield Sample(comm, int(tid),
                         int(sec) * 10**9 + int(fraction.ljust(9, "0")),
                         int(period), event, frames, complete)
            head = None


def chain_of(frames, cache={}):
    """The Python frames, root first, as tests/targets/truth.py writes them."""
    key = tuple(frames)
    chain = cache.get(key)
    if chain is None:
        chain = "".join(
            ";%s@%s" % (frame.name, os.path.basename(frame.module))
            for frame in reversed(frames) if frame.kind == "python")
        cache[key] = chain
    return chain


def root_is_right(frames, is_main):
    """The outermost frame is the program's start, or the thread's in libc."""
    base = os.path.basename(frames[-1].module)
    return base.startswith("python" if is_main else "libc")


Verdict = collections.namedtuple("Verdict", "total right wrong cut examples")


def chain_pattern(phase):
    """The chain that led to the phase, to the letter, with one exception.

    CPython 3.12 and 3.13 enter the __init__ of a class that is called often
    without its trampoline (CALL_ALLOC_AND_ENTER_INIT, or
    CALL_NO_KW_ALLOC_AND_ENTER_INIT, does not ask for eval_frame), so that no
    reader of trampolines can see it.
    """
    pattern = re.escape(phase["chain"])
    if tuple(phase["version"]) < (3, 14):
        pattern = re.sub(r";[^;]*\.__init__@[^;]*", r"(?:\g<0>)?",
                         phase["chain"])
        pattern = "".join(
            part if part in ("(?:", ")?") else re.escape(part)
            for part in re.split(r"(\(\?:|\)\?)", pattern))
    return pattern


def judge(samples, phase):
    """How many of a phase's samples are complete and right."""
    pattern = re.compile("%s(?:%s)" % (chain_pattern(phase),
                                       phase["pattern"]))
    total = right = wrong = cut = 0
    examples, known = [], {}
    for sample in samples:
        # Microseconds are what the text has.
        if (sample.tid != phase["tid"] or
                sample.time_ns <= phase["start_ns"] or
                sample.time_ns + 1000 >= phase["end_ns"]):
            continue
        total += 1
        if not sample.complete:
            cut += 1
            continue
        chain = chain_of(sample.frames)
        fits = known.get(chain)
        if fits is None:
            fits = known[chain] = bool(pattern.fullmatch(chain))
        if fits and root_is_right(sample.frames, phase["main"]):
            right += 1
        else:
            wrong += 1
            if len(examples) < 3:
                examples.append("%s under %s" % (
                    chain[-300:], sample.frames[-1].module))
    return Verdict(total, right, wrong, cut, examples)


def check_phases(recording, share=0.99, mixed_share=0.01, rate_hz=RATE_HZ):
    """Every phase of the target's truth; gives a line of figures."""
    samples = list(recording.script())
    phases = [line for line in recording.truth if "pattern" in line]
    expect(phases, "the target wrote no truth: %s" %
           recording.run.err.decode(errors="replace"))
    figures = []
    ends = {how: count for how, count in recording.report()["stacks"].items()
            if count}
    for phase in phases:
        verdict = judge(samples, phase)
        name, total = phase["name"], verdict.total
        expected = phase["cpu_ns"] * rate_hz / 1e9
        figures.append("%s %d/%d" % (name, verdict.right, total))
        text = "%s: of %d samples %d right, %d wrong, %d cut; in all %s; %s" % (
            name, total, verdict.right, verdict.wrong, verdict.cut, ends,
            " | ".join(verdict.examples))
        expect(abs(total - expected) <= 0.1 * expected + 10,
               "%s; %.0f expected" % (text, expected))
        if phase.get("mixed"):
            expect(verdict.wrong <= mixed_share * total, text)
            expect(verdict.right > 0.5 * total, text)
        else:
            # Of a short phase one per cent is less than one sample.
            expect(total - verdict.right <= max(2, (1 - share) * total), text)
    return ", ".join(figures)


def distance(measured, sampled):
    """Total variation between two tables of amounts, each made a share."""
    total_m, total_s = sum(measured.values()), sum(sampled.values())
    expect(total_m and total_s, "nothing was measured or nothing sampled")
    return sum(abs(measured.get(key, 0) / total_m -
                   sampled.get(key, 0) / total_s)
               for key in set(measured) | set(sampled)) / 2


def sampled_shares(samples, names):
    """Per name, the weight of the samples with that function in the chain."""
    sums = dict.fromkeys(names, 0)
    for sample in samples:
        for frame in sample.frames:
            if frame.kind == "python":
                name = frame.name.rsplit(".", 1)[-1]
                if name in sums:
                    sums[name] += sample.period
                    break
    return sums


def run(tests, per_python=True):
    """Runs the tests; returns the exit status for automake."""
    if os.environ.get("ADDER_CHECK_FAST"):
        print("left out of the fast check")
        return 77
    if not os.path.exists(ADDER):
        print("no adder at '%s'" % ADDER)
        return 1
    if not perf_works():
        print("perf_event_open does not work here")
        return 77
    pythons = find_pythons() if per_python else [None]
    if not pythons:
        print("no Python with the perf trampoline (3.12 or later) here")
        return 77
    wanted = sys.argv[1:]
    ran = failed = 0
    for python in pythons:
        for test in tests:
            if wanted and test.__name__ not in wanted:
                continue
            name = test.__name__ + (
                " on %s" % python.name if python else "")
            began = time.monotonic()
            try:
                with Folder() as folder:
                    said = test(folder, python) if python else test(folder)
            except Skip as why:
                print("skip: %s: %s" % (name, why), flush=True)
                continue
            except Failure as why:
                print("FAIL: %s: %s" % (name, why), flush=True)
                failed += 1
            except Exception:
                traceback.print_exc(file=sys.stdout)
                print("FAIL: %s: the test itself broke" % name, flush=True)
                failed += 1
            else:
                print("ok: %s (%.1f s)%s" % (
                    name, time.monotonic() - began,
                    ": " + said if said else ""), flush=True)
            ran += 1
    if failed:
        return 1
    return 0 if ran else 77
