"""KeePassXC with its own settings: a user confirms what each program reads."""

from keepassxc import ITS_OWN
from locked import meanwhile
from world import ANN

# The setting's name, as KeePassXC shows it.
SETTING = "Confirm when passwords are retrieved by clients"
REQUEST = "Access Request"


class Confirmed:
    def __init__(self, world, keyring, checks):
        """The Heroku CLI's login is in the open database."""
        self.world, self.keyring, self.checks = world, keyring, checks
        self.check = checks.check
        keyring.start(settings=ITS_OWN)
        self.token = world.heroku.new_token(ANN)
        world.secret_tool("store", ANN, self.token)
        world.choose(ANN)
        world.helper("setup")
        world.display.new_windows()

    @classmethod
    def commands(cls, *scene):
        scene = cls(*scene)
        scene.without_a_click()
        scene.with_a_click()
        scene.logout()

    def without_a_click(self):
        world = self.world
        reply = self.checks.quiet(world.get())
        self.names_the_setting(reply, "get names the setting that helps")
        result = self.checks.quiet(world.store(world.heroku.new_token(ANN), reply))
        self.names_the_setting(result, "store names it, and keeps nothing")
        result = self.checks.quiet(world.erase(self.token, ANN))
        self.names_the_setting(result, "erase names it, and removes nothing")
        for line in ("status", "doctor", "token"):
            result = self.checks.quiet(world.helper(line))
            self.names_the_setting(result, f"{line} names it")
        self.checks.no_window()

    def names_the_setting(self, result, promise):
        holds = SETTING in result.said and result.field("password") is None
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
            world.display.types(REQUEST, key="Escape")
        result = self.while_the_user_allows(lambda: world.helper_on_a_terminal("logout"))
        left = (world.count(), world.heroku.accepts(self.token))
        self.check("logout removes the login and revokes its token, or does neither",
                   left == ((0, False) if result.code == 0 else (1, True)), result)
        self.check("the keyring program is still running", self.keyring.is_alive())

    @classmethod
    def login(cls, *scene):
        scene = cls(*scene)
        world, new = scene.world, scene.world.heroku.new_token(ANN)
        result = scene.while_the_user_allows(lambda: world.helper_on_a_terminal("login --with-token", new))
        scene.check("login works with one click", result.code == 0, result)
        found = scene.while_the_user_allows(lambda: world.lookup(ANN))
        scene.check("the CLI finds the new token", found == new)
        scene.check("one item after the login", world.count() == 1, world.items())

    def while_the_user_allows(self, command):
        """Runs a command while a user clicks what is asked for."""
        return meanwhile(command, self.allow)

    def allow(self):
        if self.world.display.window(REQUEST):
            self.world.display.types(REQUEST)
