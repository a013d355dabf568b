# SPDX-License-Identifier: Apache-2.0
"""What is left of an export that ends at any moment, whose directory is renamed meanwhile, or that cannot say what it has done. stopped.c, preloaded, sends the
signals."""

import errno
import os
import pathlib
import resource
import shutil
import signal
import subprocess

import pytest

from support.bundle import write_checkpoint
from support.paths import TOOL

INT8 = 6
PARTIAL = ".ckptfs-partial-"
FORMATS = ["raw", "npy", "tf", "safetensors"]


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    built = tmp_path_factory.mktemp("shim") / "stopped.so"
    source = pathlib.Path(__file__).with_name("stopped.c")
    subprocess.run([os.environ.get("CC", "cc").split()[-1], "-shared", "-fPIC", "-O1", "-o", built, source, "-ldl"], check=True)
    return built


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    tensors = {f"scope/{i % 2}/v{i}".encode(): (INT8, [5000], bytes([i + 1]) * 5000) for i in range(5)}
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "c", tensors)


def arguments(form, checkpoint, to, *more):
    return [TOOL, "export", "-q", "--format", form, *more, str(checkpoint), str(to)]


def stopping(shim, at="", number=signal.SIGKILL, unnamed=True):
    more = {} if unnamed else {"STOP_UNNAMED": "1"}
    return {**os.environ, "LD_PRELOAD": str(shim), "STOP_AT": at or "none:0", "STOP_WITH": str(int(number)), **more}


def files_below(folder):
    return {os.path.relpath(os.path.join(here, name), folder): pathlib.Path(here, name).read_bytes()
            for here, _, names in os.walk(folder) for name in names}


def whole(form, checkpoint, to):
    subprocess.run(arguments(form, checkpoint, to), check=True, stdout=subprocess.DEVNULL)
    return files_below(to)


def check_order(form, found, wanted):
    """Whoever is pointed to is there."""
    if form != "tf":
        return
    if "model.index" in found:
        assert "model.data-00000-of-00001" in found
    if "checkpoint" in found:
        assert set(found) >= set(wanted)


def each_call(shim, args, clean, unnamed=True):
    """Ends the export before its first, second ... call that changes something; yields its number."""
    for number in range(1, 1000):
        clean()
        done = subprocess.run(args, env=stopping(shim, f"any:{number}", unnamed=unnamed), capture_output=True)
        if done.returncode == 0:
            assert number > 5
            return
        assert done.returncode == -signal.SIGKILL, done.stderr
        yield number
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_left_before_the_first_name_and_whole_files_after(tmp_path, shim, checkpoint, form, there):
    wanted = whole(form, checkpoint, tmp_path / "whole")
    base = tmp_path / "base"
    to = base if there else base / "out" / "deep"

    def clean():
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir()

    written = kept = 0
    for _ in each_call(shim, arguments(form, checkpoint, to), clean):
        found = files_below(to)
        assert all(wanted[path] == data for path, data in found.items()), set(found) - set(wanted)
        check_order(form, found, wanted)
        if os.listdir(base):
            kept += 1
        else:
            written += 1
            assert kept == 0, "what had its name is gone"
    assert written >= 2 * len(wanted) + 1 and kept >= 1  # each is made and gets its bytes; and all go to the disk
    assert files_below(to) == wanted


@pytest.mark.parametrize("form", FORMATS)
def test_without_unnamed_files_it_is_seen_what_they_are(tmp_path, shim, checkpoint, form):
    wanted = whole(form, checkpoint, tmp_path / "whole")
    to = tmp_path / "out"
    partial = 0
    for _ in each_call(shim, arguments(form, checkpoint, to), lambda: shutil.rmtree(to, ignore_errors=True), unnamed=False):
        found = files_below(to)
        rests = {path for path in found if os.path.basename(path).startswith(PARTIAL)}
        partial += bool(rests)
        found = {path: data for path, data in found.items() if path not in rests}
        assert all(wanted[path] == data for path, data in found.items())
        check_order(form, found, wanted)
    assert partial > 0 and files_below(to) == wanted
    assert {(to / path).stat().st_mode for path in wanted} == {(tmp_path / "whole" / path).stat().st_mode for path in wanted}


@pytest.mark.parametrize("form", FORMATS)
def test_replaced_files_are_old_or_new(tmp_path, shim, checkpoint, form):
    wanted = whole(form, checkpoint, tmp_path / "whole")
    to = tmp_path / "out"

    def clean():
        shutil.rmtree(to, ignore_errors=True)
        for path in wanted:
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            (to / path).write_bytes(b"old")

    for _ in each_call(shim, arguments(form, checkpoint, to, "--force"), clean):
        found = files_below(to)
        rests = [path for path in found if os.path.basename(path).startswith(PARTIAL)]
        assert len(rests) <= 1 and all(found.pop(path) in wanted.values() for path in rests), rests
        assert set(found) == set(wanted) and all(found[path] in (b"old", wanted[path]) for path in wanted)
    assert files_below(to) == wanted


@pytest.mark.parametrize("unnamed", [True, False])
def test_what_has_no_room_leaves_nothing(tmp_path, shim, checkpoint, unnamed):
    done = subprocess.run(arguments("raw", checkpoint, tmp_path / "out" / "deep"), env=stopping(shim, unnamed=unnamed), capture_output=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)))
    assert done.returncode == 1 and b"File too large" in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("fails", [False, True])
def test_more_files_than_descriptors(tmp_path, fails):
    tensors = {f"scope/v{i:03}".encode(): (INT8, [100], bytes([i]) * 100) for i in range(200)}
    if fails:
        tensors[b"scope/v199"] = (INT8, [5000], bytes(5000))
    checkpoint = write_checkpoint(tmp_path / "c", tensors)

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        if fails:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    done = subprocess.run(arguments("raw", checkpoint, tmp_path / "out"), preexec_fn=limit, capture_output=True)
    assert done.returncode == int(fails), done.stderr
    if fails:
        assert not (tmp_path / "out").exists()
    else:
        assert files_below(tmp_path / "out") == {name.decode(): data for name, (_, _, data) in tensors.items()}


# ---- directories that are renamed


def stopped(shim, args, at, unnamed):
    child = subprocess.Popen(args, env=stopping(shim, at, signal.SIGSTOP, unnamed), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "it came to its end"
    return child


def goes_on(child, number=None):
    if number:
        child.send_signal(number)
    child.send_signal(signal.SIGCONT)
    said = child.communicate(timeout=60)
    return child.returncode, said[1]


CASES = pytest.mark.parametrize("to,moved,unnamed,at", [
    ("out", "out", True, "write:2"), ("out", "out", True, "linkat:2"), ("out", "out", False, "write:2"), ("out", "out", False, "renameat2:2"),
    ("above/new/out", "above", True, "write:2"), ("above/new/out", "above", True, "linkat:2"), ("above/new/out", "above", False, "write:2"),
    ("above/new/out", "above/new", False, "write:2"), ("above/new/out", "above/new", True, "linkat:2"),
])  # fmt: skip


def renamed(tmp_path, shim, args, to, moved, unnamed, at):
    """An export to base/TO that waits, when base/MOVED, which is in it or above, was renamed; and its new place."""
    base = tmp_path / "base"
    (base / to.split("/")[0]).mkdir(parents=True)
    child = stopped(shim, args + [str(base / to)], at, unnamed)
    new = (base / moved).with_name("renamed")
    (base / moved).rename(new)
    return child, base, new / os.path.relpath(to, moved)


@CASES
@pytest.mark.parametrize("form", ["raw", "tf"])
def test_a_directory_that_is_renamed_gets_all(tmp_path, shim, checkpoint, form, to, moved, unnamed, at):
    wanted = whole(form, checkpoint, tmp_path / "whole")
    child, base, new = renamed(tmp_path, shim, arguments(form, checkpoint, "")[:-1], to, moved, unnamed, at)
    assert goes_on(child) == (0, b"")
    assert files_below(base) == {os.path.relpath(new / path, base): data for path, data in wanted.items()}


@CASES
def test_a_directory_that_is_renamed_keeps_nothing_of_what_fails(tmp_path, shim, checkpoint, to, moved, unnamed, at):
    child, base, new = renamed(tmp_path, shim, arguments("raw", checkpoint, "")[:-1], to, moved, unnamed, at)
    mine = new / "scope" / "0" / "v2"  # the second
    if at.startswith("write"):
        status, said = goes_on(child, signal.SIGTERM)
        assert status == 1 and b"nothing was left behind" in said
    else:
        mine.write_bytes(b"mine")
        status, said = goes_on(child)
        assert status == 1 and os.strerror(errno.EEXIST).encode() in said, said
    left = [] if at.startswith("write") else [mine, *mine.parents]
    first = base / to.split("/")[0] if moved != to.split("/")[0] else base / "renamed"
    assert {pathlib.Path(here, name) for here, folders, files in os.walk(base) for name in folders + files} == {first, *(one for one in left if base in one.parents)}


# ---- a summary that cannot be written


def summary_to(checkpoint, to, **kwargs):
    return subprocess.run(arguments("raw", checkpoint, to)[:2] + arguments("raw", checkpoint, to)[3:], stderr=subprocess.PIPE, **kwargs)


def test_files_that_are_right_are_success_whoever_reads_the_summary(tmp_path, checkpoint):
    wanted = whole("raw", checkpoint, tmp_path / "whole")
    with open("/dev/full", "wb") as full:
        done = summary_to(checkpoint, tmp_path / "full", stdout=full)
    assert done.returncode == 0 and files_below(tmp_path / "full") == wanted
    assert done.stderr == b"ckptool: standard output: cannot write: No space left on device, but the files are complete\n"
    for restore in (True, False):  # SIGPIPE as a shell leaves it, and ignored
        reader, writer = os.pipe()
        os.close(reader)
        done = summary_to(checkpoint, tmp_path / f"left{restore}", stdout=writer, restore_signals=restore)
        os.close(writer)
        assert (done.returncode, done.stderr) == (0, b"") and files_below(tmp_path / f"left{restore}") == wanted
    done = summary_to(checkpoint, tmp_path / "closed", preexec_fn=lambda: os.close(1))
    assert done.returncode == 0 and b"but the files are complete" in done.stderr and files_below(tmp_path / "closed") == wanted


def test_a_failure_stays_one_whoever_reads(tmp_path, checkpoint):
    (tmp_path / "file").write_text("mine")
    with open("/dev/full", "wb") as full:
        assert summary_to(checkpoint, tmp_path / "file", stdout=full).returncode == 1
