# SPDX-License-Identifier: Apache-2.0
"""64 processes read a mount, all of its files and whatever else can be asked of it, at random offsets and the same time.

SOAK_SECONDS (4) are divided among the views, each of which is mounted anew until its time is over, so that what is made once is made
under all readers. What they read has to be what a single reader of another mount got; raw tensors of goldens, what TensorFlow says.
Meant for builds with sanitizers, whose reports fail the test.
"""

import errno
import mmap
import os
import random
import signal
import stat
import struct
import time
import traceback

import pytest

from support import bundle
from support.truth import golden

READERS = 64
SECONDS = float(os.environ.get("SOAK_SECONDS", "4"))
ALL = "[assignment_map]\n/ = /\n[view]\nfiles = raw, npy, tensorflow, safetensors\n"


def numbers(tmp):
    """Two shards, windows and strides: columns of a wide matrix, casts, 3 MiB in all."""
    noise = random.Random(1)
    wide = noise.randbytes(500 * 1201)
    floats = struct.pack("<60000f", *(noise.uniform(-1e5, 1e5) for _ in range(60000)))
    prefix = bundle.write(tmp / "numbers", {
        "wide": (bundle.INT8, [500, 1201], wide, wide),
        "long": (bundle.FLOAT32, [60000], floats, floats),
        **{f"some/v{i}": (bundle.FLOAT32, [50], floats[i * 200:][:200], floats[i * 200:][:200]) for i in range(60)},
    }, shards=2)  # fmt: skip
    casts = "".join(f"some/v{i} = cast/v{i} | cast {dtype}\n" for i, dtype in enumerate(["float64", "float16", "bfloat16"] * 20))
    rules = f"/ = /\nwide = cut | partition 1,7\nlong = long16 | cast float16\nlong = longer | cast float64\n{casts}"
    return prefix, f"[assignment_map]\n{rules}[view]\nfiles = raw, npy, tensorflow, safetensors\nshard_size = 200KB\n", {}


def of_golden(name):
    """A golden under the map / = /, and what its tensors are."""
    g = golden(name)
    return g.checkpoint, ALL, {path: content for path, (_, _, content) in g.shown.items() if "%" not in path and "/." not in path}


# What is mounted, and with which options.
VIEWS = {
    "numbers": (numbers, ""),
    "numbers-verify": (numbers, "verify"),
    "compact": (numbers, "npy,max_read=65536"),
    "dtypes": (lambda tmp: of_golden("dtypes"), "verify"),
    "big-endian": (lambda tmp: of_golden("big_endian"), ""),
    "sliced": (lambda tmp: of_golden("sliced"), "verify"),
    "strings": (lambda tmp: of_golden("strings"), ""),
    "objects": (lambda tmp: of_golden("objects"), "names=friendly"),
    "v1": (lambda tmp: of_golden("v1_dtypes"), ""),
    "v1-blocks": (lambda tmp: of_golden("v1_blocks"), "verify"),
    "v1-snappy": (lambda tmp: of_golden("snappy_v1/v1_dtypes"), ""),
}


def files_of(mount):
    """Every file that directories list but the ones that change, by its path, as one reader gets it."""
    found = {}
    for folder, _, names in os.walk(mount):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), mount)
            if path not in (".ckptfs/stats", ".ckptfs/faults"):
                with open(os.path.join(folder, name), "rb") as f:
                    found[path] = f.read()
    return found


class Reader:
    """One process. Counts what it asked for."""

    def __init__(self, mount, files, seed, may_fail):
        self.mount, self.files, self.noise, self.may_fail = str(mount), files, random.Random(seed), may_fail
        self.names = sorted(files)

    def compare(self, got, want, path, off):
        """A read of several pages, of which the first are good and one is EIO, gives the first, as POSIX has it."""
        cut = self.may_fail and got and (off + len(got)) % mmap.PAGESIZE == 0
        assert got == want[:len(got)] if cut else got == want, (path, off, len(got), len(want))

    def pieces(self, path, content):
        fd = os.open(os.path.join(self.mount, path), os.O_RDONLY)
        try:
            for _ in range(self.noise.randrange(1, 8)):
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                off, length = self.noise.randrange(len(content) + 2), self.noise.choice([1, 100, 4096, 70000, 1 << 20])
                self.compare(os.pread(fd, length, off), content[off:off + length], path, off)
        finally:
            os.close(fd)

    def whole(self, path, content):
        with open(os.path.join(self.mount, path), "rb") as f:
            assert f.read() == content, path

    def mapped(self, path, content):
        if content and not self.may_fail and not path.startswith(".ckptfs/"):
            with open(os.path.join(self.mount, path), "rb") as f, mmap.mmap(f.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ) as m:
                off = self.noise.randrange(len(content))
                assert m[off:off + 9000] == content[off:off + 9000], (path, off)

    def asked(self, path, content):
        st = os.stat(os.path.join(self.mount, path))
        assert stat.S_ISREG(st.st_mode) and st.st_size in (0, len(content)), path
        for name in os.listxattr(os.path.join(self.mount, path)):
            assert os.getxattr(os.path.join(self.mount, path), name)
        with pytest.raises(FileNotFoundError):
            os.stat(os.path.join(self.mount, path + "?"))

    def listed(self, path, _):
        folder, name = os.path.split(os.path.join(self.mount, path))
        assert name in os.listdir(folder)
        os.statvfs(folder)
        with open(os.path.join(self.mount, ".ckptfs/stats"), "rb") as f:
            assert f.read()

    def step(self):
        path = self.noise.choice(self.names)
        how = self.noise.choice([self.pieces, self.pieces, self.pieces, self.whole, self.mapped, self.asked, self.listed])
        try:
            how(path, self.files[path])
        except OSError as failure:
            if not (self.may_fail and failure.errno == errno.EIO):
                raise


def run_reader(reader, until, pipe):
    """In a process of its own: 1 line of the count, or what went wrong."""
    count, text = 0, ""
    try:
        while time.monotonic() < until:
            reader.step()
            count += 1
        text = str(count)
    except BaseException:  # also that of pytest.raises
        text = traceback.format_exc()
    os.write(pipe, text[-60000:].encode())
    os._exit(0)


def read_by_all(mount, files, until, may_fail=False, meanwhile=lambda: None):
    """How much was asked; whatever went wrong fails."""
    readers = []
    for seed in range(READERS):
        end, pipe = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.alarm(int(SECONDS) + 300)
            os.close(end)
            run_reader(Reader(mount.path, files, f"{seed} {until}", may_fail), until, pipe)
        os.close(pipe)
        readers.append((pid, end))
    meanwhile()
    said = []
    for pid, end in readers:
        with open(end, "rb") as f:
            said.append(f.read().decode())
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"a reader ended with {status}"
    wrong = [text for text in said if not text.isdigit()]
    assert not wrong, f"{len(wrong)} readers: {wrong[0]}"
    return sum(map(int, said))


@pytest.mark.parametrize("name", VIEWS)
def test_readers(ckptfs, tmp_path, capsys, name):
    make, options = VIEWS[name]
    checkpoint, text, truth = make(tmp_path)
    ini = tmp_path / "map.ini"
    ini.write_text(text)
    alone = ckptfs.mount(checkpoint, map=ini, options=options)
    files = files_of(alone.path)
    for path, content in truth.items():
        assert files.get(path, content) == content, path
    assert sum(path in files for path in truth) >= len(truth) // 2 and len(files) > 5
    alone.unmount()
    asked, rounds, end = 0, 0, time.monotonic() + SECONDS / (len(VIEWS) + 1)
    while rounds == 0 or time.monotonic() < end:
        mount = ckptfs.mount(checkpoint, map=ini, options=options)
        asked += read_by_all(mount, files, min(max(end, time.monotonic() + 0.3), time.monotonic() + 5))
        assert mount.stats()["errors"] == 0
        mount.unmount()
        rounds += 1
    with capsys.disabled():
        print(f"\nnote: {name}: {rounds} mounts, {asked} requests of {READERS} readers")


def test_data_that_change_under_readers(ckptfs, tmp_path, capsys):
    """A data file is cut while all read: what comes is what was, or EIO."""
    checkpoint, text, _ = numbers(tmp_path)
    ini = tmp_path / "map.ini"
    ini.write_text(text)
    mount = ckptfs.mount(checkpoint, map=ini)
    files = files_of(mount.path)
    del files[".ckptfs/report.json"], files[".ckptfs/report.txt"]
    until = time.monotonic() + max(1.0, SECONDS / (len(VIEWS) + 1))

    def change():
        time.sleep(0.4)
        os.truncate(f"{checkpoint}.data-00001-of-00002", 1000)

    asked = read_by_all(mount, files, until, may_fail=True, meanwhile=change)
    reader = Reader(mount.path, files, "after", False)
    with pytest.raises(OSError, match="Input/output error"):
        reader.pieces("wide.npy", files["wide.npy"])
    assert mount.stats()["shard.1.failed"] == 1
    with capsys.disabled():
        print(f"\nnote: changed: {asked} requests of {READERS} readers")
