"""Ann's login is in an open keyring, Bob's in a locked one: nothing is concluded from what cannot be seen."""

import buses
from gnome_keyring import GnomeKeyring
from keepassxc import LOCKED, OPEN
from world import ANN, BOB, World


class HalfLocked:
    def __init__(self, world, checks):
        self.world, self.checks = world, checks
        self.check = checks.check
        self.anns, self.bobs = map(world.heroku.new_token, (ANN, BOB))

    @classmethod
    def of_gnome_keyring(cls, world, keyring, checks):
        scene = cls(world, checks)
        other = World(world.programs)
        try:
            buses.dbus_daemon(other)
            GnomeKeyring(other).start(password="another password")
            other.secret_tool("store", BOB, scene.bobs)
            keyring.adopt(other, "other")
        finally:
            other.stop()
        keyring.start()
        world.secret_tool("store", ANN, scene.anns)
        scene.run()

    @classmethod
    def of_keepassxc(cls, world, keyring, checks, databases=(("other", LOCKED), ("logins", OPEN))):
        """It hides what is in a locked database, and may ask to unlock one before a search."""
        scene = cls(world, checks)
        for account, token, name in ((BOB, scene.bobs, "other"), (ANN, scene.anns, "logins")):
            keyring.start([(name, OPEN)])
            world.secret_tool("store", account, token)
            keyring.end()
        keyring.start(databases)
        world.display.new_windows()
        scene.run()

    @classmethod
    def of_keepassxc_by_default(cls, *scene):
        """The default collection is the locked one."""
        cls.of_keepassxc(*scene, databases=(("logins", OPEN), ("other", LOCKED)))

    def run(self):
        self.no_account_chosen()
        self.bob_chosen()
        self.ann_chosen()
        self.checks.no_window()
        self.leaving()

    def quiet(self, result):
        return self.checks.quiet(result)

    def names_the_lock(self, result, promise, holds=True):
        self.check(promise, holds and "locked" in result.said, result)

    def no_account_chosen(self):
        result = self.quiet(self.world.get())
        self.names_the_lock(result, "get does not take the open login for the only one",
                            result.field("password") is None)
        result = self.quiet(self.world.get(ANN))
        self.check("get serves the open login by its email", result.field("password") == self.anns, result)

    def bob_chosen(self):
        self.world.choose(BOB)
        result = self.quiet(self.world.get())
        self.names_the_lock(result, "get does not serve another account", result.field("password") is None)
        for line in ("status", "status --json"):
            result = self.quiet(self.world.helper(line))
            self.names_the_lock(result, f"{line} names the lock beside the open login", ANN in result.stdout)
        result = self.quiet(self.world.helper("doctor --fix --yes"))
        self.names_the_lock(result, "doctor --fix leaves the account as it is", BOB in self.world.chosen())
        result = self.quiet(self.world.helper("rotate --all"))
        self.names_the_lock(result, "rotate --all names the lock", self.world.heroku.accepts(self.bobs))
        self.anns = self.world.lookup(ANN)

    def ann_chosen(self):
        result = self.quiet(self.world.helper(f"switch {ANN}"))
        self.check("switch finds the open login", result.code == 0, result)
        result = self.quiet(self.world.get())
        self.check("get serves it", result.field("password") == self.anns and result.field("password"), result)
        result = self.quiet(self.world.helper(f"switch {BOB}"))
        self.names_the_lock(result, "switch to the locked one names the lock", result.code != 0)

    def leaving(self):
        result = self.quiet(self.world.helper("logout --all"))
        self.names_the_lock(result, "logout --all fails, and names the lock", result.code != 0)
        self.check("the locked login is still valid", self.world.heroku.accepts(self.bobs))
