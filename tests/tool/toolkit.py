# SPDX-License-Identifier: Apache-2.0
"""What the tests of ckptool share: running it, the truth of the golden checkpoints, and a small writer of checkpoints
that TensorFlow would not write. Standard library only."""

import json
import os
import pathlib
import signal
import struct
import subprocess

# A job in the background of a shell has these ignored, and so would have the programs that tests start and then end by them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("CKPTFS_BUILD", "build")
TOOL = str(BUILD / "ckptool")
GOLDEN = ROOT / "tests" / "golden"


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


# ---- a writer: one data block, no compression, one shard


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def varint(n):
    done = b""
    while n >= 0x80:
        done += bytes([n & 0x7f | 0x80])
        n >>= 7
    return done + bytes([n])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value) if value else b""


def block(records):
    body, restarts = b"", []
    for key, value in records:
        restarts.append(len(body))
        body += varint(0) + varint(len(key)) + varint(len(value)) + key + value
    restarts = restarts or [0]
    return body + b"".join(struct.pack("<I", r) for r in restarts) + struct.pack("<I", len(restarts))


def write_checkpoint(prefix, tensors, checksums=True, endianness=0, size_of={}, crc_of={}):
    """tensors: {name (bytes): (dtype number, shape, bytes[, what the checksum is over])}. Without checksums, those of the data are 0: in
    Python they take a second a megabyte. size_of, crc_of: what an entry says instead."""
    data, records = b"", [(b"", field(1, 1) + field(2, endianness) + field(3, field(1, 1)))]
    for name in sorted(tensors):
        dtype, shape, content, *summed = tensors[name]
        dims = b"".join(field(2, field(1, dim)) for dim in shape)
        entry = field(1, dtype) + field(2, dims) + field(4, len(data)) + field(5, size_of.get(name, len(content)))
        crc = crc_of.get(name, masked(summed[0] if summed else content) if checksums else 0)
        records.append((name, entry + varint(6 << 3 | 5) + struct.pack("<I", crc)))
        data += content
    table, handles = b"", []
    for content in (block(records), block([])):
        handles.append(varint(len(table)) + varint(len(content)))
        table += content + b"\0" + struct.pack("<I", masked(content + b"\0"))
    index = block([(records[-1][0] + b"\xff", handles[0])])
    handles.append(varint(len(table)) + varint(len(index)))
    table += index + b"\0" + struct.pack("<I", masked(index + b"\0"))
    footer = (handles[1] + handles[2]).ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")
    pathlib.Path(f"{prefix}.index").write_bytes(table + footer)
    pathlib.Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    return prefix


def on_terminal(*args, env=None):
    """What ckptool writes to a terminal."""
    import pty
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
