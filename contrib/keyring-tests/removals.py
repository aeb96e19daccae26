"""A keyring program that works on the calls of one connection at the same time, and answers in any order."""

from world import ANN

TIMES = 20


def removals(world, keyring, checks):
    """erase and status each remove an item, and say so, every time."""
    keyring.start()
    wrong = []
    for _ in range(TIMES):
        token, _ = world.log_in(ANN)
        world.heroku.revoke(token)
        result = world.erase(token, ANN)
        if world.count() or "could not" in result.stderr:
            wrong.append(result.stderr)
    checks.check(f"erase removes a dead token, {TIMES} of {TIMES} times", not wrong, wrong)
    wrong = []
    for _ in range(TIMES // 4):
        world.store(world.heroku.new_token(ANN), world.get())
        result = world.helper("status")
        if result.code != 0 or world.count() != 1:
            wrong.append(result.said)
        world.helper("logout --keep")
    checks.check("status names the account of a paste, every time", not wrong, wrong)
