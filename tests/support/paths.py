# SPDX-License-Identifier: Apache-2.0
"""Where things are. CKPTFS_BUILD names the build folder (build), from the top of the repository."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("CKPTFS_BUILD", "build")).resolve()
CKPTFS = str(BUILD / "ckptfs")
TOOL = str(BUILD / "ckptool")
GOLDEN = ROOT / "tests" / "golden"
