"""Every scenario: a keyring program in some state, or a session bus, and the function with its checks."""

import dataclasses
import os
import subprocess
from typing import Callable

import buses
from confirmed import Confirmed
from crashes import killed_after_rotate
from gnome_keyring import GnomeKeyring
from keepassxc import SHOWS_NO_PROMPT, KeePassXC
from kwallet import KWallet
from locked import Locked
from no_collection import NoCollection
from oo7 import Oo7
from open_keyring import OpenKeyring
from partly_locked import PartlyLocked
from pass_secret_service import PassSecretService
from removals import removals
from sessions import first_commands

# Commands or files, each with its Debian package.
NEEDS = {"git": "git", "gdbus": "libglib2.0-bin", "dbus-daemon": "dbus", "dbus-run-session": "dbus",
         "secret-tool": "libsecret-tools", "setpriv": "util-linux"}
NEEDS_OF_A_DISPLAY = {"Xvfb": "xvfb", "xev": "x11-utils", "xdotool": "xdotool", buses.PROMPTER: "gcr"}


@dataclasses.dataclass
class Scenario:
    name: str
    description: str
    function: Callable
    program: type
    bus: Callable = buses.dbus_daemon
    with_display: bool = False
    # Commands that are used if they are installed; and a function that returns a reason to skip the scenario, or None.
    optional: tuple = ()
    skip_reason: Callable = lambda: None

    @property
    def needs(self):
        needs = {**NEEDS, **self.program.needs}
        if self.with_display:
            needs |= NEEDS_OF_A_DISPLAY
        return needs


def open_keyring(world, keyring, checks):
    keyring.start()
    OpenKeyring(world, keyring, checks).run()


def locked_then_unlocked(world, keyring, checks, **how):
    keyring.start(**how)
    scenario = Locked(world, keyring, checks)
    scenario.run()
    scenario.prompt_times_out()
    scenario.user_unlocks()
    scenario.log_in()


def needs_root():
    return None if os.getuid() == 0 else "needs root, for a mount namespace"


def needs_user_namespaces():
    command = ["unshare", "--user", "--map-user=1234", "--map-group=1234", "true"]
    done = subprocess.run(command, capture_output=True, check=False)
    return None if done.returncode == 0 else "this system allows no user namespaces"


# The longest scenarios come first.
SCENARIOS = [
    Scenario("keepassxc/confirms", "an open database with KeePassXC's default settings: a user confirms each access",
             Confirmed.commands, KeePassXC, with_display=True),
    Scenario("keepassxc/confirms-login", "a login that replaces another one: a user confirms each access",
             Confirmed.login, KeePassXC, with_display=True),
    Scenario("keepassxc/locked", "a locked database that a search would ask to unlock; then a user unlocks it",
             locked_then_unlocked, KeePassXC, with_display=True),
    Scenario("keepassxc/hidden", "a locked database that a search would not find; then a user unlocks it",
             lambda *scenario: locked_then_unlocked(*scenario, settings=SHOWS_NO_PROMPT), KeePassXC, with_display=True),
    Scenario("keepassxc/open", "an open database that confirms no access", open_keyring, KeePassXC, with_display=True),
    Scenario("keepassxc/partly-locked", "one database is open, another locked",
             PartlyLocked.of_keepassxc, KeePassXC, with_display=True),
    Scenario("keepassxc/partly-locked-default", "one database is open, and the default one is locked",
             PartlyLocked.of_keepassxc_by_default, KeePassXC, with_display=True),
    Scenario("keepassxc/no-database", "no database is open", NoCollection.of_keepassxc, KeePassXC, with_display=True),
    Scenario("kwallet/open", "a wallet that was opened by PAM", open_keyring, KWallet, with_display=True),
    Scenario("kwallet/first-commands", "the first command of each session, with a wallet that was opened by PAM",
             first_commands, KWallet, with_display=True),
    Scenario("kwallet/killed", "KWallet is killed after a rotation", killed_after_rotate, KWallet, with_display=True),
    Scenario("kwallet/locked", "a closed wallet; then a user opens it", locked_then_unlocked, KWallet,
             with_display=True),
    Scenario("kwallet/no-wallet", "there is no wallet", NoCollection.of_kwallet, KWallet, with_display=True),
    Scenario("gnome-keyring/open", "an open keyring", open_keyring, GnomeKeyring),
    Scenario("gnome-keyring/locked", "a locked keyring with gcr's prompter; then a user unlocks it",
             locked_then_unlocked, GnomeKeyring, with_display=True),
    Scenario("gnome-keyring/partly-locked", "one keyring is open, another locked", PartlyLocked.of_gnome_keyring,
             GnomeKeyring),
    Scenario("oo7/open", "an open keyring", open_keyring, Oo7),
    Scenario("oo7/locked", "a locked keyring with gcr's prompter; then a user unlocks it", locked_then_unlocked, Oo7,
             with_display=True),
    Scenario("pass-secret-service/open", "a password store", open_keyring, PassSecretService),
    Scenario("pass-secret-service/removals", "many removals: it answers calls in any order", removals, PassSecretService),
    Scenario("bus/dbus-broker", "dbus-broker, with gnome-keyring", open_keyring, GnomeKeyring, buses.dbus_broker,
             optional=("dbus-broker-launch",), skip_reason=needs_root),
    Scenario("bus/dbus-run-session", "dbus-run-session, with gnome-keyring", open_keyring, GnomeKeyring,
             buses.dbus_run_session),
    Scenario("bus/xdg-dbus-proxy", "the proxy of Flatpak, with gnome-keyring", open_keyring, GnomeKeyring,
             buses.xdg_dbus_proxy, optional=("xdg-dbus-proxy",)),
    Scenario("bus/user-namespace", "a rootless container, with gnome-keyring", open_keyring, GnomeKeyring,
             buses.user_namespace, skip_reason=needs_user_namespaces),
]
