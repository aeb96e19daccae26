"""Every command with two accounts in an open keyring, which the Heroku CLI's secret-tool uses, too."""

from world import ANN, BOB


class OpenKeyring:
    def __init__(self, world, keyring, checks):
        self.world, self.keyring, self.checks = world, keyring, checks
        self.check, self.heroku = checks.check, world.heroku

    def run(self):
        if self.world.display:
            self.world.display.new_windows()
        self.not_logged_in()
        self.cli_logs_in()
        self.login_replaces_cli_login()
        self.second_account()
        self.rotation()
        self.rejected_token()
        self.logout()
        self.first_paste()
        self.cli_replaces_our_login()
        self.checks.check_no_window()
        left = self.world.files_with_a_token()
        self.check("no file contains a token in plain text", not left, left)
        self.check("the keyring program is still running", self.keyring.is_alive())

    # Commands that show no window

    def helper(self, line, stdin=""):
        return self.checks.without_window(self.world.helper(line, stdin))

    def get(self, username=None):
        return self.checks.without_window(self.world.get(username))

    def check_get_serves(self, token, promise, username=None):
        result = self.get(username)
        self.check(promise, result.code == 0 and result.field("password") == token, result)
        return result

    def log_in(self, email):
        token = self.heroku.new_token(email)
        return token, self.helper("login --with-token", token)

    def cli_finds(self, account):
        return self.heroku.add_name(self.world.lookup(account))

    def check_count(self, count, when):
        seen = self.world.items()
        self.check(f"{count} item{'s' if count != 1 else ''} {when}", sum(map(len, seen)) == count, seen)

    # The parts, in order

    def not_logged_in(self):
        result = self.get()
        self.check('get says "not logged in"',
                   result.code == 0 and result.field("password") is None and "not logged in" in result.stderr, result)
        result = self.checks.without_window(self.world.erase(self.heroku.new_token(ANN), "heroku"))
        self.check("erase of an unknown token prints nothing", result.code == 0 and not result.output, result)
        result = self.helper("token")
        self.check("token reports it, too", result.code == 4 and not result.stdout, result)

    def cli_logs_in(self):
        self.token = self.heroku.new_token(ANN)
        result = self.world.secret_tool("store", ANN, self.token)
        self.check("the Heroku CLI stores a login", result.code == 0, result)
        self.check_get_serves(self.token, "get serves the CLI's login")
        self.check_get_serves(self.token, "get serves it by its email", ANN)
        result = self.helper("token")
        self.check("token prints it", result.code == 0 and result.stdout.strip() == self.token, result)

    def login_replaces_cli_login(self):
        result = self.helper("setup")
        self.check("setup configures git", result.code == 0, result)
        self.token, result = self.log_in(ANN)
        self.check("login stores a token", result.code == 0, result)
        self.check("the CLI finds the new token", self.cli_finds(ANN) == self.token)
        self.check_count(1, "after a login over the CLI's")
        result = self.helper("status")
        self.check("status names the account", result.code == 0 and ANN in result.stdout, result)
        for command in (["init", "--quiet", "--initial-branch=main"],
                        ["remote", "add", "heroku", "https://git.heroku.com/app-ann.git"],
                        ["-c", "user.name=Ann", "-c", f"user.email={ANN}", "commit", "--quiet", "--allow-empty",
                         "--message=The first commit"]):
            self.world.program(["git", *command])
        result = self.checks.without_window(self.world.program(["git", "push", "heroku", "main"]))
        self.check("git pushes", result.code == 0, result)
        result = self.helper("doctor")
        self.check("doctor finds no problem", result.code == 0, result)

    def second_account(self):
        self.bobs, result = self.log_in(BOB)
        self.check("login stores a second account", result.code == 0, result)
        self.check_count(2, "for two accounts")
        self.check("the CLI finds both", [self.cli_finds(ANN), self.cli_finds(BOB)] == [self.token, self.bobs])
        self.check_get_serves(self.bobs, "get serves the account of the last login")
        result = self.helper(f"switch {ANN}")
        self.check("switch changes the account", result.code == 0, result)
        self.check_get_serves(self.token, "get serves the account after a switch")
        self.check_get_serves(self.bobs, "get serves the other one by its email", BOB)
        result = self.helper("status")
        self.check("status names both accounts", result.code == 0 and ANN in result.stdout and BOB in result.stdout,
                   result)
        result = self.helper("api /account")
        self.check("api asks as the account", result.code == 0 and f'"{ANN}"' in result.stdout, result)

    def rotation(self):
        old = self.token
        result = self.helper("rotate")
        self.token = self.cli_finds(ANN)
        self.check("rotate replaces the token", result.code == 0 and self.token not in ("", old), result)
        self.check("Heroku accepts the new token only", [self.heroku.accepts(self.token), self.heroku.accepts(old)]
                   == [True, False])
        self.check_count(2, "after a rotation")
        self.check_get_serves(self.token, "get serves the new token")

    def rejected_token(self):
        result = self.checks.without_window(self.world.erase(self.token, ANN))
        self.check("erase keeps a token that Heroku accepts", result.code == 0 and self.cli_finds(ANN) == self.token,
                   result)
        self.heroku.revoke(self.token)
        result = self.checks.without_window(self.world.erase(self.token, ANN))
        self.check("erase removes a revoked token", result.code == 0 and self.cli_finds(ANN) == "", result)
        self.check_count(1, "after the erase")

    def logout(self):
        token, result = self.log_in(ANN)
        self.check("login stores a token again", result.code == 0, result)
        result = self.helper(f"logout {ANN}")
        self.check("logout removes the account", result.code == 0 and self.cli_finds(ANN) == "", result)
        self.check("logout revokes its token, and no other",
                   [self.heroku.accepts(token), self.heroku.accepts(self.bobs)] == [False, True])
        self.check("the other account stays", self.cli_finds(BOB) == self.bobs)
        token, _ = self.log_in(ANN)
        result = self.helper("logout --all")
        self.check("logout --all succeeds", result.code == 0, result)
        self.check_count(0, "after logout --all")
        self.check("logout --all revokes every token", not any(map(self.heroku.accepts, (token, self.bobs))))

    def first_paste(self):
        reply = self.get()
        token = self.heroku.new_token(ANN)
        result = self.checks.without_window(self.world.store(token, reply))
        self.check("store keeps the pasted token", result.code == 0 and not result.stderr, result)
        self.check_get_serves(token, "get serves the pasted token")
        self.check_count(1, "after the paste")
        result = self.helper("status")
        self.check("status names the account of the pasted token", result.code == 0 and ANN in result.stdout, result)
        self.check_count(1, "after status")
        result = self.helper("logout --keep")
        self.check("logout --keep removes the login", result.code == 0, result)
        self.check_count(0, "after logout --keep")
        self.check("logout --keep revokes no token", self.heroku.accepts(token))

    def cli_replaces_our_login(self):
        token, result = self.log_in(ANN)
        self.check("login stores a new item", result.code == 0 and self.cli_finds(ANN) == token, result)
        if not self.keyring.confirms_replacing:
            token = self.heroku.new_token(ANN)
            result = self.world.secret_tool("store", ANN, token)
            self.check("the CLI replaces our login", result.code == 0, result)
            self.check_count(1, "after the CLI's login over ours")
            self.check_get_serves(token, "get serves the CLI's newer login")
        result = self.world.secret_tool("clear", ANN)
        self.check("the CLI logs out", result.code == 0, result)
        result = self.get()
        self.check("get serves nothing after the CLI's logout", result.field("password") is None, result)
