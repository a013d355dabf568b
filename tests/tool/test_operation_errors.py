# SPDX-License-Identifier: Apache-2.0
"""What a plan says of operations that cannot be: the line, the operation, what it got and what it needs. What is wrong with how they are
written is in tests/data."""

import json
import os

import pytest

from support.bundle import write_index
from support.paths import ROOT
from support.tool import run

FLOAT, STRING, INT32, BOOL, COMPLEX = 1, 7, 3, 10, 8
TENSORS = [  # name, dtype, shape, bytes: a plan needs no more
    (b"b", BOOL, [2], 2),
    (b"c", COMPLEX, [2], 16),
    (b"i", INT32, [4], 16),
    (b"l_0/w", FLOAT, [2, 3], 24),
    (b"l_1/w", FLOAT, [2, 4], 32),
    (b"s", FLOAT, [], 4),
    (b"t", FLOAT, [4, 6], 96),
    (b"u", FLOAT, [6, 4], 96),
    (b"wide", FLOAT, [2, 6 << 20], 48 << 20),
    (b"words", STRING, [2], 8),
]
FILES = {
    "words.txt": "a\nb\nc\nd\ne\n",
    "twice.txt": "a\nb\na\n",
    "new.txt": "b\nx\n",
    "rows.txt": "0\n3\n4\n",
    "text.txt": "0\none\n",
    "minus.txt": "-4\n-5\n",
    "empty.txt": "",
}

# rule, operation, code, the rest of the message; "shape" and so on are the codes "...-mismatch"
ROWS = [
    ("t = x | transpose 0", "transpose 0", "shape", "[4, 6] has 2 axes, and 1 are given"),
    ("t = x | transpose 0,0", "transpose 0,0", "shape", "axis 0 is given twice"),
    ("t = x | transpose 0,2", "transpose 0,2", "shape", "[4, 6] has no axis 2: expected -2 to 1"),
    ("s = x | flip 0", "flip 0", "shape", "[] has no axis 0"),
    ("t = x | flip -3", "flip -3", "shape", "[4, 6] has no axis -3: expected -2 to 1"),
    ("t = x | slice :,:,:", "slice :,:,:", "shape", "3 ranges are given, and [4, 6] has 2 axes"),
    ("t = x | squeeze 1", "squeeze 1", "shape", "axis 1 of [4, 6] has length 6: expected 1"),
    ("t = x | squeeze 2", "squeeze 2", "shape", "[4, 6] has no axis 2: expected -2 to 1"),
    ("t = x | expand 3", "expand 3", "shape", "[4, 6] has no axis 3: expected -3 to 2"),
    ("t = x | reshape 5,5", "reshape 5,5", "shape", "[4, 6] has 24 elements, which cannot be reshaped so"),
    ("t = x | reshape 7,-1", "reshape 7,-1", "shape", "[4, 6] has 24 elements, which cannot be reshaped so"),
    ("t = x | reshape -1,-1", "reshape -1,-1", "shape", "a dimension is -1: expected one -1 at most, and no other negative number"),
    ("t, u = x | concat 0", "concat 0", "shape", "value 1 is [4, 6] and value 2 is [6, 4]: expected one shape, but for that axis"),
    ("t, i = x | concat 0", "concat 0", "shape", "value 1 is [4, 6] and value 2 is [4]: expected one shape, but for that axis"),
    ("t, t = x | concat 2", "concat 2", "shape", "[4, 6] has no axis 2: expected -2 to 1"),
    ("t, u = x | stack 0", "stack 0", "shape", "value 1 is [4, 6] and value 2 is [6, 4]: expected one shape"),
    ("t, t = x | stack 3", "stack 3", "shape", "[4, 6] has no axis 3: expected -3 to 2"),
    ("i, b = x | slice :2 | concat 0", "concat 0", "dtype", "value 1 is int32 and value 2 is bool: cast them before"),
    ("t = x, y | split 1 4", "split 1 4", "shape", "axis 1 of [4, 6] has length 6, which 4 equal parts do not divide"),
    ("t = x, y | split 1 4,4", "split 1 4,4", "shape", "axis 1 of [4, 6] has length 6, and the parts have 8 together"),
    ("t = x, y | split 2 2", "split 2 2", "shape", "[4, 6] has no axis 2: expected -2 to 1"),
    ("t = x{n} | unstack 2", "unstack 2", "shape", "[4, 6] has no axis 2: expected -2 to 1"),
    ("wide = x{n} | unstack 1", "unstack 1", "shape", "axis 1 of [2, 6291456] has length 6291456: the limit is 65536"),
    ("t = x | add 1 | cast complex64 | cast float16", "cast float16", "dtype", "complex64 does not fit float16, which has no imaginary part"),
    ("i = x | add 1 | cast int8", "cast int8", "dtype", "int32 does not fit int8; say `| cast int8 saturate` or `| cast int8 wrap`"),
    ("t = x | add 1 | cast int8 wrap", "cast int8 wrap", "dtype", "only integers wrap, and float32 to int8 is no cast of integers to integers"),
    ("b = x | scale 2", "scale 2", "dtype", "bool cannot be computed with: expected floats, integers or complex numbers"),
    ("i = x | add 0.5", "add 0.5", "dtype", "it is of int32, which takes an integer: cast it before"),
    ("t, u = x | sum", "sum", "shape", "value 1 is [4, 6] and value 2 is [6, 4]: expected one shape"),
    ("t, u = x | mean", "mean", "shape", "value 1 is [4, 6] and value 2 is [6, 4]: expected one shape"),
    ("i, b = x | slice :2 | sub", "sub", "dtype", "value 1 is int32 and value 2 is bool: cast them before"),
    ("t, t = x | partition 2,1", "partition 2,1", "shape", "2 values cannot be parts of one variable: join them before"),
    ("t = x | add 1 | partition 2", "partition 2", "shape", "the value has shape [4, 6], so a partition of it takes 2 counts, not 1"),
    ("t = x | add 1 | partition 9,1", "partition 9,1", "shape", "the value has shape [4, 6], whose axis 0 cannot be cut into 9 parts"),
    ("t = x | partition 2,1 | transpose", "transpose", "shape", "it cannot follow 'partition', since it changes shapes: put it before"),
    ("t = x | pad 2 1,1 0", "pad 2 1,1 0", "shape", "[4, 6] has no axis 2: expected -2 to 1"),
    ("i = x | pad 0 1,1 0.5", "pad 0 1,1 0.5", "dtype", "0.5 is no int32"),
    ("i = x | pad 0 1,1 3000000000", "pad 0 1,1 3000000000", "dtype", "3000000000 is no int32"),
    ("t = x | pad 0 9223372036854775807,1 0", "pad 0 9223372036854775807,1 0", "shape", "the border [9223372036854775807, 6] is too large"),
    ("t = x | fill 1 [2] int8", "fill 1 [2] int8", "map-syntax", "it takes no source: expected '~' alone on the left side"),
    ("~ = x | fill 300 [2] int8", "fill 300 [2] int8", "dtype", "300 is no int8"),
    ("~ = x | fill 1 [4294967296, 4294967296] int8", "fill 1 [4294967296, 4294967296] int8", "shape", "[4294967296, 4294967296] is too large"),
    ("~ = x | transpose", "transpose", "map-syntax", "there is no value: expected a source, or 'fill' before it"),
    ("~ = x | concat 0", "concat 0", "map-syntax", "there is no value: expected a source, or 'fill' before it"),
    ("~ = x | mean", "mean", "map-syntax", "there is no value: expected a source, or 'fill' before it"),
    ("t = x | broadcast 6", "broadcast 6", "shape", "[4, 6] has more axes than [6]"),
    ("t = x | broadcast 2,5,6", "broadcast 2,5,6", "shape", "[4, 6] cannot be repeated to [2, 5, 6]: axis 1 has length 4"),
    ("t = x | take 0 4", "take 0 4", "shape", "index 4: expected -4 to 3"),
    ("t = x | take 0 -5", "take 0 -5", "shape", "index -5: expected -4 to 3"),
    ("t = x | take 1 0 of 4", "take 1 0 of 4", "shape", "axis 1 of [4, 6] has length 6, which 4 equal blocks do not divide"),
    ("t = x | take 1 3 of 3", "take 1 3 of 3", "shape", "index 3: expected -3 to 2"),
    ("t = x | gather 2 rows.txt", "gather 2 rows.txt", "shape", "[4, 6] has no axis 2: expected -2 to 1"),
    ("t = x | gather 0 rows.txt", "gather 0 rows.txt", "shape", "DIR/rows.txt:3: index 4: axis 0 of [4, 6] has length 4"),
    ("t = x | gather 0 minus.txt", "gather 0 minus.txt", "shape", "DIR/minus.txt:2: index -5: axis 0 of [4, 6] has length 4"),
    ("t = x | gather 0 text.txt", "gather 0 text.txt", "map-syntax", "DIR/text.txt:2: expected an integer"),
    ("t = x | gather 0 none.txt", "gather 0 none.txt", "file-unreadable", "DIR/none.txt: cannot open: No such file or directory"),
    ("t = x | gather 0 .", "gather 0 .", "file-unreadable", "DIR/.: cannot open: Is a directory"),
    ("t = x | gather 0 pipe", "gather 0 pipe", "file-unreadable", "DIR/pipe: cannot open: not a regular file"),
    ("t = x | vocab words.txt new.txt", "vocab words.txt new.txt oov fill 0", "shape", "DIR/words.txt has 5 tokens, and axis 0 of [4, 6] only 4 rows"),
    ("u = x | vocab twice.txt new.txt", "vocab twice.txt new.txt oov fill 0", "map-syntax", "DIR/twice.txt has the same token in lines 1 and 3"),
    ("u = x | vocab words.txt none.txt", "vocab words.txt none.txt oov fill 0", "file-unreadable", "DIR/none.txt: cannot open: No such file or directory"),
    ("u = x | vocab words.txt new.txt oov row 6", "vocab words.txt new.txt oov row 6", "shape", "oov row 6: axis 0 of [6, 4] has length 6"),
    ("i = x | vocab rows.txt new.txt oov fill 0.5", "vocab rows.txt new.txt oov fill 0.5", "dtype", "oov fill: the number is no int32"),
    ("b = x | vocab minus.txt new.txt oov mean", "vocab minus.txt new.txt oov mean", "dtype", "bool has no mean"),
    ("~ = x | fill 1 [0, 4] int32 | vocab empty.txt new.txt oov mean", "vocab empty.txt new.txt oov mean", "shape",
     "axis 0 of [0, 4] has length 0: there is no row to take the mean of"),
    ("~ = x | fill 1 [4611686018427387904, 1] int8 | take 1 0,0,0", "take 1 0,0,0", "shape", "the result [4611686018427387904, 3] is too large"),
    ("wide = x | vocab minus.txt new.txt oov mean", "vocab minus.txt new.txt oov mean", "limit-exceeded", "means of rows would take more than 16 MiB in all of the map"),
]
CODES = {"shape": "shape-mismatch", "dtype": "dtype-mismatch"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("operations")
    offsets = [sum(entry[3] for entry in TENSORS[:i]) for i in range(len(TENSORS))]
    write_index(path / "model.index", [(name, dtype, shape, 0, off, size) for (name, dtype, shape, size), off in zip(TENSORS, offsets)], 1)
    for name, text in FILES.items():
        (path / name).write_text(text)
    os.mkfifo(path / "pipe")
    return path


def errors(folder, *lines):
    path = folder / "map.ini"
    path.write_text("[assignment_map]\n" + "".join(f"{line}\n" for line in lines))
    done = run("plan", "--json", "-m", path, folder / "model", status=1)
    return json.loads(done.stdout)["errors"]


def test_every_operation_says_what_it_got_and_what_it_needs(folder):
    """All of a map at once, each in its line."""
    found = errors(folder, *(row[0] for row in ROWS))
    assert len(found) == len(ROWS)
    for at, (rule, operation, code, message) in enumerate(ROWS):
        error = found[at]
        number = [op.strip() for op in rule.split("|")[1:]]
        step = next(i for i, op in enumerate(number) if operation.startswith(op.split(" [")[0])) + 1
        assert error["where"] == f"{folder}/map.ini:{at + 2}", rule
        assert error["message"] == f"'{operation}' (operation {step}): {message}".replace("DIR", str(folder)), rule
        assert error["code"] == CODES.get(code, code), rule


def test_the_table_has_every_operation():
    table = (ROOT / "src/plan/ops/table.c").read_text()
    names = {word.split(".")[0] for word in table.split("&op_")[1:]}
    assert names == {row[1].split()[0] for row in ROWS}


@pytest.mark.parametrize("rule, message", [
    ("t = x | unstack 0", "the rule has 1 target for 4 values: expected as many, or one with a number, such as '{n}', that counts the values"),
    ("t = x, y | split 0 4", "the rule has 2 targets for 4 values: expected as many"),
    ("t, u = x | transpose", "the rule has 1 target for 2 values: expected as many, or one with a number, such as '{n}', that counts the values"),
    ("t = x/part_0, x/part_1 | transpose", "the rule has 2 targets for 1 value: expected as many; 'split' makes several of one, and 'partition' the parts of one variable"),
    ("t/part_0 = x", "tensor 't/part_0' is not in the checkpoint; 't' is there as a whole: name that, and cut a part by 'slice'"),
    ("t, t/part_1 = x | concat 0", "tensor 't/part_1' is not in the checkpoint; 't' is there as a whole: name that, and cut a part by 'slice'"),
    ("~ = x", "the rule has 1 target for 0 values: expected a source, or 'fill'"),
    ("t = x.*", "the target takes capture 1, and no source has so many"),
    ("t = x.{1} | transpose", "the target takes capture 1, and no source has so many"),
    ("l_{i}/w = x.{i}.* | transpose", "the target takes capture 1, and no source has so many"),
    ("t = x{n}{m} | unstack 0", "no source has the numbers '{n}' and '{m}' of the target: expected one at most, which counts what the operations make"),
    ("l_{i}/w = x{i-1}", "the number 'i' cannot be shifted so: it would be negative, or too large"),
    ("l_{i}/w = x", "the rule has 1 target for 2 values: expected as many, or one with a number, such as '{n}', that counts the values"),
    ("t = ~x | partition 2,1", "the parts of 'partition' are those of one variable: expected one target, and no step"),
    ("~a = x | transpose", "no rule before this one gives '~a'"),
    ("l_*/w = x", "'l_*/w' matches 'l_0/w' and 'l_1/w', which would give one target"),
    ("k_{i}/w = x.{i}", "'k_{i}/w' matches no tensor of the checkpoint"),
])
def test_targets_and_captures(folder, rule, message):
    found = [error["message"] for error in errors(folder, rule)]
    assert any(message in text for text in found), found


def test_a_wildcard_rule_names_its_source(folder):
    found = errors(folder, "l_{i}/w = x.{i} | slice :1 | reshape 3")
    assert [error["message"] for error in found] == ["'reshape 3' (operation 2) of 'l_1/w': [1, 4] has 4 elements, which cannot be reshaped so"]


def test_what_follows_from_an_error_is_not_told(folder):
    found = errors(folder, "t = ~a | concat 7", "~a, ~a = x | mean", "~b = y | transpose")
    assert [error["where"].rpartition(":")[2] for error in found] == ["2", "4"]


def test_strings_are_renamed_and_partitioned_alone(folder):
    every = {row[1].split()[0]: row[1] for row in ROWS}
    for name, operation in every.items():
        if name in ("partition", "fill"):
            continue
        found = errors(folder, f"words, words = x | {operation}")
        assert len(found) == 1 and found[0]["code"] == "dtype-mismatch", (operation, found)
        why = "string is not numeric and cannot be cast" if name == "cast" else "it is of strings, which can be renamed and partitioned alone"
        assert found[0]["message"].endswith(f"(operation 1): {why}"), operation
    path = folder / "map.ini"
    path.write_text("[assignment_map]\nwords = a | partition 2\n?words = b\n/ = scope/\nwo* = {1}s\nwords = ~w\n~w = c | partition 2\n")
    targets = json.loads(run("plan", "--json", "-m", path, folder / "model").stdout)["targets"]
    assert {t["path"] for t in targets if t["dtype"] == "string"} == {"a/part_0", "a/part_1", "b", "scope/words", "rdss", "c/part_0", "c/part_1"}


def test_too_much(folder):
    nested = ["t, t, t, t, t, t, t, t = ~0 | sum"] + [", ".join([f"~{i}"] * 8) + f" = ~{i + 1} | sum" for i in range(7)]
    assert "(operation 1): what comes out would be read from more than 1048576 pieces" in errors(folder, *nested, "~7 = x | transpose")[0]["message"]
    deep = ["t = ~0 | scale 2"] + [f"~{i} = ~{i + 1} | scale 2" for i in range(20)]
    found = errors(folder, *deep, "~20 = x | transpose")
    assert [error["message"] for error in found] == ["'scale 2' (operation 1): more than 16 computed steps lie one above the other"]
