#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what `ckptool plan` makes of random maps with wildcards against model.py: run.py [N [SEED]]."""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from parity.language import cases, model
from support import bundle

BUILD = Path(os.environ.get("CKPTFS_BUILD", Path(__file__).resolve().parents[3] / "build")).resolve()


def planned(scratch, known, text):
    """What ckptool makes of it: {target: (shape, sources)}, or the messages."""
    prefix, file = scratch / "model", scratch / "map.ini"
    bundle.write(prefix, {n: (bundle.FLOAT32, shape, bytes(4 * math.prod(shape))) for n, shape in known.items()})
    file.write_text(text)
    done = subprocess.run([BUILD / "ckptool", "plan", "--json", "-m", file, prefix], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    plan = json.loads(done.stdout)
    assert done.returncode == bool(plan["errors"]), done.stderr
    if plan["errors"]:
        return "; ".join(e["message"] for e in plan["errors"])
    return {t["variable"]: (tuple(t["shape"]), t["sources"]) for t in plan["targets"]}


def difference(scratch, known, rules, drop=(), keep=()):
    """None, or what differs; and whether the map is one that goes."""
    text = cases.text(rules, drop, keep)
    try:
        expected = model.resolve(known, rules, drop, keep)
    except model.Refused as refused:
        expected = str(refused)
    got = planned(scratch, known, text)
    goes = isinstance(expected, dict)
    if goes != isinstance(got, dict) or goes and got != expected:
        return f"{known}\n{text}expected {expected}\ngot      {got}", goes
    return None, goes


def run(seed, first, count):
    """Cases first to first + count - 1: what differs, and how many maps go."""
    scratch = Path(tempfile.mkdtemp(prefix="language-"))
    try:
        found = [difference(scratch, *cases.case(seed, number)) for number in range(first, first + count)]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return [problem for problem, _ in found if problem], sum(goes for _, goes in found)


def main():
    count, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2] if len(sys.argv) > 2 else "1"
    problems, went = run(seed, 0, count)
    for problem in problems[:20]:
        print(problem, flush=True)
    print(f"language: {count} maps, {went} of which go, {len(problems)} differences (SEED={seed})")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
