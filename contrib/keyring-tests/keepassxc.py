"""KeePassXC with its Secret Service Integration enabled, and databases that share a group."""

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
# KeePassXC's default settings: it asks to unlock before a search, and to confirm each access.
DEFAULTS = ""
# With "Confirm when passwords are retrieved by clients" off, as `get` advises.
CONFIRMS_NO_ACCESS = "ConfirmAccessItem=false\n"
# With "Prompt to unlock database before searching" off, too.
SHOWS_NO_PROMPT = CONFIRMS_NO_ACCESS + "UnlockBeforeSearch=false\n"
OPEN, LOCKED = True, False
MAIN_WINDOW = "org.keepassxc.KeePassXC.MainWindow"


class KeePassXC(programs.Program):
    name = "keepassxc"
    needs = {"keepassxc": "keepassxc"}
    needs_display = True
    collection = SERVICE + "/collection/logins"
    prompt = "Unlock Database"
    confirms_replacing = True

    def start(self, databases=(("logins", OPEN),), settings=CONFIRMS_NO_ACCESS):
        """Starts with these databases. The last one is the default collection."""
        files = [self.database(name) for name, _ in databases]
        for folder in (".config", ".cache"):
            os.makedirs(self.world.path("home", folder, "keepassxc"), exist_ok=True)
        with open(self.world.path("home", ".config", "keepassxc", "keepassxc.ini"), "w", encoding="utf-8") as file:
            file.write(SETTINGS + settings)
        self.process = self.world.spawn("keepassxc", ["keepassxc"])
        self.world.wait_for_name()
        wait_until(lambda: self.world.display.window("KeePassXC"), "KeePassXC shows its window")
        for file, (name, is_open) in zip(files, databases):
            # This process passes the file to the running one.
            self.world.run(["keepassxc", file])
            collection = f"{SERVICE}/collection/{name}"
            wait_until(lambda: self.world.is_locked(collection), f"the database {name} is loaded")
            if is_open:
                # KeePassXC 2.7.10 crashes if it gets the password by --pw-stdin.
                self.world.display.type_into("[Locked]", PASSWORD, until=lambda: not self.world.is_locked(collection))

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
            raise RuntimeError(f"keepassxc-cli {arguments[0]}: {done.output}")
        return done.stdout

    def lock(self):
        """Locks every database, over D-Bus."""
        self.world.call("/keepassxc", MAIN_WINDOW + ".lockAllDatabases", dest=MAIN_WINDOW)
        wait_until(lambda: self.world.is_locked(self.collection), "the database is locked")

    def end(self):
        """Ends the program, which has already saved every change."""
        self.world.end(self.process)
        wait_until(lambda: not self.world.display.window("KeePassXC"), "KeePassXC has ended")

    def answer(self):
        self.world.display.type_into(self.prompt, PASSWORD)
