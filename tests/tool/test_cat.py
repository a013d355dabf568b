# SPDX-License-Identifier: Apache-2.0
"""ckptool cat: bytes of every golden tensor and target; what it refuses."""

import io
import json
import os
import shutil
import subprocess

import numpy
import pytest

from support import encoder
from support.bundle import write_checkpoint
from support.paths import GOLDEN, TOOL
from support.tool import MAPS, STRINGS, V1, V2, is_shown, map_truth, on_terminal, out, run, truth

DEMO = GOLDEN / "demo"


def batches(items, size=200):
    return [items[i:i + size] for i in range(0, len(items), size)]


@pytest.mark.parametrize("folder", V2 + V1 + STRINGS)
def test_cat_by_name_is_the_truth(folder):
    prefix, tensors = truth(folder)
    tensors = [t for t in tensors if is_shown(t) and "\0" not in t["name"]]
    if len(tensors) > 100:  # many small ones: several in one run
        for batch in batches(tensors):
            assert out("cat", "-q", "--", prefix, *(t["name"] for t in batch)).hex() == "".join(t["hex"] for t in batch)
        return
    for tensor in tensors:
        assert out("cat", "-q", "--", prefix, tensor["name"]).hex() == tensor["hex"], tensor["name"]


@pytest.mark.parametrize("folder", ["names", "slots", "shapes"])
def test_cat_by_path_of_the_mount_is_the_truth(folder):
    prefix, tensors = truth(folder)
    hexes = {t["name"]: t["hex"] for t in tensors}
    checked = 0
    for target in json.loads(out("plan", "-q", "--json", prefix))["targets"]:
        if target["path"] not in hexes or target["path"] == target["variable"]:  # an exact name comes first
            assert out("cat", "-q", "--", prefix, target["path"]).hex() == hexes[target["variable"]], target
            checked += 1
    assert checked > len(tensors) / 2


@pytest.mark.parametrize("name", MAPS)
def test_cat_of_mapped_targets_is_the_truth(name):
    map_path, checkpoint, data = map_truth(name)
    for target in data["targets"]:
        assert out("cat", "-q", "-m", map_path, checkpoint, target["path"]).hex() == target["hex"], target["path"]
    everything = run("cat", "-m", map_path, checkpoint, *(t["path"] for t in data["targets"])).stdout
    assert everything.hex() == "".join(t["hex"] for t in data["targets"])


def test_cat_options_may_follow_operands():
    map_path, checkpoint, data = map_truth("one_to_one")
    assert out("cat", checkpoint, "step", "-m", map_path).hex() == "e803000000000000"
    assert out("cat", checkpoint, "--map", map_path, "step").hex() == "e803000000000000"


def test_cat_of_big_tensors(tmp_path):
    block = os.urandom(1007)
    content = block * 3001  # of a length that no buffer has
    prefix = write_checkpoint(tmp_path / "c", {b"big": (4, [len(content)], content)}, checksums=False,
                              crc_of={b"big": encoder.masked_repeated(block, 3001)})
    assert out("cat", prefix, "big") == content
    assert out("cat", prefix, "big", "big") == content * 2


def test_cat_needs_only_the_shards_of_its_targets(tmp_path):
    for file in (GOLDEN / "sharded").iterdir():
        shutil.copy(file, tmp_path)
    prefix = tmp_path / "model.ckpt-7"
    tensors = {t["name"]: t for t in json.loads(out("list", "--json", prefix))["tensors"]}
    hexes = {t["name"]: t["hex"] for t in truth("sharded")[1]}
    os.unlink(f"{prefix}.data-00001-of-00003")
    for name, tensor in tensors.items():
        if tensor["shard"] != 1:
            assert out("cat", prefix, name).hex() == hexes[name]
        else:
            done = run("cat", prefix, name, status=1)
            assert done.stdout == b"" and b"data-00001-of-00003" in done.stderr


def test_cat_reports_every_wrong_path_before_any_output():
    done = run("cat", GOLDEN / "demo", "some_var", "some_va", "some_scope", ".ckptfs/stats", "table/x", status=1)
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 4
    assert "'some_va' is not in the view; did you mean 'some_var'" in lines[0]
    assert "'some_scope' is a scope" in lines[1]
    assert "'.ckptfs/stats' is not a tensor" in lines[2]
    assert "'table/x' is not in the view" in lines[3]


def test_cat_says_why_a_tensor_is_hidden():
    assert b"'list' cannot be shown: variant" in run("cat", GOLDEN / "variant" / "variant.ckpt", "list", status=1).stderr
    map_path, checkpoint, _ = map_truth("one_to_one")
    done = run("cat", "-m", map_path, checkpoint, "table", status=1)
    assert b"the map does not show it" in done.stderr


@pytest.mark.parametrize("change", ["short", "gone", "folder", "fifo"])
def test_cat_with_bad_data_files(tmp_path, change):
    for file in (GOLDEN / "demo").iterdir():
        shutil.copy(file, tmp_path)
    shard = tmp_path / "model.ckpt-1000.data-00000-of-00001"
    content = shard.read_bytes()
    shard.unlink()
    if change == "short":
        shard.write_bytes(content[:100])
    elif change == "folder":
        shard.mkdir()
    elif change == "fifo":
        os.mkfifo(shard)
    done = run("cat", tmp_path, "some_var", status=1)
    assert done.stdout == b"" and shard.name.encode() in done.stderr


def test_cat_bytes_to_a_terminal_are_refused():
    status, text = on_terminal("cat", GOLDEN / "demo", "some_var")
    assert status == 2 and b"--text" in text and b"-f" in text
    status, text = on_terminal("cat", "--text", GOLDEN / "demo", "global_step")
    assert (status, text) == (0, b"1000\n")
    status, text = on_terminal("cat", "-f", GOLDEN / "names" / "names.ckpt", "x")
    assert status == 0 and text.replace(b"\n", b"")


@pytest.mark.parametrize("arguments", [["list"], ["plan"], ["plan", "--json"], ["cat", "--text"]])
def test_a_closed_pipe_is_quiet(arguments):
    prefix, tensors = truth("big_index")
    operands = [t["name"] for t in tensors[:1500]] if arguments[0] == "cat" else []
    command = [TOOL, *arguments, str(prefix), *operands]
    for restore in (True, False):  # SIGPIPE as a shell leaves it, and ignored
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, restore_signals=restore)
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=60) in (1, -13)


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["plan"], ["plan", "--json"], ["cat"], ["cat", "--text"]])
def test_a_full_disk_is_an_error(arguments):
    operands = ["some_var"] if arguments[0] == "cat" else []
    with open("/dev/full", "wb") as full:
        done = subprocess.run([TOOL, *arguments, GOLDEN / "demo", *operands], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert done.stderr == b"ckptool: standard output: cannot write: No space left on device\n"


def test_a_closed_output_is_an_error():
    done = subprocess.run(["sh", "-c", f'exec "{TOOL}" cat "{GOLDEN}/demo" some_var >&-'], stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(b"ckptool: standard output: cannot write: ")


def test_cat_says_what_does_not_fit(tmp_path):
    path = tmp_path / "map.ini"
    path.write_text("[assignment_map]\n~ = ~big | fill 2000000000 [3] int32\n~big = made/of/nothing | scale 2\n~big = half | slice 1: | scale 1\n")
    assert out("cat", "-m", path, GOLDEN / "demo", "half") == (2000000000).to_bytes(4, "little") * 2
    done = run("cat", "-m", path, GOLDEN / "demo", "made/of/nothing", status=1)
    assert done.stdout == b"" and b"made/of/nothing: a value that is computed does not fit int32" in done.stderr


def arrays(content):
    """The arrays of .npy files that follow each other."""
    file = io.BytesIO(content)
    while file.tell() < len(content):
        yield numpy.load(file)


@pytest.mark.parametrize("folder", [folder for folder in V2 + V1 if not folder.startswith("names")])
def test_cat_npy_is_what_an_export_has(folder, tmp_path):
    prefix, _ = truth(folder)
    out("export", "-q", "--format", "npy", prefix, tmp_path / "out")
    files = sorted((tmp_path / "out").rglob("*.npy"))
    assert files
    for file in files[:50]:
        path = str(file.relative_to(tmp_path / "out")).removesuffix(".npy")
        assert out("cat", "-q", "--npy", "--", prefix, path) == file.read_bytes(), path


def test_cat_npy_of_several_is_one_after_the_other():
    found = list(arrays(out("cat", "--npy", GOLDEN / "demo", "some_scope/layer/bias", "global_step", "table")))
    assert [array.shape for array in found] == [(5,), (), (11, 3)] and found[0].tolist() == [-2, -1, 0, 1, 2]


def test_cat_npy_of_a_partitioned_variable_is_all_of_it():
    whole, part = arrays(out("cat", "--npy", "-a", "table = e | partition 5,1", GOLDEN / "demo", "e", "e/part_1"))
    assert whole.tolist() == next(arrays(out("cat", "--npy", GOLDEN / "demo", "table"))).tolist()
    assert part.tolist() == whole[3:5].tolist()


@pytest.mark.parametrize("folder", STRINGS)
def test_cat_npy_of_strings(folder):
    prefix, tensors = truth(folder)
    checked = 0
    for tensor in (t for t in tensors if t["dtype"] == "string" and is_shown(t) and "\0" not in t["name"]):
        array = next(arrays(out("cat", "--npy", "-q", "--", prefix, tensor["name"])))
        assert list(array.shape) == tensor["shape"] and array.dtype.kind == "S"
        checked += 1
    assert checked


@pytest.mark.parametrize("arguments, status, words", [
    (["--npy", "--text", DEMO, "table"], 2, "--npy and --text exclude each other"), (["--npy=x", DEMO, "table"], 2, "takes no value"),
    (["--npy", DEMO, "some_scope"], 1, "is a scope of the view"), (["--npy", DEMO, "tabel"], 1, "did you mean 'table'"),
    (["--npy", "-a", "table = t | reshape " + " ".join(["1"] * 63) + " 11 3", DEMO, "t"], 1, "cannot be a .npy file: arrays of NumPy have 64")])
def test_cat_npy_refuses(arguments, status, words):
    done = run("cat", *arguments, status=status)
    assert done.stdout == b"" and words in done.stderr.decode()
