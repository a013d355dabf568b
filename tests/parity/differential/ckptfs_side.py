# SPDX-License-Identifier: Apache-2.0
"""What our programs make of a case: the bytes of every file of the mount, or the errors of the plan."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = (ROOT / os.environ.get("CKPTFS_BUILD", "build")).resolve()
PATIENCE = 60  # seconds

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def written(name, *, scope=True):
    """A name as a map has it. A final '/' makes a scope, unless `scope` is false: then an empty component follows it."""
    if name == "/":
        return name
    components = ["".join(c if c in PLAIN else "".join(f"%{byte:02X}" for byte in c.encode()) for c in component) or "%"
                  for component in name.split("/")]
    if scope and name.endswith("/"):
        components[-1] = ""
    return "/".join(components)


def declaration(variable):
    shape = variable["shape"]
    text = "[...]" if shape is None else "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
    cut = f" | partition {','.join(map(str, variable['partition']))}" if variable["partition"] else ""
    return f"{written(variable['name'], scope=False)} = {variable['dtype']} {text}{cut}"


def map_text(case):
    """The map, and the line of every rule."""
    lines, places = ["[assignment_map]"], []
    for rule in case["rules"]:
        dst = rule["dst"] if isinstance(rule["dst"], str) else None
        target = written(dst) if dst is not None else ", ".join(written(name, scope=False) for name in rule["dst"])
        cut = f" | partition {','.join(map(str, rule['partition']))}" if rule.get("partition") else ""
        source = written(rule["src"], scope=rule["src"] not in case["checkpoint"]["tensors"])
        lines.append(f"{source} = {target}{cut}")
        places.append(len(lines))
    if case.get("form", "variables") == "variables" and not case.get("inferred"):
        lines += ["", "[variables]", *map(declaration, case["graph"])]
    return "\n".join(lines) + "\n", places


def escaped(text):
    """A value of -o."""
    return text.replace("\\", "\\\\").replace(",", "\\,")


def graph_options(case, graph):
    """(options of ckptfs, options of ckptool plan) for a graph that is not in the map. `graph` is what TensorFlow wrote, or None."""
    if graph:
        return ["-o", f"graph={escaped(str(graph))}"], ["-g", str(graph)]
    some = [declaration(variable) for variable in case["graph"]] if case.get("form") == "define" else []
    return [word for one in some for word in ("-o", f"define={escaped(one)}")], [word for one in some for word in ("-D", one)]


def command(*arguments):
    return subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE)


def store_name(target):
    """As TensorFlow's variable store has it; a part is told by its slice."""
    return target["variable"] + ("/" + target["path"].rsplit("/", 1)[1] if "slice" in target else "")


def read_all(mount):
    report = json.loads((mount / ".ckptfs/report.json").read_bytes())
    found = {store_name(target): (target["shape"], (mount / target["path"]).read_bytes()) for target in report["targets"]}
    made = {"checkpoint", "model.index", "model.safetensors"}  # the mount's own, beside .ckptfs and the data files
    files = {str(path.relative_to(mount)) for path in mount.rglob("*") if path.is_file() and ".ckptfs" not in path.parts}
    files = {f for f in files if f not in made and not f.startswith("model.data-")} | {t["path"] for t in report["targets"]} & files
    return {"values": found, "report": report, "files": files}


def unmount(mount):
    if command("umount", mount).returncode:
        command("fusermount3", "-u", "-z", mount)


def error_of(entry):
    """An error of the plan with the line of the map as a number; 0 for one that is about no line of it."""
    file, _, line = entry["where"].rpartition(":")
    return {**entry, "line": int(line) if line.isdigit() and file.endswith("map.ini") else 0}


def run(case, path, scratch, graph=None):
    """{"values": {store name: (shape, bytes)}, "report", "files"} or {"errors": [...]}; "map", "options" and "lines" with either.
    `scratch` is a folder that exists, and may be thrown away afterwards."""
    text, lines = map_text(case)
    (scratch / "map.ini").write_text(text, encoding="utf-8")
    options, plan_options = graph_options(case, graph)
    made = {"map": text, "options": options, "lines": lines}
    mount = scratch / "mnt"
    mount.mkdir()
    done = command(BUILD / "ckptfs", "-o", f"map={scratch / 'map.ini'}", *options, path, mount)
    if done.returncode == 0:
        try:
            return {**made, **read_all(mount)}
        except OSError as error:
            return {**made, "crash": f"a file of the mount cannot be read: {error}"}
        finally:
            unmount(mount)
    plan = command(BUILD / "ckptool", "plan", "--json", "-m", scratch / "map.ini", *plan_options, path)
    if done.returncode != 1 or plan.returncode != 1:
        return {**made, "crash": f"ckptfs ends with {done.returncode}, ckptool plan with {plan.returncode}: {done.stderr} {plan.stderr}"}
    return {**made, "errors": [error_of(entry) for entry in json.loads(plan.stdout)["errors"]]}
