# SPDX-License-Identifier: Apache-2.0
"""Every tensor of every golden checkpoint: `ckptool list` says of it what TensorFlow says, and `ckptool cat` gives TensorFlow's bytes.

The truth is in the truth.json files, which test_golden.py holds against TensorFlow itself. The cases are found, not listed: what is
added to tests/golden is tested here."""

import json
import shutil
import struct

import pytest

from support.paths import GOLDEN
from support.tool import out, run

CASES = sorted(str(p.parent.relative_to(GOLDEN)) for p in GOLDEN.rglob("truth.json")
               if p.relative_to(GOLDEN).parts[0] not in ("maps", "graphs"))
BATCH = 400


def load(case):
    """(what to open, the truth) of a case."""
    folder = GOLDEN / case
    truth = json.loads((folder / "truth.json").read_text(encoding="ascii"))
    if "same_as" in truth:
        truth["tensors"] = json.loads((folder / truth["same_as"]).read_text(encoding="ascii"))["tensors"]
    return folder if truth["checkpoint"] == "." else folder / truth["checkpoint"], truth


def shown(tensor):
    return tensor.get("kind") not in ("variant", "broken")


def content(tensor):
    """The file of a tensor: little-endian in C order; of strings each followed by a newline, of one string its bytes alone."""
    if "values" in tensor:
        strings = [bytes.fromhex(value) for value in tensor["values"]]
        return b"".join(s + b"\n" for s in strings) if tensor["shape"] else strings[0]
    if tensor.get("kind") == "arange":
        return struct.pack(f"<{tensor['bytes'] // 4}f", *range(tensor["bytes"] // 4))
    return bytes.fromhex(tensor["hex"])


def raw(name):
    return name.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("case", CASES)
def test_list(case):
    checkpoint, truth = load(case)
    document = json.loads(out("list", "-q", "--json", checkpoint))
    assert document["checkpoint"]["tensors"] == len(document["tensors"])
    tensors = sorted(truth["tensors"], key=lambda t: raw(t["name"]))
    assert [t["name"] for t in document["tensors"]] == [t["name"] for t in tensors]
    for got, tensor in zip(document["tensors"], tensors):
        assert (got["dtype"], got["shape"]) == (tensor["dtype"], tensor["shape"]), got
        assert ("hidden" in got) == (not shown(tensor)), got
        if "hex" in tensor:
            assert got["bytes"] == tensor["bytes"], got


def operands(checkpoint, tensors):
    """What `cat` is to be given for each: the name, or the path in the mount where the name cannot be an argument."""
    paths = {}
    if any("\0" in t["name"] for t in tensors):
        paths = {t["variable"]: t["path"] for t in json.loads(out("plan", "-q", "--json", checkpoint))["targets"]}
    return [paths[t["name"]] if "\0" in t["name"] else t["name"] for t in tensors]


@pytest.mark.parametrize("case", [case for case in CASES if load(case)[1].get("reads", True)])
def test_cat(case, tmp_path):
    checkpoint, truth = load(case)
    tensors = [t for t in truth["tensors"] if shown(t)]
    arguments = []
    if len(tensors) < len(truth["tensors"]):  # without a map, one that is broken is an error of all
        ini = tmp_path / "map.ini"
        ini.write_text("[assignment_map]\n" + "".join(f"{t['name']} = {t['name']}\n" for t in tensors))
        arguments = ["-m", ini]
    assert tensors
    names = operands(checkpoint, tensors)
    for at in range(0, len(tensors), BATCH):
        wanted = b"".join(map(content, tensors[at:at + BATCH]))
        if out("cat", "-q", *arguments, "--", checkpoint, *names[at:at + BATCH]) == wanted:
            continue
        for name, tensor in zip(names[at:at + BATCH], tensors[at:at + BATCH]):  # which one?
            assert out("cat", "-q", *arguments, "--", checkpoint, name) == content(tensor), tensor["name"]
        pytest.fail("each tensor is right by itself, but not all at once")


BROKEN = [(case, t["name"]) for case in CASES for t in load(case)[1]["tensors"] if t.get("kind") == "broken"]


@pytest.mark.parametrize("case, name", BROKEN)
def test_a_tensor_that_is_not_whole(case, name):
    """TensorFlow refuses it; so do we, and say which tensor and which slices."""
    checkpoint, truth = load(case)
    done = run("cat", "-q", checkpoint, name, status=1)
    assert done.stdout == b""
    (line,) = [line for line in done.stderr.decode().splitlines() if f"'{name}'" in line]
    assert "overlap: slices [0:2] and [1:3] overlap" in line if case == "parts_overlap" else "do not cover it" in line


def test_values_that_nobody_can_read():
    checkpoint, _ = load("variant")
    done = run("cat", "-q", checkpoint, "list", status=1)
    assert done.stdout == b"" and b"'list' cannot be shown: variant tensors have no bytes to show" in done.stderr


def test_files_whose_names_have_another_count_than_the_header(tmp_path):
    """The merge of a worker without tensors: TensorFlow cannot find the data, we take the files that there are. Where it is not certain
    that they are the ones, it is an error."""
    checkpoint, truth = load("empty_worker")
    for tensor in truth["tensors"]:
        done = run("cat", checkpoint, tensor["name"])
        assert done.stdout == bytes.fromhex(tensor["hex"])
        assert b"the header says 3 shards, but the data files are named -of-00002: taking them" in done.stderr
    assert b": 0 damaged" in run("verify", "-q", checkpoint).stdout
    first, second = (checkpoint.with_name(f"merged.ckpt.data-0000{i}-of-00002") for i in range(2))
    short = {second.name: second.read_bytes()[:-1]}
    for name, changes in {"one missing": {second.name: None}, "one short": short, "third of another count": {"merged.ckpt.data-00002-of-00004": b""},
                          "two counts": {"merged.ckpt.data-00000-of-00001": first.read_bytes()}, "named so": {"merged.ckpt.data-00001-of-00003": b""},
                          "more": {"merged.ckpt.data-00002-of-00002": b""}, "leftover": {"merged.ckpt.data-00000-of-00003.tempstate1": b""}}.items():
        copy = tmp_path / name
        shutil.copytree(checkpoint.parent, copy)
        for file, content in changes.items():
            if content is None:
                (copy / file).unlink()
            else:
                (copy / file).write_bytes(content)
        done = run("cat", "-q", copy / checkpoint.name, "a", status=None)
        assert done.returncode == (0 if name == "more" else 1), name
        assert name == "more" or b"-of-00003: the data file is missing" in done.stderr, done.stderr


@pytest.mark.parametrize("case", [case for case in CASES if load(case)[1].get("reads", True)])
def test_verify(case):
    """No tensor is damaged: the checksums are TensorFlow's own."""
    checkpoint, truth = load(case)
    broken = [t["name"] for t in truth["tensors"] if t.get("kind") == "broken"]
    done = run("verify", "-q", checkpoint, status=1 if broken else 0)
    assert f"{len(broken)} damaged".encode() in done.stdout
    assert all(f"{name}: ".encode() in done.stdout for name in broken)


def test_oldest_saved_model(tmp_path):
    """TensorFlow 0.12 called the variables of a SavedModel otherwise."""
    checkpoint, truth = load("saved_model_v1")
    shutil.copytree(checkpoint, tmp_path / "model")
    for path in (tmp_path / "model" / "variables").iterdir():
        path.rename(path.with_name(path.name.replace("variables", "saved_model_variables")))
    for tensor in truth["tensors"]:
        assert out("cat", "-q", tmp_path / "model", tensor["name"]) == content(tensor)


def test_one_shard_of_a_v1_checkpoint(tmp_path):
    """TensorFlow gives uninitialized memory for the slices that are in other shards; we refuse, and read what is whole."""
    _, truth = load("v1_sharded")
    tensors = {t["name"]: t for t in truth["tensors"]}
    shards = sorted((GOLDEN / "v1_sharded").glob("model.ckpt-7-0*"))
    assert len(shards) == 3
    whole, cut = set(), 0
    for shard in shards:
        document = json.loads(out("list", "-q", "--json", shard))
        for listed in document["tensors"]:
            name = listed["name"]
            assert (listed["dtype"], listed["shape"]) == (tensors[name]["dtype"], tensors[name]["shape"])
            if tensors[name].get("kind") == "sliced":
                done = run("cat", "-q", shard, name, status=1)
                assert done.stdout == b"" and f"'{name}'".encode() in done.stderr and b"do not cover it" in done.stderr
                cut += 1
                continue
            assert out("cat", "-q", "-a", f"{name}={name}", shard, name) == content(tensors[name])
            whole.add(name)
    assert cut == 2 and len(whole) == len(tensors) - 1
