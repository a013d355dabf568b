# SPDX-License-Identifier: Apache-2.0
"""Object-based checkpoints: both names of a tensor in list, plan and cat; and where checkpoints are found."""

import json
import shutil

import pytest

from support.paths import GOLDEN
from support.tool import out, run, truth

OBJECTS = GOLDEN / "objects"
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"

# friendly name: key. What the script that wrote the checkpoints called its variables.
FRIENDLY = {
    "objects": {
        GRAPH: GRAPH, "net/odd": "model/by_name/a..b.Sc" + VALUE, "net/plain": "model/by_name/plain" + VALUE,
        "net/flag": "model/flag" + VALUE, "net/half": "model/half" + VALUE, "words": "model/words" + VALUE,
        **{f"net/{layer}/{v}": f"model/layers/{i}/{v}{VALUE}"
           for i, layer in enumerate(["first", "second"]) for v in "wb"},
        **{f"net/{layer}/{v}/{slot}": f"model/layers/{i}/{v}/.OPTIMIZER_SLOT/optimizer/{slot}{VALUE}"
           for i, layer in enumerate(["first", "second"]) for v in "wb" for slot in "mv"},
        **{f"model/{twins}/{i}": f"model/{twins}/{i}{VALUE}" for twins in ["nameless", "twins"] for i in (0, 1)},
        "beta1_power": "optimizer/beta1_power" + VALUE, "beta2_power": "optimizer/beta2_power" + VALUE,
        "save_counter": "save_counter" + VALUE},
    "keras3": {
        GRAPH: GRAPH, "save_counter": "save_counter" + VALUE,
        "adam/iteration": f"model/optimizer/_iterations{VALUE}",
        "adam/learning_rate": f"model/optimizer/_learning_rate{VALUE}",
        **{f"sequential/{name}": f"model/optimizer/_trainable_variables/{i}{VALUE}"
           for i, name in enumerate(["d1/kernel", "d1/bias", "d2/kernel", "d2/bias"])},
        **{f"adam/sequential_{name}_{slot}": f"model/optimizer/_variables/{2 + 2 * i + k}{VALUE}"
           for i, name in enumerate(["d1_kernel", "d1_bias", "d2_kernel", "d2_bias"])
           for k, slot in enumerate(["momentum", "velocity"])}},
    "keras3_export": {  # each under two paths: the first by key has the name
        GRAPH: GRAPH, **{f"variables/{i}": f"variables/{i}{VALUE}" for i in (0, 1)},
        "sequential/d1/kernel": f"_all_variables/0{VALUE}", "sequential/d1/bias": f"_all_variables/1{VALUE}"},
    "table": {GRAPH: GRAPH, "table/table-keys": "table/.ATTRIBUTES/table-keys",
              "table/table-values": "table/.ATTRIBUTES/table-values"},
    "max_shard": {GRAPH: GRAPH, "half": "half" + VALUE, "n": "n" + VALUE, "wide": "wide" + VALUE},
    "saved_model": {
        GRAPH: GRAPH, "served/half": "half" + VALUE, "table/table-keys": "table/.ATTRIBUTES/table-keys",
        "table/table-values": "table/.ATTRIBUTES/table-values",
        **{f"served/{layer}/{v}": f"layers/{i}/{v}{VALUE}"
           for i, layer in enumerate(["first", "second"]) for v in "wb"}},
}


def plan(*args, status=0):
    return json.loads(run("plan", "--json", *args, status=status).stdout)


def write_map(folder, text):
    path = folder / "map.ini"
    path.write_text(text)
    return path


@pytest.mark.parametrize("folder", FRIENDLY)
def test_list_has_both_names(folder):
    prefix, _ = truth(folder)
    rows = json.loads(run("list", "--json", "-q", prefix).stdout)["tensors"]
    assert {row["friendly"]: row["name"] for row in rows} == FRIENDLY[folder]
    assert [row["name"] for row in rows] == sorted(FRIENDLY[folder].values())
    lines = [line.split("\t") for line in run("list", "-q", prefix).stdout.decode().splitlines()]
    assert {line[6]: line[0] for line in lines} == FRIENDLY[folder]
    document = json.loads(run("list", "--json", "-q", "--names=friendly", prefix).stdout)
    assert document["checkpoint"]["names"] == "friendly"
    assert {row["name"]: row["key"] for row in document["tensors"]} == FRIENDLY[folder]
    assert [row["name"] for row in document["tensors"]] == sorted(FRIENDLY[folder])


def test_list_of_a_checkpoint_by_name_has_one_name():
    document = json.loads(out("list", "--json", "-n", "friendly", GOLDEN / "demo"))
    assert "names" not in document["checkpoint"]
    assert all("friendly" not in t and "key" not in t for t in document["tensors"])
    assert out("list", "-n", "friendly", GOLDEN / "demo") == out("list", GOLDEN / "demo")


def test_list_pattern_is_for_either_name():
    for names in ("key", "friendly"):
        for pattern in ("net/first/w", "model/layers/0/w"):
            assert len(run("list", "-q", "-n", names, OBJECTS, pattern).stdout.splitlines()) == 3


def test_ambiguous_names_are_warned_of():
    for names in ("key", "friendly"):
        lines = run("list", "-n", names, OBJECTS).stderr.decode().splitlines()
        assert len(lines) == 2
        assert "'Variable' is recorded as the name of 2 tensors" in lines[0]
        assert "'net/twin' is recorded as the name of 2 tensors" in lines[1]
        assert lines[1].endswith("'model/twins/0', 'model/twins/1'")


def test_a_name_that_several_have_who_hold_the_same():
    """No warning, and a source as any other."""
    prefix, tensors = truth("keras3_export")
    values = {t["name"]: t["hex"] for t in tensors if "hex" in t}
    assert run("list", prefix).stderr == run("list", "-n", "friendly", prefix).stderr == b""
    for option in ([], ["-n", "friendly"]):
        document = plan(*option, "-a", "sequential/d1/kernel = w", prefix)
        assert document["warnings"] == []
        assert out("cat", *option, "-a", "sequential/d1/kernel = w", prefix, "w").hex() == values[f"variables/0{VALUE}"]
    document = plan("-n", "friendly", "-a", "sequential/ = net/", prefix)
    assert [t["variable"] for t in document["targets"]] == ["net/d1/bias", "net/d1/kernel"]


def test_an_exact_source_has_either_name(tmp_path):
    rules = {"a": "net/first/w", "b": "model/layers/0/w" + VALUE, "c": "net/first/w/m", "d": "net/first/w/Adam",
             "e": "model/twins/1", "f": "save_counter"}
    path = write_map(tmp_path, "[assignment_map]\n" + "".join(f"{s} = {t}\n" for t, s in rules.items()))
    m = "model/layers/0/w/.OPTIMIZER_SLOT/optimizer/m" + VALUE
    keys = {"a": rules["b"], "b": rules["b"], "c": m, "d": m, "e": "model/twins/1" + VALUE, "f": "save_counter" + VALUE}
    document = plan("-m", path, OBJECTS)
    assert {t["path"]: t["sources"] for t in document["targets"]} == {t: [key] for t, key in keys.items()}
    assert all("keys" not in t for t in document["targets"]) and document["warnings"] == []
    document = plan("-m", path, "-n", "friendly", OBJECTS)
    assert {t["path"]: t["keys"] for t in document["targets"]} == {t: [key] for t, key in keys.items()}
    names = {key: name for name, key in FRIENDLY["objects"].items()}
    assert all([names[k] for k in t["keys"]] == t["sources"] for t in document["targets"])
    values = {t["name"]: t["hex"] for t in truth("objects")[1] if "hex" in t}
    for target, key in keys.items():
        assert out("cat", "-m", path, OBJECTS, target).hex() == values[key]


@pytest.mark.parametrize("names", ["key", "friendly"])
def test_an_ambiguous_source_is_an_error_with_the_keys(names):
    (error,) = plan("-n", names, "-a", "net/twin=x", OBJECTS, status=1)["errors"]
    assert (error["code"], error["subject"]) == ("name-ambiguous", "net/twin")
    assert all(f"'model/twins/{i}{VALUE}'" in error["message"] for i in (0, 1))


def test_a_friendly_name_is_suggested():
    (error,) = plan("-a", "net/frst/w=x", OBJECTS, status=1)["errors"]
    assert error["code"] == "tensor-not-found" and error["nearest"][0] == "net/first/w"


def test_cat_says_which_name_is_meant():
    key = "model/layers/0/w/.ATTRIBUTES/VARIABLE_VALUE"
    for name, other, option in (("net/first/w", key, []), (key, "net/first/w", ["-n", "friendly"])):
        assert out("cat", "-q", *option, GOLDEN / "objects", other)
        done = run("cat", "-q", *option, GOLDEN / "objects", name, status=1)
        assert f"'{name}' is not in the view: it is the other name of the checkpoint's '{other}'\n".encode() in done.stderr


def test_scopes_see_the_names_that_are_asked_for(tmp_path):
    text = "[assignment_map]\nnet/first/ = encoder/\n"
    document = plan("-m", write_map(tmp_path, text), OBJECTS, status=1)
    assert document["targets"] == [] and [e["code"] for e in document["errors"]] == ["empty-view"]
    path = write_map(tmp_path, "[checkpoint]\nnames = friendly\n" + text)
    document = plan("-m", path, OBJECTS)
    assert sorted(t["variable"] for t in document["targets"]) == [
        "encoder/b", "encoder/b/m", "encoder/b/v", "encoder/w", "encoder/w/m", "encoder/w/v"]
    assert plan("-m", path, "-n", "key", OBJECTS, status=1)["targets"] == []  # the command line wins
    declared = plan("-m", path, "-D", "encoder/w=float32 [3, 2]", OBJECTS)
    assert [(t["path"], t["sources"]) for t in declared["targets"]] == [("encoder/w", ["net/first/w"])]


def test_the_identity_view_is_friendly():
    values = {t["name"]: t["hex"] for t in truth("keras3")[1] if "hex" in t}
    document = plan("-n", "friendly", GOLDEN / "keras3")
    shown = {t["path"]: t["keys"][0] for t in document["targets"]}
    assert shown.items() >= {n: k for n, k in FRIENDLY["keras3"].items() if n != GRAPH}.items()
    for name, key in FRIENDLY["keras3"].items():
        if key in values:
            assert out("cat", "-n", "friendly", GOLDEN / "keras3", name).hex() == values[key]


@pytest.mark.parametrize("damage", ["content", "missing"])
def test_a_damaged_object_graph_leaves_the_keys(tmp_path, damage):
    prefix, tensors = truth("table")
    shutil.copy(f"{prefix}.index", tmp_path)
    data = bytearray((prefix.parent / (prefix.name + ".data-00000-of-00001")).read_bytes())
    data[data.index(b"table", data.index(b"VARIABLE") if b"VARIABLE" in data else 0)] ^= 1
    if damage == "content":
        (tmp_path / (prefix.name + ".data-00000-of-00001")).write_bytes(data)
    damaged = tmp_path / prefix.name
    done = run("list", damaged)
    assert len(done.stdout.splitlines()) == len(tensors)
    assert b"warning: " in done.stderr and b"the object graph cannot be read" in done.stderr
    done = run("list", "-n", "friendly", damaged, status=1)
    assert done.stdout == b"" and b"friendly names are asked for" in done.stderr
    (error,) = plan("-a", "table/table-keys=x", damaged, status=1)["errors"]
    assert error["code"] == "tensor-not-found" and "object graph" in error["message"]


def test_names_is_key_or_friendly():
    assert b"--names is key or friendly, not 'full'" in run("list", "-n", "full", OBJECTS, status=2).stderr


@pytest.mark.parametrize("argument", ["", "/saved_model.pb", "/variables", "/variables/variables"])
@pytest.mark.parametrize("folder", ["saved_model", "saved_model_v1"])
def test_a_saved_model_is_a_checkpoint(folder, argument):
    tensors = truth(folder)[1]
    rows = out("list", f"{GOLDEN / folder / 'saved_model'}{argument}").decode().splitlines()
    assert [row.split("\t")[0] for row in rows] == sorted(t["name"] for t in tensors)


def test_a_saved_model_of_tensorflow_0_12_is_a_checkpoint(tmp_path):
    model = tmp_path / "model"
    shutil.copytree(GOLDEN / "saved_model_v1" / "saved_model", model)
    for path in (model / "variables").iterdir():
        path.rename(path.with_name("saved_model_" + path.name))
    assert out("list", model) == out("list", GOLDEN / "saved_model_v1" / "saved_model")


def test_a_saved_model_without_variables_is_an_error():
    done = run("list", GOLDEN / "graphs" / "saved_model_v1" / "saved_model", status=1)
    assert b"the SavedModel has no variables" in done.stderr


def test_the_only_checkpoint_of_a_directory_is_taken(tmp_path):
    for path in (GOLDEN / "table").glob("table.ckpt*"):
        shutil.copy(path, tmp_path)
    done = run("list", tmp_path)
    assert b"taking the only checkpoint in it" in done.stderr and len(done.stdout.splitlines()) == 3
    shutil.copy(GOLDEN / "max_shard" / "max.ckpt.index", tmp_path)
    done = run("list", tmp_path, status=1)
    assert b"but 2 checkpoints: name one of max.ckpt, table.ckpt" in done.stderr


@pytest.mark.parametrize("case", ["keras3_export", "saved_model"])
def test_a_saved_model_is_the_graph_of_its_own_variables(case):
    """By their paths, so two of one name (Keras 3 exports each under two paths) are told apart. What tables save is no variable."""
    folder = GOLDEN / case / "saved_model"
    report = json.loads(run("plan", "--json", "-n", "friendly", "-a", "/=/", "-g", folder, folder).stdout)
    names = {name: key for name, key in FRIENDLY[case].items() if key.endswith(VALUE)}
    assert {t["variable"]: t["keys"] for t in report["targets"]} == {name: [key] for name, key in names.items()}
    assert report["errors"] == [] and report["unassigned"] == []


@pytest.mark.parametrize("case", ["keras3", "objects"])
def test_a_checkpoint_is_its_own_graph_by_either_name(case):
    prefix = truth(case)[0]
    for names, column in (("key", 1), ("friendly", 0)):
        report = json.loads(run("plan", "--json", "-n", names, "-a", "/=/", "-g", f"{prefix}.index", prefix).stdout)
        assert {t["variable"] for t in report["targets"]} == {pair[column] for pair in FRIENDLY[case].items()} - {GRAPH}
        assert report["errors"] == [] and report["unassigned"] == []
