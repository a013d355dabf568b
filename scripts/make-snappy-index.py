#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rewrite the index of a V2 checkpoint with snappy-compressed data blocks.

    make-snappy-index.py [--block-size N] [--index-block] SOURCE_PREFIX TARGET_PREFIX

TensorFlow reads snappy blocks in an `.index`, and real files have them, but no writer that it ships makes any. So this
script takes a table apart and puts it together again: same records, smaller blocks, compressed. The data files are copied
as they are. In the end TensorFlow has to load both checkpoints and to find every tensor equal; the exit status tells.
"""

import argparse
import glob
import os
import shutil
import struct
import sys

import cramjam

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
FOOTER_SIZE = 48
RAW, SNAPPY = 0, 1


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = _crc_table()


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def put_varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def get_varint(data, pos):
    value = shift = 0
    while True:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, pos


# Reading


def read_block(table, handle):
    """The (key, value) pairs of the block that a handle (offset and size as varints) points at."""
    offset, pos = get_varint(handle, 0)
    size, _ = get_varint(handle, pos)
    stored, kind = table[offset : offset + size], table[offset + size]
    (crc,) = struct.unpack_from("<I", table, offset + size + 1)
    if crc != masked_crc32c(stored + bytes([kind])):
        raise ValueError(f"checksum of the block at {offset}")
    block = bytes(cramjam.snappy.decompress_raw(stored)) if kind == SNAPPY else stored

    (restarts,) = struct.unpack_from("<I", block, len(block) - 4)
    end = len(block) - 4 - 4 * restarts
    records, key, pos = [], b"", 0
    while pos < end:
        shared, pos = get_varint(block, pos)
        unshared, pos = get_varint(block, pos)
        length, pos = get_varint(block, pos)
        key = key[:shared] + block[pos : pos + unshared]
        pos += unshared
        records.append((key, block[pos : pos + length]))
        pos += length
    return records


def read_table(path):
    with open(path, "rb") as file:
        table = file.read()
    footer = table[-FOOTER_SIZE:]
    if footer[-8:] != MAGIC:
        raise ValueError(f"{path}: not a table")
    pos = 0
    for _ in range(2):  # the handle of the metaindex block
        _, pos = get_varint(footer, pos)
    return [record for _, handle in read_block(table, footer[pos:]) for record in read_block(table, handle)]


# Writing


class Block:
    """A block under construction; every `interval` keys one is written without a prefix shared with its predecessor."""

    def __init__(self, interval):
        self.interval, self.data, self.restarts, self.count, self.last = interval, bytearray(), [0], 0, b""

    def add(self, key, value):
        shared = 0
        if self.count and self.count % self.interval == 0:
            self.restarts.append(len(self.data))
        elif self.count:
            shared = len(os.path.commonprefix([self.last, key]))
        self.data += put_varint(shared) + put_varint(len(key) - shared) + put_varint(len(value)) + key[shared:] + value
        self.count, self.last = self.count + 1, key

    def size(self):
        return len(self.data) + 4 * len(self.restarts) + 4

    def finish(self):
        return bytes(self.data) + struct.pack(f"<{len(self.restarts) + 1}I", *self.restarts, len(self.restarts))


def separator(last, following):
    """A short key in last <= key < following."""
    i = len(os.path.commonprefix([last, following]))
    if i < min(len(last), len(following)) and last[i] < 0xFF and last[i] + 1 < following[i]:
        return last[:i] + bytes([last[i] + 1])
    return last


def successor(last):
    for i, byte in enumerate(last):
        if byte != 0xFF:
            return last[:i] + bytes([byte + 1])
    return last


def write_table(path, records, block_size, compress_index):
    """Write a table; returns how many of its blocks are compressed, and how many data blocks it has."""
    out, compressed = bytearray(), 0

    def emit(block, wanted):
        nonlocal compressed
        data, kind = block.finish(), RAW
        if wanted:
            squeezed = bytes(cramjam.snappy.compress_raw(data))
            if len(squeezed) < len(data) - len(data) // 8:  # as the original: a gain below one eighth is not worth it
                data, kind = squeezed, SNAPPY
                compressed += 1
        handle = put_varint(len(out)) + put_varint(len(data))
        out.extend(data + bytes([kind]) + struct.pack("<I", masked_crc32c(data + bytes([kind]))))
        return handle

    index, block = Block(1), Block(16)
    for i, (key, value) in enumerate(records):
        block.add(key, value)
        if i + 1 == len(records) or block.size() >= block_size:
            last = successor(key) if i + 1 == len(records) else separator(key, records[i + 1][0])
            index.add(last, emit(block, True))
            block = Block(16)
    footer = emit(Block(1), False) + emit(index, compress_index)
    out.extend(footer.ljust(FOOTER_SIZE - 8, b"\0") + MAGIC)
    with open(path, "wb") as file:
        file.write(out)
    return compressed, index.count


def convert(source, target, block_size=4096, compress_index=False):
    records = read_table(source + ".index")
    os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
    compressed, blocks = write_table(target + ".index", records, block_size, compress_index)
    for path in glob.glob(glob.escape(source) + ".data-*"):
        shutil.copyfile(path, target + path[len(source) :])
    if read_table(target + ".index") != records:
        raise SystemExit(f"{target}.index: the records changed on the way")
    if not compressed:
        raise SystemExit(f"{target}.index: no block became smaller, so none is compressed")
    return compressed, blocks


def image(value):
    """What to compare of a tensor: its bytes (a NaN is not equal to itself), or its strings."""
    if getattr(value, "dtype", object) == object:
        return value.tolist() if hasattr(value, "tolist") else value
    return value.tobytes()


def verify(source, target):
    """Let TensorFlow compare the two."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    old, new = tf.train.load_checkpoint(source), tf.train.load_checkpoint(target)
    shapes = old.get_variable_to_shape_map()
    if shapes != new.get_variable_to_shape_map():
        raise SystemExit(f"{target}: TensorFlow lists other tensors than in {source}")
    if old.get_variable_to_dtype_map() != new.get_variable_to_dtype_map():
        raise SystemExit(f"{target}: TensorFlow finds other dtypes than in {source}")
    for name in shapes:
        if image(old.get_tensor(name)) != image(new.get_tensor(name)):
            raise SystemExit(f"{target}: TensorFlow reads other values of {name!r} than from {source}")
    return len(shapes)


def main():
    parser = argparse.ArgumentParser(description="Rewrite a V2 checkpoint's index with snappy-compressed data blocks.")
    parser.add_argument("source", help="prefix of the checkpoint to read")
    parser.add_argument("target", help="prefix of the checkpoint to write")
    parser.add_argument("--block-size", type=int, default=4096, help="cut a data block at this many bytes (default 4096)")
    parser.add_argument("--index-block", action="store_true", help="compress the index block as well")
    args = parser.parse_args()
    compressed, blocks = convert(args.source, args.target, args.block_size, args.index_block)
    tensors = verify(args.source, args.target)
    print(f"{args.target}.index: {blocks} data blocks, {compressed} blocks compressed, {tensors} tensors equal", file=sys.stderr)


if __name__ == "__main__":
    main()
