#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden checkpoints whose tensors are in pieces that no Saver would cut, or of types that it seldom meets.

    "$(scripts/venv)/bin/python" scripts/make-golden-pieces.py [--out DIR] [CASE ...]

They are cases as those of make-golden.py, written with the bare ops SaveV2 and SaveSlices. In truth.json the slices of a
string tensor have `values` in place of `hex`.
"""

import importlib.util
import pathlib
import sys

sys.dont_write_bytecode = True  # no __pycache__ in scripts/
ROOT = pathlib.Path(__file__).resolve().parent.parent


def load_script(name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


golden = load_script("make-golden")  # sets TensorFlow's environment, so before the import

import numpy as np
import tensorflow as tf

ramp, entry, string_entry = golden.ramp, golden.entry, golden.string_entry
CASES = {}


def case(function):
    CASES[function.__name__.removeprefix("case_")] = function
    return function


def cut(value, text):
    """The part of an array that a spec names; an extent `-` is the whole axis."""
    extents = text.split(" ")[-1].split(":")
    return value[tuple(slice(None) if e == "-" else slice(int(e.split(",")[0]), sum(map(int, e.split(",")))) for e in extents)]


def hexes(value):
    return [element.hex() for element in np.asarray(value, dtype=object).reshape(-1).tolist()]


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
            self.values.append(tf.constant(cut(value, text) if text else value, dtype=dtype))
        row = string_entry(name, value) if dtype == tf.string else entry(name, value, dtype)
        if specs:
            told = [(text, cut(value, text)) for text in specs]
            if dtype == tf.string:
                row["slices"] = [{"spec": text, "values": hexes(part)} for text, part in told]
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


def words(shape, length=7):
    """Strings that tell their places: of 0 to `length` bytes, with newlines, NULs and bytes that are not UTF-8 among them."""
    count = int(np.prod(shape))
    texts = [(b"%d\n\0\xff-%d" % (i, i * i) * 3)[: i * 5 % (length + 1)] for i in range(count)]
    return np.array([*texts, None], dtype=object)[:-1].reshape(shape)


@case
def case_strings_sliced(directory):
    """String tensors in slices, which TensorFlow writes, and reads slice by slice only."""
    pieces = Pieces()
    pieces.add("names", words([5, 3]), rows([5, 3], 2, 1, 2), tf.string, reader="slices")
    pieces.add("columns", words([2, 4], 200), ["2 4 0,2:3,1", "2 4 0,2:0,3"], tf.string, reader="slices")
    pieces.add("long", words([9], 40), ["9 4,5", "9 0,4"], tf.string, reader="slices")
    pieces.add("whole", words([4]), dtype=tf.string)
    pieces.add("scalar", np.array(b"x" * 130, dtype=object), dtype=tf.string)
    pieces.add("number", ramp("float32", [3]))
    pieces.save(directory, "strings.ckpt")


@case
def case_v1_strings(directory):
    """Strings in a V1 file: a repeated field, with an empty one among them; and in slices."""
    pieces = Pieces()
    pieces.add("many", words([70], 150), dtype=tf.string)
    pieces.add("matrix", words([2, 3]), dtype=tf.string)
    pieces.add("none", np.zeros([0, 2], dtype=object), dtype=tf.string)
    pieces.add("number", ramp("int32", [3]))
    pieces.add("scalar", np.array(b"one string, \xff\xfe no UTF-8", dtype=object), dtype=tf.string)
    pieces.add("sliced", words([5, 3], 20), rows([5, 3], 2, 1, 2), tf.string, reader="RestoreV2")
    pieces.save_v1(directory, "strings-v1")


if __name__ == "__main__":
    golden.main(CASES, "Make the golden checkpoints of tensors in pieces with TensorFlow.")
