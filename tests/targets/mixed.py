# SPDX-License-Identifier: GPL-2.0-or-later
"""A CPU-bound program, half Python and half C, for tests/bench/run.

    mixed.py DEPTH SECONDS      DEPTH Python functions above the work

Writes to ADDER_TRUTH how often it did its round of work, and what it cost.
"""

import atexit
import hashlib
import json
import re
import resource
import sys
import time
import zlib

import truth

TEXT = ("the quick brown fox jumps over the lazy dog %d " * 40) % tuple(
    range(40))
TREE = {"k%d" % i: [i, str(i), {"x": i / 3}] for i in range(40)}


class Item:
    def __init__(self, key):
        self.key = key

    def rank(self):
        return self.key * 7919 % 1009


def count_words():
    counts = {}
    for word in TEXT.split():
        counts[word] = counts.get(word, 0) + 1
    return counts


def sort_items():
    return sorted([Item(i) for i in range(150)], key=Item.rank)


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def swap_words():
    return re.sub(r"\w+", lambda match: match.group()[::-1], TEXT[:400])


def in_c():
    data = json.dumps(TREE).encode()
    return zlib.crc32(zlib.compress(data, 1)), hashlib.sha256(
        data * 8).digest(), json.loads(data)


def one_round():
    count_words()
    sort_items()
    fib(8)
    swap_words()
    in_c()


def nest(depth):
    """DEPTH functions, one calling the next, the last doing the rounds."""
    lines = []
    for level in range(1, depth):
        lines += ["def level_%d(n):" % level,
                  "    return level_%d(n)" % (level + 1)]
    lines += ["def level_%d(n):" % depth,
              "    for _ in range(n):",
              "        one_round()"]
    space = {"one_round": one_round}
    exec(compile("\n".join(lines), sys.argv[0], "exec"), space)
    return space["level_1"]


def main():
    depth, seconds = int(sys.argv[1]), float(sys.argv[2])
    level_1 = nest(max(depth - 2, 1))
    rounds, start, cpu_s = 0, time.monotonic(), time.process_time()
    while time.monotonic() < start + seconds:
        level_1(10)
        rounds += 10
    told = {"rounds": rounds, "wall_s": time.monotonic() - start,
            "cpu_s": time.process_time() - cpu_s}

    @atexit.register
    def tell():
        used = resource.getrusage(resource.RUSAGE_SELF)
        truth.write(dict(told, all_cpu_s=used.ru_utime + used.ru_stime))


if __name__ == "__main__":
    main()
