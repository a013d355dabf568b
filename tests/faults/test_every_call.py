# SPDX-License-Identifier: Apache-2.0
"""Every call that can fail does, one at a time, in every command and in mounts. No crash, no wrong byte, no silence; nothing is left behind.

FAULTS_SECONDS  for how long, divided among the runs (not given: all calls, some minutes)
FAULTS_SEED     which calls are drawn then (it is printed)
"""

import errno
import itertools
import multiprocessing
import os
import random
import time
import traceback

import pytest

from support.mounts import IS_ROOT

from .faults import NONE, SHIM, WAYS, Fault, Runner, reap_orphans
from .runs import RUNS

SECONDS = float(os.environ.get("FAULTS_SECONDS", 0))
SEED = int(os.environ.get("FAULTS_SEED", 0)) or random.randrange(1, 10**6)
JOBS = os.cpu_count()


def all_faults(calls):
    """Of each way, in an order drawn by the seed; one of each way after the other, so that whoever stops early has met them all."""
    drawn = random.Random(SEED)
    lists = [[Fault(*way, n + 1) for n in drawn.sample(range(calls[way[0]]), calls[way[0]])] for way in WAYS]
    return [fault for faults in itertools.zip_longest(*lists) for fault in faults if fault]


def count(run, runner):
    """One item: {kind: how many calls there are}, of a run that is as the one before it."""
    clean = run.run(runner, NONE)
    again = run.run(runner, NONE)
    wrong = run.judge(clean, again, NONE)
    assert clean["status"] == 0 and not wrong, (wrong, clean)
    yield runner.calls()[1]


def try_all(run, runner, faults, until):
    """Of each fault: (it, what is wrong, whether the run came as far as that, its status, what it said)."""
    clean = run.run(runner, NONE)
    for number, fault in enumerate(faults):
        if number <= len(WAYS) // JOBS or time.monotonic() < until:
            got = run.run(runner, fault)
            yield fault, run.judge(clean, got, fault), runner.calls()[0] > 0, got["status"], got["stderr"]


def in_process(context, what, *args):
    """Has a process send what `what` yields; it is the parent of all that the programs leave behind."""
    def run(pipe):
        try:
            reap_orphans()
            for item in what(*args):
                pipe.send(item)
            pipe.send(None)
        except BaseException:
            pipe.send(traceback.format_exc())

    end, pipe = context.Pipe(False)
    process = context.Process(target=run, args=(pipe,))
    process.start()
    pipe.close()
    return process, end


def received(process, end):
    items = []
    while (item := end.recv()) is not None:
        assert not isinstance(item, str), item
        items.append(item)
    process.join()
    return items


@pytest.mark.parametrize("name", RUNS)
def test_every_call(tmp_path, capsys, name):
    assert SHIM.exists(), f"{SHIM} is missing: make tests"
    context = multiprocessing.get_context("fork")
    [calls] = received(*in_process(context, count, RUNS[name], Runner(tmp_path / "count")))
    faults = all_faults(calls)
    until = time.monotonic() + (SECONDS / len(RUNS) if SECONDS else 3600)
    workers = [in_process(context, try_all, RUNS[name], Runner(tmp_path / str(i)), faults[i::JOBS], until) for i in range(JOBS)]
    done = [item for worker in workers for item in received(*worker)]
    wrong = [f"{fault}: {what}\n    status {status}, said: {said!r}" for fault, what, _, status, said in done if what]
    with capsys.disabled():
        print(f"\nnote: {name}: {sum(met for _, _, met, *_ in done)} faults of {len(faults)}" + f", seed {SEED}" * (SECONDS > 0))
    if wrong:
        pytest.fail(f"{len(wrong)} of {len(done)} faults:\n" + "\n".join(wrong), pytrace=False)


def looks(run, runner, most):
    """What is said where one of the first calls fails that look at a file."""
    for n in range(1, most + 1):
        yield {"said": run.run(runner, Fault("stat", "once", errno.EIO, n))["stderr"]}


@pytest.mark.parametrize(
    "name, words",
    [("mount", "/demo: cannot be looked at, so its owner is not known: "), ("export-tf", "/checkpoint: cannot be looked at: ")],
    ids=["mount", "export"],
)
def test_a_failed_look_is_told_with_its_path(tmp_path, name, words):
    if name == "mount" and not IS_ROOT:
        pytest.skip("whose a checkpoint is matters to root")
    said = received(*in_process(multiprocessing.get_context("fork"), looks, RUNS[name], Runner(tmp_path), 120))
    assert any(words + os.strerror(errno.EIO) in item["said"] for item in said), said
