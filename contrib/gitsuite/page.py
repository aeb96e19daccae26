"""The results as Markdown: of one version of git in the terminal, of all versions on the page."""

import table

SIGN = {"passes": "yes", "fails": "no", None: ""}


def one(result, known):
    """The table of one run."""
    rows = ["| case | as it is | with Heroku's host | why not |", "|---|---|---|---|"]
    names = list(result["heroku"]) + [name for name in result["unchanged"] if name not in result["heroku"]]
    for name in names:
        cells = [result[way].get(name, "") for way in table.WAYS]
        why = known[name].why if name in known else "not known here"
        rows.append(row(name, *cells, why))
    counts = [f"{passed} of {all_} pass" for passed, all_ in (table.count(result, way) for way in table.WAYS)]
    return "\n".join([*rows, row("", *counts, "")]) + "\n"


def whole(results, known):
    """The generated part of the page: the versions, then the cases."""
    rows = ["| git | date | as it is | with Heroku's host | not as listed |", "|---|---|---|---|---|"]
    for version, result in results.items():
        counts = ["{} of {} pass".format(*table.count(result, way)) for way in table.WAYS]
        rows.append(row(version, result["date"], *counts, len(table.surprises(result, known))))
    rows += ["", row("case", *results, "why not"), "|---" * (len(results) + 2) + "|"]
    for name, case in known.items():
        rows.append(row(name, *(cell(result, name) for result in results.values()), case.why))
    return "\n".join(rows) + "\n"


def cell(result, name):
    """Both results in one cell: as it is, then with Heroku's host."""
    if name not in result["heroku"]:
        return ""
    return " / ".join(SIGN[result[way].get(name)] or "–" for way in table.WAYS)


def row(*cells):
    return f"| {' | '.join(map(str, cells))} |"
