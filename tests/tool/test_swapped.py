# SPDX-License-Identifier: Apache-2.0
"""Arguments the wrong way round, and rules as other languages write them: what was meant is said."""

import subprocess

import pytest

from support.paths import BUILD, GOLDEN
from support.tool import run

DEMO = GOLDEN / "demo"
PREFIX = DEMO / "model.ckpt-1000"


@pytest.mark.parametrize("arguments", [["cat", "some_var", DEMO], ["list", "*/w", PREFIX], ["export", "--format", "tf", "nowhere", PREFIX]])
def test_a_checkpoint_in_another_place(arguments, tmp_path):
    done = run(*arguments, status=1, cwd=tmp_path)
    assert f"'{arguments[-1]}' is a checkpoint: are the arguments the wrong way round?" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_map_in_the_place_of_a_checkpoint(tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("\ufeff; of mine\n\n# and yours\n[assignment_map]\n/ = x/\n")
    text = run("plan", ini, status=1).stderr.decode()
    assert f"{ini}: the file is a map, expected a checkpoint" in text and "it goes with the option -m" in text and text.count("\n") == 1
    text = run("plan", "-m", PREFIX, ini, status=1).stderr.decode()
    assert f"'{PREFIX}' is a checkpoint: are the arguments the wrong way round?" in text


@pytest.mark.parametrize("checkpoint", [DEMO, PREFIX])
def test_a_checkpoint_in_the_place_of_a_map(checkpoint):
    text = run("plan", "-m", checkpoint, PREFIX, status=1).stderr.decode()
    assert f"'{checkpoint}' is a checkpoint, expected a map" in text and text.count("\n") == 2


def test_a_misspelt_map_or_graph(tmp_path):
    (tmp_path / "bert.ini").write_text("[assignment_map]\n/ = /\n")
    (tmp_path / "graph.pb").write_text("")
    for option, wrong, right in ("-m", "bort.ini", "bert.ini"), ("-g", "grap.pb", "graph.pb"):
        text = run("plan", option, tmp_path / wrong, PREFIX, status=1).stderr.decode()
        assert "cannot open: No such file or directory" in text and f"did you mean '{tmp_path / right}'?" in text
    assert "did you mean" not in run("plan", "-m", tmp_path / "elsewhere", PREFIX, status=1).stderr.decode()


def test_a_command_after_its_checkpoint():
    assert f"did you mean 'ckptool cat {PREFIX}'?" in run(PREFIX, "cat", "some_var", status=2).stderr.decode()


def test_a_mount_point_before_its_checkpoint(tmp_path):
    for checkpoint in DEMO, PREFIX:
        done = subprocess.run([BUILD / "ckptfs", tmp_path, checkpoint], capture_output=True, timeout=60)
        assert done.returncode == 1
        assert f"'{checkpoint}' is a checkpoint: are the arguments the wrong way round?" in done.stderr.decode()


@pytest.mark.parametrize("line, sign, better", [
    ("some_var -> x", "->", "some_var = x"), ("some_var: x", ":", "some_var = x"), ("some_var => x", "=>", "some_var = x"),
    ("x <- some_var", "<-", "some_var = x"), ("some_var == x", "==", "some_var = x"), ("some_scope/ := x/", ":=", "some_scope/ = x/"),
    ("'some_scope/': 'x/',", ":", "some_scope/ = x/")])
def test_other_signs_than_equals(tmp_path, line, sign, better):
    ini = tmp_path / "map.ini"
    for text, status in ((line, 1), (better, 0)):
        ini.write_text(f"[assignment_map]\n{text}\n")
        for arguments in (["-m", ini], ["-a", text]):
            done = run("plan", "-q", *arguments, DEMO, status=status).stderr.decode()
            assert done.count("\n") == status and (f"found '{sign}', expected '=': write '{better}'" in done) == bool(status)
