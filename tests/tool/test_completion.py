# SPDX-License-Identifier: Apache-2.0
"""What bash, zsh and fish complete, half-typed lines in real ones; and what `--complete`, which they ask, answers."""

import os
import re
import subprocess

import pytest

from support.bundle import write_checkpoint
from support.paths import BUILD, GOLDEN, ROOT
from support.shells import START, Shell
from support.tool import run

DEMO = GOLDEN / "demo"
NAMES = GOLDEN / "names" / "names.ckpt"


def answer(program, *words, env=None):
    """The paths that the shell adds, what stands before them, and the words with what they are."""
    done = subprocess.run([BUILD / program, "--complete", *map(str, words)], capture_output=True, check=True, timeout=60,
                          env={**os.environ, **(env or {})})
    assert done.stderr == b""
    first, *lines = done.stdout.decode().splitlines()
    paths, head = first.split("\t")
    return paths, head, dict(line.split("\t") for line in lines)


def words(program, *typed):
    return list(answer(program, *typed)[2])


@pytest.fixture(scope="module", params=START)
def shell(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "my maps").mkdir()
    (folder / "my maps" / "one.ini").write_text("")
    (folder / "mnt").mkdir()
    (folder / "mount.txt").write_text("")
    one = Shell(request.param, folder)
    yield one
    one.close()


# A tab completes; what follows it shows whether the word has ended.
@pytest.mark.parametrize("line, words", [
    ("ckptool pl\tx", ["ckptool", "plan", "x"]),
    ("ckptool help ver\tx", ["ckptool", "help", "verify", "x"]),
    ("ckptool list --su\tx", ["ckptool", "list", "--summary", "x"]),
    ("ckptool plan --gra\tx", ["ckptool", "plan", "--graph=x"]),
    ("ckptool plan -m bert-t\tx", ["ckptool", "plan", "-m", "bert-to-hf", "x"]),
    ("ckptool plan --map=bert-t\tx", ["ckptool", "plan", "--map=bert-to-hf", "x"]),
    ("ckptool plan --ma\tbert-t\tx", ["ckptool", "plan", "--map=bert-to-hf", "x"]),
    ("ckptool export --format=s\tx", ["ckptool", "export", "--format=safetensors", "x"]),
    ("ckptool list -n fr\tx", ["ckptool", "list", "-n", "friendly", "x"]),
    (f"ckptool list {DEMO} tab\tx", ["ckptool", "list", f"{DEMO}", "table", "x"]),
    (f"ckptool cat {DEMO} some_scope/la\tb\tx", ["ckptool", "cat", f"{DEMO}", "some_scope/layer/bias", "x"]),
    (f"ckptool cat -a 'some_var = of_the_view' {DEMO} of\tx",
     ["ckptool", "cat", "-a", "some_var = of_the_view", f"{DEMO}", "of_the_view", "x"]),
    (f"ckptool cat {NAMES} wi\tx", ["ckptool", "cat", f"{NAMES}", "with blank", "x"]),
    (f"ckptool cat {NAMES} a:\tx", ["ckptool", "cat", f"{NAMES}", "a:0", "x"]),
    (f"ckptool list {NAMES} star\tx", ["ckptool", "list", f"{NAMES}", "star\\*", "x"]),
    ("ckptool plan -m my\tone\t", ["ckptool", "plan", "-m", "my maps/one.ini"]),
    ("ckptool plan --map=my\tone\t", ["ckptool", "plan", "--map=my maps/one.ini"]),
    ("ckptool export a mnt\tx", ["ckptool", "export", "a", "mnt/x"]),
    ("ckptfs -o npy,umas\t077", ["ckptfs", "-o", "npy,umask=077"]),
    ("ckptfs -o npy,map=bert-t\tx", ["ckptfs", "-o", "npy,map=bert-to-hf", "x"]),
    ("ckptfs -o map=my\tone\t", ["ckptfs", "-o", "map=my maps/one.ini"]),
    ("ckptfs -m bert-t\tx", ["ckptfs", "-m", "bert-to-hf", "x"]),
    ("ckptfs --names=fr\tx", ["ckptfs", "--names=friendly", "x"]),
    ("ckptfs a mnt\tx", ["ckptfs", "a", "mnt/x"]),
    ("ckptool list --no-such\tx", ["ckptool", "list", "--no-suchx"]),
    ("ckptool list /nonexistent tab\tx", ["ckptool", "list", "/nonexistent", "tabx"])])
def test_a_shell_completes(shell, line, words):
    assert shell.typed(line) == words


def test_a_shell_shows_what_there_is(shell):
    shell.shows("ckptool plan -m bert-\t\t", "bert-to-hf", "bert-garden-to-hf")
    shell.shows("ckptool \t\t", "list", "plan", "cat", "export", "verify", "map", "help")
    if shell.name != "bash":
        shell.shows("ckptool \t\t", "compare every tensor with its checksum")


@pytest.mark.parametrize("program", ["ckptool", "ckptfs"])
def test_scripts_are_installed_for_both(program, tmp_path):
    subprocess.run(["make", "-s", "-C", ROOT, "install", f"BUILD={BUILD}", f"DESTDIR={tmp_path}", "PREFIX=/usr", "-o", "all"], check=True,
                   capture_output=True, timeout=600)
    share = tmp_path / "usr" / "share"
    conf = ROOT / "conf" / "completions"
    assert (share / "bash-completion" / "completions" / program).read_text() == (conf / "ckptfs.bash").read_text()
    assert (share / "fish" / "vendor_completions.d" / f"{program}.fish").read_text() == (conf / "ckptfs.fish").read_text()
    assert program in (share / "zsh" / "site-functions" / "_ckptfs").read_text().splitlines()[0].split()


def test_commands():
    paths, head, found = answer("ckptool", "")
    assert (paths, head) == ("none", "")
    shown = re.findall(r"(?m)^  (\w+) .*?(?:  +|\])(\w.*)$", run("-h").stdout.decode().split("\n\n")[1])
    assert list(found) == [name for name, _ in shown] and len(found) >= 7
    assert all(what.endswith(found[name]) for name, what in shown)
    assert words("ckptool", "help", "") == [name for name in found if name != "help"]


@pytest.mark.parametrize("command", ["list", "plan", "cat", "export", "verify", "stat", "diff", "map"])
def test_options_are_those_of_the_help(command):
    """Each once, with its letter, and what is said of it."""
    shown = re.findall(r"(?m)^  (?:-(\w),|   ) --([\w-]+(?:=)?)\S*\s+(\S.*)$", run("help", command).stdout.decode())
    wanted = {f"-{letter}": what for letter, _, what in shown if letter} | {f"--{name}": what for _, name, what in shown}
    assert answer("ckptool", command, "-") == ("none", "", wanted)


@pytest.mark.parametrize("typed, paths, head", [
    (["list", ""], "files", ""), (["plan", "-m", ""], "files", ""), (["plan", "--map="], "files", "--map="), (["plan", "-mx"], "files", "-m"),
    (["plan", "-g", ""], "files", ""), (["export", "x", ""], "files", ""), (["export", "x", "y", ""], "none", ""),
    (["verify", "x", ""], "none", ""), (["plan", "-a", ""], "none", ""), (["list", "--", "-"], "files", ""), (["cat", "-f", ""], "files", ""),
    (["plan", "-Hg", ""], "files", ""), (["plan", "-Hgx"], "files", "-Hg"), (["no-such", ""], "none", ""), (["list", "--no-such", ""], "files", ""),
    (["cat", "/nonexistent", ""], "none", ""), (["list", "--json="], "none", ""), (["map", ""], "files", ""), (["map", "x", ""], "none", "")])
def test_what_stands_where(typed, paths, head):
    assert answer("ckptool", *typed)[:2] == (paths, head)


@pytest.mark.parametrize("typed, paths, head, some", [
    (["-o", ""], "none", "", "umask="), (["-o", "npy,"], "none", "npy,", "npy,verify"), (["-onpy,"], "none", "-onpy,", "-onpy,verify"),
    (["-o", "assign=a\\,b,"], "none", "assign=a\\,b,", "assign=a\\,b,noverify"), (["-o", "graph="], "files", "graph=", None),
    (["-o", "names="], "none", "names=", "names=key"), (["-o", "sandbox="], "none", "sandbox=", "sandbox=no"), (["-g", ""], "files", "", None),
    (["-"], "none", "", "--names="), (["--prefer="], "none", "--prefer=", "--prefer=ema"), (["a", ""], "directories", "", None),
    (["-u", ""], "directories", "", None), (["a", "b", ""], "none", "", None), (["--", "-"], "files", "", None),
    (["-m", "x", ""], "files", "", None), (["-o", "no_such="], "none", "no_such=", None)])
def test_what_stands_where_of_ckptfs(typed, paths, head, some):
    found = answer("ckptfs", *typed)
    assert found[:2] == (paths, head)
    assert some is None or some in found[2]


def test_options_of_ckptfs_are_those_of_its_help():
    shown = subprocess.run([BUILD / "ckptfs", "-h"], capture_output=True, check=True, text=True, timeout=60).stdout
    ours = shown.split("\nOptions of libfuse:")[0]
    behind_o = {name.rstrip("=") for name in words("ckptfs", "-o", "")}
    assert set(re.findall(r"-o ([a-z_]+)", ours)) <= behind_o
    alone = {name.rstrip("=") for name in words("ckptfs", "-")}
    assert set(re.findall(r"(?m)(?:^    |, )(--?[a-zA-Z]+)(?=[ =,])", ours)) <= alone | {"-o"}


def test_names_of_tensors():
    assert answer("ckptool", "cat", DEMO, "some_v")[2] == {"some_var": "float32 [10, 4]", "some_var/Adam": "float32 [10, 4]"}
    assert words("ckptool", "plan", DEMO, "--only=tab") == ["--only=table"]
    assert words("ckptool", "plan", DEMO, "--drop", "o") == ["optimizer"]
    assert words("ckptool", "cat", "-a", "table = t2 | partition 2,1", DEMO, "t2") == ["t2/part_0", "t2/part_1"]
    assert words("ckptool", "list", DEMO, "--json", "tab") == ["table"]
    friendly = words("ckptool", "list", "-n", "friendly", GOLDEN / "objects", "net/fi")
    assert friendly == [f"net/first/{name}" for name in ("b", "b/m", "b/v", "w", "w/m", "w/v")]


def test_home_is_found(tmp_path):
    write_checkpoint(tmp_path / "c", {b"alone": (4, [], b"\1")})
    assert answer("ckptool", "cat", "~/c", "", env={"HOME": str(tmp_path)})[2] == {"alone": "uint8 []"}


def test_many_names_are_scopes(tmp_path):
    tensors = {f"layer_{i:04}/{name}".encode(): (4, [], b"\1") for i in range(1200) for name in ("bias", "kernel")}
    prefix = write_checkpoint(tmp_path / "c", {**tensors, b"alone": (4, [], b"\1")})
    found = answer("ckptool", "cat", prefix, "")[2]
    assert len(found) == 1000 and found["alone"] == "uint8 []" and found["layer_0000/"] == "2 names"
    assert words("ckptool", "cat", prefix, "layer_0007/") == ["layer_0007/bias", "layer_0007/kernel"]


def test_odd_names_are_typed_as_the_command_takes_them(tmp_path):
    odd = [b"tab\there", b"new\nline", b"bad\xff", b"star*", b"back\\slash"]
    prefix = write_checkpoint(tmp_path / "c", {name: (4, [], bytes([i])) for i, name in enumerate(odd)})
    found = words("ckptool", "cat", prefix, "")
    assert len(found) == len(odd)
    assert sorted(run("cat", prefix, name).stdout for name in found) == [bytes([i]) for i in range(len(odd))]
    found = words("ckptool", "list", prefix, "")
    assert found == ["back\\\\slash", "star\\*"]
    assert [len(run("list", prefix, name).stdout.splitlines()) for name in found] == [1, 1]


@pytest.mark.parametrize("damage", ["truncated", "not one"])
def test_what_is_no_checkpoint_has_no_names(damage, tmp_path):
    index = (DEMO / "model.ckpt-1000.index").read_bytes()
    (tmp_path / "c.index").write_bytes(index[:100] if damage == "truncated" else b"x" * 1000)
    assert answer("ckptool", "list", tmp_path / "c", "") == ("none", "", {})
