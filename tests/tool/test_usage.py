# SPDX-License-Identifier: Apache-2.0
"""ckptool's command line: exit statuses, help, version; every refusal is one line."""

import re

import pytest

from support.paths import GOLDEN
from support.tool import out, run

DEMO = str(GOLDEN / "demo")


@pytest.mark.parametrize("arguments, words", [
    ([], "which command?"), (["frobnicate"], "unknown command 'frobnicate'"), (["-x"], "unknown option '-x'"),
    (["list"], "which checkpoint?"), (["list", DEMO, "a", "b"], "not 'b' too"), (["list", "-x", DEMO], "unknown option '-x'"),
    (["list", "--frob", DEMO], "unknown option '--frob'"), (["list", "--json=1", DEMO], "takes no value"),
    (["list", "-m", "map.ini", DEMO], "unknown option '-m'"), (["plan"], "which checkpoint?"),
    (["plan", DEMO, "x"], "not 'x' too"), (["plan", DEMO, "-m"], "needs a value"), (["plan", DEMO, "--map"], "needs a value"),
    (["plan", "--text", DEMO], "unknown option '--text'"), (["cat"], "which checkpoint?"), (["cat", DEMO], "which variable"),
    (["cat", "--text", "--limit", "x", DEMO, "a"], "--limit is a number"),
    (["cat", "--text", "--limit=-1", DEMO, "a"], "--limit is a number"),
    (["cat", "--text", "--limit=99999999999999999999", DEMO, "a"], "--limit is a number"),
    (["lst", DEMO], "did you mean 'list'?"), (["hlep"], "did you mean 'help'?"), (["help", "exprt"], "did you mean 'export'?"),
    ([DEMO], f"did you mean 'ckptool list {DEMO}'?"), ([DEMO + "/model.ckpt-1000"], "did you mean 'ckptool list "),
    (["--jsn", "list", DEMO], "did you mean 'ckptool COMMAND --json'?"), (["--json", "list", DEMO], "did you mean 'ckptool COMMAND --json'?"),
    (["plan", "--jsn", DEMO], "did you mean '--json'?"), (["plan", "--grph=x", DEMO], "did you mean '--graph'?"),
    (["list", "-n", "freindly", DEMO], "--names is key or friendly, not 'freindly'; did you mean 'friendly'?"),
    (["export", "--format", "safetensor", DEMO, "x"], "did you mean 'safetensors'?"),
    (["list", "--sort", "bytes", DEMO], "--sort is size or name, not 'bytes'"), (["list", "--sort", "siz", DEMO], "did you mean 'size'?"),
    (["list", "--sort", DEMO], "--sort is size or name"), (["list", "--depth", "0", DEMO], "--depth is 1 or more"),
    (["list", "--depth=-1", DEMO], "--depth is a number, not '-1'"), (["list", "--depth=x", DEMO], "--depth is a number, not 'x'"),
    (["list", "--long", "--summary", DEMO], "not with --summary"), (["list", "--long", "--depth=1", DEMO], "not with --depth"),
    (["list", "--long=1", DEMO], "takes no value"), (["verify", "--json=1", DEMO], "takes no value"),
    (["export", "--format", "zarr", DEMO, "x"], "--format is safetensors, tf, npy or raw, not 'zarr'")])
def test_wrong_usage(arguments, words):
    done = run(*arguments, status=2)
    assert done.stdout == b""
    text = done.stderr.decode()
    assert text.count("\n") == 1 and words in text and text.endswith("; try 'ckptool -h'\n")


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["list", "-h"], ["plan", "--help"], ["cat", "x", "-h"], ["help"],
                                       ["help", "cat"]])
def test_help(arguments):
    text = out(*arguments).decode()
    assert text.startswith("Usage: ckptool ") and "--version" in text
    assert max(map(len, text.splitlines())) <= 110
    assert re.search(r"^(Example: |  )ckptool \w+ .*model\.ckpt-1000", text, re.MULTILINE)


@pytest.mark.parametrize("command", ["list", "plan", "cat", "export", "verify"])
def test_help_of_a_command_is_that_of_its_option(command):
    assert out("help", command) == out(command, "-h")


def test_version():
    assert out("--version").startswith(b"ckptool ")
    assert out("list", "--version") == out("--version") == out("-V") == out("plan", "-V")


@pytest.mark.parametrize("arguments", [["list"], ["plan"], ["cat", "--text"]])
@pytest.mark.parametrize("checkpoint", ["/nonexistent/model", "/dev/null", "/proc/self/maps", str(GOLDEN)])
def test_no_checkpoint(arguments, checkpoint):
    operands = ["x"] if arguments[0] == "cat" else []
    done = run(*arguments, checkpoint, *operands, status=1)
    assert done.stdout == b"" and checkpoint.encode() in done.stderr


def test_double_dash_ends_options():
    assert run("list", "--", "-x", status=1).stderr
