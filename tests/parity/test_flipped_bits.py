# SPDX-License-Identifier: Apache-2.0
"""One bit of a golden checkpoint is wrong, in one byte after the other: `ckptool verify` finds it wherever it is, and says whose it is.

Only where no byte has a meaning may it be missed: the padding of a footer, and the metaindex block, which nobody reads."""

import random
import shutil
import subprocess

import pytest

from support import encoder
from support.paths import GOLDEN, TOOL


def verify(prefix):
    """(status, what was said), of a process that ends as it should."""
    done = subprocess.run([TOOL, "verify", "-q", str(prefix)], capture_output=True, timeout=60)
    assert done.returncode in (0, 1), (done.returncode, done.stderr.decode(errors="replace"))
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def meaningless(data):
    """The bytes of a table that say nothing."""
    _, (offset, size), _ = encoder.handles_of(data)
    end = 0
    for _ in range(4):
        _, end = encoder.get_varint(data[-48:], end)
    return {*range(offset, offset + size + 5), *range(len(data) - 48 + end, len(data) - 8)}


def missed(path, prefix, places):
    """The places at which a wrong bit of the file is not found."""
    data, found = path.read_bytes(), []
    for place in places:
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << random.Random(place).randrange(8)]) + data[place + 1 :])
        if verify(prefix)[0] == 0:
            found.append(place)
    path.write_bytes(data)
    return found


def copy(case, folder):
    for path in (GOLDEN / case).iterdir():
        if path.name not in ("truth.json", "checkpoint"):
            shutil.copy(path, folder)
    return folder


@pytest.mark.parametrize("case, prefix", [("unsorted", "unsorted.ckpt"), ("merge_order", "merged.ckpt"), ("snappy/slots", "model.ckpt-3")])
def test_index(tmp_path, case, prefix):
    index = copy(case, tmp_path) / f"{prefix}.index"
    data = index.read_bytes()
    # The blocks of a compressed table are not looked into here: nothing but what the footer says of them.
    allowed = meaningless(data)
    assert verify(tmp_path / prefix)[0] == 0
    assert set(missed(index, tmp_path / prefix, range(len(data)))) <= allowed


def entries(index):
    """{key: (shard, offset, size)} of all that has bytes."""
    found = {}
    for key, record in encoder.read_table(index):
        of = dict(encoder.fields(record))
        if key and of.get(5) and 7 not in of:
            found[key] = (of.get(3, 0), of.get(4, 0), of[5])
    return found


@pytest.mark.parametrize("case, prefix, shards", [("dtypes", "dtypes.ckpt", 1), ("sharded", "model.ckpt-7", 3), ("sliced", "sliced.ckpt", 1),
                                                  ("strings", "strings.ckpt", 1), ("variant", "variant.ckpt", 1),
                                                  ("big_endian", "big.ckpt", 1), ("big_endian_strings", "big.ckpt", 1)])
def test_data(tmp_path, case, prefix, shards):
    """A wrong bit at the start, the end and somewhere in the middle of each tensor and each slice."""
    copy(case, tmp_path)
    for key, (shard, offset, size) in entries(tmp_path / f"{prefix}.index").items():
        path = tmp_path / f"{prefix}.data-{shard:05}-of-{shards:05}"
        data = path.read_bytes()
        name = key[1 : key.index(b"\0\1")].decode() if key.startswith(b"\0") else key.decode()
        for place in {offset, offset + size // 2, offset + size - 1}:
            path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
            status, said = verify(tmp_path / prefix)
            assert status == 1, (key, place)
            (line,) = [line for line in said.splitlines() if ": " in line and path.name in line]
            assert line.startswith((f"{name}: ", f"{name} [")), line
            assert "1 damaged" in said
        path.write_bytes(data)


@pytest.mark.parametrize("case, name, step", [("v1", "model-v1", 3), ("v1_strings", "strings-v1", 11), ("snappy_v1/v1_dtypes", "dtypes-v1", 3)])
def test_v1(tmp_path, case, name, step):
    path = copy(case, tmp_path) / name
    data = path.read_bytes()
    assert verify(path)[0] == 0
    allowed = meaningless(data) if "snappy" not in case else set(range(len(data) - 48, len(data) - 8))
    assert set(missed(path, path, range(0, len(data), step))) <= allowed
