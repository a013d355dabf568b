# SPDX-License-Identifier: Apache-2.0
"""The documents say what is there: links, names of sources, layers, options, versions, and maps that are read."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("CKPTFS_BUILD", "build")
COLUMNS_MOST = 150
README_LINES_MOST = 150
SECTIONS = ("[checkpoint]", "[assignment_map]", "[variables]", "[view]", "[files]")
DOCUMENTS = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "tests" / "README.md"])


def text_of(path):
    return (ROOT / path).read_text()


def run(program, *arguments):
    done = subprocess.run([BUILD / program, *arguments], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def prose(text):
    """Markdown without what is code in it."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"(?ms)^```.*?^```$", "", text))


def test_the_documents_are_there():
    wanted = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "tests/README.md"}
    wanted |= {f"docs/{name}.md" for name in ("architecture", "tensorflow", "frameworks", "limits")}
    assert wanted <= set(DOCUMENTS)
    assert len(text_of("README.md").splitlines()) <= README_LINES_MOST


@pytest.mark.parametrize("path", DOCUMENTS)
def test_markdown(path):
    text = text_of(path)
    assert [line for line in text.splitlines() if len(line) > COLUMNS_MOST] == []
    assert re.findall(r"</?[a-zA-Z][^<>]*>|<!--", prose(text)) == []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        if not link.startswith("https://"):
            assert (ROOT / path).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("path", DOCUMENTS)
def test_sources_that_are_named_are_there(path):
    """Whole paths, and in a walk through the code the ends of them."""
    text = text_of(path)
    for name in re.findall(r"(?<![\w/.-])(?:src|scripts|conf|docs)/[\w./-]*\w", text):
        assert (ROOT / name).exists(), name
    there = [f"/{source.relative_to(ROOT)}" for top in ("src", "tests", "scripts") for source in (ROOT / top).rglob("*.*")]
    for name in re.findall(r"`([\w/-]+\.(?:[ch]|py))`", text):
        assert any(source.endswith(f"/{name}") for source in there), name


def test_the_layers_are_those_that_are_checked():
    table = text_of("docs/architecture.md").split("## Layers\n", 1)[1].split("\n## ", 1)[0]
    told = re.findall(r"(?m)^\| `(\w+)` \|", table)
    order = re.search(r"(?m)^LAYERS='([^']*)'", text_of("scripts/check-layers"))[1]
    assert told == re.split(r"[ ,]", order)


def test_each_suite_is_told_of():
    told = set(re.findall(r"(?m)^\| `(\w+)` \|", text_of("tests/README.md")))
    there = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert told == there


def test_the_version_is_the_newest_of_the_changelog():
    newest = re.findall(r"(?m)^## \[(\d+\.\d+\.\d+)\]", text_of("CHANGELOG.md"))[0]
    assert run("ckptool", "--version")[1].split()[1] == newest
    assert f"VERSION := {newest}\n" in text_of("Makefile")


def maps():
    """The blocks of the manual and of the documents that are whole maps."""
    manual = re.findall(r"(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text_of("conf/ckptfs-map.5"))
    blocks = [(f"ckptfs-map.5:{i}", block) for i, block in enumerate(manual)]
    for path in DOCUMENTS:
        blocks += [(f"{path}:{i}", block) for i, block in enumerate(re.findall(r"(?ms)^```ini\n(.*?)^```$", text_of(path)))]
    return [pytest.param(block, id=name) for name, block in blocks if block.startswith(SECTIONS)]


@pytest.mark.parametrize("text", maps())
def test_maps_are_read(text, tmp_path):
    (tmp_path / "map.ini").write_text(text)
    _, out, err = run("ckptool", "plan", "--json", "-m", tmp_path / "map.ini", ROOT / "tests" / "golden" / "demo")
    codes = {error["code"] for error in json.loads(out)["errors"]}
    assert not codes & {"map-syntax", "unsupported", "graph-invalid", "limit-exceeded"}, err


def test_there_are_maps_to_be_read():
    assert len(maps()) >= 3


def test_each_key_of_a_view_is_in_the_manual(tmp_path):
    (tmp_path / "map.ini").write_text("[view]\nno_such_key = 1\n")
    _, _, err = run("ckptool", "plan", "-m", tmp_path / "map.ini", ROOT / "tests" / "golden" / "demo")
    keys = re.findall(r"\w+", re.search(r"in \[view\]: expected ([^;\n]*)", err)[1])
    manual = text_of("conf/ckptfs-map.5")
    assert [key for key in keys if key != "or" and f".It Ql {key} = " not in manual] == []


def test_each_kind_of_file_is_told_of(tmp_path):
    """In the words of `--format` and of `files =`."""
    _, _, err = run("ckptool", "export", ROOT / "tests" / "golden" / "demo", tmp_path)
    formats = re.findall(r"\w+", re.search(r"which --format\? ([^;\n]*)", err)[1].replace(" or ", " "))
    shown = re.search(r"--format=FORMAT (.*)", run("ckptool", "-h")[1])[1]
    manual = re.search(r"(?s)\.It Fl -format Ns = Ns.*?\.It", text_of("conf/ckptool.1"))[0]
    assert len(formats) >= 4 and [name for name in formats if name not in re.findall(r"\w+", shown)] == []
    assert [name for name in formats if name not in re.findall(r"\w+", manual)] == []
    (tmp_path / "map.ini").write_text("[view]\nfiles = no_such_kind\n")
    _, _, err = run("ckptool", "plan", "-m", tmp_path / "map.ini", ROOT / "tests" / "golden" / "demo")
    kinds = re.findall(r"\w+", re.search(r"expected a list of ([^;\n]*)", err)[1].replace(" and ", " "))
    manual = re.search(r"(?s)\.It Ql files = .*?\.It", text_of("conf/ckptfs-map.5"))[0]
    assert len(kinds) >= 4 and [name for name in kinds if name not in re.findall(r"\w+", manual)] == []


@pytest.mark.parametrize("program", ["ckptfs", "ckptool"])
def test_each_option_is_in_the_manual(program):
    manual = text_of(f"conf/{program}.1").replace("\\-", "-")
    shown = run(program, "-h")[1].split("\nOptions of libfuse:")[0]
    long = set(re.findall(r"(?<!\S)--([a-z][a-z-]+)", shown))
    named = set(re.findall(r"(?<!\S)-o ([a-z]+)", shown))
    short = set(re.findall(r"(?<!\S)-([a-zA-Z])(?=[ ,])", shown)) - {"o"}
    assert [name for name in long if not re.search(rf"Fl -{name}\b|\| -{name}\b|, -{name}\b", manual)] == []
    assert [name for name in named if not re.search(rf"Cm (?:[a-z_]+ , )*{name}\b|, Cm {name}\b", manual)] == []
    assert [name for name in short if not re.search(rf"Fl {name}\b", manual)] == []


# ---- ckptool(1) and the table that the help is made of


def commands():
    return re.findall(r"(?m)^  (\w+) ", run("ckptool", "-h")[1].split("\n\n")[1])[:-1]  # the last one is help


def options_of(command):
    """Its options by their long names: letter, value."""
    shown = run("ckptool", "help", command)[1].split("\nOptions:\n")[1].split("\n\n")[0]
    return {name: (letter, value) for letter, name, value in re.findall(r"(?m)^  (?:-(\w),|   ) --([\w-]+)(?:=(\S+))?", shown)}


def mdoc(word):
    """A word of a usage line, as the manual has it."""
    name = re.sub(r"[\[\].]", "", word)
    text = " ".join(f"| {part}" if i else part for i, part in enumerate(name.lower().split("|")))
    if name.startswith("--"):
        return f"Fl {text[1:]}"
    if "=" in name:
        return "Ar " + text.replace("=", " Ns = Ns Ar ")
    return f"{'Ar' if name.isupper() else 'Cm'} {text}"


def synopsis(command):
    """What the manual says of it, made from the table. What all commands have, but -q, stands in none."""
    options = {name: option for name, option in options_of(command).items() if name not in ("help", "version", "no-sandbox")}
    operands = re.match(r"Usage: ckptool \w+ \[OPTION\]\.\.\. (.*)", run("ckptool", "help", command)[1])[1].split()
    lines = [".Nm", f".Cm {command}"]
    flags = "".join(letter for letter, value in options.values() if letter and not value)
    lines += [f".Op Fl {flags}"] if flags else []
    for name, (letter, value) in options.items():
        if value or not letter and f"--{name}" not in operands:
            lines.append(f".Op Fl {letter or '-' + name}" + (f" {mdoc(value)}" if value else ""))
    for word in operands:
        if word.startswith("["):
            lines.append(f".Op {mdoc(word)}")
        elif lines[-1].startswith(".Ar "):
            lines[-1] += mdoc(word)[2:]
        else:
            lines.append(f".{mdoc(word)}")
        lines[-1] += " ..." if word.endswith("...") else ""
    return lines


def test_the_synopsis_is_that_of_the_table():
    told = text_of("conf/ckptool.1").split(".Sh SYNOPSIS\n")[1].split(".Nm\n.Cm help\n")[0].splitlines()
    wanted = [line for command in commands() for line in synopsis(command)]
    assert told == wanted, "conf/ckptool.1, SYNOPSIS, should be:\n" + "\n".join(wanted)


def described(section):
    """The options that have an item in a section of the manual: name, and for which commands it says that it is."""
    for item in re.split(r"(?m)^\.It ", section)[1:]:
        head, body = item.split("\n", 1)
        told = re.findall(r"\w+", " ".join(re.findall(r"(?m)^\.Pq Cm (.*)$", body)))
        for name in re.findall(r"(?:Fl|,) -([a-z-]+)", head):
            yield name, [command for command in commands() if command in told]


def test_each_command_has_the_options_that_the_manual_says():
    manual = text_of("conf/ckptool.1")
    table = {command: set(options_of(command)) for command in commands()}
    general = manual.split("\n.Sh OPTIONS\n")[1].split("\n.Sh ")[0]
    told = {command: {name for name, _ in described(re.split(r"\n\.S[sh] ", manual.split(f"\n.Ss {command}\n")[1])[0])} for command in table}
    for name, whose in described(general):
        for command in whose or table:
            told[command].add(name)
    assert told == table


def test_the_manual_of_ckptfs_has_its_options_in_the_synopsis():
    told = text_of("conf/ckptfs.1").split(".Sh SYNOPSIS\n")[1].split(".Sh ")[0]
    shown = run("ckptfs", "-h")[1].split("\nOptions of libfuse:")[0]
    for letter in set(re.findall(r"(?m)(?:^    |, )-([a-zA-Z])\b", shown)):
        assert re.search(rf"(?m)^\.(Op )?Fl (\w \| )*{letter}\b", told), letter
    for name in set(re.findall(r"(?m)(?:^    |, )--([a-z]+)\b", shown)) - {"help", "version"}:
        assert f".Op Fl -{name} " in told, name
