"""The base class of the keyring programs."""


class Program:
    """A keyring program in a world. A subclass starts the real program, without input from a user."""

    name = ""
    # Commands or files, each with its Debian package, or with None if there is no package: then it is used if installed.
    needs = {}
    needs_display = False
    # The collection that the scenarios lock and unlock.
    collection = ""
    # A part of the title of the window that asks for the password.
    prompt = ""
    # Whether the user has to confirm when another program replaces the secret of an item with CreateItem.
    confirms_replacing = False

    def __init__(self, world):
        self.world = world
        self.process = None

    def start(self):
        """Starts the program, unlocked."""
        raise NotImplementedError

    def lock(self):
        raise NotImplementedError

    def answer(self):
        """Answers the prompt as a user."""
        raise NotImplementedError

    def is_alive(self):
        """Whether the program runs and answers on the bus."""
        ping = self.world.call("/org/freedesktop/secrets", "org.freedesktop.DBus.Peer.Ping")
        return self.process.poll() is None and ping == "()"
