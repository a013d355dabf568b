# SPDX-License-Identifier: Apache-2.0
"""What a kind of file cannot hold is left out of that file alone, and the report says so: nothing makes a framework die."""

import ast
import os
import shutil
import subprocess
import sys

import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file

from support import bundle, encoder
from support.numpy_files import check_layout, header_of
from support.views import Tensor, View, golden

FOUR = b"\0\0\x80\x3f"


def hidden_from(mount, kind):
    return {h["name"] for h in mount.report()["hidden"] if kind in h["from"] and h["reason"]}


def names_in_tensorflow(mount):
    """Listed by another process: what it dies of would end this one."""
    code = "import sys, tensorflow as tf; print(*(repr(name) for name, _ in tf.train.list_variables(sys.argv[1])), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code, mount.path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return {ast.literal_eval(line) for line in done.stdout.splitlines()}


def names_in_safetensors(mount):
    return set(header_of(mount / "model.safetensors")[0]) - {"__metadata__"}


def test_a_name_that_is_not_utf8(ckptfs, tmp_path):
    mount = ckptfs.mount(bundle.write(tmp_path / "c", {b"bad\xff\xfe": (bundle.FLOAT32, [], FOUR), b"good": (bundle.FLOAT32, [], FOUR)}))
    assert names_in_tensorflow(mount) == names_in_safetensors(mount) == {"good"}
    assert set(load_file(mount / "model.safetensors")) == {"good"}
    assert len(hidden_from(mount, "tensorflow")) == len(hidden_from(mount, "safetensors")) == 1
    assert hidden_from(mount, "raw") == set()


def test_a_tensor_called_as_the_header_of_safetensors(ckptfs, tmp_path):
    mount = ckptfs.mount(bundle.write(tmp_path / "c", {"__metadata__": (bundle.FLOAT32, [], FOUR), "good": (bundle.FLOAT32, [], FOUR)}))
    assert header_of(mount / "model.safetensors")[0]["__metadata__"] == {"format": "pt"}
    assert set(load_file(mount / "model.safetensors")) == {"good"}
    assert hidden_from(mount, "safetensors") == {"__metadata__"} and hidden_from(mount, "tensorflow") == set()
    assert names_in_tensorflow(mount) == {"__metadata__", "good"}
    assert mount.read("__metadata__") == FOUR


def test_the_highest_rank_that_tensorflow_has(ckptfs, tmp_path):
    """One tensor that NumPy cannot hold would make all of a safetensors file useless to it."""
    tensors = {f"rank{rank}": (bundle.FLOAT32, [1] * rank, FOUR) for rank in (64, 65, 254)}
    mount = ckptfs.mount(bundle.write(tmp_path / "c", tensors), options="npy")
    assert names_in_tensorflow(mount) == set(tensors)
    assert names_in_safetensors(mount) == {"rank64"}
    assert hidden_from(mount, "npy") == hidden_from(mount, "safetensors") == {"rank65", "rank254"}
    assert np.load(mount / "rank64.npy").ndim == 64 and not (mount.path / "rank65.npy").exists()


def test_an_empty_slice_that_is_stored_twice(ckptfs, tmp_path):
    """TensorFlow's process ends at such a list. Slices without elements are not needed."""
    four = FOUR * 4
    made = encoder.Bundle()
    made.put_sliced(b"w", bundle.FLOAT32, [4], [([(0, 2)], four[:8], 0), ([(2, 0)], b"", 0), ([(2, 2)], four[8:], 0)])
    made.records[b"w"] = encoder.bundle_entry(bundle.FLOAT32, [4], slices=[[(0, 2)], [(2, 0)], [(2, 0)], [(2, 2)]])
    made.put_sliced(b"empty", bundle.FLOAT32, [0, 3], [([(0, 0), (0, 3)], b"", 0)])
    mount = ckptfs.mount(made.write(tmp_path / "c"))
    assert names_in_tensorflow(mount) == {"w", "empty"}
    reader = tf.train.load_checkpoint(mount.path)
    assert reader.get_tensor("w").tobytes() == four and reader.get_tensor("empty").shape == (0, 3)


def test_no_place_for_a_numpy_file(ckptfs, tmp_path):
    """Where a variable has the name, or it would be too long."""
    names = ["y", "y.npy", "n" * 253, "plain"]
    mount = ckptfs.mount(bundle.write(tmp_path / "c", {name: (bundle.FLOAT32, [], FOUR) for name in names}), options="npy")
    assert hidden_from(mount, "npy") == {"y", "n" * 253}
    assert {name for name in os.listdir(mount.path) if name.endswith(".npy")} == {"y.npy", "y.npy.npy", "plain.npy"}


def test_types_without_a_name_in_safetensors(ckptfs):
    view = View("dtypes", "identity")
    mount = view.mount(ckptfs)
    hidden = hidden_from(mount, "safetensors")
    assert {"t/complex128", "t/int4", "t/uint4", "t/int2", "t/uint2", "t/float8_e4m3b11fnuz"} <= hidden
    assert hidden_from(mount, "tensorflow") == hidden_from(mount, "npy") == hidden_from(mount, "raw") == set()


def test_strings(ckptfs):
    mount = View("strings", "identity").mount(ckptfs)
    assert hidden_from(mount, "safetensors") == {"none", "scalar", "utf8", "words"}
    assert hidden_from(mount, "tensorflow") == hidden_from(mount, "npy") == set()


def test_a_view_without_tensors_for_safetensors(ckptfs):
    view = View("strings", "identity")
    view.map = "[assignment_map]\nwords = w\n"
    mount = view.mount(ckptfs)
    assert check_layout(mount / "model.safetensors", {}) == set()
    assert load_file(mount / "model.safetensors") == {}
    assert tf.train.load_checkpoint(str(mount.path)).get_tensor("w").reshape(-1).tolist() == view.source["words"].values


def test_variants(ckptfs):
    """A type that only TensorFlow knows is at most in TensorFlow's file."""
    mount = View("variant", "identity").mount(ckptfs)
    assert {"list"} == hidden_from(mount, "safetensors") == hidden_from(mount, "npy") == hidden_from(mount, "raw")
    assert names_in_tensorflow(mount) - hidden_from(mount, "tensorflow") >= {"before", "zz"}


def test_the_index_reads_no_data(ckptfs, tmp_path):
    """An identity view's index comes of what the source's index says."""
    folder = tmp_path / "copy"
    shutil.copytree(golden("sharded").folder, folder)
    mount = ckptfs.mount(folder)
    for path in folder.glob("*.data-*"):
        os.truncate(path, 0)
    assert names_in_tensorflow(mount) == set(View("sharded", "identity").tensors)


def test_the_smallest_tensors(ckptfs, tmp_path):
    """One without elements, a scalar, and one of a byte, side by side."""
    tensors = {"none": (bundle.FLOAT32, [3, 0, 2], b""), "scalar": (bundle.FLOAT32, [], FOUR), "byte": (bundle.INT8, [1], b"\xff")}
    mount = ckptfs.mount(bundle.write(tmp_path / "c", tensors))
    kinds = {bundle.FLOAT32: "float32", bundle.INT8: "int8"}
    assert check_layout(mount / "model.safetensors", {n: Tensor(kinds[d], s, c) for n, (d, s, c) in tensors.items()}) == set(tensors)
    loaded = load_file(mount / "model.safetensors")
    assert {n: (v.shape, v.tobytes()) for n, v in loaded.items()} == {n: (tuple(s), c) for n, (_, s, c) in tensors.items()}
