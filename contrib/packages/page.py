"""The tables of contrib/docs/dependencies.md: facts from the source of each direct dependency.

A date comes from cargo's copy of the registry index. If it has none, the page's date stays.
"""

import functools
import json
import os
import pathlib
import re

import crates

PAGE = crates.ROOT / "contrib/docs/dependencies.md"
CODE = re.compile(r'//[^\n]*|/\*.*?\*/|r#+".*?"#+|"(?:\\.|[^"\\])*"', re.DOTALL)
NOT_LIBRARIES = {"custom-build", "bin", "test", "bench", "example"}


class Tree:
    """The packages that `cargo tree` prints for these flags, and the dependencies between them."""

    def __init__(self, found, targets, *flags):
        order = crates.of(found["packages"], crates.built(targets, *flags))
        self.packages = {package["id"]: package for package in order}
        self.arrows = {
            node["id"]: {
                arrow["pkg"]
                for arrow in node["deps"]
                if arrow["pkg"] in self.packages and any(kind["kind"] != "dev" for kind in arrow["dep_kinds"])
            }
            for node in found["resolve"]["nodes"]
        }

    def brought(self, *starts):
        seen, waiting = set(), list(starts)
        while waiting:
            id = waiting.pop()
            if id not in seen:
                seen.add(id)
                waiting.extend(self.arrows[id])
        return seen


def asked(found):
    """The direct dependencies: for each package ID, our packages that use it and cargo's entries for that."""
    packages = {package["id"]: package for package in found["packages"]}
    ways = {}
    for node in found["resolve"]["nodes"]:
        ours = packages[node["id"]]
        if ours["source"]:
            continue
        below = {packages[arrow["pkg"]]["name"]: arrow["pkg"] for arrow in node["deps"]}
        for way in ours["dependencies"]:
            if way["source"]:
                ways.setdefault(below[way["name"]], []).append((ours["name"], way))
    return ways


def index(name):
    """The files of cargo's registry index for a crate."""
    home = pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")
    folder = {1: "1", 2: "2", 3: f"3/{name[0]}"}.get(len(name), f"{name[:2]}/{name[2:4]}")
    return home.glob(f"registry/index/*/.cache/{folder}/{name}")


def released(package):
    """The date of this version and the year of the first one, if the index has them."""
    days = {}
    for file in index(package["name"].lower()):
        for entry in file.read_bytes().split(b"\0"):
            if entry.startswith(b"{"):
                said = json.loads(entry)
                days[said["vers"]] = (said.get("pubtime") or "")[:10]
    day = days.get(package["version"])
    return day and (day, min(filter(None, days.values()))[:4])


@functools.cache
def _unsafe(manifest, root):
    manifest, root = pathlib.Path(manifest), pathlib.Path(root)
    for file in root.parent.rglob("*.rs"):
        text = file.read_text(encoding="utf-8", errors="replace")
        if "unsafe" in text and re.search(r"\bunsafe\b", CODE.sub(" ", text)):
            return "has some"
    lint = 'unsafe_code = "forbid"' in manifest.read_text(encoding="utf-8")
    forbids = lint or re.search(r"#!\[forbid\([^)]*unsafe_code", root.read_text(encoding="utf-8"))
    return "forbids it" if forbids else "has none"


def unsafe(package):
    """Whether the crate's own source contains `unsafe`, without comments and strings."""
    library = next(one for one in package["targets"] if set(one["kind"]) - NOT_LIBRARIES)
    return _unsafe(package["manifest_path"], library["src_path"])


def is_a(kind, package):
    return any(kind in target["kind"] for target in package["targets"])


def home(package):
    """The crate, as a link to its repository."""
    return f"[`{package['name']}`]({package['repository']})"


def systems(ways):
    return ", ".join(dict.fromkeys(f"`{way['target']}`" if way["target"] else "all" for _, way in ways))


def users(ways):
    def user(ours, way):
        if ours == crates.PROGRAM:
            return "the tests"
        return f"`{ours}`" + ("'s tests" if way["kind"] == "dev" else "")

    return ", ".join(dict.fromkeys(user(*one) for one in ways))


def row(tree, id, starts, days, where, ways):
    package, brought = tree.packages[id], tree.brought(id)
    alone = brought - tree.brought(*(set(starts) - {id}))
    others = [tree.packages[one] for one in brought - {id}]
    everything = [package, *others]
    scripts, macros = (sum(is_a(kind, one) for one in everything) for kind in ("custom-build", "proc-macro"))
    cells = [
        home(package),
        f"{package['version']}, {days[0]}",
        days[1],
        where,
        f"{len(everything)}, {len(alone)}",
        f"{scripts}, {macros}",
        f"{unsafe(package)}, {sum(unsafe(one) == 'has some' for one in others)}",
    ]
    return f"| {' | '.join(cells)} |"


def table(tree, ways, head, where, known):
    titles = ["crate", "version, of", "since", head, "brings, alone"]
    titles += ["build scripts, macros", "`unsafe`, in others"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for id in sorted(ways, key=lambda id: tree.packages[id]["name"]):
        package = tree.packages[id]
        days = released(package) or known.get((package["name"], package["version"]))
        if not days:
            raise SystemExit(
                f"supply: the release date of {package['name']} {package['version']} is not known\n"
                "  with a network: cargo update --dry-run && ./contrib/supply --write"
            )
        lines.append(row(tree, id, ways, days, where(ways[id]), ways[id]))
    return "\n".join(lines) + "\n"


def known_days(text):
    """The dates on the page, by crate and version."""
    rows = re.findall(r"^\| \[`([\w-]+)`\]\S+ \| (\S+), (\S+) \| (\d+) \|", text, re.MULTILINE)
    return {(name, version): (day, since) for name, version, day, since in rows}


def tables(targets, text):
    """Two tables: the dependencies of the program, and those that only its tests and tools use."""
    found, known = crates.metadata(targets), known_days(text)
    linked = Tree(found, targets, f"--package={crates.PROGRAM}", "--edges=normal,build")
    built = Tree(found, targets, "--workspace", "--all-features", "--edges=normal,build,dev")
    programs, tools = {}, {}
    for id, ways in asked(found).items():
        own = [(ours, way) for ours, way in ways if ours == crates.PROGRAM and way["kind"] != "dev"]
        (programs if own else tools)[id] = own or ways
    return {
        "program": table(linked, programs, "on", systems, known),
        "tools": table(built, tools, "for", users, known),
    }


def written(text, targets):
    """The page's text as it should be."""
    for name, rows in tables(targets, text).items():
        begin, end = f"<!-- crates of the {name} -->\n", f"<!-- end of crates of the {name} -->"
        before, rest = text.split(begin)
        text = before + begin + rows + end + rest.split(end)[1]
    return text
