"""What is measured: each program with what it reads and what it must answer."""

import json
import os
import shutil
import subprocess

import world as worlds

HEROKU = b"protocol=https\nhost=git.heroku.com\n"
FOREIGN = b"protocol=https\nhost=github.com\n"


class Case:
    """A program to run in each round, and what it cost."""

    def __init__(self, name, command, given, answer, environment, every=1):
        self.name, self.given, self.answer, self.environment = name, given, answer, environment
        self.every = every
        self.command = [shutil.which(command[0], path=environment["PATH"]) or command[0]]
        self.command += command[1:]
        self.times, self.peaks, self.processor = [], [], []

    def once(self, world):
        """Runs the program once; its answer is looked at each time."""
        done = subprocess.run(
            [world.launcher, world.input(self.given), "1"] + self.command, env=self.environment,
            cwd=world.path("work"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.answer is not None and self.answer not in done.stdout:
            raise SystemExit(f"{self.name} did not answer as it should: nothing can be compared")
        nanoseconds, peak, processor, _ = map(int, done.stderr.split(b"\n")[-2].split())
        self.times.append(nanoseconds / 1e6)
        self.peaks.append(peak / 1024)
        self.processor.append(processor / 1e3)

    def at_once(self, world, count):
        """How long each of many takes that are started together, in milliseconds."""
        done = subprocess.run(
            [world.launcher, world.input(self.given), str(count)] + self.command,
            env=self.environment, cwd=world.path("work"), stderr=subprocess.PIPE)
        return sorted(int(line.split()[0]) / 1e6 for line in done.stderr.splitlines() if line)

    def system_calls(self, world):
        log = world.path("strace")
        self.run_under(["strace", "-f", "-qq", "-o", log], world)
        with open(log, errors="replace", encoding="utf-8") as file:
            return sum(1 for line in file if "(" in line)

    def run_under(self, prefix, world):
        with open(world.input(self.given), "rb") as given:
            subprocess.run(prefix + self.command, stdin=given, env=self.environment,
                           cwd=world.path("work"), stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)


def peers(world):
    """The other helpers that can be had here: a name, what to run, and what is missing."""
    secretservice = shutil.which("docker-credential-secretservice")
    return {
        "libsecret": worlds.git_libsecret_helper(world),
        "docker": secretservice,
        "cli": worlds.heroku_cli(),
        "static": world.static,
    }


def missing(found):
    names = {
        "libsecret": "git's libsecret helper (needs libsecret-1-dev, gcc and git's sources)",
        "docker": "docker-credential-secretservice",
        "cli": "the Heroku CLI (`./contrib/heroku-cli` installs it below target/)",
        "static": "our static program (Rust's standard library for musl)",
    }
    return [names[name] for name, program in found.items() if not program]


def teach(world, found):
    """Gives every peer the token that it is to answer with."""
    worked = HEROKU + b"username=heroku\npassword=%s\n\n" % world.token.encode()
    quiet = {"env": world.open, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["git", "credential-store", "store"], input=worked, **quiet)
    subprocess.run(["git", "credential-cache", "store"], input=worked, **quiet)
    if found["libsecret"]:
        subprocess.run([found["libsecret"], "store"], input=worked, **quiet)
    if found["docker"]:
        entry = {"ServerURL": "registry.heroku.com", "Username": "_", "Secret": world.token}
        subprocess.run([found["docker"], "store"], input=json.dumps(entry).encode(), **quiet)


def answers(world, found):
    """One answer of one program."""
    password = f"password={world.token}\n".encode()
    worked = HEROKU + b"username=heroku\n" + password
    ours, keyring, nowhere = world.program, world.open, world.without_keyring
    netrc = dict(nowhere, HOME=world.home_with_netrc())
    stateful = worked + b"capability[]=state\nstate[]=heroku-rs:keyring\n"
    cases = [
        Case("`true`", ["true"], b"", None, keyring),
        Case("an empty Rust program", [worlds.empty_rust_program(world)], b"", None, keyring),
        Case("ours: foreign host", [ours, "get"], FOREIGN, None, keyring),
        Case("ours: `capability`", [ours, "capability"], b"", None, keyring),
        Case("ours: `store` of what we served", [ours, "store"], stateful, None, keyring),
        Case("ours: `store`, git before 2.46", [ours, "store"], worked, None, keyring),
        Case("ours: `get`, HEROKU_API_KEY", [ours, "get"], HEROKU, password,
             dict(nowhere, HEROKU_API_KEY=world.token)),
        Case("ours: `get`, netrc", [ours, "get"], HEROKU, password, netrc),
        Case("ours: `get`, not logged in", [ours, "get"], HEROKU, b"username=heroku\n",
             dict(nowhere, HOME=world.path("empty"))),
        Case("ours: `get`, locked keyring", [ours, "get"], HEROKU, b"", world.locked),
        Case("ours: `get`, keyring", [ours, "get"], HEROKU, password, keyring),
        Case("git's `store` helper (a plain file)", ["git", "credential-store", "get"], HEROKU,
             password, keyring),
        Case("git's `cache` helper (a daemon's memory)", ["git", "credential-cache", "get"], HEROKU,
             password, keyring),
        Case("`secret-tool lookup`", ["secret-tool", "lookup", "service", "heroku-cli", "account",
             worlds.ACCOUNT], b"", world.token.encode(), keyring),
    ]
    if found["static"]:
        ours = found["static"]
        cases += [
            Case("ours, static: foreign host", [ours, "get"], FOREIGN, None, keyring),
            Case("ours, static: `capability`", [ours, "capability"], b"", None, keyring),
            Case("ours, static: `store` of what we served", [ours, "store"], stateful, None, keyring),
            Case("ours, static: `get`, netrc", [ours, "get"], HEROKU, password, netrc),
            Case("ours, static: `get`, keyring", [ours, "get"], HEROKU, password, keyring),
        ]
    if found["libsecret"]:
        cases.append(Case("git's libsecret helper (C)", [found["libsecret"], "get"], HEROKU,
                          password, keyring))
    if found["docker"]:
        cases.append(Case("`docker-credential-secretservice get`", [found["docker"], "get"],
                          b"registry.heroku.com", world.token.encode(), keyring))
    if found["cli"]:
        cases.append(Case("Heroku CLI: `git:credentials get`",
                          [found["cli"], "git:credentials", "get"], HEROKU, password,
                          without_telemetry(keyring), every=10))
    return cases


def whole_commands(world, found, git_command, given, answer):
    """One git command with each helper in turn; the inline one costs a shell and nothing else."""
    inline = '!f() { test "$1" = get && echo username=x && echo "password=$TOKEN"; }; f'
    helpers = [
        ("an inline shell helper", inline, 1),
        ("ours, keyring, as `heroku-rs`", "heroku-rs", 1),
        ("ours, keyring, by its path", world.path("bin", "git-credential-heroku-rs"), 1),
        ("git's `store` helper", "store", 1),
        ("git's `cache` helper", "cache", 1),
    ]
    if found["static"]:
        helpers.append(("ours, static, keyring, as `heroku-rs`", "heroku-rs", 1))
        helpers.append(("ours, static, keyring, by its path",
                        world.path("bin-static", "git-credential-heroku-rs"), 1))
    if found["libsecret"]:
        helpers.append(("git's libsecret helper (C)", found["libsecret"], 1))
    if found["cli"]:
        helpers.append(("Heroku CLI: `git:credentials`", f"!{found['cli']} git:credentials", 10))
    environment = without_telemetry(dict(world.open, TOKEN=world.token))
    first_static = dict(environment, PATH=f"{world.path('bin-static')}:{environment['PATH']}")
    return [
        Case(name, ["git", "-c", "credential.helper=", "-c", f"credential.helper={helper}",
             *git_command], given, answer, first_static if "static" in name else environment, every)
        for name, helper, every in helpers
    ]


def groups(world, found):
    """All that is measured, by what a reader compares."""
    password = f"password={world.token}\n".encode()
    url = "https://git.heroku.com/blue-sky.git"
    return {
        "answers": answers(world, found),
        "fill": whole_commands(world, found, ["credential", "fill"], HEROKU + b"\n", password),
        "ls-remote": whole_commands(world, found, ["ls-remote", url], b"", None),
    }


def without_telemetry(environment):
    return dict(environment, DISABLE_TELEMETRY="true", CI="true",
                HEROKU_SKIP_NEW_VERSION_CHECK="true", HEROKU_DISABLE_AUTOUPDATE="true")
