# SPDX-License-Identifier: Apache-2.0
"""Maps that are found by content, held against the maps that made the contents."""

import json
import subprocess
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from support import originals
from support.paths import BUILD
from support.tool import out, run
from tool.test_ready_maps import CASES

from .operations.invert import EACH, Inverter, save

SEED, CHAINS = "check", 600


def test_random_maps_are_inverted(capsys):
    """None of the proved is wrong; how many came back is told."""
    outcomes = Counter()
    with Inverter(SEED) as inverter:
        for first in range(0, CHAINS, EACH):
            some, wrong = inverter.run(first, EACH)
            assert not wrong, "\n" + "\n".join(wrong[:20])
            outcomes += some
    with capsys.disabled():
        print(f"\ninverted: {dict(outcomes)}")
    assert outcomes["proved"] > outcomes["open"]


def targets_of(prefix, text):
    """{variable: (shape, sources)} under a map."""
    report = json.loads(out("plan", "--json", "-q", "-m", text, prefix))
    return {target["variable"]: (target["shape"], sorted(target["sources"])) for target in report["targets"]}


@pytest.mark.parametrize("name,model", [case[:2] for case in CASES], ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_ready_maps_are_found(tmp_path, name, model):
    """From the original and what the ready map makes of it: every variable, of the same sources, with all its bits."""
    shapes, more = getattr(originals, model)()
    rng, key = np.random.default_rng(5), "/.ATTRIBUTES/VARIABLE_VALUE" * model.startswith("garden")
    save(tmp_path / "from", {n + key: rng.standard_normal(shape).astype(np.float32) for n, shape in (shapes | more).items()})
    run("export", "-q", "-m", name, "--format", "tf", tmp_path / "from", tmp_path / "to")
    found = subprocess.run([BUILD / "tests" / "found_map", tmp_path / "from", tmp_path / "to"], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    (tmp_path / "map.ini").write_text(found.stdout)
    assert {line for line in found.stdout.splitlines() if line.startswith(";")} == {"; proved"}
    assert targets_of(tmp_path / "from", tmp_path / "map.ini") == targets_of(tmp_path / "from", name)
    run("export", "-q", "-m", tmp_path / "map.ini", "--format", "tf", tmp_path / "from", tmp_path / "again")
    made, wanted = (tf.train.load_checkpoint(str(tmp_path / folder)) for folder in ("again", "to"))
    for variable in wanted.get_variable_to_shape_map():
        assert made.get_tensor(variable).tobytes() == wanted.get_tensor(variable).tobytes()
