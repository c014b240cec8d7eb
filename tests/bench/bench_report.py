#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What reading a large recording costs: `name value unit` per line.

    bench_report.py [--runs N]     with ADDER and ADDER_BUILDDIR in the
                                   environment, as `make bench` sets them

The recording is made up: 1,000,000 samples, 40 frames deep, 50,000 distinct
stacks. The best of the runs counts for time, the worst for memory. To hold:
report 1.0 s, script 3.0 s, 300 MB. Status 1 where it does not hold.
"""

import os
import subprocess
import sys
import tempfile
import time

CASES = [
    ("report_functions", ["report"], 1.0),
    ("report_tree", ["report", "--by", "tree"], 1.0),
    ("report_threads", ["report", "--by", "thread"], 1.0),
    ("report_json", ["report", "--format", "json"], 1.0),
    ("report_json_tree", ["report", "--format", "json", "--by", "tree"], None),
    ("script", ["script"], 3.0),
    ("script_exact", ["script", "--exact"], 3.0),
]
PEAK_LIMIT_MB = 300


def measure(arguments):
    """Seconds and peak megabytes of one run."""
    begin = time.monotonic()
    with open(os.devnull, "wb") as null:
        child = subprocess.Popen(arguments, stdout=null)
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit("%s: status %d" % (" ".join(arguments),
                                            child.returncode))
    return seconds, usage.ru_maxrss / 1024


def main(arguments):
    runs = int(arguments[1]) if arguments[:1] == ["--runs"] else 3
    adder = os.environ.get("ADDER", "./adder")
    build = os.environ.get("ADDER_BUILDDIR", ".")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.rec")
        subprocess.run([os.path.join(build, "tests/support/gen_recording"),
                        "--samples", "1000000", "--depth", "40",
                        "--stacks", "50000", "--threads", "8", path],
                       check=True)
        for name, command, limit in CASES:
            results = [measure([adder] + command + [path])
                       for _ in range(runs)]
            seconds = min(result[0] for result in results)
            peak = max(result[1] for result in results)
            print("%s_seconds %.3f s" % (name, seconds))
            print("%s_peak %.1f MB" % (name, peak), flush=True)
            if (limit and seconds > limit) or peak > PEAK_LIMIT_MB:
                print("%s misses its limit" % name, file=sys.stderr)
                missed += 1
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
