# SPDX-License-Identifier: Apache-2.0
"""The golden checkpoints are what their truth.json says, as TensorFlow reads them.

These tests do not touch our program: they guard the ground that the others stand on."""

import json
import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
TRUTHS = sorted(path for path in GOLDEN.rglob("truth.json")
                if path.relative_to(GOLDEN).parts[0] not in ("maps", "graphs"))
MAPS = sorted((GOLDEN / "maps").glob("*/truth.json"))


def label(path):
    return str(path.parent.relative_to(GOLDEN))


def load(path):
    truth = json.loads(path.read_text(encoding="ascii"))
    if "same_as" in truth:
        truth["tensors"] = load(path.parent / truth["same_as"])["tensors"]
    return truth


def content(row):
    """What a tensor, or a slice of one, holds: hex, or the hex of each string."""
    return row["values"] if "values" in row else row["hex"]


def image(value, dtype):
    """What TensorFlow read, in the same form."""
    if dtype == "string":
        return [element.hex() for element in np.asarray(value, dtype=object).reshape(-1).tolist()]
    return np.asarray(value).tobytes().hex()


def restore(prefix, name, dtype, spec):
    (value,) = tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=[name], shape_and_slices=[spec], dtypes=[tf.as_dtype(dtype)])
    return image(value.numpy(), dtype)


def check_tensor(prefix, reader, tensor):
    name, dtype = tensor["name"], tensor["dtype"]
    if tensor.get("kind") == "variant":
        with pytest.raises(tf.errors.InternalError, match="not convertible to numpy dtype"):
            reader.get_tensor(name)
        return
    if tensor.get("kind") == "broken":
        with pytest.raises((ValueError, tf.errors.OpError), match=re.escape(tensor["error"])):
            reader.get_tensor(name)
        return
    if tensor.get("kind") == "arange":  # too big to be spelt out
        tensor["hex"] = np.arange(np.prod(tensor["shape"]), dtype=dtype).tobytes().hex()
    if dtype != "string":
        assert tensor["bytes"] == len(tensor["hex"]) // 2, name
    if tensor.get("reader") != "slices":
        if tensor.get("reader") == "RestoreV2":
            found = restore(prefix, name, dtype, "")
        else:
            found = image(reader.get_tensor(name), dtype)
        assert found == content(tensor), name
    for piece in tensor.get("slices", []):
        assert restore(prefix, name, dtype, piece["spec"]) == content(piece), (name, piece["spec"])


def test_there_are_cases():
    assert len(TRUTHS) >= 48
    assert len(MAPS) >= 8


def test_size():
    made = (path for path in GOLDEN.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
    assert sum(path.stat().st_size for path in made) < 4 << 20  # a third of it is one V1 block of 1.2 MB


@pytest.mark.parametrize("path", TRUTHS, ids=label)
def test_tensorflow_reads(path):
    truth = load(path)
    prefix = str(path.parent / truth["prefix"])
    reader = tf.train.load_checkpoint(prefix)
    if not truth.get("listing", True):  # names that are not UTF-8: only the op can read
        with pytest.raises(UnicodeDecodeError):
            reader.get_variable_to_shape_map()
        for tensor in truth["tensors"]:
            name = tensor["name"].encode("utf-8", "surrogateescape")
            assert restore(prefix, name, tensor["dtype"], "") == tensor["hex"], name
        return
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    assert {tensor["name"]: tensor["shape"] for tensor in truth["tensors"]} == shapes
    assert {tensor["name"]: tensor["dtype"] for tensor in truth["tensors"]} == {n: d.name for n, d in dtypes.items()}
    for tensor in truth["tensors"]:
        if truth.get("reads", True):
            check_tensor(prefix, reader, tensor)
        else:
            with pytest.raises(tf.errors.OpError, match="No such file or directory"):
                reader.get_tensor(tensor["name"])


@pytest.mark.parametrize("path", [path for path in TRUTHS if load(path)["checkpoint"] == "."], ids=label)
def test_state_file(path):
    found = tf.train.latest_checkpoint(str(path.parent))
    if path.parent.name == "moved":
        assert found is None
    else:
        assert found == str(path.parent / load(path)["prefix"])


@pytest.mark.parametrize("path", MAPS, ids=label)
def test_map_targets_are_in_the_checkpoint(path):
    """The result of a map is made of bytes of the source: nothing is left that TensorFlow initialized by itself."""
    truth = load(path)
    reader = tf.train.load_checkpoint(str(path.parent / truth["checkpoint"]))
    # A part on axis 0 is a run of bytes of its source; a column of one is not, so those are compared element by element.
    elements = {}
    for name in reader.get_variable_to_shape_map():
        value = np.asarray(reader.get_tensor(name))
        elements.setdefault(value.dtype.name, set()).update(value.reshape(-1).tolist())
    assert truth["targets"]
    for target in truth["targets"]:
        dtype = np.dtype(target["dtype"])
        value = np.frombuffer(bytes.fromhex(target["hex"]), dtype)
        assert value.size == int(np.prod(target["shape"], dtype=np.int64)), target["path"]
        assert value.nbytes == target["bytes"], target["path"]
        assert set(value.tolist()) <= elements[dtype.name], target["path"]
    assert len({target["path"] for target in truth["targets"]}) == len(truth["targets"])
    assert (path.parent / "map.ini").is_file()
