# SPDX-License-Identifier: Apache-2.0
"""ckptool export to FILE.safetensors: that file and no other; and what an export says with --json."""

import json
import os
import stat

import pytest

from support.bundle import write_checkpoint
from support.paths import GOLDEN
from support.tool import out, run, truth

DEMO = GOLDEN / "demo"
CHECKPOINT = DEMO / "model.ckpt-1000"


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def map_of(folder, text):
    (folder / "map.ini").write_text(text)
    return folder / "map.ini"


@pytest.fixture
def wanted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wanted")
    out("export", "-q", "--format", "safetensors", DEMO, folder)
    return (folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize("name", ["own.safetensors", "made/below/own.safetensors", ".safetensors", "with blank.safetensors", "./own.safetensors"])
@pytest.mark.parametrize("form", [[], ["--format", "safetensors"]])
def test_the_operand_is_the_file(name, form, wanted, tmp_path):
    text = out("export", *form, DEMO, name, cwd=tmp_path).decode()
    assert text.startswith("1 file, ") and text.endswith(f" from {CHECKPOINT} to {name}\n")
    assert (tmp_path / name).read_bytes() == wanted
    assert [path for path in files_below(tmp_path) if (tmp_path / path).is_file()] == [os.path.normpath(name)]
    again = tmp_path / "absolute.safetensors"
    assert out("export", "-q", DEMO, again).decode().endswith(f" to {again}\n")
    assert again.read_bytes() == wanted


def test_a_slash_makes_it_a_directory(tmp_path):
    done = run("export", DEMO, f"{tmp_path}/own.safetensors/", status=2)
    assert b"which --format?" in done.stderr
    out("export", "--format", "safetensors", DEMO, f"{tmp_path}/own.safetensors/")
    assert files_below(tmp_path) == ["own.safetensors", "own.safetensors/model.safetensors"]


def test_the_map_has_no_say_in_its_name(wanted, tmp_path):
    ini = map_of(tmp_path, "[assignment_map]\n/ = /\n[view]\nsafetensors = weights.safetensors\n")
    out("export", "-m", ini, DEMO, tmp_path / "own.safetensors")
    assert files_below(tmp_path) == ["map.ini", "own.safetensors"] and (tmp_path / "own.safetensors").read_bytes() == wanted


def test_what_is_there_stays_without_force(wanted, tmp_path):
    file = tmp_path / "own.safetensors"
    file.write_bytes(b"mine")
    assert b"is there already; --force replaces it" in run("export", DEMO, file, status=1).stderr
    assert file.read_bytes() == b"mine"
    out("export", "--force", DEMO, file)
    assert file.read_bytes() == wanted and files_below(tmp_path) == ["own.safetensors"]
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE((tmp_path / "own.safetensors").stat().st_mode)


@pytest.mark.parametrize("arguments, status, words", [
    (["--format", "tf", DEMO, "x.safetensors"], 2, "'x.safetensors' is one safetensors file: for --format tf name a directory"),
    (["--format", "zarr", DEMO, "x.safetensors"], 2, "--format is safetensors, tf, npy or raw"),
    ([DEMO, "x.safetensors", "y"], 2, "not 'y' too"), ([DEMO, "https://host/x.safetensors"], 2, "is no local path"),
    (["--json=yes", DEMO, "x.safetensors"], 2, "takes no value"), ([DEMO, "folder.safetensors"], 1, "is there already"),
    (["-f", DEMO, "folder.safetensors"], 1, "is a directory"), ([DEMO, "file/x.safetensors"], 1, "Not a directory"),
    (["/nonexistent", "x.safetensors"], 1, "no checkpoint there")])
def test_what_is_refused(arguments, status, words, tmp_path):
    (tmp_path / "folder.safetensors").mkdir()
    (tmp_path / "file").write_bytes(b"")
    done = run("export", *arguments, status=status, cwd=tmp_path)
    assert words in done.stderr.decode() and done.stdout == b""
    assert files_below(tmp_path) == ["file", "folder.safetensors"]


def test_several_files_need_a_directory(tmp_path):
    prefix = write_checkpoint(tmp_path / "c", {name: (4, [4000], bytes(4000)) for name in (b"a", b"b", b"c")})
    ini = map_of(tmp_path, "[assignment_map]\n/ = /\n[view]\nshard_size = 5KB\n")
    done = run("export", "-m", ini, prefix, tmp_path / "own.safetensors", status=1)
    assert b"is one file, and the map's shard_size makes 4 of the view: export to a directory" in done.stderr
    assert not (tmp_path / "own.safetensors").exists()


def test_sidecars_are_left_out_and_told(wanted, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    ini = map_of(tmp_path, "[assignment_map]\n/ = /\n[files]\nconfig.json = config.json\n")
    done = run("export", "-m", ini, DEMO, tmp_path / "to" / "own.safetensors")
    assert b"warning: of the files beside the tensors none is written: 1 is left out" in done.stderr
    assert files_below(tmp_path / "to") == ["own.safetensors"]


def test_a_damaged_tensor_leaves_nothing(tmp_path):
    prefix = write_checkpoint(tmp_path / "c", {b"good": (4, [4], b"good"), b"bad": (4, [3], b"bad")}, crc_of={b"bad": 1})
    assert b"bad" in run("export", prefix, tmp_path / "to" / "own.safetensors", status=1).stderr
    assert not (tmp_path / "to").exists()


# ---- --json


@pytest.mark.parametrize("form", ["safetensors", "tf", "npy", "raw"])
def test_json_lists_what_was_written(form, tmp_path):
    document = json.loads(out("export", "--json", "--format", form, DEMO, tmp_path / "to"))
    assert {key: document[key] for key in ("version", "format", "to", "warnings", "errors")} == {
        "version": 1, "format": form, "to": str(tmp_path / "to"), "warnings": [], "errors": []}
    assert document["checkpoint"] == {"path": str(CHECKPOINT), "format": "v2", "shards": 1, "tensors": 7}
    assert document["seconds"] >= 0 and document["bytes"] == sum(file["bytes"] for file in document["files"])
    found = {str(tmp_path / "to" / path): (tmp_path / "to" / path).stat().st_size for path in files_below(tmp_path / "to")
             if (tmp_path / "to" / path).is_file()}
    assert {file["path"]: file["bytes"] for file in document["files"]} == found and found


def test_json_of_a_failure_lists_errors_and_no_file(tmp_path):
    (tmp_path / "own.safetensors").write_bytes(b"mine")
    done = run("export", "--json", DEMO, tmp_path / "own.safetensors", status=1)
    document = json.loads(done.stdout)
    assert (document["files"], document["bytes"]) == ([], 0)
    assert [(error["code"], error["where"]) for error in document["errors"]] == [("name-collision", str(tmp_path / "own.safetensors"))]
    assert b"is there already" in done.stderr
    document = json.loads(run("export", "--json", "/nonexistent", tmp_path / "x.safetensors", status=1).stdout)
    assert document["checkpoint"]["path"] == "/nonexistent" and document["errors"][0]["code"] == "checkpoint-not-found"


def test_json_has_warnings(tmp_path):
    prefix, _ = truth("strings")
    document = json.loads(run("export", "--json", "-q", prefix, tmp_path / "own.safetensors").stdout)
    assert len(document["warnings"]) == 4 and "is left out: safetensors has no strings" in document["warnings"][0]["message"]
