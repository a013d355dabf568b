# SPDX-License-Identifier: Apache-2.0
"""What is found out at the first read: -o verify, and the tables of V1 values, which take long and hold nobody else up."""

import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time

import pytest

from support import bundle, encoder
from support.legacy import INT8, write_legacy
from support.mounts import PATIENCE, wait_until
from support.paths import BUILD
from support.truth import CHECKPOINTS, golden


def names_of(mount):
    found = {}
    for folder, _, files in os.walk(mount.path):
        for file in files:
            path = os.path.join(folder, file)
            if os.listxattr(path):
                found[os.getxattr(path, "user.ckptfs.name").decode("utf-8", "surrogateescape")] = path
    return found


def content(path):
    with open(path, "rb") as f:
        return f.read()


# ---- -o verify


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_goldens_are_served_and_verified(ckptfs, name):
    g = golden(name)
    mount = ckptfs.mount(g.checkpoint, options="verify")
    paths = names_of(mount)
    strings = sum(dtype == "string" for dtype, _, _ in g.shown.values())
    verified = mount.stats()["tensors.verified"]
    assert verified >= strings if strings else verified == 0  # of strings, sizes were looked up
    for n, (_, _, expected) in g.shown.items():
        assert content(paths[n]) == expected, n
    stats = mount.stats()
    assert stats["tensors.damaged"] == 0 and stats["errors"] == 0
    # A tensor without elements is never read.
    assert stats["tensors.verified"] >= sum(bool(c) for _, _, c in g.shown.values())


def test_slices_that_are_not_there_are_no_trouble_to_the_others(ckptfs, tmp_path):
    """What was verified is counted over all tensors, those too that the map leaves out."""
    made = encoder.Bundle()
    made.put(b"a", 1, [2], b"12345678")
    top, bottom = [(0, 2), (0, 2)], [(2, 2), (0, 2)]
    made.records[b"b"] = encoder.bundle_entry(1, [4, 2], slices=[top, bottom])
    made.put(encoder.slice_key(b"b", top), 1, [2, 2], b"x" * 16)
    checkpoint = made.write(tmp_path / "model")
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\na = a\n")
    mount = ckptfs.mount(checkpoint, map=ini, options="verify")
    assert mount.read("a") == b"12345678"
    assert mount.stats()["tensors.verified"] == 1 and mount.stats()["tensors.damaged"] == 0


def damage(tmp_path, name, pattern, position):
    """A copy of a golden with one byte changed; its checkpoint."""
    g = golden(name)
    copy = tmp_path / "copy"
    shutil.copytree(g.folder, copy)
    shard = sorted(copy.glob(pattern))[0]
    data = bytearray(shard.read_bytes())
    data[position] ^= 1
    shard.write_bytes(data)
    return g, str(copy / os.path.relpath(g.checkpoint, g.folder))


def test_nothing_of_a_damaged_tensor_is_served(ckptfs, tmp_path):
    g, checkpoint = damage(tmp_path, "demo", "*.data-*", 300)  # in none of the four smallest
    mount = ckptfs.mount(checkpoint, options="verify", foreground=True)
    plain = ckptfs.mount(checkpoint)
    damaged = []
    for n, path in sorted(names_of(mount).items()):
        for _ in range(3):
            try:
                assert content(path) == g.shown[n][2]
            except OSError as error:
                assert error.errno == 5
                damaged.append(n)
    assert len(damaged) == 3 and len(set(damaged)) == 1
    path = names_of(mount)[damaged[0]]
    size = os.stat(path).st_size
    with open(path, "rb", buffering=0) as file:
        for offset in (0, size - 1, size // 2):
            with pytest.raises(OSError):
                os.pread(file.fileno(), 1, offset)
    log = mount.log_text().splitlines()
    assert len(log) == 1 and f"{damaged[0]}: checksum mismatch: stored" in log[0], log
    assert mount.stats()["tensors.damaged"] == 1
    assert len(content(names_of(plain)[damaged[0]])) == size  # without -o verify nobody looks


def test_a_damaged_tensor_in_parts_is_one_line(ckptfs, tmp_path):
    g, checkpoint = damage(tmp_path, "demo", "*.data-*", 300)
    first = next(n for n, path in names_of(ckptfs.mount(checkpoint)).items() if content(path) != g.shown[n][2])
    parts = min(g.shown[first][1][0], 4)
    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\n{first} = whole\n{first} = cut | partition {','.join([str(parts)] + ['1'] * (len(g.shown[first][1]) - 1))}\n")
    mount = ckptfs.mount(checkpoint, map=ini, options="verify", foreground=True)
    paths = names_of(mount)
    assert len(paths) == 1 + parts
    for path in paths.values():
        with pytest.raises(OSError):
            content(path)
    assert len(mount.log_text().splitlines()) == 1, mount.log_text()


def test_a_part_needs_only_the_slices_that_it_touches(ckptfs, tmp_path):
    """The byte changed is of one slice of one tensor."""
    g, checkpoint = damage(tmp_path, "sliced", "*.data-*", 0)
    whole = ckptfs.mount(checkpoint, options="verify")
    bad = []
    for n, path in names_of(whole).items():
        try:
            content(path)
        except OSError:
            bad.append(n)
    assert len(bad) == 1
    name, shape = bad[0], g.shown[bad[0]][1]
    served = refused = 0
    for axis, extent in enumerate(shape):
        if extent < 2:
            continue
        ini = tmp_path / "map.ini"
        ini.write_text(f"[assignment_map]\n{name} = cut | partition {','.join(str(extent) if i == axis else '1' for i in range(len(shape)))}\n")
        mount = ckptfs.mount(checkpoint, map=ini, options="verify", foreground=True)
        for path in names_of(mount).values():
            try:
                content(path)
                served += 1
            except OSError:
                refused += 1
        assert len(mount.log_text().splitlines()) == 1, mount.log_text()
    assert served and refused


def test_a_damaged_block_of_v1(ckptfs, tmp_path):
    g, checkpoint = damage(tmp_path, "v1_blocks", "blocks-v1", 500000)
    mount = ckptfs.mount(checkpoint, options="verify", foreground=True)
    bad = []
    for n, path in sorted(names_of(mount).items()):
        try:
            assert content(path) == g.shown[n][2]
        except OSError:
            bad.append(n)
    assert bad == ["big"]
    log = mount.log_text().splitlines()
    assert len(log) == 1 and "big: checksum mismatch" in log[0] and "block at byte" in log[0], log


# ---- a table that takes long

# All zero, and most of the file is a hole: some seconds to go over, with the thread sanitizer as well.
ELEMENTS = 1 << (28 if "tsan" in BUILD.name else 30)


@pytest.fixture
def slow(ckptfs, tmp_path):
    path = tmp_path / "slow"
    write_legacy(path, {"other": (INT8, b"\1\2\3"), "slow": (INT8, ELEMENTS)})
    return ckptfs.mount(path)


READ_ONE = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)  # no readahead: the kernel waits for this one request
print(os.pread(fd, 1, int(sys.argv[2])), flush=True)
"""


def reader(mount, offset):
    return subprocess.Popen([sys.executable, "-c", READ_ONE, mount / "slow", str(offset)], stdout=subprocess.PIPE)


def test_parallel_readers_of_a_table_leave_a_worker_to_others(slow):
    readers = [reader(slow, i << 22) for i in range(20)]  # more than there are workers
    wait_until(lambda: slow.stats()["waiting"] >= 2, "the readers")
    time.sleep(0.5)
    start = time.monotonic()
    assert slow.read("other") == b"\1\2\3"
    took = time.monotonic() - start
    assert slow.stats()["tables"] == 1, "the table was ready too early for this test"  # that of `other`
    assert took < 2

    # One that waits, or was handed on, ends at a signal; the others get what they want.
    killed = readers[5:8] + readers[-3:]
    for process in killed:
        process.send_signal(signal.SIGTERM)
    start = time.monotonic()
    for process in killed:
        assert process.wait(PATIENCE) == -signal.SIGTERM
    assert slow.stats()["tables"] == 1, "the table was ready too early for this test"
    assert time.monotonic() - start < 2
    for process in readers:
        if process not in killed:
            assert process.communicate(timeout=120)[0] == b"b'\\x00'\n"
    assert slow.stats()["tables"] == 2


def test_the_one_who_makes_a_table_may_be_interrupted(slow):
    first = reader(slow, 0)
    wait_until(lambda: slow.stats()["waiting"] == 1, "the reader")
    second = reader(slow, 1 << 22)
    wait_until(lambda: slow.stats()["waiting"] == 2, "the other reader")
    first.send_signal(signal.SIGTERM)
    assert first.wait(PATIENCE) == -signal.SIGTERM
    assert slow.stats()["tables"] == 0
    assert second.communicate(timeout=120)[0] == b"b'\\x00'\n"
    assert slow.stats()["tables"] == 1


def test_an_end_while_a_table_is_made(slow):
    process = reader(slow, 0)
    wait_until(lambda: slow.stats()["waiting"] == 1, "the reader")
    (pid,) = slow.pids()
    start = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    slow.wait_ended()
    assert time.monotonic() - start < 3
    process.wait(PATIENCE)


def test_an_end_while_many_wait(slow):
    processes = [reader(slow, i << 22) for i in range(20)]
    wait_until(lambda: slow.stats()["waiting"] >= 7, "the readers")
    (pid,) = slow.pids()
    start = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    slow.wait_ended()
    assert time.monotonic() - start < 3
    for process in processes:
        process.wait(PATIENCE)


# ---- sizes that take long

STRING = 7


@pytest.fixture
def long_strings(ckptfs, tmp_path):
    """`long` is so many empty strings that going over them takes longer than any test here; `short` and its like are beside it."""
    count, names = 1 << 29, [f"short{i}" for i in range(8)]
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n/ = /\nshort = scope/short\n" + "".join(f"short = {name}\n" for name in names))
    bundle.write_index(tmp_path / "c.index", [(b"long", STRING, [count], 0, 0, count + 4), (b"short", STRING, [1], 0, 0, 6)], 1)
    with open(tmp_path / "c.data-00000-of-00001", "wb") as data:
        data.truncate(count + 4)
    mount = ckptfs.mount(tmp_path / "c", map=ini, options="noverify")
    assert mount.stats()["waiting"] == 0  # and nobody has to look its name up later
    return mount


def start(code, *args):
    return subprocess.Popen([sys.executable, "-c", "import os, sys; " + code, *map(str, args)], stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("code", ["os.stat(sys.argv[1])", "os.open(sys.argv[1], os.O_RDONLY)", "os.access(sys.argv[1], os.R_OK)"])
def test_a_size_that_takes_long_holds_nobody_else(long_strings, code):
    first = start(code, long_strings / "long")
    wait_until(lambda: long_strings.stats()["waiting"] == 1, "the first")
    second = start(code, long_strings / "long")
    wait_until(lambda: long_strings.stats()["waiting"] == 2, "the second")
    others = [start("os.stat(sys.argv[1])", long_strings / name) for name in ("short0", "short1.npy", "model.index", "scope", "scope/short")]
    missing = start("os.path.exists(sys.argv[1]) and sys.exit(1)", long_strings / "missing")
    for process in [*others, missing]:
        process.wait(PATIENCE)
    assert [process.returncode for process in [*others, missing]] == [1, 1, 0, 0, 1, 0]  # `short` is damaged
    assert sorted(os.listdir(long_strings.path))[:2] == [".ckptfs", "checkpoint"]
    assert first.poll() is None and second.poll() is None
    for process in (first, second):
        process.send_signal(signal.SIGTERM)
    for process in (first, second):
        assert process.wait(PATIENCE) == -signal.SIGTERM
    wait_until(lambda: long_strings.stats()["waiting"] == 0, "nobody")
    assert long_strings.stats()["strings.sized"] == 0


# The size is not asked for in any other way than by doing this.
MAP_UNSEEN = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype, libc.mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
fd, size = os.open(sys.argv[1], os.O_RDONLY), int(sys.argv[2])
at = libc.mmap(None, size, 1, int(sys.argv[3]), fd, 0)  # PROT_READ
os.write(1, ctypes.string_at(at, size))
"""
SEEK_UNSEEN = "import os, sys; fd = os.open(sys.argv[1], os.O_RDONLY); size = os.lseek(fd, 0, 2); os.write(1, os.pread(fd, size, 0))"
READ_UNSEEN = "import os, sys; fd = os.open(sys.argv[1], os.O_RDONLY); os.write(1, os.read(fd, int(sys.argv[2]) + 1))"


@pytest.mark.parametrize("code", [(MAP_UNSEEN, "1"), (MAP_UNSEEN, "2"), (SEEK_UNSEEN, ""), (READ_UNSEEN, "")])
def test_a_file_is_used_without_asking_for_its_size(ckptfs, tmp_path, code):
    """What the kernel knows of a size that nobody has asked for is not 0 any more when the file is open."""
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n/ = /\nnumbers = half | cast float16\n")
    lengths = struct.pack("<3I", 5, 0, 6)
    summed = lengths + struct.pack("<I", encoder.masked(lengths)) + b"hello world"
    strings = bytes([5, 0, 6]) + summed[12:]
    checkpoint = bundle.write(tmp_path / "c", {"words": (STRING, [3], strings, summed),
                                               "numbers": (bundle.FLOAT32, [3], bytes(12), bytes(12))})
    names = ["words", "words.npy", "model.index", "model.data-00001-of-00002", "model.safetensors", "half.npy", "checkpoint"]
    known = ckptfs.mount(checkpoint, map=ini)
    mount = ckptfs.mount(checkpoint, map=ini)
    for name in names:
        expected = known.read(name)
        done = subprocess.run([sys.executable, "-c", code[0], mount / name, str(len(expected)), code[1]], capture_output=True, timeout=PATIENCE)
        assert (done.returncode, done.stdout) == (0, expected), (name, done)


def test_a_size_that_is_known_is_not_asked_for_again(ckptfs):
    mount = ckptfs.mount(golden("strings").checkpoint, foreground=True, flags=["-d"])
    folder = mount / "model.safetensors"

    def asked(path):
        before = mount.log_text()
        os.stat(path)
        return [op for op in ("LOOKUP", "GETATTR") for line in mount.log_text()[len(before):].splitlines() if f"opcode: {op} " in line]

    os.listdir(mount.path)
    os.stat(mount.path)
    assert asked(mount / "words") == ["LOOKUP", "GETATTR"] and asked(mount / "words") == []
    assert asked(mount / "words.npy") == ["LOOKUP"] and asked(mount / "words.npy") == []
    assert asked(folder) == ["LOOKUP", "GETATTR"] and asked(folder) == []
    assert asked(mount / "model.index") == ["LOOKUP", "GETATTR"]
    assert asked(mount / "model.data-00000-of-00001") in (["LOOKUP"], [])  # the listing may have said it


# ---- files that are made at the first read


@pytest.mark.parametrize("options", ["", "verify"])
def test_parallel_first_readers_of_what_is_made(ckptfs, tmp_path, options):
    """Index and headers are made once, and everybody gets the same."""
    data = [struct.pack("<50f", *range(i, i + 50)) for i in range(300)]
    checkpoint = bundle.write(tmp_path / "c", {f"v{i}": (bundle.FLOAT32, [50], data[i], data[i]) for i in range(300)}, shards=3)
    ini = tmp_path / "map.ini"
    casts = "".join(f"v{i} = cast/v{i} | cast float64\n" for i in range(0, 300, 2))
    ini.write_text(f"[assignment_map]\n/ = /\n{casts}[view]\nshard_size = 20KB\n")
    alone = ckptfs.mount(checkpoint, map=ini)
    names = [name for name in os.listdir(alone.path) if name.startswith("model")] + ["v7.npy", "cast/v8"]
    expected = {name: alone.read(name) for name in names}
    assert {"model.index", "model.safetensors.index.json", "model.data-00003-of-00004"} <= set(names) and len(names) > 10
    mount = ckptfs.mount(checkpoint, map=ini, options=options)
    barrier, same = threading.Barrier(24), []

    def read(first):
        barrier.wait()
        same.extend(mount.read(name) == expected[name] for name in names[first:] + names[:first])

    threads = [threading.Thread(target=read, args=(i % len(names),)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(same) == 24 * len(names) and all(same)
    assert mount.stats()["errors"] == 0
