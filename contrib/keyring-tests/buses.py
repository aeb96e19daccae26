"""The session buses. Each function starts one, and sets its address in the world's environment."""

import os
import socket

from waiting import wait_until
from world import TOP

CONFIGURATION = os.path.join(TOP, "tests", "keyring", "session-bus.conf")
# The only program that the bus starts: gcr's prompter, for gnome-keyring.
PROMPTER = "/usr/libexec/gcr-prompter"
PROMPTER_NAMES = ("org.gnome.keyring.SystemPrompter", "org.gnome.keyring.PrivatePrompter")


def configure(world, listen=""):
    services = world.path("services")
    os.mkdir(services)
    for name in PROMPTER_NAMES:
        with open(os.path.join(services, f"{name}.service"), "w", encoding="utf-8") as file:
            file.write(f"[D-BUS Service]\nName={name}\nExec={PROMPTER}\n")
    with open(CONFIGURATION, encoding="utf-8") as file:
        configuration = file.read()
    path = world.path("bus.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(configuration.format(listen=listen, services=services))
    return path


def use_address(world, address):
    world.environment["DBUS_SESSION_BUS_ADDRESS"] = address
    wait_until(lambda: "uint32" in bus_id(world), f"a bus answers at {address}")


def bus_id(world):
    return world.call("/org/freedesktop/DBus", "org.freedesktop.DBus.RequestName", "org.example.Probe", "0",
                      dest="org.freedesktop.DBus")


def dbus_daemon(world):
    path = world.path("run", "bus")
    configuration = configure(world, f"<listen>unix:path={path}</listen>")
    world.spawn("dbus-daemon", ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={configuration}"])
    use_address(world, f"unix:path={path}")


def dbus_broker(world):
    """Without systemd: the bus gets its socket as from systemd, and logs to a socket of this program.

    The path of the log socket is fixed (/run/systemd/journal), so the bus runs in its own mount namespace.
    """
    path = world.path("run", "bus")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(128)
    systemd = world.path("systemd")
    os.makedirs(os.path.join(systemd, "journal"))
    world.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    world.journal.bind(os.path.join(systemd, "journal", "socket"))
    script = ("mkdir -p /run/systemd && mount --bind \"$1\" /run/systemd && shift && "
              "LISTEN_PID=$$ LISTEN_FDS=1 exec dbus-broker-launch --scope user --config-file \"$1\"")
    world.spawn("dbus-broker", ["unshare", "--mount", "sh", "-c", script, "sh", systemd, configure(world)],
                preparation=lambda: os.dup2(listener.fileno(), 3), pass_fds=(3,))
    use_address(world, f"unix:path={path}")
    listener.close()


def dbus_run_session(world):
    """A session bus with the system's configuration, which starts gnome-keyring on demand."""
    path = world.path("run", "address")
    world.spawn("dbus-run-session", [
        "dbus-run-session", "--", "sh", "-c", f"echo $DBUS_SESSION_BUS_ADDRESS >{path}; exec sleep infinity"])
    wait_until(lambda: os.path.exists(path) and os.path.getsize(path), "dbus-run-session has started")
    with open(path, encoding="utf-8") as file:
        use_address(world, file.read().strip())


def xdg_dbus_proxy(world):
    """As in a Flatpak: the program only reaches the keyring, through a proxy."""
    dbus_daemon(world)
    path = world.path("run", "proxy")
    world.spawn("xdg-dbus-proxy", [
        "xdg-dbus-proxy", world.environment["DBUS_SESSION_BUS_ADDRESS"], path, "--filter",
        "--talk=org.freedesktop.secrets"])
    wait_until(lambda: os.path.exists(path), "the proxy has started")
    world.variables = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}


def user_namespace(world):
    """As in a rootless container: the same socket, and a process with another user ID."""
    dbus_daemon(world)
    world.prefix = ["unshare", "--user", "--map-user=1234", "--map-group=1234"]
