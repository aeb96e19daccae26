"""A locked keyring: one notice without delay, no window, and nothing is lost. Then a user unlocks it."""

import threading

from waiting import wait_until
from world import ANN, BOB

# The limit for a keyring that does not answer is 2 s: a locked one is known before it.
LIMIT = 2.0
# Causes and fixes that are not true for a keyring that is only locked.
MISLEADING = ("not logged in", "restart", "install ", "start one", "no keyring", "made no sense", "invalid reply",
              "not answer")


def names_the_lock(result):
    said = result.said.lower()
    return "locked" in said and not any(words in said for words in MISLEADING)


def is_one_notice(result):
    """A line, and one with the fix."""
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    return 1 <= len(lines) <= 2


class Locked:
    def __init__(self, world, keyring, checks):
        self.world, self.keyring, self.checks = world, keyring, checks
        self.check, self.heroku = checks.check, world.heroku

    def run(self):
        """The Heroku CLI's login is in the keyring, which is locked."""
        self.token = self.heroku.new_token(ANN)
        self.world.secret_tool("store", ANN, self.token)
        self.world.choose(ANN)
        self.world.helper("setup")
        self.keyring.lock()
        if self.world.display:
            self.world.display.new_windows()
        self.asked_by_git()
        self.asked_by_a_user()
        self.checks.no_window()
        self.nothing_changed()

    def refused(self, result, promise, succeeds=False, in_one_notice=True):
        """The command says that the keyring is locked, and does nothing."""
        self.checks.quiet(result)
        holds = names_the_lock(result) and result.seconds < LIMIT and (result.code == 0) == succeeds
        if in_one_notice:
            holds = holds and is_one_notice(result)
        self.check(promise, holds and result.field("password") is None, result)

    def asked_by_git(self):
        reply = self.world.get()
        self.refused(reply, "get says that it is locked", succeeds=True)
        self.refused(self.world.get(ANN), "get with an email says so too", succeeds=True)
        self.refused(self.world.store(self.heroku.new_token(ANN), reply), "store keeps nothing", succeeds=True)
        self.refused(self.world.erase(self.token, ANN), "erase removes nothing", succeeds=True)

    def asked_by_a_user(self):
        for line in ("status", "doctor"):
            self.refused(self.world.helper(line), f"{line} says that it is locked", in_one_notice=False)
        result = self.world.helper("status --json")
        self.refused(result, "status --json says so too", in_one_notice=False)
        for line in (f"switch {BOB}", "rotate", "token", "api /account", "logout", "logout --keep", "logout --all"):
            self.refused(self.world.helper(line), f"{line.split('@')[0]} says that it is locked")
        _, result = self.world.log_in(ANN)
        self.refused(result, "login says that it is locked")

    def nothing_changed(self):
        changes = self.heroku.changes()
        self.check("nothing was revoked or made at Heroku", not changes, changes)
        self.check("the token is still valid", self.heroku.accepts(self.token))
        self.check("login.json is as it was", ANN in (self.world.chosen() or ""), self.world.chosen())
        left = self.world.files_with_a_token()
        self.check("no file holds a token in plain text", not left, left)
        self.check("the keyring program is still running", self.keyring.is_alive())

    def unanswered(self):
        """`status --unlock` without an answer: the program gives up, and harms nothing."""
        result = self.world.helper("status --unlock", environment={"HEROKU_RS_PROMPT_TIMEOUT": "2"})
        self.check("status --unlock gives up without an answer",
                   result.code != 0 and 2 <= result.seconds < 6 and "prompt" in result.said, result)
        shown = self.world.display.new_windows()
        self.check("it had shown a prompt", bool(shown), shown)
        self.check("the keyring program has survived", self.keyring.is_alive(), self.keyring.process.poll())

    def answered(self):
        """A user unlocks, and everything is there."""
        result = meanwhile(lambda: self.world.helper("status --unlock"), self.answer)
        self.check("status --unlock works with the user's answer", result.code == 0 and ANN in result.stdout, result)
        self.world.display.new_windows()
        result = self.checks.quiet(self.world.get())
        self.check("get serves the login after that", result.field("password") == self.token, result)
        self.check("the login is the same for the CLI", self.world.lookup(ANN) == self.token)
        self.checks.no_window()

    def log_in(self):
        """`login` at a terminal asks to unlock without --unlock."""
        self.keyring.lock()
        token = self.heroku.new_token(ANN)
        result = meanwhile(lambda: self.world.helper_on_a_terminal("login --with-token", token), self.answer)
        self.world.display.new_windows()
        self.check("login at a terminal unlocks with the user's answer",
                   result.code == 0 and self.world.lookup(ANN) == token, result)

    def answer(self):
        if self.world.display.window(self.keyring.prompt):
            self.keyring.answer()


def meanwhile(command, user):
    """Runs a command while a user does what it asks for."""
    results = []
    thread = threading.Thread(target=lambda: results.append(command()))
    thread.start()
    while thread.is_alive():
        user()
        thread.join(0.1)
    wait_until(lambda: results, "the command has ended", limit=0)
    return results[0]
