"""git's suite uses the host example.com. These rules replace it with Heroku's host.

Nothing else is changed. Each rule is a regular expression for the text of lib-credential.sh.
"""

import re

HOST = "git.heroku.com"

RULES = (
    # The suite works with any host. badguy.example.com and other.tld stay, as hosts that are not Heroku's.
    (r"(?<!badguy\.)\b(?:(?:victim|git2?)\.)?example\.com\b|\b(?:path|sso)\.tld\b", HOST),
    # Passwords that have the form of a token. `pass` and similar passwords are too short.
    (r"\bpassword=(?!askpass)([\w-]+)", r"password=HRKU-of-gits-suite-\1"),
    # If no account is logged in, the helper only returns a user name, so git only asks for the password.
    (r"(protocol=https\n\s*host=git\.heroku\.com\n\s*)username=askpass-username", r"\1username=heroku"),
    (r"\n\s*askpass: Username for '\\''https://git\.heroku\.com'\\'':", ""),
    (r"https://askpass-username@git\.heroku\.com", "https://heroku@git.heroku.com"),
)


def mapped(library):
    """lib-credential.sh with Heroku's host in it."""
    for pattern, replacement in RULES:
        library, times = re.subn(pattern, replacement, library)
        if not times:
            raise LookupError(f"git's suite has no match for this rule any more: {pattern}")
    return library


def script(external, library_name):
    """t0303 with that library, and with the cases that git otherwise only runs for its own cache."""
    text = external.replace("lib-credential.sh", library_name)
    end = "\n# clean afterwards"
    if end not in text:
        raise LookupError("git's suite no longer has its clean-up at the expected place")
    more = '\nif type helper_test_authtype >/dev/null 2>&1; then\n' \
           '\thelper_test_authtype "$GIT_TEST_CREDENTIAL_HELPER"\nfi\n'
    return text.replace(end, more + end)
