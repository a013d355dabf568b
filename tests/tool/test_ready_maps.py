# SPDX-License-Identifier: Apache-2.0
"""The maps of conf/maps, which are found by name: what each makes of a checkpoint with the names and shapes of the original code.

ready_maps/NAME.txt has the names and shapes that the library has: tests/frameworks/test_ready_maps.py holds them against it, and the values."""

import functools
import json
import math
import shutil
import subprocess

import pytest

from support import bundle, originals
from support.encoder import masked
from support.paths import CKPTFS, ROOT, TOOL
from support.tool import out, run

MAPS = ROOT / "conf" / "maps"
EXPECTED = ROOT / "tests" / "tool" / "ready_maps"
# The map, the checkpoint, and what of its model the map leaves to another one.
CASES = [("bert-to-hf", "bert", ()), ("bert-to-hf", "bert_classifier", ()), ("bert-to-hf", "bert_squad", ()),
         ("bert-garden-to-hf", "garden", ()), ("bert-garden-to-hf", "garden_layers", ()),
         ("bert-garden-to-hf", "garden_pretrained", ()), ("albert-to-hf", "albert", ()),
         ("electra-to-hf", "electra", ("generator",)), ("electra-to-hf", "electra_base", ("generator",)),
         ("electra-generator-to-hf", "electra", ("electra/encoder", "electra/embeddings_project", "discriminator")),
         ("gpt2-to-hf", "gpt2", ()), ("t5-to-hf", "t5", ()), ("t5-to-hf", "t5_gated", ()),
         ("efficientnet-to-timm", "efficientnet", ()), ("mobilenet-v1-to-timm", "mobilenet", ())]


@functools.cache
def zeros(size):
    return masked(bytes(size))


def write(prefix, shapes, objects=False):
    """A checkpoint of float32 zeros, whose file has holes in their place."""
    entries, at = [], 0
    for name, shape in sorted(shapes.items()):
        size = 4 * math.prod(shape)
        key = name + "/.ATTRIBUTES/VARIABLE_VALUE" * objects
        entries.append((key.encode(), bundle.FLOAT32, shape, 0, at, size, *([zeros(size)] if size <= 4096 else [])))
        at += size
    bundle.write_index(f"{prefix}.index", entries, 1)
    with open(f"{prefix}.data-00000-of-00001", "wb") as file:
        file.truncate(at)
    return prefix


def plan(map, prefix, *options):
    return json.loads(out("plan", "--json", "-q", *options, "-m", map, prefix))


def planned(report):
    return sorted([target["variable"], target["shape"]] for target in report["targets"])


def expected(map, name):
    lines = (EXPECTED / f"{map}.{name}.txt").read_text().splitlines()
    return sorted([line.split(" ", 1)[0], json.loads(line.split(" ", 1)[1])] for line in lines)


@pytest.mark.parametrize("map,name,others", CASES, ids=[f"{map}-{name}" for map, name, _ in CASES])
def test_names_and_shapes(tmp_path, map, name, others):
    model, extra = getattr(originals, name)()
    objects = name.startswith("garden")
    report = plan(map, write(tmp_path / "model.ckpt", {**model, **extra}, objects))
    assert planned(report) == expected(map, name)
    left = {key for key in model if key.startswith(others)} if others else set()
    steps = {"global_step"} if not objects else {"save_counter/.ATTRIBUTES/VARIABLE_VALUE"}
    assert set(report["unused"]) == left | steps  # of the model nothing is lost, of its optimizer nothing is shown


def stages(kind):
    """How many blocks each stage has: a stage begins where the channels change."""
    found, before = [], None
    for _, outputs, *_ in originals.efficientnet_blocks(kind):
        if outputs != before:
            found.append(0)
        found[-1] += 1
        before = outputs
    return found


@pytest.mark.parametrize("kind", originals.EFFICIENTNET)
def test_every_efficientnet(tmp_path, kind):
    """Blocks are numbered by stages, and each has what those of b0, or of lite0, have."""
    model, extra = originals.efficientnet(kind)
    report = plan("efficientnet-to-timm", write(tmp_path / "model.ckpt", {**model, **extra}))
    found = {tuple(name.split(".", 3)) for name, _ in planned(report) if name.startswith("blocks.")}
    assert {parts[1:3] for parts in found} == {(str(s), str(b)) for s, count in enumerate(stages(kind)) for b in range(count)}
    norms, of_se = ["weight", "bias", "running_mean", "running_var"], not kind.startswith("lite")
    for stage, block in {parts[1:3] for parts in found}:
        kinds = ["conv_dw", "conv_pw"] + ["conv_pwl"] * (stage != "0")
        names = {f"{kind}.weight" for kind in kinds} | {f"bn{n}.{name}" for n in range(1, len(kinds) + 1) for name in norms}
        names |= {f"se.conv_{name}.{part}" for name in ("reduce", "expand") for part in ("weight", "bias")} if of_se else set()
        assert {parts[3] for parts in found if parts[1:3] == (stage, block)} == names
    assert set(report["unused"]) == {"global_step"} and len(report["targets"]) == len(model)


AVERAGE = "/ExponentialMovingAverage"


@pytest.mark.parametrize("map,name", [("efficientnet-to-timm", "efficientnet"), ("mobilenet-v1-to-timm", "mobilenet")])
def test_averages(tmp_path, map, name):
    """Those of a checkpoint are its weights; with --prefer none they are not."""
    model, extra = getattr(originals, name)()
    prefix = write(tmp_path / "model.ckpt", {**model, **extra, **{key + AVERAGE: shape for key, shape in model.items()}})
    for options in ([], ["--prefer", "none"]):
        assert run("plan", *options, "-m", map, prefix).stderr == b""  # and no warnings
        report = plan(map, prefix, *options)
        assert planned(report) == expected(map, name)
        averages = set() if options else {key + AVERAGE for key in model}
        assert {entry["from"] for entry in report["averaged"]} == averages
        assert set(report["unused"]) == {"global_step"}


def test_every_map_is_listed():
    lines = out("map", "--list").decode().splitlines()
    names = [line.split("\t")[0] for line in lines]
    assert names == sorted(path.stem for path in MAPS.glob("*.ini")) == sorted({map for map, _, _ in CASES})
    for line, name in zip(lines, names):
        first = (MAPS / f"{name}.ini").read_text().splitlines()[0]
        assert line.split("\t")[1] == first.removeprefix("; ") and " to " in first and len(line) <= 100


def test_what_each_is_checked_against():
    """Said in each, and it is what is tested."""
    versions = dict(line.split("==") for line in (ROOT / "tests" / "requirements-frameworks.txt").read_text().splitlines() if "==" in line)
    for path in MAPS.glob("*.ini"):
        head = " ".join(line.lstrip("; ") for line in path.read_text().split("[view]")[0].splitlines())
        library = "transformers" if path.stem.endswith("-hf") else "timm"
        assert f"hecked against {library} {versions[library]}" in head, path


def test_names_that_are_none(tmp_path):
    prefix = write(tmp_path / "model.ckpt", originals.gpt2()[0])
    assert run("plan", "-m", "gpt2-to-fh", prefix, status=1).stderr == (
        b"ckptool: gpt2-to-fh: neither a file nor a map that comes with ckptfs; `ckptool map --list` lists those; "
        b"did you mean 'gpt2-to-hf'?\n")
    assert b"gpt2-to-hf.ini: cannot open" in run("plan", "-m", "gpt2-to-hf.ini", prefix, status=1, cwd=tmp_path).stderr
    assert b"./gpt2-to-hf: cannot open" in run("plan", "-m", "./gpt2-to-hf", prefix, status=1, cwd=tmp_path).stderr
    assert run("map", status=2).stderr and run("map", "--list", "x", status=2).stderr


def test_a_file_of_that_name_wins(tmp_path):
    prefix = write(tmp_path / "model.ckpt", originals.gpt2()[0])
    (tmp_path / "gpt2-to-hf").write_text("[assignment_map]\nmodel/wte = table\n")
    report = json.loads(out("plan", "--json", "-m", "gpt2-to-hf", prefix, cwd=tmp_path))
    assert [target["path"] for target in report["targets"]] == ["table"]


def test_installed(tmp_path):
    """Programs find the maps that were installed with them, wherever that is; no variable of the environment has a say."""
    root = tmp_path / "root"
    build = str(CKPTFS).removesuffix("/ckptfs")
    subprocess.run(["make", "-s", "-C", ROOT, "install", f"BUILD={build}", f"DESTDIR={root}", "PREFIX=/opt/x", "-o", "all"], check=True,
                   capture_output=True)
    at = root / "opt" / "x"
    assert {path.name for path in (at / "share/ckptfs/maps").iterdir()} == {path.name for path in MAPS.glob("*.ini")}
    tool = at / "bin" / "ckptool"
    listed = subprocess.run([tool, "map", "--list"], capture_output=True, check=True).stdout
    assert listed == out("map", "--list")
    only = at / "share/ckptfs/maps/mine.ini"
    only.write_text("# Mine\n[assignment_map]\n/ = mine/\n")
    assert b"mine\tMine\n" in subprocess.run([tool, "map", "--list"], capture_output=True, check=True).stdout
    shutil.rmtree(at / "share")
    done = subprocess.run([tool, "map", "--list"], capture_output=True)
    assert done.returncode == 1 and b"no maps come with this ckptfs" in done.stderr
    assert TOOL != str(tool)
