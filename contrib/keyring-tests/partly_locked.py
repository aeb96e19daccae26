"""Ann's login is in an open keyring, Bob's in a locked one: no command treats the open login as the only one."""

import buses
from gnome_keyring import GnomeKeyring
from keepassxc import LOCKED, OPEN
from world import ANN, BOB, World


class PartlyLocked:
    def __init__(self, world, checks):
        self.world, self.checks = world, checks
        self.check = checks.check
        self.anns, self.bobs = map(world.heroku.new_token, (ANN, BOB))

    @classmethod
    def of_gnome_keyring(cls, world, keyring, checks):
        scenario = cls(world, checks)
        other = World(world.programs)
        try:
            buses.dbus_daemon(other)
            GnomeKeyring(other).start(password="another password")
            other.secret_tool("store", BOB, scenario.bobs)
            keyring.add_locked_keyring(other, "other")
        finally:
            other.stop()
        keyring.start()
        world.secret_tool("store", ANN, scenario.anns)
        scenario.run()

    @classmethod
    def of_keepassxc(cls, world, keyring, checks, databases=(("other", LOCKED), ("logins", OPEN))):
        """It hides what is in a locked database, and may ask to unlock one before a search."""
        scenario = cls(world, checks)
        for account, token, name in ((BOB, scenario.bobs, "other"), (ANN, scenario.anns, "logins")):
            keyring.start([(name, OPEN)])
            world.secret_tool("store", account, token)
            keyring.end()
        keyring.start(databases)
        world.display.new_windows()
        scenario.run()

    @classmethod
    def of_keepassxc_by_default(cls, *scenario):
        """The default collection is the locked one."""
        cls.of_keepassxc(*scenario, databases=(("logins", OPEN), ("other", LOCKED)))

    def run(self):
        self.no_account_chosen()
        self.bob_chosen()
        self.ann_chosen()
        self.checks.check_no_window()
        self.logout()

    def without_window(self, result):
        return self.checks.without_window(result)

    def check_reports_lock(self, result, promise, holds=True):
        self.check(promise, holds and "locked" in result.output, result)

    def no_account_chosen(self):
        result = self.without_window(self.world.get())
        self.check_reports_lock(result, "get does not treat the open login as the only one",
                            result.field("password") is None)
        result = self.without_window(self.world.get(ANN))
        self.check("get serves the open login by its email", result.field("password") == self.anns, result)

    def bob_chosen(self):
        self.world.write_login_json(BOB)
        result = self.without_window(self.world.get())
        self.check_reports_lock(result, "get does not serve another account", result.field("password") is None)
        for line in ("status", "status --json"):
            result = self.without_window(self.world.helper(line))
            self.check_reports_lock(result, f"{line} shows the open login and reports the lock", ANN in result.stdout)
        result = self.without_window(self.world.helper("doctor --fix --yes"))
        self.check_reports_lock(result, "doctor --fix leaves the account as it is", BOB in self.world.login_json())
        result = self.without_window(self.world.helper("rotate --all"))
        self.check_reports_lock(result, "rotate --all reports the lock", self.world.heroku.accepts(self.bobs))
        self.anns = self.world.lookup(ANN)

    def ann_chosen(self):
        result = self.without_window(self.world.helper(f"switch {ANN}"))
        self.check("switch finds the open login", result.code == 0, result)
        result = self.without_window(self.world.get())
        self.check("get serves the open login", result.field("password") == self.anns and result.field("password"), result)
        result = self.without_window(self.world.helper(f"switch {BOB}"))
        self.check_reports_lock(result, "switch to the locked login reports the lock", result.code != 0)

    def logout(self):
        result = self.without_window(self.world.helper("logout --all"))
        self.check_reports_lock(result, "logout --all fails, and reports the lock", result.code != 0)
        self.check("the locked login is still valid", self.world.heroku.accepts(self.bobs))
