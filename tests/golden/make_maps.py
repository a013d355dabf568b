#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden maps of tests/golden/maps: each with what a real init_from_checkpoint assigns.

    "$(scripts/venv)/bin/python" tests/golden/make_maps.py [--out DIR]

They are maps for the checkpoint of `demo`, which make_checkpoints.py makes, and for which they look beside their own folder. See make_map for
their truth.json.
"""

import re

from golden import Cases, entry, session, v1, write_json

import tensorflow as tf

case = Cases()

# Each with a map and the graph that it is applied to: None if the map has a [variables] section, which then is the graph;
# otherwise the variables that the map implies, in the same notation.
MAPS = {
    "one_to_one": (
        """
        [assignment_map]
        some_var = test/my_var
        global_step = step
        some_scope/layer/bias = some_scope/layer/bias
        """,
        """
        test/my_var = float32 [10, 4]
        step = int64 []
        some_scope/layer/bias = float32 [5]
        """,
    ),
    "scope_to_scope": (
        """
        [assignment_map]
        some_scope/ = test2/
        """,
        """
        test2/var1 = float32 [10, 4]
        test2/layer/kernel = float32 [6, 5]
        test2/layer/bias = float32 [5]
        """,
    ),
    "root_to_scope": (
        """
        [assignment_map]
        / = backup/
        """,
        """
        backup/some_var = float32 [10, 4]
        backup/some_var/Adam = float32 [10, 4]
        backup/some_scope/var1 = float32 [10, 4]
        backup/some_scope/layer/kernel = float32 [6, 5]
        backup/some_scope/layer/bias = float32 [5]
        backup/table = float32 [11, 3]
        backup/global_step = int64 []
        """,
    ),
    "scope_to_root": (
        """
        [assignment_map]
        some_scope/ = /
        """,
        """
        var1 = float32 [10, 4]
        layer/kernel = float32 [6, 5]
        layer/bias = float32 [5]
        """,
    ),
    "root_to_root": (
        """
        [assignment_map]
        / = /

        [variables]
        table = float32 [11, 3] | partition 4,1
        some_scope/layer/kernel = float32 [6, 5]
        """,
        None,
    ),
    "partition": (
        """
        [assignment_map]
        table = embedding | partition 5,1
        """,
        """
        embedding = float32 [11, 3] | partition 5,1
        """,
    ),
    "partition_axis_1": (
        """
        [assignment_map]
        some_var = wide | partition 1,3
        some_scope/layer/kernel = test/kernel | partition 1,2
        """,
        """
        wide = float32 [10, 4] | partition 1,3
        test/kernel = float32 [6, 5] | partition 1,2
        """,
    ),
    "partition_eleven": (
        """
        ; part_10 sorts before part_2
        [assignment_map]
        table = rows | partition 11,1
        some_var = whole | partition 1,1
        """,
        """
        rows = float32 [11, 3] | partition 11,1
        whole = float32 [10, 4] | partition 1,1
        """,
    ),
    "part_list": (
        """
        [assignment_map]
        table = left/part_0, left/part_1, left/part_2
        """,
        """
        left = float32 [11, 3] | partition 3,1
        """,
    ),
    "part_list_shuffled": (
        """
        [assignment_map]
        table = a/left/part_2, a/left/part_0, a/left/part_3, a/left/part_1
        """,
        """
        a/left = float32 [11, 3] | partition 4,1
        """,
    ),
    "part_list_declared": (
        """
        ; which axis is cut, only the declaration says
        [assignment_map]
        some_var = left/part_0, left/part_1

        [variables]
        left = float32 [10, 4] | partition 1,2
        """,
        None,
    ),
    "override_sorted": (
        """
        ; the order is that of the sources, not of the lines: some_var/Adam comes after some_var
        [assignment_map]
        some_var/Adam = test/x
        some_var = test/x
        some_var = test/y
        some_scope/var1 = test/y
        """,
        """
        test/x = float32 [10, 4]
        test/y = float32 [10, 4]
        """,
    ),
    "override_by_name": (
        """
        ; some_var sorts after some_scope/: here the single name wins
        [assignment_map]
        some_var = test/var1
        some_scope/ = test/
        """,
        """
        test/var1 = float32 [10, 4]
        test/layer/kernel = float32 [6, 5]
        test/layer/bias = float32 [5]
        """,
    ),
    "override_by_scope": (
        """
        ; some_scope/var1 sorts before some_var/: here the scope wins over the single name
        [assignment_map]
        some_scope/var1 = out/Adam
        some_var/ = out/
        """,
        """
        out/Adam = float32 [10, 4]
        """,
    ),
    "shared_source": (
        """
        [assignment_map]
        some_var = first
        some_var = second/copy
        some_var = third | partition 3,1
        some_scope/ = left/
        some_scope/ = right/deep/
        """,
        """
        first = float32 [10, 4]
        second/copy = float32 [10, 4]
        third = float32 [10, 4] | partition 3,1
        left/var1 = float32 [10, 4]
        left/layer/kernel = float32 [6, 5]
        left/layer/bias = float32 [5]
        right/deep/var1 = float32 [10, 4]
        right/deep/layer/kernel = float32 [6, 5]
        right/deep/layer/bias = float32 [5]
        """,
    ),
    "variables": (
        """
        [assignment_map]
        some_var = test/my_var
        some_scope/ = test2/

        [variables]
        test/my_var = float32 [10, 4]
        test2/layer/kernel = float32 [6, 5]
        test2x/var1 = float32 [10, 4]   ; not in the scope test2/
        untouched = int64 []
        """,
        None,
    ),
    "scope_partitioned": (
        """
        [assignment_map]
        some_scope/ = test2/

        [variables]
        test2/var1 = float32 [10, 4] | partition 3,1
        test2/layer/kernel = float32 [6, 5] | partition 1,2
        test2/layer/bias = float32 [5]
        """,
        None,
    ),
    "root_partitioned": (
        """
        [assignment_map]
        / = model/

        [variables]
        model/table = float32 [11, 3] | partition 2,1
        model/some_scope/layer/bias = float32 [5] | partition 3
        model/some_scope/var1 = float32 [10, 4]
        model/global_step = int64 []
        """,
        None,
    ),
    "mixed": (
        """
        [assignment_map]
        table = embed/table | partition 5,1
        some_scope/ = body/
        some_scope/layer/bias = head/bias
        some_var/Adam = tail/part_1, tail/part_0
        some_var = body/var1
        global_step = step

        [variables]
        embed/table = float32 [11, 3] | partition 5,1
        body/var1 = float32 [10, 4] | partition 1,3
        body/layer/kernel = float32 [6, 5]
        body/layer/bias = float32 [5] | partition 2
        head/bias = float32 [5]
        tail = float32 [10, 4] | partition 2,1
        step = int64 []
        """,
        None,
    ),
}


def dedent(text):
    return "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"


def read_map(text):
    """The rules and the variables of a map, enough of the language for the maps above."""
    section, rules, variables = None, [], []
    for line in text.splitlines():
        line = re.sub(r"(^|\s)[;#].*", "", line).strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            left, right = (part.strip() for part in line.split("=", 1))
            if section == "assignment_map":
                rules.append((left, [name.strip() for name in right.split("|")[0].split(",")]))
            else:
                variables.append((left, right))
    return rules, variables


def read_variable(text):
    """`float32 [10, 4] | partition 5,1` as dtype, shape and partition (None if there is none)."""
    found = re.fullmatch(r"(\w+) \[([^\]]*)\](?:\s*\|\s*partition ([\d,]+))?", text)
    numbers = [[int(n) for n in (found[i] or "").replace(" ", "").split(",") if n] for i in (2, 3)]
    return tf.as_dtype(found[1]), numbers[0], numbers[1] or None


def view_paths(names):
    """Where the mount has each variable: below a name that is itself a plain variable, its children are in NAME.d/."""

    def path(name):
        parts, out = name.split("/"), []
        for i, part in enumerate(parts):
            leaf_here = i + 1 < len(parts) and "/".join(parts[: i + 1]) in names
            out.append(part + ".d" if leaf_here else part)
        return "/".join(out)

    return {name: path(name) for name in names}


def make_map(directory, text, graph):
    """Run the map through init_from_checkpoint and write down what the variables hold afterwards.

    truth.json: `targets`, one for each variable (or part) that a rule assigns; `unassigned`, the variables that keep their
    initial value; `assignment_map`, the pairs as TensorFlow got them."""
    text = dedent(text)
    directory.mkdir(parents=True)
    (directory / "map.ini").write_text(text)
    rules, declared = read_map(text)
    if graph is not None:
        if declared:
            raise SystemExit(f"{directory.name}: two graphs")
        _, declared = read_map("[variables]\n" + dedent(graph))
    checkpoint = "../../demo/model.ckpt-1000"

    with tf.Graph().as_default(), session() as sess:
        variables, untouched = {}, -77  # a value that no tensor of the checkpoint has
        for name, description in declared:
            dtype, shape, partition = read_variable(description)
            more = {"partitioner": lambda shape, dtype, counts=partition: counts} if partition else {}
            made = v1.get_variable(name, shape, dtype, v1.constant_initializer(untouched), **more)
            variables[name] = list(made) if partition else made
        pairs = []
        for source, targets in rules:
            if len(targets) == 1:
                pairs.append((source, targets[0]))
            else:  # a list of parts is a list of variables
                full = {target.rsplit("/part_", 1)[0] for target in targets}
                (full,) = full
                pairs.append((source, [variables[full][int(target.rsplit("_", 1)[1])] for target in targets]))
        v1.train.init_from_checkpoint(str(directory / checkpoint), pairs)
        sess.run(v1.global_variables_initializer())

        targets, unassigned = [], []
        plain = {name for name, value in variables.items() if not isinstance(value, list)}
        paths = view_paths(plain)
        for name, made in variables.items():
            for number, part in enumerate(made if isinstance(made, list) else [made]):
                value = sess.run(part)
                path = f"{name}/part_{number}" if isinstance(made, list) else paths[name]
                if (value == untouched).all():
                    unassigned.append(name)
                    continue
                target = {"path": path, "variable": name, **entry(name, value)}
                del target["name"]
                targets.append(target)

    if graph is not None and unassigned:
        raise SystemExit(f"{directory.name}: the map does not imply {unassigned}")
    names = [[source, target if len(target) > 1 else target[0]] for source, target in rules]
    head = {"checkpoint": checkpoint, "assignment_map": names, "unassigned": sorted(set(unassigned))}
    rows = sorted(targets, key=lambda target: target["path"].encode())
    write_json(directory / "truth.json", head, "targets", rows)


@case
def case_maps(directory):
    """init_from_checkpoint itself, on the checkpoint of `demo`, which must have been made before."""
    for name, (text, graph) in MAPS.items():
        make_map(directory / name, text, graph)


if __name__ == "__main__":
    case.main("Make the golden maps with TensorFlow's init_from_checkpoint.")
