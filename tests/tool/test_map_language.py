# SPDX-License-Identifier: Apache-2.0
"""The language of rules, sentence by sentence of the manual: what names come out, of which sources, and what is refused."""

import json

import pytest

from support import bundle
from support.tool import run

INT8 = 6


def plan(tmp_path, names, *rules, status=0):
    checkpoint = bundle.write(tmp_path / "c", {name: (INT8, [2], bytes([i, i]), bytes([i, i])) for i, name in enumerate(sorted(names))})
    done = run("plan", "--json", *(f"--assign={rule}" for rule in rules), checkpoint, status=status)
    document = json.loads(done.stdout)
    return {target["variable"]: target["sources"] for target in document["targets"]}, done.stderr.decode()


# (names, rules, {target: sources})
GOOD = [
    # a capture is one or more characters in a component, whole components, one of several texts; numbers have names
    ("ab a/b", ["* = x.*"], {"x.ab": ["ab"]}),
    ("a/b/w x/w", ["**/w = y/**"], {"y/a/b": ["a/b/w"], "y/x": ["x/w"]}),
    ("w a/w", ["**/w = {**.}.v"], {"v": ["w"], "a.v": ["a/w"]}),  # an empty one leaves no empty component
    ("a a/b/c", ["a/** = x.{1.}"], {"x": ["a"], "x.b.c": ["a/b/c"]}),
    ("q/w k/w", ["{q,k}/w = {1}"], {"q": ["q/w"], "k": ["k/w"]}),
    ("w w/b/w", ["w{,/b/w} = x{1}"], {"x": ["w"], "x/b/w": ["w/b/w"]}),  # an alternative is empty, or holds '/'
    ("block_007/w block_10/w", ["block_{i}/w = block.{i}"], {"block.7": ["block_007/w"], "block.10": ["block_10/w"]}),
    ("l0 l1", ["l{i} = m{i+1}"], {"m1": ["l0"], "m2": ["l1"]}),
    ("l1 l2", ["l{i} = m{i-1}"], {"m0": ["l1"], "m1": ["l2"]}),
    ("1/a/1 1/a/2", ["{i}/a/{i} = x{i}"], {"x1": ["1/a/1"]}),  # a name twice: equal both times
    ("a/b", ["*/* = {2}/{1}"], {"b/a": ["a/b"]}),
    ("a_b_c", ["*_* = */*"], {"a/b_c": ["a_b_c"]}),  # what stands further left takes as little as it can
    # several sources are joined by equal captures, a number that is left out gathers
    ("l_0/q l_0/k l_1/q l_1/k", ["l_{i}/q, l_{i}/k = h.{i} | concat 0"], {"h.0": ["l_0/q", "l_0/k"], "h.1": ["l_1/q", "l_1/k"]}),
    ("e_0 e_1 e_2 e_3 e_4 e_5 e_6 e_7 e_8 e_9 e_10", ["e_{e} = e | stack 0"], {"e": [f"e_{i}" for i in range(11)]}),
    ("b w", ["{w,b} = x | concat 0"], {"x": ["w", "b"]}),  # in the order written
    ("a/w b/w", ["{b,a}/w = x | stack 0"], {"x": ["b/w", "a/w"]}),
    # a number that no source has counts what is made
    ("w", ["w = w{n} | split 0 2"], {"w0": ["w"], "w1": ["w"]}),
    ("l0 l1", ["l{i} = l{i}/{n} | unstack 0"], {"l0/0": ["l0"], "l0/1": ["l0"], "l1/0": ["l1"], "l1/1": ["l1"]}),
    # ? makes a rule optional
    ("a", ["?b = x", "?b* = x*", "?b/ = x/", "?a, b = x | concat 0", "? a = y"], {"y": ["a"]}),
    # steps
    ("a b", ["a = ~s", "~s = x", "b = y"], {"x": ["a"], "y": ["b"]}),
    ("l0 l1", ["l{i} = ~s_{i} | flip 0", "~s_{j} = t{j}"], {"t0": ["l0"], "t1": ["l1"]}),
    ("l0 l1", ["l{i} = ~s_{i}", "~s_0, ~s_1 = t | concat 0"], {"t": ["l0", "l1"]}),
    ("s a", ["a = ~s", "s = x", "~s = y"], {"x": ["s"], "y": ["a"]}),  # a name without ~ is no step's
    ("a b", ["a = ~a", "* = x.*", "~* = y.*"], {"x.a": ["a"], "x.b": ["b"], "y.a": ["a"]}),
    ("~a b", ["%7Ea = x", "b = %7Ey"], {"x": ["~a"], "~y": ["b"]}),
    ("a", ["~ = m | fill 1 [2] int8", "a = b"], {"m": [], "b": ["a"]}),
    # scopes
    ("a/x a/y/z", ["a/ = b/ | flip 0"], {"b/x": ["a/x"], "b/y/z": ["a/y/z"]}),
    ("l_0/x l_1/y", ["l_{i}/ = m.{i}/"], {"m.0/x": ["l_0/x"], "m.1/y": ["l_1/y"]}),
    # partitions of each match
    ("a b/c", ["** = x/** | partition 2"], {"x/a": ["a"], "x/b/c": ["b/c"]}),
    ("a b/c", ["** = x/** | scale 2 | partition 2"], {"x/a": ["a"], "x/b/c": ["b/c"]}),
    # %XX
    ("a* a,b", ["a%2A = x", "a%2Cb = y"], {"x": ["a*"], "y": ["a,b"]}),
    ("a,b c", ["{a%2Cb,c} = {1}.w"], {"a,b.w": ["a,b"], "c.w": ["c"]}),
]

# (names, rules, what is said)
BAD = [
    ("a/b", ["*/* = {1}/*"], "captures are taken in order ('*') or by number ('{1}'), not both"),
    ("layer_0/kernel", ["layr_{i}/kernel = x.{i}"], "'layr_{i}/kernel' matches no tensor of the checkpoint; did you mean 'layer_0/kernel'?"),
    ("a", ["b, a = x | concat 0"], "'b' is not in the checkpoint"),
    ("e_0 e_1 e_3", ["e_{e} = x | stack 0"], "there is no tensor of number 2 for {e}, before 'e_3'"),
    ("e_9223372036854775808 e_9223372036854775809", ["e_{e} = x | stack 0"], "the number {e} of 'e_9223372036854775809' is too large for tensors"),
    ("a", [", ".join("".join(f"{{n{s}_{i}}}." for i in range(16)) for s in range(5)) + " = x | concat 0"], "the sources have more than 63 captures"),
    ("a/w b/w", ["*/w = x"], "would give one target"),
    ("a/b/w a.b/w", ["**/w = {**.}"], "two matches of the rule give 'a.b'"),
    ("a", ["a = t, t | split 0 2"], "the target 't' is given twice"),
    ("a0", ["a{i} = t{i}, t{i} | split 0 2"], "the target 't0' is given twice"),
    ("a", ["~ = t, t | fill 1 [2] int8 | split 0 2"], "the target 't' is given twice"),
    ("l0", ["l{i} = m{i-1}"], "the number 'i' cannot be shifted so: it would be negative"),
    ("l0 l1 k0", ["l{i}, k{i} = m{i} | concat 0"], "that goes with 'l1'"),
    ("a", ["a = x{1}"], "the target takes capture 1, and no source has so many"),
    ("a b", ["a = ~s", "b = ~s", "~s = x"], "the step '~s' is given twice"),
    ("a", ["~s = x", "a = ~s"], "no rule before this one gives '~s'"),
    ("a", ["a = x", "~t{i} = y{i}"], "no rule before this one gives what '~t{i}' matches"),
    ("a/x", ["a/ = b | flip 0"], "'a/' is a scope, so its target must be one: write 'b/'"),
    ("a", ["a = b/ | flip 0"], "the target 'b/' is a scope, and no source is one: name a variable"),
    ("a", ["* = b/"], "the target 'b/' is a scope, and no source is one"),
    ("a", ["a = x:0 | flip 0"], "variables have no ':0': write 'x', or 'x%3A0' if the name itself ends so"),
    ("a b", ["a, b:0 = x | concat 0"], "have no ':0'"),
    ("a", ["a = [x] | flip 0"], "begins with '[': lists have no brackets"),
    ("w", ["w/** = **"], "a target is the empty name"),
    ("a", ["a, = x | concat 0"], "a source is empty: expected a name"),
    ("a", ["{i = x"], "a '{' has no '}'"),
    ("a", ["***/a = x"], "'***' is no wildcard"),
]


@pytest.mark.parametrize("names, rules, expected", GOOD)
def test_what_comes_out(tmp_path, names, rules, expected):
    found, said = plan(tmp_path, names.split(" "), *rules)
    assert found == expected
    assert "error" not in said


def test_a_step_that_is_given_twice_is_told_once_where_it_is(tmp_path):
    ini = tmp_path / "m.ini"
    ini.write_text("[assignment_map]\na = ~s\nb = ~s\nb = ~t\n~s = x\n~t = y\n")
    checkpoint = bundle.write(tmp_path / "c", {name: (INT8, [1], b"x") for name in "ab"})
    said = run("plan", "-m", ini, checkpoint, status=1).stderr.decode()
    assert said.count("given twice") == 1 and "m.ini:3: 's': the step '~s' is given twice" in said
    assert "no rule uses" not in said


@pytest.mark.parametrize("names, rules, message", BAD)
def test_what_is_refused(tmp_path, names, rules, message):
    assert message in plan(tmp_path, names.split(" "), *rules, status=1)[1]


def test_a_target_that_two_matches_give_is_no_override(tmp_path):
    said = plan(tmp_path, ["l_1", "l_01"], "l_{i} = x.{i}", status=1)[1]
    assert "two matches of the rule give 'x.1': 'l_01' and 'l_1'" in said and "assigned again" not in said


def test_a_step_that_nobody_uses_is_a_warning(tmp_path):
    assert "assign:1: warning: 's': no rule uses the step '~s'" in plan(tmp_path, ["a"], "a = ~s", "a = x")[1]


def test_two_starred_components_of_one_rule_are_one_target(tmp_path):
    """`**/w` of `w` and of `a/w` leave different names; without a component of its own the target would be empty."""
    assert "a target is the empty name" in plan(tmp_path, ["w", "a/w"], "**/w = **", status=1)[1]


def test_joins_have_a_limit(tmp_path):
    """A name counts as often as it is in an assignment."""
    names = [f"{x}_{i}" for x in "ab" for i in range(1100)]
    checkpoint = bundle.write(tmp_path / "c", {name: (INT8, [1], b"x") for name in names})
    ini = tmp_path / "m.ini"
    ini.write_text("[assignment_map]\na_1 = x\na_{i}, b_{j} = c_{i} | concat 0\n")
    found = json.loads(run("plan", "--json", "-m", ini, checkpoint, status=1).stdout)
    assert found["targets"] == []
    (error,) = found["errors"]
    assert error["where"] == f"{ini}:3" and error["code"] == "limit-exceeded"
    assert error["message"] == ("the rules up to this one ask for 1058061 sources, the limit is 1057376: 4 for each tensor of the checkpoint and 1048576 more")
