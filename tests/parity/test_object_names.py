# SPDX-License-Identifier: Apache-2.0
"""Friendly names are the full names that TensorFlow finds in the same object graph."""

import json
import os
import pathlib
import subprocess

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2
from tensorflow.python.training import saver

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / os.environ.get("CKPTFS_BUILD", "build") / "ckptool"
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def object_based():
    for path in sorted((ROOT / "tests" / "golden").glob("*/truth.json")):
        data = json.loads(path.read_text())
        if any(tensor["name"] == GRAPH for tensor in data.get("tensors", [])):
            yield path.parent.name, str(path.parent / data["prefix"])


CHECKPOINTS = dict(object_based())


def friendly_of(prefix):
    done = subprocess.run([TOOL, "list", "--json", "-q", prefix], capture_output=True, check=True)
    return {row["name"]: row["friendly"] for row in json.loads(done.stdout)["tensors"]}


def source_of(prefix, name):
    """The key of an exact source, or None where it is refused as ambiguous."""
    done = subprocess.run([TOOL, "plan", "--json", "-q", "-a", f"{name}=x", prefix], capture_output=True)
    document = json.loads(done.stdout)
    if document["errors"]:
        assert [error["code"] for error in document["errors"]] == ["name-ambiguous"]
        return None
    return document["targets"][0]["sources"][0]


def all_alike(reader, keys):
    """Whether they have one dtype, one shape and the same bytes."""
    values = [reader.get_tensor(key) for key in keys]
    return all(v.dtype == values[0].dtype and v.shape == values[0].shape and v.tobytes() == values[0].tobytes() for v in values)


def test_there_are_cases():
    assert {"objects", "keras3", "keras3_export", "table", "saved_model"} <= set(CHECKPOINTS)


@pytest.mark.parametrize("folder", CHECKPOINTS)
def test_friendly_names_are_the_full_names(folder):
    prefix = CHECKPOINTS[folder]
    reader = tf.train.load_checkpoint(prefix)
    graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(reader.get_tensor(GRAPH))
    attributes = [a for node in graph.nodes for a in node.attributes if a.full_name]
    full = [a.full_name for a in attributes]
    slots = {graph.nodes[s.slot_variable_node_id].attributes[0].checkpoint_key:
             (graph.nodes[s.original_variable_node_id].attributes[0].full_name, s.slot_name)
             for node in graph.nodes for s in node.slot_variables}
    mapping = saver.object_graph_key_mapping(prefix)
    friendly = friendly_of(prefix)
    keys = {}
    for a in attributes:
        keys.setdefault(a.full_name, []).append(a.checkpoint_key)
    assert {a.full_name for a in attributes} == {name for name in mapping if name}
    for name, key in mapping.items():
        if not name or key not in friendly:  # tables
            continue
        once = full.count(name) == 1
        if key in slots:
            assert friendly[key] == "/".join(slots[key])
        elif once:
            assert friendly[key] == name
        elif all_alike(reader, keys[name]):
            key = min(keys[name])
            assert [k for k in keys[name] if friendly[k] == name] == [key]
        else:
            assert all(friendly[k] != name for k in keys[name])
            key = None
        if reader.get_variable_to_dtype_map()[keys[name][0]] != tf.string:
            assert source_of(prefix, name) == key


def test_restoring_by_friendly_names_is_what_tensorflow_does(tmp_path):
    """A name-based Saver falls back to the object graph: the variable that it finds for a full name is the one that we find."""
    prefix = CHECKPOINTS["objects"]
    for name in ("net/first/w", "net/second/b", "net/half"):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            key = source_of(prefix, name)
            value = tf.train.load_checkpoint(prefix).get_tensor(key)
            variable = tf.compat.v1.get_variable(name, value.shape, tf.as_dtype(value.dtype),
                                                 initializer=tf.compat.v1.zeros_initializer())
            tf.compat.v1.train.Saver([variable]).restore(session, prefix)
            assert (session.run(variable) == value).all()
