# SPDX-License-Identifier: Apache-2.0
"""Files of another kind where a checkpoint, an index, a graph, a map or a state file is expected: what they are, and what to do, in one line."""

import gzip
import io
import pickle
import shutil
import struct
import tarfile
import zipfile

import pytest

from support.bundle import write_checkpoint
from support.encoder import masked
from support.paths import GOLDEN
from support.tool import run

DEMO = GOLDEN / "demo" / "model.ckpt-1000"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


def zipped(*names):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, b"content")
    return made.getvalue()


def tarred():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.ckpt.index"), io.BytesIO())
    return made.getvalue()


def safetensors():
    header = b'{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    return struct.pack("<Q", len(header)) + header + b"\1"


def message(*fields):
    return b"".join(bytes([tag, len(content)]) + content for tag, content in fields)


def tfrecord():
    length = struct.pack("<Q", 3)
    return length + struct.pack("<I", masked(length)) + b"abc" + struct.pack("<I", masked(b"abc"))


# name: (content, what it is called, what to do)
KINDS = {
    "Git LFS pointer": (LFS, "a Git LFS pointer", "run 'git lfs pull'"),
    "git-annex pointer": (b"/annex/objects/SHA256E-s1--0\n", "a git-annex pointer", "run 'git annex get'"),
    "HTML": (b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "an HTML page", "download it anew"),
    "HTML without a doctype": (b"\xef\xbb\xbf<HTML lang='en'>", "an HTML page", "download it anew"),
    "XML": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "an XML document", "download it anew"),
    "JSON": (b'{\n  "error": "not found"\n}\n', "JSON", ""),
    "UTF-16": ("[assignment_map]\r\n/ = /\r\n".encode("utf-16"), "text in UTF-16", "save it as UTF-8"),
    "gzip": (gzip.compress(b"x" * 100), "compressed with gzip", "unpack it"),
    "bzip2": (b"BZh91AY&SY", "compressed with bzip2", "unpack it"),
    "xz": (b"\xfd7zXZ\0\0\4", "compressed with xz", "unpack it"),
    "zstd": (b"\x28\xb5\x2f\xfd\4\0", "compressed with zstd", "unpack it"),
    "tar": (tarred(), "a tar archive", "unpack it"),
    "zip": (zipped("model.ckpt.index"), "a zip archive", "unpack it"),
    "PyTorch": (zipped("archive/data.pkl", "archive/data/0"), "a PyTorch file (zip)", ""),
    "npz": (zipped("w.npy"), "a NumPy .npz file", ""),
    "Keras 3": (zipped("metadata.json", "config.json", "model.weights.h5"), "a .keras file", "tf.train.Checkpoint(model=model).write"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file", "tf.train.Checkpoint(model=model).write"),
    "safetensors": (safetensors(), "a safetensors file", ""),
    "GGUF": (b"GGUF\3\0\0\0", "a GGUF file", ""),
    "pickle": (pickle.dumps({"w": 1}, 2), "a Python pickle", ""),
    "pickle of today": (pickle.dumps({"w": [1.5]}, 5), "a Python pickle", ""),
    "PyTorch before 1.6": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a PyTorch file (pickle)", ""),
    "NumPy": (b"\x93NUMPY\1\0v\0{'descr': '<f4'}", "a NumPy .npy file", ""),
    "TensorFlow Lite": (b"\x1c\0\0\0TFL3" + bytes(40), "a TensorFlow Lite model", ""),
    "frozen GraphDef": (message((0x0a, message((0x0a, b"w"), (0x12, b"Const")))) + bytes(60), "a frozen GraphDef", "that it was made from"),
    "ONNX": (b"\x08\x08\x12\x07pytorch", "an ONNX model", ""),
    "AppleDouble": (b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(60), "an AppleDouble file", "without '._'"),
    "events": (tfrecord(), "a TFRecord file", ""),
}  # fmt: skip


def lines(*args):
    done = run(*args, status=1)
    return done.stderr.decode().splitlines()


def told(found, kind, where):
    """One line, in which the file, its kind, and the remedy stand."""
    _, name, remedy = KINDS[kind]
    assert len(found) == 1, found
    assert f"{where}: the file is {name}" in found[0] and "expected " in found[0] and remedy in found[0], found


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "safetensors"])
def test_as_a_checkpoint(tmp_path, kind):
    (tmp_path / "file").write_bytes(KINDS[kind][0])
    told(lines("list", tmp_path / "file"), kind, tmp_path / "file")


@pytest.mark.parametrize("kind", KINDS)
def test_as_an_index(tmp_path, kind):
    (tmp_path / "m.index").write_bytes(KINDS[kind][0])
    told(lines("list", tmp_path / "m"), kind, tmp_path / "m.index")


@pytest.mark.parametrize("kind", KINDS)
def test_as_a_graph(tmp_path, kind):
    for name in ("m.meta", "saved_model.pb", "graph")[: 2 if kind == "safetensors" else 3]:  # that is a checkpoint
        (tmp_path / name).write_bytes(KINDS[kind][0])
        told(lines("plan", DEMO, "-g", tmp_path / name), kind, tmp_path / name)


@pytest.mark.parametrize("kind", KINDS)
def test_as_a_map(tmp_path, kind):
    (tmp_path / "map.ini").write_bytes(KINDS[kind][0])
    told(lines("plan", DEMO, "-m", tmp_path / "map.ini"), kind, tmp_path / "map.ini")


@pytest.mark.parametrize("kind", KINDS)
def test_as_a_state_file(tmp_path, kind):
    (tmp_path / "checkpoint").write_bytes(KINDS[kind][0])
    told(lines("list", tmp_path), kind, tmp_path / "checkpoint")


def test_checkpoints_files_in_each_others_places(tmp_path):
    index, state = f"{DEMO}.index", GOLDEN / "demo" / "checkpoint"
    model = GOLDEN / "saved_model" / "saved_model" / "saved_model.pb"
    shutil.copy(model, tmp_path / "graph")
    assert "the file is a SavedModel's graph, expected a checkpoint" in lines("list", tmp_path / "graph")[0]
    for path, name in [(index, "the index of a checkpoint, or a V1 checkpoint"), (state, "a checkpoint's state file"),
                       (model, "a SavedModel's graph")]:
        found = lines("plan", DEMO, "-m", path)
        assert len(found) == 1 and f"{path}: the file is {name}, expected a map" in found[0], found
    shutil.copy(state, tmp_path / "state")
    assert "the file is a checkpoint's state file, expected a graph" in lines("plan", DEMO, "-g", tmp_path / "state")[0]
    assert "the file is a checkpoint's state file, expected a checkpoint" in lines("list", tmp_path / "state")[0]


def test_a_binary_file_as_a_map_is_one_error(tmp_path):
    (tmp_path / "map.ini").write_bytes(bytes(range(256)) * 40)
    found = lines("plan", DEMO, "-m", tmp_path / "map.ini")
    assert len(found) == 1 and "the file is binary, expected a map" in found[0]
    shutil.copy(f"{DEMO}.data-00000-of-00001", tmp_path / "map.ini")
    assert len(lines("plan", DEMO, "-m", tmp_path / "map.ini")) == 1


def test_the_ends_of_a_file_of_no_known_kind_are_as_in_the_file(tmp_path):
    (tmp_path / "file").write_bytes(b"Entry not found, since there is none: ze 4201")
    found = lines("list", tmp_path / "file")
    assert len(found) == 1 and f"begins with 'Entry no' and ends in {b' ze 4201'.hex()}, " in found[0], found
    assert "ends in 57fb808b247547db" in found[0]
    (tmp_path / "m.index").write_bytes(b"x" * 100 + b"abcdefgh")
    assert "the last 8 bytes are 6162636465666768, a table ends in 57fb808b247547db" in lines("list", tmp_path / "m")[0]


def test_pointers_in_the_place_of_data(tmp_path):
    """Even if the tensors are so small that a pointer holds as many bytes."""
    for size in 4, 4000:
        prefix = write_checkpoint(tmp_path / f"m{size}", {b"w": (4, [size], bytes(size))})
        data = tmp_path / f"m{size}.data-00000-of-00001"
        data.write_bytes(LFS)
        found = lines("cat", "-f", prefix, "w")
        assert any(f"{data}: the file is a Git LFS pointer, expected a checkpoint's data: run 'git lfs pull'" in line for line in found), found
        assert f"{data}: warning: the file is a Git LFS pointer: run 'git lfs pull'" in run("plan", prefix).stderr.decode()


def test_sidecars_that_hold_nothing(tmp_path):
    (tmp_path / "lfs").write_bytes(LFS)
    (tmp_path / "empty").touch()
    (tmp_path / "page").write_bytes(b"<html></html>")
    (tmp_path / "map.ini").write_text("[assignment_map]\n/ = /\n[files]\na = lfs\nb = empty\nc = page\n")
    found = run("plan", DEMO, "-m", tmp_path / "map.ini").stderr.decode().splitlines()
    assert len(found) == 2, found
    assert "map.ini:4: warning: 'a': " in found[0] and "/lfs is a Git LFS pointer: run 'git lfs pull'" in found[0]
    assert "map.ini:5: warning: 'b': " in found[1] and "/empty is empty" in found[1]


def test_a_folder_of_other_files_says_what_they_are(tmp_path):
    (tmp_path / "model.gguf").write_bytes(KINDS["GGUF"][0])
    (tmp_path / "model.ckpt.tar.gz").write_bytes(gzip.compress(b"x"))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "._m.index").write_bytes(KINDS["AppleDouble"][0])
    found = lines("list", tmp_path)
    assert len(found) == 1 and "the directory holds no checkpoint" in found[0]
    assert found[0].endswith("; in it model.ckpt.tar.gz is compressed with gzip (unpack it), model.gguf is a GGUF file")
