# SPDX-License-Identifier: Apache-2.0
"""What is run with faults: commands of ckptool, and mounts of which every file is read. Each says what is wrong about an outcome.

A run is made once without a fault; whatever fails later, it has to end like that, or with an error that is told.
"""

import errno
import os
import re
import shutil
import subprocess
import time

from support.paths import BUILD, GOLDEN, ROOT

from .faults import PATIENCE, Hung, names_reason

UNMOUNT = ["umount"] if os.geteuid() == 0 else ["fusermount3", "-u"]
# What a read may fail with. The last where libfuse found no memory for a thread, and all begin anew: what they were at is dropped.
TRANSIENT = (errno.EIO, errno.ENOMEM, errno.ECONNABORTED)


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def files_below(folder):
    """{path: content} of all files, and {path: None} of all folders."""
    def fail(failure):
        raise failure

    found = {}
    for at, folders, names in os.walk(folder, onerror=fail):
        found.update({os.path.relpath(os.path.join(at, name), folder): None for name in folders})
        for name in names:
            found[os.path.relpath(os.path.join(at, name), folder)] = read_file(os.path.join(at, name))
    return found


class Command:
    """One command of ckptool. OUT among its arguments, or at the beginning of one, is a folder that it makes."""

    def __init__(self, *args):
        self.args = args

    def run(self, runner, fault):
        out = runner.tmp / "out"
        shutil.rmtree(out, ignore_errors=True)
        argv = [str(BUILD / "ckptool"), *(re.sub(r"^OUT\b", str(out), str(a)) for a in self.args)]
        status = runner.start(argv, fault).wait(PATIENCE)
        wrong = runner.wait_all() + ([f"ended by signal {-status}"] if status < 0 else [])
        stdout, stderr = runner.said()
        stdout = re.sub(rb"\d+\.\d+ (s|GiB/s|MiB/s|KiB/s)\b", b"TIME", stdout)
        stdout = re.sub(rb'"seconds": [\d.e-]+', b'"seconds": TIME', stdout)
        return {"status": status, "stdout": stdout, "stderr": stderr, "files": files_below(out) if out.exists() else {}, "wrong": wrong}

    def judge(self, clean, got, fault):
        wrong = list(got["wrong"])
        if got["status"] == clean["status"]:
            told = names_reason(got["stderr"], fault)
            if got["files"] != clean["files"]:
                wrong.append("files differ, with the status as it should be")
            # What is said of files that cannot be looked at, or where a file system or memory for words ends after an export.
            if got["stdout"] != clean["stdout"] and not (told and (fault.kind in ("read", "stat", "open") or got["files"])):
                wrong.append("stdout differs, with the status as it should be")
            lost = set(clean["stderr"].splitlines()) - set(got["stderr"].splitlines())
            if lost and not names_reason(got["stderr"], fault):
                wrong.append(f"warnings were lost: {lost}")
        else:
            if got["status"] not in (1, 2):
                wrong.append(f"status {got['status']}")
            if not names_reason(got["stderr"], fault):
                wrong.append("failed without the reason")
            if got["files"]:
                wrong.append(f"left behind: {sorted(got['files'])}")
        return wrong


class Completed(Command):
    """What a shell asks: where something fails there is less to offer, and nothing is said."""

    def judge(self, clean, got, fault):
        wrong = list(got["wrong"])
        if got["status"] not in (0, 1):
            wrong.append(f"status {got['status']}")
        if got["stderr"] and not names_reason(got["stderr"], fault):
            wrong.append("something is said")
        if not set(got["stdout"].splitlines()) <= set(clean["stdout"].splitlines()):
            wrong.append("something is offered that there is not")
        return wrong


class Mounted:
    """A mount: made, all files read, again where that fails, unmounted."""

    def __init__(self, *args, foreground=False):
        self.args, self.foreground = args, foreground
        self.files = {}  # as they are read without a fault

    def run(self, runner, fault):
        at = runner.tmp / "mnt"
        at.mkdir(exist_ok=True)
        got = {"status": 0, "stderr": "", "wrong": [], "reads": [], "differ": [], "told": ""}
        try:
            self.mount_and_read(runner, fault, at, got)
        except Hung:
            got["wrong"].append("hung")
            runner.kill_all()
        if os.path.ismount(at):
            got["wrong"].append("is still mounted")
            subprocess.run(["umount", "-l", at])
        got["stderr"] = runner.said()[1]
        return got

    def mount_and_read(self, runner, fault, at, got):
        before = os.stat(at).st_dev
        process = runner.start([str(BUILD / "ckptfs"), *["-f"] * self.foreground, *map(str, self.args), str(at)], fault)
        if self.foreground:
            while process.poll() is None and self.is_same(at, before):
                time.sleep(0.001)
            got["status"] = process.returncode or 0  # so far
        else:
            got["status"] = process.wait(PATIENCE)
        if not self.is_same(at, before):  # it is mounted
            try:
                self.read_all(at, got)
            finally:
                self.unmount(at, got)
        else:
            got["gone"] = "it has no mount"
        if self.foreground:
            got["status"] = process.wait(PATIENCE)
            if got["status"] < 0:
                got["wrong"].append(f"ended by signal {-got['status']}")
        got["wrong"] += runner.wait_all()

    @staticmethod
    def unmount(at, got):
        """What the kernel reads ahead may keep it busy for a moment."""
        for _ in range(100):
            done = subprocess.run([*UNMOUNT, at], capture_output=True, text=True)
            if done.returncode == 0 or not os.path.ismount(at):
                return
            time.sleep(0.02)
        got["wrong"].append(f"cannot be unmounted: {done.stderr}")

    @staticmethod
    def is_same(at, before):
        """Whether the directory is what it was before the mount."""
        try:
            return os.stat(at).st_dev == before
        except OSError:
            return False

    def read_all(self, at, got):
        if not self.files:
            self.files = {path: c for path, c in files_below(at).items() if path not in (".ckptfs/stats", ".ckptfs/faults")}
        for path, content in self.files.items():
            for attempt in range(3):
                try:
                    there = os.path.join(at, path)
                    found = sorted(os.listdir(there)) if content is None else read_file(there)
                    if content is not None and found != content:
                        got["differ"].append(path)
                    break
                except OSError as failure:
                    got["reads"].append((path, failure.errno))
                    if failure.errno not in TRANSIENT:
                        got["gone"] = f"{path}: {failure}"
                    elif attempt == 2:
                        got["stays"] = path
        for _ in range(2):
            try:
                got["told"] = read_file(os.path.join(at, ".ckptfs/faults")).decode()
                break
            except OSError as failure:
                got["told_not"] = failure.errno

    def judge(self, clean, got, fault):
        wrong = list(got["wrong"])
        # It may end where no memory comes back, or, in the foreground, before it is quite there; then it says so.
        if "gone" in got and fault.how != "from" and not got["status"]:
            wrong.append(got["gone"])
        # A report has the warnings that were printed.
        warned = names_reason(got["stderr"], fault)
        wrong += [f"{path} has other bytes" for path in got["differ"] if not (warned and path.startswith(".ckptfs/report."))]
        if got["status"]:
            if not names_reason(got["stderr"], fault):
                wrong.append("failed without the reason")
        elif got["reads"]:
            told = got["told"] + (got["stderr"] if self.foreground else "")
            if not told and not (fault.how == "from" and "told_not" in got):
                wrong.append(f"reads failed in silence: {got['reads']}")
            if "stays" in got and fault.how != "from":
                wrong.append(f"{got['stays']} does not recover: {told}")
        lost = set(clean["stderr"].splitlines()) - set(got["stderr"].splitlines())
        if not got["status"] and lost and not names_reason(got["stderr"], fault):
            wrong.append(f"warnings were lost: {lost}")
        return wrong


DEMO, SLICED, OBJECTS, STRINGS = (GOLDEN / name for name in ("demo", "sliced", "objects", "strings"))
V1, GRAPH = GOLDEN / "snappy_v1" / "v1_dtypes", GOLDEN / "graphs" / "plain" / "graph.meta"
KERAS = GOLDEN / "graphs" / "saved_model_keras" / "saved_model"
GRAPH_MAP = ROOT / "tests" / "faults" / "graph.ini"
RULES = ["-a", "/ = /", "-a", "table = cut | partition 5,1", "-a", "some_var = half | cast float16"]

RUNS = {
    "list": Command("list", OBJECTS),
    "list-json": Command("list", "--json", GOLDEN / "v1_sharded"),
    "list-safetensors": Command("list", GOLDEN / "safetensors" / "sharded"),
    "list-summary": Command("list", "--summary", DEMO, "some*"),
    "list-long": Command("list", "--long", "--sort", "size", OBJECTS),
    "list-depth": Command("list", "--depth", "2", "--json", DEMO),
    "complete": Completed("--complete", "cat", *RULES, DEMO, ""),
    "complete-map": Completed("--complete", "plan", "--map="),
    "plan": Command("plan", *RULES, DEMO),
    "plan-map": Command("plan", "--json", "-m", GOLDEN / "maps" / "mixed" / "map.ini", DEMO),
    "plan-ready-map": Command("plan", "-m", "bert-to-hf", GOLDEN / "bert"),
    "map-list": Command("map", "--list"),
    "plan-graph": Command("plan", "-m", GRAPH_MAP, "-g", GRAPH, DEMO),
    "plan-checkpoint": Command("plan", "-n", "friendly", "-a", "/ = /", "-g", OBJECTS, OBJECTS),
    "plan-saved-model": Command("plan", "-m", GRAPH_MAP, "-g", KERAS, OBJECTS),
    "cat": Command("cat", "--text", *RULES, DEMO, "half", "cut/part_1", "some_var"),
    "cat-strings": Command("cat", STRINGS, "words", "scalar"),
    "cat-npy": Command("cat", "--npy", *RULES, DEMO, "half", "cut"),
    "verify": Command("verify", SLICED),
    "verify-json": Command("verify", "--json", V1),
    "verify-v1": Command("verify", V1),
    "export-safetensors": Command("export", "--format", "safetensors", *RULES, DEMO, "OUT"),
    "export-file": Command("export", "--json", *RULES, DEMO, "OUT/below/x.safetensors"),
    "export-tf": Command("export", "--format", "tf", SLICED, "OUT"),
    "export-npy": Command("export", "--format", "npy", V1, "OUT"),
    "export-of-safetensors": Command("export", "--format", "tf", GOLDEN / "safetensors" / "torch", "OUT"),
    "mount-safetensors": Mounted("-o", "npy", GOLDEN / "safetensors" / "sharded"),
    "mount": Mounted("-o", "assign=/ = /,assign=table = cut | partition 5\\,1,assign=some_var = half | cast float16", DEMO),
    "mount-v1": Mounted("-o", "npy", V1),
    "mount-graph": Mounted("-o", "names=friendly", "-m", GRAPH_MAP, "-g", KERAS, OBJECTS),
    "mount-strings": Mounted("-o", "verify", STRINGS, foreground=True),
}
