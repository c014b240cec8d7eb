# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that measure their own CPU time by time.thread_time().

    spent.py python     eight functions of pure Python
    spent.py c          work in C that Python calls
"""

import hashlib
import json
import random
import sqlite3
import sys
import time
import zlib

import truth

try:
    import numpy
except ImportError:
    numpy = None

SPENT = {}


def measured(function):
    name = function.__name__
    SPENT[name] = 0.0

    def call():
        start = time.thread_time()
        function()
        SPENT[name] += time.thread_time() - start

    return call


def python_work():
    @measured
    def add_up():
        total = 0
        for i in range(9000):
            total += i

    @measured
    def fill_dict():
        table = {}
        for i in range(3000):
            table[i % 500] = i

    @measured
    def join_strings():
        "".join(str(i) for i in range(1500))

    @measured
    def fibonacci():
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)
        fib(12)

    @measured
    def sieve():
        flags = [True] * 3000
        for i in range(2, 55):
            if flags[i]:
                for j in range(i * i, 3000, i):
                    flags[j] = False

    @measured
    def call_methods():
        class Point:
            def __init__(self, x):
                self.x = x

            def moved(self):
                return Point(self.x + 1)
        point = Point(0)
        for _ in range(400):
            point = point.moved()

    @measured
    def walk_lists():
        rows = [[i * j for j in range(30)] for i in range(30)]
        return [sum(row) for row in zip(*rows)]

    @measured
    def float_loop():
        x = 0.5
        for _ in range(6000):
            x = 3.7 * x * (1.0 - x)

    return [add_up, fill_dict, join_strings, fibonacci, sieve, call_methods,
            walk_lists, float_loop]


def c_work():
    noise = random.Random(1)
    data = bytes(noise.randrange(64) for _ in range(40000))
    tree = {"k%d" % i: [i, str(i), {"x": i / 3}] for i in range(250)}
    values = [noise.random() for _ in range(2500)]
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (a INTEGER, b TEXT)")
    database.executemany("INSERT INTO t VALUES (?, ?)",
                         [(i % 17, str(i)) for i in range(2000)])

    @measured
    def hash_data():
        for _ in range(8):
            hashlib.sha256(data).digest()

    @measured
    def deflate_data():
        zlib.compress(data[:12000], 6)

    @measured
    def query_rows():
        database.execute("SELECT a, COUNT(*), MAX(b) FROM t GROUP BY a "
                         "ORDER BY 2").fetchall()

    @measured
    def dump_json():
        json.dumps(tree)

    @measured
    def load_json(text=json.dumps(tree)):
        json.loads(text)

    @measured
    def sort_values():
        sorted(values)

    @measured
    def hash_slowly():
        hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 500)

    work = [hash_data, deflate_data, query_rows, dump_json, load_json,
            sort_values, hash_slowly]
    if numpy is not None:
        matrix = numpy.arange(90000, dtype=float).reshape(300, 300)

        @measured
        def sort_matrix():
            numpy.sort(matrix[:, ::-1], axis=1)

        work.append(sort_matrix)
    return work


def main():
    work = python_work() if sys.argv[1] == "python" else c_work()
    # Seconds of CPU time, however busy the machine is; but not for ever.
    until = time.thread_time() + truth.SECONDS
    limit = time.monotonic() + 10 * truth.SECONDS
    while time.thread_time() < until and time.monotonic() < limit:
        for function in work:
            function()
    truth.shares("spent-" + sys.argv[1], SPENT)


if __name__ == "__main__":
    main()
