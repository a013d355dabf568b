#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make tests/golden/big_endian: a bundle as a big-endian machine writes it, which no TensorFlow at hand does.

    scripts/make-big-endian.py [DIRECTORY]

The header says endianness BIG (field 2 = 1); data are swapped in units of 2, 4 or 8 bytes, complex ones as two units;
tensors follow each other unaligned, as BundleWriter puts them. The checksum of a tensor is over the bytes in the file.
The encoder is that of the tool tests, which shares nothing with src/."""

import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "tool"))
sys.dont_write_bytecode = True

import toolkit as kit  # noqa: E402

# name: (dtype number, its name, struct format, shape, values)
TENSORS = {
    "a/bool": (10, "bool", "?", [3], [True, False, True]),
    "b/float": (1, "float32", "f", [2, 3], [1.5, -2.0, 3.25, 0.0, 1e30, -1e-30]),
    "c/half": (19, "float16", "e", [5], [1.0, -2.0, 0.5, 65504.0, 0.0]),
    "d/int8": (6, "int8", "b", [1], [-5]),
    "e/double": (2, "float64", "d", [2], [3.141592653589793, -1e300]),
    "f/complex64": (8, "complex64", "f", [2], [1.0, -2.0, 3.0, 4.5]),
    "g/complex128": (18, "complex128", "d", [1], [0.25, -8.0]),
    "h/int64": (9, "int64", "q", [], [-(2**62) - 3]),
    "i/uint16": (17, "uint16", "H", [3], [1, 0x1234, 0xff00]),
    "j/int32": (3, "int32", "i", [4], [1, -1, 0x01020304, -0x01020304]),
    "k/empty": (1, "float32", "f", [0, 2], []),
}


def main():
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "golden" / "big_endian"
    directory.mkdir(parents=True, exist_ok=True)
    big = {name.encode(): (number, shape, struct.pack(f">{len(values)}{code}", *values))
           for name, (number, _, code, shape, values) in TENSORS.items()}
    kit.write_checkpoint(directory / "big.ckpt", big, endianness=1)
    rows = []
    for name, (_, dtype, code, shape, values) in sorted(TENSORS.items()):
        data = struct.pack(f"<{len(values)}{code}", *values)
        rows.append(f'{{"name":"{name}","dtype":"{dtype}","shape":{shape},"bytes":{len(data)},"hex":"{data.hex()}"}}')
    (directory / "truth.json").write_text(
        '{"checkpoint": "big.ckpt", "prefix": "big.ckpt", "tensors": [\n' + ",\n".join(rows) + "\n]}\n")


if __name__ == "__main__":
    main()
