# SPDX-License-Identifier: Apache-2.0
"""Which of several rules gives a target, with and without a graph, and that each that loses is reported."""

import json

import pytest

from support import bundle
from support.tool import run

INT8 = 6
NAMES = ["a", "b", "m/w", "n/w"]

# (lines of [assignment_map], the line that gives x, or m/w; the lines that lose it)
CASES = [
    # Plain rules come first, in TensorFlow's order: by source.
    (["b = x", "a = x"], 1, [2]),
    (["m/ = m/", "a = m/w"], 1, [2]),  # a rule of a scope may win then
    (["a = m/w", "m/ = m/"], 2, [1]),
    # Then all others, as they are written; the later one wins.
    (["b = x | transpose", "a = x | transpose"], 2, [1]),
    (["b = x | transpose", "a = x"], 1, [2]),
    (["b = x | cast int16", "a = x | cast int16"], 2, [1]),
    (["a, b = x | sum", "b = x | transpose", "a = x | flip 0"], 3, [1, 2]),
    (["{a,z} = x", "{b,z} = x"], 2, [1]),
    # One that names single tensors only gives way to no other, whichever comes first.
    (["b = x | transpose", "{a,z} = x"], 1, [2]),
    (["{a,z} = x", "b = x | transpose"], 2, [1]),
    (["a, b = x | sum", "{a,z} = x", "z/ = x/"], 1, [2]),
    (["m/w = m/w | transpose", "** = **"], 1, [2]),
    (["** = **", "m/w = m/w | transpose"], 2, [1]),
    (["m/ = m/ | cast int16", "n/w = m/w | cast int16"], 2, [1]),
    (["n/w = m/w | cast int16", "m/ = m/ | cast int16"], 1, [2]),
    (["n/w = m/w", "m/ = m/ | cast int16"], 1, [2]),  # of which one alone is plain
    (["n/w = m/w", "m/ = m/"], 1, [2]),  # both: n comes after m
    (["a = m/w", "** = **"], 1, [2]),
    # `~` makes a rule none of the plain ones, `?` does not.
    (["b = ~s", "~s = x", "a = x"], 2, [3]),
    (["?b = x", "a = x"], 1, [2]),
    (["?m/ = m/", "a = m/w"], 1, [2]),
    (["?a = m/w", "?m/ = m/"], 2, [1]),
    (["?nothing = x", "a = x"], 2, []),
    (["?nothing/ = m/", "a = m/w"], 2, []),
    (["?{y,z} = x", "a = x"], 2, []),
    (["?z, a = x | concat 0", "b = x"], 2, []),
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return bundle.write(tmp_path_factory.mktemp("order") / "c", {name: (INT8, [2], bytes([i, i]), bytes([i, i])) for i, name in enumerate(NAMES)})


@pytest.mark.parametrize("graph", [False, True], ids=["inferred", "declared"])
@pytest.mark.parametrize("lines, winner, losers", CASES)
def test_which_rule_wins(tmp_path, checkpoint, lines, winner, losers, graph):
    ini = tmp_path / "map.ini"
    name = "m/w" if any("m/" in line for line in lines) else "x"
    dtype = "int16" if any("cast" in line for line in lines) else "int8"
    declared = f"[variables]\n{name} = {dtype} [2]\n[view]\nundeclared = infer\ndtype = cast\n" if graph else ""
    ini.write_text("\n".join(["[assignment_map]", *lines, declared]))
    done = run("plan", "--json", "-m", ini, checkpoint)
    document = json.loads(done.stdout)
    found = [target["rule"] for target in document["targets"] if target["variable"] == name]
    assert found == [f"{ini}:{winner + 1}"]
    lost = [(one["rule"], one["by"]) for one in document["overridden"] if one["path"] in (name, f"{name}/part_0")]
    assert sorted(rule for rule, _ in lost) == sorted(f"{ini}:{line + 1}" for line in losers)
    if len(losers) == 1:
        assert lost[0][1] == f"{ini}:{winner + 1}"
    for line in losers:
        assert f"{ini}:{line + 1}: warning: " in done.stderr.decode()


def test_a_partition_leaves_a_rule_plain(checkpoint):
    document = json.loads(run("plan", "--json", "-a", "b = x | partition 2", "-a", "a = x | partition 2", checkpoint).stdout)
    assert [target["rule"] for target in document["targets"]] == ["assign:1"] * 2


@pytest.mark.parametrize("graph", [False, True], ids=["inferred", "declared"])
@pytest.mark.parametrize("rule, names", [("{a,b}* = x", ["ab", "bb"]), ("**/w = {**.}", ["m/n/w", "m.n/w"]), ("l_{i}/{a,b} = l.{i}", ["l_1/a", "l_01/b"])])
def test_two_matches_for_one_target(tmp_path, rule, names, graph):
    """They are no override: an error."""
    checkpoint = bundle.write(tmp_path / "c", {name: (INT8, [1], b"\1", b"\1") for name in names})
    ini = tmp_path / "map.ini"
    target = {"x": "x", "{**.}": "m.n", "l.{i}": "l.1"}[rule.split(" = ")[1]]
    ini.write_text(f"[assignment_map]\n{rule}\n" + (f"[variables]\n{target} = int8 [1]\n" if graph else ""))
    said = run("plan", "-m", ini, checkpoint, status=1).stderr.decode()
    assert all(f"'{name}'" in said for name in names) or "1 target for 2 values" in said, said
