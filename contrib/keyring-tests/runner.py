"""Selects the scenarios, installs and builds what they need, runs them in parallel, and counts the checks."""

import argparse
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

from checks import Checks
from scenarios import SCENARIOS
from waiting import Stopped, stopping
from world import ANN, BOB, TOP, World

PARALLEL = 4


def main(arguments, usage):
    parser = argparse.ArgumentParser(prog="contrib/keyrings", usage=usage, add_help=False)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--programs")
    options = parser.parse_args(arguments)
    chosen = [scenario for scenario in SCENARIOS
              if not options.names or any(scenario.name.startswith(name) for name in options.names)]
    if not chosen:
        sys.exit("no such scenario; list them: ./contrib/keyrings --list")
    if options.list:
        for scenario in sorted(chosen, key=lambda scenario: scenario.name):
            print(f"{scenario.name:31}  {scenario.description}")
        return 0
    install(chosen, options.yes)
    return run_all(chosen, os.path.abspath(options.programs) if options.programs else build())


def install(chosen, yes):
    needs = {need: package for scenario in chosen for need, package in scenario.needs.items() if package}
    pairs = [f"{need}={package}" for need, package in needs.items()]
    # It asks the user if it runs on a terminal.
    run_or_exit([os.path.join(TOP, "contrib", "install-missing"), *(["--yes"] if yes else []), *pairs])
    if shutil.which("dpkg-query"):
        print_versions(sorted(set(needs.values())))


def print_versions(packages):
    versions = subprocess.run(["dpkg-query", "--show", "--showformat=${Package} ${Version}, ", *packages],
                              capture_output=True, text=True, check=False).stdout
    print("with " + versions.rstrip(", "))


def build():
    """Builds the debug programs, which the tests use too. Returns their folder."""
    run_or_exit([os.path.join(TOP, "contrib", "require-rust")])
    print("building (the first time about three minutes on two cores, 600 MB in target)", file=sys.stderr)
    run_or_exit(["cargo", "build", "--quiet", "--locked", "--bins", "--package", "git-credential-heroku-rs",
                "--package", "heroku-stand-in"])
    return os.path.abspath(os.path.join(TOP, os.environ.get("CARGO_TARGET_DIR", "target"), "debug"))


def run_or_exit(command):
    """Runs a command that prints its own errors, and exits if it fails."""
    if subprocess.run(command, cwd=TOP, check=False).returncode:
        sys.exit(1)


def run_all(chosen, programs):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: stop(number))
    start = time.monotonic()
    waiting, done = queue.SimpleQueue(), []
    for scenario in chosen:
        waiting.put(scenario)
    threads = [threading.Thread(target=run_scenarios, args=(waiting, programs, done)) for _ in range(PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
    if stopping.is_set():
        print("stopped and cleaned up", file=sys.stderr)
        return 128 + stopping.signal
    passed, failed, skipped = (sum(getattr(checks, name) for checks in done)
                               for name in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped, in {time.monotonic() - start:.0f} s")
    return 1 if failed or not passed + skipped else 0


def stop(number):
    stopping.signal = number
    stopping.set()


def run_scenarios(waiting, programs, done):
    """The function of each thread: runs one scenario after another. If this program is killed, the daemons end, too."""
    while not stopping.is_set():
        try:
            scenario = waiting.get_nowait()
        except queue.Empty:
            return
        checks = Checks(scenario.name)
        done.append(checks)
        try:
            run(scenario, programs, checks)
        except Stopped:
            return
        except Exception as error:  # An exception is a failed check; the other scenarios continue.
            where = traceback.extract_tb(error.__traceback__)
            lines = [f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in where]
            checks.check("the scenario runs to its end", False, f"{type(error).__name__}: {error} ({' '.join(lines)})")


def run(scenario, programs, checks):
    reason = scenario.skip_reason()
    optional = [*scenario.optional, *(need for need, package in scenario.needs.items() if not package)]
    missing = [name for name in optional if not shutil.which(name)]
    if missing or reason:
        return checks.skip(reason or f"not installed: {', '.join(missing)}")
    world = World(programs, scenario.with_display)
    checks.world = world
    try:
        scenario.bus(world)
        world.heroku.add_account(ANN, "app-ann")
        world.heroku.add_account(BOB, "app-bob")
        scenario.function(world, scenario.program(world), checks)
    finally:
        world.stop()
