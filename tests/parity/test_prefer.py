# SPDX-License-Identifier: Apache-2.0
"""`prefer = ema` of checkpoints that TensorFlow and Keras have written: each weight is what the framework itself takes as its average."""

import subprocess
import sys

import numpy
import pytest

from support.tool import run

TF1 = """
import sys, numpy, tensorflow.compat.v1 as tf
tf.disable_eager_execution()
folder, scope = sys.argv[1:]
with tf.variable_scope("transformer" if scope else tf.get_variable_scope()):
    weights = [tf.get_variable("body/w", [3, 2]), tf.get_variable("body/b", [2]), tf.get_variable("step", [], dtype=tf.int64, initializer=tf.zeros_initializer(), trainable=False)]
    cut = tf.get_variable("cut", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    ema = tf.train.ExponentialMovingAverage(0.9)
    averaged = weights[:2] + ([] if scope else list(cut))  # TensorFlow gives averages of parts wrong names in a scope
    averages = ema.apply(averaged)
tf.train.AdamOptimizer().minimize(tf.reduce_sum(weights[0]) + tf.reduce_sum(weights[1]))
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for v in averaged:
        session.run(v.assign(v + 1))
    session.run(averages)
    tf.train.Saver().save(session, folder + "/c", write_meta_graph=False)
    found = {v.op.name: session.run(ema.average(v)) for v in weights[:2]}
    found[cut.name] = numpy.concatenate(session.run([v if scope else ema.average(v) for v in cut]))
    found[weights[2].op.name] = session.run(weights[2])
numpy.savez(folder + "/truth.npz", **found)
"""

KERAS = """
import sys, numpy, tensorflow as tf, keras
folder, _ = sys.argv[1:]
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="first"), keras.layers.BatchNormalization(), keras.layers.Dense(1, name="second_layer")])
model.compile(keras.optimizers.Adam(0.1, use_ema=True), loss="mse")
model.fit(numpy.ones((4, 3)), numpy.ones((4, 1)), verbose=0)
tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(folder + "/c")
found = {v.path: a.numpy() for v, a in zip(model.trainable_variables, model.optimizer._model_variables_moving_average)}
found.update({v.path: v.numpy() for v in model.non_trainable_variables if v.path.endswith(("mean", "variance"))})
numpy.savez(folder + "/truth.npz", **found)
"""


@pytest.mark.parametrize("script, scope, options", [(TF1, "", ()), (TF1, "scope", ()), (KERAS, "", ("--names=friendly", "--drop=optimizer")), (KERAS, "", ("--names=friendly",))])
def test_averages_are_the_frameworks_own(tmp_path, script, scope, options):
    done = subprocess.run([sys.executable, "-c", script, tmp_path, scope], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run("export", "--format=npy", "--prefer=ema", *options, tmp_path / "c", tmp_path / "out")
    with numpy.load(tmp_path / "truth.npz") as truth:
        assert len(truth.files) >= 4
        for name in truth.files:
            found = numpy.load(tmp_path / "out" / f"{name}.npy")
            assert found.dtype == truth[name].dtype and numpy.array_equal(found, truth[name]), name
    assert not [path for path in (tmp_path / "out").rglob("*verage*")]
