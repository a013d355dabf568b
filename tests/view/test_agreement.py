# SPDX-License-Identifier: Apache-2.0
"""Files of all kinds hold the same values: seeded random checkpoints, in slices or not, under maps that cut them anew and put other tensors
in place of single parts. The values are those that were given to TensorFlow."""

import random

import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load_file

from support.views import CUTTABLE, Tensor

from .test_tensorflow import restore

DTYPES = ["float32", "float16", "int64", "uint16", "bool"]


def cuts(length, count):
    """(start, length) of each of `count` parts of an axis."""
    sizes = [length // count + (i < length % count) for i in range(count)]
    return [(sum(sizes[:i]), sizes[i]) for i in range(count)]


def box(shape, axis, start, length):
    return tuple(slice(start, start + length) if i == axis else slice(None) for i in range(len(shape)))


def spec(shape, axis, start, length):
    extents = [f"{start},{length}" if i == axis else f"0,{n}" for i, n in enumerate(shape)]
    return " ".join(map(str, shape)) + " " + ":".join(extents)


class Case:
    """What is saved (names, specs, values), the lines of the map, and the variables with their parts and values."""

    def __init__(self, seed):
        self.rng, self.values = random.Random(seed), np.random.default_rng(seed)
        self.saved, self.rules, self.declared, self.variables = ([], [], []), [], [], {}
        for i in range(6):
            self.add(f"t/v{i}")

    def array(self, dtype, shape):
        return self.values.integers(0, 2 if dtype == "bool" else 30000, shape).astype(dtype)

    def save(self, name, value):
        """Whole, or in slices along either axis."""
        axis, count = self.rng.randrange(2), self.rng.choice([1, 1, 2, 3])
        count = min(count, value.shape[axis])
        for start, length in cuts(value.shape[axis], count):
            self.saved[0].append(name)
            self.saved[1].append(spec(value.shape, axis, start, length) if count > 1 else "")
            self.saved[2].append(tf.constant(value[box(value.shape, axis, start, length)]))

    def add(self, name):
        dtype, shape = self.rng.choice(DTYPES), [self.rng.randint(2, 7), self.rng.randint(1, 4)]
        axis = self.rng.choice([i for i in (0, 1) if shape[i] > 1])
        count = self.rng.randint(2, min(4, shape[axis]))
        value = self.array(dtype, shape)
        source = name.replace("t/", "s/")
        self.save(source, value)
        self.rules.append(f"{source} = {name}")
        partition = ",".join(str(count if i == axis else 1) for i in (0, 1))
        self.declared.append(f"{name} = {dtype} {shape} | partition {partition}")
        for part, (start, length) in enumerate(cuts(shape[axis], count)):
            if self.rng.random() < 0.3:  # this part is another tensor, which wins: its rule comes later
                where = box(shape, axis, start, length)
                other = self.array(dtype, value[where].shape)
                self.save(f"x/{name}/{part}", other)
                self.rules.append(f"x/{name}/{part} = {name}/part_{part}")
                value = value.copy()
                value[where] = other
        self.variables[name] = (value, axis, cuts(shape[axis], count))


@pytest.mark.parametrize("shards", ["source", "compact"])
@pytest.mark.parametrize("seed", range(12))
def test_all_kinds_agree(ckptfs, tmp_path, seed, shards):
    case = Case(seed)
    prefix = str(tmp_path / "model.ckpt")
    names, specs, values = case.saved
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=specs, tensors=values)
    ini = tmp_path / "map.ini"
    ini.write_text("\n".join(["[assignment_map]", *case.rules, "[variables]", *case.declared, f"[view]\nshards = {shards}\n"]))
    mount = ckptfs.mount(prefix, map=ini)
    loaded = load_file(mount / "model.safetensors")
    assert set(loaded) == set(case.variables)
    for name, (value, axis, parts) in case.variables.items():
        tensor = Tensor(value.dtype.name, value.shape, value.tobytes())
        assert np.array_equal(loaded[name], value), name
        assert np.array_equal(np.load(f"{mount / name}.npy"), value), name
        for i, (start, length) in enumerate(parts):
            piece = value[box(value.shape, axis, start, length)]
            assert mount.read(f"{name}/part_{i}") == piece.tobytes(), (name, i)
            assert np.array_equal(restore(str(mount / "model"), name, tensor, spec(value.shape, axis, start, length)), piece), (name, i)
        if tensor.dtype in CUTTABLE:
            assert np.array_equal(restore(str(mount / "model"), name, tensor), value), name
