# SPDX-License-Identifier: Apache-2.0
"""safetensors as a checkpoint: how it is found, what is said of it, and that every tensor is what the library was given."""

import json
import os
import shutil
import struct

import pytest

from support.bundle import FLOAT32
from support.bundle import write as write_bundle
from support.paths import BUILD, TOOL
from support.safetensors_files import GOLDENS, Golden, encode, write
from support.tool import out, run

W = {"w": ("F32", [2], struct.pack("<2f", 1, 2))}
V = {"v": ("U8", [3], b"abc")}


def names(*args):
    return [line.split("\t")[0] for line in out("list", *args).decode().splitlines()]


def errors(*args):
    return run(*args, status=1).stderr.decode().splitlines()


# ---- the goldens


@pytest.mark.parametrize("name", GOLDENS)
def test_list_and_cat_are_what_the_library_was_given(name):
    golden = Golden(name)
    document = json.loads(out("list", "--json", golden.checkpoint))
    assert document["checkpoint"]["format"] == "safetensors"
    found = {t["name"]: t for t in document["tensors"]}
    assert set(found) == set(golden.tensors)
    for tensor, (dtype, shape, data) in golden.tensors.items():
        assert found[tensor]["shape"] == shape and found[tensor]["bytes"] == len(data)
        assert ("hidden" in found[tensor]) == (tensor not in golden.shown), tensor
        if tensor not in golden.shown:
            assert dtype in found[tensor]["hidden"]
            continue
        assert found[tensor]["dtype"] == golden.shown[tensor][0]
    targets = json.loads(out("plan", "--json", golden.checkpoint))["targets"]
    assert {t["variable"] for t in targets} == set(golden.shown)
    for target in targets:
        assert out("cat", golden.checkpoint, target["path"]) == golden.shown[target["variable"]][2], target


@pytest.mark.parametrize("name", GOLDENS)
def test_exports_hold_every_tensor(name, tmp_path):
    """Read back by ourselves as a checkpoint of each format: nothing is lost on the way, and there."""
    golden = Golden(name)
    for form in "tf", "safetensors":
        run("export", "-q", "--format", form, golden.checkpoint, tmp_path / form)
    for form in "tf", "safetensors":
        found = {t["name"]: t for t in json.loads(out("list", "--json", tmp_path / form))["tensors"]}
        assert {(n, t["dtype"], tuple(t["shape"])) for n, t in found.items()} == {(n, d, tuple(s)) for n, (d, s, _) in golden.shown.items()
                                                                                  if form == "tf" or len(s) <= 64}
    for tensor, (_, _, data) in golden.shown.items():
        if tensor.startswith(("t/", "layer", "model.")):
            for form in "tf", "safetensors":
                assert out("cat", tmp_path / form, tensor) == data, (form, tensor)
    assert b" 0 damaged" in out("verify", "-q", tmp_path / "tf")


# ---- how it is found


def test_a_file_by_its_name_and_by_its_bytes(tmp_path):
    write(tmp_path / "x.safetensors", W)
    write(tmp_path / "blob", V)
    assert names(tmp_path / "x.safetensors") == ["w"]
    assert names(tmp_path / "blob") == ["v"]


def test_the_only_file_of_a_directory(tmp_path):
    write(tmp_path / "any.safetensors", W)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.model").write_bytes(b"x" * 100)
    assert names(tmp_path) == names(f"{tmp_path}/") == ["w"]


def test_a_model_among_other_files_is_taken_with_a_warning(tmp_path):
    write(tmp_path / "model.safetensors", W)
    write(tmp_path / "adapter_model.safetensors", V)
    done = run("list", tmp_path)
    assert done.stdout.startswith(b"w\t")
    assert b"holds 2 safetensors files, taking " in done.stderr and b"model.safetensors" in done.stderr


def test_several_models_are_not_guessed(tmp_path):
    write(tmp_path / "one.safetensors", W)
    write(tmp_path / "two.safetensors", V)
    (line, *nearest) = errors("list", tmp_path)
    assert "2 safetensors files, of which none is called model: name one" in line
    assert "one.safetensors" in "".join([line, *nearest])


def write_shards(folder, index="model.safetensors.index.json"):
    write(folder / "model-00001-of-00002.safetensors", W)
    write(folder / "model-00002-of-00002.safetensors", V)
    if index:
        where = {"w": "model-00001-of-00002.safetensors", "v": "model-00002-of-00002.safetensors"}
        (folder / index).write_text(json.dumps({"metadata": {"total_size": 11}, "weight_map": where}))


@pytest.mark.parametrize("index", ["model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.json"])
def test_an_index_in_a_directory(tmp_path, index):
    write_shards(tmp_path, index)
    assert names(tmp_path) == names(tmp_path / index) == ["v", "w"]
    document = json.loads(out("list", "--json", tmp_path))["checkpoint"]
    assert document == {"path": str(tmp_path / index), "format": "safetensors", "shards": 2, "tensors": 2}


def test_two_indexes(tmp_path):
    write_shards(tmp_path, "model.safetensors.index.json")
    shutil.copy(tmp_path / "model.safetensors.index.json", tmp_path / "other.safetensors.index.json")
    assert names(tmp_path) == ["v", "w"]
    os.rename(tmp_path / "model.safetensors.index.json", tmp_path / "another.safetensors.index.json")
    assert "2 indexes of safetensors files" in errors("list", tmp_path)[0]


def test_an_index_beside_a_whole_model(tmp_path):
    write_shards(tmp_path)
    write(tmp_path / "model.safetensors", {"whole": V["v"]})
    done = run("list", tmp_path)
    assert done.stdout.startswith(b"v\t") and b"taking the index" in done.stderr


def test_shards_without_an_index(tmp_path):
    write_shards(tmp_path, None)
    done = run("list", tmp_path)
    assert done.stdout.startswith(b"v\t") and b"no index of its safetensors files, taking all of " in done.stderr
    assert names(tmp_path / "model-*-of-*.safetensors") == ["v", "w"]
    assert names(tmp_path / "model-*1-of-*.safetensors") == ["w"]
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    assert names(tmp_path / "model-*.safetensors") == ["w"]


def test_shards_of_which_one_is_missing(tmp_path):
    write(tmp_path / "m-00001-of-00003.safetensors", W)
    write(tmp_path / "m-00003-of-00003.safetensors", V)
    done = run("list", tmp_path / "m-*.safetensors")
    assert done.stdout.startswith(b"v\t") and b"say -of-00003, but 2 match: what was saved in the others is missing" in done.stderr


def test_a_pattern_of_two_models(tmp_path):
    write(tmp_path / "a-00001-of-00001.safetensors", W)
    write(tmp_path / "b-00001-of-00001.safetensors", V)
    assert "files of several models match" in errors("list", tmp_path / "*.safetensors")[0]


def test_a_state_file_and_tensorflows_files_come_first(tmp_path):
    write(tmp_path / "model.safetensors", W)
    write_bundle(tmp_path / "m", {"of_tensorflow": (FLOAT32, (1,), bytes(4))})
    assert run("list", tmp_path).stdout.startswith(b"of_tensorflow\t")
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "m"\n')
    assert names(tmp_path) == ["of_tensorflow"]


def test_folders_below_are_named(tmp_path):
    (tmp_path / "snapshot").mkdir()
    write(tmp_path / "snapshot" / "model.safetensors", W)
    assert str(tmp_path / "snapshot") in "".join(errors("list", tmp_path))


# ---- links


def hub_cache(folder):
    """The layout of the Hub's cache: links in a snapshot, to files that are called by their hashes."""
    snapshot = folder / "models--me--m" / "snapshots" / "0123abc"
    blobs = folder / "models--me--m" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for i, path in enumerate(sorted(Golden("sharded").folder.glob("*.[sj]*"))):
        if path.name != "tensors.json":
            shutil.copy(path, blobs / f"{i:064x}")
            (snapshot / path.name).symlink_to(f"../../blobs/{i:064x}")
    return snapshot


def test_the_links_of_a_hub_cache(tmp_path):
    golden, snapshot = Golden("sharded"), hub_cache(tmp_path)
    for checkpoint in snapshot, snapshot / "model.safetensors.index.json", snapshot / "model-*-of-*.safetensors":
        assert set(names(checkpoint)) == set(golden.tensors)
        for tensor, (_, _, data) in golden.tensors.items():
            assert out("cat", checkpoint, tensor) == data
    assert names(snapshot / "model-00001-of-00004.safetensors")[0] == "model.layers.0.mlp.weight"
    report = json.loads(out("plan", "--json", snapshot))
    assert [link["path"].rsplit("/", 1)[1] for link in report["checkpoint"]["links"]] == [
        f"model-0000{i}-of-00004.safetensors" for i in range(1, 5)]
    assert all("/blobs/" in link["file"] for link in report["checkpoint"]["links"])


def test_a_link_that_leads_nowhere(tmp_path):
    snapshot = hub_cache(tmp_path)
    blob = (snapshot / "model-00002-of-00004.safetensors").resolve()
    blob.unlink()
    (line,) = errors("list", snapshot / "model.safetensors.index.json")
    assert "model-00002-of-00004.safetensors" in line and "cannot open: No such file or directory" in line


# ---- the target graph


def test_as_the_target_graph(tmp_path):
    """Of a directory as people have them; dtypes and shapes are those of the headers, and no bytes are looked at."""
    golden = Golden("sharded")
    write_bundle(tmp_path / "m", {name: (FLOAT32, shape, data) for name, (_, shape, data) in golden.tensors.items()})
    for graph in golden.checkpoint, golden.folder / "model.safetensors.index.json", golden.folder / "model-*-of-*.safetensors":
        report = json.loads(out("plan", "--json", tmp_path / "m", "-g", graph))
        assert {t["variable"] for t in report["targets"]} == set(golden.tensors) and not report["errors"]
    write(tmp_path / "other.safetensors", {"model.layers.0.q.weight": ("F32", [7], bytes(28))})
    found = errors("plan", tmp_path / "m", "-g", tmp_path / "other.safetensors")
    assert any("[7]" in line and "[4, 3]" in line for line in found), found


def test_a_graph_of_a_file_without_a_suffix(tmp_path):
    write(tmp_path / "blob", W)
    write_bundle(tmp_path / "m", {"w": (FLOAT32, (2,), bytes(8))})
    report = json.loads(out("plan", "--json", tmp_path / "m", "-g", tmp_path / "blob"))
    assert [t["variable"] for t in report["targets"]] == ["w"]


def test_a_map_applies_to_it(tmp_path):
    write(tmp_path / "x.safetensors", {f"layers.{i}.w": ("F16", [2, 3], struct.pack("<6e", *range(i, i + 6))) for i in range(3)})
    (tmp_path / "map.ini").write_text("[assignment_map]\nlayers.{i}.w = l{i}/kernel | transpose | cast float32\n")
    assert names(tmp_path / "x.safetensors") == ["layers.0.w", "layers.1.w", "layers.2.w"]
    assert out("cat", "-m", tmp_path / "map.ini", tmp_path / "x.safetensors", "l1/kernel") == struct.pack("<6f", 1, 4, 2, 5, 3, 6)


def test_several_checkpoints_of_both_formats(tmp_path):
    write(tmp_path / "a.safetensors", {"w": ("F32", [2], struct.pack("<2f", 1, 2))})
    write_bundle(tmp_path / "b", {"w": (FLOAT32, (2,), struct.pack("<2f", 3, 6))})
    (tmp_path / "map.ini").write_text("[checkpoint a]\npath = a.safetensors\n[checkpoint b]\npath = b\n"
                                      "[assignment_map]\nw@a, w@b = mean | mean\nw@a = of_a\nw@b = of_b\n")
    run("export", "-q", "-m", tmp_path / "map.ini", "--format", "tf", tmp_path / "a.safetensors", tmp_path / "out")
    assert out("cat", tmp_path / "out", "mean") == struct.pack("<2f", 2, 4)
    assert out("cat", tmp_path / "out", "of_b") == struct.pack("<2f", 3, 6)
    assert b" 0 damaged" in out("verify", "-q", tmp_path / "out")


def test_an_export_replaces_no_file_that_it_is_of(tmp_path):
    """Nor one of the target graph, also where only an index names it, and no tensor of it is in the view."""
    write_shards(tmp_path)
    (tmp_path / "map.ini").write_text("[assignment_map]\nw = w\n")
    names_too = "[view]\nsafetensors = model-00002-of-00002.safetensors\n"
    (tmp_path / "map.ini").write_text("[assignment_map]\nw = w\n" + names_too)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (line,) = errors("export", "-f", "--format", "safetensors", "-m", tmp_path / "map.ini", tmp_path / "model.safetensors.index.json", tmp_path)
    assert "model-00002-of-00002.safetensors" in line, line
    (tmp_path / "other").mkdir()
    write(tmp_path / "other" / "x.safetensors", {**W, **V})
    (tmp_path / "other" / "map.ini").write_text("[assignment_map]\n/ = /\n" + names_too)
    (line,) = errors("export", "-f", "--format", "safetensors", "-g", tmp_path / "model.safetensors.index.json", "-m", tmp_path / "other" / "map.ini",
                     tmp_path / "other" / "x.safetensors", tmp_path)
    assert "model-00002-of-00002.safetensors" in line, line
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


# ---- what is said


def test_verify_says_that_there_is_nothing_to_verify(tmp_path):
    write(tmp_path / "x.safetensors", {**W, **V})
    assert out("verify", tmp_path / "x.safetensors").decode() == (
        f"2 tensors, 11 bytes of {tmp_path}/x.safetensors: nothing to verify: safetensors files hold no checksums; their headers fit the files\n")


@pytest.mark.parametrize("make, words", [
    (lambda data: data[:-1], "the file has 10 bytes of tensors: it is cut short, or its header lies"),
    (lambda data: data + b"x", "1 bytes at its end are no tensor's"),
    (lambda data: data[:4], "less than the 8 bytes of a header's length"),
    (lambda data: b"", "the file is empty, expected a safetensors file"),
    (lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer, expected a safetensors file: run 'git lfs pull'"),
    (lambda data: b"<!DOCTYPE html><html></html>", "an HTML page, expected a safetensors file"),
    (lambda data: data.replace(b'"F32"', b'"F64"'), "has 8 bytes, but F64 [2] takes 16"),
    (lambda data: data.replace(b'{"w"', b'{"v"'), "tensor 'v' is there twice"),
])  # fmt: skip
def test_a_damaged_file_is_one_error_and_nothing_is_made(tmp_path, make, words):
    (tmp_path / "x.safetensors").write_bytes(make(encode({**W, **V})))
    (line,) = errors("list", tmp_path / "x.safetensors")
    assert words in line
    (line,) = errors("export", "--format", "tf", tmp_path / "x.safetensors", tmp_path / "out")
    assert words in line and not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../x.safetensors", "a/x.safetensors", "/x.safetensors", "..", "", "a\0b"])
def test_an_index_leads_nowhere_else(tmp_path, name):
    (tmp_path / "m").mkdir()
    write(tmp_path / "x.safetensors", W)
    (tmp_path / "m" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"w": name}}))
    (line,) = errors("list", tmp_path / "m")
    assert "expected the name of a file in the directory of the index, without '/' and '..'" in line


def test_tensors_that_cannot_be_shown_are_told(tmp_path):
    golden = Golden("torch")
    hidden = {h["name"]: h["reason"] for h in json.loads(out("plan", "--json", golden.checkpoint))["hidden"]}
    assert hidden["layer.f4"] == "its dtype F4 packs elements that are smaller than a byte: unsupported"
    assert "F8_E8M0" in hidden["layer.f8_e8m0"]


@pytest.mark.skipif(BUILD.name in ("asan", "tsan"), reason="sanitizers take memory of their own")
def test_a_header_of_many_tensors_takes_little_memory(tmp_path):
    """Twice the header and 250 bytes a tensor at most, beside what a header of one tensor takes."""
    count = 200_000
    header = b"{" + b",".join(b'"model.layers.%d.w":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}' % (i, i, i + 1) for i in range(count)) + b"}"
    (tmp_path / "many.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(count))
    write(tmp_path / "one.safetensors", V)

    def peak(path):
        pid = os.posix_spawn(TOOL, [TOOL, "list", "-q", "--summary", path], os.environ)
        _, status, usage = os.wait4(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        return usage.ru_maxrss * 1024

    assert peak(tmp_path / "many.safetensors") - peak(tmp_path / "one.safetensors") <= 2 * len(header) + 250 * count
