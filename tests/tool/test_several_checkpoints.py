# SPDX-License-Identifier: Apache-2.0
"""Several checkpoints in one view: [checkpoint NAME], and NAME@ in sources."""

import json
import shutil
import struct

import pytest

from support.bundle import FLOAT32, write
from support.legacy import INT8, write_legacy
from support.paths import GOLDEN
from support.tool import is_shown, run, truth


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


@pytest.fixture
def three(tmp_path):
    """main, a and b, of like tensors, each in two shards."""
    for name, base in ("main", 0), ("a", 10), ("b", 20):
        write(tmp_path / name, {
            "w": (FLOAT32, (2, 3), floats(*(base + i for i in range(6)))),
            "s/x": (FLOAT32, (2,), floats(base, base + 1)),
            f"only_{name}": (FLOAT32, (1,), floats(base)),
        }, shards=2)
    return tmp_path


SECTIONS = "[checkpoint a]\npath = a\n[checkpoint b]\npath = b\n"


def make_map(folder, rules, more=SECTIONS):
    path = folder / "map.ini"
    path.write_text(f"[assignment_map]\n{rules}\n{more}")
    return path


def values(folder, ini, *checkpoint):
    """The floats of each variable, by ckptool cat."""
    document = json.loads(run("plan", "--json", "-m", ini, *checkpoint).stdout)
    found = {}
    for target in document["targets"]:
        raw = run("cat", "-m", ini, *(checkpoint or ["none"]), target["path"]).stdout
        found[target["variable"]] = list(struct.unpack(f"<{len(raw) // 4}f", raw))
    return found


def errors(ini, *checkpoint):
    return run("plan", "-m", ini, *checkpoint, status=1).stderr.decode()


def test_sources_are_of_the_checkpoint_that_they_name(three):
    ini = make_map(three, """/ = /
w@{a,b} = mean | mean
s/@a = sa/
{w,s/x}@* = sum/{1} | sum
w, w@b = joined | concat 0
~first = from_step
w@b = ~first | slice 0:1
~first = again
w@a = w""".replace("~first = from_step\n", ""))
    assert values(three, ini, three / "main") == {
        "mean": [15, 16, 17, 18, 19, 20], "sa/x": [10, 11], "sum/w": [30, 32, 34, 36, 38, 40], "sum/s/x": [30, 32],
        "joined": [*range(6), *range(20, 26)], "again": [20, 21, 22], "w": [10, 11, 12, 13, 14, 15], "s/x": [0, 1], "only_main": [0]}


def test_wildcards_without_an_at_see_the_unnamed_one_alone(three):
    ini = make_map(three, "** = **\nw@a = other\ns/x@b = more")
    assert set(values(three, ini, three / "main")) == {"w", "s/x", "only_main", "other", "more"}


def test_the_average_of_three(three):
    """The example of the manual, with names that all three have."""
    for name in "main", "a", "b":
        write(three / f"like_{name}", {"k/w": (FLOAT32, (2,), floats(*((1, 2) if name == "main" else (4, 8) if name == "a" else (7, 5))))})
    ini = make_map(three, "**@{a,b,c} = ** | mean", "[checkpoint a]\npath = like_a\n[checkpoint b]\npath = like_b\n[checkpoint c]\npath = like_main\n")
    assert values(three, ini) == {"k/w": [4, 5]}


def test_no_unnamed_checkpoint_is_needed_where_all_sources_are_named(three):
    ini = make_map(three, "w@a = w\ns/@b = s/")
    assert values(three, ini) == {"w": [10, 11, 12, 13, 14, 15], "s/x": [20, 21]}
    report = json.loads(run("plan", "--json", "-m", ini).stdout)
    assert report["checkpoint"] == {"path": None, "format": None, "shards": None, "tensors": None}
    assert [(c["name"], c["path"], c["tensors"]) for c in report["checkpoints"]] == [("a", str(three / "a"), 3), ("b", str(three / "b"), 3)]
    run("export", "-m", ini, "--format=safetensors", "none", three / "out")


def test_a_source_without_an_at_needs_the_unnamed_one(three):
    ini = make_map(three, "w@a = w\ns/x, s/x@b = x | sum")
    assert "no checkpoint is given" in errors(ini) and "the source 's/x, s/x@b' is of it" in errors(ini)


def test_the_report_names_all(three):
    ini = make_map(three, "w@{a,b} = w | mean\ns/@a = s/\n/ = main/")
    report = json.loads(run("plan", "--json", "-m", ini, three / "main").stdout)
    assert report["checkpoint"]["path"] == str(three / "main") and report["checkpoint"]["tensors"] == 3
    assert [c["path"] for c in report["checkpoints"]] == [str(three / "a"), str(three / "b")]
    sources = {t["variable"]: t["sources"] for t in report["targets"]}
    assert sources["w"] == ["w@a", "w@b"] and sources["s/x"] == ["s/x@a"] and sources["main/w"] == ["w"]
    assert report["unused"] == ["only_a@a", "only_b@b", "s/x@b"]
    text = run("plan", "-m", ini, three / "main").stdout.decode()
    assert "w@a [2, 3] float32, w@b [2, 3] float32 -> mean" in text
    assert f"checkpoints {three}/main, {three}/a (a), {three}/b (b)" in text and "from 6 of 9 tensors" in text


def test_a_checkpoint_alone_has_no_list_of_others(three):
    assert "checkpoints" not in json.loads(run("plan", "--json", three / "main").stdout)


def test_unused_is_an_error_for_each_checkpoint(three):
    ini = make_map(three, "/ = /\nw@a = wa\nw@b = wb", SECTIONS + "[view]\nunused = error\n")
    told = errors(ini, three / "main")
    assert "no rule uses 'only_a' of checkpoint 'a'" in told and "no rule uses 's/x' of checkpoint 'b'" in told and "only_main" not in told


def test_drop_hides_of_each_checkpoint(three):
    ini = make_map(three, "/ = /\n**@a = a/**\n**@b = b/**", SECTIONS + "[view]\ndrop = only_*, s/**\nunused = error\n")
    report = json.loads(run("plan", "--json", "-m", ini, three / "main").stdout)
    assert [t["variable"] for t in report["targets"]] == ["a/w", "b/w", "w"]
    assert {d["name"] for d in report["dropped"]} == {"only_main", "s/x", "only_a@a", "s/x@a", "only_b@b", "s/x@b"}
    ini = make_map(three, "/ = /\nw@a = v\nw@b = u", SECTIONS + "[view]\ndrop = only_b, nothing\n")
    told = run("plan", "-m", ini, three / "main").stderr.decode()
    assert "'nothing' of 'drop' matches no tensor" in told and "'only_b' of 'drop'" not in told


@pytest.mark.parametrize("rule, said", [
    ("v@a = v", "tensor 'v' is not in checkpoint 'a'"),
    ("only_main@a = v", "tensor 'only_main' is not in checkpoint 'a'; checkpoint 'a' has"),
    ("x*@b = *", "'x*@b' matches no tensor of checkpoint 'b'"),
    ("**@{a,b} = ** | mean", "'**@{a,b}' has no tensor of checkpoint 'b' that goes with 'only_a'"),
    ("w@c = w", "the map has no [checkpoint c]"),
])
def test_what_is_not_there(three, rule, said):
    if "has" in said and "wrong" not in said and rule.startswith("only_main"):
        rule, said = "v@a = w", "tensor 'v' is not in checkpoint 'a'; checkpoint 'a' has 'w': is the rule the wrong way round?"
    told = errors(make_map(three, f"{rule}\nw@a = p\nw@b = q"), three / "main")
    assert said in told, told


def test_near_names_are_those_of_the_checkpoint(three):
    told = errors(make_map(three, "only_@a = v\nw@b = u"), three / "main")
    assert "only_a" in told and "only_main" not in told


def test_an_optional_rule_and_the_command_line(three):
    ini = make_map(three, "? no*@a = *\n? v@b = v\nw@a = w")
    assert set(values(three, ini)) == {"w"}
    report = json.loads(run("plan", "--json", "-m", ini, "--assign=s/x@b=x").stdout)
    assert {t["variable"]: t["sources"] for t in report["targets"]} == {"w": ["w@a"], "x": ["s/x@b"]}


def test_one_that_cannot_be_opened(three):
    (three / "a.index").unlink()
    told = errors(make_map(three, "w@a = w\nw@b = v\nwrong@b = x"), three / "main")
    assert str(three / "a") in told and "tensor 'wrong' is not in checkpoint 'b'" in told


def test_an_unused_one_is_not_opened(three):
    (three / "a.index").unlink()
    done = run("plan", "-m", make_map(three, "w@b = w"), three / "main")
    assert "map.ini:3: warning: no source is of checkpoint 'a', which is not opened" in done.stderr.decode()


def test_paths_are_whatever_a_checkpoint_is_given_by(three):
    folder = three / "folder"
    folder.mkdir()
    for path in three.glob("a.*"):
        shutil.copy(path, folder)
    (folder / "checkpoint").write_text('model_checkpoint_path: "a"\n')
    for path in "folder", folder, "folder/checkpoint", "a.index", "a.data-00001-of-00002":
        ini = make_map(three, "w@a = w", f"[checkpoint a]\npath = {path}\n")
        assert values(three, ini)["w"][0] == 10


def test_versions_mix(three):
    """V1 beside V2; the values of V1 are decoded, those of V2 stay in place."""
    write_legacy(three / "old", {"n": (INT8, bytes(range(100)))})
    ini = make_map(three, "n@old = n\nw@a = w\nn@old = m | slice 10:20", "[checkpoint old]\npath = old\n[checkpoint a]\npath = a\n")
    assert run("cat", "-m", ini, "none", "n").stdout == bytes(range(100))
    assert run("cat", "-m", ini, "none", "m").stdout == bytes(range(10, 20))
    assert run("cat", "-m", ini, three / "main", "w").stdout == floats(*range(10, 16))
    report = json.loads(run("plan", "--json", "-m", ini).stdout)
    assert {c["name"]: c["format"] for c in report["checkpoints"]} == {"old": "v1", "a": "v2"}


@pytest.mark.parametrize("main, other", [("v1", "sharded"), ("sharded", "v1_sharded"), ("big_endian", "sliced"), ("sliced", "big_endian"), ("strings", "v1_strings"),
                                         ("snappy_v1/v1_strings", "sliced_half"), ("dtypes", "v1_blocks"), ("parts", "strings_sliced")])
def test_golden_checkpoints_side_by_side(tmp_path, main, other):
    """Every tensor of both, whatever its format, has its bytes: raw, and as another kind of file."""
    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\n/ = main/\n/@other = other/\n[checkpoint other]\npath = {truth(other)[0]}\n")
    run("export", "-m", ini, "--format=raw", truth(main)[0], tmp_path / "raw")
    paths = {t["variable"]: t["path"] for t in json.loads(run("plan", "--json", "-m", ini, truth(main)[0], status=None).stdout)["targets"]}
    for scope, name in ("main", main), ("other", other):
        shown = [t for t in truth(name)[1] if is_shown(t)]
        assert shown
        for tensor in shown:
            assert (tmp_path / "raw" / paths[f"{scope}/{tensor['name']}"]).read_bytes().hex() == tensor["hex"], tensor["name"]
    run("export", "-m", ini, "--format=tf", truth(main)[0], tmp_path / "tf")
    listed = {t["name"] for t in json.loads(run("list", "--json", tmp_path / "tf").stdout)["tensors"]}
    assert listed == set(paths)


def test_damage_in_a_named_one_is_found(three):
    data = next(path for path in sorted(three.glob("a.data-*")) if floats(10, 11, 12) in path.read_bytes())
    content = bytearray(data.read_bytes())
    content[content.index(floats(12))] ^= 1
    data.write_bytes(content)
    ini = make_map(three, "w@{a,b} = w | mean\n/ = main/")
    done = run("export", "-m", ini, "--format=npy", three / "main", three / "out", status=1)
    assert f"in {data}" in done.stderr.decode() or str(data) in done.stderr.decode()
    assert run("cat", "-m", ini, three / "main", "main/w").stdout == floats(*range(6))


def test_sections_of_an_included_file(three):
    """Its paths are relative to it, have parameters, and its names are everybody's."""
    (three / "sub").mkdir()
    (three / "sub" / "base.ini").write_text("[parameters]\nrun = b\n[checkpoint a]\npath = ../a\n[checkpoint b]\npath = ../${run}\n[assignment_map]\nw@a = wa\n")
    ini = make_map(three, "w@b = wb\nw@{a,b} = mean | mean", "[include]\npath = sub/base.ini\n")
    assert {name: found[0] for name, found in values(three, ini).items()} == {"wa": 10, "wb": 20, "mean": 15}
    report = json.loads(run("plan", "--json", "--set=run=main", "-m", ini).stdout)
    assert [c["path"] for c in report["checkpoints"]] == [str(three / "sub" / ".." / name) for name in ("a", "main")]
    (three / "map.ini").write_text(ini.read_text() + "[checkpoint a]\npath = b\n")
    said = errors(ini)
    assert f"{three}/sub/base.ini:3: " in said and f"a second [checkpoint a], the first is at {three}/map.ini:6" in said


def test_a_header_has_no_parameters(three):
    ini = make_map(three, "w@a = w", "[parameters]\nx = a\n[checkpoint ${x}]\npath = a\n")
    assert "map.ini:5: '${x}' is no name of a checkpoint" in errors(ini)


def test_files_beside_the_first_checkpoint_where_none_is_without_a_name(three):
    for name in "a", "b":
        (three / f"at_{name}").mkdir()
        for path in three.glob(f"{name}.*"):
            shutil.copy(path, three / f"at_{name}")
        (three / f"at_{name}" / "config.json").write_text(name)
    ini = make_map(three, "w@b = w", "[checkpoint a]\npath = at_a/a\n[checkpoint b]\npath = at_b/b\n[files]\nc = @/config.json\n")
    run("export", "-q", "--format=raw", "-m", ini, "none", three / "out")
    assert (three / "out" / "c").read_text() == "b"  # nothing is of a
    ini.write_text(ini.read_text().replace("w@b = w", "w@{b,a} = w | mean"))
    run("export", "--format=raw", "-m", ini, "none", three / "out2")
    assert (three / "out2" / "c").read_text() == "a"  # the first section
    (three / "config.json").write_text("main")
    run("export", "--format=raw", "-m", ini, "--assign=w=x", three / "main", three / "out3")
    assert (three / "out3" / "c").read_text() == "main"


OBJECTS = GOLDEN / "objects" / "objects-1"


def test_friendly_names_of_object_based_checkpoints(tmp_path):
    listed = json.loads(run("list", "-q", "--json", "--names=friendly", OBJECTS).stdout)["tensors"]
    kernel = next(t for t in listed if t["dtype"] == "float32" and t["shape"])
    ini = tmp_path / "map.ini"
    sections = f"[checkpoint]\nnames = friendly\n[checkpoint o]\npath = {OBJECTS}\n"
    ini.write_text(f"[assignment_map]\n{kernel['name']}@o = friendly\n{kernel['key'].replace('=', '%3D')}@o = key\n{sections}")
    report = json.loads(run("plan", "-q", "--json", "-m", ini).stdout)
    assert {t["variable"]: t["sources"] for t in report["targets"]} == {"friendly": [f"{kernel['name']}@o"], "key": [f"{kernel['name']}@o"]}


def test_wildcards_pass_over_the_object_graphs_of_a_rule_with_an_at(tmp_path):
    """Each graph is of its own checkpoint: the mean of two is none."""
    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\n/ = /\n**, **@o = ** | take 0 0 | mean\n[checkpoint o]\npath = {OBJECTS}\n")
    told = errors(ini, OBJECTS)
    assert "OBJECT_GRAPH" not in told and told  # but scalars cannot be taken from
    ini.write_text(f"[assignment_map]\n/ = /\n/@o = copy/\n[checkpoint o]\npath = {OBJECTS}\n[view]\nunused = error\n")
    names = [t["variable"] for t in json.loads(run("plan", "-q", "--json", "-m", ini, OBJECTS).stdout)["targets"]]
    assert "_CHECKPOINTABLE_OBJECT_GRAPH" in names and "copy/_CHECKPOINTABLE_OBJECT_GRAPH" not in names
