# SPDX-License-Identifier: Apache-2.0
"""What is suggested where a name is not there: it can be typed, is not what was asked for, and tells of the usual mix-ups."""

import json
import unicodedata

import pytest

from support.bundle import write_checkpoint
from support.paths import GOLDEN
from support.tool import out, run

FLOAT32 = 1
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def checkpoint(folder, *names):
    """Scalars whose only byte that tells is their number."""
    return write_checkpoint(folder / "c", {name.encode(): (FLOAT32, [], bytes([i + 1, 0, 0, 0])) for i, name in enumerate(names)})


def errors(prefix, *rules, options=()):
    """The lines of stderr, and the report's errors or else its warnings."""
    arguments = [word for rule in rules for word in ("-a", rule)]
    done = run("plan", "--json", *options, *arguments, prefix, status=None)
    document = json.loads(done.stdout)
    return [line.removeprefix("ckptool: ") for line in done.stderr.decode().splitlines()], document["errors"] or document["warnings"]


def error(*args, **more):
    (line,), (entry,) = errors(*args, **more)
    return line, entry


# ---- keys that end in :0


def test_a_key_that_ends_in_an_output(tmp_path):
    """Each step leads to the next, until the map has what is meant."""
    prefix = checkpoint(tmp_path, "layer1/bias:0", "layer1/kernel:0")
    ini = tmp_path / "map.ini"
    for rule, said in (("layer1/bias:0", "write 'layer1/bias', or 'layer1/bias%3A0' if the name itself ends so"),
                       ("layer1/bias", "did you mean 'layer1/bias%3A0'?")):
        ini.write_text(f"[assignment_map]\n{rule} = x\n")
        for arguments in (["-m", ini], ["-a", f"{rule} = x"]):
            assert said in run("plan", *arguments, prefix, status=1).stderr.decode()
    ini.write_text("[assignment_map]\nlayer1/bias%3A0 = x\n")
    assert out("cat", "-m", ini, prefix, "x") == b"\1\0\0\0"
    line, entry = error(prefix, "layer1/bias = x")
    assert entry["nearest"] == ["layer1/bias:0"]  # the document has names as they are


@pytest.mark.parametrize("name, written", [
    ("network/a,b", "network/a%2Cb"), ("network/a=b", "network/a%3Db"), ("network/ab ", "network/ab%20"), ("network/ab%41", "network/ab%2541"), ("network/a\\b", "network/a%5Cb"),
    ("network/a\u202eb", "network/a%E2%80%AEb"), ("network/ab/", "network/ab/%"), ("[network/ab", "%5Bnetwork/ab"), ("network/a{b}", "network/a%7Bb%7D"), ("network/a #b", "network/a %23b"),
    ("network/a#b", "network/a#b"), ("n\u00e9twork/ab", "n\u00e9twork/ab"), ("network/\x01ab", "network/%01ab")])
def test_suggestions_are_written_as_a_map_has_them(tmp_path, name, written):
    prefix = checkpoint(tmp_path, name)
    line, entry = error(prefix, "network/ab = x")
    assert line.endswith(f"did you mean '{written}'?") and entry["nearest"] == [name]
    assert len(json.loads(run("plan", "--json", "-a", f"{written} = x", prefix).stdout)["targets"]) == 1


def test_suggested_scopes_and_variables(tmp_path):
    prefix = checkpoint(tmp_path, "a:b/w", "other")
    line, _ = errors(prefix, "a%3Ac/ = x/", "other = y")
    assert line[0].startswith("assign:1: warning: no tensor of the checkpoint is in scope 'a:c/'; did you mean 'a%3Ab/'?")
    line, _ = error(prefix, "other = a", options=["-D", "a%2C = float32 []"])
    assert line.endswith("did you mean 'a%2C'?")
    line, _ = error(prefix, "a%3Ab = x")
    assert line.endswith("did you mean 'a%3Ab/' or 'a%3Ab/w'?")
    assert "did you mean 'a%3Ab/w'" in run("plan", "-a", "a%3Ab/v = x", prefix, status=1).stderr.decode()


# ---- names that look the same


@pytest.mark.parametrize("word", ["caf\u00e9", "\u1ec7x", "\uac01", "\u304c"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_that_differs_in_unicode_composition(tmp_path, word, form):
    there, asked = (unicodedata.normalize(f, word) for f in (form, "NFD" if form == "NFC" else "NFC"))
    ascii = "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in there)
    prefix = checkpoint(tmp_path, f"net/{there}/w", "b")
    line, entry = error(prefix, f"net/{asked}/w = x")
    assert "differs in Unicode composition alone is, and looks the same" in line and line.endswith(f"did you mean 'net/{ascii}/w'?")
    assert entry["nearest"] == [f"net/{there}/w"]
    assert out("cat", "-a", f"net/{ascii}/w = x", prefix, "x") == b"\1\0\0\0"
    lines, _ = errors(prefix, f"net/{asked}/ = x/", "b = y")
    assert "differs in Unicode composition alone has some" in lines[0] and lines[0].endswith(f"did you mean 'net/{ascii}/'?")
    line, _ = error(prefix, f"b = {asked}", options=["-D", f"{there} = float32 []"])
    assert "differs in Unicode composition alone is declared" in line and line.endswith(f"did you mean '{ascii}'?")
    line, _ = error(prefix, "/ = /", options=["-D", f"net/{asked}/w = float32 []"])
    assert "but variable" in line and line.endswith(f"did you mean 'net/{ascii}/w'?")
    done = run("cat", prefix, f"net/{asked}/w", status=1)
    assert done.stderr.decode().endswith(f"did you mean 'net/{ascii}/w'?\n")
    assert out("cat", prefix, f"net/{ascii}/w") == b"\1\0\0\0"


# ---- the other kind of names


def test_friendly_names_would_have_helped():
    """A scope goes by keys; that its members have other names is said, and none of them is suggested under the name that was asked for."""
    prefix = GOLDEN / "objects"
    say = "say `names = friendly` in [checkpoint], or -n friendly"
    line, entry = error(prefix, "/ = /", options=["-D", "net/first/w = float32 [3, 2]"])
    assert f"tensor 'net/first/w' is not in the checkpoint, but variable 'net/first/w' is in scope '/'; it is there by its friendly name: {say}" in line
    assert entry["nearest"] == []
    document = json.loads(run("plan", "--json", "-n", "friendly", "-a", "/ = /", "-D", "net/first/w = float32 [3, 2]", prefix).stdout)
    assert [t["path"] for t in document["targets"]] == ["net/first/w"]
    lines, _ = errors(prefix, "net/first/ = encoder/", "save_counter = c")
    assert f"no tensor of the checkpoint is in scope 'net/first/'; there are some by their friendly name: {say}" in lines[0]
    lines, _ = errors(prefix, "model/layers/0/w/ = encoder/", "save_counter = c", options=["-n", "friendly"])
    assert any("there are some by their key: say `names = key` in [checkpoint], or -n key" in line for line in lines)


@pytest.mark.parametrize("folder", ["demo", "slots", "objects", "keras3", "saved_model"])
def test_nothing_is_suggested_under_the_name_that_was_asked_for(folder):
    """Of any name that is not there, and of those of the other kind."""
    prefix = GOLDEN / folder / ("saved_model" if folder == "saved_model" else "")
    rows = json.loads(run("list", "--json", "-q", prefix).stdout)["tensors"]
    names = [row.get("friendly", row["name"]) for row in rows] + [row["name"] + "x" for row in rows]
    names = [name for name in names if not name.startswith("_CHECKPOINTABLE")]
    options = [word for name in names for word in ("-D", f"{name} = float32 [...]")]
    for kind in "key", "friendly":
        _, entries = errors(prefix, "/ = /", options=["-n", kind, *options])
        assert entries and all(entry["subject"] not in entry["nearest"] for entry in entries)


# ---- moving averages, and rules the wrong way round


def test_a_moving_average_is_suggested(tmp_path):
    prefix = checkpoint(tmp_path, "conv/w/ExponentialMovingAverage", "conv/w/Momentum", "conv/b")
    for arguments in (["conv/w = x"], ["/ = /"]):
        line, entry = error(prefix, *arguments, options=["-D", "conv/w = float32 []"] if arguments == ["/ = /"] else [])
        assert entry["nearest"] == ["conv/w/ExponentialMovingAverage"]
        assert line.endswith("did you mean 'conv/w/ExponentialMovingAverage'?")
    assert run("cat", prefix, "conv/w", status=1).stderr.endswith(b"did you mean 'conv/w.d/ExponentialMovingAverage' or 'conv/w.d/Momentum'?\n") or \
        run("cat", prefix, "conv/w", status=1).stderr.endswith(b"did you mean 'conv/w/ExponentialMovingAverage' or 'conv/w/Momentum'?\n")


def test_a_rule_the_wrong_way_round(tmp_path):
    prefix = checkpoint(tmp_path, "conv/w", "conv/b", "other")
    line, entry = error(prefix, "net/conv/ = conv/")
    assert line.startswith("assign:1: nothing is left to show: no tensor of the checkpoint is in scope 'net/conv/'")
    assert "; the checkpoint has tensors in 'conv/': is the rule the wrong way round?" in line
    assert entry["code"] == "empty-view" and entry["subject"] == "net/conv/" and "conv/" not in entry["nearest"]
    lines, entries = errors(prefix, "net/conv/ = conv/", "other = other")
    assert "warning: no tensor of the checkpoint is in scope 'net/conv/'; the checkpoint has tensors in 'conv/': is the rule" in lines[0]
    assert entries[0]["code"] == "empty-scope"
    line, _ = error(prefix, "net/conv/w = conv/w")
    assert "tensor 'net/conv/w' is not in the checkpoint; the checkpoint has 'conv/w': is the rule the wrong way round?" in line
    line, _ = error(prefix, "net/w = other", options=["-D", "net/w = float32 []"])
    assert "'net/w' is declared, and the checkpoint has 'other': is the rule the wrong way round?" in line
    line, entry = error(prefix, "net/conv/ = conv/", options=["-D", "net/conv/w = float32 []"])  # TensorFlow takes it
    assert "warning: no declared variable is in scope 'conv/'; there are some in 'net/conv/', and the checkpoint has tensors in 'conv/'" in line
    assert entry["code"] == "empty-scope"
