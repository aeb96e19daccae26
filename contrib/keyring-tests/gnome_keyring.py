"""gnome-keyring, with its login keyring."""

import os
import shutil

import programs
from waiting import wait_until
from world import SERVICE

PASSWORD = "open sesame"
LOGIN = SERVICE + "/collection/login"


class GnomeKeyring(programs.Program):
    name = "gnome-keyring"
    needs = {"gnome-keyring-daemon": "gnome-keyring"}
    collection = LOGIN
    # Shown by gcr's prompter, which the bus starts.
    prompt = "Unlock"

    def start(self, password=PASSWORD):
        """Starts with the login keyring open, as after a login with a password."""
        self.process = self.world.spawn(
            "gnome-keyring", ["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"],
            stdin=password.encode())
        self.world.wait_for_name()
        wait_until(lambda: self.world.is_locked(LOGIN) is False, "the login keyring is open")

    def lock(self):
        self.world.call(SERVICE, "org.freedesktop.Secret.Service.Lock", f"['{LOGIN}']")
        wait_until(lambda: self.world.is_locked(LOGIN), "the login keyring is locked")

    def answer(self):
        self.world.display.type_into(self.prompt, PASSWORD)

    def add_locked_keyring(self, other, name):
        """Copies another world's login keyring to this one, as a second keyring that stays locked."""
        keyrings = (".local", "share", "keyrings")
        os.makedirs(self.world.path("home", *keyrings), 0o700, exist_ok=True)
        shutil.copy(other.path("home", *keyrings, "login.keyring"),
                    self.world.path("home", *keyrings, f"{name}.keyring"))
