# SPDX-License-Identifier: Apache-2.0
"""A live mount: how it ends, and what happens when the checkpoint changes under it."""

import errno
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from support import bundle
from support.mounts import IS_ROOT, PATIENCE, UNMOUNT, mounted_at, wait_until
from support.paths import CKPTFS
from support.truth import golden

DEMO = golden("demo").checkpoint
MIB = 1 << 20


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "SIGHUP", "umount"])
@pytest.mark.parametrize("foreground", [False, True])
def test_the_ways_to_end(ckptfs, end, foreground):
    mount = ckptfs.mount(DEMO, foreground=foreground)
    assert mount.read("some_var")
    (pid,) = mount.pids()
    if end == "umount":
        subprocess.run([*UNMOUNT, mount.path], check=True)
    else:
        os.kill(pid, getattr(signal, end))
    assert mount.wait_ended() in ((0,) if foreground else (None,))
    assert os.listdir(mount.path) == []
    assert mount.log_text() == ""


def test_the_daemon_leaves_the_terminal(ckptfs):
    mount = ckptfs.mount(DEMO)
    (pid,) = mount.pids()
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)] == ["/dev/null"] * 3
    assert os.getsid(pid) == pid


def test_the_workers_stay(ckptfs):
    mount = ckptfs.mount(DEMO, options="max_read=4096")
    (pid,) = mount.pids()

    def read_all():
        for _ in range(50):
            mount.read(".ckptfs/report.json")

    threads = [threading.Thread(target=read_all) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    before = set(os.listdir(f"/proc/{pid}/task"))
    mount.read(".ckptfs/report.json")
    assert before <= set(os.listdir(f"/proc/{pid}/task"))
    assert len(before) <= 2 + 24


def test_an_end_while_files_are_open_and_read(ckptfs, tmp_path):
    prefix = bundle.write(tmp_path / "big", {"big": (bundle.INT8, [64 * MIB], bytes(64 * MIB))})
    mount = ckptfs.mount(prefix, foreground=True)
    stop = threading.Event()

    def reader():
        while not stop.is_set():
            try:
                with open(mount / "big", "rb", buffering=0) as f:
                    os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                    while f.read(MIB) and not stop.is_set():
                        pass
            except OSError:
                return

    threads = [threading.Thread(target=reader) for _ in range(4)]
    for t in threads:
        t.start()
    time.sleep(0.1)
    mount.process.send_signal(signal.SIGTERM)
    assert mount.process.wait(PATIENCE) == 0
    stop.set()
    for t in threads:
        t.join(PATIENCE)
    assert mounted_at(mount.path) is None


def test_debug_logs_requests_in_the_foreground(ckptfs):
    mount = ckptfs.mount(DEMO, foreground=True, flags=["-d"])
    mount.read("some_var")
    wait_until(lambda: "opcode: READ " in mount.log_text(), "the log")
    assert "requests up to 1048576 bytes" in mount.log_text()
    assert all(line.startswith("ckptfs: ") for line in mount.log_text().splitlines())


def test_large_requests_are_negotiated(ckptfs, tmp_path):
    prefix = bundle.write(tmp_path / "big", {"big": (bundle.INT8, [16 * MIB], bytes(16 * MIB))})
    mount = ckptfs.mount(prefix)
    before = mount.stats()["reads"]
    with open(mount / "big", "rb", buffering=0) as f:
        while f.read(MIB):
            pass
    if IS_ROOT:  # who alone can raise the kernel's read-ahead
        assert mount.stats()["reads"] - before <= 16 + 20  # requests of up to 1 MiB
    device = os.stat(mount.path).st_dev
    readahead = f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb"
    if os.access(readahead, os.W_OK):
        with open(readahead) as f:
            assert f.read() == "2048\n"


@pytest.fixture
def pair(tmp_path):
    """Tensors of 4 MiB in two shards: t0 and t2 in the first, t1 in the second."""
    noise = random.Random(3)
    tensors = {f"t{i}": (bundle.INT8, [4 * MIB], noise.randbytes(4 * MIB)) for i in range(3)}
    prefix = bundle.write(tmp_path / "pair", tensors, shards=2)
    return prefix, {n: c for n, (_, _, c) in tensors.items()}, [f"{prefix}.data-{i:05}-of-00002" for i in range(2)]


def read_fails(path):
    with open(path, "rb", buffering=0) as f, pytest.raises(OSError) as failure:
        while f.read(MIB):
            pass
    return failure.value.errno == errno.EIO


def cut(path):
    os.truncate(path, 100)


def test_a_shard_that_is_cut_gives_eio_for_good(ckptfs, pair):
    prefix, content, (shard, _) = pair
    mount = ckptfs.mount(prefix, foreground=True)
    assert mount.read("t0") == content["t0"]  # now in the kernel's cache
    assert mount.read("t1") == content["t1"]
    cut(shard)
    assert read_fails(mount / "t2")
    wait_until(lambda: mount.stats()["shard.0.failed"] == 1, "the shard to fail")
    for _ in range(200):  # the cached pages of the other file go soon
        try:
            mount.read("t0")
            time.sleep(0.01)
        except OSError as failure:
            assert failure.errno == errno.EIO
            break
    else:
        pytest.fail("t0 is still served from the cache")
    assert read_fails(mount / "t2") and read_fails(mount / "t0")
    assert mount.read("t1") == content["t1"]
    stats = mount.stats()
    assert stats["errors"] >= 3 and stats["shards.failed"] == 1 and stats["shard.1.failed"] == 0
    log = mount.log_text()
    assert log.count("changed since it was mounted") == 1 and shard in log
    assert len(log.splitlines()) == 1
    mount.process.send_signal(signal.SIGTERM)
    assert mount.wait_ended() == 0


def test_a_mapping_of_a_file_that_fails_is_sigbus_for_its_reader_alone(ckptfs, pair):
    prefix, content, (shard, _) = pair
    mount = ckptfs.mount(prefix)
    cut(shard)
    code = ("import mmap,sys; f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, mmap.MAP_SHARED, "
            "mmap.PROT_READ); m[0]")
    import sys
    done = subprocess.run([sys.executable, "-c", code, mount / "t0"], capture_output=True, timeout=PATIENCE)
    assert done.returncode == -signal.SIGBUS
    assert mount.read("t1") == content["t1"]


def test_shards_that_were_unlinked_or_replaced_are_still_served(ckptfs, pair):
    prefix, content, shards = pair
    mount = ckptfs.mount(prefix)
    os.unlink(shards[0])
    with open(shards[1] + ".new", "wb") as f:
        f.write(bytes(8 * MIB))
    os.rename(shards[1] + ".new", shards[1])
    os.unlink(prefix + ".index")
    for name, expected in content.items():
        assert mount.read(name) == expected
    assert mount.stats()["shards.failed"] == 0


def test_concurrent_opens(ckptfs):
    g = golden("slots")
    mount = ckptfs.mount(g.checkpoint)
    paths = [os.path.join(d, f) for d, _, files in os.walk(mount.path) for f in files]
    expected = {p: os.stat(p).st_size for p in paths}
    wrong = []

    def opener(seed):
        noise = random.Random(seed)
        for _ in range(100):
            p = noise.choice(paths)
            with open(p, "rb") as f:
                text = f.read()
            if "/.ckptfs/" in p and not p.endswith("map.ini"):
                ok = (len(text) == 0) == p.endswith("faults")
            else:
                ok = len(text) == expected[p]
            if not ok:
                wrong.append(p)

    threads = [threading.Thread(target=opener, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def serves(path):
    """Whether a mount is there and answers; one that ends meanwhile fails those that wait for it."""
    try:
        return mounted_at(path) and os.listdir(path)
    except OSError:
        return False


def test_a_parent_that_is_killed_takes_the_child_along(ckptfs, tmp_path):
    """The parent waits while the child opens the checkpoint; killed then, nothing may be mounted."""
    at = ckptfs.directory()
    known = ckptfs.mount(DEMO, at=at)
    known.unmount()
    big = golden("big_index").checkpoint
    taken_along = 0
    for delay in (0, 0, 0, 0.001, 0.003, 0.006):
        process = subprocess.Popen([CKPTFS, big, at], env=ckptfs.env)
        time.sleep(delay)
        process.kill()
        status = process.wait(PATIENCE)
        # The child may have said that it is live in the moment in which the parent was killed: then it serves, as it said.
        wait_until(lambda: serves(at) or not known.pids() and not mounted_at(at), "the child to end or to serve")
        if mounted_at(at):
            known.unmount()
        elif status != 0:
            taken_along += 1
    assert taken_along, "the child outlived its parent each time"
