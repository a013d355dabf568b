# SPDX-License-Identifier: Apache-2.0
"""ckptool stat against NumPy: every dtype, with NaN and infinities; counts and extremes exactly, sums to 1e-12."""

import fractions
import json
import math

import numpy as np
import pytest

from support import arrays
from support.tool import run, truth

EXACT = ("elements", "zeros", "nan", "infinite")


def bins_of(least, most):
    """The rule of the histogram's bins, as the manual has it: the exponent k, and the first bin's number."""
    largest = max(abs(least), abs(most))
    k = max(math.frexp(largest)[1] - 1 - 20, -1074) if largest else -1074
    low, high = (int(fractions.Fraction(x) * 2**1074) for x in (least, most))  # exact: every number is a multiple of 2^-1074
    while (high >> (k + 1074)) - (low >> (k + 1074)) > 7:
        k += 1
    return k, low >> (k + 1074)


def model(dtype, data):
    values = arrays.numbers(dtype, data)
    if values.dtype == np.complex128:
        nan = np.isnan(values)
        values = np.where(nan, np.nan, np.hypot(values.real, values.imag))
    wide = values.astype(np.float64)
    finite = values[np.isfinite(wide)]
    found = {"elements": len(values), "zeros": int((values == 0).sum()), "nan": int(np.isnan(wide).sum()), "infinite": int(np.isinf(wide).sum())}
    if not len(finite):
        return {**found, **dict.fromkeys(("minimum", "maximum", "mean", "deviation", "norm", "histogram"))}
    wide = finite.astype(np.float64)
    precise = wide.astype(np.longdouble)
    k, first = bins_of(float(wide.min()), float(wide.max()))
    edges = [math.ldexp(first + i, k) for i in range(9)]
    counts = [int(((wide >= low) & (wide < high)).sum()) for low, high in zip(edges, edges[1:])]
    return {**found, "minimum": finite.min().item(), "maximum": finite.max().item(), "mean": float(precise.mean()),
            "deviation": float(precise.std()), "norm": float(np.sqrt((precise * precise).sum())), "histogram": {"edges": edges, "counts": counts}}


def check(got, want):
    for key in EXACT:
        assert got[key] == want[key], (got["name"], key)
    for key in ("minimum", "maximum", "histogram"):
        if got["dtype"] == "complex128" and want[key] is not None:  # NumPy's hypot may be another in the last bit
            continue
        assert got[key] == want[key], (got["name"], key, got[key], want[key])
    for key in ("mean", "deviation", "norm"):
        if want[key] is None or (key != "mean" and want["norm"] > 1e150):  # the squares overflow, as NumPy's do
            assert got[key] is None
        else:
            scale = abs(want["norm"]) / math.sqrt(max(1, want["elements"])) if key == "mean" else abs(want["norm"])
            assert abs(got[key] - want[key]) <= 1e-12 * scale + 1e-160, (got["name"], key, got[key], want[key])


def stat(*arguments, **how):
    return {t["name"]: t for t in json.loads(run("stat", "--json", "-q", *arguments, **how).stdout)["tensors"]}


@pytest.mark.parametrize("seed", range(4))
def test_random_arrays_of_all_dtypes(seed, tmp_path):
    rng = np.random.default_rng(seed)
    shapes = [(), (1,), (7,), (1023,), (1024,), (33, 32), (5, 3, 411), (0, 4), (2, 2100)]
    tensors = {}
    for dtype in arrays.TYPES:
        shape = shapes[rng.integers(len(shapes))]
        tensors[f"t/{dtype}"] = (dtype, shape, arrays.stored(rng, dtype, shape))
    tensors["all_nan"] = ("float32", (40,), np.full(40, np.nan, np.float32).tobytes())
    tensors["huge"] = ("float64", (3,), np.array([-1.7e308, 1.7e308, 5e-324]).tobytes())
    tensors["tiny"] = ("float64", (3,), np.array([-5e-324, 0, 1e-320]).tobytes())
    tensors["offset"] = ("float64", (5000,), (1e9 + rng.standard_normal(5000)).tobytes())  # where a naive sum of squares is lost
    tensors["wide"] = ("int64", (3,), np.array([-(2**63), 2**63 - 1, 2**53 + 1]).tobytes())
    found = stat(arrays.write(tmp_path / "x", tensors))
    assert list(found) == sorted(tensors)
    for name, (dtype, shape, data) in tensors.items():
        got = found[name]
        assert (got["dtype"], got["shape"], got["bytes"]) == (dtype, list(shape), len(data))
        if not data:
            assert got["elements"] == 0 and "mean" not in got
        elif name == "huge":
            assert (got["minimum"], got["maximum"], got["zeros"]) == (-1.7e308, 1.7e308, 0)
        else:
            check(got, model(dtype, data))


def test_tensors_of_several_spans(tmp_path):
    rng = np.random.default_rng(5)
    values = rng.normal(3, 1e-3, 700_000).astype(np.float32)
    values[[3, 299_999, 600_001]] = 7, np.nan, -np.inf
    data = values.tobytes()
    prefix = arrays.write(tmp_path / "x", {"big": ("float32", (7, 100_000), data)})
    check(stat(prefix)["big"], model("float32", data))
    said = run("stat", "--check", prefix, status=1).stdout
    assert said == b"big [2, 99999]: nan\n"
    # Through a map that moves every element: the same numbers, but for rounding.
    moved = stat("-a", "big = big | transpose", prefix)["big"]
    assert moved["shape"] == [100_000, 7]
    check(moved, model("float32", values.reshape(7, -1).T.tobytes()))


@pytest.mark.parametrize("folder", ["demo", "sliced", "parts", "v1", "big_endian", "unsorted", "sharded", "snappy_v1/v1"])
def test_goldens(folder):
    prefix, tensors = truth(folder)
    found, checked = stat(prefix), 0
    for tensor in tensors:
        if tensor.get("kind") in (None, "whole", "sliced") and tensor["name"] in found and tensor["dtype"] in arrays.TYPES and tensor["hex"]:
            check(found[tensor["name"]], model(tensor["dtype"], bytes.fromhex(tensor["hex"])))
            checked += 1
    assert checked
