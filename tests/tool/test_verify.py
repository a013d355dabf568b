# SPDX-License-Identifier: Apache-2.0
"""ckptool verify: undamaged goldens are good; each damaged byte of a shard is found, in the tensor that holds it."""

import json
import os
import pathlib
import shutil

import pytest

from support import encoder, tool
from support.paths import GOLDEN
from support.tool import V2, truth


@pytest.mark.parametrize("folder", V2 + ["strings", "strings_sliced", "table"])
def test_goldens_are_good(folder):
    prefix, _ = truth(folder)
    lines = tool.run("verify", "-q", prefix).stdout.decode().splitlines()
    assert len(lines) == 1 and lines[0].endswith(": 0 damaged")


@pytest.mark.parametrize("folder, step", [("demo", 7), ("sharded", 3), ("strings", 1), ("strings_sliced", 1), ("sliced_half", 5)])
def test_every_damaged_byte_is_found(folder, step, tmp_path):
    prefix, _ = truth(folder)
    for number, shard in enumerate(sorted(prefix.parent.glob(prefix.name + ".data-*"))):
        for position in range(0, shard.stat().st_size, step):
            copy = tmp_path / f"{number}-{position}"
            shutil.copytree(prefix.parent, copy)
            data = bytearray(shard.read_bytes())
            data[position] ^= 0x40
            (copy / shard.name).write_bytes(data)
            done = tool.run("verify", "-q", copy / prefix.name, status=1)
            lines = done.stdout.decode().splitlines()
            assert len(lines) == 2 and lines[-1].endswith(": 1 damaged"), lines
            assert "checksum mismatch" in lines[0] or "lengths of its elements" in lines[0]
            assert shard.name in lines[0]


def test_missing_and_short_shards_are_errors(tmp_path):
    prefix, _ = truth("demo")
    shutil.copytree(prefix.parent, tmp_path / "x")
    shard = next((tmp_path / "x").glob("*.data-*"))
    shard.write_bytes(shard.read_bytes()[:-1])
    assert b"bytes" in tool.run("verify", tmp_path / "x", status=1).stderr
    shard.unlink()
    tool.run("verify", tmp_path / "x", status=1)


def test_what_a_short_or_missing_shard_leaves_is_checked(tmp_path):
    bundle = encoder.Bundle(shards=2)
    for name, shard in ((b"a", 0), (b"b", 0), (b"c", 1), (b"d", 1)):
        bundle.put(name, 4, [2], b"\1\2", shard)
    bundle.put_sliced(b"e", 4, [2], [([(0, 1)], b"\1", 0), ([(1, 1)], b"\2", 1)])
    bundle.put(b"s", 7, [], encoder.strings([b"text"]), 1)
    prefix = bundle.write(tmp_path / "x")
    short, missing = (tmp_path / f"x.data-0000{i}-of-00002" for i in range(2))
    short.write_bytes(b"\1\1\1")
    missing.unlink()
    done = tool.run("verify", prefix, status=1)
    *lines, summary = done.stdout.decode().splitlines()
    assert lines[0].endswith("x.data-00000-of-00002: cut short at byte 3: 2 tensors or slices cannot be read: b, e")
    assert lines[1].endswith("x.data-00001-of-00002: cannot be opened: 4 tensors or slices cannot be read: c, d, e, ...")
    assert lines[2].startswith("a: checksum mismatch") and len(lines) == 3 and summary.endswith(": 6 damaged")
    assert done.stderr.count(b"\n") == 2 and b"has 3 bytes, its tensors need 5" in done.stderr and b"is missing" in done.stderr


def test_usage():
    tool.run("verify", status=2)
    tool.run("verify", GOLDEN / "demo", "more", status=2)


# ---- V1: blocks have the checksums


@pytest.mark.parametrize("folder", ["v1", "v1_sharded", "v1_blocks", "big_endian"])
def test_other_goldens_are_good(folder):
    prefix, tensors = truth(folder)
    lines = tool.run("verify", "-q", prefix).stdout.decode().splitlines()
    assert len(lines) == 1 and lines[0].endswith(": 0 damaged") and lines[0].startswith(f"{len(tensors)} tensors, ")
    assert f" of {prefix}, " in lines[0]


def blocks_of(data):
    """(offset, size) of the data blocks of an uncompressed table, and where the index block begins."""
    def varint(at):
        value = shift = 0
        while True:
            value |= (data[at] & 0x7f) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                return value, at

    at = len(data) - 48
    _, at = varint(at)
    _, at = varint(at)
    index, at = varint(at)
    size, _ = varint(at)
    end = index + size - 4 - 4 * int.from_bytes(data[index + size - 4:index + size], "little")
    found, at = [], index
    while at < end:
        _, at = varint(at)
        key, at = varint(at)
        _, at = varint(at)
        start, at = varint(at + key)
        length, at = varint(at)
        found.append((start, length))
    return found, index


def damaged(source, tmp_path, *positions):
    data = bytearray(source.read_bytes())
    for position in positions:
        data[position] ^= 0x10
    copy = tmp_path / f"copy-{positions[0]}"
    copy.write_bytes(data)
    return copy


def test_each_damaged_block_is_found_with_the_tensors_in_it(tmp_path):
    prefix, tensors = truth("v1_blocks")
    found, _ = blocks_of(prefix.read_bytes())
    named = set()
    for start, length in found[1:]:
        lines = {}
        # Values, the last byte of the block, its type, its checksum.
        for position in (start + length // 2, start + length - 1, start + length, start + length + 1):
            if position == start + length - 1 and length < 100:
                continue
            done = tool.run("verify", "-q", damaged(prefix, tmp_path, position), status=1)
            out = done.stdout.decode().splitlines()
            if out:
                lines[position] = out
                assert out[-1].endswith(f": {len(out) - 1} damaged")
                for line in out[:-1]:
                    assert "checksum mismatch: stored " in line and f"the block at byte {start} ({length} bytes) of " in line
                    named.add(line.split(": ")[0])
            else:  # what holds the block together: then nothing of the file can be listed
                assert f"at byte {start} " in done.stderr.decode()
        assert lines, (start, length)
    assert "big" in named


def test_two_damaged_blocks_are_two_tensors(tmp_path):
    prefix, _ = truth("v1_blocks")
    found, _ = blocks_of(prefix.read_bytes())
    big = sorted(found[1:], key=lambda block: -block[1])[:2]
    out = tool.run("verify", "-q", damaged(prefix, tmp_path, *(start + length // 2 for start, length in big)), status=1)
    lines = out.stdout.decode().splitlines()
    assert len(lines) >= 3 and all(any(f"block at byte {start} " in line for line in lines) for start, _ in big)


def test_every_damaged_byte_of_v1_is_found(tmp_path):
    prefix, _ = truth("v1")
    data = prefix.read_bytes()
    _, index = blocks_of(data)
    padding = range(len(data) - 46, len(data) - 8)  # of the footer, after its four numbers: nobody reads it
    for position in range(0, len(data), 3):
        done = tool.run("verify", "-q", damaged(prefix, tmp_path, position), status=None)
        if done.returncode == 0:
            assert position in padding
        elif position < blocks_of(data)[0][0][1]:
            assert b"which has the metadata, has the checksum" in done.stderr


def test_slices_of_v1_shards(tmp_path):
    prefix, tensors = truth("v1_sharded")
    shutil.copytree(prefix.parent, tmp_path / "x")
    shard = sorted((tmp_path / "x").glob("*-00001-of-*"))[0]
    data = bytearray(shard.read_bytes())
    data[20] ^= 1
    shard.write_bytes(data)
    done = tool.run("verify", "-q", tmp_path / "x", status=1)
    assert b"which has the metadata" in done.stderr and shard.name.encode() in done.stderr


# ---- variants


def variant_checkpoint(tmp_path, data, shape, **entry):
    """`data`: bytes, or (bytes, checksum)."""
    bundle = encoder.Bundle()
    bundle.put(b"f", 1, [2], bytes(8))
    content, crc = data if isinstance(data, tuple) else (data, 0)
    bundle.records[b"v"] = encoder.bundle_entry(21, shape, 0, entry.get("offset", 8), entry.get("size", len(content)), crc)
    bundle.data[0].extend(content)
    return bundle.write(tmp_path / "x.ckpt")


ELEMENTS = b"", b"abc", b"d" * 200, b"e" * 600_000


def test_variants(tmp_path):
    data, crc = encoder.variants(ELEMENTS)
    # TensorFlow does not look at their sizes.
    for size in (len(data), 0, 1, 2**62):
        prefix = variant_checkpoint(tmp_path, (data, crc), [2, 2], size=size)
        done = tool.run("verify", "-q", prefix)
        assert b": 0 damaged" in done.stdout and b"not checked" not in done.stdout
    for place in (0, 4, 5, 9, 12, 20, 300, 400_000, len(data) - 1):
        wrong = data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
        lines = tool.run("verify", "-q", variant_checkpoint(tmp_path, (wrong, crc), [4]), status=1).stdout.splitlines()
        assert len(lines) == 2 and lines[0].startswith(b"v: ") and lines[1].endswith(b": 1 damaged"), place


@pytest.mark.parametrize("data, shape", [(b"", [1]), (b"\x80", [1]), (b"\xff" * 9 + b"\x01", [1]), (b"\x04abc", [1]), (b"\x00abc", [1]),
                                         (b"", [2**62]), (encoder.variants([b""]), [2**62]),
                                         (encoder.variants([b""] * 9), [2**31, 2**31])])
def test_variants_that_do_not_fit(tmp_path, data, shape):
    prefix = variant_checkpoint(tmp_path, data, shape)
    lines = tool.run("verify", "-q", prefix, status=1).stdout.splitlines()
    assert lines[0].startswith(b"v: the lengths of its elements do not fit its bytes, in "), lines
    assert len(lines) == 2 and lines[1].endswith(b": 1 damaged")


def test_variants_beyond_the_end(tmp_path):
    prefix = variant_checkpoint(tmp_path, encoder.variants([b"abc"]), [], offset=2**40)
    assert b"cut short at byte 16: 1 tensors or slices cannot be read: v\n" in tool.run("verify", "-q", prefix, status=1).stdout


def test_variants_of_big_endian_are_not_checked(tmp_path):
    bundle = encoder.Bundle(endianness=encoder.BIG)
    bundle.put(b"v", 21, [], encoder.variants([b"abc"]))
    assert b": 0 damaged, 1 not checked" in tool.run("verify", "-q", bundle.write(tmp_path / "x.ckpt")).stdout


def test_a_damaged_metaindex_block_is_counted(tmp_path):
    bundle = encoder.Bundle()
    bundle.put(b"a", 4, [2], b"\1\2")
    index = pathlib.Path(f"{bundle.write(tmp_path / 'x')}.index")
    bad = bytearray(index.read_bytes())
    _, (at, size), _ = encoder.handles_of(bytes(bad))
    bad[at + size + 1] ^= 1
    index.write_bytes(bad)
    done = tool.run("verify", tmp_path / "x", status=1)
    *lines, summary = done.stdout.decode().splitlines()
    assert [line.startswith(f"{index}: the block at byte {at} ") for line in lines] == [True] and summary.endswith(": 1 damaged")
    assert b"warning: metaindex: " in done.stderr
    for command in (["list"], ["plan"], ["cat"], ["export", "--format", "raw"]):
        operands = {"cat": ["a"], "export": [tmp_path / "out"]}.get(command[0], [])
        assert b"warning: metaindex: " in tool.run(*command, tmp_path / "x", *operands).stderr


# ---- --json


@pytest.mark.parametrize("folder", V2 + ["strings", "v1", "sliced_half"])
def test_json_says_what_the_lines_say(folder):
    prefix, tensors = truth(folder)
    done = tool.run("verify", "-q", prefix, status=None)
    *lines, summary = done.stdout.decode().splitlines()
    again = tool.run("verify", "-q", "--json", prefix, status=done.returncode)
    document = json.loads(again.stdout)
    assert document["version"] == 1 and document["checkpoint"]["path"] == str(prefix)
    assert [finding["message"] for finding in document["findings"]] == lines
    assert document["tensors"] == len(tensors) and f"{document['damaged']} damaged" in summary
    assert document["seconds"] >= 0 and (document["unknown"] > 0) == ("not checked" in summary)
    assert document["warnings"] == document["errors"] == []


def test_json_names_tensors_and_files(tmp_path):
    bundle = encoder.Bundle(shards=2)
    for name, shard in ((b"a", 0), (b"b\xff", 0), (b"c", 1)):
        bundle.put(name, 4, [2], b"\1\2", shard)
    prefix = bundle.write(tmp_path / "x")
    (tmp_path / "x.data-00000-of-00002").write_bytes(b"\1\2\1\3")
    (tmp_path / "x.data-00001-of-00002").unlink()
    done = tool.run("verify", "--json", prefix, status=1)
    document = json.loads(done.stdout)
    missing, damaged = document["findings"]
    assert (missing["tensor"], missing["file"]) == (None, str(tmp_path / "x.data-00001-of-00002"))
    assert os.fsencode(damaged["tensor"]) == b"b\xff" and damaged["file"] is None and "checksum mismatch" in damaged["message"]
    assert (document["damaged"], document["unknown"]) == (2, 0)
    assert [error["where"] for error in document["errors"]] == [str(tmp_path / "x.data-00001-of-00002")]
    assert b"x.data-00001-of-00002" in done.stderr


def test_json_of_what_cannot_be_opened(tmp_path):
    document = json.loads(tool.run("verify", "--json", tmp_path / "none", status=1).stdout)
    assert document["checkpoint"]["path"] == str(tmp_path / "none") and document["findings"] == []
    assert "tensors" not in document and [error["code"] for error in document["errors"]] == ["checkpoint-not-found"]


def test_json_without_checksums(tmp_path):
    tool.run("export", "-q", GOLDEN / "demo", tmp_path / "x.safetensors")
    document = json.loads(tool.run("verify", "--json", tmp_path / "x.safetensors").stdout)
    assert (document["tensors"], document["bytes"], document["damaged"], document["findings"]) == (7, 760, None, [])
