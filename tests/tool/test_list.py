# SPDX-License-Identifier: Apache-2.0
"""ckptool list against the truth of the golden checkpoints."""

import json
import os
import shutil

import pytest

from support import encoder
from support.bundle import write_checkpoint
from support.paths import GOLDEN
from support.tool import STRINGS, V1, V2, is_shown, on_terminal, out, run, truth, visible

ODD = {b"esc\x1b[31m": (4, [1], b"\1"), b"bad\xff\xc3utf8": (4, [1], b"\2"), b"nul\0x": (4, [], b"\3"),
       b"tab\tnl\n": (4, [], b"\4"), b"plain": (1, [1, 1], b"\0\0\x80\x3f")}


@pytest.mark.parametrize("folder", V2 + V1)
def test_list_is_the_truth(folder):
    prefix, tensors = truth(folder)
    lines = out("list", prefix).decode().splitlines()
    rows = [line.split("\t") for line in lines]
    tensors = sorted(tensors, key=lambda t: t["name"].encode())
    assert [r[0] for r in rows] == [visible(t["name"]) for t in tensors]
    for row, tensor in zip(rows, tensors):
        assert row[1:3] == [tensor["dtype"], json.dumps(tensor["shape"])]
        assert row[3] == str(tensor["bytes"]) if tensor["dtype"] != "string" else row[3].isdigit()
        sliced = tensor.get("kind") == "sliced" or "slices" in tensor
        assert len(row) == 5 and (row[4] == "-" if sliced else row[4].isdigit())


@pytest.mark.parametrize("folder", V2 + V1 + STRINGS)
def test_list_json_is_the_truth(folder):
    prefix, tensors = truth(folder)
    document = json.loads(out("list", "--json", prefix))
    assert document["version"] == 1
    assert document["checkpoint"]["path"] == str(prefix)
    assert document["checkpoint"]["tensors"] == len(tensors) == len(document["tensors"])
    for got, tensor in zip(document["tensors"], sorted(tensors, key=lambda t: t["name"].encode())):
        assert (got["name"], got["dtype"], got["shape"]) == (tensor["name"], tensor["dtype"], tensor["shape"])
        if tensor["dtype"] == "string":  # stored: with lengths, and in V2 a checksum, or tags
            elements = len(tensor["values"])
            assert got["bytes"] >= len(tensor["hex"]) // 2 - elements * bool(tensor["shape"]) + elements
        elif is_shown(tensor):
            assert got["bytes"] == tensor["bytes"]
            assert isinstance(got["shard"], int) != (tensor.get("kind") == "sliced")
        assert ("hidden" in got) == (not is_shown(tensor)), got


def test_list_gives_reasons_for_hidden_tensors():
    lines = out("list", GOLDEN / "variant" / "variant.ckpt").decode().splitlines()
    hidden = [line for line in lines if "\tvariant\t" in line]
    assert hidden and all("variant tensors" in line.split("\t")[5] for line in hidden)


@pytest.mark.parametrize("argument", ["demo", "demo/model.ckpt-1000", "demo/model.ckpt-1000.index",
                                      "demo/model.ckpt-1000.data-00000-of-00001"])
def test_list_takes_what_people_have(argument):
    assert len(out("list", GOLDEN / argument).splitlines()) == 7


def test_list_needs_no_data_files(tmp_path):
    shutil.copy(GOLDEN / "demo" / "model.ckpt-1000.index", tmp_path)
    assert len(out("list", tmp_path / "model.ckpt-1000").splitlines()) == 7


@pytest.mark.parametrize("pattern, names", [
    ("*", 7), ("some_scope/*", ["some_scope/layer/bias", "some_scope/layer/kernel", "some_scope/var1"]),
    ("*/kernel", ["some_scope/layer/kernel"]), ("kernel", ["some_scope/layer/kernel"]),
    ("some_var", ["some_var", "some_var/Adam"]), ("some_va?", ["some_var"]), ("[st]able", ["table"]),
    ("[!s]able", ["table"]), ("t[a-b]ble", ["table"]),
    ("*a*a*", ["some_scope/layer/bias", "some_var/Adam"]), ("t\\able", ["table"]), ("global_step*", ["global_step"])])
def test_list_pattern(pattern, names):
    got = [line.split("\t")[0] for line in out("list", GOLDEN / "demo", pattern).decode().splitlines()]
    assert len(got) == names if isinstance(names, int) else got == names


@pytest.mark.parametrize("pattern, count", [("gr??e", 1), ("\\[0\\]", 1), ("[[]0]", 1), ("star\\*", 1), ("x/../y", 1), ("é", 1),
                                            ("nul?inside", 1), ("*\\[*", 2), ("*]", 2)])
def test_list_pattern_on_odd_names(pattern, count):
    assert len(out("list", GOLDEN / "names" / "names.ckpt", pattern).splitlines()) == count


def test_list_pattern_with_many_stars_is_quick(tmp_path):
    name = b"a" * 4000 + b"c"
    prefix = write_checkpoint(tmp_path / "c", {name: (4, [], b"\1")})
    run("list", prefix, "a*" * 200 + "b", status=1)


def test_list_without_a_match_is_an_error():
    done = run("list", GOLDEN / "demo", "some_vax", status=1)
    assert done.stdout == b""
    assert b"no tensor matches 'some_vax'; did you mean 'some_var'" in done.stderr


def test_list_summary():
    text = out("list", "--summary", GOLDEN / "demo").decode()
    rows = [line.split() for line in text.splitlines() if line]
    assert ["some_scope/", "3", "75", "300"] in rows
    assert ["(no", "scope)", "3", "74", "300"] in rows
    assert ["float32", "6", "188", "752"] in rows
    assert ["total", "7", "189", "760"] in rows
    assert text.splitlines()[-1] == f"checkpoint  {GOLDEN}/demo/model.ckpt-1000 (v2, 1 shard, 7 tensors)"
    document = json.loads(out("list", "--summary", "--json", GOLDEN / "demo"))
    assert {"scope": "some_scope/", "tensors": 3, "elements": 75, "bytes": 300} in document["scopes"]
    assert document["total"] == {"tensors": 7, "elements": 189, "bytes": 760}
    assert sum(d["bytes"] for d in document["dtypes"]) == 760
    some = json.loads(out("list", "--summary", "--json", GOLDEN / "demo", "some_var*"))
    assert some["total"]["tensors"] == 2


def test_list_human_sizes(tmp_path):
    prefix = write_checkpoint(tmp_path / "c", {b"a": (4, [1536], bytes(1536)), b"b": (4, [1023], bytes(1023))})
    assert [line.split("\t")[3] for line in out("list", "-H", prefix).decode().splitlines()] == ["1.5K", "1023"]


def test_list_makes_names_visible(tmp_path):
    prefix = write_checkpoint(tmp_path / "c", ODD)
    names = [line.split(b"\t")[0] for line in out("list", prefix).splitlines()]
    assert names == [visible(name).encode() for name in sorted(ODD)]


def test_list_json_gives_exact_names(tmp_path):
    prefix = write_checkpoint(tmp_path / "c", ODD)
    text = out("list", "--json", prefix)
    assert not set(text) & {*range(0x20), 0x7f} - {0x0a}
    assert [os.fsencode(t["name"]) for t in json.loads(text)["tensors"]] == sorted(ODD)


def test_list_on_a_terminal_is_aligned(tmp_path):
    prefix = write_checkpoint(tmp_path / "c", ODD)
    status, text = on_terminal("list", prefix, env={"NO_COLOR": "1"})
    assert status == 0 and b"\x1b" not in text
    lines = text.decode().splitlines()
    assert lines[0].split() == ["NAME", "DTYPE", "SHAPE", "BYTES", "SHARD"]
    assert lines.pop() == f"checkpoint  {prefix} (v2, 1 shard, {len(ODD)} tensors)"
    assert len({line.index("  uint8") for line in lines if "uint8" in line} | {lines[0].index("  DTYPE")}) == 1
    assert len({len(line) for line in lines}) == 1
    status, text = on_terminal("list", prefix)
    assert text.startswith(b"\x1b[1mNAME") and text.count(b"\x1b") == 2


def rows(*arguments):
    return [line.split("\t") for line in out("list", *arguments).decode().splitlines()]


@pytest.mark.parametrize("folder", V2)
def test_list_long_has_where_tensors_are_and_their_checksums(folder):
    """Read there, the bytes are those of the truth, and have that checksum."""
    prefix, tensors = truth(folder)
    by_name = {tensor["name"]: tensor for tensor in tensors}
    document = json.loads(out("list", "--long", "--json", prefix))["tensors"]
    short = json.loads(out("list", "--json", prefix))["tensors"]
    assert [{key: value for key, value in tensor.items() if key not in ("offset", "crc32c")} for tensor in document] == short
    found = 0
    for tensor, row in zip(document, rows("--long", prefix)):
        assert row[5:7] == ["-" if tensor[key] is None else str(tensor[key]) for key in ("offset", "crc32c")]
        if tensor["offset"] is None or "hidden" in tensor or folder.startswith("big_endian"):
            continue
        files = sorted(prefix.parent.glob(f"{prefix.name}.data-{tensor['shard']:05}-of-*"))
        content = files[0].read_bytes()[tensor["offset"]:tensor["offset"] + tensor["bytes"]]
        assert content.hex() == by_name[tensor["name"]]["hex"]
        assert tensor["crc32c"] in (None, f"{encoder.masked(content):08x}")
        found += 1
    assert found or any("slices" in tensor or tensor["dtype"] == "string" for tensor in tensors) or folder.startswith("big_endian")


def test_list_long_says_what_it_does_not_know():
    """A tensor in slices has no place, strings have no checksum of what is shown, a V1 file has no checksums of tensors."""
    sliced = rows("--long", truth("sliced")[0])
    assert any(row[4:7] == ["-", "-", "-"] for row in sliced)
    for folder in (folder for folder in V1 if folder.startswith("v1")):
        assert all(row[6] == "-" for row in rows("--long", truth(folder)[0]))


def test_list_sort():
    by_name = rows(GOLDEN / "demo")
    assert rows("--sort", "name", GOLDEN / "demo") == by_name
    assert rows("--sort=size", GOLDEN / "demo") == sorted(by_name, key=lambda row: -int(row[3]))
    document = json.loads(out("list", "--json", "--sort=size", GOLDEN / "demo", "some_*"))
    assert [tensor["bytes"] for tensor in document["tensors"]] == [160, 160, 160, 120, 20]


def test_list_depth_sums_scopes(tmp_path):
    names = ["a/b/c/w", "a/b/w", "a/w", "a/x/w", "a/z", "ab/w", "b/b/w", "top", "z/"]
    prefix = write_checkpoint(tmp_path / "c", {name.encode(): (4, [i + 1], bytes(i + 1)) for i, name in enumerate(names)})
    size = {name: i + 1 for i, name in enumerate(names)}

    def summed(depth):
        scopes = {}
        for name in names:
            scope = "".join(f"{part}/" for part in name.split("/")[:-1][:depth])
            tensors, total = scopes.get(scope, (0, 0))
            scopes[scope] = (tensors + 1, total + size[name])
        return [[scope or "(no scope)", str(tensors), str(total), str(total)] for scope, (tensors, total) in sorted(scopes.items())]

    for depth in (1, 2, 3, 4, 600):
        assert rows("--depth", depth, prefix) == summed(depth)
        assert rows(f"--depth={depth}", "--sort", "size", prefix) == sorted(summed(depth), key=lambda row: -int(row[3]))
    document = json.loads(out("list", "--json", "--depth=2", prefix, "a/*"))
    assert [(row["scope"], row["tensors"]) for row in document["scopes"]] == [("a/", 2), ("a/b/", 2), ("a/x/", 1)]
    assert document["total"] == {"tensors": 5, "elements": 15, "bytes": 15} and "dtypes" not in document
    document = json.loads(out("list", "--json", "--summary", "--depth=2", "--sort=name", prefix))
    assert [row["scope"] for row in document["scopes"]] == ["", "a/", "a/b/", "a/x/", "ab/", "b/b/", "z/"]
    assert document["dtypes"] == [{"dtype": "uint8", "tensors": 9, "elements": 45, "bytes": 45}]
    status, text = on_terminal("list", "--depth=1", prefix, env={"NO_COLOR": "1"})
    assert status == 0 and text.decode().splitlines()[0].split() == ["SCOPE", "TENSORS", "ELEMENTS", "BYTES"]
    assert text.decode().splitlines()[-1].startswith(f"checkpoint  {prefix} ")
