# SPDX-License-Identifier: Apache-2.0
"""`ckptool map CHECKPOINT`, a map to begin with, and `-g MODEL`, the map to a model that has the same data."""

import json

import numpy as np
import pytest
import safetensors.numpy

from support import originals
from support.tool import out, run
from support.truth import CHECKPOINTS, golden

from .test_ready_maps import CASES, plan, write

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


# Of what names and shapes propose, how much is so, and how much of the map that is, at least; in percent.
WORSE = {("bert-garden-to-hf", "garden"): (3, 1), ("bert-garden-to-hf", "garden_layers"): (100, 58), ("bert-garden-to-hf", "garden_pretrained"): (6, 2),
         ("efficientnet-to-timm", "efficientnet"): (40, 40), ("mobilenet-v1-to-timm", "mobilenet"): (24, 24)}


def said(report):
    """Of each target, from what it is made, and how."""
    return {target["variable"]: (target["sources"], [operation.replace("squeeze 0", "squeeze") for operation in target["operations"]])
            for target in report["targets"]}


@pytest.mark.parametrize("name,model", [case[:2] for case in CASES], ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_names_and_shapes_propose(tmp_path, capsys, name, model):
    shapes, more = getattr(originals, model)()
    start = write(tmp_path / "from", {**shapes, **more}, model.startswith("garden"))
    report = plan(name, start)
    write(tmp_path / "to", {target["variable"]: target["shape"] for target in report["targets"]})
    done = run("map", "--names-only", start, "-g", tmp_path / "to", status=None)
    assert b"; proved" not in done.stdout.split(b"[assignment_map]")[1]
    (tmp_path / "map.ini").write_bytes(done.stdout)
    found, wanted = said(plan(tmp_path / "map.ini", start)), said(report)
    right = sum(found[target] == wanted[target] for target in found)
    precision, recall = 100 * right / len(found), 100 * right / len(wanted)
    with capsys.disabled():
        print(f"\n{name} of {model}: {len(wanted)} variables, precision {precision:.0f} %, recall {recall:.0f} %")
    least = WORSE.get((name, model), (100, 100))
    assert precision >= least[0] and recall >= least[1]
    assert done.returncode == (len(found) != len(wanted))
    assert f"{len(found)} of the model's {len(wanted)} variables are likely, and not proved" in done.stderr.decode()


def test_a_square_is_transposed_as_others_are(tmp_path):
    write(tmp_path / "ck", {"enc/layer_0/kernel": [4, 6], "enc/layer_1/kernel": [4, 6], "enc/layer_0/square/kernel": [5, 5], "enc/gamma": [7]})
    write(tmp_path / "other", {"enc.layer.0.weight": [6, 4], "enc.layer.1.weight": [6, 4], "enc.layer.0.square.weight": [5, 5], "enc.weight": [7]})
    text = run("map", "--names-only", tmp_path / "ck", "-g", tmp_path / "other").stdout.decode()
    assert sorted(rules(text)) == ["enc/gamma = enc.weight", "enc/layer_0/square/kernel = enc.layer.0.square.weight | transpose",
                                   "enc/layer_{i}/kernel = enc.layer.{i}.weight | transpose"]
    assert "; likely: float32 [5, 5]; its shape allows for another order of its axes\nenc/layer_0/square" in text


@pytest.mark.parametrize("args,status,said", [
    ((), 2, "map: which checkpoint? `ckptool map --list` lists the maps that are ready"),
    ((DEMO, "two"), 2, "map: one checkpoint, not 'two' too"),
    (("--list", DEMO), 2, "map: --list stands alone"),
    ((DEMO, "-g", "graph.meta"), 1, "graph.meta"),
    ((DEMO, "--names-only"), 2, "map: --names-only wants a model: -g MODEL"),
    ((DEMO, "-g", "/nowhere"), 1, "no checkpoint there"),
])
def test_bad_input(args, status, said):
    done = run("map", *args, status=None)
    assert (done.returncode, done.stdout) == (status, b"")
    assert said in done.stderr.decode()
