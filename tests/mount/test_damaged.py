# SPDX-License-Identifier: Apache-2.0
"""Partly damaged checkpoints: what is whole is shown, and what is not is told."""

import os
from pathlib import Path

from support import encoder

CONV = "[assignment_map]\nconv/bias = conv/bias\n"


def checkpoint(folder):
    """conv/bias in bytes 0 to 32, then conv/kernel up to byte 2504."""
    made = encoder.Bundle()
    made.put(b"conv/bias", 1, [8], bytes(range(32)))
    made.put(b"conv/kernel", 1, [618], bytes(2472))
    return Path(made.write(folder / "m"))


def data_of(prefix):
    return Path(f"{prefix}.data-00000-of-00001")


def test_a_data_file_cut_short_shows_what_a_map_takes_of_the_rest(ckptfs, tmp_path):
    prefix = checkpoint(tmp_path)
    os.truncate(data_of(prefix), 2000)
    ini = tmp_path / "map.ini"
    ini.write_text(CONV)
    mount = ckptfs.mount(prefix, map=ini)
    assert mount.read("conv/bias") == bytes(range(32))
    assert "2000 bytes, its tensors need 2504" in mount.stderr and "warning" in mount.stderr
    at = ckptfs.directory()
    stderr = ckptfs.refuse(prefix, at, at=at)
    assert "has 2000 bytes, its tensors need 2504: it is cut short" in stderr


def test_a_cut_within_what_is_used_is_refused(ckptfs, tmp_path):
    prefix = checkpoint(tmp_path)
    ini = tmp_path / "map.ini"
    ini.write_text(CONV)
    os.truncate(data_of(prefix), 31)
    at = ckptfs.directory()
    assert "has 31 bytes, its tensors need 32" in ckptfs.refuse("-m", ini, prefix, at, at=at)


def test_a_record_that_contradicts_itself_hides_its_tensor(ckptfs, tmp_path):
    made = encoder.Bundle()
    made.put(b"good", 1, [2], b"12345678")
    made.put(b"table", 9, [5], bytes(40))
    made.records[b"table"] = encoder.bundle_entry(9, [], offset=8, size=40, crc=0)
    prefix = made.write(tmp_path / "m")
    mount = ckptfs.mount(prefix)
    reason = "its size is 40 bytes, but int64 [] takes 8"
    assert mount.read("good") == b"12345678" and not (mount / "table").exists()
    assert f"warning: tensor 'table' cannot be shown: {reason}" in mount.stderr
    (hidden,) = mount.report()["hidden"]
    assert hidden["name"] == "table" and hidden["reason"] == reason and "tensorflow" in hidden["from"]
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\ntable = x\n")
    at = ckptfs.directory()
    stderr = ckptfs.refuse("-m", ini, prefix, at, at=at)
    assert f"map.ini:2: tensor 'table' cannot be shown: {reason}" in stderr


def test_a_damaged_metaindex_block_is_a_warning(ckptfs, tmp_path):
    prefix = checkpoint(tmp_path)
    index = Path(f"{prefix}.index")
    bad = bytearray(index.read_bytes())
    blocks, (at, size), _ = encoder.handles_of(bytes(bad))
    assert size == 8
    bad[at + size + 1] ^= 1  # of its checksum
    index.write_bytes(bad)
    mount = ckptfs.mount(prefix)
    assert "warning: metaindex: " in mount.stderr and mount.read("conv/bias") == bytes(range(32))
