# SPDX-License-Identifier: Apache-2.0
"""Target graphs and casts on the command line: -g, -a, -D, [view]."""

import json
import struct

import pytest

from support import tool
from support.paths import GOLDEN

DEMO = GOLDEN / "demo"
GRAPHS = sorted(p.parent.name for p in (GOLDEN / "graphs").glob("*/truth.json"))


def plan(*args, status=0):
    return json.loads(tool.run("plan", "--json", *args, status=status).stdout)


def codes(report):
    return [(e["code"], e["subject"]) for e in report["errors"]]


@pytest.mark.parametrize("name", GRAPHS)
def test_every_variable_of_a_graph_file_is_a_target(name):
    data = json.loads((GOLDEN / "graphs" / name / "truth.json").read_text())
    report = plan("-g", GOLDEN / "graphs" / name / data["graph"], "-a", "none/=none/", "-q", DEMO)
    assert sorted(report["unassigned"]) == sorted(v["name"] for v in data["variables"])
    assert report["targets"] == []


def test_a_graph_file_says_what_is_cut():
    graph = GOLDEN / "graphs" / "parts_resource"
    data = json.loads((graph / "truth.json").read_text())
    many = next(v for v in data["variables"] if v["name"] == "p/many")
    assert many["partition"] == [11, 1]
    report = plan("-g", graph / "graph.meta", "-a", "some_var=p/many | partition 11,1", DEMO, status=1)
    assert codes(report) == [("dtype-mismatch", "p/many")]  # TensorFlow too sees the dtype before the shape
    report = plan("-g", graph / "graph.meta", "-a", "some_var=p/many | partition 10,1", DEMO, status=1)
    assert codes(report) == [("parts-differ", "p/many")]


def test_another_checkpoint_is_a_graph():
    report = plan("-g", GOLDEN / "slots" / "model.ckpt-3.index", "-a", "/=/", GOLDEN / "slots", "-q")
    assert report["unassigned"] == [] and report["errors"] == []
    assert [t["path"] for t in report["targets"]] == [t["path"] for t in plan(GOLDEN / "slots", "-q")["targets"]]
    missing = plan("-g", GOLDEN / "slots", "-a", "/=/", DEMO, status=1)
    assert {c for c, _ in codes(missing)} == {"tensor-not-found"}


def test_graph_and_declaration_must_agree():
    good = ["-D", "some_var=float32 [10, 4]"]
    bad = ["-D", "some_var=float32 [10, 5]"]
    assert plan("-g", DEMO, *good, "-a", "/=/", DEMO, "-q")["errors"] == []
    assert codes(plan("-g", DEMO, *bad, "-a", "/=/", DEMO, status=1)) == [("graph-invalid", "some_var")]


@pytest.mark.parametrize("rule", ["some_var = p | partition 2,1", "some_var = p | scale 2 | partition 2,1", "some_va* = p{1} | partition 2,1"])
def test_undeclared_parts_are_inferred_as_whole_variables_are(tmp_path, rule):
    ini = tmp_path / "m.ini"
    ini.write_text(f"[assignment_map]\n{rule}\n[variables]\nother = float32 [1]\n")
    assert "variable-not-found" in {code for code, _ in codes(plan("-m", ini, DEMO, status=1))}
    ini.write_text(ini.read_text() + "[view]\nundeclared = infer\n")
    report = plan("-m", ini, DEMO)
    assert [(t["variable"][0], t["shape"], t["slice"]["start"]) for t in report["targets"]] == [("p", [5, 4], [0, 0]), ("p", [5, 4], [5, 0])]
    ini.write_text(ini.read_text().replace("other = float32 [1]", "p = float32 [10, 4] | partition 5,1\npr = float32 [10, 4] | partition 5,1"))
    assert codes(plan("-m", ini, DEMO, status=1)) in ([("parts-differ", "p")], [("parts-differ", "pr")])


@pytest.mark.parametrize("keep", [0, 1, 10, 1000])
def test_a_truncated_graph_file_is_an_error(keep, tmp_path):
    data = (GOLDEN / "graphs" / "plain" / "graph.meta").read_bytes()
    (tmp_path / "x.meta").write_bytes(data[:keep])
    report = plan("-g", tmp_path / "x.meta", "-a", "/=/", DEMO, status=1)
    assert {c for c, _ in codes(report)} <= {"graph-invalid", "limit-exceeded"} and report["errors"]


def test_a_graph_that_is_not_there():
    tool.run("plan", "-g", "nothing-here.meta", "-a", "/=/", DEMO, status=1)


def values(*args):
    data = tool.out("cat", *args)
    return struct.unpack(f"<{len(data) // 4}f", data)


def test_cast_by_a_rule():
    report = plan("-a", "some_var=half | cast float16", DEMO)
    target = report["targets"][0]
    assert (target["dtype"], target["bytes"], target["operations"]) == ("float16", 80, ["cast float16"])
    data = tool.out("cat", "-a", "some_var=half | cast float16", DEMO, "half")
    assert struct.unpack("<40e", data) == tuple(range(40))


def test_cast_to_the_declared_dtype():
    asked = ["-a", "global_step=step", "-D", "step=float32 []"]
    assert codes(plan(*asked, DEMO, status=1)) == [("dtype-mismatch", "step")]


def test_view_dtype_cast_and_source(tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nglobal_step = step\n[variables]\nstep = float32 []\n[view]\ndtype = cast\n")
    assert values("-m", ini, DEMO, "step") == (1000.0,)
    ini.write_text(ini.read_text().replace("dtype = cast", "dtype = source"))
    assert plan("-m", ini, DEMO)["targets"][0]["dtype"] == "int64"


def test_cast_before_partition():
    report = plan("-a", "table=t | cast bfloat16 | partition 5,1", DEMO)
    assert [t["bytes"] for t in report["targets"]] == [18, 12, 12, 12, 12]
    assert report["targets"][0]["operations"] == ["cast bfloat16", "partition 5,1"]


def test_a_value_that_does_not_fit_is_an_error():
    done = tool.run("cat", "-a", "global_step=s | cast int8", DEMO, "s", status=1)
    assert b"wrap" in done.stderr
    done = tool.run("cat", "-a", "some_scope/layer/bias=b | cast uint8", DEMO, "b", status=1)
    assert done.stdout == b"" and b"does not fit" in done.stderr
    assert tool.out("cat", "-a", "some_scope/layer/bias=b | cast uint8 saturate", DEMO, "b") == bytes([0, 0, 0, 1, 2])


def test_rules_of_the_command_line_join_the_map(tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nsome_var = a\n")
    report = plan("-m", ini, "-a", "table = b", DEMO)
    assert [(t["path"], t["rule"].rsplit("/", 1)[-1]) for t in report["targets"]] == [("a", "map.ini:2"), ("b", "assign:1")]
    wrong = plan("-a", "tabel=b", "-a", "nothing", DEMO, status=1)
    where = [e["where"] for e in wrong["errors"]]
    assert where == ["assign:2"] or set(where) == {"assign:1", "assign:2"}
