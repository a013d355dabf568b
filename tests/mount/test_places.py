# SPDX-License-Identifier: Apache-2.0
"""Mounts of what a pattern finds, and of state files and data files that are not what they should be."""

import os
import pathlib
import struct

from support import bundle, encoder

ROWS = [struct.pack("<3f", *range(3 * i, 3 * i + 3)) for i in range(4)]


def write_parts(folder):
    """Two workers' bundles of a save that was never merged: two rows of `v` each, and a tensor of its own."""
    folder.mkdir()
    for i in range(2):
        part = encoder.Bundle()
        part.put_sliced(b"v", bundle.FLOAT32, [4, 3], [([(2 * i, 2), (0, 3)], ROWS[2 * i] + ROWS[2 * i + 1], 0)])
        part.put(f"own{i}".encode(), bundle.INT8, [], bytes([i]))
        part.write(folder / f"part-{i:05}-of-00002")


def test_parts_of_a_save_are_mounted_as_one(ckptfs, tmp_path):
    write_parts(tmp_path / "m_temp")
    pattern = tmp_path / "m_temp" / "part-?????-of-00002"
    at = ckptfs.directory()
    assert f"did you mean '{pattern}'?" in ckptfs.refuse(tmp_path / "m_temp", at, at=at)
    (tmp_path / "map.ini").write_text(f"[checkpoint]\npath = {tmp_path}/m_temp/part-*\n[assignment_map]\n/ = /\n")
    for mount in ckptfs.mount(pattern), ckptfs.mount(pattern, options="verify"), ckptfs.mount(map=tmp_path / "map.ini"):
        assert mount.stderr == "" and mount.read("v") == b"".join(ROWS)
        assert (mount.read("own0"), mount.read("own1")) == (b"\0", b"\1")
        assert mount.report()["checkpoint"] == {"path": str(pattern), "format": "v2", "shards": 2, "tensors": 3}
        for i in range(2):  # the parts' own data files
            assert mount.read(f"model.data-{i:05}-of-00002") == (pattern.parent / f"part-{i:05}-of-00002.data-00000-of-00001").read_bytes()


def test_the_index_of_every_part_decides_who_may_read(ckptfs, tmp_path):
    write_parts(tmp_path / "t")
    os.chmod(tmp_path / "t" / "part-00001-of-00002.index", 0o600)
    mount = ckptfs.mount(tmp_path / "t" / "part-*")
    assert (mount.path / "model.index").stat().st_mode & 0o077 == 0


def test_a_state_file_with_a_pattern_is_refused(ckptfs, tmp_path):
    bundle.write(tmp_path / "m", {"w": (bundle.INT8, [], b"\1", b"\1")})
    for pattern in "?", "/*/*/*/*/*/*", f"{tmp_path}/[m]":
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{pattern}"\n')
        at = ckptfs.directory()
        assert "the state file names a checkpoint that does not exist" in ckptfs.refuse(tmp_path, at, at=at)


def test_a_pointer_in_the_place_of_data_is_refused(ckptfs, tmp_path):
    prefix = bundle.write(tmp_path / "m", {"w": (bundle.INT8, [4], b"vers", b"vers")})
    data = pathlib.Path(f"{prefix}.data-00000-of-00001")
    data.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n")
    at = ckptfs.directory()
    assert "the file is a Git LFS pointer, expected a checkpoint's data: run 'git lfs pull'" in ckptfs.refuse(prefix, at, at=at)
