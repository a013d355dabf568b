# SPDX-License-Identifier: Apache-2.0
"""Running ckptool, and the truth of the golden checkpoints. Standard library only."""

import json
import os
import pty
import struct
import subprocess

from support.paths import GOLDEN, TOOL


def run(*args, status=0, **kwargs):
    """Runs ckptool; checks its exit status, and that stderr is in its form: lines that begin with the program's name."""
    done = subprocess.run([TOOL, *map(os.fsencode, map(str, args))], capture_output=True, timeout=120, **kwargs)
    assert status is None or done.returncode == status, (args, done.returncode, done.stderr.decode(errors="replace"))
    for line in done.stderr.splitlines():
        assert line.startswith(b"ckptool: "), line
    return done


def out(*args, **kwargs):
    done = run(*args, **kwargs)
    assert done.stderr == b"", done.stderr
    return done.stdout


def truth(folder):
    """(CHECKPOINT, tensors) of a golden checkpoint."""
    here = GOLDEN / folder
    data = json.loads((here / "truth.json").read_text())
    tensors = data
    if "same_as" in data:
        tensors = json.loads((here / data["same_as"]).read_text())
    tensors = tensors["tensors"]
    for tensor in tensors:
        if tensor.get("kind") == "arange":
            del tensor["kind"]
            count = tensor["bytes"] // 4
            tensor["hex"] = struct.pack(f"<{count}f", *range(count)).hex()
        if tensor.get("kind") == "string":  # as its file has it
            values = [bytes.fromhex(value) for value in tensor["values"]]
            tensor["hex"] = (b"".join(v + b"\n" for v in values) if tensor["shape"] else values[0]).hex()
    return here / data["prefix"], tensors


def is_shown(tensor):
    return tensor.get("kind") in (None, "whole", "sliced", "string")


# Golden checkpoints that are no V1 files and hold no strings.
V2 = ["big_index", "demo", "dtypes", "moved", "names", "parts", "shapes", "sharded", "slots", "unsorted", "snappy/slots",
      "snappy/big_index", "sliced", "sliced_half"]
V1 = ["v1", "v1_sharded", "v1_blocks", "big_endian"]  # and those of a big-endian machine
STRINGS = ["strings", "strings_sliced", "table", "v1_strings", "snappy_v1/v1_strings"]
MAPS = sorted(p.parent.name for p in (GOLDEN / "maps").glob("*/truth.json"))


def map_truth(name):
    """(map.ini, CHECKPOINT, truth) of a golden map."""
    here = GOLDEN / "maps" / name
    data = json.loads((here / "truth.json").read_text())
    return here / "map.ini", here / data["checkpoint"], data


def visible(name):
    """A name (str or bytes) as programs print it."""
    raw = name if isinstance(name, bytes) else name.encode()
    text = raw.decode(errors="surrogateescape")
    return "".join(
        "\\\\" if c == "\\" else f"\\x{ord(c):02x}" if ord(c) < 0x20 or ord(c) == 0x7f
        else f"\\xc2\\x{ord(c):02x}" if 0x80 <= ord(c) <= 0x9f
        else f"\\x{ord(c) - 0xdc00:02x}" if 0xdc80 <= ord(c) <= 0xdcff else c
        for c in text)


def on_terminal(*args, env=None):
    """What ckptool writes to a terminal."""
    main, side = pty.openpty()
    child = subprocess.Popen([TOOL, *map(str, args)], stdin=side, stdout=side, stderr=side,
                             env={**os.environ, "TERM": "xterm", **(env or {})})
    os.close(side)
    text = b""
    while True:
        try:
            got = os.read(main, 65536)
        except OSError:  # EIO: the other side is closed
            break
        if not got:
            break
        text += got
    os.close(main)
    return child.wait(timeout=60), text.replace(b"\r\n", b"\n")
