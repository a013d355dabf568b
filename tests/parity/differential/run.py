#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs random cases against TensorFlow: run.py [N [SEED]], or run.py --replay FOLDER.

A case that fails is kept in build/parity (--keep) with its checkpoint, map, graph, options and case.json, and can be replayed.
SLICED=0 in the environment saves no tensor in slices."""

import argparse
import collections
import concurrent.futures
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from parity.differential import ckptfs_side, compare, generate, tensorflow_side

KEEP = ckptfs_side.ROOT / "build" / "parity"


class Runner:
    """Runs cases in a scratch folder; checkpoints that several cases share are written once."""

    def __init__(self, keep=KEEP):
        self.scratch = Path(tempfile.mkdtemp(prefix="parity-"))
        self.keep, self.shared = Path(keep), (None, None)
        self.worker = concurrent.futures.ThreadPoolExecutor(1)
        self.counts = collections.Counter()

    def close(self):
        self.worker.shutdown()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def checkpoint(self, case):
        key = json.dumps(case["checkpoint"]["tensors"], sort_keys=True)
        if self.shared[0] != key:
            folder = Path(tempfile.mkdtemp(dir=self.scratch)) / "checkpoint"
            self.shared = (key, tensorflow_side.write_checkpoint(case["checkpoint"], folder))
        return self.shared[1]

    def run(self, case):
        """The differences, as lines of text."""
        prefix = self.checkpoint(case)
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        path = tensorflow_side.spoilt_checkpoint(case["checkpoint"]["form"], prefix, folder)
        if case.get("inferred"):
            self.counts["inferred"] += 1
            theirs, ours, case = self.run_inferred(case, path, ckptfs_side.run(case, path, folder))
        else:
            theirs, ours = self.run_declared(case, path, folder)
        if "invalid" in theirs:
            self.counts["(no graph of TensorFlow)"] += 1
            problems = []
        else:
            try:
                problems, tolerated = compare.compare(case, theirs, ours)
            except (KeyError, IndexError, TypeError, ValueError) as error:  # a report that is not what it should be
                problems, tolerated = [f"the comparison fails: {type(error).__name__} {error}"], set()
            self.count(case, theirs, tolerated)
        if problems:
            self.keep_case(case, prefix, folder / "graph", ours, problems)
        shutil.rmtree(folder, ignore_errors=True)
        return problems

    def run_declared(self, case, path, folder):
        """Both sides at once, as soon as TensorFlow has made the graph, and written it if the form is a file."""
        form, mine = case.get("form", "variables"), []

        def start(store):
            graph = tensorflow_side.export_graph(form, store, folder / "graph") if form in generate.FILES else None
            mine.append(self.worker.submit(ckptfs_side.run, case, path, folder, graph))

        theirs = tensorflow_side.run(case, path, start)
        return theirs, mine[0].result() if mine else None

    def run_inferred(self, case, path, ours):
        """TensorFlow gets the graph that we inferred. What it says to a map that we refuse is not known."""
        if "report" not in ours:
            return {"invalid": str(ours.get("errors"))} if "errors" in ours else {"values": {}, "errors": {}}, ours, case
        case = {**case, "graph": generate.graph_of(ours["report"])}
        return tensorflow_side.run(case, path), ours, case

    def count(self, case, theirs, tolerated):
        self.counts["cases"] += 1
        if not case.get("inferred"):
            self.counts[f"form {case.get('form', 'variables')}"] += 1
        self.counts.update(f"tolerated {name}" for name in tolerated)
        if "call" in theirs:
            self.counts.update({error["id"] for error in [theirs["call"], *theirs["rules"].values()]})
        elif theirs["errors"]:
            self.counts.update({error["id"] for error in theirs["errors"].values()})
        else:
            self.counts["without an error"] += 1
            self.counts["variables"] += len(theirs["values"])

    def keep_case(self, case, prefix, graph, ours, problems):
        case = {**case, "graph": []} if case.get("inferred") else case
        folder = self.keep / case["id"]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copytree(prefix.parent, folder / "checkpoint")
        if graph.exists():
            shutil.copytree(graph, folder / "graph")
        (folder / "options.txt").write_text("\n".join(ours["options"]) + "\n", encoding="utf-8")
        (folder / "map.ini").write_text(ours["map"], encoding="utf-8")
        (folder / "case.json").write_text(json.dumps(case, indent=1), encoding="utf-8")
        (folder / "differences.txt").write_text("\n".join(problems) + "\n", encoding="utf-8")


def heading(runner, case):
    mistakes = ", ".join(case["mistakes"]) or "none"
    return f"{runner.keep / case['id']} (deliberate mistakes: {mistakes}; graph: {case.get('form', 'inferred')})"


def replayed(folder):
    """A kept case; its checkpoint is written again from case.json."""
    return json.loads((Path(folder) / "case.json").read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description="ckptfs against TensorFlow's init_from_checkpoint, on random cases")
    parser.add_argument("n", nargs="?", type=int, default=300, help="how many cases (300)")
    parser.add_argument("seed", nargs="?", default="1", help="any text (1)")
    parser.add_argument("--keep", default=KEEP, help="where failing cases go (build/parity)")
    parser.add_argument("--replay", metavar="FOLDER", help="run one kept case again")
    given = parser.parse_args()
    sliced = os.environ.get("SLICED") != "0"
    failed, start = 0, time.monotonic()
    with Runner(given.keep) as runner:
        cases = [replayed(given.replay)] if given.replay else (generate.case_of(given.seed, i, sliced) for i in range(given.n))
        for case in cases:
            problems = runner.run(case)
            if problems:
                failed += 1
                print(heading(runner, case))
                for problem in problems:
                    print(f"    {problem}")
        for name, count in sorted(runner.counts.items()):
            print(f"{count:8} {name}")
    print(f"{failed} of {runner.counts['cases']} cases differ, {time.monotonic() - start:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
