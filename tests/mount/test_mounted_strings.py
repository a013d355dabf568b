# SPDX-License-Identifier: Apache-2.0
"""String tensors in the mount: sizes found at the first look-up and not before, damage, several readers at once."""

import errno
import json
import os
import shutil
import struct
import subprocess
import threading

import pytest

from support import bundle, encoder
from support.truth import golden

STRING = 7


def entry(values):
    """The bytes of a run, and what its checksum is over."""
    lengths = b"".join(struct.pack("<I", len(v)) for v in values)
    stored = struct.pack("<I", encoder.masked(lengths))
    content = b"".join(values)
    return b"".join(encoder.varint(len(v)) for v in values) + stored + content, lengths + stored + content


def write(prefix, tensors):
    """tensors: {name: (shape, values)}"""
    made = {name: (STRING, shape, *entry(values)) for name, (shape, values) in tensors.items()}
    return bundle.write(prefix, made)


def reads_of(pid):
    """How many bytes the daemon has asked the kernel for."""
    return int(dict(line.split(": ") for line in open(f"/proc/{pid}/io").read().splitlines())["rchar"])


OWN = {"checkpoint", "model.index", "model.safetensors"}  # files of the mount that are no tensors


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "strings"
    shutil.copytree(golden("strings").folder, folder)
    return folder / "strings.ckpt"


def test_a_listing_has_the_right_sizes(ckptfs):
    mount = ckptfs.mount(golden("strings").checkpoint)
    lines = subprocess.run(["ls", "-l", mount.path], capture_output=True, check=True, text=True).stdout.splitlines()[1:]
    sizes = {line.split()[-1]: int(line.split()[4]) for line in lines}
    sizes = {name: size for name, size in sizes.items() if name not in OWN and ".data-" not in name}
    assert sizes == {name: len(content) for name, (_, _, content) in golden("strings").shown.items()}
    st = os.stat(mount / "words")
    assert st.st_blocks == (st.st_size + 511) // 512
    numbers = {e.name: e.inode() for e in os.scandir(mount.path)}
    assert numbers["words"] == st.st_ino == os.stat(ckptfs.mount(golden("strings").checkpoint) / "words").st_ino


def test_neither_mount_nor_names_nor_report_read_strings(ckptfs, tmp_path):
    size = 8 << 20
    prefix = write(tmp_path / "c", {f"s{i}": ([], [b"x" * size]) for i in range(2)})
    mount = ckptfs.mount(prefix)
    (pid,) = mount.pids()
    assert {"s0", "s1"} < set(os.listdir(mount.path))
    for line in os.listdir(mount / ".ckptfs"):
        mount.read(f".ckptfs/{line}")
    assert {t["bytes"] for t in mount.report()["targets"]} == {None}
    os.statvfs(mount.path)
    assert reads_of(pid) < size // 2
    assert os.stat(mount / "s0").st_size == size
    assert size <= reads_of(pid) < size + size // 2
    os.stat(mount / "s0")
    assert reads_of(pid) < size + size // 2
    assert mount.read("s0") == b"x" * size


def test_attributes(ckptfs):
    mount = ckptfs.mount(golden("strings").checkpoint)
    assert set(os.listxattr(mount / "words")) == {f"user.ckptfs.{n}" for n in ("name", "dtype", "shape", "source")}
    assert os.getxattr(mount / "words", "user.ckptfs.dtype") == b"string"
    with pytest.raises(OSError) as failure:
        os.getxattr(mount / "words", "user.ckptfs.crc32c")
    assert failure.value.errno == errno.ENODATA


def test_parts_and_odd_windows(ckptfs, tmp_path):
    values = [(b"%d " % i) * (i % 97) for i in range(5000)]
    prefix = write(tmp_path / "c", {"s": ([500, 10], values), "after": ([1], [b"z"])})
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\ns = rows | partition 3,1\ns = columns | partition 1,4\ns = all\nafter = a/b/c\n")
    mount = ckptfs.mount(prefix, map=ini)
    rows = [values[i:i + 10] for i in range(0, 5000, 10)]
    files = {"all": values, "rows/part_0": sum(rows[:167], []), "rows/part_2": sum(rows[334:], []),
             "columns/part_0": [v for row in rows for v in row[:3]], "columns/part_3": [v for row in rows for v in row[8:]],
             "a/b/c": [b"z"]}
    for path, strings in files.items():
        content = b"".join(s + b"\n" for s in strings)
        assert os.stat(mount / path).st_size == len(content), path
        fd = os.open(mount / path, os.O_RDONLY | getattr(os, "O_DIRECT", 0))
        os.close(fd)
        fd = os.open(mount / path, os.O_RDONLY)
        for off in list(range(0, len(content), max(1, len(content) // 50))) + [len(content) - 1, len(content)]:
            assert os.pread(fd, 10000, off) == content[off:off + 10000], (path, off)
        os.close(fd)
        assert mount.read(path) == content


@pytest.mark.parametrize("where", ["length", "lengths crc", "bytes", "entry crc"])
def test_damage_is_eio_and_one_line(ckptfs, tmp_path, where):
    stored, summed = entry([b"hello", b"world"])
    place = {"length": 1, "lengths crc": 3, "bytes": 15}.get(where)
    if place is None:
        summed += b"?"
    else:
        stored = stored[:place] + bytes([stored[place] ^ 4]) + stored[place + 1:]
    prefix = bundle.write(tmp_path / "c", {"good": (STRING, [1], *entry([b"fine"])), "s": (STRING, [2], stored, summed)})
    mount = ckptfs.mount(prefix, options="noverify", foreground=True)  # else it would be known from the start
    assert {"good", "s"} < set(os.listdir(mount.path))
    for call in (os.stat, os.stat, lambda p: open(p, "rb").read()):
        with pytest.raises(OSError) as failure:
            call(mount / "s")
        assert failure.value.errno == errno.EIO
    assert mount.read("good") == b"fine\n"
    lines = [line for line in mount.log_text().splitlines() if "s: " in line]
    assert len(lines) == 1 and "damaged" in lines[0], lines


def test_a_shard_that_is_cut_is_eio(ckptfs, copy):
    mount = ckptfs.mount(copy, foreground=True)
    assert mount.read("words") == golden("strings").shown["words"][2]
    os.truncate(f"{copy}.data-00000-of-00001", 20)
    with pytest.raises(OSError) as failure:
        os.stat(mount / "scalar")
    assert failure.value.errno == errno.EIO
    assert "changed since it was mounted" in mount.log_text()


def test_parallel_first_looks(ckptfs, tmp_path):
    values = [b"%d" % i for i in range(200000)]
    content = b"".join(v + b"\n" for v in values)
    prefix = write(tmp_path / "c", {"s": ([200000], values)})
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n" + "".join(f"s = t{i}\n" for i in range(8)))
    mount = ckptfs.mount(prefix, map=ini)
    wrong = []

    def look(i):
        path = mount / f"t{i % 8}"
        if os.stat(path).st_size != len(content) or path.read_bytes() != content:
            wrong.append(i)

    threads = [threading.Thread(target=look, args=(i,)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert json.loads(mount.read(".ckptfs/report.json"))["errors"] == []


def test_damage_with_verify_is_told_once(ckptfs, copy):
    g = golden("strings")
    shard = copy.with_name(copy.name + ".data-00000-of-00001")
    data = bytearray(shard.read_bytes())
    data[40] ^= 1
    shard.write_bytes(data)
    mount = ckptfs.mount(copy, options="verify", foreground=True)
    for _ in range(2):
        good = 0
        for n, (_, _, content) in g.shown.items():
            try:
                good += (mount / n).read_bytes() == content
            except OSError as failure:
                assert failure.errno == errno.EIO
        assert good == len(g.shown) - 1
    lines = [line for line in mount.log_text().splitlines() if "all reads of it fail" in line]
    assert len(lines) == 1, mount.log_text()


def test_stats_say_what_was_found_out(ckptfs, tmp_path):
    def strings():
        stats = dict(line.split() for line in mount.read(".ckptfs/stats").decode().splitlines())
        return [int(stats[f"strings.{name}"]) for name in ("sized", "damaged", "bytes")]

    stored, summed = entry([b"hello"])
    prefix = bundle.write(tmp_path / "c", {"good": (STRING, [2], *entry([b"fine", b""])), "bad": (STRING, [1], stored, summed + b"?")})
    mount = ckptfs.mount(prefix, options="noverify")
    os.listdir(mount.path)
    assert strings() == [0, 0, 0]
    os.stat(mount / "good")
    sized, damaged, held = strings()
    assert (sized, damaged) == (1, 0) and 16 <= held < 4096
    with pytest.raises(OSError):
        os.stat(mount / "bad")
    assert strings() == [1, 1, held]
