# SPDX-License-Identifier: Apache-2.0
"""SavedModels with assets: mounts and exports in their layout are loaded and called by TensorFlow, without a word of what they are made of."""

import os
import shutil
import subprocess

import pytest
import tensorflow as tf

from support.mounts import IS_ROOT
from support.paths import BUILD


class Words(tf.Module):
    """The numbers of words, from a vocabulary that is a file, and a weight of each."""

    def __init__(self, vocabulary):
        super().__init__()
        source = tf.lookup.TextFileInitializer(str(vocabulary), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
        self.table = tf.lookup.StaticHashTable(source, -1)
        self.weights = tf.Variable([0.5, 1.5, 2.5])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, words):
        found = self.table.lookup(words)
        return found, tf.gather(self.weights, tf.maximum(found, 0))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    here = tmp_path_factory.mktemp("saved")
    (here / "words.txt").write_text("a\nb\nc\n")
    tf.saved_model.save(Words(here / "words.txt"), str(here / "model"))
    (here / "words.txt").unlink()  # the model has its own
    (here / "model" / "assets.extra" / "deep").mkdir(parents=True)
    (here / "model" / "assets.extra" / "deep" / "note").write_text("extra\n")
    return here / "model"


def said(folder, words=("c", "a", "x")):
    found, weights = tf.saved_model.load(str(folder))(tf.constant(words))
    return found.numpy().tolist(), weights.numpy().tolist()


def ini_of(tmp_path, rules="/ = /", files=""):
    path = tmp_path / "map.ini"
    path.write_text(f"[assignment_map]\n{rules}\n[view]\nlayout = savedmodel\n[files]\n{files}\n")
    return path


@pytest.mark.parametrize("way", ["", "variables/variables", "variables/variables.index", "variables"])
def test_a_mount_is_loaded_with_its_assets(ckptfs, tmp_path, saved, way):
    mount = ckptfs.mount(saved / way, map=ini_of(tmp_path))
    assert said(mount.path) == said(saved) == ([2, 0, -1], [2.5, 0.5, 0.5])
    for name in "saved_model.pb", "fingerprint.pb", "assets/words.txt", "assets.extra/deep/note":
        assert mount.read(name) == (saved / name).read_bytes(), name
    assert tf.saved_model.experimental.read_fingerprint(str(mount.path)) == tf.saved_model.experimental.read_fingerprint(str(saved))


@pytest.mark.parametrize("here,way", [("", "model"), ("model", "."), ("model", "variables/variables"), ("model/variables", "variables"),
                                      ("model/variables", "./variables"), ("model/assets", "../variables/variables")])  # fmt: skip
def test_an_export_is_loaded_without_its_source(tmp_path, saved, here, way):
    model = tmp_path / "model"
    shutil.copytree(saved, model)
    subprocess.run([BUILD / "ckptool", "export", "-q", "--format", "tf", "-m", ini_of(tmp_path), way, tmp_path / "out"], check=True,
                   cwd=tmp_path / here, stdout=subprocess.DEVNULL)
    shutil.rmtree(model)
    assert said(tmp_path / "out") == said(saved)
    assert (tmp_path / "out" / "assets.extra" / "deep" / "note").read_text() == "extra\n"


def test_what_the_map_names_comes_instead(ckptfs, tmp_path, saved):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "words.txt").write_text("x\ny\nc\n")
    (tmp_path / "print").write_text("mine")
    mount = ckptfs.mount(saved, map=ini_of(tmp_path, files="assets/ = other/\nfingerprint.pb = print"))
    assert said(mount.path) == ([2, -1, 0], [2.5, 0.5, 0.5])
    assert mount.read("fingerprint.pb") == b"mine"


def test_only_in_that_layout(ckptfs, tmp_path, saved):
    ini = ini_of(tmp_path)
    ini.write_text(ini.read_text().replace("layout = savedmodel", ""))
    mount = ckptfs.mount(saved, map=ini)
    for name in "saved_model.pb", "assets":
        assert not (mount / name).exists()


def test_tensors_called_as_they_are_win(ckptfs, tmp_path, saved):
    weights = "weights/.ATTRIBUTES/VARIABLE_VALUE"
    mount = ckptfs.mount(saved, map=ini_of(tmp_path, f"{weights} = saved_model.pb\n{weights} = assets/words.txt\n{weights} = assets.extra/own"))
    value = tf.constant([0.5, 1.5, 2.5]).numpy().tobytes()
    assert mount.read("saved_model.pb") == mount.read("assets/words.txt") == mount.read("assets.extra/own") == value
    assert mount.read("assets.extra/deep/note") == b"extra\n"
    for name in "saved_model.pb", "assets/words.txt":
        assert f"variable '{name}' hides the mount's own file of that name" in mount.stderr, mount.stderr


def test_a_graph_that_cannot_be_read(ckptfs, tmp_path, saved):
    """What nobody named is no reason to refuse the rest."""
    model = tmp_path / "model"
    shutil.copytree(saved, model)
    (model / "fingerprint.pb").unlink()
    (model / "fingerprint.pb").mkdir()
    (model / "assets" / "link").symlink_to("/etc/passwd")
    mount = ckptfs.mount(model, map=ini_of(tmp_path))
    assert "'fingerprint.pb' of the SavedModel is not shown: Is a directory" in mount.stderr, mount.stderr
    assert "'assets/link' is left out: it is a symbolic link" in mount.stderr
    assert said(mount.path) == said(saved) and not (mount / "assets" / "link").exists() and not (mount / "fingerprint.pb").exists()


def as_a_hub_keeps_it(saved, folder):
    """A snapshot of links, each to a file of all files of the model; gives the snapshot."""
    snapshot, blobs = folder / "snapshots" / "0a1b", folder / "blobs"
    blobs.mkdir(parents=True)
    for at, _, names in os.walk(saved):
        to = snapshot / os.path.relpath(at, saved)
        to.mkdir(parents=True, exist_ok=True)
        for name in names:
            blob = blobs / f"{len(list(blobs.iterdir())):040x}"
            shutil.copy(os.path.join(at, name), blob)
            (to / name).symlink_to(os.path.relpath(blob, to))
    return snapshot


def test_a_model_of_links_is_whole(ckptfs, tmp_path, saved):
    """As the Hugging Face Hub caches it. Links that lead elsewhere are not followed: nobody named them."""
    model = as_a_hub_keeps_it(saved, tmp_path / "hub")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "hub" / "blobs" / "again").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "hub" / "blobs" / "fifo")
    elsewhere = {"secret": tmp_path / "secret", "chain": "../../../blobs/again", "fifo": "../../../blobs/fifo", "folder": "../../../blobs", "gone": "../../../blobs/gone"}
    for name, to in elsewhere.items():
        (model / "assets" / name).symlink_to(to)
    if IS_ROOT:
        elsewhere["of-another"] = os.readlink(model / "assets" / "words.txt")
        (model / "assets" / "of-another").symlink_to(elsewhere["of-another"])
        os.chown(model / "assets" / "of-another", 4444, 4444, follow_symlinks=False)
    mount = ckptfs.mount(model, map=ini_of(tmp_path))
    assert said(mount.path) == said(saved)
    assert mount.read("assets.extra/deep/note") == b"extra\n"
    for name in elsewhere:
        assert not (mount / "assets" / name).exists() and f"'assets/{name}' is left out: it is a symbolic link" in mount.stderr


def test_an_export_over_a_model_of_links_keeps_what_they_lead_to(tmp_path, saved):
    model = as_a_hub_keeps_it(saved, tmp_path / "hub")
    before = {blob: blob.read_bytes() for blob in (tmp_path / "hub" / "blobs").iterdir()}
    done = subprocess.run([BUILD / "ckptool", "export", "--force", "--format", "tf", "-m", ini_of(tmp_path), model, model], capture_output=True, text=True)
    assert done.returncode == 1 and f"{model}/assets/words.txt: is a file that the view was read from" in done.stderr, done.stderr
    assert {blob: blob.read_bytes() for blob in before} == before and (model / "assets" / "words.txt").is_symlink()


def test_a_folder_that_is_a_link_is_not_followed_unnamed(ckptfs, tmp_path, saved):
    model = tmp_path / "model"
    shutil.copytree(saved, model)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "words.txt").write_text("a\nb\nc\n")
    shutil.rmtree(model / "assets")
    (model / "assets").symlink_to(tmp_path / "secrets")
    mount = ckptfs.mount(model, map=ini_of(tmp_path))
    assert "'assets' of the SavedModel is not shown: it is a symbolic link, which is followed where [files] names it" in mount.stderr
    assert not (mount / "assets").exists()
    mount.unmount()
    assert said(ckptfs.mount(model, map=ini_of(tmp_path, files=f"assets/ = {model}/assets/")).path) == said(saved)


def test_another_checkpoint_beside_a_saved_model_is_not_its_own(ckptfs, tmp_path, saved):
    model = tmp_path / "model"
    shutil.copytree(saved, model)
    for path in (model / "variables").iterdir():
        shutil.copy(path, model / path.name.replace("variables.", "other.ckpt-1."))
    mount = ckptfs.mount(model / "other.ckpt-1", map=ini_of(tmp_path))
    assert not (mount / "saved_model.pb").exists() and not (mount / "assets").exists()


# Whether TensorFlow will load it


WEIGHTS = "weights/.ATTRIBUTES/VARIABLE_VALUE"
OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
WILL_NOT = "TensorFlow will not load this as a SavedModel: "
WHY = {
    f"{WEIGHTS} = {WEIGHTS}": f"1 of its 2 tensors is not in the view under its own key, '{OBJECTS}' first",
    f"{OBJECTS} = {OBJECTS}": "2 of its 2 tensors are not in the view under their own keys",
    f"/ = /\n{WEIGHTS} = other": None,
    "/ = / | cast float16": f"'{WEIGHTS}' is float16 [3], and the model has float32 [3]",
    f"/ = /\n{OBJECTS} = {WEIGHTS}": f"'{WEIGHTS}' is string [], and the model has float32 [3]",
}


def export(ini, folder, out, form="tf"):
    return subprocess.run([BUILD / "ckptool", "export", "--format", form, "-m", ini, folder, out], check=True, capture_output=True, text=True).stderr


@pytest.mark.parametrize("rules", WHY)
def test_what_tensorflow_does_not_load_is_told(ckptfs, tmp_path, saved, rules):
    ini = ini_of(tmp_path, rules)
    mount, exported = ckptfs.mount(saved, map=ini), export(ini, saved, tmp_path / "out")
    for folder, stderr in (mount.path, mount.stderr), (tmp_path / "out", exported):
        if WHY[rules]:
            assert stderr.count(WILL_NOT) == 1 and WHY[rules] in stderr, stderr
            with pytest.raises(Exception):
                said(folder)
        else:
            assert WILL_NOT not in stderr and said(folder) == said(saved)


def test_names_are_what_it_goes_by_without_the_objects(ckptfs, tmp_path, saved):
    """So what is called as in the model is found, and no other."""
    ini = ini_of(tmp_path, "/ = /\n[checkpoint]\nnames = friendly")
    mount, only_if = ckptfs.mount(saved, map=ini), "loads this as a SavedModel only if its model's variables are called as those of the view"
    assert only_if in mount.stderr and "names = keys keeps them" in mount.stderr and WILL_NOT not in mount.stderr
    assert said(mount.path) == said(saved)
    two = tf.Module()
    two.a, two.b = tf.Variable([1.0]), tf.Variable([2.0])  # both are called `Variable`
    tf.saved_model.save(two, str(tmp_path / "two"))
    assert only_if in export(ini, tmp_path / "two", tmp_path / "out")
    with pytest.raises(Exception):
        tf.saved_model.load(str(tmp_path / "out"))
    cast = ini_of(tmp_path, "/ = / | cast float16\n[checkpoint]\nnames = friendly")
    assert WILL_NOT in ckptfs.mount(saved, map=cast).stderr


def test_what_it_loads_is_not_told_of(ckptfs, tmp_path, saved):
    assert WILL_NOT not in ckptfs.mount(saved, map=ini_of(tmp_path)).stderr + export(ini_of(tmp_path), saved, tmp_path / "out")


def test_nothing_is_told_of_files_that_are_no_saved_model(ckptfs, tmp_path, saved):
    """Safetensors alone, another layout, and the graph of another model, which may want just these names."""
    cast = ini_of(tmp_path, "/ = / | cast float16")
    assert WILL_NOT not in export(cast, saved, tmp_path / "out", "safetensors")
    another = ini_of(tmp_path, "/ = / | cast float16", f"saved_model.pb = {saved}/saved_model.pb")
    assert WILL_NOT not in ckptfs.mount(saved, map=another).stderr
    another.write_text("[assignment_map]\n/ = / | cast float16\n")
    assert WILL_NOT not in export(another, saved, tmp_path / "flat")
