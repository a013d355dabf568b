# SPDX-License-Identifier: Apache-2.0
"""String tensors in ckptool: as text, in plans and maps, cut, damaged, and too big to be held."""

import ast
import json
import re
import resource
import shutil
import struct
import subprocess

import pytest

from support.bundle import write_checkpoint
from support.encoder import crc32c, masked, varint
from support.paths import GOLDEN, TOOL
from support.tool import STRINGS, out, run, truth

STRING = 7
WORDS = [b"", b"a", b"it's", b'say "x"', b"both ' and \"", b"tab\t nl\n cr\r \\", bytes(range(256)), b"\x7f\x80\xff", b"x" * 300]


def entry(values, big_endian=False):
    """The bytes of a run, and their checksum before it is masked."""
    fixed = ">I" if big_endian else "<I"
    lengths = b"".join(struct.pack(fixed, len(v)) for v in values)
    stored = struct.pack(fixed, masked(lengths))
    return b"".join(varint(len(v)) for v in values) + stored + b"".join(values), lengths + stored + b"".join(values)


def write_strings(prefix, tensors, **more):
    """tensors: {name: (shape, values)}."""
    made = {}
    for name, (shape, values) in tensors.items():
        stored, summed = entry(values)
        made[name] = (STRING, shape, stored, summed)
    return write_checkpoint(prefix, made, **more)


def raw(values, shape):
    return b"".join(v + b"\n" for v in values) if shape else values[0]


@pytest.mark.parametrize("folder", STRINGS)
def test_text_is_python(folder):
    prefix, tensors = truth(folder)
    for tensor in tensors:
        if tensor["dtype"] != "string":
            continue
        values = [bytes.fromhex(v) for v in tensor["values"]]
        text = out("cat", "--text", prefix, tensor["name"]).decode("ascii")
        assert [ast.literal_eval(word) for word in re.findall(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""", text)] == values
        rest = re.sub(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""", "_", text)
        assert set(rest) <= set("[] _\n") and rest.count("[") == rest.count("]")


def test_text_of_every_byte(tmp_path):
    prefix = write_strings(tmp_path / "c", {b"words": ([3, 3], WORDS), b"one": ([], [WORDS[6]])})
    rows = [" ".join(map(repr, WORDS[i:i + 3])) for i in (0, 3, 6)]
    assert out("cat", "--text", prefix, "words").decode() == "[[" + "]\n [".join(rows) + "]]\n"
    assert out("cat", "--text", prefix, "one").decode() == repr(WORDS[6]) + "\n"
    assert out("cat", "--text", "--limit", "2", prefix, "words").decode() == "[[b'' b'a' ...]]\n"


def test_cut_lists_and_scopes(tmp_path):
    values = [b"%d\n" % i * (i % 5) for i in range(70 * 3)]
    prefix = write_strings(tmp_path / "c", {b"s/words": ([70, 3], values), b"s/b": ([2], [b"x", b"y"])})
    rows = [values[i:i + 3] for i in range(0, 210, 3)]
    flat = [v for row in rows for v in row]
    for rule, parts in [("s/words = p | partition 2,1", [flat[:105], flat[105:]]),
                        ("s/words = p/part_0, p/part_1", [flat[:105], flat[105:]]),
                        ("s/words = p | partition 1,2", [[v for r in rows for v in r[:2]], [r[2] for r in rows]]),
                        ("s/words = p | partition fixed 70", [rows[i] for i in range(70)])]:
        for i, part in enumerate(parts):
            assert out("cat", "-a", rule, prefix, f"p/part_{i}") == raw(part, [1]), (rule, i)
    assert out("cat", "-a", "s/ = deep/er/", prefix, "deep/er/words", "deep/er/b") == raw(flat, [1]) + b"x\ny\n"
    assert out("cat", "-a", "s/words = w", "-D", "w = string [70, 3] | partition 70,1", prefix, "w/part_69") == raw(rows[69], [1])


def test_dtypes_must_agree(tmp_path):
    prefix = write_strings(tmp_path / "c", {b"s": ([2], [b"x", b"y"])})
    done = run("plan", "-a", "s = t | cast float32", prefix, status=1)
    assert b"'t' cannot be cast from string to float32: string is not numeric" in done.stderr
    done = run("plan", "-a", "s = t", "-D", "t = float32 [2]", prefix, status=1)
    assert b"tensor 's' is string; no cast is possible" in done.stderr
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\ns = t\n[variables]\nt = float32 [2]\n[view]\ndtype = cast\n")
    assert b"cannot be cast from string to float32" in run("plan", "-m", ini, prefix, status=1).stderr
    ini.write_text("[assignment_map]\ns = t\n[variables]\nt = float32 [2]\n[view]\ndtype = source\n")
    assert out("cat", "-m", ini, prefix, "t") == b"x\ny\n"
    done = run("plan", "-a", "s = t", "-D", "t = string [3]", prefix, status=1)
    assert b"has shape [3]" in done.stderr


def test_plans_do_not_read_data(tmp_path):
    folder = GOLDEN / "strings"
    shutil.copy(folder / "strings.ckpt.index", tmp_path)
    document = json.loads(run("plan", "--json", tmp_path / "strings.ckpt").stdout)
    sizes = {t["variable"]: t["bytes"] for t in document["targets"]}
    assert sizes == {"none": None, "number": 16, "scalar": None, "utf8": None, "words": None}
    text = run("plan", folder / "strings.ckpt").stdout.decode()
    assert re.search(r"words +string +\[2, 2\] +-\n", text)
    assert "5 targets, 16 bytes without 4 of strings (16 bytes in place), from 5 of 5 tensors" in text


@pytest.mark.parametrize("damage", ["length", "lengths crc", "bytes", "entry crc"])
def test_damage_is_an_error_and_nothing_is_written(tmp_path, damage):
    stored, summed = entry([b"hello", b"world"])
    place = {"length": 0, "lengths crc": 2, "bytes": 9}.get(damage)
    if place is not None:
        stored = stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1:]
    else:
        summed += b"?"
    prefix = write_checkpoint(tmp_path / "c", {b"s": (STRING, [2], stored, summed), b"t": (4, [1], b"z")})
    for option in ([], ["--text"]):
        done = run("cat", "-q", *option, prefix, "s", status=1)
        assert done.stdout.strip() == b""
        assert done.stderr.startswith(b"ckptool: cannot read 's': s: ") and done.stderr.endswith(f", in {prefix}.data-00000-of-00001\n".encode())
    assert out("cat", "-q", prefix, "t") == b"z"
    assert b"s: " in run("verify", "-q", prefix, status=1).stdout


def test_a_big_string_is_streamed(tmp_path):
    """300 MiB of zeros in one string, with 200 MiB of memory."""
    size = 300 << 20

    # The checksum of a long run of zeros by squaring: crc of n zeros from a state is linear in the state.
    def times(matrix, vector):
        result = 0
        for row in matrix:
            result ^= row if vector & 1 else 0
            vector >>= 1
        return result

    lengths = struct.pack("<I", size)
    start = lengths + struct.pack("<I", masked(lengths))
    state = crc32c(start) ^ 0xffffffff
    one = [0x82f63b78] + [1 << i for i in range(31)]  # one zero bit
    for _ in range(3):
        one = [times(one, row) for row in one]  # one zero byte
    count = size
    while count:
        state = times(one, state) if count & 1 else state
        one = [times(one, row) for row in one]
        count >>= 1
    crc = state ^ 0xffffffff
    head = varint(size) + start[4:]
    prefix = write_checkpoint(tmp_path / "c", {b"s": (STRING, [], head, b"")}, size_of={b"s": len(head) + size},
                              crc_of={b"s": ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff})
    with open(f"{prefix}.data-00000-of-00001", "r+b") as shard:
        shard.truncate(len(head) + size)
    if b"asan" in TOOL.encode():
        pytest.skip("the sanitizer needs more memory than the test allows")
    child = subprocess.Popen([TOOL, "cat", prefix, "s"], stdout=subprocess.PIPE,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20)))
    total = 0
    while block := child.stdout.read(1 << 20):
        assert not block.strip(b"\0")
        total += len(block)
    assert child.wait(timeout=60) == 0 and total == size
