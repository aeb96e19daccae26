"""The life of two accounts in an open keyring, with the Heroku CLI's secret-tool beside us."""

from world import ANN, BOB


class Life:
    def __init__(self, world, keyring, checks):
        self.world, self.keyring, self.checks = world, keyring, checks
        self.check, self.heroku = checks.check, world.heroku

    def run(self):
        if self.world.display:
            self.world.display.new_windows()
        self.nothing_there()
        self.login_of_the_cli()
        self.login_over_it()
        self.second_account()
        self.rotation()
        self.refused_token()
        self.leaving()
        self.first_paste()
        self.cli_over_us()
        self.checks.no_window()
        left = self.world.files_with_a_token()
        self.check("no file holds a token in plain text", not left, left)
        self.check("the keyring program is still running", self.keyring.is_alive())

    # Commands that show no window

    def helper(self, line, stdin=""):
        return self.checks.quiet(self.world.helper(line, stdin))

    def get(self, username=None):
        return self.checks.quiet(self.world.get(username))

    def serves(self, token, promise, username=None):
        result = self.get(username)
        self.check(promise, result.code == 0 and result.field("password") == token, result)
        return result

    def log_in(self, email):
        token = self.heroku.new_token(email)
        return token, self.helper("login --with-token", token)

    def finds(self, account):
        return self.heroku.knows(self.world.lookup(account))

    def has(self, count, when):
        seen = self.world.items()
        self.check(f"{count} item{'s' if count != 1 else ''} {when}", sum(map(len, seen)) == count, seen)

    # The parts of the life

    def nothing_there(self):
        result = self.get()
        self.check('get says "not logged in"',
                   result.code == 0 and result.field("password") is None and "not logged in" in result.stderr, result)
        result = self.checks.quiet(self.world.erase(self.heroku.new_token(ANN), "heroku"))
        self.check("erase of an unknown token says nothing", result.code == 0 and not result.said, result)
        result = self.helper("token")
        self.check("token says so too", result.code == 4 and not result.stdout, result)

    def login_of_the_cli(self):
        self.token = self.heroku.new_token(ANN)
        result = self.world.secret_tool("store", ANN, self.token)
        self.check("the Heroku CLI stores a login", result.code == 0, result)
        self.serves(self.token, "get serves the CLI's login")
        self.serves(self.token, "get serves it by its email", ANN)
        result = self.helper("token")
        self.check("token prints it", result.code == 0 and result.stdout.strip() == self.token, result)

    def login_over_it(self):
        result = self.helper("setup")
        self.check("setup configures git", result.code == 0, result)
        self.token, result = self.log_in(ANN)
        self.check("login stores a token", result.code == 0, result)
        self.check("the CLI finds the new token", self.finds(ANN) == self.token)
        self.has(1, "after a login over the CLI's")
        result = self.helper("status")
        self.check("status names the account", result.code == 0 and ANN in result.stdout, result)
        for command in (["init", "--quiet", "--initial-branch=main"],
                        ["remote", "add", "heroku", "https://git.heroku.com/app-ann.git"],
                        ["-c", "user.name=Ann", "-c", f"user.email={ANN}", "commit", "--quiet", "--allow-empty",
                         "--message=The first commit"]):
            self.world.program(["git", *command])
        result = self.checks.quiet(self.world.program(["git", "push", "heroku", "main"]))
        self.check("git pushes", result.code == 0, result)
        result = self.helper("doctor")
        self.check("doctor finds no problem", result.code == 0, result)

    def second_account(self):
        self.bobs, result = self.log_in(BOB)
        self.check("login stores a second account", result.code == 0, result)
        self.has(2, "for two accounts")
        self.check("the CLI finds both", [self.finds(ANN), self.finds(BOB)] == [self.token, self.bobs])
        self.serves(self.bobs, "get serves the account of the last login")
        result = self.helper(f"switch {ANN}")
        self.check("switch changes the account", result.code == 0, result)
        self.serves(self.token, "get serves the account after a switch")
        self.serves(self.bobs, "get serves the other one by its email", BOB)
        result = self.helper("status")
        self.check("status names both accounts", result.code == 0 and ANN in result.stdout and BOB in result.stdout,
                   result)
        result = self.helper("api /account")
        self.check("api asks as the account", result.code == 0 and f'"{ANN}"' in result.stdout, result)

    def rotation(self):
        old = self.token
        result = self.helper("rotate")
        self.token = self.finds(ANN)
        self.check("rotate replaces the token", result.code == 0 and self.token not in ("", old), result)
        self.check("Heroku accepts the new token only", [self.heroku.accepts(self.token), self.heroku.accepts(old)]
                   == [True, False])
        self.has(2, "after a rotation")
        self.serves(self.token, "get serves the new token")

    def refused_token(self):
        result = self.checks.quiet(self.world.erase(self.token, ANN))
        self.check("erase keeps a token that Heroku accepts", result.code == 0 and self.finds(ANN) == self.token,
                   result)
        self.heroku.revoke(self.token)
        result = self.checks.quiet(self.world.erase(self.token, ANN))
        self.check("erase removes a dead token", result.code == 0 and self.finds(ANN) == "", result)
        self.has(1, "after the erase")

    def leaving(self):
        token, result = self.log_in(ANN)
        self.check("login stores a token again", result.code == 0, result)
        result = self.helper(f"logout {ANN}")
        self.check("logout removes the account", result.code == 0 and self.finds(ANN) == "", result)
        self.check("logout revokes its token, and no other",
                   [self.heroku.accepts(token), self.heroku.accepts(self.bobs)] == [False, True])
        self.check("the other account stays", self.finds(BOB) == self.bobs)
        token, _ = self.log_in(ANN)
        result = self.helper("logout --all")
        self.check("logout --all succeeds", result.code == 0, result)
        self.has(0, "after logout --all")
        self.check("logout --all revokes every token", not any(map(self.heroku.accepts, (token, self.bobs))))

    def first_paste(self):
        reply = self.get()
        token = self.heroku.new_token(ANN)
        result = self.checks.quiet(self.world.store(token, reply))
        self.check("store keeps what was pasted", result.code == 0 and not result.stderr, result)
        self.serves(token, "get serves what was pasted")
        self.has(1, "after the paste")
        result = self.helper("status")
        self.check("status names the account of the paste", result.code == 0 and ANN in result.stdout, result)
        self.has(1, "after status")
        result = self.helper("logout --keep")
        self.check("logout --keep removes the login", result.code == 0, result)
        self.has(0, "after logout --keep")
        self.check("logout --keep revokes nothing", self.heroku.accepts(token))

    def cli_over_us(self):
        token, result = self.log_in(ANN)
        self.check("login stores a new item", result.code == 0 and self.finds(ANN) == token, result)
        if not self.keyring.confirms_replacing:
            token = self.heroku.new_token(ANN)
            result = self.world.secret_tool("store", ANN, token)
            self.check("the CLI replaces our login", result.code == 0, result)
            self.has(1, "after the CLI's login over ours")
            self.serves(token, "get serves the CLI's newer login")
        result = self.world.secret_tool("clear", ANN)
        self.check("the CLI logs out", result.code == 0, result)
        result = self.get()
        self.check("get serves nothing after the CLI's logout", result.field("password") is None, result)
