# SPDX-License-Identifier: Apache-2.0
"""The commands of ckptool run in a sandbox, from before the first byte of a checkpoint on; what it refuses is tested in tests/unit/sandbox/test_sandbox.c."""

import os
import pathlib
import subprocess
import time

import pytest

from support.bundle import write_checkpoint
from support.paths import GOLDEN, TOOL
from support.tool import run

INT8 = 6


def status_of(pid, wanted):
    """Lines of /proc/PID/status, once they have what is wanted, or as they are in the end."""
    deadline = time.monotonic() + 30
    while True:
        lines = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        found = {name: lines[name].strip() for name in wanted}
        if found == wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.01)


@pytest.mark.parametrize("options, wanted", [([], {"Seccomp": "2", "NoNewPrivs": "1"}), (["--no-sandbox"], {"Seccomp": "0", "NoNewPrivs": "0"})])
def test_cat_runs_in_it_unless_told_not_to(tmp_path, options, wanted):
    """The pipe is full, so it waits."""
    checkpoint = write_checkpoint(tmp_path / "c", {b"big": (INT8, [1 << 20], bytes(1 << 20))})
    child = subprocess.Popen([TOOL, "cat", *options, checkpoint, "big"], stdout=subprocess.PIPE)
    assert child.stdout.read(1) == b"\0"
    assert status_of(child.pid, wanted) == wanted
    assert len(child.stdout.read()) == (1 << 20) - 1 and child.wait(timeout=30) == 0


@pytest.mark.parametrize("command", [["list"], ["plan"], ["verify"], ["cat", "--text", "some_var"]])
def test_it_makes_no_difference(command):
    checkpoint = GOLDEN / "demo"
    done = [run(command[0], *option, checkpoint, *command[1:]) for option in ([], ["--no-sandbox"])]
    assert done[0].stdout.split(b" bytes")[0] == done[1].stdout.split(b" bytes")[0] and done[0].stderr == done[1].stderr


@pytest.mark.parametrize("where", ["out", "a/b/../c/d/", "./out", "link/out", "out//x"])
def test_an_export_goes_wherever_it_may(tmp_path, where):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "a" / "b").mkdir(parents=True)
    for force in [], ["--force"]:
        done = run("export", "-q", "--format", "raw", *force, GOLDEN / "demo", where, cwd=tmp_path)
        assert done.stderr == b""
        assert sorted(os.listdir(tmp_path / where)) == sorted(os.listdir(tmp_path / where))
        assert (tmp_path / where / "some_var").exists()


def test_a_checkpoint_in_many_folders_is_read(tmp_path):
    """Data files that are links, also where an export comes to lie among them."""
    tensors = {f"t{i:02}".encode(): (INT8, [3], bytes([i] * 3)) for i in range(4)}
    checkpoint = write_checkpoint(tmp_path / "c", tensors)
    data = pathlib.Path(f"{checkpoint}.data-00000-of-00001")
    (tmp_path / "elsewhere").mkdir()
    data.rename(tmp_path / "elsewhere" / "data")
    data.symlink_to("elsewhere/data")
    assert run("cat", checkpoint, "t03").stdout == b"\3\3\3"
    assert b": 0 damaged" in run("verify", checkpoint).stdout
    run("export", "--format", "raw", checkpoint, tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "t02").read_bytes() == b"\2\2\2"
