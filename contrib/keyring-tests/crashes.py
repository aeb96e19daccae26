"""KWallet writes about five seconds late: what it has not written is lost by a crash."""

from world import ANN


def killed_after_rotate(world, keyring, checks):
    keyring.start()
    token, _ = world.log_in(ANN)
    keyring.restart()
    checks.check("a login is there in the next session", world.lookup(ANN) == token)
    result = world.helper("rotate")
    checks.check("rotate succeeds", result.code == 0, result)
    keyring.crash()
    keyring.start()
    serves_a_valid_token(world, checks, "get serves a valid token after the crash")
    result = world.helper("rotate")
    checks.check("the next rotate succeeds", result.code == 0, result)
    serves_a_valid_token(world, checks, "get serves a valid token after that")


def serves_a_valid_token(world, checks, promise):
    result = world.get()
    token = world.heroku.knows(result.field("password"))
    checks.check(promise, token is not None and world.heroku.accepts(token), result)
