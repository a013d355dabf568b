# SPDX-License-Identifier: Apache-2.0
"""Friendly names of object-based checkpoints: what TensorFlow's own parser says of the object graph (full_name and slot in truth.json)
decides what our names have to be, and under each of them the tensor is found."""

import json

import pytest

from support.tool import out, run

from .test_every_tensor import CASES, content, load

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
OBJECTS = [case for case in CASES if any(t["name"] == GRAPH for t in load(case)[1]["tensors"])]


def path_of(key):
    """The path of objects that a key stands for: `..` is a dot, `.S` a slash."""
    path = key.removesuffix(VALUE).replace("/.ATTRIBUTES/", "/")
    return path.replace("..", "\0").replace(".S", "/").replace("\0", ".")


def friendly_of(tensors):
    """{key: friendly name} by the rules of the documentation: slots are VARIABLE/SLOT, others have the full name if it is theirs alone, or
    they are the first of those that hold the same."""
    claims = {}
    for t in tensors:
        if t.get("full_name") and "slot" not in t:
            claims.setdefault(t["full_name"], []).append(t)

    def is_owner(t):
        rivals = claims.get(t.get("full_name"), [])
        same = all((r["dtype"], r["shape"], content(r)) == (t["dtype"], t["shape"], content(t)) for r in rivals)
        return rivals and same and t["name"] == min(r["name"] for r in rivals)
    names = {t["name"]: t["full_name"] if is_owner(t) else path_of(t["name"])
             for t in tensors if "slot" not in t and t["name"] != GRAPH}
    names.update({t["name"]: f"{names[t['slot'][0]]}/{t['slot'][1]}" for t in tensors if "slot" in t})
    return {**names, GRAPH: GRAPH}


def test_there_are_cases():
    assert len(OBJECTS) >= 5


@pytest.mark.parametrize("case", OBJECTS)
def test_list_has_both_names(case):
    checkpoint, truth = load(case)
    names = friendly_of(truth["tensors"])
    document = json.loads(out("list", "-q", "--json", checkpoint))
    assert {t["name"]: t["friendly"] for t in document["tensors"]} == names
    document = json.loads(out("list", "-q", "--json", "--names=friendly", checkpoint))
    assert {t["key"]: t["name"] for t in document["tensors"]} == names


@pytest.mark.parametrize("case", OBJECTS)
def test_tensors_are_found_by_either_name(case, tmp_path):
    """An exact source of a map is a key or a friendly name."""
    checkpoint, truth = load(case)
    names = friendly_of(truth["tensors"])
    tensors = [t for t in truth["tensors"] if t["name"] != GRAPH]
    ini = tmp_path / "map.ini"
    lines = [f"{source} = {kind}/{i}\n" for i, t in enumerate(tensors) for kind, source in (("key", t["name"]), ("friendly", names[t["name"]]))]
    ini.write_text("[assignment_map]\n" + "".join(lines))
    targets = [f"{kind}/{i}" for i in range(len(tensors)) for kind in ("key", "friendly")]
    assert out("cat", "-q", "-m", ini, checkpoint, *targets) == b"".join(2 * content(t) for t in tensors)


@pytest.mark.parametrize("case", OBJECTS)
def test_identity_view_of_friendly_names(case):
    checkpoint, truth = load(case)
    names = friendly_of(truth["tensors"])
    tensors = [t for t in truth["tensors"] if t["name"] != GRAPH]
    everything = out("cat", "-q", "--names=friendly", checkpoint, *(names[t["name"]] for t in tensors))
    assert everything == b"".join(map(content, tensors))


def test_a_name_of_two_is_reported():
    checkpoint, _ = load("objects")
    done = run("cat", "-q", "-a", "net/twin=x", checkpoint, "x", status=1)
    assert done.stdout == b""
    assert all(word in done.stderr.decode() for word in ("'net/twin'", "model/twins/0", "model/twins/1"))
