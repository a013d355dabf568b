#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden checkpoints that are named after objects, SavedModels among them, with TensorFlow itself.

    "$(scripts/venv)/bin/python" tests/golden/make_objects.py [--out DIR] [CASE ...]

They are cases as those of make_checkpoints.py, whose truth.json has what is said there, and more here:

    checkpoint  the directory of the SavedModel, if it is one
    graph       the file with the object graph, if it is not in the checkpoint itself
    full_name   of a tensor: what the object graph that TensorFlow parsed records as its full name; "" if it records none; no
                such field on a tensor that the graph says nothing of
    slot        of a tensor that is a slot: the key of its variable, and the name of the slot
    kind        "variant": a value of TensorFlow's own, which nobody can read

The values are those of the Python objects; the keys are spelt out here, and must be those that TensorFlow's reader lists.
"""

import contextlib
import shutil

import golden  # before TensorFlow: it sets its environment
from golden import entry, ramp, string_entry

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2, trackable_object_graph_pb2

v1 = tf.compat.v1
case = golden.Cases()
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


# Truth


def add_names(graph, tensors):
    """Put down what the object graph says of each tensor."""
    by_key = {tensor["name"]: tensor for tensor in tensors}
    keys = []  # per node: the key of its value
    for node in graph.nodes:
        keys.append(next((attribute.checkpoint_key for attribute in node.attributes), None))
        for attribute in node.attributes:
            if attribute.checkpoint_key in by_key:
                by_key[attribute.checkpoint_key]["full_name"] = attribute.full_name
    for node in graph.nodes:
        for slot in node.slot_variables:
            tensor = by_key[keys[slot.slot_variable_node_id]]
            tensor["slot"] = [keys[slot.original_variable_node_id], slot.slot_name]


def write_truth(directory, prefix, tensors, **head):
    """Tensors are rows of truth.json without the object graph's, which is in the checkpoint."""
    text = tf.train.load_checkpoint(str(directory / prefix)).get_tensor(GRAPH)
    graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(text)
    tensors = [*tensors, string_entry(GRAPH, np.array(text, dtype=object))]
    add_names(graph, tensors)
    golden.write_truth(directory, prefix, tensors, **head)


def variables(values):
    return [entry(name + VALUE, np.asarray(value)) for name, value in values.items()]


def boxes_entry(prefix, name, value, **more):
    """The record of a tensor that the checkpoint holds in boxes, cut where TensorFlow chose to."""
    pieces = []
    for starts, lengths in golden.boxes(prefix, name):
        piece = value[tuple(slice(a, a + n) for a, n in zip(starts, lengths))]
        text = golden.spec(value.shape, starts, lengths)
        pieces.append({"spec": text, "hex": np.ascontiguousarray(piece).tobytes().hex()})
    return entry(name, value, kind="sliced", slices=pieces, **more)


# Cases


class Layer(tf.Module):
    def __init__(self, name, start):
        super().__init__(name=name)
        with self.name_scope:
            self.w = tf.Variable(ramp("float32", [3, 2], start), name="w")
            self.b = tf.Variable(ramp("float32", [2], start + 50), name="b")


class Net(tf.Module):
    """A list, a key with a dot and a slash, a variable in two places, names that are there twice or not at all, half."""

    def __init__(self):
        super().__init__(name="net")
        with self.name_scope:
            self.layers = [Layer("first", 1), Layer("second", 100)]
            self.by_name = {"a.b/c": tf.Variable(ramp("int64", [4]), name="odd"), "plain": tf.Variable(np.float64(2.5), name="plain")}
            self.half = tf.Variable(ramp("float16", [5]), name="half")
            self.deeper = [[[self.layers[0].w]]]  # has a shorter way to it, which gives it its key
            self.twins = [tf.Variable(ramp("int8", [3], 10), name="twin"), tf.Variable(ramp("int8", [3], 20), name="twin")]
            self.flag = tf.Variable(True, name="flag")
        self.nameless = [tf.Variable(np.int32(7)), tf.Variable(np.int32(8))]
        self.words = tf.Variable(["one", "", "three"], name="words")


@case
def case_objects(directory):
    net, optimizer = Net(), v1.train.AdamOptimizer(0.25)
    optimizer.minimize(lambda: tf.add_n([tf.reduce_sum(layer.w * layer.w) + tf.reduce_sum(layer.b) for layer in net.layers]))
    checkpoint = tf.train.Checkpoint(model=net, optimizer=optimizer)
    with contextlib.chdir(directory):  # no path of this machine gets into the state file
        checkpoint.save("objects")
    values = {
        "model/by_name/a..b.Sc": net.by_name["a.b/c"],
        "model/by_name/plain": net.by_name["plain"],
        "model/half": net.half,
        "model/flag": net.flag,
        "model/twins/0": net.twins[0],
        "model/twins/1": net.twins[1],
        "model/nameless/0": net.nameless[0],
        "model/nameless/1": net.nameless[1],
        "optimizer/beta1_power": optimizer._get_beta_accumulators()[0],
        "optimizer/beta2_power": optimizer._get_beta_accumulators()[1],
        "save_counter": np.int64(1),
    }
    for i, layer in enumerate(net.layers):
        for name in ("w", "b"):
            value = getattr(layer, name)
            values[f"model/layers/{i}/{name}"] = value
            for slot in ("m", "v"):
                values[f"model/layers/{i}/{name}/.OPTIMIZER_SLOT/optimizer/{slot}"] = optimizer.get_slot(value, slot)
    tensors = variables({name: v.numpy() if isinstance(v, tf.Variable) else v for name, v in values.items()})
    tensors.append(string_entry("model/words" + VALUE, net.words.numpy()))
    write_truth(directory, "objects-1", tensors, checkpoint=".")


@case
def case_keras3(directory):
    """A compiled and fitted model of Keras 3: the keys are numbers, and only the full names say what they are."""
    net = tf.keras.Sequential(
        [
            tf.keras.Input((3,)),
            tf.keras.layers.Dense(4, name="d1", kernel_initializer=tf.constant_initializer(0.25)),
            tf.keras.layers.Dense(2, name="d2", kernel_initializer=tf.constant_initializer(-0.5)),
        ],
        name="sequential",
    )
    net.compile(optimizer=tf.keras.optimizers.Adam(0.125), loss="mse")
    net.fit(ramp("float32", [4, 3], 1), ramp("float32", [4, 2], 3), epochs=1, batch_size=4, verbose=0, shuffle=False)
    with contextlib.chdir(directory):
        tf.train.Checkpoint(model=net).save("keras")
    optimizer = net.optimizer
    values = {
        "model/optimizer/_iterations": optimizer.iterations,
        "model/optimizer/_learning_rate": optimizer._learning_rate,
        "save_counter": np.int64(1),
    }
    for i, variable in enumerate(net.trainable_variables):
        values[f"model/optimizer/_trainable_variables/{i}"] = variable
    for i, variable in enumerate(optimizer.variables):
        if i >= 2:  # the two before have their own names
            values[f"model/optimizer/_variables/{i}"] = variable
    write_truth(directory, "keras-1", variables({name: v.numpy() if hasattr(v, "numpy") else v for name, v in values.items()}), checkpoint=".")


@case
def case_keras3_export(directory):
    """What Keras 3's `export` writes: each variable under two paths, with one full name and the same value."""
    net = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(2, name="d1")], name="sequential")
    for i, variable in enumerate(net.variables):
        variable.assign(ramp("float32", variable.shape, 10 * (i + 1)))
    net.export(str(directory / "saved_model"), verbose=False)
    shutil.rmtree(directory / "saved_model" / "assets", ignore_errors=True)
    (directory / "saved_model" / "fingerprint.pb").unlink(missing_ok=True)  # has a UUID
    prefix = "saved_model/variables/variables"
    graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(tf.train.load_checkpoint(str(directory / prefix)).get_tensor(GRAPH))
    values = {variable.path: variable.numpy() for variable in net.variables}
    keys = {a.checkpoint_key.removesuffix(VALUE): a.full_name for node in graph.nodes for a in node.attributes}
    if sorted(keys) != [f"{folder}/{i}" for folder in ("_all_variables", "variables") for i in (0, 1)]:
        raise SystemExit(f"keras3_export: Keras has other keys now: {sorted(keys)}")
    tensors = variables({key: values[name] for key, name in keys.items()})
    write_truth(directory, prefix, tensors, checkpoint="saved_model", graph="saved_model/saved_model.pb")


def words_table():
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    table.insert(tf.constant(["hello", "gr\u00f6\u00dfe", ""]), tf.constant([10, -20, 30], tf.int64))
    return table


@case
def case_table(directory):
    """A lookup table, whose attribute has the key of no tensor: its two tensors are called otherwise."""
    table = words_table()
    tf.train.Checkpoint(table=table).write(str(directory / "table.ckpt"))
    keys, values = (tensor.numpy() for tensor in table.export())
    tensors = [
        string_entry("table/.ATTRIBUTES/table-keys", keys),
        entry("table/.ATTRIBUTES/table-values", values),
    ]
    write_truth(directory, "table.ckpt", tensors)


class Served(tf.Module):
    def __init__(self):
        super().__init__(name="served")
        with self.name_scope:
            self.layers = [Layer("first", 1), Layer("second", 100)]
            self.half = tf.Variable(ramp("float16", [5]), name="half")
        self.table = words_table()

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def __call__(self, x):
        return tf.matmul(x, self.layers[0].w) + self.layers[0].b


@case
def case_saved_model(directory):
    """Of TF2: the object graph is in saved_model.pb as well, with more in it."""
    net = Served()
    tf.saved_model.save(net, str(directory / "saved_model"), options=tf.saved_model.SaveOptions(save_debug_info=False))
    shutil.rmtree(directory / "saved_model" / "assets", ignore_errors=True)
    (directory / "saved_model" / "fingerprint.pb").unlink(missing_ok=True)  # has a UUID
    values = {f"layers/{i}/{name}": getattr(layer, name).numpy() for i, layer in enumerate(net.layers) for name in ("w", "b")}
    keys, numbers = (tensor.numpy() for tensor in net.table.export())
    tensors = variables({**values, "half": net.half.numpy()})
    tensors += [string_entry("table/.ATTRIBUTES/table-keys", keys), entry("table/.ATTRIBUTES/table-values", numbers)]
    saved_model_pb2.SavedModel.FromString((directory / "saved_model" / "saved_model.pb").read_bytes())
    write_truth(directory, "saved_model/variables/variables", tensors, checkpoint="saved_model", graph="saved_model/saved_model.pb")


@case
def case_saved_model_v1(directory):
    """Of TF1: as name-based as a Saver's checkpoint, with a variable in parts."""
    values = {"net/w": ramp("float32", [3, 2]), "net/b": ramp("float32", [2], 7), "global_step": np.int64(12)}
    cut = ramp("float32", [5, 2], 100)
    with tf.Graph().as_default(), golden.session() as sess:
        for name, value in values.items():
            golden.variable(name, value)
        golden.partitioned("net/cut", cut, 0, 2)
        sess.run(v1.global_variables_initializer())
        builder = v1.saved_model.builder.SavedModelBuilder(str(directory / "saved_model"))
        builder.add_meta_graph_and_variables(sess, ["serve"], strip_default_attrs=True)
        builder.save()
    tensors = [entry(*item) for item in values.items()] + [golden.sliced_entry("net/cut", cut, 0, 2)]
    golden.write_truth(directory, "saved_model/variables/variables", tensors, checkpoint="saved_model")


@case
def case_max_shard(directory):
    """Shards of at most 800 bytes: tensors cut into boxes, on both axes. TensorFlow cannot put the half one together again."""
    wide, half = ramp("float32", [20, 30], 0), ramp("float16", [20, 30], 0)
    policy = tf.train.experimental.MaxShardSizePolicy(max_shard_size=800)
    options = tf.train.CheckpointOptions(experimental_sharding_callback=policy)
    checkpoint = tf.train.Checkpoint(wide=tf.Variable(wide, name="wide"), half=tf.Variable(half, name="half"), n=tf.Variable(3, name="n"))
    prefix = str(directory / "max.ckpt")
    checkpoint.write(prefix, options=options)
    tensors = [
        boxes_entry(prefix, "wide" + VALUE, wide),
        boxes_entry(prefix, "half" + VALUE, half, reader="slices"),
        entry("n" + VALUE, np.int32(3)),
    ]
    for name in ("wide", "half"):
        if any(len({box[0][axis] for box in golden.boxes(prefix, name + VALUE)}) < 2 for axis in (0, 1)):
            raise SystemExit(f"max_shard: {name} is not cut on both axes: {golden.boxes(prefix, name + VALUE)}")
    write_truth(directory, "max.ckpt", tensors)


@case
def case_variant(directory):
    """A TensorList between two numbers: its checksums and length are known, its meaning is TensorFlow's."""
    stack = tf.raw_ops.TensorListReserve(element_shape=tf.constant([2]), num_elements=3, element_dtype=tf.float32)
    stack = tf.raw_ops.TensorListSetItem(input_handle=stack, index=1, item=tf.constant([1.5, -2.5]))
    before, after = ramp("float32", [2]), ramp("int64", [3])
    prefix = str(directory / "variant.ckpt")
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=["before", "list", "zz"], shape_and_slices=[""] * 3, tensors=[tf.constant(before), stack, tf.constant(after)]
    )
    (again,) = tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=["list"], shape_and_slices=[""], dtypes=[tf.variant])
    item = tf.raw_ops.TensorListGetItem(input_handle=again, index=1, element_shape=tf.constant([2]), element_dtype=tf.float32)
    if item.numpy().tolist() != [1.5, -2.5]:
        raise SystemExit("variant: TensorFlow reads another list")
    tensors = [entry("before", before), {"name": "list", "dtype": "variant", "shape": [], "kind": "variant"}, entry("zz", after)]
    golden.write_truth(directory, "variant.ckpt", tensors)


if __name__ == "__main__":
    case.main("Make the golden checkpoints that are named after objects, with TensorFlow.")
