#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden checkpoints whose tensors are in pieces that no Saver would cut, or of types that it seldom meets.

    "$(scripts/venv)/bin/python" tests/golden/make_pieces.py [--out DIR] [CASE ...]

They are cases as those of make_checkpoints.py, written with the bare ops SaveV2 and SaveSlices. In truth.json the slices of a
string tensor have `values` in place of `hex`.
"""


import golden  # before TensorFlow: it sets its environment
from golden import entry, ramp, string_entry

import numpy as np
import tensorflow as tf

from support import encoder

case = golden.Cases()


class Pieces:
    """Tensors and their pieces in the order in which they are to be saved, and the truth about them."""

    def __init__(self):
        self.names, self.specs, self.values, self.rows = [], [], [], []

    def add(self, name, value, specs=(), dtype=None, **more):
        """A tensor, whole without `specs`; `more` goes into its row of truth.json."""
        value = np.asarray(value)
        dtype = tf.as_dtype(dtype or value.dtype)
        for text in specs or [""]:
            self.names.append(name)
            self.specs.append(text)
            self.values.append(tf.constant(golden.cut(value, text) if text else value, dtype=dtype))
        row = string_entry(name, value) if dtype == tf.string else entry(name, value, dtype)
        if specs:
            told = [(text, golden.cut(value, text)) for text in specs]
            if dtype == tf.string:
                row["slices"] = [{"spec": text, "values": golden.hexes(part)} for text, part in told]
            else:
                row["kind"] = "sliced"
                row["slices"] = [{"spec": text, "hex": np.ascontiguousarray(part).tobytes().hex()} for text, part in told]
        self.rows.append({**row, **more})

    def save(self, directory, prefix, **head):
        tf.raw_ops.SaveV2(
            prefix=str(directory / prefix), tensor_names=[name.encode() for name in self.names], shape_and_slices=self.specs, tensors=self.values
        )
        golden.write_truth(directory, prefix, self.rows, **head)

    def save_v1(self, directory, prefix, **head):
        tf.raw_ops.SaveSlices(
            filename=str(directory / prefix), tensor_names=[name.encode() for name in self.names], shapes_and_slices=self.specs, data=self.values
        )
        golden.write_truth(directory, prefix, self.rows, **head)


def rows(shape, *counts):
    """Specs that cut a tensor on axis 0."""
    starts = np.cumsum([0, *counts])
    assert starts[-1] == shape[0]
    full = [(0, n) for n in shape[1:]]
    return [golden.spec(shape, *zip((int(a), n), *full)) for a, n in zip(starts, counts)]


@case
def case_strings_sliced(directory):
    """String tensors in slices, which TensorFlow writes, and reads slice by slice only."""
    pieces = Pieces()
    pieces.add("names", golden.words([5, 3]), rows([5, 3], 2, 1, 2), tf.string, reader="slices")
    pieces.add("columns", golden.words([2, 4], 200), ["2 4 0,2:3,1", "2 4 0,2:0,3"], tf.string, reader="slices")
    pieces.add("long", golden.words([9], 40), ["9 4,5", "9 0,4"], tf.string, reader="slices")
    pieces.add("whole", golden.words([4]), dtype=tf.string)
    pieces.add("scalar", np.array(b"x" * 130, dtype=object), dtype=tf.string)
    pieces.add("number", ramp("float32", [3]))
    pieces.save(directory, "strings.ckpt")


@case
def case_v1_strings(directory):
    """Strings in a V1 file: a repeated field, with an empty one among them; and in slices."""
    pieces = Pieces()
    pieces.add("many", golden.words([70], 150), dtype=tf.string)
    pieces.add("matrix", golden.words([2, 3]), dtype=tf.string)
    pieces.add("none", np.zeros([0, 2], dtype=object), dtype=tf.string)
    pieces.add("number", ramp("int32", [3]))
    pieces.add("scalar", np.array(b"one string, \xff\xfe no UTF-8", dtype=object), dtype=tf.string)
    pieces.add("sliced", golden.words([5, 3], 20), rows([5, 3], 2, 1, 2), tf.string, reader="RestoreV2")
    pieces.save_v1(directory, "strings-v1")


# What TensorFlow puts together and cuts; the others it reads as they were stored, or not at all.
ASSEMBLED = {
    *("float32", "float64", "int32", "uint8", "int16", "int8", "complex64", "complex128", "int64", "bool", "qint32", "quint8", "qint8"),
    *("bfloat16", "int4", "uint4"),
}  # fmt: skip


@case
def case_parts_dtypes(directory):
    """Each numeric type in two slices."""
    pieces = Pieces()
    for number in [*range(1, 7), *range(8, 20), *range(22, 34)]:
        dtype = tf.as_dtype(number)
        more = {} if dtype.name in ASSEMBLED else {"reader": "slices"}
        pieces.add("t/" + dtype.name, ramp(dtype, [3, 2]), ["3 2 0,2:0,2", "3 2 2,1:0,2"], dtype, **more)
    pieces.save(directory, "dtypes.ckpt")


@case
def case_parts_dash(directory):
    """Slices whose axes that are not cut have no length: their keys are others than a Saver's."""
    pieces = Pieces()
    pieces.add("rows", ramp("float32", [4, 2], 0), ["4 2 0,2:-", "4 2 2,2:-"])
    pieces.add("middle", ramp("int32", [2, 5, 3]), ["2 5 3 -:3,2:-", "2 5 3 -:0,3:-"])
    pieces.add("mixed", ramp("int8", [4, 3]), ["4 3 0,1:-", "4 3 1,3:0,3"])
    pieces.add("half", ramp("float16", [4, 2]), ["4 2 0,3:-", "4 2 3,1:-"], reader="slices")
    pieces.add("everything", ramp("float64", [3, 2]), ["3 2 -:-"])  # is stored as a plain tensor
    pieces.save(directory, "dash.ckpt")


@case
def case_parts_boxes(directory):
    """Cut on two and three axes at once, unevenly, in an order of nobody's; a strip of one element; a rank that cannot be cut."""
    pieces = Pieces()
    pieces.add("two", ramp("float32", [5, 7], 0), ["5 7 2,3:3,4", "5 7 0,2:0,7", "5 7 2,3:0,2", "5 7 2,3:2,1"])
    corners = [f"3 4 2 {z}:{y}:{x}" for z in ("2,1", "0,2") for y in ("0,1", "1,3") for x in ("1,1", "0,1")]
    pieces.add("three", ramp("int16", [3, 4, 2]), corners)
    nested = ["6 6 2,2:2,2", "6 6 0,2:0,4", "6 6 0,4:4,2", "6 6 4,2:2,4", "6 6 2,4:0,2"]  # a pinwheel: no straight cut goes through
    pieces.add("pinwheel", ramp("float64", [6, 6], 0), nested)
    pieces.add("pinwheel_half", ramp("float16", [6, 6]), nested, reader="slices")
    pieces.save(directory, "boxes.ckpt")


@case
def case_parts_v1(directory):
    """The same in a V1 file."""
    pieces = Pieces()
    pieces.add("two", ramp("float32", [5, 7], 0), ["5 7 2,3:3,4", "5 7 0,2:0,7", "5 7 2,3:0,2", "5 7 2,3:2,1"], reader="RestoreV2")
    pieces.add("numbers", ramp("int64", [6, 6], -18), ["6 6 0,6:4,2", "6 6 0,6:0,4"], reader="RestoreV2")
    pieces.add("half", ramp("float16", [4, 2]), ["4 2 0,3:-", "4 2 3,1:-"], reader="RestoreV2")
    pieces.add("single", ramp("float32", [4], 0), ["4 0,4"])
    pieces.save_v1(directory, "parts-v1")


@case
def case_v1_dtypes(directory):
    """Each type that a V1 file can hold: which field its values are in, varints of 10 bytes, half as bits."""
    pieces = Pieces()
    by_python = {"float32", "float64", "int32", "uint8", "int16", "int8", "int64", "bool"}
    for number in [*range(1, 7), *range(8, 14), 17, 18, 19]:
        dtype = tf.as_dtype(number)
        more = {} if dtype.name in by_python else {"reader": "RestoreV2"}
        pieces.add("t/" + dtype.name, ramp(dtype, [2, 3]), dtype=dtype, **more)
    for name, low in (("int8", -128), ("int16", -32768), ("int32", -(2**31)), ("int64", -(2**63))):
        pieces.add("ends/" + name, np.array([low, -1, 0, 127, 128, -1 - low], dtype=np.int64).astype(name))
    pieces.add("ends/float16", np.array([0x8000, 0x7C00, 0xFC00, 0x7E01, 1], np.uint16).view(np.float16), reader="RestoreV2")
    pieces.save_v1(directory, "dtypes-v1")


@case
def case_names_bytes(directory):
    """A name that is not UTF-8: TensorFlow writes and reads it, but then Python cannot list the checkpoint."""
    prefix, name, value = str(directory / "bytes.ckpt"), b"\xff\xfe/w", ramp("int32", [3])
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=[b"plain", name], shape_and_slices=["", ""], tensors=[tf.constant(value), tf.constant(value * 2)])
    try:
        tf.train.load_checkpoint(prefix).get_variable_to_shape_map()
    except UnicodeDecodeError:
        pass
    else:
        raise SystemExit("names_bytes: TensorFlow lists the checkpoint after all")
    rows = [entry("plain", value), entry(name.decode("utf-8", "surrogateescape"), value * 2)]
    golden.write_json(directory / "truth.json", {"checkpoint": "bytes.ckpt", "prefix": "bytes.ckpt", "listing": False}, "tensors", rows)


# Merged


def save_shard(prefix, tensors):
    """(name, spec, value) in one bundle."""
    names, specs, values = zip(*tensors)
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=list(names), shape_and_slices=list(specs), tensors=[tf.constant(golden.cut(v, s) if s else v) for _, s, v in tensors]
    )


def merge(directory, prefix, shards):
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=shards, destination_prefix=str(directory / prefix), delete_old_dirs=False)
    for path in directory.glob("part-*"):
        path.unlink()  # what is left of them are the indexes


@case
def case_merge_order(directory):
    """Merged in another order than that of the slices: the list of slices is not sorted, and the owner's shard means nothing."""
    value, other = ramp("float32", [6, 2], 0), ramp("int32", [4])
    parts = [str(directory / f"part-{i}") for i in range(3)]
    specs = rows([6, 2], 2, 2, 2)
    for i in range(3):
        more = [("other", "", other)] if i == 0 else [(f"z/{i}", "", other * i)]
        save_shard(parts[i], [("value", specs[i], value), *more])
    merge(directory, "merged.ckpt", [parts[2], parts[0], parts[1]])
    found = golden.boxes(str(directory / "merged.ckpt"), "value")
    if [starts[0] for starts, _ in found] != [4, 0, 2]:
        raise SystemExit(f"merge_order: the slices are {found}")
    pieces = Pieces()
    pieces.add("value", value, specs)
    for name, more in (("other", other), ("z/1", other), ("z/2", other * 2)):
        pieces.add(name, more)
    golden.write_truth(directory, "merged.ckpt", pieces.rows)


@case
def case_empty_worker(directory):
    """A worker without tensors, whose bundle no TensorFlow writes: the merged header counts three shards, the names of the two
    files that there are say two. TensorFlow cannot read its own merge."""
    a, b = ramp("float32", [3, 2]), ramp("int64", [4])
    parts = [str(directory / f"part-{i}") for i in range(3)]
    save_shard(parts[0], [("a", "", a)])
    encoder.Bundle().write(parts[1])
    save_shard(parts[2], [("b", "", b)])
    merge(directory, "merged.ckpt", parts)
    reader = tf.train.load_checkpoint(str(directory / "merged.ckpt"))
    for name in ("a", "b"):
        try:
            reader.get_tensor(name)
        except tf.errors.OpError as error:
            if "No such file or directory" not in str(error):
                raise
        else:
            raise SystemExit("empty_worker: TensorFlow reads it after all")
    if {path.name[-8:] for path in directory.glob("merged.ckpt.data-*")} != {"of-00002"}:
        raise SystemExit("empty_worker: the names of the files are not of two")
    head = {"checkpoint": "merged.ckpt", "prefix": "merged.ckpt", "reads": False}
    golden.write_json(directory / "truth.json", head, "tensors", [entry("a", a), entry("b", b)])


# Incomplete


def write_broken(directory, prefix, pieces, errors):
    """As Pieces.save, but the tensors in `errors` cannot be read whole: TensorFlow's text is written down in their rows."""
    tf.raw_ops.SaveV2(prefix=str(directory / prefix), tensor_names=pieces.names, shape_and_slices=pieces.specs, tensors=pieces.values)
    reader = tf.train.load_checkpoint(str(directory / prefix))
    for row in pieces.rows:
        if row["name"] not in errors:
            if reader.get_tensor(row["name"]).tobytes().hex() != row["hex"]:
                raise SystemExit(f"{prefix}: TensorFlow reads {row['name']!r} otherwise")
            continue
        del row["hex"]
        row["kind"] = "broken"
        try:
            reader.get_tensor(row["name"])
        except (ValueError, tf.errors.OpError) as error:
            if errors[row["name"]] not in str(error):
                raise
            row["error"] = errors[row["name"]]
        else:
            raise SystemExit(f"{prefix}: TensorFlow reads {row['name']!r}")
    golden.write_json(directory / "truth.json", {"checkpoint": prefix, "prefix": prefix}, "tensors", pieces.rows)


@case
def case_parts_gap(directory):
    """A part is missing: TensorFlow reads what is there, but not the whole."""
    pieces = Pieces()
    pieces.add("fine", ramp("int32", [4]), ["4 0,2", "4 2,2"])
    pieces.add("gap", ramp("float32", [6, 2], 0), ["6 2 0,2:0,2", "6 2 4,2:0,2"])
    pieces.add("tail", ramp("float16", [4]), ["4 0,3"])
    no = "Does not have sufficient slices for partitioned tensor {} to restore in slice_spec: {}"
    write_broken(directory, "gap.ckpt", pieces, {"gap": no.format("gap", "-:-"), "tail": no.format("tail", "-")})


@case
def case_parts_overlap(directory):
    """Two parts share a row: TensorFlow writes them, and reads neither."""
    pieces = Pieces()
    pieces.add("fine", ramp("int32", [4]), ["4 0,2", "4 2,2"])
    pieces.add("overlap", ramp("float32", [3], 0), ["3 0,2", "3 1,2"])
    write_broken(directory, "overlap.ckpt", pieces, {"overlap": "Overlapping slices: existing slice = "})


# Trained


@case
def case_parts_axis(directory):
    """Variables cut on each of three axes, unevenly, and their Adam slots: those of reference variables are sliced as well."""
    values = {"rows": ramp("float32", [10, 3], 0), "columns": ramp("float32", [2, 7], 50), "deep": ramp("float32", [2, 3, 5], -9)}
    counts = {"rows": (0, 4), "columns": (1, 3), "deep": (2, 2)}
    with tf.Graph().as_default(), golden.session() as sess:
        made = {n: golden.partitioned(n, v, *counts[n], use_resource=False) for n, v in values.items()}
        loss = tf.add_n([tf.reduce_sum(part * part) for variable in made.values() for part in variable])
        update = golden.v1.train.AdamOptimizer(0.25).minimize(loss)
        sess.run(golden.v1.global_variables_initializer())
        sess.run(update)
        golden.save_session(directory, "axis.ckpt", golden.v1.train.Saver(), sess, state=False)
        tensors = {}
        for variable in golden.v1.global_variables():
            info, value = variable._get_save_slice_info(), sess.run(variable)
            if info:
                tensors.setdefault(info.full_name, []).append((info.var_offset, value))
            else:
                tensors[variable.op.name] = value
    truth = []
    for name, value in tensors.items():
        if isinstance(value, list):
            axis, parts = counts[name.split("/")[0]]
            value = np.concatenate([part for _, part in sorted(value, key=lambda item: item[0])], axis)
            truth.append(golden.sliced_entry(name, value, axis, parts))
        else:
            truth.append(entry(name, value))
    if not {"rows/Adam", "deep/Adam_1"} <= set(tensors):
        raise SystemExit(f"parts_axis: the variables are {sorted(tensors)}")
    golden.write_truth(directory, "axis.ckpt", truth)


@case
def case_sharded_parts(directory):
    """Three devices, and variables whose parts are spread over them."""
    emb, half, plain = ramp("float32", [9, 2], 0), ramp("float16", [6], 0), ramp("int64", [3])
    with tf.Graph().as_default(), golden.session(device_count={"CPU": 3}) as sess:
        with golden.v1.device(lambda op: "/cpu:" + (op.name.split("part_")[1][0] if "part_" in op.name else "1")):
            golden.partitioned("emb", emb, 0, 3)
            golden.partitioned("half", half, 0, 3)
            golden.variable("plain", plain, trainable=False)
        sess.run(golden.v1.global_variables_initializer())
        golden.save_session(directory, "model.ckpt", golden.v1.train.Saver(sharded=True), sess, step=5)
    if len(list(directory.glob("model.ckpt-5.data-*-of-00003"))) != 3:
        raise SystemExit("sharded_parts: not three data files")
    tensors = [golden.sliced_entry("emb", emb, 0, 3), golden.sliced_entry("half", half, 0, 3, reader="slices"), entry("plain", plain)]
    golden.write_truth(directory, "model.ckpt-5", tensors, ".")


if __name__ == "__main__":
    case.main("Make the golden checkpoints of tensors in pieces with TensorFlow.")
