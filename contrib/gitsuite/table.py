"""The table of cases: the expected results with their reasons, and the comparison with the real results."""

import collections
import csv
import os

HERE = os.path.dirname(os.path.abspath(__file__))
WAYS = ("unchanged", "heroku")
COLUMNS = {"unchanged": "as it is", "heroku": "with Heroku's host"}

Case = collections.namedtuple("Case", "name after unchanged heroku differs why")


def cases():
    """By name, in the order of git's suite."""
    with open(os.path.join(HERE, "cases.tsv"), encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["name"]: Case(**row) for row in rows}


def surprises(result, known):
    """The results that differ from the table: a failure, a pass, another difference, or an unknown case."""
    found = []
    for way in WAYS:
        for name, outcome in result[way].items():
            if name not in known:
                found.append((way, name, f"{outcome}, and cases.tsv does not know it"))
            elif outcome != getattr(known[name], way):
                found.append((way, name, f"{outcome}, and cases.tsv says {getattr(known[name], way)}"))
            elif way == "heroku" and (shown := result["differs"].get(name, "")) != known[name].differs:
                found.append((way, name, f"fails by {shown}, and cases.tsv says by {known[name].differs}"))
    return found


def count(result, way):
    """How many cases pass, of how many."""
    outcomes = list(result[way].values())
    return outcomes.count("passes"), len(outcomes)
