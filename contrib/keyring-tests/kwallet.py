"""KWallet of KDE Frameworks 5 (5.97 and later are a Secret Service), with the wallet `kdewallet`."""

import hashlib
import os
import platform
import signal
import socket

import programs
from waiting import wait_until
from world import SERVICE

PASSWORD = "open sesame"
WALLET = "kdewallet"
DAEMON, MODULE = "org.kde.kwalletd5", "/modules/kwalletd5"
CONFIGURATION = f"""[Wallet]
Enabled=true
First Use=false
Default Wallet={WALLET}
Launch Manager=false
Close When Idle=false
Close on Screensaver=false
Leave Open=true
Prompt on Open=false

[org.freedesktop.secrets]
apiEnabled=true
"""


class KWallet(programs.Program):
    name = "kwallet"
    # Its Secret Service needs a plugin to encrypt secrets on the bus. The package does not depend on it.
    needs = {"kwalletd5": "libkf5wallet-bin",
             f"/usr/lib/{platform.machine()}-linux-gnu/qca-qt5/crypto/libqca-ossl.so": "libqca-qt5-2-plugins"}
    needs_display = True
    collection = f"{SERVICE}/collection/{WALLET}"
    prompt = "KDE Wallet Service"

    def start(self, with_wallet=True):
        """Starts with an open wallet, as after a login with pam_kwallet5."""
        self.configure()
        if not with_wallet:
            self.process = self.world.spawn("kwalletd5", ["kwalletd5"])
            return self.world.wait_for_name()
        self.start_as_pam_does()
        self.world.wait_for_name()
        wait_until(self.is_open, "the wallet is open")
        if self.world.is_locked(self.collection) is None:
            # The first session creates the wallet. The Secret Service only has it in the next session.
            self.restart()

    def configure(self):
        folder = self.world.path("home", ".config")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "kwalletrc"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION)

    def start_as_pam_does(self):
        """Sends the key through a pipe, and the session's environment through a socket."""
        read, write = os.pipe()
        path = self.world.path("run", "kwallet5.socket")
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(path)
            listener.listen(1)
            self.process = self.world.spawn(
                "kwalletd5", ["kwalletd5", "--pam-login", str(read), str(listener.fileno())],
                environment={"PAM_KWALLET5_LOGIN": path}, pass_fds=(read, listener.fileno()))
            os.close(read)
            os.write(write, self.key())
            os.close(write)
            client.connect(path)
            lines = (f"{name}={value}\n" for name, value in self.world.environment.items())
            client.sendall("".join(lines).encode())

    def key(self):
        """The key that pam_kwallet5 derives from the password and its salt."""
        folder = self.world.path("home", ".local", "share", "kwalletd")
        path = os.path.join(folder, f"{WALLET}.salt")
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(path):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(os.urandom(56))
        with open(path, "rb") as file:
            return hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), file.read(), 50000, 56)

    def is_open(self):
        return "true" in self.world.call(MODULE, "org.kde.KWallet.isOpen", WALLET, dest=DAEMON)

    def lock(self):
        """Closes all wallets. KWallet then writes them immediately, and otherwise about five seconds late."""
        self.world.call(MODULE, "org.kde.KWallet.closeAllWallets", dest=DAEMON)
        wait_until(lambda: not self.is_open(), "the wallet is closed")

    def restart(self):
        """Starts the user's next session: the wallet is open, and no program has read a secret yet."""
        self.lock()
        self.world.end(self.process)
        self.start()

    def crash(self):
        """Kills the program before it has written its file."""
        self.world.end(self.process, signal.SIGKILL)

    def answer(self):
        self.world.display.type_into(self.prompt, PASSWORD)
