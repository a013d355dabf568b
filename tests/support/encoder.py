# SPDX-License-Identifier: Apache-2.0
"""An encoder of checkpoints that shares nothing with src/: for what TensorFlow does not write (big-endian bundles, compressed
blocks, damaged records). Tables, bundles (V2) and tensor slice files (V1); standard library only.

A message is built of fields, bytes for a nested message or a string and an int for a number; a record is (key, value), both bytes.
The formats are those of tensorflow/core/lib/io/{block_builder,table_builder,format}.cc, core/util/tensor_bundle/tensor_bundle.cc,
core/util/saved_tensor_slice_util.cc and core/lib/strings/ordered_code.cc."""

import os
import pathlib
import struct

MAGIC = bytes.fromhex("57fb808b247547db")
RAW, SNAPPY = 0, 1
LITTLE, BIG = 0, 1
BLOCK_SIZE = 262144

_CRC = []
for _n in range(256):
    for _ in range(8):
        _n = _n >> 1 ^ (0x82F63B78 if _n & 1 else 0)
    _CRC.append(_n)


def extend(crc, data):
    """The CRC-32C of what gave `crc` followed by `data`."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def crc32c(data):
    return extend(0, data)


def mask(crc):
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def masked(data):
    return mask(crc32c(data))


def masked_repeated(block, count):
    """masked(block * count), in a time that does not grow with the block's length times count: a checksum is linear."""

    def times(matrix, vector):
        out, i = 0, 0
        while vector:
            if vector & 1:
                out ^= matrix[i]
            vector, i = vector >> 1, i + 1
        return out

    def zeros(length):  # the register after that many zero bytes, for each of its bits
        if length == 0:
            return [1 << i for i in range(32)]
        if length % 2:
            return [_CRC[column & 0xFF] ^ column >> 8 for column in zeros(length - 1)]
        half = zeros(length // 2)
        return [times(half, column) for column in half]

    step, start = zeros(len(block)), 0
    for byte in block:
        start = _CRC[(start ^ byte) & 0xFF] ^ start >> 8
    crc = 0xFFFFFFFF
    for _ in range(count):
        crc = times(step, crc) ^ start
    return mask(crc ^ 0xFFFFFFFF)


# Messages


def varint(n):
    n &= (1 << 64) - 1  # a negative number takes 10 bytes
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def get_varint(data, pos):
    value = shift = 0
    while True:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, pos


def number(field, value):
    return varint(field << 3) + varint(value)


def nested(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def fixed32(field, value):
    return varint(field << 3 | 5) + struct.pack("<I", value & 0xFFFFFFFF)


def fields(message):
    """(number, value) of each field of a message: bytes of a nested one, else a number."""
    pos, found = 0, []
    while pos < len(message):
        tag, pos = get_varint(message, pos)
        if tag & 7 == 0:
            value, pos = get_varint(message, pos)
        else:
            size, pos = (4, pos) if tag & 7 == 5 else get_varint(message, pos)
            value = message[pos : pos + size]
            pos += size
            value = struct.unpack("<I", value)[0] if tag & 7 == 5 else value
        found.append((tag >> 3, value))
    return found


def shape_of(dims):
    """A TensorShapeProto."""
    return b"".join(nested(2, number(1, dim) if dim else b"") for dim in dims)


def slice_of(extents):
    """A TensorSliceProto of (start, length) pairs, None for a whole axis."""
    return b"".join(nested(1, (number(1, e[0]) if e[0] else b"") + number(2, e[1]) if e else b"") for e in extents)


# Slice keys


def snum(v):
    bits = (v if v >= 0 else ~v).bit_length()
    length = 1 if bits <= 6 else (bits + 7) // 7
    out = bytearray(v.to_bytes(max(length, 8) + 1, "big", signed=True)[-length:])
    run = ((1 << length) - 1) << (16 - length)  # as many ones as bytes, at the top of the first two
    out[0] ^= run >> 8
    if length > 1:
        out[1] ^= run & 0xFF
    return bytes(out)


def slice_key(name, extents):
    """EncodeTensorNameSlice."""
    escaped = b"".join({0: b"\0\xff", 255: b"\xff\0"}.get(byte, bytes([byte])) for byte in name)
    rank = bytes([1, len(extents)]) if extents else b"\0"
    return b"\0" + escaped + b"\0\1" + rank + b"".join(snum(e[0]) + snum(e[1]) if e else snum(0) + snum(-1) for e in extents)


# Tables


def literals(data):
    """Raw snappy of literals alone."""
    out = varint(len(data))
    for at in range(0, len(data), 60):
        piece = data[at : at + 60]
        out += bytes([len(piece) - 1 << 2]) + piece
    return out


def block(records, interval=16):
    out, restarts, last = bytearray(), [], b""
    for i, (key, value) in enumerate(records):
        shared = len(os.path.commonprefix([last, key]))
        if i % interval == 0:
            restarts.append(len(out))
            shared = 0
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    restarts = restarts or [0]
    return bytes(out) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def trailed(content, kind=RAW):
    return content + bytes([kind]) + struct.pack("<I", masked(content + bytes([kind])))


def table(records, compress=None, compress_index=None, cut=BLOCK_SIZE, raw_blocks=None):
    """A table of records in the given order. `compress` makes the content of each data block (and `compress_index` of the index
    block) what is stored; blocks are cut after `cut` bytes of records. raw_blocks: (last key, stored content, type) of every
    data block instead of records."""
    out, handles = bytearray(), []

    def add(content, kind):
        handle = varint(len(out)) + varint(len(content))
        out.extend(trailed(content, kind))
        return handle

    if raw_blocks is None:
        raw_blocks, batch, size = [], [], 0
        for i, record in enumerate(records):
            batch.append(record)
            size += len(record[0]) + len(record[1])
            if size >= cut or i + 1 == len(records):
                content = block(batch)
                raw_blocks.append((batch[-1][0], compress(content) if compress else content, SNAPPY if compress else RAW))
                batch, size = [], 0
    for last, content, kind in raw_blocks:
        handles.append((last, add(content, kind)))
    meta = add(block([]), RAW)
    index = block(handles, 1)
    index = add(compress_index(index), SNAPPY) if compress_index else add(index, RAW)
    return bytes(out) + (meta + index).ljust(40, b"\0") + MAGIC


def handles_of(data):
    """Where a table has its blocks: (offset, size) of each data block, of the metaindex and of the index, all uncompressed."""
    footer, pos, pair = data[-48:], 0, []
    for _ in range(2):
        offset, pos = get_varint(footer, pos)
        size, pos = get_varint(footer, pos)
        pair.append((offset, size))
    meta, index = pair
    blocks = []
    for _, value in records_of(data[index[0] : index[0] + index[1]]):
        offset, pos = get_varint(value, 0)
        blocks.append((offset, get_varint(value, pos)[0]))
    return blocks, meta, index


def records_of(content):
    """The records of one uncompressed block."""
    (count,) = struct.unpack_from("<I", content, len(content) - 4)
    end, pos, key, records = len(content) - 4 - 4 * count, 0, b"", []
    while pos < end:
        shared, pos = get_varint(content, pos)
        unshared, pos = get_varint(content, pos)
        length, pos = get_varint(content, pos)
        key = key[:shared] + content[pos : pos + unshared]
        pos += unshared
        records.append((key, content[pos : pos + length]))
        pos += length
    return records


def read_table(path):
    """All records of a table without compressed blocks."""
    data = pathlib.Path(path).read_bytes()
    return [record for offset, size in handles_of(data)[0] for record in records_of(data[offset : offset + size])]


# Bundles


def header(shards=1, endianness=LITTLE, version=number(1, 1)):
    return (number(1, shards) if shards else b"") + (number(2, endianness) if endianness else b"") + nested(3, version)


def bundle_entry(dtype, shape, shard=0, offset=0, size=0, crc=0, slices=()):
    """shape: dimensions, or the bytes of a TensorShapeProto."""
    shape = shape if isinstance(shape, bytes) else shape_of(shape)
    out = (number(1, dtype) if dtype else b"") + nested(2, shape)
    for field, value in ((3, shard), (4, offset), (5, size)):
        out += number(field, value) if value else b""
    if crc is not None and not slices:
        out += fixed32(6, crc)
    return out + b"".join(nested(7, slice_of(extents)) for extents in slices)


def strings(values, endianness=LITTLE):
    """(data, masked checksum of the entry) of a string tensor."""
    order = "<>"[endianness]
    crc, lengths = 0, b""
    for value in values:
        lengths += varint(len(value))
        crc = extend(crc, struct.pack(order + "I", len(value)))
    stored = struct.pack(order + "I", mask(crc))
    crc = extend(crc, stored)
    text = b"".join(values)
    return lengths + stored + text, mask(extend(crc, text))


def variants(elements):
    """(data, masked checksum of the entry) of a variant tensor."""
    data, crc = b"", 0
    for element in elements:
        crc = extend(extend(crc, struct.pack("<Q", len(element))), element)
        stored = struct.pack("<I", mask(crc))
        data += varint(len(element)) + element + stored
        crc = extend(crc, stored)
    return data, mask(crc)


class Bundle:
    """A bundle in the making: data of each shard, and records."""

    def __init__(self, shards=1, endianness=LITTLE):
        self.endianness, self.data = endianness, [bytearray() for _ in range(shards)]
        self.records = {b"": header(shards, endianness)}

    def put(self, key, dtype, shape, content, shard=0, gap=0):
        """`content`: the bytes as they are to be in the file, or (bytes, checksum)."""
        content, crc = content if isinstance(content, tuple) else (content, masked(content))
        data = self.data[shard]
        data.extend(bytes(gap))
        self.records[key] = bundle_entry(dtype, shape, shard, len(data), len(content), crc)
        data.extend(content)

    def put_sliced(self, name, dtype, shape, pieces):
        """pieces: (extents, content, shard) of each."""
        self.records[name] = bundle_entry(dtype, shape, slices=[extents for extents, _, _ in pieces])
        for extents, content, shard in pieces:
            lengths = [e[1] if e else n for e, n in zip(extents, shape)]
            self.put(slice_key(name, extents), dtype, lengths, content, shard)

    def sorted_records(self):
        return sorted(self.records.items())

    def write(self, prefix, **how):
        """`how`: of the table."""
        pathlib.Path(f"{prefix}.index").write_bytes(table(self.sorted_records(), **how))
        for i, data in enumerate(self.data):
            pathlib.Path(f"{prefix}.data-{i:05}-of-{len(self.data):05}").write_bytes(data)
        return str(prefix)


# Tensor slice files

# dtype: (field of TensorProto, whether its elements are varints)
VALUES = {1: (5, False), 2: (6, False), 3: (7, True), 4: (7, True), 5: (7, True), 6: (7, True), 8: (9, False), 9: (10, True), 10: (11, True),
          17: (7, True), 18: (12, False), 19: (13, True), 22: (16, True), 23: (17, True)}  # fmt: skip


def values_of(dtype, values):
    """The values of a slice as a TensorProto: numbers of a varint type, bytes of any other, a list of bytes of strings."""
    if dtype == 7:
        return b"".join(nested(8, value) for value in values)
    field, varints = VALUES[dtype]
    content = b"".join(varint(value) for value in values) if varints else values
    return nested(field, content) if content else b""


class SliceFile:
    """A V1 file in the making. `metas`: SavedSliceMeta by name; `records`: the rest."""

    def __init__(self, versions=number(1, 1)):
        self.versions, self.metas, self.records = versions, {}, {}

    def put(self, name, dtype, shape, pieces):
        """pieces: (extents, values) of each, where extents is None for the whole; values as values_of takes them, or a TensorProto as
        (bytes,)."""
        slices = b""
        for extents, values in pieces:
            extents = [None] * len(shape) if extents is None else extents
            proto = values[0] if isinstance(values, tuple) else values_of(dtype, values)
            slices += nested(4, slice_of(extents))
            saved = nested(1, name) + nested(2, slice_of(extents)) + nested(3, proto)
            self.records[slice_key(name, extents)] = nested(2, saved)
        self.metas[name] = nested(1, name) + nested(2, shape_of(shape)) + number(3, dtype) + slices

    def sorted_records(self):
        meta = b"".join(nested(1, self.metas[name]) for name in sorted(self.metas))
        meta += nested(2, self.versions) if self.versions is not None else b""
        return sorted({b"": nested(1, meta), **self.records}.items())

    def write(self, path, **how):
        pathlib.Path(path).write_bytes(table(self.sorted_records(), **how))
        return str(path)
