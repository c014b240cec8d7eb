# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that call each other, as deep as the arguments say."""

import sys
import time

import truth


def make_levels(depth):
    """level_1 calls level_2 ... calls level_DEPTH, which spends the time."""
    lines = []
    for level in range(1, depth):
        lines += ["def level_%d(n):" % level,
                  "    return level_%d(n) + 1" % (level + 1)]
    lines += ["def level_%d(n):" % depth,
              "    total = 0",
              "    for i in range(n):",
              "        total += i * i % 7",
              "    return total"]
    space = {}
    exec(compile("\n".join(lines), sys.argv[0], "exec"), space)
    return space["level_1"]


def run(depth, seconds):
    level_1 = make_levels(depth)
    names = ["level_%d" % level for level in range(1, depth + 1)]
    here, pattern = truth.here(), truth.path(*names)
    start = time.monotonic_ns(), time.thread_time_ns()
    until = start[0] + seconds * 1e9
    while time.monotonic_ns() < until:
        level_1(2000)
    truth.phase("nested-%d" % depth, here, pattern, start,
                time.monotonic_ns())


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["10", "60", "200"]:
        run(int(argument), truth.SECONDS)
