"""What is promised, what was seen, and a line for each."""

import threading

# How many characters are shown of what was seen.
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
        """`seen`: the result of a command, or a text, or any value."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        shown = self.shown(seen, SHORT if holds else LONG) if seen else ""
        self.line("ok" if holds else "FAIL", f"{promise}  {shown}")

    def skip(self, reason):
        self.skipped += 1
        self.line("skip", reason)

    def shown(self, seen, length):
        if hasattr(seen, "command"):
            ended = "had to be killed" if seen.code is None else f"exit {seen.code}"
            said = " / ".join(line.strip() for line in seen.said.splitlines() if line.strip())
            seen = f"[{seen.command}: {ended}, {seen.seconds:.2f} s{': ' if said else ''}{said}]"
        text = str(seen)
        text = self.world.hide(text) if self.world else text
        return text if len(text) <= length else text[:length] + "…"

    def line(self, word, text):
        with printing:
            print(f"{word:4}  {self.scenario:29}  {text.rstrip()}", flush=True)

    def quiet(self, result):
        """A command that may show no window: notes those that came up since the last one."""
        if self.world.display:
            titles = self.world.display.new_windows()
            if titles:
                self.windows.append((result.command, titles))
        return result

    def no_window(self):
        """No command since the last call showed a window."""
        if self.world.display:
            self.check("no command shows a window", not self.windows, self.windows or "")
            self.windows = []
