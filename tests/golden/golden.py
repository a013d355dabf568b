# SPDX-License-Identifier: Apache-2.0
"""What the make_*.py share: values and their records in truth.json, saving with TensorFlow, and the list of cases.

Import it before TensorFlow: it sets the environment in which the values of training come out alike.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # its kernels sum in another order: the trained values would differ
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import tensor_bundle_pb2

v1 = tf.compat.v1
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support import encoder

# Values and truth


def bits_of(dtype):
    """The width in bits of the integer types that NumPy proper does not know, else None."""
    return {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2}.get(dtype.name)


def ramp(dtype, shape, start=None):
    """An array whose values tell their positions apart: a ramp through zero for signed types, from `start` if given."""
    dtype = tf.as_dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64))
    name = dtype.name
    steps = np.arange(count, dtype=np.int64)
    if name == "bool":
        values = (steps % 3 != 1).astype(np.bool_)
    elif dtype.is_complex:
        first = -1 if start is None else start
        values = ((steps + first) + 1j * (steps * -0.5 + 0.25)).astype(dtype.as_numpy_dtype)
    elif name.startswith("float4"):
        values = np.array([0.5, -1.5, 2, -3, 4, -6, 0, 1])[steps % 8].astype(dtype.as_numpy_dtype)
    elif dtype.is_floating or name.startswith("float"):
        first = -1 if start is None else start
        values = (steps + first).astype(np.float64) * (1 if start is not None else 1.5)
        values = values.astype(dtype.as_numpy_dtype)
    else:
        signed = not name.startswith(("uint", "quint"))
        bits = bits_of(dtype)
        if bits:
            low = -(1 << bits - 1) if signed else 0
            values = (low + 1 + steps * 3) - low
            values = (values % (1 << bits) + low).astype(dtype.as_numpy_dtype)
        else:
            first = (-2 if signed else 1) if start is None else start
            plain = re.sub(r"^q", "", name)
            values = (steps * 3 + first).astype(plain).astype(dtype.as_numpy_dtype)
    return values.reshape(shape)


def tensor_of(value, dtype=None):
    dtype = tf.as_dtype(dtype) if dtype else tf.as_dtype(value.dtype)
    return tf.constant(value, dtype=dtype)


def entry(name, value, dtype=None, **more):
    """The record of a numeric tensor in truth.json."""
    value = np.asarray(value)
    dtype = tf.as_dtype(dtype or value.dtype)
    data = np.ascontiguousarray(value).tobytes()
    return {"name": name, "dtype": dtype.name, "shape": list(value.shape), "bytes": len(data), "hex": data.hex(), **more}


def words(shape, length=7):
    """Strings that tell their places: of 0 to `length` bytes, with newlines, NULs and bytes that are not UTF-8 among them."""
    count = int(np.prod(shape))
    texts = [(b"%d\n\0\xff-%d" % (i, i * i) * 3)[: i * 5 % (length + 1)] for i in range(count)]
    return np.array([*texts, None], dtype=object)[:-1].reshape(shape)


def hexes(value):
    return [element.hex() for element in np.asarray(value, dtype=object).reshape(-1).tolist()]


def string_entry(name, value):
    value = np.asarray(value, dtype=object)
    return {
        "name": name,
        "dtype": "string",
        "shape": list(value.shape),
        "kind": "string",
        "values": hexes(value),
    }


def spec(full, start, length):
    """A slice as RestoreV2 wants it: `10 4 4,3:0,4`."""
    return " ".join(map(str, full)) + " " + ":".join(f"{a},{b}" for a, b in zip(start, length))


def cut(value, text):
    """The part of an array that a spec names; an extent `-` is the whole axis."""
    extents = text.split(" ")[-1].split(":")
    return value[tuple(slice(None) if e == "-" else slice(int(e.split(",")[0]), sum(map(int, e.split(",")))) for e in extents)]


def split(length, parts):
    """How TensorFlow's partitioned variables cut an axis: (start, length) of each part, the first ones one longer."""
    quotient, rest = divmod(length, parts)
    start = 0
    for i in range(parts):
        size = quotient + (i < rest)
        yield start, size
        start += size


def sliced_entry(name, value, axis, parts, **more):
    value = np.asarray(value)
    pieces = []
    for start, size in split(value.shape[axis], parts):
        starts = [start if i == axis else 0 for i in range(value.ndim)]
        sizes = [size if i == axis else n for i, n in enumerate(value.shape)]
        piece = value[tuple(slice(a, a + n) for a, n in zip(starts, sizes))]
        pieces.append({"spec": spec(value.shape, starts, sizes), "hex": np.ascontiguousarray(piece).tobytes().hex()})
    return entry(name, value, kind="sliced", slices=pieces, **more)


def boxes(prefix, name):
    """The slices of a tensor as its entry lists them: (starts, lengths) of each."""
    records = dict(encoder.read_table(f"{prefix}.index"))
    record = tensor_bundle_pb2.BundleEntryProto.FromString(records[name.encode()])
    return [([e.start for e in s.extent], [e.length for e in s.extent]) for s in record.slices]


def restore(prefix, tensor, piece):
    """One slice (spec "": the whole) of a tensor by the op that Savers use."""
    (value,) = tf.raw_ops.RestoreV2(
        prefix=prefix,
        tensor_names=[tensor["name"]],
        shape_and_slices=[piece["spec"]],
        dtypes=[tf.as_dtype(tensor["dtype"])],
    )
    return value.numpy()


def content(row):
    """What a tensor or a slice holds according to truth.json."""
    return row["values"] if "values" in row else row["hex"]


def image(value, tensor):
    """What TensorFlow read, in the same form."""
    if tensor["dtype"] == "string":
        return hexes(value)
    return np.asarray(value).tobytes().hex()


def refuses(read):
    """What truth.json says TensorFlow cannot do must fail: a later TensorFlow that can is worth knowing."""
    try:
        read()
    except (ValueError, tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError):
        return
    raise SystemExit("TensorFlow reads what it was expected to refuse")


def check(prefix, tensors):
    """Fail unless TensorFlow's reader finds exactly these tensors with these bytes."""
    reader = tf.train.load_checkpoint(prefix)
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    names = [tensor["name"] for tensor in tensors]
    if sorted(names) != sorted(shapes):
        raise SystemExit(f"{prefix}: TensorFlow lists {sorted(shapes)}, expected {sorted(names)}")
    for tensor in tensors:
        name = tensor["name"]
        if shapes[name] != tensor["shape"] or dtypes[name].name != tensor["dtype"]:
            raise SystemExit(f"{prefix}: {name!r} is {dtypes[name].name} {shapes[name]}, expected {tensor}")
        if tensor.get("kind") == "variant":
            refuses(lambda: reader.get_tensor(name))
            continue
        if "reader" in tensor:
            refuses(lambda: reader.get_tensor(name))
            whole = {"spec": "", "values" if "values" in tensor else "hex": content(tensor)}
            if tensor["reader"] == "slices":
                refuses(lambda: restore(prefix, tensor, whole))
            for piece in [whole] if tensor["reader"] == "RestoreV2" else tensor["slices"]:
                if image(restore(prefix, tensor, piece), tensor) != content(piece):
                    raise SystemExit(f"{prefix}: {name!r}, slice {piece['spec']!r}: TensorFlow reads other bytes")
            continue
        value = reader.get_tensor(name)
        same = image(value, tensor) == content(tensor)
        if not same:
            raise SystemExit(f"{prefix}: TensorFlow reads {name!r} back as {value!r}, expected {tensor}")


def write_json(path, head, key, rows):
    """Valid JSON with one row a line, so that a change of one tensor is a change of one line."""
    lines = [json.dumps(row, separators=(",", ":")) for row in rows]
    text = json.dumps(head)[:-1] + f', "{key}": [\n' + ",\n".join(lines) + "\n]}\n"
    json.loads(text)
    path.write_text(text, encoding="ascii")


def write_truth(directory, prefix, tensors, checkpoint=None, **head):
    check(str(directory / prefix), tensors)
    rows = sorted(tensors, key=lambda tensor: tensor["name"].encode())
    write_json(directory / "truth.json", {"checkpoint": checkpoint or prefix, "prefix": prefix, **head}, "tensors", rows)


def save_op(directory, prefix, tensors):
    """Save (name, value, dtype) in the given order with the bare op, which takes any name."""
    tf.raw_ops.SaveV2(
        prefix=str(directory / prefix),
        tensor_names=tf.constant([name.encode() for name, _, _ in tensors]),
        shape_and_slices=[""] * len(tensors),
        tensors=[tensor_of(value, dtype) for _, value, dtype in tensors],
    )


def save_and_tell(directory, prefix, tensors):
    save_op(directory, prefix, tensors)
    write_truth(directory, prefix, [entry(*tensor) for tensor in tensors])


def save_session(directory, prefix, saver, session, step=None, state=True):
    """Saver.save from within the directory, so that no path of this machine gets into the state file."""
    before = os.getcwd()
    os.chdir(directory)
    try:
        saver.save(session, "./" + prefix, global_step=step, write_meta_graph=False, write_state=state)
    finally:
        os.chdir(before)
    if state and os.sep in (directory / "checkpoint").read_text():
        text = (directory / "checkpoint").read_text().replace('"./', '"')
        (directory / "checkpoint").write_text(text)


def session(**config):
    """One thread: the sums of a training step come in one order."""
    return v1.Session(
        config=v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1, **config)
    )


def variable(name, value, **more):
    """A get_variable variable that starts with the given value, cut into parts by `partitioner` if there is one."""
    value = np.asarray(value)

    def initial(shape, dtype=None, partition_info=None):
        if partition_info is None:
            return tf.constant(value)
        offset = partition_info.var_offset
        return tf.constant(value[tuple(slice(a, a + n) for a, n in zip(offset, shape))])

    return v1.get_variable(name, shape=value.shape, dtype=tf.as_dtype(value.dtype), initializer=initial, **more)


def partitioned(name, value, axis, parts, **more):
    return variable(name, value, partitioner=v1.fixed_size_partitioner(parts, axis), **more)


def state_file(directory, latest, every):
    lines = [f'model_checkpoint_path: "{latest}"'] + [f'all_model_checkpoint_paths: "{path}"' for path in every]
    (directory / "checkpoint").write_text("\n".join(lines) + "\n")


# Cases


def refuse_paths(directory):
    """No path of this machine in any file: what is made here gets published."""
    foreign = [str(directory.resolve()).encode(), str(ROOT).encode(), str(pathlib.Path.home()).encode() + b"/", b"/tmp/"]
    for path in directory.rglob("*"):
        if path.is_file() and any(word in path.read_bytes() for word in foreign):
            raise SystemExit(f"{path}: holds a path of this machine")


class Cases(dict):
    """The cases of a script by name; `@case` before a function `case_NAME(directory)` makes it one."""

    def __call__(self, function):
        self[function.__name__.removeprefix("case_")] = function
        return function

    def main(self, description, folder="tests/golden"):
        """The script: make all cases or those that the command line names, in folders of `folder` or of --out."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--out", type=pathlib.Path, default=ROOT / folder, help=f"default: {folder}")
        parser.add_argument("cases", nargs="*", metavar="CASE", help="only these (default: all): " + " ".join(self))
        args = parser.parse_args()
        unknown = sorted(set(args.cases) - set(self))
        if unknown:
            parser.error("no such case: " + ", ".join(unknown))

        out = args.out.resolve()
        for name, make in self.items():
            if args.cases and name not in args.cases:
                continue
            directory = out / name
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            make(directory)
            refuse_paths(directory)
            size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
            print(f"{name}: {size} bytes", file=sys.stderr)
