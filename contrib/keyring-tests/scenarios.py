"""Every scenario: a keyring program in a state, or a session bus, and what is to hold there."""

import dataclasses
import os
import subprocess
from typing import Callable

import buses
from confirmed import Confirmed
from crashes import killed_after_rotate
from gnome_keyring import GnomeKeyring
from half_locked import HalfLocked
from keepassxc import ASKS_NOTHING, KeePassXC
from kwallet import KWallet
from life import Life
from locked import Locked
from nowhere import Nowhere
from oo7 import Oo7
from pass_secret_service import PassSecretService
from removals import removals
from sessions import first_commands

# A command or a file, and the Debian package that has it.
NEEDS = {"git": "git", "gdbus": "libglib2.0-bin", "dbus-daemon": "dbus", "dbus-run-session": "dbus",
         "secret-tool": "libsecret-tools", "setpriv": "util-linux"}
NEEDS_OF_A_DISPLAY = {"Xvfb": "xvfb", "xev": "x11-utils", "xdotool": "xdotool", buses.PROMPTER: "gcr"}


@dataclasses.dataclass
class Scenario:
    name: str
    about: str
    play: Callable
    program: type
    bus: Callable = buses.dbus_daemon
    with_display: bool = False
    # What is used if it is there and not installed otherwise; and a reason not to run, or None.
    optional: tuple = ()
    unless: Callable = lambda: None

    @property
    def needs(self):
        needs = {**NEEDS, **self.program.needs}
        if self.with_display:
            needs |= NEEDS_OF_A_DISPLAY
        return needs


def life(world, keyring, checks):
    keyring.start()
    Life(world, keyring, checks).run()


def locked_then_unlocked(world, keyring, checks, **how):
    keyring.start(**how)
    scene = Locked(world, keyring, checks)
    scene.run()
    scene.unanswered()
    scene.answered()
    scene.log_in()


def needs_root():
    return None if os.getuid() == 0 else "it needs root, for a mount namespace"


def needs_user_namespaces():
    command = ["unshare", "--user", "--map-user=1234", "--map-group=1234", "true"]
    done = subprocess.run(command, capture_output=True, check=False)
    return None if done.returncode == 0 else "this system allows no user namespaces"


# Those that take longest come first.
SCENARIOS = [
    Scenario("keepassxc/confirms", "an open database with KeePassXC's own settings: a user confirms each access",
             Confirmed.commands, KeePassXC, with_display=True),
    Scenario("keepassxc/confirms-login", "a login over one that a user has to confirm",
             Confirmed.login, KeePassXC, with_display=True),
    Scenario("keepassxc/locked", "a locked database: a search would ask to unlock it; then a user does",
             locked_then_unlocked, KeePassXC, with_display=True),
    Scenario("keepassxc/hidden", "a locked database: a search would find nothing; then a user unlocks it",
             lambda *scene: locked_then_unlocked(*scene, settings=ASKS_NOTHING), KeePassXC, with_display=True),
    Scenario("keepassxc/open", "an open database that confirms no access", life, KeePassXC, with_display=True),
    Scenario("keepassxc/half-locked", "one database is open, another locked",
             HalfLocked.of_keepassxc, KeePassXC, with_display=True),
    Scenario("keepassxc/half-locked-default", "one database is open, and the default one is locked",
             HalfLocked.of_keepassxc_by_default, KeePassXC, with_display=True),
    Scenario("keepassxc/none", "no database is open", Nowhere.of_keepassxc, KeePassXC, with_display=True),
    Scenario("kwallet/open", "a wallet that was opened by PAM", life, KWallet, with_display=True),
    Scenario("kwallet/session", "the first command of each session, with a wallet that was opened by PAM",
             first_commands, KWallet, with_display=True),
    Scenario("kwallet/killed", "KWallet is killed after a rotation", killed_after_rotate, KWallet, with_display=True),
    Scenario("kwallet/locked", "a closed wallet; then a user opens it", locked_then_unlocked, KWallet,
             with_display=True),
    Scenario("kwallet/none", "there is no wallet", Nowhere.of_kwallet, KWallet, with_display=True),
    Scenario("gnome-keyring/open", "an open keyring", life, GnomeKeyring),
    Scenario("gnome-keyring/locked", "a locked keyring with gcr's prompter; then a user unlocks it",
             locked_then_unlocked, GnomeKeyring, with_display=True),
    Scenario("gnome-keyring/half-locked", "one keyring is open, another locked", HalfLocked.of_gnome_keyring,
             GnomeKeyring),
    Scenario("oo7/open", "an open keyring", life, Oo7),
    Scenario("oo7/locked", "a locked keyring with gcr's prompter; then a user unlocks it", locked_then_unlocked, Oo7,
             with_display=True),
    Scenario("pass-secret-service/open", "a password store", life, PassSecretService),
    Scenario("pass-secret-service/removals", "it answers in any order", removals, PassSecretService),
    Scenario("bus/dbus-broker", "dbus-broker, with gnome-keyring", life, GnomeKeyring, buses.dbus_broker,
             optional=("dbus-broker-launch",), unless=needs_root),
    Scenario("bus/dbus-run-session", "dbus-run-session, with gnome-keyring", life, GnomeKeyring,
             buses.dbus_run_session),
    Scenario("bus/xdg-dbus-proxy", "the proxy of Flatpak, with gnome-keyring", life, GnomeKeyring,
             buses.xdg_dbus_proxy, optional=("xdg-dbus-proxy",)),
    Scenario("bus/user-namespace", "a rootless container, with gnome-keyring", life, GnomeKeyring,
             buses.user_namespace, unless=needs_user_namespaces),
]
