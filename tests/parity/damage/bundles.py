# SPDX-License-Identifier: Apache-2.0
"""Bundles with one bad record, or bad data: the good tensor `a` and the bad one `b`."""

import struct

import numpy as np

from support import encoder as e

FLOATS = np.arange(6, dtype="<f4").tobytes()


class Case:
    """`make` writes a checkpoint into a folder and gives its prefix. TensorFlow says `text` when `b` is restored ("": nothing, it reads
    something; None: the process dies). `opening`: None if load_checkpoint dies of it. Ours, of `command`, has all of `words`, in which
    the file is the one in `file`, and names `b` unless `named` is false. `job` goes into TensorFlow's (dtype, tensor, spec)."""

    def __init__(self, make, text, words, opening="", command="cat", file="bad.index", named=True, **job):
        self.make, self.text, self.words, self.opening = make, text, words, opening
        self.command, self.file, self.named, self.job = command, file, named, job


DATA = "bad.data-00000-of-00001"


def record(value, data=FLOATS, **more):
    """`b` with this record and these data of the shard."""

    def make(folder):
        made = e.Bundle()
        made.put(b"a", 1, [2], FLOATS[:8])
        made.data[0] += data
        made.records[b"b"] = value() if callable(value) else value
        made.records.update(more.get("records", {}))
        return made.write(folder / "bad")

    return make


def entry(dtype=1, shape=(6,), offset=8, size=24, crc=None, **more):
    return e.bundle_entry(dtype, shape, offset=offset, size=size, crc=e.masked(FLOATS) if crc is None else crc, **more)


def header_record(value):
    return record(entry, records={b"": value})


def changed(change):
    """A good bundle, and then a change of its files."""

    def make(folder):
        prefix = record(entry)(folder)
        change(folder / "bad.data-00000-of-00001")
        return prefix

    return make


def flip(path):
    data = bytearray(path.read_bytes())
    data[20] ^= 4
    path.write_bytes(data)


def strings(values=(b"hi", b"", b"xyz"), size=None, crc=None, change=lambda data: data, shape=None):
    def make(folder):
        data, right = e.strings(values)
        value = e.bundle_entry(7, shape or [len(values)], offset=8, size=len(data) if size is None else size, crc=right if crc is None else crc)
        return record(value, change(data))(folder)

    return make


def sliced(pieces, shape=(4, 2), dtype=1, records=None, listed=None):
    """`b` of rows 0.. in slices: (extents, shape of the record, its dtype) each; all have the data they need."""

    def make(folder):
        made = e.Bundle()
        made.put(b"a", 1, [2], FLOATS[:8])
        made.records[b"b"] = e.bundle_entry(dtype, list(shape), slices=listed or [extents for extents, _, _ in pieces])
        for extents, dims, kind in pieces:
            count = int(np.prod(dims))
            made.put(e.slice_key(b"b", extents), kind, dims, np.arange(count, dtype="<f4").tobytes())
        for key in records or []:
            made.records.pop(key)
        return made.write(folder / "bad")

    return make


TOP, BOTTOM = ([(0, 2), (0, 2)], [2, 2], 1), ([(2, 2), (0, 2)], [2, 2], 1)
DIES = None
BIG = 1 << 46
HUGE_STRING = e.varint(1 << 60) + struct.pack("<I", e.masked(struct.pack("<Q", 1 << 60))) + b"x" * 7

SLICES_MISSING = "Does not have sufficient slices for partitioned tensor b to restore in slice_spec: -:-"
CHECKSUM = "Checksum does not match: stored"
LENGTHS = "The length checksum does not match: expected"
UNPARSABLE = "Entry for key b not parseable."

BUNDLES = {
    # 2.12, in its order; what is wrong with the table is in tables.py
    "no header": Case(header_record(b"\xff\xff"), "(unable to parse header): Entry for key  not parseable.",
                      ["the header's 2 bytes are not a BundleHeaderProto"], named=False),
    "min_consumer": Case(header_record(e.header(version=e.number(1, 1) + e.number(2, 2))),
                         "Checkpoint min consumer version 2 above current version 1 for TensorFlow",
                         ["the checkpoint is too new for readers of version 1", "its least version is 2"], named=False),
    "bad_consumer": Case(header_record(e.header(version=e.number(1, 1) + e.number(3, 1))),
                         "Checkpoint disallows consumer version 1.  Please upgrade TensorFlow: this version is likely buggy.",
                         ["the checkpoint disallows readers of version 1"], named=False),
    "absent": Case(record(entry), "Key c not found in checkpoint", ["'c' is not in the view"], file="", tensor="c", named=False),
    "record no proto": Case(record(b"\xff\xff\xff"), UNPARSABLE, ["its record of 3 bytes is not a BundleEntryProto"], DIES),
    "record cut": Case(record(lambda: entry()[:-2]), UNPARSABLE, ["bytes is not a BundleEntryProto"], DIES),
    "dimension negative": Case(record(entry(shape=e.nested(2, e.number(1, -2)))), "Invalid tensor shape: b",
                               ["dimension 0 of its shape is -2, expected 0 or more"], DIES),
    "shape overflows": Case(record(entry(shape=[1 << 40, 1 << 40, 0])), "Invalid tensor shape: b",
                            ["its shape [1099511627776, 1099511627776, 0] takes more than 2^63 - 1 elements"], DIES),
    "rank 255": Case(record(entry(shape=[1] * 255)), "Invalid tensor shape: b", ["its shape has 255 dimensions, expected at most 254"], DIES),
    "dtype 0": Case(record(entry(dtype=0)), "tensor_name = b; expected dtype float does not equal original dtype INVALID",
                    ["cannot be shown: its dtype 0 is not known"], file=""),
    "dtype 77": Case(record(entry(dtype=77)), "expected dtype float does not equal original dtype unknown dtype enum (77)",
                     ["cannot be shown: its dtype 77 is not known"], file=""),
    "dtype 101": Case(record(entry(dtype=101)), "expected dtype float does not equal original dtype float_ref",
                      ["cannot be shown: its dtype 101 is not known"], file=""),
    "dtype 20": Case(record(entry(dtype=20)), "", ["cannot be shown: "], file=""),
    "offset negative": Case(record(entry(offset=-16)), "Seeking to a negative position: -16", ["offset -16 and size 24, expected 0 or more"]),
    "size small": Case(record(entry(size=20)), "Invalid size in bundle entry: key b; stored size 20; expected size 24",
                       ["its size is 20 bytes, but float32 [6] takes 24"]),
    "size big": Case(record(entry(size=28)), "Invalid size in bundle entry: key b; stored size 28; expected size 24",
                     ["its size is 28 bytes, but float32 [6] takes 24"]),
    "size negative": Case(record(entry(size=-1)), "Invalid size in bundle entry: key b; stored size -1; expected size 24",
                          ["size -1, expected 0 or more"]),
    "string's size small": Case(strings(size=2), "Invalid size in bundle entry: key b; stored size 2; expected size is at least 3",
                                ["its size is 2 bytes, but string [3] takes at least 3"], dtype="string"),
    "shard missing": Case(changed(lambda path: path.unlink()), "bad.data-00000-of-00001; No such file or directory",
                          ["the data file is missing, its first 32 bytes are needed"], file=DATA, named=False),
    "shard empty": Case(changed(lambda path: path.write_bytes(b"")), "Read less bytes than requested",
                        ["the data file has 0 bytes, its tensors need 32"], file=DATA, named=False),
    "shard short": Case(changed(lambda path: path.write_bytes(path.read_bytes()[:-1])), "Read less bytes than requested",
                        ["the data file has 31 bytes, its tensors need 32"], file=DATA, named=False),
    "offset past the end": Case(record(entry(offset=1000)), "Read less bytes than requested",
                                ["the data file has 32 bytes, its tensors need 1024"], file=DATA, named=False),
    "end overflows": Case(record(entry(offset=(1 << 63) - 8)), "Invalid argument", ["offset 9223372036854775800 and size 24"]),
    "shard that is not counted": Case(record(e.bundle_entry(1, [6], 7, 8, 24, 0)), "bad.data-00007-of-00001; No such file or directory",
                                      ["shard 7, but the header says 1 shards"]),
    "huge": Case(record(entry(shape=[BIG], size=4 * BIG)), "OOM when allocating tensor",
                 [f"the data file has 32 bytes, its tensors need {4 * BIG + 8}"], file=DATA, named=False),
    "bit in the data": Case(changed(flip), CHECKSUM, ["checksum mismatch: stored 173ddbc0, found 77be663e"], command="verify", file=DATA),
    "checksum of others": Case(record(entry(crc=7)), CHECKSUM, ["checksum mismatch: stored 00000007, found 173ddbc0"], command="verify", file=DATA),
    "checksum not told": Case(record(e.number(1, 1) + e.nested(2, e.shape_of([6])) + e.number(4, 8) + e.number(5, 24)),
                              CHECKSUM, ["checksum mismatch: stored 00000000, found 173ddbc0"], command="verify", file=DATA),
    # 2.6
    "string lengths' checksum": Case(strings(change=lambda data: data[:4] + b"?" + data[5:]), LENGTHS, ["mismatch"],
                                     command="verify", file=DATA, dtype="string"),
    "string length": Case(strings(change=lambda data: b"\3" + data[1:]), LENGTHS, [], command="verify", file=DATA, dtype="string"),
    "string text": Case(strings(change=lambda data: data[:-1] + b"?"), CHECKSUM, ["mismatch"], command="verify", file=DATA, dtype="string"),
    "string lengths past the size": Case(strings([b"x" * 200] * 3, size=3), "String lengths longer than expected offset", [],
                                         command="verify", file=DATA, dtype="string"),
    "string lengths past the end": Case(strings(change=lambda data: b"\x80\x80\x80\x80", size=4), "Read less bytes than requested", [],
                                        command="verify", file=DATA, dtype="string"),
    "string lengths that do not end": Case(strings([b""] * 3, change=lambda data: b"\xff" * 20, size=20), "Parsed past limit.", [],
                                           command="verify", file=DATA, dtype="string"),
    "string of 2^60": Case(strings([b"x"], change=lambda _: HUGE_STRING, size=20), DIES, [],
                           command="verify", file=DATA, dtype="string"),
    # 2.10
    "slice out of bounds": Case(sliced([TOP, ([(2, 3), (0, 2)], [3, 2], 1)]), "Extent in dimension 0 out of bounds: shape = [4,2], slice = 2,3:0,2",
                                ["slice [2:5, 0:2] is not within the shape [4, 2]"]),
    "slice of another rank": Case(sliced([TOP, ([(2, 2)], [2, 2], 1)]), "Mismatching ranks: shape = [4,2], slice = 2,2",
                                  ["a slice that it lists has rank 1, its shape has rank 2"]),
    "slices overlap": Case(sliced([([(0, 3), (0, 2)], [3, 2], 1), BOTTOM]), "Overlapping slices: existing slice = ",
                           ["overlap: slices [0:3, 0:2] and [2:4, 0:2] overlap"], file=""),
    "slice missing": Case(sliced([TOP]), SLICES_MISSING, ["do not cover it: its 1 slices have 4 of its 8 elements; no slice has [2:4, 0:2]"], file=""),
    "slice without record": Case(sliced([TOP, BOTTOM], records=[e.slice_key(b"b", BOTTOM[0])]), "Key ", ["slice [2:4, 0:2] has no record"], file=""),
    "slice of another dtype": Case(sliced([TOP, ([(2, 2), (0, 2)], [2, 2], 3)]), DIES,
                                   ["slice [2:4, 0:2] is int32, the tensor is float32"]),
    "slice too small": Case(sliced([TOP, ([(2, 2), (0, 2)], [1, 2], 1)]), "", ["slice [2:4, 0:2] has 8 bytes, but float32 [2, 2] takes 16"]),
    "slice twice": Case(sliced([TOP, BOTTOM], listed=[TOP[0], BOTTOM[0], TOP[0]]), "Overlapping slices: existing slice = ",
                        ["slices [0:2, 0:2] and [0:2, 0:2] overlap"], DIES, file=""),
    "bit in a slice": Case(lambda folder: (sliced([TOP, BOTTOM])(folder), flip(folder / "bad.data-00000-of-00001"))[0],
                           CHECKSUM, ["[0:2, 0:2]", "checksum mismatch: stored"], command="verify", file=DATA),
}  # fmt: skip

# The variable that is restored is of another dtype or shape: (TensorFlow's dtype and spec, our declaration, its text, our words)
VARIABLES = {
    "dtype": ("int32", "", "int32 [6]", "tensor_name = b; expected dtype int32 does not equal original dtype float", []),
    "shape": ("float32", "5 0,3", "float32 [5] | partition 2",
              "tensor_name = b; shape in shape_and_slice spec [5] does not match the shape stored in checkpoint: [6]", []),
}  # fmt: skip
