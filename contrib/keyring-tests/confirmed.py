"""KeePassXC with its default settings: a user confirms each access of a program."""

from keepassxc import DEFAULTS
from locked import run_while
from world import ANN

# The setting's name, as KeePassXC shows it.
SETTING = "Confirm when passwords are retrieved by clients"
REQUEST = "Access Request"


class Confirmed:
    def __init__(self, world, keyring, checks):
        """The Heroku CLI's login is in the open database."""
        self.world, self.keyring, self.checks = world, keyring, checks
        self.check = checks.check
        keyring.start(settings=DEFAULTS)
        self.token = world.heroku.new_token(ANN)
        world.secret_tool("store", ANN, self.token)
        world.write_login_json(ANN)
        world.helper("setup")
        world.display.new_windows()

    @classmethod
    def commands(cls, *scenario):
        scenario = cls(*scenario)
        scenario.without_a_click()
        scenario.with_a_click()
        scenario.logout()

    def without_a_click(self):
        world = self.world
        reply = self.checks.without_window(world.get())
        self.names_the_setting(reply, "get names the setting to change")
        result = self.checks.without_window(world.store(world.heroku.new_token(ANN), reply))
        self.names_the_setting(result, "store names the setting, and stores nothing")
        result = self.checks.without_window(world.erase(self.token, ANN))
        self.names_the_setting(result, "erase names the setting, and removes nothing")
        for line in ("status", "doctor", "token"):
            result = self.checks.without_window(world.helper(line))
            self.names_the_setting(result, f"{line} names the setting")
        self.checks.check_no_window()

    def names_the_setting(self, result, promise):
        holds = SETTING in result.output and result.field("password") is None
        self.check(promise, holds and self.world.count() == 1, result)

    def with_a_click(self):
        result = self.while_the_user_allows(lambda: self.world.helper_on_a_terminal("status --unlock"))
        self.check("status --unlock works with one click", result.code == 0 and ANN in result.stdout, result)

    def logout(self):
        world = self.world
        result = world.helper_on_a_terminal("logout", environment={"HEROKU_RS_PROMPT_TIMEOUT": "2"})
        self.check("logout without an answer changes nothing",
                   result.code != 0 and world.heroku.accepts(self.token) and world.count() == 1, result)
        if world.display.window(REQUEST):
            world.display.type_into(REQUEST, key="Escape")
        result = self.while_the_user_allows(lambda: world.helper_on_a_terminal("logout"))
        left = (world.count(), world.heroku.accepts(self.token))
        self.check("logout removes the login and revokes its token, or does neither",
                   left == ((0, False) if result.code == 0 else (1, True)), result)
        self.check("the keyring program is still running", self.keyring.is_alive())

    @classmethod
    def login(cls, *scenario):
        scenario = cls(*scenario)
        world, new = scenario.world, scenario.world.heroku.new_token(ANN)
        result = scenario.while_the_user_allows(lambda: world.helper_on_a_terminal("login --with-token", new))
        scenario.check("login works with one click", result.code == 0, result)
        found = scenario.while_the_user_allows(lambda: world.lookup(ANN))
        scenario.check("the CLI finds the new token", found == new)
        scenario.check("one item after the login", world.count() == 1, world.items())

    def while_the_user_allows(self, command):
        """Runs a command while a user allows each access."""
        return run_while(command, self.allow)

    def allow(self):
        if self.world.display.window(REQUEST):
            self.world.display.type_into(REQUEST)
