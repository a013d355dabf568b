# SPDX-License-Identifier: Apache-2.0
"""ckptool plan: the report against the truth of the golden maps, and what it says of wrong ones."""

import json
import os
import re
import shutil
import subprocess

import pytest

from support.bundle import write_checkpoint
from support.paths import GOLDEN, TOOL
from support.tool import MAPS, STRINGS, V2, is_shown, map_truth, on_terminal, out, run, truth

KEYS = ["version", "checkpoint", "targets", "unused", "unassigned", "overridden", "uncast", "hidden", "averaged", "unaveraged", "dropped", "warnings", "errors"]


def plan(*args, status=0):
    document = json.loads(run("plan", "--json", *args, status=status).stdout)
    assert list(document) == KEYS
    assert document["version"] == 1
    return document


def write_map(folder, text):
    path = folder / "map.ini"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", MAPS)
def test_plan_json_is_the_truth(name):
    map_path, checkpoint, data = map_truth(name)
    document = plan("-m", map_path, checkpoint)
    assert document["errors"] == []
    got = {t["path"]: t for t in document["targets"]}
    assert sorted(got) == sorted(t["path"] for t in data["targets"])
    for wanted in data["targets"]:
        target = got[wanted["path"]]
        for key in ("variable", "dtype", "shape", "bytes"):
            assert target[key] == wanted[key], (wanted["path"], key)
        assert target["rule"].startswith(f"{map_path}:")
        assert len(target["sources"]) == 1
        part = re.fullmatch(r".*/part_\d+", wanted["path"]) is not None
        assert ("slice" in target) == part
        if part:
            assert len(target["slice"]["of"]) == len(target["slice"]["start"]) == len(target["shape"])
    assert document["unassigned"] == data["unassigned"]
    every = {t["name"] for t in truth("demo")[1]}
    used = {s for t in document["targets"] for s in t["sources"]}
    if checkpoint.parent.name == "demo":
        assert set(document["unused"]) == every - used


@pytest.mark.parametrize("folder", V2 + ["variant"] + STRINGS)
def test_plan_without_a_map_shows_every_tensor(folder):
    prefix, tensors = truth(folder)
    document = plan(prefix)
    assert [t["variable"] for t in document["targets"]] == sorted(
        (t["name"] for t in tensors if is_shown(t)), key=str.encode)
    hidden = [h for h in document["hidden"] if "raw" in h["from"]]  # the others lack one format or the other: tests/view
    assert [h["name"] for h in hidden] == sorted(t["name"] for t in tensors if not is_shown(t))
    assert all(h["from"] == ["raw", "npy", "safetensors"] and h["reason"] for h in hidden)  # TensorFlow's files keep variants as they are
    assert document["unused"] == [] and document["unassigned"] == [] and document["errors"] == []
    assert {t["rule"] for t in document["targets"]} <= {"(no map)"}
    assert len({t["path"] for t in document["targets"]}) == len(document["targets"])
    assert document["checkpoint"]["tensors"] == len(tensors)


def test_plan_json_has_the_paths_of_the_mount():
    paths = {t["variable"]: t["path"] for t in plan(GOLDEN / "slots")["targets"]}
    moved = [name for name in paths if any(other.startswith(name + "/") for other in paths)]
    assert moved
    for name, path in paths.items():
        parent = name.rpartition("/")[0]
        if parent in moved:
            assert path == f"{parent}.d/{name.rpartition('/')[2]}"


def test_plan_json_escapes_names(tmp_path):
    names = {b"bad\xff\xc3utf8": (4, [1], b"\2"), b"good\xc3\xb6\x01": (4, [], b"\3")}
    prefix = write_checkpoint(tmp_path / "c", names)
    text = out("plan", "--json", prefix)
    document = json.loads(text)
    assert [os.fsencode(t["variable"]) for t in document["targets"]] == sorted(names)
    assert [os.fsencode(t["path"]) for t in document["targets"]] == [b"bad\xff\xc3utf8", b"good\xc3\xb6%01"]
    assert b"\xff" not in text and b"\x01" not in text


def test_plan_json_has_one_target_a_line():
    lines = out("plan", "--json", GOLDEN / "demo").decode().splitlines()
    assert sum('"path": ' in line and '"rule": ' in line for line in lines) == 7
    assert all(json.loads(line.strip().rstrip(",")) for line in lines if line.startswith('    {"path"'))


def test_plan_takes_the_checkpoint_from_the_map(tmp_path):
    path = write_map(tmp_path, f"[checkpoint]\npath = {GOLDEN}/demo\n[assignment_map]\n/ = all/\n")
    assert len(plan("-m", path)["targets"]) == 7
    assert len(plan("-m", path, "none")["targets"]) == 7


def test_plan_for_people():
    map_path, checkpoint, _ = map_truth("mixed")
    done = run("plan", checkpoint, "-m", map_path)
    lines = done.stdout.decode().splitlines()
    assert f"{map_path}:2: table = embed/table | partition 5,1" in lines
    assert any(line.split() == "table -> embed/table/part_4 float32 [2, 3] 24 in place".split() for line in lines)
    assert any(line.startswith("unused (") for line in lines)
    assert any(line.startswith("overridden (") for line in lines)
    assert lines[-1].startswith("15 targets, 620 bytes (460 bytes in place, 160 bytes rearranged), from 6 of 7 tensors; ")
    assert lines[-1].endswith(f"; checkpoint {checkpoint}")
    assert b"map.ini:3: warning: " in done.stderr
    assert run("plan", "-q", checkpoint, "-m", map_path).stderr == b""


def test_plan_on_a_terminal():
    status, text = on_terminal("plan", GOLDEN / "names" / "names.ckpt")
    assert status == 0
    assert b"\x1b[1m" in text
    status, text = on_terminal("plan", GOLDEN / "names" / "names.ckpt", env={"NO_COLOR": "1"})
    assert status == 0
    assert not set(text) & {*range(0x20), 0x7f} - {0x0a, 0x0d}, "control bytes of names on a terminal"


def test_plan_warns_of_missing_data_files(tmp_path):
    shutil.copy(GOLDEN / "demo" / "model.ckpt-1000.index", tmp_path)
    done = run("plan", tmp_path / "model.ckpt-1000")
    assert b"model.ckpt-1000.data-00000-of-00001: warning: " in done.stderr
    document = plan(tmp_path / "model.ckpt-1000")
    assert [w["code"] for w in document["warnings"]] == ["file-unreadable"]
    (tmp_path / "model.ckpt-1000.data-00000-of-00001").write_bytes(b"short")
    assert b"has 5 bytes" in run("plan", tmp_path / "model.ckpt-1000").stderr


def test_plan_reports_all_errors(tmp_path):
    path = write_map(tmp_path, "[assignment_map]\nsome_vr = a\ntabel = b\nsome_var = c\n")
    done = run("plan", "-m", path, GOLDEN / "demo", status=1)
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"ckptool: {path}:2: ") and "'some_var'" in lines[0]
    assert lines[1].startswith(f"ckptool: {path}:3: ") and lines[1].endswith("did you mean 'table'?")
    document = plan("-m", path, GOLDEN / "demo", status=1)
    assert [(e["where"], e["code"], e["subject"]) for e in document["errors"]] == [
        (f"{path}:2", "tensor-not-found", "some_vr"), (f"{path}:3", "tensor-not-found", "tabel")]
    assert document["errors"][1]["nearest"] == ["table"]
    assert document["checkpoint"]["tensors"] == 7


@pytest.mark.parametrize("arguments, code", [
    ([GOLDEN / "nowhere"], "checkpoint-not-found"), (["-m", "/nonexistent.ini", GOLDEN / "demo"], "file-unreadable"),
    ([GOLDEN / "graphs" / "saved_model_v1" / "saved_model"], "checkpoint-not-found")])
def test_plan_json_with_nothing_to_open(arguments, code):
    document = plan(*arguments, status=1)
    assert code in [e["code"] for e in document["errors"]]
    assert document["targets"] == []


def test_plan_prints_up_to_100_errors_and_counts_all(tmp_path):
    path = write_map(tmp_path, "[assignment_map]\n" + "".join(f"zz_{i} = t{i}\n" for i in range(130)))
    lines = run("plan", "-m", path, GOLDEN / "demo", status=1).stderr.decode().splitlines()
    assert len(lines) == 101
    assert lines[-1] == "ckptool: ... and 30 more errors"
    assert len(plan("-m", path, GOLDEN / "demo", status=1)["errors"]) == 130


def test_plan_of_a_corrupt_index(tmp_path):
    """A flipped bit is an error, or is where nothing is read (the metaindex block); the document is whole either way."""
    index = (GOLDEN / "demo" / "model.ckpt-1000.index").read_bytes()
    for at in range(0, len(index), 7):
        (tmp_path / "c.index").write_bytes(index[:at] + bytes([index[at] ^ 0x10]) + index[at + 1:])
        done = subprocess.run([TOOL, "plan", "--json", tmp_path / "c"], capture_output=True, timeout=60)
        document = json.loads(done.stdout)
        assert done.returncode == (1 if document["errors"] else 0)
        assert document["errors"] or (len(document["targets"]) == 7 and at > len(index) - 200)


FEW, MANY = 1000, 1 << 20


def limit_of(folder, tensors, text, **more):
    """The one error of a map that asks for too much: where it is, and what it says. Nothing is planned then."""
    prefix = write_checkpoint(folder / "c", tensors, **more)
    document = plan("-m", write_map(folder, text), prefix, status=1)
    assert document["targets"] == document["overridden"] == [] and len(document["errors"]) == 1
    (error,) = document["errors"]
    assert error["code"] == "limit-exceeded"
    return error["where"].rpartition(":")[2], error["message"]


def test_targets_are_four_for_each_tensor_and_a_million(tmp_path):
    text = "[assignment_map]\n" + "".join(f"/ = r{i}/\n" for i in range(2000))
    line, message = limit_of(tmp_path, {b"t%d" % i: (4, [], b"\1") for i in range(FEW)}, text)
    assert (line, message) == ("1054", "the rules up to this one ask for 1053000 targets, the limit is 1052576: 4 for each tensor of the checkpoint and 1048576 more")


def test_parts_have_a_limit_of_their_own(tmp_path):
    tensors, more = {b"t": (4, [MANY], b""), b"other": (4, [], b"\1")}, {"size_of": {b"t": MANY}, "crc_of": {b"t": 1}}
    text = f"[assignment_map]\n/ = /\nt = v | partition {MANY // 2}\nt = w | partition {MANY // 2}\nt = x | partition 9\n"
    line, message = limit_of(tmp_path, tensors, text, **more)
    assert (line, message) == ("5", "the rules up to this one ask for 1048585 parts, the limit is 1048584: 4 for each tensor of the checkpoint and 1048576 more")
    text += f"[variables]\nv = uint8 [{MANY}] | partition {MANY // 2}\nw = uint8 [{MANY}] | partition {MANY // 2}\nx = uint8 [{MANY}] | partition 20\n"
    assert limit_of(tmp_path, tensors, text, **more)[1] == "the graph has more than 1048588 variables and parts"
    text = f"[assignment_map]\nt = v\nother = w\nt = v\nt = v\n[variables]\nv = uint8 [{MANY}] | partition {MANY // 2}\nw = uint8 []\n"
    line, message = limit_of(tmp_path, tensors, text, **more)
    assert line == "5" and message.startswith("the rules up to this one ask for 1572864 parts, the limit is 1048584")


def test_scopes_over_a_graph_are_counted_too(tmp_path):
    declared = "[variables]\n" + "".join(f"s/t{i} = uint8 []\n" for i in range(2 * FEW))
    text = "[assignment_map]\n" + "/ = s/\n" * 1000 + declared
    line, message = limit_of(tmp_path, {b"t%d" % i: (4, [], b"\1") for i in range(2 * FEW)}, text)
    assert line == "530" and message.endswith("the limit is 1056576: 4 for each tensor of the checkpoint and 1048576 more")


def test_plan_json_of_operations(tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("""[assignment_map]
net/layer_1/w = ~w | transpose
~w = q, r | split 0 2,3
net/layer_1/w, net/layer_1/w/Adam = both | mean | cast bfloat16
net/layer_2/b, net/layer_1/b = cat | concat 0
net/layer_{i}/b/Adam = all.b | concat 0
~ = z | fill 2 3,4 int32
""")
    found = {t["path"]: (t["sources"], t["operations"]) for t in plan("-m", ini, GOLDEN / "slots")["targets"]}
    weight, bias = "net/layer_1/w", "net/layer_1/b"
    assert found == {
        "q": ([weight], ["split 0 2,3"]), "r": ([weight], ["split 0 2,3"]),
        "both": ([weight, f"{weight}/Adam"], ["mean", "cast bfloat16"]),
        "cat": (["net/layer_2/b", bias], ["concat 0"]),
        "all.b": ([f"{bias}/Adam", "net/layer_2/b/Adam"], ["concat 0"]),
        "z": ([], ["fill 2 [3, 4] int32"]),
    }
