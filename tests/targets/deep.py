# SPDX-License-Identifier: GPL-2.0-or-later
"""Deep stacks.

    deep.py recursion     900 levels of one function
    deep.py alternating   two paths 200 levels deep, in turn, 100 us each
    deep.py leaves        a third of the time each at depth 50, 200 and 900

900 is 700 for CPython 3.12, which counts each call through a trampoline
twice, against a limit of 1500 that cannot be set (Py_C_RECURSION_LIMIT).
"""

import sys
import time

import truth

sys.setrecursionlimit(5000)
DEEPEST = 900 if sys.version_info >= (3, 13) else 700


def leaf(until_ns):
    while time.monotonic_ns() < until_ns:
        sum(range(300))


def descend(levels, function, *args):
    if levels > 1:
        return descend(levels - 1, function, *args)
    return function(*args)


def recursion():
    here, levels = truth.here(), truth.one("descend")
    pattern = "(?:%s){0,%d}|(?:%s){%d}%s" % (
        levels, DEEPEST - 1, levels, DEEPEST, truth.path("leaf"))
    start = time.monotonic_ns(), time.thread_time_ns()
    descend(DEEPEST, leaf, start[0] + int(truth.SECONDS * 1e9))
    truth.phase("recursion-%d" % DEEPEST, here, pattern, start, time.monotonic_ns())


def make_path(letter, depth):
    lines = []
    for level in range(1, depth):
        lines += ["def %s_%d(until):" % (letter, level),
                  "    return %s_%d(until)" % (letter, level + 1)]
    lines += ["def %s_%d(until):" % (letter, depth),
              "    while clock() < until:",
              "        pass"]
    space = {"clock": time.monotonic_ns}
    exec(compile("\n".join(lines), sys.argv[0], "exec"), space)
    return space[letter + "_1"]


def alternating():
    depth = 200
    a_1, b_1 = make_path("a", depth), make_path("b", depth)
    a_names = ["a_%d" % level for level in range(1, depth + 1)]
    b_names = ["b_%d" % level for level in range(1, depth + 1)]
    here = truth.here()
    pattern = "%s|%s" % (truth.path(*a_names), truth.path(*b_names))
    start = time.monotonic_ns(), time.thread_time_ns()
    until = start[0] + truth.SECONDS * 1e9
    while time.monotonic_ns() < until:
        a_1(time.monotonic_ns() + 100000)
        b_1(time.monotonic_ns() + 100000)
    truth.phase("alternating-200", here, pattern, start, time.monotonic_ns(),
                mixed=True)


def burn(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total


def leaf_50(spent):
    start = time.thread_time()
    burn(20000)
    spent["leaf_50"] += time.thread_time() - start


def leaf_200(spent):
    start = time.thread_time()
    burn(20000)
    spent["leaf_200"] += time.thread_time() - start


def leaf_900(spent):
    start = time.thread_time()
    burn(20000)
    spent["leaf_900"] += time.thread_time() - start


def leaves():
    spent = {"leaf_50": 0.0, "leaf_200": 0.0, "leaf_900": 0.0}
    until = time.monotonic() + truth.SECONDS
    while time.monotonic() < until:
        descend(49, leaf_50, spent)
        descend(199, leaf_200, spent)
        descend(DEEPEST - 1, leaf_900, spent)
    truth.shares("leaves", spent)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
