#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Shares of time, against what functions measured of themselves."""

import sys

from harness import (distance, expect, record, run, sampled_shares, target)

# 20,000 samples in 4 s; fewer, and chance alone is most of the bound.
RATE_HZ, SECONDS = 4999, 4.2
BOUND = 0.02


def shares_of_leaves_do_not_depend_on_depth(folder, python):
    recording = record(folder, [python.path] + target("deep.py", "leaves"),
                       seconds=4)
    measured = recording.truth[0]["shares"]
    sampled = sampled_shares(recording.script(), measured)
    total_m, total_s = sum(measured.values()), sum(sampled.values())
    expect(total_s, "no sample in any leaf")
    off = {name: sampled[name] / total_s - measured[name] / total_m
           for name in measured}
    expect(all(abs(share) <= BOUND for share in off.values()),
           "shares off by %s" % off)
    return ", ".join("%s %+.4f" % item for item in sorted(off.items()))


def check_spent(folder, python, kind):
    recording = record(folder, [python.path] + target("spent.py", kind),
                       seconds=SECONDS, options=["-F", RATE_HZ])
    measured = recording.truth[0]["shares"]
    samples = list(recording.script())
    expect(len(samples) >= 0.95 * RATE_HZ * SECONDS,
           "only %d samples" % len(samples))
    by_stack = distance(measured, sampled_shares(samples, measured))

    totals = dict.fromkeys(measured, 0)
    for function in recording.report()["functions"]:
        name = function["name"].rsplit(".", 1)[-1]
        if function["kind"] == "python" and name in totals:
            totals[name] += function["total"]["running_ns"]
    by_report = distance(measured, totals)
    text = "%d samples, distance %.4f by stacks, %.4f by the report" % (
        len(samples), by_stack, by_report)
    expect(max(by_stack, by_report) <= BOUND, "%s: measured %s, report %s" %
           (text, measured, totals))
    # The report's nanoseconds are those that the functions measured.
    spent_s, told_s = sum(measured.values()), sum(totals.values()) / 1e9
    expect(abs(told_s / spent_s - 1) <= 0.05,
           "%.2f s in the report, %.2f s measured" % (told_s, spent_s))
    return text


def python_functions_get_their_time(folder, python):
    return check_spent(folder, python, "python")


def c_functions_get_their_time(folder, python):
    return check_spent(folder, python, "c")


if __name__ == "__main__":
    sys.exit(run([
        shares_of_leaves_do_not_depend_on_depth,
        python_functions_get_their_time,
        c_functions_get_their_time,
    ]))
