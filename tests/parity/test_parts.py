# SPDX-License-Identifier: Apache-2.0
"""The parts of a sharded save, taken as one by their pattern, are what TensorFlow makes of them when it merges them."""

import json
import shutil

import pytest
import tensorflow as tf

from support.tool import out, run

COUNT = 3


def write_parts(folder):
    """What the workers of a save leave: slices of two variables, cut along different axes, and whole tensors of several dtypes."""
    folder.mkdir()
    v = tf.reshape(tf.range(6 * 4, dtype=tf.float32), [6, 4])
    u = tf.reshape(tf.range(2 * 7, dtype=tf.int64), [2, 7])
    whole = [tf.constant(7, tf.int32), tf.constant([b"a", b"", b"ccc"]), tf.constant([[True, False]])]
    columns = [(0, 3), (3, 2), (5, 2)]
    for i, (start, length) in enumerate(columns):
        tensors = {"scope/v": (f"6 4 {2 * i},2:0,4", v[2 * i:2 * i + 2]), "u": (f"2 7 0,2:{start},{length}", u[:, start:start + length]),
                   f"own{i}": ("", whole[i])}
        tf.raw_ops.SaveV2(prefix=str(folder / f"part-{i:05}-of-{COUNT:05}"), tensor_names=list(tensors),
                          shape_and_slices=[spec for spec, _ in tensors.values()], tensors=[tensor for _, tensor in tensors.values()])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("parts")
    write_parts(root / "temp")
    shutil.copytree(root / "temp", root / "copy")  # a merge moves data files
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[str(root / "copy" / f"part-{i:05}-of-{COUNT:05}") for i in range(COUNT)],
                                  destination_prefix=str(root / "merged"), delete_old_dirs=True)
    return root / "temp" / f"part-?????-of-{COUNT:05}", root / "merged"


def test_the_tensors_are_those_of_the_merge(folders):
    parts, merged = (json.loads(out("list", "--json", folder)) for folder in folders)
    assert parts["tensors"] == merged["tensors"] and len(parts["tensors"]) == 5
    assert parts["checkpoint"]["shards"] == merged["checkpoint"]["shards"] == COUNT


def test_the_bytes_are_those_of_the_merge(folders):
    parts, merged = folders
    reader = tf.train.load_checkpoint(str(merged))
    for name in reader.get_variable_to_shape_map():
        assert out("cat", parts, name) == out("cat", merged, name), name
        if name != "own1":
            assert out("cat", parts, name) == reader.get_tensor(name).tobytes(), name
    assert out("cat", parts, "own1") == b"a\n\nccc\n"


def test_tensorflow_reads_what_the_parts_are_exported_to(folders, tmp_path):
    run("export", "--format", "tf", folders[0], tmp_path)
    ours, theirs = tf.train.load_checkpoint(str(tmp_path)), tf.train.load_checkpoint(str(folders[1]))
    shapes = theirs.get_variable_to_shape_map()
    assert ours.get_variable_to_shape_map() == shapes
    assert all((ours.get_tensor(name) == theirs.get_tensor(name)).all() for name in shapes)
