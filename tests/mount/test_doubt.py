# SPDX-License-Identifier: Apache-2.0
"""Data files that change, or may have changed, under a mount: what is right is served on, and what is wrong is not, whatever their times say."""

import errno
import mmap
import os
import random
import shutil
import subprocess
import threading
import time

import pytest

from support import bundle
from support.legacy import write_legacy
from support.mounts import PATIENCE, Mount, mounted_at, wait_until
from support.paths import BUILD, CKPTFS
from support.truth import golden

TICK = 0.02  # seconds, longer than one tick of the file system's clock


@pytest.fixture
def copied(tmp_path):
    def copy(name):
        """A golden in a folder of its own: its checkpoint, and its data files."""
        g = golden(name)
        folder = tmp_path / "source" / name.replace("/", "-")
        shutil.copytree(g.folder, folder)
        beside = {"checkpoint", "truth.json", "map.ini"}
        files = sorted(p for p in folder.iterdir() if p.name not in beside and p.suffix != ".index")
        assert files
        return str(folder / os.path.relpath(g.checkpoint, g.folder)), files
    return copy


def walk(mount):
    """All files of the mount but those about itself."""
    for folder, _, names in os.walk(mount.path):
        for name in names:
            path = os.path.join(folder, name)
            if "/.ckptfs/" not in path:
                yield os.path.relpath(path, mount.path)


def read_once(path):
    """All of it, or None where that fails. What the kernel keeps of it afterwards is let go, so that the next read reaches the program."""
    try:
        with open(path, "rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            return file.readall()
    except OSError as failure:
        assert failure.errno == errno.EIO, failure
        return None


def read_all(mount):
    return {name: read_once(mount / name) for name in walk(mount)}


def set_back(path, times):
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


# ---- what leaves a healthy file healthy


def touch(path):
    os.utime(path)


def set_attribute(path):
    os.setxattr(path, "user.note", b"seen")


def link_and_unlink(path):
    os.link(path, f"{path}.second")
    os.unlink(f"{path}.second")


def change_mode(path):
    os.chmod(path, 0o600)


def rename(path):
    os.rename(path, f"{path}.old")


def remove(path):
    os.unlink(path)


def rewrite_alike(path):
    with open(path, "r+b") as file:
        content = file.read()
        file.seek(0)
        file.write(content)


HARMLESS = [touch, set_attribute, link_and_unlink, change_mode, rename, remove, rewrite_alike]
KINDS = ["demo", "sharded_parts", "sliced", "big_endian", "strings", "strings_sliced", "big_endian_strings", "v1_sharded", "v1_blocks",
         "v1_dtypes", "v1_strings", "snappy_v1/v1_dtypes", "snappy_v1/v1_strings"]


@pytest.mark.parametrize("options", ["", "verify"])
@pytest.mark.parametrize("change", HARMLESS)
def test_a_healthy_file_stays_healthy(ckptfs, copied, change, options):
    checkpoint, files = copied("demo")
    mount = ckptfs.mount(checkpoint, options=options, foreground=True)
    expected = read_all(ckptfs.mount(golden("demo").checkpoint))
    assert all(expected.values())
    time.sleep(TICK)
    for file in files:
        change(file)
    assert read_all(mount) == expected
    assert read_all(mount) == expected
    stats = mount.stats()
    assert stats["errors"] == stats["shards.failed"] == stats["tensors.damaged"] == 0
    explained = change in (change_mode, rename, remove)
    assert stats["shards.doubted"] == (0 if explained and not options else len(files))
    assert mount.log_text() == ""


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_every_kind_stay_healthy(ckptfs, copied, kind):
    """Before anything was found out of them, and after."""
    checkpoint, files = copied(kind)
    expected = read_all(ckptfs.mount(golden(kind).checkpoint))
    mount = ckptfs.mount(checkpoint, foreground=True)
    for _ in range(3):
        time.sleep(TICK)
        for file in files:
            touch(file)
        assert read_all(mount) == expected
    stats = mount.stats()
    assert stats["errors"] == stats["shards.failed"] == 0 and stats["shards.doubted"] == len(files)
    assert mount.log_text() == ""


def test_one_read_verifies_one_tensor(ckptfs, tmp_path):
    mib = 1 << 20
    noise = random.Random(1)
    tensors = {f"t{i}": (bundle.INT8, [mib], content, content) for i in range(8) for content in [noise.randbytes(mib)]}
    prefix = bundle.write(tmp_path / "eight", tensors)
    mount = ckptfs.mount(prefix)
    (pid,) = mount.pids()
    time.sleep(TICK)
    touch(f"{prefix}.data-00000-of-00001")

    def asked_for():
        return int(dict(line.split(": ") for line in open(f"/proc/{pid}/io").read().splitlines())["rchar"])

    before = asked_for()
    with open(mount / "t3", "rb", buffering=0) as file:
        assert os.pread(file.fileno(), 100, 5000) == tensors["t3"][2][5000:5100]
    assert mib <= asked_for() - before < 2 * mib + (mib >> 1)
    assert mount.stats()["tensors.verified"] == 1


# ---- what does not


def flip(path, *places):
    """Bytes at these places, or some all over the file."""
    with open(path, "r+b") as file:
        content = file.read()
        for at in places or [len(content) * i // 8 for i in range(1, 8)]:
            file.seek(at)
            file.write(bytes([content[at] ^ 0xff]))


def flip_and_set_back(path):
    times = os.stat(path)
    flip(path)
    set_back(path, times)


def flip_and_hide(path):
    """With a chmod, that explains why ctime moved."""
    flip_and_set_back(path)
    os.chmod(path, 0o600)


def flip_and_link(path):
    flip_and_set_back(path)
    os.link(path, f"{path}.second")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options, change", [("", flip), ("", flip_and_set_back), ("verify", flip), ("verify", flip_and_hide), ("verify", flip_and_link)])
def test_bytes_that_changed_are_not_served(ckptfs, copied, kind, options, change):
    """Nor after they were set right: the tensor was found damaged."""
    checkpoint, files = copied(kind)
    mount = ckptfs.mount(checkpoint, options=options, foreground=True)
    # Unpacked blocks that are in memory stay right, and are served without a look at the file.
    expected = read_all(ckptfs.mount(golden(kind).checkpoint) if kind.startswith("snappy") else mount)
    assert all(content is not None for content in expected.values())
    time.sleep(TICK)
    for file in files:
        change(file)
    found = read_all(mount)
    failed = {name for name, content in found.items() if content is None}
    assert all(found[name] == expected[name] for name in found.keys() - failed)
    data = {name for name in expected if ".data-" in name}
    if not kind.startswith(("v1", "snappy")):
        assert failed & data and failed - data
    time.sleep(TICK)
    for file in files:
        flip(file)
    again = read_all(mount)
    assert {name for name, content in again.items() if content is None} == failed
    lines = mount.log_text().splitlines()
    assert failed and len(lines) == len(set(lines))
    assert all("mismatch" in line and ", which changed since it was opened: all reads of it fail; first " in line for line in lines), lines


def test_healthy_tensors_beside_a_damaged_one_are_served(ckptfs, copied):
    checkpoint, (file,) = copied("demo")
    mount = ckptfs.mount(checkpoint, foreground=True)
    time.sleep(TICK)
    flip(file, 3)
    g = golden("demo").shown
    found = {name: read_once(mount / name.replace("some_var/Adam", "some_var.d/Adam")) for name in g}
    failed = [name for name, content in found.items() if content is None]
    assert len(failed) == 1
    assert all(content == g[name][2] for name, content in found.items() if name not in failed)
    assert len(mount.log_text().splitlines()) == 1, mount.log_text()


@pytest.mark.parametrize("options", ["", "verify"])
def test_v1_is_held_against_the_checksums_that_it_had(ckptfs, tmp_path, options):
    """A later checkpoint of the same model, whose own checksums are right, is copied over the file."""
    noise = random.Random(2)

    def write(path):
        return write_legacy(path, {f"t{i}": (bundle.INT8, bytes(noise.randrange(0x80) for _ in range(5000))) for i in range(4)})

    old, new = write(tmp_path / "old"), write(tmp_path / "new")
    mount = ckptfs.mount(old, options=options, foreground=True)
    first = read_once(mount / "t0")
    assert len(first) == 5000
    time.sleep(TICK)
    with open(old, "r+b") as file:
        file.write(new.read_bytes())
    assert [read_once(mount / f"t{i}") for i in range(4)] == [None] * 4
    assert mount.stats()["tensors.damaged"] == 4


def test_pages_that_the_kernel_has_of_a_changed_file_go(ckptfs, copied):
    checkpoint, (file,) = copied("demo")
    mount = ckptfs.mount(checkpoint, foreground=True)
    expected = {name: mount.read(name) for name in walk(mount)}  # now in the kernel's cache
    time.sleep(TICK)
    flip(file, 3)
    assert {name: mount.read(name) for name in expected} == expected
    read_once(mount / "model.data-00000-of-00001")
    damaged = [name for name in golden("demo").shown if read_once(mount / name.replace("some_var/Adam", "some_var.d/Adam")) is None]
    assert len(damaged) == 1
    with open(mount / f"{damaged[0]}.npy", "rb"):  # listed nowhere, but there
        pass
    wait_until(lambda: fails(mount / "model.safetensors"), "the cached pages to go")
    assert mount.log_text().count("changed since it was opened") == 1


def fails(path):
    try:
        path.read_bytes()
    except OSError:
        return True
    return False


def test_a_file_that_was_cut_fails_for_good(ckptfs, copied):
    checkpoint, (file,) = copied("demo")
    mount = ckptfs.mount(checkpoint, foreground=True)
    content = file.read_bytes()
    os.truncate(file, len(content) - 1)
    name = next(iter(golden("demo").shown))
    assert read_once(mount / name) is None
    file.write_bytes(content)
    assert read_once(mount / name) is None
    assert mount.stats()["shards.failed"] == 1


def test_a_sidecar_has_no_checksum(ckptfs, tmp_path):
    (tmp_path / "note").write_text("hello")
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n/ = /\n[files]\na.txt = note\n")
    mount = ckptfs.mount(golden("demo").checkpoint, map=ini, foreground=True)
    os.chmod(tmp_path / "note", 0o600)
    assert read_once(mount / "a.txt") == b"hello"
    time.sleep(TICK)
    touch(tmp_path / "note")
    assert read_once(mount / "a.txt") is None
    (line,) = mount.log_text().splitlines()
    assert f"{tmp_path}/note: may have changed since it was opened, and what is read of it cannot be verified; first a.txt at byte 0" in line


def test_a_view_that_is_computed_is_verified_again(ckptfs, copied, tmp_path):
    """Its index, made before, has the checksums of what is right; what does not fit them is not served."""
    checkpoint, (file,) = copied("demo")
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nsome_scope/ = a/ | cast float64\ntable = cut | partition 5,1\n")
    mount = ckptfs.mount(checkpoint, map=ini, foreground=True)
    expected = read_all(mount)
    time.sleep(TICK)
    touch(file)
    assert read_all(mount) == expected
    time.sleep(TICK)
    flip(file, *range(0, os.stat(file).st_size, 4))
    found = read_all(mount)
    assert {name for name, content in found.items() if content is not None} == {"checkpoint", "model.index"}
    assert found["model.index"] == expected["model.index"]


def test_readers_while_a_file_is_touched_and_then_written(ckptfs, tmp_path):
    """Right bytes as long as they are right, then none."""
    noise = random.Random(4)
    size = 256 << 10
    tensors = {f"t{i}": (bundle.INT8, [size], content, content) for i in range(2) for content in [noise.randbytes(size)]}
    prefix = bundle.write(tmp_path / "two", tensors)
    file = f"{prefix}.data-00000-of-00001"
    mount = ckptfs.mount(prefix, foreground=True)
    stop, written, wrong = threading.Event(), threading.Event(), []

    def reader(name):
        while not stop.is_set():
            over = written.is_set()
            content = read_once(mount / name)
            if content != tensors[name][2] and not (content is None and name == "t0" and (over or written.is_set())):
                wrong.append((name, content))
                return

    threads = [threading.Thread(target=reader, args=(f"t{i % 2}",)) for i in range(4)]
    for t in threads:
        t.start()
    for _ in range(40):
        touch(file)
        time.sleep(0.005)
    written.set()
    with open(file, "r+b") as f:
        f.write(bytes(100))
    wait_until(lambda: read_once(mount / "t0") is None, "the damage to be seen")
    stop.set()
    for t in threads:
        t.join(PATIENCE)
    assert not wrong
    assert read_once(mount / "t1") == tensors["t1"][2]


# ---- more files than descriptors


def test_files_that_are_opened_for_each_read(ckptfs, tmp_path):
    count = 300
    noise = random.Random(6)
    tensors = {f"t{i:03}": (bundle.INT8, [1000], content, content) for i in range(count) for content in [noise.randbytes(1000)]}
    prefix = bundle.write(tmp_path / "many", tensors, shards=count)
    files = [f"{prefix}.data-{i:05}-of-{count:05}" for i in range(count)]
    at = ckptfs.directory()
    mount = Mount(at, None, tmp_path / "log")
    ckptfs.mounts.append(mount)
    with open(mount.log, "wb") as log:
        mount.process = subprocess.Popen(["prlimit", "--nofile=128:128", CKPTFS, "-f", prefix, at], env=ckptfs.env, stdin=subprocess.DEVNULL, stderr=log)
    wait_until(lambda: mounted_at(at) or mount.process.poll() is not None, "the mount")
    names = sorted(tensors)
    time.sleep(TICK)
    for file in files:
        touch(file)
    assert [read_once(mount / name) for name in names] == [tensors[name][2] for name in names]
    assert mount.stats()["shards.doubted"] == count
    time.sleep(TICK)
    flip(files[-1], 10)
    os.rename(files[-2], f"{files[-2]}.old")
    assert [read_once(mount / name) for name in names] == [tensors[name][2] for name in names[:-2]] + [None, None]
    log = mount.log_text().splitlines()
    assert len(log) == 2 and f"{files[-2]}: changed since it was mounted" in log[0] and f"{names[-1]}: checksum mismatch" in log[1]


# ---- file systems that keep attributes


@pytest.fixture
def cached_attributes(tmp_path):
    """A folder, and the same folder behind a file system that keeps attributes for an hour."""
    at = tmp_path / "cached"
    folder = tmp_path / "folder"
    at.mkdir()
    folder.mkdir()
    program = BUILD / "tests" / "attrcachefs"
    subprocess.run([program, folder, at], check=True, timeout=PATIENCE)
    yield folder, at
    if subprocess.run(["umount", at], capture_output=True).returncode:
        subprocess.run(["fusermount3", "-u", "-z", at], check=True, timeout=PATIENCE)
    wait_until(lambda: not mounted_at(at), "the file system to go")


def pages_of(path):
    """The file page by page; None for what cannot be read."""
    found = []
    with open(path, "rb", buffering=0) as file:
        for off in range(0, os.fstat(file.fileno()).st_size, mmap.PAGESIZE):
            try:
                found.append(os.pread(file.fileno(), mmap.PAGESIZE, off))
            except OSError as failure:
                assert failure.errno == errno.EIO
                found.append(None)
    return found


def drop_pages(path):
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.mark.parametrize("options", ["", "verify"])
def test_a_change_behind_cached_attributes_is_seen(ckptfs, cached_attributes, options):
    """A file that is rewritten while half of it was read: what was right, or EIO; never some of both."""
    folder, at = cached_attributes
    noise = random.Random(5)
    content = noise.randbytes(1 << 20)
    right = [content[i:i + mmap.PAGESIZE] for i in range(0, len(content), mmap.PAGESIZE)]
    bundle.write(folder / "m", {"t": (bundle.INT8, [len(content)], content, content)})
    mount = ckptfs.mount(at / "m", options=options, foreground=True)
    with open(mount / "t", "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        assert os.pread(file.fileno(), 4096, 0) == content[:4096]
    time.sleep(TICK)
    data = folder / "m.data-00000-of-00001"
    with open(data, "r+b") as file:
        file.write(noise.randbytes(len(content)))
    drop_pages(at / data.name)
    assert os.stat(at / data.name).st_mtime_ns != os.stat(data).st_mtime_ns, "the file system tells the truth"
    found = pages_of(mount / "t")
    assert None in found and all(page in (None, right[i]) for i, page in enumerate(found))
    wait_until(lambda: set(pages_of(mount / "t")) == {None}, "the cached pages to go")
    assert mount.stats()["tensors.damaged"] == 1


def test_a_touch_behind_cached_attributes_is_harmless(ckptfs, cached_attributes):
    folder, at = cached_attributes
    shutil.copytree(golden("demo").folder, folder, dirs_exist_ok=True)
    mount = ckptfs.mount(at, foreground=True)
    expected = read_all(ckptfs.mount(golden("demo").checkpoint))
    time.sleep(TICK)
    for file in folder.glob("*.data-*"):
        touch(file)
    assert read_all(mount) == expected
    stats = mount.stats()
    assert stats["errors"] == 0 and stats["shards.doubted"] == 1
