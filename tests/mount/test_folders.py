# SPDX-License-Identifier: Apache-2.0
"""[files] with folders: what of them is shown, and what is refused."""

import os
import socket
import stat
import subprocess

import pytest

from support import bundle
from support.mounts import IS_ROOT
from support.paths import BUILD

INT8 = 6
MOST = 1000  # files beside the tensors, in folders or not


def checkpoint_of(tmp_path, names):
    return bundle.write(tmp_path / "c", {name: (INT8, [], bytes([i + 1]), bytes([i + 1])) for i, name in enumerate(sorted(names))})


def ini_of(tmp_path, files, rules="/ = /"):
    path = tmp_path / "map.ini"
    path.write_text(f"[assignment_map]\n{rules}\n[files]\n{files}\n")
    return path


def refused(ckptfs, checkpoint, ini):
    at = ckptfs.directory()
    return ckptfs.refuse("-o", f"map={ini}", checkpoint, at, at=at)


def exported(checkpoint, ini, to):
    return subprocess.run([BUILD / "ckptool", "export", "--format", "raw", "-m", ini, checkpoint, to], capture_output=True, text=True)


def below(folder):
    return {os.path.relpath(os.path.join(here, name), folder) for here, _, names in os.walk(folder) for name in names}


def fill(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


FILES = {"vocab.txt": "a\nb\n", "deep/er/x": "x" * 100000, "deep/.hidden": "", "50%": "%", "a b=c;d": "odd"}


def test_all_files_of_a_folder(ckptfs, tmp_path):
    fill(tmp_path / "real", FILES)
    (tmp_path / "real" / "empty").mkdir()
    (tmp_path / "link").symlink_to("real")
    checkpoint = checkpoint_of(tmp_path, ["w"])
    for ini in ini_of(tmp_path, "assets/ = real/"), ini_of(tmp_path, f"assets/ = {tmp_path}/link//"), ini_of(tmp_path, "assets/ = real"):
        mount = ckptfs.mount(checkpoint, map=ini)
        assert mount.stderr.count("\n") == mount.stderr.count("is empty"), mount.stderr
        assert below(mount / "assets") == set(FILES)
        for name, text in FILES.items():
            assert mount.read(f"assets/{name}") == text.encode(), name
            assert stat.S_IMODE((mount / "assets" / name).stat().st_mode) & 0o222 == 0
        assert sorted(os.listdir(mount / "assets")) == sorted({name.split("/")[0] for name in FILES})
    assert exported(checkpoint, ini, tmp_path / "out").returncode == 0
    assert {name: (tmp_path / "out" / "assets" / name).read_text() for name in FILES} == FILES
    assert below(tmp_path / "out") == {"w", *(f"assets/{name}" for name in FILES)}


def test_nothing_leads_out_of_a_folder(ckptfs, tmp_path):
    fill(tmp_path / "real", {"a": "a", "sub/b": "b"})
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "c").write_text("c")
    real = tmp_path / "real"
    (real / "file").symlink_to(tmp_path / "secret")
    (real / "sub" / "folder").symlink_to(tmp_path / "elsewhere")
    (real / "up").symlink_to("..")
    os.mkfifo(real / "fifo")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(os.path.relpath(real / "socket"))
    left = {"file": "a symbolic link", "sub/folder": "a symbolic link", "up": "a symbolic link", "fifo": "not a regular file", "socket": "not a regular file"}
    if IS_ROOT:
        os.mknod(real / "device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        left["device"] = "not a regular file"
    (real / "bad\nname").write_text("")
    mount = ckptfs.mount(checkpoint_of(tmp_path, ["w"]), map=ini_of(tmp_path, "assets/ = real/"))
    bound.close()
    assert below(mount / "assets") == {"a", "sub/b"}
    for name, why in left.items():
        assert f"map.ini:4: warning: 'assets/{name}' is left out: it is {why}" in mount.stderr, name
    assert "'assets/bad\\x0aname' is left out: the mount would not show its name as it is" in mount.stderr
    assert mount.stderr.count("\n") == len(left) + 1
    done = subprocess.run([BUILD / "ckptool", "cat", "-m", tmp_path / "map.ini", tmp_path / "c", "w"], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\1", b"")  # who wants values is told nothing of files


def test_folders_that_cannot_be_shown(ckptfs, tmp_path):
    checkpoint = checkpoint_of(tmp_path, ["w"])
    fill(tmp_path, {"file": "f", "folder/x": "x"})
    os.mkfifo(tmp_path / "fifo")
    text = refused(ckptfs, checkpoint, ini_of(tmp_path, "a/ = file\nb/ = gone/\nc/ = fifo\nd = folder\ne/ ="))
    for line, (name, why) in enumerate([("a", "Not a directory"), ("b", "No such file"), ("c", "Not a directory"),
                                        ("d", "Is a directory; a folder is written with a '/' behind its name")]):
        found = [one for one in text.splitlines() if f"map.ini:{line + 4}:" in one]
        assert len(found) == 1 and f"'{name}' of [files] cannot be shown" in found[0] and why in found[0], text
    assert "map.ini:8: 'e/' is given no path" in text


@pytest.mark.parametrize("url", ["https://example.org/assets/", "gs://bucket/assets/", "s3://bucket/assets", "hf://user/model/assets"])
def test_a_folder_elsewhere(ckptfs, tmp_path, url):
    text = refused(ckptfs, checkpoint_of(tmp_path, ["w"]), ini_of(tmp_path, f"assets/ = {url}"))
    assert f"map.ini:4: 'assets': '{url.rstrip('/')}' is no local path: " in text and "No such file" not in text and text.count("\n") == 1


@pytest.mark.parametrize("name,why", [("a/b/", "it is a path"), ("/", "it is empty"), (".ckptfs/", "the mount has its reports there"), ("../", "would not show it")])
def test_names_that_no_folder_can_have(ckptfs, tmp_path, name, why):
    fill(tmp_path, {"folder/x": "x"})
    assert why in refused(ckptfs, checkpoint_of(tmp_path, ["w"]), ini_of(tmp_path, f"{name} = folder/"))


def test_a_folder_meets_what_is_there(ckptfs, tmp_path):
    fill(tmp_path, {"folder/w": "mine", "folder/sub/x": "x"})
    checkpoint = checkpoint_of(tmp_path, ["w", "s/w", "s/sub", "t/v"])
    cases = {
        "w/ = folder/": "'w/sub/x' of [files] would be below 'w', which is a variable of the view",
        "s/ = folder/": "'s/w' of [files] is also the name of a variable of the view",
        "model.index/ = folder/": "would be below 'model.index', which is a file of the view",
        "x = folder/w\nx/ = folder/": "a second 'x/' in [files], the first is in line 4",
    }
    for files, said in cases.items():
        text = refused(ckptfs, checkpoint, ini_of(tmp_path, files))
        assert said in text and "map.ini:" in text, text
    assert "'s/sub/x' of [files] would be below 's/sub'" in refused(ckptfs, checkpoint, ini_of(tmp_path, "s/ = folder/"))
    mount = ckptfs.mount(checkpoint, map=ini_of(tmp_path, "t/ = folder/"))  # beside the tensors of a scope
    assert below(mount / "t") == {"v", "w", "sub/x"} and mount.read("t/w") == b"mine" and len(mount.read("t/v")) == 1


def test_a_folder_without_files(ckptfs, tmp_path):
    (tmp_path / "folder" / "in").mkdir(parents=True)
    mount = ckptfs.mount(checkpoint_of(tmp_path, ["w"]), map=ini_of(tmp_path, "a/ = folder/"))
    assert "there are no files in the folder" in mount.stderr and not (mount / "a").exists()


def test_limits(ckptfs, tmp_path):
    checkpoint = checkpoint_of(tmp_path, ["w"])
    fill(tmp_path, {f"many/{i:04}": str(i) for i in range(MOST)})
    mount = ckptfs.mount(checkpoint, map=ini_of(tmp_path, "a/ = many/"))
    assert len(below(mount / "a")) == MOST and mount.read(f"a/{MOST - 1:04}") == str(MOST - 1).encode()
    (tmp_path / "one").write_text("1")
    assert "there are more than the 1000 that are shown" in refused(ckptfs, checkpoint, ini_of(tmp_path, "one = one\na/ = many/"))
    assert "there are 1000 files already" in refused(ckptfs, checkpoint, ini_of(tmp_path, "a/ = many/\none = one"))
    deep = "/".join(["d"] * 15)
    fill(tmp_path, {f"fits/{deep}/x": "x", f"deep/{deep}/d/x": "x"})
    assert ckptfs.mount(checkpoint, map=ini_of(tmp_path, "a/ = fits/")).read(f"a/{deep}/x") == b"x"
    assert "cannot be shown: " in (text := refused(ckptfs, checkpoint, ini_of(tmp_path, "a/ = deep/"))) and "the 17th folder in another" in text


def test_a_folder_that_may_not_be_read(ckptfs, tmp_path):
    if os.geteuid() == 0:
        return  # may read all
    fill(tmp_path, {"folder/in/x": "x"})
    (tmp_path / "folder" / "in").chmod(0)
    assert "Permission denied" in refused(ckptfs, checkpoint_of(tmp_path, ["w"]), ini_of(tmp_path, "a/ = folder/"))
    (tmp_path / "folder" / "in").chmod(0o700)


def test_a_file_of_a_folder_that_is_replaced_or_cut_later(ckptfs, tmp_path):
    """It is held, as any other."""
    fill(tmp_path, {"folder/x": "old"})
    mount = ckptfs.mount(checkpoint_of(tmp_path, ["w"]), map=ini_of(tmp_path, "a/ = folder/"), foreground=True)
    (tmp_path / "new").write_text("new")
    (tmp_path / "new").rename(tmp_path / "folder" / "x")
    assert mount.read("a/x") == b"old"
