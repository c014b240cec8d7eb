# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads, and children that were forked or spawned.

    tasks.py threads|fork|spawn
"""

import multiprocessing
import sys
import threading
import time

import truth


def burn(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total


def even(n):
    return burn(n)


def odd(n):
    return burn(n) + 1


def work(kind, number):
    function = odd if number % 2 else even
    here, pattern = truth.here(), truth.path(function.__name__, "burn")
    start = time.monotonic_ns(), time.thread_time_ns()
    until = start[0] + truth.SECONDS * 1e9
    while time.monotonic_ns() < until:
        function(500)
    truth.phase("%s-%d" % (kind, number), here, pattern, start,
                time.monotonic_ns())


def main():
    kind = sys.argv[1]
    if kind == "threads":
        tasks = [threading.Thread(target=work, args=(kind, number))
                 for number in range(4)]
    else:
        context = multiprocessing.get_context(kind)
        tasks = [context.Process(target=work, args=(kind, number))
                 for number in range(3)]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()


if __name__ == "__main__":
    main()
