#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The time that PyTorch takes for a safetensors file and the sum of every tensor (load_file alone only maps the file).

    "$(scripts/venv frameworks)/bin/python" tests/bench/safetensors_sum.py COUNT FILE...

Each file is read once, and then COUNT times, in turns, so that all files see the same machine. Prints a line for each file, in the
order given: the seconds of the first time, the least and the median of the others (by then the kernel has the pages), and the bytes of its tensors.
"""

import statistics
import sys
import time

import torch
from safetensors.torch import load_file


def load_and_sum(path):
    """(seconds, bytes, sum). The sum is over 64-bit words where it can be, so that reading the memory is what it costs."""
    start = time.perf_counter()
    total = size = 0
    for tensor in load_file(path).values():
        flat = tensor.reshape(-1).view(torch.uint8)
        size += flat.numel()
        words = flat.numel() // 8 * 8
        total += int(flat[:words].view(torch.int64).sum()) + int(flat[words:].sum())
    return time.perf_counter() - start, size, total


def main(count, paths):
    torch.set_num_threads(1)
    times = {path: [] for path in paths}
    int(torch.zeros(8, dtype=torch.uint8).view(torch.int64).sum())  # loads what torch loads late
    first = {path: load_and_sum(path) for path in paths}
    for _ in range(count):
        for path in paths:
            seconds, *rest = load_and_sum(path)
            if tuple(rest) != first[path][1:]:
                sys.exit(f"{path}: holds something else than before")
            times[path].append(seconds)
    for path in paths:
        print(f"{first[path][0]:.6f} {min(times[path]):.6f} {statistics.median(times[path]):.6f} {first[path][1]}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
