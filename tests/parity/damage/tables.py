# SPDX-License-Identifier: Apache-2.0
"""Damaged tables: the index of a bundle with the tensors `a` and `b`, whose records are all in one block, or `b` alone in a second one.

The block of `b` is damaged. With one block TensorFlow meets the damage on opening, and tells. With two it does not: its iterator goes on
to the next block, so that `b` "is not found", and nothing else is said."""

import struct

import numpy as np

from support import encoder as e

VALUE = np.arange(6, dtype="<f4").tobytes()


def bundle():
    made = e.Bundle()
    made.put(b"a", 1, [6], VALUE)
    made.put(b"b", 1, [2, 3], VALUE)
    return made


def blocks(count):
    """[last key, content, type] of the data blocks."""
    records = bundle().sorted_records()
    cuts = [records] if count == 1 else [records[:-1], records[-1:]]
    return [[cut[-1][0], e.block(cut), e.RAW] for cut in cuts]


def plain(count=2):
    return e.table(None, raw_blocks=blocks(count))


def stored(content, kind=e.RAW):
    """The last block is stored like this; its checksum is right."""

    def make(count):
        made = blocks(count)
        made[-1][1:] = content(made[-1][1]) if callable(content) else content, kind
        return e.table(None, raw_blocks=made)

    return make


def handles_from(data):
    """(what comes before the index block, metaindex handle, entries of the index block)"""
    _, meta, index = e.handles_of(data)
    return data[: index[0]], b"".join(map(e.varint, meta)), e.records_of(data[index[0] : index[0] + index[1]])


def handle(value):
    """The handle of the last data block says something else: what `value` makes of the table."""

    def make(count):
        body, meta, entries = handles_from(plain(count))
        entries[-1] = (entries[-1][0], value(plain(count)))
        index = e.block(entries, 1)
        return body + e.trailed(index) + (meta + e.varint(len(body)) + e.varint(len(index))).ljust(40, b"\0") + e.MAGIC

    return make


def index_handle(value):
    def make(count):
        data = plain(count)
        _, meta, _ = handles_from(data)
        return data[:-48] + (meta + value(data)).ljust(40, b"\0") + e.MAGIC

    return make


def at(offset, size):
    """A handle; a negative offset counts from the end."""
    return lambda data: e.varint(offset if offset >= 0 else len(data) + offset) + e.varint(size)


def flipped(data, place, bit=0):
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


def flip(which, back=0):
    """One bit wrong in the middle of a block ("meta", "index" or "last"), or `back` bytes from the end of its trailer."""

    def make(count):
        data = plain(count)
        found, meta, index = e.handles_of(data)
        offset, size = {"meta": meta, "index": index, "last": found[-1]}[which]
        return flipped(data, offset + size + 5 - back if back else offset + size // 2)

    return make


def one(entry):
    """A block of one entry as given."""
    return entry + struct.pack("<II", 0, 1)


def record(shared, unshared, length, rest):
    return e.varint(shared) + e.varint(unshared) + e.varint(length) + rest


class Table:
    """`make` gives the index, of a number of blocks. `text` is TensorFlow's on opening. `everywhere`: also if the block is not the first
    (None: the process dies). Ours has all of `words`, in which {at} is the place of the last block."""

    def __init__(self, make, text, words, everywhere=False):
        self.make, self.text, self.words, self.everywhere = make, text, words, everywhere


BLOCK = "the block at byte {at}"
ENTRY = "entry at byte 0 of " + BLOCK
CHECKSUM = [BLOCK, "has the checksum", "its trailer says"]

TABLES = {
    "empty": Table(lambda _: b"", "file is too short to be an sstable", ["the file has 0 bytes, a table has at least 48"], True),
    "short": Table(lambda n: plain(n)[-47:], "file is too short to be an sstable", ["the file has 47 bytes, a table has at least 48"], True),
    "cut": Table(lambda n: plain(n)[:-1], "not an sstable (bad magic number)", ["the last 8 bytes are", "a table ends in 57fb808b247547db"], True),
    "magic": Table(lambda n: flipped(plain(n), len(plain(n)) - 1), "not an sstable (bad magic number)",
                   ["the last 8 bytes are 57fb808b247547da, a table ends in 57fb808b247547db"], True),
    "no handles": Table(lambda n: plain(n)[:-48] + b"\xff" * 40 + e.MAGIC, "bad block handle", ["the footer", "two block handles"], True),
    "no handle of a block": Table(handle(lambda _: b"\xff" * 11), "bad block handle", ["an index entry of 11 bytes holds no block handle"]),
    "half a handle": Table(handle(lambda _: b"\x05"), "bad block handle", ["an index entry of 1 bytes holds no block handle"]),
    "index past the end": Table(index_handle(at(-20, 100)), "Read less bytes than requested", ["the index block", "(100 bytes)"], True),
    "block past the end": Table(handle(at(-20, 100)), "Read less bytes than requested", ["the data block", "(100 bytes)"]),
    "block far away": Table(handle(at(1 << 50, 100)), "Read less bytes than requested", [f"the data block at byte {1 << 50}"]),
    "huge block": Table(handle(at(0, 1 << 40)), None, [f"({1 << 40} bytes)"], True),
    "huge index": Table(index_handle(at(0, 1 << 40)), None, [f"({1 << 40} bytes)"], True),
    "bit in a block": Table(flip("last"), "block checksum mismatch", CHECKSUM),
    "bit in the index": Table(flip("index"), "block checksum mismatch", ["has the checksum", "its trailer says"], True),
    "bit in a checksum": Table(flip("last", 2), "block checksum mismatch", CHECKSUM),
    "bit in a type": Table(flip("last", 5), "block checksum mismatch", CHECKSUM),
    "type": Table(stored(lambda block: block, 7), "bad block type", [BLOCK, "has the compression type 7, expected 0 or 1"]),
    "no snappy": Table(stored(b"\x20\xff\xff\xff", e.SNAPPY), "corrupted compressed block contents",
                       ["the snappy block at byte {at} does not unpack to the 32 bytes"]),
    "snappy of another length": Table(stored(lambda block: b"\x7f" + e.literals(block)[len(e.varint(len(block))) :], e.SNAPPY),
                                      "corrupted compressed block contents", ["the snappy block at byte {at} does not unpack to the 127 bytes"]),
    "three bytes": Table(stored(b"\0\0\0"), "bad block contents", [BLOCK, "holds 3 bytes, expected at least 4"]),
    "no bytes": Table(stored(b""), "bad block contents", [BLOCK, "holds 0 bytes, expected at least 4"]),
    "too many restarts": Table(stored(b"\0" * 8 + struct.pack("<I", 9)), "bad block contents", [BLOCK, "has 9 restarts, 12 bytes hold at most 2"]),
    "entry of two bytes": Table(stored(one(b"\0\1")), "bad entry in block", [ENTRY, "passes the end of the entries"]),
    "shares too much": Table(stored(one(record(5, 1, 1, b"by"))), "bad entry in block", [BLOCK, "shares 5 bytes with the key before it, which has 0"]),
    "value past the end": Table(stored(one(record(0, 1, 1000, b"b"))), "bad entry in block", [ENTRY, "passes the end of the entries"]),
    "key past the end": Table(stored(one(record(0, 1000, 0, b"b"))), "bad entry in block", [ENTRY, "passes the end of the entries"]),
    "sum of lengths wraps": Table(stored(one(record(0, 0xFFFFFFFF, 2, b"b"))), None, [ENTRY, "a key of 4294967295 bytes"], True),
    "no records": Table(lambda _: e.table([]), "(failed to seek to header entry)", ["the first record is missing, expected the header"], True),
}  # fmt: skip

NO_RESTARTS = stored(struct.pack("<I", 0))  # which makes an empty block, and is no error by itself

# Without a message of TensorFlow's, and read all the same.
HARMLESS = {
    "bit in the metaindex": flip("meta"),
    "bit in the footer's padding": lambda count: flipped(plain(count), len(plain(count)) - 10),
    "more behind a handle": handle(lambda data: b"".join(map(e.varint, e.handles_of(data)[0][-1])) + b"more"),
}
