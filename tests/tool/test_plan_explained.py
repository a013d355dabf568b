# SPDX-License-Identifier: Apache-2.0
"""ckptool plan: how targets that operations make come to be, what stays in place, and --only."""

import json

import pytest

from support.paths import GOLDEN
from support.tool import out, run

DEMO = GOLDEN / "demo"


@pytest.fixture
def show(tmp_path):
    """The lines of a plan, without blanks at their beginnings."""

    def show(text, *args):
        path = tmp_path / "map.ini"
        path.write_text(text)
        lines = out("plan", "-q", "-m", path, DEMO, *args).decode().replace(str(path), "map").splitlines()
        return [line.strip() for line in lines]

    return show


def row(lines, target):
    """The cells of a target's row, and the lines below it that say how it came to be."""
    at = next(i for i, line in enumerate(lines) if f"-> {target} " in line)
    below = []
    for line in lines[at + 1 :]:
        if not line or ("  -> " in line):
            break
        below.append(line)
    return lines[at].split("  "), below


def test_each_operation_and_each_shape_that_changes(show):
    lines = show("[assignment_map]\nsome_var, some_scope/var1 = w | transpose | transpose 1,0 | concat 0 | cast bfloat16\n")
    cells, below = row(lines, "w")
    assert cells[0] == "some_var, ..." and cells[-1] == "computed"
    assert below == [
        "some_var [10, 4] float32, some_scope/var1 [10, 4] float32 -> transpose -> 2 x [4, 10] -> transpose 1,0 -> 2 x [10, 4]"
        " -> concat 0 -> [20, 4] -> cast bfloat16"
    ]


def test_a_shape_that_stays_is_not_said_again(show):
    lines = show("[assignment_map]\ntable = w | slice :3 | transpose | flip 0 | scale 2\n")
    assert row(lines, "w")[1] == ["table [11, 3] float32 -> slice :3 -> [3, 3] -> transpose -> flip 0 -> scale 2"]


def test_steps_are_followed_to_their_rules(show):
    text = "[assignment_map]\n~ = ~one | fill 1 [11, 1] float32\ntable = ~a, ~b | split 1 1,2\n~a, ~one = ~s | sum\n~s, ~b, ~s = w | concat 1\n"
    lines = show(text)
    assert row(lines, "w")[1] == [
        "~s [11, 1] float32, ~b [11, 2] float32, ~s [11, 1] float32 -> concat 1 -> [11, 4]",
        "~s (map:4): ~a [11, 1] float32, ~one [11, 1] float32 -> sum -> [11, 1]",
        "~b (map:3): table [11, 3] float32 -> split 1 1,2 -> [11, 1], [11, 2] (2 of 2)",
        "~a (map:3): table [11, 3] float32 -> split 1 1,2 -> [11, 1], [11, 2] (1 of 2)",
        "~one (map:2): fill 1 [11, 1] float32",
    ]


def test_many_sources_and_many_steps_are_cut_short(show):
    text = "[assignment_map]\n" + "some_var = ~s0 | scale 1\n" + "".join(f"~s{i} = ~s{i + 1} | transpose\n" for i in range(60))
    below = row(show(text + "~s60 = w | scale 2\n"), "w")[1]
    assert len(below) == 34 and below[-1] == "... and more steps" and below[1].startswith("~s60 (map:62): ~s59 [4, 10]")
    below = row(show("[assignment_map]\n" + ", ".join(["some_var"] * 11) + " = w | mean\n"), "w")[1]
    assert below[0].count("some_var [10, 4] float32") == 8 and below[0].endswith(" and 3 more -> mean -> [10, 4]")


def test_casts_by_rule_and_by_declaration(show):
    lines = show("[assignment_map]\nglobal_step = step | cast int32 wrap\nsome_var = v | transpose\ntable = t | add 1\n"
                 "[variables]\nstep = int32 []\nv = float16 [4, 10]\nt = float32 [11, 3] | partition 5,1\n[view]\ndtype = cast\n")
    assert row(lines, "step")[1] == ["global_step [] int64 -> cast int32 wrap"]
    assert row(lines, "v")[1] == ["some_var [10, 4] float32 -> transpose -> [4, 10] -> cast float16 (as declared)"]
    assert row(lines, "t/part_4")[1] == ["table [11, 3] float32 -> add 1 -> part 5 of 5 (as declared)"]


def test_what_stays_in_place(show):
    text = """[assignment_map]
table              = same
some_var           = rows | slice 2:5
some_scope/var1    = turned | transpose
global_step        = step | cast int32 wrap
table              = longer | pad 0 0,2 0
some_var, some_var = twice | concat 0
some_var           = columns | slice :, 1:3
"""
    lines = show(text)
    kinds = {name: row(lines, name)[0][-1].strip() for name in ("same", "rows", "turned", "step", "longer", "twice", "columns")}
    assert kinds == {
        "same": "in place",
        "rows": "in place",
        "turned": "rearranged",
        "step": "computed",
        "longer": "132 in place, 24 computed",
        "twice": "in place",
        "columns": "rearranged",
    }
    assert lines[-1].startswith("7 targets, 900 bytes (632 bytes in place, 240 bytes rearranged, 28 bytes computed), ")


def test_bytes_in_json(tmp_path):
    path = tmp_path / "map.ini"
    path.write_text("[assignment_map]\ntable = same\ntable = longer | pad 0 0,2 0\nsome_var = turned | transpose\n")
    targets = {t["path"]: t for t in json.loads(out("plan", "--json", "-m", path, DEMO))["targets"]}
    assert "made" not in targets["same"]
    assert targets["longer"]["made"] == {"in_place": 132, "rearranged": 0, "computed": 24}
    assert targets["turned"]["made"] == {"in_place": 0, "rearranged": 160, "computed": 0}


def test_only(show):
    lines = show("[assignment_map]\n/ = /\ntable = emb | partition 5,1\n", "--only", "var1", "--only", "emb/*[34]")
    assert [line.split()[2] for line in lines if "  -> " in line] == ["some_scope/var1", "emb/part_3", "emb/part_4"]
    assert lines[-1].startswith("3 of 12 targets, 208 bytes (208 bytes in place), ")
    assert not any(line.startswith("unused") for line in lines)


def test_only_takes_names_and_paths():
    for pattern in "some_var/Adam", "some_var.d/Adam":  # the name, and the path in a mount
        targets = json.loads(out("plan", "--json", "--only", pattern, DEMO))["targets"]
        assert [t["variable"] for t in targets] == ["some_var/Adam"]


def test_only_what_is_there():
    done = run("plan", "--only", "tabel", "--only", "some*", DEMO, status=1)
    assert done.stderr == b"ckptool: --only: no target matches 'tabel'; did you mean 'table'?\n" and done.stdout == b""
    assert run("list", "--only", "x", DEMO, status=2).stderr
