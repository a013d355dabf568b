# SPDX-License-Identifier: Apache-2.0
"""The mount and its end: nothing stays mounted when its daemon is gone, however that went, and no other mount is touched."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

from support import bundle
from support.mounts import NEEDS_ROOT, NOT_IN_CHROOT, PATIENCE, daemons_of, keepers_of, let_in, mounted_at, wait_until
from support.paths import CKPTFS
from support.truth import golden

DEMO = golden("demo").checkpoint
SOME_VAR = golden("demo").shown["some_var"][2]
MIB = 1 << 20


def in_namespace(ckptfs, script, *args):
    """Runs a shell script, $1 ... as given, where mounts of ours are seen by nobody else and end with it."""
    return subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", *map(str, args)], env=ckptfs.env,
                          capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


def gone(mount):
    return not mounted_at(mount.path) and not mount.pids() and not keepers_of(mount.path)


def descriptors(pid):
    """Those that are open, and not closed while it is looked."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[fd] = os.readlink(f"/proc/{pid}/fd/{fd}")
    return found


def reader_of(path):
    """A thread that reads the file over and over, past the kernel's cache, until that fails; what it failed with."""
    failures = []

    def read():
        try:
            while True:
                with open(path, "rb", buffering=0) as f:
                    os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                    while f.read(MIB):
                        pass
        except OSError as failure:
            failures.append(failure)

    thread = threading.Thread(target=read)
    thread.start()
    return thread, failures


# ---- the end of the daemon


@pytest.mark.parametrize("foreground", [False, True])
def test_a_daemon_that_is_killed_leaves_no_mount(ckptfs, tmp_path, foreground):
    prefix = bundle.write(tmp_path / "big", {"big": (bundle.INT8, [16 * MIB], bytes(16 * MIB))})
    mount = ckptfs.mount(prefix, foreground=foreground)
    thread, failures = reader_of(mount / "big")
    busy = os.open(mount / "big", os.O_RDONLY)
    (pid,) = mount.pids()
    os.kill(pid, signal.SIGKILL)
    thread.join(PATIENCE)
    assert not thread.is_alive() and failures
    wait_until(lambda: gone(mount), "the mount to go")
    assert os.listdir(mount.path) == []
    os.posix_fadvise(busy, 0, 0, os.POSIX_FADV_DONTNEED)
    with pytest.raises(OSError):
        os.pread(busy, 1, 0)
    with contextlib.suppress(OSError):  # that of the kernel's first FLUSH, whose answer says that none is wanted
        os.close(busy)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_signals_to_all_its_processes_end_it(ckptfs, number):
    """As `pkill ckptfs` and a terminal send them: who unmounts leaves them to the daemon."""
    mount = ckptfs.mount(DEMO)
    for pid in keepers_of(mount.path) + mount.pids():
        os.kill(pid, number)
    wait_until(lambda: gone(mount), "the mount to go")


def numbers_at(path):
    """What the table of mounts tells the mount at `path` from others by."""
    with open("/proc/self/mountinfo") as table:
        return next((line.split()[0], line.split()[2]) for line in table if line.split()[4] == str(path))


def has_unique_numbers():
    """Whether statx tells one mount from all that ever were (STATX_MNT_ID_UNIQUE, Linux 6.8)."""
    answer = ctypes.create_string_buffer(256)
    ctypes.CDLL(None).statx(-100, b"/", 0, 0x4000, answer)
    return int.from_bytes(answer.raw[:4], "little") & 0x4000


@NEEDS_ROOT
@pytest.mark.skipif(not has_unique_numbers(), reason="this kernel tells no mount from one that is gone")
def test_the_next_mount_with_its_numbers_is_none_of_the_last_keepers(ckptfs):
    """Which asked the program that serves it, and kept it busy meanwhile."""
    at = ckptfs.directory()
    while True:
        old = ckptfs.mount(DEMO, at=at).pids()
        (keeper,), before = keepers_of(at), numbers_at(at)
        os.kill(keeper, signal.SIGSTOP)
        subprocess.run(["umount", at], check=True)
        new = ckptfs.mount(DEMO, at=at)
        if numbers_at(at) == before:
            break
        os.kill(keeper, signal.SIGCONT)  # others mount meanwhile
        new.unmount()
    (server,) = set(new.pids()) - set(old)  # the old one waits for its keeper
    os.kill(server, signal.SIGSTOP)
    try:
        os.kill(keeper, signal.SIGCONT)
        wait_until(lambda: keeper not in keepers_of(at), "the former keeper to end")
    finally:
        os.kill(server, signal.SIGCONT)
    assert new.read("some_var") == SOME_VAR


def test_without_who_unmounts_the_end_says_so(ckptfs):
    mount = ckptfs.mount(DEMO, foreground=True)
    (keeper,) = keepers_of(mount.path)
    os.kill(keeper, signal.SIGKILL)
    mount.killed = True
    assert mount.read("some_var") == SOME_VAR
    mount.process.send_signal(signal.SIGTERM)
    assert mount.process.wait(PATIENCE) == 0
    assert "cannot unmount, the process that may is gone" in mount.log_text()


AS_NOBODY = """
mknod -m 666 "$4/fuse" c 10 229
mount --bind "$4/fuse" /dev/fuse
cd /
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
server() { pgrep --full --exact --uid 65534 "$1"; }
wait_gone() { for i in $(seq 250); do grep -q "$1 fuse.ckptfs" /proc/mounts || return 0; sleep 0.02; done; exit 1; }
nobody "$1" "$3" "$2"
grep -q "$2 fuse.ckptfs" /proc/mounts
kill -KILL "$(server "$1 $3 $2")"
wait_gone "$2"
nobody "$1" "$3" "$2"
pkill --uid 65534 -f "ckptfs.*$2"
wait_gone "$2"
nobody "$1" -o auto_unmount "$3" "$2"
kill -KILL "$(server "$1 -o auto_unmount $3 $2")"
wait_gone "$2"
nobody "$1" "$3" "$2"
mount -t tmpfs kept "$2"
kill -TERM "$(server "$1 $3 $2")"
for i in $(seq 250); do server "$1 $3 $2" > /dev/null || break; sleep 0.02; done
grep -q "kept $2 tmpfs" /proc/mounts
umount "$2"
wait_gone "$2"
echo done
"""


@NOT_IN_CHROOT
@NEEDS_ROOT
def test_a_daemon_of_a_user_leaves_no_mount(ckptfs, tmp_path):
    """Through fusermount3, with a /dev/fuse that users may open: killed, ended, below another."""
    let_in(tmp_path)
    at, folder, program = ckptfs.directory(), tmp_path / "demo", tmp_path / "ckptfs"
    shutil.copytree(golden("demo").folder, folder)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    os.chown(at, 65534, 65534)
    (tmp_path / "dev").mkdir()
    shutil.copy(CKPTFS, program)
    ckptfs.env["ASAN_OPTIONS"] = "log_path=/dev/null/none"
    done = in_namespace(ckptfs, AS_NOBODY, program, at, folder, tmp_path / "dev")
    assert done.returncode == 0 and done.stdout.endswith("done\n"), (done.stdout, done.stderr)
    assert "another mount covers it" not in done.stderr  # a daemon has no terminal


# ---- which mount is its own


@NEEDS_ROOT
@pytest.mark.parametrize("foreground", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_a_daemon_whose_mount_is_covered(ckptfs, number, foreground):
    """The mount above lives on; when it goes, so does the one below."""
    lower = ckptfs.mount(DEMO, foreground=foreground)
    (pid,) = lower.pids()
    ini = ckptfs.tmp / "map.ini"
    ini.write_text("[assignment_map]\nsome_var = upper\n")
    upper = ckptfs.mount(DEMO, map=ini, options="nonempty", at=lower.path)
    (above,) = set(upper.pids()) - {pid}
    os.kill(pid, number)
    if foreground:
        assert lower.process.wait(PATIENCE) == (0 if number == signal.SIGTERM else -number)
        wait_until(lambda: "another mount covers it" in lower.log_text(), "the log")
        assert lower.log_text() == f"ckptfs: {lower.path}: not unmounted: another mount covers it, and when that is gone it goes, too\n"
    wait_until(lambda: upper.pids() == [above], "the daemon below to end")
    assert upper.read("upper") == SOME_VAR
    assert mounted_at(upper.path)[1] == "fuse.ckptfs"
    subprocess.run(["umount", upper.path], check=True)
    wait_until(lambda: gone(lower), "the mount below to go")
    assert os.listdir(lower.path) == []


@NEEDS_ROOT
def test_the_end_of_a_daemon_above_another(ckptfs):
    lower = ckptfs.mount(DEMO)
    (pid,) = lower.pids()
    upper = ckptfs.mount(DEMO, options="nonempty", at=lower.path)
    (above,) = set(upper.pids()) - {pid}
    os.kill(above, signal.SIGTERM)
    wait_until(lambda: lower.pids() == [pid] and len(keepers_of(lower.path)) == 1, "the daemon above to end")
    assert lower.read("some_var") == SOME_VAR


@NEEDS_ROOT
def test_what_was_mounted_in_its_place_meanwhile_stays(ckptfs):
    """A mount that is made at once in the place of another gets its numbers in the kernel, too."""
    mount = ckptfs.mount(DEMO)
    for _ in range(20):
        before = set(mount.pids())
        subprocess.run(["umount", mount.path], check=True)
        done = ckptfs.run(DEMO, mount.path)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: len(mount.pids()) == 1 == len(keepers_of(mount.path)), "the daemon before to end")
        assert set(mount.pids()).isdisjoint(before)
        assert mount.read("some_var") == SOME_VAR


WITH_TABLE = """
server() { pgrep --full --exact "$1"; }
wait_gone() { for i in $(seq 250); do grep -q "$1" /proc/mounts || return 0; sleep 0.02; done; exit 1; }
unmount() { for i in $(seq 250); do umount "$1" 2> "$4/why" && return; sleep 0.02; done; cat "$4/why" >&2; exit 1; }
mkdir "$4/a" "$4/b"
mount -t tmpfs none "$4/b"
mount --make-rprivate /
"$1" "$2" "$3"
mount --move "$3" "$4/a"          # moved: it goes where it is now
mount -t tmpfs kept "$3"
kill -TERM "$(server "$1 $2 $3")"
wait_gone "$4/.* fuse.ckptfs"
grep -q "kept $3 tmpfs" /proc/mounts
unmount "$3"
mkdir "$4/b/c"
"$1" "$2" "$4/b/c"                # below a directory that is covered
mount -t tmpfs over "$4/b"
mkdir "$4/b/c"
mount -t tmpfs kept "$4/b/c"
kill -KILL "$(server "$1 $2 $4/b/c")"
for i in $(seq 250); do server "$1 $2 $4/b/c" || break; sleep 0.02; done
sleep 0.1
grep -q "kept $4/b/c tmpfs" /proc/mounts
unmount "$4/b/c"
unmount "$4/b"                   # while a keeper looks for its mount below, it is busy
wait_gone "$4/.* fuse.ckptfs"
"$1" "$2" "$3"                    # aborted by an administrator
mount -t fusectl none /sys/fs/fuse/connections
echo 1 > "/sys/fs/fuse/connections/$(mountpoint -d "$3" | cut -d: -f2)/abort"
wait_gone "$4/.* fuse.ckptfs"
"$1" "$2" "$3"                    # detached lazily, and another in its place
exec 5< "$3/some_var"
umount -l "$3"
mount -t tmpfs kept "$3"
kill -TERM "$(server "$1 $2 $3")"
for i in $(seq 250); do server "$1 $2 $3" || break; sleep 0.02; done
grep -q "kept $3 tmpfs" /proc/mounts
unmount "$3"
echo done
"""


@NEEDS_ROOT
def test_it_goes_wherever_it_is_and_alone(ckptfs, tmp_path):
    at = ckptfs.directory()
    done = in_namespace(ckptfs, WITH_TABLE, CKPTFS, DEMO, at, tmp_path)
    assert done.returncode == 0 and done.stdout.endswith("done\n"), (done.stdout, done.stderr)
    wait_until(lambda: not daemons_of(at) and not keepers_of(at), "the daemons to end")


WITHOUT_PROC = """
mount --make-rprivate /
cd "$3"
umount -l /proc
"$1" -f "$2" "$3" &
for i in $(seq 250); do [ -e "$3/some_var" ] && break; sleep 0.02; done
cmp "$3/some_var" "$4"
kill -TERM $!
wait $! || [ "$5" = sanitized ]  # they look for leaks in /proc
[ ! -e "$3/some_var" ]
"$1" -f "$2" "$3" &
for i in $(seq 250); do [ -e "$3/some_var" ] && break; sleep 0.02; done
kill -KILL $!
for i in $(seq 250); do stat "$3" > /dev/null 2>&1 && [ ! -e "$3/some_var" ] && break; sleep 0.02; done
stat "$3" > /dev/null
echo done
"""


@NEEDS_ROOT
def test_without_proc(ckptfs, tmp_path):
    (tmp_path / "expected").write_bytes(SOME_VAR)
    kind = "sanitized" if b"__sanitizer" in open(CKPTFS, "rb").read() else ""
    done = in_namespace(ckptfs, WITHOUT_PROC, CKPTFS, DEMO, ckptfs.directory(), tmp_path / "expected", kind)
    assert done.returncode == 0 and done.stdout.endswith("done\n"), (done.stdout, done.stderr)


# ---- where it is mounted


def test_a_mount_point_that_is_swapped_while_the_map_is_read(ckptfs, tmp_path):
    """The map comes from another mount, whose daemon is stopped: so the program waits in the middle of its parsing."""
    ini = tmp_path / "map.ini"
    ini.write_text("[assignment_map]\nsome_var = x\n")
    holder = tmp_path / "holder.ini"
    holder.write_text(f"[assignment_map]\nsome_var = x\n[files]\nslow.ini = {ini}\n")
    gate = ckptfs.mount(DEMO, map=holder)
    (stopped,) = gate.pids()
    at, moved = ckptfs.directory(), ckptfs.directory()
    moved.rmdir()
    os.stat(gate / "slow.ini")  # from now on the kernel knows it, and has to ask for nothing but what is in it
    os.kill(stopped, signal.SIGSTOP)
    process = subprocess.Popen([CKPTFS, "-f", "-o", f"map={gate.path}/slow.ini", DEMO, at], env=ckptfs.env,
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        patience = time.monotonic() + 2  # for a program that does not open it
        wait_until(lambda: str(at) in descriptors(process.pid).values() or time.monotonic() > patience or keepers_of(at), "")
        at.rename(moved)
        at.mkdir()
        os.kill(stopped, signal.SIGCONT)
        wait_until(lambda: mounted_at(moved) or mounted_at(at) or process.poll() is not None, "the mount")
        assert not mounted_at(at)
        assert (moved / "x").read_bytes() == SOME_VAR
        assert os.listdir(at) == []
    finally:
        os.kill(stopped, signal.SIGCONT)
        process.terminate()
        said = process.communicate(timeout=PATIENCE)[1]
    assert (process.returncode, said) == (0, "")
    assert not mounted_at(moved) and os.listdir(moved) == []


@NEEDS_ROOT
def test_names_that_are_long_or_strange(ckptfs, tmp_path):
    folder = tmp_path / ("long " * 40) / ("comma,back\\slash" * 10)
    shutil.copytree(golden("demo").folder, folder)
    at = tmp_path / ("mnt ,\\\n\t" + "m" * 200)
    at.mkdir()
    mount = ckptfs.mount(folder, at=at, foreground=True)
    assert mounted_at(at)[0] == str(folder) and mount.read("some_var") == SOME_VAR
    mount.process.send_signal(signal.SIGKILL)
    mount.process.wait(PATIENCE)
    wait_until(lambda: not mounted_at(at), "the mount to go")


@NEEDS_ROOT
def test_options_of_the_mount(ckptfs, tmp_path):
    let_in(tmp_path)

    def others_may(mount):
        command = ["setpriv", "--reuid=4444", "--regid=4444", "--clear-groups", "cat", mount / "some_var"]
        return subprocess.run(command, capture_output=True, timeout=PATIENCE).stdout == SOME_VAR

    plain, everybody = ckptfs.mount(DEMO), ckptfs.mount(DEMO, options="allow_other,max_read=8192,noexec")
    root, by_itself = ckptfs.mount(DEMO, options="allow_root"), ckptfs.mount(DEMO, options="auto_unmount")
    assert [others_may(m) for m in (plain, everybody, root, by_itself)] == [False, True, False, False]
    assert {"noexec", "allow_other", "max_read=8192"} <= set(mounted_at(everybody.path)[2])
    assert "allow_other" in mounted_at(root.path)[2]  # and what the kernel lets in the program keeps out
    assert "allow_other" not in mounted_at(plain.path)[2] and "noexec" not in mounted_at(plain.path)[2]
    for mount in (plain, everybody, root, by_itself):
        (pid,) = mount.pids()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda m=mount: gone(m), "the mount to go")


# ---- descriptors


@pytest.mark.parametrize("flags", [[], ["-f"]])
def test_no_descriptor_of_the_starter_stays_open(ckptfs, tmp_path, flags):
    mount = ckptfs.mount(DEMO)
    mount.unmount()
    (tmp_path / "held").write_text("")
    held = [os.open(tmp_path / "held", os.O_RDONLY) for _ in range(20)]
    os.dup2(held[0], 900)
    process = subprocess.Popen([CKPTFS, *flags, DEMO, mount.path], env=ckptfs.env, stdin=subprocess.DEVNULL,
                               pass_fds=[*held, 900], stderr=subprocess.DEVNULL)
    wait_until(lambda: mounted_at(mount.path) and os.listdir(mount.path), "the mount")
    if not flags:
        assert process.wait(PATIENCE) == 0  # the starter has them to its end
    for pid in mount.pids() + keepers_of(mount.path):
        assert not [where for where in descriptors(pid).values() if "held" in where]
    (keeper,) = keepers_of(mount.path)
    assert sorted(w.split(":")[0] for fd, w in descriptors(keeper).items() if int(fd) > 2) == ["/dev/fuse", "socket"]
    mount.unmount()
    process.wait(PATIENCE)
    for fd in [*held, 900]:
        os.close(fd)


@NEEDS_ROOT
@pytest.mark.parametrize("flags", [[], ["-f"]])
def test_a_device_that_somebody_else_has_mounted(ckptfs, tmp_path, flags):
    """As mount.fuse3 -o drop_privileges gives it."""
    at = ckptfs.directory()
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,default_permissions".encode()
    assert libc.mount(b"elsewhere", os.fsencode(at), b"fuse.ckptfs", 1, options) == 0, os.strerror(ctypes.get_errno())
    where = f"/dev/fd/{device}"
    process = subprocess.Popen([CKPTFS, *flags, DEMO, where], env=ckptfs.env, stdin=subprocess.DEVNULL,
                               pass_fds=[device], stderr=subprocess.PIPE, text=True)
    os.close(device)
    try:
        assert (at / "some_var").read_bytes() == SOME_VAR
        wait_until(lambda: len(daemons_of(where)) == 1, "the parent to end")
        assert not keepers_of(where)
    finally:
        subprocess.run(["umount", at], check=True)
    assert process.communicate(timeout=PATIENCE)[1] == ""
    assert process.returncode == 0
    wait_until(lambda: not daemons_of(where), "the daemon to end")


def test_what_is_no_device_is_no_mount_point(ckptfs, tmp_path):
    (tmp_path / "file").write_text("")
    with open(tmp_path / "file") as f:
        where = f"/dev/fd/{f.fileno()}"
        assert ckptfs.refuse(DEMO, where, pass_fds=[f.fileno()]) == f"ckptfs: {where}: is no open descriptor of /dev/fuse\n"
    assert "is no open descriptor" in ckptfs.refuse(DEMO, "/dev/fd/500")
    assert "no checkpoint is mounted there" in ckptfs.refuse("-u", "/dev/fd/0")


# ---- what it looks like


def test_who_unmounts_is_told_apart(ckptfs):
    mount = ckptfs.mount(DEMO)
    (pid,), (keeper,) = mount.pids(), keepers_of(mount.path)
    names = [open(f"/proc/{p}/comm").read() for p in (pid, keeper)]
    assert names == ["ckptfs\n", "ckptfs-unmount\n"]
    assert os.getsid(keeper) == keeper and os.readlink(f"/proc/{keeper}/cwd") == "/"
    with open(f"/proc/{keeper}/status") as f:
        (resident,) = (int(line.split()[1]) for line in f if line.startswith("RssAnon"))
    assert resident < 2048 or b"__sanitizer" in open(CKPTFS, "rb").read()  # KiB
    mount.unmount()
    wait_until(lambda: not os.path.exists(f"/proc/{keeper}"), "the keeper to end")
