# SPDX-License-Identifier: Apache-2.0
"""The golden checkpoints and what their tensors hold (tests/golden/**/truth.json, which does not come from our code)."""

import json
import struct

from support.paths import GOLDEN


class Golden:
    def __init__(self, folder):
        self.folder = folder
        truth = json.loads((folder / "truth.json").read_text())
        self.checkpoint = str(folder / truth["checkpoint"]) if truth.get("checkpoint") else None
        if "same_as" in truth:
            truth = json.loads((folder / truth["same_as"]).read_text())
        self.shown = {}  # name or path -> (dtype, shape, bytes)
        self.hidden = set()
        for t in truth.get("targets", truth.get("tensors", [])) or []:
            name = t.get("path", t.get("name"))
            if t.get("kind") == "arange":
                t["hex"] = struct.pack(f"<{t['bytes'] // 4}f", *range(t["bytes"] // 4)).hex()
            if t.get("kind") == "string":
                values = [bytes.fromhex(value) for value in t["values"]]
                t["hex"] = (b"".join(v + b"\n" for v in values) if t["shape"] else values[0]).hex()
            if "hex" in t:
                self.shown[name] = (t["dtype"], t["shape"], bytes.fromhex(t["hex"]))
            else:
                self.hidden.add(name)

    @property
    def map(self):
        return self.folder / "map.ini"


def golden(name):
    return Golden(GOLDEN / name)


def reads(path):
    """Whether all of a checkpoint can be shown; TensorFlow cannot read these either."""
    truth = json.loads(path.read_text())
    return truth.get("reads", True) and all(t.get("kind") != "broken" for t in truth.get("tensors", []))


CHECKPOINTS = sorted(str(p.parent.relative_to(GOLDEN)) for p in GOLDEN.glob("**/truth.json")
                     if p.parent.parent.name not in ("maps", "graphs") and reads(p))
MAPS = sorted(str(p.parent.relative_to(GOLDEN)) for p in GOLDEN.glob("maps/*/truth.json"))
