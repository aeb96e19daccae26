"""oo7-daemon, the planned successor of gnome-keyring. It has no package: `cargo install oo7-daemon`."""

import os
import shutil

import programs
from waiting import wait_until
from world import SERVICE

PASSWORD = "open sesame"


class Oo7(programs.Program):
    name = "oo7"
    needs = {"oo7-daemon": None}
    collection = SERVICE + "/collection/login"
    prompt = "Unlock"

    def start(self):
        # oo7 drops its capabilities, and then reads a client's environment to find its display. It cannot read the
        # environment of a client with root's capabilities.
        if os.getuid() == 0:
            self.world.prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
        os.makedirs(self.world.path("home", ".local", "share"), exist_ok=True)
        self.process = self.world.spawn("oo7", [shutil.which("oo7-daemon"), "--login"], stdin=PASSWORD.encode())
        self.world.wait_for_name()
        wait_until(lambda: self.world.is_locked(self.collection) is False, "the login keyring is open")
        # oo7 answers its first client a second or two late, because it queries the session first.
        self.world.run(["secret-tool", "search", "service", "nothing"])

    def lock(self):
        self.world.call(SERVICE, "org.freedesktop.Secret.Service.Lock", f"['{self.collection}']")
        wait_until(lambda: self.world.is_locked(self.collection), "the login keyring is locked")

    def answer(self):
        self.world.display.type_into(self.prompt, PASSWORD)
