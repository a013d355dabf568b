# SPDX-License-Identifier: Apache-2.0
"""What people give as a checkpoint: patterns, folders, state files of another place; and what they are told where it is none."""

import ctypes
import os
import pathlib
import shutil
import struct

import pytest

from support import encoder
from support.bundle import write_checkpoint
from support.paths import GOLDEN
from support.tool import on_terminal, out, run

FLOAT32, INT8 = 1, 6
SAVED_MODEL = GOLDEN / "saved_model" / "saved_model"


def small(prefix, value=1):
    """A checkpoint of one scalar, whose value says which one was taken."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    return write_checkpoint(prefix, {b"w": (INT8, [], bytes([value]))})


def state(folder, text):
    (folder / "checkpoint").write_bytes(text if isinstance(text, bytes) else f'model_checkpoint_path: "{text}"\n'.encode())


def value(checkpoint):
    return run("cat", checkpoint, "w").stdout[0]


def words(*args, **kwargs):
    done = run(*args, **kwargs)
    return done.stderr.decode()


def refused(checkpoint, command="list"):
    lines = words(command, checkpoint, status=1).splitlines()
    assert len(lines) == 1, lines
    return lines[0]


# ---- patterns


def test_a_state_file_names_no_pattern(tmp_path):
    """What matches is there, and is not taken: only the ending that TensorFlow writes is a pattern."""
    v1 = GOLDEN / "v1_sharded"
    names = sorted(path.name for path in v1.glob("*-of-*"))
    assert len(names) > 1
    for folder in "run", "deep/er/run":
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            shutil.copy(v1 / name, tmp_path / folder / name)
    stem, count = names[0].split("-00000-of-")
    state(tmp_path / "run", f"{stem}-?????-of-{count}")
    assert out("list", tmp_path / "run")
    for pattern in [f"{stem[0]}*-of-{count}", f"{tmp_path}/*/*/*/*-of-{count}", "/*/*/*/*/*/*"]:
        state(tmp_path / "run", pattern)
        line = refused(tmp_path / "run")
        assert ": the state file names a checkpoint that does not exist: " in line and pattern in line


def test_wildcards_count_in_the_last_component_alone(tmp_path):
    small(tmp_path / "run1" / "m")
    assert value(tmp_path / "run1" / "?") == 1
    line = refused(tmp_path / "run?" / "m")
    assert "wildcards have a meaning in the last component alone" in line
    os.rename(tmp_path / "run1", tmp_path / "run[1]")
    assert value(tmp_path / "run[1]" / "m*") == 1


class Opens:
    """The names in a folder that were opened."""

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK)
        assert self.fd >= 0 and libc.inotify_add_watch(self.fd, os.fsencode(folder), 0x20) >= 0  # IN_OPEN

    def names(self):
        found, data = set(), os.read(self.fd, 1 << 16)
        while data:
            length = struct.unpack_from("iIII", data)[3]
            found.add(data[16:16 + length].rstrip(b"\0").decode())
            data = data[16 + length:]
        os.close(self.fd)
        return found


def test_what_matches_and_is_no_file_is_not_opened(tmp_path):
    shutil.copy(GOLDEN / "v1" / "model-v1", tmp_path / "m-1")
    for name in "m-2", "m-3.index", "m-00000-of-00001":
        os.mkfifo(tmp_path / name)
    opens = Opens(tmp_path)
    run("list", tmp_path / "m-*", status=None)
    run("list", tmp_path / "m", status=1)
    names = opens.names()
    assert not names & {"m-2", "m-3.index", "m-00000-of-00001"} and any(name.startswith("m-1") for name in names), names


def test_a_pattern_of_several_checkpoints_names_them(tmp_path):
    small(tmp_path / "m-1")
    small(tmp_path / "m-2")
    line = refused(tmp_path / "m-*")
    assert "2 checkpoints match: name one of them; did you mean" in line and "m-1' or '" in line
    small(tmp_path / "n-5", 5)
    assert value(tmp_path / "n-*") == 5


# ---- names as long as may be


def test_a_target_whose_name_no_index_could_hold_is_refused(tmp_path):
    one = encoder.Bundle()
    one.put(b"p" * 65536, INT8, [], b"\7")
    one.write(tmp_path / "long")
    assert out("cat", tmp_path / "long", "p" * 65536) == b"\7"
    (tmp_path / "map.ini").write_text("[assignment_map]\n/ = x/\n")
    line = run("plan", "-m", tmp_path / "map.ini", tmp_path / "long", status=1).stderr.decode()
    assert f"{tmp_path / 'map.ini'}:2: " in line and "the name of the target has 65538 bytes, the limit is 65536" in line


# ---- parts of a save that was interrupted


def write_parts(folder, count=2, name="part", skip=(), **more):
    """As the workers of a sharded save leave them before the merge: [6, 2] of `v`, a run of rows each, and a tensor of its own."""
    folder.mkdir(exist_ok=True)
    rows = [struct.pack("<4f", *range(4 * i, 4 * i + 4)) for i in range(3)]
    for i in range(count):
        part = encoder.Bundle(**more)
        pieces = [([(2 * k, 2), (0, 2)], rows[k], 0) for k in range(3) if k % count == i]
        part.put_sliced(b"v", FLOAT32, [6, 2], pieces)
        part.put(f"own{i}".encode(), INT8, [], bytes([i]))
        if i not in skip:
            part.write(folder / f"{name}-{i:05}-of-{count:05}")
    return b"".join(rows)


@pytest.mark.parametrize("count", [2, 3])
def test_parts_are_told_and_taken_as_one(tmp_path, count):
    folder = tmp_path / "model.ckpt-5_temp_0123"
    rows = write_parts(folder, count)
    pattern = folder / f"part-?????-of-{count:05}"
    line = refused(folder)
    assert f"a sharded save was interrupted before it merged them, {count} of {count} are there" in line
    assert f"did you mean '{pattern}'?" in line
    assert f"did you mean '{pattern}'?" in refused(tmp_path)  # from the folder above, too
    listed = [row.split("\t") for row in out("list", pattern).decode().splitlines()]
    assert [row[0] for row in listed] == [*(f"own{i}" for i in range(count)), "v"]
    assert [row[4] for row in listed] == [*map(str, range(count)), "-"]
    assert out("cat", pattern, "v", *(f"own{i}" for i in range(count))) == rows + bytes(range(count))
    text = out("verify", pattern).decode()
    assert text.startswith(f"{count + 1} tensors, ") and text.endswith(": 0 damaged\n") and f" of {pattern}, " in text
    out("export", "--format", "tf", pattern, tmp_path / "merged")
    assert out("cat", tmp_path / "merged", "v") == rows


def test_a_part_that_is_missing_is_told(tmp_path):
    write_parts(tmp_path / "t", 3, skip=[1])
    assert "2 of 3 are there" in refused(tmp_path / "t")
    done = run("list", tmp_path / "t" / "part-*")
    assert b"warning: " in done.stderr and b"-of-00003, but 2 match: what was saved in the others is missing" in done.stderr
    assert b"own0" in done.stdout and b"do not cover it" in done.stdout
    lone = tmp_path / "t" / "part-00002-*"
    assert b"-of-00003, but 1 match" in run("list", lone).stderr
    assert run("cat", "-q", "-a", "own2 = x", lone, "x").stdout == b"\2"


def test_data_that_the_merge_had_moved_are_named(tmp_path):
    folder = tmp_path / "model.ckpt-5_temp_0123"
    rows = write_parts(folder)
    names = [f"part-{i:05}-of-00002.data-00000-of-00001" for i in range(2)]
    moved = [tmp_path / f"model.ckpt-5.data-{i:05}-of-00002" for i in range(2)]
    for name, path in zip(names, moved):
        os.rename(folder / name, path)
    text = run("cat", folder / "part-*", "v", status=1).stderr.decode()
    assert text.count("interrupted after it moved its data and before it wrote their index") == 2, text
    for line, path in zip(text.splitlines(), moved):
        assert "in the folder above it is one of these, to be linked here: " in line and f"{path.name}, of exactly that size" in line
    for name, path in zip(names, moved):
        os.link(path, folder / name)
    assert out("cat", folder / "part-*", "v") == rows


def test_parts_that_do_not_belong_together_are_refused(tmp_path):
    write_parts(tmp_path / "same")
    shutil.copy(tmp_path / "same" / "part-00000-of-00002.index", tmp_path / "same" / "part-00001-of-00002.index")
    assert ", too: only a tensor that is stored in slices may be in several" in refused(tmp_path / "same" / "part-*")
    write_parts(tmp_path / "ends")
    write_parts(tmp_path / "big", endianness=1)
    shutil.copy(tmp_path / "big" / "part-00001-of-00002.index", tmp_path / "ends")
    assert "another byte order than" in refused(tmp_path / "ends" / "part-*")
    write_parts(tmp_path / "shape")
    other = encoder.Bundle()
    other.put_sliced(b"v", FLOAT32, [6, 3], [([(0, 2), (0, 3)], bytes(24), 0)])
    other.write(tmp_path / "shape" / "part-00001-of-00002")
    assert "its dtype or shape is another than in" in refused(tmp_path / "shape" / "part-*")


def test_damage_in_a_part_is_told_with_its_file(tmp_path):
    write_parts(tmp_path / "t")
    data = tmp_path / "t" / "part-00001-of-00002.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1] + b"\x7f")
    done = run("verify", tmp_path / "t" / "part-*", status=1)
    assert b"own1: " in done.stdout and b"part-00001-of-00002.data-00000-of-00001" in done.stdout
    index = tmp_path / "t" / "part-00001-of-00002.index"
    index.write_bytes(index.read_bytes()[:-1] + b"\0")
    assert "part-00001-of-00002.index: " in refused(tmp_path / "t" / "part-*")


# ---- state files


def test_a_state_file_that_leads_out_of_its_folder_is_told(tmp_path):
    small(tmp_path / "old" / "m", 1)
    state(tmp_path / "old", f"{tmp_path}/old/m")
    shutil.copytree(tmp_path / "old", tmp_path / "copy")
    small(tmp_path / "copy" / "m", 2)
    for command in "list", "verify", "plan":
        said = words(command, tmp_path / "copy")
        assert "warning: " in said and "leads out of its directory, to " in said and f"name {tmp_path}/copy/m to take it" in said
        assert words(command, tmp_path / "old") == ""
    assert value(tmp_path / "copy") == 1 and value(tmp_path / "copy" / "m") == 2
    assert f" of {tmp_path}/old/m, " in run("verify", tmp_path / "copy").stdout.decode().splitlines()[-1]
    assert run("plan", tmp_path / "copy").stdout.decode().splitlines()[-1].endswith(f"checkpoint {tmp_path}/old/m")
    done = run("export", "--format", "raw", tmp_path / "copy", tmp_path / "made")
    assert f" s, from {tmp_path}/old/m to " in done.stdout.decode().splitlines()[-1]
    assert f"checkpoint  {tmp_path}/old/m (v2, 1 shard, 1 tensor)" in on_terminal("list", tmp_path / "copy")[1].decode()


@pytest.mark.parametrize("text, said", [
    (b'\xef\xbb\xbfmodel_checkpoint_path: "m"\n', ""),
    (b'model_checkpoint_path: "D:\\train\\m"\r\n', "does not exist, taking "),
    (b'model_checkpoint_path: "D:\\new\\m"\r\n', "does not exist, taking "),
    (b'model_checkpoint_path: "m.index"\n', "it names a file of the checkpoint, where TensorFlow wants the prefix"),
    (b'model_checkpoint_path: "m.data-00000-of-00001"\n', "it names a file of the checkpoint"),
    (b'model_checkpoint_path: "/gone/m.index"\n', "it names a file of the checkpoint"),
    (b'model_checkpoint_path: "gs://bucket/run/m"\n', "gs://bucket/run/m is no local path, taking "),
])  # fmt: skip
def test_state_files_by_hand_and_of_other_systems(tmp_path, text, said):
    small(tmp_path / "m", 7)
    state(tmp_path, text)
    found = words("list", tmp_path)
    assert value(tmp_path) == 7
    assert said in found and found.count("warning: ") == bool(said)


# ---- folders


def test_a_directory_that_is_a_prefix_too_is_told(tmp_path):
    small(tmp_path / "export", 1)
    small(tmp_path / "export" / "variables" / "variables", 2)
    (tmp_path / "export" / "saved_model.pb").write_bytes((SAVED_MODEL / "saved_model.pb").read_bytes())
    said = words("list", tmp_path / "export")
    assert "warning: " in said and "taking the directory, as TensorFlow does" in said and f"name {tmp_path}/export.index" in said
    assert value(tmp_path / "export") == 2 and value(tmp_path / "export.index") == 1
    assert words("list", tmp_path / "export.index") == words("list", f"{tmp_path}/export/") == ""
    small(tmp_path / "c", 1)
    assert "taking the directory" in words("plan", tmp_path / "c", "-g", tmp_path / "export", status=None)


@pytest.mark.parametrize("place", ["variables", "Variables/variables", "VARIABLES/Variables"])
def test_variables_that_are_not_where_a_saved_model_has_them(tmp_path, place):
    small(tmp_path / place, 3)
    shutil.copy(SAVED_MODEL / "saved_model.pb", tmp_path)
    assert value(tmp_path) == value(tmp_path / "saved_model.pb") == 3
    said = words("list", tmp_path)
    assert f"taking those in {tmp_path}/{place}: TensorFlow does not find them" in said and said.count("\n") == 1


def test_a_folder_above_names_what_is_below(tmp_path):
    small(tmp_path / "model" / "checkpoint" / "m")
    shutil.copytree(SAVED_MODEL, tmp_path / "model" / "saved_model")
    (tmp_path / "model" / "notes").mkdir()
    line = refused(tmp_path / "model")
    assert line.endswith(f"; did you mean '{tmp_path}/model/checkpoint' or '{tmp_path}/model/saved_model'?")
    shutil.copytree(SAVED_MODEL, tmp_path / "export" / "1")
    assert refused(tmp_path / "export").endswith(f"; did you mean '{tmp_path}/export/1'?")


def test_a_data_file_that_was_renamed_apart_is_named(tmp_path):
    demo = GOLDEN / "demo" / "model.ckpt-1000"
    shutil.copy(f"{demo}.index", tmp_path / "m.index")
    data = pathlib.Path(f"{demo}.data-00000-of-00001").read_bytes()
    (tmp_path / "a.data-00000-of-00001").write_bytes(data[:-1])
    (tmp_path / "z.data-00000-of-00001").write_bytes(data)
    (tmp_path / "b.data-00001-of-00002").write_bytes(data)
    others = ("; if it was renamed apart from its index, it is one of these: z.data-00000-of-00001, of exactly that size, "
              "a.data-00000-of-00001 (759 bytes)\n")
    said = words("verify", tmp_path / "m", status=1)
    assert f"the data file is missing, its first 760 bytes are needed{others}" in said
    assert f"No such file or directory{others}" in words("plan", tmp_path / "m")
    assert f"did you mean '{tmp_path}/m.index'?" in refused(tmp_path / "z.data-00000-of-00001")


def test_what_a_save_left_that_was_interrupted_is_told(tmp_path):
    for name in "m.index.tempstate123", "m.data-00000-of-00001.tempstate456":
        (tmp_path / name).write_bytes(b"x" * 100)
    line = refused(tmp_path)
    assert line.endswith("; in it m.data-00000-of-00001.tempstate456 is left of a save that was interrupted, "
                         "m.index.tempstate123 is left of a save that was interrupted")


def test_an_empty_index_is_not_suggested(tmp_path):
    (tmp_path / "m.index").touch()
    line = refused(tmp_path)
    assert "did you mean" not in line and "m.index is empty" in line
    assert "did you mean" not in refused(tmp_path / "n")
    assert "0 bytes" in refused(tmp_path / "m")


def test_urls_are_no_local_paths(tmp_path):
    small(tmp_path / "m")
    for url in "gs://bucket/m", "s3://bucket/m*", "https://host/m", "hf://owner/m/model.ckpt":
        assert f"'{url}' is no local path: " in refused(url)
        assert f"'{url}' is no local path: " in words("plan", tmp_path / "m", "-g", url, status=1)
        assert f"'{url}' is no local path: " in words("plan", tmp_path / "m", "-m", url, status=1)
        (tmp_path / "map.ini").write_text(f"[checkpoint]\npath = {url}\n[files]\nx = {url}\n")
        text = words("plan", "-m", tmp_path / "map.ini", status=1)
        assert text.count(f"'{url}' is no local path: ") == 2 and text.count("\n") == 2, text
    assert b"is no local path" in run("export", "--format", "raw", tmp_path / "m", "gs://bucket/made", status=2).stderr
