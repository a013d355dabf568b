# SPDX-License-Identifier: Apache-2.0
"""Maps that include others, and their parameters."""

import json
import os

import pytest

from support import bundle
from support.tool import run

INT8 = 6
NAMES = ["layer_0/w", "layer_1/w", "a", "b", "c"]


@pytest.fixture
def checkpoint(tmp_path):
    return bundle.write(tmp_path / "c", {name: (INT8, [2], bytes([i, i]), bytes([i, i])) for i, name in enumerate(sorted(NAMES))})


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def plan(checkpoint, ini, *options, status=0):
    """{target: (sources, rule)}, the report, and what the program says."""
    done = run("plan", "--json", "-m", ini, *options, checkpoint, status=status)
    document = json.loads(done.stdout)
    return {t["variable"]: (t["sources"], t["rule"]) for t in document["targets"]}, document, done.stderr.decode()


def refused(checkpoint, ini, *options):
    return run("plan", "-m", ini, *options, checkpoint, status=1).stderr.decode()


# ---- parameters ------------------------------------------------------------------------------------------------------

def test_parameters_are_put_into_lines(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[parameters]\nfrom = layer\npair = 0 , layer_1\ntail = = y.1 ; no part of it\n[assignment_map]\n"
                              "${from}_0/w = x.0\n${from}_1/w ${tail}\na = z/${from}${from}\n    / = q/\nb = \n    out/${from}\n"})
    found, _, said = plan(checkpoint, tmp_path / "m.ini", status=1)  # an indented line with ' = '
    assert "remove the indentation" in said
    text = (tmp_path / "m.ini").read_text().replace("    / = q/\n", "").replace("pair = 0 , layer_1\n", "")
    (tmp_path / "m.ini").write_text(text)
    found, _, said = plan(checkpoint, tmp_path / "m.ini")
    assert said == ""
    assert {target: sources for target, (sources, _) in found.items()} == {
        "x.0": ["layer_0/w"], "y.1": ["layer_1/w"], "z/layerlayer": ["a"], "out/layer": ["b"]}


def test_a_value_is_split_as_what_is_written(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[parameters]\nsources = a, b\noperations = concat 0 | slice 1:3\n[assignment_map]\n${sources} = x | ${operations}\n"})
    assert plan(checkpoint, tmp_path / "m.ini")[1]["targets"][0]["operations"] == ["concat 0", "slice 1:3"]


def test_the_command_line_wins(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[parameters]\nfrom = a\n[assignment_map]\n${from} = x\n"})
    assert plan(checkpoint, tmp_path / "m.ini")[0]["x"][0] == ["a"]
    assert plan(checkpoint, tmp_path / "m.ini", "--set", "from=b")[0]["x"][0] == ["b"]
    assert plan(checkpoint, tmp_path / "m.ini", "--set=from = b", "--set=from=c")[0]["x"][0] == ["c"]


def test_a_mount_takes_them(ckptfs, tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[assignment_map]\n${from} = x\n"})
    assert ckptfs.mount(checkpoint, map=tmp_path / "m.ini", options="set=from=b").read("x") == bytes([1, 1])
    assert ckptfs.mount(checkpoint, map=tmp_path / "m.ini", flags=["--set=from=c"]).read("x") == bytes([2, 2])


def test_rules_of_the_command_line_have_them_too(tmp_path, checkpoint):
    run("plan", "--assign=${from} = x", "--set=from=a", "--define=${to} = int8 [2]", "--set=to=x", checkpoint)
    assert "assign:1: no parameter 'from' is set" in run("plan", "--assign=${from} = x", checkpoint, status=1).stderr.decode()


def test_parameters_in_paths(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[parameters]\nname = c\n[checkpoint]\npath = ${name}\n[assignment_map]\n/ = /\n[files]\nx = ${name}.txt\ny = 100%24{name}\n",
                     "c.txt": "c", "100${name}": "d"})
    run("export", "--format=raw", "-m", tmp_path / "m.ini", tmp_path / "c", tmp_path / "out")
    assert (tmp_path / "out" / "x").read_text() == "c" and (tmp_path / "out" / "y").read_text() == "d"


def test_a_literal_dollar(tmp_path):
    names = ["$", "a$b", "${a}", "$a"]
    checkpoint = bundle.write(tmp_path / "c", {name: (INT8, [], b"\1", b"\1") for name in names})
    write(tmp_path, {"m.ini": "[assignment_map]\n$ = 1\na$b = 2\n%24%7Ba%7D = 3\n$a = 4\n"})
    found = plan(checkpoint, tmp_path / "m.ini")[0]
    assert {target: sources[0] for target, (sources, _) in found.items()} == {"1": "$", "2": "a$b", "3": "${a}", "4": "$a"}


@pytest.mark.parametrize("text, message", [
    ("[assignment_map]\n${layrs} = x\n[parameters]\nlayers = a\n", "m.ini:2: no parameter 'layrs' is set: give it a value in [parameters], or with --set; '%24' is a literal '$'; did you mean 'layers'?"),
    ("[assignment_map]\n${} = x\n", "m.ini:2: no parameter '' is set"),
    ("[assignment_map]\na = ${x\n", "m.ini:2: a '${' has no '}', at '${x'"),
    ("[parameters]\nx =\n", "m.ini:2: parameter 'x' is given no value"),
    ("[parameters]\nx\n", "m.ini:2: 'x': found no '='"),
    ("[parameters]\na/b = 1\n", "m.ini:2: 'a/b' is no name of a parameter"),
    ("[parameters]\n1 = 1\n", "m.ini:2: '1' is no name of a parameter"),
    ("[parameters]\nx = 1\n[parameters]\nx = 1\n", "m.ini:4: a second 'x' in [parameters], the first is in line 2"),
    ("[parameters]\nx = ${y}\ny = 1\n", "m.ini:2: parameter 'x' has a '${' in its value, which is taken as it is"),
    ("[parameters]\nx = [view]\n[assignment_map]\n${x}\n", "m.ini:4: '${x}': a value begins the line with '['"),
    ("[${x}]\n", "unknown section [${x}]"),
])
def test_what_is_wrong_with_parameters(tmp_path, checkpoint, text, message):
    write(tmp_path, {"m.ini": text})
    said = refused(checkpoint, tmp_path / "m.ini")
    assert message.replace("m.ini", str(tmp_path / "m.ini")) in said
    assert said.count(": no parameter") <= 1


@pytest.mark.parametrize("option, message", [
    ("x", "set:1: 'x': expected NAME=VALUE"), ("x=", "set:1: parameter 'x' is given no value"), ("=1", "set:1: '' is no name of a parameter"),
    ("x=a ; b", "set:1: parameter 'x' has what begins a comment in its value"), ("x=#", "begins a comment"), ("x=a\nb", "control byte 0x0a"),
    ("x=${y}", "which is taken as it is"), (b"x=\xff", "is not valid UTF-8"),
])
def test_what_is_wrong_with_an_option(tmp_path, checkpoint, option, message):
    write(tmp_path, {"m.ini": "[assignment_map]\n/ = /\n"})
    said = run("plan", "-m", tmp_path / "m.ini", "--set", os.fsdecode(option), checkpoint, status=1).stderr.decode()
    assert message in said


def test_unused_parameters_are_warnings(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[include]\npath = b.ini\n[assignment_map]\n/ = /\n# ${x}\n[parameters]\nx = 1\ny = 2\n", "b.ini": "[parameters]\nx = 1\nz = 3\n"})
    said = plan(checkpoint, tmp_path / "m.ini", "--set=w=4", "--set=y=5")[2]
    lines = [line.split("warning: ")[1] for line in said.splitlines()]
    assert sorted(lines) == [f"no line uses the parameter '{name}'" for name in "wxyz"]
    assert f"{tmp_path}/m.ini:7: warning: no line uses the parameter 'x'" in said and f"{tmp_path}/b.ini:3: " in said
    assert "set:1: " in said and "set:2: " in said


def test_values_do_not_grow_without_a_limit(tmp_path, checkpoint):
    big = "v" * 60000
    write(tmp_path, {"m.ini": f"[parameters]\nx = {big}\n[assignment_map]\na = ${{x}}${{x}}\n"})
    assert "m.ini:4: 'x': with the values of its parameters the line would have more than 65536 bytes" in refused(checkpoint, tmp_path / "m.ini")
    lines = "".join(f"{i} = ${{x}}\n" for i in range(1200))
    write(tmp_path, {"m.ini": f"[parameters]\nx = {big}\n[assignment_map]\n{lines}"})
    said = refused(checkpoint, tmp_path / "m.ini")
    assert "the map would have more than 67108864 bytes" in said


# ---- includes --------------------------------------------------------------------------------------------------------

def test_an_included_file_is_as_if_it_stood_there(tmp_path, checkpoint):
    base = "[assignment_map]\na = x | transpose\nb = y | transpose\n"
    write(tmp_path, {"over.ini": "[include]\npath = base.ini\n[assignment_map]\nc = x | transpose\n",
                     "under.ini": "[assignment_map]\nc = x | transpose\n[include]\npath = base.ini\n", "base.ini": base})
    found, document, said = plan(checkpoint, tmp_path / "over.ini")
    assert found == {"x": (["c"], f"{tmp_path}/over.ini:4"), "y": (["b"], f"{tmp_path}/base.ini:3")}
    assert document["overridden"] == [{"path": "x", "rule": f"{tmp_path}/base.ini:2", "by": f"{tmp_path}/over.ini:4"}]
    assert f"{tmp_path}/base.ini:2: warning: 'x' is assigned again at {tmp_path}/over.ini:4, which wins" in said
    assert plan(checkpoint, tmp_path / "under.ini")[0]["x"] == (["a"], f"{tmp_path}/base.ini:2")


def test_plain_rules_go_in_tensorflows_order_whichever_file_has_them(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[include]\npath = b.ini\n[assignment_map]\na = x\n", "b.ini": "[assignment_map]\nb = x\n"})
    assert plan(checkpoint, tmp_path / "m.ini")[0]["x"] == (["b"], f"{tmp_path}/b.ini:2")


def test_paths_are_relative_to_the_file_that_has_them(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[include]\npath = sub/deep/a.ini\n", "sub/b.ini": "[files]\ny = y.txt\n[assignment_map]\na, b = v | concat 0 | gather 0 rows\n",
                     "sub/deep/a.ini": "[include]\npath = ../b.ini\n[checkpoint]\npath = ../../c\n[files]\nx = x.txt\n[assignment_map]\nc = w | gather 0 rows\n",
                     "sub/deep/x.txt": "x", "sub/y.txt": "y", "sub/rows": "3\n", "sub/deep/rows": "1\n0\n1\n"})
    at = tmp_path / "elsewhere"
    at.mkdir()
    run("export", "--format=raw", "-m", "../m.ini", f"{tmp_path}/c", "out", cwd=at)
    assert {name: (at / "out" / name).read_bytes() for name in "vwxy"} == {"v": b"\1", "w": b"\2\2\2", "x": b"x", "y": b"y"}
    assert json.loads(run("plan", "--json", "-m", tmp_path / "m.ini", status=0).stdout)["checkpoint"]["path"].endswith("/c")


def test_a_file_says_it_instead_of_those_that_it_includes(tmp_path, checkpoint):
    """[view] and [checkpoint]: wherever [include] stands."""
    write(tmp_path, {"m.ini": "[view]\nname = own\nfiles = tensorflow\n[include]\npath = a.ini\npath = b.ini\n[assignment_map]\n/ = /\n",
                     "a.ini": "[view]\nname = a\nsafetensors = a\nfiles = raw, npy\ndrop = a\n", "b.ini": "[view]\nsafetensors = b\ndrop = b\n"})
    run("export", "--format=tf", "-m", tmp_path / "m.ini", checkpoint, tmp_path / "out")
    assert (tmp_path / "out" / "own.index").exists()
    assert set(plan(checkpoint, tmp_path / "m.ini")[0]) == {"c", "layer_0/w", "layer_1/w"}  # what is dropped adds up
    write(tmp_path, {"m.ini": "[view]\nname = own\n[view]\nname = own\n"})
    assert "m.ini:4: a second 'name' in [view]" in refused(checkpoint, tmp_path / "m.ini")


def test_values_of_an_including_file_win(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[include]\npath = a.ini\npath = b.ini\n[parameters]\nx = a\n[assignment_map]\n${y} = own\n",
                     "a.ini": "[parameters]\nx = b\ny = b\nz = b\n[include]\npath = deep.ini\n[assignment_map]\n${x} = t\n${z} = u | transpose\n",
                     "b.ini": "[parameters]\ny = c\n", "deep.ini": "[parameters]\nz = c\n[assignment_map]\n${x} = v\n"})
    found = plan(checkpoint, tmp_path / "m.ini")[0]
    assert {target: sources[0] for target, (sources, _) in found.items()} == {"t": "a", "v": "a", "u": "b", "own": "c"}  # of two files the later


def test_an_included_path_has_parameters(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[parameters]\nsize = small\n[include]\npath = ${size}.ini\n", "small.ini": "[assignment_map]\na = x\n", "large.ini": "[assignment_map]\nb = x\n"})
    assert plan(checkpoint, tmp_path / "m.ini")[0]["x"][0] == ["a"]
    assert plan(checkpoint, tmp_path / "m.ini", "--set=size=large")[0]["x"][0] == ["b"]
    write(tmp_path, {"m.ini": "[include]\npath = ${siz}.ini\n[parameters]\nsize = x\n"})
    assert refused(checkpoint, tmp_path / "m.ini").count("m.ini:2: no parameter 'siz' is set") == 1


def test_a_path_has_the_value_that_all_lines_have(tmp_path, checkpoint):
    """Or it is an error: a file that is included later gives a value, or another one."""
    write(tmp_path, {"m.ini": "[include]\npath = ${x}.ini\npath = sets.ini\n[assignment_map]\n/ = /\n", "sets.ini": "[parameters]\nx = a\n", "a.ini": "", "b.ini": "",
                     "two.ini": "[include]\npath = sets.ini\npath = ${x}.ini\npath = again.ini\n[assignment_map]\n/ = /\n", "again.ini": "[parameters]\nx = b\n",
                     "same.ini": "[include]\npath = sets.ini\npath = ${x}.ini\npath = alike.ini\n[assignment_map]\n/ = /\n", "alike.ini": "[parameters]\nx = a\n"})
    said = refused(checkpoint, tmp_path / "m.ini")
    assert (f"{tmp_path}/m.ini:2: the path of an included file has the parameter 'x', which is given its value at {tmp_path}/sets.ini:2, after it: "
            "set it above, or with --set\n") in said and said.count("\n") == 1
    said = refused(checkpoint, tmp_path / "two.ini")
    assert f"{tmp_path}/two.ini:3: the path of an included file has the parameter 'x', which is given another value at {tmp_path}/again.ini:2, after it" in said
    plan(checkpoint, tmp_path / "m.ini", "--set=x=b")
    plan(checkpoint, tmp_path / "two.ini", "--set=x=b")
    plan(checkpoint, tmp_path / "same.ini")


def test_messages_name_the_file(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[include]\npath = sub/b.ini\n[files]\nx = m.ini\n", "sub/b.ini": "[assignment_map]\nnothing = x\na -> b\n[files]\nx = b.ini\n[view]\nnam = y\n"})
    said = refused(checkpoint, tmp_path / "m.ini")
    assert f"{tmp_path}/sub/b.ini:3: 'a -> b': found '->', expected '='" in said
    assert f"{tmp_path}/sub/b.ini:7: unknown key 'nam' in [view]" in said
    assert f"{tmp_path}/m.ini:4: a second 'x' in [files], the first is at {tmp_path}/sub/b.ini:5" in said
    assert f"{tmp_path}/sub/b.ini:2: tensor 'nothing' is not in the checkpoint" in said


def test_cycles(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[include]\npath = m.ini\n", "a.ini": "[include]\npath = sub/b.ini\n", "sub/b.ini": "[assignment_map]\n/ = /\n[include]\npath = ../c.ini\n"})
    (tmp_path / "c.ini").symlink_to("a.ini")
    assert "m.ini:2: 'm.ini' includes itself\n" in refused(checkpoint, tmp_path / "m.ini")
    assert f"{tmp_path}/sub/b.ini:4: '../c.ini' includes itself through other files" in refused(checkpoint, tmp_path / "a.ini")
    os.link(tmp_path / "m.ini", tmp_path / "other.ini")
    write(tmp_path, {"m.ini": "[include]\npath = other.ini\n"})
    assert "m.ini:2: 'other.ini' includes itself\n" in refused(checkpoint, tmp_path / "m.ini")


def test_a_file_that_is_included_twice_is_read_once_where_it_is_first(tmp_path, checkpoint):
    """Under whatever name: its sections, its rules, its values count once, and what includes it has the last word."""
    write(tmp_path, {"m.ini": "[include]\npath = a.ini\npath = b.ini\npath = b.ini\n[assignment_map]\n${x}/w@n = q\n",
                     "a.ini": "[include]\npath = base.ini\n[view]\nundeclared = infer\nname = a\n[assignment_map]\na = x | flip 0\n",
                     "b.ini": "[include]\npath = link.ini\n[parameters]\nx = layer_1\n[assignment_map]\nc = b | flip 0\n",
                     "base.ini": "[parameters]\nx = layer_0\n[checkpoint n]\npath = c\n[view]\nname = base\n[files]\nf = base.ini\n[variables]\nz = int8 [2]\n"
                                 "[assignment_map]\nb = x | flip 0\nb = b | flip 0\na = ~s\n~s = z\n"})
    (tmp_path / "link.ini").symlink_to("base.ini")
    found, document, said = plan(checkpoint, tmp_path / "m.ini")
    assert found == {"b": (["c"], f"{tmp_path}/b.ini:6"), "q": (["layer_1/w@n"], f"{tmp_path}/m.ini:6"), "x": (["a"], f"{tmp_path}/a.ini:7"),
                     "z": (["a"], f"{tmp_path}/base.ini:15")}
    assert [entry["path"] for entry in document["overridden"]] == ["b", "x"]
    run("export", "--format=tf", "-m", tmp_path / "m.ini", checkpoint, tmp_path / "out")
    assert (tmp_path / "out" / "a.index").exists() and (tmp_path / "out" / "f").exists()


def test_a_cycle_of_a_file_that_was_read_is_one(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[include]\npath = a.ini\npath = b.ini\n", "a.ini": "[include]\npath = b.ini\n", "b.ini": "[include]\npath = a.ini\n"})
    said = refused(checkpoint, tmp_path / "m.ini")
    assert f"{tmp_path}/b.ini:2: 'a.ini' includes itself through other files" in said and said.count("includes itself") == 1


def test_limits(tmp_path, checkpoint):
    files = {f"{i}.ini": f"[include]\npath = {i + 1}.ini\n" for i in range(9)}
    write(tmp_path, {**files, "9.ini": "[assignment_map]\n/ = /\n"})
    assert "8.ini:2: '9.ini': files that include one another more than 8 deep" in refused(checkpoint, tmp_path / "0.ini")
    assert len(plan(checkpoint, tmp_path / "1.ini")[0]) == len(NAMES)
    many = "".join(f"path = many/{i}.ini\n" for i in range(64))
    write(tmp_path, {"m.ini": "[assignment_map]\n/ = /\n[include]\n" + many, **{f"many/{i}.ini": "\n" for i in range(64)}})
    assert "m.ini:67: 'many/63.ini': a map of more than 64 files" in refused(checkpoint, tmp_path / "m.ini")
    write(tmp_path, {"m.ini": "[assignment_map]\n/ = /\n[include]\n" + many.replace("path = many/63.ini\n", "")})
    plan(checkpoint, tmp_path / "m.ini")
    write(tmp_path, {"m.ini": "[assignment_map]\n/ = /\n[include]\n" + many.replace("path = many/63.ini\n", "path = many/0.ini\n")})
    plan(checkpoint, tmp_path / "m.ini")
    for name in "large.ini", "larger.ini":
        (tmp_path / name).write_text(("#" * ((32 << 10) - 1) + "\n") * (40 << 5))
    write(tmp_path, {"m.ini": "[include]\npath = large.ini\npath = larger.ini\n"})
    assert "cannot be included: the file has 41943040 bytes, the limit is" in refused(checkpoint, tmp_path / "m.ini")


@pytest.mark.parametrize("text, message", [
    ("path = gone.ini", "m.ini:2: '{at}/gone.ini' cannot be included: cannot open: No such file or directory"),
    ("path = bas.ini", "did you mean '{at}/base.ini'?"),
    ("path = folder", "m.ini:2: '{at}/folder' cannot be included: cannot open: "),
    ("path = fifo", "m.ini:2: '{at}/fifo' cannot be included: cannot open: not a regular file"),
    ("path = /dev/null", "m.ini:2: '/dev/null' cannot be included: cannot open: not a regular file"),
    ("path = c.index", "c.index: "),
    ("path = https://example.org/m.ini", "is no local path"),
    ("path =", "m.ini:2: 'path': the path of an included file is empty"),
    ("file = base.ini", "m.ini:2: unknown key 'file' in [include]: expected path = FILE"),
    ("base.ini", "m.ini:2: 'base.ini': found no '='"),
])
def test_what_cannot_be_included(tmp_path, checkpoint, text, message):
    write(tmp_path, {"m.ini": f"[include]\n{text}\n", "base.ini": "", "folder/x": ""})
    os.mkfifo(tmp_path / "fifo")
    assert message.format(at=tmp_path) in refused(checkpoint, tmp_path / "m.ini")


def test_an_export_does_not_replace_what_it_includes(tmp_path, checkpoint):
    write(tmp_path, {"m.ini": "[include]\npath = out/base\n", "out/base": "[assignment_map]\na = base\n"})
    said = run("export", "--format=raw", "-m", tmp_path / "m.ini", "--force", checkpoint, tmp_path / "out", status=None)
    assert said.returncode != 0 and (tmp_path / "out" / "base").read_text().startswith("[assignment_map]")
