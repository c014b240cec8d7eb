#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole and right stacks of programs whose structure is known."""

import sys

from harness import check_phases, record, run, target


def nested_functions_are_whole(folder, python):
    return check_phases(record(folder, [python.path] + target("nested.py"),
                               seconds=1))


def every_kind_of_call_is_whole(folder, python):
    return check_phases(record(folder, [python.path] + target("shapes.py"),
                               seconds=0.7))


def threads_are_whole(folder, python):
    return check_phases(record(folder, [python.path] +
                               target("tasks.py", "threads"), seconds=2))


def forked_children_are_whole(folder, python):
    return check_phases(record(folder, [python.path] +
                               target("tasks.py", "fork"), seconds=1))


def spawned_children_are_whole(folder, python):
    return check_phases(record(folder, [python.path] +
                               target("tasks.py", "spawn"), seconds=1))


def recursion_of_900_is_whole(folder, python):
    return check_phases(record(folder, [python.path] +
                               target("deep.py", "recursion"), seconds=1),
                        share=0.97)


def alternating_paths_are_not_mixed(folder, python):
    return check_phases(record(folder, [python.path] +
                               target("deep.py", "alternating"), seconds=2))


if __name__ == "__main__":
    sys.exit(run([
        nested_functions_are_whole,
        every_kind_of_call_is_whole,
        threads_are_whole,
        forked_children_are_whole,
        spawned_children_are_whole,
        recursion_of_900_is_whole,
        alternating_paths_are_not_mixed,
    ]))
