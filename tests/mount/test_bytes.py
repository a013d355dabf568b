# SPDX-License-Identifier: Apache-2.0
"""What is read from the mount is what the checkpoint holds."""

import mmap
import os
import random
import threading

import pytest

from support import bundle
from support.truth import CHECKPOINTS, MAPS, golden

MIB = 1 << 20


def names_of(mount):
    """Exact name -> path of every variable file, by the extended attribute."""
    found = {}
    for folder, _, files in os.walk(os.fsencode(mount.path)):
        for file in files:
            path = os.path.join(folder, file)
            if os.listxattr(path):  # else one of our own files under .ckptfs/
                found[os.getxattr(path, "user.ckptfs.name")] = path
    return found


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_every_tensor_of_a_golden_checkpoint(ckptfs, name):
    g = golden(name)
    mount = ckptfs.mount(g.checkpoint)
    paths = names_of(mount)
    assert set(paths) == {n.encode("utf-8", "surrogateescape") for n in g.shown}
    for n, (dtype, shape, content) in g.shown.items():
        path = paths[n.encode("utf-8", "surrogateescape")]
        assert read_file(path) == content, n
        assert os.stat(path).st_size == len(content), n
        assert os.getxattr(path, "user.ckptfs.dtype").decode() == dtype, n
        assert os.getxattr(path, "user.ckptfs.shape").decode() == str(shape), n


@pytest.mark.parametrize("name", MAPS)
def test_every_target_of_a_golden_map(ckptfs, name):
    g = golden(name)
    mount = ckptfs.mount(g.checkpoint, map=g.map)
    assert {os.path.relpath(p, os.fsencode(mount.path)).decode() for p in names_of(mount).values()} == set(g.shown)
    for path, (_, _, content) in g.shown.items():
        assert mount.read(path) == content, path
    assert mount.read(".ckptfs/map.ini") == g.map.read_bytes()


@pytest.mark.parametrize("name", ["slots", "dtypes", "sharded"])
def test_a_prefix_an_index_and_a_data_file_name_the_same(ckptfs, name):
    g = golden(name)
    index = next(g.folder.glob("*.index"))
    for checkpoint in (str(index)[: -len(".index")], index, next(g.folder.glob("*.data-*"))):
        assert len(names_of(ckptfs.mount(checkpoint))) == len(g.shown)


@pytest.fixture
def big(ckptfs, tmp_path):
    """A tensor of 7 MiB and 3000 bytes behind one of 5 bytes, cut by columns as well."""
    noise = random.Random(5)
    content = noise.randbytes(1000 * 7343)
    prefix = bundle.write(tmp_path / "big", {"a": (bundle.INT8, [5], b"abcde"),
                                             "big": (bundle.INT8, [1000, 7343], content)})
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\na = a\nbig = whole/big\nbig = cut | partition 1,3\n")
    mount = ckptfs.mount(prefix, map=ini)
    rows = [content[r * 7343:(r + 1) * 7343] for r in range(1000)]
    edges = (0, 2448, 4896, 7343)
    parts = {f"cut/part_{i}": b"".join(row[edges[i]:edges[i + 1]] for row in rows) for i in range(3)}
    return mount, {"whole/big": content, **parts}


def test_odd_offsets_and_lengths(big):
    mount, files = big
    noise = random.Random(7)
    for path, content in files.items():
        size = len(content)
        assert os.stat(mount / path).st_size == size
        spots = [(0, 1), (1, 4095), (4095, 2), (MIB - 1, 3), (MIB, MIB), (MIB + 1, MIB + 1), (size - 1, 1),
                 (size - 1, 100), (size, 1), (size + 1, 10), (size + MIB, 10), (0, size + 100)]
        spots += [(noise.randrange(size), noise.randrange(1, 70000)) for _ in range(50)]
        fd = os.open(mount / path, os.O_RDONLY)
        try:
            for cached in (False, True):
                for off, length in spots:
                    if not cached:
                        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                    assert os.pread(fd, length, off) == content[off:off + length], (path, off, length)
        finally:
            os.close(fd)


def test_parallel_readers(big):
    mount, files = big
    wrong = []

    def reader(seed):
        noise = random.Random(seed)
        for _ in range(25):
            path, content = noise.choice(list(files.items()))
            off, length = noise.randrange(len(content)), noise.randrange(1, 300000)
            with open(mount / path, "rb", buffering=0) as f:
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                if os.pread(f.fileno(), length, off) != content[off:off + length]:
                    wrong.append((path, off, length))

    threads = [threading.Thread(target=reader, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_shared_mapping(big):
    mount, files = big
    for path, content in files.items():
        with open(mount / path, "rb") as f, mmap.mmap(f.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ) as m:
            assert m[:] == content
            assert m[MIB - 1:MIB + 2] == content[MIB - 1:MIB + 2]


def test_a_smaller_max_read_gives_the_same_bytes(ckptfs, big):
    _, files = big
    at = ckptfs.directory()
    mount = ckptfs.mount(ckptfs.tmp / "big", options="max_read=65536,noexec", at=at)
    assert mount.read("big") == files["whole/big"]


def test_zero_size_tensors_and_scalars(ckptfs, tmp_path):
    mount = ckptfs.mount(bundle.write(tmp_path / "z", {"none": (bundle.FLOAT32, [3, 0, 2], b""),
                                                       "scalar": (bundle.FLOAT32, [], b"\1\2\3\4")}))
    assert mount.read("none") == b""
    assert os.stat(mount / "none").st_blocks == 0
    assert os.getxattr(mount / "none", "user.ckptfs.shape") == b"[3, 0, 2]"
    assert mount.read("scalar") == b"\1\2\3\4"
    assert os.getxattr(mount / "scalar", "user.ckptfs.shape") == b"[]"
