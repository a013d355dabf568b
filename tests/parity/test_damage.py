# SPDX-License-Identifier: Apache-2.0
"""Damaged copies: TensorFlow's errors are the ones that we know of, and ours come at the same place, with what was found there.

All copies are made first, and one process of TensorFlow's, which forks for each, is asked about all of them at once."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

from support import encoder
from support.tool import out, run

from .damage import bundles, files, tables

HERE = pathlib.Path(__file__).resolve().parent
CASES = {**{f"V2 {name}": case for name, case in bundles.BUNDLES.items()}, **{f"V1 {name}": case for name, case in files.FILES.items()}}
# What contradicts itself in the index hides its tensor, and no other.
HIDES = {name for name, case in CASES.items() if name.startswith("V2 ") and case.file == "bad.index" and case.named and case.text != ""} - {
    "V2 slices overlap"}
RECORDS = [(name, count) for name in tables.TABLES for count in (1, 2)]
HARMLESS = [(name, count) for name in tables.HARMLESS for count in (1, 2)]


class Asked:
    """The copies, and what TensorFlow has to say of them: by key and how it was asked."""

    def __init__(self, root):
        self.root, self.jobs, self.prefixes = root, {}, {}

    def folder(self):
        made = self.root / str(len(list(self.root.iterdir())))
        made.mkdir()
        return made

    def add(self, key, prefix, ways, **job):
        self.prefixes[key] = prefix
        for how in ways:
            self.jobs[key, how] = {"how": how, "prefix": str(prefix), "tensor": "b", **job}

    def add_table(self, key, index):
        folder = self.folder()
        tables.bundle().write(folder / "bad")
        (folder / "bad.index").write_bytes(index)
        self.add(key, folder / "bad", ["restore"])

    def ask(self):
        text = "".join(json.dumps(job) + "\n" for job in self.jobs.values())
        done = subprocess.run([sys.executable, str(HERE / "damage" / "tensorflow_side.py")], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        self.answers = dict(zip(self.jobs, map(json.loads, done.stdout.splitlines()), strict=True))
        return self

    def error(self, key, how="restore"):
        """TensorFlow's text; fails if it has none."""
        answer = self.answers[key, how]
        assert "error" in answer, answer
        return answer["error"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    asked = Asked(tmp_path_factory.mktemp("damage"))
    for name, count in RECORDS:
        asked.add_table(("table", name, count), tables.TABLES[name].make(count))
    for name, count in HARMLESS:
        asked.add_table(("harmless", name, count), tables.HARMLESS[name](count))
    for count in (1, 2):
        asked.add_table(("no restarts", count), tables.NO_RESTARTS(count))
    for name, case in CASES.items():
        ways = ["restore", "open"] if case.opening is None else ["restore"]
        asked.add(name, case.make(asked.folder()), ways, **case.job)
    for name, (dtype, spec, *_) in bundles.VARIABLES.items():
        asked.add(("variable", name), bundles.record(bundles.entry)(asked.folder()), ["restore"], dtype=dtype, spec=spec)
    return asked.ask()


def refuses(prefix, words, command="cat", tensor="b", named=False, options=()):
    """Our error: one line has all the words, the file among them. Paths may not lend it words."""
    done = run(command, "-q", *options, prefix, *([tensor] if command == "cat" else []), status=1)
    assert done.stdout == b"" or command == "verify"
    text = (done.stderr + done.stdout).decode(errors="replace").replace(str(prefix.parent) + "/", "")
    lines = [line for line in text.splitlines() if all(word in line for word in words)]
    assert lines, f"{text}\nhas no line with all of {words}"
    assert not named or any(re.search(rf"(?<![\w\[]){tensor}(?![\w\]])", line) for line in lines), f"{lines} does not name '{tensor}'"


@pytest.mark.parametrize("name, count", RECORDS)
def test_table(asked, name, count):
    case, key = tables.TABLES[name], ("table", name, count)
    if case.text is None:
        assert "signal" in asked.answers[key, "restore"]
    elif count == 1 or case.everywhere:
        assert case.text in asked.error(key)
        assert case.everywhere or f"(failed to seek to header entry): {case.text}" in asked.error(key)
    else:
        assert "Key b not found in checkpoint" in asked.error(key)
    (place, _) = encoder.handles_of(tables.plain(count))[0][-1]
    refuses(asked.prefixes[key], ["bad.index: ", *(word.format(at=place) for word in case.words)])


@pytest.mark.parametrize("name, count", HARMLESS)
def test_table_that_is_read_all_the_same(asked, name, count):
    key = ("harmless", name, count)
    assert asked.answers[key, "restore"] == {"hex": tables.VALUE.hex()}
    assert out("cat", "-q", asked.prefixes[key], "b") == tables.VALUE


def test_block_without_restarts_is_empty(asked):
    assert "(failed to seek to header entry)" in asked.error(("no restarts", 1))
    refuses(asked.prefixes["no restarts", 1], ["bad.index: the first record is missing, expected the header"])
    assert "Key b not found in checkpoint" in asked.error(("no restarts", 2))
    refuses(asked.prefixes["no restarts", 2], ["'b' is not in the view"])


@pytest.mark.parametrize("name", CASES)
def test_case(asked, name):
    case = CASES[name]
    if case.text is None:
        assert "signal" in asked.answers[name, "restore"]
    elif case.text:
        assert case.text in asked.error(name)
    if case.opening is None:
        assert "signal" in asked.answers[name, "open"]
    prefix = pathlib.Path(asked.prefixes[name])
    refuses(prefix, [case.file, *case.words], case.command, case.job.get("tensor", "b"), case.named)
    if name in HIDES:
        assert out("cat", "-q", prefix, "a") == bundles.FLOATS[:8]
        assert case.words[0] in run("verify", "-q", prefix, status=1).stdout.decode()


@pytest.mark.parametrize("name", bundles.VARIABLES)
def test_variable_of_another_kind(asked, name, tmp_path):
    _, _, declared, text, words = bundles.VARIABLES[name]
    assert text in asked.error(("variable", name))
    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\nb = v\n\n[variables]\nv = {declared}\n")
    refuses(pathlib.Path(asked.prefixes["variable", name]), ["map.ini", *words], tensor="v", named=True, options=["-m", ini])
