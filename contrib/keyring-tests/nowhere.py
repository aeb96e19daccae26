"""A keyring program without a wallet or an open database: it is there, and cannot keep anything yet."""

import os

from locked import LIMIT
from world import ANN

# Advice that does not help here.
MISLEADING = ("install", "start one", "restart", "made no sense", "invalid reply", "no answer")


class Nowhere:
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
        reply = self.advises_well(world.get(), "get advises nothing that does not help")
        self.advises_well(world.store(world.heroku.new_token(ANN), reply), "nor does store")
        _, result = world.log_in(ANN)
        self.advises_well(result, "nor does login")
        check("login fails", result.code != 0, result)
        self.checks.no_window()
        left = world.files_with_a_token()
        check("no file holds a token in plain text", not left, left)
        token = world.heroku.new_token(ANN)
        result = world.helper("login --with-token --store netrc", token)
        check("login --store netrc works, since the user asks for it",
              result.code == 0 and os.path.exists(world.path("home", ".netrc")), result)

    def advises_well(self, result, promise):
        self.checks.quiet(result)
        misleads = any(words in result.said.lower() for words in MISLEADING)
        self.checks.check(promise, not misleads and result.seconds < LIMIT, result)
        return result
