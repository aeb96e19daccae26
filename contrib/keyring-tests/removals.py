"""A keyring program that handles the calls of one connection concurrently, and answers in any order."""

from world import ANN

TIMES = 20


def removals(world, keyring, checks):
    """erase and status each remove an item, and report no error, every time."""
    keyring.start()
    wrong = []
    for _ in range(TIMES):
        token, _ = world.log_in(ANN)
        world.heroku.revoke(token)
        result = world.erase(token, ANN)
        if world.count() or "could not" in result.stderr:
            wrong.append(result.stderr)
    checks.check(f"erase removes a revoked token, {TIMES} of {TIMES} times", not wrong, wrong)
    wrong = []
    for _ in range(TIMES // 4):
        world.store(world.heroku.new_token(ANN), world.get())
        result = world.helper("status")
        if result.code != 0 or world.count() != 1:
            wrong.append(result.output)
        world.helper("logout --keep")
    checks.check("status names the account of a pasted token, every time", not wrong, wrong)
