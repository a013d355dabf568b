# SPDX-License-Identifier: Apache-2.0
"""Names of 60,000 bytes, which take 60 of the file: whatever is done with them is bounded by their bytes."""

import json
import os
import subprocess

import pytest

from support import encoder
from support.paths import TOOL

LENGTH = 60000
PATIENCE = 60  # seconds; what was not bounded took several minutes


def checkpoint(tmp_path, count, stem, end=b""):
    """Scalars whose names are `stem`, up to that length, a number of five digits and `end`; its index."""
    stem = (stem * LENGTH)[:LENGTH]
    data = encoder.varint(0) + encoder.varint(0) + encoder.varint(len(encoder.header())) + encoder.header()
    for i in range(count):
        rest = (b"" if i else stem) + b"%05d" % i + end
        entry = encoder.bundle_entry(4, [], offset=i, size=1, crc=encoder.masked(b"\0"))
        data += encoder.varint(LENGTH if i else 0) + encoder.varint(len(rest)) + encoder.varint(len(entry)) + rest + entry
    data += b"\0" * 4 + b"\1\0\0\0"  # one restart
    path = tmp_path / "c.index"
    path.write_bytes(encoder.table((), raw_blocks=[(b"\xff", data, encoder.RAW)]))
    (tmp_path / "c.data-00000-of-00001").write_bytes(bytes(count))
    return path


def run(*args):
    done = subprocess.run([TOOL, *map(os.fsencode, args)], capture_output=True, timeout=PATIENCE)
    assert done.returncode in (0, 1), done
    return done


@pytest.mark.parametrize("stem", [b"\1", b"\xff", b"%41", "\u202e".encode(), b"y"])
def test_names_that_are_escaped(tmp_path, stem):
    path = checkpoint(tmp_path, 20, stem)
    done = run("plan", path)
    assert done.returncode == 0 and done.stdout.count(b"-> ") == 20
    targets = json.loads(run("plan", "--json", path).stdout)["targets"]
    assert len(targets) == 20 and {len(os.fsencode(t["variable"])) for t in targets} == {LENGTH + 5}


@pytest.mark.parametrize("end, section, line", [(b"", "assignment_map", "missing{0} = t{0}"), (b"", "variables", "v{0} = float32 [1]"),
                                                (b"/missing", "assignment_map", "x/missing = t{0}")])
def test_names_that_nothing_is_near_to(tmp_path, end, section, line):
    path, ini = checkpoint(tmp_path, 1000, b"y", end), tmp_path / "map.ini"
    more = "" if section == "assignment_map" else "/ = /\n[variables]\n"
    ini.write_text("[assignment_map]\n" + more + "".join(line.format(i) + "\n" for i in range(100000)))
    done = run("plan", "--json", "-m", ini, path)
    assert done.returncode == 1
    assert sum("not in the checkpoint" in e["message"] for e in json.loads(done.stdout)["errors"]) >= 990


def test_messages_show_the_first_bytes_of_names(tmp_path):
    path, ini = checkpoint(tmp_path, 20, b"\1"), tmp_path / "map.ini"
    ini.write_text("[assignment_map]\n" + "/ = /\n" * 8)
    done = run("plan", "--json", "-m", ini, path)
    warnings = json.loads(done.stdout)["warnings"]
    shown = "\\x01" * 1024 + "..."
    assert len(warnings) == 140 and all(f"'{shown}' is assigned again" in w["message"] and len(w["subject"]) == LENGTH + 5 for w in warnings)
    assert max(map(len, done.stderr.splitlines())) < 5000 and shown.encode() in done.stderr
