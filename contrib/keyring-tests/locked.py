"""A locked keyring: commands print one notice without a delay, show no window and change nothing. Then a user unlocks it."""

import threading

from waiting import wait_until
from world import ANN, BOB

# The program waits 2 s for a keyring that does not answer. A locked keyring is reported before that.
LIMIT = 2.0
# Causes and fixes that are wrong for a locked keyring.
MISLEADING = ("not logged in", "restart", "install ", "start one", "no keyring", "made no sense", "invalid reply",
              "not answer")


def reports_lock(result):
    output = result.output.lower()
    return "locked" in output and not any(words in output for words in MISLEADING)


def is_one_notice(result):
    """One line, and optionally a second one with the fix."""
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
        self.world.write_login_json(ANN)
        self.world.helper("setup")
        self.keyring.lock()
        if self.world.display:
            self.world.display.new_windows()
        self.asked_by_git()
        self.asked_by_a_user()
        self.checks.check_no_window()
        self.nothing_changed()

    def check_refused(self, result, promise, succeeds=False, in_one_notice=True):
        """Checks that the command reports the lock, and does nothing else."""
        self.checks.without_window(result)
        holds = reports_lock(result) and result.seconds < LIMIT and (result.code == 0) == succeeds
        if in_one_notice:
            holds = holds and is_one_notice(result)
        self.check(promise, holds and result.field("password") is None, result)

    def asked_by_git(self):
        reply = self.world.get()
        self.check_refused(reply, "get reports the lock", succeeds=True)
        self.check_refused(self.world.get(ANN), "get with an email reports the lock", succeeds=True)
        self.check_refused(self.world.store(self.heroku.new_token(ANN), reply), "store stores nothing", succeeds=True)
        self.check_refused(self.world.erase(self.token, ANN), "erase removes nothing", succeeds=True)

    def asked_by_a_user(self):
        for line in ("status", "doctor"):
            self.check_refused(self.world.helper(line), f"{line} reports the lock", in_one_notice=False)
        result = self.world.helper("status --json")
        self.check_refused(result, "status --json reports the lock", in_one_notice=False)
        for line in (f"switch {BOB}", "rotate", "token", "api /account", "logout", "logout --keep", "logout --all"):
            self.check_refused(self.world.helper(line), f"{line.split('@')[0]} reports the lock")
        _, result = self.world.log_in(ANN)
        self.check_refused(result, "login reports the lock")

    def nothing_changed(self):
        changes = self.heroku.changes()
        self.check("nothing was created or revoked at Heroku", not changes, changes)
        self.check("the token is still valid", self.heroku.accepts(self.token))
        self.check("login.json is unchanged", ANN in (self.world.login_json() or ""), self.world.login_json())
        left = self.world.files_with_a_token()
        self.check("no file contains a token in plain text", not left, left)
        self.check("the keyring program is still running", self.keyring.is_alive())

    def prompt_times_out(self):
        """`status --unlock` without an answer: the program times out, and the keyring program still runs."""
        result = self.world.helper("status --unlock", environment={"HEROKU_RS_PROMPT_TIMEOUT": "2"})
        self.check("status --unlock times out without an answer",
                   result.code != 0 and 2 <= result.seconds < 6 and "prompt" in result.output, result)
        shown = self.world.display.new_windows()
        self.check("a prompt was shown", bool(shown), shown)
        self.check("the keyring program is still running", self.keyring.is_alive(), self.keyring.process.poll())

    def user_unlocks(self):
        """A user unlocks the keyring, and the login is still stored."""
        result = run_while(lambda: self.world.helper("status --unlock"), self.answer)
        self.check("status --unlock works with the user's answer", result.code == 0 and ANN in result.stdout, result)
        self.world.display.new_windows()
        result = self.checks.without_window(self.world.get())
        self.check("get serves the login after that", result.field("password") == self.token, result)
        self.check("the login is the same for the CLI", self.world.lookup(ANN) == self.token)
        self.checks.check_no_window()

    def log_in(self):
        """`login` on a terminal asks to unlock, even without --unlock."""
        self.keyring.lock()
        token = self.heroku.new_token(ANN)
        result = run_while(lambda: self.world.helper_on_a_terminal("login --with-token", token), self.answer)
        self.world.display.new_windows()
        self.check("login on a terminal unlocks with the user's answer",
                   result.code == 0 and self.world.lookup(ANN) == token, result)

    def answer(self):
        if self.world.display.window(self.keyring.prompt):
            self.keyring.answer()


def run_while(command, user):
    """Runs a command, and calls `user` again and again until the command has ended."""
    results = []
    thread = threading.Thread(target=lambda: results.append(command()))
    thread.start()
    while thread.is_alive():
        user()
        thread.join(0.1)
    wait_until(lambda: results, "the command has ended", limit=0)
    return results[0]
