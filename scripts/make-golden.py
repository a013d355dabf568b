#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden checkpoints of tests/golden with TensorFlow itself.

    "$(scripts/venv)/bin/python" scripts/make-golden.py [--out DIR] [CASE ...]

A case is a directory with a checkpoint and a `truth.json`, which says what is in it:

    checkpoint  what to open, relative to the directory: a prefix, or "." for the directory with its state file
    prefix      the prefix, always
    tensors     per tensor: name, dtype (TensorFlow's Python name), shape, bytes, hex (little-endian, C order)
                kind "string": `values` (hex of each element, C order) instead of bytes and hex
                kind "arange": no hex; element i is i
                kind "sliced": the checkpoint holds the tensor in pieces (`slices`: spec and hex of each); hex is the whole
                kind "variant": no bytes and no hex; nobody but TensorFlow can read it
                kind "broken": no hex; TensorFlow refuses to put its slices together, with the text of `error`
    reader      on a tensor that CheckpointReader.get_tensor refuses: "RestoreV2" if that op reads it, "slices" if even
                that reads it only slice by slice, just as they were stored
    listing     false: Python cannot list the checkpoint
    reads       false: TensorFlow lists the checkpoint, but finds no data file

The bytes are those of the values as they were given to TensorFlow. Before truth.json is written TensorFlow's reader has to
give the same bytes back. The cases of maps/ have a map and the result of a real init_from_checkpoint instead; see make_map.

There are more cases in scripts of their own: make-golden-objects.py (named after objects, SavedModels), make-golden-pieces.py (what the
bare ops write: slices of all kinds, merges, V1 types), make-golden-encoded.py (what TensorFlow reads but does not write) and
make-golden-graphs.py (graph files). Which of all these shows what:

    all dtypes                      dtypes; v1_dtypes, wire_v1 (unsigned ones that V1 files do not have)
    shapes, names, order            shapes; names, names_bytes (no UTF-8); unsorted; big_index (three blocks)
    strings, variants               strings, strings_sliced, v1_strings, big_endian_strings; variant
    cut on axes 0, 1, 2, slots      parts_axis, sliced; 11 parts, one part: sliced (V2), v1_sharded, parts_v1 (V1)
    dtypes that cannot be cut       sliced_half; parts_dtypes (each dtype)
    slices no Saver makes           parts_dash, parts_boxes, parts_gap, parts_overlap; max_shard (a policy of TensorFlow's)
    sharded saves                   sharded, sharded_parts, merge_order, empty_worker; v1_sharded
    V1 files                        v1, v1_sharded, v1_blocks, v1_dtypes, v1_strings, parts_v1
    objects, SavedModels            objects, keras3, table; saved_model, saved_model_v1
    what people have                slots, demo, moved (a stale state file)
    other machines and builds       big_endian; snappy, snappy_literals, snappy_v1; wire, wire_v1 (other wordings); view
    maps                            maps; each rule by itself is run in tests/parity/test_map_rules.py

State files by hand and damaged copies are made by the tests that read them: tests/parity/test_state_files.py, test_damage.py.
"""

import argparse
import importlib.util
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

v1 = tf.compat.v1
sys.dont_write_bytecode = True  # no __pycache__ in scripts/
ROOT = pathlib.Path(__file__).resolve().parent.parent

CASES = {}


def case(function):
    CASES[function.__name__.removeprefix("case_")] = function
    return function


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


def string_entry(name, value):
    value = np.asarray(value, dtype=object)
    return {
        "name": name,
        "dtype": "string",
        "shape": list(value.shape),
        "kind": "string",
        "values": [element.hex() for element in value.reshape(-1).tolist()],
    }


def spec(full, start, length):
    """A slice as RestoreV2 wants it: `10 4 4,3:0,4`."""
    return " ".join(map(str, full)) + " " + ":".join(f"{a},{b}" for a, b in zip(start, length))


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
        return [element.hex() for element in np.asarray(value, dtype=object).reshape(-1).tolist()]
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


def state_file(directory, latest, every):
    lines = [f'model_checkpoint_path: "{latest}"'] + [f'all_model_checkpoint_paths: "{path}"' for path in every]
    (directory / "checkpoint").write_text("\n".join(lines) + "\n")


# The bundle format


@case
def case_dtypes(directory):
    """Each numeric type that a bundle can hold; the floating ones with infinities and NaN where they have them.

    Types of less than a byte take a whole one. TensorFlow 2.21 leaves its upper bits zero, also of negative values: -2 as
    int4 is 0e. Others sign-extend (fe), so a reader must mask and extend by itself."""
    tensors = []
    for number in [*range(1, 7), *range(8, 20), *range(22, 34)]:
        dtype = tf.as_dtype(number)
        value = ramp(dtype, [2, 3])
        if dtype.is_floating and "float4" not in dtype.name and not dtype.is_complex:
            for position, special in ((1, np.inf), (4, -np.inf), (5, np.nan)):
                special = np.float64(special).astype(value.dtype)
                # The types without infinities (or with one NaN) turn them into NaN or the largest value: one is enough.
                if position == 5 or np.isinf(special):
                    value.reshape(-1)[position] = special
        tensors.append(("t/" + dtype.name, value, dtype))
    save_and_tell(directory, "dtypes.ckpt", tensors)


@case
def case_shapes(directory):
    """Scalars, no elements at all, one element, many axes. (TensorFlow cannot cut above 8 axes, but reads the whole.)"""
    tensors = [
        ("scalar", np.float32(-2.5), None),
        ("empty", ramp("float32", [0]), None),
        ("empty_rows", ramp("int16", [0, 3]), None),
        ("empty_middle", ramp("float64", [2, 0, 3]), None),
        ("one", ramp("int64", [1]), None),
        ("vector", ramp("int8", [7]), None),
        ("rank5", ramp("int32", [2, 3, 1, 4, 2]), None),
        ("rank9", ramp("int16", [2, 1, 2, 1, 2, 1, 2, 1, 2]), None),
        ("rank64", ramp("float32", [1] * 64), None),
    ]
    save_and_tell(directory, "shapes.ckpt", tensors)


@case
def case_names(directory):
    """Names that make trouble in a directory tree, in a map or in a C string. TensorFlow takes them all.

    Not here: the empty name (SaveV2 aborts the process) and names that are not UTF-8 (saved, but then Python cannot list
    the checkpoint any more)."""
    names = [
        # components that are empty or have a meaning
        "a//b", "/a", "a/", "//", ".", "..", "x/../y", "x/./y", "...",
        # bytes that terminals and C do not like
        "a:0", "nul\0inside", "\0first", "last\0", "ctrl\x01", "line\nbreak", "tab\there", "del\x7f", "back\\slash", 'quote"',
        # leaf and scope at once, and what its children would be called
        "w", "w/Adam", "w/Adam_1", "w.d", "w.d/x",
        "gr\u00f6\u00dfe", "\u540d\u524d/\u03b2", "e\u0301", "\u00e9",  # the last two look the same
        # the notation for such names, taken literally
        "100%25", "50%", "%41", "A", "%", "%2E", "%2e", "a/%/b", "%~0123456789abcdef",
        "long/" + "n" * 300 + "/w", "long/" + "n" * 299 + "m/w", "n" * 255,
        "Case/Name", "case/name",
        # files that the mount makes itself
        "checkpoint", "model.index", "model.data-00000-of-00001", "model.safetensors", "x.npy", "x", ".ckptfs/report.json",
        # characters of the map language
        "with blank", " leading", "trailing ", "a=b", "a = b", "semi;colon", "hash#tag", " ; no comment", "comma,name",
        "pipe|name", "star*", "any?", "{i}", "[0]", "[section]", "@at", "part/part_0", "layer_{i}/kernel",
    ]  # fmt: skip
    assert len(set(names)) == len(names)
    save_and_tell(directory, "names.ckpt", [(name, np.int32([i, -i]), None) for i, name in enumerate(names)])


@case
def case_unsorted(directory):
    """The order of the data is not that of the keys, as in every checkpoint of TF2."""
    tensors = [
        ("z", ramp("float32", [3, 2]), None),
        ("a", ramp("int64", [5]), None),
        ("m", ramp("int8", [3]), None),
        ("b/c", ramp("float16", [2, 2]), None),
    ]
    save_and_tell(directory, "unsorted.ckpt", tensors)


@case
def case_big_index(directory):
    """An index of several blocks of 256 KiB."""
    tensors = []
    for i in range(9000):
        # A number that jumps: neighbours in key order are far from each other in the data.
        mixed = i * 7919 % 9000
        tensors.append((f"tower_{mixed % 4}/stack_{mixed:05d}/bidirectional_recurrent_cell/gate_{i:05d}/kernel", np.int32(i), None))
    save_and_tell(directory, "big.ckpt", tensors)


@case
def case_strings(directory):
    tensors = [
        ("words", [[b"hi", b""], [b"with\nnewline and \0", b"x" * 200]]),
        ("scalar", b"one string, \xff\xfe no UTF-8"),
        ("none", np.zeros([0], dtype=object)),
        ("utf8", ["gr\u00f6\u00dfe".encode()]),
    ]
    number = ramp("float32", [2, 2])
    values = [tf.constant(value, dtype=tf.string) for _, value in tensors] + [tensor_of(number)]
    tf.raw_ops.SaveV2(
        prefix=str(directory / "strings.ckpt"),
        tensor_names=[name for name, _ in tensors] + ["number"],
        shape_and_slices=[""] * len(values),
        tensors=values,
    )
    write_truth(directory, "strings.ckpt", [string_entry(*tensor) for tensor in tensors] + [entry("number", number)])


@case
def case_parts(directory):
    """Sources for partitions that do not come out even."""
    tensors = [
        ("some_var", ramp("float32", [10, 7], 0), None),
        ("table", ramp("int64", [11, 3]), None),
        ("half", ramp("float16", [7, 2]), None),
        ("wide", ramp("float32", [4, 10], -20), None),
        ("vec", ramp("int8", [13]), None),
    ]
    save_and_tell(directory, "parts.ckpt", tensors)


# What Savers write


@case
def case_sharded(directory):
    """Three devices, each with a data file of its own."""
    values = {}
    with tf.Graph().as_default(), session(device_count={"CPU": 3}) as sess:
        for i in range(9):
            name = f"device_{i % 3}/var_{8 - i}"
            values[name] = ramp(["float32", "int32", "float64"][i // 3], [2 + i % 3, 3], start=10 * i)
            with tf.device(f"/cpu:{i % 3}"):
                variable(name, values[name])
        values["global_step"] = np.int64(7)
        with tf.device("/cpu:0"):
            variable("global_step", values["global_step"], trainable=False)
        sess.run(v1.global_variables_initializer())
        save_session(directory, "model.ckpt", v1.train.Saver(sharded=True), sess, step=7)
    if len(list(directory.glob("model.ckpt-7.data-*-of-00003"))) != 3:
        raise SystemExit("sharded: not three data files")
    write_truth(directory, "model.ckpt-7", [entry(*item) for item in values.items()], ".")


def train(directory, layers, steps):
    """A small regression trained with Adam on fixed data; returns the values of all its variables."""
    with tf.Graph().as_default(), session() as sess:
        hidden = tf.constant(ramp("float32", [8, layers[0]], -6) / 8)
        for i, (fan_in, fan_out) in enumerate(zip(layers, layers[1:]), 1):
            with v1.variable_scope(f"net/layer_{i}"):
                w = variable("w", ramp("float32", [fan_in, fan_out], -fan_in) / 16)
                b = variable("b", ramp("float32", [fan_out], 1) / 4)
                hidden = tf.matmul(hidden, w) + b
        step = v1.train.get_or_create_global_step()
        loss = tf.reduce_mean(tf.square(hidden - 1.0))
        update = v1.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
        sess.run(v1.global_variables_initializer())
        for _ in range(steps):
            sess.run(update)
        save_session(directory, "model.ckpt", v1.train.Saver(), sess, step=step)
        return {v.op.name: sess.run(v) for v in v1.global_variables()}


@case
def case_slots(directory):
    """A trained model as it is found everywhere: `w` is a tensor, and `w/Adam` is one too."""
    values = train(directory, [4, 5, 3], steps=3)
    write_truth(directory, "model.ckpt-3", [entry(*item) for item in values.items()], ".")


@case
def case_moved(directory):
    """A directory that was moved: its state file has the absolute paths of its old place. TensorFlow finds nothing there."""
    values = train(directory, [2, 2], steps=3)
    old = "/home/somebody/old/run/model.ckpt-"
    state_file(directory, old + "3", [old + str(i) for i in (1, 2, 3)])
    if tf.train.latest_checkpoint(str(directory)) is not None:
        raise SystemExit("moved: TensorFlow finds a checkpoint after all")
    write_truth(directory, "model.ckpt-3", [entry(*item) for item in values.items()], ".")


def partitioned(name, value, axis, parts, **more):
    return variable(name, value, partitioner=v1.fixed_size_partitioner(parts, axis), **more)


@case
def case_sliced(directory):
    """Partitioned variables: one tensor, stored in slices under keys of their own."""
    emb, adam, adam_1 = (ramp("float32", [10, 4], start) for start in (0, 100, 200))
    cols, deep, many = ramp("int32", [3, 7]), ramp("float64", [2, 5, 3]), ramp("int8", [11, 2])
    single, bias = ramp("float32", [4, 2]), ramp("float32", [4])
    with tf.Graph().as_default(), session() as sess:
        partitioned("emb", emb, 0, 3)
        partitioned("emb/Adam", adam, 0, 3)  # a slot is cut as its variable is ...
        variable("emb/Adam_1", adam_1)  # ... but need not be
        partitioned("cols", cols, 1, 2)
        partitioned("net/deep", deep, 1, 3)
        partitioned("net/many", many, 0, 11)  # part_10 sorts before part_2
        partitioned("net/single", single, 0, 1)  # one part: stored as a plain tensor
        variable("net/bias", bias)
        sess.run(v1.global_variables_initializer())
        save_session(directory, "sliced.ckpt", v1.train.Saver(), sess, state=False)
    tensors = [
        sliced_entry("emb", emb, 0, 3),
        sliced_entry("emb/Adam", adam, 0, 3),
        entry("emb/Adam_1", adam_1),
        sliced_entry("cols", cols, 1, 2),
        sliced_entry("net/deep", deep, 1, 3),
        sliced_entry("net/many", many, 0, 11),
        entry("net/single", single),
        entry("net/bias", bias),
    ]
    write_truth(directory, "sliced.ckpt", tensors)


@case
def case_sliced_half(directory):
    """TensorFlow writes slices of half and unsigned tensors, and then reads them only slice by slice."""
    half, wide = ramp("float16", [7, 2]), ramp("uint32", [4, 5])
    with tf.Graph().as_default(), session() as sess:
        partitioned("half", half, 0, 2)
        partitioned("wide", wide, 1, 2)
        sess.run(v1.global_variables_initializer())
        save_session(directory, "half.ckpt", v1.train.Saver(), sess, state=False)
    tensors = [
        sliced_entry("half", half, 0, 2, reader="slices"),
        sliced_entry("wide", wide, 1, 2, reader="slices"),
    ]
    write_truth(directory, "half.ckpt", tensors)


@case
def case_v1(directory):
    """The format before 2016: the file is the prefix, and there is no `.index`."""
    values = {
        "scope/float": ramp("float32", [3, 4]),
        "scope/double": ramp("float64", [2, 2]),
        "int32": ramp("int32", [2, 3], -4),
        "int64": ramp("int64", [5], -7),
        "int8": ramp("int8", [4]),
        "int16": ramp("int16", [4]),
        "uint8": ramp("uint8", [4], 120),
        "half": ramp("float16", [5]),
        "bool": ramp("bool", [5]),
        "complex": ramp("complex64", [2]),
        "scalar": np.float32(0.5),
        "empty": ramp("float32", [0, 3]),
        "w": ramp("float32", [2, 2], 0),
        "w/Adam": ramp("float32", [2, 2], 40),
    }
    sliced = ramp("float32", [10, 4], 0)
    with tf.Graph().as_default(), session() as sess:
        for name, value in values.items():
            variable(name, value)
        partitioned("sliced", sliced, 0, 3)
        sess.run(v1.global_variables_initializer())
        save_session(directory, "model-v1", v1.train.Saver(write_version=v1.train.SaverDef.V1), sess, state=False)
    # The Python reader knows fewer types of V1 than the op does, and no slices.
    hard = {"half", "complex"}
    tensors = [entry(*item, **({"reader": "RestoreV2"} if item[0] in hard else {})) for item in values.items()]
    tensors.append(sliced_entry("sliced", sliced, 0, 3, reader="RestoreV2"))
    write_truth(directory, "model-v1", tensors)


@case
def case_v1_sharded(directory):
    """Three devices, a V1 file each; the state file has a pattern. A sliced tensor has its parts in two of them."""
    values = {}
    sliced = ramp("float32", [6, 2], 0)
    with tf.Graph().as_default(), session(device_count={"CPU": 3}) as sess:
        for i in range(9):
            name = f"device_{i % 3}/var_{8 - i}"
            values[name] = ramp(["float32", "int32", "int64"][i // 3], [2 + i % 3, 3], start=10 * i - 40)
            with tf.device(f"/cpu:{i % 3}"):
                variable(name, values[name])
        values["single"] = ramp("float32", [4, 2])
        values["global_step"] = np.int64(7)
        with tf.device("/cpu:1"):
            partitioned("single", values["single"], 0, 1)  # one part: its key has numbers
        with tf.device("/cpu:0"):
            variable("global_step", values["global_step"], trainable=False)
        with v1.device(lambda op: "/cpu:2" if "part_1" in op.name else "/cpu:0"):
            partitioned("sliced", sliced, 0, 2)
        sess.run(v1.global_variables_initializer())
        saver = v1.train.Saver(sharded=True, write_version=v1.train.SaverDef.V1)
        save_session(directory, "model.ckpt", saver, sess, step=7)
    if len(list(directory.glob("model.ckpt-7-*-of-00003"))) != 3:
        raise SystemExit("v1_sharded: not three files")
    tensors = [entry(*item) for item in values.items()]
    tensors.append(sliced_entry("sliced", sliced, 0, 2, reader="RestoreV2"))
    write_truth(directory, "model.ckpt-7-?????-of-00003", tensors, ".")


@case
def case_v1_blocks(directory):
    """A tensor of 1.2 MB, which is a block of its own, between small ones; and one of many numbers of 1, 2 and 10 bytes."""
    values = {
        "a": ramp("float32", [3], 1),
        "big": ramp("float32", [300000], 0),
        "many": (np.arange(9000, dtype=np.int32) % 300 - 20).reshape(90, 100),
        "z": ramp("float64", [2]),
    }
    tf.raw_ops.SaveSlices(
        filename=str(directory / "blocks-v1"),
        tensor_names=list(values),
        shapes_and_slices=[""] * len(values),
        data=[tensor_of(value) for value in values.values()],
    )
    head = {"name": "big", "dtype": "float32", "shape": [300000], "bytes": 1200000}
    reader = tf.train.load_checkpoint(str(directory / "blocks-v1"))
    if not np.array_equal(reader.get_tensor("big"), values["big"]):
        raise SystemExit("v1_blocks: TensorFlow reads other values")
    # 2.4 MB of digits would say no more than this: element i is i.
    tensors = [entry(*item) for item in values.items() if item[0] != "big"]
    rows = sorted(tensors + [{**head, "kind": "arange"}], key=lambda tensor: tensor["name"].encode())
    for tensor in tensors:
        if np.asarray(reader.get_tensor(tensor["name"])).tobytes().hex() != tensor["hex"]:
            raise SystemExit(f"v1_blocks: TensorFlow reads {tensor['name']!r} differently")
    write_json(directory / "truth.json", {"checkpoint": "blocks-v1", "prefix": "blocks-v1"}, "tensors", rows)


def demo_values():
    """The names are those of init_from_checkpoint's documentation."""
    return {
        "some_var": ramp("float32", [10, 4], 0),
        "some_var/Adam": ramp("float32", [10, 4], 1000),
        "some_scope/var1": ramp("float32", [10, 4], -2000),
        "some_scope/layer/kernel": ramp("float32", [6, 5], 3000),
        "some_scope/layer/bias": ramp("float32", [5], -2),
        "table": ramp("float32", [11, 3], 500),
        "global_step": np.int64(1000),
    }


@case
def case_demo(directory):
    """The checkpoint of the README's tour, and of the cases in maps/."""
    values = demo_values()
    with tf.Graph().as_default(), session() as sess:
        for name, value in values.items():
            variable(name, value)
        sess.run(v1.global_variables_initializer())
        save_session(directory, "model.ckpt", v1.train.Saver(), sess, step=1000)
    write_truth(directory, "model.ckpt-1000", [entry(*item) for item in values.items()], ".")


@case
def case_snappy(directory):
    """The indexes of two other cases with compressed blocks; these must have been made before."""
    path = ROOT / "scripts" / "make-snappy-index.py"
    module_spec = importlib.util.spec_from_file_location("make_snappy_index", path)
    snappy = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(snappy)
    # In the second, some blocks do not get smaller and so stay as they are: both kinds in one table.
    for name, prefix, block_size in (("big_index", "big.ckpt", 4096), ("slots", "model.ckpt-3", 128)):
        source, target = directory.parent / name / prefix, directory / name / prefix
        snappy.convert(str(source), str(target), block_size)
        snappy.verify(str(source), str(target))
        # 9,000 tensors need not be told twice.
        head = {"checkpoint": prefix, "prefix": prefix, "same_as": f"../../{name}/truth.json"}
        (directory / name / "truth.json").write_text(json.dumps(head) + "\n")


# Maps


# Each with a map and the graph that it is applied to: None if the map has a [variables] section, which then is the graph;
# otherwise the variables that the map implies, in the same notation.
MAPS = {
    "one_to_one": (
        """
        [assignment_map]
        some_var = test/my_var
        global_step = step
        some_scope/layer/bias = some_scope/layer/bias
        """,
        """
        test/my_var = float32 [10, 4]
        step = int64 []
        some_scope/layer/bias = float32 [5]
        """,
    ),
    "scope_to_scope": (
        """
        [assignment_map]
        some_scope/ = test2/
        """,
        """
        test2/var1 = float32 [10, 4]
        test2/layer/kernel = float32 [6, 5]
        test2/layer/bias = float32 [5]
        """,
    ),
    "root_to_scope": (
        """
        [assignment_map]
        / = backup/
        """,
        """
        backup/some_var = float32 [10, 4]
        backup/some_var/Adam = float32 [10, 4]
        backup/some_scope/var1 = float32 [10, 4]
        backup/some_scope/layer/kernel = float32 [6, 5]
        backup/some_scope/layer/bias = float32 [5]
        backup/table = float32 [11, 3]
        backup/global_step = int64 []
        """,
    ),
    "scope_to_root": (
        """
        [assignment_map]
        some_scope/ = /
        """,
        """
        var1 = float32 [10, 4]
        layer/kernel = float32 [6, 5]
        layer/bias = float32 [5]
        """,
    ),
    "root_to_root": (
        """
        [assignment_map]
        / = /

        [variables]
        table = float32 [11, 3] | partition 4,1
        some_scope/layer/kernel = float32 [6, 5]
        """,
        None,
    ),
    "partition": (
        """
        [assignment_map]
        table = embedding | partition 5,1
        """,
        """
        embedding = float32 [11, 3] | partition 5,1
        """,
    ),
    "partition_axis_1": (
        """
        [assignment_map]
        some_var = wide | partition 1,3
        some_scope/layer/kernel = test/kernel | partition 1,2
        """,
        """
        wide = float32 [10, 4] | partition 1,3
        test/kernel = float32 [6, 5] | partition 1,2
        """,
    ),
    "partition_eleven": (
        """
        ; part_10 sorts before part_2
        [assignment_map]
        table = rows | partition 11,1
        some_var = whole | partition 1,1
        """,
        """
        rows = float32 [11, 3] | partition 11,1
        whole = float32 [10, 4] | partition 1,1
        """,
    ),
    "part_list": (
        """
        [assignment_map]
        table = left/part_0, left/part_1, left/part_2
        """,
        """
        left = float32 [11, 3] | partition 3,1
        """,
    ),
    "part_list_shuffled": (
        """
        [assignment_map]
        table = a/left/part_2, a/left/part_0, a/left/part_3, a/left/part_1
        """,
        """
        a/left = float32 [11, 3] | partition 4,1
        """,
    ),
    "part_list_declared": (
        """
        ; which axis is cut, only the declaration says
        [assignment_map]
        some_var = left/part_0, left/part_1

        [variables]
        left = float32 [10, 4] | partition 1,2
        """,
        None,
    ),
    "override_sorted": (
        """
        ; the order is that of the sources, not of the lines: some_var/Adam comes after some_var
        [assignment_map]
        some_var/Adam = test/x
        some_var = test/x
        some_var = test/y
        some_scope/var1 = test/y
        """,
        """
        test/x = float32 [10, 4]
        test/y = float32 [10, 4]
        """,
    ),
    "override_by_name": (
        """
        ; some_var sorts after some_scope/: here the single name wins
        [assignment_map]
        some_var = test/var1
        some_scope/ = test/
        """,
        """
        test/var1 = float32 [10, 4]
        test/layer/kernel = float32 [6, 5]
        test/layer/bias = float32 [5]
        """,
    ),
    "override_by_scope": (
        """
        ; some_scope/var1 sorts before some_var/: here the scope wins over the single name
        [assignment_map]
        some_scope/var1 = out/Adam
        some_var/ = out/
        """,
        """
        out/Adam = float32 [10, 4]
        """,
    ),
    "shared_source": (
        """
        [assignment_map]
        some_var = first
        some_var = second/copy
        some_var = third | partition 3,1
        some_scope/ = left/
        some_scope/ = right/deep/
        """,
        """
        first = float32 [10, 4]
        second/copy = float32 [10, 4]
        third = float32 [10, 4] | partition 3,1
        left/var1 = float32 [10, 4]
        left/layer/kernel = float32 [6, 5]
        left/layer/bias = float32 [5]
        right/deep/var1 = float32 [10, 4]
        right/deep/layer/kernel = float32 [6, 5]
        right/deep/layer/bias = float32 [5]
        """,
    ),
    "variables": (
        """
        [assignment_map]
        some_var = test/my_var
        some_scope/ = test2/

        [variables]
        test/my_var = float32 [10, 4]
        test2/layer/kernel = float32 [6, 5]
        test2x/var1 = float32 [10, 4]   ; not in the scope test2/
        untouched = int64 []
        """,
        None,
    ),
    "scope_partitioned": (
        """
        [assignment_map]
        some_scope/ = test2/

        [variables]
        test2/var1 = float32 [10, 4] | partition 3,1
        test2/layer/kernel = float32 [6, 5] | partition 1,2
        test2/layer/bias = float32 [5]
        """,
        None,
    ),
    "root_partitioned": (
        """
        [assignment_map]
        / = model/

        [variables]
        model/table = float32 [11, 3] | partition 2,1
        model/some_scope/layer/bias = float32 [5] | partition 3
        model/some_scope/var1 = float32 [10, 4]
        model/global_step = int64 []
        """,
        None,
    ),
    "mixed": (
        """
        [assignment_map]
        table = embed/table | partition 5,1
        some_scope/ = body/
        some_scope/layer/bias = head/bias
        some_var/Adam = tail/part_1, tail/part_0
        some_var = body/var1
        global_step = step

        [variables]
        embed/table = float32 [11, 3] | partition 5,1
        body/var1 = float32 [10, 4] | partition 1,3
        body/layer/kernel = float32 [6, 5]
        body/layer/bias = float32 [5] | partition 2
        head/bias = float32 [5]
        tail = float32 [10, 4] | partition 2,1
        step = int64 []
        """,
        None,
    ),
}


def dedent(text):
    return "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"


def read_map(text):
    """The rules and the variables of a map, enough of the language for the maps above."""
    section, rules, variables = None, [], []
    for line in text.splitlines():
        line = re.sub(r"(^|\s)[;#].*", "", line).strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            left, right = (part.strip() for part in line.split("=", 1))
            if section == "assignment_map":
                rules.append((left, [name.strip() for name in right.split("|")[0].split(",")]))
            else:
                variables.append((left, right))
    return rules, variables


def read_variable(text):
    """`float32 [10, 4] | partition 5,1` as dtype, shape and partition (None if there is none)."""
    found = re.fullmatch(r"(\w+) \[([^\]]*)\](?:\s*\|\s*partition ([\d,]+))?", text)
    numbers = [[int(n) for n in (found[i] or "").replace(" ", "").split(",") if n] for i in (2, 3)]
    return tf.as_dtype(found[1]), numbers[0], numbers[1] or None


def view_paths(names):
    """Where the mount has each variable: below a name that is itself a plain variable, its children are in NAME.d/."""

    def path(name):
        parts, out = name.split("/"), []
        for i, part in enumerate(parts):
            leaf_here = i + 1 < len(parts) and "/".join(parts[: i + 1]) in names
            out.append(part + ".d" if leaf_here else part)
        return "/".join(out)

    return {name: path(name) for name in names}


def make_map(directory, text, graph):
    """Run the map through init_from_checkpoint and write down what the variables hold afterwards.

    truth.json: `targets`, one for each variable (or part) that a rule assigns; `unassigned`, the variables that keep their
    initial value; `assignment_map`, the pairs as TensorFlow got them."""
    text = dedent(text)
    directory.mkdir(parents=True)
    (directory / "map.ini").write_text(text)
    rules, declared = read_map(text)
    if graph is not None:
        if declared:
            raise SystemExit(f"{directory.name}: two graphs")
        _, declared = read_map("[variables]\n" + dedent(graph))
    checkpoint = "../../demo/model.ckpt-1000"

    with tf.Graph().as_default(), session() as sess:
        variables, untouched = {}, -77  # a value that no tensor of the checkpoint has
        for name, description in declared:
            dtype, shape, partition = read_variable(description)
            more = {"partitioner": lambda shape, dtype, counts=partition: counts} if partition else {}
            made = v1.get_variable(name, shape, dtype, v1.constant_initializer(untouched), **more)
            variables[name] = list(made) if partition else made
        pairs = []
        for source, targets in rules:
            if len(targets) == 1:
                pairs.append((source, targets[0]))
            else:  # a list of parts is a list of variables
                full = {target.rsplit("/part_", 1)[0] for target in targets}
                (full,) = full
                pairs.append((source, [variables[full][int(target.rsplit("_", 1)[1])] for target in targets]))
        v1.train.init_from_checkpoint(str(directory / checkpoint), pairs)
        sess.run(v1.global_variables_initializer())

        targets, unassigned = [], []
        plain = {name for name, value in variables.items() if not isinstance(value, list)}
        paths = view_paths(plain)
        for name, made in variables.items():
            for number, part in enumerate(made if isinstance(made, list) else [made]):
                value = sess.run(part)
                path = f"{name}/part_{number}" if isinstance(made, list) else paths[name]
                if (value == untouched).all():
                    unassigned.append(name)
                    continue
                target = {"path": path, "variable": name, **entry(name, value)}
                del target["name"]
                targets.append(target)

    if graph is not None and unassigned:
        raise SystemExit(f"{directory.name}: the map does not imply {unassigned}")
    names = [[source, target if len(target) > 1 else target[0]] for source, target in rules]
    head = {"checkpoint": checkpoint, "assignment_map": names, "unassigned": sorted(set(unassigned))}
    rows = sorted(targets, key=lambda target: target["path"].encode())
    write_json(directory / "truth.json", head, "targets", rows)


@case
def case_maps(directory):
    """init_from_checkpoint itself, on the checkpoint of `demo`, which must have been made before."""
    for name, (text, graph) in MAPS.items():
        make_map(directory / name, text, graph)


def refuse_paths(directory):
    """No path of this machine in any file: what is made here gets published."""
    foreign = [str(directory.resolve()).encode(), str(ROOT).encode(), str(pathlib.Path.home()).encode() + b"/", b"/tmp/"]
    for path in directory.rglob("*"):
        if path.is_file() and any(word in path.read_bytes() for word in foreign):
            raise SystemExit(f"{path}: holds a path of this machine")


def main(cases=CASES, description="Make the golden checkpoints with TensorFlow.", folder="tests/golden"):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / folder, help=f"default: {folder}")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="only these (default: all): " + " ".join(cases))
    args = parser.parse_args()
    unknown = sorted(set(args.cases) - set(cases))
    if unknown:
        parser.error("no such case: " + ", ".join(unknown))

    out = args.out.resolve()
    for name, make in cases.items():
        if args.cases and name not in args.cases:
            continue
        directory = out / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        make(directory)
        refuse_paths(directory)
        size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
        print(f"{name}: {size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
