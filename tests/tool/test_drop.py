# SPDX-License-Identifier: Apache-2.0
"""Tensors that rules do not see: `drop` and `keep` of [view], and of the command line."""

import json

import pytest

from support import bundle
from support.paths import GOLDEN
from support.tool import run

SLOTS = GOLDEN / "slots"
WEIGHTS = {"net/layer_1/b", "net/layer_1/w", "net/layer_2/b", "net/layer_2/w"}
SHOWN = [
    (["drop optimizer"], {"global_step"} | WEIGHTS),
    (["drop optimizer", "drop global_step"], WEIGHTS),
    (["keep **/w"], {"net/layer_1/w", "net/layer_2/w"}),
    (["keep net/**", "drop optimizer"], WEIGHTS),
    (["keep {net/layer_1/b,global_step}"], {"net/layer_1/b", "global_step"}),
]


def plan(*arguments, status=0):
    return json.loads(run("plan", "--json", *arguments, SLOTS, status=status).stdout)


@pytest.mark.parametrize("filters, shown", SHOWN)
def test_options(filters, shown):
    document = plan(*(f"--{option}={pattern}" for option, pattern in map(str.split, filters)))
    assert {target["variable"] for target in document["targets"]} == shown
    assert not document["unused"]
    assert len(document["dropped"]) + len(shown) == 15
    assert {dropped["by"] for dropped in document["dropped"]} <= {"keep", "optimizer", "global_step"}


@pytest.mark.parametrize("filters, shown", SHOWN)
def test_a_map(tmp_path, filters, shown):
    words = [line.split() for line in filters]
    view = [f"{key} = {', '.join(pattern for word, pattern in words if word == key)}" for key in sorted({word for word, _ in words})]
    ini = tmp_path / "map.ini"
    ini.write_text("\n".join(["[assignment_map]", "/ = /", "[view]", *view, ""]))
    assert {target["variable"] for target in plan("-m", ini)["targets"]} == shown


def test_options_and_a_map_add_up(tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n/ = /\n[view]\ndrop = optimizer\n")
    assert {target["variable"] for target in plan("-m", ini, "--drop", "global_step", "--drop=**/b")["targets"]} == {"net/layer_1/w", "net/layer_2/w"}


@pytest.mark.parametrize("option, message", [
    ("--drop=x{", "drop:1: the pattern 'x{': a '{' has no '}'"),
    ("--keep=", "keep:1: "),
])
def test_wrong_patterns(option, message):
    assert message in run("plan", option, SLOTS, status=1).stderr.decode()


def test_a_pattern_that_matches_nothing_is_a_warning():
    assert "drop:1: warning: 'layer*' of 'drop' matches no tensor of the checkpoint" in run("plan", "--drop=layer*", SLOTS).stderr.decode()
    assert run("plan", "--drop=?layer*", SLOTS).stderr == b""


@pytest.mark.parametrize("key", ["drop", "keep"])
def test_a_name_that_takes_too_long_names_the_line(tmp_path, key):
    name = "_".join(map(str, range(3000))) + "_x"
    checkpoint = bundle.write(tmp_path / "c", {name: (bundle.INT8, [1], b"x")})
    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\n/ = /\n[view]\n{key} = w, *_{{i}}_*_{{i}}_*_x\n")
    said = run("plan", "-m", ini, checkpoint, status=1).stderr.decode()
    assert f"{ini}:4: " in said and f"of '{key}' against '" in said and "takes too long" in said


def test_a_rule_for_a_dropped_tensor_is_an_error():
    said = "tensor 'global_step' is not in the checkpoint; it is there, and hidden: by 'drop', 'keep' or 'prefer'"
    for option in "--drop=global_step", "--keep=net/**":
        assert said in run("plan", option, "--assign=global_step=step", SLOTS, status=1).stderr.decode()
        assert said in run("plan", option, "--assign=global_step=step | flip 0", SLOTS, status=1).stderr.decode()
    assert "hidden" not in run("plan", "--drop=global_step", "--assign=global_stp=step", SLOTS, status=1).stderr.decode()
