# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes and threads that come and go while they are recorded.

    churn.py forks N      N children, one after the other, 4 ms of CPU each
    churn.py threads N    N threads at once, 10 ms of CPU each
    churn.py exec         replaces itself by exec, twice, and works each time
    churn.py maps         opens and closes mappings all the time

Tells the CPU time that all of it took.
"""

import mmap
import os
import resource
import sys
import threading
import time

import truth


def burn(cpu_s):
    until = time.thread_time() + cpu_s
    while time.thread_time() < until:
        sum(range(100))


def forks(count):
    for _ in range(count):
        pid = os.fork()
        if not pid:
            burn(0.004)
            os._exit(0)
        os.waitpid(pid, 0)


def threads(count):
    barrier = threading.Barrier(count)

    def work():
        barrier.wait()
        burn(0.01)

    tasks = [threading.Thread(target=work) for _ in range(count)]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()


def after_exec(left):
    here, pattern = truth.here(), truth.path("burn")
    start = time.monotonic_ns(), time.thread_time_ns()
    burn(truth.SECONDS)
    truth.phase("exec-%s" % left, here, pattern, start, time.monotonic_ns())
    if left != "0":
        os.execv(sys.executable, [sys.executable, __file__, "exec",
                                  str(int(left) - 1)])


def maps():
    here, pattern = truth.here(), ""
    start = time.monotonic_ns(), time.thread_time_ns()
    until = time.monotonic() + truth.SECONDS
    while time.monotonic() < until:
        with open(__file__, "rb") as file:
            areas = [mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE,
                               prot=mmap.PROT_READ | mmap.PROT_EXEC)
                     for _ in range(50)]
        for area in areas:
            area.close()
    truth.phase("maps", here, pattern, start, time.monotonic_ns())


def main():
    what, argument = sys.argv[1], (sys.argv[2:] or ["2"])[0]
    if what == "exec":
        after_exec(argument)
        return
    if what == "maps":
        maps()
        return
    {"forks": forks, "threads": threads}[what](int(argument))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF,
                                                resource.RUSAGE_CHILDREN)]
    truth.write({"name": what, "pid": os.getpid(), "cpu_s": sum(
        one.ru_utime + one.ru_stime for one in used)})


if __name__ == "__main__":
    main()
