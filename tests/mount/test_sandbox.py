# SPDX-License-Identifier: Apache-2.0
"""The server reads what others wrote in a sandbox. What that refuses is tested in tests/unit/sandbox/test_sandbox.c, and that nothing is missing there by all
other mounts of all tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import bundle
from support.bundle import INT8
from support.mounts import NEEDS_ROOT, PATIENCE, keepers_of
from support.paths import CKPTFS
from support.truth import golden

DEMO = golden("demo").checkpoint


def states(pid, *names):
    """What /proc says of each thread of the process."""
    found = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        lines = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        found.add(tuple(lines[name].strip() for name in names))
    return found


@pytest.mark.parametrize("options, state", [("", ("2", "1")), ("verify", ("2", "1")), ("sandbox=no", ("0", "1"))])
def test_all_threads_of_the_server_are_in_it(ckptfs, options, state):
    mount = ckptfs.mount(DEMO, options=options)
    assert mount.read("some_var") == golden("demo").shown["some_var"][2] and mount.read("model.index")
    (pid,) = mount.pids()
    assert states(pid, "Seccomp", "NoNewPrivs") == {state}


def test_verbose_says_what_is_on_and_when_it_is_mounted(ckptfs):
    mount = ckptfs.mount(DEMO, flags=["-v"], foreground=True)
    mount.unmount()
    lines = mount.log_text().splitlines()[-3:]
    assert lines[0] == f"ckptfs: {mount.path}: mounted {DEMO}"
    assert lines[1].startswith("ckptfs: sandbox: system calls are filtered; Landlock")
    assert lines[2] == f"ckptfs: {mount.path}: unmounted"
    mount = ckptfs.mount(DEMO, flags=["-v"], options="sandbox=no", foreground=True)
    mount.unmount()
    assert "ckptfs: sandbox: none" in mount.log_text().splitlines()


def test_verbose_says_it_to_the_terminal(ckptfs):
    mount = ckptfs.mount(DEMO, flags=["-v"])
    assert [line.split(": ")[1] for line in mount.stderr.splitlines()][-2:] == [str(mount.path), "sandbox"]


def test_descriptors_of_the_starter_are_closed(ckptfs, tmp_path):
    """In the server, and in the process that outlives it."""
    secret = tmp_path / "secret"
    secret.write_text("of the starter")
    at = ckptfs.directory()
    start = ["bash", "-c", 'exec 7< "$0" 300< "$0" && exec "$@"', secret, CKPTFS, DEMO, at]
    assert subprocess.run(start, timeout=PATIENCE).returncode == 0
    mount = ckptfs.adopt(at)
    for pid in mount.pids() + keepers_of(at):
        held = {os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
        assert str(secret) not in held and len(held) < 10, held


def test_more_shards_than_descriptors(ckptfs, tmp_path):
    """They are opened again for each read, in whatever folder they are."""
    tensors = {f"t{i:03}": (INT8, [50], bytes([i % 256]) * 50) for i in range(200)}
    prefix = bundle.write(tmp_path / "c", tensors, shards=200)
    for i in range(0, 200, 3):
        shard = Path(f"{prefix}.data-{i:05}-of-00200")
        folder = tmp_path / f"folder{i}"
        folder.mkdir()
        shard.symlink_to(shard.rename(folder / "data"))
    at = ckptfs.directory()
    limited = ["prlimit", "--nofile=90:90", CKPTFS, prefix, at]
    assert subprocess.run(limited, timeout=PATIENCE).returncode == 0
    mount = ckptfs.adopt(at)
    (pid,) = mount.pids()
    assert len(os.listdir(f"/proc/{pid}/fd")) < 90
    for name, (_, _, content) in tensors.items():
        assert mount.read(name) == content, name
    assert mount.stats()["faults"] == 0 and len(mount.read("model.index")) > 200


LOGGED = """
import os, pathlib, socket, subprocess, sys
ckptfs, prefix, at = sys.argv[1:]
def log():
    if os.path.exists("/dev/log"):
        os.unlink("/dev/log")
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    made.settimeout(30)
    return made
def fails(name):
    try:
        pathlib.Path(at, name).read_bytes()
    except OSError:
        return
    raise SystemExit(name + " is read")
for name in "null", "fuse":
    open("/run/" + name, "w").close()
    subprocess.run(["mount", "--bind", "/dev/" + name, "/run/" + name], check=True)
subprocess.run(["mount", "-t", "tmpfs", "none", "/dev"], check=True)
for name in "null", "fuse":
    open("/dev/" + name, "w").close()
    subprocess.run(["mount", "--move", "/run/" + name, "/dev/" + name], check=True)
first = log()
subprocess.run([ckptfs, "-o", "verify", prefix, at], check=True)
fails("a")
print(first.recv(4096).decode())
first.close()
second = log()
fails("b")
print(second.recv(4096).decode())
subprocess.run(["umount", at], check=True)
"""


@NEEDS_ROOT  # a /dev of its own
def test_the_log_is_found_again_when_it_was_started_anew(ckptfs, tmp_path):
    tensors = {name: (INT8, [2], b"aa", b"bb") for name in ("a", "b")}
    tensors |= {name: (INT8, [1], b"a", b"a") for name in ("w", "x", "y", "z")}  # which are looked at by the mount
    prefix = bundle.write(tmp_path / "c", tensors)
    at = ckptfs.directory()
    script = 'mount -t tmpfs none /run && exec "$@"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", sys.executable, "-c", LOGGED, CKPTFS, prefix, at],
                          capture_output=True, text=True, timeout=2 * PATIENCE, env=ckptfs.env)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all("ckptfs[" in line for line in lines), lines
    assert ": a: checksum mismatch" in lines[0] and ": b: checksum mismatch" in lines[1], lines
