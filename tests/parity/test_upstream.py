# SPDX-License-Identifier: Apache-2.0
"""What TensorFlow's own tests of init_from_checkpoint and its neighbours (checkpoint_utils_test.py) ask for, case by case in our
words. Each runs in TensorFlow and in our programs, and must come out the same."""

import json
import os
import random

import numpy as np
import pytest
import tensorflow as tf

from .differential import ckptfs_side, compare, dtypes, tensorflow_side

tf1 = tf.compat.v1

SHAPES = {"var1": [1, 10], "var2": [10, 10], "var3": [100, 100], "useful_scope/var4": [9, 9]}
FIVE = [5, 1]  # min_max_variable_partitioner(5, axis 0, 8192 bytes) of [100, 100] float
THREE = [3, 1]  # the same with 16384 bytes


def tensors_of(shapes, slices=None):
    rng = random.Random("upstream")
    made = {}
    for name, shape in shapes.items():
        values = np.array([rng.gauss(0, 1) for _ in range(dtypes.elements(shape))], "<f4")
        made[name] = {"dtype": "float32", "shape": shape, "hex": values.tobytes().hex()}
        if slices:
            made[name]["slices"] = slices
    return made


def variable(name, shape, partition=None, kind="resource"):
    return {"name": name, "dtype": "float32", "shape": shape, "partition": partition, "kind": kind}


class Fixture:
    """One checkpoint, and cases on it."""

    def __init__(self, folder, tensors):
        self.folder, self.tensors, self.count = folder, tensors, 0
        self.prefix = tensorflow_side.write_checkpoint({"tensors": tensors, "shards": 1}, folder / "checkpoint")

    def bytes(self, name):
        return bytes.fromhex(self.tensors[name]["hex"])

    def scratch(self):
        self.count += 1
        folder = self.folder / f"scratch{self.count}"
        folder.mkdir()
        return folder

    def both(self, rules, graph, path=None):
        """Runs both sides on the same map; they must agree. Returns what TensorFlow found, and what we did."""
        case = {"id": "upstream", "checkpoint": {"tensors": self.tensors, "shards": 1, "form": "prefix"}, "graph": graph,
                "rules": [{"src": src, "dst": dst} for src, dst in rules], "mistakes": []}
        path = path or self.prefix.parent
        theirs, ours = tensorflow_side.run(case, path), ckptfs_side.run(case, path, self.scratch())
        problems, tolerated = compare.compare(case, theirs, ours)
        assert not problems and not tolerated
        return theirs, ours

    def assigned(self, rules, graph):
        """{name: bytes} of the mount; TensorFlow has the same."""
        theirs, ours = self.both(rules, graph)
        assert "values" in ours and not theirs["errors"]
        return {name: data for name, (_, data) in ours["values"].items()}

    def refused(self, rules, graph, code, subject, kind, path=None):
        """TensorFlow says `kind` of error (a letter and number of the reference page), we `code` of `subject`."""
        theirs, ours = self.both(rules, graph, path)
        assert theirs["call"]["id"] == kind
        assert (code, subject) in [(error["code"], error["subject"]) for error in ours["errors"]]


@pytest.fixture
def plain(tmp_path):
    return Fixture(tmp_path, tensors_of(SHAPES))


@pytest.fixture
def parts(tmp_path):
    """Upstream saves this variable in five slices: so does this, but with SLICED=0."""
    return Fixture(tmp_path, tensors_of({"scope/var1": [100, 100]}, FIVE if os.environ.get("SLICED") != "0" else None))


def tool(*arguments):
    done = ckptfs_side.command(ckptfs_side.BUILD / "ckptool", *arguments)
    return done.returncode, done.stdout, done.stderr


# ---- load_variable, list_variables ------------------------------------------------------------------------------------


def test_no_checkpoints(tmp_path):
    with pytest.raises(tf.errors.OpError):
        tf.train.load_variable(str(tmp_path / "no_checkpoints"), "var1")
    status, out, err = tool("cat", tmp_path / "no_checkpoints", "var1")
    assert (status, out) == (1, "") and "no checkpoint" in err


def test_no_tensor(plain):
    with pytest.raises(tf.errors.OpError):
        tf.train.load_variable(str(plain.prefix.parent), "var5")
    status, out, err = tool("cat", plain.prefix.parent, "var5")
    assert (status, out) == (1, "") and "var5" in err


@pytest.mark.parametrize("form", ["directory", "prefix"])
def test_get_tensor(plain, form):
    path = plain.prefix.parent if form == "directory" else plain.prefix
    mount = plain.scratch()
    done = ckptfs_side.command(ckptfs_side.BUILD / "ckptfs", path, mount)
    assert done.returncode == 0, done.stderr
    try:
        for name in SHAPES:
            assert (mount / name).read_bytes() == plain.bytes(name) == tf.train.load_variable(str(path), name).tobytes()
    finally:
        ckptfs_side.unmount(mount)


def test_get_all_variables(plain):
    expected = sorted((name, shape) for name, shape in SHAPES.items())
    assert [(name, list(shape)) for name, shape in tf.train.list_variables(str(plain.prefix.parent))] == expected
    status, out, _ = tool("list", "--json", plain.prefix.parent)
    assert status == 0
    assert [(tensor["name"], tensor["shape"]) for tensor in json.loads(out)["tensors"]] == expected


def test_path_object(plain):
    """Upstream gives a pathlib.Path; on a command line that is a path with a slash at its end, or one with dots."""
    assert [name for name, _ in tf.train.list_variables(plain.prefix.parent)] == sorted(SHAPES)
    for path in (f"{plain.prefix.parent}/", f"{plain.prefix.parent}/../checkpoint/./{plain.prefix.name}"):
        status, out, _ = tool("list", "--json", path)
        assert status == 0 and [tensor["name"] for tensor in json.loads(out)["tensors"]] == sorted(SHAPES)


# ---- init_from_checkpoint ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["resource", "reference"])
def test_variables_and_a_scope(plain, kind):
    other = "some_scope/some_other_scope/other_useful_scope/"
    graph = [variable("some_scope/my1", [1, 10], kind=kind), variable("some_scope/some_other_scope/my2", [10, 10], kind=kind),
             variable(other + "var4", [9, 9], kind=kind), variable("my3", [100, 100], kind=kind)]
    values = plain.assigned([("var1", "some_scope/my1"), ("useful_scope/", other)], graph)
    assert values == {"some_scope/my1": plain.bytes("var1"), other + "var4": plain.bytes("useful_scope/var4")}


def test_pairs_may_repeat_a_source(plain):
    other = "some_scope/some_other_scope/other_useful_scope/"
    graph = [variable("some_scope/my1", [1, 10]), variable("some_scope/some_other_scope/my2", [10, 10]), variable(other + "var4", [9, 9]),
             variable("my3", [100, 100]), variable("my3b", [100, 100])]
    rules = [("var1", "some_scope/my1"), ("var2", "some_scope/some_other_scope/my2"), ("var3", "my3"), ("var3", "my3b"),
             ("useful_scope/", other)]
    values = plain.assigned(rules, graph)
    assert values["my3"] == values["my3b"] == plain.bytes("var3")
    assert len(values) == 5 and values["some_scope/some_other_scope/my2"] == plain.bytes("var2")


def test_values_are_not_in_the_graph(plain):
    """Upstream holds the size of the serialized graph down; here the map and the report stay small, whatever the tensors hold."""
    with tf1.Graph().as_default() as graph:
        tf1.get_variable("my3", [100, 100])
        tf1.train.init_from_checkpoint(str(plain.prefix.parent), {"var3": "my3"})
        assert graph.as_graph_def().ByteSize() < 10000
    _, ours = plain.both([("var3", "my3")], [variable("my3", [100, 100])])
    assert len(json.dumps(ours["report"])) < 10000 < len(plain.bytes("var3"))


@pytest.fixture
def old_conditionals():
    """initialized_value of a reference variable is a conditional that only TensorFlow 1's kind of it can run."""
    new = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    yield
    if new:
        tf1.enable_control_flow_v2()


def test_initial_value_comes_from_checkpoint(plain, old_conditionals):
    with tf1.Graph().as_default():
        my1 = tf1.get_variable("my1", [1, 10], initializer=tf1.zeros_initializer(), use_resource=False)
        before = my1.initialized_value()
        tf1.train.init_from_checkpoint(str(plain.prefix.parent), {"var1": "my1"})
        after = my1.initialized_value()
        with tf1.Session(config=tensorflow_side.config()) as session:
            assert session.run(after).tobytes() == plain.bytes("var1")
            assert session.run(before).tobytes() == bytes(40)
            session.run(my1.initializer)
            assert session.run(after).tobytes() == session.run(before).tobytes() == plain.bytes("var1")
    assert plain.assigned([("var1", "my1")], [variable("my1", [1, 10])]) == {"my1": plain.bytes("var1")}


def test_scope_does_not_capture_suffixes(plain):
    graph = [variable("useful_scope/var4", [9, 9]), variable("useful_scope_1/var5", [1])]
    assert plain.assigned([("useful_scope/", "useful_scope/")], graph) == {"useful_scope/var4": plain.bytes("useful_scope/var4")}


def test_devices_do_not_matter(plain):
    """Upstream: variables on the devices of a cluster that is not there. Our graphs have no devices."""
    with tf1.Graph().as_default():
        with tf1.device("/job:ps"), tf1.variable_scope("useful_scope"):
            tf1.get_variable("var4", [9, 9])
        tf1.train.init_from_checkpoint(str(plain.prefix.parent), {"useful_scope/": "useful_scope/"})
    plain.assigned([("useful_scope/", "useful_scope/")], [variable("useful_scope/var4", [9, 9])])


def all_below(scope):
    return [variable(scope + name, shape) for name, shape in SHAPES.items()]


def test_from_the_root(plain):
    values = plain.assigned([("/", "some_scope/")], all_below("some_scope/"))
    assert values == {"some_scope/" + name: plain.bytes(name) for name in SHAPES}


def test_to_the_root(plain):
    assert plain.assigned([("/", "/")], all_below("")) == {name: plain.bytes(name) for name in SHAPES}


def joined(values, name, count):
    return b"".join(values[f"{name}/part_{i}"] for i in range(count))


def test_partitioned_variables(parts):
    graph = [variable("some_scope/my1", [100, 100], FIVE), variable("some_other_scope/var1", [100, 100], THREE)]
    values = parts.assigned([("scope/var1", "some_scope/my1"), ("scope/", "some_other_scope/")], graph)
    assert joined(values, "some_scope/my1", 5) == joined(values, "some_other_scope/var1", 3) == parts.bytes("scope/var1")
    assert [len(values[f"some_other_scope/var1/part_{i}"]) // 400 for i in range(3)] == [34, 33, 33]


def test_list_of_parts(parts):
    dst = [f"some_scope/my1/part_{i}" for i in range(5)]
    values = parts.assigned([("scope/var1", dst)], [variable("some_scope/my1", [100, 100], FIVE)])
    assert joined(values, "some_scope/my1", 5) == parts.bytes("scope/var1")


GRAPH = [variable("some_scope/my1", [10, 10]), variable("some_scope/my2", [1, 10]), variable("some_scope/my3", [100, 100]),
         variable("useful_scope/var4", [9, 9])]


def test_missing_checkpoint(plain):
    path = plain.folder / "no_dir"
    plain.refused([("var1", "some_scope/my1")], GRAPH, "checkpoint-not-found", str(path), "E2", path)


def test_missing_tensor(plain):
    plain.refused([("no_var", "some_scope/my1")], GRAPH, "tensor-not-found", "no_var", "E4")


def test_missing_variable(plain):
    plain.refused([("var3", "some_scope/no_var")], GRAPH, "variable-not-found", "some_scope/no_var", "E6")


def test_shape_mismatch(plain):
    plain.refused([("var1", "some_scope/my1")], GRAPH, "shape-mismatch", "some_scope/my1", "E5")


def test_scope_with_missing_tensors(plain):
    plain.refused([("useful_scope/", "some_scope/")], GRAPH, "tensor-not-found", "useful_scope/my1", "E7")


def test_variable_to_scope(plain):
    plain.refused([("useful_scope", "some_scope/")], GRAPH, "variable-not-found", "some_scope/", "E6")


def test_no_read_ops_for_resource_variables(plain):
    """Upstream: the call adds no op that reads the variable. Here: to mount reads no data, but for what is verified of each data file."""
    with tf1.Graph().as_default() as graph:
        tf1.get_variable("var1", [1, 10], use_resource=True)

        def reads():
            return sum(op.type == "ReadVariableOp" for op in graph.get_operations())

        before = reads()
        tf1.train.init_from_checkpoint(str(plain.prefix.parent), {"var1": "var1"})
        assert reads() == before
    scratch = plain.scratch()
    (scratch / "map.ini").write_text("[assignment_map]\nvar1 = var1\n", encoding="ascii")
    mount = plain.scratch()
    assert ckptfs_side.command(ckptfs_side.BUILD / "ckptfs", "-o", f"map={scratch / 'map.ini'}", plain.prefix, mount).returncode == 0
    try:
        stats = dict(line.split(" ") for line in (mount / ".ckptfs/stats").read_text().splitlines())
        looked = [size for size in sorted(len(plain.bytes(name)) for name in plain.tensors) if size <= 4096][:4]
        assert (stats["mount.tensors"], stats["mount.bytes"]) == (str(len(looked)), str(sum(looked)))
        assert all(int(value) == 0 for name, value in stats.items() if "bytes" in name and name != "mount.bytes"), stats
        assert (mount / "var1").read_bytes() == plain.bytes("var1")
    finally:
        ckptfs_side.unmount(mount)
