#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden checkpoints that no TensorFlow at hand writes: big-endian, compressed, in the wording of old versions.

    "$(scripts/venv)/bin/python" tests/golden/make_encoded.py [--out DIR] [CASE ...]

They are cases as those of make_checkpoints.py, made by tests/support/encoder.py, which shares nothing with src/. TensorFlow reads them
all, and has to find the values that truth.json gives.
"""

import json
import os
import shutil

import golden  # before TensorFlow: it sets its environment
from golden import entry, ramp, string_entry

import cramjam
import numpy as np
import tensorflow as tf

from support import encoder

case = golden.Cases()


def number_of(value):
    return tf.as_dtype(value.dtype).as_datatype_enum


def extents_of(value, text):
    """A spec of RestoreV2 as pairs."""
    return [None if e == "-" else tuple(map(int, e.split(","))) for e in text.split(" ")[-1].split(":")]


def sliced_row(name, value, specs, **more):
    """The record of a tensor in slices in truth.json."""
    told = [(text, golden.cut(value, text)) for text in specs]
    if value.dtype == object:
        return {**string_entry(name, value), "slices": [{"spec": s, "values": golden.hexes(v)} for s, v in told], **more}
    slices = [{"spec": s, "hex": np.ascontiguousarray(v).tobytes().hex()} for s, v in told]
    return entry(name, value, kind="sliced", slices=slices, **more)


# Byte order


def swapped(value):
    """An array as a big-endian machine has it in memory."""
    return np.ascontiguousarray(value).astype(value.dtype.newbyteorder(">")).tobytes()


def put_sliced(bundle, name, value, specs, **more):
    """A tensor in slices, all in the first shard; gives its record of truth.json."""
    text = value.dtype == object
    parts = [(extents_of(value, s), golden.cut(value, s)) for s in specs]
    made = [(e, encoder.strings(v.reshape(-1).tolist(), encoder.BIG) if text else swapped(v), 0) for e, v in parts]
    bundle.put_sliced(name.encode(), 7 if text else number_of(value), value.shape, made)
    return sliced_row(name, value, specs, **more)


@case
def case_big_endian(directory):
    """Data are swapped in units of 2, 4 or 8 bytes, complex ones as two units."""
    bundle, truth = encoder.Bundle(endianness=encoder.BIG), []
    plain = {
        "a/bool": np.array([True, False, True]),
        "b/float": np.array([[1.5, -2.0, 3.25], [0.0, 1e30, -1e-30]], np.float32),
        "c/half": np.array([1.0, -2.0, 0.5, 65504.0, 0.0], np.float16),
        "d/int8": np.array([-5], np.int8),
        "e/double": np.array([3.141592653589793, -1e300]),
        "f/complex64": np.array([1.0 - 2.0j, 3.0 + 4.5j], np.complex64),
        "g/complex128": np.array([0.25 - 8.0j]),
        "h/int64": np.int64(-(2**62) - 3),
        "i/uint16": np.array([1, 0x1234, 0xFF00], np.uint16),
        "j/int32": np.array([1, -1, 0x01020304, -0x01020304], np.int32),
        "k/empty": np.zeros([0, 2], np.float32),
        "l/uint64": np.array([1, 0x0102030405060708], np.uint64),
        "l/uint32": np.array([1, 0x01020304], np.uint32),
        "l/int16": np.array([-2, 0x0102], np.int16),
        "l/bfloat16": ramp("bfloat16", [3]),
    }
    for name, value in plain.items():
        value = np.asarray(value)
        data = value.view(np.uint16).astype(">u2").tobytes() if name == "l/bfloat16" else swapped(value)
        bundle.put(name.encode(), number_of(value), value.shape, data)
        truth.append(entry(name, value))
    truth += [
        put_sliced(bundle, "n/rows", ramp("float32", [5, 2], 0), ["5 2 0,2:0,2", "5 2 2,3:0,2"]),
        put_sliced(bundle, "n/boxes", ramp("complex128", [3, 4], 0), ["3 4 0,3:3,1", "3 4 1,2:0,3", "3 4 0,1:0,3"]),
        put_sliced(bundle, "n/half", ramp("float16", [3, 4]), ["3 4 0,3:0,1", "3 4 0,3:1,3"], reader="slices"),
        put_sliced(bundle, "n/uint64", ramp("uint64", [5]), ["5 3,2", "5 0,3"], reader="slices"),
    ]
    bundle.write(directory / "big.ckpt")
    golden.write_truth(directory, "big.ckpt", truth)


@case
def case_big_endian_strings(directory):
    """Strings are as they are, but not the lengths that go into their checksum, nor that checksum."""
    bundle, truth = encoder.Bundle(endianness=encoder.BIG), []
    words = golden.words([2, 3])
    for name, value in (("words", words), ("one", np.array(b"x" * 200, object)), ("none", np.zeros([0], object))):
        bundle.put(name.encode(), 7, value.shape, encoder.strings(value.reshape(-1).tolist(), encoder.BIG))
        truth.append(string_entry(name, value))
    truth.append(put_sliced(bundle, "cut", golden.words([4, 2]), ["4 2 0,1:0,2", "4 2 1,3:0,2"], reader="slices"))
    number = ramp("int32", [3])
    bundle.put(b"number", 3, number.shape, swapped(number))
    bundle.write(directory / "big.ckpt")
    golden.write_truth(directory, "big.ckpt", [*truth, entry("number", number)])


# Compressed blocks


@case
def case_snappy_literals(directory):
    """Blocks that are compressed, but not smaller: of literals alone, the index block too; one record a block."""
    bundle, values = encoder.Bundle(), {f"scope_{i}/w": ramp("int32", [3], i) for i in range(12)}
    for name, value in values.items():
        bundle.put(name.encode(), 3, value.shape, value.tobytes())
    bundle.write(directory / "literals.ckpt", compress=encoder.literals, compress_index=encoder.literals, cut=1)
    golden.write_truth(directory, "literals.ckpt", [entry(*item) for item in values.items()])


def squeeze(content):
    return bytes(cramjam.snappy.compress_raw(content))


def shorter(last, following):
    """A short key from `last` to before `following`, as the original writes it into an index block; following None: at the end."""
    if following is None:
        i = next((i for i, byte in enumerate(last) if byte != 0xFF), None)
        return last if i is None else last[:i] + bytes([last[i] + 1])
    i = len(os.path.commonprefix([last, following]))
    if i < min(len(last), len(following)) and last[i] < 0xFF and last[i] + 1 < following[i]:
        return last[:i] + bytes([last[i] + 1])
    return last


def squeezed_blocks(records, size):
    """The data blocks of a table, cut at `size` bytes; one that snappy makes less than an eighth smaller stays as it is, as in the original."""
    blocks, batch = [], []
    for i, record in enumerate(records):
        batch.append(record)
        following = records[i + 1][0] if i + 1 < len(records) else None
        content = encoder.block(batch)
        if len(content) >= size or following is None:
            small = squeeze(content)
            worth = len(small) < len(content) - len(content) // 8
            blocks.append((shorter(record[0], following), *((small, encoder.SNAPPY) if worth else (content, encoder.RAW))))
            batch = []
    return blocks


def same_as(directory, name, prefix):
    """A checkpoint of the same tensors as the case `name`, whose truth need not be told twice; TensorFlow has to find them all."""
    head = {"checkpoint": prefix, "prefix": prefix, "same_as": f"../../{name}/truth.json"}
    truth = json.loads((directory.parent / name / "truth.json").read_text())
    golden.check(str(directory / name / prefix), truth["tensors"])
    (directory / name / "truth.json").write_text(json.dumps(head) + "\n")


@case
def case_snappy(directory):
    """The indexes of two other cases, which must have been made before, with compressed blocks. In the second, some do not get smaller
    and so stay as they are: both kinds in one table."""
    for name, prefix, size in (("big_index", "big.ckpt", 4096), ("slots", "model.ckpt-3", 128)):
        source, target = directory.parent / name, directory / name
        target.mkdir()
        records = encoder.read_table(source / f"{prefix}.index")
        (target / f"{prefix}.index").write_bytes(encoder.table([], raw_blocks=squeezed_blocks(records, size)))
        for path in source.glob(f"{prefix}.data-*"):
            shutil.copyfile(path, target / path.name)
        same_as(directory, name, prefix)


@case
def case_snappy_v1(directory):
    """The V1 files of two other cases, which must have been made before, with compressed blocks: values in them cannot be read
    where they are in the file."""
    for name, prefix, cut in (("v1", "model-v1", 200), ("v1_strings", "strings-v1", 1000), ("v1_dtypes", "dtypes-v1", 300)):
        (directory / name).mkdir()
        records = encoder.read_table(directory.parent / name / prefix)
        data = encoder.table(records, compress=squeeze, compress_index=squeeze, cut=cut)
        (directory / name / prefix).write_bytes(data)
        same_as(directory, name, prefix)


# Other wordings


@case
def case_wire(directory):
    """What another writer of protobufs may do, and TensorFlow takes: fields in any order and twice, unknown ones, shapes in two
    pieces, dimensions with names, no shape and an unknown rank for scalars, a header without a version, data with gaps."""
    e = encoder
    value, scalar = ramp("int32", [2, 3]), np.int32(77)
    bundle = e.Bundle()
    bundle.records[b""] = e.nested(15, b"unknown") + e.number(1, 9) + e.number(1, 1)  # of 2016: no version; the last shard count wins
    content = value.tobytes()
    bundle.data[0] += b"\xee" * 5 + content + b"\xee" * 3 + scalar.tobytes() + b"\xee"
    crc, crc_scalar = e.fixed32(6, e.masked(content)), e.fixed32(6, e.masked(scalar.tobytes()))
    at, at_scalar = e.number(4, 5), e.number(4, 32)
    dim = [e.nested(2, e.number(1, n)) for n in (2, 3)]
    named = e.nested(2, e.number(1, 2) + e.nested(2, b"rows")) + e.nested(2, e.nested(2, b"columns") + e.number(1, 3))
    size, shape = e.number(5, 24), e.nested(2, dim[0] + dim[1])
    bundle.records.update({
        b"backwards": crc + size + at + shape + e.number(1, 3),
        b"twice": e.number(1, 1) + e.number(5, 1) + e.number(1, 3) + shape + size + at + crc + crc,
        b"two_pieces": e.number(1, 3) + e.nested(2, dim[0]) + size + e.nested(2, dim[1]) + at + crc,
        b"named_dims": e.number(1, 3) + e.nested(2, named) + at + size + crc,
        b"unknown_fields": e.number(1, 3) + shape + e.number(99, 5) + e.nested(100, b"abc") + e.fixed32(101, 1) + at + size + crc,
        b"zeros_told": e.number(1, 3) + shape + e.number(3, 0) + at + size + crc,
        b"long_varints": b"\x08\x83\x80\x00" + shape + at + b"\x28\x98\x80\x80\x00" + crc,
        b"no_shape": e.number(1, 3) + at_scalar + e.number(5, 4) + crc_scalar,
        b"unknown_rank": e.number(1, 3) + e.nested(2, e.number(3, 1)) + at_scalar + e.number(5, 4) + crc_scalar,
        b"whole_as_slice": e.number(1, 3) + shape + at + size + crc + e.nested(7, e.slice_of([None, None])),
        b"scalar_as_slice": e.number(1, 3) + e.nested(2, b"") + at_scalar + e.number(5, 4) + crc_scalar + e.nested(7, b""),
    })  # fmt: skip
    bundle.write(directory / "wire.ckpt")
    scalars = {b"no_shape", b"unknown_rank", b"scalar_as_slice"}
    names = [name for name in bundle.records if name]
    golden.write_truth(directory, "wire.ckpt", [entry(n.decode(), scalar if n in scalars else value) for n in names])


@case
def case_wire_v1(directory):
    """The same for a V1 file: without version as in 2015, values that are not packed and in several pieces, types that TensorFlow
    reads but refuses to write, several blocks, keys that are not in the order of the meta record."""
    e = encoder
    file = e.SliceFile(versions=None)
    numbers, floats = ramp("int32", [2, 3], -3), ramp("float32", [4])
    unpacked = b"".join(e.number(7, int(n)) for n in numbers.reshape(-1))
    file.put(b"not_packed", 3, [2, 3], [(None, (unpacked,))])
    both = e.nested(7, b"".join(e.varint(int(n)) for n in numbers.reshape(-1)[:2])) + unpacked[len(e.number(7, -3) + e.number(7, 0)) :]
    file.put(b"in_pieces", 3, [2, 3], [(None, (both,))])
    file.put(b"floats_not_packed", 1, [4], [(None, (b"".join(e.fixed32(5, int(n)) for n in floats.view(np.uint32)),))])
    halves = [e.nested(5, floats[:1].tobytes()), e.nested(5, b""), e.nested(5, floats[1:].tobytes())]
    file.put(b"floats_in_pieces", 1, [4], [(None, (b"".join(halves),))])
    with_type = e.number(1, 1) + e.nested(2, e.shape_of([4])) + e.nested(5, floats.tobytes())  # says what the meta record says
    file.put(b"with_type", 1, [4], [(None, (with_type,))])
    file.put(b"long_varints", 9, [3], [(None, (e.nested(10, b"\x81\x80\x00" + b"\x02" + b"\xff" * 9 + b"\x01"),))])
    wide, wider = np.array([1, 2**32 - 1], np.uint32), np.array([1, 2**64 - 1], np.uint64)
    file.put(b"uint32", 22, [2], [(None, wide.tolist())])
    file.put(b"uint64", 23, [2], [(None, wider.tolist())])
    cut = ramp("uint32", [3, 2])
    file.put(b"uint32_cut", 22, [3, 2], [([(2, 1), None], cut[2:].reshape(-1).tolist()), ([(0, 2), None], cut[:2].reshape(-1).tolist())])
    # A tensor's name in upper case comes before the others as a key, and last in the meta record.
    file.put(b"Z", 1, [4], [(None, floats.tobytes())])
    file.metas = {b"zz": file.metas.pop(b"Z"), **file.metas}
    file.write(directory / "wire-v1", cut=100)
    truth = [entry(n, numbers) for n in ("not_packed", "in_pieces")]
    truth += [entry(n, floats) for n in ("floats_not_packed", "floats_in_pieces", "with_type", "Z")]
    truth += [entry("long_varints", np.array([1, 2, -1])), entry("uint32", wide, reader="RestoreV2"), entry("uint64", wider, reader="RestoreV2")]
    truth.append(sliced_row("uint32_cut", cut, ["3 2 2,1:-", "3 2 0,2:-"], reader="RestoreV2"))
    golden.write_truth(directory, "wire-v1", truth)


@case
def case_view(directory):
    """What a view of other checkpoints may be: two shards of theirs as they are and one with gaps, so that all have new names;
    tensors renamed, in two places, in the middle of another one, of another shape, of another dtype; an empty one past the end."""
    e = encoder
    emb, step, bias = ramp("float32", [10, 4], 0), np.int64(7), ramp("float16", [6])
    bundle = e.Bundle(3)
    bundle.put(b"new/emb", 1, emb.shape, emb.tobytes())
    bundle.put(b"new/step", 9, [], step.tobytes())
    bundle.put(b"new/bias", 19, bias.shape, bias.tobytes(), shard=1)
    bundle.put(b"gap/a", 1, [2], emb[0, :2].tobytes(), shard=2, gap=4096)
    bundle.put(b"gap/b", 3, [3], np.int32([1, 2, 3]).tobytes(), shard=2, gap=61)
    bundle.data[2] += bytes(100)
    rows = {b"again/emb": ([10, 4], emb, 0), b"middle": ([3, 4], emb[4:7], 64), b"flat": ([40], emb.reshape(-1), 0), b"row": ([4], emb[9], 144)}
    for name, (shape, value, offset) in rows.items():
        bundle.records[name] = e.bundle_entry(1, shape, 0, offset, value.nbytes, e.masked(value.tobytes()))
    bundle.records[b"bits"] = e.bundle_entry(3, [10, 4], 0, 0, emb.nbytes, e.masked(emb.tobytes()))
    bundle.records[b"nothing"] = e.bundle_entry(1, [0, 4], 1, 1 << 40, 0, e.masked(b""))
    bundle.write(directory / "view.ckpt")
    golden.state_file(directory, "view.ckpt", ["view.ckpt"])
    values = {"new/emb": emb, "new/step": step, "new/bias": bias, "gap/a": emb[0, :2], "gap/b": np.int32([1, 2, 3]), "bits": emb.view(np.int32)}
    values.update({name.decode(): value for name, (_, value, _) in rows.items()}, nothing=np.zeros([0, 4], np.float32))
    golden.write_truth(directory, "view.ckpt", [entry(*item) for item in values.items()], ".")


if __name__ == "__main__":
    case.main("Make the golden checkpoints that TensorFlow reads but does not write.")
