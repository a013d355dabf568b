# SPDX-License-Identifier: Apache-2.0
"""Views that somebody got wrong, or whose files do: each is a clear message or a file that is left out, never wrong bytes."""

import json
import os
import stat
import struct
import subprocess

import pytest
import safetensors.numpy

from support import bundle
from support.mounts import wait_until
from support.paths import BUILD

FLOAT32, INT8, COMPLEX128, HALF = 1, 6, 18, 19
FOUR = b"\0\0\x80\x3f"


def checkpoint_of(tmp_path, names, shards=1):
    """Scalars of one byte each."""
    return bundle.write(tmp_path / "c", {name: (INT8, [], bytes([i + 1]), bytes([i + 1])) for i, name in enumerate(sorted(names))}, shards=shards)


def ini_of(tmp_path, text="", view="", files=""):
    path = tmp_path / "map.ini"
    path.write_text(f"[assignment_map]\n{text or '/ = /'}\n[view]\n{view}\n[files]\n{files}\n")
    return path


def refused(ckptfs, checkpoint, ini):
    at = ckptfs.directory()
    return ckptfs.refuse("-o", f"map={ini}", checkpoint, at, at=at)


def hidden(mount):
    return {(entry["name"], tuple(entry["from"])) for entry in mount.report()["hidden"]}


# ---- names that meet


def test_variables_called_as_files_of_the_mount(ckptfs, tmp_path):
    """They win, and the mount says so; what is hidden is hidden alone."""
    names = ["checkpoint", "model.index", "model.safetensors", "w"]
    mount = ckptfs.mount(checkpoint_of(tmp_path, names))
    for i, name in enumerate(names):
        assert mount.read(name) == bytes([i + 1]), name
        assert (f"'{name}' hides the mount's own file of that name" in mount.stderr) == (name != "w"), mount.stderr
    assert mount.stderr.count("\n") == 3
    report = mount.read(".ckptfs/report.txt").decode()
    assert "model.safetensors" in report
    apart = ckptfs.mount(tmp_path / "c", map=ini_of(tmp_path, view="name = apart"))
    assert apart.read("checkpoint") == b"\1" and apart.read("apart.index") and apart.read("apart.safetensors")


@pytest.mark.parametrize("name", ["checkpoint", "model.index", "model.safetensors", "model.data-00000-of-00001"])
def test_scopes_called_as_files_of_the_mount(ckptfs, tmp_path, name):
    mount = ckptfs.mount(checkpoint_of(tmp_path, [f"{name}/w"]))
    assert mount.read(f"{name}/w") == b"\1"
    assert mount.stderr.count(f"'{name}' hides the mount's own file of that name") == 1


@pytest.mark.parametrize("name,view,moved", [(".ckptfs", "", ".ckptfs.d/report.json"), ("variables", "layout = savedmodel", "variables.d/variables.index")])
def test_variables_called_as_directories_of_the_mount(ckptfs, tmp_path, name, view, moved):
    mount = ckptfs.mount(checkpoint_of(tmp_path, [name, "w"]), map=ini_of(tmp_path, view=view))
    assert len(mount.read(name)) == 1 and (mount / moved).stat()
    assert f"variable '{name}' has the name of a directory of the mount's own files, which is '{name}.d' therefore" in mount.stderr
    folder = f"{name}.d" if name == ".ckptfs" else ".ckptfs"
    assert "is a variable and a scope" not in mount.read(f"{folder}/report.txt").decode()


@pytest.mark.parametrize("scope,view", [("model", "name = model"), ("bert", "name = bert"), ("variables/variables", "layout = savedmodel")])
def test_a_scope_called_as_the_prefix(ckptfs, tmp_path, scope, view):
    """TensorFlow takes the prefix for the directory."""
    checkpoint = checkpoint_of(tmp_path, [f"{scope}/w"])
    mount = ckptfs.mount(checkpoint, map=ini_of(tmp_path, view=view))
    assert f"'{scope}' is a scope of the view and the prefix of its checkpoint" in mount.stderr
    ini = ini_of(tmp_path, view=view)
    done = subprocess.run([BUILD / "ckptool", "cat", "-m", ini, checkpoint, f"{scope}/w"], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"\1", b"")  # it matters to nobody who wants values
    done = subprocess.run([BUILD / "ckptool", "plan", "-m", ini, checkpoint], capture_output=True, check=True)
    assert b"is a scope of the view and the prefix of its checkpoint" in done.stderr
    assert ckptfs.mount(checkpoint, map=ini_of(tmp_path, view="name = apart")).stderr == ""


def test_a_variable_called_as_a_numpy_file(ckptfs, tmp_path):
    mount = ckptfs.mount(checkpoint_of(tmp_path, ["x", "x.npy", "y", "y.npy/z"]), options="npy")
    assert mount.read("x.npy") == b"\2"  # the variable; x has no file for NumPy
    assert mount.read("x.npy.npy")[:6] == b"\x93NUMPY"
    assert (mount / "y.npy").is_dir() and mount.read("y.npy/z.npy")[-1:] == b"\4"
    assert sorted(os.listdir(mount.path))[-4:] == ["x.npy", "x.npy.npy", "y", "y.npy"]


def test_two_files_of_the_map(ckptfs, tmp_path):
    (tmp_path / "real").write_text("real")
    checkpoint = checkpoint_of(tmp_path, ["w", "scope/v"])
    for name in "checkpoint", "model.index", "model.safetensors", "model.data-00000-of-00001":
        assert f"two files of the mount would be called '{name}'" in refused(ckptfs, checkpoint, ini_of(tmp_path, files=f"{name} = real"))
    for name, what in ("w", "variable"), ("scope", "scope"):
        text = refused(ckptfs, checkpoint, ini_of(tmp_path, files=f"{name} = real"))
        assert f"'{name}' of [files] is also the name of a {what} of the view" in text and "map.ini:6" in text, text
    assert "two files of the mount would be called 'same.safetensors'" in refused(
        ckptfs, checkpoint, ini_of(tmp_path, view="safetensors = same", files="same.safetensors = real"))
    mount = ckptfs.mount(checkpoint, map=ini_of(tmp_path, files="w.npy = real"), options="npy")
    assert mount.read("w.npy") == b"real" and sorted(os.listdir(mount.path)).count("w.npy") == 1


def test_two_targets_at_one_path(ckptfs, tmp_path):
    """Names that differ, and files that would not: `a//b` and a variable called as that is shown."""
    checkpoint = bundle.write(tmp_path / "c", {b"a%01": (INT8, [], b"\1"), b"a\1": (INT8, [], b"\2")})
    mount = ckptfs.mount(checkpoint)
    shown = {os.getxattr(mount / name, "user.ckptfs.name"): mount.read(name) for name in os.listdir(mount.path) if name.startswith("a")}
    assert sorted(shown.values()) == [b"\1", b"\2"], shown


# ---- names without room


def test_a_variable_and_a_scope_of_a_long_name(ckptfs, tmp_path):
    """A scope that has to move gets its suffix in any case."""
    name = "n" * 254
    mount = ckptfs.mount(checkpoint_of(tmp_path, [name, name + "/Adam", "w"]))
    (moved,) = [found for found in os.listdir(mount.path) if found.endswith(".d")]
    assert moved.startswith("n" * 200 + "%~") and len(moved) < 255
    assert mount.read(name) == b"\1" and mount.read(f"{moved}/Adam") == b"\2"
    assert os.getxattr(mount / moved / "Adam", "user.ckptfs.name") == f"{name}/Adam".encode()


def test_a_name_without_room_for_a_suffix(ckptfs, tmp_path):
    names = ["n" * 251, "n" * 252, "n" * 255, "n" * 256]
    mount = ckptfs.mount(checkpoint_of(tmp_path, names), options="npy")
    found = os.listdir(mount.path)
    assert "n" * 251 + ".npy" in found and not [name for name in found if name.startswith("n" * 252) and name.endswith(".npy")]
    for name in names[:3]:
        assert mount.read(name) == bytes([names.index(name) + 1])
    with pytest.raises(OSError):
        (mount / ("n" * 252 + ".npy")).stat()


# ---- types


def test_the_kinds_that_lack_a_type(ckptfs, tmp_path):
    tensors = {b"c": (COMPLEX128, [], bytes(16)), b"f": (FLOAT32, [], FOUR), b"\xff": (FLOAT32, [], FOUR), b"h": (HALF, [2], bytes(4))}
    mount = ckptfs.mount(bundle.write(tmp_path / "c", tensors))
    assert hidden(mount) == {("c", ("safetensors",)), ("\udcff", ("tensorflow",)), ("\udcff", ("safetensors",))}  # for reasons of their own
    reasons = {entry["reason"] for entry in mount.report()["hidden"]}
    assert any("cast" in reason for reason in reasons) and all(reasons)


def test_an_empty_shape_that_numpy_cannot_hold(ckptfs, tmp_path):
    """It would make all of a safetensors file useless to NumPy."""
    mount = ckptfs.mount(bundle.write(tmp_path / "c", {"good": (FLOAT32, [], FOUR), "w": (FLOAT32, [0, 1 << 40, 1 << 40], b"")}))
    assert {name for name, _ in hidden(mount)} == {"w"}
    assert list(safetensors.numpy.load_file(mount / "model.safetensors")) == ["good"]


def test_a_map_without_rules(ckptfs, tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text("[view]\nname = x\n")
    checkpoint = checkpoint_of(tmp_path, ["w"])
    text = refused(ckptfs, checkpoint, ini)
    assert "the map has no rules, so nothing is left to show" in text and str(ini) in text
    ini.write_text("[view]\nname = x\n[variables]\nw = int8 []\n")  # with a graph, as TensorFlow takes it
    mount = ckptfs.mount(checkpoint, map=ini)
    assert "the map has no rules, so nothing is shown" in mount.stderr and mount.report()["targets"] == []


def test_no_place_for_the_numpy_file_of_a_part(ckptfs, tmp_path):
    checkpoint = bundle.write(tmp_path / "c", {"w": (FLOAT32, [2], FOUR * 2), "v": (FLOAT32, [], FOUR)})
    mount = ckptfs.mount(checkpoint, map=ini_of(tmp_path, "w = w | partition 2\nv = w/part_0.npy"))
    assert hidden(mount) == {("w", ("npy",))}


def test_a_part_that_another_rule_took(ckptfs, tmp_path):
    checkpoint = bundle.write(tmp_path / "c", {"w": (FLOAT32, [2], FOUR * 2), "v": (FLOAT32, [], FOUR)})
    mount = ckptfs.mount(checkpoint, map=ini_of(tmp_path, "w = w | partition 2\nv = w/part_1 | cast float32"))
    assert hidden(mount) == {("w", ("npy", "tensorflow", "safetensors"))}
    assert mount.read("w/part_0") == mount.read("w/part_1") == FOUR
    header = mount.read("model.safetensors")
    (size,) = struct.unpack("<Q", header[:8])
    assert set(json.loads(header[8 : 8 + size])) == {"__metadata__", "w/part_1"}


# ---- real files beside the tensors


def test_sidecars_that_are_no_files(ckptfs, tmp_path):
    checkpoint = checkpoint_of(tmp_path, ["w"])
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    text = refused(ckptfs, checkpoint, ini_of(tmp_path, files="a = fifo\nb = folder\nc = gone\nd = loop\ne = /dev/null"))
    for line, (name, path, why) in enumerate([("a", "fifo", "not a regular file"), ("b", "folder", ""), ("c", "gone", "No such file"),
                                              ("d", "loop", "Too many levels"), ("e", "/dev/null", "not a regular file")]):
        found = [one for one in text.splitlines() if f"map.ini:{line + 6}" in one]
        assert len(found) == 1 and f"'{name}' of [files] cannot be shown" in found[0] and path in found[0] and why in found[0], text


def test_a_sidecar_that_goes_after_the_mount(ckptfs, tmp_path):
    checkpoint = checkpoint_of(tmp_path, ["w"])
    for name in "gone", "cut":
        (tmp_path / name).write_bytes(name.encode() * 50000)
    mount = ckptfs.mount(checkpoint, map=ini_of(tmp_path, files="gone = gone\ncut = cut"), foreground=True)
    assert mount.read("cut") == b"cut" * 50000
    (tmp_path / "gone").unlink()
    assert mount.read("gone") == b"gone" * 50000 and mount.log_text() == ""
    os.truncate(tmp_path / "cut", 10)

    def fails():
        try:
            with open(mount / "cut", "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                file.read()
        except OSError as error:
            assert error.errno == 5
            return True
        return False

    wait_until(fails, "the error")
    wait_until(lambda: mount.log_text().count("\n") == 1, "the line")
    assert "cut: changed since it was mounted" in mount.log_text()
    for _ in range(5):
        assert fails()
    assert mount.log_text().count("\n") == 1 and mount.read("w") == b"\1" and mount.read("gone") == b"gone" * 50000


# ---- attributes


def modes(mount):
    return {name: stat.S_IMODE((mount / name).stat().st_mode) for name in os.listdir(mount.path) if not (mount / name).is_dir()}


def test_modes_and_times_of_files_made_of_several(ckptfs, tmp_path):
    checkpoint = checkpoint_of(tmp_path, ["a", "b"], shards=2)
    shards = sorted(tmp_path.glob("c.data-*"))
    os.chmod(shards[0], 0o444)
    os.chmod(shards[1], 0o400)
    (tmp_path / "side").write_text("x")
    os.chmod(tmp_path / "side", 0o440)
    for i, path in enumerate(shards):
        os.utime(path, (10**9 + i, 10**9 + i))
    mount = ckptfs.mount(checkpoint, map=ini_of(tmp_path, files="side = side"), options="npy")
    found = modes(mount)
    assert found["a"] == found["a.npy"] == found["model.data-00000-of-00002"] == 0o444
    for name in "b", "b.npy", "model.data-00001-of-00002", "model.index", "model.safetensors":
        assert found[name] == 0o400, name
    assert found["side"] == 0o440 and found["checkpoint"] & ~0o444 == 0
    assert int((mount / "a").stat().st_mtime) == int((mount / "a.npy").stat().st_mtime) == 10**9
    assert int((mount / "model.safetensors").stat().st_mtime) >= 10**9 + 1


def test_modes_of_files_that_say_what_the_index_does(ckptfs, tmp_path):
    """Names, shapes and checksums are nobody's who cannot read the index or the map."""
    checkpoint = checkpoint_of(tmp_path, ["a", "b"])
    made = ["checkpoint", "model.index", "model.safetensors"]
    for secret in "c.index", "map.ini":
        ini = ini_of(tmp_path)
        os.chmod(tmp_path / secret, 0o400)
        found = modes(ckptfs.mount(checkpoint, map=ini))
        assert [found[name] for name in made] == [0o400] * 3 and found["a"] == found["model.data-00000-of-00001"] == 0o444
        os.chmod(tmp_path / secret, 0o644)


def test_inode_numbers_are_the_same_in_every_mount(ckptfs, tmp_path):
    checkpoint = checkpoint_of(tmp_path, ["a", "s/b", "s/c"], shards=2)
    (tmp_path / "side").write_text("x")
    ini = ini_of(tmp_path, files="side = side")

    def numbers(mount):
        return {os.path.join(here, name)[len(str(mount.path)) :]: os.lstat(os.path.join(here, name)).st_ino
                for here, folders, files in os.walk(mount.path) for name in folders + files}

    first, second = (numbers(ckptfs.mount(checkpoint, map=ini, options="npy")) for _ in range(2))
    assert first == second and len(set(first.values())) == len(first)
    assert {"/a.npy", "/s/b.npy", "/side", "/model.index"} <= set(first)
    plain = numbers(ckptfs.mount(checkpoint, map=ini))
    assert plain == {path: number for path, number in first.items() if not path.endswith(".npy")}


# ---- damage


def test_damage_in_files_of_many_tensors(ckptfs, tmp_path):
    """With -o verify all ranges that touch the damaged tensor fail, and all others are served."""
    size = 1 << 20
    content = {name: bytes([i + 1]) * size for i, name in enumerate(("a", "b", "c"))}
    half = {name: (INT8, [size], data) for name, data in content.items()}
    checkpoint = bundle.write(tmp_path / "c", {name: (*tensor, tensor[2]) for name, tensor in half.items()})
    with open(f"{checkpoint}.data-00000-of-00001", "r+b") as file:
        file.seek(size + 5)
        file.write(b"X")
    ini = ini_of(tmp_path, "/ = /\na = cast/a | cast int16\nb = cast/b | cast int16")
    mount = ckptfs.mount(checkpoint, map=ini, options="verify", foreground=True)

    def read(name, offset, count):
        fd = os.open(mount / name, os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
            return os.pread(fd, count, offset)
        except OSError as error:
            assert error.errno == 5
            return None
        finally:
            os.close(fd)

    assert read("model.data-00000-of-00002", 0, 4096) == b"\1" * 4096
    assert read("model.data-00000-of-00002", 2 * size, 4096) == b"\3" * 4096
    assert read("model.data-00000-of-00002", size, 4096) is None
    assert read("model.data-00000-of-00002", 2 * size - 4096, 4096) is None
    assert read("model.data-00001-of-00002", 0, 4) == b"\1\0\1\0"
    assert read("model.data-00001-of-00002", 2 * size, 4) is None  # the cast
    (length,) = struct.unpack("<Q", read("model.safetensors", 0, 8))
    header, start = json.loads(read("model.safetensors", 8, length)), 8 + length
    for name in "a", "c":
        begin, end = header[name]["data_offsets"]
        assert read("model.safetensors", start + begin + 8192, 4096) == content[name][:4096]
        assert read(f"{name}.npy", 8192, 4096) == content[name][:4096]
    for name in "b", "cast/b":
        begin, end = header[name]["data_offsets"]
        assert read("model.safetensors", start + end - 4096, 4096) is None
        assert read(name, 0, 1) is None and read(f"{name}.npy", 4096, 1) is None
    assert read("model.index", 0, 1) is None  # its checksum of the cast tensor is of bytes that nobody has
    log = mount.log_text().splitlines()
    assert len(log) == 1 and "b: checksum mismatch" in log[0], log
