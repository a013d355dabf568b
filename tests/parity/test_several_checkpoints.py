# SPDX-License-Identifier: Apache-2.0
"""Views of several checkpoints that TensorFlow has written, as TensorFlow itself reads them from the mount."""

import json
import os
import shutil

import numpy as np
import pytest
import safetensors.numpy
import tensorflow as tf

from support.tool import run

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


class Net(tf.Module):
    def __init__(self, seed):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.body = tf.Module()
        self.body.w = tf.Variable(rng.standard_normal((7, 5)), dtype=tf.float32, name="body/w")
        self.body.b = tf.Variable(rng.standard_normal(5), dtype=tf.float32, name="body/b")
        self.head = tf.Module()
        self.head.w = tf.Variable(rng.standard_normal((5, 3)), dtype=tf.bfloat16, name="head/w")

    def values(self):
        return {"body/w": self.body.w.numpy(), "body/b": self.body.b.numpy(), "head/w": self.head.w.numpy()}


def save(net, prefix):
    tf.train.Checkpoint(model=net, step=tf.Variable(7, dtype=tf.int64)).save(str(prefix))
    return net.values()


@pytest.fixture
def runs(tmp_path):
    """Three saves of one model, and what each of them holds."""
    return {name: save(Net(seed), tmp_path / name / "ck") for seed, name in enumerate(("a", "b", "c"))}


def make_map(folder, rules, named, more=""):
    sections = "".join(f"[checkpoint {name}]\npath = {path}\n" for name, path in named.items())
    (folder / "map.ini").write_text(f"[assignment_map]\n{rules}\n{sections}{more}")
    return folder / "map.ini"


def restore(mount):
    """A new model, all of whose values come from the mount."""
    net, step = Net(99), tf.Variable(0, dtype=tf.int64)
    tf.train.Checkpoint(model=net, step=step).restore(tf.train.latest_checkpoint(str(mount.path))).assert_consumed()
    assert step.numpy() == 7
    return net.values()


def mean_of(arrays):
    """Rounded once, from float64."""
    return (sum(array.astype(np.float64) for array in arrays) / len(arrays)).astype(arrays[0].dtype)


def check(found, wanted):
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype and np.array_equal(found[name], value), name


@pytest.mark.parametrize("rule", [f"**{VALUE}@{{a,b,c}} = **{VALUE} | mean", "model/**@* = model/** | mean", "**@{c,b,a} = ** | mean"])
def test_the_average_of_three_is_restored_by_objects(ckptfs, tmp_path, runs, rule):
    """The object graph is that of the unnamed checkpoint; the other two may be called as they like."""
    mount = ckptfs.mount(tmp_path / "a", map=make_map(tmp_path, f"/ = /\n{rule}", {name: tmp_path / name for name in runs}))
    order = "cba" if "c,b,a" in rule else "abc"
    check(restore(mount), {name: mean_of([runs[each][name] for each in order]) for name in runs["a"]})


def test_a_part_of_another_model_is_restored_by_objects(ckptfs, tmp_path, runs):
    mount = ckptfs.mount(tmp_path / "a", map=make_map(tmp_path, "/ = /\nmodel/head/@b = model/head/", {"b": tmp_path / "b"}))
    check(restore(mount), {**runs["a"], "head/w": runs["b"]["head/w"]})


def names_in(mount):
    return {name for name, _ in tf.train.list_variables(str(mount.path))}


def test_the_object_graph_is_that_of_one_checkpoint_or_none(ckptfs, tmp_path, runs):
    def graph_of(rules, checkpoint=None):
        mount = ckptfs.mount(checkpoint, map=make_map(tmp_path, rules, {"b": tmp_path / "b"}))
        found = GRAPH in names_in(mount)
        values = restore(mount) if found else None
        mount.unmount()
        return found, values

    a = tmp_path / "a"
    assert graph_of("/@b = /") == (False, None)  # no wildcard, no scope takes one along
    found, values = graph_of(f"/@b = /\n{GRAPH}@b = {GRAPH}")
    assert found
    check(values, runs["b"])
    assert graph_of(f"/ = /\nmodel/body/w{VALUE}@b = model/body/w{VALUE} | transpose", a)[0] is False  # of another shape
    assert graph_of(f"model/ = model/\n{GRAPH} = {GRAPH}\nmodel/body/b{VALUE}@b = more", a)[0] is False  # `step` is not there, though there are as many
    assert graph_of(f"/ = /\nmodel/body/b{VALUE}@b = model/body/w{VALUE}", a)[0] is False
    assert graph_of(f"/ = /\n{GRAPH}@b = {GRAPH}", a)[0] is True  # all of b's keys are a's


def test_friendly_names(ckptfs, tmp_path, runs):
    ini = make_map(tmp_path, "/ = /\nbody/*@{a,b,c} = body/* | mean", {name: tmp_path / name for name in runs}, "[checkpoint]\nnames = friendly\n")
    reader = tf.train.load_checkpoint(str(ckptfs.mount(tmp_path / "c", map=ini).path))
    for name in "body/w", "body/b":
        assert np.array_equal(reader.get_tensor(name), mean_of([runs[each][name] for each in runs]))
    assert np.array_equal(reader.get_tensor("head/w"), runs["c"]["head/w"])


# ---- checkpoints of names


def initializer_of(value):
    """Of each part, its own slice."""
    def initialize(shape, dtype=None, partition_info=None):
        start = partition_info.var_offset if partition_info else [0] * value.ndim
        return tf.constant(value[tuple(slice(low, low + count) for low, count in zip(start, shape))])
    return initialize


def write_saver(folder, prefix, values, version, parts=1):
    """By tf.compat.v1's Saver, of that version; `cut` in so many parts."""
    tf1 = tf.compat.v1
    folder.mkdir(exist_ok=True)
    with tf.Graph().as_default(), tf1.Session() as session:
        cut = tf1.fixed_size_partitioner(parts) if parts > 1 else None
        for name, value in values.items():
            tf1.get_variable(name, value.shape, tf.as_dtype(value.dtype), initializer_of(value), partitioner=cut if name == "cut" else None, use_resource=False)
        session.run(tf1.global_variables_initializer())
        return tf1.train.Saver(write_version=version).save(session, str(folder / prefix), write_meta_graph=False)


def read_saver(mount, shapes, parts=1):
    """What the Saver of a graph with these variables restores from the mount."""
    tf1 = tf.compat.v1
    with tf.Graph().as_default(), tf1.Session() as session:
        cut = tf1.fixed_size_partitioner(parts) if parts > 1 else None
        made = {name: tf1.get_variable(name, shape, tf.as_dtype(dtype), partitioner=cut if name == "cut" else None, initializer=tf1.zeros_initializer(), use_resource=False)
                for name, (shape, dtype) in shapes.items()}
        tf1.train.Saver().restore(session, tf.train.latest_checkpoint(str(mount.path)))
        return {name: session.run(v.as_tensor() if hasattr(v, "as_tensor") else v) for name, v in made.items()}


@pytest.fixture
def named(tmp_path):
    """V2 with a variable in three parts, V1, and V2 again; {checkpoint: (prefix, values)}."""
    rng = np.random.default_rng(5)

    def values():
        return {"w": rng.standard_normal((6, 4)).astype(np.float32), "scope/n": rng.integers(-99, 99, (3, 5), dtype=np.int32),
                "cut": rng.standard_normal((7, 3)).astype(np.float32), "d": rng.standard_normal(4)}

    saver = tf.compat.v1.train.SaverDef
    found = {name: values() for name in ("main", "old", "new")}
    return {"main": (write_saver(tmp_path / "main", "m", found["main"], saver.V2, 3), found["main"]),
            "old": (write_saver(tmp_path / "old", "o", found["old"], saver.V1, 2), found["old"]),
            "new": (write_saver(tmp_path / "new", "n", found["new"], saver.V2), found["new"])}


RULES = """/ = /
w@{old,new} = average | mean
w@old = w
scope/@new = scope/
cut, cut@old, cut@new = all_cut | stack 0
cut@old = cut
d, d@* = d_joined | concat 0
w@new = new_w | transpose"""


def wanted_of(named):
    main, old, new = (named[name][1] for name in ("main", "old", "new"))
    return {"w": old["w"], "scope/n": new["scope/n"], "cut": old["cut"], "d": main["d"], "average": mean_of([old["w"], new["w"]]),
            "all_cut": np.stack([main["cut"], old["cut"], new["cut"]]), "d_joined": np.concatenate([main["d"], old["d"], new["d"]]), "new_w": new["w"].T}


def test_versions_and_partitions_mix(ckptfs, tmp_path, named):
    """Raw, .npy, TensorFlow's reader, both Savers, safetensors."""
    ini = make_map(tmp_path, RULES, {name: named[name][0] for name in ("old", "new")})
    mount = ckptfs.mount(named["main"][0], map=ini)
    wanted = wanted_of(named)
    reader = tf.train.load_checkpoint(str(mount.path))
    assert set(reader.get_variable_to_shape_map()) == set(wanted)
    tensors = safetensors.numpy.load_file(mount / "model.safetensors")
    assert tensors.keys() == wanted.keys()
    for name, value in wanted.items():
        for found in reader.get_tensor(name), tensors[name], np.load(mount / f"{name}.npy"):
            assert found.dtype == value.dtype and np.array_equal(found, value), name
        assert mount.read(name) == value.tobytes(), name
    shapes = {name: (value.shape, value.dtype) for name, value in wanted.items()}
    check(read_saver(mount, shapes), wanted)
    check(read_saver(mount, shapes, parts=2), wanted)


def test_a_graph_takes_slices_of_a_named_checkpoint(ckptfs, tmp_path, named):
    """Declared in parts; the source has others."""
    declared = "[variables]\ncut = float32 [7, 3] | partition 2,1\nw = float32 [4, 6]\n"
    ini = make_map(tmp_path, "cut@old = cut\nw@new = w | transpose", {name: named[name][0] for name in ("old", "new")}, declared)
    mount = ckptfs.mount(map=ini)
    old, new = named["old"][1], named["new"][1]
    assert mount.read("cut/part_0") + mount.read("cut/part_1") == old["cut"].tobytes()
    check(read_saver(mount, {"cut": ((7, 3), np.float32), "w": ((4, 6), np.float32)}, parts=2), {"cut": old["cut"], "w": new["w"].T})


def test_data_files_are_those_of_the_checkpoints(ckptfs, tmp_path, named):
    """What stays in place is in a data file that is, byte for byte, the checkpoint's; their names count through all of them."""
    ini = make_map(tmp_path, "w = w\nw@new = v\nd@new = d\nw@old = decoded", {name: named[name][0] for name in ("old", "new")})
    mount = ckptfs.mount(named["main"][0], map=ini)
    files = sorted(name for name in os.listdir(mount.path) if ".data-" in name)
    assert files == [f"model.data-{i:05}-of-00003" for i in range(3)]
    sources = [open(f"{named[name][0]}.data-00000-of-00001", "rb").read() for name in ("main", "new")]
    assert [mount.read(name) for name in files[:2]] == sources
    reader = tf.train.load_checkpoint(str(mount.path))
    assert np.array_equal(reader.get_tensor("v"), named["new"][1]["w"]) and np.array_equal(reader.get_tensor("decoded"), named["old"][1]["w"])


def test_exports_are_loaded(tmp_path, named):
    """TensorFlow's compact export, which has none of the files of the checkpoints."""
    ini = make_map(tmp_path, RULES, {name: named[name][0] for name in ("old", "new")})
    run("export", "--format=tf", "-m", ini, named["main"][0], tmp_path / "out")
    for name in "main", "old", "new":
        shutil.rmtree(os.path.dirname(named[name][0]))
    reader = tf.train.load_checkpoint(str(tmp_path / "out"))
    for name, value in wanted_of(named).items():
        assert np.array_equal(reader.get_tensor(name), value), name


def test_names_of_a_checkpoint_alone_may_hold_an_at(tmp_path):
    """%40 is a literal one, with a checkpoint of that name or without."""
    prefix = str(tmp_path / "at")
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=["w@a", "w"], shape_and_slices=["", ""], tensors=[tf.constant([1.0]), tf.constant([2.0])])
    ini = make_map(tmp_path, "w%40a = x\nw@a = y\nw%40a@a = z", {"a": prefix})
    targets = json.loads(run("plan", "--json", "-m", ini, prefix).stdout)["targets"]
    assert {t["variable"]: t["sources"] for t in targets} == {"x": ["w@a"], "y": ["w@a"], "z": ["w@a@a"]}
    for name, value in ("x", 1), ("y", 2), ("z", 1):
        assert run("cat", "-m", ini, prefix, name).stdout == np.float32(value).tobytes()
