# SPDX-License-Identifier: Apache-2.0
"""A SavedModel is the graph of its own variables: under `/ = /` with friendly names each of them is there, with the bytes that
TensorFlow restores for that object."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.saved_model import load as tensorflow_load

from support import tool
from support.paths import GOLDEN

from . import saved_models
from .saved_models import MODELS

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
SLOT = "/.OPTIMIZER_SLOT/"


class Model:
    """A SavedModel, as TensorFlow has it: `variables` is {number of the node: bytes of its file}."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.graph = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0].object_graph_def
        loaders = []
        made = tensorflow_load.Loader.__init__
        monkeypatch.setattr(tensorflow_load.Loader, "__init__", lambda self, *a, **k: (loaders.append(self), made(self, *a, **k))[1])
        found = [i for i, node in enumerate(self.graph.nodes) if node.HasField("variable")]
        if folder.name.startswith("slots_"):  # which it cannot load: optimizers of TensorFlow 1 are not revived
            reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
            self.variables = {self.node_of(key): as_file(tf.Variable(reader.get_tensor(key))) for key in reader.get_variable_to_shape_map() if VALUE in key}
            assert sorted(self.variables) == found
        else:
            self.root = tf.saved_model.load(str(folder))  # the loader has its variables for as long as that lives
            self.variables = {i: as_file(loaders[0].get(i)) for i in found}
        self.names = {i: self.graph.nodes[i].variable.name for i in found}

    def node_of(self, key):
        """The node that a key of the checkpoint is in the SavedModel."""
        assert key.endswith(VALUE)
        path, slash, slot = key.removesuffix(VALUE).partition(SLOT)
        node = self.walk(path)
        if not slash:
            return node
        optimizer, _, name = slot.rpartition("/")
        slots = self.graph.nodes[self.walk(optimizer)].slot_variables
        (found,) = [s.slot_variable_node_id for s in slots if (s.original_variable_node_id, s.slot_name) == (node, unescaped(name))]
        return found

    def walk(self, path):
        node = 0
        for name in path.split("/"):
            (node,) = [child.node_id for child in self.graph.nodes[node].children if child.local_name == unescaped(name)]
        return node


def unescaped(name):
    return name.replace("..", "\0").replace(".S", "/").replace("\0", ".")


def as_file(variable):
    value = variable.numpy()
    if variable.dtype != tf.string:
        return value.tobytes()
    return value if variable.shape.rank == 0 else b"".join(word + b"\n" for word in value.ravel())


@pytest.fixture(scope="module", params=MODELS)
def saved(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / request.param
    MODELS[request.param](str(folder))
    return folder


def test_every_variable_is_there_with_what_tensorflow_restores(saved, monkeypatch):
    model = Model(saved, monkeypatch)
    args = ["-n", "friendly", "-g", saved, "-a", "/=/", saved]
    report = json.loads(tool.run("plan", "--json", *args).stdout)
    assert report["errors"] == [] and report["unassigned"] == []
    nodes = {target["path"]: model.node_of(*target["keys"]) for target in report["targets"]}
    assert sorted(nodes.values()) == sorted(model.variables)
    listed = {t["key"]: t["name"] for t in json.loads(tool.run("list", "-q", "--json", "-n", "friendly", saved).stdout)["tensors"]}
    slots = {s.slot_variable_node_id for node in model.graph.nodes for s in node.slot_variables}
    for target in report["targets"]:
        node = nodes[target["path"]]
        name, (key,) = model.names[node], target["keys"]
        alone = list(model.names.values()).count(name) == 1 and node not in slots
        assert target["variable"] == listed[key]
        assert not alone or listed[key] == name
        assert tool.run("cat", "-q", *args, "--", target["path"]).stdout == model.variables[node], target["path"]


# Graphs and checkpoints of two models


class Net(tf.Module):
    def __init__(self, names, shared=False):
        super().__init__()
        self.layers = [saved_models.Dense(3, 2, name) for name in names]
        self.count = tf.Variable(1.0, name="total")
        self.more = [tf.Variable(2.0, name="total"), tf.Variable(3.0, name="total")]
        self.tied = self.layers[0].w if shared else tf.Variable(saved_models.values(3, 2), name="tied")


def plan(*args, status=0):
    done = tool.run("plan", "--json", *args, status=status)
    return json.loads(done.stdout), done.stderr.decode()


def pair(tmp_path, graph, checkpoint):
    """(the folder of a SavedModel, the prefix of another model's checkpoint)"""
    tf.saved_model.save(graph, str(tmp_path / "graph"))
    return tmp_path / "graph", tf.train.Checkpoint(root=checkpoint).write(str(tmp_path / "ckpt"))


def shown(*args):
    """{name: values}, of floats"""
    report, said = plan(*args)
    assert report["errors"] == []
    return {t["variable"]: np.frombuffer(tool.run("cat", "-q", *args, "--", t["path"]).stdout, "<f4").tolist() for t in report["targets"]}, said


def by_name(net, names):
    return {f"{name}/{v}": getattr(layer, v).numpy().ravel().tolist() for name, layer in zip(names, net.layers) for v in ("w", "b")}


FRIENDLY = ["-n", "friendly", "-a", "/=/"]


def test_a_checkpoint_of_other_names_goes_by_the_paths(tmp_path):
    """As Checkpoint.restore does; the graph's own names are those that are shown, and a warning tells."""
    net = Net(["dense_7", "dense_8"])
    graph, checkpoint = pair(tmp_path, Net(["dense", "dense_1"]), net)
    got, said = shown(*FRIENDLY, "-g", graph, checkpoint)
    restored = Net(["x", "y"])
    tf.train.Checkpoint(root=restored).read(checkpoint).assert_consumed()
    totals = {"count": [1.0], "more/0": [2.0], "more/1": [3.0]}
    assert got == {**by_name(restored, ["dense", "dense_1"]), **totals, "tied": restored.tied.numpy().ravel().tolist()}
    assert "4 variables in scope '/' take the tensors at their paths of objects, which are called otherwise: 'dense/b' takes 'dense_7/b', ..." in said


def test_variables_that_are_one_in_the_checkpoint_both_get_it(tmp_path):
    net = Net(["dense"], shared=True)
    graph, checkpoint = pair(tmp_path, Net(["dense"]), net)
    got, _ = shown(*FRIENDLY, "-g", graph, checkpoint)
    assert got["tied"] == got["dense/w"] == net.tied.numpy().ravel().tolist()


def test_variables_that_are_two_in_the_checkpoint_and_one_in_the_graph(tmp_path):
    """As tied embeddings: the order in which TensorFlow restores both into the one is nobody's wish."""
    graph, there = tf.Module(), tf.Module()
    graph.enc, graph.dec, there.enc, there.dec = (tf.Module() for _ in range(4))
    graph.enc.w = graph.dec.w = tf.Variable([0.0, 0.0], name="w")
    there.enc.w, there.dec.w = tf.Variable([5.0, 5.0], name="other"), tf.Variable([6.0, 6.0], name="w")
    graph, checkpoint = pair(tmp_path, graph, there)
    report, said = plan(*FRIENDLY, "-g", graph, checkpoint, status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("name-ambiguous", "w")] and "is at several paths" in said and report["errors"][0]["nearest"] == ["w", "other"]
    assert shown(*FRIENDLY, "-a", "other=w", "-g", graph, checkpoint)[0] == {"w": [5.0, 5.0]}  # the remedy


def module(**has):
    made = tf.Module()
    for name, what in has.items():
        setattr(made, name, what)
    return made


def inner(value):
    """A module of a module of a variable: its name is that of its likes."""
    return module(core=module(w=tf.Variable([value, value], name="w")))


def graph_and_checkpoint(tmp_path, graph, there, saved):
    """As pair, or with a checkpoint of `graph` in place of its SavedModel."""
    folder, checkpoint = pair(tmp_path, graph, there)
    return folder if saved else tf.train.Checkpoint(root=graph).write(str(tmp_path / "graph.ckpt")), checkpoint


@pytest.mark.parametrize("saved", [True, False])
def test_modules_that_are_three_in_the_checkpoint_and_one_in_the_graph(tmp_path, saved):
    """Deep below what is shared, and where no name tells them apart: TensorFlow restores each of the three into the one."""
    one = inner(0.0)
    made = module(**{name: one for name in "abc"}), module(**{name: inner(value) for name, value in zip("abc", (5.0, 6.0, 7.0))})
    graph, checkpoint = graph_and_checkpoint(tmp_path, *made, saved)
    report, said = plan(*FRIENDLY, "-g", graph, checkpoint, status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("name-ambiguous", "w")] and "is at several paths" in said
    assert report["errors"][0]["nearest"] == ["a/core/w", "b/core/w", "c/core/w"]
    assert shown(*FRIENDLY, "-a", "b/core/w=w", "-g", graph, checkpoint)[0] == {"w": [6.0, 6.0]}  # the remedy


def test_modules_that_hold_the_same_are_one(tmp_path):
    """They were shared when they were saved last, or never trained: nobody can tell which one it is."""
    one = inner(0.0)
    graph, checkpoint = pair(tmp_path, module(enc=one, dec=one), module(enc=inner(5.0), dec=inner(5.0)))
    assert shown(*FRIENDLY, "-g", graph, checkpoint)[0] == {"w": [5.0, 5.0]}


@pytest.mark.parametrize("saved", [True, False])
def test_a_module_of_which_the_checkpoint_has_each_half_at_another_path(tmp_path, saved):
    one = module(w=tf.Variable([0.0], name="w"), b=tf.Variable([0.0], name="b"))
    there = module(enc=module(w=tf.Variable([5.0], name="x")), dec=module(b=tf.Variable([6.0], name="y")))
    graph, checkpoint = graph_and_checkpoint(tmp_path, module(enc=one, dec=one), there, saved)
    tf.train.Checkpoint(root=module(enc=one, dec=one)).read(checkpoint).assert_consumed()
    assert shown(*FRIENDLY, "-g", graph, checkpoint)[0] == {"w": one.w.numpy().tolist(), "b": one.b.numpy().tolist()} == {"w": [5.0], "b": [6.0]}


@pytest.mark.parametrize("saved", [True, False])
def test_slots_of_a_variable_that_is_two_in_the_checkpoint(tmp_path, saved):
    def trained(*variables):
        optimizer = tf.compat.v1.train.AdamOptimizer(0.5)
        optimizer.apply_gradients([(tf.constant([float(i + 1)] * 2), v) for i, v in enumerate(variables)])
        return optimizer

    w = tf.Variable([0.0, 0.0], name="w")
    two = [tf.Variable([5.0, 5.0], name="w") for _ in range(2)]
    made = module(enc=w, dec=w, opt=trained(w)), module(enc=two[0], dec=two[1], opt=trained(*two))
    graph, checkpoint = graph_and_checkpoint(tmp_path, *made, saved)
    report, _ = plan(*FRIENDLY, "-g", graph, checkpoint, status=1)
    assert {e["code"] for e in report["errors"]} == {"name-ambiguous"} and {"w/m", "w/v"} <= {e["subject"] for e in report["errors"]}


def ring(length):
    modules = [tf.Module() for _ in range(length)]
    for before, after in zip(modules, modules[1:] + modules[:1]):
        before.next = after
    modules[0].w = tf.Variable([0.0, 0.0], name="w")
    return modules[0]


def test_rings_are_walked_to_their_end(tmp_path):
    """Each object of one is each of the other; where that is too much, the unit tests know."""
    assert shown(*FRIENDLY, "-g", *pair(tmp_path, ring(7), ring(6)))[0] == {"w": [0.0, 0.0]}


def test_a_path_that_says_another_than_the_name_is_an_error(tmp_path):
    net = Net(["b", "a"])
    graph, checkpoint = pair(tmp_path, Net(["a", "b"]), net)
    report, said = plan(*FRIENDLY, "-g", graph, checkpoint, status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("name-ambiguous", f"{layer}/{v}") for layer in "ab" for v in "bw"]
    assert report["errors"][0]["nearest"] == ["b/b", "a/b"]
    exact = [arg for layer in "ab" for v in "bw" for arg in ("-a", f"{layer}/{v}={layer}/{v}")]
    got, _ = shown(*FRIENDLY, *exact, "-g", graph, checkpoint)  # the remedy
    assert {name: value for name, value in got.items() if name[:2] in ("a/", "b/")} == by_name(net, ["b", "a"])


def dense_layers(*names):
    made = tf.Module()
    made.layers = [saved_models.Dense(3, 2, name) for name in names]
    return made


@pytest.mark.parametrize("saved", [True, False])
def test_a_tensor_of_another_path_is_not_taken_by_its_name_alone(tmp_path, saved):
    """As Keras counts its layers: the only one of the checkpoint is called as the second of the graph."""
    model = dense_layers("dense", "dense_1")
    graph, checkpoint = pair(tmp_path, model, dense_layers("dense_1"))
    graph = graph if saved else tf.train.Checkpoint(root=model).write(str(tmp_path / "graph.ckpt"))
    report, said = plan(*FRIENDLY, "-g", graph, checkpoint, status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("name-ambiguous", "dense_1/b"), ("name-ambiguous", "dense_1/w")]
    assert "'dense_1/b' has a path of objects where the checkpoint has nothing" in said
    got, _ = shown(*FRIENDLY, "-a", "dense_1/w=dense_1/w", "-a", "dense_1/b=dense_1/b", "-g", graph, checkpoint)  # the remedy
    assert got["dense/w"] == got["dense_1/w"]
    (tmp_path / "map.ini").write_text("[checkpoint]\nnames = friendly\n[assignment_map]\n/ = /\n[view]\nmissing = skip\n")
    report, _ = plan("-m", tmp_path / "map.ini", "-g", graph, checkpoint)
    assert [t["variable"] for t in report["targets"]] == ["dense/b", "dense/w"] and report["unassigned"] == ["dense_1/b", "dense_1/w"]


@pytest.mark.parametrize("saved", [True, False])
def test_a_path_is_not_the_name_of_a_tensor_of_another_path(tmp_path, saved):
    """Here `a` is where the graph has a variable whose name says nothing, and there what another is called."""
    graph, there = tf.Module(), tf.Module()
    graph.a, graph.b, graph.d = [tf.Variable([0.0, value]) for value in (0.0, 1.0)] + [{"e/f": tf.Variable([0.0, 2.0])}]
    there.c, there.b, there.d = tf.Variable([9.0, 9.0], name="a"), tf.Variable([3.0, 3.0]), {"e": {"f": tf.Variable([4.0, 4.0])}}
    graph, checkpoint = graph_and_checkpoint(tmp_path, graph, there, saved)
    report, _ = plan(*FRIENDLY, "-g", graph, checkpoint, status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("name-ambiguous", "a"), ("name-ambiguous", "d/e/f")]
    got, _ = shown(*FRIENDLY, "-a", "a=a", "-a", "d/e/f=d/e/f", "-g", graph, checkpoint)  # the remedy
    assert got == {"a": [9.0, 9.0], "b": [3.0, 3.0], "d/e/f": [4.0, 4.0]}


def test_a_rule_that_renames_goes_by_names(tmp_path):
    """Only a scope that is left as it is goes by paths."""
    net = Net(["dense", "other"])
    graph, checkpoint = pair(tmp_path, Net(["new", "other"]), net)
    got, said = shown("-n", "friendly", "-a", "dense/=new/", "-a", "other/=other/", "-g", graph, checkpoint)
    assert got == by_name(net, ["new", "other"]) and "paths" not in said
    wrong, _ = plan("-n", "friendly", "-a", "/=new/", "-g", graph, checkpoint, status=1)
    assert {(e["code"], e["subject"]) for e in wrong["errors"]} == {("tensor-not-found", "w"), ("tensor-not-found", "b")}


def test_keys_go_by_keys(tmp_path):
    """Without friendly names, scopes mean keys, as TensorFlow has it; exact rules may say either."""
    net = Net(["dense"])
    graph, checkpoint = pair(tmp_path, Net(["dense"]), net)
    wrong, said = plan("-a", "/=/", "-g", graph, checkpoint, status=1)
    assert {e["code"] for e in wrong["errors"]} == {"tensor-not-found"} and "-n friendly" in said
    got, _ = shown("-a", f"layers/0/w{VALUE}=dense/w", "-a", f"more/0{VALUE}=more/1", "-g", graph, checkpoint)
    assert got == {"dense/w": net.layers[0].w.numpy().ravel().tolist(), "more/1": [2.0]}


def test_another_root_goes_by_names(tmp_path):
    """`model/` before each path: nothing pairs, and what has a name of its own is found by that."""
    net = Net(["dense"])
    tf.saved_model.save(Net(["dense"]), str(tmp_path / "graph"))
    checkpoint = tf.train.Checkpoint(model=net).write(str(tmp_path / "ckpt"))
    wrong, _ = plan(*FRIENDLY, "-g", tmp_path / "graph", checkpoint, status=1)
    assert [e["subject"] for e in wrong["errors"]] == ["count", "more/0", "more/1"]
    found = [arg for name in ("count", "more/0", "more/1") for arg in ("-a", f"model/{name}={name}")]
    tied, dense = net.tied.numpy().ravel().tolist(), by_name(net, ["dense"])
    got, _ = shown("-n", "friendly", "-a", "dense/=dense/", "-a", "tied=tied", *found, "-g", tmp_path / "graph", checkpoint)
    assert got == {**dense, "tied": tied, "count": [1.0], "more/0": [2.0], "more/1": [3.0]}


def test_a_checkpoint_by_names_has_no_paths(tmp_path):
    """What Keras exports has each variable twice, and a Saver restores both from the one tensor of their name."""
    MODELS["keras_exported"](str(tmp_path / "graph"))
    nodes = saved_model_pb2.SavedModel.FromString((tmp_path / "graph" / "saved_model.pb").read_bytes()).meta_graphs[0].object_graph_def.nodes
    variables = {node.variable.name: [d.size for d in node.variable.shape.dim] for node in nodes if node.HasField("variable")}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        made = [tf.compat.v1.get_variable(name, initializer=saved_models.values(*shape)) for name, shape in variables.items()]
        session.run(tf.compat.v1.global_variables_initializer())
        values = {v.op.name: session.run(v).ravel().tolist() for v in made}
        checkpoint = tf.compat.v1.train.Saver(made).save(session, str(tmp_path / "ckpt"))
    got, said = shown("-a", "/=/", "-g", tmp_path / "graph", checkpoint)
    assert got == values and "names are those of several variables" in said


def test_another_checkpoint_of_objects_is_a_graph_by_friendly_names(tmp_path):
    net = Net(["dense_7"])
    _, checkpoint = pair(tmp_path, net, net)
    other = tf.train.Checkpoint(root=Net(["dense"])).write(str(tmp_path / "other"))
    own, _ = shown(*FRIENDLY, "-g", checkpoint, checkpoint)
    assert own == {**by_name(net, ["dense_7"]), "count": [1.0], "more/0": [2.0], "more/1": [3.0], "tied": net.tied.numpy().ravel().tolist()}
    got, said = shown(*FRIENDLY, "-g", other, checkpoint)
    assert got["dense/w"] == own["dense_7/w"] and "'dense/b' takes 'dense_7/b'" in said


def table(*values):
    made = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, -1.0)
    made.insert(tf.range(len(values), dtype=tf.int64), tf.constant(values, tf.float32)) if values else None
    return made


class Note(tf.train.experimental.PythonState):
    """What is saved as a string."""

    def __init__(self, text=""):
        self.text = text

    def serialize(self):
        return self.text

    def deserialize(self, text):
        self.text = text


def saves(**has):
    return tf.train.Checkpoint(root=module(**has))


def test_tables_and_states_are_found_by_the_paths_of_their_objects(tmp_path):
    """What an object saves has the key of one of its paths: here of the first, which the other model has not."""
    one = module(t=table(1.0, 2.0, 3.0), note=Note())
    graph = saves(enc=one, dec=one).write(str(tmp_path / "graph"))
    checkpoint = saves(dec=module(t=table(5.0, 6.0), note=Note("here"))).write(str(tmp_path / "ckpt"))
    saves(enc=one, dec=one).read(checkpoint).assert_consumed()
    keys, values = (t.numpy() for t in one.t.export())
    report, said = plan(*FRIENDLY, "-g", graph, checkpoint)
    assert report["errors"] == [] and "'enc/note/py_state' takes 'dec/note/py_state', ..." in said
    got = {t["variable"]: tool.run("cat", "-q", *FRIENDLY, "-g", graph, checkpoint, "--", t["path"]).stdout for t in report["targets"]}
    shown_keys, shown_values = np.frombuffer(got.pop("enc/t/table-keys"), "<i8"), np.frombuffer(got.pop("enc/t/table-values"), "<f4")
    assert dict(zip(shown_keys.tolist(), shown_values.tolist())) == dict(zip(keys.tolist(), values.tolist())) == {0: 5.0, 1: 6.0}
    assert got == {"enc/note/py_state": b"here"} and one.note.text == b"here"


def test_a_table_that_is_two_in_the_checkpoint_is_an_error(tmp_path):
    """Of both, TensorFlow restores the one after the other."""
    one = module(t=table())
    graph = saves(enc=one, dec=one).write(str(tmp_path / "graph"))
    checkpoint = saves(enc=module(t=table(5.0)), dec=module(t=table(6.0, 7.0))).write(str(tmp_path / "ckpt"))
    report, said = plan(*FRIENDLY, "-g", graph, checkpoint, status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("name-ambiguous", f"enc/t/table-{what}") for what in ("keys", "values")]
    assert "is at several paths" in said and report["errors"][1]["nearest"] == ["dec/t/table-values", "enc/t/table-values"]


def test_a_table_is_none_of_what_is_called_like_it(tmp_path):
    """A variable of the other model has its name; at its path is none."""
    graph = saves(t=table(1.0), w=tf.Variable(1.0, name="w")).write(str(tmp_path / "graph"))
    there = saves(u=tf.Variable([9], name="t/table-keys"), v=tf.Variable([9.0], name="t/table-values"), w=tf.Variable(3.0, name="w"))
    report, _ = plan(*FRIENDLY, "-g", graph, there.write(str(tmp_path / "ckpt")), status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("name-ambiguous", f"t/table-{what}") for what in ("keys", "values")]


@pytest.mark.parametrize("saved", [True, False])
def test_a_name_that_is_recorded_is_found_at_another_path(tmp_path, saved):
    """That it reads like a path, too, makes it none: a variable of that name is meant."""
    graph, there = module(w=tf.Variable([0.0], name="w"), v=tf.Variable([0.0], name="v")), module(x=tf.Variable([5.0], name="w"), v=tf.Variable([6.0], name="v"))
    graph, checkpoint = graph_and_checkpoint(tmp_path, graph, there, saved)
    assert shown(*FRIENDLY, "-g", graph, checkpoint)[0] == {"w": [5.0], "v": [6.0]}


class TwoTensors(tf.__internal__.tracking.AutoTrackable):
    def _serialize_to_tensors(self):
        return {"alpha": tf.constant([1.0, 1.0]), "beta": tf.constant([2.0, 2.0])}

    def _restore_from_tensors(self, tensors):
        pass


def test_an_object_that_is_no_variable_is_none_of_the_graph(tmp_path):
    graph, there = tf.Module(), tf.Module()
    graph.x, graph.y = tf.Variable([0.0, 0.0], name="x"), tf.Variable([0.0, 0.0], name="y")
    there.x, there.y = TwoTensors(), tf.Variable([3.0, 3.0], name="y")
    report, _ = plan(*FRIENDLY, "-g", *pair(tmp_path, graph, there), status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("tensor-not-found", "x")]


# Nothing at all


def test_a_graph_of_which_nothing_is_in_the_checkpoint_is_an_error(tmp_path):
    tf.saved_model.save(Net(["dense"]), str(tmp_path / "graph"))
    other = tf.Module()
    other.dents = saved_models.Dense(3, 2, "dents")
    checkpoint = tf.train.Checkpoint(other=other).write(str(tmp_path / "ckpt"))
    (tmp_path / "map.ini").write_text("[checkpoint]\nnames = friendly\n[assignment_map]\n/ = /\n[view]\nmissing = skip\n")
    report, said = plan("-q", "-m", tmp_path / "map.ini", "-g", tmp_path / "graph", checkpoint, status=1)
    assert [(e["code"], e["subject"]) for e in report["errors"]] == [("empty-view", "count")]
    assert "none of 6 declared variables is in the checkpoint" in said


def test_a_graph_without_a_name_is_an_error_where_there_are_no_paths(tmp_path):
    saved_models.MODELS["same_names_of_unlike_shapes"](str(tmp_path / "graph"))
    report, said = plan("-q", "-a", "/=/", "-g", tmp_path / "graph", GOLDEN / "demo", status=1)
    assert [e["code"] for e in report["errors"]] == ["graph-invalid"] and "none of the graph's variables has a name of its own" in said
