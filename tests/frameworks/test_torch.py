# SPDX-License-Identifier: Apache-2.0
"""PyTorch opens a mount: the safetensors file by load_file and safe_open, the .npy files mapped."""

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from support.numpy_files import check_names
from support.views import VIEWS, View, view_ids

every_view = pytest.mark.parametrize("golden,kind", VIEWS, ids=view_ids(VIEWS))


def bytes_of(value):
    return value.reshape(-1).view(torch.uint8).numpy().tobytes()


def check(tensor, value, name):
    if tensor.dtype.startswith("q"):  # torch's own are another thing: they are their integers
        assert value.dtype == getattr(torch, tensor.dtype[1:]), name
    else:
        assert value.dtype == getattr(torch, tensor.dtype), name
    assert list(value.shape) == tensor.shape, name
    assert bytes_of(value) == tensor.data, name


@every_view
def test_load_file(ckptfs, golden, kind):
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    loaded = load_file(mount / "model.safetensors")
    check_names(view, mount, set(loaded))
    for name, value in loaded.items():
        check(view.tensors[name], value, name)


@every_view
def test_safe_open(ckptfs, golden, kind):
    """Tensor by tensor, and slices of them."""
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    with safe_open(mount / "model.safetensors", framework="pt", device="cpu") as file:
        assert file.metadata() == {"format": "pt"}
        check_names(view, mount, set(file.keys()))
        for name in file.keys():
            tensor = view.tensors[name]
            check(tensor, file.get_tensor(name), name)
            if tensor.shape and tensor.shape[0] > 1:
                cut = file.get_slice(name)
                assert cut.get_shape() == tensor.shape
                check(tensor.part(0, 1, tensor.shape[0] - 1), cut[1:], name)


def test_shards(ckptfs):
    view = View("sharded", "mixed")
    mount = view.mount(ckptfs, view="shard_size = 100")
    found = {}
    for path in mount.path.glob("model-*.safetensors"):
        found.update(load_file(path))
    assert set(found) == set(view.tensors)
    for name, value in found.items():
        check(view.tensors[name], value, name)


# How NumPy hands over what it has no type for: as integers of the same width.
CARRIER = {1: np.uint8, 2: np.uint16}


@every_view
@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_mapped_npy(ckptfs, golden, kind):
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    paths = view.variables(mount)
    for name, tensor in view.numeric().items():
        mapped = np.load(str(mount / paths[name]) + ".npy", mmap_mode="r")
        if tensor.has_numpy_dtype():
            check(tensor, torch.from_numpy(mapped), name)
        elif hasattr(torch, tensor.dtype) and not tensor.dtype.startswith(("int", "uint", "float4")):
            check(tensor, torch.from_numpy(mapped.view(CARRIER[mapped.dtype.itemsize])).view(getattr(torch, tensor.dtype)), name)
        else:
            assert mapped.tobytes() == tensor.data, name


def test_a_raw_file_as_storage(ckptfs):
    """torch.from_file maps a file as it is: the raw files have no header."""
    view = View("sharded", "identity")
    mount = view.mount(ckptfs)
    for name, tensor in view.tensors.items():
        count = int(np.prod(tensor.shape))
        value = torch.from_file(str(mount / name), shared=False, size=count, dtype=getattr(torch, tensor.dtype))
        check(tensor, value.reshape(tensor.shape), name)
