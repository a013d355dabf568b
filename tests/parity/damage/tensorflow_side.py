# SPDX-License-Identifier: Apache-2.0
"""What TensorFlow says of damaged checkpoints: a process that imports it once and forks for each job, since some jobs end in an abort.

    python tensorflow_side.py < JOBS > ANSWERS

A job is a line of JSON: `how` is "restore" (the op RestoreV2), "open" (load_checkpoint), "get" (get_tensor of the reader) or "list";
`prefix`, and for most `tensor`, `dtype` and `spec`. An answer is one too: `hex` of the bytes, `error` with TensorFlow's text, or
`signal` that ended the process."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf  # imported only: threads start with the first op, which is in a child

PATIENCE = 30  # seconds for a job


def image(value):
    if getattr(value, "dtype", None) == object or isinstance(value, bytes):
        return b"".join(v + b"\n" for v in np.asarray(value, dtype=object).reshape(-1).tolist()).hex()
    return np.asarray(value).tobytes().hex()


def answer(job):
    try:
        if job["how"] == "restore":
            (value,) = tf.raw_ops.RestoreV2(
                prefix=job["prefix"], tensor_names=[job["tensor"]], shape_and_slices=[job.get("spec", "")],
                dtypes=[tf.as_dtype(job.get("dtype", "float32"))],
            )  # fmt: skip
            return {"hex": image(value.numpy())}
        reader = tf.train.load_checkpoint(job["prefix"])
        if job["how"] == "get":
            return {"hex": image(reader.get_tensor(job["tensor"]))}
        return {"names": sorted(reader.get_variable_to_shape_map())} if job["how"] == "list" else {}
    except Exception as error:
        return {"error": getattr(error, "message", None) or str(error), "class": type(error).__name__}


def run(job):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        quiet = os.open("/dev/null", os.O_WRONLY)
        os.dup2(quiet, 2)  # what a dying TensorFlow has to say of its stack
        import resource
        import signal

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.alarm(PATIENCE)
        os.write(write, json.dumps(answer(job)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return json.loads(text)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
