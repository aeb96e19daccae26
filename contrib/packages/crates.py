"""The crates of this workspace and their dependencies, from cargo and from Cargo.lock."""

import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "git-credential-heroku-rs"


def manifest(key):
    """A value of our Cargo.toml. The oldest system for builds has a Python without a module for TOML."""
    return re.search(rf'^{key} = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def version():
    return manifest("version")


def repository():
    return manifest("repository")


def owner():
    return repository().split("/")[3]


def _cargo(*line, targets=(), by):
    line = ["cargo", *line, "--locked"]
    for target in targets:
        line += [by, target]
    return subprocess.check_output(line, cwd=ROOT, text=True)


def metadata(targets=()):
    """cargo's metadata of all packages that the targets may use, with all features."""
    line = ["metadata", "--format-version=1", "--all-features"]
    return json.loads(_cargo(*line, targets=targets, by="--filter-platform"))


def built(targets, *flags):
    """The names and versions of the packages that `cargo tree` prints for the targets and flags.

    cargo's metadata would list too many: it merges the features of the whole workspace, and follows a
    feature like `"other?/std"`, which does not enable `other`.
    """
    line = ["tree", "--prefix=none", "--no-dedupe", "--format={p}", *flags]
    lines = _cargo(*line, targets=targets, by="--target").splitlines()
    return {tuple(line.split(" ")[:2]) for line in lines if " v" in line}


def of(packages, names):
    """The packages with these names and versions, sorted by both."""
    those = [package for package in packages if (package["name"], f"v{package['version']}") in names]
    return sorted(those, key=lambda package: (package["name"], package["version"]))


def checksums():
    known = {}
    for block in (ROOT / "Cargo.lock").read_text().split("[[package]]")[1:]:
        locked = dict(re.findall(r'^(name|version|checksum) = "(.*)"$', block, re.MULTILINE))
        known[locked["name"], locked["version"]] = locked.get("checksum")
    return known


def linked(target):
    """The program, its dependencies, and the edges between them, as (package, packages, edges).

    Only normal dependencies: build and dev dependencies are not linked.
    """
    found = metadata([target])
    order = of(found["packages"], built([target], f"--package={PROGRAM}", "--edges=normal"))
    there = {package["id"]: package for package in order}
    asked = {
        node["id"]: [
            there[dependency["pkg"]]
            for dependency in node["deps"]
            if dependency["pkg"] in there and any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]
        for node in found["resolve"]["nodes"]
    }
    program = next(package for package in order if package["name"] == PROGRAM)
    order.remove(program)
    return program, order, [(package, asked[package["id"]]) for package in [program, *order]]
