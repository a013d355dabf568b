# SPDX-License-Identifier: Apache-2.0
"""ckptool verify: undamaged goldens are good; each damaged byte of a shard is found, in the tensor that holds it."""

import shutil

import pytest

import toolkit
from toolkit import GOLDEN, V2, truth


@pytest.mark.parametrize("folder", V2 + ["strings", "strings_sliced", "table"])
def test_goldens_are_good(folder):
    prefix, _ = truth(folder)
    lines = toolkit.run("verify", "-q", prefix).stdout.decode().splitlines()
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
            done = toolkit.run("verify", "-q", copy / prefix.name, status=1)
            lines = done.stdout.decode().splitlines()
            assert len(lines) == 2 and lines[-1].endswith(": 1 damaged"), lines
            assert "checksum mismatch" in lines[0] or "string lengths" in lines[0]
            assert shard.name in lines[0]


def test_missing_and_short_shards_are_errors(tmp_path):
    prefix, _ = truth("demo")
    shutil.copytree(prefix.parent, tmp_path / "x")
    shard = next((tmp_path / "x").glob("*.data-*"))
    shard.write_bytes(shard.read_bytes()[:-1])
    assert b"bytes" in toolkit.run("verify", tmp_path / "x", status=1).stderr
    shard.unlink()
    toolkit.run("verify", tmp_path / "x", status=1)


def test_usage():
    toolkit.run("verify", status=2)
    toolkit.run("verify", GOLDEN / "demo", "more", status=2)
