# SPDX-License-Identifier: Apache-2.0
"""ckptool diff against a model of it in NumPy: every dtype, differences of all sizes, NaN and infinities, tolerances."""

import json
import math

import numpy as np
import pytest

from support import arrays
from support.tool import run


def altered(rng, dtype, shape, data):
    """Some elements are others: nearly none, some, or all of them."""
    of = np.dtype(arrays.TYPES[dtype][1])
    old, new = (np.frombuffer(d, np.uint8).reshape(-1, of.itemsize) for d in (data, arrays.stored(rng, dtype, shape)))
    return np.where((rng.random(len(old)) < rng.choice([0, 0.01, 0.5, 1]))[:, None], new, old).tobytes()


def magnitude(x):
    return np.hypot(x.real, x.imag) if x.dtype == np.complex128 else np.abs(x)


def apart(a, b):
    if a.dtype in (np.int64, np.uint64):
        return np.array([float(abs(int(x) - int(y))) for x, y in zip(a, b)])
    return magnitude(a - b)


def model(dtype, left, right, atol, rtol):
    """What --json says of two tensors of one dtype and shape, by the rules of the manual."""
    size = np.dtype(arrays.TYPES[dtype][1]).itemsize
    bits = (np.frombuffer(left, np.uint8).reshape(-1, size) != np.frombuffer(right, np.uint8).reshape(-1, size)).any(axis=1)
    a, b = arrays.numbers(dtype, left), arrays.numbers(dtype, right)
    with np.errstate(all="ignore"):
        finite = np.isfinite(a) & np.isfinite(b)
        same = (np.isnan(a) & np.isnan(b)) | (~finite & (a == b))
        unpaired = ~finite & ~same
        gap, size_b = np.where(finite, apart(a, b), 0), np.where(finite, magnitude(b).astype(np.float64), 0)
        relative = np.where(size_b > 0, gap / np.where(size_b > 0, size_b, 1), 0)
        outside = unpaired | (gap > atol + rtol * size_b)
    wide = np.complex128 if a.dtype == np.complex128 else np.float64
    x, y = (np.where(finite, v, 0).astype(wide).view(np.float64).astype(np.longdouble) for v in (a, b))
    norms = np.sqrt((x * x).sum()) * np.sqrt((y * y).sum())
    return {"first": int(bits.argmax()) if bits.any() else None, "elements": len(a), "differing": int(bits.sum()), "outside": int(outside.sum()),
            "unpaired": int(unpaired.sum()), "absolute": gap.max(), "relative": relative.max(), "cosine": float((x * y).sum() / norms) if norms else None,
            "norm": float(np.sqrt((gap.astype(np.longdouble) ** 2).sum())), "gap": gap, "share": relative}


def flat(index, shape):
    return int(np.ravel_multi_index(index, shape)) if shape else 0


def check(got, want, exact):
    shape = got["a"]["shape"]
    for key in ("elements", "differing", "outside", "unpaired"):
        assert got[key] == want[key], (got["name"], key, got[key], want[key])
    assert (None if got["first"] is None else flat(got["first"], shape)) == want["first"], got["name"]
    for key, of in (("absolute", "gap"), ("relative", "share")):
        value = got[key]["value"]
        assert value == want[key] if exact else math.isclose(value, want[key], rel_tol=1e-14), (got["name"], key, value, want[key])
        if value == 0:
            assert got[key]["index"] is None
        elif exact:
            assert flat(got[key]["index"], shape) == int(want[of].argmax()), (got["name"], key)
    for key in ("cosine", "norm"):
        assert got[key] is want[key] is None or math.isclose(got[key], want[key], rel_tol=1e-12, abs_tol=1e-12), (got["name"], key, got[key], want[key])


def diff(*arguments, status):
    return json.loads(run("diff", "--json", "-q", *arguments, status=status).stdout)


@pytest.mark.parametrize("seed", range(4))
def test_random_arrays_of_all_dtypes(seed, tmp_path):
    rng = np.random.default_rng(100 + seed)
    shapes = [(), (1,), (1025,), (33, 32), (5, 3, 411), (2, 2100)]
    a, b = {}, {}
    for dtype in arrays.TYPES:
        shape = shapes[rng.integers(len(shapes))]
        data = arrays.stored(rng, dtype, shape)
        a[dtype], b[dtype] = (dtype, shape, data), (dtype, shape, altered(rng, dtype, shape, data))
    left, right = arrays.write(tmp_path / "a", a), arrays.write(tmp_path / "b", b)
    same = a == b
    assert same is False
    by_sum, exact = diff(left, right, status=1), diff("--values", left, right, status=1)
    for tolerance in ((0, 0), (1e-2, 0), (1e-3, 0.3)):
        models = {dtype: model(dtype, a[dtype][2], b[dtype][2], *tolerance) for dtype in a}
        ends = int(any(m["outside"] for m in models.values()))
        found = diff("--atol", tolerance[0], "--rtol", tolerance[1], left, right, status=ends)
        for got, plain, summed in zip(found["tensors"], exact["tensors"], by_sum["tensors"]):
            want = models[got["name"]]
            check(got, want, not arrays.is_complex(got["name"]))
            differs = want["differing"] > 0
            assert got["state"] == ("different" if want["outside"] else "within" if differs else "equal")
            assert plain["state"] == ("different" if differs else "equal")
            assert summed["state"] == ("different" if differs else "equal") + "-by-checksum"
        check_total(found["total"], models)


def check_total(total, models):
    for key in ("elements", "differing", "outside", "unpaired"):
        assert total[key] == sum(m[key] for m in models.values())
    for key in ("absolute", "relative"):
        assert math.isclose(total[key]["value"], max(m[key] for m in models.values()), rel_tol=1e-14)
        assert math.isclose(models[total[key]["name"]][key], total[key]["value"], rel_tol=1e-14)
    assert math.isclose(total["norm"], math.sqrt(sum(m["norm"] ** 2 for m in models.values())), rel_tol=1e-12)


def test_exact_differences_of_64_bit_integers(tmp_path):
    a = np.array([2**63 - 1, -(2**63), 2**53 + 1, 7], np.int64)
    b = np.array([-(2**63), 2**63 - 1, 2**53, 7], np.int64)
    prefixes = [arrays.write(tmp_path / name, {"x": ("int64", (4,), v.tobytes())}) for name, v in (("a", a), ("b", b))]
    (got,) = diff("--values", *prefixes, status=1)["tensors"]
    assert got["absolute"] == {"value": 2.0**64, "index": [0]} and got["differing"] == 3
    prefixes[1] = arrays.write(tmp_path / "c", {"x": ("int64", (4,), np.array([2**63 - 1, -(2**63), 2**53, 7], np.int64).tobytes())})
    (got,) = diff("--values", *prefixes, status=1)["tensors"]
    assert got["absolute"] == {"value": 1, "index": [2]}  # both are 2^53 as float64


def test_tensors_of_several_spans_and_maps_of_both_sides(tmp_path):
    rng = np.random.default_rng(9)
    a = rng.standard_normal((7, 100_000)).astype(np.float32)
    b = a.copy()
    b[5, 77_777] += 0.5
    b[2, 3] = np.nextafter(b[2, 3], np.float32(9))
    left = arrays.write(tmp_path / "a", {"old": ("float32", a.shape, a.tobytes())})
    right = arrays.write(tmp_path / "b", {"new": ("float32", a.T.shape, b.T.copy().tobytes())})
    (tmp_path / "a.ini").write_text("[assignment_map]\nold = x\n")
    (tmp_path / "b.ini").write_text("[assignment_map]\nnew = x | transpose\n")
    maps = ("-m", tmp_path / "a.ini", "-M", tmp_path / "b.ini")
    (plain,) = diff(*maps, left, right, status=1)["tensors"]
    assert (plain["name"], plain["state"], plain["first"]) == ("x", "different", [2, 3])
    (got,) = diff("--values", *maps, left, right, status=1)["tensors"]
    check({**got, "outside": 2}, model("float32", a.tobytes(), b.tobytes(), 0, 0), True)
    assert got["absolute"]["index"] == [5, 77_777] and got["differing"] == 2
    assert run("diff", "-q", "--atol", "0.51", *maps, left, right).stdout.startswith(b"within tolerance\tx\t")
    run("diff", "-q", "--atol", "0.49", *maps, left, right, status=1)
    both = diff(left, right, status=1)["tensors"]
    assert [(t["name"], t["state"]) for t in both] == [("new", "only-b"), ("old", "only-a")]
