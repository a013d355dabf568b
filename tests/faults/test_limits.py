# SPDX-License-Identifier: Apache-2.0
"""Mounts under small limits: there is none, and why is told; or every file can be read, by many at the same time."""

import os
import resource
import subprocess
import threading

import pytest

from support import bundle
from support.paths import BUILD

from .faults import SANITIZED
from .runs import Mounted, files_below, read_file

MIB = 1 << 20
TENSORS = 40  # each in a data file of its own


@pytest.fixture
def many_files(tmp_path):
    """A checkpoint of more data files than there are descriptors for."""
    tensors = {f"v{i:02}": (bundle.INT8, [5000], bytes([i]) * 5000, bytes([i]) * 5000) for i in range(TENSORS)}
    return bundle.write(tmp_path / "many", tensors, shards=TENSORS)


class Limited:
    """A mount by a program that starts with the limit."""

    def __init__(self, tmp_path, checkpoint, limit, value):
        self.at = tmp_path / "mnt"
        self.at.mkdir()
        argv = [str(BUILD / "ckptfs"), checkpoint, str(self.at)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                              preexec_fn=lambda: resource.setrlimit(limit, (value, value)))
        self.status, self.stderr = done.returncode, done.stderr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        got = {"wrong": []}
        if os.path.ismount(self.at):
            Mounted.unmount(self.at, got)
        assert not got["wrong"]

    def read_by_many(self):
        """What each of some threads reads of all files, or the error."""
        results = []

        def read():
            try:
                results.append({path: c for path, c in files_below(self.at).items() if not path.startswith(".ckptfs")})
            except OSError as failure:
                results.append(failure)

        threads = [threading.Thread(target=read) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


def expect_all_or_told(mount, reasons):
    assert os.path.ismount(mount.at) == (mount.status == 0), mount.stderr
    if mount.status:
        assert any(reason in mount.stderr for reason in reasons), mount.stderr
        return False
    for found in mount.read_by_many():
        assert not isinstance(found, OSError), (found, read_file(mount.at / ".ckptfs/faults"))
        for i in range(TENSORS):
            assert found[f"v{i:02}"] == bytes([i]) * 5000
    return True


@pytest.mark.parametrize("descriptors", [8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128])
def test_descriptors(tmp_path, many_files, descriptors):
    with Limited(tmp_path, many_files, resource.RLIMIT_NOFILE, descriptors) as mount:
        there = expect_all_or_told(mount, ["Too many open files", "ulimit -n"])
        assert there or descriptors < 32


if not SANITIZED:  # which reserve terabytes of addresses

    @pytest.mark.parametrize("mib", [12, 16, 20, 24, 28, 32, 40, 64, 128, 512])
    def test_addresses(tmp_path, many_files, mib):
        reasons = ["memory", "allocate", "cannot fork", "shared librar", "failed to map"]
        with Limited(tmp_path, many_files, resource.RLIMIT_AS, mib * MIB) as mount:
            there = expect_all_or_told(mount, reasons)
            assert there or mib < 512


def test_limits_are_told(tmp_path, many_files):
    """Fewer threads than wanted is a warning."""
    with Limited(tmp_path, many_files, resource.RLIMIT_NOFILE, 32) as mount:
        assert mount.status == 0 and "threads answer requests" in mount.stderr, mount.stderr
