# SPDX-License-Identifier: GPL-2.0-or-later
"""What a target knows about itself, for the tests to compare with.

A target runs in phases. Of each it writes one line of JSON to the file that
ADDER_TRUTH names: which thread, from when to when (CLOCK_MONOTONIC), how much
CPU time, the Python chain that led there (read from the interpreter itself)
and a pattern for every chain that can stand below that one. A sample of that
thread and time whose chain is not of that form is wrong.

A chain is written root first, one ";NAME@FILE" per Python frame, FILE without
its folder. The clock is read by the function that opens the phase, so that no
frame of this module is ever inside of one.

    here, pattern = truth.here(), truth.path("level_1", "level_2")
    start = time.monotonic_ns(), time.thread_time_ns()
    ... work ...
    truth.phase("nested", here, pattern, start, time.monotonic_ns())
"""

import json
import os
import re
import sys
import threading
import time

SECONDS = float(os.environ.get("ADDER_TARGET_SECONDS", "1"))


def frame_text(code):
    return ";%s@%s" % (code.co_qualname, os.path.basename(code.co_filename))


def here():
    """The chain of the caller, root first."""
    frame, chain = sys._getframe(1), []
    while frame:
        chain.append(frame_text(frame.f_code))
        frame = frame.f_back
    return "".join(reversed(chain))


def one(name, file=None):
    """The pattern of one frame; without a file, of the target's own."""
    if file is None:
        file = os.path.basename(sys.argv[0])
    return re.escape(";%s@%s" % (name, file))


def path(*frames):
    """Any prefix of these frames: a call at a time, the caller too.

    A frame is a name, a (name, file) pair, or a pattern made by one().
    """
    pattern = ""
    for frame in reversed(frames):
        if isinstance(frame, tuple):
            frame = one(*frame)
        elif not frame.startswith((";", "(")):
            frame = one(frame)
        pattern = "(?:%s%s)?" % (frame, pattern)
    return pattern


def write(line):
    name = os.environ.get("ADDER_TRUTH")
    if not name:
        return
    data = (json.dumps(line) + "\n").encode()
    fd = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def phase(name, chain, pattern, start, end_ns, **more):
    cpu_ns = time.thread_time_ns()
    write(dict(more, name=name, pid=os.getpid(),
               tid=threading.get_native_id(), start_ns=start[0],
               end_ns=end_ns, cpu_ns=cpu_ns - start[1], chain=chain,
               pattern=pattern, version=sys.version_info[:2],
               main=threading.current_thread() is threading.main_thread()))


def shares(name, measured_s):
    """CPU seconds that functions measured of themselves."""
    write({"name": name, "pid": os.getpid(), "shares": measured_s})
