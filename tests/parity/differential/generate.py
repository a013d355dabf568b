# SPDX-License-Identifier: Apache-2.0
"""Random cases. The same seed and number make the same case, whatever was made before it.

First comes a checkpoint, shared by a few cases. Then rules that fit it, with the variables that they need; then more
variables; and in half of the cases a mistake or two, each of a class of its own."""

import random
import re

from . import dtypes

MAPS_PER_CHECKPOINT = 5

# Scopes that begin like one another, with and without a border between components, and what sorts around '/'.
SCOPES = ["", "a/", "ab/", "a/b/", "a_1/", "a-b/", "a.b/", "b/a/", "part_a/", "a/part_0x/"]
LEAVES = ["w", "w1", "b", "w/Adam", "w/Adam_1", "t", "c/w", "c/t", "part_of_speech/w", "x.y", "emb/part_x", "beta"]
TARGET_SCOPES = ["", "a/", "ab/", "a/b/", "m/", "m/a/", "m_1/", "m-1/", "m.x/", "mm/", "m/b/"]

# Keys that a checkpoint can have and no variable; the map has to write some of their characters in another way.
ODD = ["two words", "k=v", "a:0", "x//y", "/lead", "trail/", "\u00fc/w", "100%", "%41", "#c", ";d", "[b]", "{i}/w", "a,b", "w@x", "..",
       "a/../b", ".hidden", "q|r", "st*r", "w?", " edge ", "tab\there", "%", "a/%/b", "new\nline"]
LEGAL = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*\Z")  # what TensorFlow lets a variable be called


class Names:
    """The variable store to be: TensorFlow has rules about which names can be in it together."""

    def __init__(self):
        self.variables, self.store = {}, set()

    def fits(self, name, parts):
        if any(known.lower() == name.lower() for known in self.variables):
            return False
        own = [name] if not parts else [f"{name}/part_{i}" for i in range(parts)]
        if any(one in self.store or one.rstrip("/") in self.variables or one + "/" in self.store for one in own):
            return False
        return parts != 0 or name + "/part_0" not in self.store

    def add(self, variable):
        parts = part_count(variable)
        if not self.fits(variable["name"], parts):
            return False
        self.variables[variable["name"]] = variable
        self.store.update(store_names(variable))
        return True


def part_count(variable):
    """0 for a plain variable."""
    return dtypes.elements(variable["partition"]) if variable["partition"] else 0


def store_names(variable):
    parts = part_count(variable)
    return [f"{variable['name']}/part_{i}" for i in range(parts)] if parts else [variable["name"]]


# ---- checkpoints ----------------------------------------------------------------------------------------------------


def random_shape(rng):
    rank = rng.choice([0, 1, 1, 2, 2, 2, 3])
    shape = [rng.randint(1, 12) if rank < 3 else rng.randint(1, 5) for _ in range(rank)]
    if rank and rng.random() < 0.06:
        shape[rng.randrange(rank)] = 0
    return shape


def random_partition(rng, shape):
    """Counts for each axis, one of them above 1 if there is room; None for what cannot be cut."""
    if not shape or 0 in shape:
        return None
    counts = [1] * len(shape)
    axis = rng.randrange(len(shape))
    counts[axis] = rng.choice([1, 2, 3, shape[axis], rng.randint(1, shape[axis])])
    counts[axis] = min(counts[axis], shape[axis])
    return counts


def random_dtype(rng):
    return rng.choice(["float32", "float32", "int32", rng.choice(list(dtypes.SIZES))])


def checkpoint(rng, sliced):
    tensors = {}
    scopes = rng.sample(SCOPES, rng.randint(1, 3))
    leaves = rng.sample(LEAVES, rng.randint(2, 4))
    names = [scope + leaf for scope in scopes for leaf in leaves]
    rng.shuffle(names)
    names = names[: rng.randint(2, 8)]
    if rng.random() < 0.25:
        names += rng.sample(ODD, rng.randint(1, 3))
    for name in names:
        dtype, shape = random_dtype(rng), random_shape(rng)
        if tensors and rng.random() < 0.5:  # so that one can take the place of another
            like = rng.choice(list(tensors.values()))
            dtype, shape = like["dtype"], like["shape"]
        elif rng.random() < 0.08:
            shape = [11 + rng.randint(0, 3)] + shape[:1]  # for part_10 and more
        tensor = {"dtype": dtype, "shape": shape, "hex": dtypes.random_bytes(rng, dtype, shape).hex()}
        if sliced and rng.random() < 0.4:
            tensor["slices"] = random_partition(rng, shape)
        tensors[name] = tensor
    return {"tensors": tensors, "shards": rng.choice([1, 1, 1, 2]), "form": "prefix"}


# ---- variables and rules ---------------------------------------------------------------------------------------------


def variable_like(rng, name, tensor):
    """A variable that `tensor` can be assigned to."""
    dtype, shape = tensor["dtype"], list(tensor["shape"])
    if not LEGAL.match(name) or "//" in name:
        return None
    kinds = [kind for kind, known in dtypes.KINDS.items() if dtype in known]
    if not kinds:
        return None
    variable = {"name": name, "dtype": dtype, "shape": shape, "partition": None, "kind": rng.choice(kinds)}
    roll = rng.random()
    if name.endswith("/"):
        return variable  # a slot: whole, and of a known shape
    if roll < 0.35:
        variable["partition"] = random_partition(rng, shape)
        if shape and shape[0] >= 11 and rng.random() < 0.6:
            variable["partition"] = [11] + [1] * (len(shape) - 1)
    elif roll < 0.43 and shape:
        variable["shape"] = [None if rng.random() < 0.5 else size for size in shape]
        if None in variable["shape"] and (variable["kind"] == "reference" or rng.random() < 0.2):
            variable["shape"] = None  # reference variables know all dimensions or not even the rank
    elif roll < 0.46:
        variable["name"] += "/"  # as the slots of an optimizer are named in the store
    return variable


def members(case, scope):
    return [name for name in case["checkpoint"]["tensors"] if scope == "/" or name.startswith(scope)]


class Builder:
    def __init__(self, rng, case):
        self.rng, self.case, self.names = rng, case, Names()
        self.tensors = case["checkpoint"]["tensors"]

    def add(self, variable):
        return variable is not None and self.names.add(variable)

    def rule(self, src, dst, **more):
        self.case["rules"].append({"src": src, "dst": dst, **more})

    def target(self):
        return self.rng.choice(TARGET_SCOPES) + self.rng.choice(LEAVES + ["new", "x/y"])

    def one(self):
        """A variable, by its name or as a list of its parts, of all or some."""
        rng = self.rng
        src = rng.choice(list(self.tensors))
        variable = variable_like(rng, self.target(), self.tensors[src])
        if not self.add(variable):
            return
        dst, parts = variable["name"], part_count(variable)
        if parts > 1 and rng.random() < 0.3:
            dst = store_names(variable)
            rng.shuffle(dst)
            self.rule(src, dst[:rng.randint(2, parts)])
        elif parts and rng.random() < 0.2:
            self.rule(src, dst, partition=variable["partition"])
        elif not parts and rng.random() < 0.15:
            self.rule(src, dst, object=True)
        else:
            self.rule(src, dst)

    def part(self):
        """A part as a target of its own gets the whole source."""
        rng = self.rng
        src = rng.choice(list(self.tensors))
        variable = variable_like(rng, self.target(), self.tensors[src])
        if not variable or not variable["shape"] or None in variable["shape"] or variable["name"].endswith("/"):
            return
        count, axis = rng.randint(1, 3), rng.randrange(len(variable["shape"]))
        if variable["shape"][axis] == 0:
            return
        variable["shape"][axis] *= count
        variable["partition"] = [count if i == axis else 1 for i in range(len(variable["shape"]))]
        if 0 not in variable["shape"] and self.add(variable):
            self.rule(src, f"{variable['name']}/part_{rng.randrange(count)}")

    def scope(self):
        rng = self.rng
        borders = {"/"} | {name[: i + 1] for name in self.tensors for i, c in enumerate(name) if c == "/"}
        src, dst = rng.choice(sorted(borders)), rng.choice([scope or "/" for scope in TARGET_SCOPES])
        found = members(self.case, src)
        rng.shuffle(found)
        for name in found[: rng.randint(0, 4)]:
            rest = name if src == "/" else name[len(src):]
            self.add(variable_like(rng, ("" if dst == "/" else dst) + rest, self.tensors[name]))
        if dst != "/" and rng.random() < 0.15:
            dst += rng.choice(["nope", "w_typo", "part_7"])  # cut at the last slash
        self.rule(src, dst)

    def tidy(self):
        """Most of the scope rules that would fail by chance go: mistakes are made on purpose."""
        for rule in list(self.case["rules"]):
            if isinstance(rule["dst"], str) and rule["dst"] not in self.names.variables and rule["src"].endswith("/"):
                scope = rule["dst"][: rule["dst"].rfind("/") + 1]
                scope, src = "" if scope == "/" else scope, "" if rule["src"] == "/" else rule["src"]
                inside = [name.split("/part_")[0] for name in self.names.store if name.startswith(scope)]
                if any((src + name[len(scope):]).removesuffix("/") not in self.tensors for name in inside) and self.rng.random() < 0.85:
                    self.case["rules"].remove(rule)

    def override(self):
        """A second rule for what has one."""
        rng = self.rng
        if not self.case["rules"]:
            return
        dst = rng.choice([rule["dst"] for rule in self.case["rules"]] + list(self.names.variables))
        names = [name for name in self.tensors]
        variable = self.names.variables.get(dst) if isinstance(dst, str) else None
        if variable and rng.random() < 0.8:  # one that fits
            names = [n for n in names if self.tensors[n]["dtype"] == variable["dtype"] and self.tensors[n]["shape"] == variable["shape"]]
        if names:
            self.rule(rng.choice(names), dst)

    def bystander(self):
        """A variable that no rule was made for."""
        tensor = self.rng.choice(list(self.tensors.values()))
        self.add(variable_like(self.rng, self.target(), tensor))


# ---- mistakes --------------------------------------------------------------------------------------------------------


def typo(rng, name):
    at = rng.randrange(len(name) + 1)
    return rng.choice([name[:at] + "q" + name[at:], name[: max(at - 1, 0)] + name[at:] or "q", name + "_1", name + "/"])


class Mistakes:
    """Each method spoils a case; its name says what for."""

    def __init__(self, builder):
        self.b, self.rng, self.case = builder, builder.rng, builder.case

    def any_rule(self):
        if not self.case["rules"]:
            self.b.one()
        return self.rng.choice(self.case["rules"]) if self.case["rules"] else None

    def any_variable(self, partitioned=None):
        found = [v for v in self.case["graph"] if v["shape"] is not None and (partitioned is None or bool(v["partition"]) == partitioned)]
        return self.rng.choice(found) if found else None

    def absent_checkpoint(self):
        self.case["checkpoint"]["form"] = self.rng.choice(["absent", "empty-directory", "absent-directory"])

    def damaged_checkpoint(self):
        self.case["checkpoint"]["form"] = self.rng.choice(["truncated", "flipped", "emptied"])

    def absent_tensor(self):
        rule = self.any_rule()
        if rule:
            rule["src"] = typo(self.rng, rule["src"])

    def absent_variable(self):
        rule = self.any_rule()
        if rule and isinstance(rule["dst"], str):
            rule.pop("partition", None)
            rule["dst"] = typo(self.rng, rule["dst"])

    def output_name(self):
        rule = self.any_rule()
        if rule:
            side = self.rng.choice(["src", "dst"])
            if isinstance(rule[side], str) and not rule[side].endswith("/"):
                rule.pop("partition", None)
                rule[side] += ":0"

    def absent_member(self):
        scopes = [r["dst"] for r in self.case["rules"] if isinstance(r["dst"], str) and r["src"].endswith("/")]
        dst = self.rng.choice(scopes) if scopes else "m/"
        tensor = self.rng.choice(list(self.b.tensors.values()))
        scope = dst[: dst.rfind("/") + 1]
        self.b.add(variable_like(self.rng, ("" if scope == "/" else scope) + "extra" + self.rng.choice(["", "/w"]), tensor))

    def missing_slash(self):
        rule = self.any_rule()
        if rule:
            side = self.rng.choice(["src", "dst"])
            if isinstance(rule[side], str) and len(rule[side]) > 1:
                rule[side] = rule[side].rstrip("/")

    def wrong_shape(self, partitioned=None):
        variable = self.any_variable(partitioned)
        if not variable or not variable["shape"]:
            return
        axis = self.rng.randrange(len(variable["shape"]))
        if variable["shape"][axis] is not None:
            variable["shape"][axis] += 1 if partitioned or self.rng.random() < 0.8 else 2
            if variable["partition"] and 0 in variable["shape"]:
                variable["partition"] = None

    def wrong_shape_of_parts(self):
        self.wrong_shape(True)

    def wrong_rank(self):
        variable = self.any_variable(False)
        if variable:
            variable["shape"] = variable["shape"] + [1]

    def wrong_dtype(self):
        variable = self.any_variable()
        if variable:
            variable["dtype"] = self.rng.choice(dtypes.KINDS[variable["kind"]])

    def foreign_list(self):
        """A list of parts of two variables, or of plain variables."""
        rng = self.rng
        stores = [store_names(v) for v in self.case["graph"]]
        src = rng.choice(list(self.b.tensors))
        parts = [names for names, v in zip(stores, self.case["graph"]) if v["partition"]]
        if len(parts) > 1 and rng.random() < 0.5:
            one, two = rng.sample(parts, 2)
            self.b.rule(src, [one[0], *two])
        elif len(stores) > 1:
            self.b.rule(src, [names[0] for names in rng.sample(stores, 2)])

    def part_component(self):
        """TensorFlow cuts the names of a scope's members at the first '/part_' wherever it stands."""
        tensor = self.rng.choice(list(self.b.tensors.values()))
        self.b.add(variable_like(self.rng, self.rng.choice(["m/part_q/w", "a/enc/part_of/w", "m/w/part_0", "a/part_1"]), tensor))
        if self.rng.random() < 0.5:
            self.b.rule("/", self.rng.choice(["/", "m/", "a/", "a/enc/"]))
        else:
            self.b.rule(self.rng.choice(list(self.b.tensors)), self.rng.choice(["m/w", "a", "m/part_q"]))


MISTAKES = {name: function for name, function in vars(Mistakes).items() if not name.startswith(("_", "any_"))}


# ---- forms of the graph ----------------------------------------------------------------------------------------------

# How the graph reaches ckptfs, and how often: [variables] of the map, what TensorFlow writes of the very graph, or -o define=.
FORMS = {"variables": 10, "meta": 3, "saved_model": 3, "checkpoint": 6, "define": 3}
FILES = ("meta", "saved_model", "checkpoint")


def named_slots(case):
    """The slots ('w/Adam/') whose name some rule's target has, with or without the '/', or goes on below."""
    targets = [dst + "/" for rule in case["rules"] for dst in (rule["dst"] if isinstance(rule["dst"], list) else [rule["dst"]])]
    slots = [variable["name"] for variable in case["graph"] if variable["name"].endswith("/")]
    return [name for name in slots if any(target.startswith(name) for target in targets)]


def forms_of(case):
    """The forms that can say all of the graph."""
    graph, able = case["graph"], set(FORMS)
    if not graph:
        # Only an empty [variables] is a graph without variables: without define= there is none, and a file without variables is
        # refused by ckptfs (graph_file.h), as it is most likely the wrong file.
        return ["variables"]
    if named_slots(case):
        # The final '/' is in the variable store alone. The node, and so the file, has none, and there `w/Adam` names the variable and
        # `w/Adam/` a scope. Rules that reach a slot through a scope above it mean the same with either name.
        able -= {"meta", "saved_model"}
    if any(variable["partition"] or variable["shape"] is None or None in variable["shape"] for variable in graph):
        # The tensors of a checkpoint are whole and have full shapes. (Of few graphs can that be said: hence the weight.)
        able.discard("checkpoint")
    return [form for form in FORMS if form in able]


def form_of(case, seed, number):
    """Drawn apart from the case itself, which is the same in all forms."""
    forms = forms_of(case)
    others = sum(FORMS[form] for form in forms[1:])
    return random.Random(f"form {seed} {number}").choices(forms, [others or 1, *(FORMS[form] for form in forms[1:])])[0]


# ---- cases -----------------------------------------------------------------------------------------------------------


def checkpoint_of(seed, number, sliced=True):
    """The checkpoint that case `number` uses, and its own number."""
    shared = number // MAPS_PER_CHECKPOINT
    return shared, checkpoint(random.Random(f"checkpoint {seed} {shared} {sliced}"), sliced)


def infer(case):
    """Leaves the declarations out: then the rules themselves have to say what is cut."""
    declared = {variable["name"]: variable for variable in case["graph"]}
    for rule in case["rules"]:
        variable = declared.get(rule["dst"]) if isinstance(rule["dst"], str) else None
        if variable and variable["partition"] and not rule["src"].endswith("/"):
            rule["partition"] = variable["partition"]
    case["inferred"], case["graph"] = True, []


def graph_of(report):
    """The variables that the targets of a report are, whole ones and parts."""
    graph = {}
    for target in report["targets"]:
        kind = "resource" if target["dtype"] in dtypes.KINDS["resource"] else "reference"
        variable = graph.setdefault(target["variable"], {"name": target["variable"], "dtype": target["dtype"], "shape": target["shape"],
                                                         "partition": None, "kind": kind})
        if "slice" in target:
            variable["shape"] = target["slice"]["of"]
            counts = variable["partition"] = variable["partition"] or [1] * len(variable["shape"])
            for axis, start in enumerate(target["slice"]["start"]):
                counts[axis] += start > 0
    return list(graph.values())


def case_of(seed, number, sliced=True):
    rng = random.Random(f"case {seed} {number} {sliced}")
    shared, source = checkpoint_of(seed, number, sliced)
    case = {"id": f"{seed}-{number}", "shared": shared, "checkpoint": source, "graph": [], "rules": [], "mistakes": []}
    builder = Builder(rng, case)
    steps = rng.choices([Builder.one, Builder.scope, Builder.part, Builder.override, Builder.bystander], [5, 4, 1, 3, 1],
                        k=rng.randint(2, 6))
    for step in steps:
        step(builder)
    builder.tidy()
    case["graph"] = list(builder.names.variables.values())
    if rng.random() < 0.5:
        for name in rng.sample(sorted(MISTAKES), rng.choice([1, 1, 2])):
            if name.endswith("checkpoint") and rng.random() < 0.6:
                continue  # nothing else can be seen then
            MISTAKES[name](Mistakes(builder))
            case["mistakes"].append(name)
            case["graph"] = list(builder.names.variables.values())
    for rule in case["rules"]:  # an operation of ours, without meaning unless it repeats the declaration
        variable = builder.names.variables.get(rule["dst"]) if isinstance(rule["dst"], str) else None
        if not variable or variable["partition"] != rule.get("partition") or rule["src"].endswith("/"):
            rule.pop("partition", None)
    rng.shuffle(case["rules"])
    rng.shuffle(case["graph"])
    if not case["mistakes"] and rng.random() < 0.25:
        infer(case)
    else:
        case["form"] = form_of(case, seed, number)
    return case
