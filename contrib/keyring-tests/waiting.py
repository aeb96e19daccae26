"""Waiting for a condition, never for a time; and the request to stop, which ends every wait."""

import threading
import time

LIMIT = 30

# Set by Ctrl-C: every wait and every running command ends, and each world is cleaned up.
stopping = threading.Event()


class Stopped(Exception):
    """The user has asked to stop."""


class NeverHappened(Exception):
    """What was waited for did not come within the limit."""


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
            raise NeverHappened(f"not within {limit} s: {what}")
        time.sleep(0.02)
