# SPDX-License-Identifier: Apache-2.0
"""The page of ckptool stat --html, as headless Chromium shows it: what is in it, what clicks do, that names of others do nothing. Pictures are kept in
build/pictures, to be looked at."""

import json
import os
import re
import struct

import pytest

from support import chromium, encoder, tool
from support.paths import BUILD
from support.tool import run, truth

FLOAT, INT32, STRING = 1, 3, 7
HOSTILE = ["</script><script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">/w", "\u202eevil\udcff/\u200bx", "a\tb\nc",
           "<!--<script>", "__proto__/constructor"]  # fmt: skip


def write(prefix, tensors):
    made = encoder.Bundle()
    for name, (dtype, shape, data) in tensors.items():
        made.put(os.fsencode(name), dtype, shape, encoder.strings(data) if dtype == STRING else data)
    return made.write(prefix)


def floats(*values):
    return FLOAT, [len(values)], struct.pack(f"<{len(values)}f", *values)


def model():
    tensors = {"step": (INT32, [], bytes(4)), "words": (STRING, [2], [b"a", b"b"]), "empty": (FLOAT, [0, 3], b"")}
    for layer in range(12):
        tensors[f"net/layer_{layer}/kernel"] = (FLOAT, [8, 8], struct.pack("<64f", *[(i * 37 % 64 - 31) / (9 + layer) for i in range(64)]))
        tensors[f"net/layer_{layer}/bias"] = floats(*[layer / 8] * 8)
    tensors["net/embedding"] = (FLOAT, [32, 8], struct.pack("<256f", *[(i * 101 % 256 - 100) / 7 for i in range(256)]))
    tensors["net/embedding/Adam"] = floats(0, 0, float("nan"), float("inf"), 1)
    return tensors


def in_page(path, action):
    pictures = BUILD / "pictures"
    pictures.mkdir(exist_ok=True)
    with chromium.page(path.as_uri(), path.parent / "profile") as shown:
        action(shown, pictures)
        assert shown.faults() == []
        assert [url for url in shown.requests() if url != path.as_uri()] == []  # nothing but the page itself


NAMES = "[...document.querySelectorAll('#rows tr')].map(r => r.cells[0].textContent)"
HEAD = "[...document.querySelectorAll('#head th')].find(h => h.textContent === '{}')"
BOX = "[...document.querySelectorAll('#map button')].find(b => b.textContent.startsWith('{}'))"

needs_chromium = pytest.mark.skipif(not chromium.PROGRAM, reason="chromium is not installed: scripts/setup tests")


@needs_chromium
def test_the_page_shows_sorts_filters_and_zooms(tmp_path):
    prefix, path = write(tmp_path / "model.ckpt", model()), tmp_path / "page.html"
    said = tool.out("stat", "--html", path, prefix).decode()
    assert said.startswith(f"{path}: 29 tensors, ")
    known = {t["name"]: t for t in json.loads(tool.out("stat", "--json", prefix))["tensors"]}

    def look(shown, pictures):
        assert shown.value("document.querySelector('#title').textContent") == prefix
        assert shown.value("document.querySelector('#sum').textContent").startswith("29 tensors, ")
        assert "1 NaN, 1 infinite" in shown.value("document.querySelector('#sum .bad').textContent")
        assert shown.value(NAMES) == sorted(known)
        shown.picture(pictures / "stat-page.png")
        # Boxes of the treemap are as large as what they stand for.
        areas = shown.value(f"['embedding', 'layer_3', 'layer_11'].map(n => {BOX.replace('{}', '').replace(chr(39) * 2, 'n')})"
                            ".map(b => b.offsetWidth * b.offsetHeight)")  # fmt: skip
        assert abs(areas[1] / areas[2] - 1) < 0.1 and 2 < areas[0] / areas[1] < 5
        # Sorting, both ways; what has no number is last.
        shown.click(HEAD.format("max"))
        order = [known[n].get("maximum") for n in shown.value(NAMES)]
        numbers = [x for x in order if x is not None]
        assert numbers == sorted(numbers, reverse=True) and order[len(numbers):] == [None] * 2
        assert shown.value(HEAD.format("max") + ".getAttribute('aria-sort')") == "descending"
        shown.click(HEAD.format("max"))
        numbers = [known[n].get("maximum") for n in shown.value(NAMES)][: len(numbers)]
        assert numbers == sorted(numbers)
        # A filter.
        shown.type("document.querySelector('#filter')", "bias [8]")
        assert shown.value("document.querySelector('#shown').textContent") == "12 of 29 tensors"
        assert all(name.endswith("/bias") for name in shown.value(NAMES))
        shown.value("(() => { const f = document.querySelector('#filter'); f.value = ''; f.dispatchEvent(new Event('input')); })()")
        # Into a scope, and out again.
        shown.click(BOX.format("layer_7"), "[b.x + 8, b.y + 8]")  # beside what is in it
        assert sorted(shown.value(NAMES)) == ["net/layer_7/bias", "net/layer_7/kernel"]
        shown.click(BOX.format("kernel"))
        assert shown.value("document.querySelector('tr.picked').cells[0].textContent") == "net/layer_7/kernel"
        shown.picture(pictures / "stat-page-scope.png")
        shown.click("document.querySelector('#way button')")
        assert len(shown.value(NAMES)) == 29
        # A histogram says what is in it.
        title = shown.value("[...document.querySelectorAll('#rows tr')].find(r => r.cells[0].textContent === 'net/embedding').querySelector('svg title').textContent")
        assert [int(line.rsplit(": ", 1)[1]) for line in title.splitlines()] == known["net/embedding"]["histogram"]["counts"]

    in_page(path, look)


@needs_chromium
def test_names_of_others_do_nothing(tmp_path):
    prefix, path = write(tmp_path / "x", {name: floats(1, 2) for name in HOSTILE}), tmp_path / "page.html"
    run("stat", "-q", "--html", path, prefix)

    def look(shown, pictures):
        assert "owned" not in shown.value("document.title")
        assert shown.value("document.querySelectorAll('img').length") == 0 and shown.value("document.scripts.length") == 2
        assert sorted(shown.value(NAMES)) == sorted(
            [*HOSTILE[:2], "\\u{202e}evil\\u{dcff}/\\u{200b}x", "a\\u{9}b\\u{a}c", *HOSTILE[4:]])  # fmt: skip
        shown.picture(pictures / "stat-page-hostile.png")

    in_page(path, look)


def test_the_file_itself_refers_to_nothing(tmp_path):
    path = tmp_path / "page.html"
    run("stat", "-q", "--html", path, write(tmp_path / "x", {name: floats(1) for name in HOSTILE}))
    text = path.read_text()
    assert text.count("</script>") == 2 and "<!--<" not in text
    assert re.findall(r"(?:https?:|//)[\w.]+\.\w+/", text.replace("http://www.w3.org/2000/svg", "")) == []
    ours, data = re.fullmatch(r'(?s)(.*<script id="data" type="application/json">)(.*?)(?=</script>).*', text).groups()
    assert not re.search(r"<(link|img|iframe|object|embed|base)\b|\bsrc=|@import|url\(", ours + text[len(ours) + len(data) :])
    data = json.loads(data)
    assert sorted(t["name"].encode("utf-8", "surrogateescape") for t in data["tensors"]) == sorted(map(os.fsencode, HOSTILE))


def test_a_page_that_is_there_or_cannot_be(tmp_path):
    prefix = write(tmp_path / "x", {"a": floats(1)})
    path = tmp_path / "new" / "page.html"
    run("stat", "--html", path, prefix)  # the folder is made, as by an export
    before = path.read_bytes()
    assert b"is there already; --force replaces it" in run("stat", "--html", path, prefix, status=1).stderr
    path.write_text("old")
    run("stat", "-f", "--html", path, prefix)
    assert path.read_bytes() == before
    index = tmp_path / "x.index"
    kept = index.read_bytes()
    assert b"is a file that the view was read from" in run("stat", "-f", "--html", index, prefix, status=1).stderr and index.read_bytes() == kept
    assert b"is a directory" in run("stat", "-f", "--html", tmp_path / "new", prefix, status=1).stderr
    assert run("stat", "--html", tmp_path / "x.index" / "page.html", prefix, status=1).stderr
    assert b"--html takes a file" in run("stat", "--html", "new/", prefix, status=2).stderr
    assert b"--check stops" in run("stat", "--html", path, "--check", prefix, status=2).stderr
    os.chmod(tmp_path / "x.data-00000-of-00001", 0o600)  # what others may not read, they may not read there
    run("stat", "-f", "--html", path, prefix)
    assert path.stat().st_mode & 0o77 == 0
    done = run("stat", "--html", "page.html", truth("demo")[0], cwd=tmp_path)
    assert done.stdout.startswith(b"page.html: 7 tensors") and (tmp_path / "page.html").exists()


def test_a_full_disk_leaves_nothing(tmp_path):
    assert run("stat", "--html", "/dev/full/page.html", truth("demo")[0], status=1).stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == []
