#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Other users, permissions, containers: the same stacks, or said why not.

Needs root, for it switches perf_event_paranoid (and puts it back) and becomes
another user.
"""

import contextlib
import os
import signal
import subprocess
import sys

from harness import (ADDER, Recording, Skip, TARGETS, adder, call,
                     check_phases, expect, judge, read_script, read_truth,
                     run, script_text, target, wait_until)

PARANOID = "/proc/sys/kernel/perf_event_paranoid"
NOBODY = 65534
AS_NOBODY = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY,
             "--clear-groups"]


def need_root():
    if os.getuid() != 0:
        raise Skip("this needs root")


@contextlib.contextmanager
def paranoid(level):
    need_root()
    with open(PARANOID) as file:
        before = file.read()
    try:
        try:
            with open(PARANOID, "w") as file:
                file.write(str(level))
        except OSError as why:
            raise Skip("cannot set perf_event_paranoid: %s" % why)
        yield
    finally:
        with open(PARANOID, "w") as file:
            file.write(before)


def as_nobody(folder, command, seconds, options=(), more_env=None):
    """adder record as an unprivileged user, of a program of its own."""
    if call(AS_NOBODY + ["test", "-x", ADDER]).status or call(
            AS_NOBODY + ["test", "-r", TARGETS]).status:
        raise Skip("the build is not readable to others: '%s'" % ADDER)
    env = dict(more_env or {}, ADDER_TRUTH=folder("truth"),
               ADDER_TARGET_SECONDS=str(seconds), HOME=folder.path)
    done = call(AS_NOBODY + [ADDER, "record", "-o", folder("rec")] +
                list(options) + ["--"] + command, env=env)
    expect(done.status == 0, "record: %s" % done.err.decode(errors="replace"))
    return Recording(folder("rec"), done, read_truth(folder("truth")))


def usable_by_nobody(python):
    done = call(AS_NOBODY + [python.path, "-c", ""])
    if done.status:
        raise Skip("'%s' does not run as another user: %s" % (
            python.path, done.err.decode(errors="replace").strip()[:200]))


def unprivileged_user_at_1(folder, python):
    usable_by_nobody(python)
    with paranoid(1):
        nested = as_nobody(folder, [python.path] + target("nested.py"), 0.7)
        said = check_phases(nested)
        kernel = kernel_share(folder, python)
    expect(kernel > 0.3, "%.2f of a reader's time in the kernel" % kernel)
    return said


READER = ("import os, time, threading\n"
          "fd = os.open('/dev/zero', os.O_RDONLY)\n"
          "until = time.monotonic() + 1\n"
          "def fill():\n"
          "    while time.monotonic() < until:\n"
          "        os.read(fd, 1 << 20)\n"
          "fill()\n")


def kernel_share(folder, python):
    """Of the samples of a program that mostly reads."""
    for name in (folder("rec"), folder("truth")):
        if os.path.exists(name):
            os.unlink(name)
    recording = as_nobody(folder, [python.path, "-c", READER], 1)
    kernel = total = 0
    for sample in recording.script():
        if any(f.name == "fill" for f in sample.frames):
            total += 1
            kernel += any(f.kind == "kernel" for f in sample.frames)
    return kernel / total if total else 0.0


def unprivileged_user_at_2(folder, python):
    usable_by_nobody(python)
    with paranoid(2):
        nested = as_nobody(folder, [python.path] + target("nested.py"), 0.7)
        said = check_phases(nested)
        heard = nested.run.err.decode(errors="replace")
        expect("kernel" in heard, "the missing kernel time is not told: %s" %
               heard)
        share = kernel_share(folder, python)
        time = Recording(folder("rec"), None, None).report()["time"]
    expect(share == 0, "kernel frames without permission: %.2f" % share)
    # Its kernel time is counted all the same, and charged to nothing else.
    running = time["running_ns"] + time["unsampled_ns"]
    expect(0.8e9 < running < 1.6e9 and time["unsampled_ns"] > 0.5 * running,
           "a reader of one second: %s" % time)
    return said


def children_of(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(word) for word in file.read().split()]


def chroot_of(python):
    root = os.path.dirname(os.path.realpath(python.path))
    if not os.path.exists(os.path.join(root, ".get-python")):
        raise Skip("not a folder that get-python made")
    return root


# A root of its own, mounts, PID namespace and /tmp: a container but in name.
CONTAINER = """
root=$1 targets=$2 shared=$3
mount --make-rprivate / && mount -t tmpfs none "$root/tmp" &&
mount -t proc none "$root/proc" &&
mkdir "$root/tmp/targets" "$root/tmp/shared" &&
mount --bind "$shared" "$root/tmp/shared" &&
cp "$targets"/*.py "$root/tmp/targets" || exit 97
shift 3
exec chroot "$root" "$@"
"""


def container_command(python, folder, *args):
    root = chroot_of(python)
    # With a user namespace too, the root in it is nobody special outside.
    return ["unshare", "--mount", "--pid", "--fork"] + list(args) + [
        "sh", "-c", CONTAINER, "sh", root, TARGETS, folder.path,
        "/usr/bin/python%d.%d" % python.version[:2]]


def attach_in_container(folder, python, *unshare_args, prefix=()):
    command = list(prefix) + container_command(
        python, folder, *unshare_args) + [
            "-X", "perf", "/tmp/targets/nested.py", "30"]
    env = dict(os.environ, ADDER_TRUTH="/tmp/shared/truth",
               ADDER_TARGET_SECONDS="3", PYTHONDONTWRITEBYTECODE="1")
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE,
                               start_new_session=True)
    try:
        pid = wait_until(lambda: contained_python(process),
                         "the container's program")
        wait_until(lambda: cpu_ticks(pid) > 30, "the program's work")
        done = adder("record", "--duration", "1", "-o", folder("rec"), "-p",
                     pid)
        process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    expect(done.status == 0, "record: %s" % done.err.decode())
    truth = read_truth(folder("truth"))
    expect(truth, "the container's program told nothing")
    # Its own number of itself is another than the one out here.
    phase = dict(truth[0], tid=pid)
    verdict = judge(read_script(script_text(folder("rec"))), phase)
    expect(verdict.total > 200 and verdict.right >= 0.99 * verdict.total,
           str(verdict))
    return "%d of %d" % (verdict.right, verdict.total)


def contained_python(process):
    """The Python that a container_command() came to run, or 0."""
    if process.poll() is not None:
        raise Skip("no container here, it ended with %d" % process.returncode)
    for pid in children_of(process.pid):
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            if file.read().startswith(b"/usr/bin/python"):
                return pid
    return 0


def cpu_ticks(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def container_seen_from_outside(folder, python):
    need_root()
    return attach_in_container(folder, python)


def other_user_namespace_seen_by_root(folder, python):
    need_root()
    chroot_of(python)
    done = call(AS_NOBODY + ["unshare", "--user", "true"])
    if done.status:
        raise Skip("no user namespaces for users here")
    usable_by_nobody(python)
    command = AS_NOBODY + [python.path, "-X", "perf"] + target("nested.py",
                                                              "30")
    env = dict(os.environ, ADDER_TRUTH=folder("truth"),
               ADDER_TARGET_SECONDS="3", PYTHONDONTWRITEBYTECODE="1")
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: cpu_ticks(process.pid) > 50, "the program's work")
        done = adder("record", "--duration", "1", "-o", folder("rec"), "-p",
                     process.pid)
        process.wait(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    expect(done.status == 0, "record: %s" % done.err.decode())
    verdict = judge(read_script(script_text(folder("rec"))),
                    read_truth(folder("truth"))[0])
    expect(verdict.total > 200 and verdict.right >= 0.99 * verdict.total,
           str(verdict))
    return "%d of %d" % (verdict.right, verdict.total)


def link_in_a_container_leads_nowhere(folder, python):
    """An absolute link as perf map must not reach the host's file."""
    need_root()
    chroot_of(python)
    bait = folder("bait")
    os.makedirs(os.path.dirname(bait), exist_ok=True)
    with open(bait, "w") as file:
        file.write("0 7fffffffffff py::bait:/host/bait.py\n")
    code = ("import os, time\n"
            "os.unlink('/tmp/perf-%%d.map' %% os.getpid())\n"
            "os.symlink(%r, '/tmp/perf-%%d.map' %% os.getpid())\n"
            "until = time.monotonic() + 3\n"
            "while time.monotonic() < until: sum(range(1000))\n" % bait)
    process = subprocess.Popen(
        container_command(python, folder) + ["-X", "perf", "-c", code],
        stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        pid = wait_until(lambda: contained_python(process), "the program")
        wait_until(lambda: cpu_ticks(pid) > 50, "the program's work")
        done = adder("record", "--duration", "0.5", "-o", folder("rec"), "-p",
                     pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    expect(done.status == 0, "record: %s" % done.err.decode())
    expect(b"map" in done.err, "nothing said of the link: %s" % done.err)
    expect("bait" not in script_text(folder("rec")),
           "the host's file was read")


TESTS = [
    unprivileged_user_at_1,
    unprivileged_user_at_2,
    container_seen_from_outside,
    other_user_namespace_seen_by_root,
    link_in_a_container_leads_nowhere,
]

if __name__ == "__main__":
    if os.getuid() != 0:
        print("this needs root")
        sys.exit(77)
    sys.exit(run(TESTS))
