# SPDX-License-Identifier: Apache-2.0
"""Command line, exit status, and what is told when it cannot mount: then nothing is mounted and no process is left."""

import os
import shutil
import subprocess
import time

import pytest

from support import bundle
from support.mounts import NEEDS_ROOT, NOT_IN_CHROOT, PATIENCE, UNMOUNT, daemons_of, keepers_of, mounted_at, wait_until
from support.paths import CKPTFS
from support.truth import golden

DEMO = golden("demo").checkpoint


def test_help_and_version(ckptfs):
    for flag in ("-h", "--help"):
        done = ckptfs.run(flag)
        assert done.returncode == 0 and done.stderr == ""
        assert done.stdout.startswith("usage: ckptfs [-m MAP] [-g GRAPH] [-o OPTIONS] [CHECKPOINT] MOUNTPOINT\n")
        assert "\nexample: ckptfs -m map.ini model.ckpt-1000 /mnt/view\n" in done.stdout
        assert done.stdout.index("map=FILE") < done.stdout.index("allow_other")
    for flag in ("-V", "--version"):
        done = ckptfs.run(flag)
        assert done.returncode == 0 and "ckptfs " in done.stdout and "libfuse 3." in done.stdout


@pytest.mark.parametrize("args, says", [
    ([], "MOUNTPOINT is missing"),
    (["MNT"], "CHECKPOINT is missing"),
    (["none", "MNT"], "CHECKPOINT is missing"),
    (["a", "b", "MNT"], "one argument too many"),
    (["", "MNT"], "an argument is empty"),
    (["-x", DEMO, "MNT"], "unknown option: -x"),
    (["--mapp", DEMO, "MNT"], "unknown option: --mapp; did you mean '--map'?"),
    (["-o", "mapp=x", DEMO, "MNT"], "unknown option: -o mapp=x"),
    (["-o", "map=a,map=b", DEMO, "MNT"], "the map is given twice"),
    (["-o", "map=", DEMO, "MNT"], "a value is missing"),
    (["-o", "uid=root", DEMO, "MNT"], "expected a decimal number"),
    (["-o", "gid=-1", DEMO, "MNT"], "expected a decimal number"),
    (["-o", "uid=4294967295", DEMO, "MNT"], "expected a decimal number"),
    (["-o", "umask=9", DEMO, "MNT"], "expected an octal number"),
    (["-o", "umask=1777", DEMO, "MNT"], "expected an octal number"),
    (["-o", "graph=x,graph=y", DEMO, "MNT"], "the graph is given twice"),
    (["-o", "assign=", DEMO, "MNT"], "a value is missing"),
    ([DEMO, "MNT", "-o"], "a value is missing"),
    (["-t", "ext4", DEMO, "MNT"], "expected fuse.ckptfs"),
    (["-u"], "MOUNTPOINT is missing"),
    (["-u", "a", "MNT"], "one argument too many"),
])
def test_wrong_usage(ckptfs, args, says):
    at = ckptfs.directory()
    stderr = ckptfs.refuse(*[at if a == "MNT" else a for a in args], status=2, at=at)
    assert says in stderr and stderr.endswith("\ntry ckptfs -h\n") and stderr.count("\n") == 2


def test_letters_for_map_graph_and_names(ckptfs, tmp_path):
    (tmp_path / "map.ini").write_text("[assignment_map]\nsome_var = test/my_var\n")
    at = ckptfs.directory()
    stderr = ckptfs.refuse("-m", tmp_path / "map.ini", "-g", DEMO, "--names", "key", DEMO, at, at=at)
    assert "test/my_var" in stderr  # which the graph does not have
    mount = ckptfs.mount(DEMO, flags=["-m", tmp_path / "map.ini"], foreground=True)
    assert (mount / "test" / "my_var").exists()


@NOT_IN_CHROOT
@NEEDS_ROOT
def test_mount_helper_enters_the_namespace_that_mount_names(ckptfs, tmp_path):
    helper = tmp_path / "mount.fuse.ckptfs"
    helper.symlink_to(CKPTFS)
    at = ckptfs.directory()
    with subprocess.Popen(["unshare", "-m", "cat"], stdin=subprocess.PIPE) as elsewhere:
        try:
            own = os.readlink("/proc/self/ns/mnt")
            wait_until(lambda: os.readlink(f"/proc/{elsewhere.pid}/ns/mnt") != own, "the namespace")
            done = subprocess.run([helper, DEMO, at, "-n", "-o", "ro", "-N", f"/proc/{elsewhere.pid}/ns/mnt"],
                                  capture_output=True, text=True, timeout=PATIENCE)
            assert (done.returncode, done.stderr) == (0, "")
            assert mounted_at(at) is None
            there = f"/proc/{elsewhere.pid}/root{at}/some_var"
            assert os.path.getsize(there) == 160
            subprocess.run(["nsenter", f"--mount=/proc/{elsewhere.pid}/ns/mnt", "umount", at], check=True)
            wait_until(lambda: not daemons_of(at), "the daemon to end")
        finally:
            elsewhere.stdin.close()


def test_a_checkpoint_that_is_not_there(ckptfs, tmp_path):
    at = ckptfs.directory()
    assert "nothing-here" in ckptfs.refuse(tmp_path / "nothing-here", at, at=at)
    (tmp_path / "empty").mkdir()
    assert "empty" in ckptfs.refuse(tmp_path / "empty", at, at=at)


def test_a_checkpoint_that_is_broken(ckptfs, tmp_path):
    at = ckptfs.directory()
    index = next(golden("demo").folder.glob("*.index")).read_bytes()
    for i, text in enumerate([b"", index[:-1], index[:100], index[:40] + b"\xff" + index[41:], bytes(len(index))]):
        (tmp_path / f"bad{i}.index").write_bytes(text)
        assert f"bad{i}" in ckptfs.refuse(tmp_path / f"bad{i}", at, at=at)


def test_shards_that_are_missing_or_short(ckptfs, tmp_path):
    at = ckptfs.directory()
    tensors = {f"t{i}": (bundle.INT8, [16], bytes(16)) for i in range(3)}
    prefix = bundle.write(tmp_path / "c", tensors, shards=3)
    os.unlink(f"{prefix}.data-00000-of-00003")
    os.truncate(f"{prefix}.data-00002-of-00003", 15)
    stderr = ckptfs.refuse(prefix, at, at=at)
    assert "data-00000-of-00003" in stderr and "data-00002-of-00003" in stderr  # both in one run


def test_what_is_no_regular_file(ckptfs, tmp_path):
    at = ckptfs.directory()
    os.mkfifo(tmp_path / "fifo.index")
    os.mkfifo(tmp_path / "fifo.ini")
    started = time.monotonic()
    assert "not a regular file" in ckptfs.refuse(tmp_path / "fifo", at, at=at)
    assert "not a regular file" in ckptfs.refuse(tmp_path / "fifo.index", at, at=at)
    assert "not a regular file" in ckptfs.refuse("-o", f"map={tmp_path}/fifo.ini", DEMO, at, at=at)
    assert "not a regular file" in ckptfs.refuse("-o", "map=/proc/self/mounts", DEMO, at, at=at)
    assert "not a regular file" in ckptfs.refuse("-o", "map=/dev/zero", DEMO, at, at=at)
    prefix = bundle.write(tmp_path / "c", {"t": (bundle.INT8, [1], b"1")})
    os.unlink(f"{prefix}.data-00000-of-00001")
    os.mkfifo(f"{prefix}.data-00000-of-00001")
    assert "not a regular file" in ckptfs.refuse(prefix, at, at=at)
    assert time.monotonic() - started < PATIENCE


def test_bad_maps(ckptfs, tmp_path):
    at = ckptfs.directory()
    ini = tmp_path / "map.ini"
    assert "map.ini" in ckptfs.refuse("-o", f"map={ini}", DEMO, at, at=at)
    ini.write_text("[assignment_map]\nsome_vra = a\ntabel = b\n[nonsense]\nx = y\n")
    stderr = ckptfs.refuse("-o", f"map={ini}", DEMO, at, at=at)
    assert "map.ini:4" in stderr
    ini.write_text("[assignment_map]\nsome_vra = a\ntabel = b\n")
    stderr = ckptfs.refuse("-o", f"map={ini}", DEMO, at, at=at)
    assert "map.ini:2" in stderr and "map.ini:3" in stderr and "some_var" in stderr and "table" in stderr
    for line in stderr.splitlines():
        assert line.startswith("ckptfs: ")


def test_every_fault_of_one_run_is_told(ckptfs, tmp_path):
    stderr = ckptfs.refuse(tmp_path / "no-checkpoint", tmp_path / "no-directory")
    assert "no-checkpoint" in stderr and "no-directory" in stderr


def test_mount_points(ckptfs, tmp_path):
    assert "does not exist" in ckptfs.refuse(DEMO, tmp_path / "missing")
    (tmp_path / "file").write_text("")
    assert "no directory" in ckptfs.refuse(DEMO, tmp_path / "file")
    full = ckptfs.directory()
    (full / "something").write_text("")
    assert "not empty" in ckptfs.refuse(DEMO, full, at=full)
    over = ckptfs.mount(DEMO, options="nonempty", at=full)
    assert "some_var" in os.listdir(over.path)
    assert f"first run: {' '.join(UNMOUNT)} {full}" in ckptfs.refuse(DEMO, full)
    assert "some_var" in os.listdir(over.path)
    over.unmount()
    assert os.listdir(full) == ["something"]


def test_a_stale_mount_point(ckptfs):
    mount = ckptfs.mount(DEMO)
    for pid in keepers_of(mount.path) + mount.pids():  # who would unmount, first
        os.kill(pid, 9)
    mount.killed = True
    wait_until(lambda: not mount.pids(), "the daemon to die")
    with pytest.raises(OSError):
        os.listdir(mount.path)
    stderr = ckptfs.refuse(DEMO, mount.path)
    assert "stale" in stderr and f"{' '.join(UNMOUNT)} {mount.path}" in stderr
    done = ckptfs.run("-u", mount.path)
    assert done.returncode == 0, done.stderr
    assert mounted_at(mount.path) is None
    assert "some_var" in os.listdir(ckptfs.mount(DEMO, at=mount.path).path)


def test_unmount(ckptfs, tmp_path):
    mount = ckptfs.mount(DEMO)
    with open(mount / "some_var", "rb"):
        assert "some process has files of it open" in ckptfs.refuse("-u", mount.path)
    done = ckptfs.run("-u", f"{mount.path}/")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    mount.wait_ended()
    assert "no checkpoint is mounted" in ckptfs.refuse("-u", mount.path)
    assert "no checkpoint is mounted" in ckptfs.refuse("-u", "/proc")
    ckptfs.refuse("-u", tmp_path / "missing")


def test_relative_paths(ckptfs, tmp_path):
    shutil.copytree(golden("demo").folder, tmp_path / "demo")
    (tmp_path / "map.ini").write_text("[assignment_map]\nsome_var = x\n")
    at = ckptfs.directory()
    mount = ckptfs.mount(at=at, checkpoint=DEMO)  # so that the fixture unmounts it
    mount.unmount()
    done = ckptfs.run("-o", "map=map.ini", "demo", at.name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert mounted_at(at)[0] == str(tmp_path / "demo")
    assert os.listdir(at) and (at / "x").read_bytes() == golden("demo").shown["some_var"][2]
    assert ckptfs.run("-u", at.name, cwd=tmp_path).returncode == 0


def test_a_mount_point_beside_the_checkpoint(ckptfs, tmp_path):
    shutil.copytree(golden("demo").folder, tmp_path / "demo")
    (tmp_path / "demo/view").mkdir()
    mount = ckptfs.mount(tmp_path / "demo", at=tmp_path / "demo/view")
    assert mount.read("some_var") == golden("demo").shown["some_var"][2]


def test_names_with_commas_and_backslashes(ckptfs, tmp_path):
    folder = tmp_path / "a,b\\c d"
    shutil.copytree(golden("demo").folder, folder)
    (folder / "m,ap.ini").write_text("[assignment_map]\nsome_var = x\n")
    mount = ckptfs.mount(folder, map=str(folder / "m,ap.ini").replace("\\", "\\\\").replace(",", "\\,"))
    assert mount.read("x") == golden("demo").shown["some_var"][2]
    assert mounted_at(mount.path)[0] == str(folder)


def test_options_of_fstab(ckptfs, tmp_path):
    ini = tmp_path / "map.ini"
    ini.write_text(f"[checkpoint]\npath = {DEMO}/model.ckpt-1000\n[assignment_map]\nsome_var = x\n")
    words = ("rw,ro,suid,nosuid,dev,nodev,exec,noexec,auto,noauto,user,users,nouser,user=me,_netdev,nofail,defaults,"
             "x-systemd.automount,x-gvfs-show,relatime,noatime,comment=hi,,")
    mount = ckptfs.mount("none", options=words, map=ini, flags=["-n", "-s", "-v", "-t", "fuse.ckptfs"])
    assert mount.read("x") == golden("demo").shown["some_var"][2]
    bare = ckptfs.mount(map=ini)
    assert bare.read("x") == golden("demo").shown["some_var"][2]


def test_a_ready_map_by_its_name(ckptfs, tmp_path):
    """With what lies beside the checkpoint; a name that is none is told with the nearest one."""
    shape = [2, 3]
    tensors = {"model/wte": (bundle.FLOAT32, shape, bytes(range(24))), "model/wpe": (bundle.FLOAT32, shape, bytes(24)),
               **{f"model/ln_f/{name}": (bundle.FLOAT32, [3], bytes(12)) for name in "gb"}}
    for layer in ("h2", "h10"):
        tensors |= {f"model/{layer}/{part}": (bundle.FLOAT32, [3], bytes(12)) for part in ("ln_1/g", "ln_1/b", "attn/c_attn/b")}
        tensors[f"model/{layer}/attn/c_attn/w"] = (bundle.FLOAT32, [1, *shape], bytes(24))
    checkpoint = bundle.write(tmp_path / "model.ckpt", tensors)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "encoder.json").write_text('{"a": 0}')
    mount = ckptfs.mount(checkpoint, map="gpt2-to-hf")
    assert mount.read("transformer.wte.weight") == bytes(range(24)) and len(mount.read("transformer.h.10.attn.c_attn.weight")) == 24
    assert (mount.read("config.json"), mount.read("vocab.json")) == (b"{}", b'{"a": 0}')
    assert not (mount.path / "merges.txt").exists()
    at = ckptfs.directory()
    assert "did you mean 'gpt2-to-hf'?" in ckptfs.refuse("-o", "map=gpt-to-hf", checkpoint, at, at=at)


def in_namespace(ckptfs, script, *args):
    """Runs a shell script, $1 ... as given, where mounts of ours are seen by nobody else and end with it."""
    return subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", *map(str, args)], env=ckptfs.env,
                          capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


HELPERS = """
mount -t tmpfs none /usr/local/sbin
ln -s "$1" /usr/local/sbin/ckptfs
if [ "$6" = helper ]; then  # mount(8) finds ours, else mount.fuse3 runs what is in PATH
    ln -s "$1" "$5/mount.fuse.ckptfs"
    mount -t overlay -o "lowerdir=$5:/usr/sbin" none /usr/sbin
fi
mount -t fuse.ckptfs none "$2" -o "map=$3"
od -An -tx1 "$2/x" | head -1
grep "$2 fuse.ckptfs" /proc/mounts
umount "$2"
mount -t fuse.ckptfs "$4" "$2" -o "map=$3,ro,noauto,x-a.b=c,_netdev"
grep "$2 fuse.ckptfs" /proc/mounts
umount "$2"
[ "$6" != helper ] || mount --fake -t fuse.ckptfs "$4" "$2"  # mount.fuse3 knows no --fake
! mount -t fuse.ckptfs /nothing "$2" || exit 1
! grep "$2 fuse.ckptfs" /proc/mounts || exit 1
echo done
"""


@NEEDS_ROOT
@pytest.mark.parametrize("kind", ["by name", "helper"])
def test_mount_helpers(ckptfs, tmp_path, kind):
    ini = tmp_path / "map.ini"
    ini.write_text(f"[checkpoint]\npath = {DEMO}/model.ckpt-1000\n[assignment_map]\nsome_var = x\n")
    (tmp_path / "bin").mkdir()
    at = ckptfs.directory()
    done = in_namespace(ckptfs, HELPERS, CKPTFS, at, ini, DEMO, tmp_path / "bin", kind)
    assert done.returncode == 0 and done.stdout.endswith("done\n"), (done.stdout, done.stderr)
    assert done.stdout.count("fuse.ckptfs ro,nosuid,nodev") == 2
    assert "/nothing" in done.stderr
    wait_until(lambda: not daemons_of(at), "the daemons to end")


AS_NOBODY = """
mknod -m 666 "$5/fuse" c 10 229
mount --bind "$5/fuse" /dev/fuse
if [ ! -e /etc/mtab ]; then # fusermount3 does not unmount without it
    cp -a /etc "$5/etc"
    ln -s /proc/self/mounts "$5/etc/mtab"
    mount --bind "$5/etc" /etc
fi
cd /
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
nobody "$1" "$3" "$2"
grep "$2 fuse.ckptfs" /proc/mounts
nobody stat -c '%a %u %g %n' "$2/some_var" "$2/some_scope" "$2/.ckptfs/stats"
nobody cat "$2/some_var" | cmp - "$4"
! nobody "$1" "$3" "$2" || exit 1
nobody "$1" -u "$2"
! grep "$2 fuse.ckptfs" /proc/mounts || exit 1
nobody "$1" "$3" "$2"
kill -TERM "$(pgrep --full --exact --uid 65534 "$1 $3 $2")"
for i in $(seq 100); do grep -q "$2 fuse.ckptfs" /proc/mounts || break; sleep 0.02; done
! grep "$2 fuse.ckptfs" /proc/mounts || exit 1
! nobody "$1" -o allow_other "$3" "$2" || exit 1
chmod 600 "$3"/*.index
! nobody "$1" "$3" "$2" || exit 1
echo done
"""


@NEEDS_ROOT
def test_a_user_mounts(ckptfs, tmp_path):
    """Through fusermount3, with a /dev/fuse that users may open."""
    at, top = ckptfs.directory(), tmp_path
    while top != top.parent and os.stat(top).st_uid == os.getuid() and len(top.parts) > 2:
        top.chmod(0o755)
        top = top.parent
    folder = tmp_path / "demo"
    shutil.copytree(golden("demo").folder, folder)
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
        os.chown(path, 4444, 65534)
    next(folder.glob("*.data-*")).chmod(0o640)  # by group
    os.chown(at, 65534, 65534)
    (tmp_path / "expected").write_bytes(golden("demo").shown["some_var"][2])
    (tmp_path / "dev").mkdir()
    program = tmp_path / "ckptfs"
    shutil.copy(CKPTFS, program)
    ckptfs.env["ASAN_OPTIONS"] = "log_path=/dev/null/none"
    done = in_namespace(ckptfs, AS_NOBODY, program, at, folder, tmp_path / "expected", tmp_path / "dev")
    assert done.returncode == 0 and done.stdout.endswith("done\n"), (done.stdout, done.stderr)
    table, leaf, scope, stats = done.stdout.splitlines()[:4]
    assert "fuse.ckptfs ro,nosuid,nodev" in table and "user_id=65534" in table
    assert leaf.startswith("400 65534 65534 ") and scope.startswith("555 65534 65534 ")
    assert stats.startswith("444 65534 65534 ")
    assert "a checkpoint is mounted there already; first run: fusermount3 -u" in done.stderr
    assert "Permission denied" in done.stderr


def test_closed_standard_descriptors(ckptfs):
    at = ckptfs.directory()
    mount = ckptfs.mount(DEMO, at=at)
    mount.unmount()
    done = subprocess.run(["sh", "-c", f'"{CKPTFS}" "{DEMO}" "{at}" <&- >&- 2>&-'], env=ckptfs.env, timeout=PATIENCE)
    assert done.returncode == 0
    assert mount.read("some_var") == golden("demo").shown["some_var"][2]


def test_warnings_are_told_by_a_mount_that_succeeds(ckptfs):
    g = golden("moved")
    assert "warning" in ckptfs.mount(g.folder).stderr


NO_DEVICE = """
mount -t tmpfs none /dev
mknod -m 666 /dev/null c 1 3
[ "$4" = none ] || mknod -m "$4" /dev/fuse c 10 229
setpriv $5 "$1" "$2" "$3"
"""


@NEEDS_ROOT
@pytest.mark.parametrize("device, privileges, says", [
    ("none", "--reset-env", "there is no /dev/fuse"),
    ("000", "--bounding-set=-all --inh-caps=-all", "/dev/fuse may not be opened"),
    ("666", "--bounding-set=-sys_admin --inh-caps=-sys_admin", "root may not mount here")])
def test_where_fuse_is_not_to_be_had_the_remedy_is_told(ckptfs, device, privileges, says):
    at = ckptfs.directory()
    done = in_namespace(ckptfs, NO_DEVICE, CKPTFS, DEMO, at, device, privileges)
    assert done.returncode == 1 and done.stdout == ""
    assert says in done.stderr and "--device /dev/fuse --cap-add SYS_ADMIN" in done.stderr and "ckptool export" in done.stderr
    assert mounted_at(at) is None and not daemons_of(at)
