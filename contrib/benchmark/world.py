"""A home, a bus, a keyring with one login in it, and a stand-in Heroku: made for one run."""

import hashlib
import os
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.dirname(os.path.abspath(__file__))
ACCOUNT = "ann@example.com"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class World:
    """Everything that the measured programs see. Nothing of the user's is touched."""

    def __init__(self, root, static):
        self.root = root
        self.static = static
        self.daemons = []
        for name in ("home", "bin", "bin-static", "work", "heroku", "empty"):
            os.mkdir(self.path(name), 0o700)
        self.program = os.path.join(TOP, "target", "release", "git-credential-heroku-rs")
        os.symlink(self.program, self.path("bin", "git-credential-heroku-rs"))
        if static:
            os.symlink(static, self.path("bin-static", "git-credential-heroku-rs"))
        self.environment = {
            "HOME": self.path("home"),
            "PATH": f"{self.path('bin')}:{SYSTEM_PATH}",
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def path(self, *names):
        return os.path.join(self.root, *names)

    def start(self):
        """Heroku first: it issues the token that the keyring then holds."""
        self.start_heroku()
        self.token = self.ask_heroku("POST", f"/tokens?email={ACCOUNT}")
        self.ask_heroku("POST", f"/apps?email={ACCOUNT}&name=blue-sky")
        self.open = self.with_keyring("open", dict(self.environment))
        self.locked = self.with_keyring("shut", dict(self.environment))
        call = ["gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path",
                "/org/freedesktop/secrets", "--method", "org.freedesktop.Secret.Service.Lock",
                "['/org/freedesktop/secrets/collection/login']"]
        subprocess.run(call, env=self.locked, check=True, stdout=subprocess.DEVNULL)
        self.without_keyring = dict(self.environment)
        self.login_of_the_cli(ACCOUNT)
        self.launcher = self.path("launcher")
        if not compile_c(os.path.join(HERE, "launcher.c"), self.launcher):
            sys.exit("the launcher could not be built: is a C compiler there?")

    def login_of_the_cli(self, account):
        folder = self.path("home", ".local", "share", "heroku")
        os.makedirs(folder, 0o700, exist_ok=True)
        with open(os.path.join(folder, "login.json"), "w", encoding="utf-8") as file:
            file.write('{"account":"%s"}\n' % account)

    def start_heroku(self):
        stand_in = os.path.join(TOP, "target", "release", "heroku-stand-in")
        heroku = subprocess.Popen([stand_in, "--dir", self.path("heroku")],
                                  stdout=subprocess.PIPE, text=True)
        self.daemons.append(heroku)
        if heroku.stdout.readline().strip() != "ready":
            sys.exit("the stand-in Heroku did not start")
        with open(self.path("heroku", "environment"), encoding="utf-8") as file:
            self.environment.update(line.strip().split("=", 1) for line in file)
        with open(self.path("heroku", "control"), encoding="utf-8") as file:
            self.control = file.read().strip()

    def ask_heroku(self, method, path):
        call = ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--request", method,
                "--data", "", self.control + path]
        return subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip()

    def with_keyring(self, name, environment):
        """A bus with an unlocked gnome-keyring that holds the Heroku CLI's item."""
        os.mkdir(self.path(name), 0o700)
        environment["XDG_RUNTIME_DIR"] = self.path(name)
        environment["XDG_DATA_HOME"] = self.path(name, "data")
        bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.daemons.append(bus)
        environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        keyring = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.daemons.append(keyring)
        keyring.stdin.write(b"bench")
        keyring.stdin.close()
        # The keyring's own files lie beside its bus; who is logged in is read in the home.
        del environment["XDG_DATA_HOME"]
        store = ["secret-tool", "store", "--label=Heroku CLI", "service", "heroku-cli",
                 "account", ACCOUNT]
        for _ in range(200):
            done = subprocess.run(store, env=environment, input=self.token.encode(),
                                  capture_output=True)
            if done.returncode == 0:
                return environment
            time.sleep(0.05)
        sys.exit("the keyring did not come up: " + done.stderr.decode())

    def home_with_netrc(self):
        """A home with the token in netrc, as the Heroku CLI writes it."""
        home = self.path("netrc")
        os.makedirs(home, 0o700, exist_ok=True)
        netrc = os.open(os.path.join(home, ".netrc"), os.O_WRONLY | os.O_CREAT, 0o600)
        with open(netrc, "w", encoding="utf-8") as file:
            for host in ("api", "git"):
                file.write(f"machine {host}.heroku.com\n  login {ACCOUNT}\n"
                           f"  password {self.token}\n")
        return home

    def input(self, given):
        """A file that holds what a program reads."""
        path = self.path(f"input-{hashlib.sha256(given).hexdigest()[:16]}")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(given)
        return path

    def stop(self):
        subprocess.run(["git", "credential-cache", "exit"], env=self.environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for daemon in reversed(self.daemons):
            daemon.kill()
            daemon.wait()


def build():
    """Installs what is measured, as far as it can be had, builds what is ours, names the static program."""
    run([os.path.join(TOP, "contrib", "install-missing"), "cc=gcc", "git=git", "curl=curl",
         "dbus-daemon=dbus", "dbus-monitor=dbus", "gnome-keyring-daemon=gnome-keyring",
         "secret-tool=libsecret-tools", "gdbus=libglib2.0-bin", "strace=strace",
         "pkg-config=pkg-config", "/usr/include/libsecret-1/libsecret/secret.h=libsecret-1-dev",
         "docker-credential-secretservice=golang-docker-credential-helpers"])
    say("building (release, with link-time optimisation: this takes a minute or two)")
    run(["cargo", "build", "--release", "--locked", "--quiet", "--package",
         "git-credential-heroku-rs", "--package", "heroku-stand-in", "--bins"], cwd=TOP)
    static = subprocess.run([os.path.join(TOP, "contrib", "packages", "static")],
                            stdout=subprocess.PIPE, text=True)
    return os.path.join(TOP, static.stdout.strip()) if static.returncode == 0 else None


def compile_c(source, program, *flags):
    """Whether it could be built."""
    built = subprocess.run(["cc", "-O2", "-o", program, source, *flags], capture_output=True)
    return built.returncode == 0


def git_libsecret_helper(world):
    """git's own helper in C, from the sources that the distribution ships with git."""
    source = "/usr/share/doc/git/contrib/credential/libsecret/git-credential-libsecret.c"
    if not (shutil.which("pkg-config") and os.path.exists(source)):
        return None
    asked = subprocess.run(["pkg-config", "--cflags", "--libs", "libsecret-1", "glib-2.0"],
                           capture_output=True, text=True)
    program = world.path("bin", "git-credential-libsecret")
    built = asked.returncode == 0 and compile_c(source, program, *asked.stdout.split())
    return program if built else None


def empty_rust_program(world):
    source, program = world.path("empty-program.rs"), world.path("empty-program")
    with open(source, "w", encoding="utf-8") as file:
        file.write("fn main() {}\n")
    run(["rustc", "-O", "-C", "panic=abort", "-C", "strip=symbols", source, "-o", program])
    return program


def heroku_cli():
    local = os.path.join(TOP, "target", "heroku-cli", "current", "node_modules", ".bin", "heroku")
    return local if os.path.exists(local) else shutil.which("heroku")


def run(command, **how):
    if subprocess.run(command, **how).returncode:
        sys.exit(f"this failed: {' '.join(command)}")


def say(text, end="\n"):
    print(text, file=sys.stderr, end=end, flush=True)
