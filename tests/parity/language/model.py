# SPDX-License-Identifier: Apache-2.0
"""The wildcard language of maps, written down a second time: small, slow, by backtracking. It shares nothing with src/map.

ckptfs-map(5) is what it follows. A rule is (optional, sources, targets, operations), names and patterns as they stand in a map."""

import re

import numpy as np


class Refused(Exception):
    """The map is an error."""


BRACES = re.compile(r"\*\*|\*|\{[^{}]*\}")


def tokens(text):
    """A component of a pattern: ("text", t), ("star",), ("number", name), ("choice", [texts])."""
    out, at = [], 0
    for found in BRACES.finditer(text):
        out += [("text", text[at : found.start()])] if found.start() > at else []
        word = found.group()
        if word == "**":
            raise Refused("** beside text")
        inner = word[1:-1]
        out.append(("star",) if word == "*" else ("choice", inner.split(",")) if "," in inner else ("number", inner))
        at = found.end()
    return out + ([("text", text[at:])] if text[at:] else [])


def components(text):
    """Cuts at the '/' that are outside of braces."""
    out, depth = [""], 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if c == "/" and not depth:
            out.append("")
        else:
            out[-1] += c
    return out


class Pattern:
    """What a source matches. `match` gives {number or name: (sort key, text)} or None."""

    def __init__(self, text):
        self.text = text
        self.step = text.startswith("~")
        self.parts = [None if c == "**" else tokens(c) for c in components(text[self.step :])]
        flat = [t for part in self.parts for t in ([("deep",)] if part is None else part)]
        self.wild = any(t[0] != "text" for t in flat)
        self.unnamed = [t[0] for t in flat if t[0] in ("deep", "star", "choice")]
        self.numbers = {t[1] for t in flat if t[0] == "number"}
        self.order = []  # of the captures, left to right
        for t in flat:
            key = t[1] if t[0] == "number" else sum(isinstance(k, int) for k in self.order) + 1
            if t[0] != "text" and key not in self.order:
                self.order.append(key)

    def match(self, name):
        if self.step != name.startswith("~"):
            return None
        return next(self._parts(name[self.step :], 0, 0, False, (), {}), None)

    def _parts(self, name, index, at, begun, unnamed, numbers):
        if index == len(self.parts):
            if at == len(name):
                yield {**dict(enumerate(unnamed, 1)), **numbers}
            return
        part = self.parts[index]
        if part is None:
            yield from self._deep(name, index, at, begun, unnamed, numbers)
        elif not begun or name[at : at + 1] == "/":
            yield from self._tokens(name, index, 0, at + begun, unnamed, numbers)

    def _deep(self, name, index, at, begun, unnamed, numbers):
        taken = []
        while True:
            got = ("deep", tuple(taken))
            yield from self._parts(name, index + 1, at, begun or bool(taken), (*unnamed, got), numbers)
            if at == len(name) or (begun or taken) and name[at] != "/":
                return
            start = at + bool(begun or taken)
            end = name.find("/", start)
            at = len(name) if end < 0 else end
            taken.append(name[start:at])

    def _tokens(self, name, index, which, at, unnamed, numbers):
        if which == len(self.parts[index]):
            yield from self._parts(name, index + 1, at, True, unnamed, numbers)
            return
        kind, *more = self.parts[index][which]

        def go(to, u=unnamed, n=numbers):
            return self._tokens(name, index, which + 1, to, u, n)

        if kind == "text":
            if name.startswith(more[0], at):
                yield from go(at + len(more[0]))
        elif kind == "star":
            for to in range(at + 1, len(name) + 1):
                if name[to - 1] == "/":
                    break
                yield from go(to, (*unnamed, ("star", (name[at:to],))))
        elif kind == "choice":
            for place, text in enumerate(more[0]):
                if name.startswith(text, at):
                    yield from go(at + len(text), (*unnamed, ("choice", (text,), place)))
        else:
            digits = re.match("[0-9]*", name[at:]).group()
            if digits and numbers.get(more[0], ("number", int(digits)))[1] == int(digits):
                yield from go(at + len(digits), unnamed, {**numbers, more[0]: ("number", int(digits))})


class Template:
    """What a target is made of."""

    def __init__(self, text):
        self.pieces, self.used, at, unnamed, by_number = [], set(), 0, 0, False
        for found in BRACES.finditer(text):
            self.pieces.append(text[at : found.start()])
            at = found.end()
            word = found.group().strip("{}")
            shift = re.fullmatch(r"([A-Za-z_]\w*)([+-]\d+)?", word)
            if shift:
                self.pieces.append((shift.group(1), int(shift.group(2) or 0)))
            elif "*" in word:
                unnamed += 1
                self.pieces.append((unnamed, "." if "." in word else "/"))
            else:
                by_number = True
                self.pieces.append((int(word.rstrip(".")), "." if "." in word else "/"))
            self.used.add(self.pieces[-1][0])
        self.pieces.append(text[at:])
        if unnamed and by_number:
            raise Refused("by order and by number")

    def write(self, captures, counted=None):
        """The name. An empty capture takes a separator beside it away, if it would stand alone between two, or at an end."""
        out, skip = "", False
        for place, piece in enumerate(self.pieces):
            if isinstance(piece, str):
                out += piece[1:] if skip and piece[:1] in ("/", ".") else piece
                skip = skip and not piece
                continue
            value = captures.get(piece[0], ("number", counted))
            if value[0] == "number":
                if value[1] + piece[1] < 0:
                    raise Refused("below 0")
                text = str(value[1] + piece[1])
            else:
                text = "/".join(value[1]).replace("/", piece[1])
            if not text:
                skip = not out or out[-1] in "/."
                if skip and out and not any(self.pieces[place + 1 :]):
                    out = out[:-1]
                continue
            out, skip = out + text, False
        return out


def is_scope(name):
    return name.endswith("/")


class Rule:
    def __init__(self, optional, sources, targets, operations):
        self.optional, self.operations = optional, operations
        self.sources = [None if is_scope(s) else Pattern(s) for s in sources]
        self.scope = sources[0] if is_scope(sources[0]) else None
        self.targets, self.names = [Template(t) for t in targets], targets
        steps = any(t.startswith("~") for t in (*sources, *targets))
        wild = any(s and s.wild for s in self.sources)
        self.plain = len(sources) == len(targets) == 1 and not (wild or steps or operations or self.targets[0].used)
        self.single = not wild and not self.scope
        self.key = sources[0] if self.scope != "/" else ""


class Source:
    """What a source of a rule matches: (captures, name), and how these are ordered."""

    def __init__(self, pattern, names, used):
        self.names = names
        self.matches = [(got, name) for name in names if (got := pattern.match(name)) is not None]
        self.taken = [k for k in pattern.order if k in used]
        self.left = [k for k in pattern.order if k not in used]
        if not self.matches:
            raise LookupError(pattern.text)

    def group(self, wanted):
        """The matches that have these captures, gathered."""
        found = [m for m in self.matches if all(same(m[0][k], wanted[k]) for k in self.taken if k in wanted)]
        if not found:
            raise Refused("nothing goes with it")
        if len(found) > 1 and any(found[0][0][k][0] in ("deep", "star") for k in self.left):
            raise Refused("two for one target")

        def place(m):
            return [m[0][k][2 if m[0][k][0] == "choice" else 1] for k in self.left]

        found.sort(key=place)
        for before, after in zip(found, found[1:]):
            if place(before) == place(after):
                raise Refused("two for one target")
            for k in self.left:
                if after[0][k][0] == "number" and after[0][k][1] > before[0][k][1] + 1:
                    raise Refused("a gap")
        return found


def text_of(capture):
    return capture[1] if capture[0] == "number" else "/".join(capture[1])


def same(a, b):
    return text_of(a) == text_of(b)


def assignments(rule, names):
    """(captures, names of sources) for each."""
    used = set().union(*(t.used for t in rule.targets))
    captured = set().union(*(p.order for p in rule.sources))
    if any(isinstance(k, int) and k not in captured for k in used) or len([k for k in used if k not in captured]) > 1:
        raise Refused("no such capture")
    sources = [Source(p, names, used) for p in rule.sources]
    wanted = used & captured
    main = next((s for s in sources if set(s.taken) == wanted), None)
    if main is None:
        raise Refused("spread over sources")
    done, seen = set(), []
    for captures, _ in main.matches:
        key = tuple(text_of(captures[k]) for k in main.taken)
        if key in seen:
            continue
        seen.append(key)
        groups = [s.group({k: captures[k] for k in main.taken}) for s in sources]
        done.update((i, m[1]) for i, g in enumerate(groups) for m in g)
        yield captures, [m[1] for g in groups for m in g]
    if any((i, m[1]) not in done for i, s in enumerate(sources) for m in s.matches):
        raise Refused("left without a partner")


class Origins:
    """Arrays whose elements say where they come from: numbers of lists of names."""

    def __init__(self):
        self.lists = []

    def array(self, shape, names):
        self.lists.append(names)
        return np.full(shape, len(self.lists) - 1)

    def of(self, *arrays):
        """The names, each once, in the order of the elements."""
        return list(dict.fromkeys(name for a in arrays for number in dict.fromkeys(a.ravel().tolist()) for name in self.lists[number]))

    def operate(self, values, operation):
        try:
            if operation == "transpose":
                return [v.T for v in values]
            if operation == "split 0 2":
                return [half for v in values for half in np.split(v, 2)]
            if operation == "unstack 0":
                return [np.asarray(row) for v in values for row in v]
            if operation == "concat 0":
                return [np.concatenate(values)]
            stacked = np.stack(values)
            return [stacked if operation == "stack 0" else self.array(stacked.shape[1:], self.of(*values))]
        except (ValueError, IndexError, TypeError) as error:
            raise Refused(f"{operation}: {error}") from error


def targets_of(rule, names, known, origins):
    """(name, value) for each target. known: values by name, of tensors and steps."""
    if rule.scope:
        below = [n for n in names if n.startswith(rule.scope.lstrip("/")) and not n.startswith("~")]
        if not below and not rule.plain:  # TensorFlow takes it
            raise LookupError(rule.scope)
        for name in below:
            value = [known[name]]
            for operation in rule.operations:
                value = origins.operate(value, operation)
            yield rule.names[0].lstrip("/") + name[len(rule.scope.lstrip("/")) :], value[0]
        return
    captured = set().union(*(p.order for p in rule.sources))
    free = any(k not in captured for t in rule.targets for k in t.used)
    for captures, sources in assignments(rule, names):
        values = [known[n] for n in sources]
        for operation in rule.operations:
            values = origins.operate(values, operation)
        if len(rule.targets) != 1 if free else len(rule.targets) != len(values):
            raise Refused("so many values, so many targets")
        for i, value in enumerate(values):
            yield rule.targets[0 if free else i].write(captures, i), value


def resolve(tensors, rules, drop=(), keep=()):
    """tensors: {name: shape}; rules: tuples. {target: (shape, names of sources)}; Refused."""
    drop, keep = [Pattern(p) for p in drop], [Pattern(p) for p in keep]

    def hidden(n):
        return any(p.match(n) is not None for p in drop) or keep and all(p.match(n) is None for p in keep)

    origins = Origins()
    known = {n: origins.array(s, [n]) for n, s in tensors.items() if not hidden(n)}
    rules = [Rule(*r) for r in rules]
    rules = sorted((r for r in rules if r.plain), key=lambda r: r.key) + [r for r in rules if not r.plain]
    out = {}
    for rule in rules:
        try:
            made = list(targets_of(rule, list(known), known, origins))
        except LookupError as none:
            if rule.optional:
                continue
            raise Refused(f"{none} matches nothing") from none
        if len({name for name, _ in made}) < len(made):
            raise Refused("one target twice")
        for name, value in made:
            if name in ("", "~"):
                raise Refused("an empty name")
            if name.startswith("~"):
                if name in known:
                    raise Refused("a step twice")
                known[name] = value
            elif name not in out or not (out[name][0].single and not rule.single) or (rule.plain and out[name][0].plain):
                out[name] = (rule, value)
    if not out:
        raise Refused("nothing is left")
    return {name: (value.shape, origins.of(value)) for name, (_, value) in out.items()}
