# SPDX-License-Identifier: Apache-2.0
"""What the tests of .npy and safetensors files share, here and in tests/frameworks. NumPy and the standard library alone."""

import json
import math
import struct

import numpy as np

from support.views import SAFETENSORS, without_object_graph


def header_of(path):
    """The header of a safetensors file, and the offset of its data."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length)), 8 + length


def check_layout(path, tensors):
    """A file that holds just these tensors: aligned, without a gap, and each range with the tensor's bytes."""
    header, start = header_of(path)
    assert header.pop("__metadata__") == {"format": "pt"}
    content = path.read_bytes()
    end = 0
    assert start % 8 == 0
    for name, entry in sorted(header.items(), key=lambda item: (item[1]["data_offsets"], item[0])):
        tensor, (first, last) = tensors[name], entry["data_offsets"]
        assert (entry["dtype"], entry["shape"]) == (SAFETENSORS.get(tensor.dtype, entry["dtype"]), tensor.shape), name
        assert first == end and (start + first) % tensor.array.dtype.itemsize == 0, name
        assert content[start + first : start + last] == tensor.data, name
        end = last
    assert len(content) == start + end
    return set(header)


def shown(view):
    """The tensors that a safetensors file must have."""
    return {name: tensor for name, tensor in view.tensors.items() if tensor.dtype in SAFETENSORS}


def check_names(view, mount, names):
    """All that safetensors has a dtype for is in the file; all else is in the report, with a reason."""
    hidden = without_object_graph({h["name"]: h["reason"] for h in mount.report()["hidden"] if "safetensors" in h["from"]})
    assert set(shown(view)) <= names
    assert names.isdisjoint(hidden) and names | set(hidden) == set(view.tensors)
    assert all(hidden.values())


def check_npy(tensor, loaded):
    """An array that numpy.load gave: types that NumPy proper lacks come as bytes without a meaning, as ml_dtypes writes them."""
    if tensor.values is not None:
        assert loaded.dtype.kind == "S" and loaded.shape == tuple(tensor.shape)
        assert loaded.reshape(-1).tolist() == [value.rstrip(b"\0") for value in tensor.values]
        return
    width = len(tensor.data) // math.prod(tensor.shape) if tensor.data else tensor.array.dtype.itemsize
    assert loaded.dtype == (tensor.array.dtype if tensor.has_numpy_dtype() else np.dtype(f"V{width}"))
    assert loaded.shape == tuple(tensor.shape)
    assert loaded.flags.c_contiguous
    assert loaded.tobytes() == tensor.data
