# SPDX-License-Identifier: Apache-2.0
"""Files in the safetensors format written by hand, right or wrong, and the goldens that the real library wrote. Standard library only."""

import json
import struct

from support.paths import GOLDEN

# The format's dtypes and TensorFlow's names for them.
NAMES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool", "C64": "complex64", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
}  # fmt: skip


def encode(tensors, metadata=None, padding=0):
    """The file of tensors, name: (dtype, shape, bytes), one after the other in that order."""
    header, at = {}, 0
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode() + b" " * padding
    return struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values())


def write(path, tensors, **more):
    path.write_bytes(encode(tensors, **more))
    return path


class Golden:
    """A golden of make_safetensors.py: what is named, and its tensors."""

    def __init__(self, name):
        self.folder = GOLDEN / "safetensors" / name
        truth = json.loads((self.folder / "tensors.json").read_text(encoding="ascii"))
        self.checkpoint = self.folder / truth["checkpoint"] if truth["checkpoint"] != "." else self.folder
        self.tensors = {t["name"]: (t["dtype"], t["shape"], bytes.fromhex(t["hex"])) for t in truth["tensors"]}
        self.shown = {name: (NAMES[dtype], shape, data) for name, (dtype, shape, data) in self.tensors.items() if dtype in NAMES}


GOLDENS = ["numpy", "numpy/plain", "lists", "torch", "sharded"]
