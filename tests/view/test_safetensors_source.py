# SPDX-License-Identifier: Apache-2.0
"""safetensors as the source: what the real library wrote is what it, NumPy and TensorFlow read from mounts and exports of it, byte for byte."""

import errno
import os
import shutil
import struct
import subprocess

import ml_dtypes  # noqa: F401 (NumPy's names of bfloat16 and its kind)
import numpy as np
import pytest
import tensorflow as tf
from safetensors import deserialize, safe_open

from support.bundle import FLOAT32
from support.bundle import write as write_bundle
from support.mounts import wait_until
from support.paths import TOOL
from support.safetensors_files import GOLDENS, NAMES, Golden, write

TYPES = {ours: dtype for dtype, ours in NAMES.items()}


def library(path):
    """Every tensor of a file, by the library: name: (dtype, shape, bytes)."""
    return {name: (t["dtype"], t["shape"], bytes(t["data"])) for name, t in deserialize(path.read_bytes())}


def library_of(folder):
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        found |= library(path)
    return found


def as_format(tensors):
    return {name: (TYPES[dtype], shape, data) for name, (dtype, shape, data) in tensors.items()}


def same(value, shape, data):
    return list(np.shape(value)) == shape and np.ascontiguousarray(value).tobytes() == data


def check_tensorflow(directory, tensors):
    reader = tf.train.load_checkpoint(str(directory))
    dtypes = reader.get_variable_to_dtype_map()
    assert reader.get_variable_to_shape_map() == {name: shape for name, (_, shape, _) in tensors.items()}
    for name, (dtype, shape, data) in tensors.items():
        assert dtypes[name].name == dtype and same(reader.get_tensor(name), shape, data), name


def paths_of(mount):
    found = {}
    for folder, _, files in os.walk(mount.path):
        for file in files:
            path = os.path.join(folder, file)
            if os.listxattr(path):
                found[os.getxattr(path, "user.ckptfs.name").decode()] = path
    return found


@pytest.mark.parametrize("name", GOLDENS)
def test_the_goldens_are_what_the_library_reads(name):
    golden = Golden(name)
    files = [golden.checkpoint] if golden.checkpoint.is_file() else sorted(golden.folder.glob("*.safetensors"))
    found = {}
    for path in files:
        found |= library(path)
    assert found == golden.tensors


@pytest.mark.parametrize("options", ["", "verify"])
@pytest.mark.parametrize("name", GOLDENS)
def test_a_mount(ckptfs, name, options):
    golden = Golden(name)
    mount = ckptfs.mount(golden.checkpoint, options=options)
    told = "warning: nothing of it can be verified: safetensors files hold no checksums" in mount.stderr
    assert told == (options == "verify")
    paths = paths_of(mount)
    assert set(paths) == set(golden.shown)
    for tensor, (dtype, shape, data) in golden.shown.items():
        with open(paths[tensor], "rb") as file:
            assert file.read() == data, tensor
        assert os.getxattr(paths[tensor], "user.ckptfs.dtype").decode() == dtype
        assert os.getxattr(paths[tensor], "user.ckptfs.shape").decode() == str(shape)
        with pytest.raises(OSError):
            os.getxattr(paths[tensor], "user.ckptfs.crc32c")
        if np.dtype(dtype).isbuiltin == 1 and len(os.path.basename(paths[tensor])) < 200:
            assert same(np.load(paths[tensor] + ".npy"), shape, data), tensor
    check_tensorflow(mount.path, golden.shown)
    (own,) = [path for path in mount.path.glob("*.safetensors") if not os.listxattr(path)]
    assert library(own) == {name: t for name, t in golden.tensors.items() if name in golden.shown}
    with safe_open(own, "np") as file:
        for tensor in golden.shown:
            if golden.tensors[tensor][0] == "F32":
                assert same(file.get_tensor(tensor), *golden.shown[tensor][1:]), tensor
    stats = mount.stats()
    assert stats["errors"] == 0 and stats["tensors.verified"] == 0 and stats["tensors.damaged"] == 0


@pytest.mark.parametrize("name", GOLDENS)
def test_exports(name, tmp_path):
    golden = Golden(name)
    for form in "tf", "safetensors":
        subprocess.run([TOOL, "export", "-q", "--format", form, golden.checkpoint, tmp_path / form], check=True)
    check_tensorflow(tmp_path / "tf", golden.shown)
    assert library_of(tmp_path / "safetensors") == {name: t for name, t in golden.tensors.items() if name in golden.shown}


def test_there_and_back(tmp_path):
    """From TensorFlow to safetensors and back: every dtype that both have."""
    from support.truth import golden as tensorflow_golden

    source = tensorflow_golden("dtypes")
    subprocess.run([TOOL, "export", "-q", "--format", "safetensors", source.checkpoint, tmp_path / "st"], check=True)
    subprocess.run([TOOL, "export", "-q", "--format", "tf", tmp_path / "st", tmp_path / "tf"], check=True)
    kept = {name: (dtype, shape, data) for name, (dtype, shape, data) in source.shown.items() if dtype in TYPES}
    assert len(kept) >= 18 and library_of(tmp_path / "st") == as_format(kept)
    check_tensorflow(tmp_path / "tf", kept)


@pytest.mark.parametrize("padding", range(8))
def test_offsets_need_no_alignment(ckptfs, tmp_path, padding):
    """Odd numbers of bytes before wide elements, in the header and in the tensors; casts and transposes read them, too."""
    values = np.arange(300, dtype="<f4").reshape(20, 15)
    wide = (values * (1 + 2j)).astype("<c8")
    write(tmp_path / "x.safetensors", {"a": ("U8", [3], b"abc"), "w": ("F32", [20, 15], values.tobytes()), "b": ("U8", [1], b"d"),
                                       "c": ("C64", [20, 15], wide.tobytes())}, padding=padding)
    (tmp_path / "map.ini").write_text("[assignment_map]\n/ = /\nw = t | transpose\nw = h | cast bfloat16\nc = ct | transpose\nw = d | cast float64\n")
    mount = ckptfs.mount(tmp_path / "x.safetensors", map=tmp_path / "map.ini")
    assert mount.read("t") == np.ascontiguousarray(values.T).tobytes()
    assert mount.read("h") == values.astype("bfloat16").tobytes()
    assert mount.read("d") == values.astype("<f8").tobytes()
    assert mount.read("ct") == np.ascontiguousarray(wide.T).tobytes()
    reader = tf.train.load_checkpoint(str(mount.path))
    assert (reader.get_tensor("w") == values).all() and (reader.get_tensor("c") == wide).all() and (reader.get_tensor("t") == values.T).all()


def test_the_links_of_a_hub_cache(ckptfs, tmp_path):
    """The report names them, and what the link is made to lead to afterwards is nothing to the mount."""
    golden = Golden("sharded")
    snapshot, blobs = tmp_path / "snapshots" / "main", tmp_path / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for i, path in enumerate(sorted(golden.folder.glob("model*"))):
        shutil.copy(path, blobs / f"{i:064x}")
        (snapshot / path.name).symlink_to(f"../../blobs/{i:064x}")
    mount = ckptfs.mount(snapshot)
    for tensor, (_, _, data) in golden.shown.items():
        assert mount.read(tensor) == data
    links = mount.report()["checkpoint"]["links"]
    assert [os.path.basename(link["path"]) for link in links] == [f"model-0000{i}-of-00004.safetensors" for i in range(1, 5)]
    assert all(os.path.realpath(link["path"]) == link["file"] for link in links)
    assert f" -> {blobs}/" in mount.read(".ckptfs/report.txt").decode()


def test_with_a_checkpoint_of_tensorflow(ckptfs, tmp_path):
    a, b = np.arange(6, dtype="<f4"), np.arange(6, dtype="<f4") * 3
    write(tmp_path / "a.safetensors", {"w": ("F32", [6], a.tobytes()), "x": ("F32", [6], b.tobytes())})
    write_bundle(tmp_path / "b", {"w": (FLOAT32, (6,), b.tobytes())})
    (tmp_path / "map.ini").write_text("[checkpoint a]\npath = a.safetensors\n[assignment_map]\nw = of_tf\nw@a = of_st\nw, w@a = mean | mean\nx@a = x\n")
    mount = ckptfs.mount(tmp_path / "b", map=tmp_path / "map.ini")
    check_tensorflow(mount.path, {name: ("float32", [6], value.tobytes()) for name, value in
                                  {"of_tf": b, "of_st": a, "x": b, "mean": (a + b) / 2}.items()})
    assert os.getxattr(mount / "of_tf", "user.ckptfs.crc32c") and os.getxattr(mount / "of_st", "user.ckptfs.source") == b"w@a"


def reads(path):
    try:
        with open(path, "rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            return file.readall()
    except OSError as failure:
        assert failure.errno == errno.EIO, failure
        return None


@pytest.mark.parametrize("change", ["write", "cut", "grow", "touch"])
def test_a_file_that_changes_gives_no_more_bytes(ckptfs, tmp_path, change):
    """There is no checksum that could say that they are right: where they may be others, there are none."""
    data = struct.pack("<1024f", *range(1024))
    path = write(tmp_path / "x.safetensors", {"w": ("F32", [1024], data), "v": ("F32", [1024], data)})
    (tmp_path / "map.ini").write_text("[assignment_map]\n/ = /\nw = doubled | scale 2\n")
    mount = ckptfs.mount(path, map=tmp_path / "map.ini")
    assert mount.read("w") == data
    with open(path, "r+b") as file:
        if change == "cut":
            file.truncate(path.stat().st_size - 1)
        elif change == "grow":
            file.seek(0, os.SEEK_END)
            file.write(b"x")
        elif change == "write":
            file.seek(-100, os.SEEK_END)
            file.write(b"x")
    os.utime(path, (1, 1))
    wait_until(lambda: reads(mount / "v") is None, "a read that fails")
    assert reads(mount / "w") is None and reads(mount / "doubled") is None
    assert "x.safetensors" in mount.read(".ckptfs/faults").decode()
    assert mount.read(".ckptfs/report.json")


def test_a_file_that_is_replaced_is_served_on(ckptfs, tmp_path):
    data = struct.pack("<1024f", *range(1024))
    path = write(tmp_path / "x.safetensors", {"w": ("F32", [1024], data)})
    mount = ckptfs.mount(path)
    write(tmp_path / "new", {"w": ("F32", [1024], bytes(4096))})
    os.rename(tmp_path / "new", path)
    assert reads(mount / "w") == data


def test_a_header_that_lies_mounts_nothing(ckptfs, tmp_path):
    path = write(tmp_path / "x.safetensors", {"w": ("F32", [3], bytes(8))})
    assert "tensor 'w' has 8 bytes, but F32 [3] takes 12" in ckptfs.refuse(path, ckptfs.directory())
