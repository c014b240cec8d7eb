#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds a JSON report against what adder-report(1) promises of it.

    json_check.py FILE...      status 1 where a promise is broken
"""

import json
import sys

TIMES = ["running_ns", "runnable_ns", "blocked_ns"]
FIELDS = {
    "": ["format", "version", "duration_ns", "events", "samples", "lost",
         "late", "throttled_ns", "whole", "stacks", "ladder", "warnings",
         "time", "threads", "functions", "waits"],
    "events": ["name", "unit", "samples", "scaled", "weight", "frequency_hz",
               "period", "user_only"],
    "time": ["wall_ns", "unknown_ns", "unsampled_ns"] + TIMES,
    "threads": ["pid", "tid", "name", "wall_ns", "unknown_ns", "samples",
                "complete"] + TIMES,
    "functions": ["name", "file", "line", "kind", "module", "self", "total"],
    "tree": ["parent", "name", "file", "line", "kind", "module", "inlined",
             "self", "total"],
    "cost": ["samples", "events"] + TIMES,
}


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a key stands twice in %s" % keys)
    return dict(pairs)


def refuse(constant):
    raise ValueError("%s is no JSON" % constant)


def fields(what, value):
    assert sorted(value) == sorted(FIELDS[what]), (what, sorted(value))


def costs(what, entries):
    """Checks the entries' fields; the sum of their selves."""
    total = 0
    for entry in entries:
        fields(what, entry)
        assert entry["kind"] in ("python", "native", "kernel", "pseudo")
        for part in ("self", "total"):
            fields("cost", entry[part])
        for key in ("samples", "running_ns"):
            assert entry["self"][key] <= entry["total"][key], entry
        total += entry["self"]["samples"]
    return total


def check_tree(nodes, samples):
    assert costs("tree", nodes) == samples, "the tree does not add up"
    below = [node["self"]["samples"] for node in nodes]
    for index in range(len(nodes) - 1, -1, -1):
        assert below[index] == nodes[index]["total"]["samples"], nodes[index]
        parent = nodes[index]["parent"]
        if parent is not None:
            assert 0 <= parent < index
            below[parent] += below[index]


def check(path):
    with open(path, "rb") as file:
        report = json.loads(file.read().decode("utf-8"),
                            object_pairs_hook=unique, parse_constant=refuse)
    assert report["format"] == "adder-report" and report["version"] == 1
    fields("", {key: 0 for key in report if key != "tree"})
    fields("time", report["time"])
    for what in ("events", "threads"):
        for entry in report[what]:
            fields(what, entry)
    stacks = report["stacks"]
    assert (stacks["complete"] + stacks["cut"] + stacks["no_rule"] +
            stacks["other"]) == report["samples"], stacks
    rest = set(stacks) - {"complete", "cut", "no_rule", "other",
                          "complete_share"}
    assert sum(stacks[key] for key in rest) == stacks["other"], stacks
    assert costs("functions", report["functions"]) == report["samples"]
    assert sum(event["samples"] for event in report["events"]) == \
        report["samples"]
    assert sum(thread["running_ns"] for thread in report["threads"]) == \
        report["time"]["running_ns"]
    if "tree" in report:
        check_tree(report["tree"], next(
            event["samples"] for event in report["events"]
            if event["samples"]))


def main(paths):
    failed = 0
    for path in paths:
        try:
            check(path)
        except (AssertionError, ValueError) as why:
            print("%s: %s" % (path, why))
            failed += 1
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
