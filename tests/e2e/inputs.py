#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: one clear line and a status, never a crash and never silence."""

import ctypes
import json
import os
import random
import struct
import subprocess
import sys

from harness import (ADDER, Skip, adder, call, expect, find_pythons,
                     read_truth, record, run, target, wait_until)

# A signal is reported as a negative status; sanitizers exit with 1 but print.
BROKEN = (b"AddressSanitizer", b"runtime error:", b"Assertion", b"Traceback",
          b"core dumped")


def expect_line(done, status, *words, lines_max=1):
    """That status, and one line on standard error that holds the words."""
    heard = done.err.decode(errors="replace")
    lines = heard.strip().splitlines()
    statuses = status if isinstance(status, tuple) else (status,)
    expect(done.status in statuses, "status %d, not %s: %s" %
           (done.status, statuses, heard))
    expect(not any(word in done.err for word in BROKEN), heard)
    expect(1 <= len(lines) <= lines_max, "%d lines: %s" % (len(lines), heard))
    expect(len(lines[0]) < 300, "a long line: %s" % heard)
    for word in words:
        expect(word in lines[0], "no '%s' in: %s" % (word, lines[0]))


def wrong_command_lines(folder):
    rec = folder("rec")
    for args, word in (
            (["nosuch"], "nosuch"), (["recrod"], "record"),
            (["record", "-o", rec], ""),
            (["record", "-o", rec, "--nosuch", "true"], "--nosuch"),
            (["record", "-o", rec, "-F", "0", "true"], "-F"),
            (["record", "-o", rec, "-F", "fast", "true"], "-F"),
            (["record", "-o", rec, "-c", "-1", "true"], "-c"),
            (["record", "-o", rec, "-F", "9", "-c", "9", "true"], "-F"),
            (["record", "-o", rec, "--duration", "x", "true"], "duration"),
            (["record", "-o", rec, "-p", "x"], "-p"),
            (["record", "-o", rec, "-p", "1", "true"], "-p"),
            (["record", "-o", rec, "-e", "nosuch-event", "true"],
             "nosuch-event"),
            (["report", "--format", "xml", rec], "xml"),
            (["report", "--nosuch"], "--nosuch"),
            (["report", "a", "b"], ""), (["script", "--nosuch"], "--nosuch"),
            (["dump"], "-p"), (["dump", "-p", "x"], "-p"),
            (["doctor", "--nosuch"], "--nosuch")):
        expect_line(adder(*args), (1, 2) if "-e" in args else 2, word)
        expect(not os.path.exists(rec), "%s left a recording" % args)


def no_such_command(folder):
    expect_line(adder("record", "-o", folder("rec"), "/nosuch/program"), 127,
                "/nosuch/program")
    expect_line(adder("record", "-o", folder("rec"), "nosuch-program"), 127,
                "nosuch-program")
    with open(folder("plain"), "w") as file:
        file.write("text")
    expect_line(adder("record", "-o", folder("rec"), folder("plain")),
                (1, 126), "plain")
    expect(not os.path.exists(folder("rec")), "a recording was left")


def no_such_process(folder):
    with open("/proc/sys/kernel/pid_max") as file:
        beyond = int(file.read())
    gone = subprocess.Popen(["true"])
    gone.wait()
    for pid in (beyond, gone.pid):
        for command in ("record", "dump"):
            more = ["-o", folder("rec")] if command == "record" else []
            expect_line(adder(command, *more, "-p", pid), 1, str(pid))
    expect(not os.path.exists(folder("rec")), "a recording was left")


def process_of_another_user(folder):
    if os.getuid() == 0:
        prefix = ["setpriv", "--reuid=65534", "--regid=65534",
                  "--clear-groups", "--no-new-privs"]
    else:
        prefix = []
    for command in ("record", "dump"):
        more = ["-o", folder("rec")] if command == "record" else []
        expect_line(call(prefix + [ADDER, command] + more + ["-p", "1"]), 1,
                    "1")


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]


def refuse_perf_event_open():
    """Seccomp: perf_event_open fails with EPERM, as in a container."""
    number = {"x86_64": 298, "aarch64": 241}[os.uname().machine]
    code = b"".join(struct.pack("<HBBI", *one) for one in (
        (0x20, 0, 0, 0),               # load the number of the call
        (0x15, 0, 1, number),          # perf_event_open?
        (0x06, 0, 0, 0x00050000 | 1),  # EPERM
        (0x06, 0, 0, 0x7fff0000)))     # else go on
    buffer = ctypes.create_string_buffer(code)
    program = Filter(4, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program),
                                                0, 0):
        os._exit(99)


def kernel_that_refuses(folder):
    done = call([ADDER, "record", "-o", folder("rec"), "true"],
                preexec_fn=refuse_perf_event_open)
    if done.status == 99:
        raise Skip("no seccomp here")
    expect_line(done, 1, "seccomp")
    expect(not os.path.exists(folder("rec")), "a recording was left")
    doctor = call([ADDER, "doctor"], preexec_fn=refuse_perf_event_open)
    expect(doctor.status == 1 and b"seccomp" in doctor.out + doctor.err,
           "doctor: %r" % (doctor,))


def places_that_take_no_recording(folder):
    os.mkdir(folder("directory"))
    expect_line(adder("record", "-o", folder("nosuch/rec"), "true"), 1,
                "nosuch/rec")
    expect_line(adder("record", "-o", folder("directory"), "true"), 1,
                "directory")
    os.symlink(folder("elsewhere"), folder("link.partial"))
    expect_line(adder("record", "-o", folder("link"), "true"), 1, "link")
    expect(not os.path.exists(folder("elsewhere")), "it followed a link")


def files_that_are_no_recordings(folder):
    def written(name, data):
        with open(folder(name), "wb") as file:
            file.write(data)
        return folder(name)

    os.mkfifo(folder("fifo"))
    for path in (folder("absent"), folder(""), "/dev/null", folder("fifo"),
                 written("empty", b""), written("text", b"no recording\n"),
                 written("elf", open("/proc/self/exe", "rb").read()[:9000]),
                 written("noise", os.urandom(10000))):
        for command in ("report", "script"):
            done = adder(command, path, timeout=30)
            expect_line(done, 1, os.path.basename(path))
            expect(not done.out, "%s said something: %r" % (path,
                                                            done.out[:200]))


def whole_recording(folder):
    pythons = find_pythons()
    command = [pythons[0].path] if pythons else [sys.executable]
    return record(folder, command + target("nested.py", 10), seconds=1).path


def damaged_recordings(folder):
    """Cut or with a bit flipped anywhere: said, and never a crash."""
    with open(whole_recording(folder), "rb") as file:
        whole = file.read()
    dice = random.Random(7)
    cuts = [0, 1, 7, 8, 20, 40, len(whole) // 2, len(whole) - 1]
    cuts += [dice.randrange(len(whole)) for _ in range(12)]
    damaged = [("cut at %d" % at, whole[:at]) for at in cuts]
    for _ in range(40):
        at, bit = dice.randrange(len(whole)), dice.randrange(8)
        data = bytearray(whole)
        data[at] ^= 1 << bit
        damaged.append(("bit %d of byte %d" % (bit, at), bytes(data)))
    path = folder("damaged")
    for what, data in damaged:
        with open(path, "wb") as file:
            file.write(data)
        for command in ("report", "script"):
            done = adder(command, path, timeout=60)
            try:
                # script may add that nothing is left to print.
                expect_line(done, 1, "damaged", lines_max=2)
            except Exception as why:
                raise type(why)("%s: %s" % (what, why))
    return "%d bytes, %d ways" % (len(whole), len(damaged))


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def newer_recording(folder):
    """A higher major version, otherwise as docs/format.md has it."""
    with open(whole_recording(folder), "rb") as file:
        data = bytearray(file.read())
    expect(struct.unpack_from("<I", data, 28)[0] == crc32c(data[:28]),
           "the header is not what docs/format.md says")
    data[8:10] = struct.pack("<H", 2)
    data[28:32] = struct.pack("<I", crc32c(data[:28]))
    with open(folder("newer"), "wb") as file:
        file.write(data)
    expect_line(adder("report", folder("newer")), 1, "newer adder", "2.0")


def full_standard_output(folder):
    path = whole_recording(folder)
    for command in ("report", "script"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([ADDER, command, path], stdout=full,
                                  stderr=subprocess.PIPE,
                                  stdin=subprocess.DEVNULL)
        expect(done.returncode == 1 and b"space" in done.stderr.lower(),
               "%s: %d %r" % (command, done.returncode, done.stderr))
        # A reader that has enough is no failure to talk about.
        done = subprocess.run(["sh", "-c", '"$0" "$1" "$2" | head -n 1',
                               ADDER, command, path], stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL)
        expect(not done.stderr, "%s | head: %r" % (command, done.stderr))


def odd_perf_maps(folder):
    pythons = find_pythons()
    if not pythons:
        raise Skip("no Python with the perf trampoline here")
    kinds = ["symlink", "fifo", "directory", "huge", "garbage"]
    if os.getuid() == 0:
        kinds.append("foreign")
    for kind in kinds:
        process = subprocess.Popen(
            [pythons[0].path, "-X", "perf"] + target("hostile.py", "map",
                                                     kind),
            env=dict(os.environ, ADDER_TRUTH=folder("truth"),
                     ADDER_TARGET_SECONDS="60"),
            stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_until(lambda: read_truth(folder("truth")), "the target")
            done = adder("record", "--duration", "0.5", "-o", folder("rec"),
                         "-p", process.pid, timeout=60)
            # It puts its files away.
            process.terminate()
            process.wait()
        finally:
            process.kill()
            process.wait()
        os.unlink(folder("truth"))
        expect(done.status == 0, "%s: %s" % (kind, done.err))
        samples = json.loads(adder("report", "--format", "json",
                                   folder("rec")).out)["samples"]
        expect(samples > 100, "%s: %d samples" % (kind, samples))
        said = [line for line in
                done.err.decode(errors="replace").splitlines()
                if ".map" in line]
        # Of lines that make no sense nothing need be said.
        expect(len(said) == (kind != "garbage") or kind == "garbage",
               "%s: said %s" % (kind, done.err.decode()))


def elf_files_that_lie(folder):
    if os.uname().machine != "x86_64":
        raise Skip("the target's code is for x86-64")
    pythons = find_pythons()
    if not pythons:
        raise Skip("no Python with the perf trampoline here")
    recording = record(folder, [pythons[0].path] +
                       target("hostile.py", "elf"), seconds=0.2, timeout=60)
    told = recording.report()
    expect(told["samples"] > 800, "%d samples" % told["samples"])
    expect(not any(word in recording.run.err for word in BROKEN),
           recording.run.err.decode())


if __name__ == "__main__":
    sys.exit(run([
        wrong_command_lines,
        no_such_command,
        no_such_process,
        process_of_another_user,
        kernel_that_refuses,
        places_that_take_no_recording,
        files_that_are_no_recordings,
        damaged_recordings,
        newer_recording,
        full_standard_output,
        odd_perf_maps,
        elf_files_that_lie,
    ], per_python=False))
