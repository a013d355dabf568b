# SPDX-License-Identifier: Apache-2.0
"""An index of one save over the data of another: all sizes are right, and the values are not. A few small tensors of each data file are held against
their checksums by every mount."""

import errno
import os
import shutil
import struct
import subprocess
import time

import pytest

from support import bundle, encoder
from support.legacy import write_legacy
from support.paths import TOOL

FLOAT32, INT8, STRING, INT64 = 1, 6, 7, 9
LARGE = 5000  # bytes: more than are looked at
INDEX_TIME, DATA_TIME = 1700000000, 1700003600


def strings(values):
    lengths = b"".join(encoder.varint(len(value)) for value in values)
    fixed = b"".join(struct.pack("<I", len(value)) for value in values)
    stored = struct.pack("<I", encoder.masked(fixed))
    text = b"".join(values)
    return lengths + stored + text, fixed + stored + text


def save(prefix, step, shards=1):
    """Tensors of which each has other values with each step."""
    byte = bytes([step])
    return bundle.write(prefix, {
        "global_step": (INT64, [], struct.pack("<q", step)),
        "large": (INT8, [LARGE], byte * LARGE, byte * LARGE),
        "m/bias": (FLOAT32, [3], byte * 12),
        "m/kernel": (FLOAT32, [4, 3], byte * 48),
        "m/more": (FLOAT32, [5, 3], byte * 60),
        "words": (STRING, [2], *strings([byte, b"word"])),
    }, shards=shards)


def data_of(prefix, shard=0, shards=1):
    return f"{prefix}.data-{shard:05}-of-{shards:05}"


def mix(tmp_path, which=(0,), shards=1):
    """The index of save 1, with those data files of save 2."""
    prefix, other = save(tmp_path / "c", 1, shards), save(tmp_path / "other", 2, shards)
    for shard in which:
        os.replace(data_of(other, shard, shards), data_of(prefix, shard, shards))
        os.utime(data_of(prefix, shard, shards), (DATA_TIME, DATA_TIME))
    os.utime(f"{prefix}.index", (INDEX_TIME, INDEX_TIME))
    return prefix


def flip(path, place):
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))


def local(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(seconds))


def told(text, prefix, shard=0, shards=1):
    lines = [line for line in text.splitlines() if "most likely the index is of one save, and this file of another" in line]
    return [line for line in lines if data_of(prefix, shard, shards) in line and f"{prefix}.index is of {local(INDEX_TIME)}" in line
            and f"this file of {local(DATA_TIME)}" in line]


def tool(*args, **more):
    return subprocess.run([TOOL, *map(str, args)], capture_output=True, text=True, **more)


def test_an_index_over_the_data_of_another_save(ckptfs, tmp_path):
    prefix, at = mix(tmp_path), ckptfs.directory()
    stderr = ckptfs.refuse(prefix, at, at=at)
    assert len(told(stderr, prefix)) == 1 and stderr.count("\n") == 1, stderr
    assert "'global_step' does not have the checksum that the index says, nor do 3 other small ones" in stderr
    assert len(told(ckptfs.refuse("-o", "verify", prefix, at, at=at), prefix)) == 1
    # Who knows what he does gets what is there.
    mount = ckptfs.mount(prefix, options="noverify")
    assert mount.stderr == "" and mount.read("global_step") == struct.pack("<q", 2) and mount.read("large") == b"\2" * LARGE
    assert mount.stats()["mount.tensors"] == mount.stats()["mount.bytes"] == 0


@pytest.mark.parametrize("command", ["plan", "plan --json", "cat", "cat large", "export"])
def test_the_tool_looks_likewise(tmp_path, command):
    prefix = mix(tmp_path)
    words = command.split()
    more = {"plan": words[1:], "cat": [words[-1] if words[-1] == "large" else "m/bias"], "export": ["--format", "raw", tmp_path / "out"]}[words[0]]
    arguments = [words[0], *(more if words[0] == "plan" else []), prefix, *(more if words[0] != "plan" else [])]
    done = tool(*arguments)
    assert done.returncode == 1 and len(told(done.stderr, prefix)) == 1, done
    assert words == ["plan", "--json"] or done.stdout == ""
    assert not (tmp_path / "out").exists()
    if "--json" in words:
        import json
        (error,) = json.loads(done.stdout)["errors"]
        assert error["code"] == "checkpoint-corrupt" and error["where"] == data_of(prefix)
    assert tool("list", prefix).returncode == 0  # it says what the index says


def test_a_plan_without_data(tmp_path):
    prefix = mix(tmp_path)
    os.unlink(data_of(prefix))
    assert tool("plan", prefix).returncode == 0


def test_one_data_file_of_several(ckptfs, tmp_path):
    """It alone is named; and only data files that the view reads are looked at."""
    prefix, at = mix(tmp_path, (1,), shards=2), ckptfs.directory()
    stderr = ckptfs.refuse(prefix, at, at=at)
    assert len(told(stderr, prefix, 1, 2)) == 1 and stderr.count("\n") == 1, stderr
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nglobal_step = step\nm/bias = m/bias\n")  # number 0 and 2: of data file 0
    assert ckptfs.mount(prefix, map=ini).read("m/bias") == b"\1" * 12


def test_some_are_wrong(ckptfs, tmp_path):
    """A warning, and they are not given out in any file; all else is."""
    prefix = save(tmp_path / "c", 1)
    at = 8 + LARGE + 2  # in m/bias
    flip(data_of(prefix), at)
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n/ = /\nm/bias = cast/bias | cast float64\nm/bias = cut | partition 3\n")
    mount = ckptfs.mount(prefix, map=ini, options="npy", foreground=True)
    warning = mount.log_text()
    assert warning.count("\n") == 1 and f"{data_of(prefix)}: warning: 'm/bias': checksum mismatch: stored " in warning, warning
    assert "since it may be of another save than the index: it is of " in warning and ", the index of " in warning
    for name in "m/bias", "m/bias.npy", "cast/bias", "cast/bias.npy", "cut/part_0", "cut/part_2", "cut.npy", "model.index":
        for _ in range(2):
            with pytest.raises(OSError) as failure:
                mount.read(name)
            assert failure.value.errno == errno.EIO, name
    for name in "model.data-00000-of-00002", "model.safetensors":
        fd = os.open(mount / name, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        with pytest.raises(OSError):
            while os.read(fd, 4096):
                pass
        os.close(fd)
    assert mount.read("global_step") == struct.pack("<q", 1) and mount.read("large") == b"\1" * LARGE
    assert mount.read("m/kernel") == b"\1" * 48 and mount.read("words") == b"\1\nword\n"
    assert mount.log_text().count("\n") == 2 and "m/bias: checksum mismatch" in mount.log_text().splitlines()[1]
    assert (mount.stats()["tensors.damaged"], mount.stats()["tensors.verified"]) == (1, 4)  # all else that was read of the file
    # Whoever wants it all the same.
    assert len(ckptfs.mount(prefix, options="noverify").read("m/bias")) == 12


def test_what_did_not_change_with_the_save_hides_nothing(ckptfs, tmp_path):
    """Some of what is looked at is the same in both saves, so the mount begins; but none of the rest is given out unseen."""
    prefixes = [bundle.write(tmp_path / name, {
        "decay": (FLOAT32, [], b"same"), "large": (INT8, [LARGE], byte * LARGE, byte * LARGE), "same": (INT8, [LARGE], b"s" * LARGE, b"s" * LARGE),
        "step": (INT64, [], byte * 8)}) for name, byte in (("c", b"\1"), ("other", b"\2"))]
    os.replace(data_of(prefixes[1]), data_of(prefixes[0]))
    mount = ckptfs.mount(prefixes[0])
    assert "'step': checksum mismatch" in mount.stderr and mount.stderr.count("\n") == 1
    for name in "step", "large":
        with pytest.raises(OSError) as failure:
            mount.read(name)
        assert failure.value.errno == errno.EIO
    assert mount.read("decay") == b"same" and mount.read("same") == b"s" * LARGE
    assert mount.stats()["tensors.damaged"] == 2


def test_the_report_has_it(ckptfs, tmp_path):
    prefix = save(tmp_path / "c", 1)
    flip(data_of(prefix), 8 + LARGE + 2)
    (error,) = ckptfs.mount(prefix).report()["warnings"]
    assert error["subject"] == "m/bias" and error["code"] == "checkpoint-corrupt"
    done = tool("plan", "--json", prefix)
    assert done.returncode == 0 and "'m/bias': checksum mismatch" in done.stderr


def test_only_a_few_small_ones_are_read(ckptfs, tmp_path):
    """The four smallest, of equal ones integers first; what they have is all that the mount reads of data files."""
    content = {f"f{i}": (FLOAT32, [2], bytes(8)) for i in range(3)} | {f"z{i}": (INT64, [], bytes(8)) for i in range(3)}
    content |= {"empty": (FLOAT32, [0], b""), "large": (INT8, [LARGE], bytes(LARGE)), "s": (STRING, [2], *strings([b"ab", b"c" * 90]))}
    prefix = bundle.write(tmp_path / "c", content)
    mount = ckptfs.mount(prefix)
    assert (mount.stats()["mount.tensors"], mount.stats()["mount.bytes"]) == (4, 32)
    order = sorted(content)
    places = {name: sum(len(content[other][2]) for other in order[: order.index(name)]) for name in order}
    for name in order:
        if name == "empty":
            continue
        shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-{name}", ignore=lambda *_: ["mnt1"])
        copy = str(tmp_path.parent / f"{tmp_path.name}-{name}" / "c")
        flip(data_of(copy), places[name])
        done = tool("plan", copy)
        assert (f"'{name}': checksum mismatch" in done.stderr) == (name in ("z0", "z1", "z2", "f0")), (name, done.stderr)
    two = bundle.write(tmp_path / "two", {"a": (INT8, [4096], bytes(4096)), "b": (INT8, [4097], bytes(4097))})
    assert ckptfs.mount(two).stats()["mount.bytes"] == 4096
    none = bundle.write(tmp_path / "none", {"b": (INT8, [4097], bytes(4097))})
    assert ckptfs.mount(none).stats()["mount.tensors"] == 0
    shards = save(tmp_path / "shards", 1, shards=2)
    assert (ckptfs.mount(shards).stats()["mount.tensors"], ckptfs.mount(golden_v1(tmp_path)).stats()["mount.tensors"]) == (5, 0)


def golden_v1(tmp_path):
    return write_legacy(tmp_path / "v1", {"a": (INT8, b"1234")})


def test_strings_count(ckptfs, tmp_path):
    old, new = strings([b"old", b"x"]), strings([b"new", b"y"])
    prefix = bundle.write(tmp_path / "c", {"s": (STRING, [2], old[0], old[1])})
    os.utime(f"{prefix}.index", (INDEX_TIME, INDEX_TIME))
    assert ckptfs.mount(prefix).stats()["mount.tensors"] == 1
    with open(data_of(prefix), "wb") as file:
        file.write(new[0])
    os.utime(data_of(prefix), (DATA_TIME, DATA_TIME))
    at = ckptfs.directory()
    assert len(told(ckptfs.refuse(prefix, at, at=at), prefix)) == 1


def test_a_target_graph_is_not_looked_at(ckptfs, tmp_path):
    """Of another checkpoint that is a graph, only the index is of interest."""
    prefix = mix(tmp_path)
    sound = save(tmp_path / "sound", 1)
    assert ckptfs.mount(sound, options=f"graph={prefix}").read("global_step") == struct.pack("<q", 1)


def test_both_is_wrong_usage(ckptfs, tmp_path):
    prefix, at = save(tmp_path / "c", 1), ckptfs.directory()
    for options in "verify,noverify", "noverify,verify":
        stderr = ckptfs.refuse("-o", options, prefix, at, status=2, at=at)
        assert "-o verify and -o noverify exclude each other" in stderr
