# SPDX-License-Identifier: Apache-2.0
"""State files by hand: where TensorFlow finds a checkpoint, we find the same; where it finds none, we say why, or are of more help."""

import json
import os
import shutil

import pytest
import tensorflow as tf

from support.paths import GOLDEN
from support.tool import run

NAMES = ["model.ckpt-3", "other", "it's", 'say "x"', "tab\there", "gr\u00f6\u00dfe", "back\\slash", "sub/inner"]
INDEX = GOLDEN / "slots" / "model.ckpt-3.index"

# name: (text, what TensorFlow's latest_checkpoint finds, what we open, and what is in our words about it)
FOUND = {
    "plain": ('model_checkpoint_path: "other"\n', "other"),
    "without an end": ('model_checkpoint_path: "other"', "other"),
    "several entries": ('model_checkpoint_path: "other"\nall_model_checkpoint_paths: "gone-1"\nall_model_checkpoint_paths: "other"\n'
                        "all_model_checkpoint_timestamps: 1.5e9\nlast_preserved_timestamp: 1500000000.25\n", "other"),
    "single quotes": ("model_checkpoint_path: 'say \"x\"'\n", 'say "x"'),
    "escaped quotes": ('model_checkpoint_path: "say \\"x\\""\n', 'say "x"'),
    "an apostrophe": ('model_checkpoint_path: "it\\\'s"\n', "it's"),
    "a tab": ('model_checkpoint_path: "tab\\there"\n', "tab\there"),
    "octal": ('model_checkpoint_path: "oth\\145r"\n', "other"),
    "hexadecimal": ('model_checkpoint_path: "o\\x74her"\n', "other"),
    "UTF-8": ('model_checkpoint_path: "gr\u00f6\u00dfe"\n', "gr\u00f6\u00dfe"),
    "UTF-8 in octal": ('model_checkpoint_path: "gr\\303\\266\\303\\237e"\n', "gr\u00f6\u00dfe"),
    "adjacent literals": ('model_checkpoint_path: "oth" \'er\'\n', "other"),
    "over two lines": ('model_checkpoint_path:\n  "oth"\n  "er"\n', "other"),
    "comments": ('# which one?\nmodel_checkpoint_path: "other" # this\n', "other"),
    "separators": ('model_checkpoint_path: "other"; all_model_checkpoint_paths: "other";', "other"),
    "twice": ('model_checkpoint_path: "gone"\nmodel_checkpoint_path: "other"\n', "other"),
    "in a folder": ('model_checkpoint_path: "sub/inner"\n', "sub/inner"),
    "up and down": ('model_checkpoint_path: "../run/other"\n', "other"),
    "absolute": ('model_checkpoint_path: "{dir}/other"\n', "other"),
}  # fmt: skip
MORE = {  # (text, what TensorFlow does, what we open, what we say)
    "stale absolute path": ('model_checkpoint_path: "/home/somebody/old/other"\n', None, "other", "/home/somebody/old/other.index does not exist"),
    "path of 2015": ('model_checkpoint_path: "run/other"\n', None, "other", "does not exist"),
    "Windows path": ('model_checkpoint_path: "C:\\\\old\\\\other"\n', None, "other", "does not exist"),
}  # fmt: skip
REFUSED = {  # (text, what TensorFlow does, our words)
    "empty": ("", ValueError, "model_checkpoint_path"),
    "an empty path": ('model_checkpoint_path: ""\n', ValueError, "model_checkpoint_path"),
    "other fields alone": ('all_model_checkpoint_paths: "other"\n', ValueError, "model_checkpoint_path"),
    "gone": ('model_checkpoint_path: "gone"\nall_model_checkpoint_paths: "other"\n', None, "names a checkpoint that does not exist"),
    "no text format": ("other\n", None, "expected"),
    "an open string": ('model_checkpoint_path: "other\n', None, "expected"),
}  # fmt: skip
UNKNOWN = 'model_checkpoint_path: "other"\nunheard_of: 7\n'  # TensorFlow ignores the whole file, with a warning


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("states") / "run"
    (made / "sub").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(INDEX, made / f"{name}.index")
    return made


def put(folder, text):
    (folder / "checkpoint").write_text(text.replace("{dir}", str(folder)), encoding="utf-8")


def theirs(folder):
    try:
        found = tf.train.latest_checkpoint(str(folder))
    except ValueError:
        return ValueError
    return found and os.path.relpath(os.path.realpath(found), os.path.realpath(folder))


def ours(folder, *options):
    """(the prefix that was opened, what was said)"""
    done = run("list", "--json", *options, folder)
    return os.path.relpath(os.path.realpath(json.loads(done.stdout)["checkpoint"]["path"]), os.path.realpath(folder)), done.stderr.decode()


@pytest.mark.parametrize("name", FOUND)
def test_found(folder, name):
    text, prefix = FOUND[name]
    put(folder, text)
    assert theirs(folder) == prefix
    assert ours(folder) == (prefix, "")


@pytest.mark.parametrize("name", MORE)
def test_found_by_us(folder, name):
    text, them, prefix, words = MORE[name]
    put(folder, text)
    assert theirs(folder) == them
    found, said = ours(folder)
    assert found == prefix
    assert words in said and "warning" in said


@pytest.mark.parametrize("name", REFUSED)
def test_refused(folder, name):
    text, them, words = REFUSED[name]
    put(folder, text)
    assert theirs(folder) == them
    done = run("list", folder, status=1)
    assert done.stdout == b"" and words in done.stderr.decode() and f"{folder}/checkpoint" in done.stderr.decode()


def test_unknown_field(folder):
    put(folder, UNKNOWN)
    assert theirs(folder) is None
    assert ours(folder)[0] == "other"
