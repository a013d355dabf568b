# SPDX-License-Identifier: Apache-2.0
"""The dtypes that the cases are made of, by TensorFlow's Python names."""

SIZES = {
    "float32": 4, "float64": 8, "int32": 4, "uint8": 1, "int16": 2, "int8": 1, "complex64": 8, "int64": 8, "bool": 1,
    "qint8": 1, "quint8": 1, "qint32": 4, "bfloat16": 2, "uint16": 2, "complex128": 16, "float16": 2, "uint32": 4,
    "uint64": 8, "quint16": 2, "qint16": 2, "float8_e5m2": 1, "float8_e4m3fn": 1, "int4": 1, "uint4": 1, "int2": 1,
    "uint2": 1, "float4_e2m1fn": 1,
}

# One byte an element, of which only some values exist: (lowest, highest) as they are stored, sign-extended.
NARROW = {"bool": (0, 1), "int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3), "float4_e2m1fn": (0, 15)}

# What TensorFlow 2.21 has Assign kernels for. The rest can be in a checkpoint, but no variable can be restored from it.
BOTH = ["float32", "float64", "int32", "uint8", "int16", "int8", "complex64", "int64", "bool", "qint8", "quint8", "qint32",
        "bfloat16", "uint16", "complex128", "float16", "uint32", "uint64"]
KINDS = {
    "resource": BOTH + ["float8_e5m2", "float8_e4m3fn", "int4", "uint4", "int2", "uint2", "float4_e2m1fn"],
    "reference": BOTH + ["quint16"],
}


def elements(shape):
    count = 1
    for size in shape:
        count *= size
    return count


def random_bytes(rng, dtype, shape):
    count = elements(shape)
    if dtype in NARROW:
        low, high = NARROW[dtype]
        return bytes(rng.randint(low, high) & 0xFF for _ in range(count))
    return rng.randbytes(count * SIZES[dtype])


def cut(data, dtype, shape, start, size):
    """The bytes of the box that begins at `start` and has `size` elements along each axis."""
    import numpy as np

    whole = np.frombuffer(data, np.uint8).reshape([*shape, SIZES[dtype]])
    return whole[tuple(slice(a, a + n) for a, n in zip(start, size))].tobytes()
