"""KeePassXC with its Secret Service Integration switched on, and databases that share a group."""

import base64
import os
import re
import uuid

import programs
from waiting import wait_until
from world import SERVICE

PASSWORD = "open sesame"
GROUP = "Secrets"
SETTINGS = """[General]
ConfigVersion=2
UpdateCheckMessageShown=true
AutoSaveAfterEveryChange=true
[GUI]
CheckForUpdates=false
[Security]
LockDatabaseScreenLock=false
LockDatabaseIdle=false
[FdoSecrets]
Enabled=true
"""
# What a user of the integration switches off: nothing is asked as long as the database is open.
ASKS_NOTHING = "ShowNotification=false\nConfirmAccessItem=false\nConfirmDeleteItem=false\nUnlockBeforeSearch=false\n"
MAIN_WINDOW = "org.keepassxc.KeePassXC.MainWindow"


class KeePassXC(programs.Program):
    name = "keepassxc"
    needs = {"keepassxc": "keepassxc"}
    needs_display = True
    collection = SERVICE + "/collection/logins"
    prompt = "Unlock Database"
    confirms_replacing = True

    def start(self, locked=(), opened=("logins",), settings=ASKS_NOTHING):
        """With these databases. An empty `settings`: KeePassXC's own."""
        files = [self.database(name) for name in (*locked, *opened)]
        for folder in (".config", ".cache"):
            os.makedirs(self.world.path("home", folder, "keepassxc"), exist_ok=True)
        with open(self.world.path("home", ".config", "keepassxc", "keepassxc.ini"), "w", encoding="utf-8") as file:
            file.write(SETTINGS + settings)
        # It reads a line for each file, and does not try an empty one. The last one is the default collection.
        passwords = "\n" * len(locked) + f"{PASSWORD}\n" * len(opened)
        command = ["keepassxc", *(["--pw-stdin"] if files else []), *files]
        self.process = self.world.spawn("keepassxc", command, stdin=passwords.encode())
        self.world.wait_for_name()
        wait_until(lambda: self.world.display.window("KeePassXC"), "KeePassXC shows its window")
        for name in opened:
            wait_until(lambda: self.world.is_locked(f"{SERVICE}/collection/{name}") is False, f"{name} is open")

    def database(self, name):
        """A database that shares a group with the Secret Service. It is made from an edited export in XML."""
        empty, shared, xml = (self.world.path("home", name + end) for end in ("-empty.kdbx", ".kdbx", ".xml"))
        if os.path.exists(shared):
            return shared
        self.cli("db-create", "-p", empty, passwords=2)
        self.cli("mkdir", empty, GROUP)
        text = self.cli("export", empty)
        group = re.search(rf"<Group>\s*<UUID>([^<]*)</UUID>\s*<Name>{GROUP}</Name>", text).group(1)
        shares = (f"<CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key>"
                  f"<Value>{{{uuid.UUID(bytes=base64.b64decode(group))}}}</Value></Item></CustomData></Meta>")
        text = text.replace("</Meta>", shares, 1)
        text = text.replace("<DatabaseName/>", f"<DatabaseName>{name}</DatabaseName>", 1)
        with open(xml, "w", encoding="utf-8") as file:
            file.write(text)
        self.cli("import", "-p", xml, shared, passwords=2)
        os.unlink(empty)
        os.unlink(xml)
        return shared

    def cli(self, *arguments, passwords=1):
        done = self.world.run(["keepassxc-cli", *arguments], f"{PASSWORD}\n" * passwords)
        if done.code != 0:
            raise RuntimeError(f"keepassxc-cli {arguments[0]}: {done.said}")
        return done.stdout

    def lock(self):
        """Locks every database, by the program's own interface."""
        self.world.call("/keepassxc", MAIN_WINDOW + ".lockAllDatabases", dest=MAIN_WINDOW)
        wait_until(lambda: self.world.is_locked(self.collection), "the database is locked")

    def answer(self):
        self.world.display.types(self.prompt, PASSWORD)
