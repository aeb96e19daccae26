"""git's suite asks a helper about example.com. These rules make it ask about Heroku instead.

They are all that is changed, and each is a regular expression of Python's over the text of
lib-credential.sh.
"""

import re

HOST = "git.heroku.com"

RULES = (
    # Any host does for the suite; badguy.example.com and other.tld stay hosts that are not Heroku's.
    (r"(?<!badguy\.)\b(?:(?:victim|git2?)\.)?example\.com\b|\b(?:path|sso)\.tld\b", HOST),
    # A password that could be a token; `pass` and its like are too short for one.
    (r"\bpassword=(?!askpass)([\w-]+)", r"password=HRKU-of-gits-suite-\1"),
    # If no account is logged in, the helper answers the user name alone, so git asks only for the password.
    (r"(protocol=https\n\s*host=git\.heroku\.com\n\s*)username=askpass-username", r"\1username=heroku"),
    (r"\n\s*askpass: Username for '\\''https://git\.heroku\.com'\\'':", ""),
    (r"https://askpass-username@git\.heroku\.com", "https://heroku@git.heroku.com"),
)


def mapped(library):
    """lib-credential.sh with Heroku's host in it."""
    for pattern, replacement in RULES:
        library, times = re.subn(pattern, replacement, library)
        if not times:
            raise LookupError(f"git's suite has nothing for this rule any more: {pattern}")
    return library


def script(external, library_name):
    """t0303 with that library, and with the cases that git runs only for its own cache."""
    text = external.replace("lib-credential.sh", library_name)
    end = "\n# clean afterwards"
    if end not in text:
        raise LookupError("git's suite no longer cleans up where it did")
    more = '\nif type helper_test_authtype >/dev/null 2>&1; then\n' \
           '\thelper_test_authtype "$GIT_TEST_CREDENTIAL_HELPER"\nfi\n'
    return text.replace(end, more + end)
