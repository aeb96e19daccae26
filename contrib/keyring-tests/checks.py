"""Counts the checks of a scenario, and prints a line for each."""

import threading

# The maximum length of a result in a line: for a check that passed, and for one that failed.
SHORT, LONG = 110, 2000

printing = threading.Lock()


class Checks:
    """The checks of one scenario. A line is printed as soon as its check is made."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.world = None
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.windows = []

    def check(self, promise, holds, seen=""):
        """`seen` is the result of a command, a text, or any other value."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        shown = self.shown(seen, SHORT if holds else LONG) if seen else ""
        self.print_line("ok" if holds else "FAIL", f"{promise}  {shown}")

    def skip(self, reason):
        self.skipped += 1
        self.print_line("skip", reason)

    def shown(self, seen, length):
        if hasattr(seen, "command"):
            ended = "had to be killed" if seen.code is None else f"exit {seen.code}"
            output = " / ".join(line.strip() for line in seen.output.splitlines() if line.strip())
            seen = f"[{seen.command}: {ended}, {seen.seconds:.2f} s{': ' if output else ''}{output}]"
        text = str(seen)
        text = self.world.redact(text) if self.world else text
        return text if len(text) <= length else text[:length] + "…"

    def print_line(self, word, text):
        with printing:
            print(f"{word:4}  {self.scenario:31}  {text.rstrip()}", flush=True)

    def without_window(self, result):
        """For a command that must show no window: records the windows that it showed."""
        if self.world.display:
            titles = self.world.display.new_windows()
            if titles:
                self.windows.append((result.command, titles))
        return result

    def check_no_window(self):
        """Checks that no command since the last call showed a window."""
        if self.world.display:
            self.check("no command shows a window", not self.windows, self.windows or "")
            self.windows = []
