"""An X server without a screen, a record of every window on it, and a user who types.

There is no window manager. `xev` reports each window that is shown. Before the record is read, a
property is set on the root window: the server sends events in order, so what was shown before the
property was set is in the record by then.
"""

import os
import re
import threading

from waiting import NeverHappened, wait_until

# Two servers that start together may choose the same number.
one_at_a_time = threading.Lock()
EVENT = re.compile(r"^(Map|Unmap|Destroy)Notify event.*\n.* window (0x[0-9a-f]+)", re.MULTILINE)


class Display:
    def __init__(self, world):
        self.world = world
        self.marks = 0
        self.seen = 0
        self.titles = {}
        with one_at_a_time:
            self.start_server()
        self.record = world.path("windows")
        world.spawn("xev", ["xev", "-root", "-event", "substructure", "-event", "property"],
                    output=self.record)
        wait_until(self.is_recording, "xev records the windows")

    def start_server(self):
        read, write = os.pipe()
        self.world.spawn("Xvfb", ["Xvfb", "-displayfd", str(write), "-screen", "0", "1000x700x24",
                                  "-nolisten", "tcp", "-noreset"], pass_fds=(write,))
        os.close(write)
        # The number comes in pieces. The pipe stays open until the end, or the server ends.
        number = b""
        while not number.endswith(b"\n"):
            piece = os.read(read, 20)
            if not piece:
                raise NeverHappened("Xvfb started: " + self.world.log("Xvfb"))
            number += piece
        os.close(read)
        self.world.environment["DISPLAY"] = ":" + number.decode().strip()

    def is_recording(self):
        self.set_mark()
        return self.marks_in_the_record() > 0

    def set_mark(self):
        self.marks += 1
        self.world.run(["xprop", "-root", "-f", "MARK", "32c", "-set", "MARK", str(self.marks)])

    def marks_in_the_record(self):
        return self.read().count("(MARK)")

    def read(self):
        with open(self.record, encoding="utf-8", errors="replace") as file:
            return file.read()

    def events(self):
        """What happened to which window, in order and up to now."""
        before = self.marks_in_the_record()
        self.set_mark()
        wait_until(lambda: self.marks_in_the_record() > before, "the record of windows is complete")
        return EVENT.findall(self.read())

    def new_windows(self):
        """The titles of the windows that were shown since the last call."""
        shown = [window for event, window in self.events() if event == "Map"]
        new = shown[self.seen:]
        self.seen = len(shown)
        return [self.title(window) for window in new]

    def visible(self):
        """The windows that are on the screen now, by id."""
        shown = {}
        for event, window in self.events():
            if event == "Map":
                shown[window] = True
            else:
                shown.pop(window, None)
        return {window: self.title(window) for window in shown}

    def title(self, window):
        """The last title that was seen, since a window may be gone already."""
        answer = self.world.run(["xdotool", "getwindowname", window])
        if answer.stdout.strip():
            self.titles[window] = answer.stdout.strip()
        return self.titles.get(window, "a window without a title")

    def window(self, title):
        """The newest visible window with the text in its title."""
        found = [window for window, name in self.visible().items() if title in name]
        return found[-1] if found else None

    def types(self, title, text="", key="Return", until=None):
        """A user: waits for the window, types the text and the key, and waits until the window is gone."""
        window = wait_until(lambda: self.window(title), f"a window is shown: {title}")
        until = until or (lambda: window not in self.visible())
        keys = [["key", "ctrl+a"], ["type", "--delay", "10", text]] if text else []

        def typed():
            # Before the window is ready it takes no keys: then again.
            self.world.run(["xdotool", "windowfocus", window])
            for words in [*keys, ["key", key]]:
                self.world.run(["xdotool", *words])
            return comes_true(until)
        wait_until(typed, f"{title} has taken what was typed")


def comes_true(condition):
    """Whether it does in a while."""
    try:
        return wait_until(condition, "", limit=3)
    except NeverHappened:
        return False
