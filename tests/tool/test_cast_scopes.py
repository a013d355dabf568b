# SPDX-License-Identifier: Apache-2.0
"""Casts of scopes: the tensors that they take, those that they leave, and what is said of both."""

import json

import ml_dtypes  # noqa: F401 (makes NumPy know bfloat16 and its kind by name)
import numpy as np
import pytest

from support.bundle import write_checkpoint
from support.paths import GOLDEN
from support.tool import is_shown, out, run, truth

FLOATING = ("float", "bfloat")
OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
INT64, FLOAT32 = 9, 1


def plan(*args, status=0):
    return json.loads(run("plan", "--json", "-q", *args, status=status).stdout)


def cast_bytes(tensor, dtype):
    """What NumPy makes of a tensor of truth.json."""
    source = np.frombuffer(bytes.fromhex(tensor["hex"]), np.dtype(tensor["dtype"]))
    with np.errstate(all="ignore"):
        return source.astype(dtype).tobytes()


@pytest.mark.parametrize("folder", ["demo", "slots", "sharded", "sliced", "v1", "objects", "keras3", "saved_model", "strings"])
@pytest.mark.parametrize("word, dtype", [("half", "float16"), ("bf16", "bfloat16"), ("fp16", "float16"), ("f32", "float32")])
def test_a_cast_to_a_float_takes_the_floating_tensors(folder, word, dtype):
    """The whole of any checkpoint may be cast: no integer becomes infinity, and no string is in the way."""
    prefix, tensors = truth(folder)
    document = plan("-a", f"/ = / | cast {word}", prefix)
    targets = {t["variable"]: t for t in document["targets"]}
    shown = [t for t in tensors if is_shown(t)]
    assert set(targets) == {t["name"] for t in shown}
    for tensor in shown:
        taken = tensor["dtype"].startswith(FLOATING)
        assert targets[tensor["name"]]["dtype"] == (dtype if taken else tensor["dtype"]), tensor["name"]
    left = {t["name"]: t["dtype"] for t in shown if not t["dtype"].startswith(FLOATING)}
    paths = {t["path"]: t["variable"] for t in document["targets"]}
    assert {paths[entry["path"]]: entry["dtype"] for entry in document["uncast"]} == left
    reason = f"a scope's cast to {dtype} is for floating tensors"
    assert all(entry["rule"] == "assign:1" and entry["reason"] == reason for entry in document["uncast"])
    for tensor in shown:
        if "hex" in tensor and tensor["name"] != OBJECT_GRAPH:
            want = cast_bytes(tensor, dtype) if tensor["dtype"].startswith(FLOATING) else bytes.fromhex(tensor["hex"])
            assert out("cat", "-q", "-a", f"/ = / | cast {word}", prefix, tensor["name"]) == want, tensor["name"]


@pytest.mark.parametrize("folder", ["demo", "slots", "sliced", "v1", "objects", "keras3", "strings", "variant"])
@pytest.mark.parametrize("rule, prefix", [("** = x/**", "x/"), ("?** = x/**", "x/"), ("/ = x/ | cast bfloat16 all", "x/")])
def test_a_cast_of_wildcards_takes_what_that_of_a_scope_does(folder, rule, prefix):
    checkpoint, tensors = truth(folder)
    wild = plan("-a", f"{rule} | cast half", checkpoint) if "cast" not in rule else plan("-a", "** = x/** | cast bf16 all | cast bf16 all", checkpoint)
    scope = plan("-a", "/ = x/ | cast half", checkpoint) if "cast" not in rule else plan("-a", rule, checkpoint)
    for document in wild, scope:
        for one in document["targets"]:
            one.pop("operations", None)
            one.pop("made", None)
    assert wild["targets"] == scope["targets"]
    for one in "uncast", "unused", "hidden":
        assert wild[one] == scope[one]


@pytest.mark.parametrize("rules, target, plain", [
    (["scalar = ~s", "~s = x"], "x", ["scalar = x"]),
    (["** = x/** | cast half"], "x/scalar", ["/ = x/"]),
    (["{scalar,} = x"], "x", ["scalar = x"]),
])
def test_strings_through_rules_that_compute(rules, target, plain):
    prefix, _ = truth("strings")

    def cat(lines):
        return out("cat", "-q", *(f"--assign={line}" for line in lines), prefix, target)

    assert cat(rules) == cat(plain) != b""


def test_a_cast_among_other_operations(tmp_path):
    """That of wildcards leaves integers as they are, that of single tensors takes them."""
    w = np.float32([[1, 2], [3, 4]])
    checkpoint = write_checkpoint(tmp_path / "c", {b"a/w": (FLOAT32, [2, 2], w.tobytes()), b"a/n": (INT64, [2], np.int64([5, 6]).tobytes())})
    document = plan("-a", "a/* = * | transpose | cast f16", checkpoint)
    assert {t["variable"]: t["dtype"] for t in document["targets"]} == {"w": "float16", "n": "int64"}
    assert out("cat", "-a", "a/* = * | transpose | cast f16", checkpoint, "w") == w.T.astype("<f2").tobytes()
    assert [one["path"] for one in document["uncast"]] == ["n"]
    assert {t["variable"]: t["dtype"] for t in plan("-a", "a/* = * | transpose | cast f16 all", checkpoint)["targets"]} == {"w": "float16", "n": "float16"}
    assert plan("-a", "a/n = n | flip 0 | cast f16", checkpoint)["targets"][0]["dtype"] == "float16"
    for rule in "a/n = n | flip 0 | cast f16 all", "a/w = w | cast f16 all":
        assert b"'all' in the cast of" in run("plan", "-a", rule, checkpoint, status=1).stderr


def step_checkpoint(folder):
    """A step that neither float16 nor bfloat16 holds."""
    return write_checkpoint(folder / "c", {b"global_step": (INT64, [], (4688585).to_bytes(8, "little")), b"net/w": (FLOAT32, [2], np.float32([1.5, 70000]).tobytes())})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_step_of_a_training_run(tmp_path, dtype):
    prefix = step_checkpoint(tmp_path)
    for rules in (["/ = / "], ["/ = /", "global_step = global_step"], ["global_step = global_step", "/ = /"]):
        arguments = [word for rule in rules for word in ("-a", rule if "step" in rule else f"{rule} | cast {dtype}")]
        assert out("cat", "-q", "--text", *arguments, prefix, "global_step") == b"4688585\n"
        with np.errstate(over="ignore"):
            assert out("cat", "-q", *arguments, prefix, "net/w") == np.float32([1.5, 70000]).astype(dtype).tobytes()


def test_all_takes_integers_with_a_warning(tmp_path):
    prefix = step_checkpoint(tmp_path)
    done = run("plan", "-a", "/ = / | cast bfloat16 all", prefix)
    assert done.stderr == (b"ckptool: assign:1: warning: tensor 'global_step' is int64, of which bfloat16 holds each number up to 256: "
                           b"larger ones are rounded, or overflow\n")
    assert done.stdout.startswith(b"assign:1: / = / | cast bfloat16 all\n  global_step  -> global_step  bfloat16  []")
    assert out("cat", "-q", "-a", "/ = / | cast bfloat16 all", prefix, "global_step") == np.array(4688585).astype("bfloat16").tobytes()
    document = json.loads(run("plan", "--json", "-a", "/ = / | cast bfloat16 all", prefix).stdout)
    assert [(w["code"], w["subject"]) for w in document["warnings"]] == [("integers-rounded", "global_step")]
    assert document["uncast"] == []


def test_complex_quantized_and_other_tensors_stay():
    prefix, tensors = truth("dtypes")
    for words in "float32", "float32 all":
        targets = {t["variable"]: t["dtype"] for t in plan("-a", f"/ = / | cast {words}", prefix)["targets"]}
        for tensor in tensors:
            kept = tensor["dtype"].startswith(("complex", "q")) or (words == "float32" and not tensor["dtype"].startswith(FLOATING))
            assert targets[tensor["name"]] == (tensor["dtype"] if kept else "float32"), tensor["name"]
    targets = {t["variable"]: t["dtype"] for t in plan("-a", "/ = / | cast int64 saturate", prefix)["targets"]}
    assert all(targets[t["name"]] == ("int64" if t["dtype"].startswith(("int", "uint")) else t["dtype"]) for t in tensors)


def test_a_scope_that_the_cast_is_not_for():
    done = run("plan", "-a", "some_scope/ = x/ | cast int32", GOLDEN / "demo")
    assert b"warning: the cast of 'some_scope/' to int32 takes none of its tensors: it is for integers; say `all`" in done.stderr
    assert b"\nuncast (3): " in done.stdout and b"\n  x/var1: float32, the cast to int32 is for integers\n" in done.stdout
    done = run("plan", "-a", "some_var = x | cast int32 all", GOLDEN / "demo", status=1)
    assert b"assign:1: 'all' in the cast of 'some_var', which is a single tensor: it is for scopes, leave it out\n" in done.stderr


def test_short_names_of_dtypes_in_declarations():
    document = plan("-a", "some_var = w", "-D", "w = f32 [10, 4]", GOLDEN / "demo")
    assert [(t["variable"], t["dtype"]) for t in document["targets"]] == [("w", "float32")]
