# SPDX-License-Identifier: Apache-2.0
"""What operations make of a checkpoint, read through a mount: in little memory, and never of a file that has changed."""

import errno
import os
import resource
import shutil
import time

import numpy as np
import pytest

from support.paths import CKPTFS
from support.truth import golden

DEMO = golden("demo")
SOME_VAR = DEMO.shown["some_var"][2]
MEAN = np.frombuffer(SOME_VAR, "<f4").reshape(10, 4).astype(np.float64).mean(axis=0).astype("<f4").tobytes()
TICK = 0.02  # seconds, longer than one tick of the file system's clock


def small_stack():
    """Sanitizers need more for themselves."""
    with open(CKPTFS, "rb") as program:
        most = (1024 if b"__sanitizer" in program.read() else 256) << 10
    resource.setrlimit(resource.RLIMIT_STACK, (most, most))


def test_a_deep_chain_needs_little_stack(ckptfs, tmp_path):
    """Sixteen computed tensors, each read by the next."""
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nsome_var = x | " + " | ".join(["scale 2", "scale 0.5"] * 8) + "\n")
    mount = ckptfs.adopt(ckptfs.directory())
    done = ckptfs.run("-o", f"map={ini}", DEMO.checkpoint, mount.path, preexec_fn=small_stack)
    assert done.returncode == 0, done.stderr
    assert mount.read("x") == SOME_VAR


def read_anew(path):
    """All of it; the kernel is to ask for it at the next read, too."""
    with open(path, "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return file.readall()


@pytest.fixture
def means(ckptfs, tmp_path):
    """A mount of a copy of the demo in which `x` is the mean of all rows, three times, and the copy's data file."""
    folder = tmp_path / "source"
    shutil.copytree(DEMO.folder, folder)
    (tmp_path / "old.txt").write_text("".join(f"old{i}\n" for i in range(10)))
    (tmp_path / "new.txt").write_text("a\nb\nc\n")
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nsome_var = x | vocab old.txt new.txt oov mean\nsome_var = y\n")
    (data,) = folder.glob("*.data-*")
    mount = ckptfs.mount(folder, map=ini)
    assert read_anew(mount / "x") == 3 * MEAN
    return mount, data


def test_a_mean_that_is_kept_is_not_that_of_a_changed_file(means):
    mount, data = means
    time.sleep(TICK)
    data.write_bytes(bytes(data.stat().st_size))
    for name in ("x", "y", "x"):
        with pytest.raises(OSError) as failure:
            read_anew(mount / name)
        assert failure.value.errno == errno.EIO


def test_a_mean_that_is_kept_holds_when_the_file_was_only_touched(means):
    mount, data = means
    for _ in range(3):
        time.sleep(TICK)
        data.write_bytes(data.read_bytes())
        assert read_anew(mount / "x") == 3 * MEAN
        assert read_anew(mount / "y") == SOME_VAR
