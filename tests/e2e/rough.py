#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong meanwhile: kills, full disks, churn, detours."""

import glob
import json
import os
import re
import signal
import subprocess
import sys

from harness import (ADDER, RATE_HZ, Skip, adder, call, check_phases,
                     expect, judge, find_pythons, read_script, read_truth,
                     record, run, script_text, target, wait_until)

PYTHON = None


def python():
    global PYTHON
    if PYTHON is None:
        found = find_pythons()
        if not found:
            raise Skip("no Python with the perf trampoline here")
        PYTHON = found[0]
    return PYTHON.path


def start(command, env=None, **more):
    """A process in a group of its own; stop() ends all of it."""
    return subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
        env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **(env or {})),
        **more)


def stop(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.communicate()


def report(path):
    done = adder("report", "--format", "json", path)
    expect(done.status in (0, 1), "report ended with %d" % done.status)
    expect(done.out, "report says nothing: %s" % done.err)
    return json.loads(done.out)


def size_of(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def killed_recording_opens(folder):
    path, partial = folder("rec"), folder("rec.partial")
    process = start([ADDER, "record", "-F", "4999", "-o", path, "--",
                     python()] + target("shapes.py"),
                    env={"ADDER_TARGET_SECONDS": "5"})
    try:
        sizes = set()

        def grown():
            sizes.add(size_of(partial))
            return len(sizes) > 4
        wait_until(grown, "a growing recording")
        os.kill(process.pid, signal.SIGKILL)
    finally:
        stop(process)
    expect(not os.path.exists(path), "a killed recording looks finished")
    samples = report(partial)["samples"]
    expect(samples > 1000, "%d samples in what was left" % samples)
    again = record(folder, ["true"])
    expect(again.run.status == 0 and glob.glob(partial + "*"),
           "the next recording took the killed one's data away")
    return "%d samples were left" % samples


def full_disk_keeps_what_was_written(folder):
    disk = folder("disk")
    os.mkdir(disk)
    script = ('mount -t tmpfs -o size=96k none "$1" && '
              '"$2" record -F 9999 -o "$1/rec" -- "$3" "$4"; '
              'echo "status $?" >&2; cat "$1"/rec*')
    done = call(["unshare", "--map-root-user", "--mount", "sh", "-c", script,
                 "sh", disk, ADDER, python()] + target("shapes.py"),
                env={"ADDER_TARGET_SECONDS": "0.6"})
    heard = done.err.decode(errors="replace")
    if "unshare" in heard or "mount:" in heard:
        raise Skip("no mounts in a user namespace here: %s" % heard.strip())
    expect("status 1\n" in heard, "the disk was full, and record said: %s" %
           heard)
    expect("space" in heard.lower(), "the reason is not told: %s" % heard)
    with open(folder("left"), "wb") as file:
        file.write(done.out)
    samples = report(folder("left"))["samples"]
    expect(samples > 500, "%d samples in %d bytes" % (samples, len(done.out)))
    return "%d samples in %d bytes" % (samples, len(done.out))


def status_is_passed_on(folder):
    for command, status in ((["sh", "-c", "exit 7"], 7),
                            (["sh", "-c", "kill -TERM $$"], 128 + 15),
                            (["true"], 0), (["false"], 1)):
        got = record(folder, command, check=False).run.status
        expect(got == status, "%s gave %d" % (command, got))


def signals_are_inherited(folder):
    """Ignored or blocked for us is ignored or blocked for the command."""
    def prepare():
        for one in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE,
                    signal.SIGCHLD):
            signal.signal(one, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR2])

    def masks(command):
        out = call(command, preexec_fn=prepare, restore_signals=False).out
        return [line for line in out.decode().splitlines()
                if line.startswith(("SigBlk", "SigIgn"))]

    show = ["cat", "/proc/self/status"]
    under = [ADDER, "record", "-q", "-o", folder("rec"), "--no-python", "--"]
    expect(masks(under + show) == masks(show), str(masks(under + show)))
    # A SIGCHLD that is ignored takes statuses away, and waits for ever.
    for options, command, status in (([], ["sh", "-c", "exit 3"], 3),
                                     (["-d", "0.3"], ["sleep", "60"], 0)):
        done = call(under[:-1] + options + ["--"] + command,
                    preexec_fn=prepare, timeout=20)
        expect(done.status == status, "%s gave %d" % (command, done.status))


def check_counted(folder, kind, count):
    recording = record(folder, [python()] + target("churn.py", kind, count))
    told = recording.report()
    cpu_s = recording.truth[0]["cpu_s"]
    got = told["samples"] + told["lost"]
    text = "%d samples, %d lost, %.2f s of CPU" % (
        told["samples"], told["lost"], cpu_s)
    # What the CPU time of the target was, kernel and start-up apart.
    expect(got >= 0.7 * cpu_s * RATE_HZ, text)
    expect(got <= 1.3 * cpu_s * RATE_HZ + 100, text)
    return text


def thousand_forks_are_recorded(folder):
    return check_counted(folder, "forks", 1000)


def two_hundred_threads_are_recorded(folder):
    return check_counted(folder, "threads", 200)


def exec_begins_a_new_program(folder):
    recording = record(folder, [python()] + target("churn.py", "exec"),
                       seconds=0.5)
    expect(len(recording.truth) == 3, "%d phases" % len(recording.truth))
    return check_phases(recording)


def mappings_that_come_and_go(folder):
    return check_phases(record(folder, [python()] +
                               target("churn.py", "maps"), seconds=1))


def program_without_cpu_time(folder):
    recording = record(folder, ["true"])
    expect(report(recording.path)["samples"] < 100, "too many samples")
    text = adder("report", recording.path)
    expect(text.status == 0, "report of nothing: %s" % text.err)


def processes_that_only_started_others_are_not_counted(folder):
    # Each of the shells does nothing but start the next.
    command = ["env"] + ["sh", "-c", '"$@"; exit $?', "sh"] * 6
    recording = record(folder, command + [python(), "-c",
                                          "sum(range(5000000))"])
    told = adder("report", recording.path).out.decode()
    found = re.search(r"(\d+) process(?:es)?, (\d+) thread", told)
    expect(found and int(found[1]) <= int(found[2]), told[:400])


def attach(folder, options, python_options, seconds="2.5"):
    """A running nested.py, recorded with -p for a second."""
    process = start([python()] + python_options + target("nested.py", 30),
                    env={"ADDER_TARGET_SECONDS": seconds,
                         "ADDER_TRUTH": folder("truth")})
    try:
        wait_until(lambda: cpu_s(process.pid) > 0.3, "the target's work")
        done = adder("record", "-o", folder("rec"), "-p", process.pid,
                     *options)
        process.communicate(timeout=60)
    finally:
        stop(process)
    return done, read_truth(folder("truth"))


def cpu_s(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def attached_program_is_whole(folder):
    done, truth = attach(folder, ["--duration", "1"], ["-X", "perf"])
    expect(done.status == 0, "record: %s" % done.err)
    verdict = judge(read_script(script_text(folder("rec"))), truth[0])
    expect(verdict.total > 200 and verdict.right >= 0.99 * verdict.total,
           str(verdict))
    return "%d of %d" % (verdict.right, verdict.total)


def attached_program_without_trampoline_is_said(folder):
    done, truth = attach(folder, ["--duration", "1"], [])
    expect(done.status == 0, "record: %s" % done.err)
    lines = [line for line in done.err.decode().splitlines()
             if "trampoline" in line or "-X perf" in line]
    expect(len(lines) == 1, "said %d times: %s" % (len(lines), done.err))
    told = report(folder("rec"))
    stacks = told["stacks"]
    expect(stacks["complete"] >= 0.99 * told["samples"] > 200 * 0.99,
           "stacks: %s" % stacks)
    expect(not any(f["kind"] == "python" for f in told["functions"]),
           "Python functions out of nowhere")


def interrupt_ends_cleanly(folder):
    path = folder("rec")
    victim = start([python(), "-X", "perf"] + target("nested.py", 30),
                   env={"ADDER_TARGET_SECONDS": "20"})
    recorder = start([ADDER, "record", "-o", path, "-p", victim.pid])
    try:
        wait_until(lambda: size_of(path + ".partial") > 200, "a recording")
        os.kill(recorder.pid, signal.SIGINT)
        _, err = recorder.communicate(timeout=30)
        expect(recorder.returncode == 0, "status %d: %s" %
               (recorder.returncode, err))
        expect(victim.poll() is None, "the target was ended too")
    finally:
        stop(recorder)
        stop(victim)
    expect(report(path)["samples"] >= 0, "it does not open")


def status_in(folder, ignored, command, *signals):
    """Record's status where the caller had `ignored`; signals once it runs."""
    process = start([ADDER, "record", "-o", folder("rec"), "--"] + command,
                    preexec_fn=lambda: [signal.signal(s, signal.SIG_IGN)
                                        for s in ignored])
    try:
        if signals:
            wait_until(lambda: os.path.exists(folder("ready")), "the command")
        for one in signals:
            os.kill(process.pid, one)
        _, err = process.communicate(timeout=30)
    finally:
        stop(process)
    if os.path.exists(folder("ready")):
        os.unlink(folder("ready"))
    expect(size_of(folder("rec")), "nothing was kept: %s" % err)
    return process.returncode


def ignored_signals_stay_ignored(folder):
    waits = ["sh", "-c", "echo >'%s'; sleep 0.5; exit 5" % folder("ready")]
    for one in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        got = status_in(folder, [one], waits, one)
        expect(got == 5, "%s was ignored: status %d" % (one, got))
        got = status_in(folder, [], waits, one)
        expect(got == 128 + one, "%s was passed on: status %d" % (one, got))
    got = status_in(folder, [signal.SIGCHLD], ["sh", "-c", "exit 7"])
    expect(got == 7, "SIGCHLD was ignored: status %d" % got)


def second_stop_lets_the_command_end(folder):
    code = ("import os, signal, sys, time\n"
            "def stop(*_):\n"
            "    time.sleep(0.7)\n"
            "    os._exit(3)\n"
            "signal.signal(signal.SIGTERM, stop)\n"
            "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
            "open(sys.argv[1], 'w').close()\n"
            "time.sleep(20)\n")
    got = status_in(folder, [], [python(), "-c", code, folder("ready")],
                    signal.SIGTERM, signal.SIGHUP)
    expect(got == 3, "it was not left to end: status %d" % got)


def processes_that_ended_are_left_out(folder):
    gone = subprocess.Popen(["true"])
    gone.wait()
    live = start(["sleep", "20"])
    try:
        done = adder("record", "-o", folder("rec"), "--duration", "0.2",
                     "-p", "%d,%d" % (gone.pid, live.pid))
    finally:
        stop(live)
    told = done.err.decode()
    expect(done.status == 0, "record: %s" % told)
    expect("no process %d" % gone.pid in told, "not told: %s" % told)


def recorder_is_not_recorded(folder):
    # The shell that is attached to is the recorder's own parent.
    done = call(["sh", "-c", '"$1" record --duration 0.7 -o "$2" -p $$ & '
                 'i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done; wait $!',
                 "sh", ADDER, folder("rec")])
    expect(done.status == 0, "record: %s" % done.err)
    names = {thread["name"] for thread in report(folder("rec"))["threads"]}
    expect(names == {"sh"}, "threads: %s" % names)


def maps_are_removed(folder):
    before = set(glob.glob("/tmp/perf-*.map"))
    recording = record(folder, [python()] + target("tasks.py", "fork"),
                       seconds=0.2)
    pids = {line["pid"] for line in recording.truth}
    left = {"/tmp/perf-%d.map" % pid for pid in pids} - before
    left = [path for path in left if os.path.exists(path)]
    expect(pids and not left, "left behind: %s" % left)


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def isolated_interpreters_have_names(folder):
    # Behind a script that starts it, -I cannot be told from here.
    binaries = [one.path for one in find_pythons() if is_elf(one.path)]
    if not binaries:
        raise Skip("no Python with the trampoline that is run directly")
    code = "def named():\n    sum(range(5000000))\nnamed()"
    for options in (["-I"], ["-E"], ["-IS"], ["-E", "-s"]):
        recording = record(folder, binaries[:1] + options + ["-c", code])
        names = {f["name"] for f in recording.report()["functions"]
                 if f["kind"] == "python"}
        expect("named" in names, "with %s: %s" % (options, names))


def environment_is_left_alone(folder):
    code = ("import os, sys\nsum(range(5000000))\n"
            "sys.exit(9 if sys.is_stack_trampoline_active() or "
            "'PYTHONPERFSUPPORT' in os.environ else 0)")
    recording = record(folder, [python(), "-c", code],
                       options=["--no-python"])
    kinds = {f["kind"] for f in recording.report()["functions"]}
    expect("python" not in kinds and "native" in kinds, str(kinds))


def rate_and_period_are_kept(folder):
    for options, rate_hz in ((["-F", "99"], 99), (["-F", "4999"], 4999),
                             (["-c", "5000000"], 200)):
        recording = record(folder, [python()] + target("nested.py", 10),
                           seconds=2, options=options)
        verdict = judge(recording.script(), recording.truth[0])
        expected = recording.truth[0]["cpu_ns"] / 1e9 * rate_hz
        expect(abs(verdict.total - expected) <= 0.1 * expected + 5,
               "%s: %d samples, %.0f expected" % (options, verdict.total,
                                                   expected))


def nothing_is_said_while_python_starts(folder):
    # Twenty samples are over before the interpreter has its trampoline.
    recording = record(folder, [python(), "-c", "sum(range(5000000))"],
                       options=["-c", "100000"])
    said = recording.run.err.decode()
    expect("trampoline" not in said, "said of a Python that has it: %s" % said)


def rates_that_leave_the_target_no_time_are_refused(folder):
    for options in (["-F", "20001"], ["-e", "cpu-clock", "-c", "1000"]):
        done = record(folder, ["true"], options=options, check=False).run
        expect(done.status in (1, 2) and b"0000" in done.err,
               "%s: status %d, %s" % (options, done.status, done.err))
    recording = record(folder, [python()] + target("nested.py", 60),
                       seconds=0.3, options=["-F", "20000"])
    told = recording.report()
    expect(told["samples"] > 1000, "%d samples" % told["samples"])


def dump_shows_every_thread(folder):
    process = start([python(), "-X", "perf"] + target("tasks.py", "threads"),
                    env={"ADDER_TARGET_SECONDS": "20"})
    try:
        tasks = "/proc/%d/task" % process.pid
        wait_until(lambda: len(os.listdir(tasks)) == 5, "five threads")
        wait_until(lambda: cpu_s(process.pid) > 0.3, "work")
        done = adder("dump", "-p", process.pid)
        tids = os.listdir(tasks)
    finally:
        stop(process)
    expect(done.status == 0, "dump: %s" % done.err)
    text = done.out.decode()
    for tid in tids:
        expect(tid in text, "no thread %s in: %s" % (tid, text))
    # Four work; the main thread waits in join.
    expect(text.count("work") >= 4 and "join" in text, text)


def dump_says_why_python_frames_are_missing(folder):
    code = "import time\nprint(flush=True)\ntime.sleep(20)"
    for options, count in ((["-X", "perf"], 0), ([], 1)):
        process = start([python()] + options + ["-c", code])
        try:
            process.stdout.readline()
            done = adder("dump", "-p", process.pid)
        finally:
            stop(process)
        said = done.err.decode()
        expect(done.status == 0 and said.count("trampoline") == count,
               "with %s: %s" % (options, said))
        expect(len(said.splitlines()) == count, said)


if __name__ == "__main__":
    sys.exit(run([
        killed_recording_opens,
        full_disk_keeps_what_was_written,
        status_is_passed_on,
        signals_are_inherited,
        thousand_forks_are_recorded,
        two_hundred_threads_are_recorded,
        exec_begins_a_new_program,
        mappings_that_come_and_go,
        program_without_cpu_time,
        processes_that_only_started_others_are_not_counted,
        attached_program_is_whole,
        attached_program_without_trampoline_is_said,
        interrupt_ends_cleanly,
        ignored_signals_stay_ignored,
        second_stop_lets_the_command_end,
        processes_that_ended_are_left_out,
        recorder_is_not_recorded,
        maps_are_removed,
        isolated_interpreters_have_names,
        environment_is_left_alone,
        rate_and_period_are_kept,
        nothing_is_said_while_python_starts,
        rates_that_leave_the_target_no_time_are_refused,
        dump_shows_every_thread,
        dump_says_why_python_frames_are_missing,
    ], per_python=False))
