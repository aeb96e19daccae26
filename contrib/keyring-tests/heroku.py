"""The stand-in Heroku of a world: its accounts, tokens and requests."""

import os
import ssl
import urllib.error
import urllib.request

from waiting import wait_until


class Heroku:
    def __init__(self, world):
        self.folder = world.path("heroku")
        world.spawn("heroku", [os.path.join(world.programs, "heroku-stand-in"), "--dir", self.folder])
        wait_until(lambda: "ready" in world.log("heroku"), "the stand-in Heroku is ready")
        with open(os.path.join(self.folder, "environment"), encoding="utf-8") as file:
            self.variables = dict(line.strip().split("=", 1) for line in file)
        world.environment.update(self.variables)
        with open(os.path.join(self.folder, "control"), encoding="utf-8") as file:
            self.control = file.read().strip()
        self.direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        context = ssl.create_default_context(cafile=self.variables["SSL_CERT_FILE"])
        self.client = urllib.request.build_opener(
            urllib.request.ProxyHandler({"https": self.variables["https_proxy"]}),
            urllib.request.HTTPSHandler(context=context))
        # Each token, with the name that is printed in its place.
        self.tokens = {}

    def ask(self, method, path, body=""):
        request = urllib.request.Request(
            self.control + path, data=body.encode() if method == "POST" else None, method=method)
        with self.direct.open(request, timeout=10) as answer:
            return answer.read().decode()

    def add_account(self, email, app):
        self.ask("POST", f"/accounts?email={email}")
        self.ask("POST", f"/apps?email={email}&name={app}")

    def new_token(self, email):
        token = self.ask("POST", f"/tokens?email={email}")
        self.tokens[token] = f"token {len(self.tokens) + 1}, of {email.split('@')[0]}"
        return token

    def add_name(self, token):
        """Adds a name for a token that the tested program created. Returns the token."""
        if token:
            self.tokens.setdefault(token, f"token {len(self.tokens) + 1}, by the program")
        return token

    def revoke(self, token):
        self.ask("POST", "/revoke", token)

    def accepts(self, token):
        request = urllib.request.Request("https://api.heroku.com/account", headers={
            "Authorization": "Bearer " + token, "Accept": "application/vnd.heroku+json; version=3"})
        try:
            with self.client.open(request, timeout=10):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def changes(self):
        """The requests that may have created or revoked something."""
        lines = self.ask("GET", "/requests").splitlines()
        return [line for line in lines if line.split()[1] != "GET"]
