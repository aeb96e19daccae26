"""The crates that are linked into the program: what Cargo.lock says for a target."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "git-credential-heroku-rs"


def _metadata(target):
    line = ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", target]
    return json.loads(subprocess.check_output(line, cwd=ROOT, text=True))


def linked(target):
    """The program, the packages below it, and which asks for which, as (package, packages, arrows).

    By normal dependencies alone: what only builds or tests is not linked.
    """
    found = _metadata(target)
    packages = {package["id"]: package for package in found["packages"]}
    below = {
        node["id"]: [
            dependency["pkg"]
            for dependency in node["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]
        for node in found["resolve"]["nodes"]
    }
    start = next(id for id, package in packages.items() if package["name"] == PROGRAM)
    seen, waiting = set(), [start]
    while waiting:
        id = waiting.pop()
        if id not in seen:
            seen.add(id)
            waiting.extend(below[id])
    order = sorted(seen - {start}, key=lambda id: (packages[id]["name"], packages[id]["version"]))
    arrows = [(packages[id], [packages[other] for other in below[id]]) for id in [start, *order]]
    return packages[start], [packages[id] for id in order], arrows
