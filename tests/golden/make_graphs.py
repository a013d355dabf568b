#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden graph files of tests/golden/graphs with TensorFlow itself.

    "$(scripts/venv)/bin/python" tests/golden/make_graphs.py [--out DIR] [CASE ...]

A case is a directory with a `graph.meta` or a `saved_model/saved_model.pb`, and a `truth.json`, which says which
variables are in it:

    graph       what to read, relative to the directory
    tag         which meta graph, or null for what is taken without a tag
    variables   per variable, by name: name, dtype (TensorFlow's Python name), shape (null for an unknown dimension, or
                in place of the list for an unknown rank), partition (counts per axis; null for a plain one)

The truth is what TensorFlow says of its variable objects, not of what it wrote: global_variables() and _get_save_slice_info() in
a graph, `variables` of the restored object for a SavedModel of TF2. A variable with slice info is a part of the one that has its full
name, as a Saver restores it: `w/part_0` of `w`, and the slot `w/part_0/Adam` of `w/Adam`.
"""

import shutil

import golden  # before TensorFlow: it sets its environment

import tensorflow as tf

v1 = tf.compat.v1
case = golden.Cases()


# Truth


def row(name, variable, shape, partition=None):
    dims = None if shape.rank is None else shape.as_list()
    return {"name": name, "dtype": variable.dtype.base_dtype.name, "shape": dims, "partition": partition}


def rows_of_graph():
    """The variables of the default graph."""
    rows, parts = [], {}
    for variable in v1.global_variables():
        name, info = variable.op.name, variable._get_save_slice_info()
        if info:
            parts.setdefault(info.full_name, []).append((variable, info))
        else:
            rows.append(row(name, variable, variable.shape))
    for name, members in parts.items():
        variable, info = members[0]
        offsets = zip(*(info.var_offset for _, info in members))
        partition = [len(set(column)) for column in offsets]
        rows.append(row(name, variable, tf.TensorShape(info.full_shape), partition))
    return rows


def write_truth(directory, graph, rows, tag=None, name="truth.json"):
    rows = sorted(rows, key=lambda row: row["name"].encode())
    golden.write_json(directory / name, {"graph": graph, "tag": tag}, "variables", rows)


def export(directory):
    """The default graph as a Saver writes it beside a checkpoint."""
    v1.train.Saver(v1.global_variables()).export_meta_graph(str(directory / "graph.meta"), strip_default_attrs=True)
    write_truth(directory, "graph.meta", rows_of_graph())


def only_the_graph(directory):
    for path in directory.iterdir():
        if path.name != "saved_model.pb":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


# Cases


def train(variables, optimizer):
    loss = tf.add_n([tf.reduce_sum(tf.convert_to_tensor(variable)) for variable in variables])
    optimizer.minimize(loss, global_step=v1.train.get_or_create_global_step())


@case
def case_plain(directory):
    """Reference and resource variables, all kinds of dtypes, a local variable (which is no target), slots."""
    with tf.Graph().as_default():
        with v1.variable_scope("net"):
            w = v1.get_variable("w", [3, 4], use_resource=False)
            b = v1.get_variable("b", [4], use_resource=True)
            v1.get_variable("scalar", [], dtype=tf.float64, trainable=False)
            v1.get_variable("empty", [0, 5], dtype=tf.float16, trainable=False)
            v1.get_variable("flags", [2], dtype=tf.bool, initializer=v1.zeros_initializer(), trainable=False)
            v1.get_variable("words", dtype=tf.string, initializer=tf.constant(["a", "b"]), trainable=False)
            v1.get_variable("half", [2], dtype=tf.bfloat16, initializer=v1.zeros_initializer(), trainable=False)
            v1.get_variable("many", [1] * 12, trainable=False)
        v1.get_variable("local", [2], collections=[v1.GraphKeys.LOCAL_VARIABLES], trainable=False)
        v1.Variable([[1, 2]], name="not_in_the_store", use_resource=False, trainable=False)
        train([w, b], v1.train.AdamOptimizer())
        export(directory)


def partitioned(directory, use_resource):
    """Cut along either axis, unevenly, into one part, into more than ten; slots; a plain one beside."""
    with tf.Graph().as_default():
        with v1.variable_scope("p", use_resource=use_resource, initializer=v1.zeros_initializer()):
            made = [
                v1.get_variable("rows", [11, 3], partitioner=v1.fixed_size_partitioner(3)),
                v1.get_variable("columns", [2, 5], partitioner=v1.fixed_size_partitioner(2, axis=1)),
                v1.get_variable("one", [5], partitioner=v1.fixed_size_partitioner(1)),
                v1.get_variable("plain", [2]),
            ]
            v1.get_variable("many", [23, 2], dtype=tf.float64, partitioner=v1.fixed_size_partitioner(11), trainable=False)
        train(made, v1.train.MomentumOptimizer(0.1, 0.9))
        export(directory)


@case
def case_parts_reference(directory):
    partitioned(directory, False)


@case
def case_parts_resource(directory):
    partitioned(directory, True)


@case
def case_unknown_shapes(directory):
    """Variables whose shape is not known, wholly or in part."""
    with tf.Graph().as_default():
        for use_resource in False, True:
            with v1.variable_scope("resource" if use_resource else "reference", use_resource=use_resource):
                for name, shape in ("rank", None), ("rows", [None, 3]), ("known", [2, 3]):
                    initial = v1.placeholder_with_default(tf.zeros([2, 3]), shape)
                    v1.get_variable(name, initializer=initial, validate_shape=False)
        export(directory)


@case
def case_constant(directory):
    """Constants between the variables; one is larger than what is read at once."""
    with tf.Graph().as_default():
        for i in range(3):
            v1.get_variable(f"w{i}", [2, i], initializer=v1.zeros_initializer())
            tf.constant(bytes([70, 5000, 3][i] * 13), name=f"blob{i}")
        export(directory)


@case
def case_no_variables_collection(directory):
    """A graph whose nodes alone tell its variables."""
    with tf.Graph().as_default() as graph:
        v1.get_variable("a/w", [2, 3], use_resource=False)
        v1.get_variable("a/b", [3], dtype=tf.int64, initializer=v1.zeros_initializer(), use_resource=True)
        rows = rows_of_graph()
        for name in graph.get_all_collection_keys():
            graph.clear_collection(name)
        v1.train.export_meta_graph(str(directory / "graph.meta"))
    write_truth(directory, "graph.meta", rows)


@case
def case_saved_model_v1(directory):
    """Two meta graphs: the one tagged `serve` is in truth.json, the other in truth_train.json."""
    builder = v1.saved_model.Builder(str(directory / "saved_model"))
    rows = {}
    for tags in ["train", "gpu"], ["serve"]:
        with tf.Graph().as_default(), golden.session() as session:
            v1.get_variable("shared/w", [4, 2], partitioner=v1.fixed_size_partitioner(2))
            if "train" in tags:
                v1.get_variable("only/in/training", [3], dtype=tf.int32)
                session.run(v1.global_variables_initializer())
                builder.add_meta_graph_and_variables(session, tags)
            else:
                builder.add_meta_graph(tags)
            rows[tags[0]] = rows_of_graph()
    builder.save()
    only_the_graph(directory / "saved_model")
    write_truth(directory, "saved_model", rows["serve"])
    write_truth(directory, "saved_model", rows["train"], tag="train", name="truth_train.json")


class Net(tf.Module):
    def __init__(self):
        super().__init__(name="net")
        with self.name_scope:
            self.w = tf.Variable(tf.zeros([3, 4]), name="w")
            self.inner = tf.Module("inner")
            with self.inner.name_scope:
                self.inner.b = tf.Variable(tf.zeros([4], tf.float64), name="b", trainable=False)
            self.any = tf.Variable(tf.zeros([2, 2]), shape=[None, 2], name="any")
            self.free = tf.Variable(tf.zeros([2]), shape=tf.TensorShape(None), name="free")

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def __call__(self, x):
        return tf.matmul(x, self.w)


def rows_of_objects(variables):
    return [row(variable.name.removesuffix(":0"), variable, variable.shape) for variable in variables]


@case
def case_saved_model_v2(directory):
    """A tf.Module: no collections, the variables are in the object graph."""
    net = Net()
    tf.saved_model.save(net, str(directory / "saved_model"))
    rows = rows_of_objects(net.variables)
    only_the_graph(directory / "saved_model")
    write_truth(directory, "saved_model", rows)


@case
def case_saved_model_keras(directory):
    """A Keras model as Keras exports it."""
    tf.keras.utils.set_random_seed(1)
    model = tf.keras.Sequential([tf.keras.Input([3]), tf.keras.layers.Dense(2, name="a"), tf.keras.layers.Dense(1, name="b")])
    model.export(str(directory / "saved_model"), verbose=False)
    restored = tf.saved_model.load(str(directory / "saved_model"))
    rows = rows_of_objects(restored.variables)
    only_the_graph(directory / "saved_model")
    write_truth(directory, "saved_model", rows)


if __name__ == "__main__":
    case.main("Make the golden graph files with TensorFlow.", "tests/golden/graphs")
