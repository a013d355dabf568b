# SPDX-License-Identifier: Apache-2.0
"""`ckptool map CHECKPOINT`, a map to begin with, and `-g MODEL`, the map to a model that has the same data."""

import json

import numpy as np
import pytest
import safetensors.numpy

from support.tool import out, run
from support.truth import CHECKPOINTS, golden

from .test_ready_maps import write

DEMO = golden("demo").checkpoint


def targets(checkpoint, text):
    report = json.loads(out("plan", "--json", "-q", "-m", text, checkpoint))
    return {target["variable"] for target in report["targets"]}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_map_to_begin_with_shows_what_is_there(tmp_path, name):
    """All but what optimizers own, under its own names."""
    checkpoint = golden(name).checkpoint
    (tmp_path / "map.ini").write_bytes(run("map", "-q", checkpoint).stdout)
    shown = {t["name"] for t in json.loads(out("list", "-q", "--json", checkpoint))["tensors"]}
    if " = " not in (tmp_path / "map.ini").read_text():
        pytest.fail(f"no rule at all for {shown}")
    assert targets(checkpoint, tmp_path / "map.ini") <= shown


def rules(text):
    return [line for line in text.splitlines() if " = " in line and line != "drop = optimizer"]


def test_layers_are_one_line(tmp_path):
    shapes = {f"layer_{i}/{what}": [2, 3] for i in range(12) for what in ("w", "b")} | {"layer_x/w": [4], "conv1/w": [5], "lead_01/w": [1], "lead_02/w": [1]}
    write(tmp_path / "ck", shapes)
    text = run("map", tmp_path / "ck").stdout.decode()
    assert rules(text) == ["conv1/w = conv1/w", "layer_{i}/b = layer_{i}/b", "layer_{i}/w = layer_{i}/w", "layer_x/w = layer_x/w",
                           "lead_01/w = lead_01/w", "lead_02/w = lead_02/w"]
    (tmp_path / "map.ini").write_text(text)
    assert targets(tmp_path / "ck", tmp_path / "map.ini") == set(shapes)


@pytest.fixture
def models(tmp_path):
    """A model, and what somebody once made of it: transposed, joined, renamed, one to a number less, one with other numbers."""
    rng = np.random.default_rng(3)
    one = {f"block_{i}/{what}": rng.standard_normal((6, 4)).astype(np.float32) for i in (1, 2, 3) for what in ("q", "k", "mlp")}
    one |= {f"odd_{i}": rng.standard_normal(40 + i).astype(np.float32) for i in (1, 2)}
    other = {f"h.{i - 1}.mlp": one[f"block_{i}/mlp"].T.copy() for i in (1, 2, 3)}
    other |= {f"h.{i}.qk": np.concatenate([one[f"block_{i}/q"], one[f"block_{i}/k"]]) for i in (1, 2, 3)}
    other |= {"seven.7": one["odd_1"], "nine.9": one["odd_2"]}
    for name, tensors in (("one", one), ("other", other)):
        safetensors.numpy.save_file(tensors, tmp_path / f"{name}.safetensors")
    return tmp_path / "one.safetensors", tmp_path / "other.safetensors", other


def test_the_map_to_another_model(tmp_path, models):
    one, other, wanted = models
    done = run("map", one, "-g", other)
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(rules(done.stdout.decode())) == [
        "block_{i}/mlp = h.{i-1}.mlp | transpose", "block_{i}/q, block_{i}/k = h.{i}.qk | concat 0", "odd_1 = seven.7", "odd_2 = nine.9"]
    (tmp_path / "map.ini").write_bytes(done.stdout)
    run("export", "-q", "-m", tmp_path / "map.ini", one, tmp_path / "made.safetensors")
    made = safetensors.numpy.load_file(tmp_path / "made.safetensors")
    assert made.keys() == wanted.keys()
    assert all(np.array_equal(made[name], value) for name, value in wanted.items())


def test_a_line_gives_no_other_pairs(tmp_path, models):
    """One layer of the checkpoint is not in the model: there is no line for all of them."""
    one, other, wanted = models
    del wanted["h.1.mlp"]
    safetensors.numpy.save_file(wanted, other)
    text = run("map", one, "-g", other).stdout.decode()
    assert "block_1/mlp = h.0.mlp | transpose" in text and "block_{i}/mlp" not in text
    assert "; not used, of the checkpoint:\n;   block_2/mlp  float32 [6, 4]\n" in text


def test_what_is_open_is_said(tmp_path, models):
    one, other, wanted = models
    safetensors.numpy.save_file(wanted | {"new": np.arange(77, dtype=np.float32)}, other)
    done = run("map", one, "-g", other, status=1)
    assert done.returncode == 1
    assert "; open: nothing was found for these of the model:\n;   new  float32 [77]\n" in done.stdout.decode()
    assert b"nothing was found for 1 of the model's 9 variables" in done.stderr


def test_nothing_in_common(tmp_path, models):
    safetensors.numpy.save_file({"x": np.arange(9, dtype=np.float32)}, tmp_path / "x.safetensors")
    done = run("map", models[0], "-g", tmp_path / "x.safetensors", status=1)
    assert done.returncode == 1 and b"the checkpoint and the model have nothing in common" in done.stderr


@pytest.mark.parametrize("args,status,said", [
    ((), 2, "map: which checkpoint? `ckptool map --list` lists the maps that are ready"),
    ((DEMO, "two"), 2, "map: one checkpoint, not 'two' too"),
    (("--list", DEMO), 2, "map: --list stands alone"),
    ((DEMO, "-g", "graph.meta"), 1, "a graph has no data to find the map by: expected a checkpoint, or safetensors"),
    ((DEMO, "-g", "/nowhere"), 1, "no checkpoint there"),
])
def test_bad_input(args, status, said):
    done = run("map", *args, status=None)
    assert (done.returncode, done.stdout) == (status, b"")
    assert said in done.stderr.decode()
