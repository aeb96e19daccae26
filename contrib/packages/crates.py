"""The crates of this repository and below it: what cargo says, and what Cargo.lock does."""

import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "git-credential-heroku-rs"


def manifest(key):
    """A value of our Cargo.toml. The module for TOML is younger than the oldest system we build on."""
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
    """What cargo knows of the packages that the targets may ask for, with all features."""
    line = ["metadata", "--format-version=1", "--all-features"]
    return json.loads(_cargo(*line, targets=targets, by="--filter-platform"))


def built(targets, *flags):
    """What is built for the targets by these flags of `cargo tree`: names with versions.

    cargo's metadata does not know it: it joins the features of all that is in the workspace, and
    follows a feature like `"other?/std"`, which asks for nothing.
    """
    line = ["tree", "--prefix=none", "--no-dedupe", "--format={p}", *flags]
    lines = _cargo(*line, targets=targets, by="--target").splitlines()
    return {tuple(line.split(" ")[:2]) for line in lines if " v" in line}


def of(packages, names):
    """The packages that are among the names, in the order of these."""
    those = [package for package in packages if (package["name"], f"v{package['version']}") in names]
    return sorted(those, key=lambda package: (package["name"], package["version"]))


def checksums():
    known = {}
    for block in (ROOT / "Cargo.lock").read_text().split("[[package]]")[1:]:
        locked = dict(re.findall(r'^(name|version|checksum) = "(.*)"$', block, re.MULTILINE))
        known[locked["name"], locked["version"]] = locked.get("checksum")
    return known


def linked(target):
    """The program, the packages below it, and which asks for which, as (package, packages, arrows).

    By normal dependencies alone: what only builds or tests is not linked.
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
