"""pass-secret-service: the Secret Service with pass and gpg. The key has no password, so it is never locked."""

import shutil

import programs
from waiting import wait_until
from world import SERVICE


class PassSecretService(programs.Program):
    name = "pass-secret-service"
    needs = {"pass_secret_service": None, "pass": None, "gpg": None}
    collection = SERVICE + "/aliases/default"

    def start(self):
        key = ["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "ann@example.com", "default", "default",
               "never"]
        for command in (key, ["pass", "init", "ann@example.com"]):
            done = self.world.run(command)
            if done.code != 0:
                raise RuntimeError(f"{command[0]}: {done.output}")
        self.process = self.world.spawn("pass-secret-service", [shutil.which("pass_secret_service")])
        self.world.wait_for_name()
        wait_until(lambda: self.world.is_locked(self.collection) is False, "the default collection exists")
