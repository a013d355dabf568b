# SPDX-License-Identifier: Apache-2.0
"""Mounts of object-based checkpoints, by their keys and by their friendly names."""

import json
import os

import pytest
from conftest import GOLDEN

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
FIRST = "model/layers/0/w" + VALUE


def values(folder):
    tensors = json.loads((GOLDEN / folder / "truth.json").read_text())["tensors"]
    return {t["name"]: bytes.fromhex(t["hex"]) for t in tensors if "hex" in t}


def test_the_view_goes_by_friendly_names(ckptfs):
    truth = values("objects")
    mount = ckptfs.mount(GOLDEN / "objects", options="names=friendly")
    assert mount.read("net/first/w") == truth[FIRST]
    assert mount.read("net/first/w.d/m") == truth["model/layers/0/w/.OPTIMIZER_SLOT/optimizer/m" + VALUE]
    assert mount.read("model/twins/1") == truth["model/twins/1" + VALUE]
    assert os.getxattr(mount / "net/first/w", "user.ckptfs.source") == b"net/first/w"
    targets = {t["path"]: t for t in json.loads(mount.read(".ckptfs/report.json"))["targets"]}
    assert targets["net/first/w"]["keys"] == [FIRST]
    assert all(mount.read(path) == truth[target["keys"][0]] for path, target in targets.items()
               if target["dtype"] != "string")


def test_the_view_goes_by_keys(ckptfs, tmp_path):
    truth = values("objects")
    (tmp_path / "map.ini").write_text("[assignment_map]\nnet/first/w = a\nmodel/half" + VALUE + " = b\n")
    mount = ckptfs.mount(GOLDEN / "objects", map=tmp_path / "map.ini")
    assert mount.read("a") == truth[FIRST]
    assert mount.read("b") == truth["model/half" + VALUE]


@pytest.mark.parametrize("folder", ["saved_model", "saved_model_v1"])
def test_a_saved_model_is_mounted(ckptfs, folder):
    mount = ckptfs.mount(GOLDEN / folder / "saved_model")
    for name, value in values(folder).items():
        assert mount.read(name) == value
