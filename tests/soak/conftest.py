# SPDX-License-Identifier: Apache-2.0
"""Mounts as in tests/mount, whose fixture, writers of checkpoints and goldens these tests use."""

import importlib.util
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("mount", "support")]

_spec = importlib.util.spec_from_file_location("mounts", TESTS / "mount" / "conftest.py")
_mounts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_mounts)
GOLDEN, ckptfs = _mounts.GOLDEN, _mounts.ckptfs
