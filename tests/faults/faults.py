# SPDX-License-Identifier: Apache-2.0
"""Runs a program with one call of its failing (shim.c), and finds out how all of its processes ended."""

import collections
import ctypes
import errno
import os
import signal
import struct
import subprocess
from pathlib import Path

from support.paths import BUILD

SHIM = BUILD / "tests" / "faultshim.so"
SANITIZED = BUILD.name in ("asan", "tsan")
PATIENCE = 60  # seconds that a run may take

KINDS = ["memory", "map", "read", "stat", "open", "write", "name", "thread", "process"]  # as in shim.c
# Which calls fail, for how long, and with what.
WAYS = [
    ("memory", "once", errno.ENOMEM),
    ("memory", "from", errno.ENOMEM),
    ("map", "once", errno.ENOMEM),
    ("read", "once", errno.EIO),
    ("read", "short", 0),
    ("stat", "once", errno.EIO),
    ("open", "once", errno.EMFILE),
    ("write", "once", errno.ENOSPC),
    ("write", "short", 0),
    ("name", "once", errno.EIO),
    ("thread", "once", errno.EAGAIN),
    ("process", "once", errno.ENOMEM),
]


# Call number `n` of that kind fails; 0: none does.
class Fault(collections.namedtuple("Fault", "kind how errno n")):
    def __str__(self):
        return f"{self.kind} {self.n}, {self.how}, {os.strerror(self.errno)}"


NONE = Fault("memory", "once", errno.ENOMEM, 0)


class Hung(BaseException):
    """The run did not come to its end in time."""


def hang(*_):
    raise Hung


def reap_orphans():
    """From now on what our children leave behind when they end is our child: daemons, too."""
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:  # PR_SET_CHILD_SUBREAPER
        raise OSError(ctypes.get_errno(), "prctl")
    signal.signal(signal.SIGALRM, hang)


class Runner:
    """Runs one program after the other, in a folder of its own."""

    def __init__(self, tmp):
        self.tmp = Path(tmp)
        self.tmp.mkdir(parents=True, exist_ok=True)
        self.counts = self.tmp / "counts"

    def environment(self, fault):
        self.counts.write_bytes(bytes(4096))
        options = f"detect_leaks=1:allocator_may_return_null=1:verify_asan_link_order=0:log_path={self.tmp}/sanitizer"
        return {
            **os.environ, "LC_ALL": "C.UTF-8", "LD_PRELOAD": str(SHIM), "FAULTS_FILE": str(self.counts),
            "FAULTS_KIND": fault.kind, "FAULTS_HOW": fault.how, "FAULTS_N": str(fault.n), "FAULTS_ERRNO": str(fault.errno),
            "ASAN_OPTIONS": options, "UBSAN_OPTIONS": f"print_stacktrace=1:log_path={self.tmp}/sanitizer",
        }  # fmt: skip

    def start(self, argv, fault):
        signal.alarm(PATIENCE)
        with open(self.tmp / "stdout", "wb") as out, open(self.tmp / "stderr", "wb") as err:
            return subprocess.Popen(argv, env=self.environment(fault), stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def said(self):
        """What was written to stdout, and to stderr."""
        return (self.tmp / "stdout").read_bytes(), (self.tmp / "stderr").read_bytes().decode(errors="replace")

    def calls(self):
        """(how many calls failed, {kind: how many calls there were})."""
        failed, *calls = struct.unpack_from(f"{1 + len(KINDS)}I", self.counts.read_bytes())
        return failed, dict(zip(KINDS, calls))

    def wait_all(self):
        """Until no child is left: what was wrong about how they ended."""
        wrong = []
        while True:
            try:
                _, status = os.wait()
                if os.WIFSIGNALED(status):
                    wrong.append(f"ended by signal {os.WTERMSIG(status)}")
            except ChildProcessError:
                break
        signal.alarm(0)
        for report in self.tmp.glob("sanitizer.*"):
            wrong.append(report.read_text(errors="replace"))
            report.unlink()
        return wrong

    def kill_all(self):
        """After a run that hung: ends what it has left."""
        signal.alarm(0)
        for child in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        self.wait_all()


def names_reason(stderr, fault):
    """Whether a line of ours says what has failed, in the words of the error or our own."""
    words = [os.strerror(fault.errno)] if fault.errno else []
    if fault.errno == errno.ENOMEM:
        # As pthread_create says it, and libfuse.
        words += ["out of memory", "no memory", os.strerror(errno.EAGAIN), "memory allocation failed", "failed to allocate"]
    if fault.kind == "thread":
        words += ["no thread"]
    return any(word in stderr for word in words)
