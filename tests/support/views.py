# SPDX-License-Identifier: Apache-2.0
"""The views that are given to the frameworks: golden checkpoints under maps of every kind, and what each tensor of the view
has to be. That is TensorFlow's own reading of the source (truth.json), put through NumPy: it comes from none of our code."""

import json

import ml_dtypes  # noqa: F401 (makes NumPy know bfloat16 and its kind by name)
import numpy as np

from support.truth import golden

# What a safetensors file holds (TensorFlow's name: its own). The fnuz types are known to newer readers alone.
SAFETENSORS = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
    "bool": "BOOL", "complex64": "C64",
}  # fmt: skip
# What TensorFlow cuts and assembles, at up to 8 axes; all else it reads whole, or just as it was stored.
CUTTABLE = {
    "float32", "float64", "int32", "uint8", "int16", "int8", "complex64", "complex128", "int64", "bool", "qint32", "quint8",
    "qint8", "bfloat16", "int4", "uint4",
}  # fmt: skip

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class Tensor:
    """Of a view: its dtype (TensorFlow's name), shape, and bytes (C order, little-endian); or the values of a string tensor."""

    def __init__(self, dtype, shape, data, partition=None, values=None):
        self.dtype, self.shape, self.data, self.partition, self.values = dtype, list(shape), data, partition, values

    @property
    def array(self):
        if self.values is not None:
            return np.array(self.values, dtype=object).reshape(self.shape)
        kind = np.dtype(self.dtype.removeprefix("q"))  # NumPy has no quantised types: they are their integers
        return np.frombuffer(self.data, kind).reshape(self.shape)

    def has_numpy_dtype(self):
        """Whether NumPy proper has the type, so that a .npy file can name it."""
        return np.dtype(self.dtype.removeprefix("q")).isbuiltin == 1

    def cut(self, counts):
        return Tensor(self.dtype, self.shape, self.data, counts, self.values)

    def cast(self, dtype):
        array = self.array.astype(dtype)
        return Tensor(dtype, self.shape, array.tobytes(), self.partition)

    def is_cuttable(self):
        return self.dtype in CUTTABLE and len(self.shape) <= 8

    def parts(self):
        """The axis that is cut, and (start, length) along it of each part; the first ones are one longer."""
        (axis,) = [i for i, n in enumerate(self.partition) if n > 1]
        count, length = self.partition[axis], self.shape[axis]
        sizes = [length // count + (i < length % count) for i in range(count)]
        starts = [sum(sizes[:i]) for i in range(count)]
        return axis, list(zip(starts, sizes))

    def part(self, axis, start, length):
        piece = self.array[tuple(slice(start, start + length) if i == axis else slice(None) for i in range(len(self.shape)))]
        if self.values is not None:
            return Tensor(self.dtype, piece.shape, None, values=piece.reshape(-1).tolist())
        return Tensor(self.dtype, piece.shape, piece.tobytes())


class View:
    """A checkpoint, the text of a map (None: the identity), and the tensors by their exact names."""

    def __init__(self, golden_name, kind):
        self.golden, self.kind = golden_name, kind
        self.checkpoint, self.source = read_golden(golden_name)
        self.map, self.tensors = KINDS[kind](self.source)

    def mount(self, ckptfs, *, view="", files="", options=""):
        """The view, with more lines for the sections [view] and [files] of its map."""
        text = self.map
        if view or files:
            text = text or "[assignment_map]\n/ = /\n"
            text += f"\n[view]\n{view}\n" if view else ""
            text += f"\n[files]\n{files}\n" if files else ""
        path = None
        if text is not None:
            path = ckptfs.tmp / f"map{ckptfs.count}.ini"
            path.write_text(text)
        self.map_path = path
        return ckptfs.mount(self.checkpoint, map=path, options=options)

    def numeric(self):
        return {name: tensor for name, tensor in self.tensors.items() if tensor.values is None}

    def variables(self, mount):
        """The paths of the raw files below the mount by exact name: of a partitioned variable, its directory."""
        paths = {}
        for target in mount.report()["targets"]:
            path = target["path"]
            paths[target["variable"]] = path.rpartition("/")[0] if "slice" in target else path
        return without_object_graph(paths)


def read_golden(name, object_graph=False):
    """(what to open, its tensors by name). The object graph is kept or dropped by a rule of its own: test_objects.py."""
    known = golden(name)
    tensors = {n: Tensor(*rest) for n, rest in known.shown.items()}
    truth = json.loads((known.folder / "truth.json").read_text())
    for row in truth.get("tensors", []):
        if row.get("kind") == "string":
            values = [bytes.fromhex(value) for value in row["values"]]
            tensors[row["name"]] = Tensor("string", row["shape"], None, values=values)
    if not object_graph:
        tensors.pop(OBJECT_GRAPH, None)
    return known.checkpoint, tensors


def without_object_graph(named):
    return {name: value for name, value in named.items() if not name.endswith(OBJECT_GRAPH)}


def escape(name):
    """A name as a map has it."""
    return "".join(c if c.isalnum() and c.isascii() or c in "/_-." else "".join(f"%{b:02X}" for b in c.encode()) for c in name)


def counts_for(shape):
    """How to cut a tensor: its longest axis in three, in two if it has no more; None for one that has no such axis."""
    if not shape or max(shape) < 2 or 0 in shape:
        return None
    axis = shape.index(max(shape))
    return [min(3, shape[axis]) if i == axis else 1 for i in range(len(shape))]


# Casts that keep to what the source holds: no NaN, no overflow.
CASTS = {
    "float32": "bfloat16", "float64": "float32", "float16": "float32", "bfloat16": "float16", "int32": "int64", "int16": "float32",
    "int8": "int16", "int64": "float64", "uint8": "int32", "bool": "uint8", "complex128": "complex64", "complex64": "complex128",
}  # fmt: skip


def identity(source):
    return None, dict(source)


def renamed(source):
    """Everything under a scope, the first tensor once more under a name of its own."""
    first = min(source)
    tensors = {f"re.named/{name}": tensor for name, tensor in source.items()}
    tensors["alias/of_first"] = source[first]
    return f"[assignment_map]\n/ = re.named/\n{escape(first)} = alias/of_first\n", tensors


def rule(name, tensor, target, cut=False, cast=False):
    """One line of a map and the tensor that it makes."""
    text = f"{escape(name)} = {target}"
    counts = counts_for(tensor.shape) if cut else None
    if counts:
        tensor = tensor.cut(counts)
        text += " | partition " + ",".join(map(str, counts))
    if cast and tensor.dtype in CASTS:
        tensor = tensor.cast(CASTS[tensor.dtype])
        text += f" | cast {tensor.dtype}"
    return text + "\n", tensor


def by_rules(source, make):
    """make(i, name) -> (target, cut, cast), or None to leave the tensor out."""
    text, tensors = "[assignment_map]\n", {}
    for i, (name, tensor) in enumerate(sorted(source.items())):
        made = make(i, name)
        if made:
            target, cut, cast = made
            line, tensors[target] = rule(name, tensor, target, cut, cast)
            text += line
    return text, tensors


def partitioned(source):
    return by_rules(source, lambda i, name: (f"parts/v{i}", True, False))


def cast(source):
    return by_rules(source, lambda i, name: (f"cast/v{i}", False, True))


def mixed(source):
    """Whole, cut, cast, both, and every fifth left out."""
    return by_rules(source, lambda i, name: None if i % 5 == 4 else (f"mixed/{i}/w", i % 5 in (1, 3), i % 5 in (2, 3)))


KINDS = {f.__name__: f for f in (identity, renamed, partitioned, cast, mixed)}
ONE_SHARD = ["demo", "unsorted", "shapes", "slots", "parts", "strings", "v1", "v1_strings", "snappy/slots"]
THREE_SHARDS = ["sharded", "v1_sharded"]
SLICED = ["sliced", "sliced_half", "strings_sliced", "max_shard"]
# Not cast: they have infinities and NaN, whose casts tests/parity compares.
NOT_CAST = ["dtypes", "big_endian"]
VIEWS = [(name, kind) for name in ONE_SHARD + THREE_SHARDS + SLICED for kind in KINDS]
VIEWS += [(name, kind) for name in NOT_CAST for kind in ("identity", "renamed", "partitioned")]


def view_ids(views):
    return ["-".join(view) for view in views]
