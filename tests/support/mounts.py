# SPDX-License-Identifier: Apache-2.0
"""Real mounts for tests. A sanitizer build works too: its reports fail the test."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.paths import CKPTFS

PATIENCE = 120  # seconds that anything may take before a test fails


def is_root():
    """Root of the machine or a container, who has devices and users: not that of a user namespace of one user."""
    return os.geteuid() == 0 and int(Path("/proc/self/uid_map").read_text().split()[2]) > 65536


IS_ROOT = is_root()
MAY_MOUNT = os.geteuid() == 0


def in_chroot():
    """Whether root may make no user namespace, which the kernel forbids in a chroot."""
    made = subprocess.run(["unshare", "-Ur", "true"], capture_output=True)
    return IS_ROOT and made.returncode != 0


NEEDS_ROOT = pytest.mark.skipif(not IS_ROOT, reason="needs root")
NEEDS_MACHINE = pytest.mark.skipif(MAY_MOUNT and not IS_ROOT, reason="there is no other user to be in this user namespace")
NOT_IN_CHROOT = pytest.mark.skipif(in_chroot(), reason="the kernel allows it nobody in a chroot, or other paths lead there")
UNMOUNT = ["umount"] if MAY_MOUNT else ["fusermount3", "-u"]  # what a person types


def mounted_at(path):
    """The options and type of the uppermost mount at path, as /proc/self/mounts has them; None if there is none."""
    found = None
    with open("/proc/self/mounts", "rb") as table:
        for line in table:
            source, where, kind, options = line.split(b" ")[:4]
            if where.decode("unicode_escape").encode("latin-1") == os.fsencode(str(path)):
                found = (source.decode("unicode_escape"), kind.decode(), options.decode().split(","))
    return found


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)


def daemons_of(path):
    """Pids of our program that have `path` as an argument."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            args = (proc / "cmdline").read_bytes().split(b"\0")
            state = (proc / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z" and os.fsencode(str(path)) in args and b"ckptfs" in args[0]:
            found.append(int(proc.name))
    return found


def keepers_of(path):
    """Pids of the processes that unmount what is mounted at `path` when its daemon ends."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            title = (proc / "cmdline").read_bytes().rstrip(b"\0")
            state = (proc / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z" and title == b"ckptfs-unmount " + os.fsencode(str(path)):
            found.append(int(proc.name))
    return found


def let_in(path):
    """Lets other users into a folder of the test, through all folders above it that are ours."""
    while path != path.parent and os.stat(path).st_uid == os.getuid() and len(path.parts) > 2:
        path.chmod(0o755)
        path = path.parent


class Mount:
    def __init__(self, path, process, log):
        self.path, self.process, self.log = Path(path), process, log
        self.killed = False  # by the test: then a mount without a daemon is what it wants

    def __truediv__(self, name):
        return self.path / name

    def read(self, name):
        return (self.path / name).read_bytes()

    def stats(self):
        lines = self.read(".ckptfs/stats").decode().splitlines()
        return {k: int(v) for k, v in (line.split(" ") for line in lines)}

    def report(self):
        return json.loads(self.read(".ckptfs/report.json"))

    def log_text(self):
        return self.log.read_text() if self.log else ""

    def pids(self):
        return daemons_of(self.path)

    def wait_ended(self):
        """Until the mount is gone and no process is left; the exit status if it ran in the foreground."""
        status = self.process.wait(PATIENCE) if self.process else None
        wait_until(lambda: not self.pids() and not mounted_at(self.path), "the daemon to end")
        wait_until(lambda: not keepers_of(self.path), "the keeper to end")
        return status

    def unmount(self):
        died = mounted_at(self.path) and not self.pids() and not self.killed
        if mounted_at(self.path):
            if subprocess.run(["umount", self.path], capture_output=True).returncode:
                subprocess.run(["fusermount3", "-u", "-z", self.path], capture_output=True)
        assert not died, f"the daemon of {self.path} died: {self.log_text()}"
        try:
            return self.wait_ended()
        except (AssertionError, subprocess.TimeoutExpired):
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
            subprocess.run(["umount", "-l", self.path], capture_output=True)
            raise


class Ckptfs:
    """Runs the program; every mount that it made is undone at the end of the test."""

    def __init__(self, tmp_path):
        self.tmp, self.mounts, self.count = tmp_path, [], 0
        self.env = dict(os.environ)
        self.san = tmp_path / "sanitizer"
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            old = self.env.get(name)
            self.env[name] = f"{old}:log_path={self.san}" if old else f"log_path={self.san}"

    def directory(self):
        self.count += 1
        path = self.tmp / f"mnt{self.count}"
        path.mkdir()
        return path

    def run(self, *args, **more):
        return subprocess.run([CKPTFS, *map(str, args)], capture_output=True, text=True, timeout=PATIENCE,
                              env=self.env, stdin=subprocess.DEVNULL, **more)

    def mount(self, checkpoint=None, *, options="", map=None, at=None, foreground=False, flags=()):
        """Mounts; with foreground=True, or flags, stderr is kept in .log."""
        at = at or self.directory()
        listed = [o for o in (options, f"map={map}" if map else "") if o]
        args = [*flags, *(["-o", ",".join(listed)] if listed else []), *([checkpoint] if checkpoint else []), at]
        mount = Mount(at, None, None)
        self.mounts.append(mount)
        if not foreground:
            done = self.run(*args)
            assert (done.returncode, done.stdout) == (0, ""), done.stderr
            mount.stderr = done.stderr
        else:
            mount.log = self.tmp / f"log{self.count}"
            with open(mount.log, "wb") as log:
                command = [CKPTFS, *([] if "-d" in flags else ["-f"]), *map_str(args)]
                mount.process = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stderr=log)
            wait_until(lambda: mounted_at(at) or mount.process.poll() is not None, "the mount")
            assert mount.process.poll() is None, mount.log_text()
        return mount

    def adopt(self, at):
        """A mount that the test has made itself."""
        mount = Mount(at, None, None)
        self.mounts.append(mount)
        return mount

    def refuse(self, *args, status=1, at=None, **more):
        """Runs what must fail with that status and leave no mount and no process; returns stderr."""
        done = self.run(*args, **more)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        assert done.stdout == ""
        assert done.stderr.startswith("ckptfs: ")
        if at:
            assert mounted_at(at) is None or mounted_at(at)[1] != "fuse.ckptfs"
            assert not daemons_of(at)
        return done.stderr

    def finish(self):
        failures = []
        for mount in reversed(self.mounts):
            try:
                mount.unmount()
            except (AssertionError, subprocess.TimeoutExpired) as failure:
                failures.append(failure)
        reports = [p.read_text() for p in self.tmp.glob("sanitizer.*")]
        if reports:
            pytest.fail("the sanitizers say:\n" + "\n".join(reports), pytrace=False)
        assert not failures, failures


def map_str(args):
    return [str(a) for a in args]
