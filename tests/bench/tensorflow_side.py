#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What TensorFlow does in scripts/bench, each in a process of its own (with the interpreter of scripts/venv):

    small PREFIX          write 200 tensors of 64 KiB
    many PREFIX COUNT     write COUNT scalars
    big PREFIX BYTES      write one float32 tensor, "big", of that size
    several PREFIX BYTES  write 64 float32 tensors, of that size together
    legacy PREFIX BYTES   write the tensor of `big` into a V1 file
    varints PREFIX COUNT  write one int32 tensor, "varints", of that many elements into a V1 file
    slices PREFIX BYTES COUNT   write one float32 tensor, "big", of that size in COUNT slices of rows
    operations PREFIX SIDE   write float32 tensors for operations: "square", "x", "y", "z" of [SIDE, SIDE], "part_00" to "part_15", which are
                          16 column slices of one, and "table" of [1000000, 8]
    encoder PREFIX WIDTH LAYERS   write float32 tensors of random numbers as a BERT of that width has them: 16 for each layer, and two tables
    first PREFIX NAME     read one tensor; prints the seconds of load_checkpoint and get_tensor alone
    open PREFIX           open and look up every name; prints the seconds to open, and the anonymous memory that it took
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf


def save(prefix, tensors):
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=list(tensors), shape_and_slices=[""] * len(tensors), tensors=list(tensors.values()))


def small(prefix):
    save(prefix, {f"model/layer_{i:03d}/kernel": tf.fill([128, 128], float(i)) for i in range(200)})


def many(prefix, count):
    # One call with a million inputs takes two minutes; in lots of 20,000, merged by TensorFlow as its Saver does with shards,
    # it is a few seconds, and the merged index is written by the same code.
    one = tf.constant(0.5)
    lots = []
    for start in range(0, count, 20000):
        lots.append(f"{prefix}_temp/part-{len(lots):05d}")
        save(lots[-1], {f"model/layer_{i // 1000:04d}/block/w{i % 1000:03d}": one for i in range(start, min(start + 20000, count))})
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=lots, destination_prefix=prefix, delete_old_dirs=True)


def floats(size):
    import numpy as np

    rows = size // 4096
    values = np.random.default_rng(7).random((min(rows, 4096), 1024), dtype=np.float32)
    return tf.constant(np.concatenate([values] * (rows // len(values))))


def big(prefix, size):
    save(prefix, {"big": floats(size)})


def slices(prefix, size, count):
    rows = size // 4096
    ends = [rows * i // count for i in range(count + 1)]
    values = floats(size)
    specs = [f"{rows} 1024 {first},{end - first}:0,1024" for first, end in zip(ends, ends[1:])]
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=["big"] * count, shape_and_slices=specs, tensors=[values[a:b] for a, b in zip(ends, ends[1:])])


def several(prefix, size):
    one = floats(size // 64)
    save(prefix, {f"w{i:02d}": one for i in range(64)})


def operations(prefix, side):
    square = tf.reshape(floats(side * side * 4), [side, side])
    tensors = {name: square for name in ("square", "x", "y", "z")}
    width = side // 128
    tensors |= {f"part_{i:02d}": tf.reshape(square[i * side // 16 : (i + 1) * side // 16], [-1, width]) for i in range(16)}
    save(prefix, tensors | {"table": tf.reshape(tf.range(8e6), [1_000_000, 8])})


def encoder(prefix, width, layers):
    import numpy as np

    rng = np.random.default_rng(7)
    shapes = {"embeddings/word": [30 * width, width], "embeddings/position": [512, width]}
    for i in range(layers):
        dense = {f"attention/{name}": [width, width] for name in ("query", "key", "value", "output")}
        for name, shape in (dense | {"intermediate": [width, 4 * width], "output": [4 * width, width]}).items():
            shapes |= {f"layer_{i}/{name}/kernel": shape, f"layer_{i}/{name}/bias": shape[1:]}
        shapes |= {f"layer_{i}/{name}/{kind}": [width] for name in ("attention/norm", "norm") for kind in ("gamma", "beta")}
    save(prefix, {name: tf.constant(rng.random(shape, dtype=np.float32)) for name, shape in shapes.items()})


def legacy(prefix, size):
    tf.raw_ops.Save(filename=prefix, tensor_names=["big"], data=[floats(size)])


def varints(prefix, count):
    import numpy as np

    # Of one to five bytes, and some of ten: the negative ones.
    lot = np.arange(1 << 20)
    values = np.random.default_rng(7).integers(-(1 << 20), 1 << 31, len(lot)) >> lot % 31
    values = np.resize(values.astype(np.int32), count)
    tf.raw_ops.Save(filename=prefix, tensor_names=["varints"], data=[tf.constant(values)])


def first(prefix, name):
    start = time.perf_counter()
    value = tf.train.load_checkpoint(prefix).get_tensor(name)
    print(f"{time.perf_counter() - start:.6f} {value.size}")


def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))


def open_(prefix):
    before = anonymous()
    start = time.perf_counter()
    reader = tf.train.load_checkpoint(prefix)
    took = time.perf_counter() - start
    print(f"{took:.6f} {anonymous() - before} {len(reader.get_variable_to_shape_map())}")


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    act = {"small": small, "many": many, "big": big, "several": several, "legacy": legacy, "varints": varints, "slices": slices, "operations": operations, "encoder": encoder, "first": first, "open": open_}[verb]
    act(*(int(a) if a.isdigit() else a for a in arguments))
