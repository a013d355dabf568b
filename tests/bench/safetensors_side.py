#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the safetensors library does in scripts/bench, each in a process of its own (with the interpreter of scripts/venv):

    small PATH COUNT   write COUNT float32 tensors of 16 KiB
    many PATH COUNT    write COUNT scalars; the header is written here, as the library would in a minute
    first PATH NAME    safe_open and get_tensor of one tensor; prints their seconds alone
"""

import json
import struct
import sys
import time


def small(path, count):
    import numpy as np
    from safetensors.numpy import save_file

    save_file({f"model.layers.{i}.weight": np.full([64, 64], i, np.float32) for i in range(int(count))}, path)


def many(path, count):
    count = int(count)
    entries = ",".join(f'"model.{i // 1000}.w{i % 1000}":{{"dtype":"F32","shape":[],"data_offsets":[{4 * i},{4 * i + 4}]}}' for i in range(count))
    header = ('{"__metadata__":' + json.dumps({"format": "pt"}) + "," + entries + "}").encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + bytes(4 * count))


def first(path, name):
    start = time.perf_counter()
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        file.get_tensor(name)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    {"small": small, "many": many, "first": first}[sys.argv[1]](*sys.argv[2:])
