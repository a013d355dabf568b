# SPDX-License-Identifier: Apache-2.0
"""TensorFlow takes a mount for a checkpoint directory: its readers, its Savers and init_from_checkpoint find each tensor."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from support.views import SLICED, THREE_SHARDS, VIEWS, View, view_ids, without_object_graph

v1 = tf.compat.v1


def restore(prefix, name, tensor, spec=""):
    """A slice of a tensor (spec "": the whole) by the op that Savers use."""
    dtypes = [tf.as_dtype(tensor.dtype)]
    return tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=[name], shape_and_slices=[spec], dtypes=dtypes)[0].numpy()


def spec_of(tensor, axis, start, length):
    """A slice as RestoreV2 wants it: `10 4 4,3:0,4`."""
    boxes = [f"{start},{length}" if i == axis else f"0,{n}" for i, n in enumerate(tensor.shape)]
    return " ".join(map(str, tensor.shape)) + " " + ":".join(boxes)


def same(tensor, value):
    """Whether TensorFlow read the tensor of the view."""
    if tensor.values is not None:
        return np.asarray(value, dtype=object).reshape(-1).tolist() == tensor.values
    return list(np.shape(value)) == tensor.shape and np.ascontiguousarray(value).tobytes() == tensor.data


def check_readers(view, checkpoint, prefix):
    """Every reader finds just the view's tensors; `checkpoint` is a directory or the prefix."""
    listed = without_object_graph(dict(tf.train.list_variables(checkpoint)))
    assert listed == {name: tensor.shape for name, tensor in view.tensors.items()}
    reader = tf.train.load_checkpoint(checkpoint)
    dtypes = reader.get_variable_to_dtype_map()
    for name, tensor in view.tensors.items():
        assert dtypes[name].name == tensor.dtype, name
        if not tensor.partition or tensor.is_cuttable():
            assert same(tensor, reader.get_tensor(name)), name
        if tensor.partition:  # each part, as the model that declares them reads it
            axis, parts = tensor.parts()
            for start, length in parts:
                value = restore(prefix, name, tensor, spec_of(tensor, axis, start, length))
                assert same(tensor.part(axis, start, length), value), (name, start)


every_view = pytest.mark.parametrize("golden,kind", VIEWS, ids=view_ids(VIEWS))


@every_view
@pytest.mark.parametrize("shards", ["source", "compact"])
def test_the_readers(ckptfs, golden, kind, shards):
    view = View(golden, kind)
    mount = view.mount(ckptfs, view=f"shards = {shards}" if shards != "source" else "")
    prefix = str(mount / "model")
    assert tf.train.latest_checkpoint(str(mount.path)) == prefix
    check_readers(view, str(mount.path), prefix)


@every_view
def test_the_readers_of_a_savedmodel(ckptfs, golden, kind):
    view = View(golden, kind)
    mount = view.mount(ckptfs, view="layout = savedmodel")
    prefix = str(mount / "variables" / "variables")
    check_readers(view, prefix, prefix)


def partitioner_of(tensor):
    if not tensor.partition:
        return None
    axis, parts = tensor.parts()
    return v1.fixed_size_partitioner(len(parts), axis)


RESTORABLE = {"float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64", "complex128", "string"}


def graph_of(view, scope, use_resource, partitioner=partitioner_of):
    """The view's variables in the default graph, which start with other values than those of the checkpoint."""
    variables = {}
    with v1.variable_scope(scope, use_resource=use_resource):
        for name, tensor in view.tensors.items():
            if tensor.dtype not in RESTORABLE:  # no variable of that dtype can be restored by kernels on a CPU
                continue
            made = v1.get_variable(name, tensor.shape, tf.as_dtype(tensor.dtype), initializer=other_values, partitioner=partitioner(tensor))
            variables[name] = list(made) if hasattr(made, "_get_partitions") else made
    return variables


def other_values(shape, dtype=None, partition_info=None):
    return tf.fill(shape, "other") if dtype == tf.string else tf.cast(tf.fill(shape, 77), dtype)


def check_values(view, variables, session):
    for name, made in variables.items():
        tensor = view.tensors[name]
        if not isinstance(made, list):
            assert same(tensor, session.run(made)), name
            continue
        values = session.run(made)
        axis = next((i for i, n in enumerate(values[0].shape) if n != tensor.shape[i]), 0)
        assert same(tensor, np.concatenate(values, axis)), name


GRAPHS = [view for view in VIEWS if view[0] not in ("shapes", "big_endian")]  # shapes no variable can have


@pytest.mark.parametrize("golden,kind", GRAPHS, ids=view_ids(GRAPHS))
@pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])
def test_a_saver_restores(ckptfs, golden, kind, use_resource):
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    with tf.Graph().as_default(), v1.Session() as session:
        variables = graph_of(view, "", use_resource)
        assert variables
        v1.train.Saver(v1.global_variables()).restore(session, tf.train.latest_checkpoint(str(mount.path)))
        check_values(view, variables, session)


def cut_in_two(tensor):
    """For variables that the view holds whole: TensorFlow cuts them as it reads."""
    if not tensor.shape or tensor.shape[0] < 2 or not tensor.is_cuttable():
        return None
    return v1.fixed_size_partitioner(2)


@pytest.mark.parametrize("golden,kind", [(g, k) for g in ["demo", *THREE_SHARDS, *SLICED] for k in ("identity", "renamed", "cast")])
@pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])
def test_a_saver_restores_whole_tensors_into_parts(ckptfs, golden, kind, use_resource):
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    with tf.Graph().as_default(), v1.Session() as session:
        variables = graph_of(view, "", use_resource, cut_in_two)
        v1.train.Saver(v1.global_variables()).restore(session, str(mount / "model"))
        check_values(view, variables, session)


@pytest.mark.parametrize("golden", ["demo", "sharded", "sliced"])
def test_a_saver_restores_parts_into_whole_variables(ckptfs, golden):
    view = View(golden, "partitioned")
    mount = view.mount(ckptfs)
    with tf.Graph().as_default(), v1.Session() as session:
        variables = graph_of(view, "", True, lambda tensor: None)
        assert not any(isinstance(made, list) for made in variables.values())
        v1.train.Saver(v1.global_variables()).restore(session, str(mount / "model"))
        check_values(view, variables, session)


@pytest.mark.parametrize("golden,kind", GRAPHS, ids=view_ids(GRAPHS))
def test_init_from_checkpoint(ckptfs, golden, kind):
    view = View(golden, kind)
    mount = view.mount(ckptfs)
    with tf.Graph().as_default(), v1.Session() as session:
        variables = graph_of(view, "net", True)
        v1.train.init_from_checkpoint(str(mount.path), {"/": "net/"})
        session.run(v1.global_variables_initializer())
        check_values(view, variables, session)


@pytest.mark.parametrize("golden", ["demo", "sharded", "v1", "dtypes"])
def test_another_name(ckptfs, golden):
    view = View(golden, "renamed")
    mount = view.mount(ckptfs, view="name = other.ckpt-5")
    assert tf.train.latest_checkpoint(str(mount.path)) == str(mount / "other.ckpt-5")
    assert not os.path.exists(mount / "model.index")
    reader = tf.train.load_checkpoint(str(mount / "other.ckpt-5"))
    for name, tensor in view.tensors.items():
        assert same(tensor, reader.get_tensor(name)), name


def test_names_of_every_kind(ckptfs):
    """Names that a path cannot hold, and variables called as the files of the view are: these win over the files."""
    view = View("names", "identity")
    mount = view.mount(ckptfs, view="name = apart")
    reader = tf.train.load_checkpoint(str(mount / "apart"))
    assert set(reader.get_variable_to_shape_map()) == set(view.tensors)
    for name, tensor in view.tensors.items():
        assert same(tensor, reader.get_tensor(name)), name
    assert mount.read("checkpoint") == view.tensors["checkpoint"].data


def data_files(mount):
    return {p.name: p.read_bytes() for p in mount.path.iterdir() if ".data-" in p.name}


@pytest.mark.parametrize("shards", ["source", "compact"])
def test_a_part_of_another_tensor_than_the_slices(ckptfs, tmp_path, shards):
    """Of a tensor in as many slices as the target has parts, one part is another tensor's: as init_from_checkpoint assigns them."""
    values = np.arange(40, dtype=np.float32).reshape(10, 4)
    other = values[:5] + 1000
    prefix = str(tmp_path / "model.ckpt")
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=["a", "a", "b"], shape_and_slices=["10 4 0,5:0,4", "10 4 5,5:0,4", ""], tensors=[values[:5], values[5:], other]
    )
    with tf.Graph().as_default(), v1.Session() as session:
        made = list(v1.get_variable("t", [10, 4], partitioner=v1.fixed_size_partitioner(2), use_resource=False))
        v1.train.init_from_checkpoint(prefix, {"a": "t", "b": "t/part_1"})
        session.run(v1.global_variables_initializer())
        expected = np.concatenate(session.run(made))
    assert np.array_equal(expected, np.concatenate([values[:5], other]))

    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\na = t\nb = t/part_1\n[variables]\nt = float32 [10, 4] | partition 2,1\n[view]\nshards = {shards}\n")
    mount = ckptfs.mount(prefix, map=ini)
    assert np.array_equal(tf.train.load_checkpoint(str(mount.path)).get_tensor("t"), expected)
    assert np.array_equal(np.load(str(mount / "t.npy")), expected)
    with tf.Graph().as_default(), v1.Session() as session:
        made = list(v1.get_variable("t", [10, 4], partitioner=v1.fixed_size_partitioner(2)))
        v1.train.Saver().restore(session, tf.train.latest_checkpoint(str(mount.path)))
        assert np.array_equal(np.concatenate(session.run(made)), expected)


def test_shards_keep_their_bytes(ckptfs):
    """An identity view shows the shards of the checkpoint as they are; a computed tensor makes one more."""
    for name, count in ("demo", 1), ("sharded", 3), ("snappy/slots", 1):
        view = View(name, "identity")
        source = sorted(p for p in folder_of(view).iterdir() if ".data-" in p.name)
        files = data_files(view.mount(ckptfs))
        assert sorted(files) == [f"model.data-{i:05d}-of-{count:05d}" for i in range(count)]
        assert [files[n] for n in sorted(files)] == [p.read_bytes() for p in source]
    view = View("sharded", "identity")
    view.map = "[assignment_map]\n/ = /\nglobal_step = step | cast int32 wrap\n"
    mount = view.mount(ckptfs)
    files = data_files(mount)
    assert sorted(files) == [f"model.data-{i:05d}-of-00004" for i in range(4)]
    assert files["model.data-00003-of-00004"] == b"\7\0\0\0"
    assert tf.train.load_checkpoint(str(mount.path)).get_tensor("step") == 7


def folder_of(view):
    path = Path(view.checkpoint)
    return path if path.is_dir() else path.parent


def test_compact_shards_leave_out_what_is_dropped(ckptfs):
    view = View("demo", "identity")
    dropped = view.source["table"].data
    view.map = "[assignment_map]\nsome_var = kept\nglobal_step = step\n"
    for shards in "source", "compact":
        mount = view.mount(ckptfs, view=f"shards = {shards}")
        content = b"".join(data_files(mount).values())
        assert (dropped in content) == (shards == "source")
        assert (len(content) == 168) == (shards == "compact")
        reader = tf.train.load_checkpoint(str(mount.path))
        assert set(reader.get_variable_to_shape_map()) == {"kept", "step"}
        assert same(view.source["some_var"], reader.get_tensor("kept"))
        assert same(view.source["global_step"], reader.get_tensor("step"))


def test_the_first_idiom(ckptfs):
    """What everybody types, of a checkpoint that has the scope `model/`, as each of `Checkpoint(model=...)` has."""
    view = View("objects", "identity")
    mount = view.mount(ckptfs)
    latest = tf.train.latest_checkpoint(str(mount.path))
    assert latest == str(mount / "ckpt")
    reader = tf.train.load_checkpoint(latest)
    for name, tensor in view.tensors.items():
        assert same(tensor, reader.get_tensor(name)), name
    assert "prefix" not in mount.stderr
    names = set(os.listdir(mount.path))
    assert {"ckpt.index", "ckpt.data-00000-of-00001", "model.safetensors"} <= names and "model.index" not in names


@pytest.mark.parametrize("targets, name", [
    (["w"], "model"), (["model/w"], "ckpt"), (["model"], "ckpt"), (["model-1/w", "modelling", "a/model/w"], "model"),
    (["model", "model/w"], "ckpt"), (["model/w", "ckpt"], "view"), (["model/w", "ckpt/v", "view/x"], "view-2"),
    (["model", "ckpt", "view", "view-2/w", "view-3", "view.d"], "view-4"), (["model/part_0", "model/part_1"], "ckpt"),
])
def test_the_default_name_is_no_path_of_the_view(ckptfs, targets, name):
    view = View("demo", "identity")
    rules = ", ".join(targets) if "part_1" in targets[-1] else None
    lines = [f"some_var = {rules}\n"] if rules else [f"some_var = {target}\n" for target in targets]
    view.map = "[assignment_map]\n" + "".join(lines)
    mount = view.mount(ckptfs)
    latest = tf.train.latest_checkpoint(str(mount.path))
    assert latest == str(mount / name) and mount.stderr == ""
    reader = tf.train.load_checkpoint(latest)
    for target in ["model"] if rules else targets:
        assert same(view.source["some_var"], reader.get_tensor(target))
    assert os.path.exists(mount / "model.safetensors")
