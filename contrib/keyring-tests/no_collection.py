"""A keyring program without a wallet or an open database: it runs, but has no collection for new items."""

import os

from locked import LIMIT
from world import ANN

# Advice that does not help in this state.
MISLEADING = ("install", "start one", "restart", "made no sense", "invalid reply", "no answer")


class NoCollection:
    def __init__(self, world, checks):
        self.world, self.checks = world, checks

    @classmethod
    def of_kwallet(cls, world, keyring, checks):
        keyring.start(with_wallet=False)
        cls(world, checks).run()

    @classmethod
    def of_keepassxc(cls, world, keyring, checks):
        keyring.start([])
        cls(world, checks).run()

    def run(self):
        world, check = self.world, self.checks.check
        world.display.new_windows()
        reply = self.check_advice(world.get(), "get gives no misleading advice")
        self.check_advice(world.store(world.heroku.new_token(ANN), reply), "store gives no misleading advice")
        _, result = world.log_in(ANN)
        self.check_advice(result, "login gives no misleading advice")
        check("login fails", result.code != 0, result)
        self.checks.check_no_window()
        left = world.files_with_a_token()
        check("no file contains a token in plain text", not left, left)
        token = world.heroku.new_token(ANN)
        result = world.helper("login --with-token --store netrc", token)
        check("login --store netrc works, since the user chose it",
              result.code == 0 and os.path.exists(world.path("home", ".netrc")), result)

    def check_advice(self, result, promise):
        self.checks.without_window(result)
        misleads = any(words in result.output.lower() for words in MISLEADING)
        self.checks.check(promise, not misleads and result.seconds < LIMIT, result)
        return result
