# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of objects and SavedModels: the object graph is kept for as long as each key that it names is in the view."""

import importlib
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from support.paths import BUILD, GOLDEN
from support.views import OBJECT_GRAPH, View, golden, read_golden

from .test_tensorflow import same


@pytest.fixture(scope="module")
def make_objects():
    """The script that made the goldens: it has the classes."""
    sys.path.insert(0, str(GOLDEN))  # it imports from beside it
    return importlib.import_module("make_objects")


def test_checkpoint_restore(ckptfs, tmp_path, make_objects):
    """Restored into a new model, every value of which is another; what that then saves is compared with the source."""
    view = View("objects", "identity")
    mount = view.mount(ckptfs)
    net, optimizer = make_objects.Net(), tf.compat.v1.train.AdamOptimizer(0.25)
    optimizer.minimize(lambda: tf.add_n([tf.reduce_sum(layer.w) + tf.reduce_sum(layer.b) for layer in net.layers]))
    for variable in [*net.variables, *optimizer.variables()]:
        variable.assign(tf.fill(variable.shape, "other") if variable.dtype == tf.string else tf.zeros_like(variable))
    checkpoint = tf.train.Checkpoint(model=net, optimizer=optimizer)
    checkpoint.restore(tf.train.latest_checkpoint(str(mount.path))).assert_consumed()
    reader = tf.train.load_checkpoint(checkpoint.write(str(tmp_path / "again")))
    assert set(reader.get_variable_to_shape_map()) == {*view.tensors, OBJECT_GRAPH}
    for name, tensor in view.tensors.items():
        assert same(tensor, reader.get_tensor(name)), name


def test_the_object_graph_goes_with_its_keys(ckptfs):
    view = View("objects", "identity")
    truth = read_golden("objects", object_graph=True)[1][OBJECT_GRAPH]
    reader = tf.train.load_checkpoint(str(view.mount(ckptfs).path))
    assert reader.get_tensor(OBJECT_GRAPH) == truth.values[0]
    for text in (
        "/ = /\nmodel/flag/.ATTRIBUTES/VARIABLE_VALUE = model/other_flag\n/ = more/\n",  # all keys and more
        f"{OBJECT_GRAPH} = {OBJECT_GRAPH}\nmodel/ = model/\n",  # the optimizer is not there
        "/ = under/",
    ):
        view.map = "[assignment_map]\n" + text
        mount = view.mount(ckptfs)
        names = [name for name, _ in tf.train.list_variables(str(mount.path))]
        assert (OBJECT_GRAPH in names) == text.startswith("/ = /\n"), text
        tf.train.load_checkpoint(str(mount.path))


def counted(tmp_path):
    """A checkpoint of a model and of an iterator that has given 0 and 1: its state is a variant."""
    class Model(tf.Module):
        def __init__(self, value):
            super().__init__()
            self.w = tf.Variable(value)

    iterator = iter(tf.data.Dataset.range(10))
    next(iterator), next(iterator)
    return tf.train.Checkpoint(model=Model(3.0), iterator=iterator).save(str(tmp_path / "ck")), Model


@pytest.mark.parametrize("shards", ["source", "compact"])
def test_an_iterator_is_restored(ckptfs, tmp_path, shards):
    prefix, Model = counted(tmp_path)
    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\n/ = /\n[view]\nname = apart\nshards = {shards}\n")
    mount = ckptfs.mount(prefix, map=ini)
    assert mount.stderr == ""
    model, iterator = Model(4.0), iter(tf.data.Dataset.range(10))
    tf.train.Checkpoint(model=model, iterator=iterator).restore(tf.train.latest_checkpoint(str(mount.path))).assert_consumed()
    assert (model.w.numpy(), next(iterator).numpy()) == (3.0, 2)
    (entry,) = [e for e in mount.report()["hidden"] if e["name"].startswith("iterator/")]
    assert entry["from"] == ["raw", "npy", "safetensors"]

    key = "model/w/.ATTRIBUTES/VARIABLE_VALUE"
    for rules, kept in ((f"/ = /\n{key} = net/w", True), (f"{OBJECT_GRAPH} = {OBJECT_GRAPH}\nmodel/ = model/", False)):  # all keys and more; not all
        ini.write_text(f"[assignment_map]\n{rules}\n[view]\nname = apart\n")
        mount = ckptfs.mount(prefix, map=ini)
        assert ("the object graph is not in TensorFlow's files" in mount.stderr) != kept
        names = [name for name, _ in tf.train.list_variables(str(mount.path))]
        assert key in names and (OBJECT_GRAPH in names) == kept == any(name.startswith("iterator/") for name in names)


class Typed(tf.Module):
    def __init__(self, dtype, value=0):
        super().__init__()
        self.w, self.b = tf.Variable(tf.fill([3], tf.cast(value, dtype))), tf.Variable(tf.fill([2], tf.cast(value, tf.float32)))
        self.step, self.word = tf.Variable(4688585 if value else 0, dtype=tf.int64), tf.Variable("x" if value else "")


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16, tf.float64], ids=lambda dtype: dtype.name)
def test_checkpoint_restore_after_a_cast(ckptfs, tmp_path, dtype):
    """A scope's cast leaves the object graph, so a model of the new type finds all of it, and one of the old is told by TensorFlow."""
    prefix = tf.train.Checkpoint(model=Typed(tf.float32, 1.5)).save(str(tmp_path / "ck"))
    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\n/ = / | cast {dtype.name}\nmodel/b/.ATTRIBUTES/VARIABLE_VALUE = model/b/.ATTRIBUTES/VARIABLE_VALUE\n")
    mount = ckptfs.mount(prefix, map=ini)
    assert "object graph" not in mount.stderr
    latest = tf.train.latest_checkpoint(str(mount.path))
    model = Typed(dtype)
    tf.train.Checkpoint(model=model).restore(latest).assert_existing_objects_matched()
    assert [np.asarray(v.numpy()).tolist() for v in (model.w, model.b, model.step, model.word)] == [[1.5] * 3, [1.5] * 2, 4688585, b"x"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="model/w/.*expected dtype float does not equal original dtype"):
        tf.train.Checkpoint(model=Typed(tf.float32)).restore(latest)


def test_an_iterator_is_exported(tmp_path):
    prefix, Model = counted(tmp_path)
    subprocess.run([BUILD / "ckptool", "export", "-q", "--format", "tf", prefix, tmp_path / "out"], check=True)
    model, iterator = Model(4.0), iter(tf.data.Dataset.range(10))
    tf.train.Checkpoint(model=model, iterator=iterator).restore(tf.train.latest_checkpoint(str(tmp_path / "out"))).assert_consumed()
    assert (model.w.numpy(), next(iterator).numpy()) == (3.0, 2)
    subprocess.run([BUILD / "ckptool", "verify", "-q", tmp_path / "out"], check=True)


def test_layout_savedmodel(ckptfs):
    """With saved_model.pb as a sidecar, the mount is a SavedModel that is loaded and called."""
    view = View("saved_model", "identity")
    folder = golden("saved_model").folder / "saved_model"
    mount = view.mount(ckptfs, view="layout = savedmodel", files=f"saved_model.pb = {folder}/saved_model.pb")
    assert sorted(os.listdir(mount / "variables")) == ["variables.data-00000-of-00001", "variables.index"]
    assert not os.path.exists(mount / "model.index") and not os.path.exists(mount / "checkpoint")
    reader = tf.train.load_checkpoint(str(mount / "variables" / "variables"))
    for name, tensor in view.tensors.items():
        assert same(tensor, reader.get_tensor(name)), name
    loaded, source = tf.saved_model.load(str(mount.path)), tf.saved_model.load(str(folder))
    for i in 0, 1:
        for attribute in "w", "b":
            value = getattr(loaded.layers[i], attribute).numpy()
            assert same(view.tensors[f"layers/{i}/{attribute}/.ATTRIBUTES/VARIABLE_VALUE"], value)
    x = np.float32([[1, 2, 3], [-1, 0.5, 4]])
    assert loaded(x).numpy().tolist() == source(x).numpy().tolist()


def test_layout_savedmodel_of_tf1(ckptfs):
    view = View("saved_model_v1", "identity")
    folder = golden("saved_model_v1").folder / "saved_model"
    mount = view.mount(ckptfs, view="layout = savedmodel", files=f"saved_model.pb = {folder}/saved_model.pb")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.compat.v1.saved_model.load(session, ["serve"], str(mount.path))
        whole = {v.op.name: session.run(v) for v in tf.compat.v1.global_variables()}
    cut = np.concatenate([whole.pop(f"net/cut/part_{i}") for i in range(2)])
    assert same(view.tensors["net/cut"], cut)
    assert set(whole) == set(view.tensors) - {"net/cut"}
    for name, value in whole.items():
        assert same(view.tensors[name], value), name


def test_a_saved_model_beside_its_own_graph(ckptfs):
    """With friendly names: each of its variables, which have two paths and one name, by what it is called then."""
    folder = golden("keras3_export").folder / "saved_model"
    mount = ckptfs.mount(folder, options=f"names=friendly,graph={folder}")
    assert mount.stderr == ""
    source = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    reader = tf.train.load_checkpoint(str(mount.path))
    keys = {target["variable"]: target["keys"][0] for target in mount.report()["targets"]}
    assert set(reader.get_variable_to_shape_map()) == set(keys)
    assert set(keys.values()) == set(source.get_variable_to_shape_map()) - {OBJECT_GRAPH}
    loaded = tf.saved_model.load(str(folder))
    for name, key in keys.items():
        values = reader.get_tensor(name)
        assert np.array_equal(source.get_tensor(key), values), name
        assert name.startswith("sequential/") or np.array_equal(loaded.variables[int(name.rpartition("/")[2])].numpy(), values), name
