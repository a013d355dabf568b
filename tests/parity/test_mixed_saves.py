# SPDX-License-Identifier: Apache-2.0
"""What TensorFlow's own saves look like when the index of one meets the data of the next: TensorFlow refuses each tensor by its checksum, here the mount
does not begin. And a damaged tensor gets a right checksum nowhere."""

import shutil

import pytest
import tensorflow as tf

from .differential import ckptfs_side


def save_by_name(folder, step):
    graph = tf.Graph()
    with graph.as_default():
        kernel = tf.compat.v1.get_variable("net/kernel", [40, 40], initializer=tf.constant_initializer(float(step)))
        variables = [kernel, tf.compat.v1.get_variable("net/bias", [40], initializer=tf.constant_initializer(step / 7)),
                     tf.compat.v1.get_variable("global_step", [], tf.int64, initializer=tf.constant_initializer(step))]
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            return tf.compat.v1.train.Saver(variables).save(session, str(folder / "model"), write_meta_graph=False)


def save_by_object(folder, step):
    checkpoint = tf.train.Checkpoint(kernel=tf.Variable(tf.fill([40, 40], float(step))), bias=tf.Variable(tf.fill([40], step / 7)),
                                     step=tf.Variable(step, dtype=tf.int64))
    return checkpoint.write(str(folder / "model"))


def key_of(name, save):
    return name if save is save_by_name else f"{name.rsplit('/', 1)[-1]}/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.mark.parametrize("save", [save_by_name, save_by_object])
def test_the_index_of_one_save_over_the_data_of_the_next(tmp_path, save):
    folders = [tmp_path / str(step) for step in (1, 2)]
    for step, folder in enumerate(folders, 1):
        folder.mkdir()
        save(folder, step)
    shutil.copy(folders[1] / "model.data-00000-of-00001", folders[0])
    prefix = folders[0] / "model"
    with pytest.raises(tf.errors.OpError, match="[Cc]hecksum does not match"):
        tf.train.load_checkpoint(str(prefix)).get_tensor(key_of("net/kernel", save))
    done = ckptfs_side.command(ckptfs_side.BUILD / "ckptool", "plan", prefix)
    assert done.returncode == 1 and "most likely the index is of one save" in done.stderr, done.stderr


@pytest.mark.parametrize("save", [save_by_name, save_by_object])
def test_a_damaged_tensor_under_a_cast(tmp_path, save):
    save(tmp_path, 1)
    prefix, key = tmp_path / "model", key_of("net/kernel", save)
    data = tmp_path / "model.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[content.find(b"\0\0\x80\x3f" * 100) + 1001] ^= 1
    data.write_bytes(content)
    with pytest.raises(tf.errors.OpError, match="[Cc]hecksum does not match"):
        tf.train.load_checkpoint(str(prefix)).get_tensor(key)
    (tmp_path / "map.ini").write_text(f"[assignment_map]\n{key} = v | cast float64\n", encoding="ascii")
    mount = tmp_path / "mount"
    mount.mkdir()
    assert ckptfs_side.command(ckptfs_side.BUILD / "ckptfs", "-o", f"map={tmp_path / 'map.ini'}", prefix, mount).returncode == 0
    try:
        with pytest.raises(tf.errors.OpError):
            tf.train.load_checkpoint(str(mount)).get_tensor("v")
    finally:
        ckptfs_side.unmount(mount)
