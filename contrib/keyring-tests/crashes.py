"""KWallet writes its file about five seconds late. A crash loses the changes of that time."""

from world import ANN


def killed_after_rotate(world, keyring, checks):
    keyring.start()
    token, _ = world.log_in(ANN)
    keyring.restart()
    checks.check("a login is still stored in the next session", world.lookup(ANN) == token)
    result = world.helper("rotate")
    checks.check("rotate succeeds", result.code == 0, result)
    keyring.crash()
    keyring.start()
    check_get_serves_a_valid_token(world, checks, "get serves a valid token after the crash")
    result = world.helper("rotate")
    checks.check("the next rotate succeeds", result.code == 0, result)
    check_get_serves_a_valid_token(world, checks, "get serves a valid token after the second rotation")


def check_get_serves_a_valid_token(world, checks, promise):
    result = world.get()
    token = world.heroku.add_name(result.field("password"))
    checks.check(promise, token is not None and world.heroku.accepts(token), result)
