# SPDX-License-Identifier: Apache-2.0
"""Damaged V1 files: the good tensor `a` and the bad one `b`."""

import numpy as np

from support import encoder as e

from .bundles import Case
from .tables import flipped

FLOATS = np.arange(6, dtype="<f4").tobytes()


def good():
    made = e.SliceFile()
    made.put(b"a", 1, [2], [(None, FLOATS[:8])])
    made.put(b"b", 1, [6], [(None, FLOATS)])
    return made


def other(dtype, shape, pieces):
    def make(folder):
        made = good()
        made.put(b"b", dtype, shape, pieces)
        return made.write(folder / "bad-v1", cut=1)

    return make


def raw(data):
    def make(folder):
        (folder / "bad-v1").write_bytes(data)
        return str(folder / "bad-v1")

    return make


def first_record(value):
    """The records of a good file behind another meta record (None: no such record)."""
    records = good().sorted_records()[1:]
    return raw(e.table(([(b"", value)] if value is not None else []) + records))


def versions(text):
    def make(folder):
        made = good()
        made.versions = text
        return made.write(folder / "bad-v1")

    return make


def block_flipped(which):
    """A bit wrong in the block of `a` or of `b`; or in that of the meta record."""
    data = e.table(good().sorted_records(), cut=1)
    offset, size = e.handles_of(data)[0][which]
    return raw(flipped(data, offset + size // 2))


def renamed():
    """The record of `b` says that it is one of `x`."""
    made = good()
    key = e.slice_key(b"b", [None])
    saved = e.nested(1, b"x") + e.nested(2, e.slice_of([None])) + e.nested(3, e.values_of(1, FLOATS))
    made.records[key] = e.nested(2, saved)
    return raw(e.table(made.sorted_records()))


def without(key):
    made = good()
    made.records.pop(key)
    return raw(e.table(made.sorted_records()))


def record_of(value):
    made = good()
    made.records[e.slice_key(b"b", [None])] = value
    return raw(e.table(made.sorted_records()))


def meta_of(value):
    """The meta record's part of `b`."""
    made = good()
    made.metas[b"b"] = value
    return raw(e.table(made.sorted_records()))


COPY = "Error copying slice data"
TABLE = "Unable to open table file"
BEGINNING = "Failed to find the saved tensor slices at the beginning of the checkpoint file"
HALVES = [([(0, 2)], FLOATS[:8]), ([(2, 4)], FLOATS[8:])]


def v1(*arguments, **more):
    return Case(*arguments, **{"file": "bad-v1", **more})


def whole(dtype, shape, values):
    return other(dtype, shape, [(None, values)])


FEWER, MORE = "it has fewer values than its shape has elements", "it has more values than its shape has elements"

FILES = {
    # 3.6, in its order
    "no file": v1(lambda folder: str(folder / "bad-v1"), "Failed to find any matching files for", ["no checkpoint there"], named=False),
    "no table": v1(raw(b"x" * 1000), TABLE, ["ends in", "57fb808b247547db"], named=False),
    "short": v1(raw(b"x" * 10), TABLE, ["has 10 bytes", "at least 48"], named=False),
    "empty": v1(raw(b""), TABLE, ["has 0 bytes", "at least 48"], named=False),
    "cut": v1(raw(e.table(good().sorted_records())[:-7]), TABLE, ["ends in", "57fb808b247547db"], named=False),
    "no first record": v1(first_record(None), BEGINNING, ["the first record is", "expected the metadata of tensor slices"], named=False),
    "no records": v1(raw(e.table([])), BEGINNING, ["the first record is missing, expected the metadata of tensor slices"], named=False),
    "first record no proto": v1(first_record(b"\xff\xff\xff"), BEGINNING, ["at byte 3: a number passes the end of its message"], named=False),
    "bit in the first block": v1(block_flipped(0), BEGINNING, ["the block at byte 0", "has the checksum", "its trailer says"], named=False),
    "min_consumer": v1(versions(e.number(1, 1) + e.number(2, 9)), "Checkpoint min consumer version 9 above current version",
                       ["the checkpoint is too new for readers of version 1", "its least version is 9"], named=False),
    "bad_consumer": v1(versions(e.number(1, 1) + e.number(3, 1)), "Checkpoint disallows consumer version 1.",
                       ["the checkpoint disallows readers of version 1"], named=False),
    "absent": v1(raw(e.table(good().sorted_records())), 'Tensor name "c" not found in checkpoint files', ["'c' is not in the view"],
                 file="", tensor="c", named=False),
    "too few values": v1(whole(1, [6], FLOATS[:20]), COPY, [FEWER]),
    "too many values": v1(whole(1, [5], FLOATS), COPY, [MORE]),
    "too few numbers": v1(whole(3, [6], [1, 2, 3]), COPY, [FEWER], dtype="int32"),
    "too few strings": v1(whole(7, [3], [b"x", b"y"]), COPY, [], command="verify", dtype="string"),
    "too many strings": v1(whole(7, [3], [b"x", b"y", b"", b""]), COPY, [], command="verify", dtype="string"),
    "no values": v1(whole(1, [6], (b"",)), COPY, [FEWER]),
    "tensor_content": v1(whole(1, [6], (e.number(1, 1) + e.nested(4, FLOATS),)), COPY, [FEWER]),
    "values in the field of another type": v1(whole(1, [6], (e.nested(7, FLOATS),)), COPY, [FEWER]),
    "slice missing": v1(other(1, [6], HALVES[:1]), COPY, ["do not cover it: its 1 slices have 2 of its 6 elements"], file=""),
    "slices overlap": v1(other(1, [6], [HALVES[0], ([(1, 5)], FLOATS[4:])]), "Overlapping slices: existing slice = ",
                         ["slices [0:2] and [1:6] overlap"], file=""),
    "slice out of bounds": v1(other(1, [6], [HALVES[0], ([(2, 5)], FLOATS[4:])]), "Extent in dimension 0 out of bounds: shape = [6], slice = 2,5",
                              ["a slice of it has 5 elements from 2 on axis 0, which has 6"]),
    "slice without record": v1(without(e.slice_key(b"b", [None])), COPY, ["the file has no values of its slice [0:6]"]),
    "record no proto": v1(record_of(b"\xff\xff\xff"), COPY, ["a number passes the end of its message"]),
    "record without data": v1(record_of(b""), COPY, [FEWER]),
    "type that is not saved": v1(whole(14, [6], (e.nested(13, b"\0" * 6),)), "Restoring data type bfloat16 not yet supported",
                                 ["cannot be shown: V1 checkpoints have no values of its dtype"], file="", dtype="bfloat16"),
    "unknown type": v1(whole(77, [6], (e.nested(13, b"\0" * 6),)), "got a tensor of type unknown dtype enum (77) instead: tensor_name = b",
                       ["cannot be shown: its dtype 77 is not known"], file=""),
    "shape negative": v1(meta_of(e.nested(1, b"b") + e.nested(2, e.nested(2, e.number(1, -6))) + e.number(3, 1) + e.nested(4, e.slice_of([None]))),
                         "Expected a non-negative size, got -6", ["dimension 0 of its shape is -6, expected 0 or more"]),
    "bit in the block of values": v1(block_flipped(2), COPY, ["the block at byte", "checksum"], command="verify", named=False),
    "varint that does not end": v1(whole(3, [2], (e.nested(7, b"\1\xff"),)), COPY, [], command="verify", dtype="int32"),
}  # fmt: skip
