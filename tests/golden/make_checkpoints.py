#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden checkpoints of tests/golden with TensorFlow itself.

    "$(scripts/venv)/bin/python" tests/golden/make_checkpoints.py [--out DIR] [CASE ...]

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
give the same bytes back.

There are more cases in scripts of their own: make_objects.py (named after objects, SavedModels), make_pieces.py (what the
bare ops write: slices of all kinds, merges, V1 types), make_encoded.py (what TensorFlow reads but does not write),
make_maps.py (maps and what init_from_checkpoint assigns by them), make_graphs.py (graph files) and make_bert.py. Which of all these shows what:

    all dtypes                      dtypes; v1_dtypes, wire_v1 (unsigned ones that V1 files do not have)
    shapes, names, order            shapes; names, names_bytes (no UTF-8); unsorted; big_index (three blocks)
    strings, variants               strings, strings_sliced, v1_strings, big_endian_strings; variant
    cut on axes 0, 1, 2, slots      parts_axis, sliced; 11 parts, one part: sliced (V2), v1_sharded, parts_v1 (V1)
    dtypes that cannot be cut       sliced_half; parts_dtypes (each dtype)
    slices no Saver makes           parts_dash, parts_boxes, parts_gap, parts_overlap; max_shard (a policy of TensorFlow's)
    sharded saves                   sharded, sharded_parts, merge_order, empty_worker; v1_sharded
    V1 files                        v1, v1_sharded, v1_blocks, v1_dtypes, v1_strings, parts_v1
    objects, SavedModels            objects, keras3, table; keras3_export, saved_model, saved_model_v1
    what people have                slots, demo, moved (a stale state file)
    other machines and builds       big_endian; snappy, snappy_literals, snappy_v1; wire, wire_v1 (other wordings); view
    maps                            maps; each rule by itself is run in tests/parity/test_map_rules.py

State files by hand and damaged copies are made by the tests that read them: tests/parity/test_state_files.py, test_damage.py.
"""

from golden import (
    Cases,
    entry,
    partitioned,
    ramp,
    save_and_tell,
    save_session,
    session,
    sliced_entry,
    state_file,
    string_entry,
    tensor_of,
    v1,
    variable,
    write_json,
    write_truth,
)

import numpy as np
import tensorflow as tf

case = Cases()


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


if __name__ == "__main__":
    case.main("Make the golden checkpoints with TensorFlow.")
