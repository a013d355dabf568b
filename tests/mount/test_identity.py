# SPDX-License-Identifier: Apache-2.0
"""Whose eyes the program looks with: files are opened as the owner of what is named, and nothing but files is opened."""

import json
import os
import shutil
import stat
import struct
import subprocess

import pytest

from support import bundle, legacy, safetensors_files
from support.mounts import NEEDS_MACHINE, NEEDS_ROOT, NOT_IN_CHROOT, PATIENCE, let_in, mounted_at, wait_until
from support.opens import Opens
from support.paths import CKPTFS
from support.truth import golden

ALICE, BOB, CREW = 4444, 5555, 7777  # users and a group that no table knows
DEMO = golden("demo").checkpoint
CAP_DAC_READ_SEARCH = 2


def status_of(mount):
    (pid,) = mount.pids()
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def owner_of(mount):
    """Users and groups of the process, which are the same four times."""
    found = status_of(mount)
    uids, gids = set(found["Uid"].split()), set(found["Gid"].split())
    assert len(uids) == len(gids) == 1
    return int(uids.pop()), int(gids.pop()), sorted(map(int, found["Groups"].split()))


def capabilities(mount):
    found = status_of(mount)
    assert found["NoNewPrivs"] == "1"
    return {kind: int(found[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")}


NONE = dict.fromkeys(("Inh", "Prm", "Eff", "Bnd", "Amb"), 0)


def give(path, user, group=None, mode=None):
    os.chown(path, user, user if group is None else group, follow_symlinks=False)
    if mode is not None:
        os.chmod(path, mode)


def copy_of_demo(folder, user):
    """A checkpoint of that user, in a folder of the same."""
    shutil.copytree(golden("demo").folder, folder)
    for path in folder.iterdir():
        give(path, user, mode=0o644)
    give(folder, user, mode=0o755)
    return folder


@pytest.fixture
def place(tmp_path):
    """A folder that all users reach."""
    let_in(tmp_path)
    return tmp_path


@pytest.fixture
def alice(place):
    return copy_of_demo(place / "alice", ALICE)


def replace(path, target, user=ALICE):
    """A link in the place of a file."""
    os.unlink(path)
    os.symlink(target, path)
    give(path, user)


# ---- what the owner may not read


def hidden_by_mode(secret):
    give(secret, 0, mode=0o600)


def hidden_by_folder(secret):
    give(secret, BOB, mode=0o644)
    give(secret.parent, BOB, mode=0o700)


def hidden_by_acl(secret):
    """All may read, but for alice."""
    give(secret, 0, mode=0o644)
    entries = [(0x01, 6, -1), (0x02, 0, ALICE), (0x04, 4, -1), (0x10, 4, -1), (0x20, 4, -1)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, bits, who & 0xFFFFFFFF) for tag, bits, who in entries)
    os.setxattr(secret, "system.posix_acl_access", acl)
    assert secret.stat().st_mode & 0o777 == 0o644


HIDDEN = pytest.mark.parametrize("hide", [hidden_by_mode, hidden_by_folder, hidden_by_acl])


def hidden_copy(place, file, hide):
    (place / "vault").mkdir()
    secret = place / "vault" / "secret"
    shutil.copy(file, secret)
    hide(secret)
    return secret


@NEEDS_ROOT
@HIDDEN
@pytest.mark.parametrize("pattern", ["*.data-*", "*.index", "checkpoint"])
def test_a_file_that_is_a_link_to_what_its_owner_may_not_read(ckptfs, place, alice, hide, pattern):
    file = next(alice.glob(pattern))
    replace(file, hidden_copy(place, file, hide))
    at = ckptfs.directory()
    stderr = ckptfs.refuse("-o", f"allow_other,uid={ALICE}", alice, at, at=at)
    assert f"{file}: cannot open: Permission denied: tried as {ALICE}, the owner of {alice}; -o runas=USER opens" in stderr
    mount = ckptfs.mount(alice, options="runas=root")  # what root asks for in so many words
    assert mount.read("some_var") == golden("demo").shown["some_var"][2]


@NEEDS_ROOT
@HIDDEN
def test_a_file_beside_that_is_a_link_to_what_its_owner_may_not_read(ckptfs, place, alice, hide):
    (place / "text").write_text("secret")
    secret = hidden_copy(place, place / "text", hide)
    os.symlink(secret, alice / "config.json")
    give(alice / "config.json", ALICE)
    (alice / "map.ini").write_text("[assignment_map]\n/ = /\n[files]\nconfig.json = config.json\n")
    give(alice / "map.ini", ALICE, mode=0o644)
    at = ckptfs.directory()
    for checkpoint in (alice, DEMO):  # of a map of alice's with a checkpoint of root's, too
        stderr = ckptfs.refuse("-o", f"map={alice}/map.ini", checkpoint, at, at=at)
        assert "'config.json' of [files] cannot be shown" in stderr and f"tried as {ALICE}" in stderr
    mount = ckptfs.mount(alice, map=alice / "map.ini", options="runas=0")
    assert mount.read("config.json") == b"secret"


@NEEDS_ROOT
def test_a_folder_that_may_not_be_listed(ckptfs, place):
    folder = copy_of_demo(place / "demo", ALICE)
    os.unlink(folder / "checkpoint")
    give(folder, BOB, mode=0o711)
    at = ckptfs.directory()
    stderr = ckptfs.refuse("-o", f"runas={ALICE}", folder, at, at=at)
    assert f"{folder}: cannot open: Permission denied: tried as {ALICE}, as -o runas= says" in stderr
    assert "holds no checkpoint" not in stderr


@NEEDS_ROOT
def test_root_reads_its_own_without_privileges(ckptfs, place):
    folder = copy_of_demo(place / "demo", 0)
    data = next(folder.glob("*.data-*"))
    give(data, 0, mode=0o400)
    mount = ckptfs.mount(folder)
    assert mount.stderr == ""
    assert mount.read("some_var") == golden("demo").shown["some_var"][2]
    assert owner_of(mount) == (0, 0, []) and capabilities(mount) == NONE
    mount.unmount()
    give(data, ALICE, mode=0o600)
    stderr = ckptfs.refuse(folder, mount.path, at=mount.path)
    assert f"{data}: cannot open: Permission denied: tried as root without its privileges; -o runas=USER" in stderr


# ---- who that is


@NEEDS_ROOT
def test_what_a_map_of_root_includes_is_of_its_owner(ckptfs, place, alice):
    """Lines of another's file name files that are read, so they are read as that one."""
    secret = hidden_copy(place, golden("demo").folder / "truth.json", hidden_by_mode)
    (alice / "base.ini").write_text(f"[files]\nsecret.txt = {secret}\n")
    give(alice / "base.ini", ALICE, mode=0o644)
    ini = place / "main.ini"
    ini.write_text("[include]\npath = alice/base.ini\n")
    at = ckptfs.directory()
    assert str(secret) in ckptfs.refuse("-o", f"map={ini}", DEMO, at, at=at)
    (alice / "base.ini").write_text("[assignment_map]\n/ = /\n")
    assert owner_of(ckptfs.mount(DEMO, map=ini))[0] == ALICE


@NEEDS_ROOT
@pytest.mark.parametrize("operation", ["gather 0 {}", "vocab {} {}"])
def test_operations_of_a_map_that_root_includes_read_as_its_owner(ckptfs, place, alice, operation):
    """Of the file of indices and of vocabularies, also where a link of alice's leads there."""
    (place / "rows").write_text("0\n1\n")
    secret = hidden_copy(place, place / "rows", hidden_by_mode)
    os.symlink(secret, alice / "rows")
    ini = place / "main.ini"
    ini.write_text("[include]\npath = alice/base.ini\n")
    at = ckptfs.directory()
    for path in str(secret), "rows":
        (alice / "base.ini").write_text(f"[assignment_map]\nsome_var = v | {operation.format(path, path)}\n")
        give(alice / "base.ini", ALICE, mode=0o644)
        stderr = ckptfs.refuse("-o", f"map={ini}", DEMO, at, at=at)
        assert f"{secret if path != 'rows' else place / 'alice' / 'rows'}: cannot open: Permission denied: tried as {ALICE}" in stderr
    give(secret, ALICE)
    give(secret.parent, ALICE, mode=0o755)
    assert owner_of(ckptfs.mount(DEMO, map=ini))[0] == ALICE


@NEEDS_ROOT
def test_the_owner_serves(ckptfs, alice):
    mount = ckptfs.mount(alice, options="allow_other")
    assert mount.stderr == ""
    assert mount.read("some_var") == golden("demo").shown["some_var"][2]
    assert owner_of(mount) == (ALICE, ALICE, []) and capabilities(mount) == NONE
    st = os.stat(mount / "some_var")
    assert (st.st_uid, st.st_gid) == (ALICE, ALICE)
    (pid,) = mount.pids()
    attach = ["setpriv", f"--reuid={ALICE}", f"--regid={ALICE}", "--clear-groups", "cat", f"/proc/{pid}/environ"]
    assert subprocess.run(attach, capture_output=True, timeout=PATIENCE).returncode != 0  # ptrace would be allowed, too


@NEEDS_ROOT
def test_a_user_of_the_table_has_the_primary_group(ckptfs, place):
    import pwd
    nobody = pwd.getpwnam("nobody")
    mount = ckptfs.mount(copy_of_demo(place / "demo", nobody.pw_uid))
    assert owner_of(mount) == (nobody.pw_uid, nobody.pw_gid, [])


def chain(path, *owners):
    """Folders one in another, of these owners; the innermost."""
    for user in owners:
        path = path / f"of-{user}"
        path.mkdir()
        give(path, user, mode=0o755)
    return path


def link(path, target, user):
    os.symlink(target, path)
    give(path, user)
    return path


def by_folder(place):
    return copy_of_demo(place / "demo", ALICE), ALICE


def by_prefix(place):
    folder = copy_of_demo(place / "demo", BOB)
    give(folder, 0)
    return folder / "model.ckpt-1000", BOB


def by_index(place):
    return f"{by_prefix(place)[0]}.index", BOB


def by_folder_above(place):
    return copy_of_demo(chain(place, 0, ALICE, BOB) / "demo", 0), ALICE


def by_link_of_alice_to_files_of_root(place):
    return link(place / "link", copy_of_demo(place / "demo", 0), ALICE), ALICE


def by_link_of_alice_on_the_way(place):
    copy_of_demo(chain(place, 0) / "demo", 0)
    return link(place / "link", "of-0", ALICE) / "demo/model.ckpt-1000", ALICE


def by_link_of_root_to_files_of_alice(place):
    return link(place / "link", copy_of_demo(chain(place, 0) / "demo", ALICE), 0), ALICE


def by_links_of_root_to_a_folder_of_alice(place):
    copy_of_demo(chain(place, ALICE) / "demo", 0)
    link(place / "second", "of-4444/../of-4444", 0)
    return link(place / "first", "second", 0) / "demo", ALICE


def by_state_file(place):
    folder = copy_of_demo(place / "demo", 0)
    give(folder / "checkpoint", ALICE)
    return folder, ALICE


def by_index_in_a_folder_for_all(place):
    folder = copy_of_demo(place / "demo", 0)
    give(folder, 0, mode=0o1777)
    give(next(folder.glob("*.index")), ALICE)
    return folder / "model.ckpt-1000", ALICE


def by_data_in_a_folder_for_all(place):
    folder = copy_of_demo(place / "demo", 0)
    give(folder, 0, mode=0o1777)
    give(next(folder.glob("*.data-*")), ALICE)
    return folder / "model.ckpt-1000", ALICE


def by_data_in_a_folder_for_all_that_is_named(place):
    return by_data_in_a_folder_for_all(place)[0].parent, ALICE


def by_data_beside_an_index_that_is_named(place):
    return f"{by_data_in_a_folder_for_all(place)[0]}.index", ALICE


def by_the_shards_that_a_pattern_matches(place):
    folder = place / "v1"
    folder.mkdir()
    for i in range(2):
        legacy.write_legacy(folder / f"m-0000{i}-of-00002", {f"t{i}": (legacy.INT8, b"1")})
        give(folder / f"m-0000{i}-of-00002", BOB, mode=0o644)
    return folder / "m-?????-of-00002", BOB


def by_the_shards_that_a_prefix_begins(place):
    return by_the_shards_that_a_pattern_matches(place)[0].with_name("m"), BOB


def safetensors_of(folder, index, *users):
    """Two files and their index, of these users, in a folder of root's into which all may put files."""
    folder.mkdir()
    for i, user in enumerate(users[1:], 1):
        give(safetensors_files.write(folder / f"model-0000{i}-of-00002.safetensors", {f"t{i}": ("U8", [1], b"1")}), user, mode=0o644)
    (folder / index).write_text(json.dumps({"weight_map": {f"t{i}": f"model-0000{i}-of-00002.safetensors" for i in (1, 2)}}))
    give(folder / index, users[0], mode=0o644)
    give(folder, 0, mode=0o1777)
    return folder


def by_a_safetensors_file(place):
    path = safetensors_files.write(place / "x.safetensors", {"t": ("U8", [1], b"1")})
    give(path, ALICE, mode=0o644)
    return path, ALICE


def by_an_index_of_safetensors(place):
    return safetensors_of(place / "st", "model.safetensors.index.json", ALICE, 0, 0), ALICE


def by_a_shard_beside_an_index_of_safetensors(place):
    return safetensors_of(place / "st", "model.safetensors.index.json", 0, 0, BOB) / "model.safetensors.index.json", BOB


def by_a_safetensors_file_beside_a_shard_of_root(place):
    (place / "st").mkdir()
    (place / "st" / "a-of-b").touch()
    give(safetensors_files.write(place / "st" / "model.safetensors", {"t": ("U8", [1], b"1")}), BOB, mode=0o644)
    give(place / "st", 0, mode=0o1777)
    return place / "st", BOB


def of_root_beside_others(place):
    """model.ckpt-1000 is no prefix of model.ckpt-10000."""
    folder = copy_of_demo(place / "demo", 0)
    give(folder, 0, mode=0o1777)
    for file in list(folder.glob("model.ckpt-1000.*")):
        other = file.with_name(file.name.replace("-1000.", "-10000."))
        shutil.copy(file, other)
        give(other, ALICE, mode=0o644)
    return folder / "model.ckpt-1000", 0


def of_root_with_data_that_root_was_given(place):
    """In a folder where nobody else can put a link in the place of the file."""
    folder = copy_of_demo(place / "demo", 0)
    give(next(folder.glob("*.data-*")), ALICE)
    return folder, 0


@NEEDS_ROOT
@pytest.mark.parametrize("make", [
    by_folder, by_prefix, by_index, by_folder_above, by_link_of_alice_to_files_of_root, by_link_of_alice_on_the_way,
    by_link_of_root_to_files_of_alice, by_links_of_root_to_a_folder_of_alice, by_state_file, by_index_in_a_folder_for_all,
    by_data_in_a_folder_for_all, by_data_in_a_folder_for_all_that_is_named, by_data_beside_an_index_that_is_named,
    by_the_shards_that_a_pattern_matches, by_the_shards_that_a_prefix_begins, of_root_beside_others,
    by_a_safetensors_file, by_an_index_of_safetensors, by_a_shard_beside_an_index_of_safetensors, by_a_safetensors_file_beside_a_shard_of_root,
    of_root_with_data_that_root_was_given])
def test_whoever_decides_what_is_found(ckptfs, place, make):
    checkpoint, user = make(place)
    assert owner_of(ckptfs.mount(checkpoint)) == (user, user, [])


@NEEDS_ROOT
def test_whoever_decides_what_a_relative_path_finds(ckptfs, place):
    folder = chain(place, ALICE)
    copy_of_demo(folder / "demo", 0)
    mount = ckptfs.mount(DEMO)
    mount.unmount()
    for checkpoint in ("demo", "./demo/model.ckpt-1000", "../of-4444/demo"):
        done = ckptfs.run(checkpoint, mount.path, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert owner_of(mount)[0] == ALICE
        mount.unmount()


@NEEDS_ROOT
def test_the_map_decides_where_it_names_the_checkpoint(ckptfs, place, alice):
    (alice / "map.ini").write_text("[checkpoint]\npath = model.ckpt-1000\n[assignment_map]\n/ = /\n")
    give(alice / "map.ini", ALICE, mode=0o644)
    assert owner_of(ckptfs.mount(map=alice / "map.ini"))[0] == ALICE
    assert owner_of(ckptfs.mount("none", map=alice / "map.ini"))[0] == ALICE
    ini = place / "root.ini"
    ini.write_text("[assignment_map]\n/ = /\n")
    assert owner_of(ckptfs.mount(alice, map=ini))[0] == ALICE


def by_a_state_file_that_leads_on(place):
    """TensorFlow follows absolute paths in it; the folder of its own is root's."""
    copy_of_demo(place / "alice", ALICE).chmod(0o700)
    folder = copy_of_demo(place / "demo", 0)
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{place}/alice/model.ckpt-1000"\n')
    return folder, ALICE


def by_a_state_file_that_is_named(place):
    return by_a_state_file_that_leads_on(place)[0] / "checkpoint", ALICE


def by_a_relative_path_in_a_state_file(place):
    folder = by_a_state_file_that_leads_on(place)[0]
    (folder / "checkpoint").write_text('model_checkpoint_path: "../alice/model.ckpt-1000"\n')
    return folder, ALICE


@NEEDS_ROOT
@pytest.mark.parametrize("make", [by_a_state_file_that_leads_on, by_a_state_file_that_is_named, by_a_relative_path_in_a_state_file])
def test_whoever_decides_what_texts_of_root_lead_to(ckptfs, place, make):
    checkpoint, user = make(place)
    mount = ckptfs.mount(checkpoint)
    assert owner_of(mount) == (user, user, []) and capabilities(mount) == NONE
    assert mount.read("some_var") == golden("demo").shown["some_var"][2]
    mount.unmount()
    ini = place / "root.ini"
    ini.write_text(f"[checkpoint]\npath = {checkpoint}\n[assignment_map]\n/ = /\n")
    mount = ckptfs.mount("none", map=ini)
    assert owner_of(mount) == (user, user, []) and capabilities(mount) == NONE


@NEEDS_ROOT
def test_a_map_of_root_that_leads_to_links_of_alice(ckptfs, place, alice):
    replace(next(alice.glob("*.data-*")), hidden_copy(place, next(alice.glob("*.data-*")), hidden_by_mode))
    ini = place / "root.ini"
    ini.write_text("[checkpoint]\npath = alice/model.ckpt-1000\n[assignment_map]\n/ = /\n")
    at = ckptfs.directory()
    assert f"tried as {ALICE}, the owner of {alice}" in ckptfs.refuse("-o", f"map={ini}", at, at=at)


# ---- runas=


TABLES = """
printf 'crew:x:7777:sailor\\n' > "$4/group"; cat /etc/group >> "$4/group"
printf 'sailor:x:4444:4444::/:/bin/sh\\n' > "$4/passwd"; cat /etc/passwd >> "$4/passwd"
chmod 644 "$4/group" "$4/passwd"
mount --bind "$4/group" /etc/group
mount --bind "$4/passwd" /etc/passwd
for user in sailor 4444; do
    "$1" -o runas=$user "$3" "$2"
    grep -E '^(Uid|Gid|Groups|CapEff|CapBnd|NoNewPrivs)' /proc/$(pgrep --full --exact "$1 -o runas=$user $3 $2")/status
    cmp "$2/some_var" "$5"
    umount "$2"
done
! "$1" "$3" "$2" || exit 1  # by its owner, without that group
echo done
"""


@NEEDS_ROOT
def test_another_user_comes_with_his_groups(ckptfs, place):
    folder = copy_of_demo(place / "demo", BOB)
    for path in folder.iterdir():
        give(path, 0, CREW, mode=0o640)
    (place / "etc").mkdir()
    (place / "expected").write_bytes(golden("demo").shown["some_var"][2])
    at = ckptfs.directory()
    done = subprocess.run(["unshare", "-m", "sh", "-ec", TABLES, "sh", CKPTFS, at, folder, place / "etc", place / "expected"],
                          env=ckptfs.env, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout.endswith("done\n"), (done.stdout, done.stderr)
    seen = [line.split(":\t") for line in done.stdout.splitlines()[:-1]]
    assert len(seen) == 12
    for name, value in seen:
        expected = {"Uid": [4444] * 4, "Gid": [4444] * 4, "Groups": [4444, CREW], "CapEff": [0], "CapBnd": [0], "NoNewPrivs": [1]}
        assert sorted(map(int, value.split())) == expected[name], name


@NEEDS_ROOT
def test_another_user_is_taken_before_anything_is_looked_at(ckptfs, place):
    """As root may not look into folders of a server that squashes root: the user's own is not asked for."""
    folder = copy_of_demo(place / "demo", ALICE)
    mount = ckptfs.mount(folder, options="runas=65534")
    assert owner_of(mount)[0] == 65534
    at = ckptfs.directory()
    give(folder, ALICE, mode=0o700)
    stderr = ckptfs.refuse("-o", "runas=65534", folder, at, at=at)
    assert "Permission denied: tried as nobody, as -o runas= says" in stderr


@NEEDS_ROOT
def test_root_for_files_of_several_owners(ckptfs, place):
    tensors = {f"t{i}": (bundle.INT8, [4], bytes([i] * 4)) for i in range(3)}
    prefix = bundle.write(place / "c", tensors, shards=3)
    for i, user in enumerate((0, ALICE, BOB)):
        give(f"{prefix}.data-0000{i}-of-00003", user, mode=0o600)
    at = ckptfs.directory()
    assert "runas=root as root" in ckptfs.refuse(prefix, at, at=at)
    mount = ckptfs.mount(prefix, options="runas=root")
    assert [mount.read(f"t{i}") for i in range(3)] == [bytes([i] * 4) for i in range(3)]
    only = 1 << CAP_DAC_READ_SEARCH
    assert owner_of(mount)[:2] == (0, 0)
    assert capabilities(mount) == {**NONE, "Prm": only, "Eff": only}


@pytest.mark.parametrize("user", ["no-such-user", "", "-1", "4294967295", "99999999999999999999", "1x"])
def test_an_unknown_user_is_wrong_usage(ckptfs, user):
    at = ckptfs.directory()
    stderr = ckptfs.refuse("-o", f"runas={user}", DEMO, at, status=2, at=at)
    assert ("there is no such user" if user else "a value is missing") in stderr and "try ckptfs -h" in stderr


@NEEDS_MACHINE
def test_only_root_chooses_a_user(ckptfs, place):
    at = ckptfs.directory()
    command = [CKPTFS, "-o", "runas=1", DEMO, at]
    if os.geteuid() == 0:
        program = place / "ckptfs"
        shutil.copy(CKPTFS, program)
        command = ["setpriv", f"--reuid={ALICE}", f"--regid={ALICE}", "--clear-groups", program, *command[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2 and "runas=1: only root can open files as another user" in done.stderr


UNMAPPED = """
"$1" "$3" "$2"
grep -E '^(Uid|NoNewPrivs)' /proc/$(pgrep --full --exact "$1 $3 $2")/status
cat "$2/some_var" | cmp - "$4"
umount "$2"
"$1" "$5" "$2"
grep -E '^CapEff' /proc/$(pgrep --full --exact "$1 $5 $2")/status
umount "$2"
printf 'model_checkpoint_path: "%s/model.ckpt-1000"\\n' "$3" > "$5/checkpoint"
"$1" "$5" "$2"
umount "$2"
echo done
"""


@NOT_IN_CHROOT
@NEEDS_ROOT
def test_an_owner_that_the_user_namespace_does_not_know(ckptfs, place, alice):
    own = copy_of_demo(place / "own", 0)
    at = ckptfs.directory()
    (place / "expected").write_bytes(golden("demo").shown["some_var"][2])
    done = subprocess.run(["unshare", "-Urm", "sh", "-ec", UNMAPPED, "sh", CKPTFS, at, alice, place / "expected", own],
                          env=ckptfs.env, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout.endswith("done\n"), (done.stdout, done.stderr)
    assert done.stdout.split() == ["Uid:", "0", "0", "0", "0", "NoNewPrivs:", "1", "CapEff:", "0" * 16, "done"]
    named, led_to = [line for line in done.stderr.splitlines() if "unknown" in line]
    assert named == f"ckptfs: {alice}: its owner is unknown in this user namespace, files are opened with all rights of root"
    assert led_to == f"ckptfs: {alice}: its owner is unknown in this user namespace, files are opened as root without its privileges"


@NEEDS_ROOT
def test_a_change_of_users_that_is_refused(ckptfs, alice):
    """As in a container without CAP_SETUID."""
    mount = ckptfs.mount(DEMO)
    mount.unmount()
    done = subprocess.run(["setpriv", "--bounding-set=-setuid", CKPTFS, alice, mount.path], env=ckptfs.env,
                          capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert done.stderr == f"ckptfs: cannot become {ALICE} (Operation not permitted), files are opened with all rights of root\n"
    assert owner_of(mount)[:2] == (0, 0) and status_of(mount)["NoNewPrivs"] == "1"
    assert mount.read("some_var") == golden("demo").shown["some_var"][2]
    mount.unmount()
    folder = copy_of_demo(alice.parent / "root", 0)
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{alice}/model.ckpt-1000"\n')
    done = subprocess.run(["setpriv", "--bounding-set=-setuid", CKPTFS, folder, mount.path], env=ckptfs.env,
                          capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert f"ckptfs: cannot become {ALICE} (Operation not permitted), files are opened as root without its privileges\n" in done.stderr
    assert owner_of(mount)[:2] == (0, 0) and capabilities(mount) == NONE


def test_a_user_stays_himself(ckptfs, place):
    """And cannot gain anything any more, either."""
    mount = ckptfs.mount(DEMO)
    assert owner_of(mount)[0] == os.geteuid() and status_of(mount)["NoNewPrivs"] == "1"


# ---- what is no file is not opened


def fifo(path):
    os.mkfifo(path)


def device(path):
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


KINDS = [fifo, pytest.param(device, marks=NEEDS_ROOT)]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("behind", ["*.data-*", "*.index", "checkpoint"])
def test_what_is_behind_a_link_is_looked_at_before_it_is_opened(ckptfs, tmp_path, make, behind):
    folder = tmp_path / "demo"
    shutil.copytree(golden("demo").folder, folder)
    make(tmp_path / "marker")
    file = next(folder.glob(behind))
    os.unlink(file)
    os.symlink(tmp_path / "marker", file)
    at = ckptfs.directory()
    with Opens(tmp_path / "marker") as opens:
        for checkpoint in (folder, folder / "model.ckpt-1000", file):
            ckptfs.run(checkpoint, at)
            if mounted_at(at):  # by the prefix, without the state file
                ckptfs.run("-u", at)
                wait_until(lambda: not mounted_at(at), "the end of the mount")
        assert opens.count() == 0


@pytest.mark.parametrize("make", KINDS)
def test_maps_graphs_and_files_beside_are_looked_at_before_they_are_opened(ckptfs, tmp_path, make):
    marker = tmp_path / "marker"
    make(marker)
    ini = tmp_path / "map.ini"
    ini.write_text(f"[assignment_map]\n/ = /\n[files]\nconfig.json = {marker}\n")
    named = tmp_path / "named.ini"
    named.write_text(f"[checkpoint]\npath = {marker}\n[assignment_map]\n/ = /\n")
    at = ckptfs.directory()
    with Opens(marker) as opens:
        assert "not a regular file" in ckptfs.refuse("-o", f"map={ini}", DEMO, at, at=at)
        assert "not a regular file" in ckptfs.refuse("-o", f"map={marker}", DEMO, at, at=at)
        assert "not a regular file" in ckptfs.refuse("-o", f"map={named}", at, at=at)
        ckptfs.refuse("-o", f"graph={marker}", DEMO, at, at=at)
        ckptfs.refuse(marker, at, at=at)
        ckptfs.refuse(f"{tmp_path}/mark*", at, at=at)
        assert opens.count() == 0


def test_the_tool_looks_before_it_opens(tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(golden("demo").folder, folder)
    os.mkfifo(tmp_path / "marker")
    data = next(folder.glob("*.data-*"))
    os.unlink(data)
    os.symlink(tmp_path / "marker", data)
    tool = os.path.join(os.path.dirname(CKPTFS), "ckptool")
    with Opens(tmp_path / "marker") as opens:
        for command in (["cat", folder, "some_var"], ["verify", folder], ["list", tmp_path / "marker"],
                        ["plan", "-m", tmp_path / "marker", folder], ["export", "--format", "raw", folder, tmp_path / "out"]):
            done = subprocess.run([tool, *map(str, command)], capture_output=True, text=True, timeout=PATIENCE)
            assert done.returncode == 1, command
        assert opens.count() == 0
