# SPDX-License-Identifier: Apache-2.0
"""Random chains of operations, and what NumPy makes of them.

A chain begins with one or several variables and has up to eight operations; one in four goes on from a step, or ends in several targets.
Elements are compared bit for bit, but for NaNs. Arithmetic is that of docs: float64, from left to right, and one rounding, which NumPy has for
all types but the small floats: of these, chains only compute with bfloat16 and float16, whose one rounding is done here by hand."""

import math
import random

import ml_dtypes
import numpy as np

DTYPES = {
    "float32": np.float32,
    "float64": np.float64,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "int8": np.int8,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "uint16": np.uint16,
    "complex64": np.complex64,
    "bool": np.bool_,
}
FLOATS = ("float32", "float64", "float16", "bfloat16")
SHAPES = [(), (1,), (7,), (4, 6), (3, 4, 5), (2, 3, 4, 2), (1, 5, 1), (0, 3), (12, 10), (2, 2, 2, 2, 2), (1, 2, 1, 3, 2, 2), (64, 33)]
SIZE_MOST, RANK_MOST, STEPS_MOST = 30000, 7, 8


def name_of(dtype):
    return next(name for name, known in DTYPES.items() if dtype == known)


def variables(seed):
    """What is saved: a value for each dtype and shape."""
    rng = np.random.default_rng(seed)
    saved = {}
    for dtype, known in DTYPES.items():
        for i, shape in enumerate(SHAPES):
            values = rng.standard_normal(shape) * 20
            if dtype == "complex64":
                values = values + 1j * rng.standard_normal(shape)
            if dtype in ("uint8", "uint16", "int8", "int32", "int64"):
                values = rng.integers(0, 100, shape)
            saved[f"{dtype}/v{i}"] = np.asarray(values).astype(known)
    return saved


def rounded(values, dtype):
    """float64 values as `dtype`, by one rounding to nearest even."""
    dtype = np.dtype(dtype)
    if dtype in (np.float64, np.float32, np.float16):
        with np.errstate(all="ignore"):
            return values.astype(dtype)
    assert dtype == ml_dtypes.bfloat16
    out = np.empty(values.shape, np.float32)
    for index, x in np.ndenumerate(np.asarray(values)):
        if x == 0 or not math.isfinite(x):
            out[index] = x
            continue
        exponent = max(math.frexp(x)[1] - 8, -133)  # of the last bit: 8 bits of significand, and subnormals
        with np.errstate(over="ignore"):
            out[index] = np.float32(math.ldexp(round(math.ldexp(x, -exponent)), exponent))
    return out.astype(dtype)


class Chain:
    def __init__(self, rng, saved):
        self.rng, self.saved, self.lines = rng, saved, []

    # ---- operations: each gives its text and what it makes of one array, or None where there is nothing to do

    def axis(self, a, more=0):
        return self.rng.randrange(-a.ndim - more, a.ndim + more) if a.ndim + more else None

    def transpose(self, a):
        if self.rng.random() < 0.4:
            return "transpose", lambda x: x.T
        order = list(range(a.ndim))
        self.rng.shuffle(order)
        return ("transpose " + ",".join(map(str, order)), lambda x: np.transpose(x, order)) if order else None

    def slice(self, a):
        if not a.ndim:
            return None
        ranges = []
        for length in a.shape[: self.rng.randint(1, a.ndim)]:
            start, stop = (self.rng.choice([None, self.rng.randint(-length - 1, length + 1)]) for _ in range(2))
            ranges.append(slice(start, stop, self.rng.choice([None, 1, 2, -1, -2, 3])))

        def text(r):
            parts = ["" if n is None else str(n) for n in (r.start, r.stop)]
            return ":".join(parts + ([] if r.step is None else [str(r.step)]))

        return "slice " + ", ".join(map(text, ranges)), lambda x: x[tuple(ranges)]

    def squeeze(self, a):
        ones = [i for i, n in enumerate(a.shape) if n == 1]
        if ones and self.rng.random() < 0.5:
            axis = self.rng.choice(ones)
            return f"squeeze {axis}", lambda x: np.squeeze(x, axis)
        return "squeeze", np.squeeze

    def expand(self, a):
        axis = self.axis(a, 1)
        return f"expand {axis}", lambda x: np.expand_dims(x, axis)

    def reshape(self, a):
        if not a.size:
            return None
        dims, left = [], a.size
        while self.rng.random() < 0.6 and len(dims) < 5:
            dims.append(self.rng.choice([n for n in range(1, 13) if left % n == 0]))
            left //= dims[-1]
        dims.append(left)
        self.rng.shuffle(dims)
        if self.rng.random() < 0.5:
            dims[self.rng.randrange(len(dims))] = -1
        return "reshape " + ",".join(map(str, dims)), lambda x: x.reshape(dims)

    def flip(self, a):
        axis = self.axis(a)
        return (f"flip {axis}", lambda x: np.flip(x, axis)) if axis is not None else None

    def pad(self, a):
        axis = self.axis(a)
        if axis is None or a.dtype == np.bool_:
            return None
        before, after = self.rng.randint(0, 3), self.rng.randint(0, 3)
        widths = [(0, 0)] * a.ndim
        widths[axis] = (before, after)
        return f"pad {axis} {before},{after} 7", lambda x: np.pad(x, widths, constant_values=x.dtype.type(7))

    def broadcast(self, a):
        shape = [self.rng.randint(1, 3) if n == 1 else n for n in a.shape]
        shape = [self.rng.randint(1, 2)] * self.rng.randint(0, 1) + shape
        return ("broadcast " + ",".join(map(str, shape)), lambda x: np.broadcast_to(x, shape)) if shape else None

    def take(self, a):
        axis = self.axis(a)
        if axis is None or not a.shape[axis]:
            return None
        taken = [self.rng.randrange(-a.shape[axis], a.shape[axis]) for _ in range(self.rng.choice([1, 3, 9, 90]))]
        return f"take {axis} " + ",".join(map(str, taken)), lambda x: np.take(x, taken, axis)

    def take_blocks(self, a):
        axis = self.axis(a)
        if axis is None:
            return None
        blocks = self.rng.choice([n for n in range(1, 6) if a.shape[axis] % n == 0])
        taken = [self.rng.randrange(blocks) for _ in range(self.rng.randint(1, 4))]
        return (
            f"take {axis} " + ",".join(map(str, taken)) + f" of {blocks}",
            lambda x: np.concatenate([np.split(x, blocks, axis)[i] for i in taken], axis),
        )

    def cast(self, a):
        dtype = name_of(a.dtype)
        to = {
            "float32": ["float64", "float16", "bfloat16"],
            "float64": ["float32", "float16"],
            "float16": ["float32", "float64"],
            "bfloat16": ["float32", "float64"],
            "float8_e4m3fn": ["float32", "float16", "bfloat16"],
            "int8": ["int32", "int64", "float32", "float16"],
            "uint8": ["int32", "uint16", "float32"],
            "uint16": ["int32", "float32"],
            "int32": ["int64", "float64"],
            "int64": ["float64"],
            "bool": ["int8", "float32"],
            "complex64": [],
        }[dtype]
        if not to:
            return None
        chosen = self.rng.choice(to)
        return f"cast {chosen}", lambda x: x.astype(DTYPES[chosen])

    def arithmetic(self, a):
        dtype, number = name_of(a.dtype), self.rng.choice([2, -3, 0.5, 0.1, 1e-3, -1.5])
        scales = self.rng.random() < 0.5
        text = f"{'scale' if scales else 'add'} {number!r}"
        if dtype == "complex64":

            def compute(x):
                real, imag = x.real.astype(np.float64), x.imag.astype(np.float64)
                out = np.empty(x.shape, np.complex64)
                out.real = (real * number if scales else real + number).astype(np.float32)
                out.imag = (imag * number if scales else imag).astype(np.float32)
                return out

            return text, compute
        if dtype not in FLOATS:
            return None
        return text, lambda x: rounded(x.astype(np.float64) * number if scales else x.astype(np.float64) + number, x.dtype)

    EACH = (transpose, slice, squeeze, expand, reshape, flip, pad, broadcast, take, take_blocks, cast, arithmetic)

    # ---- all values together

    def joined(self, values):
        """One value of several, or None."""
        a = values[0]
        kind = self.rng.choice(["concat", "stack", "sum", "mean", "sub"])
        if kind == "concat" and a.ndim:
            axis = self.axis(a)
            return f"concat {axis}", np.concatenate(values, axis)
        if kind == "stack":
            axis = self.axis(a, 1)
            return f"stack {axis}", np.stack(values, axis)
        if kind in ("sum", "mean", "sub") and name_of(a.dtype) in FLOATS:
            total = values[0].astype(np.float64)
            for value in values[1:]:
                total = total - value.astype(np.float64) if kind == "sub" else total + value.astype(np.float64)
            return kind, rounded(total / len(values) if kind == "mean" else total, a.dtype)
        return None

    # ---- a chain

    def run(self, target):
        """The lines of the map, and {target: array}."""
        rng = self.rng
        first = rng.choice(sorted(self.saved))
        alike = [n for n, v in self.saved.items() if v.dtype == self.saved[first].dtype and v.shape == self.saved[first].shape]
        sources = [rng.choice(alike) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        values, ops = [self.saved[n] for n in sources], []
        for _ in range(rng.randint(1, STEPS_MOST)):
            if len(values) > 1 and rng.random() < 0.4:
                done = self.joined(values)
                if done and done[1].size <= SIZE_MOST and done[1].ndim <= RANK_MOST:
                    ops.append(done[0])
                    values = [done[1]]
                continue
            made = rng.choice(self.EACH)(self, values[0])
            if not made:
                continue
            new = [made[1](v) for v in values]
            if all(v.size <= SIZE_MOST and v.ndim <= RANK_MOST for v in new):
                values = new
                ops.append(made[0])
            if len(values) == 1 and rng.random() < 0.08:  # what follows is a line of its own
                self.line(sources, f"~{target}_{len(self.lines)}", ops)
                sources, ops = [f"~{target}_{len(self.lines) - 1}"], []
        if len(values) == 1 and values[0].ndim and rng.random() < 0.2:
            return self.split(sources, ops, values[0], target)
        if len(values) > 1:
            axis = self.axis(values[0], 1)
            ops.append(f"stack {axis}")
            values = [np.stack(values, axis)]
        self.line(sources, target, ops)
        return self.lines, {target: values[0]}

    def split(self, sources, ops, value, target):
        axis = self.axis(value)
        if self.rng.random() < 0.5:
            self.line(sources, target + "_{n}", ops + [f"unstack {axis}"])
            parts = [np.squeeze(part, axis) for part in np.split(value, value.shape[axis], axis)] if value.shape[axis] else []
            return self.lines, {f"{target}_{i}": part for i, part in enumerate(parts)}
        lengths, left = [], value.shape[axis]
        while left and len(lengths) < 3:
            lengths.append(self.rng.randint(0, left))
            left -= lengths[-1]
        lengths += [left] * (2 - len(lengths) if len(lengths) < 2 else 1)
        if sum(lengths) != value.shape[axis]:
            lengths = [value.shape[axis], 0]
        targets = [f"{target}_{i}" for i in range(len(lengths))]
        self.line(sources, ", ".join(targets), ops + [f"split {axis} " + ",".join(map(str, lengths))])
        bounds = np.cumsum(lengths)[:-1]
        return self.lines, dict(zip(targets, np.split(value, bounds, axis)))

    def line(self, sources, targets, ops):
        self.lines.append(", ".join(sources) + " = " + targets + "".join(f" | {op}" for op in ops))


def chain_of(seed, number, saved):
    return Chain(random.Random(f"{seed}/{number}"), saved).run(f"t{number}")


def same(got, expected):
    """Bit for bit, but that a NaN is a NaN."""
    if got.tobytes() == expected.tobytes():
        return True
    if expected.dtype.kind in "biu":
        return False
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    a, b = got.astype(wide).view(np.float64), expected.astype(wide).view(np.float64)
    return bool(np.all((a == b) | (np.isnan(a) & np.isnan(b))) and np.all((np.signbit(a) == np.signbit(b)) | np.isnan(b)))
