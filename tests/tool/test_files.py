# SPDX-License-Identifier: Apache-2.0
"""[files]: what need not be there, and what is beside the checkpoint."""

import os
import shutil

import pytest

from support.paths import GOLDEN
from support.tool import run


def shown(tmp_path, checkpoint, files, status=0, cwd=None):
    """{name: text} of the files of [files], and what the program says; the map is in a folder of its own."""
    (tmp_path / "maps").mkdir(exist_ok=True)
    ini = tmp_path / "maps" / "map.ini"
    ini.write_text(f"[assignment_map]\n/ = /\n[files]\n{files}\n")
    to = tmp_path / "out"
    shutil.rmtree(to, ignore_errors=True)
    done = run("export", "--format=raw", "-m", ini, checkpoint, to, status=status, cwd=cwd)
    found = {str(path.relative_to(to)): path.read_bytes() for path in to.rglob("*") if path.is_file()} if status == 0 else {}
    return {name: data.decode() for name, data in found.items() if name.split("/")[0] in {"a", "b", "c"}}, done.stderr.decode()


@pytest.fixture
def checkpoint(tmp_path):
    """One with a configuration beside it."""
    shutil.copytree(GOLDEN / "demo", tmp_path / "model")
    (tmp_path / "model" / "config.json").write_text("{}\n")
    return next((tmp_path / "model").glob("*.index")).with_suffix("")


def test_a_file_that_need_not_be_there(tmp_path, checkpoint):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "there").write_text("x")
    (tmp_path / "maps" / "folder").mkdir()
    (tmp_path / "maps" / "folder" / "in").write_text("y")
    found, said = shown(tmp_path, checkpoint, "?a = there\n? b = gone\n?c/ = folder/\n?d/ = gone/x/")
    assert found == {"a": "x", "c/in": "y"} and said == ""


@pytest.mark.parametrize("line, message", [
    ("a = gone", "'a' of [files] cannot be shown: {maps}/gone: No such file"),
    ("?a = folder", "'a' of [files] cannot be shown: {maps}/folder: Is a directory"),
    ("?a/ = file", "'a' of [files] cannot be shown: {maps}/file: Not a directory"),
    ("?a = nowhere", "'a' of [files] cannot be shown: {maps}/nowhere: No such file"),  # a link that is there
    ("?a = fifo", "'a' of [files] cannot be shown: {maps}/fifo: "),
    ("?a = https://example.org/x", "is no local path"),
    ("?a =", "'a' is given no path"),
    ("a = @/", "'a' is given no path"),
    ("?a/b = file", "'a/b' cannot be a file of the mount"),
    ("?a = gone\na = file", "a second 'a' in [files], the first is in line 4"),
    ("a = @/gone", "'a' of [files] cannot be shown: {model}/gone: No such file"),
])
def test_what_is_wrong_with_one(tmp_path, checkpoint, line, message):
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "file").write_text("x")
    (maps / "folder").mkdir()
    (maps / "nowhere").symlink_to("gone")
    os.mkfifo(maps / "fifo")
    assert message.format(maps=maps, model=checkpoint.parent) in shown(tmp_path, checkpoint, line, status=1)[1]


def test_files_beside_the_checkpoint(tmp_path, checkpoint):
    (tmp_path / "model" / "sub").mkdir()
    (tmp_path / "model" / "sub" / "in").write_text("y")
    files = "a = @/config.json\n?b = @/gone\nc/ = @/sub/"
    wanted = {"a": "{}\n", "c/in": "y"}
    assert shown(tmp_path, checkpoint, files) == (wanted, "")
    assert shown(tmp_path, f"{checkpoint}.index", files)[0] == wanted
    assert shown(tmp_path, checkpoint.name, files, cwd=checkpoint.parent)[0] == wanted
    assert shown(tmp_path, checkpoint.name, "a = @//config.json", cwd=checkpoint.parent)[0] == {"a": "{}\n"}


def test_the_folder_of_a_checkpoint_of_other_kinds(tmp_path):
    shutil.copytree(GOLDEN / "moved", tmp_path / "moved")  # by its state file
    shutil.copytree(GOLDEN / "saved_model" / "saved_model", tmp_path / "saved")
    shutil.copytree(GOLDEN / "v1_sharded", tmp_path / "v1")
    for folder in "moved", "saved", "v1":
        (tmp_path / folder / "config.json").write_text(folder)
    v1 = tmp_path / "v1" / "model.ckpt-7-?????-of-00003"
    for word in tmp_path / "moved", tmp_path / "saved", tmp_path / "saved" / "variables", tmp_path / "saved" / "variables" / "variables", v1:
        expected = word.relative_to(tmp_path).parts[0]
        assert shown(tmp_path, word, "a = @/config.json")[0] == {"a": expected}, word


def test_a_file_of_the_folder_at(tmp_path, checkpoint):
    """A path of a folder that is called @."""
    (tmp_path / "maps" / "@").mkdir(parents=True)
    (tmp_path / "maps" / "@" / "x").write_text("at")
    assert shown(tmp_path, checkpoint, "a = ./@/x")[0] == {"a": "at"}


def test_no_checkpoint_is_one_error(tmp_path):
    _, said = shown(tmp_path, tmp_path / "gone", "a = @/config.json", status=1)
    assert "config.json" not in said and said
