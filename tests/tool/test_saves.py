# SPDX-License-Identifier: Apache-2.0
"""A checkpoint that is saved again and again while it is read: what is given out is of one save, or nothing is."""

import os
import subprocess
import sys
import time

from support.bundle import write_checkpoint
from support.paths import TOOL

INT8 = 4
NAMES = [b"a", b"b", b"c", b"d"]
LENGTHS = [10, 20, 40, 58]


def content(step):
    """Each tensor is as long as another one was in the save before, so that an index over other data shows a mixture."""
    return [bytes([step, i]) * LENGTHS[(step + i) % 4] for i in range(4)]


def save(prefix, step):
    """TensorFlow's way: under other names, then the data file is renamed, then the index."""
    write_checkpoint(f"{prefix}.new", {name: (INT8, [len(data)], data) for name, data in zip(NAMES, content(step))})
    os.replace(f"{prefix}.new.data-00000-of-00001", f"{prefix}.data-00000-of-00001")
    time.sleep(0.002)
    os.replace(f"{prefix}.new.index", f"{prefix}.index")


def test_a_mixture_is_never_given_out(tmp_path):
    prefix = tmp_path / "c"
    save(prefix, 1)
    writer = subprocess.Popen([sys.executable, __file__, prefix], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        for _ in range(150):
            done = subprocess.run([TOOL, "cat", "-q", prefix, *NAMES[::-1]], capture_output=True)
            if done.returncode == 0:
                assert done.stdout == b"".join(content(done.stdout[0])[::-1]), done.stdout
            else:
                assert done.returncode == 1 and done.stdout == b"", done
                assert b"most likely the index is of one save" in done.stderr or b"try again when it is done" in done.stderr, done.stderr
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
    save(prefix, 251)
    assert subprocess.run([TOOL, "cat", prefix, *NAMES], capture_output=True, check=True).stdout == b"".join(content(251))


if __name__ == "__main__":
    number = 1
    while True:
        number = number % 250 + 1
        save(sys.argv[1], number)
