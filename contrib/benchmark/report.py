"""The figures as a page of Markdown."""

AIMS = (
    ("a foreign host against an empty Rust program", 1.2, "foreign"),
    ("`store` against an empty Rust program", 1.2, "store"),
    ("`capability` against an empty Rust program", 1.2, "capability"),
    ("`get` from the keyring against `true`", 3.0, "get"),
    ("`get` against git's libsecret helper", 0.2, "libsecret"),
    ("`get` against the Heroku CLI", 1 / 300, "cli"),
    ("a hundred at once, p99 against one alone", 10.0, "at_once"),
    ("`git credential fill` as `heroku-rs` against an inline shell helper", 2.0, "fill"),
    ("`git credential fill` by its path against an inline shell helper", 2.0, "path"),
)

BUILT, STATIC = "ours", "ours, static"
OURS = f"{BUILT}: `get`, keyring"

# Why some aims cannot be reached.
MISSED = (
    "On two cores a hundred processes of `true` miss this aim too. For a helper without a path, git starts a second "
    "git to find it; `setup` writes the name, because it still works if the program is moved.",
)


def page(result):
    """The whole page; each table has the ratio that a reader looks for."""
    machine = result["machine"]
    parts = [
        "# Benchmark", "",
        "`./contrib/bench --write` writes this page. Compare the ratios: the times depend on the machine.", "",
        f"{machine['date']}, {machine['cores']} cores ({machine['processor']}), {machine['system']}, "
        f"{machine['git']}, {machine['keyring']}, {machine['rust']}. Medians of {result['rounds']} interleaved rounds "
        f"of whole processes (the Heroku CLI in every tenth), with a real keyring. "
        f"*Ours* is built by cargo ({result['size'] / 1e6:.1f} MB){static_size(result)}.", "",
        "![The times of one answer, by program](benchmark.svg)", "",
        "## One answer", "",
        *answers(result["answers"]), "",
        "Ours waits three times for the bus. Peak memory includes the program's files.", "",
        "## A whole git command, by helper", "",
        *whole("`git credential fill`", result["fill"]), "",
        *whole("`git ls-remote https://git.heroku.com/…` over TLS, Heroku on loopback", result["ls-remote"]), "",
        "## Many at once", "",
        *at_once(result["at_once"]), "",
        "All of them share the cores and one keyring; `true` shows the floor.", "",
        "## Aims", "", *aims(result), "", *MISSED, "",
    ]
    parts += [f"Not measured: {name}." for name in result["missing"]]
    return "\n".join(parts).rstrip() + "\n"


def static_size(result):
    size = result["static_size"]
    return f", *ours, static* is the program of the releases ({size / 1e6:.1f} MB)" if size else ""


def answers(cases):
    base = cases[0]["ms"]
    rows = ["| program | ms | × `true` | peak MiB | system calls | bus calls |",
            "|---|---:|---:|---:|---:|---:|"]
    for case in cases:
        bold = "**" if case["name"] in (OURS, f"{STATIC}: `get`, keyring") else ""
        rows.append(
            f"| {bold}{case['name']}{bold} | {case['ms']:.2f} | {case['ms'] / base:.2f} | {case['peak_mib']:.1f} "
            f"| {case['system_calls']} | {case['bus_calls']} |")
    return rows


def whole(title, cases):
    base = cases[0]["ms"]
    rows = [f"| {title} | ms | × the inline helper |", "|---|---:|---:|"]
    return rows + [f"| {case['name']} | {case['ms']:.1f} | {case['ms'] / base:.2f} |" for case in cases]


def at_once(crowds):
    rows = [f"| {crowds[0]['count']} started together | one alone, ms | median, ms | p99, ms | p99 × alone |",
            "|---|---:|---:|---:|---:|"]
    return rows + [f"| {crowd['name']} | {crowd['alone_ms']:.2f} | {crowd['median_ms']:.0f} | {crowd['p99_ms']:.0f} "
                   f"| {crowd['p99_ms'] / crowd['alone_ms']:.0f} |" for crowd in crowds]


def ratios(result, ours):
    """What one of our programs reached, by the key of its aim; what was not measured has no ratio."""
    cases = result["answers"]
    time = lambda rows, name, key="ms": next((row[key] for row in rows if row["name"] == name), None)
    by = lambda value, base: value / base if value and base else None
    empty, get = time(cases, "an empty Rust program"), time(cases, f"{ours}: `get`, keyring")
    inline = result["fill"][0]["ms"]
    return {
        "foreign": by(time(cases, f"{ours}: foreign host"), empty),
        "store": by(time(cases, f"{ours}: `store` of what we served"), empty),
        "capability": by(time(cases, f"{ours}: `capability`"), empty),
        "get": by(get, cases[0]["ms"]),
        "libsecret": by(get, time(cases, "git's libsecret helper (C)")),
        "cli": by(get, time(cases, "Heroku CLI: `git:credentials get`")),
        "at_once": by(time(result["at_once"], f"{ours}: `get`, keyring", "p99_ms"), get),
        "fill": by(time(result["fill"], f"{ours}, keyring, as `heroku-rs`"), inline),
        "path": by(time(result["fill"], f"{ours}, keyring, by its path"), inline),
    }


def aims(result):
    """Each aim beside what the two programs reached: the downloaded one, and what cargo builds."""
    reached = [ratios(result, ours) for ours in (STATIC, BUILT)]
    rows = ["| ratio | aim | static | built by cargo |", "|---|---:|---:|---:|"]
    for title, aim, key in AIMS:
        cells = [judged(ratios[key], aim, times) for ratios in reached]
        if any(cells):
            rows.append(f"| {title} | {times(aim)} | {' | '.join(cells)} |")
    for title, aim, key, unit in (("system calls of `get`", 120, "system_calls", ""),
                                  ("peak memory of `get`", 3.0, "peak_mib", " MiB")):
        values = [next((case[key] for case in result["answers"] if case["name"] == f"{ours}: `get`, keyring"), None)
                  for ours in (STATIC, BUILT)]
        cells = [judged(value, aim, lambda number: f"{number}{unit}") for value in values]
        rows.append(f"| {title} | {aim}{unit} | {' | '.join(cells)} |")
    return rows


def judged(value, aim, show):
    """An aim that was missed is bold; what was not measured stays empty."""
    if value is None:
        return ""
    return show(value) if value <= aim else f"**{show(value)}**, missed"


def times(ratio):
    return f"1/{1 / ratio:.0f}" if ratio < 0.05 else f"{ratio:.2f}"
