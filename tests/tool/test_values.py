# SPDX-License-Identifier: Apache-2.0
"""ckptool cat --text: the text parses back to the very bits of the truth."""

import json
import math
import re
import struct

import pytest

from support.bundle import write_checkpoint
from support.paths import GOLDEN
from support.tool import is_shown, out, truth

SMALL = {  # exponent bits, mantissa bits, bias, kind
    "float16": (5, 10, 15, "ieee"), "bfloat16": (8, 7, 127, "ieee"), "float8_e5m2": (5, 2, 15, "ieee"),
    "float8_e4m3fn": (4, 3, 7, "fn"), "float8_e4m3fnuz": (4, 3, 8, "fnuz"), "float8_e4m3b11fnuz": (4, 3, 11, "fnuz"),
    "float8_e5m2fnuz": (5, 2, 16, "fnuz"), "float4_e2m1fn": (2, 1, 1, "none")}
FORMATS = {"float32": "f", "float64": "d", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H",
           "uint32": "I", "uint64": "Q", "qint8": "b", "qint16": "h", "qint32": "i", "quint8": "B", "quint16": "H",
           "complex64": "ff", "complex128": "dd", "bool": "B", "int4": "B", "uint4": "B", "int2": "B", "uint2": "B"}


def decode_small(kind, bits):
    exponent_bits, mantissa_bits, bias, specials = kind
    sign = -1 if bits >> (exponent_bits + mantissa_bits) & 1 else 1
    magnitude = bits & (1 << exponent_bits + mantissa_bits) - 1
    exponent, mantissa = divmod(magnitude, 1 << mantissa_bits)
    if specials == "ieee" and exponent == (1 << exponent_bits) - 1:
        return math.nan if mantissa else sign * math.inf
    if specials == "fn" and magnitude == (1 << exponent_bits + mantissa_bits) - 1 or \
            specials == "fnuz" and sign < 0 and magnitude == 0:
        return math.nan
    if exponent == 0:
        return math.copysign(math.ldexp(mantissa, 1 - bias - mantissa_bits), sign)
    return sign * math.ldexp((1 << mantissa_bits) + mantissa, exponent - bias - mantissa_bits)


def elements(dtype, raw):
    """Python values of the bytes."""
    if dtype in SMALL:
        width = 2 if dtype.endswith("16") else 1
        return [decode_small(SMALL[dtype], int.from_bytes(raw[i:i + width], "little")) for i in range(0, len(raw), width)]
    values = list(struct.iter_unpack("<" + FORMATS[dtype], raw))
    if dtype.startswith("complex"):
        return [complex(*v) for v in values]
    values = [v[0] for v in values]
    if dtype == "bool":
        return [bool(v) for v in values]
    if dtype in ("int4", "int2", "uint4", "uint2"):
        bits = int(dtype[-1])
        values = [v & (1 << bits) - 1 for v in values]
        return [v - (1 << bits) if dtype[0] == "i" and v >> (bits - 1) else v for v in values]
    return values


def read_back(dtype, text, value):
    """What the text means in that dtype; for small floats, the pattern's value nearest to it."""
    if dtype == "bool":
        return {"True": True, "False": False}[text]
    if dtype.startswith("complex"):
        parsed = complex(text)
        return complex(*struct.unpack("<ff", struct.pack("<ff", parsed.real, parsed.imag))) if dtype == "complex64" else parsed
    if dtype == "float32":
        return struct.unpack("<f", struct.pack("<f", float(text)))[0]
    if dtype in SMALL:
        if not math.isfinite(float(text)):
            return float(text)
        exponent_bits, mantissa_bits, _, _ = SMALL[dtype]
        every = (decode_small(SMALL[dtype], b) for b in range(1 << 1 + exponent_bits + mantissa_bits))
        return min((v for v in every if math.isfinite(v)), key=lambda v: (abs(v - float(text)), math.copysign(1, v) != math.copysign(1, float(text))))
    return float(text) if dtype == "float64" else int(text)


def same(a, b):
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, float):
        return math.isnan(a) and math.isnan(b) or a == b and math.copysign(1, a) == math.copysign(1, b)
    return a == b


def nest(values, shape):
    """NumPy's brackets around texts."""
    if not shape:
        return values[0]
    if 0 in shape:
        return "[]"
    step = len(values) // shape[0]
    rows = [nest(values[i * step:(i + 1) * step], shape[1:]) for i in range(shape[0])]
    if len(shape) == 1:
        return "[" + " ".join(rows) + "]"
    gap = "\n" * (len(shape) - 1) + " "
    return "[" + gap.join(row.replace("\n ", "\n  ").replace("\n[", "\n [") for row in rows) + "]"


@pytest.mark.parametrize("folder", ["dtypes", "demo", "shapes", "parts", "sharded", "slots"])
def test_text_reads_back_as_the_truth(folder):
    prefix, tensors = truth(folder)
    for tensor in filter(is_shown, tensors):
        text = out("cat", "--text", prefix, tensor["name"]).decode()
        words = re.sub(r"[\[\]]", " ", text).split()
        values = elements(tensor["dtype"], bytes.fromhex(tensor["hex"]))
        assert len(words) == len(values)
        for word, value in zip(words, values):
            assert same(read_back(tensor["dtype"], word, value), value), (tensor["name"], word, value)
        assert text.count("[") == text.count("]")
        assert re.sub(r"\s+", " ", text.strip()) == re.sub(r"\s+", " ", nest(words, tensor["shape"]))


def test_text_of_float32_is_short(tmp_path):
    values = [0.1, 1e-7, 3.4028235e38, 1.17549435e-38, 16777216, 1 / 3]
    prefix = write_checkpoint(tmp_path / "c", {b"v": (1, [6], struct.pack("<6f", *values))})
    assert out("cat", "--text", prefix, "v") == \
        b"[0.1 1e-07 3.4028235e+38 1.1754944e-38 16777216.0 0.33333334]\n"


def test_text_nests():
    assert out("cat", "--text", GOLDEN / "dtypes" / "dtypes.ckpt", "t/int32") == b"[[-2 1 4]\n [7 10 13]]\n"
    shapes = GOLDEN / "shapes" / "shapes.ckpt"
    assert out("cat", "--text", shapes, "scalar") == b"-2.5\n"
    assert out("cat", "--text", shapes, "empty") == b"[]\n"


def test_text_of_several_has_headers():
    text = out("cat", "--text", GOLDEN / "demo", "global_step", "some_scope/layer/bias").decode()
    assert text == "global_step (int64) []\n1000\n\nsome_scope/layer/bias (float32) [5]\n[-2.0 -1.0 0.0 1.0 2.0]\n"


def test_text_headers_make_names_visible(tmp_path):
    prefix = write_checkpoint(tmp_path / "c", {b"a\x1b[31m": (4, [], b"\1"), b"b": (4, [], b"\2")})
    assert out("cat", "--text", prefix, "a\x1b[31m", "b").startswith(b"a\\x1b[31m (uint8) []\n1\n")


@pytest.mark.parametrize("limit, text", [(0, "[...]"), (2, "[-2 1 ...]"), (7, "[-2 1 4 7 10 13 16]"), (99, "[-2 1 4 7 10 13 16]")])
def test_text_limit(limit, text):
    assert out("cat", "--text", "--limit", limit, GOLDEN / "shapes" / "shapes.ckpt", "vector").decode() == text + "\n"


def test_text_of_parts_is_that_of_the_bytes():
    map_path = GOLDEN / "maps" / "partition_axis_1" / "map.ini"
    data = json.loads((map_path.parent / "truth.json").read_text())
    for target in data["targets"]:
        words = re.sub(r"[\[\]]", " ", out("cat", "--text", "-m", map_path, GOLDEN / "demo", target["path"]).decode()).split()
        assert [float(w) for w in words] == elements(target["dtype"], bytes.fromhex(target["hex"]))
