# SPDX-License-Identifier: Apache-2.0
"""Views of several checkpoints, mounted: what changes of one of them, whose they are, and what the mount says of them."""

import errno
import os
import shutil
import struct

import pytest

from support.bundle import FLOAT32, write
from support.mounts import NEEDS_MACHINE, NEEDS_ROOT, let_in

ALICE = 4444


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


CONTENT = {name: floats(*(base + i for i in range(2048))) for name, base in (("main", 0), ("a", 4096), ("b", 8192))}


@pytest.fixture
def place(tmp_path):
    """A folder with three checkpoints of one tensor each, in folders of their own, and a map."""
    for name, content in CONTENT.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name / "ck", {"w": (FLOAT32, (2048,), content, content), "small": (FLOAT32, (1,), content[:4])})
    (tmp_path / "map.ini").write_text("[assignment_map]\n/ = /\nw@a = of_a\nw@b = of_b\nw@{a,b} = sum | sum\n"
                                      "[checkpoint a]\npath = a/ck\n[checkpoint b]\npath = b/ck\n")
    return tmp_path


def mount_all(ckptfs, place, **more):
    return ckptfs.mount(place / "main" / "ck", map=place / "map.ini", **more)


SUM = floats(*(4096 + 8192 + 2 * i for i in range(2048)))


def data(place, name):
    return place / name / "ck.data-00000-of-00001"


def test_every_file_has_its_bytes(ckptfs, place):
    for options in "", "verify":
        mount = mount_all(ckptfs, place, options=options)
        assert mount.read("w") == CONTENT["main"] and mount.read("of_a") == CONTENT["a"] and mount.read("of_b") == CONTENT["b"]
        assert mount.read("sum") == SUM
        mount.unmount()


def test_the_mount_says_what_is_of_which(ckptfs, place):
    for i, name in enumerate(("main", "a", "b")):
        for path in (place / name).iterdir():
            os.utime(path, (1000, 1_000_000 + i))
    os.utime(place / "map.ini", (1000, 1000))
    mount = mount_all(ckptfs, place)
    assert [os.getxattr(mount / name, "user.ckptfs.source") for name in ("w", "of_a", "sum")] == [b"w", b"w@a", b"w@a\nw@b"]
    assert [int(os.stat(mount / name).st_mtime) - 1_000_000 for name in ("w", "of_a", "of_b", "sum", "model.index")] == [0, 1, 2, 2, 2]
    report = mount.report()
    assert [(c["name"], c["path"]) for c in report["checkpoints"]] == [("a", str(place / "a" / "ck")), ("b", str(place / "b" / "ck"))]
    text = mount.read(".ckptfs/report.txt").decode()
    assert f"checkpoint  a: {place}/a/ck (v2, 1 shard, 2 tensors)\ncheckpoint  b: {place}/b/ck (v2, 1 shard, 2 tensors)\n" in text
    assert mount.stats()["shards"] == 3 and mount.stats()["shard.a.0.failed"] == 0 and mount.stats()["shard.0.failed"] == 0


def fails(path):
    with pytest.raises(OSError) as failure:
        path.read_bytes()
    return failure.value.errno == errno.EIO


def test_a_file_that_was_cut_fails_alone(ckptfs, place):
    mount = mount_all(ckptfs, place)
    os.truncate(data(place, "a"), 100)
    assert fails(mount / "of_a") and fails(mount / "sum")
    assert mount.read("of_b") == CONTENT["b"] and mount.read("w") == CONTENT["main"]
    assert mount.stats()["shard.a.0.failed"] == 1 and mount.stats()["shards.failed"] == 1


def test_a_file_that_was_written_to_is_verified(ckptfs, place):
    """Bytes of one tensor are others: what is made of it fails, what is beside it is compared with its checksum, and served."""
    mount = mount_all(ckptfs, place)
    with open(data(place, "b"), "r+b") as file:
        file.seek(data(place, "b").read_bytes().index(CONTENT["b"]) + 400)
        file.write(b"other")
    os.utime(data(place, "b"))
    assert fails(mount / "of_b") and fails(mount / "sum")
    assert mount.read("of_a") == CONTENT["a"] and mount.read("w") == CONTENT["main"]
    assert "w: checksum mismatch" in mount.read(".ckptfs/faults").decode() and str(data(place, "b")) in mount.read(".ckptfs/faults").decode()


def test_files_that_were_removed_are_served_on(ckptfs, place):
    mount = mount_all(ckptfs, place)
    shutil.rmtree(place / "a")
    shutil.rmtree(place / "main")
    assert mount.read("of_a") == CONTENT["a"] and mount.read("sum") == SUM


def test_a_file_of_another_save_is_refused(ckptfs, place):
    shutil.copy(data(place, "b"), data(place, "a"))
    at = ckptfs.directory()
    stderr = ckptfs.refuse("-o", f"map={place}/map.ini", place / "main" / "ck", at, at=at)
    assert f"{data(place, 'a')}: 'small' does not have the checksum" in stderr and f"the index {place}/a/ck.index is of" in stderr


def test_the_mount_point_may_lie_in_a_named_checkpoint(ckptfs, place):
    at = place / "a" / "mnt"
    at.mkdir()
    assert mount_all(ckptfs, place, at=at).read("sum") == SUM


def test_fstab_has_none_where_all_are_named(ckptfs, place):
    (place / "map.ini").write_text("[assignment_map]\nw@a = w\n[checkpoint a]\npath = a\n")
    mount = ckptfs.mount("none", map=place / "map.ini")
    assert mount.read("w") == CONTENT["a"] and mount.report()["checkpoint"]["path"] is None


def give(path, user):
    for each in [path, *path.rglob("*")]:
        os.chown(each, user, user)


@NEEDS_ROOT
@NEEDS_MACHINE
def test_a_map_of_root_that_names_what_is_alices(ckptfs, place):
    """Whoever decides what is found decides as whom it is opened."""
    let_in(place)
    give(place / "b", ALICE)
    os.chmod(data(place, "b"), 0o600)
    mount = mount_all(ckptfs, place)
    (pid,) = mount.pids()
    with open(f"/proc/{pid}/status") as status:
        assert f"Uid:\t{ALICE}\t" in status.read()
    assert mount.read("sum") == SUM
    mount.unmount()
    os.chmod(data(place, "a"), 0o600)  # root's own, which she may not read
    at = ckptfs.directory()
    stderr = ckptfs.refuse("-o", f"map={place}/map.ini", place / "main" / "ck", at, at=at)
    assert f"{data(place, 'a')}: cannot open: Permission denied: tried as {ALICE}, the owner of {place}/b" in stderr


@NEEDS_ROOT
def test_modes_are_no_more_than_all_sources_allow(ckptfs, place):
    os.chmod(data(place, "b"), 0o640)
    mount = mount_all(ckptfs, place)
    assert [os.stat(mount / name).st_mode & 0o777 for name in ("w", "of_a", "of_b", "sum")] == [0o444, 0o444, 0o440, 0o440]
