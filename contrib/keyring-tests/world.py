"""A temporary environment, called world: a home, a session bus, a display, a stand-in Heroku, and their processes.

Nothing outside of the world's folder is written. Every process has the folder's name in its
environment, so `stop` also finds processes that a bus has started.
"""

import dataclasses
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import termios
import time

from heroku import Heroku
from display import Display
from waiting import LIMIT, Stopped, stopping, wait_until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ANN, BOB = "ann@example.com", "bob@example.com"
SECRETS, SERVICE = "org.freedesktop.secrets", "/org/freedesktop/secrets"
HEROKU_HOST = "protocol=https\nhost=git.heroku.com\n"
# KWallet 5.103 rejects one of 256 keys of secret-tool, and loses its session about once in 100 times. A lookup without a
# session exits with 1 and prints nothing, as if the item did not exist. The Heroku CLI would fail, too.
KWALLET_ERRORS = ("Client public key size is invalid", "Can't find session")
ATTEMPTS = 5


@dataclasses.dataclass
class Result:
    """The result of a command. The code is None if the command was killed at its time limit."""

    command: str
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self):
        return self.stdout + self.stderr

    def field(self, name):
        """The value of a line `name=value` in a helper's reply."""
        found = re.search(rf"^{re.escape(name)}=(.*)$", self.stdout, re.MULTILINE)
        return found.group(1) if found else None


class World:
    def __init__(self, programs, with_display=False):
        """`programs`: the folder in which the helper and the stand-in Heroku were built."""
        self.programs = programs
        self.processes = []
        # For the programs under test: a prefix for their commands, and additional variables.
        self.prefix = []
        self.variables = {}
        self.display = None
        self.folder = tempfile.mkdtemp(prefix="heroku-rs-keyrings-")
        for name in ("bin", "home", "run", "tmp", "log", "home/app"):
            os.mkdir(self.path(name), 0o700)
        self.helper_program = os.path.join(programs, "git-credential-heroku-rs")
        os.symlink(self.helper_program, self.path("bin", "git-credential-heroku-rs"))
        self.environment = {
            "HOME": self.path("home"),
            "XDG_RUNTIME_DIR": self.path("run"),
            # KeePassXC has its lock file there, so that only one process runs for each user.
            "TMPDIR": self.path("tmp"),
            "PATH": self.path("bin") + ":/usr/local/bin:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        try:
            if with_display:
                self.display = Display(self)
            self.heroku = Heroku(self)
        except BaseException:
            self.stop()
            raise

    def path(self, *names):
        return os.path.join(self.folder, *names)

    # Processes

    def spawn(self, name, command, stdin=None, environment=None, pass_fds=(), output=None, preparation=None):
        """Starts a daemon. It ends with the world, and also if this program is killed."""
        with open(output or self.path("log", name), "ab") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command], cwd=self.path("home"),
                env=dict(self.environment, **(environment or {})),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, stdout=log, stderr=log,
                start_new_session=True, pass_fds=pass_fds, preexec_fn=preparation)
        self.processes.append(process)
        if stdin is not None:
            with process.stdin:
                process.stdin.write(stdin)
        return process

    def end(self, process, number=signal.SIGTERM):
        """Ends a daemon and what it started."""
        if process not in self.processes:
            return
        self.processes.remove(process)
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def log(self, name):
        """The last 2,000 characters of a daemon's log."""
        with open(self.path("log", name), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def started_by_the_bus(self):
        """The IDs of processes with this world's folder in their environment, which a bus has started."""
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == os.getpid():
                continue
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if self.folder.encode() in file.read():
                        yield int(name)
            except OSError:
                pass

    def stop(self):
        for process in reversed(list(self.processes)):
            self.end(process)
        for pid in self.started_by_the_bus():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    # Commands

    def run(self, command, stdin="", limit=LIMIT, environment=None, preparation=None):
        """Runs a command to its end, in a session without a terminal."""
        start = time.monotonic()
        process = subprocess.Popen(
            command, cwd=self.path("home", "app"), env=dict(self.environment, **(environment or {})),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            preexec_fn=preparation)
        try:
            output = self.output(process, stdin.encode(), start + limit)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        code = process.returncode
        if output is None:
            output, code = process.communicate(), None
        stdout, stderr = (text.decode("utf-8", "replace") for text in output)
        return Result(" ".join(command), code, stdout, stderr, time.monotonic() - start)

    @staticmethod
    def output(process, stdin, end):
        while True:
            try:
                return process.communicate(stdin, timeout=0.2)
            except subprocess.TimeoutExpired:
                stdin = None
                if stopping.is_set():
                    raise Stopped from None
                if time.monotonic() > end:
                    return None

    def helper(self, line, stdin="", **how):
        """Runs our program, as a user or git does."""
        result = self.program([self.helper_program, *line.split()], stdin, **how)
        result.command = line
        return result

    def program(self, command, stdin="", environment=None, **how):
        """Runs a program under test: ours, git, or secret-tool."""
        return self.run([*self.prefix, *command], stdin, environment={**self.variables, **(environment or {})}, **how)

    def helper_on_a_terminal(self, line, stdin="", **how):
        """Runs the helper with a terminal, so that it can ask the user."""
        ours, theirs = os.openpty()
        try:
            return self.helper(line, stdin, preparation=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0), **how)
        finally:
            os.close(ours)
            os.close(theirs)

    def get(self, username=None):
        """Runs `get` with the request of git 2.46 and later."""
        request = "capability[]=authtype\ncapability[]=state\n" + HEROKU_HOST
        request += f"username={username}\n" if username else ""
        result = self.helper("get", request + "\n")
        result.command += f" username={username}" if username else ""
        return result

    def store(self, token, reply):
        """Runs `store` as git does after a password worked: a pasted token, with the user name and state of our reply."""
        request = "capability[]=state\n" + HEROKU_HOST
        state = reply.field("state[]")
        request += f"state[]={state}\n" if state else ""
        request += f"username={reply.field('username') or 'heroku'}\npassword={token}\n\n"
        return self.helper("store", request)

    def erase(self, token, username):
        """Runs `erase` as git does after a password was rejected."""
        return self.helper("erase", f"{HEROKU_HOST}username={username}\npassword={token}\n\n")

    def log_in(self, email):
        """Runs `login` with a new token. Returns the token and the result."""
        token = self.heroku.new_token(email)
        return token, self.helper("login --with-token", token)

    # The Heroku CLI, which runs secret-tool and writes login.json

    def secret_tool(self, action, account, secret=""):
        options = ["--label=Heroku CLI"] if action == "store" else []
        command = ["secret-tool", action, *options, "service", "heroku-cli", "account", account]
        for _ in range(ATTEMPTS):
            result = self.program(command, secret, limit=10)
            found_nothing = action == "lookup" and result.code == 1 and not result.output
            if not found_nothing and not any(error in result.stderr for error in KWALLET_ERRORS):
                break
        result.command = f"secret-tool {action} … {account}"
        return result

    def lookup(self, account):
        """The token that the Heroku CLI finds, or an empty string."""
        return self.secret_tool("lookup", account).stdout.strip()

    def write_login_json(self, account):
        folder = self.path("home", ".local", "share", "heroku")
        os.makedirs(folder, 0o700, exist_ok=True)
        with open(os.path.join(folder, "login.json"), "w", encoding="utf-8") as file:
            file.write('{"account":"%s"}\n' % account)

    def login_json(self):
        path = self.path("home", ".local", "share", "heroku", "login.json")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            return file.read()

    # The bus

    def call(self, path, method, *arguments, dest=SECRETS):
        """Calls a method with gdbus, and returns its output or its error."""
        return self.run(["gdbus", "call", "--session", "--timeout", "10", "--dest", dest, "--object-path", path,
                         "--method", method, *arguments]).output.strip()

    def property(self, path, interface, name):
        return self.call(path, "org.freedesktop.DBus.Properties.Get", interface, name)

    def is_locked(self, collection):
        """Whether the collection is locked, or None if it does not exist."""
        answer = self.property(collection, "org.freedesktop.Secret.Collection", "Locked")
        return {"(<true>,)": True, "(<false>,)": False}.get(answer)

    def wait_for_name(self, name=SECRETS):
        def is_owned():
            return "true" in self.call("/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", name,
                                       dest="org.freedesktop.DBus")
        wait_until(is_owned, f"{name} is on the bus")

    def items(self):
        """The paths of the Heroku CLI's items: a list of the unlocked ones, and a list of the locked ones."""
        answer = self.call(SERVICE, "org.freedesktop.Secret.Service.SearchItems", "{'service': 'heroku-cli'}")
        found = re.match(r"\((?:@ao )?\[(.*?)\], (?:@ao )?\[(.*?)\]\)$", answer)
        if not found:
            raise ValueError(f"SearchItems answered {answer}")
        return [re.findall(r"'([^']*)'", part) for part in found.groups()]

    def count(self):
        return sum(map(len, self.items()))

    # Secrets

    def redact(self, text):
        """The text with a short name in place of each token."""
        for token, name in self.heroku.tokens.items():
            text = text.replace(token, f"<{name}>")
        text = re.sub(r"HRKU-[A-Za-z0-9_-]{20,}", "<another token>", text)
        return text.replace(self.folder, "…")

    def files_with_a_token(self):
        """The files of this world that contain a token in plain text."""
        tokens = [token.encode() for token in self.heroku.tokens]
        found = []
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        content = file.read()
                    if any(token in content for token in tokens):
                        found.append(os.path.relpath(path, self.folder))
        return found
