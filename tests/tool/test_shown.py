# SPDX-License-Identifier: Apache-2.0
"""What a terminal does not show as itself never reaches one: escape sequences, what turns text around, what cannot be seen."""

import json
import os
import unicodedata

import pytest

from support.bundle import write_checkpoint
from support.tool import run

# A name that looks like "layer/kernel", one that looks like another, and their like.
UNSEEN = ["\u202e", "\u202a", "\u202d", "\u2066", "\u2069", "\u200b", "\u200e", "\u200f", "\u061c", "\ufeff", "\u2028", "\u2029",
          "\u0085", "\u009b31m", "\u00ad", "\u2060", "\u180e", "\ufe0f", "\U000e0041", "\u3164", "\x1b[31m", "\x7f"]
NAMES = [f"layer{c}/kernel" for c in UNSEEN] + ["lenrek\u202e/\u2066seen"]
SEEN = ["größe", "層/重み", "e\u0301", "ك\u0644", "\U0001f600"]


def is_unseen(c):
    return c not in "\n\t" and (unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") or c in "\u034f\u115f\u180e\u3164\ufe0f")


@pytest.fixture
def checkpoint(tmp_path):
    folder = tmp_path / "che\u202eck"
    folder.mkdir()
    tensors = {name.encode(): (4, [1], b"A") for name in NAMES + SEEN}
    return write_checkpoint(folder / "c", tensors, crc_of={NAMES[0].encode(): 1})


COMMANDS = [["list"], ["list", "--json"], ["list", "--summary"], ["plan"], ["plan", "--json"], ["verify"], ["cat", "layer\u202e/kernel"],
            ["cat", "\u202eabsent"], ["cat", "--text", *NAMES], ["list", "\u202eabsent"], ["export"], ["plan", "\u202eabsent"], ["list", "x", "\u202ey"],
            ["list", "--\u202ejson"], ["plan", "-m", "\u202eabsent.ini"], ["plan", "-a", "layer\u2066 = x"], ["plan", "-a", "/ = x\u202e/ | nothing\u202e"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: ascii(" ".join(command[:3])))
def test_nothing_unseen_is_printed(checkpoint, tmp_path, command):
    more = [tmp_path / "out\u202e" / "deep"] if command == ["export"] else []
    done = run(command[0], checkpoint, *command[1:], *more, status=None)
    for text in (done.stdout, done.stderr):
        assert not [c for c in text.decode(errors="replace") if is_unseen(c)], text


def test_what_is_seen_stays(checkpoint):
    text = run("list", checkpoint).stdout.decode()
    assert {line.split("\t")[0] for line in text.splitlines()} >= set(SEEN)
    assert "layer\\xe2\\x80\\xae/kernel" in text and "layer\\xc2\\x9b31m/kernel" in text


def test_json_is_exact(checkpoint):
    listed = json.loads(run("list", "--json", checkpoint).stdout)
    planned = json.loads(run("plan", "--json", checkpoint).stdout)
    assert {t["name"] for t in listed["tensors"]} == set(NAMES + SEEN) == {t["variable"] for t in planned["targets"]}
    assert listed["checkpoint"]["path"] == os.fspath(checkpoint)
