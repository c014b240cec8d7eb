#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Records for SOAK_SECONDS: nothing is lost, and memory does not grow."""

import os
import subprocess
import sys
import time

from harness import (ADDER, Recording, adder, check_phases, expect,
                     find_pythons, read_truth, run, target)

SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))
PHASES = 9  # of shapes.py


def resident_kb(pid):
    try:
        with open("/proc/%d/status" % pid) as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


def long_recordings_stay_small(folder):
    python = find_pythons()[0]
    process = subprocess.Popen(
        [ADDER, "record", "-o", folder("rec"), "--", python.path] +
        target("shapes.py"), stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(os.environ, ADDER_TRUTH=folder("truth"),
                 ADDER_TARGET_SECONDS=str(SECONDS / PHASES)))
    sizes = []
    try:
        while process.poll() is None:
            size = resident_kb(process.pid)
            if size:
                sizes.append(size)
            time.sleep(SECONDS / 200)
    finally:
        if process.poll() is None:
            process.kill()
        process.err = err = process.communicate()[1]
    expect(process.returncode == 0, "record: %s" % err)
    recording = Recording(folder("rec"), process, read_truth(folder("truth")))
    said = check_phases(recording)
    # Each phase has stacks of its own; from the second on they are few.
    early, late = max(sizes[:len(sizes) // 4]), max(sizes)
    text = "%d KB after a quarter, %d KB at most; %s" % (early, late, said)
    expect(late <= 2 * early + 20000, text)
    lost = adder("report", "--format", "json", folder("rec"))
    expect(b'"lost": 0' in lost.out or b'"lost":0' in lost.out,
           "samples were lost")
    return text


if __name__ == "__main__":
    sys.exit(run([long_recordings_stay_small], per_python=False))
