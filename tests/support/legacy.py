# SPDX-License-Identifier: Apache-2.0
"""A writer of V1 checkpoints for tests, apart from our code: vectors of one-byte integers, each in a block of its own."""

import struct

from support.encoder import masked, varint

INT8 = 6


def message(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def head(number, length):
    return varint(number << 3 | 2) + varint(length)


def write_legacy(path, tensors, together=False):
    """tensors: name -> (dtype, values below 0x80 as bytes, or a number of zeros, which are a hole of the file; the checksum of their block is then
    not right). Names in order. With `together`, for values as bytes: all of them are in one block."""
    meta, blocks = b"", []
    for name, (dtype, values) in tensors.items():
        count = values if isinstance(values, int) else len(values)
        shape = message(2, varint(1 << 3) + varint(count))
        listed = message(1, name.encode()) + message(2, shape) + varint(3 << 3) + varint(dtype) + message(4, b"\x0a\x00")
        meta += message(1, listed)
        packed = head(7, count)
        proto = head(3, len(packed) + count)
        record = head(2, len(proto) + len(packed) + count)
        key = b"\0" + name.encode() + b"\0\1\1\1\x80\x7f"
        value = len(record) + len(proto) + len(packed) + count
        blocks.append((key, varint(0) + varint(len(key)) + varint(value) + key + record + proto + packed, values, count))
    if together:
        blocks = [(blocks[-1][0], b"".join(start + values for _, start, values, _ in blocks), b"", 0)]
    first = message(1, meta)
    blocks.insert(0, (b"", varint(0) + varint(0) + varint(len(first)) + first, b"", 0))
    tail = struct.pack("<II", 0, 1)
    index = b""
    with open(path, "wb") as file:
        def put(content):
            at = file.tell()
            file.write(content + b"\0" + struct.pack("<I", masked(content + b"\0")))
            return varint(at) + varint(len(content))

        restarts = []
        for key, start, values, count in blocks:
            if isinstance(values, int):
                at = file.tell()
                file.write(start)
                file.seek(count, 1)
                file.write(tail + b"\0" * 5)
                handle = varint(at) + varint(len(start) + count + len(tail))
            else:
                handle = put(start + values + tail)
            restarts.append(len(index))
            index += varint(0) + varint(len(key)) + varint(len(handle)) + key + handle
        meta_handle = put(tail)
        index_handle = put(index + b"".join(struct.pack("<I", r) for r in restarts) + struct.pack("<I", len(restarts)))
        file.write((meta_handle + index_handle).ljust(40, b"\0") + bytes.fromhex("57fb808b247547db"))
    return path
