#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Inverts random maps: what chains of operations make of a checkpoint is saved as another one, and the map from the one to the other is to be found
by content: invert.py [N [SEED]]. Prints how many targets came back. Of what is said to be proved nothing may be wrong: what the found map makes is
held against what was saved."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import tensorflow as tf

from parity.operations import chains

BUILD = Path(os.environ.get("CKPTFS_BUILD", Path(__file__).resolve().parents[3] / "build")).resolve()
NOT_SAVED = ("float8_e4m3fnuz", "float8_e5m2fnuz", "float4_e2m1fn")  # by this TensorFlow
EACH, COPIES = 200, 3


class Rearranged(chains.Chain):
    """Chains that leave each element what it is, and lose none: of one or several tensors, joined or split, each by one line."""

    EACH = (chains.Chain.transpose, chains.Chain.squeeze, chains.Chain.expand, chains.Chain.reshape, chains.Chain.flip)

    def joined(self, values):
        axis = self.axis(values[0])
        if axis is not None and self.rng.random() < 0.5:
            return f"concat {axis}", np.concatenate(values, axis)
        axis = self.axis(values[0], 1)
        return f"stack {axis}", np.stack(values, axis)

    def beginning(self):
        first = self.rng.choice(sorted(self.saved))
        alike = [n for n, v in self.saved.items() if v.dtype == self.saved[first].dtype and v.shape == self.saved[first].shape]
        sources = self.rng.sample(alike, self.rng.choice([1, 1, 2, COPIES]))
        return sources, [self.saved[n] for n in sources], []

    def new_line(self, sources, values, ops):
        return sources, values, ops

    def partition(self, sources, ops, value, target):
        self.line(sources, target, ops)
        return self.lines, {target: value}


def save(prefix, tensors):
    names = list(tensors)
    values = [tf.constant(tensors[n]) for n in names]
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=values)


def says_nothing(value):
    """Whether all elements are the same bits, or there is but one, or none."""
    rows = np.atleast_1d(value).reshape(value.size, 1).view(np.uint8) if value.size else value
    return value.size < 2 or bool(np.all(rows == rows[0]))


class Inverter:
    def __init__(self, seed):
        self.seed, self.scratch = seed, Path(tempfile.mkdtemp(prefix="invert-"))
        number = sum(map(ord, str(seed)))
        self.saved = {f"{name}/{i}": value for i in range(COPIES) for name, value in chains.variables(number * COPIES + i).items()
                      if not name.startswith(NOT_SAVED)}
        save(self.scratch / "from", self.saved)

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def made_by_found_map(self):
        """What the found map makes, read by TensorFlow, and the targets that are proved."""
        one, other, out, text = (self.scratch / name for name in ("from", "to", "out", "map.ini"))
        found = subprocess.run([BUILD / "tests" / "found_map", one, other], check=True, capture_output=True, text=True).stdout
        lines = found.splitlines()[1:]
        proved = {name.strip() for why, line in zip(lines[::2], lines[1::2]) if why.startswith("; proved")
                  for name in line.split(" = ")[1].split("|")[0].split(",")}
        text.write_text(found)
        shutil.rmtree(out, ignore_errors=True)
        subprocess.run([BUILD / "ckptool", "export", "-q", "-m", text, "--format", "tf", one, out], check=True, capture_output=True)
        return tf.train.load_checkpoint(str(out)), proved

    def run(self, first, count):
        """Chains first to first + count - 1: how many of their targets came back, and what is wrong, as lines of text."""
        written, expected, outcomes, wrong = {}, {}, Counter(), []
        for number in range(first, first + count):
            lines, targets = Rearranged(random.Random(f"{self.seed}/{number}"), self.saved, self.scratch).run(f"t{number}")
            expected |= {name: np.ascontiguousarray(value).reshape(value.shape) for name, value in targets.items()}
            written |= dict.fromkeys(targets, "; ".join(lines))
        save(self.scratch / "to", expected)
        made, proved = self.made_by_found_map()
        for name, value in expected.items():
            if not made.has_tensor(name):
                outcomes["nothing to prove" if says_nothing(value) else "open"] += 1
                continue
            outcomes["proved" if name in proved else "likely"] += 1
            got = made.get_tensor(name)
            if (got.dtype, got.shape, got.tobytes()) != (value.dtype, value.shape, value.tobytes()):
                wrong.append(f"{written[name]}: {name} is another")
        return outcomes, wrong


def main():
    count, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2] if len(sys.argv) > 2 else "1"
    outcomes, bad = Counter(), 0
    with Inverter(seed) as inverter:
        for first in range(0, count, EACH):
            some, wrong = inverter.run(first, min(EACH, count - first))
            outcomes, bad = outcomes + some, bad + len(wrong)
            print("".join(f"{line}\n" for line in wrong[:10]), end="", flush=True)
    print(f"inverted: {count} chains: {dict(outcomes)}, {bad} wrong (SEED={seed})")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
