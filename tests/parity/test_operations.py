# SPDX-License-Identifier: Apache-2.0
"""Random chains of operations, read from a mount: NumPy makes the same of the same arrays.

`make parity-ops N=10000 SEED=s` runs more of them."""

import pytest

from .operations.run import Runner

SEED, CHAINS, EACH = "check", 2000, 200


@pytest.fixture(scope="module")
def runner():
    with Runner(SEED) as one:
        yield one


@pytest.mark.parametrize("first", range(0, CHAINS, EACH))
def test_chains(runner, first):
    problems = runner.run(first, EACH)
    assert not problems, "\n" + "\n".join(problems[:20])
