# SPDX-License-Identifier: Apache-2.0
"""Random chains of operations, and what NumPy makes of them.

A chain begins with one or several variables, or with none, and has up to eight operations. Some go on from steps, read files of indices or
vocabularies, or end in several targets or in parts. Elements are compared bit for bit, but for NaNs. Arithmetic and casts are those of
ckptfs-map(5): float64, from left to right, and one rounding; integers are exact, and what does not fit is an error of the read."""

import random

import ml_dtypes
import numpy as np

DTYPES = {
    "float32": np.float32,
    "float64": np.float64,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "float8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float4_e2m1fn": ml_dtypes.float4_e2m1fn,
    "int4": ml_dtypes.int4,
    "uint4": ml_dtypes.uint4,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "uint16": np.uint16,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "complex64": np.complex64,
    "complex128": np.complex128,
    "bool": np.bool_,
}
RANGES = {"int4": (-8, 7), "uint4": (0, 15)} | {n: (int(np.iinfo(d).min), int(np.iinfo(d).max)) for n, d in DTYPES.items() if np.dtype(d).kind in "iu"}
INTEGERS = tuple(RANGES)
FLOATS = tuple(n for n in DTYPES if "float" in n)
COMPLEX = ("complex64", "complex128")
PARTS = {"complex64": "float32", "complex128": "float64"}
SHAPES = [(), (1,), (7,), (4, 6), (3, 4, 5), (2, 3, 4, 2), (1, 5, 1), (0, 3), (12, 10), (2, 2, 2, 2, 2), (1, 2, 1, 3, 2, 2), (64, 33)]
SIZE_MOST, RANK_MOST, STEPS_MOST = 30000, 7, 8


class Unfit:
    """What is expected of a target that has a value that does not fit: its size, and an error of the read."""

    def __init__(self, value):
        self.nbytes = value.nbytes


def name_of(dtype):
    return next(name for name, known in DTYPES.items() if dtype == known)


def variables(seed):
    """What is saved: a value for each dtype and shape."""
    rng = np.random.default_rng(seed)
    saved = {}
    for dtype, known in DTYPES.items():
        for i, shape in enumerate(SHAPES):
            values = rng.standard_normal(shape) * 20
            if dtype in COMPLEX:
                values = values + 1j * rng.standard_normal(shape)
            if dtype in INTEGERS:
                values = rng.integers(max(RANGES[dtype][0], -100), min(RANGES[dtype][1], 100), shape, endpoint=True)
            saved[f"{dtype}/v{i}"] = np.asarray(values).astype(known)
    return saved


def integers(values):
    """As Python has them."""
    return np.asarray(values.astype(np.int64) if values.dtype.kind not in "iu" else values).astype(object)


def fitting(values, name):
    """Python's integers as that type; None where one does not fit."""
    low, high = RANGES[name]
    values = np.asarray(values, object)
    if values.size and not (values.min() >= low and values.max() <= high):
        return None
    wide = np.uint64 if name == "uint64" else np.int64
    return values.astype(wide).astype(DTYPES[name])


def rounded(values, name):
    """float64 values as a float type, by one rounding to nearest even: small floats by way of float32 that was rounded to odd."""
    values = np.asarray(values, np.float64)
    with np.errstate(all="ignore"):
        if name in ("float64", "float32", "float16"):
            return values.astype(DTYPES[name])
        near = values.astype(np.float32)
        near = np.where(np.abs(near.astype(np.float64)) > np.abs(values), np.nextafter(near, np.float32(0)), near).astype(np.float32)
        inexact = np.isfinite(values) & (near.astype(np.float64) != values)
        odd = (np.atleast_1d(near).view(np.uint32) | np.atleast_1d(inexact)).view(np.float32).reshape(values.shape)
        return odd.astype(DTYPES[name])


def wide(values):
    """Floats, or the parts of complex numbers, as float64."""
    return values.astype(np.float64) if values.dtype.kind != "c" else values.astype(np.complex128)


def narrow(values, name):
    """The results of arithmetic as the type that was computed with."""
    if name not in COMPLEX:
        return rounded(values, name)
    out = np.empty(values.shape, DTYPES[name])
    out.real, out.imag = rounded(values.real, PARTS[name]), rounded(values.imag, PARTS[name])
    return out


def combined(kind, values, name):
    """sum, mean, sub of several values, from left to right; None: an integer does not fit."""
    if name in INTEGERS:
        total = integers(values[0])
        for value in values[1:]:
            total = total - integers(value) if kind == "sub" else total + integers(value)
        if kind == "mean":
            total = np.frompyfunc(lambda n: abs(n) // len(values) * (1 if n >= 0 else -1), 1, 1)(total)
        return fitting(total, name)
    total = wide(values[0])
    for value in values[1:]:
        total = total - wide(value) if kind == "sub" else total + wide(value)
    if kind == "mean" and name in COMPLEX:
        parts = np.empty(total.shape, np.complex128)
        parts.real, parts.imag = total.real / len(values), total.imag / len(values)
        total = parts
    elif kind == "mean":
        total = total / len(values)
    return narrow(total, name)


def saturated(values, name):
    """Floats as an integer type: truncated, the nearest end of the range, 0 for NaN."""
    low, high = RANGES[name]
    values = np.nan_to_num(wide(values), nan=0.0, posinf=np.inf, neginf=-np.inf)
    return np.trunc(np.clip(values, low, high)).astype(np.int64).astype(DTYPES[name])


class Chain:
    def __init__(self, rng, saved, folder):
        self.rng, self.saved, self.folder, self.lines, self.files = rng, saved, folder, [], 0

    def file(self, lines):
        """A file beside the map; its name."""
        name = f"{self.target}_{self.files}.txt"
        self.files += 1
        (self.folder / name).write_text("".join(f"{line}\n" for line in lines))
        return name

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
            dims = [0, *(self.rng.randint(0, 4) for _ in range(self.rng.randint(0, 2)))]
            self.rng.shuffle(dims)
            return "reshape " + ",".join(map(str, dims)), lambda x: x.reshape(dims)
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
        before, after, number = self.rng.randint(0, 3), self.rng.randint(0, 3), self.rng.choice([0, 1, 2, 6])
        widths = [(0, 0)] * a.ndim
        widths[axis] = (before, after)
        return f"pad {axis} {before},{after} {number}", lambda x: np.pad(x, widths, constant_values=x.dtype.type(number))

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

    def gather(self, a):
        axis = self.axis(a)
        if axis is None or not a.shape[axis]:
            return None
        taken = [self.rng.randrange(-a.shape[axis], a.shape[axis]) for _ in range(self.rng.choice([0, 1, 5, 70]))]
        return f"gather {axis} {self.file(taken)}", lambda x: np.take(x, np.array(taken, int), axis)

    def vocab(self, a):
        axis = self.axis(a)
        if axis is None:
            return None
        length = a.shape[axis]
        known = [f"w{i}" for i in self.rng.sample(range(1000), self.rng.randint(0, min(length, 900)))]
        new = [self.rng.choice([*known, "unheard", "of"]) for _ in range(self.rng.randint(0, 20))]
        text = f"vocab {self.file(known)} {self.file(new)}" + (f" axis {axis}" if axis or self.rng.random() < 0.2 else "")
        name, kind = name_of(a.dtype), self.rng.choice(["", "fill", "row", "mean"])
        if (kind == "row" and not length) or (kind == "mean" and (name == "bool" or not length)):
            kind = ""
        row, number = self.rng.randrange(-length, length) if length else 0, self.rng.choice([0, 1, 3])
        number = number if kind == "fill" and name != "bool" else 0

        def compute(x):
            rows = np.moveaxis(x, axis, 0)
            unheard = np.full(rows.shape[1:], x.dtype.type(number))
            if kind == "row":
                unheard = rows[row]
            if kind == "mean":
                unheard = combined("mean", list(rows), name)
            made = [rows[known.index(token)] if token in known else unheard for token in new]
            out = np.stack(made) if made else rows[:0]
            return np.moveaxis(out.astype(x.dtype), 0, axis)

        return text + {"": "", "fill": f" oov fill {number}", "row": f" oov row {row}", "mean": " oov mean"}[kind], compute

    def cast(self, a):
        name = name_of(a.dtype)
        to = self.rng.choice([n for n in DTYPES if n != name])
        low, high = RANGES.get(name, (0, 0))
        if to == "float4_e2m1fn":  # has no NaN to become one
            return None
        if to == "bool":
            return "cast bool", lambda x: (wide(x) if name not in INTEGERS else integers(x)) != 0
        if name in COMPLEX:
            return (f"cast {to}", lambda x: narrow(wide(x), to)) if to in COMPLEX else None
        if to in INTEGERS and name in INTEGERS:
            least, most = RANGES[to]
            if low >= least and high <= most and self.rng.random() < 0.7:
                return f"cast {to}", lambda x: fitting(integers(x), to)
            if self.rng.random() < 0.5:
                return f"cast {to} wrap", lambda x: fitting((integers(x) - least) % (most - least + 1) + least, to)
            return f"cast {to} saturate", lambda x: fitting(np.clip(integers(x), least, most) if x.size else integers(x), to)
        if to in INTEGERS and name == "bool":
            return f"cast {to}", lambda x: x.astype(np.int8).astype(DTYPES[to])
        if to in INTEGERS:
            return (f"cast {to} saturate", lambda x: saturated(x, to)) if RANGES[to][1] < 2**32 else None
        if name in INTEGERS and high > 2**53 and to not in ("float32", "float64"):
            return None
        real = PARTS.get(to, to)

        def compute(x):
            out = x.astype(DTYPES[real]) if name in INTEGERS and high > 2**53 else rounded(x.astype(np.float64), real)
            return out.astype(DTYPES[to])

        return f"cast {to}", compute

    def arithmetic(self, a):
        name, scales = name_of(a.dtype), self.rng.random() < 0.5
        if name == "bool":
            return None
        number = self.rng.choice([2, -3, 7, 0, 100] if name in INTEGERS else [2, -3, 0.5, 0.1, 1e-3, -1.5, 1e300])

        def compute(x):
            if name in INTEGERS:
                return fitting(integers(x) * number if scales else integers(x) + number, name)
            with np.errstate(all="ignore"):
                out = wide(x)
                if name in COMPLEX and scales:
                    out.real, out.imag = out.real * number, out.imag * number
                elif name in COMPLEX:
                    out.real = out.real + number
                else:
                    out = out * number if scales else out + number
                return narrow(out, name)

        return f"{'scale' if scales else 'add'} {number!r}", compute

    EACH = (transpose, slice, squeeze, expand, reshape, flip, pad, broadcast, take, take_blocks, gather, vocab, cast, cast, arithmetic)

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
        if kind in ("sum", "mean", "sub") and a.dtype != np.bool_:
            with np.errstate(all="ignore"):
                return kind, combined(kind, values, name_of(a.dtype))
        return None

    # ---- a chain

    def beginning(self):
        """Sources, their values, and operations that are there from the start."""
        rng = self.rng
        first = rng.choice(sorted(self.saved))
        if rng.random() < 0.06:
            shape, name, number = rng.choice(SHAPES[:9]), name_of(self.saved[first].dtype), rng.choice([0, 1])
            return ["~"], [np.full(shape, DTYPES[name](number))], [f"fill {number} {list(shape)} {name}"]
        alike = [n for n, v in self.saved.items() if v.dtype == self.saved[first].dtype and v.shape == self.saved[first].shape]
        sources = [rng.choice(alike) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        return sources, [self.saved[n] for n in sources], []

    def new_line(self, sources, values, ops):
        """What follows is a line of its own, whose sources are steps: one for each value, in another order, or each more than once."""
        steps = [f"~{self.target}_{len(self.lines)}_{i}" for i in range(len(values))]
        self.line(sources, ", ".join(steps), ops)
        order = list(range(len(values)))
        self.rng.shuffle(order)
        if self.rng.random() < 0.3:
            order.append(self.rng.choice(order))
        return [steps[i] for i in order], [values[i] for i in order], []

    def run(self, target):
        """The lines of the map, and {target: array}."""
        rng, self.target = self.rng, target
        sources, values, ops = self.beginning()
        for _ in range(rng.randint(1, STEPS_MOST)):
            if len(values) > 1 and rng.random() < 0.4:
                done = self.joined(values)
                if done and done[1] is None:
                    return self.unfit(sources, target, ops + [done[0]], values[0])
                if done and done[1].size <= SIZE_MOST and done[1].ndim <= RANK_MOST:
                    ops.append(done[0])
                    values = [done[1]]
                continue
            made = rng.choice(self.EACH)(self, values[0])
            if not made:
                continue
            new = [made[1](v) for v in values]
            if any(v is None for v in new):
                return self.unfit(sources, target, ops + [made[0]] + ["stack 0"] * (len(values) > 1), np.stack(values))
            if all(v.size <= SIZE_MOST and v.ndim <= RANK_MOST for v in new):
                values = new
                ops.append(made[0])
            if len(values) == 1 and values[0].ndim and 0 < values[0].shape[0] < 5 and rng.random() < 0.06:
                ops.append("unstack 0")
                values = [np.asarray(part) for part in values[0]]
                sources, values, ops = self.new_line(sources, values, ops)
            elif rng.random() < 0.08 and sources != ["~"]:
                sources, values, ops = self.new_line(sources, values, ops)
        if len(values) == 1 and values[0].ndim and rng.random() < 0.2:
            return self.split(sources, ops, values[0], target)
        if len(values) == 1 and values[0].size and values[0].ndim and rng.random() < 0.1:
            return self.partition(sources, ops, values[0], target)
        if len(values) > 1:
            axis = self.axis(values[0], 1)
            ops.append(f"stack {axis}")
            values = [np.stack(values, axis)]
        self.line(sources, target, ops)
        return self.lines, {target: values[0]}

    def unfit(self, sources, target, ops, value):
        self.line(sources, target, ops)
        return self.lines, {target: Unfit(value)}

    def partition(self, sources, ops, value, target):
        axis = self.rng.randrange(value.ndim)
        count = self.rng.randint(1, min(value.shape[axis], 6))
        counts = [count if i == axis else 1 for i in range(value.ndim)]
        self.line(sources, target, ops + ["partition " + ",".join(map(str, counts))])
        parts = np.array_split(value, count, axis)
        return self.lines, {f"{target}/part_{i}": part for i, part in enumerate(parts)}

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


def chain_of(seed, number, saved, folder):
    return Chain(random.Random(f"{seed}/{number}"), saved, folder).run(f"t{number}")


def same(got, expected):
    """Bit for bit, but that a NaN is a NaN, and that of types below a byte the bits above do not count."""
    if got.tobytes() == expected.tobytes():
        return True
    name = name_of(expected.dtype)
    if name in ("int4", "uint4"):
        return bool(np.all(integers(got) == integers(expected)))
    if name in INTEGERS or name == "bool":
        return False
    a, b = wide(got), wide(expected)
    a, b = (np.atleast_1d(x).view(np.float64) for x in (a, b))
    return bool(np.all((a == b) | (np.isnan(a) & np.isnan(b))) and np.all((np.signbit(a) == np.signbit(b)) | np.isnan(b)))
