"""What the keyring programs have in common."""


class Program:
    """A keyring program in a world. A subclass starts the real one, without a click."""

    name = ""
    # Commands or files, and the Debian package that has them; None: not packaged, used if it is there.
    needs = {}
    needs_display = False
    # The collection that is locked and unlocked.
    collection = ""
    # A part of the title of the window that asks for the password.
    prompt = ""
    # Whether it asks the user when another program replaces the secret of an item by CreateItem.
    confirms_replacing = False

    def __init__(self, world):
        self.world = world
        self.process = None

    def start(self):
        """Starts it, unlocked."""
        raise NotImplementedError

    def lock(self):
        raise NotImplementedError

    def answer(self):
        """A user answers the prompt that is shown."""
        raise NotImplementedError

    def is_alive(self):
        """It runs, and answers on the bus."""
        ping = self.world.call("/org/freedesktop/secrets", "org.freedesktop.DBus.Peer.Ping")
        return self.process.poll() is None and ping == "()"
