"""Runs git's suite with the program, each time in a temporary environment of contrib/demo."""

import os
import re
import subprocess

import tree

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEMO = os.path.join(TOP, "contrib", "demo")
LINE = re.compile(r"^(ok|not ok) (\d+) (?:- |# skip )helper \(\S+\) (.*?)(?: \(--run\))?$", re.M)

# The suite takes every line on stderr for a prompt of git. So the notices of our program go to a file.
WORDS_ASIDE = "heroku-rs-words-aside"
WITHOUT_WORDS = '#!/bin/sh\nexec git-credential-heroku-rs "$@" 2>>"{words}"\n'
IN_THERE = 'PATH="$1:$PATH" && cd "$2" && script=$3 && shift 3 && exec "./$script" --verbose "$@"'


class Suite:
    """A built tree, and a folder for the files that the suite writes."""

    def __init__(self, built, folder, installed):
        self.tests = os.path.join(built, "t")
        self.folder = folder
        self.installed = installed
        self.bin = os.path.join(folder, "bin")
        os.mkdir(self.bin)
        helper = os.path.join(self.bin, f"git-credential-{WORDS_ASIDE}")
        with open(helper, "w", encoding="utf-8") as file:
            file.write(WITHOUT_WORDS.format(words=os.path.join(folder, "words")))
        os.chmod(helper, 0o755)
        self.said = {}
        self.differs = {}

    def as_it_is(self):
        """Runs git's whole suite, with one keyring."""
        return self.outcomes("unchanged", self.run(tree.SUITE, "heroku-rs"))

    def with_herokus_host(self, known, report):
        """Runs each case with its own keyring, after the case that it depends on."""
        listed = self.run(tree.OURS, WORDS_ASIDE, "--run=1000000")
        numbers = {name: number for _, number, name in LINE.findall(listed)}
        results = {}
        for place, (name, number) in enumerate(numbers.items(), 1):
            report(f"with Heroku's host: {place} of {len(numbers)}")
            before = known[name].after if name in known else ""
            chosen = [numbers[before], number] if before else [number]
            said = self.run(tree.OURS, WORDS_ASIDE, "--run=" + ",".join(chosen))
            results[name] = self.outcomes("heroku", said)[name]
            if results[name] == "fails":
                self.differs[name] = difference(self.said["heroku", name])
        return results

    def run(self, script, helper, *flags):
        """The output of the suite, in an environment with its own bus, keyring and stand-in Heroku."""
        variables = [f"GIT_TEST_CREDENTIAL_HELPER={helper}", "HEROKU_RS_TIMEOUT=30"]
        if self.installed:
            variables.append(f"GIT_TEST_INSTALLED={self.installed}")
        command = [DEMO, "--shell", "env", *variables, "/bin/sh", "-c", IN_THERE, "sh", self.bin,
                   self.tests, script, f"--root={self.folder}", *flags]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        said = done.stdout.decode("utf-8", "replace")
        plan = re.search(r"^1\.\.(\d+)", said, re.M)
        if not plan or int(plan.group(1)) != len(LINE.findall(said)):
            raise OSError(f"git's suite did not run to its end:\n{said[-2000:]}")
        return said

    def outcomes(self, way, said):
        """The results by name. The output of each case is stored, to explain an unexpected result."""
        results, start = {}, 0
        for found in LINE.finditer(said):
            word, _, name = found.groups()
            results[name] = {"ok": "passes", "not ok": "fails"}[word]
            self.said[way, name] = said[start:found.start()].strip()
            start = found.end()
        return results


def difference(said):
    """The changed lines of the suite's last `diff -u`. A listed failure must have exactly these."""
    shown = said.rpartition("\n--- expect")[2].splitlines()
    return " ".join(line for line in shown[2:] if line[:1] in ("+", "-"))
