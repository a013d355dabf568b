# SPDX-License-Identifier: Apache-2.0
"""Random arrays of every dtype with numbers in all their odd kinds, and checkpoints of them. NumPy, ml_dtypes and the standard library."""

import ml_dtypes
import numpy as np

from support import encoder

# TensorFlow's name: its number, and how NumPy has an element as it is stored.
TYPES = {
    "float32": (1, np.float32), "float64": (2, np.float64), "int32": (3, np.int32), "uint8": (4, np.uint8), "int16": (5, np.int16),
    "int8": (6, np.int8), "complex64": (8, np.complex64), "int64": (9, np.int64), "bool": (10, np.bool_), "qint8": (11, np.int8),
    "quint8": (12, np.uint8), "qint32": (13, np.int32), "bfloat16": (14, ml_dtypes.bfloat16), "qint16": (15, np.int16),
    "quint16": (16, np.uint16), "uint16": (17, np.uint16), "complex128": (18, np.complex128), "float16": (19, np.float16),
    "uint32": (22, np.uint32), "uint64": (23, np.uint64), "float8_e5m2": (24, ml_dtypes.float8_e5m2),
    "float8_e4m3fn": (25, ml_dtypes.float8_e4m3fn), "float8_e4m3fnuz": (26, ml_dtypes.float8_e4m3fnuz),
    "float8_e4m3b11fnuz": (27, ml_dtypes.float8_e4m3b11fnuz), "float8_e5m2fnuz": (28, ml_dtypes.float8_e5m2fnuz),
    "int4": (29, ml_dtypes.int4), "uint4": (30, ml_dtypes.uint4), "int2": (31, ml_dtypes.int2), "uint2": (32, ml_dtypes.uint2),
    "float4_e2m1fn": (33, ml_dtypes.float4_e2m1fn),
}  # fmt: skip


def is_complex(dtype):
    return dtype.startswith("complex")


def stored(rng, dtype, shape, odd=0.02):
    """Random bytes of a tensor: numbers around some mean, some zeros, and of floats NaN and infinities, about `odd` of them."""
    of = np.dtype(TYPES[dtype][1])
    count = int(np.prod(shape))
    if of.kind in "iub" or of.name in ("int4", "uint4", "int2", "uint2"):
        raw = rng.integers(0, 256, count * of.itemsize, dtype=np.uint8)
        if of == np.bool_:
            raw &= 1
        return raw.tobytes()
    values = rng.normal(rng.normal(), 10.0 ** rng.integers(-3, 2), count * (2 if of.kind == "c" else 1))
    values[rng.random(len(values)) < odd] = 0
    for special in (np.nan, np.inf, -np.inf):
        values[rng.random(len(values)) < odd / 3] = special
    with np.errstate(all="ignore"):
        if of.kind == "c":
            return values.astype(np.float32 if of.itemsize == 8 else np.float64).view(of).tobytes()
        return values.astype(of).tobytes()


def numbers(dtype, data):
    """The elements as NumPy computes with them: float64, complex128, or integers as they are (64-bit ones need to be exact)."""
    of = np.dtype(TYPES[dtype][1])
    if of == np.bool_:
        return (np.frombuffer(data, np.uint8) != 0).astype(np.float64)
    array = np.frombuffer(data, of)
    if of.kind == "c":
        return array.astype(np.complex128)
    if of.kind in "iu" and of.itemsize == 8:
        return array
    return array.astype(np.float64)


def write(prefix, tensors):
    """A V2 checkpoint of {name: (dtype, shape, bytes)}."""
    bundle = encoder.Bundle()
    for name, (dtype, shape, data) in tensors.items():
        bundle.put(name.encode("utf-8", "surrogateescape"), TYPES[dtype][0], shape, data)
    return bundle.write(prefix)
