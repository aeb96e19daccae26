"""What deny.toml says of crates, held against what cargo says, with nothing but Python.

Understands the keys that our deny.toml has, and refuses others, so that none is passed over.
What needs the network (advisories, crates that were taken back) is left to cargo-deny.
"""

import re

import crates

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11
    import tomli as tomllib

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"

# Each with the one value that is understood; None where any is.
UNDERSTOOD = {
    "graph": {"targets": None, "all-features": None},
    "advisories": {"yanked": None},
    "licenses": {"allow": None, "unused-allowed-license": "deny", "exceptions": None},
    "bans": {
        "wildcards": "deny",
        "allow-wildcard-paths": True,
        "multiple-versions": "deny",
        "skip": None,
        "deny": None,
    },
    "sources": {"unknown-registry": "deny", "unknown-git": "deny"},
}


def read(path):
    policy = tomllib.loads(path.read_text())
    for table, keys in policy.items():
        for key, value in keys.items():
            known = UNDERSTOOD.get(table, {})
            if key not in known or known[key] not in (None, value):
                raise SystemExit(
                    f"supply: [{table}] {key} = {value!r} is not understood\n"
                    "  teach contrib/packages/policy.py what it means, or leave it out"
                )
    return policy


def built(policy):
    """The packages that are built for any of the systems, tests included."""
    targets = policy["graph"]["targets"]
    flags = ["--all-features"] if policy["graph"]["all-features"] else []
    names = crates.built(targets, "--workspace", "--edges=normal,build,dev", *flags)
    return crates.of(crates.metadata(targets)["packages"], names)


def name(package):
    return f"{package['name']} {package['version']}"


def is_meant(package, entry):
    """Whether `name` or `name@1.2` names the package."""
    named, _, version = entry["crate"].partition("@")
    return package["name"] == named and f"{package['version']}.".startswith(version and f"{version}.")


def sources(packages):
    for package in packages:
        if package["source"] not in (None, CRATES_IO):
            yield f"{name(package)} comes from {package['source']}, and not from crates.io"


def wildcards(packages):
    for package in packages:
        for asked in package["dependencies"]:
            if asked["req"] == "*" and not asked.get("path"):
                yield f"{name(package)} asks for any version of {asked['name']}"


def licences_that_suffice(expression, allowed):
    """The licences by which the expression is allowed, or None: `MIT OR (Apache-2.0 AND ISC)`."""
    # Older crates write "MIT/Apache-2.0" for what SPDX calls OR.
    text = re.sub(r"\s+WITH\s+", "+WITH+", expression.replace("/", " OR "))
    words = re.findall(r"[()]|[^\s()]+", text)

    def one():
        word = words.pop(0)
        if word == "(":
            inner = either()
            words.pop(0)
            return inner
        licence = word.replace("+WITH+", " WITH ")
        return {licence} if licence in allowed else None

    def all_of():
        sides = [one()]
        while words[:1] == ["AND"]:
            words.pop(0)
            sides.append(one())
        return None if None in sides else set().union(*sides)

    def either():
        sides = [all_of()]
        while words[:1] == ["OR"]:
            words.pop(0)
            sides.append(all_of())
        good = [side for side in sides if side is not None]
        return set().union(*good) if good else None

    return either()


def licences(packages, policy):
    allowed, exceptions = set(policy["allow"]), policy.get("exceptions", [])
    used = set()
    for package in packages:
        more = [entry for entry in exceptions if is_meant(package, entry)]
        here = allowed.union(*(entry["allow"] for entry in more))
        by = licences_that_suffice(package["license"] or "none", here)
        if by is None:
            yield f"{name(package)} is under {package['license'] or 'no licence that it names'}"
        else:
            used |= by
            exceptions = [entry for entry in exceptions if entry not in more or not by & set(entry["allow"])]
    for licence in sorted(allowed - used):
        yield f"no crate is under {licence}: take it out of [licenses] allow"
    for entry in exceptions:
        yield f"no crate needs the exception for {entry['crate']}: take it out"


def duplicates(packages, skip):
    kept, unused = {}, list(skip)
    for package in packages:
        meant = [entry for entry in skip if is_meant(package, entry)]
        unused = [entry for entry in unused if entry not in meant]
        if not meant:
            kept.setdefault(package["name"], []).append(package)
    for versions in kept.values():
        if len(versions) > 1:
            yield f"{' and '.join(name(package) for package in versions)} are both built"
    for entry in unused:
        yield f"no crate asks for {entry['crate']}: take it out of [bans] skip"


def reasons(policy):
    for entry in policy.get("skip", []) + policy.get("deny", []):
        if not entry.get("reason"):
            yield f"{entry['crate']} is named in [bans] without a reason"


def banned(packages, deny):
    for package in packages:
        for entry in deny:
            if is_meant(package, entry):
                yield f"{name(package)} is banned: {entry['reason']}"


def breaches(packages, policy):
    """Each line of deny.toml that does not hold, in words."""
    bans = policy["bans"]
    return [
        *sources(packages),
        *wildcards(packages),
        *licences(packages, policy["licenses"]),
        *reasons(bans),
        *duplicates(packages, bans.get("skip", [])),
        *banned(packages, bans.get("deny", [])),
    ]
