"""KWallet over several sessions of a user."""

from world import ANN


def first_commands(world, keyring, checks):
    """PAM has opened the wallet, but its Secret Service is locked until the first program unlocks it."""
    keyring.start()
    check, heroku = checks.check, world.heroku
    reply = checks.without_window(world.get())
    token = heroku.new_token(ANN)
    keyring.restart()
    result = checks.without_window(world.store(token, reply))
    check("store, as the first command, keeps the pasted token", result.code == 0 and not result.stderr, result)
    for line in ("status", "token", "api /account"):
        keyring.restart()
        result = checks.without_window(world.helper(line))
        check(f"{line}, as the first command, finds the login", result.code == 0, result)
    keyring.restart()
    result = checks.without_window(world.get())
    check("get, as the first command, serves the login", result.field("password") == token, result)
    heroku.revoke(token)
    keyring.restart()
    result = checks.without_window(world.erase(token, ANN))
    check("erase, as the first command, removes a revoked token", world.count() == 0, result)
    keyring.restart()
    token, result = world.log_in(ANN)
    checks.without_window(result)
    check("login, as the first command, succeeds", result.code == 0, result)
    result = world.secret_tool("lookup", ANN)
    check("the CLI finds the token", result.stdout.strip() == token, result)
    for line in ("rotate", "logout"):
        keyring.restart()
        result = checks.without_window(world.helper(line))
        check(f"{line}, as the first command, succeeds", result.code == 0, result)
    check("nothing is left after the logout", world.count() == 0, world.items())
    checks.check_no_window()
