# SPDX-License-Identifier: Apache-2.0
"""One fault is one log line, however many files and reads show it; the last hundred are in .ckptfs/faults."""

import errno
import os
import re
import struct
import time

import pytest

from support import bundle
from support.bundle import FLOAT32, INT8
from support.legacy import write_legacy

LINE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ (\d+) (.*)")


def fails(path, off=0):
    """Reads a page of the file past the kernel's cache: whether that is EIO."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError as failure:
        assert failure.errno == errno.EIO, failure
        return True
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.pread(fd, 100, off)
        return False
    except OSError as failure:
        assert failure.errno == errno.EIO, failure
        return True
    finally:
        os.close(fd)


def faults(mount):
    """[(how many failures, text)], the oldest first."""
    found = []
    for line in mount.read(".ckptfs/faults").decode().splitlines():
        count, text = LINE.fullmatch(line).groups()
        found.append((int(count), text))
    return found


def checked(content, good=True):
    return content + (b"" if good else b"?")


def expect(mount, *texts):
    """These are the faults, each with one line in the log, if there is one; returns how many failures there were in all."""
    found = faults(mount)
    assert len(found) == len(texts)
    for (_, said), wanted in zip(found, texts):
        assert wanted in said
    if mount.log:
        assert mount.log_text().splitlines() == [f"ckptfs: {said}" for _, said in found]
    stats = mount.stats()
    assert (stats["faults"], stats["faults.repeated"]) == (len(texts), sum(n for n, _ in found) - len(texts))
    return sum(n for n, _ in found)


def test_a_damaged_tensor_in_many_files(ckptfs, tmp_path):
    content = bytes(range(256)) * 32
    prefix = bundle.write(tmp_path / "c", {"bad": (INT8, [8192], content, checked(content, False)), "good": (INT8, [8192], content, content)})
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nbad = a/whole\nbad = a/parts | partition 256\nbad = a/wide | cast float32\ngood = good\n")
    mount = ckptfs.mount(prefix, map=ini, options="verify", foreground=True)
    assert mount.read(".ckptfs/faults") == b"" and os.stat(mount / ".ckptfs/faults").st_size == 0
    files = ["a/whole", "a/whole.npy", "a/wide", "model.index", "model.data-00000-of-00002"] + [f"a/parts/part_{i}" for i in range(256)]
    for round in range(2):
        for path in files:
            assert fails(mount / path), path
    assert fails(mount / "model.safetensors", os.stat(mount / "model.safetensors").st_size - 8192 - 4096)
    assert mount.read("good") == content
    assert expect(mount, "bad: checksum mismatch: stored") >= 2 * len(files)
    assert mount.stats()["tensors.damaged"] == 1


def test_a_shard_in_many_files(ckptfs, tmp_path):
    content = bytes(range(100))
    prefix = bundle.write(tmp_path / "c", {f"t{i:03}": (INT8, [100], content) for i in range(200)}, shards=2)
    mount = ckptfs.mount(prefix, foreground=True)
    time.sleep(0.02)  # past one tick of the file system's clock
    os.truncate(f"{prefix}.data-00000-of-00002", 10)
    assert [fails(mount / f"t{i:03}") for i in range(200)] == [True, False] * 100
    assert fails(mount / "t000.npy") and fails(mount / "model.data-00000-of-00002")
    assert expect(mount, "c.data-00000-of-00002: changed since it was mounted, all reads from it fail from now on") >= 102


def test_a_value_that_does_not_fit(ckptfs, tmp_path):
    """A tensor and a dtype are one fault."""
    content = struct.pack("<1000f", *[1e20] * 1000)
    prefix = bundle.write(tmp_path / "c", {"v": (FLOAT32, [1000], content, content)})
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nv = a | partition 100 | cast int32\nv = b | cast int32\nv = c | cast int16\n")
    mount = ckptfs.mount(prefix, map=ini, foreground=True)
    assert all(fails(mount / path) for path in ["b", "b.npy", "a.npy", "model.safetensors", *(f"a/part_{i}" for i in range(100))])
    expect(mount, "v: a value does not fit int32, to which it is cast; first b at byte 0")
    for _ in range(3):
        assert fails(mount / "c") and fails(mount / "model.index")
    expect(mount, "v: a value does not fit int32", "v: a value does not fit int16, to which it is cast; first c at byte 0")


def test_a_block_of_many_tensors(ckptfs, tmp_path):
    path = tmp_path / "v1"
    write_legacy(path, {f"t{i:02}": (INT8, b"\x05" * 100) for i in range(50)}, together=True)
    data = bytearray(path.read_bytes())
    data[data.rindex(b"\x05" * 100) + 7] ^= 1
    path.write_bytes(data)
    mount = ckptfs.mount(path, options="verify", foreground=True)
    assert all(fails(mount / f"t{i:02}") for i in range(50))
    assert expect(mount, "the block at byte") >= 50
    assert mount.stats()["tensors.damaged"] == 50


@pytest.mark.parametrize("foreground", [True, False])
def test_the_last_hundred_are_kept(ckptfs, tmp_path, foreground):
    """In the background, too, where standard error is gone and a log may not be there."""
    looked_at = {f"a{i}": (INT8, [1], b"a") for i in range(4)}  # by the mount, and good
    prefix = bundle.write(tmp_path / "c", {f"t{i:04}": (INT8, [1], b"a", b"b") for i in range(1100)} | looked_at)
    mount = ckptfs.mount(prefix, options="verify", foreground=foreground)
    for i in [*range(150), 149, 149, 3]:
        assert fails(mount / f"t{i:04}")
    found = faults(mount)
    assert [text.split(":")[0] for _, text in found] == [f"t{i:04}" for i in range(50, 150)]
    assert found[-1][0] > found[-2][0]  # the kernel may ask more than once
    stats = mount.stats()
    assert (stats["faults"], stats["tensors.damaged"]) == (150, 150) and stats["faults.repeated"] >= 3
    for i in range(150, 1100):
        assert fails(mount / f"t{i:04}")
    assert mount.stats()["faults"] == 1100 and faults(mount)[-1][1].startswith("t1099: ")
    if foreground:
        log = mount.log_text().splitlines()
        assert len(log) == 1001 and "t0999: " in log[-2] and ".ckptfs/faults" in log[-1]


def test_names_are_escaped(ckptfs, tmp_path):
    name = b"a\nb\x1b[31m"
    prefix = bundle.write(tmp_path / "c", {name: (INT8, [5000], b"a" * 5000, b"b")})
    mount = ckptfs.mount(prefix, options="verify", foreground=True)
    assert fails(mount / "a%0Ab%1B[31m")
    expect(mount, r"a\x0ab\x1b[31m: checksum mismatch")
