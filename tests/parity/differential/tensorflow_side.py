# SPDX-License-Identifier: Apache-2.0
"""What TensorFlow itself makes of a case: the values of the variables that it assigned, or its errors."""

import os
import re
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf

from . import dtypes, generate

tf1 = tf.compat.v1
tf.get_logger().setLevel("ERROR")

STORAGE = {"qint8": "uint8", "quint8": "uint8", "qint16": "uint16", "quint16": "uint16", "qint32": "int32"}


def config():
    wanted = tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    wanted.graph_options.rewrite_options.disable_meta_optimizer = True
    wanted.graph_options.optimizer_options.opt_level = -1
    return wanted


# ---- the checkpoint --------------------------------------------------------------------------------------------------


def constant(dtype, shape, data):
    storage = STORAGE.get(dtype, dtype)
    value = np.frombuffer(data, tf.as_dtype(storage).as_numpy_dtype).reshape(shape)
    made = tf.constant(value, dtype=storage)
    return made if storage == dtype else tf.bitcast(made, dtype)


def boxes(shape, counts):
    """(start, size) of every part, by the rule of section 6.1 of the reference page."""
    axis = next((i for i, count in enumerate(counts) if count > 1), 0)
    each, longer = divmod(shape[axis], counts[axis])
    at = 0
    for part in range(counts[axis]):
        length = each + (part < longer)
        start, size = [0] * len(shape), list(shape)
        start[axis], size[axis] = at, length
        yield start, size
        at += length


def save(prefix, tensors):
    names, specs, values = [], [], []
    for name, tensor in tensors.items():
        dtype, shape, data = tensor["dtype"], tensor["shape"], bytes.fromhex(tensor["hex"])
        if not tensor.get("slices"):
            names.append(name), specs.append(""), values.append(constant(dtype, shape, data))
            continue
        for start, size in boxes(shape, tensor["slices"]):
            names.append(name)
            specs.append(" ".join(map(str, shape)) + " " + ":".join(f"{a},{n}" for a, n in zip(start, size)))
            values.append(constant(dtype, size, dtypes.cut(data, dtype, shape, start, size)))
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=specs, tensors=values)


def write_checkpoint(checkpoint, folder):
    """Writes the tensors as a Saver would, and the state file. Returns the prefix."""
    folder.mkdir(parents=True)
    prefix, tensors = folder / "model.ckpt-7", checkpoint["tensors"]
    shards = min(checkpoint["shards"], len(tensors))
    if shards < 2:
        save(prefix, tensors)
    else:
        names = list(tensors)
        some = [folder / "temporary" / f"part-{i}" for i in range(shards)]
        for i, one in enumerate(some):
            save(one, {name: tensors[name] for name in names[i::shards]})
        tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[str(one) for one in some], destination_prefix=str(prefix),
                                      delete_old_dirs=True)
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{prefix.name}"\n', encoding="ascii")
    return prefix


def spoilt_checkpoint(form, prefix, scratch):
    """The path to give for a checkpoint of that form, made in `scratch` if it is not the good one."""
    if form == "prefix":
        return prefix
    if form == "directory":
        return prefix.parent
    if form == "absent":
        return scratch / "nowhere" / "model.ckpt-7"
    if form == "absent-directory":
        return scratch / "nowhere"
    damaged = scratch / "damaged"
    damaged.mkdir()
    if form == "empty-directory":
        return damaged
    for path in prefix.parent.iterdir():
        shutil.copy(path, damaged)
    index = damaged / (prefix.name + ".index")
    data = bytearray(index.read_bytes())
    if form == "truncated":
        del data[len(data) // 2:]
    elif form == "emptied":
        data.clear()
    else:
        data[5] ^= 0x40
    index.write_bytes(data)
    return damaged / prefix.name


# ---- the graph -------------------------------------------------------------------------------------------------------


def make_variable(variable):
    """Puts it into the store; returns [(store name, variable)]."""
    name, shape, dtype = variable["name"], variable["shape"], tf.as_dtype(variable["dtype"])
    how = {"dtype": dtype, "use_resource": variable["kind"] == "resource", "initializer": tf1.zeros_initializer()}
    if variable["partition"]:
        made = tf1.get_variable(name, shape, partitioner=lambda shape, dtype: list(variable["partition"]), **how)
        return list(zip(generate.store_names(variable), made))
    if name.endswith("/"):  # the way optimizers make slots: an empty name in a scope
        with tf1.variable_scope(None, name[:-1]):
            return [(name, tf1.get_variable("", [1 if n is None else n for n in shape or []], **how))]
    if shape is not None and None not in shape:
        return [(name, tf1.get_variable(name, shape, **how))]
    partial = tf.TensorShape(shape)
    with tf.variable_creator_scope(lambda create, **more: create(**{**more, "shape": partial})):
        return [(name, tf1.get_variable(name, [1 if n is None else n for n in shape or []], **how))]


def make_graph(case):
    store = {}
    for variable in case["graph"]:
        if variable["dtype"] not in dtypes.KINDS[variable["kind"]]:
            raise ValueError(f"TensorFlow assigns to no {variable['kind']} variable of {variable['dtype']}")
        store.update(make_variable(variable))
    return store


# ---- errors ----------------------------------------------------------------------------------------------------------

# (id, pattern of the text, what the first group names)
TEXTS = [
    ("E1", r"Couldn't find 'checkpoint' file or checkpoints in given directory (.*)"),
    ("E2", r"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for (.*)"),
    ("E4", r"Tensor (.*) is not found in .* checkpoint \{"),
    ("E7", r"Tensor (.*) \(.* in .*\) is not found in .* checkpoint$"),
    ("E5", r"Shape of variable (.*):0 \(.*\) doesn't match with shape of tensor"),
    ("E6", r"Assignment map with scope only name .*should map to scope only (.*)\. Should be"),
    ("E8", r"Slices must all be from the same tensor: (.*) !="),
    ("E9", r"expected dtype \S+ does not equal original dtype"),
    ("E10", r"does not match the shape (?:stored in checkpoint|in the save file)"),
    ("E10", r"Assign requires shapes of both tensors to match"),
    ("E11", r"Dtype \S+ not supported"),
    ("E11", r"Does not have sufficient slices"),
    ("E12", r"'NoneType' object has no attribute"),
]


def classify(error, calling=False):
    text = str(getattr(error, "message", error))
    if not calling:  # the names of nodes and stack traces around the message itself
        text = re.sub(r"\A.*?\nNode: \S+\n|\n\t \[\[.*", "", text, flags=re.S)
    for name, pattern in TEXTS:
        found = re.search(pattern, text, re.S)
        if found:
            return {"id": name, "text": text[:300], "subject": found.group(1) if found.groups() else None}
    if isinstance(error, tf.errors.OpError) and calling:
        return {"id": "E3", "text": text[:300], "subject": None}
    return {"id": "other", "text": f"{type(error).__name__}: {text[:300]}", "subject": None}


# ---- the case --------------------------------------------------------------------------------------------------------


def pairs_of(case, store):
    def target(rule):
        if isinstance(rule["dst"], list):
            return [store[name] for name in rule["dst"]]
        return store.get(rule["dst"], rule["dst"]) if rule.get("object") else rule["dst"]

    return [(rule["src"], target(rule)) for rule in case["rules"]]


def call(path, pairs):
    try:
        tf1.train.init_from_checkpoint(str(path), pairs)
    except Exception as error:  # every class is a result here
        return classify(error, calling=True)
    return None


def errors_by_rule(path, pairs):
    """The error of each rule on its own: the call itself stops at the first."""
    found = {}
    for number, pair in enumerate(pairs):
        error = call(path, [pair])
        if error:
            found[number] = error
    return found


def initialize(store, assigned):
    """(values, errors), by store name."""
    values, errors = {}, {}
    if not assigned:
        return values, errors
    with tf1.Session(config=config()) as session:
        try:
            session.run([store[name].initializer for name in assigned])
            good = assigned
        except tf.errors.OpError:
            good = []
            for name in assigned:
                try:
                    session.run(store[name].initializer)
                    good.append(name)
                except tf.errors.OpError as error:
                    errors[name] = classify(error)
        for name, value in zip(good, session.run([store[name] for name in good]) if good else []):
            value = np.asarray(value)
            values[name] = (list(value.shape), value.tobytes())
    return values, errors


def run(case, path):
    """{"invalid": text} for a graph that cannot be made, {"call": first error, "rules": {number: error}} if the call raised, or
    {"values": {store name: (shape, bytes)}, "errors": {store name: error}}."""
    with tf1.Graph().as_default():
        try:
            store = make_graph(case)
        except (ValueError, TypeError) as error:
            return {"invalid": str(error)[:300]}
        pairs = pairs_of(case, store)
        before = {name: variable.initializer for name, variable in store.items()}
        alone = len({src for src, _ in pairs}) == len(pairs)
        error = call(path, dict(pairs) if alone else pairs)
        if error:
            return {"call": error, "rules": errors_by_rule(path, pairs)}
        assigned = sorted(name for name, variable in store.items() if variable.initializer is not before[name])
        values, errors = initialize(store, assigned)
        return {"values": values, "errors": errors}
