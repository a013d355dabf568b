# SPDX-License-Identifier: Apache-2.0
"""JAX opens a mount: arrays from the safetensors file, and from the .npy files."""

import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.flax import load_file

from support.numpy_files import check_names
from support.views import VIEWS, View, partitioned, view_ids

jax.config.update("jax_enable_x64", True)  # else it makes 64-bit types 32 bits wide

every_view = pytest.mark.parametrize("golden,kind", VIEWS, ids=view_ids(VIEWS))


@pytest.fixture(autouse=True)
def let_go(ckptfs):
    """An array may be the mapping of a file itself; JAX lets go of what is no longer used when Python collects garbage."""
    yield
    gc.collect()


def check(tensor, value, name):
    assert isinstance(value, jax.Array), name
    assert (value.dtype, list(value.shape)) == (tensor.array.dtype, tensor.shape), name
    assert np.asarray(value).tobytes() == tensor.data, name


def has_float8(tensors):
    return any(tensor.dtype.startswith("float8") for tensor in tensors)


@every_view
def test_load_file(ckptfs, golden, kind):
    view = View(golden, kind)
    if has_float8(view.tensors.values()):  # safetensors gives JAX none: it asks NumPy proper for the type
        view.map, view.tensors = partitioned({name: t for name, t in view.source.items() if not has_float8([t])})
    mount = view.mount(ckptfs)
    loaded = load_file(mount / "model.safetensors")
    check_names(view, mount, set(loaded))
    for name, value in loaded.items():
        check(view.tensors[name], value, name)


@every_view
def test_safe_open(ckptfs, golden, kind):
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    with safe_open(mount / "model.safetensors", framework="flax") as file:
        check_names(view, mount, set(file.keys()))
        for name in file.keys():
            tensor = view.tensors[name]
            if not has_float8([tensor]):
                check(tensor, file.get_tensor(name), name)


@every_view
def test_npy(ckptfs, golden, kind):
    """With ml_dtypes, which JAX brings, the bytes of the types that NumPy lacks get their meaning."""
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    paths = view.variables(mount)
    for name, tensor in view.numeric().items():
        mapped = np.load(str(mount / paths[name]) + ".npy", mmap_mode="r").view(tensor.array.dtype)
        if tensor.dtype not in ("int2", "uint2", "int4", "uint4", "float4_e2m1fn"):  # JAX packs these
            check(tensor, jnp.asarray(mapped), name)
