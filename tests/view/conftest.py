# SPDX-License-Identifier: Apache-2.0
"""Mounts as in tests/mount, whose fixture and goldens these tests use."""

import importlib.util
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("view", "mount", "support")]

_spec = importlib.util.spec_from_file_location("mounts", TESTS / "mount" / "conftest.py")
_mounts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_mounts)
GOLDEN, ROOT, BUILD, ckptfs = _mounts.GOLDEN, _mounts.ROOT, _mounts.BUILD, _mounts.ckptfs
PATIENCE, wait_until = _mounts.PATIENCE, _mounts.wait_until
