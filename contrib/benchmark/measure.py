"""Runs the cases, interleaved, and gathers all figures into one plain value."""

import os
import platform
import statistics
import subprocess
import time

import cases as all_cases
import world as worlds

MANY = 100


def measure(world, rounds):
    """Everything that the report and the plot are made from."""
    found = all_cases.peers(world)
    all_cases.teach(world, found)
    groups = all_cases.groups(world, found)
    everything = [case for group in groups.values() for case in group]
    interleaved(world, everything, rounds)
    result = {name: [figures(case, world) for case in group] for name, group in groups.items()}
    together = ("`true`", "ours: `get`, keyring", "ours, static: `get`, keyring", "git's libsecret helper (C)")
    crowd = [case for case in groups["answers"] if case.name in together]
    result["at_once"] = [at_once(case, world) for case in crowd]
    result["missing"] = all_cases.missing(found)
    result["rounds"] = rounds
    result["machine"] = machine()
    result["size"] = os.path.getsize(world.program)
    result["static_size"] = os.path.getsize(world.static) if world.static else None
    return result


def interleaved(world, cases, rounds):
    """Once each in every round, so that a busy moment meets them all; the first time is thrown away."""
    for case in cases:
        case.once(world)
        case.times.clear(), case.peaks.clear(), case.processor.clear()
    for number in range(rounds):
        worlds.say(f"round {number + 1} of {rounds}", end="\r")
        for case in cases:
            if number % case.every == 0:
                case.once(world)
    worlds.say(" " * 40, end="\r")


def figures(case, world):
    times = sorted(case.times)
    return {
        "name": case.name,
        "ms": round(statistics.median(times), 3),
        "low": round(times[len(times) // 10], 3),
        "high": round(times[len(times) * 9 // 10], 3),
        "processor_ms": round(statistics.median(case.processor), 2),
        "peak_mib": round(max(case.peaks), 1),
        "system_calls": case.system_calls(world),
        "bus_calls": bus_calls(case, world),
    }


def bus_calls(case, world):
    """How many questions the program asked on the bus, as a monitor of that bus sees them."""
    if case.environment.get("DBUS_SESSION_BUS_ADDRESS") is None:
        return 0
    environment = case.environment
    owner = subprocess.run(
        ["gdbus", "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path", "/",
         "--method", "org.freedesktop.DBus.GetNameOwner", "org.freedesktop.secrets"],
        env=environment, capture_output=True, text=True).stdout.split("'")[1]
    log = world.path("bus.log")
    with open(log, "w", encoding="utf-8") as file:
        monitor = subprocess.Popen(["stdbuf", "-oL", "dbus-monitor", "--session", "--profile"],
                                   env=environment, stdout=file, stderr=subprocess.DEVNULL)
        wait_until(lambda: "NameAcquired" in read(log) or "NameLost" in read(log))
        before = len(read(log).splitlines())
        case.run_under([], world)
        # The monitor sees this last word after all that came before it.
        last = ["gdbus", "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path",
                "/", "--method", "org.freedesktop.DBus.LastWord"]
        subprocess.run(last, env=environment, capture_output=True)
        wait_until(lambda: "LastWord" in read(log))
        monitor.terminate()
        monitor.wait()
    lines = [line.split("\t") for line in read(log).splitlines()[before:]]
    asks = [line for line in lines if line[0] == "mc" and len(line) > 3]
    finishing = {line[3] for line in asks if line[-1] == "LastWord"}
    return sum(1 for line in asks if line[3] not in finishing and line[3] != owner)


def wait_until(there):
    for _ in range(200):
        if there():
            return
        time.sleep(0.01)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def at_once(case, world):
    """A hundred at the same moment against one alone, three times over."""
    runs = [case.at_once(world, MANY) for _ in range(3)]
    alone = statistics.median(case.times)
    p99 = statistics.median(run[len(run) * 99 // 100 - 1] for run in runs)
    return {"name": case.name, "count": MANY, "alone_ms": round(alone, 2), "p99_ms": round(p99, 2),
            "median_ms": round(statistics.median(statistics.median(run) for run in runs), 2)}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {
        "cores": len(names) or os.cpu_count(),
        "processor": names[0] if names else "an unnamed processor",
        "system": f"Linux {platform.release().split('-')[0]}",
        "git": words("git", "--version"),
        "keyring": words("gnome-keyring-daemon", "--version").splitlines()[0],
        "rust": words("rustc", "--version").split(" (")[0],
        "date": time.strftime("%Y-%m-%d"),
    }


def words(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()
