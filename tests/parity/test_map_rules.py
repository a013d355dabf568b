# SPDX-License-Identifier: Apache-2.0
"""The rules of an assignment map one by one, those with an odd effect among them: TensorFlow does with each what is written down here, and
so do we, but where compare.TOLERATED says why not."""


import pytest

from .differential import ckptfs_side, compare, tensorflow_side
from .test_upstream import tensors_of, variable

# The store; `a/t` in two parts.
GRAPH = [variable("a/w", [2]), variable("a/b", [3]), variable("ab/w", [2]), variable("a/t", [4, 2], [2, 1]), variable("v", [5])]
OWN = {each["name"]: each["shape"] for each in GRAPH}
TENSORS = {**OWN, **{"x/" + name: shape for name, shape in OWN.items()}, **{name[2:]: shape for name, shape in OWN.items() if name.startswith("a/")},
           **{"x/" + name[2:]: shape for name, shape in OWN.items() if name.startswith("a/")}, "x": [4, 2], "y": [2, 2]}  # fmt: skip
A_FROM_X = {"a/w": "x/w", "a/b": "x/b", "a/t": "x/t"}

# (source, target): {variable: tensor}, or the number of the error
RULES = {
    ("x/", "a/"): A_FROM_X,
    ("/", "a/"): {"a/w": "w", "a/b": "b", "a/t": "t"},
    ("x/", "/"): {name: "x/" + name for name in OWN},
    ("/", "/"): {name: name for name in OWN},
    ("x/", "a/nope"): A_FROM_X,
    ("x/", "a"): "E7",
    ("x", "a/"): "E6",
    ("x", "a/nope"): "E6",
    ("x/", "a/w"): "E4",
    ("x", "a/t"): {"a/t": "x"},
    ("x", "a/t/part_1"): "E5",
    ("y", "a/t/part_1"): {"a/t/part_1": "y"},
    ("x/", "zzz/"): {},
    ("nothing/", "typo/"): {},
    ("x", "a/w:0"): "E6",
    ("x:0", "a/w"): "E4",
    ("x/", "a/t/"): {"a/t": "x"},
    ("x/part_0", "a/w"): "E4",
    ("x/w", "v"): "E5",
}  # fmt: skip


class Side:
    def __init__(self, folder, tensors):
        self.folder, self.tensors = folder, tensors
        self.prefix = tensorflow_side.write_checkpoint({"tensors": tensors, "shards": 1}, folder / "checkpoint")

    def both(self, rules, graph):
        """(TensorFlow's, ours, what was tolerated) of the same map."""
        case = {"id": "rules", "checkpoint": {"tensors": self.tensors, "shards": 1, "form": "prefix"}, "graph": graph,
                "rules": [{"src": src, "dst": dst} for src, dst in rules], "mistakes": []}
        scratch = self.folder / f"scratch{len(list(self.folder.iterdir()))}"
        scratch.mkdir()
        theirs, ours = tensorflow_side.run(case, self.prefix), ckptfs_side.run(case, self.prefix, scratch)
        problems, tolerated = compare.compare(case, theirs, ours)
        assert not problems
        return theirs, ours, tolerated


@pytest.fixture(scope="module")
def side(tmp_path_factory):
    return Side(tmp_path_factory.mktemp("rules"), tensors_of(TENSORS))


def wanted(tensors, effect):
    """{name in the store: bytes}"""
    made = {}
    for target, source in effect.items():
        data = bytes.fromhex(tensors[source]["hex"])
        if target == "a/t":
            made.update({"a/t/part_0": data[:16], "a/t/part_1": data[16:]})
        else:
            made[target] = data
    return made


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule[0]} to {rule[1]}")
def test_rule(side, rule):
    theirs, ours, tolerated = side.both([rule], GRAPH)
    assert not tolerated
    if isinstance(RULES[rule], str):
        assert theirs["call"]["id"] == RULES[rule]
        assert ours["errors"]
        return
    assert {name: data for name, (_, data) in theirs["values"].items()} == wanted(side.tensors, RULES[rule])
    assert {name: data for name, (_, data) in ours["values"].items()} == wanted(side.tensors, RULES[rule])


# In five parts of 3, 3, 3, 2 and 2 rows.
CUT = [variable("c/t", [13, 2], [5, 1]), variable("c/w", [2])]


@pytest.mark.parametrize("numbers, error", [
    ([2, 1], None), ([0, 3], None), ([4, 3, 2, 1], None), ([0, 1, 2, 3, 4], None), ([4, 0, 2], None), ([1, 2], "E10"),
])
def test_some_parts_of_a_variable(tmp_path, numbers, error):
    """A list of variables, as objects: each takes the slice that its declaration gives it."""
    side = Side(tmp_path, tensors_of({"t": [12 if error else 13, 2], "w": [2]}))
    rules = [("t", [f"c/t/part_{number}" for number in numbers]), ("w", "c/w")]
    theirs, ours, tolerated = side.both(rules, CUT)
    assert not tolerated
    if error:
        assert ours["errors"]
        return
    data, starts = bytes.fromhex(side.tensors["t"]["hex"]), [0, 24, 48, 72, 88, 104]
    parts = {f"c/t/part_{number}": data[starts[number]:starts[number + 1]] for number in numbers}
    assert {name: each for name, (_, each) in theirs["values"].items()} == {**parts, "c/w": bytes.fromhex(side.tensors["w"]["hex"])}
    assert {name: each for name, (_, each) in ours["values"].items()} == {**parts, "c/w": bytes.fromhex(side.tensors["w"]["hex"])}


def test_slots_of_a_scope(tmp_path):
    """A slot's name in the store ends in '/'; a scope rule leaves that off."""
    side = Side(tmp_path, tensors_of({"w": [2], "w/Adam": [2]}))
    theirs, ours, _ = side.both([("/", "s/")], [variable("s/w", [2]), variable("s/w/Adam/", [2])])
    both = {"s/w": bytes.fromhex(side.tensors["w"]["hex"]), "s/w/Adam/": bytes.fromhex(side.tensors["w/Adam"]["hex"])}
    assert {name: data for name, (_, data) in theirs["values"].items()} == both
    assert {name: data for name, (_, data) in ours["values"].items()} == both


def test_slot_by_name(tmp_path):
    """One to one, its '/' belongs to its name; in a map a name that ends in an empty component is written so."""
    tensors = tensors_of({"w/Adam": [2]})
    side, graph = Side(tmp_path, tensors), [variable("s/w/Adam/", [2])]
    theirs = tensorflow_side.run({"graph": graph, "rules": [{"src": "w/Adam", "dst": "s/w/Adam/"}]}, side.prefix)
    assert {name: data.hex() for name, (_, data) in theirs["values"].items()} == {"s/w/Adam/": tensors["w/Adam"]["hex"]}
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nw/Adam = s/w/Adam/%\n\n[variables]\ns/w/Adam/% = float32 [2]\n")
    done = ckptfs_side.command(ckptfs_side.BUILD / "ckptool", "cat", "--text", "-m", ini, side.prefix, "s/w/Adam/")
    assert len(done.stdout.split()) == 2, done.stderr
    theirs, ours, _ = side.both([("w/Adam", "s/w/Adam")], graph)
    assert theirs["call"]["id"] == "E6" and ours["errors"]


def test_a_scope_that_begins_like_a_part(tmp_path):
    """`/part_` is cut where it comes first: the variable of this scope is lost to any rule of a scope above."""
    side = Side(tmp_path, tensors_of({"x/part_of_speech/w": [2], "x/w": [2]}))
    graph = [variable("a/part_of_speech/w", [2]), variable("a/w", [2])]
    theirs, ours, _ = side.both([("x/", "a/")], graph)
    assert theirs["call"]["id"] == "E7" and theirs["call"]["subject"] == "x"
    assert ours["errors"]


@pytest.mark.parametrize("kind", ["resource", "reference"])
def test_another_shape_by_a_scope(tmp_path, kind):
    """TensorFlow lets a resource variable take the shape of the checkpoint without a word; we do not."""
    side = Side(tmp_path, tensors_of({"x/w": [3]}))
    theirs, ours, tolerated = side.both([("x/", "a/")], [variable("a/w", [2], kind=kind)])
    if kind == "resource":
        assert theirs["values"]["a/w"][0] == [3] and tolerated == {"resource-shape"}
    else:
        assert theirs["errors"]["a/w"]["id"] == "E10"
    assert [(error["code"], error["subject"]) for error in ours["errors"]] == [("shape-mismatch", "a/w")]
