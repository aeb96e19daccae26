"""An X server without a screen, a record of its windows, and keyboard input.

There is no window manager. `xev` reports each window that is shown. Before the record is read, a
property is set on the root window. The server sends events in order, so a record that contains this
property is complete up to then.
"""

import os
import re
import threading

from waiting import TimedOut, wait_until

# Two servers that start at the same time may choose the same number.
start_lock = threading.Lock()
EVENT = re.compile(r"^(Map|Unmap|Destroy)Notify event.*\n.* window (0x[0-9a-f]+)", re.MULTILINE)


class Display:
    def __init__(self, world):
        self.world = world
        self.marks = 0
        self.seen = 0
        self.titles = {}
        with start_lock:
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
        # The number may be written in pieces. If the server ends, so does the pipe.
        number = b""
        while not number.endswith(b"\n"):
            piece = os.read(read, 20)
            if not piece:
                raise TimedOut("Xvfb started: " + self.world.log("Xvfb"))
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
        """The events of all windows up to now, in order: pairs of event and window."""
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
        """The window's title, or its last known title if the window is closed."""
        answer = self.world.run(["xdotool", "getwindowname", window])
        if answer.stdout.strip():
            self.titles[window] = answer.stdout.strip()
        return self.titles.get(window, "a window without a title")

    def window(self, title):
        """The newest visible window with the text in its title."""
        found = [window for window, name in self.visible().items() if title in name]
        return found[-1] if found else None

    def type_into(self, title, text="", key="Return", until=None):
        """Waits for the window, types the text and the key as a user, and waits until the window is closed."""
        window = wait_until(lambda: self.window(title), f"a window is shown: {title}")
        until = until or (lambda: window not in self.visible())
        keys = [["key", "ctrl+a"], ["type", "--delay", "10", text]] if text else []

        def typed():
            # A window that is not ready ignores keys, so this is repeated.
            self.world.run(["xdotool", "windowfocus", window])
            for words in [*keys, ["key", key]]:
                self.world.run(["xdotool", *words])
            return becomes_true(until)
        wait_until(typed, f"the window {title} accepts the input")


def becomes_true(condition, limit=3):
    """Whether the condition becomes true within the limit, in seconds."""
    try:
        return wait_until(condition, "", limit=limit)
    except TimedOut:
        return False
