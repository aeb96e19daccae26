//! A real gnome-keyring on a bus of its own, and what can befall it.
//!
//! The bus knows no service files, so nothing is started behind a story's back. Both daemons die
//! with the thread that started them, even where the tests are killed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use super::bus;

/// The bus, and the daemon on it while it runs.
pub(crate) struct Keyring {
    root: PathBuf,
    daemon: Mutex<Option<Daemon>>,
    _bus: Daemon,
}

/// A process that is stopped by its pid when it is dropped.
struct Daemon(Child);

const SECRETS: &str = "org.freedesktop.secrets";
const LOGIN_COLLECTION: &str = "/org/freedesktop/secrets/collection/login";

impl Keyring {
    pub(super) fn on_a_bus_at(root: &Path) -> Keyring {
        let bus = bus::start(in_the_world(root, "dbus-daemon"), root);
        Keyring {
            root: root.to_owned(),
            daemon: Mutex::default(),
            _bus: Daemon(bus),
        }
    }

    /// What a child needs to find the bus.
    pub(super) fn variables(&self) -> [(String, String); 2] {
        bus_variables(&self.root)
    }

    /// Starts the daemon with its login collection open, making the collection if there is none.
    pub(crate) fn starts_unlocked(&self) {
        self.starts(&["--unlock"]);
        assert!(!self.is_locked(), "gnome-keyring did not unlock");
    }

    /// Starts the daemon as after a login without a password: what there is stays locked.
    pub(crate) fn starts_locked(&self) {
        self.starts(&[]);
    }

    /// Ends the daemon.
    pub(crate) fn ends(&self) {
        *self.daemon.lock().unwrap() = None;
    }

    /// Ends the daemon and starts it again, unlocked: the next login of the same user.
    pub(crate) fn restarts(&self) {
        self.ends();
        self.starts_unlocked();
    }

    /// Locks the login collection.
    pub(crate) fn locks(&self) {
        let paths = format!("['{LOGIN_COLLECTION}']");
        self.calls(
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            &[&paths],
        );
        assert!(self.is_locked(), "gnome-keyring did not lock");
    }

    /// Stops the daemon: it keeps its name on the bus and does not answer.
    pub(crate) fn hangs(&self) {
        self.signals("STOP");
    }

    /// Lets a stopped daemon go on.
    pub(crate) fn goes_on(&self) {
        self.signals("CONT");
    }

    fn starts(&self, arguments: &[&str]) {
        let mut command = in_the_world(&self.root, "gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        command.args(arguments).stdin(Stdio::piped());
        let mut daemon = Daemon(command.spawn().unwrap());
        let mut stdin = daemon.0.stdin.take().unwrap();
        stdin.write_all(b"open sesame").unwrap();
        drop(stdin);
        self.gdbus(&["wait", "--session", "--timeout", "30", SECRETS]);
        *self.daemon.lock().unwrap() = Some(daemon);
    }

    fn is_locked(&self) -> bool {
        let arguments = ["org.freedesktop.Secret.Collection", "Locked"];
        let get = "org.freedesktop.DBus.Properties.Get";
        self.calls(LOGIN_COLLECTION, get, &arguments)
            .contains("true")
    }

    fn calls(&self, path: &str, method: &str, arguments: &[&str]) -> String {
        let mut all = vec!["call", "--session", "--timeout", "30", "--dest", SECRETS];
        all.extend(["--object-path", path, "--method", method]);
        all.extend(arguments);
        self.gdbus(&all)
    }

    fn gdbus(&self, arguments: &[&str]) -> String {
        let mut command = in_the_world(&self.root, "gdbus");
        let output = command.stdout(Stdio::piped()).args(arguments).output();
        let output = output.unwrap();
        assert!(output.status.success(), "gdbus {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn signals(&self, signal: &str) {
        let daemon = self.daemon.lock().unwrap();
        let pid = daemon.as_ref().unwrap().0.id();
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{signal} {pid}"))
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A stopped process takes no other signal than this one. Both calls fail only where the
        // daemon has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn in_the_world(root: &Path, program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    let log = fs::File::options()
        .append(true)
        .create(true)
        .open(root.join("logs").join(program))
        .unwrap();
    command
        .env_clear()
        .env("HOME", root.join("home"))
        .env("PATH", super::system_path())
        .env("LC_ALL", "C")
        .envs(bus_variables(root))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    command
}

/// Where the bus is.
pub(super) fn socket(root: &Path) -> String {
    root.join("run/bus").to_str().unwrap().to_owned()
}

fn bus_variables(root: &Path) -> [(String, String); 2] {
    let runtime = root.join("run").to_str().unwrap().to_owned();
    let address = format!("unix:path={}", socket(root));
    [
        ("XDG_RUNTIME_DIR".to_owned(), runtime),
        ("DBUS_SESSION_BUS_ADDRESS".to_owned(), address),
    ]
}
