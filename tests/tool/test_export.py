# SPDX-License-Identifier: Apache-2.0
"""ckptool export: what it says, what it refuses, and that nothing is left of an export that did not come to its end. That the bytes are
those of the mount: tests/view/test_copies.py."""

import errno
import fcntl
import os
import pathlib
import pty
import re
import resource
import signal
import struct
import subprocess
import termios
import time

import cramjam
import pytest

from faults.faults import Fault, Runner
from support import encoder
from support.bundle import write_checkpoint
from support.encoder import masked
from support.paths import TOOL
from support.tool import out, run, truth

FLOAT32, INT32, INT8 = 1, 3, 6
ROOT_NEEDED = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount")


def export(*args, **kwargs):
    return run("export", *args, **kwargs)


def below(folder):
    """All that is in a folder, files and directories."""
    return sorted(os.path.relpath(os.path.join(here, name), folder) for here, folders, files in os.walk(folder) for name in folders + files)


def map_of(tmp_path, text):
    path = tmp_path / "map.ini"
    path.write_text(text)
    return path


# ---- what it writes and says


@pytest.mark.parametrize("form", ["safetensors", "tf", "npy", "raw"])
def test_the_summary(tmp_path, form):
    checkpoint, _ = truth("demo")
    to = tmp_path / "made" / "below"
    text = out("export", "--format", form, checkpoint, to).decode()
    files = [path for path in below(to) if (to / path).is_file()]
    size = sum((to / path).stat().st_size for path in files)
    said = re.fullmatch(r"(\d+) files?, ([\d.]+) (bytes|KiB), \d+\.\d s, from (.*) to (.*)\n", text)
    assert said and said[4] == str(checkpoint) and int(said[1]) == len(files), text
    assert said[5] == str(to / files[0] if len(files) == 1 else to)
    assert abs(float(said[2]) * {"bytes": 1, "KiB": 1024}[said[3]] - size) <= 52
    assert all((to / path).stat().st_mode & 0o777 == 0o666 & ~umask() for path in files)


def umask():
    old = os.umask(0)
    os.umask(old)
    return old


def test_usage(tmp_path):
    checkpoint, _ = truth("demo")
    assert b"which --format? safetensors, tf, npy or raw" in export(checkpoint, tmp_path, status=2).stderr
    assert b"npy or raw, not 'pt'" in export("--format", "pt", checkpoint, tmp_path, status=2).stderr
    assert b"to which directory?" in export("--format", "raw", checkpoint, status=2).stderr
    assert b"which checkpoint?" in export("--format", "raw", status=2).stderr
    assert b"not 'third' too" in export("--format", "raw", checkpoint, tmp_path, "third", status=2).stderr
    assert below(tmp_path) == []


def test_sidecars_come_along(tmp_path):
    checkpoint, _ = truth("demo")
    (tmp_path / "config.json").write_text("{}\n")
    ini = map_of(tmp_path, "[assignment_map]\n/ = /\n[files]\nconfig.json = config.json\n")
    for form in "safetensors", "tf", "npy", "raw":
        out("export", "--format", form, "-m", ini, checkpoint, tmp_path / form)
        assert (tmp_path / form / "config.json").read_text() == "{}\n"


def test_what_a_format_lacks_is_said(tmp_path):
    checkpoint, _ = truth("strings")
    done = export("--format", "safetensors", checkpoint, tmp_path / "a")
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 4 and all("warning: '" in line and "is left out: safetensors has no strings" in line for line in lines), lines
    assert done.stdout
    done = export("-q", "--format", "safetensors", checkpoint, tmp_path / "b")
    assert done.stderr == b""
    assert below(tmp_path / "a") == below(tmp_path / "b") == ["model.safetensors"]
    assert export("--format", "tf", checkpoint, tmp_path / "c").stderr == b""


def test_quiet_is_without_warnings_beside_errors_too(tmp_path):
    checkpoint, _ = truth("strings")
    (tmp_path / "model.safetensors").write_bytes(b"mine")
    for quiet in [], ["-q"]:
        done = export(*quiet, "--format", "safetensors", checkpoint, tmp_path, status=1)
        assert (b"warning: " in done.stderr) == (not quiet), done.stderr
        assert b"model.safetensors: is there already" in done.stderr
        assert done.stderr.count(b"\n") == (1 if quiet else 5)


# ---- files that are there


def test_all_files_in_the_way_are_named(tmp_path):
    checkpoint, tensors = truth("demo")
    to = tmp_path / "out"
    out("export", "--format", "raw", checkpoint, to)
    before = {path: (to / path).stat().st_ino for path in below(to)}
    (to / tensors[0]["name"]).write_bytes(b"mine")
    done = export("--format", "raw", checkpoint, to, status=1)
    for path in before:
        assert (f"{to}/{path}: is there already".encode() in done.stderr) == (to / path).is_file(), path
    assert done.stderr.count(b"--force") == len(tensors) and done.stdout == b""
    assert {path: (to / path).stat().st_ino for path in below(to)} == before
    assert (to / tensors[0]["name"]).read_bytes() == b"mine"
    out("export", "--force", "--format", "raw", checkpoint, to)
    assert (to / tensors[0]["name"]).read_bytes().hex() == tensors[0]["hex"]
    assert below(to) == sorted(before)


def test_one_file_in_the_way_and_nothing_is_written(tmp_path):
    checkpoint, _ = truth("demo")
    (tmp_path / "model.index").symlink_to("nowhere")  # in the way as well
    done = export("--format", "tf", checkpoint, tmp_path, status=1)
    assert b"model.index: is there already" in done.stderr and done.stderr.count(b"\n") == 1
    assert below(tmp_path) == ["model.index"]


def test_the_target_is_a_file(tmp_path):
    checkpoint, _ = truth("demo")
    (tmp_path / "file").write_text("mine")
    for to in "file", "file/below":
        done = export("--format", "safetensors", checkpoint, tmp_path / to, status=1)
        assert b"Not a directory" in done.stderr or b"File exists" in done.stderr, done.stderr
    assert below(tmp_path) == ["file"] and (tmp_path / "file").read_text() == "mine"


def test_paths_that_no_system_call_takes_are_all_named(tmp_path):
    """Before anything is written, so long as it may take to come to them."""
    too_long = b"has more than the 4095 bytes that the system takes"
    scope = "/".join(["s" * 200] * 20)
    tensors = {name.encode(): (INT8, [1], b"x") for name in ("a", f"{scope}/{'b' * 200}", f"{scope}/{'c' * 200}")}
    checkpoint = write_checkpoint(tmp_path / "c", tensors)
    for form in "raw", "npy":
        done = export("--format", form, checkpoint, tmp_path / "out", status=1)
        assert done.stderr.count(b"\n") == 2 and done.stderr.count(too_long) == 2, done.stderr
        assert not (tmp_path / "out").exists()
    # The temporary name has to fit, too: in a directory whose path is long enough, only a short name does.
    room = len(".ckptfs-partial-XXXXXX")
    for length, fits in (4095 - room, True), (4096 - room, False):
        left = length - len(f"{tmp_path}/out/")  # of the directories, with their slashes
        parts = [200] * (left // 201 - 1)
        left -= 201 * len(parts)
        parts += [left - 1] if left <= 256 else [left - 152, 150]
        name = "".join("d" * part + "/" for part in parts) + "v"
        write_checkpoint(tmp_path / "long", {name.encode(): (INT8, [1], b"x")})
        done = export("--format", "raw", tmp_path / "long", tmp_path / "out", status=0 if fits else 1)
        assert (too_long in done.stderr) != fits, done.stderr


def test_a_directory_where_a_file_would_be(tmp_path):
    checkpoint, _ = truth("demo")
    (tmp_path / "model.safetensors").mkdir()
    done = export("--force", "--format", "safetensors", checkpoint, tmp_path, status=1)
    assert b"model.safetensors" in done.stderr
    assert below(tmp_path) == ["model.safetensors"]


@ROOT_NEEDED
def test_a_directory_that_cannot_be_written(tmp_path):
    checkpoint, _ = truth("demo")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", tmp_path], check=True)
    try:
        done = export("--format", "safetensors", checkpoint, tmp_path, status=1)
        assert b"Read-only file system" in done.stderr and str(tmp_path).encode() in done.stderr
        done = export("--format", "safetensors", checkpoint, tmp_path / "new", status=1)
        assert b"cannot make the directory: Read-only file system" in done.stderr
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_nothing_is_written_through_a_link_below_the_directory(tmp_path, force):
    """A link to the directory itself is what the user names; one in it is whoever's who could write there."""
    checkpoint = write_checkpoint(tmp_path / "c", {name: (INT8, [1], b"x") for name in (b"a", b"net/b", b"net/deep/c")})
    there, to = tmp_path / "elsewhere", tmp_path / "out"
    (there / "deep").mkdir(parents=True)
    to.mkdir()
    (to / "net").symlink_to(there)
    for way in "raw", "npy":
        done = export(*force, "--format", way, checkpoint, to, status=1)
        assert done.stderr.count(b"a directory on the way is a symbolic link") == 2, done.stderr
        assert f"{to}/net/b".encode() in done.stderr and f"below '{to}': export to where it leads".encode() in done.stderr
    assert below(to) == ["net"] and below(there) == ["deep"]
    (to / "net").unlink()
    (to / "net").mkdir()
    (to / "net" / "deep").symlink_to(there)
    assert export(*force, "--format", "raw", checkpoint, to, status=1).stderr.count(b"symbolic link") == 1
    assert below(there) == ["deep"]
    (tmp_path / "link").symlink_to(there)
    out("export", "--format", "raw", checkpoint, tmp_path / "link")
    assert sorted(path for path in below(there) if (there / path).is_file()) == ["a", "net/b", "net/deep/c"]


@ROOT_NEEDED
def test_each_file_system_below_is_written_to_the_disk(tmp_path):
    """Where that fails, a file of it is named."""
    checkpoint = write_checkpoint(tmp_path / "c", {name: (INT8, [1], b"x") for name in (b"a", b"net/b", b"net/c")})
    (tmp_path / "out" / "net").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path / "out" / "net"], check=True)
    try:
        said = b""
        for n in range(1, 8):
            environment = Runner(tmp_path / "run").environment(Fault("name", "once", errno.EIO, n))
            done = subprocess.run([TOOL, "export", "--force", "--format", "raw", checkpoint, tmp_path / "out"], capture_output=True, env=environment)
            said += done.stderr
        assert f"{tmp_path}/out/a: cannot be written: ".encode() in said and f"{tmp_path}/out/net/b: cannot be written: ".encode() in said, said
    finally:
        subprocess.run(["umount", tmp_path / "out" / "net"], check=True)


def refused(path, done):
    return f"{path}: is a file that the view was read from".encode() in done.stderr


def snapshot(folder):
    return {path: (folder / path).read_bytes() for path in below(folder) if (folder / path).is_file()}


def test_a_checkpoint_of_links_is_not_replaced(tmp_path):
    """As in the cache of the Hugging Face Hub: the names are links to files of another directory."""
    blobs, snap = tmp_path / "blobs", tmp_path / "snap"
    blobs.mkdir()
    snap.mkdir()
    write_checkpoint(blobs / "b", {b"a": (INT8, [4], b"abcd"), b"b": (INT8, [4], b"efgh")})
    for end in "index", "data-00000-of-00001":
        (snap / f"model.{end}").symlink_to(f"../blobs/b.{end}")
    before = snapshot(tmp_path)
    done = export("--force", "--format", "tf", "-a", "a = t", snap / "model", snap, status=1)
    assert refused(snap / "model.index", done) and refused(snap / "model.data-00000-of-00001", done), done.stderr
    assert below(snap) == ["model.data-00000-of-00001", "model.index"] and snapshot(tmp_path) == before
    assert all((snap / path).is_symlink() for path in below(snap))
    (snap / "other.index").symlink_to("nowhere")  # a link that leads to none of them is replaced
    ini = map_of(tmp_path, "[assignment_map]\na = t\n[view]\nname = other\n")
    out("export", "--force", "--format", "tf", "-m", ini, snap / "model", snap)
    assert not (snap / "other.index").is_symlink()


@pytest.mark.parametrize("by", ["directory", "file"])
def test_the_state_file_that_led_to_the_checkpoint_is_not_replaced(tmp_path, by):
    write_checkpoint(tmp_path / "c", {b"a": (INT8, [4], b"abcd")})
    state = tmp_path / "checkpoint"
    state.write_text('model_checkpoint_path: "c"\n')
    before = snapshot(tmp_path)
    done = export("--force", "--format", "tf", tmp_path if by == "directory" else state, tmp_path, status=1)
    assert refused(state, done) and done.stderr.count(b"\n") == 1, done.stderr
    assert snapshot(tmp_path) == before
    out("export", "--force", "--format", "tf", tmp_path / "c", tmp_path)  # nothing was read through it
    assert b"model" in state.read_bytes()


def test_map_and_graph_are_not_replaced(tmp_path):
    checkpoint, tensors = truth("demo")
    name = tensors[0]["name"]
    to = tmp_path / "out"
    ini = to / name
    ini.parent.mkdir(parents=True)
    ini.write_text("[assignment_map]\n/ = /\n")
    done = export("--force", "--format", "raw", "-m", ini, checkpoint, to, status=1)
    assert refused(ini, done) and done.stderr.count(b"\n") == 1 and len(below(to)) == len(ini.relative_to(to).parts), done.stderr
    other = write_checkpoint(tmp_path / "model", {b"t": (INT8, [4], b"abcd")})
    before = snapshot(tmp_path)
    source = write_checkpoint(tmp_path / "c", {b"a": (INT8, [4], b"efgh")})
    done = export("--force", "--format", "tf", "-a", "a = t", "-g", other, source, tmp_path, status=1)
    assert refused(f"{other}.index", done) and done.stderr.count(b"\n") == 1, done.stderr
    assert {path: text for path, text in snapshot(tmp_path).items() if not path.startswith("c.")} == before


@pytest.mark.parametrize("closed", ["c.index", "c.data-00000-of-00001", "map.ini", "model.index"])
def test_a_file_is_as_private_as_what_it_is_made_of(tmp_path, closed):
    checkpoint = write_checkpoint(tmp_path / "c", {b"a": (INT8, [4], b"abcd")})
    graph = write_checkpoint(tmp_path / "model", {b"t": (INT8, [4], b"abcd")})
    args = "-m", map_of(tmp_path, "[assignment_map]\na = t\n"), "-g", graph, checkpoint
    out("export", "--format", "raw", *args, tmp_path / "open")
    assert (tmp_path / "open" / "t").stat().st_mode & 0o777 == 0o666 & ~umask()
    (tmp_path / closed).chmod(0o600)
    out("export", "--format", "raw", *args, tmp_path / "out")
    assert (tmp_path / "out" / "t").stat().st_mode & 0o777 == 0o600


# ---- exports that end early


@ROOT_NEEDED
@pytest.mark.parametrize("form", ["raw", "npy", "tf", "safetensors"])
def test_a_full_disk(tmp_path, form):
    """Of several files, the first ones fit."""
    tensors = {f"scope/v{i}".encode(): (INT8, [30000], bytes(30000)) for i in range(6)}
    checkpoint = write_checkpoint(tmp_path / "c", tensors)
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", small], check=True)
    try:
        done = export("--format", form, checkpoint, small / "a" / "b", status=1)
        assert done.stderr.count(b"\n") == 1 and b"No space left on device" in done.stderr, done.stderr
        assert below(small) == []
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize("form", ["raw", "npy", "tf", "safetensors"])
def test_a_limit_on_the_size_of_files(tmp_path, form):
    tensors = {f"scope/v{i}".encode(): (INT8, [3000], bytes(3000)) for i in range(2)}
    checkpoint = write_checkpoint(tmp_path / "c", tensors)
    done = export("--format", form, checkpoint, tmp_path / "a" / "b", status=1,
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)))
    assert done.stderr.count(b"\n") == 1 and b"cannot be written: File too large" in done.stderr, done.stderr
    assert not (tmp_path / "a").exists()


def zeros_masked(count):
    """The masked CRC-32C of that many zeros, a power of two: what appending zeros does to a checksum is linear, so it is squared."""
    def step(crc):  # one bit of zero
        return crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)

    def apply(matrix, crc):
        done = 0
        for bit in range(32):
            if crc >> bit & 1:
                done ^= matrix[bit]
        return done

    matrix = [step(1 << bit) for bit in range(32)]
    for _ in range(3 + count.bit_length() - 1):
        matrix = [apply(matrix, column) for column in matrix]
    crc = apply(matrix, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def sparse(tmp_path, megabytes, count=4):
    """A checkpoint whose view has that size, and is all zeros."""
    each = megabytes // count << 20
    assert zeros_masked(4) == masked(bytes(4))
    prefix = tmp_path / "sparse"
    names = [f"scope/t{i}".encode() for i in range(count)]
    write_checkpoint(prefix, {name: (INT8, [each], b"") for name in names}, size_of=dict.fromkeys(names, each),
                     crc_of=dict.fromkeys(names, zeros_masked(each)))
    # All of them lie at the beginning: the file has only to be long enough.
    os.truncate(f"{prefix}.data-00000-of-00001", each)
    return prefix


def is_writing(pid, folder):
    """Whether it has a file open for writing there, also one without a name."""
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            flags = int(re.search(r"flags:\s+(\d+)", pathlib.Path(f"/proc/{pid}/fdinfo/{fd.name}").read_text())[1], 8)
            if os.readlink(fd).startswith(f"{folder}/") and flags & os.O_ACCMODE:
                return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_an_interrupted_export(tmp_path, number):
    checkpoint = sparse(tmp_path, 1024)
    to = tmp_path / "out"
    command = [TOOL, "export", "--format", "raw", str(checkpoint), str(to / "deep")]
    before = signal.signal(number, signal.SIG_DFL)  # under nohup it would be ignored, here and there
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    signal.signal(number, before)
    deadline = time.monotonic() + 30
    while not is_writing(child.pid, tmp_path):
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    child.send_signal(number)
    text, errors = child.communicate(timeout=60)
    assert child.returncode == 1
    assert (text, errors) == (b"", b"ckptool: interrupted, nothing was left behind\n")
    assert not to.exists()


def memory_of_export(form, checkpoint, to):
    """The most anonymous memory it had, in KiB."""
    most = 0
    child = subprocess.Popen([TOOL, "export", "-q", "--format", form, str(checkpoint), str(to)], stdout=subprocess.DEVNULL)
    while child.poll() is None:
        try:
            with open(f"/proc/{child.pid}/status") as status:
                most = max([most, *(int(line.split()[1]) for line in status if line.startswith("RssAnon:"))])
        except OSError:
            break
        time.sleep(0.005)
    assert child.wait(timeout=60) == 0
    return most


def test_memory_does_not_grow_with_the_view(tmp_path):
    most = memory_of_export("safetensors", sparse(tmp_path, 512), tmp_path / "out")
    assert (tmp_path / "out" / "model.safetensors").stat().st_size > 512 << 20
    if "san" not in TOOL:
        assert 0 < most < 64 << 10, f"{most} KiB"


@pytest.mark.parametrize("form", ["raw", "tf", "safetensors"])
def test_nor_with_the_blocks_of_a_compressed_v1_file(tmp_path, form):
    made, values = encoder.SliceFile(), bytes(24 << 20)
    for i in range(6):
        made.put(b"t%d" % i, 1, [6 << 20], [(None, values)])
    made.write(tmp_path / "blocks", cut=1, compress=lambda content: bytes(cramjam.snappy.compress_raw(content)))
    most = memory_of_export(form, tmp_path / "blocks", tmp_path / "out")
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) >= 6 * len(values)
    if "san" not in TOOL:
        assert 0 < most < 64 << 10, f"{most} KiB"


def test_a_tensor_of_slices_in_several_large_blocks(tmp_path):
    """Read in turn, though one of them alone fits what an export keeps at first."""
    made, rows = encoder.SliceFile(), 1 << 14
    made.put(b"t", 1, [rows, 1024], [([None, (256 * i, 256)], struct.pack("<f", i) * (256 * rows)) for i in range(4)])
    made.write(tmp_path / "blocks", cut=1, compress=lambda content: bytes(cramjam.snappy.compress_raw(content)))
    out("export", "-q", "--format", "raw", tmp_path / "blocks", tmp_path / "out")
    row = b"".join(struct.pack("<f", i) * 256 for i in range(4))
    assert (tmp_path / "out" / "t").read_bytes() == row * rows


# ---- bytes that cannot be had


@pytest.mark.parametrize("form", ["raw", "npy", "tf", "safetensors"])
def test_a_value_that_does_not_fit(tmp_path, form):
    data = struct.pack("<4f", 1, 2, 1e20, 3)
    checkpoint = write_checkpoint(tmp_path / "c", {b"fine": (INT32, [2], bytes(8)), b"large": (FLOAT32, [4], data)})
    ini = map_of(tmp_path, "[assignment_map]\n/ = /\nlarge = number | cast int32\n")
    done = export("--format", form, "-m", ini, checkpoint, tmp_path / "out", status=1)
    assert b"large: a value does not fit int32, to which it is cast" in done.stderr, done.stderr
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", ["raw", "npy", "tf", "safetensors"])
def test_a_shard_that_is_cut_off(tmp_path, form):
    tensors = {b"a": (INT8, [100], bytes(100)), b"b": (INT8, [100], bytes(100))}
    checkpoint = write_checkpoint(tmp_path / "c", tensors)
    os.truncate(f"{checkpoint}.data-00000-of-00001", 150)
    done = export("--format", form, checkpoint, tmp_path / "out", status=1)
    assert b"c.data-00000-of-00001" in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", ["raw", "npy", "tf", "safetensors"])
def test_damage_is_not_copied(tmp_path, form):
    """Whichever tensor it is, also one that is copied as it stands."""
    for name in b"a", b"b":
        folder = tmp_path / name.decode()
        folder.mkdir()
        checkpoint = write_checkpoint(folder / "c", {b"a": (INT8, [100], bytes(100)), b"b": (INT8, [100], bytes(100))}, crc_of={name: 1})
        for text in "/ = /", "a = x/a | partition 2\nb = x/b | cast float32":
            ini = map_of(tmp_path, f"[assignment_map]\n{text}\n")
            done = export("-q", "--format", form, "-m", ini, checkpoint, folder / "out", status=1)
            assert done.stderr.count(b"\n") == 1 and b"%s: checksum mismatch" % name in done.stderr, done.stderr
            assert not (folder / "out").exists()
        ini = map_of(tmp_path, f"[assignment_map]\n{'b' if name == b'a' else 'a'} = other\n")
        out("export", "-q", "--format", form, "-m", ini, checkpoint, folder / "out")  # only what the view has is of interest


@pytest.mark.parametrize("form", ["raw", "npy", "tf"])
def test_damaged_strings_are_named(tmp_path, form):
    content = b"\x03\x02" + b"\0\0\0\0" + b"abcde"  # the checksum of the lengths is wrong
    checkpoint = write_checkpoint(tmp_path / "c", {b"a": (INT8, [2], b"ab"), b"text": (7, [2], content)})
    done = export("--format", form, checkpoint, tmp_path / "out", status=1)
    assert b"text" in done.stderr and b"\n" in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()


# ---- the bar


def watch(columns, *args, until=None):
    """What an export writes to a terminal of that width, as lines that are drawn one over the other; interrupted when one has `until`."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    child = subprocess.Popen([TOOL, "export", *map(str, args)], stdout=subprocess.DEVNULL, stderr=side)
    os.close(side)
    text = b""
    while True:
        try:
            got = os.read(main, 65536)
        except OSError:
            break
        if not got:
            break
        text += got
        if until and until in text:
            child.send_signal(signal.SIGINT)
    os.close(main)
    return child.wait(timeout=60), text.decode()


def test_a_bar_on_a_terminal(tmp_path):
    checkpoint = sparse(tmp_path, 256)
    assert watch(100, "-q", "--format", "raw", checkpoint, tmp_path / "quiet") == (0, "")
    status, text = watch(100, "--format", "raw", checkpoint, tmp_path / "out")
    assert status == 0 and text.endswith("\r\x1b[K"), "the bar stays on the terminal"
    drawn = [line.removesuffix("\x1b[K") for line in text.split("\r") if line.startswith("[")]
    assert drawn[0] == "[>" + " " * 29 + "]    0%  0 of 256.0M"
    assert all(re.fullmatch(r"\[=*>? *\] +\d+%  [\d.]+M of 256.0M(  [\d.]+[KMG]/s  \d+:\d\d left|  checking  \d:\d\d)?", line) for line in drawn[1:-3]), drawn
    assert re.fullmatch(r"\[=+\]  100%  256.0M of 256.0M  [\d.]+[KMG]/s", drawn[-3]), drawn
    assert drawn[-2] == drawn[-1] == "[" + "=" * 30 + "]  100%  256.0M of 256.0M  writing to the disk"


@pytest.mark.parametrize("columns", [5, 40, 60])
def test_a_bar_on_a_narrow_terminal(tmp_path, columns):
    checkpoint = sparse(tmp_path, 256)
    status, text = watch(columns, "--format", "raw", checkpoint, tmp_path / "out")
    drawn = [line.removesuffix("\x1b[K") for line in text.split("\r") if line]
    assert status == 0 and max(map(len, drawn)) < columns and "100%" in drawn[-2], drawn


def test_a_bar_while_a_tensor_is_checked(tmp_path):
    """It is large enough for that to take more than a second, and nothing of it is written before."""
    checkpoint = sparse(tmp_path, 32 << 10, 1)
    status, text = watch(100, "--format", "raw", "-a", "scope/t0 = t | partition 128", checkpoint, tmp_path / "out", until=b"checking")
    assert status == 1 and re.search(r"\]    0%  0 of 32.0G  checking  0:0\d\x1b", text), text
    assert "interrupted, nothing was left behind" in text and not (tmp_path / "out").exists()


def test_no_bar_in_a_file(tmp_path):
    checkpoint, _ = truth("demo")
    assert export("--format", "raw", checkpoint, tmp_path / "out").stderr == b""
