# SPDX-License-Identifier: Apache-2.0
"""The README's tour, typed as it stands: what it shows is what comes."""

import os
import subprocess
import sys
import tty

from support.mounts import PATIENCE, mounted_at
from support.paths import BUILD, CKPTFS, ROOT

MARK = "-- next --"


def tour():
    """The commands of the tour, and the text that each is said to give."""
    text = (ROOT / "README.md").read_text()
    block = text.split("## A tour\n", 1)[1].split("```console\n", 1)[1].split("```\n", 1)[0]
    steps = [step.split("\n", 1) for step in block.removeprefix("$ ").split("\n$ ")]
    return [(step[0], step[1] if len(step) > 1 else "") for step in steps]


def run_on_terminal(script, **more):
    """Runs bash with standard output on a terminal that changes nothing; returns its exit status and what was shown."""
    master, slave = os.openpty()
    tty.setraw(slave)
    with os.fdopen(master, "rb", buffering=0) as shown:
        with subprocess.Popen(["bash", "-e"], stdin=subprocess.PIPE, stdout=slave, stderr=slave, **more) as shell:
            os.close(slave)
            shell.stdin.write(script.encode())
            shell.stdin.close()
            text = b""
            try:
                while piece := shown.read(65536):
                    text += piece
            except OSError:  # EIO: nobody has the terminal any more
                pass
            return shell.wait(PATIENCE), text.decode()


def test_the_tour(tmp_path):
    steps = tour()
    assert len(steps) >= 7 and any("ckptfs " in command for command, _ in steps)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "build").symlink_to(BUILD)
    script = "".join(f"{command}\necho '{MARK}'\n" for command, _ in steps)
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"  # a python3 that has NumPy
    try:
        status, text = run_on_terminal(script, cwd=tmp_path, env={**os.environ, "PATH": path, "NO_COLOR": "1"})
        assert status == 0, text
        shown = text.split(MARK + "\n")
        assert shown.pop() == ""
        for (command, said), got in zip(steps, shown, strict=True):
            assert got.rstrip("\n") == said.rstrip("\n"), command
    finally:
        if mounted_at(tmp_path / "view"):
            subprocess.run([CKPTFS, "-u", tmp_path / "view"], check=True)
