#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A small service with one function for each way to spend time.

    service.py [--seconds N] [--truth]

Worker threads take orders and spend CPU in Python (price_order) and in C
(sign_order, pack_archive, encode_reply, find_stock), contend for one lock
(book_order), hand lines to a logger through a pipe (log_writer, log_reader)
and poll an upstream that sleeps (poll_upstream). With --truth it prints, as
JSON, what each function measured of itself: calls, CPU and wall seconds.
"""

import argparse
import hashlib
import json
import os
import sqlite3
import threading
import time
import zlib

ORDERS = [
    {"id": n, "item": "item-%03d" % (n % 97), "count": 1 + n % 7,
     "note": "please pack with care " * (1 + n % 5)}
    for n in range(200)
]


class Truth:
    """What every function measured of itself; one row per thread."""

    def __init__(self):
        self.local = threading.local()
        self.rows = []
        self.rows_lock = threading.Lock()

    def row(self):
        row = getattr(self.local, "row", None)
        if row is None:
            row = self.local.row = {}
            with self.rows_lock:
                self.rows.append(row)
        return row

    def add(self, name, cpu_s, wall_s):
        entry = self.row().setdefault(name, [0, 0.0, 0.0])
        entry[0] += 1
        entry[1] += cpu_s
        entry[2] += wall_s

    def total(self):
        total = {}
        for row in self.rows:
            for name, (calls, cpu_s, wall_s) in row.items():
                entry = total.setdefault(
                    name, {"calls": 0, "cpu_s": 0.0, "wall_s": 0.0})
                entry["calls"] += calls
                entry["cpu_s"] += cpu_s
                entry["wall_s"] += wall_s
        return total


TRUTH = Truth()


def measured(function):
    name = function.__name__

    def call(*args):
        cpu_s, wall_s = time.thread_time(), time.monotonic()
        try:
            return function(*args)
        finally:
            TRUTH.add(name, time.thread_time() - cpu_s,
                      time.monotonic() - wall_s)

    return call


@measured
def price_order(order):
    """Pure Python."""
    price = 0
    for step in range(6000):
        price = (price * 31 + step * order["count"]) % 1000003
    return price


@measured
def sign_order(order):
    """C: hashlib."""
    text = order["note"].encode() * 1200
    return hashlib.sha256(text).hexdigest()


@measured
def pack_archive(order):
    """C: zlib."""
    return zlib.compress(order["note"].encode() * 900, 6)


@measured
def encode_reply(orders):
    """C: json."""
    return json.dumps(json.loads(json.dumps(orders)), sort_keys=True)


@measured
def find_stock(database, order):
    """C: sqlite3."""
    return database.execute(
        "SELECT item, SUM(count) FROM stock WHERE count > ? GROUP BY item",
        (order["count"],)).fetchall()


@measured
def book_order(ledger, lock, order, price):
    """Waits for the lock that all workers share, and works under it."""
    with lock:
        total = 0
        for step in range(1500):
            total += price ^ step
        ledger[order["item"]] = total
        time.sleep(0.0005)


@measured
def log_line(log_writer, order):
    """Writes into the pipe; blocks when the logger lags."""
    os.write(log_writer, b"%06d %s\n" % (order["id"], b"x" * 1000))


@measured
def read_log(log_reader):
    """Blocks on the pipe."""
    return os.read(log_reader, 4096)


@measured
def poll_upstream():
    """Sleeps."""
    time.sleep(0.02)


def open_stock():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE stock (item TEXT, count INTEGER)")
    database.executemany(
        "INSERT INTO stock VALUES (?, ?)",
        [(order["item"], order["count"]) for order in ORDERS * 10])
    return database


def worker(stop, ledger, lock, log_writer):
    database = open_stock()
    while not stop.is_set():
        for order in ORDERS:
            if stop.is_set():
                break
            price = price_order(order)
            sign_order(order)
            pack_archive(order)
            find_stock(database, order)
            encode_reply(ORDERS[:20])
            book_order(ledger, lock, order, price)
            log_line(log_writer, order)


def logger(log_reader):
    while read_log(log_reader):
        time.sleep(0.001)


def poller(stop):
    while not stop.is_set():
        poll_upstream()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--truth", action="store_true")
    options = parser.parse_args()

    stop = threading.Event()
    ledger, lock = {}, threading.Lock()
    log_reader, log_writer = os.pipe()
    workers = [
        threading.Thread(target=worker, name="worker-%d" % n,
                         args=(stop, ledger, lock, log_writer))
        for n in range(3)
    ] + [threading.Thread(target=poller, name="poller", args=(stop,))]
    reader = threading.Thread(target=logger, name="logger",
                              args=(log_reader,))
    for thread in workers + [reader]:
        thread.start()
    time.sleep(options.seconds)
    stop.set()
    for thread in workers:
        thread.join()
    os.close(log_writer)
    reader.join()
    if options.truth:
        print(json.dumps(TRUTH.total(), indent=1))


if __name__ == "__main__":
    main()
