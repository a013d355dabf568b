# SPDX-License-Identifier: Apache-2.0
"""`prefer = ema`: moving averages are shown as the weights that they are of."""

import json

import pytest

from support import bundle
from support.tool import run

INT8 = 6
EMA = "/ExponentialMovingAverage"
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def checkpoint_of(tmp_path, names, shapes={}):
    """One whose tensors hold their own numbers; {name: number}."""
    numbers = {name: number for number, name in enumerate(sorted(names), 1)}
    tensors = {}
    for name, number in numbers.items():
        count = shapes.get(name, 1)
        tensors[name] = (INT8, [count], bytes([number]) * count, bytes([number]) * count)
    return bundle.write(tmp_path / "c", tensors), numbers


def shown(checkpoint, *options, status=0):
    """{target: first byte}, and the report."""
    document = json.loads(run("plan", "--json", *options, checkpoint, status=status).stdout)
    names = [target["variable"] for target in document["targets"]]
    return {name: run("cat", *options, checkpoint, name).stdout[0] for name in names if status == 0}, document


FORMS = [
    ("a/w", f"a/w{EMA}"),
    ("t/body/w", f"t/t/body/w{EMA}"),
    ("a/w", "a/w/average"),
    ("a/w", "MovingAverage/a/w/average"),
    ("a/w", "Adam/average/a/w"),
    ("a/w", "adam/a_w_average"),
    (f"model/w{VALUE}", f"model/w/.OPTIMIZER_SLOT/optimizer/average{VALUE}"),
    (f"model/w{VALUE}", f"model/w/.OPTIMIZER_SLOT/optimizer/base/average{VALUE}"),
]


@pytest.mark.parametrize("weight, average", FORMS)
def test_forms_of_averages(tmp_path, weight, average):
    checkpoint, numbers = checkpoint_of(tmp_path, [weight, average, "global_step"])
    found, document = shown(checkpoint, "--prefer=ema")
    assert found == {weight: numbers[average], "global_step": numbers["global_step"]}
    assert document["averaged"] == [{"name": weight, "from": average}]
    assert document["unaveraged"] == ["global_step"] and document["unused"] == []
    assert document["dropped"] == [{"name": weight, "by": "prefer = ema", "rule": "prefer:1"}]
    assert shown(checkpoint)[0] == numbers  # all of them, by their own names


@pytest.mark.parametrize("weight, other", [
    ("a/w", f"b/w{EMA}x"),
    ("w", f"a/w{EMA}"),  # not the weight's name
    ("a/w", "b/average"),
    ("a/w", "adam/a_w_average_1"),
    ("a/w", "a_w_average"),
    (f"model/w{VALUE}", f"model/w/.OPTIMIZER_SLOT/optimizer/m{VALUE}"),
    (f"model/w{VALUE}", f"model/v/.OPTIMIZER_SLOT/optimizer/average{VALUE}"),
])
def test_what_is_no_average_of_a_weight(tmp_path, weight, other):
    checkpoint, numbers = checkpoint_of(tmp_path, [weight, other])
    assert shown(checkpoint, "--prefer=ema")[0][weight] == numbers[weight]


def test_an_average_of_another_shape_is_none(tmp_path):
    checkpoint, numbers = checkpoint_of(tmp_path, ["w", f"w{EMA}"], {"w": 3})
    found, document = shown(checkpoint, "--prefer=ema")
    assert found == numbers and document["averaged"] == []
    assert "prefer:1: warning: 'ema' of 'prefer': the checkpoint has no moving averages" in run("plan", "--prefer", "ema", checkpoint).stderr.decode()


def test_averages_without_their_weights(tmp_path):
    """What a Saver of variables_to_restore has: the order of names is another one then."""
    checkpoint, numbers = checkpoint_of(tmp_path, [f"a{EMA}", f"a/b{EMA}", "a-b", f"a.b{EMA}", "z"])
    found, document = shown(checkpoint, "--prefer=ema")
    assert found == {"a": numbers[f"a{EMA}"], "a/b": numbers[f"a/b{EMA}"], "a.b": numbers[f"a.b{EMA}"], "a-b": numbers["a-b"], "z": numbers["z"]}
    assert document["unaveraged"] == ["a-b", "z"] and document["dropped"] == []
    assert [one["name"] for one in document["averaged"]] == ["a", "a.b", "a/b"]


def test_what_belongs_to_averages_and_to_optimizers(tmp_path):
    names = ["w", f"w{EMA}", f"w{EMA}/biased", f"w{EMA}/local_step", "w/Adam", "b"]
    checkpoint, numbers = checkpoint_of(tmp_path, names)
    found, document = shown(checkpoint, "--prefer=ema")
    assert found == {"w": numbers[f"w{EMA}"], "w/Adam": numbers["w/Adam"], "b": numbers["b"]}
    assert document["unaveraged"] == ["b"]
    assert {one["name"] for one in document["dropped"]} == {"w", f"w{EMA}/biased", f"w{EMA}/local_step"}


def test_a_map_says_so(tmp_path):
    names = ["w", f"w{EMA}", "v", "v/Adam"]
    checkpoint, numbers = checkpoint_of(tmp_path, names)
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n** = x/**\n[view]\ndrop = optimizer\nkeep = w\nprefer = ema\n")
    found, document = shown(checkpoint, "-m", ini)
    assert found == {"x/w": numbers[f"w{EMA}"]}
    assert [(one["name"], one["by"], one.get("rule")) for one in document["dropped"]] == [
        ("v", "keep", None), ("v/Adam", "optimizer", f"{ini}:4"), ("w", "prefer = ema", f"{ini}:6")]
    assert shown(checkpoint, "-m", ini, "--prefer=none")[0] == {"x/w": numbers["w"]}


def test_what_is_dropped_may_be_an_average(tmp_path):
    """`prefer` has hidden it then, which is no reason to warn."""
    checkpoint, numbers = checkpoint_of(tmp_path, ["w", f"w{EMA}", f"w{EMA}/biased", f"o{EMA}", "net/v", "adam/net_v_average"])
    filters = [f"--drop=w{EMA}", "--drop=**/biased", f"--drop=o{EMA}", "--drop=adam/**", "--drop=w"]
    found = run("plan", "--json", "--prefer=ema", *filters, "--drop=gone", checkpoint)
    assert {t["variable"] for t in json.loads(found.stdout)["targets"]} == {"net/v", "o"}
    lines = [line for line in found.stderr.decode().splitlines() if "matches no tensor" in line]
    assert len(lines) == 1 and "drop:6: warning: 'gone' of 'drop'" in lines[0]


def test_names_that_are_alike_with_underscores(tmp_path):
    """Of those the shape says which is meant, and where it does not, none is."""
    shapes = {"a/b_c": 2, "a_b/c": 3, "a_b_c": 3, "o/a_b_c_average": 2, "p/a_b_c_average": 3, "q/a_b_c_average": 4}
    checkpoint, numbers = checkpoint_of(tmp_path, list(shapes), shapes)
    found, document = shown(checkpoint, "--prefer=ema")
    assert document["averaged"] == [{"name": "a/b_c", "from": "o/a_b_c_average"}]
    assert found == {**{name: numbers[name] for name in shapes if name != "o/a_b_c_average"}, "a/b_c": numbers["o/a_b_c_average"]}


def test_drop_optimizer_leaves_the_averages_of_objects(tmp_path):
    weight, average = f"model/w{VALUE}", f"model/w/.OPTIMIZER_SLOT/optimizer/average{VALUE}"
    checkpoint, numbers = checkpoint_of(tmp_path, [weight, average])
    assert shown(checkpoint, "--drop=optimizer", "--prefer=ema")[0] == {weight: numbers[average]}


def test_two_averages_of_one_weight(tmp_path):
    checkpoint, _ = checkpoint_of(tmp_path, ["w", f"w{EMA}", "w/average"])
    said = run("plan", "--prefer=ema", checkpoint, status=1).stderr.decode()
    assert f"'w' has two moving averages, 'w{EMA}' and 'w/average'" in said


@pytest.mark.parametrize("arguments, message", [
    (["--prefer=emma"], "prefer:1: 'emma' is no value of 'prefer': expected ema or none"),
    (["-m", "map.ini"], "map.ini:4: 'emma' is no value of 'prefer' in [view]: expected ema or none"),
])
def test_wrong_values(tmp_path, arguments, message):
    checkpoint, _ = checkpoint_of(tmp_path, ["w"])
    (tmp_path / "map.ini").write_text("[assignment_map]\n/ = /\n[view]\nprefer = emma\n")
    assert message in run("plan", *arguments, checkpoint, status=1, cwd=tmp_path).stderr.decode()


def test_a_mount_and_its_report(ckptfs, tmp_path):
    checkpoint, numbers = checkpoint_of(tmp_path, ["w", f"w{EMA}", "b"])
    mount = ckptfs.mount(checkpoint, options="prefer=ema")
    assert mount.read("w") == bytes([numbers[f"w{EMA}"]]) and not (mount / "w.d").exists()
    text = mount.read(".ckptfs/report.txt").decode()
    assert "variables shown as their moving averages" in text and "variables without a moving average" in text
    assert f"w is w{EMA}\n" in text and "w: prefer = ema at prefer:1\n" in text


def test_an_export(tmp_path):
    checkpoint, numbers = checkpoint_of(tmp_path, ["w", f"w{EMA}", "b"])
    run("export", "--format=raw", "--prefer=ema", checkpoint, tmp_path / "out")
    assert (tmp_path / "out" / "w").read_bytes() == bytes([numbers[f"w{EMA}"]])
