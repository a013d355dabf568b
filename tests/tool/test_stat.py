# SPDX-License-Identifier: Apache-2.0
"""ckptool stat: what it prints and how it ends. tests/parity/test_stat.py has the numbers."""

import json
import os
import struct

import pytest

from support import encoder, tool
from support.tool import V1, run, truth

FLOAT, INT32, STRING, FLOAT64 = 1, 3, 7, 2


def write(prefix, tensors):
    made = encoder.Bundle()
    for name, (dtype, shape, data) in tensors.items():
        made.put(name, dtype, shape, encoder.strings(data) if dtype == STRING else data)
    return made.write(prefix)


def floats(*values):
    return FLOAT, [len(values)], struct.pack(f"<{len(values)}f", *values)


def test_rows_for_programs_and_for_people(tmp_path):
    prefix = write(tmp_path / "x", {b"f": floats(-0.1, 0, 0, 0.3), b"s": (STRING, [1], [b"text"]), b"e": (FLOAT, [0], b"")})
    lines = [line.split("\t") for line in tool.out("stat", prefix).decode().splitlines()]
    assert [line[0] for line in lines] == ["e", "f", "s"]
    assert lines[1][1:5] == ["float32", "[4]", "-0.1", "0.3"] and lines[1][8:] == ["2", "0", "0", "1,0,2,0,0,0,1,0"]
    assert lines[0][3:] == lines[2][3:] == ["-"] * 9
    _, text = tool.on_terminal("stat", "-q", prefix, env={"LC_ALL": "C.UTF-8"})
    assert "HISTOGRAM" in text.decode() and "\u2584 \u2588   \u2584" in text.decode()
    _, text = tool.on_terminal("stat", prefix, env={"LC_ALL": "C"})
    assert b"4 8   4" in text and b"is not said to show UTF-8" in text


def test_patterns(tmp_path):
    prefix, _ = truth("demo")
    assert [line.split(b"\t")[0] for line in tool.out("stat", prefix, "*/layer/*").splitlines()] == [b"some_scope/layer/bias", b"some_scope/layer/kernel"]
    assert len(tool.out("stat", prefix, "Adam").splitlines()) == 1
    done = run("stat", prefix, "tabel", status=1)
    assert done.stdout == b"" and b"no tensor matches 'tabel'; did you mean 'table'?" in done.stderr
    assert b"not 'c' too" in run("stat", prefix, "b", "c", status=2).stderr
    assert b"which checkpoint" in run("stat", status=2).stderr


def test_only_the_data_files_that_are_needed(tmp_path):
    made = encoder.Bundle(shards=2)
    made.put(b"a", INT32, [1], bytes(4), 0)
    made.put(b"b", INT32, [1], bytes(4), 1)
    prefix = made.write(tmp_path / "x")
    (tmp_path / "x.data-00001-of-00002").unlink()
    assert tool.out("stat", prefix, "a").startswith(b"a\tint32")
    assert b"x.data-00001-of-00002" in run("stat", prefix, status=1).stderr


def test_check_names_the_first(tmp_path):
    clean = {b"a": floats(1, 2), b"i": (INT32, [1], bytes(4))}
    prefix = write(tmp_path / "x", clean)
    assert tool.out("stat", "--check", prefix).endswith(b" s: no NaN and no infinity\n")
    assert json.loads(tool.out("stat", "--check", "--json", prefix))["bad"] is None
    nan, inf = float("nan"), float("inf")
    prefix = write(tmp_path / "y", {**clean, b"b/\n": (FLOAT, [2, 2], struct.pack("<4f", 0, 1, -inf, nan)), b"c": floats(nan)})
    assert run("stat", "--check", prefix, status=1).stdout == b"b/\\x0a [1, 0]: -inf\n"
    assert json.loads(run("stat", "--check", "--json", prefix, status=1).stdout)["bad"] == {"name": "b/\n", "index": [1, 0], "value": "-inf"}
    assert run("stat", "--check", prefix, "c", status=1).stdout == b"c [0]: nan\n"
    prefix = write(tmp_path / "z", {b"scalar": (FLOAT64, [], struct.pack("<d", inf))})
    assert run("stat", "--check", prefix, status=1).stdout == b"scalar []: inf\n"


def test_hostile_names(tmp_path):
    names = [b"a\nb\tc", b"\x1b[31mred", "\u202eevil".encode(), b"\xff\xfe"]
    prefix = write(tmp_path / "a", {name: (INT32, [], bytes(4)) for name in names})
    assert [line.split("\t")[0] for line in tool.out("stat", prefix).decode().splitlines()] == [
        "\\x1b[31mred", "a\\x0ab\\x09c", "\\xe2\\x80\\xaeevil", "\\xff\\xfe"]
    found = json.loads(tool.out("stat", "--json", prefix))["tensors"]
    assert [os.fsencode(t["name"]) for t in found] == sorted(names)


@pytest.mark.parametrize("folder", V1 + ["snappy_v1/v1_strings", "strings_sliced"])
def test_every_source_is_read(folder):
    prefix, tensors = truth(folder)
    assert len(tool.out("stat", "-q", prefix).splitlines()) == len([t for t in tensors if tool.is_shown(t)])


def test_what_cannot_be_read_is_told(tmp_path):
    prefix = write(tmp_path / "x", {b"a": floats(1, 300), b"b": floats(1)})
    done = run("stat", "-a", "a = a | cast uint8", "-a", "b = b", prefix, status=1)
    assert b"cannot read 'a': a: a value does not fit uint8" in done.stderr
    assert [line.split(b"\t")[3] for line in done.stdout.splitlines()] == [b"-", b"1.0"]
    found = json.loads(run("stat", "--json", "-a", "a = a | cast uint8", prefix, status=1).stdout)["tensors"]
    assert "does not fit" in found[0]["fault"]
