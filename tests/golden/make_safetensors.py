#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden safetensors files, written by the real library from NumPy's arrays, from PyTorch's tensors, and by huggingface_hub:

    "$(scripts/venv)/bin/python" tests/golden/make_safetensors.py [--out DIR] numpy lists
    "$(scripts/venv frameworks)/bin/python" tests/golden/make_safetensors.py [--out DIR] torch sharded

A case is a folder of tests/golden/safetensors. Its tensors.json has "checkpoint", what is named, and of each tensor name, dtype (the
format's), shape and hex: of the values that the library was given, not of what somebody read back.
"""

import argparse
import json
import pathlib
import shutil

import ml_dtypes
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The format's name: (NumPy's, that of the library's own serialize)
DTYPES = {
    "BOOL": (np.bool_, "bool"), "U8": (np.uint8, "uint8"), "I8": (np.int8, "int8"), "U16": (np.uint16, "uint16"), "I16": (np.int16, "int16"),
    "U32": (np.uint32, "uint32"), "I32": (np.int32, "int32"), "U64": (np.uint64, "uint64"), "I64": (np.int64, "int64"),
    "F16": (np.float16, "float16"), "BF16": (ml_dtypes.bfloat16, "bfloat16"), "F32": (np.float32, "float32"), "F64": (np.float64, "float64"),
    "C64": (np.complex64, "complex64"), "F8_E4M3": (ml_dtypes.float8_e4m3fn, "float8_e4m3fn"),
    "F8_E5M2": (ml_dtypes.float8_e5m2, "float8_e5m2"), "F8_E4M3FNUZ": (ml_dtypes.float8_e4m3fnuz, "float8_e4m3fnuz"),
    "F8_E5M2FNUZ": (ml_dtypes.float8_e5m2fnuz, "float8_e5m2fnuz"), "F8_E8M0": (ml_dtypes.float8_e8m0fnu, "float8_e8m0fnu"),
    "F4": (np.uint8, "float4_e2m1fn_x2"),  # its bytes, each of two elements
}  # fmt: skip


def ramp(dtype, shape):
    """Values that tell their places apart, with infinities and NaN where there are some."""
    count = int(np.prod(shape))
    steps = np.arange(count)
    if dtype is np.bool_:
        return (steps % 3 != 1).reshape(shape)
    if dtype is np.complex64:
        return ((steps - 1) + 1j * (0.25 - steps / 2)).astype(dtype).reshape(shape)
    kind = np.dtype(dtype)
    values = (steps - (0 if kind.kind == "u" else 2)) * (3 if kind.kind in "iu" else 1.5)
    values = (2.0 ** (steps - 2) if dtype is ml_dtypes.float8_e8m0fnu else values).astype(dtype)
    if kind.kind not in "iu" and dtype is not ml_dtypes.float8_e8m0fnu:
        for place, special in (1, np.inf), (4, -np.inf), (5, np.nan):
            if place < count:
                values[place] = special
    return values.reshape(shape)


def row(name, dtype, array, shape=None):
    data = np.ascontiguousarray(array).tobytes()
    return {"name": name, "dtype": dtype, "shape": list(array.shape if shape is None else shape), "hex": data.hex()}


def tell(folder, checkpoint, rows):
    rows = sorted(rows, key=lambda tensor: tensor["name"].encode())
    lines = ",\n".join(json.dumps(tensor, separators=(",", ":")) for tensor in rows)
    (folder / "tensors.json").write_text(f'{{"checkpoint": "{checkpoint}", "tensors": [\n{lines}\n]}}\n', encoding="ascii")


def case_numpy(folder):
    """Every dtype that the library writes, by save_file where that takes NumPy's arrays, and by its serialize."""
    from safetensors import TensorSpec, serialize_file
    from safetensors.numpy import save_file

    arrays = {f"t/{name}": (name, ramp(dtype, [2, 3])) for name, (dtype, _) in DTYPES.items()}
    rows = [row(name, dtype, array, [2, 6] if dtype == "F4" else None) for name, (dtype, array) in arrays.items()]
    specs = {name: TensorSpec(dtype=DTYPES[dtype][1], shape=list(array.shape), data_ptr=array.ctypes.data, data_len=array.nbytes)
             for name, (dtype, array) in arrays.items()}
    serialize_file(specs, folder / "dtypes.safetensors", {"format": "np"})
    tell(folder, "dtypes.safetensors", rows)

    plain = folder / "plain"
    plain.mkdir()
    known = {name: pair for name, pair in arrays.items() if pair[1].dtype.isbuiltin == 1 and pair[0] != "F4"}
    save_file({name: array for name, (_, array) in known.items()}, plain / "model.safetensors")
    tell(plain, ".", [row(name, dtype, array) for name, (dtype, array) in known.items()])


def case_lists(folder):
    """Shapes and names that make trouble, and metadata of all sorts."""
    from safetensors.numpy import save_file

    arrays = {
        "scalar": np.array(-2.5, np.float32), "empty": np.zeros([0], np.float32), "empty_middle": np.zeros([2, 0, 3]), "one": ramp(np.int64, [1]),
        "rank9": ramp(np.int16, [2, 1, 2, 1, 2, 1, 2, 1, 2]), "rank64": ramp(np.float32, [1] * 64), "odd": ramp(np.uint8, [7]),
        "a.b.c": ramp(np.float32, [3]), "a": ramp(np.float32, [2]), "a/b": ramp(np.float32, [2]), "a//b": ramp(np.int8, [2]), "/": ramp(np.int8, [1]),
        "..": ramp(np.int8, [3]), "é ü": ramp(np.int8, [2]), "\U0001f600": ramp(np.int8, [2]), "\u2028": ramp(np.int8, [1]), "quote\"back\\slash/": ramp(np.int8, [1]),
        "tab\tnew\nline\x7f": ramp(np.int8, [1]), "nul\0name": ramp(np.int8, [1]), "__metadata": ramp(np.int8, [1]), "dtype": ramp(np.int8, [1]),
        "100%25": ramp(np.int8, [1]), "n" * 300: ramp(np.int8, [1]),
    }  # fmt: skip
    kinds = {np.dtype(dtype): name for name, (dtype, _) in DTYPES.items() if name != "F4"}
    save_file(arrays, folder / "model.safetensors", {"format": "np", "": "", "text": "\0\"\\\U0001f600" + "x" * 100_000})
    tell(folder, ".", [row(name, kinds[array.dtype], array) for name, array in arrays.items()])


def torch_tensors():
    """(tensor, the format's dtype, the array whose bytes it has) by name: of each dtype that PyTorch and the format have."""
    import torch

    found = {}
    for name, (dtype, theirs) in DTYPES.items():
        kind = getattr(torch, theirs)
        array = ramp(dtype, [4, 6] if name == "F4" else [3, 5])
        tensor = torch.frombuffer(bytearray(array.tobytes()), dtype=torch.uint8).view(kind).reshape(array.shape)
        found[f"layer.{name.lower()}"] = (tensor, name, array)
    return found


def case_torch(folder):
    """Every dtype, from PyTorch's tensors, one of them a transposed view made contiguous."""
    from safetensors.torch import save_file

    made = torch_tensors()
    array = ramp(np.float32, [3, 5])
    made["transposed"] = (made["layer.f32"][0].t().contiguous(), "F32", array.T)
    save_file({name: tensor for name, (tensor, _, _) in made.items()}, folder / "model.safetensors", {"format": "pt"})
    tell(folder, "model.safetensors", [row(name, dtype, a, [4, 12] if dtype == "F4" else None) for name, (_, dtype, a) in made.items()])


def case_sharded(folder):
    """What huggingface_hub makes of a model that it cuts: three files and their index."""
    import torch
    from huggingface_hub import save_torch_state_dict

    arrays = {f"model.layers.{i}.{kind}.weight": ramp(np.float32, [4, 3 + i]) for i in range(6) for kind in ("q", "mlp")}
    save_torch_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()}, folder, max_shard_size=320)
    (folder / "config.json").write_text('{"model_type": "made-up"}\n')
    if len(list(folder.glob("model-*-of-*.safetensors"))) < 3:
        raise SystemExit("huggingface_hub did not cut the model into three files at least")
    tell(folder, ".", [row(name, "F32", array) for name, array in arrays.items()])


CASES = {"numpy": case_numpy, "lists": case_lists, "torch": case_torch, "sharded": case_sharded}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "tests/golden/safetensors")
    parser.add_argument("cases", nargs="+", choices=sorted(CASES))
    args = parser.parse_args()
    for name in args.cases:
        folder = args.out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        CASES[name](folder)


if __name__ == "__main__":
    main()
