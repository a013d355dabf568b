# SPDX-License-Identifier: Apache-2.0
"""The fixture of all tests, and the environment that they and the programs that they start run in."""

import os
import signal

import pytest

pytest.register_assert_rewrite("support")

from support import mounts, paths

# Read when those are imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

# A job in the background of a shell has these ignored, and so would have the programs that tests start and then end by them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture
def ckptfs(tmp_path):
    """Runs the program; every mount that it made is undone at the end of the test."""
    assert os.path.exists(paths.CKPTFS), f"{paths.CKPTFS} is missing: make, or set CKPTFS_BUILD"
    assert os.path.exists("/dev/fuse"), "the mount tests need /dev/fuse"
    made = mounts.Ckptfs(tmp_path)
    yield made
    made.finish()
