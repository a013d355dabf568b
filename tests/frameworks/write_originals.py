# SPDX-License-Identifier: Apache-2.0
"""Run by the Python that has TensorFlow: writes the checkpoints that a JSON file lists.

    python write_originals.py LIST

LIST has {PREFIX: {"arrays": NPZ, "objects": whether its names are paths of objects}}. What is not of objects is what a Saver writes;
of objects, it is what tf.train.Checkpoint writes of the objects at those paths."""

import json
import sys

import numpy as np
import tensorflow as tf


def write_names(prefix, arrays):
    names = sorted(arrays)
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names),
                      tensors=[tf.constant(arrays[name]) for name in names])


def objects(tree):
    if isinstance(tree, np.ndarray):
        return tf.Variable(tree)
    made = tf.Module()
    for name, below in tree.items():
        setattr(made, name, objects(below))
    return made


def write_objects(prefix, arrays):
    tree = {}
    for path, array in arrays.items():
        *scopes, last = path.replace("..", ".").split("/")  # a key has two for one
        at = tree
        for scope in scopes:
            at = at.setdefault(scope, {})
        at[last] = array
    tf.train.Checkpoint(objects(tree)).write(prefix)


def main(path):
    with open(path) as file:
        wanted = json.load(file)
    for prefix, what in wanted.items():
        with np.load(what["arrays"]) as file:
            arrays = dict(file)
        (write_objects if what["objects"] else write_names)(prefix, arrays)


main(sys.argv[1])
