# SPDX-License-Identifier: Apache-2.0
"""Copies of a whole mount: cp, rsync, tar and sha256sum see one tree, and it is the one that `ckptool export` writes."""

import os
import shutil
import subprocess

import pytest

from support.paths import GOLDEN, TOOL
from support.views import View

VIEWS = [("demo", "mixed"), ("sharded", "partitioned"), ("sliced", "cast"), ("slots", "identity"), ("strings", "renamed"), ("dtypes", "partitioned")]
KINDS = {"raw": "raw", "npy": "npy", "tf": "tensorflow", "safetensors": "safetensors"}  # --format: [view] files


def run(*args):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, ""), (args, done.stderr)
    return done.stdout


def tree(folder):
    """Relative path -> bytes of all files but those of .ckptfs/, and the directories."""
    files, folders = {}, set()
    for here, below, names in os.walk(folder):
        if ".ckptfs" in below:
            below.remove(".ckptfs")
        folders |= {os.path.relpath(os.path.join(here, name), folder) for name in below}
        for name in names:
            path = os.path.join(here, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder)] = file.read()
    return files, folders


def sums(folder):
    return run("sh", "-c", 'cd "$1" && find . -path ./.ckptfs -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum', "sh", folder)


def cp(mount, to):
    run("cp", "-r", mount, to)
    make_writable(to)
    shutil.rmtree(to / ".ckptfs")


def rsync(mount, to):
    run("rsync", "-a", "--exclude=/.ckptfs", f"{mount}/", to)


def tar_sparse(mount, to):
    to.mkdir()
    run("tar", "-S", "-cf", f"{to}.tar", "--exclude=./.ckptfs", "-C", mount, ".")
    run("tar", "-xf", f"{to}.tar", "-C", to)


def make_writable(folder):
    run("chmod", "-R", "u+w", folder)


@pytest.mark.parametrize("golden,kind", VIEWS)
def test_copies_agree_with_the_export(ckptfs, tmp_path, golden, kind):
    config = tmp_path / "config.json"
    config.write_text('{"a": 1}\n')
    view = View(golden, kind)
    mount = view.mount(ckptfs, view="shards = compact", files=f"config.json = {config}", options="npy")
    expected, folders = tree(mount.path)
    assert expected["config.json"] == config.read_bytes()
    assert {"checkpoint", "model.index", "model.safetensors"} <= set(expected)
    for copy in cp, rsync, tar_sparse:
        to = tmp_path / copy.__name__
        copy(mount.path, to)
        assert tree(to) == (expected, folders), copy
        assert sums(to) == sums(mount.path)
        make_writable(to)
    exported = {}
    for form in KINDS:
        to = tmp_path / f"export-{form}"
        run(TOOL, "export", "-q", "--format", form, "-m", view.map_path, view.checkpoint, to)
        files, _ = tree(to)
        assert files
        for path, content in files.items():
            assert exported.setdefault(path, content) == content, path
        only = view.mount(ckptfs, view=f"shards = compact\nfiles = {KINDS[form]}", files=f"config.json = {config}")
        assert files == tree(only.path)[0], form
    assert exported == expected


def test_an_identity_export_without_a_map(ckptfs, tmp_path):
    """Of one shard without gaps: the compact bundle has the source's data, byte by byte."""
    to = tmp_path / "out"
    checkpoint = GOLDEN / "demo" / "model.ckpt-1000"
    run(TOOL, "export", "--format", "tf", checkpoint, to)
    assert sorted(p.name for p in to.iterdir()) == ["checkpoint", "model.data-00000-of-00001", "model.index"]
    assert (to / "model.data-00000-of-00001").read_bytes() == checkpoint.with_name("model.ckpt-1000.data-00000-of-00001").read_bytes()


def refuse(*args):
    done = subprocess.run([TOOL, *map(str, args)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and done.stderr.startswith("ckptool: "), (done.returncode, done.stderr)
    return done.stderr


def test_nothing_is_overwritten(tmp_path):
    to, checkpoint = tmp_path / "out", GOLDEN / "demo"
    to.mkdir()
    (to / "model.safetensors").write_text("mine")
    assert "model.safetensors" in refuse("export", "--format", "safetensors", checkpoint, to)
    assert (to / "model.safetensors").read_text() == "mine"
    assert [p.name for p in to.iterdir()] == ["model.safetensors"]
    run(TOOL, "export", "--force", "--format", "safetensors", checkpoint, to)
    assert (to / "model.safetensors").read_bytes()[8:9] == b"{"
    assert [p.name for p in to.iterdir()] == ["model.safetensors"]


def test_force_replaces_no_directory_and_nothing_else_then(tmp_path):
    to = tmp_path / "out"
    (to / "model.index").mkdir(parents=True)
    data = to / "model.data-00000-of-00001"
    data.write_text("mine")
    assert "is a directory" in refuse("export", "--force", "--format", "tf", GOLDEN / "demo", to)
    assert data.read_text() == "mine"
    assert sorted(p.name for p in to.iterdir()) == [data.name, "model.index"]


def test_force_leaves_the_checkpoint_itself(tmp_path):
    """A view that is exported to where it comes from, under the checkpoint's own name."""
    for name in ("model.ckpt-1000.index", "model.ckpt-1000.data-00000-of-00001"):
        shutil.copyfile(GOLDEN / "demo" / name, tmp_path / name)
    text = tmp_path / "map.ini"
    text.write_text("[assignment_map]\nsome_var = other\n[view]\nname = model.ckpt-1000\n")
    before = tree(tmp_path)
    message = refuse("export", "--force", "--format", "tf", "-m", text, tmp_path / "model.ckpt-1000", tmp_path)
    assert message.count("is a file that the view was read from") == 2
    assert tree(tmp_path) == before


def test_a_disk_that_fills_up(tmp_path):
    """Nothing half-written is left under the final name."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small tmpfs")
    small = tmp_path / "small"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small)
    try:
        message = refuse("export", "--format", "safetensors", GOLDEN / "big_index" / "big.ckpt", small)
        assert "No space left" in message
        assert list(small.iterdir()) == []
    finally:
        run("umount", small)


def test_a_sidecar_is_shown_as_it_is(ckptfs, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "vocab.txt").write_bytes(b"a\nb\n" * 100000)
    (tmp_path / "files" / "secret").write_text("not named by the map")
    view = View("demo", "identity")
    mount = view.mount(ckptfs, files="vocab.txt = files/vocab.txt\nwords = files/vocab.txt")
    assert mount.read("vocab.txt") == mount.read("words") == b"a\nb\n" * 100000
    assert not [path for path in tree(mount.path)[0] if "secret" in path]


def test_a_sidecar_that_is_missing(ckptfs, tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n/ = /\n[files]\nconfig.json = nowhere.json\n")
    message = ckptfs.refuse("-o", f"map={ini}", GOLDEN / "demo", ckptfs.directory())
    assert "nowhere.json" in message and "map.ini:4" in message
