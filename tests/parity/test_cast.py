# SPDX-License-Identifier: Apache-2.0
"""Casts give what numpy and ml_dtypes give, but where these round twice.

The program is tests/unit/tensor/cast_table.c: $CAST_TABLE if set, else built here with make (in $CKPTFS_BUILD or build/).
What numpy leaves undefined (floats out of an integer's range) is compared with the rule of src/tensor/cast.h; NaNs are
compared as NaNs with a sign, since numpy keeps payloads."""

import functools
import os
import pathlib
import subprocess

import ml_dtypes
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

FLOATS = ["float64", "float32", "float16", "bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz",
          "float8_e4m3b11fnuz", "float8_e5m2fnuz", "float4_e2m1fn"]
INTEGERS = ["int64", "int32", "int16", "int8", "int4", "int2", "uint64", "uint32", "uint16", "uint8", "uint4", "uint2"]
COMPLEX = ["complex64", "complex128"]
REALS = FLOATS + INTEGERS + ["bool"]

# Pairs that ml_dtypes 0.6 casts through float32, so rounds twice. Ours has to differ there, be the nearer one, and the same
# elsewhere; a pair that is no longer so has to leave the list. From integers only bfloat16 is long enough to be met: what the
# others can hold float32 holds exactly.
TWICE_ROUNDED = {("float64", to) for to in FLOATS[3:]} | {
    (source, "bfloat16") for source in ["int64", "int32", "uint64", "uint32"]}


def dtype(name):
    return np.dtype(getattr(ml_dtypes, name, None) or getattr(np, name, None) or name)


@functools.cache
def program():
    if "CAST_TABLE" in os.environ:
        return os.environ["CAST_TABLE"]
    build = os.environ.get("CKPTFS_BUILD", "build")
    target = f"{build}/tests/cast_table"
    subprocess.run(["make", "--no-print-directory", f"BUILD={build}", target], cwd=ROOT, check=True, capture_output=True)
    return str(ROOT / target)


def run(source, to, mode):
    """The exit status and the elements."""
    done = subprocess.run([program(), source.dtype.name, to, mode], input=source.tobytes(), capture_output=True)
    return done.returncode, np.frombuffer(done.stdout, dtype(to))


def cast(source, to, mode):
    status, got = run(source, to, mode)
    assert status == 0 and len(got) == len(source), (source.dtype, to, mode, status)
    return got


def bits(values):
    return values.view(f"u{values.dtype.itemsize}")


def finest(values):
    """All values of real types as numpy's long double, exactly."""
    if values.dtype.name in FLOATS[2:] or values.dtype.itemsize == 1:
        values = values.astype(np.float32)
    return values.astype(np.longdouble)


def negative(values):
    return bits(values) >> (ml_dtypes.finfo(values.dtype).bits - 1) & 1 == 1


def largest(name):
    return ml_dtypes.finfo(dtype(name)).max


def range_of(name):
    info = ml_dtypes.iinfo(dtype(name))
    return int(info.min), int(info.max)


def same(got, wanted):
    """Elementwise: equal bits, or both NaN with the same sign."""
    equal = bits(got) == bits(wanted)
    if got.dtype.name in FLOATS:
        return equal | (np.isnan(got) & np.isnan(wanted) & (negative(got) == negative(wanted)))
    return equal


def halfway(to, source):
    """Between neighbours of a small float (of those of 16 bits, some), in a wider type, and one bit off that."""
    pattern = np.arange(1 << (ml_dtypes.finfo(dtype(to)).bits - 1)).astype(f"u{dtype(to).itemsize}")
    values = pattern.view(dtype(to)).astype(np.float64)
    values = np.sort(values[np.isfinite(values)])
    step = 1 if len(values) < 256 else 7
    middle = ((values[1:] + values[:-1]) / 2)[::step].astype(source)
    near = np.concatenate([np.nextafter(middle, dtype(source).type(0)), middle, np.nextafter(middle, dtype(source).type(np.inf))])
    return np.concatenate([near, -near])


@functools.cache
def elements(name):
    """All patterns of the types up to 16 bits; chosen and random ones of the others."""
    kind = dtype(name)
    if name == "bool":
        return np.array([False, True])
    if kind.itemsize <= 2:
        count = 1 << (ml_dtypes.iinfo(kind) if name in INTEGERS else ml_dtypes.finfo(kind)).bits
        if name in INTEGERS:
            return np.arange(*(np.array(range_of(name)) + [0, 1])).astype(kind)
        return np.arange(count).astype(f"u{kind.itemsize}").view(kind)
    random = np.random.default_rng(20240229)
    wild = np.frombuffer(random.bytes(20000 * kind.itemsize), kind)
    if name in INTEGERS:
        low, high = range_of(name)
        powers = {1 << k for k in range(64)}
        edges = {sign * (a + b + c) for sign in (1, -1) for a in powers for b in (0, a >> 7, a >> 8, 3 * a >> 8, 3 * a >> 9)
                 for c in (-1, 0, 1)}
        edges = np.array([edge for edge in sorted(edges) if low <= edge <= high], kind)
        return np.concatenate([edges, wild, wild >> kind.type(kind.itemsize * 5)])
    ordinary = random.standard_normal(20000) * 10.0 ** random.uniform(-10, 10, 20000)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1.5, -0.5, 255.9, -128.9, 2.0**31, -(2.0**63)])
    near = [halfway(to, name) for to in FLOATS[2:]]
    return np.concatenate([special.astype(kind), ordinary.astype(kind), wild, *near])


def fits_range(source, to):
    low, high = range_of(to)
    whole = np.trunc(finest(source))
    return np.isfinite(whole) & (whole >= low) & (whole <= high)


def clipped(source, to):
    """The integer type's nearest to the truncated value, 0 for NaN."""
    low, high = range_of(to)
    whole = np.trunc(finest(source))
    whole = np.where(np.isnan(whole), np.longdouble(0), np.clip(whole, np.longdouble(low), np.longdouble(high)))
    return whole.astype(np.uint64 if low == 0 else np.int64).astype(dtype(to))


def check(got, wanted, source):
    wrong = np.flatnonzero(~same(got, wanted))
    if len(wrong):
        i = wrong[0]
        pytest.fail(f"{len(wrong)} of {source.dtype} to {got.dtype}, first {source[i]} ({source[i:i + 1].tobytes().hex()}): "
                    f"{got[i:i + 1].tobytes().hex()}, not {wanted[i:i + 1].tobytes().hex()}")


def check_nearer(source, got, theirs):
    """Where they differ, theirs is what float32 in between makes, and ours is at least as near to the source."""
    differ = np.flatnonzero(~same(got, theirs))
    assert len(differ), f"{source.dtype} to {got.dtype} is no longer rounded twice"
    source, got, theirs = source[differ], got[differ], theirs[differ]
    assert np.all(same(source.astype(np.float32).astype(theirs.dtype), theirs))
    exact = finest(source)
    ours_off, theirs_off = np.abs(finest(got) - exact), np.abs(finest(theirs) - exact)
    # An infinity or NaN stands for the value after the largest, a step beyond it.
    for values, off in ((got, ours_off), (theirs, theirs_off)):
        top = np.longdouble(largest(got.dtype.name))
        below = np.longdouble((bits(np.array([largest(got.dtype.name)], got.dtype)) - 1).astype(bits(got).dtype).view(got.dtype)[0])
        beyond = ~np.isfinite(values)
        off[beyond] = np.abs(np.copysign(2 * top - below, exact[beyond]) - exact[beyond])
    assert np.all(ours_off <= theirs_off)


def to_float(source, to):
    theirs = source.astype(dtype(to))
    got = cast(source, to, "checked")
    if (source.dtype.name, to) in TWICE_ROUNDED:
        check_nearer(source, got, theirs)
    else:
        check(got, theirs, source)

    # Saturated: the same, but what became infinity or NaN from a number.
    wanted = got
    if source.dtype.name in FLOATS:
        over = ~np.isfinite(got) & ~np.isnan(source)
        sign = np.where(negative(source), -1, 1)
    else:
        over = ~np.isfinite(got)
        sign = np.where(finest(source) < 0, -1, 1)
    top = (sign * np.longdouble(largest(to))).astype(np.float64).astype(dtype(to))
    check(cast(source, to, "saturate"), np.where(over, top, wanted).astype(dtype(to)), source)


def float_to_integer(source, to):
    fits = fits_range(source, to)
    inside = source[fits]
    check(cast(inside, to, "checked"), inside.astype(dtype(to)), inside)
    assert run(source, to, "checked")[0] == (0 if fits.all() else 3)
    check(cast(source, to, "saturate"), clipped(source, to), source)
    assert run(source, to, "wrap")[0] == 2


def integer_to_integer(source, to):
    (low, high), (to_low, to_high) = range_of(source.dtype.name), range_of(to)
    wrapped = source.astype(np.int64).astype(dtype(to))  # ml_dtypes has no casts between its small integers
    status, got = run(source, to, "checked")
    if to_low <= low and high <= to_high:
        assert status == 0
        check(got, wrapped, source)
    else:
        assert status == 2
    check(cast(source, to, "wrap"), wrapped, source)
    check(cast(source, to, "saturate"), clipped(source, to), source)


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("name", REALS)
def test_real(name):
    source = elements(name)
    for to in REALS:
        if to == name:
            check(cast(source, to, "checked"), source, source)
        elif to in FLOATS:
            to_float(source, to)
        elif to == "bool":
            check(cast(source, to, "checked"), source.astype(bool), source)
        elif name in FLOATS:
            float_to_integer(source, to)
        elif name in INTEGERS:
            integer_to_integer(source, to)
        else:
            check(cast(source, to, "checked"), source.astype(dtype(to)), source)


@pytest.mark.parametrize("to", COMPLEX)
@pytest.mark.parametrize("name", REALS)
def test_real_to_complex(name, to):
    source = elements(name)
    part = "float32" if to == "complex64" else "float64"
    got = cast(source, to, "checked").view(dtype(part)).reshape(-1, 2)
    wanted = source if part == name else cast(source, part, "checked")
    if part == name:  # not copied: a NaN becomes the canonical one
        check(np.ascontiguousarray(got[:, 0]), wanted, source)
    else:
        assert np.array_equal(bits(np.ascontiguousarray(got[:, 0])), bits(wanted))
    assert not bits(np.ascontiguousarray(got[:, 1])).any()


@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name):
    part = "float32" if name == "complex64" else "float64"
    values = elements(part)
    source = np.stack([values, np.roll(values, 1)], axis=1).reshape(-1).view(dtype(name))
    other, other_part = ("complex128", "float64") if name == "complex64" else ("complex64", "float32")
    got = cast(source, other, "checked").view(dtype(other_part))
    check(got, source.astype(dtype(other)).view(dtype(other_part)), source.view(dtype(part)))
    check(cast(source, "bool", "checked"), source.astype(bool), source)
    for to in FLOATS + INTEGERS:
        assert run(source[:1], to, "saturate")[0] == 2
