# SPDX-License-Identifier: Apache-2.0
"""Writes simple V2 checkpoints (tensor bundles), without TensorFlow and without our own code.

One data block, every key stored whole; see tensorflow/core/util/tensor_bundle/tensor_bundle.cc and core/lib/io/table_format.txt.
"""

import struct
from pathlib import Path

from support.encoder import masked, varint

FLOAT32, INT8 = 1, 6


def _field(number, value):
    """A varint field, or a length-delimited one."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value) if value else b""


def _block(records):
    out = bytearray()
    restarts = []
    for key, value in records:
        restarts.append(len(out))
        out += b"\0" + varint(len(key)) + varint(len(value)) + key + value
    restarts = restarts or [0]
    out += b"".join(struct.pack("<I", r) for r in restarts) + struct.pack("<I", len(restarts))
    return bytes(out)


def write_index(path, entries, shards, endianness=0):
    """entries: (name bytes, dtype, shape, shard, offset, size[, masked crc])."""
    version = _field(1, 1)
    records = [(b"", _field(1, shards) + _field(2, endianness) + _field(3, version))]
    for name, dtype, shape, shard, offset, size, *crc in sorted(entries):
        dims = b"".join(_field(2, _field(1, d)) for d in shape)
        records.append((name, _field(1, dtype) + _field(2, dims) + _field(3, shard) + _field(4, offset) +
                        _field(5, size) + b"\x35" + struct.pack("<I", crc[0] if crc else 0x1234ABCD)))
    out = bytearray()

    def add(block):
        handle = varint(len(out)) + varint(len(block))
        out.extend(block + b"\0" + struct.pack("<I", masked(block + b"\0")))
        return handle

    data = add(_block(records))
    meta = add(_block([]))
    index = add(_block([(records[-1][0] + b"\xff", data)]))
    out += (meta + index).ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    Path(path).write_bytes(out)


def write(prefix, tensors, shards=1):
    """tensors: {name: (dtype, shape, bytes[, what the checksum is over])}; tensor number i goes to shard i % shards. Large ones have no right checksum
    unless that is said: in Python it takes a second a megabyte. Returns the prefix as str."""
    prefix = str(prefix)
    data = [bytearray() for _ in range(shards)]
    entries = []
    for i, (name, (dtype, shape, content, *summed)) in enumerate(sorted(tensors.items())):
        shard = data[i % shards]
        raw = name.encode() if isinstance(name, str) else name
        summed = summed or [content] * (len(content) <= 4096)
        entries.append((raw, dtype, shape, i % shards, len(shard), len(content), *map(masked, summed)))
        shard += content
    write_index(prefix + ".index", entries, shards)
    for i, content in enumerate(data):
        Path(f"{prefix}.data-{i:05}-of-{shards:05}").write_bytes(content)
    return prefix


def write_checkpoint(prefix, tensors, checksums=True, endianness=0, size_of={}, crc_of={}):
    """In one shard. tensors: {name (bytes): (dtype number, shape, bytes[, what the checksum is over])}. Without checksums, those of the data
    are 0: in Python they take a second a megabyte. size_of, crc_of: what an entry says instead."""
    data, entries = b"", []
    for name in sorted(tensors):
        dtype, shape, content, *summed = tensors[name]
        crc = crc_of.get(name, masked(summed[0] if summed else content) if checksums else 0)
        entries.append((name, dtype, shape, 0, len(data), size_of.get(name, len(content)), crc))
        data += content
    write_index(f"{prefix}.index", entries, 1, endianness)
    Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    return prefix
