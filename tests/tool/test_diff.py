# SPDX-License-Identifier: Apache-2.0
"""ckptool diff: exit statuses, what is read and what is not, hostile names, strings. tests/parity/test_diff.py has the numbers."""

import json
import os
import shutil

import pytest

from support import encoder, tool
from support.paths import GOLDEN
from support.tool import STRINGS, V1, V2, run, truth

FLOAT, INT32, STRING = 1, 3, 7


def bundle(prefix, tensors):
    made = encoder.Bundle()
    for name, (dtype, shape, data) in tensors.items():
        made.put(name, dtype, shape, encoder.strings(data) if dtype == STRING else data)
    return made.write(prefix)


@pytest.mark.parametrize("folder", V2 + V1 + STRINGS + ["big_endian_strings", "parts_v1"])
def test_a_checkpoint_is_equal_to_itself(folder):
    prefix, _ = truth(folder)
    for options in ((), ("--values",), ("--rtol", "0")):
        assert b"different" not in run("diff", "-q", *options, prefix, prefix).stdout


def test_two_indexes_are_enough(tmp_path):
    bundle(tmp_path / "a", {b"x": (INT32, [2], b"\1\0\0\0\2\0\0\0"), b"y": (INT32, [1], b"\1\0\0\0"), b"s": (STRING, [2], [b"one", b"two"])})
    bundle(tmp_path / "b", {b"x": (INT32, [2], b"\1\0\0\0\2\0\0\0"), b"y": (INT32, [1], b"\2\0\0\0"), b"s": (STRING, [2], [b"one", b"two"])})
    for data in tmp_path.glob("*.data-*"):
        data.unlink()
    done = run("diff", "-q", tmp_path / "a", tmp_path / "b", status=1)
    first, summary = done.stdout.decode().splitlines()
    assert first == "different by checksum\ty\tint32 [1]\tint32 [1]"
    assert summary.startswith("3 tensors: 2 equal by checksum, 1 different by checksum; A is ")
    done = run("diff", "-q", "--values", tmp_path / "a", tmp_path / "b", status=2)
    assert done.stdout == b"" and b"a.data-00000-of-00001" in done.stderr and b"b.data-00000-of-00001" in done.stderr


def test_indexes_alone_say_what_views_say(tmp_path):
    identity = tmp_path / "m.ini"
    identity.write_text("[assignment_map]\n/ = /\n")
    folders = V2 + ["names_bytes", "strings", "v1"]
    for i, folder in enumerate(folders):
        for other in (folder, folders[i - 1], "demo"):
            prefixes = truth(folder)[0], truth(other)[0]
            indexes, views = (run("diff", "-q", *how, *prefixes, status=None) for how in ((), ("-m", identity, "-M", identity)))
            assert indexes.returncode == views.returncode and indexes.stderr == views.stderr
            assert [line.partition(b" read, ")[0] for line in indexes.stdout.splitlines()] == [line.partition(b" read, ")[0] for line in views.stdout.splitlines()]


def test_names_dtypes_and_shapes(tmp_path):
    bundle(tmp_path / "a", {b"dtype": (INT32, [1], bytes(4)), b"shape": (INT32, [2], bytes(8)), b"a": (INT32, [], bytes(4)), b"none": (INT32, [0], b"")})
    bundle(tmp_path / "b", {b"dtype": (FLOAT, [1], bytes(4)), b"shape": (INT32, [1, 2], bytes(8)), b"b": (INT32, [], bytes(4)), b"none": (INT32, [0], b"")})
    done = run("diff", "-q", tmp_path / "a", tmp_path / "b", status=1)
    assert done.stdout.decode().splitlines()[:-1] == [
        "only in A\ta\tint32 []\t-", "only in B\tb\t-\tint32 []", "dtype\tdtype\tint32 [1]\tfloat32 [1]",
        "shape\tshape\tint32 [2]\tint32 [1, 2]"]  # fmt: skip
    document = json.loads(run("diff", "-q", "--json", tmp_path / "a", tmp_path / "b", status=1).stdout)
    assert [(t["name"], t["state"]) for t in document["tensors"]] == [
        ("a", "only-a"), ("b", "only-b"), ("dtype", "dtype"), ("none", "equal"), ("shape", "shape")]  # fmt: skip
    assert document["tensors"][0]["b"] is None and document["tensors"][2]["a"] == {"dtype": "int32", "shape": [1]}
    assert document["total"]["only-a"] == 1 and document["total"]["equal"] == 1
    assert document["a"]["checkpoint"]["path"] == str(tmp_path / "a")


def test_slices_have_no_whole_checksum_and_are_read(tmp_path):
    made = encoder.Bundle()
    made.put_sliced(b"e", 4, [4], [([(0, 2)], b"\1\2", 0), ([(2, 2)], b"\3\4", 0)])
    made.write(tmp_path / "a")
    bundle(tmp_path / "b", {b"e": (4, [4], b"\1\2\3\4")})
    bundle(tmp_path / "c", {b"e": (4, [4], b"\1\2\3\5")})
    assert b": 1 equal; A is" in run("diff", "-q", tmp_path / "a", tmp_path / "b").stdout
    assert run("diff", "-q", tmp_path / "a", tmp_path / "c", status=1).stdout.startswith(b"different\te\tuint8 [4]\tuint8 [4]\tfrom [3] on\n")


def test_partitioned_variables_are_compared_whole(tmp_path):
    prefix, _ = truth("demo")
    maps = [tmp_path / "a.ini", tmp_path / "b.ini"]
    maps[0].write_text("[assignment_map]\ntable = table | partition 5,1\n")
    maps[1].write_text("[assignment_map]\ntable = table\n")
    assert run("diff", "-q", "-m", maps[0], "-M", maps[1], prefix, prefix).stdout.startswith(b"1 tensor: 1 equal by checksum; A is ")


def test_strings_are_compared_element_by_element(tmp_path):
    # As lines, all three are the same bytes.
    tensors = [[b"a\n", b"b", b""], [b"a", b"\nb", b""], [b"a\n", b"b", b""]]
    for name, values in zip("abc", tensors):
        bundle(tmp_path / name, {b"s": (STRING, [3], values)})
        made = encoder.Bundle()  # in slices: there is no checksum of all of it
        made.put_sliced(b"s", STRING, [3], [([(0, 1)], encoder.strings(values[:1]), 0), ([(1, 2)], encoder.strings(values[1:]), 0)])
        made.write(tmp_path / (name + "-sliced"))
    assert b"different by checksum\ts" in run("diff", "-q", tmp_path / "a", tmp_path / "b", status=1).stdout
    assert run("diff", "-q", tmp_path / "a-sliced", tmp_path / "b", status=1).stdout.startswith(b"different\ts\tstring [3]\tstring [3]\tfrom [0] on\n")
    assert b": 1 equal; A is" in run("diff", "-q", tmp_path / "a-sliced", tmp_path / "c").stdout
    (found,) = json.loads(run("diff", "--json", "-q", "--atol", "9", tmp_path / "a", tmp_path / "b", status=1).stdout)["tensors"]
    assert (found["differing"], found["first"], found["outside"], found["state"]) == (2, [0], 2, "different")


def test_hostile_names(tmp_path):
    names = [b"a\nonly in B\tx", b"\x1b[31mred", "\u202eevil".encode(), b"\xff\xfe", b'"quoted\\"', b"</script>"]
    bundle(tmp_path / "a", {name: (INT32, [], bytes(4)) for name in names})
    bundle(tmp_path / "b", {})
    lines = run("diff", "-q", tmp_path / "a", tmp_path / "b", status=1).stdout.decode().splitlines()
    assert sorted(line.split("\t")[1] for line in lines[:-1]) == sorted(
        ["a\\x0aonly in B\\x09x", "\\x1b[31mred", "\\xe2\\x80\\xaeevil", "\\xff\\xfe", '"quoted\\\\"', "</script>"])
    found = json.loads(run("diff", "--json", "-q", tmp_path / "a", tmp_path / "b", status=1).stdout)["tensors"]
    assert [os.fsencode(t["name"]) for t in found] == sorted(names)


def test_what_cannot_be_read_is_trouble(tmp_path):
    prefix, _ = truth("sliced")
    shutil.copytree(prefix.parent, tmp_path / "x")
    made = tmp_path / "m.ini"
    made.write_text("[assignment_map]\nemb = emb | cast uint8\n")  # values that fit
    run("diff", "-q", "-m", made, "-M", made, prefix, tmp_path / "x")
    made.write_text("[assignment_map]\nnet/bias = b | cast uint8\n")
    done = run("diff", "-q", "-m", made, "-M", made, prefix, tmp_path / "x", status=2)
    assert b"cannot read 'b' of A" in done.stderr and b"unreadable\tb\t" in done.stdout


@pytest.mark.parametrize("arguments, words", [
    ((), "which two checkpoints"), (("a",), "which other checkpoint"), (("a", "b", "c"), "not 'c' too"),
    (("--atol", "x", "a", "b"), "--atol is a number, 0 or more, not 'x'"), (("--rtol=-1", "a", "b"), "not '-1'"),
    (("--atol", "nan", "a", "b"), "not 'nan'"), (("-g", "a", "b"), "unknown option '-g'")])  # fmt: skip
def test_usage(arguments, words):
    assert words in run("diff", *arguments, status=2).stderr.decode()


def test_no_checkpoint_is_trouble_and_both_are_told():
    done = run("diff", GOLDEN / "absent", GOLDEN / "missing", status=2)
    assert done.stdout == b"" and b"absent" in done.stderr and b"missing" in done.stderr
    assert run("diff", "-m", "nothing.ini", *[truth("demo")[0]] * 2, status=2).stderr


def test_output_that_cannot_be_written_is_trouble():
    prefix, _ = truth("demo")
    with open("/dev/full", "wb") as full:
        done = tool.subprocess.run([tool.TOOL, "diff", prefix, prefix], stdout=full, stderr=tool.subprocess.PIPE, timeout=60)
    assert done.returncode == 2 and b"cannot write" in done.stderr


def test_on_a_terminal_there_is_a_head():
    status, text = tool.on_terminal("diff", "-q", truth("demo")[0], truth("slots")[0])
    assert status == 1 and b"WHAT" in text and b"different by checksum  global_step" in text
