# SPDX-License-Identifier: Apache-2.0
"""The .npy files and the safetensors file of a mount, read by NumPy and by safetensors for NumPy."""

import json
import mmap
import os

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from support.numpy_files import check_layout, check_names, check_npy, shown
from support.views import VIEWS, View, view_ids

every_view = pytest.mark.parametrize("golden,kind", VIEWS, ids=view_ids(VIEWS))


@every_view
def test_npy(ckptfs, golden, kind):
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    paths = view.variables(mount)
    assert set(paths) == set(view.tensors)
    for name, tensor in view.tensors.items():
        path = str(mount / paths[name])
        check_npy(tensor, np.load(path + ".npy"))
        if tensor.values is None:
            mapped = np.load(path + ".npy", mmap_mode="r")
            assert isinstance(mapped, np.memmap)
            check_npy(tensor, mapped)
        if tensor.partition:
            axis, parts = tensor.parts()
            for i, (start, length) in enumerate(parts):
                check_npy(tensor.part(axis, start, length), np.load(f"{path}/part_{i}.npy"))


@every_view
def test_raw(ckptfs, golden, kind):
    """numpy.fromfile and numpy.memmap, which have to be told the dtype."""
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    paths = view.variables(mount)
    for name, tensor in view.numeric().items():
        pieces = {"": tensor}
        if tensor.partition:
            axis, parts = tensor.parts()
            pieces = {f"/part_{i}": tensor.part(axis, *box) for i, box in enumerate(parts)}
        for ending, piece in pieces.items():
            path = str(mount / paths[name]) + ending
            assert np.fromfile(path, piece.array.dtype).tobytes() == piece.data, path
            if piece.data:
                assert np.memmap(path, piece.array.dtype, "r").tobytes() == piece.data, path


def listed(mount):
    return {os.path.relpath(os.path.join(d, f), mount.path) for d, _, files in os.walk(mount.path) for f in files if "/.ckptfs" not in d}


def test_which_files_are_listed(ckptfs):
    """All that are not listed can be opened all the same."""
    view = View("demo", "partitioned")
    raw = {path for path in listed(view.mount(ckptfs)) if "model" not in path and path != "checkpoint"}
    npy = {path + ".npy" for path in raw} | {os.path.dirname(path) + ".npy" for path in raw if "/part_" in path}
    kinds = {
        "raw": raw, "npy": npy, "safetensors": {"model.safetensors"},
        "tensorflow": {"checkpoint", "model.index", "model.data-00000-of-00001"},
    }  # fmt: skip
    everything = set().union(*kinds.values())
    for files in ("raw,tensorflow,safetensors", "raw", "npy", "tensorflow", "safetensors", "npy,safetensors", "raw,npy,tensorflow,safetensors"):
        mount = view.mount(ckptfs, view=f"files = {files}")
        assert listed(mount) == set().union(*(kinds[kind] for kind in files.split(","))), files
        for path in everything:
            assert (mount / path).stat().st_size == len(mount.read(path)), (files, path)
    assert listed(view.mount(ckptfs)) == everything - npy
    assert listed(view.mount(ckptfs, options="npy")) == everything


@every_view
def test_safetensors(ckptfs, golden, kind):
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    path = mount / "model.safetensors"
    names = check_layout(path, view.tensors)
    check_names(view, mount, names)
    with safe_open(path, framework="np") as file:
        assert set(file.keys()) == names and file.metadata() == {"format": "pt"}
        for name in names:
            if view.tensors[name].dtype.startswith("float8"):  # NumPy has none, so that this package cannot give them
                assert file.get_slice(name).get_shape() == view.tensors[name].shape
            else:
                value = file.get_tensor(name)
                assert (value.dtype, value.tobytes()) == (view.tensors[name].array.dtype, view.tensors[name].data), name
    if not any(view.tensors[name].dtype.startswith("float8") for name in names):
        loaded = load_file(path)
        assert set(loaded) == names
        for name, value in loaded.items():
            assert list(value.shape) == view.tensors[name].shape and value.tobytes() == view.tensors[name].data, name


def test_the_name_of_the_safetensors_file(ckptfs):
    view = View("sharded", "mixed")
    mount = view.mount(ckptfs, view="name = other\nsafetensors = weights.safetensors")
    assert not os.path.exists(mount / "other.safetensors") and os.path.exists(mount / "other.index")
    assert check_layout(mount / "weights.safetensors", view.tensors) == set(shown(view))
    assert "other.safetensors" in listed(view.mount(ckptfs, view="name = other"))


def test_names_of_every_kind(ckptfs):
    """JSON has all of them; what is called as the file itself takes its place."""
    view = View("names", "identity")
    mount = view.mount(ckptfs)
    assert mount.read("model.safetensors") == view.tensors["model.safetensors"].data
    mount = view.mount(ckptfs, view="name = apart")
    assert check_layout(mount / "apart.safetensors", view.tensors) == set(view.tensors)
    assert set(load_file(mount / "apart.safetensors")) == set(view.tensors)


@pytest.mark.parametrize("golden,kind", [("demo", "mixed"), ("sharded", "identity"), ("sliced", "partitioned"), ("slots", "cast")])
def test_shards_of_safetensors(ckptfs, golden, kind):
    """Cut as the Hub does: no file above the size unless it has one tensor, and an index of them."""
    view = View(golden, kind)
    whole = sum(len(tensor.data) for tensor in shown(view).values())
    for size in 100, 250, 10**9:
        mount = view.mount(ckptfs, view=f"shard_size = {size}")
        files = sorted(p for p in mount.path.iterdir() if p.name.endswith(".safetensors"))
        if size > whole:
            assert [p.name for p in files] == ["model.safetensors"]
            continue
        assert len(files) > 1
        assert [p.name for p in files] == [f"model-{i + 1:05d}-of-{len(files):05d}.safetensors" for i in range(len(files))]
        index = json.loads(mount.read("model.safetensors.index.json"))
        assert index["metadata"]["total_size"] == whole
        found = {}
        for path in files:
            names = check_layout(path, view.tensors)
            assert len(names) == 1 or sum(len(view.tensors[name].data) for name in names) <= size
            found.update({name: path.name for name in names})
        assert index["weight_map"] == found and set(found) == set(shown(view))


def test_mapped_readers(ckptfs):
    view = View("sharded", "mixed")
    mount = view.mount(ckptfs)
    for path in [p for p in mount.path.iterdir() if p.is_file()]:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ) as mapped:
            assert mapped[:] == path.read_bytes(), path
