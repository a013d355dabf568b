# SPDX-License-Identifier: Apache-2.0
"""Random maps with wildcards: `ckptool plan` makes of them what a model of their language does.

`make parity-map N=10000 SEED=s` runs more of them. Below the random ones are those that once differed."""

import pytest

from .language.model import Refused, resolve
from .language.run import difference, run

SEED, MAPS, EACH = "check", 400, 100
ROW = (4,)
FOUND = [  # names, rules as in model.py, what comes of it (None: an error)
    (["a_01", "a_1"], [(False, ["a_{e}"], ["w.{e}"], [])], None),
    (["a1", "b1", "a2", "b2"], [(False, ["a{i}", "b{i}"], ["x{i}", "y"], [])], None),
    (["a", "b"], [(False, ["a/**"], ["**"], []), (False, ["b"], ["b"], [])], None),
    (["a", "b/c"], [(False, ["/"], ["s/"], ["transpose"])], {"s/a": ["a"], "s/b/c": ["b/c"]}),
    (["a", "b/c"], [(False, ["b/"], ["/"], ["transpose"])], {"c": ["b/c"]}),
    (["a", "b"], [(True, ["/"], ["s/"], [])], {"s/a": ["a"], "s/b": ["b"]}),
    (["a", "b"], [(True, ["b"], ["t"], []), (False, ["a"], ["t"], [])], {"t": ["b"]}),
    (["w", "enc/w"], [(False, ["enc/"], ["s/"], []), (True, ["/"], ["s/"], [])], {"s/w": ["enc/w"], "s/enc/w": ["enc/w"]}),
    (["a"], [(True, ["x/"], ["s/"], []), (True, ["c"], ["d"], []), (False, ["a"], ["a"], [])], {"a": ["a"]}),
]


@pytest.mark.parametrize("first", range(0, MAPS, EACH))
def test_maps(first):
    problems, went = run(SEED, first, EACH)
    assert not problems, "\n" + "\n".join(problems[:20])
    assert EACH / 4 < went < EACH  # both of those that go and of those that do not


@pytest.mark.parametrize(("names", "rules", "expected"), FOUND)
def test_found(tmp_path, names, rules, expected):
    known = dict.fromkeys(names, ROW)
    problem, goes = difference(tmp_path, known, rules)
    assert not problem
    assert goes == (expected is not None)
    if expected:
        assert resolve(known, rules) == {target: (ROW, sources) for target, sources in expected.items()}
    else:
        with pytest.raises(Refused):
            resolve(known, rules)


def test_nothing_is_left(tmp_path):
    problem, goes = difference(tmp_path, {"a": ROW}, [(False, ["/"], ["/"], [])], keep=["b"])
    assert not problem and not goes
