# SPDX-License-Identifier: Apache-2.0
"""The writer of checkpoints is that of the mount tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "mount"))
