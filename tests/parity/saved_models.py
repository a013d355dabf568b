# SPDX-License-Identifier: Apache-2.0
"""Object-based models of many kinds: MODELS maps a name to a function that saves one as a SavedModel in a folder."""

import numpy as np
import tensorflow as tf
from tensorflow.python.distribute import sharded_variable as sharded_variables

v1 = tf.compat.v1
keras = tf.keras
MODELS = {}
numbers = np.random.default_rng(33)


def model(function):
    """Of a function that makes an object to be saved, or that saves one itself and returns None."""

    def save(folder):
        made = function(folder)
        if made is not None:
            tf.saved_model.save(made, folder)

    MODELS[function.__name__] = save
    return function


def values(*shape, dtype="float32"):
    return numbers.integers(-50, 50, shape).astype(dtype) if dtype != "bool" else numbers.random(shape) > 0.5


def variable(*shape, name=None, dtype="float32"):
    return tf.Variable(values(*shape, dtype=dtype), name=name)


class Dense(tf.Module):
    def __init__(self, inputs, outputs, name=None):
        super().__init__(name=name)
        with self.name_scope:
            self.w, self.b = variable(inputs, outputs, name="w"), variable(outputs, name="b")

    def __call__(self, x):
        return x @ self.w + self.b


def trained(layers, *optimizers, steps=2):
    """A Checkpoint of layers and optimizers of TensorFlow 1, with slots that hold something."""
    for optimizer in optimizers:
        for _ in range(steps):
            optimizer.minimize(lambda: tf.add_n([tf.reduce_sum(v * v) for layer in layers for v in layer.trainable_variables]))
    return tf.train.Checkpoint(layers=layers, **{f"optimizer{i}": optimizer for i, optimizer in enumerate(optimizers)})


def layers(*names):
    return [Dense(3, 2, name) for name in names]


def net(*more, norm=True, **compiled):
    """A compiled and fitted model of Keras 3."""
    keras.utils.set_random_seed(int(numbers.integers(1000)))
    keras.backend.clear_session()
    found = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), *([keras.layers.BatchNormalization()] if norm else []), *more, keras.layers.Dense(2)])
    found.compile(**{"optimizer": "adam", "loss": "mse", **compiled})
    found.fit(values(8, 3), values(8, 2), verbose=0)
    return found


# Modules


@model
def module_of_names(_):
    return Dense(3, 4, "dense")


@model
def module_without_names(_):
    made = tf.Module()
    made.first, made.second, made.third = variable(2), variable(2), variable(3)
    return made


@model
def same_names_of_unlike_shapes(_):
    made = tf.Module()
    made.a, made.b, made.c = (variable(n + 1, name="total") for n in range(3))
    return made


@model
def empty_scalars_of_one_name(_):
    made = tf.Module()
    made.counts = [tf.Variable(float(i), name="count") for i in range(5)]
    made.totals = [tf.Variable(float(i * i), name="total") for i in range(5)]
    return made


@model
def zeros_of_one_name(_):
    made = tf.Module()
    made.all = [tf.Variable([0.0, 0.0], name="v") for _ in range(4)]
    return made


@model
def nested_lists_and_dicts(_):
    made = tf.Module()
    made.tree = {"a": [variable(1), {"b": variable(2), "c": [variable(3), variable(4, name="deep")]}], "z": (variable(5), variable(6))}
    return made


@model
def keys_to_escape(_):
    made = tf.Module()
    made.by_name = {"a.b/c": variable(2), "a/b.c": variable(2), "a..Sb": variable(2), "x": {"y/z": variable(2)}, "x/y": variable(2)}
    return made


@model
def variable_in_several_places(_):
    made, shared = tf.Module(), variable(3)
    made.b = made.a = shared
    made.deep = tf.Module()
    made.deep.list = [variable(3), shared]
    return made


@model
def objects_in_a_circle(_):
    made, other = tf.Module(), tf.Module()
    made.other, other.back, other.v, made.v = other, made, variable(2), variable(2)
    return made


@model
def many_types(_):
    made = tf.Module()
    made.v = [variable(3, dtype=t) for t in ("int8", "uint8", "int16", "int32", "int64", "uint32", "uint64", "float16", "float64", "bool", "complex64")]
    made.half = tf.Variable(tf.cast(values(4), tf.bfloat16))
    return made


@model
def strings(_):
    made = tf.Module()
    made.words = [tf.Variable(["one", "", "three"]), tf.Variable("alone"), tf.Variable(["x"], name="named")]
    return made


@model
def tables_and_assets(folder):
    vocabulary = folder + ".txt"
    with open(vocabulary, "w") as out:
        out.write("a\nb\n")
    made = tf.Module()
    made.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    made.table.insert(["k"], tf.constant([7], tf.int64))
    whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    made.static = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(vocabulary, tf.string, whole, tf.int64, line), 1)
    made.asset, made.constant = tf.saved_model.Asset(vocabulary), tf.constant([1.0, 2.0])
    made.v, made.w = variable(3), variable(3)
    return made


@model
def functions_and_signatures(folder):
    made = tf.Module()
    made.first, made.second = Dense(3, 3), Dense(3, 2)
    made.call = tf.function(lambda x: made.second(made.first(x)), input_signature=[tf.TensorSpec([None, 3])])
    made.call(tf.ones([1, 3]))
    tf.saved_model.save(made, folder, signatures=made.call)


@model
def empty_and_large(_):
    made = tf.Module()
    made.empty, made.large, made.other = tf.Variable(tf.zeros([0, 3])), variable(300, 200), variable(300, 200)
    return made


@model
def loaded_and_saved_again(folder):
    tf.saved_model.save(nested_lists_and_dicts(None), folder + ".first")
    made = tf.Module()
    made.inner, made.v = tf.saved_model.load(folder + ".first"), variable(2)
    return made


@model
def unknown_shape(_):
    made = tf.Module()
    made.v = [tf.Variable(values(3), shape=tf.TensorShape(None)), tf.Variable(values(3, 2), shape=[None, 2]), variable(3)]
    return made


@model
def stored_in_slices(folder):
    made = tf.Module()
    made.large, made.first, made.second = variable(300, 10, name="large"), variable(2), variable(3)
    cut = tf.train.experimental.MaxShardSizePolicy(max_shard_size=2048)
    tf.saved_model.save(made, folder, options=tf.saved_model.SaveOptions(experimental_sharding_callback=cut))


@model
def sharded_variable(_):
    made = tf.Module()
    parts = [variable(n, 3, name=f"table/part_{i}") for i, n in enumerate((2, 1))]
    made.table, made.v, made.w = sharded_variables.ShardedVariable(parts, name="table"), variable(2), variable(2)
    return made


def mirrored(folder, policy):
    with tf.distribute.MirroredStrategy(["cpu:0"]).scope():
        made = tf.Module()
        made.all = [variable(2), variable(2), variable(3, name="named")]
        made.counts = [tf.Variable(n, aggregation=tf.VariableAggregation.SUM, synchronization=tf.VariableSynchronization.ON_READ, name="count") for n in (1.0, 2.0)]
    tf.saved_model.save(made, folder, options=tf.saved_model.SaveOptions(experimental_variable_policy=policy))


@model
def of_a_strategy(folder):
    mirrored(folder, None)


@model
def of_a_strategy_expanded(folder):
    mirrored(folder, "expand_distributed_variables")


# Optimizers of TensorFlow 1, which make slots


@model
def slots_of_adam(_):
    return trained(layers("dense", "dense_1"), v1.train.AdamOptimizer(0.1))


@model
def slots_of_layers_of_one_name(_):
    return trained(layers("dense", "dense"), v1.train.AdamOptimizer(0.1))


@model
def slots_of_several_optimizers(_):
    return trained(layers("a"), v1.train.MomentumOptimizer(0.1, 0.9), v1.train.AdagradOptimizer(0.1), v1.train.RMSPropOptimizer(0.1, momentum=0.5))


@model
def slots_of_two_alike(_):
    return trained(layers("a", "b"), v1.train.AdamOptimizer(0.1), v1.train.AdamOptimizer(0.2))


@model
def slots_without_names(_):
    made = tf.Module()
    made.v = [variable(2) for _ in range(3)]
    return trained([made], v1.train.FtrlOptimizer(0.1))


# Keras 3


@model
def keras_fitted(_):
    return net()


@model
def keras_exported(folder):
    net().export(folder, verbose=False)


@model
def keras_metrics(_):
    return net(metrics=["mae", "mse", keras.metrics.MeanSquaredLogarithmicError()])


@model
def keras_metrics_exported(folder):
    net(metrics=["mae", keras.metrics.RootMeanSquaredError()], optimizer=keras.optimizers.SGD(0.1, momentum=0.9)).export(folder, verbose=False)


@model
def keras_functional_with_shared_layers(_):
    keras.backend.clear_session()
    one, two, shared = keras.Input((3,)), keras.Input((3,)), keras.layers.Dense(4)
    both = keras.layers.Concatenate()([shared(one), shared(two)])
    return keras.Model([one, two], [keras.layers.Dense(1)(both), keras.layers.Dense(2)(both)])


@model
def keras_recurrent_exported(folder):
    keras.backend.clear_session()
    cells = [keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True)), keras.layers.GRU(2), keras.layers.Dense(1)]
    keras.Sequential([keras.Input((5,), dtype="int32"), keras.layers.Embedding(7, 4), *cells]).export(folder, verbose=False)


@model
def keras_subclass(_):
    class Block(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.norm, self.last = keras.layers.Dense(3), keras.layers.LayerNormalization(), keras.layers.Dense(3)
            self.own = self.add_weight(shape=(2,), initializer="random_normal")

        def call(self, x):
            return self.last(self.norm(self.dense(x))) * tf.reduce_sum(self.own)

    made = Block()
    made(tf.ones([1, 3]))
    return made


@model
def keras_mixed_precision(_):
    keras.backend.clear_session()
    policy = keras.mixed_precision.Policy("mixed_float16")
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, dtype=policy), keras.layers.BatchNormalization(dtype="float16"), keras.layers.Dropout(0.5)])
    made.compile(optimizer="rmsprop", loss="mse")
    made.fit(values(8, 3), values(8, 4), verbose=0)
    return made


@model
def keras_in_a_module(_):
    made = tf.Module()
    made.nets, made.step = [net(norm=False), net(norm=False)], tf.Variable(4688585, dtype=tf.int64)
    return made


@model
def keras_exported_loaded_and_saved_again(folder):
    net(metrics=["mae"]).export(folder + ".first", verbose=False)
    made = tf.Module()
    made.hub, made.head = tf.saved_model.load(folder + ".first"), Dense(2, 1, "head")
    return made


class Mean(tf.Module):
    """As the metrics of Keras 2 have them: all of them are called `total` and `count`."""

    def __init__(self):
        super().__init__(name="mean")
        self.total, self.count = (tf.Variable(float(numbers.integers(100)), name=name) for name in ("total", "count"))


@model
def metrics_alone(_):
    return tf.train.Checkpoint(train=[Mean(), Mean()], test=Mean())


@model
def slots_and_metrics(_):
    made = trained(layers("dense", "dense_1"), v1.train.AdamOptimizer(0.1))
    made.keras_api = tf.Module()
    made.keras_api.metrics = {"0": Mean(), "1": Mean()}
    return made


@model
def checkpoint_with_everything(_):
    made = tf.train.Checkpoint(model=net(), modules={"a": Dense(2, 2), "b": Dense(2, 2)}, metrics=[Mean(), Mean()], step=tf.Variable(3, dtype=tf.int64))
    made.save_counter  # as a checkpoint that was written has it
    return made
