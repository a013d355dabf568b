#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds random chains of operations, read from a mount, against NumPy: run.py [N [SEED]]."""

import errno
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import tensorflow as tf

from parity.operations import chains

BUILD = Path(os.environ.get("CKPTFS_BUILD", Path(__file__).resolve().parents[3] / "build")).resolve()
EACH = 200


class Runner:
    def __init__(self, seed):
        self.seed = seed
        self.scratch = Path(tempfile.mkdtemp(prefix="operations-"))
        self.saved = chains.variables(1)
        self.prefix = self.scratch / "model"
        names = list(self.saved)
        tf.raw_ops.SaveV2(
            prefix=str(self.prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=[tf.constant(self.saved[n]) for n in names]
        )

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, first, count):
        """Chains first to first + count - 1: the differences, as lines of text."""
        lines, expected, written = [], {}, {}
        for number in range(first, first + count):
            rules, targets = chains.chain_of(self.seed, number, self.saved, self.scratch)
            lines += rules
            expected.update(targets)
            written.update(dict.fromkeys(targets, "; ".join(rules)))
        text = self.scratch / "map.ini"
        text.write_text("[assignment_map]\n" + "\n".join(lines) + "\n")
        point = self.scratch / "mount"
        point.mkdir(exist_ok=True)
        done = subprocess.run([BUILD / "ckptfs", "-m", text, self.prefix, point], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            return [f"no mount: {done.stderr[-2000:]}"]
        try:
            return [problem for name, value in expected.items() for problem in self.compare(point / name, value, written[name])]
        finally:
            subprocess.run(["umount" if os.geteuid() == 0 else "fusermount3", *([] if os.geteuid() == 0 else ["-u"]), point], check=True)

    def compare_unfit(self, path, value, rule):
        if path.stat().st_size != value.nbytes:
            return [f"{rule}: {path.name} has {path.stat().st_size} bytes, expected {value.nbytes}"]
        try:
            path.read_bytes()
        except OSError as error:
            return [] if error.errno == errno.EIO else [f"{rule}: {path.name}: {error}"]
        return [f"{rule}: {path.name} has a value that does not fit, and is read"]

    def compare(self, path, value, rule):
        if isinstance(value, chains.Unfit):
            return self.compare_unfit(path, value, rule)
        value = np.ascontiguousarray(value).reshape(value.shape)
        whole = path.read_bytes()
        if len(whole) != value.nbytes:
            return [f"{rule}: {path.name} has {len(whole)} bytes, expected {value.nbytes}"]
        got = np.frombuffer(whole, value.dtype).reshape(value.shape)
        if not chains.same(got, value):
            return [f"{rule}: {path.name} differs"]
        rng = random.Random(path.name)
        with open(path, "rb") as file:  # parts of it, which begin and end anywhere, past the kernel's cache
            fd = file.fileno()
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            for _ in range(3):
                off = rng.randrange(len(whole) + 1)
                length = rng.choice([1, 3, 17, 1000, 5000])
                if os.pread(fd, length, off) != whole[off : off + length]:
                    return [f"{rule}: {path.name} at {off}, {length} bytes, differs from itself read whole"]
        return []


def main():
    count, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2] if len(sys.argv) > 2 else "1"
    bad = 0
    with Runner(seed) as runner:
        for first in range(0, count, EACH):
            problems = runner.run(first, min(EACH, count - first))
            bad += len(problems)
            for problem in problems[:10]:
                print(problem, flush=True)
    print(f"operations: {count} chains, {bad} differences (SEED={seed})")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
