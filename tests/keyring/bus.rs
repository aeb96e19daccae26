//! The session bus of a test, for the keyring's tests and the stories.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts a bus with the socket `run/bus` in this directory, which can start the programs in
/// `services`; `dbus_daemon` has the environment. Returns once the bus can be reached.
pub(crate) fn start(mut dbus_daemon: Command, directory: &Path) -> Child {
    let listen = format!(
        "<listen>unix:path={}</listen>",
        directory.join("run/bus").display()
    );
    let services = directory.join("services").display().to_string();
    let config = include_str!("session-bus.conf")
        .replace("{listen}", &listen)
        .replace("{services}", &services);
    let path = directory.join("bus.conf");
    fs::write(&path, config).unwrap();
    dbus_daemon
        .args(["--nofork", "--print-address=1"])
        .arg(format!("--config-file={}", path.display()));
    let mut bus = dbus_daemon.stdout(Stdio::piped()).spawn().unwrap();
    // The bus prints its address once it can be reached.
    let mut address = String::new();
    let mut stdout = BufReader::new(bus.stdout.take().unwrap());
    stdout.read_line(&mut address).unwrap();
    assert!(address.starts_with("unix:"), "dbus-daemon: {address:?}");
    bus
}
