# SPDX-License-Identifier: Apache-2.0
"""Whether both sides of a case say the same: a list of differences, and what was tolerated.

TensorFlow stops at its first error, but each rule was also given to it alone: a rule that it refuses must have an error of that
code and subject at its line of our map, and one that it takes must have none. Errors of the initializers are compared variable by
variable, both ways."""

import re

from . import dtypes, generate

# Where we differ from TensorFlow on purpose, because what it does is an accident of its implementation.
TOLERATED = {
    "resource-shape": "a scope rule makes a plain resource variable take the checkpoint's shape without a word (5.4); we say shape-mismatch",
    "dtype-cut": "TensorFlow has no kernel that cuts tensors of half and some more dtypes (2.10, E11); we serve the parts",
    "list-of-others": "any list of variables with slices can be given as objects; a list in a map is parts of one variable",
    "inferred-member": "without a graph, a variable that another rule makes is no reason for a scope rule to fail (E7): the checkpoint decides",
    "inferred-override": "without a graph, a rule whose target another rule assigns again shapes no variable, so nothing can disagree with it (E5, E12)",
    "inferred-scope": "without a graph, the target of a scope rule is a scope, also if another rule makes a variable of that name (E4)",
    "collected-plain": "a plain variable X/part_0 makes X a list of parts without slices (E12, or E4 and E7 of the wrong kind of rule); for us X is no variable",
}

CODES = {
    "E1": ["checkpoint-not-found"],
    "E2": ["checkpoint-not-found"],
    "E3": ["checkpoint-corrupt"],
    "E4": ["tensor-not-found"],
    "E5": ["shape-mismatch"],
    "E6": ["variable-not-found"],
    "E7": ["tensor-not-found"],
    "E9": ["dtype-mismatch"],
    "E10": ["shape-mismatch"],
}
ANYTHING = {"E8", "E12"}  # any error of ours will do
AT_RUN = {"shape-mismatch", "dtype-mismatch"}  # what TensorFlow may say only when the initializers run


class Comparison:
    def __init__(self, case, theirs, ours):
        self.case, self.theirs, self.ours = case, theirs, ours
        self.problems, self.tolerated = [], set()
        self.variables = {name: variable for variable in case["graph"] for name in generate.store_names(variable)}
        self.full = {variable["name"]: variable for variable in case["graph"]}

    def problem(self, text):
        self.problems.append(text)

    # ---- names

    def subjects(self, name):
        """What our errors may call a variable of the store: by its own name, or by that of all its parts."""
        variable = self.variables.get(name)
        return {name, variable["name"], self.read(name)} if variable else {name, name + "/"}

    def read(self, name):
        """The name that a variable of the store has for us: the file of a graph has that of its node, without the '/' of a slot."""
        return name.removesuffix("/") if self.case.get("form") in ("meta", "saved_model") else name

    def collected_plain(self, dst):
        """Does TensorFlow take this target for a list of plain variables?"""
        return isinstance(dst, str) and dst not in self.full and dst + "/part_0" in self.full

    def foreign_list(self, rule):
        if isinstance(rule["dst"], str):
            return False
        whole = {self.variables[name]["name"] for name in rule["dst"]}
        return len(whole) != 1 or len(set(rule["dst"])) != len(rule["dst"]) or len(rule["dst"]) < 2

    def last_rule(self, name):
        """The number of the rule that decides about a variable of the store, as far as targets tell: the last by source. Or None."""
        full = self.variables[name]["name"]

        def covers(rule):
            if isinstance(rule["dst"], list):
                return name in rule["dst"]
            if rule["dst"] in (name, full):
                return True
            return rule["src"].endswith("/") and name.startswith(rule["dst"][: rule["dst"].rfind("/") + 1].removeprefix("/"))

        found = [(rule["src"], number) for number, rule in enumerate(self.case["rules"]) if covers(rule)]
        return max(found)[1] if found else None

    # ---- values

    def compare_values(self, theirs, ours):
        for name in sorted(set(theirs) - set(ours)):
            self.problem(f"TensorFlow assigned {name!r}, the mount does not have it")
        for name in sorted(set(ours) - set(theirs)):
            self.problem(f"the mount has {name!r}, TensorFlow did not assign it")
        for name in sorted(set(ours) & set(theirs)):
            if ours[name] != theirs[name]:
                self.problem(f"{name!r}: TensorFlow has shape and bytes {show(theirs[name])}, the mount {show(ours[name])}")

    def check_mount(self):
        """What can be said of a mount without TensorFlow: the report is true."""
        report, values = self.ours["report"], self.ours["values"]
        if {target["path"] for target in report["targets"]} != self.ours["files"]:
            self.problem(f"the files of the mount are {sorted(self.ours['files'])}, the report has other targets")
        if len(values) != len(report["targets"]):
            self.problem("two targets of the report have one name")
        for target in report["targets"]:
            source = self.case["checkpoint"]["tensors"][target["sources"][0]]
            start = target["slice"]["start"] if "slice" in target else [0] * len(source["shape"])
            data = dtypes.cut(bytes.fromhex(source["hex"]), source["dtype"], source["shape"], start, target["shape"])
            found = values[f"{target['variable']}/{target['path'].rsplit('/', 1)[1]}" if "slice" in target else target["variable"]][1]
            if data != found or len(data) != target["bytes"]:
                self.problem(f"{target['path']!r} holds {found.hex()[:80]}, its source as the report has it {data.hex()[:80]}")
        for one in report["overridden"]:
            if one["rule"] == one["by"]:
                self.problem(f"the report says that {one['path']!r} is overridden by its own rule {one['rule']}")

    # ---- errors

    def line_errors(self, number):
        return [error for error in self.ours["errors"] if error["line"] == self.ours["lines"][number]]

    def rule_refused(self, number, error):
        """TensorFlow refuses this rule: do we, and for the same reason?"""
        rule, mine = self.case["rules"][number], self.line_errors(number)
        if error["id"] in ANYTHING:
            if not mine:
                self.problem(f"rule {rule}: TensorFlow says {error['id']} {error['text']!r}, we have no error")
            return
        if mine and self.foreign_list(rule):
            self.tolerated.add("list-of-others")
            return
        if mine and self.collected_plain(rule["dst"]):
            self.tolerated.add("collected-plain")
            return
        subjects = {
            "E4": {rule["src"]}, "E6": {rule["dst"]} if isinstance(rule["dst"], str) else set(),
            "E5": self.subjects(error["subject"] or ""), "E7": {error["subject"]},
        }.get(error["id"])
        codes = CODES.get(error["id"])
        if not codes or subjects is None:
            self.problem(f"rule {rule}: TensorFlow's error is of no known class: {error}")
        elif not any(e["code"] in codes and e["subject"] in subjects for e in mine):
            self.problem(f"rule {rule}: TensorFlow says {error['id']} of {sorted(subjects)}, we say {brief(mine)}")

    def rule_taken(self, number):
        """TensorFlow takes this rule, if it is alone; what its initializers would say is not known."""
        rule, mine = self.case["rules"][number], self.line_errors(number)
        if mine and self.foreign_list(rule):
            self.tolerated.add("list-of-others")
            return
        wrong = [error for error in mine if error["code"] not in AT_RUN]
        if wrong:
            self.problem(f"rule {rule}: TensorFlow takes it, we say {brief(wrong)}")

    def compare_call(self):
        first, mine = self.theirs["call"], self.ours.get("errors")
        if mine is None and self.case.get("inferred") and self.only_inferred():
            return
        if mine is None:
            self.problem(f"TensorFlow says {first['id']} {first['text']!r}, we mount")
        elif self.refused_lists(mine):
            self.tolerated.add("list-of-others")
        elif first["id"] in ("E1", "E2", "E3"):
            if not any(error["code"] in CODES[first["id"]] for error in mine):
                self.problem(f"TensorFlow says {first['id']} {first['text']!r}, we say {brief(mine)}")
        else:
            if not self.theirs["rules"]:
                self.problem(f"the call fails with {first}, but no rule alone does")
            for number in range(len(self.case["rules"])):
                if number in self.theirs["rules"]:
                    self.rule_refused(number, self.theirs["rules"][number])
                else:
                    self.rule_taken(number)
            self.no_strays(mine)

    def only_inferred(self):
        """Are TensorFlow's errors those that a graph makes which nobody declared?"""
        overridden = {one["rule"].rpartition(":")[2] for one in self.ours["report"]["overridden"]}
        for number, error in self.theirs["rules"].items():
            if error["id"] == "E7":
                self.tolerated.add("inferred-member")
            elif error["id"] == "E4" and self.case["rules"][number]["src"].endswith("/"):
                self.tolerated.add("inferred-scope")
            elif error["id"] in ("E5", "E12") and str(self.ours["lines"][number]) in overridden:
                self.tolerated.add("inferred-override")
            else:
                return False
        return True

    def refused_lists(self, mine):
        """Is all that we say that lists are not what a map can have? Then the rest of the map was not looked at."""
        lists = {self.ours["lines"][i] for i, rule in enumerate(self.case["rules"]) if self.foreign_list(rule)}
        return bool(mine) and all(error["code"] == "map-syntax" and error["line"] in lists for error in mine)

    def no_strays(self, mine):
        strays = [error for error in mine if error["line"] not in self.ours["lines"]]
        if strays:
            self.problem(f"errors of no rule: {brief(strays)}")

    def reshaped(self, name):
        """Did TensorFlow let this variable change its shape?"""
        variable = self.variables[name]
        shape, value = variable["shape"], self.theirs["values"].get(name)
        return (value is not None and not variable["partition"] and shape is not None and
                (len(shape) != len(value[0]) or any(a is not None and a != b for a, b in zip(shape, value[0]))))

    def compare_run(self):
        """The call passed. Every error of an initializer is one of ours, and every one of ours is one of an initializer."""
        theirs, mine = self.theirs["errors"], self.ours.get("errors")
        served = {name for name, error in theirs.items() if error["id"] == "E11" and "not supported" in error["text"]}
        if served:
            self.tolerated.add("dtype-cut")
        wanted = {}
        for name, error in theirs.items():
            if name not in served:
                wanted[name] = (CODES.get(error["id"], [f"something for {error}"]), error)
        reshaped = {name for name in self.theirs["values"] if self.reshaped(name)}
        for name in reshaped:
            self.tolerated.add("resource-shape")
            wanted[name] = (["shape-mismatch"], {"id": "(resource variable of another shape)", "text": ""})
        if mine is None:
            for name, (codes, error) in sorted(wanted.items()):
                self.problem(f"{name!r}: TensorFlow says {error['id']} {error['text']!r}, we mount")
            stored = {self.read(name): name for name in self.variables}
            values = {stored.get(name, name): value for name, value in self.ours["values"].items()}
            for name in served:
                if values.pop(name, None) is None:
                    self.problem(f"{name!r}, which TensorFlow cannot cut, is not in the mount")
            self.compare_values({n: v for n, v in self.theirs["values"].items() if n not in reshaped},
                                {n: v for n, v in values.items() if n not in wanted})
            return
        lists = {self.ours["lines"][i] for i, rule in enumerate(self.case["rules"]) if self.foreign_list(rule)}
        refused = {error["line"] for error in mine} & lists
        left = [error for error in mine if error["line"] not in lists]
        if len(left) < len(mine):
            self.tolerated.add("list-of-others")
            if self.refused_lists(mine):
                return
        for name, (codes, error) in sorted(wanted.items()):
            matching = [e for e in left if e["code"] in codes and e["subject"] in self.subjects(name)]
            number = self.last_rule(name)
            if not matching and number is not None and self.ours["lines"][number] in refused:
                continue  # the list that assigns it is no list here, so that nothing assigns it
            if not matching:
                self.problem(f"{name!r}: TensorFlow says {error['id']} {error['text']!r}, we say {brief(left)}")
        explained = [(code, subject) for name, (codes, _) in wanted.items() for code in codes for subject in self.subjects(name)]
        # Where TensorFlow dies of the dtype before it compares shapes, ours may say that the shapes differ.
        explained += [("shape-mismatch", subject) for name in served for subject in self.subjects(name)]
        spurious = [e for e in left if (e["code"], e["subject"]) not in explained]
        if spurious:
            self.problem(f"TensorFlow has no such error: {brief(spurious)}")

    def run(self):
        if "crash" in self.ours:
            self.problem(self.ours["crash"])
            return
        if "report" in self.ours:
            self.check_mount()
        if "call" in self.theirs:
            self.compare_call()
        else:
            self.compare_run()


def show(value):
    return f"{value[0]} {value[1].hex()[:64]}"


def brief(errors):
    return [(error["line"], error["code"], error["subject"], re.sub(r"/\S*/map\.ini", "map.ini", error["message"])[:140]) for error in errors]


def compare(case, theirs, ours):
    """(differences, names of TOLERATED that were needed)"""
    comparison = Comparison(case, theirs, ours)
    comparison.run()
    return comparison.problems, comparison.tolerated
