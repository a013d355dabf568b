# SPDX-License-Identifier: Apache-2.0
"""Random checkpoints and maps with wildcards, a good part of which go together."""

import random
import re

from . import model

LAYERS = ["layer_{}/q", "layer_{}/k", "layer_{}/attention/q", "block_{:03}/w", "x{}y/w", "enc/block_{}/ffn/q", "dec/block_{}/ffn/k", "h{}"]
ODD = ["a//b", "w", "a", "a/w", "a/b/w", "global_step", "7", "a7", "7a/w", "a/0/w", "aa/b", "ab", "b", "/w", "a.b/w", "enc", "enc/w", "dec/w/b"]
SOURCES = [
    "layer_{i}/q", "layer_{i}/k", "layer_{i}/*", "layer_{i}/{q,k}", "layer_{i}/**", "layer_*/q", "block_{i}/w", "x{i}y/w", "{enc,dec}/block_{i}/ffn/*",
    "enc/block_{i}/ffn/q", "dec/block_{i}/ffn/k", "h{i}", "*", "**", "**/w", "a/**", "a/**/w", "**/*", "{a,b}", "{,7}a/w", "{a,aa}*", "a{/,/b/}w",
    "**/{q,k}", "*{i}", "*{i}*/w", "{i}{j}", "*/*", "{i}", "**/block_{i}/**", "a/*/w", "{enc,a}/w", "**/q/**", "l*_{i}/{attention/q,q,k}", "**/**",
    "*/{j}/w", "block_{j}/w", "h{j}", "layer_{j}/k", "a*{,b}", "{a,}{b,}", "layer_{i}/attention/q", "{enc,}**/w".replace("**", "*"),
]
TARGETS = ["t", "t.{i}", "t/*", "t/*/*", "t.{1}", "t.{2}.{1}", "b.{i}.*", "b.{i}.{**.}", "{**.}", "{1.}.w", "t/**/w", "**", "t/{i+1}", "t/{i-1}", "*.{n}",
           "t.{n}", "t.{i}.{n}", "t/*.w", "{i}/{j}", "{1}/{1}", "*", "w", "a/w", "t.{**.}.*", "*/{1}", "t.{j}", "enc/*/w", "*x", "x**/x"]
OPERATIONS = ["concat 0", "stack 0", "mean", "transpose", "split 0 2", "unstack 0"]


def tensors(rng):
    names = set()
    for form in rng.sample(LAYERS, rng.randint(1, 3)):
        first = rng.choice([0, 0, 0, 1, 9])
        numbers = list(range(first, first + rng.randint(1, 4)))
        if rng.random() < 0.1:
            numbers.pop(rng.randrange(len(numbers)))
        names |= {form.format(n) for n in numbers}
        if rng.random() < 0.05:
            names.add(form.replace("{}", "0{}").format(first))
    names |= set(rng.sample(ODD, rng.randint(0, 6)))
    return {n: rng.choice([(4,)] * 12 + [(2,), (4, 2), ()]) for n in sorted(names)} or {"w": (4,)}


def source(rng, names, steps):
    kind = rng.random()
    if steps and kind < 0.25:
        return rng.choice(steps)
    return rng.choice(names) if kind < 0.4 else rng.choice(SOURCES)


def rule(rng, names, steps):
    sources = [source(rng, names, steps) for _ in range(rng.choice([1] * 6 + [2, 2, 3]))]
    if rng.random() < 0.3 and "{i}" in sources[0]:
        sources.append(sources[0].replace("/q", "/k"))
    if len(sources) == 1 and rng.random() < 0.1:
        return (rng.random() < 0.2, [rng.choice(["/", "a/", "enc/", "layer_0/"])], [rng.choice(["/", "s/", "a/"])], rng.choice([[], [], ["transpose"]]))
    operations = [rng.choice(OPERATIONS) for _ in range(rng.choice([0, 0, 1, 1, 2]))]
    if (len(sources) > 1 or any("{" in s for s in sources)) and rng.random() < 0.7:
        operations = [rng.choice(["concat 0", "stack 0", "mean"])]
    targets = [rng.choice(TARGETS) for _ in range(2 if "split 0 2" in operations or rng.random() < 0.03 else 1)]
    if rng.random() < 0.15:
        targets = [t if "*" == t[0] else "~" + t for t in targets]
        steps += [re.sub(r"{(n|i[+-]1)}", "{i}", t) for t in targets if t[0] == "~" and "*" not in t and "{1" not in t and "{2" not in t]
        steps.append("~**")
    return (rng.random() < 0.2, sources, targets, operations)


def likely(rng, known, before, steps):
    """A rule that goes, after those before, if one is found soon."""
    for _ in range(30):
        later = list(steps)
        one = rule(rng, list(known), later)
        try:
            model.resolve(known, [*before, one, (True, ["/"], ["rest/"], [])])
        except model.Refused:
            continue
        steps[:] = later
        break
    return one


def case(seed, number):
    """(tensors, rules, drop, keep)."""
    rng = random.Random(f"{seed}/{number}")
    known = tensors(rng)
    steps, rules = [], [(False, ["/"], ["/"], [])] * (rng.random() < 0.3)
    for _ in range(rng.choice([1, 1, 2, 3, 4])):
        rules.append(likely(rng, known, rules, steps) if rng.random() < 0.9 else rule(rng, list(known), steps))
    drop = rng.sample(SOURCES, 1) if rng.random() < 0.1 else []
    keep = rng.sample(SOURCES, 2) if rng.random() < 0.1 else []
    return known, rules, drop, keep


def written(name):
    """A name of a tensor as a map writes it."""
    return "/".join(c or "%" for c in name.split("/"))


def escape(source):
    return source if source.endswith("/") or "{" in source else "/".join(c or "%" for c in source.split("/"))


def text(rules, drop, keep):
    lines = ["[assignment_map]"]
    for optional, sources, targets, operations in rules:
        lines.append("?" * optional + ", ".join(map(escape, sources)) + " = " + " | ".join([", ".join(targets), *operations]))
    lines += ["[view]"] + [f"drop = {p}" for p in drop] + [f"keep = {', '.join(keep)}"] * bool(keep)
    return "\n".join(lines) + "\n"
