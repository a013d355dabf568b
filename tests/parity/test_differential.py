# SPDX-License-Identifier: Apache-2.0
"""Random checkpoints, graphs and maps: TensorFlow's init_from_checkpoint and our mount say the same.

`make parity N=10000 SEED=s` runs more of them. A case that fails is kept in build/parity, and
`tests/parity/differential/run.py --replay build/parity/CASE` runs it again."""


import pytest

from .differential import generate
from .differential.run import Runner, heading

SEED, CASES, EACH = "check", 300, 25


@pytest.fixture(scope="module")
def runner():
    with Runner() as one:
        yield one


@pytest.mark.parametrize("first", range(0, CASES, EACH))
def test_cases(runner, first):
    lines = []
    for number in range(first, first + EACH):
        case = generate.case_of(SEED, number)
        problems = runner.run(case)
        if problems:
            lines += [heading(runner, case)]
            lines += [f"    {problem}" for problem in problems]
    assert not lines, "\n" + "\n".join(lines)


def test_all_classes_were_met(runner):
    """Whether the cases above were worth their time."""
    if runner.counts["cases"] < CASES - EACH:
        pytest.skip("only some of the cases were run")
    for error in ("E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E9", "E10", "E11", "E12"):
        assert runner.counts[error], f"no case had {error}"
    assert runner.counts["without an error"] > CASES / 4
    assert runner.counts["variables"] > CASES


def test_all_forms_were_met(runner):
    if runner.counts["cases"] < CASES - EACH:
        pytest.skip("only some of the cases were run")
    for form in generate.FORMS:
        assert runner.counts[f"form {form}"] >= 10, f"few cases had their graph as {form}"


def test_cases_are_reproducible():
    assert [generate.case_of("x", n) for n in (7, 3)] == [generate.case_of("x", n) for n in (3, 7)][::-1]
    assert generate.case_of("x", 3) != generate.case_of("y", 3)
