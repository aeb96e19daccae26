"""Waits for conditions, never for a fixed time. A request to stop ends every wait."""

import threading
import time

LIMIT = 30

# Set by Ctrl-C. It ends every wait and every running command, and then each world is cleaned up.
stopping = threading.Event()


class Stopped(Exception):
    """The user pressed Ctrl-C, or this program was asked to stop."""


class TimedOut(Exception):
    """The condition did not become true within the limit."""


def wait_until(condition, what, limit=LIMIT):
    """Returns the first true value of `condition`."""
    end = time.monotonic() + limit
    while True:
        if stopping.is_set():
            raise Stopped
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimedOut(f"not within {limit} s: {what}")
        time.sleep(0.02)
