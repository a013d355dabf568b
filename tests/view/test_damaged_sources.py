# SPDX-License-Identifier: Apache-2.0
"""A wrong bit in a data file never gets a right checksum: an index whose checksums are made of damaged bytes cannot be read, and says whose they are.

TensorFlow refuses such a tensor ("Checksum does not match"); so it has to in the view, however the tensor is shown there. The damage is in none of the
few small tensors that are looked at by every mount."""

import errno
import os
import struct
import subprocess

import pytest

from support import encoder
from support.mounts import wait_until
from support.paths import TOOL

FLOAT, INT8, STRING, INT64, HALF, UINT16 = 1, 6, 7, 9, 19, 17
COUNT = 3000  # elements of the tensors that get damaged: more than 4 KiB of each
FLOATS = struct.pack(f"<{COUNT}f", *range(COUNT))
HALVES = struct.pack(f"<{COUNT}e", *(i % 50 for i in range(COUNT)))
WORDS = [f"word {i}".encode() for i in range(COUNT)]
SMALL = [(name, INT8, [1], name) for name in (b"w", b"x", b"y", b"z")]


def bundle_of(*tensors, endianness=encoder.LITTLE):
    bundle = encoder.Bundle(endianness=endianness)
    for name, dtype, shape, content in [*tensors, *SMALL]:
        bundle.put(name, dtype, shape, content)
    return bundle


def plain(prefix):
    return bundle_of((b"v", FLOAT, [COUNT], FLOATS), (b"u", FLOAT, [COUNT], FLOATS)).write(prefix)


def halves(prefix):
    return bundle_of((b"v", HALF, [COUNT], HALVES), (b"u", HALF, [COUNT], HALVES)).write(prefix)


def sliced(prefix):
    bundle = bundle_of((b"u", FLOAT, [COUNT], FLOATS))
    bundle.put_sliced(b"v", FLOAT, [COUNT], [([(0, 1000)], FLOATS[:4000], 0), ([(1000, 2000)], FLOATS[4000:], 0)])
    return bundle.write(prefix)


def big_endian(prefix):
    data = struct.pack(f">{COUNT}f", *range(COUNT))
    return bundle_of((b"v", FLOAT, [COUNT], data), (b"u", FLOAT, [COUNT], data), endianness=encoder.BIG).write(prefix)


def strings(prefix):
    data = encoder.strings(WORDS)
    return bundle_of((b"v", STRING, [COUNT], data), (b"u", STRING, [COUNT], data)).write(prefix)


def big_endian_strings(prefix):
    data = encoder.strings(WORDS, encoder.BIG)
    return bundle_of((b"v", STRING, [COUNT], data), (b"u", STRING, [COUNT], data), endianness=encoder.BIG).write(prefix)


def slices_file(dtype, values):
    def write(path):
        file = encoder.SliceFile()
        for name in b"u", b"v":
            file.put(name, dtype, [COUNT], [(None, values)])
        return file.write(path, cut=1)

    return write


def flip(path, place, count=1):
    """Wrong bits in the bytes at `place` of the file."""
    with open(path, "r+b") as file:
        file.seek(place)
        old = file.read(count)
        file.seek(place)
        file.write(bytes(byte ^ 0x10 for byte in old))


def damage_v(checkpoint, which):
    """A wrong bit in `v`: at the beginning, in the middle or at the end of what is stored of it."""
    index = f"{checkpoint}.index"
    if os.path.exists(index):
        found = {}
        for key, record in encoder.read_table(index):
            of = dict(encoder.fields(record))
            if of.get(5):
                found[key] = (of.get(4, 0), of[5])
        ends = [(at, at + size) for key, (at, size) in found.items() if key == b"v" or key.startswith(b"\0v\0")]
        start, end = min(at for at, _ in ends), max(end for _, end in ends)
        path = f"{checkpoint}.data-00000-of-00001"
    else:  # the last block; what is before the values is decoded
        path = checkpoint
        at, size = encoder.handles_of(open(path, "rb").read())[0][-1]
        start, end = at + size // 3, at + size - 20
    flip(path, {"first": start, "middle": (start + end) // 2, "last": end - 1}[which])
    return path


CASES = {
    "cast": (plain, "v = v | cast float64\nu = u | cast float64"),
    "cast, another name, two targets": (plain, "v = a/b | cast float16\nv = c | cast bfloat16\nu = u"),
    "parts that TensorFlow cannot cut": (halves, "v = v | partition 3\nu = u"),
    "cast of parts": (plain, "v = v | partition 3 | cast float64\nu = u"),
    "slices": (sliced, "v = v | cast float64\nu = u | cast float64"),
    "big-endian": (big_endian, "/ = /"),
    "parts of strings": (strings, "v = v | partition 3\nu = u"),
    "big-endian strings": (big_endian_strings, "/ = /"),
    "V1": (slices_file(FLOAT, FLOATS), "/ = /"),
    "V1, a cast": (slices_file(FLOAT, FLOATS), "v = v | cast float64"),
    "V1, varints": (slices_file(INT64, [i % 100 for i in range(COUNT)]), "/ = /"),
    "V1, strings": (slices_file(STRING, WORDS), "/ = /"),
}


def map_of(tmp_path, rules):
    path = tmp_path / "map.ini"
    path.write_text(f"[assignment_map]\n{rules}\n")
    return path


def is_unreadable(path):
    try:
        path.read_bytes()
    except OSError as error:
        assert error.errno == errno.EIO
        return True
    return False


@pytest.mark.parametrize("which", ["first", "middle", "last"])
@pytest.mark.parametrize("case", CASES)
def test_the_index_is_unreadable(ckptfs, tmp_path, case, which):
    make, rules = CASES[case]
    checkpoint, ini = make(tmp_path / "c"), map_of(tmp_path, rules)
    sound = ckptfs.mount(checkpoint, map=ini)
    assert len(sound.read("model.index")) == (sound / "model.index").stat().st_size
    sound.unmount()

    path = damage_v(checkpoint, which)
    mount = ckptfs.mount(checkpoint, map=ini, foreground=True)
    for _ in range(3):
        assert is_unreadable(mount / "model.index")
    wait_until(lambda: mount.log_text().count("\n") == 1, "the one line")
    line = mount.log_text()
    assert line.startswith("ckptfs: v: ") or line.startswith("ckptfs: v ["), line
    assert os.path.basename(path) in line, line
    assert mount.stats()["index.failed"] == 1 or "strings" in case
    for name in "w", "u":  # all else is there
        assert case.startswith("V1") or not (mount / name).exists() or mount.read(name)
    assert mount.log_text() == line


@pytest.mark.parametrize("form", ["tf", "safetensors", "npy", "raw"])
@pytest.mark.parametrize("case", CASES)
def test_nothing_is_exported(tmp_path, case, form):
    make, rules = CASES[case]
    checkpoint, ini = make(tmp_path / "c"), map_of(tmp_path, rules)
    if "strings" in case and form == "safetensors":
        return  # it has none
    arguments = [TOOL, "export", "-q", "--format", form, "-m", ini, checkpoint]
    assert subprocess.run([*arguments, tmp_path / "sound"], stdout=subprocess.DEVNULL).returncode == 0
    damage_v(checkpoint, "middle")
    done = subprocess.run([*arguments, tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert " v: " in done.stderr or " v [" in done.stderr or "'v" in done.stderr, done.stderr
    assert not (tmp_path / "out").exists() or not [file for _, _, files in os.walk(tmp_path / "out") for file in files]


@pytest.mark.parametrize("options", [[], ["--text"], ["--text", "--limit", "2"]])
@pytest.mark.parametrize("case", CASES)
def test_nothing_is_printed(tmp_path, case, options):
    make, rules = CASES[case]
    checkpoint, ini = make(tmp_path / "c"), map_of(tmp_path, rules)
    name = "v/part_1" if "part" in case else "a/b" if "two targets" in case else "v"
    arguments = [TOOL, "cat", *options, "-m", ini, checkpoint, name]
    sound = subprocess.run(arguments, capture_output=True)
    assert (sound.returncode, sound.stderr) == (0, b"") and sound.stdout
    damage_v(checkpoint, "first")  # the part has none of it
    done = subprocess.run(arguments, capture_output=True)
    assert done.returncode == 1 and done.stdout == b"", done
    assert b" v: " in done.stderr or b" v [" in done.stderr or b"'v" in done.stderr, done.stderr


def test_what_is_large_is_verified_when_it_was_written(tmp_path):
    """Its first bytes do not wait for all of it, and the exit status tells."""
    block = bytes(range(256)) * 16
    bundle = bundle_of((b"big", INT8, [len(block) << 15], (block, 0)))
    del bundle.records[b"big"]
    count = 1 << 15
    content = block * count
    bundle.data[0] += content
    bundle.records[b"big"] = encoder.bundle_entry(INT8, [len(content)], 0, len(bundle.data[0]) - len(content), len(content),
                                                  encoder.masked_repeated(block, count))
    checkpoint = bundle.write(tmp_path / "c")
    command = [TOOL, "cat", checkpoint, "big"]
    done = subprocess.run(command, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout == content
    flip(f"{checkpoint}.data-00000-of-00001", len(bundle.data[0]) - 5)
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 1 and len(done.stdout) == len(content)
    assert b"what was written is not right, of 'big': big: checksum mismatch: stored " in done.stderr
    # Whoever wants the first values alone gets them.
    done = subprocess.run([TOOL, "cat", "--text", "--limit", "3", checkpoint, "big"], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"[0 1 2 ...]\n", b"")


def test_a_source_of_many_targets_is_verified_once(ckptfs, tmp_path):
    """And all of it is there to be read, with the same checksums as before."""
    rules = "\n".join(f"v = t{i} | cast float64" for i in range(40)) + "\nu = u"
    checkpoint, ini = plain(tmp_path / "c"), map_of(tmp_path, rules)
    mount = ckptfs.mount(checkpoint, map=ini)
    index = mount.read("model.index")
    path = tmp_path / "read.index"
    path.write_bytes(index)
    want = encoder.masked(struct.pack(f"<{COUNT}d", *range(COUNT)))
    sums = [dict(encoder.fields(record))[6] for key, record in encoder.read_table(path) if key.startswith(b"t")]
    assert sums == [want] * 40
    assert mount.stats()["tensors.verified"] == 1  # u is as it stands, with the checksum that it has


def test_an_identity_view_reads_no_data(ckptfs, tmp_path):
    """Its index has the stored checksums, and TensorFlow finds the damage by them."""
    checkpoint = plain(tmp_path / "c")
    damage_v(checkpoint, "middle")
    mount = ckptfs.mount(checkpoint, foreground=True)
    path = tmp_path / "read.index"
    path.write_bytes(mount.read("model.index"))
    stored = dict(encoder.read_table(f"{checkpoint}.index"))
    assert {key: dict(encoder.fields(record))[6] for key, record in encoder.read_table(path) if key} == {
        key: dict(encoder.fields(record))[6] for key, record in stored.items() if key}
    assert mount.stats()["tensors.verified"] == 0 and mount.log_text() == ""


def test_what_the_sums_found_is_known(ckptfs, tmp_path):
    """From then on no byte of the damaged tensor is given out."""
    checkpoint = plain(tmp_path / "c")
    damage_v(checkpoint, "middle")
    mount = ckptfs.mount(checkpoint, map=map_of(tmp_path, "v = v | cast float64\nv = same\nu = u"), foreground=True)
    assert is_unreadable(mount / "model.index")
    assert is_unreadable(mount / "same") and is_unreadable(mount / "v") and mount.read("u") == FLOATS
    assert mount.log_text().count("\n") == 1 and mount.stats()["tensors.damaged"] == 1
