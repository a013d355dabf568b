# SPDX-License-Identifier: Apache-2.0
"""Maps that are found by content, held against the maps that made the contents."""

import json
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from support import originals
from support.tool import out, run
from tool.test_ready_maps import CASES, MAPS

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
def test_ready_maps_are_found(tmp_path, capsys, name, model):
    """From the original and what the ready map makes of it: every variable, of the same sources, with all its bits."""
    shapes, more = getattr(originals, model)()
    rng, key = np.random.default_rng(5), "/.ATTRIBUTES/VARIABLE_VALUE" * model.startswith("garden")
    save(tmp_path / "from", {n + key: rng.standard_normal(shape).astype(np.float32) for n, shape in (shapes | more).items()})
    run("export", "-q", "-m", name, "--format", "tf", tmp_path / "from", tmp_path / "to")
    found = run("map", tmp_path / "from", "-g", tmp_path / "to")
    assert (found.returncode, found.stderr) == (0, b"")
    text = found.stdout.decode()
    (tmp_path / "map.ini").write_text(text)
    lines = text.splitlines()
    rules = [number for number, line in enumerate(lines) if " = " in line]
    assert all(lines[number - 1].startswith("; proved") and " open: " not in lines[number - 1] for number in rules)
    assert "; open" not in text
    by_hand = [line for line in (MAPS / f"{name}.ini").read_text().splitlines() if " = " in line and line[0] not in ";["]
    with capsys.disabled():
        print(f"\n{name} of {model}: {len(rules)} rules, by hand {len(by_hand)}")
    assert targets_of(tmp_path / "from", tmp_path / "map.ini") == targets_of(tmp_path / "from", name)
    run("export", "-q", "-m", tmp_path / "map.ini", "--format", "tf", tmp_path / "from", tmp_path / "again")
    made, wanted = (tf.train.load_checkpoint(str(tmp_path / folder)) for folder in ("again", "to"))
    for variable in wanted.get_variable_to_shape_map():
        assert made.get_tensor(variable).tobytes() == wanted.get_tensor(variable).tobytes()
