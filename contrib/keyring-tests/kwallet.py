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
    # Its Secret Service encrypts secrets on the bus by a plugin, which it does not depend on.
    needs = {"kwalletd5": "libkf5wallet-bin",
             f"/usr/lib/{platform.machine()}-linux-gnu/qca-qt5/crypto/libqca-ossl.so": "libqca-qt5-2-plugins"}
    needs_display = True
    collection = f"{SERVICE}/collection/{WALLET}"
    prompt = "KDE Wallet Service"

    def start(self, with_wallet=True):
        """The wallet is open, as after a login through pam_kwallet5."""
        self.configure()
        if not with_wallet:
            self.process = self.world.spawn("kwalletd5", ["kwalletd5"])
            return self.world.wait_for_name()
        self.start_as_pam_does()
        self.world.wait_for_name()
        wait_until(self.is_open, "the wallet is open")
        if self.world.is_locked(self.collection) is None:
            # The first session makes the wallet; the Secret Service has it from the next one on.
            self.restart()

    def configure(self):
        folder = self.world.path("home", ".config")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "kwalletrc"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION)

    def start_as_pam_does(self):
        """The key comes by a pipe, and the session's environment by a socket."""
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
        """As pam_kwallet5 derives it from the password and a salt of its own."""
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
        """Closes all wallets. KWallet writes them then: at other times about five seconds late."""
        self.world.call(MODULE, "org.kde.KWallet.closeAllWallets", dest=DAEMON)
        wait_until(lambda: not self.is_open(), "the wallet is closed")

    def restart(self):
        """The user's next session: the wallet is open, and no program has asked for a secret yet."""
        self.lock()
        self.world.end(self.process)
        self.start()

    def crash(self):
        """It is killed before it has written."""
        self.world.end(self.process, signal.SIGKILL)

    def answer(self):
        self.world.display.types(self.prompt, PASSWORD)
