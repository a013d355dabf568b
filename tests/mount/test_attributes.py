# SPDX-License-Identifier: Apache-2.0
"""Names, stat, extended attributes, reports, statfs, and that nothing can be written."""

import errno
import json
import os
import random
import shutil
import stat
import subprocess
import threading

import pytest

from support import bundle, encoder
from support.mounts import IS_ROOT, NEEDS_ROOT, mounted_at
from support.paths import CKPTFS
from support.truth import golden


def walk(path):
    """Relative path -> lstat of everything in the mount."""
    found = {".": os.lstat(path)}
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            full = os.path.join(folder, name)
            found[os.path.relpath(full, path)] = os.lstat(full)
    return found


def refused(number, call, *args, **kwargs):
    with pytest.raises(OSError) as failure:
        call(*args, **kwargs)
    assert failure.value.errno == number, failure.value


@pytest.fixture
def demo(ckptfs, tmp_path):
    """The demo checkpoint in a place of its own, with known owner, modes and times."""
    folder = tmp_path / "demo"
    shutil.copytree(golden("demo").folder, folder)
    for i, path in enumerate(sorted(folder.iterdir())):
        path.chmod(0o644)
        os.utime(path, ns=(0, 1_600_000_000_000_000_000 + i * 1_000_000_001))
    return folder


def test_files(ckptfs, demo):
    mount = ckptfs.mount(demo)
    data = next(demo.glob("*.data-*"))
    st = os.stat(mount / "some_scope/layer/kernel")
    assert stat.S_ISREG(st.st_mode) and stat.S_IMODE(st.st_mode) == 0o444
    assert (st.st_size, st.st_nlink, st.st_blksize) == (120, 1, 1 << 20)
    assert st.st_blocks == 1
    assert st.st_mtime_ns == os.stat(data).st_mtime_ns
    assert (st.st_uid, st.st_gid) == (os.stat(data).st_uid, os.stat(data).st_gid)
    st = os.stat(mount / "some_scope")
    assert stat.S_ISDIR(st.st_mode) and stat.S_IMODE(st.st_mode) == 0o555 and st.st_nlink == 1
    for name in ("stats", "report.txt", "report.json"):
        assert os.stat(mount / ".ckptfs" / name).st_size == 0
        assert stat.S_IMODE(os.stat(mount / ".ckptfs" / name).st_mode) == 0o444


def test_mount_options(ckptfs, demo):
    mount = ckptfs.mount(demo)
    source, kind, options = mounted_at(mount.path)
    assert kind == "fuse.ckptfs" and source == str(demo)
    assert {"ro", "nosuid", "nodev", "default_permissions"} <= set(options)
    overridden = ckptfs.mount(demo, options="rw,suid,dev,exec,subtype=evil,fsname=a\\,b\\\\c")
    source, kind, options = mounted_at(overridden.path)
    assert (source, kind) == ("a,b\\c", "fuse.ckptfs")
    assert {"ro", "nosuid", "nodev", "default_permissions"} <= set(options)


@NEEDS_ROOT
def test_owners_follow_the_source(ckptfs, demo):
    os.chown(next(demo.glob("*.data-*")), 12345, 54321)
    mount = ckptfs.mount(demo, options="allow_other,runas=root")
    st = os.stat(mount / "some_var")
    assert (st.st_uid, st.st_gid) == (12345, 54321)


def test_modes_follow_the_source(ckptfs, demo):
    data, index = next(demo.glob("*.data-*")), next(demo.glob("*.index"))
    data.chmod(0o640)
    index.chmod(0o604)
    mount = ckptfs.mount(demo)
    assert stat.S_IMODE(os.stat(mount / "some_var").st_mode) == 0o440
    assert stat.S_IMODE(os.stat(mount / ".ckptfs/report.json").st_mode) == 0o404
    assert stat.S_IMODE(os.stat(mount / ".ckptfs/map.ini").st_mode) == 0o404
    uid, gid = (7, 8) if IS_ROOT else (os.getuid(), os.getgid())  # files of others are shut to users
    forced = ckptfs.mount(demo, options=f"uid={uid},gid={gid},umask=037")
    st = os.stat(forced / "some_var")
    assert (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid) == (0o440, uid, gid)
    st = os.stat(forced / "some_scope")
    assert (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid) == (0o500, uid, gid)


@pytest.mark.parametrize("index, directory, report", [
    (0o600, 0o500, 0o400), (0o640, 0o550, 0o440), (0o644, 0o555, 0o444), (0o604, 0o505, 0o404), (0o666, 0o555, 0o444)])
def test_directories_show_no_more_than_the_index(ckptfs, demo, index, directory, report):
    next(demo.glob("*.index")).chmod(index)
    mount = ckptfs.mount(demo)
    found = walk(mount.path)
    assert {stat.S_IMODE(st.st_mode) for st in found.values() if stat.S_ISDIR(st.st_mode)} == {directory}
    assert stat.S_IMODE(found[".ckptfs/report.json"].st_mode) == report
    assert stat.S_IMODE(found["some_scope/layer/kernel"].st_mode) == 0o444


def test_directories_show_no_more_than_the_map(ckptfs, demo, tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n/ = net/\n")
    ini.chmod(0o600)
    mount = ckptfs.mount(demo, map=ini)
    assert stat.S_IMODE(os.stat(mount.path).st_mode) == stat.S_IMODE(os.stat(mount / "net").st_mode) == 0o500


@NEEDS_ROOT
def test_shards_of_several_owners_open_to_root_alone(ckptfs, tmp_path):
    tensors = {f"t{i}": (bundle.INT8, [4, 4], bytes(range(16))) for i in range(2)}
    prefix = bundle.write(tmp_path / "two", tensors, shards=2)
    os.chown(f"{prefix}.data-00000-of-00002", 1111, 1111)
    os.chmod(f"{prefix}.data-00000-of-00002", 0o400)
    mount = ckptfs.mount(prefix, options="allow_other,runas=root")
    st = os.stat(mount / "t0")
    assert (stat.S_IMODE(st.st_mode), st.st_uid) == (0o400, 1111)
    assert stat.S_IMODE(os.stat(mount / "t1").st_mode) == 0o444 & os.stat(f"{prefix}.data-00001-of-00002").st_mode


def test_blocks_and_sparse_tar(ckptfs, tmp_path):
    content = bytes(5000)
    prefix = bundle.write(tmp_path / "s", {"zeros": (bundle.INT8, [5000], content),
                                           "ones": (bundle.INT8, [513], b"\1" * 513)})
    mount = ckptfs.mount(prefix)
    assert os.stat(mount / "zeros").st_blocks == 10
    assert os.stat(mount / "ones").st_blocks == 2
    subprocess.run(["tar", "-S", "-cf", tmp_path / "t.tar", "-C", mount.path, "zeros", "ones"], check=True)
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "t.tar", "-C", tmp_path / "out"], check=True)
    assert (tmp_path / "out/zeros").read_bytes() == content
    assert (tmp_path / "out/ones").read_bytes() == b"\1" * 513


def test_inode_numbers_are_stable_and_distinct(ckptfs):
    g = golden("slots")
    first, second = (walk(ckptfs.mount(g.checkpoint).path) for _ in range(2))
    inodes = {k: v.st_ino for k, v in first.items()}
    assert inodes == {k: v.st_ino for k, v in second.items()}
    assert len(set(inodes.values())) == len(inodes)
    assert inodes["."] == 1
    for path in inodes:  # what readdir says is what stat says
        full = os.path.join(ckptfs.mounts[0].path, path)
        if os.path.isdir(full):
            for entry in os.scandir(full):
                assert entry.inode() == inodes[os.path.normpath(os.path.join(path, entry.name))]


def test_a_name_that_is_leaf_and_scope(ckptfs):
    g = golden("slots")
    mount = ckptfs.mount(g.checkpoint)
    assert mount.read("net/layer_1/w") == g.shown["net/layer_1/w"][2]
    assert mount.read("net/layer_1/w.d/Adam") == g.shown["net/layer_1/w/Adam"][2]
    assert os.getxattr(mount / "net/layer_1/w.d/Adam", "user.ckptfs.name") == b"net/layer_1/w/Adam"
    assert sorted(os.listdir(mount / "net/layer_1")) == ["b", "b.d", "w", "w.d"]
    refused(errno.ENOENT, os.stat, mount / "net/layer_1/nothing")
    refused(errno.ENOENT, os.stat, mount / "net/layer_1/nothing")  # from the kernel's memory
    refused(errno.ENOTDIR, os.stat, mount / "net/layer_1/w/Adam")
    refused(errno.ENAMETOOLONG, os.stat, mount / ("x" * 256))


def test_extended_attributes(ckptfs, tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\ntable = embed | partition 5,1\nsome_var = renamed\n")
    mount = ckptfs.mount(golden("demo").checkpoint, map=ini)
    whole, part = mount / "renamed", mount / "embed/part_1"
    names = ["name", "dtype", "shape", "source"]
    assert sorted(os.listxattr(whole)) == sorted(f"user.ckptfs.{n}" for n in [*names, "crc32c"])
    assert sorted(os.listxattr(part)) == sorted(f"user.ckptfs.{n}" for n in [*names, "slice"])
    values = {n: os.getxattr(part, f"user.ckptfs.{n}").decode() for n in [*names, "slice"]}
    assert values == {"name": "embed/part_1", "dtype": "float32", "shape": "[2, 3]", "source": "table",
                      "slice": "[3:5, 0:3] of [11, 3]"}
    assert os.getxattr(whole, "user.ckptfs.source") == b"some_var"
    content = mount.read("renamed")
    assert os.getxattr(whole, "user.ckptfs.crc32c").decode() == f"{encoder.masked(content):08x}"
    refused(errno.ENODATA, os.getxattr, whole, "user.ckptfs.slice")
    refused(errno.ENODATA, os.getxattr, part, "user.ckptfs.crc32c")
    refused(errno.ENODATA, os.getxattr, whole, "user.other")
    assert os.listxattr(mount.path) == [] and os.listxattr(mount / ".ckptfs/stats") == []
    refused(errno.EROFS, os.setxattr, whole, "user.ckptfs.name", b"x")


def test_xattr_sizes(ckptfs):
    import ctypes
    mount = ckptfs.mount(golden("demo").checkpoint)
    libc = ctypes.CDLL(None, use_errno=True)
    path, name = os.fsencode(mount / "some_var"), b"user.ckptfs.name"
    assert libc.getxattr(path, name, None, 0) == len(b"some_var")
    small = ctypes.create_string_buffer(3)
    assert libc.getxattr(path, name, small, 3) == -1 and ctypes.get_errno() == errno.ERANGE
    assert libc.listxattr(path, small, 3) == -1 and ctypes.get_errno() == errno.ERANGE
    assert libc.listxattr(path, None, 0) > 0


def test_reports_parse_and_read_in_pieces(ckptfs, tmp_path):
    g = golden("maps/mixed")
    mount = ckptfs.mount(g.checkpoint, map=g.map)
    report = mount.report()
    assert report["version"] == 1 and report["errors"] == []
    assert {t["path"]: t["bytes"] for t in report["targets"]} == {n: len(c) for n, (_, _, c) in g.shown.items()}
    text = mount.read(".ckptfs/report.json")
    with open(mount / ".ckptfs/report.json", "rb", buffering=0) as f:
        pieces = iter(lambda: f.read(37), b"")
        assert b"".join(pieces) == text
        assert f.read(10) == b""
    assert json.loads(text) == report
    assert mount.read(".ckptfs/report.txt")
    subprocess.run(["cp", mount / ".ckptfs/report.json", tmp_path / "copy.json"], check=True)
    assert (tmp_path / "copy.json").read_bytes() == text


def anonymous(mount):
    """KiB of the daemon's own memory."""
    (pid,) = mount.pids()
    return int(next(line for line in open(f"/proc/{pid}/status") if line.startswith("RssAnon")).split()[1])


def test_a_large_report_is_rendered_as_it_is_read(ckptfs, tmp_path):
    """Some 40 MB of it: whoever reads it whole, in pieces, from the end, or several at once, it is the same, and none of it is kept."""
    checkpoint = bundle.write(tmp_path / "c", {f"t{i:03}": (bundle.INT8, [1], b"a") for i in range(500)})
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n" + "".join(f"/ = scope_of_some_length/{i}/\n" for i in range(400)))
    expected = subprocess.run([os.path.join(os.path.dirname(CKPTFS), "ckptool"), "plan", "--json", "-m", ini, checkpoint], capture_output=True, check=True).stdout
    assert len(expected) > 30 << 20 and len(json.loads(expected)["targets"]) == 200000
    mount = ckptfs.mount(checkpoint, map=ini)
    mount.read(".ckptfs/report.txt")
    before = anonymous(mount)
    fds = [os.open(mount / ".ckptfs/report.json", os.O_RDONLY) for _ in range(4)]
    assert anonymous(mount) - before < 1 << 10
    threads = [threading.Thread(target=lambda fd: same.append(b"".join(iter(lambda: os.read(fd, 100001), b"")) == expected), args=(fd,)) for fd in fds[:2]]
    same = []
    assert os.pread(fds[2], 1000, len(expected) - 1000) == expected[-1000:] and os.pread(fds[2], 10, 1 << 40) == b""
    for thread in threads:
        thread.start()
    rng = random.Random(1)
    for _ in range(200):
        off, size = rng.randrange(len(expected)), rng.randrange(1, 200000)
        assert os.pread(fds[rng.randrange(4)], size, off) == expected[off:off + size]
    for thread in threads:
        thread.join()
    assert same == [True, True]
    assert anonymous(mount) - before < 28 << 10  # reply buffers of the workers most of all
    for fd in fds:
        os.close(fd)


def test_map_ini_without_a_map(ckptfs):
    mount = ckptfs.mount(golden("demo").checkpoint)
    assert mount.read(".ckptfs/map.ini") == b"[assignment_map]\n/ = /\n"
    assert os.stat(mount / ".ckptfs/map.ini").st_size == 23


def test_stats_count(ckptfs):
    mount = ckptfs.mount(golden("demo").checkpoint)
    before = mount.stats()
    assert mount.read("some_scope/layer/kernel")
    after = mount.stats()
    assert after["opens"] == before["opens"] + 2  # the file and stats itself
    assert after["reads"] > before["reads"]
    assert after["bytes"] >= before["bytes"] + 120
    assert after["errors"] == 0 and after["shards"] == 1 and after["shards.failed"] == 0
    assert after["shard.0.failed"] == 0
    mount.read("some_scope/layer/kernel")  # the kernel kept the pages
    last = mount.stats()
    assert last["bytes"] - after["bytes"] < 120 + len(mount.read(".ckptfs/stats")) + 200


def test_nothing_can_be_written(ckptfs):
    mount = ckptfs.mount(golden("demo").checkpoint)
    leaf, folder = mount / "some_var", mount / "some_scope"
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND):
        refused(errno.EROFS, os.open, leaf, flags)
        refused(errno.EROFS, os.open, mount / ".ckptfs/stats", flags)
    refused(errno.EROFS, os.open, mount / "new", os.O_WRONLY | os.O_CREAT)
    refused(errno.EROFS, os.mkdir, mount / "new")
    refused(errno.EROFS, os.unlink, leaf)
    refused(errno.EROFS, os.rmdir, folder)
    refused(errno.EROFS, os.rename, leaf, mount / "new")
    refused(errno.EROFS, os.symlink, "x", mount / "new")
    refused(errno.EROFS, os.link, leaf, mount / "new")
    refused(errno.EROFS, os.chmod, leaf, 0o777)
    refused(errno.EROFS, os.truncate, leaf, 0)
    refused(errno.EROFS, os.utime, leaf)
    refused(errno.EINVAL, os.readlink, leaf)
    refused(errno.EISDIR, os.open, folder, os.O_WRONLY)


def test_statfs(ckptfs):
    g = golden("demo")
    mount = ckptfs.mount(g.checkpoint)
    st = os.statvfs(mount.path)
    total = sum(len(c) for _, _, c in g.shown.values())
    assert st.f_blocks == -(-total // st.f_frsize) and st.f_bfree == st.f_bavail == 0
    assert st.f_files == len(walk(mount.path)) and st.f_namemax == 255
    assert st.f_flag & os.ST_RDONLY and st.f_flag & os.ST_NOSUID


def test_many_files_in_one_directory(ckptfs, tmp_path):
    count = 3000
    tensors = {f"v/{i:04}-{'x' * (i % 200)}": (bundle.INT8, [2], i.to_bytes(2, "big")) for i in range(count)}
    mount = ckptfs.mount(bundle.write(tmp_path / "many", tensors))
    names = sorted(n[2:] for n in tensors)
    for _ in range(2):  # the second from the kernel's copy
        assert sorted(os.listdir(mount / "v")) == names
    entries = {e.name: e for e in os.scandir(mount / "v")}
    for i, name in enumerate(names):
        assert entries[name].is_file() and entries[name].stat().st_size == 2
        if i % 100 == 0:
            assert mount.read(f"v/{name}") == i.to_bytes(2, "big")
    seen = subprocess.run(["ls", "-aU", mount / "v"], capture_output=True, text=True, check=True).stdout.split("\n")
    assert seen[:2] == [".", ".."] and len(seen) == count + 3


def test_attributes_of_what_operations_make(ckptfs, tmp_path):
    """Their sources are all that they are made from, wherever these are; the checksum of none of them is theirs."""
    tf = pytest.importorskip("tensorflow")
    prefix = tmp_path / "model"
    names = [f"t{i:03d}" for i in range(40)] + [f"long/{i:02d}/" + "x" * 3000 for i in range(30)]
    tensors = [tf.constant([float(i), 1, 2, 3]) for i in range(len(names))]
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)
    lines = [
        "t000 = turned | flip 0",
        "t002, t001 = both | concat 0",
        "t003, t004 = ~s | sum",
        "~s, t003, ~s = steps | concat 0",
        "~ = filled | fill 7 [600] uint8",
        "t005, ~none = none | concat 0",
        "long/{i}/" + "x" * 3000 + " = many | stack 0",
    ]
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n~ = ~none | fill 0 [0] float32\n" + "\n".join(lines) + "\n")
    mount = ckptfs.mount(prefix, map=ini)

    def source(name):
        return os.getxattr(mount / name, "user.ckptfs.source").decode()

    assert [source(n) for n in ("turned", "both", "steps", "none")] == ["t000", "t002\nt001", "t003\nt004", "t005"]
    assert source("many") == "30"  # longer than an attribute can be
    assert source("both.npy") == "t002\nt001"
    for name in "turned", "both", "steps", "many":
        refused(errno.ENODATA, os.getxattr, mount / name, "user.ckptfs.crc32c")
    assert sorted(os.listxattr(mount / "filled")) == ["user.ckptfs.dtype", "user.ckptfs.name", "user.ckptfs.shape"]
    refused(errno.ENODATA, os.getxattr, mount / "filled", "user.ckptfs.source")
    assert os.getxattr(mount / "steps", "user.ckptfs.shape") == b"[12]"
    size = {"turned": 16, "both": 32, "steps": 48, "filled": 600, "many": 480}
    for name, nbytes in size.items():
        st = os.stat(mount / name)
        assert (st.st_size, st.st_blocks) == (nbytes, -(-nbytes // 512))
        assert len(mount.read(name)) == nbytes


def test_times_of_what_operations_make(ckptfs, tmp_path):
    """The newest of the files that a target has bytes of, however it comes by them; of none, those that say so."""
    tf = pytest.importorskip("tensorflow")
    prefixes = [str(tmp_path / f"part{i}") for i in range(3)]
    for i, prefix in enumerate(prefixes):
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=[f"t{i}"], shape_and_slices=[""], tensors=[tf.constant([1.0, 2, 3])])
    model = tmp_path / "model"
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=prefixes, destination_prefix=str(model), delete_old_dirs=False)
    for i in range(3):
        os.utime(f"{model}.data-0000{i}-of-00003", (1000 * (i + 1),) * 2)
    os.utime(f"{model}.index", (7000, 7000))
    ini = tmp_path / "map.ini"
    ini.write_text("""[assignment_map]
t1, t0       = two | concat 0
t2, t0       = ~s | mean
~s           = deep | scale 2
t0           = one | cast half
~            = filled | fill 1 [2] bool
""")
    os.utime(ini, (6000, 6000))
    mount = ckptfs.mount(model, map=ini)
    times = {name: int(os.stat(mount / name).st_mtime) for name in ("two", "deep", "one", "filled")}
    assert times == {"two": 2000, "deep": 3000, "one": 1000, "filled": 7000}
