# SPDX-License-Identifier: Apache-2.0
"""A target graph of TensorFlow's, and what its own Saver restores from the mount."""

import numpy as np
import pytest
import tensorflow as tf

v1 = tf.compat.v1
ALL = "[assignment_map]\n/ = /\n"


def build():
    """A partitioned variable and a plain one, both with the slots of Adam."""
    v1.set_random_seed(1)
    with v1.variable_scope("net", partitioner=v1.fixed_size_partitioner(3)):
        table = v1.get_variable("table", [10, 2])
    with v1.variable_scope("net"):
        bias = v1.get_variable("bias", [2])
    loss = tf.reduce_sum(tf.convert_to_tensor(table)) + tf.reduce_sum(bias * bias)
    return v1.train.AdamOptimizer().minimize(loss, global_step=v1.train.get_or_create_global_step())


def saved(folder, version=v1.train.SaverDef.V2, only=lambda name: True):
    """Trains, saves, and gives the values of all variables by their names in the graph."""
    with tf.Graph().as_default(), v1.Session() as session:
        step = build()
        session.run(v1.global_variables_initializer())
        session.run([step, step])
        variables = v1.global_variables()
        kept = [variable for variable in variables if only(variable.op.name)]
        v1.train.Saver(kept, write_version=version).save(session, str(folder / "model.ckpt"))
        v1.train.Saver(write_version=version).export_meta_graph(str(folder / "graph.meta"))
        return dict(zip([variable.op.name for variable in variables], session.run(variables)))


def restored(mount):
    with tf.Graph().as_default(), v1.Session() as session:
        build()
        v1.train.Saver().restore(session, tf.train.latest_checkpoint(str(mount.path)))
        variables = v1.global_variables()
        return dict(zip([variable.op.name for variable in variables], session.run(variables)))


def map_of(tmp_path, text):
    (tmp_path / "map.ini").write_text(text)
    return tmp_path / "map.ini"


def test_the_graphs_saver_restores_slots_of_partitioned_variables(ckptfs, tmp_path):
    values = saved(tmp_path)
    ini = map_of(tmp_path, ALL)
    mount = ckptfs.mount(tmp_path / "model.ckpt", map=ini, flags=["-g", tmp_path / "graph.meta"], foreground=True)
    assert mount.report()["unassigned"] == []
    names = {target["variable"] for target in mount.report()["targets"]}
    assert {"net/table", "net/table/Adam", "net/table/Adam_1", "net/bias/Adam", "global_step"} <= names
    got = restored(mount)
    assert got.keys() == values.keys()
    assert all(np.array_equal(got[name], values[name]) for name in values)


def test_variables_that_the_checkpoint_lacks_are_skipped_when_asked(ckptfs, tmp_path):
    values = saved(tmp_path, only=lambda name: "Adam" not in name and "beta" not in name)
    ini = map_of(tmp_path, ALL)
    at = ckptfs.directory()
    stderr = ckptfs.refuse("-m", ini, "-g", tmp_path / "graph.meta", tmp_path / "model.ckpt", at, at=at)
    assert "tensor 'net/bias/Adam' is not in the checkpoint" in stderr
    ini = map_of(tmp_path, ALL + "[view]\nmissing = skip\n")
    mount = ckptfs.mount(tmp_path / "model.ckpt", map=ini, flags=["-g", tmp_path / "graph.meta"], foreground=True)
    lacking = {"net/bias/Adam", "net/bias/Adam_1", "net/table/Adam", "net/table/Adam_1", "beta1_power", "beta2_power"}
    assert set(mount.report()["unassigned"]) == lacking
    assert f"{len(lacking)} declared variables in scope '/' are not in the checkpoint and left out" in mount.log_text()
    reader = tf.train.load_checkpoint(str(mount.path))
    assert set(reader.get_variable_to_shape_map()) == {"net/table", "net/bias", "global_step"}
    assert np.array_equal(reader.get_tensor("net/bias"), values["net/bias"])


def test_the_meta_of_a_v1_saver_gets_a_warning(ckptfs, tmp_path):
    values = saved(tmp_path, version=v1.train.SaverDef.V1)
    ini = map_of(tmp_path, ALL)
    mount = ckptfs.mount(tmp_path / "model.ckpt", map=ini, flags=["-g", tmp_path / "graph.meta"], foreground=True)
    assert "the graph's own Saver reads V1 checkpoints alone" in mount.log_text()
    got = restored(mount)  # by a new one
    assert all(np.array_equal(got[name], values[name]) for name in values)


def without_version(path):
    """The SavedModel as TF Hub has them: no schema version, so the first field is a meta graph."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    model.ParseFromString(path.read_bytes())
    model.ClearField("saved_model_schema_version")
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("graphs", [1, 2])
def test_a_saved_model_without_a_schema_version_is_one(ckptfs, tmp_path, graphs):
    folder = tmp_path / "hub"
    builder = v1.saved_model.Builder(str(folder))
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("w", initializer=tf.constant([1.0, 2.0]))
        session.run(v1.global_variables_initializer())
        builder.add_meta_graph_and_variables(session, ["serve"])
        for number in range(1, graphs):
            builder.add_meta_graph([f"other{number}"])
    builder.save()
    without_version(folder / "saved_model.pb")
    ini = map_of(tmp_path, "[assignment_map]\nw = w\n")
    mount = ckptfs.mount(folder, map=ini, flags=["-g", folder], foreground=True)
    assert np.frombuffer(mount.read("w"), "<f4").tolist() == [1.0, 2.0]
