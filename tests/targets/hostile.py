# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that break formats and terminals, of everything that has a name.

    hostile.py names              functions, files, threads and modules
    hostile.py map KIND           the perf map becomes a symlink, fifo, huge...
    hostile.py elf                code in a file that is no proper ELF
"""

import ctypes
import importlib
import mmap
import os
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time

import truth

NAMES = [
    "two words", "semi;colon", "(leading)", "a) (b", "new\nline",
    "carriage\rreturn", "tab\there", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07",
    "csi\x9b31m", "nul-free\x01\x02", "back\x08\x08\x08space", "\u202egnp.exe",
    "py::fake:file.py", "+0x1f (", "[unknown]", "quote\"'`$(id)", "%s%n%d",
    "\u4e2d\u6587", "emoji \U0001f40d", "-1", "0", "x" * 3000, "<>&amp;",
    "\udce9\udcff bytes", "operator->", "a: 1 cpu-clock:",
]


def encoded(name):
    return name.encode("utf-8", "surrogateescape")


def burn(cpu_s):
    until = time.thread_time() + cpu_s
    while time.thread_time() < until:
        sum(range(300))


def named_function(name):
    """A function of that name, in a file of that name, that takes time."""
    code = compile("def f(burn, s):\n    burn(s)\n    return 1\n",
                   "/tmp/" + name.replace("\0", ""), "exec")
    space = {}
    exec(code, space)
    function = space["f"]
    function.__code__ = function.__code__.replace(co_name=name,
                                                  co_qualname=name)
    return function


def thread_named(name, seconds):
    raw = encoded(name)[:15].replace(b"\0", b"") or b"x"

    def work():
        libc.prctl(15, raw, 0, 0, 0)
        burn(seconds)

    task = threading.Thread(target=work)
    task.start()
    task.join()


def module_named(folder, name, library, seconds):
    """A copy of libz under that name, and some work in it."""
    raw = encoded(name).replace(b"/", b"_")[:200]
    path = os.path.join(os.fsencode(folder), raw)
    shutil.copyfile(library, path)
    # dlopen by bytes: ctypes would insist on valid text.
    libc.dlopen.restype = ctypes.c_void_p
    libc.dlsym.restype = ctypes.c_void_p
    handle = libc.dlopen(ctypes.c_char_p(path), 2)
    if not handle:
        return False
    address = libc.dlsym(ctypes.c_void_p(handle), b"crc32")
    crc32 = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_ulong, ctypes.c_char_p,
                             ctypes.c_uint)(address)
    data = b"x" * 100000
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        crc32(0, data, len(data))
    return True


def library_path(part):
    importlib.import_module("zlib")
    with open("/proc/self/maps") as maps:
        for line in maps:
            if part in line:
                return line.split(None, 5)[5].strip()
    raise SystemExit("no %s here" % part)


def names(seconds):
    folder, library = tempfile.mkdtemp(), library_path("libz.so")
    try:
        for name in NAMES:
            thread_named(name, seconds)
            try:
                name.encode()
            except UnicodeError:
                pass  # no code object may have such a name
            else:
                named_function(name)(burn, seconds)
            module_named(folder, name, library, seconds)
    finally:
        shutil.rmtree(os.fsencode(folder))


def spoil_map(kind, seconds):
    path = "/tmp/perf-%d.map" % os.getpid()
    other = path + ".other"
    burn(0.01)
    if kind != "none":
        os.rename(path, other)
    if kind == "symlink":
        os.symlink(other, path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        os.mkdir(path)
    elif kind == "huge":
        with open(path, "wb") as file:
            file.truncate(1 << 40)
    elif kind == "garbage":
        with open(path, "wb") as file:
            file.write(os.urandom(100000) + b"\n" + b"f" * 100000 +
                       b"\n-1 -1 x\n0 ffffffffffffffff py::all:all\n\n")
    elif kind == "foreign":
        # Only root may give files away.
        with open(path, "wb"):
            pass
        os.chown(path, 4242, 4242)
    try:
        # Whoever ends us lets us tidy up.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        truth.write({"name": kind, "pid": os.getpid()})
        burn(seconds)
    finally:
        for name in (path, other):
            if os.path.isdir(name):
                os.rmdir(name)
            elif os.path.lexists(name):
                os.unlink(name)


# x86-64: mov %edi,%ecx; 1: dec %ecx; jnz 1b; ret
LOOP = bytes.fromhex("89f9 ffc9 75fc c3")


def run_elf(seconds):
    """Code in files whose ELF headers lie, one truncated while in use."""
    page = mmap.PAGESIZE
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 1 << 62, 0, 64, 56, 0xfff0, 64,
        0xffff, 0xfffe)
    starts = [header, b"\x7fELF", os.urandom(page), b"",
              header[:32] + struct.pack("<QQ", 2 ** 64 - 8, 2 ** 64 - 64) +
              header[48:]]
    for start in starts:
        with tempfile.NamedTemporaryFile() as file:
            file.write(start.ljust(page, b"\xff") + LOOP.ljust(page, b"\0") +
                       bytes(8 * page))
            file.flush()
            area = mmap.mmap(file.fileno(), 10 * page,
                             flags=mmap.MAP_PRIVATE,
                             prot=mmap.PROT_READ | mmap.PROT_WRITE |
                             mmap.PROT_EXEC)
            # The rest goes while the code runs, but not the code's own page.
            file.truncate(2 * page)
            address = ctypes.addressof(ctypes.c_char.from_buffer(area, page))
            loop = ctypes.CFUNCTYPE(None, ctypes.c_int)(address)
            until = time.thread_time() + seconds
            while time.thread_time() < until:
                loop(100000)


libc = ctypes.CDLL(None)

if __name__ == "__main__":
    if sys.argv[1] == "names":
        names(truth.SECONDS)
    elif sys.argv[1] == "map":
        spoil_map(sys.argv[2], truth.SECONDS)
    elif sys.argv[1] == "elf":
        run_elf(truth.SECONDS)
