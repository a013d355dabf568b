# SPDX-License-Identifier: Apache-2.0
"""Files of all kinds hold the same values under maps with operations: random chains (parity/operations), whose values NumPy makes. Each view is
read by TensorFlow, the safetensors library and NumPy, from a mount and from exports, under options that lay its files out in different ways."""

import subprocess

import numpy as np
import pytest
import tensorflow as tf
from safetensors import deserialize

from parity.operations import chains
from support.paths import TOOL
from support.views import CUTTABLE, SAFETENSORS, Tensor

from .test_tensorflow import restore

CHAINS = 60
LAYOUTS = {  # lines of [view], -o options, the name of TensorFlow's files
    "default": ("", "", "model"),
    "compact": ("shards = compact\nname = small", "verify", "small"),
    "cut": ("shard_size = 20KB\nsafetensors = cut", "npy", "model"),
    "savedmodel": ("layout = savedmodel\nfiles = npy, tensorflow", "noverify", "variables/variables"),
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    saved = chains.variables(1)
    prefix = str(tmp_path_factory.mktemp("chains") / "model")
    names = list(saved)
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=[tf.constant(saved[n]) for n in names])
    return prefix, saved


def joined(rule, parts):
    """The variable of a rule that ends in a partition: its value, the axis that is cut."""
    counts = [int(n) for n in rule.rpartition("partition ")[2].split(",")]
    axis = max(range(len(counts)), key=counts.__getitem__)
    return np.concatenate(parts, axis), axis


def make(seed, saved, folder):
    """The lines of a map, and what it makes: {name: (value, axis of parts or None, parts)}."""
    lines, variables = [], {}
    for number in range(CHAINS):
        rules, targets = chains.chain_of(seed, number, saved, folder)
        if any(isinstance(value, chains.Unfit) for value in targets.values()):
            continue
        lines += rules
        if rules[-1].rpartition("| ")[2].startswith("partition"):
            parts = list(targets.values())
            variables[f"t{number}"] = (*joined(rules[-1], parts), parts)
        else:
            variables |= {name: (np.ascontiguousarray(value).reshape(value.shape), None, [value]) for name, value in targets.items()}
    return lines, variables


def same(data, value):
    return len(data) == value.nbytes and chains.same(np.frombuffer(data, value.dtype).reshape(value.shape), value)


def spec(value, axis, start, length):
    extents = [f"{start},{length}" if i == axis else f"0,{n}" for i, n in enumerate(value.shape)]
    return " ".join(map(str, value.shape)) + " " + ":".join(extents)


def check_raw(path, name, variable):
    value, axis, parts = variable
    if axis is None:
        assert same((path / name).read_bytes(), value), name
    for i, part in enumerate(parts if axis is not None else []):
        assert same((path / name / f"part_{i}").read_bytes(), part), (name, i)


def check_npy(path, name, variable, with_parts):
    value, axis, parts = variable
    files = [(f"{path / name}.npy", value)] + [(f"{path / name}/part_{i}.npy", part) for i, part in enumerate(parts) if axis is not None and with_parts]
    for file, expected in files:
        got = np.load(file)
        assert got.shape == expected.shape and same(got.tobytes(), expected), file


def check_tensorflow(prefix, name, variable):
    value, axis, parts = variable
    tensor = Tensor(chains.name_of(value.dtype), value.shape, value.tobytes())
    if axis is None or tensor.dtype in CUTTABLE:
        assert chains.same(np.asarray(restore(prefix, name, tensor)), value), name
    start = 0
    for part in parts if axis is not None else []:
        got = restore(prefix, name, tensor, spec(value, axis, start, part.shape[axis]))
        assert chains.same(np.asarray(got), np.ascontiguousarray(part)), (name, start)
        start += part.shape[axis]


def check_safetensors(files, variables):
    found = {name: entry for file in files for name, entry in deserialize(file.read_bytes())}
    expected = {name: value for name, (value, _, _) in variables.items() if chains.name_of(value.dtype) in SAFETENSORS}
    assert {name for name in found if not found[name]["dtype"].endswith("FNUZ")} == set(expected)
    for name, value in expected.items():
        assert found[name]["dtype"] == SAFETENSORS[chains.name_of(value.dtype)] and found[name]["shape"] == list(value.shape), name
        assert same(bytes(found[name]["data"]), value), name


def export(kind, ini, prefix, folder):
    done = subprocess.run([TOOL, "export", "-q", "--format", kind, "-m", ini, prefix, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", ["agree-1", "agree-2"])
def test_all_kinds_agree(ckptfs, tmp_path, checkpoint, seed, layout):
    prefix, saved = checkpoint
    view, options, name = LAYOUTS[layout]
    lines, variables = make(seed, saved, tmp_path)
    assert len(variables) > CHAINS / 2
    ini = tmp_path / "map.ini"
    ini.write_text("\n".join(["[assignment_map]", *lines, "[view]", view, ""]))
    path = ckptfs.mount(prefix, map=ini, options=options).path
    for variable, made in variables.items():
        check_raw(path, variable, made)
        check_npy(path, variable, made, True)
        check_tensorflow(str(path / name), variable, made)
    if layout != "savedmodel":
        check_safetensors(sorted(path.glob("*.safetensors")), variables)


@pytest.mark.parametrize("seed", ["agree-3"])
def test_exports_agree(tmp_path, checkpoint, seed):
    prefix, saved = checkpoint
    lines, variables = make(seed, saved, tmp_path)
    ini = tmp_path / "map.ini"
    ini.write_text("\n".join(["[assignment_map]", *lines, "[view]", "shard_size = 60KB", ""]))
    check_safetensors(sorted(export("safetensors", ini, prefix, tmp_path / "safetensors").glob("*.safetensors")), variables)
    tensorflow = export("tf", ini, prefix, tmp_path / "tf")
    npy = export("npy", ini, prefix, tmp_path / "npy")
    raw = export("raw", ini, prefix, tmp_path / "raw")
    for variable, made in variables.items():
        check_raw(raw, variable, made)
        check_npy(npy, variable, made, False)
        check_tensorflow(str(tensorflow / "model"), variable, made)
