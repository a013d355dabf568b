# SPDX-License-Identifier: Apache-2.0
"""Names in mounts: of object-based checkpoints, keys and friendly ones; and such as a terminal does not show."""

import json
import os

import pytest

from support import bundle
from support.paths import GOLDEN

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


def test_names_that_a_terminal_does_not_show(ckptfs, tmp_path):
    """They are file names as they are; the log and the report for people have them escaped, that for programs is exact."""
    names = ["a\u202eb", "c\u200bd", "e\u2066f", "g\u009bh", "i\ufeffj"]
    checkpoint = bundle.write(tmp_path / "c\u202e", {name: (bundle.INT8, [5000], b"\1" * 5000, b"\2") for name in names})
    ini = tmp_path / "m\u2066.ini"
    ini.write_text("[assignment_map]\n/ = /\n/ = /\na\u202eb = again\n")
    mount = ckptfs.mount(checkpoint, map=ini, options="verify", foreground=True)
    assert set(names) < set(os.listdir(mount.path))
    for name in names:
        with pytest.raises(OSError):
            mount.read(name)
        assert os.getxattr(mount / name, "user.ckptfs.name").decode() == name
    assert {t["variable"] for t in mount.report()["targets"]} == {*names, "again"}
    for text in (mount.log_text(), mount.read(".ckptfs/report.txt").decode()):
        assert not set(text) & set("\u202e\u200b\u2066\u009b\ufeff")
    assert "a\\xe2\\x80\\xaeb" in mount.log_text() and "a\\xe2\\x80\\xaeb" in mount.read(".ckptfs/report.txt").decode()
