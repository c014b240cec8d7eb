# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways in which Python code comes to run other than a plain call."""

import ctypes
import functools
import re
import signal
import sys
import time

import truth


def burn(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total


def phase(name, work, *frames):
    """Runs work() again and again; below it stand prefixes of the frames."""
    here, pattern = truth.here(), truth.path(*frames)
    start = time.monotonic_ns(), time.thread_time_ns()
    until = start[0] + truth.SECONDS * 1e9
    while time.monotonic_ns() < until:
        work()
    truth.phase(name, here, pattern, start, time.monotonic_ns())


# Generators, one inside the other.
def numbers(n):
    for i in range(n):
        burn(50)
        yield i


def squares(n):
    for i in numbers(n):
        yield i * i


def delegates(n):
    yield from squares(n)


def generators():
    for _ in delegates(50):
        pass


# Methods: plain, class, static, property, operator, inherited through super.
class Base:
    def work(self):
        return burn(300)


class Shape(Base):
    def work(self):
        return super().work() + self.area

    @property
    def area(self):
        return Shape.build(3) + 1

    @classmethod
    def build(cls, n):
        return cls.helper(n)

    @staticmethod
    def helper(n):
        return burn(n * 100)

    def __add__(self, other):
        return self.work() + other

    def __call__(self):
        return self + 1


def methods():
    Shape()()


# Closures and a lambda.
def make_closure(n):
    def outer():
        def inner():
            return burn(n)
        return inner() + (lambda: burn(n))()
    return outer


closure = make_closure(300)


def closures():
    closure()


# Decorators: two wrappers, and one of functools in C.
def wrapped(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper


@wrapped
@wrapped
def decorated(n):
    return burn(n)


cached = functools.lru_cache(maxsize=1)(decorated)


def decorators():
    for n in (300, 301):
        cached(n)


# Exceptions, raised deep and caught far up, with finally on the way.
def fail_3(n):
    burn(n)
    raise ValueError(n)


def fail_2(n):
    try:
        fail_3(n)
    finally:
        burn(n)


def fail_1(n):
    try:
        fail_2(n)
    except KeyError:
        pass


def exceptions():
    try:
        fail_1(200)
    except ValueError:
        burn(200)


# Callbacks out of C.
def sort_key(n):
    return burn(20) + n


def sorting():
    sorted(range(40), key=sort_key)


def replace(match):
    burn(20)
    return match.group()


def substituting():
    re.sub("a", replace, "abab" * 20)


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int),
                  ctypes.POINTER(ctypes.c_int))
def compare(a, b):
    burn(20)
    return a[0] - b[0]


qsort = ctypes.CDLL(None).qsort
qsort.restype = None


def foreign():
    values = (ctypes.c_int * 20)(*range(20, 0, -1))
    qsort(values, 20, ctypes.sizeof(ctypes.c_int), compare)


# A handler that interrupts whatever runs.
def handler(_signum, _frame):
    burn(300)


def interrupted():
    burn(2000)


def signals():
    pattern = "(?:%s)?(?:%s)?(?:%s)?" % (
        truth.one("interrupted"), truth.one("burn"),
        truth.one("handler") + truth.path("burn"))
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    here = truth.here()
    start = time.monotonic_ns(), time.thread_time_ns()
    until = start[0] + truth.SECONDS * 1e9
    while time.monotonic_ns() < until:
        interrupted()
    truth.phase("signals", here, pattern, start, time.monotonic_ns())
    signal.setitimer(signal.ITIMER_REAL, 0)



def main():
    own = truth.one
    phase("generators", generators, "generators", "delegates", "squares",
          "numbers", "burn")
    phase("methods", methods, "methods", "Shape.__call__", "Shape.__add__",
          "Shape.work",
          "(?:%s|%s)" % (own("Base.work") + truth.path("burn"),
                         own("Shape.area") + truth.path(
                             "Shape.build", "Shape.helper", "burn")))
    phase("closures", closures, "closures", "make_closure.<locals>.outer",
          "(?:%s|%s)" % (
              own("make_closure.<locals>.outer.<locals>.inner"),
              own("make_closure.<locals>.outer.<locals>.<lambda>")), "burn")
    phase("decorators", decorators, "decorators", "wrapped.<locals>.wrapper",
          "wrapped.<locals>.wrapper", "decorated", "burn")
    phase("exceptions", exceptions, "exceptions",
          "(?:%s|%s)" % (own("burn"), own("fail_1") + truth.path(
              "fail_2", "(?:%s|%s)" % (own("burn"), own("fail_3") +
                                       truth.path("burn")))))
    phase("sorting", sorting, "sorting", "sort_key", "burn")
    phase("substituting", substituting, "substituting",
          ("sub", "__init__.py"), "(?:%s|%s)" % (
              own("replace") + truth.path("burn"),
              own("_compile", "__init__.py")))
    phase("foreign", foreign, "foreign", "compare", "burn")
    signals()


if __name__ == "__main__":
    main()
    sys.exit(0)
