#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The time that PyTorch takes for a safetensors file and the sum of every tensor (load_file alone only maps the file).

    "$(scripts/venv frameworks)/bin/python" tests/bench/safetensors_sum.py COUNT THREADS FILE...

THREADS is the number that PyTorch works with, 0 for what it takes by itself. Each file is read once, and then COUNT times, in turns, so that
all files see the same machine. They must hold the same tensors. Prints a line for each file, in the order given: the seconds of the first
time, the least and the median of the others (by then the kernel has the pages), and the bytes of its tensors.
"""

import statistics
import struct
import sys
import time

import torch
from safetensors.torch import load_file


def load_and_sum(path):
    """(seconds, bytes, sums)."""
    start = time.perf_counter()
    tensors = load_file(path).values()
    sums = [tensor.sum() for tensor in tensors]
    sums = [float(value) for value in sums]
    return time.perf_counter() - start, sum(tensor.nbytes for tensor in tensors), struct.pack(f"{len(sums)}d", *sums)


def main(count, threads, paths):
    if threads:
        torch.set_num_threads(threads)
    times = {path: [] for path in paths}
    float(torch.zeros(1 << 20).sum())  # loads what torch loads late, starts its threads
    first = {path: load_and_sum(path) for path in paths}
    for _ in range(count):
        for path in paths:
            seconds, *rest = load_and_sum(path)
            if tuple(rest) != first[path][1:]:
                sys.exit(f"{path}: holds something else than before")
            times[path].append(seconds)
    if len({first[path][1:] for path in paths}) != 1:
        sys.exit("the files differ")
    for path in paths:
        print(f"{first[path][0]:.6f} {min(times[path]):.6f} {statistics.median(times[path]):.6f} {first[path][1]}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
